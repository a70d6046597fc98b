/* The common course of cascades. */
#include "cascade.h"

const char *const CASCADE_EXITS[] = {"tiers", "all", NULL};
const unsigned CASCADE_EXITS_NEEDS[] = {0, POLICY_NEEDS_EVERY_EXIT};
const char *const CASCADE_PAYLOADS[] = {"tokens", "hidden", NULL};

verdict cascade_route(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send(TIER_PHONE);
}

verdict cascade_verdict(const void *self, const observation *seen, bool good_enough) {
    const cascade_options *options = self;
    uint32_t layer = seen->exits[seen->exit_count - 1].layer;
    if (good_enough || layer == seen->depth[TIER_CLOUD]) return (verdict){.kind = VERDICT_ANSWER};
    if (layer < seen->depth[seen->at]) return (verdict){.kind = VERDICT_CONTINUE};
    /* A tier that holds no more layers than this one is passed over. */
    tier to = seen->at + 1 < TIER_CLOUD && seen->depth[seen->at + 1] > layer ? seen->at + 1 : TIER_CLOUD;
    return (verdict){.kind = VERDICT_SEND, .to = to, .hidden = options->escalate == 1};
}
