/* Overload, in whole simulations: M/M/1 at .9 of its capacity is never reported, at 1.05 always, with a queue of 100 too;
 * so are a full edge site beside an idle one, and a cell's link. */
#include "sim/engine/places.h"
#include "sim/observers/load.h"
#include "simulate.h"

/* One layer of the default width on 16 tokens, and its exit. */
static const model_shape SHAPE = {.layers = 1, .hidden = 768, .feed_forward = 4 * 768, .classes = 2, .vocabulary = 1};
static const double SERVICE = 0.2; /* mean seconds */
enum { TOKENS = 16 };

#if defined LONG && !defined PORTOLAN_SANITIZE
enum { SEEDS = 20, REQUESTS = 100000 };
#else
enum { SEEDS = 2, REQUESTS = 20000 };
#endif

static const char SCENARIO[] = "name: load\n"
                               "seed: %u\n"
                               "platform:\n"
                               "  network: {tcp_gamma: 1e15B}\n"
                               "  phones:\n"
                               "    - {name: people, count: 4, cell: cell,\n"
                               "       device: {speed: 1e15f, cores: 1, idle: 0W, busy: 0W, memory: 1GB}}\n"
                               "  cells:\n"
                               "    - {name: cell, site: site, link: {up: %s, down: 1e15Bps, latency: 1ms}}\n"
                               "    - {name: idle, site: other, link: {up: 1e15Bps, down: 1e15Bps, latency: 1ms}}\n"
                               "  sites:\n"
                               "    - {name: site, region: cloud, queue: %s, backhaul: test-wire,\n"
                               "       server: {speed: %.17gf, cores: 1, idle: 0W, busy: 0W, memory: 1GB}}\n"
                               "    - {name: other, region: cloud, backhaul: test-wire,\n"
                               "       server: {speed: %.17gf, cores: 1, idle: 0W, busy: 0W, memory: 1GB}}\n"
                               "  regions: [{name: cloud, server: test-cloud}]\n"
                               "workload: {arrivals: {process: poisson, fleet_rate: %.17g/s}}\n"
                               "model: {synthetic: {samples: 2, layers: 1, work: exponential}}\n"
                               "tokens: 16\n"
                               "vocabulary: 1\n"
                               "split: {phone: 1, edge: 1, cloud: 1}\n"
                               "policies: [edge-only]\n"
                               "run: {requests: %d, warmup: 100}\n"
                               "output: {requests: none}\n";

typedef struct verdict_of_run {
    size_t count;
    overload first;
    char name[64];
} verdict_of_run;

static void judge(const simulated *run, void *into) {
    verdict_of_run *v = into;
    const platform *p = &run->s->platform;
    overload *found = calloc(place_count(p), sizeof *found);
    v->count = overloads_find(p, run->books, found);
    if (v->count) {
        place_info here = place_describe(p, found[0].place);
        v->first = found[0];
        place_name(&here, v->name, sizeof v->name);
    }
    free(found);
}

static const char *write_scenario(unsigned seed, double load, const char *queue, const char *up, int requests) {
    char name[64];
    double speed = (model_layer_flops(&SHAPE, 1, TOKENS) + model_exit_flops(&SHAPE)) / SERVICE;
    snprintf(name, sizeof name, "load-%u-%g-%s-%s.yaml", seed, load, queue, up);
    return scratch_file(name, SCENARIO, seed, up, queue, speed, speed, load / SERVICE, requests);
}

/* Judges SEEDS runs. */
static verdict_of_run *run_seeds(double load, const char *queue) {
    static char paths[SEEDS][SCRATCH_PATH];
    simulation_job jobs[SEEDS] = {{0}};
    verdict_of_run *verdicts = shared_alloc(SEEDS * sizeof *verdicts);
    for (unsigned i = 0; i < SEEDS; i++) {
        snprintf(paths[i], SCRATCH_PATH, "%s", write_scenario(i + 1, load, queue, "1e15Bps", REQUESTS));
        jobs[i] = (simulation_job){.path = paths[i], .take = judge, .into = &verdicts[i]};
    }
    assert_true(simulations_run(jobs, SEEDS, 2));
    return verdicts;
}

