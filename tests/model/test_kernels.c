/* Every table of kernels this processor has, against plain arithmetic in double precision. */
#include "models.h"

#include "base/random.h"

static void fill_normal(float *x, size_t n, double scale, random_stream *r) {
    for (size_t i = 0; i < n; i++) x[i] = (float)(scale * random_normal(r));
}

/* Calls `check` with each table. */
static void each_table(void (*check)(const kernels *k)) {
    for (unsigned table = 0; table < KERNEL_TABLES; table++)
        if (kernels_choose(table)) check(kernels_pick());
}

/* ---- Products with weights ---- */

/* The weights arrive in two pieces, as queries, keys and values do. */
static float *stored(const kernels *k, const float *w, size_t K, size_t N) {
    size_t split = N / 3;
    float *laid = aligned_alloc(64, (weights_size(k, K, N) * sizeof *laid + 63) / 64 * 64);
    float *part = malloc(K * N * sizeof *part);
    assert_true(laid && part);
    memset(laid, 0, weights_size(k, K, N) * sizeof *laid);
    for (size_t first = 0, columns = split; first < N; first += columns, columns = N - first) {
        if (!columns) columns = N;
        for (size_t row = 0; row < K; row++) memcpy(part + row * columns, w + row * N + first, columns * sizeof *part);
        weights_store(k, laid, K, N, first, columns, part);
    }
    free(part);
    return laid;
}

static void check_product(const kernels *k, size_t M, size_t K, size_t N, random_stream *r) {
    float *x = malloc(M * K * sizeof *x), *w = malloc(K * N * sizeof *w), *bias = malloc(N * sizeof *bias);
    float *out = malloc((M * N + 1) * sizeof *out), *row = malloc(N * sizeof *row);
    fill_normal(x, M * K, 1, r);
    fill_normal(w, K * N, 1, r);
    fill_normal(bias, N, 1, r);
    float *laid = stored(k, w, K, N);
    out[M * N] = 42; /* nothing may be written here */
    k->linear(out, x, laid, bias, M, K, N);
    assert_true(out[M * N] == 42);
    for (size_t m = 0; m < M; m++) {
        for (size_t n = 0; n < N; n++) {
            double wanted = bias[n], size = fabs(bias[n]);
            for (size_t i = 0; i < K; i++) {
                double product = (double)x[m * K + i] * w[i * N + n];
                wanted += product;
                size += fabs(product);
            }
            assert_within(out[m * N + n], wanted, 2e-7 * (4 + sqrt((double)K)) * size);
        }
        if (!k->panel) continue; /* OpenBLAS's rows may depend on each other */
        k->linear(row, x + m * K, laid, bias, 1, K, N);
        assert_memory_equal(row, out + m * N, N * sizeof *row);
    }
    free(x);
    free(w);
    free(bias);
    free(out);
    free(row);
    free(laid);
}

static void check_linear(const kernels *k) {
    static const size_t DEPTHS[] = {1, 3, 48, 385};
    random_stream r = random_open(1, "linear", 0);
    for (size_t M = 1; M <= 27; M++)
        for (size_t N = 1; N <= 70; N += M % 3 ? 7 : 1) check_product(k, M, DEPTHS[(M + N) % 4], N, &r);
    check_product(k, 100, 100, 100, &r);
    check_product(k, 13, 800, 130, &r);
}

TEST(linear_equals_sums_in_double) { each_table(check_linear); }

/* ---- Functions of one number ---- */

static double gelu_of(double x) { return x / 2 * (1 + erf(x / sqrt(2))); }

