/* Requests meet a phone's radio in whole simulations: their latency and joules against a calculation by hand, where one
 * phone asks one request after the other; and where many requests overlap, that nothing is lost or counted twice.
 *
 *   promotion 0.5 s at 2 W; active 1 W; tail: 0.1 s at 0.8 W, 0.4 s at 0.5 W, 1.5 s at 0.25 W; 3 uJ a byte up, 2 down */
#include "simulate.h"

static const char SCENARIO[] =
    "name: access\n"
    "platform:\n"
    "  phones: [{name: p, count: %d, device: test-phone, cell: c}]\n"
    "  cells:\n"
    "    - name: c\n"
    "      site: s\n"
    "      radio: states\n"
    "      link: {like: test-cell, radio: {promotion: 500ms, promotion_power: 2W, active_power: 1W, up: 3uJ/B, down: 2uJ/B,\n"
    "             continuous: 100ms, continuous_power: 0.8W, short_drx: 400ms, short_drx_power: 0.5W, short_drx_cycle: 100ms,\n"
    "             long_drx: 1.5s, long_drx_power: 0.25W, long_drx_cycle: 200ms}}\n"
    "  sites: [{name: s, server: test-edge, backhaul: test-wire, region: r}]\n"
    "  regions: [{name: r, server: test-cloud}]\n"
    "workload: {arrivals: %s}\n"
    "model: {synthetic: {samples: 100}}\n"
    "tokens: 10\n"
    "split: {phone: 3, edge: 6, cloud: 12}\n"
    "policies: [edge-only, cloud-only, phone-only, {confidence: {threshold: 0.8, exits: all, escalate: hidden}}]\n"
    "run: {requests: 400}\n";
enum { REQUESTS = 400, EDGE_ONLY = 0, CLOUD_ONLY = 1, PHONE_ONLY = 2, CONFIDENCE = 3, PHONES = 20 };

static void take_records(const simulated *run, void *into) {
    memcpy(into, run->records, run->count * sizeof *run->records);
}

static request_record *run_policy(const engine_tables *tables, const char *const *sets, size_t policy) {
    request_record *records = shared_alloc(REQUESTS * sizeof *records);
    simulation_job job = {.path = scratch_path("access.yaml"),
                          .sets = sets,
                          .policy = policy,
                          .take = take_records,
                          .into = records};
    simulation_finish(simulation_start_with(tables, &job));
    return records;
}

static void free_records(request_record *records) { shared_free(records, REQUESTS * sizeof *records); }

/* ---- One after the other ---- */

/* Joules of the tail until `seconds` after its beginning. */
static double tail_joules(double seconds) {
    double joules = 0.8 * fmin(seconds, 0.1);
    if (seconds > 0.1) joules += 0.5 * fmin(seconds - 0.1, 0.4);
    if (seconds > 0.5) joules += 0.25 * fmin(seconds - 0.5, 1.5);
    return joules;
}

/* Edge-only, 10 tokens: 20 B up need 10 ms + 20 us, 64 B down 10 ms + 64 us; in between the radio receives while the edge
 * computes. The radio sleeps if two seconds have passed since the last answer. */
TEST(one_after_the_other) {
    static const double UP = 0.01002, DOWN = 0.010064;
    scratch_file("access.yaml", SCENARIO, 1, "{process: closed, think: {exponential: 2s}}");
    request_record *r = run_policy(&ENGINE_TABLES, NULL, EDGE_ONLY);
    double quiet = -INFINITY;
    unsigned asleep = 0;
    for (int i = 0; i < REQUESTS; i++) {
        bool sleeps = r[i].arrival - quiet > 2;
        double computes = r[i].compute, travels = UP + DOWN;
        assert_near(r[i].promotion, sleeps ? 0.5 : 0, 1e-9);
        assert_within(r[i].latency, r[i].promotion + travels + computes, 1e-9);
        quiet = r[i].arrival + r[i].latency;
        double rests = i + 1 < REQUESTS ? r[i + 1].arrival - quiet : INFINITY;
        double joules = (sleeps ? 1 : 0) + travels + tail_joules(computes) + tail_joules(rests) + 20 * 3e-6 + 64 * 2e-6;
        assert_within(r[i].radio_joules, joules, 1e-6);
        assert_within(r[i].phone_joules, joules, 1e-6);
        asleep += sleeps;
    }
    assert_true(asleep > REQUESTS / 5 && asleep < REQUESTS / 2); /* exp(-1) of them are expected */
    free_records(r);
}

/* ---- Connections and headers ---- */

#define NO_RADIO "platform.cells.c.radio=ideal"

/* TCP and TLS 1.3 need two round trips before the first message, of 20 ms to the edge and 40 to the cloud, and again after
 * two seconds without a message. */
