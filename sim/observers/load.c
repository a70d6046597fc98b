/* See load.h.
 *
 * Overload is judged over the arrivals of the run: from the end of the warm-up to the last arrival, behind which queues
 * only empty. Which arrival is the last is not known before the end. So each place has two tallies: what came until an
 * arrival that has happened, and what has come since, which is added to it when another arrival is seen.
 *
 * What came to a place either was served, waits, or was refused. So if more came than the place can serve, the waiting
 * work has grown or requests were refused; neither needs a test of its own. */
#include "load.h"

#include <math.h>
#include <stdlib.h>

place_load *loads_open(const platform *p) {
    size_t count = place_count(p);
    place_load *loads = calloc(count, sizeof *loads);
    for (size_t i = 0; loads && i < count; i++) {
        place_info here = place_describe(p, i);
        loads[i].servers = here.is_link ? 1 : here.count * (double)here.device->cores;
        /* what the network model lets a link carry, without the latency */
        if (here.is_link && here.bandwidth > 0)
            loads[i].byte_seconds = platform_transfer_time(&p->network, 0, here.bandwidth, 1);
    }
    return loads;
}

static void add_later(load_tally *came, const load_tally *later) {
    came->work += later->work;
    came->squares += later->squares;
    came->pieces += later->pieces;
    if (!came->refused) came->refused_since = later->refused_since;
    came->refused += later->refused;
    came->waits_since = fmax(came->waits_since, later->waits_since);
}

/* The tally of what came at `then`. */
static load_tally *tally_of(place_load *l, const run_totals *t, double then) {
    if (l->known_arrival != t->last_arrival) {
        add_later(&l->came, &l->later);
        l->later = (load_tally){0};
        l->known_arrival = t->last_arrival;
    }
    return then <= t->last_arrival ? &l->came : &l->later;
}

static void add_work(place_load *l, const run_totals *t, double entered, double seconds) {
    if (entered < t->window_start) return;
    load_tally *tally = tally_of(l, t, entered);
    tally->work += seconds;
    tally->squares += seconds * seconds;
    tally->pieces++;
}

static void add_waiting(place_load *l, const run_totals *t, double now) {
    if (l->waiting++ == 0) tally_of(l, t, now)->waits_since = now;
}

static void refuse(place_load *l, const run_totals *t, double now) {
    if (now < t->window_start) return;
    load_tally *tally = tally_of(l, t, now);
    if (tally->refused++ == 0) tally->refused_since = now;
}

/* ---- Events ---- */

static bool is_counted(const scenario *s, const attempt *a) { return a->request->number >= s->run.warmup; }

static place_load *host_of(const run_books *b, const scenario *s, const attempt *a) {
    return &b->places[place_of_host(&s->platform, a->request->record.phone, a->place->at)];
}

static void on_entered(run_books *b, const scenario *s, const event *e) {
    place_load *l = host_of(b, s, e->attempt);
    l->arrivals += is_counted(s, e->attempt);
    if (e->kind == EVENT_QUEUED) add_waiting(l, &b->totals, e->now);
    if (e->kind != EVENT_REFUSED) return;
    refuse(l, &b->totals, e->now);
    l->failed += is_counted(s, e->attempt);
}

static void on_dequeued(run_books *b, const scenario *s, const event *e) { host_of(b, s, e->attempt)->waiting--; }

static void on_computed(run_books *b, const scenario *s, const event *e) {
    const attempt *a = e->attempt;
    run_totals *t = &b->totals;
    place_load *l = host_of(b, s, a);
    add_work(l, t, a->entered, a->own_seconds);
    if (e->now <= t->window_start) return;
    double whole = e->now - a->since, counted = e->now - fmax(a->since, t->window_start);
    double seconds = whole > 0 ? counted * (a->own_seconds / whole) : 0; /* others may have been computed with it */
    t->busy_seconds[a->place->at] += seconds;
    l->busy += seconds;
}

static unsigned path_of(const scenario *s, const attempt *a, size_t path[2]) {
    return place_path(&s->platform, a->request->record.phone, a->sender->at, a->place->at, path);
}

static void on_sending(run_books *b, const scenario *s, const event *e) {
    size_t path[2];
    unsigned n = path_of(s, e->attempt, path);
    for (unsigned i = 0; i < n; i++) {
        place_load *l = &b->places[path[i]];
        double seconds = (double)e->attempt->sent * l->byte_seconds;
        l->arrivals += is_counted(s, e->attempt);
        add_waiting(l, &b->totals, e->now);
        add_work(l, &b->totals, e->now, seconds);
        if (e->now >= b->totals.window_start) l->busy += seconds;
    }
}

