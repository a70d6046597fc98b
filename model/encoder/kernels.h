/* The arithmetic of the encoder: one table of functions for each instruction set. Internal to model/.
 *
 * The matrix products are ours, those with weights over weights packed once at load: OpenBLAS packs them anew at
 * every call, and a row of its result depends on how many rows are computed with it (on some processors always),
 * which would make an answer depend on the batch. Here a row's sums run over k in one order, whatever the batch.
 * Where the processor has neither AVX-512 nor AVX2, products go to OpenBLAS, a sequence at a time. */
#ifndef PORTOLAN_KERNELS_H
#define PORTOLAN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct kernels {
    const char *name;
    /* Columns of a panel of packed weights; 0: weights stay [K][N] for OpenBLAS. */
    uint32_t panel;
    /* out[M][N] = x[M][K] w + bias[N]; w as laid out by weights_store. */
    void (*linear)(float *out, const float *x, const float *w, const float *bias, size_t M, size_t K, size_t N);
    /* out[rows][h] = LayerNorm(x + add) * scale + shift, each row by itself (Ba et al. 2016); add may be NULL, out
     * may be x. */
    void (*layer_norm)(float *out, const float *x, const float *add, const float *scale, const float *shift, double eps,
                       size_t rows, size_t h);
    /* x = x/2 (1 + erf(x / sqrt 2)) in place; error below 1e-6 + 5e-7 |result|. */
    void (*gelu)(float *x, size_t n);
    /* dx = dy gelu'(x), gelu'(x) = Phi(x) + x phi(x), for training; dx may be dy. */
    void (*gelu_gradient)(float *dx, const float *dy, const float *x, size_t n);
    /* tanh in place, for poolers. */
    void (*tanh)(float *x, size_t n);
    /* out[s][stride] = scale q[s][d] key[s][d]^T: one head's scores for one sequence, whose queries and keys lie
     * `row` floats apart; `stride` is a multiple of 16. `room` holds 32 max(s, d) floats, as for mix. */
    void (*scores)(float *out, const float *q, const float *key, float scale, size_t s, size_t d, size_t row,
                   size_t stride, float *room);
    /* Softmax in place of `rows` rows of n values, rows `stride` apart; columns n .. stride-1 become 0. */
    void (*softmax_rows)(float *x, size_t rows, size_t n, size_t stride);
    /* out[s][d] = p[s][s] value[s][d], rows h, stride and row floats apart: values mixed by the softmax of their
     * scores. */
    void (*mix)(float *out, const float *p, const float *value, size_t s, size_t d, size_t row, size_t stride, size_t h,
                float *room);
    /* x += y. */
    void (*add)(float *x, const float *y, size_t n);
} kernels;

extern const kernels KERNELS_AVX512, KERNELS_AVX2, KERNELS_GENERIC;

/* The best table for this processor. */
const kernels *kernels_pick(void);

/* Floats that a [K][N] matrix takes when laid out. */
size_t weights_size(const kernels *k, size_t K, size_t N);

/* Lays out `columns` columns of a matrix [K][N], beginning at column `first`, from `part` [K][columns]. */
void weights_store(const kernels *k, float *w, size_t K, size_t N, size_t first, size_t columns, const float *part);

#endif
