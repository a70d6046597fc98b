/* What holds a phone's messages before they travel: its radio, which may have to be promoted, and a connection that is to be
 * set up first. Messages between servers are never held. The radio's energy is told span by span, each for the request whose message the radio last began or ended:
 * what several have in common is nobody's twice, and a tail is the last one's. */
#include <math.h>
#include <stdlib.h>

#include "state.h"

/* To a server. */
typedef struct connection {
    double ready; /* when it was, or will be, set up */
    double used;  /* last; -INFINITY: never */
} connection;

struct phone_access {
    phone_radio radio;
    uint64_t request; /* whose message it last had */
    connection to[TIER_COUNT];
};

bool access_open(engine *e) {
    const platform *p = &e->s->platform;
    static const connection NONE = {-INFINITY, -INFINITY};
    bool any = p->network.connection.set_up;
    for (size_t i = 0; i < p->cell_count; i++) any = any || p->cells[i].link.radio;
    if (!any) return true;
    e->access = malloc(p->phone_count * sizeof *e->access);
    if (!e->access) return error_memory(e->err, p->phone_count * sizeof *e->access);
    for (uint64_t i = 0; i < p->phone_count; i++)
        e->access[i] = (phone_access){.radio = radio_open(), .to = {NONE, NONE, NONE}};
    return true;
}

static const radio_model *model_of(const engine *e, uint32_t of_phone) {
    const platform *p = &e->s->platform;
    return p->cells[p->phones[of_phone].cell].link.radio;
}

static void tell_radio(engine *e, uint32_t of_phone, double now) {
    phone_access *its = &e->access[of_phone];
    radio_span spans[RADIO_MOST_SPANS];
    radio_use use = {of_phone, its->request, spans, radio_advance(model_of(e, of_phone), &its->radio, now, spans)};
    if (use.count) engine_tell(e, &(event){.kind = EVENT_RADIO, .now = now, .radio = &use});
}

void access_end(engine *e) {
    for (uint32_t i = 0; e->access && i < e->s->platform.phone_count; i++)
        if (model_of(e, i)) tell_radio(e, i, INFINITY);
}

void access_prepare(request *r) {
    engine *e = r->engine;
    if (e->access && model_of(e, r->record.phone)) r->access = random_open(e->s->seed, "radio", r->key);
}

/* The phone's side of a message; NULL: a message between servers, or nothing can hold it. */
static phone_access *access_of(const attempt *a) {
    engine *e = a->request->engine;
    bool by_phone = a->sender->at == TIER_PHONE || a->place->at == TIER_PHONE;
    return e->access && by_phone ? &e->access[a->request->record.phone] : NULL;
}

/* When the radio lets a message go. Draws are made whether they are needed or not: the n-th message of a request meets the
 * same under every policy. */
static double pass_radio(attempt *a, phone_access *its, bool down, double now) {
    request *r = a->request;
    const radio_model *m = model_of(r->engine, r->record.phone);
    if (!m) return now;
    double promotion = drawn_time_draw(&m->promotion, &r->access);
    double delay = drawn_time_draw(down ? &m->delay_down : &m->delay_up, &r->access);
    tell_radio(r->engine, r->record.phone, now);
    its->request = r->number;
    double start = radio_begin(m, &its->radio, promotion, down, now);
    a->held.promotion = start - now;
    a->held.turn = delay;
    r->record.promotion += a->held.promotion;
    return start + delay;
}

/* A round trip of a handshake, whose messages are small. */
static double round_trip(const engine *e, uint32_t of_phone, tier to, random_stream *chance) {
    const platform *p = &e->s->platform;
    const cell *near = &p->cells[p->phones[of_phone].cell];
    const radio_model *m = near->link.radio;
    double latency = near->link.latency + (to == TIER_CLOUD ? p->sites[near->site].uplink.latency : 0);
    double delays = m ? drawn_time_draw(&m->delay_up, chance) + drawn_time_draw(&m->delay_down, chance) : 0;
    return 2 * platform_transfer_time(&p->network, latency, INFINITY, 0) + delays;
}

/* When a message up has a connection to its server: one that is open, is being set up, or is set up now. */
static double connect_to(attempt *a, phone_access *its, double now) {
    static const char *const PURPOSES[] =
        {[TIER_EDGE] = "connection to the edge", [TIER_CLOUD] = "connection to the cloud"};
    request *r = a->request;
    const connection_settings *settings = &r->engine->s->platform.network.connection;
    tier to = a->place->at;
    connection *c = &its->to[to];
    if (now > c->used + settings->keep_alive) {
        random_stream chance = random_open(r->engine->s->seed, PURPOSES[to], r->key);
        c->used = now;
        for (unsigned i = connection_round_trips(settings); i > 0; i--)
            c->used += round_trip(r->engine, r->record.phone, to, &chance);
        c->ready = c->used;
    }
    double start = fmax(now, c->ready);
    c->used = fmax(c->used, start);
    a->held.connection = start - now;
    r->record.connection += a->held.connection;
    return start;
}

double access_begin(attempt *a, double now) {
    phone_access *its = access_of(a);
    if (!its) return now;
    a->held = (holdings){0};
    bool down = a->place->at == TIER_PHONE;
    double start = pass_radio(a, its, down, now);
    return !down && a->request->engine->s->platform.network.connection.set_up ? connect_to(a, its, start) : start;
}

void access_leave(attempt *a, double now) {
    phone_access *its = access_of(a);
    if (!its) return;
    engine *e = a->request->engine;
    connection *c = &its->to[a->place->at == TIER_PHONE ? a->sender->at : a->place->at];
    if (now <= c->used + e->s->platform.network.connection.keep_alive) c->used = fmax(c->used, now);
    if (!model_of(e, a->request->record.phone)) return;
    if (its->request != a->request->number) tell_radio(e, a->request->record.phone, now);
    its->request = a->request->number;
    radio_end(&its->radio, now);
}

uint32_t access_radio(const engine *e, uint32_t of_phone, double now) {
    const radio_model *m = e->access ? model_of(e, of_phone) : NULL;
    return m ? 1 + (uint32_t)radio_state_at(m, &e->access[of_phone].radio, now) : 0;
}
