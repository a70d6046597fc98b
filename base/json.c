/* YAML trees as JSON, and JSON to streams and files. */
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "replacement.h"
#include "text.h"

json_t *json_text(const char *text) {
    enum { ESCAPE = sizeof "\\xNN" - 1 };
    char *whole = malloc(ESCAPE * strlen(text) + 1), *to = whole;
    if (!whole) return NULL;
    while (*text) {
        size_t length = utf8_length(text);
        if (length)
            to = mempcpy(to, text, length);
        else
            to += sprintf(to, "\\x%02x", (unsigned char)*text);
        text += length ? length : 1;
    }
    json_t *value = json_stringn(whole, (size_t)(to - whole));
    free(whole);
    return value;
}

static void *allocate(size_t size) {
    void *memory = malloc(size);
    if (!memory) memory_ran_out();
    return memory;
}

void json_watch_memory(void) { json_set_alloc_funcs(allocate, free); }

char *json_dump_text(const json_t *value, size_t flags) {
    char *text = value ? json_dumps(value, flags) : NULL;
    if (!memory_has_run_out()) return text;
    free(text);
    return NULL;
}

static void keep_whole(json_t **whole, bool failed) {
    if (!failed) return;
    json_decref(*whole);
    *whole = NULL;
}

void json_add(json_t **list, json_t *value) { keep_whole(list, json_array_append_new(*list, value) != 0); }

void json_put(json_t **object, const char *key, json_t *value) {
    keep_whole(object, json_object_set_new(*object, key, value) != 0);
}

json_t *json_number(double x) { return isfinite(x) ? json_real(x) : json_null(); }

json_t *json_read(const char *path, size_t limit, portolan_error *err) {
    file_bytes bytes;
    json_error_t fault;
    if (!file_read(path, limit, &bytes, err)) return NULL;
    json_t *value = json_loadb(bytes.data, bytes.length, JSON_REJECT_DUPLICATES, &fault);
    if (!value)
        error_input(err,
                    (text_mark){path, (unsigned)(fault.line > 0 ? fault.line : 0),
                                (unsigned)(fault.column > 0 ? fault.column : 0)},
                    "is not JSON: %s", fault.text);
    free(bytes.data);
    return value;
}

static json_t *scalar(const yaml_node *node) {
    double x;
    if (!node->plain) return json_text(node->text);
    if (!*node->text) return json_null();
    if (strcmp(node->text, "yes") == 0 || strcmp(node->text, "true") == 0) return json_true();
    if (strcmp(node->text, "no") == 0 || strcmp(node->text, "false") == 0) return json_false();
    if (!number_parse(node->text, &x)) return json_text(node->text);
    return x == floor(x) && fabs(x) < 0x1p53 ? json_integer((json_int_t)x) : json_real(x);
}

json_t *json_from_yaml(const yaml_node *node) {
    if (node->kind == YAML_SCALAR) return scalar(node);
    json_t *whole = node->kind == YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; whole && i < node->count; i++) {
        if (node->kind == YAML_LIST)
            json_add(&whole, json_from_yaml(node->items[i]));
        else
            json_put(&whole, node->items[2 * i]->text, json_from_yaml(node->items[2 * i + 1]));
    }
    return whole;
}

json_t *json_from_texts(const char *const *texts, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_add(&list, texts[i] ? json_string(texts[i]) : json_null());
    return list;
}

/* Writes a piece of JSON. What is left for us to escape, DEL and the C1 controls, stands in strings only; no character is
 * cut between two pieces. */
static int put_piece(const char *piece, size_t length, void *stream) {
    for (const char *at = piece; at < piece + length; at++) {
        bool is_delete = *at == 0x7f, is_control = *at == '\xc2' && at + 1 < piece + length && (at[1] & 0xe0) == 0x80;
        if (is_control) at++;
        if (is_delete || is_control)
            fprintf(stream, "\\u00%02X", (unsigned char)*at);
        else
            putc(*at, stream);
    }
    return ferror((FILE *)stream) ? -1 : 0;
}

static bool print(const json_t *value, size_t flags, FILE *stream, portolan_error *err) {
    bool ok = value && json_dump_callback(value, put_piece, stream, flags) == 0;
    if (!ok && !ferror(stream)) return error_run(err, "out of memory: JSON could not be made");
    putc('\n', stream);
    return true;
}

bool json_print(const json_t *value, FILE *stream, portolan_error *err) {
    return print(value, JSON_INDENT(2), stream, err);
}

bool json_replace(const json_t *value, size_t flags, const char *path, size_t *bytes, portolan_error *err) {
    replacement file;
    if (!replacement_open(&file, path, err)) return false;
    bool ok = print(value, flags, file.stream, err);
    if (bytes) *bytes = (size_t)ftell(file.stream);
    return replacement_finish(&file, ok, err);
}

bool json_write(const json_t *value, const result_folder *folder, const char *name, portolan_error *err) {
    FILE *f = result_file_open(folder, name, err);
    bool ok = f && json_print(value, f, err);
    return result_file_close(f, name, err) && ok;
}
