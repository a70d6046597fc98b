/* The pictures of a sweep: metrics along each axis of numbers, the Pareto front, and heat maps of two axes.
 * */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plot.h"
#include "sweep_statistics.h"

enum { MOST_SERIES = 16 /* line types that can be told apart */, NAME = 96, LABEL = 256, VALUE = 4096 };

/* What is drawn along an axis. */
typedef struct quantity {
    const char *key, *title;
    double scale;
} quantity;

static const quantity QUANTITIES[] = {
    {"accuracy", "accuracy / %", 100},
    {"cost", "cost", 1},
    {"latency_mean_s", "mean latency / ms", 1e3},
    {"energy_phone_j", "phones' energy / J", 1},
};
enum { QUANTITY_COUNT = sizeof QUANTITIES / sizeof *QUANTITIES };

typedef struct painter {
    const sweep_statistics *st;
    char folder[1088];
    bool drawn; /* gnuplot is there */
} painter;

/* ---- Axes of numbers ---- */

/* Reads "10ms" as 10 and "ms", "1/12" as a number without unit. */
static bool read_number(const char *text, double *x, const char **unit) {
    char why[256], *end;
    *unit = "";
    if (unit_parse(text, UNIT_PURE, x, why, sizeof why)) return true;
    *x = strtod(text, &end);
    *unit = end;
    return end != text && isfinite(*x);
}

/* The values of an axis as numbers (free() them), all of the same unit; NULL if they are none. */
static double *axis_numbers(const sweep_axis *axis, const char **unit) {
    double *x = malloc(axis->count * sizeof *x);
    for (size_t i = 0; x && i < axis->count; i++) {
        const yaml_node *value = axis->values[i * axis->key_count];
        const char *other = "";
        bool good = value->kind == YAML_SCALAR && read_number(value->text, &x[i], &other);
        if (!i) *unit = other;
        if (good && strcmp(other, *unit) == 0) continue;
        free(x);
        return NULL;
    }
    return x;
}

/* An axis whose values span more than a decade, none of them 0, is drawn in equal ratios. */
static bool is_log(const double *x, size_t n) {
    double least = x[0], most = x[0];
    for (size_t i = 1; i < n; i++) {
        least = fmin(least, x[i]);
        most = fmax(most, x[i]);
    }
    return least > 0 && most / least > 12;
}

/* Which value of an axis a setting has. */
static size_t value_index(const sweep *w, const sweep_axis *axis, size_t setting) {
    const yaml_node *mine = w->values[setting * w->key_count + axis->first_key];
    size_t i = 0;
    while (i + 1 < axis->count && axis->values[i * axis->key_count] != mine)
        i++;
    return i;
}

/* A name for files: letters, digits and dashes. */
static void file_name(char into[NAME], const char *metric_key, const char *joint, const char *key) {
    int n = snprintf(into, NAME, "%s-%s-%s", metric_key, joint, key);
    for (int i = 0; i < n && i < NAME - 1; i++)
        if (!isalnum((unsigned char)into[i])) into[i] = '-';
}

/* ---- Series: a policy, with the values of all other axes ---- */

typedef struct series {
    char labels[MOST_SERIES][LABEL];
    const char *texts[MOST_SERIES];
    size_t count, left_out;
} series;

static void series_label(const sweep_statistics *st, const sweep_cell *c, size_t along, char into[LABEL]) {
    const sweep *w = st->w;
    char text[VALUE];
    size_t n = (size_t)snprintf(into, LABEL, "%.63s", c->policy);
    for (size_t a = 0; a < w->axis_count && n < LABEL - 1; a++) {
        if (a == along || w->axes[a].count < 2) continue;
        n += (size_t)snprintf(into + n, LABEL - n, ", %.40s=%.40s", sweep_axis_name(w, a),
                              sweep_value(w, c->setting, w->axes[a].first_key, text, sizeof text));
    }
}

