/* splitee: how many layers the phone computes is learned: each of its layers is an arm of a UCB bandit. With arm i the phone
 * computes layers 1..i and asks exit i; a confidence C_i >= alpha answers, any other sample goes on in the cloud. The reward is
 * the confidence of the answer, less mu times what was paid: C_i - mu lambda i, or C_L - mu (lambda i + o) (Bajpai et al.,
 * SplitEE, AIMLSystems 2023). Only the arm that was played learns. Needs no label.
 *
 * Read in the authors' public code: the arms, the index with c = 1, who is updated. A reading of ours: the constants lambda, o
 * and mu, and that the hidden state is sent. The exits before i are evaluated too here, which costs two vector products
 * each. */
#include <stdlib.h>

#include "policy.h"
#include "ucb.h"

enum { MOST_ARMS = 64 };

typedef struct splitee_options {
    double alpha, exploration, mu, lambda, offload;
    int send;
} splitee_options;

static const char *const PAYLOADS[] = {"tokens", "hidden", NULL};

static const policy_option OPTIONS[] = {
    {"alpha", OPTION_NUMBER, offsetof(splitee_options, alpha), .doc = "answer where the confidence is at least this",
     .fallback = "0.8", .most = 1.0001},
    {"exploration", OPTION_NUMBER, offsetof(splitee_options, exploration), .doc = "c of the upper confidence bound",
     .fallback = "1"},
    {"mu", OPTION_NUMBER, offsetof(splitee_options, mu), .doc = "weight of the cost in the reward (our default)",
     .fallback = "0.1"},
    {"lambda", OPTION_NUMBER, offsetof(splitee_options, lambda), .doc = "cost of a layer (our default)",
     .fallback = "1/12"},
    {"offload", OPTION_NUMBER, offsetof(splitee_options, offload), .doc = "cost of going on in the cloud (our default)",
     .fallback = "6/12"},
    {"send", OPTION_CHOICE, offsetof(splitee_options, send), .doc = "what is sent up: tokens or the hidden state",
     .fallback = "hidden", .choices = PAYLOADS},
    {0},
};

typedef struct splitee {
    const splitee_options *options;
    ucb_arm arms[MOST_ARMS]; /* of layer 1, 2, ... */
} splitee;

static void *open(const void *options, const policy_start *start, char why[POLICY_WHY]) {
    (void)start, (void)why;
    splitee *p = calloc(1, sizeof *p);
    if (p) p->options = options;
    return p;
}

/* The note is the arm's layer. */
static verdict route(void *self, const observation *seen) {
    const splitee *p = self;
    uint32_t layers = seen->depth[TIER_PHONE] < MOST_ARMS ? seen->depth[TIER_PHONE] : MOST_ARMS;
    *seen->note = 1 + ucb_pick(p->arms, layers, p->options->exploration);
    return policy_send(TIER_PHONE);
}

static verdict after_exit(void *self, const observation *seen) {
    const splitee_options *options = ((const splitee *)self)->options;
    const exit_outcome *newest = &seen->exits[seen->exit_count - 1];
    bool at_last = newest->layer == seen->depth[TIER_CLOUD];
    if (newest->layer < *seen->note || (seen->at != TIER_PHONE && !at_last)) return (verdict){.kind = VERDICT_CONTINUE};
    if (at_last || newest->confidence >= options->alpha) return (verdict){.kind = VERDICT_ANSWER};
    return (verdict){.kind = VERDICT_SEND, .to = TIER_CLOUD, .hidden = options->send == 1};
}

static void learn(void *self, const feedback *f) {
    splitee *p = self;
    const splitee_options *options = p->options;
    if (f->failed) return;
    const exit_outcome *answer = &f->exits[f->exit_count - 1];
    double cost = options->lambda * (double)f->note + (answer->at == TIER_PHONE ? 0 : options->offload);
    ucb_reward(&p->arms[f->note - 1], answer->confidence - options->mu * cost);
}

const policy_type POLICY_SPLITEE = {
    .abi = POLICY_ABI,
    .name = "splitee",
    .summary = "the phone's share of the layers is learned by a bandit; an unsure exit goes on in the cloud",
    .paper = "Bajpai et al., SplitEE, AIMLSystems 2023, by the authors' public code",
    .needs = POLICY_NEEDS_EVERY_EXIT | POLICY_NEEDS_CONFIDENCE,
    .options = OPTIONS,
    .size = sizeof(splitee_options),
    .open = open,
    .close = free,
    .route = route,
    .after_exit = after_exit,
    .feedback = learn,
};
