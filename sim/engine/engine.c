/* Opens a run, keeps its tables at work, and closes it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "knowledge.h"
#include "outcome_source.h"
#include "state.h"

/* ---- Places ---- */

static place place_from(const device *d, double speed, uint64_t limit, tier at, size_t index) {
    return (place){.device = d,
                   .computes = {.pace = 1},
                   .speed = speed,
                   .at = at,
                   .index = (uint32_t)index,
                   .cores = d->cores,
                   .limit = limit};
}

static service_shape shape_of(const model_shape *m) {
    return (service_shape){m->hidden, m->feed_forward, model_layer_bytes(m)};
}

static bool open_places(engine *e, const discipline *serving) {
    const platform *p = &e->s->platform;
    size_t count = engine_first_place(p, TIER_CLOUD) + p->region_count;
    place *next = e->places = malloc(count * sizeof *e->places);
    if (!next) return error_memory(e->err, count * sizeof *e->places);
    for (uint64_t i = 0; i < p->phone_count; i++) {
        const device *hardware = &p->groups[p->phones[i].group].hardware;
        *next++ = place_from(hardware, p->phones[i].speed, UINT64_MAX, TIER_PHONE, i);
    }
    for (size_t i = 0; i < p->site_count; i++)
        *next++ = place_from(&p->sites[i].server, p->sites[i].server.speed, p->sites[i].queue, TIER_EDGE, i);
    for (size_t i = 0; i < p->region_count; i++)
        *next++ = place_from(&p->regions[i].server, p->regions[i].server.speed, p->regions[i].queue, TIER_CLOUD, i);
    e->shape = shape_of(&e->s->shape);
    for (size_t i = 0; i < count; i++) {
        e->places[i].discipline = serving;
        e->places[i].shape = &e->shape;
    }
    return true;
}

/* Every request that arrived must have ended; anything else is a fault of ours that must not pass silently. */
static bool check_complete(const engine *e) {
    if (e->err->status) return false;
    if (e->s->outcomes && e->s->outcomes->error.status) {
        *e->err = e->s->outcomes->error;
        return false;
    }
    if (e->policy.error.status) {
        *e->err = e->policy.error;
        return false;
    }
    if (e->finished == e->arrived && (e->expected == UINT64_MAX || e->arrived == e->expected)) return true;
    return error_run(e->err, "the simulation stopped after %llu of %llu requests", (unsigned long long)e->finished,
                     (unsigned long long)e->arrived);
}

/* ---- Observers and disturbances ---- */

static void let_hear(engine *e, const listener *l) {
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        size_t n = 0;
        while (e->hearing[kind][n]) n++;
        if (l->type->hears & 1u << kind) e->hearing[kind][n] = l;
    }
}

static bool open_observers(engine *e, const observed_run *run, const observer_type *const *types) {
    for (; *types; types++) {
        assert(e->listener_count < ENGINE_MAX_LISTENERS);
        listener *l = &e->listeners[e->listener_count];
        l->type = *types;
        bool ok = l->type->open(&l->self, run, e->err);
        if (!l->self && ok) continue;
        e->listener_count += l->self != NULL;
        if (!ok) return false;
        let_hear(e, l);
    }
    return true;
}

static bool close_observers(engine *e, bool ok) {
    for (size_t i = 0; i < e->listener_count; i++)
        ok = e->listeners[i].type->close(e->listeners[i].self, ok, e->err) && ok;
    return ok;
}

static bool start_disturbances(engine *e) {
    for (; e->disturbances[e->disturbed_count]; e->disturbed_count++) {
        assert(e->disturbed_count < ENGINE_MAX_LISTENERS);
        if (!e->disturbances[e->disturbed_count]->start(&e->disturbed[e->disturbed_count], e, e->err)) return false;
    }
    return true;
}

static void stop_disturbances(engine *e) {
    for (size_t i = 0; i < e->disturbed_count; i++) e->disturbances[i]->stop(e->disturbed[i]);
}

/* ---- One run ---- */

static bool open_knowledge(engine *e) {
    if (!(e->policy.by->needs & POLICY_NEEDS_LOAD)) return true;
    e->policy.known = e->known = knowledge_open(e);
    return e->known || error_memory(e->err, 0);
}

static void free_engine(engine *e) {
    while (e->free_requests) {
        request *next = e->free_requests->next;
        free(e->free_requests);
        e->free_requests = next;
    }
    while (e->free_attempts) {
        attempt *next = e->free_attempts->sibling;
        free(e->free_attempts);
        e->free_attempts = next;
    }
    source_close(e);
    free(e->places);
    free(e->access);
    knowledge_free(e->known);
    steering_close(&e->policy);
}

bool engine_run(const observed_run *run, world *w, const double *shares, const engine_tables *tables,
                portolan_error *err) {
    const run_settings *wanted = &run->s->run;
    engine e = {.s = run->s,
                .world = w,
                .disturbances = tables->disturbances,
                .expected = wanted->requests ? wanted->requests + wanted->warmup : UINT64_MAX,
                .err = err};
    bool ok = open_observers(&e, run, tables->observers) &&
              steering_open(&e.policy, run->s, &run->s->policies[run->policy], shares, err) &&
              open_places(&e, tables->disciplines[0]) && access_open(&e) && start_disturbances(&e) &&
              open_knowledge(&e) && source_open(&e);
    ok = ok && world_run(w, err) && (e.given_up || check_complete(&e));
    run->result->simulated_seconds = e.end;
    run->result->outside_table = e.outside_table;
    if (ok) access_end(&e);
    ok = close_observers(&e, ok);
    if (ok && e.given_up) ok = check_complete(&e);
    stop_disturbances(&e);
    free_engine(&e);
    if (!ok) run_books_free(run->books);
    return ok;
}

void run_books_free(run_books *books) {
    free(books->records);
    free(books->places);
    *books = (run_books){0};
}
