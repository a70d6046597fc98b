/* Reading a scenario: the file, the files it names, changes from the command line, and every check that can be made
 * before anything runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "sim.h"

/* ---- YAML keys ---- */

typedef struct scenario_keys {
    const char *name;
    uint64_t seed, hidden, feed_forward, vocabulary;
    const yaml_node *platform, *workload, *model, *split, *policies, *run, *cost, *payload, *output;
    distribution tokens;
    int execute;
} scenario_keys;

static const char *const EXECUTES[] = {"live", "once", "replay", NULL};

const yaml_field SCENARIO_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(scenario_keys, name), .doc = "name of the scenario and of its results folder",
     .fallback = "scenario"},
    {"seed", FIELD_COUNT, offsetof(scenario_keys, seed), .doc = "seed of every random stream", .fallback = "1"},
    {"platform", FIELD_NODE, offsetof(scenario_keys, platform), .doc = "path of a platform, or the platform itself",
     .required = true},
    {"workload", FIELD_NODE, offsetof(scenario_keys, workload), .doc = "path of a workload, or the workload itself",
     .required = true},
    {"model", FIELD_NODE, offsetof(scenario_keys, model),
     .doc = "path of an outcome table (.csv), or {synthetic: ...} for the embedded one", .required = true},
    {"hidden", FIELD_COUNT, offsetof(scenario_keys, hidden),
     .doc = "width h of the model; needed with a table, 768 with the synthetic one", .least = 1, .most = 1e6},
    {"feed_forward", FIELD_COUNT, offsetof(scenario_keys, feed_forward), .doc = "feed-forward width f; default 4 h",
     .least = 1, .most = 1e7},
    {"vocabulary", FIELD_COUNT, offsetof(scenario_keys, vocabulary),
     .doc = "rows of the embedding table, which every tier must hold in memory", .fallback = "30522", .least = 1,
     .most = 1e8},
    {"tokens", FIELD_DISTRIBUTION, offsetof(scenario_keys, tokens),
     .doc = "tokens of a sample, drawn once a sample; for tables without token counts", .least = 1, .most = 1e6},
    {"split", FIELD_NODE, offsetof(scenario_keys, split), .doc = "layers each tier holds"},
    {"execute", FIELD_CHOICE, offsetof(scenario_keys, execute),
     .doc = "replay: answers come from the outcome table (live and once need a model file)", .fallback = "replay",
     .choices = EXECUTES},
    {"policies", FIELD_NODE, offsetof(scenario_keys, policies),
     .doc = "list of policies: a name, or {name: {option: value}}", .required = true},
    {"run", FIELD_NODE, offsetof(scenario_keys, run), .doc = "how long", .required = true},
    {"cost", FIELD_NODE, offsetof(scenario_keys, cost), .doc = "constants of the paper-style cost"},
    {"payload", FIELD_NODE, offsetof(scenario_keys, payload), .doc = "bytes of what crosses the network"},
    {"output", FIELD_NODE, offsetof(scenario_keys, output), .doc = "which files are written"},
    {0},
};

typedef struct split_keys {
    uint64_t depth[TIER_COUNT];
} split_keys;

#define DEPTH_FIELD(key_, tier_, fallback_)                                                                           \
    {key_, FIELD_COUNT, offsetof(split_keys, depth) + (tier_) * sizeof(uint64_t),                                     \
     .doc = "layers the " key_ " holds, from layer 1", .fallback = fallback_, .least = 1, .most = OUTCOME_MAX_EXITS}

const yaml_field SPLIT_FIELDS[] = {
    DEPTH_FIELD("phone", TIER_PHONE, "3"),
    DEPTH_FIELD("edge", TIER_EDGE, "6"),
    DEPTH_FIELD("cloud", TIER_CLOUD, NULL),
    {0},
};

const yaml_field RUN_FIELDS[] = {
    {"requests", FIELD_COUNT, offsetof(run_settings, requests), .doc = "how many requests are counted, after the warm-up",
     .least = 1, .most = 1e9},
    {"warmup", FIELD_COUNT, offsetof(run_settings, warmup), .doc = "first requests of the run, simulated but not counted",
     .fallback = "0", .most = 1e9},
    {"duration", FIELD_QUANTITY, offsetof(run_settings, duration),
     .doc = "instead of requests: no request arrives later than this, those under way are finished", UNIT_TIME,
     .positive = true},
    {0},
};

