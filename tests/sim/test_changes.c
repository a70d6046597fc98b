/* What changes while it is under way, to times worked out by hand: a link's capacity half way through a transfer, a place's
 * pace half way through an execution. Changes are made by disturbances of the test's own. */
#include <math.h>
#include <stdlib.h>

#include "simulate.h"

/* One phone, which is asked every ten seconds. */
static const char SCENARIO
    [] = "name: changes\n"
         "platform:\n"
         "  phones: [{name: p, count: 1, device: {speed: 1Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB}, cell: c}]\n"
         "  cells: [{name: c, link: {up: 8Mbps, down: 8Mbps, latency: 10ms}, site: s}]\n"
         "  sites: [{name: s, server: {speed: 4Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB},\n"
         "           backhaul: {up: 80Mbps, down: 80Mbps, latency: 10ms}, region: r}]\n"
         "  regions: [{name: r, server: {speed: 100Gf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB}}]\n"
         "workload: {arrivals: {process: constant, rate: 0.1/s}}\n"
         "model: {synthetic: {samples: 10}}\n"
         "tokens: 25\n"
         "split: {phone: 3, edge: 6, cloud: 12}\n"
         "policies: [phone-only]\n"
         "run: {requests: 3}\n";
enum { REQUESTS = 3 };

static void take_records(const simulated *run, void *into) {
    memcpy(into, run->records, run->count * sizeof *run->records);
}

static request_record *run_disturbed(const disturbance *by) {
    const engine_tables tables = {ENGINE_TABLES.disciplines, (const disturbance *const[]){by, NULL},
                                  ENGINE_TABLES.observers};
    request_record *records = shared_alloc(REQUESTS * sizeof *records);
    simulation_job job = {.path = scratch_file("changes.yaml", SCENARIO), .take = take_records, .into = records};
    simulation_finish(simulation_start_with(&tables, &job));
    return records;
}

static void stop_nothing(void *self) { (void)self; }

/* ---- A link ---- */

/* 1 MB from the site to the phone: 10 ms, then 1 s at 1 MB/s. After 510 ms half of it is left, at half the rate: 1 s. */
typedef struct transfer {
    subject sent, change;
    engine *e;
    double arrived;
    bool known, unknown;
} transfer;

static transfer *moved; /* in shared memory */

static void has_arrived(subject *self, world_event how, double now) {
    (void)self;
    if (how != WORLD_ARRIVED) abort();
    moved->arrived = now;
}

static void halve(subject *self, world_event how, double now) {
    (void)self, (void)how, (void)now;
    moved->known = engine_link_set(moved->e, "cell:c:down", 0.5e6, 0.010);
    moved->unknown = engine_link_set(moved->e, "cell:d:down", 0.5e6, 0.010);
}

static bool start_transfer(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    place *const way[] = {engine_place(e, TIER_EDGE, 0), engine_place(e, TIER_PHONE, 0)};
    *moved = (transfer){.sent = {has_arrived}, .change = {halve}, .e = e};
    return engine_send(e, 0, way, 1000000, &moved->sent) && engine_timer(e, 0.510, &moved->change);
}

TEST(a_link_slows_down_half_way) {
    static const disturbance SLOWER = {"slower-link", start_transfer, stop_nothing};
    moved = shared_alloc(sizeof *moved);
    shared_free(run_disturbed(&SLOWER), REQUESTS * sizeof(request_record));
    assert_true(moved->known);
    assert_false(moved->unknown);
    assert_near(moved->arrived, 0.010 + 0.5 + 1, 1e-9);
    shared_free(moved, sizeof *moved);
}

/* ---- A place ---- */

static struct pacing {
    subject slow, fast;
    engine *e;
    double at, alone;
} pacing;

static void slow_down(subject *self, world_event how, double now) {
    (void)self, (void)how, (void)now;
    engine_place_pace(pacing.e, engine_place(pacing.e, TIER_PHONE, 0), 0.5);
}

static void speed_up(subject *self, world_event how, double now) {
    (void)self, (void)how, (void)now;
    engine_place_pace(pacing.e, engine_place(pacing.e, TIER_PHONE, 0), 2);
}

/* Half the pace half way through the first request; twice that of the beginning from before the third. */
static bool start_pacing(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    pacing.slow = (subject){slow_down};
    pacing.fast = (subject){speed_up};
    pacing.e = e;
    return engine_timer(e, pacing.at + pacing.alone / 2, &pacing.slow) && engine_timer(e, pacing.at + 15, &pacing.fast);
}

TEST(a_place_slows_down_half_way) {
    static const disturbance PACING = {"pacing", start_pacing, stop_nothing};
    request_record *alone = run_disturbed(NULL);
    pacing.at = alone[0].arrival;
    pacing.alone = alone[0].latency;
    assert_true(pacing.alone > 0.1);
    assert_near(alone[1].latency, pacing.alone, 1e-9);
    request_record *paced = run_disturbed(&PACING);
    assert_near(paced[0].latency, 1.5 * pacing.alone, 1e-9); /* half of it, and the other half twice as long */
    assert_near(paced[1].latency, 2 * pacing.alone, 1e-9);
    assert_near(paced[2].latency, 0.5 * pacing.alone, 1e-9);
    for (int i = 0; i < REQUESTS; i++)
        assert_near(paced[i].phone_joules, paced[i].latency * 1, 1e-9); /* 1 W above idle */
    shared_free(alone, REQUESTS * sizeof *alone);
    shared_free(paced, REQUESTS * sizeof *paced);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_slows_down_half_way),
        cmocka_unit_test(a_place_slows_down_half_way),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
