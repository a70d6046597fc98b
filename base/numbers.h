/* Numbers as texts have them: decimal, without hexadecimal, "nan" and "inf". */
#ifndef PORTOLAN_BASE_NUMBERS_H
#define PORTOLAN_BASE_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the finite number that `text` begins with ("-1.5e3"). Where it ends; NULL if there is none, or one too large. */
const char *number_read(const char *text, double *x);

/* The same of all of `text`, blanks around the number let go. On failure `x` may be anything. */
bool number_parse(const char *text, double *x);

/* Reads the digits that `text` begins with, as a whole number; one too large is UINT64_MAX, to be refused by whoever knows the
 * most that is allowed. Where they end; NULL if there are none (a sign is none). */
const char *whole_read(const char *text, uint64_t *n);

/* The same of all of `text`. */
bool whole_parse(const char *text, uint64_t *n);

#endif