TEST(nine_tenths_are_never_reported) {
    verdict_of_run *verdicts = run_seeds(0.9, "1e9");
    for (int i = 0; i < SEEDS; i++) assert_int_equal(verdicts[i].count, 0);
    shared_free(verdicts, SEEDS * sizeof *verdicts);
}

static void assert_always_reported(const char *queue) {
    verdict_of_run *verdicts = run_seeds(1.05, queue);
    double noise = 4 * sqrt(2.0 / REQUESTS); /* of the work of Poisson arrivals, exponential service: four deviations */
    for (int i = 0; i < SEEDS; i++) {
        assert_int_equal(verdicts[i].count, 1);
        assert_string_equal(verdicts[i].name, "edge site site");
        assert_within(verdicts[i].first.utilization, 1.05, noise);
        /* the queue is full, or never empty again, within the first half of the run */
        assert_true(verdicts[i].first.since > 0 && verdicts[i].first.since < REQUESTS * SERVICE / 1.05 / 2);
    }
    shared_free(verdicts, SEEDS * sizeof *verdicts);
}

TEST(five_hundredths_too_much_are_always_reported) { assert_always_reported("1e9"); }

TEST(with_a_short_queue_too) { assert_always_reported("100"); }

/* The cell carries 100 B/s; 4 requests a second of 32 bytes are 128 B/s. The server has nine tenths of a load of .8. */
TEST(a_link_is_a_place) {
    verdict_of_run *v = shared_alloc(sizeof *v);
    simulation_finish(simulation_start(write_scenario(1, 0.8, "1e9", "100Bps", 2000), NULL, 0, judge, v));
    assert_int_equal(v->count, 1);
    assert_string_equal(v->name, "cell cell up");
    assert_within(v->first.utilization, 1.28, 0.1);
    shared_free(v, sizeof *v);
}

static json_t *run_once(double load, const char *name) {
    return run_scenario(write_scenario(7, load, "100", "1e15Bps", 3000), NULL, name);
}

/* Half of the edge is full, the other idle. */
TEST(a_full_site_beside_an_idle_one) {
    json_t *summary = run_once(1.3, "full");
    const json_t *row = policy_row(summary, "edge-only"), *list = json_object_get(row, "overloaded");
    assert_within(metric_of(row, "edge_utilization"), 0.5, 0.01);
    assert_within(metric_of(row, "edge_utilization_max"), 1, 0.02);
    assert_near(metric_of(row, "edge_utilization_max"), 2 * metric_of(row, "edge_utilization"), 1e-12);
    assert_near(metric_of(row, "cloud_utilization_max"), 0, 0);
    assert_true(isnan(metric_of(row, "wait_cloud_s")) && isnan(metric_of(row, "wait_phone_s")));
    assert_int_equal(json_array_size(list), 1);
    list = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(list, "place")), "edge site site");
    assert_within(json_number_value(json_object_get(list, "utilization")), 1.3, 0.1);
    assert_true(json_number_value(json_object_get(list, "since_s")) > 0);
    json_decref(summary);
}

TEST(an_easy_run_has_an_empty_list) {
    json_t *summary = run_once(0.5, "easy");
    const json_t *list = json_object_get(policy_row(summary, "edge-only"), "overloaded");
    assert_true(json_is_array(list));
    assert_int_equal(json_array_size(list), 0);
    json_decref(summary);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nine_tenths_are_never_reported),
        cmocka_unit_test(five_hundredths_too_much_are_always_reported),
        cmocka_unit_test(with_a_short_queue_too),
        cmocka_unit_test(a_link_is_a_place),
        cmocka_unit_test(a_full_site_beside_an_idle_one),
        cmocka_unit_test(an_easy_run_has_an_empty_list),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
