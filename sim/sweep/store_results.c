/* The results in a sweep's store: written a point at a time, merged, read back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store_tables.h"

/* ---- Recording ---- */

/* Binds what a process said as a text that cell_text takes: without control characters, of UTF-8, not too
 * long. */
static void bind_words(sqlite3_stmt *q, int place, const char *words) {
    char text[4096];
    if (words) {
        snprintf(text, sizeof text, "%s", words);
        store_make_plain(text);
    }
    store_bind(q, place, words ? text : NULL);
}

static bool record_point(sweep_store *t, const point_record *p, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t,
                                    "UPDATE points SET status = ?, error = ?, host = ?, seconds = ?, "
                                    "attempts = attempts + ? WHERE point = ? AND status <> 'done'",
                                    err);
    if (!q) return false;
    store_bind(q, 1, POINT_STATUS_NAMES[p->status]);
    bind_words(q, 2, p->error);
    bind_words(q, 3, p->host);
    sqlite3_bind_double(q, 4, p->seconds);
    sqlite3_bind_int64(q, 5, (sqlite3_int64)p->attempts);
    sqlite3_bind_int64(q, 6, (sqlite3_int64)p->point);
    bool ok = store_step(t, q, err);
    sqlite3_finalize(q);
    return ok;
}

static sqlite3_stmt *prepare_results(sweep_store *t, portolan_error *err) {
    char *sql = store_results_insertion();
    sqlite3_stmt *q = sql ? store_prepare(t, sql, err) : NULL;
    if (!sql) error_memory(err, STORE_PLACES);
    free(sql);
    return q;
}

/* What is undefined (NaN) becomes NULL. */
static bool insert_results(sweep_store *t, const point_record *p, portolan_error *err) {
    sqlite3_stmt *q = prepare_results(t, err);
    bool ok = q != NULL;
    for (size_t i = 0; ok && i < p->count; i++) {
        int place = RESULT_METRICS + 1;
        sqlite3_bind_int64(q, RESULT_POINT + 1, (sqlite3_int64)p->point);
        sqlite3_bind_int64(q, RESULT_POSITION + 1, (sqlite3_int64)p->results[i].position);
        bind_words(q, RESULT_POLICY + 1, p->results[i].policy);
        bind_words(q, RESULT_TYPE + 1, p->results[i].type);
        for (const metric *m = METRICS; m->key; m++)
            sqlite3_bind_double(q, place++, metric_value(m, &p->results[i].summary));
        ok = store_step(t, q, err);
    }
    sqlite3_finalize(q);
    return ok;
}

/* In place of those of an earlier attempt. */
static bool record_results(sweep_store *t, const point_record *p, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t, "DELETE FROM results WHERE point = ?", err);
    if (!q) return false;
    sqlite3_bind_int64(q, 1, (sqlite3_int64)p->point);
    bool ok = store_step(t, q, err);
    sqlite3_finalize(q);
    return ok && insert_results(t, p, err);
}

/* Within a transaction. */
static bool record(sweep_store *t, const point_record *p, portolan_error *err) {
    return record_point(t, p, err) && record_results(t, p, err) &&
           (!p->hash || store_write_hash(t, p->point % t->settings, p->hash, err));
}

bool store_record(sweep_store *t, const point_record *p, portolan_error *err) {
    if (t->status[p->point] == POINT_DONE) return true;
    bool ok = store_run(t, "BEGIN IMMEDIATE", err) && store_finish(t, record(t, p, err), err);
    if (ok) t->status[p->point] = (unsigned char)p->status;
    return ok;
}

/* ---- Reading ---- */

/* All that is read of a store at once. */
typedef struct reader {
    store_cursor points, results, settings;
    json_t *parameters; /* of the present point's setting */
    json_t *first;      /* of the first one */
    arena texts;        /* of the present point's results */
} reader;

