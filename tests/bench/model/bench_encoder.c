/* Times passes of a model for compare.py: reads a command a line from standard input, answers with a line.
 *
 *     run BATCH LENGTH...   one pass over sequences of these lengths, so many at a time: its seconds of processor time
 *     share BATCH LENGTH... the same, with the seconds spent in each kernel: all, linear, attention's products,
 *                           softmax, layer_norm, gelu, tanh, add
 *     memory                kibibytes: RssAnon now, VmHWM, and what one single-precision copy of the weights takes */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "model/encoder/kernels.h"
#include "model/model.h"

enum { MOST_SEQUENCES = 100000 };

/* Passes are measured in processor time, which other programs on the machine disturb less; kernels, by the short
 * calls, on the clock, which is cheaper to read. */
static double seconds_of(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

/* ---- Timed kernels: the linker gives the encoder __wrap_kernels_pick for kernels_pick ---- */

const kernels *__real_kernels_pick(void);
const kernels *__wrap_kernels_pick(void);

typedef enum spent { ALL, LINEAR, PRODUCTS, SOFTMAX, NORM, GELU, TANH, ADD, SPENT } spent;

static double seconds[SPENT];
static const kernels *plain;
static bool timing;

#define TIMED(what, call)                             \
    do {                                              \
        double started = timing ? now() : 0;          \
        call;                                         \
        if (timing) seconds[what] += now() - started; \
    } while (0)

static void timed_linear(float *out, const float *x, const float *w, const float *bias, size_t M, size_t K, size_t N) {
    TIMED(LINEAR, plain->linear(out, x, w, bias, M, K, N));
}

static void timed_norm(float *out, const float *x, const float *add, const float *scale, const float *shift, double eps,
                       size_t rows, size_t h) {
    TIMED(NORM, plain->layer_norm(out, x, add, scale, shift, eps, rows, h));
}

static void timed_gelu(float *x, size_t n) { TIMED(GELU, plain->gelu(x, n)); }
static void timed_tanh(float *x, size_t n) { TIMED(TANH, plain->tanh(x, n)); }
static void timed_add(float *x, const float *y, size_t n) { TIMED(ADD, plain->add(x, y, n)); }

static void timed_softmax(float *x, size_t rows, size_t n, size_t stride) {
    TIMED(SOFTMAX, plain->softmax_rows(x, rows, n, stride));
}

static void timed_scores(float *out, const float *q, const float *key, float scale, size_t s, size_t d, size_t row,
                         size_t stride, float *room) {
    TIMED(PRODUCTS, plain->scores(out, q, key, scale, s, d, row, stride, room));
}

static void timed_mix(float *out, const float *p, const float *value, size_t s, size_t d, size_t row, size_t stride,
                      size_t h, float *room) {
    TIMED(PRODUCTS, plain->mix(out, p, value, s, d, row, stride, h, room));
}

const kernels *__wrap_kernels_pick(void) {
    static kernels timed;
    plain = __real_kernels_pick();
    timed = *plain;
    timed.linear = timed_linear;
    timed.layer_norm = timed_norm;
    timed.gelu = timed_gelu;
    timed.tanh = timed_tanh;
    timed.add = timed_add;
    timed.scores = timed_scores;
    timed.softmax_rows = timed_softmax;
    timed.mix = timed_mix;
    return &timed;
}

/* ---- Passes ---- */

static uint32_t lengths[MOST_SEQUENCES];

static void fatal(const portolan_error *err) {
    error_print(err, stderr);
    exit(1);
}

/* All layers and the last exit. */
static void pass(const encoder *e, const token_batch *batch, float *hidden, float *logits, encoder_scratch *scratch) {
    uint32_t layers = (uint32_t)encoder_settings(e)->shape.layers;
    portolan_error err = {0};
    if (!encoder_embed(e, batch, hidden, &err) ||
        !encoder_run(e, 0, layers, &(encoder_pass){batch, hidden, scratch}, &err) ||
        !encoder_exit(e, layers, &(encoder_pass){batch, hidden, scratch}, logits, &err))
        fatal(&err);
}

static double run(const encoder *e, uint32_t at_once, uint32_t count, encoder_scratch *scratch) {
    const encoder_config *c = encoder_settings(e);
    size_t most = (size_t)at_once * c->positions;
    static float *hidden, *logits;
    static uint32_t *ids;
    static size_t room;
    if (most > room) {
        free(hidden), free(logits), free(ids);
        hidden = malloc(most * c->shape.hidden * sizeof *hidden);
        logits = malloc(at_once * c->shape.classes * sizeof *logits);
        ids = malloc(most * sizeof *ids);
        room = most;
        if (!hidden || !logits || !ids) exit(1);
    }
    random_stream r = random_open(1, "ids", 0);
    for (size_t i = 0; i < most; i++) ids[i] = (uint32_t)random_below(&r, c->shape.vocabulary);
    clockid_t id = timing ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
    double started = seconds_of(id);
    for (uint32_t first = 0; first < count; first += at_once) {
        token_batch batch = {.count = count - first < at_once ? count - first : at_once,
                             .lengths = lengths + first,
                             .ids = ids};
        for (uint32_t i = 0; i < batch.count; i++) batch.total += batch.lengths[i];
        pass(e, &batch, hidden, logits, scratch);
    }
    return seconds_of(id) - started;
}

/* "BATCH LENGTH..." after the command's name. */
static bool read_lengths(char *text, uint32_t *at_once, uint32_t *count) {
    char *rest;
    *at_once = (uint32_t)strtoul(text, &rest, 10);
    for (*count = 0; *count < MOST_SEQUENCES; ++*count) {
        char *before = rest;
        lengths[*count] = (uint32_t)strtoul(before, &rest, 10);
        if (rest == before) break;
    }
    return *at_once && *count;
}

static long status_kib(const char *key) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0) kib = strtol(line + strlen(key) + 1, NULL, 10);
    if (f) fclose(f);
    return kib;
}

