/* v(x), and the pool it is assigned to. */
#include "router.h"

#include <math.h>
#include <stdlib.h>

const char *const POOL_NAMES[] = {"easy", "medium", "hard", NULL};
const char *const REPRESENTATIONS[] = {"token_norms", "mean_token", "cls", NULL};
const char *const DISTANCES[] = {"l2", "cosine", NULL};
const char *const MAP_METHODS[] = {"cartography", "exit-pools", NULL};
const char *const ASSIGNMENTS[] = {"nearest-mean", "logistic", "mixture", NULL};

uint32_t representation_size(int representation, uint32_t hidden, uint32_t longest) {
    return representation == V_TOKEN_NORMS ? longest : hidden;
}

static double norm(const float *x, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
    return sqrt(sum);
}

void represent(int representation, const float *embedded, uint32_t tokens, uint32_t h, uint32_t size, double *v) {
    for (uint32_t i = 0; i < size; i++) v[i] = 0;
    if (representation == V_TOKEN_NORMS)
        for (uint32_t t = 0; t < tokens && t < size; t++) v[t] = norm(embedded + (size_t)t * h, h);
    uint32_t used = representation == V_MEAN_TOKEN ? tokens : representation == V_CLS ? 1 : 0;
    for (uint32_t t = 0; t < used; t++)
        for (uint32_t i = 0; i < h; i++) v[i] += (double)embedded[(size_t)t * h + i] / used;
}

bool represent_set(const encoder *e, const token_set *set, int representation, uint32_t size, double *v,
                   portolan_error *err) {
    uint32_t h = (uint32_t)encoder_settings(e)->shape.hidden;
    if (!set->samples) return true;
    float *embedded = malloc((size_t)set->longest * h * sizeof *embedded);
    if (!embedded) return error_memory(err, (size_t)set->longest * h * sizeof *embedded);
    bool ok = true;
    for (uint32_t i = 0; ok && i < set->samples; i++) {
        token_batch one = token_set_batch(set, i);
        ok = encoder_embed(e, &one, embedded, err);
        if (ok) represent(representation, embedded, one.total, h, size, v + (size_t)i * size);
    }
    free(embedded);
    return ok;
}

double router_flops(const router *r, uint64_t tokens, uint64_t hidden) {
    uint32_t rows = r->assignment == ASSIGN_MIXTURE ? 2 * r->count : POOLS * r->count;
    return 2 * (double)tokens * (double)hidden + 2 * (double)rows * r->size;
}

size_t router_numbers(const router *r) {
    size_t count = r->count, size = r->size;
    return r->assignment == ASSIGN_MIXTURE ? count * (2 * size + 1 + POOLS) : POOLS * count * size;
}

mixture router_mixture(const router *r) {
    float *variances = r->rows + (size_t)r->count * r->size;
    return (mixture){r->count, r->size, r->rows, variances, variances + (size_t)r->count * r->size};
}

float *router_gains(const router *r) { return router_mixture(r).weights + r->count; }

bool router_allocate(router *r, portolan_error *err) {
    r->rows = calloc(router_numbers(r), sizeof *r->rows);
    return r->rows || error_memory(err, router_numbers(r) * sizeof *r->rows);
}

void router_free(router *r) {
    free(r->rows);
    *r = (router){0};
}

/* ---- Assignment ---- */

static double euclidean(const float *mean, const double *v, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (v[i] - (double)mean[i]) * (v[i] - (double)mean[i]);
    return sqrt(sum);
}

static double cosine(const float *mean, const double *v, uint32_t n) {
    double product = 0, a = 0, b = 0;
    for (uint32_t i = 0; i < n; i++) {
        product += v[i] * (double)mean[i];
        a += v[i] * v[i];
        b += (double)mean[i] * (double)mean[i];
    }
    return a > 0 && b > 0 ? 1 - product / sqrt(a * b) : 1;
}

static double probability(const float *weights, double bias, const double *v, uint32_t n) {
    double z = bias;
    for (uint32_t i = 0; i < n; i++) z += v[i] * (double)weights[i];
    return 1 / (1 + exp(-z));
}

static double nearest(const router *r, int k, const double *v) {
    double least = INFINITY;
    for (uint32_t i = 0; i < r->stands[k]; i++) {
        const float *row = router_row(r, k, i);
        least = fmin(least, r->distance == DISTANCE_L2 ? euclidean(row, v, r->size) : cosine(row, v, r->size));
    }
    return least;
}

/* The mean gain of each tier over the clusters, weighed by how likely v is of each. */
static void expect_gains(const router *r, const double *v, double gain[POOLS]) {
    double shares[ROUTER_MOST_ROWS];
    mixture m = router_mixture(r);
    const float *gains = router_gains(r);
    mixture_shares(&m, v, shares);
    for (int k = 0; k < POOLS; k++) {
        gain[k] = 0;
        for (uint32_t c = 0; c < m.count; c++) gain[k] += shares[c] * (double)gains[c * POOLS + (uint32_t)k];
    }
}

void router_score(const router *r, const double *v, double score[POOLS]) {
    if (r->assignment == ASSIGN_MIXTURE) expect_gains(r, v, score);
    for (int k = 0; k < POOLS; k++) {
        if (r->assignment == ASSIGN_LOGISTIC) score[k] = probability(router_row(r, k, 0), r->bias[k], v, r->size);
        if (r->assignment == ASSIGN_NEAREST_MEAN)
            score[k] = -nearest(r, k, v);
        else
            score[k] -= r->penalty[k];
        if (!r->stands[k]) score[k] = -INFINITY;
    }
}

pool_kind router_assign(const router *r, const double *v) {
    double score[POOLS];
    pool_kind best = POOL_EASY;
    router_score(r, v, score);
    for (int k = 1; k < POOLS; k++)
        if (score[k] > score[best]) best = (pool_kind)k;
    return best;
}

double router_margin(const router *r, const double *v) {
    double score[POOLS];
    router_score(r, v, score);
    double margin = score[POOL_EASY] - fmax(score[POOL_MEDIUM], score[POOL_HARD]);
    return isfinite(margin) ? margin : NAN;
}
