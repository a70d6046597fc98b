/* What holds in every run, here in an overloaded one with short queues: no request is lost, all policies meet
 * the same requests, the summary follows from the rows, and nothing is negative or used more than there
 * is. */
#include "analysis/statistics/statistics.h"
#include "base/files.h"
#include "simulate.h"

/* Two edge sites of two cores carry 16 requests a second between them, the cloud 4; 20 a second arrive. */
static const char
    SCENARIO[] = "name: overload\n"
                 "seed: %d\n"
                 "platform:\n"
                 "  phones:\n"
                 "    - {name: fast, count: 12, cell: cell, device: test-phone}\n"
                 "    - {name: slow, count: 8, cell: cell, device: test-phone, speed: {lognormal: [0.5Gf, 0.3]},\n"
                 "       up: 2Mbps}\n"
                 "  cells: [{name: cell, count: 3, link: test-cell, site: site}]\n"
                 "  sites:\n"
                 "    - {name: site, count: 2, queue: 3, backhaul: test-wire, region: cloud,\n"
                 "       server: {speed: 1Gf, cores: 2, idle: 10W, busy: 20W, memory: 1GB, price: 0.36USD/h}}\n"
                 "  regions:\n"
                 "    - name: cloud\n"
                 "      queue: 2\n"
                 "      server: {speed: 2Gf, cores: 1, idle: 100W, busy: 200W, memory: 1GB, price: 3.6USD/h}\n"
                 "workload: {arrivals: {process: poisson, fleet_rate: 20/s}, order: shuffled}\n"
                 "model: {synthetic: {samples: 500, work: exponential}}\n"
                 "hidden: 256\n"
                 "vocabulary: 1000\n"
                 "split: {phone: 3, edge: 6, cloud: 12}\n"
                 "policies:\n"
                 "  - phone-only\n"
                 "  - edge-only\n"
                 "  - cloud-only\n"
                 "  - random\n"
                 "  - matched-random: {match: tiers}\n"
                 "  - confidence: {as: tiers}\n"
                 "  - confidence: {as: all-hidden, threshold: 0.9, exits: all, escalate: hidden}\n"
                 "  - entropy\n"
                 "  - patience: {patience: 2, exits: all}\n"
                 "  - oracle-cost\n"
                 "  - oracle-reward: {gain: true_label}\n"
                 "run: {requests: 2000, warmup: 0}\n";

static const double EDGE_CORES = 4, CLOUD_CORES = 1, PHONE_IDLE = 20, SERVER_IDLE = 2 * 10 + 100; /* watts */
static const double CLOUD_COST = 6.0 / 12 + 12.0 / 12;

/* ---- Rows of requests.csv ---- */

static const char HEADER[] =
    "policy,request,phone,sample,tokens,arrival_s,latency_s,wait_phone_s,wait_edge_s,wait_cloud_s,compute_s,call_s,network_s,"
    "promotion_s,connection_s,tier,exit,prediction,label,correct,cost,energy_active_phone_j,energy_active_radio_j,energy_active_tail_j,energy_active_server_j,"
    "bytes_up,bytes_down,price,failure\n";

enum { COLUMNS = 29, MAX_POLICIES = 16 };
enum {
    POLICY,
    REQUEST,
    PHONE,
    SAMPLE,
    TOKENS,
    ARRIVAL,
    LATENCY,
    WAIT_PHONE,
    WAIT_EDGE,
    WAIT_CLOUD,
    COMPUTE,
    CALL,
    NETWORK,
    PROMOTION,
    CONNECTION,
    TIER,
    EXIT,
    PREDICTION,
    LABEL,
    CORRECT,
    COST,
    ACTIVE_PHONE,
    ACTIVE_RADIO,
    ACTIVE_TAIL,
    ACTIVE_SERVER,
    BYTES_UP,
    BYTES_DOWN,
    PRICE,
    FAILURE
};

typedef struct row {
    char *fields[COLUMNS]; /* point into the text */
} row;

typedef struct rows {
    char *text;
    row *of[MAX_POLICIES]; /* by policy, in the order of the file */
    size_t policies, each;
} rows;

