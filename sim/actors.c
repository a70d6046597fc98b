/* What happens in simulated time.
 *
 * A worker is an actor that takes one request through one stretch of its way: receive it, compute a slice, send it on.
 * In between, requests wait in stations, not on stacks. Workers are parked (suspended) when idle and woken with a new
 * task, so there are as many as transfers and executions under way, whatever the number of phones: actors are what costs
 * memory in SimGrid, requests cost little.
 *
 *   source --route--> phone: station -> compute -> answered | send up
 *                     edge, cloud: receive -> station -> compute -> send down | send up
 *                     phone: receive the answer
 *
 * A transfer needs two workers, one at each end: the sender wakes the receiver and hands it the request. A phone's idle
 * workers are shared by all phones and moved to where they are needed; those of servers stay at their server. */
#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/exec.h>
#include <simgrid/mailbox.h>
#include <stdlib.h>

#include "answers.h"
#include "engine.h"
#include "load.h"

/* Stacks. A worker that executes a model, and the source, whose oracles may, run OpenBLAS on theirs. */
#ifdef PORTOLAN_SANITIZE
enum { WORKER_STACK_KIB = 512, MODEL_STACK_KIB = 1024 };
#else
enum { WORKER_STACK_KIB = 16, MODEL_STACK_KIB = 128 };
#endif

typedef enum task { TASK_COMPUTE, TASK_SEND, TASK_RECEIVE } task;

struct worker {
    engine *e;
    worker *next;  /* parked behind it */
    worker *older; /* made before it */
    worker_pool *pool;
    sg_actor_t actor;
    sg_host_t host;
    sg_mailbox_t mailbox;
    task task;
    request *r;
    verdict verdict; /* TASK_SEND: where to, and what */
};

/* ---- Places ---- */

static const cell *cell_of(const engine *e, const request *r) {
    const platform *p = &e->s->platform;
    return &p->cells[p->phones[r->record.phone].cell];
}

static uint32_t site_of(const engine *e, const request *r) { return cell_of(e, r)->site; }

static server *server_of(engine *e, const request *r, tier at) {
    uint32_t site_index = site_of(e, r);
    return at == TIER_EDGE ? &e->edges[site_index] : &e->clouds[e->s->platform.sites[site_index].region];
}

static station *station_of(engine *e, const request *r, tier at) {
    return at == TIER_PHONE ? &e->phones[r->record.phone] : &server_of(e, r, at)->station;
}

/* The host at which messages for a tier arrive: the cloud is reached at the ingress of the phone's site. */
static sg_host_t door_of(const engine *e, const request *r, tier at) {
    if (at == TIER_PHONE) return e->world->phones[r->record.phone];
    return at == TIER_EDGE ? e->world->edges[site_of(e, r)] : e->world->ingresses[site_of(e, r)];
}

static worker_pool *pool_of(engine *e, const request *r, tier at) {
    if (at == TIER_PHONE) return &e->phone_pool;
    return at == TIER_EDGE ? &e->edge_pools[site_of(e, r)] : &e->ingress_pools[site_of(e, r)];
}

/* ---- Workers ---- */

static void worker_main(int argc, char *argv[]);

/* An actor that is killed while requests are still to come or under way takes what it holds with it: its host has failed,
 * and the run is lost. (Workers are daemons, which SimGrid kills at the end.) */
static void note_death(int killed, void *of) {
    engine *e = of;
    if (killed && e->asking > 0 && !e->stopping && !e->err->status)
        error_run(e->err, "a host failed at %.9g s with actors on it, and requests are lost; only clouds may fail",
                  simgrid_get_clock());
}

static worker *make_worker(engine *e, worker_pool *pool, sg_host_t host) {
    worker *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    char name[32];
    snprintf(name, sizeof name, "w%llu", (unsigned long long)e->workers_made++);
    *w = (worker){.e = e, .older = e->workers, .pool = pool, .host = host, .mailbox = sg_mailbox_by_name(name)};
    e->workers = w;
    w->actor = sg_actor_init(name, host);
    sg_actor_set_stacksize(w->actor, e->s->answers ? MODEL_STACK_KIB : WORKER_STACK_KIB);
    sg_actor_set_data(w->actor, w);
    return w;
}

