/* Logistic regression by Newton's method (iteratively reweighted least squares), on standardised columns. Small and
 * without chance: the same numbers give the same weights. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary.h"
#include "cartography.h"
#include "model/encoder/encoder.h"

enum { MOST_STEPS = 50, FOLDS = 5 };
static const double RIDGE = 1, TOLERANCE = 1e-10;

/* The problem with its columns standardised and a column of ones at the end. */
typedef struct problem {
    uint32_t n, d;                   /* samples used; columns, the ones included */
    double *x;                       /* [n][d] */
    double *y;                       /* [n] 0 or 1 */
    double *mean, *scale;            /* [d - 1] */
    double *beta, *trial, *gradient; /* [d] */
    double *hessian;                 /* [d][d], lower triangle */
    double *weighted;                /* [n][d] rows of x times sqrt(p (1 - p)) */
} problem;

static void close_problem(problem *q) {
    free(q->x), free(q->y), free(q->mean), free(q->scale), free(q->beta), free(q->trial), free(q->gradient);
    free(q->hessian), free(q->weighted);
}

static bool open_problem(problem *q, uint32_t samples, uint32_t size) {
    size_t d = (size_t)size + 1;
    *q = (problem){.d = size + 1};
    q->x = malloc(samples * d * sizeof(double));
    q->weighted = malloc(samples * d * sizeof(double));
    q->y = malloc(samples * sizeof(double));
    q->mean = calloc(d, sizeof(double));
    q->scale = calloc(d, sizeof(double));
    q->beta = calloc(d, sizeof(double));
    q->trial = calloc(d, sizeof(double));
    q->gradient = calloc(d, sizeof(double));
    q->hessian = malloc(d * d * sizeof(double));
    return q->x && q->weighted && q->y && q->mean && q->scale && q->beta && q->trial && q->gradient && q->hessian;
}

/* Columns of no variance get the scale 0, and so no weight. */
static void standardise(problem *q) {
    uint32_t size = q->d - 1;
    for (uint32_t i = 0; i < q->n; i++)
        for (uint32_t k = 0; k < size; k++) q->mean[k] += q->x[(size_t)i * q->d + k] / q->n;
    for (uint32_t i = 0; i < q->n; i++)
        for (uint32_t k = 0; k < size; k++) {
            double off = q->x[(size_t)i * q->d + k] - q->mean[k];
            q->scale[k] += off * off / q->n;
        }
    for (uint32_t k = 0; k < size; k++) q->scale[k] = q->scale[k] > 1e-20 ? 1 / sqrt(q->scale[k]) : 0;
    for (uint32_t i = 0; i < q->n; i++)
        for (uint32_t k = 0; k < size; k++) {
            double *cell = &q->x[(size_t)i * q->d + k];
            *cell = (*cell - q->mean[k]) * q->scale[k];
        }
}

static double dot(const double *a, const double *b, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double sigmoid(double z) { return 1 / (1 + portable_exp(-z)); }

/* Negative log-likelihood plus the ridge: log(1 + e^z) - y z. */
static double loss(const problem *q, const double *beta) {
    double sum = RIDGE / 2 * dot(beta, beta, q->d - 1);
    for (uint32_t i = 0; i < q->n; i++) {
        double z = dot(q->x + (size_t)i * q->d, beta, q->d);
        sum += fmax(z, 0) + portable_log(1 + portable_exp(-fabs(z))) - q->y[i] * z;
    }
    return sum;
}

static void fill_gradient_and_hessian(problem *q) {
    size_t d = q->d;
    for (size_t k = 0; k < d; k++) q->gradient[k] = k + 1 < d ? RIDGE * q->beta[k] : 0;
    for (uint32_t i = 0; i < q->n; i++) {
        const double *x = q->x + i * d;
        double p = sigmoid(dot(x, q->beta, q->d)), root = sqrt(p * (1 - p));
        for (size_t k = 0; k < d; k++) {
            q->gradient[k] += (p - q->y[i]) * x[k];
            q->weighted[i * d + k] = root * x[k];
        }
    }
    blas.dsyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)d, (blasint)q->n, 1, q->weighted, (blasint)d, 0,
               q->hessian, (blasint)d);
    for (size_t k = 0; k < d; k++) q->hessian[k * d + k] += k + 1 < d ? RIDGE : 1e-9;
}

