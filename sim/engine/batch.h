/* Attempts that are computed together on one core: all begin at once, and all end with the one activity that they are.
 * They are linked (.next, .previous), so that one alone, which is the usual batch, costs nothing. Each member's part of the
 * core's time is its own: by the seconds that it would need alone, anew whenever a member leaves. Internal to sim/engine/;
 * needs nothing of SimGrid. */
#ifndef PORTOLAN_ENGINE_BATCH_H
#define PORTOLAN_ENGINE_BATCH_H

#include "place.h"

/* What the members' slices are, together. */
service_work batch_work(const attempt *first);

/* They begin to compute: from now on each has its part. */
void batch_begin(attempt *first, double now);

/* What they have had until now is theirs (attempt.own_seconds). */
void batch_settle(attempt *first, double now);

/* Takes one out, which is nobody's then. Returns the first of the rest; NULL: it was alone. */
attempt *batch_leave(attempt *a);

/* The first of those that are computed with `a`. */
attempt *batch_first(attempt *a);

#endif
