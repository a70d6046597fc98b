/* What is due at later simulated times, in the order of time. Internal to sim/. */
#ifndef PORTOLAN_AGENDA_H
#define PORTOLAN_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct agenda_item {
    double at;
    void (*act)(void *self, void *about, double at);
    void *about;
    uint64_t order; /* the agenda's: of the same time, the first added comes first */
} agenda_item;

/* A zeroed one is empty. */
typedef struct agenda {
    agenda_item *items; /* [count] of [room], a heap: none is due before its parent, items[(i - 1) / 2]; owned */
    size_t count, room;
    uint64_t added;
} agenda;

/* False if memory is short. */
bool agenda_add(agenda *a, agenda_item item, portolan_error *err);

/* Takes out the item that is due first, if it is due by `until`. */
bool agenda_take(agenda *a, double until, agenda_item *into);

void agenda_free(agenda *a);

#endif
