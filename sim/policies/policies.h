/* The table of policies, and their options as YAML keys. For the other folders of sim/. */
#ifndef PORTOLAN_POLICIES_H
#define PORTOLAN_POLICIES_H

#include <stddef.h>

#include "base/yaml.h"
#include "policy.h"

/* All that come with Portolan, NULL at the end. */
extern const policy_type *const POLICIES[];

extern const char *const TIER_NAMES[]; /* "phone", "edge", "cloud", NULL */

/* The type called `name` in the table, or NULL. */
const policy_type *policy_find(const char *name);

/* Whose requests one opened policy decides on and learns from. One for the fleet is an idealisation: nothing is sent for it
 * to learn from all phones at once. */
typedef enum policy_scope { SCOPE_PHONE, SCOPE_CELL, SCOPE_FLEET } policy_scope;
extern const char *const SCOPE_NAMES[]; /* "phone", "cell", "fleet", NULL */

/* What the keys of a policy are read into. */
typedef struct policy_values {
    const char *plugin;    /* path of the shared object, of one that is a plug-in */
    const char *label;     /* as */
    const char *other;     /* of OPTION_POLICY */
    const char *map;       /* path of OPTION_MAP */
    const char *file;      /* path of OPTION_FILE */
    int scope;             /* policy_scope */
    max_align_t options[]; /* policy_type.size bytes */
} policy_values;

enum { POLICY_MAX_OPTIONS = 24, POLICY_MAX_FIELDS = POLICY_MAX_OPTIONS + 4 };

/* The policy's keys, for a policy_values: `plugin` if it comes from a file, `as`, `scope` if it learns, and its own. */
void policy_fields(const policy_type *type, bool from_file, yaml_field fields[POLICY_MAX_FIELDS]);

/* Whether a type that was made elsewhere is whole, as far as that can be seen: else why not. */
bool policy_is_sound(const policy_type *type, char why[POLICY_WHY]);

/* What the policy needs, options set as they are. */
unsigned policy_needs(const policy_type *type, const void *options);

/* The first option of a kind, or NULL. */
const policy_option *policy_option_of(const policy_type *type, option_kind kind);

#endif
