/* hi-lcb, after HI-LCB (2508.08985): hierarchical inference that learns which confidences can be trusted. The phone computes
 * its slice; the confidence of its exit falls into one of `bins` equal parts of [0, 1]. Of each bin it keeps how often the
 * higher tier, when it was asked, agreed, and takes the lower confidence bound of that rate,
 *
 *     LCB(b) = agreed(b) / asked(b) - sqrt(alpha ln t / asked(b)),      -infinity where asked(b) = 0,
 *
 * with t the requests that have ended so far; and since a higher confidence is not less often right, the largest bound of
 * the bins up to b. It answers where being wrong is expected to cost no more than asking: 1 - bound <= beta. Else it asks.
 *
 * Only the abstract could be read: the index, alpha, the bins and agreement in place of the label (2304.00891 calls the
 * higher tier's answer the truth) are assumed. `monotone: no` is the bin's own bound, as the lite version of the abstract
 * does without the others. */
#include <math.h>
#include <stdlib.h>

#include "base/elementary.h"
#include "policy.h"

enum { MOST_BINS = 100 };

typedef struct lcb_options {
    double beta, alpha;
    uint64_t bins;
    int monotone, to;
} lcb_options;

static const char *const UPPER[] = {"edge", "cloud", NULL}, *const NO_YES[] = {"no", "yes", NULL};

static const policy_option OPTIONS[] = {
    {"beta", OPTION_NUMBER, offsetof(lcb_options, beta),
     .doc = "price of asking the higher tier, where a wrong answer costs 1 (our default)", .fallback = "0.2",
     .most = 1},
    {"alpha", OPTION_NUMBER, offsetof(lcb_options, alpha), .doc = "width of the confidence bounds (our default)",
     .fallback = "0.5"},
    {"bins", OPTION_COUNT, offsetof(lcb_options, bins), .doc = "equal parts of [0, 1] that confidences fall into",
     .fallback = "10", .least = 1, .most = MOST_BINS},
    {"monotone", OPTION_CHOICE, offsetof(lcb_options, monotone),
     .doc = "whether the bounds of lower confidences count for higher ones too", .fallback = "yes", .choices = NO_YES},
    {"to", OPTION_CHOICE, offsetof(lcb_options, to), .doc = "the tier that is asked", .fallback = "cloud",
     .choices = UPPER},
    {0},
};

typedef struct lcb {
    const lcb_options *options;
    uint64_t ended;
    struct {
        uint64_t asked, agreed;
    } bins[MOST_BINS];
} lcb;

static void *open(const void *options, const policy_start *start, char why[POLICY_WHY]) {
    (void)start, (void)why;
    lcb *p = calloc(1, sizeof *p);
    if (p) p->options = options;
    return p;
}

static uint64_t bin_of(const lcb *p, double confidence) {
    double bin = floor(confidence * (double)p->options->bins);
    return bin >= (double)p->options->bins ? p->options->bins - 1 : (uint64_t)bin;
}

static double bound_of_bin(const lcb *p, uint64_t bin) {
    double asked = (double)p->bins[bin].asked;
    if (asked == 0) return -INFINITY;
    return (double)p->bins[bin].agreed / asked - sqrt(p->options->alpha * portable_log((double)p->ended) / asked);
}

static double bound(const lcb *p, uint64_t bin) {
    double most = bound_of_bin(p, bin);
    for (uint64_t b = 0; p->options->monotone && b < bin; b++) most = fmax(most, bound_of_bin(p, b));
    return most;
}

static verdict route(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send(TIER_PHONE);
}

static verdict after_exit(void *self, const observation *seen) {
    const lcb *p = self;
    double confidence = seen->exits[seen->exit_count - 1].confidence;
    if (seen->at != TIER_PHONE || 1 - bound(p, bin_of(p, confidence)) <= p->options->beta)
        return (verdict){.kind = VERDICT_ANSWER};
    return policy_send(p->options->to == 0 ? TIER_EDGE : TIER_CLOUD);
}

static void learn(void *self, const feedback *f) {
    lcb *p = self;
    if (f->failed) return;
    p->ended++;
    if (f->exit_count < 2) return;
    uint64_t bin = bin_of(p, f->exits[0].confidence);
    p->bins[bin].asked++;
    p->bins[bin].agreed += f->agreed;
}

const policy_type POLICY_HI_LCB = {
    .abi = POLICY_ABI,
    .name = "hi-lcb",
    .summary = "asks a higher tier until it knows which confidences of the phone can be trusted",
    .paper = "after HI-LCB, arXiv 2508.08985 (abstract only)",
    .needs = POLICY_NEEDS_CONFIDENCE,
    .options = OPTIONS,
    .size = sizeof(lcb_options),
    .open = open,
    .close = free,
    .route = route,
    .after_exit = after_exit,
    .feedback = learn,
};
