/* The picture of a data map, in the form that the cartography paper made familiar: variability across, confidence up,
 * colour by the share of epochs in which a sample was right, densities at the sides; and the pools' bounds. */
#include <math.h>

#include "analysis/cartography/cartography.h"
#include "plot.h"
#include "report.h"

/* More points than these are thinned out evenly, which the caption says; densities are those of all samples. */
enum { MOST_POINTS = 6000, BINS = 50 };

static const double WIDTH = 4.8, HEIGHT = 4.2, MOST_VARIABILITY = 0.5;

/* ---- Data: points, then the two densities, told apart by the first column ---- */

static void write_points(const data_map *m, uint32_t stride, FILE *data) {
    for (uint32_t i = 0; i < m->samples; i += stride)
        fprintf(data, "point\t%.9g\t%.9g\t%.9g\t\n", m->variability[i], m->confidence[i],
                m->epochs ? (double)m->correctness[i] / m->epochs : 0);
}

/* Shares of samples by bins of `values` between 0 and `most`, over the bin's width. */
static void write_density(const double *values, uint32_t samples, double most, bool across, FILE *data) {
    uint32_t counts[BINS] = {0};
    for (uint32_t i = 0; i < samples; i++) {
        int bin = (int)(values[i] / most * BINS);
        counts[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
    }
    for (int bin = 0; bin < BINS; bin++) {
        double centre = (bin + 0.5) * most / BINS, density = counts[bin] / (double)samples / (most / BINS);
        if (across)
            fprintf(data, "across\t%.9g\t\t\t%.9g\n", centre, density);
        else
            fprintf(data, "up\t\t%.9g\t\t%.9g\n", centre, density);
    }
}

/* ---- Variables of data-map.gp ---- */

extern const char data_map_gp[];

static double within(double x, double low, double high) { return fmin(fmax(x, low), high); }

static void write_variables(const data_map *m, uint32_t stride, double alpha, double beta, FILE *script) {
    char caption[128];
    int n = snprintf(caption, sizeof caption, "%u samples", m->samples);
    if (stride > 1) n += snprintf(caption + n, sizeof caption - (size_t)n, ", one in %u drawn", stride);
    if (!isnan(alpha)) snprintf(caption + n, sizeof caption - (size_t)n, "; alpha %.6g, beta %.6g", alpha, beta);
    plot_text(script, "caption", caption);
    fprintf(script, "pools = %d; bin = %.9g\n", !isnan(alpha), 1.0 / BINS);
    if (!isnan(alpha)) /* bounds outside the picture leave a pool empty */
        fprintf(script, "alpha = %.9g; beta = %.9g\n", within(alpha, 0, 1), within(beta, 0, MOST_VARIABILITY));
}

bool data_map_draw(const data_map *m, double alpha, double beta, const char *folder, bool *drawn, portolan_error *err) {
    plot p;
    uint32_t stride = (m->samples + MOST_POINTS - 1) / MOST_POINTS;
    if (!plot_open(&p, &(plot_frame){folder, "data_map", WIDTH, HEIGHT, NULL, 0, NULL, {data_map_gp}}, err))
        return false;
    fputs("what\tvariability\tconfidence\tright\tdensity\n", p.data);
    write_points(m, stride, p.data);
    write_density(m->variability, m->samples, MOST_VARIABILITY, true, p.data);
    write_density(m->confidence, m->samples, 1, false, p.data);
    write_variables(m, stride, alpha, beta, p.script);
    bool ok = plot_close(&p, true, NULL, err);
    *drawn = p.drawn;
    return ok;
}
