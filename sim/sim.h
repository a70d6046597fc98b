/* What happens? A scenario, read and checked; its policies, simulated; their results, written. */
#ifndef PORTOLAN_SIM_H
#define PORTOLAN_SIM_H

#include <math.h>

#include "analysis/statistics/statistics.h"
#include "model/model.h"
#include "platforms/platforms.h"
#include "sim/policies/policies.h"
#include "workloads/workloads.h"

/* ---- Scenario ---- */

typedef enum execute_mode { EXECUTE_LIVE, EXECUTE_ONCE, EXECUTE_REPLAY } execute_mode;

/* Constants of the paper-style cost: layer for each layer executed, offload_* once for each transfer up to that tier. */
typedef struct cost_settings {
    double layer, offload_edge, offload_cloud;
    bool charge_remote_compute;
} cost_settings;

typedef struct run_settings {
    uint64_t requests;  /* counted ones, after the warm-up; 0 if a duration is given */
    uint64_t warmup;    /* first requests of the run, not counted */
    double duration;    /* no request arrives later; 0 if requests are given */
    double load_report; /* seconds between the reports of a site to its cells; 0: none */
} run_settings;

typedef struct scenario_input {
    const char *path; /* NULL: none */
    char hash[65];
} scenario_input;

/* A CSV file that the platform names. */
typedef struct platform_file {
    const char *role; /* the key that names it: places, table */
    scenario_input file;
} platform_file;

typedef struct trace_format trace_format; /* sim/observers/trace.h */

/* Which traces are written: lives of every n-th request that arrives in [from, to), and counters of the same
 * time, means over steps. Seconds. */
typedef struct trace_settings {
    const trace_format *format; /* NULL: none */
    uint64_t every;
    double from, to; /* to: INFINITY where nothing ends the window */
    double step;
} trace_settings;

/* A policy of the scenario, with its options. */
typedef struct policy_setup {
    const policy_type *type;
    const char *label;
    void *options;            /* policy_type.size bytes */
    unsigned needs;           /* POLICY_NEEDS_*, of the type and its options */
    policy_scope scope;       /* of one that learns; else the fleet */
    const struct router *map; /* by which it routes (analysis/cartography/router.h); NULL: none */
    scenario_input file;      /* that holds the map */
    scenario_input plugin;    /* that holds the type */
    scenario_input program;   /* that its OPTION_FILE names; the running one, of a policy defined there */
    const char *other;        /* label of the policy whose shares it is told; NULL: none */
    int follows;              /* index of that policy, or -1 */
} policy_setup;

enum { SCENARIO_MAX_POLICIES = 64 };

/* The files a scenario may be read from; all but the first are optional. */
typedef enum scenario_file {
    FILE_SCENARIO,
    FILE_PLATFORM,
    FILE_WORKLOAD,
    FILE_MODEL, /* an outcome table or a .safetensors file */
    FILE_DATA,
    FILE_VOCABULARY,
    SCENARIO_FILES
} scenario_file;

/* Executes a model for requests; see sim/engine/outcome_source.h. */
typedef struct outcome_source outcome_source;

typedef struct scenario {
    arena memory;
    yaml_document documents[FILE_MODEL]; /* the trees of platform and workload are hung into the scenario's */
    const char *name;
    uint64_t seed;
    platform platform;
    workload workload;
    outcome_table table;
    outcome_source *outcomes; /* where a model is executed, and fills the table; NULL: the table is replayed */
    model_shape shape;
    uint32_t depth[TIER_COUNT]; /* layers each tier holds */
    int execute;                /* execute_mode */
    cost_settings cost;
    payload_sizes payload;
    run_settings run;
    bool write_requests;
    trace_settings trace;
    policy_setup *policies;
    size_t policy_count;
    scenario_input inputs[SCENARIO_FILES];
    platform_file *platform_files; /* [platform_file_count] as they stand in it; in `memory` */
    size_t platform_file_count;
    char *model_key; /* what table, outcomes and shape follow from */
    bool borrows;    /* table and outcomes are another scenario's; see scenario_changes.lenders */
} scenario;

/* A key of a scenario and the value it takes. */
typedef struct scenario_edit {
    const char *path;
    const yaml_node *value;
} scenario_edit;

/* What differs from the file. First come the edits `before`, then `sets`, which are "key=value", then `edits`; `only` are labels or names
 * of policies that replace the list, if there are any. A scenario whose model, with all that shapes its answers, is that
 * of one of the `lenders` borrows it instead of reading it: it must be freed before its lender. */
typedef struct scenario_changes {
    const scenario_edit *before;
    size_t before_count;
    char *const *sets;
    size_t set_count;
    const scenario_edit *edits;
    size_t edit_count;
    char *const *only;
    size_t only_count;
    scenario *const *lenders; /* NULLs are skipped */
    size_t lender_count;
    /* Beside those of Portolan's table, NULL at the end; they outlive the scenario. The manifest then has the running program
     * among its inputs, under the policy's label. */
    const policy_type *const *policies;
} scenario_changes;