const yaml_field COST_FIELDS[] = {
    {"layer", FIELD_QUANTITY, offsetof(cost_settings, layer), .doc = "lambda: cost of one layer executed",
     .fallback = "1/12"},
    {"offload_edge", FIELD_QUANTITY, offsetof(cost_settings, offload_edge), .doc = "o_e: once for each transfer up to the edge",
     .fallback = "3/12"},
    {"offload_cloud", FIELD_QUANTITY, offsetof(cost_settings, offload_cloud), .doc = "o_c: once for each transfer up to the cloud",
     .fallback = "6/12"},
    {"charge_remote_compute", FIELD_BOOL, offsetof(cost_settings, charge_remote_compute),
     .doc = "whether layers executed off the phone count", .fallback = "yes"},
    {0},
};

const yaml_field PAYLOAD_FIELDS[] = {
    {"token", FIELD_COUNT, offsetof(payload_sizes, token), .doc = "bytes of one token sent", .fallback = "2",
     .least = 1, .most = 1e6},
    {"hidden", FIELD_COUNT, offsetof(payload_sizes, hidden),
     .doc = "bytes of one element of a hidden state: 4 (2 and 1 round it, which replay cannot)", .fallback = "4",
     .least = 1, .most = 4},
    {"answer", FIELD_COUNT, offsetof(payload_sizes, answer), .doc = "bytes of an answer", .fallback = "64",
     .least = 1, .most = 1e9},
    {0},
};

typedef struct output_keys {
    int requests;
} output_keys;

static const char *const REQUEST_OUTPUTS[] = {"csv", "none", NULL};

const yaml_field OUTPUT_FIELDS[] = {
    {"requests", FIELD_CHOICE, offsetof(output_keys, requests), .doc = "csv: requests.csv, a row a request; or none",
     .fallback = "csv", .choices = REQUEST_OUTPUTS},
    {0},
};

typedef struct model_keys {
    const yaml_node *synthetic;
} model_keys;

const yaml_field MODEL_FIELDS[] = {
    {"synthetic", FIELD_NODE, offsetof(model_keys, synthetic), .doc = "settings of the embedded synthetic table",
     .required = true},
    {0},
};

/* ---- Loading ---- */

typedef struct loader {
    scenario *s;
    scenario_keys keys;
    output_keys output;
    portolan_error *err;
} loader;

static bool note_input(loader *l, scenario_file which, const char *path) {
    scenario_input *input = &l->s->inputs[which];
    input->path = arena_text(&l->s->memory, path, strlen(path));
    return input->path ? file_hash(path, input->hash, l->err) : error_memory(l->err, strlen(path));
}

/* If the scenario names a file at `key`, loads it and hangs its tree in the name's place, so that changes by --set and
 * the resolved scenario in the manifest reach into it. */
static bool graft(loader *l, const char *key, scenario_file which) {
    yaml_document *doc = &l->s->documents[which];
    yaml_node *root = l->s->documents[0].root;
    for (size_t i = 0; root->kind == YAML_MAP && i < root->count; i++) {
        yaml_node **value = &root->items[2 * i + 1];
        if (strcmp(root->items[2 * i]->text, key) != 0 || (*value)->kind != YAML_SCALAR) continue;
        const char *path = file_resolve(&l->s->memory, (*value)->mark.file, (*value)->text, (*value)->mark, l->err);
        if (!path) return false;
        portolan_error inner = {0};
        yaml_unload(doc);
        if (!yaml_load(doc, path, &inner)) {
            /* a file that cannot be opened is the scenario's fault, at the place that names it */
            if (inner.line || inner.status != STATUS_WRONG_INPUT) {
                *l->err = inner;
                return false;
            }
            return error_input(l->err, (*value)->mark, "'%s: %.200s': %.300s %.400s", key, (*value)->text, inner.file,
                               inner.message);
        }
        *value = doc->root;
        return note_input(l, which, path);
    }
    return true;
}

static bool graft_all(loader *l) {
    return graft(l, "platform", FILE_PLATFORM) && graft(l, "workload", FILE_WORKLOAD);
}

/* run.requests and run.duration exclude each other; setting one takes the other out. */
static void drop_rival(yaml_document *doc, const char *path) {
    yaml_node *run = (yaml_node *)yaml_find(doc->root, "run");
    if (!run || run->kind != YAML_MAP) return;
    if (strcmp(path, "run.requests") == 0) yaml_remove(run, "duration");
    if (strcmp(path, "run.duration") == 0) yaml_remove(run, "requests");
}

