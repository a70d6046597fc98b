/* portolan calibrate: the service time of a device, from this machine's slices of a model, or from others' latencies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/statistics/statistics.h"
#include "base/numbers.h"
#include "base/progress.h"
#include "base/random.h"
#include "calibrate_files.h"
#include "commands.h"

enum {
    KEY_OUT = 0x200,
    KEY_FROM,
    KEY_COLUMNS,
    KEY_UNIT,
    KEY_OUTLIERS,
    KEY_NAME,
    KEY_LIKE,
    KEY_TOKENS,
    KEY_BATCH,
    KEY_LEFT_OUT,
    KEY_SEED
};

typedef struct calibrate_arguments {
    common_options common;
    const char *model, *out, *from, *name, *like;
    latency_columns columns;
    double outliers; /* times the fit; 0: none are left out */
    measuring what;
} calibrate_arguments;

static const struct argp_option OPTIONS[] = {
    {"out", KEY_OUT, "DIR", 0, "Where the files go, a new folder (default: calibration-NAME)", 0},
    {"name", KEY_NAME, "NAME", 0, "The device's name (default: this-machine, or, of others' latencies, device)", 0},
    {"like", KEY_LIKE, "PRESET", 0, "Gives cores, power, memory and price, which no latency tells (default: edge-nuc)",
     0},
    {"seed", KEY_SEED, "N", 0, "Seed of what is left out of the fit (1)", 0},
    {"outliers", KEY_OUTLIERS, "X", 0, "Leave rows out that took over X times what the fit says, and fit again", 0},
    {"tokens", KEY_TOKENS, "N", 0, "Longest sequence that is measured (128, or what the model takes)", 1},
    {"batch", KEY_BATCH, "N", 0, "Largest batch that is measured (8)", 1},
    {"left-out", KEY_LEFT_OUT, "N", 0, "Shapes that are measured besides, to check fit and table on (40)", 1},
    {"from", KEY_FROM, "CSV", 0,
     "Instead of measuring: latencies, columns hidden, feed_forward, layers, tokens, batch, seconds; half of the rows are "
     "left out of the fit",
     2},
    {"columns", KEY_COLUMNS, "LIST", 0, "Which columns these are, or numbers for all rows: hidden=width,tokens=30", 2},
    {"unit", KEY_UNIT, "UNIT", 0, "Unit of the seconds: s, ms or us (s)", 2},
    {0},
};

/* ---- Arguments ---- */

