/* Slots as bits, the lowest word with a free one remembered. */
#include "slots.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static uint64_t *word_of(slots *l, uint32_t index) { return index ? &l->more[index - 1] : &l->first; }

static bool grow(slots *l) {
    portolan_error told_by_caller;
    size_t words = l->words;
    if (!ARRAY_RESERVE(l->more, words, words + 1, &told_by_caller)) return false;
    memset(l->more + l->words, 0, (words - l->words) * sizeof *l->more);
    l->words = (uint32_t)words;
    return true;
}

bool slot_take(slots *l, uint32_t *slot, bool *is_new) {
    while (l->hint <= l->words && *word_of(l, l->hint) == UINT64_MAX) l->hint++;
    if (l->hint > l->words && !grow(l)) return false;
    uint64_t *word = word_of(l, l->hint);
    uint32_t bit = (uint32_t)__builtin_ctzll(~*word);
    *word |= 1ull << bit;
    *slot = 64 * l->hint + bit;
    *is_new = *slot == l->known;
    l->known += *is_new;
    return true;
}

void slot_give(slots *l, uint32_t slot) {
    uint32_t index = slot / 64;
    *word_of(l, index) &= ~(1ull << slot % 64);
    if (index < l->hint) l->hint = index;
}

void slots_free(slots *l) {
    free(l->more);
    *l = (slots){0};
}
