/* A request on its way, and the stations it queues at. Internal to sim/; needs nothing of SimGrid. */
#ifndef PORTOLAN_REQUEST_H
#define PORTOLAN_REQUEST_H

#include "sim.h"

typedef struct request request;

/* What a trace remembers of a request; trace.c's alone. */
typedef struct traced_request {
    bool on;             /* its life is written */
    uint32_t lane, core; /* lane of its life, and of its execution on the host */
    double since;        /* the present phase began */
} traced_request;

struct request {
    request *next; /* in a station's queue, or in the list of free ones */
    uint64_t number, key;
    double work; /* factor on its FLOP */
    random_stream random;
    tier at;              /* where it is, or is going */
    bool routed;          /* the policy has said where it goes first */
    uint32_t from;        /* layers whose hidden state has come along; 0: tokens only */
    double entered;      /* when it asked for a core where it is */
    tier sender;         /* of its present message, */
    uint64_t sent_bytes; /* and how long that is */
    uint32_t exit_count;
    exit_outcome exits[OUTCOME_MAX_EXITS];
    float *hidden;         /* hidden state after hidden_layer, [tokens][h], where a model is executed; owned, or NULL */
    uint32_t hidden_layer;
    double *probabilities; /* what `exits` of an executed model point to; owned, or NULL */
    traced_request traced;
    request_record record;
};

/* Starts a request's books: a zeroed record with what the arrival says. */
void request_open(request *r, const scenario *s, uint64_t number, const arrival *a);

/* The next slice: which exits are evaluated at r->at, and what the policy says of the last of them. */
typedef struct slice {
    uint32_t layers;    /* layers executed */
    uint32_t exits;     /* exits evaluated */
    double flops;
    verdict verdict;
} slice;

/* Frees what a request owns besides itself. */
void request_close(request *r);

/* FLOP that the phone needs before the policy can say where the request goes first: v(x), and what it is compared with. 0
 * for a policy that needs none. */
double request_router_flops(const request *r, const scenario *s, const policy_type *type, const void *policy);

/* Where a new request goes first. */
tier request_route(request *r, const scenario *s, const policy_type *type, void *policy, double now);

/* Asks the policy exit by exit, at r->at, until it answers or escalates; the outcomes are added to r->exits. The slice is
 * then to be executed as a whole. */
slice request_plan(request *r, const scenario *s, const policy_type *type, void *policy, double now);

/* Books `seconds` of computing `done` on a device at r->at. */
void request_book_slice(request *r, const scenario *s, const slice *done, const device *d, double seconds);

/* Books a transfer of `bytes` and moves the request: up to `to`, or (to == TIER_PHONE) the answer down. */
void request_book_transfer(request *r, const scenario *s, tier to, uint64_t bytes);

/* Bytes of the request on its way up, by what the policy sends. */
uint64_t request_payload(const request *r, const scenario *s, bool hidden);

/* The answer is the newest exit's. */
void request_answer(request *r);

/* ---- Stations: cores behind one first-in, first-out queue ---- */

typedef struct station {
    uint64_t cores, busy;
    uint64_t waiting, limit;
    request *first, *last;
} station;

typedef enum station_entry { ENTERED_CORE, ENTERED_QUEUE, REFUSED } station_entry;

/* A request asks for a core. */
station_entry station_enter(station *st, request *r, double now);

/* A core has finished: the next request that takes it over, or NULL, and the core is free. */
request *station_next(station *st, double now);

#endif
