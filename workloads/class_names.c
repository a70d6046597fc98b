/* Names of classes: how a label that is a word becomes a class, and how the mapping is told. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/numbers.h"
#include "base/text.h"
#include "workloads.h"

bool class_name_is_plain(const char *name, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < length && (unsigned char)name[i + 1] < 0xa0)) return false;
    }
    return length > 0 && length <= CLASS_NAME_BYTES;
}

bool class_number(const char *text, long *number) {
    uint64_t n;
    bool negative = *text == '-';
    if (!whole_parse(text + negative, &n)) return false;
    *number = n < LONG_MAX ? (long)n : LONG_MAX;
    if (negative) *number = -*number;
    return true;
}

bool classes_are_numbers(const char *const *names, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        char own[16];
        snprintf(own, sizeof own, "%u", i);
        if (!names[i] || strcmp(names[i], own) != 0) return false;
    }
    return true;
}

bool class_named(const class_list *list, const char *word, uint32_t *found) {
    uint32_t alike = 0, place = 0;
    bool exact = false;
    for (uint32_t i = 0; !exact && i < list->count; i++) {
        if (strcasecmp(list->names[i], word) != 0) continue;
        exact = strcmp(list->names[i], word) == 0;
        place = i;
        alike++;
    }
    if (!exact && alike != 1) return false;
    *found = place;
    return true;
}

/* Whether numbers among the labels are names, as in {0: "1", 1: "2"}. */
static bool has_numeric_name(const class_list *list) {
    long number;
    for (uint32_t i = 0; i < list->count; i++)
        if (class_number(list->names[i], &number)) return true;
    return false;
}

bool class_find(const class_list *list, const char *word, uint32_t *found) {
    long number;
    if (class_named(list, word, found)) return true;
    if (!class_number(word, &number) || number < 0 || number >= (long)list->count || has_numeric_name(list))
        return false;
    *found = (uint32_t)number;
    return true;
}

const char *const *class_names_copy(arena *memory, const char *const *names, uint32_t count) {
    const char **copy = arena_alloc(memory, (size_t)count + 1, sizeof *copy);
    for (uint32_t i = 0; copy && i < count && names[i]; i++)
        if (!(copy[i] = arena_text(memory, names[i], strlen(names[i])))) return NULL;
    return copy;
}

void class_names_print(FILE *out, const char *const *names, uint32_t count, const char *from) {
    enum { SHOWN = 20 };
    if (classes_are_numbers(names, count)) {
        fprintf(out, "classes: 0 to %u\n", count - 1);
        return;
    }
    fprintf(out, "classes (%s):", from);
    for (uint32_t i = 0; i < count && i < SHOWN; i++) {
        fprintf(out, "%s %u ", i ? "," : "", i);
        text_print(out, names[i] ? names[i] : "?");
    }
    fprintf(out, count > SHOWN ? ", ... (%u in all)\n" : "\n", count);
}
