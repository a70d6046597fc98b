/* Rows of CSV files, split in place. */
#include "csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "array.h"
#include "files.h"
#include "numbers.h"

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

static bool make_room(csv_reader *r, portolan_error *err) {
    if (r->room >= CSV_MAX_LINE)
        return error_input(err, r->mark, "is a line of more than %d bytes; is it a CSV file?", CSV_MAX_LINE - 2);
    return ARRAY_RESERVE(r->line, r->room, r->room + 1, err);
}

static csv_state no_line(const csv_reader *r, portolan_error *err) {
    if (!ferror(r->file)) return CSV_END;
    error_input(err, r->mark, "cannot be read: %s", strerror(errno));
    return CSV_FAILED;
}

/* Reads a line, of `length` bytes without its end. */
static csv_state read_line(csv_reader *r, size_t *length, portolan_error *err) {
    size_t n = 0;
    int c = getc_unlocked(r->file);
    if (c == EOF) return no_line(r, err);
    r->mark.line++;
    for (; c != EOF && c != '\n'; c = getc_unlocked(r->file)) {
        if (n + 1 >= r->room && !make_room(r, err)) return CSV_FAILED;
        r->line[n++] = (char)c;
        if (c) continue;
        error_input(err, (text_mark){r->mark.file, r->mark.line, (unsigned)n}, "is a NUL byte; a text is wanted");
        return CSV_FAILED;
    }
    if (c == EOF && ferror(r->file)) return no_line(r, err);
    if (!r->room && !make_room(r, err)) return CSV_FAILED;
    while (n && r->line[n - 1] == '\r') n--;
    r->line[n] = '\0';
    *length = n;
    return CSV_ROW;
}

static bool read_header(csv_reader *r, portolan_error *err) {
    size_t length = 0;
    csv_state state = read_line(r, &length, err);
    if (state == CSV_FAILED) return false;
    if (state == CSV_END || !length) return error_input(err, r->mark, "a header line is missing");
    r->header = r->line;
    r->line = NULL;
    r->room = 0;
    bool marked = strncmp(r->header, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0;
    r->columns = split(r->header + (marked ? strlen(BYTE_ORDER_MARK) : 0), r->names);
    return r->columns != SIZE_MAX ||
           error_input(err, r->mark, "the header has quotes that do not close, or more than %d columns",
                       CSV_MAX_COLUMNS);
}

bool csv_open(csv_reader *r, const char *path, portolan_error *err) {
    *r = (csv_reader){.mark = {path, 0, 0}};
    r->file = file_open(path, "a CSV file", NULL, err);
    if (r->file && read_header(r, err)) return true;
    csv_close(r);
    return false;
}

bool csv_column(const csv_reader *r, const char *name, size_t *column, portolan_error *err) {
    for (*column = 0; *column < r->columns; ++*column)
        if (strcasecmp(r->names[*column], name) == 0) return true;
    char there[512];
    list_words(there, sizeof there, (const char *const *)r->names);
    return error_input(err, (text_mark){r->mark.file, 1, 1}, "there is no column '%s'; there are: %s", name, there);
}

text_mark csv_mark(const csv_reader *r, size_t column) {
    return (text_mark){r->mark.file, r->mark.line, (unsigned)(r->fields[column] - r->line) + 1};
}

csv_state csv_next(csv_reader *r, portolan_error *err) {
    size_t length = 0;
    csv_state state;
    do state = read_line(r, &length, err);
    while (state == CSV_ROW && !length && r->columns > 1);
    if (state != CSV_ROW) return state;
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
    *x = NAN;
    return !*text || number_parse(text, x) ||
           error_input(err, csv_mark(r, column), "'%s' is '%.40s'; a number or nothing is wanted", r->names[column],
                       text);
}

bool csv_degrees(const csv_reader *r, size_t column, double most, double *degrees, portolan_error *err) {
    return (csv_number(r, column, degrees, err) && fabs(*degrees) <= most) || /* not NaN */
           error_input(err, csv_mark(r, column), "'%s' is '%.40s'; degrees from -%g to %g are wanted", r->names[column],
                       r->fields[column], most, most);
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
