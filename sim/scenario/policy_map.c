/* The map of a policy that has one: which file it is, and whether it belongs to this scenario. */
#include <string.h>
#include <unistd.h>

#include "analysis/cartography/cartography.h"
#include "loader.h"
#include "sim/engine/engine.h"

static const char *join(arena *memory, const char *head, size_t length, const char *between, const char *tail) {
    size_t size = length + strlen(between) + strlen(tail) + 1;
    char *text = arena_alloc(memory, size, 1);
    if (text) snprintf(text, size, "%.*s%s%s", (int)length, head, between, tail);
    return text;
}

/* The map beside the model: its own, or the folder's. */
static const char *default_path(scenario_loader *l, const policy_option *o, text_mark mark) {
    if (!l->s->outcomes) {
        error_input(l->err, mark, "an outcome table has no router of its own; give '%s: FILE.json'", o->name);
        return NULL;
    }
    const char *model = l->s->inputs[FILE_MODEL].path, *slash = strrchr(model, '/');
    size_t stem = strlen(model) - strlen(".safetensors"), folder = slash ? (size_t)(slash - model) + 1 : 0;
    const char *own = join(&l->s->memory, model, stem, ".", o->file);
    const char *shared = join(&l->s->memory, model, folder, "", o->file);
    if (!own || !shared) {
        error_memory(l->err, stem + strlen(o->file));
        return NULL;
    }
    if (access(own, F_OK) == 0) return own;
    if (access(shared, F_OK) == 0) return shared;
    error_input(l->err, mark, "there is no router: neither %s nor %s; `portolan map` makes one, '%s:' names another",
                own, shared, o->name);
    return NULL;
}

/* A copy in the scenario's memory. */
static router *keep(arena *memory, const router *r, portolan_error *err) {
    size_t numbers = router_numbers(r);
    router *kept = arena_alloc(memory, 1, sizeof *kept);
    float *rows = arena_alloc(memory, numbers, sizeof *rows);
    if (!kept || !rows) {
        error_memory(err, numbers * sizeof *rows);
        return NULL;
    }
    *kept = *r;
    kept->rows = memcpy(rows, r->rows, numbers * sizeof *rows);
    return kept;
}

/* A map belongs to a model's embedding layer, and to the layers its tiers have. */
static bool suits(scenario_loader *l, const policy_setup *setup, text_mark mark) {
    const scenario *s = l->s;
    const router *r = setup->map;
    const char *file = setup->file.path;
    if (memcmp(r->depth, s->depth, sizeof r->depth) != 0)
        return error_input(l->err, mark,
                           "the router %s was made for the split %u/%u/%u, the scenario has %u/%u/%u; `portolan "
                           "map --split %u,%u,%u` makes one for it",
                           file, r->depth[0], r->depth[1], r->depth[2], s->depth[0], s->depth[1], s->depth[2],
                           s->depth[0], s->depth[1], s->depth[2]);
    if (!s->outcomes && s->table.v_size != r->size)
        return error_input(l->err, mark,
                           "'%s' needs v(x), %u numbers, of which the outcome table of 'model' has %u; "
                           "`portolan outcomes --router %s` makes a table that has them",
                           setup->type->name, r->size, s->table.v_size, file);
    return !s->outcomes || outcome_source_suits_router(s->outcomes, r) ||
           error_input(l->err, mark,
                       "the router %s was made for another model: its embedding layer has another hash; "
                       "`portolan map` makes one for this model",
                       file);
}

/* Reads the file at `path`, which is to be of the option's method. */
static bool load(scenario_loader *l, const policy_option *o, const char *path, text_mark mark, policy_setup *setup) {
    router loaded;
    portolan_error inner = {0};
    if (!router_load(&loaded, path, &inner)) return scenario_inner_error(l, mark, &inner);
    bool ok = !o->method || strcmp(MAP_METHODS[loaded.method], o->method) == 0 ||
              error_input(l->err, mark, "the router %s is one of %s; this policy is %s", path,
                          MAP_METHODS[loaded.method], o->method);
    setup->map = ok ? keep(&l->s->memory, &loaded, l->err) : NULL;
    router_free(&loaded);
    return setup->map != NULL;
}

bool scenario_read_map(scenario_loader *l, const yaml_node *options, policy_values *values, policy_setup *setup) {
    const policy_option *o = policy_option_of(setup->type, OPTION_MAP);
    const yaml_node *named = o ? yaml_find(options, o->name) : NULL;
    if (!o || (!named && !(setup->needs & POLICY_NEEDS_V))) return true;
    setup->needs |= POLICY_NEEDS_V;
    text_mark mark = named ? named->mark : options->mark;
    const char *path = named ? file_resolve(&l->s->memory, mark.file, values->map, mark, l->err)
                             : default_path(l, o, mark);
    if (!path || !load(l, o, path, mark, setup)) return false;
    *(const router **)((char *)setup->options + o->offset) = setup->map;
    return scenario_note_input(l, &setup->file, path) && (!named || scenario_absolute(l, named, path)) &&
           suits(l, setup, options->mark);
}
