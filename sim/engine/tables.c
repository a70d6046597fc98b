/* What serves, disturbs and observes a run: a line a file. */
#include "engine.h"

static const discipline *const DISCIPLINES[] = {
    &FIFO,
    NULL,
};

static const disturbance *const DISTURBANCES[] = {
    NULL,
};

static const observer_type *const OBSERVERS[] = {
    &RECORDS_OBSERVER, &LOAD_OBSERVER, &PROGRESS_OBSERVER, &TRACE_OBSERVER, NULL,
};

const engine_tables ENGINE_TABLES = {DISCIPLINES, DISTURBANCES, OBSERVERS};
