/* Numbers for things that overlap in time: each takes the lowest that is free, and gives it back. Internal
 * to sim/. */
#ifndef PORTOLAN_LANES_H
#define PORTOLAN_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed one has all lanes free. The first 64 need no memory of their own. */
typedef struct lanes {
    uint64_t first, *more; /* a bit a lane: taken. more: [words] lanes from 64 on; owned */
    uint32_t words;
    uint32_t hint;  /* no word before this one has a free lane; word 0 is `first` */
    uint32_t known; /* lanes 0 to known-1 have been taken before */
} lanes;

/* Takes the lowest free lane. `is_new` says that it has never been taken before. False if memory is short. */
bool lane_take(lanes *l, uint32_t *lane, bool *is_new);

void lane_give(lanes *l, uint32_t lane);

void lanes_free(lanes *l);

#endif