static void add_series(series *s, const char *label) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->labels[i], label) == 0) return;
    if (s->count == MOST_SERIES) {
        s->left_out++;
        return;
    }
    snprintf(s->labels[s->count], LABEL, "%s", label);
    s->texts[s->count] = s->labels[s->count];
    s->count++;
}

static void put_values(FILE *data, const double *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        putc('\t', data);
        if (isfinite(values[i]))
            fprintf(data, "%.9g", values[i]);
        else
            fputs("NaN", data);
    }
    putc('\n', data);
}

/* The rows of the data, a line of the picture after the other. */
static void put_series(const painter *p, FILE *data, size_t along, const double *x, const quantity *q,
                       const series *s) {
    const sweep_statistics *st = p->st;
    size_t m = metric_index(metric_named(q->key));
    char label[LABEL];
    fputs("series\tx\tmean\tlow\thigh\n", data);
    for (size_t i = 0; i < s->count; i++) {
        for (size_t c = 0; c < st->cell_count; c++) {
            const interval *v = &st->cells[c].metrics[m];
            series_label(st, &st->cells[c], along, label);
            if (strcmp(label, s->labels[i]) != 0) continue;
            double low = isfinite(v->low) ? v->low : v->mean, high = isfinite(v->high) ? v->high : v->mean;
            double row[] = {x[value_index(st->w, &st->w->axes[along], st->cells[c].setting)],
                            v->mean * q->scale, low * q->scale, high * q->scale};
            plot_field(data, label);
            put_values(data, row, 4);
        }
    }
}

static const char LINES[] =
    "mine(i, c) = strcol('series') eq series[i] ? column(c) : NaN\n"
    "plot for [i=1:|series|] data using (mine(i, 'x')):(mine(i, 'low')):(mine(i, 'high')) with filledcurves \\\n"
    "         lt i fs transparent solid 0.2 noborder notitle, \\\n"
    "     for [i=1:|series|] data using (mine(i, 'x')):(mine(i, 'mean')) with linespoints lt i title series[i]\n";

static bool draw_axis(painter *p, size_t along, const double *x, const char *unit, const quantity *q,
                      portolan_error *err) {
    const sweep *w = p->st->w;
    const sweep_axis *axis = &w->axes[along];
    const char *key = sweep_axis_name(w, along);
    series s = {0};
    char name[NAME], label[LABEL];
    plot picture;
    for (size_t c = 0; c < p->st->cell_count; c++) {
        series_label(p->st, &p->st->cells[c], along, label);
        add_series(&s, label);
    }
    file_name(name, q->key, "by", key);
    if (!plot_open(&picture, p->folder, name, PLOT_COLUMN, PLOT_HEIGHT + 0.12 * (double)s.count, err))
        return false;
    put_series(p, picture.data, along, x, q, &s);
    plot_texts(picture.script, "series", s.texts, s.count);
    snprintf(label, sizeof label, "%.100s%s%.40s", key, *unit ? " / " : "", unit);
    const char *const titles[] = {label, q->title};
    plot_texts(picture.script, "titles", titles, 2);
    if (s.left_out)
        fprintf(picture.script, "# %zu cells belong to further lines, which are in statistics.csv\n",
                s.left_out);
    fprintf(picture.script, "set xlabel titles[1]; set ylabel titles[2]\n%s%s",
            is_log(x, axis->count) ? "set logscale x\n" : "", LINES);
    return plot_close(&picture, true, &p->drawn, err);
}

static bool draw_axes(painter *p, portolan_error *err) {
    const sweep *w = p->st->w;
    bool ok = true;
    for (size_t a = 0; ok && a < w->axis_count; a++) {
        const char *unit = "";
        double *x = w->axes[a].count > 1 ? axis_numbers(&w->axes[a], &unit) : NULL;
        for (size_t q = 0; ok && x && q < QUANTITY_COUNT; q++)
            ok = draw_axis(p, a, x, unit, &QUANTITIES[q], err);
        free(x);
    }
    return ok;
}

/* ---- The Pareto front ---- */

