/* A request: what is asked, what is known of it, and the attempts to have it answered. Internal to sim/; needs nothing of
 * SimGrid. */
#ifndef PORTOLAN_REQUEST_H
#define PORTOLAN_REQUEST_H

#include "platforms/service.h"
#include "sim/sim.h"
#include "world.h"

typedef struct request request;
typedef struct attempt attempt;
typedef struct place place; /* sim/engine/place.h */

/* What a trace remembers of an attempt; trace.c's alone. */
typedef struct traced_attempt {
    uint32_t lane, core; /* lane of its life, and of its execution on the host */
    double since;        /* the present phase began */
    bool held;           /* its message is; */
    int inner;           /* what holds a message, or the call within computing; trace_what, 0: none */
    double inner_since;  /* it began, */
    double due;          /* and ends by itself */
} traced_attempt;

/* The next slice: which exits are evaluated where the request is, and what the policy says of the last of them. */
typedef struct slice {
    service_work work; /* without layers where a phone computes v(x) to route by */
    uint32_t exits;    /* evaluated */
    verdict verdict;
} slice;

/* How busy a place was. */
typedef struct load_report {
    double at;  /* simulated seconds */
    float wait; /* seconds that one more would wait for a core, as the place reckons */
    uint32_t waiting, busy, cores;
} load_report;

/* What holds a message before it travels, one after the other: seconds. */
typedef struct holdings {
    double promotion; /* the radio is not ready */
    double turn;      /* it is, and the phone waits to be granted its turn */
    double connection;
} holdings;

typedef enum attempt_state {
    ATTEMPT_WAITS,
    ATTEMPT_COMPUTES,
    ATTEMPT_STAYS, /* it has been computed, and keeps the core for its next slice, which begins in the same instant */
    ATTEMPT_HELD,
    ATTEMPT_TRAVELS,
} attempt_state;

/* A request on its way over places, and what it has learnt there. It does one thing at a time, and its owner changes with
 * what it does: a place's queue while it waits, a core of that place while it computes, the message that carries it while
 * that is held (for the phone's radio) and travels. */
struct attempt {
    subject base; /* hears how `doing` ended */
    request *request;
    attempt *sibling;         /* the next of the request's attempts under way */
    uint32_t number;          /* of the request's attempts, from 0 */
    attempt *next, *previous; /* in a place's queue, the discipline's; or computed together */
    place *place;             /* where it is, or is going */
    attempt_state state;
    failure failure; /* of one that is refused, and carries that home, or has failed */
    activity *doing; /* NULL while it waits */
    double began;
    double entered;              /* when it asked for a core where it is */
    double since;                /* when `doing` began */
    slice slice;                 /* computed now, or last */
    double part;                 /* of the core's time: 1, unless others are computed with it */
    double own_seconds, settled; /* of the core's time in this slice, until when */
    place *sender;               /* of its present or last message, */
    uint64_t sent;               /* and how many bytes that is, */
    holdings held;               /* and what holds it, where anything can */
    double left;                 /* when it left its phone, */
    double stayed;               /* and seconds that it has spent at servers since */
    load_report told;            /* what its answer says of the load of the server that sends it */
    bool routed;                 /* the policy has said where it goes first */
    uint32_t from;               /* layers whose hidden state has come along; 0: tokens only */
    float *hidden; /* hidden state after hidden_layer, [tokens][h], where a model is executed; owned, or NULL */
    uint32_t hidden_layer;
    double *probabilities; /* what `exits` of an executed model point to; owned, or NULL */
    uint32_t exit_count;
    exit_outcome exits[OUTCOME_MAX_EXITS];
    traced_attempt traced;
};

/* What is asked. It owns its attempts: the first, and whatever is started behind it (a retry, a hedge, a fallback). It is
 * answered with the first of them that is, and fails with the last one that does. */
struct request {
    request *next; /* in the list of free ones */
    struct engine *engine;
    uint64_t number, key;
    double work; /* factor on its FLOP */
    random_stream random;
    random_stream access; /* what its messages meet at the phone's radio; open if there is any to meet */
    uint64_t note;        /* the policy's */
    bool traced;          /* its life is written; trace.c's alone */
    request_record record;
    attempt *attempts; /* those under way, the newest first */
    uint32_t tried;    /* attempts so far */
    attempt first;
};

/* Starts a request's books: a zeroed record with what the arrival says. */
void request_open(request *r, const scenario *s, uint64_t number, const arrival *a);

/* Starts an attempt of it at a place; it knows nothing yet. */
void attempt_open(attempt *a, request *of, place *at, double now);

/* The attempt is over: its request owns it no more. */
void attempt_end(attempt *a, double now);

/* Frees what an attempt owns. */
void attempt_close(attempt *a);

/* Books `seconds` of computing `done` at a place, of which `own` are of the core's time that is paid: less, where others
 * were computed on it at once. */
void request_book_slice(request *r, const place *at, const scenario *s, const slice *done, double seconds, double own);

/* Books a transfer of `bytes`: up from `from` to `to`, or (to == TIER_PHONE) the answer down. */
void request_book_transfer(request *r, const scenario *s, tier from, tier to, uint64_t bytes);

/* Bytes of the request on its way up, by what the policy sends. */
uint64_t request_payload(const request *r, const scenario *s, bool hidden);

/* The answer is the attempt's newest exit's. */
void request_answer(request *r, const attempt *by);

#endif
