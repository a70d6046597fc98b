/* Fits of service times: made-up latencies are found again, whatever terms they have; errors by hand. */
#include "analysis/service/service.h"

#include "base/random.h"
#include "tests/support.h"

enum { ROWS = 60 };

/* Latencies of a device that has these coefficients to the last digit, on shapes that tell its terms apart. */
static void make_rows(latency rows[ROWS], const double per[SERVICE_TERMS]) {
    const service_fit truth = {{per[0], per[1], per[2]}, 0};
    for (int i = 0; i < ROWS; i++) {
        double width = i % 2 ? 128 : 768;
        rows[i] = (latency){.hidden = width,
                            .feed_forward = 4 * width,
                            .attention = width,
                            .layers = 1 + i % 5,
                            .tokens = 3 + 7 * (i % 11),
                            .batch = 1 + i % 3,
                            .spread = NAN};
        rows[i].seconds = service_fit_seconds(&truth, &rows[i]);
    }
}

/* Every one of the eight subsets: those coefficients come out, and none that was not there. */
TEST(made_up_devices_are_found_again) {
    static const double ALL[SERVICE_TERMS] = {[TERM_FLOPS] = 1 / 40e9, [TERM_CALL] = 2e-3, [TERM_WEIGHTS] = 1 / 13e9};
    for (unsigned terms = 1; terms < 1u << SERVICE_TERMS; terms++) {
        latency rows[ROWS];
        double per[SERVICE_TERMS];
        for (int t = 0; t < SERVICE_TERMS; t++) per[t] = terms >> t & 1 ? ALL[t] : 0;
        make_rows(rows, per);
        service_fit found;
        portolan_error err = {0};
        assert_true(service_fit_make(&found, rows, ROWS, &err));
        for (int t = 0; t < SERVICE_TERMS; t++) assert_near(found.per[t], per[t], 1e-7);
        assert_within(found.error, 0, 1e-7);
    }
}

/* Two rows of 1 and 3 s under a call alone: sum (c / t - 1)^2 is least at c = (1 + 1/3) / (1 + 1/9) = 1.2; its errors are 0.2
 * and 0.6, their root mean square sqrt(0.2). Seconds that fall with FLOP leave nothing to the other terms. */
TEST(relative_least_squares_by_hand) {
    latency rows[2] = {
        {.hidden = 8, .feed_forward = 8, .attention = 8, .layers = 1, .tokens = 20, .batch = 1, .seconds = 1},
        {.hidden = 8, .feed_forward = 8, .attention = 8, .layers = 1, .tokens = 2, .batch = 1, .seconds = 3}};
    service_fit fit;
    bool fits;
    portolan_error err = {0};
    assert_true(service_fit_make(&fit, rows, 2, &err));
    assert_near(fit.per[TERM_CALL], 1.2, 1e-12);
    assert_near(fit.per[TERM_FLOPS], 0, 0);
    assert_near(fit.error, sqrt(0.2), 1e-12);
    /* weights and call are the same for both rows: no telling them apart; call and FLOP need a negative one */
    assert_true(service_fit_terms(&fit, 1u << TERM_CALL | 1u << TERM_WEIGHTS, rows, 2, &fits, &err));
    assert_false(fits);
    assert_true(service_fit_terms(&fit, 1u << TERM_CALL | 1u << TERM_FLOPS, rows, 2, &fits, &err));
    assert_false(fits);
    /* three terms cannot be told from two rows; none fits any, and is off by 1 */
    assert_true(service_fit_terms(&fit, 7, rows, 2, &fits, &err));
    assert_false(fits);
    assert_true(service_fit_terms(&fit, 0, rows, 2, &fits, &err));
    assert_true(fits && fit.error == 1);
}

/* Against the normal equations of the three terms, solved by Cramer's rule, on latencies with noise. */
TEST(least_squares_by_normal_equations) {
    latency rows[ROWS];
    make_rows(rows, (double[]){[TERM_FLOPS] = 1 / 40e9, [TERM_CALL] = 2e-3, [TERM_WEIGHTS] = 1 / 13e9});
    random_stream s = random_open(1, "noise", 0);
    double n[3][3] = {{0}}, b[3] = {0}, x[3];
    for (int i = 0; i < ROWS; i++) {
        rows[i].seconds *= 0.9 + 0.2 * random_uniform(&s);
        double a[3] = {1e-3 / rows[i].seconds, 1e-9 * latency_weight_bytes(&rows[i]) / rows[i].seconds,
                       1e-10 * latency_flops(&rows[i]) / rows[i].seconds};
        for (int p = 0; p < 3; p++) {
            b[p] += a[p];
            for (int q = 0; q < 3; q++) n[p][q] += a[p] * a[q];
        }
    }
    for (int k = -1; k < 3; k++) {
        double m[3][3];
        for (int p = 0; p < 3; p++)
            for (int q = 0; q < 3; q++) m[p][q] = q == k ? b[p] : n[p][q];
        double determinant = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
                             m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                             m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
        static double whole;
        if (k < 0)
            whole = determinant;
        else
            x[k] = determinant / whole;
    }
    service_fit fit;
    bool fits;
    portolan_error err = {0};
    assert_true(service_fit_terms(&fit, 7, rows, ROWS, &fits, &err));
    assert_true(fits);
    assert_near(fit.per[TERM_CALL], 1e-3 * x[0], 1e-8);
    assert_near(fit.per[TERM_WEIGHTS], 1e-9 * x[1], 1e-8);
    assert_near(fit.per[TERM_FLOPS], 1e-10 * x[2], 1e-8);
}

TEST(errors_by_hand) {
    latency rows[5] = {{.seconds = 1}, {.seconds = 2}, {.seconds = 4}, {.seconds = 5}, {.seconds = 9}};
    const double fitted[5] = {1.5, 2, 3, NAN, 9.9}; /* off by 0.5, 0, 0.25, -, 0.1 */
    service_errors e;
    portolan_error err = {0};
    assert_true(service_errors_of(&e, rows, fitted, 5, &err));
    assert_int_equal(e.count, 4);
    assert_near(e.median, 0.1, 1e-12); /* nearest rank: the second of four */
    assert_near(e.mean, 0.2125, 1e-12);
    assert_near(e.p90, 0.5, 1e-12);
    assert_near(e.most, 0.5, 1e-12);
    assert_true(service_errors_of(&e, rows, fitted, 0, &err));
    assert_true(e.count == 0 && isnan(e.median) && isnan(e.mean));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_up_devices_are_found_again),
        cmocka_unit_test(relative_least_squares_by_hand),
        cmocka_unit_test(least_squares_by_normal_equations),
        cmocka_unit_test(errors_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
