/* Reading a training file. */
#include "training_setup.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/replacement.h"

typedef struct train_keys {
    const char *name;
    uint64_t seed;
    const yaml_node *data, *dev, *model, *training, *record;
    bool half;
} train_keys;

const yaml_field TRAIN_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(train_keys, name), .doc = "name of the training run and of its folder",
     .fallback = "training"},
    {"seed", FIELD_COUNT, offsetof(train_keys, seed), .doc = "seed of weights, order, dropout and generated samples",
     .fallback = "1"},
    {"data", FIELD_NODE, offsetof(train_keys, data), .doc = "the training set, as the 'data' of a workload",
     .required = true},
    {"dev", FIELD_NODE, offsetof(train_keys, dev), .doc = "the set on which every epoch is judged"},
    {"model", FIELD_NODE, offsetof(train_keys, model), .doc = "shape of the model", .required = true},
    {"training", FIELD_NODE, offsetof(train_keys, training), .doc = "how it is trained", .required = true},
    {"record", FIELD_NODE, offsetof(train_keys, record),
     .doc = "list of exits (layers) whose training dynamics are recorded; default: the last"},
    {"half", FIELD_BOOL, offsetof(train_keys, half), .doc = "store the finished model in half precision",
     .fallback = "no"},
    {0},
};

typedef struct model_keys {
    uint64_t layers, hidden, heads, feed_forward, positions;
    double norm_eps, init_scale;
    bool pre_norm, pooler;
    int pooling;
    const yaml_node *exits, *start, *word_vectors;
} model_keys;

static const char *const POOLINGS[] = {"cls", "mean", NULL};

const yaml_field TRAIN_MODEL_FIELDS[] = {
    {"layers", FIELD_COUNT, offsetof(model_keys, layers), .doc = "layers", .fallback = "12", .least = 1,
     .most = MODEL_MAX_LAYERS},
    {"hidden", FIELD_COUNT, offsetof(model_keys, hidden), .doc = "width h", .fallback = "128", .least = 1,
     .most = 65536},
    {"heads", FIELD_COUNT, offsetof(model_keys, heads), .doc = "attention heads; divides the width", .fallback = "2",
     .least = 1, .most = 4096},
    {"feed_forward", FIELD_COUNT, offsetof(model_keys, feed_forward), .doc = "feed-forward width f; default 4 h",
     .least = 1, .most = 1 << 20},
    {"positions", FIELD_COUNT, offsetof(model_keys, positions),
     .doc = "longest sequence, [CLS] and [SEP] included (pairs need 5); default: the data's longest",
     .least = TOKENS_LEAST, .most = 1 << 20},
    {"norm_eps", FIELD_QUANTITY, offsetof(model_keys, norm_eps), .doc = "epsilon of LayerNorm", .fallback = "1e-12",
     .positive = true},
    {"init_scale", FIELD_QUANTITY, offsetof(model_keys, init_scale),
     .doc = "standard deviation of the initial matrices and tables", .fallback = "0.02", .positive = true},
    {"pre_norm", FIELD_BOOL, offsetof(model_keys, pre_norm),
     .doc = "LayerNorm before attention and feed-forward instead of after", .fallback = "no"},
    {"pooler", FIELD_BOOL, offsetof(model_keys, pooler), .doc = "a dense layer with tanh in every exit",
     .fallback = "yes"},
    {"pooling", FIELD_CHOICE, offsetof(model_keys, pooling),
     .doc = "what an exit looks at: the first token or the mean", .fallback = "cls", .choices = POOLINGS},
    {"exits", FIELD_NODE, offsetof(model_keys, exits), .doc = "list of layers with an exit; default: all"},
    {"start", FIELD_NODE, offsetof(model_keys, start),
     .doc = "a .safetensors file whose weights are the initial ones; what it lacks starts at random"},
    {"word_vectors", FIELD_NODE, offsetof(model_keys, word_vectors),
     .doc = "a text file of word vectors (as GloVe's), the initial embeddings of the words that are tokens"},
    {0},
};

