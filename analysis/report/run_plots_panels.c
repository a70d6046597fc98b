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

static void write_panel(FILE *out, const char *name, double left, double right) {
    fprintf(out,
            "set lmargin at screen %g\nset rmargin at screen %g\n"
            "set title '%s' offset 0,-0.6 textcolor rgb ink\n"
            "plot for [i=1:|policies|] data using (strcol('policy') eq policies[i] && strcol('tier') eq '%s' ? "
            "column('time_s') : NaN):(column('percent')) with linespoints pointinterval -40 lw 1.4 ps 0.5 "
            "notitle\nunset ylabel; unset label; unset arrow # drawn with the first panel\n",
            left, right, name, name);
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
    plot_texts(out, "policies", t->names, lines(t->f));
    plot_tics(out, "x", &axes[0], (step - 0.06) * t->p.width);
    plot_tics(out, "y", &axes[1], top - bottom);
    fprintf(out,
            "set multiplot\nset bmargin at screen %g\nset tmargin at screen %g\n"
            "set xlabel 'simulated time (s)'\nset ylabel 'busy cores (%%)'\n",
            bottom / t->p.height, top / t->p.height);
    for (int k = 0, column = 0; k < UTILIZATION_TIERS; k++)
        if (has[k]) {
            double left = 0.08 + step * column++;
            write_panel(out, UTILIZATION_TIER_NAMES[k], left, left + step - 0.06);
        }
    fputs("unset multiplot\n", out);
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
    fprintf(out, "array exits[%zu]\narray errors[%zu]\n", count, count);
    for (size_t e = 0; e < count; e++)
        fprintf(out, "exits[%zu] = %u; errors[%zu] = '%.3f'\n", e + 1, t->f->exits[e].layer, e + 1,
                reliability_error(&t->f->exits[e].bins));
    fprintf(out,
            "set xrange [%g:1]\nset yrange [%g:1]\nset xtics %g\nset ytics %g\nset format '%%.1f'\nunset key\n"
            "set multiplot layout %zu,%zu margins char 7, char 1.5, char 3.2, char 1.5 spacing char 4.5, char 3\n"
            "set label 1 'confidence' at screen 0.52, char 0.8 center textcolor rgb ink\n"
            "set label 2 'accuracy' at char 1.2, screen 0.5 center rotate textcolor rgb ink\n",
            least, fmax(0, least - 0.2), step, step, (count + across - 1) / across, across);
    fputs("do for [i=1:|exits|] {\n"
          "    set title sprintf('exit %d, ECE %s', exits[i], errors[i]) offset 0,-0.7 textcolor rgb ink\n"
          "    plot x with lines lc rgb '#999999' dt (4,4) lw 1, \\\n"
          "        data using (column('exit') == exits[i] ? column('confidence') : NaN):(column('accuracy'))"
          ":(column('confidence')):(column('confidence')):(column('low')):(column('high')) with xyerrorbars "
          "lt 1 dt solid lw 1 pt 7 ps 0.6\n"
          "    unset label\n"
          "}\n"
          "unset multiplot\n",
          out);
    return true;
}
