/* The training loop: batches of like lengths, shards on threads, AdamW, and after every epoch metrics, dynamics and a
 * checkpoint. Everything random follows from (seed, epoch, step), so a checkpoint needs no random state, and the sum over
 * shards has a fixed order, so neither threads nor interruptions change a bit of the result. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/replacement.h"
#include "files.h"

static uint32_t steps_of_epoch(const trainer *t) {
    return (uint32_t)((t->train->samples + t->s->batch - 1) / t->s->batch);
}

/* ---- Shards: parts of a batch, each with its own gradients ---- */

struct shard {
    trainer *t;
    real *gradients;
    uint32_t *ids, *lengths, *labels;
    uint8_t *segments, *depths; /* depths: of its samples, while there is a curriculum */
    size_t token_room;
    training_batch batch;
    training_room room;
    exit_losses losses;
    dropout_settings dropout;
    real *logits[MODEL_MAX_LAYERS]; /* [batch][classes] of each exit */
    double loss[MODEL_MAX_LAYERS];
    portolan_error err;
    bool ok;
};

static void close_shard(shard *sh) {
    free(sh->gradients);
    free(sh->ids);
    free(sh->lengths);
    free(sh->labels);
    free(sh->depths);
    free(sh->segments);
    for (int i = 0; i < MODEL_MAX_LAYERS; i++) free(sh->logits[i]);
    training_room_free(&sh->room);
}

static bool open_shard(shard *sh, trainer *t, portolan_error *err) {
    size_t most = t->s->batch, classes = t->s->config.shape.classes;
    *sh = (shard){.t = t};
    sh->gradients = calloc(t->p.count, sizeof *sh->gradients);
    sh->lengths = malloc(most * sizeof *sh->lengths);
    sh->labels = malloc(most * sizeof *sh->labels);
    sh->depths = malloc(most);
    bool ok = sh->gradients && sh->lengths && sh->labels && sh->depths;
    for (int i = 0; ok && i < MODEL_MAX_LAYERS; i++)
        if (t->s->config.exits[i]) ok = (sh->logits[i] = malloc(most * classes * sizeof *sh->logits[i])) != NULL;
    return ok || error_memory(err, t->p.count * sizeof *sh->gradients);
}

/* Copies samples chosen[0 .. n-1] of a set end to end into the shard. */
static bool load_samples(shard *sh, const token_set *set, const uint32_t *chosen, uint32_t n) {
    size_t total = 0, at = 0;
    for (uint32_t i = 0; i < n; i++) total += set->lengths[chosen[i]];
    if (total > INT32_MAX) return error_run(&sh->err, "a batch of %zu tokens; lower 'batch' or 'max_tokens'", total);
    if (total > sh->token_room) {
        free(sh->ids);
        free(sh->segments);
        sh->ids = malloc(total * sizeof *sh->ids);
        sh->segments = malloc(total);
        sh->token_room = sh->ids && sh->segments ? total : 0;
        if (!sh->token_room) return error_memory(&sh->err, total * sizeof *sh->ids);
    }
    for (uint32_t i = 0; i < n; at += sh->lengths[i++]) {
        sh->lengths[i] = set->lengths[chosen[i]];
        sh->labels[i] = set->labels[chosen[i]];
        if (set->depths) sh->depths[i] = set->depths[chosen[i]];
        memcpy(sh->ids + at, set->ids + set->first[chosen[i]], sh->lengths[i] * sizeof *sh->ids);
        memcpy(sh->segments + at, set->segments + set->first[chosen[i]], sh->lengths[i]);
    }
    bool segments = sh->t->s->config.segments > 1;
    sh->batch = (training_batch){.tokens = {n, (uint32_t)total, sh->lengths, sh->ids, segments ? sh->segments : NULL},
                                 .labels = sh->labels,
                                 .batch_sequences = n};
    return true;
}

/* Gradients of the token table come first, and only few of its rows have any: those are cleared after each step, so that the
 * table, most of a small model, need not be gone over again and again. */
static size_t table_size(const trainer *t) { return t->p.list[0].count; }

