/* exit-pools: the tier of the pool whose mean is nearest to v(x), the pools made of the layer at which the finished model's
 * exits let training samples go (DIMEE). */
#include "routed.h"

static const yaml_field OPTIONS[] = {
    ROUTED_FIELDS("the model's path with .exit-router.json, or exit-router.json beside it"),
    {0},
};

static bool load(void *self, policy_files *files, portolan_error *err) {
    return routed_load(self, files, METHOD_EXIT_POOLS, ".exit-router.json", "exit-router.json", err);
}

const policy_type POLICY_EXIT_POOLS = {
    .name = "exit-pools",
    .summary = "the phone computes v(x) and takes the tier of the nearest pool of early exits",
    .paper = "DIMEE, arXiv 2410.05338",
    .options = OPTIONS,
    .size = sizeof(routed_options),
    .load = load,
    .router = routed_router,
    .route = routed_route,
};
