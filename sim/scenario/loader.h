/* What the files that read a scenario share. Internal to sim/. */
#ifndef PORTOLAN_SCENARIO_LOADER_H
#define PORTOLAN_SCENARIO_LOADER_H

#include "sim/sim.h"

/* The scenario's own keys as they are read. */
typedef struct scenario_keys {
    const char *name;
    uint64_t seed, hidden, feed_forward, vocabulary;
    const yaml_node *platform, *workload, *model, *split, *policies, *run, *cost, *payload, *output;
    distribution tokens;
    int execute;
} scenario_keys;

typedef struct scenario_loader {
    scenario *s;
    scenario_keys keys;
    const scenario_changes *changes;
    portolan_error *err;
} scenario_loader;

/* Names of execute modes, NULL at the end; EXECUTE_UNSET where the scenario does not say. */
extern const char *const EXECUTE_NAMES[];
enum { EXECUTE_UNSET = -1 };

/* Keeps path and hash of a file that was read. */
bool scenario_note_input(scenario_loader *l, scenario_input *input, const char *path);

/* The same of the running program, in which a policy is defined. */
bool scenario_note_program(scenario_loader *l, scenario_input *input);

/* Makes a relative path in the scenario's tree absolute, so that the resolved scenario in the manifest can be run from
 * anywhere. Paths that begin with $ stay as they are. `opened` is the path as it was opened. */
bool scenario_absolute(scenario_loader *l, const yaml_node *node, const char *opened);

/* An error of a file that the scenario names: told with its own place if it has one, else at the place of the name. */
bool scenario_inner_error(scenario_loader *l, text_mark named_at, const portolan_error *inner);

/* output.c: which files are written. */
bool scenario_read_output(scenario_loader *l);

/* model.c: the model or outcome table, the execute mode, the split, and whether the slices fit. */
bool scenario_load_model(scenario_loader *l);

/* policies.c: the list of policies; --policy replaces it before it is read. */
bool scenario_choose_policies(scenario_loader *l, char *const *only, size_t count);
bool scenario_read_policies(scenario_loader *l);

/* plugin.c: the policy of the shared object at `path`, which is loaded if it has not been; `input` gets its path and hash.
 * NULL on failure. */
const policy_type *scenario_load_plugin(scenario_loader *l, const char *path, text_mark mark, scenario_input *input);

/* Where the plug-in is that runs policies written in another language: beside the program, or in its libraries' folder. NULL on
 * failure, with an error at `mark`. */
const char *scenario_host_path(scenario_loader *l, const char *language, text_mark mark);

/* The check of a plug-in's options, in a process of its own, so that it may crash. */
bool scenario_check_plugin(scenario_loader *l, policy_setup *setup, text_mark mark);

/* policy_file.c: "mine" of FOLDER/mine.py; NULL if memory is short. */
const char *scenario_stem(arena *memory, const char *path);

/* Sets the option of kind OPTION_FILE, if the policy has one: the file is read once, and hashed. */
bool scenario_read_file(scenario_loader *l, const yaml_node *options, const policy_values *values, policy_setup *setup);

/* Sets the option of kind OPTION_REST, if the policy has one: `known` gets the keys of `options` that are in the table, all
 * others become its JSON text. */
bool scenario_read_rest(scenario_loader *l, const yaml_node *options, const yaml_field *fields, policy_setup *setup,
                        yaml_node *known);

/* policy_map.c: reads the map of a policy that has an option for one, and sets that option. The map's path in the tree
 * then becomes absolute. */
bool scenario_read_map(scenario_loader *l, const yaml_node *options, policy_values *values, policy_setup *setup);

#endif
