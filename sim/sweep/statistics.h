/* What a sweep found: means and intervals over seeds, differences from the baseline, the Pareto front, the
 * best setting. */
#ifndef PORTOLAN_SWEEP_STATISTICS_H
#define PORTOLAN_SWEEP_STATISTICS_H

#include "analysis/statistics/statistics.h"
#include "store.h"

typedef enum front { FRONT_OFF, FRONT_ON, FRONT_SURE } front;

/* A policy at a setting. */
typedef struct sweep_cell {
    size_t setting, position; /* position: of the policy in its scenario */
    const char *policy;       /* its label */
    bool oracle;              /* it knows the labels: a bound, not a choice */
    size_t same_as;           /* the first cell of this policy with these very values, itself if there is none before */
    double *values;           /* [metric][seed]; NaN where there is no result */
    interval metrics[METRIC_COUNT];     /* in the order of METRICS */
    interval differences[METRIC_COUNT]; /* from the baseline at the same setting, paired by seed; n = 0 for itself */
    front front;
} sweep_cell;

typedef struct sweep_statistics {
    arena memory;
    const sweep *w;
    sweep_cell *cells; /* [cell_count] by setting, then by position */
    size_t cell_count, room;
    const sweep_cell *best;      /* NULL: none satisfies the bounds, or not asked */
    const sweep_cell *best_sure; /* the best whose intervals keep the bounds too; NULL: none */
} sweep_statistics;

/* Reads the store and computes all of it. A metric's interval is Student's t, for percentiles of latency
 * the bootstrap's. On the front is what no other cell beats in one of the Pareto metrics without losing in
 * another, by the means. It is *surely* there if against every other cell it is significantly better in one
 * of the metrics: the paired difference over the seeds has a t interval on the good side of 0. Cells that
 * agree in all values of these metrics do not count against each other. Oracles are bounds, not choices:
 * they take no part in the front nor in the best. Nor do cells that repeat another one (same_as), as those
 * of a policy that an axis does not touch. */
bool sweep_statistics_read(sweep_statistics *st, const sweep *w, sweep_store *t, portolan_error *err);
void sweep_statistics_free(sweep_statistics *st);

/* files.c: the rows of the store as a table, in the order of the points; `timings`: with host,
 * seconds, attempts. */
bool sweep_export_csv(sweep_store *t, bool timings, FILE *out, portolan_error *err);
json_t *sweep_export_json(sweep_store *t, bool timings, portolan_error *err);

/* The columns of statistics.csv, after those of the sweep's keys. */
extern const char STATISTICS_HEADER[];

/* Writes points.csv, statistics.csv and sweep.json into the sweep's folder. */
bool sweep_files_write(const sweep_statistics *st, sweep_store *t, portolan_error *err);
json_t *sweep_json(const sweep_statistics *st, const sweep_store *t);

/* table.c: what an axis is called: the last word of its first key if that tells it from the other
 * axes, else the whole key. */
const char *sweep_axis_name(const sweep *w, size_t axis);

/* The table for the terminal. */
void print_sweep_table(const sweep_statistics *st, FILE *out, bool color);

#endif
