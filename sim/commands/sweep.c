/* portolan sweep: runs a sweep, or what is missing of it, and says what it found; or prints its store as a
 * table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/report/report.h"
#include "base/json.h"
#include "base/signals.h"
#include "base/text.h"
#include "commands.h"
#include "sim/sweep/sweep.h"

enum {
    KEY_SET = 0x200,
    KEY_OUT,
    KEY_RESUME,
    KEY_DRY,
    KEY_FAIL_FAST,
    KEY_ACCEPT,
    KEY_EXPORT,
    KEY_TIMINGS,
    KEY_ENGINE,
    KEY_CHUNK,
    KEY_SBATCH,
    KEY_TASK,
    KEY_PLOTS,
    MAX_CHANGES = 256
};

typedef struct sweep_arguments {
    common_options common;
    const char *path, *out, *export;
    char *sets[MAX_CHANGES];
    size_t set_count;
    char *sbatch[MAX_CHANGES];
    bool resume, dry_run, accept, timings, plots, slurm, is_task;
    size_t task;
    sweep_options run;
} sweep_arguments;

static const struct argp_option OPTIONS[] = {
    {"set", KEY_SET, "KEY=VALUE", 0, "Change a key of the scenario at every point, as in run.requests=1000", 0},
    {"out", KEY_OUT, "DIR", 0, "Results folder (default: results/NAME)", 0},
    {"jobs", 'j', "N", 0, "Points simulated at the same time (default: one for each processor)", 0},
    {"resume", KEY_RESUME, 0, 0, "Run the points that are missing or have failed", 0},
    {"accept-changed", KEY_ACCEPT, 0, 0, "With --resume: keep results although plan or inputs have changed since", 0},
    {"dry-run", KEY_DRY, 0, 0, "Print the plan, and how long it would take; write nothing", 0},
    {"fail-fast", KEY_FAIL_FAST, 0, 0, "Stop at the first point that fails", 0},
    {"engine", KEY_ENGINE, "local|slurm", 0, "Where points are run: by this process (default), or by a Slurm job array",
     0},
    {"chunk", KEY_CHUNK, "N", 0, "Slurm: points of one task", 0},
    {"sbatch", KEY_SBATCH, "OPTION", 0,
     "Slurm: an option for sbatch, as in --sbatch=--partition=long (may be repeated)", 0},
    {"task", KEY_TASK, "N", OPTION_HIDDEN, "Run a task of a Slurm job array", 0},
    {"plots", KEY_PLOTS, 0, 0, "Draw pictures of the results into DIR/plots", 0},
    {"export", KEY_EXPORT, "csv|json", 0, "Print the results in the folder as a table, run nothing", 0},
    {"timings", KEY_TIMINGS, 0, 0, "With --export: also host, seconds and attempts of each point", 0},
    {0},
};

static const char *const ENGINES[] = {"local", "slurm", NULL}, *const TABLES[] = {"csv", "json", NULL};

static error_t parse(int key, char *argument, struct argp_state *state) {
    sweep_arguments *a = state->input;
    switch (key) {
    case KEY_SET:
        if (a->set_count == MAX_CHANGES) argp_error(state, "more than %d changes", MAX_CHANGES);
        a->sets[a->set_count++] = argument;
        return 0;
    case KEY_OUT: a->out = argument; return 0;
    case 'j': a->run.jobs = parse_jobs(argument, state); return 0;
    case KEY_RESUME: a->resume = true; return 0;
    case KEY_ACCEPT: a->accept = true; return 0;
    case KEY_DRY: a->dry_run = true; return 0;
    case KEY_FAIL_FAST: a->run.fail_fast = true; return 0;
    case KEY_PLOTS: a->plots = true; return 0;
    case KEY_ENGINE: a->slurm = parse_choice("--engine", argument, ENGINES, state) == 1; return 0;
    case KEY_CHUNK: a->run.chunk = parse_whole("--chunk", argument, 1, SWEEP_MAX_POINTS, state); return 0;
    case KEY_TASK:
        a->task = parse_whole("--task", argument, 0, SWEEP_MAX_POINTS, state);
        a->is_task = true;
        return 0;
    case KEY_SBATCH:
        if (a->run.sbatch_count == MAX_CHANGES) argp_error(state, "more than %d options", MAX_CHANGES);
        a->sbatch[a->run.sbatch_count++] = argument;
        return 0;
    case KEY_TIMINGS: a->timings = true; return 0;
    case KEY_EXPORT: a->export = TABLES[parse_choice("--export", argument, TABLES, state)]; return 0;
    case ARGP_KEY_ARG:
        if (a->path) argp_error(state, "one sweep at a time; '%s' is one too many", argument);
        a->path = argument;
        return 0;
    case ARGP_KEY_END:
        if (!a->path && !(a->export && a->out)) argp_error(state, "a sweep file is needed");
        if (a->accept && !a->resume) argp_error(state, "--accept-changed goes with --resume");
        if (a->timings && !a->export) argp_error(state, "--timings goes with --export");
        return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp SWEEP_ARGP = {
    OPTIONS,
    parse,
    "SWEEP.yaml\n--export csv|json --out DIR",
    "Simulates a scenario at many settings and with several seeds each, and compares the results.",
    COMMON_ARGP,
    NULL,
    NULL};

static const char *folder_of(const sweep_arguments *a, const sweep *w, char *into, size_t size) {
    if (a->out) return a->out;
    snprintf(into, size, "results/%s", w->name);
    return into;
}

/* ---- --export ---- */

