/* Pictures by gnuplot. Each is five files in one folder: NAME.tsv (the data: a header line, then
 * tab-separated rows in tidy form), NAME.gp (the script; `gnuplot NAME.gp` in that folder draws it again, so
 * a user can restyle it), and NAME.svg, NAME.pdf and NAME.png. Style, sizes and file formats are the same for
 * all and stand in plot.c. */
#ifndef PORTOLAN_ANALYSIS_PLOT_H
#define PORTOLAN_ANALYSIS_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/replacement.h"

/* Widths in inches: a column and a page of a two-column paper. PLOT_HEIGHT suits both. */
#define PLOT_COLUMN 3.5
#define PLOT_PAGE   7.16
#define PLOT_HEIGHT 2.6

/* A picture being written. */
typedef struct plot {
    FILE *data;   /* write the header line and the rows here */
    FILE *script; /* write gnuplot commands here: settings and one `plot`; they are run once a file format */
    char folder[1024], name[128];
    replacement files[2]; /* data, script */
} plot;

/* Opens NAME.tsv and NAME.gp in `folder` (made if missing) under temporary names; writes the style into the
 * script. `width` and `height` are in inches. In the script, `data` is the name of the data file, whose
 * columns are found by their header (`using "latency_s":"share"`); line types 1 to 16 differ in colour, dash,
 * point and lightness; style variables `phone_color`, `edge_color`, `cloud_color`, `other_color` and `ink`
 * are hexadecimal colours; text is never marked up. On failure nothing is left. */
bool plot_open(plot *p, const char *folder, const char *name, double width, double height,
               portolan_error *err);

/* Writes `text` as one field of the data: control characters become spaces, double quotes single ones. */
void plot_field(FILE *data, const char *text);

/* Writes "array NAME[count] = ['a', 'b', ...]" into the script, the texts quoted so that they stay texts. */
void plot_texts(FILE *script, const char *name, const char *const *texts, size_t count);

/* Ends both files, and draws the three pictures, each under a temporary name until it is whole. If `ok` is
 * false, the caller has reported a failure: both files are removed, and false is returned. Without gnuplot in
 * PATH, data and script are kept, older pictures of that name are removed, and `drawn` becomes false; that is
 * no error. A script that gnuplot refuses is an error with gnuplot's own words; data and script stay, to be
 * looked at. The same rows and script give the same bytes with the same gnuplot, cairo and fonts: there is no
 * date in any file. */
bool plot_close(plot *p, bool ok, bool *drawn, portolan_error *err);

#endif
