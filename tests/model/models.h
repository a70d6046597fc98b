/* Models of random weights for tests, the same bits everywhere; those named here have logits in golden/. */
#ifndef PORTOLAN_TESTS_MODELS_H
#define PORTOLAN_TESTS_MODELS_H

#include "model/encoder/kernels.h"
#include "model/model.h"
#include "tests/support.h"

typedef struct test_model {
    const char *name;
    uint64_t layers, hidden, heads, feed_forward, vocabulary, positions, segments, classes;
    bool pre_norm, mean, no_pooler;
    bool shared_pooler; /* one pooler for all exits, under PABEE's names; else DeeBERT's */
    const char *exits;  /* "3,6,12"; NULL: after every layer */
    double scale;       /* standard deviation of the weights */
    bool slow;
} test_model;

extern const test_model TEST_MODELS[]; /* the last one's name is NULL */

const test_model *test_model_named(const char *name);

/* Makes a scratch folder, and removes it with the models in it: fixtures of a group. */
int models_open(void **state);
int models_close(void **state);

/* Writes the model into FOLDER/NAME/model.safetensors with its config.json; biases and norms are random too. */
bool test_model_write(const test_model *m, const char *folder, portolan_error *err);

/* Writes it into the scratch folder and loads it; the test fails if that does. */
encoder *test_model_load(const test_model *m, uint32_t layers);

/* Chooses table `i` of avx512, avx2 and generic from now on. False if this processor has not got it. */
bool kernels_choose(unsigned i);
enum { KERNEL_TABLES = 3 };

#endif
