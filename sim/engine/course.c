/* A request's way: what its attempts do next when something has ended.
 *
 *   arrival --route--> phone: enter -> compute -> answered | send up
 *                      edge, cloud: arrive -> enter -> compute -> send down | send up
 *                      phone: arrive, answered
 *
 * An attempt is computed on a core, waits in a queue, or travels, once the phone's radio lets its message go; whoever it
 * leaves behind (a core) is taken over by the next one in the queue. Every step ends in a new activity, in a queue, or in
 * answered() or fail(), so nothing is ever lost. The first attempt that is answered answers the request, and its siblings
 * are withdrawn. */
#include <assert.h>
#include <stdlib.h>

#include "batch.h"
#include "knowledge.h"
#include "outcome_source.h"
#include "state.h"

static void tell(engine *e, event_kind kind, attempt *a, double now) {
    engine_tell(e, &(event){.kind = kind, .now = now, .attempt = a});
}

/* ---- The end ---- */

/* Nobody owns the attempt any more. The first one's memory is its request's, that of the others is the next one's. */
static void free_attempt(engine *e, attempt *a) {
    attempt_close(a);
    if (a == &a->request->first) return;
    a->sibling = e->free_attempts;
    e->free_attempts = a;
}

/* The last attempt ends here, and the request with it: the observers have seen its record, its memory is the next one's. */
static void finish(attempt *a, double now) {
    request *r = a->request;
    engine *e = r->engine;
    uint32_t asker = r->record.phone; /* r is another's from here on */
    attempt_end(a, now);
    assert(!r->attempts);
    r->record.latency = now - r->record.arrival;
    tell(e, EVENT_DONE, a, now);
    steering_feedback(&e->policy, a, now);
    free_attempt(e, a);
    r->next = e->free_requests;
    e->free_requests = r;
    e->finished++;
    if (e->answered) e->answered(e, asker);
    engine_check_end(e);
}

static bool is_last(const attempt *a) { return a->request->attempts == a && !a->sibling; }

/* The attempt has failed, and its request with it if it was the last one under way, also after the observers' hearing
 * of it. */
static void fail(attempt *a, failure why, double now) {
    engine *e = a->request->engine;
    a->failure = why;
    tell(e, EVENT_FAILED, a, now);
    if (is_last(a)) {
        a->request->record.failure = (uint8_t)why;
        finish(a, now);
    } else {
        attempt_end(a, now);
        free_attempt(e, a);
    }
}

/* ---- Siblings that are not needed any more ---- */

static attempt *pass_core_on(engine *e, place *here, double now);
static void compute(attempt *first, double now);
static void book_compute(attempt *a, const slice *done, double now);

/* A member of a batch leaves the others alone; the last one leaves the core, to those that are returned, if any wait. If the
 * batch has just ended, computed() looks after the core. */
static attempt *leave_core(attempt *a, double now) {
    engine *e = a->request->engine;
    place *here = a->place;
    activity *doing = a->doing;
    attempt *rest = batch_leave(a);
    if (!doing) return NULL;
    if (rest) {
        world_retell(doing, &rest->base);
        return NULL;
    }
    engine_cancel(e, doing);
    return pass_core_on(e, here, now);
}

/* Takes the attempt from whoever owns it, who goes on without it; what it has spent is booked. */
static void withdraw(attempt *a, double now) {
    engine *e = a->request->engine;
    bool has_core = a->state == ATTEMPT_COMPUTES || a->state == ATTEMPT_STAYS;
    if (a->state == ATTEMPT_WAITS) place_leave(a->place, a, now);
    if (a->state == ATTEMPT_HELD || a->state == ATTEMPT_TRAVELS) {
        engine_cancel(e, a->doing);
        access_leave(a, now);
    }
    if (a->state == ATTEMPT_COMPUTES) {
        batch_settle(batch_first(a), now);
        book_compute(a, &(slice){0}, now);
    }
    tell(e, EVENT_CANCELLED, a, now);
    attempt *next = has_core ? leave_core(a, now) : NULL;
    attempt_end(a, now);
    free_attempt(e, a);
    if (next) compute(next, now);
}

