/* portolan report: the pictures and the page of a results folder. */
#include <string.h>
#include <strings.h>

#include "analysis/report/report.h"
#include "base/files.h"
#include "base/json.h"
#include "commands.h"
#include "sim/sim.h"

enum { KEY_COMPARE = 0x200, KEY_OUT, MAX_COLUMNS = 64 };

typedef struct report_arguments {
    common_options common;
    const char *folder, *other, *out;
} report_arguments;

static const struct argp_option OPTIONS[] = {
    {"compare", KEY_COMPARE, "DIR", 0, "A second results folder, to show what differs from it", 0},
    {"out", KEY_OUT, "FILE", 0, "The page (default: report.html in the results folder)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    report_arguments *a = state->input;
    switch (key) {
    case KEY_COMPARE: a->other = argument; return 0;
    case KEY_OUT: a->out = argument; return 0;
    case ARGP_KEY_ARG:
        if (a->folder) argp_error(state, "one results folder at a time; '%s' is one too many", argument);
        a->folder = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a results folder is needed"); return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp REPORT_ARGP = {
    OPTIONS,
    parse,
    "DIR",
    "Draws the pictures of a results folder into its folder plots/, each as SVG, PDF and PNG with data and "
    "gnuplot "
    "script beside it, and writes one HTML page that holds them all.",
    COMMON_ARGP,
    NULL,
    NULL};

/* How metrics are shown; those that are missing here are shown as they are. */
static const report_column SHOWN[] = {
    {"accuracy", "accuracy", "%", NULL, 100, 2, 0, true},
    {"drop", "drop", "points", NULL, 1, 2, 0, true},
    {"cost", "cost", "", NULL, 1, 3, 0, true},
    {"cost_saving", "saving", "%", NULL, 100, 1, 0, true},
    {"latency_mean_s", "mean latency", "ms", NULL, 1e3, 1, 0, true},
    {"latency_p95_s", "p95 latency", "ms", NULL, 1e3, 1, 0, true},
    {"energy_active_phone_j", "phone energy", "mJ", NULL, 1e3, 3, 0, true},
    {"bytes_up", "sent up", "B", NULL, 1, 0, 0, true},
    {"share_phone", "phone", "%", NULL, 100, 1, 0, true},
    {"share_edge", "edge", "%", NULL, 100, 1, 0, true},
    {"share_cloud", "cloud", "%", NULL, 100, 1, 0, true},
    {"failed", "failed", "", NULL, 1, 0, 0, true},
    {"requests", "requests", "", NULL, 1, 0, 0, false},
    {"answered", "answered", "", NULL, 1, 0, 0, false},
    {"f1", "F1", "", NULL, 1, 4, 0, false},
    {"mcc", "MCC", "", NULL, 1, 4, 0, false},
    {"exit_mean", "mean exit", "layers", NULL, 1, 2, 0, false},
    {"latency_p50_s", "median latency", "ms", NULL, 1e3, 1, 0, false},
    {"latency_p99_s", "p99 latency", "ms", NULL, 1e3, 1, 0, false},
    {"energy_active_radio_j", "radio energy", "mJ", NULL, 1e3, 3, 0, false},
    {"energy_active_server_j", "server energy", "mJ", NULL, 1e3, 3, 0, false},
    {"energy_phone_j", "phones with idle", "J", NULL, 1, 3, 0, false},
    {"energy_total_j", "all with idle", "J", NULL, 1, 3, 0, false},
    {"bytes_down", "sent down", "B", NULL, 1, 0, 0, false},
    {"exposure", "exposure", "%", NULL, 100, 1, 0, false},
    {"edge_utilization", "edge busy", "%", NULL, 100, 1, 0, false},
    {"cloud_utilization", "clouds busy", "%", NULL, 100, 1, 0, false},
    {"edge_utilization_max", "busiest edge", "%", NULL, 100, 1, 0, false},
    {"cloud_utilization_max", "busiest cloud", "%", NULL, 100, 1, 0, false},
    {"wait_phone_s", "wait at phone", "ms", NULL, 1e3, 1, 0, false},
    {"wait_edge_s", "wait at edge", "ms", NULL, 1e3, 1, 0, false},
    {"wait_cloud_s", "wait at cloud", "ms", NULL, 1e3, 1, 0, false},
    {"price", "price", "USD per million", NULL, 1e6, 4, 0, false},
};
enum { SHOWN_COUNT = sizeof SHOWN / sizeof *SHOWN };

static const metric *metric_of(const char *key) {
    const metric *m = METRICS;
    while (m->key && strcmp(m->key, key) != 0) m++;
    return m;
}

static void add_column(report_column *columns, size_t *count, const report_column *shown, const metric *m) {
    static const int BETTER[] = {[BETTER_NONE] = 0, [BETTER_LESS] = -1, [BETTER_MORE] = 1};
    report_column *c = &columns[(*count)++];
    *c = *shown;
    c->meaning = m->meaning;
    c->better = BETTER[m->better];
}

/* The table above first, then what it does not name. */
static size_t make_columns(report_column columns[MAX_COLUMNS]) {
    size_t count = 0;
    for (size_t i = 0; i < SHOWN_COUNT; i++) {
        const metric *m = metric_of(SHOWN[i].key);
        if (m->key) add_column(columns, &count, &SHOWN[i], m);
    }
    for (const metric *m = METRICS; m->key && count < MAX_COLUMNS; m++) {
        size_t i = 0;
        while (i < SHOWN_COUNT && strcmp(SHOWN[i].key, m->key) != 0) i++;
        if (i == SHOWN_COUNT)
            add_column(columns, &count, &(report_column){m->key, m->key, m->unit, NULL, 1, 4, 0, false}, m);
    }
    return count;
}

/* Pictures are drawn from the folder's tables, never taken from it. */
static bool write_report(const report_request *request, const char *plots, const char *path, picture_list *pictures,
                         portolan_error *err) {
    folder_lock lock;
    if (!lock_take(&lock, request->run->path, "report", "making a report", err)) return false;
    bool ok = subfolder_make(plots, err) &&
              (request->run->is_sweep ? sweep_plots_write : run_plots_write)(request->run, plots, pictures, err);
    if (ok && !report_write(request, path, err)) {
        picture_list_free(pictures);
        ok = false;
    }
    lock_release(&lock);
    return ok;
}

/* A page that is not named as one may be a table of the results, not all of which are read here. */
static bool check_page(const char *path, portolan_error *err) {
    const char *dot = strrchr(path, '.');
    return (dot && (strcasecmp(dot, ".html") == 0 || strcasecmp(dot, ".htm") == 0)) ||
           error_usage(err, "%s: the name of a page ends in .html", path);
}

bool make_report(const char *folder, const char *other, const char *path, picture_list *pictures, portolan_error *err) {
    char plots[1100];
    report_column columns[MAX_COLUMNS];
    run_folder run, second = {0};
    if (!path_format(plots, sizeof plots, err, "%s/plots", folder) || !check_page(path, err) ||
        !run_folder_load(&run, folder, true, err))
        return false;
    report_request request = {.run = &run,
                              .other = other ? &second : NULL,
                              .pictures = pictures,
                              .columns = columns,
                              .column_count = make_columns(columns)};
    bool ok = (!other || run_folder_load(&second, other, false, err)) &&
              write_report(&request, plots, path, pictures, err);
    run_folder_free(&run);
    run_folder_free(&second);
    return ok;
}

void pictures_tell(const picture_list *pictures) {
    if (!pictures->drawn)
        fputs("portolan: gnuplot was not found: there are no pictures; their data and scripts are there\n", stderr);
    if (pictures->left_out)
        fprintf(stderr, "portolan: %zu lines have no picture: there are too many; they are in statistics.csv\n",
                pictures->left_out);
}

void report_where(const char *path, const picture_list *pictures) {
    pictures_tell(pictures);
    fprintf(stderr, "report: %s\n", path);
}

int command_report(int argc, char **argv) {
    report_arguments a = {0};
    parse_arguments(&REPORT_ARGP, argc, argv, &a);
    portolan_error err = {0};
    picture_list pictures;
    char path[1100];
    if (!path_format(path, sizeof path, &err, "%s/report.html", a.folder)) return fail(&err);
    if (!a.out) a.out = path;
    if (!make_report(a.folder, a.other, a.out, &pictures, &err)) return fail(&err);
    json_t *json = json_pack("{s:o, s:I, s:b, s:I}", "report", json_text(a.out), "pictures", (json_int_t)pictures.count,
                             "drawn", pictures.drawn, "lines_left_out", (json_int_t)pictures.left_out);
    if (!a.common.json && !a.common.quiet) report_where(a.out, &pictures);
    picture_list_free(&pictures);
    if (a.common.json) return print_json(json);
    json_decref(json);
    return STATUS_OK;
}