/* Values close together over where the function bends, and a few far out; in vectors and with remainders. */
static void check_function(void (*function)(float *x, size_t n), double (*wanted)(double), double absolute,
                           double relative, const char *name) {
    enum { COUNT = 200003 };
    static float x[COUNT + 1], y[COUNT + 1];
    static const float FAR[] = {0, -0.0f, 1e-30f, -1e-30f, 1e-4f, 30, -30, 100, -100, 1e4f, -1e4f, 3e38f, -3e38f};
    double worst = 0;
    for (size_t i = 0; i < COUNT; i++) x[i] = (float)((double)i / COUNT * 24 - 12);
    memcpy(x + 1000, FAR, sizeof FAR);
    x[COUNT] = 42;
    memcpy(y, x, sizeof x);
    function(y, COUNT);
    assert_true(y[COUNT] == 42);
    for (size_t i = 0; i < COUNT; i++) {
        double difference = fabs(y[i] - wanted(x[i]));
        if (difference > absolute + relative * fabs(wanted(x[i])))
            print_error("%s(%.9g) is %.9g; wanted %.17g\n", name, x[i], y[i], wanted(x[i]));
        assert_true(difference <= absolute + relative * fabs(wanted(x[i])));
        if (fabsf(x[i]) < 13) worst = fmax(worst, difference);
    }
    print_message("  %s: largest difference %.2g\n", name, worst);
    for (size_t n = 0; n < 40; n++) { /* a value does not depend on where it stands */
        float some[40];
        memcpy(some, x + 5000, sizeof some);
        function(some, n);
        assert_memory_equal(some, y + 5000, n * sizeof *some);
        assert_memory_equal(some + n, x + 5000 + n, (40 - n) * sizeof *some);
    }
}

static void check_functions(const kernels *k) {
    print_message("%s\n", k->name);
    check_function(k->gelu, gelu_of, 1e-6, 5e-7, "gelu");
    check_function(k->tanh, tanh, 3e-7, 0, "tanh");
}

TEST(gelu_and_tanh_equal_libm) { each_table(check_functions); }

/* ---- Rows ---- */

static void check_softmax_row(const kernels *k, size_t n, size_t stride, double scale, random_stream *r) {
    float x[3 * 320], y[3 * 320];
    fill_normal(x, 3 * stride, scale, r);
    memcpy(y, x, sizeof x);
    k->softmax_rows(y, 3, n, stride);
    for (size_t row = 0; row < 3; row++) {
        const float *from = x + row * stride, *to = y + row * stride;
        double most = from[0], sum = 0;
        for (size_t i = 0; i < n; i++) most = fmax(most, from[i]);
        for (size_t i = 0; i < n; i++) sum += exp(from[i] - most);
        for (size_t i = 0; i < n; i++) {
            double wanted = exp(from[i] - most) / sum;
            assert_within(to[i], wanted, 1e-7 + 4e-7 * (1 + fabs(from[i] - most) / 8) * wanted);
        }
        for (size_t i = n; i < stride; i++) assert_true(to[i] == 0);
    }
}

static void check_softmax(const kernels *k) {
    random_stream r = random_open(2, "softmax", 0);
    for (size_t n = 1; n <= 130; n++)
        for (size_t extra = 0; extra < 33; extra += 16) {
            check_softmax_row(k, n, (n + 15) / 16 * 16 + extra, 1, &r);
            check_softmax_row(k, n, (n + 15) / 16 * 16 + extra, 40, &r);
        }
}

TEST(softmax_equals_double) { each_table(check_softmax); }

/* Queries, keys and values of one head in rows of `row` floats, followed by other heads' that must not count. */
static void check_head(const kernels *k, size_t s, size_t d, random_stream *r) {
    size_t row = 3 * d + 5, stride = (s + 15) / 16 * 16, h = d + 3;
    float *qkv = malloc(s * row * sizeof *qkv), *p = malloc(s * stride * sizeof *p);
    float *out = malloc(s * h * sizeof *out), *room = malloc(32 * (s > d ? s : d) * sizeof *room);
    fill_normal(qkv, s * row, 1, r);
    const float *q = qkv, *key = qkv + d, *value = qkv + 2 * d + 5;
    k->scores(p, q, key, 0.3f, s, d, row, stride, room);
    for (size_t i = 0; i < s; i++) {
        for (size_t j = 0; j < s; j++) {
            double wanted = 0;
            for (size_t c = 0; c < d; c++) wanted += 0.3 * q[i * row + c] * key[j * row + c];
            assert_within(p[i * stride + j], wanted, 2e-6 * sqrt((double)d));
        }
        for (size_t j = s; j < stride; j++) p[i * stride + j] = NAN; /* must not be read */
    }
    for (size_t i = 0; i < s * h; i++) out[i] = 42;
    k->mix(out, p, value, s, d, row, stride, h, room);
    for (size_t i = 0; i < s; i++) {
        for (size_t c = 0; c < d; c++) {
            double wanted = 0, size = 0;
            for (size_t j = 0; j < s; j++) {
                wanted += (double)p[i * stride + j] * value[j * row + c];
                size += fabs((double)p[i * stride + j] * value[j * row + c]);
            }
            assert_within(out[i * h + c], wanted, 4e-7 * (1 + size));
        }
        for (size_t c = d; c < h; c++) assert_true(out[i * h + c] == 42);
    }
    free(qkv);
    free(p);
    free(out);
    free(room);
}

