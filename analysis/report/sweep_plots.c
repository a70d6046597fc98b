/* The pictures of a sweep along its axes of numbers: a line a policy and setting of the other axes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sweep_painter.h"

enum {
    MOST_LINES = 16,    /* of a picture: line types that can be told apart */
    MOST_PICTURES = 12, /* of a metric along an axis */
    LABEL = 256,
};

/* ---- Along an axis ---- */

/* One picture's lines: series `first` to `end` of a metric along an axis. */
typedef struct strip {
    size_t along;
    const sweep_lines *lines;
    size_t first, end;
    const char *policy; /* all lines are of it; NULL: they are not */
    size_t left_out;    /* lines that have no picture at all, which this one says */
} strip;

static void put_lines(const sweep_painter *p, FILE *data, const strip *s, const metric *m, plot_axis axes[2]) {
    const sweep_grid_axis *axis = &p->grid.axes[s->along];
    char label[LABEL];
    fputs("line\tseries\tx\tmean\tlow\thigh\n", data);
    for (size_t i = s->first; i < s->end; i++)
        for (size_t k = s->lines->starts[i]; k < s->lines->starts[i + 1]; k++) {
            size_t cell = s->lines->cells[k];
            sweep_value v = sweep_value_of(&p->f->policies[cell], m->key, m->scale);
            double row[] = {axis->numbers[axis->of_cell[cell]], v.mean, v.low, v.high};
            fprintf(data, "%zu\t", i - s->first + 1);
            sweep_line_label(&p->grid, cell, s->along, !s->policy, label, sizeof label);
            plot_field(data, label);
            sweep_put_values(data, row, 4);
            sweep_widen(&axes[0], row[0]);
            for (int n = 1; n < 4; n++) sweep_widen(&axes[1], row[n]);
        }
}

extern const char sweep_lines_gp[];

/* An axis whose values span more than a decade, none of them 0, is drawn in equal ratios. */
static bool is_log(const sweep_grid_axis *axis) {
    plot_axis all = {INFINITY, -INFINITY, false};
    for (size_t i = 0; i < axis->count; i++) sweep_widen(&all, axis->numbers[i]);
    return all.low > 0 && all.high / all.low > 12;
}

static void write_variables(const sweep_painter *p, plot *drawing, const strip *s, const metric *m,
                            const plot_axis axes[2]) {
    const sweep_grid_axis *axis = &p->grid.axes[s->along];
    char label[LABEL], metric_title[SWEEP_WORDS];
    sweep_axis_title(m, metric_title);
    snprintf(label, sizeof label, "%.100s%s%.40s", axis->name, *axis->unit ? " / " : "", axis->unit);
    plot_axis x = sweep_with_rim(axes[0]), y = sweep_with_rim(axes[1]);
    plot_text(drawing->script, "x_title", label);
    plot_text(drawing->script, "y_title", metric_title);
    plot_axes(drawing, &x, &y);
    fprintf(drawing->script, "count = %zu\n", s->end - s->first);
}

static void describe(const sweep_painter *p, const strip *s, const metric *m, char title[LABEL], char note[LABEL]) {
    char words[SWEEP_WORDS];
    sweep_title_words(m, words);
    snprintf(title, LABEL, "%s by %.60s%s%.100s", words, p->grid.axes[s->along].name, s->policy ? ": " : "",
             s->policy ? s->policy : "");
    note[0] = '\0';
    if (s->left_out) snprintf(note, LABEL, "%zu more lines are not drawn; they are in statistics.csv.", s->left_out);
}