static bool apply_set(loader *l, const char *change) {
    const char *equals = strchr(change, '=');
    char path[256];
    if (!equals || equals == change || (size_t)(equals - change) >= sizeof path)
        return error_usage(l->err, "--set wants key=value, found '%.100s'", change);
    memcpy(path, change, (size_t)(equals - change));
    path[equals - change] = '\0';
    yaml_document *doc = &l->s->documents[0];
    if (!yaml_set(doc, path, equals + 1, l->err)) return false;
    drop_rival(doc, path);
    return true;
}

static bool read_sections(loader *l) {
    scenario *s = l->s;
    scenario_keys *k = &l->keys;
    portolan_error *err = l->err;
    return yaml_read(s->documents[0].root, "a scenario", SCENARIO_FIELDS, k, err) &&
           yaml_read(k->run, "run", RUN_FIELDS, &s->run, err) &&
           (k->cost ? yaml_read(k->cost, "cost", COST_FIELDS, &s->cost, err)
                    : yaml_defaults(COST_FIELDS, &s->cost, err)) &&
           (k->payload ? yaml_read(k->payload, "payload", PAYLOAD_FIELDS, &s->payload, err)
                       : yaml_defaults(PAYLOAD_FIELDS, &s->payload, err)) &&
           (!k->output || yaml_read(k->output, "output", OUTPUT_FIELDS, &l->output, err)) &&
           platform_read(&s->platform, k->platform, k->seed, err) && workload_read(&s->workload, k->workload, err);
}

static bool check_run(loader *l) {
    const run_settings *run = &l->s->run;
    if ((run->requests > 0) == (run->duration > 0))
        return error_input(l->err, l->keys.run->mark, "'run' takes either 'requests' or 'duration'");
    if (l->keys.execute != EXECUTE_REPLAY)
        return error_input(l->err, yaml_find(l->s->documents[0].root, "execute")->mark,
                           "'execute: %s' needs a model file; with an outcome table or the synthetic one write 'replay'",
                           EXECUTES[l->keys.execute]);
    if (l->s->payload.hidden != 4)
        return error_input(l->err, yaml_find(l->keys.payload, "hidden")->mark,
                           "a hidden state of %llu bytes an element is rounded, which changes answers; 'execute: replay' "
                           "cannot show that, write 4", (unsigned long long)l->s->payload.hidden);
    return true;
}

/* ---- The model: an outcome table, its token counts, and the shape ---- */

static bool load_synthetic(loader *l, const yaml_node *model) {
    scenario *s = l->s;
    model_keys keys = {0};
    synthetic_settings settings = {0};
    if (!yaml_read(model, "model", MODEL_FIELDS, &keys, l->err)) return false;
    bool empty = keys.synthetic->kind == YAML_SCALAR && !*keys.synthetic->text;
    if (empty ? !yaml_defaults(SYNTHETIC_FIELDS, &settings, l->err)
              : !yaml_read(keys.synthetic, "synthetic", SYNTHETIC_FIELDS, &settings, l->err))
        return false;
    if (!outcome_table_synthesize(&s->table, &settings, l->keys.seed, l->err)) return false;
    if (!l->keys.hidden) l->keys.hidden = 768;
    /* sentences like SST-2's: 25 word pieces in the mean, rarely over 50 */
    static const distribution SENTENCES = {DIST_LOGNORMAL, 23, 0.4, 3, 128};
    const distribution *d = yaml_find(s->documents[0].root, "tokens") ? &l->keys.tokens : &SENTENCES;
    return outcome_table_draw_tokens(&s->table, d, l->keys.seed, l->err);
}

static bool load_table(loader *l, const yaml_node *model) {
    scenario *s = l->s;
    const yaml_node *tokens = yaml_find(s->documents[0].root, "tokens");
    const char *path = file_resolve(&s->memory, model->mark.file, model->text, model->mark, l->err);
    if (!path) return false;
    size_t length = strlen(path);
    if (length < 4 || strcmp(path + length - 4, ".csv") != 0)
        return error_input(l->err, model->mark, "'model' is '%.200s'; an outcome table (.csv) or {synthetic: {}} is wanted",
                           model->text);
    portolan_error inner = {0};
    if (!outcome_table_load(&s->table, path, &inner)) {
        if (inner.line || inner.status != STATUS_WRONG_INPUT) {
            *l->err = inner;
            return false;
        }
        return error_input(l->err, model->mark, "'model': %.300s %.400s", inner.file, inner.message);
    }
    if (!note_input(l, FILE_TABLE, path)) return false;
    if (!l->keys.hidden)
        return error_input(l->err, model->mark, "an outcome table does not say how wide the model is; add 'hidden: 768' "
                           "or what it is to the scenario");
    if (s->table.tokens && tokens)
        return error_input(l->err, tokens->mark, "the table has token counts of its own; remove 'tokens'");
    if (!s->table.tokens && !tokens)
        return error_input(l->err, model->mark, "the table has no token counts; add 'tokens: 25' or a distribution to the "
                           "scenario");
    return s->table.tokens || outcome_table_draw_tokens(&s->table, &l->keys.tokens, l->keys.seed, l->err);
}

