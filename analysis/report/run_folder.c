/* Reads summary.json, manifest.json, requests.csv, samples.csv and calibration.csv; places are read by fleet.c. */
#include "run_folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/csv.h"

enum { LIMIT_JSON = 64 << 20, MAX_EXITS = 64 };

/* A line a version; tests/sim/test_schema.c says when there must be a new one. */
static const char *const RESULTS_HISTORY[] = {
    "", /* 1: of all columns until there were versions */
    "ac22ad20eb82dd95",
    "8f2094b20f568210",
    "b5ecfc3fc0ab40ac",
    "77ba13410098d588",
    "4a3a4bf5eaa11f48",
    NULL,
};
const schema RESULTS_SCHEMA = {"run the scenario or the sweep again", RESULTS_HISTORY};

static bool check_schema(const run_folder *f, const char *name, portolan_error *err) {
    char path[sizeof f->path + 32], why[256];
    const json_t *version = json_object_get(f->summary, "schema_version");
    if (!version) version = json_object_get(f->summary, "schema"); /* its name in version 1 */
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    if (!json_is_integer(version))
        return error_input(err, (text_mark){path, 1, 1}, "has no 'schema_version', as `portolan run` writes it");
    return schema_reads(&RESULTS_SCHEMA, json_integer_value(version), why, sizeof why) ||
           error_input(err, (text_mark){path, 1, 1}, "%s", why);
}

static json_t *read_document(const run_folder *f, const char *name, portolan_error *err) {
    char path[sizeof f->path + 32];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    json_t *document = json_read(path, LIMIT_JSON, err);
    if (document && !json_is_object(document)) {
        error_input(err, (text_mark){path, 1, 1}, "is not an object, as `portolan run` writes it");
        json_decref(document);
        document = NULL;
    }
    return document;
}

/* The places to which more work came than they can do; a folder of an older version has no such list. */
static bool check_overloaded(const run_policy *p, text_mark mark, portolan_error *err) {
    const json_t *places = json_object_get(p->metrics, "overloaded");
    if (places && !json_is_array(places))
        return error_input(err, mark, "'overloaded' of policy '%.80s' is no list", p->name);
    for (size_t i = 0; i < json_array_size(places); i++) {
        const json_t *place = json_array_get(places, i);
        if (!json_is_string(json_object_get(place, "place")) ||
            !json_is_number(json_object_get(place, "utilization")) ||
            !json_is_number(json_object_get(place, "since_s")))
            return error_input(err, mark, "overloaded[%zu] of policy '%.80s' lacks 'place', 'utilization' or 'since_s'",
                               i, p->name);
    }
    return true;
}

static bool take_policies(run_folder *f, portolan_error *err) {
    char path[sizeof f->path + 32];
    snprintf(path, sizeof path, "%s/summary.json", f->path);
    const json_t *list = json_object_get(f->summary, "policies");
    f->scenario = json_string_value(json_object_get(f->summary, "scenario"));
    if (!f->scenario || !json_array_size(list))
        return error_input(err, (text_mark){path, 1, 1},
                           "has no 'scenario' or no 'policies', as `portolan run` writes them");
    f->policies = calloc(json_array_size(list), sizeof *f->policies);
    if (!f->policies) return error_memory(err, json_array_size(list) * sizeof *f->policies);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        run_policy *p = &f->policies[f->policy_count++];
        p->metrics = row;
        p->samples = NAN;
        p->name = json_string_value(json_object_get(row, "name"));
        p->type = json_string_value(json_object_get(row, "policy"));
        if (!p->name || !p->type)
            return error_input(err, (text_mark){path, 1, 1}, "policies[%zu] has no 'name' or no 'policy'", i);
        if (!check_overloaded(p, (text_mark){path, 1, 1}, err)) return false;
    }
    return true;
}

/* ---- requests.csv ---- */

