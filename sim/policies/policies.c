/* The table of policies. A new policy is a file in policies/ and a line here. */
#include <string.h>

#include "policy.h"

#define TABLE(ENTRY)             \
    ENTRY(POLICY_PHONE_ONLY)     \
    ENTRY(POLICY_EDGE_ONLY)      \
    ENTRY(POLICY_CLOUD_ONLY)     \
    ENTRY(POLICY_RANDOM)         \
    ENTRY(POLICY_MATCHED_RANDOM) \
    ENTRY(POLICY_CONFIDENCE)     \
    ENTRY(POLICY_ENTROPY)        \
    ENTRY(POLICY_PATIENCE)       \
    ENTRY(POLICY_CARTOGRAPHY)    \
    ENTRY(POLICY_EXIT_POOLS)     \
    ENTRY(POLICY_ORACLE_COST)    \
    ENTRY(POLICY_ORACLE_REWARD)

#define DECLARE(policy) extern const policy_type policy;
TABLE(DECLARE)

#define ADDRESS(policy) &policy,
const policy_type *const POLICIES[] = {TABLE(ADDRESS) NULL};

const char *const TIER_NAMES[] = {"phone", "edge", "cloud", NULL};

const policy_type *policy_find(const char *name) {
    for (size_t i = 0; POLICIES[i]; i++)
        if (strcmp(POLICIES[i]->name, name) == 0) return POLICIES[i];
    return NULL;
}
