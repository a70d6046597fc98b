/* portolan outcomes: every exit's answer to every sample of a data set, as an outcome table. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/cartography/cartography.h"
#include "analysis/statistics/statistics.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/replacement.h"
#include "commands.h"
#include "sim/sim.h"

enum { KEY_OUT = 0x200, KEY_ROUTER };

typedef struct outcomes_arguments {
    common_options common;
    const char *model, *workload, *out, *router;
    unsigned threads;
} outcomes_arguments;

static const struct argp_option OPTIONS[] = {
    {"out", KEY_OUT, "FILE.csv", 0, "Where the table goes (default: standard output)", 0},
    {"router", KEY_ROUTER, "FILE.json", 0, "Add the v(x) that this router wants to see, for replays of its policy", 0},
    {"jobs", 'j', "N", 0, "Threads (default: one for each processor)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    outcomes_arguments *a = state->input;
    switch (key) {
    case KEY_OUT: a->out = argument; return 0;
    case KEY_ROUTER: a->router = argument; return 0;
    case 'j': a->threads = parse_jobs(argument, state); return 0;
    case ARGP_KEY_ARG:
        if (a->workload) argp_error(state, "a model and a workload; '%s' is one too many", argument);
        *(a->model ? &a->workload : &a->model) = argument;
        return 0;
    case ARGP_KEY_END:
        if (!a->workload) argp_error(state, "a model (.safetensors) and a workload (.yaml) are needed");
        return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp OUTCOMES_ARGP = {
    OPTIONS,
    parse,
    "MODEL.safetensors WORKLOAD.yaml",
    "Runs every sample of the workload's data set through all exits of a model, and writes an outcome table.",
    COMMON_ARGP,
    NULL,
    NULL};

static void show_progress(void *context, uint32_t done, uint32_t total) {
    progress_show(context, "samples", done, total);
}

/* Columns v0, v1, ... as a router's policy is shown them where the model is executed. */
static bool add_representation(const outcomes_arguments *a, const encoder *e, const token_set *set, outcome_table *t,
                               portolan_error *err) {
    router r;
    char hash[FILE_HASH_TEXT];
    if (!router_load(&r, a->router, err)) return false;
    encoder_embedding_hash(e, hash);
    bool ok = strcmp(hash, r.embedding) == 0 ||
              error_usage(err, "the router %s was made for another model than %s: its embedding layer has another hash",
                          a->router, a->model);
    if (ok) {
        t->v_size = r.size;
        t->v = arena_alloc(&t->memory, (size_t)t->samples * r.size, sizeof *t->v);
        ok = t->v ? represent_set(e, set, r.representation, r.size, t->v, err)
                  : error_memory(err, (size_t)t->samples * r.size * sizeof *t->v);
    }
    router_free(&r);
    return ok;
}

static bool compute(const outcomes_arguments *a, const encoder *e, token_set *set, outcome_table *t, double *seconds,
                    portolan_error *err) {
    token_wants wants = encoder_wants(e, a->model);
    yaml_document doc;
    workload w;
    const char *paths[2];
    if (!yaml_load(&doc, a->workload, err)) return false;
    bool ok = workload_read(&w, doc.root, err) &&
              (w.data ||
               error_input(err, doc.root->mark, "the workload has no 'data', like {task: sst2, file: dev.tsv}")) &&
              token_set_load(set, w.data, &wants, paths, err) && (!a->out || replacement_possible(a->out, err));
    if (ok) {
        progress bar = progress_start(a->common.quiet);
        ok = encoder_outcomes(e, set, a->threads ? a->threads : processors(), &(outcome_watch){show_progress, &bar}, t,
                              err);
        progress_end(&bar);
        *seconds = wall_clock() - bar.started;
    }
    if (ok && a->router && !add_representation(a, e, set, t, err)) {
        outcome_table_free(t);
        ok = false;
    }
    yaml_unload(&doc);
    return ok;
}

/* The table under a temporary name first, so that a failure leaves no half of it. */
static bool write_table(const outcomes_arguments *a, const outcome_table *t, portolan_error *err) {
    replacement file;
    if (!a->out) {
        outcome_table_write(t, stdout);
        return true;
    }
    if (!replacement_open(&file, a->out, err)) return false;
    outcome_table_write(t, file.stream);
    return replacement_finish(&file, true, err);
}

