/* Chrome's trace-event format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.
 *
 * "Trace Event Format", Google, docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: a
 * JSON object with traceEvents; ts and dur in microseconds. A life is a nestable async span (b, e) with its
 * phases inside, all of one id; an execution also is a complete event (X) on a thread of its host's process,
 * one thread a core, so that no two of a thread overlap; counters are C. */
#include <math.h>

#include "trace_writer.h"

enum { PID_REQUESTS = 1, PID_NETWORK, PID_PLACES };

static uint64_t pid_of(const trace *t, const trace_place *p) { return PID_PLACES + (uint64_t)(p - t->places); }

/* A process of their own for the radios of a group. */
static uint64_t radios_pid(const trace *t, const trace_place *group) { return pid_of(t, group) + t->place_count; }

static uint64_t tid_of(const trace_place *p, uint64_t host, uint32_t core) {
    return host * p->device->cores + core + 1;
}

static void put_text_key(trace_text *o, const char *key, const char *value) {
    text_put(o, key);
    text_quoted(o, value, '\\');
}

static void put_number_key(trace_text *o, const char *key, double value, unsigned decimals) {
    text_put(o, key);
    text_fixed(o, value, decimals);
}

static void put_count_key(trace_text *o, const char *key, uint64_t value) {
    text_put(o, key);
    text_unsigned(o, value);
}

/* Times are rounded to nanoseconds before they are subtracted, so that what ends where another begins still
 * does. */
static double microseconds(double seconds) { return round(seconds * 1e9) / 1e3; }

static void put_time(trace_text *o, const char *key, double seconds) {
    put_number_key(o, key, microseconds(seconds), 3);
}

/* ---- Metadata ---- */

