/* Sweeps: a scenario, simulated at many settings of its keys and with several seeds each. A *setting* gives
 * each of the sweep's keys one value. A *point* is a setting and a seed: one run of all policies. Points
 * are numbered from 0, the seed varying slowest, so that one seed's whole grid is there before the next is
 * begun; in the grid the last axis varies fastest. Every setting sees the same seeds, hence the same
 * arrivals, samples and phones (common random numbers). sweep.c and axes.c read the plan,
 * store.c keeps results, run.c and slurm.c compute them, statistics.c says what was
 * found, files.c writes it down. */
#ifndef PORTOLAN_SWEEP_H
#define PORTOLAN_SWEEP_H

#include <jansson.h>

#include "base/lock.h"
#include "sim/sim.h"

/* ---- The plan ---- */

enum { SWEEP_MAX_POINTS = 1000000, SWEEP_MAX_KEYS = 32, SWEEP_MAX_OBJECTIVES = 8 };

/* A bound of `best`: the metric at most `value`, or at least if more of it is better. */
typedef struct sweep_bound {
    const metric *metric;
    double value;
} sweep_bound;

/* What is asked of the results. */
typedef struct sweep_questions {
    double confidence;    /* level of the intervals */
    uint64_t resamples;   /* of the bootstrap */
    const char *baseline; /* label of the policy that the others are compared with; NULL: the first one */
    const metric *pareto[SWEEP_MAX_OBJECTIVES];
    size_t pareto_count;
    const metric *objective; /* of `best`; NULL: not asked */
    sweep_bound bounds[SWEEP_MAX_OBJECTIVES];
    size_t bound_count;
} sweep_questions;

/* An axis: values of one key, or of several that are walked together. */
typedef struct sweep_axis {
    size_t first_key, key_count; /* of sweep.keys */
    size_t count;
    const yaml_node **values; /* [count][key_count] */
} sweep_axis;

typedef struct sweep {
    arena memory;
    yaml_document document;
    const char *path, *name;
    const char *scenario; /* path of the base scenario */
    char *const *sets;    /* --set, borrowed */
    size_t set_count;
    scenario_edit *fixed; /* [fixed_count] the file's `set` */
    size_t fixed_count;
    const char *keys[SWEEP_MAX_KEYS]; /* that the axes change */
    size_t key_count;
    sweep_axis axes[SWEEP_MAX_KEYS];
    size_t axis_count;
    const yaml_node **values; /* [setting_count][key_count] */
    size_t setting_count, excluded_count;
    uint64_t *seeds;
    const yaml_node **seed_nodes; /* [seed_count] */
    size_t seed_count;
    sweep_questions questions;
} sweep;

extern const yaml_field SWEEP_FIELDS[], RANGE_FIELDS[], STATISTICS_FIELDS[], BEST_FIELDS[];

/* Reads a sweep and its base scenario, and checks that its first point is a good scenario. `sets` are
 * changes of the scenario, after those of the file's `set` and before those of its axes. On failure `w` is
 * left empty. */
bool sweep_load(sweep *w, const char *path, char *const *sets, size_t set_count, portolan_error *err);
void sweep_free(sweep *w);

static inline size_t sweep_points(const sweep *w) { return w->setting_count * w->seed_count; }
static inline size_t setting_of(const sweep *w, size_t point) { return point % w->setting_count; }
static inline size_t seed_of(const sweep *w, size_t point) { return point / w->setting_count; }

/* The value of key `k` in a setting as a text: as written, or as JSON where it is a list or map. Writes
 * into `into` if it must; returns the text. */
const char *sweep_value(const sweep *w, size_t setting, size_t k, char *into, size_t size);

/* A setting's parameters as a JSON object of texts; a new reference. */
json_t *sweep_parameters(const sweep *w, size_t setting);

/* The scenarios of points. Models are read once: a point whose model has been read before borrows it. */
enum { LENDERS = 8 };
typedef struct sweep_loader {
    const sweep *w;
    scenario *lenders[LENDERS];
    unsigned users[LENDERS]; /* scenarios out that may borrow from it */
    size_t next;
} sweep_loader;

/* The scenario of a point; give it back with point_release. NULL with an error that belongs to the point.
 * */
scenario *point_load(sweep_loader *l, size_t point, portolan_error *err);
void point_release(sweep_loader *l, scenario *s);
void sweep_loader_free(sweep_loader *l);

/* A hash of all that a point's results follow from but its seed: the resolved scenario, the content of the
 * files it names, Portolan's version. 64 hexadecimal digits. */
bool scenario_hash(const scenario *s, char hex[65], portolan_error *err);

/* ---- The store: DIR/sweep.sqlite ---- */

typedef struct sqlite3 sqlite3;

typedef enum point_status { POINT_WAITING, POINT_DONE, POINT_FAILED } point_status;
extern const char *const POINT_STATUS_NAMES[]; /* "waiting", "done", "failed" */

/* One SQLite file; a row of `points` for each point of the plan, from the start. Each point's outcome is
 * written in one transaction, by the one process that holds the folder's lock (sweep.lock). */
