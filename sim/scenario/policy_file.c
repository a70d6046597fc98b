/* Options of policies whose code the scenario names: the file, and all the keys that only that code knows. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "loader.h"

enum { MOST_BYTES = 16 << 20 };

static void *member_of(const policy_setup *setup, const policy_option *o) { return (char *)setup->options + o->offset; }

/* A copy in the scenario's memory, and its hash. */
static policy_file *keep(scenario_loader *l, const file_bytes *bytes, policy_setup *setup, const char *path) {
    arena *memory = &l->s->memory;
    policy_file *file = arena_alloc(memory, 1, sizeof *file);
    char *text = arena_alloc(memory, bytes->length + 1, 1);
    setup->program.path = arena_text(memory, path, strlen(path));
    if (!file || !text || !setup->program.path) return NULL;
    memcpy(text, bytes->data, bytes->length);
    text_hash(text, bytes->length, setup->program.hash);
    *file = (policy_file){setup->program.path, text, bytes->length};
    return file;
}

const char *scenario_stem(arena *memory, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return arena_text(memory, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

bool scenario_read_file(scenario_loader *l, const yaml_node *options, const policy_values *values,
                        policy_setup *setup) {
    const policy_option *o = policy_option_of(setup->type, OPTION_FILE);
    const yaml_node *named = o ? yaml_find(options, o->name) : NULL;
    if (!named) return true;
    const char *path = file_resolve(&l->s->memory, named->mark.file, values->file, named->mark, l->err);
    portolan_error inner = {0};
    file_bytes bytes;
    if (!path) return false;
    if (!file_read(path, MOST_BYTES, &bytes, &inner)) return scenario_inner_error(l, named->mark, &inner);
    const policy_file *file = keep(l, &bytes, setup, path);
    free(bytes.data);
    setup->label = scenario_stem(&l->s->memory, path);
    if (!file || !setup->label) return error_memory(l->err, bytes.length);
    if (!yaml_is_name(setup->label) && !values->label)
        return error_input(l->err, named->mark,
                           "'%.60s' cannot be the policy's name in the results; give it one by 'as:'", setup->label);
    *(const policy_file **)member_of(setup, o) = file;
    return scenario_absolute(l, named, path);
}

static bool is_field(const yaml_field *fields, const char *key) {
    while (fields->key && strcmp(fields->key, key) != 0) fields++;
    return fields->key != NULL;
}

bool scenario_read_rest(scenario_loader *l, const yaml_node *options, const yaml_field *fields, policy_setup *setup,
                        yaml_node *known) {
    *known = *options;
    const policy_option *o = policy_option_of(setup->type, OPTION_REST);
    if (!o) return true;
    yaml_node rest = *options;
    known->items = arena_alloc(&l->s->memory, 2 * options->count, sizeof *known->items);
    rest.items = arena_alloc(&l->s->memory, 2 * options->count, sizeof *rest.items);
    if (!known->items || !rest.items) return error_memory(l->err, options->count);
    known->count = rest.count = 0;
    for (size_t i = 0; i < options->count; i++) {
        yaml_node *into = is_field(fields, options->items[2 * i]->text) ? known : &rest;
        memcpy(&into->items[2 * into->count++], &options->items[2 * i], 2 * sizeof *options->items);
    }
    json_t *tree = json_from_yaml(&rest);
    char *text = tree ? json_dump_text(tree, JSON_COMPACT) : NULL;
    const char *kept = text ? arena_text(&l->s->memory, text, strlen(text)) : NULL;
    *(const char **)member_of(setup, o) = kept;
    free(text);
    json_decref(tree);
    return kept || error_memory(l->err, 0);
}
