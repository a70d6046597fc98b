/* The books of one policy's run: what the engine leaves behind, and what the results are made from. Internal to sim/. */
#ifndef PORTOLAN_BOOKS_H
#define PORTOLAN_BOOKS_H

#include "sim/sim.h"

/* What the records do not hold: busy core-seconds by tier between the end of the warm-up and the end. */
typedef struct run_totals {
    double window_start, window_end; /* arrival of the first counted request (INFINITY before), last answer; seconds */
    double last_arrival;
    double busy_seconds[TIER_COUNT];
} run_totals;

/* What came to a place in some time. Work is in seconds of one core, or of a link's whole bandwidth. */
typedef struct load_tally {
    double work, squares;     /* sum over its pieces, and of their squares */
    double waits_since;       /* when the queue last stopped being empty */
    double refused_since;     /* the first refusal, if any */
    uint64_t pieces, refused; /* executions or messages; requests refused */
} load_tally;

/* A place's load; load.h keeps it. */
typedef struct place_load {
    double servers;            /* cores; 1 for a link */
    double byte_seconds;       /* of a link, for one byte */
    double busy;               /* core-seconds in the window; of a link, seconds of what was sent in it */
    uint64_t arrivals, failed; /* of counted requests; see places_load.csv */
    uint64_t waiting;          /* now: requests in the queue, messages under way */
    load_tally came, later;    /* in the window until known_arrival; since then */
    double known_arrival;
} place_load;

typedef struct run_books {
    request_record *records; /* [count], in the order of arrival, warm-up included; owned */
    uint64_t count;
    run_totals totals;
    place_load *places; /* [place_count()]; owned */
} run_books;

/* Frees what the books own and leaves them empty. */
void run_books_free(run_books *books);

/* Computes a summary from the counted records (those after the warm-up). */
bool summarize(const scenario *s, const run_books *books, policy_summary *summary, portolan_error *err);

#endif
