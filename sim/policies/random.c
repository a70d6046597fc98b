/* random: each request to a tier drawn with fixed shares. */
#include <math.h>

#include "draw.h"

typedef struct random_options {
    policy_common common;
    double shares[TIER_COUNT];
} random_options;

#define SHARE_FIELD(key_, tier_)                                                           \
    {                                                                                      \
        key_, FIELD_QUANTITY, offsetof(random_options, shares) + (tier_) * sizeof(double), \
            .doc = "share of requests sent to the " key_, .fallback = "1/3", .most = 1     \
    }

static const yaml_field OPTIONS[] = {
    POLICY_COMMON_FIELDS,
    SHARE_FIELD("phone", TIER_PHONE),
    SHARE_FIELD("edge", TIER_EDGE),
    SHARE_FIELD("cloud", TIER_CLOUD),
    {0},
};

static bool check(void *self, const yaml_node *at, unsigned *needs, portolan_error *err) {
    (void)needs;
    const double *shares = ((random_options *)self)->shares;
    double sum = shares[TIER_PHONE] + shares[TIER_EDGE] + shares[TIER_CLOUD];
    if (fabs(sum - 1) <= 1e-9) return true;
    return error_input(err, at->mark,
                       "the shares phone, edge and cloud of 'random' sum to %.9g; they must sum to 1 "
                       "(each is 1/3 where it is not given)",
                       sum);
}

static tier route(void *self, const observation *seen) {
    return draw_tier(seen->random, ((random_options *)self)->shares);
}

const policy_type POLICY_RANDOM = {
    .name = "random",
    .summary = "a tier drawn at random with given shares, which must sum to 1",
    .paper = "a yardstick",
    .options = OPTIONS,
    .size = sizeof(random_options),
    .check = check,
    .route = route,
};
