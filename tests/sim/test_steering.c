/* Policies that ask for load: a policy of the test's own that reads a server's queue, which is one file and one line like any
 * other; that it sees the queue as it is when the exit has been computed; and that who does not look at it decides as if it
 * had not asked. */
#include <stdlib.h>
#include <sys/wait.h>

#include "simulate.h"

/* An edge server with one core that is busy nine tenths of the time. */
static const char SCENARIO
    [] = "name: steering\n"
         "platform:\n"
         "  phones: [{name: p, count: 5, device: {speed: 1Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB}, cell: c}]\n"
         "  cells: [{name: c, link: {up: 80Mbps, down: 80Mbps, latency: 10ms}, site: s}]\n"
         "  sites: [{name: s, server: {speed: 4Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB},\n"
         "           backhaul: {up: 80Mbps, down: 80Mbps, latency: 10ms}, region: r}]\n"
         "  regions: [{name: r, server: {speed: 100Gf, cores: 4, idle: 1W, busy: 2W, memory: 1GiB}}]\n"
         "workload: {arrivals: {process: poisson, fleet_rate: 1.8/s}}\n"
         "model: {synthetic: {samples: 100}}\n"
         "%stokens: 25\n"
         "split: {phone: 3, edge: 6, cloud: 12}\n"
         "policies: [%s]\n"
         "run: {requests: 2000}\n";
enum { REQUESTS = 2000 };

/* ---- A policy that reads a server's queue ---- */

typedef struct overflow_options {
    uint64_t waiting;
} overflow_options;

static const policy_option OPTIONS[] = {
    {"waiting", OPTION_COUNT, offsetof(overflow_options, waiting),
     .doc = "with more than so many in its queue the edge "
            "sends its requests on",
     .fallback = "1"},
    {0},
};

static verdict to_edge(void *self, const observation *seen) {
    (void)self;
    if (seen->load[TIER_PHONE].age != 0 || seen->load[TIER_PHONE].cores != 1) abort();
    return policy_send(TIER_EDGE);
}

/* Of other places it knows nothing. */
static verdict overflow(void *self, const observation *seen) {
    const overflow_options *options = self;
    const tier_load *here = &seen->load[seen->at];
    if (here->age != 0 || here->busy != 1 || !isinf(seen->load[TIER_PHONE].age)) abort();
    bool full = seen->at == TIER_EDGE && here->waiting > options->waiting;
    return full ? (verdict){.kind = VERDICT_SEND, .to = TIER_CLOUD, .hidden = true} : (verdict){.kind = VERDICT_ANSWER};
}

static const policy_type OVERFLOW = {
    .abi = POLICY_ABI,
    .name = "overflow",
    .summary = "the edge, which sends on what it computes while its queue is long",
    .paper = "a test's",
    .needs = POLICY_NEEDS_LOAD,
    .options = OPTIONS,
    .size = sizeof(overflow_options),
    .route = to_edge,
    .after_exit = overflow,
};

/* ---- The queue as events tell of it ---- */

/* In shared memory. */
static struct queue {
    uint64_t waiting;        /* at the edge, now */
    uint64_t seen[REQUESTS]; /* by request, when the edge had computed it */
} * queue;

static bool open_queue(void **self, const observed_run *run, portolan_error *err) {
    (void)run, (void)err;
    *self = queue;
    return true;
}

static bool count_queue(void *self, const event *e) {
    struct queue *q = self;
    if (e->attempt->place->at != TIER_EDGE) return true;
    if (e->kind == EVENT_QUEUED) q->waiting++;
    if (e->kind == EVENT_DEQUEUED) q->waiting--;
    if (e->kind == EVENT_COMPUTED) q->seen[e->attempt->request->number] = q->waiting;
    return true;
}

static bool close_queue(void *self, bool ok, portolan_error *err) {
    (void)self, (void)err;
    return ok;
}

static const observer_type QUEUE = {.name = "queue",
                                    .hears = OBSERVE_ALL,
                                    .open = open_queue,
                                    .on = count_queue,
                                    .close = close_queue};

/* ---- Runs ---- */

