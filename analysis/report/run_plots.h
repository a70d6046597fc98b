/* The pictures of a run or of a sweep. */
#ifndef PORTOLAN_ANALYSIS_RUN_PLOTS_H
#define PORTOLAN_ANALYSIS_RUN_PLOTS_H

#include "plot.h"
#include "run_folder.h"

/* A picture of the report: FOLDER/NAME.svg and so on, and what is to be said under it. */
typedef struct picture {
    const char *name, *title, *caption;
    const char *note;     /* a further sentence of the caption; NULL: none */
    bool wide;            /* a page's width, not a column's */
    bool fleet;           /* belongs to what was run, not to what came out */
    double width, height; /* inches */
    file_bytes svg;       /* as gnuplot has just drawn it; data is NULL where there is no gnuplot; owned by the list */
} picture;

typedef struct picture_list {
    arena memory; /* owns texts that are not constant */
    picture *items;
    size_t count, room;
    bool drawn;      /* false: there is no gnuplot; data and scripts are written all the same */
    size_t left_out; /* lines of a sweep for which there was no picture */
} picture_list;

/* Writes every picture for which the folder holds the figures into `folder` (made if missing). On failure the list is
 * left empty. */
bool run_plots_write(const run_folder *f, const char *folder, picture_list *list, portolan_error *err);

/* The same of a sweep (sweep_plots.c). */
bool sweep_plots_write(const run_folder *f, const char *folder, picture_list *list, portolan_error *err);

/* Ends the picture's plot and takes it into the list. */
bool picture_list_add(picture_list *list, plot *p, const picture *about, portolan_error *err);
void picture_list_free(picture_list *list);

/* Whether no policy of `count` (those of NaN left out) has at most x[i] and at least y[i], and less of one or
 * more of the other. */
bool is_on_front(const double *x, const double *y, size_t count, size_t i);

#endif
