/* Outcome tables: the synthetic one, and CSV in the long and the compact form. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/csv.h"
#include "base/elementary.h"
#include "base/files.h"
#include "base/numbers.h"
#include "utf8.h"
#include "workloads.h"

/* ---- Making tables ---- */

/* What exits say, for all samples; arrays whose places follow one another in `at`. */
static bool allocate_answers(outcome_table *t, size_t cells, size_t classes, bool shared) {
    size_t probability_bytes = cells * classes * sizeof *t->probabilities,
           confidence_bytes = cells * sizeof *t->confidences;
    size_t bytes = probability_bytes + confidence_bytes + cells * sizeof *t->predictions;
    char *at;
    if (shared) {
        void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        at = mapping == MAP_FAILED ? NULL : mapping;
        t->shared = at;
        t->shared_bytes = bytes;
    } else {
        at = arena_alloc(&t->memory, bytes, 1);
    }
    if (!at) return false;
    t->confidences = (double *)at;
    if (classes) t->probabilities = (double *)(at + confidence_bytes);
    t->predictions = (uint16_t *)(at + confidence_bytes + probability_bytes);
    return true;
}

bool outcome_table_allocate(outcome_table *t, uint64_t samples, const uint32_t *exit_layers, uint32_t exits,
                            uint64_t classes, bool probabilities, bool shared, portolan_error *err) {
    *t = (outcome_table){.samples = (uint32_t)samples, .exits = exits, .classes = (uint32_t)classes};
    for (uint32_t e = 0; e < exits; e++) {
        t->exit_layer[e] = exit_layers[e];
        t->exit_at[exit_layers[e]] = (uint8_t)(e + 1);
        t->layers = exit_layers[e];
    }
    size_t cells = (size_t)samples * exits;
    t->labels = arena_alloc(&t->memory, samples, sizeof *t->labels);
    if (t->labels && allocate_answers(t, cells, probabilities ? classes : 0, shared)) return true;
    outcome_table_free(t);
    return error_memory(err, cells * (8 + 2 + (probabilities ? 8 * classes : 0)));
}

/* Exits after each of the first layers. */
static bool allocate_contiguous(outcome_table *t, uint64_t samples, uint32_t exits, uint64_t classes,
                                bool probabilities, portolan_error *err) {
    uint32_t layers[OUTCOME_MAX_EXITS];
    for (uint32_t e = 0; e < exits; e++) layers[e] = e + 1;
    return outcome_table_allocate(t, samples, layers, exits, classes, probabilities, false, err);
}

void outcome_table_conclude(outcome_table *t, uint32_t sample, uint32_t exit) {
    const double *p = outcome_probabilities(t, sample, exit);
    uint16_t best = 0;
    for (uint16_t c = 1; c < t->classes; c++)
        if (p[c] > p[best]) best = c;
    t->confidences[(size_t)sample * t->exits + exit] = p[best];
    t->predictions[(size_t)sample * t->exits + exit] = best;
}

static const char *const WORKS[] = {"constant", "exponential", NULL};

const yaml_field SYNTHETIC_FIELDS[] = {
    {"samples", FIELD_COUNT, offsetof(synthetic_settings, samples), .doc = "how many samples", .fallback = "10000",
     .least = 1, .most = 10e6},
    {"layers", FIELD_COUNT, offsetof(synthetic_settings, layers), .doc = "layers of the model, an exit after each",
     .fallback = "12", .least = 1, .most = OUTCOME_MAX_EXITS},
    {"ability_first", FIELD_QUANTITY, offsetof(synthetic_settings, ability_first),
     .doc = "ability of the first exit, in standard deviations of difficulty", .fallback = "0.4", .least = -10,
     .most = 10},
    {"ability_last", FIELD_QUANTITY, offsetof(synthetic_settings, ability_last), .doc = "ability of the last exit",
     .fallback = "1.8", .least = -10, .most = 10},
    {"sharpness", FIELD_QUANTITY, offsetof(synthetic_settings, sharpness),
     .doc = "how fast confidence grows with the margin", .fallback = "2.5", .least = 0, .most = 100, .positive = true},
    {"work", FIELD_CHOICE, offsetof(synthetic_settings, work),
     .doc = "constant: a request's FLOP follow from its tokens; exponential: times its own Exp(1) draw",
     .fallback = "constant", .choices = WORKS},
    {0},
};

