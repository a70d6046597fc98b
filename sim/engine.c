/* Sets SimGrid up for a scenario, runs one policy, and keeps the run's books. */
#include "answers.h"
#include "engine.h"
#include "load.h"

#include <math.h>
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "base/signals.h"

/* ---- Set-up, before the policies' processes are forked ---- */

static void init_simgrid(const network_settings *n) {
    char model[64], crosstraffic[64], gamma[64];
    snprintf(model, sizeof model, "--cfg=network/model:%s", n->model == NETWORK_LV08 ? "LV08" : "CM02");
    snprintf(crosstraffic, sizeof crosstraffic, "--cfg=network/crosstraffic:%d", n->crosstraffic);
    snprintf(gamma, sizeof gamma, "--cfg=network/TCP-gamma:%.17g", n->tcp_gamma);
    char *argv[] = {"portolan", model, crosstraffic, gamma,
#ifdef PORTOLAN_SANITIZE
                    "--cfg=contexts/factory:thread", /* the sanitizers do not follow raw context switches */
#else
                    "--cfg=contexts/factory:raw", "--cfg=contexts/guard-size:0",
#endif
                    "--log=root.threshold:critical", NULL};
    int argc = (int)(sizeof argv / sizeof *argv) - 1;
    simgrid_init(&argc, argv);
    signals_catch(); /* SimGrid has an idea of its own of Ctrl-C */
}

/* What this process may have at most: the limit it was given, or all that the machine has. */
static double most_memory(void) {
    struct sysinfo machine;
    struct rlimit limit;
    double most = HUGE_VAL;
    if (sysinfo(&machine) == 0) most = ((double)machine.totalram + (double)machine.totalswap) * machine.mem_unit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) most = fmin(most, (double)limit.rlim_cur);
    return most;
}

/* SimGrid would find out after minutes. */
static bool check_memory(const platform *p, portolan_error *err) {
    const double host_bytes = 1200; /* of SimGrid 3.32, measured, rounded down */
    double wanted = host_bytes * (double)p->phone_count, most = most_memory();
    char wanted_text[32], most_text[32];
    if (wanted <= most) return true;
    unit_format(wanted_text, sizeof wanted_text, wanted, UNIT_SIZE);
    unit_format(most_text, sizeof most_text, most, UNIT_SIZE);
    return error_run(err, "out of memory: %llu phones take at least %s, of which this process may have %s; simulate fewer",
                     (unsigned long long)p->phone_count, wanted_text, most_text);
}

bool engine_set_up(const scenario *s, simgrid_world *world, portolan_error *err) {
    char why[512];
    if (!check_memory(&s->platform, err)) return false;
    init_simgrid(&s->platform.network);
    return simgrid_world_build(&s->platform, world, why, sizeof why) || error_run(err, "%s", why);
}

/* ---- One run ---- */

static void free_engine(engine *e) {
    actors_free(e);
    while (e->free_requests) {
        request *next = e->free_requests->next;
        free(e->free_requests);
        e->free_requests = next;
    }
    free(e->phones);
    free(e->edges);
    free(e->clouds);
    free(e->edge_pools);
    free(e->ingress_pools);
    free(e->drivers);
    free(e->policy);
}

static server server_from(const device *d, uint64_t queue, sg_host_t host) {
    return (server){.station = {.cores = d->cores, .limit = queue}, .device = d, .host = host};
}

static bool allocate(engine *e, const void *options) {
    const platform *p = &e->s->platform;
    e->phones = calloc(p->phone_count, sizeof *e->phones);
    e->edges = calloc(p->site_count, sizeof *e->edges);
    e->clouds = calloc(p->region_count, sizeof *e->clouds);
    e->edge_pools = calloc(p->site_count, sizeof *e->edge_pools);
    e->ingress_pools = calloc(p->site_count, sizeof *e->ingress_pools);
    e->policy = malloc(e->type->size);
    e->record_room = e->s->run.requests ? e->s->run.requests + e->s->run.warmup : 1 << 16;
    e->books.records = malloc(e->record_room * sizeof *e->books.records);
    e->books.places = loads_open(p);
    if (!e->phones || !e->edges || !e->clouds || !e->edge_pools || !e->ingress_pools || !e->policy ||
        !e->books.records || !e->books.places)
        return error_memory(e->err, e->record_room * sizeof *e->books.records + p->phone_count * sizeof *e->phones);
    memcpy(e->policy, options, e->type->size);
    for (uint64_t i = 0; i < p->phone_count; i++)
        e->phones[i] = (station){.cores = p->groups[p->phones[i].group].hardware.cores, .limit = UINT64_MAX};
    for (size_t i = 0; i < p->site_count; i++)
        e->edges[i] = server_from(&p->sites[i].server, p->sites[i].queue, e->world->edges[i]);
    for (size_t i = 0; i < p->region_count; i++)
        e->clouds[i] = server_from(&p->regions[i].server, p->regions[i].queue, e->world->clouds[i]);
    return true;
}

