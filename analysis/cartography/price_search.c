/* The search for the price of cost: each sample goes to the tier of the largest expected value less price times cost. */
#include <math.h>
#include <stdlib.h>

#include "cartography.h"

enum { PRICES = 241 };

/* A geometric ladder of prices of cost from 0.001 to 1000, and 0. */
static double price_at(int i) { return i == 0 ? 0 : pow(10, -3 + 6.0 * (i - 1) / (PRICES - 2)); }

void router_assign_values(const router *r, double (*value)[POOLS], uint32_t samples, uint8_t *to) {
    for (uint32_t i = 0; i < samples; i++) {
        double most = -INFINITY;
        for (uint8_t k = 0; k < POOLS; k++) {
            if (!r->stands[k] || !(value[i][k] - r->penalty[k] > most)) continue;
            most = value[i][k] - r->penalty[k];
            to[i] = k;
        }
    }
}

static void ask_price(router *r, double price, const prices *p) {
    for (int k = 0; k < POOLS; k++) {
        r->stands[k] = 1;
        r->penalty[k] = price * p->cost[k];
    }
}

bool router_search_price(router *r, const evaluation_set *held, double (*value)[POOLS], const search_settings *s,
                         surface *found, portolan_error *err) {
    bool fixed = s->objective == OBJECTIVE_REWARD;
    uint8_t *to = calloc(held->samples, 1);
    found->count = fixed ? 1 : PRICES;
    found->points = calloc(found->count, sizeof *found->points);
    bool ok = (to && found->points) || error_memory(err, found->count * sizeof *found->points + held->samples);
    for (size_t i = 0; ok && i < found->count; i++) {
        double price = fixed ? s->prices.mu_cost : price_at((int)i);
        ask_price(r, price, &s->prices);
        router_assign_values(r, value, held->samples, to);
        found->points[i] = (surface_point){{price, NAN}, evaluation_of(held, to, &s->prices)};
    }
    if (ok) {
        surface_choose(found, s);
        surface_point *best = &found->points[found->chosen];
        ask_price(r, best->thresholds[0], &s->prices);
        if (!fixed && best->gives.drop > s->drop + 1e-9) { /* no price keeps to it: everything goes to the cloud */
            r->stands[POOL_EASY] = r->stands[POOL_MEDIUM] = 0;
            router_assign_values(r, value, held->samples, to);
            best->gives = evaluation_of(held, to, &s->prices);
        }
    }
    r->thresholds[0] = r->thresholds[1] = NAN;
    free(to);
    if (!ok) surface_free(found);
    return ok;
}
