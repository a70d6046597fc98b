/* Paje, which pj_dump (PajeNG) and ViTE read.
 *
 * "Paje trace file format", version 1.2.5 (Schnorr, 2014): a header that defines events, then an event a
 * line in the order of time, in seconds. Containers: the simulation holds lanes of requests, places (with a
 * container for each core and each radio that was used), and links. States: a lane's is "request" from arrival to answer,
 * its phases pushed onto it; a core's is what it computes. Since a step's mean is known at its end, and
 * lines may not go back in time, a variable is set at the end of the step it is the mean of. */
#include "trace_writer.h"

/* The events used, and their fields; an event's number is its index. */
static const struct {
    const char *name, *fields;
} DEFINITIONS[] = {
    {"PajeDefineContainerType", "%Alias string,%Type string,%Name string"},
    {"PajeDefineStateType", "%Alias string,%Type string,%Name string"},
    {"PajeDefineVariableType", "%Alias string,%Type string,%Name string,%Color color"},
    {"PajeDefineEventType", "%Alias string,%Type string,%Name string"},
    {"PajeDefineEntityValue", "%Alias string,%Type string,%Name string,%Color color"},
    {"PajeCreateContainer", "%Time date,%Alias string,%Type string,%Container string,%Name string"},
    {"PajeDestroyContainer", "%Time date,%Type string,%Name string"},
    {"PajePushState", "%Time date,%Type string,%Container string,%Value string,%Request string"},
    {"PajePopState", "%Time date,%Type string,%Container string"},
    {"PajeSetVariable", "%Time date,%Type string,%Container string,%Value double"},
    {"PajeNewEvent", "%Time date,%Type string,%Container string,%Value string,%Request string"},
};

/* A field a line, as in "%Time date". */
static void put_header(trace_text *o) {
    for (size_t i = 0; i < sizeof DEFINITIONS / sizeof *DEFINITIONS; i++) {
        text_put(o, "%EventDef ");
        text_put(o, DEFINITIONS[i].name);
        text_put(o, " ");
        text_unsigned(o, i);
        text_put(o, "\n");
        for (const char *c = DEFINITIONS[i].fields; *c; c++) text_bytes(o, *c == ',' ? "\n" : c, 1);
        text_put(o, "\n%EndEventDef\n");
    }
}

/* S: the simulation, R: lane of requests, P: place, C: core, A: radio, L: link; their states, variables and events. */
static const char TYPES[] = "0 S 0 Simulation\n"
                            "0 R S Requests\n"
                            "0 P S Place\n"
                            "0 C P Core\n"
                            "0 A P Radio\n"
                            "0 L S Link\n"
                            "1 RS R Life\n"
                            "1 CS C Work\n"
                            "1 AS A State\n"
                            "3 RE R Decision\n"
                            "2 P0 P \"queue (requests)\" \"0.80 0.47 0.65\"\n"
                            "2 P1 P \"utilization (%)\" \"0.00 0.45 0.70\"\n"
                            "2 P2 P \"power (W)\" \"0.84 0.37 0.00\"\n"
                            "2 L3 L \"load (%)\" \"0.00 0.62 0.45\"\n";

/* Values of states. Colours: Okabe and Ito's, which the colour-blind can tell apart. */
static const char VALUES[] = "4 request RS request \"0.85 0.85 0.85\"\n"
                             "4 queued RS queued \"0.94 0.89 0.26\"\n"
                             "4 computing RS computing \"0.00 0.45 0.70\"\n"
                             "4 call RS call \"0.34 0.71 0.91\"\n"
                             "4 promotion RS promotion \"0.80 0.47 0.65\"\n"
                             "4 turn RS turn \"0.73 0.73 0.73\"\n"
                             "4 connection RS connection \"0.00 0.62 0.45\"\n"
                             "4 sending RS sending \"0.84 0.37 0.00\"\n"
                             "4 work CS computing \"0.00 0.45 0.70\"\n";

static const char *const RADIO_COLORS[RADIO_STATES] = {
    [RADIO_PROMOTING] = "0.80 0.47 0.65", [RADIO_ACTIVE] = "0.84 0.37 0.00",   [RADIO_CONTINUOUS] = "0.90 0.62 0.00",
    [RADIO_SHORT_DRX] = "0.94 0.89 0.26", [RADIO_LONG_DRX] = "0.85 0.85 0.85",
};

static void put_radio_values(trace_text *o) {
    for (int state = RADIO_PROMOTING; state < RADIO_STATES; state++) {
        text_put(o, "4 ");
        text_put(o, RADIO_STATE_NAMES[state]);
        text_put(o, " AS ");
        text_put(o, RADIO_STATE_NAMES[state]);
        text_put(o, " \"");
        text_put(o, RADIO_COLORS[state]);
        text_put(o, "\"\n");
    }
}

