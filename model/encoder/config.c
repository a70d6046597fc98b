/* config.json, as Hugging Face writes it beside the weights, with an object "portolan" of our own for what it
 * has no key for; and what the weights themselves say about a model. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "model/model.h"
#include "weight_names.h"

enum { CONFIG_MAX_BYTES = 4 << 20, MAX_CLASSES = 1000 };

/* ---- Keys of config.json ---- */

/* What is read, with what is only compared. */
typedef struct config_file {
    encoder_config c;
    const char *path;
    uint64_t labels;        /* num_labels; 0: not said */
    uint64_t output_layers; /* ElasticBERT's num_output_layers; 0: not said */
    int ignored;            /* index of a word whose only use is that it is allowed */
    bool decoder;
    bool pooler;        /* wanted; as c.has_pooler, but said */
    arena *memory;      /* of the names */
    const char **names; /* [labels] of the classes, NULL at the end; NULL: not said */
} config_file;

typedef enum key_kind {
    KEY_COUNT,  /* uint64_t */
    KEY_REAL,   /* double */
    KEY_BOOL,   /* bool */
    KEY_WORD,   /* int: the index of one of `words` */
    KEY_LAYERS, /* bool [MODEL_MAX_LAYERS] */
    KEY_OTHER,  /* left to the caller */
} key_kind;

typedef struct config_key {
    const char *key;
    key_kind kind;
    size_t offset;
    double least, most;
    bool required;
    const char *const *words;
    const char *note; /* for messages: what the allowed words mean */
} config_key;

static const char *const ACTIVATIONS[] = {"gelu", NULL};
static const char *const POSITION_KINDS[] = {"absolute", NULL};
static const char *const MODEL_TYPES[] = {"bert", "elasticbert", NULL};
static const char *const POOLINGS[] = {"cls", "mean", NULL};

static const config_key CONFIG_KEYS[] = {
    {"hidden_size", KEY_COUNT, offsetof(config_file, c.shape.hidden), 1, 65536, true, NULL, NULL},
    {"num_hidden_layers", KEY_COUNT, offsetof(config_file, c.shape.layers), 1, MODEL_MAX_LAYERS, true, NULL, NULL},
    {"num_attention_heads", KEY_COUNT, offsetof(config_file, c.heads), 1, 4096, true, NULL, NULL},
    {"intermediate_size", KEY_COUNT, offsetof(config_file, c.shape.feed_forward), 1, 1 << 20, true, NULL, NULL},
    {"vocab_size", KEY_COUNT, offsetof(config_file, c.shape.vocabulary), 1, 1 << 24, true, NULL, NULL},
    {"max_position_embeddings", KEY_COUNT, offsetof(config_file, c.positions), TOKENS_LEAST, 1 << 20, true, NULL, NULL},
    {"type_vocab_size", KEY_COUNT, offsetof(config_file, c.segments), 0, 255, false, NULL, NULL},
    {"layer_norm_eps", KEY_REAL, offsetof(config_file, c.norm_eps), 1e-20, 0.1, false, NULL, NULL},
    {"hidden_act", KEY_WORD, offsetof(config_file, ignored), 0, 0, false, ACTIVATIONS, " (the exact one, with erf)"},
    {"position_embedding_type", KEY_WORD, offsetof(config_file, ignored), 0, 0, false, POSITION_KINDS, ""},
    {"model_type", KEY_WORD, offsetof(config_file, ignored), 0, 0, false, MODEL_TYPES,
     "; others compute something else. A model of your own that computes what BERT does says 'bert'"},
    {"is_decoder", KEY_BOOL, offsetof(config_file, decoder), 0, 0, false, NULL, NULL},
    {"num_labels", KEY_COUNT, offsetof(config_file, labels), 1, MAX_CLASSES, false, NULL, NULL},
    {"num_output_layers", KEY_COUNT, offsetof(config_file, output_layers), 1, MODEL_MAX_LAYERS, false, NULL, NULL},
    {"do_lower_case", KEY_BOOL, offsetof(config_file, c.lowercase), 0, 0, false, NULL, NULL},
    {0},
};

