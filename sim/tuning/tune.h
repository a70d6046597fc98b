/* Choosing the numeric options of policies by one rule for all, on samples that are held out from everything else. Internal to
 * sim/.
 *
 * Each policy's options with a tuning range (policy_option) are tried at the same number of settings, by replay of outcomes.
 * Objective max_saving: the largest saving of cost among settings whose accuracy drop against cloud-only is promised to be at
 * most so many points. The promise is Learn-then-Test's (Angelopoulos et al., 2110.01052; "Fast yet Safe", 2405.20915) by
 * fixed-sequence testing: settings are tested one by one, from the most careful on, until the first that fails; all before it
 * keep the drop, with the wanted confidence, together. With one option the sequence is its range; with two, one half of the
 * samples, drawn at random, orders the settings by their drop, and the other half tests. Each test is mean_is_below of
 * statistics/bounds.h. Objective reward: the largest mean of right - mu_cost K; nothing is promised. */
#ifndef PORTOLAN_TUNE_H
#define PORTOLAN_TUNE_H

#include "base/progress.h"
#include "sim/sim.h"

typedef enum tune_objective { TUNE_MAX_SAVING, TUNE_REWARD } tune_objective;
extern const char *const TUNE_OBJECTIVES[]; /* "max_saving", "reward", NULL */

typedef struct tune_settings {
    int objective; /* tune_objective */
    double drop;   /* points */
    double confidence;
    double mu_cost;
} tune_settings;

enum { TUNE_MOST_OPTIONS = 2, TUNE_TRIED = 256 };

/* What was chosen for a policy. */
typedef struct tuned_policy {
    const char *left_alone; /* why nothing was chosen; NULL: something was */
    const policy_option
        *options[TUNE_MOST_OPTIONS + 1]; /* that were tuned; NULL at the end; none: only its promise was tested */
    double values[TUNE_MOST_OPTIONS];
    size_t tried;
    bool promised;                       /* the drop; if not, none of its settings keeps it */
    double accuracy, cost, saving, drop; /* of the choice on all held-out samples; drop in points */
    double bound;    /* points, that the drop of the choice exceeds with a probability of at most 1 - confidence */
    double smallest; /* points, that can be promised of its most careful setting */
} tuned_policy;

typedef struct tuning {
    tune_settings wanted;
    uint32_t samples;
    double accuracy, cost;  /* of cloud-only */
    tuned_policy *policies; /* [policy_count of the scenario] */
} tuning;

/* Tunes every policy of a scenario on its samples. The options of the scenario's policies are set to what was chosen. On failure
 * `t` is left empty. */
bool tuning_make(tuning *t, scenario *s, const tune_settings *wanted, progress *bar, portolan_error *err);
void tuning_free(tuning *t);

#endif
