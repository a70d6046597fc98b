/* Attempts that are computed together: a discipline of the test's own that serves pairs, against times worked out by hand,
 * with members that are cancelled on the way. */
#include <stdlib.h>

#include "simulate.h"

/* Every other sample has 20 tokens. The model is 100 wide (feed-forward 400): 10 tokens need 2.4604 MFLOP on the phone (1
 * layer, 1 exit) and 4.9004 at the edge (2 layers), 20 tokens 9.9404 there. The edge is of 4.9004 MFLOP/s, so that they need
 * 1 s and LONG; the phones are of 2.4604 MFLOP/s. */
static const char TABLE[] = "sample,label,tokens,exit1_p0,exit1_p1,exit2_p0,exit2_p1,exit3_p0,exit3_p1\n"
                            "0,1,10,0.1,0.9,0.1,0.9,0.1,0.9\n"
                            "1,1,%d,0.1,0.9,0.1,0.9,0.1,0.9\n";
static const char SCENARIO[] =
    "name: batches\n"
    "platform:\n"
    "  phones: [{name: p, count: 8, device: {speed: 2.4604Mf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB}, cell: c}]\n"
    "  cells: [{name: c, link: {up: 1Tbps, down: 1Tbps, latency: 10ms}, site: s}]\n"
    "  sites: [{name: s, server: {speed: 4.9004Mf, cores: 1, idle: 1W, busy: 11W, memory: 1GiB,\n"
    "           price: 1800USD/h}, backhaul: {up: 1Tbps, down: 1Tbps, latency: 10ms}, region: r}]\n"
    "  regions: [{name: r, server: {speed: 10Mf, cores: 1, idle: 1W, busy: 5W, memory: 1GiB}}]\n"
    "workload: {arrivals: {process: constant, fleet_rate: 10/s}, order: sequential}\n"
    "model: %s\n"
    "hidden: 100\n"
    "vocabulary: 100\n"
    "payload: {token: 1, answer: 1}\n"
    "split: {phone: 1, edge: 2, cloud: 3}\n"
    "policies: [edge-only]\n"
    "run: {requests: 4}\n";
enum { REQUESTS = 4 };
static const double LONG = 9.9404 / 4.9004, UP = 0.01, DOWN = 0.01;
#define TOLERANCE 1e-6 /* the bytes themselves need no more, each */

typedef struct kept {
    request_record records[REQUESTS];
    run_totals totals;
    double joules;
    unsigned told[EVENT_KINDS];
} kept;

static kept *left;

static int open_scenario(void **state) {
    left = shared_alloc(sizeof *left);
    return scratch_open(state);
}

static int close_scenario(void **state) {
    shared_free(left, sizeof *left);
    return scratch_close(state);
}

static void keep(const simulated *run, void *into) {
    kept *k = into;
    memcpy(k->records, run->records, sizeof k->records);
    k->totals = run->totals;
    for (int i = 0; i < REQUESTS; i++) k->joules += run->records[i].server_joules;
}

/* ---- Requests that are tried at their phones, too ---- */

static const double *tried_after; /* [REQUESTS] seconds after the arrival; 0: not */

typedef struct pending {
    subject base;
    request *of;
} pending;

static pending hedges[REQUESTS];

static void try_phone(subject *self, world_event how, double now) {
    (void)how, (void)now;
    request *r = ((pending *)self)->of;
    if (!engine_try_again(r->engine, r, TIER_PHONE)) abort();
}

static bool open_hedges(void **self, const observed_run *run, portolan_error *err) {
    (void)run, (void)err;
    *self = hedges;
    return true;
}

static bool hear(void *self, const event *e) {
    request *r = e->attempt->request;
    left->told[e->kind]++;
    if (e->kind != EVENT_ASKED || tried_after[r->number] == 0) return true;
    pending *p = (pending *)self + r->number;
    *p = (pending){{try_phone}, r};
    return engine_timer(r->engine, e->now + tried_after[r->number], &p->base);
}