static const config_key TOKENIZER_KEYS[] = {
    {"do_lower_case", KEY_BOOL, offsetof(config_file, c.lowercase), 0, 0, false, NULL, NULL},
    {0}};

/* Our own object "portolan" in config.json; here, unlike there, unknown keys are errors. */
static const config_key OWN_KEYS[] = {
    {"pre_norm", KEY_BOOL, offsetof(config_file, c.pre_norm), 0, 0, false, NULL, NULL},
    {"pooling", KEY_WORD, offsetof(config_file, c.pooling), 0, 0, false, POOLINGS, ""},
    {"pooler", KEY_BOOL, offsetof(config_file, pooler), 0, 0, false, NULL, NULL},
    {"exits", KEY_LAYERS, offsetof(config_file, c.exits), 0, 0, false, NULL, NULL},
    {0},
};

/* ---- Reading ---- */

/* Where a key first stands in a file; {path, 0, 0} if it cannot be found. */
static text_mark key_mark(const char *path, const char *key) {
    text_mark mark = {path, 0, 0};
    portolan_error unread = {0};
    file_bytes bytes;
    if (!file_read(path, CONFIG_MAX_BYTES, &bytes, &unread)) return mark;
    const char *line = bytes.data, *found = NULL;
    size_t length = strlen(key);
    for (const char *at = bytes.data; !found && (at = strchr(at, '"')); at++)
        if (strncmp(at + 1, key, length) == 0 && at[length + 1] == '"' &&
            at[length + 2 + strspn(at + length + 2, " \t\r\n")] == ':')
            found = at;
    for (const char *at = bytes.data; found && at < found; at++)
        if (*at == '\n') {
            mark.line++;
            line = at + 1;
        }
    if (found) mark = (text_mark){path, mark.line + 1, (unsigned)(found - line) + 1};
    free(bytes.data);
    return mark;
}

