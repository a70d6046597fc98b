/* router.json: written compact, for it is what a phone would carry, and read with suspicion. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "router.h"

/* Schema 1 had one mean a pool. */
enum { SCHEMA = 2, MAX_SIZE = 1 << 20, MAX_BYTES = 256 << 20 };

/* ---- Writing ---- */

static json_t *numbers_json(const float *numbers, uint32_t n) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++) json_add(&list, json_real((double)numbers[i]));
    return list;
}

static json_t *pool_json(const router *r, int k) {
    json_t *one = json_pack("{s:s, s:I}", "name", POOL_NAMES[k], "samples", (json_int_t)r->samples[k]);
    if (r->assignment == ASSIGN_NEAREST_MEAN) {
        json_t *means = json_array();
        for (uint32_t i = 0; i < r->stands[k]; i++) json_add(&means, numbers_json(router_row(r, k, i), r->size));
        json_put(&one, "means", means);
        return one;
    }
    json_put(&one, "penalty", json_real(r->penalty[k]));
    if (r->assignment == ASSIGN_LOGISTIC) {
        json_put(&one, "bias", json_real(r->bias[k]));
        json_put(&one, "weights", numbers_json(router_row(r, k, 0), r->size));
    }
    return one;
}

/* The clusters that there are; those of weight 0 are none. */
static json_t *clusters_json(const router *r) {
    json_t *list = json_array();
    mixture m = router_mixture(r);
    for (uint32_t c = 0; c < m.count; c++)
        if (m.weights[c] > 0)
            json_add(&list, json_pack("{s:f, s:o, s:o, s:o}", "weight", (double)m.weights[c], "mean",
                                      numbers_json(m.means + (size_t)c * m.size, m.size), "variance",
                                      numbers_json(m.variances + (size_t)c * m.size, m.size), "gains",
                                      numbers_json(router_gains(r) + (size_t)c * POOLS, POOLS)));
    return list;
}

static json_t *router_json(const router *r, const json_t *chosen_by) {
    json_t *pools = json_array();
    for (int k = 0; k < POOLS; k++)
        if (r->stands[k]) json_add(&pools, pool_json(r, k));
    json_t *whole = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:[i,i,i], s:s, s:[o,o], s:o}", "schema", SCHEMA,
                              "method", MAP_METHODS[r->method], "assignment", ASSIGNMENTS[r->assignment],
                              "representation", REPRESENTATIONS[r->representation], "metric", DISTANCES[r->distance],
                              "size", (int)r->size, "split", (int)r->depth[0], (int)r->depth[1], (int)r->depth[2],
                              "embedding", r->embedding, "thresholds", json_number(r->thresholds[0]),
                              json_number(r->thresholds[1]), "pools", pools);
    if (r->assignment == ASSIGN_MIXTURE) json_put(&whole, "clusters", clusters_json(r));
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

static bool read_numbers(reader *in, const json_t *list, const char *key, uint32_t n, float *into) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "a list of %u numbers", n);
    if (json_array_size(list) != n) return fault(in, key, wanted);
    for (uint32_t i = 0; i < n; i++) {
        const json_t *x = json_array_get(list, i);
        into[i] = (float)json_number_value(x);
        if (!json_is_number(x) || !isfinite(into[i])) return fault(in, key, wanted);
    }
    return true;
}

static bool read_number(reader *in, const json_t *one, const char *key, double *into) {
    const json_t *x = json_object_get(one, key);
    *into = json_number_value(x);
    return json_is_number(x) || fault(in, key, "a number");
}

