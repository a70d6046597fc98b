/* Requests with more than one attempt: hedges and fallbacks, started by timers and observers of the tests' own, against
 * times worked out by hand; and many at random, of which nothing may be left over. */
#include <stdlib.h>

#include "simulate.h"

/* The model is 100 wide (feed-forward 400), and every sample has 10 tokens: a layer is 2.44 MFLOP, an exit .0204. So one
 * request needs 1 s on the phone (1 layer), 2 s at the edge (2 layers), .1 s in the cloud (4 layers).
 * Tokens are 20 bytes, an answer 64: 10.02 ms to the edge, 10.064 ms back. Arrivals are 10 s apart, at 10, 20, ... */
static const char
    TABLE[] = "sample,label,tokens,exit1_p0,exit1_p1,exit2_p0,exit2_p1,exit3_p0,exit3_p1,exit4_p0,exit4_p1\n"
              "0,1,10,0.1,0.9,0.1,0.9,0.1,0.9,0.1,0.9\n";
static const char SCENARIO[] =
    "name: attempts\n"
    "platform:\n"
    "  phones: [{name: p, count: 1, device: {speed: 2.4604Mf, cores: 1, idle: 1W, busy: 2W, memory: 1GiB}, cell: c}]\n"
    "  cells: [{name: c, link: {up: 8Mbps, down: 8Mbps, latency: 10ms}, site: s}]\n"
    "  sites: [{name: s, server: {speed: 2.4502Mf, cores: 1, idle: 1W, busy: 11W, memory: 1GiB},\n"
    "           backhaul: {up: 80Mbps, down: 80Mbps, latency: 10ms}, region: r}]\n"
    "  regions: [{name: r, server: {speed: 97.804Mf, cores: 4, idle: 1W, busy: 5W, memory: 1GiB}}]\n"
    "workload: {arrivals: {process: constant, fleet_rate: 0.1/s}}\n"
    "model: table.csv\n"
    "hidden: 100\n"
    "vocabulary: 100\n"
    "split: {phone: 1, edge: 2, cloud: 4}\n"
    "policies: [edge-only]\n"
    "output: {trace: paje}\n"
    "run: {requests: 3}\n";
enum { EDGE_ONLY };
enum { MOST = 400 };
#define UP   (0.01 + 20 / 1e6)
#define DOWN (0.01 + 64 / 1e6)

/* What a run leaves behind, in shared memory. */
typedef struct kept {
    uint64_t count;
    request_record records[MOST];
    unsigned told[EVENT_KINDS];
    unsigned let_go; /* of those that are cancelled: messages that were held, and attempts between two slices */
} kept;

static kept *left;
static char scenario_path[SCRATCH_PATH];

static int open_scenario(void **state) {
    if (scratch_open(state) != 0) return -1;
    scratch_file("table.csv", "%s", TABLE);
    snprintf(scenario_path, sizeof scenario_path, "%s", scratch_file("attempts.yaml", "%s", SCENARIO));
    left = shared_alloc(sizeof *left);
    return 0;
}

static int close_scenario(void **state) {
    shared_free(left, sizeof *left);
    return scratch_close(state);
}

static void keep(const simulated *run, void *into) {
    kept *k = into;
    k->count = run->count;
    memcpy(k->records, run->records, run->count * sizeof *run->records);
}

/* ---- Who starts attempts ---- */

/* Another attempt at a tier, so long after the request has arrived. */
typedef struct hedge {
    uint64_t request;
    double after;
    tier to;
} hedge;

typedef struct pending {
    subject base;
    request *of; /* NULL: it has ended */
    hedge wanted;
} pending;

static const hedge *wanted_hedges; /* ends with after == 0 */
static pending hedges[4 * MOST];
static bool falls_back; /* to the phone, when the first attempt has failed */

static void start_hedge(subject *self, world_event how, double now) {
    (void)how, (void)now;
    pending *p = (pending *)self;
    if (p->of && !engine_try_again(p->of->engine, p->of, p->wanted.to)) abort();
}

static bool open_hedges(void **self, const observed_run *run, portolan_error *err) {
    (void)run, (void)err;
    *self = hedges;
    return true;
}

