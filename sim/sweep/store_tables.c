/* Tables and cells of a sweep's store. A store may come from anywhere: nothing is read from it but through
 * the cells of a cursor, and nothing runs longer than its size can ask for. */
#include "store_tables.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *const POINT_STATUS_NAMES[] = {"waiting", "done", "failed", NULL};

enum { MOST_SETTING = SWEEP_MAX_POINTS - 1, MOST_ATTEMPTS = 1000000000 };

static const store_column NOTE_COLUMNS[] = {
    {"key", CELL_TEXT, 1, 100, false, "PRIMARY KEY"},
    {"value", CELL_TEXT, 0, 1000, false, ""},
    {0},
};
static const store_column SETTING_COLUMNS[] = {
    {"setting", CELL_WHOLE, 0, MOST_SETTING, false, "PRIMARY KEY"},
    {"parameters", CELL_JSON, 2, STORE_CELL, false, ""},
    {"hash", CELL_TEXT, 64, 64, true, ""},
    {0},
};
static const store_column POINT_COLUMNS[] = {
    {"point", CELL_WHOLE, 0, MOST_SETTING, false, "PRIMARY KEY"},
    {"setting", CELL_WHOLE, 0, MOST_SETTING, false, ""},
    {"seed", CELL_SEED, 0, 0, false, ""},
    {"status", CELL_TEXT, 4, 7, false, "DEFAULT 'waiting' CHECK(status IN ('waiting', 'done', 'failed'))"},
    {"error", CELL_TEXT, 0, 10000, true, ""},
    {"host", CELL_TEXT, 0, 255, true, ""},
    {"seconds", CELL_NUMBER, 0, 1e12, true, ""},
    {"attempts", CELL_WHOLE, 0, MOST_ATTEMPTS, false, "DEFAULT 0"},
    {0},
};
static const store_column RESULT_COLUMNS[] = {
    {"point", CELL_WHOLE, 0, MOST_SETTING, false, ""},
    {"position", CELL_WHOLE, 0, SCENARIO_MAX_POLICIES - 1, false, ""},
    {"policy", CELL_TEXT, 1, 1000, false, ""},
    {"type", CELL_TEXT, 1, 100, false, ""},
    {0},
};

/* A line a version; tests/sim/test_schema.c says when there must be a new one. */
static const char *const STORE_HISTORY[] = {
    "", /* 1: of all columns until there were fingerprints */
    "d506926774afafba",
    NULL,
};
const schema STORE_SCHEMA = {"run the sweep again, in another folder", STORE_HISTORY};

const store_table NOTES = {"notes", NOTE_COLUMNS, false, ") WITHOUT ROWID"};
const store_table SETTINGS = {"settings", SETTING_COLUMNS, false, ")"};
const store_table POINTS = {"points", POINT_COLUMNS, false, ")"};
const store_table RESULTS = {"results", RESULT_COLUMNS, true, ", PRIMARY KEY(point, position)) WITHOUT ROWID"};

/* The table's column number `place`, of those from METRICS too; its name is NULL beyond the last. */
static store_column column_at(const store_table *table, size_t place) {
    size_t i = 0;
    for (; table->columns[i].name; i++)
        if (i == place) return table->columns[i];
    if (!table->has_metrics) return (store_column){0};
    for (const metric *m = METRICS; m->key; m++)
        if (i++ == place) return (store_column){m->key, CELL_NUMBER, -INFINITY, INFINITY, true, ""};
    return (store_column){0};
}

/* ---- SQL ---- */

static void put_declaration(FILE *sql, const store_column *c) {
    static const char *const TYPES[] = {"INTEGER", "INTEGER", "REAL", "TEXT", "TEXT"};
    fprintf(sql, "\"%s\" %s%s%s%s", c->name, TYPES[c->kind], c->optional ? "" : " NOT NULL", *c->rules ? " " : "",
            c->rules);
}

static void put_columns(FILE *sql, const store_table *table) {
    store_column c;
    for (size_t i = 0; (c = column_at(table, i)).name; i++) fprintf(sql, "%s\"%s\"", i ? ", " : "", c.name);
}

/* The text of an open_memstream; NULL if memory was short. */
static char *end_text(FILE *f, char **text) {
    bool ok = f && !ferror(f);
    if (f && fclose(f) != 0) ok = false;
    if (ok) return *text;
    free(*text);
    return NULL;
}