static bool read_stand(reader *in, const json_t *one, int k) {
    router *r = in->r;
    const json_t *means = json_object_get(one, "means");
    r->stands[k] = 1;
    if (r->assignment == ASSIGN_MIXTURE) return read_number(in, one, "penalty", &r->penalty[k]);
    if (r->assignment == ASSIGN_LOGISTIC)
        return read_number(in, one, "bias", &r->bias[k]) && read_number(in, one, "penalty", &r->penalty[k]) &&
               read_numbers(in, json_object_get(one, "weights"), "weights", r->size, router_row(r, k, 0));
    for (r->stands[k] = 0; r->stands[k] < json_array_size(means); r->stands[k]++)
        if (!read_numbers(in, json_array_get(means, r->stands[k]), "means", r->size, router_row(r, k, r->stands[k])))
            return false;
    return true;
}

static bool read_pool(reader *in, const json_t *one) {
    router *r = in->r;
    int k;
    if (!read_choice(in, one, "name", POOL_NAMES, &k) ||
        !read_whole(in, json_object_get(one, "samples"), "samples", 0, INT64_MAX, &r->samples[k]))
        return false;
    return r->stands[k] ? fault(in, "pools", "a list of pools, each once") : read_stand(in, one, k);
}

static bool read_cluster(reader *in, const json_t *one, uint32_t c) {
    mixture m = router_mixture(in->r);
    float *variances = m.variances + (size_t)c * m.size;
    double weight;
    if (!read_number(in, one, "weight", &weight) ||
        !read_numbers(in, json_object_get(one, "mean"), "mean", m.size, m.means + (size_t)c * m.size) ||
        !read_numbers(in, json_object_get(one, "variance"), "variance", m.size, variances) ||
        !read_numbers(in, json_object_get(one, "gains"), "gains", POOLS, router_gains(in->r) + (size_t)c * POOLS))
        return false;
    m.weights[c] = (float)weight;
    if (!(m.weights[c] > 0 && m.weights[c] <= 1)) return fault(in, "weight", "above 0 and at most 1");
    for (uint32_t d = 0; d < m.size; d++)
        if (!(variances[d] > 0)) return fault(in, "variance", "a list of numbers above 0");
    return true;
}

/* The count of a list if each entry, or what it has under `key`, is a list of `size` entries; else 0. */
static size_t count_lists(const json_t *list, const char *key, uint32_t size) {
    size_t i;
    const json_t *entry;
    json_array_foreach((json_t *)list, i, entry)
        if (json_array_size(key ? json_object_get(entry, key) : entry) != size) return 0;
    return json_array_size(list);
}

/* Sets how many rows there are for each pool, or clusters, before there is room for them: as many numbers are in the file, so
 * that a small one cannot ask for much memory. */
static bool count_rows(reader *in, const json_t *pools, const json_t *clusters) {
    router *r = in->r;
    bool mixed = r->assignment == ASSIGN_MIXTURE;
    size_t most = mixed ? count_lists(clusters, "mean", r->size) : 1;
    for (size_t i = 0; r->assignment == ASSIGN_NEAREST_MEAN && i < json_array_size(pools); i++) {
        size_t count = count_lists(json_object_get(json_array_get(pools, i), "means"), NULL, r->size);
        most = !count ? 0 : most && count > most ? count : most;
    }
    if (!most || most > ROUTER_MOST_ROWS)
        return fault(in, mixed ? "clusters" : "means", "a list of 1 to 256, each with as many numbers as 'size' says");
    r->count = (uint32_t)most;
    return true;
}

static bool read_rows(reader *in, const json_t *pools, const json_t *clusters) {
    router *r = in->r;
    if (!json_array_size(pools) || json_array_size(pools) > POOLS)
        return fault(in, "pools", "a list of one to three pools");
    if (!count_rows(in, pools, clusters) || !router_allocate(r, in->err)) return false;
    for (size_t i = 0; i < json_array_size(pools); i++)
        if (!read_pool(in, json_array_get(pools, i))) return false;
    for (uint32_t c = 0; r->assignment == ASSIGN_MIXTURE && c < r->count; c++)
        if (!read_cluster(in, json_array_get(clusters, c), c)) return false;
    return true;
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
    r->size = (uint32_t)size;
    return read_rows(in, json_object_get(whole, "pools"), json_object_get(whole, "clusters"));
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