/* The first ones may be empty: where a request never was, and whether it is right if it failed. */
enum { WAIT_PHONE, WAIT_EDGE, WAIT_CLOUD, CORRECT, MAY_BE_EMPTY };
enum {
    COMPUTE = MAY_BE_EMPTY,
    CALL,
    NETWORK,
    PROMOTION,
    CONNECTION,
    LATENCY,
    PHONE_J,
    RADIO_J,
    TAIL_J,
    SERVER_J,
    NUMBERS
};

static const char *const NUMBER_COLUMNS[NUMBERS] = {
    "wait_phone_s",
    "wait_edge_s",
    "wait_cloud_s",
    "correct",
    "compute_s",
    "call_s",
    "network_s",
    "promotion_s",
    "connection_s",
    "latency_s",
    "energy_active_phone_j",
    "energy_active_radio_j",
    "energy_active_tail_j",
    "energy_active_server_j",
};

static bool add_latency(policy_rows *rows, double seconds, portolan_error *err) {
    if (!ARRAY_RESERVE(rows->latencies, rows->room, rows->answered + 1, err)) return false;
    rows->latencies[rows->answered++] = seconds;
    return true;
}

/* Sums, which become means at the end. A row without `correct` has failed. */
static bool add_row(policy_rows *rows, const double x[NUMBERS], portolan_error *err) {
    rows->requests++;
    rows->phone_joules += x[PHONE_J];
    rows->radio_joules += x[RADIO_J];
    rows->tail_joules += x[TAIL_J];
    rows->server_joules += x[SERVER_J];
    if (isnan(x[CORRECT])) return true;
    rows->right += x[CORRECT] > 0;
    for (int k = WAIT_PHONE; k <= WAIT_CLOUD; k++)
        if (!isnan(x[k])) rows->queue += x[k];
    rows->call += x[CALL];
    rows->compute += x[COMPUTE] - x[CALL];
    rows->promotion += x[PROMOTION];
    rows->connection += x[CONNECTION];
    rows->network += x[NETWORK] - x[PROMOTION] - x[CONNECTION];
    return add_latency(rows, x[LATENCY], err);
}

static bool read_row(const csv_reader *r, const size_t *columns, double x[NUMBERS], portolan_error *err) {
    for (int i = 0; i < NUMBERS; i++) {
        if (!csv_number(r, columns[i], &x[i], err)) return false;
        if (isnan(x[i]) ? i >= MAY_BE_EMPTY : x[i] < 0)
            return error_input(err, csv_mark(r, columns[i]), "'%s' is '%.40s'; a number that is not negative is wanted",
                               NUMBER_COLUMNS[i], r->fields[columns[i]]);
    }
    return true;
}

static bool read_rows(run_folder *f, csv_reader *r, portolan_error *err) {
    size_t columns[NUMBERS], name;
    if (!csv_column(r, "policy", &name, err)) return false;
    for (int i = 0; i < NUMBERS; i++)
        if (!csv_column(r, NUMBER_COLUMNS[i], &columns[i], err)) return false;
    run_policy *p = NULL;
    csv_state state;
    double x[NUMBERS];
    while ((state = csv_next(r, err)) == CSV_ROW) {
        if (!p || strcmp(p->name, r->fields[name]) != 0) { /* rows of a policy stand together */
            p = (run_policy *)run_find(f, r->fields[name]);
            if (!p) return error_input(err, r->mark, "there is no policy '%.80s' in summary.json", r->fields[name]);
        }
        if (!read_row(r, columns, x, err) || !add_row(&p->rows, x, err)) return false;
    }
    return state == CSV_END;
}

static void finish_rows(policy_rows *rows) {
    double answered = (double)rows->answered, requests = (double)rows->requests;
    rows->queue /= answered;
    rows->call /= answered;
    rows->compute /= answered;
    rows->promotion /= answered;
    rows->connection /= answered;
    rows->network /= answered;
    rows->phone_joules /= requests;
    rows->radio_joules /= requests;
    rows->tail_joules /= requests;
    rows->server_joules /= requests;
    sort_values(rows->latencies, rows->answered);
}