static bool key_fault(const config_file *f, const char *key, const json_t *found, portolan_error *err,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "'key' is <found>; <what is wanted>" */
static bool key_fault(const config_file *f, const char *key, const json_t *found, portolan_error *err,
                      const char *format, ...) {
    char wanted[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    char *text = json_dump_text(found, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    error_input(err, key_mark(f->path, key), "'%.60s' is %.60s; %s", key, text ? text : "?", wanted);
    free(text);
    return false;
}

static bool read_word(config_file *f, const config_key *key, const json_t *value, int *into, portolan_error *err) {
    const char *text = json_string_value(value);
    for (int i = 0; text && key->words[i]; i++) {
        if (strcmp(key->words[i], text) != 0) continue;
        *into = i;
        return true;
    }
    char words[100];
    list_words(words, sizeof words, key->words);
    return key_fault(f, key->key, value, err, "allowed: %s%s", words, key->note);
}

static bool read_layers(config_file *f, const config_key *key, const json_t *value, bool *exits, portolan_error *err) {
    size_t count = json_array_size(value);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(value, i);
        json_int_t layer = json_integer_value(item);
        if (layer < 1 || layer > (json_int_t)f->c.shape.layers || exits[layer - 1])
            return key_fault(f, key->key, item, err, "each of its layers is a whole number from 1 to %llu, named once",
                             (unsigned long long)f->c.shape.layers);
        exits[layer - 1] = true;
    }
    return count || key_fault(f, key->key, value, err, "a list of layers is wanted, [3, 6, 12] for example");
}

static bool read_value(config_file *f, const config_key *key, const json_t *value, portolan_error *err) {
    void *into = (char *)f + key->offset;
    double x = json_number_value(value);
    switch (key->kind) {
    case KEY_COUNT:
        if (!json_is_integer(value) || x < key->least || x > key->most)
            return key_fault(f, key->key, value, err, "a whole number from %.0f to %.0f is wanted", key->least,
                             key->most);
        *(uint64_t *)into = (uint64_t)json_integer_value(value);
        return true;
    case KEY_REAL:
        if (!json_is_number(value) || !(x >= key->least && x <= key->most))
            return key_fault(f, key->key, value, err, "a number from %g to %g is wanted", key->least, key->most);
        *(double *)into = x;
        return true;
    case KEY_BOOL:
        if (!json_is_boolean(value)) return key_fault(f, key->key, value, err, "true or false is wanted");
        *(bool *)into = json_is_true(value);
        return true;
    case KEY_WORD: return read_word(f, key, value, into, err);
    case KEY_LAYERS: return read_layers(f, key, value, into, err);
    case KEY_OTHER: break;
    }
    return true;
}

/* Reads the keys of a table; null is as good as absent. */
static bool read_keys(config_file *f, const json_t *object, const config_key *keys, portolan_error *err) {
    for (const config_key *key = keys; key->key; key++) {
        const json_t *value = json_object_get(object, key->key);
        if (value && !json_is_null(value)) {
            if (!read_value(f, key, value, err)) return false;
        } else if (key->required) {
            return error_input(err, (text_mark){f->path, 0, 0}, "has no '%s', which a BERT-like model needs", key->key);
        }
    }
    return true;
}

/* A JSON object from a file; a new reference, NULL on failure. */
static json_t *load_object(const char *path, portolan_error *err) {
    json_t *value = json_read(path, CONFIG_MAX_BYTES, err);
    if (!value) return NULL;
    if (json_is_object(value)) return value;
    error_input(err, (text_mark){path, 1, 1}, "is not a JSON object, which begins with '{'");
    json_decref(value);
    return NULL;
}

static bool read_own(config_file *f, const json_t *own, portolan_error *err) {
    const char *names[sizeof OWN_KEYS / sizeof *OWN_KEYS] = {0};
    for (size_t i = 0; OWN_KEYS[i].key; i++) names[i] = OWN_KEYS[i].key;
    if (!json_is_object(own)) return key_fault(f, "portolan", own, err, "an object is wanted");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)own, key, value) {
        size_t known = 0;
        while (names[known] && strcmp(names[known], key) != 0) known++;
        if (names[known]) continue;
        char words[100], hint[HINT_TEXT];
        list_words(words, sizeof words, names);
        return error_input(err, (text_mark){f->path, 0, 0}, "\"portolan\" has no key '%.60s'%s; allowed: %s", key,
                           word_hint(hint, key, names), words);
    }
    return read_keys(f, own, OWN_KEYS, err);
}

static bool check_config(config_file *f, portolan_error *err) {
    if (f->c.shape.hidden % f->c.heads)
        return error_input(err, (text_mark){f->path, 0, 0},
                           "'hidden_size' is %llu and 'num_attention_heads' is %llu; the first must be a "
                           "multiple of the second",
                           (unsigned long long)f->c.shape.hidden, (unsigned long long)f->c.heads);
    if (f->decoder) return error_input(err, (text_mark){f->path, 0, 0}, "'is_decoder' is true; only encoders are run");
    return true;
}

/* ---- Names of the classes ---- */

/* What Hugging Face writes where nobody has given names. */
static bool is_placeholder(const char *name, size_t id) {
    char own[32];
    snprintf(own, sizeof own, "LABEL_%zu", id);
    if (strcmp(name, own) == 0) return true;
    snprintf(own, sizeof own, "%zu", id);
    return strcmp(name, own) == 0;
}

/* Gives class `id` its name, which no other class may have. */
static bool set_name(config_file *f, const char *key, const json_t *value, size_t id, const char *name,
                     portolan_error *err) {
    size_t length = name ? strlen(name) : 0;
    if (!name || !class_name_is_plain(name, length))
        return key_fault(f, key, value, err, "a class's name is a text of 1 to %d bytes without control characters",
                         CLASS_NAME_BYTES);
    for (size_t i = 0; i < f->labels; i++)
        if (f->names[i] && strcmp(f->names[i], name) == 0)
            return key_fault(f, key, value, err, "two classes have this name");
    f->names[id] = arena_text(f->memory, name, length);
    return f->names[id] || error_memory(err, length);
}

