/* See trace_text.h. */
#include "trace_text.h"

#include <math.h>

void text_flush(trace_text *t) {
    if (!t->failed && fwrite(t->buffer, 1, t->used, t->file) != t->used) t->failed = true;
    t->used = 0;
}

void text_bytes(trace_text *t, const char *bytes, size_t count) {
    while (count > TRACE_BUFFER - t->used) {
        size_t part = TRACE_BUFFER - t->used;
        memcpy(t->buffer + t->used, bytes, part);
        t->used += part;
        bytes += part;
        count -= part;
        text_flush(t);
    }
    memcpy(t->buffer + t->used, bytes, count);
    t->used += count;
}

void text_unsigned(trace_text *t, uint64_t n) {
    char digits[20];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    text_bytes(t, digits + at, sizeof digits - at);
}

void text_signed(trace_text *t, int64_t n) {
    if (n < 0) text_bytes(t, "-", 1);
    text_unsigned(t, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void text_hexadecimal(trace_text *t, uint64_t n) {
    char digits[16];
    size_t at = sizeof digits;
    do digits[--at] = "0123456789abcdef"[n % 16];
    while (n /= 16);
    text_bytes(t, digits + at, sizeof digits - at);
}

void text_fixed(trace_text *t, double x, unsigned decimals) {
    static const double SCALES[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    double scaled = round(fabs(x) * SCALES[decimals]);
    if (scaled > 9e18) { /* beyond 64 bits; no decimals are left of a double anyway */
        char text[32];
        text_bytes(t, text, (size_t)snprintf(text, sizeof text, "%.9g", x));
        return;
    }
    uint64_t n = (uint64_t)scaled;
    char digits[24];
    size_t at = sizeof digits, end = sizeof digits;
    if (x < 0 && n) text_bytes(t, "-", 1);
    for (unsigned i = 0; i < decimals; i++, n /= 10) {
        digits[--at] = (char)('0' + n % 10);
        if (at + 1 == end && digits[at] == '0') end--; /* a zero at the end */
    }
    if (at < end)
        digits[--at] = '.';
    else
        at = end = sizeof digits;
    do digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    text_bytes(t, digits + at, end - at);
}

void text_quoted(trace_text *t, const char *text, char escape) {
    text_bytes(t, "\"", 1);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || (c == '\\' && escape == '\\')) text_bytes(t, &escape, 1);
        if (c < 0x20 && escape == '\\') {
            text_put(t, c < 0x10 ? "\\u000" : "\\u00");
            text_hexadecimal(t, c);
        } else {
            text_bytes(t, text, 1);
        }
    }
    text_bytes(t, "\"", 1);
}
