/* The table on the terminal: a row a policy, the figures people compare first. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

/* A column: a metric, shown as value * scale. */
typedef struct column {
    const char *title, *unit, *key;
    double scale;
    int digits;
} column;

static const column COLUMNS[] = {
    {"accuracy", "%", "accuracy", 100, 2},  {"drop", "pt", "drop", 1, 2},           {"cost", "", "cost", 1, 3},
    {"saving", "%", "cost_saving", 100, 1}, {"mean", "ms", "latency_mean_s", 1e3, 1}, {"p95", "ms", "latency_p95_s", 1e3, 1},
    {"phone", "J", "energy_phone_j", 1, 3}, {"up", "B", "bytes_up", 1, 0},          {"phone", "%", "share_phone", 100, 1},
    {"edge", "%", "share_edge", 100, 1},    {"cloud", "%", "share_cloud", 100, 1},
};
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS, WIDTH = 64 };

static const metric *metric_of(const column *c) {
    const metric *m = METRICS;
    while (strcmp(m->key, c->key) != 0) m++;
    return m;
}

static void show(char *into, const column *c, const policy_result *r) {
    double x = metric_value(metric_of(c), &r->summary) * c->scale;
    if (isfinite(x))
        snprintf(into, WIDTH, "%.*f", c->digits, x == 0 ? 0 : x); /* no "-0.00" */
    else
        snprintf(into, WIDTH, "-");
    if (strncmp(into, "-0", 2) == 0 && strspn(into, "-0.") == strlen(into)) memmove(into, into + 1, strlen(into));
}

/* Whether a value is the best of its column, as shown; false where all are equal. */
static bool is_best(const run_report *report, const column *c, size_t row) {
    metric_better better = metric_of(c)->better;
    double mine = metric_value(metric_of(c), &report->results[row].summary);
    bool differs = false;
    if (better == BETTER_NONE || !isfinite(mine)) return false;
    for (size_t i = 0; i < report->result_count; i++) {
        if (!report->results[i].done) continue;
        double x = metric_value(metric_of(c), &report->results[i].summary);
        if (better == BETTER_LESS ? x < mine : x > mine) return false;
        differs |= x != mine;
    }
    return differs;
}

typedef struct layout {
    int name, columns[COLUMN_COUNT];
} layout;

static layout measure(const scenario *s, const run_report *report) {
    layout l = {.name = (int)strlen("policy")};
    char text[WIDTH];
    for (size_t i = 0; i < report->result_count; i++)
        if ((int)strlen(s->policies[i].label) > l.name) l.name = (int)strlen(s->policies[i].label);
    if (l.name > 24) l.name = 24;
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        l.columns[c] = (int)strlen(COLUMNS[c].title);
        for (size_t i = 0; i < report->result_count; i++) {
            show(text, &COLUMNS[c], &report->results[i]);
            if ((int)strlen(text) > l.columns[c]) l.columns[c] = (int)strlen(text);
        }
    }
    return l;
}

static void print_row(const scenario *s, const run_report *report, const layout *l, size_t row, FILE *out, bool color) {
    char text[WIDTH];
    fprintf(out, "%-*.*s", l->name, l->name, s->policies[row].label);
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        show(text, &COLUMNS[c], &report->results[row]);
        bool best = is_best(report, &COLUMNS[c], row);
        if (color && best)
            fprintf(out, "  \033[1m%*s\033[0m", l->columns[c], text);
        else
            fprintf(out, " %s%*s", best ? "*" : " ", l->columns[c], text);
    }
    fputc('\n', out);
}

void print_summary_table(const scenario *s, const run_report *report, FILE *out, bool color) {
    layout l = measure(s, report);
    int before_answers = l.name;
    for (size_t c = 0; c < COLUMN_COUNT - 3; c++) before_answers += 2 + l.columns[c];
    fprintf(out, "%*s  answered by\n", before_answers, "");
    fprintf(out, "%-*s", l.name, "policy");
    for (size_t c = 0; c < COLUMN_COUNT; c++) fprintf(out, "  %*s", l.columns[c], COLUMNS[c].title);
    fprintf(out, "\n%-*s", l.name, "");
    for (size_t c = 0; c < COLUMN_COUNT; c++) fprintf(out, "  %*s", l.columns[c], COLUMNS[c].unit);
    fputc('\n', out);
    double failed = 0;
    for (size_t i = 0; i < report->result_count; i++) {
        if (!report->results[i].done) continue;
        print_row(s, report, &l, i, out, color);
        failed += report->results[i].summary.failed;
    }
    if (!color) fputs("* best of its column\n", out);
    if (failed > 0) fprintf(out, "%.0f requests failed; see failures in summary.json\n", failed);
}