/* Gives a task at tier `at` to an idle worker, or to a new one. Returns it, so that a sender knows its mailbox. */
static worker *give_task(engine *e, request *r, tier at, task what, const verdict *v) {
    if (e->err->status) { /* workers are dead: the parked ones must not be touched */
        engine_stop(e);
        return NULL;
    }
    worker_pool *pool = pool_of(e, r, at);
    sg_host_t host = door_of(e, r, at);
    worker *w = pool->parked;
    bool is_new = !w;
    if (is_new)
        w = make_worker(e, pool, host);
    else
        pool->parked = w->next;
    if (!w) {
        error_memory(e->err, sizeof *w);
        engine_stop(e);
        return NULL;
    }
    w->task = what;
    w->r = r;
    if (v) w->verdict = *v;
    if (is_new) {
        sg_actor_start(w->actor, worker_main, 0, NULL);
        sg_actor_daemonize(w->actor);
        return w;
    }
    if (w->host != host) {
        sg_actor_set_host(w->actor, host);
        w->host = host;
    }
    sg_actor_resume(w->actor);
    return w;
}

static void park(worker *w) {
    w->r = NULL;
    w->next = w->pool->parked;
    w->pool->parked = w;
    sg_actor_suspend(w->actor);
}

/* ---- The stretches of a request's way ---- */

/* The rate that the phone's own radio allows, or 0 for no bound of its own. */
static double radio_rate(const engine *e, const request *r, tier from, tier to) {
    const platform *p = &e->s->platform;
    const phone_group *g = &p->groups[p->phones[r->record.phone].group];
    return from == TIER_PHONE ? g->up : to == TIER_PHONE ? g->down : 0;
}

/* Sends the request, or its answer, to tier `to`, and returns when it has arrived; its receiver goes on with it. */
static void send_to(worker *w, request *r, tier to, uint64_t bytes) {
    engine *e = w->e;
    double rate = radio_rate(e, r, r->at, to);
    trace_send(e->trace, r, to, bytes, simgrid_get_clock());
    r->sender = r->at;
    r->sent_bytes = bytes;
    request_book_transfer(r, e->s, to, bytes);
    load_send(&e->books, e->s, r, simgrid_get_clock());
    worker *receiver = give_task(e, r, to, TASK_RECEIVE, NULL);
    if (!receiver) return;
    sg_comm_t transfer = sg_mailbox_put_init(receiver->mailbox, r, (long)bytes);
    if (rate > 0) simgrid_limit_rate(transfer, rate);
    sg_comm_wait(transfer); /* a failure is seen by the receiver, which owns the request by now */
}

static void send_answer(worker *w, request *r) {
    if (r->at == TIER_PHONE)
        engine_close_request(w->e, r);
    else
        send_to(w, r, TIER_PHONE, w->e->s->payload.answer);
}

static void send_up(worker *w, request *r, const verdict *v) {
    uint64_t bytes = request_payload(r, w->e->s, v->hidden);
    answer_cut(r, w->e->s, v->hidden);
    send_to(w, r, v->to, bytes);
}

static const device *device_of(engine *e, const request *r) {
    const platform *p = &e->s->platform;
    return r->at == TIER_PHONE ? &p->groups[p->phones[r->record.phone].group].hardware : server_of(e, r, r->at)->device;
}

/* Asks the policy where the request goes first. */
static tier route(engine *e, request *r, double now) {
    tier to = request_route(r, e->s, e->type, e->policy, now);
    trace_route(e->trace, r, to, now);
    return to;
}

/* Spends the time of a slice on a core that the request holds. False if the server failed: what it spent until then is
 * booked, the layers are not. */
static bool spend(worker *w, request *r, const slice *work) {
    engine *e = w->e;
    double start = simgrid_get_clock();
    sg_exec_t execution = sg_actor_exec_init(work->flops);
    trace_compute(e->trace, r, work, start);
    sg_exec_set_host(execution, r->at == TIER_PHONE ? e->world->phones[r->record.phone] : server_of(e, r, r->at)->host);
    bool done = sg_exec_wait(execution) == SG_OK;
    double end = simgrid_get_clock();
    trace_computed(e->trace, r, work, done, end);
    request_book_slice(r, e->s, done ? work : &(slice){0}, device_of(e, r), end - start);
    load_compute(&e->books, e->s, r, start, end);
    return done;
}

