/* Axes of a sweep's results. */
#include "sweep_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/numbers.h"
#include "base/units.h"

/* ---- Numbering texts ---- */

static int by_text(const void *a, const void *b, void *texts) {
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    int order = strcmp(((const char **)texts)[i], ((const char **)texts)[k]);
    return order ? order : (i > k) - (i < k);
}

/* Gives equal texts one number, counted from 0 in the order in which they appear: of[n], and an example of each.
 * Returns how many there are; 0 if memory is short. */
static size_t number_texts(arena *memory, const char **texts, size_t n, size_t **of, size_t **example) {
    size_t *order = arena_alloc(memory, n + 1, sizeof *order), *first = arena_alloc(memory, n + 1, sizeof *first);
    size_t count = 0;
    *of = arena_alloc(memory, n + 1, sizeof **of);
    *example = arena_alloc(memory, n + 1, sizeof **example);
    if (!order || !first || !*of || !*example) return 0;
    for (size_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, by_text, texts);
    for (size_t i = 0; i < n; i++) /* the first of equals has the smallest index */
        first[order[i]] = i && strcmp(texts[order[i]], texts[order[i - 1]]) == 0 ? first[order[i - 1]] : order[i];
    for (size_t i = 0; i < n; i++) {
        if (first[i] == i) (*example)[count] = i;
        (*of)[i] = first[i] == i ? count++ : (*of)[first[i]];
    }
    return count;
}

/* ---- Numbers with units ---- */

/* What stands behind the number. */
static const char *unit_of(const char *text) {
    double x;
    const char *end = number_read(text, &x);
    return end ? end + strspn(end, " ") : text;
}

/* Reads all values as quantities of one family, in the unit that the first one is written in. */
static bool read_family(const sweep_grid *g, sweep_grid_axis *axis, unit_family family) {
    char why[256], one[48];
    double unit = 1;
    const char *first = run_parameter(g->f, axis->example[0], axis->keys[0]);
    axis->unit = family == UNIT_PURE ? "" : unit_of(first);
    snprintf(one, sizeof one, "1%.40s", axis->unit);
    if (!unit_parse(one, family, &unit, why, sizeof why)) return false;
    for (size_t i = 0; i < axis->count; i++) {
        const char *text = run_parameter(g->f, axis->example[i], axis->keys[0]);
        if (!unit_parse(text, family, &axis->numbers[i], why, sizeof why)) return false;
        axis->numbers[i] /= unit;
    }
    return true;
}

static bool read_numbers(sweep_grid *g, sweep_grid_axis *axis, portolan_error *err) {
    axis->numbers = arena_alloc(&g->memory, axis->count, sizeof *axis->numbers);
    if (!axis->numbers) return error_memory(err, axis->count * sizeof *axis->numbers);
    for (int family = 0; family < UNIT_FAMILIES; family++)
        if (read_family(g, axis, (unit_family)family)) return true;
    axis->numbers = NULL;
    axis->unit = "";
    return true;
}

/* ---- Axes ---- */

static bool at_axes(const sweep_grid *g, portolan_error *err, size_t axis, const char *what) {
    char path[sizeof g->f->path + 16];
    snprintf(path, sizeof path, "%s/sweep.json", g->f->path);
    return error_input(err, (text_mark){path, 0, 0}, "axes[%zu] %s, as `portolan sweep` writes it", axis, what);
}

/* Values of the first `key_count` keys in every cell, as one text each. */
static const char **join_values(sweep_grid *g, const sweep_grid_axis *axis, size_t key_count) {
    const char **texts = arena_alloc(&g->memory, g->f->policy_count, sizeof *texts);
    for (size_t i = 0; texts && i < g->f->policy_count; i++) {
        size_t room = 1, n = 0;
        for (size_t k = 0; k < key_count; k++) room += strlen(run_parameter(g->f, i, axis->keys[k])) + 1;
        char *text = arena_alloc(&g->memory, room, 1);
        if (!text) return NULL;
        for (size_t k = 0; k < key_count; k++)
            n += (size_t)snprintf(text + n, room - n, "%s\n", run_parameter(g->f, i, axis->keys[k]));
        texts[i] = text;
    }
    return texts;
}

static bool find_values(sweep_grid *g, sweep_grid_axis *axis, portolan_error *err) {
    size_t *of, *example, cells = g->f->policy_count;
    const char **whole = join_values(g, axis, axis->key_count), **first = join_values(g, axis, 1);
    if (!whole || !first) return error_memory(err, cells * sizeof *whole);
    axis->count = number_texts(&g->memory, whole, cells, &axis->of_cell, &axis->example);
    axis->first_tells = number_texts(&g->memory, first, cells, &of, &example) == axis->count;
    return axis->count ? read_numbers(g, axis, err) : error_memory(err, cells * sizeof *whole);
}

static bool read_axis(sweep_grid *g, const json_t *keys, portolan_error *err) {
    size_t number = g->axis_count;
    sweep_grid_axis *axis = &g->axes[g->axis_count++];
    if (!json_array_size(keys) || json_array_size(keys) > SWEEP_GRID_AXES)
        return at_axes(g, err, number, "has no 'keys', or too many");
    for (size_t k = 0; k < json_array_size(keys); k++) {
        const char *key = json_string_value(json_array_get(keys, k));
        axis->keys[k] = 0;
        while (axis->keys[k] < g->f->key_count && (!key || strcmp(g->f->keys[axis->keys[k]], key) != 0))
            axis->keys[k]++;
        if (axis->keys[k] == g->f->key_count)
            return at_axes(g, err, number, "has a key that is no column of statistics.csv");
    }
    axis->key_count = json_array_size(keys);
    return find_values(g, axis, err);
}