/* Leaves the request with this attempt alone. Whoever calls it has no attempt in hand that it has taken out of a queue. */
static void withdraw_others(attempt *a, double now) {
    request *r = a->request;
    while (!is_last(a)) withdraw(r->attempts == a ? a->sibling : r->attempts, now);
}

/* The attempt is at its phone, with the answer. */
static void answered(attempt *a, double now) {
    withdraw_others(a, now);
    request_answer(a->request, a);
    finish(a, now);
}

/* The attempt is at its phone again, with an answer or with the refusal. */
static void come_home(attempt *a, double now) {
    if (a->failure)
        fail(a, a->failure, now);
    else
        answered(a, now);
}

/* ---- Travelling ---- */

/* What is known of load travels with the messages: the answer takes that of its server along, and how long the servers kept
 * the request, without which its phone could not tell the network's share of the time. */
static void note_leaving(attempt *a, double now) {
    if (!a->request->engine->known) return;
    if (a->place->at == TIER_PHONE) {
        a->left = now;
        a->stayed = 0;
    } else {
        a->stayed += now;
        a->told = place_report(a->place, now);
    }
}

static void note_arriving(attempt *a, double now) {
    if (!a->request->engine->known) return;
    if (a->place->at == TIER_PHONE)
        knowledge_hear(a->request->engine->known, a, now);
    else
        a->stayed -= now;
}

static void travel(attempt *a, double now) {
    request *r = a->request;
    engine *e = r->engine;
    a->state = ATTEMPT_TRAVELS;
    a->since = now;
    tell(e, EVENT_SENDING, a, now);
    a->doing = engine_send(e, r->record.phone, (place *const[]){a->sender, a->place}, a->sent, &a->base);
}

static void hold(attempt *a, double until, double now) {
    engine *e = a->request->engine;
    a->state = ATTEMPT_HELD;
    a->since = now;
    tell(e, EVENT_HELD, a, now);
    a->doing = engine_timer(e, until, &a->base);
}

/* The message takes the attempt over: from its place, which it leaves, to `to`. It is booked as a whole when it leaves,
 * whatever becomes of it. */
static void send_to(attempt *a, place *to, uint64_t bytes, double now) {
    request *r = a->request;
    engine *e = r->engine;
    note_leaving(a, now);
    a->sender = a->place;
    a->place = to;
    a->sent = bytes;
    request_book_transfer(r, e->s, a->sender->at, to->at, bytes);
    double start = access_begin(a, now);
    if (start > now)
        hold(a, start, now);
    else
        travel(a, now);
}

static void send_answer(attempt *a, double now) {
    engine *e = a->request->engine;
    if (a->place->at == TIER_PHONE)
        come_home(a, now);
    else
        send_to(a, engine_place_for(e, a->request->record.phone, TIER_PHONE),
                platform_wire_bytes(&e->s->platform.network, e->s->payload.answer), now);
}

static void send_up(attempt *a, tier to, bool hidden, double now) {
    request *r = a->request;
    engine *e = r->engine;
    uint64_t bytes = request_payload(r, e->s, hidden);
    outcome_source_cut(a, e->s, hidden);
    send_to(a, engine_place_for(e, r->record.phone, to), bytes, now);
}

/* ---- Computing ---- */

/* The next slice: for v(x), as long as the policy has not said where to go. */
static void begin_slice(attempt *a, double now) {
    request *r = a->request;
    engine *e = r->engine;
    a->state = ATTEMPT_COMPUTES;
    a->since = now;
    bool goes_on = a->slice.work.layers && a->slice.verdict.kind == VERDICT_CONTINUE;
    if (a->routed)
        a->slice = steering_plan(&e->policy, a, a->place->at, now);
    else
        a->slice = (slice){.work = steering_router_work(&e->policy, r)};
    a->slice.work.goes_on = goes_on;
    tell(e, EVENT_COMPUTING, a, now);
}

/* The core takes over those that are computed together, and their next slices are one activity. */
static void compute(attempt *first, double now) {
    engine *e = first->request->engine;
    place *here = first->place;
    assert(!here->down);
    for (attempt *a = first; a; a = a->next) begin_slice(a, now);
    service_work work = batch_work(first);
    e->outside_table += place_outside_table(here, &work);
    batch_begin(first, now);
    activity *doing = world_compute(e->world, &here->computes, place_seconds(here, &work), &first->base);
    if (!doing) engine_out_of_memory(e, sizeof *first);
    for (attempt *a = first; a; a = a->next) a->doing = doing;
}

