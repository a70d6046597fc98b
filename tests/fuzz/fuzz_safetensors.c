/* Any bytes as a .safetensors file, and as its config.json: what opens lies within the file and without
 * overlap, can be read, and survives being written; a model that loads has all its parts.
 *
 * An input that begins with '{' is a config.json up to its first NUL; the rest is the .safetensors file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/model.h"

static char folder[32], model_path[64], config_path[64], copy_path[64];

static void remove_folder(void) {
    unlink(model_path);
    unlink(config_path);
    unlink(copy_path);
    rmdir(folder);
}

static void make_folder(void) {
    if (model_path[0]) return;
    /* in memory if possible: files are synced when they are written */
    snprintf(folder, sizeof folder, "%s/safetensors-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) abort();
    snprintf(model_path, sizeof model_path, "%s/m.safetensors", folder);
    snprintf(config_path, sizeof config_path, "%s/config.json", folder);
    snprintf(copy_path, sizeof copy_path, "%s/copy.safetensors", folder);
    atexit(remove_folder);
}

static void write_bytes(const char *path, const uint8_t *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0) abort();
}

/* Reads a tensor both ways, which must agree. */
static void check_tensor(const safetensors *file, const tensor *t) {
    portolan_error err = {0};
    float *plain = malloc(t->elements * sizeof *plain + 1), *turned = malloc(t->elements * sizeof *turned + 1);
    if (!plain || !turned || safetensors_find(file, t->name) != t) abort();
    bool ok = tensor_read(file, t, false, plain, &err);
    if (tensor_read(file, t, true, turned, &err) != ok || ok == (err.status != 0)) abort();
    uint64_t rows = t->rank == 2 ? t->shape[0] : 1, columns = t->rank == 2 ? t->shape[1] : t->elements;
    for (uint64_t i = 0; ok && t->elements && i < rows * columns; i++)
        if (memcmp(&plain[i], &turned[i % columns * rows + i / columns], 4) != 0) abort();
    free(plain);
    free(turned);
}

/* What was read can be written and read again. */
static void check_copy(const tensor *all, size_t count) {
    portolan_error err = {0};
    size_t copied;
    if (!safetensors_write(copy_path, all, count, NULL, &err)) abort();
    safetensors *copy = safetensors_open(copy_path, &err);
    if (!copy) abort();
    safetensors_all(copy, &copied);
    if (copied != count) abort();
    for (size_t i = 0; i < count; i++) {
        const tensor *t = safetensors_find(copy, all[i].name);
        size_t bytes = all[i].elements * (all[i].type == TENSOR_F32 ? 4 : 2);
        if (!t || t->type != all[i].type || t->rank != all[i].rank ||
            memcmp(t->shape, all[i].shape, sizeof t->shape) != 0 || (bytes && memcmp(t->data, all[i].data, bytes) != 0))
            abort();
    }
    safetensors_close(copy);
}

static void check_config(const safetensors *file) {
    portolan_error err = {0};
    encoder_config c;
    arena names = {0};
    if (!encoder_config_load(&c, &names, file, &err)) {
        if (!err.status || !err.message[0] || c.shape.layers) abort(); /* a refusal says why and leaves nothing */
        arena_free(&names);
        return;
    }
    if (c.shape.hidden % c.heads || c.shape.classes < 2 || c.shape.layers > MODEL_MAX_LAYERS) abort();
    uint32_t exits = 0;
    for (uint32_t layer = 1; layer <= c.shape.layers; layer++) {
        exits += c.exits[layer - 1];
        if (!model_tensor(file, LAYER_DOWN_BIAS, layer)) abort();
        if (c.exits[layer - 1] && !model_tensor(file, EXIT_CLASSIFIER_BIAS, layer)) abort();
    }
    if (!exits) abort();
    for (uint64_t i = 0; c.class_names && i < c.shape.classes; i++)
        if (!class_name_is_plain(c.class_names[i], strlen(c.class_names[i]))) abort();
    arena_free(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    make_folder();
    const uint8_t *end = size && *data == '{' ? memchr(data, 0, size) : NULL;
    unlink(config_path);
    if (end) {
        write_bytes(config_path, data, (size_t)(end - data));
        size -= (size_t)(end - data) + 1;
        data = end + 1;
    }
    write_bytes(model_path, data, size);
    portolan_error err = {0};
    safetensors *file = safetensors_open(model_path, &err);
    if (!file) {
        if (!err.status || !err.message[0]) abort();
        return 0;
    }
    size_t count;
    const tensor *all = safetensors_all(file, &count);
    for (size_t i = 0; i < count; i++) check_tensor(file, &all[i]);
    check_copy(all, count);
    check_config(file);
    safetensors_close(file);
    return 0;
}
