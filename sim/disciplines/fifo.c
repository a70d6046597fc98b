/* First in, first out. */
#include <stddef.h>

#include "sim/engine/place.h"

static void enter(place *here, attempt *a) {
    a->next = NULL;
    if (here->last)
        here->last->next = a;
    else
        here->first = a;
    here->last = a;
}

static attempt *next(place *here) {
    attempt *a = here->first;
    here->first = a->next;
    if (!here->first) here->last = NULL;
    return a;
}

const discipline FIFO = {"fifo", enter, next};
