/* Observers: what happens in a run, and who keeps it. The engine tells what it does, event by event and in the order of
 * simulated time; books, progress and traces follow from that and nothing else, and change nothing. An observer is one
 * file of sim/observers/ (or beside it) and a line in the table of sim/engine/tables.c. Internal to sim/. */
#ifndef PORTOLAN_OBSERVER_H
#define PORTOLAN_OBSERVER_H

#include "sim/engine/engine.h"

typedef enum event_kind {
    EVENT_ASKED,     /* a request arrives at its phone, and its first attempt begins */
    EVENT_TRIED,     /* another one of its attempts begins there */
    EVENT_ROUTED,    /* the policy has said where it goes first: `to` */
    EVENT_ENTERED,   /* an attempt got a core at once */
    EVENT_QUEUED,    /* it begins to wait for a core */
    EVENT_DEQUEUED,  /* and has one */
    EVENT_REFUSED,   /* the queue is full, or the place is down */
    EVENT_COMPUTING, /* attempt.slice begins */
    EVENT_COMPUTED,  /* and has ended, at attempt.since it began; the request's books hold it */
    EVENT_HELD,      /* a message cannot go yet: the phone's radio sleeps */
    EVENT_SENDING,   /* attempt.sent bytes leave attempt.sender for attempt.place */
    EVENT_ARRIVED,   /* they are there */
    EVENT_LOST,      /* what the attempt was doing, computing or sending, has failed */
    EVENT_CANCELLED, /* another attempt was answered first: this one, and what it was doing, has ended */
    EVENT_FAILED,    /* it has ended, for attempt.failure; the request fails too, unless another attempt is under way */
    EVENT_DONE,      /* the request is answered, by this attempt, or failed; its record is complete but for what its
                        radio is still to cost */
    EVENT_RADIO, /* a phone's radio was in a state: `radio`; told when a message begins or ends, and of no attempt */
    EVENT_KINDS
} event_kind;

/* What a phone's radio did since the last time, and for which request: the one whose message it last began or ended. */
typedef struct radio_use {
    uint32_t phone;
    uint64_t request;
    const radio_span *spans; /* [count] */
    size_t count;
} radio_use;

typedef struct event {
    event_kind kind;
    double now;
    attempt *attempt;       /* NULL: EVENT_RADIO */
    tier to;                /* EVENT_ROUTED, EVENT_TRIED */
    const radio_use *radio; /* EVENT_RADIO */
} event;

enum {
    OBSERVE_ALL = (1 << EVENT_KINDS) - 1,
    OBSERVE_ATTEMPTS = OBSERVE_ALL & ~(1 << EVENT_RADIO),
};

struct observer_type {
    const char *name;
    unsigned hears; /* 1 << event_kind, or-ed */
    /* Sets `*self`; NULL: this run has nothing for it, and it hears nothing. */
    bool (*open)(void **self, const observed_run *run, portolan_error *err);
    /* False: it cannot go on, and the run had better stop; `close` will say why. */
    bool (*on)(void *self, const event *e);
    /* The run is over; `ok` is false if it failed. Frees `self`. False: what it kept is lost. */
    bool (*close)(void *self, bool ok, portolan_error *err);
    const trace_format *trace; /* what it writes, where the scenario asks for a trace in that format; NULL: no trace */
};

extern const observer_type RECORDS_OBSERVER; /* without which there are no results */

#endif
