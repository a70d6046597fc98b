/* A data set as token numbers, ready for a model. */
#include <stdlib.h>
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
    if (d->groups) set->groups = arena_alloc(&set->memory, d->samples, sizeof *set->groups);
    bool ok = set->class_names && set->lengths && set->first && set->labels && set->guids &&
              (set->depths || !d->depths) && (set->groups || !d->groups);
    if (ok && d->depths) memcpy(set->depths, d->depths, d->samples);
    if (ok && d->groups) memcpy(set->groups, d->groups, d->samples * sizeof *set->groups);
    for (uint32_t i = 0; ok && i < d->samples; i++) set->guids[i] = i;
    return ok || error_memory(err, d->samples * sizeof(size_t));
}

/* How texts become tokens: at most `most`, by way of ids[most] and segments[most]. */
typedef struct encoding {
    const tokenizer *by;
    uint32_t most, *ids;
    uint8_t *segments;
} encoding;

/* Tokens of all samples; on the first pass (`count_only`) they are only counted. */
static bool encode_all(token_set *set, const dataset *d, const encoding *how, bool count_only, portolan_error *err) {
    size_t at = 0;
    for (uint32_t i = 0; i < d->samples; i++) {
        uint32_t n = tokenizer_encode(how->by, d->text_a[i], d->text_b ? d->text_b[i] : NULL, how->most, how->ids,
                                      how->segments);
        if (!n) return error_memory(err, how->most * sizeof *how->ids);
        set->lengths[i] = n;
        set->first[i] = at;
        set->labels[i] = d->labels[i];
        if (n > set->longest) set->longest = n;
        if (!count_only) {
            memcpy(set->ids + at, how->ids, n * sizeof *how->ids);
            memcpy(set->segments + at, how->segments, n);
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
    const encoding how = {t, most, arena_alloc(&room, most, sizeof *how.ids), arena_alloc(&room, most, 1)};
    bool ok = allocate(set, d, err);
    if (ok) set->vocabulary = tokenizer_vocabulary(t);
    ok = ok && ((how.ids && how.segments) || error_memory(err, most * (sizeof *how.ids + 1)));
    ok = ok && encode_all(set, d, &how, true, err) && encode_all(set, d, &how, false, err);
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
    if (set->groups) into->groups[at] = set->groups[from];
}

static int by_group(const void *a, const void *b, void *context) {
    const uint64_t *groups = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    if (groups[i] != groups[j]) return groups[i] < groups[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* Sets first[i] to the first sample of the group of sample i, which is i where there are no groups; returns how many groups
 * there are. `sorted` is room for as many numbers. */
static uint32_t find_groups(const token_set *set, uint32_t *first, uint32_t *sorted) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->samples; i++) first[i] = sorted[i] = i;
    if (!set->groups) return set->samples;
    qsort_r(sorted, set->samples, sizeof *sorted, by_group, set->groups);
    for (uint32_t i = 0; i < set->samples; i++) {
        bool more = i && set->groups[sorted[i]] == set->groups[sorted[i - 1]];
        first[sorted[i]] = more ? first[sorted[i - 1]] : sorted[i];
        count += !more;
    }
    return count;
}

/* Draws the share of the groups; returns how many samples chosen[] then names. */
static uint32_t choose_groups(const token_set *set, double share, uint64_t seed, const uint32_t *first, uint32_t groups,
                              bool *chosen) {
    random_stream s = random_open(seed, "hold out", 0);
    uint32_t wanted = (uint32_t)(share * groups), taken = 0, samples = 0;
    if (wanted < 1) wanted = 1;
    if (wanted > groups - 1) wanted = groups - 1;
    for (uint32_t i = 0, seen = 0; i < set->samples; i++) {
        chosen[i] = chosen[first[i]];
        if (first[i] == i) {
            chosen[i] = random_below(&s, groups - seen++) < wanted - taken;
            taken += chosen[i];
        }
        samples += chosen[i];
    }
    return samples;
}

static bool allocate_held(token_set *set, uint32_t samples, token_set *held, portolan_error *err) {
    *held = *set;
    held->memory = (arena){0};
    held->samples = 0;
    held->lengths = arena_alloc(&set->memory, samples, sizeof *held->lengths);
    held->first = arena_alloc(&set->memory, samples, sizeof *held->first);
    held->labels = arena_alloc(&set->memory, samples, sizeof *held->labels);
    held->guids = arena_alloc(&set->memory, samples, sizeof *held->guids);
    if (set->depths) held->depths = arena_alloc(&set->memory, samples, 1);
    if (set->groups) held->groups = arena_alloc(&set->memory, samples, sizeof *held->groups);
    return (held->lengths && held->first && held->labels && held->guids && (held->depths || !set->depths) &&
            (held->groups || !set->groups)) ||
           error_memory(err, samples * sizeof *held->first);
}

bool token_set_hold_out(token_set *set, double share, uint64_t seed, token_set *held, portolan_error *err) {
    arena room = {0};
    uint32_t n = set->samples, kept = 0, *first = arena_alloc(&room, n, sizeof *first),
             *sorted = arena_alloc(&room, n, sizeof *sorted);
    bool *chosen = arena_alloc(&room, n, sizeof *chosen);
    bool ok = (first && sorted && chosen) || error_memory(err, n * sizeof *first);
    if (ok) {
        uint32_t groups = find_groups(set, first, sorted);
        ok = allocate_held(set, choose_groups(set, share, seed, first, groups, chosen), held, err);
    }
    for (uint32_t i = 0; ok && i < n; i++) {
        if (chosen[i])
            move_sample(held, held->samples++, set, i);
        else
            move_sample(set, kept++, set, i);
    }
    if (ok) set->samples = kept;
    arena_free(&room);
    return ok;
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

bool token_set_vocabulary(const token_set *set, const char *path, size_t limit, file_bytes *bytes,
                          portolan_error *err) {
    if (!set->own_vocabulary) return file_read(path, limit, bytes, err);
    *bytes = (file_bytes){strdup(set->own_vocabulary), strlen(set->own_vocabulary)};
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

static const char BUILT_IN[] = "(vocabulary of the depth tasks)";

/* The tokenizer of a vocabulary's file, or of the generated tasks' own, whose text is then left in `own`, to be freed. */
static tokenizer *open_tokenizer(const char *path, int names, bool lowercase, char **own, portolan_error *err) {
    if (path) return tokenizer_load(path, lowercase, err);
    *own = depth_vocabulary(names);
    if (*own) return tokenizer_parse(BUILT_IN, *own, strlen(*own), lowercase, err);
    error_memory(err, 1);
    return NULL;
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

static bool keep_in_set(token_set *set, const char **text, portolan_error *err) {
    if (*text && !(*text = arena_text(&set->memory, *text, strlen(*text)))) return error_memory(err, 1);
    return true;
}

bool token_set_load(token_set *set, const yaml_node *data, const token_wants *wants, const char *paths[2],
                    portolan_error *err) {
    dataset_settings settings = {0};
    arena names = {0};
    dataset d = {0};
    tokenizer *t = NULL;
    char *own = NULL;
    *set = (token_set){0};
    bool ok = yaml_read(data, "data", DATASET_FIELDS, &settings, err) &&
              find_files(&names, &settings, data, wants->model_path, paths, err);
    if (ok && !yaml_find(data, "seed")) settings.data_seed = wants->seed;
    if (ok) t = open_tokenizer(paths[1], settings.names, wants->lowercase, &own, err);
    ok = t && check_vocabulary(t, paths[1] ? paths[1] : BUILT_IN, wants->vocabulary, err) &&
         load_labelled(&d, &settings, wants, paths[0], err) && check_room(wants, &d, data, err);
    uint32_t most = settings.max_tokens < wants->most ? (uint32_t)settings.max_tokens : wants->most;
    ok = ok && build(set, &d, t, most, err);
    if (ok && own) set->own_vocabulary = own;
    if (ok && !(keep_in_set(set, &set->own_vocabulary, err) && keep_in_set(set, &paths[0], err) &&
                keep_in_set(set, &paths[1], err))) {
        token_set_free(set);
        ok = false;
    }
    tokenizer_free(t);
    free(own);
    dataset_free(&d);
    arena_free(&names);
    return ok;
}
