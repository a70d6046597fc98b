/* Outcome tables: how they lie in memory, and the synthetic one. */
#include <assert.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "base/elementary.h"
#include "workloads.h"

/* ---- Making tables ---- */

/* What exits say, for all samples; arrays whose places follow one another in `at`. */
static bool allocate_answers(outcome_table *t, size_t cells, size_t classes, bool shared) {
    size_t probability_bytes = cells * classes * sizeof *t->probabilities,
           confidence_bytes = cells * sizeof *t->confidences;
    size_t bytes = probability_bytes + confidence_bytes + cells * sizeof *t->predictions;
    char *at;
    if (shared) {
        void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        at = mapping == MAP_FAILED ? NULL : mapping;
        t->shared = at;
        t->shared_bytes = bytes;
    } else {
        at = arena_alloc(&t->memory, bytes, 1);
    }
    if (!at) return false;
    t->confidences = (double *)at;
    if (classes) t->probabilities = (double *)(at + confidence_bytes);
    t->predictions = (uint16_t *)(at + confidence_bytes + probability_bytes);
    return true;
}

bool outcome_table_allocate(outcome_table *t, const outcome_shape *shape, portolan_error *err) {
    *t = (outcome_table){.samples = (uint32_t)shape->samples,
                         .exits = shape->exits,
                         .classes = (uint32_t)shape->classes};
    for (uint32_t e = 0; e < shape->exits; e++) {
        uint32_t layer = shape->exit_layers[e];
        assert(e < OUTCOME_MAX_EXITS && layer > t->layers && layer <= OUTCOME_MAX_EXITS); /* readers see to it */
        t->exit_layer[e] = layer;
        t->exit_at[layer] = (uint8_t)(e + 1);
        t->layers = layer;
    }
    size_t cells = (size_t)shape->samples * shape->exits;
    uint64_t probabilities = shape->probabilities ? shape->classes : 0; /* of a cell */
    t->labels = arena_alloc(&t->memory, shape->samples, sizeof *t->labels);
    if (t->labels && allocate_answers(t, cells, probabilities, shape->shared)) return true;
    outcome_table_free(t);
    return error_memory(err, cells * (8 + 2 + 8 * probabilities));
}

/* Exits after each of the first layers. */
static bool allocate_contiguous(outcome_table *t, uint64_t samples, uint32_t exits, uint64_t classes,
                                bool probabilities, portolan_error *err) {
    uint32_t layers[OUTCOME_MAX_EXITS];
    for (uint32_t e = 0; e < exits; e++) layers[e] = e + 1;
    const outcome_shape shape = {samples, classes, exits, layers, probabilities, false};
    return outcome_table_allocate(t, &shape, err);
}

void outcome_table_conclude(outcome_table *t, uint32_t sample, uint32_t exit) {
    const double *p = outcome_probabilities(t, sample, exit);
    uint16_t best = 0;
    for (uint16_t c = 1; c < t->classes; c++)
        if (p[c] > p[best]) best = c;
    t->confidences[(size_t)sample * t->exits + exit] = p[best];
    t->predictions[(size_t)sample * t->exits + exit] = best;
}

static const char *const WORKS[] = {"constant", "exponential", NULL};

const yaml_field SYNTHETIC_FIELDS[] = {
    {"samples", FIELD_COUNT, offsetof(synthetic_settings, samples), .doc = "how many samples", .fallback = "10000",
     .least = 1, .most = 10e6},
    {"layers", FIELD_COUNT, offsetof(synthetic_settings, layers), .doc = "layers of the model, an exit after each",
     .fallback = "12", .least = 1, .most = OUTCOME_MAX_EXITS},
    {"ability_first", FIELD_QUANTITY, offsetof(synthetic_settings, ability_first),
     .doc = "ability of the first exit, in standard deviations of difficulty", .fallback = "0.4", .least = -10,
     .most = 10},
    {"ability_last", FIELD_QUANTITY, offsetof(synthetic_settings, ability_last), .doc = "ability of the last exit",
     .fallback = "1.8", .least = -10, .most = 10},
    {"sharpness", FIELD_QUANTITY, offsetof(synthetic_settings, sharpness),
     .doc = "how fast confidence grows with the margin", .fallback = "2.5", .least = 0, .most = 100, .positive = true},
    {"work", FIELD_CHOICE, offsetof(synthetic_settings, work),
     .doc = "constant: a request's FLOP follow from its tokens; exponential: times its own Exp(1) draw",
     .fallback = "constant", .choices = WORKS},
    {0},
};

static void synthesize_sample(outcome_table *t, const synthetic_settings *s, uint32_t i, uint64_t seed) {
    random_stream stream = random_open(seed, "synthetic", i);
    uint32_t label = (uint32_t)random_below(&stream, 2);
    double difficulty = random_normal(&stream), noise = random_normal(&stream);
    t->labels[i] = label;
    for (uint32_t e = 0; e < t->exits; e++) {
        double depth = t->exits > 1 ? portable_log(e + 1) / portable_log(t->exits) : 1;
        double ability = s->ability_first + (s->ability_last - s->ability_first) * depth;
        if (e) noise = 0.8 * noise + 0.6 * random_normal(&stream);
        double margin = ability - difficulty + 0.5 * noise;
        double right = 1 / (1 + portable_exp(-s->sharpness * margin));
        double *p = t->probabilities + ((size_t)i * t->exits + e) * 2;
        p[label] = right;
        p[1 - label] = 1 - right;
        outcome_table_conclude(t, i, e);
    }
}

bool outcome_table_synthesize(outcome_table *t, const synthetic_settings *s, uint64_t seed, portolan_error *err) {
    if (!allocate_contiguous(t, s->samples, (uint32_t)s->layers, 2, true, err)) return false;
    t->work = s->work;
    for (uint32_t i = 0; i < t->samples; i++) synthesize_sample(t, s, i, seed);
    return true;
}

bool outcome_table_draw_tokens(outcome_table *t, const distribution *d, uint64_t seed, portolan_error *err) {
    t->tokens = arena_alloc(&t->memory, t->samples, sizeof *t->tokens);
    if (!t->tokens) return error_memory(err, t->samples * sizeof *t->tokens);
    for (uint32_t i = 0; i < t->samples; i++) {
        random_stream s = random_open(seed, "tokens", i);
        t->tokens[i] = (uint32_t)fmax(1, floor(distribution_draw(d, &s) + 0.5));
    }
    return true;
}

void outcome_table_free(outcome_table *t) {
    if (t->shared) munmap(t->shared, t->shared_bytes);
    arena_free(&t->memory);
    *t = (outcome_table){0};
}