static void put_time(trace_text *o, const char *kind, double seconds) {
    text_put(o, kind);
    text_fixed(o, seconds, 9);
}

/* ---- Containers: "r3" is a lane, "p2" a place, "p2.17.0" its host's core, "l5" a link ---- */

static void put_lane(trace_text *o, uint32_t lane) {
    text_put(o, " r");
    text_unsigned(o, lane + 1ull);
}

static void put_place(const trace *t, trace_text *o, const trace_place *p) {
    text_put(o, " p");
    text_unsigned(o, (uint64_t)(p - t->places));
}

static void put_core(trace *t, const trace_place *p, uint64_t host, uint32_t core) {
    put_place(t, &t->text, p);
    text_put(&t->text, ".");
    text_unsigned(&t->text, host);
    text_put(&t->text, ".");
    text_unsigned(&t->text, core);
}

static void put_link(const trace *t, trace_text *o, const trace_link *l) {
    text_put(o, " l");
    text_unsigned(o, (uint64_t)(l - t->links));
}

static void begin(trace *t) {
    trace_text *o = &t->text;
    put_header(o);
    text_put(o, TYPES);
    text_put(o, VALUES);
    put_radio_values(o);
    text_put(o, "5 0 s S 0 ");
    text_quoted(o, t->label, '\\');
    for (size_t i = 0; i < t->place_count; i++) {
        text_put(o, "\n5 0");
        put_place(t, o, &t->places[i]);
        text_put(o, " P s ");
        text_quoted(o, t->places[i].name, '\\');
    }
    for (size_t i = 0; i < t->link_count; i++) {
        if (t->links[i].capacity <= 0) continue;
        text_put(o, "\n5 0");
        put_link(t, o, &t->links[i]);
        text_put(o, " L s ");
        text_quoted(o, t->links[i].name, '\\');
    }
    text_put(o, "\n");
}

static void lane(trace *t, const trace_place *of, uint64_t host, uint32_t number, double now) {
    trace_text *o = &t->text;
    put_time(o, "5 ", now);
    if (!of) {
        put_lane(o, number);
        text_put(o, " R s \"requests ");
    } else {
        put_core(t, of, host, number);
        text_put(o, " C");
        put_place(t, o, of);
        text_put(o, of->at == TIER_PHONE ? " \"phone " : " \"");
        if (of->at == TIER_PHONE) text_unsigned(o, of->first_phone + host);
        text_put(o, of->at == TIER_PHONE ? " core " : "core ");
    }
    text_unsigned(o, number + 1ull);
    text_put(o, "\"\n");
}

/* ---- Lives ---- */

static void put_request(trace_text *o, const trace_event *e) {
    text_put(o, " ");
    text_signed(o, e->number);
    text_put(o, "\n");
}

static void push(trace_text *o, const trace_event *e, const char *value) {
    put_time(o, "7 ", e->now);
    text_put(o, " RS");
    put_lane(o, e->attempt->traced.lane);
    text_put(o, value);
    put_request(o, e);
}

static void pop(trace_text *o, const trace_event *e) {
    put_time(o, "8 ", e->now);
    text_put(o, " RS");
    put_lane(o, e->attempt->traced.lane);
    text_put(o, "\n");
}

static void put_moment(trace_text *o, const trace_event *e) {
    char title[TRACE_NAME];
    trace_title(title, e);
    put_time(o, "10 ", e->now);
    text_put(o, " RE");
    put_lane(o, e->attempt->traced.lane);
    text_put(o, " ");
    text_quoted(o, title, '\\');
    put_request(o, e);
}

/* What ends here has come to nothing. */
static void put_undone(trace_text *o, const trace_event *e) {
    put_time(o, "10 ", e->now);
    text_put(o, " RE");
    put_lane(o, e->attempt->traced.lane);
    text_put(o, " ");
    text_put(o, e->undone);
    put_request(o, e);
}

static void put_work(trace *t, const trace_event *e) {
    bool begins = e->moment == TRACE_BEGINS;
    put_time(&t->text, begins ? "7 " : "8 ", e->now);
    text_put(&t->text, " CS");
    put_core(t, e->place, trace_host(e->place, e->r), e->attempt->traced.core);
    text_put(&t->text, begins ? " work" : "\n");
    if (begins) put_request(&t->text, e);
}

