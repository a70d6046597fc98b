/* The assignment by logistic regressions (ours): no map, but the same v(x), the same held-out samples and the same search
 * for a price. It shows how much of what a router could win the nearest mean leaves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cartography.h"

enum { PRICES = 241 };

/* A geometric ladder of prices of cost from 0.001 to 1000, and 0. */
static double price_at(int i) { return i == 0 ? 0 : pow(10, -3 + 6.0 * (i - 1) / (PRICES - 2)); }

/* One tier's regression: its row of weights on all samples, its cross-fitted estimates in right[][k]. */
static bool fit_tier(router *r, const evaluation_set *held, int k, double (*right)[POOLS], portolan_error *err) {
    uint32_t n = held->samples;
    bool *y = malloc(n);
    double *estimates = malloc(n * sizeof *estimates), *weights = malloc(r->size * sizeof *weights);
    bool ok = (y && estimates && weights) || error_memory(err, (n + r->size) * sizeof *weights);
    if (ok) {
        for (uint32_t i = 0; i < n; i++) y[i] = held->right[i][k];
        ok = logistic_cross_fit(held->v, y, n, r->size, estimates, err) &&
             logistic_fit(held->v, y, NULL, n, r->size, weights, &r->bias[k], err);
    }
    for (uint32_t i = 0; ok && i < n; i++) right[i][k] = estimates[i];
    for (uint32_t d = 0; ok && d < r->size; d++) r->rows[(size_t)k * r->size + d] = (float)weights[d];
    free(y);
    free(estimates);
    free(weights);
    return ok;
}

static void assign_all(const evaluation_set *held, double (*right)[POOLS], const prices *p, double price, uint8_t *to) {
    for (uint32_t i = 0; i < held->samples; i++) {
        to[i] = 0;
        for (uint8_t k = 1; k < POOLS; k++)
            if (right[i][k] - price * p->cost[k] > right[i][to[i]] - price * p->cost[to[i]]) to[i] = k;
    }
}

/* Where no price keeps to the drop, everything goes to the cloud. */
static void send_all_to_cloud(router *r, surface_point *point, const evaluation_set *held, const prices *p,
                              uint8_t *to) {
    r->has[POOL_EASY] = r->has[POOL_MEDIUM] = false;
    memset(to, POOL_HARD, held->samples);
    point->gives = evaluation_of(held, to, p);
}

static bool try_prices(router *r, const evaluation_set *held, double (*right)[POOLS], const search_settings *s,
                       surface *found, uint8_t *to, portolan_error *err) {
    bool fixed = s->objective == OBJECTIVE_REWARD;
    found->count = fixed ? 1 : PRICES;
    found->points = calloc(found->count, sizeof *found->points);
    if (!found->points) return error_memory(err, found->count * sizeof *found->points);
    for (size_t i = 0; i < found->count; i++) {
        double price = fixed ? s->prices.mu_cost : price_at((int)i);
        assign_all(held, right, &s->prices, price, to);
        found->points[i] = (surface_point){{price, NAN}, evaluation_of(held, to, &s->prices)};
    }
    surface_choose(found, s);
    surface_point *best = &found->points[found->chosen];
    for (int k = 0; k < POOLS; k++) r->penalty[k] = best->thresholds[0] * s->prices.cost[k];
    assign_all(held, right, &s->prices, best->thresholds[0], to);
    if (!fixed && best->gives.drop > s->drop + 1e-9) send_all_to_cloud(r, best, held, &s->prices, to);
    return true;
}

bool router_fit_logistic(router *r, const evaluation_set *held, const search_settings *s, surface *found, uint8_t *to,
                         portolan_error *err) {
    *found = (surface){0};
    if (held->samples < 50)
        return error_usage(err,
                           "'logistic' needs held-out samples, 50 at least, and there are %u; train with "
                           "'training.holdout'",
                           held->samples);
    double(*right)[POOLS] = malloc(held->samples * sizeof *right);
    bool ok = right || error_memory(err, held->samples * sizeof *right);
    for (int k = 0; ok && k < POOLS; k++) {
        r->has[k] = true;
        r->samples[k] = 0;
        ok = fit_tier(r, held, k, right, err);
    }
    r->thresholds[0] = r->thresholds[1] = NAN;
    ok = ok && try_prices(r, held, right, s, found, to, err);
    free(right);
    if (!ok) surface_free(found);
    return ok;
}