static void run_shard(shard *sh, real *gradients) {
    const training_task task = {&sh->batch, &sh->losses, &sh->dropout};
    const training_results into = {gradients, sh->logits, sh->loss};
    sh->ok = !sh->batch.tokens.count || training_pass(&sh->t->p, sh->t->values, &task, &into, &sh->room, &sh->err);
}

static void *train_shard(void *argument) {
    shard *sh = argument;
    size_t table = table_size(sh->t);
    memset(sh->gradients + table, 0, (sh->t->p.count - table) * sizeof *sh->gradients);
    run_shard(sh, sh->gradients);
    return NULL;
}

static void *evaluate_shard(void *argument) {
    run_shard(argument, NULL);
    return NULL;
}

/* ---- Threads ---- */

/* What one thread does of `parts` equal jobs: every `threads`-th, beginning with its own number. */
typedef struct job {
    void *(*run)(void *);
    char *first;
    size_t size, parts, threads, number;
} job;

static void *run_job(void *argument) {
    const job *j = argument;
    for (size_t i = j->number; i < j->parts; i += j->threads) j->run(j->first + i * j->size);
    return NULL;
}

/* Runs run(first + i * size) for i < parts on up to `threads` threads; a thread that cannot be started is done without. */
static void run_parallel(void *(*run)(void *), void *first, size_t size, size_t parts, unsigned threads) {
    enum { MOST = 64 };
    job jobs[MOST];
    pthread_t others[MOST];
    bool started[MOST] = {false};
    size_t n = threads < parts ? threads : parts;
    if (n > MOST) n = MOST;
    for (size_t i = 0; i < n; i++) jobs[i] = (job){run, first, size, parts, n, i};
    for (size_t i = 1; i < n; i++) started[i] = pthread_create(&others[i], NULL, run_job, &jobs[i]) == 0;
    for (size_t i = 0; i < n; i++)
        if (!started[i]) run_job(&jobs[i]);
    for (size_t i = 1; i < n; i++)
        if (started[i]) pthread_join(others[i], NULL);
}

/* ---- A step ---- */

/* Which step of all, from 0, and its learning rate. */
typedef struct step_place {
    uint64_t step;
    double rate;
} step_place;

typedef struct update_part {
    trainer *t;
    size_t from, to;
    adamw_settings s;
    double norm; /* of the gradients of this part */
} update_part;

/* Moves a shard's rows of the token table to the first shard's; a row that was moved is clear when its token comes again. */
static void move_token_rows(trainer *t, const shard *sh) {
    size_t width = t->s->config.shape.hidden;
    for (uint32_t i = 0; i < sh->batch.tokens.total; i++) {
        real *row = sh->gradients + sh->ids[i] * width, *sum = t->shards[0].gradients + sh->ids[i] * width;
        for (size_t k = 0; k < width; k++) {
            sum[k] += row[k];
            row[k] = 0;
        }
    }
}

static void clear_token_rows(trainer *t) {
    size_t width = t->s->config.shape.hidden;
    for (size_t k = 0; k < t->s->shards; k++)
        for (uint32_t i = 0; i < t->shards[k].batch.tokens.total; i++)
            memset(t->shards[0].gradients + t->shards[k].ids[i] * width, 0, width * sizeof(real));
}

/* Adds the shards' gradients in their order. */
static void *sum_part(void *argument) {
    const update_part *u = argument;
    real *sum = u->t->shards[0].gradients;
    for (size_t k = 1; k < u->t->s->shards; k++) {
        const real *more = u->t->shards[k].gradients;
        for (size_t i = u->from; i < u->to; i++) sum[i] += more[i];
    }
    return NULL;
}

static void *measure_part(void *argument) {
    update_part *u = argument;
    u->norm = gradient_norm(u->t->shards[0].gradients + u->from, u->to - u->from);
    return NULL;
}

/* The norm of all gradients, from those of the parts in their order. */
static double whole_norm(update_part *parts, size_t count, unsigned threads) {
    double squares = 0;
    run_parallel(measure_part, parts, sizeof *parts, count, threads);
    for (size_t i = 0; i < count; i++) squares += parts[i].norm * parts[i].norm;
    return sqrt(squares);
}

