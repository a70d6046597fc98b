/* The encoder: weights laid out once at load, and the forward pass over slices of layers.
 *
 * Sizes, in the papers' letters: T tokens of a group of sequences, s tokens of one sequence, h hidden width, f
 * feed-forward width, d = h / heads. */
#include <math.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/elementary.h"
#include "blas.h"
#include "kernels.h"
#include "model/model.h"

#if defined(__SSE__)
#include <immintrin.h>
#endif

/* A linear layer; the weights as weights_store lays them out. */
typedef struct linear_weights {
    float *w, *bias;
    size_t inputs, outputs;
} linear_weights;

typedef struct norm_weights {
    float *scale, *shift;
} norm_weights;

typedef struct layer_weights {
    linear_weights query_key_value; /* h -> 3h */
    linear_weights output;          /* h -> h */
    linear_weights up, down;        /* h -> f -> h */
    norm_weights norm1, norm2;
} layer_weights;

typedef struct exit_weights {
    linear_weights pooler; /* h -> h; w == NULL: none */
    float *classifier;     /* [classes][h] */
    float *bias;           /* [classes] */
} exit_weights;

struct encoder {
    encoder_config config;
    arena names; /* of classes */
    const kernels *k;
    uint32_t layers;                      /* loaded */
    float *tokens, *positions, *segments; /* tables of rows of h */
    norm_weights embedding_norm, final_norm;
    layer_weights layer[MODEL_MAX_LAYERS];
    exit_weights exit[MODEL_MAX_LAYERS];
    const tensor *pooler_source[MODEL_MAX_LAYERS]; /* while loading: to share what is shared in the file */
    float *memory;                                 /* one allocation for all of the above */
    size_t used, room;
};

/* ---- Loading: the same walk over all weights first counts the floats, then fills them ---- */

typedef struct loader {
    encoder *e;
    const safetensors *file; /* NULL while counting */
    float *part;             /* room for the largest single tensor */
    size_t largest;
    portolan_error *err;
} loader;

/* Space for n floats, each piece on a cache line of its own. */
static float *take(encoder *e, size_t n) {
    float *piece = e->memory ? e->memory + e->used : NULL;
    e->used += (n + 15) / 16 * 16;
    return piece;
}

static size_t weight_elements(const encoder *e, model_weight weight) {
    uint64_t shape[TENSOR_MAX_RANK];
    size_t n = 1;
    for (uint32_t i = 0, rank = model_weight_shape(&e->config, weight, shape); i < rank; i++) n *= shape[i];
    return n;
}

/* A vector or a table, as it stands in the file. */
static bool load_plain(loader *l, model_weight weight, uint32_t layer, float **into) {
    size_t n = weight_elements(l->e, weight);
    *into = take(l->e, n);
    return !l->file || tensor_read(l->file, model_tensor(l->file, weight, layer), false, *into, l->err);
}

/* Columns of a linear layer that are one [columns][inputs] tensor, with its bias, in the file. */
typedef struct column_block {
    model_weight weight, bias;
    size_t first, columns;
} column_block;

static bool load_columns(loader *l, uint32_t layer, linear_weights *into, column_block block) {
    size_t columns = block.columns;
    if (into->inputs * columns > l->largest) l->largest = into->inputs * columns;
    if (!l->file) return true;
    if (!tensor_read(l->file, model_tensor(l->file, block.weight, layer), true, l->part, l->err) ||
        !tensor_read(l->file, model_tensor(l->file, block.bias, layer), false, into->bias + block.first, l->err))
        return false;
    weights_store(l->e->k, into->w, into->inputs, into->outputs, block.first, columns, l->part);
    return true;
}

static linear_weights take_linear(encoder *e, size_t inputs, size_t outputs) {
    return (linear_weights){take(e, weights_size(e->k, inputs, outputs)), take(e, outputs), inputs, outputs};
}

