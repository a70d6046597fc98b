/* safetensors files: 8 bytes with the header's length (little-endian), a JSON header that gives each tensor's
 * type, shape and byte range, then the bytes of all tensors without gap or overlap. Format:
 * https://github.com/huggingface/safetensors, README, "Format". A file is taken as hostile until it is
 * checked. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/files.h"
#include "model/model.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are little-endian in the file and are read as they lie"
#endif

enum {
    LENGTH_BYTES = 8,
    HEADER_MAX = 100000000, /* the format's own bound */
    NAME_MAX_BYTES = 255,
    NOT_A_WEIGHT = -1,
};

struct safetensors {
    const char *path;
    unsigned char *bytes; /* the mapped file */
    size_t length;
    tensor *tensors; /* in the order of their bytes */
    size_t count;
    const tensor **by_name; /* sorted */
    arena memory;
};

/* Element types. I64 holds no weights but indices that older exports carry along (position_ids): its place is
 * checked, and it is left out. */
typedef struct element_type {
    const char *name;
    unsigned bytes;
    int type;
} element_type;

static const element_type TYPES[] = {{"F32", 4, TENSOR_F32},
                                     {"F16", 2, TENSOR_F16},
                                     {"BF16", 2, TENSOR_BF16},
                                     {"I64", 8, NOT_A_WEIGHT}};
enum { TYPE_COUNT = sizeof TYPES / sizeof *TYPES };

/* ---- Mapping ---- */

static bool file_fault(const char *path, portolan_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool file_fault(const char *path, portolan_error *err, const char *format, ...) {
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_input(err, (text_mark){path, 0, 0}, "%s", text);
}

static bool map_file(safetensors *f, portolan_error *err) {
    size_t size;
    FILE *file = file_open(f->path, "a .safetensors file", &size, err);
    if (!file) return false;
    bool ok = size >= LENGTH_BYTES ||
              file_fault(f->path, err,
                         "has %zu bytes; a safetensors file has at least 8, which say how long its header is", size);
    void *bytes = ok ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fileno(file), 0) : MAP_FAILED;
    if (ok && bytes == MAP_FAILED) ok = error_run(err, "%s: cannot map: %s", f->path, strerror(errno));
    fclose(file);
    if (!ok) return false;
    f->bytes = bytes;
    f->length = size;
    return true;
}

/* ---- The header ---- */

/* A tensor of the header with its byte range, relative to the end of the header. */
typedef struct entry {
    tensor t;
    uint64_t begin, end;
    size_t order; /* in the header */
    bool weight;  /* not an I64 */
} entry;

/* One pass over a header; `room` bytes follow it. */
typedef struct header_reader {
    safetensors *file;
    const unsigned char *buffer;
    uint64_t room;
    entry *entries;
    size_t count;
    portolan_error *err;
} header_reader;

static bool tensor_fault(const header_reader *r, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool tensor_fault(const header_reader *r, const char *name, const char *format, ...) {
    char text[640];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return file_fault(r->file->path, r->err, "tensor '%.100s': %s", name, text);
}

static bool find_header(const safetensors *f, uint64_t *length, portolan_error *err) {
    uint64_t room = f->length - LENGTH_BYTES;
    memcpy(length, f->bytes, sizeof *length);
    if (*length > HEADER_MAX)
        return file_fault(f->path, err,
                          "says that its header has %llu bytes; at most %d are allowed. Is it a safetensors "
                          "file?",
                          (unsigned long long)*length, HEADER_MAX);
    if (*length > room)
        return file_fault(f->path, err,
                          "says that its header has %llu bytes, but only %llu follow; it is cut short, or no "
                          "safetensors file",
                          (unsigned long long)*length, (unsigned long long)room);
    if (*length < 2 || f->bytes[LENGTH_BYTES] != '{')
        return file_fault(f->path, err,
                          "has a header of %llu bytes that does not begin with '{'; it must be a JSON object",
                          (unsigned long long)*length);
    return true;
}

static bool check_name(const header_reader *r, const char *name) {
    size_t length = strlen(name);
    if (!length || length > NAME_MAX_BYTES)
        return file_fault(r->file->path, r->err, "has a tensor with a name of %zu bytes ('%.40s'); 1 to %d are allowed",
                          length, name, NAME_MAX_BYTES);
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return file_fault(r->file->path, r->err, "has a tensor with a control character (0x%02x) in its name",
                              (unsigned)(unsigned char)*p);
    return true;
}

static bool check_keys(const header_reader *r, const char *name, json_t *object) {
    static const char *const KEYS[] = {"dtype", "shape", "data_offsets", NULL};
    if (!json_is_object(object))
        return tensor_fault(r, name, "is not described by an object with dtype, shape and data_offsets");
    for (const char *const *key = KEYS; *key; key++)
        if (!json_object_get(object, *key)) return tensor_fault(r, name, "has no %s", *key);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        const char *const *known = KEYS;
        while (*known && strcmp(*known, key) != 0) known++;
        if (!*known)
            return tensor_fault(r, name, "has an unknown key '%.40s'; dtype, shape and data_offsets are allowed", key);
    }
    return true;
}

