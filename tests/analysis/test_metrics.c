/* The table of metrics: keys and titles tell them apart, and what people are shown is in the unit that stands beside it. */
#include "analysis/statistics/metrics.h"
#include "tests/support.h"

TEST(keys_and_titles_differ) {
    size_t n = 0;
    for (const metric *m = METRICS; m->key; m++, n++)
        for (const metric *other = METRICS; other < m; other++) {
            assert_string_not_equal(m->key, other->key);
            assert_string_not_equal(m->title, other->title);
        }
    assert_int_equal(n, METRIC_COUNT);
}

/* Every scale is the ratio of the two units: 1 s is 1000 ms, a share of 1 is 100 %. */
TEST(scales_fit_units) {
    static const struct {
        const char *unit, *shown;
        double scale;
    } RATIOS[] = {{"s", "ms", 1e3},
                  {"J", "mJ", 1e3},
                  {"", "%", 100},
                  {"points", "pt", 1},
                  {"USD", "USD per million", 1e6}};
    for (const metric *m = METRICS; m->key; m++) {
        double scale = strcmp(m->unit, m->shown_unit) == 0 ? 1 : 0;
        for (size_t i = 0; i < sizeof RATIOS / sizeof *RATIOS; i++)
            if (strcmp(m->unit, RATIOS[i].unit) == 0 && strcmp(m->shown_unit, RATIOS[i].shown) == 0)
                scale = RATIOS[i].scale;
        if (m->scale != scale)
            fail_msg("%s: '%s' is shown as '%s', times %g", m->key, m->unit, m->shown_unit, m->scale);
    }
}

TEST(values_are_found_by_key) {
    policy_summary summary = {.requests = 1, .latency_p95_s = 2, .price = 3};
    assert_near(metric_value(metric_named("requests"), &summary), 1, 0);
    assert_near(metric_value(metric_named("latency_p95_s"), &summary), 2, 0);
    assert_near(metric_value(metric_named("price"), &summary), 3, 0);
    assert_null(metric_named("latency"));
    for (size_t i = 0; i < METRIC_COUNT; i++) assert_int_equal(metric_index(metric_named(METRICS[i].key)), i);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_and_titles_differ), cmocka_unit_test(scales_fit_units),
                                       cmocka_unit_test(values_are_found_by_key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
