/* portolan tune: the numeric options of a scenario's policies, chosen on held-out samples by one rule. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/numbers.h"
#include "base/replacement.h"
#include "base/text.h"
#include "commands.h"
#include "sim/tuning/tuning.h"

enum { KEY_OUT = 0x200, KEY_SET, KEY_HELD_OUT, KEY_OBJECTIVE, KEY_DROP, KEY_CONFIDENCE, KEY_MU_COST, MOST_SETS = 256 };

typedef struct tune_arguments {
    common_options common;
    const char *path, *held_out, *out;
    char *sets[MOST_SETS];
    size_t set_count;
    tune_settings wanted;
} tune_arguments;

static const struct argp_option OPTIONS[] = {
    {"held-out", KEY_HELD_OUT, "FILE", 0,
     "Samples to tune on, that are neither trained on nor judged by: a workload (.yaml) with `data` for a model, an outcome "
     "table (.csv) for a table",
     0},
    {"objective", KEY_OBJECTIVE, "NAME", 0,
     "max_saving (default): the largest saving within --drop; reward: mean of right - mu cost", 0},
    {"drop", KEY_DROP, "POINTS", 0, "Accuracy drop against cloud-only that is promised at most (0.5)", 0},
    {"confidence", KEY_CONFIDENCE, "P", 0, "With which confidence it is promised (0.95)", 0},
    {"mu-cost", KEY_MU_COST, "X", 0, "Weight of the cost in the reward (0.1)", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "Change a key of the scenario; again for more", 1},
    {"out", KEY_OUT, "FILE.yaml", 0, "Write the scenario with the chosen options there", 1},
    {0},
};

/* ---- Arguments ---- */

