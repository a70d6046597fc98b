/* Forward and backward of each building block. Matrix products run on the encoder's packed kernels where there are any,
 * packing the second factor for each product (it costs one part in the number of rows), else on OpenBLAS. */
#include <math.h>
#include <string.h>

#include "model/encoder/encoder.h"
#include "training.h"

/* ---- Matrix products ---- */

#ifdef PORTOLAN_DOUBLE
#define GEMM blas.dgemm
static const kernels *packed(void) { return NULL; }
#else
#define GEMM blas.sgemm
static const kernels *packed(void) {
    static const kernels *picked;
    if (!picked) picked = kernels_pick();
    return picked->panel ? picked : NULL;
}
#endif

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Rounded up to whole panels of any kernel table. */
static size_t padded(size_t n) { return (n + 63) / 64 * 64; }

size_t linear_scratch(size_t T, size_t K, size_t N) {
    size_t pack = larger(larger(K * padded(N), N * padded(K)), T * padded(K));
    return pack + N * T + N * padded(K) + larger(N, K); /* packed factor, dy^T, dw, zero bias */
}

#ifndef PORTOLAN_DOUBLE

/* Packs a matrix [K][N], or with `transposed` one [N][K], for kernels.linear. Columns beyond N are never stored. */
static void pack(const kernels *k, real *into, const real *b, bool transposed, size_t K, size_t N) {
    size_t panel = k->panel;
    for (size_t n0 = 0; n0 < N; n0 += panel) {
        size_t columns = N - n0 < panel ? N - n0 : panel;
        real *out = into + n0 * K;
        for (size_t row = 0; row < K; row++, out += panel)
            for (size_t c = 0; c < columns; c++) out[c] = transposed ? b[(n0 + c) * K + row] : b[row * N + n0 + c];
    }
}

#endif

static void transpose(real *out, const real *in, size_t rows, size_t columns) {
    enum { BLOCK = 32 };
    for (size_t r0 = 0; r0 < rows; r0 += BLOCK)
        for (size_t c0 = 0; c0 < columns; c0 += BLOCK)
            for (size_t r = r0; r < r0 + BLOCK && r < rows; r++)
                for (size_t c = c0; c < c0 + BLOCK && c < columns; c++) out[c * rows + r] = in[r * columns + c];
}

void linear_forward(const linear_layer *l, real *y, const real *x, size_t T, real *scratch) {
    size_t K = l->K, N = l->N;
#ifndef PORTOLAN_DOUBLE
    const kernels *k = packed();
    if (k) {
        pack(k, scratch, l->w, true, K, N);
        k->linear(y, x, scratch, l->b, T, K, N);
        return;
    }
#endif
    (void)scratch, (void)packed;
    for (size_t t = 0; t < T; t++) memcpy(y + t * N, l->b, N * sizeof *y);
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, (int)T, (int)N, (int)K, 1, x, (int)K, l->w, (int)K, 1, y, (int)N);
}

static void add_column_sums(real *db, const real *dy, size_t T, size_t N) {
    for (size_t t = 0; t < T; t++)
        for (size_t n = 0; n < N; n++) db[n] += dy[t * N + n];
}

void linear_backward(const linear_layer *l, real *dx, const real *dy, const real *x, size_t T, real *scratch) {
    size_t K = l->K, N = l->N;
    add_column_sums(l->db, dy, T, N);
#ifndef PORTOLAN_DOUBLE
    const kernels *k = packed();
    if (k) {
        real *pack_room = scratch,
             *dy_turned = scratch + linear_scratch(T, K, N) - N * T - N * padded(K) - larger(N, K);
        real *product = dy_turned + N * T, *zero = product + N * padded(K);
        memset(zero, 0, larger(N, K) * sizeof *zero);
        pack(k, pack_room, l->w, false, N, K);
        k->linear(dx, dy, pack_room, zero, T, N, K);
        transpose(dy_turned, dy, T, N);
        pack(k, pack_room, x, false, T, K);
        k->linear(product, dy_turned, pack_room, zero, N, T, K);
        for (size_t i = 0; i < N * K; i++) l->dw[i] += product[i];
        return;
    }
#endif
    (void)scratch, (void)transpose;
    GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)T, (int)K, (int)N, 1, dy, (int)N, l->w, (int)K, 0, dx, (int)K);
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, (int)N, (int)K, (int)T, 1, dy, (int)N, x, (int)K, 1, l->dw, (int)K);
}

