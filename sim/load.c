/* See load.h.
 *
 * * Overload is judged over the arrivals of the run: from the end of the warm-up to the last arrival, behind which queues
 * only empty. Which arrival is the last is not known before the end. So each place has two tallies: what came until an
 * arrival that has happened, and what has come since, which is added to it when another arrival is seen.
 *
 * * What came to a place either was served, waits, or was refused. So if more came than the place can serve, the waiting
 * work has grown or requests were refused; neither needs a test of its own. */
#include "load.h"

#include <math.h>
#include <stdlib.h>

#include "places.h"

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

static bool is_counted(const scenario *s, const request *r) {
    return r->number >= s->run.warmup;
}

static place_load *host_of(run_books *b, const scenario *s, const request *r) {
    return &b->places[place_of_host(&s->platform, r->record.phone, r->at)];
}

void load_enter(run_books *b, const scenario *s, const request *r, station_entry entry, double now) {
    place_load *l = host_of(b, s, r);
    l->arrivals += is_counted(s, r);
    if (entry == ENTERED_QUEUE) add_waiting(l, &b->totals, now);
    if (entry != REFUSED) return;
    refuse(l, &b->totals, now);
    l->failed += is_counted(s, r);
}

void load_dequeue(run_books *b, const scenario *s, const request *r) {
    host_of(b, s, r)->waiting--;
}

void load_compute(run_books *b, const scenario *s, const request *r, double start, double end) {
    place_load *l = host_of(b, s, r);
    add_work(l, &b->totals, r->entered, end - start);
    if (end <= b->totals.window_start) return;
    double seconds = end - fmax(start, b->totals.window_start);
    b->totals.busy_seconds[r->at] += seconds;
    l->busy += seconds;
}

void load_fail(run_books *b, const scenario *s, const request *r) {
    host_of(b, s, r)->failed += is_counted(s, r);
}

void load_send(run_books *b, const scenario *s, const request *r, double now) {
    size_t path[2];
    unsigned n = place_path(&s->platform, r->record.phone, r->sender, r->at, path);
    for (unsigned i = 0; i < n; i++) {
        place_load *l = &b->places[path[i]];
        double seconds = (double)r->sent_bytes * l->byte_seconds;
        l->arrivals += is_counted(s, r);
        add_waiting(l, &b->totals, now);
        add_work(l, &b->totals, now, seconds);
        if (now >= b->totals.window_start) l->busy += seconds;
    }
}

void load_sent(run_books *b, const scenario *s, const request *r, bool arrived) {
    size_t path[2];
    unsigned n = place_path(&s->platform, r->record.phone, r->sender, r->at, path);
    for (unsigned i = 0; i < n; i++) {
        b->places[path[i]].waiting--;
        b->places[path[i]].failed += !arrived && is_counted(s, r);
    }
}

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
    double all = (double)(came.pieces + came.refused) / (double)came.pieces; /* the refused would have been like the others */
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
