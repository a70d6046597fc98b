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

/* Loss of a shard, its part of the batch's mean: sum over exits of weight * cross-entropy / batch_sequences. Adds the
 * gradients to `gradients` (as the parameters are laid out) unless it is NULL; keeps the logits of every exit in
 * logits[layer - 1] [count][classes] where that is not NULL. `exit_loss[layer - 1]` gets each exit's own unweighted sum. */
bool training_pass(const parameters *p, const real *values, const training_batch *batch, const exit_losses *losses,
                   const dropout_settings *dropout, real *gradients, real *const *logits, double *exit_loss,
                   training_room *room, portolan_error *err);

/* ---- AdamW ---- */

typedef struct adamw_settings {
    double rate; /* of this step */
    double beta1, beta2, eps, decay;
    double gradient_scale; /* gradients are multiplied by it first: clipping */
} adamw_settings;

/* One step (Loshchilov and Hutter 2019, algorithm 2, in PyTorch's form): values -= rate * decay * values for those that decay;
 * m, v as in Adam with bias correction for step `t` (from 1); values -= rate * m^ / (sqrt(v^) + eps). Only numbers
 * `from` to before `to` of the arrays, so that threads can share the work. */
void adamw_step(const parameters *p, size_t from, size_t to, real *values, const real *gradients, real *m, real *v,
                const adamw_settings *s, uint64_t t);

/* The Euclidean norm of n numbers, summed in double in fixed order. */
double gradient_norm(const real *gradients, size_t n);

/* ---- Building blocks (blocks.c) ---- */

/* y[T][N] = x[T][K] w^T + b, w [N][K]. `scratch` holds pack_room(...) numbers. */
void linear_forward(real *y, const real *x, const real *w, const real *b, size_t T, size_t K, size_t N, real *scratch);

/* dx[T][K] = dy w (unless dx is NULL), dw += dy^T x, db += column sums of dy. */
void linear_backward(real *dx, real *dw, real *db, const real *dy, const real *x, const real *w, size_t T, size_t K,
                     size_t N, real *scratch);

/* Numbers of scratch that the two above need for these sizes. */
size_t linear_scratch(size_t T, size_t K, size_t N);

/* y = normed * scale + shift with normed = (x - mean) * inverse, inverse = 1 / sqrt(variance + eps), a row at a time. */
void norm_forward(real *y, real *normed, real *inverse, const real *x, const real *scale, const real *shift, double eps,
                  size_t T, size_t h);

/* dx = gradient through the norm; dscale and dshift are added to. dx may be dy. */
void norm_backward(real *dx, real *dscale, real *dshift, const real *dy, const real *normed, const real *inverse,
                   const real *scale, size_t T, size_t h);

void gelu_forward(real *y, const real *x, size_t n);
/* dx = dy * gelu'(x), gelu'(x) = Phi(x) + x phi(x); dx may be dy. */
void gelu_backward(real *dx, const real *dy, const real *x, size_t n);

/* One sequence's attention: context[s][h] from qkv[s][3h]; probabilities [heads][s][s] are kept; masked by dropout where
 * mask (as probabilities) is not NULL. */
void attention_forward(real *context, real *probabilities, const real *qkv, const real *mask, size_t s, size_t h,
                       size_t heads, real *scratch);
/* dqkv[s][3h] from dcontext. `scratch` holds 2 s s numbers, as in the forward pass. */
void attention_backward(real *dqkv, const real *dcontext, const real *probabilities, const real *qkv, const real *mask,
                        size_t s, size_t h, size_t heads, real *scratch);

/* A dropout mask: 0 with probability `rate`, else 1 / (1 - rate), in 16-bit steps of probability. */
void dropout_mask(real *mask, size_t n, double rate, random_stream *s);

#endif