static double value(const row *r, int column) { return strtod(r->fields[column], NULL); }

static bool failed(const row *r) { return *r->fields[FAILURE] != '\0'; }

static void split_line(char *line, row *r) {
    for (int i = 0; i < COLUMNS; i++) r->fields[i] = strsep(&line, ",");
    assert_null(line); /* no column too many */
    assert_non_null(r->fields[COLUMNS - 1]);
}

/* Reads requests.csv of a run with `each` rows a policy. */
static rows read_rows(const char *out, size_t each) {
    char path[SCRATCH_PATH + 32];
    snprintf(path, sizeof path, "%s/requests.csv", scratch_path(out));
    file_bytes bytes;
    portolan_error err = {0};
    assert_true(file_read(path, 1 << 30, &bytes, &err));
    rows all = {.text = bytes.data, .each = each};
    char *rest = bytes.data;
    assert_true(strncmp(rest, HEADER, strlen(HEADER)) == 0);
    strsep(&rest, "\n");
    for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
        row r;
        split_line(line, &r);
        size_t number = strtoul(r.fields[REQUEST], NULL, 10);
        if (number == 0) all.of[all.policies++] = calloc(each, sizeof r);
        assert_true(number < each && all.policies <= MAX_POLICIES);
        all.of[all.policies - 1][number] = r;
    }
    for (size_t p = 0; p < all.policies; p++)
        for (size_t i = 0; i < each; i++) assert_non_null(all.of[p][i].fields[0]); /* every request has its row */
    return all;
}

static void free_rows(rows *all) {
    for (size_t p = 0; p < all->policies; p++) free(all->of[p]);
    free(all->text);
}

/* ---- What must hold ---- */

static void check_row(const row *r) {
    for (int column = ARRIVAL; column <= CONNECTION; column++) assert_true(value(r, column) >= 0);
    for (int column = COST; column <= PRICE; column++) assert_true(value(r, column) >= 0);
    double waited = value(r, WAIT_PHONE) + value(r, WAIT_EDGE) + value(r, WAIT_CLOUD);
    assert_within(waited + value(r, COMPUTE) + value(r, NETWORK), value(r, LATENCY), 1e-7);
    assert_true(value(r, PROMOTION) <= value(r, NETWORK));
    if (failed(r)) {
        assert_string_equal(r->fields[FAILURE], "queue-full");
        assert_string_equal(r->fields[TIER], "");
        assert_string_equal(r->fields[EXIT], "");
        assert_string_equal(r->fields[PREDICTION], "");
        assert_string_equal(r->fields[CORRECT], "");
    } else {
        assert_true(strcmp(r->fields[TIER], "phone") == 0 || strcmp(r->fields[TIER], "edge") == 0 ||
                    strcmp(r->fields[TIER], "cloud") == 0);
        assert_int_equal(value(r, PREDICTION) == value(r, LABEL), value(r, CORRECT) == 1);
        assert_true(value(r, EXIT) >= 1 && value(r, EXIT) <= 12);
        assert_true(value(r, COMPUTE) > 0);
        assert_int_equal(strcmp(r->fields[TIER], "phone") == 0, value(r, BYTES_UP) == 0);
    }
}

/* Sums over the rows of a policy. */
typedef struct sums {
    double failed, latency, right, exposed, tiers[TIER_COUNT], there[TIER_COUNT], of[COLUMNS], start, end;
    double percentiles[3]; /* 50, 95 and 99 of the latencies of answered requests */
} sums;

