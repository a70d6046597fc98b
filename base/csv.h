/* Reads CSV files with a header line row by row, however long they are, and writes their texts. */
#ifndef PORTOLAN_BASE_CSV_H
#define PORTOLAN_BASE_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

enum {
    CSV_MAX_COLUMNS = 256,
    CSV_MAX_LINE = 16 << 20, /* bytes */
};

typedef struct csv_reader {
    FILE *file;
    char *header, *line; /* owned; the names and fields point into them */
    size_t room;
    text_mark mark; /* of the row last read */
    size_t columns;
    char *names[CSV_MAX_COLUMNS + 1]; /* NULL behind the last */
    char *fields[CSV_MAX_COLUMNS];
} csv_reader;

typedef enum csv_state { CSV_ROW, CSV_END, CSV_FAILED } csv_state;

/* Opens a regular file and reads its header line. `path` is borrowed until csv_close. On failure nothing
 * is left open. */
bool csv_open(csv_reader *r, const char *path, portolan_error *err);

/* The first column of that name, whether its letters are large or small; an error that lists what there
 * is. */
bool csv_column(const csv_reader *r, const char *name, size_t *column, portolan_error *err);

/* Reads the next row into r->fields (valid until the next call). Fields may be quoted, without line breaks in
 * them; every row has as many as the header. Empty lines are skipped, unless there is only one column. A line longer than
 * CSV_MAX_LINE, or with a NUL byte, is an error. */
csv_state csv_next(csv_reader *r, portolan_error *err);

/* Where a field of the row begins. */
text_mark csv_mark(const csv_reader *r, size_t column);

/* A field of the row as a number; empty is NaN. */
bool csv_number(const csv_reader *r, size_t column, double *x, portolan_error *err);

/* A field as a latitude or longitude, from -most to most; an empty one is an error. */
bool csv_degrees(const csv_reader *r, size_t column, double most, double *degrees, portolan_error *err);

void csv_close(csv_reader *r);

/* Writes one field, quoted where it must be (RFC 4180); NULL is an empty one. Whether that went well, the
 * stream knows. */
void csv_put(FILE *out, const char *text);

#endif