static void take_records(const simulated *run, void *into) {
    memcpy(into, run->records, run->count * sizeof *run->records);
}

/* Simulates the `policy`, written as in a scenario; shared_free gives the records back. */
static request_record *run_policy(const char *policy, const policy_type *own) {
    const engine_tables tables = {ENGINE_TABLES.disciplines, ENGINE_TABLES.disturbances,
                                  (const observer_type *const[]){&RECORDS_OBSERVER, &QUEUE, NULL}};
    request_record *records = shared_alloc(REQUESTS * sizeof *records);
    queue = shared_alloc(sizeof *queue);
    simulation_job job = {.path = scratch_file("scenario.yaml", SCENARIO, "", policy),
                          .take = take_records,
                          .into = records,
                          .policies = (const policy_type *const[]){own, NULL}};
    simulation_finish(simulation_start_with(&tables, &job));
    return records;
}

static void free_run(request_record *records) {
    shared_free(queue, sizeof *queue);
    shared_free(records, REQUESTS * sizeof *records);
}

TEST(a_policy_reads_a_servers_queue) {
    request_record *records = run_policy("overflow: {waiting: 2}", &OVERFLOW);
    unsigned sent_on = 0;
    for (int i = 0; i < REQUESTS; i++) {
        assert_int_equal(records[i].tier, queue->seen[i] > 2 ? TIER_CLOUD : TIER_EDGE);
        sent_on += records[i].tier == TIER_CLOUD;
    }
    assert_true(sent_on > 50 && sent_on < REQUESTS - 50);
    free_run(records);
}

/* A cascade that is told of load and does not care is computed exit by exit, and does what it always did; its clock adds the
 * pieces of a slice one by one, so the last digits may differ. */
TEST(asking_for_load_changes_no_decision) {
    static const char *const CASCADES[] = {"confidence: {threshold: 0.8, exits: all}",
                                           "confidence: {threshold: 0.8, exits: all, escalate: hidden}",
                                           "confidence: {threshold: 0.8}", "patience: {exits: all, patience: 2}"};
    for (size_t i = 0; i < sizeof CASCADES / sizeof *CASCADES; i++) {
        char name[16], own[96];
        sscanf(CASCADES[i], "%15[a-z]", name);
        snprintf(own, sizeof own, "own-%s", CASCADES[i]);
        policy_type asks = *policy_find(name);
        char own_name[24];
        snprintf(own_name, sizeof own_name, "own-%s", name);
        asks.name = own_name;
        asks.needs |= POLICY_NEEDS_LOAD;
        request_record *fused = run_policy(CASCADES[i], NULL);
        shared_free(queue, sizeof *queue);
        request_record *stepwise = run_policy(own, &asks);
        for (int k = 0; k < REQUESTS; k++) {
            assert_int_equal(stepwise[k].tier, fused[k].tier);
            assert_int_equal(stepwise[k].exit, fused[k].exit);
            assert_int_equal(stepwise[k].prediction, fused[k].prediction);
            assert_int_equal(stepwise[k].bytes_up, fused[k].bytes_up);
            assert_near(stepwise[k].latency, fused[k].latency, 1e-9);
            assert_near(stepwise[k].cost, fused[k].cost, 1e-12);
            assert_near(stepwise[k].phone_joules, fused[k].phone_joules, 1e-9);
        }
        shared_free(fused, REQUESTS * sizeof *fused);
        free_run(stepwise);
    }
}

/* ---- Nothing is fresher than the message that brought it ---- */

enum { SIGHTINGS = 3 * REQUESTS, MESSAGES = 4 * REQUESTS };

/* What the policy was shown of the edge or of the cloud. */
typedef struct sighting {
    double now, at;
    uint64_t waiting, busy;
    tier of;
} sighting;

/* What an answer could have brought: the state of its server when it left. */
typedef struct message {
    double left, arrived;
    uint64_t waiting, busy;
    uint32_t phone;
    tier from;
} message;