static bool read_type(const header_reader *r, const char *name, json_t *json, const element_type **type) {
    const char *text = json_string_value(json);
    if (!text) return tensor_fault(r, name, "has a dtype that is not a string; F32, F16 or BF16 is wanted");
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(TYPES[i].name, text) != 0) continue;
        *type = &TYPES[i];
        return true;
    }
    return tensor_fault(r, name, "has dtype '%.20s'; F32, F16 and BF16 are allowed", text);
}

static bool read_shape(const header_reader *r, json_t *json, tensor *t) {
    if (!json_is_array(json)) return tensor_fault(r, t->name, "has a shape that is not a list");
    size_t rank = json_array_size(json);
    if (rank > TENSOR_MAX_RANK)
        return tensor_fault(r, t->name, "has a shape of %zu dimensions; at most %d are allowed", rank, TENSOR_MAX_RANK);
    t->rank = (uint32_t)rank;
    t->elements = 1;
    for (size_t i = 0; i < rank; i++) {
        json_t *size = json_array_get(json, i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return tensor_fault(r, t->name, "has a dimension that is not a whole number from 0");
        t->shape[i] = (uint64_t)json_integer_value(size);
        if (__builtin_mul_overflow(t->elements, t->shape[i], &t->elements))
            return tensor_fault(r, t->name, "has a shape whose product exceeds 64 bits");
    }
    return true;
}

static bool read_range(const header_reader *r, json_t *json, unsigned element_bytes, entry *e) {
    json_t *begin = json_array_get(json, 0), *end = json_array_get(json, 1);
    if (json_array_size(json) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return tensor_fault(r, e->t.name, "has data_offsets that are not [begin, end] with 0 <= begin <= end");
    e->begin = (uint64_t)json_integer_value(begin);
    e->end = (uint64_t)json_integer_value(end);
    if (e->end > r->room)
        return tensor_fault(r, e->t.name,
                            "ends at byte %llu, but only %llu follow the header; the file is cut short or "
                            "damaged",
                            (unsigned long long)e->end, (unsigned long long)r->room);
    uint64_t wanted;
    if (__builtin_mul_overflow(e->t.elements, element_bytes, &wanted))
        return tensor_fault(r, e->t.name, "has a shape whose bytes exceed 64 bits");
    if (e->end - e->begin != wanted)
        return tensor_fault(r, e->t.name, "has %llu bytes; its shape and dtype need %llu",
                            (unsigned long long)(e->end - e->begin), (unsigned long long)wanted);
    return true;
}

static bool read_entry(header_reader *r, const char *name, json_t *object) {
    entry *e = &r->entries[r->count];
    const element_type *type = NULL;
    if (!check_name(r, name) || !check_keys(r, name, object) ||
        !read_type(r, name, json_object_get(object, "dtype"), &type))
        return false;
    e->t.name = arena_text(&r->file->memory, name, strlen(name));
    if (!e->t.name) return error_memory(r->err, strlen(name) + 1);
    e->weight = type->type != NOT_A_WEIGHT;
    e->t.type = e->weight ? (tensor_type)type->type : TENSOR_F32;
    e->order = r->count;
    if (!read_shape(r, json_object_get(object, "shape"), &e->t) ||
        !read_range(r, json_object_get(object, "data_offsets"), type->bytes, e))
        return false;
    e->t.data = r->buffer + e->begin;
    r->count++;
    return true;
}

static bool check_metadata(const header_reader *r, json_t *metadata) {
    const char *key;
    json_t *value;
    if (!json_is_object(metadata)) return file_fault(r->file->path, r->err, "has a __metadata__ that is not an object");
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return file_fault(r->file->path, r->err, "has a __metadata__ entry '%.40s' that is not a string", key);
    }
    return true;
}

static int by_place(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Every byte behind the header belongs to exactly one tensor. */
static bool check_places(header_reader *r) {
    if (r->count) qsort(r->entries, r->count, sizeof *r->entries, by_place);
    uint64_t expected = 0;
    for (size_t i = 0; i < r->count; i++) {
        const entry *e = &r->entries[i];
        if (e->begin < expected)
            return tensor_fault(r, e->t.name, "begins at byte %llu, inside tensor '%.100s', which ends at byte %llu",
                                (unsigned long long)e->begin, e[-1].t.name, (unsigned long long)expected);
        if (e->begin > expected)
            return tensor_fault(r, e->t.name, "begins at byte %llu, but the bytes from %llu on belong to no tensor",
                                (unsigned long long)e->begin, (unsigned long long)expected);
        expected = e->end;
    }
    if (expected == r->room) return true;
    return file_fault(r->file->path, r->err, "has %llu bytes behind its last tensor that belong to none",
                      (unsigned long long)(r->room - expected));
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const tensor *const *)a)->name, (*(const tensor *const *)b)->name);
}

