/* Training: the forward pass with what the backward pass needs kept, gradients by hand, and AdamW. Internal to model/.
 *
 * Everything is written in `real`, which is float; compiled with PORTOLAN_DOUBLE it is double, for gradient checks.
 * Weights are [outputs][inputs], as in files. Sizes, in the papers' letters: T tokens of all sequences of a shard, B
 * sequences, s tokens of one, h hidden width, f feed-forward width. */
#ifndef PORTOLAN_TRAINING_H
#define PORTOLAN_TRAINING_H

#include "base/random.h"
#include "model/model.h"

#ifdef PORTOLAN_DOUBLE
typedef double real;
#else
typedef float real;
#endif

/* ---- Parameters: all in one array, part after part ---- */

typedef struct parameter {
    model_weight weight;
    uint32_t layer; /* 0 where the part is not one of a layer or exit */
    size_t offset, count;
    uint64_t shape[TENSOR_MAX_RANK];
    uint32_t rank;
    bool decays; /* matrices do, biases and norms do not (Loshchilov and Hutter 2019; BERT's own training) */
} parameter;

typedef struct parameters {
    encoder_config config;
    parameter *list; /* owned */
    size_t list_count;
    size_t backbone; /* the first so many of the list are the backbone's, the rest the exits' */
    size_t count;    /* numbers in all */
    size_t at[MODEL_WEIGHTS][MODEL_MAX_LAYERS + 1]; /* offset of a weight by layer; SIZE_MAX: the model has none */
} parameters;

/* Lays the parts of a configuration out; every exit has its own pooler. */
bool parameters_open(parameters *p, const encoder_config *c, portolan_error *err);
void parameters_close(parameters *p);

/* Initial values: matrices and tables normal of standard deviation `scale`, norm scales 1, the rest 0; seeded. */
void parameters_initialize(const parameters *p, double scale, uint64_t seed, real *values);

/* ---- One shard of a batch: its loss and gradients ---- */

typedef struct exit_losses {
    double weight[MODEL_MAX_LAYERS]; /* [layer - 1] of each exit's loss; they sum to 1; 0: no exit or not trained */
    bool frozen_backbone;            /* only the exits' own parts get gradients */
} exit_losses;

typedef struct training_batch {
    token_batch tokens;
    const uint32_t *labels;   /* [count] */
    uint32_t batch_sequences; /* of the whole batch, by which the loss is divided */
} training_batch;

typedef struct dropout_settings {
    double rate;                /* 0: none */
    uint64_t seed, step, shard; /* name the masks */
} dropout_settings;

/* Memory that a pass needs; a zeroed one is empty. */
typedef struct training_room {
    void *memory;
    size_t bytes, used;
} training_room;

void training_room_free(training_room *room);

/* What is asked of a pass. */
typedef struct training_task {
    const training_batch *batch;
    const exit_losses *losses;
    const dropout_settings *dropout;
} training_task;

/* What a pass leaves, in arrays of the caller's. */
typedef struct training_results {
    real *gradients;     /* are added to, as the parameters are laid out; NULL: none wanted */
    real *const *logits; /* logits[layer - 1] [count][classes] of every exit; NULL, or one that is: none wanted */
    double *exit_loss;   /* exit_loss[layer - 1]: each exit's own unweighted sum */
} training_results;

/* Loss of a shard, its part of the batch's mean: sum over exits of weight * cross-entropy / batch_sequences. */
bool training_pass(const parameters *p, const real *values, const training_task *task, const training_results *into,
                   training_room *room, portolan_error *err);

/* ---- AdamW ---- */

typedef struct adamw_settings {
    double rate; /* of this step */
    double beta1, beta2, eps, decay;
    double gradient_scale; /* gradients are multiplied by it first: clipping */
    uint64_t step;         /* from 1 */
} adamw_settings;

/* What a step changes, and the gradients it follows; laid out as the parameters are. */
typedef struct adamw_state {
    real *values, *m, *v;
    const real *gradients;
} adamw_state;

/* One step (Loshchilov and Hutter 2019, algorithm 2, in PyTorch's form): values -= rate * decay * values for those that decay;
 * m, v as in Adam with bias correction; values -= rate * m^ / (sqrt(v^) + eps). Only numbers `from` to before `to` of the
 * arrays, so that threads can share the work. */
void adamw_step(const parameters *p, const adamw_settings *s, const adamw_state *state, size_t from, size_t to);

/* The Euclidean norm of n numbers, summed in double in fixed order. */
double gradient_norm(const real *gradients, size_t n);

/* ---- Building blocks (blocks.c) ---- */

/* A linear layer of K inputs and N outputs, and where its gradients are added up (in the backward pass). */
typedef struct linear_layer {
    size_t K, N;
    const real *w, *b; /* [N][K], [N] */
    real *dw, *db;
} linear_layer;

/* y[T][N] = x[T][K] w^T + b. `scratch` holds linear_scratch(...) numbers, here and below. */
void linear_forward(const linear_layer *l, real *y, const real *x, size_t T, real *scratch);

/* dx[T][K] = dy w, dw += dy^T x, db += column sums of dy. */
void linear_backward(const linear_layer *l, real *dx, const real *dy, const real *x, size_t T, real *scratch);

/* Numbers of scratch that the two above need for these sizes. */
size_t linear_scratch(size_t T, size_t K, size_t N);

/* A LayerNorm of rows of h numbers, and where its gradients are added up (in the backward pass). */
typedef struct norm_layer {
    size_t h;
    double eps;
    const real *scale, *shift;
    real *dscale, *dshift;
} norm_layer;

/* What a norm keeps for its backward pass. */
typedef struct norm_kept {
    real *normed, *inverse; /* [T][h], [T] */
} norm_kept;

/* y = normed * scale + shift with normed = (x - mean) * inverse, inverse = 1 / sqrt(variance + eps), a row at a time. */
void norm_forward(const norm_layer *l, real *y, norm_kept kept, const real *x, size_t T);

/* dx = gradient through the norm; dscale and dshift are added to. dx may be dy. */
void norm_backward(const norm_layer *l, real *dx, const real *dy, norm_kept kept, size_t T);

void gelu_forward(real *y, const real *x, size_t n);
/* dx = dy * gelu'(x), gelu'(x) = Phi(x) + x phi(x); dx may be dy. */
void gelu_backward(real *dx, const real *dy, const real *x, size_t n);

/* One sequence's attention. */
typedef struct attention {
    size_t s, h, heads;
    const real *qkv;     /* [s][3h] */
    real *probabilities; /* [heads][s][s]: are set by the forward pass, and kept for the backward one */
    const real *mask;    /* dropout on the probabilities; NULL: none */
} attention;

/* context[s][h]. `scratch` holds 2 s s numbers, here and below. */
void attention_forward(const attention *a, real *context, real *scratch);

/* dqkv[s][3h] from dcontext. */
void attention_backward(const attention *a, real *dqkv, const real *dcontext, real *scratch);

/* A dropout mask: 0 with probability `rate`, else 1 / (1 - rate), in 16-bit steps of probability. */
void dropout_mask(real *mask, size_t n, double rate, random_stream *s);

#endif
