/* What the formats of traces share: what they are told, and what they write into. Internal to the trace files of sim/. */
#ifndef PORTOLAN_TRACE_WRITER_H
#define PORTOLAN_TRACE_WRITER_H

#include "agenda.h"
#include "slots.h"
#include "trace.h"
#include "trace_text.h"

/* A number of something over time, and its integral since the step began. */
typedef struct gauge {
    double level, since, area;
} gauge;

typedef enum counter { COUNTER_QUEUE, COUNTER_UTILIZATION, COUNTER_POWER, COUNTER_LOAD, COUNTER_COUNT } counter;

typedef struct counter_name {
    const char *name, *unit;
} counter_name;

extern const counter_name COUNTER_NAMES[COUNTER_COUNT];

enum { TRACE_NAME = 80 };

/* A group of phones, an edge site or a cloud region. */
struct trace_place {
    char name[TRACE_NAME];
    tier at;
    const device *device;
    uint64_t first_phone; /* of a group */
    double cores;         /* in all */
    double idle_watts;    /* in all */
    gauge waiting, busy;
    gauge radio_watts; /* of radios that have states */
    double joules;     /* of messages' bytes since the step began */
    int64_t written[COUNTER_COUNT];
};

/* A cell or an uplink in one direction (both, if it is half duplex). */
typedef struct trace_link {
    char name[TRACE_NAME];
    double capacity; /* bytes a second; 0: the way back of a half-duplex link, unused */
    double bytes;    /* arrived since the step began */
    int64_t written;
} trace_link;

typedef enum trace_what {
    TRACE_REQUEST, /* a life; the phases below lie in it, one after the other */
    TRACE_ATTEMPT, /* of the request behind the first, with a lane of its own, in which its phases lie */
    TRACE_QUEUED,
    TRACE_COMPUTE,
    TRACE_CALL,       /* the first part of computing: the execution's fixed cost */
    TRACE_PROMOTION,  /* what holds a message before it is sent: the phone's radio is not ready, */
    TRACE_TURN,       /* or it is, and the phone has to be granted its turn, */
    TRACE_CONNECTION, /* or a connection is set up */
    TRACE_SEND,
    TRACE_ROUTED, /* moments */
    TRACE_ESCALATED,
    TRACE_DONE, /* answered or failed */
} trace_what;

typedef enum trace_moment { TRACE_BEGINS, TRACE_ENDS, TRACE_HAPPENS } trace_moment;

/* Something of a traced request's life. */
struct trace_event {
    trace_what what;
    trace_moment moment;
    double start, now; /* start: of what ends; else now */
    const request *r;
    const attempt *attempt;     /* of it */
    int64_t number;             /* of the request as in requests.csv; negative in the warm-up */
    const trace_place *place;   /* where the request is; held, send: the sender's */
    const slice *plan;          /* compute */
    tier from, to;              /* held, send, routed, escalated */
    uint64_t bytes;             /* send */
    const trace_link *links[2]; /* send: crossed, NULL where none is */
    const char *undone;         /* "failed", "cancelled": what ends has come to nothing; else NULL */
};

/* A phone's radio begins or ends to be in a state other than idle, for a traced request: the one whose message it last
 * began or ended. */
struct trace_radio {
    trace_moment moment;
    radio_state state;
    double start, now; /* start: of what ends; else now */
    double joules;     /* ends: without those of bytes */
    const trace_place *place;
    uint32_t phone;
    int64_t number; /* of the request */
    bool first;     /* time that this radio is written */
};

/* A mean over the step from `start` to `end`; only written where it differs from the step before. */
struct trace_sample {
    counter counter;
    const trace_place *place; /* or NULL */
    const trace_link *link;
    double start, end, value;
};

struct trace {
    const scenario *s;
    const run_totals *totals;
    const trace_format *format;
    const char *label; /* of the policy */
    size_t place_count, link_count;
    trace_place *places; /* [place_count], the hosts in the order of places.h */
    trace_link *links;   /* [link_count], its links */
    slots *phone_cores;  /* [phone_count] */
    slots *server_cores; /* [site_count + region_count] */
    slots request_slots;
    struct traced_radio *radios; /* [phone_count]; NULL: none has states; owned */
    agenda agenda;
    /* the step that counters are summed over; the next one to be opened */
    double step_start, step_end;
    uint64_t next_step;
    bool counting; /* false behind the window */
    portolan_error error;
    trace_text text;
};

/* The host's number in its place (a phone's from the group's first; 0 for a server). */
static inline uint64_t trace_host(const trace_place *p, const request *r) {
    return p->at == TIER_PHONE ? r->record.phone - p->first_phone : 0;
}

/* ---- trace_counters.c ---- */

void gauge_add(gauge *g, const trace *t, double change, double now);

/* Closes the steps that end by `now`; at the end of the run, the last one too. */
void trace_pass_steps(trace *t, double now);
void trace_end_steps(trace *t, double now);

/* ---- trace_radio.c: each radio with states goes through them as messages begin and end ---- */

bool trace_open_radios(trace *t, portolan_error *err);

/* The attempt's message wants to leave; it has arrived, or is lost. Messages between servers are none of a radio's. */
void trace_radio_begins(trace *t, const attempt *a, double now);
void trace_radio_ends(trace *t, const attempt *a, double now);

/* The run is over: states that last end here. */
void trace_end_radios(trace *t, double now);

/* Whether the radio of the phone has been written. */
bool trace_radio_is_known(const trace *t, uint64_t of_phone);

/* ---- trace_names.c ---- */

/* "layers 1-3", "layer 4", or "router" where a phone computes v(x) to route by. Returns `into`. */
const char *trace_slice_title(char into[TRACE_NAME], const trace_event *e);

/* What follows from a slice: "route", "escalate" or "answer"; or why it is undone. */
const char *trace_decision(const trace_event *e);

/* "queued at edge", "computing layers 1-3 at phone", "send to cloud", "answer to phone", ...: what newcomers
 * read, in every format. */
void trace_title(char into[TRACE_NAME], const trace_event *e);

/* "answered", or "failed". */
static inline const char *trace_outcome(const request *r) { return r->record.failure ? "failed" : "answered"; }

#endif