static void check_arguments(const calibrate_arguments *a, struct argp_state *state) {
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t length = strlen(a->name);
    if (!a->model == !a->from) argp_error(state, "a model (.safetensors) or --from CSV is needed, one of them");
    if (!a->from && (a->columns.names || a->columns.unit)) argp_error(state, "--columns and --unit belong to --from");
    if (!length || length > 63 || strspn(a->name, LETTERS) != length)
        argp_error(state, "--name is '%.80s'; a name has 1 to 63 letters, digits and - _ .", a->name);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    calibrate_arguments *a = state->input;
    switch (key) {
    case KEY_OUT: a->out = argument; return 0;
    case KEY_FROM: a->from = argument; return 0;
    case KEY_COLUMNS: a->columns.names = argument; return 0;
    case KEY_UNIT: a->columns.unit = argument; return 0;
    case KEY_NAME: a->name = argument; return 0;
    case KEY_LIKE: a->like = argument; return 0;
    case KEY_TOKENS: a->what.most_tokens = parse_whole("tokens", argument, 2, 4096, state); return 0;
    case KEY_BATCH: a->what.most_batch = parse_whole("batch", argument, 1, 64, state); return 0;
    case KEY_LEFT_OUT: a->what.left_out = parse_whole("left-out", argument, 1, 100000, state); return 0;
    case KEY_SEED: a->what.seed = parse_whole("seed", argument, 0, UINT32_MAX, state); return 0;
    case KEY_OUTLIERS:
        if (!number_parse(argument, &a->outliers) || !(a->outliers > 1))
            argp_error(state, "--outliers is '%.40s'; a number above 1 is wanted", argument);
        return 0;
    case ARGP_KEY_ARG:
        if (a->model) argp_error(state, "one model at a time; '%s' is one too many", argument);
        a->model = argument;
        return 0;
    case ARGP_KEY_END:
        if (!a->name) a->name = a->from ? "device" : "this-machine";
        check_arguments(a, state);
        return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp CALIBRATE_ARGP = {
    OPTIONS,
    parse,
    "MODEL.safetensors\n--from LATENCIES.csv",
    "Measures slices of a model on this machine, or takes others' latencies, fits the cost of a call, of reading weights and "
    "of FLOP to them, and writes a device for platforms.",
    COMMON_ARGP,
    NULL,
    NULL};

static bool find_like(const char *name, const device **found, portolan_error *err) {
    const presets *known = presets_load(err);
    if (!known) return false;
    const char **names = calloc(known->device_count + 1, sizeof *names);
    if (!names) return error_memory(err, known->device_count * sizeof *names);
    *found = NULL;
    for (size_t i = 0; i < known->device_count; i++) {
        names[i] = known->devices[i].name;
        if (strcmp(names[i], name) == 0) *found = &known->devices[i].hardware;
    }
    char hint[HINT_TEXT];
    if (!*found)
        error_usage(err, "--like: there is no device preset '%.60s'%s; see portolan list devices", name,
                    word_hint(hint, name, names));
    free(names);
    return *found != NULL;
}

/* ---- The latencies ---- */

static void show_progress(void *context, size_t done, size_t total) {
    progress_show(context, "measurements", done, total);
}

static bool measure(const calibrate_arguments *a, calibration *c, portolan_error *err) {
    encoder *e = encoder_load(a->model, 0, err);
    if (!e) return false;
    measuring what = a->what;
    uint64_t positions = encoder_settings(e)->positions;
    bool ok = what.most_tokens <= positions || a->what.most_tokens == 128 ||
              error_usage(err, "--tokens is %u, but the model takes sequences of %llu at most", what.most_tokens,
                          (unsigned long long)positions);
    if (what.most_tokens > positions) what.most_tokens = (uint32_t)positions;
    progress bar = progress_start(a->common.quiet);
    what.progress = show_progress;
    what.context = &bar;
    ok = ok && latencies_measure(&c->rows, e, &what, &c->used, err);
    progress_end(&bar);
    encoder_free(e);
    return ok;
}

/* A random half of the rows comes first, which the fit uses; the other is left out. */
static bool split(calibration *c, uint64_t seed, portolan_error *err) {
    size_t n = c->rows.count;
    uint32_t *order = malloc(n * sizeof *order);
    latency *items = malloc(n * sizeof *items);
    bool ok = (order && items) || error_memory(err, n * sizeof *items);
    if (ok) {
        random_stream s = random_open(seed, "calibration", 0);
        for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
        random_shuffle(&s, order, n);
        for (size_t i = 0; i < n; i++) items[i] = c->rows.items[order[i]];
        memcpy(c->rows.items, items, n * sizeof *items);
    }
    c->used = (n + 1) / 2;
    free(order);
    free(items);
    return ok;
}

static bool take_latencies(const calibrate_arguments *a, calibration *c, portolan_error *err) {
    if (a->model) return measure(a, c, err);
    return latencies_load(&c->rows, a->from, &a->columns, err) && split(c, a->what.seed, err);
}

/* ---- The fit ---- */

/* Takes rows out that took over `factor` times what the fit says; returns how many. */
static size_t drop_outliers(calibration *c, double factor) {
    size_t kept = 0, used = 0;
    for (size_t i = 0; i < c->rows.count; i++) {
        if (c->rows.items[i].seconds > factor * service_fit_seconds(&c->fit, &c->rows.items[i])) continue;
        used += i < c->used;
        c->rows.items[kept++] = c->rows.items[i];
    }
    size_t dropped = c->rows.count - kept;
    c->rows.count = kept;
    c->used = used;
    return dropped;
}

/* A fit that is free of outliers may find more: again, until it finds none. */
static bool fit(calibration *c, double outliers, portolan_error *err) {
    size_t dropped;
    do {
        if (!service_fit_make(&c->fit, c->rows.items, c->used, err)) return false;
        dropped = outliers > 0 ? drop_outliers(c, outliers) : 0;
        c->outliers += dropped;
        if (!c->used) return error_usage(err, "--outliers leaves no row to be fitted");
    } while (dropped);
    return true;
}

static bool median_spread(calibration *c, portolan_error *err) {
    double *known = malloc(c->rows.count * sizeof *known);
    size_t n = 0;
    if (!known) return error_memory(err, c->rows.count * sizeof *known);
    for (size_t i = 0; i < c->rows.count; i++)
        if (!isnan(c->rows.items[i].spread)) known[n++] = c->rows.items[i].spread;
    sort_values(known, n);
    c->spread = percentile_nearest_rank(known, n, 50);
    free(known);
    return true;
}

static bool fit_all(calibration *c, double outliers, portolan_error *err) {
    if (!fit(c, outliers, err)) return false;
    size_t n = c->rows.count, left_out = n - c->used;
    c->fitted = malloc(n * sizeof *c->fitted);
    c->tabled = malloc(n * sizeof *c->tabled);
    if (!c->fitted || !c->tabled) return error_memory(err, n * sizeof *c->fitted);
    for (size_t i = 0; i < n; i++) c->fitted[i] = service_fit_seconds(&c->fit, &c->rows.items[i]);
    return median_spread(c, err) && service_errors_of(&c->used_errors, c->rows.items, c->fitted, c->used, err) &&
           service_errors_of(&c->formula_errors, c->rows.items + c->used, c->fitted + c->used, left_out, err);
}

/* ---- The files ---- */

/* The table can be checked on rows that are not in it: those left out of a model's. */
static bool write_files(calibration *c, const result_folder *folder, portolan_error *err) {
    const service_picture drawn = {c->rows.items, c->fitted, c->tabled, c->rows.count, c->used};
    size_t left_out = c->model ? c->rows.count - c->used : 0;
    return calibration_write_table(c, folder, err) &&
           service_errors_of(&c->table_errors, c->rows.items + c->used, c->tabled + c->used, left_out, err) &&
           calibration_write_device(c, folder, err) && service_draw(&drawn, folder->path, &c->drawn, err);
}

static bool calibrate(const calibrate_arguments *a, calibration *c, const result_folder *folder, portolan_error *err) {
    return take_latencies(a, c, err) && fit_all(c, a->outliers, err) && write_files(c, folder, err);
}

static int show(const calibrate_arguments *a, const calibration *c, const char *out) {
    if (a->common.json) return print_json(calibration_json(c));
    if (a->common.quiet) return STATUS_OK;
    calibration_print(c, stdout);
    if (!c->drawn) fprintf(stderr, "portolan: gnuplot is not installed; %s/fit.gp draws the fit where it is\n", out);
    fprintf(stderr, "device: %s/device.yaml\n", out);
    return STATUS_OK;
}

int command_calibrate(int argc, char **argv) {
    calibrate_arguments a = {.like = "edge-nuc",
                             .what = {.most_tokens = 128, .most_batch = 8, .left_out = 40, .seed = 1}};
    parse_arguments(&CALIBRATE_ARGP, argc, argv, &a);
    portolan_error err = {0};
    calibration c = {.name = a.name, .model = a.model, .from = a.from, .like = a.like};
    result_folder folder = {0};
    char out[sizeof folder.final_path];
    snprintf(out, sizeof out, "%s%s", a.out ? "" : "calibration-", a.out ? a.out : a.name);
    bool ok = find_like(a.like, &c.hardware, &err) && result_folder_open(&folder, out, &err) &&
              calibrate(&a, &c, &folder, &err) && result_folder_commit(&folder, &err);
    result_folder_discard(&folder);
    int status = ok ? show(&a, &c, out) : fail(&err);
    calibration_free(&c);
    return status;
}
