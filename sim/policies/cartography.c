/* cartography: the tier of the pool whose mean is nearest to v(x), the pools made of training dynamics: easy to the phone,
 * medium to the edge, hard to the cloud (DIMEC-DC). Blind to load, without escalation. */
#include "routed.h"

static const policy_option OPTIONS[] = {ROUTED_OPTION("cartography", "router.json"), {0}};

const policy_type POLICY_CARTOGRAPHY = {
    .abi = POLICY_ABI,
    .name = "cartography",
    .summary = "the phone computes v(x) and takes the tier of the nearest pool of training dynamics",
    .paper = "DIMEC-DC, arXiv 2412.16616",
    .needs = POLICY_NEEDS_V,
    .options = OPTIONS,
    .size = sizeof(routed_options),
    .route = routed_route,
};