static void *update_values(void *argument) {
    const update_part *u = argument;
    trainer *t = u->t;
    const adamw_state state = {t->values, t->m, t->v, t->shards[0].gradients};
    adamw_step(&t->p, &u->s, &state, u->from, u->to);
    return NULL;
}

static double learning_rate(const trainer *t, uint64_t step, uint64_t steps) {
    double done = (double)step, all = (double)steps, warm = t->s->warmup * all, cool = t->s->cooldown * all;
    if (cool > all - warm) cool = all - warm;
    if (done < warm) return t->s->rate * (done + 1) / (warm + 1);
    return done < all - cool ? t->s->rate : t->s->rate * (all - done) / (cool + 1e-9);
}

static void update(trainer *t, double rate, uint64_t step) {
    enum { PARTS = 8 };
    update_part parts[PARTS];
    size_t n = t->p.count, table = table_size(t);
    for (size_t i = 0; i < PARTS; i++)
        parts[i] = (update_part){.t = t,
                                 .from = table + (n - table) * i / PARTS,
                                 .to = table + (n - table) * (i + 1) / PARTS};
    for (size_t k = 1; k < t->s->shards; k++) move_token_rows(t, &t->shards[k]);
    run_parallel(sum_part, parts, sizeof *parts, PARTS, t->threads);
    for (size_t i = 0; i < PARTS; i++)
        parts[i] = (update_part){.t = t, .from = n * i / PARTS, .to = n * (i + 1) / PARTS};
    double norm = t->s->clip > 0 ? whole_norm(parts, PARTS, t->threads) : 0;
    double scale = norm > t->s->clip && t->s->clip > 0 ? t->s->clip / norm : 1;
    size_t frozen = t->frozen ? t->p.list[t->p.backbone].offset : 0;
    for (size_t i = 0; i < PARTS; i++) {
        parts[i].s = (adamw_settings){rate, t->s->beta1, t->s->beta2, t->s->eps, t->s->decay, scale, step};
        if (parts[i].from < frozen) parts[i].from = frozen < parts[i].to ? frozen : parts[i].to;
    }
    run_parallel(update_values, parts, sizeof *parts, PARTS, t->threads);
    clear_token_rows(t);
}

static bool check_shards(const trainer *t, portolan_error *err) {
    for (size_t i = 0; i < t->s->shards; i++) {
        if (t->shards[i].ok) continue;
        *err = t->shards[i].err;
        return false;
    }
    return true;
}

/* Deals samples [first, first + n) of `order` to the shards, in runs. */
static bool deal(trainer *t, const token_set *set, const uint32_t *chosen, uint32_t n, portolan_error *err) {
    uint32_t at = 0, parts = (uint32_t)t->s->shards;
    for (uint32_t k = 0; k < parts; k++) {
        uint32_t end = (uint32_t)((uint64_t)n * (k + 1) / parts);
        shard *sh = &t->shards[k];
        if (!load_samples(sh, set, chosen + at, end - at)) {
            *err = sh->err;
            return false;
        }
        sh->batch.batch_sequences = n;
        memset(sh->loss, 0, sizeof sh->loss);
        at = end;
    }
    return true;
}

/* The weighted loss of what the shards have just done. */
static double batch_loss(const trainer *t, uint32_t n) {
    double loss = 0;
    for (size_t k = 0; k < t->s->shards; k++)
        for (int i = 0; i < MODEL_MAX_LAYERS; i++) loss += t->losses.weight[i] * t->shards[k].loss[i];
    return loss / n;
}

static uint32_t largest(const real *row, size_t n) {
    uint32_t best = 0;
    for (uint32_t c = 1; c < n; c++)
        if (row[c] > row[best]) best = c;
    return best;
}

/* How the last exit did on the newest depth of the curriculum. */
static void count_newest(trainer *t) {
    size_t classes = t->s->config.shape.classes, last = t->s->config.shape.layers - 1;
    for (size_t k = 0; t->train->depths && k < t->s->shards; k++) {
        const shard *sh = &t->shards[k];
        for (uint32_t i = 0; i < sh->batch.tokens.count; i++) {
            if (sh->depths[i] != t->curriculum.limit) continue;
            t->curriculum.newest++;
            t->curriculum.newest_right += largest(sh->logits[last] + i * classes, classes) == sh->labels[i];
        }
    }
}

