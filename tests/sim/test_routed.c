/* cartography and exit-pools: who goes where, worked out by hand; what v(x) costs at the phone, to the bit of the clock;
 * that load changes nothing about who goes where; and what is refused.
 *
 * platforms/one-phone.yaml, whose phone has 1 Gf; the model is 100 wide; v(x) has 2 numbers. Pool means: easy (0, 0), medium
 * (10, 0), hard (0, 10).
 *
 *   sample  v         nearest                                        tier
 *   0       (1, 1)    easy                                           phone
 *   1       (6, 0)    medium: 4, easy 6                              edge
 *   2       (0, 6)    hard: 4, easy 6                                cloud
 *   3       (5, -1)   easy and medium: sqrt 26 both, the easier      phone
 *   4       (7, 8)    hard: sqrt 53, medium sqrt 73, easy sqrt 113   cloud */
#include "simulate.h"

enum { SAMPLES = 5 };

static const char TABLE[] = "sample,label,tokens,exit1_p0,exit1_p1,exit2_p0,exit2_p1,exit4_p0,exit4_p1%s\n"
                            "0,1,10,0.1,0.9,0.1,0.9,0.1,0.9%s\n"
                            "1,1,40,0.6,0.4,0.1,0.9,0.1,0.9%s\n"
                            "2,0,250,0.6,0.4,0.6,0.4,0.9,0.1%s\n"
                            "3,0,25,0.6,0.4,0.6,0.4,0.9,0.1%s\n"
                            "4,0,5,0.6,0.4,0.6,0.4,0.9,0.1%s\n";

static const uint32_t TOKENS[SAMPLES] = {10, 40, 250, 25, 5};
static const uint8_t TIERS[SAMPLES] = {TIER_PHONE, TIER_EDGE, TIER_CLOUD, TIER_PHONE, TIER_CLOUD};

static const char ROUTER[] =
    "{\"schema\":2,\"method\":\"%s\",\"assignment\":\"nearest-mean\",\"representation\":\"mean_token\",\"metric\":\"l2\","
    "\"size\":2,\"split\":[1,2,4],\"embedding\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
    "\"thresholds\":[0.5,null],\"pools\":[{\"name\":\"easy\",\"samples\":4,\"means\":[[0,0]]},"
    "{\"name\":\"medium\",\"samples\":5,\"means\":[[10,0]]},{\"name\":\"hard\",\"samples\":5,\"means\":[[0,10]]}]}\n";

static const char SCENARIO[] = "name: routed\n"
                               "platform: %s/platforms/one-phone.yaml\n"
                               "workload: {arrivals: {process: constant, rate: 1/min}}\n"
                               "model: table.csv\n"
                               "hidden: 100\n"
                               "vocabulary: 100\n"
                               "split: {phone: 1, edge: 2, cloud: 4}\n"
                               "policies:\n"
                               "  - cartography: {router: router.json}\n"
                               "  - exit-pools: {router: exit-router.json}\n"
                               "  - phone-only\n"
                               "  - edge-only\n"
                               "  - cloud-only\n"
                               "run: {requests: 1000}\n";

enum { CARTOGRAPHY, EXIT_POOLS, PHONE_ONLY };

static char path[SCRATCH_PATH];

static int open_files(void **state) {
    if (scratch_open(state) != 0) return -1;
    scratch_file("table.csv", TABLE, ",v0,v1", ",1,1", ",6,0", ",0,6", ",5,-1", ",7,8");
    scratch_file("bare.csv", TABLE, "", "", "", "", "", "");
    scratch_file("router.json", ROUTER, "cartography");
    scratch_file("exit-router.json", ROUTER, "exit-pools");
    snprintf(path, sizeof path, "%s", scratch_file("scenario.yaml", SCENARIO, PORTOLAN_SOURCE_DIR));
    return 0;
}

/* ---- Runs ---- */

/* The tier of every request, and of each sample the latency, compute seconds and cost of its first request. */
typedef struct outcome {
    uint64_t count;
    uint8_t tiers[1000];
    uint32_t samples[1000];
    double latency[SAMPLES], compute[SAMPLES], queue[SAMPLES], cost[SAMPLES];
} outcome;

