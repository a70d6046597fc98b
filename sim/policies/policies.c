/* The table of policies. A new policy is a file in policies/ and a line here. */
#include "policies.h"

#include <assert.h>
#include <string.h>

#define TABLE(ENTRY)             \
    ENTRY(POLICY_PHONE_ONLY)     \
    ENTRY(POLICY_EDGE_ONLY)      \
    ENTRY(POLICY_CLOUD_ONLY)     \
    ENTRY(POLICY_RANDOM)         \
    ENTRY(POLICY_MATCHED_RANDOM) \
    ENTRY(POLICY_LENGTH)         \
    ENTRY(POLICY_CONFIDENCE)     \
    ENTRY(POLICY_ENTROPY)        \
    ENTRY(POLICY_PATIENCE)       \
    ENTRY(POLICY_CARTOGRAPHY)    \
    ENTRY(POLICY_EXIT_POOLS)     \
    ENTRY(POLICY_EDGE_QUEUE)     \
    ENTRY(POLICY_NEUROSURGEON)   \
    ENTRY(POLICY_SPLITEE)        \
    ENTRY(POLICY_ADAEE)          \
    ENTRY(POLICY_HI_LCB)         \
    ENTRY(POLICY_ORACLE_COST)    \
    ENTRY(POLICY_ORACLE_REWARD)

#define DECLARE(policy) extern const policy_type policy;
TABLE(DECLARE)

#define ADDRESS(policy) &policy,
const policy_type *const POLICIES[] = {TABLE(ADDRESS) NULL};

const char *const TIER_NAMES[] = {"phone", "edge", "cloud", NULL};
const char *const SCOPE_NAMES[] = {"phone", "cell", "fleet", NULL};

const policy_type *policy_find(const char *name) {
    for (size_t i = 0; POLICIES[i]; i++)
        if (strcmp(POLICIES[i]->name, name) == 0) return POLICIES[i];
    return NULL;
}

/* ---- Options ---- */

static yaml_field field_of(const policy_option *o) {
    yaml_field f = {.key = o->name,
                    .offset = offsetof(policy_values, options) + o->offset,
                    .doc = o->doc,
                    .required = o->required,
                    .fallback = o->fallback,
                    .least = o->least,
                    .most = o->most,
                    .choices = o->choices};
    switch (o->kind) {
    case OPTION_NUMBER: f.kind = FIELD_QUANTITY; break;
    case OPTION_COUNT: f.kind = FIELD_COUNT; break;
    case OPTION_CHOICE: f.kind = FIELD_CHOICE; break;
    case OPTION_POLICY:
        f.kind = FIELD_NAME;
        f.offset = offsetof(policy_values, other);
        break;
    case OPTION_MAP:
        f.kind = FIELD_TEXT;
        f.offset = offsetof(policy_values, map);
        break;
    case OPTION_FILE:
        f.kind = FIELD_TEXT;
        f.offset = offsetof(policy_values, file);
        break;
    case OPTION_REST: break;
    }
    return f;
}

void policy_fields(const policy_type *type, bool from_file, yaml_field fields[POLICY_MAX_FIELDS]) {
    size_t n = 0;
    if (from_file)
        fields[n++] = (yaml_field){.key = "plugin",
                                   .kind = FIELD_TEXT,
                                   .offset = offsetof(policy_values, plugin),
                                   .doc = "the shared object that holds the policy"};
    fields[n++] = (yaml_field){.key = "as",
                               .kind = FIELD_NAME,
                               .offset = offsetof(policy_values, label),
                               .doc = "the policy's name in the results"};
    if (type->feedback)
        fields[n++] = (yaml_field){
            .key = "scope",
            .kind = FIELD_CHOICE,
            .offset = offsetof(policy_values, scope),
            .doc = "who shares what was learned: each phone for itself, all phones of a cell, or "
                   "the whole fleet (an idealisation: nothing is sent for it)",
            .fallback = "phone",
            .choices = SCOPE_NAMES};
    for (const policy_option *o = type->options; o && o->name; o++) {
        assert(n < POLICY_MAX_FIELDS - 1);
        if (o->kind != OPTION_REST) fields[n++] = field_of(o);
    }
    fields[n] = (yaml_field){0};
}

unsigned policy_needs(const policy_type *type, const void *options) {
    unsigned needs = type->needs | (type->feedback ? POLICY_NEEDS_FEEDBACK : 0);
    for (const policy_option *o = type->options; o && o->name; o++)
        if (o->kind == OPTION_CHOICE && o->needs) needs |= o->needs[*(const int *)((const char *)options + o->offset)];
    return needs;
}

const policy_option *policy_option_of(const policy_type *type, option_kind kind) {
    for (const policy_option *o = type->options; o && o->name; o++)
        if (o->kind == kind) return o;
    return NULL;
}
