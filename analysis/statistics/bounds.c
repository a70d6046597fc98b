/* Bounds by betting. */
#include "bounds.h"

#include <math.h>

#include "base/elementary.h"

static const double LARGEST_BET = 0.75; /* below 1, at which a single value of 1 could ruin */

bool mean_is_below(const double *values, size_t n, double most, double error) {
    double goal = -portable_log(error), fortune = 0; /* logarithms */
    double sum = 0, squares = 0.25;                  /* of the values so far; begun as if with a spread of 1/2 */
    for (size_t i = 0; i < n; i++) {
        double mean = sum / (double)(i + 1), variance = squares / (double)(i + 1) - mean * mean;
        double bet = variance > 0 ? sqrt(2 * goal / ((double)n * variance)) : LARGEST_BET;
        if (bet > LARGEST_BET) bet = LARGEST_BET;
        fortune += portable_log(1 - bet * (values[i] - most));
        sum += values[i];
        squares += values[i] * values[i];
    }
    return fortune >= goal;
}

double mean_upper_bound(const double *values, size_t n, double error) {
    double low = 0, high = 1;
    while (high - low > 1e-6) {
        double middle = (low + high) / 2;
        if (mean_is_below(values, n, middle, error))
            high = middle;
        else
            low = middle;
    }
    return high;
}
