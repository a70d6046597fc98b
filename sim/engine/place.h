/* Where requests are computed: a phone, an edge site's servers, a cloud region; all alike. A place has cores, and a queue
 * with a bound before them. Needs nothing of SimGrid. Internal to sim/. */
#ifndef PORTOLAN_ENGINE_PLACE_H
#define PORTOLAN_ENGINE_PLACE_H

#include "request.h"
#include "world.h"

typedef struct discipline discipline; /* sim/disciplines/discipline.h */

struct place {
    const device *device;
    const discipline *discipline;
    processor computes;
    double speed;               /* FLOP/s of a core */
    const service_shape *shape; /* of what is computed there */
    tier at;
    uint32_t index; /* in the platform's phones, sites or regions */
    bool down;
    uint64_t cores, busy;
    uint64_t served;       /* executions that have ended, */
    double served_seconds; /* and what they took together */
    uint64_t waiting, limit;
    attempt *first, *last; /* those that wait; the discipline's */
};

typedef enum place_entry { ENTERED_CORE, ENTERED_QUEUE, REFUSED } place_entry;

/* Seconds that a core of the place needs for what is executed at once: the one formula of service time
 * (platforms/service.h). */
double place_seconds(const place *here, const service_work *done);

/* Whether they are the formula's although its device has a table. */
bool place_outside_table(const place *here, const service_work *done);

/* An attempt asks for a core. */
place_entry place_enter(place *here, attempt *a, double now);

/* A core has finished: the next attempts that take it over together, linked, or NULL, and the core is free. */
attempt *place_next(place *here, double now);

/* One that waits leaves the queue without a core. */
void place_leave(place *here, attempt *a, double now);

#endif
