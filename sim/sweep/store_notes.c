/* The notes of a sweep's store: texts by key. */
#include <string.h>

#include "store_tables.h"

bool store_note(sweep_store *t, const char *key, const char *value, portolan_error *err) {
    sqlite3_stmt *q = store_prepare(t, "INSERT OR REPLACE INTO notes VALUES(?, ?)", err);
    if (!q) return false;
    store_bind(q, 1, key);
    store_bind(q, 2, value);
    bool ok = store_step(t, q, err);
    sqlite3_finalize(q);
    return ok;
}

bool store_recall(sweep_store *t, const char *key, char *into, size_t size, portolan_error *err) {
    store_cursor c;
    const char *value = "";
    bool ok = cursor_open(&c, t, &NOTES, "WHERE key = ?", err);
    if (ok) store_bind(c.q, 1, key);
    ok = ok && cursor_next(&c, err) && (!c.there || cell_text(&c, NOTE_VALUE, &value, err));
    if (ok && strlen(value) >= size) ok = cell_wrong(&c, NOTE_VALUE, "a shorter text", err);
    if (ok) snprintf(into, size, "%s", value);
    cursor_close(&c);
    return ok;
}
