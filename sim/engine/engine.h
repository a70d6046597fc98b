/* The simulation of one policy in one process, as a state machine over places.
 *
 * A request arrives at its phone (source.c) and owns attempts, which go from place to place (course.c): each waits, is
 * computed, travels. What it does is one activity of the world (world.h), whose end is its next step. Who waits where is
 * the disciplines' business, what else happens to the world the disturbances', what is kept of all this the observers':
 * three tables, which the engine is given.
 *
 * The neighbours of sim/engine include this header alone; the parts that they share come with it. Internal to sim/. */
#ifndef PORTOLAN_ENGINE_H
#define PORTOLAN_ENGINE_H

#include "books.h"
#include "outcome_source.h"
#include "place.h"
#include "places.h"
#include "processes.h"
#include "radio.h"
#include "replay.h"
#include "request.h"
#include "world.h"

typedef struct engine engine;
typedef struct disturbance disturbance;     /* sim/disturbances/disturbance.h */
typedef struct observer_type observer_type; /* sim/observers/observer.h */

/* The run that is observed. */
typedef struct observed_run {
    const scenario *s;
    size_t policy;               /* index in the scenario */
    const result_folder *folder; /* where files may be left; NULL: nowhere */
    policy_result *result;       /* shared with whoever waits for the run */
    run_books *books;            /* what is left of it */
} observed_run;

/* Each ends with NULL. */
typedef struct engine_tables {
    const discipline *const *disciplines; /* the first serves at every place */
    const disturbance *const *disturbances;
    const observer_type *const *observers;
} engine_tables;

extern const engine_tables ENGINE_TABLES;

/* Runs the policy to its end. `shares`: tier shares of the policy it follows, or NULL. On failure the books are left
 * empty. */
bool engine_run(const observed_run *run, world *w, const double *shares, const engine_tables *tables,
                portolan_error *err);

typedef struct knowledge knowledge; /* knowledge.h */

/* ---- Requests ---- */

/* Starts another attempt of a request under way, from its phone to a tier, which the policy is not asked for: a retry, a
 * hedge, a fallback. The request ends with the first of its attempts that is answered, and the others are cancelled; it
 * fails if the last one does. Waits, computing, energy, bytes and cost of all of them add up in its record. May be called
 * whenever something is told of the request, at the latest with EVENT_FAILED of its last attempt; not with EVENT_CANCELLED,
 * nor EVENT_DONE. False if memory is short, which ends the run. */
bool engine_try_again(engine *e, request *r, tier to);

/* ---- For disturbances, and for messages that are no request's ---- */

const scenario *engine_scenario(const engine *e);

/* The place of a phone, a site or a region, by its index in the platform. */
place *engine_place(engine *e, tier at, uint32_t index);

/* The place that serves a phone's requests at a tier. */
place *engine_place_for(engine *e, uint32_t of_phone, tier at);

/* Takes a place down or brings it back. What waits or is computed there is lost, and so is what arrives while it is down;
 * what has left it is not. */
void engine_place_set_up(engine *e, place *which, bool up);

/* From now on a place computes at this pace, a factor above 0 on its speed; what is under way there ends accordingly. */
void engine_place_pace(engine *e, place *which, double pace);

/* From now on a link has this bandwidth (bytes a second, above 0) and latency; its name is that of world_link_set. False if
 * there is no such link. */
bool engine_link_set(engine *e, const char *name, double bytes_per_second, double latency);

/* `about` hears WORLD_TIMER at the simulated time `at`, unless the run is over by then. NULL if memory is short, which ends
 * the run. */
activity *engine_timer(engine *e, double at, subject *about);

/* Sends a message between two places that serve a phone: `about` hears WORLD_ARRIVED, also if the receiver is down by then,
 * or WORLD_LOST. NULL if memory is short, which ends the run. */
activity *engine_send(engine *e, uint32_t of_phone, place *const way[2], uint64_t bytes, subject *about);

/* Ends a timer, or a message under way, without a word. NULL is fine. */
void engine_cancel(engine *e, activity *a);

#endif