static void put_process(trace *t, uint64_t pid, const char *name) {
    trace_text *o = &t->text;
    if (pid != PID_REQUESTS) text_put(o, ",\n");
    put_count_key(o, "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":", pid);
    put_text_key(o, ",\"args\":{\"name\":", name);
    put_count_key(o, "}},\n{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":", pid);
    put_count_key(o, ",\"args\":{\"sort_index\":", pid);
    text_put(o, "}}");
}

static void begin(trace *t) {
    text_put(&t->text, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    char name[300];
    snprintf(name, sizeof name, "requests of %s", t->label);
    put_process(t, PID_REQUESTS, name);
    put_process(t, PID_NETWORK, "network");
    for (size_t i = 0; i < t->place_count; i++) put_process(t, PID_PLACES + i, t->places[i].name);
    for (size_t i = 0; t->radios && i < t->s->platform.group_count; i++) {
        snprintf(name, sizeof name, "radios of %s", t->places[i].name);
        put_process(t, radios_pid(t, &t->places[i]), name);
    }
}

static void lane(trace *t, const trace_place *of, uint64_t host, uint32_t number, double now) {
    (void)now;
    if (!of) return; /* lives are told apart by their ids */
    trace_text *o = &t->text;
    uint64_t tid = tid_of(of, host, number);
    put_count_key(o, ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":", pid_of(t, of));
    put_count_key(o, ",\"tid\":", tid);
    text_put(o, ",\"args\":{\"name\":\"");
    if (of->at == TIER_PHONE) put_count_key(o, "phone ", of->first_phone + host);
    if (of->at == TIER_PHONE && of->device->cores > 1) text_put(o, " ");
    if (of->at != TIER_PHONE || of->device->cores > 1) put_count_key(o, "core ", number + 1ull);
    put_count_key(o, "\"}},\n{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":", pid_of(t, of));
    put_count_key(o, ",\"tid\":", tid);
    put_count_key(o, ",\"args\":{\"sort_index\":", tid);
    text_put(o, "}}");
}

/* ---- Lives ---- */

static void put_request_args(trace *t, const trace_event *e) {
    trace_text *o = &t->text;
    text_put(o, "\"request\":");
    text_signed(o, e->number);
    put_count_key(o, ",\"phone\":", e->r->record.phone);
    put_count_key(o, ",\"sample\":", e->r->record.sample);
    put_count_key(o, ",\"tokens\":", e->r->record.tokens);
}

static void put_slice_args(trace *t, const trace_event *e) {
    trace_text *o = &t->text;
    put_number_key(o, "\"mflop\":", e->plan->work.flops * 1e-6, 6);
    put_text_key(o, ",\"then\":", trace_decision(e));
    if (!e->plan->work.layers) return;
    put_count_key(o, ",\"first_layer\":", e->attempt->from + 1ull);
    put_count_key(o, ",\"last_layer\":", (uint64_t)e->attempt->from + e->plan->work.layers);
    put_count_key(o, ",\"exits\":", e->plan->exits);
}

static void put_send_args(trace *t, const trace_event *e) {
    trace_text *o = &t->text;
    put_count_key(o, "\"bytes\":", e->bytes);
    put_text_key(o, ",\"link\":", e->links[0]->name);
    if (e->links[1]) put_text_key(o, ",\"then_link\":", e->links[1]->name);
}

/* The row of requests.csv, times in milliseconds as Perfetto shows them. */
static void put_record_args(trace *t, const trace_event *e) {
    static const char *const WAITS[TIER_COUNT] = {",\"wait_phone_ms\":", ",\"wait_edge_ms\":", ",\"wait_cloud_ms\":"};
    trace_text *o = &t->text;
    const request_record *r = &e->r->record;
    put_text_key(o, "\"outcome\":", trace_outcome(e->r));
    if (r->failure) {
        put_text_key(o, ",\"failure\":", FAILURE_NAMES[r->failure]);
    } else {
        put_text_key(o, ",\"tier\":", TIER_NAMES[r->tier]);
        put_count_key(o, ",\"exit\":", r->exit);
        put_count_key(o, ",\"prediction\":", r->prediction);
        put_count_key(o, ",\"label\":", t->s->table.labels[r->sample]);
    }
    put_number_key(o, ",\"latency_ms\":", r->latency * 1e3, 6);
    for (int k = 0; k < TIER_COUNT; k++)
        if (!isnan(r->wait[k])) put_number_key(o, WAITS[k], r->wait[k] * 1e3, 6);
    put_number_key(o, ",\"compute_ms\":", r->compute * 1e3, 6);
    put_number_key(o, ",\"cost\":", r->cost, 9);
    put_number_key(o, ",\"energy_active_phone_j\":", r->phone_joules, 9);
    put_number_key(o, ",\"energy_active_server_j\":", r->server_joules, 9);
    put_count_key(o, ",\"bytes_up\":", r->bytes_up);
    put_count_key(o, ",\"bytes_down\":", r->bytes_down);
}

static void put_async_args(trace *t, const trace_event *e) {
    if (e->what == TRACE_REQUEST && e->moment == TRACE_BEGINS) put_request_args(t, e);
    if (e->what == TRACE_REQUEST && e->moment == TRACE_ENDS) put_record_args(t, e);
    if (e->what == TRACE_COMPUTE && e->moment == TRACE_BEGINS) put_slice_args(t, e);
    if (e->what == TRACE_SEND && e->moment == TRACE_BEGINS) put_send_args(t, e);
    if (e->undone) put_text_key(&t->text, "\"ended\":", e->undone);
    if (e->what == TRACE_ESCALATED)
        put_text_key(&t->text, "\"sends\":", e->plan->verdict.hidden ? "hidden state" : "tokens");
}

/* Spans of one id nest, which those of attempts side by side would not. */
static uint64_t id_of(const trace_event *e) { return (uint64_t)e->attempt->number << 48 | e->r->number; }

static void put_async(trace *t, const trace_event *e) {
    static const char *const PHASES[] = {[TRACE_BEGINS] = "b", [TRACE_ENDS] = "e", [TRACE_HAPPENS] = "n"};
    trace_text *o = &t->text;
    char title[TRACE_NAME];
    trace_title(title, e);
    put_text_key(o, ",\n{\"ph\":", PHASES[e->moment]);
    put_text_key(o, ",\"cat\":\"request\",\"name\":", title);
    text_put(o, ",\"id\":\"0x");
    text_hexadecimal(o, id_of(e));
    put_time(o, "\",\"pid\":1,\"tid\":1,\"ts\":", e->now);
    text_put(o, ",\"args\":{");
    put_async_args(t, e);
    text_put(o, "}}");
}

/* An execution on its core. */
static void put_execution(trace *t, const trace_event *e) {
    trace_text *o = &t->text;
    char title[TRACE_NAME];
    put_text_key(o, ",\n{\"ph\":\"X\",\"cat\":\"compute\",\"name\":", trace_slice_title(title, e));
    put_count_key(o, ",\"pid\":", pid_of(t, e->place));
    put_count_key(o, ",\"tid\":", tid_of(e->place, trace_host(e->place, e->r), e->attempt->traced.core));
    put_time(o, ",\"ts\":", e->start);
    put_number_key(o, ",\"dur\":", microseconds(e->now) - microseconds(e->start), 3);
    text_put(o, ",\"args\":{");
    put_request_args(t, e);
    text_put(o, ",");
    put_slice_args(t, e);
    text_put(o, "}}");
}

static void put_event(trace *t, const trace_event *e) {
    put_async(t, e);
    if (e->what == TRACE_COMPUTE && e->moment == TRACE_ENDS) put_execution(t, e);
}

/* ---- Radios: a thread a phone ---- */

static void put_radio_name(trace *t, const trace_radio *r, uint64_t tid) {
    put_count_key(&t->text, ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":", radios_pid(t, r->place));
    put_count_key(&t->text, ",\"tid\":", tid);
    put_count_key(&t->text, ",\"args\":{\"name\":\"radio of phone ", r->phone);
    text_put(&t->text, "\"}}");
}

static void put_radio(trace *t, const trace_radio *r) {
    trace_text *o = &t->text;
    uint64_t tid = r->phone - r->place->first_phone + 1;
    if (r->first) put_radio_name(t, r, tid);
    if (r->moment == TRACE_BEGINS || r->now == r->start) return;
    put_text_key(o, ",\n{\"ph\":\"X\",\"cat\":\"radio\",\"name\":", RADIO_STATE_NAMES[r->state]);
    put_count_key(o, ",\"pid\":", radios_pid(t, r->place));
    put_count_key(o, ",\"tid\":", tid);
    put_time(o, ",\"ts\":", r->start);
    put_number_key(o, ",\"dur\":", microseconds(r->now) - microseconds(r->start), 3);
    text_put(o, ",\"args\":{\"request\":");
    text_signed(o, r->number);
    put_number_key(o, ",\"energy_j\":", r->joules, 9);
    text_put(o, "}}");
}

/* ---- Counters ---- */

/* A counter is known by its process and name; the network's are named after the link. */
static void sample(trace *t, const trace_sample *s) {
    trace_text *o = &t->text;
    const counter_name *c = &COUNTER_NAMES[s->counter];
    text_put(o, ",\n{\"ph\":\"C\",\"name\":\"");
    text_put(o, s->place ? c->name : s->link->name);
    put_count_key(o, "\",\"pid\":", s->place ? pid_of(t, s->place) : PID_NETWORK);
    put_time(o, ",\"ts\":", s->start);
    text_put(o, ",\"args\":{");
    text_quoted(o, c->unit, '\\');
    put_number_key(o, ":", s->value, 6);
    text_put(o, "}}");
}

/* ---- The end ---- */

/* What is needed to turn counters into sums. */
static void put_place(trace *t, const trace_place *p) {
    trace_text *o = &t->text;
    put_text_key(o, "{\"name\":", p->name);
    put_count_key(o, ",\"pid\":", pid_of(t, p));
    put_text_key(o, ",\"tier\":", TIER_NAMES[p->at]);
    put_number_key(o, ",\"cores\":", p->cores, 0);
    put_number_key(o, ",\"idle_w\":", p->idle_watts, 6);
    text_put(o, "}");
}

static void end(trace *t, const run_totals *totals, double now) {
    trace_text *o = &t->text;
    put_text_key(o, "\n],\n\"otherData\":{\"scenario\":", t->s->name);
    put_text_key(o, ",\"policy\":", t->label);
    put_count_key(o, ",\"seed\":", t->s->seed);
    put_count_key(o, ",\"every\":", t->s->trace.every);
    put_number_key(o, ",\"step_s\":", t->s->trace.step, 9);
    put_number_key(o, ",\"window_start_s\":", totals->window_start, 9);
    put_number_key(o, ",\"end_s\":", now, 9);
    text_put(o, ",\"places\":[");
    for (size_t i = 0; i < t->place_count; i++) {
        text_put(o, i ? ",\n" : "\n");
        put_place(t, &t->places[i]);
    }
    text_put(o, "]}}\n");
}

static const trace_format FORMAT = {
    .name = "chrome",
    .extension = "json",
    .use =
        "trace events, for Perfetto (https://ui.perfetto.dev), chrome://tracing, and speedscope (without the counters)",
    .begin = begin,
    .lane = lane,
    .event = put_event,
    .radio = put_radio,
    .sample = sample,
    .end = end,
};

static bool open_chrome(void **self, const observed_run *run, portolan_error *err) {
    return trace_open(self, run, &FORMAT, err);
}

const observer_type CHROME_TRACE = {
    .name = "chrome trace",
    .hears = OBSERVE_ATTEMPTS,
    .open = open_chrome,
    .on = trace_on,
    .close = trace_close,
    .trace = &FORMAT,
};