static bool load_model(loader *l) {
    scenario *s = l->s;
    const yaml_node *model = l->keys.model;
    if (model->kind == YAML_LIST || (model->kind == YAML_SCALAR && !*model->text))
        return error_input(l->err, model->mark, "'model' must be the path of an outcome table or {synthetic: {}}");
    if (!(model->kind == YAML_MAP ? load_synthetic(l, model) : load_table(l, model))) return false;
    s->shape = (model_shape){.layers = s->table.exits,
                             .hidden = l->keys.hidden,
                             .feed_forward = l->keys.feed_forward ? l->keys.feed_forward : 4 * l->keys.hidden,
                             .classes = s->table.classes,
                             .vocabulary = l->keys.vocabulary};
    return true;
}

static bool read_split(loader *l) {
    scenario *s = l->s;
    split_keys keys = {{3, 6, s->shape.layers}};
    if (l->keys.split && !yaml_read(l->keys.split, "split", SPLIT_FIELDS, &keys, l->err)) return false;
    text_mark mark = l->keys.split ? l->keys.split->mark : l->keys.model->mark;
    for (int k = 0; k < TIER_COUNT; k++) {
        if (keys.depth[k] > s->shape.layers)
            return error_input(l->err, mark, "the split gives the %s %llu layers; the model has %llu", TIER_NAMES[k],
                               (unsigned long long)keys.depth[k], (unsigned long long)s->shape.layers);
        if (k && keys.depth[k] < keys.depth[k - 1])
            return error_input(l->err, mark, "the split gives the %s fewer layers (%llu) than the %s (%llu)",
                               TIER_NAMES[k], (unsigned long long)keys.depth[k], TIER_NAMES[k - 1],
                               (unsigned long long)keys.depth[k - 1]);
        s->depth[k] = (uint32_t)keys.depth[k];
    }
    if (keys.depth[TIER_CLOUD] != s->shape.layers)
        return error_input(l->err, mark, "the split gives the cloud %llu layers; it holds the whole model of %llu",
                           (unsigned long long)keys.depth[TIER_CLOUD], (unsigned long long)s->shape.layers);
    return true;
}

static bool slice_fits(loader *l, const device *d, tier k, const char *name) {
    double need = model_slice_bytes(&l->s->shape, l->s->depth[k]);
    if (need <= d->memory_bytes) return true;
    char needs[32], has[32];
    unit_format(needs, sizeof needs, need, UNIT_SIZE);
    unit_format(has, sizeof has, d->memory_bytes, UNIT_SIZE);
    text_mark mark = l->keys.split ? l->keys.split->mark : l->keys.model->mark;
    return error_input(l->err, mark, "the slice of %u layers needs %s, but %s '%s' has %s of memory; give the %s fewer layers",
                       l->s->depth[k], needs, TIER_NAMES[k], name, has, TIER_NAMES[k]);
}

static bool check_memory(loader *l) {
    const platform *p = &l->s->platform;
    for (size_t i = 0; i < p->group_count; i++)
        if (!slice_fits(l, &p->groups[i].hardware, TIER_PHONE, p->groups[i].name)) return false;
    for (size_t i = 0; i < p->site_count; i++)
        if (!slice_fits(l, &p->sites[i].server, TIER_EDGE, p->sites[i].name)) return false;
    for (size_t i = 0; i < p->region_count; i++)
        if (!slice_fits(l, &p->regions[i].server, TIER_CLOUD, p->regions[i].name)) return false;
    return true;
}

/* ---- Policies ---- */

static const char **policy_names(const char *names[SCENARIO_MAX_POLICIES]) {
    size_t n = 0;
    for (; POLICIES[n] && n < SCENARIO_MAX_POLICIES - 1; n++) names[n] = POLICIES[n]->name;
    names[n] = NULL;
    return names;
}

