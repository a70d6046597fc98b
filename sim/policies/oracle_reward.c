/* oracle-reward: the tier of largest reward r_k = C_k(x) - mu_cost K_k, with the sample's own C_k in place of the pool's
 * mean: the most that any router can earn under the reward by which DIMEC-DC searches its thresholds. */
#include "analysis/cartography/cartography.h"
#include "policy.h"

typedef struct reward_options {
    double mu_cost;
    int gain;
} reward_options;

static const unsigned GAIN_NEEDS[] =
    {[GAIN_CORRECT] = 0, [GAIN_TRUE_LABEL] = POLICY_NEEDS_PROBABILITIES, [GAIN_MAX_SOFTMAX] = POLICY_NEEDS_CONFIDENCE};

static const policy_option OPTIONS[] = {
    {"mu_cost", OPTION_NUMBER, offsetof(reward_options, mu_cost),
     .doc = "weight of the cost in the reward (our default)", .fallback = "0.1"},
    {"gain", OPTION_CHOICE, offsetof(reward_options, gain),
     .doc = "C in the reward: correct (1 if the exit is right, else 0), true_label (probability of the label) or "
            "max_softmax (confidence)",
     .fallback = "correct", .choices = GAINS, .needs = GAIN_NEEDS},
    {0},
};

static verdict route_knowing(void *self, const observation *seen, const truth *t) {
    const reward_options *options = self;
    tier best = TIER_PHONE;
    double most = 0;
    for (int k = 0; k < TIER_COUNT; k++) {
        const exit_outcome *exit = &t->last_exit[k];
        double reward = exit_gain(options->gain, exit->prediction, exit->confidence, exit->probabilities, t->label) -
                        options->mu_cost * seen->tier_cost[k];
        if (k == 0 || reward > most) {
            most = reward;
            best = (tier)k;
        }
    }
    return policy_send(best);
}

const policy_type POLICY_ORACLE_REWARD = {
    .abi = POLICY_ABI,
    .name = "oracle-reward",
    .summary = "knows the label: the tier of the largest C - mu_cost x K; ties go down",
    .paper = "an upper bound, under the reward of DIMEC-DC (arXiv 2412.16616)",
    .options = OPTIONS,
    .size = sizeof(reward_options),
    .route_knowing = route_knowing,
};
