/* Progress of long work on standard error: a bar that redraws itself on a terminal, else a line now and then. */
#ifndef PORTOLAN_PROGRESS_H
#define PORTOLAN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    bool quiet, terminal;
    double started, shown; /* seconds of the wall clock */
    bool drawn;
} progress;

/* Seconds of a clock that only goes forward. */
double wall_clock(void);

progress progress_start(bool quiet);

/* `done` of `total` (0: unknown) `things`. Draws when it is time to. */
void progress_show(progress *p, const char *things, uint64_t done, uint64_t total);

/* Takes the bar off the screen. */
void progress_end(progress *p);

#endif
