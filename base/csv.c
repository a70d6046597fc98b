/* Rows of CSV files, split in place. */
#include "csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF" /* that spreadsheets put before UTF-8 */

/* Takes the field that begins at `at` out of its quotes; returns the end of it, a comma or the closing NUL.
 * NULL if the quotes are not closed. */
static char *take_field(char *at, char **field) {
    *field = at;
    if (*at != '"') return at + strcspn(at, ",");
    char *to = at;
    for (at++; *at; at++) {
        if (*at == '"' && at[1] == '"')
            at++;
        else if (*at == '"')
            break;
        *to++ = *at;
    }
    if (*at != '"' || (at[1] && at[1] != ',')) return NULL;
    *to = '\0';
    return at + 1;
}

/* Splits `text` into fields; returns how many, or SIZE_MAX where quotes are wrong or there are too many. */
static size_t split(char *text, char **fields) {
    size_t count = 0;
    for (char *at = text; at;) {
        if (count == CSV_MAX_COLUMNS) return SIZE_MAX;
        char *end = take_field(at, &fields[count++]);
        if (!end) return SIZE_MAX;
        at = *end ? end + 1 : NULL;
        *end = '\0';
    }
    return count;
}

/* Reads a line without its end; -1 at the end of the file. */
static ssize_t read_line(csv_reader *r) {
    ssize_t n = getline(&r->line, &r->room, r->file);
    if (n < 0) return n;
    r->mark.line++;
    while (n && (r->line[n - 1] == '\n' || r->line[n - 1] == '\r'))
        r->line[--n] = '\0';
    return n;
}

bool csv_open(csv_reader *r, const char *path, portolan_error *err) {
    *r = (csv_reader){.mark = {path, 0, 0}};
    r->file = fopen(path, "r");
    if (!r->file) return error_input(err, r->mark, "cannot open: %s", strerror(errno));
    struct stat st;
    bool ok = (fstat(fileno(r->file), &st) == 0 && S_ISREG(st.st_mode)) ||
              error_input(err, r->mark, "is not a regular file; a CSV file is wanted");
    ok = ok && (read_line(r) > 0 || error_input(err, r->mark, "a header line is missing"));
    if (ok) {
        r->header = r->line;
        r->line = NULL;
        r->room = 0;
        bool marked = strncmp(r->header, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0;
        r->columns = split(r->header + (marked ? strlen(BYTE_ORDER_MARK) : 0), r->names);
        ok = r->columns != SIZE_MAX || error_input(err, r->mark,
                                                   "the header has quotes that do not close, or more than %d "
                                                   "columns",
                                                   CSV_MAX_COLUMNS);
    }
    if (!ok) csv_close(r);
    return ok;
}

bool csv_column(const csv_reader *r, const char *name, size_t *column, portolan_error *err) {
    for (*column = 0; *column < r->columns; ++*column)
        if (strcasecmp(r->names[*column], name) == 0) return true;
    char there[512];
    list_words(there, sizeof there, (const char *const *)r->names);
    return error_input(err, (text_mark){r->mark.file, 1, 1}, "there is no column '%s'; there are: %s", name,
                       there);
}

text_mark csv_mark(const csv_reader *r, size_t column) {
    return (text_mark){r->mark.file, r->mark.line, (unsigned)(r->fields[column] - r->line) + 1};
}

csv_state csv_next(csv_reader *r, portolan_error *err) {
    ssize_t length;
    do
        length = read_line(r);
    while (length == 0 && r->columns > 1);
    if (length < 0) {
        if (!ferror(r->file)) return CSV_END;
        error_input(err, r->mark, "cannot be read: %s", strerror(errno));
        return CSV_FAILED;
    }
    size_t found = split(r->line, r->fields);
    if (found == r->columns) return CSV_ROW;
    if (found == SIZE_MAX)
        error_input(err, r->mark, "has quotes that do not close, or too many fields");
    else
        error_input(err, r->mark, "has %zu field%s; the header has %zu", found, found == 1 ? "" : "s", r->columns);
    return CSV_FAILED;
}

bool csv_number(const csv_reader *r, size_t column, double *x, portolan_error *err) {
    const char *text = r->fields[column];
    char *end;
    *x = NAN;
    if (!*text) return true;
    *x = strtod(text, &end);
    return (!*end && isfinite(*x)) ||
           error_input(err, csv_mark(r, column), "'%s' is '%.40s'; a number or nothing is wanted",
                       r->names[column], text);
}

bool csv_degrees(const csv_reader *r, size_t column, double most, double *degrees, portolan_error *err) {
    return (csv_number(r, column, degrees, err) && fabs(*degrees) <= most) || /* not NaN */
           error_input(err, csv_mark(r, column), "'%s' is '%.40s'; degrees from -%g to %g are wanted",
                       r->names[column], r->fields[column], most, most);
}

void csv_close(csv_reader *r) {
    if (r->file) fclose(r->file);
    free(r->header);
    free(r->line);
    *r = (csv_reader){0};
}

void csv_put(FILE *out, const char *text) {
    if (!text) return;
    if (!text[strcspn(text, ",\"\n\r")]) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"') putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}
