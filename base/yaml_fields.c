/* Reading a YAML map into a struct, driven by a table of fields. */
#include <float.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "random.h"
#include "yaml.h"

const char *yaml_describe(const yaml_node *node, char *into, size_t size) {
    if (node->kind == YAML_LIST)
        snprintf(into, size, "a list of %zu", node->count);
    else if (node->kind == YAML_MAP)
        snprintf(into, size, "a map of %zu keys", node->count);
    else if (!*node->text)
        snprintf(into, size, "nothing");
    else
        snprintf(into, size, "'%.60s'", node->text);
    return into;
}

bool yaml_expect(const yaml_node *node, yaml_kind kind, const char *what, portolan_error *err) {
    if (node->kind == kind) return true;
    static const char *const KINDS[] = {"a single value", "a list", "a map of keys"};
    char found[96];
    return error_input(err, node->mark, "%s must be %s, found %s", what, KINDS[kind],
                       yaml_describe(node, found, sizeof found));
}

static void *member(void *into, const yaml_field *f) { return (char *)into + f->offset; }

static bool check_bounds(const yaml_node *node, const yaml_field *f, double x, portolan_error *err) {
    double most = f->most == 0 ? DBL_MAX : f->most;
    if (x <= most && (f->positive ? x > f->least : x >= f->least)) return true;
    char least_text[32], most_text[48] = "";
    snprintf(least_text, sizeof least_text, "%.9g", f->least);
    if (f->most != 0) snprintf(most_text, sizeof most_text, " and at most %.9g", f->most);
    return error_input(err, node->mark, "'%s' is %s; it must be %s %s%s%s", f->key, node->text,
                       f->positive ? "above" : "at least", least_text, most_text,
                       f->unit == UNIT_PURE ? "" : " (in base units)");
}

static bool read_quantity(const yaml_node *node, const yaml_field *f, unit_family unit, double *x,
                          portolan_error *err) {
    char why[256];
    if (!yaml_expect(node, YAML_SCALAR, f->key, err)) return false;
    if (!unit_parse(node->text, unit, x, why, sizeof why)) return error_input(err, node->mark, "'%s': %s", f->key, why);
    return true;
}

static bool read_bounded(const yaml_node *node, const yaml_field *f, double *x, portolan_error *err) {
    return read_quantity(node, f, f->unit, x, err) && check_bounds(node, f, *x, err);
}

static bool read_count(const yaml_node *node, const yaml_field *f, uint64_t *n, portolan_error *err) {
    double x = 0;
    char why[256];
    if (!yaml_expect(node, YAML_SCALAR, f->key, err)) return false;
    if (!unit_parse(node->text, UNIT_PURE, &x, why, sizeof why))
        return error_input(err, node->mark, "'%s' is '%.60s'; it must be a whole number like 1000 or 1e6", f->key,
                           node->text);
    if (fabs(x) > 0x1p53) return error_input(err, node->mark, "'%s' is %.60s, which is too large", f->key, node->text);
    if (x != floor(x))
        return error_input(err, node->mark, "'%s' is %.60s; it must be a whole number", f->key, node->text);
    if (!check_bounds(node, f, x, err)) return false;
    *n = (uint64_t)x;
    return true;
}

static bool read_bool(const yaml_node *node, const yaml_field *f, bool *b, portolan_error *err) {
    static const char *const WORDS[] = {"no", "yes", "false", "true", "off", "on"};
    if (!yaml_expect(node, YAML_SCALAR, f->key, err)) return false;
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (strcasecmp(node->text, WORDS[i]) == 0) {
            *b = i % 2 != 0;
            return true;
        }
    }
    return error_input(err, node->mark, "'%s' is '%.60s'; write yes or no", f->key, node->text);
}

static bool read_choice(const yaml_node *node, const yaml_field *f, int *choice, portolan_error *err) {
    if (!yaml_expect(node, YAML_SCALAR, f->key, err)) return false;
    for (int i = 0; f->choices[i]; i++) {
        if (strcmp(node->text, f->choices[i]) == 0) {
            *choice = i;
            return true;
        }
    }
    char allowed[256], hint[HINT_TEXT];
    list_words(allowed, sizeof allowed, f->choices);
    return error_input(err, node->mark, "'%s' is '%.60s'%s; allowed are %s", f->key, node->text,
                       word_hint(hint, node->text, f->choices), allowed);
}

bool yaml_is_name(const char *text) {
    static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.()=,";
    size_t length = strlen(text);
    return length && length <= 63 && strspn(text, ALLOWED) == length && text[0] != '.'; /* a folder: "..", hidden */
}

static bool read_name(const yaml_node *node, const yaml_field *f, const char **name, portolan_error *err) {
    if (!yaml_expect(node, YAML_SCALAR, f->key, err)) return false;
    if (!yaml_is_name(node->text))
        return error_input(
            err, node->mark,
            "'%s' is '%.60s'; a name has 1 to 63 letters, digits or any of - _ . ( ) = , and begins with no "
            "dot",
            f->key, node->text);
    *name = node->text;
    return true;
}

/* Of a lognormal: beyond it exp overflows, and with a median of 0 gives NaN. Ours. */
static const double LARGEST_SIGMA = 20;

