/* edge-queue: the place where the request is expected to be computed first: the least wait, as last reported, plus service
 * plus the network's round trip, as last measured. A tier of which nothing is known waits and travels 0 seconds, so it is tried
 * and then known. Ties go down. The yardstick of load balancing (join the shortest expected delay); blind to accuracy. */
#include "estimate.h"

typedef struct queue_options {
    int tiers;
} queue_options;

static const char *const TIERS[] = {"all", "servers", NULL};

static const policy_option OPTIONS[] = {
    {"tiers", OPTION_CHOICE, offsetof(queue_options, tiers),
     .doc = "all: the phone too; servers: only the edge and the cloud", .fallback = "all", .choices = TIERS},
    {0},
};

static verdict route(void *self, const observation *seen) {
    const queue_options *options = self;
    tier best = options->tiers == 0 ? TIER_PHONE : TIER_EDGE;
    for (int k = (int)best + 1; k < TIER_COUNT; k++)
        if (expected_delay(seen, (tier)k) < expected_delay(seen, best)) best = (tier)k;
    return policy_send(best);
}

const policy_type POLICY_EDGE_QUEUE = {
    .abi = POLICY_ABI,
    .name = "edge-queue",
    .summary = "the place with the least expected wait, service and round trip",
    .paper = "a yardstick: join the shortest expected delay",
    .needs = POLICY_NEEDS_LOAD,
    .options = OPTIONS,
    .size = sizeof(queue_options),
    .route = route,
};
