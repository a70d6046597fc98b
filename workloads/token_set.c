/* A data set as token numbers, ready for a model. */
#include <string.h>

#include "base/files.h"
#include "workloads.h"

void token_set_free(token_set *set) {
    arena_free(&set->memory);
    *set = (token_set){0};
}

static bool allocate(token_set *set, const dataset *d, portolan_error *err) {
    *set = (token_set){.samples = d->samples, .classes = d->classes, .classes_from = d->classes_from};
    set->class_names = class_names_copy(&set->memory, d->class_names, d->classes);
    set->lengths = arena_alloc(&set->memory, d->samples, sizeof *set->lengths);
    set->first = arena_alloc(&set->memory, d->samples, sizeof *set->first);
    set->labels = arena_alloc(&set->memory, d->samples, sizeof *set->labels);
    set->guids = arena_alloc(&set->memory, d->samples, sizeof *set->guids);
    if (d->depths) set->depths = arena_alloc(&set->memory, d->samples, 1);
    bool ok = set->class_names && set->lengths && set->first && set->labels && set->guids &&
              (set->depths || !d->depths);
    if (ok && d->depths) memcpy(set->depths, d->depths, d->samples);
    for (uint32_t i = 0; ok && i < d->samples; i++) set->guids[i] = i;
    return ok || error_memory(err, d->samples * sizeof(size_t));
}

/* Tokens of all samples; on the first pass (`count_only`) they are only counted. */
static bool encode_all(token_set *set, const dataset *d, const tokenizer *t, uint32_t most, uint32_t *ids,
                       uint8_t *segments, bool count_only, portolan_error *err) {
    size_t at = 0;
    for (uint32_t i = 0; i < d->samples; i++) {
        uint32_t n = tokenizer_encode(t, d->text_a[i], d->text_b ? d->text_b[i] : NULL, most, ids, segments);
        if (!n) return error_memory(err, most * sizeof *ids);
        set->lengths[i] = n;
        set->first[i] = at;
        set->labels[i] = d->labels[i];
        if (n > set->longest) set->longest = n;
        if (!count_only) {
            memcpy(set->ids + at, ids, n * sizeof *ids);
            memcpy(set->segments + at, segments, n);
        }
        at += n;
    }
    if (!count_only) return true;
    set->ids = arena_alloc(&set->memory, at, sizeof *set->ids);
    set->segments = arena_alloc(&set->memory, at, 1);
    return (set->ids && set->segments) || error_memory(err, at * (sizeof *set->ids + 1));
}

static bool build(token_set *set, const dataset *d, const tokenizer *t, uint32_t most, portolan_error *err) {
    arena room = {0};
    uint32_t *ids = arena_alloc(&room, most, sizeof *ids);
    uint8_t *segments = arena_alloc(&room, most, 1);
    bool ok = allocate(set, d, err);
    if (ok) set->vocabulary = tokenizer_vocabulary(t);
    ok = ok && ((ids && segments) || error_memory(err, most * (sizeof *ids + 1)));
    ok = ok && encode_all(set, d, t, most, ids, segments, true, err) &&
         encode_all(set, d, t, most, ids, segments, false, err);
    arena_free(&room);
    if (!ok) token_set_free(set);
    return ok;
}

/* Moves sample `from` of a set to place `at` of another or the same one. */
static void move_sample(token_set *into, uint32_t at, const token_set *set, uint32_t from) {
    into->lengths[at] = set->lengths[from];
    into->first[at] = set->first[from];
    into->labels[at] = set->labels[from];
    into->guids[at] = set->guids[from];
    if (set->depths) into->depths[at] = set->depths[from];
}

bool token_set_hold_out(token_set *set, double share, uint64_t seed, token_set *held, portolan_error *err) {
    random_stream s = random_open(seed, "hold out", 0);
    uint32_t n = set->samples, wanted = (uint32_t)(share * n), kept = 0;
    if (wanted < 1) wanted = 1;
    if (wanted > n - 1) wanted = n - 1;
    *held = *set;
    held->memory = (arena){0};
    held->samples = 0;
    held->lengths = arena_alloc(&set->memory, wanted, sizeof *held->lengths);
    held->first = arena_alloc(&set->memory, wanted, sizeof *held->first);
    held->labels = arena_alloc(&set->memory, wanted, sizeof *held->labels);
    held->guids = arena_alloc(&set->memory, wanted, sizeof *held->guids);
    if (set->depths) held->depths = arena_alloc(&set->memory, wanted, 1);
    if (!held->lengths || !held->first || !held->labels || !held->guids || (set->depths && !held->depths))
        return error_memory(err, wanted * sizeof *held->first);
    for (uint32_t i = 0; i < n; i++) {
        if (random_below(&s, n - i) < wanted - held->samples)
            move_sample(held, held->samples++, set, i);
        else
            move_sample(set, kept++, set, i);
    }
    set->samples = kept;
    return true;
}