static bool load_layer(loader *l, uint32_t layer) {
    encoder *e = l->e;
    layer_weights *w = &e->layer[layer - 1];
    size_t h = e->config.shape.hidden, f = e->config.shape.feed_forward;
    w->query_key_value = take_linear(e, h, 3 * h);
    w->output = take_linear(e, h, h);
    w->up = take_linear(e, h, f);
    w->down = take_linear(e, f, h);
    return load_columns(l, layer, &w->query_key_value, (column_block){LAYER_QUERY_WEIGHT, LAYER_QUERY_BIAS, 0, h}) &&
           load_columns(l, layer, &w->query_key_value, (column_block){LAYER_KEY_WEIGHT, LAYER_KEY_BIAS, h, h}) &&
           load_columns(l, layer, &w->query_key_value,
                        (column_block){LAYER_VALUE_WEIGHT, LAYER_VALUE_BIAS, 2 * h, h}) &&
           load_columns(l, layer, &w->output, (column_block){LAYER_OUTPUT_WEIGHT, LAYER_OUTPUT_BIAS, 0, h}) &&
           load_columns(l, layer, &w->up, (column_block){LAYER_UP_WEIGHT, LAYER_UP_BIAS, 0, f}) &&
           load_columns(l, layer, &w->down, (column_block){LAYER_DOWN_WEIGHT, LAYER_DOWN_BIAS, 0, h}) &&
           load_plain(l, LAYER_NORM1_SCALE, layer, &w->norm1.scale) &&
           load_plain(l, LAYER_NORM1_SHIFT, layer, &w->norm1.shift) &&
           load_plain(l, LAYER_NORM2_SCALE, layer, &w->norm2.scale) &&
           load_plain(l, LAYER_NORM2_SHIFT, layer, &w->norm2.shift);
}

/* A pooler that several exits share in the file is shared here. */
static bool load_pooler(loader *l, uint32_t layer) {
    encoder *e = l->e;
    linear_weights *pooler = &e->exit[layer - 1].pooler;
    size_t h = e->config.shape.hidden;
    for (uint32_t i = 1; i < layer; i++) {
        if (!e->config.exits[i - 1] || e->pooler_source[i - 1] != e->pooler_source[layer - 1]) continue;
        *pooler = e->exit[i - 1].pooler;
        return true;
    }
    *pooler = take_linear(e, h, h);
    return load_columns(l, layer, pooler, (column_block){EXIT_POOLER_WEIGHT, EXIT_POOLER_BIAS, 0, h});
}

static bool load_exit(loader *l, uint32_t layer) {
    exit_weights *w = &l->e->exit[layer - 1];
    return (!l->e->config.has_pooler || load_pooler(l, layer)) &&
           load_plain(l, EXIT_CLASSIFIER_WEIGHT, layer, &w->classifier) &&
           load_plain(l, EXIT_CLASSIFIER_BIAS, layer, &w->bias);
}

static bool load_all(loader *l) {
    encoder *e = l->e;
    e->used = 0;
    if (!load_plain(l, WEIGHT_TOKEN_TABLE, 0, &e->tokens) || !load_plain(l, WEIGHT_POSITION_TABLE, 0, &e->positions) ||
        (e->config.segments && !load_plain(l, WEIGHT_SEGMENT_TABLE, 0, &e->segments)) ||
        !load_plain(l, WEIGHT_EMBEDDING_NORM_SCALE, 0, &e->embedding_norm.scale) ||
        !load_plain(l, WEIGHT_EMBEDDING_NORM_SHIFT, 0, &e->embedding_norm.shift))
        return false;
    if (e->config.pre_norm && (!load_plain(l, WEIGHT_FINAL_NORM_SCALE, 0, &e->final_norm.scale) ||
                               !load_plain(l, WEIGHT_FINAL_NORM_SHIFT, 0, &e->final_norm.shift)))
        return false;
    for (uint32_t layer = 1; layer <= e->layers; layer++)
        if (!load_layer(l, layer) || (e->config.exits[layer - 1] && !load_exit(l, layer))) return false;
    return true;
}

