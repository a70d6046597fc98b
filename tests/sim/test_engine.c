/* The engine's three tables, each with an entry of the tests' own: a discipline that serves the last first, disturbances
 * (a site that is away for a minute, phones that are, reports that no request asked for), an observer that counts. Each is
 * what one file and one line would add. */
#include <sys/wait.h>

#include "simulate.h"

/* Two phones with one core each and an edge site with one; of arrivals there are more than a core can do for a while. */
static const char SCENARIO
    [] = "name: engine\n"
         "platform:\n"
         "  phones: [{name: p, count: 2, device: {speed: 1Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB}, cell: c}]\n"
         "  cells: [{name: c, link: {up: 8Mbps, down: 8Mbps, latency: 10ms}, site: s}]\n"
         "  sites: [{name: s, server: {speed: 4Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB},\n"
         "           backhaul: {up: 80Mbps, down: 80Mbps, latency: 10ms}, region: r}]\n"
         "  regions: [{name: r, server: {speed: 100Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB}}]\n"
         "workload: {arrivals: {process: poisson, fleet_rate: 2/s}}\n"
         "model: {synthetic: {samples: 100}}\n"
         "tokens: 25\n"
         "split: {phone: 3, edge: 6, cloud: 12}\n"
         "policies: [edge-only, phone-only, {confidence: {threshold: 0.8, exits: all}}]\n"
         "run: {requests: 400}\n";
enum { REQUESTS = 400, EDGE_ONLY = 0, PHONE_ONLY = 1, CONFIDENCE = 2 };

static char scenario_path[SCRATCH_PATH];

static int open_scenario(void **state) {
    if (scratch_open(state) != 0) return -1;
    snprintf(scenario_path, sizeof scenario_path, "%s", scratch_file("engine.yaml", "%s", SCENARIO));
    return 0;
}

static void take_records(const simulated *run, void *into) {
    memcpy(into, run->records, run->count * sizeof *run->records);
}

/* Simulates with some tables and gives the records, which shared_free gives back. */
static request_record *run_with(const engine_tables *tables, size_t policy) {
    request_record *records = shared_alloc(REQUESTS * sizeof *records);
    simulation_job job = {.path = scenario_path, .policy = policy, .take = take_records, .into = records};
    simulation_finish(simulation_start_with(tables, &job));
    return records;
}

static void free_records(request_record *records) { shared_free(records, REQUESTS * sizeof *records); }

/* ---- A discipline ---- */

static void enter_first(place *here, attempt *a) {
    a->next = here->first;
    here->first = a;
}

static attempt *take_first(place *here) {
    attempt *a = here->first;
    here->first = a->next;
    a->next = NULL; /* it is computed alone */
    return a;
}

static void leave_any(place *here, attempt *a) {
    attempt **link = &here->first;
    while (*link != a) link = &(*link)->next;
    *link = a->next;
}

static const discipline LIFO = {"last-in-first-out", enter_first, take_first, leave_any};

static void add_waits(const request_record *records, double *sum, double *most) {
    *sum = *most = 0;
    for (int i = 0; i < REQUESTS; i++) {
        *sum += records[i].wait[TIER_PHONE];
        *most = fmax(*most, records[i].wait[TIER_PHONE]);
    }
}

/* All requests need the same time, so the order decides who waits, and not how long all wait together. */
TEST(last_in_first_out) {
    const engine_tables tables = {(const discipline *const[]){&LIFO, NULL}, ENGINE_TABLES.disturbances,
                                  ENGINE_TABLES.observers};
    request_record *fifo = run_with(&ENGINE_TABLES, PHONE_ONLY), *lifo = run_with(&tables, PHONE_ONLY);
    double sum[2], most[2];
    add_waits(fifo, &sum[0], &most[0]);
    add_waits(lifo, &sum[1], &most[1]);
    assert_true(sum[0] > 1);
    assert_near(sum[1], sum[0], 1e-9);
    assert_true(most[1] > 2 * most[0]);
    free_records(fifo);
    free_records(lifo);
}

/* ---- Disturbances ---- */

enum { GOES = 30, COMES_BACK = 90 };

/* Takes one place away for a minute. */
typedef struct outage {
    subject base; /* its timers */
    engine *e;
    place *of;
} outage;

static outage away;

static void switch_place(subject *self, world_event how, double now) {
    outage *o = (outage *)self;
    if (how != WORLD_TIMER) abort();
    engine_place_set_up(o->e, o->of, now >= COMES_BACK);
}

static bool start_outage(engine *e, tier at) {
    away = (outage){{switch_place}, e, engine_place(e, at, 0)};
    return engine_timer(e, GOES, &away.base) && engine_timer(e, COMES_BACK, &away.base);
}

static bool start_edge_outage(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    return start_outage(e, TIER_EDGE);
}