static int export_store(const sweep_arguments *a, const char *folder) {
    portolan_error err = {0};
    sweep_store t;
    if (!store_open_for_reading(&t, folder, &err)) return fail(&err);
    bool ok;
    if (strcmp(a->export, "csv") == 0) {
        ok = sweep_export_csv(&t, a->timings, stdout, &err);
    } else {
        json_t *rows = sweep_export_json(&t, a->timings, &err);
        ok = rows && json_print(rows, stdout, &err);
        json_decref(rows);
    }
    store_close(&t);
    return ok ? STATUS_OK : fail(&err);
}

/* ---- --dry-run ---- */

static void print_time(double seconds) {
    if (seconds < 120)
        printf("%.3g s", seconds);
    else if (seconds < 7200)
        printf("%.3g min", seconds / 60);
    else
        printf("%.3g h", seconds / 3600);
}

static void print_axis(const sweep *w, const sweep_axis *axis) {
    char text[256];
    printf("  ");
    for (size_t k = 0; k < axis->key_count; k++)
        printf("%s%s", k ? " with " : "", text_printable(text, sizeof text, w->keys[axis->first_key + k]));
    printf(": %zu values, ", axis->count);
    for (size_t i = 0; i < 2 && i < axis->count; i++) {
        for (size_t k = 0; k < axis->key_count; k++) {
            const yaml_node *value = axis->values[(i ? axis->count - 1 : 0) * axis->key_count + k];
            bool is_text = value->kind == YAML_SCALAR;
            fputs(k ? "/" : i ? " to " : "", stdout);
            text_print(stdout, is_text ? value->text : yaml_describe(value, text, sizeof text));
        }
    }
    putchar('\n');
}

static void print_plan(const sweep *w) {
    printf("%s: %zu settings x %zu seeds = %zu points\n", w->name, w->setting_count, w->seed_count, sweep_points(w));
    for (size_t i = 0; i < w->axis_count; i++) print_axis(w, &w->axes[i]);
    if (w->excluded_count) printf("  %zu settings are excluded\n", w->excluded_count);
}

static int dry_run(const sweep_arguments *a, const sweep *w, const char *out) {
    portolan_error err = {0};
    double seconds;
    size_t tried;
    unsigned jobs = a->run.jobs ? a->run.jobs : processors();
    if (!sweep_estimate(w, &seconds, &tried, &err)) return fail(&err);
    double whole = seconds * (double)sweep_points(w) / jobs;
    if (a->common.json)
        return print_json(json_pack("{s:s, s:I, s:I, s:I, s:f, s:f}", "sweep", w->name, "settings",
                                    (json_int_t)w->setting_count, "seeds", (json_int_t)w->seed_count, "points",
                                    (json_int_t)sweep_points(w), "seconds_per_point", seconds, "seconds", whole));
    print_plan(w);
    printf("about ");
    print_time(seconds);
    printf(" a point (%zu tried), ", tried);
    print_time(whole);
    printf(" in all with %u jobs\n", jobs);
    if (!a->slurm) return STATUS_OK;
    printf("would be submitted by sbatch:\n\n");
    return sweep_slurm_script(w, out, sweep_points(w), &a->run, stdout, &err) ? STATUS_OK : fail(&err);
}

/* ---- Running ---- */

static bool open_plan(const sweep_arguments *a, const sweep *w, sweep_store *t, portolan_error *err) {
    if (!t->has_plan) return store_plan(t, w, err);
    if (a->resume) return store_resume(t, w, a->accept, err);
    return error_usage(err, "%s holds a sweep already; --resume goes on with it, --out gives another folder", t->path);
}

static bool run_missing(const sweep_arguments *a, const sweep *w, sweep_store *t, sweep_progress *p,
                        portolan_error *err) {
    if (a->slurm) return sweep_run_slurm(w, t, &a->run, p, err);
    point_list missing;
    bool ok = store_missing(t, w, &missing, err) && sweep_run_local(w, t, &missing, &a->run, p, err);
    free(missing.points);
    return ok;
}