static bool allocate(encoder *e, portolan_error *err) {
    size_t bytes = e->used * sizeof(float);
    /* mapped, so that large models get huge pages and give them back at once */
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return error_memory(err, bytes);
    madvise(memory, bytes, MADV_HUGEPAGE);
    e->memory = memory;
    e->room = bytes;
    return true;
}

static bool load_from(encoder *e, const safetensors *file, uint32_t layers, portolan_error *err) {
    if (!encoder_config_load(&e->config, &e->names, file, err)) return false;
    if (layers > e->config.shape.layers)
        return error_usage(err, "%s has %llu layers, %u were asked for", safetensors_path(file),
                           (unsigned long long)e->config.shape.layers, layers);
    e->layers = layers ? layers : (uint32_t)e->config.shape.layers;
    for (uint32_t layer = 1; layer <= e->layers && e->config.has_pooler; layer++)
        if (e->config.exits[layer - 1]) e->pooler_source[layer - 1] = model_tensor(file, EXIT_POOLER_WEIGHT, layer);
    loader counting = {.e = e, .err = err};
    if (!load_all(&counting) || !allocate(e, err)) return false;
    loader filling = {.e = e, .file = file, .err = err, .part = malloc(counting.largest * sizeof(float))};
    bool ok = filling.part ? load_all(&filling) : error_memory(err, counting.largest * sizeof(float));
    free(filling.part);
    return ok;
}

encoder *encoder_load(const char *path, uint32_t layers, portolan_error *err) {
    safetensors *file = safetensors_open(path, err);
    if (!file) return NULL;
    encoder *e = calloc(1, sizeof *e);
    bool ok = e || error_memory(err, sizeof *e);
    if (ok) {
        e->k = kernels_pick();
        ok = load_from(e, file, layers, err);
    }
    safetensors_close(file);
    if (ok) return e;
    encoder_free(e);
    return NULL;
}

void encoder_free(encoder *e) {
    if (!e) return;
    if (e->memory) munmap(e->memory, e->room);
    arena_free(&e->names);
    free(e);
}

const encoder_config *encoder_settings(const encoder *e) { return &e->config; }

token_wants encoder_wants(const encoder *e, const char *path) {
    return (token_wants){.model_path = path,
                         .lowercase = e->config.lowercase,
                         .most = (uint32_t)e->config.positions,
                         .vocabulary = e->config.shape.vocabulary,
                         .classes = {e->config.class_names, (uint32_t)e->config.shape.classes, "the model"},
                         .seed = 1};
}

static void hash_floats(SHA2_CTX *context, const float *x, size_t n) {
    SHA256Update(context, (const uint8_t *)x, n * sizeof *x);
}

