/* The records: a row a request, and when the counted window begins and ends. */
#include <stdlib.h>

#include "base/array.h"
#include "observer.h"

typedef struct records {
    run_books *books;
    size_t room; /* of books->records */
    uint64_t warmup;
    portolan_error error; /* met on the way */
} records;

static bool open_records(void **self, const observed_run *run, portolan_error *err) {
    const run_settings *wanted = &run->s->run;
    records *kept = calloc(1, sizeof *kept);
    if (!kept) return error_memory(err, sizeof *kept);
    kept->books = run->books;
    kept->warmup = wanted->warmup;
    run->books->totals.window_start = INFINITY;
    *self = kept;
    return ARRAY_RESERVE(run->books->records, kept->room,
                         wanted->requests ? wanted->requests + wanted->warmup : 1 << 16, err);
}

/* What the states of a radio cost a request. It comes before and after the request has ended, so it is gathered here. */
static void add_radio(request_record *r, double joules, double tail_joules) {
    r->phone_joules += joules;
    r->radio_joules += joules;
    r->tail_joules += tail_joules;
}

static void hear_radio(request_record *r, const radio_use *use) {
    for (size_t i = 0; i < use->count; i++) {
        double joules = use->spans[i].joules;
        add_radio(r, joules, use->spans[i].state == RADIO_ACTIVE ? 0 : joules);
    }
}

static bool on(void *self, const event *e) {
    records *kept = self;
    run_books *books = kept->books;
    if (e->kind == EVENT_RADIO) {
        hear_radio(&books->records[e->radio->request], e->radio);
        return true;
    }
    const request *r = e->attempt->request;
    if (e->kind == EVENT_DONE) {
        request_record *kept_of = &books->records[r->number];
        double joules = kept_of->radio_joules, tail_joules = kept_of->tail_joules;
        *kept_of = r->record;
        add_radio(kept_of, joules, tail_joules);
        books->totals.window_end = e->now;
        return true;
    }
    if (!ARRAY_RESERVE(books->records, kept->room, books->count + 1, &kept->error)) return false;
    books->records[books->count] = (request_record){0};
    books->totals.last_arrival = r->record.arrival;
    if (books->count++ == kept->warmup) books->totals.window_start = r->record.arrival;
    return true;
}

static bool close_records(void *self, bool ok, portolan_error *err) {
    records *kept = self;
    if (ok && kept->error.status) {
        *err = kept->error;
        ok = false;
    }
    free(kept);
    return ok;
}

const observer_type RECORDS_OBSERVER = {.name = "records",
                                        .hears = 1 << EVENT_ASKED | 1 << EVENT_DONE | 1 << EVENT_RADIO,
                                        .open = open_records,
                                        .on = on,
                                        .close = close_records};
