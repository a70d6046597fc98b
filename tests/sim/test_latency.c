/* Requests that meet nobody: latency, cost, energy, traffic and price of every course through
 * platforms/one-phone.yaml equal the calculation by hand. The phone asks once a minute, so nothing queues and
 * no flow shares a link.
 *
 *   phone  1 Gf    1 W beyond idle                    phone - edge : cell,          1 MB/s, 10 ms
 *   edge   10 Gf   10 W beyond idle, 0.0001 USD/s     phone - cloud: cell + uplink, 1 MB/s, 20 ms
 *   cloud  100 Gf  100 W beyond idle, 0.001 USD/s     edge  - cloud: uplink,        10 MB/s, 10 ms
 *   radio  1 uJ a byte each way
 *
 * The model is 100 wide (feed-forward 400); the phone holds 1 of 4 layers, the edge 2. */
#include "simulate.h"

enum { SAMPLES = 3, HIDDEN = 100, TOKEN_BYTES = 2, HIDDEN_BYTES = 4 * HIDDEN, ANSWER_BYTES = 64 };

static const double TOKENS[SAMPLES] = {10, 40, 250};

/* A cascade at .8 ends on the phone, at the edge, and in the cloud: exit 3 of the last sample would be sure
 * enough. */
static const char
    TABLE[] = "sample,label,tokens,exit1_p0,exit1_p1,exit2_p0,exit2_p1,exit3_p0,exit3_p1,exit4_p0,exit4_p1\n"
              "0,1,10,0.1,0.9,0.1,0.9,0.1,0.9,0.1,0.9\n"
              "1,1,40,0.6,0.4,0.1,0.9,0.1,0.9,0.1,0.9\n"
              "2,0,250,0.6,0.4,0.6,0.4,0.9,0.1,0.4,0.6\n";

static const char SCENARIO[] = "name: latency\n"
                               "platform: %s/platforms/one-phone.yaml\n"
                               "workload: {arrivals: {process: constant, rate: 1/min}}\n"
                               "model: table.csv\n"
                               "hidden: 100\n"
                               "vocabulary: 100\n"
                               "split: {phone: 1, edge: 2, cloud: 4}\n"
                               "policies:\n"
                               "  - phone-only\n"
                               "  - edge-only\n"
                               "  - cloud-only\n"
                               "  - confidence: {as: tokens, threshold: 0.8}\n"
                               "  - confidence: {as: hidden, threshold: 0.8, escalate: hidden}\n"
                               "  - confidence: {as: all, threshold: 0.8, exits: all, escalate: hidden}\n"
                               "run: {requests: 3}\n";

/* ---- By hand ---- */

/* A stretch of a course: how the request came to a tier, and what was computed there. */
typedef struct stretch {
    tier at;
    unsigned layers, exits;
    bool hidden; /* came as a hidden state; else as tokens, or nothing was sent */
} stretch;

typedef struct course {
    stretch stretches[TIER_COUNT];
    unsigned count, exit;
} course;

#define P1 \
    { TIER_PHONE, 1, 1, false }
#define BY_TOKENS(tier_, layers_) \
    { tier_, layers_, 1, false }
#define BY_HIDDEN(tier_, layers_) \
    { tier_, layers_, 1, true }

enum { POLICY_COUNT = 6 };

static const course COURSES[POLICY_COUNT][SAMPLES] = {
    {{{P1}, 1, 1}, {{P1}, 1, 1}, {{P1}, 1, 1}},
    {{{BY_TOKENS(TIER_EDGE, 2)}, 1, 2}, {{BY_TOKENS(TIER_EDGE, 2)}, 1, 2}, {{BY_TOKENS(TIER_EDGE, 2)}, 1, 2}},
    {{{BY_TOKENS(TIER_CLOUD, 4)}, 1, 4}, {{BY_TOKENS(TIER_CLOUD, 4)}, 1, 4}, {{BY_TOKENS(TIER_CLOUD, 4)}, 1, 4}},
    {{{P1}, 1, 1},
     {{P1, BY_TOKENS(TIER_EDGE, 2)}, 2, 2},
     {{P1, BY_TOKENS(TIER_EDGE, 2), BY_TOKENS(TIER_CLOUD, 4)}, 3, 4}},
    {{{P1}, 1, 1},
     {{P1, BY_HIDDEN(TIER_EDGE, 1)}, 2, 2},
     {{P1, BY_HIDDEN(TIER_EDGE, 1), BY_HIDDEN(TIER_CLOUD, 2)}, 3, 4}},
    {{{P1}, 1, 1},
     {{P1, BY_HIDDEN(TIER_EDGE, 1)}, 2, 2},
     {{P1, BY_HIDDEN(TIER_EDGE, 1), BY_HIDDEN(TIER_CLOUD, 1)}, 3, 3}},
};

