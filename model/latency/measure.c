/* Measuring slices of an encoder on this machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/random.h"
#include "latency.h"

/* Rounds go through all shapes, so that a machine that is slow for a while is so for few repetitions of each; an odd number has
 * a median. In a round a shape is repeated until it has taken so long, if it is short. Ours. */
enum { ROUNDS = 3, MOST_REPETITIONS = 64, AXIS = 32 };
static const double REPEATED_SECONDS = 0.03;

static const uint32_t BATCHES[] = {1, 2, 4, 8, 16, 32, 64, 0};

/* What is run: scratch memory of the longest batch, and its tokens. */
typedef struct bench {
    const encoder *e;
    encoder_scratch scratch;
    uint32_t *lengths, *ids;
    float *embedded, *hidden; /* [most tokens][h] */
} bench;

/* ---- Which shapes ---- */

/* Rising values up to `most`, `most` being the last. */
typedef struct axis {
    uint32_t values[AXIS];
    size_t count;
} axis;

static void axis_add(axis *a, uint32_t value, uint32_t most) {
    uint32_t last = a->count ? a->values[a->count - 1] : 0;
    if (value > last && value <= most && a->count < AXIS) a->values[a->count++] = value;
}

/* 1, 2, and the quarter, half and whole of the model: time is linear in layers but for what the caches hold. */
static axis layer_axis(uint32_t layers) {
    const uint32_t wanted[] = {1, 2, layers / 4, layers / 2, layers};
    axis a = {.count = 0};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) axis_add(&a, wanted[i], layers);
    return a;
}

/* 2, 3, 4, 6, 8, 12, ...: kernels work best on whole panels of rows, so steps are small where sequences are short. */
static axis token_axis(uint32_t most) {
    axis a = {.count = 0};
    for (uint32_t power = 2; power <= most; power *= 2) {
        axis_add(&a, power, most);
        axis_add(&a, power + power / 2, most);
    }
    axis_add(&a, most, most);
    return a;
}

static axis batch_axis(uint32_t most) {
    axis a = {.count = 0};
    for (size_t i = 0; BATCHES[i]; i++) axis_add(&a, BATCHES[i], most);
    axis_add(&a, most, most);
    return a;
}

static bool add_shape(latencies *list, const encoder *e, double layers, double tokens, double batch,
                      portolan_error *err) {
    const model_shape *s = &encoder_settings(e)->shape;
    if (!ARRAY_RESERVE(list->items, list->room, list->count + 1, err)) return false;
    list->items[list->count++] = (latency){.hidden = (double)s->hidden,
                                           .feed_forward = (double)s->feed_forward,
                                           .attention = (double)s->hidden,
                                           .layers = layers,
                                           .tokens = tokens,
                                           .batch = batch};
    return true;
}

static bool add_grid(latencies *list, const encoder *e, const measuring *what, portolan_error *err) {
    axis layers = layer_axis((uint32_t)encoder_settings(e)->shape.layers), tokens = token_axis(what->most_tokens);
    axis batches = batch_axis(what->most_batch);
    for (size_t i = 0; i < layers.count; i++)
        for (size_t k = 0; k < tokens.count; k++)
            for (size_t b = 0; b < batches.count; b++)
                if (!add_shape(list, e, layers.values[i], tokens.values[k], batches.values[b], err)) return false;
    return true;
}

static bool is_listed(const latencies *list, double layers, double tokens, double batch) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].layers == layers && list->items[i].tokens == tokens && list->items[i].batch == batch)
            return true;
    return false;
}

/* Shapes between those of the grid: tokens evenly by their logarithm, layers and batches by their number. Small models have
 * few such shapes. */
static bool add_left_out(latencies *list, const encoder *e, const measuring *what, portolan_error *err) {
    enum { ATTEMPTS = 100 };
    random_stream s = random_open(what->seed, "calibration", 0);
    uint64_t layers = encoder_settings(e)->shape.layers;
    size_t wanted = list->count + what->left_out;
    for (uint32_t i = 0; list->count < wanted && i < ATTEMPTS * what->left_out; i++) {
        double l = 1 + (double)random_below(&s, layers), b = 1 + (double)random_below(&s, what->most_batch);
        double t = floor(2 * pow(what->most_tokens / 2.0, random_uniform(&s)) + 0.5);
        if (!is_listed(list, l, t, b) && !add_shape(list, e, l, t, b, err)) return false;
    }
    return true;
}

/* ---- Running ---- */

