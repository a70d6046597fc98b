/* How long slices of a model take: measured here, or read from somebody's table. For neighbours in model/ and those above. */
#ifndef PORTOLAN_MODEL_LATENCY_H
#define PORTOLAN_MODEL_LATENCY_H

#include "model/model.h"

/* One measurement: so many layers over a batch of sequences of so many tokens. Sizes may be means over unequal layers. */
typedef struct latency {
    double hidden, feed_forward;
    double attention; /* width of all heads together */
    double layers, tokens, batch;
    double seconds;
    double spread; /* half of what repetitions differ by, over the seconds; NaN: not known */
} latency;

typedef struct latencies {
    latency *items; /* [count]; owned */
    size_t count, room;
} latencies;

void latencies_free(latencies *list);

/* FLOP of the layers over the whole batch, as model_layer_flops counts them: batch layers (8 s h a + 4 s h f + 4 s^2 a), where
 * a is the width of attention. */
double latency_flops(const latency *m);

/* Bytes of their fp32 weights, as model_layer_bytes counts them: 4 layers (4 h a + 2 h f). */
double latency_weight_bytes(const latency *m);

/* ---- Reading (read.c) ---- */

/* Which column has what: "hidden=encoder_embed_dim,tokens=30". NULL: the columns have the names of the struct's members.
 * What is not named there is looked for under its own name; `attention` is `hidden`, and `spread` unknown, where there is no
 * such column. A number stands for all rows. `unit` is that of `seconds` and of the column's figures: "s", "ms" or "us". */
typedef struct latency_columns {
    const char *names, *unit;
} latency_columns;

/* Reads a CSV file. Every figure must be above 0 (`spread`: not below). On failure the list is left empty. */
bool latencies_load(latencies *list, const char *path, const latency_columns *columns, portolan_error *err);

/* ---- Measuring (measure.c) ---- */

/* What is measured: a full grid of layers, tokens and batches for fitting and for the table, and, behind it, shapes that lie
 * between, drawn from `seed`, to be left out of both. */
typedef struct measuring {
    uint32_t most_tokens, most_batch; /* the longest sequence and largest batch */
    uint32_t left_out;
    uint64_t seed;
    void (*progress)(void *context, size_t done,
                     size_t total); /* called now and then with the measurements done so far */
    void *context;
} measuring;

/* Measures slices of an encoder, one core at work: medians over repetitions on warm weights, in rounds that go through all
 * shapes in another order each. Seconds are those of the thread: while another program has its core, its clock stands. The
 * first `*grid_count` of the list are the grid. On failure the list is left empty. */
bool latencies_measure(latencies *list, const encoder *e, const measuring *what, size_t *grid_count,
                       portolan_error *err);

#endif