TEST(connections_are_set_up_and_kept_alive) {
    static const struct {
        const char *connection;
        size_t policy;
        double seconds;
    } CASES[] = {
        {"platform.network={connection: {keep_alive: 2s}}", EDGE_ONLY, 2 * 0.02},
        {"platform.network={connection: {keep_alive: 2s}}", CLOUD_ONLY, 2 * 0.04},
        {"platform.network={connection: {keep_alive: 2s, tls: no}}", EDGE_ONLY, 0.02},
        {"platform.network={connection: {keep_alive: 2s, transport: udp}}", EDGE_ONLY, 0.02},
        {"platform.network={connection: {keep_alive: 2s, transport: udp, tls: no}}", EDGE_ONLY, 0},
        {"platform.network={connection: none}", EDGE_ONLY, 0},
    };
    scratch_file("access.yaml", SCENARIO, 1, "{process: closed, think: {exponential: 2s}}");
    for (size_t k = 0; k < sizeof CASES / sizeof *CASES; k++) {
        request_record *r = run_policy(&ENGINE_TABLES, (const char *const[]){NO_RADIO, CASES[k].connection, NULL},
                                       CASES[k].policy);
        double quiet = -INFINITY, hop = CASES[k].policy == EDGE_ONLY ? 0.01 : 0.02;
        for (int i = 0; i < REQUESTS; i++) {
            double setting_up = r[i].arrival - quiet > 2 ? CASES[k].seconds : 0;
            assert_within(r[i].connection, setting_up, 1e-9);
            assert_within(r[i].latency, setting_up + r[i].compute + 2 * hop + 84e-6, 1e-9);
            quiet = r[i].arrival + r[i].latency;
        }
        free_records(r);
    }
}

/* A sleeping radio is promoted before the connection is set up, which has a message of its own wait: and both hold it. With
 * headers, 20 B are 20 + 22 + 70 = 112 on the way, and 64 B are 156. */
TEST(radio_connection_and_headers_add_up) {
    scratch_file("access.yaml", SCENARIO, 1, "{process: closed, think: {exponential: 2s}}");
    request_record *r = run_policy(
        &ENGINE_TABLES, (const char *const[]){"platform.network={headers: yes, connection: {keep_alive: 1s}}", NULL},
        EDGE_ONLY);
    double quiet = -INFINITY;
    unsigned seen[3] = {0};
    for (int i = 0; i < REQUESTS; i++) {
        double gap = r[i].arrival - quiet;
        seen[gap > 2 ? 2 : gap > 1 ? 1 : 0]++;
        assert_within(r[i].promotion, gap > 2 ? 0.5 : 0, 1e-9);
        assert_within(r[i].connection, gap > 1 ? 0.04 : 0, 1e-9);
        assert_within(r[i].latency, r[i].promotion + r[i].connection + r[i].compute + 0.02 + 268e-6, 1e-9);
        assert_int_equal(r[i].bytes_up, 112);
        assert_int_equal(r[i].bytes_down, 156);
        quiet = r[i].arrival + r[i].latency;
    }
    for (int i = 0; i < 3; i++) assert_true(seen[i] > 30);
    free_records(r);
}

/* Who asks while a connection is being set up waits for the rest of it. */
TEST(a_connection_is_set_up_once) {
    scratch_file("access.yaml", SCENARIO, 1, "{process: poisson, rate: 200/s}");
    request_record *r = run_policy(
        &ENGINE_TABLES, (const char *const[]){NO_RADIO, "platform.network={connection: {keep_alive: 1h}}", NULL},
        EDGE_ONLY);
    double ready = r[0].arrival + 0.04;
    assert_near(r[0].connection, 0.04, 1e-12);
    assert_true(r[1].arrival < ready);
    for (int i = 1; i < REQUESTS; i++) assert_within(r[i].connection, fmax(0, ready - r[i].arrival), 1e-9);
    free_records(r);
}

/* ---- Many at once ---- */

typedef struct heard {
    double joules, until[PHONES];
    unsigned spans, held, states[RADIO_STATES];
    bool gap, after_last;
} heard;

static heard *ear; /* in shared memory */

static bool open_ear(void **self, const observed_run *run, portolan_error *err) {
    (void)run, (void)err;
    *self = ear;
    return true;
}

static bool hear(void *self, const event *e) {
    heard *h = self;
    h->held += e->kind == EVENT_HELD;
    if (e->kind != EVENT_RADIO) return true;
    for (size_t i = 0; i < e->radio->count; i++) {
        const radio_span *span = &e->radio->spans[i];
        h->gap = h->gap || span->from != h->until[e->radio->phone] || span->to <= span->from;
        h->until[e->radio->phone] = span->to;
        h->joules += span->joules;
        h->states[span->state]++;
        h->spans++;
    }
    return true;
}

static bool close_ear(void *self, bool ok, portolan_error *err) {
    (void)self, (void)err;
    return ok;
}

static const observer_type EAR = {.name = "ear",
                                  .hears = 1 << EVENT_RADIO | 1 << EVENT_HELD,
                                  .open = open_ear,
                                  .on = hear,
                                  .close = close_ear};

static const engine_tables *tables_with_ear(void) {
    static const observer_type *const OBSERVERS[] = {&RECORDS_OBSERVER, &EAR, NULL};
    static engine_tables tables;
    tables = ENGINE_TABLES;
    tables.observers = OBSERVERS;
    return &tables;
}

