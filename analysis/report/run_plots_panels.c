/* Pictures of several panels: how busy the tiers are over time, and how reliable each exit is. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "run_plots_task.h"
#include "utilization.h"

enum { BIN_LEAST = 10 /* samples of a bin that is worth a point */ };

/* ---- Utilisation over time ---- */

/* Rows "policy tier time_s percent" of a policy's trace, if it has one in CSV. */
static bool write_trace_rows(task *t, size_t i, bool has[UTILIZATION_TIERS], plot_axis axes[2]) {
    char path[sizeof t->f->path + 160];
    utilization u;
    snprintf(path, sizeof path, "%s/trace-%.120s.csv", t->f->path, t->names[i]);
    if (access(path, F_OK) != 0) return true;
    if (!utilization_read(&u, path, t->err)) return false;
    double width = (u.end - u.begin) / UTILIZATION_BINS;
    axes[0].low = fmin(axes[0].low, u.begin);
    axes[0].high = fmax(axes[0].high, u.end);
    for (int k = 0; k < UTILIZATION_TIERS; k++) {
        has[k] |= u.has[k];
        for (int b = 0; u.has[k] && b < UTILIZATION_BINS; b++) {
            plot_field(t->p.data, t->names[i]);
            fprintf(t->p.data, "\t%s\t%.9g\t%.9g\n", UTILIZATION_TIER_NAMES[k], u.begin + (b + 0.5) * width,
                    u.percent[k][b]);
            axes[1].high = fmax(axes[1].high, fmin(1.05 * u.percent[k][b], 100));
        }
    }
    return true;
}

/* A panel a tier, side by side, with one legend below them. */
bool write_utilization(task *t) {
    bool has[UTILIZATION_TIERS] = {false};
    plot_axis axes[2] = {{INFINITY, -INFINITY, false}, {0, 0, false}};
    size_t panels = 0;
    FILE *out = t->p.script;
    fputs("policy\ttier\ttime_s\tpercent\n", t->p.data);
    for (size_t i = 0; i < lines(t->f); i++)
        if (!write_trace_rows(t, i, has, axes)) return false;
    for (int k = 0; k < UTILIZATION_TIERS; k++) panels += has[k];
    if (!panels) return false;
    double step = 0.92 / (double)panels, bottom = t->p.legend + 0.45, top = t->p.height - 0.25;
    double left[UTILIZATION_TIERS], right[UTILIZATION_TIERS];
    const char *tiers[UTILIZATION_TIERS];
    for (int k = 0, column = 0; k < UTILIZATION_TIERS; k++) {
        if (!has[k]) continue;
        tiers[column] = UTILIZATION_TIER_NAMES[k];
        left[column] = 0.08 + step * column;
        right[column] = left[column] + step - 0.06;
        column++;
    }
    plot_texts(out, "policies", t->names, lines(t->f));
    plot_texts(out, "tiers", tiers, panels);
    plot_numbers(out, "panel_left", left, panels);
    plot_numbers(out, "panel_right", right, panels);
    fprintf(out, "panel_bottom = %g; panel_top = %g\n", bottom / t->p.height, top / t->p.height);
    plot_tics(out, "x", &axes[0], (step - 0.06) * t->p.width);
    plot_tics(out, "y", &axes[1], top - bottom);
    return true;
}

/* ---- Reliability ---- */

/* Where the confidences begin that hold all but a hundredth of the samples, rounded down to a tenth. */
static double least_confidence(const run_folder *f) {
    double least = 1;
    for (size_t e = 0; e < f->exit_count; e++) {
        const reliability *r = &f->exits[e].bins;
        double n = 0, below = 0;
        for (int b = 0; b < RELIABILITY_BINS; b++) n += (double)r->samples[b];
        int first = 0;
        for (below = (double)r->samples[0]; first < RELIABILITY_BINS - 1 && below < 0.01 * n;)
            below += (double)r->samples[++first];
        least = fmin(least, (double)first / RELIABILITY_BINS);
    }
    return floor(10 * least) / 10;
}

static void write_reliability_rows(task *t) {
    fputs("exit\tconfidence\taccuracy\tlow\thigh\tsamples\n", t->p.data);
    for (size_t e = 0; e < t->f->exit_count; e++) {
        const reliability *r = &t->f->exits[e].bins;
        for (int b = 0; b < RELIABILITY_BINS; b++) {
            double n = (double)r->samples[b], low, high;
            if (r->samples[b] < BIN_LEAST) continue;
            proportion_interval((double)r->right[b], n, &low, &high);
            fprintf(t->p.data, "%u\t%.9g\t%.9g\t%.9g\t%.9g\t%.0f\n", t->f->exits[e].layer, r->confidence[b] / n,
                    (double)r->right[b] / n, low, high, n);
        }
    }
}

bool write_reliability(task *t) {
    FILE *out = t->p.script;
    size_t count = t->f->exit_count, across = count < PANELS_ACROSS ? count : PANELS_ACROSS;
    double least = least_confidence(t->f), step = least < 0.4 ? 0.4 : 0.2;
    write_reliability_rows(t);
    fprintf(out, "array exits[%zu]; array errors[%zu]\n", count, count);
    for (size_t e = 0; e < count; e++)
        fprintf(out, "exits[%zu] = %u; errors[%zu] = '%.3f'\n", e + 1, t->f->exits[e].layer, e + 1,
                reliability_error(&t->f->exits[e].bins));
    fprintf(out, "least = %g; step = %g; across = %zu; down = %zu\n", least, step, across,
            (count + across - 1) / across);
    return true;
}
