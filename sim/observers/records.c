/* The records: a row a request, and when the counted window begins and ends. */
#include <stdlib.h>

#include "observer.h"

typedef struct records {
    run_books *books;
    uint64_t room, warmup;
    bool short_of_memory;
} records;

static bool open_records(void **self, const observed_run *run, portolan_error *err) {
    const run_settings *wanted = &run->s->run;
    records *kept = calloc(1, sizeof *kept);
    if (!kept) return error_memory(err, sizeof *kept);
    kept->books = run->books;
    kept->warmup = wanted->warmup;
    kept->room = wanted->requests ? wanted->requests + wanted->warmup : 1 << 16;
    run->books->totals.window_start = INFINITY;
    run->books->records = malloc(kept->room * sizeof *run->books->records);
    *self = kept;
    return run->books->records || error_memory(err, kept->room * sizeof *run->books->records);
}

static bool make_room(records *kept) {
    if (kept->books->count < kept->room) return true;
    request_record *bigger = realloc(kept->books->records, 2 * kept->room * sizeof *bigger);
    kept->short_of_memory = !bigger;
    if (!bigger) return false;
    kept->books->records = bigger;
    kept->room *= 2;
    return true;
}

static bool on(void *self, const event *e) {
    records *kept = self;
    run_books *books = kept->books;
    const request *r = e->attempt->request;
    if (e->kind == EVENT_DONE) {
        books->records[r->number] = r->record;
        books->totals.window_end = e->now;
        return true;
    }
    if (!make_room(kept)) return false;
    books->totals.last_arrival = r->record.arrival;
    if (books->count++ == kept->warmup) books->totals.window_start = r->record.arrival;
    return true;
}

static bool close_records(void *self, bool ok, portolan_error *err) {
    records *kept = self;
    if (ok && kept->short_of_memory) ok = error_memory(err, 2 * kept->room * sizeof *kept->books->records);
    free(kept);
    return ok;
}

const observer_type RECORDS_OBSERVER = {.name = "records",
                                        .hears = 1 << EVENT_ASKED | 1 << EVENT_DONE,
                                        .open = open_records,
                                        .on = on,
                                        .close = close_records};
