/* Forward and backward pass of one shard of a batch. The forward pass keeps what the backward pass needs; an exit's gradient
 * depends on nothing that comes later, so exits are differentiated as soon as their layer is reached. */
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
    real *mask1, *mask2;      /* dropout of the two residual branches; NULL without */
    real *normed1, *inverse1; /* of the first norm; inverse: T */
    real *middle;             /* between attention and feed-forward, as it goes into the residual sum */
    real *fed;                /* what the feed-forward layer reads: `middle`, or its norm in pre-norm models */
    real *up, *activated;     /* T x f */
    real *normed2, *inverse2;
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
    real *embedded, *normed, *inverse, *embedding_mask; /* embeddings: sum, its norm, and the dropout on it */
    real *exit_gradient[MODEL_MAX_LAYERS]; /* with respect to the hidden state after the layer: T x h, NULL: none */
    real *a, *b, *wide;                    /* T x h, T x h, T x max(3h, f): for moments */
    real *scratch;                         /* of the building blocks */
    real *rows, *pooled, *pooler_mask, *logits, *final_normed, *final_inverse; /* of one exit */
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
    l->normed1 = take(room, Th);
    l->inverse1 = take(room, s->T);
    l->middle = take(room, Th);
    l->fed = pre ? take(room, Th) : l->middle;
    l->up = take(room, s->T * s->f);
    l->activated = take(room, s->T * s->f);
    l->normed2 = take(room, Th);
    l->inverse2 = take(room, s->T);
    l->out = take(room, Th);
}