/* The network of a test: the settings, and the bounds of the phone's own radio in bytes per second (0:
 * none). */
typedef struct network {
    network_settings settings;
    double up, down;
} network;

/* Seconds of `bytes` between two tiers: over the cell, the uplink or both. The radio's bound is taken as it
 * stands: LV08's bandwidth factor is for links and windows only. */
static double hop(const network *n, tier from, tier to, double bytes) {
    bool by_cell = from == TIER_PHONE || to == TIER_PHONE, by_uplink = from == TIER_CLOUD || to == TIER_CLOUD;
    double latency = 0.01 * (by_cell + by_uplink), bandwidth = by_cell ? 1e6 : 1e7;
    double before = platform_transfer_time(&n->settings, latency, bandwidth, 0);
    double moving = platform_transfer_time(&n->settings, latency, bandwidth, bytes) - before;
    double radio = from == TIER_PHONE ? n->up : to == TIER_PHONE ? n->down : 0;
    return before + (radio > 0 ? fmax(moving, bytes / radio) : moving);
}

/* 8 s h^2 + 4 s h f + 4 s^2 h a layer; 2 h^2 + 2 h classes an exit. */
static double flops(const stretch *part, double s) {
    double h = HIDDEN, f = 4 * h;
    return part->layers * (8 * s * h * h + 4 * s * h * f + 4 * s * s * h) + part->exits * (2 * h * h + 2 * h * 2);
}

static request_record by_hand(const course *c, double tokens, const network *n) {
    static const double SPEED[] = {1e9, 1e10, 1e11}, WATTS[] = {1, 10, 100}, USD[] = {0, 1e-4, 1e-3};
    static const double OFFLOAD[] = {0, 3.0 / 12, 6.0 / 12};
    request_record r = {0};
    tier at = TIER_PHONE;
    for (unsigned i = 0; i < c->count; i++) {
        const stretch *part = &c->stretches[i];
        if (part->at != at) {
            double bytes = tokens * (part->hidden ? HIDDEN_BYTES : TOKEN_BYTES);
            r.latency += hop(n, at, part->at, bytes);
            r.bytes_up += (uint64_t)bytes;
            r.cost += OFFLOAD[part->at];
            if (at == TIER_PHONE) r.radio_joules += bytes * 1e-6;
        }
        at = part->at;
        double seconds = flops(part, tokens) / SPEED[at];
        r.latency += seconds;
        r.compute += seconds;
        r.cost += part->layers / 12.0;
        r.usd += seconds * USD[at];
        *(at == TIER_PHONE ? &r.phone_joules : &r.server_joules) += seconds * WATTS[at];
    }
    if (at != TIER_PHONE) {
        r.latency += hop(n, at, TIER_PHONE, ANSWER_BYTES);
        r.radio_joules += ANSWER_BYTES * 1e-6;
        r.bytes_down = ANSWER_BYTES;
    }
    r.phone_joules += r.radio_joules;
    r.tier = (uint8_t)at;
    r.exit = (uint8_t)c->exit;
    return r;
}

/* ---- Simulated ---- */

typedef struct kept {
    uint64_t count;
    request_record records[SAMPLES];
} kept;

static void keep_records(const simulated *run, void *into) {
    kept *k = into;
    k->count = run->count;
    memcpy(k->records, run->records, (run->count < SAMPLES ? run->count : SAMPLES) * sizeof *run->records);
}

static const char *write_scenario(void) {
    scratch_file("table.csv", "%s", TABLE);
    return scratch_file("latency.yaml", SCENARIO, PORTOLAN_SOURCE_DIR);
}