/* In shared memory. */
static struct protocol {
    uint64_t waiting[TIER_COUNT], busy[TIER_COUNT]; /* now, as events tell */
    message under_way[REQUESTS], messages[MESSAGES];
    sighting sightings[SIGHTINGS];
    uint32_t phones[SIGHTINGS];
    unsigned message_count, sighting_count, reported;
} * protocol;

static void look(const observation *seen) {
    for (int k = TIER_EDGE; k < TIER_COUNT; k++) {
        const tier_load *l = &seen->load[k];
        if (isinf(l->age) || seen->at == (tier)k) continue;
        protocol->phones[protocol->sighting_count] = seen->phone;
        protocol->sightings[protocol->sighting_count++] = (sighting){seen->now, seen->now - l->age, l->waiting, l->busy,
                                                                     (tier)k};
    }
}

static verdict look_and_draw(void *self, const observation *seen) {
    (void)self;
    look(seen);
    return policy_send((tier)(policy_uniform(seen) * TIER_COUNT));
}

static verdict look_and_answer(void *self, const observation *seen) {
    (void)self;
    look(seen);
    return (verdict){.kind = VERDICT_ANSWER};
}

static const policy_type WITNESS = {
    .abi = POLICY_ABI,
    .name = "witness",
    .summary = "draws a tier and writes down what it sees",
    .paper = "a test's",
    .needs = POLICY_NEEDS_LOAD,
    .route = look_and_draw,
    .after_exit = look_and_answer,
};

static bool open_protocol(void **self, const observed_run *run, portolan_error *err) {
    (void)run, (void)err;
    *self = protocol;
    return true;
}

static bool write_protocol(void *self, const event *e) {
    struct protocol *p = self;
    const attempt *a = e->attempt;
    tier at = a->place->at;
    message *sent = &p->under_way[a->request->number];
    if (e->kind == EVENT_QUEUED) p->waiting[at]++;
    if (e->kind == EVENT_DEQUEUED) p->waiting[at]--;
    if (e->kind == EVENT_COMPUTING) p->busy[at]++;
    if (e->kind == EVENT_COMPUTED) p->busy[at]--;
    if (e->kind == EVENT_SENDING && at == TIER_PHONE) {
        tier from = a->sender->at;
        *sent = (message){e->now, 0, p->waiting[from], p->busy[from], a->request->record.phone, from};
    }
    if (e->kind == EVENT_ARRIVED && at == TIER_PHONE) {
        sent->arrived = e->now;
        p->messages[p->message_count++] = *sent;
    }
    return true;
}

static const observer_type PROTOCOL = {.name = "protocol",
                                       .hears = OBSERVE_ALL,
                                       .open = open_protocol,
                                       .on = write_protocol,
                                       .close = close_queue};

/* A message that left a place when it was as the policy saw it, and had arrived by then at the phone or passed its site. (The
 * core that the server's next request takes over is told of after the answer has left, so `busy` may be one less.) */
static bool was_told(const sighting *s, uint32_t by) {
    for (unsigned i = 0; i < protocol->message_count; i++) {
        const message *m = &protocol->messages[i];
        bool same = m->from == s->of && fabs(m->left - s->at) < 1e-9 && m->waiting == s->waiting;
        if (same && m->arrived <= s->now + 1e-12 && (m->phone == by || s->of == TIER_CLOUD)) return true;
    }
    return false;
}

/* The site's own reports leave every second, and need 10 ms and 32 bytes at 10 MB/s. */
static bool was_reported(const sighting *s) {
    bool on_the_second = fabs(s->at - round(s->at)) < 1e-9;
    return s->of == TIER_EDGE && on_the_second && s->now >= s->at + 0.010 + 32 / 10e6 - 1e-9;
}

