/* The simulation of one policy in one process. engine.c sets SimGrid up and keeps the books of the run, actors.c is what
 * happens in simulated time. Internal to sim/. */
#ifndef PORTOLAN_ENGINE_H
#define PORTOLAN_ENGINE_H

#include <simgrid/forward.h>

#include "platforms/simgrid_world.h"
#include "request.h"
#include "trace.h"

typedef struct worker worker;

/* Parked workers of one place. */
typedef struct worker_pool {
    worker *parked;
} worker_pool;

/* A place where requests are computed: an edge site's server or a cloud region's. (Phones have none: their station is
 * enough, and they share one pool.) */
typedef struct server {
    station station;
    const device *device;
    sg_host_t host; /* where executions run */
} server;

/* Everything one policy's run needs. */
typedef struct engine {
    const scenario *s;
    const simgrid_world *world;
    const policy_type *type;
    void *policy; /* its options and state */
    trace *trace; /* or NULL */
    station *phones;  /* [platform.phone_count] */
    server *edges;    /* [platform.site_count] */
    server *clouds;   /* [platform.region_count] */
    worker_pool phone_pool;
    worker_pool *edge_pools, *ingress_pools; /* [platform.site_count] */
    worker *workers; /* all of them, the newest first */
    uint64_t workers_made;
    request *free_requests;
    run_books books;
    uint64_t record_room; /* of books.records, by request number */
    uint64_t arrived, finished;
    uint64_t expected; /* requests in all, warm-up included; UINT64_MAX where the duration ends the run */
    sg_actor_t source;   /* open loop: the actor that makes requests arrive */
    bool source_waits;   /* it has made all, and is to be woken when the last is finished */
    uint64_t asking;     /* actors that still make requests: the source, or drivers */
    bool stopping;       /* all actors are being killed, on purpose */
    sg_actor_t *drivers; /* closed loop: [phone_count] the actor of each phone; else NULL */
    policy_result *result; /* progress goes here */
    portolan_error *err;
} engine;

/* Initialises SimGrid and builds the scenario's platform in it. Once a process; children forked later inherit it. */
bool engine_set_up(const scenario *s, simgrid_world *world, portolan_error *err);

/* Runs policy `index` of the scenario to its end. `shares`: tier shares of the policy it follows, or NULL;
 * `story`: where what happens is told, or NULL. On failure the books are left empty. */
bool engine_run(const scenario *s, const simgrid_world *world, size_t index, const double *shares, trace *story,
                policy_result *result, run_books *books, portolan_error *err);

/* ---- Called by the actors ---- */

/* A new request at its phone; NULL if memory is short. */
request *engine_open_request(engine *e, const arrival *a);

/* Its end, answered or failed: keeps the record, recycles the request, wakes who waits for it. */
void engine_close_request(engine *e, request *r);

/* Ends the simulation now; the error says why, or the trace does. */
void engine_stop(engine *e);

/* Starts the actors: the source of arrivals, or one driver a phone for closed loops. */
bool actors_start(engine *e);

/* Frees what the actors had, once the simulation is over. */
void actors_free(engine *e);

#endif