static void assert_record(const request_record *r, const request_record *wanted) {
    const double tolerance = 1e-9;
    assert_near(r->latency, wanted->latency, tolerance);
    assert_near(record_wait(r), 0, 0);
    assert_near(r->compute, wanted->compute, tolerance);
    assert_near(r->cost, wanted->cost, tolerance);
    assert_near(r->phone_joules, wanted->phone_joules, tolerance);
    assert_near(r->radio_joules, wanted->radio_joules, tolerance);
    assert_near(r->server_joules, wanted->server_joules, tolerance);
    assert_near(r->usd, wanted->usd, tolerance);
    assert_int_equal(r->bytes_up, wanted->bytes_up);
    assert_int_equal(r->bytes_down, wanted->bytes_down);
    assert_int_equal(r->tier, wanted->tier);
    assert_int_equal(r->exit, wanted->exit);
    assert_int_equal(r->failure, FAILURE_NONE);
}

static void assert_network(const char *const *sets, const network *n) {
    const char *path = write_scenario();
    kept *k = shared_alloc(sizeof *k);
    for (size_t policy = 0; policy < POLICY_COUNT; policy++) {
        simulation_finish(simulation_start(path, sets, policy, keep_records, k));
        assert_int_equal(k->count, SAMPLES);
        for (uint32_t i = 0; i < SAMPLES; i++) {
            assert_int_equal(k->records[i].sample, i);
            assert_near(k->records[i].tokens, TOKENS[i], 0);
            request_record wanted = by_hand(&COURSES[policy][i], TOKENS[i], n);
            assert_record(&k->records[i], &wanted);
        }
    }
    shared_free(k, sizeof *k);
}

enum { MIB = 1 << 20 };

TEST(cm02) { assert_network(NULL, &(network){.settings = {.model = NETWORK_CM02, .tcp_gamma = 4 * MIB}}); }

/* One row of the above to the last digit. Edge-only, 10 tokens: up 10 ms + 20 B / 1 MB/s = 10.02 ms; two
 * layers of 8*10*1e4 + 4*10*100*400 + 4*100*100 = 2,440,000 and an exit of 2*1e4 + 2*100*2 = 20,400:
 * 4,900,400 FLOP at 10 Gf = 0.49004 ms; down 10 ms + 64 B = 10.064 ms. */
TEST(edge_only_in_figures) {
    kept *k = shared_alloc(sizeof *k);
    simulation_finish(simulation_start(write_scenario(), NULL, 1, keep_records, k));
    assert_near(k->records[0].latency, 0.02057404, 1e-9);
    assert_near(k->records[0].compute, 0.00049004, 1e-9);
    assert_near(k->records[0].server_joules, 0.0049004, 1e-9);
    assert_near(k->records[0].phone_joules, 84e-6, 1e-9);
    assert_near(k->records[0].usd, 4.9004e-8, 1e-9);
    assert_near(k->records[0].cost, 5.0 / 12, 1e-15);
    shared_free(k, sizeof *k);
}

TEST(lv08) {
    assert_network((const char *[]){"platform.network.model=LV08", NULL},
                   &(network){.settings = {.model = NETWORK_LV08, .tcp_gamma = 4 * MIB}});
}

/* A window of 10 kB bounds a flow at 10 kB / (2 x 10 ms) = 500 kB/s, and at 250 kB/s where the latency is 20
 * ms. */
TEST(cm02_with_a_small_window) {
    assert_network((const char *[]){"platform.network.tcp_gamma=10kB", NULL},
                   &(network){.settings = {.model = NETWORK_CM02, .tcp_gamma = 10e3}});
}

TEST(lv08_with_a_small_window) {
    assert_network((const char *[]){"platform.network={model: LV08, tcp_gamma: 10kB}", NULL},
                   &(network){.settings = {.model = NETWORK_LV08, .tcp_gamma = 10e3}});
}

/* The phone's own radio: 2 Mbps up and 1 Mbps down, less than the cell's 8. */
TEST(cm02_with_a_slow_radio) {
    assert_network((const char *[]){"platform.phones.phone.up=2Mbps", "platform.phones.phone.down=1Mbps", NULL},
                   &(network){.settings = {.model = NETWORK_CM02, .tcp_gamma = 4 * MIB}, .up = 250e3, .down = 125e3});
}

TEST(lv08_with_a_slow_radio) {
    assert_network((const char *[]){"platform.network.model=LV08", "platform.phones.phone.up=2Mbps",
                                    "platform.phones.phone.down=1Mbps", NULL},
                   &(network){.settings = {.model = NETWORK_LV08, .tcp_gamma = 4 * MIB}, .up = 250e3, .down = 125e3});
}