static bool unknown_policy(portolan_error *err, text_mark mark, const char *name) {
    const char *names[SCENARIO_MAX_POLICIES];
    char allowed[512];
    list_words(allowed, sizeof allowed, policy_names(names));
    const char *near = nearest_word(name, names);
    return error_input(err, mark, "there is no policy '%.60s'%s%s%s; known are %s", name, near ? ", did you mean '" : "",
                       near ? near : "", near ? "'?" : "", allowed);
}

/* "confidence(threshold=0.9,exits=all)" */
static const char *descriptive_label(loader *l, const char *name, const yaml_node *options) {
    char text[256];
    size_t used = (size_t)snprintf(text, sizeof text, "%.60s(", name);
    for (size_t i = 0; options && i < options->count; i++) {
        const yaml_node *value = options->items[2 * i + 1];
        if (value->kind != YAML_SCALAR) continue;
        int n = snprintf(text + used, sizeof text - used, "%s%.40s=%.40s", used > strlen(name) + 1 ? "," : "",
                         options->items[2 * i]->text, value->text);
        used = n < 0 || (size_t)n >= sizeof text - used ? sizeof text - 2 : used + (size_t)n;
    }
    snprintf(text + used, sizeof text - used, ")");
    const char *label = arena_text(&l->s->memory, text, strlen(text));
    if (!label) error_memory(l->err, sizeof text);
    return label;
}

/* A policy as it stands in the list: a name, or a map of one name to its options. */
typedef struct policy_item {
    const yaml_node *name;
    const yaml_node *options; /* NULL: none */
} policy_item;

static bool split_item(const yaml_node *node, policy_item *item, portolan_error *err) {
    *item = (policy_item){node, NULL};
    if (node->kind == YAML_SCALAR) return true;
    if (node->kind != YAML_MAP || node->count != 1)
        return error_input(err, node->mark, "a policy is a name or a map of one name to its options, like "
                           "{confidence: {threshold: 0.8}}");
    item->name = node->items[0];
    const yaml_node *options = node->items[1];
    if (options->kind == YAML_SCALAR && !*options->text) return true;
    item->options = options;
    return yaml_expect(options, YAML_MAP, "the options of a policy", err);
}

static bool read_policy(loader *l, const yaml_node *node, bool name_is_taken, policy_setup *setup) {
    policy_item item;
    if (!split_item(node, &item, l->err)) return false;
    const policy_type *type = policy_find(item.name->text);
    if (!type) return unknown_policy(l->err, item.name->mark, item.name->text);
    *setup = (policy_setup){.type = type, .label = type->name, .follows = -1};
    setup->options = arena_alloc(&l->s->memory, 1, type->size);
    if (!setup->options) return error_memory(l->err, type->size);
    yaml_node none = {.kind = YAML_MAP, .mark = item.name->mark};
    const yaml_node *options = item.options ? item.options : &none;
    unsigned needs = 0;
    if (!yaml_read(options, type->name, type->options, setup->options, l->err) ||
        (type->check && !type->check(setup->options, options, &needs, l->err)))
        return false;
    if ((needs & POLICY_NEEDS_PROBABILITIES) && !l->s->table.probabilities)
        return error_input(l->err, item.name->mark, "'%s' needs every class's probability, but the outcome table of "
                           "'model' holds only confidences%s", type->name,
                           type == policy_find("entropy") ? "; write 'entropy_from: confidence'" : "");
    const char *as = ((policy_common *)setup->options)->label;
    if (as)
        setup->label = as;
    else if (name_is_taken)
        setup->label = descriptive_label(l, type->name, item.options);
    return setup->label != NULL;
}

static bool appears_twice(const yaml_node *list, const yaml_node *node) {
    policy_item here, other;
    portolan_error ignored = {0};
    if (!split_item(node, &here, &ignored)) return false;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] != node && split_item(list->items[i], &other, &ignored) &&
            strcmp(here.name->text, other.name->text) == 0)
            return true;
    return false;
}

static bool check_label(loader *l, size_t i, text_mark mark) {
    for (size_t k = 0; k < i; k++)
        if (strcmp(l->s->policies[k].label, l->s->policies[i].label) == 0)
            return error_input(l->err, mark, "two policies are called '%s'; give one of them another name with 'as:'",
                               l->s->policies[i].label);
    return true;
}

