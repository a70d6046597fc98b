/* Data sets in JSON: one object of all samples, in the order of the file, or an object a line. Jansson
 * parses; the place of a fault that only shows afterwards is found by walking the text once more. */
#include <jansson.h>
#include <string.h>

#include "dataset_rows.h"

/* What Jansson says, at the line that it was told of: `first` is the number of the text's first line. */
static bool bad_json(row_reader *r, unsigned first, const json_error_t *e) {
    text_mark mark = {r->start.file, first, 1};
    if (e->line > 0) mark.line += (unsigned)e->line - 1;
    if (e->column > 0) mark.column = (unsigned)e->column;
    return error_input(r->err, mark, "not JSON: %s", e->text);
}

static bool lacks(row_reader *r, text_mark mark, const json_t *row, const char *wanted) {
    enum { SHOWN = 30 };
    const char *names[SHOWN + 1] = {0}, *key;
    size_t count = 0;
    json_t *value;
    json_object_foreach((json_t *)row, key, value)
        if (count < SHOWN) names[count++] = key;
    if (!count) return error_input(r->err, mark, "there is no key '%.100s'; the object is empty", wanted);
    return rows_no_column(r, mark, "key", wanted, names);
}

static bool wrong_kind(row_reader *r, text_mark mark, const char *key, const char *wanted, const json_t *value) {
    static const char *const KINDS[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list", [JSON_STRING] = "a text", [JSON_INTEGER] = "a number",
        [JSON_REAL] = "a number",    [JSON_TRUE] = "true",    [JSON_FALSE] = "false",   [JSON_NULL] = "null",
    };
    return error_input(r->err, mark, "%.100s: found %s; %s is wanted", key, KINDS[json_typeof(value)], wanted);
}

static bool add_object(row_reader *r, text_mark mark, const json_t *row) {
    field fields[COLUMNS] = {0};
    char number[32];
    for (int k = 0; k < COLUMNS; k++) {
        const char *key = r->columns[k];
        if (!key) continue;
        const json_t *value = json_object_get(row, key);
        if (!value) return lacks(r, mark, row, key);
        if (json_is_string(value)) {
            fields[k] = (field){json_string_value(value), json_string_length(value), mark};
        } else if (k == COLUMN_LABEL && json_is_integer(value)) {
            int length = snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
            fields[k] = (field){number, (size_t)length, mark};
        } else {
            return wrong_kind(r, mark, key, k == COLUMN_LABEL ? "a text or a whole number" : "a text", value);
        }
    }
    return rows_add(r, fields);
}

/* ---- An object a line ---- */

static bool add_line(row_reader *r, text_mark mark, const char *text, size_t length, size_t lines) {
    json_error_t e;
    json_t *row = json_loadb(text, length, JSON_REJECT_DUPLICATES, &e);
    if (!row) return bad_json(r, mark.line, &e);
    bool ok = json_is_object(row) || wrong_kind(r, mark, "the line", "an object", row);
    if (ok && !r->d->text_a) { /* the first line */
        if (r->b_if_there && !json_object_get(row, r->columns[COLUMN_B])) r->columns[COLUMN_B] = NULL;
        ok = rows_reserve(r, lines);
    }
    ok = ok && add_object(r, mark, row);
    json_decref(row);
    return ok;
}

bool rows_from_jsonl(row_reader *r, const char *text, size_t length) {
    const char *end = text + length;
    text_mark mark = r->start;
    size_t lines = 1;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    for (; text < end; mark.line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop) stop = end;
        if (!add_line(r, mark, text, (size_t)(stop - text), lines)) return false;
        text = stop + 1;
    }
    return true;
}

/* ---- One object ---- */

/* Where the key of sample `number` stands in a text that is known to be an object of objects as far as
 * that: at the string of that number among those that stand directly in it. */
static text_mark place_of_key(const row_reader *r, const char *text, size_t length, size_t number) {
    text_mark mark = r->start;
    const char *line = text;
    size_t depth = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            mark.line++;
            line = text + i + 1;
        }
        depth += text[i] == '{' || text[i] == '[';
        depth -= text[i] == '}' || text[i] == ']';
        if (text[i] != '"') continue;
        mark.column = (unsigned)(text + i - line) + 1;
        if (depth == 1 && number-- == 0) return mark;
        for (i++; i < length && text[i] != '"'; i++) i += text[i] == '\\';
    }
    return r->start;
}

bool rows_from_json(row_reader *r, const char *text, size_t length) {
    json_error_t e;
    json_t *whole = json_loadb(text, length, JSON_REJECT_DUPLICATES, &e), *row;
    const char *key;
    size_t number = 0;
    if (!whole) return bad_json(r, r->start.line, &e);
    r->columns[COLUMN_A] = "text_a";
    if (r->columns[COLUMN_B]) r->columns[COLUMN_B] = "text_b";
    r->columns[COLUMN_LABEL] = "label";
    bool ok = (json_is_object(whole) || wrong_kind(r, r->start, "the file", "an object of samples", whole)) &&
              rows_reserve(r, json_object_size(whole));
    if (ok) {
        json_object_foreach(whole, key, row) {
            text_mark unknown = {0};
            ok = json_is_object(row) ? add_object(r, unknown, row)
                                     : wrong_kind(r, unknown, key, "an object with text_a, text_b and label", row);
            if (!ok) break;
            number++;
        }
    }
    if (!ok && r->err->status == STATUS_WRONG_INPUT && !r->err->file[0]) {
        /* the fault is in a sample: say where it stands */
        text_mark mark = place_of_key(r, text, length, number);
        snprintf(r->err->file, sizeof r->err->file, "%s", mark.file);
        r->err->line = mark.line;
        r->err->column = mark.column;
    }
    json_decref(whole);
    return ok;
}
