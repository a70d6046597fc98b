/* HTML, written so that no text from outside can become markup. Internal to this folder. */
#ifndef PORTOLAN_ANALYSIS_HTML_H
#define PORTOLAN_ANALYSIS_HTML_H

#include <stdbool.h>
#include <stdio.h>

/* Writes `text` with & < > " ' as entities, and control characters (but tab and line break) as spaces: right
 * for the content of an element and for a quoted attribute. NULL is written as nothing. */
void html_text(FILE *out, const char *text);

/* Writes `markup` with each {} replaced by the next argument, a text as html_text writes it. There are as
 * many arguments as {}. */
void html(FILE *out, const char *markup, ...);

/* Writes bytes in base 64 (RFC 4648), padded. */
void html_base64(FILE *out, const void *bytes, size_t length);

#endif
