/* The model of a scenario: an outcome table, the synthetic one, or a model to be executed; the split of its layers; and
 * whether each slice fits its device. */
#include <string.h>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "loader.h"
#include "sim/engine/engine.h"

typedef struct split_keys {
    uint64_t depth[TIER_COUNT];
} split_keys;

#define DEPTH_FIELD(key_, tier_, fallback_)                                                      \
    {                                                                                            \
        key_, FIELD_COUNT, offsetof(split_keys, depth) + (tier_) * sizeof(uint64_t),             \
            .doc = "layers the " key_ " holds, from layer 1", .fallback = fallback_, .least = 1, \
            .most = OUTCOME_MAX_EXITS                                                            \
    }

const yaml_field SPLIT_FIELDS[] = {
    DEPTH_FIELD("phone", TIER_PHONE, "3"),
    DEPTH_FIELD("edge", TIER_EDGE, "6"),
    DEPTH_FIELD("cloud", TIER_CLOUD, NULL),
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

/* ---- Outcome tables ---- */

static void shape_from_keys(scenario_loader *l) {
    const scenario_keys *k = &l->keys;
    l->s->shape = (model_shape){.layers = l->s->table.layers,
                                .hidden = k->hidden,
                                .feed_forward = k->feed_forward ? k->feed_forward : 4 * k->hidden,
                                .classes = l->s->table.classes,
                                .vocabulary = k->vocabulary ? k->vocabulary : 30522};
}

static bool load_synthetic(scenario_loader *l, const yaml_node *model) {
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
    shape_from_keys(l);
    /* sentences like SST-2's: 25 word pieces in the mean, rarely over 50 */
    static const distribution SENTENCES = {DIST_LOGNORMAL, 23, 0.4, 3, 128};
    const distribution *d = yaml_find(s->documents[0].root, "tokens") ? &l->keys.tokens : &SENTENCES;
    return outcome_table_draw_tokens(&s->table, d, l->keys.seed, l->err);
}

static bool load_table(scenario_loader *l, const yaml_node *model, const char *path) {
    scenario *s = l->s;
    const yaml_node *tokens = yaml_find(s->documents[0].root, "tokens");
    portolan_error inner = {0};
    if (!outcome_table_load(&s->table, path, &inner)) return scenario_inner_error(l, model->mark, &inner);
    if (!l->keys.hidden)
        return error_input(l->err, model->mark,
                           "an outcome table does not say how wide the model is; add 'hidden: 768' "
                           "or what it is to the scenario");
    if (s->table.tokens && tokens)
        return error_input(l->err, tokens->mark, "the table has token counts of its own; remove 'tokens'");
    if (!s->table.tokens && !tokens)
        return error_input(l->err, model->mark,
                           "the table has no token counts; add 'tokens: 25' or a distribution to the "
                           "scenario");
    shape_from_keys(l);
    return s->table.tokens || outcome_table_draw_tokens(&s->table, &l->keys.tokens, l->keys.seed, l->err);
}

/* ---- A model ---- */

/* What a model file says by itself must not be said again. */
static bool refuse_table_keys(scenario_loader *l) {
    static const char *const KEYS[] = {"hidden", "feed_forward", "vocabulary", "tokens", NULL};
    for (size_t i = 0; KEYS[i]; i++) {
        const yaml_node *node = yaml_find(l->s->documents[0].root, KEYS[i]);
        if (node) return error_input(l->err, node->mark, "the model says what '%s' is; remove it", KEYS[i]);
    }
    return true;
}

static bool load_samples(scenario_loader *l, const token_wants *wants, token_set *set) {
    const yaml_node *data = l->s->workload.data;
    const char *paths[2];
    portolan_error inner = {0};
    if (!data)
        return error_input(l->err, l->keys.workload->mark,
                           "a model answers texts: the workload needs 'data', like "
                           "{task: sst2, file: dev.tsv}");
    if (!token_set_load(set, data, wants, paths, &inner)) return scenario_inner_error(l, data->mark, &inner);
    const yaml_node *vocab = yaml_find(data, "vocab");
    if (paths[0] && !(scenario_note_input(l, &l->s->inputs[FILE_DATA], paths[0]) &&
                      scenario_absolute(l, yaml_find(data, "file"), paths[0])))
        return false;
    return !paths[1] || (scenario_note_input(l, &l->s->inputs[FILE_VOCABULARY], paths[1]) &&
                         (!vocab || scenario_absolute(l, vocab, paths[1])));
}

static bool load_encoder(scenario_loader *l, const yaml_node *model, const char *path) {
    scenario *s = l->s;
    portolan_error inner = {0};
    token_set set = {0};
    if (!refuse_table_keys(l)) return false;
    encoder *e = encoder_load(path, 0, &inner);
    if (!e) return scenario_inner_error(l, model->mark, &inner);
    s->shape = encoder_settings(e)->shape;
    token_wants wants = encoder_wants(e, path);
    bool ok = load_samples(l, &wants, &set) && encoder_outcome_table(e, &set, true, &s->table, l->err) &&
              (s->outcomes = outcome_source_open(l->keys.execute, e, &set, &s->table, l->err)) != NULL;
    if (ok) return true;
    encoder_free(e);
    token_set_free(&set);
    return false;
}

/* Models are executed, tables are replayed. */
static bool choose_mode(scenario_loader *l, bool is_model) {
    int *mode = &l->keys.execute;
    if (*mode == EXECUTE_UNSET) *mode = is_model ? EXECUTE_ONCE : EXECUTE_REPLAY;
    l->s->execute = *mode;
    if (is_model == (*mode != EXECUTE_REPLAY)) return true;
    return error_input(l->err, yaml_find(l->s->documents[0].root, "execute")->mark,
                       is_model ? "'execute: %s' needs an outcome table; `portolan outcomes` makes one of a model"
                                : "'execute: %s' needs a model (.safetensors); with an outcome table write 'replay'",
                       EXECUTE_NAMES[*mode]);
}

static bool load_file(scenario_loader *l, const yaml_node *model) {
    bool is_model = model->kind == YAML_SCALAR && text_ends_in(model->text, ".safetensors");
    if (!is_model && !(model->kind == YAML_SCALAR && text_ends_in(model->text, ".csv"))) {
        char found[96];
        return error_input(l->err, model->mark,
                           "'model' is %s; a model (.safetensors), an outcome table (.csv) or "
                           "{synthetic: {}} is wanted",
                           yaml_describe(model, found, sizeof found));
    }
    const char *path = file_resolve(&l->s->memory, model->mark.file, model->text, model->mark, l->err);
    return path && choose_mode(l, is_model) && (is_model ? load_encoder(l, model, path) : load_table(l, model, path)) &&
           scenario_note_input(l, &l->s->inputs[FILE_MODEL], path) && scenario_absolute(l, model, path);
}

static bool load_answers(scenario_loader *l) {
    const yaml_node *model = l->keys.model;
    return model->kind == YAML_MAP ? choose_mode(l, false) && load_synthetic(l, model) : load_file(l, model);
}

/* ---- A model that another scenario has read ---- */

/* All that table, answers and shape follow from, as a text (free() it); NULL if memory is short. Files are told by
 * their names here: within one process they are read once. The seed counts where something is drawn from it. */
static char *model_key(const scenario_loader *l) {
    static const char *const KEYS[] = {"model",   "hidden", "feed_forward", "vocabulary",
                                       "execute", "tokens", "seed",         NULL};
    const yaml_node *root = l->s->documents[0].root, *data = l->s->workload.data;
    bool is_drawn = l->keys.model->kind == YAML_MAP || yaml_find(root, "tokens");
    json_t *key = json_object();
    for (size_t i = 0; KEYS[i]; i++) {
        const yaml_node *node = yaml_find(root, KEYS[i]);
        if (node && (is_drawn || strcmp(KEYS[i], "seed") != 0)) json_put(&key, KEYS[i], json_from_yaml(node));
    }
    json_put(&key, "beside", json_text(l->keys.model->mark.file));
    if (data) json_put(&key, "data", json_pack("[o, o]", json_text(data->mark.file), json_from_yaml(data)));
    char *text = json_dump_text(key, JSON_COMPACT);
    json_decref(key);
    return text;
}

/* Makes the lender's model this scenario's too, and notes the files as if they had been read again. */
static bool borrow(scenario_loader *l, const scenario *lender) {
    scenario *s = l->s;
    s->borrows = true;
    s->table = lender->table;
    s->outcomes = lender->outcomes;
    s->shape = lender->shape;
    s->execute = lender->execute;
    for (int i = FILE_MODEL; i < SCENARIO_FILES; i++) s->inputs[i] = lender->inputs[i];
    const yaml_node *data = s->workload.data, *vocab = data ? yaml_find(data, "vocab") : NULL;
    const scenario_input *in = s->inputs;
    return (!in[FILE_MODEL].path || scenario_absolute(l, l->keys.model, in[FILE_MODEL].path)) &&
           (!in[FILE_DATA].path || scenario_absolute(l, yaml_find(data, "file"), in[FILE_DATA].path)) &&
           (!in[FILE_VOCABULARY].path || !vocab || scenario_absolute(l, vocab, in[FILE_VOCABULARY].path));
}

static bool borrow_or_load(scenario_loader *l) {
    scenario *s = l->s;
    if (!(s->model_key = model_key(l))) return error_memory(l->err, 0);
    for (size_t i = 0; i < l->changes->lender_count; i++) {
        const scenario *lender = l->changes->lenders[i];
        if (lender && strcmp(lender->model_key, s->model_key) == 0) return borrow(l, lender);
    }
    return load_answers(l);
}

static bool check_payload(scenario_loader *l) {
    uint64_t bytes = l->s->payload.hidden;
    if (bytes == 3 || (bytes < 4 && !l->s->outcomes))
        return error_input(l->err, yaml_find(l->keys.payload, "hidden")->mark,
                           bytes == 3 ? "a hidden state of %llu bytes an element; 4, 2 and 1 are allowed"
                                      : "a hidden state of %llu bytes an element is rounded, which changes answers; "
                                        "'execute: replay' cannot show that, write 4",
                           (unsigned long long)bytes);
    return true;
}

/* ---- Split and memory ---- */

static bool read_split(scenario_loader *l) {
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
        if (!s->table.exit_at[keys.depth[k]])
            return error_input(l->err, mark, "the split ends the %s at layer %llu, after which the model has no exit",
                               TIER_NAMES[k], (unsigned long long)keys.depth[k]);
        s->depth[k] = (uint32_t)keys.depth[k];
    }
    if (keys.depth[TIER_CLOUD] != s->shape.layers)
        return error_input(l->err, mark, "the split gives the cloud %llu layers; it holds the whole model of %llu",
                           (unsigned long long)keys.depth[TIER_CLOUD], (unsigned long long)s->shape.layers);
    return true;
}

