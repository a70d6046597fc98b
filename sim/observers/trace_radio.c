/* What the phones' radios go through, as traces tell it: state by state and in the order of time, while the engine tells of
 * it only when the next message begins or ends. So each radio is gone along here, by the same rules (radio.h), and what
 * would end by itself is on the agenda. */
#include <math.h>
#include <stdlib.h>

#include "trace_writer.h"

typedef struct traced_radio {
    const radio_model *model; /* NULL: it is ideal */
    uint32_t phone;
    phone_radio radio;
    radio_state state;
    double since, due; /* it is in the state, and leaves it by itself */
    int64_t number;    /* of the request whose message it last began or ended, */
    bool traced;       /* which is, so the state is written */
    bool known;        /* it has been written before */
} traced_radio;

bool trace_open_radios(trace *t, portolan_error *err) {
    const platform *p = &t->s->platform;
    bool any = false;
    for (size_t i = 0; i < p->cell_count; i++) any = any || p->cells[i].link.radio;
    if (!any) return true;
    t->radios = malloc(p->phone_count * sizeof *t->radios);
    if (!t->radios) return error_memory(err, p->phone_count * sizeof *t->radios);
    for (uint64_t i = 0; i < p->phone_count; i++)
        t->radios[i] = (traced_radio){.model = p->cells[p->phones[i].cell].link.radio,
                                      .phone = (uint32_t)i,
                                      .radio = radio_open(),
                                      .due = INFINITY};
    return true;
}

static trace_place *place_of(const trace *t, const traced_radio *r) {
    return &t->places[place_of_host(&t->s->platform, r->phone, TIER_PHONE)];
}

static void write_radio(trace *t, traced_radio *r, trace_moment moment, double now) {
    if (!r->traced || r->state == RADIO_IDLE) return;
    t->format->radio(t, &(trace_radio){.moment = moment,
                                       .state = r->state,
                                       .start = r->since,
                                       .now = now,
                                       .joules = (now - r->since) * radio_watts(r->model, r->state),
                                       .place = place_of(t, r),
                                       .phone = r->phone,
                                       .number = r->number,
                                       .first = !r->known});
    r->known = true;
}

static void go_on(void *self, void *about, double at);

/* The radio is in a state from here on, and until when by itself. */
static void enter(trace *t, traced_radio *r, double now) {
    double before = radio_watts(r->model, r->state);
    r->state = radio_state_until(r->model, &r->radio, now, &r->due);
    r->since = now;
    gauge_add(&place_of(t, r)->radio_watts, t, radio_watts(r->model, r->state) - before, now);
    write_radio(t, r, TRACE_BEGINS, now);
    if (r->due < INFINITY) agenda_add(&t->agenda, (agenda_item){.at = r->due, .act = go_on, .about = r}, &t->error);
}

/* A state has ended by itself, unless a message has come between. */
static void go_on(void *self, void *about, double at) {
    traced_radio *r = about;
    if (r->due != at) return;
    write_radio(self, r, TRACE_ENDS, at);
    enter(self, r, at);
}

/* The phone's radio, if it carries the attempt's message and has states. */
static traced_radio *radio_of(const trace *t, const attempt *a) {
    if (!t->radios || (a->sender->at != TIER_PHONE && a->place->at != TIER_PHONE)) return NULL;
    traced_radio *r = &t->radios[a->request->record.phone];
    return r->model ? r : NULL;
}

/* From here on it is this request's. */
static void give_to(const trace *t, traced_radio *r, const request *owner) {
    r->number = (int64_t)owner->number - (int64_t)t->s->run.warmup;
    r->traced = owner->traced;
}

void trace_radio_begins(trace *t, const attempt *a, double now) {
    traced_radio *r = radio_of(t, a);
    if (!r) return;
    write_radio(t, r, TRACE_ENDS, now);
    give_to(t, r, a->request);
    radio_begin(r->model, &r->radio, a->held.promotion, a->place->at == TIER_PHONE, now);
    enter(t, r, now);
}

void trace_radio_ends(trace *t, const attempt *a, double now) {
    traced_radio *r = radio_of(t, a);
    if (!r) return;
    write_radio(t, r, TRACE_ENDS, now);
    give_to(t, r, a->request);
    radio_end(&r->radio, now);
    enter(t, r, now);
}

void trace_end_radios(trace *t, double now) {
    for (uint64_t i = 0; t->radios && i < t->s->platform.phone_count; i++)
        write_radio(t, &t->radios[i], TRACE_ENDS, now);
}

bool trace_radio_is_known(const trace *t, uint64_t of_phone) { return t->radios && t->radios[of_phone].known; }
