/* The table of policies. A new policy is a file in policies/ and two lines here. */
#include <string.h>

#include "policy.h"

extern const policy_type POLICY_PHONE_ONLY, POLICY_EDGE_ONLY, POLICY_CLOUD_ONLY, POLICY_RANDOM, POLICY_MATCHED_RANDOM,
    POLICY_CONFIDENCE, POLICY_ENTROPY, POLICY_PATIENCE, POLICY_CARTOGRAPHY, POLICY_EXIT_POOLS,
    POLICY_ORACLE_COST, POLICY_ORACLE_REWARD;

const policy_type *const POLICIES[] = {
    &POLICY_PHONE_ONLY,  &POLICY_EDGE_ONLY, &POLICY_CLOUD_ONLY, &POLICY_RANDOM,     &POLICY_MATCHED_RANDOM,
    &POLICY_CONFIDENCE,  &POLICY_ENTROPY,   &POLICY_PATIENCE,   &POLICY_CARTOGRAPHY, &POLICY_EXIT_POOLS,
    &POLICY_ORACLE_COST, &POLICY_ORACLE_REWARD,
    NULL,
};

const char *const TIER_NAMES[] = {"phone", "edge", "cloud", NULL};

const policy_type *policy_find(const char *name) {
    for (size_t i = 0; POLICIES[i]; i++)
        if (strcmp(POLICIES[i]->name, name) == 0) return POLICIES[i];
    return NULL;
}

tier draw_tier(random_stream *s, const double shares[TIER_COUNT]) {
    double u = random_uniform(s);
    if (u < shares[TIER_PHONE]) return TIER_PHONE;
    return u < shares[TIER_PHONE] + shares[TIER_EDGE] ? TIER_EDGE : TIER_CLOUD;
}
