/* The store of a sweep: one SQLite file in write-ahead mode, so that a kill at any moment leaves whole rows
 * only. */
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "sweep.h"

const char *const POINT_STATUS_NAMES[] = {"waiting", "done", "failed", NULL};

/* A change of these tables needs another number: an older store is then refused with a clear word. */
enum { STORE_VERSION = 1 };

static const char TABLES[] =
    "CREATE TABLE notes(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE settings(setting INTEGER PRIMARY KEY, parameters TEXT NOT NULL, hash TEXT);"
    "CREATE TABLE points(point INTEGER PRIMARY KEY, setting INTEGER NOT NULL, seed INTEGER NOT NULL,"
    " status TEXT NOT NULL DEFAULT 'waiting' CHECK(status IN ('waiting', 'done', 'failed')), error TEXT, host TEXT,"
    " seconds REAL, attempts INTEGER NOT NULL DEFAULT 0);";

static bool store_error(const sweep_store *t, const char *doing, portolan_error *err) {
    int code = sqlite3_errcode(t->db);
    const char *why = sqlite3_errmsg(t->db);
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        return error_run(err, "%s is damaged (%s); it was left as it is: move it away and start anew",
                         t->path, why);
    bool full = code == SQLITE_FULL || (code == SQLITE_IOERR && sqlite3_system_errno(t->db) == ENOSPC);
    return error_run(err, "%s cannot be %s: %s%s", t->path, doing, full ? "no space left on the disk" : why,
                     t->has_plan ? "; what was stored before is kept, --resume goes on with it" : "");
}

static bool run_sql(sweep_store *t, const char *sql, portolan_error *err) {
    return sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_error(t, "written", err);
}

/* Prepares a statement; NULL with an error. */
static sqlite3_stmt *prepare(sweep_store *t, const char *sql, portolan_error *err) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(t->db, sql, -1, &statement, NULL) != SQLITE_OK) store_error(t, "read", err);
    return statement;
}

static void bind_text(sqlite3_stmt *q, int place, const char *text) {
    sqlite3_bind_text(q, place, text, -1, SQLITE_TRANSIENT); /* NULL for NULL */
}

/* Runs a bound statement that returns no rows, and makes it ready for the next. */
static bool step(sweep_store *t, sqlite3_stmt *statement, portolan_error *err) {
    bool ok = sqlite3_step(statement) == SQLITE_DONE || store_error(t, "written", err);
    sqlite3_reset(statement);
    return ok;
}

