/* length: the tier by the number of tokens, two cuts. Any router by difficulty has to beat it. */
#include "policy.h"

typedef struct length_options {
    uint64_t phone, edge;
} length_options;

static const policy_option OPTIONS[] = {
    {"phone", OPTION_COUNT, offsetof(length_options, phone), .doc = "samples of up to so many tokens stay on the phone",
     .fallback = "8", .tune = TUNE_TOKENS},
    {"edge", OPTION_COUNT, offsetof(length_options, edge),
     .doc = "longer ones of up to so many go to the edge, all others to the cloud", .fallback = "16",
     .tune = TUNE_TOKENS},
    {0},
};

static verdict route(void *self, const observation *seen) {
    const length_options *options = self;
    if (seen->tokens <= options->phone) return policy_send(TIER_PHONE);
    return policy_send(seen->tokens <= options->edge ? TIER_EDGE : TIER_CLOUD);
}

const policy_type POLICY_LENGTH = {
    .abi = POLICY_ABI,
    .name = "length",
    .summary = "the tier by the number of tokens: short, medium, long",
    .paper = "a yardstick: what the length alone tells",
    .options = OPTIONS,
    .size = sizeof(length_options),
    .route = route,
};