static bool open_reader(reader *r, sweep_store *t, portolan_error *err) {
    return cursor_open(&r->points, t, &POINTS, "ORDER BY point", err) &&
           cursor_open(&r->results, t, &RESULTS, "ORDER BY point, position", err) &&
           cursor_open(&r->settings, t, &SETTINGS, "WHERE setting = ?", err) && cursor_next(&r->results, err);
}

static void close_reader(reader *r) {
    cursor_close(&r->points);
    cursor_close(&r->results);
    cursor_close(&r->settings);
    json_decref(r->parameters);
    json_decref(r->first);
    arena_free(&r->texts);
}

/* Whether the parameters are texts, as YAML may hold them, under the keys of the first setting's. */
static bool check_parameters(const reader *r) {
    const char *key;
    json_t *value;
    if (!json_is_object(r->parameters) || json_object_size(r->parameters) != json_object_size(r->first)) return false;
    json_object_foreach(r->parameters, key, value)
        if (!json_is_string(value) || !json_object_get(r->first, key) ||
            !store_is_plain(json_string_value(value), json_string_length(value), true))
            return false;
    return true;
}

static bool read_setting(reader *r, size_t setting, point_record *p, portolan_error *err) {
    store_cursor *c = &r->settings;
    const char *text;
    sqlite3_reset(c->q);
    sqlite3_bind_int64(c->q, 1, (sqlite3_int64)setting);
    if (!cursor_next(c, err)) return false;
    if (!c->there) return store_damaged(c->t, err, "table settings has no row %zu", setting);
    c->row = setting + 1;
    if (!cell_text(c, SETTING_PARAMETERS, &text, err) || !cell_text(c, SETTING_HASH, &p->hash, err)) return false;
    json_decref(r->parameters);
    r->parameters = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!r->first) r->first = json_incref(r->parameters);
    p->parameters = r->parameters;
    return check_parameters(r) ||
           cell_wrong(c, SETTING_PARAMETERS, "a JSON object of texts, of the same keys in every row", err);
}

static bool copy_text(reader *r, int place, const char **into, portolan_error *err) {
    const char *text;
    if (!cell_text(&r->results, place, &text, err)) return false;
    *into = arena_text(&r->texts, text, strlen(text));
    return *into || error_memory(err, strlen(text));
}

/* Whether the row may be the point's next: a done one has a result of every policy. */
static bool is_next(const point_record *p, size_t position) {
    if (p->status == POINT_DONE) return position == p->count;
    return position < SCENARIO_MAX_POLICIES && (!p->count || position > p->results[p->count - 1].position);
}

/* The present row of `results`, which belongs to the point. */
static bool read_result(reader *r, point_record *p, portolan_error *err) {
    store_cursor *c = &r->results;
    size_t position;
    int place = RESULT_METRICS;
    if (!cell_whole(c, RESULT_POSITION, &position, err)) return false;
    if (!is_next(p, position)) return cell_wrong(c, RESULT_POSITION, "the number after the one before", err);
    point_result *result = &p->results[p->count++];
    result->position = position;
    bool ok = copy_text(r, RESULT_POLICY, &result->policy, err) && copy_text(r, RESULT_TYPE, &result->type, err);
    for (const metric *m = METRICS; ok && m->key; m++)
        ok = cell_number(c, place++, (double *)((char *)&result->summary + m->offset), err);
    return ok;
}

/* Rows of results are in the order of the points: those of this one come now, and those of no earlier one. */
static bool read_results(reader *r, point_record *p, portolan_error *err) {
    store_cursor *c = &r->results;
    arena_free(&r->texts);
    p->count = 0;
    for (size_t point; c->there;) {
        if (!cell_whole(c, RESULT_POINT, &point, err)) return false;
        if (point > p->point) break;
        if (point < p->point || p->status == POINT_WAITING)
            return cell_wrong(c, RESULT_POINT, "a point that was run", err);
        if (!read_result(r, p, err) || !cursor_next(c, err)) return false;
    }
    return p->count || p->status != POINT_DONE ||
           cell_wrong(&r->points, POINT_STATUS, "waiting, since it has no results", err);
}

