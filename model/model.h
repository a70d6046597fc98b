/* What computes? The shape of the multi-exit encoder and what a slice of it needs: FLOP, bytes, memory. */
#ifndef PORTOLAN_MODEL_H
#define PORTOLAN_MODEL_H

#include <stdint.h>

/* An encoder of `layers` equal layers with an exit classifier after each. Sizes in elements. */
typedef struct model_shape {
    uint64_t layers;       /* L */
    uint64_t hidden;       /* h */
    uint64_t feed_forward; /* f */
    uint64_t classes;
    uint64_t vocabulary;
} model_shape;

/* FLOP of `layers` layers on a sequence of `tokens`: layers * (8 s h^2 + 4 s h f + 4 s^2 h). The terms are the four
 * attention projections, the two feed-forward products, and the scores and their weighted sum (a product of an m x k
 * and a k x n matrix counts 2 m k n). */
double model_layer_flops(const model_shape *m, uint64_t layers, uint64_t tokens);

/* FLOP of one exit classifier: 2 h^2 for the pooler and 2 h classes for the head. */
double model_exit_flops(const model_shape *m);

/* Bytes of fp32 weights that a device needs for the embedding table, layers 1..`layers` and their exits:
 * 4 (vocabulary h + layers (4 h^2 + 2 h f + h^2 + h classes)), biases and norms left out. */
double model_slice_bytes(const model_shape *m, uint64_t layers);

/* What crosses the network, in bytes; options of a scenario. */
typedef struct payload_sizes {
    uint64_t token;  /* of one token id */
    uint64_t hidden; /* of one element of a hidden state: 4, 2 or 1 */
    uint64_t answer; /* of an answer, whole */
} payload_sizes;

/* Bytes of a request sent as tokens, and as the hidden state of all its tokens. */
uint64_t payload_tokens(const payload_sizes *p, uint64_t tokens);
uint64_t payload_hidden(const payload_sizes *p, const model_shape *m, uint64_t tokens);

#endif
