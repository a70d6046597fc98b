/* The picture of a sweep's Pareto front: all policies at all settings, with intervals; full points are surely on it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sweep_painter.h"

enum { MOST_POLICIES = 16 /* line types that can be told apart */, OFF = 0, ON, SURE };

static const char SEPARATOR[] = "\x1f";

/* ---- Which cells are on it, as sweep.json says ---- */

/* The policy and the values of all keys as one text: `value` says each; NULL if memory is short or one is missing. */
static char *identity(const sweep_painter *p, const char *policy,
                      const char *(*value)(const void *of, const char *key, size_t k), const void *of) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    bool ok = policy && fputs(policy, out) >= 0;
    for (size_t k = 0; ok && k < p->f->key_count; k++) {
        const char *part = value(of, p->f->keys[k], k);
        ok = part && fprintf(out, "%s%s", SEPARATOR, part) >= 0;
    }
    if (fclose(out) == 0 && ok) return text;
    free(text);
    return NULL;
}

static const char *value_of_cell(const void *of, const char *key, size_t k) {
    (void)key;
    const run_policy *cell = of;
    return json_string_value(json_array_get(cell->parameters, k));
}

static const char *value_of_object(const void *of, const char *key, size_t k) {
    (void)k;
    return json_string_value(json_object_get(of, key));
}

/* An object from each front cell's identity to whether it is sure. NULL if memory is short. */
static json_t *front_identities(const sweep_painter *p) {
    const json_t *found = json_object_get(json_object_get(p->f->summary, "pareto"), "front");
    json_t *all = json_object();
    for (size_t i = 0; all && i < json_array_size(found); i++) {
        const json_t *cell = json_array_get(found, i);
        char *text = identity(p, json_string_value(json_object_get(cell, "policy")), value_of_object,
                              json_object_get(cell, "parameters"));
        bool ok = text &&
                  json_object_set_new(all, text, json_boolean(json_is_true(json_object_get(cell, "sure")))) == 0;
        free(text);
        if (ok) continue;
        json_decref(all);
        return NULL;
    }
    return all;
}

/* OFF, ON or SURE for each cell; free() it. */
static int *front_states(const sweep_painter *p) {
    int *states = calloc(p->f->policy_count, sizeof *states);
    json_t *all = states ? front_identities(p) : NULL;
    for (size_t i = 0; all && i < p->f->policy_count; i++) {
        char *text = identity(p, p->f->policies[i].type, value_of_cell, &p->f->policies[i]);
        const json_t *sure = text ? json_object_get(all, text) : NULL;
        if (sure) states[i] = json_is_true(sure) ? SURE : ON;
        free(text);
    }
    if (!all) free(states);
    json_decref(all);
    return all ? states : NULL;
}

/* ---- Rows ---- */

