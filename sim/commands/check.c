/* portolan check: validates files of the project; what kind a file is shows in its keys. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "commands.h"
#include "sim/scenario/training_setup.h"
#include "sim/sweep/sweep.h"

typedef struct check_arguments {
    common_options common;
    json_t *report; /* with --json: a list of {file, kind, ok, error...} */
    int status;
} check_arguments;

/* The kinds of YAML files, each told by a key that only it has. */
typedef enum file_kind {
    KIND_SCENARIO,
    KIND_SWEEP,
    KIND_PLATFORM,
    KIND_WORKLOAD,
    KIND_TRAINING,
    KIND_DEVICES,
    KIND_TABLE,
    KIND_UNKNOWN
} file_kind;
static const char *const KIND_NAMES[] = {"scenario",      "sweep",           "platform",      "workload",
                                         "training file", "list of devices", "outcome table", "unknown"};

static file_kind kind_of(const yaml_document *doc) {
    if (yaml_find(doc->root, "scenario")) return KIND_SWEEP;
    if (yaml_find(doc->root, "policies") || yaml_find(doc->root, "platform")) return KIND_SCENARIO;
    if (yaml_find(doc->root, "phones") || yaml_find(doc->root, "cells")) return KIND_PLATFORM;
    if (yaml_find(doc->root, "training")) return KIND_TRAINING;
    if (yaml_find(doc->root, "arrivals")) return KIND_WORKLOAD;
    return yaml_find(doc->root, "devices") ? KIND_DEVICES : KIND_UNKNOWN;
}

/* What a file says of its classes, taken before the file is freed: a list of names; NULL where it has none. */
static json_t *names_of(const char *const *names, uint32_t count) {
    return names && !classes_are_numbers(names, count) ? json_from_texts(names, count) : NULL;
}

static bool check_scenario(const char *path, json_t **classes, portolan_error *err) {
    scenario s;
    bool ok = scenario_load(&s, path, NULL, err);
    if (!ok) return false;
    *classes = names_of(s.table.class_names, s.table.classes);
    scenario_free(&s);
    return true;
}

/* Every setting must be a good scenario; the first seed stands for all. */
static bool check_sweep(const char *path, portolan_error *err) {
    sweep w;
    if (!sweep_load(&w, path, NULL, 0, err)) return false;
    sweep_loader loader = {.w = &w};
    bool ok = true;
    for (size_t i = 0; ok && i < w.setting_count; i++) {
        scenario *s = point_load(&loader, i, err);
        ok = s != NULL;
        if (ok) point_release(&loader, s);
    }
    sweep_loader_free(&loader);
    sweep_free(&w);
    return ok;
}

static bool check_platform(const yaml_document *doc, portolan_error *err) {
    platform p;
    bool ok = platform_read(&p, doc->root, 1, err);
    if (ok) platform_free(&p);
    return ok;
}

static bool check_training(const char *path, json_t **classes, portolan_error *err) {
    training_setup t;
    if (!training_setup_load(&t, path, NULL, 0, NULL, err)) return false;
    *classes = names_of(t.train.class_names, t.train.classes);
    training_setup_free(&t);
    return true;
}

static bool check_table(const char *path, json_t **classes, portolan_error *err) {
    outcome_table t;
    if (!outcome_table_load(&t, path, err)) return false;
    *classes = names_of(t.class_names, t.classes);
    outcome_table_free(&t);
    return true;
}

static bool check_file(const char *path, file_kind *kind, json_t **classes, portolan_error *err) {
    yaml_document doc;
    workload w;
    *kind = KIND_TABLE;
    if (text_ends_in(path, ".csv")) return check_table(path, classes, err);
    *kind = KIND_UNKNOWN;
    if (!yaml_load(&doc, path, err)) return false;
    *kind = kind_of(&doc);
    bool ok = false;
    switch (*kind) {
    case KIND_SCENARIO: ok = check_scenario(path, classes, err); break;
    case KIND_SWEEP: ok = check_sweep(path, err); break;
    case KIND_PLATFORM: ok = check_platform(&doc, err); break;
    case KIND_TRAINING: ok = check_training(path, classes, err); break;
    case KIND_WORKLOAD: ok = workload_read(&w, doc.root, err); break;
    case KIND_DEVICES: ok = devices_check(yaml_find(doc.root, "devices"), err); break;
    default:
        error_input(
            err, doc.root->mark,
            "not a file of Portolan: a scenario has the key 'policies', a sweep 'scenario', a "
            "platform 'phones', a workload 'arrivals', a training file 'training', a list of devices 'devices'");
    }
    yaml_unload(&doc);
    return ok;
}

static void print_classes(const json_t *classes) {
    size_t i;
    json_t *name;
    fputs("  classes:", stdout);
    json_array_foreach(classes, i, name) {
        printf("%s %zu ", i ? "," : "", i);
        text_print(stdout, json_is_null(name) ? "?" : json_string_value(name));
    }
    putchar('\n');
}

static void report(check_arguments *a, const char *path, file_kind kind, const json_t *classes,
                   const portolan_error *err) {
    bool ok = err->status == STATUS_OK;
    if (a->common.json) {
        json_t *row = json_pack("{s:o, s:s, s:b}", "file", json_text(path), "kind", KIND_NAMES[kind], "ok", ok);
        if (!ok) {
            json_put(&row, "error_file", json_text(err->file));
            json_put(&row, "line", json_integer(err->line));
            json_put(&row, "column", json_integer(err->column));
            json_put(&row, "message", json_text(err->message));
        }
        if (classes) json_put(&row, "classes", json_incref((json_t *)classes));
        json_add(&a->report, row);
    } else if (!ok) {
        error_print(err, stderr);
    } else if (!a->common.quiet) {
        text_print(stdout, path);
        printf(": a valid %s\n", KIND_NAMES[kind]);
        if (classes) print_classes(classes);
    }
    if (!ok) a->status = err->status;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    check_arguments *a = state->input;
    portolan_error err = {0};
    file_kind kind;
    json_t *classes = NULL;
    switch (key) {
    case ARGP_KEY_ARG:
        check_file(argument, &kind, &classes, &err);
        report(a, argument, kind, classes, &err);
        json_decref(classes);
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a file is needed"); return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp CHECK_ARGP = {
    NULL,
    parse,
    "FILE...",
    "Validates scenarios, sweeps, platforms, workloads, training files and devices (YAML) and outcome tables (CSV).",
    COMMON_ARGP,
    NULL,
    NULL};

int command_check(int argc, char **argv) {
    check_arguments a = {.report = json_array()};
    /* in order, so that -q and --json count wherever they stand: argp moves options before arguments */
    parse_arguments(&CHECK_ARGP, argc, argv, &a);
    if (!a.common.json) {
        json_decref(a.report);
        return a.status;
    }
    int printed = print_json(a.report);
    return a.status ? a.status : printed;
}