static const char *const LOSSES[] = {"joint", "uniform", "two-stage", NULL};

const yaml_field TRAINING_FIELDS[] = {
    {"epochs", FIELD_COUNT, offsetof(train_settings, epochs), .doc = "passes over the training set", .required = true,
     .least = 1, .most = 10000},
    {"exit_epochs", FIELD_COUNT, offsetof(train_settings, exit_epochs),
     .doc = "two-stage: passes of the second stage, for the exits alone", .fallback = "1", .least = 1, .most = 10000},
    {"batch", FIELD_COUNT, offsetof(train_settings, batch), .doc = "sequences of a step", .fallback = "32", .least = 1,
     .most = 65536},
    {"shards", FIELD_COUNT, offsetof(train_settings, shards),
     .doc = "parts of a batch whose gradients are summed in a fixed order; at most so many threads work",
     .fallback = "2", .least = 1, .most = 64},
    {"rate", FIELD_QUANTITY, offsetof(train_settings, rate), .doc = "largest learning rate", .fallback = "1e-3",
     .positive = true},
    {"warmup", FIELD_QUANTITY, offsetof(train_settings, warmup),
     .doc = "share of the steps over which the rate grows linearly", .fallback = "0.06", .most = 1},
    {"cooldown", FIELD_QUANTITY, offsetof(train_settings, cooldown),
     .doc = "share of the steps over which the rate falls linearly to 0 at the end; 1: from the end of the warm-up on",
     .fallback = "1", .most = 1},
    {"decay", FIELD_QUANTITY, offsetof(train_settings, decay), .doc = "AdamW's decoupled weight decay, of matrices",
     .fallback = "0.01"},
    {"clip", FIELD_QUANTITY, offsetof(train_settings, clip), .doc = "largest norm of the gradient; 0: no clipping",
     .fallback = "1"},
    {"dropout", FIELD_QUANTITY, offsetof(train_settings, dropout), .doc = "probability of dropout", .fallback = "0.1",
     .most = 0.9},
    {"beta1", FIELD_QUANTITY, offsetof(train_settings, beta1), .doc = "AdamW's beta1", .fallback = "0.9",
     .most = 0.9999},
    {"beta2", FIELD_QUANTITY, offsetof(train_settings, beta2), .doc = "AdamW's beta2", .fallback = "0.999",
     .most = 0.999999},
    {"eps", FIELD_QUANTITY, offsetof(train_settings, eps), .doc = "AdamW's epsilon", .fallback = "1e-8",
     .positive = true},
    {"loss", FIELD_CHOICE, offsetof(train_settings, loss),
     .doc =
         "joint: sum of i CE_i / sum i over the exits (i: layer); uniform: their mean; two-stage: the last exit first, "
         "then the others on the frozen backbone",
     .fallback = "joint", .choices = LOSSES},
    {"holdout", FIELD_QUANTITY, offsetof(train_settings, holdout),
     .doc = "share of the training samples that take part in no gradient, for choosing thresholds later",
     .fallback = "0", .most = 0.9},
    {"label_noise", FIELD_QUANTITY, offsetof(train_settings, label_noise),
     .doc = "share of the samples trained on that get a wrong label on purpose", .fallback = "0", .most = 1},
    {"curriculum", FIELD_QUANTITY, offsetof(train_settings, curriculum),
     .doc =
         "accuracy of the last exit on the deepest samples admitted, at which samples one deeper are admitted; for sets "
         "that know depths; 0: all from the start",
     .fallback = "0", .most = 1},
    {0},
};

/* A list of layers into flags. */
static bool read_layers(const yaml_node *list, const char *what, uint64_t layers, bool *flags, portolan_error *err) {
    if (!yaml_expect(list, YAML_LIST, what, err)) return false;
    for (size_t i = 0; i < list->count; i++) {
        double x;
        char why[256];
        const yaml_node *node = list->items[i];
        if (!yaml_expect(node, YAML_SCALAR, what, err)) return false;
        if (!unit_parse(node->text, UNIT_PURE, &x, why, sizeof why) || !(x >= 1 && x <= (double)layers) ||
            x != (double)(uint64_t)x)
            return error_input(err, node->mark, "'%s' lists '%.60s'; it must list layers from 1 to %llu", what,
                               node->text, (unsigned long long)layers);
        flags[(uint64_t)x - 1] = true;
    }
    return true;
}

