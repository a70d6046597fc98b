/* portolan random-model: writes a model of random weights, of any size, for trying things out. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/numbers.h"
#include "base/replacement.h"
#include "base/text.h"
#include "base/units.h"
#include "commands.h"
#include "model/model.h"

enum { KEY_VOCAB = 0x200, KEY_HALF, KEY_PRE_NORM, KEY_NO_POOLER, KEY_MEAN, KEY_EXITS, KEY_FORCE };
enum { KEY_FIRST_NUMBER = 0x300 };
enum { VOCAB_MAX_BYTES = 256 << 20 };

typedef struct random_model_arguments {
    common_options common;
    const char *path, *vocab, *exits;
    bool half, pre_norm, no_pooler, mean, force, vocabulary_given;
    double layers, hidden, heads, feed_forward, vocabulary, positions, segments, classes, seed, scale;
} random_model_arguments;

/* The options that are numbers; option number i has the key KEY_FIRST_NUMBER + i. */
typedef struct number_option {
    const char *name;
    size_t offset;
    double least, most;
    bool whole;
} number_option;

#define MEMBER(name) offsetof(random_model_arguments, name)
static const number_option NUMBERS[] = {
    {"layers", MEMBER(layers), 1, MODEL_MAX_LAYERS, true},
    {"hidden", MEMBER(hidden), 1, 65536, true},
    {"heads", MEMBER(heads), 1, 4096, true},
    {"feed-forward", MEMBER(feed_forward), 1, 1 << 20, true},
    {"vocabulary", MEMBER(vocabulary), 1, 1 << 24, true},
    {"positions", MEMBER(positions), TOKENS_LEAST, 1 << 20, true},
    {"segments", MEMBER(segments), 0, 255, true},
    {"classes", MEMBER(classes), 2, 1000, true},
    {"seed", MEMBER(seed), 0, 0x1p53, true},
    {"scale", MEMBER(scale), 0, 1000, false},
};
#undef MEMBER
enum { NUMBER_COUNT = sizeof NUMBERS / sizeof *NUMBERS };

static const struct argp_option OPTIONS[] = {
    {"layers", KEY_FIRST_NUMBER, "N", 0, "Layers, with an exit after each (12)", 0},
    {"hidden", KEY_FIRST_NUMBER + 1, "N", 0, "Width of a hidden state (128)", 0},
    {"heads", KEY_FIRST_NUMBER + 2, "N", 0, "Attention heads (2)", 0},
    {"feed-forward", KEY_FIRST_NUMBER + 3, "N", 0, "Width of the feed-forward layer (512)", 0},
    {"vocabulary", KEY_FIRST_NUMBER + 4, "N", 0, "Tokens in the vocabulary (30522)", 0},
    {"positions", KEY_FIRST_NUMBER + 5, "N", 0, "Longest sequence (512)", 0},
    {"segments", KEY_FIRST_NUMBER + 6, "N", 0, "Segment (token type) embeddings (2)", 0},
    {"classes", KEY_FIRST_NUMBER + 7, "N", 0, "Classes (2)", 0},
    {"seed", KEY_FIRST_NUMBER + 8, "N", 0, "Seed of the weights (1)", 0},
    {"scale", KEY_FIRST_NUMBER + 9, "X", 0, "Standard deviation of the weights (0.02)", 0},
    {"exits", KEY_EXITS, "LAYERS", 0, "Exits after these layers only: 3,6,12", 0},
    {"vocab", KEY_VOCAB, "FILE", 0, "Size the vocabulary by this file, and copy it beside the model as vocab.txt", 0},
    {"float16", KEY_HALF, 0, 0, "Write half-precision weights", 0},
    {"pre-norm", KEY_PRE_NORM, 0, 0, "LayerNorm before attention and feed-forward instead of after", 0},
    {"no-pooler", KEY_NO_POOLER, 0, 0, "Exits without a pooler", 0},
    {"mean", KEY_MEAN, 0, 0, "Exits look at the mean of all tokens instead of the first", 0},
    {"force", KEY_FORCE, 0, 0, "Replace files that exist", 0},
    {0},
};

static void parse_number(random_model_arguments *a, const number_option *option, const char *text,
                         struct argp_state *state) {
    double x;
    char why[256];
    if (!unit_parse(text, UNIT_PURE, &x, why, sizeof why)) argp_error(state, "--%s: %s", option->name, why);
    if (x < option->least || x > option->most || (option->whole && x != (double)(int64_t)x))
        argp_error(state, "--%s is '%.40s'; a %snumber from %.16g to %.16g is wanted", option->name, text,
                   option->whole ? "whole " : "", option->least, option->most);
    *(double *)((char *)a + option->offset) = x;
    if (strcmp(option->name, "vocabulary") == 0) a->vocabulary_given = true;
}