static void check_attention(const kernels *k) {
    static const size_t WIDTHS[] = {1, 7, 8, 16, 21, 32, 48, 64};
    random_stream r = random_open(7, "attention", 0);
    for (size_t s = 1; s <= 70; s++)
        for (size_t i = 0; i < 8; i++)
            if (s < 20 || (s + i) % 3 == 0) check_head(k, s, WIDTHS[i], &r);
    check_head(k, 130, 64, &r);
}

TEST(attention_equals_double) { each_table(check_attention); }

/* With an offset that a one-pass variance would not survive; eps where the variance is nil. */
static void check_norm(const kernels *k, size_t h, bool adds, double offset, random_stream *r) {
    enum { ROWS = 3, WIDEST = 800 };
    static float x[ROWS * WIDEST], add[ROWS * WIDEST], out[ROWS * WIDEST + 1], scale[WIDEST], shift[WIDEST];
    fill_normal(x, ROWS * h, 1, r);
    fill_normal(add, ROWS * h, 1, r);
    fill_normal(scale, h, 1, r);
    fill_normal(shift, h, 1, r);
    for (size_t i = 0; i < ROWS * h; i++) x[i] += (float)offset;
    out[ROWS * h] = 42;
    k->layer_norm(out, x, adds ? add : NULL, scale, shift, 1e-5, ROWS, h);
    assert_true(out[ROWS * h] == 42);
    for (size_t row = 0; row < ROWS; row++) {
        double mean = 0, variance = 0, value[WIDEST];
        for (size_t i = 0; i < h; i++) mean += value[i] = x[row * h + i] + (adds ? add[row * h + i] : 0);
        mean /= (double)h;
        for (size_t i = 0; i < h; i++) variance += (value[i] - mean) * (value[i] - mean);
        double inverse = 1 / sqrt(variance / (double)h + 1e-5);
        for (size_t i = 0; i < h; i++) {
            double wanted = (value[i] - mean) * inverse * scale[i] + shift[i];
            /* x + add and the mean are rounded to single precision, which the inverse deviation scales up */
            double rounding = 2.4e-7 * (1 + fabs(offset) + fabs(value[i])) * inverse * fabs(scale[i]);
            assert_within(out[row * h + i], wanted, 2e-6 + 3 * rounding + 1e-6 * fabs(wanted));
        }
    }
    static float in_place[ROWS * WIDEST];
    memcpy(in_place, x, ROWS * h * sizeof *x);
    k->layer_norm(in_place, in_place, adds ? add : NULL, scale, shift, 1e-5, ROWS, h);
    assert_memory_equal(in_place, out, ROWS * h * sizeof *out);
}

static void check_norms(const kernels *k) {
    random_stream r = random_open(3, "norm", 0);
    for (size_t h = 1; h <= 70; h++) {
        check_norm(k, h, false, 0, &r);
        check_norm(k, h, true, 0, &r);
        if (h > 2) check_norm(k, h, true, 100, &r);
    }
    check_norm(k, 768, true, 0, &r);
    check_norm(k, 773, false, 10, &r);
}

TEST(layer_norm_equals_double) { each_table(check_norms); }

static void check_add(const kernels *k) {
    random_stream r = random_open(4, "add", 0);
    float x[64], y[64], sum[64];
    for (size_t n = 0; n < 64; n++) {
        fill_normal(x, 64, 1, &r);
        fill_normal(y, 64, 1, &r);
        memcpy(sum, x, sizeof x);
        k->add(sum, y, n);
        for (size_t i = 0; i < 64; i++) assert_true(sum[i] == (i < n ? x[i] + y[i] : x[i]));
    }
}

TEST(add_adds) { each_table(check_add); }

/* ---- Rounding of hidden states ---- */

