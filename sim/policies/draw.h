/* What the policies that draw tiers at random share. */
#ifndef PORTOLAN_DRAW_H
#define PORTOLAN_DRAW_H

#include "policy.h"

/* A tier drawn with the given probabilities. */
tier draw_tier(const observation *seen, const double shares[TIER_COUNT]);

#endif
