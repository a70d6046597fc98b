/* First in, first out. */
#include <stddef.h>

#include "discipline.h"

static void enter(place *here, attempt *a) {
    a->next = NULL;
    a->previous = here->last;
    if (here->last)
        here->last->next = a;
    else
        here->first = a;
    here->last = a;
}

static void leave(place *here, attempt *a) {
    *(a->previous ? &a->previous->next : &here->first) = a->next;
    *(a->next ? &a->next->previous : &here->last) = a->previous;
}

static attempt *next(place *here) {
    attempt *a = here->first;
    leave(here, a);
    a->next = NULL;
    return a;
}

const discipline FIFO = {"fifo", enter, next, leave};
