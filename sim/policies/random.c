/* random: each request to a tier drawn with fixed shares. */
#include <math.h>
#include <stdio.h>

#include "draw.h"

typedef struct random_options {
    double shares[TIER_COUNT];
} random_options;

#define SHARE_FIELD(key_, tier_)                                                          \
    {                                                                                     \
        key_, OPTION_NUMBER, offsetof(random_options, shares) + (tier_) * sizeof(double), \
            .doc = "share of requests sent to the " key_, .fallback = "1/3", .most = 1    \
    }

static const policy_option OPTIONS[] = {
    SHARE_FIELD("phone", TIER_PHONE),
    SHARE_FIELD("edge", TIER_EDGE),
    SHARE_FIELD("cloud", TIER_CLOUD),
    {0},
};

static bool check(const void *options, unsigned *needs, char why[POLICY_WHY]) {
    (void)needs;
    const double *shares = ((const random_options *)options)->shares;
    double sum = shares[TIER_PHONE] + shares[TIER_EDGE] + shares[TIER_CLOUD];
    if (fabs(sum - 1) <= 1e-9) return true;
    snprintf(
        why, POLICY_WHY,
        "the shares phone, edge and cloud of 'random' sum to %.9g; they must sum to 1 (each is 1/3 where it is not "
        "given)",
        sum);
    return false;
}

static verdict route(void *self, const observation *seen) {
    return policy_send(draw_tier(seen, ((random_options *)self)->shares));
}

const policy_type POLICY_RANDOM = {
    .abi = POLICY_ABI,
    .name = "random",
    .summary = "a tier drawn at random with given shares, which must sum to 1",
    .paper = "a yardstick",
    .options = OPTIONS,
    .size = sizeof(random_options),
    .check = check,
    .route = route,
};
