/* What is measured of a policy: the table of metrics.def, from which summary.json, its reader, sweeps, the report and the tables on
 * the terminal all take keys, units and meanings. */
#ifndef PORTOLAN_ANALYSIS_METRICS_H
#define PORTOLAN_ANALYSIS_METRICS_H

#include <stddef.h>

/* The values, a member a metric; NaN where one is undefined. */
typedef struct policy_summary {
#define METRIC(key, ...) double key;
#include "metrics.def"
#undef METRIC
} policy_summary;

enum { METRIC_COUNT = sizeof(policy_summary) / sizeof(double) };

typedef enum metric_better { BETTER_NONE, BETTER_LESS, BETTER_MORE } metric_better;

/* See metrics.def. */
typedef enum metric_flags { METRIC_MAIN = 1, METRIC_PERCENTILE = 2 } metric_flags;

typedef struct metric {
    const char *key, *unit, *meaning;
    size_t offset; /* of a double in policy_summary */
    metric_better better;
    const char *title, *shown_unit;
    double scale; /* from unit to shown_unit */
    int digits;
    int flags; /* of metric_flags */
} metric;

extern const metric METRICS[METRIC_COUNT + 1]; /* the last one's key is NULL */

static inline double metric_value(const metric *m, const policy_summary *summary) {
    return *(const double *)((const char *)summary + m->offset);
}

/* The metric of that key, or NULL. */
const metric *metric_named(const char *key);

/* Its index in METRICS. */
static inline size_t metric_index(const metric *m) { return (size_t)(m - METRICS); }

#endif
