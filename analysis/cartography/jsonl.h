/* Files with a JSON object a line. Internal to this folder. */
#ifndef PORTOLAN_JSONL_H
#define PORTOLAN_JSONL_H

#include "base/json.h"

/* A cursor over the lines of a text; `mark` is the place of the line last read. */
typedef struct jsonl_cursor {
    const char *at, *end;
    text_mark mark;
    portolan_error *err;
} jsonl_cursor;

/* The object of the next line that is not empty: a new reference. NULL at the end, or after an error (err->status). */
json_t *jsonl_next(jsonl_cursor *c);

/* A sample's name, under `key` or, where that is missing, under `other`: a text, or a whole number as text. Lives in
 * `memory`; NULL after an error. */
const char *jsonl_name(jsonl_cursor *c, const json_t *row, const char *key, const char *other, arena *memory);

/* A number under `key`, between bounds. */
bool jsonl_number(jsonl_cursor *c, const json_t *row, const char *key, double least, double most, double *x);

/* An upper bound of the number of lines of a text. */
size_t jsonl_lines(const char *text, size_t length);

#endif