static sums sum_up(const row *of, size_t each) {
    static const double RANKS[] = {50, 95, 99};
    sums t = {.start = value(&of[0], ARRIVAL)};
    double *latencies = calloc(each, sizeof *latencies);
    size_t answered = 0;
    for (size_t i = 0; i < each; i++) {
        const row *r = &of[i];
        check_row(r);
        t.end = fmax(t.end, value(r, ARRIVAL) + value(r, LATENCY));
        for (int column = TOKENS; column < COLUMNS; column++) t.of[column] += value(r, column);
        for (int k = 0; k < TIER_COUNT; k++) t.there[k] += *r->fields[WAIT_PHONE + k] != '\0';
        if (value(r, BYTES_UP) > 0) t.exposed += value(r, TOKENS);
        if (failed(r)) {
            t.failed++;
            continue;
        }
        latencies[answered++] = value(r, LATENCY);
        t.latency += value(r, LATENCY);
        t.right += value(r, CORRECT);
        for (int k = 0; k < TIER_COUNT; k++) t.tiers[k] += strcmp(r->fields[TIER], TIER_NAMES[k]) == 0;
    }
    sort_values(latencies, answered);
    for (int i = 0; i < 3; i++) t.percentiles[i] = percentile_nearest_rank(latencies, answered, RANKS[i]);
    free(latencies);
    return t;
}

/* The means and shares of the summary are those of the rows, which have 9 digits. */
static void check_summary(const json_t *p, const sums *t, double n) {
    const double tolerance = 1e-7;
    double answered = n - t->failed, window = t->end - t->start;
    assert_near(metric_of(p, "requests"), n, 0);
    assert_near(metric_of(p, "answered"), answered, 0);
    assert_near(metric_of(p, "failed"), t->failed, 0);
    const json_t *reasons = json_object_get(p, "failures");
    assert_int_equal(json_object_size(reasons), t->failed > 0);
    assert_near(json_number_value(json_object_get(reasons, "queue-full")), t->failed, 0);
    assert_near(metric_of(p, "accuracy"), t->right / answered, tolerance);
    assert_near(metric_of(p, "exit_mean"), t->of[EXIT] / answered, tolerance);
    assert_near(metric_of(p, "latency_mean_s"), t->latency / answered, tolerance);
    assert_near(metric_of(p, "cost"), t->of[COST] / n, tolerance);
    assert_near(metric_of(p, "bytes_up"), t->of[BYTES_UP] / n, tolerance);
    assert_near(metric_of(p, "bytes_down"), t->of[BYTES_DOWN] / n, tolerance);
    assert_near(metric_of(p, "price"), t->of[PRICE] / n, tolerance);
    assert_near(metric_of(p, "energy_phone_j"), (t->of[ACTIVE_PHONE] + PHONE_IDLE * window) / n, tolerance);
    assert_near(metric_of(p, "energy_total_j"),
                (t->of[ACTIVE_PHONE] + t->of[ACTIVE_SERVER] + (PHONE_IDLE + SERVER_IDLE) * window) / n, tolerance);
    assert_near(metric_of(p, "energy_active_phone_j"), t->of[ACTIVE_PHONE] / n, tolerance);
    assert_near(metric_of(p, "energy_active_radio_j"), t->of[ACTIVE_RADIO] / n, tolerance);
    assert_near(metric_of(p, "energy_active_server_j"), t->of[ACTIVE_SERVER] / n, tolerance);
    for (int k = 0; k < TIER_COUNT; k++) {
        static const char *const WAITS[] = {"wait_phone_s", "wait_edge_s", "wait_cloud_s"};
        double mean = metric_of(p, WAITS[k]);
        assert_int_equal(isnan(mean), t->there[k] == 0);
        if (!isnan(mean)) assert_near(mean, t->of[WAIT_PHONE + k] / t->there[k], tolerance);
    }
    static const char *const SHARES[] = {"share_phone", "share_edge", "share_cloud"};
    double shares = 0;
    for (int k = 0; k < TIER_COUNT; k++) {
        assert_near(metric_of(p, SHARES[k]), t->tiers[k] / answered, tolerance);
        shares += metric_of(p, SHARES[k]);
    }
    assert_near(shares, 1, 1e-12);
    assert_true(metric_of(p, "edge_utilization") >= 0 && metric_of(p, "edge_utilization") <= 1);
    assert_true(metric_of(p, "cloud_utilization") >= 0 && metric_of(p, "cloud_utilization") <= 1);
    assert_true(metric_of(p, "edge_utilization_max") >= metric_of(p, "edge_utilization") * (1 - 1e-12));
    assert_true(metric_of(p, "edge_utilization_max") <= 1);
    assert_near(metric_of(p, "cloud_utilization_max"), metric_of(p, "cloud_utilization"), 1e-12); /* there is one */
    assert_near(metric_of(p, "exposure"), t->exposed / t->of[TOKENS], tolerance);
    assert_near(metric_of(p, "latency_p50_s"), t->percentiles[0], tolerance);
    assert_near(metric_of(p, "latency_p95_s"), t->percentiles[1], tolerance);
    assert_near(metric_of(p, "latency_p99_s"), t->percentiles[2], tolerance);
    assert_within(metric_of(p, "cost_saving"), 1 - t->of[COST] / n / CLOUD_COST, tolerance);
}

