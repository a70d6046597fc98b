/* The text of the kernels, compiled once for each instruction set by a file that defines
 *   KERNELS       the name of the table
 *   KERNELS_NAME  its name in words
 *   LANES         floats in a vector
 *   BLOCK_ROWS    rows of x that one pass of `linear` works on; BLOCK_ROWS x 2 vectors must fit into the registers
 * With LANES 4 there is no `linear`: OpenBLAS does it. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels.h"

#if LANES > 4 && defined(__x86_64__)
#include <immintrin.h>
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t vec_int __attribute__((vector_size(4 * LANES)));

#define INLINE static inline __attribute__((always_inline))

/* Before a loop of at most 16 turns: none is left, so that an array of vectors stays in registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE vec load(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float *p, vec v) { memcpy(p, &v, sizeof v); }

INLINE vec splat(float x) { return x - (vec){0}; }

/* A vector of which only the first n < LANES floats are at p. */
INLINE vec load_some(const float *p, size_t n, float rest) {
    vec v = splat(rest);
    memcpy(&v, p, n * sizeof *p);
    return v;
}

INLINE void store_some(float *p, vec v, size_t n) { memcpy(p, &v, n * sizeof *p); }

INLINE vec choose(vec_int mask, vec a, vec b) {
    vec_int ia, ib;
    memcpy(&ia, &a, sizeof ia);
    memcpy(&ib, &b, sizeof ib);
    vec_int r = (mask & ia) | (~mask & ib);
    vec v;
    memcpy(&v, &r, sizeof v);
    return v;
}

/* larger and smaller: a > b ? a : b, and the reverse; one instruction where compilers would make a chain of four.
 * mad: a b + c, rounded once on x86-64. Compilers are told to fuse nothing by themselves: they do it here and not
 * there, with every version differently, and the bits of a row must not depend on the block it happens to be in. */
