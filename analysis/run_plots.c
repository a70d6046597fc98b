/* The pictures of a run: each function writes one's rows and script. Data keeps the units of the results
 * (seconds, joules, shares); scripts scale them to what is read on the axes. */
#include "run_plots.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run_plots_parts.h"

enum {
    CURVE_POINTS = 200, /* of a distribution */
    LONG_LABEL = 20,    /* characters; more need a page's width */
};

static size_t longest_label(const run_folder *f) {
    size_t longest = 0;
    for (size_t i = 0; i < f->policy_count; i++)
        if (strlen(f->policies[i].name) > longest) longest = strlen(f->policies[i].name);
    return longest;
}

/* An oracle sees the labels: it bounds what routers can do, and is none. */
static bool is_oracle(const run_policy *p) {
    return strncmp(p->type, "oracle", strlen("oracle")) == 0;
}

/* "set xtics (1, 2, 5, 10, ...)", or powers of ten alone, from `least` to `most`, both above 0. */
static void write_log_tics(FILE *script, const char *axis, double least, double most) {
    static const int DIGITS[] = {1, 2, 5};
    const char *separator = "";
    int digits = most / least > 1000 ? 1 : 3; /* room for so many */
    fprintf(script, "set logscale %s; set %stics (", axis, axis);
    for (int e = (int)floor(log10(least)); e <= (int)ceil(log10(most)); e++)
        for (int d = 0; d < digits; d++) {
            fprintf(script, "%s%g", separator, DIGITS[d] * pow(10, e));
            separator = ", ";
        }
    fputs(")\n", script);
}

/* ---- Latency ---- */

static bool write_latency_curves(task *t) {
    double least = INFINITY, most = 0;
    fputs("policy\tshare\tlatency_s\n", t->p.data);
    for (size_t i = 0; i < lines(t->f); i++) {
        const policy_rows *rows = &t->f->policies[i].rows;
        for (int k = 0; rows->answered && k <= CURVE_POINTS; k++) {
            double share = k ? (double)k / CURVE_POINTS : 0.001, x;
            x = percentile_nearest_rank(rows->latencies, rows->answered, 100 * share);
            plot_field(t->p.data, t->names[i]);
            fprintf(t->p.data, "\t%.4g\t%.9g\n", share, x);
            least = fmin(least, x);
            if (k <= CURVE_POINTS * 0.995) most = fmax(most, x);
        }
    }
    if (!(least > 0 && most > 0)) return false;
    plot_texts(t->p.script, "policies", t->names, lines(t->f));
    write_log_tics(t->p.script, "x", 1e3 * least, 1e3 * most);
    fprintf(t->p.script, "set xrange [%g:%g]\n", 950 * least, 1050 * most);
    fputs(
        "set yrange [0:1]\n"
        "set xlabel 'latency (ms, logarithmic)'\n"
        "set ylabel 'share of answers'\n"
        "plot for [i=1:|policies|] data using (1000*column('latency_s')):(strcol('policy') eq policies[i] ? "
        "column('share') : NaN) with linespoints pointinterval -25 title policies[i]\n",
        t->p.script);
    return true;
}

/* ---- Accuracy against what it costs ---- */

bool is_on_front(const double *x, const double *y, size_t count, size_t i) {
    if (isnan(x[i]) || isnan(y[i])) return false;
    for (size_t k = 0; k < count; k++)
        if (x[k] <= x[i] && y[k] >= y[i] && (x[k] < x[i] || y[k] > y[i])) return false;
    return true;
}

