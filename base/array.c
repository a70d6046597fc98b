/* Arrays that grow while they are filled. */
#include "array.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 }; /* items */

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

bool array_reserve(void *items, size_t *room, size_t wanted, size_t item_bytes, portolan_error *err) {
    assert(item_bytes > 0);
    if (wanted <= *room) return true;
    size_t grown = larger(larger(wanted, FIRST_ROOM), *room <= SIZE_MAX / 2 ? 2 * *room : 0);
    void *array; /* copied, not cast: a pointer to T * is none to void * */
    memcpy(&array, items, sizeof array);
    size_t bytes;
    bool impossible = __builtin_mul_overflow(grown, item_bytes, &bytes) || bytes > PTRDIFF_MAX;
    array = impossible ? NULL : realloc(array, bytes);
    if (!array) return error_memory(err, bytes);
    memcpy(items, &array, sizeof array);
    *room = grown;
    return true;
}
