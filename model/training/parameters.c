/* Parameters in one array, and AdamW on them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/encoder/encoder.h"
#include "training.h"

#ifdef PORTOLAN_DOUBLE
#define SQUARE_ROOT sqrt
#else
#define SQUARE_ROOT sqrtf
#endif

static void add_weight(parameters *p, model_weight weight, uint32_t layer) {
    parameter *n = &p->list[p->list_count++];
    *n = (parameter){.weight = weight, .layer = layer, .offset = p->count, .count = 1};
    n->rank = model_weight_shape(&p->config, weight, n->shape);
    for (uint32_t i = 0; i < n->rank; i++) n->count *= n->shape[i];
    n->decays = n->rank == 2;
    p->at[weight][layer] = n->offset;
    p->count += n->count;
}

/* The weights of the embeddings, of a layer, and of an exit, in the order of their numbers in the array. A layer's queries, keys
 * and values follow one another, weights and then biases, so that they can be used as one matrix of 3h outputs. */
static const model_weight EMBEDDING_WEIGHTS[] = {WEIGHT_TOKEN_TABLE, WEIGHT_POSITION_TABLE, WEIGHT_SEGMENT_TABLE,
                                                 WEIGHT_EMBEDDING_NORM_SCALE, WEIGHT_EMBEDDING_NORM_SHIFT};
static const model_weight LAYER_WEIGHTS[] = {
    LAYER_QUERY_WEIGHT,  LAYER_KEY_WEIGHT,  LAYER_VALUE_WEIGHT, LAYER_QUERY_BIAS,  LAYER_KEY_BIAS,  LAYER_VALUE_BIAS,
    LAYER_OUTPUT_WEIGHT, LAYER_OUTPUT_BIAS, LAYER_NORM1_SCALE,  LAYER_NORM1_SHIFT, LAYER_UP_WEIGHT, LAYER_UP_BIAS,
    LAYER_DOWN_WEIGHT,   LAYER_DOWN_BIAS,   LAYER_NORM2_SCALE,  LAYER_NORM2_SHIFT};
static const model_weight EXIT_WEIGHTS[] = {EXIT_POOLER_WEIGHT, EXIT_POOLER_BIAS, EXIT_CLASSIFIER_WEIGHT,
                                            EXIT_CLASSIFIER_BIAS};
static const model_weight FINAL_WEIGHTS[] = {WEIGHT_FINAL_NORM_SCALE, WEIGHT_FINAL_NORM_SHIFT};

#define ADD_WEIGHTS(p, weights, layer)                                  \
    for (size_t i_ = 0; i_ < sizeof(weights) / sizeof *(weights); i_++) \
        if (model_has_weight(&(p)->config, (weights)[i_], layer)) add_weight(p, (weights)[i_], layer)

bool parameters_open(parameters *p, const encoder_config *c, portolan_error *err) {
    *p = (parameters){.config = *c};
    size_t most = MODEL_WEIGHTS * (c->shape.layers + 1);
    memset(p->at, 0xff, sizeof p->at);
    p->list = calloc(most, sizeof *p->list);
    if (!p->list) return error_memory(err, most * sizeof *p->list);
    ADD_WEIGHTS(p, EMBEDDING_WEIGHTS, 0);
    for (uint32_t layer = 1; layer <= c->shape.layers; layer++) ADD_WEIGHTS(p, LAYER_WEIGHTS, layer);
    ADD_WEIGHTS(p, FINAL_WEIGHTS, 0);
    p->backbone = p->list_count;
    for (uint32_t layer = 1; layer <= c->shape.layers; layer++) ADD_WEIGHTS(p, EXIT_WEIGHTS, layer);
    return true;
}

void parameters_close(parameters *p) {
    free(p->list);
    *p = (parameters){0};
}

static bool is_norm_scale(model_weight weight) {
    return weight == WEIGHT_EMBEDDING_NORM_SCALE || weight == LAYER_NORM1_SCALE || weight == LAYER_NORM2_SCALE ||
           weight == WEIGHT_FINAL_NORM_SCALE;
}

void parameters_initialize(const parameters *p, double scale, uint64_t seed, real *values) {
    memset(values, 0, p->count * sizeof *values);
    for (size_t i = 0; i < p->list_count; i++) {
        const parameter *n = &p->list[i];
        random_stream s = random_open(seed, "weights", (uint64_t)n->layer << 8 | n->weight);
        for (size_t k = 0; k < n->count; k++)
            values[n->offset + k] = n->rank == 2 ? (real)(scale * random_normal(&s)) : is_norm_scale(n->weight) ? 1 : 0;
    }
}

void adamw_step(const parameters *p, const adamw_settings *s, const adamw_state *state, size_t from, size_t to) {
    real *values = state->values, *m = state->m, *v = state->v;
    double t = (double)s->step, correct1 = 1 - pow(s->beta1, t), correct2 = 1 - pow(s->beta2, t);
    real beta1 = (real)s->beta1, beta2 = (real)s->beta2, eps = (real)s->eps;
    real step = (real)(s->rate / correct1), root = (real)(1 / sqrt(correct2)), scale = (real)s->gradient_scale;
    for (size_t i = 0; i < p->list_count; i++) {
        const parameter *n = &p->list[i];
        real keep = n->decays ? (real)(1 - s->rate * s->decay) : 1;
        size_t first = n->offset > from ? n->offset : from, end = n->offset + n->count < to ? n->offset + n->count : to;
        for (size_t k = first; k < end; k++) {
            real g = scale * state->gradients[k];
            m[k] = beta1 * m[k] + (1 - beta1) * g;
            v[k] = beta2 * v[k] + (1 - beta2) * g * g;
            values[k] = values[k] * keep - step * m[k] / (SQUARE_ROOT(v[k]) * root + eps);
        }
    }
}

double gradient_norm(const real *gradients, size_t n) {
    enum { LANES = 8 }; /* side by side, so that the compiler makes vectors of them */
    double parts[LANES] = {0}, sum = 0;
    for (size_t i = 0; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) parts[j] += (double)gradients[i + j] * (double)gradients[i + j];
    for (size_t i = n / LANES * LANES; i < n; i++) parts[0] += (double)gradients[i] * (double)gradients[i];
    for (size_t j = 0; j < LANES; j++) sum += parts[j];
    return sqrt(sum);
}