/* One step on n of the epoch's samples from order[at] on. */
static bool train_batch(trainer *t, uint32_t at, uint32_t n, const step_place *now, double *loss, portolan_error *err) {
    if (!deal(t, t->train, t->order + at, n, err)) return false;
    for (size_t k = 0; k < t->s->shards; k++) {
        t->shards[k].losses = t->losses;
        t->shards[k].dropout = (dropout_settings){t->s->dropout, t->s->seed, now->step, k};
    }
    run_parallel(train_shard, t->shards, sizeof *t->shards, t->s->shards, t->threads);
    if (!check_shards(t, err)) return false;
    *loss = batch_loss(t, n);
    if (!isfinite(*loss))
        return error_run(err,
                         "the loss is not finite at step %llu; lower 'rate' or clip the gradients (the last good "
                         "checkpoint is kept)",
                         (unsigned long long)now->step + 1);
    count_newest(t);
    update(t, now->rate, now->step + 1);
    return true;
}

/* ---- Evaluation ---- */

/* Logits of every exit for a whole set, into logits[layer - 1] [samples][classes], and each exit's mean loss. */
static bool evaluate(trainer *t, const token_set *set, float *const *logits, double *loss, portolan_error *err) {
    uint32_t size = (uint32_t)t->s->batch;
    size_t classes = t->s->config.shape.classes;
    memset(loss, 0, MODEL_MAX_LAYERS * sizeof *loss);
    for (uint32_t i = 0; i < set->samples; i++) t->order[i] = i;
    train_sort_by_length(set, t->order, set->samples);
    for (uint32_t at = 0; at < set->samples; at += size) {
        uint32_t n = set->samples - at < size ? set->samples - at : size, done = 0;
        if (!deal(t, set, t->order + at, n, err)) return false;
        for (size_t k = 0; k < t->s->shards; k++) {
            t->shards[k].losses = t->losses;
            t->shards[k].dropout = (dropout_settings){0};
        }
        run_parallel(evaluate_shard, t->shards, sizeof *t->shards, t->s->shards, t->threads);
        if (!check_shards(t, err)) return false;
        for (size_t k = 0; k < t->s->shards; done += t->shards[k++].batch.tokens.count)
            for (int layer = 0; layer < MODEL_MAX_LAYERS; layer++) {
                loss[layer] += t->shards[k].loss[layer];
                for (uint32_t i = 0; logits[layer] && i < t->shards[k].batch.tokens.count; i++)
                    for (size_t c = 0; c < classes; c++)
                        logits[layer][t->order[at + done + i] * classes + c] = (float)t->shards[k]
                                                                                   .logits[layer][i * classes + c];
            }
    }
    for (int layer = 0; layer < MODEL_MAX_LAYERS; layer++) {
        loss[layer] /= set->samples;
        if (!isfinite(loss[layer]))
            return error_run(
                err,
                "the loss at exit %d is not finite after the epoch; lower 'rate' or clip the gradients (the "
                "last good checkpoint is kept)",
                layer + 1);
    }
    return true;
}

static double accuracy(const token_set *set, const float *logits, size_t classes) {
    uint32_t right = 0;
    for (uint32_t i = 0; i < set->samples; i++) {
        right += largest(logits + (size_t)i * classes, classes) == set->labels[i];
    }
    return (double)right / set->samples;
}

/* Metrics of an epoch, a row an exit, and the dynamics of the recorded exits. */
static bool finish_epoch(trainer *t, uint32_t epoch, portolan_error *err) {
    double loss[2][MODEL_MAX_LAYERS];
    size_t classes = t->s->config.shape.classes;
    epoch_metrics *rows = t->metrics + t->metric_count;
    size_t count = 0;
    if (!evaluate(t, t->train, t->logits, loss[0], err) || !train_write_dynamics(t, epoch, err)) return false;
    for (uint32_t layer = 1; layer <= t->s->config.shape.layers; layer++)
        if (t->s->config.exits[layer - 1])
            rows[count++] = (epoch_metrics){
                epoch, layer, loss[0][layer - 1], accuracy(t->train, t->logits[layer - 1], classes), NAN, NAN};
    if (t->dev && !evaluate(t, t->dev, t->logits, loss[1], err)) return false;
    for (size_t i = 0; t->dev && i < count; i++) {
        rows[i].dev_loss = loss[1][rows[i].exit - 1];
        rows[i].dev_accuracy = accuracy(t->dev, t->logits[rows[i].exit - 1], classes);
    }
    t->metric_count += count;
    if (t->watch->epoch) t->watch->epoch(t->watch->context, rows, count);
    return true;
}

