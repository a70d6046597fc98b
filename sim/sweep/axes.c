/* The axes of a sweep: lists and ranges of values, axes walked together, what is excluded, and the seeds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/numbers.h"
#include "plan.h"

typedef struct range_keys {
    const char *from, *to;
    uint64_t steps;
    int scale;
} range_keys;

static const char *const SCALES[] = {"linear", "log", NULL};

const yaml_field RANGE_FIELDS[] = {
    {"from", FIELD_TEXT, offsetof(range_keys, from), .doc = "first value, with its unit if it has one",
     .required = true},
    {"to", FIELD_TEXT, offsetof(range_keys, to), .doc = "last value, in the same unit", .required = true},
    {"steps", FIELD_COUNT, offsetof(range_keys, steps), .doc = "how many values, both ends counted", .required = true,
     .least = 2, .most = 1e5},
    {"scale", FIELD_CHOICE, offsetof(range_keys, scale), .doc = "linear: equal differences; log: equal ratios",
     .fallback = "linear", .choices = SCALES},
    {0},
};

/* A plain scalar in the sweep's own memory, with the mark of what it stands for. */
static yaml_node *make_scalar(sweep *w, text_mark mark, const char *text) {
    yaml_node *node = arena_alloc(&w->memory, 1, sizeof *node);
    if (!node || !(text = arena_text(&w->memory, text, strlen(text)))) return NULL;
    *node = (yaml_node){.kind = YAML_SCALAR, .mark = mark, .text = text, .plain = true, .weight = 1};
    return node;
}

/* ---- Values of one key ---- */

/* Splits "10ms" into 10 and "ms". */
static bool read_bound(const yaml_node *range, const char *key, const char *text, double *x, const char **unit,
                       portolan_error *err) {
    double divisor;
    *unit = number_read(text, x);
    bool is_fraction = *unit && **unit == '/' && number_read(*unit + 1, &divisor);
    if (*unit && !is_fraction) return true;
    return error_input(err, yaml_find(range, key)->mark,
                       "'%s' is '%.60s'; it must be a number, with its unit if it has one", key, text);
}

static bool read_range(sweep *w, const yaml_node *node, const yaml_node ***values, size_t *count, portolan_error *err) {
    range_keys keys = {0};
    double from, to;
    const char *unit, *to_unit;
    if (!yaml_read(node, "a range", RANGE_FIELDS, &keys, err) ||
        !read_bound(node, "from", keys.from, &from, &unit, err) || !read_bound(node, "to", keys.to, &to, &to_unit, err))
        return false;
    if (strcmp(unit, to_unit) != 0)
        return error_input(err, yaml_find(node, "to")->mark,
                           "'from' is in '%.20s' and 'to' in '%.20s'; write both in the "
                           "same unit",
                           unit, to_unit);
    bool is_log = keys.scale == 1;
    if (is_log && !(from > 0 && to > 0)) return error_input(err, node->mark, "a log range has both ends above 0");
    *count = keys.steps;
    if (!(*values = arena_alloc(&w->memory, keys.steps, sizeof **values))) return error_memory(err, keys.steps);
    for (size_t i = 0; i < keys.steps; i++) {
        double t = (double)i / (double)(keys.steps - 1);
        double x = i + 1 == keys.steps ? to : is_log ? from * pow(to / from, t) : from + (to - from) * t;
        char text[80];
        snprintf(text, sizeof text, "%.9g%.40s", x, unit);
        if (!((*values)[i] = make_scalar(w, node->mark, text))) return error_memory(err, sizeof text);
    }
    return true;
}

static bool read_values(sweep *w, const char *key, const yaml_node *node, const yaml_node ***values, size_t *count,
                        portolan_error *err) {
    if (node->kind == YAML_MAP) return read_range(w, node, values, count, err);
    if (node->kind != YAML_LIST || !node->count)
        return error_input(err, node->mark,
                           "the values of '%.100s' are a list like [1, 2, 5] or a range like {from: 0, to: "
                           "1, steps: 11}",
                           key);
    *values = (const yaml_node **)node->items;
    *count = node->count;
    return true;
}

/* ---- Axes ---- */

static bool add_key(sweep *w, const yaml_node *key, portolan_error *err) {
    if (strcmp(key->text, "seed") == 0)
        return error_input(err, key->mark, "seeds are no axis; write 'seeds: 5', or a list of them, beside 'axes'");
    if (w->key_count == SWEEP_MAX_KEYS)
        return error_input(err, key->mark, "more than %d keys to change", SWEEP_MAX_KEYS);
    for (size_t i = 0; i < w->key_count; i++)
        if (strcmp(w->keys[i], key->text) == 0)
            return error_input(err, key->mark, "'%.100s' stands on two axes", key->text);
    w->keys[w->key_count++] = key->text;
    return true;
}

