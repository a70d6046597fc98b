/* The tables of a sweep's store: what each column holds, from which the tables are made, and by which each
 * cell is checked as it is read. Internal to the files of the store. */
#ifndef PORTOLAN_SWEEP_STORE_TABLES_H
#define PORTOLAN_SWEEP_STORE_TABLES_H

#include <sqlite3.h>

#include "base/schema.h"
#include "store.h"

typedef enum cell_kind {
    CELL_WHOLE, /* a whole number within bounds */
    CELL_SEED,  /* 64 bits */
    CELL_NUMBER,
    CELL_TEXT, /* UTF-8 without control characters */
    CELL_JSON, /* the same, or with line breaks and tabs, as texts of YAML may have them */
} cell_kind;

typedef struct store_column {
    const char *name;
    cell_kind kind;
    double least, most; /* of a number; of a text, of its bytes */
    bool optional;      /* may be NULL */
    const char *rules;  /* of its declaration, beyond type and NOT NULL */
} store_column;

typedef struct store_table {
    const char *name;
    const store_column *columns; /* the last one's name is NULL */
    bool has_metrics;            /* a column each of METRICS comes after them */
    const char *rules;           /* of its declaration, after the columns */
} store_table;

extern const store_table NOTES, SETTINGS, POINTS, RESULTS;
enum { NOTE_KEY, NOTE_VALUE };
enum { SETTING_NUMBER, SETTING_PARAMETERS, SETTING_HASH };
enum { POINT_NUMBER, POINT_SETTING, POINT_SEED, POINT_STATUS, POINT_ERROR, POINT_HOST, POINT_SECONDS, POINT_ATTEMPTS };
enum { RESULT_POINT, RESULT_POSITION, RESULT_POLICY, RESULT_TYPE, RESULT_METRICS };

/* The version of the tables, SQLite's user_version of a store. */
extern const schema STORE_SCHEMA;

enum { STORE_CELL = 1 << 20 /* most bytes of a row */, STORE_PLACES = 128 /* most columns */ };

/* All tables, as SQL that makes them (free() it); NULL if memory is short. */
char *store_tables_sql(void);

/* ---- Statements ---- */

/* What has gone wrong while the store was `doing` ("read", "written"), by SQLite's words. Always returns
 * false. */
bool store_error(const sweep_store *t, const char *doing, portolan_error *err);

/* The store holds what Portolan does not write. Always returns false. */
bool store_damaged(const sweep_store *t, portolan_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives SQLite the limits within which each of the following statements must keep. */
void store_limit(sweep_store *t);

bool store_run(sweep_store *t, const char *sql, portolan_error *err);

/* Prepares a statement; NULL with an error. */
sqlite3_stmt *store_prepare(sweep_store *t, const char *sql, portolan_error *err);

/* Runs a bound statement that returns no rows, and makes it ready for the next. */
bool store_step(sweep_store *t, sqlite3_stmt *statement, portolan_error *err);

/* Whether a text, NUL-terminated beyond `length`, is UTF-8 and holds nothing that could steer a terminal;
 * `breaks` allows line breaks and tabs. */
bool store_is_plain(const char *text, size_t length, bool breaks);

/* Makes it so, with a space or a question mark for what is not. */
void store_make_plain(char *text);

/* Binds a text, or NULL; `place` counts from 1, as everywhere in SQLite's statements. */
void store_bind(sqlite3_stmt *q, int place, const char *text);

/* A statement for a row of all columns of RESULTS, and one that copies those of the table `from`, under new
 * numbers of their points; free() the latter. */
char *store_results_insertion(void);
char *store_results_copy(const char *from);

/* Ends a transaction: with all of it if `ok`, else with nothing. */
bool store_finish(sweep_store *t, bool ok, portolan_error *err);

/* ---- Rows ---- */

/* The rows of a table, all its columns, in the order of the query. */
typedef struct store_cursor {
    sweep_store *t;
    const store_table *table;
    sqlite3_stmt *q;
    size_t row; /* read so far */
    bool there; /* whether there is a row now */
} store_cursor;

/* `rest` is what follows the table's name: "WHERE ... ORDER BY ...". Close it, even after a failure. */
bool cursor_open(store_cursor *c, sweep_store *t, const store_table *table, const char *rest, portolan_error *err);
bool cursor_next(store_cursor *c, portolan_error *err);
void cursor_close(store_cursor *c);

/* A cell of the present row, if it is what its column allows; else the error names store, table, row and
 * column. A number that is NULL is NaN; a text that is NULL is NULL, others live until the next row. */
bool cell_whole(const store_cursor *c, int place, size_t *into, portolan_error *err);
bool cell_seed(const store_cursor *c, int place, uint64_t *into, portolan_error *err);
bool cell_number(const store_cursor *c, int place, double *into, portolan_error *err);
bool cell_text(const store_cursor *c, int place, const char **into, portolan_error *err);

/* The present row is damaged: its cell at `place` is not what it should be. Always returns false. */
bool cell_wrong(const store_cursor *c, int place, const char *wanted, portolan_error *err);

/* The status that a point's row has. */
bool cell_status(const store_cursor *c, point_status *into, portolan_error *err);

/* ---- The plan ---- */

/* Reads the plan of a store that has one: numbers of settings and points, and the status of each point. */
bool store_read_plan(sweep_store *t, portolan_error *err);

/* What differs between the store's plan and the sweep's: "settings", "seeds" or NULL. */
bool store_compare_plan(sweep_store *t, const sweep *w, const char **differ, portolan_error *err);

bool store_write_hash(sweep_store *t, size_t setting, const char *hash, portolan_error *err);

#endif
