/* portable_log and portable_exp: near libm's (right to well under one ulp) on wide grids, exact at special
 * points, and the same bits as ever. */
#include "base/elementary.h"
#include "tests/support.h"

enum { GRID = 200000 };
#define TOLERANCE 2e-15

TEST(log_matches_libm) {
    double worst = 0;
    for (int i = 0; i <= GRID; i++) {
        double x = ldexp(1 + fmod(i * 0.6180339887498949, 1), i % 2046 - 1022);
        double wanted = log(x);
        worst = fmax(worst, fabs(portable_log(x) - wanted) / fabs(wanted));
    }
    assert_within(worst, 0, TOLERANCE);
}

TEST(log_matches_libm_near_one) {
    double worst = 0;
    for (int i = 1; i <= GRID; i++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            double x = 1 + sign * 0.5 * i / GRID, tiny = 1 + sign * ldexp(1, -(i % 52) - 1);
            worst = fmax(worst, fabs(portable_log(x) - log(x)) / fabs(log(x)));
            worst = fmax(worst, fabs(portable_log(tiny) - log(tiny)) / fabs(log(tiny)));
        }
    }
    assert_within(worst, 0, TOLERANCE);
}

TEST(log_of_special_points) {
    assert_true(portable_log(1) == 0);
    assert_true(portable_log(0) == -HUGE_VAL);
    assert_true(portable_log(-0.0) == -HUGE_VAL);
    assert_near(portable_log(0x1p-1074), log(0x1p-1074), TOLERANCE);
    assert_near(portable_log(1.7976931348623157e308), log(1.7976931348623157e308), TOLERANCE);
    for (int e = -1074; e <= 1023; e++) assert_near(portable_log(ldexp(1, e)), e * 0x1.62e42fefa39efp-1, TOLERANCE);
}

TEST(exp_matches_libm) {
    double worst = 0;
    for (int i = 0; i <= GRID; i++) {
        double x = -700 + 1400.0 * i / GRID, small = x / 700;
        worst = fmax(worst, fabs(portable_exp(x) - exp(x)) / exp(x));
        worst = fmax(worst, fabs(portable_exp(small) - exp(small)) / exp(small));
    }
    assert_within(worst, 0, TOLERANCE);
}

TEST(exp_of_special_points) {
    assert_true(portable_exp(0) == 1);
    assert_true(portable_exp(-0.0) == 1);
    assert_true(portable_exp(0x1p-60) == 1);
    assert_true(portable_exp(746) == HUGE_VAL);
    assert_true(portable_exp(HUGE_VAL) == HUGE_VAL);
    assert_true(portable_exp(-746) == 0);
    assert_true(portable_exp(-HUGE_VAL) == 0);
    assert_near(portable_exp(709.7), exp(709.7), TOLERANCE);
    assert_near(portable_exp(-708), exp(-708), TOLERANCE);
    assert_within(portable_exp(-744), exp(-744), 0x1p-1074); /* subnormal: to the last bit there is */
}

TEST(each_undoes_the_other) {
    for (int i = 1; i < 1000; i++) {
        double x = i * 0.7;
        assert_near(portable_log(portable_exp(x)), x, 1e-15 * (1 + 1 / x));
    }
}

typedef struct golden {
    double x, y;
} golden;

/* The doubles nearest to the true values (from 200-bit arithmetic), or their neighbours; what counts is that
 * the bits never change. */
static const golden LOGS[] = {
    {0x1p+1, 0x1.62e42fefa39efp-1},
    {0x1.8p+1, 0x1.193ea7aad030bp+0},
    {0x1p-1, -0x1.62e42fefa39efp-1},
    {0x1.4p+3, 0x1.26bb1bbb55516p+1},
    {0x1.999999999999ap-4, -0x1.26bb1bbb55515p+1},
    {0x1.56e1fc2f8f359p-997, -0x1.5963447f87fb5p+9},
    {0x1.000001ad7f29bp+0, 0x1.ad7f2847b6491p-24},
    {0x1.fffffca501acbp-1, -0x1.ad7f2b1049b9fp-24},
    {0x0.0000000000001p-1022, -0x1.74385446d71c3p+9},
    {0x1.fffffffffffffp+1023, 0x1.62e42fefa39efp+9},
    {0x1.6a09e667f3bcdp-1, -0x1.62e42fefa39eep-2},
    {0x1.6a09e667f3bccp-1, -0x1.62e42fefa39f1p-2},
};

static const golden EXPS[] = {
    {0x1p+0, 0x1.5bf0a8b14576ap+1},        {-0x1p+0, 0x1.78b56362cef38p-2},
    {0x1p-1, 0x1.a61298e1e069cp+0},        {0x1.4p+3, 0x1.5829dcf95056p+14},
    {-0x1.4p+3, 0x1.7cd79b5647c9ap-15},    {0x1.5ep+9, 0x1.d945df4f8ec8ep+1009},
    {-0x1.5ep+9, 0x1.14f2b0fb9307fp-1010}, {0x1.12e0be826d695p-30, 0x1.000000044b83p+0},
    {0x1.62e42fefa39efp-1, 0x1p+1},        {-0x1.2ap+5, 0x1.3278bcd70e981p-54},
    {-0x1.74p+9, 0x0.0000000000002p-1022}, {0x1.62d999999999ap+9, 0x1.d75ae7a50ee14p+1023},
};

TEST(same_bits_as_ever) {
    for (size_t i = 0; i < sizeof LOGS / sizeof *LOGS; i++) assert_near(portable_log(LOGS[i].x), LOGS[i].y, 0);
    for (size_t i = 0; i < sizeof EXPS / sizeof *EXPS; i++) assert_near(portable_exp(EXPS[i].x), EXPS[i].y, 0);
}

TEST(sine_and_cosine_match_libm) {
    double worst = 0, sine, cosine;
    for (int i = -GRID; i <= GRID; i++) {
        double degrees = 360.0 * i /
                         GRID; /* pi/180 as a product would lose a bit: within a quarter turn none is lost */
        portable_sine_cosine(degrees, &sine, &cosine);
        worst = fmax(worst, fabs(sine * sine + cosine * cosine - 1));
        if (fabs(degrees) > 90) continue;
        worst = fmax(worst, fabs(sine - sin(degrees * 0x1.1df46a2529d39p-6)));
        worst = fmax(worst, fabs(cosine - cos(degrees * 0x1.1df46a2529d39p-6)));
    }
    assert_within(worst, 0, 5e-16);
}

TEST(sine_and_cosine_of_special_points) {
    static const double SINES[] = {0, 1, 0, -1};
    double sine, cosine;
    for (int quarter = -8; quarter <= 8; quarter++) {
        portable_sine_cosine(90.0 * quarter, &sine, &cosine);
        assert_true(sine == SINES[quarter & 3] && cosine == SINES[(quarter + 1) & 3]);
    }
    portable_sine_cosine(210, &sine, &cosine); /* -1/2, -sqrt(3)/2 */
    assert_within(sine, -0.5, 2e-16);
    assert_within(cosine, -0.86602540378443865, 2e-16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_matches_libm),
        cmocka_unit_test(log_matches_libm_near_one),
        cmocka_unit_test(log_of_special_points),
        cmocka_unit_test(exp_matches_libm),
        cmocka_unit_test(exp_of_special_points),
        cmocka_unit_test(each_undoes_the_other),
        cmocka_unit_test(same_bits_as_ever),
        cmocka_unit_test(sine_and_cosine_match_libm),
        cmocka_unit_test(sine_and_cosine_of_special_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
