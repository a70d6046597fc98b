/* What was learned? Statistics of answers: percentiles, and the measures of a classifier. */
#ifndef PORTOLAN_ANALYSIS_H
#define PORTOLAN_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