static void check_arguments(const random_model_arguments *a, struct argp_state *state) {
    if (!text_ends_in(a->path, ".safetensors"))
        argp_error(state, "the model is '%.200s'; its name must end in .safetensors", a->path);
    if (a->vocab && a->vocabulary_given) argp_error(state, "either --vocab or --vocabulary, not both");
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    random_model_arguments *a = state->input;
    if (key >= KEY_FIRST_NUMBER && key < KEY_FIRST_NUMBER + NUMBER_COUNT) {
        parse_number(a, &NUMBERS[key - KEY_FIRST_NUMBER], argument, state);
        return 0;
    }
    switch (key) {
    case KEY_EXITS: a->exits = argument; return 0;
    case KEY_VOCAB: a->vocab = argument; return 0;
    case KEY_HALF: a->half = true; return 0;
    case KEY_PRE_NORM: a->pre_norm = true; return 0;
    case KEY_NO_POOLER: a->no_pooler = true; return 0;
    case KEY_MEAN: a->mean = true; return 0;
    case KEY_FORCE: a->force = true; return 0;
    case ARGP_KEY_ARG:
        if (a->path) argp_error(state, "one model at a time; '%s' is one too many", argument);
        a->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "the name of the model to write is needed"); return 0;
    case ARGP_KEY_SUCCESS: check_arguments(a, state); return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp RANDOM_MODEL_ARGP = {
    OPTIONS,
    parse,
    "OUT.safetensors",
    "Writes a multi-exit encoder of random weights, and config.json beside it.",
    COMMON_ARGP,
    NULL,
    NULL};

/* "3,6,12" into exits[]; without a list, all layers. */
static bool parse_exits(const char *text, encoder_config *c, portolan_error *err) {
    if (!text) {
        for (uint32_t i = 0; i < c->shape.layers; i++) c->exits[i] = true;
        return true;
    }
    uint64_t layer;
    for (const char *at = text, *end; *at; at = *end ? end + 1 : end) {
        end = whole_read(at, &layer);
        if (!end || (*end && *end != ',') || layer < 1 || layer > c->shape.layers)
            return error_usage(err, "--exits is '%.60s'; layers from 1 to %llu are wanted, such as 3,6,12", text,
                               (unsigned long long)c->shape.layers);
        c->exits[layer - 1] = true;
    }
    return *text || error_usage(err, "--exits is empty; layers are wanted, such as 3,6,12");
}

static bool make_config(const random_model_arguments *a, encoder_config *c, portolan_error *err) {
    *c = (encoder_config){.heads = (uint64_t)a->heads,
                          .positions = (uint64_t)a->positions,
                          .segments = (uint64_t)a->segments,
                          .norm_eps = 1e-12,
                          .pre_norm = a->pre_norm,
                          .pooling = a->mean ? POOL_MEAN : POOL_CLS,
                          .has_pooler = !a->no_pooler,
                          .lowercase = true};
    c->shape = (model_shape){.layers = (uint64_t)a->layers,
                             .hidden = (uint64_t)a->hidden,
                             .feed_forward = (uint64_t)a->feed_forward,
                             .classes = (uint64_t)a->classes,
                             .vocabulary = (uint64_t)a->vocabulary};
    if (c->shape.hidden % c->heads)
        return error_usage(err, "--hidden is %llu and --heads is %llu; the first must be a multiple of the second",
                           (unsigned long long)c->shape.hidden, (unsigned long long)c->heads);
    return parse_exits(a->exits, c, err);
}

/* A token a line; the last may lack its line break. */
static uint64_t count_lines(const file_bytes *bytes) {
    uint64_t lines = bytes->length && bytes->data[bytes->length - 1] != '\n';
    for (size_t i = 0; i < bytes->length; i++) lines += bytes->data[i] == '\n';
    return lines;
}

static bool refuse_existing(const char *path, portolan_error *err) {
    if (access(path, F_OK) != 0) return true;
    return error_usage(err, "%s exists; --force replaces it", path);
}

/* Reads every tensor of a file as half precision into `memory`. */
static bool read_as_half(const safetensors *file, arena *memory, tensor *tensors, size_t count, portolan_error *err) {
    for (size_t i = 0; i < count; i++) {
        tensor *t = &tensors[i];
        float *wide = malloc(t->elements * sizeof *wide + 1);
        uint16_t *narrow = arena_alloc(memory, t->elements, sizeof *narrow);
        bool ok = wide && narrow ? tensor_read(file, t, false, wide, err) : error_memory(err, t->elements * 6);
        for (uint64_t k = 0; ok && k < t->elements; k++) narrow[k] = half_from_float(wide[k]);
        free(wide);
        if (!ok) return false;
        t->type = TENSOR_F16;
        t->data = narrow;
    }
    return true;
}

static bool convert_to_half(const char *path, portolan_error *err) {
    static const char *const METADATA[] = {"format", "pt", NULL};
    arena memory = {0};
    size_t count = 0;
    safetensors *file = safetensors_open(path, err);
    if (!file) return false;
    const tensor *all = safetensors_all(file, &count);
    tensor *tensors = arena_alloc(&memory, count, sizeof *tensors);
    bool ok = tensors || error_memory(err, count * sizeof *tensors);
    if (ok) memcpy(tensors, all, count * sizeof *tensors);
    ok = ok && read_as_half(file, &memory, tensors, count, err) &&
         safetensors_write(path, tensors, count, METADATA, err);
    safetensors_close(file);
    arena_free(&memory);
    return ok;
}

static bool write_model(random_model_arguments *a, encoder_config *c, portolan_error *err) {
    arena memory = {0};
    file_bytes vocab = {0};
    text_mark mark = {a->path, 0, 0};
    const char *config = file_resolve(&memory, a->path, "config.json", mark, err);
    const char *words = file_resolve(&memory, a->path, "vocab.txt", mark, err);
    bool ok = config && words && (!a->vocab || file_read(a->vocab, VOCAB_MAX_BYTES, &vocab, err));
    if (ok && a->vocab) a->vocabulary = (double)count_lines(&vocab);
    if (ok && a->vocab && !(a->vocabulary >= 1 && a->vocabulary <= 1 << 24))
        ok = error_input(err, (text_mark){a->vocab, 0, 0},
                         "has %.0f lines; a vocabulary has 1 to %d tokens, one a line", a->vocabulary, 1 << 24);
    bool copies = a->vocab && strcmp(a->vocab, words ? words : "") != 0;
    ok = ok && make_config(a, c, err);
    if (ok && !a->force)
        ok = refuse_existing(a->path, err) && refuse_existing(config, err) && (!copies || refuse_existing(words, err));
    ok = ok && model_write_random(a->path, c, a->scale, (uint64_t)a->seed, err) &&
         (!a->half || convert_to_half(a->path, err)) &&
         (!copies || replacement_write(words, vocab.data, vocab.length, err));
    free(vocab.data);
    arena_free(&memory);
    return ok;
}

static bool measure(const char *path, uint64_t *tensors, uint64_t *weights, portolan_error *err) {
    size_t count;
    safetensors *file = safetensors_open(path, err);
    if (!file) return false;
    const tensor *all = safetensors_all(file, &count);
    *tensors = count;
    *weights = 0;
    for (size_t i = 0; i < count; i++) *weights += all[i].elements;
    safetensors_close(file);
    return true;
}

int command_random_model(int argc, char **argv) {
    random_model_arguments a = {.layers = 12,
                                .hidden = 128,
                                .heads = 2,
                                .feed_forward = 512,
                                .vocabulary = 30522,
                                .positions = 512,
                                .segments = 2,
                                .classes = 2,
                                .seed = 1,
                                .scale = 0.02};
    parse_arguments(&RANDOM_MODEL_ARGP, argc, argv, &a);
    portolan_error err = {0};
    encoder_config c;
    uint64_t tensors, weights;
    if (!write_model(&a, &c, &err) || !measure(a.path, &tensors, &weights, &err)) return fail(&err);
    if (a.common.json)
        return print_json(json_pack("{s:o, s:I, s:I, s:I, s:s}", "model", json_text(a.path), "layers",
                                    (json_int_t)c.shape.layers, "tensors", (json_int_t)tensors, "weights",
                                    (json_int_t)weights, "type", a.half ? "F16" : "F32"));
    if (!a.common.quiet)
        printf("%s: %llu layers of width %llu, %llu weights in %llu tensors\n", a.path,
               (unsigned long long)c.shape.layers, (unsigned long long)c.shape.hidden, (unsigned long long)weights,
               (unsigned long long)tensors);
    return STATUS_OK;
}
