/* Student's t, the bootstrap, paired differences. */
#include "intervals.h"

#include <math.h>
#include <stdlib.h>

#include "statistics.h"

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), evaluated from its
 * head by the modified method of Lentz; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b) {
    const double tiny = 1e-300;
    double c = 1, d = 1 / fmax(fabs(1 - (a + b) * x / (a + 1)), tiny), f = d;
    for (int m = 1; m < 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double terms[] = {even, odd}, change = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            c = 1 + terms[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            f *= change;
        }
        if (fabs(change - 1) < 1e-15) break;
    }
    return f;
}

/* Regularised incomplete beta function I_x(a, b). */
static double beta_regularised(double x, double a, double b) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(x, a, b) / a;
    return 1 - front * beta_fraction(1 - x, b, a) / b;
}

double t_quantile(double p, double df) {
    if (p < 0.5) return -t_quantile(1 - p, df);
    double low = 0, high = 1, tail = 2 * (1 - p); /* both tails */
    while (beta_regularised(df / (df + high * high), df / 2, 0.5) > tail && high < 1e150) high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        double t = (low + high) / 2;
        if (beta_regularised(df / (df + t * t), df / 2, 0.5) > tail)
            low = t;
        else
            high = t;
    }
    return (low + high) / 2;
}

static interval moments(const double *values, size_t n) {
    interval i = {.n = n, .mean = NAN, .sd = NAN, .low = NAN, .high = NAN};
    double sum = 0, squares = 0;
    if (!n) return i;
    for (size_t k = 0; k < n; k++) sum += values[k];
    i.mean = sum / (double)n;
    for (size_t k = 0; k < n; k++) squares += (values[k] - i.mean) * (values[k] - i.mean);
    if (n > 1) i.sd = sqrt(squares / (double)(n - 1));
    return i;
}

/* t_quantile for the two-sided interval of n values. A sweep asks for the same n thousands of times: the
 * newest is kept. */
static double t_factor(size_t n, double level) {
    static _Thread_local struct {
        size_t n;
        double level, t;
    } kept;
    if (kept.n != n || kept.level != level) {
        kept.t = t_quantile((1 + level) / 2, (double)(n - 1));
        kept.n = n;
        kept.level = level;
    }
    return kept.t;
}

interval t_interval(const double *values, size_t n, double level) {
    interval i = moments(values, n);
    if (n < 2) return i;
    double half = t_factor(n, level) * i.sd / sqrt((double)n);
    i.low = i.mean - half;
    i.high = i.mean + half;
    return i;
}

bool bootstrap_interval(const double *values, size_t n, double level, size_t resamples, random_stream *s, interval *i) {
    *i = moments(values, n);
    if (n < 2) return true;
    double *means = malloc(resamples * sizeof *means);
    if (!means) return false;
    for (size_t r = 0; r < resamples; r++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) sum += values[random_below(s, n)];
        means[r] = sum / (double)n;
    }
    sort_values(means, resamples);
    i->low = percentile_nearest_rank(means, resamples, 50 * (1 - level));
    i->high = percentile_nearest_rank(means, resamples, 50 * (1 + level));
    free(means);
    return true;
}

bool paired_interval(const double *a, const double *b, size_t n, double level, interval *i) {
    double *differences = malloc((n + 1) * sizeof *differences);
    size_t pairs = 0;
    if (!differences) return false;
    for (size_t k = 0; k < n; k++)
        if (!isnan(a[k]) && !isnan(b[k])) differences[pairs++] = a[k] - b[k];
    *i = t_interval(differences, pairs, level);
    free(differences);
    return true;
}
