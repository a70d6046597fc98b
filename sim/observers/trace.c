/* What the observers of all formats share: from what the engine tells to the events and counters that a format writes. */
#include "trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trace_writer.h"

/* ---- Names of files ---- */

void trace_part_name(char *into, size_t size, size_t index) { snprintf(into, size, "trace-%zu.part", index); }

/* Labels may hold what a file's name cannot, or be too long for one: then their number tells them apart. */
void trace_final_name(char *into, size_t size, const scenario *s, size_t index) {
    static const char SAFE[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.()=,";
    const char *label = s->policies[index].label, *extension = s->trace.format->extension;
    char name[128];
    snprintf(name, sizeof name, "%s", label);
    for (char *c = name; *c; c++)
        if (!strchr(SAFE, *c)) *c = '_';
    if (strcmp(name, label) == 0)
        snprintf(into, size, "trace-%s.%s", name, extension);
    else
        snprintf(into, size, "trace-%s-%zu.%s", name, index, extension);
}

/* ---- What ends by itself ---- */

/* Before anything of that time is written. */
static void pass_time(trace *t, double now) {
    for (agenda_item due; agenda_take(&t->agenda, now, &due);) {
        trace_pass_steps(t, due.at);
        due.act(t, due.about, due.at);
    }
    trace_pass_steps(t, now);
}

/* ---- Where a request is ---- */

static trace_place *place_of(const trace *t, const request *r, tier at) {
    return &t->places[place_of_host(&t->s->platform, r->record.phone, at)];
}

static slots *cores_of(const trace *t, const place *of) {
    if (of->at == TIER_PHONE) return &t->phone_cores[of->index];
    return &t->server_cores[of->index + (of->at == TIER_CLOUD ? t->s->platform.site_count : 0)];
}

/* The links that a message crosses; NULL where none is. */
static void find_path(const trace *t, const request *r, tier from, tier to, trace_link *path[2]) {
    size_t numbers[2];
    unsigned n = place_path(&t->s->platform, r->record.phone, from, to, numbers);
    for (unsigned i = 0; i < 2; i++) path[i] = i < n ? &t->links[numbers[i] - t->place_count] : NULL;
}

/* ---- Lives ---- */

static bool is_traced(const trace *t, const request *r) {
    const trace_settings *wanted = &t->s->trace;
    double at = r->record.arrival;
    return (r->number + wanted->every - t->s->run.warmup % wanted->every) % wanted->every == 0 && at >= wanted->from &&
           at < wanted->to;
}

/* An event of a traced request, with what all have in common. */
static trace_event event_of(const trace *t, const event *e, trace_what what, trace_moment moment) {
    const attempt *a = e->attempt;
    const request *r = a->request;
    return (trace_event){.what = what,
                         .moment = moment,
                         .start = moment == TRACE_ENDS ? a->traced.since : e->now,
                         .now = e->now,
                         .r = r,
                         .attempt = a,
                         .number = (int64_t)r->number - (int64_t)t->s->run.warmup,
                         .place = place_of(t, r, a->place->at),
                         .plan = &a->slice};
}

/* A phase of the request's life begins or ends, or a moment of it is written. */
static void write_event(trace *t, const event *e, trace_what what, trace_moment moment) {
    trace_event written = event_of(t, e, what, moment);
    if (moment == TRACE_BEGINS) e->attempt->traced.since = e->now;
    t->format->event(t, &written);
}

static void write_move(trace *t, const event *e, trace_what what, tier to) {
    trace_event written = event_of(t, e, what, TRACE_HAPPENS);
    written.from = e->attempt->place->at;
    written.to = to;
    t->format->event(t, &written);
}

/* Takes a lane and makes it known to the format where it is new. */
static uint32_t take_slot(trace *t, slots *from, const trace_place *of, uint64_t host, double now) {
    uint32_t lane = 0;
    bool is_new = false;
    if (!slot_take(from, &lane, &is_new)) error_memory(&t->error, 64);
    if (is_new) t->format->lane(t, of, host, lane, now);
    return lane;
}

/* A request, or another attempt of one. */
static void begin_life(trace *t, const event *e, trace_what what) {
    e->attempt->traced = (traced_attempt){.since = e->now};
    if (!e->attempt->request->traced) return;
    e->attempt->traced.lane = take_slot(t, &t->request_slots, NULL, 0, e->now);
    write_event(t, e, what, TRACE_BEGINS);
}

static void on_asked(trace *t, const event *e) {
    e->attempt->request->traced = is_traced(t, e->attempt->request);
    begin_life(t, e, TRACE_REQUEST);
}

static void on_tried(trace *t, const event *e) { begin_life(t, e, TRACE_ATTEMPT); }

static void on_routed(trace *t, const event *e) {
    if (e->attempt->request->traced) write_move(t, e, TRACE_ROUTED, e->to);
}

static void count_waiting(trace *t, const event *e, double change) {
    gauge_add(&place_of(t, e->attempt->request, e->attempt->place->at)->waiting, t, change, e->now);
}

static void on_queued(trace *t, const event *e) {
    count_waiting(t, e, 1);
    if (e->attempt->request->traced) write_event(t, e, TRACE_QUEUED, TRACE_BEGINS);
}

static void on_dequeued(trace *t, const event *e) {
    count_waiting(t, e, -1);
    if (e->attempt->request->traced) write_event(t, e, TRACE_QUEUED, TRACE_ENDS);
}

/* It has waited, for no time. */
static void on_entered(trace *t, const event *e) {
    on_queued(t, e);
    on_dequeued(t, e);
}

/* ---- Phases within what an attempt does: what holds its message, and the call that an execution begins with ---- */

/* The message's, which is at its sender yet. */
static void locate_message(const trace *t, const attempt *a, trace_event *e) {
    e->place = place_of(t, a->request, a->sender->at);
    e->from = a->sender->at;
    e->to = a->place->at;
}

static void write_inner(trace *t, attempt *a, trace_moment moment, const char *undone, double now) {
    const event at = {.now = now, .attempt = a};
    trace_event written = event_of(t, &at, (trace_what)a->traced.inner, moment);
    if (moment == TRACE_ENDS) written.start = a->traced.inner_since;
    if (a->traced.held) locate_message(t, a, &written);
    written.undone = undone;
    t->format->event(t, &written);
}

static void end_by_itself(void *self, void *about, double at);

static void begin_inner(trace *t, attempt *a, trace_what what, double now, double due) {
    a->traced.inner = (int)what;
    a->traced.inner_since = now;
    a->traced.due = due;
    write_inner(t, a, TRACE_BEGINS, NULL, now);
    agenda_add(&t->agenda, (agenda_item){.at = due, .act = end_by_itself, .about = a}, &t->error);
}

static void end_inner(trace *t, attempt *a, const char *undone, double now) {
    if (!a->traced.inner) return;
    write_inner(t, a, TRACE_ENDS, undone, now);
    a->traced.inner = 0;
}

/* What holds the message at `now`; none is left to be ended by anything but its leaving. */
static void begin_hold(trace *t, attempt *a, double now) {
    const struct {
        trace_what what;
        double seconds;
    } holds[] = {{TRACE_PROMOTION, a->held.promotion},
                 {TRACE_TURN, a->held.turn},
                 {TRACE_CONNECTION, a->held.connection}};
    double end = a->traced.since;
    for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
        end += holds[i].seconds;
        if (now < end) {
            begin_inner(t, a, holds[i].what, now, end);
            return;
        }
    }
}

