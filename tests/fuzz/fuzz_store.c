/* A sweep's store: by the first byte, one of any bytes, one with right tables and cells of any kind, or a
 * right one of which some bytes were changed. Reading it, comparing it with a plan, taking it up and
 * computing statistics end well or with an error, never otherwise. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/sweep/statistics.h"
#include "tests/made_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[256], path[300];
static FILE *nowhere;

static void remove_files(void) {
    static const char *const NAMES[] = {"sweep.sqlite", "sweep.sqlite-wal", "sweep.sqlite-shm", "sweep.sqlite-journal",
                                        "sweep.lock"};
    char name[400];
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, NAMES[i]);
        unlink(name);
    }
}

static void remove_folder(void) {
    remove_files();
    rmdir(folder);
}

static void make_folder(void) {
    snprintf(folder, sizeof folder, "%.200s/fuzz-store-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(folder) || !(nowhere = fopen("/dev/null", "w"))) exit(1);
    snprintf(path, sizeof path, "%s/sweep.sqlite", folder);
    atexit(remove_folder);
}

static void write_store(const void *bytes, size_t size) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0) exit(1);
}

/* ---- Cells ---- */

static uint8_t next(const uint8_t **data, size_t *size) {
    if (!*size) return 0;
    --*size;
    return *(*data)++;
}

static void bind_anything(sqlite3_stmt *q, const uint8_t **data, size_t *size) {
    uint8_t kind = next(data, size);
    size_t length = next(data, size);
    int64_t number = 0;
    double real;
    if (length > *size) length = *size;
    memcpy(&number, *data, length < 8 ? length : 8);
    memcpy(&real, &number, sizeof real);
    switch (kind % 7) {
    case 0: sqlite3_bind_null(q, 1); break;
    case 1: sqlite3_bind_int64(q, 1, number); break;
    case 2: sqlite3_bind_double(q, 1, real); break;
    case 3: sqlite3_bind_text(q, 1, (const char *)*data, (int)length, SQLITE_STATIC); break;
    case 4: sqlite3_bind_blob(q, 1, *data, (int)length, SQLITE_STATIC); break;
    case 5: sqlite3_bind_zeroblob(q, 1, (int)length << 14); break;
    default: sqlite3_bind_int64(q, 1, number % 5);
    }
    *data += length;
    *size -= length;
}

/* Puts something into a cell: which table, column and row, and what, are the next bytes. */
static void change_cell(sqlite3 *db, const uint8_t **data, size_t *size) {
    static const struct {
        const char *table, *key, *columns[8];
    } TABLES[] = {
        {"notes", "key", {"key", "value", "value", "value", "value", "value", "value", "value"}},
        {"settings",
         "setting",
         {"setting", "parameters", "hash", "parameters", "hash", "setting", "hash", "parameters"}},
        {"points", "point", {"point", "setting", "seed", "status", "error", "host", "seconds", "attempts"}},
        {"results",
         "point, position",
         {"point", "position", "policy", "type", "accuracy", "cost", "requests", "price"}},
    };
    char sql[300];
    size_t table = next(data, size) % 4, column = next(data, size) % 8, row = next(data, size) % 8;
    sqlite3_stmt *q = NULL;
    snprintf(sql, sizeof sql, "UPDATE %s SET %s = ? WHERE (%s) IN (SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET %zu)",
             TABLES[table].table, TABLES[table].columns[column], TABLES[table].key, TABLES[table].key,
             TABLES[table].table, TABLES[table].key, row);
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK) abort();
    bind_anything(q, data, size);
    sqlite3_step(q); /* two rows of one key: the store stays as it is */
    sqlite3_finalize(q);
}

