/* The pictures of a run: each function writes one's rows, and the variables of its .gp file. Data keeps the units of the
 * results (seconds, joules, shares); the .gp files scale them to what is read on the axes. */
#include "run_plots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "run_plots_task.h"

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
static bool is_oracle(const run_policy *p) { return strncmp(p->type, "oracle", strlen("oracle")) == 0; }

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
    plot_axes(&t->p, &(plot_axis){950 * least, 1050 * most, true}, &(plot_axis){0, 1, false});
    return true;
}

/* ---- Accuracy against what it costs ---- */

bool is_on_front(const double *x, const double *y, size_t count, size_t i) {
    if (isnan(x[i]) || isnan(y[i])) return false;
    for (size_t k = 0; k < count; k++)
        if (x[k] <= x[i] && y[k] >= y[i] && (x[k] < x[i] || y[k] > y[i])) return false;
    return true;
}

/* What a point stands for, and how sure that is. */
typedef struct front_point {
    double x, x_low, x_high, y, y_low, y_high;
} front_point;

/* NaN where there is nothing to show. Oracles are points too. */
static front_point front_point_of(const task *t, const run_policy *p, const metric *m) {
    front_point a = {.x = run_metric(p, m->key), .y = run_metric(p, "accuracy")};
    a.x_low = a.x_high = a.x;
    double distinct = fmin(p->samples, run_metric(p, "answered"));
    if (m == metric_named("latency_p95_s") && t->f->has_rows)
        percentile_interval(p->rows.latencies, p->rows.answered, 95, &a.x_low, &a.x_high);
    proportion_interval(a.y * distinct, distinct, &a.y_low, &a.y_high);
    if (!t->f->has_samples) a.y_low = a.y_high = NAN;
    return a;
}

/* Rows "policy x x_low x_high accuracy low high front", and the axes that hold them; false if there is nothing to show. */
static bool write_front_rows(task *t, const metric *m) {
    size_t n = t->f->policy_count;
    double *x = malloc(2 * n * sizeof *x), *y = x ? x + n : NULL;
    plot_axis across = {0, -INFINITY, false}, up = {INFINITY, -INFINITY, false};
    if (!x) return false;
    for (size_t i = 0; i < n; i++) {
        const run_policy *p = &t->f->policies[i];
        x[i] = is_oracle(p) ? NAN : run_metric(p, m->key);
        y[i] = is_oracle(p) ? NAN : run_metric(p, "accuracy");
    }
    fprintf(t->p.data, "policy\t%s\t%s_low\t%s_high\taccuracy\taccuracy_low\taccuracy_high\tfront\n", m->key, m->key,
            m->key);
    for (size_t i = 0; i < n; i++) {
        front_point a = front_point_of(t, &t->f->policies[i], m);
        if (isnan(a.x) || isnan(a.y)) continue;
        plot_field(t->p.data, t->names[i]);
        fprintf(t->p.data, "\t%.9g\t%.9g\t%.9g\t%.9g", a.x, a.x_low, a.x_high, a.y);
        if (isnan(a.y_low))
            fputs("\t-\t-", t->p.data); /* there is no interval */
        else
            fprintf(t->p.data, "\t%.9g\t%.9g", a.y_low, a.y_high);
        fprintf(t->p.data, "\t%d\n", is_on_front(x, y, n, i));
        across.high = fmax(across.high, 1.06 * m->scale * fmax(a.x, a.x_high));
        up.low = fmin(up.low, 100 * fmin(a.y, a.y_low));
        up.high = fmax(up.high, 100 * fmax(a.y, a.y_high));
    }
    free(x);
    if (up.low > up.high) return false;
    double room = fmax(0.06 * (up.high - up.low), 0.05);
    plot_axes(&t->p, &across, &(plot_axis){fmax(0, up.low - room), fmin(100.5, up.high + room), false});
    return true;
}

/* Up to LINES_MOST policies have points of their own; of more, those on the front are named where they stand. */
static bool write_front(task *t, const metric *m, const char *label) {
    FILE *out = t->p.script;
    if (!write_front_rows(t, m)) return false;
    plot_texts(out, "policies", t->names, lines(t->f));
    plot_text(out, "x_column", m->key);
    plot_text(out, "x_title", label);
    fprintf(out, "x_scale = %g; named = %d\n", m->scale, t->f->policy_count > LINES_MOST);
    return true;
}

static bool write_accuracy_cost(task *t) { return write_front(t, metric_named("cost"), "cost (mean of a request)"); }

static bool write_accuracy_p95(task *t) {
    return write_front(t, metric_named("latency_p95_s"), "95th percentile of latency (ms)");
}

/* ---- Stacked bars: a policy a row ---- */

typedef struct part {
    const char *name, *role; /* style.gp has the role's colour */
} part;

