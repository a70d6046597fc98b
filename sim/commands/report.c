/* portolan report: the pictures and the page of a results folder. */
#include <string.h>
#include <strings.h>

#include "analysis/report/report.h"
#include "base/files.h"
#include "base/json.h"
#include "commands.h"
#include "sim/sim.h"

enum { KEY_COMPARE = 0x200, KEY_OUT };

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
    run_folder run, second = {0};
    if (!path_format(plots, sizeof plots, err, "%s/plots", folder) || !check_page(path, err) ||
        !run_folder_load(&run, folder, true, err))
        return false;
    report_request request = {.run = &run, .other = other ? &second : NULL, .pictures = pictures};
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
