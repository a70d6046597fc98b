/* A training file (TRAIN.yaml), read and checked. Internal to sim/. */
#ifndef PORTOLAN_TRAINING_SETUP_H
#define PORTOLAN_TRAINING_SETUP_H

#include "model/model.h"

typedef struct training_setup {
    yaml_document document;
    const char *name;
    train_settings settings;
    token_set train, dev; /* dev.samples == 0: none */
    const char *vocabulary; /* the file, to be copied beside the model; NULL: a built-in one */
} training_setup;

extern const yaml_field TRAIN_FIELDS[], TRAIN_MODEL_FIELDS[], TRAINING_FIELDS[];

/* Reads the file and the data sets it names. On failure `t` is left empty. */
bool training_setup_load(training_setup *t, const char *path, char *const *sets, size_t set_count, portolan_error *err);
void training_setup_free(training_setup *t);

#endif
