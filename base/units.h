/* Quantities with units, written as in SimGrid's platform files ("10Mbps", "5ms", "40Gf", "64kiB"). */
#ifndef PORTOLAN_BASE_UNITS_H
#define PORTOLAN_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

/* What a quantity measures; in parentheses the unit in which its value is kept. */
typedef enum unit_family {
    UNIT_PURE,            /* a bare number or a fraction "1/12" */
    UNIT_SPEED,           /* f: floating-point operations per second (FLOP/s) */
    UNIT_BANDWIDTH,       /* bps, Bps (bytes per second) */
    UNIT_TIME,            /* ns us ms s m min h d w (seconds) */
    UNIT_SIZE,            /* b, B (bytes) */
    UNIT_POWER,           /* W (watts) */
    UNIT_ENERGY_PER_BYTE, /* J/B (joules per byte) */
    UNIT_RATE,            /* /s /min /h /d (per second) */
    UNIT_PRICE,           /* USD/h, USD/s (US dollars per second) */
    UNIT_FAMILIES
} unit_family;

/* Reads `text`, all of it, as a quantity of `family`. On failure returns false and writes to `why` (of `size`
 * bytes) what was found and what is allowed. Refuses NaN, infinities, overflow and bare numbers where a unit belongs;
 * signs are read, so that a caller can say "negative". */
bool unit_parse(const char *text, unit_family family, double *value, char *why, size_t size);

/* An example of how quantities of this family are written, for messages and the reference: "10Mbps". */
const char *unit_example(unit_family family);

/* What the family measures, in words: "a bandwidth". */
const char *unit_name(unit_family family);

/* Writes `value` with the prefix that keeps it short: 1.25e6 and UNIT_BANDWIDTH give "10Mbps". */
void unit_format(char *into, size_t size, double value, unit_family family);

#endif