static void take(const simulated *run, void *into) {
    outcome *o = into;
    o->count = run->count;
    for (uint64_t i = 0; i < run->count && i < 1000; i++) {
        const request_record *r = &run->records[i];
        o->tiers[i] = r->tier;
        o->samples[i] = r->sample;
        if (i >= SAMPLES) continue;
        o->latency[r->sample] = r->latency;
        o->compute[r->sample] = r->compute;
        o->queue[r->sample] = record_wait(r);
        o->cost[r->sample] = r->cost;
    }
}

static outcome *simulate_policy(size_t policy, const char *const *sets) {
    outcome *o = shared_alloc(sizeof *o);
    simulation_finish(simulation_start(path, sets, policy, take, o));
    return o;
}

static void assert_tiers(const outcome *o) {
    assert_int_equal(o->count, 1000);
    for (uint64_t i = 0; i < o->count; i++) assert_int_equal(o->tiers[i], TIERS[o->samples[i]]);
}

TEST(requests_go_to_the_nearest_pool) {
    for (size_t policy = CARTOGRAPHY; policy <= EXIT_POOLS; policy++) {
        outcome *o = simulate_policy(policy, NULL);
        assert_tiers(o);
        shared_free(o, sizeof *o);
    }
}

/* The decisions are blind to load, by definition: with a request a millisecond, for a phone that needs milliseconds for one,
 * requests wait, and go where they always went. */
TEST(load_changes_no_decision) {
    outcome *o = simulate_policy(CARTOGRAPHY, (const char *[]){"workload.arrivals.rate=1000/s", NULL});
    assert_tiers(o);
    assert_true(o->queue[4] > 0);
    shared_free(o, sizeof *o);
}

/* A request costs what it costs when it is sent straight to its tier, and before that (2 s 100 + 6 x 2) FLOP at 1 Gf. The
 * unit-less cost counts layers, so it is the same. */
TEST(routing_takes_time_at_the_phone) {
    outcome *routed = simulate_policy(CARTOGRAPHY, NULL);
    for (uint32_t k = 0; k < TIER_COUNT; k++) {
        outcome *straight = simulate_policy(PHONE_ONLY + k, NULL);
        for (uint32_t i = 0; i < SAMPLES; i++) {
            if (TIERS[i] != k) continue;
            double routing = (2.0 * TOKENS[i] * 100 + 12) / 1e9;
            assert_within(routed->latency[i], straight->latency[i] + routing, 1e-9);
            assert_within(routed->compute[i], straight->compute[i] + routing, 1e-9);
            assert_near(routed->cost[i], straight->cost[i], 0);
        }
        shared_free(straight, sizeof *straight);
    }
    shared_free(routed, sizeof *routed);
}

/* ---- Refusals ---- */

static void refuse(const char *set, const char *message) {
    scenario s;
    portolan_error err = {0};
    char *sets[] = {(char *)set};
    assert_false(scenario_load(&s, path, &(scenario_changes){.sets = sets, .set_count = 1}, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    if (!strstr(err.message, message)) print_error("found: %s\nwanted: %s\n", err.message, message);
    assert_non_null(strstr(err.message, message));
    assert_int_not_equal(err.line, 0);
}

TEST(what_does_not_suit_is_refused) {
    char set[SCRATCH_PATH + 64];
    refuse("policies=[cartography]", "an outcome table has no router of its own; give 'router: FILE.json'");
    snprintf(set, sizeof set, "policies=[{cartography: {router: %s}}]", scratch_path("exit-router.json"));
    refuse(set, "is one of exit-pools; this policy is cartography");
    snprintf(set, sizeof set, "policies=[{exit-pools: {router: %s}}]", scratch_path("router.json"));
    refuse(set, "is one of cartography; this policy is exit-pools");
    snprintf(set, sizeof set, "policies=[{cartography: {router: %s}}]", scratch_path("nothing.json"));
    refuse(set, "cannot open");
    snprintf(set, sizeof set, "model=%s", scratch_path("bare.csv"));
    refuse(set, "'cartography' needs v(x), 2 numbers, of which the outcome table of 'model' has 0");
    refuse("split={phone: 2, edge: 2, cloud: 4}", "was made for the split 1/2/4, the scenario has 2/2/4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_to_the_nearest_pool),
        cmocka_unit_test(load_changes_no_decision),
        cmocka_unit_test(routing_takes_time_at_the_phone),
        cmocka_unit_test(what_does_not_suit_is_refused),
    };
    return cmocka_run_group_tests(tests, open_files, scratch_close);
}