typedef struct sweep_store {
    sqlite3 *db;
    char folder[1024], path[1060];
    folder_lock lock; /* sweep.lock */
    bool has_plan;
    size_t settings, points; /* of the plan */
    unsigned char *status;   /* [points] point_status */
    uint64_t bytes, ticks;   /* of its files when it was opened; how long the present statement has run */
} sweep_store;

/* Opens or makes the folder's store for writing. Fails if another process has it, or if what is there is
 * not, to the last page and table, a store as Portolan makes it. */
bool store_open(sweep_store *t, const char *folder, portolan_error *err);

/* Opens a store that must be there, only to look at it. */
bool store_open_for_reading(sweep_store *t, const char *folder, portolan_error *err);

/* Leaves a plain file without side files behind, if that can be. */
void store_close(sweep_store *t);

/* Writes the plan into a store that has none: every point waits. */
bool store_plan(sweep_store *t, const sweep *w, portolan_error *err);

/* Takes up the plan that is in the store. If it is another one than the sweep's, or if the inputs of what
 * is done have changed, fails, unless `accept` is set: then the results of points that are still in the
 * plan stay. */
bool store_resume(sweep_store *t, const sweep *w, bool accept, portolan_error *err);

/* What a policy did at a point. */
typedef struct point_result {
    const char *policy; /* its label */
    const char *type;   /* its policy_type's name */
    policy_summary summary;
} point_result;

/* What is to be known of a point. */
typedef struct point_record {
    size_t point, setting;
    uint64_t seed;
    point_status status;
    const char *error, *host; /* NULL if none */
    double seconds;           /* of the wall clock, from its process's start to its end; NaN if it was not run */
    size_t attempts;
    const char *hash;         /* scenario_hash, of a point that is done; else NULL */
    const json_t *parameters; /* an object of texts, with the same keys at every point */
    size_t count;             /* of results, in the order of the scenario's policies; 0 if it is not done */
    point_result results[SCENARIO_MAX_POLICIES];
} point_record;

/* Writes what became of a point, all or nothing; its attempts are added to those before, setting, seed and
 * parameters are the plan's. A point that is done already stays as it is. */
bool store_record(sweep_store *t, const point_record *p, portolan_error *err);

/* Takes over what the store in another folder has of points that are not done here. Fails if its plan or its
 * inputs are others. */
bool store_merge(sweep_store *t, const sweep *w, const char *folder, portolan_error *err);

/* Calls `visit` for each point of the store's plan in order. Its texts live until the next call. Stops when
 * it returns false. */
bool store_read(sweep_store *t, bool (*visit)(const point_record *p, void *context, portolan_error *err), void *context,
                portolan_error *err);

/* A text kept with the store: the name of the sweep, say. `into` is empty if there is none. */
bool store_note(sweep_store *t, const char *key, const char *value, portolan_error *err);
bool store_recall(sweep_store *t, const char *key, char *into, size_t size, portolan_error *err);

/* ---- Running ---- */

typedef struct sweep_options {
    unsigned jobs; /* points at a time; 0: one for each processor */
    bool quiet, fail_fast;
    size_t chunk;        /* Slurm: points of a task; 0: as many as make a good number of tasks */
    char *const *sbatch; /* Slurm: further options for sbatch, like "--partition=long" */
    size_t sbatch_count;
} sweep_options;

typedef struct sweep_progress {
    size_t done, failed, waiting; /* of the whole plan */
    int interrupted;              /* by this signal; 0: no */
    double seconds;               /* of the present command's wall clock */
} sweep_progress;

/* Runs points[0 .. count-1] on this machine and records each, the failed ones too. Ends early after a signal,
 * and with `fail_fast` after the first failure. Fails only where the store or the machine does. */
bool sweep_run_local(const sweep *w, sweep_store *t, const size_t *points, size_t count, const sweep_options *o,
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
 * of the task's chunk into chunk[0 .. *count-1], which must have room for `points`. `path` is for errors. */
bool sweep_parse_points(const char *text, const char *path, size_t points, size_t task, size_t *chunk, size_t *count,
                        portolan_error *err);

/* What the script starts: runs the points of task `task` into a store of its own, out/slurm/part-TASK. */
bool sweep_run_task(const sweep *w, const char *out, size_t task, const sweep_options *o, sweep_progress *became,
                    portolan_error *err);

/* Counts the plan's points by status into done, failed and waiting. */
void store_count(const sweep_store *t, const sweep *w, sweep_progress *p);

/* The plan's points that are not done, in their order (free() it); NULL if memory is short. */
size_t *store_missing(const sweep_store *t, const sweep *w, size_t *count, portolan_error *err);

/* Runs a few points here, without a store, and says how many seconds of one processor a point takes. */
bool sweep_estimate(const sweep *w, double *seconds_per_point, size_t *tried, portolan_error *err);

/* Reading axes (axes.c): fills keys, axes, settings and exclusions, seeds. */
bool sweep_read_axes(sweep *w, const yaml_node *axes, const yaml_node *zip, const yaml_node *exclude,
                     portolan_error *err);
bool sweep_read_seeds(sweep *w, const yaml_node *seeds, portolan_error *err);

#endif