static bool close_hedges(void *self, bool ok, portolan_error *err) {
    (void)self, (void)err;
    return ok;
}

static const observer_type HEDGES = {.name = "hedges",
                                     .hears = OBSERVE_ALL,
                                     .open = open_hedges,
                                     .on = hear,
                                     .close = close_hedges};

/* ---- Runs ---- */

static bool start_edge_loss(void **self, engine *e, portolan_error *err);
static void stop_nothing(void *self) { (void)self; }
static const disturbance EDGE_LOSS = {"edge-loss", start_edge_loss, stop_nothing};

/* Four requests, which arrive at .1, .2, .3, .4 s; the second and the fourth have `tokens`. */
static void run_pairs(int tokens, const double after[REQUESTS], const disturbance *by) {
    const observer_type *observers[16] = {&HEDGES};
    for (size_t i = 0; ENGINE_TABLES.observers[i]; i++) observers[i + 1] = ENGINE_TABLES.observers[i];
    const engine_tables tables = {(const discipline *const[]){&PAIRS, NULL}, (const disturbance *const[]){by, NULL},
                                  observers};
    scratch_file("table.csv", TABLE, tokens);
    const char *path = scratch_file("batches.yaml", SCENARIO, "table.csv");
    memset(left, 0, sizeof *left);
    tried_after = after;
    simulation_finish(simulation_start_with(&tables, &(simulation_job){.path = path, .take = keep, .into = left}));
}

static void assert_edge(int number, double end, double wait, double compute, double own) {
    const request_record *r = &left->records[number];
    assert_int_equal(r->tier, TIER_EDGE);
    assert_near(r->arrival + r->latency, end + DOWN, TOLERANCE);
    assert_near(r->wait[TIER_EDGE], wait, TOLERANCE);
    assert_near(r->compute, compute, TOLERANCE);
    assert_near(r->server_joules, 10 * own, TOLERANCE);
    assert_near(r->usd, 0.5 * own, TOLERANCE);
}

/* The phone has answered at `end`; `compute` and `own` at the edge came to nothing. */
static void assert_phone(int number, double end, double compute, double own) {
    const request_record *r = &left->records[number];
    assert_int_equal(r->tier, TIER_PHONE);
    assert_near(r->arrival + r->latency, end, TOLERANCE);
    assert_near(r->compute, 1 + compute, TOLERANCE);
    assert_near(r->server_joules, 10 * own, TOLERANCE);
    assert_near(r->usd, 0.5 * own, TOLERANCE);
}

/* Whatever the members pay, the core has been busy for so long, once. */
static void assert_busy(double seconds) {
    assert_near(left->totals.busy_seconds[TIER_EDGE], seconds, TOLERANCE);
    assert_near(left->joules, 10 * seconds, TOLERANCE);
    assert_int_equal(left->told[EVENT_DONE], REQUESTS);
}

/* Request 0 has the core from .1 to 1.1 (and the way there); then 1 and 2 wait for 2 s together, then 3. */
TEST(pairs) {
    run_pairs(10, (const double[REQUESTS]){0}, NULL);
    assert_edge(0, 1.1 + UP, 0, 1, 1);
    assert_edge(1, 3.1 + UP, 0.9, 2, 1);
    assert_edge(2, 3.1 + UP, 0.8, 2, 1);
    assert_edge(3, 4.1 + UP, 2.7, 1, 1);
    assert_busy(4);
}

/* Members pay by what they would need alone, LONG and 1. */
TEST(members_pay_by_their_own_seconds) {
    run_pairs(20, (const double[REQUESTS]){0}, NULL);
    double start = 1.1 + UP, end = start + LONG + 1;
    assert_edge(1, end, start - 0.2 - UP, LONG + 1, LONG);
    assert_edge(2, end, start - 0.3 - UP, LONG + 1, 1);
    assert_busy(1 + LONG + 1 + LONG);
}

/* The phone of request 1 has the answer at 2.1 + UP, when half of the 2 s are over: what is left is 2's alone, and ends when
 * it would have. */
