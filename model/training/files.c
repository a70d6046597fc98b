/* What a training run writes: dynamics, metrics, the model. Each file appears whole or not at all. */
#include "files.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
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

/* ---- The model ---- */

/* The least number that rounds to infinity in half precision. */
static const double HALF_OVERFLOWS = 65520;

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
        model_weight_name(n->weight, n->layer, d->names[i], sizeof d->names[i]);
        d->tensors[i] = (tensor){.name = d->names[i],
                                 .type = t->s->half ? TENSOR_F16 : TENSOR_F32,
                                 .rank = n->rank,
                                 .elements = n->count,
                                 .data = t->s->half ? (const void *)(d->halves + n->offset) : d->floats + n->offset};
        memcpy(d->tensors[i].shape, n->shape, sizeof n->shape);
    }
}

size_t train_find_bad(const real *numbers, size_t n) {
    size_t i = 0;
    while (i < n && isfinite(numbers[i])) i++;
    return i;
}

const parameter *train_parameter_at(const trainer *t, size_t at) {
    const parameter *found = t->p.list;
    for (size_t i = 0; i < t->p.list_count && t->p.list[i].offset <= at; i++) found = &t->p.list[i];
    return found;
}

/* A model that no command would read is not written. */
static bool check_values(const trainer *t, portolan_error *err) {
    for (size_t i = 0; i < t->p.count; i++) {
        double x = (double)t->values[i];
        if (isfinite(x) && !(t->s->half && fabs(x) >= HALF_OVERFLOWS)) continue;
        char name[128];
        const parameter *n = train_parameter_at(t, i);
        model_weight_name(n->weight, n->layer, name, sizeof name);
        return error_run(err, "weight %zu of '%s' has become %g%s; lower 'rate' or clip the gradients", i - n->offset,
                         name, x, isfinite(x) ? ", too large for half precision ('half: yes')" : "");
    }
    return true;
}

bool train_write_model(const trainer *t, portolan_error *err) {
    static const char *const METADATA[] = {"format", "pt", NULL};
    char path[1200];
    if (!check_values(t, err)) return false;
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
