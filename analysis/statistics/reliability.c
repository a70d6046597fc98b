/* How sure an exit is against how often it is right, and intervals of proportions and percentiles. */
#include <math.h>

#include "statistics.h"

static const double Z = 1.959964; /* the normal distribution's 97.5th percentile */

void reliability_add(reliability *r, double confidence, bool right) {
    double c = fmin(fmax(confidence, 0), 1);
    int bin = (int)(c * RELIABILITY_BINS);
    if (bin == RELIABILITY_BINS) bin--;
    r->samples[bin]++;
    r->right[bin] += right;
    r->confidence[bin] += c;
}

double reliability_error(const reliability *r) {
    double n = 0, gap = 0;
    for (int b = 0; b < RELIABILITY_BINS; b++) {
        n += (double)r->samples[b];
        gap += fabs((double)r->right[b] - r->confidence[b]);
    }
    return n > 0 ? gap / n : NAN;
}

void proportion_interval(double successes, double n, double *low, double *high) {
    if (n <= 0) {
        *low = 0;
        *high = 1;
        return;
    }
    double p = successes / n, z2 = Z * Z / n;
    double half = Z * sqrt(p * (1 - p) / n + z2 / (4 * n));
    *low = fmax(0, (p + z2 / 2 - half) / (1 + z2));
    *high = fmin(1, (p + z2 / 2 + half) / (1 + z2));
}

void percentile_interval(const double *sorted, size_t n, double p, double *low, double *high) {
    *low = *high = NAN;
    if (!n) return;
    double share = p / 100, middle = (double)n * share, half = Z * sqrt(middle * (1 - share));
    double first = fmax(floor(middle - half), 1), last = fmin(ceil(middle + half) + 1, (double)n);
    *low = sorted[(size_t)first - 1];
    *high = sorted[(size_t)last - 1];
}
