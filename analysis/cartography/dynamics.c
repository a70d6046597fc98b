/* Training dynamics: the published cartography tool's files, of our own runs or of others'. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/elementary.h"
#include "base/numbers.h"
#include "cartography.h"
#include "jsonl.h"

enum { MAX_EPOCHS = 10000, MAX_CLASSES = OUTCOME_MAX_CLASSES };

bool dynamics_open(training_dynamics *d, uint32_t epochs, portolan_error *err) {
    *d = (training_dynamics){.room = epochs};
    return (epochs && epochs <= MAX_EPOCHS) ||
           error_usage(err, "%u epochs of dynamics; 1 to %d are allowed", epochs, MAX_EPOCHS);
}

void dynamics_free(training_dynamics *d) {
    arena_free(&d->memory);
    *d = (training_dynamics){0};
}

/* ---- Samples by name ---- */

static int by_guid(const void *a, const void *b, void *context) {
    const char *const *guids = context;
    return strcmp(guids[*(const uint32_t *)a], guids[*(const uint32_t *)b]);
}

/* The sample called `guid`, looked for first where it would be if all files had the same order; d->samples if there is
 * none. */
static uint32_t find_sample(const training_dynamics *d, const char *guid, uint32_t expected) {
    if (expected < d->samples && strcmp(d->guids[expected], guid) == 0) return expected;
    uint32_t low = 0, high = d->samples;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int side = strcmp(d->guids[d->order[middle]], guid);
        if (side == 0) return d->order[middle];
        *(side < 0 ? &low : &high) = side < 0 ? middle + 1 : middle;
    }
    return d->samples;
}

/* ---- An epoch's file ---- */

/* The room of all samples; there are at most as many as the first file has lines. */
static bool allocate(training_dynamics *d, size_t lines, portolan_error *err) {
    d->guids = arena_alloc(&d->memory, lines, sizeof *d->guids);
    d->gold = arena_alloc(&d->memory, lines, sizeof *d->gold);
    d->order = arena_alloc(&d->memory, lines, sizeof *d->order);
    d->right = arena_alloc(&d->memory, lines * d->room, sizeof *d->right);
    d->correct = arena_alloc(&d->memory, lines * d->room, 1);
    return (d->guids && d->gold && d->order && d->right && d->correct) ||
           error_memory(err, lines * d->room * (sizeof *d->right + 1));
}

static bool read_gold(training_dynamics *d, jsonl_cursor *c, const json_t *row, uint32_t sample, bool is_new) {
    double gold;
    if (!jsonl_number(c, row, "gold", 0, d->classes - 1, &gold)) return false;
    if (gold != floor(gold)) return error_input(c->err, c->mark, "'gold' is %.9g; a class is a whole number", gold);
    if (!is_new && d->gold[sample] != (uint32_t)gold)
        return error_input(c->err, c->mark, "sample '%.60s' has gold %.0f here and %u in an earlier epoch",
                           d->guids[sample], gold, d->gold[sample]);
    d->gold[sample] = (uint32_t)gold;
    return true;
}

/* p of the true class by softmax, and whether its logit is the first of the largest. */
static bool read_logits(training_dynamics *d, jsonl_cursor *c, const json_t *logits, uint32_t sample) {
    uint32_t gold = d->gold[sample], best = 0;
    double most = -INFINITY, sum = 0;
    for (uint32_t k = 0; k < d->classes; k++) {
        const json_t *x = json_array_get(logits, k);
        if (!json_is_number(x)) return error_input(c->err, c->mark, "logit %u is not a number", k);
        if (json_number_value(x) > most) {
            most = json_number_value(x);
            best = k;
        }
    }
    for (uint32_t k = 0; k < d->classes; k++) sum += portable_exp(json_number_value(json_array_get(logits, k)) - most);
    size_t at = (size_t)sample * d->room + d->epochs;
    d->right[at] = portable_exp(json_number_value(json_array_get(logits, gold)) - most) / sum;
    d->correct[at] = best == gold;
    return true;
}

static bool find_logits(training_dynamics *d, jsonl_cursor *c, const json_t *row, const json_t **logits) {
    char key[48];
    snprintf(key, sizeof key, "logits_epoch_%u", d->epochs);
    *logits = json_object_get(row, key);
    size_t classes = json_array_size(*logits);
    if (!d->classes && classes <= MAX_CLASSES) d->classes = (uint32_t)classes;
    if (classes >= 2 && classes == d->classes) return true;
    return error_input(c->err, c->mark, "'%s' must be a list of logits, two or more, as many in every line", key);
}

/* One line. `seen` counts the lines before it in this file. */
static bool read_row(training_dynamics *d, jsonl_cursor *c, const json_t *row, uint32_t seen, uint8_t *filled) {
    const json_t *logits;
    bool is_new = d->epochs == 0;
    const char *guid = jsonl_name(c, row, "guid", NULL, &d->memory);
    if (!guid || !find_logits(d, c, row, &logits)) return false;
    uint32_t sample = is_new ? seen : find_sample(d, guid, seen);
    if (is_new)
        d->guids[sample] = guid;
    else if (sample == d->samples)
        return error_input(c->err, c->mark, "sample '%.60s' is not in the first epoch's file", guid);
    if (filled[sample]) return error_input(c->err, c->mark, "sample '%.60s' stands twice", guid);
    filled[sample] = 1;
    return read_gold(d, c, row, sample, is_new) && read_logits(d, c, logits, sample);
}

