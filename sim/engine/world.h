/* The one door to SimGrid. The engine starts activities here (an execution, a transfer, a timer); each ends in exactly
 * one event, of which its subject is told: what fails is lost, never silent. Behind the door there are no actors:
 * activities are started, and their ends are told, on one stack, which is as large as the process's own.
 *
 *   world_open, once a process -> (fork) -> start some activity -> world_run, which returns when nothing is left to end
 *
 * No exception of SimGrid's passes the door. */
#ifndef PORTOLAN_ENGINE_WORLD_H
#define PORTOLAN_ENGINE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct platform;
struct portolan_error;

typedef struct world world;
typedef struct door door;         /* where messages leave and arrive; owned by the world */
typedef struct activity activity; /* under way; gone when its event is told, or with world_cancel */

/* What computes: cores, each of which has one execution at a time. */
typedef struct processor {
    double pace;       /* factor on the speed of its cores, above 0; see world_pace */
    activity *running; /* the world's */
} processor;

/* How an activity can end. */
typedef enum world_event { WORLD_COMPUTED, WORLD_ARRIVED, WORLD_LOST, WORLD_TIMER } world_event;

/* Whom an activity is about: the first member of whatever is told of its end. */
typedef struct subject subject;
struct subject {
    void (*on)(subject *self, world_event how, double now);
};

/* Starts SimGrid and builds the platform in it. Once a process; children forked later inherit it. NULL on failure. */
world *world_open(const struct platform *p, struct portolan_error *err);

/* From here on, memory that runs out in SimGrid ends the process with status 1. The reason goes to *err, in memory that
 * outlives the process; with NULL, to standard error. */
void world_memory_guard(struct portolan_error *err);

/* Frees what is the door's; SimGrid keeps its hosts until the process ends. NULL is fine. */
void world_free(world *w);

/* ---- Doors, by the index of their phone or site in the platform ---- */

door *world_phone_door(const world *w, uint64_t index); /* its cell's */
door *world_edge_door(const world *w, uint64_t index);
door *world_cloud_door(const world *w, uint64_t index); /* of whatever region, for the phones of that site */

/* ---- Activities: each call returns NULL if memory is short, and then nobody is told of anything ---- */

/* Keeps a core that is free busy for so many seconds at pace 1: ends COMPUTED, or LOST by world_fail. */
activity *world_compute(world *w, processor *on, double seconds, subject *about);

/* Sends `bytes`: ends ARRIVED, or LOST if a link on the way fails. */
activity *world_send(world *w, door *from, door *to, uint64_t bytes, subject *about);

/* Ends TIMER at the simulated time `at`, or now if that is past. */
activity *world_timer(world *w, double at, subject *about);

/* From now on another is told of its end. */
void world_retell(activity *a, subject *about);

/* Ends an activity without an event. NULL is fine. */
void world_cancel(world *w, activity *a);

/* All that is executed there ends LOST, now. False if memory is short. */
bool world_fail(world *w, processor *which);

/* ---- Changes ---- */

/* From now on the processor's cores go at this pace, above 0; what is executed there ends accordingly. False if memory is
 * short. */
bool world_pace(world *w, processor *which, double pace);

/* From now on a link has this bandwidth, above 0, and latency; messages under way go on at what is theirs of it. Links are
 * called "cell:NAME:up", "cell:NAME:down", "uplink:SITE:up", "uplink:SITE:down"; both ways of a half-duplex cell are "up".
 * False if there is no such link, or memory is short. */
bool world_link_set(world *w, const char *name, double bytes_per_second, double latency);

/* ---- Running ---- */

/* Runs until no activity is left, or none that is told of. Once a process. */
bool world_run(world *w, struct portolan_error *err);

/* From now on nobody is told of anything, so that world_run soon returns. */
void world_stop(world *w);

/* Simulated seconds. */
double world_now(void);

/* SimGrid's version. */
void world_version(int *major, int *minor, int *patch);

#ifdef __cplusplus
}
#endif

#endif