static bool hear(void *self, const event *e) {
    (void)self;
    request *r = e->attempt->request;
    left->told[e->kind]++;
    attempt_state state = e->attempt->state;
    left->let_go += e->kind == EVENT_CANCELLED && (state == ATTEMPT_HELD || state == ATTEMPT_STAYS);
    for (size_t i = 0; wanted_hedges && wanted_hedges[i].after > 0; i++) {
        if (wanted_hedges[i].request != r->number) continue;
        if (e->kind == EVENT_DONE) hedges[i].of = NULL;
        if (e->kind != EVENT_ASKED) continue;
        hedges[i] = (pending){{start_hedge}, r, wanted_hedges[i]};
        engine_timer(r->engine, e->now + wanted_hedges[i].after, &hedges[i].base);
    }
    if (falls_back && e->kind == EVENT_FAILED && e->attempt->number == 0)
        return engine_try_again(r->engine, r, TIER_PHONE);
    return true;
}

static bool close_hedges(void *self, bool ok, portolan_error *err) {
    (void)self, (void)err;
    return ok;
}

static const observer_type HEDGES = {.name = "hedges",
                                     .hears = OBSERVE_ATTEMPTS,
                                     .open = open_hedges,
                                     .on = hear,
                                     .close = close_hedges};

/* The edge site is away from the beginning. */
static bool start_away(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    engine_place_set_up(e, engine_place(e, TIER_EDGE, 0), false);
    return true;
}

static void stop_nothing(void *self) { (void)self; }

static const disturbance AWAY = {"away", start_away, stop_nothing};

/* Looks at the load, so that it is asked exit by exit, and then does anything. */
static verdict waver_first(void *self, const observation *seen) {
    (void)self;
    return policy_send((tier)(3 * policy_uniform(seen)));
}

static verdict waver(void *self, const observation *seen) {
    (void)self;
    double drawn = policy_uniform(seen);
    if (drawn < 0.3) return (verdict){.kind = VERDICT_ANSWER};
    if (drawn < 0.7 || seen->at == TIER_CLOUD) return (verdict){.kind = VERDICT_CONTINUE};
    return (verdict){.kind = VERDICT_SEND, .to = (tier)(seen->at + 1), .hidden = drawn < 0.8};
}

static const policy_type WAVERING = {
    .abi = POLICY_ABI,
    .name = "wavering",
    .summary = "anything",
    .paper = "a test's",
    .needs = POLICY_NEEDS_LOAD | POLICY_NEEDS_EVERY_EXIT,
    .options = (const policy_option[]){{0}},
    .size = 1,
    .route = waver_first,
    .after_exit = waver,
};

/* Runs with the program's observers and the hedges; the trace goes to the scratch folder, under `name`. */
static void run(const char *name, size_t policy, const char *const *sets, const discipline *serving,
                const disturbance *by) {
    const observer_type *observers[16] = {&HEDGES};
    for (size_t i = 0; ENGINE_TABLES.observers[i]; i++) observers[i + 1] = ENGINE_TABLES.observers[i];
    const engine_tables tables = {(const discipline *const[]){serving, NULL}, (const disturbance *const[]){by, NULL},
                                  observers};
    simulation_job job = {.path = scenario_path,
                          .sets = sets,
                          .policies = (const policy_type *const[]){&WAVERING, NULL},
                          .policy = policy,
                          .take = keep,
                          .into = left,
                          .out = scratch_path(name)};
    memset(left, 0, sizeof *left);
    simulation_finish(simulation_start_with(&tables, &job));
}

static const request_record *run_hedged(const char *name, const hedge *hedged) {
    wanted_hedges = hedged;
    run(name, EDGE_ONLY, NULL, &FIFO, NULL);
    wanted_hedges = NULL;
    return left->records;
}

/* ---- By hand ---- */

static void assert_parts(const request_record *r, double latency, double under_way, double wait, double compute) {
    assert_near(r->latency, latency, 1e-9);
    assert_near(r->under_way, under_way, 1e-9);
    assert_near(record_wait(r), wait, 1e-9);
    assert_near(r->compute, compute, 1e-9);
}

/* Request 0 is answered by the phone, which began .5 s later, at 1.5 s; the edge, which would have needed until 2 s + the
 * way, has computed for 1.5 s - the way there. Request 1 meets a free core. */
