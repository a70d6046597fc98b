/* The picture of a fit: measured against fitted, both logarithmic. */
#include <math.h>

#include "analysis/report/report.h"
#include "service.h"

extern const char service_fit_gp[];

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
    plot_frame frame = {folder, "fit", PLOT_COLUMN, HEIGHT, LEGEND, 3, NULL, {service_fit_gp}};
    if (!plot_open(&p, &frame, err)) return false;
    plot_axis axis = write_rows(what, p.data);
    plot_axes(&p, &axis, &axis);
    static const char *const SERIES[] = {"fitted", "formula", "table"};
    plot_texts(p.script, "series", SERIES, 3);
    bool ok = plot_close(&p, true, NULL, err);
    *drawn = p.drawn;
    return ok;
}
