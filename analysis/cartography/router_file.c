/* router.json: written compact, for it is what a phone would carry, and read with suspicion. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "router.h"

enum { SCHEMA = 1, MAX_SIZE = 1 << 20, MAX_BYTES = 256 << 20 };

/* ---- Writing ---- */

static json_t *pool_json(const router *r, int k) {
    json_t *row = json_array(),
           *one = json_pack("{s:s, s:I}", "name", POOL_NAMES[k], "samples", (json_int_t)r->samples[k]);
    for (uint32_t i = 0; i < r->size; i++) json_add(&row, json_real((double)r->rows[(size_t)k * r->size + i]));
    if (r->assignment == ASSIGN_LOGISTIC) {
        json_put(&one, "bias", json_real(r->bias[k]));
        json_put(&one, "penalty", json_real(r->penalty[k]));
    }
    json_put(&one, r->assignment == ASSIGN_LOGISTIC ? "weights" : "mean", row);
    return one;
}

static json_t *router_json(const router *r, const json_t *chosen_by) {
    json_t *pools = json_array();
    for (int k = 0; k < POOLS; k++)
        if (r->has[k]) json_add(&pools, pool_json(r, k));
    json_t *whole = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:[i,i,i], s:s, s:[o,o], s:o}", "schema", SCHEMA,
                              "method", MAP_METHODS[r->method], "assignment", ASSIGNMENTS[r->assignment],
                              "representation", REPRESENTATIONS[r->representation], "metric", DISTANCES[r->distance],
                              "size", (int)r->size, "split", (int)r->depth[0], (int)r->depth[1], (int)r->depth[2],
                              "embedding", r->embedding, "thresholds", json_number(r->thresholds[0]),
                              json_number(r->thresholds[1]), "pools", pools);
    if (chosen_by) json_put(&whole, "chosen_by", json_incref((json_t *)chosen_by));
    return whole;
}

bool router_write(const router *r, const json_t *chosen_by, const char *path, size_t *bytes, portolan_error *err) {
    json_t *whole = router_json(r, chosen_by);
    bool ok = json_replace(whole, JSON_COMPACT | JSON_REAL_PRECISION(9), path, bytes, err); /* 9 digits hold a float */
    json_decref(whole);
    return ok;
}

/* ---- Reading ---- */

typedef struct reader {
    router *r;
    text_mark mark;
    portolan_error *err;
} reader;

static bool fault(reader *in, const char *key, const char *wanted) {
    return error_input(in->err, in->mark, "not a router: '%s' must be %s; `portolan map` writes one", key, wanted);
}

static bool read_choice(reader *in, const json_t *whole, const char *key, const char *const *choices, int *into) {
    const char *text = json_string_value(json_object_get(whole, key));
    char allowed[256];
    for (*into = 0; text && choices[*into]; ++*into)
        if (strcmp(text, choices[*into]) == 0) return true;
    list_words(allowed, sizeof allowed, choices);
    return fault(in, key, allowed);
}

static bool read_whole(reader *in, const json_t *value, const char *key, json_int_t least, json_int_t most,
                       uint64_t *into) {
    char wanted[96];
    snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)least, (long long)most);
    json_int_t x = json_integer_value(value);
    if (!json_is_integer(value) || x < least || x > most) return fault(in, key, wanted);
    *into = (uint64_t)x;
    return true;
}

static bool read_split(reader *in, const json_t *list) {
    for (size_t k = 0; k < POOLS; k++) {
        uint64_t depth = 0;
        if (json_array_size(list) != POOLS ||
            !read_whole(in, json_array_get(list, k), "split", 1, MODEL_MAX_LAYERS, &depth) ||
            (k && depth < in->r->depth[k - 1]))
            return fault(in, "split", "three numbers of layers, none below the one before");
        in->r->depth[k] = (uint32_t)depth;
    }
    return true;
}

