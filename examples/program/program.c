/* A program outside Portolan's tree: it loads a scenario, adds a policy of its own, runs all, and reads results.
 *   program SCENARIO.yaml FOLDER */
#include <stdio.h>

#include "sim/sim.h"

/* Every other request of a phone goes to the cloud. */
static verdict take_turns(void *self, const observation *seen) {
    (void)self;
    return policy_send(seen->request % 2 ? TIER_CLOUD : TIER_PHONE);
}

static const policy_type TURNS = {
    .abi = POLICY_ABI,
    .name = "turns",
    .summary = "phone and cloud in turns",
    .paper = "an example",
    .route = take_turns,
};

static void tell(const scenario *s, const run_report *report) {
    const metric *accuracy = metric_named("accuracy");
    for (size_t i = 0; i < report->result_count; i++)
        if (report->results[i].done)
            printf("%s %.4f %.3f s\n", s->policies[i].label, metric_value(accuracy, &report->results[i].summary),
                   report->results[i].summary.latency_mean_s);
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: program SCENARIO.yaml FOLDER\n"), STATUS_WRONG_INPUT;
    const policy_type *const own[] = {&TURNS, NULL};
    char *sets[] = {"policies=[cloud-only, turns]", "run.requests=2000"};
    const scenario_changes changes = {.sets = sets, .set_count = 2, .policies = own};
    portolan_error err = {0};
    scenario s;
    run_report report;
    if (scenario_load(&s, argv[1], &changes, &err)) {
        if (scenario_run(&s, &(run_options){.out = argv[2], .quiet = true}, &report, &err)) {
            tell(&s, &report);
            if (report.stopped.status) err = report.stopped;
            run_report_free(&report);
        }
        scenario_free(&s);
    }
    if (err.status) error_print(&err, stderr);
    return err.status;
}
