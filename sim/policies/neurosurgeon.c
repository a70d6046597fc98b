/* neurosurgeon: the split that is expected to be fastest, without early exits: the phone computes layers 1..p, the cloud the
 * rest (Kang et al., Neurosurgeon, ASPLOS 2017). Expected seconds of p, with t_k the seconds of a layer at tier k, w_k its
 * expected wait, B the rate up and r the round trip to the cloud, as far as they are known:
 *
 *     p = 0:       bytes(tokens) / B + r + w_cloud + L t_cloud
 *     0 < p < L:   w_phone + p t_phone + bytes(hidden state) / B + r + w_cloud + (L - p) t_cloud
 *     p = L:       w_phone + L t_phone                                  (where the phone holds the whole model)
 *
 * A transformer's layers are alike and its hidden state has one size, so from 1 on the sum is linear in p, and 0 is better
 * than 1 unless a layer takes less on the phone than in the cloud: the best is 0 or all layers that the phone holds. Ties go
 * to the smaller p. The exits on the way are evaluated here, to be able to
 * cut behind them, and not asked. */
#include "estimate.h"

static double seconds_of_layer(const observation *seen, tier at) {
    return seen->load[at].service / (double)seen->depth[at];
}

static double expected_seconds(const observation *seen, uint32_t p) {
    uint32_t layers = seen->depth[TIER_CLOUD];
    double phone = p ? expected_wait(seen, TIER_PHONE) + p * seconds_of_layer(seen, TIER_PHONE) : 0;
    if (p == layers) return phone;
    double bytes = (double)(p ? seen->device->hidden_bytes : seen->device->token_bytes);
    return phone + bytes / seen->device->rate_up + expected_round_trip(seen, TIER_CLOUD) +
           expected_wait(seen, TIER_CLOUD) + (layers - p) * seconds_of_layer(seen, TIER_CLOUD);
}

/* The note is the layer to cut behind. */
static verdict route(void *self, const observation *seen) {
    (void)self;
    uint32_t best = 0;
    for (uint32_t p = 1; p <= seen->depth[TIER_PHONE]; p++)
        if (expected_seconds(seen, p) < expected_seconds(seen, best)) best = p;
    *seen->note = best;
    return policy_send(best ? TIER_PHONE : TIER_CLOUD);
}

static verdict after_exit(void *self, const observation *seen) {
    (void)self;
    uint32_t layer = seen->exits[seen->exit_count - 1].layer;
    if (layer == seen->depth[TIER_CLOUD]) return (verdict){.kind = VERDICT_ANSWER};
    if (seen->at != TIER_PHONE || layer < *seen->note) return (verdict){.kind = VERDICT_CONTINUE};
    return (verdict){.kind = VERDICT_SEND, .to = TIER_CLOUD, .hidden = true};
}

const policy_type POLICY_NEUROSURGEON = {
    .abi = POLICY_ABI,
    .name = "neurosurgeon",
    .summary = "the split between phone and cloud that is expected to be fastest; no early exit",
    .paper = "Kang et al., Neurosurgeon, ASPLOS 2017",
    .needs = POLICY_NEEDS_LOAD | POLICY_NEEDS_EVERY_EXIT,
    .route = route,
    .after_exit = after_exit,
};
