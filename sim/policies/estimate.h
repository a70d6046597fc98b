/* What policies make of reported load: expected delays. */
#ifndef PORTOLAN_ESTIMATE_H
#define PORTOLAN_ESTIMATE_H

#include "policy.h"

/* Seconds that a new request is expected to wait for a core at a tier; 0 where nothing is known. */
double expected_wait(const observation *seen, tier at);

/* Network seconds there and back, as last measured; 0 where nothing is known. */
double expected_round_trip(const observation *seen, tier at);

/* Both, and the service of a request that is sent straight there. */
double expected_delay(const observation *seen, tier at);

#endif
