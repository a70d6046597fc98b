/* confidence: answer at the first exit whose largest softmax probability reaches a threshold (BranchyNet's and many
 * later papers' rule with max softmax in place of entropy). */
#include "cascade.h"

typedef struct confidence_options {
    cascade_options cascade;
    double threshold;
} confidence_options;

static const policy_option OPTIONS[] = {
    CASCADE_OPTIONS,
    {"threshold", OPTION_NUMBER, offsetof(confidence_options, threshold),
     .doc = "answer where the confidence is at least this", .fallback = "0.8", .most = 1.0001, .tune = TUNE_RANGE,
     .careful = 1.0001, .bold = 0},
    {0},
};

static verdict after_exit(void *self, const observation *seen) {
    const confidence_options *options = self;
    return cascade_verdict(self, seen, seen->exits[seen->exit_count - 1].confidence >= options->threshold);
}

const policy_type POLICY_CONFIDENCE = {
    .abi = POLICY_ABI,
    .name = "confidence",
    .summary = "cascade; good enough is a confidence (max softmax) of at least the threshold",
    .paper = "Teerapittayanon et al., BranchyNet, ICPR 2016, and Distributed DNNs, ICDCS 2017, with max softmax in "
             "place of entropy",
    .needs = POLICY_NEEDS_CONFIDENCE,
    .options = OPTIONS,
    .size = sizeof(confidence_options),
    .route = cascade_route,
    .after_exit = after_exit,
};