static int by_first_objective(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* The front's rows, sorted along the first metric, so that a line can join them. */
static bool put_front(const painter *p, FILE *data, size_t mx, size_t my, portolan_error *err) {
    const sweep_statistics *st = p->st;
    double(*rows)[2] = malloc((st->cell_count + 1) * sizeof *rows);
    size_t n = 0;
    if (!rows) return error_memory(err, st->cell_count * sizeof *rows);
    for (size_t c = 0; c < st->cell_count; c++) {
        if (!st->cells[c].front) continue;
        rows[n][0] = st->cells[c].metrics[mx].mean;
        rows[n++][1] = st->cells[c].metrics[my].mean;
    }
    qsort(rows, n, sizeof *rows, by_first_objective);
    for (size_t i = 0; i < n; i++) {
        double row[] = {rows[i][0], rows[i][1], NAN, NAN, NAN, NAN, 0};
        fputs("front", data);
        put_values(data, row, 7);
    }
    free(rows);
    return true;
}

static bool put_cells(const painter *p, FILE *data, size_t mx, size_t my, portolan_error *err) {
    const sweep_statistics *st = p->st;
    fputs("policy\tx\ty\txlow\txhigh\tylow\tyhigh\tsure\n", data);
    if (!put_front(p, data, mx, my, err)) return false;
    for (size_t c = 0; c < st->cell_count; c++) {
        const sweep_cell *found = &st->cells[c];
        const interval *x = &found->metrics[mx], *y = &found->metrics[my];
        if (found->same_as != c) continue;
        double row[] = {x->mean,
                        y->mean,
                        isfinite(x->low) ? x->low : x->mean,
                        isfinite(x->high) ? x->high : x->mean,
                        isfinite(y->low) ? y->low : y->mean,
                        isfinite(y->high) ? y->high : y->mean,
                        found->front == FRONT_SURE};
        fputs("= ", data); /* no policy is called as the front is */
        plot_field(data, found->policy);
        put_values(data, row, 7);
    }
    return true;
}

static const char FRONT_LINES[] =
    "of(i, c) = strcol('policy') eq '= ' . policies[i] ? column(c) : NaN\n"
    "sure(i, c) = strcol('policy') eq '= ' . policies[i] && column('sure') == 1 ? column(c) : NaN\n"
    "plot data using (strcol('policy') eq 'front' ? column('x') : NaN):'y' with lines lc rgb other_color lw 2 title 'front', \\\n"
    "     for [i=1:|policies|] data using (of(i, 'x')):(of(i, 'y')):(of(i, 'xlow')):(of(i, 'xhigh')):(of(i, 'ylow')):(of(i, 'yhigh')) \\\n"
    "         with xyerrorbars lt i pt 6 title policies[i], \\\n"
    "     for [i=1:|policies|] data using (sure(i, 'x')):(sure(i, 'y')) with points lt i pt 7 notitle\n";

static bool draw_front(painter *p, portolan_error *err) {
    const metric *const *q = p->st->w->questions.pareto;
    series policies = {0};
    plot picture;
    for (size_t c = 0; c < p->st->cell_count; c++)
        add_series(&policies, p->st->cells[c].policy);
    if (!plot_open(&picture, p->folder, "pareto", PLOT_COLUMN, PLOT_HEIGHT + 0.12 * (double)policies.count,
                   err))
        return false;
    bool ok = put_cells(p, picture.data, metric_index(q[0]), metric_index(q[1]), err);
    const char *const titles[] = {q[0]->key, q[1]->key};
    plot_texts(picture.script, "policies", policies.texts, policies.count);
    plot_texts(picture.script, "titles", titles, 2);
    fprintf(picture.script,
            "set xlabel titles[1]; set ylabel titles[2] # full points: surely on the front\n%s", FRONT_LINES);
    return plot_close(&picture, ok, &p->drawn, err);
}

/* ---- Heat maps ---- */

static void put_tics(const sweep *w, FILE *script, const char *which, size_t along) {
    const sweep_axis *axis = &w->axes[along];
    char text[VALUE];
    const char *texts[64];
    arena memory = {0};
    size_t n = axis->count < 64 ? axis->count : 64;
    for (size_t i = 0; i < n; i++) {
        const yaml_node *value = axis->values[i * axis->key_count];
        const char *shown =
            value->kind == YAML_SCALAR ? value->text : yaml_describe(value, text, sizeof text);
        texts[i] = arena_text(&memory, shown, strlen(shown));
        if (!texts[i]) texts[i] = "";
    }
    char name[16];
    snprintf(name, sizeof name, "%s_values", which);
    plot_texts(script, name, texts, n);
    fprintf(script, "set %stics ('' 0); do for [i=1:|%s|] { set %stics add (%s[i] i-1) }\n", which, name,
            which, name);
    fprintf(script, "set %srange [-0.5:%g]\n", which, (double)axis->count - 0.5);
    const char *const title[] = {sweep_axis_name(w, along)};
    snprintf(name, sizeof name, "%s_title", which);
    plot_texts(script, name, title, 1);
    fprintf(script, "set %slabel %s[1]\n", which, name);
    arena_free(&memory);
}

static bool draw_map(painter *p, const char *policy, const quantity *q, portolan_error *err) {
    const sweep *w = p->st->w;
    size_t m = metric_index(metric_named(q->key));
    char name[NAME];
    plot picture;
    file_name(name, q->key, "map", policy);
    if (!plot_open(&picture, p->folder, name, PLOT_COLUMN, PLOT_HEIGHT, err)) return false;
    fputs("policy\tx\ty\tmean\n", picture.data);
    for (size_t c = 0; c < p->st->cell_count; c++) {
        const sweep_cell *found = &p->st->cells[c];
        if (strcmp(found->policy, policy) != 0) continue;
        double row[] = {(double)value_index(w, &w->axes[0], found->setting),
                        (double)value_index(w, &w->axes[1], found->setting),
                        found->metrics[m].mean * q->scale};
        plot_field(picture.data, policy);
        put_values(picture.data, row, 3);
    }
    put_tics(w, picture.script, "x", 0);
    put_tics(w, picture.script, "y", 1);
    const char *const titles[] = {policy, q->title};
    plot_texts(picture.script, "titles", titles, 2);
    fputs(
        "set title titles[1]; set cblabel titles[2]\nset palette cubehelix start 0.5 cycles -1.2 saturation 1\n"
        "unset grid; unset key; set style fill solid 1 noborder\n"
        "plot data using 'x':'y':($2-0.5):($2+0.5):($3-0.5):($3+0.5):'mean' with boxxyerror fc palette\n",
        picture.script);
    return plot_close(&picture, true, &p->drawn, err);
}

/* One map a policy that the axes touch, and quantity. */
static bool draw_maps(painter *p, portolan_error *err) {
    const sweep *w = p->st->w;
    series policies = {0};
    bool ok = true;
    if (w->axis_count != 2 || w->axes[0].count < 2 || w->axes[1].count < 2) return true;
    for (size_t c = 0; c < p->st->cell_count; c++)
        if (p->st->cells[c].setting > 0 && p->st->cells[c].same_as == c)
            add_series(&policies, p->st->cells[c].policy);
    for (size_t i = 0; ok && i < policies.count; i++)
        for (size_t q = 0; ok && q < QUANTITY_COUNT; q++)
            ok = draw_map(p, policies.labels[i], &QUANTITIES[q], err);
    return ok;
}

bool sweep_plots_draw(const sweep_statistics *st, const sweep_store *t, bool *drawn, portolan_error *err) {
    painter p = {.st = st, .drawn = true};
    bool ok = path_format(p.folder, sizeof p.folder, err, "%s/plots", t->folder) &&
              (!st->cell_count || subfolder_make(p.folder, err));
    ok = ok && (!st->cell_count || (draw_axes(&p, err) && draw_front(&p, err) && draw_maps(&p, err)));
    *drawn = p.drawn;
    return ok;
}
