/* Escaped texts, and pictures inside a page. */
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

/* What an id, or a reference to one, stands behind in gnuplot's files. */
static size_t before_id(const char *at) {
    static const char *const MARKS[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#", "url('#"};
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++)
        if (strncmp(at, MARKS[i], strlen(MARKS[i])) == 0) return strlen(MARKS[i]);
    return 0;
}

bool html_svg(FILE *out, const char *svg, const char *prefix, const char *label) {
    static const char OPEN[] = "<svg";
    const char *at = strstr(svg, OPEN);
    if (!at) return false;
    if (label)
        html(out, "<svg role=\"img\" aria-label=\"{}\"", label);
    else
        fputs("<svg aria-hidden=\"true\"", out);
    for (at += sizeof OPEN - 1; *at;) {
        size_t mark = before_id(at);
        if (mark) {
            fwrite(at, 1, mark, out);
            fprintf(out, "%s-", prefix);
            at += mark;
        } else {
            putc(*at++, out);
        }
    }
    return true;
}