/* ---- LayerNorm ---- */

enum { LANES = 16 }; /* sums run in so many parts side by side, which the compiler turns into vectors */

static real sum_parts(const real parts[LANES]) {
    real sum = 0;
    for (size_t i = 0; i < LANES; i++) sum += parts[i];
    return sum;
}

static real row_sum(const real *x, size_t n) {
    real parts[LANES] = {0};
    for (size_t i = 0; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) parts[j] += x[i + j];
    for (size_t i = n / LANES * LANES; i < n; i++) parts[0] += x[i];
    return sum_parts(parts);
}

/* Sum of (x - mean)^2. */
static real row_squares(const real *x, real mean, size_t n) {
    real parts[LANES] = {0};
    for (size_t i = 0; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) parts[j] += (x[i + j] - mean) * (x[i + j] - mean);
    for (size_t i = n / LANES * LANES; i < n; i++) parts[0] += (x[i] - mean) * (x[i] - mean);
    return sum_parts(parts);
}

void norm_forward(const norm_layer *l, real *y, norm_kept kept, const real *x, size_t T) {
    size_t h = l->h;
    real *normed = kept.normed, *inverse = kept.inverse;
    for (size_t t = 0; t < T; t++, x += h, y += h, normed += h) {
        real mean = row_sum(x, h) / (real)h;
        inverse[t] = (real)(1 / sqrt((double)(row_squares(x, mean, h) / (real)h) + l->eps));
        for (size_t i = 0; i < h; i++) {
            normed[i] = (x[i] - mean) * inverse[t];
            y[i] = normed[i] * l->scale[i] + l->shift[i];
        }
    }
}

/* With g = dy * scale: dx = inverse (g - mean(g) - normed mean(g normed)). */
void norm_backward(const norm_layer *l, real *dx, const real *dy, norm_kept kept, size_t T) {
    size_t h = l->h;
    const real *normed = kept.normed, *inverse = kept.inverse, *scale = l->scale;
    real *dscale = l->dscale, *dshift = l->dshift;
    for (size_t t = 0; t < T; t++, dx += h, dy += h, normed += h) {
        real mean = 0, product = 0;
        for (size_t i = 0; i < h; i++) {
            real g = dy[i] * scale[i];
            mean += g;
            product += g * normed[i];
            dscale[i] += dy[i] * normed[i];
            dshift[i] += dy[i];
        }
        mean /= (real)h;
        product /= (real)h;
        for (size_t i = 0; i < h; i++) dx[i] = inverse[t] * (dy[i] * scale[i] - mean - normed[i] * product);
    }
}

/* ---- GELU ---- */

#ifdef PORTOLAN_DOUBLE

void gelu_forward(real *y, const real *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = 0.5 * x[i] * (1 + erf(x[i] * 0.70710678118654752));
}

void gelu_backward(real *dx, const real *dy, const real *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double phi = 0.5 * (1 + erf(x[i] * 0.70710678118654752));
        dx[i] = dy[i] * (phi + x[i] * 0.39894228040143268 * exp(-0.5 * x[i] * x[i]));
    }
}

#else

void gelu_forward(real *y, const real *x, size_t n) {
    if (y != x) memcpy(y, x, n * sizeof *x);
    kernels_pick()->gelu(y, n);
}

void gelu_backward(real *dx, const real *dy, const real *x, size_t n) { kernels_pick()->gelu_gradient(dx, dy, x, n); }