static void synthesize_sample(outcome_table *t, const synthetic_settings *s, uint32_t i, uint64_t seed) {
    random_stream stream = random_open(seed, "synthetic", i);
    uint32_t label = (uint32_t)random_below(&stream, 2);
    double difficulty = random_normal(&stream), noise = random_normal(&stream);
    t->labels[i] = label;
    for (uint32_t e = 0; e < t->exits; e++) {
        double depth = t->exits > 1 ? portable_log(e + 1) / portable_log(t->exits) : 1;
        double ability = s->ability_first + (s->ability_last - s->ability_first) * depth;
        if (e) noise = 0.8 * noise + 0.6 * random_normal(&stream);
        double margin = ability - difficulty + 0.5 * noise;
        double right = 1 / (1 + portable_exp(-s->sharpness * margin));
        double *p = t->probabilities + ((size_t)i * t->exits + e) * 2;
        p[label] = right;
        p[1 - label] = 1 - right;
        outcome_table_conclude(t, i, e);
    }
}

bool outcome_table_synthesize(outcome_table *t, const synthetic_settings *s, uint64_t seed, portolan_error *err) {
    if (!allocate_contiguous(t, s->samples, (uint32_t)s->layers, 2, true, err)) return false;
    t->work = s->work;
    for (uint32_t i = 0; i < t->samples; i++) synthesize_sample(t, s, i, seed);
    return true;
}

bool outcome_table_draw_tokens(outcome_table *t, const distribution *d, uint64_t seed, portolan_error *err) {
    t->tokens = arena_alloc(&t->memory, t->samples, sizeof *t->tokens);
    if (!t->tokens) return error_memory(err, t->samples * sizeof *t->tokens);
    for (uint32_t i = 0; i < t->samples; i++) {
        random_stream s = random_open(seed, "tokens", i);
        t->tokens[i] = (uint32_t)fmax(1, floor(distribution_draw(d, &s) + 0.5));
    }
    return true;
}

void outcome_table_free(outcome_table *t) {
    if (t->shared) munmap(t->shared, t->shared_bytes);
    arena_free(&t->memory);
    *t = (outcome_table){0};
}

/* ---- CSV of numbers ---- */

static const char MORE_FIELDS[] = "the line has more fields than the header";

/* A cursor over the text; `field` points at the current field, which ends before a comma or the end of the line. */
typedef struct csv_cursor {
    const char *at, *end; /* unread text */
    const char *line_start;
    text_mark mark; /* of the field last read */
    portolan_error *err;
} csv_cursor;

static bool csv_fault(csv_cursor *c, const char *found, size_t length, const char *wanted) {
    return error_input(c->err, c->mark, "found '%.*s'; %s", (int)(length > 40 ? 40 : length), found, wanted);
}

static bool csv_more_lines(const csv_cursor *c) { return c->at < c->end; }

static void csv_start_line(csv_cursor *c) {
    c->line_start = c->at;
    c->mark.line++;
}

/* The next field of the line; false at the end of the line. */
static bool csv_field(csv_cursor *c, const char **field, size_t *length) {
    if (c->at > c->line_start) {
        if (c->at >= c->end || c->at[-1] != ',') return false;
    }
    c->mark.column = (unsigned)(c->at - c->line_start) + 1;
    *field = c->at;
    while (c->at < c->end && *c->at != ',' && *c->at != '\n') c->at++;
    *length = (size_t)(c->at - *field);
    if (c->at < c->end && *c->at == ',') c->at++;
    if (*length && (*field)[*length - 1] == '\r') --*length;
    return true;
}

/* Steps over the line break; anything before it is one field too many, which is said with what is wanted. */
static bool csv_end_line(csv_cursor *c, const char *wanted) {
    if (c->at > c->line_start && c->at[-1] == ',') {
        const char *stop = c->at;
        while (stop < c->end && *stop != '\r' && *stop != '\n') stop++;
        c->mark.column = (unsigned)(c->at - c->line_start) + 1;
        return csv_fault(c, c->at, (size_t)(stop - c->at), wanted);
    }
    if (c->at < c->end) c->at++;
    return true;
}