/* Inches that the policies' names take, and what is kept free on the other side. */
static double names_width(const run_folder *f) { return 0.25 + 0.07 * (double)longest_label(f); }

static const double RIGHT = 0.25, ABOVE_BARS = 0.08;

static double height_of_bars(const run_folder *f) { return PLOT_BELOW + ABOVE_BARS + 0.22 * (double)f->policy_count; }

static const part TIERS[] = {{"phone", "phone"}, {"edge", "edge"}, {"cloud", "cloud"}},
                  TIMES[] = {{"waiting", "waiting"},
                             {"calls", "calls"},
                             {"computing", "computing"},
                             {"radio promotion", "promotion"},
                             {"connection set-up", "connection"},
                             {"network", "network"}},
                  ENERGIES[] = {{"phones idle", "phones_idle"},           {"servers idle", "servers_idle"},
                                {"phones computing", "phones_computing"}, {"radio", "radio"},
                                {"radio promotion, tail", "tail"},        {"servers computing", "servers_computing"}};

#define COUNT(parts) (sizeof(parts) / sizeof *(parts))
enum { IDLE_ENERGIES = 2 }; /* the first of ENERGIES */

/* Rows "policy row part from to" of one policy; returns where the stack ends. */
static double write_stack(task *t, size_t row, const part *parts, const double *values, size_t count) {
    double from = 0;
    for (size_t k = 0; k < count; k++) {
        double value = isfinite(values[k]) ? fmax(values[k], 0) : 0;
        plot_field(t->p.data, t->names[row]);
        fprintf(t->p.data, "\t%zu\t%s\t%.9g\t%.9g\n", row + 1, parts[k].name, from, from + value);
        from += value;
    }
    return from;
}

static void begin_stack(task *t, const part *parts, size_t count) {
    FILE *out = t->p.script;
    fputs("policy\trow\tpart\tfrom\tto\n", t->p.data);
    fprintf(out, "array policies[%zu]\n", t->f->policy_count);
    for (size_t i = 0; i < t->f->policy_count; i++) plot_tic_text(out, "policies", i + 1, t->names[i]);
    fprintf(out, "array parts[%zu]; array roles[%zu]\n", count, count);
    for (size_t k = 0; k < count; k++)
        fprintf(out, "parts[%zu] = '%s'; roles[%zu] = '%s'\n", k + 1, parts[k].name, k + 1, parts[k].role);
    plot_margins(&t->p, names_width(t->f), RIGHT, t->p.legend + PLOT_BELOW, ABOVE_BARS);
}

static bool write_tier_shares(task *t) {
    begin_stack(t, TIERS, COUNT(TIERS));
    for (size_t i = 0; i < t->f->policy_count; i++) {
        const run_policy *p = &t->f->policies[i];
        double shares[] = {run_metric(p, "share_phone"), run_metric(p, "share_edge"), run_metric(p, "share_cloud")};
        write_stack(t, i, TIERS, shares, COUNT(TIERS));
    }
    return true;
}

static bool write_latency_parts(task *t) {
    plot_axis across = {0, 0, false};
    begin_stack(t, TIMES, COUNT(TIMES));
    for (size_t i = 0; i < t->f->policy_count; i++) {
        const policy_rows *r = &t->f->policies[i].rows;
        double times[] = {r->queue, r->call, r->compute, r->promotion, r->connection, r->network};
        double end = write_stack(t, i, TIMES, times, COUNT(TIMES));
        across.high = fmax(across.high, 1050 * end);
    }
    plot_tics(t->p.script, "x", &across, t->p.width - names_width(t->f) - RIGHT);
    return true;
}

/* Idle power dwarfs the work of a lightly loaded fleet, so the work has a panel, and a scale, of its own. */
static bool write_energy(task *t) {
    double left = names_width(t->f) / t->p.width, inches = t->p.width * (0.91 - left) / 2;
    plot_axis idle_axis = {0, 0, false}, work_axis = {0, 0, false};
    begin_stack(t, ENERGIES, COUNT(ENERGIES));
    for (size_t i = 0; i < t->f->policy_count; i++) {
        const run_policy *p = &t->f->policies[i];
        double phones = run_metric(p, "energy_phone_j"), servers = run_metric(p, "energy_total_j") - phones;
        double idle[] = {phones - p->rows.phone_joules, servers - p->rows.server_joules};
        double radio = p->rows.radio_joules, tail = p->rows.tail_joules;
        double work[] = {p->rows.phone_joules - radio, radio - tail, tail, p->rows.server_joules};
        idle_axis.high = fmax(idle_axis.high, 1.05 * write_stack(t, i, ENERGIES, idle, IDLE_ENERGIES));
        work_axis.high = fmax(work_axis.high, 1050 * write_stack(t, i, ENERGIES + IDLE_ENERGIES, work, COUNT(work)));
    }
    fprintf(t->p.script, "idle_parts = %d\n", IDLE_ENERGIES);
    plot_tics(t->p.script, "x_idle", &idle_axis, inches);
    plot_tics(t->p.script, "x_work", &work_axis, inches);
    return true;
}

