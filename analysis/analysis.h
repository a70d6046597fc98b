/* What was learned? The map of a training run and the routers made of it, statistics of answers and of repeated runs, a device's
 * service time, pictures and the report. For users; within Portolan the header of the folder that is meant is included. */
#ifndef PORTOLAN_ANALYSIS_H
#define PORTOLAN_ANALYSIS_H

#include "analysis/cartography/cartography.h"
#include "analysis/report/report.h"
#include "analysis/service/service.h"
#include "analysis/statistics/statistics.h"

#endif
