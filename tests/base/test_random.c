/* Random numbers: the generator against an independent one, fixed values, moments of every distribution. */
#include "base/random.h"
#include "tests/support.h"

/* ---- The generator ---- */

/* xoshiro256** 1.0 as its authors publish it (public domain, https://prng.di.unimi.it). */
static uint64_t reference_state[4];

static inline uint64_t rotl(const uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static uint64_t reference_next(void) {
    const uint64_t result = rotl(reference_state[1] * 5, 7) * 9;
    const uint64_t t = reference_state[1] << 17;
    reference_state[2] ^= reference_state[0];
    reference_state[3] ^= reference_state[1];
    reference_state[1] ^= reference_state[2];
    reference_state[0] ^= reference_state[3];
    reference_state[2] ^= t;
    reference_state[3] = rotl(reference_state[3], 45);
    return result;
}

TEST(bits_match_the_reference) {
    for (uint64_t seed = 0; seed < 20; seed++) {
        random_stream s = random_open(seed, "test", seed * seed);
        memcpy(reference_state, s.state, sizeof reference_state);
        for (int i = 0; i < 1000; i++) assert_true(random_bits(&s) == reference_next());
    }
}

/* The first outputs from state 1, 2, 3, 4, as other implementations publish them for their tests. */
TEST(published_vector) {
    static const uint64_t WANTED[] = {
        11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600};
    random_stream s = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++) assert_true(random_bits(&s) == WANTED[i]);
}

typedef struct opening {
    uint64_t seed;
    const char *purpose;
    uint64_t index, bits[3];
} opening;

/* From a second implementation of the whole path: FNV-1a of the purpose, SplitMix64, xoshiro256**. */
static const opening OPENINGS[] = {
    {0, "", 0, {0x9d7e73b48d3b7936, 0x81c2adf31b4eb398, 0xfd8e8416c6817a4c}},
    {1, "arrivals", 0, {0x3c3f855b1bbe6b21, 0xef946f51e2fd07d9, 0x98cac11858665ac3}},
    {1, "samples", 7, {0x4dbcf93c65aa96fc, 0x7c47bfc64b866449, 0x5f7adab6dc17e128}},
    {UINT64_MAX, "think", UINT64_MAX, {0x14cebc4db33405d3, 0xa4ccee4bd06097a9, 0x6ad2a37523166a30}},
};

TEST(same_bits_as_ever) {
    for (size_t i = 0; i < sizeof OPENINGS / sizeof *OPENINGS; i++) {
        random_stream s = random_open(OPENINGS[i].seed, OPENINGS[i].purpose, OPENINGS[i].index);
        for (int k = 0; k < 3; k++) assert_true(random_bits(&s) == OPENINGS[i].bits[k]);
    }
}

TEST(same_draws_as_ever) {
    random_stream s = random_open(1, "test", 0);
    double uniform = random_uniform(&s), exponential = random_exponential(&s), normal = random_normal(&s);
    uint64_t below = random_below(&s, 1000);
    assert_near(uniform, 0x1.6f9bf9d9d2ca3p-1, 0);
    assert_near(exponential, 0x1.f2ab4949581cap-1, 0);
    assert_near(normal, -0x1.890c2453777f7p-1, 0);
    assert_true(below == 520);
}

TEST(a_copy_draws_the_same) {
    random_stream a = random_open(3, "test", 4), b = a;
    for (int i = 0; i < 10; i++) random_bits(&a);
    random_stream again = random_open(3, "test", 4);
    for (int i = 0; i < 10; i++) assert_true(random_bits(&b) == random_bits(&again));
    assert_memory_equal(&a, &b, sizeof a);
}

/* ---- Independence: no two streams of neighbouring names have anything in common ---- */

static double correlation(random_stream a, random_stream b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (random_uniform(&a) - 0.5) * (random_uniform(&b) - 0.5);
    return sum / n * 12;
}