static bool csv_decimal(csv_cursor *c, double least, double most, const char *wanted, double *x) {
    const char *field = c->at;
    size_t length;
    char text[64];
    if (!csv_field(c, &field, &length)) {
        c->mark.column = (unsigned)(c->at - c->line_start) + 1;
        return csv_fault(c, "", 0, "the line has fewer fields than the header");
    }
    if (!length || length >= sizeof text) return csv_fault(c, field, length, wanted);
    memcpy(text, field, length);
    text[length] = '\0';
    if (!number_parse(text, x) || *x < least || *x > most) return csv_fault(c, field, length, wanted);
    return true;
}

static bool csv_whole(csv_cursor *c, double most, const char *wanted, uint32_t *n) {
    double x;
    if (!csv_decimal(c, 0, most, wanted, &x)) return false;
    if (x != floor(x)) return error_input(c->err, c->mark, "found %.9g; %s", x, wanted);
    *n = (uint32_t)x;
    return true;
}

/* ---- The long form ---- */

typedef struct long_row {
    uint32_t sample, exit, prediction, label, line;
    double confidence;
} long_row;

static int by_sample_and_exit(const void *a, const void *b) {
    const long_row *x = a, *y = b;
    if (x->sample != y->sample) return x->sample < y->sample ? -1 : 1;
    if (x->exit != y->exit) return x->exit < y->exit ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static bool read_long_row(csv_cursor *c, long_row *row) {
    csv_start_line(c);
    row->line = c->mark.line;
    return csv_whole(c, UINT_MAX - 1, "a sample's number is a whole number from 0", &row->sample) &&
           csv_whole(c, OUTCOME_MAX_EXITS - 1, "an exit's number is a whole number from 0 to 63", &row->exit) &&
           csv_decimal(c, 0, 1, "a confidence is a number from 0 to 1", &row->confidence) &&
           csv_whole(c, OUTCOME_MAX_CLASSES - 1, "a class is a whole number from 0 to 999", &row->prediction) &&
           csv_whole(c, OUTCOME_MAX_CLASSES - 1, "a class is a whole number from 0 to 999", &row->label) &&
           csv_end_line(c, MORE_FIELDS);
}

/* Sorted rows must be complete: every sample has exits 0 .. exits-1 once each, and one label. */
static bool check_long_rows(const csv_cursor *c, const long_row *rows, size_t count, uint32_t exits) {
    for (size_t i = 0; i < count; i++) {
        const long_row *row = &rows[i], *first = &rows[i - i % exits];
        text_mark mark = {c->mark.file, row->line, 1};
        if (i && row->sample == rows[i - 1].sample && row->exit == rows[i - 1].exit)
            return error_input(c->err, mark, "sample %u exit %u stands twice; it was first at line %u", row->sample,
                               row->exit, rows[i - 1].line);
        if (row->exit != i % exits || row->sample != first->sample)
            return error_input(c->err, mark, "sample %u lacks exit %zu; every sample needs exits 0 to %u",
                               first->sample, i % exits, exits - 1);
        if (row->label != first->label)
            return error_input(c->err, mark, "sample %u has label %u here and %u at line %u", row->sample, row->label,
                               first->label, first->line);
    }
    if (count % exits)
        return error_input(c->err, (text_mark){c->mark.file, rows[count - 1].line, 1},
                           "sample %u lacks exit %zu; every sample needs exits 0 to %u", rows[count - 1].sample,
                           count % exits, exits - 1);
    return true;
}

static bool fill_from_long(outcome_table *t, csv_cursor *c, long_row *rows, size_t count) {
    if (!count) return error_input(c->err, c->mark, "the table has no rows");
    qsort(rows, count, sizeof *rows, by_sample_and_exit);
    uint32_t exits = 0, classes = 2;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].exit >= exits) exits = rows[i].exit + 1;
        if (rows[i].label >= classes) classes = rows[i].label + 1;
        if (rows[i].prediction >= classes) classes = rows[i].prediction + 1;
    }
    if (!check_long_rows(c, rows, count, exits) ||
        !allocate_contiguous(t, count / exits, exits, classes, false, c->err))
        return false;
    for (size_t i = 0; i < count; i++) {
        t->labels[i / exits] = rows[i].label;
        t->confidences[i] = rows[i].confidence;
        t->predictions[i] = (uint16_t)rows[i].prediction;
    }
    return true;
}