TEST(the_first_answer_ends_what_is_computed) {
    const request_record *r = run_hedged("computed", (const hedge[]){{0, 0.5, TIER_PHONE}, {0}});
    double at_edge = 1.5 - UP;
    assert_parts(&r[0], 1.5, 1.5 + 1, 0, 1 + at_edge);
    assert_int_equal(r[0].tier, TIER_PHONE);
    assert_int_equal(r[0].exit, 1);
    assert_int_equal(r[0].bytes_up, 20);
    assert_int_equal(r[0].bytes_down, 0);
    assert_near(r[0].phone_joules, 1, 1e-9);
    assert_near(r[0].server_joules, 10 * at_edge, 1e-9);
    assert_near(r[0].cost, 1 / 12.0 + 3 / 12.0, 1e-9); /* layers that came to nothing cost nothing */
    assert_parts(&r[1], UP + 2 + DOWN, UP + 2 + DOWN, 0, 2);
    assert_int_equal(r[1].tier, TIER_EDGE);
    assert_int_equal(left->told[EVENT_CANCELLED], 1);
    assert_int_equal(left->told[EVENT_DONE], 3);
}

/* The phone begins 1.5 s later, and the edge answers first. */
TEST(the_first_attempt_may_win) {
    const request_record *r = run_hedged("first", (const hedge[]){{0, 1.5, TIER_PHONE}, {0}});
    double end = UP + 2 + DOWN;
    assert_parts(&r[0], end, end + end - 1.5, 0, 2 + end - 1.5);
    assert_int_equal(r[0].tier, TIER_EDGE);
}

/* Two at the phone: the second waits for the first one's core, and must not get it when that has answered. */
TEST(the_first_answer_ends_what_waits) {
    const request_record *r = run_hedged("waits", (const hedge[]){{0, 0.5, TIER_PHONE}, {0, 0.7, TIER_PHONE}, {0}});
    assert_parts(&r[0], 1.5, 1.5 + 1 + 0.8, 0.8, 1 + 1.5 - UP);
    assert_near(r[0].wait[TIER_PHONE], 0.8, 1e-9);
    assert_int_equal(left->told[EVENT_CANCELLED], 2);
    assert_int_equal(left->told[EVENT_COMPUTING], 1 + 3);
}

/* The edge's answer is on its way for 5 of its 10 ms when the phone has one. */
TEST(the_first_answer_ends_what_travels) {
    double at = UP + 2 + 0.005;
    const request_record *r = run_hedged("travels", (const hedge[]){{0, at - 1, TIER_PHONE}, {0}});
    assert_parts(&r[0], at, at + 1, 0, 3);
    assert_int_equal(r[0].tier, TIER_PHONE);
    assert_int_equal(r[0].bytes_down, 64);
    assert_int_equal(left->told[EVENT_ARRIVED], left->told[EVENT_SENDING] - 1);
}

/* Three at the cloud, begun at once, computed on three cores at once, answered at once: one of them is the first. They share
 * the cell and the uplink, so that 60 bytes cross each link (the cell is the narrower one) before any has arrived. */
TEST(answers_of_the_same_instant) {
    const hedge three[] = {{0, 0.5, TIER_CLOUD}, {0, 0.5, TIER_CLOUD}, {0, 0.5, TIER_CLOUD}, {0}};
    const request_record *r = run_hedged("instant", three);
    double each = 0.02 + 60 / 1e6 + 0.1 + 0.02 + 3 * 64 / 1e6;
    assert_near(r[0].latency, 0.5 + each, 1e-9);
    assert_int_equal(r[0].tier, TIER_CLOUD);
    assert_int_equal(r[0].bytes_up, 20 + 3 * 20);
    assert_int_equal(r[0].bytes_down, 3 * 64);
    assert_int_equal(left->told[EVENT_CANCELLED], 3);
    assert_int_equal(left->told[EVENT_LOST], 0);
    assert_int_equal(left->told[EVENT_DONE], 3);
    assert_parts(&r[1], UP + 2 + DOWN, UP + 2 + DOWN, 0, 2); /* the network is as it was */
}

/* The site sends no answer: the first attempt ends at its door, and so does the second, .5 s later. */
TEST(the_last_failure_is_the_requests) {
    wanted_hedges = (const hedge[]){{0, UP / 2, TIER_EDGE}, {0}};
    run("fails", EDGE_ONLY, NULL, &FIFO, &AWAY);
    wanted_hedges = NULL;
    const request_record *r = left->records;
    assert_int_equal(r[0].failure, FAILURE_SERVER);
    assert_parts(&r[0], UP / 2 + UP, 2 * UP, 0, 0);
    assert_parts(&r[1], UP, UP, 0, 0);
    assert_int_equal(left->told[EVENT_FAILED], 4);
    assert_int_equal(left->told[EVENT_DONE], 3);
}

