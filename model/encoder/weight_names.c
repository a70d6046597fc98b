/* The weights of a BERT-like model: under which names its tensors lie in a file, and what shapes they have. */
#include "weight_names.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 128 };

/* ---- Names ---- */

/* In a name, '*' stands for one of PREFIXES and '#' for the layer, counted from 0. */
static const char *const PREFIXES[] = {"bert.", "elasticbert.", "", NULL};

typedef enum dimension { NONE, HIDDEN, FORWARD, WORDS, POSITIONS, SEGMENTS, CLASSES } dimension;

static const char *const DIMENSION_KEYS[] = {
    "", "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size", "num_labels",
};

/* Each weight's names, the first being the one we write, and its shape. Norms of models that come from
 * TensorFlow are called gamma and beta. Exits have more names: see EXITS. */
typedef struct weight_row {
    const char *names[3];
    dimension shape[2];
} weight_row;

static const weight_row WEIGHTS[MODEL_WEIGHTS] = {
    [WEIGHT_TOKEN_TABLE] = {{"*embeddings.word_embeddings.weight"}, {WORDS, HIDDEN}},
    [WEIGHT_POSITION_TABLE] = {{"*embeddings.position_embeddings.weight"}, {POSITIONS, HIDDEN}},
    [WEIGHT_SEGMENT_TABLE] = {{"*embeddings.token_type_embeddings.weight"}, {SEGMENTS, HIDDEN}},
    [WEIGHT_EMBEDDING_NORM_SCALE] = {{"*embeddings.LayerNorm.weight", "*embeddings.LayerNorm.gamma"}, {HIDDEN}},
    [WEIGHT_EMBEDDING_NORM_SHIFT] = {{"*embeddings.LayerNorm.bias", "*embeddings.LayerNorm.beta"}, {HIDDEN}},
    [LAYER_QUERY_WEIGHT] = {{"*encoder.layer.#.attention.self.query.weight"}, {HIDDEN, HIDDEN}},
    [LAYER_QUERY_BIAS] = {{"*encoder.layer.#.attention.self.query.bias"}, {HIDDEN}},
    [LAYER_KEY_WEIGHT] = {{"*encoder.layer.#.attention.self.key.weight"}, {HIDDEN, HIDDEN}},
    [LAYER_KEY_BIAS] = {{"*encoder.layer.#.attention.self.key.bias"}, {HIDDEN}},
    [LAYER_VALUE_WEIGHT] = {{"*encoder.layer.#.attention.self.value.weight"}, {HIDDEN, HIDDEN}},
    [LAYER_VALUE_BIAS] = {{"*encoder.layer.#.attention.self.value.bias"}, {HIDDEN}},
    [LAYER_OUTPUT_WEIGHT] = {{"*encoder.layer.#.attention.output.dense.weight"}, {HIDDEN, HIDDEN}},
    [LAYER_OUTPUT_BIAS] = {{"*encoder.layer.#.attention.output.dense.bias"}, {HIDDEN}},
    [LAYER_NORM1_SCALE] = {{"*encoder.layer.#.attention.output.LayerNorm.weight",
                            "*encoder.layer.#.attention.output.LayerNorm.gamma"},
                           {HIDDEN}},
    [LAYER_NORM1_SHIFT] = {{"*encoder.layer.#.attention.output.LayerNorm.bias",
                            "*encoder.layer.#.attention.output.LayerNorm.beta"},
                           {HIDDEN}},
    [LAYER_UP_WEIGHT] = {{"*encoder.layer.#.intermediate.dense.weight"}, {FORWARD, HIDDEN}},
    [LAYER_UP_BIAS] = {{"*encoder.layer.#.intermediate.dense.bias"}, {FORWARD}},
    [LAYER_DOWN_WEIGHT] = {{"*encoder.layer.#.output.dense.weight"}, {HIDDEN, FORWARD}},
    [LAYER_DOWN_BIAS] = {{"*encoder.layer.#.output.dense.bias"}, {HIDDEN}},
    [LAYER_NORM2_SCALE] = {{"*encoder.layer.#.output.LayerNorm.weight", "*encoder.layer.#.output.LayerNorm.gamma"},
                           {HIDDEN}},
    [LAYER_NORM2_SHIFT] = {{"*encoder.layer.#.output.LayerNorm.bias", "*encoder.layer.#.output.LayerNorm.beta"},
                           {HIDDEN}},
    [WEIGHT_FINAL_NORM_SCALE] = {{"*encoder.LayerNorm.weight"}, {HIDDEN}},
    [WEIGHT_FINAL_NORM_SHIFT] = {{"*encoder.LayerNorm.bias"}, {HIDDEN}},
    [EXIT_POOLER_WEIGHT] = {{"*encoder.highway.#.pooler.dense.weight"}, {HIDDEN, HIDDEN}},
    [EXIT_POOLER_BIAS] = {{"*encoder.highway.#.pooler.dense.bias"}, {HIDDEN}},
    [EXIT_CLASSIFIER_WEIGHT] = {{"*encoder.highway.#.classifier.weight"}, {CLASSES, HIDDEN}},
    [EXIT_CLASSIFIER_BIAS] = {{"*encoder.highway.#.classifier.bias"}, {CLASSES}},
};

