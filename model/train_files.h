/* The state of a training run, and the files it leaves. Internal to model/. */
#ifndef PORTOLAN_TRAIN_FILES_H
#define PORTOLAN_TRAIN_FILES_H

#include "training.h"

typedef struct shard shard;

typedef struct trainer {
    const train_settings *s;
    const token_set *train, *dev; /* dev may be NULL */
    const char *out;
    unsigned threads;
    const train_watch *watch;
    parameters p;
    real *values, *m, *v; /* [p.count] */
    exit_losses losses;
    bool frozen;          /* second stage: only exits are updated */
    shard *shards;        /* [s->shards] */
    uint32_t *order, *batches; /* of the epoch: samples, and the first of each batch */
    float *logits[MODEL_MAX_LAYERS]; /* [samples of the larger set][classes] of each exit */
    epoch_metrics *metrics;          /* rows of all epochs so far */
    size_t metric_count;
} trainer;

/* Epochs of both stages. */
uint32_t train_epochs(const train_settings *s);

/* training_dynamics/ (or training_dynamics_exit_N/ where several exits are recorded): dynamics_epoch_N.jsonl with a line
 * {"guid": i, "logits_epoch_N": [...], "gold": label} a sample, the form of the published cartography tool. */
bool train_write_dynamics(const trainer *t, uint32_t epoch, portolan_error *err);

/* metrics.csv, whole. */
bool train_write_metrics(const trainer *t, portolan_error *err);

/* checkpoint.bin: everything needed to go on with `epoch`, and a hash of settings and data, so that it is not gone on with
 * under others. */
bool train_write_checkpoint(const trainer *t, uint32_t epoch, portolan_error *err);
bool train_read_checkpoint(trainer *t, uint32_t *epoch, portolan_error *err);

/* model.safetensors and config.json. */
bool train_write_model(const trainer *t, portolan_error *err);

#endif