static bool load_rows(run_folder *f, portolan_error *err) {
    char path[sizeof f->path + 32];
    csv_reader r;
    snprintf(path, sizeof path, "%s/requests.csv", f->path);
    if (access(path, F_OK) != 0) return true;
    if (!csv_open(&r, path, err)) return false;
    bool ok = read_rows(f, &r, err);
    csv_close(&r);
    for (size_t i = 0; ok && i < f->policy_count; i++) finish_rows(&f->policies[i].rows);
    f->has_rows = ok;
    return ok;
}

/* ---- samples.csv: a row a policy and distinct sample ---- */

enum { SAMPLE, REQUESTS, RIGHT, COUNTS };

static const char *const COUNT_COLUMNS[COUNTS] = {"sample", "requests", "right"};

/* What is being read: a policy's rows stand together, its samples in ascending order. */
typedef struct sample_reading {
    run_policy *policy;
    double last, requests;
} sample_reading;

static bool read_counts(const csv_reader *r, const size_t *columns, double x[COUNTS], portolan_error *err) {
    for (int i = 0; i < COUNTS; i++) {
        if (!csv_number(r, columns[i], &x[i], err)) return false;
        if (!(x[i] >= 0 && x[i] <= 0x1p53 && x[i] == floor(x[i])))
            return error_input(err, csv_mark(r, columns[i]), "'%s' is '%.40s'; a count is wanted", COUNT_COLUMNS[i],
                               r->fields[columns[i]]);
    }
    return x[RIGHT] <= x[REQUESTS] ||
           error_input(err, csv_mark(r, columns[RIGHT]), "'right' is %.0f of %.0f requests", x[RIGHT], x[REQUESTS]);
}

/* The policy's requests must be those that summary.json counts: another run's file would give false intervals. */
static bool end_policy(const run_folder *f, const run_policy *p, double requests, portolan_error *err) {
    char path[sizeof f->path + 32];
    double counted = run_metric(p, "requests");
    snprintf(path, sizeof path, "%s/samples.csv", f->path);
    return counted == requests ||
           error_input(err, (text_mark){path, 0, 0},
                       "has %.0f requests of policy '%.80s', and summary.json %.0f: they are not of one run", requests,
                       p->name, counted);
}

static bool begin_policy(run_folder *f, const csv_reader *r, const char *name, sample_reading *at,
                         portolan_error *err) {
    if (at->policy && !end_policy(f, at->policy, at->requests, err)) return false;
    *at = (sample_reading){(run_policy *)run_find(f, name), -1, 0};
    if (!at->policy) return error_input(err, r->mark, "there is no policy '%.80s' in summary.json", name);
    if (!isnan(at->policy->samples))
        return error_input(err, r->mark, "the rows of policy '%.80s' do not stand together", name);
    at->policy->samples = 0;
    return true;
}

static bool read_samples(run_folder *f, csv_reader *r, portolan_error *err) {
    size_t columns[COUNTS], name;
    double x[COUNTS];
    sample_reading at = {0};
    csv_state state;
    if (!csv_column(r, "policy", &name, err)) return false;
    for (int i = 0; i < COUNTS; i++)
        if (!csv_column(r, COUNT_COLUMNS[i], &columns[i], err)) return false;
    while ((state = csv_next(r, err)) == CSV_ROW) {
        const char *label = r->fields[name];
        if ((!at.policy || strcmp(at.policy->name, label) != 0) && !begin_policy(f, r, label, &at, err)) return false;
        if (!read_counts(r, columns, x, err)) return false;
        if (x[SAMPLE] <= at.last)
            return error_input(err, csv_mark(r, columns[SAMPLE]), "sample %.0f stands after sample %.0f", x[SAMPLE],
                               at.last);
        at.last = x[SAMPLE];
        at.requests += x[REQUESTS];
        at.policy->samples += x[REQUESTS] > 0;
    }
    return state == CSV_END && (!at.policy || end_policy(f, at.policy, at.requests, err));
}

