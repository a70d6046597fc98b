/* Bounds of a mean by betting: two steps by hand, how often they are wrong, and that they find what is there. */
#include "analysis/statistics/statistics.h"
#include "base/random.h"
#include "tests/support.h"

/* Two zeros against most = .5 with an error of .9. goal = -ln .9 = .105361. First: squares = .25, so the bet is sqrt(2 x .105361
 * / (2 x .25)) = .649186, and the fortune 1 + .5 x .649186 = 1.324593; above 1 / .9 = 1.111 already, and it only grows. Against
 * most = .1 the second bet is sqrt(.105361 / .125) = .75 at most, and the fortune 1.064919 x 1.075 = 1.144788: above; against .05,
 * 1.032459 x 1.0375 = 1.071176: below. */
TEST(two_steps_by_hand) {
    static const double ZEROS[] = {0, 0};
    assert_true(mean_is_below(ZEROS, 2, 0.5, 0.9));
    assert_true(mean_is_below(ZEROS, 2, 0.1, 0.9));
    assert_false(mean_is_below(ZEROS, 2, 0.05, 0.9));
    /* (1 + .649186 m)(1 + .75 m) = 1 / .9: .486890 m^2 + 1.399186 m - .111111 = 0 at m = .077330 */
    assert_within(mean_upper_bound(ZEROS, 2, 0.9), 0.07733, 1e-5);
}

TEST(the_bound_is_where_the_test_turns) {
    random_stream s = random_open(1, "bounds", 0);
    double values[500];
    for (int i = 0; i < 500; i++) values[i] = random_uniform(&s) < 0.03 ? 1 : 0;
    double bound = mean_upper_bound(values, 500, 0.05);
    assert_true(mean_is_below(values, 500, bound, 0.05));
    assert_false(mean_is_below(values, 500, bound - 2e-6, 0.05));
    assert_within(mean_upper_bound((double[]){1, 1, 1}, 3, 0.05), 1, 1e-6);
}

/* Losses of 1, wins of -1, at rates whose difference is the drop. */
static void draw_losses(random_stream *s, double *values, size_t n, double lost, double won) {
    for (size_t i = 0; i < n; i++) {
        double u = random_uniform(s);
        values[i] = u < lost ? 1 : u < lost + won ? -1 : 0;
    }
}

static unsigned passes(double lost, double won, size_t n, double most, unsigned trials) {
    random_stream s = random_open(7, "trials", (uint64_t)(1e6 * lost + 1e3 * won));
    double *values = malloc(n * sizeof *values);
    unsigned count = 0;
    for (unsigned i = 0; i < trials; i++) {
        draw_losses(&s, values, n, lost, won);
        count += mean_is_below(values, n, most, 0.05);
    }
    free(values);
    return count;
}

/* Where the drop is exactly what may not be reached, 5 % of 2,000 sets pass at most, give or take 3 standard errors of 10. */
TEST(it_is_wrong_seldom) {
    assert_true(passes(0.005, 0, 2000, 0.005, 2000) <= 130);
    assert_true(passes(0.02, 0.015, 2000, 0.005, 2000) <= 130);
    assert_true(passes(0.30, 0.29, 1000, 0.01, 2000) <= 130);
    assert_true(passes(0.02, 0, 300, 0.02, 2000) <= 130);
}

/* And a drop of .2 points is told from .5 with 10,000 samples nearly always, one of .35 sometimes. */
TEST(it_finds_what_is_there) {
    assert_true(passes(0.002, 0, 10000, 0.005, 200) >= 195);
    assert_true(passes(0.004, 0.002, 10000, 0.005, 200) >= 150);
    assert_int_equal(passes(0, 0, 10000, 0.005, 1), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_steps_by_hand),
        cmocka_unit_test(the_bound_is_where_the_test_turns),
        cmocka_unit_test(it_is_wrong_seldom),
        cmocka_unit_test(it_finds_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