void encoder_embedding_hash(const encoder *e, char hex[FILE_HASH_TEXT]) {
    const encoder_config *c = &e->config;
    size_t h = c->shape.hidden;
    SHA2_CTX context;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Init(&context);
    hash_floats(&context, e->tokens, c->shape.vocabulary * h);
    hash_floats(&context, e->positions, c->positions * h);
    if (e->segments) hash_floats(&context, e->segments, c->segments * h);
    hash_floats(&context, e->embedding_norm.scale, h);
    hash_floats(&context, e->embedding_norm.shift, h);
    SHA256Final(digest, &context);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* ---- Processor ---- */

const char *encoder_kernel(void) {
    static char name[64];
    if (kernels_pick()->panel) return kernels_pick()->name; /* all products are ours */
    snprintf(name, sizeof name, "%s, OpenBLAS %s", kernels_pick()->name, blas.corename());
    return name;
}

bool encoder_batches_freely(void) { return kernels_pick()->panel != 0; }

bool encoder_threads(unsigned threads, portolan_error *err) { return blas_open(threads, err); }

/* Denormals are zero between these two calls, and only there: the simulator's own arithmetic keeps them. */
static unsigned flush_denormals(void) {
#if defined(__SSE__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    return before;
#else
    return 0;
#endif
}

static void restore_denormals(unsigned before) {
#if defined(__SSE__)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

/* ---- Forward ---- */

void encoder_scratch_free(encoder_scratch *scratch) {
    free(scratch->memory);
    *scratch = (encoder_scratch){0};
}

static float *scratch_floats(encoder_scratch *scratch, size_t n, portolan_error *err) {
    size_t bytes = (n * sizeof(float) + 64) / 64 * 64; /* never 0 */
    if (bytes > scratch->bytes) {
        void *memory = aligned_alloc(64, bytes);
        if (!memory) {
            error_memory(err, bytes);
            return NULL;
        }
        free(scratch->memory);
        *scratch = (encoder_scratch){memory, bytes};
    }
    return scratch->memory;
}

static bool check_batch(const encoder *e, const token_batch *batch, portolan_error *err) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (!batch->lengths[i] || batch->lengths[i] > e->config.positions)
            return error_usage(err, "a sequence of %u tokens; the model takes 1 to %llu", batch->lengths[i],
                               (unsigned long long)e->config.positions);
        total += batch->lengths[i];
    }
    return total == batch->total ||
           error_usage(err, "a batch of %u tokens whose lengths sum to %u", batch->total, total);
}

static bool embed_token(const encoder *e, const token_batch *batch, uint32_t at, uint32_t position, float *row,
                        portolan_error *err) {
    size_t h = e->config.shape.hidden;
    uint32_t id = batch->ids[at], segment = batch->segments ? batch->segments[at] : 0;
    if (id >= e->config.shape.vocabulary || (segment && segment >= e->config.segments))
        return error_usage(err, "token %u of segment %u; the model has %llu tokens and %llu segments", id, segment,
                           (unsigned long long)e->config.shape.vocabulary, (unsigned long long)e->config.segments);
    memcpy(row, e->tokens + id * h, h * sizeof *row);
    if (e->segments) e->k->add(row, e->segments + segment * h, h);
    e->k->add(row, e->positions + position * h, h);
    return true;
}

token_batch token_set_batch(const token_set *set, uint32_t sample) {
    return (token_batch){.count = 1,
                         .total = set->lengths[sample],
                         .lengths = &set->lengths[sample],
                         .ids = set->ids + set->first[sample],
                         .segments = set->segments + set->first[sample]};
}

bool encoder_embed(const encoder *e, const token_batch *batch, float *hidden, portolan_error *err) {
    size_t h = e->config.shape.hidden, at = 0;
    if (!check_batch(e, batch, err)) return false;
    for (uint32_t i = 0; i < batch->count; i++)
        for (uint32_t position = 0; position < batch->lengths[i]; position++, at++)
            if (!embed_token(e, batch, (uint32_t)at, position, hidden + at * h, err)) return false;
    unsigned mode = flush_denormals();
    e->k->layer_norm(hidden, hidden, NULL, e->embedding_norm.scale, e->embedding_norm.shift, e->config.norm_eps,
                     batch->total, h);
    restore_denormals(mode);
    return true;
}

static void apply(const kernels *k, float *out, const float *x, const linear_weights *l, size_t M) {
    k->linear(out, x, l->w, l->bias, M, l->inputs, l->outputs);
}

/* Room between the rows of a matrix of scores: whole vectors. */
static size_t score_stride(size_t s) { return (s + 15) / 16 * 16; }

