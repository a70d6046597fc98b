/* Pictures by gnuplot. Each is five files in one folder: NAME.tsv (the data: a header line, then
 * tab-separated rows in tidy form), NAME.gp (the script; `gnuplot NAME.gp` in that folder draws it again, so
 * a user can restyle it), and NAME.svg, NAME.pdf and NAME.png.
 *
 * What a picture looks like stands in .gp files (pictures/), which are embedded: style.gp for all, and one for each kind of
 * picture. Code writes data and variables; the first comment of a .gp file names those that it needs. */
#ifndef PORTOLAN_ANALYSIS_PLOT_H
#define PORTOLAN_ANALYSIS_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/files.h"

/* Widths in inches: a column and a page of a two-column paper. PLOT_HEIGHT, without the legend, suits both. */
#define PLOT_COLUMN 3.5
#define PLOT_PAGE   7.16
#define PLOT_HEIGHT 2.1

#define PLOT_BELOW 0.42 /* what tics and title of the x axis need below it */

enum { PLOT_FRONT = 0, PLOT_NO_LINE = -1, PLOT_AREA = -2 };

/* An entry of the legend: the text, and the line type (1 on) before it, PLOT_FRONT's dashes, nothing, or a square. */
typedef struct plot_entry {
    const char *text;
    int line;
    const char *role; /* of PLOT_AREA: "phone" has the colour phone_color of style.gp */
} plot_entry;

typedef struct plot_frame {
    const char *folder, *name; /* the name: letters, digits, - and _ */
    double width, height;      /* inches, without legend and title, for which the picture grows */
    const plot_entry *legend;  /* below the picture; NULL: none, or gnuplot's own */
    size_t legend_count;
    const char *title;   /* above the picture; NULL: none */
    const char *look[2]; /* texts of .gp files: what the picture looks like; the second may be NULL */
} plot_frame;

/* A picture being written. */
typedef struct plot {
    FILE *data;           /* write the header line and the rows here */
    FILE *script;         /* write the variables of the .gp files here */
    double width, height; /* inches, with legend and title */
    double legend, title; /* heights of these */
    size_t columns, rows; /* of the legend */
    bool drawn;           /* after plot_close: there was a gnuplot */
    const char *look[2];
    char folder[1024], name[128];
    char fresh[1024 + 128 + 24]; /* the folder that the files are made in */
} plot;

/* Makes a fresh folder in the frame's folder (made if missing) and opens NAME.tsv and NAME.gp in it; writes the variables
 * of size, legend and title into the script. In .gp files, `data` is the name of the data file, whose columns are found by
 * their header (`using "latency_s":"share"`); line types 1 to 16 differ in colour, dash, point and lightness; text is never
 * marked up. On failure nothing is left. */
bool plot_open(plot *p, const plot_frame *frame, portolan_error *err);

/* What an axis shows, in the unit that it is labelled in. */
typedef struct plot_axis {
    double low, high; /* if they are the same, or not finite, an axis around them is drawn */
    bool is_log;      /* both ends are then above 0 */
} plot_axis;

/* Writes both axes as variables (plot_tics, plot_margins), tics whose labels do not touch, margins that leave room for the
 * legend: style.gp sets them. */
void plot_axes(plot *p, const plot_axis *x, const plot_axis *y);

/* Range and tics of one axis that is so long, as NAME_low, NAME_high, NAME_log, NAME_count and NAME_tics: for pictures that set
 * their margins themselves. style.gp sets those of "x", "y" and "cb". A name that begins with x is of a lying axis. */
void plot_tics(FILE *script, const char *name, const plot_axis *axis, double inches);

/* The edges of the axes, inches from the picture's own. */
void plot_margins(const plot *p, double left, double right, double bottom, double top);

/* Writes `text` as one field of the data: control characters become spaces, double quotes single ones. */
void plot_field(FILE *data, const char *text);

/* Writes "NAME = 'text'" into the script, the text quoted so that it stays one. */
void plot_text(FILE *script, const char *name, const char *text);

/* Writes "array NAME[count] = ['a', 'b', ...]", quoted in the same way. gnuplot has no empty array: at least one. */
void plot_texts(FILE *script, const char *name, const char *const *texts, size_t count);

/* Writes "NAME[i] = 'text'", quoted as a label of a tic, in which gnuplot would take a % for the beginning of a format. */
void plot_tic_text(FILE *script, const char *name, size_t i, const char *text);

/* Writes "array NAME[count] = [1, 2, ...]"; at least one. */
void plot_numbers(FILE *script, const char *name, const double *numbers, size_t count);

/* Ends both files, draws the three pictures, and moves all five where they belong, in place of older ones. `svg` (may be
 * NULL) becomes the picture that gnuplot has just drawn, never one that was there before; free() its data. If `ok` is
 * false, the caller has reported a failure: nothing is left, and false is returned. Without gnuplot in
 * PATH, data and script are kept, older pictures of that name are removed, and `drawn` stays false; that is
 * no error. A script that gnuplot refuses is an error with gnuplot's own words; data and script stay, to be
 * looked at. The same rows and script give the same bytes with the same gnuplot, cairo and fonts: there is no
 * date in any file. */
bool plot_close(plot *p, bool ok, file_bytes *svg, portolan_error *err);

#endif