/* {"0": "negative", "1": "positive"} */
static bool read_id2label(config_file *f, const json_t *object, portolan_error *err) {
    for (size_t id = 0; id < f->labels; id++) {
        char key[32];
        snprintf(key, sizeof key, "%zu", id);
        const json_t *name = json_object_get(object, key);
        if (!name)
            return key_fault(f, "id2label", object, err, "its keys are \"0\" to \"%llu\", one a class",
                             (unsigned long long)f->labels - 1);
        if (!set_name(f, "id2label", name, id, json_string_value(name), err)) return false;
    }
    return true;
}

/* {"negative": 0, "positive": 1}; what id2label has said already must be the same, unless one of both is a placeholder. */
static bool read_label2id(config_file *f, json_t *object, bool is_said, portolan_error *err) {
    const char *name;
    json_t *id;
    json_object_foreach(object, name, id) {
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) >= (json_int_t)f->labels)
            return key_fault(f, "label2id", id, err, "classes are 0 to %llu", (unsigned long long)f->labels - 1);
        size_t at = (size_t)json_integer_value(id);
        if (!is_said) {
            if (f->names[at]) return key_fault(f, "label2id", id, err, "two names have this class");
            if (!set_name(f, "label2id", id, at, name, err)) return false;
        } else if (!is_placeholder(name, at) && !is_placeholder(f->names[at], at) && strcmp(f->names[at], name) != 0) {
            return key_fault(f, "label2id", object, err, "it calls class %zu '%.60s', but id2label '%.60s'", at, name,
                             f->names[at]);
        }
    }
    return true;
}

static bool is_named(const config_file *f) {
    for (size_t id = 0; id < f->labels; id++)
        if (f->names[id] && !is_placeholder(f->names[id], id)) return true;
    return false;
}

static bool check_name_count(config_file *f, const char *key, const json_t *names, portolan_error *err) {
    uint64_t count = json_object_size(names);
    if (!count || count > MAX_CLASSES)
        return key_fault(f, key, names, err, "an object with a name for each class is wanted");
    if (f->labels && f->labels != count)
        return error_input(err, key_mark(f->path, key), "'num_labels' is %llu, but '%s' names %llu classes",
                           (unsigned long long)f->labels, key, (unsigned long long)count);
    f->labels = count;
    return true;
}

static bool read_names(config_file *f, const json_t *config, portolan_error *err) {
    json_t *by_id = json_object_get(config, "id2label"), *by_label = json_object_get(config, "label2id");
    bool ids = by_id && !json_is_null(by_id), labels = by_label && !json_is_null(by_label);
    if (ids && !check_name_count(f, "id2label", by_id, err)) return false;
    if (labels && !check_name_count(f, "label2id", by_label, err)) return false;
    if (!ids && !labels) return true;
    f->names = arena_alloc(f->memory, f->labels + 1, sizeof *f->names);
    if (!f->names) return error_memory(err, (f->labels + 1) * sizeof *f->names);
    if (ids && !read_id2label(f, by_id, err)) return false;
    bool is_said = is_named(f);
    if (!is_said) memset(f->names, 0, f->labels * sizeof *f->names);
    if (labels && !read_label2id(f, by_label, is_said, err)) return false;
    f->c.class_names = is_named(f) ? f->names : NULL;
    return true;
}

/* ---- What the weights say ---- */

/* Comes first: the final classifier is looked for behind the last layer of the weights. */
static bool check_depth(const config_file *f, const safetensors *file, portolan_error *err) {
    const tensor *beyond = model_tensor(file, LAYER_QUERY_WEIGHT, (uint32_t)f->c.shape.layers + 1);
    if (!beyond) return true;
    return error_input(err, (text_mark){f->path, 0, 0},
                       "'num_hidden_layers' is %llu, but the weights hold more layers ('%.100s')",
                       (unsigned long long)f->c.shape.layers, beyond->name);
}