/* The made store in memory, without NOT NULL, so that anything can be put into it. */
static sqlite3 *loosened(void) {
    static const char
        LOOSEN[] = "PRAGMA writable_schema = ON; CREATE TEMP TABLE was AS SELECT name, sql FROM main.sqlite_master;"
                   "UPDATE main.sqlite_master SET sql = replace(sql, ' NOT NULL', '');"
                   "PRAGMA writable_schema = RESET; PRAGMA writable_schema = ON";
    static sqlite3 *db;
    if (db) return db;
    db = open_freely(":memory:");
    sqlite3_exec(db, "PRAGMA page_size = 512", NULL, NULL, NULL);
    fill_store(db);
    if (sqlite3_exec(db, LOOSEN, NULL, NULL, NULL) != SQLITE_OK) abort();
    return db;
}

/* Gives the tables their texts back, and writes the store's bytes, some of them changed by what is left of
 * the data: two bytes for a place, one for what is there. */
static void write_image(sqlite3 *db, const uint8_t *data, size_t size) {
    static const char TIGHTEN[] = "UPDATE main.sqlite_master SET sql = (SELECT w.sql FROM was w WHERE w.name ="
                                  " main.sqlite_master.name) WHERE type = 'table'";
    sqlite3_int64 bytes = 0;
    sqlite3_exec(db, TIGHTEN, NULL, NULL, NULL);
    unsigned char *image = sqlite3_serialize(db, "main", &bytes, 0);
    if (!image) abort();
    for (; size > 2; size -= 3, data += 3) image[(size_t)(data[0] << 8 | data[1]) % (size_t)bytes] = data[2];
    write_store(image, (size_t)bytes);
    sqlite3_free(image);
}

static void write_changed(const uint8_t *data, size_t size, bool cells) {
    sqlite3 *db = loosened();
    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    while (cells && size) change_cell(db, &data, &size);
    write_image(db, data, size);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- What is done with it ---- */

static void must_say(bool ok, const portolan_error *err) {
    if (!ok && (!err->status || !err->message[0])) abort();
}

static void read_store(void) {
    sweep_store t;
    portolan_error err = {0};
    char note[64];
    bool ok = store_open_for_reading(&t, folder, &err);
    must_say(ok, &err);
    if (!ok) return;
    err = (portolan_error){0};
    must_say(store_recall(&t, "slurm job", note, sizeof note, &err), &err);
    err = (portolan_error){0};
    ok = sweep_export_csv(&t, true, nowhere, &err);
    must_say(ok, &err);
    json_t *rows = sweep_export_json(&t, true, &err);
    if (ok != (rows != NULL)) abort();
    json_decref(rows);
    store_close(&t);
}

/* Takes it up for a plan that has one seed more than the made one, or for the same. */
static void resume_store(size_t seeds) {
    static yaml_node nodes[] = {{.kind = YAML_SCALAR, .text = (char *)"64"},
                                {.kind = YAML_SCALAR, .text = (char *)"128"}};
    static const yaml_node *values[] = {&nodes[0], &nodes[1]};
    static uint64_t numbers[] = {1, 2, 3};
    sweep w = {
        .path = "fuzz.yaml",
        .name = "fuzz",
        .scenario = "no-such-scenario.yaml",
        .keys = {"hidden"},
        .key_count = 1,
        .values = values,
        .setting_count = 2,
        .seeds = numbers,
        .seed_count = seeds,
        .questions = {.confidence = 0.95, .resamples = 100, .pareto = {&METRICS[3], &METRICS[8]}, .pareto_count = 2}};
    sweep_store t;
    sweep_statistics st;
    portolan_error err = {0};
    bool ok = store_open(&t, folder, &err);
    must_say(ok, &err);
    if (!ok) return;
    ok = t.has_plan ? store_resume(&t, &w, true, &err) : store_plan(&t, &w, &err);
    must_say(ok, &err);
    if (ok && t.points != sweep_points(&w)) abort();
    if (ok) {
        ok = sweep_statistics_read(&st, &w, &t, &err);
        must_say(ok, &err);
        if (ok) sweep_statistics_free(&st);
    }
    store_close(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!folder[0]) make_folder();
    remove_files();
    uint8_t first = next(&data, &size);
    if (first % 3)
        write_changed(data, size, first % 3 == 1);
    else
        write_store(data, size);
    read_store();
    resume_store(2 + first / 3 % 2);
    return 0;
}
