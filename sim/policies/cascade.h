/* What the cascades (confidence, entropy, patience) share: start on the phone, answer at the first exit that is good
 * enough, else go on, tier by tier. */
#ifndef PORTOLAN_CASCADE_H
#define PORTOLAN_CASCADE_H

#include "policy.h"

typedef struct cascade_options {
    policy_common common;
    int exits;    /* 0: the last exit of each tier; 1: every layer's exit */
    int escalate; /* 0: tokens, from layer 1 again; 1: hidden state, going on behind it */
} cascade_options;

extern const char *const CASCADE_EXITS[], *const CASCADE_PAYLOADS[];

/* The fields of a cascade whose options struct begins with a cascade_options. */
#define CASCADE_FIELDS                                                                                           \
    POLICY_COMMON_FIELDS,                                                                                        \
        {"exits",                                                                                                \
         FIELD_CHOICE,                                                                                           \
         offsetof(cascade_options, exits),                                                                       \
         .doc = "tiers: only each tier's last exit is asked; all: the exit after every layer",                   \
         .fallback = "tiers",                                                                                    \
         .choices = CASCADE_EXITS},                                                                              \
    {                                                                                                            \
        "escalate", FIELD_CHOICE, offsetof(cascade_options, escalate),                                           \
            .doc = "what is sent up: tokens (the next tier starts at layer 1) or the hidden state (it goes on)", \
            .fallback = "tokens", .choices = CASCADE_PAYLOADS                                                    \
    }

tier cascade_route(void *self, const observation *seen);
bool cascade_every_exit(const void *self);

/* The verdict of a cascade, given whether the newest exit is good enough. */
verdict cascade_verdict(const void *self, const observation *seen, bool good_enough);

#endif