/* Asks the policy where the request goes first. */
static tier route(attempt *a, double now) {
    request *r = a->request;
    engine *e = r->engine;
    tier to = steering_route(&e->policy, a, now);
    engine_tell(e, &(event){.kind = EVENT_ROUTED, .now = now, .attempt = a, .to = to});
    return to;
}

/* A core of the place has finished and goes to the next in the queue, who are returned; NULL: it is free. */
static attempt *pass_core_on(engine *e, place *here, double now) {
    attempt *next = place_next(here, now);
    for (attempt *a = next; a; a = a->next) tell(e, EVENT_DEQUEUED, a, now);
    return next;
}

/* The slice decides: an answer, or further up. The core has been left. */
static void go_on(attempt *a, double now) {
    const verdict *v = &a->slice.verdict;
    if (v->kind == VERDICT_ANSWER)
        send_answer(a, now);
    else
        send_up(a, v->to, v->hidden, now);
}

/* v(x) has been computed: the policy says where to go first. */
static verdict first_step(attempt *a, double now) {
    tier to = route(a, now);
    return to == a->place->at ? (verdict){.kind = VERDICT_CONTINUE} : policy_send(to);
}

static void book_compute(attempt *a, const slice *done, double now) {
    request_book_slice(a->request, a->place, a->request->engine->s, done, now - a->since, a->own_seconds);
}

/* Books the slice and asks what follows. An answer at the phone ends the request: its other attempts are withdrawn while
 * they have owners, before one of them is given the core. */
static void conclude(attempt *a, double now) {
    place *here = a->place;
    engine *e = a->request->engine;
    book_compute(a, &a->slice, now);
    here->served++;
    here->served_seconds += a->own_seconds;
    bool asked = a->slice.verdict.kind != VERDICT_CONTINUE; /* when the slice began */
    if (a->routed && !asked) a->slice.verdict = steering_ask(&e->policy, a, here->at, now);
    tell(e, EVENT_COMPUTED, a, now);
    if (!a->routed) a->slice.verdict = first_step(a, now);
    if (a->slice.verdict.kind == VERDICT_ANSWER && here->at == TIER_PHONE) withdraw_others(a, now);
}

/* A batch has been computed. Its members leave the core one after the other, but for those that the policy wants to go on
 * here; the last one passes it on. */
static void computed(attempt *first, double now) {
    place *here = first->place;
    engine *e = first->request->engine;
    batch_settle(first, now);
    attempt *stay = first; /* on the core, for their next slice */
    for (attempt *a = first, *rest; a; a = rest) {
        conclude(a, now);
        rest = a->next;
        if (a->slice.verdict.kind == VERDICT_CONTINUE) {
            a->from += a->slice.work.layers;
            a->state = ATTEMPT_STAYS;
            continue;
        }
        stay = batch_leave(a);
        attempt *next = stay ? NULL : pass_core_on(e, here, now);
        go_on(a, now);
        if (next) compute(next, now);
    }
    if (stay) compute(stay, now);
}

/* ---- Entering a place ---- */

/* The place is down, and sends no answer. */
static void turn_away(attempt *a, double now) {
    tell(a->request->engine, EVENT_REFUSED, a, now);
    fail(a, FAILURE_SERVER, now);
}

/* The attempt is at its place's door: a core takes it over, or the queue, or the answer that says no. */
static void enter(attempt *a, double now) {
    engine *e = a->request->engine;
    switch (place_enter(a->place, a, now)) {
    case ENTERED_CORE:
        tell(e, EVENT_ENTERED, a, now);
        compute(a, now);
        break;
    case ENTERED_QUEUE:
        a->state = ATTEMPT_WAITS;
        tell(e, EVENT_QUEUED, a, now);
        break;
    case REFUSED:
        a->failure = FAILURE_QUEUE_FULL;
        tell(e, EVENT_REFUSED, a, now);
        send_answer(a, now); /* a refusal is a message like any answer */
        break;
    }
}

