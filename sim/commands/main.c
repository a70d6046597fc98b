/* portolan: finds the command and runs it. */
#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/signals.h"
#include "commands.h"

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} command;

static const command COMMANDS[] = {
    {"run", command_run, "simulate the policies of a scenario and write a results folder"},
    {"report", command_report, "draw the pictures of a results folder and write one HTML page with them"},
    {"sweep", command_sweep, "simulate a scenario at many settings and seeds, and compare them"},
    {"check", command_check,
     "validate scenarios, sweeps, platforms, workloads, training files, devices and outcome tables"},
    {"platform", command_platform, "show a platform, or convert it to SimGrid XML or Graphviz"},
    {"train", command_train, "train a multi-exit model, with checkpoints and training dynamics"},
    {"map", command_map, "map how hard samples are, and make the router that a phone carries"},
    {"outcomes", command_outcomes, "run a data set through every exit of a model, into an outcome table"},
    {"tune", command_tune, "choose the numeric options of policies on held-out samples, by one rule for all"},
    {"calibrate", command_calibrate, "fit a device's service time to this machine, or to others' latencies"},
    {"random-model", command_random_model, "write a model of random weights, to try things out"},
    {"list", command_list, "list policies, devices, links, workloads or metrics"},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static void print_help(FILE *out) {
    fputs("Portolan simulates distributed inference over phones, edge servers and the cloud.\n\n"
          "Usage: portolan COMMAND [ARGUMENT...]\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) fprintf(out, "  %-12s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
    fputs("\n`portolan COMMAND --help` says more. Exit status: 0 done, 1 the run failed, 2 wrong usage or input, "
          "128 + n ended by signal n.\n",
          out);
}

static int unknown_command(const char *name) {
    const char *names[COMMAND_COUNT + 1] = {0};
    for (size_t i = 0; i < COMMAND_COUNT; i++) names[i] = COMMANDS[i].name;
    char hint[HINT_TEXT];
    portolan_error err = {0};
    error_usage(&err, "there is no command '%.60s'%s; see portolan --help", name, word_hint(hint, name, names));
    return fail(&err);
}

/* Standard output may be a full disk: however a command ends (argp ends --help itself), what could not be written is an
 * error. */
static void check_output(int status, void *unused) {
    (void)unused;
    int reason = stream_flush(stdout);
    if (!reason) return;
    portolan_error err = {0};
    error_run(&err, "standard output: cannot write: %s", strerror(reason));
    fail(&err);
    if (!status) _exit(STATUS_FAILED);
}

/* A file that is opened later must not become standard output. What stands in for a stream that was closed cannot be used. */
static void fill_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
    fill_standard_streams();
    signals_catch();
    json_watch_memory();
    on_exit(check_output, NULL);
    argp_err_exit_status = STATUS_WRONG_INPUT;
    if (argc < 2) {
        print_help(stderr);
        return STATUS_WRONG_INPUT;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return STATUS_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("portolan " PORTOLAN_VERSION);
        return STATUS_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) != 0) continue;
        char name[64];
        snprintf(name, sizeof name, "portolan %s", argv[1]);
        argv[1] = name;
        return COMMANDS[i].run(argc - 1, argv + 1);
    }
    return unknown_command(argv[1]);
}
