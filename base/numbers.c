/* What strtod and strtoull read, without what they read besides. */
#include "numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

const char *number_read(const char *text, double *x) {
    const char *digits = text + (*text == '-' || *text == '+');
    bool is_hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    if ((!is_digit(*digits) && *digits != '.') || is_hexadecimal) return NULL;
    char *end;
    *x = strtod(text, &end);
    return end != text && isfinite(*x) ? end : NULL;
}

bool number_parse(const char *text, double *x) {
    const char *end = number_read(text + strspn(text, " "), x);
    return end && !end[strspn(end, " ")];
}

const char *whole_read(const char *text, uint64_t *n) {
    if (!is_digit(*text)) return NULL;
    char *end;
    *n = strtoull(text, &end, 10); /* ULLONG_MAX if it is larger */
    return end;
}

bool whole_parse(const char *text, uint64_t *n) {
    const char *end = whole_read(text, n);
    return end && !*end;
}