static void arrived(attempt *a, double now) {
    access_leave(a, now);
    note_arriving(a, now);
    tell(a->request->engine, EVENT_ARRIVED, a, now);
    if (a->place->down)
        turn_away(a, now);
    else if (a->place->at == TIER_PHONE)
        come_home(a, now);
    else
        enter(a, now);
}

/* ---- What ends ---- */

/* A message did not arrive. */
static void not_arrived(attempt *a, double now) {
    access_leave(a, now);
    tell(a->request->engine, EVENT_LOST, a, now);
    fail(a, FAILURE_NETWORK, now);
}

/* A batch failed with its place: what it spent is booked, its layers are not, and the core is left as if it had ended. */
static void not_computed(attempt *first, double now) {
    place *here = first->place;
    engine *e = first->request->engine;
    batch_settle(first, now);
    for (attempt *a = first, *rest; a; a = rest) {
        book_compute(a, &(slice){0}, now);
        tell(e, EVENT_LOST, a, now);
        rest = batch_leave(a);
        attempt *next = rest ? NULL : pass_core_on(e, here, now);
        fail(a, FAILURE_SERVER, now);
        if (next) compute(next, now);
    }
}

static void on_end(subject *self, world_event how, double now) {
    attempt *a = (attempt *)self;
    assert(a->state != ATTEMPT_WAITS && a->state != ATTEMPT_STAYS);
    a->doing = NULL;
    if (a->state == ATTEMPT_COMPUTES) {
        for (attempt *mate = a->next; mate; mate = mate->next) mate->doing = NULL;
        if (how == WORLD_COMPUTED)
            computed(a, now);
        else
            not_computed(a, now);
    } else if (a->state == ATTEMPT_HELD) {
        travel(a, now);
    } else if (how == WORLD_ARRIVED) {
        arrived(a, now);
    } else {
        not_arrived(a, now);
    }
}

static void abandon(engine *e, place *here) {
    double now = world_now();
    for (attempt *a; (a = here->first);) {
        place_leave(here, a, now);
        tell(e, EVENT_LOST, a, now);
        fail(a, FAILURE_SERVER, now);
    }
}

/* ---- The beginning ---- */

static request *new_request(engine *e) {
    request *r = e->free_requests;
    if (!r) return malloc(sizeof *r);
    e->free_requests = r->next;
    return r;
}

static attempt *new_attempt(engine *e) {
    attempt *a = e->free_attempts;
    if (!a) return malloc(sizeof *a);
    e->free_attempts = a->sibling;
    return a;
}

/* The request owns another attempt, which is at its phone. */
static attempt *begin(request *r, attempt *a, double now) {
    a->base.on = on_end;
    attempt_open(a, r, engine_place(r->engine, TIER_PHONE, r->record.phone), now);
    return a;
}

/* From the phone, where it begins, to where it is to be computed first. */
static void leave_for(attempt *a, tier to, double now) {
    if (to == TIER_PHONE)
        enter(a, now);
    else
        send_up(a, to, false, now);
}

void course_begin(engine *e, const arrival *asked) {
    request *r = new_request(e);
    if (!r) {
        engine_out_of_memory(e, sizeof *r);
        return;
    }
    request_open(r, e->s, e->arrived++, asked);
    r->engine = e;
    access_prepare(r);
    attempt *a = begin(r, &r->first, asked->time);
    tell(e, EVENT_ASKED, a, asked->time);
    if (a->place->down)
        turn_away(a, asked->time);
    else
        leave_for(a, e->policy.by->needs & POLICY_NEEDS_V ? TIER_PHONE : route(a, asked->time), asked->time);
}

bool engine_try_again(engine *e, request *r, tier to) {
    double now = world_now();
    assert(r->attempts);
    attempt *a = new_attempt(e);
    if (!a) {
        engine_out_of_memory(e, sizeof *a);
        return false;
    }
    begin(r, a, now);
    a->routed = true;
    engine_tell(e, &(event){.kind = EVENT_TRIED, .now = now, .attempt = a, .to = to});
    if (a->place->down)
        turn_away(a, now);
    else
        leave_for(a, to, now);
    return true;
}

void engine_place_set_up(engine *e, place *which, bool up) {
    which->down = !up;
    if (up) return;
    if (!world_fail(e->world, &which->computes)) engine_out_of_memory(e, sizeof *which);
    abandon(e, which);
}
