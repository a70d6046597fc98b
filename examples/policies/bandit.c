/* The bandit of `adaee` as a plug-in: upper confidence bounds over the thresholds 0, 0.2, ..., 1 of a cascade. */
#include "sim/policies/policy.h"
#include <math.h>
#include <stdlib.h>
typedef struct arms {
    double sum[6], plays[6];
} arms;
static void *open_arms(const void *options, const policy_start *start, char *why) { return calloc(1, sizeof(arms)); }
static verdict route(void *self, const observation *seen) {
    const arms *a = self;
    double all = 0, most = -INFINITY, bound;
    for (int i = 0; i < 6; i++) all += a->plays[i];
    for (int i = 0; i < 6; i++) {
        bound = a->plays[i] > 0 ? a->sum[i] / a->plays[i] + sqrt(log(all) / a->plays[i]) : INFINITY;
        if (bound > most) most = bound, *seen->note = i;
    }
    return policy_send(TIER_PHONE);
}
static verdict after_exit(void *self, const observation *seen) {
    bool stays = seen->at != TIER_PHONE || seen->exits[0].confidence >= *seen->note / 5.0;
    return stays ? (verdict){VERDICT_ANSWER} : policy_send(TIER_CLOUD);
}
static void learn(void *self, const feedback *f) {
    double gain = f->failed ? 0 : f->exits[f->exit_count - 1].confidence - f->exits[0].confidence;
    ((arms *)self)->plays[f->note] += !f->failed;
    ((arms *)self)->sum[f->note] += !f->failed && f->exit_count > 1 ? fmax(gain, 0) - 0.1 : 0;
}
static const policy_type BANDIT = {POLICY_ABI,       "bandit",       .open = open_arms,
                                   .close = free,    .route = route, .after_exit = after_exit,
                                   .feedback = learn};
const policy_type *portolan_policy(void) { return &BANDIT; }
