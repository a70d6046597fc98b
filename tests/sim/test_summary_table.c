/* The terminal's table: every byte of a small one, marks, and its width whatever the names and numbers are. */
#include <math.h>
#include <stdlib.h>

#include "sim/sim.h"
#include "tests/support.h"

enum { ROWS = 3 };

static policy_setup setups[ROWS];
static policy_result results[ROWS];
static const scenario s = {.policies = setups, .policy_count = ROWS};
static const run_report report = {.results = results, .result_count = ROWS};

/* All but the shares differ, each row being twice the one before; the third policy was not finished. */
static void fill(void) {
    static const char *const LABELS[ROWS] = {"cloud-only", "mine", "unfinished"};
    for (int i = 0; i < ROWS; i++) {
        double x = i + 1;
        setups[i] = (policy_setup){.label = LABELS[i]};
        results[i] = (policy_result){.done = i < 2,
                                     .summary = {.requests = 10,
                                                 .answered = 10,
                                                 .accuracy = x / 4,
                                                 .drop = -0.001,
                                                 .cost = x,
                                                 .cost_saving = x / 10,
                                                 .latency_mean_s = x / 100,
                                                 .latency_p95_s = x / 50,
                                                 .energy_active_phone_j = x / 1000,
                                                 .bytes_up = x * 20,
                                                 .share_phone = 0.5,
                                                 .share_edge = 0.25,
                                                 .share_cloud = 0.25}};
    }
}

static char *printed(table_marks marks) {
    static char *text; /* static: gcc 12 suspects pointers into it to dangle */
    static size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    print_summary_table(&s, &report, f, marks);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void assert_printed(table_marks marks, const char *wanted) {
    char *text = printed(marks);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_plain(void **state) {
    (void)state;
    fill();
    assert_printed(MARKS_NONE,
                   "                                                                  answered by\n"
                   "policy      accuracy  drop   cost  saving  mean   p95  phone  up  phone  edge  cloud\n"
                   "                   %    pt              %    ms    ms     mJ   B      %     %      %\n"
                   "cloud-only     25.00  0.00  1.000    10.0  10.0  20.0  1.000  20   50.0  25.0   25.0\n"
                   "mine           50.00  0.00  2.000    20.0  20.0  40.0  2.000  40   50.0  25.0   25.0\n");
}

/* Of equal figures none is best; of all others the larger accuracy and saving, the smaller rest. */
static void test_marks(void **state) {
    (void)state;
    fill();
    assert_printed(MARKS_ASTERISK,
                   "                                                                  answered by\n"
                   "policy      accuracy  drop   cost  saving  mean   p95  phone  up  phone  edge  cloud\n"
                   "                   %    pt              %    ms    ms     mJ   B      %     %      %\n"
                   "cloud-only     25.00  0.00 *1.000    10.0 *10.0 *20.0 *1.000 *20   50.0  25.0   25.0\n"
                   "mine          *50.00  0.00  2.000   *20.0  20.0  40.0  2.000  40   50.0  25.0   25.0\n"
                   "* best of its column\n");
    char *text = printed(MARKS_BOLD);
    assert_non_null(strstr(text, "  \033[1m   50.00\033[0m  0.00  2.000  \033[1m  20.0\033[0m"));
    assert_null(strchr(text, '*'));
    free(text);
}

/* Values that look the same are marked the same; what is undefined is a dash and never best. */
static void test_ties(void **state) {
    (void)state;
    fill();
    results[2].done = true;
    results[0].summary.latency_mean_s = 0.10001;
    results[1].summary.latency_mean_s = 0.10002;
    results[2].summary.latency_mean_s = NAN;
    results[2].summary.drop = -2;
    char *text = printed(MARKS_ASTERISK);
    assert_null(strstr(text, "*100.0")); /* equal but for what is undefined: none is best */
    assert_non_null(strstr(text, " *-2.00"));
    free(text);
    results[2].summary.latency_mean_s = 1;
    char *again = printed(MARKS_ASTERISK);
    const char *first = strstr(again, " *100.0");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, " *100.0"));
    free(again);
}

static size_t widest(const char *text) {
    size_t most = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        if ((size_t)(end - text) > most) most = (size_t)(end - text);
    return most;
}

static void test_width(void **state) {
    (void)state;
    static const double SIZES[] = {1e-9, 1, 12345.678, 1e9, 1e300, -1, -12345.678, -1e300, NAN, INFINITY};
    fill();
    setups[0].label = "confidence(threshold=0.8,exits=all,escalate=hidden,entropy=1,patience=3)";
    setups[1].label = "confidence(threshold=0.8,exits=all,escalate=hidden,entropy=1,patience=4)";
    for (size_t k = 0; k < sizeof SIZES / sizeof *SIZES; k++) {
        policy_summary *r = &results[0].summary;
        r->cost = r->cost_saving = r->latency_mean_s = r->latency_p95_s = r->energy_active_phone_j = r->bytes_up = SIZES
            [k];
        char *text = printed(MARKS_ASTERISK);
        assert_true(widest(text) <= 100);
        assert_non_null(strstr(text, "=3)"));
        assert_non_null(strstr(text, "=4)"));
        free(text);
    }
}

static void test_failures(void **state) {
    (void)state;
    fill();
    results[1].summary.failed = 3;
    char *text = printed(MARKS_NONE);
    assert_non_null(strstr(text, "\nmine: 3 of 10 requests failed\n"));
    assert_null(strstr(text, "cloud-only: "));
    free(text);
}

/* The worst place of a policy that was finished, and how many more there are. */
static void test_overloads(void **state) {
    (void)state;
    static site sites[] = {{.name = "roof"}, {.name = "cellar"}};
    static overload overloads[ROWS * 6] = {[6] = {.place = 0, .utilization = 1.052, .since = 12.3456},
                                           [7] = {.place = 1, .utilization = 16.3, .since = 0.344}};
    scenario with_sites = s;
    run_report full = report;
    fill();
    with_sites.platform = (platform){.site_count = 2, .sites = sites};
    full.overloads = overloads;
    full.place_count = 6;
    results[1].overloaded = 2;
    results[2].overloaded = 1; /* not finished */
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    print_summary_table(&with_sites, &full, f, MARKS_NONE);
    assert_int_equal(fclose(f), 0);
    assert_non_null(
        strstr(text, "\nmine: edge site cellar is overloaded since 0.34 s: 1630 % of its capacity was asked of it\n"
                     "  and 1 more (summary.json lists them)\n"
                     "Where a place is overloaded, latencies and failures grow with the length of the run.\n"));
    assert_null(strstr(text, "unfinished"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain),    cmocka_unit_test(test_marks),
                                       cmocka_unit_test(test_ties),     cmocka_unit_test(test_width),
                                       cmocka_unit_test(test_failures), cmocka_unit_test(test_overloads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