char *store_tables_sql(void) {
    static const store_table *const TABLES[] = {&NOTES, &SETTINGS, &POINTS, &RESULTS};
    char *text = NULL;
    size_t size;
    FILE *sql = open_memstream(&text, &size);
    for (size_t k = 0; sql && k < sizeof TABLES / sizeof *TABLES; k++) {
        store_column c;
        fprintf(sql, "CREATE TABLE %s(", TABLES[k]->name);
        for (size_t i = 0; (c = column_at(TABLES[k], i)).name; i++) {
            if (i) fputs(", ", sql);
            put_declaration(sql, &c);
        }
        fprintf(sql, "%s;\n", TABLES[k]->rules);
    }
    return end_text(sql, &text);
}

char *store_results_insertion(void) {
    char *text = NULL;
    size_t size;
    FILE *sql = open_memstream(&text, &size);
    if (sql) fputs("INSERT INTO results VALUES(", sql);
    for (size_t i = 0; sql && column_at(&RESULTS, i).name; i++) fputs(i ? ", ?" : "?", sql);
    if (sql) fputc(')', sql);
    return end_text(sql, &text);
}

char *store_results_copy(const char *from) {
    char *text = NULL;
    size_t size;
    FILE *sql = open_memstream(&text, &size);
    if (!sql) return NULL;
    fputs("INSERT INTO results SELECT now", sql);
    for (size_t i = RESULT_POSITION; column_at(&RESULTS, i).name; i++)
        fprintf(sql, ", \"%s\"", column_at(&RESULTS, i).name);
    fprintf(sql, " FROM %s JOIN moved ON was = point", from);
    return end_text(sql, &text);
}

/* ---- Errors ---- */

bool store_damaged(const sweep_store *t, portolan_error *err, const char *format, ...) {
    char what[800];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return error_run(err, "%s is damaged, or not Portolan's (%s); it was left as it is: move it away and start anew",
                     t->path, what);
}

bool store_error(const sweep_store *t, const char *doing, portolan_error *err) {
    int code = sqlite3_errcode(t->db);
    const char *why = sqlite3_errmsg(t->db);
    bool full = code == SQLITE_FULL || (code == SQLITE_IOERR && sqlite3_system_errno(t->db) == ENOSPC);
    switch (code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return store_damaged(t, err, "%s", why);
    case SQLITE_INTERRUPT: return store_damaged(t, err, "it takes longer to read than a store of its size can");
    case SQLITE_TOOBIG: return store_damaged(t, err, "it holds more than %d bytes in one cell", STORE_CELL);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_run(err, "%s cannot be %s: another program has locked it; close it there, and try again%s",
                         t->path, doing, t->has_plan ? "; what was stored before is kept" : "");
    default:
        return error_run(err, "%s cannot be %s: %s%s", t->path, doing, full ? "no space left on the disk" : why,
                         t->has_plan ? "; what was stored before is kept, --resume goes on with it" : "");
    }
}

/* ---- Statements ---- */

/* SQLite calls this every TICK of its instructions; true ends the statement. */
enum { TICK = 100000 };
static int is_too_long(void *store) {
    sweep_store *t = store;
    t->ticks++;
    /* some dozens of instructions for each byte and for each row to be written, and what an empty store takes */
    return t->ticks > 3000 + (t->bytes + 200 * (uint64_t)t->points) * 30 / TICK;
}

void store_limit(sweep_store *t) {
    static const struct {
        int limit, value;
    } LIMITS[] = {
        {SQLITE_LIMIT_LENGTH, STORE_CELL}, {SQLITE_LIMIT_SQL_LENGTH, 1 << 16}, {SQLITE_LIMIT_COLUMN, STORE_PLACES},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},    {SQLITE_LIMIT_ATTACHED, 0},         {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
    };
    static const struct {
        int option, value;
    } OPTIONS[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    for (size_t i = 0; i < sizeof LIMITS / sizeof *LIMITS; i++) sqlite3_limit(t->db, LIMITS[i].limit, LIMITS[i].value);
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++)
        sqlite3_db_config(t->db, OPTIONS[i].option, OPTIONS[i].value, NULL);
    sqlite3_busy_timeout(t->db, 5000); /* somebody may look at it with another program */
    sqlite3_progress_handler(t->db, TICK, is_too_long, t);
}

