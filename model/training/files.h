/* The state of a training run, and the files it leaves. Internal to model/. */
#ifndef PORTOLAN_TRAIN_FILES_H
#define PORTOLAN_TRAIN_FILES_H

#include "training.h"

typedef struct shard shard;

/* How deep samples may be by now. A depth is admitted once the last exit is right often enough on the deepest before it. */
typedef struct curriculum {
    uint32_t limit, deepest;       /* equal: all are admitted */
    uint32_t newest, newest_right; /* samples of depth `limit` trained on in this window, and those answered rightly */
    uint32_t *samples;             /* [samples of the set] sorted by depth; owned */
    uint32_t end[256];             /* samples no deeper than [depth] */
} curriculum;

typedef struct trainer {
    const train_settings *s;
    const token_set *train, *dev; /* dev may be NULL */
    const char *out;
    unsigned threads;
    const train_watch *watch;
    parameters p;
    real *values, *m, *v; /* [p.count] */
    exit_losses losses;
    bool frozen;     /* second stage: only exits are updated */
    shard *shards;   /* [s->shards] */
    uint32_t *order; /* of the epoch: samples */
    curriculum curriculum;
    float *logits[MODEL_MAX_LAYERS]; /* [samples of the larger set][classes] of each exit */
    epoch_metrics *metrics;          /* rows of all epochs so far */
    size_t metric_count;
    train_arithmetic arithmetic[TRAIN_ARITHMETICS]; /* so far; the last is this process's */
    size_t arithmetic_count;
} trainer;

/* ---- Order (order.c) ---- */

enum { TRAIN_WINDOW = 16 }; /* batches */

bool curriculum_open(curriculum *c, const train_settings *s, const token_set *set, portolan_error *err);
void curriculum_close(curriculum *c);

/* At the end of a window: admits the next depth if the newest is known well enough, and counts anew. */
void curriculum_advance(curriculum *c, double accuracy_wanted);

/* The samples of an epoch in random order, into order[samples]. */
void train_arrange_epoch(const trainer *t, uint32_t epoch, uint32_t *order);

/* Arranges the n samples of the window that begins with `step` into batches of like lengths; batches[] gets where each
 * begins, in the order in which they are to be run. While the curriculum lasts the samples are replaced. Returns how many. */
uint32_t train_arrange_window(const trainer *t, uint64_t step, uint32_t *window, uint32_t n, uint32_t *batches);

void train_sort_by_length(const token_set *set, uint32_t *samples, uint32_t n);

/* ---- What is known beforehand (start.c) ---- */

enum { MODEL_MAX_WORD_VECTOR = 1024 }; /* numbers of a word that are used */

/* Takes every weight that the model at `path` has over into the values; classifiers and position tables of another shape, and
 * weights that it lacks, stay as they are. Any other difference in shape is an error. */
bool train_start_from(const parameters *p, const char *path, real *values, portolan_error *err);

/* Puts the vectors of s->word_vectors (GloVe's text form: a line a word and its numbers) into the first columns of the token
 * table, for the words that are single tokens of s->vocabulary, scaled to the standard deviation s->init_scale. */
bool train_start_words(const parameters *p, const train_settings *s, real *values, portolan_error *err);

/* ---- Files (files.c) ---- */

/* training_dynamics/ (or training_dynamics_exit_N/ where several exits are recorded): dynamics_epoch_N.jsonl with a line
 * {"guid": i, "logits_epoch_N": [...], "gold": label} a sample, the form of the published cartography tool. */
bool train_write_dynamics(const trainer *t, uint32_t epoch, portolan_error *err);

/* metrics.csv, whole. */
bool train_write_metrics(const trainer *t, portolan_error *err);

/* checkpoint.bin (checkpoint.c): everything needed to go on with `epoch`, a hash of settings and data, so that it is
 * not gone on with under others, and a checksum of it all. Where there is no file, reading leaves all as it is. */
bool train_write_checkpoint(const trainer *t, uint32_t epoch, portolan_error *err);
bool train_read_checkpoint(trainer *t, uint32_t *epoch, portolan_error *err);

/* The first of the n numbers that is not finite; n if all are. */
size_t train_find_bad(const real *numbers, size_t n);

/* The parameter to which number `at` of all belongs, for messages. */
const parameter *train_parameter_at(const trainer *t, size_t at);

/* model.safetensors and config.json. */
bool train_write_model(const trainer *t, portolan_error *err);

#endif