/* Which layers have an exit, unless the file says it; with poolers or without. */
static bool find_exits(config_file *f, const safetensors *file, bool exits_said, bool pooler_said,
                       portolan_error *err) {
    encoder_config *c = &f->c;
    text_mark mark = {safetensors_path(file), 0, 0};
    uint32_t first = 0;
    for (uint32_t layer = 1; layer <= c->shape.layers; layer++) {
        const tensor *t = model_tensor(file, EXIT_CLASSIFIER_WEIGHT, layer);
        if (!exits_said) c->exits[layer - 1] = t != NULL;
        if (c->exits[layer - 1] && !t)
            return error_input(err, mark, "has no classifier for the exit after layer %u that config.json asks for",
                               layer);
        if (c->exits[layer - 1] && !first) first = layer;
        if (c->exits[layer - 1] && model_tensor(file, EXIT_POOLER_WEIGHT, layer)) c->has_pooler = true;
    }
    if (!first)
        return error_input(err, mark,
                           "has no exit: neither 'classifier.weight' nor 'classifiers.N.weight' nor "
                           "'bert.encoder.highway.N.classifier.weight'. Is it fine-tuned for classification?");
    if (pooler_said && f->pooler && !c->has_pooler)
        return error_input(err, mark, "has no pooler, but config.json says \"portolan\": {\"pooler\": true}");
    if (pooler_said) c->has_pooler = f->pooler;
    const tensor *classifier = model_tensor(file, EXIT_CLASSIFIER_WEIGHT, first);
    c->shape.classes = classifier->rank == 2 ? classifier->shape[0] : 0;
    if (c->shape.classes < 2 || c->shape.classes > MAX_CLASSES)
        return error_input(err, mark,
                           "tensor '%.100s' has %llu rows; a classifier [classes, hidden_size] of 2 to %d classes "
                           "is wanted",
                           classifier->name, (unsigned long long)c->shape.classes, MAX_CLASSES);
    return true;
}

static bool check_against_weights(const config_file *f, const safetensors *file, portolan_error *err) {
    const encoder_config *c = &f->c;
    text_mark mark = {f->path, 0, 0};
    if (f->labels && f->labels != c->shape.classes)
        return error_input(err, mark, "names %llu classes (num_labels, id2label), but the classifiers have %llu",
                           (unsigned long long)f->labels, (unsigned long long)c->shape.classes);
    /* ElasticBERT then counts its classifiers from its first output layer, we from the first layer */
    if (f->output_layers > 1 && f->output_layers != c->shape.layers && safetensors_find(file, "classifiers.0.weight"))
        return error_input(err, mark,
                           "'num_output_layers' is %llu of %llu layers; export classifiers.N with N counted from "
                           "the model's first layer (from 0), and drop the key",
                           (unsigned long long)f->output_layers, (unsigned long long)c->shape.layers);
    return true;
}

static bool read_config(config_file *f, const safetensors *file, const json_t *config, portolan_error *err) {
    const json_t *own = json_object_get(config, "portolan");
    return read_keys(f, config, CONFIG_KEYS, err) && (!own || read_own(f, own, err)) && check_config(f, err) &&
           read_names(f, config, err) && check_depth(f, file, err) &&
           find_exits(f, file, json_object_get(own, "exits"), json_object_get(own, "pooler"), err) &&
           check_against_weights(f, file, err) && model_check_weights(&f->c, file, err);
}

/* tokenizer_config.json need not be there; what it says goes before config.json, as with Hugging Face. */
static bool read_tokenizer_config(config_file *f, const char *path, portolan_error *err) {
    if (access(path, F_OK) != 0) return true;
    json_t *object = load_object(path, err);
    if (!object) return false;
    f->path = path;
    bool ok = read_keys(f, object, TOKENIZER_KEYS, err);
    json_decref(object);
    return ok;
}

