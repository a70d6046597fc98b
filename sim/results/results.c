/* Writes the results folder. What depends on the host or its clock goes into manifest.json alone, so that every other
 * file can be compared byte for byte. */
#include "results.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "analysis/report/report.h"
#include "base/csv.h"
#include "base/json.h"
#include "sim/engine/engine.h"
#include "sim/observers/observers.h"

enum {
    MOST_PHONES = 20000, /* of places.csv: as many as a picture can show */
};

/* Counts as integers, what is undefined (no answers, say) as null. */
static json_t *number(double x) {
    if (!isfinite(x)) return json_null();
    return x == floor(x) && fabs(x) < 0x1p53 ? json_integer((json_int_t)x) : json_real(x);
}

static json_t *overloaded_json(const scenario *s, const run_report *report, size_t index) {
    json_t *list = json_array();
    char name[1024];
    for (size_t i = 0; i < report->results[index].overloaded; i++) {
        const overload *o = &report->overloads[index * report->place_count + i];
        place_info here = place_describe(&s->platform, o->place);
        place_name(&here, name, sizeof name);
        json_add(&list, json_pack("{s:s, s:o, s:o}", "place", name, "utilization", number(o->utilization), "since_s",
                                  number(o->since)));
    }
    return list;
}

static json_t *policy_json(const scenario *s, const run_report *report, size_t index) {
    const policy_setup *setup = &s->policies[index];
    const policy_result *result = &report->results[index];
    json_t *row = json_pack("{s:s, s:s}", "name", setup->label, "policy", setup->type->name);
    if (setup->type->feedback) json_put(&row, "scope", json_string(SCOPE_NAMES[setup->scope]));
    for (const metric *m = METRICS; row && m->key; m++)
        json_put(&row, m->key, number(metric_value(m, &result->summary)));
    json_t *failures = json_object();
    for (int f = FAILURE_NONE + 1; f < FAILURE_COUNT; f++)
        if (result->failures[f]) json_put(&failures, FAILURE_NAMES[f], json_integer((json_int_t)result->failures[f]));
    json_put(&row, "failures", failures);
    json_put(&row, "overloaded", overloaded_json(s, report, index));
    json_put(&row, "simulated_s", number(result->simulated_seconds));
    return row;
}

json_t *summary_json(const scenario *s, const run_report *report) {
    json_t *policies = json_array();
    for (size_t i = 0; i < report->result_count; i++) {
        if (!report->results[i].done) continue;
        json_add(&policies, policy_json(s, report, i));
    }
    const network_settings *n = &s->platform.network;
    return json_pack("{s:i, s:s, s:I, s:b, s:{s:s, s:b, s:f}, s:o}", "schema_version",
                     (int)schema_version(&RESULTS_SCHEMA), "scenario", s->name, "seed", (json_int_t)s->seed,
                     "interrupted", report->stopped.status != STATUS_OK, "network", "model",
                     n->model == NETWORK_LV08 ? "LV08" : "CM02", "crosstraffic", n->crosstraffic, "tcp_gamma_bytes",
                     n->tcp_gamma, "policies", policies);
}

static bool write_summary_csv(const scenario *s, const run_report *report, const result_folder *folder,
                              portolan_error *err) {
    FILE *f = result_file_open(folder, "summary.csv", err);
    if (!f) return false;
    fputs("name", f);
    for (const metric *m = METRICS; m->key; m++) fprintf(f, ",%s", m->key);
    fputc('\n', f);
    for (size_t i = 0; i < report->result_count; i++) {
        if (!report->results[i].done) continue;
        csv_put(f, s->policies[i].label);
        for (const metric *m = METRICS; m->key; m++) {
            double x = metric_value(m, &report->results[i].summary);
            if (isfinite(x))
                fprintf(f, ",%.9g", x);
            else
                fputc(',', f);
        }
        fputc('\n', f);
    }
    return result_file_close(f, "summary.csv", err);
}

/* ---- The tables with rows of every policy ---- */

static void part_name(char *into, size_t size, const result_table *table, size_t index) {
    snprintf(into, size, "%s-%zu.part", table->file, index);
}

bool rows_write_part(const result_table *table, const policy_run *run, size_t index, const result_folder *folder,
                     portolan_error *err) {
    static char buffer[1 << 20];
    char name[64];
    part_name(name, sizeof name, table, index);
    FILE *f = result_file_open(folder, name, err);
    if (!f) return false;
    setvbuf(f, buffer, _IOFBF, sizeof buffer);
    bool ok = table->write_rows(run, f, err);
    return result_file_close(f, name, err) && ok;
}

static bool append_part(const result_folder *folder, const result_table *table, size_t index, FILE *out,
                        portolan_error *err) {
    char name[64], path[sizeof folder->path + 80], buffer[1 << 16];
    part_name(name, sizeof name, table, index);
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *part = file_open(path, "rows of a policy", NULL, err);
    if (!part) return false;
    size_t n;
    bool ok = true;
    while (ok && (n = fread(buffer, 1, sizeof buffer, part)) > 0) ok = fwrite(buffer, 1, n, out) == n;
    ok = ok && !ferror(part);
    fclose(part);
    unlink(path);
    return ok || error_run(err, "%s: could not be copied into %s", path, table->file);
}

/* The children's rows of a table, in the order of the scenario's policies. */
static bool join_parts(const run_report *report, const result_folder *folder, const result_table *table,
                       portolan_error *err) {
    FILE *f = result_file_open(folder, table->file, err);
    if (!f) return false;
    bool ok = true;
    table_write_header(table, f);
    for (size_t i = 0; ok && i < report->result_count; i++)
        if (report->results[i].done) ok = append_part(folder, table, i, f, err);
    return result_file_close(f, table->file, err) && ok;
}