static void on_sent(run_books *b, const scenario *s, const event *e) {
    size_t path[2];
    unsigned n = path_of(s, e->attempt, path);
    for (unsigned i = 0; i < n; i++) {
        b->places[path[i]].waiting--;
        b->places[path[i]].failed += e->kind == EVENT_LOST && is_counted(s, e->attempt);
    }
}

/* Lost or cancelled under way, on a core (whose time is spent, and work it was), or in a queue. */
static void on_lost(run_books *b, const scenario *s, const event *e) {
    attempt_state doing = e->attempt->state;
    if (doing == ATTEMPT_HELD || doing == ATTEMPT_STAYS) return; /* on no link, no core yet */
    if (doing == ATTEMPT_TRAVELS) {
        on_sent(b, s, e);
        return;
    }
    if (doing == ATTEMPT_COMPUTES)
        on_computed(b, s, e);
    else
        on_dequeued(b, s, e);
    host_of(b, s, e->attempt)->failed += e->kind == EVENT_LOST && is_counted(s, e->attempt);
}

static void (*const HEARS[EVENT_KINDS])(run_books *, const scenario *, const event *) = {
    [EVENT_ENTERED] = on_entered,   [EVENT_QUEUED] = on_entered,    [EVENT_REFUSED] = on_entered,
    [EVENT_DEQUEUED] = on_dequeued, [EVENT_COMPUTED] = on_computed, [EVENT_SENDING] = on_sending,
    [EVENT_ARRIVED] = on_sent,      [EVENT_LOST] = on_lost,         [EVENT_CANCELLED] = on_lost,
};

void load_add(run_books *b, const scenario *s, const event *e) { HEARS[e->kind](b, s, e); }

/* ---- The observer ---- */

typedef struct loads {
    const scenario *s;
    run_books *books;
} loads;

static bool open_loads(void **self, const observed_run *run, portolan_error *err) {
    loads *kept = malloc(sizeof *kept);
    *self = kept;
    if (!kept) return error_memory(err, sizeof *kept);
    *kept = (loads){run->s, run->books};
    run->books->places = loads_open(&run->s->platform);
    return run->books->places || error_memory(err, place_count(&run->s->platform) * sizeof *run->books->places);
}

static bool on(void *self, const event *e) {
    const loads *kept = self;
    load_add(kept->books, kept->s, e);
    return true;
}

static bool close_loads(void *self, bool ok, portolan_error *err) {
    (void)err;
    free(self);
    return ok;
}

const observer_type LOAD_OBSERVER = {.name = "load",
                                     .hears = 1 << EVENT_ENTERED | 1 << EVENT_QUEUED | 1 << EVENT_REFUSED |
                                              1 << EVENT_DEQUEUED | 1 << EVENT_COMPUTED | 1 << EVENT_SENDING |
                                              1 << EVENT_ARRIVED | 1 << EVENT_LOST | 1 << EVENT_CANCELLED,
                                     .open = open_loads,
                                     .on = on,
                                     .close = close_loads};

/* ---- What follows ---- */

double load_utilization(const place_load *l, const run_totals *t) {
    return l->busy / (l->servers * (t->window_end - t->window_start));
}

/* Chance alone brings more than the capacity now and then. The work of Poisson arrivals has a variance of the sum of its
 * pieces' squares: two deviations are allowed, and few pieces say nothing. */
static bool is_overloaded(const place_load *l, const run_totals *t, overload *found) {
    enum { PIECES_LEAST = 30, DEVIATIONS = 2 };
    load_tally came = l->came;
    if (l->known_arrival != t->last_arrival) add_later(&came, &l->later);
    double capacity = l->servers * (t->last_arrival - t->window_start);
    if (!came.pieces || came.pieces + came.refused < PIECES_LEAST) return false;
    double all = (double)(came.pieces + came.refused) /
                 (double)came.pieces; /* the refused would have been like the others */
    if (!(all * came.work - capacity > DEVIATIONS * sqrt(all * came.squares))) return false;
    *found = (overload){.utilization = all * came.work / capacity,
                        .since = fmax(t->window_start, came.refused ? came.refused_since : came.waits_since)};
    return true;
}

size_t overloads_find(const platform *p, const run_books *b, overload *into) {
    size_t found = 0;
    for (size_t i = 0; i < place_count(p); i++) {
        if (!is_overloaded(&b->places[i], &b->totals, &into[found])) continue;
        into[found++].place = i;
    }
    return found;
}
