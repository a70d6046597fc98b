/* What stands for a pool: the mean v of its samples, or several centres among them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cartography.h"

/* Samples of a pool on which its centres are found. */
enum { MOST_POINTS = 5000 };

static void divide(router *r, const fitting *f, double alpha, double beta, uint8_t *pool) {
    memset(r->samples, 0, sizeof r->samples);
    for (uint32_t i = 0; i < f->samples; i++) {
        pool[i] = (uint8_t)pool_at(f->confidence[i], f->variability[i], alpha, beta);
        r->samples[pool[i]]++;
    }
    r->thresholds[0] = alpha;
    r->thresholds[1] = r->method == METHOD_EXIT_POOLS ? NAN : beta;
}

/* The mean of all samples of a pool. */
static void take_mean(router *r, const fitting *f, const uint8_t *pool, int k, double *sum) {
    memset(sum, 0, r->size * sizeof *sum);
    for (uint32_t i = 0; i < f->samples; i++)
        for (uint32_t d = 0; pool[i] == k && d < r->size; d++) sum[d] += f->v[(size_t)i * r->size + d];
    for (uint32_t d = 0; d < r->size; d++) router_row(r, k, 0)[d] = (float)(sum[d] / (double)r->samples[k]);
    r->stands[k] = 1;
}

/* Copies samples of a pool, evenly spaced, into points; returns how many. */
static uint32_t pick_points(const router *r, const fitting *f, const uint8_t *pool, int k, double *points) {
    uint64_t seen = 0, all = r->samples[k], most = all < MOST_POINTS ? all : MOST_POINTS, picked = 0;
    for (uint32_t i = 0; i < f->samples && picked < most; i++) {
        if (pool[i] != k || seen++ != picked * all / most) continue;
        memcpy(points + picked++ * r->size, f->v + (size_t)i * r->size, r->size * sizeof *points);
    }
    return (uint32_t)picked;
}

static bool take_centres(router *r, const fitting *f, const uint8_t *pool, int k, double *points, portolan_error *err) {
    random_stream s = random_open(f->seed, "prototypes", (uint64_t)k);
    double *centres = points + (size_t)MOST_POINTS * r->size;
    uint32_t n = pick_points(r, f, pool, k, points);
    if (!kmeans(&(point_cloud){points, n, r->size}, r->count, &s, centres, &r->stands[k], err)) return false;
    for (size_t i = 0; i < (size_t)r->stands[k] * r->size; i++) router_row(r, k, 0)[i] = (float)centres[i];
    return true;
}

bool router_fit(router *r, const fitting *f, double alpha, double beta, portolan_error *err) {
    size_t numbers = (r->count > 1 ? MOST_POINTS + (size_t)r->count : 1) * r->size;
    double *room = malloc(numbers * sizeof *room);
    uint8_t *pool = malloc(f->samples);
    bool ok = (room && pool) || error_memory(err, numbers * sizeof *room + f->samples);
    if (ok) divide(r, f, alpha, beta, pool);
    for (int k = 0; ok && k < POOLS; k++) {
        r->stands[k] = 0;
        if (!r->samples[k]) continue;
        if (r->count > 1)
            ok = take_centres(r, f, pool, k, room, err);
        else
            take_mean(r, f, pool, k, room);
    }
    free(room);
    free(pool);
    return ok;
}