static bool load_samples(run_folder *f, portolan_error *err) {
    char path[sizeof f->path + 32];
    csv_reader r;
    snprintf(path, sizeof path, "%s/samples.csv", f->path);
    if (access(path, F_OK) != 0) return true;
    if (!csv_open(&r, path, err)) return false;
    f->has_samples = read_samples(f, &r, err);
    csv_close(&r);
    for (size_t i = 0; f->has_samples && i < f->policy_count; i++)
        if (isnan(f->policies[i].samples) && !end_policy(f, &f->policies[i], 0, err)) f->has_samples = false;
    return f->has_samples;
}

/* ---- calibration.csv ---- */

enum { EXIT, FROM, SAMPLES, CONFIDENCE, ACCURACY, BIN_COLUMNS };

/* Adds a row to its exit's bins; exits come in ascending order. */
static bool add_bin(run_folder *f, const csv_reader *r, const double x[BIN_COLUMNS], portolan_error *err) {
    int bin = (int)lround(x[FROM] * RELIABILITY_BINS);
    if (!(x[EXIT] >= 1 && x[EXIT] <= MAX_EXITS && bin >= 0 && bin < RELIABILITY_BINS && x[SAMPLES] >= 0 &&
          x[ACCURACY] >= 0 && x[ACCURACY] <= 1 && x[CONFIDENCE] >= 0 && x[CONFIDENCE] <= 1))
        return error_input(err, r->mark, "is not a bin as `portolan run` writes it");
    uint32_t layer = (uint32_t)x[EXIT];
    if (!f->exit_count || f->exits[f->exit_count - 1].layer < layer) f->exits[f->exit_count++].layer = layer;
    exit_reliability *e = &f->exits[f->exit_count - 1];
    if (e->layer != layer) return error_input(err, r->mark, "exit %u stands after exit %u", layer, e->layer);
    e->bins.samples[bin] = (uint64_t)x[SAMPLES];
    e->bins.right[bin] = (uint64_t)lround(x[ACCURACY] * x[SAMPLES]);
    e->bins.confidence[bin] = x[CONFIDENCE] * x[SAMPLES];
    return true;
}

static bool read_bins(run_folder *f, csv_reader *r, portolan_error *err) {
    static const char *const NAMES[BIN_COLUMNS] = {"exit", "from", "samples", "confidence", "accuracy"};
    size_t columns[BIN_COLUMNS];
    double x[BIN_COLUMNS];
    for (int i = 0; i < BIN_COLUMNS; i++)
        if (!csv_column(r, NAMES[i], &columns[i], err)) return false;
    f->exits = calloc(MAX_EXITS, sizeof *f->exits);
    if (!f->exits) return error_memory(err, MAX_EXITS * sizeof *f->exits);
    csv_state state;
    while ((state = csv_next(r, err)) == CSV_ROW) {
        for (int i = 0; i < BIN_COLUMNS; i++)
            if (!csv_number(r, columns[i], &x[i], err)) return false;
        if (!add_bin(f, r, x, err)) return false;
    }
    return state == CSV_END;
}

static bool load_bins(run_folder *f, portolan_error *err) {
    char path[sizeof f->path + 32];
    csv_reader r;
    snprintf(path, sizeof path, "%s/calibration.csv", f->path);
    if (access(path, F_OK) != 0) return true;
    if (!csv_open(&r, path, err)) return false;
    bool ok = read_bins(f, &r, err);
    csv_close(&r);
    return ok;
}

/* ---- A sweep ---- */

/* Where things stand in statistics.csv: first the sweep's keys, then these. */
typedef struct sweep_columns {
    size_t policy, metric, mean, low, high;
} sweep_columns;

