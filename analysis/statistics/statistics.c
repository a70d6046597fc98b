/* Percentiles and the confusion matrix. */
#include <math.h>
#include <stdlib.h>

#include "statistics.h"

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_values(double *values, size_t n) {
    if (n) qsort(values, n, sizeof *values, ascending); /* none may be NULL */
}

double percentile_nearest_rank(const double *sorted, size_t n, double p) {
    if (!n) return NAN;
    size_t rank = (size_t)ceil(p * (double)n / 100);
    return sorted[rank < 1 ? 0 : rank > n ? n - 1 : rank - 1];
}

/* ---- Area under the curve ---- */

typedef struct scored {
    double score;
    bool positive;
} scored;

static int by_score(const void *a, const void *b) {
    return ascending(&((const scored *)a)->score, &((const scored *)b)->score);
}

double area_under_curve(const double *scores, const bool *positive, size_t n) {
    scored *sorted = malloc((n ? n : 1) * sizeof *sorted);
    if (!sorted) return -1;
    for (size_t i = 0; i < n; i++) sorted[i] = (scored){scores[i], positive[i]};
    qsort(sorted, n, sizeof *sorted, by_score);
    double wins = 0, positives = 0, negatives = 0;
    for (size_t i = 0; i < n;) { /* one group of equal scores after the other */
        double here[2] = {0, 0};
        for (double score = sorted[i].score; i < n && sorted[i].score == score; i++) here[sorted[i].positive]++;
        wins += here[1] * (negatives + here[0] / 2);
        negatives += here[0];
        positives += here[1];
    }
    free(sorted);
    return positives > 0 && negatives > 0 ? wins / (positives * negatives) : NAN;
}

/* ---- Confusion matrix ---- */

bool confusion_open(confusion *c, uint32_t classes) {
    c->classes = classes;
    c->counts = calloc((size_t)classes * classes, sizeof *c->counts);
    return c->counts != NULL;
}

void confusion_add(confusion *c, uint32_t label, uint32_t prediction) {
    c->counts[(size_t)label * c->classes + prediction]++;
}

void confusion_close(confusion *c) {
    free(c->counts);
    *c = (confusion){0};
}

/* Row sum (labels) and column sum (predictions) of class k. */
static void class_totals(const confusion *c, uint32_t k, double *labelled, double *predicted) {
    *labelled = *predicted = 0;
    for (uint32_t j = 0; j < c->classes; j++) {
        *labelled += (double)c->counts[(size_t)k * c->classes + j];
        *predicted += (double)c->counts[(size_t)j * c->classes + k];
    }
}

static double right_of_class(const confusion *c, uint32_t k) { return (double)c->counts[(size_t)k * c->classes + k]; }

/* The sums the measures are made of. */
typedef struct totals {
    double all, right, labels_squared, predictions_squared, products;
} totals;

static totals sum_up(const confusion *c) {
    totals t = {0};
    for (uint32_t k = 0; k < c->classes; k++) {
        double labelled, predicted;
        class_totals(c, k, &labelled, &predicted);
        t.all += labelled;
        t.right += right_of_class(c, k);
        t.labels_squared += labelled * labelled;
        t.predictions_squared += predicted * predicted;
        t.products += labelled * predicted;
    }
    return t;
}

double confusion_accuracy(const confusion *c) {
    totals t = sum_up(c);
    return t.all > 0 ? t.right / t.all : NAN;
}

static double class_f1(const confusion *c, uint32_t k) {
    double labelled, predicted;
    class_totals(c, k, &labelled, &predicted);
    return labelled + predicted > 0 ? 2 * right_of_class(c, k) / (labelled + predicted) : 0;
}

double confusion_f1(const confusion *c) {
    if (!(sum_up(c).all > 0)) return NAN;
    if (c->classes == 2) return class_f1(c, 1);
    double sum = 0;
    for (uint32_t k = 0; k < c->classes; k++) sum += class_f1(c, k);
    return sum / c->classes;
}

double confusion_mcc(const confusion *c) {
    totals t = sum_up(c);
    if (!(t.all > 0)) return NAN;
    double below = (t.all * t.all - t.predictions_squared) * (t.all * t.all - t.labels_squared);
    return below > 0 ? (t.right * t.all - t.products) / sqrt(below) : 0;
}
