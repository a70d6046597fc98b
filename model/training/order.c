/* Which samples a training run sees, in which order. An epoch is cut into windows of some batches. A window holds the next
 * samples of the epoch's permutation or, while the curriculum lasts, samples no deeper than it has come; within a window,
 * batches are of like lengths and come in a random order. */
#include <stdlib.h>
#include <string.h>

#include "files.h"

/* Share of a window that has the deepest depth admitted. */
static const double NEWEST_SHARE = 0.4;

static int by_length(const void *a, const void *b, void *context) {
    const uint32_t *lengths = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    if (lengths[i] != lengths[j]) return lengths[i] < lengths[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

void train_sort_by_length(const token_set *set, uint32_t *samples, uint32_t n) {
    qsort_r(samples, n, sizeof *samples, by_length, set->lengths);
}

static uint32_t deepest(const token_set *set) {
    uint32_t depth = 0;
    for (uint32_t i = 0; set->depths && i < set->samples; i++)
        if (set->depths[i] > depth) depth = set->depths[i];
    return depth;
}

/* Admits a depth, or the next one that any sample has. */
static void admit(curriculum *c, uint32_t depth) {
    while (depth < c->deepest && c->end[depth] == c->end[depth - 1]) depth++;
    c->limit = depth;
}

/* Sorts the samples by depth, and notes where each depth begins. */
bool curriculum_open(curriculum *c, const train_settings *s, const token_set *set, portolan_error *err) {
    *c = (curriculum){.deepest = deepest(set)};
    c->limit = s->curriculum > 0 ? 1 : c->deepest;
    c->samples = malloc(set->samples * sizeof *c->samples);
    if (!c->samples) return error_memory(err, set->samples * sizeof *c->samples);
    for (uint32_t depth = 0, n = 0; set->depths && depth <= c->deepest; depth++) {
        for (uint32_t i = 0; i < set->samples; i++)
            if (set->depths[i] == depth) c->samples[n++] = i;
        c->end[depth] = n;
    }
    if (c->limit) admit(c, c->limit);
    return true;
}

void curriculum_close(curriculum *c) {
    free(c->samples);
    c->samples = NULL;
}

/* A sample no deeper than the limit; often one of just that depth. */
static uint32_t draw_admitted(const curriculum *c, random_stream *s) {
    uint32_t first = random_uniform(s) < NEWEST_SHARE ? c->end[c->limit - 1] : 0;
    return c->samples[first + random_below(s, c->end[c->limit] - first)];
}

void train_arrange_epoch(const trainer *t, uint32_t epoch, uint32_t *order) {
    random_stream s = random_open(t->s->seed, "epoch", epoch);
    for (uint32_t i = 0; i < t->train->samples; i++) order[i] = i;
    random_shuffle(&s, order, t->train->samples);
}

uint32_t train_arrange_window(const trainer *t, uint64_t step, uint32_t *window, uint32_t n, uint32_t *batches) {
    random_stream s = random_open(t->s->seed, "window", step);
    uint32_t size = (uint32_t)t->s->batch, count = (n + size - 1) / size;
    for (uint32_t i = 0; t->curriculum.limit < t->curriculum.deepest && i < n; i++)
        window[i] = draw_admitted(&t->curriculum, &s);
    train_sort_by_length(t->train, window, n);
    for (uint32_t i = 0; i < count; i++) batches[i] = i * size;
    random_shuffle(&s, batches, count);
    return count;
}

void curriculum_advance(curriculum *c, double accuracy_wanted) {
    if (c->limit < c->deepest && c->newest && c->newest_right >= accuracy_wanted * c->newest) admit(c, c->limit + 1);
    c->newest = c->newest_right = 0;
}