/* Moves the checked entries into the file's own lists. */
static bool keep_entries(const header_reader *r) {
    safetensors *f = r->file;
    f->tensors = arena_alloc(&f->memory, r->count + 1, sizeof *f->tensors);
    f->by_name = arena_alloc(&f->memory, r->count + 1, sizeof *f->by_name);
    if (!f->tensors || !f->by_name) return error_memory(r->err, r->count * (sizeof *f->tensors + sizeof *f->by_name));
    for (size_t i = 0; i < r->count; i++) {
        if (!r->entries[i].weight) continue;
        f->tensors[f->count] = r->entries[i].t;
        f->by_name[f->count] = &f->tensors[f->count];
        f->count++;
    }
    qsort(f->by_name, f->count, sizeof *f->by_name, by_name);
    return true;
}

static bool read_entries(header_reader *r, json_t *header) {
    r->entries = calloc(json_object_size(header) + 1, sizeof *r->entries);
    if (!r->entries) return error_memory(r->err, (json_object_size(header) + 1) * sizeof *r->entries);
    const char *name;
    json_t *value;
    bool ok = true;
    json_object_foreach(header, name, value) {
        ok = strcmp(name, "__metadata__") == 0 ? check_metadata(r, value) : read_entry(r, name, value);
        if (!ok) break;
    }
    ok = ok && check_places(r) && keep_entries(r);
    free(r->entries);
    return ok;
}

static bool read_header(safetensors *f, portolan_error *err) {
    uint64_t length;
    if (!find_header(f, &length, err)) return false;
    json_error_t fault;
    json_t *header = json_loadb((const char *)f->bytes + LENGTH_BYTES, length, JSON_REJECT_DUPLICATES, &fault);
    if (!header && json_error_code(&fault) == json_error_out_of_memory) return error_memory(err, length);
    if (!header)
        return file_fault(f->path, err, "has a header that is not JSON: %s (byte %d of the header)", fault.text,
                          fault.position);
    header_reader r = {.file = f,
                       .buffer = f->bytes + LENGTH_BYTES + length,
                       .room = f->length - LENGTH_BYTES - length,
                       .err = err};
    bool ok = read_entries(&r, header);
    json_decref(header);
    return ok;
}

