/* See service.h. */
#include "service.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/csv.h"

enum { MOST_ROWS = 1 << 20 };

/* ---- The formula ---- */

void service_join(service_work *batch, const service_work *more) {
    double mine = batch->members, added = more->members, all = mine + added;
    if (more->layers > batch->layers) batch->layers = more->layers;
    batch->tokens = (mine * batch->tokens + added * more->tokens) / all;
    batch->factor = (mine * batch->factor + added * more->factor) / all;
    batch->members += more->members;
    batch->goes_on = batch->goes_on && more->goes_on;
    batch->flops += more->flops;
    batch->other_flops += more->other_flops;
}

double service_call(const device *d, double speed, const service_work *w) {
    return w->layers && !w->goes_on ? d->call_seconds * (d->speed / speed) : 0;
}

/* NaN where the formula counts. A table's seconds are those of a whole call. */
static double measured_seconds(const device *d, const service_shape *m, const service_work *w) {
    if (!d->table || !w->layers) return NAN;
    double whole = service_table_seconds(d->table, m, w->layers, w->tokens, w->members);
    return w->goes_on && !isnan(whole) ? fmax(0, whole - d->call_seconds) : whole;
}

bool service_outside_table(const device *d, const service_shape *m, const service_work *w) {
    return d->table && w->layers && isnan(measured_seconds(d, m, w));
}

double service_seconds(const device *d, double speed, const service_shape *m, const service_work *w) {
    double measured = measured_seconds(d, m, w), weights = 0;
    if (!isnan(measured)) return w->factor * measured * (d->speed / speed) + w->other_flops / speed;
    if (d->memory_bandwidth > 0) weights = w->layers * m->layer_bytes / d->memory_bandwidth * (d->speed / speed);
    return service_call(d, speed, w) + weights + w->flops / speed;
}

/* ---- Tables ---- */

enum { HIDDEN, FEED_FORWARD, LAYERS, TOKENS, BATCH, SECONDS, COLUMN_COUNT, AXES = 3 };

static const char *const COLUMNS[COLUMN_COUNT] = {"hidden", "feed_forward", "layers", "tokens", "batch", "seconds"};

/* The rows of one shape: a value for each combination of the axes' values, the last axis fastest. */
typedef struct grid {
    double hidden, feed_forward;
    double *axis[AXES]; /* layers, tokens, batch; each rising */
    size_t count[AXES];
    double *seconds;
} grid;

struct service_table {
    size_t rows, grid_count;
    grid *grids;
};

typedef struct table_row {
    double field[COLUMN_COUNT];
    unsigned line;
} table_row;

typedef struct table_rows {
    table_row *items; /* [count]; owned */
    size_t count, room;
} table_rows;

static bool read_field(const csv_reader *r, size_t column, int which, double *x, portolan_error *err) {
    static const double MOST = 1e9; /* of a whole number; and no slice takes thirty years */
    if (!csv_number(r, column, x, err)) return false;
    bool is_whole = which != SECONDS;
    if (*x > 0 && *x <= MOST && (!is_whole || *x == floor(*x))) return true;
    return error_input(err, csv_mark(r, column), "'%s' is '%.40s'; a %s above 0 and up to %g is wanted", COLUMNS[which],
                       r->fields[column], is_whole ? "whole number" : "number", MOST);
}

static bool read_rows(csv_reader *r, table_rows *rows, portolan_error *err) {
    size_t column[COLUMN_COUNT];
    csv_state state;
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (!csv_column(r, COLUMNS[i], &column[i], err)) return false;
    while ((state = csv_next(r, err)) == CSV_ROW) {
        table_row row = {.line = r->mark.line};
        if (rows->count == MOST_ROWS)
            return error_input(err, r->mark, "is one row more than the %d that a table may have", MOST_ROWS);
        for (int i = 0; i < COLUMN_COUNT; i++)
            if (!read_field(r, column[i], i, &row.field[i], err)) return false;
        if (!ARRAY_RESERVE(rows->items, rows->room, rows->count + 1, err)) return false;
        rows->items[rows->count++] = row;
    }
    return state != CSV_FAILED &&
           (rows->count || error_input(err, r->mark, "has no row behind the header; a measurement a row is wanted"));
}