/* {kind: value} or {kind: [a, b]} */
static bool read_distribution_map(const yaml_node *node, const yaml_field *f, distribution *d, portolan_error *err) {
    static const char *const KINDS[] = {"uniform", "normal", "lognormal", "exponential", NULL};
    static const distribution_kind IDS[] = {DIST_UNIFORM, DIST_NORMAL, DIST_LOGNORMAL, DIST_EXPONENTIAL};
    size_t kind = 0;
    while (node->count == 1 && KINDS[kind] && strcmp(node->items[0]->text, KINDS[kind]) != 0) kind++;
    if (node->count != 1 || !KINDS[kind])
        return error_input(err, node->mark,
                           "'%s' must be one value or one of {uniform: [least, most]}, "
                           "{normal: [mean, sd]}, {lognormal: [median, sigma]}, {exponential: mean}",
                           f->key);
    const yaml_node *value = node->items[1];
    d->kind = IDS[kind];
    if (d->kind == DIST_EXPONENTIAL) return read_bounded(value, f, &d->a, err);
    if (!yaml_expect(value, YAML_LIST, KINDS[kind], err)) return false;
    if (value->count != 2)
        return error_input(err, value->mark, "'%s' takes two values, found %zu", KINDS[kind], value->count);
    unit_family second = d->kind == DIST_LOGNORMAL ? UNIT_PURE : f->unit;
    if (!read_bounded(value->items[0], f, &d->a, err) || !read_quantity(value->items[1], f, second, &d->b, err))
        return false;
    if (d->b < 0 || (d->kind == DIST_UNIFORM && d->b < d->a))
        return error_input(err, value->items[1]->mark, "the second value of '%s' is too small", KINDS[kind]);
    if (d->kind == DIST_LOGNORMAL && d->b > LARGEST_SIGMA)
        return error_input(err, value->items[1]->mark,
                           "sigma is %g; at most %g is allowed, at which the draws of a sigma "
                           "above and below the median are a factor of 10^17 apart",
                           d->b, LARGEST_SIGMA);
    return true;
}

bool yaml_distribution(const yaml_node *node, const yaml_field *f, distribution *d, portolan_error *err) {
    double most = f->most == 0 ? DBL_MAX : f->most;
    double least = f->positive && f->least == 0 ? DBL_MIN : f->least;
    *d = (distribution){.kind = DIST_CONSTANT, .least = least, .most = most};
    if (node->kind != YAML_MAP) return read_bounded(node, f, &d->a, err);
    if (!read_distribution_map(node, f, d, err)) return false;
    /* An unbounded left tail of a positive quantity is cut at a hundredth of its centre: no device has speed 0. */
    if (f->positive && d->kind != DIST_UNIFORM) d->least = fmax(least, d->a / 100);
    return true;
}

static bool read_value(const yaml_node *node, const yaml_field *f, void *into, portolan_error *err) {
    void *to = member(into, f);
    switch (f->kind) {
    case FIELD_TEXT:
        if (!yaml_expect(node, YAML_SCALAR, f->key, err)) return false;
        *(const char **)to = node->text;
        return true;
    case FIELD_NAME: return read_name(node, f, to, err);
    case FIELD_BOOL: return read_bool(node, f, to, err);
    case FIELD_COUNT: return read_count(node, f, to, err);
    case FIELD_QUANTITY: return read_bounded(node, f, to, err);
    case FIELD_DISTRIBUTION: return yaml_distribution(node, f, to, err);
    case FIELD_CHOICE: return read_choice(node, f, to, err);
    case FIELD_NODE: *(const yaml_node **)to = node; return true;
    }
    return false;
}

static bool unknown_key(const yaml_node *key, const char *what, const yaml_field *fields, portolan_error *err) {
    const char *keys[64];
    size_t n = 0;
    for (; fields[n].key && n < 63; n++) keys[n] = fields[n].key;
    keys[n] = NULL;
    char allowed[512], hint[HINT_TEXT];
    list_words(allowed, sizeof allowed, keys);
    return error_input(err, key->mark, "%s has no key '%.60s'%s; allowed are %s", what, key->text,
                       word_hint(hint, key->text, keys), allowed);
}

bool yaml_defaults(const yaml_field *fields, void *into, portolan_error *err) {
    for (const yaml_field *f = fields; f->key; f++) {
        if (!f->fallback) continue;
        yaml_node node = {.kind = YAML_SCALAR, .mark = {"(default)", 1, 1}, .text = f->fallback, .plain = true};
        if (!read_value(&node, f, into, err)) return false;
    }
    return true;
}

bool yaml_read(const yaml_node *map, const char *what, const yaml_field *fields, void *into, portolan_error *err) {
    if (!yaml_expect(map, YAML_MAP, what, err) || !yaml_defaults(fields, into, err)) return false;
    for (size_t i = 0; i < map->count; i++) {
        const yaml_node *key = map->items[2 * i];
        const yaml_field *f = fields;
        while (f->key && strcmp(f->key, key->text) != 0) f++;
        if (!f->key) return unknown_key(key, what, fields, err);
        if (!read_value(map->items[2 * i + 1], f, into, err)) return false;
    }
    for (const yaml_field *f = fields; f->key; f++)
        if (f->required && !yaml_find(map, f->key))
            return error_input(err, map->mark, "%s lacks the key '%s': %s", what, f->key, f->doc);
    return true;
}
