/* The books of one policy's run: what the engine leaves behind, and what the results are made from. Internal to sim/. */
#ifndef PORTOLAN_BOOKS_H
#define PORTOLAN_BOOKS_H

#include "sim.h"

/* What the records do not hold: busy core-seconds by tier between the end of the warm-up and the end. */
typedef struct run_totals {
    double window_start, window_end; /* arrival of the first counted request, last answer; seconds */
    double busy_seconds[TIER_COUNT];
} run_totals;

/* What one place carried in the same time. */
typedef struct place_load {
    double busy; /* core-seconds */
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
