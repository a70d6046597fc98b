/* The assignment by a mixture (ours): clusters of v(x) that no map has drawn, and what each tier gains in each of them. It
 * asks what the map adds to the clusters. */
#include <math.h>
#include <stdlib.h>

#include "cartography.h"

enum { FOLDS = 5 };

/* Sums over the held-out samples, for one fold that is left out or for none (FOLDS). */
typedef struct tally {
    double *weight;        /* [clusters] */
    double (*gain)[POOLS]; /* [clusters] */
    double mean[POOLS];    /* of all samples counted */
} tally;

static void count_samples(tally *t, const evaluation_set *held, const double *shares, uint32_t clusters, uint32_t out) {
    double n = 0;
    for (uint32_t c = 0; c < clusters; c++) t->weight[c] = t->gain[c][0] = t->gain[c][1] = t->gain[c][2] = 0;
    for (int k = 0; k < POOLS; k++) t->mean[k] = 0;
    for (uint32_t i = 0; i < held->samples; i++) {
        if (i % FOLDS == out) continue;
        n++;
        for (int k = 0; k < POOLS; k++) t->mean[k] += held->gain[i][k];
        for (uint32_t c = 0; c < clusters; c++) {
            double share = shares[(size_t)i * clusters + c];
            t->weight[c] += share;
            for (int k = 0; k < POOLS; k++) t->gain[c][k] += share * held->gain[i][k];
        }
    }
    for (int k = 0; k < POOLS; k++) t->mean[k] /= n;
}

/* What a tier gains in a cluster, the mean of all counting as one sample of it, so that clusters of hardly any sample say
 * what all do. */
static double gain_in(const tally *t, uint32_t c, int k) { return (t->gain[c][k] + t->mean[k]) / (t->weight[c] + 1); }

/* The router's gains from all samples, and the cross-fitted expectation of each. */
static void take_gains(router *r, const evaluation_set *held, const double *shares, tally *t, double (*value)[POOLS]) {
    float *gains = router_gains(r);
    for (uint32_t fold = 0; fold < FOLDS; fold++) {
        count_samples(t, held, shares, r->count, fold);
        for (uint32_t i = fold; i < held->samples; i += FOLDS)
            for (int k = 0; k < POOLS; k++) {
                value[i][k] = 0;
                for (uint32_t c = 0; c < r->count; c++)
                    value[i][k] += shares[(size_t)i * r->count + c] * gain_in(t, c, k);
            }
    }
    count_samples(t, held, shares, r->count, FOLDS);
    for (uint32_t c = 0; c < r->count; c++)
        for (uint32_t k = 0; k < POOLS; k++) gains[c * POOLS + k] = (float)gain_in(t, c, (int)k);
}

bool router_fit_mixture(router *r, const fitting *f, const evaluation_set *held, double (*value)[POOLS],
                        portolan_error *err) {
    mixture m = router_mixture(r);
    random_stream s = random_open(f->seed, "mixture", 0);
    double *shares = malloc((size_t)held->samples * r->count * sizeof *shares);
    tally t = {malloc(r->count * sizeof *t.weight), malloc(r->count * sizeof *t.gain), {0}};
    bool ok = (shares && t.weight && t.gain) || error_memory(err, (size_t)held->samples * r->count * sizeof *shares);
    ok = ok && mixture_fit(&m, f->v, f->samples, &s, err);
    for (uint32_t i = 0; ok && i < held->samples; i++)
        mixture_shares(&m, held->v + (size_t)i * r->size, shares + (size_t)i * r->count);
    if (ok) take_gains(r, held, shares, &t, value);
    free(shares);
    free(t.weight);
    free(t.gain);
    return ok;
}
