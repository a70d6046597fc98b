/* What the labels of a data set mean. Numbers from 0 are classes as they are. Words are looked up in the mapping that the
 * caller gives (a model's, or the training set's); where nobody gives one, they are the task's, or, in the generic forms,
 * numbered in the order of their bytes, so that the order of rows decides nothing. */
#include <stdlib.h>
#include <string.h>

#include "dataset_rows.h"

enum { SHOWN = 60 }; /* bytes of a label in messages */

static int shown(const field *f) { return (int)(f->length < SHOWN ? f->length : SHOWN); }

static bool unknown(row_reader *r, text_mark mark, const char *label, const class_list *list, const char *note) {
    char words[256], hint[HINT_TEXT];
    list_words(words, sizeof words, list->names);
    return error_input(r->err, mark, "unknown label '%.60s'%s; %s has %s%s", label, word_hint(hint, label, list->names),
                       list->owner, words, note);
}

/* ---- Tasks whose classes are known ---- */

static uint32_t count_classes(const char *const *names) {
    uint32_t n = 0;
    while (names[n]) n++;
    return n;
}

static bool knows_any(const class_list *list, const char *const *names) {
    uint32_t found;
    for (uint32_t i = 0; names[i]; i++)
        if (class_named(list, names[i], &found)) return true;
    return false;
}

/* From the task's class to the one that the caller's mapping calls so. A number stays what it is where the mapping has none
 * of the task's names. */
static bool place_class(row_reader *r, const field *f, bool is_number, uint32_t *label) {
    const class_list *list = &r->classes;
    const char *const *names = r->task->classes;
    if (!list->names || class_named(list, names[*label], label)) return true;
    if (is_number && !knows_any(list, names) && *label < list->count) return true;
    return unknown(r, f->mark, names[*label], list, "");
}

static bool task_label(row_reader *r, const field *f, uint32_t *label) {
    const class_list task = {r->task->classes, count_classes(r->task->classes), r->d->task};
    char found[SHOWN + 1], list[256];
    long number;
    for (uint32_t i = 0; i < task.count; i++)
        if (same_text(f, task.names[i])) {
            *label = i;
            return place_class(r, f, false, label);
        }
    if (!check_text(r, f)) return false;
    snprintf(found, sizeof found, "%.*s", shown(f), f->at);
    if (f->length >= SHOWN || !class_number(found, &number))
        return unknown(r, f->mark, found, &task, ", or their numbers from 0");
    list_words(list, sizeof list, task.names);
    if (number < 0 || number >= task.count)
        return error_input(r->err, f->mark, "the label %s is out of range; %s has %u classes, 0 to %u: %s", found,
                           task.owner, task.count, task.count - 1, list);
    *label = (uint32_t)number;
    return place_class(r, f, true, label);
}

/* ---- Generic forms: first the different labels in the order in which they come ---- */

static bool new_label(row_reader *r, const field *f, uint32_t *label) {
    dataset *d = r->d;
    if (!f->length) return error_input(r->err, f->mark, "the label is empty");
    for (*label = 0; *label < d->classes; ++*label)
        if (same_text(f, r->words[*label])) return true;
    if (d->classes == DATASET_MAX_CLASSES)
        return error_input(r->err, f->mark, "'%.*s' is one label too many; at most %d different ones are read",
                           shown(f), f->at, DATASET_MAX_CLASSES);
    if (!check_text(r, f)) return false;
    if (!class_name_is_plain(f->at, f->length))
        return error_input(r->err, f->mark, "a label has at most %d bytes and no control characters", CLASS_NAME_BYTES);
    r->words[d->classes] = arena_text(&d->memory, f->at, f->length);
    if (!r->words[d->classes]) return error_memory(r->err, f->length + 1);
    r->words_mark[d->classes++] = f->mark;
    return true;
}

/* Gives every sample's label, which is a place among the words, its class. */
static void renumber(row_reader *r, const uint32_t *classes) {
    for (uint32_t i = 0; i < r->d->samples; i++) r->d->labels[i] = classes[r->d->labels[i]];
}

static bool look_up(row_reader *r) {
    uint32_t classes[DATASET_MAX_CLASSES];
    for (uint32_t i = 0; i < r->d->classes; i++)
        if (!class_find(&r->classes, r->words[i], &classes[i]))
            return unknown(r, r->words_mark[i], r->words[i], &r->classes, "");
    renumber(r, classes);
    r->d->classes = r->classes.count;
    r->d->class_names = r->classes.names;
    r->d->classes_from = r->classes.owner;
    return true;
}

static bool keep_names(row_reader *r, const char *from) {
    r->d->classes_from = from;
    r->d->class_names = class_names_copy(&r->d->memory, r->words, r->d->classes);
    return r->d->class_names || error_memory(r->err, r->d->classes * sizeof *r->words);
}