static bool read_point(reader *r, point_record *p, portolan_error *err) {
    const store_cursor *c = &r->points;
    return cell_whole(c, POINT_NUMBER, &p->point, err) && cell_whole(c, POINT_SETTING, &p->setting, err) &&
           cell_seed(c, POINT_SEED, &p->seed, err) && cell_status(c, &p->status, err) &&
           cell_text(c, POINT_ERROR, &p->error, err) && cell_text(c, POINT_HOST, &p->host, err) &&
           cell_number(c, POINT_SECONDS, &p->seconds, err) && cell_whole(c, POINT_ATTEMPTS, &p->attempts, err) &&
           read_setting(r, p->setting, p, err) && read_results(r, p, err);
}

static bool read_points(reader *r, bool (*visit)(const point_record *p, void *context, portolan_error *err),
                        void *context, portolan_error *err) {
    size_t points = r->points.t->points;
    point_record p;
    bool ok = true;
    while ((ok = ok && cursor_next(&r->points, err)) && r->points.there)
        ok = read_point(r, &p, err) &&
             (p.point < points || cell_wrong(&r->points, POINT_NUMBER, "a point of the plan", err)) &&
             visit(&p, context, err);
    if (ok && r->results.there) ok = cell_wrong(&r->results, RESULT_POINT, "a point that was run", err);
    return ok && (r->points.row == points || store_damaged(r->points.t, err, "its plan has changed while it was read"));
}

/* In a transaction, so that it is the store of one moment. */
bool store_read(sweep_store *t, bool (*visit)(const point_record *p, void *context, portolan_error *err), void *context,
                portolan_error *err) {
    reader r = {0};
    if (!store_run(t, "BEGIN", err)) return false;
    bool ok = open_reader(&r, t, err) && read_points(&r, visit, context, err);
    close_reader(&r);
    return store_finish(t, ok, err);
}

/* ---- Merging ---- */

typedef struct merger {
    sweep_store *into;
    const sweep_store *part;
} merger;

/* The hash of a setting, if it has one: else empty. */
static bool hash_in(sweep_store *t, size_t setting, char hash[65], portolan_error *err) {
    store_cursor c;
    const char *text = NULL;
    bool ok = cursor_open(&c, t, &SETTINGS, "WHERE setting = ?", err);
    if (ok) sqlite3_bind_int64(c.q, 1, (sqlite3_int64)setting);
    ok = ok && cursor_next(&c, err) && (!c.there || cell_text(&c, SETTING_HASH, &text, err));
    snprintf(hash, 65, "%s", ok && text ? text : "");
    cursor_close(&c);
    return ok;
}

static bool other_inputs(const sweep_store *part, portolan_error *err) {
    return error_run(err, "%s was made with another plan or other inputs; remove it, and --resume", part->path);
}

static bool merge_point(const point_record *p, void *context, portolan_error *err) {
    merger *m = context;
    char mine[65];
    if (p->status == POINT_WAITING || m->into->status[p->point] == POINT_DONE) return true;
    if (!hash_in(m->into, p->setting, mine, err)) return false;
    if (p->hash && *mine && strcmp(mine, p->hash) != 0) return other_inputs(m->part, err);
    return record(m->into, p, err);
}

static bool merge(sweep_store *t, const sweep *w, sweep_store *part, portolan_error *err) {
    const char *differ;
    merger m = {t, part};
    if (!store_compare_plan(part, w, &differ, err)) return false;
    if (differ) return other_inputs(part, err);
    return store_run(t, "BEGIN IMMEDIATE", err) && store_finish(t, store_read(part, merge_point, &m, err), err) &&
           store_read_plan(t, err);
}

bool store_merge(sweep_store *t, const sweep *w, const char *folder, portolan_error *err) {
    sweep_store part;
    if (!store_open_for_reading(&part, folder, err)) return false;
    bool ok = merge(t, w, &part, err);
    store_close(&part);
    return ok;
}
