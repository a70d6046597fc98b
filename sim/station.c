/* Stations hold requests, not actors: a queue of a million costs no stack. */
#include "request.h"

/* Waits at a tier add up; one that got a core at once waited 0. */
static void keep_wait(request *r, double seconds) {
    double *wait = &r->record.wait[r->at];
    *wait = isnan(*wait) ? seconds : *wait + seconds;
}

station_entry station_enter(station *st, request *r, double now) {
    r->entered = now;
    if (st->busy < st->cores) {
        st->busy++;
        keep_wait(r, 0);
        return ENTERED_CORE;
    }
    if (st->waiting >= st->limit) return REFUSED;
    r->next = NULL;
    if (st->last)
        st->last->next = r;
    else
        st->first = r;
    st->last = r;
    st->waiting++;
    return ENTERED_QUEUE;
}

request *station_next(station *st, double now) {
    request *r = st->first;
    if (!r) {
        st->busy--;
        return NULL;
    }
    st->first = r->next;
    if (!st->first) st->last = NULL;
    st->waiting--;
    keep_wait(r, now - r->entered);
    return r;
}
