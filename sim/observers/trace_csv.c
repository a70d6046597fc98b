/* A trace as tidy CSV: a row an event or a counter's change, for pandas, R and gnuplot. Spans are written
 * when they end. */
#include "trace_writer.h"

static void begin(trace *t) {
    text_put(&t->text, "event,time_s,duration_s,request,phone,place,lane,first_layer,last_layer,to,bytes,link,note,"
                       "value,unit,attempt\n");
}

static void lane(trace *t, const trace_place *of, uint64_t host, uint32_t number, double now) {
    (void)t, (void)of, (void)host, (void)number, (void)now; /* lanes are columns of the rows */
}

static void put_times(trace_text *o, double start, double end) {
    text_put(o, ",");
    text_fixed(o, start, 9);
    text_put(o, ",");
    text_fixed(o, end - start, 9);
    text_put(o, ",");
}

/* place, lane, first_layer, last_layer */
static void put_place(trace_text *o, const trace_event *e) {
    bool has_layers = e->what == TRACE_COMPUTE && e->plan->work.layers;
    text_put(o, ",");
    text_put(o, e->place->name);
    text_put(o, ",");
    if (e->what == TRACE_REQUEST || e->what == TRACE_ATTEMPT) text_unsigned(o, e->attempt->traced.lane + 1ull);
    if (e->what == TRACE_COMPUTE) text_unsigned(o, e->attempt->traced.core + 1ull);
    text_put(o, ",");
    if (has_layers) text_unsigned(o, e->attempt->from + 1ull);
    text_put(o, ",");
    if (has_layers) text_unsigned(o, (uint64_t)e->attempt->from + e->plan->work.layers);
    text_put(o, ",");
}

/* to, bytes, link */
static void put_way(trace_text *o, const trace_event *e) {
    if (e->what >= TRACE_PROMOTION && e->what <= TRACE_ESCALATED) text_put(o, TIER_NAMES[e->to]);
    text_put(o, ",");
    if (e->what == TRACE_SEND) text_unsigned(o, e->bytes);
    text_put(o, ",");
    if (e->what == TRACE_SEND) text_put(o, e->links[0]->name);
    if (e->what == TRACE_SEND && e->links[1]) {
        text_put(o, " + ");
        text_put(o, e->links[1]->name);
    }
    text_put(o, ",");
}

/* note, value, unit: why it failed or which tier answered, and with which exit; what a slice decided. */
static void put_note(trace_text *o, const trace_event *e) {
    const request_record *r = &e->r->record;
    if (e->what == TRACE_REQUEST)
        text_put(o, r->failure ? FAILURE_NAMES[r->failure] : TIER_NAMES[r->tier]);
    else if (e->what == TRACE_COMPUTE)
        text_put(o, trace_decision(e));
    else if (e->undone)
        text_put(o, e->undone);
    text_put(o, ",");
    if (e->what == TRACE_REQUEST && !r->failure) text_unsigned(o, r->exit);
    text_put(o, e->what == TRACE_REQUEST && !r->failure ? ",exit," : ",,");
}

static const char *event_name(const trace_event *e) {
    switch (e->what) {
    case TRACE_REQUEST: return e->moment == TRACE_BEGINS ? "arrived" : trace_outcome(e->r);
    case TRACE_ATTEMPT: return "attempt";
    case TRACE_QUEUED: return "queued";
    case TRACE_COMPUTE: return "computing";
    case TRACE_CALL: return "call";
    case TRACE_PROMOTION: return "promotion";
    case TRACE_TURN: return "turn";
    case TRACE_CONNECTION: return "connection";
    case TRACE_SEND: return "sending";
    case TRACE_ROUTED: return "routed";
    case TRACE_ESCALATED: return "escalated";
    case TRACE_DONE: break;
    }
    return "";
}

/* A life is two rows: "arrived", and "answered" or "failed" with its duration. */
static void put_event(trace *t, const trace_event *e) {
    trace_text *o = &t->text;
    bool arrives = e->what == TRACE_REQUEST && e->moment == TRACE_BEGINS;
    if (e->what == TRACE_DONE || (e->moment == TRACE_BEGINS && !arrives)) return;
    text_put(o, event_name(e));
    put_times(o, e->start, e->now);
    text_signed(o, e->number);
    text_put(o, ",");
    text_unsigned(o, e->r->record.phone);
    put_place(o, e);
    put_way(o, e);
    if (arrives)
        text_put(o, ",,,");
    else
        put_note(o, e);
    text_unsigned(o, e->attempt->number + 1ull);
    text_put(o, "\n");
}

/* A state when it ends, with what it has cost. */
static void put_radio(trace *t, const trace_radio *r) {
    trace_text *o = &t->text;
    if (r->moment == TRACE_BEGINS || r->now == r->start) return;
    text_put(o, "radio");
    put_times(o, r->start, r->now);
    text_signed(o, r->number);
    text_put(o, ",");
    text_unsigned(o, r->phone);
    text_put(o, ",");
    text_put(o, r->place->name);
    text_put(o, ",,,,,,,");
    text_put(o, RADIO_STATE_NAMES[r->state]);
    text_put(o, ",");
    text_fixed(o, r->joules, 9);
    text_put(o, ",J,\n");
}

static void sample(trace *t, const trace_sample *s) {
    trace_text *o = &t->text;
    const counter_name *c = &COUNTER_NAMES[s->counter];
    text_put(o, c->name);
    put_times(o, s->start, s->end);
    text_put(o, ",,");
    text_put(o, s->place ? s->place->name : "");
    text_put(o, ",,,,,,");
    text_put(o, s->link ? s->link->name : "");
    text_put(o, ",,");
    text_fixed(o, s->value, 6);
    text_put(o, ",");
    text_put(o, c->unit);
    text_put(o, ",\n");
}

static void end(trace *t, const run_totals *totals, double now) { (void)t, (void)totals, (void)now; }

static const trace_format FORMAT = {
    .name = "csv",
    .extension = "csv",
    .use = "a row an event, for pandas, R, gnuplot and awk",
    .begin = begin,
    .lane = lane,
    .event = put_event,
    .radio = put_radio,
    .sample = sample,
    .end = end,
};

static bool open_csv(void **self, const observed_run *run, portolan_error *err) {
    return trace_open(self, run, &FORMAT, err);
}

const observer_type CSV_TRACE = {
    .name = "csv trace",
    .hears = OBSERVE_ATTEMPTS,
    .open = open_csv,
    .on = trace_on,
    .close = trace_close,
    .trace = &FORMAT,
};
