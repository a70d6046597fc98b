/* A small store of a sweep, and what an enemy may do to one. */
#ifndef PORTOLAN_TESTS_MADE_STORE_H
#define PORTOLAN_TESTS_MADE_STORE_H

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sweep/store_tables.h"

/* Two settings with two seeds; three points are done, one has failed. */
static const char MADE_ROWS
    [] = "INSERT INTO notes VALUES('name', 'made'), ('slurm job', '');"
         "INSERT INTO settings(setting, parameters) VALUES(0, '{\"hidden\":\"64\"}'), (1, '{\"hidden\":\"128\"}');"
         "INSERT INTO points VALUES(0, 0, 1, 'done', NULL, 'here', 1.5, 1), (1, 1, 1, 'done', NULL, 'here', 2, 1),"
         " (2, 0, 2, 'done', NULL, 'there', 1, 2), (3, 1, 2, 'failed', 'it broke', 'here', NULL, 1);"
         "INSERT INTO results(point, position, policy, type, accuracy) VALUES(0, 0, 'cloud-only', 'cloud-only', 0.5),"
         " (0, 1, 'random', 'random', 0.25), (1, 0, 'cloud-only', 'cloud-only', 0.5), (1, 1, 'random', 'random', NULL),"
         " (2, 0, 'cloud-only', 'cloud-only', 0.75), (2, 1, 'random', 'random', 0.5);";

/* Opens the file at `path` to anything; exits where that fails. */
static inline sqlite3 *open_freely(const char *path) {
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK) exit(1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL);
    return db;
}

/* Makes the tables and rows of the store in an empty file; exits where that fails. */
static inline void fill_store(sqlite3 *db) {
    char *sql = store_tables_sql(), version[64];
    snprintf(version, sizeof version, "PRAGMA user_version = %u", schema_version(&STORE_SCHEMA));
    if (!sql || sqlite3_exec(db, sql, NULL, NULL, NULL) || sqlite3_exec(db, MADE_ROWS, NULL, NULL, NULL) ||
        sqlite3_exec(db, version, NULL, NULL, NULL))
        exit(1);
    free(sql);
}

/* Makes the store at `path`, which must not be there. */
static inline void make_store(const char *path) {
    sqlite3 *db = open_freely(path);
    fill_store(db);
    sqlite3_close(db);
}

#endif
