/* Reliability bins, and intervals of proportions and percentiles, against values worked out by hand. */
#include "analysis/statistics/statistics.h"
#include "tests/support.h"

/* Two answers of confidence 0.92 and 0.94 (bin 18: [0.90, 0.95)), one right; one of 1 (bin 19), right. Gaps:
 * |1 - 1.86| and |1 - 1|; over three answers 0.86 / 3. */
TEST(test_calibration_error) {
    reliability r = {0};
    assert_true(isnan(reliability_error(&r)));
    reliability_add(&r, 0.92, true);
    reliability_add(&r, 0.94, false);
    reliability_add(&r, 1, true);
    assert_int_equal(r.samples[18], 2);
    assert_int_equal(r.right[18], 1);
    assert_int_equal(r.samples[19], 1);
    assert_near(reliability_error(&r), 0.86 / 3, 1e-12);
}

TEST(test_confidence_outside) {
    reliability r = {0};
    reliability_add(&r, -0.5, false);
    reliability_add(&r, 1.5, true);
    assert_int_equal(r.samples[0], 1);
    assert_int_equal(r.samples[RELIABILITY_BINS - 1], 1);
    assert_near(reliability_error(&r), 0, 0);
}

/* 8 of 10: p = 0.8, z^2/n = 0.384146: (0.8 + 0.192073 -+ 1.959964 sqrt(0.016 + 0.0096036)) / 1.384146 =
 * 0.490161, 0.943318 (the interval of statsmodels' proportion_confint(8, 10, method="wilson")). */
TEST(test_wilson) {
    double low, high;
    proportion_interval(8, 10, &low, &high);
    assert_within(low, 0.490161, 1e-5);
    assert_within(high, 0.943318, 1e-5);
    proportion_interval(0, 0, &low, &high);
    assert_near(low, 0, 0);
    assert_near(high, 1, 0);
    proportion_interval(10, 10, &low, &high); /* n / (n + z^2) = 10 / 13.84146 */
    assert_within(low, 0.722467, 1e-5);
    assert_near(high, 1, 1e-12);
}

/* n = 100, p = 0.5: 50 -+ 1.96 * 5 = 40.2, 59.8: ranks 40 and 60 + 1. */
TEST(test_percentile_interval) {
    double values[100], low, high;
    for (int i = 0; i < 100; i++) values[i] = i + 1;
    percentile_interval(values, 100, 50, &low, &high);
    assert_near(low, 40, 0);
    assert_near(high, 61, 0);
    percentile_interval(values, 100, 99, &low, &high); /* 99 -+ 1.950: 97, and 101 + 1 kept within 100 */
    assert_near(low, 97, 0);
    assert_near(high, 100, 0);
    percentile_interval(values, 1, 95, &low, &high);
    assert_near(low, 1, 0);
    assert_near(high, 1, 0);
    percentile_interval(values, 0, 95, &low, &high);
    assert_true(isnan(low) && isnan(high));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibration_error),
        cmocka_unit_test(test_confidence_outside),
        cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_percentile_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
