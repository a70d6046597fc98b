/* Drawing a tier. */
#include "draw.h"

tier draw_tier(random_stream *s, const double shares[TIER_COUNT]) {
    double u = random_uniform(s);
    if (u < shares[TIER_PHONE]) return TIER_PHONE;
    return u < shares[TIER_PHONE] + shares[TIER_EDGE] ? TIER_EDGE : TIER_CLOUD;
}
