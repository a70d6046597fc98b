/* portolan run: simulates a scenario, writes the results folder, prints the table. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "sim/results/results.h"

enum { KEY_SET = 0x200, KEY_POLICY, KEY_SEED, KEY_OUT, KEY_REPORT, MAX_CHANGES = 256 };

typedef struct run_arguments {
    common_options common;
    const char *path;
    char *sets[MAX_CHANGES], *policies[MAX_CHANGES];
    size_t set_count, policy_count;
    char seed[64]; /* as a change: "seed=7" */
    run_options run;
    bool report;
} run_arguments;

static const struct argp_option OPTIONS[] = {
    {"set", KEY_SET, "KEY=VALUE", 0, "Change a key of the scenario, as in policies.confidence.threshold=0.9", 0},
    {"policy", KEY_POLICY, "NAME", 0, "Run only this policy, a label or a name (may be repeated)", 0},
    {"seed", KEY_SEED, "N", 0, "Change the seed", 0},
    {"out", KEY_OUT, "DIR", 0, "Results folder (default: results/NAME, with a number if that exists)", 0},
    {"report", KEY_REPORT, 0, 0, "Make the report of the results, as `portolan report` does", 0},
    {"jobs", 'j', "N", 0, "Policies simulated at the same time (default: one for each processor)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    run_arguments *a = state->input;
    switch (key) {
    case KEY_SET:
        if (a->set_count == MAX_CHANGES - 1) argp_error(state, "more than %d changes", MAX_CHANGES - 1);
        a->sets[a->set_count++] = argument;
        return 0;
    case KEY_POLICY:
        if (a->policy_count == MAX_CHANGES) argp_error(state, "more than %d policies", MAX_CHANGES);
        a->policies[a->policy_count++] = argument;
        return 0;
    case KEY_SEED: snprintf(a->seed, sizeof a->seed, "seed=%s", argument); return 0;
    case KEY_OUT: a->run.out = argument; return 0;
    case KEY_REPORT: a->report = true; return 0;
    case 'j': a->run.jobs = parse_jobs(argument, state); return 0;
    case ARGP_KEY_ARG:
        if (a->path) argp_error(state, "one scenario at a time; '%s' is one too many", argument);
        a->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a scenario file is needed"); return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp RUN_ARGP = {
    OPTIONS, parse, "SCENARIO.yaml", "Simulates every policy of a scenario and writes a results folder.", COMMON_ARGP,
    NULL,    NULL};

/* NO_COLOR: no-color.org; set and not empty. */
static table_marks marks_wanted(void) {
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (isatty(STDOUT_FILENO) != 1) return MARKS_NONE;
    bool is_dumb = terminal && strcmp(terminal, "dumb") == 0;
    return (no_color && *no_color) || is_dumb ? MARKS_ASTERISK : MARKS_BOLD;
}

/* Says where a device's table was asked for what it does not hold. */
static void tell_outside_table(const scenario *s, const run_report *report) {
    for (size_t i = 0; i < report->result_count; i++)
        if (report->results[i].outside_table)
            fprintf(stderr,
                    "portolan: %s: %llu executions are not in the table of their device; their time is the formula's\n",
                    s->policies[i].label, (unsigned long long)report->results[i].outside_table);
}

/* Says whose learning is an idealisation. */
static void tell_shared_learning(const scenario *s, const run_report *report) {
    for (size_t i = 0; i < report->result_count; i++) {
        const policy_setup *p = &s->policies[i];
        if (p->type->feedback && p->scope != SCOPE_PHONE)
            fprintf(stderr,
                    "portolan: %s: the phones of a %s share what it learns, without a message: an idealisation\n",
                    p->label, SCOPE_NAMES[p->scope]);
    }
}

static int show(const scenario *s, const run_report *report, const run_arguments *a) {
    if (!a->common.quiet) tell_outside_table(s, report);
    if (!a->common.quiet) tell_shared_learning(s, report);
    if (a->common.json) return print_json(summary_json(s, report));
    if (a->common.quiet) return STATUS_OK;
    print_summary_table(s, report, stdout, marks_wanted());
    if (s->table.class_names) class_names_print(stderr, s->table.class_names, s->table.classes, s->table.classes_from);
    fprintf(stderr, "results: %s\n", report->folder);
    if (!a->report) fprintf(stderr, "pictures and a page of them: portolan report %s\n", report->folder);
    return STATUS_OK;
}

static int add_report(const run_report *report, const run_arguments *a) {
    portolan_error err = {0};
    picture_list pictures;
    char path[sizeof report->folder + 32];
    snprintf(path, sizeof path, "%s/report.html", report->folder);
    if (!make_report(report->folder, NULL, path, &pictures, &err)) return fail(&err);
    if (!a->common.quiet) report_where(path, &pictures);
    picture_list_free(&pictures);
    return STATUS_OK;
}

/* All that went wrong, where not every policy was finished. */
static int tell_stopped(const run_report *report) {
    for (size_t i = 0; i < report->result_count; i++) {
        const portolan_error *why = &report->results[i].error;
        if (why->status && strcmp(why->message, report->stopped.message) != 0) error_print(why, stderr);
    }
    int status = fail(&report->stopped);
    fprintf(stderr, "portolan: %s holds the policies that were finished\n", report->folder);
    return status;
}

int command_run(int argc, char **argv) {
    run_arguments a = {0};
    parse_arguments(&RUN_ARGP, argc, argv, &a);
    if (a.seed[0]) a.sets[a.set_count++] = a.seed;
    a.run.quiet = a.common.quiet;
    portolan_error err = {0};
    scenario s;
    if (!scenario_load(&s, a.path,
                       &(scenario_changes){.sets = a.sets,
                                           .set_count = a.set_count,
                                           .only = a.policies,
                                           .only_count = a.policy_count},
                       &err))
        return fail(&err);
    run_report report;
    int status;
    if (!scenario_run(&s, &a.run, &report, &err)) {
        status = fail(&err);
    } else {
        status = show(&s, &report, &a);
        if (status == STATUS_OK && a.report && !report.stopped.status) status = add_report(&report, &a);
        if (report.stopped.status) status = tell_stopped(&report);
        run_report_free(&report);
    }
    scenario_free(&s);
    return status;
}