/* ---- The whole ---- */

static void set_losses(trainer *t, bool second_stage) {
    const train_settings *s = t->s;
    double sum = 0;
    uint32_t last = (uint32_t)s->config.shape.layers;
    t->losses = (exit_losses){.frozen_backbone = second_stage};
    t->frozen = second_stage;
    for (uint32_t layer = 1; layer <= last; layer++) {
        if (!s->config.exits[layer - 1]) continue;
        double w = s->loss == LOSS_JOINT ? layer : 1;
        if (s->loss == LOSS_TWO_STAGE) w = (layer == last) != second_stage;
        t->losses.weight[layer - 1] = w;
        sum += w;
    }
    for (uint32_t layer = 0; layer < last; layer++) t->losses.weight[layer] /= sum;
}

/* Steps of the stage that an epoch belongs to, for the learning rate; and the loss, smoothed over its steps so far. */
typedef struct stage {
    uint64_t first_step, steps;
    double smoothed; /* below 0: none yet */
} stage;

/* The next n samples, from order[at] on, in batches of like lengths. */
static bool train_window(trainer *t, uint32_t at, uint32_t n, uint64_t first_step, stage *now, portolan_error *err) {
    uint32_t batches[TRAIN_WINDOW], size = (uint32_t)t->s->batch;
    uint32_t count = train_arrange_window(t, first_step, t->order + at, n, batches);
    uint64_t all = (uint64_t)steps_of_epoch(t) * train_epochs(t->s);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t of_batch = n - batches[i] < size ? n - batches[i] : size;
        step_place place = {.step = first_step + i};
        place.rate = learning_rate(t, place.step - now->first_step, now->steps);
        double loss;
        if (!train_batch(t, at + batches[i], of_batch, &place, &loss, err)) return false;
        now->smoothed = now->smoothed < 0 ? loss : 0.95 * now->smoothed + 0.05 * loss;
        if (t->watch->step) t->watch->step(t->watch->context, place.step + 1, all, now->smoothed, place.rate);
    }
    curriculum_advance(&t->curriculum, t->s->curriculum);
    return true;
}

static bool train_epoch(trainer *t, uint32_t epoch, portolan_error *err) {
    bool second = epoch >= t->s->epochs;
    uint64_t batches = steps_of_epoch(t);
    stage now = {second ? batches * t->s->epochs : 0, batches * (second ? t->s->exit_epochs : t->s->epochs), -1};
    uint32_t n = t->train->samples, window = TRAIN_WINDOW * (uint32_t)t->s->batch;
    set_losses(t, second);
    train_arrange_epoch(t, epoch, t->order);
    for (uint32_t at = 0; at < n; at += window)
        if (!train_window(t, at, n - at < window ? n - at : window, batches * epoch + at / t->s->batch, &now, err))
            return false;
    return true;
}

static void close_trainer(trainer *t) {
    for (size_t i = 0; t->shards && i < t->s->shards; i++) close_shard(&t->shards[i]);
    for (int i = 0; i < MODEL_MAX_LAYERS; i++) free(t->logits[i]);
    free(t->shards);
    free(t->values);
    free(t->m);
    free(t->v);
    free(t->order);
    curriculum_close(&t->curriculum);
    free(t->metrics);
    parameters_close(&t->p);
}

