/* Progress: how far the run is, now and then, for whoever waits for it. */
#include <stdlib.h>

#include "observer.h"

enum { REPORT_EVERY = 1 << 10 };

typedef struct reports {
    policy_result *result;
    uint64_t finished;
} reports;

static bool open_reports(void **self, const observed_run *run, portolan_error *err) {
    reports *kept = calloc(1, sizeof *kept);
    if (!kept) return error_memory(err, sizeof *kept);
    kept->result = run->result;
    *self = kept;
    return true;
}

static bool on(void *self, const event *e) {
    reports *kept = self;
    if (++kept->finished % REPORT_EVERY) return true;
    kept->result->progress = kept->finished;
    kept->result->progress_clock = e->now;
    return true;
}

static bool close_reports(void *self, bool ok, portolan_error *err) {
    (void)err;
    reports *kept = self;
    kept->result->progress = kept->finished;
    free(kept);
    return ok;
}

const observer_type PROGRESS_OBSERVER = {.name = "progress",
                                         .hears = 1 << EVENT_DONE,
                                         .open = open_reports,
                                         .on = on,
                                         .close = close_reports};