/* The end of a transaction: all of it, or nothing. */
static bool finish(sweep_store *t, bool ok, portolan_error *err) {
    ok = ok && run_sql(t, "COMMIT", err);
    if (!ok) sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

static long long count(sweep_store *t, const char *sql) {
    sqlite3_stmt *q = NULL;
    long long n = -1;
    if (sqlite3_prepare_v2(t->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

/* ---- Opening and closing ---- */

static bool open_database(sweep_store *t, int flags, portolan_error *err) {
    if (sqlite3_open_v2(t->path, &t->db, flags, NULL) != SQLITE_OK) return store_error(t, "opened", err);
    sqlite3_busy_timeout(t->db, 10000); /* somebody may look at it with another program */
    sqlite3_stmt *q = prepare(t, "PRAGMA quick_check(1)", err);
    if (!q) return false;
    bool sound = sqlite3_step(q) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0;
    if (!sound && sqlite3_errcode(t->db) == SQLITE_ROW)
        error_run(err, "%s is damaged (%.200s); it was left as it is: move it away and start anew", t->path,
                  (const char *)sqlite3_column_text(q, 0));
    else if (!sound)
        store_error(t, "read", err);
    sqlite3_finalize(q);
    return sound;
}

static bool check_version(sweep_store *t, portolan_error *err) {
    long long tables = count(t, "SELECT count(*) FROM sqlite_master"),
              version = count(t, "PRAGMA user_version");
    if (tables < 0 || version < 0) return store_error(t, "read", err);
    t->has_plan = tables > 0;
    if (!tables || version == STORE_VERSION) return true;
    return error_run(err, "%s was not written by this version of Portolan (its number is %lld, not %d)",
                     t->path, version, STORE_VERSION);
}

static bool name_store(sweep_store *t, const char *folder, portolan_error *err) {
    *t = (sweep_store){0};
    return path_format(t->folder, sizeof t->folder, err, "%s", folder) &&
           path_format(t->path, sizeof t->path, err, "%s/sweep.sqlite", folder);
}

/* SQLite would follow a link and open a device. */
static bool check_file(const sweep_store *t, portolan_error *err) {
    struct stat st;
    return (lstat(t->path, &st) == 0 && S_ISREG(st.st_mode)) ||
           error_usage(err, "%s: is not a regular file; the store of a sweep is wanted", t->path);
}

static bool open_for_writing(sweep_store *t, portolan_error *err) {
    return open_database(t, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) &&
           run_sql(t, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", err) && check_version(t, err);
}

bool store_open(sweep_store *t, const char *folder, portolan_error *err) {
    if (!name_store(t, folder, err) || !folder_make(folder, err) ||
        !lock_take(&t->lock, folder, "sweep", "running a sweep", err))
        return false;
    struct stat st;
    bool existed = lstat(t->path, &st) == 0;
    if ((!existed || check_file(t, err)) && open_for_writing(t, err)) return true;
    if (!existed) unlink(t->path);
    store_close(t);
    return false;
}

bool store_open_for_reading(sweep_store *t, const char *folder, portolan_error *err) {
    if (!name_store(t, folder, err)) return false;
    if (access(t->path, F_OK) != 0)
        return error_usage(err, "%s: there is no sweep in this folder (%s)", folder, strerror(errno));
    if (check_file(t, err) && open_database(t, SQLITE_OPEN_READWRITE, err) && check_version(t, err) &&
        (t->has_plan || error_usage(err, "%s holds no sweep yet", t->path)))
        return true;
    store_close(t);
    return false;
}

void store_close(sweep_store *t) {
    /* a plain file can also be read from a folder that cannot be written */
    if (t->db && t->lock.taken) sqlite3_exec(t->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    sqlite3_close(t->db);
    lock_release(&t->lock);
    free(t->status);
    *t = (sweep_store){0};
}

/* ---- The plan ---- */

static bool make_tables(sweep_store *t, portolan_error *err) {
    char sql[4096];
    size_t n = (size_t)snprintf(
        sql, sizeof sql,
        "%s CREATE TABLE results(point INTEGER, position INTEGER, policy TEXT NOT NULL, type TEXT NOT NULL",
        TABLES);
    for (const metric *m = METRICS; m->key && n < sizeof sql; m++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", \"%s\" REAL", m->key);
    snprintf(sql + n, n < sizeof sql ? sizeof sql - n : 0,
             ", PRIMARY KEY(point, position)) WITHOUT ROWID; PRAGMA user_version = %d", STORE_VERSION);
    return run_sql(t, sql, err);
}

static bool insert_settings(sweep_store *t, const sweep *w, portolan_error *err) {
    sqlite3_stmt *q = prepare(t, "INSERT INTO settings(setting, parameters) VALUES(?, ?)", err);
    bool ok = q != NULL;
    for (size_t i = 0; ok && i < w->setting_count; i++) {
        json_t *parameters = sweep_parameters(w, i);
        char *text = json_dumps(parameters, JSON_COMPACT);
        sqlite3_bind_int64(q, 1, (sqlite3_int64)i);
        sqlite3_bind_text(q, 2, text, -1, SQLITE_TRANSIENT);
        ok = (text || error_memory(err, 0)) && step(t, q, err);
        free(text);
        json_decref(parameters);
    }
    sqlite3_finalize(q);
    return ok;
}

static bool insert_points(sweep_store *t, const sweep *w, portolan_error *err) {
    sqlite3_stmt *q = prepare(t, "INSERT INTO points(point, setting, seed) VALUES(?, ?, ?)", err);
    bool ok = q != NULL;
    for (size_t i = 0; ok && i < sweep_points(w); i++) {
        sqlite3_bind_int64(q, 1, (sqlite3_int64)i);
        sqlite3_bind_int64(q, 2, (sqlite3_int64)setting_of(w, i));
        sqlite3_bind_int64(q, 3, (sqlite3_int64)w->seeds[seed_of(w, i)]);
        ok = step(t, q, err);
    }
    sqlite3_finalize(q);
    return ok;
}

static bool insert_plan(sweep_store *t, const sweep *w, portolan_error *err) {
    return make_tables(t, err) && insert_settings(t, w, err) && insert_points(t, w, err) &&
           store_note(t, "name", w->name, err);
}

/* The status of every point, kept in memory. */
static bool read_status(sweep_store *t, const sweep *w, portolan_error *err) {
    free(t->status);
    t->status = calloc(sweep_points(w), 1);
    if (!t->status) return error_memory(err, sweep_points(w));
    sqlite3_stmt *q = prepare(t, "SELECT point, status FROM points WHERE status <> 'waiting'", err);
    if (!q) return false;
    int code;
    while ((code = sqlite3_step(q)) == SQLITE_ROW) {
        size_t point = (size_t)sqlite3_column_int64(q, 0);
        bool done = strcmp((const char *)sqlite3_column_text(q, 1), "done") == 0;
        if (point < sweep_points(w)) t->status[point] = done ? POINT_DONE : POINT_FAILED;
    }
    bool ok = code == SQLITE_DONE || store_error(t, "read", err);
    sqlite3_finalize(q);
    return ok;
}

bool store_plan(sweep_store *t, const sweep *w, portolan_error *err) {
    bool ok = run_sql(t, "BEGIN IMMEDIATE", err) && finish(t, insert_plan(t, w, err), err);
    if (!ok) return false;
    t->has_plan = true;
    return read_status(t, w, err);
}

/* ---- Resuming ---- */

/* Whether the query's rows are just these (number, text) pairs, in this order. */
static bool same_settings(sweep_store *t, const sweep *w, bool *same, portolan_error *err) {
    sqlite3_stmt *q = prepare(t, "SELECT parameters FROM settings ORDER BY setting", err);
    if (!q) return false;
    size_t i = 0;
    *same = true;
    for (; sqlite3_step(q) == SQLITE_ROW && *same; i++) {
        json_t *parameters = i < w->setting_count ? sweep_parameters(w, i) : NULL;
        char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;
        *same = text && strcmp(text, (const char *)sqlite3_column_text(q, 0)) == 0;
        free(text);
        json_decref(parameters);
    }
    *same = *same && i == w->setting_count;
    sqlite3_finalize(q);
    return true;
}

static bool same_seeds(sweep_store *t, const sweep *w, bool *same, portolan_error *err) {
    sqlite3_stmt *q = prepare(t, "SELECT seed FROM points WHERE setting = 0 ORDER BY point", err);
    if (!q) return false;
    size_t i = 0;
    *same = true;
    for (; sqlite3_step(q) == SQLITE_ROW && *same; i++)
        *same = i < w->seed_count && (uint64_t)sqlite3_column_int64(q, 0) == w->seeds[i];
    *same = *same && i == w->seed_count;
    sqlite3_finalize(q);
    return true;
}

/* Copies the results of points that are in the new plan, too, under their new numbers. */
static bool move_results(sweep_store *t, portolan_error *err) {
    char sql[2048];
    size_t n = (size_t)snprintf(sql, sizeof sql, "INSERT INTO results SELECT now, position, policy, type");
    for (const metric *m = METRICS; m->key && n < sizeof sql; m++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", \"%s\"", m->key);
    snprintf(sql + n, n < sizeof sql ? sizeof sql - n : 0, " FROM old_results JOIN moved ON was = point");
    return run_sql(t, sql, err);
}

/* Lays the new plan out, and carries over what is known of points that have the same parameters and seed.
 * */
static bool replace_plan(sweep_store *t, const sweep *w, portolan_error *err) {
    static const char ASIDE[] =
        "ALTER TABLE settings RENAME TO old_settings; ALTER TABLE points RENAME TO old_points;"
        "ALTER TABLE results RENAME TO old_results; DROP TABLE notes";
    static const char BACK[] =
        "CREATE INDEX by_parameters ON settings(parameters); CREATE INDEX by_setting ON points(setting, seed);"
        "CREATE TEMP TABLE moved AS SELECT o.point AS was, p.point AS now FROM old_points o"
        " JOIN old_settings os USING(setting) JOIN settings s ON s.parameters = os.parameters"
        " JOIN points p ON p.setting = s.setting AND p.seed = o.seed WHERE o.status <> 'waiting';"
        "UPDATE settings SET hash = (SELECT hash FROM old_settings o WHERE o.parameters = settings.parameters);"
        "UPDATE points SET (status, error, host, seconds, attempts) ="
        " (SELECT o.status, o.error, o.host, o.seconds, o.attempts FROM old_points o JOIN moved ON was = o.point"
        "  WHERE now = points.point) WHERE point IN (SELECT now FROM moved);";
    static const char CLEAN[] =
        "DROP TABLE moved; DROP TABLE old_results; DROP TABLE old_points; DROP TABLE old_settings;"
        "DROP INDEX by_parameters; DROP INDEX by_setting";
    bool ok = run_sql(t, "BEGIN IMMEDIATE", err);
    return ok && finish(t,
                        run_sql(t, ASIDE, err) && insert_plan(t, w, err) && run_sql(t, BACK, err) &&
                            move_results(t, err) && run_sql(t, CLEAN, err),
                        err);
}

static bool write_hash(sweep_store *t, size_t setting, const char *hash, portolan_error *err) {
    sqlite3_stmt *q = prepare(t, "UPDATE settings SET hash = ? WHERE setting = ?", err);
    if (!q) return false;
    bind_text(q, 1, hash);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)setting);
    bool ok = step(t, q, err);
    sqlite3_finalize(q);
    return ok;
}

static bool hash_of_setting(sweep_loader *loader, size_t setting, char hash[FILE_HASH_TEXT],
                            portolan_error *err) {
    scenario *s = point_load(loader, setting, err); /* with the first seed, which does not count */
    bool ok = s && scenario_hash(s, hash, err);
    if (s) point_release(loader, s);
    return ok;
}

/* Compares the hashes of settings that have results with what the inputs give now; `accept`: writes the new
 * ones. */
static bool check_hashes(sweep_store *t, const sweep *w, bool accept, portolan_error *err) {
    sweep_loader loader = {.w = w};
    sqlite3_stmt *q =
        prepare(t, "SELECT setting, hash FROM settings WHERE hash IS NOT NULL ORDER BY setting", err);
    bool ok = q != NULL;
    while (ok && sqlite3_step(q) == SQLITE_ROW) {
        char now[FILE_HASH_TEXT];
        size_t setting = (size_t)sqlite3_column_int64(q, 0);
        ok = hash_of_setting(&loader, setting, now, err);
        if (!ok || strcmp(now, (const char *)sqlite3_column_text(q, 1)) == 0) continue;
        ok =
            accept
                ? write_hash(t, setting, now, err)
                : error_usage(
                      err,
                      "%s was made with other inputs: the scenario, a file it names or Portolan's version has "
                      "changed since; give another --out, or --accept-changed to keep those results",
                      t->path);
    }
    sqlite3_finalize(q);
    sweep_loader_free(&loader);
    return ok;
}

bool store_resume(sweep_store *t, const sweep *w, bool accept, portolan_error *err) {
    bool settings, seeds;
    if (!same_settings(t, w, &settings, err) || !same_seeds(t, w, &seeds, err)) return false;
    bool same = settings && seeds;
    if (!accept && !same)
        return error_usage(
            err,
            "%s holds another plan than %s: the %s differ; give another --out, or --accept-changed to "
            "keep the results of the points that are in both",
            t->path, w->path, settings ? "seeds" : "settings");
    return (same || replace_plan(t, w, err)) && check_hashes(t, w, accept, err) && read_status(t, w, err);
}

/* ---- Recording ---- */

static bool record_point(sweep_store *t, const point_outcome *o, portolan_error *err) {
    sqlite3_stmt *q =
        prepare(t,
                "UPDATE points SET status = ?, error = ?, host = ?, seconds = ?, attempts = attempts + 1 "
                "WHERE point = ? AND status <> 'done'",
                err);
    if (!q) return false;
    bind_text(q, 1, POINT_STATUS_NAMES[o->status]);
    bind_text(q, 2, o->error);
    bind_text(q, 3, o->host);
    sqlite3_bind_double(q, 4, o->seconds);
    sqlite3_bind_int64(q, 5, (sqlite3_int64)o->point);
    bool ok = step(t, q, err);
    sqlite3_finalize(q);
    return ok;
}

static sqlite3_stmt *prepare_results(sweep_store *t, portolan_error *err) {
    char sql[512] = "INSERT INTO results VALUES(?, ?, ?, ?";
    size_t n = strlen(sql);
    for (const metric *m = METRICS; m->key && n + 5 < sizeof sql; m++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", ?");
    snprintf(sql + n, sizeof sql - n, ")");
    return prepare(t, sql, err);
}

/* What is undefined (NaN) becomes NULL. */
static bool record_results(sweep_store *t, const point_outcome *o, portolan_error *err) {
    sqlite3_stmt *q = prepare_results(t, err);
    bool ok = q != NULL;
    for (size_t i = 0; ok && i < o->policy_count; i++) {
        int place = 5;
        sqlite3_bind_int64(q, 1, (sqlite3_int64)o->point);
        sqlite3_bind_int64(q, 2, (sqlite3_int64)i);
        bind_text(q, 3, o->policies[i].label);
        bind_text(q, 4, o->policies[i].type->name);
        for (const metric *m = METRICS; m->key; m++)
            sqlite3_bind_double(q, place++, metric_value(m, &o->summaries[i]));
        ok = step(t, q, err);
    }
    sqlite3_finalize(q);
    return ok;
}

bool store_record(sweep_store *t, const sweep *w, const point_outcome *o, portolan_error *err) {
    if (t->status[o->point] == POINT_DONE) return true;
    bool ok = run_sql(t, "BEGIN IMMEDIATE", err) &&
              finish(t,
                     record_point(t, o, err) && record_results(t, o, err) &&
                         (!o->hash || write_hash(t, setting_of(w, o->point), o->hash, err)),
                     err);
    if (ok) t->status[o->point] = (unsigned char)o->status;
    return ok;
}

/* Whether the attached store `part` has the plan of this one, and no setting of other inputs. */
static bool check_part(sweep_store *t, const char *path, portolan_error *err) {
    long long others =
        count(t, "SELECT (SELECT count(*) FROM part.settings p LEFT JOIN main.settings m USING(setting)"
                 " WHERE m.parameters IS NOT p.parameters OR m.hash <> p.hash)"
                 " + (SELECT count(*) FROM part.points p LEFT JOIN main.points m USING(point)"
                 " WHERE m.setting IS NOT p.setting OR m.seed IS NOT p.seed)");
    if (others < 0) return store_error(t, "read", err);
    return !others ||
           error_run(err, "%s was made with another plan or other inputs; remove it, and --resume", path);
}

bool store_merge(sweep_store *t, const sweep *w, const char *path, portolan_error *err) {
    static const char TAKE[] =
        "BEGIN IMMEDIATE;"
        "CREATE TEMP TABLE fresh AS SELECT p.point FROM part.points p JOIN main.points m USING(point)"
        " WHERE p.status <> 'waiting' AND m.status <> 'done';"
        "UPDATE main.points SET (status, error, host, seconds, attempts) = (SELECT p.status, p.error, p.host, p.seconds,"
        " p.attempts + main.points.attempts FROM part.points p WHERE p.point = main.points.point)"
        " WHERE point IN (SELECT point FROM fresh);"
        "UPDATE main.settings SET hash = (SELECT hash FROM part.settings p WHERE p.setting = main.settings.setting)"
        " WHERE hash IS NULL;"
        "INSERT INTO main.results SELECT * FROM part.results WHERE point IN (SELECT point FROM fresh);"
        "DROP TABLE fresh; COMMIT";
    sqlite3_stmt *q = prepare(t, "ATTACH ? AS part", err);
    if (!q) return false;
    bind_text(q, 1, path);
    bool ok = step(t, q, err);
    sqlite3_finalize(q);
    if (!ok) return false;
    ok = check_part(t, path, err) && run_sql(t, TAKE, err);
    if (!ok) sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_exec(t->db, "DETACH part", NULL, NULL, NULL);
    return ok && read_status(t, w, err);
}

/* ---- Reading ---- */

static double column_number(sqlite3_stmt *q, int place) {
    return sqlite3_column_type(q, place) == SQLITE_NULL ? NAN : sqlite3_column_double(q, place);
}

static point_status status_of(const char *name) {
    int i = 0;
    while (i < POINT_FAILED && strcmp(name, POINT_STATUS_NAMES[i]) != 0)
        i++;
    return (point_status)i;
}

static void read_row(sqlite3_stmt *q, store_row *row) {
    enum {
        POINT,
        SETTING,
        SEED,
        PARAMETERS,
        STATUS,
        WHY,
        HOST,
        SECONDS,
        ATTEMPTS,
        POLICY,
        TYPE,
        POSITION,
        METRIC
    };
    *row = (store_row){.point = (size_t)sqlite3_column_int64(q, POINT),
                       .setting = (size_t)sqlite3_column_int64(q, SETTING),
                       .seed = (uint64_t)sqlite3_column_int64(q, SEED),
                       .parameters = (const char *)sqlite3_column_text(q, PARAMETERS),
                       .status = status_of((const char *)sqlite3_column_text(q, STATUS)),
                       .error = (const char *)sqlite3_column_text(q, WHY),
                       .host = (const char *)sqlite3_column_text(q, HOST),
                       .seconds = column_number(q, SECONDS),
                       .attempts = (unsigned)sqlite3_column_int(q, ATTEMPTS),
                       .policy = (const char *)sqlite3_column_text(q, POLICY),
                       .type = (const char *)sqlite3_column_text(q, TYPE),
                       .position = (size_t)sqlite3_column_int64(q, POSITION)};
    int place = METRIC;
    for (const metric *m = METRICS; m->key; m++)
        *(double *)((char *)&row->summary + m->offset) = column_number(q, place++);
}

bool store_read(sweep_store *t, bool (*visit)(const store_row *row, void *context, portolan_error *err),
                void *context, portolan_error *err) {
    char sql[2048];
    size_t n = (size_t)snprintf(sql, sizeof sql,
                                "SELECT p.point, setting, seed, parameters, status, error, host, seconds, "
                                "attempts, policy, type, position");
    for (const metric *m = METRICS; m->key && n < sizeof sql; m++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", \"%s\"", m->key);
    snprintf(sql + n, n < sizeof sql ? sizeof sql - n : 0,
             " FROM points p JOIN settings USING(setting) LEFT JOIN results r "
             "ON r.point = p.point ORDER BY p.point, position");
    sqlite3_stmt *q = prepare(t, sql, err);
    bool ok = q != NULL;
    int code = SQLITE_DONE;
    while (ok && (code = sqlite3_step(q)) == SQLITE_ROW) {
        store_row row;
        read_row(q, &row);
        ok = visit(&row, context, err);
    }
    if (ok && code != SQLITE_DONE) ok = store_error(t, "read", err);
    sqlite3_finalize(q);
    return ok;
}

bool store_note(sweep_store *t, const char *key, const char *value, portolan_error *err) {
    sqlite3_stmt *q = prepare(t, "INSERT OR REPLACE INTO notes VALUES(?, ?)", err);
    if (!q) return false;
    bind_text(q, 1, key);
    bind_text(q, 2, value);
    bool ok = step(t, q, err);
    sqlite3_finalize(q);
    return ok;
}

bool store_recall(sweep_store *t, const char *key, char *into, size_t size, portolan_error *err) {
    sqlite3_stmt *q = prepare(t, "SELECT value FROM notes WHERE key = ?", err);
    if (!q) return false;
    bind_text(q, 1, key);
    snprintf(into, size, "%s", sqlite3_step(q) == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : "");
    sqlite3_finalize(q);
    return true;
}
