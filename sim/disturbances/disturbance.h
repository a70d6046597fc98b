/* Disturbances: what happens to the world whatever is asked of it: places that fail, links that change. One is a file of
 * sim/disturbances/ and a line in the table of sim/engine/tables.c. Internal to sim/. */
#ifndef PORTOLAN_DISTURBANCE_H
#define PORTOLAN_DISTURBANCE_H

#include "sim/engine/engine.h"

struct disturbance {
    const char *name;
    /* Before the run: sets `*self` and its first timers (engine_timer). */
    bool (*start)(void **self, engine *e, portolan_error *err);
    /* After it. Frees `self`. */
    void (*stop)(void *self);
};

#endif