#endif

/* ---- Attention ---- */

static void softmax_row(real *x, size_t n) {
    real most = x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > most) most = x[i];
    for (size_t i = 0; i < n; i++) {
#ifdef PORTOLAN_DOUBLE
        x[i] = exp(x[i] - most);
#else
        x[i] = expf(x[i] - most);
#endif
        sum += x[i];
    }
    for (size_t i = 0; i < n; i++) x[i] /= sum;
}

static void softmax_square(real *x, size_t s) {
#ifndef PORTOLAN_DOUBLE
    if (packed()) {
        packed()->softmax_rows(x, s, s, s);
        return;
    }
#endif
    for (size_t row = 0; row < s; row++) softmax_row(x + row * s, s);
}

void attention_forward(const attention *a, real *context, real *scratch) {
    size_t s = a->s, h = a->h, d = h / a->heads;
    real scale = (real)(1 / sqrt((double)d));
    for (size_t head = 0; head < a->heads; head++) {
        const real *q = a->qkv + head * d, *key = q + h, *value = q + 2 * h;
        real *p = a->probabilities + head * s * s, *used = p;
        GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, (int)s, (int)s, (int)d, scale, q, (int)(3 * h), key, (int)(3 * h),
             0, p, (int)s);
        softmax_square(p, s);
        if (a->mask) {
            used = scratch;
            for (size_t i = 0; i < s * s; i++) used[i] = p[i] * a->mask[head * s * s + i];
        }
        GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s, (int)d, (int)s, 1, used, (int)s, value, (int)(3 * h), 0,
             context + head * d, (int)h);
    }
}

/* dP = dC V^T (masked), dS = P (dP - sum_j P_j dP_j), dQ = scale dS K, dK = scale dS^T Q, dV = (masked P)^T dC. */
void attention_backward(const attention *a, real *dqkv, const real *dcontext, real *scratch) {
    size_t s = a->s, h = a->h, d = h / a->heads;
    real scale = (real)(1 / sqrt((double)d));
    int S = (int)s, D = (int)d, H = (int)h, W = (int)(3 * h);
    real *ds = scratch, *used = scratch + s * s;
    for (size_t head = 0; head < a->heads; head++) {
        const real *q = a->qkv + head * d, *key = q + h, *value = q + 2 * h, *dc = dcontext + head * d;
        const real *p = a->probabilities + head * s * s, *m = a->mask ? a->mask + head * s * s : NULL;
        real *dq = dqkv + head * d, *dkey = dq + h, *dvalue = dq + 2 * h;
        for (size_t i = 0; i < s * s; i++) used[i] = m ? p[i] * m[i] : p[i];
        GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, S, D, S, 1, used, S, dc, H, 0, dvalue, W);
        GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, S, S, D, 1, dc, H, value, W, 0, ds, S);
        for (size_t row = 0; row < s; row++) {
            real *g = ds + row * s, dot = 0;
            for (size_t i = 0; i < s; i++) {
                if (m) g[i] *= m[row * s + i];
                dot += g[i] * p[row * s + i];
            }
            for (size_t i = 0; i < s; i++) g[i] = p[row * s + i] * (g[i] - dot);
        }
        GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, S, D, S, scale, ds, S, key, W, 0, dq, W);
        GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, S, D, S, scale, ds, S, q, W, 0, dkey, W);
    }
}

/* ---- Dropout ---- */

void dropout_mask(real *mask, size_t n, double rate, random_stream *s) {
    uint64_t threshold = (uint64_t)(rate * 65536 + 0.5);
    real kept = (real)(65536.0 / (65536.0 - (double)threshold));
    for (size_t i = 0; i < n; i += 4) {
        uint64_t bits = random_bits(s);
        for (size_t j = i; j < i + 4 && j < n; j++, bits >>= 16) mask[j] = (bits & 0xffff) < threshold ? 0 : kept;
    }
}
