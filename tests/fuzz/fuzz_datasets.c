/* Any bytes as a data set: one that is read is complete and in range. The first byte is the task, the
 * second the form: '0' TSV, '1' JSON, '2' JSON lines; '3' to '5' the same, read by a model's names of classes. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "workloads/workloads.h"

static void check_text(const char *text) {
    if (!text) abort();
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_int32_t codepoint;
    while (*bytes) {
        utf8proc_ssize_t n = utf8proc_iterate(bytes, -1, &codepoint);
        if (n < 1) abort();
        bytes += n;
    }
}

static void check(const dataset *d) {
    if (!d->samples || d->classes < 2 || d->classes > OUTCOME_MAX_CLASSES || !d->class_names || !d->task) abort();
    for (uint32_t i = 0; i < d->classes; i++) check_text(d->class_names[i]);
    if (d->class_names[d->classes]) abort();
    for (uint32_t i = 0; i < d->samples; i++) {
        check_text(d->text_a[i]);
        if (d->text_b) check_text(d->text_b[i]);
        if (d->labels[i] >= d->classes) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const NAMES[] = {"fuzz.tsv", "fuzz.json", "fuzz.jsonl"};
    static const char *const CLASSES[] = {"ham", "entailment", "0", NULL};
    dataset d;
    portolan_error err = {0};
    if (size < 2) return 0;
    dataset_settings settings = {.task = data[0] % 10};
    if (data[1] / 3 % 2) settings.classes = (class_list){CLASSES, 3, "the model"};
    if (dataset_parse(&d, &settings, NAMES[data[1] % 3], (const char *)data + 2, size - 2, &err))
        check(&d);
    else if (err.status != STATUS_WRONG_INPUT || !err.message[0] || !err.line || !err.column || d.text_a)
        abort(); /* a refusal says why and where, and leaves nothing */
    dataset_free(&d);
    return 0;
}
