/* entropy: answer at the first exit whose predictive entropy is at most a threshold, in nats (DeeBERT). */
#include "base/elementary.h"
#include "cascade.h"

enum { FROM_PROBABILITIES, FROM_CONFIDENCE };

typedef struct entropy_options {
    cascade_options cascade;
    double threshold;
    int entropy_from;
} entropy_options;

static const char *const SOURCES[] = {"probabilities", "confidence", NULL};
static const unsigned SOURCE_NEEDS[] = {POLICY_NEEDS_PROBABILITIES, POLICY_NEEDS_CONFIDENCE};

static const policy_option OPTIONS[] = {
    CASCADE_OPTIONS,
    {"threshold", OPTION_NUMBER, offsetof(entropy_options, threshold),
     .doc = "answer where the entropy, in nats, is at most this (ln 2 = 0.693 is the most two classes can have)",
     .fallback = "0.3", .tune = TUNE_RANGE, .careful = 0, .bold = 2},
    {"entropy_from", OPTION_CHOICE, offsetof(entropy_options, entropy_from),
     .doc = "probabilities: all class probabilities; confidence: as if there were two classes, c and 1 - c, for tables "
            "that hold only confidences",
     .fallback = "probabilities", .choices = SOURCES, .needs = SOURCE_NEEDS},
    {0},
};

static double term(double p) { return p > 0 ? -p * portable_log(p) : 0; }

static double entropy(const entropy_options *options, const exit_outcome *exit) {
    if (options->entropy_from == FROM_CONFIDENCE) return term(exit->confidence) + term(1 - exit->confidence);
    double sum = 0;
    for (uint32_t c = 0; c < exit->classes; c++) sum += term(exit->probabilities[c]);
    return sum;
}

static verdict after_exit(void *self, const observation *seen) {
    const entropy_options *options = self;
    return cascade_verdict(self, seen, entropy(options, &seen->exits[seen->exit_count - 1]) <= options->threshold);
}

const policy_type POLICY_ENTROPY = {
    .abi = POLICY_ABI,
    .name = "entropy",
    .summary = "cascade; good enough is an entropy of at most the threshold",
    .paper = "Xin et al., DeeBERT, ACL 2020",
    .options = OPTIONS,
    .size = sizeof(entropy_options),
    .route = cascade_route,
    .after_exit = after_exit,
};
