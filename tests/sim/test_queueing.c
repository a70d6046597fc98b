/* Queues against queueing theory: one server fed by Poisson arrivals, on a phone and at an edge site, several
 * cores, and closed loops. With the seeds fixed, a mean that is off says that the simulation has changed.
 *
 * The mean over n requests has an error of its own. For the wait in M/M/1 its standard deviation, as a part
 * of the mean, is sqrt((2 + 5 rho - 4 rho^2 + rho^3) / (rho n)) / (1 - rho) (Whitt, Management Science
 * 35:1341, 1989). In heavy traffic that of M/M/c is the same, and that of M/D/1 smaller by sqrt((1 + c_s^2) /
 * 2), c_s being the service's coefficient of variation. At rho = .9 and n = 4e6, M/M/1 has 1.05 %. */
#include "simulate.h"

#ifdef PORTOLAN_SANITIZE
enum { REDUCTION = 10 }; /* a tenth of the requests; the tolerance grows with their standard deviation */
#else
enum { REDUCTION = 1 };
#endif

/* One layer of the default width on 16 tokens, and its exit. */
static const model_shape SHAPE = {.layers = 1, .hidden = 768, .feed_forward = 4 * 768, .classes = 2, .vocabulary = 1};
enum { TOKENS = 16 };

static double request_flops(void) { return model_layer_flops(&SHAPE, 1, TOKENS) + model_exit_flops(&SHAPE); }

/* The mean service time of every case, in seconds. */
static const double SERVICE = 0.2;

/* 1 ms each way, and so much bandwidth that no flow meets another; tcp_gamma / (2 x 1 ms) = 5e17 B/s leaves
 * it alone. */
static const char SCENARIO[] = "name: queue\n"
                               "platform:\n"
                               "  network: {tcp_gamma: 1e15B}\n"
                               "  phones:\n"
                               "    - {name: phone, count: %u, cell: cell,\n"
                               "       device: {speed: %.17gf, cores: 1, idle: 0W, busy: 0W, memory: 1GB}}\n"
                               "  cells: [{name: cell, site: site, link: {up: 1e15Bps, down: 1e15Bps, latency: 1ms}}]\n"
                               "  sites:\n"
                               "    - {name: site, region: cloud, queue: 1e9, backhaul: test-wire,\n"
                               "       server: {speed: %.17gf, cores: %u, idle: 0W, busy: 0W, memory: 1GB}}\n"
                               "  regions: [{name: cloud, server: test-cloud}]\n"
                               "workload: {arrivals: {%s}}\n"
                               "model: {synthetic: {samples: 2, layers: 1, work: %s}}\n"
                               "tokens: 16\n"
                               "vocabulary: 1\n"
                               "split: {phone: 1, edge: 1, cloud: 1}\n"
                               "policies: [%s]\n"
                               "run: {requests: %llu}\n"
                               "output: {requests: none}\n";

/* What is kept of a run. */
typedef struct means {
    double sojourn, wait, service; /* seconds; the network's share of the latency is in none of them */
    double network_least, network_most;
    double throughput; /* requests per second from the start to the last answer */
    double late;       /* closed and constant: largest deviation of an arrival from its time by hand */
} means;

static void take_means(const simulated *run, void *into) {
    means *m = into;
    *m = (means){.network_least = HUGE_VAL, .network_most = -HUGE_VAL};
    double n = (double)run->count;
    for (uint64_t i = 0; i < run->count; i++) {
        const request_record *r = &run->records[i];
        double network = r->latency - record_wait(r) - r->compute;
        m->wait += record_wait(r) / n;
        m->service += r->compute / n;
        m->network_least = fmin(m->network_least, network);
        m->network_most = fmax(m->network_most, network);
    }
    m->sojourn = m->wait + m->service;
    m->throughput = n / run->totals.window_end;
}

/* ---- The cases ---- */

typedef struct open_case {
    const char *name, *place; /* place: phone-only or edge-only */
    const char *work;         /* exponential or constant */
    unsigned phones, cores;
    double load; /* utilisation rho */
    double requests;
} open_case;