static double parse_number(const char *option, const char *text, double above, double below, struct argp_state *state) {
    double x = 0;
    if (!number_parse(text, &x) || !(x > above && x < below))
        argp_error(state, "--%s is '%.40s'; a number above %g and below %g is wanted", option, text, above, below);
    return x;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    tune_arguments *a = state->input;
    switch (key) {
    case KEY_HELD_OUT: a->held_out = argument; return 0;
    case KEY_OUT: a->out = argument; return 0;
    case KEY_OBJECTIVE:
        a->wanted.objective = (int)parse_choice("objective", argument, TUNE_OBJECTIVES, state);
        return 0;
    case KEY_DROP: a->wanted.drop = parse_number("drop", argument, 0, 100, state); return 0;
    case KEY_CONFIDENCE: a->wanted.confidence = parse_number("confidence", argument, 0, 1, state); return 0;
    case KEY_MU_COST: a->wanted.mu_cost = parse_number("mu-cost", argument, -1e-300, 1e9, state); return 0;
    case KEY_SET:
        if (a->set_count == MOST_SETS) argp_error(state, "at most %d --set", MOST_SETS);
        a->sets[a->set_count++] = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (a->path) argp_error(state, "one scenario at a time; '%s' is one too many", argument);
        a->path = argument;
        return 0;
    case ARGP_KEY_END:
        if (!a->path) argp_error(state, "a scenario file is needed");
        if (!a->held_out)
            argp_error(state,
                       "--held-out is needed: options that are tuned on the samples they are judged by look better "
                       "than they are");
        return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp TUNE_ARGP = {
    OPTIONS,
    parse,
    "SCENARIO.yaml",
    "Chooses the numeric options of the scenario's policies on held-out samples, all by one rule.",
    COMMON_ARGP,
    NULL,
    NULL};

/* ---- The scenario on held-out samples ---- */

/* The held-out samples take the place of the scenario's own. */
static bool load_held_out(scenario *s, const tune_arguments *a, portolan_error *err) {
    char *whole = realpath(a->held_out, NULL);
    if (!whole) return error_usage(err, "--held-out: there is no file %s", a->held_out);
    const yaml_node path = {.kind = YAML_SCALAR, .mark = {"--held-out", 1, 1}, .text = whole};
    const scenario_edit edit = {text_ends_in(whole, ".csv") ? "model" : "workload", &path};
    const scenario_changes changes = {.sets = a->sets, .set_count = a->set_count, .edits = &edit, .edit_count = 1};
    bool ok = scenario_load(s, a->path, &changes, err);
    free(whole);
    return ok;
}

/* ---- What was chosen ---- */

static bool is_chosen(const tuning *t, const tuned_policy *p) {
    return t->wanted.objective == TUNE_REWARD || p->promised;
}

static void settings_text(char *into, size_t size, const tuned_policy *p) {
    size_t used = 0;
    *into = '\0';
    for (size_t i = 0; p->options[i] && used < size; i++)
        used += (size_t)snprintf(into + used, size - used, "%s%s: %.9g", i ? ", " : "", p->options[i]->name,
                                 p->values[i]);
}

static void print_policy(const tuning *t, const char *label, const tuned_policy *p) {
    char settings[128];
    if (p->left_alone) {
        printf("%-20s  left as it is: %s\n", label, p->left_alone);
        return;
    }
    settings_text(settings, sizeof settings, p);
    if (!is_chosen(t, p)) {
        printf("%-20s  falls back to cloud-only: the least drop that can be promised of it is %.2f points\n", label,
               p->smallest);
        return;
    }
    printf("%-20s  %6.2f %6.2f %6.2f %7.1f  %s\n", label, 100 * p->accuracy, p->drop, p->bound, 100 * p->saving,
           settings);
}

static void print_table(const scenario *s, const tuning *t) {
    printf("%u held-out samples; cloud-only is right on %.2f %%\n\n", t->samples, 100 * t->accuracy);
    printf("%-20s  %6s %6s %6s %7s  %s\n", "policy", "right", "drop", "at", "saving", "options");
    printf("%-20s  %6s %6s %6s %7s\n", "", "%", "pt", "most", "%");
    for (size_t i = 0; i < s->policy_count; i++) print_policy(t, s->policies[i].label, &t->policies[i]);
}

static json_t *policy_json(const tuning *t, const char *label, const tuned_policy *p) {
    json_t *row = json_pack("{s:s, s:s?}", "name", label, "left_alone", p->left_alone);
    if (p->left_alone) return row;
    json_t *options = json_object();
    for (size_t i = 0; p->options[i]; i++) json_put(&options, p->options[i]->name, json_number(p->values[i]));
    json_put(&row, "options", options);
    json_put(&row, "tried", json_integer((json_int_t)p->tried));
    json_put(&row, "chosen", json_boolean(is_chosen(t, p)));
    json_put(&row, "promised", json_boolean(p->promised));
    json_put(&row, "accuracy", json_number(p->accuracy));
    json_put(&row, "drop", json_number(p->drop));
    json_put(&row, "drop_bound", json_number(p->bound));
    json_put(&row, "smallest_drop", json_number(p->smallest));
    json_put(&row, "cost", json_number(p->cost));
    json_put(&row, "cost_saving", json_number(p->saving));
    return row;
}

static json_t *tuning_json(const scenario *s, const tuning *t) {
    json_t *policies = json_array();
    for (size_t i = 0; i < s->policy_count; i++)
        json_add(&policies, policy_json(t, s->policies[i].label, &t->policies[i]));
    return json_pack("{s:I, s:s, s:f, s:f, s:f, s:f, s:f, s:o}", "samples", (json_int_t)t->samples, "objective",
                     TUNE_OBJECTIVES[t->wanted.objective], "drop", t->wanted.drop, "confidence", t->wanted.confidence,
                     "mu_cost", t->wanted.mu_cost, "cloud_accuracy", t->accuracy, "cloud_cost", t->cost, "policies",
                     policies);
}

/* ---- The tuned scenario ---- */

/* Options by the policy's index, since labels may change with options; a policy of which nothing is promised becomes
 * cloud-only, under its own label. */
static bool put_choice(yaml_document *doc, const tuning *t, size_t index, const char *label, portolan_error *err) {
    const tuned_policy *p = &t->policies[index];
    char path[96], value[160];
    if (p->left_alone) return true;
    if (!is_chosen(t, p)) {
        snprintf(path, sizeof path, "policies.%zu", index);
        snprintf(value, sizeof value, "{cloud-only: {as: '%.63s'}}", label);
        return yaml_set(doc, path, value, err);
    }
    for (size_t i = 0; p->options[i]; i++) {
        snprintf(path, sizeof path, "policies.%zu.%s", index, p->options[i]->name);
        snprintf(value, sizeof value, "%.9g", p->values[i]);
        if (!yaml_set(doc, path, value, err)) return false;
    }
    return true;
}

/* The scenario as it is written, resolved, with the choices. */
static bool write_scenario(const tune_arguments *a, const scenario *held, const tuning *t, portolan_error *err) {
    scenario s;
    if (!scenario_load(&s, a->path, &(scenario_changes){.sets = a->sets, .set_count = a->set_count}, err)) return false;
    yaml_document *doc = &s.documents[FILE_SCENARIO];
    bool ok = true;
    for (size_t i = 0; ok && i < s.policy_count; i++) ok = put_choice(doc, t, i, held->policies[i].label, err);
    json_t *tree = ok ? json_from_yaml(doc->root) : NULL;
    if (ok && !tree) ok = error_memory(err, 0);
    ok = ok && json_replace(tree, JSON_INDENT(2), a->out, NULL, err);
    json_decref(tree);
    scenario_free(&s);
    return ok;
}

/* ---- The command ---- */

static int finish(const tune_arguments *a, const scenario *s, const tuning *t, portolan_error *err) {
    if (a->out && !write_scenario(a, s, t, err)) return fail(err);
    if (a->common.json) return print_json(tuning_json(s, t));
    if (a->common.quiet) return STATUS_OK;
    print_table(s, t);
    if (a->out) fprintf(stderr, "scenario: %s\n", a->out);
    return STATUS_OK;
}

int command_tune(int argc, char **argv) {
    tune_arguments a = {.wanted = {.drop = 0.5, .confidence = 0.95, .mu_cost = 0.1}};
    parse_arguments(&TUNE_ARGP, argc, argv, &a);
    portolan_error err = {0};
    scenario s;
    if (a.out && !replacement_possible(a.out, &err)) return fail(&err);
    if (!load_held_out(&s, &a, &err)) return fail(&err);
    tuning t;
    progress bar = progress_start(a.common.quiet);
    bool ok = tuning_make(&t, &s, &a.wanted, &bar, &err);
    progress_end(&bar);
    int status = ok ? finish(&a, &s, &t, &err) : fail(&err);
    if (ok) tuning_free(&t);
    scenario_free(&s);
    return status;
}
