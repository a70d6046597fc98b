/* Outcomes from the table or from the model. */
#include "outcome_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A row of the table is there or not. One that is being computed is claimed by a lock on its byte of the file behind
 * the states: the system drops the lock when its holder ends, however it ends, and wakes who waits for it. */
enum { ROW_ABSENT, ROW_READY };

enum { MOST_ROWS = 64 }; /* of a batch */

static _Atomic unsigned char *row_state(const outcome_source *a, uint32_t sample) {
    return (_Atomic unsigned char *)&a->states[sample];
}

/* The states of so many rows, all absent, which processes share. */
static bool open_states(outcome_source *a, uint32_t rows, portolan_error *err) {
    a->file = memfd_create("portolan-rows", MFD_CLOEXEC);
    void *states = MAP_FAILED;
    if (a->file >= 0 && ftruncate(a->file, rows) == 0)
        states = mmap(NULL, rows, PROT_READ | PROT_WRITE, MAP_SHARED, a->file, 0);
    if (states != MAP_FAILED) a->states = states;
    return a->states || error_run(err, "no memory can be shared for %u rows of answers: %s", rows, strerror(errno));
}

outcome_source *outcome_source_open(int mode, encoder *model, token_set *set, outcome_table *table,
                                    portolan_error *err) {
    outcome_source *a = malloc(sizeof *a);
    if (!a) {
        error_memory(err, sizeof *a);
        return NULL;
    }
    *a = (outcome_source){.mode = mode, .table = table};
    if (!open_states(a, set->samples, err) || !encoder_threads(1, err)) {
        outcome_source_close(a);
        return NULL;
    }
    a->model = model;
    a->set = *set;
    *set = (token_set){0};
    return a;
}

void outcome_source_close(outcome_source *a) {
    if (!a) return;
    if (a->states) munmap(a->states, a->set.samples);
    if (a->file >= 0) close(a->file);
    encoder_scratch_free(&a->scratch);
    free(a->v);
    free(a->embedded);
    encoder_free(a->model);
    token_set_free(&a->set);
    free(a);
}

/* ---- Rows of the table ---- */

static bool is_ready(const outcome_source *a, uint32_t sample) {
    return atomic_load(row_state(a, sample)) == ROW_READY;
}

/* Claims rows [from, to) or gives them back, by type F_WRLCK or F_UNLCK. Where another process has claimed one of
 * them, F_SETLKW waits until it has given it back or ended; F_SETLK fails. */
static bool lock_rows(const outcome_source *a, uint32_t from, uint32_t to, short type, int how) {
    struct flock rows = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = to - from};
    int failed;
    do failed = fcntl(a->file, how, &rows);
    while (failed && errno == EINTR);
    return !failed;
}

/* Claims absent rows from `sample` on: neighbours are likely to be asked about next, and many rows at a time are computed
 * several times faster than one. */
static uint32_t claim_batch(const outcome_source *a, uint32_t sample, uint32_t chosen[MOST_ROWS]) {
    enum { MOST_TOKENS = 1024 };
    uint32_t n = 0, tokens = 0;
    for (uint32_t i = sample; i < a->set.samples && n < MOST_ROWS && tokens < MOST_TOKENS; i++) {
        if (is_ready(a, i) || !lock_rows(a, i, i + 1, F_WRLCK, F_SETLK)) continue;
        if (is_ready(a, i)) continue; /* by a process that has just given it back */
        tokens += a->set.lengths[i];
        chosen[n++] = i;
    }
    return n;
}

/* Makes sure that a row is there: computes it, or waits for the process that does. False after a failure. */
static bool make_ready(outcome_source *a, uint32_t sample) {
    uint32_t chosen[MOST_ROWS];
    if (is_ready(a, sample)) return true;
    if (a->error.status) return false;
    if (!lock_rows(a, sample, sample + 1, F_WRLCK, F_SETLKW))
        return error_run(&a->error, "row %u of the answers cannot be claimed: %s", sample, strerror(errno));
    uint32_t n = claim_batch(a, sample, chosen);
    bool ok = !n ||
              encoder_fill_outcomes(a->model, &(token_choice){&a->set, chosen, n}, a->table, &a->scratch, &a->error);
    for (uint32_t i = 0; ok && i < n; i++) atomic_store(row_state(a, chosen[i]), ROW_READY);
    lock_rows(a, 0, a->set.samples, F_UNLCK, F_SETLK);
    return ok;
}

