/* Answers from the outcome table or from the model. */
#include "answers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Of a row of the table. Processes claim rows by compare-and-swap, so that each is computed by one of them. */
enum { ROW_ABSENT, ROW_CLAIMED, ROW_READY };

static _Atomic unsigned char *row_state(const answers *a, uint32_t sample) {
    return (_Atomic unsigned char *)&a->states[sample];
}

answers *answers_open(int mode, encoder *model, token_set *set, outcome_table *table, portolan_error *err) {
    answers *a = calloc(1, sizeof *a);
    void *states = mmap(NULL, set->samples, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!a || states == MAP_FAILED) {
        free(a);
        if (states != MAP_FAILED) munmap(states, set->samples);
        error_memory(err, sizeof *a + set->samples);
        return NULL;
    }
    *a = (answers){.mode = mode, .model = model, .set = *set, .table = table, .states = states};
    *set = (token_set){0};
    encoder_single_thread();
    return a;
}

void answers_close(answers *a) {
    if (!a) return;
    munmap(a->states, a->set.samples);
    encoder_scratch_free(&a->scratch);
    free(a->v);
    free(a->embedded);
    encoder_free(a->model);
    token_set_free(&a->set);
    free(a);
}

/* ---- Rows of the table ---- */

static bool claim(const answers *a, uint32_t sample) {
    unsigned char absent = ROW_ABSENT;
    return atomic_compare_exchange_strong(row_state(a, sample), &absent, ROW_CLAIMED);
}

/* Claims absent rows after `sample` too: neighbours are likely to be asked about next, and many rows at a time are computed
 * several times faster than one. */
static uint32_t claim_batch(const answers *a, uint32_t sample, uint32_t *chosen) {
    enum { MOST_TOKENS = 1024 };
    uint32_t n = 0, tokens = 0;
    for (uint32_t i = sample; i < a->set.samples && n < 64 && tokens < MOST_TOKENS; i++) {
        if (!claim(a, i)) continue;
        tokens += a->set.lengths[i];
        chosen[n++] = i;
    }
    return n;
}

/* Makes sure that a row is there: computes it, or waits for the process that does. False after a failure. */
static bool make_ready(answers *a, uint32_t sample) {
    const struct timespec moment = {0, 50 * 1000};
    while (atomic_load(row_state(a, sample)) != ROW_READY) {
        uint32_t chosen[64], n = 0;
        if (a->error.status) return false;
        if (atomic_load(row_state(a, sample)) == ROW_ABSENT) n = claim_batch(a, sample, chosen);
        if (!n) {
            nanosleep(&moment, NULL);
            continue;
        }
        if (!encoder_fill_outcomes(a->model, &a->set, chosen, n, a->table, &a->scratch, &a->error)) return false;
        for (uint32_t i = 0; i < n; i++) atomic_store(row_state(a, chosen[i]), ROW_READY);
    }
    return true;
}

static exit_outcome from_table(const outcome_table *t, uint32_t sample, tier at, uint32_t layer) {
    uint32_t exit = t->exit_at[layer] - 1u;
    return (exit_outcome){
        .tier = at,
        .layer = layer,
        .prediction = outcome_prediction(t, sample, exit),
        .confidence = outcome_confidence(t, sample, exit),
        .classes = t->classes,
        .probabilities = outcome_probabilities(t, sample, exit),
    };
}

exit_outcome answer_reference(const scenario *s, uint32_t sample, tier at, uint32_t layer) {
    if (s->answers) make_ready(s->answers, sample);
    return from_table(&s->table, sample, at, layer);
}

/* ---- The request's own hidden state ---- */

void answer_forget(request *r) {
    free(r->hidden);
    r->hidden = NULL;
}

static token_batch batch_of(const answers *a, const request *r) { return token_set_batch(&a->set, r->record.sample); }

