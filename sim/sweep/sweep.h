/* Sweeps: a scenario, simulated at many settings of its keys and with several seeds each. A *setting* gives each of the
 * sweep's keys one value. A *point* is a setting and a seed: one run of all policies. Points are numbered from 0, the seed
 * varying slowest, so that one seed's whole grid is there before the next is begun; in the grid the last axis varies fastest.
 * Every setting sees the same seeds, hence the same arrivals, samples and phones (common random numbers).
 *
 * The plan is read (plan.c, axes.c), its points are run (run.c, slurm.c) into the store (store.c and its fellows), and
 * statistics.c says what was found; files.c and table.c write it down. Internal to sim/. */
#ifndef PORTOLAN_SWEEP_H
#define PORTOLAN_SWEEP_H

#include "plan.h"
#include "runner.h"
#include "statistics.h"
#include "store.h"

#endif
