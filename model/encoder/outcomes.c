/* What every exit says to every sample: samples of like lengths are run together, by several threads. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

bool encoder_outcome_table(const encoder *e, const token_set *set, bool shared, outcome_table *t, portolan_error *err) {
    const encoder_config *c = encoder_settings(e);
    uint32_t layers[OUTCOME_MAX_EXITS], exits = 0;
    for (uint32_t layer = 1; layer <= c->shape.layers; layer++)
        if (c->exits[layer - 1]) layers[exits++] = layer;
    if (set->classes > c->shape.classes)
        return error_usage(err, "the data set has %u classes, the model answers with %llu", set->classes,
                           (unsigned long long)c->shape.classes);
    const outcome_shape shape = {set->samples, c->shape.classes, exits, layers, true, shared};
    if (!outcome_table_allocate(t, &shape, err)) return false;
    t->tokens = arena_alloc(&t->memory, set->samples, sizeof *t->tokens);
    if (!t->tokens) {
        outcome_table_free(t);
        return error_memory(err, set->samples * sizeof *t->tokens);
    }
    t->classes_from = set->classes_from;
    if (set->class_names && !classes_are_numbers(set->class_names, set->classes)) {
        t->class_names = class_names_copy(&t->memory, set->class_names, t->classes);
        if (!t->class_names) {
            outcome_table_free(t);
            return error_memory(err, t->classes * sizeof *t->class_names);
        }
    }
    memcpy(t->labels, set->labels, set->samples * sizeof *t->labels);
    memcpy(t->tokens, set->lengths, set->samples * sizeof *t->tokens);
    return true;
}

/* A batch being run: its tokens end to end, and the hidden states. */
typedef struct batch_room {
    uint32_t *lengths, *ids;
    uint8_t *segments;
    float *hidden, *logits;
} batch_room;

static void free_room(batch_room *room) {
    free(room->lengths);
    free(room->ids);
    free(room->segments);
    free(room->hidden);
    free(room->logits);
}

static bool make_room(batch_room *room, const encoder_config *c, uint32_t n, uint32_t total, portolan_error *err) {
    *room = (batch_room){
        .lengths = malloc(n * sizeof *room->lengths),
        .ids = malloc(total * sizeof *room->ids),
        .segments = malloc(total),
        .hidden = malloc(total * c->shape.hidden * sizeof *room->hidden),
        .logits = malloc(n * c->shape.classes * sizeof *room->logits),
    };
    if (room->lengths && room->ids && room->segments && room->hidden && room->logits) return true;
    free_room(room);
    return error_memory(err, total * c->shape.hidden * sizeof *room->hidden);
}

static void keep_exit(const uint32_t *chosen, uint32_t n, uint32_t exit, const float *logits, outcome_table *t) {
    for (uint32_t i = 0; i < n; i++) {
        double *p = t->probabilities + ((size_t)chosen[i] * t->exits + exit) * t->classes;
        softmax(logits + (size_t)i * t->classes, t->classes, p);
        outcome_table_conclude(t, chosen[i], exit);
    }
}

bool encoder_fill_outcomes(const encoder *e, const token_choice *chosen, outcome_table *t, encoder_scratch *scratch,
                           portolan_error *err) {
    batch_room room;
    const token_set *set = chosen->set;
    uint32_t n = chosen->count;
    token_batch batch = {.count = n};
    for (uint32_t i = 0; i < n; i++) batch.total += set->lengths[chosen->samples[i]];
    if (!make_room(&room, encoder_settings(e), n, batch.total, err)) return false;
    for (uint32_t i = 0, at = 0; i < n; at += room.lengths[i++]) {
        uint32_t sample = chosen->samples[i];
        room.lengths[i] = set->lengths[sample];
        memcpy(room.ids + at, set->ids + set->first[sample], room.lengths[i] * sizeof *room.ids);
        memcpy(room.segments + at, set->segments + set->first[sample], room.lengths[i]);
    }
    batch.lengths = room.lengths;
    batch.ids = room.ids;
    batch.segments = room.segments;
    const encoder_pass pass = {&batch, room.hidden, scratch};
    bool ok = encoder_embed(e, &batch, room.hidden, err);
    for (uint32_t exit = 0, from = 0; ok && exit < t->exits; from = t->exit_layer[exit++]) {
        ok = encoder_run(e, from, t->exit_layer[exit], &pass, err) &&
             encoder_exit(e, t->exit_layer[exit], &pass, room.logits, err);
        if (ok) keep_exit(chosen->samples, n, exit, room.logits, t);
    }
    free_room(&room);
    return ok;
}