TEST(streams_are_uncorrelated) {
    enum { N = 10000 };
    double bound = 5 / sqrt(N);
    for (uint64_t i = 0; i < 50; i++) {
        random_stream s = random_open(1, "a", i);
        assert_within(correlation(s, random_open(1, "a", i + 1), N), 0, bound);
        assert_within(correlation(s, random_open(2, "a", i), N), 0, bound);
        assert_within(correlation(s, random_open(1, "b", i), N), 0, bound);
        assert_within(correlation(s, random_open(i + 2, "a", 1), N), 0, bound); /* seed and index change places */
    }
}

TEST(first_draws_over_indices_are_uniform) {
    enum { N = 100000, CELLS = 64 };
    unsigned counts[CELLS] = {0};
    double chi = 0, mean = (double)N / CELLS;
    for (uint64_t i = 0; i < N; i++) {
        random_stream s = random_open(1, "arrivals", i);
        counts[random_bits(&s) >> 58]++;
    }
    for (int c = 0; c < CELLS; c++) chi += (counts[c] - mean) * (counts[c] - mean) / mean;
    assert_within(chi, CELLS - 1, 5 * sqrt(2.0 * (CELLS - 1)));
}

/* ---- Whole numbers ---- */

static double chi_square_below(uint64_t n, uint64_t cells, uint64_t draws) {
    random_stream s = random_open(7, "below", n);
    unsigned *counts = calloc(cells, sizeof *counts);
    double chi = 0, mean = (double)draws / (double)cells;
    assert_non_null(counts);
    for (uint64_t i = 0; i < draws; i++) {
        uint64_t x = random_below(&s, n);
        assert_true(x < n);
        counts[x % cells]++;
    }
    for (uint64_t c = 0; c < cells; c++) chi += (counts[c] - mean) * (counts[c] - mean) / mean;
    free(counts);
    return chi;
}

TEST(below_is_unbiased) {
    static const uint64_t SIZES[] = {2, 3, 7, 10, 100, 872};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        double cells = (double)SIZES[i];
        assert_within(chi_square_below(SIZES[i], SIZES[i], 200000), cells - 1, 5 * sqrt(2 * (cells - 1)));
    }
    /* 3 * 2^62: without rejection the multiples of 3 would come twice as often as the others */
    assert_within(chi_square_below((uint64_t)3 << 62, 3, 200000), 2, 5 * sqrt(2.0 * 2));
    assert_within(chi_square_below(1, 1, 10), 0, 0);
}

TEST(shuffles_are_unbiased) {
    enum { N = 48000, ORDERS = 24 };
    random_stream s = random_open(5, "shuffle", 0);
    unsigned counts[256] = {0}, seen = 0;
    double chi = 0, mean = (double)N / ORDERS;
    for (int i = 0; i < N; i++) {
        uint32_t items[4] = {0, 1, 2, 3};
        random_shuffle(&s, items, 4);
        counts[items[0] << 6 | items[1] << 4 | items[2] << 2 | items[3]]++;
    }
    for (int c = 0; c < 256; c++) {
        if (!counts[c]) continue;
        seen++;
        chi += (counts[c] - mean) * (counts[c] - mean) / mean;
    }
    assert_int_equal(seen, ORDERS);
    assert_within(chi, ORDERS - 1, 5 * sqrt(2.0 * (ORDERS - 1)));
    random_shuffle(&s, NULL, 0);
}

/* ---- Moments: means and variances within five standard errors, for fixed seeds ---- */

enum { DRAWS = 200000 };

typedef struct moments {
    double mean, variance, least, most;
} moments;

static moments moments_of(distribution d) {
    random_stream s = random_open(11, "moments", (uint64_t)d.kind);
    moments m = {0, 0, HUGE_VAL, -HUGE_VAL};
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = distribution_draw(&d, &s);
        m.mean += x / DRAWS;
        squares += x * x / DRAWS;
        m.least = fmin(m.least, x);
        m.most = fmax(m.most, x);
    }
    m.variance = squares - m.mean * m.mean;
    return m;
}