/* Every request that arrived must have ended; anything else is a fault of ours that must not pass silently. */
static bool check_complete(const engine *e) {
    if (e->err->status) return false;
    if (e->s->answers && e->s->answers->error.status) {
        *e->err = e->s->answers->error;
        return false;
    }
    if (e->trace && trace_is_lost(e->trace)) return true; /* trace_close says why */
    if (e->finished == e->arrived && (e->expected == UINT64_MAX || e->arrived == e->expected)) return true;
    return error_run(e->err, "the simulation stopped after %llu of %llu requests", (unsigned long long)e->finished,
                     (unsigned long long)e->arrived);
}

bool engine_run(const scenario *s, const simgrid_world *world, size_t index, const double *shares, trace *story,
                policy_result *result, run_books *books, portolan_error *err) {
    const policy_setup *setup = &s->policies[index];
    engine e = {.s = s,
                .world = world,
                .type = setup->type,
                .trace = story,
                .result = result,
                .err = err,
                .books = {.totals = {.window_start = INFINITY}},
                .expected = s->run.requests ? s->run.requests + s->run.warmup : UINT64_MAX};
    bool ok = allocate(&e, setup->options);
    if (ok && e.type->take_shares) e.type->take_shares(e.policy, shares);
    ok = ok && actors_start(&e);
    if (ok) {
        simgrid_run();
        ok = check_complete(&e);
    }
    result->progress = e.finished;
    result->simulated_seconds = simgrid_get_clock();
    free_engine(&e);
    e.books.count = e.finished;
    if (!ok) run_books_free(&e.books);
    *books = e.books;
    return ok;
}

void run_books_free(run_books *books) {
    free(books->records);
    free(books->places);
    *books = (run_books){0};
}

/* ---- Called by the actors ---- */

void engine_stop(engine *e) {
    e->stopping = true;
    sg_actor_kill_all();
}

static bool make_room(engine *e) {
    if (e->arrived < e->record_room) return true;
    uint64_t room = 2 * e->record_room;
    request_record *bigger = realloc(e->books.records, room * sizeof *bigger);
    if (!bigger) return error_memory(e->err, room * sizeof *bigger);
    e->books.records = bigger;
    e->record_room = room;
    return true;
}

request *engine_open_request(engine *e, const arrival *a) {
    request *r = e->free_requests;
    if (r)
        e->free_requests = r->next;
    else
        r = malloc(sizeof *r);
    if (!r || !make_room(e)) {
        free(r);
        error_memory(e->err, sizeof *r);
        return NULL;
    }
    if (e->arrived == e->s->run.warmup) e->books.totals.window_start = a->time;
    e->books.totals.last_arrival = a->time;
    request_open(r, e->s, e->arrived++, a);
    trace_arrival(e->trace, r);
    return r;
}

void engine_close_request(engine *e, request *r) {
    enum { REPORT_EVERY = 1 << 10 };
    double now = simgrid_get_clock();
    r->record.latency = now - r->record.arrival;
    trace_end(e->trace, r, now);
    e->books.records[r->number] = r->record;
    e->books.totals.window_end = now;
    e->finished++;
    if (e->finished % REPORT_EVERY == 0) {
        e->result->progress = e->finished;
        e->result->progress_clock = now;
        if (e->trace && trace_is_lost(e->trace)) engine_stop(e);
    }
    if (e->drivers) sg_actor_resume(e->drivers[r->record.phone]);
    if (e->source_waits && e->finished == e->arrived) sg_actor_resume(e->source);
    request_close(r);
    r->next = e->free_requests;
    e->free_requests = r;
}
