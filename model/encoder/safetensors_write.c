/* Writing safetensors files; the format is told in safetensors.c. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/replacement.h"
#include "model/model.h"

enum { NAME_MAX_BYTES = 255 };

static const char *const TYPE_NAMES[] = {"F32", "F16", "BF16"};

static uint64_t tensor_bytes(const tensor *t) { return t->elements * (t->type == TENSOR_F32 ? 4 : 2); }

static bool cannot_describe(const tensor *t, const char *why, portolan_error *err) {
    return error_run(err, "tensor '%.100s' cannot be written: %s", t->name, why);
}

/* Describes a tensor whose bytes begin at `*offset`, and steps over them. */
static bool describe(json_t *header, const tensor *t, uint64_t *offset, portolan_error *err) {
    size_t length = strlen(t->name);
    uint64_t elements = 1;
    bool sound = t->rank <= TENSOR_MAX_RANK && t->type <= TENSOR_BF16;
    for (uint32_t i = 0; sound && i < t->rank; i++) sound = !__builtin_mul_overflow(elements, t->shape[i], &elements);
    if (!sound || elements != t->elements || elements > INT64_MAX / 4 || *offset > INT64_MAX / 2)
        return cannot_describe(t, "its type, shape and number of elements do not agree", err);
    if (!length || length > NAME_MAX_BYTES || strcmp(t->name, "__metadata__") == 0)
        return cannot_describe(t, "a name has 1 to 255 bytes and is not __metadata__", err);
    if (json_object_get(header, t->name)) return cannot_describe(t, "its name stands twice", err);
    json_t *shape = json_array();
    for (uint32_t i = 0; i < t->rank; i++) json_add(&shape, json_integer((json_int_t)t->shape[i]));
    uint64_t end = *offset + tensor_bytes(t);
    json_t *row = json_pack("{s:s, s:o, s:[I, I]}", "dtype", TYPE_NAMES[t->type], "shape", shape, "data_offsets",
                            (json_int_t)*offset, (json_int_t)end);
    *offset = end;
    /* fails for want of memory, or on a name that is not UTF-8 */
    return json_object_set_new(header, t->name, row) == 0 || cannot_describe(t, "its name is not UTF-8", err);
}

/* The header's text; free() it. NULL on failure. */
static char *make_header(const tensor *const *list, size_t count, const char *const *metadata, portolan_error *err) {
    json_t *header = json_object(), *notes = json_object();
    bool has_notes = metadata && *metadata;
    for (; has_notes && *metadata; metadata += 2) json_put(&notes, metadata[0], json_string(metadata[1]));
    if (has_notes) json_put(&header, "__metadata__", json_incref(notes));
    json_decref(notes);
    bool ok = header != NULL;
    if (!ok) error_run(err, "the metadata of a safetensors file cannot be written: it is not UTF-8");
    uint64_t offset = 0;
    for (size_t i = 0; ok && i < count; i++) ok = describe(header, list[i], &offset, err);
    char *text = ok ? json_dump_text(header, JSON_COMPACT) : NULL;
    if (ok && !text) error_memory(err, count * 100);
    json_decref(header);
    return text;
}

static void write_all(FILE *out, const char *header, const tensor *const *list, size_t count) {
    uint64_t length = strlen(header), padded = (length + 7) / 8 * 8;
    fwrite(&padded, sizeof padded, 1, out);
    fwrite(header, 1, length, out);
    for (uint64_t i = length; i < padded; i++) fputc(' ', out);
    for (size_t i = 0; i < count && !ferror(out); i++)
        if (list[i]->elements) fwrite(list[i]->data, 1, tensor_bytes(list[i]), out);
}

/* Four-byte elements before two-byte ones, so that all are aligned in the file. */
static void order_by_alignment(const tensor *tensors, size_t count, const tensor **list) {
    size_t n = 0;
    for (int wide = 1; wide >= 0; wide--)
        for (size_t i = 0; i < count; i++)
            if ((tensors[i].type == TENSOR_F32) == wide) list[n++] = &tensors[i];
}

bool safetensors_write(const char *path, const tensor *tensors, size_t count, const char *const *metadata,
                       portolan_error *err) {
    const tensor **list = calloc(count + 1, sizeof *list);
    if (!list) return error_memory(err, (count + 1) * sizeof *list);
    order_by_alignment(tensors, count, list);
    char *header = make_header(list, count, metadata, err);
    replacement file;
    bool ok = header && replacement_open(&file, path, err);
    if (ok) {
        write_all(file.stream, header, list, count);
        ok = replacement_finish(&file, true, err);
    }
    free(header);
    free(list);
    return ok;
}
