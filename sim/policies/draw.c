/* Drawing a tier. */
#include "draw.h"

tier draw_tier(const observation *seen, const double shares[TIER_COUNT]) {
    double u = policy_uniform(seen);
    if (u < shares[TIER_PHONE]) return TIER_PHONE;
    return u < shares[TIER_PHONE] + shares[TIER_EDGE] ? TIER_EDGE : TIER_CLOUD;
}
