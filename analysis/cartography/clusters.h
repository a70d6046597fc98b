/* Groups in clouds of points: k-means, and mixtures of Gaussians. Private to this folder and its tests. */
#ifndef PORTOLAN_CLUSTERS_H
#define PORTOLAN_CLUSTERS_H

#include <stdint.h>

#include "base/error.h"
#include "base/random.h"

/* n points of `size` numbers each. */
typedef struct point_cloud {
    const double *x; /* [n][size] */
    uint32_t n, size;
} point_cloud;

/* Lloyd's iterations from the centres of k-means++ (Arthur and Vassilvitskii, SODA 2007), which draws from `s`, until no point changes its cluster (100 iterations at most). At most `wanted` centres [wanted][size], returns
 * how many in `count`: fewer where there are fewer distinct points. Equal distances go to the first centre. Distances are
 * Euclidean. n and wanted are at least 1. */
bool kmeans(const point_cloud *cloud, uint32_t wanted, random_stream *s, double *centres, uint32_t *count,
            portolan_error *err);

/* A mixture of Gaussians with diagonal covariances, in the numbers that a phone would carry. Components of weight 0 are none.
 * The arrays belong to whoever made it. */
typedef struct mixture {
    uint32_t count, size;
    float *means, *variances; /* [count][size] */
    float *weights;           /* [count], of sum 1 */
} mixture;

/* Fits at most m->count components to points x [n][size] by expectation and maximisation, from the clusters that k-means
 * finds, until the mean log-likelihood gains less than 1e-6 (100 iterations at most). No variance falls below 1e-3 of its
 * column's, nor below 1e-6. */
bool mixture_fit(mixture *m, const double *x, uint32_t n, random_stream *s, portolan_error *err);

/* How likely each component is to have made a point: shares [count] that sum to 1. Returns the log of the density. */
double mixture_shares(const mixture *m, const double *x, double *shares);

#endif
