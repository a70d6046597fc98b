/* What training starts from instead of random numbers: another model's weights, or word vectors. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/numbers.h"
#include "files.h"

enum { VECTORS_MAX_BYTES = 2000 << 20 };

/* Numbers of word vectors are about 1; larger ones than this are not such. */
static const double LARGEST = 1e9;

/* ---- Another model ---- */

static bool same_shape(const parameter *n, const tensor *t) {
    return n->rank == t->rank && memcmp(n->shape, t->shape, n->rank * sizeof *n->shape) == 0;
}

/* A classifier for other classes and a longer or shorter table of positions are what one starts anew with. */
static bool may_differ(const parameter *n) {
    return n->weight == EXIT_CLASSIFIER_WEIGHT || n->weight == EXIT_CLASSIFIER_BIAS ||
           n->weight == WEIGHT_POSITION_TABLE;
}

static bool take_part(const safetensors *file, const parameter *n, real *values, size_t *taken, portolan_error *err) {
    const tensor *t = model_tensor(file, n->weight, n->layer);
    if (!t || (!same_shape(n, t) && may_differ(n))) return true;
    if (!same_shape(n, t))
        return error_input(
            err, (text_mark){safetensors_path(file), 0, 0},
            "has '%s' in another shape than the model to be trained; make 'hidden', 'feed_forward' and the "
            "vocabulary the same",
            t->name);
    ++*taken;
    return tensor_read(file, t, false, values + n->offset, err);
}

bool train_start_from(const parameters *p, const char *path, real *values, portolan_error *err) {
    safetensors *file = safetensors_open(path, err);
    size_t taken = 0;
    bool ok = file != NULL;
    for (size_t i = 0; ok && i < p->list_count; i++) ok = take_part(file, &p->list[i], values, &taken, err);
    if (ok && !taken)
        ok = error_input(err, (text_mark){path, 0, 0},
                         "holds no weight of the model to be trained; 'start' wants the weights "
                         "of a BERT-like encoder");
    safetensors_close(file);
    return ok;
}

/* ---- Word vectors ---- */

/* A file of word vectors being read into the token table. */
typedef struct vectors {
    const tokenizer *tokenizer;
    real *table; /* [tokens][width] */
    size_t tokens, width;
    bool *known; /* [tokens] whose vectors have been read; owned by read_vectors */
    const char *path;
    uint32_t line, columns;
    double squares; /* sum over all numbers taken */
    size_t numbers;
} vectors;

/* Reads the numbers of a line into row[], at most `most` of them; the first line decides how many there must be. */
static bool read_numbers(vectors *v, const char *text, real *row, size_t most, portolan_error *err) {
    uint32_t n = 0;
    double x;
    for (text += strspn(text, " "); *text; text += strspn(text, " "), n++) {
        const char *end = number_read(text, &x);
        if (!end || !(fabs(x) < LARGEST))
            return error_input(err, (text_mark){v->path, v->line, 0},
                               "has '%.20s' where a number must stand; a line is a "
                               "word and its numbers, parted by blanks",
                               text);
        if (n < most) row[n] = (real)x;
        text = end;
    }
    if (!v->columns) v->columns = n;
    if (!n || n != v->columns)
        return error_input(err, (text_mark){v->path, v->line, 0},
                           "has %u numbers; the first line has %u, and all lines must "
                           "have as many",
                           n, v->columns);
    return true;
}

/* The token that a word is in the vocabulary, if it is a single one; else 0. Token 0 is padding, never a word. */
static uint32_t token_of(const tokenizer *t, const char *word) {
    uint32_t ids[4];
    uint8_t segments[4];
    return tokenizer_encode(t, word, NULL, 4, ids, segments) == 3 ? ids[1] : 0;
}

/* A word and its numbers; of words that are no token, or `unknown`, and of later ones of the same token, nothing is kept. */
static bool read_line(vectors *v, char *line, uint32_t unknown, portolan_error *err) {
    real row[MODEL_MAX_WORD_VECTOR];
    char *numbers = strchr(line, ' ');
    if (!numbers) return error_input(err, (text_mark){v->path, v->line, 0}, "has no numbers after the word");
    *numbers++ = '\0';
    size_t most = v->width < MODEL_MAX_WORD_VECTOR ? v->width : MODEL_MAX_WORD_VECTOR;
    if (!read_numbers(v, numbers, row, most, err)) return false;
    uint32_t token = token_of(v->tokenizer, line);
    if (!token || token == unknown || v->known[token]) return true;
    v->known[token] = true;
    if (most > v->columns) most = v->columns;
    for (size_t i = 0; i < most; i++) v->squares += (double)row[i] * (double)row[i];
    v->numbers += most;
    memcpy(v->table + token * v->width, row, most * sizeof *row);
    return true;
}

/* Brings the vectors to the standard deviation of the numbers they replace. */
static void scale_rows(const vectors *v, double scale) {
    double factor = scale / sqrt(v->squares / (double)v->numbers);
    size_t n = v->width < v->columns ? v->width : v->columns;
    for (size_t token = 0; token < v->tokens; token++)
        for (size_t i = 0; v->known[token] && i < n; i++) v->table[token * v->width + i] *= (real)factor;
}

static bool read_vectors(vectors *v, char *text, double scale, portolan_error *err) {
    v->known = calloc(v->tokens, 1);
    bool ok = v->known || error_memory(err, v->tokens);
    uint32_t unknown = token_of(v->tokenizer, "[UNK]");
    char *line, *rest = text;
    while (ok && (line = strsep(&rest, "\n"))) {
        v->line++;
        size_t length = strlen(line);
        if (length && line[length - 1] == '\r') line[length - 1] = '\0';
        if (*line) ok = read_line(v, line, unknown, err);
    }
    if (ok && !(v->squares > 0))
        ok = error_input(err, (text_mark){v->path, 0, 0},
                         "holds no word of the vocabulary whose numbers are not all 0");
    if (ok) scale_rows(v, scale);
    free(v->known);
    return ok;
}

bool train_start_words(const parameters *p, const train_settings *s, real *values, portolan_error *err) {
    const parameter *tokens = &p->list[0]; /* the token table is the first weight */
    file_bytes bytes;
    tokenizer *t = tokenizer_load(s->vocabulary, s->config.lowercase, err);
    if (!t) return false;
    vectors v = {.tokenizer = t,
                 .table = values + tokens->offset,
                 .tokens = tokens->shape[0],
                 .width = tokens->shape[1],
                 .path = s->word_vectors};
    bool ok = tokenizer_vocabulary(t) == p->config.shape.vocabulary ||
              error_input(err, (text_mark){s->vocabulary, 0, 0}, "has %u tokens; the data were read with %llu",
                          tokenizer_vocabulary(t), (unsigned long long)p->config.shape.vocabulary);
    ok = ok && file_read(s->word_vectors, VECTORS_MAX_BYTES, &bytes, err);
    if (ok) {
        ok = read_vectors(&v, bytes.data, s->init_scale, err);
        free(bytes.data);
    }
    tokenizer_free(t);
    return ok;
}