static bool open_trainer(trainer *t, portolan_error *err) {
    const train_settings *s = t->s;
    size_t classes = s->config.shape.classes, samples = t->train->samples;
    if (t->dev && t->dev->samples > samples) samples = t->dev->samples;
    if (!parameters_open(&t->p, &s->config, err)) return false;
    t->values = malloc(t->p.count * sizeof *t->values);
    t->m = calloc(t->p.count, sizeof *t->m);
    t->v = calloc(t->p.count, sizeof *t->v);
    t->order = malloc(samples * sizeof *t->order);
    t->metrics = calloc(train_epochs(s) * s->config.shape.layers, sizeof *t->metrics);
    t->shards = calloc(s->shards, sizeof *t->shards);
    bool ok = t->values && t->m && t->v && t->order && t->metrics && t->shards;
    for (int i = 0; ok && i < MODEL_MAX_LAYERS; i++)
        if (s->config.exits[i]) ok = (t->logits[i] = malloc(samples * classes * sizeof *t->logits[i])) != NULL;
    if (!ok) return error_memory(err, 3 * t->p.count * sizeof *t->values);
    for (size_t i = 0; i < s->shards; i++)
        if (!open_shard(&t->shards[i], t, err)) return false;
    parameters_initialize(&t->p, s->init_scale, s->seed, t->values);
    if (s->start && !train_start_from(&t->p, s->start, t->values, err)) return false;
    if (s->word_vectors && !train_start_words(&t->p, s, t->values, err)) return false;
    return curriculum_open(&t->curriculum, s, t->train, err);
}

/* Labels beyond the classes, and classes without a sample, make a training run worthless. */
static bool check_labels(const trainer *t, portolan_error *err) {
    uint64_t classes = t->s->config.shape.classes;
    const token_set *sets[] = {t->train, t->dev};
    for (int k = 0; k < 2 && sets[k]; k++)
        for (uint32_t i = 0; i < sets[k]->samples; i++)
            if (sets[k]->labels[i] >= classes)
                return error_usage(err, "sample %u has label %u; the model has %llu classes", i, sets[k]->labels[i],
                                   (unsigned long long)classes);
    for (uint64_t c = 0; c < classes; c++) {
        uint32_t i = 0;
        while (i < t->train->samples && t->train->labels[i] != c) i++;
        if (i == t->train->samples)
            return error_usage(err, "no training sample has class %llu; give the model fewer classes or other data",
                               (unsigned long long)c);
    }
    return true;
}

/* Says with which arithmetic the run goes on. Another one than before gives other bits than an undisturbed run. */
static bool settle_arithmetic(trainer *t, uint32_t epoch, portolan_error *err) {
    const char *now = training_arithmetic();
    const char *before = t->arithmetic_count ? t->arithmetic[t->arithmetic_count - 1].name : now;
    bool same = strcmp(before, now) == 0;
    if (!same && !t->s->accept_changed)
        return error_input(
            err, (text_mark){t->out, 0, 0},
            "was trained with '%s'; here it is '%s', and the model would not be that of an undisturbed run: go "
            "on where it began, set OPENBLAS_CORETYPE, or accept it with --accept-changed",
            before, now);
    if (!same && t->arithmetic_count == TRAIN_ARITHMETICS)
        return error_input(err, (text_mark){t->out, 0, 0}, "has changed its arithmetic %d times already",
                           TRAIN_ARITHMETICS);
    if (!same || !t->arithmetic_count) {
        train_arithmetic *a = &t->arithmetic[t->arithmetic_count++];
        a->from_epoch = epoch;
        snprintf(a->name, sizeof a->name, "%s", now);
    }
    return !t->watch->begin || t->watch->begin(t->watch->context, t->arithmetic, t->arithmetic_count, err);
}

bool model_train(const train_settings *s, const train_run *run, portolan_error *err) {
    trainer t =
        {.s = s, .train = run->train, .dev = run->dev, .out = run->out, .threads = run->threads, .watch = run->watch};
    uint32_t epoch = 0;
    bool ok = check_labels(&t, err) && encoder_threads(t.threads, err) && open_trainer(&t, err) &&
              (!run->resume || train_read_checkpoint(&t, &epoch, err)) && settle_arithmetic(&t, epoch, err);
    for (; ok && epoch < train_epochs(s); epoch++)
        ok = train_epoch(&t, epoch, err) && finish_epoch(&t, epoch, err) && train_write_metrics(&t, err) &&
             train_write_checkpoint(&t, epoch + 1, err);
    ok = ok && train_write_model(&t, err);
    close_trainer(&t);
    return ok;
}