/* One axis from `key_count` pairs of key and values. */
static bool add_axis(sweep *w, yaml_node *const *items, size_t key_count, portolan_error *err) {
    sweep_axis *axis = &w->axes[w->axis_count];
    *axis = (sweep_axis){.first_key = w->key_count, .key_count = key_count};
    for (size_t k = 0; k < key_count; k++) {
        const yaml_node *key = items[2 * k], *node = items[2 * k + 1];
        const yaml_node **values = NULL;
        size_t count = 0;
        if (!add_key(w, key, err) || !read_values(w, key->text, node, &values, &count, err)) return false;
        if (k && count != axis->count)
            return error_input(err, node->mark,
                               "'%.100s' has %zu values and '%.100s' %zu; keys that are walked together "
                               "have the same number",
                               key->text, count, items[0]->text, axis->count);
        if (!k) axis->values = arena_alloc(&w->memory, count * key_count, sizeof *axis->values);
        if (!axis->values) return error_memory(err, count * key_count * sizeof *axis->values);
        axis->count = count;
        for (size_t i = 0; i < count; i++) axis->values[i * key_count + k] = values[i];
    }
    w->axis_count++;
    return true;
}

static bool read_zip(sweep *w, const yaml_node *zip, portolan_error *err) {
    if (!yaml_expect(zip, YAML_LIST, "zip", err)) return false;
    for (size_t i = 0; i < zip->count; i++) {
        const yaml_node *group = zip->items[i];
        if (!yaml_expect(group, YAML_MAP, "keys that are walked together", err)) return false;
        if (!group->count) return error_input(err, group->mark, "an axis without keys");
        if (!add_axis(w, group->items, group->count, err)) return false;
    }
    return true;
}

/* ---- Settings ---- */