TEST(the_first_member_is_detached) {
    run_pairs(10, (const double[REQUESTS]){0, 0.9 + UP, 0, 0}, NULL);
    assert_phone(1, 2.1 + UP, 1, 0.5);
    assert_edge(2, 3.1 + UP, 0.8, 2, 1.5);
    assert_edge(3, 4.1 + UP, 2.7, 1, 1);
    assert_busy(4);
    assert_int_equal(left->told[EVENT_CANCELLED], 1);
}

TEST(the_second_member_is_detached) {
    run_pairs(10, (const double[REQUESTS]){0, 0, 0.8 + UP, 0}, NULL);
    assert_edge(1, 3.1 + UP, 0.9, 2, 1.5);
    assert_phone(2, 2.1 + UP, 1, 0.5);
    assert_busy(4);
}

/* The last one takes the activity with it, and request 3 has the core at once, from 2.6 on. */
TEST(all_members_are_detached) {
    run_pairs(10, (const double[REQUESTS]){0, 0.9 + UP, 1.3 + UP, 0}, NULL);
    assert_phone(1, 2.1 + UP, 1, 0.5);
    assert_phone(2, 2.6 + UP, 1.5, 0.5 + 0.5);
    assert_edge(3, 3.6 + UP, 2.2, 1, 1);
    assert_busy(1 + 1.5 + 1);
    assert_int_equal(left->told[EVENT_COMPUTED], 1 + 1 + 2);
    assert_int_equal(left->told[EVENT_CANCELLED], 2);
}

/* Request 3 waits behind a pair when its phone has the answer. */
TEST(one_that_waits_is_cancelled) {
    run_pairs(10, (const double[REQUESTS]){0, 0, 0, 0.1}, NULL);
    assert_edge(1, 3.1 + UP, 0.9, 2, 1);
    assert_edge(2, 3.1 + UP, 0.8, 2, 1);
    assert_phone(3, 1.5, 0, 0);
    assert_near(left->records[3].wait[TIER_EDGE], 1.1 - UP, TOLERANCE);
    assert_busy(3);
}

/* ---- A site that fails ---- */

static subject loss;
static engine *lost_in;

static void lose_edge(subject *self, world_event how, double now) {
    (void)self, (void)how, (void)now;
    engine_place_set_up(lost_in, engine_place(lost_in, TIER_EDGE, 0), false);
    engine_place_set_up(lost_in, engine_place(lost_in, TIER_EDGE, 0), true);
}

static bool start_edge_loss(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    loss.on = lose_edge;
    lost_in = e;
    return engine_timer(e, 2.1 + UP, &loss);
}

/* At half time the site restarts: both members fail, and pay their halves; so does the one that waits. */
TEST(a_batch_fails_with_its_place) {
    run_pairs(10, (const double[REQUESTS]){0}, &EDGE_LOSS);
    for (int i = 1; i < REQUESTS; i++) {
        const request_record *r = &left->records[i];
        assert_int_equal(r->failure, FAILURE_SERVER);
        assert_near(r->arrival + r->latency, 2.1 + UP, TOLERANCE);
        assert_near(r->compute, i < 3 ? 1 : 0, TOLERANCE);
        assert_near(r->server_joules, i < 3 ? 5 : 0, TOLERANCE);
    }
    assert_near(left->records[3].wait[TIER_EDGE], 1.7, TOLERANCE); /* it waited until then */
    assert_busy(2);
    assert_int_equal(left->told[EVENT_LOST], 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),
        cmocka_unit_test(members_pay_by_their_own_seconds),
        cmocka_unit_test(the_first_member_is_detached),
        cmocka_unit_test(the_second_member_is_detached),
        cmocka_unit_test(all_members_are_detached),
        cmocka_unit_test(one_that_waits_is_cancelled),
        cmocka_unit_test(a_batch_fails_with_its_place),
    };
    return cmocka_run_group_tests(tests, open_scenario, close_scenario);
}