/* The value of a half, from its definition. */
static double half_value(unsigned bits) {
    double sign = bits >> 15 ? -1 : 1, fraction = bits & 1023;
    int exponent = (int)(bits >> 10 & 31);
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

/* The nearest half by looking at those around: halves are in the order of their bits; of two equally near, the even
 * one. */
static double nearest_half(double x) {
    unsigned low = 0, high = 0x7bff; /* 65504 */
    while (high - low > 1) *(half_value((low + high) / 2) <= fabs(x) ? &low : &high) = (low + high) / 2;
    double below = fabs(x) - half_value(low), above = half_value(high) - fabs(x);
    bool up = above < below || (above == below && high % 2 == 0);
    return copysign(half_value(up ? high : low), x);
}

TEST(two_bytes_round_to_the_nearest_half) {
    random_stream r = random_open(5, "half", 0);
    for (unsigned trial = 0; trial < 200000; trial++) {
        float x = (float)ldexp(random_normal(&r), (int)random_below(&r, 40) - 28), y;
        if (trial % 4 == 0) { /* exactly between two halves, or beside that */
            unsigned bits = (unsigned)random_below(&r, 0x7bff);
            x = (float)((half_value(bits) + half_value(bits + 1)) / 2);
            if (trial % 3 == 0) x = nextafterf(x, trial % 2 ? 1e9f : 0);
        }
        if (fabsf(x) > 65504) continue;
        y = x;
        hidden_round(&y, 1, 1, 2);
        if (y != nearest_half(x)) print_error("%.17g became %.17g, not %.17g\n", x, y, nearest_half(x));
        assert_true(y == nearest_half(x));
        hidden_round(&y, 1, 1, 2);
        assert_true(y == nearest_half(x));
    }
}

TEST(a_byte_rounds_to_255_steps_of_its_row) {
    enum { WIDTH = 37, ROWS = 50 };
    random_stream r = random_open(6, "byte", 0);
    static float x[WIDTH * ROWS], y[WIDTH * ROWS];
    for (size_t row = 0; row < ROWS; row++)
        fill_normal(x + row * WIDTH, WIDTH, row == 3 ? 0 : ldexp(1, (int)row % 20 - 10), &r);
    memcpy(y, x, sizeof x);
    hidden_round(y, WIDTH * ROWS, WIDTH, 1);
    for (size_t row = 0; row < ROWS; row++) {
        double most = 0;
        for (size_t i = 0; i < WIDTH; i++) most = fmax(most, fabs(x[row * WIDTH + i]));
        for (size_t i = 0; i < WIDTH; i++) {
            double found = y[row * WIDTH + i], steps = most > 0 ? found / (most / 127) : 0;
            assert_within(found, x[row * WIDTH + i], most / 254 * 1.00001);
            assert_within(steps, rint(steps), 1e-4);
            assert_true(fabs(found) <= most * 1.000001);
        }
    }
}

TEST(four_bytes_stay_as_they_are) {
    float x[] = {1.1f, -3e-20f, 1e30f}, y[3];
    memcpy(y, x, sizeof x);
    hidden_round(y, 3, 3, 4);
    assert_memory_equal(x, y, sizeof x);
}

/* ---- Softmax of logits ---- */

TEST(softmax_of_logits_is_in_double) {
    const float logits[] = {-2, 0.5f, 90, 89};
    double p[4], sum = 0;
    softmax(logits, 4, p);
    for (size_t i = 0; i < 4; i++) {
        sum += p[i];
        assert_near(p[i], exp(logits[i] - 90.0) / (1 + exp(-1.0) + exp(-89.5) + exp(-92.0)), 1e-14);
    }
    assert_near(sum, 1, 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_equals_sums_in_double),
        cmocka_unit_test(gelu_and_tanh_equal_libm),
        cmocka_unit_test(softmax_equals_double),
        cmocka_unit_test(attention_equals_double),
        cmocka_unit_test(layer_norm_equals_double),
        cmocka_unit_test(add_adds),
        cmocka_unit_test(two_bytes_round_to_the_nearest_half),
        cmocka_unit_test(a_byte_rounds_to_255_steps_of_its_row),
        cmocka_unit_test(four_bytes_stay_as_they_are),
        cmocka_unit_test(softmax_of_logits_is_in_double),
    };
    return cmocka_run_group_tests(tests, models_open, models_close);
}