/* Brings the request's hidden state to `layer`, from where it stands or from its tokens. */
static bool advance(answers *a, request *r, const token_batch *batch, uint32_t layer) {
    size_t bytes = batch->total * encoder_settings(a->model)->shape.hidden * sizeof *r->hidden;
    if (!r->hidden) {
        r->hidden = malloc(bytes);
        r->hidden_layer = 0;
        if (!r->hidden) return error_memory(&a->error, bytes);
        if (!encoder_embed(a->model, batch, r->hidden, &a->error)) return false;
    }
    bool ok = encoder_run(a->model, r->hidden_layer, layer, batch, r->hidden, &a->scratch, &a->error);
    r->hidden_layer = layer;
    return ok;
}

/* Room for the probabilities of one more exit; earlier ones keep theirs, since outcomes point to them. */
static double *probability_room(request *r, const scenario *s, portolan_error *err) {
    if (!r->probabilities) {
        r->probabilities = malloc((size_t)s->table.exits * s->table.classes * sizeof *r->probabilities);
        if (!r->probabilities) {
            error_memory(err, (size_t)s->table.exits * s->table.classes * sizeof *r->probabilities);
            return NULL;
        }
    }
    return r->probabilities + (size_t)r->exit_count * s->table.classes;
}

static exit_outcome compute_exit(request *r, const scenario *s, uint32_t layer) {
    answers *a = s->answers;
    exit_outcome outcome = {.tier = r->at, .layer = layer, .classes = s->table.classes};
    token_batch batch = batch_of(a, r);
    float logits[OUTCOME_MAX_CLASSES];
    double *p = probability_room(r, s, &a->error);
    if (!p || a->error.status || !advance(a, r, &batch, layer) ||
        !encoder_exit(a->model, layer, &batch, r->hidden, logits, &a->scratch, &a->error))
        return (exit_outcome){.tier = r->at, .layer = layer}; /* the run ends with a->error */
    softmax(logits, outcome.classes, p);
    for (uint32_t c = 1; c < outcome.classes; c++)
        if (p[c] > p[outcome.prediction]) outcome.prediction = c;
    outcome.confidence = p[outcome.prediction];
    outcome.probabilities = p;
    return outcome;
}

exit_outcome answer_exit(request *r, const scenario *s, uint32_t layer) {
    bool computes = s->answers && (s->answers->mode == EXECUTE_LIVE || r->hidden);
    return computes ? compute_exit(r, s, layer) : answer_reference(s, r->record.sample, r->at, layer);
}

/* ---- v(x) ---- */

bool answers_suit_router(const answers *a, const router *r) {
    char hash[FILE_HASH_TEXT];
    encoder_embedding_hash(a->model, hash);
    return strcmp(hash, r->embedding) == 0;
}

const double *answer_representation(const request *r, const scenario *s, const router *made_by) {
    answers *a = s->answers;
    if (!a) return s->table.v + (size_t)r->record.sample * s->table.v_size;
    uint32_t h = (uint32_t)s->shape.hidden;
    token_batch batch = batch_of(a, r);
    if (!a->v) a->v = calloc(made_by->size, sizeof *a->v); /* a process runs one policy, which has one router */
    if (!a->embedded) a->embedded = malloc((size_t)a->set.longest * h * sizeof *a->embedded);
    if (!a->v || !a->embedded)
        error_memory(&a->error, (size_t)a->set.longest * h * sizeof *a->embedded);
    else if (encoder_embed(a->model, &batch, a->embedded, &a->error))
        represent(made_by->representation, a->embedded, batch.total, h, made_by->size, a->v);
    return a->v;
}

void answer_cut(request *r, const scenario *s, bool hidden) {
    r->from = hidden ? r->exits[r->exit_count - 1].layer : 0;
    if (!hidden) answer_forget(r);
    if (!hidden || !s->answers || s->payload.hidden == 4) return;
    token_batch batch = batch_of(s->answers, r);
    size_t h = s->shape.hidden;
    if (advance(s->answers, r, &batch, r->from)) hidden_round(r->hidden, batch.total * h, h, s->payload.hidden);
}