/* All labels are whole numbers: they are the classes, from 0 to the largest. */
static bool number_classes(row_reader *r) {
    dataset *d = r->d;
    uint32_t classes[DATASET_MAX_CLASSES], most = 1;
    uint32_t limit = r->classes.count ? r->classes.count : DATASET_MAX_CLASSES;
    for (uint32_t i = 0; i < d->classes; i++) {
        long number = 0;
        class_number(r->words[i], &number);
        if (number < 0 || number >= (long)limit)
            return error_input(r->err, r->words_mark[i], "the label %.60s is out of range; %s are 0 to %u", r->words[i],
                               r->classes.count ? "the model's classes" : "labels that are numbers", limit - 1);
        classes[i] = (uint32_t)number;
        if (classes[i] > most) most = classes[i];
    }
    renumber(r, classes);
    d->classes = most + 1;
    for (uint32_t i = 0; i < d->classes; i++) {
        char name[16];
        int length = snprintf(name, sizeof name, "%u", i);
        r->words[i] = arena_text(&d->memory, name, (size_t)length);
        if (!r->words[i]) return error_memory(r->err, sizeof name);
    }
    return keep_names(r, "numbers");
}

static int by_bytes(const void *a, const void *b, void *words) {
    const char *const *w = words;
    return strcmp(w[*(const uint32_t *)a], w[*(const uint32_t *)b]);
}

static bool sort_words(row_reader *r) {
    dataset *d = r->d;
    uint32_t order[DATASET_MAX_CLASSES], classes[DATASET_MAX_CLASSES];
    const char *sorted[DATASET_MAX_CLASSES];
    if (r->classes.count && r->classes.count != d->classes)
        return error_input(r->err, r->words_mark[0],
                           "the labels are %u different words; %s has %u classes and does not "
                           "name them: add \"id2label\" to its config.json",
                           d->classes, r->classes.owner, r->classes.count);
    for (uint32_t i = 0; i < d->classes; i++) order[i] = i;
    qsort_r(order, d->classes, sizeof *order, by_bytes, r->words);
    for (uint32_t k = 0; k < d->classes; k++) {
        classes[order[k]] = k;
        sorted[k] = r->words[order[k]];
    }
    memcpy(r->words, sorted, d->classes * sizeof *sorted);
    renumber(r, classes);
    return keep_names(r, "the labels, sorted");
}

static bool all_numbers(const row_reader *r) {
    long number;
    for (uint32_t i = 0; i < r->d->classes; i++)
        if (!class_number(r->words[i], &number)) return false;
    return true;
}

/* ---- The whole ---- */

bool labels_open(row_reader *r) {
    if (r->task->classes) return true;
    r->words = calloc(DATASET_MAX_CLASSES, sizeof *r->words);
    r->words_mark = calloc(DATASET_MAX_CLASSES, sizeof *r->words_mark);
    return (r->words && r->words_mark) || error_memory(r->err, DATASET_MAX_CLASSES * sizeof *r->words_mark);
}

static bool labels_add(row_reader *r, const field *f, uint32_t *label) {
    return r->task->classes ? task_label(r, f, label) : new_label(r, f, label);
}

void labels_of_task(dataset *d, const char *const *names, const class_list *given) {
    bool is_given = given->names != NULL;
    d->class_names = is_given ? given->names : names;
    d->classes = is_given ? given->count : count_classes(names);
    d->classes_from = is_given ? given->owner : "the task";
}

bool labels_settle(row_reader *r) {
    if (r->task->classes) {
        labels_of_task(r->d, r->task->classes, &r->classes);
        return true;
    }
    if (r->classes.names) return look_up(r);
    bool numbers = all_numbers(r);
    if (!numbers && r->d->classes < 2)
        return error_input(r->err, r->words_mark[0],
                           "all samples have the label '%.60s'; at least two classes are needed", r->words[0]);
    return numbers ? number_classes(r) : sort_words(r);
}

void labels_close(row_reader *r) {
    free(r->words);
    free(r->words_mark);
}

/* ---- Rows ---- */

bool rows_add(row_reader *r, const field fields[COLUMNS]) {
    dataset *d = r->d;
    const field *label = &fields[COLUMN_LABEL];
    if (r->task->unsettled && same_text(label, "-")) {
        r->left_out++;
        return true;
    }
    if (!keep_text(r, &fields[COLUMN_A], &d->text_a[d->samples]) ||
        (d->text_b && !keep_text(r, &fields[COLUMN_B], &d->text_b[d->samples])))
        return false;
    if (!labels_add(r, label, &d->labels[d->samples])) return false;
    d->samples++;
    return true;
}
