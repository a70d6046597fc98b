/* Means over a few repetitions, and how far they can be trusted. */
#ifndef PORTOLAN_ANALYSIS_INTERVALS_H
#define PORTOLAN_ANALYSIS_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/random.h"

/* An estimate with its interval; NaN where it is not defined. */
typedef struct interval {
    size_t n;        /* repetitions */
    double mean, sd; /* sd: sample standard deviation, divisor n - 1; NaN for n < 2 */
    double low, high;
} interval;

/* The p-quantile of Student's t distribution with `df` > 0 degrees of freedom, 0 < p < 1: the root of its
 * distribution function, which is 1 - I_x(df/2, 1/2)/2 at t > 0, x = df / (df + t^2), with I the
 * regularised incomplete beta function (Abramowitz and Stegun 26.7.1, 26.5.27). */
double t_quantile(double p, double df);

/* The mean of n values and its two-sided t interval at `level`: mean +- t sd / sqrt(n). The values are
 * taken as draws of a roughly normal quantity. For n = 1 the interval is NaN. */
interval t_interval(const double *values, size_t n, double level);

/* The same mean with the percentile interval of the bootstrap (Efron and Tibshirani 1993, section 13.3): of
 * `resamples` means of n values drawn with replacement, the (1 - level)/2 and (1 + level)/2 percentiles by
 * nearest rank. For quantities far from normal. `s` is advanced. False if memory is short. */
bool bootstrap_interval(const double *values, size_t n, double level, size_t resamples, random_stream *s, interval *i);

/* The t interval of the differences a[k] - b[k] of paired repetitions; pairs in which one is NaN are left
 * out. False if memory is short. */
bool paired_interval(const double *a, const double *b, size_t n, double level, interval *i);

#endif
