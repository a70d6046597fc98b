/* Errors: formatting, printing, and the nearest valid word to a mistyped one. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include "text.h"

static atomic_bool ran_out;

void memory_ran_out(void) { ran_out = true; }

bool memory_has_run_out(void) { return ran_out; }

static bool fill(portolan_error *err, int status, text_mark where, const char *format, va_list args) {
    const char *file = where.file ? where.file : "";
    size_t length = strlen(file), room = sizeof err->file - 4; /* for "..." and the NUL */
    err->status = status;
    if (length > room)
        snprintf(err->file, sizeof err->file, "...%s", file + length - room);
    else if (file != err->file)
        snprintf(err->file, sizeof err->file, "%s", file);
    err->line = where.line;
    err->column = where.column;
    vsnprintf(err->message, sizeof err->message, format, args);
    if (ran_out) *err = (portolan_error){.status = STATUS_FAILED, .message = "out of memory"};
    return false;
}

bool error_input(portolan_error *err, text_mark where, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, STATUS_WRONG_INPUT, where, format, args);
    va_end(args);
    return false;
}

bool error_usage(portolan_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, STATUS_WRONG_INPUT, (text_mark){0}, format, args);
    va_end(args);
    return false;
}

bool error_run(portolan_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, STATUS_FAILED, (text_mark){0}, format, args);
    va_end(args);
    return false;
}

bool error_system(portolan_error *err, text_mark where, const char *doing) {
    int reason = errno;
    error_input(err, where, "cannot %s: %s", doing, strerror(reason));
    if (reason == ENOMEM || reason == EMFILE || reason == ENFILE || reason == EIO) err->status = STATUS_FAILED;
    return false;
}

bool error_memory(portolan_error *err, size_t bytes) {
    return error_run(err, "out of memory: %zu bytes could not be allocated", bytes);
}

bool error_write(portolan_error *err, const char *path) {
    return error_run(err, "%s: cannot write: %s", path, strerror(errno));
}

bool error_within(portolan_error *err, text_mark named_at, const portolan_error *inner) {
    if (!inner->line && inner->status == STATUS_WRONG_INPUT)
        return error_input(err, named_at, "%s%s%s", inner->file, *inner->file ? ": " : "", inner->message);
    *err = *inner;
    return false;
}

void error_print(const portolan_error *err, FILE *stream) {
    fputs("portolan: ", stream);
    if (err->file[0]) {
        text_print(stream, err->file);
        if (err->line) fprintf(stream, ":%u", err->line);
        if (err->line && err->column) fprintf(stream, ":%u", err->column);
        fputs(": ", stream);
    }
    text_print(stream, err->message);
    fputc('\n', stream);
}

enum { LONGEST_WORD = 63 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment distance; words longer than LONGEST_WORD are compared by their beginnings. */
static size_t edit_distance(const char *a, const char *b) {
    size_t rows[3][LONGEST_WORD + 1];
    size_t n = least(strlen(a), LONGEST_WORD), m = least(strlen(b), LONGEST_WORD);
    for (size_t j = 0; j <= m; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(least(above[j] + 1, now[j - 1] + 1), above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_above[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *nearest_word(const char *word, const char *const *choices) {
    const char *best = NULL;
    size_t best_distance = 1 + least(strlen(word), LONGEST_WORD) / 3; /* one slip for every three letters */
    for (; *choices; choices++) {
        size_t distance = edit_distance(word, *choices);
        if (distance < best_distance || (!best && distance == best_distance)) {
            best_distance = distance;
            best = *choices;
        }
    }
    return best;
}

const char *word_hint(char into[HINT_TEXT], const char *word, const char *const *choices) {
    const char *near = nearest_word(word, choices);
    into[0] = '\0';
    if (near) snprintf(into, HINT_TEXT, ", did you mean '%.100s'?", near);
    return into;
}

void list_words(char *into, size_t size, const char *const *choices) {
    size_t used = 0;
    into[0] = '\0';
    for (size_t i = 0; choices[i]; i++) {
        int n = snprintf(into + used, size - used, "%s%s", i ? ", " : "", choices[i]);
        if (n < 0 || (size_t)n >= size - used) {
            snprintf(into + (size > 4 ? size - 4 : 0), least(size, 4), "...");
            return;
        }
        used += (size_t)n;
    }
}