static void witness(const char *const *sets) {
    const engine_tables tables = {ENGINE_TABLES.disciplines, ENGINE_TABLES.disturbances,
                                  (const observer_type *const[]){&RECORDS_OBSERVER, &PROTOCOL, NULL}};
    request_record *records = shared_alloc(REQUESTS * sizeof *records);
    protocol = shared_alloc(sizeof *protocol);
    simulation_job job = {.path = scratch_file("scenario.yaml", SCENARIO, "", "witness"),
                          .sets = sets,
                          .take = take_records,
                          .into = records,
                          .policies = (const policy_type *const[]){&WITNESS, NULL}};
    simulation_finish(simulation_start_with(&tables, &job));
    shared_free(records, REQUESTS * sizeof *records);
    for (unsigned i = 0; i < protocol->sighting_count; i++) {
        const sighting *s = &protocol->sightings[i];
        bool told = was_told(s, protocol->phones[i]), reported = !told && sets && was_reported(s);
        protocol->reported += reported;
        assert_true(told || reported);
    }
}

TEST(nothing_is_fresher_than_its_message) {
    witness(NULL);
    assert_true(protocol->sighting_count > REQUESTS);
    assert_int_equal(protocol->reported, 0);
    shared_free(protocol, sizeof *protocol);
}

/* With reports, phones know of the edge's last second. */
TEST(sites_report_to_their_cells) {
    witness((const char *[]){"run.load_report=1s", NULL});
    assert_true(protocol->reported > REQUESTS / 4);
    for (unsigned i = 0; i < protocol->sighting_count; i++) {
        const sighting *s = &protocol->sightings[i];
        if (s->of == TIER_EDGE) assert_true(s->now - s->at < 1.0101);
    }
    shared_free(protocol, sizeof *protocol);
}

/* ---- Labels ---- */

static const char *table_with_labels(const char *name, unsigned seed) {
    static char rows[64 * 400];
    size_t n = 0;
    random_stream draw = random_open(7, "table", 0), labels = random_open(seed, "labels", 0);
    for (unsigned i = 0; i < 400; i++) {
        unsigned label = (unsigned)random_below(&labels, 2);
        n += (size_t)sprintf(rows + n, "%u,%u,25", i, label);
        for (int exit = 0; exit < 3; exit++) {
            double p = random_uniform(&draw);
            n += (size_t)sprintf(rows + n, ",%.6f,%.6f", p, 1 - p);
        }
        n += (size_t)sprintf(rows + n, "\n");
    }
    return scratch_file(name, "sample,label,tokens,exit3_p0,exit3_p1,exit6_p0,exit6_p1,exit12_p0,exit12_p1\n%s", rows);
}

/* With other labels and the same predictions every policy but the oracles decides alike, learners included. */
TEST(labels_decide_nothing) {
    const char *tables[2] = {table_with_labels("labels-1.csv", 1), table_with_labels("labels-2.csv", 2)};
    static const char *const OWN[] = {
        "phone-only", "edge-only",    "cloud-only", "random", "confidence: {exits: all}", "entropy",     "patience",
        "edge-queue", "neurosurgeon", "splitee",    "adaee",  "hi-lcb: {scope: fleet}",   "oracle-cost",
    };
    char model[2][SCRATCH_PATH + 16];
    for (int i = 0; i < 2; i++) snprintf(model[i], sizeof model[i], "model='%s'", tables[i]);
    for (size_t k = 0; k < sizeof OWN / sizeof *OWN; k++) {
        request_record *records[2];
        unsigned differ = 0;
        for (int i = 0; i < 2; i++) {
            records[i] = shared_alloc(REQUESTS * sizeof **records);
            const char *path = scratch_file("scenario.yaml", SCENARIO, "# ", OWN[k]);
            const char *const sets[] = {model[i], "hidden=100", "vocabulary=100", NULL};
            simulation_finish(simulation_start(path, sets, 0, take_records, records[i]));
        }
        for (int i = 0; i < REQUESTS; i++)
            differ += records[0][i].tier != records[1][i].tier || records[0][i].exit != records[1][i].exit ||
                      records[0][i].latency != records[1][i].latency;
        bool oracle = strncmp(OWN[k], "oracle", 6) == 0;
        if (oracle ? differ == 0 : differ > 0) print_error("%s: %u requests differ\n", OWN[k], differ);
        assert_true(oracle ? differ > 0 : differ == 0);
        for (int i = 0; i < 2; i++) shared_free(records[i], REQUESTS * sizeof **records);
    }
}

/* ---- Who shares what is learned ---- */