static exit_outcome from_table(const outcome_table *t, uint32_t sample, tier at, uint32_t layer) {
    uint32_t exit = t->exit_at[layer] - 1u;
    return (exit_outcome){
        .at = at,
        .layer = layer,
        .prediction = outcome_prediction(t, sample, exit),
        .confidence = outcome_confidence(t, sample, exit),
        .classes = t->classes,
        .probabilities = outcome_probabilities(t, sample, exit),
    };
}

exit_outcome outcome_source_reference(const scenario *s, uint32_t sample, tier at, uint32_t layer) {
    if (s->outcomes) make_ready(s->outcomes, sample);
    return from_table(&s->table, sample, at, layer);
}

/* ---- An attempt's own hidden state ---- */

void outcome_source_forget(attempt *by) {
    free(by->hidden);
    by->hidden = NULL;
}

static token_batch batch_of(const outcome_source *a, const request *r) {
    return token_set_batch(&a->set, r->record.sample);
}

/* Brings the attempt's hidden state to `layer`, from where it stands or from its tokens. */
static bool advance(outcome_source *a, attempt *by, const token_batch *batch, uint32_t layer) {
    size_t bytes = batch->total * encoder_settings(a->model)->shape.hidden * sizeof *by->hidden;
    if (!by->hidden) {
        by->hidden = malloc(bytes);
        by->hidden_layer = 0;
        if (!by->hidden) return error_memory(&a->error, bytes);
        if (!encoder_embed(a->model, batch, by->hidden, &a->error)) return false;
    }
    bool ok = encoder_run(a->model, by->hidden_layer, layer, &(encoder_pass){batch, by->hidden, &a->scratch},
                          &a->error);
    by->hidden_layer = layer;
    return ok;
}

/* Room for the probabilities of one more exit; earlier ones keep theirs, since outcomes point to them. */
static double *probability_room(attempt *by, const scenario *s, portolan_error *err) {
    if (!by->probabilities) {
        by->probabilities = malloc((size_t)s->table.exits * s->table.classes * sizeof *by->probabilities);
        if (!by->probabilities) {
            error_memory(err, (size_t)s->table.exits * s->table.classes * sizeof *by->probabilities);
            return NULL;
        }
    }
    return by->probabilities + (size_t)by->exit_count * s->table.classes;
}

static exit_outcome compute_exit(attempt *by, tier at, const scenario *s, uint32_t layer) {
    outcome_source *a = s->outcomes;
    exit_outcome outcome = {.at = at, .layer = layer, .classes = s->table.classes};
    token_batch batch = batch_of(a, by->request);
    float logits[OUTCOME_MAX_CLASSES];
    double *p = probability_room(by, s, &a->error);
    if (!p || a->error.status || !advance(a, by, &batch, layer) ||
        !encoder_exit(a->model, layer, &(encoder_pass){&batch, by->hidden, &a->scratch}, logits, &a->error))
        return (exit_outcome){.at = at, .layer = layer}; /* the run ends with a->error */
    softmax(logits, outcome.classes, p);
    for (uint32_t c = 1; c < outcome.classes; c++)
        if (p[c] > p[outcome.prediction]) outcome.prediction = c;
    outcome.confidence = p[outcome.prediction];
    outcome.probabilities = p;
    return outcome;
}

exit_outcome outcome_source_exit(attempt *by, tier at, const scenario *s, uint32_t layer) {
    bool computes = s->outcomes && (s->outcomes->mode == EXECUTE_LIVE || by->hidden);
    return computes ? compute_exit(by, at, s, layer)
                    : outcome_source_reference(s, by->request->record.sample, at, layer);
}

/* ---- v(x) ---- */

bool outcome_source_suits_router(const outcome_source *a, const router *r) {
    char hash[FILE_HASH_TEXT];
    encoder_embedding_hash(a->model, hash);
    return strcmp(hash, r->embedding) == 0;
}

const double *outcome_source_representation(const request *r, const scenario *s, const router *made_by) {
    outcome_source *a = s->outcomes;
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

void outcome_source_cut(attempt *by, const scenario *s, bool hidden) {
    by->from = hidden ? by->exits[by->exit_count - 1].layer : 0;
    if (!hidden) outcome_source_forget(by);
    if (!hidden || !s->outcomes || s->payload.hidden == 4) return;
    token_batch batch = batch_of(s->outcomes, by->request);
    size_t h = s->shape.hidden;
    if (advance(s->outcomes, by, &batch, by->from)) hidden_round(by->hidden, batch.total * h, h, s->payload.hidden);
}