TEST(a_fallback_answers) {
    falls_back = true;
    run("fallback", EDGE_ONLY, NULL, &FIFO, &AWAY);
    falls_back = false;
    for (int i = 0; i < 3; i++) {
        const request_record *r = &left->records[i];
        assert_int_equal(r->failure, FAILURE_NONE);
        assert_int_equal(r->tier, TIER_PHONE);
        assert_parts(r, UP + 1, UP + 1, 0, 1);
    }
    assert_int_equal(left->told[EVENT_FAILED], 3);
}

/* ---- At random ---- */

static double draw(void) { return rand() / (RAND_MAX + 1.0); }

/* One to three attempts more for half of the requests. */
static void draw_hedges(hedge *into) {
    for (uint64_t i = 0; i < MOST; i += 2)
        for (int k = 0; k < 3; k++)
            if (k == 0 || draw() < 0.5) *into++ = (hedge){i, 1e-3 + draw(), (tier)(3 * draw())};
    *into = (hedge){0};
}

/* A site that is away now and then. */
typedef struct flicker {
    subject base;
    engine *e;
    bool up;
} flicker;

static flicker flickering;

static void change(subject *self, world_event how, double now) {
    (void)self, (void)how;
    flickering.up = !flickering.up;
    engine_place_set_up(flickering.e, engine_place(flickering.e, TIER_EDGE, 0), flickering.up);
    engine_timer(flickering.e, now + 7 * draw(), &flickering.base);
}

static bool start_flicker(void **self, engine *e, portolan_error *err) {
    (void)self, (void)err;
    flickering = (flicker){{change}, e, true};
    return engine_timer(e, 5, &flickering.base);
}

static const disturbance FLICKER = {"flicker", start_flicker, stop_nothing};

/* In a Paje trace, each container's states are popped as often as they are pushed, and never before; a core computes so many `at_once` at
 * most. */
static void assert_nested(const char *path, int at_once) {
    enum { CONTAINERS = 4096 };
    static struct {
        char name[32];
        int depth;
    } known[CONTAINERS];
    size_t count = 0, pushed = 0;
    char line[512];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char name[32];
        int code;
        if (sscanf(line, "%d %*f %*s %31s", &code, name) != 2 || (code != 7 && code != 8)) continue;
        size_t i = 0;
        while (i < count && strcmp(known[i].name, name) != 0) i++;
        assert_true(i < CONTAINERS);
        if (i == count) snprintf(known[count++].name, sizeof known->name, "%s", name);
        if (i == count - 1 && known[i].depth < 0) known[i].depth = 0;
        known[i].depth += code == 7 ? 1 : -1;
        pushed += code == 7;
        assert_true(known[i].depth >= 0);
        assert_true(name[0] == 'r' || known[i].depth <= at_once);
    }
    assert_int_equal(fclose(f), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(known[i].depth, 0);
        known[i].name[0] = 0;
    }
    assert_true(pushed > MOST);
}

/* The text behind `key` in the line, up to the next quote. */
static bool value_of(const char *line, const char *key, char into[32]) {
    const char *found = strstr(line, key);
    return found && sscanf(found + strlen(key), "%31[^\"]", into) == 1;
}

/* In a Chrome trace, the spans of each id end as often as they begin, and never before. Attempts have ids of their own. */
static void assert_spans(const char *path) {
    enum { IDS = 8 * MOST };
    static struct {
        char id[32];
        int depth;
    } known[IDS];
    size_t count = 0;
    unsigned cancelled = 0;
    char line[1024], id[32], phase[32];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (!value_of(line, "\"id\":\"", id) || !value_of(line, "\"ph\":\"", phase) || phase[0] == 'n') continue;
        size_t i = 0;
        while (i < count && strcmp(known[i].id, id) != 0) i++;
        assert_true(i < IDS);
        if (i == count) {
            snprintf(known[count].id, sizeof known->id, "%s", id);
            known[count++].depth = 0;
        }
        known[i].depth += phase[0] == 'b' ? 1 : -1;
        assert_true(known[i].depth >= 0);
        cancelled += phase[0] == 'e' && strstr(line, "\"ended\":\"cancelled\"");
    }
    assert_int_equal(fclose(f), 0);
    for (size_t i = 0; i < count; i++) assert_int_equal(known[i].depth, 0);
    assert_true(count > MOST); /* requests, and attempts behind the first */
    assert_true(cancelled > 10);
}

