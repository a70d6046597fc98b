/* The commands of `portolan`, and what their argument parsers share. */
#ifndef PORTOLAN_COMMANDS_H
#define PORTOLAN_COMMANDS_H

#include <argp.h>
#include <jansson.h>

#include "analysis/report/report.h"
#include "base/error.h"

/* Options that every command has; each command's options struct begins with one. */
typedef struct common_options {
    bool quiet, json;
} common_options;

/* The child parser for -q and --json; its input is the command's common_options. */
extern const struct argp_child COMMON_ARGP[];

/* For a command's parser: hands its input on to the child above. */
error_t common_parse(int key, char *argument, struct argp_state *state);

/* argp_parse, which ends the command itself where the arguments are wrong; here also where memory is short. */
void parse_arguments(const struct argp *argp, int argc, char **argv, void *into);

/* The value of an option: a whole number; one of some words, as its index. Anything else ends the command as wrong usage. */
uint32_t parse_whole(const char *option, const char *text, uint32_t least, uint32_t most, struct argp_state *state);
size_t parse_choice(const char *option, const char *text, const char *const *choices, struct argp_state *state);

/* The value of --jobs, 1 to 1024. */
unsigned parse_jobs(const char *text, struct argp_state *state);

/* Prints the error and returns its exit status. */
int fail(const portolan_error *err);

/* Prints a JSON document on standard output and releases it; returns the exit status. */
int print_json(json_t *value);

/* Draws the pictures of the results folder into FOLDER/plots and writes the page; `other` may be NULL. After a success
 * the list is to be freed. */
bool make_report(const char *folder, const char *other, const char *path, picture_list *pictures, portolan_error *err);

/* Says on standard error what pictures lack: gnuplot, or room for all curves. Silent if nothing. */
void pictures_tell(const picture_list *pictures);

/* Says on standard error where the report is, and what it lacks. */
void report_where(const char *path, const picture_list *pictures);

/* The commands; argv[0] is "portolan NAME". Each returns the exit status. */
int command_run(int argc, char **argv);
int command_sweep(int argc, char **argv);
int command_check(int argc, char **argv);
int command_train(int argc, char **argv);
int command_map(int argc, char **argv);
int command_outcomes(int argc, char **argv);
int command_list(int argc, char **argv);
int command_platform(int argc, char **argv);
int command_report(int argc, char **argv);
int command_random_model(int argc, char **argv);
int command_tune(int argc, char **argv);
int command_calibrate(int argc, char **argv);

#endif
