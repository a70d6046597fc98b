/* JSON Lines. */
#include "jsonl.h"

#include <string.h>

static bool is_blank(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
    return true;
}

json_t *jsonl_next(jsonl_cursor *c) {
    while (c->at < c->end) {
        const char *stop = memchr(c->at, '\n', (size_t)(c->end - c->at));
        if (!stop) stop = c->end;
        const char *line = c->at;
        size_t length = (size_t)(stop - line);
        c->at = stop < c->end ? stop + 1 : stop;
        c->mark.line++;
        c->mark.column = 1;
        if (is_blank(line, length)) continue;
        json_error_t where;
        json_t *row = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
        if (json_is_object(row)) return row;
        json_decref(row);
        if (!row && where.column > 0) c->mark.column = (unsigned)where.column;
        error_input(c->err, c->mark, "%s", row ? "a line must be a JSON object" : where.text);
        return NULL;
    }
    return NULL;
}

const char *jsonl_name(jsonl_cursor *c, const json_t *row, const char *key, const char *other, arena *memory) {
    const json_t *value = json_object_get(row, key);
    if (!value && other) value = json_object_get(row, other);
    char digits[32];
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        text = digits;
    }
    if (!text) {
        error_input(c->err, c->mark, "'%s' must be a text or a whole number that names the sample", key);
        return NULL;
    }
    const char *kept = arena_text(memory, text, strlen(text));
    if (!kept) error_memory(c->err, strlen(text));
    return kept;
}

bool jsonl_number(jsonl_cursor *c, const json_t *row, const char *key, double least, double most, double *x) {
    const json_t *value = json_object_get(row, key);
    *x = json_number_value(value);
    if (json_is_number(value) && *x >= least && *x <= most) return true;
    return error_input(c->err, c->mark, "'%s' must be a number from %.9g to %.9g", key, least, most);
}

size_t jsonl_lines(const char *text, size_t length) {
    size_t lines = 1;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    return lines;
}
