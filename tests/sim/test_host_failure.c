/* A host that is switched off while requests are computed: none of them is booked as answered, and none is lost without
 * a word. */
#include <sys/wait.h>
#include <unistd.h>

#include "simulate.h"

/* The cloud takes .1 s a request and ten come a second: some compute and some wait when it fails at 20 s. */
static const char SCENARIO[] =
    "name: failure\n"
    "platform:\n"
    "  phones: [{name: people, count: 4, cell: cell, device: {speed: 1Gf, cores: 1, idle: 0W, busy: 1W, memory: 1GB}}]\n"
    "  cells: [{name: cell, site: site, link: {up: 1MBps, down: 1MBps, latency: 1ms}}]\n"
    "  sites: [{name: site, region: cloud, backhaul: test-wire, server: {speed: 1Gf, cores: 1, idle: 0W, busy: 1W, memory: 1GB}}]\n"
    "  regions: [{name: cloud, server: {speed: 102.6Mf, cores: 1, idle: 0W, busy: 1W, memory: 1GB}}]\n"
    "workload: {arrivals: {process: %s}}\n"
    "model: {synthetic: {samples: 20, layers: 1}}\n"
    "hidden: 100\n"
    "tokens: 40\n"
    "vocabulary: 1\n"
    "split: {phone: 1, edge: 1, cloud: 1}\n"
    "policies: [%s]\n"
    "run: {duration: 40s}\n"
    "output: {requests: none}\n";
static const double FAILS_AT = 20.05;

typedef struct outcome {
    bool ok;
    portolan_error error;
    uint64_t count, answered, failed, late, wrong_compute, place_failed, by_reason[FAILURE_COUNT];
} outcome;

/* Takes a place down for good. */
typedef struct saboteur {
    subject base;
    engine *e;
    tier at;
} saboteur;

static saboteur at_work;

static void strike(subject *self, world_event how, double now) {
    (void)how, (void)now;
    saboteur *s = (saboteur *)self;
    engine_place_set_up(s->e, engine_place(s->e, s->at, 0), false);
}

static bool start_saboteur(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    at_work.base.on = strike;
    at_work.e = e;
    return engine_timer(e, FAILS_AT, &at_work.base);
}

static void stop_saboteur(void *self) { (void)self; }

static const disturbance SABOTEUR = {"saboteur", start_saboteur, stop_saboteur};

static void count(const run_books *books, outcome *o) {
    o->count = books->count;
    for (uint64_t i = 0; i < books->count; i++) {
        const request_record *r = &books->records[i];
        o->by_reason[r->failure]++;
        o->answered += !r->failure;
        o->failed += r->failure != FAILURE_NONE;
        o->late += !r->failure && r->arrival + r->latency > FAILS_AT + 0.01;       /* an answer that was under way */
        o->wrong_compute += !r->failure && fabs(r->compute - 0.1) > 1e-3;          /* a step that was cut short */
        o->wrong_compute += r->failure == FAILURE_SERVER && r->cost > 0.5 + 1e-12; /* layers that nobody computed */
    }
    o->place_failed = books->places[2].failed; /* people, site, cloud */
}

static void run_child(const char *path, outcome *o) {
    const engine_tables tables = {ENGINE_TABLES.disciplines, (const disturbance *const[]){&SABOTEUR, NULL},
                                  ENGINE_TABLES.observers};
    scenario s;
    policy_result result = {0};
    run_books books = {0};
    world *w = scenario_load(&s, path, NULL, &o->error) ? world_open(&s.platform, &o->error) : NULL;
    if (!w) return;
    o->ok = engine_run(&(observed_run){&s, 0, NULL, &result, &books}, w, NULL, &tables, &o->error);
    if (o->ok) count(&books, o);
    run_books_free(&books);
}

static outcome run_with_failure(const char *name, const char *arrivals, const char *policy, tier which) {
    outcome *shared = shared_alloc(sizeof *shared), o;
    const char *path = scratch_file(name, SCENARIO, arrivals, policy);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        at_work.at = which;
        run_child(path, shared);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0); /* no crash, whatever became of it */
    o = *shared;
    shared_free(shared, sizeof *shared);
    return o;
}

TEST(a_cloud_that_fails_answers_nothing) {
    outcome o = run_with_failure("cloud.yaml", "poisson, fleet_rate: 12/s", "cloud-only", TIER_CLOUD);
    if (!o.ok) error_print(&o.error, stderr);
    assert_true(o.ok);
    assert_true(o.count > 300 && o.answered > 100);
    assert_int_equal(o.answered + o.failed, o.count);
    assert_int_equal(o.by_reason[FAILURE_SERVER], o.failed);
    assert_int_equal(o.place_failed, o.failed);
    assert_true(o.failed > 100); /* what waited, computed or came later */
    assert_int_equal(o.late, 0);
    assert_int_equal(o.wrong_compute, 0);
}

TEST(closed_loops_go_on) {
    outcome o = run_with_failure("closed.yaml", "closed, think: {exponential: 100ms}", "cloud-only", TIER_CLOUD);
    assert_true(o.ok);
    assert_int_equal(o.answered + o.failed, o.count);
    assert_true(o.failed > 10 && o.answered > 10);
    assert_int_equal(o.wrong_compute, 0);
}

/* Whatever fails, each request is answered or failed, and some of both are there. */
TEST(any_place_may_fail) {
    static const struct {
        const char *name, *arrivals, *policy;
        tier at;
    } RUNS[] = {{"edge.yaml", "poisson, fleet_rate: 12/s", "edge-only", TIER_EDGE},
                {"edge-idle.yaml", "poisson, fleet_rate: 0.2/s", "edge-only", TIER_EDGE},
                {"phone.yaml", "poisson, fleet_rate: 12/s", "cloud-only", TIER_PHONE},
                {"closed-phone.yaml", "closed, think: {exponential: 100ms}", "phone-only", TIER_PHONE}};
    for (size_t i = 0; i < sizeof RUNS / sizeof *RUNS; i++) {
        outcome o = run_with_failure(RUNS[i].name, RUNS[i].arrivals, RUNS[i].policy, RUNS[i].at);
        assert_true(o.ok && o.failed > 0 && o.answered > 0);
        assert_int_equal(o.answered + o.failed, o.count);
        assert_int_equal(o.by_reason[FAILURE_SERVER], o.failed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cloud_that_fails_answers_nothing),
                                       cmocka_unit_test(closed_loops_go_on), cmocka_unit_test(any_place_may_fail)};
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
