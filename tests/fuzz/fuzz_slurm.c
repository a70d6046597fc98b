/* What a sweep reads and writes for Slurm. Before the first line "#": the list of points; before the next
 * one: squeue's answer; then --set, --sbatch and --out. The script must have just the lines that it should,
 * and hold the values whole. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sweep/sweep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POINTS = 100 };

static void try_points(const char *text) {
    for (size_t task = 0; task < 3; task++) {
        size_t room[POINTS];
        point_list chunk = {room, 0};
        portolan_error err = {0};
        if (!sweep_parse_points(text, "points", POINTS, task, &chunk, &err)) {
            if (!err.status || !err.message[0]) abort();
            continue;
        }
        if (chunk.count > POINTS) abort();
        for (size_t i = 0; i < chunk.count; i++)
            if (room[i] >= POINTS) abort();
    }
}

static void try_answer(const char *text) {
    bool active[SLURM_MOST_TASKS] = {0};
    size_t lines = sweep_active_tasks(text, active), marked = 0;
    for (size_t i = 0; i < SLURM_MOST_TASKS; i++) marked += active[i];
    if (marked > lines || lines > strlen(text)) abort();
}

/* Reads a word as a shell does, and compares it; returns what is behind it. */
static const char *match_word(const char *at, const char *word) {
    if (*at++ != '\'') abort();
    for (;; at++) {
        if (*at == '\'') {
            if (strncmp(at, "'\\''", 4) != 0) break;
            at += 3;
        }
        if (*at != *word++) abort();
    }
    if (*word) abort();
    return at + 1;
}

static void try_script(char *set, char *option, const char *out) {
    char *sets[] = {set}, *sbatch[] = {option}, *text = NULL;
    size_t size, lines = 0;
    sweep w = {.path = "/sweep.yaml", .name = "fuzz", .sets = sets, .set_count = 1};
    sweep_options o = {.sbatch = sbatch, .sbatch_count = 1};
    portolan_error err = {0};
    FILE *to = open_memstream(&text, &size);
    if (!to) exit(1);
    bool ok = sweep_slurm_script(&w, out, 10, &o, to, &err);
    fclose(to);
    if (!ok && (!err.status || !err.message[0])) abort();
    for (size_t i = 0; ok && i < size; i++) {
        if (iscntrl((unsigned char)text[i]) && text[i] != '\n') abort();
        lines += text[i] == '\n';
    }
    if (ok) {
        const char *last = strstr(text, "\nexec '");
        if (lines != 8 || !last) abort();
        const char *end = strstr(text, " --set "); /* of the last word; --out may hold one too */
        for (const char *more = end; more; more = strstr(more + 1, " --set ")) end = more;
        if (!strstr(set, " --set ") && *match_word(end + 7, set) != '\n') abort();
    }
    free(text);
}

/* The next part as a text (free() it). */
static char *part(const uint8_t **data, size_t *size) {
    const uint8_t *end = memmem(*data, *size, "\n#\n", 3);
    size_t length = end ? (size_t)(end - *data) + 1 : *size, skip = end ? length + 2 : length;
    char *text = malloc(length + 1);
    if (!text) exit(1);
    memcpy(text, *data, length);
    text[length] = '\0';
    *data += skip;
    *size -= skip;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *parts[5];
    for (int i = 0; i < 5; i++) parts[i] = part(&data, &size);
    for (int i = 2; i < 5; i++) /* the line's end is the separator's */
        if (*parts[i] && parts[i][strlen(parts[i]) - 1] == '\n') parts[i][strlen(parts[i]) - 1] = '\0';
    try_points(parts[0]);
    try_answer(parts[1]);
    try_script(parts[2], parts[3], parts[4]);
    for (int i = 0; i < 5; i++) free(parts[i]);
    return 0;
}
