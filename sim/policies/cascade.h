/* What the cascades (confidence, entropy, patience) share: start on the phone, answer at the first exit that is good
 * enough, else go on, tier by tier. */
#ifndef PORTOLAN_CASCADE_H
#define PORTOLAN_CASCADE_H

#include "policy.h"

typedef struct cascade_options {
    int exits;    /* 0: the last exit of each tier; 1: every layer's exit */
    int escalate; /* 0: tokens, from layer 1 again; 1: hidden state, going on behind it */
} cascade_options;

extern const char *const CASCADE_EXITS[], *const CASCADE_PAYLOADS[];
extern const unsigned CASCADE_EXITS_NEEDS[];

/* The options of a cascade whose struct begins with a cascade_options. */
#define CASCADE_OPTIONS                                                                                          \
    {"exits",                                                                                                    \
     OPTION_CHOICE,                                                                                              \
     offsetof(cascade_options, exits),                                                                           \
     .doc = "tiers: only each tier's last exit is asked; all: the exit after every layer",                       \
     .fallback = "tiers",                                                                                        \
     .choices = CASCADE_EXITS,                                                                                   \
     .needs = CASCADE_EXITS_NEEDS},                                                                              \
    {                                                                                                            \
        "escalate", OPTION_CHOICE, offsetof(cascade_options, escalate),                                          \
            .doc = "what is sent up: tokens (the next tier starts at layer 1) or the hidden state (it goes on)", \
            .fallback = "tokens", .choices = CASCADE_PAYLOADS                                                    \
    }

verdict cascade_route(void *self, const observation *seen);

/* The verdict of a cascade, given whether the newest exit is good enough. */
verdict cascade_verdict(const void *self, const observation *seen, bool good_enough);

#endif