/* Every second of every radio is in one state, every joule of it is one request's. */
TEST(no_joule_is_lost_or_counted_twice) {
    static const size_t POLICIES_TRIED[] = {EDGE_ONLY, PHONE_ONLY, CONFIDENCE};
    scratch_file("access.yaml", SCENARIO, PHONES, "{process: poisson, rate: 0.5/s}");
    for (size_t i = 0; i < sizeof POLICIES_TRIED / sizeof *POLICIES_TRIED; i++) {
        ear = shared_alloc(sizeof *ear);
        request_record *r = run_policy(tables_with_ear(), NULL, POLICIES_TRIED[i]);
        double joules = 0, promotion = 0;
        for (int k = 0; k < REQUESTS; k++) {
            /* what escalates from the edge crosses no radio: of bytes_up only the phone's count, and are not known here */
            joules += r[k].radio_joules - (double)r[k].bytes_down * 2e-6;
            promotion += r[k].promotion;
            assert_true(r[k].promotion >= 0 && r[k].promotion < 1.2); /* up and, rarely, down */
            if (POLICIES_TRIED[i] == EDGE_ONLY) joules -= (double)r[k].bytes_up * 3e-6;
        }
        assert_false(ear->gap);
        if (POLICIES_TRIED[i] == EDGE_ONLY) {
            assert_near(joules, ear->joules, 1e-9);
            assert_true(ear->held > 50 && promotion > 10);
            for (int one = 0; one < RADIO_STATES; one++) assert_true(ear->states[one] > 0);
        } else if (POLICIES_TRIED[i] == PHONE_ONLY) {
            assert_int_equal(ear->spans, 0);
            assert_near(joules, 0, 0);
        } else {
            assert_true(joules > ear->joules && ear->spans > 0);
        }
        free_records(r);
        shared_free(ear, sizeof *ear);
    }
}

/* Ideal radios: nothing is held, a byte costs what the link says, and nothing else does. */
TEST(an_ideal_radio_is_always_awake) {
    scratch_file("access.yaml", SCENARIO, PHONES, "{process: poisson, rate: 0.5/s}");
    ear = shared_alloc(sizeof *ear);
    request_record *r = run_policy(tables_with_ear(), (const char *const[]){"platform.cells.c.radio=ideal", NULL},
                                   EDGE_ONLY);
    for (int k = 0; k < REQUESTS; k++) {
        assert_near(r[k].promotion, 0, 0);
        assert_near(r[k].radio_joules, 84e-6, 1e-9);
    }
    assert_int_equal(ear->spans + ear->held, 0);
    free_records(r);
    shared_free(ear, sizeof *ear);
}

/* ---- A policy that sees the radio ---- */

static uint32_t *radios; /* [REQUESTS], in shared memory */

static verdict note_radio(void *self, const observation *seen) {
    (void)self;
    radios[seen->request] = seen->device->radio;
    return policy_send(TIER_EDGE);
}

static const policy_type LISTENER = {
    .abi = POLICY_ABI,
    .name = "listener",
    .summary = "the edge, and notes what the radio does",
    .paper = "a test's",
    .needs = POLICY_NEEDS_LOAD,
    .route = note_radio,
};

/* One request after the other: by the time since the last answer the radio is in the first, second or third stage of its
 * tail, or asleep. */
TEST(a_policy_sees_the_radio) {
    request_record *r = shared_alloc(REQUESTS * sizeof *r);
    radios = shared_alloc(REQUESTS * sizeof *radios);
    scratch_file("access.yaml", SCENARIO, 1, "{process: closed, think: {exponential: 1s}}");
    simulation_job job = {.path = scratch_path("access.yaml"),
                          .sets = (const char *const[]){"policies=[listener]", NULL},
                          .take = take_records,
                          .into = r,
                          .policies = (const policy_type *const[]){&LISTENER, NULL}};
    simulation_finish(simulation_start_with(&ENGINE_TABLES, &job));
    double quiet = -INFINITY;
    unsigned seen[7] = {0};
    for (int i = 0; i < REQUESTS; i++) {
        double rests = r[i].arrival - quiet;
        assert_int_equal(radios[i], rests < 0.1 ? 4 : rests < 0.5 ? 5 : rests < 2 ? 6 : 1);
        seen[radios[i]]++;
        quiet = r[i].arrival + r[i].latency;
    }
    assert_true(seen[1] && seen[4] && seen[5] && seen[6]);
    shared_free(radios, REQUESTS * sizeof *radios);
    free_records(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(a_policy_sees_the_radio),
        cmocka_unit_test(connections_are_set_up_and_kept_alive),
        cmocka_unit_test(radio_connection_and_headers_add_up),
        cmocka_unit_test(a_connection_is_set_up_once),
        cmocka_unit_test(no_joule_is_lost_or_counted_twice),
        cmocka_unit_test(an_ideal_radio_is_always_awake),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
