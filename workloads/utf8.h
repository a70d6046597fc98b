/* Well-formed UTF-8, for the files that hold texts. Private to this folder. */
#ifndef PORTOLAN_WORKLOADS_UTF8_H
#define PORTOLAN_WORKLOADS_UTF8_H

#include <stddef.h>
#include <utf8proc.h>

/* How many bytes from `text` on are well-formed UTF-8 without a NUL: `length`, or where the first fault
 * is. */
static inline size_t utf8_good(const char *text, size_t length) {
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    size_t at = 0;
    utf8proc_int32_t codepoint;
    while (at < length && bytes[at]) {
        utf8proc_ssize_t n = 1;
        if (bytes[at] >= 0x80) n = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(length - at), &codepoint);
        if (n < 1) break;
        at += (size_t)n;
    }
    return at;
}

#endif
