/* Latencies from a CSV file of any columns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/csv.h"
#include "base/numbers.h"
#include "latency.h"

enum { MOST_ROWS = 1 << 20, FIGURES = 8, NAME_BYTES = 128 };

typedef struct field {
    const char *name;
    size_t offset;
    bool may_lack; /* there may be no such column */
} field;

static const field FIELDS[FIGURES] = {
    {"hidden", offsetof(latency, hidden), false},      {"feed_forward", offsetof(latency, feed_forward), false},
    {"attention", offsetof(latency, attention), true}, {"layers", offsetof(latency, layers), false},
    {"tokens", offsetof(latency, tokens), false},      {"batch", offsetof(latency, batch), false},
    {"seconds", offsetof(latency, seconds), false},    {"spread", offsetof(latency, spread), true},
};

/* Where a field's figures come from. */
typedef struct source {
    char name[NAME_BYTES]; /* of the column */
    double constant;       /* instead of it; NaN: none */
    size_t column;         /* SIZE_MAX: there is none */
} source;

/* ---- The columns ---- */

static bool find_field(const char *name, size_t length, size_t *found, portolan_error *err) {
    const char *names[FIGURES + 1] = {0};
    for (*found = 0; *found < FIGURES; ++*found) {
        names[*found] = FIELDS[*found].name;
        if (strlen(FIELDS[*found].name) == length && strncmp(FIELDS[*found].name, name, length) == 0) return true;
    }
    char allowed[256];
    list_words(allowed, sizeof allowed, names);
    return error_usage(err, "'%.*s' is nothing that a column can be; there are %s", (int)(length < 60 ? length : 60),
                       name, allowed);
}

/* One "name=column" of the list; `*at` goes behind it. */
static bool take_pair(const char **at, source sources[FIGURES], portolan_error *err) {
    size_t name = strcspn(*at, "=,"), i;
    if ((*at)[name] != '=')
        return error_usage(err, "'%.*s' has no '='; write hidden=COLUMN,tokens=30 and so on",
                           (int)(name < 60 ? name : 60), *at);
    if (!find_field(*at, name, &i, err)) return false;
    const char *column = *at + name + 1;
    size_t length = strcspn(column, ",");
    if (!length || length >= NAME_BYTES)
        return error_usage(err, "'%s' is to be a column's name, of up to %d characters, or a number", FIELDS[i].name,
                           NAME_BYTES - 1);
    snprintf(sources[i].name, NAME_BYTES, "%.*s", (int)length, column);
    if (!number_parse(sources[i].name, &sources[i].constant)) sources[i].constant = NAN;
    *at = column + length + (column[length] == ',');
    return true;
}

/* Fields by their own names, or by those that are asked for. */
static bool name_sources(const char *names, source sources[FIGURES], bool asked[FIGURES], portolan_error *err) {
    for (size_t i = 0; i < FIGURES; i++) sources[i] = (source){.constant = NAN, .column = SIZE_MAX};
    for (const char *at = names; at && *at;)
        if (!take_pair(&at, sources, err)) return false;
    for (size_t i = 0; i < FIGURES; i++) {
        asked[i] = sources[i].name[0];
        if (!asked[i]) snprintf(sources[i].name, NAME_BYTES, "%s", FIELDS[i].name);
    }
    return true;
}

static bool find_sources(const csv_reader *r, const char *names, source sources[FIGURES], portolan_error *err) {
    bool asked[FIGURES];
    if (!name_sources(names, sources, asked, err)) return false;
    for (size_t i = 0; i < FIGURES; i++) {
        portolan_error none = {0};
        if (!isnan(sources[i].constant) || csv_column(r, sources[i].name, &sources[i].column, &none)) continue;
        sources[i].column = SIZE_MAX;
        if (FIELDS[i].may_lack && !asked[i]) continue;
        *err = none;
        return false;
    }
    return true;
}

/* ---- The rows ---- */

static bool read_field(const csv_reader *r, const source *from, size_t which, double *x, portolan_error *err) {
    bool is_column = from->column != SIZE_MAX, is_spread = FIELDS[which].offset == offsetof(latency, spread);
    *x = from->constant;
    if (is_column && !csv_number(r, from->column, x, err)) return false;
    if (!is_column && isnan(*x)) return true; /* may lack */
    if (is_spread ? *x >= 0 || isnan(*x) : *x > 0 && *x <= 1e12) return true;
    if (!is_column) return error_usage(err, "'%s=%s' is no number above 0", FIELDS[which].name, from->name);
    return error_input(err, csv_mark(r, from->column), "'%s' is '%.40s'; a number above 0 is wanted", from->name,
                       r->fields[from->column]);
}

static bool read_row(const csv_reader *r, const source sources[FIGURES], double scale, latency *row,
                     portolan_error *err) {
    for (size_t i = 0; i < FIGURES; i++)
        if (!read_field(r, &sources[i], i, (double *)((char *)row + FIELDS[i].offset), err)) return false;
    if (isnan(row->attention)) row->attention = row->hidden;
    row->seconds *= scale;
    return true;
}

static bool read_rows(csv_reader *r, const latency_columns *columns, double scale, latencies *list,
                      portolan_error *err) {
    source sources[FIGURES];
    csv_state state;
    if (!find_sources(r, columns->names, sources, err)) return false;
    while ((state = csv_next(r, err)) == CSV_ROW) {
        latency row;
        if (list->count == MOST_ROWS)
            return error_input(err, r->mark, "is one row more than the %d allowed", MOST_ROWS);
        if (!read_row(r, sources, scale, &row, err) || !ARRAY_RESERVE(list->items, list->room, list->count + 1, err))
            return false;
        list->items[list->count++] = row;
    }
    return state != CSV_FAILED &&
           (list->count || error_input(err, r->mark, "has no row behind the header; a measurement a row is wanted"));
}

static bool find_scale(const char *unit, double *scale, portolan_error *err) {
    static const char *const UNITS[] = {"s", "ms", "us", NULL};
    static const double SCALES[] = {1, 1e-3, 1e-6};
    for (size_t i = 0; UNITS[i]; i++) {
        *scale = SCALES[i];
        if (!unit || strcmp(unit, UNITS[i]) == 0) return true;
    }
    return error_usage(err, "the unit is '%.20s'; there are s, ms, us", unit);
}

bool latencies_load(latencies *list, const char *path, const latency_columns *columns, portolan_error *err) {
    csv_reader r;
    double scale;
    *list = (latencies){0};
    if (!find_scale(columns->unit, &scale, err) || !csv_open(&r, path, err)) return false;
    bool ok = read_rows(&r, columns, scale, list, err);
    csv_close(&r);
    if (!ok) latencies_free(list);
    return ok;
}
