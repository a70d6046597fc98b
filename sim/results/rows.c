/* How a row of a result table is printed. */
#include "tables.h"

#include <math.h>

#include "base/csv.h"

bool table_is_wanted(const result_table *t, const scenario *s) { return !t->wanted || t->wanted(s); }

void table_write_header(const result_table *t, FILE *out) {
    for (const table_column *c = t->columns; c->name; c++) fprintf(out, "%s%s", c == t->columns ? "" : ",", c->name);
    putc('\n', out);
}

/* Most of what is printed are small whole numbers; printf would take five times as long for them. */
static void put_count(uint64_t n, FILE *out) {
    char digits[24], *first = digits + sizeof digits;
    do *--first = (char)('0' + n % 10);
    while (n /= 10);
    fwrite(first, 1, (size_t)(digits + sizeof digits - first), out);
}

static void put_number(double x, FILE *out) {
    bool is_whole = !signbit(x) && x < 1e9 && x == floor(x);
    if (is_whole)
        put_count((uint64_t)x, out);
    else if (!isnan(x))
        fprintf(out, "%.9g", x);
}

static void put_field(column_type type, const void *field, FILE *out) {
    switch (type) {
    case COLUMN_TEXT: csv_put(out, *(const char *const *)field); break;
    case COLUMN_COUNT: put_count(*(const uint64_t *)field, out); break;
    case COLUMN_NUMBER: put_number(*(const double *)field, out); break;
    }
}

void table_write_row(const result_table *t, const void *row, FILE *out) {
    for (const table_column *c = t->columns; c->name; c++) {
        if (c != t->columns) putc(',', out);
        put_field(c->type, (const char *)row + c->offset, out);
    }
    putc('\n', out);
}