/* A phone computes v(x) and asks the router. */
static bool route_by_representation(worker *w, request *r, tier *to) {
    engine *e = w->e;
    slice routing = {.flops = request_router_flops(r, e->s, e->type, e->policy)};
    if (!spend(w, r, &routing)) return false;
    *to = route(e, r, simgrid_get_clock());
    return true;
}

/* Executes the request's next slice on a core that it holds. False if that failed. */
static bool execute(worker *w, request *r, verdict *next) {
    engine *e = w->e;
    tier to = r->at;
    if (!r->routed && !route_by_representation(w, r, &to)) return false;
    *next = (verdict){VERDICT_ESCALATE, to, false};
    if (to != r->at) return true;
    slice plan = request_plan(r, e->s, e->type, e->policy, simgrid_get_clock());
    *next = plan.verdict;
    return spend(w, r, &plan);
}

/* The request asks the station where it is for a core. */
static station_entry enter(engine *e, request *r, double now) {
    station_entry entry = station_enter(station_of(e, r, r->at), r, now);
    load_enter(&e->books, e->s, r, entry, now);
    if (entry != REFUSED) trace_queue(e->trace, r, now);
    if (entry == ENTERED_CORE) trace_dequeue(e->trace, r, now); /* it has waited, for no time */
    return entry;
}

/* A core of the station is free: the request that takes it over, or NULL. */
static request *next_in_queue(engine *e, station *st) {
    double now = simgrid_get_clock();
    request *r = station_next(st, now);
    if (!r) return NULL;
    load_dequeue(&e->books, e->s, r);
    trace_dequeue(e->trace, r, now);
    return r;
}

/* Its server has failed, and can send no answer. */
static void fail_at_server(engine *e, request *r) {
    r->record.failure = FAILURE_SERVER;
    load_fail(&e->books, e->s, r);
    engine_close_request(e, r);
}

/* Computes requests at a station, beginning with `r`, which holds a core, until the core is free or passed on. */
static void compute(worker *w, request *r) {
    engine *e = w->e;
    station *st = station_of(e, r, r->at);
    while (r) {
        verdict v = {0};
        bool done = execute(w, r, &v), answered = done && v.kind == VERDICT_ANSWER;
        if (answered) request_answer(r);
        request *next = next_in_queue(e, st);
        bool ends_here = !done || (answered && r->at == TIER_PHONE);
        if (next && !ends_here) {
            give_task(e, next, next->at, TASK_COMPUTE, NULL); /* this worker will be busy sending */
            next = NULL;
        }
        if (!done)
            fail_at_server(e, r);
        else if (answered)
            send_answer(w, r);
        else
            send_up(w, r, &v);
        r = next;
    }
}

/* The request is at its station's door. */
static void enter_station(worker *w, request *r) {
    switch (enter(w->e, r, simgrid_get_clock())) {
    case ENTERED_CORE: compute(w, r); break;
    case ENTERED_QUEUE: break;
    case REFUSED:
        r->record.failure = FAILURE_QUEUE_FULL;
        send_answer(w, r); /* a refusal is a message like any answer */
        break;
    }
}

static void receive(worker *w) {
    void *message = NULL;
    request *r = w->r;
    bool arrived = sg_comm_wait(sg_mailbox_get_async(w->mailbox, &message)) == SG_OK;
    load_sent(&w->e->books, w->e->s, r, arrived);
    trace_sent(w->e->trace, r, arrived, simgrid_get_clock());
    if (!arrived) {
        r->record.failure = FAILURE_NETWORK;
        engine_close_request(w->e, r);
    } else if (r->at == TIER_PHONE) {
        engine_close_request(w->e, r);
    } else {
        enter_station(w, r);
    }
}

static void worker_main(int argc, char *argv[]) {
    (void)argc, (void)argv;
    worker *w = sg_actor_self_get_data();
    sg_actor_on_exit(note_death, w->e);
    for (;;) {
        switch (w->task) {
        case TASK_COMPUTE: compute(w, w->r); break;
        case TASK_SEND: send_up(w, w->r, &w->verdict); break;
        case TASK_RECEIVE: receive(w); break;
        }
        park(w);
    }
}