/* ---- All of them ---- */

typedef enum source { FROM_SUMMARY, FROM_REQUESTS, FROM_CALIBRATION, FROM_PLACES } source;

/* What a picture says of its policies. */
typedef enum legend { NO_LEGEND, CURVES, FRONT, PARTS } legend;

typedef struct recipe {
    picture about;
    source from;
    legend legend;
    const part *parts; /* of bars, which are as high as policies need, and as wide as their labels need */
    size_t part_count;
    bool (*write)(task *t);
    const char *look[2]; /* .gp files */
} recipe;

extern const char accuracy_gp[], bars_gp[], energy_gp[], fleet_map_gp[], latency_cdf_gp[], latency_parts_gp[],
    reliability_gp[], tier_shares_gp[], utilization_gp[];

static const recipe RECIPES[] = {
    {{"accuracy-cost", "Accuracy against cost",
      "Up and left is better. Bars are 95 % intervals of the accuracy (Wilson, over the distinct samples "
      "asked). The "
      "dotted line joins the policies that none beats in both; oracles, which know the labels, are left out "
      "of it.",
      .wide = false},
     FROM_SUMMARY,
     FRONT,
     NULL,
     0,
     write_accuracy_cost,
     {accuracy_gp}},
    {{"accuracy-p95", "Accuracy against the slowest twentieth",
      "Up and left is better. Bars are 95 % intervals: of the accuracy as in the picture before, of the "
      "percentile by "
      "order statistics, as if requests were independent.",
      .wide = false},
     FROM_SUMMARY,
     FRONT,
     NULL,
     0,
     write_accuracy_p95,
     {accuracy_gp}},
    {{"latency-cdf", "Latency",
      "Share of answers that were back at the phone within a time. The slowest half percent may lie outside.",
      .wide = false},
     FROM_REQUESTS,
     CURVES,
     NULL,
     0,
     write_latency_curves,
     {latency_cdf_gp}},
    {{"latency-parts", "Where the time goes", "Mean of an answered request, over all tiers it passed.", .wide = false},
     FROM_REQUESTS,
     PARTS,
     TIMES,
     COUNT(TIMES),
     write_latency_parts,
     {bars_gp, latency_parts_gp}},
    {{"tier-shares", "Who answers", "Share of the answers that each tier gave.", .wide = false},
     FROM_SUMMARY,
     PARTS,
     TIERS,
     COUNT(TIERS),
     write_tier_shares,
     {bars_gp, tier_shares_gp}},
    {{"energy", "Energy",
      "Per request. Left: power that the whole fleet and its servers draw while nothing runs; right, on a "
      "scale of its "
      "own: what the requests add by computing and sending.",
      .wide = true},
     FROM_REQUESTS,
     PARTS,
     ENERGIES,
     COUNT(ENERGIES),
     write_energy,
     {bars_gp, energy_gp}},
    {{"reliability", "Reliability of each exit",
      "How often an exit is right, against how sure it is, over the distinct samples of the run; on the "
      "dotted line it "
      "is as sure as it is right. Bars are 95 % intervals (Wilson); bins with fewer than 10 samples are "
      "left out. ECE: "
      "expected calibration error, 20 bins.",
      .wide = true},
     FROM_CALIBRATION,
     NO_LEGEND,
     NULL,
     0,
     write_reliability,
     {reliability_gp}},
    {{"utilization", "How busy the tiers are",
      "Busy cores over time, the mean over a tier's places (phone groups, edge sites, cloud regions), "
      "warm-up "
      "included. From the traces.",
      .wide = true},
     FROM_SUMMARY,
     CURVES,
     NULL,
     0,
     write_utilization,
     {utilization_gp}},
    {{"fleet-map", "Where the fleet is",
      "Dots are phones, discs edge sites. A disc's area shows how many requests the site's servers answered, under the "
      "policy that has the sites answer most; a cross is a site that answered none. Squares, joined with "
      "their sites by lines, are cells that lie elsewhere.",
      .fleet = true},
     FROM_PLACES,
     NO_LEGEND,
     NULL,
     0,
     write_fleet_map,
     {fleet_map_gp}},
};
enum { RECIPE_COUNT = sizeof RECIPES / sizeof *RECIPES };

