/* Promises about a mean from a finite sample, without assuming what its values are distributed like. */
#ifndef PORTOLAN_ANALYSIS_BOUNDS_H
#define PORTOLAN_ANALYSIS_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether n independent values of [-1, 1] show that their mean is below `most` (0 <= most < 1): true with a probability of at
 * most `error` if it is not, whatever their distribution.
 *
 * A gambler who starts with 1 and bets that the values fall below `most` multiplies by 1 - bet (x - most) each time, where the
 * bet depends on the earlier values alone; if the mean is `most` or above, his fortune is a supermartingale, and is 1 / error or more
 * in the end with a probability of at most `error` (Markov; Ville allows to stop at its highest, which depends more on the
 * order). Bets are those of Waudby-Smith and Ramdas, "Estimating means of bounded random
 * variables by betting", J. R. Stat. Soc. B 86:1, 2024, eq. 26: sqrt(2 ln(1 / error) / (n variance so far)), at most 3/4. The order of
 * the values must not depend on them. */
bool mean_is_below(const double *values, size_t n, double most, double error);

/* The smallest such `most`, to 1e-6: an upper confidence bound of a mean in [0, 1] at the level 1 - error. 1 if there is none
 * below. */
double mean_upper_bound(const double *values, size_t n, double error);

#endif