static int show(const sweep_arguments *a, const sweep_statistics *st, const sweep_store *t) {
    if (a->common.json) return print_json(sweep_json(st, t));
    if (a->common.quiet) return STATUS_OK;
    print_sweep_table(st, stdout, isatty(STDOUT_FILENO) == 1 && !getenv("NO_COLOR"));
    fprintf(stderr, "results: %s\n", t->folder);
    return STATUS_OK;
}

/* What became of the plan, if not all is well; returns the exit status. */
static int tell_failures(const sweep_progress *p, const char *folder) {
    int status = p->waiting || p->failed ? STATUS_FAILED : STATUS_OK;
    if (p->interrupted) {
        portolan_error err;
        error_signal(&err, p->interrupted, "");
        status = fail(&err);
    }
    if (p->waiting)
        fprintf(stderr, "portolan: %zu points are done, %zu are missing; --resume goes on with them\n", p->done,
                p->waiting);
    if (p->failed)
        fprintf(stderr,
                "portolan: %zu points failed; see the column 'error' of %s/points.csv; --resume tries them again\n",
                p->failed, folder);
    return status;
}

static void tell_outside_table(const sweep_progress *p) {
    if (p->outside_table)
        fprintf(
            stderr,
            "portolan: in %zu points executions were not in the table of their device; their time is the formula's\n",
            p->outside_table);
}

/* From the files just written, as `portolan report` does. */
static bool draw_pictures(const sweep_store *t, picture_list *pictures, portolan_error *err) {
    char plots[sizeof t->folder + 8];
    run_folder folder;
    if (!path_format(plots, sizeof plots, err, "%s/plots", t->folder) ||
        !run_folder_load(&folder, t->folder, false, err))
        return false;
    bool ok = subfolder_make(plots, err) && sweep_plots_write(&folder, plots, pictures, err);
    run_folder_free(&folder);
    return ok;
}

static bool draw(const sweep_arguments *a, const sweep_statistics *st, const sweep_store *t, portolan_error *err) {
    picture_list pictures = {0};
    if (!a->plots || !st->cell_count) return true;
    if (!draw_pictures(t, &pictures, err)) return false;
    if (!a->common.quiet) pictures_tell(&pictures);
    picture_list_free(&pictures);
    return true;
}

/* What cannot stand in a job's script is told before anything is written. */
static bool check_script(const sweep_arguments *a, const sweep *w, const char *folder, portolan_error *err) {
    if (!a->slurm) return true;
    FILE *nowhere = fopen("/dev/null", "w");
    if (!nowhere) return error_run(err, "/dev/null: cannot write: %s", strerror(errno));
    bool ok = sweep_slurm_script(w, folder, sweep_points(w), &a->run, nowhere, err);
    fclose(nowhere);
    return ok;
}

static int run_sweep(const sweep_arguments *a, const sweep *w, const char *folder) {
    portolan_error err = {0};
    sweep_store t;
    sweep_progress p = {0};
    sweep_statistics st = {0};
    if (!check_script(a, w, folder, &err) || !store_open(&t, folder, &err)) return fail(&err);
    bool ok = open_plan(a, w, &t, &err) && run_missing(a, w, &t, &p, &err) && sweep_statistics_read(&st, w, &t, &err) &&
              sweep_files_write(&st, &t, &err) && (p.interrupted || draw(a, &st, &t, &err));
    int status = ok ? show(a, &st, &t) : fail(&err);
    if (ok && !status) status = tell_failures(&p, folder);
    if (ok && !a->common.quiet) tell_outside_table(&p);
    sweep_statistics_free(&st);
    store_close(&t);
    return status;
}

static int run_task(const sweep_arguments *a, const sweep *w, const char *folder) {
    portolan_error err = {0};
    sweep_progress p = {0};
    if (!sweep_run_task(w, folder, a->task, &a->run, &p, &err)) return fail(&err);
    return p.interrupted ? STATUS_SIGNAL + p.interrupted : STATUS_OK;
}

int command_sweep(int argc, char **argv) {
    sweep_arguments a = {0};
    parse_arguments(&SWEEP_ARGP, argc, argv, &a);
    a.run.quiet = a.common.quiet;
    a.run.sbatch = a.sbatch;
    if (a.export && a.out) return export_store(&a, a.out);
    portolan_error err = {0};
    char folder[1024];
    sweep w;
    if (!sweep_load(&w, a.path, a.sets, a.set_count, &err)) return fail(&err);
    const char *out = folder_of(&a, &w, folder, sizeof folder);
    int status = a.export    ? export_store(&a, out)
                 : a.dry_run ? dry_run(&a, &w, out)
                 : a.is_task ? run_task(&a, &w, out)
                             : run_sweep(&a, &w, out);
    sweep_free(&w);
    return status;
}
