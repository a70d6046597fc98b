/* Any bytes as a file of word vectors: an error with a place, or a finite table. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/train_files.h"

static const char VOCABULARY[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsea\nship\n##s\nport\n";

/* A file of its own in memory, as a path. */
static int file_of(const void *data, size_t size, char path[64]) {
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char vectors[64], vocabulary[64];
    portolan_error err = {0};
    parameters p;
    train_settings s = {.init_scale = 0.1, .word_vectors = vectors, .vocabulary = vocabulary,
                        .config = {.shape = {.layers = 1, .hidden = 4, .feed_forward = 4, .classes = 2, .vocabulary = 9},
                                   .heads = 1, .positions = 4, .norm_eps = 1e-12, .exits = {true}, .lowercase = true}};
    int fds[] = {file_of(data, size, vectors), file_of(VOCABULARY, sizeof VOCABULARY - 1, vocabulary)};
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
