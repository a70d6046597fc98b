/* UCB1. */
#include "ucb.h"

#include <math.h>

#include "base/elementary.h"

uint32_t ucb_pick(const ucb_arm *arms, uint32_t count, double c) {
    uint64_t plays = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!arms[i].plays) return i;
        plays += arms[i].plays;
    }
    uint32_t best = 0;
    double most = -INFINITY, log_plays = portable_log((double)plays);
    for (uint32_t i = 0; i < count; i++) {
        double n = (double)arms[i].plays, index = arms[i].sum / n + c * sqrt(log_plays / n);
        if (index > most) {
            most = index;
            best = i;
        }
    }
    return best;
}

void ucb_reward(ucb_arm *arm, double reward) {
    arm->sum += reward;
    arm->plays++;
}