safetensors *safetensors_open(const char *path, portolan_error *err) {
    safetensors *f = calloc(1, sizeof *f);
    if (!f) {
        error_memory(err, sizeof *f);
        return NULL;
    }
    f->path = arena_text(&f->memory, path, strlen(path));
    bool ok = f->path || error_memory(err, strlen(path) + 1);
    if (ok && map_file(f, err) && read_header(f, err)) return f;
    safetensors_close(f);
    return NULL;
}

void safetensors_close(safetensors *f) {
    if (!f) return;
    if (f->bytes) munmap(f->bytes, f->length);
    arena_free(&f->memory);
    free(f);
}

const tensor *safetensors_find(const safetensors *f, const char *name) {
    const tensor wanted = {.name = name}, *key = &wanted;
    const tensor **found = bsearch(&key, f->by_name, f->count, sizeof *f->by_name, by_name);
    return found ? *found : NULL;
}

const tensor *safetensors_all(const safetensors *f, size_t *count) {
    *count = f->count;
    return f->tensors;
}

const char *safetensors_path(const safetensors *f) { return f->path; }

/* ---- Elements ---- */

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* By its bits, so that the loops below become vector code. */
static bool is_finite(float x) { return (bits_of(x) & 0x7f800000) != 0x7f800000; }

/* Converts `n` elements from number `first` on; whether all are finite. */
static bool convert(const tensor *t, size_t first, size_t n, float *out) {
    const unsigned char *from = (const unsigned char *)t->data + first * (t->type == TENSOR_F32 ? 4 : 2);
    unsigned bad = 0;
    uint16_t half;
    switch (t->type) {
    case TENSOR_F32:
        if (n) memcpy(out, from, 4 * n);
        for (size_t i = 0; i < n; i++) bad |= !is_finite(out[i]);
        break;
    case TENSOR_F16:
        for (size_t i = 0; i < n; i++) {
            memcpy(&half, from + 2 * i, 2);
            out[i] = float_from_half(half);
            bad |= !is_finite(out[i]);
        }
        break;
    case TENSOR_BF16:
        for (size_t i = 0; i < n; i++) {
            memcpy(&half, from + 2 * i, 2);
            out[i] = float_from_bfloat16(half);
            bad |= !is_finite(out[i]);
        }
        break;
    }
    return !bad;
}

/* Tile by tile, so that neither side is walked with a stride longer than the cache can hold. */
static bool convert_transposed(const tensor *t, float *out) {
    enum { TILE = 32 };
    float tile[TILE][TILE];
    size_t rows = t->shape[0], columns = t->shape[1];
    bool ok = true;
    for (size_t r0 = 0; r0 < rows; r0 += TILE) {
        size_t height = rows - r0 < TILE ? rows - r0 : TILE;
        for (size_t c0 = 0; c0 < columns; c0 += TILE) {
            size_t width = columns - c0 < TILE ? columns - c0 : TILE;
            for (size_t r = 0; r < height; r++) ok = convert(t, (r0 + r) * columns + c0, width, tile[r]) && ok;
            for (size_t c = 0; c < width; c++)
                for (size_t r = 0; r < height; r++) out[(c0 + c) * rows + r0 + r] = tile[r][c];
        }
    }
    return ok;
}

static bool report_not_finite(const safetensors *f, const tensor *t, portolan_error *err) {
    float x = 0;
    uint64_t i = 0;
    while (convert(t, i, 1, &x)) i++;
    return file_fault(
        f->path, err, "tensor '%.100s': element %llu of %llu (from 0) is %s; weights must be finite numbers", t->name,
        (unsigned long long)i, (unsigned long long)t->elements, (bits_of(x) & 0x7fffff) ? "NaN" : "infinite");
}

/* Gives the pages back that hold nothing but this tensor; they come again from the file if they are asked
 * for. */
static void release_pages(const tensor *t) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)t->data;
    uintptr_t end = (start + t->elements * (t->type == TENSOR_F32 ? 4 : 2)) / page * page;
    start = (start + page - 1) / page * page;
    if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
}

bool tensor_read(const safetensors *f, const tensor *t, bool transpose, float *out, portolan_error *err) {
    bool ok = transpose && t->rank == 2 ? convert_transposed(t, out) : convert(t, 0, t->elements, out);
    if (!ok) report_not_finite(f, t, err);
    release_pages(t);
    return ok;
}
