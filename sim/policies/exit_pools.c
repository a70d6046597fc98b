/* exit-pools: the tier of the pool whose mean is nearest to v(x), the pools made of the layer at which the finished model's
 * exits let training samples go (DIMEE). */
#include "routed.h"

static const policy_option OPTIONS[] = {ROUTED_OPTION("exit-pools", "exit-router.json"), {0}};

const policy_type POLICY_EXIT_POOLS = {
    .abi = POLICY_ABI,
    .name = "exit-pools",
    .summary = "the phone computes v(x) and takes the tier of the nearest pool of early exits",
    .paper = "DIMEE, arXiv 2410.05338",
    .needs = POLICY_NEEDS_V,
    .options = OPTIONS,
    .size = sizeof(routed_options),
    .route = routed_route,
};
