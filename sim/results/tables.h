/* The CSV files of a results folder that have rows of every policy. Each is one table of columns, from which header,
 * rows, `portolan list columns` and the check of the manual are drawn. Internal to sim/. */
#ifndef PORTOLAN_RESULTS_TABLES_H
#define PORTOLAN_RESULTS_TABLES_H

#include "sim/engine/engine.h"

typedef enum column_type {
    COLUMN_TEXT,   /* const char *; NULL is empty */
    COLUMN_COUNT,  /* uint64_t */
    COLUMN_NUMBER, /* double, 9 significant digits; NaN is empty */
} column_type;

typedef struct table_column {
    const char *name, *meaning;
    column_type type;
    size_t offset; /* in the table's struct of a row */
} table_column;

/* What one policy's run has left to be told. */
typedef struct policy_run {
    const scenario *s;
    const char *label;
    const request_record *records; /* [count], the counted ones */
    uint64_t count;
    const run_books *books;
} policy_run;

typedef struct result_table {
    const char *file, *rows;           /* rows: what a row stands for */
    const table_column *columns;       /* the last one's name is NULL */
    bool (*wanted)(const scenario *s); /* NULL: always written */
    bool (*write_rows)(const policy_run *run, FILE *out, portolan_error *err);
} result_table;

extern const result_table REQUESTS_TABLE, SAMPLES_TABLE, PLACES_LOAD_TABLE, SITES_TABLE;
extern const result_table *const RESULT_TABLES[]; /* NULL behind the last */

/* Whether a run of the scenario writes the table. */
bool table_is_wanted(const result_table *t, const scenario *s);

/* The header line; a row, from the table's struct. Whether that went well, the stream knows. */
void table_write_header(const result_table *t, FILE *out);
void table_write_row(const result_table *t, const void *row, FILE *out);

#endif
