/* Forward and backward pass of one shard of a batch. The forward pass keeps what the backward pass needs; an exit's gradient
 * depends on nothing that comes later, so exits are differentiated as soon as their layer is reached. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "training.h"

/* What one layer keeps. T x h where not said otherwise. */
typedef struct layer_room {
    real *in;               /* its input: the output of the layer below */
    real *attended;         /* what attention reads: `in`, or its norm in pre-norm models */
    real *qkv;              /* T x 3h */
    real *probabilities;    /* heads x s x s for each sequence, end to end */
    real *probability_mask; /* the same; NULL without dropout */
    real *context;
    real *mask1, *mask2; /* dropout of the two residual branches; NULL without */
    norm_kept norm1;
    real *middle;         /* between attention and feed-forward, as it goes into the residual sum */
    real *fed;            /* what the feed-forward layer reads: `middle`, or its norm in pre-norm models */
    real *up, *activated; /* T x f */
    norm_kept norm2;
    real *out;
} layer_room;

typedef struct pass {
    const parameters *p;
    const real *values;
    real *gradients; /* NULL: none wanted */
    const training_batch *batch;
    const exit_losses *losses;
    const dropout_settings *dropout;
    size_t T, B, h, f, heads, layers, squares; /* squares: sum of s^2 over the sequences */
    layer_room layer[MODEL_MAX_LAYERS];
    real *embedded, *embedding_mask; /* the embeddings' normed sum, and the dropout on it */
    norm_kept embedding_norm;
    real *exit_gradient[MODEL_MAX_LAYERS]; /* with respect to the hidden state after the layer: T x h, NULL: none */
    real *a, *b, *wide;                    /* T x h, T x h, T x max(3h, f): for moments */
    real *scratch;                         /* of the building blocks */
    real *rows, *pooled, *pooler_mask, *logits; /* of one exit, as is what follows */
    norm_kept final_norm;
} pass;

/* ---- Memory ---- */

void training_room_free(training_room *room) {
    free(room->memory);
    *room = (training_room){0};
}

/* The next n numbers of the room; NULL while the room is only being measured. */
static real *take(training_room *room, size_t n) {
    size_t at = room->used;
    room->used += (n * sizeof(real) + 63) / 64 * 64;
    return room->memory && room->used <= room->bytes ? (real *)(void *)((char *)room->memory + at) : NULL;
}

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

static norm_kept take_norm(const pass *s, training_room *room) {
    real *normed = take(room, s->T * s->h);
    return (norm_kept){normed, take(room, s->T)};
}

static void lay_out_layer(pass *s, layer_room *l, training_room *room) {
    size_t Th = s->T * s->h;
    bool pre = s->p->config.pre_norm, drop = s->dropout->rate > 0;
    l->attended = pre ? take(room, Th) : l->in;
    l->qkv = take(room, 3 * Th);
    l->probabilities = take(room, s->squares * s->heads);
    l->probability_mask = drop ? take(room, s->squares * s->heads) : NULL;
    l->context = take(room, Th);
    l->mask1 = drop ? take(room, Th) : NULL;
    l->mask2 = drop ? take(room, Th) : NULL;
    l->norm1 = take_norm(s, room);
    l->middle = take(room, Th);
    l->fed = pre ? take(room, Th) : l->middle;
    l->up = take(room, s->T * s->f);
    l->activated = take(room, s->T * s->f);
    l->norm2 = take_norm(s, room);
    l->out = take(room, Th);
}

static void lay_out(pass *s, training_room *room) {
    size_t Th = s->T * s->h, longest = 0, classes = s->p->config.shape.classes;
    room->used = 0;
    for (size_t i = 0; i < s->B; i++) longest = most(longest, s->batch->tokens.lengths[i]);
    s->embedded = take(room, Th);
    s->embedding_norm = take_norm(s, room);
    s->embedding_mask = s->dropout->rate > 0 ? take(room, Th) : NULL;
    for (size_t i = 0; i < s->layers; i++) {
        s->layer[i].in = i ? s->layer[i - 1].out : s->embedded;
        lay_out_layer(s, &s->layer[i], room);
        s->exit_gradient[i] = s->losses->weight[i] > 0 && s->gradients ? take(room, Th) : NULL;
    }
    s->a = take(room, Th);
    s->b = take(room, Th);
    s->wide = take(room, s->T * most(3 * s->h, s->f));
    size_t scratch = most(linear_scratch(s->T, s->h, 3 * s->h), linear_scratch(s->T, s->h, s->f));
    scratch = most(most(scratch, linear_scratch(s->T, s->f, s->h)), 2 * longest * longest);
    s->scratch = take(room, most(scratch, linear_scratch(s->B, s->h, most(s->h, classes))));
    s->rows = take(room, s->B * s->h);
    s->pooled = take(room, s->B * s->h);
    s->pooler_mask = take(room, s->B * s->h);
    s->logits = take(room, s->B * classes);
    s->final_norm = take_norm(s, room);
}

