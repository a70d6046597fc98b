/* What the engine's own files share. Internal to sim/engine/. */
#ifndef PORTOLAN_ENGINE_STATE_H
#define PORTOLAN_ENGINE_STATE_H

#include "engine.h"
#include "sim/disturbances/disturbance.h"
#include "sim/observers/observer.h"
#include "steering.h"

enum { ENGINE_MAX_LISTENERS = 16 }; /* and as many disturbances: the tables are short */

/* An observer at work. */
typedef struct listener {
    const observer_type *type;
    void *self;
} listener;

/* What makes requests arrive. Open loop: one timer, for the fleet's next arrival. Closed: one a phone, which thinks. */
typedef struct source source;

/* What a phone's messages meet at its radio. */
typedef struct phone_access phone_access;

struct engine {
    const scenario *s;
    world *world;
    steering policy;      /* owned */
    knowledge *known;     /* of load, for a policy that needs it; owned */
    place *places;        /* phones, then sites, then regions; owned */
    phone_access *access; /* [phones]; owned; NULL: no message is ever held */
    source *source;       /* owned */
    void (*answered)(engine *e,
                     uint32_t of_phone); /* the source wants to know of each request's end; NULL: it does not */
    listener listeners[ENGINE_MAX_LISTENERS];
    size_t listener_count;
    const listener *hearing[EVENT_KINDS][ENGINE_MAX_LISTENERS + 1]; /* who hears what, each up to a NULL */
    const disturbance *const *disturbances;
    void *disturbed[ENGINE_MAX_LISTENERS]; /* what each keeps */
    size_t disturbed_count;
    request *free_requests;
    service_shape shape;    /* of the model's layers */
    attempt *free_attempts; /* of those that are no request's first; linked by .sibling */
    uint64_t arrived, finished;
    uint64_t outside_table; /* executions by the formula although their device has a table */
    uint64_t expected;      /* requests in all, warm-up included; UINT64_MAX where the duration ends the run */
    bool source_done;       /* no more will arrive */
    bool over;              /* all is finished, or cannot go on */
    bool given_up;          /* by an observer, which says why when it is closed */
    double end;             /* simulated seconds at which it was over */
    portolan_error *err;
};

/* Tells the observers that hear such events. */
void engine_tell(engine *e, const event *what);

/* Memory is short: the run ends. */
void engine_out_of_memory(engine *e, size_t bytes);

/* Ends the run if there is nothing left to do. */
void engine_check_end(engine *e);

/* The index in engine.places of a tier's first place. */
size_t engine_first_place(const platform *p, tier at);

/* ---- source.c ---- */

bool source_open(engine *e);
void source_close(engine *e);

/* ---- access.c ---- */

/* Makes every phone's radio ready, if any is to have states. */
bool access_open(engine *e);

/* Tells the observers of what the radios do until all are idle. */
void access_end(engine *e);

/* A new request's random draws. */
void access_prepare(request *r);

/* A message of an attempt, from a->sender to a->place, wants to leave: when it can, which is `now` if nothing holds it. */
double access_begin(attempt *a, double now);

/* It has arrived or is lost. */
void access_leave(attempt *a, double now);

/* The state of a phone's radio, for its policy: 1 + its radio_state, or 0 where it has an ideal one. */
uint32_t access_radio(const engine *e, uint32_t of_phone, double now);

/* ---- course.c ---- */

/* A request arrives: from here to its end the course owns it. */
void course_begin(engine *e, const arrival *a);

#endif
