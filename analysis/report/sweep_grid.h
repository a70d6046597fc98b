/* The settings of a sweep's results as axes with values, and what lies along one of them. Internal to this folder. */
#ifndef PORTOLAN_ANALYSIS_SWEEP_GRID_H
#define PORTOLAN_ANALYSIS_SWEEP_GRID_H

#include "run_folder.h"

enum { SWEEP_GRID_AXES = 32 };

/* An axis: one key of the scenario, or several that were walked together. */
typedef struct sweep_grid_axis {
    const char *name; /* the last word of its first key if that tells it from the other axes, else the whole key */
    size_t keys[SWEEP_GRID_AXES], key_count; /* columns of statistics.csv */
    size_t count;                            /* of its values, in the order in which they appear */
    size_t *of_cell;                         /* [cells] which value a cell has */
    size_t *example;                         /* [count] the first cell with a value */
    bool first_tells;                        /* the first key's values tell all of them apart */
    double *numbers;                         /* [count] in `unit`; NULL where they are no numbers of one kind */
    const char *unit;                        /* as the first value writes it; "" for bare numbers */
} sweep_grid_axis;

typedef struct sweep_grid {
    arena memory; /* owns all of it */
    const run_folder *f;
    sweep_grid_axis axes[SWEEP_GRID_AXES];
    size_t axis_count;
    size_t *policy_of;      /* [cells] numbers of policies, in the order in which they appear */
    size_t *policy_example; /* [policy_count] a cell of each */
    size_t policy_count;
} sweep_grid;

/* Reads the axes of sweep.json and finds their values in statistics.csv. `f` must outlive it. On failure `g` is left
 * empty. */
bool sweep_grid_read(sweep_grid *g, const run_folder *f, portolan_error *err);
void sweep_grid_free(sweep_grid *g);

/* The value of an axis in a cell: the first key's, or "1, 2" of all keys where that does not tell it. */
const char *sweep_grid_value(const sweep_grid *g, size_t axis, size_t cell, char *into, size_t size);

/* The lines along an axis: a policy with a value of each other axis. */
typedef struct sweep_lines {
    size_t *cells;  /* line after line, each along the axis; owned */
    size_t *starts; /* [count + 1] where in `cells` a line begins; owned */
    size_t count;
} sweep_lines;

bool sweep_lines_along(sweep_lines *l, const sweep_grid *g, size_t axis, portolan_error *err);
void sweep_lines_free(sweep_lines *l);

/* "confidence, up=1Mbps": what a cell's line is, its policy (if wanted) and its values on all other axes. */
void sweep_line_label(const sweep_grid *g, size_t cell, size_t along, bool with_policy, char *into, size_t size);

#endif
