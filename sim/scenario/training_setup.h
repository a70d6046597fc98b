/* A training file (TRAIN.yaml), read and checked. Internal to sim/. */
#ifndef PORTOLAN_TRAINING_SETUP_H
#define PORTOLAN_TRAINING_SETUP_H

#include "model/model.h"

typedef struct training_setup {
    yaml_document document;
    const char *name;
    train_settings settings;
    token_set train, dev;   /* dev.samples == 0: none */
    token_set held_out;     /* of the training set, in no gradient; samples == 0: none; borrows the memory of `train` */
    const char *vocabulary; /* the file, to be copied beside the model; NULL: a built-in one */
    const char *data_file, *dev_file; /* NULL: none, or generated */
} training_setup;

extern const yaml_field TRAIN_FIELDS[], TRAIN_MODEL_FIELDS[], TRAINING_FIELDS[];

/* Reads the file and the data sets it names. What labels mean follows from the training set, or from `known`, the mapping
 * of the model that was trained, unless that is NULL. On failure `t` is left empty. */
bool training_setup_load(training_setup *t, const char *path, char *const *sets, size_t set_count,
                         const class_list *known, portolan_error *err);

/* Writes train.yaml, the settings with absolute paths (JSON, which is YAML too), and held_out.csv, the rows of the data set
 * that were held out, a `guid` a line. */
bool training_setup_write(training_setup *t, const char *folder, portolan_error *err);

/* Writes manifest.json: version, seed, the files read with their hashes, names of classes, and with which arithmetic the run
 * was trained from which epoch on. */
bool training_manifest_write(const training_setup *t, const train_arithmetic *list, size_t count, const char *folder,
                             portolan_error *err);

void training_setup_free(training_setup *t);

#endif
