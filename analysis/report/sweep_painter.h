/* What the files that write a sweep's pictures share. Internal to this folder. */
#ifndef PORTOLAN_ANALYSIS_SWEEP_PAINTER_H
#define PORTOLAN_ANALYSIS_SWEEP_PAINTER_H

#include "run_plots.h"
#include "sweep_grid.h"

enum { SWEEP_NAME = 108 };

extern const char *const SWEEP_DRAWN[]; /* keys of the metrics that pictures show; ends with NULL */

enum { SWEEP_WORDS = 64 };

/* "mean latency / ms", for an axis; "Mean latency", for the beginning of a title. */
void sweep_axis_title(const metric *m, char into[SWEEP_WORDS]);
void sweep_title_words(const metric *m, char into[SWEEP_WORDS]);

typedef struct sweep_painter {
    const run_folder *f;
    sweep_grid grid;
    const char *folder;
    picture_list *list;
} sweep_painter;

/* A metric's mean and interval in a cell, times `scale`; the ends are the mean where there is no interval. */
typedef struct sweep_value {
    double mean, low, high;
} sweep_value;

sweep_value sweep_value_of(const run_policy *cell, const char *key, double scale);

/* The rest of a row of data: a tab before each value, NaN where there is none. */
void sweep_put_values(FILE *data, const double *values, size_t n);

/* Stretches an axis to a value; and by some room at both ends. */
void sweep_widen(plot_axis *a, double x);
plot_axis sweep_with_rim(plot_axis a);

/* A name for a picture's files that no other one has: letters, digits and dashes. */
void sweep_picture_name(const sweep_painter *p, char into[SWEEP_NAME], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* sweep_plots_front.c: the Pareto front among all cells. sweep_plots_maps.c: of two axes, a map for each policy that they
 * touch and each quantity. */
bool sweep_draw_front(sweep_painter *p, portolan_error *err);
bool sweep_draw_maps(sweep_painter *p, portolan_error *err);

#endif