static bool make_room(pass *s, training_room *room, portolan_error *err) {
    training_room measure = {0};
    lay_out(s, &measure);
    if (measure.used > room->bytes) {
        training_room_free(room);
        room->memory = aligned_alloc(64, measure.used);
        if (!room->memory) return error_memory(err, measure.used);
        room->bytes = measure.used;
    }
    lay_out(s, room);
    return true;
}

/* ---- Small helpers ---- */

static const real *value(const pass *s, model_weight weight, uint32_t layer) {
    return s->values + s->p->at[weight][layer];
}

/* NULL if none are wanted. */
static real *gradient(const pass *s, model_weight weight, uint32_t layer) {
    return s->gradients ? s->gradients + s->p->at[weight][layer] : NULL;
}

static norm_layer norm_of(const pass *s, model_weight scale, model_weight shift, uint32_t layer) {
    return (norm_layer){.h = s->h,
                        .eps = s->p->config.norm_eps,
                        .scale = value(s, scale, layer),
                        .shift = value(s, shift, layer),
                        .dscale = gradient(s, scale, layer),
                        .dshift = gradient(s, shift, layer)};
}

static linear_layer linear_of(const pass *s, model_weight weight, uint32_t layer, size_t inputs, size_t outputs) {
    model_weight bias = weight + 1; /* as the enumeration has them */
    assert(s->p->at[weight][layer] != SIZE_MAX && s->p->at[bias][layer] != SIZE_MAX);
    return (linear_layer){.K = inputs,
                          .N = outputs,
                          .w = value(s, weight, layer),
                          .b = value(s, bias, layer),
                          .dw = gradient(s, weight, layer),
                          .db = gradient(s, bias, layer)};
}

static void add(real *x, const real *y, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] += y[i];
}

static void multiply(real *x, const real *mask, size_t n) {
    for (size_t i = 0; mask && i < n; i++) x[i] *= mask[i];
}

/* Places where dropout is applied, within a layer. */
typedef enum dropout_site { DROP_EMBEDDING, DROP_PROBABILITIES, DROP_BRANCH1, DROP_BRANCH2, DROP_EXIT } dropout_site;

static void draw_mask(const pass *s, real *mask, size_t n, uint32_t layer, dropout_site site) {
    if (!mask) return;
    const dropout_settings *d = s->dropout;
    random_stream stream = random_open(d->seed, "dropout", ((d->step << 8 | d->shard) << 8 | layer) << 3 | site);
    dropout_mask(mask, n, d->rate, &stream);
}

/* ---- Embeddings ---- */

/* For every token: adds its rows of the three tables to its row of `sums` [T][h], or, backwards, that row to them. */
static void add_table_rows(const pass *s, real *const tables[3], real *sums, bool backwards) {
    const token_batch *b = &s->batch->tokens;
    size_t h = s->h;
    for (uint32_t i = 0, at = 0; i < b->count; i++)
        for (uint32_t position = 0; position < b->lengths[i]; position++, at++) {
            const size_t rows[3] = {b->ids[at], position, b->segments ? b->segments[at] : 0};
            for (int k = 0; k < 3; k++) {
                if (!tables[k]) continue;
                real *row = tables[k] + rows[k] * h, *sum = sums + at * h;
                add(backwards ? row : sum, backwards ? sum : row, h);
            }
        }
}

/* The three tables within an array laid out as the parameters are. */
static void find_tables(const pass *s, real *numbers, real *tables[3]) {
    static const model_weight TABLES[3] = {WEIGHT_TOKEN_TABLE, WEIGHT_POSITION_TABLE, WEIGHT_SEGMENT_TABLE};
    for (int k = 0; k < 3; k++)
        tables[k] = s->p->at[TABLES[k]][0] == SIZE_MAX ? NULL : numbers + s->p->at[TABLES[k]][0];
}

