/* The list of result tables, and how they are printed. */
#include "result_tables.h"

#include <math.h>

#include "base/csv.h"

const result_table *const RESULT_TABLES[] = {&REQUESTS_TABLE, &SAMPLES_TABLE, &PLACES_LOAD_TABLE, &SITES_TABLE,
                                            NULL};

bool table_is_wanted(const result_table *t, const scenario *s) {
    return !t->wanted || t->wanted(s);
}

void table_write_header(const result_table *t, FILE *out) {
    for (const table_column *c = t->columns; c->name; c++)
        fprintf(out, "%s%s", c == t->columns ? "" : ",", c->name);
    putc('\n', out);
}

static void put_field(column_type type, const void *field, FILE *out) {
    switch (type) {
    case COLUMN_TEXT: csv_put(out, *(const char *const *)field); break;
    case COLUMN_COUNT: fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)field); break;
    case COLUMN_NUMBER:
        if (!isnan(*(const double *)field)) fprintf(out, "%.9g", *(const double *)field);
        break;
    }
}

void table_write_row(const result_table *t, const void *row, FILE *out) {
    for (const table_column *c = t->columns; c->name; c++) {
        if (c != t->columns) putc(',', out);
        put_field(c->type, (const char *)row + c->offset, out);
    }
    putc('\n', out);
}