/* After the first file: the samples' order by name, without doubles. */
static bool close_first(training_dynamics *d, uint32_t samples, const char *name, portolan_error *err) {
    if (!samples) return error_input(err, (text_mark){name, 0, 0}, "holds no samples");
    d->samples = samples;
    for (uint32_t i = 0; i < samples; i++) d->order[i] = i;
    qsort_r(d->order, samples, sizeof *d->order, by_guid, d->guids);
    for (uint32_t i = 1; i < samples; i++)
        if (strcmp(d->guids[d->order[i]], d->guids[d->order[i - 1]]) == 0)
            return error_input(err, (text_mark){name, 0, 0}, "sample '%.60s' stands twice", d->guids[d->order[i]]);
    return true;
}

bool dynamics_add_epoch(training_dynamics *d, const char *name, const char *text, size_t length, portolan_error *err) {
    jsonl_cursor c = {text, text + length, {name, 0, 0}, err};
    if (d->epochs == d->room) return error_usage(err, "%s: more epochs than there is room for", name);
    size_t lines = d->epochs ? d->samples : jsonl_lines(text, length);
    if (lines > UINT32_MAX / 2) return error_input(err, c.mark, "has %zu lines, more than can be read", lines);
    if (!d->epochs && !allocate(d, lines, err)) return false;
    uint8_t *filled = calloc(lines, 1);
    if (!filled) return error_memory(err, lines);
    uint32_t seen = 0;
    bool ok = true;
    for (json_t *row; ok && (row = jsonl_next(&c)); json_decref(row)) ok = read_row(d, &c, row, seen++, filled);
    free(filled);
    ok = ok && !err->status && (d->epochs || close_first(d, seen, name, err));
    if (ok && seen != d->samples)
        ok = error_input(err, (text_mark){name, 0, 0}, "has %u samples, the first epoch's file has %u", seen,
                         d->samples);
    if (ok) d->epochs++;
    return ok;
}

/* ---- A folder ---- */

static void epoch_path(char *into, size_t size, const char *folder, uint32_t epoch) {
    snprintf(into, size, "%.1000s/dynamics_epoch_%u.jsonl", folder, epoch);
}

/* The epoch of dynamics_epoch_N.jsonl; -1 for other names. */
static long epoch_of(const char *name) {
    static const char HEAD[] = "dynamics_epoch_";
    char wanted[64];
    uint64_t epoch;
    if (strncmp(name, HEAD, sizeof HEAD - 1) != 0) return -1;
    if (!whole_read(name + sizeof HEAD - 1, &epoch) || epoch > MAX_EPOCHS) return -1;
    snprintf(wanted, sizeof wanted, "%s%ld.jsonl", HEAD, (long)epoch);
    return strcmp(name, wanted) == 0 ? (long)epoch : -1;
}

/* How many epochs there are. A missing one among them would make means over the others look like those of all. */
static bool count_epochs(const char *folder, uint32_t *count, portolan_error *err) {
    char path[1100];
    DIR *dir = opendir(folder);
    if (!dir) return error_usage(err, "%s: cannot be opened as a folder of dynamics: %s", folder, strerror(errno));
    long last = -1;
    for (struct dirent *entry; (entry = readdir(dir));) {
        long epoch = epoch_of(entry->d_name);
        if (epoch > last) last = epoch;
    }
    closedir(dir);
    if (last < 0) return error_usage(err, "%s: has no dynamics_epoch_0.jsonl", folder);
    for (uint32_t n = 0; n <= (uint32_t)last; n++) {
        epoch_path(path, sizeof path, folder, n);
        if (access(path, F_OK) != 0)
            return error_usage(err,
                               "%s: is missing, but the dynamics go on to epoch %ld; all epochs from 0 on are needed",
                               path, last);
    }
    *count = (uint32_t)last + 1;
    return true;
}

static bool add_file(training_dynamics *d, const char *folder, portolan_error *err) {
    char path[1100];
    file_bytes bytes;
    epoch_path(path, sizeof path, folder, d->epochs);
    if (!file_read(path, (size_t)4 << 30, &bytes, err)) return false;
    bool ok = dynamics_add_epoch(d, path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}

bool dynamics_load(training_dynamics *d, const char *folder, uint32_t epochs, portolan_error *err) {
    uint32_t there = 0;
    *d = (training_dynamics){0};
    if (!count_epochs(folder, &there, err)) return false;
    if (epochs > there) return error_usage(err, "%s: has the dynamics of %u epochs, not of %u", folder, there, epochs);
    bool ok = dynamics_open(d, epochs ? epochs : there, err);
    while (ok && d->epochs < d->room) ok = add_file(d, folder, err);
    if (!ok) dynamics_free(d);
    return ok;
}