/* The path in a node of the document, of a file that is there; NULL where there is no node. */
static bool read_path(training_setup *t, const yaml_node *node, const char **path, portolan_error *err) {
    struct stat st;
    *path = NULL;
    if (!node) return true;
    if (!yaml_expect(node, YAML_SCALAR, "a path", err)) return false;
    *path = file_resolve(&t->document.memory, node->mark.file, node->text, node->mark, err);
    if (!*path) return false;
    if (stat(*path, &st) != 0 || access(*path, R_OK) != 0)
        return error_input(err, node->mark, "%s: cannot open: %s", *path, strerror(errno));
    return S_ISREG(st.st_mode) || error_input(err, node->mark, "%s: is not a regular file", *path);
}

static bool read_shape(training_setup *t, const yaml_node *map, portolan_error *err) {
    model_keys keys = {0};
    encoder_config *c = &t->settings.config;
    if (!yaml_read(map, "model", TRAIN_MODEL_FIELDS, &keys, err)) return false;
    if (keys.hidden % keys.heads)
        return error_input(err, map->mark, "'heads' is %llu; it must divide 'hidden', which is %llu",
                           (unsigned long long)keys.heads, (unsigned long long)keys.hidden);
    *c = (encoder_config){.shape = {.layers = keys.layers,
                                    .hidden = keys.hidden,
                                    .feed_forward = keys.feed_forward ? keys.feed_forward : 4 * keys.hidden},
                          .heads = keys.heads,
                          .positions = keys.positions,
                          .norm_eps = keys.norm_eps,
                          .pre_norm = keys.pre_norm,
                          .pooling = keys.pooling,
                          .has_pooler = keys.pooler,
                          .lowercase = true};
    t->settings.init_scale = keys.init_scale;
    if (!read_path(t, keys.start, &t->settings.start, err) ||
        !read_path(t, keys.word_vectors, &t->settings.word_vectors, err))
        return false;
    if (keys.exits && !read_layers(keys.exits, "exits", keys.layers, c->exits, err)) return false;
    for (uint64_t i = 0; !keys.exits && i < keys.layers; i++) c->exits[i] = true;
    return c->exits[keys.layers - 1] ||
           error_input(err, keys.exits->mark, "'exits' lacks the last layer, %llu", (unsigned long long)keys.layers);
}

static bool read_record(training_setup *t, const yaml_node *list, portolan_error *err) {
    const encoder_config *c = &t->settings.config;
    bool *record = t->settings.record;
    if (!list) record[c->shape.layers - 1] = true;
    if (list && !read_layers(list, "record", c->shape.layers, record, err)) return false;
    for (uint64_t i = 0; i < c->shape.layers; i++)
        if (record[i] && !c->exits[i])
            return error_input(err, list->mark, "'record' names layer %llu, which has no exit",
                               (unsigned long long)i + 1);
    return true;
}

/* Of both sets; texts that are all empty still need a model that can read one. */
static uint32_t longest_sequence(const training_setup *t) {
    uint32_t longest = t->settings.config.segments ? TOKENS_LEAST_PAIR : TOKENS_LEAST;
    if (t->train.longest > longest) longest = t->train.longest;
    return t->dev.longest > longest ? t->dev.longest : longest;
}

static bool load_set(token_set *set, const yaml_node *data, const token_wants *wants, const char *files[2],
                     portolan_error *err) {
    portolan_error inner = {0};
    return token_set_load(set, data, wants, files, &inner) || error_within(err, data->mark, &inner);
}