static bool resolve_follows(loader *l, const yaml_node *list) {
    scenario *s = l->s;
    for (size_t i = 0; i < s->policy_count; i++) {
        policy_setup *setup = &s->policies[i];
        if (!setup->type->follows) continue;
        const char *label = setup->type->follows(setup->options);
        for (size_t k = 0; k < s->policy_count; k++)
            if (strcmp(s->policies[k].label, label) == 0) setup->follows = (int)k;
        if (setup->follows < 0 || s->policies[setup->follows].type->follows)
            return error_input(l->err, list->items[i]->mark, "'match: %s' names %s; it must be the label of another policy "
                               "of this scenario", label,
                               setup->follows < 0 ? "no policy of this list" : "a policy that follows one itself");
    }
    return true;
}

static bool read_policies(loader *l, const yaml_node *list) {
    scenario *s = l->s;
    if (!yaml_expect(list, YAML_LIST, "policies", l->err)) return false;
    if (!list->count || list->count > SCENARIO_MAX_POLICIES)
        return error_input(l->err, list->mark, "'policies' lists %zu policies; 1 to %d are allowed", list->count,
                           SCENARIO_MAX_POLICIES);
    s->policies = arena_alloc(&s->memory, list->count, sizeof *s->policies);
    if (!s->policies) return error_memory(l->err, list->count * sizeof *s->policies);
    for (size_t i = 0; i < list->count; i++) {
        const yaml_node *node = list->items[i];
        if (!read_policy(l, node, appears_twice(list, node), &s->policies[i]) || !check_label(l, i, node->mark))
            return false;
        s->policy_count++;
    }
    return resolve_follows(l, list);
}

/* --policy: keeps the items of that label or name, in the order asked for; a name that is not in the list is added with
 * its default options. */
static bool choose_policies(loader *l, char *const *only, size_t count) {
    yaml_node *root = l->s->documents[0].root, *list = (yaml_node *)yaml_find(root, "policies");
    if (!list) return true; /* the missing key is reported later */
    if (!yaml_expect(list, YAML_LIST, "policies", l->err)) return false;
    yaml_node **items = arena_alloc(&l->s->memory, count * (list->count + 1), sizeof *items);
    yaml_node *fresh = arena_alloc(&l->s->memory, count, sizeof *fresh);
    if (!items || !fresh) return error_memory(l->err, count * (list->count + 1) * sizeof *items);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t before = kept;
        for (size_t k = 0; k < list->count; k++) {
            policy_item item;
            if (!split_item(list->items[k], &item, l->err)) return false;
            const yaml_node *as = yaml_find(item.options, "as");
            bool called = strcmp(item.name->text, only[i]) == 0 ||
                          (as && as->kind == YAML_SCALAR && strcmp(as->text, only[i]) == 0);
            if (called) items[kept++] = list->items[k];
        }
        if (kept > before) continue;
        fresh[i] = (yaml_node){.kind = YAML_SCALAR, .mark = {"--policy", 1, 1}, .text = only[i], .plain = true};
        items[kept++] = &fresh[i];
    }
    list->items = items;
    list->count = kept;
    return true;
}

bool scenario_load(scenario *s, const char *path, char *const *sets, size_t set_count, char *const *only,
                   size_t only_count, portolan_error *err) {
    *s = (scenario){0};
    loader l = {.s = s, .err = err};
    bool ok = yaml_load(&s->documents[0], path, err) && note_input(&l, FILE_SCENARIO, path) &&
              yaml_expect(s->documents[0].root, YAML_MAP, "a scenario", err) && graft_all(&l);
    for (size_t i = 0; ok && i < set_count; i++) ok = apply_set(&l, sets[i]) && graft_all(&l);
    ok = ok && (!only_count || choose_policies(&l, only, only_count)) && read_sections(&l) && check_run(&l) &&
         load_model(&l) && read_split(&l) && check_memory(&l) && read_policies(&l, l.keys.policies);
    if (!ok) {
        scenario_free(s);
        return false;
    }
    s->name = l.keys.name;
    s->seed = l.keys.seed;
    s->execute = l.keys.execute;
    s->write_requests = l.output.requests == 0;
    return true;
}

void scenario_free(scenario *s) {
    outcome_table_free(&s->table);
    platform_free(&s->platform);
    for (size_t i = 0; i < sizeof s->documents / sizeof *s->documents; i++) yaml_unload(&s->documents[i]);
    arena_free(&s->memory);
    *s = (scenario){0};
}

double scenario_tier_cost(const scenario *s, tier to) {
    const cost_settings *c = &s->cost;
    double layers = c->layer * s->depth[to];
    if (to == TIER_PHONE) return layers;
    return (to == TIER_EDGE ? c->offload_edge : c->offload_cloud) + (c->charge_remote_compute ? layers : 0);
}
