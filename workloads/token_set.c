/* A data set as token numbers, ready for a model. */
#include <string.h>

#include "base/files.h"
#include "workloads.h"

void token_set_free(token_set *set) {
    arena_free(&set->memory);
    *set = (token_set){0};
}

static bool allocate(token_set *set, const dataset *d, portolan_error *err) {
    *set = (token_set){.samples = d->samples, .classes = d->classes};
    set->lengths = arena_alloc(&set->memory, d->samples, sizeof *set->lengths);
    set->first = arena_alloc(&set->memory, d->samples, sizeof *set->first);
    set->labels = arena_alloc(&set->memory, d->samples, sizeof *set->labels);
    if (d->depths) set->depths = arena_alloc(&set->memory, d->samples, 1);
    bool ok = set->lengths && set->first && set->labels && (set->depths || !d->depths);
    if (ok && d->depths) memcpy(set->depths, d->depths, d->samples);
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

bool token_set_build(token_set *set, const dataset *d, const tokenizer *t, uint32_t most, portolan_error *err) {
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

bool token_set_vocabulary(const char *path, size_t limit, file_bytes *bytes, portolan_error *err) {
    return file_read(path, limit, bytes, err);
}

/* The vocabulary's path: `vocab:`, or vocab.txt in the folder of the model. */
static const char *vocabulary_path(arena *memory, const dataset_settings *settings, const yaml_node *data,
                                   const char *model_path, portolan_error *err) {
    const yaml_node *vocab = yaml_find(data, "vocab");
    if (vocab) return file_resolve(memory, vocab->mark.file, settings->vocab, vocab->mark, err);
    return file_resolve(memory, model_path, "vocab.txt", data->mark, err);
}

bool token_set_load(token_set *set, const yaml_node *data, const char *model_path, bool lowercase, uint32_t most,
                    uint64_t vocabulary, const char *paths[2], portolan_error *err) {
    dataset_settings settings = {0};
    arena names = {0};
    dataset d = {0};
    *set = (token_set){0};
    bool ok = yaml_read(data, "data", DATASET_FIELDS, &settings, err);
    const yaml_node *file = ok ? yaml_find(data, "file") : NULL;
    const char *path = ok ? file_resolve(&names, file->mark.file, settings.file, file->mark, err) : NULL;
    const char *vocab = path ? vocabulary_path(&names, &settings, data, model_path, err) : NULL;
    tokenizer *t = vocab ? tokenizer_load(vocab, lowercase, err) : NULL;
    ok = t && dataset_load(&d, &settings, path, err);
    if (ok && tokenizer_vocabulary(t) > vocabulary)
        ok = error_input(err, (text_mark){vocab, 0, 0}, "has %u tokens; the model knows %llu", tokenizer_vocabulary(t),
                         (unsigned long long)vocabulary);
    if (ok && settings.max_tokens < most) most = (uint32_t)settings.max_tokens;
    ok = ok && token_set_build(set, &d, t, most, err);
    if (ok) {
        paths[0] = arena_text(&set->memory, path, strlen(path));
        paths[1] = arena_text(&set->memory, vocab, strlen(vocab));
        ok = (paths[0] && paths[1]) || error_memory(err, strlen(path) + strlen(vocab));
        if (!ok) token_set_free(set);
    }
    if (t) tokenizer_free(t);
    dataset_free(&d);
    arena_free(&names);
    return ok;
}
