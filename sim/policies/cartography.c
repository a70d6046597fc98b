/* cartography: the tier of the pool whose mean is nearest to v(x), the pools made of training dynamics: easy to the phone,
 * medium to the edge, hard to the cloud (DIMEC-DC). Blind to load, without escalation. */
#include "routed.h"

static const yaml_field OPTIONS[] = {
    ROUTED_FIELDS("the model's path with .router.json, or router.json beside it"),
    {0},
};

static bool load(void *self, policy_files *files, portolan_error *err) {
    return routed_load(self, files, METHOD_CARTOGRAPHY, ".router.json", "router.json", err);
}

const policy_type POLICY_CARTOGRAPHY = {
    .name = "cartography",
    .summary = "the phone computes v(x) and takes the tier of the nearest pool of training dynamics",
    .paper = "DIMEC-DC, arXiv 2412.16616",
    .options = OPTIONS,
    .size = sizeof(routed_options),
    .load = load,
    .router = routed_router,
    .route = routed_route,
};
