/* Stations hold requests, not actors: a queue of a million costs no stack. */
#include "request.h"

station_entry station_enter(station *st, request *r, double now) {
    if (st->busy < st->cores) {
        st->busy++;
        return ENTERED_CORE;
    }
    if (st->waiting >= st->limit) return REFUSED;
    r->queued_since = now;
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
    r->record.queue += now - r->queued_since;
    return r;
}
