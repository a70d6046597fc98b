/* Places hold attempts, not actors: a queue of a million costs no stack. */
#include "place.h"

#include <assert.h>

#include "sim/disciplines/discipline.h"

double place_seconds(const place *here, const service_work *done) {
    return service_seconds(here->device, here->speed, here->shape, done);
}

bool place_outside_table(const place *here, const service_work *done) {
    return service_outside_table(here->device, here->shape, done);
}

/* Waits at a tier add up; one that got a core at once waited 0. */
static void keep_wait(const place *here, attempt *a, double seconds) {
    double *wait = &a->request->record.wait[here->at];
    *wait = isnan(*wait) ? seconds : *wait + seconds;
}

place_entry place_enter(place *here, attempt *a, double now) {
    a->entered = now;
    assert(here->busy <= here->cores);
    if (here->busy < here->cores) {
        here->busy++;
        a->next = a->previous = NULL;
        keep_wait(here, a, 0);
        return ENTERED_CORE;
    }
    if (here->waiting >= here->limit) return REFUSED;
    here->waiting++;
    here->discipline->enter(here, a);
    return ENTERED_QUEUE;
}

/* It waits no more: the discipline has taken it out. */
static void end_wait(place *here, attempt *a, double now) {
    assert(here->waiting > 0);
    here->waiting--;
    keep_wait(here, a, now - a->entered);
}

void place_leave(place *here, attempt *a, double now) {
    here->discipline->leave(here, a);
    end_wait(here, a, now);
}

attempt *place_next(place *here, double now) {
    assert(here->busy > 0);
    if (!here->waiting) {
        here->busy--;
        return NULL;
    }
    attempt *first = here->discipline->next(here), *previous = NULL;
    for (attempt *a = first; a; previous = a, a = a->next) {
        end_wait(here, a, now);
        a->previous = previous;
    }
    return first;
}