/* context [s][h] of one sequence from its queries, keys and values [s][3h]: for each head softmax(Q K^T / sqrt d) V. */
static void attend(const encoder *e, float *context, const float *qkv, float *scores, size_t s) {
    size_t h = e->config.shape.hidden, d = h / e->config.heads, stride = score_stride(s);
    float scale = (float)(1 / sqrt((double)d)), *room = scores + s * stride;
    for (size_t head = 0; head < e->config.heads; head++) {
        const float *q = qkv + head * d;
        e->k->scores(scores, q, q + h, scale, s, d, 3 * h, stride, room);
        e->k->softmax_rows(scores, s, s, stride);
        e->k->mix(context + head * d, scores, q + 2 * h, s, d, 3 * h, stride, h, room);
    }
}

/* Floats that attend needs for a sequence of s tokens. */
static size_t attention_room(const encoder *e, size_t s) {
    size_t d = e->config.shape.hidden / e->config.heads;
    return s * score_stride(s) + 32 * (s > d ? s : d);
}

/* What one group of sequences needs besides its hidden states. `wide` holds queries, keys and values, then the
 * feed-forward layer's inside. */
typedef struct buffers {
    float *wide, *context, *result, *scores;
} buffers;

/* A layer over x [total][h] of a group of sequences. */
static void run_layer(const encoder *e, const layer_weights *w, const token_batch *group, float *x, const buffers *b) {
    const kernels *k = e->k;
    size_t T = group->total, h = e->config.shape.hidden, f = e->config.shape.feed_forward;
    double eps = e->config.norm_eps;
    bool pre = e->config.pre_norm;
    if (pre) k->layer_norm(b->result, x, NULL, w->norm1.scale, w->norm1.shift, eps, T, h);
    apply(k, b->wide, pre ? b->result : x, &w->query_key_value, T);
    for (uint32_t i = 0, at = 0; i < group->count; at += group->lengths[i++])
        attend(e, b->context + at * h, b->wide + at * 3 * h, b->scores, group->lengths[i]);
    apply(k, b->result, b->context, &w->output, T);
    if (pre) {
        k->add(x, b->result, T * h);
        k->layer_norm(b->result, x, NULL, w->norm2.scale, w->norm2.shift, eps, T, h);
    } else {
        k->layer_norm(x, x, b->result, w->norm1.scale, w->norm1.shift, eps, T, h);
    }
    apply(k, b->wide, pre ? b->result : x, &w->up, T);
    k->gelu(b->wide, T * f);
    apply(k, b->result, b->wide, &w->down, T);
    if (pre)
        k->add(x, b->result, T * h);
    else
        k->layer_norm(x, x, b->result, w->norm2.scale, w->norm2.shift, eps, T, h);
}

/* Sequences [first, first + n) that are run together: up to GROUP_TOKENS tokens, which keeps their activations in the
 * cache; one at a time where the processor's kernels would let them influence each other's bits. */
static uint32_t group_size(const token_batch *batch, uint32_t first, bool freely, size_t *tokens) {
    enum { GROUP_TOKENS = 512 };
    uint32_t n = 1;
    *tokens = batch->lengths[first];
    while (freely && first + n < batch->count && *tokens + batch->lengths[first + n] <= GROUP_TOKENS)
        *tokens += batch->lengths[first + n++];
    return n;
}

bool encoder_run(const encoder *e, uint32_t from, uint32_t to, const encoder_pass *pass, portolan_error *err) {
    const token_batch *batch = pass->batch;
    size_t h = e->config.shape.hidden, f = e->config.shape.feed_forward;
    size_t wide = 3 * h > f ? 3 * h : f;
    bool freely = e->k->panel != 0;
    if (!check_batch(e, batch, err)) return false;
    if (to > e->layers || from > to)
        return error_usage(err, "layers %u to %u were asked for; %u are loaded", from + 1, to, e->layers);
    size_t T, longest = 0, most = 0, rows;
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->lengths[i] > longest) longest = batch->lengths[i];
    for (uint32_t i = 0; i < batch->count; i += group_size(batch, i, freely, &rows))
        if ((group_size(batch, i, freely, &T), T) > most) most = T;
    float *memory = scratch_floats(pass->scratch, most * (wide + 2 * h) + attention_room(e, longest), err);
    if (!memory) return false;
    buffers b = {memory, memory + most * wide, memory + most * (wide + h), memory + most * (wide + 2 * h)};
    size_t at = 0;
    unsigned mode = flush_denormals();
    for (uint32_t i = 0, n; i < batch->count; i += n, at += T) {
        n = group_size(batch, i, freely, &T);
        for (uint32_t layer = from; layer < to; layer++)
            run_layer(e, &e->layer[layer], &(token_batch){n, (uint32_t)T, batch->lengths + i, NULL, NULL},
                      pass->hidden + at * h, &b);
    }
    restore_denormals(mode);
    return true;
}