static void embed_forward(pass *s) {
    real *tables[3];
    find_tables(s, (real *)s->values, tables); /* only read */
    memset(s->a, 0, s->T * s->h * sizeof *s->a);
    add_table_rows(s, tables, s->a, false);
    const norm_layer norm = norm_of(s, WEIGHT_EMBEDDING_NORM_SCALE, WEIGHT_EMBEDDING_NORM_SHIFT, 0);
    norm_forward(&norm, s->embedded, s->embedding_norm, s->a, s->T);
    draw_mask(s, s->embedding_mask, s->T * s->h, 0, DROP_EMBEDDING);
    multiply(s->embedded, s->embedding_mask, s->T * s->h);
}

static void embed_backward(pass *s, real *d) {
    real *tables[3];
    multiply(d, s->embedding_mask, s->T * s->h);
    const norm_layer norm = norm_of(s, WEIGHT_EMBEDDING_NORM_SCALE, WEIGHT_EMBEDDING_NORM_SHIFT, 0);
    norm_backward(&norm, d, d, s->embedding_norm, s->T);
    find_tables(s, s->gradients, tables);
    add_table_rows(s, tables, d, true);
}

/* ---- A layer ---- */

/* The weights of a layer. */
typedef struct layer_parts {
    linear_layer query_key_value, output, up, down;
    norm_layer norm1, norm2;
} layer_parts;

static layer_parts parts_of(const pass *s, uint32_t layer) {
    return (layer_parts){.query_key_value = linear_of(s, LAYER_QUERY_WEIGHT, layer, s->h, 3 * s->h),
                         .output = linear_of(s, LAYER_OUTPUT_WEIGHT, layer, s->h, s->h),
                         .up = linear_of(s, LAYER_UP_WEIGHT, layer, s->h, s->f),
                         .down = linear_of(s, LAYER_DOWN_WEIGHT, layer, s->f, s->h),
                         .norm1 = norm_of(s, LAYER_NORM1_SCALE, LAYER_NORM1_SHIFT, layer),
                         .norm2 = norm_of(s, LAYER_NORM2_SCALE, LAYER_NORM2_SHIFT, layer)};
}

/* The attention of sequence i, whose tokens begin at `at` and whose squares at `square`. */
static attention attention_of(const pass *s, const layer_room *l, size_t i, size_t at, size_t square) {
    size_t first = square * s->heads;
    return (attention){.s = s->batch->tokens.lengths[i],
                       .h = s->h,
                       .heads = s->heads,
                       .qkv = l->qkv + at * 3 * s->h,
                       .probabilities = l->probabilities + first,
                       .mask = l->probability_mask ? l->probability_mask + first : NULL};
}

static void attend_all(const pass *s, const layer_room *l) {
    const uint32_t *lengths = s->batch->tokens.lengths;
    for (size_t i = 0, at = 0, square = 0; i < s->B; at += lengths[i], square += (size_t)lengths[i] * lengths[i], i++) {
        const attention a = attention_of(s, l, i, at, square);
        attention_forward(&a, l->context + at * s->h, s->scratch);
    }
}

static void layer_forward(pass *s, uint32_t layer) {
    layer_room *l = &s->layer[layer - 1];
    size_t Th = s->T * s->h;
    bool pre = s->p->config.pre_norm;
    const layer_parts of = parts_of(s, layer);
    if (pre) norm_forward(&of.norm1, l->attended, l->norm1, l->in, s->T);
    linear_forward(&of.query_key_value, l->qkv, l->attended, s->T, s->scratch);
    draw_mask(s, l->probability_mask, s->squares * s->heads, layer, DROP_PROBABILITIES);
    draw_mask(s, l->mask1, Th, layer, DROP_BRANCH1);
    draw_mask(s, l->mask2, Th, layer, DROP_BRANCH2);
    attend_all(s, l);
    linear_forward(&of.output, s->a, l->context, s->T, s->scratch);
    multiply(s->a, l->mask1, Th);
    add(s->a, l->in, Th);
    if (pre) {
        memcpy(l->middle, s->a, Th * sizeof *s->a);
        norm_forward(&of.norm2, l->fed, l->norm2, l->middle, s->T);
    } else {
        norm_forward(&of.norm1, l->middle, l->norm1, s->a, s->T);
    }
    linear_forward(&of.up, l->up, l->fed, s->T, s->scratch);
    gelu_forward(l->activated, l->up, s->T * s->f);
    linear_forward(&of.down, s->a, l->activated, s->T, s->scratch);
    multiply(s->a, l->mask2, Th);
    add(s->a, l->middle, Th);
    if (pre)
        memcpy(l->out, s->a, Th * sizeof *s->a);
    else
        norm_forward(&of.norm2, l->out, l->norm2, s->a, s->T);
}

