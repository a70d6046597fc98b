/* What neighbours use of the observers: the interface, what came to each place, and traces. Internal to sim/. */
#ifndef PORTOLAN_OBSERVERS_H
#define PORTOLAN_OBSERVERS_H

#include "load.h"
#include "observer.h"
#include "trace.h"

#endif