/* "confidence, threshold=0.8": the policy, and each key's last part with its value. */
static void name_cell(const csv_reader *r, const sweep_columns *at, char *into, size_t size) {
    size_t n = (size_t)snprintf(into, size, "%s", r->fields[at->policy]);
    for (size_t k = 0; k < at->policy && n < size; k++) {
        const char *dot = strrchr(r->names[k], '.');
        n += (size_t)snprintf(into + n, size - n, ", %s=%s", dot ? dot + 1 : r->names[k], r->fields[k]);
    }
}

/* The values of the keys; NULL if memory is short or one is not UTF-8. */
static json_t *parameters_of(const csv_reader *r, const sweep_columns *at) {
    json_t *values = json_array();
    for (size_t k = 0; values && k < at->policy; k++)
        if (json_array_append_new(values, json_string(r->fields[k])) != 0) {
            json_decref(values);
            return NULL;
        }
    return values;
}

/* The object of the row's setting and policy; rows of one stand together. NULL if memory is short. */
static json_t *cell_of(run_folder *f, const csv_reader *r, const sweep_columns *at) {
    char name[2048];
    name_cell(r, at, name, sizeof name);
    json_t *last = json_array_get(f->cells, json_array_size(f->cells) - 1);
    const char *known = json_string_value(json_object_get(last, "name"));
    if (known && strcmp(known, name) == 0) return last;
    json_t *cell = json_pack("{s:s, s:s, s:o, s:{}}", "name", name, "policy", r->fields[at->policy], "parameters",
                             parameters_of(r, at), "metrics");
    return cell && json_array_append_new(f->cells, cell) == 0 ? cell : NULL;
}

static bool add_statistic(run_folder *f, const csv_reader *r, const sweep_columns *at, portolan_error *err) {
    double mean, low, high;
    char key[96];
    if (!csv_number(r, at->mean, &mean, err) || !csv_number(r, at->low, &low, err) ||
        !csv_number(r, at->high, &high, err))
        return false;
    json_t *metrics = json_object_get(cell_of(f, r, at), "metrics");
    bool ok = metrics != NULL;
    if (ok && isfinite(mean)) ok = json_object_set_new(metrics, r->fields[at->metric], json_real(mean)) == 0;
    if (ok && isfinite(low) && isfinite(high)) {
        snprintf(key, sizeof key, "%s_low", r->fields[at->metric]);
        ok = json_object_set_new(metrics, key, json_real(low)) == 0;
        snprintf(key, sizeof key, "%s_high", r->fields[at->metric]);
        ok = ok && json_object_set_new(metrics, key, json_real(high)) == 0;
    }
    return ok || error_input(err, r->mark, "cannot be kept: memory is short, or a text is not UTF-8");
}

static bool take_keys(run_folder *f, const csv_reader *r, size_t count, portolan_error *err) {
    f->keys = calloc(count + 1, sizeof *f->keys);
    for (; f->keys && f->key_count < count; f->key_count++)
        if (!(f->keys[f->key_count] = strdup(r->names[f->key_count]))) break;
    return (f->keys && f->key_count == count) || error_memory(err, count * sizeof *f->keys);
}

static bool read_statistics(run_folder *f, csv_reader *r, portolan_error *err) {
    sweep_columns at;
    csv_state state;
    if (!csv_column(r, "policy", &at.policy, err) || !csv_column(r, "metric", &at.metric, err) ||
        !csv_column(r, "mean", &at.mean, err) || !csv_column(r, "low", &at.low, err) ||
        !csv_column(r, "high", &at.high, err) || !take_keys(f, r, at.policy, err))
        return false;
    while ((state = csv_next(r, err)) == CSV_ROW)
        if (!add_statistic(f, r, &at, err)) return false;
    return state == CSV_END;
}