/* Solves hessian step = gradient in place of the gradient, by Cholesky's factors. */
static void solve(problem *q) {
    size_t d = q->d;
    double *a = q->hessian;
    for (size_t j = 0; j < d; j++)
        for (size_t i = j; i < d; i++) {
            double x = a[i * d + j] - dot(a + i * d, a + j * d, (uint32_t)j);
            a[i * d + j] = i == j ? sqrt(fmax(x, 1e-12)) : x / a[j * d + j];
        }
    blas.dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (blasint)d, a, (blasint)d, q->gradient, 1);
    blas.dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (blasint)d, a, (blasint)d, q->gradient, 1);
}

/* One step, halved until the loss does not grow; false when it no longer falls. */
static bool descend(problem *q, double *now) {
    fill_gradient_and_hessian(q);
    solve(q);
    for (double length = 1; length > 1e-6; length /= 2) {
        for (uint32_t k = 0; k < q->d; k++) q->trial[k] = q->beta[k] - length * q->gradient[k];
        double then = loss(q, q->trial);
        if (then > *now) continue;
        bool falls = *now - then > TOLERANCE * (1 + fabs(*now));
        memcpy(q->beta, q->trial, q->d * sizeof *q->beta);
        *now = then;
        return falls;
    }
    return false;
}

bool logistic_fit(const logistic_data *data, double *weights, double *bias, portolan_error *err) {
    uint32_t samples = data->samples, size = data->size;
    problem q;
    if (!blas_open(1, err)) return false;
    if (!open_problem(&q, samples, size)) {
        close_problem(&q);
        return error_memory(err, 2 * (size_t)samples * (size + 1) * sizeof(double));
    }
    for (uint32_t i = 0; i < samples; i++) {
        if (data->use && !data->use[i]) continue;
        memcpy(q.x + (size_t)q.n * q.d, data->x + (size_t)i * size, size * sizeof *q.x);
        q.x[(size_t)q.n * q.d + size] = 1;
        q.y[q.n++] = data->y[i];
    }
    standardise(&q);
    double now = loss(&q, q.beta);
    for (int step = 0; step < MOST_STEPS && descend(&q, &now); step++) {}
    *bias = q.beta[size];
    for (uint32_t k = 0; k < size; k++) {
        weights[k] = q.beta[k] * q.scale[k];
        *bias -= weights[k] * q.mean[k];
    }
    close_problem(&q);
    return true;
}

double logistic_probability(const double *weights, double bias, const double *x, uint32_t size) {
    return sigmoid(bias + dot(weights, x, size));
}

bool logistic_cross_fit(const logistic_data *data, double *probabilities, portolan_error *err) {
    uint32_t samples = data->samples, size = data->size;
    double *weights = malloc((size ? size : 1) * sizeof *weights), bias;
    bool *use = calloc(samples ? samples : 1, 1);
    bool ok = (weights && use) || error_memory(err, size * sizeof *weights + samples);
    logistic_data rest = *data; /* without the fold */
    rest.use = use;
    for (uint32_t fold = 0; ok && fold < FOLDS; fold++) {
        for (uint32_t i = 0; i < samples; i++) use[i] = i % FOLDS != fold;
        ok = logistic_fit(&rest, weights, &bias, err);
        for (uint32_t i = fold; ok && i < samples; i += FOLDS)
            probabilities[i] = logistic_probability(weights, bias, data->x + (size_t)i * size, size);
    }
    free(weights);
    free(use);
    return ok;
}