static void put_event(trace *t, const trace_event *e) {
    static const char *const VALUES_OF[] = {[TRACE_REQUEST] = " request", [TRACE_ATTEMPT] = " request",
                                            [TRACE_QUEUED] = " queued",   [TRACE_COMPUTE] = " computing",
                                            [TRACE_CALL] = " call",       [TRACE_PROMOTION] = " promotion",
                                            [TRACE_TURN] = " turn",       [TRACE_CONNECTION] = " connection",
                                            [TRACE_SEND] = " sending"};
    switch (e->moment) {
    case TRACE_BEGINS: push(&t->text, e, VALUES_OF[e->what]); break;
    case TRACE_ENDS:
        if (e->undone) put_undone(&t->text, e);
        pop(&t->text, e);
        break;
    case TRACE_HAPPENS: put_moment(&t->text, e); break;
    }
    if (e->what == TRACE_COMPUTE) put_work(t, e);
}

/* ---- Radios ---- */

static void put_radio_container(trace *t, uint64_t of_phone) {
    text_put(&t->text, " a");
    text_unsigned(&t->text, of_phone);
}

static void put_radio(trace *t, const trace_radio *r) {
    trace_text *o = &t->text;
    bool begins = r->moment == TRACE_BEGINS;
    if (r->first) {
        put_time(o, "5 ", r->now);
        put_radio_container(t, r->phone);
        text_put(o, " A");
        put_place(t, o, r->place);
        text_put(o, " \"radio of phone ");
        text_unsigned(o, r->phone);
        text_put(o, "\"\n");
    }
    put_time(o, begins ? "7 " : "8 ", r->now);
    text_put(o, " AS");
    put_radio_container(t, r->phone);
    if (begins) {
        text_put(o, " ");
        text_put(o, RADIO_STATE_NAMES[r->state]);
        text_put(o, " ");
        text_signed(o, r->number);
    }
    text_put(o, "\n");
}

static void destroy_radios(trace *t, const trace_place *group, uint64_t count, double now) {
    for (uint64_t i = group->first_phone; i < group->first_phone + count; i++) {
        if (!trace_radio_is_known(t, i)) continue;
        put_time(&t->text, "6 ", now);
        text_put(&t->text, " A");
        put_radio_container(t, i);
        text_put(&t->text, "\n");
    }
}

/* ---- Counters and the end ---- */

static void sample(trace *t, const trace_sample *s) {
    trace_text *o = &t->text;
    put_time(o, "9 ", s->end);
    text_put(o, s->place ? " P" : " L");
    text_unsigned(o, s->counter);
    if (s->place)
        put_place(t, o, s->place);
    else
        put_link(t, o, s->link);
    text_put(o, " ");
    text_fixed(o, s->value, 6);
    text_put(o, "\n");
}

static void destroy_cores(trace *t, size_t number, double now) {
    const trace_place *p = &t->places[number];
    uint64_t hosts = p->at == TIER_PHONE ? t->s->platform.groups[number].count : 1;
    const slots *cores = p->at == TIER_PHONE ? &t->phone_cores[p->first_phone]
                                             : &t->server_cores[number - t->s->platform.group_count];
    for (uint64_t h = 0; h < hosts; h++) {
        for (uint32_t c = 0; c < cores[h].known; c++) {
            put_time(&t->text, "6 ", now);
            text_put(&t->text, " C");
            put_core(t, p, h, c);
            text_put(&t->text, "\n");
        }
    }
}

static void end(trace *t, const run_totals *totals, double now) {
    (void)totals;
    trace_text *o = &t->text;
    for (uint32_t i = 0; i < t->request_slots.known; i++) {
        put_time(o, "6 ", now);
        text_put(o, " R");
        put_lane(o, i);
        text_put(o, "\n");
    }
    for (size_t i = 0; i < t->place_count; i++) {
        destroy_cores(t, i, now);
        if (i < t->s->platform.group_count) destroy_radios(t, &t->places[i], t->s->platform.groups[i].count, now);
        put_time(o, "6 ", now);
        text_put(o, " P");
        put_place(t, o, &t->places[i]);
        text_put(o, "\n");
    }
    for (size_t i = 0; i < t->link_count; i++) {
        if (t->links[i].capacity <= 0) continue;
        put_time(o, "6 ", now);
        text_put(o, " L");
        put_link(t, o, &t->links[i]);
        text_put(o, "\n");
    }
    put_time(o, "6 ", now);
    text_put(o, " S s\n");
}

static const trace_format FORMAT = {
    .name = "paje",
    .extension = "paje",
    .use = "for pj_dump (pajeng) and ViTE",
    .begin = begin,
    .lane = lane,
    .event = put_event,
    .radio = put_radio,
    .sample = sample,
    .end = end,
};

static bool open_paje(void **self, const observed_run *run, portolan_error *err) {
    return trace_open(self, run, &FORMAT, err);
}

const observer_type PAJE_TRACE = {
    .name = "paje trace",
    .hears = OBSERVE_ATTEMPTS,
    .open = open_paje,
    .on = trace_on,
    .close = trace_close,
    .trace = &FORMAT,
};
