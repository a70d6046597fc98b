/* See batch.h. */
#include "batch.h"

#include <assert.h>

service_work batch_work(const attempt *first) {
    service_work all = first->slice.work;
    for (const attempt *a = first->next; a; a = a->next) service_join(&all, &a->slice.work);
    return all;
}

/* A batch that needs no time is shared by heads. */
static void share_out(attempt *first) {
    const place *here = first->place;
    double sum = 0, heads = 0;
    first->part = 1;
    if (!first->next) return;
    for (attempt *a = first; a; a = a->next, heads++) sum += a->part = place_seconds(here, &a->slice.work);
    for (attempt *a = first; a; a = a->next) a->part = sum > 0 ? a->part / sum : 1 / heads;
}

void batch_begin(attempt *first, double now) {
    assert(!first->previous);
    share_out(first);
    for (attempt *a = first; a; a = a->next) {
        a->own_seconds = 0;
        a->settled = now;
    }
}

void batch_settle(attempt *first, double now) {
    assert(!first->previous);
    for (attempt *a = first; a; a = a->next) {
        a->own_seconds += (now - a->settled) * a->part;
        a->settled = now;
    }
}

attempt *batch_first(attempt *a) {
    while (a->previous) a = a->previous;
    return a;
}

attempt *batch_leave(attempt *a) {
    attempt *rest = a->previous ? batch_first(a) : a->next;
    if (a->previous) a->previous->next = a->next;
    if (a->next) a->next->previous = a->previous;
    a->next = a->previous = NULL;
    if (rest) share_out(rest);
    return rest;
}
