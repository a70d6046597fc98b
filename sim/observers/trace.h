/* What happened: traces of one policy's run. Internal to sim/.
 *
 * Three kinds of things are written. The lives of requests, or of every n-th of them: routed, queued, computing, held,
 * sending, escalated, answered or failed. What the radios of phones do for these requests. And counters of places and links: waiting requests,
 * utilisation, power, load, as means over steps of simulated time; they count all requests.
 *
 * A format is an observer of its own that writes as it goes: one file, trace_NAME.c, and its line in the table of
 * sim/engine/tables.c. From that line follow what a scenario may ask for and what `portolan list traces` shows. */
#ifndef PORTOLAN_TRACE_H
#define PORTOLAN_TRACE_H

#include "observer.h"

typedef struct trace trace;
typedef struct trace_place trace_place;
typedef struct trace_event trace_event;
typedef struct trace_sample trace_sample;
typedef struct trace_radio trace_radio;

/* How a format writes what it is told; trace_writer.h has what that is. */
struct trace_format {
    const char *name, *extension; /* in a scenario; of its files */
    const char *use;              /* for people: who reads it */
    void (*begin)(trace *t);
    /* A core (of a phone, a server) or a lane of requests (`of` is NULL) is used for the first time. */
    void (*lane)(trace *t, const trace_place *of, uint64_t host, uint32_t number, double now);
    void (*event)(trace *t, const trace_event *e);
    void (*radio)(trace *t, const trace_radio *r);
    void (*sample)(trace *t, const trace_sample *s);
    void (*end)(trace *t, const run_totals *totals, double now);
};

/* The formats in the order of the engine's table (sim/engine/tables.c); NULL behind the last. */
const trace_format *trace_format_at(size_t index);

/* What the observer of a format is made of: `open` gives the format to trace_open, the rest is shared. Only the format
 * that the scenario asks for is opened. */
bool trace_open(void **self, const observed_run *run, const trace_format *format, portolan_error *err);
bool trace_on(void *self, const event *e);
bool trace_close(void *self, bool ok, portolan_error *err);

/* Name of the file that a child leaves in the folder while the run is not done, and the one it gets then:
 * trace.json of policy "confidence" is trace-confidence.json. */
void trace_part_name(char *into, size_t size, size_t index);
void trace_final_name(char *into, size_t size, const scenario *s, size_t index);

#endif