uint32_t token_set_mislabel(token_set *set, double share, uint64_t seed) {
    random_stream s = random_open(seed, "label noise", 0);
    uint32_t changed = 0;
    for (uint32_t i = 0; i < set->samples && set->classes > 1; i++) {
        if (random_uniform(&s) >= share) continue;
        uint32_t other = (uint32_t)random_below(&s, set->classes - 1);
        set->labels[i] = other + (other >= set->labels[i]);
        changed++;
    }
    return changed;
}

bool token_set_vocabulary(const char *path, size_t limit, file_bytes *bytes, portolan_error *err) {
    if (path) return file_read(path, limit, bytes, err);
    *bytes = (file_bytes){strdup(DEPTH_VOCABULARY), strlen(DEPTH_VOCABULARY)};
    return bytes->data || error_memory(err, bytes->length);
}

/* The paths of data and vocabulary: `file:`, and `vocab:` or vocab.txt in the folder of the model. Generated tasks have no
 * file, and a vocabulary of their own where `vocab:` is absent. */
static bool find_files(arena *memory, const dataset_settings *settings, const yaml_node *data, const char *model_path,
                       const char *paths[2], portolan_error *err) {
    const yaml_node *file = yaml_find(data, "file"), *vocab = yaml_find(data, "vocab");
    bool generated = dataset_is_generated(settings);
    paths[0] = paths[1] = NULL;
    if (generated && file)
        return error_input(err, file->mark, "the task '%s' is generated; remove 'file'", DATASET_TASKS[settings->task]);
    if (!generated && !file) return error_input(err, data->mark, "data lacks the key 'file'");
    if (file && !(paths[0] = file_resolve(memory, file->mark.file, settings->file, file->mark, err))) return false;
    if (vocab)
        paths[1] = file_resolve(memory, vocab->mark.file, settings->vocab, vocab->mark, err);
    else if (!generated)
        paths[1] = file_resolve(memory, model_path, "vocab.txt", data->mark, err);
    return paths[1] || (generated && !vocab);
}

static bool check_vocabulary(const tokenizer *t, const char *name, uint64_t most, portolan_error *err) {
    if (tokenizer_vocabulary(t) <= most) return true;
    return error_input(err, (text_mark){name, 0, 0}, "has %u tokens; the model knows %llu", tokenizer_vocabulary(t),
                       (unsigned long long)most);
}

static bool load_labelled(dataset *d, dataset_settings *settings, const token_wants *wants, const char *path,
                          portolan_error *err) {
    settings->classes = wants->classes;
    return dataset_load(d, settings, path, err);
}

/* A text needs room for [CLS], [SEP] and a token, a pair for one more of each. */
static bool check_room(const token_wants *wants, const dataset *d, const yaml_node *data, portolan_error *err) {
    uint32_t least = d->text_b ? TOKENS_LEAST_PAIR : TOKENS_LEAST;
    if (wants->most >= least) return true;
    return error_input(err, wants->most_mark.file ? wants->most_mark : data->mark,
                       "the model has %u positions; %s at least %u, [CLS] and [SEP] included", wants->most,
                       d->text_b ? "pairs of texts need" : "texts need", least);
}

static bool keep_path(token_set *set, const char **path, portolan_error *err) {
    if (*path && !(*path = arena_text(&set->memory, *path, strlen(*path)))) return error_memory(err, 1);
    return true;
}

bool token_set_load(token_set *set, const yaml_node *data, const token_wants *wants, const char *paths[2],
                    portolan_error *err) {
    static const char BUILT_IN[] = "(vocabulary of the depth task)";
    dataset_settings settings = {0};
    arena names = {0};
    dataset d = {0};
    tokenizer *t = NULL;
    *set = (token_set){0};
    bool ok = yaml_read(data, "data", DATASET_FIELDS, &settings, err) &&
              find_files(&names, &settings, data, wants->model_path, paths, err);
    if (ok)
        t = paths[1] ? tokenizer_load(paths[1], wants->lowercase, err)
                     : tokenizer_parse(BUILT_IN, DEPTH_VOCABULARY, strlen(DEPTH_VOCABULARY), wants->lowercase, err);
    ok = t && check_vocabulary(t, paths[1] ? paths[1] : BUILT_IN, wants->vocabulary, err) &&
         load_labelled(&d, &settings, wants, paths[0], err) && check_room(wants, &d, data, err);
    uint32_t most = settings.max_tokens < wants->most ? (uint32_t)settings.max_tokens : wants->most;
    ok = ok && build(set, &d, t, most, err);
    if (ok && !(keep_path(set, &paths[0], err) && keep_path(set, &paths[1], err))) {
        token_set_free(set);
        ok = false;
    }
    tokenizer_free(t);
    dataset_free(&d);
    arena_free(&names);
    return ok;
}
