/* The plan of a sweep: its settings, points and questions, and the scenarios of its points. */
#ifndef PORTOLAN_SWEEP_PLAN_H
#define PORTOLAN_SWEEP_PLAN_H

#include <jansson.h>

#include "sim/sim.h"

enum { SWEEP_MAX_POINTS = 1000000, SWEEP_MAX_KEYS = 32, SWEEP_MAX_OBJECTIVES = 8 };

/* A bound of `best`: the metric at most `value`, or at least if more of it is better. */
typedef struct sweep_bound {
    const metric *metric;
    double value;
} sweep_bound;

/* What is asked of the results. */
typedef struct sweep_questions {
    double confidence;    /* level of the intervals */
    uint64_t resamples;   /* of the bootstrap */
    const char *baseline; /* label of the policy that the others are compared with; NULL: the first one */
    const metric *pareto[SWEEP_MAX_OBJECTIVES];
    size_t pareto_count;
    const metric *objective; /* of `best`; NULL: not asked */
    sweep_bound bounds[SWEEP_MAX_OBJECTIVES];
    size_t bound_count;
} sweep_questions;

/* An axis: values of one key, or of several that are walked together. */
typedef struct sweep_axis {
    size_t first_key, key_count; /* of sweep.keys */
    size_t count;
    const yaml_node **values; /* [count][key_count] */
} sweep_axis;

typedef struct sweep {
    arena memory;
    yaml_document document;
    const char *path, *name;
    const char *scenario; /* path of the base scenario */
    char *const *sets;    /* --set, borrowed */
    size_t set_count;
    scenario_edit *fixed; /* [fixed_count] the file's `set` */
    size_t fixed_count;
    const char *keys[SWEEP_MAX_KEYS]; /* that the axes change */
    size_t key_count;
    sweep_axis axes[SWEEP_MAX_KEYS];
    size_t axis_count;
    const yaml_node **values; /* [setting_count][key_count] */
    size_t setting_count, excluded_count;
    uint64_t *seeds;
    const yaml_node **seed_nodes; /* [seed_count] */
    size_t seed_count;
    sweep_questions questions;
} sweep;

extern const yaml_field SWEEP_FIELDS[], RANGE_FIELDS[], STATISTICS_FIELDS[], BEST_FIELDS[];

/* Reads a sweep and its base scenario, and checks that its first point is a good scenario. `sets` are
 * changes of the scenario, after those of the file's `set` and before those of its axes. On failure `w` is
 * left empty. */
bool sweep_load(sweep *w, const char *path, char *const *sets, size_t set_count, portolan_error *err);
void sweep_free(sweep *w);

static inline size_t sweep_points(const sweep *w) { return w->setting_count * w->seed_count; }
static inline size_t setting_of(const sweep *w, size_t point) { return point % w->setting_count; }
static inline size_t seed_of(const sweep *w, size_t point) { return point / w->setting_count; }

/* The value of key `k` in a setting as a text: as written, or as JSON where it is a list or map. Writes
 * into `into` if it must; returns the text. */
const char *sweep_value(const sweep *w, size_t setting, size_t k, char *into, size_t size);

/* A setting's parameters as a JSON object of texts; a new reference. */
json_t *sweep_parameters(const sweep *w, size_t setting);

/* The scenarios of points. Models are read once: a point whose model has been read before borrows it. */
enum { LENDERS = 8 };
typedef struct sweep_loader {
    const sweep *w;
    scenario *lenders[LENDERS];
    unsigned users[LENDERS]; /* scenarios out that may borrow from it */
    size_t next;
} sweep_loader;

/* The scenario of a point; give it back with point_release. NULL with an error that belongs to the point. */
scenario *point_load(sweep_loader *l, size_t point, portolan_error *err);
void point_release(sweep_loader *l, scenario *s);
void sweep_loader_free(sweep_loader *l);

/* A hash of all that a point's results follow from but its seed: the resolved scenario, the content of the
 * files it names, Portolan's version. 64 hexadecimal digits. */
bool scenario_hash(const scenario *s, char hex[65], portolan_error *err);

/* Reading axes (axes.c): fills keys, axes, settings and exclusions, seeds. */
bool sweep_read_axes(sweep *w, const yaml_node *axes, const yaml_node *zip, const yaml_node *exclude,
                     portolan_error *err);
bool sweep_read_seeds(sweep *w, const yaml_node *seeds, portolan_error *err);

#endif
