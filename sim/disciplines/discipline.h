/* Service disciplines: who waits, and who is next. A discipline is one file of sim/disciplines/ and a line in the table of
 * sim/engine/tables.c. Internal to sim/. */
#ifndef PORTOLAN_DISCIPLINE_H
#define PORTOLAN_DISCIPLINE_H

#include "sim/engine/engine.h"

struct discipline {
    const char *name;
    /* All cores are busy and there is room: the attempt begins to wait in place.first .. place.last, linked by .next (and
     * .previous, if the discipline wants that). */
    void (*enter)(place *here, attempt *a);
    /* A core is free and somebody waits: takes the one whose turn it is out of the queue; or several, which are then
     * computed together as one batch, in this order: linked by .next, which is NULL behind the last. */
    attempt *(*next)(place *here);
    /* One that waits gives up: takes it out of the queue, wherever it stands. */
    void (*leave)(place *here, attempt *a);
};

extern const discipline FIFO; /* who serves where nothing else is said */

#endif
