/* HTML, written so that no text from outside can become markup. */
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

/* Writes an SVG file's <svg> element into a page: what stands before it is left out, `label` (may be NULL) is
 * what a screen reader says, and every id and reference to one begins with `prefix`, so that pictures do not
 * meet. False if `svg` has no <svg> element. */
bool html_svg(FILE *out, const char *svg, const char *prefix, const char *label);

#endif
