/* The table of a sweep on the terminal: a row a setting and policy, means over the seeds with half their
 * intervals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "statistics.h"

/* Metrics whose titles are shorter here than elsewhere, and those that every sweep shows. */
static const struct {
    const char *key, *title;
    bool always; /* else only where the sweep asks about the metric, as of all that are not listed */
} SHORT[] = {
    {"accuracy", "accuracy", true},
    {"drop", "drop", true},
    {"cost", "cost", true},
    {"latency_mean_s", "mean", true},
    {"latency_p50_s", "p50", false},
    {"latency_p95_s", "p95", false},
    {"latency_p99_s", "p99", false},
    {"energy_total_j", "total", false},
    {"energy_active_phone_j", "phone", true},
    {"bytes_up", "up", false},
};
enum { SHORT_COUNT = sizeof SHORT / sizeof *SHORT, WIDTH = 48, MOST_ROWS = 40, MOST_NAME = 28, TITLE = 256 };

static const char *last_word(const char *key) {
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

const char *sweep_axis_name(const sweep *w, size_t axis) {
    const char *key = w->keys[w->axes[axis].first_key];
    for (size_t i = 0; i < w->axis_count; i++)
        if (i != axis && strcmp(last_word(key), last_word(w->keys[w->axes[i].first_key])) == 0) return key;
    return last_word(key);
}

/* Whether the metric has a column, since all sweeps show it, or this one's front or best setting is about it. */
static bool is_shown_metric(const sweep_questions *q, const metric *m) {
    bool shown = q->objective == m;
    for (size_t i = 0; i < SHORT_COUNT; i++) shown |= SHORT[i].always && strcmp(SHORT[i].key, m->key) == 0;
    for (size_t i = 0; i < q->pareto_count; i++) shown |= q->pareto[i] == m;
    for (size_t i = 0; i < q->bound_count; i++) shown |= q->bounds[i].metric == m;
    return shown;
}

static const char *column_title(const metric *m) {
    for (size_t i = 0; i < SHORT_COUNT; i++)
        if (strcmp(SHORT[i].key, m->key) == 0) return SHORT[i].title;
    return m->title;
}

static void show(char *into, const metric *m, const sweep_cell *row) {
    const interval *x = &row->metrics[metric_index(m)];
    double half = (x->high - x->low) / 2 * m->scale;
    if (!isfinite(x->mean))
        snprintf(into, WIDTH, "-");
    else if (!isfinite(half))
        snprintf(into, WIDTH, "%.*f", m->digits, x->mean * m->scale + 0.0);
    else
        snprintf(into, WIDTH, "%.*f +-%.*f", m->digits, x->mean * m->scale + 0.0, m->digits, half);
}

static bool repeats(const sweep_statistics *st, const sweep_cell *c) { return &st->cells[c->same_as] != c; }

static size_t count_rows(const sweep_statistics *st) {
    size_t n = 0;
    for (size_t i = 0; i < st->cell_count; i++) n += !repeats(st, &st->cells[i]);
    return n;
}

/* Where there are too many rows for a screen, those on the front are shown. */
static bool is_shown(const sweep_statistics *st, size_t rows, const sweep_cell *c) {
    return !repeats(st, c) && (rows <= MOST_ROWS || c->front || c == st->best || c == st->best_sure);
}

/* The value on an axis, of its first key, or "any" where the row stands for cells with other values too. */
static const char *shown_value(const sweep_statistics *st, const sweep_cell *c, size_t axis, char *into, size_t size) {
    char other[4096];
    size_t k = st->w->axes[axis].first_key;
    const char *text = sweep_value(st->w, c->setting, k, into, size);
    for (const sweep_cell *d = c + 1; d < st->cells + st->cell_count; d++)
        if (&st->cells[d->same_as] == c && strcmp(text, sweep_value(st->w, d->setting, k, other, sizeof other)) != 0)
            return "any";
    return text;
}

/* What the table shows of a text that may come from anywhere. */
static const char *axis_title(const sweep_statistics *st, size_t axis, char text[TITLE]) {
    return text_printable(text, TITLE, sweep_axis_name(st->w, axis));
}

static const char *axis_value(const sweep_statistics *st, const sweep_cell *c, size_t axis, char text[TITLE]) {
    char value[4096];
    return text_printable(text, TITLE, shown_value(st, c, axis, value, sizeof value));
}

static const char *policy_title(const sweep_cell *c, char text[TITLE]) {
    return text_printable(text, TITLE, c->policy);
}

/* Widths; 0 for a column that is not shown. */
typedef struct layout {
    int axes[SWEEP_MAX_KEYS], policy, columns[METRIC_COUNT];
} layout;

static void widen(int *width, const char *text) {
    int n = (int)strlen(text);
    if (n > MOST_NAME) n = MOST_NAME;
    if (n > *width) *width = n;
}

static layout measure(const sweep_statistics *st, size_t rows) {
    layout l = {.policy = (int)strlen("policy")};
    char text[TITLE];
    for (size_t k = 0; k < st->w->axis_count; k++) widen(&l.axes[k], axis_title(st, k, text));
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (is_shown_metric(&st->w->questions, &METRICS[i])) widen(&l.columns[i], column_title(&METRICS[i]));
    for (size_t i = 0; i < st->cell_count; i++) {
        const sweep_cell *c = &st->cells[i];
        if (!is_shown(st, rows, c)) continue;
        for (size_t k = 0; k < st->w->axis_count; k++) widen(&l.axes[k], axis_value(st, c, k, text));
        widen(&l.policy, policy_title(c, text));
        for (size_t k = 0; k < METRIC_COUNT; k++) {
            show(text, &METRICS[k], c);
            if (l.columns[k]) widen(&l.columns[k], text);
        }
    }
    return l;
}

static void put_field(FILE *out, int width, const char *text) {
    if (width) fprintf(out, "  %*s", width, text);
}

static void print_cell(const sweep_statistics *st, const layout *l, const sweep_cell *c, FILE *out, bool color) {
    static const char *const MARKS[] = {"", " *", " **"};
    char text[TITLE];
    if (color && c->front) fputs("\033[1m", out);
    for (size_t k = 0; k < st->w->axis_count; k++)
        fprintf(out, "%-*.*s  ", l->axes[k], l->axes[k], axis_value(st, c, k, text));
    fprintf(out, "%-*.*s", l->policy, l->policy, policy_title(c, text));
    for (size_t k = 0; k < METRIC_COUNT; k++) {
        show(text, &METRICS[k], c);
        put_field(out, l->columns[k], text);
    }
    fputs(MARKS[c->front], out);
    if (color && c->front) fputs("\033[0m", out);
    fputc('\n', out);
}

static void print_titles(const sweep_statistics *st, const layout *l, FILE *out) {
    char text[TITLE];
    for (size_t k = 0; k < st->w->axis_count; k++)
        fprintf(out, "%-*.*s  ", l->axes[k], l->axes[k], axis_title(st, k, text));
    fprintf(out, "%-*s", l->policy, "policy");
    for (size_t k = 0; k < METRIC_COUNT; k++) put_field(out, l->columns[k], column_title(&METRICS[k]));
    fputc('\n', out);
    for (size_t k = 0; k < st->w->axis_count; k++) fprintf(out, "%-*s  ", l->axes[k], "");
    fprintf(out, "%-*s", l->policy, "");
    for (size_t k = 0; k < METRIC_COUNT; k++) put_field(out, l->columns[k], METRICS[k].shown_unit);
    fputc('\n', out);
}

/* "cost 0.61, confidence at threshold=0.85" */
static void print_best_cell(const sweep_statistics *st, const sweep_cell *c, const char *how, FILE *out) {
    const sweep_questions *q = &st->w->questions;
    char text[TITLE], value[TITLE];
    fprintf(out, "%s: %s %.9g, %s", how, q->objective->key, c->metrics[metric_index(q->objective)].mean,
            policy_title(c, text));
    for (size_t k = 0; k < st->w->axis_count; k++)
        fprintf(out, "%s %s=%s", k ? "," : " at", axis_title(st, k, text), axis_value(st, c, k, value));
    fputc('\n', out);
}

static void print_best(const sweep_statistics *st, FILE *out) {
    const sweep_questions *q = &st->w->questions;
    char how[512];
    if (!q->objective) return;
    size_t n = (size_t)snprintf(how, sizeof how, "%s %s", q->objective->better == BETTER_LESS ? "least" : "most",
                                q->objective->key);
    for (size_t i = 0; i < q->bound_count && n < sizeof how; i++)
        n += (size_t)snprintf(how + n, sizeof how - n, "%s %s %s %.9g", i ? " and" : " with", q->bounds[i].metric->key,
                              q->bounds[i].metric->better == BETTER_LESS ? "<=" : ">=", q->bounds[i].value);
    if (!st->best) {
        fprintf(out, "%s: no setting keeps the bounds\n", how);
        return;
    }
    print_best_cell(st, st->best, how, out);
    if (st->best_sure == st->best) return;
    if (st->best_sure)
        print_best_cell(st, st->best_sure, "the same with whole intervals within the bounds", out);
    else if (st->w->seed_count > 1)
        fputs("no setting keeps the bounds with its whole intervals; more seeds may help\n", out);
}

void print_sweep_table(const sweep_statistics *st, FILE *out, bool color) {
    size_t rows = count_rows(st), shown = 0;
    layout l = measure(st, rows);
    print_titles(st, &l, out);
    for (size_t i = 0; i < st->cell_count; i++) {
        if (!is_shown(st, rows, &st->cells[i])) continue;
        print_cell(st, &l, &st->cells[i], out, color);
        shown++;
    }
    if (shown < rows)
        fprintf(out, "%zu more rows, none of them on the Pareto front, are in statistics.csv\n", rows - shown);
    fputs("* on the Pareto front of", out);
    for (size_t k = 0; k < st->w->questions.pareto_count; k++)
        fprintf(out, "%s %s", k ? "," : "", st->w->questions.pareto[k]->key);
    if (st->w->seed_count > 1)
        fprintf(out, "; ** surely; +- half of the %.9g %% interval over %zu seeds\n", 100 * st->w->questions.confidence,
                st->w->seed_count);
    else
        fputs("; one seed, so no intervals\n", out);
    print_best(st, out);
}