/* Reads the sets, and gives the model the classes, the vocabulary and, if it has none yet, the positions that they need. */
static bool load_sets(training_setup *t, const train_keys *keys, const char *path, const class_list *known,
                      portolan_error *err) {
    encoder_config *c = &t->settings.config;
    const char *files[2];
    const yaml_node *positions = yaml_find(keys->model, "positions");
    token_wants wants = {.model_path = path,
                         .lowercase = true,
                         .vocabulary = UINT32_MAX,
                         .most = positions ? (uint32_t)c->positions : UINT32_MAX,
                         .most_mark = positions ? positions->mark : (text_mark){0},
                         .classes = known ? *known : (class_list){0},
                         .seed = keys->seed};
    if (!load_set(&t->train, keys->data, &wants, files, err)) return false;
    t->vocabulary = t->settings.vocabulary = files[1];
    t->data_file = files[0];
    if (t->settings.word_vectors && !t->vocabulary)
        return error_input(err, keys->model->mark,
                           "'word_vectors' needs a vocabulary of words; generated tasks have none");
    files[0] = NULL;
    if (!known) wants.classes = (class_list){t->train.class_names, t->train.classes, "the training set"};
    if (keys->dev && !load_set(&t->dev, keys->dev, &wants, files, err)) return false;
    t->dev_file = files[0];
    if (keys->dev && t->dev.vocabulary != t->train.vocabulary)
        return error_input(err, keys->dev->mark,
                           "the vocabulary of 'dev' has %u tokens, that of 'data' %u; they must be one",
                           t->dev.vocabulary, t->train.vocabulary);
    c->shape.classes = t->train.classes;
    c->class_names = t->train.class_names;
    c->shape.vocabulary = t->train.vocabulary;
    uint8_t segments = 0;
    for (uint32_t i = 0; i < t->train.samples; i++)
        segments |= t->train.segments[t->train.first[i] + t->train.lengths[i] - 1];
    c->segments = segments ? 2 : 0;
    if (!positions) c->positions = longest_sequence(t);
    return true;
}

bool training_setup_load(training_setup *t, const char *path, char *const *sets, size_t set_count,
                         const class_list *known, portolan_error *err) {
    train_keys keys = {0};
    *t = (training_setup){0};
    bool ok = yaml_load(&t->document, path, err) && yaml_expect(t->document.root, YAML_MAP, "a training file", err);
    for (size_t i = 0; ok && i < set_count; i++) ok = yaml_change(&t->document, sets[i], NULL, err);
    ok = ok && yaml_read(t->document.root, "a training file", TRAIN_FIELDS, &keys, err) &&
         yaml_read(keys.training, "training", TRAINING_FIELDS, &t->settings, err) && read_shape(t, keys.model, err) &&
         read_record(t, keys.record, err) && load_sets(t, &keys, path, known, err);
    if (!ok) {
        training_setup_free(t);
        return false;
    }
    t->name = keys.name;
    t->settings.seed = keys.seed;
    t->settings.half = keys.half;
    if (t->settings.holdout > 0 &&
        !token_set_hold_out(&t->train, t->settings.holdout, t->settings.seed, &t->held_out, err)) {
        training_setup_free(t);
        return false;
    }
    if (t->settings.label_noise > 0) token_set_mislabel(&t->train, t->settings.label_noise, t->settings.seed);
    if (t->settings.curriculum > 0 && !t->train.depths) {
        ok = error_input(err, keys.training->mark, "'curriculum' needs a data set that knows the depth of its samples");
        training_setup_free(t);
    }
    return ok;
}

/* ---- What it leaves beside the model ---- */

/* Makes a path in the document absolute, so that the document can be read from any folder. Those with $PORTOLAN_DATA stay. */
static bool settle_path(training_setup *t, const char *set, const char *key, portolan_error *err) {
    char where[64], whole[PATH_MAX];
    const yaml_node *map = yaml_find(t->document.root, set), *path = map ? yaml_find(map, key) : NULL;
    if (!path || path->text[0] == '$') return true;
    const char *resolved = file_resolve(&t->document.memory, path->mark.file, path->text, path->mark, err);
    if (!resolved) return false;
    if (!realpath(resolved, whole)) return error_run(err, "%s: %s", resolved, strerror(errno));
    json_t *text = json_string(whole);
    char *quoted = text ? json_dump_text(text, JSON_ENCODE_ANY) : NULL;
    json_decref(text);
    snprintf(where, sizeof where, "%s.%s", set, key);
    bool ok = quoted ? yaml_set(&t->document, where, quoted, err) : error_memory(err, strlen(whole));
    free(quoted);
    return ok;
}