static void lay_out(pass *s, training_room *room) {
    size_t Th = s->T * s->h, longest = 0, classes = s->p->config.shape.classes;
    room->used = 0;
    for (size_t i = 0; i < s->B; i++) longest = most(longest, s->batch->tokens.lengths[i]);
    s->embedded = take(room, Th);
    s->normed = take(room, Th);
    s->inverse = take(room, s->T);
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
    s->final_normed = take(room, Th);
    s->final_inverse = take(room, s->T);
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

static real *gradient(const pass *s, model_weight weight, uint32_t layer) {
    return s->gradients + s->p->at[weight][layer];
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
    norm_forward(s->embedded, s->normed, s->inverse, s->a, value(s, WEIGHT_EMBEDDING_NORM_SCALE, 0),
                 value(s, WEIGHT_EMBEDDING_NORM_SHIFT, 0), s->p->config.norm_eps, s->T, s->h);
    draw_mask(s, s->embedding_mask, s->T * s->h, 0, DROP_EMBEDDING);
    multiply(s->embedded, s->embedding_mask, s->T * s->h);
}

static void embed_backward(pass *s, real *d) {
    real *tables[3];
    multiply(d, s->embedding_mask, s->T * s->h);
    norm_backward(d, gradient(s, WEIGHT_EMBEDDING_NORM_SCALE, 0), gradient(s, WEIGHT_EMBEDDING_NORM_SHIFT, 0), d,
                  s->normed, s->inverse, value(s, WEIGHT_EMBEDDING_NORM_SCALE, 0), s->T, s->h);
    find_tables(s, s->gradients, tables);
    add_table_rows(s, tables, d, true);
}

/* ---- A layer ---- */

static void norm(const pass *s, real *y, real *normed, real *inverse, const real *x, uint32_t layer, model_weight scale,
                 model_weight shift) {
    norm_forward(y, normed, inverse, x, value(s, scale, layer), value(s, shift, layer), s->p->config.norm_eps, s->T,
                 s->h);
}

static void attend_all(const pass *s, const layer_room *l) {
    const uint32_t *lengths = s->batch->tokens.lengths;
    for (size_t i = 0, at = 0, square = 0; i < s->B; at += lengths[i], square += (size_t)lengths[i] * lengths[i], i++) {
        size_t first = square * s->heads;
        attention_forward(l->context + at * s->h, l->probabilities + first, l->qkv + at * 3 * s->h,
                          l->probability_mask ? l->probability_mask + first : NULL, lengths[i], s->h, s->heads,
                          s->scratch);
    }
}

static void layer_forward(pass *s, uint32_t layer) {
    layer_room *l = &s->layer[layer - 1];
    size_t Th = s->T * s->h;
    bool pre = s->p->config.pre_norm;
    if (pre) norm(s, l->attended, l->normed1, l->inverse1, l->in, layer, LAYER_NORM1_SCALE, LAYER_NORM1_SHIFT);
    linear_forward(l->qkv, l->attended, value(s, LAYER_QUERY_WEIGHT, layer), value(s, LAYER_QUERY_BIAS, layer), s->T,
                   s->h, 3 * s->h, s->scratch);
    draw_mask(s, l->probability_mask, s->squares * s->heads, layer, DROP_PROBABILITIES);
    draw_mask(s, l->mask1, Th, layer, DROP_BRANCH1);
    draw_mask(s, l->mask2, Th, layer, DROP_BRANCH2);
    attend_all(s, l);
    linear_forward(s->a, l->context, value(s, LAYER_OUTPUT_WEIGHT, layer), value(s, LAYER_OUTPUT_BIAS, layer), s->T,
                   s->h, s->h, s->scratch);
    multiply(s->a, l->mask1, Th);
    add(s->a, l->in, Th);
    if (pre) {
        memcpy(l->middle, s->a, Th * sizeof *s->a);
        norm(s, l->fed, l->normed2, l->inverse2, l->middle, layer, LAYER_NORM2_SCALE, LAYER_NORM2_SHIFT);
    } else {
        norm(s, l->middle, l->normed1, l->inverse1, s->a, layer, LAYER_NORM1_SCALE, LAYER_NORM1_SHIFT);
    }
    linear_forward(l->up, l->fed, value(s, LAYER_UP_WEIGHT, layer), value(s, LAYER_UP_BIAS, layer), s->T, s->h, s->f,
                   s->scratch);
    gelu_forward(l->activated, l->up, s->T * s->f);
    linear_forward(s->a, l->activated, value(s, LAYER_DOWN_WEIGHT, layer), value(s, LAYER_DOWN_BIAS, layer), s->T, s->f,
                   s->h, s->scratch);
    multiply(s->a, l->mask2, Th);
    add(s->a, l->middle, Th);
    if (pre)
        memcpy(l->out, s->a, Th * sizeof *s->a);
    else
        norm(s, l->out, l->normed2, l->inverse2, s->a, layer, LAYER_NORM2_SCALE, LAYER_NORM2_SHIFT);
}

static void norm_back(const pass *s, real *d, const real *normed, const real *inverse, uint32_t layer,
                      model_weight scale, model_weight shift) {
    norm_backward(d, gradient(s, scale, layer), gradient(s, shift, layer), d, normed, inverse, value(s, scale, layer),
                  s->T, s->h);
}

static void attend_all_back(const pass *s, const layer_room *l, const real *dcontext, real *dqkv) {
    const uint32_t *lengths = s->batch->tokens.lengths;
    for (size_t i = 0, at = 0, square = 0; i < s->B; at += lengths[i], square += (size_t)lengths[i] * lengths[i], i++) {
        size_t first = square * s->heads;
        attention_backward(dqkv + at * 3 * s->h, dcontext + at * s->h, l->probabilities + first, l->qkv + at * 3 * s->h,
                           l->probability_mask ? l->probability_mask + first : NULL, lengths[i], s->h, s->heads,
                           s->scratch);
    }
}

/* `d` [T][h] is the gradient of the layer's output, and becomes that of its input. */
static void layer_backward(pass *s, uint32_t layer, real *d) {
    layer_room *l = &s->layer[layer - 1];
    size_t Th = s->T * s->h;
    bool pre = s->p->config.pre_norm;
    if (!pre) norm_back(s, d, l->normed2, l->inverse2, layer, LAYER_NORM2_SCALE, LAYER_NORM2_SHIFT);
    memcpy(s->a, d, Th * sizeof *d); /* the feed-forward branch; d itself goes on along the residual */
    multiply(s->a, l->mask2, Th);
    linear_backward(s->wide, gradient(s, LAYER_DOWN_WEIGHT, layer), gradient(s, LAYER_DOWN_BIAS, layer), s->a,
                    l->activated, value(s, LAYER_DOWN_WEIGHT, layer), s->T, s->f, s->h, s->scratch);
    gelu_backward(s->wide, s->wide, l->up, s->T * s->f);
    linear_backward(s->a, gradient(s, LAYER_UP_WEIGHT, layer), gradient(s, LAYER_UP_BIAS, layer), s->wide, l->fed,
                    value(s, LAYER_UP_WEIGHT, layer), s->T, s->h, s->f, s->scratch);
    if (pre) norm_back(s, s->a, l->normed2, l->inverse2, layer, LAYER_NORM2_SCALE, LAYER_NORM2_SHIFT);
    add(d, s->a, Th);
    if (!pre) norm_back(s, d, l->normed1, l->inverse1, layer, LAYER_NORM1_SCALE, LAYER_NORM1_SHIFT);
    memcpy(s->a, d, Th * sizeof *d);
    multiply(s->a, l->mask1, Th);
    linear_backward(s->b, gradient(s, LAYER_OUTPUT_WEIGHT, layer), gradient(s, LAYER_OUTPUT_BIAS, layer), s->a,
                    l->context, value(s, LAYER_OUTPUT_WEIGHT, layer), s->T, s->h, s->h, s->scratch);
    attend_all_back(s, l, s->b, s->wide);
    linear_backward(s->a, gradient(s, LAYER_QUERY_WEIGHT, layer), gradient(s, LAYER_QUERY_BIAS, layer), s->wide,
                    l->attended, value(s, LAYER_QUERY_WEIGHT, layer), s->T, s->h, 3 * s->h, s->scratch);
    if (pre) norm_back(s, s->a, l->normed1, l->inverse1, layer, LAYER_NORM1_SCALE, LAYER_NORM1_SHIFT);
    add(d, s->a, Th);
}

/* ---- An exit ---- */

/* Rows [B][h] that the exit looks at: the first token's state or the mean, after the final norm in pre-norm models. */
static void pool_forward(pass *s, const real *hidden) {
    const uint32_t *lengths = s->batch->tokens.lengths;
    bool mean = s->p->config.pooling == POOL_MEAN;
    const real *from = hidden;
    if (s->p->config.pre_norm) { /* of all tokens, though only the first may be used: b holds them */
        norm_forward(s->b, s->final_normed, s->final_inverse, hidden, value(s, WEIGHT_FINAL_NORM_SCALE, 0),
                     value(s, WEIGHT_FINAL_NORM_SHIFT, 0), s->p->config.norm_eps, s->T, s->h);
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
    norm_backward(d, gradient(s, WEIGHT_FINAL_NORM_SCALE, 0), gradient(s, WEIGHT_FINAL_NORM_SHIFT, 0), d,
                  s->final_normed, s->final_inverse, value(s, WEIGHT_FINAL_NORM_SCALE, 0), s->T, s->h);
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
    bool pooler = s->p->config.has_pooler;
    real *mask = s->dropout->rate > 0 ? s->pooler_mask : NULL;
    pool_forward(s, s->layer[layer - 1].out);
    if (pooler) {
        linear_forward(s->pooled, s->rows, value(s, EXIT_POOLER_WEIGHT, layer), value(s, EXIT_POOLER_BIAS, layer), s->B,
                       s->h, s->h, s->scratch);
        for (size_t i = 0; i < Bh; i++) s->pooled[i] = (real)tanh((double)s->pooled[i]);
    } else {
        memcpy(s->pooled, s->rows, Bh * sizeof *s->rows);
    }
    draw_mask(s, mask, Bh, layer, DROP_EXIT);
    memcpy(s->a, s->pooled, Bh * sizeof *s->a);
    multiply(s->a, mask, Bh);
    linear_forward(s->logits, s->a, value(s, EXIT_CLASSIFIER_WEIGHT, layer), value(s, EXIT_CLASSIFIER_BIAS, layer),
                   s->B, s->h, classes, s->scratch);
    if (keep_logits) memcpy(keep_logits, s->logits, s->B * classes * sizeof *keep_logits);
    double loss = cross_entropy(s, weight / s->batch->batch_sequences);
    if (!s->gradients || !(weight > 0)) return loss;
    real *d = s->b; /* [B][h] */
    linear_backward(d, gradient(s, EXIT_CLASSIFIER_WEIGHT, layer), gradient(s, EXIT_CLASSIFIER_BIAS, layer), s->logits,
                    s->a, value(s, EXIT_CLASSIFIER_WEIGHT, layer), s->B, s->h, classes, s->scratch);
    multiply(d, mask, Bh);
    if (pooler) {
        for (size_t i = 0; i < Bh; i++) d[i] *= 1 - s->pooled[i] * s->pooled[i];
        memcpy(s->a, d, Bh * sizeof *d);
        linear_backward(d, gradient(s, EXIT_POOLER_WEIGHT, layer), gradient(s, EXIT_POOLER_BIAS, layer), s->a, s->rows,
                        value(s, EXIT_POOLER_WEIGHT, layer), s->B, s->h, s->h, s->scratch);
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

bool training_pass(const parameters *p, const real *values, const training_batch *batch, const exit_losses *losses,
                   const dropout_settings *dropout, real *gradients, real *const *logits, double *exit_loss,
                   training_room *room, portolan_error *err) {
    const encoder_config *c = &p->config;
    pass s = {.p = p,
              .values = values,
              .gradients = gradients,
              .batch = batch,
              .losses = losses,
              .dropout = dropout,
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
        if (c->exits[layer - 1]) exit_loss[layer - 1] = exit_pass(&s, layer, logits ? logits[layer - 1] : NULL);
    }
    if (gradients && !losses->frozen_backbone) backward(&s);
    return true;
}
