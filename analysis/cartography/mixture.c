/* Mixtures of Gaussians with diagonal covariances, by expectation and maximisation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary.h"
#include "clusters.h"

enum { MOST_ITERATIONS = 100 };
static const double LEAST_GAIN = 1e-6, LEAST_SHARE = 1e-3, LEAST_VARIANCE = 1e-6, LOG_TWO_PI = 1.8378770664093453;

/* Log of weight times density of one component. */
static double component(const mixture *m, uint32_t c, const double *x) {
    const float *mean = m->means + (size_t)c * m->size, *variance = m->variances + (size_t)c * m->size;
    double sum = m->size * LOG_TWO_PI, product = 1;
    for (uint32_t d = 0; d < m->size; d++) {
        double off = x[d] - (double)mean[d];
        sum += off * off / (double)variance[d];
        product *= (double)variance[d];
        if (product > 1e-100 && product < 1e100) continue; /* few logarithms instead of one a dimension */
        sum += portable_log(product);
        product = 1;
    }
    return portable_log((double)m->weights[c]) - (sum + portable_log(product)) / 2;
}

double mixture_shares(const mixture *m, const double *x, double *shares) {
    double most = -INFINITY, sum = 0;
    for (uint32_t c = 0; c < m->count; c++) {
        shares[c] = component(m, c, x);
        most = fmax(most, shares[c]);
    }
    for (uint32_t c = 0; c < m->count; c++) sum += shares[c] = portable_exp(shares[c] - most);
    for (uint32_t c = 0; c < m->count; c++) shares[c] /= sum;
    return most + portable_log(sum);
}

/* What one round of expectation adds up, and the bounds of variances. */
typedef struct sums {
    double *shares, *weights, *firsts, *seconds; /* [count] twice, [count][size] twice */
    double *floor;                               /* [size] */
} sums;

static void close_sums(sums *s) {
    free(s->shares);
    free(s->weights);
    free(s->firsts);
    free(s->seconds);
    free(s->floor);
}

static bool open_sums(sums *s, uint32_t count, uint32_t size) {
    size_t cells = (size_t)count * size;
    *s = (sums){malloc(count * sizeof(double)), malloc(count * sizeof(double)), malloc(cells * sizeof(double)),
                malloc(cells * sizeof(double)), calloc(size, sizeof(double))};
    return s->shares && s->weights && s->firsts && s->seconds && s->floor;
}

static void find_floor(sums *s, const double *x, uint32_t n, uint32_t size) {
    for (uint32_t d = 0; d < size; d++) {
        double mean = 0, variance = 0;
        for (uint32_t i = 0; i < n; i++) mean += x[(size_t)i * size + d] / n;
        for (uint32_t i = 0; i < n; i++) {
            double off = x[(size_t)i * size + d] - mean;
            variance += off * off / n;
        }
        s->floor[d] = fmax(LEAST_SHARE * variance, LEAST_VARIANCE);
    }
}

/* Weights, means and variances that the sums give, of which the moments are about the means before. */
static void maximise(mixture *m, const sums *s, uint32_t n) {
    for (uint32_t c = 0; c < m->count; c++) {
        m->weights[c] = (float)(s->weights[c] / n);
        for (uint32_t d = 0; d < m->size; d++) {
            size_t at = (size_t)c * m->size + d;
            double moved = s->weights[c] > 0 ? s->firsts[at] / s->weights[c] : 0,
                   square = s->weights[c] > 0 ? s->seconds[at] / s->weights[c] : 0;
            m->means[at] = (float)((double)m->means[at] + moved);
            m->variances[at] = (float)fmax(square - moved * moved, s->floor[d]);
        }
    }
}

static void add_point(const mixture *m, sums *s, const double *x) {
    for (uint32_t c = 0; c < m->count; c++) {
        if (!(s->shares[c] > 0)) continue;
        s->weights[c] += s->shares[c];
        for (uint32_t d = 0; d < m->size; d++) {
            size_t at = (size_t)c * m->size + d;
            double off = x[d] - (double)m->means[at];
            s->firsts[at] += s->shares[c] * off;
            s->seconds[at] += s->shares[c] * off * off;
        }
    }
}

static void clear_sums(const mixture *m, sums *s) {
    size_t cells = (size_t)m->count * m->size;
    memset(s->weights, 0, m->count * sizeof *s->weights);
    memset(s->firsts, 0, cells * sizeof *s->firsts);
    memset(s->seconds, 0, cells * sizeof *s->seconds);
}

/* The nearest of the first `count` means. */
static uint32_t nearest(const mixture *m, uint32_t count, const double *x) {
    double least = INFINITY;
    uint32_t best = 0;
    for (uint32_t c = 0; c < count; c++) {
        double sum = 0;
        for (uint32_t d = 0; d < m->size; d++) {
            double off = x[d] - (double)m->means[(size_t)c * m->size + d];
            sum += off * off;
        }
        if (sum < least) {
            least = sum;
            best = c;
        }
    }
    return best;
}

/* The components are first the clusters of k-means: every point belongs wholly to its nearest centre. */
static void start(mixture *m, sums *s, const double *x, uint32_t n, const double *centres, uint32_t count) {
    for (size_t i = 0; i < (size_t)m->count * m->size; i++)
        m->means[i] = i < (size_t)count * m->size ? (float)centres[i] : 0;
    clear_sums(m, s);
    memset(s->shares, 0, m->count * sizeof *s->shares);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t c = nearest(m, count, x + (size_t)i * m->size);
        s->shares[c] = 1;
        add_point(m, s, x + (size_t)i * m->size);
        s->shares[c] = 0;
    }
    maximise(m, s, n);
}

/* One round; returns the mean log-likelihood before it. */
static double improve(mixture *m, sums *s, const double *x, uint32_t n) {
    double likelihood = 0;
    clear_sums(m, s);
    for (uint32_t i = 0; i < n; i++) {
        likelihood += mixture_shares(m, x + (size_t)i * m->size, s->shares) / n;
        add_point(m, s, x + (size_t)i * m->size);
    }
    maximise(m, s, n);
    return likelihood;
}

bool mixture_fit(mixture *m, const double *x, uint32_t n, random_stream *s, portolan_error *err) {
    sums room = {0};
    size_t cells = (size_t)m->count * m->size;
    uint32_t count;
    double *centres = malloc(cells * sizeof *centres), last = -INFINITY;
    bool ok = (centres && open_sums(&room, m->count, m->size)) || error_memory(err, 2 * cells * sizeof *centres);
    ok = ok && kmeans(&(point_cloud){x, n, m->size}, m->count, s, centres, &count, err);
    if (ok) {
        find_floor(&room, x, n, m->size);
        start(m, &room, x, n, centres, count);
    }
    for (int k = 0; ok && k < MOST_ITERATIONS; k++) {
        double now = improve(m, &room, x, n);
        if (now - last < LEAST_GAIN) break;
        last = now;
    }
    close_sums(&room);
    free(centres);
    return ok;
}
