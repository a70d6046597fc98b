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

static void hear_sample(jury *j, const outcome_table *t, const uint32_t depth[POOLS], int gain, uint32_t i) {
    for (int k = 0; k < POOLS; k++) {
        uint32_t exit = t->exit_at[depth[k]] - 1u, answer = outcome_prediction(t, i, exit);
        j->right[i][k] = answer == t->labels[i];
        j->gain[i][k] = exit_gain(gain, answer, outcome_confidence(t, i, exit), outcome_probabilities(t, i, exit),
                                  t->labels[i]);
    }
    j->phone_confidence[i] = outcome_confidence(t, i, t->exit_at[depth[POOL_EASY]] - 1u);
    j->tokens[i] = t->tokens[i];
}

bool jury_open(jury *j, const encoder *e, const token_set *set, const outcome_table *t, const uint32_t depth[POOLS],
               int gain, int representation, uint32_t size, portolan_error *err) {
    size_t n = set->samples ? set->samples : 1;
    *j = (jury){.samples = set->samples, .size = size};
    j->v = malloc(n * size * sizeof *j->v);
    j->gain = malloc(n * sizeof *j->gain);
    j->right = malloc(n * sizeof *j->right);
    j->phone_confidence = malloc(n * sizeof *j->phone_confidence);
    j->tokens = malloc(n * sizeof *j->tokens);
    bool ok = (j->v && j->gain && j->right && j->phone_confidence && j->tokens) ||
              error_memory(err, n * size * sizeof *j->v);
    for (uint32_t i = 0; ok && i < set->samples; i++) hear_sample(j, t, depth, gain, i);
    ok = ok && represent_set(e, set, representation, size, j->v, err);
    if (!ok) jury_close(j);
    return ok;
}

void jury_close(jury *j) {
    free(j->v);
    free(j->gain);
    free(j->right);
    free(j->phone_confidence);
    free(j->tokens);
    *j = (jury){0};
}

judgement jury_judge(const jury *j, const uint8_t *to, const prices *p) {
    double gain = 0, right = 0, right_in_cloud = 0, n = j->samples;
    uint32_t counts[POOLS] = {0};
    for (uint32_t i = 0; i < j->samples; i++) {
        gain += j->gain[i][to[i]];
        right += j->right[i][to[i]];
        right_in_cloud += j->right[i][POOL_HARD];
        counts[to[i]]++;
    }
    judgement found = {.accuracy = right / n, .drop = 100 * (right_in_cloud - right) / n};
    for (int k = 0; k < POOLS; k++) {
        found.shares[k] = counts[k] / n;
        found.cost += found.shares[k] * p->cost[k];
    }
    found.saving = 1 - found.cost / p->cost[POOL_HARD];
    found.reward = gain / n - p->mu_cost * found.cost;
    return found;
}

pool_kind jury_oracle(const jury *j, uint32_t sample, const prices *p) {
    int best = -1;
    for (int k = 0; k < POOLS; k++)
        if (j->right[sample][k] && (best < 0 || p->cost[k] < p->cost[best])) best = k;
    return best < 0 ? POOL_EASY : (pool_kind)best;
}