static double thread_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool bench_open(bench *b, const encoder *e, const measuring *what, portolan_error *err) {
    const model_shape *shape = &encoder_settings(e)->shape;
    size_t tokens = (size_t)what->most_tokens * what->most_batch, bytes = tokens * shape->hidden * sizeof(float);
    random_stream s = random_open(what->seed, "calibration tokens", 0);
    *b = (bench){.e = e,
                 .lengths = malloc(what->most_batch * sizeof *b->lengths),
                 .ids = malloc(tokens * sizeof *b->ids),
                 .embedded = malloc(bytes),
                 .hidden = malloc(bytes)};
    if (!b->lengths || !b->ids || !b->embedded || !b->hidden) return error_memory(err, 2 * bytes);
    for (size_t i = 0; i < tokens; i++) b->ids[i] = (uint32_t)random_below(&s, shape->vocabulary);
    return encoder_threads(1, err);
}

static void bench_close(bench *b) {
    encoder_scratch_free(&b->scratch);
    free(b->lengths);
    free(b->ids);
    free(b->embedded);
    free(b->hidden);
}

static bool run_once(bench *b, const token_batch *batch, uint32_t layers, double *seconds, portolan_error *err) {
    size_t bytes = batch->total * encoder_settings(b->e)->shape.hidden * sizeof(float);
    memcpy(b->hidden, b->embedded, bytes);
    double begun = thread_seconds();
    bool ok = encoder_run(b->e, 0, layers, &(encoder_pass){batch, b->hidden, &b->scratch}, err);
    *seconds = thread_seconds() - begun;
    return ok;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void sort_values(double *values, size_t n) { qsort(values, n, sizeof *values, compare); }

/* The median of repetitions on warm weights; what runs long is warm for the most of it, and is run once. */
static bool repeat(bench *b, const token_batch *batch, uint32_t layers, double *median, portolan_error *err) {
    double seconds[MOST_REPETITIONS], sum = 0;
    size_t n = 0;
    if (!run_once(b, batch, layers, median, err)) return false;
    if (*median > REPEATED_SECONDS) return true;
    while (n < MOST_REPETITIONS && sum < REPEATED_SECONDS) {
        if (!run_once(b, batch, layers, &seconds[n], err)) return false;
        sum += seconds[n++];
    }
    sort_values(seconds, n);
    *median = seconds[n / 2];
    return true;
}

static bool run_shape(bench *b, const latency *m, double *median, portolan_error *err) {
    uint32_t count = (uint32_t)m->batch, tokens = (uint32_t)m->tokens;
    for (uint32_t i = 0; i < count; i++) b->lengths[i] = tokens;
    token_batch batch = {.count = count, .total = count * tokens, .lengths = b->lengths, .ids = b->ids};
    return encoder_embed(b->e, &batch, b->embedded, err) && repeat(b, &batch, (uint32_t)m->layers, median, err);
}

/* Medians over the rounds, and how far these lie apart. */
static void finish_shape(latency *m, double rounds[ROUNDS]) {
    sort_values(rounds, ROUNDS);
    m->seconds = rounds[ROUNDS / 2];
    m->spread = (rounds[ROUNDS - 1] - rounds[0]) / 2 / m->seconds;
}

static bool run_rounds(bench *b, latencies *list, const measuring *what, portolan_error *err) {
    size_t n = list->count, done = 0;
    double(*rounds)[ROUNDS] = malloc(n * sizeof *rounds);
    uint32_t *order = malloc(n * sizeof *order);
    bool ok = (rounds && order) || error_memory(err, n * sizeof *rounds);
    for (size_t i = 0; ok && i < n; i++) order[i] = (uint32_t)i;
    for (unsigned round = 0; ok && round < ROUNDS; round++) {
        random_stream s = random_open(what->seed, "calibration order", round);
        random_shuffle(&s, order, n);
        for (size_t i = 0; ok && i < n; i++) {
            ok = run_shape(b, &list->items[order[i]], &rounds[order[i]][round], err);
            what->progress(what->context, ++done, ROUNDS * n);
        }
    }
    for (size_t i = 0; ok && i < n; i++) finish_shape(&list->items[i], rounds[i]);
    free(rounds);
    free(order);
    return ok;
}

bool latencies_measure(latencies *list, const encoder *e, const measuring *what, size_t *grid_count,
                       portolan_error *err) {
    bench b = {0};
    *list = (latencies){0};
    bool ok = add_grid(list, e, what, err);
    *grid_count = list->count;
    ok = ok && add_left_out(list, e, what, err) && bench_open(&b, e, what, err) && run_rounds(&b, list, what, err);
    bench_close(&b);
    if (!ok) latencies_free(list);
    return ok;
}
