/* Stores of sweeps from other hands: each is refused in words that name the store and the cell, none is
 * used. */
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sweep/store_tables.h"
#include "simulate.h"
#include "tests/made_store.h"

static char folder[SCRATCH_PATH], path[SCRATCH_PATH + 16];

/* A new folder with the made store in it. */
static void make(void) {
    static unsigned made;
    char name[32];
    snprintf(name, sizeof name, "store-%u", made++);
    snprintf(folder, sizeof folder, "%s", scratch_path(name));
    snprintf(path, sizeof path, "%s/sweep.sqlite", folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    make_store(path);
}

/* Changes the store by a statement that may break every rule of its tables: they are without any while it
 * runs. */
static void change(const char *sql) {
    static const char
        ASIDE[] = "PRAGMA writable_schema = ON; CREATE TEMP TABLE was AS SELECT name, sql FROM main.sqlite_master;"
                  "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '');";
    static const char BACK[] = "UPDATE main.sqlite_master SET sql = (SELECT w.sql FROM was w WHERE w.name ="
                               " main.sqlite_master.name) WHERE name IN (SELECT name FROM was) AND type = 'table'";
    sqlite3 *db = open_freely(path);
    char *why = NULL;
    sqlite3_exec(db, ASIDE, NULL, NULL, NULL);
    sqlite3_exec(db, "PRAGMA writable_schema = RESET; PRAGMA writable_schema = ON", NULL, NULL, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
    if (sqlite3_exec(db, BACK, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s", why);
    sqlite3_close(db);
}

/* ---- Reading ---- */

typedef struct seen {
    size_t points, results;
} seen;

static bool look(const point_record *p, void *context, portolan_error *err) {
    (void)err;
    ((seen *)context)->points++;
    ((seen *)context)->results += p->count;
    assert_non_null(json_object_get(p->parameters, "hidden"));
    return true;
}

/* Reads all there is in the store. */
static bool read_all(seen *what, portolan_error *err) {
    sweep_store t;
    char note[64];
    *what = (seen){0};
    if (!store_open_for_reading(&t, folder, err)) return false;
    bool ok = store_recall(&t, "name", note, sizeof note, err) && store_read(&t, look, what, err);
    store_close(&t);
    return ok;
}

static void refused(const char *wanted) {
    portolan_error err = {0};
    seen what;
    if (read_all(&what, &err)) fail_msg("a store was read in which %s", wanted);
    if (!err.status || !strstr(err.message, wanted) || !strstr(err.message, path))
        fail_msg("wanted \"%s\" with the store's path, found status %d: %s", wanted, err.status, err.message);
}

TEST(a_sound_store_is_read) {
    portolan_error err = {0};
    seen what;
    make();
    if (!read_all(&what, &err)) fail_msg("%s", err.message);
    assert_int_equal(what.points, 4);
    assert_int_equal(what.results, 6);
    change("SELECT 1");
    assert_true(read_all(&what, &err)); /* change() breaks nothing by itself */
}

/* What is put into a store, and what is said of it. */
static const struct {
    const char *sql, *said;
} CELLS[] = {
    {"UPDATE points SET setting = -1 WHERE point = 2",
     "table points, row 3, column setting is -1; a whole number from 0 to 999999 is wanted"},
    {"UPDATE points SET setting = 1 WHERE point = 2", "row 3, column setting is 1; the setting after the one before"},
    {"UPDATE points SET point = 9 WHERE point = 3", "row 4, column point is 9; the number after the one before"},
    {"UPDATE points SET point = 9e15 WHERE point = 3", "row 4, column point is 9000000000000000"},
    {"DELETE FROM points WHERE point = 3", "its plan of 2 settings has 3 points"},
    {"DELETE FROM points", "its plan of 2 settings has 0 points"},
    {"DELETE FROM settings", "its plan has no settings"},
    {"DELETE FROM settings WHERE setting = 0", "table settings, row 1, column setting is 1"},
    {"UPDATE points SET seed = NULL", "NULL value in points.seed"},
    {"UPDATE points SET seed = 'x' WHERE point = 1", "row 2, column seed is 'x'; a whole number is wanted"},
    {"UPDATE points SET seed = 5 WHERE point = 1", "row 2, column seed is 5; the seed of the points around it"},
    {"UPDATE points SET status = 'gone' WHERE point = 1", "CHECK constraint failed in points"},
    {"UPDATE points SET status = NULL", "NULL value in points.status"},
    {"UPDATE points SET error = x'00ff' WHERE point = 3", "column error is a blob of 2 bytes; a text is wanted"},
    {"UPDATE points SET error = char(27) || '[31mred' WHERE point = 3", "UTF-8 without control characters"},
    {"UPDATE points SET error = CAST(x'c328' AS TEXT) WHERE point = 3", "UTF-8 without control characters"},
    {"UPDATE points SET error = 'a' || char(0) || 'b' WHERE point = 3", "UTF-8 without control characters"},
    {"UPDATE points SET error = printf('%.*c', 20000, 'x') WHERE point = 3", "a text of 0 to 10000 bytes is wanted"},
    {"UPDATE points SET error = printf('%.*c', 5000000, 'x') WHERE point = 3", "has more than 1048576 bytes in a cell"},
    {"UPDATE points SET host = printf('%.*c', 256, 'x') WHERE point = 3", "a text of 0 to 255 bytes is wanted"},
    {"UPDATE points SET seconds = 'long' WHERE point = 0", "column seconds is 'long'; a number is wanted"},
    {"UPDATE points SET seconds = -1 WHERE point = 0", "column seconds is -1; a finite number from 0 to 1e+12"},
    {"UPDATE points SET attempts = -1 WHERE point = 0", "column attempts is -1"},
    {"UPDATE points SET attempts = 1.5 WHERE point = 0", "column attempts is 1.5; a whole number is wanted"},
    {"UPDATE settings SET parameters = '[]' WHERE setting = 1", "a JSON object of texts"},
    {"UPDATE settings SET parameters = '{{' WHERE setting = 1", "a JSON object of texts"},
    {"UPDATE settings SET parameters = '{\"hidden\": 3}' WHERE setting = 1", "a JSON object of texts"},
    {"UPDATE settings SET parameters = '{\"layers\": \"3\"}' WHERE setting = 1", "of the same keys in every row"},
    {"UPDATE settings SET parameters = '{\"hidden\": \"\\u001b[2J\"}' WHERE setting = 1", "a JSON object of texts"},
    {"UPDATE settings SET hash = 'abc' WHERE setting = 1", "column hash is 'abc'; a text of 64 to 64"},
    {"UPDATE results SET point = 99 WHERE point = 2",
     "table points, row 3, column status is 'done'; waiting, since it has no results"},
    {"UPDATE results SET point = 3 WHERE point = 2", "table points, row 3, column status is 'done'; waiting"},
    {"UPDATE results SET point = -1 WHERE point = 2", "column point is -1"},
    {"UPDATE points SET status = 'waiting' WHERE point = 3;"
     "INSERT INTO results(point, position, policy, type) VALUES(3, 0, 'random', 'random')",
     "table results, row 7, column point is 3; a point that was run is wanted"},
    {"INSERT INTO results(point, position, policy, type) VALUES(9, 0, 'random', 'random')",
     "table results, row 7, column point is 9; a point that was run is wanted"},
    {"UPDATE results SET position = 7 WHERE position = 1", "column position is 7; the number after the one before"},
    {"UPDATE results SET position = 1e6 WHERE position = 1", "column position is 1000000; a whole number from 0 to 63"},
    {"UPDATE results SET policy = NULL WHERE point = 0", "NULL value in results.policy"},
    {"UPDATE results SET policy = '' WHERE point = 0", "column policy is ''; a text of 1 to"},
    {"UPDATE results SET accuracy = 'high' WHERE point = 0", "column accuracy is 'high'; a number is wanted"},
    {"UPDATE results SET accuracy = 9e999 WHERE point = 0", "column accuracy is inf; a finite number"},
    {"UPDATE results SET cost = x'01' WHERE point = 0", "column cost is a blob of 1 bytes"},
    {"DELETE FROM results WHERE point = 0", "table points, row 1, column status"},
    {"UPDATE notes SET value = x'01' WHERE key = 'name'", "table notes, row 1, column value is a blob"},
    {"UPDATE notes SET value = printf('%.*c', 900, 'x') WHERE key = 'name'", "a shorter text is wanted"},
};

TEST(wrong_cells_are_refused_by_name) {
    for (size_t i = 0; i < sizeof CELLS / sizeof *CELLS; i++) {
        make();
        change(CELLS[i].sql);
        refused(CELLS[i].said);
    }
}

static const struct {
    const char *sql, *said;
} SCHEMAS[] = {
    {"DROP TABLE points; CREATE VIEW points AS WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n)"
     " SELECT x AS point, 0 AS setting, 1 AS seed, 'done' AS status, NULL AS error, NULL AS host, 1.0 AS seconds,"
     " 1 AS attempts FROM n",
     "the view 'points' in it is not as Portolan makes it"},
    {"CREATE TRIGGER more AFTER UPDATE ON points BEGIN DELETE FROM results; END", "the trigger 'more'"},
    {"CREATE INDEX more ON points(abs(seed))", "the index 'more'"},
    {"CREATE TABLE more(x)", "the table 'more'"},
    {"ALTER TABLE points ADD COLUMN more AS (seed * 2)", "the table 'points'"},
    {"DROP TABLE results", "the table 'settings'"}, /* stands where results was to be */
    {"DROP TABLE settings", "it has no table settings as Portolan makes it"},
    {"ALTER TABLE results DROP COLUMN cost", "the table 'results'"},
    {"PRAGMA user_version = 1", "was written with schema 1 by an older Portolan"},
    {"PRAGMA user_version = -5", "was written with schema -5 by an older Portolan"},
    {"PRAGMA user_version = 1000", "was written with schema 1000 by a newer Portolan"},
};

TEST(other_tables_are_refused) {
    for (size_t i = 0; i < sizeof SCHEMAS / sizeof *SCHEMAS; i++) {
        make();
        sqlite3 *db = open_freely(path);
        if (sqlite3_exec(db, SCHEMAS[i].sql, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s", sqlite3_errmsg(db));
        sqlite3_close(db);
        refused(SCHEMAS[i].said);
    }
}

/* Writes bytes into the store, from `at` on. */
static void overwrite(long at, const void *bytes, size_t size) {
    FILE *f = fopen(path, "r+b");
    assert_true(f && fseek(f, at, SEEK_SET) == 0 && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
}

TEST(damaged_pages_are_refused) {
    make();
    overwrite(0, "this is no store", 16);
    refused("is damaged");
    make();
    overwrite(4096 + 3, "\xff\xff\xff\xff", 4);
    refused("is damaged");
    make();
    assert_int_equal(truncate(path, 5000), 0);
    refused("is damaged");
}

/* ---- Files ---- */

TEST(only_regular_files_are_opened) {
    static const char *const ENDINGS[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < 4; i++) {
        char name[sizeof path + 16];
        make();
        snprintf(name, sizeof name, "%s%s", path, ENDINGS[i]);
        unlink(name);
        assert_int_equal(mkfifo(name, 0666), 0);
        refused("is not a regular file");
        assert_int_equal(unlink(name), 0);
        assert_int_equal(symlink("/dev/zero", name), 0);
        refused("is not a regular file");
    }
}

/* SQLite removes the file that a journal names when it takes the journal up. */
TEST(a_journal_that_names_a_file_is_refused) {
    make();
    const char *victim = scratch_file("victim", "something of value");
    char name[sizeof path + 16];
    snprintf(name, sizeof name, "%s-journal", path);
    FILE *f = fopen(name, "wb");
    unsigned char end[16] = {0}, magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    assert_non_null(f);
    assert_true(fwrite(magic, 1, 8, f) == 8 && fseek(f, 512, SEEK_SET) == 0 && fputs(victim, f) >= 0);
    end[3] = (unsigned char)strlen(victim);
    for (const char *c = victim; *c; c++) end[7] = (unsigned char)(end[7] + *c);
    memcpy(end + 8, magic, 8);
    assert_true(fwrite(end, 1, 16, f) == 16 && fclose(f) == 0);
    refused("names another file");
    assert_int_equal(access(victim, F_OK), 0);
}

/* A store that another program holds: the wait ends, and says why. */
TEST(a_locked_store_is_told_of) {
    make();
    sqlite3 *db = open_freely(path);
    assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    refused("another program has locked it");
    sqlite3_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_store_is_read),         cmocka_unit_test(wrong_cells_are_refused_by_name),
        cmocka_unit_test(other_tables_are_refused),      cmocka_unit_test(damaged_pages_are_refused),
        cmocka_unit_test(only_regular_files_are_opened), cmocka_unit_test(a_journal_that_names_a_file_is_refused),
        cmocka_unit_test(a_locked_store_is_told_of),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
