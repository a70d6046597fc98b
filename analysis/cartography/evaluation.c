/* What it gives to send samples here or there. */
#include <math.h>
#include <stdlib.h>

#include "cartography.h"

const char *const GAINS[] = {"correct", "true_label", "max_softmax", NULL};
const char *const OBJECTIVES[] = {"reward", "max_saving", NULL};

double exit_gain(int kind, uint32_t prediction, double confidence, const double *probabilities, uint32_t label) {
    if (kind == GAIN_TRUE_LABEL) return probabilities[label];
    return kind == GAIN_MAX_SOFTMAX ? confidence : prediction == label;
}

static void add_sample(evaluation_set *on, const outcome_table *t, const evaluation_terms *terms, uint32_t i) {
    const uint32_t *depth = terms->depth;
    for (int k = 0; k < POOLS; k++) {
        uint32_t exit = t->exit_at[depth[k]] - 1u, answer = outcome_prediction(t, i, exit);
        on->right[i][k] = answer == t->labels[i];
        on->gain[i][k] = exit_gain(terms->gain, answer, outcome_confidence(t, i, exit),
                                   outcome_probabilities(t, i, exit), t->labels[i]);
    }
    on->phone_confidence[i] = outcome_confidence(t, i, t->exit_at[depth[POOL_EASY]] - 1u);
    on->tokens[i] = t->tokens[i];
}

bool evaluation_set_open(evaluation_set *on, const encoder *e, const token_set *set, const outcome_table *t,
                         const evaluation_terms *terms, portolan_error *err) {
    size_t n = set->samples ? set->samples : 1, size = terms->size;
    *on = (evaluation_set){.samples = set->samples, .size = terms->size};
    on->v = malloc(n * size * sizeof *on->v);
    on->gain = malloc(n * sizeof *on->gain);
    on->right = malloc(n * sizeof *on->right);
    on->phone_confidence = malloc(n * sizeof *on->phone_confidence);
    on->tokens = malloc(n * sizeof *on->tokens);
    bool ok = (on->v && on->gain && on->right && on->phone_confidence && on->tokens) ||
              error_memory(err, n * size * sizeof *on->v);
    for (uint32_t i = 0; ok && i < set->samples; i++) add_sample(on, t, terms, i);
    ok = ok && represent_set(e, set, terms->representation, terms->size, on->v, err);
    if (!ok) evaluation_set_close(on);
    return ok;
}

void evaluation_set_close(evaluation_set *on) {
    free(on->v);
    free(on->gain);
    free(on->right);
    free(on->phone_confidence);
    free(on->tokens);
    *on = (evaluation_set){0};
}

evaluation evaluation_of(const evaluation_set *on, const uint8_t *to, const prices *p) {
    double gain = 0, right = 0, right_in_cloud = 0, n = on->samples;
    uint32_t counts[POOLS] = {0};
    for (uint32_t i = 0; i < on->samples; i++) {
        gain += on->gain[i][to[i]];
        right += on->right[i][to[i]];
        right_in_cloud += on->right[i][POOL_HARD];
        counts[to[i]]++;
    }
    evaluation found = {.accuracy = right / n, .drop = 100 * (right_in_cloud - right) / n};
    for (int k = 0; k < POOLS; k++) {
        found.shares[k] = counts[k] / n;
        found.cost += found.shares[k] * p->cost[k];
    }
    found.saving = 1 - found.cost / p->cost[POOL_HARD];
    found.reward = gain / n - p->mu_cost * found.cost;
    return found;
}

pool_kind evaluation_oracle(const evaluation_set *on, uint32_t sample, const prices *p) {
    int best = -1;
    for (int k = 0; k < POOLS; k++)
        if (on->right[sample][k] && (best < 0 || p->cost[k] < p->cost[best])) best = k;
    return best < 0 ? POOL_EASY : (pool_kind)best;
}
