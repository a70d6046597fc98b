/* Reading a scenario: the file, the files it names, changes from the command line, and what a run is. The model is read by
 * model.c, the policies by policies.c, the output by output.c. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "loader.h"
#include "sim/engine/engine.h"

/* ---- YAML keys ---- */

const yaml_field SCENARIO_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(scenario_keys, name), .doc = "name of the scenario and of its results folder",
     .fallback = "scenario"},
    {"seed", FIELD_COUNT, offsetof(scenario_keys, seed), .doc = "seed of every random stream", .fallback = "1"},
    {"platform", FIELD_NODE, offsetof(scenario_keys, platform), .doc = "path of a platform, or the platform itself",
     .required = true},
    {"workload", FIELD_NODE, offsetof(scenario_keys, workload), .doc = "path of a workload, or the workload itself",
     .required = true},
    {"model", FIELD_NODE, offsetof(scenario_keys, model),
     .doc = "path of a model (.safetensors) or of an outcome table (.csv), or {synthetic: ...} for the embedded one",
     .required = true},
    {"hidden", FIELD_COUNT, offsetof(scenario_keys, hidden),
     .doc = "width h of the model, for tables; 768 with the synthetic one", .least = 1, .most = 1e6},
    {"feed_forward", FIELD_COUNT, offsetof(scenario_keys, feed_forward),
     .doc = "feed-forward width f, for tables; default 4 h", .least = 1, .most = 1e7},
    {"vocabulary", FIELD_COUNT, offsetof(scenario_keys, vocabulary),
     .doc = "rows of the embedding table, which every tier must hold in memory; for tables, default 30522", .least = 1,
     .most = 1e8},
    {"tokens", FIELD_DISTRIBUTION, offsetof(scenario_keys, tokens),
     .doc = "tokens of a sample, drawn once a sample; for tables without token counts", .least = 1, .most = 1e6},
    {"split", FIELD_NODE, offsetof(scenario_keys, split), .doc = "layers each tier holds"},
    {"execute", FIELD_CHOICE, offsetof(scenario_keys, execute),
     .doc =
         "live: a model is executed at every simulated execution; once: the first time, then remembered (default with a "
         "model); replay: answers come from an outcome table (default with one)",
     .choices = EXECUTE_NAMES},
    {"policies", FIELD_NODE, offsetof(scenario_keys, policies),
     .doc = "list of policies: a name, {name: {option: value}}, or {plugin: FILE.so, option: value}", .required = true},
    {"run", FIELD_NODE, offsetof(scenario_keys, run), .doc = "how long", .required = true},
    {"cost", FIELD_NODE, offsetof(scenario_keys, cost), .doc = "constants of the paper-style cost"},
    {"payload", FIELD_NODE, offsetof(scenario_keys, payload), .doc = "bytes of what crosses the network"},
    {"output", FIELD_NODE, offsetof(scenario_keys, output), .doc = "which files are written"},
    {0},
};

const yaml_field RUN_FIELDS[] = {
    {"requests", FIELD_COUNT, offsetof(run_settings, requests),
     .doc = "how many requests are counted, after the warm-up", .least = 1, .most = 1e9},
    {"warmup", FIELD_COUNT, offsetof(run_settings, warmup),
     .doc = "first requests of the run, simulated but not counted", .fallback = "0", .most = 1e9},
    {"duration", FIELD_QUANTITY, offsetof(run_settings, duration),
     .doc = "instead of requests: no request arrives later than this, those under way are finished", UNIT_TIME,
     .positive = true},
    {"load_report", FIELD_QUANTITY, offsetof(run_settings, load_report),
     .doc =
         "each site tells its cells of its load so often, in 32 bytes on their downlinks, where a policy needs load; "
         "default: never, and only answers tell of it",
     UNIT_TIME, .positive = true},
    {0},
};

