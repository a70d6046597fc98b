/* portolan train: trains a multi-exit model from texts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/replacement.h"
#include "commands.h"
#include "sim/scenario/training_setup.h"
#include "sim/sim.h"

enum { KEY_OUT = 0x200, KEY_RESUME, KEY_ACCEPT, KEY_SET, MAX_SETS = 64, VOCABULARY_MAX_BYTES = 256 << 20 };

typedef struct train_arguments {
    common_options common;
    const char *path, *out;
    char *sets[MAX_SETS];
    size_t set_count;
    unsigned threads;
    bool resume, accept_changed;
} train_arguments;

static const struct argp_option OPTIONS[] = {
    {"out", KEY_OUT, "DIR", 0, "Folder of the training run (default: results/NAME)", 0},
    {"resume", KEY_RESUME, 0, 0, "Go on from the checkpoint in the folder", 0},
    {"accept-changed", KEY_ACCEPT, 0, 0,
     "With --resume: go on though OpenBLAS's kernels or the C library are others than before, which changes the last bits",
     0},
    {"set", KEY_SET, "KEY=VALUE", 0, "Change a key of the training file, as in training.rate=3e-4", 0},
    {"jobs", 'j', "N", 0, "Threads (default: one for each processor, at most training.shards)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    train_arguments *a = state->input;
    switch (key) {
    case KEY_OUT: a->out = argument; return 0;
    case KEY_RESUME: a->resume = true; return 0;
    case KEY_ACCEPT: a->accept_changed = true; return 0;
    case KEY_SET:
        if (a->set_count == MAX_SETS) argp_error(state, "more than %d changes", MAX_SETS);
        a->sets[a->set_count++] = argument;
        return 0;
    case 'j': a->threads = parse_jobs(argument, state); return 0;
    case ARGP_KEY_ARG:
        if (a->path) argp_error(state, "one training file at a time; '%s' is one too many", argument);
        a->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a training file is needed"); return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp TRAIN_ARGP = {
    OPTIONS,
    parse,
    "TRAIN.yaml",
    "Trains a multi-exit model. Every epoch leaves metrics.csv, training_dynamics/ and a checkpoint in the folder; the end, "
    "model.safetensors, config.json and vocab.txt.",
    COMMON_ARGP,
    NULL,
    NULL};

/* ---- What is shown ---- */

typedef struct watch_state {
    progress bar;
    bool quiet;
    json_t *rows; /* with --json: all epochs */
    const training_setup *setup;
    const char *out;
} watch_state;

static bool begin(void *context, const train_arithmetic *list, size_t count, portolan_error *err) {
    const watch_state *w = context;
    if (!training_manifest_write(w->setup, list, count, w->out, err)) return false;
    if (count > 1 && !w->quiet)
        fprintf(stderr,
                "portolan: trained with '%s' from epoch %u on, before with '%s': the model differs in its last bits "
                "from one trained with either\n",
                list[count - 1].name, list[count - 1].from_epoch, list[count - 2].name);
    return true;
}

static void show_step(void *context, uint64_t step, uint64_t steps, double loss, double rate) {
    watch_state *w = context;
    char things[96];
    snprintf(things, sizeof things, "steps (loss %.4f, rate %.2g)", loss, rate);
    progress_show(&w->bar, things, step, steps);
}

static void show_epoch(void *context, const epoch_metrics *rows, size_t count) {
    watch_state *w = context;
    const epoch_metrics *last = &rows[count - 1];
    for (size_t i = 0; i < count; i++)
        json_add(&w->rows, json_pack("{s:i, s:i, s:f, s:f}", "epoch", (int)rows[i].epoch, "exit", (int)rows[i].exit,
                                     "train_accuracy", rows[i].train_accuracy, "train_loss", rows[i].train_loss));
    if (w->quiet) return;
    progress_end(&w->bar);
    fprintf(stderr, "epoch %u: last exit train %.4f", last->epoch, last->train_accuracy);
    if (last->dev_accuracy >= 0) {
        fputs(", dev by exit", stderr);
        for (size_t i = 0; i < count; i++) fprintf(stderr, " %.3f", rows[i].dev_accuracy);
    }
    fputc('\n', stderr);
}