static bool take_cells(run_folder *f, portolan_error *err) {
    f->policies = calloc(json_array_size(f->cells) + 1, sizeof *f->policies);
    if (!f->policies) return error_memory(err, json_array_size(f->cells) * sizeof *f->policies);
    for (; f->policy_count < json_array_size(f->cells); f->policy_count++) {
        const json_t *cell = json_array_get(f->cells, f->policy_count);
        f->policies[f->policy_count] = (run_policy){.name = json_string_value(json_object_get(cell, "name")),
                                                    .type = json_string_value(json_object_get(cell, "policy")),
                                                    .metrics = json_object_get(cell, "metrics"),
                                                    .parameters = json_object_get(cell, "parameters")};
    }
    return f->policy_count > 0 ||
           error_usage(err, "%s: statistics.csv has no rows: no point of the sweep is done yet", f->path);
}

static bool load_sweep(run_folder *f, portolan_error *err) {
    char path[sizeof f->path + 32];
    csv_reader r;
    f->is_sweep = true;
    f->summary = read_document(f, "sweep.json", err);
    f->scenario = json_string_value(json_object_get(f->summary, "sweep"));
    if (!f->summary || !check_schema(f, "sweep.json", err)) return false;
    snprintf(path, sizeof path, "%s/sweep.json", f->path);
    if (!f->scenario) return error_input(err, (text_mark){path, 1, 1}, "has no 'sweep', as `portolan sweep` writes it");
    f->cells = json_array();
    if (!f->cells) return error_memory(err, 0);
    snprintf(path, sizeof path, "%s/statistics.csv", f->path);
    if (!csv_open(&r, path, err)) return false;
    bool ok = read_statistics(f, &r, err);
    csv_close(&r);
    return ok && take_cells(f, err);
}

static bool load_places(run_folder *f, portolan_error *err) {
    const char **names = calloc(f->policy_count, sizeof *names);
    if (!names) return error_memory(err, f->policy_count * sizeof *names);
    for (size_t i = 0; i < f->policy_count; i++) names[i] = f->policies[i].name;
    bool ok = fleet_load(&f->places, f->path, names, f->policy_count, err);
    free(names);
    return ok;
}

static bool load_run(run_folder *f, bool rows, portolan_error *err) {
    return (f->summary = read_document(f, "summary.json", err)) && check_schema(f, "summary.json", err) &&
           (f->manifest = read_document(f, "manifest.json", err)) && take_policies(f, err) &&
           (!rows || (load_rows(f, err) && load_samples(f, err) && load_bins(f, err) && load_places(f, err)));
}

bool run_folder_load(run_folder *f, const char *path, bool rows, portolan_error *err) {
    *f = (run_folder){0};
    if (strlen(path) >= sizeof f->path)
        return error_usage(err, "the name of a results folder must have at most %zu characters", sizeof f->path - 1);
    snprintf(f->path, sizeof f->path, "%s", path);
    char sweep[sizeof f->path + 32];
    snprintf(sweep, sizeof sweep, "%s/sweep.json", path);
    bool ok = access(sweep, F_OK) == 0 ? load_sweep(f, err) : load_run(f, rows, err);
    if (!ok) run_folder_free(f);
    return ok;
}

void run_folder_free(run_folder *f) {
    for (size_t i = 0; i < f->policy_count; i++) free(f->policies[i].rows.latencies);
    free(f->policies);
    free(f->exits);
    fleet_free(&f->places);
    json_decref(f->summary);
    json_decref(f->manifest);
    json_decref(f->cells);
    for (size_t k = 0; k < f->key_count; k++) free(f->keys[k]);
    free(f->keys);
    *f = (run_folder){0};
}

double run_metric(const run_policy *p, const char *key) {
    const json_t *value = json_object_get(p->metrics, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *run_parameter(const run_folder *f, size_t cell, size_t key) {
    return json_string_value(json_array_get(f->policies[cell].parameters, key));
}

const run_policy *run_find(const run_folder *f, const char *name) {
    for (size_t i = 0; i < f->policy_count; i++)
        if (strcmp(f->policies[i].name, name) == 0) return &f->policies[i];
    return NULL;
}
