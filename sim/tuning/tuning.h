/* What is chosen before a run: a router from the map of a training run, and the options of policies by one rule for all. For
 * the neighbours in sim/. */
#ifndef PORTOLAN_TUNING_H
#define PORTOLAN_TUNING_H

#include "mapping.h"
#include "tune.h"

#endif
