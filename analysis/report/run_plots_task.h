/* What the files that write pictures share. Internal to this folder. */
#ifndef PORTOLAN_ANALYSIS_RUN_PLOTS_TASK_H
#define PORTOLAN_ANALYSIS_RUN_PLOTS_TASK_H

#include "plot.h"
#include "run_plots.h"

enum {
    LINES_MOST = 16, /* policies told apart by colour, dash and point; more would be a tangle */
    PANELS_ACROSS = 4,
};

/* What a picture's writer is given. */
typedef struct task {
    const run_folder *f;
    plot p;
    const char **names; /* [policy_count] */
    char more[64];      /* how many policies have no line type of their own, in words */
    portolan_error *err;
} task;

/* How many policies have a line type of their own. */
static inline size_t lines(const run_folder *f) { return f->policy_count < LINES_MOST ? f->policy_count : LINES_MOST; }

/* run_plots_panels.c: pictures of several panels. Each writes rows and script; false if there is nothing to
 * show, or after a failure that stands in t->err. */
bool write_reliability(task *t);
bool write_utilization(task *t);

/* fleet_map.c: the same, and how high the map of this fleet is, in inches. */
bool write_fleet_map(task *t);
double fleet_map_height(const run_folder *f);

#endif
