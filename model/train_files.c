/* What a training run writes: dynamics, metrics, checkpoints, the model. Each file appears whole or not at all. */
#include "train_files.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/replacement.h"

uint32_t train_epochs(const train_settings *s) {
    return (uint32_t)(s->epochs + (s->loss == LOSS_TWO_STAGE ? s->exit_epochs : 0));
}

static void path_in(const trainer *t, char *into, size_t size, const char *name) {
    snprintf(into, size, "%s/%s", t->out, name);
}

/* ---- Dynamics ---- */

static void write_dynamics_rows(const trainer *t, uint32_t layer, uint32_t epoch, FILE *out) {
    size_t classes = t->s->config.shape.classes;
    for (uint32_t i = 0; i < t->train->samples; i++) {
        const float *row = t->logits[layer - 1] + (size_t)i * classes;
        fprintf(out, "{\"guid\": %" PRIu32 ", \"logits_epoch_%" PRIu32 "\": [", t->train->guids[i], epoch);
        for (size_t c = 0; c < classes; c++) fprintf(out, "%s%.9g", c ? ", " : "", (double)row[c]);
        fprintf(out, "], \"gold\": %" PRIu32 "}\n", t->train->labels[i]);
    }
}

static bool write_exit_dynamics(const trainer *t, uint32_t layer, uint32_t epoch, const char *folder,
                                portolan_error *err) {
    char path[1200];
    replacement file;
    path_in(t, path, sizeof path, folder);
    if (!subfolder_make(path, err)) return false;
    snprintf(path, sizeof path, "%.900s/%.100s/dynamics_epoch_%" PRIu32 ".jsonl", t->out, folder, epoch);
    if (!replacement_open(&file, path, err)) return false;
    write_dynamics_rows(t, layer, epoch, file.stream);
    return replacement_finish(&file, true, err);
}

bool train_write_dynamics(const trainer *t, uint32_t epoch, portolan_error *err) {
    uint32_t recorded = 0;
    for (uint32_t layer = 1; layer <= t->s->config.shape.layers; layer++) recorded += t->s->record[layer - 1];
    for (uint32_t layer = 1; layer <= t->s->config.shape.layers; layer++) {
        char folder[64] = "training_dynamics";
        if (!t->s->record[layer - 1]) continue;
        if (recorded > 1) snprintf(folder, sizeof folder, "training_dynamics_exit_%" PRIu32, layer);
        if (!write_exit_dynamics(t, layer, epoch, folder, err)) return false;
    }
    return true;
}

/* ---- Metrics ---- */

static void write_number(FILE *out, double x) {
    if (isfinite(x))
        fprintf(out, ",%.9g", x);
    else
        fputc(',', out);
}

bool train_write_metrics(const trainer *t, portolan_error *err) {
    char path[1200];
    replacement file;
    path_in(t, path, sizeof path, "metrics.csv");
    if (!replacement_open(&file, path, err)) return false;
    fputs("epoch,exit,train_loss,train_accuracy,dev_loss,dev_accuracy\n", file.stream);
    for (size_t i = 0; i < t->metric_count; i++) {
        const epoch_metrics *m = &t->metrics[i];
        fprintf(file.stream, "%" PRIu32 ",%" PRIu32, m->epoch, m->exit);
        write_number(file.stream, m->train_loss);
        write_number(file.stream, m->train_accuracy);
        write_number(file.stream, m->dev_loss);
        write_number(file.stream, m->dev_accuracy);
        fputc('\n', file.stream);
    }
    return replacement_finish(&file, true, err);
}

/* ---- Checkpoints ---- */

typedef struct checkpoint_header {
    char magic[8];
    uint32_t epoch, real_size;
    uint32_t depth_limit, unused;
    uint64_t parameters, metrics;
    uint8_t hash[SHA256_DIGEST_LENGTH];
} checkpoint_header;

static const char MAGIC[8] = "PortolC2";

static void hash_set(SHA2_CTX *context, const token_set *set) {
    if (!set) return;
    size_t last = set->samples - 1;
    SHA256Update(context, (const uint8_t *)set->lengths, set->samples * sizeof *set->lengths);
    SHA256Update(context, (const uint8_t *)set->labels, set->samples * sizeof *set->labels);
    SHA256Update(context, (const uint8_t *)set->ids, (set->first[last] + set->lengths[last]) * sizeof *set->ids);
}

/* Hash of all that decides what training computes; the number of threads is not among it. */
static void hash_inputs(const trainer *t, uint8_t digest[SHA256_DIGEST_LENGTH]) {
    const train_settings *s = t->s;
    const encoder_config *c = &s->config;
    char text[2048];
    int n = snprintf(text, sizeof text,
                     "%" PRIu64 " %a %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %a %a %a %a %a %a %a %a %a %d %a"
                     " | %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                     " %a %d %d %d ",
                     s->seed, s->init_scale, s->epochs, s->exit_epochs, s->batch, s->shards, s->rate, s->warmup, s->cooldown, s->decay,
                     s->clip, s->dropout, s->beta1, s->beta2, s->eps, s->loss, s->curriculum, c->shape.layers,
                     c->shape.hidden, c->shape.feed_forward, c->shape.classes, c->shape.vocabulary, c->heads, c->positions,
                     c->segments, c->norm_eps, c->pre_norm, c->pooling, c->has_pooler);
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)text, (size_t)n);
    SHA256Update(&context, (const uint8_t *)c->exits, sizeof c->exits);
    if (s->start) SHA256Update(&context, (const uint8_t *)s->start, strlen(s->start));
    if (s->word_vectors) SHA256Update(&context, (const uint8_t *)s->word_vectors, strlen(s->word_vectors));
    hash_set(&context, t->train);
    hash_set(&context, t->dev);
    SHA256Final(digest, &context);
}

