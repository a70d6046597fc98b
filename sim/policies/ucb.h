/* What the policies share that learn by upper confidence bounds (UCB1; Auer, Cesa-Bianchi and Fischer, Machine Learning 47,
 * 2002): arms, and the rule that picks one. */
#ifndef PORTOLAN_UCB_H
#define PORTOLAN_UCB_H

#include <stdint.h>

typedef struct ucb_arm {
    double sum; /* of the rewards that have come */
    uint64_t plays;
} ucb_arm;

/* The arm of the largest mean + c sqrt(ln(plays of all) / its plays); before that the first that has no reward yet. */
uint32_t ucb_pick(const ucb_arm *arms, uint32_t count, double c);

/* A reward has come for an arm. */
void ucb_reward(ucb_arm *arm, double reward);

#endif