/* Unless the attempt does something else by then. */
static void end_by_itself(void *self, void *about, double at) {
    attempt *a = about;
    if (!a->traced.inner || a->traced.due != at) return;
    end_inner(self, a, NULL, at);
    if (a->traced.held) begin_hold(self, a, at);
}

static void on_held(trace *t, const event *e) {
    attempt *a = e->attempt;
    trace_radio_begins(t, a, e->now);
    a->traced.held = true;
    a->traced.since = e->now;
    if (a->request->traced) begin_hold(t, a, e->now);
}

/* ---- Executions and messages ---- */

/* Another one that is computed on the same core now, together with it, and whose request is traced if that is wanted; NULL:
 * none is. */
static const attempt *mate_of(const attempt *a, bool traced) {
    const attempt *m = a;
    while (m->previous) m = m->previous;
    while (m && (m == a || m->state != ATTEMPT_COMPUTES || (traced && !m->request->traced))) m = m->next;
    return m;
}

static void on_computing(trace *t, const event *e) {
    attempt *a = e->attempt;
    const request *r = a->request;
    trace_place *here = place_of(t, r, a->place->at);
    if (!mate_of(a, false)) gauge_add(&here->busy, t, 1, e->now);
    if (!r->traced) return;
    const attempt *mate = mate_of(a, true);
    a->traced.core = mate ? mate->traced.core : take_slot(t, cores_of(t, a->place), here, trace_host(here, r), e->now);
    write_event(t, e, TRACE_COMPUTE, TRACE_BEGINS);
    double call = service_call(a->place->device, a->place->speed, &a->slice.work);
    if (call > 0) begin_inner(t, a, TRACE_CALL, e->now, e->now + call);
}

/* How what ends has come to nothing; NULL: it has not. */
static const char *undone_by(const event *e) {
    return e->kind == EVENT_LOST ? "failed" : e->kind == EVENT_CANCELLED ? "cancelled" : NULL;
}