/* The same arrivals, phones, samples and token counts for all policies, as texts. */
static void check_same_requests(const rows *all) {
    static const int SAME[] = {REQUEST, PHONE, SAMPLE, TOKENS, ARRIVAL, LABEL};
    for (size_t p = 1; p < all->policies; p++)
        for (size_t i = 0; i < all->each; i++)
            for (size_t c = 0; c < sizeof SAME / sizeof *SAME; c++)
                assert_string_equal(all->of[p][i].fields[SAME[c]], all->of[0][i].fields[SAME[c]]);
}

/* Where all that a tier computed is in the rows of one policy, its utilisation follows from them. */
static void check_utilization(const json_t *summary, const char *label, const char *metric_name, const row *of,
                              size_t each, double cores) {
    sums t = sum_up(of, each);
    assert_near(metric_of(policy_row(summary, label), metric_name), t.of[COMPUTE] / (cores * (t.end - t.start)), 1e-7);
}

TEST(overloaded_runs_on_several_seeds) {
    for (int seed = 1; seed <= 3; seed++) {
        const char *path = scratch_file("overload.yaml", SCENARIO, seed);
        char out[32];
        snprintf(out, sizeof out, "overload-%d", seed);
        json_t *summary = run_scenario(path, NULL, out);
        rows all = read_rows(out, 2000);
        assert_int_equal(all.policies, 11);
        double all_failed = 0;
        for (size_t p = 0; p < all.policies; p++) {
            sums t = sum_up(all.of[p], all.each);
            check_summary(policy_row(summary, all.of[p][0].fields[POLICY]), &t, 2000);
            all_failed += t.failed;
        }
        assert_true(all_failed > 1000); /* it is overloaded indeed */
        check_same_requests(&all);
        check_utilization(summary, "edge-only", "edge_utilization", all.of[1], all.each, EDGE_CORES);
        check_utilization(summary, "cloud-only", "cloud_utilization", all.of[2], all.each, CLOUD_CORES);
        assert_near(metric_of(policy_row(summary, "phone-only"), "failed"), 0, 0); /* phones refuse nothing */
        free_rows(&all);
        json_decref(summary);
    }
}

/* Other seeds give other requests. */
TEST(seeds_differ) {
    json_decref(
        run_scenario(scratch_file("a.yaml", SCENARIO, 11), (const char *[]){"policies=[phone-only]", NULL}, "a"));
    json_decref(
        run_scenario(scratch_file("b.yaml", SCENARIO, 12), (const char *[]){"policies=[phone-only]", NULL}, "b"));
    rows a = read_rows("a", 2000), b = read_rows("b", 2000);
    size_t equal = 0;
    for (size_t i = 0; i < a.each; i++) equal += strcmp(a.of[0][i].fields[ARRIVAL], b.of[0][i].fields[ARRIVAL]) == 0;
    assert_int_equal(equal, 0);
    free_rows(&a);
    free_rows(&b);
}