static bool draw_strip(sweep_painter *p, const strip *s, const metric *m, portolan_error *err) {
    char name[SWEEP_NAME], title[LABEL], note[LABEL], labels[MOST_LINES][LABEL];
    plot_entry legend[MOST_LINES + 1];
    size_t count = s->end - s->first;
    plot_axis axes[2] = {{INFINITY, -INFINITY, is_log(&p->grid.axes[s->along])}, {INFINITY, -INFINITY, false}};
    plot drawing;
    describe(p, s, m, title, note);
    for (size_t i = 0; i < count; i++) {
        size_t cell = s->lines->cells[s->lines->starts[s->first + i]];
        sweep_line_label(&p->grid, cell, s->along, !s->policy, labels[i], LABEL);
        legend[i] = (plot_entry){labels[i], (int)i + 1, NULL};
    }
    if (s->left_out) legend[count++] = (plot_entry){note, PLOT_NO_LINE, NULL};
    sweep_picture_name(p, name, "%s-by-%s%s%s", m->key, p->grid.axes[s->along].name, s->policy ? "-" : "",
                       s->policy ? s->policy : "");
    plot_frame frame = {p->folder, name, PLOT_COLUMN, PLOT_HEIGHT + 0.3, legend, count, s->policy, {sweep_lines_gp}};
    if (!plot_open(&drawing, &frame, err)) return false;
    put_lines(p, drawing.data, s, m, axes);
    write_variables(p, &drawing, s, m, axes);
    return picture_list_add(p->list, &drawing,
                            &(picture){.name = name,
                                       .title = title,
                                       .caption = "Means over the seeds, and their intervals as bands.",
                                       .note = note,
                                       .wide = drawing.width > PLOT_COLUMN + 1},
                            err);
}

/* Whether a metric has a value in any cell. */
static bool has_values(const sweep_painter *p, const char *key) {
    for (size_t i = 0; i < p->f->policy_count; i++)
        if (isfinite(run_metric(&p->f->policies[i], key))) return true;
    return false;
}

/* Where a picture that begins with line `first` ends: all lines if a picture holds them; else, if a policy has several
 * lines, those of one policy. */
static size_t end_of_strip(const sweep_painter *p, const sweep_lines *l, size_t first, bool by_policy) {
    size_t end = first + 1;
    while (end < l->count && end - first < MOST_LINES &&
           (!by_policy || p->grid.policy_of[l->cells[l->starts[end]]] == p->grid.policy_of[l->cells[l->starts[first]]]))
        end++;
    return end;
}

/* Every line in some picture, as long as there are not too many. */
static bool draw_metric(sweep_painter *p, size_t along, const sweep_lines *l, const metric *m, portolan_error *err) {
    bool by_policy = l->count > MOST_LINES && l->count > p->grid.policy_count, ok = true;
    size_t end, drawn = 0;
    for (size_t first = 0; ok && first < l->count && drawn < MOST_PICTURES; first = end, drawn++) {
        end = end_of_strip(p, l, first, by_policy);
        strip s = {along, l, first, end, NULL, 0};
        if (by_policy) s.policy = p->f->policies[l->cells[l->starts[first]]].type;
        if (drawn + 1 == MOST_PICTURES) s.left_out = l->count - end;
        p->list->left_out += s.left_out;
        ok = draw_strip(p, &s, m, err);
    }
    return ok;
}

static bool draw_axes(sweep_painter *p, portolan_error *err) {
    bool ok = true;
    for (size_t a = 0; ok && a < p->grid.axis_count; a++) {
        sweep_lines lines;
        if (p->grid.axes[a].count < 2 || !p->grid.axes[a].numbers) continue;
        ok = sweep_lines_along(&lines, &p->grid, a, err);
        for (const char *const *key = SWEEP_DRAWN; ok && *key; key++)
            if (has_values(p, *key)) ok = draw_metric(p, a, &lines, metric_named(*key), err);
        sweep_lines_free(&lines);
    }
    return ok;
}

bool sweep_plots_write(const run_folder *f, const char *folder, picture_list *list, portolan_error *err) {
    *list = (picture_list){0};
    sweep_painter p = {.f = f, .folder = folder, .list = list};
    if (!sweep_grid_read(&p.grid, f, err)) return false;
    bool ok = draw_axes(&p, err) && sweep_draw_front(&p, err) && sweep_draw_maps(&p, err);
    sweep_grid_free(&p.grid);
    if (!ok) picture_list_free(list);
    return ok;
}