static void on_computed(trace *t, const event *e) {
    attempt *a = e->attempt;
    const slice *done = &a->slice;
    const request *r = a->request;
    if (!mate_of(a, false)) gauge_add(&place_of(t, r, a->place->at)->busy, t, -1, e->now);
    if (!r->traced) return;
    end_inner(t, a, undone_by(e), e->now);
    trace_event ended = event_of(t, e, TRACE_COMPUTE, TRACE_ENDS);
    ended.undone = undone_by(e);
    t->format->event(t, &ended);
    if (!mate_of(a, true)) slot_give(cores_of(t, a->place), a->traced.core);
    bool escalates = done->work.layers && done->verdict.kind == VERDICT_SEND;
    if (!ended.undone && escalates) write_move(t, e, TRACE_ESCALATED, done->verdict.to);
}

/* The message that begins or ends its way, and the links that it crosses. */
static trace_event message_of(const trace *t, const event *e, trace_moment moment) {
    const attempt *a = e->attempt;
    trace_event sent = event_of(t, e, TRACE_SEND, moment);
    trace_link *path[2];
    find_path(t, a->request, a->sender->at, a->place->at, path);
    memcpy(sent.links, path, sizeof sent.links);
    locate_message(t, a, &sent);
    sent.bytes = a->sent;
    return sent;
}

static void on_sending(trace *t, const event *e) {
    attempt *a = e->attempt;
    const request *r = a->request;
    const net_link *air = &t->s->platform.cells[t->s->platform.phones[r->record.phone].cell].link;
    bool up = a->sender->at == TIER_PHONE;
    if (up || a->place->at == TIER_PHONE)
        place_of(t, r, TIER_PHONE)->joules += (double)a->sent * link_byte_joules(air, up);
    if (!a->traced.held) trace_radio_begins(t, a, e->now);
    end_inner(t, a, NULL, e->now);
    a->traced.held = false;
    a->traced.since = e->now;
    if (!r->traced) return;
    trace_event sent = message_of(t, e, TRACE_BEGINS);
    t->format->event(t, &sent);
}

static void on_sent(trace *t, const event *e) {
    const attempt *a = e->attempt;
    bool arrived = e->kind == EVENT_ARRIVED;
    trace_link *path[2];
    find_path(t, a->request, a->sender->at, a->place->at, path);
    for (unsigned i = 0; arrived && i < 2 && path[i]; i++) path[i]->bytes += (double)a->sent;
    trace_radio_ends(t, a, e->now);
    if (!a->request->traced) return;
    trace_event sent = message_of(t, e, TRACE_ENDS);
    sent.undone = undone_by(e);
    t->format->event(t, &sent);
}

/* Held no more, and it does not leave. */
static void on_let_go(trace *t, const event *e) {
    trace_radio_ends(t, e->attempt, e->now);
    end_inner(t, e->attempt, undone_by(e), e->now);
    e->attempt->traced.held = false;
}

/* What was lost had been begun: its phase ends. */
static void on_lost(trace *t, const event *e) {
    switch (e->attempt->state) {
    case ATTEMPT_WAITS: on_dequeued(t, e); break;
    case ATTEMPT_COMPUTES: on_computed(t, e); break;
    case ATTEMPT_STAYS: break; /* its slice has ended, the next one has not begun */
    case ATTEMPT_HELD: on_let_go(t, e); break;
    case ATTEMPT_TRAVELS: on_sent(t, e); break;
    }
}

/* An attempt is over; the first one's life is its request's, which may go on. */
static void end_attempt(trace *t, const event *e, const char *undone) {
    attempt *a = e->attempt;
    if (!a->request->traced || !a->number) return;
    a->traced.since = a->began;
    trace_event ended = event_of(t, e, TRACE_ATTEMPT, TRACE_ENDS);
    ended.undone = undone;
    t->format->event(t, &ended);
    slot_give(&t->request_slots, a->traced.lane);
}

static void on_failed(trace *t, const event *e) { end_attempt(t, e, "failed"); }

static void on_cancelled(trace *t, const event *e) {
    on_lost(t, e);
    end_attempt(t, e, undone_by(e));
}

/* The request's life is told where its first attempt's was. */
static void on_done(trace *t, const event *e) {
    attempt *first = &e->attempt->request->first;
    if (!first->request->traced) return;
    if (!first->request->record.failure) end_attempt(t, e, NULL);
    event whole = *e;
    whole.attempt = first;
    write_event(t, &whole, TRACE_DONE, TRACE_HAPPENS);
    first->traced.since = first->request->record.arrival;
    write_event(t, &whole, TRACE_REQUEST, TRACE_ENDS);
    slot_give(&t->request_slots, first->traced.lane);
}

