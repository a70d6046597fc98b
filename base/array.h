/* Arrays that grow while they are filled. */
#ifndef PORTOLAN_BASE_ARRAY_H
#define PORTOLAN_BASE_ARRAY_H

#include "error.h"

/* Makes sure that the array to which the pointer `items` leads (NULL: none yet) has space for `wanted` items; `room` (a size_t)
 * is for how many it has. Grows at least to the double, so that adding items one by one takes linear time; new items
 * are not initialised. The array is the caller's: free(items). False if memory is short; it is then as it was. */
#define ARRAY_RESERVE(items, room, wanted, err) array_reserve(&(items), &(room), wanted, sizeof *(items), err)

/* What ARRAY_RESERVE calls; `items` is the address of a pointer to items of `item_bytes`. */
bool array_reserve(void *items, size_t *room, size_t wanted, size_t item_bytes, portolan_error *err);

#endif