/* ---- Arrivals ---- */

/* A request arrives at its phone: routed at once, then queued there or sent off; or, where routing takes computing, queued
 * first. */
static void arrive(engine *e, const arrival *a) {
    request *r = engine_open_request(e, a);
    if (!r) {
        engine_stop(e);
        return;
    }
    tier to = e->type->router ? TIER_PHONE : route(e, r, a->time);
    if (to != TIER_PHONE) {
        verdict v = {VERDICT_ESCALATE, to, false};
        give_task(e, r, TIER_PHONE, TASK_SEND, &v);
    } else if (enter(e, r, a->time) == ENTERED_CORE) {
        give_task(e, r, TIER_PHONE, TASK_COMPUTE, NULL);
    }
}

static bool is_over(const engine *e, double time) {
    return e->stopping || e->arrived >= e->expected || (e->s->run.duration > 0 && time > e->s->run.duration);
}

/* Waits until every request that arrived has been finished; engine_close_request wakes us. */
static void wait_for_the_last(engine *e) {
    if (e->finished == e->arrived || e->stopping) return;
    e->source_waits = true;
    sg_actor_suspend(e->source);
}

/* Open loop: one actor for the arrivals of the whole fleet. */
static void source_main(int argc, char *argv[]) {
    (void)argc, (void)argv;
    engine *e = sg_actor_self_get_data();
    sg_actor_on_exit(note_death, e);
    arrival_source arrivals;
    const platform *p = &e->s->platform;
    if (!arrivals_open(&arrivals, &e->s->workload, p->phone_count, e->s->table.samples, e->s->seed, e->err)) return;
    for (;;) {
        arrival next = arrivals_next(&arrivals);
        if (is_over(e, next.time)) break;
        sg_actor_sleep_until(next.time);
        arrive(e, &next);
    }
    arrivals_close(&arrivals);
    wait_for_the_last(e);
    e->asking--;
}

/* Closed loop: a driver a phone, which thinks, asks, and waits for the answer. */
static void driver_main(int argc, char *argv[]) {
    (void)argc;
    engine *e = sg_actor_self_get_data();
    uint32_t phone_index = (uint32_t)strtoul(argv[1], NULL, 10);
    const platform *p = &e->s->platform;
    sg_actor_on_exit(note_death, e);
    for (uint32_t turn = 0;; turn++) {
        arrival next = arrivals_closed(&e->s->workload, p->phone_count, e->s->table.samples, e->s->seed, phone_index,
                                       turn);
        sg_actor_sleep_for(next.time);
        next.time = simgrid_get_clock();
        if (is_over(e, next.time)) break;
        arrive(e, &next);
        sg_actor_suspend(e->drivers[phone_index]);
    }
    e->asking--;
}

static sg_actor_t start_actor(engine *e, const char *name, sg_host_t host, unsigned stack, xbt_main_func_t code, int argc,
                              char *argv[]) {
    sg_actor_t actor = sg_actor_init(name, host);
    sg_actor_set_stacksize(actor, stack);
    sg_actor_set_data(actor, e);
    sg_actor_start(actor, code, argc, argv);
    e->asking++;
    return actor;
}

void actors_free(engine *e) {
    while (e->workers) {
        worker *older = e->workers->older;
        free(e->workers);
        e->workers = older;
    }
}

bool actors_start(engine *e) {
    uint64_t phones = e->s->platform.phone_count;
    if (e->s->workload.process != ARRIVALS_CLOSED) {
        e->source = start_actor(e, "source", e->world->phones[0], MODEL_STACK_KIB, source_main, 0, NULL);
        return true;
    }
    unsigned stack = e->s->answers ? MODEL_STACK_KIB : WORKER_STACK_KIB;
    e->drivers = calloc(phones, sizeof *e->drivers);
    if (!e->drivers) return error_memory(e->err, phones * sizeof *e->drivers);
    for (uint64_t i = 0; i < phones; i++) {
        char number[24], *argv[] = {"driver", number, NULL};
        snprintf(number, sizeof number, "%llu", (unsigned long long)i);
        e->drivers[i] = start_actor(e, "driver", e->world->phones[i], stack, driver_main, 2, argv);
    }
    return true;
}
