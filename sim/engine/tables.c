/* What serves, disturbs and observes a run: a line a file. */
#include "engine.h"
#include "sim/disciplines/discipline.h"
#include "sim/disturbances/disturbance.h"
#include "sim/observers/observers.h"

#define DISCIPLINE_TABLE(ENTRY) ENTRY(FIFO)

#define DISTURBANCE_TABLE(ENTRY)

#define OBSERVER_TABLE(ENTRY) \
    ENTRY(RECORDS_OBSERVER)   \
    ENTRY(LOAD_OBSERVER)      \
    ENTRY(PROGRESS_OBSERVER)  \
    ENTRY(CHROME_TRACE)       \
    ENTRY(PAJE_TRACE)         \
    ENTRY(CSV_TRACE)

#define DECLARE_DISCIPLINE(entry)  extern const discipline entry;
#define DECLARE_DISTURBANCE(entry) extern const disturbance entry;
#define DECLARE_OBSERVER(entry)    extern const observer_type entry;
DISCIPLINE_TABLE(DECLARE_DISCIPLINE)
DISTURBANCE_TABLE(DECLARE_DISTURBANCE)
OBSERVER_TABLE(DECLARE_OBSERVER)

#define ADDRESS(entry) &entry,
static const discipline *const DISCIPLINES[] = {DISCIPLINE_TABLE(ADDRESS) NULL};
static const disturbance *const DISTURBANCES[] = {DISTURBANCE_TABLE(ADDRESS) NULL};
static const observer_type *const OBSERVERS[] = {OBSERVER_TABLE(ADDRESS) NULL};

const engine_tables ENGINE_TABLES = {DISCIPLINES, DISTURBANCES, OBSERVERS};

const trace_format *trace_format_at(size_t index) {
    for (const observer_type *const *o = OBSERVERS; *o; o++)
        if ((*o)->trace && index-- == 0) return (*o)->trace;
    return NULL;
}
