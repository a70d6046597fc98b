/* The table on the terminal: a row a policy, the figures people compare first, in a hundred columns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/numbers.h"
#include "sim/engine/engine.h"
#include "sim/sim.h"

/* A column: a metric, under a title that is short because the head of the table says the rest. */
typedef struct column {
    const char *title, *key;
} column;

static const column COLUMNS[] = {
    {"accuracy", "accuracy"},
    {"drop", "drop"},
    {"cost", "cost"},
    {"saving", "cost_saving"},
    {"mean", "latency_mean_s"},
    {"p95", "latency_p95_s"},
    {"phone", "energy_active_phone_j"},
    {"up", "bytes_up"},
    {"phone", "share_phone"},
    {"edge", "share_edge"},
    {"cloud", "share_cloud"},
};

/* SHOWN: characters of a number, which leaves room for 6 of a name whatever the numbers are; WIDTH: of the table. */
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS, SHOWN = 7, TEXT = 64, WIDTH = 100 };

/* With the column's digits, or as many as fit. */
static void show(char into[TEXT], const column *c, const policy_result *r) {
    const metric *m = metric_named(c->key);
    double x = metric_value(m, &r->summary) * m->scale;
    snprintf(into, TEXT, "-");
    if (!isfinite(x)) return;
    int digits = m->digits;
    do snprintf(into, TEXT, "%.*f", digits, x);
    while (strlen(into) > SHOWN && digits-- > 0);
    if (strlen(into) > SHOWN) snprintf(into, TEXT, "%.0e", x);
    if (into[0] == '-' && strspn(into, "-0.") == strlen(into)) memmove(into, into + 1, strlen(into)); /* no "-0.00" */
}

/* Whether a value is the best of its column, as shown, so that equal figures are marked alike; false where all are
 * equal. */
static bool is_best(const run_report *report, const column *c, size_t row) {
    metric_better better = metric_named(c->key)->better;
    char mine[TEXT], other[TEXT];
    bool differs = false;
    show(mine, c, &report->results[row]);
    if (better == BETTER_NONE || strcmp(mine, "-") == 0) return false;
    for (size_t i = 0; i < report->result_count; i++) {
        if (!report->results[i].done) continue;
        show(other, c, &report->results[i]);
        double x, best;
        if (!number_parse(other, &x) || !number_parse(mine, &best)) continue;
        if (better == BETTER_LESS ? x < best : x > best) return false;
        differs |= x != best;
    }
    return differs;
}

typedef struct layout {
    int name, columns[COLUMN_COUNT];
} layout;

static int longer(int width, const char *text) { return (int)strlen(text) > width ? (int)strlen(text) : width; }

/* Columns as wide as what is in them; names get what is left. */
static layout measure(const scenario *s, const run_report *report) {
    layout l = {.name = longer(0, "policy")};
    char text[TEXT];
    int left = WIDTH;
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        l.columns[c] = longer(0, COLUMNS[c].title);
        for (size_t i = 0; i < report->result_count; i++) {
            if (!report->results[i].done) continue;
            show(text, &COLUMNS[c], &report->results[i]);
            l.columns[c] = longer(l.columns[c], text);
        }
        left -= 2 + l.columns[c];
    }
    for (size_t i = 0; i < report->result_count; i++)
        if (report->results[i].done) l.name = longer(l.name, s->policies[i].label);
    if (l.name > left) l.name = left;
    return l;
}

/* A label; one that is too long loses its middle, because labels of one policy differ at their ends. */
static void print_name(const char *label, int width, FILE *out) {
    int length = (int)strlen(label), head = (width - 2) / 2, tail = width - 2 - head;
    if (length <= width)
        fprintf(out, "%-*s", width, label);
    else
        fprintf(out, "%.*s..%s", head, label, label + length - tail);
}

static void print_row(const scenario *s, const run_report *report, const layout *l, size_t row, FILE *out,
                      table_marks marks) {
    char text[TEXT];
    print_name(s->policies[row].label, l->name, out);
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        show(text, &COLUMNS[c], &report->results[row]);
        bool best = marks != MARKS_NONE && is_best(report, &COLUMNS[c], row);
        if (best && marks == MARKS_BOLD)
            fprintf(out, "  \033[1m%*s\033[0m", l->columns[c], text);
        else
            fprintf(out, " %*s%s", l->columns[c] + 1 - (int)strlen(text), best ? "*" : " ", text);
    }
    fputc('\n', out);
}

static void print_head(const layout *l, FILE *out) {
    int before_answers = l->name;
    for (size_t c = 0; c < COLUMN_COUNT - 3; c++) before_answers += 2 + l->columns[c];
    fprintf(out, "%*s  answered by\n", before_answers, "");
    fprintf(out, "%-*s", l->name, "policy");
    for (size_t c = 0; c < COLUMN_COUNT; c++) fprintf(out, "  %*s", l->columns[c], COLUMNS[c].title);
    fprintf(out, "\n%-*s", l->name, "");
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        fprintf(out, "  %*s", l->columns[c], metric_named(COLUMNS[c].key)->shown_unit);
    fputc('\n', out);
}

static void print_failures(const scenario *s, const run_report *report, FILE *out) {
    for (size_t i = 0; i < report->result_count; i++) {
        const policy_summary *r = &report->results[i].summary;
        if (report->results[i].done && r->failed > 0)
            fprintf(out, "%s: %.0f of %.0f requests failed\n", s->policies[i].label, r->failed, r->requests);
    }
}

static void print_overload(const scenario *s, const char *label, const overload *o, FILE *out) {
    char name[1024];
    place_info here = place_describe(&s->platform, o->place);
    place_name(&here, name, sizeof name);
    fprintf(out, "%s: %s is overloaded since %.2f s: %.0f %% of its capacity was asked of it\n", label, name, o->since,
            100 * o->utilization);
}

/* The worst of each policy; all are in summary.json. */
static void print_overloads(const scenario *s, const run_report *report, FILE *out) {
    size_t told = 0;
    for (size_t i = 0; i < report->result_count; i++) {
        const overload *of = report->overloads + i * report->place_count, *worst = of;
        size_t n = report->results[i].done ? report->results[i].overloaded : 0;
        if (!n) continue;
        for (size_t k = 1; k < n; k++)
            if (of[k].utilization > worst->utilization) worst = &of[k];
        print_overload(s, s->policies[i].label, worst, out);
        if (n > 1) fprintf(out, "  and %zu more (summary.json lists them)\n", n - 1);
        told += n;
    }
    if (told) fputs("Where a place is overloaded, latencies and failures grow with the length of the run.\n", out);
}

void print_summary_table(const scenario *s, const run_report *report, FILE *out, table_marks marks) {
    layout l = measure(s, report);
    print_head(&l, out);
    for (size_t i = 0; i < report->result_count; i++)
        if (report->results[i].done) print_row(s, report, &l, i, out, marks);
    if (marks == MARKS_ASTERISK) fputs("* best of its column\n", out);
    print_failures(s, report, out);
    print_overloads(s, report, out);
}