/* ---- All samples, all processors ---- */

enum { BATCH_TOKENS = 1024, BATCH_SAMPLES = 64 };

typedef struct work {
    const encoder *e;
    const token_set *set;
    outcome_table *t;
    uint32_t *order; /* samples by length */
    pthread_mutex_t lock;
    uint32_t next, done; /* under the lock, as what follows */
    const outcome_watch *watch;
    bool failed;
    portolan_error *err;
} work;

static int by_length(const void *a, const void *b, void *context) {
    const uint32_t *lengths = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    if (lengths[i] != lengths[j]) return lengths[i] > lengths[j] ? -1 : 1; /* longest first: short ones fill the end */
    return i < j ? -1 : i > j;
}

/* Takes the next batch; 0 if there is none. */
static uint32_t take_batch(work *w, uint32_t *first) {
    pthread_mutex_lock(&w->lock);
    uint32_t n = 0, tokens = 0;
    *first = w->next;
    while (!w->failed && w->next < w->set->samples && n < BATCH_SAMPLES) {
        tokens += w->set->lengths[w->order[w->next]];
        if (n && tokens > BATCH_TOKENS) break;
        w->next++;
        n++;
    }
    pthread_mutex_unlock(&w->lock);
    return n;
}

static void finish_batch(work *w, uint32_t n, bool ok, const portolan_error *err) {
    pthread_mutex_lock(&w->lock);
    w->done += n;
    if (!ok && !w->failed) {
        w->failed = true;
        *w->err = *err;
    }
    if (w->watch) w->watch->progress(w->watch->context, w->done, w->set->samples);
    pthread_mutex_unlock(&w->lock);
}

static void *run_batches(void *argument) {
    work *w = argument;
    encoder_scratch scratch = {0};
    portolan_error err = {0};
    uint32_t first, n;
    while ((n = take_batch(w, &first)) > 0) {
        const token_choice chosen = {w->set, w->order + first, n};
        bool ok = encoder_fill_outcomes(w->e, &chosen, w->t, &scratch, &err);
        finish_batch(w, n, ok, &err);
    }
    encoder_scratch_free(&scratch);
    return NULL;
}

static bool run_threads(work *w, unsigned threads, portolan_error *err) {
    pthread_t *others = calloc(threads, sizeof *others);
    if (!others) return error_memory(err, threads * sizeof *others);
    unsigned started = 0;
    while (started + 1 < threads && pthread_create(&others[started], NULL, run_batches, w) == 0) started++;
    run_batches(w); /* this thread works too, and alone if no other could be started */
    while (started) pthread_join(others[--started], NULL);
    free(others);
    return !w->failed;
}

bool encoder_outcomes(const encoder *e, const token_set *set, unsigned threads, const outcome_watch *watch,
                      outcome_table *t, portolan_error *err) {
    if (!encoder_outcome_table(e, set, false, t, err)) return false;
    work w = {.e = e, .set = set, .t = t, .watch = watch, .err = err};
    w.order = malloc(set->samples * sizeof *w.order);
    bool ok = (w.order || error_memory(err, set->samples * sizeof *w.order)) && encoder_threads(threads, err);
    if (ok) {
        for (uint32_t i = 0; i < set->samples; i++) w.order[i] = i;
        qsort_r(w.order, set->samples, sizeof *w.order, by_length, set->lengths);
        pthread_mutex_init(&w.lock, NULL);
        ok = run_threads(&w, threads, err);
        pthread_mutex_destroy(&w.lock);
    }
    free(w.order);
    if (!ok) outcome_table_free(t);
    return ok;
}

void hidden_round(float *hidden, size_t n, size_t width, uint64_t bytes) {
    if (bytes == 2)
        for (size_t i = 0; i < n; i++) hidden[i] = float_from_half(half_from_float(hidden[i]));
    if (bytes != 1) return;
    for (size_t row = 0; row + width <= n; row += width) {
        float most = 0;
        for (size_t i = 0; i < width; i++) most = fmaxf(most, fabsf(hidden[row + i]));
        float step = most / 127;
        for (size_t i = 0; step > 0 && i < width; i++) hidden[row + i] = rintf(hidden[row + i] / step) * step;
    }
}
