/* What makes requests arrive: timers that go off when one does. */
#include <stdlib.h>

#include "state.h"

/* A phone of a closed loop: it thinks, asks, and waits for the answer. */
typedef struct thinker {
    subject base;
    engine *e;
    uint32_t phone, turn;
    double asks; /* when it has thought */
} thinker;

struct source {
    subject base; /* open loop: the next arrival's timer */
    engine *e;
    arrival_source arrivals;
    arrival next;
    thinker *thinkers; /* closed loop: [phone_count] */
    uint64_t thinking; /* of them, those that will ask again */
};

static bool is_late(const engine *e, double time) {
    return e->arrived >= e->expected || (e->s->run.duration > 0 && time > e->s->run.duration);
}

static void no_more(engine *e) {
    e->source_done = true;
    engine_check_end(e);
}

/* ---- Open loop ---- */

static void wait_for_next(source *from) {
    from->next = arrivals_next(&from->arrivals);
    if (is_late(from->e, from->next.time))
        no_more(from->e);
    else
        engine_timer(from->e, from->next.time, &from->base);
}

static void next_arrives(subject *self, world_event how, double now) {
    (void)how, (void)now;
    source *from = (source *)self;
    course_begin(from->e, &from->next);
    wait_for_next(from);
}

/* ---- Closed loop ---- */

static arrival arrival_of(const thinker *t) {
    const scenario *s = t->e->s;
    return arrivals_closed(&s->workload, s->platform.phone_count, s->table.samples, s->seed, t->phone, t->turn);
}

static void think(thinker *t) {
    t->asks = world_now() + arrival_of(t).time;
    engine_timer(t->e, t->asks, &t->base);
}

static void has_thought(subject *self, world_event how, double now) {
    (void)how;
    thinker *t = (thinker *)self;
    engine *e = t->e;
    if (is_late(e, now)) {
        if (--e->source->thinking == 0) no_more(e);
        return;
    }
    arrival asked = arrival_of(t);
    asked.time = now;
    t->turn++;
    course_begin(e, &asked);
}

static void answered(engine *e, uint32_t of_phone) { think(&e->source->thinkers[of_phone]); }

static bool open_thinkers(engine *e) {
    uint64_t phones = e->s->platform.phone_count;
    source *from = e->source;
    from->thinkers = calloc(phones, sizeof *from->thinkers);
    if (!from->thinkers) return error_memory(e->err, phones * sizeof *from->thinkers);
    from->thinking = phones;
    e->answered = answered;
    for (uint64_t i = 0; i < phones; i++) {
        from->thinkers[i] = (thinker){.base = {has_thought}, .e = e, .phone = (uint32_t)i};
        think(&from->thinkers[i]);
    }
    return true;
}

/* ---- Both ---- */

bool source_open(engine *e) {
    const scenario *s = e->s;
    source *from = e->source = calloc(1, sizeof *from);
    if (!from) return error_memory(e->err, sizeof *from);
    from->e = e;
    if (s->workload.process == ARRIVALS_CLOSED) return open_thinkers(e);
    from->base.on = next_arrives;
    if (!arrivals_open(&from->arrivals, &s->workload, s->platform.phone_count, s->table.samples, s->seed, e->err))
        return false;
    wait_for_next(from);
    return true;
}

void source_close(engine *e) {
    if (!e->source) return;
    arrivals_close(&e->source->arrivals);
    free(e->source->thinkers);
    free(e->source);
}