/* `kurtosis` is the fourth central moment over the squared variance. */
static void assert_moments(distribution d, double mean, double variance, double kurtosis) {
    moments m = moments_of(d);
    assert_within(m.mean, mean, 5 * sqrt(variance / DRAWS));
    assert_within(m.variance, variance, 5 * variance * sqrt((kurtosis - 1) / DRAWS));
}

TEST(distributions_have_their_moments) {
    double no = -HUGE_VAL, limit = HUGE_VAL, e = exp(0.25 * 0.25);
    assert_moments((distribution){DIST_UNIFORM, 2, 6, no, limit}, 4, 16.0 / 12, 1.8);
    assert_moments((distribution){DIST_NORMAL, 5, 3, no, limit}, 5, 9, 3);
    assert_moments((distribution){DIST_EXPONENTIAL, 4, 0, no, limit}, 4, 16, 9);
    /* ln X ~ N(ln a, b^2): mean a sqrt(e), variance a^2 e (e - 1), kurtosis
     * e^4 + 2 e^3 + 3 e^2 - 3, with e = exp(b^2) */
    assert_moments((distribution){DIST_LOGNORMAL, 10, 0.25, no, limit}, 10 * sqrt(e), 100 * e * (e - 1),
                   e * e * e * e + 2 * e * e * e + 3 * e * e - 3);
    moments constant = moments_of((distribution){DIST_CONSTANT, 7, 0, no, limit});
    assert_true(constant.least == 7 && constant.most == 7);
}

TEST(normals_have_their_quantiles) {
    random_stream s = random_open(12, "quantiles", 0);
    int below[3] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double x = random_normal(&s);
        for (int k = 0; k < 3; k++) below[k] += x < k;
    }
    for (int k = 0; k < 3; k++) {
        double wanted = 0.5 * erfc(-k / sqrt(2));
        assert_within((double)below[k] / DRAWS, wanted, 5 * sqrt(wanted * (1 - wanted) / DRAWS));
    }
}

TEST(uniforms_stay_below_one) {
    random_stream s = random_open(13, "uniform", 0);
    for (int i = 0; i < DRAWS; i++) {
        double x = random_uniform(&s);
        assert_true(x >= 0 && x < 1 && x * 0x1p53 == floor(x * 0x1p53));
    }
}

TEST(draws_are_clipped) {
    static const distribution CLIPPED[] = {
        {DIST_CONSTANT, 9, 0, 1, 3}, {DIST_CONSTANT, -9, 0, 1, 3}, {DIST_UNIFORM, 0, 4, 1, 3},
        {DIST_NORMAL, 2, 5, 1, 3},   {DIST_LOGNORMAL, 2, 3, 1, 3}, {DIST_EXPONENTIAL, 2, 0, 1, 3},
    };
    for (size_t i = 0; i < sizeof CLIPPED / sizeof *CLIPPED; i++) {
        moments m = moments_of(CLIPPED[i]);
        assert_true(m.least >= 1 && m.most <= 3);
        if (i >= 2) assert_true(m.least == 1 && m.most == 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_match_the_reference),
        cmocka_unit_test(published_vector),
        cmocka_unit_test(same_bits_as_ever),
        cmocka_unit_test(same_draws_as_ever),
        cmocka_unit_test(a_copy_draws_the_same),
        cmocka_unit_test(streams_are_uncorrelated),
        cmocka_unit_test(first_draws_over_indices_are_uniform),
        cmocka_unit_test(below_is_unbiased),
        cmocka_unit_test(shuffles_are_unbiased),
        cmocka_unit_test(distributions_have_their_moments),
        cmocka_unit_test(normals_have_their_quantiles),
        cmocka_unit_test(uniforms_stay_below_one),
        cmocka_unit_test(draws_are_clipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