static const open_case OPEN[] = {
    /* the longest first, two at a time */
    {"M/M/1", "phone-only", "exponential", 1, 1, 0.9, 4e6},
    {"M/D/1", "phone-only", "constant", 1, 1, 0.9, 4e6},
    {"M/M/1, edge", "edge-only", "exponential", 1000, 1, 0.8, 1e6},
    {"M/M/4, edge", "edge-only", "exponential", 1000, 4, 0.8, 1e6},
    {"M/M/1", "phone-only", "exponential", 1, 1, 0.6, 1e6},
    {"M/D/1", "phone-only", "constant", 1, 1, 0.6, 1e6},
    {"M/M/1", "phone-only", "exponential", 1, 1, 0.3, 1e6},
    {"M/D/1", "phone-only", "constant", 1, 1, 0.3, 1e6},
};
enum { OPEN_COUNT = sizeof OPEN / sizeof *OPEN, CASE_COUNT = OPEN_COUNT + 2 };

enum { THINKERS = 12, CLOSED_REQUESTS = 400000 / REDUCTION, TURNS = 1000 };
static const double THINK = 1;         /* mean, of the thinkers */
static const double SHORT_THINK = 0.5; /* constant, of the single phone */

static means *results; /* [CASE_COUNT], shared: the open cases, the thinkers, the single phone */

static uint64_t open_requests(const open_case *c) { return (uint64_t)c->requests / REDUCTION; }

/* A scenario of the case's phones, cores, work and place, as file number i. */
static const char *write_scenario(size_t i, const open_case *c, const char *arrivals, uint64_t requests) {
    char name[32];
    snprintf(name, sizeof name, "case-%zu.yaml", i);
    double speed = request_flops() / SERVICE;
    return scratch_file(name, SCENARIO, c->phones, speed, speed, c->cores, arrivals, c->work, c->place,
                        (unsigned long long)requests);
}

static const char *write_open_case(size_t i) {
    const open_case *c = &OPEN[i];
    char arrivals[64];
    snprintf(arrivals, sizeof arrivals, "process: poisson, fleet_rate: %.17g/s", c->load * c->cores / SERVICE);
    return write_scenario(i, c, arrivals, open_requests(c));
}

/* The k-th request of the single phone comes after k + 1 thoughts and k services. */
static void take_turns(const simulated *run, void *into) {
    take_means(run, into);
    means *m = into;
    for (uint64_t k = 0; k < run->count; k++) {
        double wanted = (double)(k + 1) * SHORT_THINK + (double)k * SERVICE;
        m->late = fmax(m->late, fabs(run->records[k].arrival - wanted));
    }
}

static int run_everything(void **state) {
    if (scratch_open(state) != 0) return -1;
    simulation_job jobs[CASE_COUNT] = {{0}};
    static char paths[CASE_COUNT][SCRATCH_PATH];
    results = shared_alloc(CASE_COUNT * sizeof *results);
    const open_case thinkers = {.place = "edge-only", .work = "exponential", .phones = THINKERS, .cores = 1},
                    single = {.place = "phone-only", .work = "constant", .phones = 1, .cores = 1};
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const char *path = i < OPEN_COUNT    ? write_open_case(i)
                           : i == OPEN_COUNT ? write_scenario(i, &thinkers, "process: closed, think: {exponential: 1s}",
                                                              CLOSED_REQUESTS)
                                             : write_scenario(i, &single, "process: closed, think: 500ms", TURNS);
        snprintf(paths[i], sizeof paths[i], "%s", path);
        jobs[i] = (simulation_job){.path = paths[i], .take = take_means, .into = &results[i]};
    }
    jobs[OPEN_COUNT + 1].take = take_turns;
    return simulations_run(jobs, CASE_COUNT, 2) ? 0 : -1;
}

static int tidy_up(void **state) {
    shared_free(results, CASE_COUNT * sizeof *results);
    return scratch_close(state);
}

/* ---- Theory ---- */

/* The probability of waiting in M/M/c with a load of a = lambda S: Erlang's C from his B, B(k) = a B(k-1) /
 * (k + a B). */
static double erlang_c(unsigned cores, double a) {
    double b = 1;
    for (unsigned k = 1; k <= cores; k++) b = a * b / (k + a * b);
    return b / (1 - a / cores * (1 - b));
}

static bool is_constant(const open_case *c) { return strcmp(c->work, "constant") == 0; }

/* M/M/c: C S / (c (1 - rho)), which for c = 1 is rho S / (1 - rho). M/D/1, by Pollaczek and Khinchine: half
 * of that. */
static double mean_wait(const open_case *c) {
    double wait = erlang_c(c->cores, c->load * c->cores) * SERVICE / (c->cores * (1 - c->load));
    return is_constant(c) ? wait / 2 : wait;
}

static double mean_sojourn(const open_case *c) { return SERVICE + mean_wait(c); }