static void attend_all_back(const pass *s, const layer_room *l, const real *dcontext, real *dqkv) {
    const uint32_t *lengths = s->batch->tokens.lengths;
    for (size_t i = 0, at = 0, square = 0; i < s->B; at += lengths[i], square += (size_t)lengths[i] * lengths[i], i++) {
        const attention a = attention_of(s, l, i, at, square);
        attention_backward(&a, dqkv + at * 3 * s->h, dcontext + at * s->h, s->scratch);
    }
}

/* `d` [T][h] is the gradient of the layer's output, and becomes that of its input. */
static void layer_backward(pass *s, uint32_t layer, real *d) {
    layer_room *l = &s->layer[layer - 1];
    size_t Th = s->T * s->h;
    bool pre = s->p->config.pre_norm;
    const layer_parts of = parts_of(s, layer);
    if (!pre) norm_backward(&of.norm2, d, d, l->norm2, s->T);
    memcpy(s->a, d, Th * sizeof *d); /* the feed-forward branch; d itself goes on along the residual */
    multiply(s->a, l->mask2, Th);
    linear_backward(&of.down, s->wide, s->a, l->activated, s->T, s->scratch);
    gelu_backward(s->wide, s->wide, l->up, s->T * s->f);
    linear_backward(&of.up, s->a, s->wide, l->fed, s->T, s->scratch);
    if (pre) norm_backward(&of.norm2, s->a, s->a, l->norm2, s->T);
    add(d, s->a, Th);
    if (!pre) norm_backward(&of.norm1, d, d, l->norm1, s->T);
    memcpy(s->a, d, Th * sizeof *d);
    multiply(s->a, l->mask1, Th);
    linear_backward(&of.output, s->b, s->a, l->context, s->T, s->scratch);
    attend_all_back(s, l, s->b, s->wide);
    linear_backward(&of.query_key_value, s->a, s->wide, l->attended, s->T, s->scratch);
    if (pre) norm_backward(&of.norm1, s->a, s->a, l->norm1, s->T);
    add(d, s->a, Th);
}

/* ---- An exit ---- */

/* Rows [B][h] that the exit looks at: the first token's state or the mean, after the final norm in pre-norm models. */
static void pool_forward(pass *s, const real *hidden) {
    const uint32_t *lengths = s->batch->tokens.lengths;
    bool mean = s->p->config.pooling == POOL_MEAN;
    const real *from = hidden;
    if (s->p->config.pre_norm) { /* of all tokens, though only the first may be used: b holds them */
        const norm_layer norm = norm_of(s, WEIGHT_FINAL_NORM_SCALE, WEIGHT_FINAL_NORM_SHIFT, 0);
        norm_forward(&norm, s->b, s->final_norm, hidden, s->T);
        from = s->b;
    }
    memset(s->rows, 0, s->B * s->h * sizeof *s->rows);
    for (size_t i = 0, at = 0; i < s->B; at += lengths[i++]) {
        uint32_t used = mean ? lengths[i] : 1;
        for (uint32_t t = 0; t < used; t++) add(s->rows + i * s->h, from + (at + t) * s->h, s->h);
        for (size_t c = 0; c < s->h; c++) s->rows[i * s->h + c] /= (real)used;
    }
}

/* Spreads the gradient of the rows over the tokens they came from, into d [T][h]. */
static void pool_backward(pass *s, const real *drows, real *d) {
    const uint32_t *lengths = s->batch->tokens.lengths;
    bool mean = s->p->config.pooling == POOL_MEAN;
    memset(d, 0, s->T * s->h * sizeof *d);
    for (size_t i = 0, at = 0; i < s->B; at += lengths[i++]) {
        uint32_t used = mean ? lengths[i] : 1;
        for (uint32_t t = 0; t < used; t++)
            for (size_t c = 0; c < s->h; c++) d[(at + t) * s->h + c] = drows[i * s->h + c] / (real)used;
    }
    if (!s->p->config.pre_norm) return;
    const norm_layer norm = norm_of(s, WEIGHT_FINAL_NORM_SCALE, WEIGHT_FINAL_NORM_SHIFT, 0);
    norm_backward(&norm, d, d, s->final_norm, s->T);
}