/* Rows "policy x x_low x_high accuracy low high front"; false if there is nothing to show. */
static bool write_front_rows(task *t, const char *key, bool percentile) {
    size_t n = t->f->policy_count, shown = 0;
    double *x = malloc(2 * n * sizeof *x), *y = x ? x + n : NULL;
    if (!x) return false;
    for (size_t i = 0; i < n; i++) {
        const run_policy *p = &t->f->policies[i];
        x[i] = is_oracle(p) ? NAN : run_metric(p, key);
        y[i] = is_oracle(p) ? NAN : run_metric(p, "accuracy");
    }
    fprintf(t->p.data, "policy\t%s\t%s_low\t%s_high\taccuracy\taccuracy_low\taccuracy_high\tfront\n", key,
            key, key);
    for (size_t i = 0; i < n; i++) {
        const run_policy *p = &t->f->policies[i];
        double at = run_metric(p, key), accuracy = run_metric(p, "accuracy"), low, high, x_low = at,
               x_high = at;
        double distinct = t->f->has_rows ? (double)p->rows.samples : run_metric(p, "answered");
        if (isnan(at) || isnan(accuracy)) continue;
        if (percentile && t->f->has_rows)
            percentile_interval(p->rows.latencies, p->rows.answered, 95, &x_low, &x_high);
        proportion_interval(accuracy * distinct, distinct, &low, &high);
        plot_field(t->p.data, p->name);
        fprintf(t->p.data, "\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%d\n", at, x_low, x_high, accuracy, low,
                high, is_on_front(x, y, n, i));
        shown++;
    }
    free(x);
    return shown > 0;
}

/* Up to LINES_MOST policies have points of their own; of more, those on the front are named where they stand.
 * */
static void write_front_script(task *t, const char *key, const char *scale, const char *label) {
    FILE *out = t->p.script;
    plot_texts(out, "policies", t->names, lines(t->f));
    fprintf(out,
            "set xlabel '%s'\nset ylabel 'accuracy (%%)'\nset xrange [0:*]\nset yrange [*:*<101]\n"
            "set offsets 0, graph 0.06, graph 0.06, graph 0.06\n"
            "x(c) = %s*column(c)\ny(c) = 100*column(c)\n",
            label, scale);
    fprintf(out,
            "plot data using (column('front') == 1 ? x('%s') : NaN):(y('accuracy')) smooth unique with steps "
            "lc rgb '#999999' dt (4,4) lw 1.5 title 'front', \\\n",
            key);
    if (t->f->policy_count <= LINES_MOST)
        fprintf(
            out,
            "    for [i=1:|policies|] data using (strcol('policy') eq policies[i] ? x('%s') : "
            "NaN):(y('accuracy'))"
            ":(x('%s_low')):(x('%s_high')):(y('accuracy_low')):(y('accuracy_high')) with xyerrorbars "
            "lt i dt solid lw 1.2 ps 0.8 title policies[i]\n",
            key, key, key);
    else
        fprintf(
            out,
            "    data using (x('%s')):(y('accuracy')):(x('%s_low')):(x('%s_high')):(y('accuracy_low'))"
            ":(y('accuracy_high')) with xyerrorbars lt 8 pt 7 dt solid lw 1 title 'policies', \\\n"
            "    data using (column('front') == 1 ? x('%s') : NaN):(y('accuracy')):(strcol('policy')) with "
            "labels "
            "offset 0.6,0.4 left font ',12' textcolor rgb ink notitle\n",
            key, key, key, key);
}

static bool write_accuracy_cost(task *t) {
    write_front_script(t, "cost", "1", "cost (mean of a request)");
    return write_front_rows(t, "cost", false);
}

static bool write_accuracy_p95(task *t) {
    write_front_script(t, "latency_p95_s", "1000", "95th percentile of latency (ms)");
    return write_front_rows(t, "latency_p95_s", true);
}

/* ---- Stacked bars: a policy a row ---- */

typedef struct part {
    const char *name, *color;
} part;

static double height_of_bars(const run_folder *f) {
    return 1 + 0.22 * (double)f->policy_count;
}

