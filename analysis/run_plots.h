/* The pictures of a run. */
#ifndef PORTOLAN_ANALYSIS_RUN_PLOTS_H
#define PORTOLAN_ANALYSIS_RUN_PLOTS_H

#include "run_folder.h"

/* A picture that was drawn: FOLDER/NAME.svg and so on, and what is to be said under it. */
typedef struct picture {
    const char *name, *title, *caption;
    bool wide; /* a page's width, not a column's */
    bool fleet; /* belongs to what was run, not to what came out */
} picture;

enum { MAX_PICTURES = 64 };

typedef struct picture_list {
    picture items[MAX_PICTURES];
    size_t count;
    bool drawn; /* false: there is no gnuplot; data and scripts are written all the same */
} picture_list;

/* Writes every picture for which the folder holds the figures into `folder` (made if missing). */
bool run_plots_write(const run_folder *f, const char *folder, picture_list *list, portolan_error *err);

/* Lists the SVG files that are in `folder` already, by name; their titles follow from their names. The texts
 * live in `memory`. A folder that is not there has none. */
bool pictures_find(const char *folder, arena *memory, picture_list *list, portolan_error *err);

/* Whether no policy of `count` (those of NaN left out) has at most x[i] and at least y[i], and less of one or
 * more of the other. */
bool is_on_front(const double *x, const double *y, size_t count, size_t i);

#endif