/* The narrower of radio and window counts: 375 kB/s of radio against 500 kB/s (to the edge) and 250 (to the
 * cloud). */
TEST(slow_radio_and_small_window) {
    assert_network((const char *[]){"platform.network.tcp_gamma=10kB", "platform.phones.phone.up=3Mbps", NULL},
                   &(network){.settings = {.model = NETWORK_CM02, .tcp_gamma = 10e3}, .up = 375e3});
}

/* A radio faster than the cell changes nothing. */
TEST(a_fast_radio_is_bounded_by_the_cell) {
    assert_network((const char *[]){"platform.phones.phone.up=80Mbps", "platform.phones.phone.down=80Mbps", NULL},
                   &(network){.settings = {.model = NETWORK_CM02, .tcp_gamma = 4 * MIB}});
}

/* Service times, of the sample of 10 tokens. Edge-only, with a call of 2 ms and weights at 1 GB/s: two layers of 4 (4 x 1e4 +
 * 2 x 100 x 400) = 480,000 bytes take 0.96 ms, FLOP 0.49004 as above. Phone-only, with a call of 1 ms on a phone that was
 * drawn half as fast as its device: 2 ms + (2,440,000 + 20,400) FLOP at 0.5 Gf. */
TEST(calls_and_weights_in_figures) {
    const char *sets[] = {"platform.sites.edge.server={like: test-edge, call: 2ms, memory_bandwidth: 1GBps}",
                          "platform.phones.phone.device={like: test-phone, call: 1ms}",
                          "platform.phones.phone.speed=500Mf", NULL};
    kept *k = shared_alloc(sizeof *k);
    simulation_finish(simulation_start(write_scenario(), sets, 1, keep_records, k));
    assert_near(k->records[0].compute, 0.00345004, 1e-9);
    assert_near(k->records[0].call, 0.002, 1e-9);
    assert_near(k->records[0].latency, 0.02057404 + 0.00296, 1e-9);
    assert_near(k->records[0].server_joules, 0.0345004, 1e-9);
    assert_near(k->records[0].usd, 3.45004e-7, 1e-9);
    simulation_finish(simulation_start(write_scenario(), sets, 0, keep_records, k));
    assert_near(k->records[0].compute, 0.0069208, 1e-9);
    assert_near(k->records[0].call, 0.002, 1e-9);
    shared_free(k, sizeof *k);
}

/* A table for the shape, from 10 to 40 tokens and for 2 layers: the first two samples take its seconds and their exit's FLOP
 * at 10 Gf (20,400: 2.04 us), the third (250 tokens) the formula's. */
TEST(tables_in_figures) {
    const char *table = scratch_file("edge.csv", "hidden,feed_forward,layers,tokens,batch,seconds\n"
                                                 "100,400,2,10,1,0.004\n100,400,2,40,1,0.012\n");
    char set[SCRATCH_PATH + 80];
    snprintf(set, sizeof set, "platform.sites.edge.server={like: test-edge, table: %s}", table);
    const char *sets[] = {set, NULL};
    kept *k = shared_alloc(sizeof *k);
    simulation_finish(simulation_start(write_scenario(), sets, 1, keep_records, k));
    assert_near(k->records[0].compute, 0.00400204, 1e-9);
    assert_near(k->records[1].compute, 0.01200204, 1e-9);
    assert_near(k->records[2].compute, flops(&(stretch)BY_TOKENS(TIER_EDGE, 2), 250) / 1e10, 1e-9);
    shared_free(k, sizeof *k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cm02),
        cmocka_unit_test(edge_only_in_figures),
        cmocka_unit_test(lv08),
        cmocka_unit_test(cm02_with_a_small_window),
        cmocka_unit_test(lv08_with_a_small_window),
        cmocka_unit_test(cm02_with_a_slow_radio),
        cmocka_unit_test(lv08_with_a_slow_radio),
        cmocka_unit_test(slow_radio_and_small_window),
        cmocka_unit_test(a_fast_radio_is_bounded_by_the_cell),
        cmocka_unit_test(calls_and_weights_in_figures),
        cmocka_unit_test(tables_in_figures),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