/* Rows "policy row part from to" of one policy. */
static void write_stack(task *t, size_t row, const part *parts, const double *values, size_t count) {
    double from = 0;
    for (size_t k = 0; k < count; k++) {
        double value = isfinite(values[k]) ? fmax(values[k], 0) : 0;
        plot_field(t->p.data, t->names[row]);
        fprintf(t->p.data, "\t%zu\t%s\t%.9g\t%.9g\n", row + 1, parts[k].name, from, from + value);
        from += value;
    }
}

static void begin_stack(task *t, const part *parts, size_t count) {
    FILE *out = t->p.script;
    fputs("policy\trow\tpart\tfrom\tto\n", t->p.data);
    plot_texts(out, "policies", t->names, t->f->policy_count);
    fprintf(out, "array parts[%zu]\narray colors[%zu]\n", count, count);
    for (size_t k = 0; k < count; k++)
        fprintf(out, "parts[%zu] = '%s'; colors[%zu] = %s\n", k + 1, parts[k].name, k + 1, parts[k].color);
    fputs(
        "set yrange [|policies| + 0.5:0.5]\nset ytics () scale 0\n"
        "set for [i=1:|policies|] ytics add (policies[i] i)\nset grid noytics\nset key maxrows 1 samplen "
        "1.5\n",
        out);
}

/* The bars of parts `first` to `last`, values times `scale`. */
static void write_bars(FILE *out, size_t first, size_t last, const char *scale) {
    fprintf(
        out,
        "plot for [k=%zu:%zu] data using (strcol('part') eq parts[k] ? %s*column('from') : "
        "NaN):(column('row')):"
        "(%s*column('from')):(%s*column('to')):(column('row')-0.36):(column('row')+0.36) with boxxyerror "
        "lc rgb colors[k] dt solid lw 0.5 title word(parts[k], 1)",
        first, last, scale, scale, scale);
}

static bool write_tier_shares(task *t) {
    static const part PARTS[] = {{"phone", "phone_color"}, {"edge", "edge_color"}, {"cloud", "cloud_color"}};
    begin_stack(t, PARTS, 3);
    for (size_t i = 0; i < t->f->policy_count; i++) {
        const run_policy *p = &t->f->policies[i];
        double shares[] = {run_metric(p, "share_phone"), run_metric(p, "share_edge"),
                           run_metric(p, "share_cloud")};
        write_stack(t, i, PARTS, shares, 3);
    }
    fputs("set xrange [0:100]\nset xlabel 'share of answers (%)'\nset xtics 20\n", t->p.script);
    write_bars(t->p.script, 1, 3, "100");
    fputs(
        ", \\\n    data using (column('to')-column('from') > 0.07 ? 50*(column('from')+column('to')) : NaN)"
        ":(column('row')):(sprintf('%.0f', 100*(column('to')-column('from')))):(strcol('part') eq 'phone' ? "
        "0x222222 : "
        "0xffffff) with labels textcolor rgb variable notitle\n",
        t->p.script);
    return true;
}

static bool write_latency_parts(task *t) {
    static const part PARTS[] = {{"waiting", "'#e69f00'"},
                                 {"computing", "'#0072b2'"},
                                 {"network", "'#cccccc'"}};
    begin_stack(t, PARTS, 3);
    for (size_t i = 0; i < t->f->policy_count; i++) {
        const policy_rows *r = &t->f->policies[i].rows;
        write_stack(t, i, PARTS, (double[]){r->queue, r->compute, r->network}, 3);
    }
    fputs("set xrange [0:*]\nset xlabel 'mean latency (ms)'\n", t->p.script);
    write_bars(t->p.script, 1, 3, "1000");
    fputc('\n', t->p.script);
    return true;
}