static bool write_places(const scenario *s, const result_folder *folder, portolan_error *err) {
    FILE *f = result_file_open(folder, "places.csv", err);
    if (f) platform_write_places(&s->platform, MOST_PHONES, f);
    return result_file_close(f, "places.csv", err);
}

static bool write_tables(const scenario *s, const run_report *report, const result_folder *folder,
                         portolan_error *err) {
    for (size_t i = 0; RESULT_TABLES[i]; i++)
        if (table_is_wanted(RESULT_TABLES[i], s) && !join_parts(report, folder, RESULT_TABLES[i], err)) return false;
    return !platform_has_places(&s->platform) || write_places(s, folder, err);
}

/* ---- manifest.json ---- */

static void add_input(json_t **inputs, const char *role, const scenario_input *input) {
    if (input->path)
        json_add(inputs,
                 json_pack("{s:s, s:o, s:s}", "role", role, "path", json_text(input->path), "sha256", input->hash));
}

static json_t *inputs_json(const scenario *s) {
    static const char *const ROLES[SCENARIO_FILES] = {"scenario", "platform", "workload",
                                                      "model",    "data",     "vocabulary"};
    json_t *inputs = json_array();
    for (int i = 0; i < SCENARIO_FILES; i++) add_input(&inputs, ROLES[i], &s->inputs[i]);
    for (size_t i = 0; i < s->platform_file_count; i++)
        add_input(&inputs, s->platform_files[i].role, &s->platform_files[i].file);
    for (size_t i = 0; i < s->policy_count; i++) {
        add_input(&inputs, s->policies[i].label, &s->policies[i].plugin);
        add_input(&inputs, s->policies[i].label, &s->policies[i].program);
        add_input(&inputs, s->policies[i].label, &s->policies[i].file);
    }
    return inputs;
}

static json_t *timing_json(const scenario *s, const run_report *report) {
    json_t *policies = json_array();
    double requests = 0;
    for (size_t i = 0; i < report->result_count; i++) {
        const policy_result *r = &report->results[i];
        if (!r->done) continue;
        requests += (double)r->progress;
        json_add(&policies, json_pack("{s:s, s:f, s:o}", "name", s->policies[i].label, "seconds", r->wall_seconds,
                                      "requests_per_wall_second", number((double)r->progress / r->wall_seconds)));
    }
    char date[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_pack("{s:s, s:f, s:f, s:o, s:o}", "date", date, "load_seconds", report->load_seconds, "seconds",
                     report->wall_seconds, "requests_per_wall_second", number(requests / report->wall_seconds),
                     "policies", policies);
}

/* Of each policy, executions whose seconds are the formula's although their device has a table; NULL: there are none. */
static json_t *outside_table_json(const scenario *s, const run_report *report) {
    json_t *counts = NULL;
    for (size_t i = 0; i < report->result_count; i++) {
        uint64_t count = report->results[i].outside_table;
        if (!count) continue;
        if (!counts) counts = json_object();
        json_put(&counts, s->policies[i].label, json_integer((json_int_t)count));
    }
    return counts;
}

static json_t *manifest_json(const scenario *s, const run_report *report) {
    struct utsname host = {0};
    uname(&host);
    int major, minor, patch;
    world_version(&major, &minor, &patch);
    char simgrid[48];
    snprintf(simgrid, sizeof simgrid, "%d.%d.%d", major, minor, patch);
    return json_pack("{s:i, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}, s:s?, s:o?, s:o?, s:I, s:o, s:o, s:o}",
                     "schema_version", (int)schema_version(&RESULTS_SCHEMA), "versions", "portolan", PORTOLAN_VERSION,
                     "simgrid", simgrid, "jansson", JANSSON_VERSION, "host", "name", host.nodename, "system",
                     host.sysname, "machine", host.machine, "kernels", s->outcomes ? encoder_kernel() : NULL, "classes",
                     s->table.class_names ? json_from_texts(s->table.class_names, s->table.classes) : NULL,
                     "outside_table", outside_table_json(s, report), "seed", (json_int_t)s->seed, "inputs",
                     inputs_json(s), "timing", timing_json(s, report), "scenario",
                     json_from_yaml(s->documents[FILE_SCENARIO].root));
}

/* The children's traces get their names; what an interrupted one left is removed. */
static bool name_traces(const scenario *s, const run_report *report, const result_folder *folder, portolan_error *err) {
    char name[256], part[sizeof folder->path + sizeof name], path[sizeof part];
    for (size_t i = 0; s->trace.format && i < report->result_count; i++) {
        trace_part_name(name, sizeof name, i);
        snprintf(part, sizeof part, "%s/%s", folder->path, name);
        trace_final_name(name, sizeof name, s, i);
        snprintf(path, sizeof path, "%s/%s", folder->path, name);
        if (!report->results[i].done)
            unlink(part);
        else if (rename(part, path) != 0)
            return error_run(err, "%s: cannot be renamed to %s: %s", part, name, strerror(errno));
    }
    return true;
}

static bool write_document(json_t *document, const result_folder *folder, const char *name, portolan_error *err) {
    bool ok = json_write(document, folder, name, err);
    json_decref(document);
    return ok;
}

bool results_write(const scenario *s, const run_report *report, const result_folder *folder, portolan_error *err) {
    return write_document(summary_json(s, report), folder, "summary.json", err) &&
           write_summary_csv(s, report, folder, err) && write_tables(s, report, folder, err) &&
           name_traces(s, report, folder, err) &&
           write_document(manifest_json(s, report), folder, "manifest.json", err);
}
