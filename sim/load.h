/* What came to each place while a policy ran: told by the actors as it happens, in a few sums a place. Internal to sim/;
 * needs nothing of SimGrid. */
#ifndef PORTOLAN_LOAD_H
#define PORTOLAN_LOAD_H

#include "books.h"
#include "request.h"

/* Opens the loads of a platform's places; NULL if memory is short. */
place_load *loads_open(const platform *p);

/* A request has asked for a core at r->at. */
void load_enter(run_books *b, const scenario *s, const request *r, station_entry entry, double now);

/* It leaves the queue there. */
void load_dequeue(run_books *b, const scenario *s, const request *r);

/* It has computed there from `start` to `end`, to the end of its slice or until the server failed. */
void load_compute(run_books *b, const scenario *s, const request *r, double start, double end);

/* It fails there, on a server that failed. */
void load_fail(run_books *b, const scenario *s, const request *r);

/* A message of r->sent_bytes leaves r->sender for r->at; it has arrived, or is lost. */
void load_send(run_books *b, const scenario *s, const request *r, double now);
void load_sent(run_books *b, const scenario *s, const request *r, bool arrived);

/* Share of the place's capacity that was busy between the end of the warm-up and the end of the run. */
double load_utilization(const place_load *l, const run_totals *t);

/* Lists the places to which more work came than they can do, in the order of places.h. `into` has room for all places.
 * Returns how many there are. */
size_t overloads_find(const platform *p, const run_books *b, overload *into);

#endif