static bool read_embedding(reader *in, const json_t *value) {
    const char *text = json_string_value(value);
    if (!text || strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
        return fault(in, "embedding", "64 hexadecimal digits");
    memcpy(in->r->embedding, text, 65);
    return true;
}

static bool read_thresholds(reader *in, const json_t *list) {
    for (size_t i = 0; i < 2; i++) {
        const json_t *x = json_array_get(list, i);
        if (json_array_size(list) != 2 || !(json_is_number(x) || json_is_null(x)))
            return fault(in, "thresholds", "a list of two numbers or nulls");
        in->r->thresholds[i] = json_is_null(x) ? NAN : json_number_value(x);
    }
    return true;
}

static bool read_row(reader *in, const json_t *list, const char *key, float *into) {
    if (json_array_size(list) != in->r->size) return fault(in, key, "a list of 'size' numbers");
    for (uint32_t i = 0; i < in->r->size; i++) {
        const json_t *x = json_array_get(list, i);
        into[i] = (float)json_number_value(x);
        if (!json_is_number(x) || !isfinite(into[i])) return fault(in, key, "a list of 'size' numbers");
    }
    return true;
}

static bool read_pool(reader *in, const json_t *one) {
    router *r = in->r;
    int k;
    if (!read_choice(in, one, "name", POOL_NAMES, &k) ||
        !read_whole(in, json_object_get(one, "samples"), "samples", 0, INT64_MAX, &r->samples[k]))
        return false;
    if (r->has[k]) return fault(in, "pools", "a list of pools, each once");
    r->has[k] = true;
    const json_t *bias = json_object_get(one, "bias"), *penalty = json_object_get(one, "penalty");
    bool logistic = r->assignment == ASSIGN_LOGISTIC;
    if (logistic && !(json_is_number(bias) && json_is_number(penalty)))
        return fault(in, "bias", "a number, and so 'penalty'");
    r->bias[k] = json_number_value(bias);
    r->penalty[k] = json_number_value(penalty);
    const char *key = logistic ? "weights" : "mean";
    return read_row(in, json_object_get(one, key), key, r->rows + (size_t)k * r->size);
}

static bool read_router(reader *in, const json_t *whole) {
    router *r = in->r;
    uint64_t schema = 0, size = 0;
    if (!read_whole(in, json_object_get(whole, "schema"), "schema", SCHEMA, SCHEMA, &schema) ||
        !read_choice(in, whole, "method", MAP_METHODS, &r->method) ||
        !read_choice(in, whole, "assignment", ASSIGNMENTS, &r->assignment) ||
        !read_choice(in, whole, "representation", REPRESENTATIONS, &r->representation) ||
        !read_choice(in, whole, "metric", DISTANCES, &r->distance) ||
        !read_whole(in, json_object_get(whole, "size"), "size", 1, MAX_SIZE, &size) ||
        !read_split(in, json_object_get(whole, "split")) || !read_embedding(in, json_object_get(whole, "embedding")) ||
        !read_thresholds(in, json_object_get(whole, "thresholds")))
        return false;
    const json_t *pools = json_object_get(whole, "pools");
    if (!json_array_size(pools) || json_array_size(pools) > POOLS)
        return fault(in, "pools", "a list of one to three pools");
    r->size = (uint32_t)size;
    if (!router_allocate(r, in->err)) return false;
    for (size_t i = 0; i < json_array_size(pools); i++)
        if (!read_pool(in, json_array_get(pools, i))) return false;
    return true;
}

bool router_parse(router *r, const char *name, const char *text, size_t length, portolan_error *err) {
    json_error_t where;
    reader in = {r, {name, 0, 0}, err};
    *r = (router){0};
    json_t *whole = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (!whole)
        return error_input(err, (text_mark){name, (unsigned)where.line, (unsigned)where.column}, "not JSON: %s",
                           where.text);
    bool ok = read_router(&in, whole);
    json_decref(whole);
    if (!ok) router_free(r);
    return ok;
}

bool router_load(router *r, const char *path, portolan_error *err) {
    file_bytes bytes;
    *r = (router){0};
    if (!file_read(path, MAX_BYTES, &bytes, err)) return false;
    bool ok = router_parse(r, path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}