static double height_of(const run_folder *f, const recipe *r) {
    if (r->parts) return height_of_bars(f);
    if (r->from == FROM_PLACES) return fleet_map_height(f);
    if (r->from == FROM_CALIBRATION) return 0.5 + 1.3 * (double)((f->exit_count + PANELS_ACROSS - 1) / PANELS_ACROSS);
    return PLOT_HEIGHT;
}

static bool can_draw(const run_folder *f, source from) {
    if (from == FROM_REQUESTS) return f->has_rows;
    if (from == FROM_PLACES) return f->places.count > 0;
    return from == FROM_SUMMARY || f->exit_count > 0;
}

static const char NO_SAMPLES[] = "no samples.csv: no intervals of accuracy";

/* Names the parts, or the policies; says how many of these have no curve. */
static size_t make_legend(const task *t, const recipe *r, plot_entry *into) {
    size_t n = 0, more = t->f->policy_count - lines(t->f);
    for (; n < r->part_count; n++) into[n] = (plot_entry){r->parts[n].name, PLOT_AREA, r->parts[n].role};
    if (r->legend == FRONT) into[n++] = (plot_entry){"front", PLOT_FRONT, NULL};
    for (size_t i = 0; (r->legend == CURVES || (r->legend == FRONT && !more)) && i < lines(t->f); i++)
        into[n++] = (plot_entry){t->names[i], (int)i + 1, NULL};
    if (r->legend == FRONT && more) into[n++] = (plot_entry){"policies; those on the front are named", 8, NULL};
    if (r->legend == CURVES && more) into[n++] = (plot_entry){t->more, PLOT_NO_LINE, NULL};
    if (r->legend == FRONT && !t->f->has_samples) into[n++] = (plot_entry){NO_SAMPLES, PLOT_NO_LINE, NULL};
    return n;
}

static bool draw(const recipe *r, task *t, const char *folder, picture_list *list, portolan_error *err) {
    plot_entry entries[LINES_MOST + 3];
    picture about = r->about;
    about.wide |= r->from != FROM_PLACES && longest_label(t->f) > LONG_LABEL;
    if (r->legend == CURVES && t->f->policy_count > LINES_MOST) about.note = t->more;
    if (r->legend == FRONT && !t->f->has_samples)
        about.note = "There is no samples.csv in the folder, so accuracies have no intervals.";
    plot_frame frame = {folder,
                        about.name,
                        about.wide ? PLOT_PAGE : PLOT_COLUMN,
                        height_of(t->f, r),
                        entries,
                        make_legend(t, r, entries),
                        NULL,
                        {r->look[0], r->look[1]}};
    if (r->parts) frame.width = fmax(frame.width, 2.4 + names_width(t->f));
    if (!plot_open(&t->p, &frame, err)) return false;
    if (r->write(t)) return picture_list_add(list, &t->p, &about, err);
    portolan_error none;
    plot_close(&t->p, false, NULL, &none); /* nothing to show */
    return !err->status;
}

bool run_plots_write(const run_folder *f, const char *folder, picture_list *list, portolan_error *err) {
    *list = (picture_list){0};
    task t = {.f = f, .names = calloc(f->policy_count, sizeof *t.names), .err = err};
    if (!t.names) return error_memory(err, f->policy_count * sizeof *t.names);
    for (size_t i = 0; i < f->policy_count; i++) t.names[i] = f->policies[i].name;
    snprintf(t.more, sizeof t.more, "%zu more policies have no curve here.", f->policy_count - lines(f));
    bool ok = true;
    for (size_t i = 0; ok && i < RECIPE_COUNT; i++)
        if (can_draw(f, RECIPES[i].from)) ok = draw(&RECIPES[i], &t, folder, list, err);
    free(t.names);
    if (!ok) picture_list_free(list);
    return ok;
}

/* ---- The list ---- */

static bool keep_texts(picture_list *list, picture *p) {
    const char **texts[] = {&p->name, &p->title, &p->caption, &p->note};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!*texts[i]) continue;
        *texts[i] = arena_text(&list->memory, *texts[i], strlen(*texts[i]));
        if (!*texts[i]) return false;
    }
    return true;
}

bool picture_list_add(picture_list *list, plot *p, const picture *about, portolan_error *err) {
    portolan_error none;
    if (!ARRAY_RESERVE(list->items, list->room, list->count + 1, err)) return plot_close(p, false, NULL, &none), false;
    picture *kept = &list->items[list->count];
    *kept = *about;
    kept->width = p->width;
    kept->height = p->height;
    if (!plot_close(p, true, &kept->svg, err)) return false;
    list->count++;
    list->drawn |= p->drawn;
    return keep_texts(list, kept) || error_memory(err, 0);
}

void picture_list_free(picture_list *list) {
    for (size_t i = 0; i < list->count; i++) free(list->items[i].svg.data);
    free(list->items);
    arena_free(&list->memory);
    *list = (picture_list){0};
}
