/* The one error type of the project: what went wrong, where, and which exit status it means. */
#ifndef PORTOLAN_BASE_ERROR_H
#define PORTOLAN_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A place in a text. `file` is borrowed from whoever made the mark; line and column count from 1, 0 means none. */
typedef struct text_mark {
    const char *file;
    unsigned line, column;
} text_mark;

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_WRONG_INPUT = 2, STATUS_SIGNAL = 128 /* + the signal that ended it */ };

/* Filled by the function that finds the fault; owns its texts, so it outlives the document it speaks of.
 * A zeroed one means "no error". */
typedef struct portolan_error {
    int status;      /* exit status of the process: one of STATUS_*, or STATUS_SIGNAL + n */
    char file[1100]; /* of a longer name the end, behind "..." */
    unsigned line, column;
    char message[2400]; /* what was found, what is allowed, what to do */
} portolan_error;

/* Wrong input at a place. Always returns false, so that a caller can `return error_input(...)`. */
bool error_input(portolan_error *err, text_mark where, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Wrong usage, without a place in a file (status 2). Always returns false. */
bool error_usage(portolan_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The run itself failed (status 1): memory, disk, a child that died. Always returns false. */
bool error_run(portolan_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "cannot DOING: " and errno's reason, of a file: wrong input, but for what the machine lacks (memory, descriptors) or does not
 * manage. Always returns false. */
bool error_system(portolan_error *err, text_mark where, const char *doing);

/* error_run for an allocation of `bytes` that failed. Always returns false. */
bool error_memory(portolan_error *err, size_t bytes);

/* An error of a file that another one names: told with its own place if it has a line, else at the place of the name.
 * Always returns false. */
bool error_within(portolan_error *err, text_mark named_at, const portolan_error *inner);

/* error_run for a file or folder that could not be written, with errno's reason. Always returns false. */
bool error_write(portolan_error *err, const char *path);

/* Says that memory ran out where that cannot be reported (within a library that goes on without): whatever seems to be wrong
 * from then on is put down to that, and not to the input. For all threads. */
void memory_ran_out(void);
bool memory_has_run_out(void);

/* Prints "portolan: file:line:column: message" and a newline; what stands in them for a terminal's ears is escaped
 * (text_print). */
void error_print(const portolan_error *err, FILE *stream);

/* The entry of `choices` (NULL-terminated) nearest to `word` in edit distance (insert, delete, replace, swap
 * neighbours; Damerau 1964, restricted form), or NULL if none is near enough to be a likely typing error. */
const char *nearest_word(const char *word, const char *const *choices);

/* For messages about a word that is not one of `choices` (NULL-terminated): ", did you mean 'NEAR'?", or "" if none is near
 * enough. Written into `into`, which is returned. */
enum { HINT_TEXT = 128 };
const char *word_hint(char into[HINT_TEXT], const char *word, const char *const *choices);

/* Writes `choices` (NULL-terminated) as "a, b, c" into `into`, cut with "..." where it would not fit. */
void list_words(char *into, size_t size, const char *const *choices);

#endif
