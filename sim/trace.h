/* What happened: a trace of one policy's run, told step by step by the actors and written as it goes.
 * Internal to sim/.
 *
 * * Two kinds of things are written. The lives of requests, or of every n-th of them: routed, queued,
 * computing, sending, escalated, answered or failed. And counters of places and links: waiting requests,
 * utilisation, power, load, as means over steps of simulated time; they count all requests. Nothing here
 * changes what is simulated.
 *
 * * Every call takes a trace that may be NULL, which is a run without one and costs a branch. */
#ifndef PORTOLAN_TRACE_H
#define PORTOLAN_TRACE_H

#include "base/files.h"
#include "books.h"
#include "request.h"

typedef struct trace trace;

/* Begins the trace of policy `index`, if the scenario wants one, in trace_part_name() of the folder. `*t` is
 * NULL if not. */
bool trace_open(trace **t, const scenario *s, size_t index, const result_folder *folder, portolan_error *err);

/* Ends it: the last step, the totals, the file. `ok` is false if the run failed and the file is not worth
 * keeping. Frees the trace. Returns `ok`, or false if the trace could not be written. */
bool trace_close(trace *t, const run_totals *totals, bool ok, portolan_error *err);

/* Whether the trace cannot be written any more, and the run had better stop. */
bool trace_is_lost(const trace *t);

/* Name of the file that a child leaves in the folder while the run is not done, and the one it gets then:
 * trace.json of policy "confidence" is trace-confidence.json. */
void trace_part_name(char *into, size_t size, size_t index);
void trace_final_name(char *into, size_t size, const scenario *s, size_t index);

/* ---- Called by the actors, in the order of simulated time ---- */

void trace_note_arrival(trace *t, request *r);
void trace_note_route(trace *t, request *r, tier to, double now);
void trace_note_queue(trace *t, request *r, double now);   /* begins to wait at r->at */
void trace_note_dequeue(trace *t, request *r, double now); /* and has a core */
void trace_note_compute(trace *t, request *r, const slice *plan, double now);
void trace_note_computed(trace *t, request *r, const slice *plan, bool done, double now); /* or its server failed */
void trace_note_send(trace *t, request *r, tier to, uint64_t bytes, double now); /* before r->at changes */
void trace_note_sent(trace *t, request *r, bool arrived, double now);
void trace_note_end(trace *t, request *r, double now); /* the record is complete */

static inline void trace_arrival(trace *t, request *r) {
    if (t) trace_note_arrival(t, r);
}
static inline void trace_route(trace *t, request *r, tier to, double now) {
    if (t) trace_note_route(t, r, to, now);
}
static inline void trace_queue(trace *t, request *r, double now) {
    if (t) trace_note_queue(t, r, now);
}
static inline void trace_dequeue(trace *t, request *r, double now) {
    if (t) trace_note_dequeue(t, r, now);
}
static inline void trace_compute(trace *t, request *r, const slice *plan, double now) {
    if (t) trace_note_compute(t, r, plan, now);
}
static inline void trace_computed(trace *t, request *r, const slice *plan, bool done, double now) {
    if (t) trace_note_computed(t, r, plan, done, now);
}
static inline void trace_send(trace *t, request *r, tier to, uint64_t bytes, double now) {
    if (t) trace_note_send(t, r, to, bytes, now);
}
static inline void trace_sent(trace *t, request *r, bool arrived, double now) {
    if (t) trace_note_sent(t, r, arrived, now);
}
static inline void trace_end(trace *t, request *r, double now) {
    if (t) trace_note_end(t, r, now);
}

#endif