/* Cross-entropy of the logits: returns the sum over sequences, and leaves `share` times its gradient in place of them. */
static double cross_entropy(pass *s, double share) {
    size_t classes = s->p->config.shape.classes;
    double loss = 0;
    for (size_t i = 0; i < s->B; i++) {
        real *row = s->logits + i * classes;
        double top = row[0], sum = 0;
        for (size_t c = 1; c < classes; c++) top = row[c] > top ? row[c] : top;
        for (size_t c = 0; c < classes; c++) sum += exp((double)row[c] - top);
        loss += log(sum) + top - (double)row[s->batch->labels[i]];
        for (size_t c = 0; c < classes; c++) {
            double p = exp((double)row[c] - top) / sum;
            row[c] = (real)(share * (p - (c == s->batch->labels[i])));
        }
    }
    return loss;
}

static double exit_pass(pass *s, uint32_t layer, real *keep_logits) {
    size_t Bh = s->B * s->h, classes = s->p->config.shape.classes;
    double weight = s->losses->weight[layer - 1];
    bool has_pooler = s->p->config.has_pooler;
    real *mask = s->dropout->rate > 0 ? s->pooler_mask : NULL;
    const linear_layer classifier = linear_of(s, EXIT_CLASSIFIER_WEIGHT, layer, s->h, classes);
    pool_forward(s, s->layer[layer - 1].out);
    if (has_pooler) {
        const linear_layer pooler = linear_of(s, EXIT_POOLER_WEIGHT, layer, s->h, s->h);
        linear_forward(&pooler, s->pooled, s->rows, s->B, s->scratch);
        for (size_t i = 0; i < Bh; i++) s->pooled[i] = (real)tanh((double)s->pooled[i]);
    } else {
        memcpy(s->pooled, s->rows, Bh * sizeof *s->rows);
    }
    draw_mask(s, mask, Bh, layer, DROP_EXIT);
    memcpy(s->a, s->pooled, Bh * sizeof *s->a);
    multiply(s->a, mask, Bh);
    linear_forward(&classifier, s->logits, s->a, s->B, s->scratch);
    if (keep_logits) memcpy(keep_logits, s->logits, s->B * classes * sizeof *keep_logits);
    double loss = cross_entropy(s, weight / s->batch->batch_sequences);
    if (!s->gradients || !(weight > 0)) return loss;
    real *d = s->b; /* [B][h] */
    linear_backward(&classifier, d, s->logits, s->a, s->B, s->scratch);
    multiply(d, mask, Bh);
    if (has_pooler) {
        for (size_t i = 0; i < Bh; i++) d[i] *= 1 - s->pooled[i] * s->pooled[i];
        memcpy(s->a, d, Bh * sizeof *d);
        const linear_layer pooler = linear_of(s, EXIT_POOLER_WEIGHT, layer, s->h, s->h);
        linear_backward(&pooler, d, s->a, s->rows, s->B, s->scratch);
    }
    if (!s->losses->frozen_backbone) pool_backward(s, d, s->exit_gradient[layer - 1]);
    return loss;
}

/* ---- The pass ---- */

static void backward(pass *s) {
    real *d = s->layer[s->layers - 1].out; /* the last output is no longer needed: the gradient takes its place */
    memset(d, 0, s->T * s->h * sizeof *d);
    for (uint32_t layer = (uint32_t)s->layers; layer >= 1; layer--) {
        if (s->exit_gradient[layer - 1]) add(d, s->exit_gradient[layer - 1], s->T * s->h);
        layer_backward(s, layer, d);
    }
    embed_backward(s, d);
}

bool training_pass(const parameters *p, const real *values, const training_task *task, const training_results *into,
                   training_room *room, portolan_error *err) {
    const encoder_config *c = &p->config;
    const training_batch *batch = task->batch;
    pass s = {.p = p,
              .values = values,
              .gradients = into->gradients,
              .batch = batch,
              .losses = task->losses,
              .dropout = task->dropout,
              .T = batch->tokens.total,
              .B = batch->tokens.count,
              .h = c->shape.hidden,
              .f = c->shape.feed_forward,
              .heads = c->heads,
              .layers = c->shape.layers};
    for (size_t i = 0; i < s.B; i++) s.squares += (size_t)batch->tokens.lengths[i] * batch->tokens.lengths[i];
    if (!make_room(&s, room, err)) return false;
    embed_forward(&s);
    for (uint32_t layer = 1; layer <= s.layers; layer++) {
        layer_forward(&s, layer);
        real *logits = into->logits ? into->logits[layer - 1] : NULL;
        if (c->exits[layer - 1]) into->exit_loss[layer - 1] = exit_pass(&s, layer, logits);
    }
    if (s.gradients && !s.losses->frozen_backbone) backward(&s);
    return true;
}
