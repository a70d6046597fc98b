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

/* ---- Script ---- */

static const char SETTINGS[] =
    "set palette defined (0 '#f0b000', 0.5 '#c2506e', 1 '#1f2f7f')\n"
    "set style fill solid 1.0 noborder\n"
    "set style textbox opaque noborder margins 0.5,0.3\n"
    "unset key\n"
    "set multiplot\n"
    "set border 3; set grid; set format '%g'; set tics nomirror out scale 0.5\n" /* after another file format */
    "set xtics autofreq nomirror out scale 0.5; set ytics autofreq nomirror out scale 0.5\n"
    "set xrange [0:0.5]; set yrange [0:1]; set cbrange [0:1]\n"
    "set lmargin at screen 0.13; set rmargin at screen 0.69; set bmargin at screen 0.13; set tmargin at screen 0.76\n"
    "set xlabel 'variability' offset 0,0.2; set ylabel 'confidence'\n"
    "set colorbox user origin 0.84,0.13 size 0.025,0.63\n"
    "set cblabel 'share of epochs right' offset 1,0 textcolor rgb ink; set cbtics scale 0\n";

/* The bounds of the pools within the picture, and the pools' names. */
static void write_pools(double alpha, double beta, FILE *script) {
    bool has_alpha = alpha > 0 && alpha<1, has_beta = beta> 0 && beta < MOST_VARIABILITY;
    if (has_alpha)
        fprintf(script, "set arrow from 0,%.9g to 0.5,%.9g nohead front lc rgb ink lw 1.5 dt (8,4)\n", alpha, alpha);
    if (has_beta && alpha < 1)
        fprintf(script, "set arrow from %.9g,%.9g to %.9g,1 nohead front lc rgb ink lw 1.5 dt (8,4)\n", beta,
                fmax(alpha, 0), beta);
    if (beta > 0 && alpha < 1) fprintf(script, "set label 'easy' at 0.008,0.96 left front boxed\n");
    if (beta < MOST_VARIABILITY && alpha < 1) fprintf(script, "set label 'medium' at 0.492,0.96 right front boxed\n");
    if (alpha > 0) fprintf(script, "set label 'hard' at 0.008,0.04 left front boxed\n");
}

static void write_panels(FILE *script) {
    fputs(
        "plot data using \"variability\":(strcol(\"what\") eq 'point' ? column(\"confidence\") : NaN):\"right\" \\\n"
        "    with points pt 7 ps 0.16 lc palette\n"
        "unset arrow; unset label; unset colorbox; unset grid\n"
        "set border 1; unset ytics; set xtics scale 0; set format x ''; set xlabel ''; set ylabel ''; set yrange [0:*]; set boxwidth 0.01\n"
        "set tmargin at screen 0.90; set bmargin at screen 0.78\n"
        "set label caption at screen 0.13,0.95 left\n"
        "plot data using \"variability\":(strcol(\"what\") eq 'across' ? column(\"density\") : NaN) \\\n"
        "    with boxes lc rgb other_color\n"
        "unset label\n"
        "set border 2; unset xtics; set xrange [0:*]; set yrange [0:1]\n"
        "set lmargin at screen 0.71; set rmargin at screen 0.82; set bmargin at screen 0.13; set tmargin at screen 0.76\n",
        script);
    fprintf(script,
            "plot data using (strcol(\"what\") eq 'up' ? column(\"density\") / 2 : NaN):\"confidence\":"
            "(column(\"density\") / 2):(%.9g) \\\n    with boxxyerror lc rgb other_color\n"
            "unset multiplot\n",
            0.5 / BINS);
}

static void write_script(const data_map *m, uint32_t stride, double alpha, double beta, FILE *script) {
    fputs(SETTINGS, script);
    fprintf(script, "caption = '%u samples", m->samples);
    if (stride > 1) fprintf(script, ", one in %u drawn", stride);
    if (!isnan(alpha)) fprintf(script, "; alpha %.6g, beta %.6g", alpha, beta);
    fputs("'\n", script);
    if (!isnan(alpha)) write_pools(alpha, beta, script);
    write_panels(script);
}

bool data_map_draw(const data_map *m, double alpha, double beta, const char *folder, bool *drawn, portolan_error *err) {
    plot p;
    uint32_t stride = (m->samples + MOST_POINTS - 1) / MOST_POINTS;
    if (!plot_open(&p, &(plot_frame){folder, "data_map", WIDTH, HEIGHT, NULL, 0, NULL}, err)) return false;
    fputs("what\tvariability\tconfidence\tright\tdensity\n", p.data);
    write_points(m, stride, p.data);
    write_density(m->variability, m->samples, MOST_VARIABILITY, true, p.data);
    write_density(m->confidence, m->samples, 1, false, p.data);
    write_script(m, stride, alpha, beta, p.script);
    bool ok = plot_close(&p, true, NULL, err);
    *drawn = p.drawn;
    return ok;
}