const yaml_field COST_FIELDS[] = {
    {"layer", FIELD_QUANTITY, offsetof(cost_settings, layer), .doc = "lambda: cost of one layer executed",
     .fallback = "1/12"},
    {"offload_edge", FIELD_QUANTITY, offsetof(cost_settings, offload_edge),
     .doc = "o_e: once for each transfer up to the edge", .fallback = "3/12"},
    {"offload_cloud", FIELD_QUANTITY, offsetof(cost_settings, offload_cloud),
     .doc = "o_c: once for each transfer up to the cloud", .fallback = "6/12"},
    {"charge_remote_compute", FIELD_BOOL, offsetof(cost_settings, charge_remote_compute),
     .doc = "whether layers executed off the phone count", .fallback = "yes"},
    {0},
};

const yaml_field PAYLOAD_FIELDS[] = {
    {"token", FIELD_COUNT, offsetof(payload_sizes, token), .doc = "bytes of one token sent", .fallback = "2",
     .least = 1, .most = 1e6},
    {"hidden", FIELD_COUNT, offsetof(payload_sizes, hidden),
     .doc = "bytes of one element of a hidden state: 4, 2 (half) or 1 (8 bits), which round it and so need a model",
     .fallback = "4", .least = 1, .most = 4},
    {"answer", FIELD_COUNT, offsetof(payload_sizes, answer), .doc = "bytes of an answer", .fallback = "64", .least = 1,
     .most = 1e9},
    {0},
};

/* ---- Loading ---- */

/* If the scenario names a file at `key`, loads it and hangs its tree in the name's place, so that changes by --set and
 * the resolved scenario in the manifest reach into it. */
static bool graft(scenario_loader *l, const char *key, scenario_file which) {
    yaml_document *doc = &l->s->documents[which];
    yaml_node *root = l->s->documents[0].root;
    for (size_t i = 0; root->kind == YAML_MAP && i < root->count; i++) {
        yaml_node **value = &root->items[2 * i + 1];
        if (strcmp(root->items[2 * i]->text, key) != 0 || (*value)->kind != YAML_SCALAR) continue;
        const char *path = file_resolve(&l->s->memory, (*value)->mark.file, (*value)->text, (*value)->mark, l->err);
        if (!path) return false;
        portolan_error inner = {0};
        yaml_unload(doc);
        if (!yaml_load(doc, path, &inner)) return scenario_inner_error(l, (*value)->mark, &inner);
        *value = doc->root;
        return scenario_note_input(l, &l->s->inputs[which], path);
    }
    return true;
}

static bool graft_all(scenario_loader *l) {
    return graft(l, "platform", FILE_PLATFORM) && graft(l, "workload", FILE_WORKLOAD);
}

/* run.requests and run.duration exclude each other; setting one takes the other out. */
static void drop_rival(yaml_document *doc, const char *path) {
    yaml_node *run = (yaml_node *)yaml_find(doc->root, "run");
    if (!run || run->kind != YAML_MAP) return;
    if (strcmp(path, "run.requests") == 0) yaml_remove(run, "duration");
    if (strcmp(path, "run.duration") == 0) yaml_remove(run, "requests");
}

static bool apply_set(scenario_loader *l, const char *change) {
    char path[256];
    yaml_document *doc = &l->s->documents[0];
    if (!yaml_change(doc, change, path, l->err)) return false;
    drop_rival(doc, path);
    return true;
}

/* The keys of a platform, at whatever depth, that name a file. The platform has been read, so they stand for nothing else. */
static const char *const FILE_KEYS[] = {"places", "table", "file", NULL};

/* Keeps the hash of a file that the platform names. */
static bool note_platform_file(scenario_loader *l, const char *role, const yaml_node *named) {
    scenario *s = l->s;
    const char *path = file_resolve(&s->memory, named->mark.file, named->text, named->mark, l->err);
    platform_file *noted = &s->platform_files[s->platform_file_count++];
    noted->role = role;
    return path && scenario_note_input(l, &noted->file, path) && scenario_absolute(l, named, path);
}

/* Counts the files that `node` names, and notes them if `l` is not NULL. */
static bool walk_platform_files(const yaml_node *node, size_t *count, scenario_loader *l) {
    bool is_map = node->kind == YAML_MAP;
    size_t items = is_map ? 2 * node->count : node->kind == YAML_LIST ? node->count : 0;
    for (size_t i = is_map; i < items; i += 1 + is_map) {
        const yaml_node *value = node->items[i];
        for (size_t k = 0; is_map && value->kind == YAML_SCALAR && FILE_KEYS[k]; k++) {
            if (strcmp(node->items[i - 1]->text, FILE_KEYS[k]) != 0) continue;
            ++*count;
            if (l && !note_platform_file(l, FILE_KEYS[k], value)) return false;
        }
        if (!walk_platform_files(value, count, l)) return false;
    }
    return true;
}

