/* The common course of policies with a map. */
#include "routed.h"

#include "analysis/cartography/cartography.h"

/* Pools and tiers have the same order. */
verdict routed_route(void *self, const observation *seen) {
    return policy_send((tier)router_assign(((const routed_options *)self)->map, seen->v));
}