/* ---- The folder ---- */

/* A new run needs a folder that holds none yet; a resumed one needs its folder. */
static bool prepare_folder(const train_arguments *a, const char *out, folder_lock *lock, portolan_error *err) {
    char checkpoint[1100];
    struct stat st;
    if (!path_format(checkpoint, sizeof checkpoint, err, "%s/checkpoint.bin", out)) return false;
    if (a->resume && stat(out, &st) != 0)
        return error_usage(err, "%s: %s; there is nothing to resume", out, strerror(errno));
    if (!folder_make(out, err) || !lock_take(lock, out, "train", "training", err)) return false;
    return a->resume || stat(checkpoint, &st) != 0 ||
           error_usage(err, "%s holds a training run; go on with --resume, or give another --out", out);
}

/* Whether all that is written in the folder may be; what a run has left there is its own, even where it is read again. */
static bool check_outputs(const train_arguments *a, const char *out, portolan_error *err) {
    static const char *const NAMES[] = {"checkpoint.bin", "train.yaml",        "vocab.txt",  "held_out.csv",
                                        "metrics.csv",    "model.safetensors", "config.json"};
    char path[1100];
    bool goes_on = false;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (!path_format(path, sizeof path, err, "%s/%s", out, NAMES[i])) return false;
        if (i == 0) goes_on = a->resume && access(path, F_OK) == 0;
        if (goes_on) file_own(path);
        if (!replacement_possible(path, err)) return false;
    }
    return true;
}

static bool copy_vocabulary(const training_setup *t, const char *out, portolan_error *err) {
    char path[1100];
    file_bytes bytes;
    if (!path_format(path, sizeof path, err, "%s/vocab.txt", out)) return false;
    if (!token_set_vocabulary(&t->train, t->vocabulary, VOCABULARY_MAX_BYTES, &bytes, err)) return false;
    bool ok = replacement_write(path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}

static bool train(const train_arguments *a, training_setup *t, const char *out, watch_state *state,
                  portolan_error *err) {
    train_watch watch = {state, begin, show_step, show_epoch};
    unsigned threads = a->threads ? a->threads : processors();
    folder_lock lock = {0};
    if (!a->common.quiet) class_names_print(stderr, t->train.class_names, t->train.classes, t->train.classes_from);
    bool ok = prepare_folder(a, out, &lock, err) && check_outputs(a, out, err) && copy_vocabulary(t, out, err) &&
              training_setup_write(t, out, err) &&
              model_train(&t->settings,
                          &(train_run){&t->train, t->dev.samples ? &t->dev : NULL, out, threads, a->resume, &watch},
                          err);
    lock_release(&lock);
    return ok;
}

int command_train(int argc, char **argv) {
    train_arguments a = {0};
    parse_arguments(&TRAIN_ARGP, argc, argv, &a);
    portolan_error err = {0};
    training_setup t;
    char folder[1024];
    if (!training_setup_load(&t, a.path, a.sets, a.set_count, NULL, &err)) return fail(&err);
    bool ok = path_format(folder, sizeof folder, &err, "%s%s", a.out ? "" : "results/", a.out ? a.out : t.name);
    watch_state state = {.bar = progress_start(a.common.quiet),
                         .quiet = a.common.quiet,
                         .rows = json_array(),
                         .setup = &t,
                         .out = folder};
    t.settings.accept_changed = a.accept_changed;
    ok = ok && train(&a, &t, folder, &state, &err);
    progress_end(&state.bar);
    int status = ok ? STATUS_OK : fail(&err);
    if (ok && a.common.json)
        status = print_json(state.rows);
    else
        json_decref(state.rows);
    if (ok && !a.common.quiet) fprintf(stderr, "model: %s/model.safetensors\n", folder);
    training_setup_free(&t);
    return status;
}