/* 300 of warm-up and 1700 counted are the same run as 2000, of which the first 300 are not told of. */
TEST(the_warm_up_is_simulated_but_not_counted) {
    const char *path = scratch_file("warm.yaml", SCENARIO, 5);
    json_t *whole = run_scenario(path, NULL, "whole");
    json_t *warm = run_scenario(path, (const char *[]){"run.warmup=300", "run.requests=1700", NULL}, "warm");
    rows all = read_rows("whole", 2000), counted = read_rows("warm", 1700);
    assert_int_equal(counted.policies, all.policies);
    for (size_t p = 0; p < all.policies; p++) {
        if (strcmp(all.of[p][0].fields[POLICY], "matched-random") == 0) continue; /* matches the counted shares */
        for (size_t i = 0; i < counted.each; i++)
            for (int c = 0; c < COLUMNS; c++)
                if (c != REQUEST) assert_string_equal(counted.of[p][i].fields[c], all.of[p][i + 300].fields[c]);
        sums t = sum_up(counted.of[p], counted.each);
        check_summary(policy_row(warm, counted.of[p][0].fields[POLICY]), &t, 1700);
    }
    free_rows(&all);
    free_rows(&counted);
    json_decref(whole);
    json_decref(warm);
}

/* A run of 50 s has the requests that a longer run has up to then, none later, and finishes them all. */
TEST(no_request_arrives_after_the_duration) {
    const char *path = scratch_file("duration.yaml", SCENARIO, 6);
    json_t *longer = run_scenario(path, NULL, "longer");
    json_t *timed = run_scenario(path, (const char *[]){"run.duration=50s", NULL}, "timed");
    rows all = read_rows("longer", 2000);
    size_t wanted = 0;
    while (wanted < all.each && value(&all.of[0][wanted], ARRIVAL) <= 50) wanted++;
    assert_true(wanted > 800 && wanted < 1200); /* 20 a second */
    rows within = read_rows("timed", wanted);   /* fails if there are more, or fewer */
    for (size_t p = 0; p < within.policies; p++)
        for (size_t i = 0; i < wanted; i++)
            assert_string_equal(within.of[p][i].fields[ARRIVAL], all.of[0][i].fields[ARRIVAL]);
    for (size_t p = 0; p < within.policies; p++)
        assert_near(metric_of(policy_row(timed, within.of[p][0].fields[POLICY]), "requests"), (double)wanted, 0);
    free_rows(&all);
    free_rows(&within);
    json_decref(longer);
    json_decref(timed);
}

/* Closed loops: the phones' requests are the same for all policies, in order, but not their times. */
TEST(closed_loops_ask_for_the_same) {
    const char *path = scratch_file("closed.yaml", SCENARIO, 8);
    json_t *summary = run_scenario(
        path, (const char *[]){"workload.arrivals={process: closed, think: {exponential: 1s}}", NULL}, "closed");
    rows all = read_rows("closed", 2000);
    for (size_t p = 0; p < all.policies; p++) {
        sums t = sum_up(all.of[p], all.each);
        check_summary(policy_row(summary, all.of[p][0].fields[POLICY]), &t, 2000);
        double latest[20] = {0};
        for (size_t i = 0; i < all.each; i++) { /* a phone never has two requests under way */
            const row *r = &all.of[p][i];
            double *end = &latest[(size_t)value(r, PHONE)];
            assert_true(value(r, ARRIVAL) >= *end - 1e-6);
            *end = value(r, ARRIVAL) + value(r, LATENCY);
        }
    }
    for (size_t p = 1; p < all.policies; p++) { /* the k-th request of a phone has the same sample */
        for (unsigned phone_number = 0; phone_number < 20; phone_number++) {
            size_t i = 0, j = 0;
            for (;; i++, j++) {
                while (i < all.each && (unsigned)value(&all.of[0][i], PHONE) != phone_number) i++;
                while (j < all.each && (unsigned)value(&all.of[p][j], PHONE) != phone_number) j++;
                if (i == all.each || j == all.each) break;
                assert_string_equal(all.of[0][i].fields[SAMPLE], all.of[p][j].fields[SAMPLE]);
            }
        }
    }
    free_rows(&all);
    json_decref(summary);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overloaded_runs_on_several_seeds),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(the_warm_up_is_simulated_but_not_counted),
        cmocka_unit_test(no_request_arrives_after_the_duration),
        cmocka_unit_test(closed_loops_ask_for_the_same),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
