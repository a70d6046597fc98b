/* The store of a sweep: one SQLite file in write-ahead mode, so that a kill at any moment leaves whole rows
 * only. This file opens and closes it. What is opened may be anybody's: before a row is used, the tables are
 * compared with those that Portolan makes, so that no view, trigger or index of another hand ever runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "store_tables.h"

/* ---- Files ---- */

/* The end of a journal that names another file. SQLite removes that file when it takes such a journal up;
 * Portolan's transactions, of one file each, leave none. */
static bool names_another(const char *journal) {
    static const unsigned char MAGIC[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    unsigned char end[sizeof MAGIC];
    int fd = open(journal, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    bool found = size >= (off_t)sizeof end && pread(fd, end, sizeof end, size - (off_t)sizeof end) == sizeof end &&
                 memcmp(end, MAGIC, sizeof end) == 0;
    if (fd >= 0) close(fd);
    return found;
}

/* The files that SQLite opens: where they are there, regular ones, and not by a link. */
static bool check_files(sweep_store *t, portolan_error *err) {
    static const char *const ENDINGS[] = {"", "-journal", "-wal", "-shm"};
    char path[sizeof t->path + 16];
    struct stat st;
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        snprintf(path, sizeof path, "%s%s", t->path, ENDINGS[i]);
        if (lstat(path, &st) != 0) continue;
        if (!S_ISREG(st.st_mode))
            return error_usage(err, "%s: is not a regular file, as the store of a sweep is; move it away", path);
        t->bytes += (uint64_t)st.st_size;
        if (i == 1 && names_another(path))
            return error_usage(err, "%s: is not Portolan's, since it names another file; move it away", path);
    }
    return true;
}

/* ---- What is in the store ---- */

static bool read_number(sweep_store *t, const char *sql, long long *n, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t, sql, err);
    if (!q) return false;
    bool ok = sqlite3_step(q) == SQLITE_ROW || store_error(t, "read", err);
    *n = ok ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_finalize(q);
    return ok;
}

static bool check_version(sweep_store *t, portolan_error *err) {
    long long objects, version;
    if (!read_number(t, "SELECT count(*) FROM main.sqlite_master", &objects, err) ||
        !read_number(t, "PRAGMA user_version", &version, err))
        return false;
    t->has_plan = objects > 0;
    char why[256];
    return !objects || schema_reads(&STORE_SCHEMA, version, why, sizeof why) || error_usage(err, "%s %s", t->path, why);
}

/* What sqlite_master says of each table and index, in the order of their names. */
static sqlite3_stmt *list_objects(sqlite3 *db) {
    sqlite3_stmt *q = NULL;
    sqlite3_prepare_v2(db, "SELECT type, name, tbl_name, sql FROM main.sqlite_master ORDER BY name, type", -1, &q,
                       NULL);
    return q;
}

static const char *text_at(sqlite3_stmt *q, int place) {
    const char *text = (const char *)sqlite3_column_text(q, place);
    return text ? text : "";
}

/* Whether two stores have the same objects; else the error names the first one by which `mine` differs. */
static bool compare_objects(const sweep_store *t, sqlite3_stmt *mine, sqlite3_stmt *wanted, portolan_error *err) {
    for (;;) {
        int code = sqlite3_step(mine);
        bool more = sqlite3_step(wanted) == SQLITE_ROW;
        if (code != SQLITE_ROW && code != SQLITE_DONE) return store_error(t, "read", err);
        if (code == SQLITE_DONE)
            return !more || store_damaged(t, err, "it has no table %s as Portolan makes it", text_at(wanted, 1));
        for (int i = 0; i < 4; i++)
            if (!more || strcmp(text_at(mine, i), text_at(wanted, i)) != 0)
                return store_damaged(t, err, "the %.20s '%.60s' in it is not as Portolan makes it", text_at(mine, 0),
                                     text_at(mine, 1));
    }
}

/* The tables must be, to the letter, those that would be made now. */
static bool check_tables(sweep_store *t, portolan_error *err) {
    sqlite3 *fresh = NULL;
    char *sql = store_tables_sql();
    bool ok = sql && sqlite3_open(":memory:", &fresh) == SQLITE_OK &&
              sqlite3_exec(fresh, sql, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_stmt *wanted = ok ? list_objects(fresh) : NULL, *mine = wanted ? list_objects(t->db) : NULL;
    if (!wanted)
        ok = error_memory(err, STORE_CELL);
    else
        ok = mine ? compare_objects(t, mine, wanted, err) : store_error(t, "read", err);
    sqlite3_finalize(mine);
    sqlite3_finalize(wanted);
    sqlite3_close(fresh);
    free(sql);
    return ok;
}

static bool check_pages(sweep_store *t, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t, "PRAGMA quick_check(1)", err);
    if (!q) return false;
    bool told = sqlite3_step(q) == SQLITE_ROW, sound = told && strcmp(text_at(q, 0), "ok") == 0;
    if (!told) store_error(t, "read", err);
    if (told && !sound) store_damaged(t, err, "%.200s", text_at(q, 0));
    sqlite3_finalize(q);
    return sound;
}

static bool open_database(sweep_store *t, int flags, portolan_error *err) {
    if (!check_files(t, err)) return false;
    if (sqlite3_open_v2(t->path, &t->db, flags, NULL) != SQLITE_OK) return store_error(t, "opened", err);
    store_limit(t);
    return store_run(t, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", err) && check_version(t, err) &&
           (!t->has_plan || (check_tables(t, err) && check_pages(t, err) && store_read_plan(t, err)));
}

/* ---- Opening and closing ---- */

static bool name_store(sweep_store *t, const char *folder, portolan_error *err) {
    *t = (sweep_store){0};
    return path_format(t->folder, sizeof t->folder, err, "%s", folder) &&
           path_format(t->path, sizeof t->path, err, "%s/sweep.sqlite", folder);
}

bool store_open(sweep_store *t, const char *folder, portolan_error *err) {
    if (!name_store(t, folder, err) || !folder_make(folder, err) ||
        !lock_take(&t->lock, folder, "sweep", "running a sweep", err))
        return false;
    struct stat st;
    bool existed = lstat(t->path, &st) == 0;
    if (open_database(t, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) &&
        store_run(t, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", err))
        return true;
    if (!existed) unlink(t->path);
    store_close(t);
    return false;
}

bool store_open_for_reading(sweep_store *t, const char *folder, portolan_error *err) {
    struct stat st;
    if (!name_store(t, folder, err)) return false;
    if (lstat(t->path, &st) != 0)
        return error_usage(err, "%s: there is no sweep in this folder (%s)", folder, strerror(errno));
    if (open_database(t, SQLITE_OPEN_READWRITE, err) &&
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

#include "base/json.h"
/* ---- Notes ---- */
