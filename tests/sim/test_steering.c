/* Policies that ask for load: a policy of the test's own that reads a server's queue, which is one file and one line like any
 * other; that it sees the queue as it is when the exit has been computed; and that who does not look at it decides as if it
 * had not asked. */
#include <stdlib.h>

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
         "tokens: 25\n"
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
    return full ? (verdict){VERDICT_SEND, TIER_CLOUD, true, 0} : (verdict){.kind = VERDICT_ANSWER};
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
    simulation_job job = {.path = scratch_file("scenario.yaml", SCENARIO, policy),
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_reads_a_servers_queue),
        cmocka_unit_test(asking_for_load_changes_no_decision),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
