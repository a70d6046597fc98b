/* Numbers for things that overlap in time: each takes the lowest that is free, and gives it back. Internal
 * to sim/. */
#ifndef PORTOLAN_SLOTS_H
#define PORTOLAN_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed one has all slots free. The first 64 need no memory of their own. */
typedef struct slots {
    uint64_t first, *more; /* a bit a slot: taken. more: [words] slots from 64 on; owned */
    uint32_t words;
    uint32_t hint;  /* no word before this one has a free slot; word 0 is `first` */
    uint32_t known; /* slots 0 to known-1 have been taken before */
} slots;

/* Takes the lowest free slot. `is_new` says that it has never been taken before. False if memory is short. */
bool slot_take(slots *l, uint32_t *slot, bool *is_new);

void slot_give(slots *l, uint32_t slot);

void slots_free(slots *l);

#endif