static bool start_phone_outage(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    return start_outage(e, TIER_PHONE);
}

static void stop_nothing(void *self) { (void)self; }

static const disturbance EDGE_OUTAGE = {"edge-outage", start_edge_outage, stop_nothing},
                         PHONE_OUTAGE = {"phone-outage", start_phone_outage, stop_nothing};

static request_record *run_disturbed(const disturbance *by, size_t policy) {
    const engine_tables tables = {ENGINE_TABLES.disciplines, (const disturbance *const[]){by, NULL},
                                  ENGINE_TABLES.observers};
    return run_with(&tables, policy);
}

static double end_of(const request_record *r) { return r->arrival + r->latency; }

/* Each is answered or failed: all that need the site while it is away fail, at once or when their message gets there, and
 * nobody else. What was answered took place outside that minute (a message needs 10 ms). */
TEST(a_site_is_away_for_a_minute) {
    request_record *records = run_disturbed(&EDGE_OUTAGE, EDGE_ONLY);
    unsigned failed[FAILURE_COUNT] = {0}, later = 0;
    for (int i = 0; i < REQUESTS; i++) {
        const request_record *r = &records[i];
        failed[r->failure]++;
        if (r->failure) {
            assert_true(end_of(r) >= GOES && end_of(r) <= COMES_BACK);
        } else {
            assert_true(end_of(r) < GOES + 0.02 || r->arrival > COMES_BACK - 0.02);
            later += r->arrival > COMES_BACK;
        }
    }
    assert_true(later > 0);                   /* it came back */
    assert_true(failed[FAILURE_SERVER] > 60); /* two a second ran into it */
    assert_int_equal(failed[FAILURE_NETWORK] + failed[FAILURE_QUEUE_FULL], 0);
    free_records(records);
}

/* The other phone is not touched, and neither is what is asked of the first one outside that minute. */
TEST(a_phone_is_away_for_a_minute) {
    request_record *records = run_disturbed(&PHONE_OUTAGE, PHONE_ONLY);
    unsigned failed = 0;
    for (int i = 0; i < REQUESTS; i++) {
        const request_record *r = &records[i];
        failed += r->failure != FAILURE_NONE;
        if (r->failure) {
            assert_int_equal(r->failure, FAILURE_SERVER);
            assert_int_equal(r->phone, 0);
            assert_true(end_of(r) >= GOES && r->arrival < COMES_BACK);
        } else if (r->phone == 0) {
            assert_true(end_of(r) <= GOES || r->arrival >= COMES_BACK);
        }
    }
    assert_true(failed > 30); /* one a second */
    free_records(records);
}

/* ---- Messages that are no request's, and what is cancelled ---- */

/* Every second the site reports to phone 0; every third report is cancelled before it arrives, 10 ms later. */
typedef struct reports {
    subject timer, sent, never;
    engine *e;
    activity *under_way;
    unsigned told, arrived, heard_of_cancelled;
    double last_told;
} reports;

static reports *told; /* in shared memory */

static void report_arrives(subject *self, world_event how, double now) {
    (void)self;
    if (how != WORLD_ARRIVED || fabs(now - told->last_told - 0.010 - 1000 / 1e6) > 1e-9) abort();
    told->arrived++;
}

static void hear_of_cancelled(subject *self, world_event how, double now) {
    (void)self, (void)how, (void)now;
    told->heard_of_cancelled++;
}

static void report(subject *self, world_event how, double now) {
    (void)self, (void)how;
    place *const way[] = {engine_place(told->e, TIER_EDGE, 0), engine_place(told->e, TIER_PHONE, 0)};
    bool cancelled = ++told->told % 3 == 0;
    told->last_told = now;
    activity *sent = engine_send(told->e, 0, way, 1000, cancelled ? &told->never : &told->sent);
    if (cancelled) engine_cancel(told->e, sent);
    if (cancelled) engine_cancel(told->e, engine_timer(told->e, now + 0.5, &told->never));
    engine_timer(told->e, now + 1, &told->timer);
}

static bool start_reports(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    *told = (reports){.timer = {report}, .sent = {report_arrives}, .never = {hear_of_cancelled}, .e = e};
    return engine_timer(e, 1, &told->timer);
}

static const disturbance REPORTS = {"reports", start_reports, stop_nothing};

/* Phone-only leaves the network to the reports; the run ends although they would go on for ever. */
TEST(messages_without_a_request) {
    told = shared_alloc(sizeof *told);
    request_record *disturbed = run_disturbed(&REPORTS, PHONE_ONLY), *alone = run_with(&ENGINE_TABLES, PHONE_ONLY);
    assert_memory_equal(disturbed, alone, REQUESTS * sizeof *alone);
    assert_true(told->told > 100);
    assert_true(told->arrived >= told->told - told->told / 3 - 1 && told->arrived <= told->told - told->told / 3);
    assert_int_equal(told->heard_of_cancelled, 0);
    free_records(disturbed);
    free_records(alone);
    shared_free(told, sizeof *told);
}