/* Idle power dwarfs the work of a lightly loaded fleet, so the work has a panel, and a scale, of its own. */
static bool write_energy(task *t) {
    static const part PARTS[] = {{"phones idle", "'#f1dfb5'"},
                                 {"servers idle", "'#99b3d0'"},
                                 {"phones computing", "phone_color"},
                                 {"radio", "other_color"},
                                 {"servers computing", "cloud_color"}};
    double left = 0.02 + 0.0095 * (double)longest_label(t->f); /* of the page: 8 point letters */
    begin_stack(t, PARTS, 5);
    for (size_t i = 0; i < t->f->policy_count; i++) {
        const run_policy *p = &t->f->policies[i];
        double phones = run_metric(p, "energy_phone_j"), servers = run_metric(p, "energy_total_j") - phones;
        double idle[] = {phones - p->rows.phone_joules, servers - p->rows.server_joules};
        double work[] = {p->rows.phone_joules - p->rows.radio_joules, p->rows.radio_joules,
                         p->rows.server_joules};
        write_stack(t, i, PARTS, idle, 2);
        write_stack(t, i, PARTS + 2, work, 3);
    }
    fprintf(t->p.script,
            "set multiplot\nset xrange [0:*]\nset tmargin at screen 0.96\nset bmargin at screen %g\n"
            "set lmargin at screen %g\nset rmargin at screen %g\nset xlabel 'idle power (J a request)'\n",
            0.7 / height_of_bars(t->f), left, (left + 0.93) / 2);
    write_bars(t->p.script, 1, 2, "1");
    fprintf(t->p.script,
            "\nunset ytics\nset lmargin at screen %g\nset rmargin at screen 0.97\n"
            "set xlabel 'computing and sending (mJ a request)'\n",
            (left + 1.01) / 2);
    write_bars(t->p.script, 3, 5, "1000");
    fputs("\nunset multiplot\n", t->p.script);
    return true;
}

/* ---- All of them ---- */

typedef enum source { FROM_SUMMARY, FROM_REQUESTS, FROM_CALIBRATION, FROM_PLACES } source;

typedef struct recipe {
    picture about;
    source from;
    bool bars; /* as high as policies need; as wide as their labels need */
    bool (*write)(task *t);
} recipe;

static const recipe RECIPES[] = {
    {{"accuracy-cost", "Accuracy against cost",
      "Up and left is better. Bars are 95 % intervals of the accuracy (Wilson, over the distinct samples "
      "asked). The "
      "dotted line joins the policies that none beats in both; oracles, which know the labels, are left out "
      "of it.",
      .wide = false},
     FROM_SUMMARY,
     false,
     write_accuracy_cost},
    {{"accuracy-p95", "Accuracy against the slowest twentieth",
      "Up and left is better. Bars are 95 % intervals: of the accuracy as in the picture before, of the "
      "percentile by "
      "order statistics, as if requests were independent.",
      .wide = false},
     FROM_SUMMARY,
     false,
     write_accuracy_p95},
    {{"latency-cdf", "Latency",
      "Share of answers that were back at the phone within a time. The slowest half percent may lie outside.",
      .wide = false},
     FROM_REQUESTS,
     false,
     write_latency_curves},
    {{"latency-parts", "Where the time goes", "Mean of an answered request, over all tiers it passed.",
      .wide = false},
     FROM_REQUESTS,
     true,
     write_latency_parts},
    {{"tier-shares", "Who answers", "Share of the answers that each tier gave.", .wide = false},
     FROM_SUMMARY,
     true,
     write_tier_shares},
    {{"energy", "Energy",
      "Per request. Left: power that the whole fleet and its servers draw while nothing runs; right, on a "
      "scale of its "
      "own: what the requests add by computing and sending.",
      .wide = true},
     FROM_REQUESTS,
     true,
     write_energy},
    {{"reliability", "Reliability of each exit",
      "How often an exit is right, against how sure it is, over the distinct samples of the run; on the "
      "dotted line it "
      "is as sure as it is right. Bars are 95 % intervals (Wilson); bins with fewer than 10 samples are "
      "left out. ECE: "
      "expected calibration error, 20 bins.",
      .wide = true},
     FROM_CALIBRATION,
     false,
     write_reliability},
    {{"utilization", "How busy the tiers are",
      "Busy cores over time, the mean over a tier's places (phone groups, edge sites, cloud regions), "
      "warm-up "
      "included. From the traces.",
      .wide = true},
     FROM_SUMMARY,
     false,
     write_utilization},
    {{"fleet-map", "Where the fleet is",
      "Dots are phones, discs edge sites. A disc's area shows how many requests the site's servers answered, under the "
      "policy that has the sites answer most; a cross is a site that answered none. Squares, joined with "
      "their sites by lines, are cells that lie elsewhere.",
      .fleet = true},
     FROM_PLACES,
     false,
     write_fleet_map},
};
enum { RECIPE_COUNT = sizeof RECIPES / sizeof *RECIPES };