static unsigned *opened; /* in shared memory */

static void *count_opened(const void *options, const policy_start *start, char why[POLICY_WHY]) {
    (void)options, (void)start, (void)why;
    ++*opened;
    return opened;
}

static void learn_nothing(void *self, const feedback *f) {
    (void)self;
    if (f->failed || !f->exit_count || !(f->latency > 0)) abort();
}

static verdict to_the_phone(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send(TIER_PHONE);
}

static const policy_type LEARNER = {
    .abi = POLICY_ABI,
    .name = "learner",
    .summary = "learns nothing",
    .paper = "a test's",
    .open = count_opened,
    .route = to_the_phone,
    .feedback = learn_nothing,
};

TEST(a_policy_is_opened_for_each_of_its_scope) {
    static const struct {
        const char *policy;
        unsigned opened;
    } SCOPES[] = {{"learner", 5},
                  {"learner: {scope: phone}", 5},
                  {"learner: {scope: cell}", 1},
                  {"learner: {scope: fleet}", 1}};
    for (size_t i = 0; i < sizeof SCOPES / sizeof *SCOPES; i++) {
        opened = shared_alloc(sizeof *opened);
        free_run(run_policy(SCOPES[i].policy, &LEARNER));
        assert_int_equal(*opened, SCOPES[i].opened);
        shared_free(opened, sizeof *opened);
    }
}

/* ---- Nonsense ---- */

static verdict downwards(void *self, const observation *seen) {
    (void)self;
    return policy_send(seen->at);
}

static verdict to_nowhere(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send((tier)7);
}

static verdict answer_at_once(void *self, const observation *seen) {
    (void)self, (void)seen;
    return (verdict){.kind = VERDICT_ANSWER};
}

static verdict to_another_site(void *self, const observation *seen) {
    (void)self, (void)seen;
    return (verdict){.kind = VERDICT_SEND, .to = TIER_EDGE, .site = 3};
}

static verdict by_a_deadline(void *self, const observation *seen) {
    (void)self;
    return (verdict){.kind = VERDICT_SEND, .to = TIER_EDGE, .deadline = seen->now + 1};
}

/* The run fails, whatever the nonsense is. */
TEST(nonsense_ends_the_run) {
    const policy_type wrong[] = {
        {.abi = POLICY_ABI, .name = "wrong", .summary = "wrong", .paper = "a test's", .route = to_nowhere},
        {.abi = POLICY_ABI, .name = "wrong", .summary = "wrong", .paper = "a test's", .route = answer_at_once},
        {.abi = POLICY_ABI, .name = "wrong", .summary = "wrong", .paper = "a test's", .route = to_another_site},
        {.abi = POLICY_ABI, .name = "wrong", .summary = "wrong", .paper = "a test's", .route = by_a_deadline},
        {.abi = POLICY_ABI,
         .name = "wrong",
         .summary = "wrong",
         .paper = "a test's",
         .route = to_the_phone,
         .after_exit = downwards},
        {.abi = POLICY_ABI,
         .name = "wrong",
         .summary = "wrong",
         .paper = "a test's",
         .route = to_the_phone,
         .after_exit = to_nowhere},
    };
    request_record *records = shared_alloc(REQUESTS * sizeof *records);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        simulation_job job = {.path = scratch_file("scenario.yaml", SCENARIO, "", "wrong"),
                              .sets = NULL,
                              .take = take_records,
                              .into = records,
                              .policies = (const policy_type *const[]){&wrong[i], NULL}};
        int status = 0;
        assert_true(waitpid(simulation_start_with(&ENGINE_TABLES, &job), &status, 0) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    }
    shared_free(records, REQUESTS * sizeof *records);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_reads_a_servers_queue),
        cmocka_unit_test(asking_for_load_changes_no_decision),
        cmocka_unit_test(nothing_is_fresher_than_its_message),
        cmocka_unit_test(sites_report_to_their_cells),
        cmocka_unit_test(labels_decide_nothing),
        cmocka_unit_test(a_policy_is_opened_for_each_of_its_scope),
        cmocka_unit_test(nonsense_ends_the_run),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
