/* Whether a type that was made elsewhere, by a plug-in or a program, is one that can be used. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies.h"

/* Far more than any policy needs; ours. */
enum { MOST_BYTES = 1 << 20, MOST_CHOICES = 64 };

static const struct {
    size_t bytes, alignment;
} MEMBERS[] = {
    [OPTION_NUMBER] = {sizeof(double), _Alignof(double)}, [OPTION_COUNT] = {sizeof(uint64_t), _Alignof(uint64_t)},
    [OPTION_CHOICE] = {sizeof(int), _Alignof(int)},       [OPTION_POLICY] = {0, 1},
    [OPTION_MAP] = {sizeof(void *), _Alignof(void *)},    [OPTION_FILE] = {sizeof(void *), _Alignof(void *)},
    [OPTION_REST] = {sizeof(void *), _Alignof(void *)},
};
enum { KINDS = sizeof MEMBERS / sizeof *MEMBERS };

static bool refuse(char why[POLICY_WHY], const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(char why[POLICY_WHY], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, POLICY_WHY, format, arguments);
    va_end(arguments);
    return false;
}

static bool choices_are_sound(const policy_option *o, char why[POLICY_WHY]) {
    size_t n = 0;
    while (o->choices && n <= MOST_CHOICES && o->choices[n]) n++;
    return (n && n <= MOST_CHOICES) || refuse(why, "its option '%s' has no choices, or no NULL at their end", o->name);
}

static bool option_is_sound(const policy_type *type, const policy_option *o, char why[POLICY_WHY]) {
    static const char *const TAKEN[] = {"as", "scope", "plugin"};
    if (!yaml_is_name(o->name)) return refuse(why, "its option '%.60s' has a name that is no key", o->name);
    for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++)
        if (strcmp(o->name, TAKEN[i]) == 0)
            return refuse(why, "its option '%s' is a key that every policy has", o->name);
    for (const policy_option *before = type->options; before < o; before++)
        if (strcmp(o->name, before->name) == 0) return refuse(why, "it has two options '%s'", o->name);
    if ((unsigned)o->kind >= KINDS)
        return refuse(why, "its option '%s' is of kind %d, which is not known", o->name, o->kind);
    if (!o->doc) return refuse(why, "its option '%s' lacks `doc`, which says what it means", o->name);
    if (o->offset % MEMBERS[o->kind].alignment || o->offset > type->size ||
        type->size - o->offset < MEMBERS[o->kind].bytes)
        return refuse(why, "its option '%s' is at offset %zu, where the options (size %zu) have no such member",
                      o->name, o->offset, type->size);
    if (o->kind == OPTION_MAP && !o->file) return refuse(why, "its option '%s' lacks `file`", o->name);
    return o->kind != OPTION_CHOICE || choices_are_sound(o, why);
}

static bool at_most_one(const policy_type *type, option_kind kind, char why[POLICY_WHY]) {
    const policy_option *first = policy_option_of(type, kind);
    for (const policy_option *o = first ? first + 1 : type->options; first && o->name; o++)
        if (o->kind == kind)
            return refuse(why, "its options '%s' and '%s' are of a kind of which there is one at most", first->name,
                          o->name);
    return true;
}

/* Within their own bounds, and of their own kind. */
static bool defaults_are_sound(const policy_type *type, char why[POLICY_WHY]) {
    yaml_field fields[POLICY_MAX_FIELDS];
    portolan_error err = {0};
    policy_values *values = calloc(1, sizeof *values + type->size);
    policy_fields(type, true, fields);
    bool ok = values && yaml_defaults(fields, values, &err);
    free(values);
    return ok || refuse(why, "a default of its options is wrong: %.150s", values ? err.message : "memory is short");
}

static bool options_are_sound(const policy_type *type, char why[POLICY_WHY]) {
    size_t n = 0;
    for (; type->options && type->options[n].name; n++) {
        if (n == POLICY_MAX_OPTIONS)
            return refuse(why, "its table of options has more than %d, or no NULL name at its end", POLICY_MAX_OPTIONS);
        if (!option_is_sound(type, &type->options[n], why)) return false;
    }
    static const option_kind ALONE[] = {OPTION_POLICY, OPTION_MAP, OPTION_FILE, OPTION_REST};
    for (size_t i = 0; i < sizeof ALONE / sizeof *ALONE; i++)
        if (!at_most_one(type, ALONE[i], why)) return false;
    return defaults_are_sound(type, why);
}

bool policy_is_sound(const policy_type *type, char why[POLICY_WHY]) {
    const unsigned known = POLICY_NEEDS_V | POLICY_NEEDS_PROBABILITIES | POLICY_NEEDS_EVERY_EXIT | POLICY_NEEDS_LOAD |
                           POLICY_NEEDS_CONFIDENCE;
    if (!type) return refuse(why, "there is none (NULL)");
    if (type->abi != POLICY_ABI)
        return refuse(why, "it was built for version %u of policy.h's interface, this is version %d; build it again",
                      type->abi, POLICY_ABI);
    if (!type->name || !yaml_is_name(type->name))
        return refuse(why, "it has no name of 1 to 63 letters, digits or any of - _ . ( ) = ,");
    if (type->size > MOST_BYTES)
        return refuse(why, "its options take %zu bytes; at most %d are allowed", type->size, MOST_BYTES);
    if (type->needs & ~known) return refuse(why, "it needs what is not known (needs = 0x%x)", type->needs);
    if (!type->route == !type->route_knowing)
        return refuse(why, "it must have one of `route` and `route_knowing`, and not both");
    if (type->close && !type->open) return refuse(why, "it has `close`, but no `open` that makes what is closed");
    if (!options_are_sound(type, why)) return false;
    return !(type->needs & POLICY_NEEDS_V) || policy_option_of(type, OPTION_MAP) ||
           refuse(why, "it needs v(x), but has no option of kind OPTION_MAP");
}
