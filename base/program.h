/* Other programs, run by argument vectors: no shell ever sees a value. */
#ifndef PORTOLAN_BASE_PROGRAM_H
#define PORTOLAN_BASE_PROGRAM_H

#include <stddef.h>

#include "error.h"

typedef struct program {
    char *const *arguments;   /* NULL-terminated; the first one is looked for on PATH */
    const char *folder;       /* where it runs; NULL: here */
    char *const *environment; /* NULL-terminated; NULL: this process's */
} program;

enum { PROGRAM_MISSING = -1 };

/* Runs a program to its end, with an empty standard input and no signal blocked. `words` becomes the
 * beginning of what it prints to its output and its error, at most size - 1 bytes without newlines at their
 * end; `status` its wait status, or PROGRAM_MISSING where there is no such program. False if it cannot be
 * run. */
bool program_run(const program *p, char *words, size_t size, int *status, portolan_error *err);

/* Puts a space for every control character. */
void words_on_one_line(char *words);

#endif