static void (*const HEARS[EVENT_KINDS])(trace *, const event *) = {
    [EVENT_ASKED] = on_asked,       [EVENT_ROUTED] = on_routed,       [EVENT_ENTERED] = on_entered,
    [EVENT_QUEUED] = on_queued,     [EVENT_DEQUEUED] = on_dequeued,   [EVENT_COMPUTING] = on_computing,
    [EVENT_COMPUTED] = on_computed, [EVENT_SENDING] = on_sending,     [EVENT_ARRIVED] = on_sent,
    [EVENT_LOST] = on_lost,         [EVENT_DONE] = on_done,           [EVENT_TRIED] = on_tried,
    [EVENT_FAILED] = on_failed,     [EVENT_CANCELLED] = on_cancelled, [EVENT_HELD] = on_held,
};

bool trace_on(void *self, const event *e) {
    trace *t = self;
    if (!HEARS[e->kind]) return true;
    pass_time(t, e->now);
    HEARS[e->kind](t, e);
    return !t->text.failed && !t->error.status;
}

/* ---- Opening and closing ---- */

static trace_place make_place(const place_info *from) {
    trace_place p = {.at = from->at,
                     .device = from->device,
                     .first_phone = from->first_phone,
                     .cores = from->count * (double)from->device->cores,
                     .idle_watts = from->count * from->device->idle_watts};
    place_name(from, p.name, sizeof p.name);
    for (counter c = 0; c < COUNTER_COUNT; c++) p.written[c] = -1;
    return p;
}

static void make_places(trace *t) {
    for (size_t i = 0; i < t->place_count + t->link_count; i++) {
        place_info from = place_describe(&t->s->platform, i);
        if (!from.is_link) {
            t->places[i] = make_place(&from);
            continue;
        }
        trace_link *l = &t->links[i - t->place_count];
        *l = (trace_link){.capacity = from.bandwidth, .written = -1};
        place_name(&from, l->name, sizeof l->name);
    }
}

static void free_trace(trace *t) {
    const platform *p = &t->s->platform;
    for (uint64_t i = 0; t->phone_cores && i < p->phone_count; i++) slots_free(&t->phone_cores[i]);
    for (size_t i = 0; t->server_cores && i < p->site_count + p->region_count; i++) slots_free(&t->server_cores[i]);
    slots_free(&t->request_slots);
    free(t->phone_cores);
    free(t->server_cores);
    free(t->places);
    free(t->links);
    free(t->radios);
    agenda_free(&t->agenda);
    free(t);
}

static bool allocate(trace *t, portolan_error *err) {
    const platform *p = &t->s->platform;
    t->place_count = place_host_count(p);
    t->link_count = place_count(p) - t->place_count;
    t->places = calloc(t->place_count, sizeof *t->places);
    t->links = calloc(t->link_count, sizeof *t->links);
    t->phone_cores = calloc(p->phone_count, sizeof *t->phone_cores);
    t->server_cores = calloc(p->site_count + p->region_count, sizeof *t->server_cores);
    if (!t->places || !t->links || !t->phone_cores || !t->server_cores)
        return error_memory(err, p->phone_count * sizeof *t->phone_cores);
    make_places(t);
    return trace_open_radios(t, err);
}

bool trace_open(void **self, const observed_run *run, const trace_format *format, portolan_error *err) {
    const scenario *s = run->s;
    if (s->trace.format != format || !run->folder) return true;
    trace *t = calloc(1, sizeof *t);
    if (!t) return error_memory(err, sizeof *t);
    t->s = s;
    t->totals = &run->books->totals;
    t->format = format;
    t->label = s->policies[run->policy].label;
    t->counting = true;
    t->step_end = s->trace.from;
    char name[64];
    trace_part_name(name, sizeof name, run->policy);
    if (!allocate(t, err) || !(t->text.file = result_file_open(run->folder, name, err))) {
        free_trace(t);
        return false;
    }
    setvbuf(t->text.file, NULL, _IONBF, 0);
    t->format->begin(t);
    *self = t;
    return true;
}

/* The last step and the totals; a failed run's are not worth writing. */
bool trace_close(void *self, bool ok, portolan_error *err) {
    trace *t = self;
    portolan_error ignored = {0};
    if (ok) {
        pass_time(t, t->totals->window_end);
        trace_end_radios(t, t->totals->window_end);
        trace_end_steps(t, t->totals->window_end);
        t->format->end(t, t->totals, t->totals->window_end);
    }
    text_flush(&t->text);
    bool written = result_file_close(t->text.file, "the trace", ok ? err : &ignored);
    if (ok && written && t->error.status) *err = t->error;
    ok = ok && written && !t->error.status;
    free_trace(t);
    return ok;
}