/* Accuracy of one exit on the samples of each depth, from 1. */
static json_t *depths_json(const outcome_table *t, const uint8_t *depths, uint32_t exit) {
    enum { MOST = 256 };
    uint32_t count[MOST] = {0}, right[MOST] = {0}, deepest = 0;
    json_t *row = json_array();
    for (uint32_t i = 0; i < t->samples; i++) {
        if (depths[i] > deepest) deepest = depths[i];
        count[depths[i]]++;
        right[depths[i]] += outcome_prediction(t, i, exit) == t->labels[i];
    }
    for (uint32_t d = 1; d <= deepest; d++)
        json_add(&row, count[d] ? json_real((double)right[d] / count[d]) : json_null());
    return row;
}

/* Accuracy, F1 and Matthews correlation of one exit; where depths are known, its accuracy by depth. */
static json_t *exit_json(const outcome_table *t, const uint8_t *depths, uint32_t exit) {
    confusion c;
    if (!confusion_open(&c, t->classes)) return NULL;
    for (uint32_t i = 0; i < t->samples; i++) confusion_add(&c, t->labels[i], outcome_prediction(t, i, exit));
    json_t *row = json_pack("{s:i, s:f, s:f, s:f}", "exit", (int)t->exit_layer[exit], "accuracy",
                            confusion_accuracy(&c), "f1", confusion_f1(&c), "mcc", confusion_mcc(&c));
    if (depths) json_put(&row, "by_depth", depths_json(t, depths, exit));
    confusion_close(&c);
    return row;
}

static void print_depths(const json_t *exits) {
    size_t i, d;
    json_t *row, *x;
    fprintf(stderr, "\naccuracy by exit and depth\nexit");
    json_array_foreach(json_object_get(json_array_get(exits, 0), "by_depth"), d, x) fprintf(stderr, " %5zu", d + 1);
    json_array_foreach(exits, i, row) {
        fprintf(stderr, "\n%4d", (int)json_integer_value(json_object_get(row, "exit")));
        json_array_foreach(json_object_get(row, "by_depth"), d, x)
            fprintf(stderr, json_is_null(x) ? "     -" : " %5.3f", json_real_value(x));
    }
    fprintf(stderr, "\n\n");
}

static int show(const outcomes_arguments *a, const outcome_table *t, const token_set *set, double seconds) {
    if (a->common.quiet) return STATUS_OK;
    json_t *exits = json_array();
    for (uint32_t e = 0; e < t->exits; e++) json_add(&exits, exit_json(t, set->depths, e));
    json_t *report = json_pack("{s:i, s:f, s:f, s:s, s:o, s:o}", "samples", (int)t->samples, "seconds", seconds,
                               "samples_per_second", t->samples / seconds, "kernels", encoder_kernel(), "classes",
                               json_from_texts(set->class_names, set->classes), "exits", exits);
    if (!report || (a->common.json && a->out)) return print_json(report); /* which tells why there is none */
    size_t i;
    json_t *row;
    class_names_print(stderr, set->class_names, set->classes, set->classes_from);
    fprintf(stderr, "exit  accuracy      f1     mcc\n");
    json_array_foreach(exits, i, row) {
        fprintf(stderr, "%4d    %.4f  %.4f  %+.4f\n", (int)json_integer_value(json_object_get(row, "exit")),
                json_real_value(json_object_get(row, "accuracy")), json_real_value(json_object_get(row, "f1")),
                json_real_value(json_object_get(row, "mcc")));
    }
    if (set->depths) print_depths(exits);
    fprintf(stderr, "%u samples in %.2f s: %.0f samples/s (%s)\n", t->samples, seconds, t->samples / seconds,
            encoder_kernel());
    json_decref(report);
    return STATUS_OK;
}

int command_outcomes(int argc, char **argv) {
    outcomes_arguments a = {0};
    parse_arguments(&OUTCOMES_ARGP, argc, argv, &a);
    portolan_error err = {0};
    outcome_table t = {0};
    token_set set = {0};
    double seconds = 0;
    encoder *e = encoder_load(a.model, 0, &err);
    if (!e) return fail(&err);
    bool ok = compute(&a, e, &set, &t, &seconds, &err);
    encoder_free(e);
    ok = ok && write_table(&a, &t, &err);
    int status = ok ? show(&a, &t, &set, seconds) : fail(&err);
    outcome_table_free(&t);
    token_set_free(&set);
    return status;
}
