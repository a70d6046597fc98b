/* A policy without time: what it makes of each sample, when nothing waits and nothing is on its way. What such a policy decides
 * depends on the sample alone, so a simulation decides the same. */
#ifndef PORTOLAN_ENGINE_REPLAY_H
#define PORTOLAN_ENGINE_REPLAY_H

#include "sim/sim.h"

/* What became of a sample. */
typedef struct replayed {
    double cost;        /* paper-style */
    uint8_t tier, exit; /* that answered */
    bool right;
} replayed;

/* Whether it needs no load and does not learn. */
bool policy_can_replay(const policy_setup *by);

/* Takes every sample of the scenario's table, into[samples], through the policy; `shares` are for one that is told another's.
 * False if it cannot be replayed or a model cannot be executed. */
bool policy_replay(const scenario *s, const policy_setup *by, const double *shares, replayed *into,
                   portolan_error *err);

/* Whether cloud-only is right, right[samples]. False if a model cannot be executed. */
bool cloud_replay(const scenario *s, bool *right, portolan_error *err);

#endif
