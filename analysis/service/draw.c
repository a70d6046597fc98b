/* The picture of a fit: measured against fitted, both logarithmic. */
#include <math.h>

#include "analysis/report/report.h"
#include "service.h"

static const double HEIGHT = 3; /* inches */

static void write_row(FILE *data, const char *series, const latency *m, double fitted) {
    if (isnan(fitted)) return;
    fprintf(data, "%s\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\n", series, m->hidden, m->feed_forward, m->layers,
            m->tokens, m->batch, m->seconds, fitted);
}

/* A row a point; both axes from the least to the largest of them. */
static plot_axis write_rows(const service_picture *what, FILE *data) {
    plot_axis axis = {INFINITY, 0, true};
    fputs("series\thidden\tfeed_forward\tlayers\ttokens\tbatch\tmeasured_s\tfitted_s\n", data);
    for (size_t i = 0; i < what->count; i++) {
        bool is_used = i < what->used;
        write_row(data, is_used ? "fitted" : "formula", &what->rows[i], what->fitted[i]);
        if (!is_used) write_row(data, "table", &what->rows[i], what->tabled[i]);
        axis.low = fmin(axis.low, 1e3 * fmin(what->rows[i].seconds, what->fitted[i]));
        axis.high = fmax(axis.high, 1e3 * fmax(what->rows[i].seconds, what->fitted[i]));
    }
    axis.low /= 1.2; /* no point on the frame */
    axis.high *= 1.2;
    return axis;
}

bool service_draw(const service_picture *what, const char *folder, bool *drawn, portolan_error *err) {
    static const plot_entry LEGEND[] = {{"formula, fitted", 1, NULL},
                                        {"formula, left out", 2, NULL},
                                        {"table, left out", 3, NULL}};
    plot p;
    if (!plot_open(&p, &(plot_frame){folder, "fit", PLOT_COLUMN, HEIGHT, LEGEND, 3, NULL}, err)) return false;
    plot_axis axis = write_rows(what, p.data);
    plot_axes(&p, &axis, &axis);
    fputs("set xlabel 'measured (ms, logarithmic)'\nset ylabel 'fitted (ms, logarithmic)'\n"
          "array series[3] = ['fitted', 'formula', 'table']\n"
          "plot x with lines lc rgb other_color dt solid lw 1 notitle, \\\n"
          "    for [i=1:3] data using (strcol('series') eq series[i] ? 1000*column('measured_s') : NaN):"
          "(1000*column('fitted_s')) with points lt i notitle\n",
          p.script);
    bool ok = plot_close(&p, true, NULL, err);
    *drawn = p.drawn;
    return ok;
}