static bool write_settings(training_setup *t, const char *folder, portolan_error *err) {
    char path[1100];
    static const char *const PATHS[][2] = {{"data", "file"}, {"data", "vocab"},  {"dev", "file"},
                                           {"dev", "vocab"}, {"model", "start"}, {"model", "word_vectors"}};
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++)
        if (!settle_path(t, PATHS[i][0], PATHS[i][1], err)) return false;
    if (!path_format(path, sizeof path, err, "%s/train.yaml", folder)) return false;
    json_t *whole = json_from_yaml(t->document.root);
    bool ok = json_replace(whole, JSON_INDENT(2), path, NULL, err);
    json_decref(whole);
    return ok;
}

static bool write_held_out(const training_setup *t, const char *folder, portolan_error *err) {
    char path[1100];
    replacement file;
    if (!path_format(path, sizeof path, err, "%s/held_out.csv", folder) || !replacement_open(&file, path, err))
        return false;
    fputs("guid\n", file.stream);
    for (uint32_t i = 0; i < t->held_out.samples; i++) fprintf(file.stream, "%" PRIu32 "\n", t->held_out.guids[i]);
    return replacement_finish(&file, true, err);
}

bool training_setup_write(training_setup *t, const char *folder, portolan_error *err) {
    return write_settings(t, folder, err) && write_held_out(t, folder, err);
}

/* ---- manifest.json ---- */

enum { MANIFEST_SCHEMA = 1 };

static bool add_input(json_t **inputs, const char *role, const char *path, portolan_error *err) {
    char hash[FILE_HASH_TEXT];
    if (!path) return true;
    if (!file_hash(path, hash, err)) return false;
    json_add(inputs, json_pack("{s:s, s:o, s:s}", "role", role, "path", json_text(path), "sha256", hash));
    return true;
}

static json_t *inputs_json(const training_setup *t, portolan_error *err) {
    json_t *inputs = json_array();
    const train_settings *s = &t->settings;
    if (add_input(&inputs, "data", t->data_file, err) && add_input(&inputs, "dev", t->dev_file, err) &&
        add_input(&inputs, "vocabulary", t->vocabulary, err) && add_input(&inputs, "start", s->start, err) &&
        add_input(&inputs, "word_vectors", s->word_vectors, err)) {
        if (!inputs) error_memory(err, 64);
        return inputs;
    }
    json_decref(inputs);
    return NULL;
}

static json_t *arithmetic_json(const train_arithmetic *list, size_t count) {
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        json_add(&rows, json_pack("{s:i, s:s}", "from_epoch", (int)list[i].from_epoch, "arithmetic", list[i].name));
    return rows;
}

bool training_manifest_write(const training_setup *t, const train_arithmetic *list, size_t count, const char *folder,
                             portolan_error *err) {
    char path[1100];
    snprintf(path, sizeof path, "%s/manifest.json", folder);
    json_t *inputs = inputs_json(t, err);
    json_t *whole = inputs ? json_pack("{s:i, s:s, s:I, s:o, s:o, s:o}", "schema", MANIFEST_SCHEMA, "portolan",
                                       PORTOLAN_VERSION, "seed", (json_int_t)t->settings.seed, "inputs", inputs,
                                       "classes", json_from_texts(t->train.class_names, t->train.classes),
                                       "trained_with", arithmetic_json(list, count))
                           : NULL;
    bool ok = inputs && json_replace(whole, JSON_INDENT(2), path, NULL, err);
    json_decref(whole);
    return ok;
}

void training_setup_free(training_setup *t) {
    token_set_free(&t->train);
    t->held_out = (token_set){0};
    token_set_free(&t->dev);
    yaml_unload(&t->document);
    *t = (training_setup){0};
}