static int by_first(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* The front's rows, sorted along the first metric, so that a line can join them. */
static bool put_front(const sweep_painter *p, FILE *data, const int *states, const char *const keys[2]) {
    double(*rows)[2] = malloc((p->f->policy_count + 1) * sizeof *rows);
    size_t n = 0;
    if (!rows) return false;
    for (size_t i = 0; i < p->f->policy_count; i++) {
        rows[n][0] = run_metric(&p->f->policies[i], keys[0]);
        rows[n][1] = run_metric(&p->f->policies[i], keys[1]);
        n += states[i] != OFF && isfinite(rows[n][0]) && isfinite(rows[n][1]);
    }
    qsort(rows, n, sizeof *rows, by_first);
    for (size_t i = 0; i < n; i++) {
        fputs("0\tfront", data);
        sweep_put_values(data, (double[]){rows[i][0], rows[i][1], NAN, NAN, NAN, NAN, 0}, 7);
    }
    free(rows);
    return true;
}

static size_t put_cells(const sweep_painter *p, FILE *data, const int *states, const char *const keys[2],
                        plot_axis axes[2]) {
    size_t shown = 0;
    for (size_t i = 0; i < p->f->policy_count; i++) {
        const run_policy *c = &p->f->policies[i];
        sweep_value x = sweep_value_of(c, keys[0], 1), y = sweep_value_of(c, keys[1], 1);
        if (!isfinite(x.mean) || !isfinite(y.mean)) continue;
        fprintf(data, "%zu\t", p->grid.policy_of[i] + 1);
        plot_field(data, c->name);
        sweep_put_values(data, (double[]){x.mean, y.mean, x.low, x.high, y.low, y.high, states[i] == SURE}, 7);
        sweep_widen(&axes[0], x.low);
        sweep_widen(&axes[0], x.high);
        sweep_widen(&axes[1], y.low);
        sweep_widen(&axes[1], y.high);
        shown++;
    }
    return shown;
}

/* ---- The picture ---- */

extern const char sweep_front_gp[];

static size_t make_legend(const sweep_painter *p, plot_entry *into) {
    size_t n = 0;
    into[n++] = (plot_entry){"front; full points are surely on it", PLOT_FRONT, NULL};
    if (p->grid.policy_count > MOST_POLICIES) {
        into[n++] = (plot_entry){"policies at settings; pareto.tsv names them", 8, NULL};
        return n;
    }
    for (size_t i = 0; i < p->grid.policy_count; i++)
        into[n++] = (plot_entry){p->f->policies[p->grid.policy_example[i]].type, (int)i + 1, NULL};
    return n;
}

static bool write_front(sweep_painter *p, plot *drawing, const int *states, const char *const keys[2], bool *any) {
    plot_axis axes[2] = {{INFINITY, -INFINITY, false}, {INFINITY, -INFINITY, false}};
    fputs("line\tpolicy\tx\ty\txlow\txhigh\tylow\tyhigh\tsure\n", drawing->data);
    if (!put_front(p, drawing->data, states, keys)) return false;
    *any = put_cells(p, drawing->data, states, keys, axes) > 0;
    plot_axis x = sweep_with_rim(axes[0]), y = sweep_with_rim(axes[1]);
    plot_axes(drawing, &x, &y);
    plot_text(drawing->script, "x_title", keys[0]);
    plot_text(drawing->script, "y_title", keys[1]);
    fprintf(drawing->script, "count = %zu\n", p->grid.policy_count > MOST_POLICIES ? 0 : p->grid.policy_count);
    return true;
}

static bool draw(sweep_painter *p, const int *states, const char *const keys[2], portolan_error *err) {
    plot_entry legend[MOST_POLICIES + 1];
    picture about = {
        .name = "pareto",
        .title = "The Pareto front",
        .caption = "All policies at all settings: means over the seeds, and their intervals. The dashed line "
                   "joins those that none beats in both metrics."};
    plot_frame frame = {p->folder, about.name,      PLOT_COLUMN, PLOT_HEIGHT + 0.4, legend, make_legend(p, legend),
                        NULL,      {sweep_front_gp}};
    plot drawing;
    bool any = false;
    portolan_error none;
    if (!plot_open(&drawing, &frame, err)) return false;
    if (!write_front(p, &drawing, states, keys, &any)) {
        plot_close(&drawing, false, NULL, &none);
        return error_memory(err, p->f->policy_count * sizeof(double[2]));
    }
    if (any) return picture_list_add(p->list, &drawing, &about, err);
    plot_close(&drawing, false, NULL, &none); /* nothing to show */
    return true;
}

bool sweep_draw_front(sweep_painter *p, portolan_error *err) {
    const json_t *metrics = json_object_get(json_object_get(p->f->summary, "pareto"), "metrics");
    const char *const keys[] = {json_string_value(json_array_get(metrics, 0)),
                                json_string_value(json_array_get(metrics, 1))};
    if (!keys[0] || !keys[1]) return true;
    int *states = front_states(p);
    if (!states) return error_usage(err, "%s/sweep.json: its front cannot be read, or memory is short", p->f->path);
    bool ok = draw(p, states, keys, err);
    free(states);
    return ok;
}
