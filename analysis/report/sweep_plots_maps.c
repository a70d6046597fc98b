/* Heat maps of a sweep with two axes. */
#include <math.h>
#include <string.h>

#include "sweep_painter.h"

enum { MOST_SHOWN = 60 /* characters of a value beside a map */ };

/* Inches: a character and a line of the 8 point letters, the least and the most that the map itself takes along a side,
 * and what stands around it beside the values. */
static const double CHARACTER = 0.072, LINE = 0.17, LEAST = 1.9, MOST = 5.5, LEFT = 0.4, RIGHT = 0.95, BELOW = 0.4,
                    ABOVE = 0.12;

/* A side of a map. */
typedef struct side {
    const sweep_grid_axis *axis;
    double inches;
    double longest; /* inches of the longest value */
    size_t stride;  /* every how many-th value is named */
    bool turned;    /* values of the lower side that stand upright */
} side;

/* A value as it is shown: a long one is cut in the middle. */
static const char *shown_value(const sweep_painter *p, size_t axis, size_t i, char into[256]) {
    char *text = into;
    size_t n = strlen(sweep_grid_value(&p->grid, axis, p->grid.axes[axis].example[i], into, 256));
    if (n <= MOST_SHOWN) return text;
    size_t half = (MOST_SHOWN - 3) / 2;
    while (half && ((unsigned char)text[half] & 0xC0) == 0x80) half--;
    size_t rest = n - (MOST_SHOWN - 3 - half);
    while (rest < n && ((unsigned char)text[rest] & 0xC0) == 0x80) rest++;
    memmove(text + half + 3, text + rest, n - rest + 1);
    memcpy(text + half, "...", 3);
    return text;
}

/* Numbers are named as densely as they fit; words all, as long as the map may grow. */
static side measure(const sweep_painter *p, size_t axis, bool lower) {
    side s = {.axis = &p->grid.axes[axis], .inches = LEAST};
    char text[256];
    for (size_t i = 0; i < s.axis->count; i++)
        s.longest = fmax(s.longest, CHARACTER * (double)strlen(shown_value(p, axis, i, text)));
    double count = (double)s.axis->count, along = s.longest + CHARACTER;
    s.turned = lower && !s.axis->numbers && along * count > LEAST;
    if (!lower || s.turned) along = LINE;
    if (!s.axis->numbers) s.inches = fmin(fmax(LEAST, along * count), MOST);
    s.stride = (size_t)fmax(1, ceil(along * count / s.inches - 1e-9));
    return s;
}

/* The values that are named, as labels of tics, and every how many-th that is. */
static void put_side(const sweep_painter *p, FILE *script, const char *which, size_t axis, const side *s) {
    char text[256], title[256], name[16];
    snprintf(name, sizeof name, "%s_values", which);
    fprintf(script, "%s_stride = %zu; array %s[%zu]\n", which, s->stride, name,
            (s->axis->count + s->stride - 1) / s->stride);
    for (size_t i = 0; i < s->axis->count; i += s->stride)
        plot_tic_text(script, name, i / s->stride + 1, shown_value(p, axis, i, text));
    snprintf(title, sizeof title, "%.150s", s->axis->name);
    if (s->stride > 1 && !s->axis->numbers)
        snprintf(title, sizeof title, "%.150s (one of %zu named)", s->axis->name, s->stride);
    snprintf(name, sizeof name, "%s_title", which);
    plot_text(script, name, title);
    fprintf(script, "%s_end = %g\n", which, (double)s->axis->count - 0.5);
}

static plot_axis put_cells(const sweep_painter *p, FILE *data, size_t policy, const metric *m) {
    plot_axis range = {INFINITY, -INFINITY, false};
    char text[2][256];
    fputs("x\ty\tmean\tx_value\ty_value\n", data);
    for (size_t i = 0; i < p->f->policy_count; i++) {
        double mean = m->scale * run_metric(&p->f->policies[i], m->key);
        if (p->grid.policy_of[i] != policy || !isfinite(mean)) continue;
        fprintf(data, "%zu\t%zu\t%.9g\t", p->grid.axes[0].of_cell[i], p->grid.axes[1].of_cell[i], mean);
        plot_field(data, sweep_grid_value(&p->grid, 0, i, text[0], sizeof text[0]));
        putc('\t', data);
        plot_field(data, sweep_grid_value(&p->grid, 1, i, text[1], sizeof text[1]));
        putc('\n', data);
        sweep_widen(&range, mean);
    }
    return range;
}

extern const char sweep_map_gp[];

static void write_variables(const sweep_painter *p, plot *drawing, const side sides[2], const plot_axis *range,
                            const metric *m) {
    FILE *out = drawing->script;
    double left = LEFT + sides[1].longest, below = BELOW + (sides[0].turned ? sides[0].longest : LINE);
    char title[SWEEP_WORDS];
    sweep_axis_title(m, title);
    put_side(p, out, "x", 0, &sides[0]);
    put_side(p, out, "y", 1, &sides[1]);
    plot_text(out, "cell_title", title);
    plot_tics(out, "cb", range, sides[1].inches);
    plot_margins(drawing, left, drawing->width - left - sides[0].inches, below,
                 drawing->height - below - sides[1].inches);
    fprintf(out, "x_turned = %d; x_title_shift = %.4f\n", sides[0].turned, (0.22 - sides[0].longest) / drawing->height);
}

static bool draw_map(sweep_painter *p, size_t policy, const metric *m, portolan_error *err) {
    const char *label = p->f->policies[p->grid.policy_example[policy]].type;
    char name[SWEEP_NAME], title[256], words[SWEEP_WORDS];
    sweep_title_words(m, words);
    side sides[2] = {measure(p, 0, true), measure(p, 1, false)};
    double width = LEFT + sides[1].longest + sides[0].inches + RIGHT,
           height = BELOW + (sides[0].turned ? sides[0].longest : LINE) + sides[1].inches + ABOVE;
    plot drawing;
    sweep_picture_name(p, name, "%s-map-%s", m->key, label);
    snprintf(title, sizeof title, "%s: %.100s", words, label);
    if (!plot_open(&drawing, &(plot_frame){p->folder, name, width, height, NULL, 0, label, {sweep_map_gp}}, err))
        return false;
    plot_axis range = put_cells(p, drawing.data, policy, m);
    write_variables(p, &drawing, sides, &range, m);
    return picture_list_add(p->list, &drawing,
                            &(picture){.name = name,
                                       .title = title,
                                       .caption = "Means over the seeds. Hatched: no such setting.",
                                       .wide = width > 5},
                            err);
}

/* Whether the metric varies over the policy's cells. */
static bool varies(const sweep_painter *p, size_t policy, const char *key) {
    plot_axis range = {INFINITY, -INFINITY, false};
    for (size_t i = 0; i < p->f->policy_count; i++)
        if (p->grid.policy_of[i] == policy) sweep_widen(&range, run_metric(&p->f->policies[i], key));
    return range.low < range.high;
}

/* A metric that is the same everywhere needs no map. */
bool sweep_draw_maps(sweep_painter *p, portolan_error *err) {
    bool ok = true;
    if (p->grid.axis_count != 2 || p->grid.axes[0].count < 2 || p->grid.axes[1].count < 2) return true;
    for (size_t i = 0; ok && i < p->grid.policy_count; i++)
        for (const char *const *key = SWEEP_DRAWN; ok && *key; key++)
            if (varies(p, i, *key)) ok = draw_map(p, i, metric_named(*key), err);
    return ok;
}