static bool note_platform_files(scenario_loader *l) {
    scenario *s = l->s;
    size_t count = 0;
    walk_platform_files(l->keys.platform, &count, NULL);
    s->platform_files = arena_alloc(&s->memory, count, sizeof *s->platform_files);
    if (!s->platform_files) return error_memory(l->err, count * sizeof *s->platform_files);
    return walk_platform_files(l->keys.platform, &count, l);
}

static bool read_sections(scenario_loader *l) {
    scenario *s = l->s;
    scenario_keys *k = &l->keys;
    portolan_error *err = l->err;
    return yaml_read(s->documents[0].root, "a scenario", SCENARIO_FIELDS, k, err) &&
           yaml_read(k->run, "run", RUN_FIELDS, &s->run, err) &&
           (k->cost ? yaml_read(k->cost, "cost", COST_FIELDS, &s->cost, err)
                    : yaml_defaults(COST_FIELDS, &s->cost, err)) &&
           (k->payload ? yaml_read(k->payload, "payload", PAYLOAD_FIELDS, &s->payload, err)
                       : yaml_defaults(PAYLOAD_FIELDS, &s->payload, err)) &&
           scenario_read_output(l) && platform_read(&s->platform, k->platform, k->seed, err) &&
           note_platform_files(l) && workload_read(&s->workload, k->workload, err);
}

static bool check_run(scenario_loader *l) {
    const run_settings *run = &l->s->run;
    if ((run->requests > 0) == (run->duration > 0))
        return error_input(l->err, l->keys.run->mark, "'run' takes either 'requests' or 'duration'");
    return true;
}

static bool apply_edit(scenario_loader *l, const scenario_edit *edit) {
    yaml_document *doc = &l->s->documents[0];
    if (!yaml_put(doc, edit->path, edit->value, l->err)) return false;
    drop_rival(doc, edit->path);
    return true;
}

/* What a change names is hung in at once, so that the next change can reach into it. */
static bool apply_changes(scenario_loader *l) {
    const scenario_changes *c = l->changes;
    bool ok = graft_all(l);
    for (size_t i = 0; ok && i < c->before_count; i++) ok = apply_edit(l, &c->before[i]) && graft_all(l);
    for (size_t i = 0; ok && i < c->set_count; i++) ok = apply_set(l, c->sets[i]) && graft_all(l);
    for (size_t i = 0; ok && i < c->edit_count; i++) ok = apply_edit(l, &c->edits[i]) && graft_all(l);
    return ok && (!c->only_count || scenario_choose_policies(l, c->only, c->only_count));
}

bool scenario_load(scenario *s, const char *path, const scenario_changes *changes, portolan_error *err) {
    static const scenario_changes NONE;
    *s = (scenario){0};
    if (!changes) changes = &NONE;
    scenario_loader l = {.s = s, .err = err, .changes = changes, .keys = {.execute = EXECUTE_UNSET}};
    bool ok = yaml_load(&s->documents[0], path, err) && scenario_note_input(&l, &s->inputs[FILE_SCENARIO], path) &&
              yaml_expect(s->documents[0].root, YAML_MAP, "a scenario", err) && apply_changes(&l) &&
              read_sections(&l) && check_run(&l) && scenario_load_model(&l) && scenario_read_policies(&l);
    if (!ok) {
        scenario_free(s);
        return false;
    }
    s->name = l.keys.name;
    s->seed = l.keys.seed;
    return true;
}

void scenario_free(scenario *s) {
    if (!s->borrows) {
        outcome_source_close(s->outcomes);
        outcome_table_free(&s->table);
    }
    free(s->model_key);
    platform_free(&s->platform);
    for (size_t i = 0; i < sizeof s->documents / sizeof *s->documents; i++) yaml_unload(&s->documents[i]);
    arena_free(&s->memory);
    *s = (scenario){0};
}