static bool slice_fits(scenario_loader *l, const device *d, tier k, const char *name) {
    double need = model_slice_bytes(&l->s->shape, l->s->depth[k]);
    if (need <= d->memory_bytes) return true;
    char needs[32], has[32];
    unit_format(needs, sizeof needs, need, UNIT_SIZE);
    unit_format(has, sizeof has, d->memory_bytes, UNIT_SIZE);
    text_mark mark = l->keys.split ? l->keys.split->mark : l->keys.model->mark;
    return error_input(l->err, mark,
                       "the slice of %u layers needs %s, but %s '%s' has %s of memory; give the %s fewer layers",
                       l->s->depth[k], needs, TIER_NAMES[k], name, has, TIER_NAMES[k]);
}

static bool check_memory(scenario_loader *l) {
    const platform *p = &l->s->platform;
    for (size_t i = 0; i < p->group_count; i++)
        if (!slice_fits(l, &p->groups[i].hardware, TIER_PHONE, p->groups[i].name)) return false;
    for (size_t i = 0; i < p->site_count; i++)
        if (!slice_fits(l, &p->sites[i].server, TIER_EDGE, p->sites[i].name)) return false;
    for (size_t i = 0; i < p->region_count; i++)
        if (!slice_fits(l, &p->regions[i].server, TIER_CLOUD, p->regions[i].name)) return false;
    return true;
}

bool scenario_load_model(scenario_loader *l) {
    return borrow_or_load(l) && check_payload(l) && read_split(l) && check_memory(l);
}
