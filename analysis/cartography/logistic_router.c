/* The assignment by logistic regressions (ours): no map, but the same v(x) and the same held-out samples. It shows how much of what a router could win the nearest mean leaves. */
#include <stdlib.h>

#include "cartography.h"

/* One tier's regression: its row of weights on all samples, its cross-fitted estimates in value[][k]. */
static bool fit_tier(router *r, const evaluation_set *held, int k, double (*value)[POOLS], portolan_error *err) {
    uint32_t n = held->samples;
    bool *y = malloc(n);
    double *estimates = malloc(n * sizeof *estimates), *weights = malloc(r->size * sizeof *weights);
    bool ok = (y && estimates && weights) || error_memory(err, (n + r->size) * sizeof *weights);
    if (ok) {
        for (uint32_t i = 0; i < n; i++) y[i] = held->right[i][k];
        const logistic_data data = {held->v, y, n, r->size, NULL};
        ok = logistic_cross_fit(&data, estimates, err) && logistic_fit(&data, weights, &r->bias[k], err);
    }
    for (uint32_t i = 0; ok && i < n; i++) value[i][k] = estimates[i];
    for (uint32_t d = 0; ok && d < r->size; d++) router_row(r, k, 0)[d] = (float)weights[d];
    free(y);
    free(estimates);
    free(weights);
    return ok;
}

bool router_fit_logistic(router *r, const evaluation_set *held, double (*value)[POOLS], portolan_error *err) {
    bool ok = true;
    for (int k = 0; ok && k < POOLS; k++) ok = fit_tier(r, held, k, value, err);
    return ok;
}