/* ---- Exits ---- */

/* The final norm of a pre-norm model comes before pooling. `row` becomes the first token's state, or the mean of
 * all. */
static void pool_sequence(const encoder *e, const float *hidden, uint32_t tokens, float *row, float *normed) {
    size_t h = e->config.shape.hidden;
    uint32_t used = e->config.pooling == POOL_MEAN ? tokens : 1;
    memset(row, 0, h * sizeof *row);
    for (uint32_t t = 0; t < used; t++) {
        const float *state = hidden + t * h;
        if (e->config.pre_norm) {
            e->k->layer_norm(normed, state, NULL, e->final_norm.scale, e->final_norm.shift, e->config.norm_eps, 1, h);
            state = normed;
        }
        e->k->add(row, state, h);
    }
    for (size_t c = 0; used > 1 && c < h; c++) row[c] /= (float)used;
}

static float dot(const float *a, const float *b, size_t n) {
    float sums[8] = {0};
    for (size_t i = 0; i < n; i++) sums[i % 8] += a[i] * b[i];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

bool encoder_exit(const encoder *e, uint32_t layer, const encoder_pass *pass, float *logits, portolan_error *err) {
    const token_batch *batch = pass->batch;
    size_t h = e->config.shape.hidden, classes = e->config.shape.classes, n = batch->count;
    if (!layer || layer > e->layers || !e->config.exits[layer - 1])
        return error_usage(err, "there is no exit after layer %u", layer);
    const exit_weights *w = &e->exit[layer - 1];
    float *rows = scratch_floats(pass->scratch, (2 * n + 1) * h, err), *pooled = rows ? rows + n * h : NULL;
    if (!rows) return false;
    unsigned mode = flush_denormals();
    for (size_t i = 0, at = 0; i < n; at += batch->lengths[i++])
        pool_sequence(e, pass->hidden + at * h, batch->lengths[i], rows + i * h, pooled + n * h);
    if (w->pooler.w) {
        for (size_t i = 0; i < n; i++) /* a row at a time where rows influence each other's bits */
            if (!e->k->panel) apply(e->k, pooled + i * h, rows + i * h, &w->pooler, 1);
        if (e->k->panel) apply(e->k, pooled, rows, &w->pooler, n);
        e->k->tanh(pooled, n * h);
        rows = pooled;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < classes; c++)
            logits[i * classes + c] = dot(rows + i * h, w->classifier + c * h, h) + w->bias[c];
    restore_denormals(mode);
    for (size_t i = 0; i < n * classes; i++)
        if (!isfinite(logits[i]))
            return error_run(
                err,
                "the exit after layer %u answers with %s: the model's weights are finite, but too large to "
                "compute with",
                layer, isnan(logits[i]) ? "NaN" : "an infinite number");
    return true;
}

void softmax(const float *logits, uint32_t n, double *probabilities) {
    double most = logits[0], sum = 0;
    for (uint32_t c = 1; c < n; c++)
        if (logits[c] > most) most = logits[c];
    for (uint32_t c = 0; c < n; c++) sum += probabilities[c] = portable_exp(logits[c] - most);
    for (uint32_t c = 0; c < n; c++) probabilities[c] /= sum;
}
