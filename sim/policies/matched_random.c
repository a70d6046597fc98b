/* matched-random: draws tiers with the shares that another policy of the scenario ended up with. What a policy gains over
 * it is due to which samples it sends where, not to how many. */
#include <string.h>

#include "draw.h"

typedef struct matched_options {
    policy_common common;
    const char *match;
    double shares[TIER_COUNT];
} matched_options;

static const yaml_field OPTIONS[] = {
    POLICY_COMMON_FIELDS,
    {"match", FIELD_NAME, offsetof(matched_options, match),
     .doc = "label of the policy of this scenario whose tier shares are taken", .required = true},
    {0},
};

static const char *follows(const void *self) { return ((const matched_options *)self)->match; }

static void take_shares(void *self, const double shares[TIER_COUNT]) {
    memcpy(((matched_options *)self)->shares, shares, TIER_COUNT * sizeof *shares);
}

static tier route(void *self, const observation *seen) {
    return draw_tier(seen->random, ((matched_options *)self)->shares);
}

const policy_type POLICY_MATCHED_RANDOM = {
    .name = "matched-random",
    .summary = "a tier drawn at random with the answer shares of another policy, after which it runs",
    .paper = "the control for any router: the same shares without its choice of samples",
    .options = OPTIONS,
    .size = sizeof(matched_options),
    .route = route,
    .follows = follows,
    .take_shares = take_shares,
};