/* Whether two values are the same: as numbers if both are, else as JSON. */
static bool same_value(const yaml_node *a, const yaml_node *b) {
    json_t *x = json_from_yaml(a), *y = json_from_yaml(b);
    bool numbers = json_is_number(x) && json_is_number(y);
    bool same = numbers ? json_number_value(x) == json_number_value(y) : x && y && json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

static bool is_one_of(const yaml_node *value, const yaml_node *wanted) {
    if (same_value(value, wanted)) return true;
    for (size_t i = 0; wanted->kind == YAML_LIST && i < wanted->count; i++)
        if (same_value(value, wanted->items[i])) return true;
    return false;
}

static size_t find_key(const sweep *w, const char *key) {
    size_t k = 0;
    while (k < w->key_count && strcmp(w->keys[k], key) != 0) k++;
    return k;
}

/* Whether all that the item says holds in a setting. */
static bool item_holds(const sweep *w, const yaml_node *item, const yaml_node *const *values) {
    for (size_t i = 0; i < item->count; i++)
        if (!is_one_of(values[find_key(w, item->items[2 * i]->text)], item->items[2 * i + 1])) return false;
    return true;
}

static bool check_exclusions(const sweep *w, const yaml_node *exclude, portolan_error *err) {
    if (!yaml_expect(exclude, YAML_LIST, "exclude", err)) return false;
    for (size_t i = 0; i < exclude->count; i++) {
        const yaml_node *item = exclude->items[i];
        if (!yaml_expect(item, YAML_MAP, "what is excluded", err)) return false;
        if (!item->count) return error_input(err, item->mark, "this would exclude everything; name a key and a value");
        for (size_t k = 0; k < item->count; k++) {
            const yaml_node *key = item->items[2 * k];
            char allowed[512];
            if (find_key(w, key->text) < w->key_count) continue;
            list_words(allowed, sizeof allowed, w->keys);
            return error_input(err, key->mark, "'%.100s' is on no axis; the axes change %s", key->text, allowed);
        }
    }
    return true;
}

/* The values of combination `number`, the last axis varying fastest. */
static void combine(const sweep *w, size_t number, const yaml_node **values) {
    for (size_t a = w->axis_count; a-- > 0; number /= w->axes[a].count) {
        const sweep_axis *axis = &w->axes[a];
        const yaml_node **from = axis->values + (number % axis->count) * axis->key_count;
        for (size_t k = 0; k < axis->key_count; k++) values[axis->first_key + k] = from[k];
    }
}

static bool make_settings(sweep *w, size_t combinations, const yaml_node *exclude, portolan_error *err) {
    bool *used = arena_alloc(&w->memory, exclude ? exclude->count + 1 : 1, sizeof *used);
    w->values = arena_alloc(&w->memory, combinations * w->key_count + 1, sizeof *w->values);
    if (!used || !w->values) return error_memory(err, combinations * w->key_count * sizeof *w->values);
    for (size_t c = 0; c < combinations; c++) {
        const yaml_node **values = w->values + w->setting_count * w->key_count;
        bool excluded = false;
        combine(w, c, values);
        for (size_t i = 0; exclude && i < exclude->count; i++)
            if (item_holds(w, exclude->items[i], values)) excluded = used[i] = true;
        w->setting_count += !excluded;
        w->excluded_count += excluded;
    }
    for (size_t i = 0; exclude && i < exclude->count; i++)
        if (!used[i])
            return error_input(err, exclude->items[i]->mark, "this excludes nothing: no setting has these values");
    if (!w->setting_count) return error_input(err, exclude->mark, "every setting is excluded; nothing is left to run");
    return true;
}

bool sweep_read_axes(sweep *w, const yaml_node *axes, const yaml_node *zip, const yaml_node *exclude,
                     portolan_error *err) {
    if (axes && !yaml_expect(axes, YAML_MAP, "axes", err)) return false;
    for (size_t i = 0; axes && i < axes->count; i++)
        if (!add_axis(w, axes->items + 2 * i, 1, err)) return false;
    if ((zip && !read_zip(w, zip, err)) || (exclude && !check_exclusions(w, exclude, err))) return false;
    size_t combinations = 1;
    for (size_t a = 0; a < w->axis_count; a++) {
        combinations *= w->axes[a].count;
        if (combinations > SWEEP_MAX_POINTS)
            return error_input(err, w->document.root->mark, "the axes have more than %d combinations",
                               SWEEP_MAX_POINTS);
    }
    return make_settings(w, combinations, exclude, err);
}

/* ---- Seeds ---- */

typedef struct seed_keys {
    uint64_t seeds;
} seed_keys;

static bool read_seed(const yaml_node *node, bool is_count, uint64_t *seed, portolan_error *err) {
    const yaml_field fields[] = {
        {"seeds", FIELD_COUNT, offsetof(seed_keys, seeds), .least = is_count ? 1 : 0, .most = is_count ? 1e6 : 0},
        {0}};
    yaml_node key = {.kind = YAML_SCALAR, .mark = node->mark, .text = "seeds"};
    yaml_node map = {.kind = YAML_MAP,
                     .mark = node->mark,
                     .count = 1,
                     .items = (yaml_node *[]){&key, (yaml_node *)node}};
    seed_keys keys;
    if (!yaml_read(&map, "seeds", fields, &keys, err)) return false;
    *seed = keys.seeds;
    return true;
}

static bool check_distinct(const sweep *w, size_t i, const yaml_node *node, portolan_error *err) {
    for (size_t k = 0; k < i; k++)
        if (w->seeds[k] == w->seeds[i]) return error_input(err, node->mark, "the seed %s stands twice", node->text);
    return true;
}

bool sweep_read_seeds(sweep *w, const yaml_node *node, portolan_error *err) {
    bool is_list = node->kind == YAML_LIST;
    uint64_t count = node->count;
    if (is_list && !count) return error_input(err, node->mark, "'seeds' is an empty list");
    if (!is_list && !read_seed(node, true, &count, err)) return false;
    w->seeds = arena_alloc(&w->memory, count, sizeof *w->seeds);
    w->seed_nodes = arena_alloc(&w->memory, count, sizeof *w->seed_nodes);
    if (!w->seeds || !w->seed_nodes) return error_memory(err, count * sizeof *w->seeds);
    for (size_t i = 0; i < count; i++) {
        const yaml_node *at = is_list ? node->items[i] : node;
        char text[32];
        w->seeds[i] = i + 1;
        if (is_list && (!read_seed(at, false, &w->seeds[i], err) || !check_distinct(w, i, at, err))) return false;
        snprintf(text, sizeof text, "%llu", (unsigned long long)w->seeds[i]);
        if (!(w->seed_nodes[i] = make_scalar(w, at->mark, text))) return error_memory(err, sizeof text);
    }
    w->seed_count = count;
    return true;
}
