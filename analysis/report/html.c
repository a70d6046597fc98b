/* Escaped texts, and bytes as text. */
#include "html.h"

#include <stdarg.h>
#include <string.h>

void html_text(FILE *out, const char *text) {
    for (const char *c = text ? text : ""; *c; c++) {
        switch (*c) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\'': fputs("&#39;", out); break;
        default: putc((unsigned char)*c < ' ' && *c != '\n' && *c != '\t' ? ' ' : *c, out);
        }
    }
}

void html(FILE *out, const char *markup, ...) {
    va_list arguments;
    va_start(arguments, markup);
    for (const char *hole; (hole = strstr(markup, "{}")); markup = hole + 2) {
        fwrite(markup, 1, (size_t)(hole - markup), out);
        html_text(out, va_arg(arguments, const char *));
    }
    fputs(markup, out);
    va_end(arguments);
}

void html_base64(FILE *out, const void *bytes, size_t length) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < length; i += 3) {
        unsigned long three = (unsigned long)from[i] << 16;
        if (i + 1 < length) three |= (unsigned long)from[i + 1] << 8;
        if (i + 2 < length) three |= from[i + 2];
        putc(DIGITS[three >> 18], out);
        putc(DIGITS[three >> 12 & 63], out);
        putc(i + 1 < length ? DIGITS[three >> 6 & 63] : '=', out);
        putc(i + 2 < length ? DIGITS[three & 63] : '=', out);
    }
}