/* The phones' radios, if they have states: bytes cost nothing, and the run's end may cut a tail of each. */
enum { PHONES = 3 };
static const double TAIL_JOULES = 0.1;

static double radio_joules_of_records(void) {
    double sum = 0;
    for (uint64_t i = 0; i < left->count; i++) sum += left->records[i].radio_joules;
    return sum;
}

/* In a CSV trace, the phases of each attempt behind the first fill it; the first one's are within the request's life. What
 * radios cost is what the records say. */
static void assert_filled(const char *path) {
    enum { ATTEMPTS = 16, EVENT = 0, DURATION = 2, REQUEST = 3, NOTE = 12, VALUE = 13, ATTEMPT = 15, FIELDS = 16 };
    static const char PHASES[] = " queued computing promotion turn connection sending ";
    static double filled[MOST][ATTEMPTS];
    memset(filled, 0, sizeof filled);
    unsigned cancelled = 0, attempts = 0;
    double joules = 0;
    char line[1024], phase[64];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *fields[FIELDS] = {line}, *next = line;
        for (int i = 1; i < FIELDS && (next = strchr(next, ',')); i++) {
            *next++ = '\0';
            fields[i] = next;
        }
        assert_non_null(fields[ATTEMPT]);
        if (strcmp(fields[EVENT], "radio") == 0) joules += strtod(fields[VALUE], NULL);
        if (*fields[ATTEMPT] < '1' || *fields[ATTEMPT] > '9') continue;
        long request_number = strtol(fields[REQUEST], NULL, 10), number = strtol(fields[ATTEMPT], NULL, 10) - 1;
        double duration = strtod(fields[DURATION], NULL);
        assert_true(request_number < MOST && number < ATTEMPTS);
        snprintf(phase, sizeof phase, " %.40s ", fields[EVENT]);
        if (strstr(PHASES, phase)) filled[request_number][number] += duration;
        if (strcmp(fields[EVENT], "attempt") == 0) {
            assert_near(filled[request_number][number], duration, 1e-7);
            cancelled += strcmp(fields[NOTE], "cancelled") == 0;
            attempts++;
        }
        if (strcmp(fields[EVENT], "answered") == 0) assert_true(filled[request_number][0] <= duration + 1e-7);
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(attempts, left->told[EVENT_TRIED]);
    assert_near(joules, radio_joules_of_records(), PHONES * TAIL_JOULES);
    assert_true(cancelled > 10);
}

static unsigned count_answered(void) {
    unsigned n = 0;
    for (uint64_t i = 0; i < left->count; i++) n += left->records[i].failure == FAILURE_NONE;
    return n;
}

static void assert_sound(bool disturbed) {
    const unsigned *told = left->told;
    unsigned answered = count_answered();
    assert_int_equal(left->count, MOST);
    assert_int_equal(told[EVENT_ASKED], MOST);
    assert_int_equal(told[EVENT_DONE], MOST);
    assert_true(told[EVENT_TRIED] > MOST / 4);
    assert_int_equal(told[EVENT_ASKED] + told[EVENT_TRIED], answered + told[EVENT_CANCELLED] + told[EVENT_FAILED]);
    assert_int_equal(told[EVENT_COMPUTING] + told[EVENT_SENDING] + told[EVENT_QUEUED] + left->let_go,
                     told[EVENT_COMPUTED] + told[EVENT_ARRIVED] + told[EVENT_DEQUEUED] + told[EVENT_LOST] +
                         told[EVENT_CANCELLED]);
    assert_true(told[EVENT_COMPUTING] >=
                told[EVENT_ENTERED] + told[EVENT_DEQUEUED]); /* more: slices behind each other */
    assert_int_equal(told[EVENT_LOST] > 0, disturbed);
    for (uint64_t i = 0; i < left->count; i++) {
        const request_record *r = &left->records[i];
        assert_true(r->under_way >= r->latency * (1 - 1e-9));
        assert_true(r->under_way >= (record_wait(r) + r->compute) * (1 - 1e-9));
    }
}

