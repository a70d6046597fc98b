/* How busy the tiers were over time, from the counters of a run's CSV traces. Internal to this folder. */
#ifndef PORTOLAN_ANALYSIS_UTILIZATION_H
#define PORTOLAN_ANALYSIS_UTILIZATION_H

#include <stdbool.h>

#include "base/error.h"

enum { UTILIZATION_TIERS = 3, UTILIZATION_BINS = 240 };

extern const char *const UTILIZATION_TIER_NAMES[UTILIZATION_TIERS]; /* "phones", "edge sites", "clouds" */

/* Percent of cores, the mean over a tier's places (phone groups, sites or regions), in bins of equal length. */
typedef struct utilization {
    double begin, end; /* seconds */
    double percent[UTILIZATION_TIERS][UTILIZATION_BINS];
    bool has[UTILIZATION_TIERS];
} utilization;

/* Reads a trace (trace-POLICY.csv). A counter keeps its value until its next row. A trace without such
 * counters gives begin = end. */
bool utilization_read(utilization *u, const char *path, portolan_error *err);

#endif