static double height_of(const run_folder *f, const recipe *r) {
    if (r->bars) return height_of_bars(f);
    if (r->from == FROM_PLACES) return fleet_map_height(f);
    if (r->from == FROM_CALIBRATION)
        return 0.5 + 1.3 * (double)((f->exit_count + PANELS_ACROSS - 1) / PANELS_ACROSS);
    return PLOT_HEIGHT;
}

static bool can_draw(const run_folder *f, source from) {
    if (from == FROM_REQUESTS) return f->has_rows;
    if (from == FROM_PLACES) return f->places.count > 0;
    return from == FROM_SUMMARY || f->exit_count > 0;
}

static bool draw(const recipe *r, task *t, const char *folder, picture_list *list, portolan_error *err) {
    picture about = r->about;
    about.wide |= r->from != FROM_PLACES && longest_label(t->f) > LONG_LABEL;
    bool drawn;
    if (!plot_open(&t->p, folder, about.name, about.wide ? PLOT_PAGE : PLOT_COLUMN, height_of(t->f, r), err))
        return false;
    if (!r->write(t)) { /* nothing to show */
        portolan_error none;
        plot_close(&t->p, false, &drawn, &none);
        return !err->status;
    }
    if (!plot_close(&t->p, true, &drawn, err)) return false;
    list->drawn |= drawn;
    list->items[list->count++] = about;
    return true;
}

bool run_plots_write(const run_folder *f, const char *folder, picture_list *list, portolan_error *err) {
    *list = (picture_list){0};
    task t = {.f = f, .names = calloc(f->policy_count, sizeof *t.names), .err = err};
    if (!t.names) return error_memory(err, f->policy_count * sizeof *t.names);
    for (size_t i = 0; i < f->policy_count; i++)
        t.names[i] = f->policies[i].name;
    bool ok = true;
    for (size_t i = 0; ok && i < RECIPE_COUNT; i++)
        if (can_draw(f, RECIPES[i].from)) ok = draw(&RECIPES[i], &t, folder, list, err);
    free(t.names);
    return ok;
}

/* ---- Pictures that others drew ---- */

static int is_svg(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return n > 4 && strcmp(entry->d_name + n - 4, ".svg") == 0;
}

/* "accuracy-by-threshold.svg" gives the name without its ending, and the title "Accuracy by threshold". */
static bool add_found(const char *file, arena *memory, picture_list *list) {
    char *name = arena_text(memory, file, strlen(file) - 4),
         *title = arena_text(memory, file, strlen(file) - 4);
    if (!name || !title) return false;
    for (char *c = title; *c; c++)
        if (*c == '-' || *c == '_') *c = ' ';
    if (*title >= 'a' && *title <= 'z') *title = (char)(*title - 'a' + 'A');
    list->items[list->count++] = (picture){.name = name, .title = title, .caption = ""};
    return true;
}

bool pictures_find(const char *folder, arena *memory, picture_list *list, portolan_error *err) {
    *list = (picture_list){.drawn = true};
    struct dirent **entries;
    int n = scandir(folder, &entries, is_svg, alphasort);
    bool ok = true;
    for (int i = 0; i < n; i++) {
        if (ok && list->count < MAX_PICTURES) ok = add_found(entries[i]->d_name, memory, list);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    return ok || error_memory(err, 0);
}