#if LANES == 16 && defined(__x86_64__)
INLINE vec mad(vec a, vec b, vec c) { return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
INLINE vec larger(vec a, vec b) { return (vec)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE vec smaller(vec a, vec b) { return (vec)_mm512_min_ps((__m512)a, (__m512)b); }
#elif LANES == 8 && defined(__x86_64__)
INLINE vec mad(vec a, vec b, vec c) { return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
INLINE vec larger(vec a, vec b) { return (vec)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE vec smaller(vec a, vec b) { return (vec)_mm256_min_ps((__m256)a, (__m256)b); }
#else
INLINE vec mad(vec a, vec b, vec c) { return a * b + c; }
INLINE vec larger(vec a, vec b) { return choose(a > b, a, b); }
INLINE vec smaller(vec a, vec b) { return choose(a < b, a, b); }
#endif

/* The lower and the upper half of a vector, as vectors. */
typedef float vec4 __attribute__((vector_size(16)));
#if LANES == 16
typedef float vec8 __attribute__((vector_size(32)));
#define LOW8(v)  __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
#define HIGH8(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)
#endif
#define LOW4(v)  __builtin_shufflevector(v, v, 0, 1, 2, 3)
#define HIGH4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7)

/* Lanes are added pairwise, in one fixed order: each lane of the lower half with its fellow of the upper half. */
INLINE float sum_lanes(vec v) {
#if LANES == 16
    vec8 eight = LOW8(v) + HIGH8(v);
    vec4 four = LOW4(eight) + HIGH4(eight);
#elif LANES == 8
    vec4 four = LOW4(v) + HIGH4(v);
#else
    vec4 four = v;
#endif
    return (four[0] + four[2]) + (four[1] + four[3]);
}

INLINE float larger_of(float a, float b) { return a > b ? a : b; }

INLINE float largest_lane(vec v) {
#if LANES == 16
    v = larger(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    v = larger(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
#elif LANES == 8
    v = larger(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
#endif
    return larger_of(larger_of(v[0], v[2]), larger_of(v[1], v[3]));
}

/* e^x for x in [-87, 88] (clipped): 2^n times the Taylor series of e^r to r^7, |r| <= ln(2)/2; error about one ulp. */
INLINE vec exp_vec(vec x) {
    const float log2e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f, magic = 12582912.0f;
    x = larger(smaller(x, splat(88)), splat(-87));
    vec shifted = mad(x, splat(log2e), splat(magic)); /* the integer nearest to x log2 e stands in the low bits */
    vec n = shifted - magic;
    vec r = mad(n, splat(-ln2_low), mad(n, splat(-ln2_high), x));
    vec p = splat(1.0f / 5040);
    p = mad(p, r, splat(1.0f / 720));
    p = mad(p, r, splat(1.0f / 120));
    p = mad(p, r, splat(1.0f / 24));
    p = mad(p, r, splat(1.0f / 6));
    p = mad(p, r, splat(0.5f));
    p = mad(p, r, splat(1.0f));
    p = mad(p, r, splat(1.0f));
    vec_int bits;
    memcpy(&bits, &shifted, sizeof bits);
    vec_int power = (bits << 23) + 0x3f800000; /* only the integer's low bits survive the shift */
    vec scale;
    memcpy(&scale, &power, sizeof scale);
    return p * scale;
}

/* erf x = x P(x^2) / Q(x^2) for |x| <= 3.92, where it reaches 1 within 3e-8. The coefficients are ours, fitted for
 * the least largest relative error (5.2e-8 before rounding) by reweighted least squares; absolute error in float
 * 4e-7. */
INLINE vec erf_vec(vec x) {
    x = larger(smaller(x, splat(3.92f)), splat(-3.92f));
    vec t = x * x;
    vec p = splat(0x1.564bc4p-26f);
    p = mad(p, t, splat(-0x1.06c704p-19f));
    p = mad(p, t, splat(0x1.297c50p-13f));
    p = mad(p, t, splat(0x1.e52f9cp-9f));
    p = mad(p, t, splat(0x1.9e4c62p-5f));
    p = mad(p, t, splat(0x1.9972d0p-3f));
    p = mad(p, t, splat(0x1.20dd74p+0f));
    vec q = splat(0x1.f53f98p-11f);
    q = mad(q, t, splat(0x1.d65480p-7f));
    q = mad(q, t, splat(0x1.d7093ap-4f));
    q = mad(q, t, splat(0x1.0561c2p-1f));
    q = mad(q, t, splat(1.0f));
    return x * p / q;
}

/* Beyond 5.54, where erf is 1 but for 3e-8 and rounding, x or 0: a rounded 1 - erf would be multiplied by x. */
INLINE vec gelu_vec(vec x) {
    vec inside = 0.5f * x * (1.0f + erf_vec(x * 0.707106781f));
    return choose(x > splat(5.54f), x, choose(x < splat(-5.54f), splat(0), inside));
}

INLINE vec gelu_slope(vec x) {
    vec density = 0.398942280f * exp_vec(-0.5f * x * x);
    return mad(x, density, 0.5f * (1.0f + erf_vec(x * 0.707106781f)));
}

/* 1 - 2 / (e^2x + 1); near 0, where that cancels, the first terms of the odd series. */
INLINE vec tanh_vec(vec x) {
    vec square = x * x;
    vec series = mad(square, splat(-17.0f / 315), splat(2.0f / 15));
    series = mad(square, mad(square, series, splat(-1.0f / 3)), splat(1));
    vec small = x * series;
    vec large = 1.0f - 2.0f / (exp_vec(2.0f * larger(smaller(x, splat(20)), splat(-20))) + 1.0f);
    return choose(square < splat(0.01f), small, large);
}

static void gelu(float *x, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(x + i, gelu_vec(load(x + i)));
    if (i < n) store_some(x + i, gelu_vec(load_some(x + i, n - i, 0)), n - i);
}

static void gelu_gradient(float *dx, const float *dy, const float *x, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(dx + i, load(dy + i) * gelu_slope(load(x + i)));
    if (i < n) store_some(dx + i, load_some(dy + i, n - i, 0) * gelu_slope(load_some(x + i, n - i, 0)), n - i);
}

static void tanh_all(float *x, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(x + i, tanh_vec(load(x + i)));
    if (i < n) store_some(x + i, tanh_vec(load_some(x + i, n - i, 0)), n - i);
}

static void add(float *x, const float *y, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] += y[i];
}

static void softmax_row(float *x, size_t n, size_t stride) {
    vec most = splat(-INFINITY), sum = splat(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) most = larger(load(x + i), most);
    if (i < n) most = larger(load_some(x + i, n - i, -INFINITY), most);
    float peak = largest_lane(most);
    for (i = 0; i + LANES <= n; i += LANES) {
        vec e = exp_vec(load(x + i) - peak);
        store(x + i, e);
        sum += e;
    }
    if (i < n) {
        vec e = exp_vec(load_some(x + i, n - i, 0) - peak), kept = splat(0);
        memcpy(&kept, &e, (n - i) * sizeof *x);
        store_some(x + i, kept, n - i);
        sum += kept;
    }
    float scale = 1 / sum_lanes(sum);
    for (i = 0; i < n; i++) x[i] *= scale;
    for (; i < stride; i++) x[i] = 0;
}

/* The same bits for a row with room for whole vectors: what lies beyond n is masked instead of copied around. */
INLINE void softmax_padded_row(float *x, size_t n, size_t stride) {
    vec most = splat(-INFINITY), sum = splat(0);
    vec_int lane;
    for (int32_t i = 0; i < LANES; i++) lane[i] = i;
    for (size_t i = 0; i < n; i += LANES) most = larger(choose(lane < (int32_t)(n - i), load(x + i), most), most);
    float peak = largest_lane(most);
    for (size_t i = 0; i < n; i += LANES) {
        vec e = choose(lane < (int32_t)(n - i), exp_vec(load(x + i) - peak), splat(0));
        store(x + i, e);
        sum += e;
    }
    float scale = 1 / sum_lanes(sum);
    for (size_t i = 0; i < n; i += LANES) store(x + i, load(x + i) * scale);
    for (size_t i = (n + LANES - 1) / LANES * LANES; i < stride; i++) x[i] = 0;
}

static void softmax_rows(float *x, size_t rows, size_t n, size_t stride) {
    bool padded = stride >= (n + LANES - 1) / LANES * LANES;
    for (size_t r = 0; padded && r < rows; r++) softmax_padded_row(x + r * stride, n, stride);
    for (size_t r = 0; !padded && r < rows; r++) softmax_row(x + r * stride, n, stride);
}

/* Mean, then the mean square about it: two passes, so that nothing cancels. */
static void layer_norm_row(float *out, const float *x, const float *addend, const float *scale, const float *shift,
                           double eps, size_t h) {
    vec sum = splat(0), squares = splat(0);
    float tail = 0, tail_squares = 0;
    size_t i = 0;
    for (; i + LANES <= h; i += LANES) {
        vec v = load(x + i);
        if (addend) v += load(addend + i);
        store(out + i, v);
        sum += v;
    }
    for (; i < h; i++) {
        out[i] = addend ? x[i] + addend[i] : x[i];
        tail += out[i];
    }
    float mean = (sum_lanes(sum) + tail) / (float)h;
    for (i = 0; i + LANES <= h; i += LANES) {
        vec v = load(out + i) - mean;
        squares = mad(v, v, squares);
    }
    for (; i < h; i++) tail_squares += (out[i] - mean) * (out[i] - mean);
    float inverse = (float)(1 / sqrt((double)((sum_lanes(squares) + tail_squares) / (float)h) + eps));
    for (i = 0; i + LANES <= h; i += LANES)
        store(out + i, mad((load(out + i) - mean) * inverse, load(scale + i), load(shift + i)));
    for (; i < h; i++) out[i] = (out[i] - mean) * inverse * scale[i] + shift[i];
}

static void layer_norm(float *out, const float *x, const float *addend, const float *scale, const float *shift,
                       double eps, size_t rows, size_t h) {
    for (size_t r = 0; r < rows; r++)
        layer_norm_row(out + r * h, x + r * h, addend ? addend + r * h : NULL, scale, shift, eps, h);
}

#if LANES > 4

enum { PANEL = 2 * LANES };

/* A product of one panel: out[M][columns] = x[M][K] w[K][columns] + bias, whose rows lie O, X and W floats apart. Whole
 * vectors of w are read. bias may be NULL. */
typedef struct panel_product {
    float *out;
    const float *x, *w, *bias;
    size_t O, X, W, K, columns;
} panel_product;

/* Rows m .. m + rows - 1 of it, by `vectors` (1 or 2) vectors of columns. Called with constants, so that the sums
 * stay in registers. */
INLINE void block(const size_t rows, const size_t vectors, const panel_product *p, size_t m) {
    vec left[BLOCK_ROWS], right[BLOCK_ROWS];
    const float *x = p->x + m * p->X, *w = p->w;
    float *out = p->out + m * p->O, padded[PANEL] = {0};
    size_t K = p->K, X = p->X, W = p->W, columns = p->columns;
    UNROLL for (size_t r = 0; r < rows; r++) left[r] = right[r] = splat(0);
    for (size_t k = 0; k < K; k++) {
        vec w0 = load(w + k * W), w1 = vectors > 1 ? load(w + k * W + LANES) : w0;
        UNROLL for (size_t r = 0; r < rows; r++) {
            vec v = splat(x[r * X + k]);
            left[r] = mad(v, w0, left[r]);
            if (vectors > 1) right[r] = mad(v, w1, right[r]);
        }
    }
    if (p->bias) memcpy(padded, p->bias, columns * sizeof *padded);
    UNROLL for (size_t r = 0; r < rows; r++) {
        vec a = left[r] + load(padded), b = right[r] + load(padded + LANES);
        if (columns == vectors * LANES) {
            store(out + r * p->O, a);
            if (vectors > 1) store(out + r * p->O + LANES, b);
        } else {
            float both[PANEL];
            store(both, a);
            store(both + LANES, b);
            memcpy(out + r * p->O, both, columns * sizeof *both);
        }
    }
}

#define BLOCK_CASE(n)           \
    case n:                     \
        if (p->columns > LANES) \
            block(n, 2, p, m);  \
        else                    \
            block(n, 1, p, m);  \
        break;

/* All rows, in blocks as even as can be: a block of one row would wait for its own sums. */
static void multiply(const panel_product *p, size_t M) {
    size_t blocks = (M + BLOCK_ROWS - 1) / BLOCK_ROWS;
    for (size_t m = 0, rows; m < M; m += rows, blocks--) {
        rows = (M - m + blocks - 1) / blocks;
        switch (rows) {
            BLOCK_CASE(1)
            BLOCK_CASE(2)
            BLOCK_CASE(3)
            BLOCK_CASE(4)
            BLOCK_CASE(5)
            BLOCK_CASE(6)
#if BLOCK_ROWS > 6
            BLOCK_CASE(7)
            BLOCK_CASE(8)
            BLOCK_CASE(9)
            BLOCK_CASE(10)
            BLOCK_CASE(11)
            BLOCK_CASE(12)
#endif
        default: break;
        }
    }
}

/* A panel of weights stays in the second-level cache while all rows pass over it. */
static void linear(float *out, const float *x, const float *w, const float *bias, size_t M, size_t K, size_t N) {
    for (size_t n = 0; n < N; n += PANEL) {
        size_t columns = N - n < PANEL ? N - n : PANEL;
        multiply(&(panel_product){out + n, x, w + n * K, bias + n, N, K, PANEL, K, columns}, M);
    }
}

#if LANES == 16
#define ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#else
#define ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#endif

/* A square of LANES rows becomes one of LANES columns: interleaving its upper with its lower half, log2(LANES)
 * times. */
INLINE void transpose(vec *rows) {
    UNROLL for (size_t width = 1; width < LANES; width *= 2) {
        vec zipped[LANES];
        UNROLL for (size_t i = 0; i < LANES / 2; i++) {
            zipped[2 * i] = ZIP_LOW(rows[i], rows[i + LANES / 2]);
            zipped[2 * i + 1] = ZIP_HIGH(rows[i], rows[i + LANES / 2]);
        }
        UNROLL for (size_t i = 0; i < LANES; i++) rows[i] = zipped[i];
    }
}

/* `columns` <= LANES keys, scaled, as the columns of panel[d][PANEL], the rest of them 0. */
static void turn_keys(float *panel, const float *key, float scale, size_t columns, size_t d, size_t row) {
    size_t k = 0;
    for (; k + LANES <= d; k += LANES) {
        vec rows[LANES];
        UNROLL for (size_t c = 0; c < LANES; c++) rows[c] = c < columns ? scale * load(key + c * row + k) : splat(0);
        transpose(rows);
        UNROLL for (size_t c = 0; c < LANES; c++) store(panel + (k + c) * PANEL, rows[c]);
    }
    for (; k < d; k++)
        for (size_t c = 0; c < LANES; c++) panel[k * PANEL + c] = c < columns ? scale * key[c * row + k] : 0;
}

/* Whole vectors of scores are written, those beyond s as 0. */
static void scores(float *out, const float *q, const float *key, float scale, size_t s, size_t d, size_t row,
                   size_t stride, float *room) {
    for (size_t n = 0; n < s; n += PANEL) {
        size_t left = s - n < LANES ? s - n : LANES, right = s - n < PANEL ? s - n - left : LANES;
        turn_keys(room, key + n * row, scale, left, d, row);
        if (right) turn_keys(room + LANES, key + (n + LANES) * row, scale, right, d, row);
        multiply(&(panel_product){out + n, q, room, NULL, stride, row, PANEL, d, right ? PANEL : LANES}, s);
    }
}

/* Values are used where they lie, but for the last columns of a head that is no whole number of vectors wide. */
static void mix(float *out, const float *p, const float *value, size_t s, size_t d, size_t row, size_t stride, size_t h,
                float *room) {
    for (size_t n = 0; n < d; n += PANEL) {
        size_t columns = d - n < PANEL ? d - n : PANEL, W = row;
        const float *w = value + n;
        if (columns % LANES) {
            memset(room, 0, s * PANEL * sizeof *room);
            for (size_t k = 0; k < s; k++) memcpy(room + k * PANEL, value + k * row + n, columns * sizeof *room);
            w = room;
            W = PANEL;
        }
        multiply(&(panel_product){out + n, p, w, NULL, h, stride, W, s, columns}, s);
    }
}

#else

enum { PANEL = 0 };

#include "blas.h"

/* K in pieces of at most 384: what OpenBLAS adds up in one piece is then the same for every number of rows on the
 * processors where that can be had at all. */
static void linear(float *out, const float *x, const float *w, const float *bias, size_t M, size_t K, size_t N) {
    enum { PIECE = 384 };
    for (size_t m = 0; m < M; m++) memcpy(out + m * N, bias, N * sizeof *bias);
    for (size_t k = 0; k < K; k += PIECE)
        blas.sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)M, (int)N, (int)(K - k < PIECE ? K - k : PIECE), 1,
                   x + k, (int)K, w + k * N, (int)N, 1, out, (int)N);
}

static void scores(float *out, const float *q, const float *key, float scale, size_t s, size_t d, size_t row,
                   size_t stride, float *room) {
    (void)room;
    blas.sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)s, (int)s, (int)d, scale, q, (int)row, key, (int)row, 0,
               out, (int)stride);
}

static void mix(float *out, const float *p, const float *value, size_t s, size_t d, size_t row, size_t stride, size_t h,
                float *room) {
    (void)room;
    blas.sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s, (int)d, (int)s, 1, p, (int)stride, value, (int)row, 0,
               out, (int)h);
}

#endif

const kernels KERNELS = {
    .name = KERNELS_NAME,
    .panel = PANEL,
    .linear = linear,
    .layer_norm = layer_norm,
    .gelu = gelu,
    .gelu_gradient = gelu_gradient,
    .tanh = tanh_all,
    .scores = scores,
    .softmax_rows = softmax_rows,
    .mix = mix,
    .add = add,
};
