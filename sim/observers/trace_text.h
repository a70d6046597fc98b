/* Text of a trace on its way to the file: one buffer, numbers formatted by hand (a fprintf an event costs
 * ten times as much). Internal to sim/. */
#ifndef PORTOLAN_TRACE_TEXT_H
#define PORTOLAN_TRACE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { TRACE_BUFFER = 1 << 18 };

typedef struct trace_text {
    FILE *file; /* unbuffered */
    size_t used;
    bool failed; /* a write failed; what follows is dropped, the file is to be given up */
    char buffer[TRACE_BUFFER];
} trace_text;

/* Hands the buffer to the file. */
void text_flush(trace_text *t);

void text_bytes(trace_text *t, const char *bytes, size_t count);

static inline void text_put(trace_text *t, const char *text) { text_bytes(t, text, strlen(text)); }

void text_unsigned(trace_text *t, uint64_t n);
void text_signed(trace_text *t, int64_t n);
void text_hexadecimal(trace_text *t, uint64_t n);

/* x rounded to so many decimals (0 to 9, half away from zero), without zeros at the end. Finite x only. */
void text_fixed(trace_text *t, double x, unsigned decimals);

/* `text` between double quotes; `escape` is what goes before a quote in it: '\\' (JSON, Paje) or '"' (CSV).
 * With '\\', backslashes are escaped too and control characters written as \u00XX. */
void text_quoted(trace_text *t, const char *text, char escape);

#endif
