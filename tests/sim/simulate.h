/* Whole simulations in tests: scenarios in a scratch folder, and each simulation in a process of its own,
 * because SimGrid runs once a process. A child never asserts (cmocka would go on with the next test in it):
 * it leaves numbers in shared memory, which the parent compares. */
#ifndef PORTOLAN_TESTS_SIMULATE_H
#define PORTOLAN_TESTS_SIMULATE_H

#include <jansson.h>
#include <sys/types.h>

#include "sim/disciplines/discipline.h"
#include "sim/disturbances/disturbance.h"
#include "sim/observers/observer.h"
#include "tests/support.h"

enum { SCRATCH_PATH = 512 };

/* Cmocka fixtures of a group: make the scratch folder, and remove it with all that is in it. */
int scratch_open(void **state);
int scratch_close(void **state);

/* Writes a file of the scratch folder and gives its path. */
const char *scratch_file(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `name` in the scratch folder, which need not exist yet. */
const char *scratch_path(const char *name);

/* Zeroed memory that children share; shared_free gives it back. */
void *shared_alloc(size_t bytes);
void shared_free(void *memory, size_t bytes);

/* ---- One policy, record by record ---- */

/* What a simulation left behind, as its child sees it. */
typedef struct simulated {
    const scenario *s;
    const request_record *records; /* [count], warm-up included */
    uint64_t count;
    run_totals totals;
    const run_books *books; /* all of it */
} simulated;

/* Takes from a finished simulation what the test wants, into shared memory. Runs in the child. */
typedef void (*harvest)(const simulated *run, void *into);

/* Starts a child that simulates policy `policy` of the scenario at `path`, changed by `sets`
 * (NULL-terminated, or NULL), and then harvests. */
pid_t simulation_start(const char *path, const char *const *sets, size_t policy, harvest take, void *into);

/* Waits for the child; the test fails if the simulation did. */
void simulation_finish(pid_t child);

/* A simulation of a list, with the arguments of simulation_start; `child` is for simulations_run. `policies` are the
 * test's own, beside the program's; NULL at the end, or NULL. */
typedef struct simulation_job {
    const char *path;
    const char *const *sets;
    size_t policy;
    harvest take;
    void *into;
    pid_t child;
    const policy_type *const *policies;
    const char *out; /* the folder where it may leave files; NULL: it leaves none */
} simulation_job;

/* The same with other tables than the program's. */
pid_t simulation_start_with(const engine_tables *tables, const simulation_job *job);

/* Runs them all, so many at once. False if one failed. */
bool simulations_run(simulation_job *jobs, size_t count, unsigned at_once);

/* A discipline that serves, first in, first out, two together wherever two wait. */
extern const discipline PAIRS;

/* ---- All policies, as `portolan run` does it ---- */

/* Runs the scenario into the folder `name` of the scratch folder and gives its summary.json (a new
 * reference). */
json_t *run_scenario(const char *path, const char *const *sets, const char *name);

/* The row of summary.json's policy called `label`. */
const json_t *policy_row(const json_t *summary, const char *label);

/* A number of a policy's row; NaN if it is null. */
double metric_of(const json_t *row, const char *key);

#endif
