/* See times.h. */
#include "times.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/csv.h"
#include "base/files.h"

enum { MOST_ROWS = 1 << 24 };

static const double LONGEST = 3600;

typedef struct rows {
    double *seconds;
    size_t count, room;
} rows;

static bool read_rows(csv_reader *r, rows *into, portolan_error *err) {
    size_t column;
    csv_state state;
    double x;
    if (!csv_column(r, "seconds", &column, err)) return false;
    while ((state = csv_next(r, err)) == CSV_ROW) {
        if (into->count == MOST_ROWS)
            return error_input(err, r->mark, "is one row more than the %d that a file of times may have", MOST_ROWS);
        if (!csv_number(r, column, &x, err)) return false;
        if (!(x >= 0 && x <= LONGEST))
            return error_input(err, csv_mark(r, column), "'seconds' is '%.40s'; a number from 0 to %g is wanted",
                               r->fields[column], LONGEST);
        if (!ARRAY_RESERVE(into->seconds, into->room, into->count + 1, err)) return false;
        into->seconds[into->count++] = x;
    }
    return state != CSV_FAILED &&
           (into->count || error_input(err, r->mark, "has no row behind the header; a time a row is wanted"));
}

bool times_load(arena *memory, const char *path, drawn_time *d, portolan_error *err) {
    csv_reader r;
    rows read = {0};
    if (!csv_open(&r, path, err)) return false;
    bool ok = read_rows(&r, &read, err);
    csv_close(&r);
    double *kept = ok ? arena_alloc(memory, read.count, sizeof *kept) : NULL;
    if (kept) memcpy(kept, read.seconds, read.count * sizeof *kept);
    if (ok && !kept) ok = error_memory(err, read.count * sizeof *kept);
    free(read.seconds);
    if (ok) *d = (drawn_time){.measured = kept, .count = read.count};
    return ok;
}

bool times_read(arena *memory, const yaml_node *value, const char *key, drawn_time *d, portolan_error *err) {
    const yaml_field field = {.key = key, .unit = UNIT_TIME, .most = LONGEST};
    const yaml_node *named = value->kind == YAML_MAP && value->count == 1 ? yaml_find(value, "file") : NULL;
    if (!named) {
        *d = (drawn_time){0};
        return yaml_distribution(value, &field, &d->from, err);
    }
    portolan_error inner = {0};
    if (!yaml_expect(named, YAML_SCALAR, "'file'", err)) return false;
    const char *path = file_resolve(memory, named->mark.file, named->text, named->mark, err);
    return path && (times_load(memory, path, d, &inner) || error_within(err, named->mark, &inner));
}

double drawn_time_draw(const drawn_time *d, random_stream *s) {
    return d->count ? d->measured[random_below(s, d->count)] : distribution_draw(&d->from, s);
}
