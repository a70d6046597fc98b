/* A host that is switched off while requests are computed: none of them is booked as answered, and none is lost without
 * a word. */
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/engine.h"
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
enum { CLOUD, EDGE, FIRST_PHONE }; /* which host fails */

typedef struct outcome {
    bool ok;
    portolan_error error;
    uint64_t count, answered, failed, late, wrong_compute, place_failed, by_reason[FAILURE_COUNT];
} outcome;

static void saboteur(int argc, char *argv[]) {
    (void)argc, (void)argv;
    sg_actor_sleep_until(FAILS_AT);
    sg_host_turn_off(sg_actor_self_get_data());
}

static sg_host_t victim(const simgrid_world *w, int which) {
    return which == CLOUD ? w->clouds[0] : which == EDGE ? w->edges[0] : w->phones[0];
}

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

static void run_child(const char *path, int which, outcome *o) {
    scenario s;
    simgrid_world world;
    policy_result result = {0};
    run_books books = {0};
    if (!scenario_load(&s, path, NULL, 0, NULL, 0, &o->error) || !engine_set_up(&s, &world, &o->error)) return;
    sg_actor_t actor = sg_actor_init("saboteur", world.phones[3]);
    sg_actor_set_data(actor, victim(&world, which));
    sg_actor_start(actor, saboteur, 0, NULL);
    o->ok = engine_run(&s, &world, 0, NULL, NULL, &result, &books, &o->error);
    if (o->ok) count(&books, o);
    run_books_free(&books);
}

static outcome run_with_failure(const char *name, const char *arrivals, const char *policy, int which) {
    outcome *shared = shared_alloc(sizeof *shared), o;
    const char *path = scratch_file(name, SCENARIO, arrivals, policy);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_child(path, which, shared);
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
    outcome o = run_with_failure("cloud.yaml", "poisson, fleet_rate: 12/s", "cloud-only", CLOUD);
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
    outcome o = run_with_failure("closed.yaml", "closed, think: {exponential: 100ms}", "cloud-only", CLOUD);
    assert_true(o.ok);
    assert_int_equal(o.answered + o.failed, o.count);
    assert_true(o.failed > 10 && o.answered > 10);
    assert_int_equal(o.wrong_compute, 0);
}

static void assert_lost(outcome o) {
    assert_false(o.ok);
    assert_int_equal(o.error.status, STATUS_FAILED);
    assert_non_null(strstr(o.error.message, "a host failed at 20.05 s"));
}

/* The actors of an edge server, of a phone, and the source of arrivals die with their host: the run says so. */
TEST(actors_that_die_end_the_run_with_an_error) {
    assert_lost(run_with_failure("edge.yaml", "poisson, fleet_rate: 12/s", "edge-only", EDGE));
    assert_lost(run_with_failure("edge-idle.yaml", "poisson, fleet_rate: 0.2/s", "edge-only", EDGE));
    assert_lost(run_with_failure("source.yaml", "poisson, fleet_rate: 12/s", "cloud-only", FIRST_PHONE));
    assert_lost(run_with_failure("driver.yaml", "closed, think: {exponential: 100ms}", "phone-only", FIRST_PHONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cloud_that_fails_answers_nothing),
                                       cmocka_unit_test(closed_loops_go_on),
                                       cmocka_unit_test(actors_that_die_end_the_run_with_an_error)};
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