/* The families of exits, without ".weight" and ".bias", in the order in which an exit is looked for. A final
 * classifier goes before the last layer's highway, since DeeBERT leaves that highway untrained. */
typedef struct exit_names {
    const char *classifier;
    bool last_only;
    const char *poolers[3];
} exit_names;

static const exit_names EXITS[] = {
    /* PABEE: one pooler for all; ElasticBERT: one each */
    {"classifiers.#", false, {"*encoder.pooler.#.dense", "*pooler.dense"}},
    /* BERT with a classifier behind its last layer */
    {"classifier", true, {"*pooler.dense", "*encoder.pooler.#.dense"}},
    /* DeeBERT, and what we write */
    {"*encoder.highway.#.classifier", false, {"*encoder.highway.#.pooler.dense", "*pooler.dense"}},
};
enum { EXIT_FAMILIES = sizeof EXITS / sizeof *EXITS };

static void expand(const char *pattern, const char *prefix, uint32_t layer, const char *suffix, char *into,
                   size_t size) {
    const char *hash = strchr(pattern, '#');
    const char *head = *pattern == '*' ? pattern + 1 : pattern;
    if (*pattern != '*') prefix = "";
    if (hash)
        snprintf(into, size, "%s%.*s%u%s%s", prefix, (int)(hash - head), head, layer - 1, hash + 1, suffix);
    else
        snprintf(into, size, "%s%s%s", prefix, head, suffix);
}

static const tensor *find_pattern(const safetensors *file, const char *pattern, uint32_t layer, const char *suffix) {
    char name[NAME_SIZE];
    for (const char *const *prefix = PREFIXES; *prefix; prefix++) {
        expand(pattern, *prefix, layer, suffix, name, sizeof name);
        const tensor *t = safetensors_find(file, name);
        if (t) return t;
    }
    return NULL;
}

static const tensor *exit_tensor(const safetensors *file, model_weight weight, uint32_t layer) {
    bool last = !model_tensor(file, LAYER_QUERY_WEIGHT, layer + 1);
    const char *suffix = weight == EXIT_POOLER_BIAS || weight == EXIT_CLASSIFIER_BIAS ? ".bias" : ".weight";
    const exit_names *family = EXITS;
    for (; family < EXITS + EXIT_FAMILIES; family++)
        if ((last || !family->last_only) && find_pattern(file, family->classifier, layer, ".weight")) break;
    if (family == EXITS + EXIT_FAMILIES) return NULL;
    if (weight == EXIT_CLASSIFIER_WEIGHT || weight == EXIT_CLASSIFIER_BIAS)
        return find_pattern(file, family->classifier, layer, suffix);
    for (const char *const *pooler = family->poolers; *pooler; pooler++)
        if (find_pattern(file, *pooler, layer, ".weight")) return find_pattern(file, *pooler, layer, suffix);
    return NULL;
}

const tensor *model_tensor(const safetensors *file, model_weight weight, uint32_t layer) {
    if (weight >= EXIT_POOLER_WEIGHT) return exit_tensor(file, weight, layer);
    for (const char *const *name = WEIGHTS[weight].names; *name; name++) {
        const tensor *t = find_pattern(file, *name, layer, "");
        if (t) return t;
    }
    return NULL;
}

void model_weight_name(model_weight weight, uint32_t layer, char *into, size_t size) {
    expand(WEIGHTS[weight].names[0], PREFIXES[0], layer, "", into, size);
}

static uint64_t dimension_size(const encoder_config *c, dimension d) {
    switch (d) {
    case HIDDEN: return c->shape.hidden;
    case FORWARD: return c->shape.feed_forward;
    case WORDS: return c->shape.vocabulary;
    case POSITIONS: return c->positions;
    case SEGMENTS: return c->segments;
    case CLASSES: return c->shape.classes;
    case NONE: break;
    }
    return 1;
}

uint32_t model_weight_shape(const encoder_config *c, model_weight weight, uint64_t shape[TENSOR_MAX_RANK]) {
    uint32_t rank = 0;
    for (; rank < 2 && WEIGHTS[weight].shape[rank] != NONE; rank++)
        shape[rank] = dimension_size(c, WEIGHTS[weight].shape[rank]);
    return rank;
}

