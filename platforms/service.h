/* How long a device computes: the one formula of service time, and measured tables in its place.
 *
 *   seconds of an execution = call + layers x weight bytes of a layer / memory bandwidth + FLOP / speed
 *
 * The first two are paid once, however many members are computed together (a batch); FLOP are those of all members. A device
 * without `call` and `memory_bandwidth` has the last term alone. An execution without layers (what a router compares) is no
 * call of a model and has the last term alone, too. */
#ifndef PORTOLAN_SERVICE_H
#define PORTOLAN_SERVICE_H

#include "platforms.h"

/* The layers of a model, all alike. */
typedef struct service_shape {
    uint64_t hidden, feed_forward;
    double layer_bytes; /* of one layer's weights */
} service_shape;

/* What is executed at once. */
typedef struct service_work {
    uint32_t layers;    /* 0: none, only FLOP */
    bool goes_on;       /* behind other layers of its own, on the core that it has: no call again */
    uint32_t members;   /* of the batch, from 1 */
    double tokens;      /* of a member, in the mean */
    double flops;       /* of all members, in all, */
    double other_flops; /* and, of them, what is not the layers': exits */
    double factor;      /* on what a table says, where members need more or less than their tokens tell */
} service_work;

/* Adds the work of more members to a batch: the layers of the longest slice, the FLOP of all, the mean of the rest; and a
 * call, unless all go on. */
void service_join(service_work *batch, const service_work *more);

/* Seconds of the work on a device of which this one has the speed `speed` (FLOP/s of a core). A device that is so much faster
 * or slower than `d` is so in everything: d's call, memory and table take d->speed / speed as long. */
double service_seconds(const device *d, double speed, const service_shape *m, const service_work *w);

/* Whether d has a table, but not for this work, so that the seconds are the formula's. */
bool service_outside_table(const device *d, const service_shape *m, const service_work *w);

/* Seconds of it that are the fixed cost of the call. */
double service_call(const device *d, double speed, const service_work *w);

/* ---- Measured tables ---- */

/* Reads a CSV file with the columns hidden, feed_forward, layers, tokens, batch and seconds, in any order; others are left
 * alone. The rows of a shape (hidden, feed_forward) must be a full grid: each of its numbers of layers with each of its
 * numbers of tokens and of its batches, once. The table lives in `memory`. NULL on failure. */
const service_table *service_table_load(arena *memory, const char *path, portolan_error *err);

/* The table's seconds of a batch of members of so many tokens, or NaN outside of what it holds. Between its rows they are
 * interpolated linearly in layers, tokens and batch: by the formula above time is linear in the first and the last, and in
 * tokens but for attention's small square. */
double service_table_seconds(const service_table *t, const service_shape *m, double layers, double tokens,
                             double members);

/* Rows, for people. */
size_t service_table_rows(const service_table *t);

#endif