/* Reads a scenario with everything it names. `changes` may be NULL. On failure `s` is left empty. */
bool scenario_load(scenario *s, const char *path, const scenario_changes *changes, portolan_error *err);
void scenario_free(scenario *s);

/* Cost of sending a request straight to `to`, for tiers of depth[] layers: lambda m, o_e + lambda n, or o_c + lambda L. */
double tier_cost(const cost_settings *c, const uint32_t depth[TIER_COUNT], tier to);
double scenario_tier_cost(const scenario *s, tier to);

extern const yaml_field SCENARIO_FIELDS[], SPLIT_FIELDS[], RUN_FIELDS[], COST_FIELDS[], PAYLOAD_FIELDS[],
    OUTPUT_FIELDS[], TRACE_FIELDS[], MODEL_FIELDS[];

/* ---- Results ---- */

typedef enum failure { FAILURE_NONE, FAILURE_QUEUE_FULL, FAILURE_NETWORK, FAILURE_SERVER, FAILURE_COUNT } failure;

extern const char *const FAILURE_NAMES[]; /* "", "queue-full", "network", "server" */

/* What is kept of every request: a row of requests.csv. Of a request with one attempt, latency = waits + compute + network.
 * With several, which overlap, each part is the sum over them, and so is under_way = waits + compute + network; the latency is
 * that of the first answer, or the last failure. */
typedef struct request_record {
    double arrival, latency; /* seconds; latency until the answer is back at the phone */
    double wait[TIER_COUNT]; /* seconds waiting for a core there; NaN where it had none */
    double compute;          /* seconds; what is neither waiting nor computing is the network's */
    double call;             /* of them, the fixed cost of executions */
    double under_way;        /* seconds that its attempts were, together: the latency, unless there was more than one */
    double promotion;        /* of the network's seconds, waiting for the phone's radio, */
    double connection;       /* and for a connection to be set up */
    double cost;             /* paper-style */
    double phone_joules;     /* beyond idle power: computing and radio */
    double radio_joules;     /* of them, the radio's */
    double tail_joules;      /* of these, what promotions and tails cost, where radios have states */
    double server_joules;    /* beyond idle power */
    double usd;
    uint64_t bytes_up, bytes_down;
    uint32_t phone, sample, tokens;
    uint16_t prediction;
    uint8_t exit; /* layer, from 1 */
    uint8_t tier, failure;
} request_record;

/* Seconds that a request waited for cores, on all tiers together. */
static inline double record_wait(const request_record *r) {
    double sum = 0;
    for (int k = 0; k < TIER_COUNT; k++)
        if (!isnan(r->wait[k])) sum += r->wait[k];
    return sum;
}

/* ---- Running ---- */

/* What became of one policy. Lives in memory shared between the parent and the child that runs it. */
typedef struct policy_result {
    size_t overloaded;     /* places, in run_report.overloads */
    bool done;             /* finished; else it failed or was interrupted */
    uint64_t progress;     /* requests answered or failed so far */
    double progress_clock; /* simulated seconds so far */
    double wall_seconds;
    policy_summary summary;
    uint64_t failures[FAILURE_COUNT];
    double simulated_seconds;
    uint64_t outside_table; /* executions by the formula although their device has a table */
    portolan_error error;
} policy_result;

typedef struct run_options {
    const char *out; /* results folder; NULL: results/NAME, or results/NAME-2, ... */
    unsigned jobs;   /* children at a time; 0: one for each processor */
    bool quiet;      /* no progress */
} run_options;

/* Processors that are online. */
unsigned processors(void);

/* A place to which more work came, between the end of the warm-up and the last arrival, than it can do. */
typedef struct overload {
    size_t place;       /* see sim/engine/places.h */
    double utilization; /* work that came (refused work included) / capacity: above 1 */
    double since;       /* simulated seconds: the first refusal or, without one, the last time that nothing waited */
} overload;

/* What a run left behind. */
typedef struct run_report {
    overload *overloads; /* [result_count][place_count], of each policy the first results[].overloaded */
    size_t place_count;
    policy_result *results; /* [scenario.policy_count]; freed by run_report_free */
    size_t result_count;
    char folder[1024];
    double wall_seconds;
    double load_seconds;
    portolan_error stopped; /* a signal or a failure that left policies unfinished; its status is 0 if there was none */
} run_report;

/* Simulates every policy of the scenario, each in a forked child, and writes the results folder. A policy that fails leaves
 * its error in its result, and the others go on; a signal ends all. Then the folder holds the policies that were finished, and
 * report->stopped is the signal or the first failure; where there are none, nothing is written and the call fails. */
bool scenario_run(const scenario *s, const run_options *options, run_report *report, portolan_error *err);
void run_report_free(run_report *report);

/* How the best values of a column are marked: not at all (output that is piped on), by an asterisk (a terminal without
 * colour), in bold. */
typedef enum table_marks { MARKS_NONE, MARKS_ASTERISK, MARKS_BOLD } table_marks;

/* The table for the terminal: a row a policy, at most 100 columns wide. */
void print_summary_table(const scenario *s, const run_report *report, FILE *out, table_marks marks);

#endif
