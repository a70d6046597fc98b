/* phone-only, edge-only, cloud-only: every request to one tier, which answers with its last exit. The yardsticks. */
#include "policy.h"

static verdict to_phone(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send(TIER_PHONE);
}

static verdict to_edge(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send(TIER_EDGE);
}

static verdict to_cloud(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send(TIER_CLOUD);
}

const policy_type POLICY_PHONE_ONLY = {
    .abi = POLICY_ABI,
    .name = "phone-only",
    .summary = "the phone answers with its last exit",
    .paper = "the lower yardstick",
    .route = to_phone,
};

const policy_type POLICY_EDGE_ONLY = {
    .abi = POLICY_ABI,
    .name = "edge-only",
    .summary = "tokens to the edge, which answers with its last exit",
    .paper = "a yardstick",
    .route = to_edge,
};

const policy_type POLICY_CLOUD_ONLY = {
    .abi = POLICY_ABI,
    .name = "cloud-only",
    .summary = "tokens to the cloud, which runs all layers",
    .paper = "the upper yardstick; drop and cost_saving are measured against it",
    .route = to_cloud,
};
