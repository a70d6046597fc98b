/* Any bytes as a workload file, with small data sets beside it: what `portolan check`, `outcomes` and a run make of it. A
 * refusal says why and leaves nothing; samples are complete and in range, arrivals come in order. */
#include "texts.h"
#include "workloads/workloads.h"

enum { VOCABULARY = 15 };

static void refused(const portolan_error *err) {
    if (!err->status || !err->message[0]) abort();
}

static void check_set(const token_set *set, uint32_t most) {
    if (!set->samples || set->longest > most || !set->class_names || set->class_names[set->classes]) abort();
    for (uint32_t i = 0; i < set->samples; i++) {
        if (set->lengths[i] < 2 || set->lengths[i] > set->longest || set->labels[i] >= set->classes) abort();
        for (uint32_t k = 0; k < set->lengths[i]; k++)
            if (set->ids[set->first[i] + k] >= VOCABULARY || set->segments[set->first[i] + k] > 1) abort();
    }
}

static void read_set(const yaml_node *data, uint32_t most, class_list classes) {
    char model[128];
    token_set set;
    portolan_error err = {0};
    const char *paths[2];
    snprintf(model, sizeof model, "%s/m.safetensors", fuzz_folder);
    token_wants wants = {.model_path = model,
                         .lowercase = true,
                         .most = most,
                         .vocabulary = VOCABULARY,
                         .classes = classes};
    if (!token_set_load(&set, data, &wants, paths, &err))
        refused(&err);
    else
        check_set(&set, most);
    token_set_free(&set);
}

static void read_arrivals(const workload *w) {
    enum { PHONES = 7, SAMPLES = 5, REQUESTS = 50 };
    arrival_source a;
    portolan_error err = {0};
    double before = 0;
    if (w->process == ARRIVALS_CLOSED) {
        for (uint32_t turn = 0; turn < REQUESTS; turn++) {
            arrival next = arrivals_closed(w, PHONES, SAMPLES, 1, turn % PHONES, turn);
            if (!(next.time >= 0) || next.sample >= SAMPLES) abort();
        }
        return;
    }
    if (!arrivals_open(&a, w, PHONES, SAMPLES, 1, &err)) {
        refused(&err);
        return;
    }
    for (int i = 0; i < REQUESTS; i++) {
        arrival next = arrivals_next(&a);
        if (!(next.time >= before) || next.phone >= PHONES || next.sample >= SAMPLES) abort();
        before = next.time;
    }
    arrivals_close(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const NAMES[] = {"good", "bad", NULL};
    char path[128];
    yaml_document doc;
    workload w;
    portolan_error err = {0};
    fuzz_texts_make();
    snprintf(path, sizeof path, "%s/fuzz.yaml", fuzz_folder);
    if (!yaml_parse(&doc, path, (const char *)data, size, &err)) {
        refused(&err);
        return 0;
    }
    if (!workload_read(&w, doc.root, &err)) {
        refused(&err);
    } else {
        read_arrivals(&w);
        if (w.data && !fuzz_is_large(w.data)) {
            read_set(w.data, 3, (class_list){0});
            read_set(w.data, 64, (class_list){NAMES, 2, "the model"});
            read_set(w.data, 64, (class_list){NULL, 3, "the model"});
        }
    }
    yaml_unload(&doc);
    return 0;
}
