/* adaee: a cascade of the phone and a higher tier whose threshold is learned: each threshold is an arm of a UCB bandit. With
 * arm a, an answer of confidence C >= a stays, and its reward is 0; any other sample is sent up, and its reward is what the
 * higher tier's confidence adds, less a price: max(C_up - C, 0) - overhead (Pacheco et al., AdaEE; the rule and its grid of
 * 0, .2, ..., 1 were read in the authors' public code). Needs no label. */
#include <stdlib.h>

#include "policy.h"
#include "ucb.h"

enum { MOST_ARMS = 101 };

typedef struct adaee_options {
    double overhead, exploration;
    uint64_t arms;
    int to;
} adaee_options;

static const char *const UPPER[] = {"edge", "cloud", NULL};

static const policy_option OPTIONS[] = {
    {"overhead", OPTION_NUMBER, offsetof(adaee_options, overhead),
     .doc = "price of sending a sample up, in units of confidence (our default)", .fallback = "0.1"},
    {"exploration", OPTION_NUMBER, offsetof(adaee_options, exploration), .doc = "c of the upper confidence bound",
     .fallback = "1"},
    {"arms", OPTION_COUNT, offsetof(adaee_options, arms), .doc = "thresholds, evenly from 0 to 1", .fallback = "6",
     .least = 2, .most = MOST_ARMS},
    {"to", OPTION_CHOICE, offsetof(adaee_options, to), .doc = "the tier that samples are sent up to",
     .fallback = "cloud", .choices = UPPER},
    {0},
};

typedef struct adaee {
    const adaee_options *options;
    ucb_arm arms[MOST_ARMS];
} adaee;

static void *open(const void *options, const policy_start *start, char why[POLICY_WHY]) {
    (void)start, (void)why;
    adaee *a = calloc(1, sizeof *a);
    if (a) a->options = options;
    return a;
}

static double threshold(const adaee *a, uint64_t arm) { return (double)arm / (double)(a->options->arms - 1); }

static verdict route(void *self, const observation *seen) {
    const adaee *a = self;
    *seen->note = ucb_pick(a->arms, (uint32_t)a->options->arms, a->options->exploration);
    return policy_send(TIER_PHONE);
}

static verdict after_exit(void *self, const observation *seen) {
    const adaee *a = self;
    double confidence = seen->exits[seen->exit_count - 1].confidence;
    if (seen->at != TIER_PHONE || confidence >= threshold(a, *seen->note)) return (verdict){.kind = VERDICT_ANSWER};
    return policy_send(a->options->to == 0 ? TIER_EDGE : TIER_CLOUD);
}

/* A request that failed says nothing of its arm. */
static void learn(void *self, const feedback *f) {
    adaee *a = self;
    if (f->failed) return;
    double gain = f->exits[f->exit_count - 1].confidence - f->exits[0].confidence;
    bool sent = f->exit_count > 1;
    ucb_reward(&a->arms[f->note], sent ? (gain > 0 ? gain : 0) - a->options->overhead : 0);
}

const policy_type POLICY_ADAEE = {
    .abi = POLICY_ABI,
    .name = "adaee",
    .summary = "cascade to one higher tier whose threshold a bandit learns, without labels",
    .paper = "Pacheco et al., AdaEE, by the authors' public code",
    .needs = POLICY_NEEDS_CONFIDENCE,
    .options = OPTIONS,
    .size = sizeof(adaee_options),
    .open = open,
    .close = free,
    .route = route,
    .after_exit = after_exit,
    .feedback = learn,
};
