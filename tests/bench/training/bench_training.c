/* Training speed: samples per second of the steps alone, on the first SST-2 training sentences. bench_training THREADS STEPS;
 * `bench_training lengths STEPS` prints the lengths of each batch instead, for PyTorch to train on the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model/model.h"

enum { BATCH = 32, WARM_STEPS = 3 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double started;

/* Prints the rate at the last step and leaves: what follows a run of steps (evaluation, files) is not measured. */
static void watch_step(void *context, uint64_t step, uint64_t steps, double loss, double rate) {
    (void)loss, (void)rate;
    if (step == WARM_STEPS) started = now();
    if (step < steps) return;
    printf("%.0f samples/s\n", (double)(steps - WARM_STEPS) * BATCH / (now() - started));
    fflush(stdout);
    rmdir(context);
    _exit(0);
}

/* Batches of like lengths: sorted within windows, as training does. */
static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_lengths(token_set *set) {
    for (uint32_t at = 0; at < set->samples; at += 16 * BATCH) {
        uint32_t n = set->samples - at < 16 * BATCH ? set->samples - at : 16 * BATCH;
        qsort(set->lengths + at, n, sizeof *set->lengths, by_value);
        for (uint32_t i = 0; i < n; i++) printf("%u%c", set->lengths[at + i], i % BATCH == BATCH - 1 ? '\n' : ' ');
    }
}

int main(int argc, char **argv) {
    static const char DATA[] = "{task: sst2, file: $PORTOLAN_DATA/glue/SST-2/train.tsv, vocab: "
                               "$PORTOLAN_DATA/vocab/bert-base-uncased-vocab.txt, max_tokens: 64}";
    static const token_wants WANTS = {.model_path = "bench", .lowercase = true, .most = 64, .vocabulary = UINT32_MAX};
    yaml_document doc;
    token_set set;
    portolan_error err = {0};
    const char *paths[2];
    if (argc != 3) return 2;
    if (!yaml_parse(&doc, "bench", DATA, strlen(DATA), &err) || !token_set_load(&set, doc.root, &WANTS, paths, &err)) {
        error_print(&err, stderr);
        return 1;
    }
    set.samples = (uint32_t)atoi(argv[2]) * BATCH;
    if (strcmp(argv[1], "lengths") == 0) {
        print_lengths(&set);
        return 0;
    }
    train_settings s = {.seed = 1,
                        .config = {.shape = {12, 128, 512, 2, set.vocabulary},
                                   .heads = 2,
                                   .positions = 64,
                                   .norm_eps = 1e-12,
                                   .has_pooler = true},
                        .init_scale = 0.02,
                        .epochs = 1,
                        .batch = BATCH,
                        .shards = 2,
                        .rate = 3e-4,
                        .warmup = 0.06,
                        .decay = 0.01,
                        .clip = 1,
                        .dropout = 0.1,
                        .beta1 = 0.9,
                        .beta2 = 0.999,
                        .eps = 1e-8};
    for (int i = 0; i < 12; i++) s.config.exits[i] = true;
    char folder[] = "/tmp/portolan-bench-XXXXXX";
    train_watch watch = {.context = folder, .step = watch_step};
    if (!mkdtemp(folder) ||
        !model_train(&s, &(train_run){&set, NULL, folder, (unsigned)atoi(argv[1]), false, &watch}, &err))
        error_print(&err, stderr);
    return 1;
}
