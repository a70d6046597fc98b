/* Expected delays. */
#include "estimate.h"

#include <math.h>

double expected_wait(const observation *seen, tier at) { return isnan(seen->load[at].wait) ? 0 : seen->load[at].wait; }

double expected_round_trip(const observation *seen, tier at) {
    return isnan(seen->load[at].round_trip) ? 0 : seen->load[at].round_trip;
}

double expected_delay(const observation *seen, tier at) {
    return expected_wait(seen, at) + seen->load[at].service + expected_round_trip(seen, at);
}
