/* patience: answer once `patience` exits in a row have repeated the prediction before them (PABEE). The count goes on
 * across tiers: a phone that escalates sends it along. */
#include "cascade.h"

typedef struct patience_options {
    cascade_options cascade;
    uint64_t patience;
} patience_options;

static const policy_option OPTIONS[] = {
    CASCADE_OPTIONS,
    {"patience", OPTION_COUNT, offsetof(patience_options, patience),
     .doc = "answer when so many exits in a row agree with the exit before them", .fallback = "1", .least = 1,
     .most = 64, .tune = TUNE_RANGE, .careful = 64, .bold = 1},
    {0},
};

static verdict after_exit(void *self, const observation *seen) {
    const patience_options *options = self;
    uint32_t agreed = 0;
    for (uint32_t i = seen->exit_count - 1; i > 0 && seen->exits[i].prediction == seen->exits[i - 1].prediction; i--)
        agreed++;
    return cascade_verdict(self, seen, agreed >= options->patience);
}

const policy_type POLICY_PATIENCE = {
    .abi = POLICY_ABI,
    .name = "patience",
    .summary = "cascade; good enough are so many exits in a row that repeat the prediction before them",
    .paper = "Zhou et al., PABEE, NeurIPS 2020",
    .options = OPTIONS,
    .size = sizeof(patience_options),
    .route = cascade_route,
    .after_exit = after_exit,
};