static size_t count_lines(const csv_cursor *c) {
    size_t lines = 1;
    for (const char *p = c->at; p < c->end; p++) lines += *p == '\n';
    return lines;
}

static bool read_long(outcome_table *t, csv_cursor *c) {
    size_t room = count_lines(c), count = 0;
    long_row *rows = malloc(room * sizeof *rows);
    if (!rows) return error_memory(c->err, room * sizeof *rows);
    bool ok = true;
    while (ok && csv_more_lines(c)) ok = read_long_row(c, &rows[count++]);
    ok = ok && fill_from_long(t, c, rows, count);
    free(rows);
    return ok;
}

/* ---- The compact form ---- */

typedef struct compact_header {
    bool named; /* the last column tells each label's name */
    uint32_t exits, classes, v_size;
    uint32_t layers[OUTCOME_MAX_EXITS];
} compact_header;

static bool field_is(const char *field, size_t length, const char *text) {
    return strlen(text) == length && strncmp(field, text, length) == 0;
}

/* The layer of "exit7_p0"; 0 if the field is no first column of an exit. */
static uint32_t exit_column(const char *field, size_t length) {
    char wanted[32];
    for (uint32_t layer = 1; layer <= OUTCOME_MAX_EXITS; layer++) {
        snprintf(wanted, sizeof wanted, "exit%u_p0", layer);
        if (field_is(field, length, wanted)) return layer;
    }
    return 0;
}

/* Takes one more column into the header: of the same exit, of a next one, or of v. `in_exit` counts the columns of the
 * exit begun last. */
static bool take_column(compact_header *h, const char *field, size_t length, uint32_t *in_exit) {
    char wanted[32];
    if (h->named) return false;
    snprintf(wanted, sizeof wanted, "exit%u_p%u", h->exits ? h->layers[h->exits - 1] : 0, *in_exit);
    if (!h->v_size && h->exits && *in_exit < (h->exits == 1 ? OUTCOME_MAX_CLASSES : h->classes) &&
        field_is(field, length, wanted)) {
        ++*in_exit;
        if (h->exits == 1) h->classes = *in_exit;
        return true;
    }
    if (h->exits && (*in_exit < 2 || *in_exit != h->classes)) return false; /* the exit before is not complete */
    uint32_t layer = exit_column(field, length);
    if (layer && !h->v_size && (!h->exits || layer > h->layers[h->exits - 1])) {
        h->layers[h->exits++] = layer;
        if (h->exits == 1) h->classes = 1;
        *in_exit = 1;
        return true;
    }
    if (h->exits && field_is(field, length, "label_name")) return h->named = true;
    snprintf(wanted, sizeof wanted, "v%u", h->v_size);
    if (!h->exits || !field_is(field, length, wanted)) return false;
    h->v_size++;
    return true;
}

static bool read_compact_header(csv_cursor *c, compact_header *h) {
    static const char
        WANTED[] = "the columns after tokens are exitN_p0, exitN_p1, ... for each layer N with an exit, in "
                   "order, with at least two classes, the same for each; then v0, v1, ..., then label_name";
    const char *field;
    size_t length;
    uint32_t in_exit = 0;
    while (csv_field(c, &field, &length))
        if (!take_column(h, field, length, &in_exit)) return csv_fault(c, field, length, WANTED);
    if (h->classes < 2 || in_exit != h->classes)
        return error_input(c->err, c->mark, "the header ends within an exit; %s", WANTED);
    return csv_end_line(c, MORE_FIELDS);
}

