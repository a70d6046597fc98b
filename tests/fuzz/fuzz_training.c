/* Any bytes as a training file, with small data sets beside it. What is read can be laid out; a small model is trained for
 * an epoch, and read back. */
#include <sys/stat.h>

#include "model/training/training.h"
#include "sim/scenario/training_setup.h"
#include "texts.h"

enum { SMALL_MODEL = 20000, SMALL_SET = 40 };

static void refused(const portolan_error *err) {
    if (!err->status || !err->message[0]) abort();
}

static bool is_large(const char *text, size_t size) {
    yaml_document doc;
    portolan_error err = {0};
    if (!yaml_parse(&doc, "fuzz.yaml", text, size, &err)) return false;
    bool map = doc.root->kind == YAML_MAP;
    bool large = map && (fuzz_is_large(yaml_find(doc.root, "data")) || fuzz_is_large(yaml_find(doc.root, "dev")));
    yaml_unload(&doc);
    return large;
}

static void check_setup(const training_setup *t) {
    const token_set *sets[] = {&t->train, &t->dev, &t->held_out};
    const encoder_config *c = &t->settings.config;
    if (!t->train.samples || c->positions < TOKENS_LEAST || c->shape.hidden % c->heads) abort();
    for (int k = 0; k < 3; k++)
        for (uint32_t i = 0; i < sets[k]->samples; i++)
            if (sets[k]->lengths[i] > c->positions || sets[k]->labels[i] >= c->shape.classes) abort();
}

static void train(training_setup *t) {
    static const train_watch SILENT = {0};
    char out[128], path[256];
    portolan_error err = {0};
    t->settings.epochs = t->settings.exit_epochs = 1;
    snprintf(out, sizeof out, "%s/out", fuzz_folder);
    mkdir(out, 0700);
    snprintf(path, sizeof path, "%s/model.safetensors", out);
    unlink(path);
    if (!model_train(&t->settings, &(train_run){&t->train, t->dev.samples ? &t->dev : NULL, out, 1, false, &SILENT},
                     &err)) {
        refused(&err);
        return;
    }
    encoder *e = encoder_load(path, 0, &err);
    if (!e) abort();
    encoder_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[128];
    training_setup t;
    parameters p;
    portolan_error err = {0};
    fuzz_texts_make();
    if (is_large((const char *)data, size)) return 0;
    fuzz_file("fuzz.yaml", data, size, path);
    if (!training_setup_load(&t, path, NULL, 0, NULL, &err)) {
        refused(&err);
        return 0;
    }
    check_setup(&t);
    if (!parameters_open(&p, &t.settings.config, &err)) {
        refused(&err);
    } else {
        bool small = p.count <= SMALL_MODEL && t.train.samples <= SMALL_SET && t.settings.batch <= 1000;
        parameters_close(&p);
        if (small) train(&t);
    }
    training_setup_free(&t);
    return 0;
}
