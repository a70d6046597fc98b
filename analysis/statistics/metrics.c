/* The table of metrics, and how one is found. */
#include "metrics.h"

#include <string.h>

#define NONE       BETTER_NONE
#define LESS       BETTER_LESS
#define MORE       BETTER_MORE
#define MAIN       METRIC_MAIN
#define PERCENTILE METRIC_PERCENTILE

const metric METRICS[METRIC_COUNT + 1] = {
#define METRIC(key, unit, better, meaning, title, shown_unit, scale, digits, flags) \
    {#key, unit, meaning, offsetof(policy_summary, key), better, title, shown_unit, scale, digits, flags},
#include "metrics.def"
#undef METRIC
};

const metric *metric_named(const char *key) {
    for (const metric *m = METRICS; m->key; m++)
        if (strcmp(m->key, key) == 0) return m;
    return NULL;
}