static bool read_compact_exit(outcome_table *t, csv_cursor *c, uint32_t i, uint32_t e) {
    double *p = t->probabilities + ((size_t)i * t->exits + e) * t->classes, sum = 0;
    for (uint32_t k = 0; k < t->classes; k++) {
        if (!csv_decimal(c, 0, 1, "a probability is a number from 0 to 1", &p[k])) return false;
        sum += p[k];
    }
    if (fabs(sum - 1) > 1e-3)
        return error_input(c->err, c->mark, "the probabilities of exit %u sum to %.6g, not to 1", t->exit_layer[e],
                           sum);
    outcome_table_conclude(t, i, e);
    return true;
}

/* The field before the end of the line, which may be quoted; without its quotes in `name`. */
static bool csv_name(csv_cursor *c, char name[CLASS_NAME_BYTES + 1]) {
    const char *at = c->at, *stop = memchr(at, '\n', (size_t)(c->end - at));
    size_t length = 0;
    if (!stop) stop = c->end;
    c->mark.column = (unsigned)(at - c->line_start) + 1;
    if (at == c->line_start || at[-1] != ',') return csv_fault(c, "", 0, "the line has fewer fields than the header");
    if (stop > at && stop[-1] == '\r') stop--;
    bool quoted = at < stop && *at == '"';
    for (at += quoted; at < stop && length < CLASS_NAME_BYTES; name[length++] = *at++) {
        if (!quoted && *at == ',') break;
        if (quoted && *at == '"' && (at + 1 == stop || at[1] != '"')) break;
        at += quoted && *at == '"'; /* a quote in quotes stands twice */
    }
    name[length] = '\0';
    bool closed = !quoted || (at < stop && *at == '"');
    at += quoted && closed;
    c->at = stop + (stop < c->end && *stop == '\r');
    if (closed && at == stop && (!length || class_name_is_plain(name, length)) && utf8_good(name, length) == length)
        return true;
    return csv_fault(c, c->line_start + c->mark.column - 1, (size_t)(stop - c->line_start) - c->mark.column + 1,
                     "a label's name is UTF-8 of at most 200 bytes without control characters, the line's last field");
}

/* Notes what the table calls a class: always the same, and no two alike. An empty name is none. */
static bool note_name(outcome_table *t, csv_cursor *c, uint32_t label) {
    char name[CLASS_NAME_BYTES + 1];
    const char **names = (const char **)t->class_names;
    if (!csv_name(c, name)) return false;
    if (names[label] && strcmp(names[label], name) != 0)
        return error_input(c->err, c->mark, "label %u is called '%s' here and '%s' before", label, name, names[label]);
    if (names[label] || !*name) return true;
    for (uint32_t k = 0; k < t->classes; k++)
        if (names[k] && strcmp(names[k], name) == 0)
            return error_input(c->err, c->mark, "labels %u and %u are both called '%s'", k, label, name);
    names[label] = arena_text(&t->memory, name, strlen(name));
    return names[label] || error_memory(c->err, sizeof name);
}

static bool read_compact_row(outcome_table *t, csv_cursor *c, uint32_t i) {
    uint32_t number = 0;
    csv_start_line(c);
    if (!csv_whole(c, UINT_MAX - 1, "a sample's number is a whole number from 0", &number)) return false;
    if (number != i)
        return error_input(c->err, c->mark, "found sample %u; rows are in order, sample %u is next", number, i);
    if (!csv_whole(c, t->classes - 1, "a label is a class of the table, from 0", &t->labels[i]) ||
        !csv_whole(c, 1e6, "a token count is a whole number from 1 to 1000000", &t->tokens[i]))
        return false;
    if (!t->tokens[i]) return error_input(c->err, c->mark, "a sample has at least one token, found 0");
    for (uint32_t e = 0; e < t->exits; e++)
        if (!read_compact_exit(t, c, i, e)) return false;
    for (uint32_t k = 0; k < t->v_size; k++)
        if (!csv_decimal(c, -1e30, 1e30, "a representation's element is a number", &t->v[(size_t)i * t->v_size + k]))
            return false;
    return (!t->class_names || note_name(t, c, t->labels[i])) && csv_end_line(c, MORE_FIELDS);
}