static void assert_nested_alone(const char *path) { assert_nested(path, 1); }
static void assert_nested_in_pairs(const char *path) { assert_nested(path, 2); }

enum { POLICY_COUNT = 4 };

/* Whatever begins ends, whatever is refused, lost or cancelled in between, and each format of traces shows it so. */
static void check_at_random(const char *const *sets, const discipline *served, const disturbance *by, unsigned round) {
    static hedge drawn[4 * MOST];
    const struct {
        const char *format;
        void (*check)(const char *path);
    } TRACES[] = {{"paje", served == &PAIRS ? assert_nested_in_pairs : assert_nested_alone},
                  {"chrome", assert_spans},
                  {"csv", assert_filled}};
    const char *with[16] = {NULL};
    char name[64], file[SCRATCH_PATH], format[64];
    size_t n = 0;
    for (; sets[n]; n++) with[n] = sets[n];
    with[n] = format;
    srand(round);
    draw_hedges(drawn);
    wanted_hedges = drawn;
    for (size_t i = 0; i < sizeof TRACES / sizeof *TRACES; i++) {
        snprintf(format, sizeof format, "output.trace=%s", TRACES[i].format);
        snprintf(name, sizeof name, "random-%s-%u", TRACES[i].format, round);
        run(name, round % POLICY_COUNT, with, served, by);
        assert_sound(by != NULL);
        snprintf(file, sizeof file, "%s/trace-%u.part", scratch_path(name), round % POLICY_COUNT);
        TRACES[i].check(file);
    }
    wanted_hedges = NULL;
}

/* Under load, with queues that are short. */
TEST(many_attempts_at_random) {
    static const char *const sets[] = {"run.requests=400",
                                       "policies=[edge-only, phone-only, {confidence: {threshold: 0.95}}, wavering]",
                                       "split={phone: 2, edge: 3, cloud: 4}",
                                       "workload.arrivals={process: poisson, fleet_rate: 0.7/s}",
                                       "platform.sites.s.queue=3",
                                       "platform.phones.p.count=3",
                                       NULL};
    for (unsigned round = 0; round < 2 * POLICY_COUNT; round++)
        check_at_random(sets, &FIFO, round >= POLICY_COUNT ? &FLICKER : NULL, round);
    for (unsigned round = 8 * POLICY_COUNT; round < 10 * POLICY_COUNT; round++)
        check_at_random(sets, &PAIRS, round >= 9 * POLICY_COUNT ? &FLICKER : NULL, round);
}

/* The same where radios sleep, connections are set up, and executions have a fixed cost: messages are cancelled while they are
 * held too. */
TEST(many_attempts_where_radios_sleep) {
    static const char *const sets[] = {
        "run.requests=400",
        "policies=[edge-only, phone-only, {confidence: {threshold: 0.95}}, wavering]",
        "split={phone: 2, edge: 3, cloud: 4}",
        "workload.arrivals={process: poisson, fleet_rate: 0.7/s}",
        "platform.sites.s.queue=3",
        "platform.phones.p.count=3",
        "platform.sites.s.server.call=200ms",
        "platform.cells.c={name: c, site: s, radio: states, link: {up: 8Mbps, down: 8Mbps, latency: 10ms, radio: {promotion: "
        "700ms, promotion_power: 2W, active_power: 1W, delay_up: 100ms, continuous: 100ms, continuous_power: 1W}}}",
        "platform.network={connection: {transport: tcp, tls: yes, keep_alive: 1s}}",
        NULL};
    unsigned let_go = 0;
    for (unsigned round = 2 * POLICY_COUNT; round < 4 * POLICY_COUNT; round++) {
        check_at_random(sets, &FIFO, round >= 3 * POLICY_COUNT ? &FLICKER : NULL, round);
        let_go += left->let_go;
    }
    assert_true(let_go > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_answer_ends_what_is_computed),
        cmocka_unit_test(the_first_attempt_may_win),
        cmocka_unit_test(the_first_answer_ends_what_waits),
        cmocka_unit_test(the_first_answer_ends_what_travels),
        cmocka_unit_test(answers_of_the_same_instant),
        cmocka_unit_test(the_last_failure_is_the_requests),
        cmocka_unit_test(a_fallback_answers),
        cmocka_unit_test(many_attempts_at_random),
        cmocka_unit_test(many_attempts_where_radios_sleep),
    };
    return cmocka_run_group_tests(tests, open_scenario, close_scenario);
}
