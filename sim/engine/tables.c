/* What serves, disturbs and observes a run: a line a file. */
#include "engine.h"
#include "sim/disciplines/discipline.h"
#include "sim/disturbances/disturbance.h"
#include "sim/observers/observers.h"

#define OBSERVER_TABLE(ENTRY) \
    ENTRY(RECORDS_OBSERVER)   \
    ENTRY(LOAD_OBSERVER)      \
    ENTRY(PROGRESS_OBSERVER)  \
    ENTRY(CHROME_TRACE)       \
    ENTRY(PAJE_TRACE)         \
    ENTRY(CSV_TRACE)

#define DECLARE(observer) extern const observer_type observer;
OBSERVER_TABLE(DECLARE)

static const discipline *const DISCIPLINES[] = {
    &FIFO,
    NULL,
};

static const disturbance *const DISTURBANCES[] = {
    NULL,
};

#define ADDRESS(observer) &observer,
static const observer_type *const OBSERVERS[] = {OBSERVER_TABLE(ADDRESS) NULL};

const engine_tables ENGINE_TABLES = {DISCIPLINES, DISTURBANCES, OBSERVERS};

const trace_format *trace_format_at(size_t index) {
    for (const observer_type *const *o = OBSERVERS; *o; o++)
        if ((*o)->trace && index-- == 0) return (*o)->trace;
    return NULL;
}
