/* A data set being filled row by row, whatever the form of its file. Private to this folder. */
#ifndef PORTOLAN_WORKLOADS_DATASET_ROWS_H
#define PORTOLAN_WORKLOADS_DATASET_ROWS_H

#include "workloads.h"

/* One of DATASET_TASKS: the columns of its own files, and what its labels mean. */
typedef struct dataset_task {
    const char *text_a, *text_b, *label; /* text_b: NULL for single texts */
    const char *const *classes;          /* NULL in the generic forms, which learn them from the file */
    dataset_metric metric;
    bool headless;  /* no header: columns are named by their place */
    bool unsettled; /* rows labelled "-" have no gold label and are left out */
    bool broken;    /* the official file has rows cut short; they are left out */
} dataset_task;

typedef enum dataset_column { COLUMN_A, COLUMN_B, COLUMN_LABEL, COLUMNS } dataset_column;

/* A piece of the file, or a text of a JSON value; `at` is NULL if it is absent. */
typedef struct field {
    const char *at;
    size_t length;
    text_mark mark;
} field;

/* Limits on what is read, ours. */
enum { DATASET_MAX_CLASSES = OUTCOME_MAX_CLASSES, DATASET_MAX_ROWS = 1 << 30 };

typedef struct row_reader {
    dataset *d;
    const dataset_task *task;
    const char *columns[COLUMNS]; /* names; COLUMN_B is NULL for single texts */
    bool b_if_there;              /* COLUMN_B is its default name, and dropped if the file has no such column */
    text_mark start;              /* of the file */
    portolan_error *err;
    class_list classes;    /* what labels mean, as the caller says */
    size_t left_out;       /* rows without a gold label, or cut short */
    const char **words;    /* generic: the labels in the order in which they came */
    text_mark *words_mark; /* where each came first */
} row_reader;

/* Makes place for `rows` rows; to be called once, when COLUMN_B is settled. */
bool rows_reserve(row_reader *r, size_t rows);

/* Labels (dataset_labels.c): open, then the rows, and when all have been read, settle, which decides the classes. Close is due
 * after a failed open too. */
bool labels_open(row_reader *r);

/* Adds a row, or leaves it out if it has no gold label. Texts are copied. */
bool rows_add(row_reader *r, const field fields[COLUMNS]);

bool labels_settle(row_reader *r);
void labels_close(row_reader *r);

/* Names the classes of a task: as given by the caller, or else the task's own. */
void labels_of_task(dataset *d, const char *const *names, const class_list *given);

/* Fails unless the field is UTF-8 without NUL bytes. */
bool check_text(row_reader *r, const field *f);

/* A copy of the field, which must be such a text. */
bool keep_text(row_reader *r, const field *f, const char **text);

bool same_text(const field *f, const char *word);

/* The forms in JSON (datasets_json.c): one object a line, or an object of all. */
bool rows_from_jsonl(row_reader *r, const char *text, size_t length);
bool rows_from_json(row_reader *r, const char *text, size_t length);

/* "there is no column 'x', did you mean 'y'?; ..."; `names` of what there is, NULL-terminated. */
bool rows_no_column(row_reader *r, text_mark mark, const char *kind, const char *wanted, const char *const *names);

#endif
