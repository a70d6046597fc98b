/* The results folder of a run or of a sweep, read back: what pictures and report are made from. */
#ifndef PORTOLAN_ANALYSIS_RUN_FOLDER_H
#define PORTOLAN_ANALYSIS_RUN_FOLDER_H

#include <stdint.h>

#include "analysis/statistics/statistics.h"
#include "base/json.h"
#include "base/schema.h"
#include "fleet.h"

/* What requests.csv says of one policy. */
typedef struct policy_rows {
    double *latencies; /* [answered], seconds, ascending; owned */
    size_t room, answered, right, requests;
    double queue, call, compute;           /* mean seconds of an answered request; compute: without calls */
    double promotion, connection, network; /* network: without the two */
    double phone_joules, server_joules;    /* mean of all requests, beyond idle power */
    double radio_joules;                   /* of phone_joules, the radio's */
    double tail_joules;                    /* of these, what promotions and tails cost */
} policy_rows;

typedef struct run_policy {
    const char *name, *type; /* label, and the policy it is; borrowed from the summary */
    const json_t *metrics;
    const json_t *parameters; /* of a sweep: values of the folder's keys */
    double samples;           /* distinct ones that were asked about, of samples.csv; NaN without it */
    policy_rows rows;
} run_policy;

/* One exit's row of bins in calibration.csv. */
typedef struct exit_reliability {
    uint32_t layer;
    reliability bins;
} exit_reliability;

/* The version of all the files, which summary.json, manifest.json and sweep.json say in `schema_version`. */
extern const schema RESULTS_SCHEMA;

typedef struct run_folder {
    char path[1024];
    json_t *summary, *manifest; /* owned; of a sweep sweep.json, and NULL */
    const char *scenario;       /* its name, or the sweep's */
    bool is_sweep;              /* its "policies" are policies at settings, their metrics means over seeds */
    json_t *cells;              /* of a sweep: what the policies' metrics point to; owned */
    char **keys;                /* of a sweep [key_count]: the keys that its settings change; owned */
    size_t key_count;
    run_policy *policies;
    size_t policy_count;
    bool has_rows;    /* requests.csv was there and read */
    bool has_samples; /* the same of samples.csv, which every run writes */
    exit_reliability *exits;
    size_t exit_count; /* 0 where there is no calibration.csv */
    fleet places;      /* empty where there is no places.csv */
} run_folder;

/* Reads summary.json and manifest.json; with `rows` also requests.csv, samples.csv, calibration.csv, places.csv and
 * sites.csv, where they are.
 * Where there is a sweep.json, reads that and statistics.csv: a "policy" a setting and policy, named
 * "confidence, threshold=0.8", with the metrics KEY (the mean), KEY_low and KEY_high (its interval); its type is the policy's label. On
 * failure `f` is left empty. */
bool run_folder_load(run_folder *f, const char *path, bool rows, portolan_error *err);
void run_folder_free(run_folder *f);

/* A metric of a policy by its key; NaN where it is undefined or the folder does not have it. */
double run_metric(const run_policy *p, const char *key);

/* Of a sweep: the value of key `key` at the setting of "policy" `cell`. */
const char *run_parameter(const run_folder *f, size_t cell, size_t key);

/* The policy of that label, or NULL. */
const run_policy *run_find(const run_folder *f, const char *name);

#endif
