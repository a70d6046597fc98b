/* Intervals over repetitions, against printed tables and values worked out by hand. */
#include "analysis/statistics/intervals.h"
#include "tests/support.h"

/* df = 1 is the Cauchy distribution: t = tan(pi (p - 1/2)). df = 2: t = (2p - 1) / sqrt(2 p (1 - p)). */
TEST(quantiles_that_have_a_closed_form) {
    static const double P[] = {0.6, 0.75, 0.9, 0.975, 0.995, 0.9995};
    for (size_t i = 0; i < sizeof P / sizeof *P; i++) {
        double cauchy = tan(3.14159265358979323846 * (P[i] - 0.5));
        double two = (2 * P[i] - 1) / sqrt(2 * P[i] * (1 - P[i]));
        assert_near(t_quantile(P[i], 1) / cauchy, 1, 1e-11);
        assert_near(t_quantile(P[i], 2) / two, 1, 1e-11);
        assert_near(t_quantile(1 - P[i], 2), -t_quantile(P[i], 2), 1e-11);
    }
    assert_true(fabs(t_quantile(0.5, 7)) < 1e-7);
}

/* Table of Student's t (Abramowitz and Stegun, table 26.10; the last, of the normal distribution, is
 * 1.959964). */
TEST(quantiles_of_the_printed_table) {
    static const struct {
        double p, df, t;
    } ROWS[] = {{0.975, 3, 3.182}, {0.975, 4, 2.776},  {0.975, 9, 2.262},  {0.995, 9, 3.250},
                {0.95, 19, 1.729}, {0.975, 29, 2.045}, {0.995, 60, 2.660}, {0.975, 1e9, 1.960}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        assert_near(t_quantile(ROWS[i].p, ROWS[i].df), ROWS[i].t, 3e-4);
}

/* 2, 4, 4, 6: mean 4, squares 4 + 0 + 0 + 4 = 8, sd = sqrt(8/3); half = t(0.975, 3) sd / 2. */
TEST(interval_of_four_values) {
    static const double VALUES[] = {2, 4, 4, 6};
    interval i = t_interval(VALUES, 4, 0.95);
    double half = 3.18244630528371 * sqrt(8.0 / 3) / 2;
    assert_int_equal(i.n, 4);
    assert_near(i.mean, 4, 0);
    assert_near(i.sd, sqrt(8.0 / 3), 1e-15);
    assert_near(i.low, 4 - half, 1e-10);
    assert_near(i.high, 4 + half, 1e-10);
}

TEST(one_value_has_no_interval_and_none_no_mean) {
    static const double VALUES[] = {7};
    interval one = t_interval(VALUES, 1, 0.95), none = t_interval(VALUES, 0, 0.95);
    assert_near(one.mean, 7, 0);
    assert_true(isnan(one.sd) && isnan(one.low) && isnan(one.high));
    assert_true(isnan(none.mean));
}

/* Another level in between must not answer with the factor of the one before. */
TEST(levels_do_not_mix) {
    static const double VALUES[] = {1, 2, 3};
    interval a = t_interval(VALUES, 3, 0.9), b = t_interval(VALUES, 3, 0.99), c = t_interval(VALUES, 2, 0.99);
    assert_near(a.high - a.mean, 2.91998558 / sqrt(3), 1e-7); /* t(0.95, 2) */
    assert_near(b.high - b.mean, 9.92484320 / sqrt(3), 1e-7); /* t(0.995, 2) */
    assert_near(c.high - c.mean, 63.6567412 / 2, 1e-6);       /* t(0.995, 1), sd = 1/sqrt(2) */
}

/* Of the values 0 and 1, a resampled mean is 0, 1/2 or 1 with probabilities 1/4, 1/2, 1/4: the 60 %
 * interval lies between the 20th and 80th percentile, which are 0 and 1; the 40 % one between the 30th and
 * 70th, both 1/2. */
TEST(bootstrap_of_two_values) {
    static const double VALUES[] = {0, 1};
    random_stream s = random_open(1, "test", 0);
    interval i;
    assert_true(bootstrap_interval(VALUES, 2, 0.6, 20000, &s, &i));
    assert_near(i.mean, 0.5, 0);
    assert_near(i.low, 0, 0);
    assert_near(i.high, 1, 0);
    assert_true(bootstrap_interval(VALUES, 2, 0.4, 20000, &s, &i));
    assert_near(i.low, 0.5, 0);
    assert_near(i.high, 0.5, 0);
}

TEST(bootstrap_is_the_same_for_the_same_stream) {
    static const double VALUES[] = {3, 1, 4, 1, 5, 9, 2, 6};
    random_stream s = random_open(1, "test", 0), t = s;
    interval a, b;
    assert_true(bootstrap_interval(VALUES, 8, 0.95, 500, &s, &a) && bootstrap_interval(VALUES, 8, 0.95, 500, &t, &b));
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(a.low < a.mean && a.mean < a.high);
}

/* Differences 1, 2, 3 (the pair with a hole is left out): mean 2, sd 1, half = t(0.975, 2) / sqrt(3).
 * Unpaired, the same values would differ by far less than their spread. */
TEST(pairs) {
    static const double A[] = {101, NAN, 52, 13}, B[] = {100, 5, 50, 10};
    interval i;
    assert_true(paired_interval(A, B, 4, 0.95, &i));
    assert_int_equal(i.n, 3);
    assert_near(i.mean, 2, 1e-15);
    assert_near(i.sd, 1, 1e-15);
    assert_near(i.low, 2 - 4.30265272991 / sqrt(3), 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_that_have_a_closed_form),
        cmocka_unit_test(quantiles_of_the_printed_table),
        cmocka_unit_test(interval_of_four_values),
        cmocka_unit_test(one_value_has_no_interval_and_none_no_mean),
        cmocka_unit_test(levels_do_not_mix),
        cmocka_unit_test(bootstrap_of_two_values),
        cmocka_unit_test(bootstrap_is_the_same_for_the_same_stream),
        cmocka_unit_test(pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
