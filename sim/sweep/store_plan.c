/* The plan in a sweep's store: laying it out, reading it, taking it up again. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/files.h"
#include "base/json.h"
#include "store_tables.h"

/* ---- Laying out ---- */

static bool make_tables(sweep_store *t, portolan_error *err) {
    char number[64], *sql = store_tables_sql();
    snprintf(number, sizeof number, "PRAGMA user_version = %u", schema_version(&STORE_SCHEMA));
    bool ok = sql ? store_run(t, sql, err) && store_run(t, number, err) : error_memory(err, STORE_CELL);
    free(sql);
    return ok;
}

/* The parameters of a setting as they are stored; free() them. */
static char *parameters_text(const sweep *w, size_t setting) {
    json_t *parameters = sweep_parameters(w, setting);
    char *text = parameters ? json_dump_text(parameters, JSON_COMPACT) : NULL;
    json_decref(parameters);
    return text;
}

static bool insert_settings(sweep_store *t, const sweep *w, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t, "INSERT INTO settings(setting, parameters) VALUES(?, ?)", err);
    bool ok = q != NULL;
    for (size_t i = 0; ok && i < w->setting_count; i++) {
        char *text = parameters_text(w, i);
        sqlite3_bind_int64(q, 1, (sqlite3_int64)i);
        store_bind(q, 2, text);
        ok = (text || error_memory(err, 0)) && store_step(t, q, err);
        free(text);
    }
    sqlite3_finalize(q);
    return ok;
}

static bool insert_points(sweep_store *t, const sweep *w, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t, "INSERT INTO points(point, setting, seed) VALUES(?, ?, ?)", err);
    bool ok = q != NULL;
    for (size_t i = 0; ok && i < sweep_points(w); i++) {
        sqlite3_bind_int64(q, 1, (sqlite3_int64)i);
        sqlite3_bind_int64(q, 2, (sqlite3_int64)setting_of(w, i));
        sqlite3_bind_int64(q, 3, (sqlite3_int64)w->seeds[seed_of(w, i)]);
        ok = store_step(t, q, err);
    }
    sqlite3_finalize(q);
    return ok;
}

static bool insert_plan(sweep_store *t, const sweep *w, portolan_error *err) {
    return make_tables(t, err) && insert_settings(t, w, err) && insert_points(t, w, err) &&
           store_note(t, "name", w->name, err);
}

bool store_plan(sweep_store *t, const sweep *w, portolan_error *err) {
    bool ok = store_run(t, "BEGIN IMMEDIATE", err) && store_finish(t, insert_plan(t, w, err), err);
    if (!ok) return false;
    t->has_plan = true;
    return store_read_plan(t, err);
}

/* ---- Reading ---- */

/* Counts the settings, which must be numbered from 0. */
static bool count_settings(sweep_store *t, portolan_error *err) {
    store_cursor c;
    size_t number;
    t->settings = 0;
    bool ok = cursor_open(&c, t, &SETTINGS, "ORDER BY setting", err);
    for (; (ok = ok && cursor_next(&c, err)) && c.there; t->settings++)
        ok = cell_whole(&c, SETTING_NUMBER, &number, err) &&
             (number == t->settings || cell_wrong(&c, SETTING_NUMBER, "the number after the one before", err));
    cursor_close(&c);
    return ok && (t->settings || store_damaged(t, err, "its plan has no settings"));
}

/* A point stands in its place: every setting comes once with each seed, in order. */
static bool check_place(const store_cursor *c, size_t settings, uint64_t *seed, portolan_error *err) {
    size_t point = c->row - 1, number, setting;
    uint64_t found;
    if (!cell_whole(c, POINT_NUMBER, &number, err) || !cell_whole(c, POINT_SETTING, &setting, err) ||
        !cell_seed(c, POINT_SEED, &found, err))
        return false;
    if (number != point) return cell_wrong(c, POINT_NUMBER, "the number after the one before", err);
    if (setting != point % settings) return cell_wrong(c, POINT_SETTING, "the setting after the one before", err);
    if (!setting) *seed = found;
    return found == *seed || cell_wrong(c, POINT_SEED, "the seed of the points around it", err);
}

static bool keep_status(sweep_store *t, size_t *room, point_status status, portolan_error *err) {
    if (!ARRAY_RESERVE(t->status, *room, t->points + 1, err)) return false;
    t->status[t->points++] = (unsigned char)status;
    return true;
}

bool store_read_plan(sweep_store *t, portolan_error *err) {
    store_cursor c = {0};
    uint64_t seed = 0;
    size_t room = 0; /* of t->status */
    point_status status = POINT_WAITING;
    t->points = 0;
    bool ok = count_settings(t, err) && cursor_open(&c, t, &POINTS, "ORDER BY point", err);
    while ((ok = ok && cursor_next(&c, err)) && c.there)
        ok = check_place(&c, t->settings, &seed, err) && cell_status(&c, &status, err) &&
             keep_status(t, &room, status, err);
    cursor_close(&c);
    return ok && ((t->points && t->points % t->settings == 0) ||
                  store_damaged(t, err, "its plan of %zu settings has %zu points", t->settings, t->points));
}

/* ---- Resuming ---- */

static bool same_settings(sweep_store *t, const sweep *w, bool *same, portolan_error *err) {
    store_cursor c;
    const char *found;
    *same = t->settings == w->setting_count;
    bool ok = cursor_open(&c, t, &SETTINGS, "ORDER BY setting", err);
    while (*same && (ok = ok && cursor_next(&c, err)) && c.there) {
        char *text = parameters_text(w, c.row - 1);
        ok = (text || error_memory(err, 0)) && cell_text(&c, SETTING_PARAMETERS, &found, err);
        *same = ok && strcmp(text, found) == 0;
        free(text);
    }
    cursor_close(&c);
    return ok;
}

