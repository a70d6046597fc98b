/* Texts: how they end, and those that come from files made safe for terminals and for JSON. */
#ifndef PORTOLAN_BASE_TEXT_H
#define PORTOLAN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether `text` ends in `end`; both may be the same. */
bool text_ends_in(const char *text, const char *end);

/* The length in bytes of the UTF-8 character that begins at `at` (1 for NUL), or 0 where no valid one does. */
size_t utf8_length(const char *at);

/* Writes `text`, in which whatever could steer a terminal or hide on it (control characters, line breaks, marks that
 * turn the direction of writing, bytes that are not UTF-8) is written as an escape: \n, \x1b, \u202e. */
void text_print(FILE *stream, const char *text);

/* The same into `into`, for tables; cut at the end of a character or an escape where there is no room. Returns
 * `into`. */
const char *text_printable(char *into, size_t size, const char *text);

#endif
