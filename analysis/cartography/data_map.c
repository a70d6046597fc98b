/* Confidence, variability and correctness: of training dynamics, or read from a published map. */
#include <math.h>
#include <stdlib.h>

#include "cartography.h"
#include "jsonl.h"

static bool allocate(data_map *m, size_t samples, portolan_error *err) {
    m->guids = arena_alloc(&m->memory, samples, sizeof *m->guids);
    m->confidence = arena_alloc(&m->memory, samples, sizeof *m->confidence);
    m->variability = arena_alloc(&m->memory, samples, sizeof *m->variability);
    m->correctness = arena_alloc(&m->memory, samples, sizeof *m->correctness);
    return (m->guids && m->confidence && m->variability && m->correctness) ||
           error_memory(err, samples * (3 * sizeof(double) + sizeof(uint32_t)));
}

void data_map_free(data_map *m) {
    arena_free(&m->memory);
    *m = (data_map){0};
}

static void place(data_map *m, uint32_t i, const double *p, const uint8_t *correct, uint32_t epochs) {
    double sum = 0, squares = 0;
    for (uint32_t e = 0; e < epochs; e++) {
        sum += p[e];
        m->correctness[i] += correct[e];
    }
    m->confidence[i] = sum / epochs;
    for (uint32_t e = 0; e < epochs; e++) squares += (p[e] - m->confidence[i]) * (p[e] - m->confidence[i]);
    m->variability[i] = sqrt(squares / epochs);
}

bool data_map_compute(data_map *m, const training_dynamics *d, portolan_error *err) {
    *m = (data_map){.samples = d->samples, .epochs = d->epochs};
    if (!allocate(m, d->samples, err)) {
        data_map_free(m);
        return false;
    }
    for (uint32_t i = 0; i < d->samples; i++) {
        m->guids[i] = d->guids[i];
        place(m, i, d->right + (size_t)i * d->room, d->correct + (size_t)i * d->room, d->epochs);
    }
    return true;
}

/* ---- Published maps ---- */

static bool read_row(data_map *m, jsonl_cursor *c, const json_t *row) {
    uint32_t i = m->samples;
    double correctness;
    m->guids[i] = jsonl_name(c, row, "guid", "index", &m->memory);
    if (!m->guids[i] || !jsonl_number(c, row, "confidence", 0, 1, &m->confidence[i]) ||
        !jsonl_number(c, row, "variability", 0, 0.5000001, &m->variability[i]) ||
        !jsonl_number(c, row, "correctness", 0, 1e6, &correctness))
        return false;
    if (correctness != floor(correctness))
        return error_input(c->err, c->mark, "'correctness' is %.9g; it is a number of epochs", correctness);
    m->correctness[i] = (uint32_t)correctness;
    if (m->correctness[i] > m->epochs) m->epochs = m->correctness[i];
    m->samples++;
    return true;
}

bool data_map_parse(data_map *m, const char *name, const char *text, size_t length, portolan_error *err) {
    jsonl_cursor c = {text, text + length, {name, 0, 0}, err};
    *m = (data_map){0};
    size_t lines = jsonl_lines(text, length);
    bool ok = lines < UINT32_MAX || error_input(err, c.mark, "has %zu lines, more than can be read", lines);
    ok = ok && allocate(m, lines, err);
    for (json_t *row; ok && (row = jsonl_next(&c)); json_decref(row)) ok = read_row(m, &c, row);
    ok = ok && !err->status && (m->samples || error_input(err, (text_mark){name, 0, 0}, "holds no samples"));
    if (!ok) data_map_free(m);
    return ok;
}

bool data_map_load(data_map *m, const char *path, portolan_error *err) {
    file_bytes bytes;
    *m = (data_map){0};
    if (!file_read(path, (size_t)4 << 30, &bytes, err)) return false;
    bool ok = data_map_parse(m, path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}
