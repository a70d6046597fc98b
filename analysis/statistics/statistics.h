/* Statistics: percentiles and the measures of a classifier; of repeated runs (intervals.h); promises (bounds.h); the table of metrics (metrics.h). */
#ifndef PORTOLAN_STATISTICS_H
#define PORTOLAN_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "intervals.h"
#include "metrics.h"

/* Sorts `values` in ascending order. */
void sort_values(double *values, size_t n);

/* The p-th percentile (0 < p <= 100) of n ascending values by nearest rank: the smallest value that at least p % of
 * the values do not exceed, sorted[ceil(p n / 100) - 1]. NaN for n = 0. */
double percentile_nearest_rank(const double *sorted, size_t n, double p);

/* Area under the ROC curve: the probability that a positive has a larger score than a negative, ties counting half (the
 * Mann-Whitney statistic / (positives x negatives)). NaN without both. `scores` must be finite. -1 if memory is short. */
double area_under_curve(const double *scores, const bool *positive, size_t n);

/* Counts of (label, prediction) pairs. */
typedef struct confusion {
    uint32_t classes;
    uint64_t *counts; /* [label][prediction]; owned */
} confusion;

/* False if memory is short. */
bool confusion_open(confusion *c, uint32_t classes);
void confusion_add(confusion *c, uint32_t label, uint32_t prediction);
void confusion_close(confusion *c);

/* Share of right answers; NaN if there are none. */
double confusion_accuracy(const confusion *c);

/* F1 = 2 TP / (2 TP + FP + FN), of class 1 if there are two classes, else the mean over the classes. A class that is
 * neither labelled nor predicted has F1 0, as scikit-learn's zero_division=0 has it. NaN without answers. */
double confusion_f1(const confusion *c);

/* Matthews correlation, for any number of classes (Gorodkin, Comput. Biol. Chem. 28:367, 2004): with t_k labels and
 * p_k predictions of class k, c right of s: (c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2)(s^2 - sum t_k^2)); 0 where
 * the denominator is 0. NaN without answers. */
double confusion_mcc(const confusion *c);

/* ---- Reliability: how sure an exit is, against how often it is right ---- */

enum { RELIABILITY_BINS = 20 };

/* Bin b holds the answers of confidence [b/20, (b+1)/20), the last one 1 too. A zeroed one is empty. */
typedef struct reliability {
    uint64_t samples[RELIABILITY_BINS], right[RELIABILITY_BINS];
    double confidence[RELIABILITY_BINS]; /* sums; divide by samples */
} reliability;

/* Adds an answer; a confidence outside [0, 1] is counted at the nearest end. */
void reliability_add(reliability *r, double confidence, bool right);

/* Expected calibration error: the mean over answers of |accuracy - mean confidence| of their bin (Guo et al.,
 * ICML 2017, eq. 5). NaN without answers. */
double reliability_error(const reliability *r);

/* Wilson's 95 % interval of a proportion (Wilson, J. Am. Stat. Assoc. 22:209, 1927): with z = 1.959964 and p
 * = successes / n, (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n). [0, 1] for n = 0. */
void proportion_interval(double successes, double n, double *low, double *high);

/* The 95 % interval of the p-th percentile of n ascending values, taken as independent, by order statistics:
 * the values of rank floor(np - z sqrt(np (1 - p))) and ceil(np + z sqrt(np (1 - p))) + 1 (p as a share; the
 * normal approximation of the binomial; Hahn and Meeker, Statistical Intervals, 1991, section 5.2), kept
 * within 1 and n. NaN for n = 0. */
void percentile_interval(const double *sorted, size_t n, double p, double *low, double *high);

#endif