static bool write_all(const void *data, size_t size, size_t count, FILE *out) {
    return fwrite(data, size, count, out) == count;
}

bool train_write_checkpoint(const trainer *t, uint32_t epoch, portolan_error *err) {
    char path[1200];
    replacement file;
    checkpoint_header h = {.epoch = epoch, .real_size = sizeof(real), .depth_limit = t->curriculum.limit, .parameters = t->p.count, .metrics = t->metric_count};
    memcpy(h.magic, MAGIC, sizeof MAGIC);
    hash_inputs(t, h.hash);
    path_in(t, path, sizeof path, "checkpoint.bin");
    if (!replacement_open(&file, path, err)) return false;
    bool ok = write_all(&h, sizeof h, 1, file.stream) && write_all(t->values, sizeof(real), t->p.count, file.stream) &&
              write_all(t->m, sizeof(real), t->p.count, file.stream) &&
              write_all(t->v, sizeof(real), t->p.count, file.stream) &&
              write_all(t->metrics, sizeof *t->metrics, t->metric_count, file.stream);
    if (!ok) error_run(err, "%s: cannot write: %s", path, strerror(errno));
    return replacement_finish(&file, ok, err);
}

static bool check_header(const trainer *t, const checkpoint_header *h, const char *path, portolan_error *err) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    text_mark mark = {path, 0, 0};
    hash_inputs(t, hash);
    if (memcmp(h->magic, MAGIC, sizeof MAGIC) != 0 || h->real_size != sizeof(real))
        return error_input(err, mark, "is not a checkpoint of this program");
    if (memcmp(h->hash, hash, sizeof hash) != 0 || h->parameters != t->p.count)
        return error_input(err, mark, "is from other settings or other data; train into another folder, or undo the change");
    if (h->epoch > train_epochs(t->s) || h->metrics > train_epochs(t->s) * t->s->config.shape.layers)
        return error_input(err, mark, "is damaged");
    if (h->depth_limit > t->curriculum.deepest) return error_input(err, mark, "is damaged");
    return true;
}

static bool read_all(void *data, size_t size, size_t count, FILE *in) { return fread(data, size, count, in) == count; }

bool train_read_checkpoint(trainer *t, uint32_t *epoch, portolan_error *err) {
    char path[1200];
    checkpoint_header h;
    path_in(t, path, sizeof path, "checkpoint.bin");
    if (access(path, F_OK) != 0 && errno == ENOENT) return true; /* killed before the first one: start anew */
    FILE *in = file_open(path, "a checkpoint", NULL, err);
    if (!in) return false;
    file_own(path); /* the next one replaces it */
    bool ok = read_all(&h, sizeof h, 1, in) || error_input(err, (text_mark){path, 0, 0}, "is cut short");
    ok = ok && check_header(t, &h, path, err);
    if (ok && !(read_all(t->values, sizeof(real), t->p.count, in) && read_all(t->m, sizeof(real), t->p.count, in) &&
                read_all(t->v, sizeof(real), t->p.count, in) && read_all(t->metrics, sizeof *t->metrics, h.metrics, in)))
        ok = error_input(err, (text_mark){path, 0, 0}, "is cut short");
    fclose(in);
    if (!ok) return false;
    t->metric_count = h.metrics;
    t->curriculum.limit = h.depth_limit;
    *epoch = h.epoch;
    return true;
}

/* ---- The model ---- */

typedef struct draft {
    tensor *tensors;
    char (*names)[128];
    float *floats;
    uint16_t *halves;
} draft;

static void free_draft(draft *d) {
    free(d->tensors);
    free(d->names);
    free(d->floats);
    free(d->halves);
}

static void fill_draft(const trainer *t, draft *d) {
    for (size_t i = 0; i < t->p.count; i++) {
        d->floats[i] = (float)t->values[i];
        d->halves[i] = half_from_float(d->floats[i]);
    }
    for (size_t i = 0; i < t->p.list_count; i++) {
        const parameter *n = &t->p.list[i];
        model_part_name(n->part, n->layer, d->names[i], sizeof d->names[i]);
        d->tensors[i] = (tensor){.name = d->names[i], .type = t->s->half ? TENSOR_F16 : TENSOR_F32, .rank = n->rank,
                                 .elements = n->count,
                                 .data = t->s->half ? (const void *)(d->halves + n->offset) : d->floats + n->offset};
        memcpy(d->tensors[i].shape, n->shape, sizeof n->shape);
    }
}

bool train_write_model(const trainer *t, portolan_error *err) {
    static const char *const METADATA[] = {"format", "pt", NULL};
    char path[1200];
    draft d = {calloc(t->p.list_count, sizeof *d.tensors), calloc(t->p.list_count, sizeof *d.names),
               malloc(t->p.count * sizeof *d.floats), malloc(t->p.count * sizeof *d.halves)};
    bool ok = (d.tensors && d.names && d.floats && d.halves) || error_memory(err, t->p.count * sizeof *d.floats);
    if (ok) {
        fill_draft(t, &d);
        path_in(t, path, sizeof path, "model.safetensors");
        ok = safetensors_write(path, d.tensors, t->p.list_count, METADATA, err) &&
             encoder_config_write(&t->s->config, path, err);
    }
    free_draft(&d);
    return ok;
}