static bool same_seeds(sweep_store *t, const sweep *w, bool *same, portolan_error *err) {
    store_cursor c;
    uint64_t found;
    *same = t->points / t->settings == w->seed_count;
    bool ok = cursor_open(&c, t, &POINTS, "WHERE setting = 0 ORDER BY point", err);
    while (*same && (ok = ok && cursor_next(&c, err)) && c.there) {
        ok = cell_seed(&c, POINT_SEED, &found, err);
        *same = ok && found == w->seeds[c.row - 1];
    }
    cursor_close(&c);
    return ok;
}

bool store_compare_plan(sweep_store *t, const sweep *w, const char **differ, portolan_error *err) {
    bool settings, seeds;
    if (!same_settings(t, w, &settings, err) || !same_seeds(t, w, &seeds, err)) return false;
    *differ = !settings ? "settings" : !seeds ? "seeds" : NULL;
    return true;
}

/* Copies the results of points that are in the new plan, too, under their new numbers. */
static bool move_results(sweep_store *t, portolan_error *err) {
    char *sql = store_results_copy("old_results");
    bool ok = sql ? store_run(t, sql, err) : error_memory(err, STORE_CELL);
    free(sql);
    return ok;
}

/* Lays the new plan out, and carries over what is known of points that have the same parameters and seed. */
static bool replace_plan(sweep_store *t, const sweep *w, portolan_error *err) {
    static const char ASIDE[] = "ALTER TABLE settings RENAME TO old_settings; ALTER TABLE points RENAME TO old_points;"
                                "ALTER TABLE results RENAME TO old_results; DROP TABLE notes";
    static const char BACK
        [] = "CREATE INDEX by_parameters ON settings(parameters); CREATE INDEX by_setting ON points(setting, seed);"
             "CREATE TEMP TABLE moved AS SELECT o.point AS was, p.point AS now FROM old_points o"
             " JOIN old_settings os USING(setting) JOIN settings s ON s.parameters = os.parameters"
             " JOIN points p ON p.setting = s.setting AND p.seed = o.seed WHERE o.status <> 'waiting';"
             "UPDATE settings SET hash = (SELECT hash FROM old_settings o WHERE o.parameters = settings.parameters);"
             "UPDATE points SET (status, error, host, seconds, attempts) ="
             " (SELECT o.status, o.error, o.host, o.seconds, o.attempts FROM old_points o JOIN moved ON was = o.point"
             "  WHERE now = points.point) WHERE point IN (SELECT now FROM moved);";
    static const char
        CLEAN[] = "DROP TABLE moved; DROP TABLE old_results; DROP TABLE old_points; DROP TABLE old_settings;"
                  "DROP INDEX by_parameters; DROP INDEX by_setting";
    if (t->points < sweep_points(w)) t->points = sweep_points(w); /* for the limits: so many are written */
    return store_run(t, "BEGIN IMMEDIATE", err) &&
           store_finish(t,
                        store_run(t, ASIDE, err) && insert_plan(t, w, err) && store_run(t, BACK, err) &&
                            move_results(t, err) && store_run(t, CLEAN, err),
                        err);
}

bool store_write_hash(sweep_store *t, size_t setting, const char *hash, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t, "UPDATE settings SET hash = ? WHERE setting = ?", err);
    if (!q) return false;
    store_bind(q, 1, hash);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)setting);
    bool ok = store_step(t, q, err);
    sqlite3_finalize(q);
    return ok;
}

static bool hash_of_setting(sweep_loader *loader, size_t setting, char hash[FILE_HASH_TEXT], portolan_error *err) {
    scenario *s = point_load(loader, setting, err); /* with the first seed, which does not count */
    bool ok = s && scenario_hash(s, hash, err);
    if (s) point_release(loader, s);
    return ok;
}

/* The setting of the present row: its hash is compared with what the inputs give now. */
static bool check_hash(const store_cursor *c, sweep_loader *loader, bool accept, portolan_error *err) {
    char now[FILE_HASH_TEXT];
    size_t setting;
    const char *then;
    if (!cell_whole(c, SETTING_NUMBER, &setting, err) || !cell_text(c, SETTING_HASH, &then, err)) return false;
    if (!then) return true; /* without results */
    if (!hash_of_setting(loader, setting, now, err)) return false;
    if (strcmp(now, then) == 0) return true;
    if (accept) return store_write_hash(c->t, setting, now, err);
    return error_usage(err,
                       "%s was made with other inputs: the scenario, a file it names or Portolan's version has "
                       "changed since; give another --out, or --accept-changed to keep those results",
                       c->t->path);
}

/* Compares the hashes of settings that have results with what the inputs give now; `accept`: writes the new
 * ones. */
static bool check_hashes(sweep_store *t, const sweep *w, bool accept, portolan_error *err) {
    sweep_loader loader = {.w = w};
    store_cursor c;
    bool ok = cursor_open(&c, t, &SETTINGS, "ORDER BY setting", err);
    while ((ok = ok && cursor_next(&c, err)) && c.there) ok = check_hash(&c, &loader, accept, err);
    cursor_close(&c);
    sweep_loader_free(&loader);
    return ok;
}

bool store_resume(sweep_store *t, const sweep *w, bool accept, portolan_error *err) {
    const char *differ;
    if (!store_compare_plan(t, w, &differ, err)) return false;
    if (differ && !accept)
        return error_usage(err,
                           "%s holds another plan than %s: the %s differ; give another --out, or --accept-changed to "
                           "keep the results of the points that are in both",
                           t->path, w->path, differ);
    if (differ && !(replace_plan(t, w, err) && store_read_plan(t, err))) return false;
    return check_hashes(t, w, accept, err);
}
