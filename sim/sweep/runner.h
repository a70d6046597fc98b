/* The points of a sweep, run on this machine or by Slurm. */
#ifndef PORTOLAN_SWEEP_RUNNER_H
#define PORTOLAN_SWEEP_RUNNER_H

#include "store.h"

typedef struct sweep_options {
    unsigned jobs; /* points at a time; 0: one for each processor */
    bool quiet, fail_fast;
    size_t chunk;        /* Slurm: points of a task; 0: as many as make a good number of tasks */
    char *const *sbatch; /* Slurm: further options for sbatch, like "--partition=long" */
    size_t sbatch_count;
} sweep_options;

typedef struct sweep_progress {
    size_t done, failed, waiting; /* of the whole plan */
    size_t outside_table;         /* points run now in which executions were not in the table of their device */
    int interrupted;              /* by this signal; 0: no */
    double seconds;               /* of the present command's wall clock */
} sweep_progress;

/* Points by their numbers. */
typedef struct point_list {
    size_t *points; /* [count]; whoever has the list frees it */
    size_t count;
} point_list;

/* Runs points on this machine and records each, the failed ones too. Ends early after a signal, and with `fail_fast` after
 * the first failure. Fails only where the store or the machine does. */
bool sweep_run_local(const sweep *w, sweep_store *t, const point_list *list, const sweep_options *o,
                     sweep_progress *became, portolan_error *err);

/* The same by Slurm: collects a job of an earlier command first, then submits what is missing and waits for
 * it. An interrupt leaves the job running. */
bool sweep_run_slurm(const sweep *w, sweep_store *t, const sweep_options *o, sweep_progress *became,
                     portolan_error *err);

/* Writes the job script for `count` points of a sweep whose folder is `out`. */
bool sweep_slurm_script(const sweep *w, const char *out, size_t count, const sweep_options *o, FILE *to,
                        portolan_error *err);

/* Slurm's default MaxArraySize is 1001. */
enum { SLURM_MOST_TASKS = 1000 };

/* Marks the tasks that squeue names, one a line; returns the number of its lines. */
size_t sweep_active_tasks(const char *answer, bool active[SLURM_MOST_TASKS]);

/* Reads the text of slurm/points: the size of a chunk, then numbers below `points`, a line each. Puts those
 * of the task's chunk into a list, which must have room for `points`. `path` is for errors. */
bool sweep_parse_points(const char *text, const char *path, size_t points, size_t task, point_list *chunk,
                        portolan_error *err);

/* What the script starts: runs the points of task `task` into a store of its own, out/slurm/part-TASK. */
bool sweep_run_task(const sweep *w, const char *out, size_t task, const sweep_options *o, sweep_progress *became,
                    portolan_error *err);

/* Counts the plan's points by status into done, failed and waiting. */
void store_count(const sweep_store *t, const sweep *w, sweep_progress *p);

/* The plan's points that are not done, in their order. */
bool store_missing(const sweep_store *t, const sweep *w, point_list *list, portolan_error *err);

/* Runs a few points here, without a store, and says how many seconds of one processor a point takes. */
bool sweep_estimate(const sweep *w, double *seconds_per_point, size_t *tried, portolan_error *err);

#endif