static bool read_compact(outcome_table *t, csv_cursor *c) {
    compact_header h = {0};
    if (!read_compact_header(c, &h)) return false;
    size_t rows = count_lines(c) - (c->at == c->end || c->end[-1] == '\n');
    if (!rows || rows > UINT_MAX / 2) return error_input(c->err, c->mark, "the table has %zu rows of samples", rows);
    if (!outcome_table_allocate(t, rows, h.layers, h.exits, h.classes, true, false, c->err)) return false;
    t->v_size = h.v_size;
    t->tokens = arena_alloc(&t->memory, rows, sizeof *t->tokens);
    if (h.v_size) t->v = arena_alloc(&t->memory, rows * h.v_size, sizeof *t->v);
    if (!t->tokens || (h.v_size && !t->v)) return error_memory(c->err, rows * (4 + 8 * h.v_size));
    if (h.named) {
        t->classes_from = "the table";
        t->class_names = arena_alloc(&t->memory, t->classes + 1, sizeof *t->class_names);
        if (!t->class_names) return error_memory(c->err, (t->classes + 1) * sizeof *t->class_names);
    }
    for (uint32_t i = 0; i < t->samples; i++)
        if (!read_compact_row(t, c, i)) return false;
    return true;
}

void outcome_table_write(const outcome_table *t, FILE *out) {
    fputs("sample,label,tokens", out);
    for (uint32_t e = 0; e < t->exits; e++)
        for (uint32_t c = 0; c < t->classes; c++) fprintf(out, ",exit%u_p%u", t->exit_layer[e], c);
    for (uint32_t k = 0; k < t->v_size; k++) fprintf(out, ",v%u", k);
    if (t->class_names) fputs(",label_name", out);
    fputc('\n', out);
    for (uint32_t i = 0; i < t->samples; i++) {
        fprintf(out, "%u,%u,%u", i, t->labels[i], t->tokens[i]);
        const double *p = outcome_probabilities(t, i, 0);
        for (size_t k = 0; k < (size_t)t->exits * t->classes; k++) fprintf(out, ",%.17g", p[k]);
        for (uint32_t k = 0; k < t->v_size; k++) fprintf(out, ",%.17g", t->v[(size_t)i * t->v_size + k]);
        if (t->class_names) {
            fputc(',', out);
            csv_put(out, t->class_names[t->labels[i]]);
        }
        fputc('\n', out);
    }
}

/* ---- Which form? ---- */

static bool header_begins(csv_cursor *c, const char *const *names) {
    csv_cursor saved = *c;
    const char *field;
    size_t length;
    for (; *names; names++) {
        if (!csv_field(c, &field, &length) || !field_is(field, length, *names)) {
            *c = saved;
            return false;
        }
    }
    return true;
}

bool outcome_table_parse(outcome_table *t, const char *name, const char *text, size_t length, portolan_error *err) {
    static const char *const LONG[] = {"Sample_ID", "Exit", "Confidence", "Prediction", "Label", NULL};
    static const char *const COMPACT[] = {"sample", "label", "tokens", NULL};
    *t = (outcome_table){0};
    csv_cursor c = {.at = text, .end = text + length, .mark = {name, 0, 1}, .err = err};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) c.at += 3; /* a byte-order mark */
    csv_start_line(&c);
    bool ok;
    if (header_begins(&c, LONG))
        ok = csv_end_line(&c, "the long form has five columns: Sample_ID,Exit,Confidence,Prediction,Label") &&
             read_long(t, &c);
    else if (header_begins(&c, COMPACT))
        ok = read_compact(t, &c);
    else
        ok = error_input(err, (text_mark){name, 1, 1},
                         "not an outcome table: the first line must be "
                         "'Sample_ID,Exit,Confidence,Prediction,Label' or 'sample,label,tokens,exit1_p0,...'");
    if (!ok) outcome_table_free(t);
    return ok;
}

bool outcome_table_load(outcome_table *t, const char *path, portolan_error *err) {
    file_bytes bytes;
    *t = (outcome_table){0};
    if (!file_read(path, (size_t)4 << 30, &bytes, err)) return false;
    bool ok = outcome_table_parse(t, path, bytes.data, bytes.length, err);
    free(bytes.data);
    return ok;
}
