/* Any bytes as a file of word vectors: an error with a place, or a finite table. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory_file.h"
#include "model/training/files.h"

static const char VOCABULARY[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsea\nship\n##s\nport\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char vectors[64], vocabulary[64];
    portolan_error err = {0};
    parameters p;
    train_settings s = {
        .init_scale = 0.1,
        .word_vectors = vectors,
        .vocabulary = vocabulary,
        .config = {.shape = {.layers = 1, .hidden = 4, .feed_forward = 4, .classes = 2, .vocabulary = 9},
                   .heads = 1,
                   .positions = 4,
                   .norm_eps = 1e-12,
                   .exits = {true},
                   .lowercase = true}};
    int fds[] = {memory_file(data, size, vectors), memory_file(VOCABULARY, sizeof VOCABULARY - 1, vocabulary)};
    if (!parameters_open(&p, &s.config, &err)) abort();
    real *values = calloc(p.count, sizeof *values);
    if (!values) abort();
    bool ok = train_start_words(&p, &s, values, &err);
    if (!ok && !err.message[0]) abort();
    for (size_t i = 0; ok && i < p.count; i++)
        if (!isfinite(values[i])) abort();
    free(values);
    parameters_close(&p);
    close(fds[0]);
    close(fds[1]);
    return 0;
}