/* ---- An observer ---- */

static unsigned *counts; /* [EVENT_KINDS], in shared memory */

static bool open_counts(void **self, const observed_run *run, portolan_error *err) {
    (void)run, (void)err;
    *self = counts;
    return true;
}

static bool count(void *self, const event *e) {
    ((unsigned *)self)[e->kind]++;
    return true;
}

static bool close_counts(void *self, bool ok, portolan_error *err) {
    (void)self, (void)err;
    return ok;
}

static const observer_type COUNTS = {.name = "counts",
                                     .hears = OBSERVE_ALL,
                                     .open = open_counts,
                                     .on = count,
                                     .close = close_counts};

static void count_events(const disturbance *by, size_t policy) {
    const engine_tables tables = {ENGINE_TABLES.disciplines, (const disturbance *const[]){by, NULL},
                                  (const observer_type *const[]){&RECORDS_OBSERVER, &COUNTS, NULL}};
    counts = shared_alloc(EVENT_KINDS * sizeof *counts);
    free_records(run_with(&tables, policy));
}

TEST(whatever_begins_ends) {
    count_events(NULL, CONFIDENCE);
    assert_int_equal(counts[EVENT_ASKED], REQUESTS);
    assert_int_equal(counts[EVENT_ROUTED], REQUESTS);
    assert_int_equal(counts[EVENT_DONE], REQUESTS);
    assert_int_equal(counts[EVENT_COMPUTED], counts[EVENT_COMPUTING]);
    assert_int_equal(counts[EVENT_COMPUTING], counts[EVENT_ENTERED] + counts[EVENT_DEQUEUED]);
    assert_int_equal(counts[EVENT_ARRIVED], counts[EVENT_SENDING]);
    assert_int_equal(counts[EVENT_DEQUEUED], counts[EVENT_QUEUED]);
    assert_true(counts[EVENT_QUEUED] > 0 && counts[EVENT_SENDING] > 0);
    assert_int_equal(counts[EVENT_LOST], 0);
    shared_free(counts, EVENT_KINDS * sizeof *counts);
}

TEST(whatever_is_lost_has_ended_too) {
    count_events(&EDGE_OUTAGE, EDGE_ONLY);
    assert_int_equal(counts[EVENT_ASKED], REQUESTS);
    assert_int_equal(counts[EVENT_DONE], REQUESTS);
    assert_true(counts[EVENT_LOST] > 0);
    assert_int_equal(counts[EVENT_COMPUTING] + counts[EVENT_SENDING] + counts[EVENT_QUEUED],
                     counts[EVENT_COMPUTED] + counts[EVENT_ARRIVED] + counts[EVENT_DEQUEUED] + counts[EVENT_LOST]);
    shared_free(counts, EVENT_KINDS * sizeof *counts);
}

/* An observer that cannot go on ends the run, and its reason is the run's. */
static bool refuse_to_go_on(void *self, const event *e) {
    (void)self;
    return e->attempt->request->number < 10;
}

static bool say_why(void *self, bool ok, portolan_error *err) {
    (void)self;
    return ok && error_run(err, "the disk is full");
}

static const observer_type QUITTER = {.name = "quitter",
                                      .hears = 1 << EVENT_DONE,
                                      .open = open_counts,
                                      .on = refuse_to_go_on,
                                      .close = say_why};

TEST(an_observer_ends_the_run) {
    const engine_tables tables = {ENGINE_TABLES.disciplines, ENGINE_TABLES.disturbances,
                                  (const observer_type *const[]){&RECORDS_OBSERVER, &QUITTER, NULL}};
    counts = shared_alloc(EVENT_KINDS * sizeof *counts);
    request_record *records = shared_alloc(REQUESTS * sizeof *records);
    simulation_job job = {.path = scenario_path, .policy = PHONE_ONLY, .take = take_records, .into = records};
    int status = 0;
    assert_true(waitpid(simulation_start_with(&tables, &job), &status, 0) > 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    free_records(records);
    shared_free(counts, EVENT_KINDS * sizeof *counts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_in_first_out),
        cmocka_unit_test(a_site_is_away_for_a_minute),
        cmocka_unit_test(a_phone_is_away_for_a_minute),
        cmocka_unit_test(messages_without_a_request),
        cmocka_unit_test(whatever_begins_ends),
        cmocka_unit_test(whatever_is_lost_has_ended_too),
        cmocka_unit_test(an_observer_ends_the_run),
    };
    return cmocka_run_group_tests(tests, open_scenario, scratch_close);
}
