/* See models.h. */
#include "models.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

const test_model TEST_MODELS[] = {
    {.name = "12x128",
     .layers = 12,
     .hidden = 128,
     .heads = 2,
     .feed_forward = 512,
     .vocabulary = 1000,
     .positions = 128,
     .segments = 2,
     .classes = 2,
     .scale = 0.1},
    {.name = "odd",
     .layers = 3,
     .hidden = 48,
     .heads = 3,
     .feed_forward = 100,
     .vocabulary = 77,
     .positions = 130,
     .segments = 2,
     .classes = 3,
     .scale = 0.2},
    {.name = "odder",
     .layers = 2,
     .hidden = 35,
     .heads = 5,
     .feed_forward = 33,
     .vocabulary = 50,
     .positions = 128,
     .segments = 0,
     .classes = 5,
     .mean = true,
     .scale = 0.25},
    {.name = "pre-norm",
     .layers = 6,
     .hidden = 48,
     .heads = 3,
     .feed_forward = 100,
     .vocabulary = 77,
     .positions = 128,
     .segments = 2,
     .classes = 2,
     .pre_norm = true,
     .scale = 0.2},
    {.name = "pre-norm-mean",
     .layers = 3,
     .hidden = 64,
     .heads = 1,
     .feed_forward = 256,
     .vocabulary = 77,
     .positions = 128,
     .segments = 1,
     .classes = 2,
     .pre_norm = true,
     .mean = true,
     .no_pooler = true,
     .scale = 0.2},
    {.name = "no-pooler",
     .layers = 3,
     .hidden = 64,
     .heads = 4,
     .feed_forward = 128,
     .vocabulary = 77,
     .positions = 128,
     .segments = 2,
     .classes = 2,
     .no_pooler = true,
     .scale = 0.2},
    {.name = "shared-pooler",
     .layers = 3,
     .hidden = 64,
     .heads = 4,
     .feed_forward = 128,
     .vocabulary = 77,
     .positions = 128,
     .segments = 2,
     .classes = 2,
     .shared_pooler = true,
     .scale = 0.2},
    {.name = "few-exits",
     .layers = 12,
     .hidden = 48,
     .heads = 3,
     .feed_forward = 100,
     .vocabulary = 77,
     .positions = 128,
     .segments = 2,
     .classes = 2,
     .exits = "3,6,12",
     .scale = 0.2},
    {.name = "bert-base",
     .layers = 12,
     .hidden = 768,
     .heads = 12,
     .feed_forward = 3072,
     .vocabulary = 1000,
     .positions = 128,
     .segments = 2,
     .classes = 2,
     .scale = 0.05,
     .slow = true},
    {0},
};

const test_model *test_model_named(const char *name) {
    const test_model *m = TEST_MODELS;
    while (m->name && strcmp(m->name, name) != 0) m++;
    return m->name ? m : NULL;
}

/* ---- Scratch folder ---- */

static char scratch[256];

int models_open(void **state) {
    (void)state;
    snprintf(scratch, sizeof scratch, "%s/portolan-models-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    portolan_error err = {0};
    return encoder_threads(1, &err) && mkdtemp(scratch) ? 0 : -1;
}

int models_close(void **state) {
    (void)state;
    unsetenv("PORTOLAN_KERNELS");
    return rmdir(scratch);
}

/* ---- Writing ---- */

static encoder_config config_of(const test_model *m) {
    encoder_config c = {.shape = {.layers = m->layers,
                                  .hidden = m->hidden,
                                  .feed_forward = m->feed_forward,
                                  .classes = m->classes,
                                  .vocabulary = m->vocabulary},
                        .heads = m->heads,
                        .positions = m->positions,
                        .segments = m->segments,
                        .norm_eps = 1e-12,
                        .pre_norm = m->pre_norm,
                        .pooling = m->mean ? POOL_MEAN : POOL_CLS,
                        .has_pooler = !m->no_pooler,
                        .lowercase = true};
    for (uint32_t i = 0; i < m->layers && !m->exits; i++) c.exits[i] = true;
    for (const char *at = m->exits; at && *at; at += strcspn(at, ","), at += *at == ',')
        c.exits[strtoul(at, NULL, 10) - 1] = true;
    return c;
}

/* Random biases, scales and shifts instead of zeros and ones, which would hide that one is taken for another. */
static const float *shaken(arena *memory, const tensor *t, uint64_t index) {
    float *copy = arena_alloc(memory, t->elements, sizeof *copy);
    random_stream stream = random_open(7, "shaken", index);
    memcpy(copy, t->data, t->elements * sizeof *copy);
    for (uint64_t i = 0; i < t->elements; i++) copy[i] += (float)(0.1 * random_normal(&stream));
    return copy;
}

/* "bert.encoder.highway.N.classifier.weight" as "classifiers.N.weight", and layer 1's pooler as everyone's. NULL: the
 * tensor is left out. */
static const char *shared_name(arena *memory, const char *name) {
    static const char OWN[] = "bert.encoder.highway.";
    char changed[128];
    if (strncmp(name, OWN, strlen(OWN)) != 0) return name;
    char *rest;
    unsigned long layer = strtoul(name + strlen(OWN), &rest, 10);
    const char *kind = strrchr(name, '.');
    bool pooler = strncmp(rest, ".pooler", 7) == 0;
    if (pooler && layer) return NULL;
    if (pooler)
        snprintf(changed, sizeof changed, "bert.pooler.dense%s", kind);
    else
        snprintf(changed, sizeof changed, "classifiers.%lu%s", layer, kind);
    return arena_text(memory, changed, strlen(changed));
}

static bool rewrite(const test_model *m, const char *path, portolan_error *err) {
    arena memory = {0};
    size_t count, kept = 0;
    safetensors *file = safetensors_open(path, err);
    if (!file) return false;
    const tensor *all = safetensors_all(file, &count);
    tensor *tensors = arena_alloc(&memory, count, sizeof *tensors);
    for (size_t i = 0; i < count; i++) {
        tensor t = all[i];
        if (t.rank == 1) t.data = shaken(&memory, &t, i);
        if (m->shared_pooler) t.name = shared_name(&memory, t.name);
        if (t.name) tensors[kept++] = t;
    }
    bool ok = safetensors_write(path, tensors, kept, NULL, err);
    safetensors_close(file);
    arena_free(&memory);
    return ok;
}

bool test_model_write(const test_model *m, const char *folder, portolan_error *err) {
    char path[512];
    encoder_config c = config_of(m);
    snprintf(path, sizeof path, "%s/%s", folder, m->name);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/model.safetensors", folder, m->name);
    return model_write_random(path, &c, m->scale, 1, err) && rewrite(m, path, err);
}

encoder *test_model_load(const test_model *m, uint32_t layers) {
    char path[512], config[512], inside[512];
    portolan_error err = {0};
    snprintf(inside, sizeof inside, "%s/%s", scratch, m->name);
    snprintf(path, sizeof path, "%s/%s/model.safetensors", scratch, m->name);
    snprintf(config, sizeof config, "%s/%s/config.json", scratch, m->name);
    encoder *e = test_model_write(m, scratch, &err) ? encoder_load(path, layers, &err) : NULL;
    unlink(path);
    unlink(config);
    rmdir(inside);
    if (!e) error_print(&err, stderr);
    assert_non_null(e);
    return e;
}

bool kernels_choose(unsigned i) {
    static const char *const NAMES[KERNEL_TABLES] = {"avx512", "avx2", "generic"};
    setenv("PORTOLAN_KERNELS", NAMES[i], 1);
    return strcmp(kernels_pick()->name, NAMES[i]) == 0;
}
