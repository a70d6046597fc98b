/* What came to each place while a policy ran, in a few sums a place: an observer (LOAD_OBSERVER), and what follows from
 * its sums. Internal to sim/; needs nothing of SimGrid. */
#ifndef PORTOLAN_LOAD_H
#define PORTOLAN_LOAD_H

#include "observer.h"

/* Opens the loads of a platform's places; NULL if memory is short. */
place_load *loads_open(const platform *p);

/* Adds an event to the loads of the places that it is about. */
void load_add(run_books *b, const scenario *s, const event *e);

/* Share of the place's capacity that was busy between the end of the warm-up and the end of the run. */
double load_utilization(const place_load *l, const run_totals *t);

/* Lists the places to which more work came than they can do, in the order of places.h. `into` has room for all places.
 * Returns how many there are. */
size_t overloads_find(const platform *p, const run_books *b, overload *into);

#endif
