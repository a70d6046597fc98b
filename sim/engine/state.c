/* What the engine's files do with its state: find places, start activities, tell the observers, and end. */
#include "state.h"

#include <assert.h>

/* ---- Places ---- */

const scenario *engine_scenario(const engine *e) { return e->s; }

size_t engine_first_place(const platform *p, tier at) {
    return at == TIER_PHONE ? 0 : p->phone_count + (at == TIER_EDGE ? 0 : p->site_count);
}

place *engine_place(engine *e, tier at, uint32_t index) {
    return &e->places[engine_first_place(&e->s->platform, at) + index];
}

static uint32_t site_of(const engine *e, uint32_t of_phone) {
    const platform *p = &e->s->platform;
    return p->cells[p->phones[of_phone].cell].site;
}

place *engine_place_for(engine *e, uint32_t of_phone, tier at) {
    if (at == TIER_PHONE) return engine_place(e, at, of_phone);
    uint32_t site_index = site_of(e, of_phone);
    return engine_place(e, at, at == TIER_EDGE ? site_index : e->s->platform.sites[site_index].region);
}

/* ---- The end ---- */

static void stop(engine *e) {
    if (e->over) return;
    e->over = true;
    e->end = world_now();
    world_stop(e->world);
}

static void give_up(engine *e) {
    e->given_up = true;
    stop(e);
}

void engine_out_of_memory(engine *e, size_t bytes) {
    stop(e);
    error_memory(e->err, bytes);
}

void engine_check_end(engine *e) {
    if ((e->source_done && e->finished == e->arrived) || e->policy.error.status) stop(e);
}

/* ---- Observers ---- */

void engine_tell(engine *e, const event *what) {
    for (const listener *const *l = e->hearing[what->kind]; *l; l++)
        if (!(*l)->type->on((*l)->self, what)) give_up(e);
}

/* ---- Activities ---- */

activity *engine_timer(engine *e, double at, subject *about) {
    activity *set = world_timer(e->world, at, about);
    if (!set) engine_out_of_memory(e, sizeof *about);
    return set;
}

/* Where messages of a phone's requests leave from a place, and arrive at it. */
static door *door_of(const engine *e, const place *of, uint32_t of_phone) {
    if (of->at == TIER_PHONE) return world_phone_door(e->world, of->index);
    return of->at == TIER_EDGE ? world_edge_door(e->world, of->index)
                               : world_cloud_door(e->world, site_of(e, of_phone));
}

activity *engine_send(engine *e, uint32_t of_phone, place *const way[2], uint64_t bytes, subject *about) {
    door *from = door_of(e, way[0], of_phone), *to = door_of(e, way[1], of_phone);
    activity *sent = world_send(e->world, from, to, bytes, about);
    if (!sent) engine_out_of_memory(e, sizeof *about);
    return sent;
}

void engine_place_pace(engine *e, place *which, double pace) {
    assert(pace > 0);
    if (!world_pace(e->world, &which->computes, pace)) engine_out_of_memory(e, sizeof *which);
}

bool engine_link_set(engine *e, const char *name, double bytes_per_second, double latency) {
    assert(bytes_per_second > 0 && latency >= 0);
    return world_link_set(e->world, name, bytes_per_second, latency);
}

void engine_cancel(engine *e, activity *a) { world_cancel(e->world, a); }
