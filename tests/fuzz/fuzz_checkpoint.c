/* Any bytes as checkpoint.bin, and good checkpoints with some bytes changed: it is refused with a reason, or training goes on
 * to a model that loads.
 *
 * The first byte says what follows. 0: the file. 1: changes of a good one, three bytes each (where, in two bytes, and what).
 * 2: the same, and the checksum is made right again, so that what lies behind it is searched. */
#include <sha2.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "model/model.h"

enum { SAMPLES = 4, TOKENS = 3, MOST = 1 << 16 };

static uint32_t lengths[SAMPLES] = {3, 2, 3, 2}, ids[10] = {2, 5, 3, 2, 3, 2, 4, 3, 2, 3},
                labels[SAMPLES] = {0, 1, 0, 1}, guids[SAMPLES] = {0, 1, 2, 3};
static size_t first[SAMPLES] = {0, 3, 5, 8};
static uint8_t segments[10], depths[SAMPLES] = {1, 1, 2, 3};
static const token_set SET = {.samples = SAMPLES,
                              .classes = 2,
                              .vocabulary = 6,
                              .longest = TOKENS,
                              .lengths = lengths,
                              .first = first,
                              .ids = ids,
                              .segments = segments,
                              .labels = labels,
                              .depths = depths,
                              .guids = guids};
static const train_watch SILENT = {0};

static train_settings settings(void) {
    return (train_settings){
        .seed = 1,
        .init_scale = 0.1,
        .epochs = 3,
        .exit_epochs = 1,
        .batch = 2,
        .shards = 2,
        .rate = 1e-2,
        .clip = 1,
        .beta1 = 0.9,
        .beta2 = 0.99,
        .eps = 1e-8,
        .curriculum = 0.5,
        .accept_changed = true,
        .config = {.shape = {.layers = 2, .hidden = 2, .feed_forward = 2, .classes = 2, .vocabulary = 6},
                   .heads = 1,
                   .positions = TOKENS,
                   .norm_eps = 1e-12,
                   .exits = {true, true}}};
}

static uint8_t good[MOST];
static size_t good_size;

/* Keeps the checkpoint of the first epoch when the second one begins. */
static void keep_first(void *context, uint64_t step, uint64_t steps, double loss, double rate) {
    (void)context, (void)steps, (void)loss, (void)rate;
    char path[128];
    if (step != SAMPLES / 2 + 1) return; /* the first step of the second epoch */
    snprintf(path, sizeof path, "%s/checkpoint.bin", fuzz_folder);
    FILE *f = fopen(path, "rb");
    if (!f) abort();
    good_size = fread(good, 1, sizeof good, f);
    fclose(f);
}

/* The checkpoint after the first of three epochs. */
static void make_good(void) {
    portolan_error err = {0};
    train_settings s = settings();
    train_watch watch = {.step = keep_first};
    if (!model_train(&s, &(train_run){&SET, NULL, fuzz_folder, 1, false, &watch}, &err)) abort();
    if (!good_size || good_size == sizeof good) abort();
}

static void sign(uint8_t *bytes, size_t size) {
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, bytes, size - SHA256_DIGEST_LENGTH);
    SHA256Final(bytes + size - SHA256_DIGEST_LENGTH, &context);
}

static void go_on(const uint8_t *bytes, size_t size) {
    char path[128];
    portolan_error err = {0};
    train_settings s = settings();
    fuzz_file("checkpoint.bin", bytes, size, NULL);
    snprintf(path, sizeof path, "%s/model.safetensors", fuzz_folder);
    unlink(path);
    if (!model_train(&s, &(train_run){&SET, NULL, fuzz_folder, 1, true, &SILENT}, &err)) {
        if (!err.status || !err.message[0]) abort();
        return;
    }
    encoder *e = encoder_load(path, 0, &err);
    if (!e) abort();
    encoder_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t bytes[MOST];
    if (!fuzz_folder[0]) {
        fuzz_folder_make();
        make_good();
    }
    if (!size) return 0;
    if (*data == 0) {
        go_on(data + 1, size - 1);
        return 0;
    }
    memcpy(bytes, good, good_size);
    for (size_t i = 1; i + 2 < size; i += 3) bytes[(data[i] + 256u * data[i + 1]) % good_size] = data[i + 2];
    if (*data == 2) sign(bytes, good_size);
    go_on(bytes, good_size);
    return 0;
}