static int compare_rows(const void *left, const void *right) {
    const table_row *a = left, *b = right;
    for (int i = 0; i < SECONDS; i++)
        if (a->field[i] != b->field[i]) return a->field[i] < b->field[i] ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* Whether the first `fields` of two rows are the same. */
static bool agree(const table_row *a, const table_row *b, int fields) {
    for (int i = 0; i < fields; i++)
        if (a->field[i] != b->field[i]) return false;
    return true;
}

static bool refuse_repeated(const table_rows *rows, const char *path, portolan_error *err) {
    for (size_t i = 1; i < rows->count; i++) {
        const table_row *first = &rows->items[i - 1], *second = &rows->items[i];
        if (agree(first, second, SECONDS))
            return error_input(
                err, (text_mark){path, second->line, 1},
                "measures the same as line %u; each combination of hidden, feed_forward, layers, tokens and "
                "batch stands once",
                first->line);
    }
    return true;
}

static int compare_numbers(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The different values of a column, rising; NULL if memory is short. */
static double *distinct(arena *memory, const table_row *rows, size_t n, int column, size_t *count) {
    double *values = arena_alloc(memory, n, sizeof *values);
    if (!values) return NULL;
    for (size_t i = 0; i < n; i++) values[i] = rows[i].field[column];
    qsort(values, n, sizeof *values, compare_numbers);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (!i || values[i] != values[*count - 1]) values[(*count)++] = values[i];
    return values;
}

/* Rows are in order and differ, so that where one is missing another stands, or none. */
static bool fill_grid(grid *g, const table_row *rows, size_t n, const char *path, portolan_error *err) {
    size_t at = 0, *count = g->count;
    for (size_t i = 0; i < count[0]; i++)
        for (size_t k = 0; k < count[1]; k++)
            for (size_t b = 0; b < count[2]; b++, at++) {
                const table_row wanted = {
                    .field = {g->hidden, g->feed_forward, g->axis[0][i], g->axis[1][k], g->axis[2][b]}};
                if (at == n || !agree(&rows[at], &wanted, SECONDS))
                    return error_input(err, (text_mark){path, 0, 0},
                                       "has no row of %g layers, %g tokens and batch %g for hidden %g and feed_forward "
                                       "%g; each number of layers is wanted with each number of tokens and each batch",
                                       wanted.field[LAYERS], wanted.field[TOKENS], wanted.field[BATCH], g->hidden,
                                       g->feed_forward);
                g->seconds[at] = rows[at].field[SECONDS];
            }
    return true;
}

static bool make_grid(arena *memory, grid *g, const table_row *rows, size_t n, const char *path, portolan_error *err) {
    g->hidden = rows->field[HIDDEN];
    g->feed_forward = rows->field[FEED_FORWARD];
    g->seconds = arena_alloc(memory, n, sizeof *g->seconds);
    bool ok = g->seconds != NULL;
    for (int i = 0; ok && i < AXES; i++)
        ok = (g->axis[i] = distinct(memory, rows, n, LAYERS + i, &g->count[i])) != NULL;
    return ok ? fill_grid(g, rows, n, path, err) : error_memory(err, n * sizeof(double));
}

static bool make_grids(arena *memory, service_table *t, table_rows *rows, const char *path, portolan_error *err) {
    qsort(rows->items, rows->count, sizeof *rows->items, compare_rows);
    if (!refuse_repeated(rows, path, err)) return false;
    size_t shapes = 0;
    for (size_t i = 0; i < rows->count; i++) shapes += !i || !agree(&rows->items[i - 1], &rows->items[i], LAYERS);
    t->rows = rows->count;
    t->grids = arena_alloc(memory, shapes, sizeof *t->grids);
    if (!t->grids) return error_memory(err, shapes * sizeof *t->grids);
    for (size_t i = 0, n; i < rows->count; i += n) {
        for (n = 1; i + n < rows->count && agree(&rows->items[i], &rows->items[i + n], LAYERS);) n++;
        if (!make_grid(memory, &t->grids[t->grid_count++], &rows->items[i], n, path, err)) return false;
    }
    return true;
}

const service_table *service_table_load(arena *memory, const char *path, portolan_error *err) {
    csv_reader r;
    table_rows rows = {0};
    if (!csv_open(&r, path, err)) return NULL;
    service_table *t = arena_alloc(memory, 1, sizeof *t);
    bool ok = t || error_memory(err, sizeof *t);
    ok = ok && read_rows(&r, &rows, err) && make_grids(memory, t, &rows, path, err);
    csv_close(&r);
    free(rows.items);
    return ok ? t : NULL;
}

size_t service_table_rows(const service_table *t) { return t->rows; }

/* Where x lies on a rising axis: between `below` and the value behind it, so much of the way. */
typedef struct spot_on_axis {
    size_t below;
    double share;
} spot_on_axis;

static bool find_spot(const double *axis, size_t count, double x, spot_on_axis *spot) {
    if (!(x >= axis[0] && x <= axis[count - 1])) return false;
    size_t i = 0;
    while (i + 1 < count && axis[i + 1] <= x) i++;
    *spot = (spot_on_axis){i, x > axis[i] ? (x - axis[i]) / (axis[i + 1] - axis[i]) : 0};
    return true;
}

static const grid *find_grid(const service_table *t, const service_shape *m) {
    for (size_t i = 0; i < t->grid_count; i++)
        if (t->grids[i].hidden == (double)m->hidden && t->grids[i].feed_forward == (double)m->feed_forward)
            return &t->grids[i];
    return NULL;
}

double service_table_seconds(const service_table *t, const service_shape *m, double layers, double tokens,
                             double members) {
    const double wanted[AXES] = {layers, tokens, members};
    spot_on_axis spot[AXES];
    const grid *g = find_grid(t, m);
    for (int i = 0; i < AXES; i++)
        if (!g || !find_spot(g->axis[i], g->count[i], wanted[i], &spot[i])) return NAN;
    double sum = 0;
    for (unsigned corner = 0; corner < 1u << AXES; corner++) {
        double weight = 1;
        size_t at = 0;
        for (unsigned i = 0; i < AXES; i++) {
            bool is_far = corner >> i & 1;
            weight *= is_far ? spot[i].share : 1 - spot[i].share;
            at = at * g->count[i] + spot[i].below + is_far;
        }
        if (weight > 0) sum += weight * g->seconds[at];
    }
    return sum;
}