static void show_memory(const encoder *e, const char *path) {
    portolan_error err = {0};
    safetensors *file = safetensors_open(path, &err);
    if (!file) fatal(&err);
    size_t count;
    uint64_t weights = 0;
    const tensor *all = safetensors_all(file, &count);
    for (size_t i = 0; i < count; i++) weights += all[i].elements;
    safetensors_close(file);
    (void)e;
    printf("%ld %ld %llu\n", status_kib("RssAnon"), status_kib("VmHWM"), (unsigned long long)weights * 4 / 1024);
}

static void answer(const encoder *e, const char *path, char *command, encoder_scratch *scratch) {
    uint32_t at_once, count;
    char *space = strchr(command, ' ');
    if (strncmp(command, "memory", 6) == 0) {
        show_memory(e, path);
    } else if (!space || !read_lengths(space, &at_once, &count)) {
        printf("?\n");
    } else {
        memset(seconds, 0, sizeof seconds);
        timing = *command == 's';
        seconds[ALL] = run(e, at_once, count, scratch);
        for (int i = 0; i < (timing ? SPENT : 1); i++) printf("%s%.9g", i ? " " : "", seconds[i]);
        printf("\n");
        timing = false;
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    portolan_error err = {0};
    encoder_scratch scratch = {0};
    char *line = NULL;
    size_t size = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_encoder MODEL.safetensors\n");
        return 2;
    }
    if (!encoder_threads(1, &err)) fatal(&err);
    double started = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    encoder *e = encoder_load(argv[1], 0, &err);
    if (!e) fatal(&err);
    printf("%.9g %s\n", seconds_of(CLOCK_PROCESS_CPUTIME_ID) - started, encoder_kernel());
    fflush(stdout);
    while (getline(&line, &size, stdin) > 0) answer(e, argv[1], line, &scratch);
    free(line);
    encoder_scratch_free(&scratch);
    encoder_free(e);
    return 0;
}