bool store_run(sweep_store *t, const char *sql, portolan_error *err) {
    t->ticks = 0;
    return sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_error(t, "written", err);
}

sqlite3_stmt *store_prepare(sweep_store *t, const char *sql, portolan_error *err) {
    sqlite3_stmt *statement = NULL;
    t->ticks = 0;
    if (sqlite3_prepare_v2(t->db, sql, -1, &statement, NULL) != SQLITE_OK) store_error(t, "read", err);
    return statement;
}

void store_bind(sqlite3_stmt *q, int place, const char *text) {
    sqlite3_bind_text(q, place, text, -1, SQLITE_TRANSIENT); /* NULL for NULL */
}

bool store_step(sweep_store *t, sqlite3_stmt *statement, portolan_error *err) {
    t->ticks = 0;
    bool ok = sqlite3_step(statement) == SQLITE_DONE || store_error(t, "written", err);
    sqlite3_reset(statement);
    return ok;
}

bool store_finish(sweep_store *t, bool ok, portolan_error *err) {
    ok = ok && store_run(t, "COMMIT", err);
    if (!ok) sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

/* ---- Rows ---- */

bool cursor_open(store_cursor *c, sweep_store *t, const store_table *table, const char *rest, portolan_error *err) {
    char *text = NULL;
    size_t size;
    *c = (store_cursor){.t = t, .table = table};
    FILE *sql = open_memstream(&text, &size);
    if (sql) {
        fputs("SELECT ", sql);
        put_columns(sql, table);
        fprintf(sql, " FROM main.%s %s", table->name, rest);
    }
    text = end_text(sql, &text);
    if (!text) return error_memory(err, STORE_PLACES);
    c->q = store_prepare(t, text, err);
    free(text);
    return c->q != NULL;
}

bool cursor_next(store_cursor *c, portolan_error *err) {
    int code = sqlite3_step(c->q);
    c->there = code == SQLITE_ROW;
    c->row += c->there;
    if (c->there || code == SQLITE_DONE) return true;
    if (code == SQLITE_TOOBIG)
        return store_damaged(c->t, err, "table %s, row %zu has more than %d bytes in a cell", c->table->name,
                             c->row + 1, STORE_CELL);
    return store_error(c->t, "read", err);
}

void cursor_close(store_cursor *c) {
    sqlite3_finalize(c->q);
    c->q = NULL;
}

/* A cell as it is told in an error: a number, a short text, or what else it is. */
static void describe(const store_cursor *c, int place, char *into, size_t size) {
    int type = sqlite3_column_type(c->q, place), bytes = sqlite3_column_bytes(c->q, place);
    const char *text = type == SQLITE_TEXT ? (const char *)sqlite3_column_text(c->q, place) : NULL;
    switch (type) {
    case SQLITE_INTEGER: snprintf(into, size, "%lld", (long long)sqlite3_column_int64(c->q, place)); break;
    case SQLITE_FLOAT: snprintf(into, size, "%.9g", sqlite3_column_double(c->q, place)); break;
    case SQLITE_NULL: snprintf(into, size, "NULL"); break;
    case SQLITE_BLOB: snprintf(into, size, "a blob of %d bytes", bytes); break;
    default:
        if (text && bytes <= 40 && store_is_plain(text, (size_t)bytes, false))
            snprintf(into, size, "'%s'", text);
        else
            snprintf(into, size, "a text of %d bytes", bytes);
    }
}

bool cell_wrong(const store_cursor *c, int place, const char *wanted, portolan_error *err) {
    char found[64];
    describe(c, place, found, sizeof found);
    return store_damaged(c->t, err, "table %s, row %zu, column %s is %s; %s is wanted", c->table->name, c->row,
                         column_at(c->table, (size_t)place).name, found, wanted);
}

/* Whether a cell has its column's type, or is NULL where it may be. */
static bool check_type(const store_cursor *c, int place, const store_column *column, portolan_error *err) {
    static const char *const NAMES[] = {"a whole number", "a whole number", "a number", "a text", "a text"};
    int type = sqlite3_column_type(c->q, place);
    bool is_text = column->kind == CELL_TEXT || column->kind == CELL_JSON, good = false;
    if (type == SQLITE_NULL) good = column->optional;
    if (type == SQLITE_FLOAT) good = column->kind == CELL_NUMBER;
    if (type == SQLITE_TEXT) good = is_text;
    if (type == SQLITE_INTEGER) good = !is_text;
    return good || cell_wrong(c, place, NAMES[column->kind], err);
}

bool cell_whole(const store_cursor *c, int place, size_t *into, portolan_error *err) {
    store_column column = column_at(c->table, (size_t)place);
    char wanted[96];
    if (!check_type(c, place, &column, err)) return false;
    sqlite3_int64 n = sqlite3_column_int64(c->q, place);
    *into = (size_t)n;
    if (n >= (sqlite3_int64)column.least && n <= (sqlite3_int64)column.most) return true;
    snprintf(wanted, sizeof wanted, "a whole number from %.0f to %.0f", column.least, column.most);
    return cell_wrong(c, place, wanted, err);
}

bool cell_seed(const store_cursor *c, int place, uint64_t *into, portolan_error *err) {
    store_column column = column_at(c->table, (size_t)place);
    *into = (uint64_t)sqlite3_column_int64(c->q, place);
    return check_type(c, place, &column, err);
}

bool cell_number(const store_cursor *c, int place, double *into, portolan_error *err) {
    store_column column = column_at(c->table, (size_t)place);
    char wanted[96];
    *into = NAN;
    if (!check_type(c, place, &column, err)) return false;
    if (sqlite3_column_type(c->q, place) == SQLITE_NULL) return true;
    *into = sqlite3_column_double(c->q, place);
    if (isfinite(*into) && *into >= column.least && *into <= column.most) return true;
    snprintf(wanted, sizeof wanted, "a finite number from %g to %g", column.least, column.most);
    return cell_wrong(c, place, wanted, err);
}

/* The length of the character at `text`, or 0 if it is not to be there. */
static size_t plain_length(const char *text, bool breaks) {
    size_t n = utf8_length(text);
    unsigned char first = (unsigned char)text[0], second = n == 2 ? (unsigned char)text[1] : 0;
    bool high_control = first == 0xc2 && second < 0xa0; /* U+0080 to U+009F */
    if (breaks && (first == '\t' || first == '\n' || first == '\r' || (high_control && second == 0x85))) return n;
    return first < ' ' || first == 127 || high_control ? 0 : n;
}

bool store_is_plain(const char *text, size_t length, bool breaks) {
    size_t i = 0, n = 1;
    for (; i < length && n; i += n) n = plain_length(text + i, breaks);
    return n > 0;
}

void store_make_plain(char *text) {
    for (size_t n; *text; text += n ? n : 1) {
        n = plain_length(text, false);
        if (!n) *text = (unsigned char)*text < 0x80 ? ' ' : '?';
    }
}

bool cell_text(const store_cursor *c, int place, const char **into, portolan_error *err) {
    store_column column = column_at(c->table, (size_t)place);
    char wanted[96];
    *into = NULL;
    if (!check_type(c, place, &column, err)) return false;
    if (sqlite3_column_type(c->q, place) == SQLITE_NULL) return true;
    *into = (const char *)sqlite3_column_text(c->q, place);
    size_t bytes = (size_t)sqlite3_column_bytes(c->q, place);
    if (!*into) return error_memory(err, bytes);
    if (!store_is_plain(*into, bytes, column.kind == CELL_JSON))
        return cell_wrong(c, place, "UTF-8 without control characters", err);
    if ((double)bytes >= column.least && (double)bytes <= column.most) return true;
    snprintf(wanted, sizeof wanted, "a text of %.0f to %.0f bytes", column.least, column.most);
    return cell_wrong(c, place, wanted, err);
}

bool cell_status(const store_cursor *c, point_status *into, portolan_error *err) {
    const char *name;
    if (!cell_text(c, POINT_STATUS, &name, err)) return false;
    for (int i = 0; POINT_STATUS_NAMES[i]; i++) {
        *into = (point_status)i;
        if (strcmp(name, POINT_STATUS_NAMES[i]) == 0) return true;
    }
    return cell_wrong(c, POINT_STATUS, "waiting, done or failed", err);
}