static const char *last_word(const char *key) {
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

static void name_axes(sweep_grid *g) {
    for (size_t a = 0; a < g->axis_count; a++) {
        const char *key = g->f->keys[g->axes[a].keys[0]];
        g->axes[a].name = last_word(key);
        for (size_t i = 0; i < g->axis_count; i++)
            if (i != a && strcmp(last_word(g->f->keys[g->axes[i].keys[0]]), last_word(key)) == 0) g->axes[a].name = key;
    }
}

static bool number_policies(sweep_grid *g, portolan_error *err) {
    size_t cells = g->f->policy_count;
    const char **names = arena_alloc(&g->memory, cells, sizeof *names);
    for (size_t i = 0; names && i < cells; i++) names[i] = g->f->policies[i].type;
    if (names) g->policy_count = number_texts(&g->memory, names, cells, &g->policy_of, &g->policy_example);
    return g->policy_count || error_memory(err, cells * sizeof *names);
}

bool sweep_grid_read(sweep_grid *g, const run_folder *f, portolan_error *err) {
    *g = (sweep_grid){.f = f};
    const json_t *axes = json_object_get(f->summary, "axes");
    bool ok = json_array_size(axes) <= SWEEP_GRID_AXES || at_axes(g, err, SWEEP_GRID_AXES, "is one too many");
    for (size_t a = 0; ok && a < json_array_size(axes); a++)
        ok = read_axis(g, json_object_get(json_array_get(axes, a), "keys"), err);
    ok = ok && number_policies(g, err);
    if (ok) name_axes(g);
    if (!ok) sweep_grid_free(g);
    return ok;
}

void sweep_grid_free(sweep_grid *g) {
    arena_free(&g->memory);
    *g = (sweep_grid){0};
}

const char *sweep_grid_value(const sweep_grid *g, size_t axis, size_t cell, char *into, size_t size) {
    const sweep_grid_axis *a = &g->axes[axis];
    size_t n = 0;
    into[0] = '\0';
    for (size_t k = 0; k < (a->first_tells ? 1 : a->key_count) && n < size; k++)
        n += (size_t)snprintf(into + n, size - n, "%s%s", k ? ", " : "", run_parameter(g->f, cell, a->keys[k]));
    return into;
}

/* ---- Lines ---- */

typedef struct along {
    const sweep_grid *g;
    size_t axis;
} along;

/* By line: the policy, then the values on the other axes. */
static int compare_lines(const along *at, size_t i, size_t k) {
    const sweep_grid *g = at->g;
    if (g->policy_of[i] != g->policy_of[k]) return g->policy_of[i] < g->policy_of[k] ? -1 : 1;
    for (size_t a = 0; a < g->axis_count; a++) {
        size_t x = g->axes[a].of_cell[i], y = g->axes[a].of_cell[k];
        if (a != at->axis && x != y) return x < y ? -1 : 1;
    }
    return 0;
}

static int by_line(const void *a, const void *b, void *context) {
    const along *at = context;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    int order = compare_lines(at, i, k);
    if (order) return order;
    const sweep_grid_axis *axis = &at->g->axes[at->axis];
    size_t p = axis->of_cell[i], q = axis->of_cell[k];
    if (axis->numbers && axis->numbers[p] != axis->numbers[q]) return axis->numbers[p] < axis->numbers[q] ? -1 : 1;
    return p != q ? (p > q) - (p < q) : (i > k) - (i < k);
}

bool sweep_lines_along(sweep_lines *l, const sweep_grid *g, size_t axis, portolan_error *err) {
    size_t cells = g->f->policy_count;
    along at = {g, axis};
    *l = (sweep_lines){calloc(cells + 1, sizeof *l->cells), calloc(cells + 1, sizeof *l->starts), 0};
    if (!l->cells || !l->starts) {
        sweep_lines_free(l);
        return error_memory(err, 2 * cells * sizeof *l->cells);
    }
    for (size_t i = 0; i < cells; i++) l->cells[i] = i;
    qsort_r(l->cells, cells, sizeof *l->cells, by_line, &at);
    for (size_t i = 0; i < cells; i++)
        if (!i || compare_lines(&at, l->cells[i - 1], l->cells[i]) != 0) l->starts[l->count++] = i;
    l->starts[l->count] = cells;
    return true;
}

void sweep_lines_free(sweep_lines *l) {
    free(l->cells);
    free(l->starts);
    *l = (sweep_lines){0};
}

void sweep_line_label(const sweep_grid *g, size_t cell, size_t along_axis, bool with_policy, char *into, size_t size) {
    char value[128];
    size_t n = 0;
    into[0] = '\0';
    if (with_policy) n = (size_t)snprintf(into, size, "%.80s", g->f->policies[cell].type);
    for (size_t a = 0; a < g->axis_count && n < size; a++) {
        if (a == along_axis || g->axes[a].count < 2) continue;
        n += (size_t)snprintf(into + n, size - n, "%s%.60s=%s", n ? ", " : "", g->axes[a].name,
                              sweep_grid_value(g, a, cell, value, sizeof value));
    }
}
