/* What the commands share: -q, --json, and how errors end a command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/numbers.h"
#include "commands.h"

enum { KEY_JSON = 0x100 };

static const struct argp_option OPTIONS[] = {
    {"quiet", 'q', 0, 0, "Print errors only", 10},
    {"json", KEY_JSON, 0, 0, "Print the result as JSON", 10},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    common_options *options = state->input;
    (void)argument;
    switch (key) {
    case 'q': options->quiet = true; return 0;
    case KEY_JSON: options->json = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp COMMON = {OPTIONS, parse, NULL, NULL, NULL, NULL, NULL};
const struct argp_child COMMON_ARGP[] = {{&COMMON, 0, NULL, 0}, {0}};

error_t common_parse(int key, char *argument, struct argp_state *state) {
    (void)argument;
    if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

void parse_arguments(const struct argp *argp, int argc, char **argv, void *into) {
    portolan_error err = {0};
    int failed = argp_parse(argp, argc, argv, 0, NULL, into);
    if (!failed) return;
    if (failed == ENOMEM)
        error_run(&err, "out of memory: the arguments cannot be read");
    else
        error_run(&err, "the arguments cannot be read: %s", strerror(failed));
    exit(fail(&err));
}

uint32_t parse_whole(const char *option, const char *text, uint32_t least, uint32_t most, struct argp_state *state) {
    uint64_t n;
    if (!whole_parse(text, &n) || n < least || n > most)
        argp_error(state, "%s is '%.60s'; it must be a whole number from %u to %u", option, text, least, most);
    return (uint32_t)n;
}

unsigned parse_jobs(const char *text, struct argp_state *state) { return parse_whole("--jobs", text, 1, 1024, state); }

size_t parse_choice(const char *option, const char *text, const char *const *choices, struct argp_state *state) {
    size_t i = 0;
    while (choices[i] && strcmp(choices[i], text) != 0) i++;
    if (choices[i]) return i;
    char hint[HINT_TEXT], allowed[128];
    list_words(allowed, sizeof allowed, choices);
    argp_error(state, "%s is '%.60s'%s; allowed are %s", option, text, word_hint(hint, text, choices), allowed);
    return i;
}

int fail(const portolan_error *err) {
    error_print(err, stderr);
    return err->status;
}

int print_json(json_t *value) {
    portolan_error err = {0};
    bool ok = json_print(value, stdout, &err);
    json_decref(value);
    return ok ? STATUS_OK : fail(&err);
}
