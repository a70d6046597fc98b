/* What happened: a trace of one policy's run, an observer that writes as it goes. Internal to sim/.
 *
 * * Two kinds of things are written. The lives of requests, or of every n-th of them: routed, queued,
 * computing, sending, escalated, answered or failed. And counters of places and links: waiting requests,
 * utilisation, power, load, as means over steps of simulated time; they count all requests. */
#ifndef PORTOLAN_TRACE_H
#define PORTOLAN_TRACE_H

#include "observer.h"

typedef struct trace trace;

/* Name of the file that a child leaves in the folder while the run is not done, and the one it gets then:
 * trace.json of policy "confidence" is trace-confidence.json. */
void trace_part_name(char *into, size_t size, size_t index);
void trace_final_name(char *into, size_t size, const scenario *s, size_t index);

#endif
