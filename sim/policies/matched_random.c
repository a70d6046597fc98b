/* matched-random: draws tiers with the shares that another policy of the scenario ended up with. What a policy gains over
 * it is due to which samples it sends where, not to how many. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"

static const policy_option OPTIONS[] = {
    {"match", OPTION_POLICY, .doc = "label of the policy of this scenario whose tier shares are taken",
     .required = true},
    {0},
};

/* Its own copy of the shares is all that it keeps. */
static void *open(const void *options, const policy_start *start, char why[POLICY_WHY]) {
    (void)options, (void)why;
    double *shares = malloc(TIER_COUNT * sizeof *shares);
    if (shares) memcpy(shares, start->shares, TIER_COUNT * sizeof *shares);
    return shares;
}

static verdict route(void *self, const observation *seen) { return policy_send(draw_tier(seen, self)); }

const policy_type POLICY_MATCHED_RANDOM = {
    .abi = POLICY_ABI,
    .name = "matched-random",
    .summary = "a tier drawn at random with the answer shares of another policy, after which it runs",
    .paper = "the control for any router: the same shares without its choice of samples",
    .options = OPTIONS,
    .open = open,
    .close = free,
    .route = route,
};