/* The configuration of NAME.safetensors: NAME.config.json if there is one, so that several models can share a folder, else
 * config.json. NULL on failure. */
static const char *find_config(arena *memory, text_mark mark, portolan_error *err) {
    size_t stem = strlen(mark.file);
    if (stem > 12 && strcmp(mark.file + stem - 12, ".safetensors") == 0) stem -= 12;
    char *own = arena_alloc(memory, stem + sizeof ".config.json", 1);
    if (!own) {
        error_memory(err, stem);
        return NULL;
    }
    memcpy(own, mark.file, stem);
    memcpy(own + stem, ".config.json", sizeof ".config.json");
    return access(own, F_OK) == 0 ? own : file_resolve(memory, mark.file, "config.json", mark, err);
}

bool encoder_config_load(encoder_config *c, arena *names, const safetensors *file, portolan_error *err) {
    arena memory = {0};
    text_mark mark = {safetensors_path(file), 0, 0};
    /* BERT's defaults */
    config_file f = {.c = {.segments = 2, .norm_eps = 1e-12, .lowercase = true}, .memory = names};
    const char *beside = file_resolve(&memory, mark.file, "tokenizer_config.json", mark, err);
    f.path = find_config(&memory, mark, err);
    json_t *config = f.path && beside ? load_object(f.path, err) : NULL;
    bool ok = config && read_config(&f, file, config, err) && read_tokenizer_config(&f, beside, err);
    json_decref(config);
    arena_free(&memory);
    *c = ok ? f.c : (encoder_config){0};
    return ok;
}

/* ---- Writing ---- */

/* The names of the classes, in both directions, as Hugging Face writes them. */
static void add_names(json_t **config, const encoder_config *c) {
    json_t *by_id = json_object(), *by_label = json_object();
    for (uint32_t i = 0; i < c->shape.classes; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        json_put(&by_id, id, json_string(c->class_names[i]));
        json_put(&by_label, c->class_names[i], json_integer(i));
    }
    json_put(config, "id2label", by_id);
    json_put(config, "label2id", by_label);
}

static json_t *config_json(const encoder_config *c) {
    json_t *exits = json_array();
    for (uint32_t i = 0; i < c->shape.layers; i++)
        if (c->exits[i]) json_add(&exits, json_integer(i + 1));
    json_t *config = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:s, s:s, s:I, s:b, s:{s:b, s:s, s:b, s:o}}", "model_type",
        "bert", "hidden_size", (json_int_t)c->shape.hidden, "num_hidden_layers", (json_int_t)c->shape.layers,
        "num_attention_heads", (json_int_t)c->heads, "intermediate_size", (json_int_t)c->shape.feed_forward,
        "vocab_size", (json_int_t)c->shape.vocabulary, "max_position_embeddings", (json_int_t)c->positions,
        "type_vocab_size", (json_int_t)c->segments, "layer_norm_eps", c->norm_eps, "hidden_act", ACTIVATIONS[0],
        "position_embedding_type", POSITION_KINDS[0], "num_labels", (json_int_t)c->shape.classes, "do_lower_case",
        c->lowercase, "portolan", "pre_norm", c->pre_norm, "pooling", POOLINGS[c->pooling], "pooler", c->has_pooler,
        "exits", exits);
    if (c->class_names && !classes_are_numbers(c->class_names, (uint32_t)c->shape.classes)) add_names(&config, c);
    return config;
}

bool encoder_config_write(const encoder_config *c, const char *path, portolan_error *err) {
    arena memory = {0};
    const char *beside = file_resolve(&memory, path, "config.json", (text_mark){path, 0, 0}, err);
    json_t *config = beside ? config_json(c) : NULL;
    /* 15 digits: 1e-12 stays 1e-12 */
    bool ok = beside && json_replace(config, JSON_INDENT(2) | JSON_REAL_PRECISION(15), beside, NULL, err);
    json_decref(config);
    arena_free(&memory);
    return ok;
}
