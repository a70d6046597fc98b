/* The common course of policies with a router. */
#include "routed.h"

#include <string.h>
#include <unistd.h>

#include "base/files.h"

static const char *join(arena *memory, const char *head, size_t length, const char *tail) {
    char *text = arena_alloc(memory, length + strlen(tail) + 1, 1);
    if (!text) return NULL;
    memcpy(text, head, length);
    memcpy(text + length, tail, strlen(tail));
    return text;
}

/* The router beside the model. */
static const char *default_path(policy_files *files, const char *ending, const char *name, portolan_error *err) {
    if (!files->model) {
        error_input(err, files->at->mark, "an outcome table has no router of its own; give 'router: FILE.json'");
        return NULL;
    }
    const char *slash = strrchr(files->model, '/');
    size_t stem = strlen(files->model) - strlen(".safetensors"),
           folder = slash ? (size_t)(slash - files->model) + 1 : 0;
    const char *own = join(files->memory, files->model, stem, ending);
    const char *shared = join(files->memory, files->model, folder, name);
    if (!own || !shared) {
        error_memory(err, stem + strlen(ending));
        return NULL;
    }
    if (access(own, F_OK) == 0) return own;
    if (access(shared, F_OK) == 0) return shared;
    error_input(err, files->at->mark,
                "there is no router: neither %s nor %s; `portolan map` makes one, 'router:' names "
                "another",
                own, shared);
    return NULL;
}

/* A copy in the scenario's memory. */
static router *keep(arena *memory, const router *r, portolan_error *err) {
    size_t numbers = (size_t)POOLS * r->size;
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

bool routed_load(void *self, policy_files *files, int method, const char *ending, const char *name,
                 portolan_error *err) {
    routed_options *options = self;
    router loaded;
    const yaml_node *named = yaml_find(files->at, "router");
    files->read = named ? file_resolve(files->memory, named->mark.file, options->path, named->mark, err)
                        : default_path(files, ending, name, err);
    if (!files->read || !router_load(&loaded, files->read, err)) return false;
    bool ok = loaded.method == method ||
              error_input(err, (named ? named : files->at)->mark, "the router %s is one of %s; this policy is %s",
                          files->read, MAP_METHODS[loaded.method], MAP_METHODS[method]);
    options->made = ok ? keep(files->memory, &loaded, err) : NULL;
    router_free(&loaded);
    return options->made != NULL;
}

const router *routed_router(const void *self) { return ((const routed_options *)self)->made; }

/* Pools and tiers have the same order. */
tier routed_route(void *self, const observation *seen) {
    return (tier)router_assign(((const routed_options *)self)->made, seen->v);
}