/* ---- Weights of the model that a configuration asks for ---- */

bool model_has_weight(const encoder_config *c, model_weight weight, uint32_t layer) {
    if (weight == WEIGHT_SEGMENT_TABLE) return c->segments > 0;
    if (weight == WEIGHT_FINAL_NORM_SCALE || weight == WEIGHT_FINAL_NORM_SHIFT) return c->pre_norm;
    if (weight == EXIT_POOLER_WEIGHT || weight == EXIT_POOLER_BIAS) return c->has_pooler && c->exits[layer - 1];
    if (weight == EXIT_CLASSIFIER_WEIGHT || weight == EXIT_CLASSIFIER_BIAS) return c->exits[layer - 1];
    return true;
}

bool model_weight_is_layered(model_weight weight) { return strchr(WEIGHTS[weight].names[0], '#') != NULL; }

static void write_shape(char *into, size_t size, uint32_t rank, const uint64_t *shape) {
    int n = snprintf(into, size, "[");
    for (uint32_t i = 0; i < rank; i++)
        n += snprintf(into + n, size - (size_t)n, "%s%llu", i ? ", " : "", (unsigned long long)shape[i]);
    snprintf(into + n, size - (size_t)n, "]");
}

/* The name that a missing weight was looked for by: with the file's own prefix, and beside the weight's sister. */
static void missing_name(const safetensors *file, model_weight weight, uint32_t layer, char *into, size_t size) {
    if (weight == EXIT_POOLER_BIAS || weight == EXIT_CLASSIFIER_BIAS) {
        const tensor *sister = exit_tensor(file, (model_weight)(weight - 1), layer);
        size_t stem = sister ? strlen(sister->name) - strlen(".weight") : 0;
        snprintf(into, size, "%.*s.bias", (int)stem, sister ? sister->name : "");
        return;
    }
    const char *prefix = PREFIXES[0];
    for (const char *const *p = PREFIXES; *p; p++) {
        expand(WEIGHTS[WEIGHT_TOKEN_TABLE].names[0], *p, 0, "", into, size);
        if (safetensors_find(file, into)) prefix = *p;
    }
    expand(WEIGHTS[weight].names[0], prefix, layer, "", into, size);
}

static bool missing(const safetensors *file, model_weight weight, uint32_t layer, portolan_error *err) {
    char name[NAME_SIZE];
    missing_name(file, weight, layer, name, sizeof name);
    return error_input(err, (text_mark){safetensors_path(file), 0, 0},
                       "has no tensor '%s', nor one under another known name%s", name,
                       weight != EXIT_POOLER_WEIGHT ? ""
                                                    : "; other exits have a pooler, and all must or none "
                                                      "(\"portolan\": {\"pooler\": false} uses none)");
}

static bool check_weight(const encoder_config *c, const safetensors *file, model_weight weight, uint32_t layer,
                         portolan_error *err) {
    const tensor *t = model_tensor(file, weight, layer);
    if (!t) return missing(file, weight, layer, err);
    uint64_t wanted[TENSOR_MAX_RANK] = {0};
    uint32_t rank = model_weight_shape(c, weight, wanted);
    if (t->rank == rank && memcmp(t->shape, wanted, rank * sizeof *wanted) == 0) return true;
    char found_text[96], wanted_text[96];
    write_shape(found_text, sizeof found_text, t->rank, t->shape);
    write_shape(wanted_text, sizeof wanted_text, rank, wanted);
    const dimension *d = WEIGHTS[weight].shape;
    return error_input(err, (text_mark){safetensors_path(file), 0, 0},
                       "tensor '%.100s' has shape %s; %s is wanted (%s%s%s)", t->name, found_text, wanted_text,
                       DIMENSION_KEYS[d[0]], rank > 1 ? ", " : "", DIMENSION_KEYS[d[1]]);
}

bool model_check_weights(const encoder_config *c, const safetensors *file, portolan_error *err) {
    for (int weight = 0; weight < MODEL_WEIGHTS; weight++) {
        uint32_t layers = model_weight_is_layered((model_weight)weight) ? (uint32_t)c->shape.layers : 1;
        for (uint32_t layer = 1; layer <= layers; layer++)
            if (model_has_weight(c, (model_weight)weight, layer) &&
                !check_weight(c, file, (model_weight)weight, layer, err))
                return false;
    }
    const tensor *final_norm = model_tensor(file, WEIGHT_FINAL_NORM_SCALE, 0);
    if (c->pre_norm || !final_norm) return true;
    return error_input(err, (text_mark){safetensors_path(file), 0, 0},
                       "has a tensor '%.100s', as only pre-norm models have; then config.json needs "
                       "\"portolan\": {\"pre_norm\": true}",
                       final_norm->name);
}
