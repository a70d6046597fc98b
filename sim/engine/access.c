/* What holds a phone's messages before they travel: its radio, which may have to be promoted. Messages between servers are
 * never held. The radio's energy is told span by span, each for the request whose message the radio last began or ended:
 * what several have in common is nobody's twice, and a tail is the last one's. */
#include <math.h>
#include <stdlib.h>

#include "state.h"

struct phone_access {
    phone_radio radio;
    uint64_t request; /* whose message it last had */
};

bool access_open(engine *e) {
    const platform *p = &e->s->platform;
    bool any = false;
    for (size_t i = 0; i < p->cell_count; i++) any = any || p->cells[i].link.radio;
    if (!any) return true;
    e->access = malloc(p->phone_count * sizeof *e->access);
    if (!e->access) return error_memory(e->err, p->phone_count * sizeof *e->access);
    for (uint64_t i = 0; i < p->phone_count; i++) e->access[i] = (phone_access){.radio = radio_open()};
    return true;
}

static const radio_model *model_of(const engine *e, uint32_t of_phone) {
    const platform *p = &e->s->platform;
    return p->cells[p->phones[of_phone].cell].link.radio;
}

static void tell_radio(engine *e, uint32_t of_phone, double now) {
    phone_access *its = &e->access[of_phone];
    radio_use use = {.phone = of_phone, .request = its->request};
    radio_span spans[RADIO_MOST_SPANS];
    size_t n = radio_advance(model_of(e, of_phone), &its->radio, now, spans);
    for (size_t i = 0; i < n; i++) {
        use.span = spans[i];
        engine_tell(e, &(event){.kind = EVENT_RADIO, .now = now, .radio = &use});
    }
}

void access_end(engine *e) {
    for (uint32_t i = 0; e->access && i < e->s->platform.phone_count; i++)
        if (model_of(e, i)) tell_radio(e, i, INFINITY);
}

void access_prepare(request *r) {
    engine *e = r->engine;
    if (e->access && model_of(e, r->record.phone)) r->access = random_open(e->s->seed, "radio", r->key);
}

/* The phone's radio, if it has states and carries the message. */
static phone_access *access_of(const attempt *a) {
    engine *e = a->request->engine;
    uint32_t asker = a->request->record.phone;
    if (!e->access || (a->sender->at != TIER_PHONE && a->place->at != TIER_PHONE)) return NULL;
    return model_of(e, asker) ? &e->access[asker] : NULL;
}

double access_begin(attempt *a, double now) {
    phone_access *held = access_of(a);
    if (!held) return now;
    request *r = a->request;
    const radio_model *m = model_of(r->engine, r->record.phone);
    /* drawn whether it is needed or not: the n-th message of a request meets the same under every policy */
    double promotion = distribution_draw(&m->promotion, &r->access);
    tell_radio(r->engine, r->record.phone, now);
    held->request = r->number;
    bool down = a->place->at == TIER_PHONE;
    double start = radio_begin(m, &held->radio, promotion, down, now);
    r->record.promotion += start - now;
    return start + distribution_draw(down ? &m->delay_down : &m->delay_up, &r->access);
}

void access_leave(attempt *a, double now) {
    phone_access *held = access_of(a);
    if (!held) return;
    tell_radio(a->request->engine, a->request->record.phone, now);
    held->request = a->request->number;
    radio_end(&held->radio, now);
}
