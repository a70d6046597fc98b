/* What the files that read a scenario share. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "loader.h"

const char *const EXECUTE_NAMES[] = {"live", "once", "replay", NULL};

bool scenario_note_input(scenario_loader *l, scenario_input *input, const char *path) {
    input->path = arena_text(&l->s->memory, path, strlen(path));
    return input->path ? file_hash(path, input->hash, l->err) : error_memory(l->err, strlen(path));
}

bool scenario_note_program(scenario_loader *l, scenario_input *input) {
    char *program = realpath("/proc/self/exe", NULL);
    bool ok = program ? scenario_note_input(l, input, program)
                      : error_run(l->err, "the running program cannot be found");
    free(program);
    return ok;
}

bool scenario_absolute(scenario_loader *l, const yaml_node *node, const char *opened) {
    if (node->text[0] == '/' || node->text[0] == '$') return true;
    char *absolute = realpath(opened, NULL);
    const char *text = absolute ? arena_text(&l->s->memory, absolute, strlen(absolute)) : NULL;
    free(absolute);
    if (!text) return error_run(l->err, "%s: its absolute path cannot be found", opened);
    ((yaml_node *)node)->text = text; /* the tree is the scenario's own */
    return true;
}

bool scenario_inner_error(scenario_loader *l, text_mark named_at, const portolan_error *inner) {
    return error_within(l->err, named_at, inner);
}