/* Of the mean sojourn: see the head of this file. */
static double standard_deviation(const open_case *c) {
    double rho = c->load, n = (double)open_requests(c), variation = is_constant(c) ? 0 : 1;
    double polynomial = 2 + 5 * rho - 4 * rho * rho + rho * rho * rho;
    double of_wait = mean_wait(c) * sqrt(polynomial / rho / n) / (1 - rho) * sqrt((1 + variation) / 2);
    return hypot(of_wait, SERVICE * variation / sqrt(n));
}

TEST(theory_agrees_with_itself) {
    assert_near(erlang_c(1, 0.7), 0.7, 1e-15);
    /* c = 2, a = 1: B = (1/2) / (1 + 1 + 1/2) = 1/5, C = (1/5) / (1 - (1/2)(4/5)) = 1/3 */
    assert_near(erlang_c(2, 1), 1.0 / 3, 1e-15);
    assert_near(mean_sojourn(&(open_case){.work = "exponential", .cores = 1, .load = 0.9}), SERVICE / 0.1, 1e-14);
    assert_near(mean_sojourn(&(open_case){.work = "constant", .cores = 1, .load = 0.5}), 1.5 * SERVICE, 1e-14);
}

TEST(open_queues) {
    for (size_t i = 0; i < OPEN_COUNT; i++) {
        const open_case *c = &OPEN[i];
        const means *m = &results[i];
        double wanted = mean_sojourn(c), tolerance = 0.02;
        if (REDUCTION > 1) tolerance = fmax(tolerance, 4 * standard_deviation(c) / wanted);
        print_message("%-12s rho %.1f: sojourn %.6g s, theory %.6g s, %+.2f %% (allowed %.1f %%)\n", c->name, c->load,
                      m->sojourn, wanted, 100 * (m->sojourn / wanted - 1), 100 * tolerance);
        assert_near(m->sojourn, wanted, tolerance);
        /* Exp(1) draws have mean 1 within 4 / sqrt(n); constant ones are exact */
        double noise = is_constant(c) ? 1e-9 : 4 / sqrt((double)open_requests(c));
        assert_near(m->service, SERVICE, noise);
    }
}

/* What is neither wait nor service is the network's, the same for every request: none on the phone; 1 ms each
 * way to the edge and nanoseconds for the bytes. */
TEST(the_network_is_a_constant) {
    for (size_t i = 0; i < OPEN_COUNT; i++) {
        double wanted = strcmp(OPEN[i].place, "edge-only") == 0 ? 0.002 : 0;
        print_message("%-12s rho %.1f: network %.9g to %.9g s\n", OPEN[i].name, OPEN[i].load, results[i].network_least,
                      results[i].network_most);
        assert_within(results[i].network_least, wanted, 1e-8);
        assert_within(results[i].network_most, wanted, 1e-8);
    }
}

/* Exact mean value analysis (Reiser and Lavenberg, 1980) of one server and a delay, which is thought and
 * network. */
TEST(closed_loop_of_many_phones) {
    const means *m = &results[OPEN_COUNT];
    double queue = 0, response = 0, throughput = 0, delay = THINK + 0.002;
    for (int n = 1; n <= THINKERS; n++) {
        response = SERVICE * (1 + queue);
        throughput = n / (delay + response);
        queue = throughput * response;
    }
    print_message("MVA, %d phones: %.6g /s, theory %.6g, %+.2f %%; response %.6g s, theory %.6g, %+.2f %%\n", THINKERS,
                  m->throughput, throughput, 100 * (m->throughput / throughput - 1), m->sojourn, response,
                  100 * (m->sojourn / response - 1));
    double tolerance = 0.02 * sqrt(REDUCTION); /* errors shrink with the root of the number of requests */
    assert_near(m->throughput, throughput, tolerance);
    assert_near(m->sojourn, response, tolerance);
}

TEST(closed_loop_of_one_phone) {
    const means *m = &results[OPEN_COUNT + 1];
    assert_near(m->service, SERVICE, 1e-12);
    assert_near(m->wait, 0, 0);
    assert_within(m->late, 0, 1e-8);
    assert_near(m->throughput, 1 / (SHORT_THINK + SERVICE), 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theory_agrees_with_itself), cmocka_unit_test(open_queues),
        cmocka_unit_test(the_network_is_a_constant), cmocka_unit_test(closed_loop_of_many_phones),
        cmocka_unit_test(closed_loop_of_one_phone),
    };
    return cmocka_run_group_tests(tests, run_everything, tidy_up);
}
