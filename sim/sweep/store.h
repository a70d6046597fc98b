/* The store of a sweep, DIR/sweep.sqlite: what became of its points. */
#ifndef PORTOLAN_SWEEP_STORE_H
#define PORTOLAN_SWEEP_STORE_H

#include "base/lock.h"
#include "plan.h"

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
    size_t position;    /* of the policy, in the scenario's order */
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
    const char *hash;         /* scenario_hash, of a point that has results; else NULL */
    const json_t *parameters; /* an object of texts, with the same keys at every point */
    size_t count; /* of results, in the order of the scenario's policies; of one that failed, those that did not */
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

#endif
