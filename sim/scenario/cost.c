/* The paper-style cost of a tier. */
#include "sim/sim.h"

double tier_cost(const cost_settings *c, const uint32_t depth[TIER_COUNT], tier to) {
    double layers = c->layer * depth[to];
    if (to == TIER_PHONE) return layers;
    return (to == TIER_EDGE ? c->offload_edge : c->offload_cloud) + (c->charge_remote_compute ? layers : 0);
}

double scenario_tier_cost(const scenario *s, tier to) { return tier_cost(&s->cost, s->depth, to); }
