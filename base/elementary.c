/* log by the series of artanh, exp by argument halving, sine and cosine by their series in an eighth of the circle: only
 * +, -, *, / and frexp/ldexp, whose results IEEE 754 fixes.
 * (The build turns the contraction of a * b + c into FMA off.) */
#include "elementary.h"

#include <math.h>

/* ln 2 in two parts; the first has 32 significant bits, so that its product with an exponent is exact. */
static const double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 0x1.a39ef35793c76p-33;
static const double INVERSE_LN2 = 0x1.71547652b82fep+0;

double portable_log(double x) {
    if (x <= 0) return -HUGE_VAL;
    int exponent;
    double m = frexp(x, &exponent); /* x = m * 2^exponent, m in [1/2, 1) */
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    /* ln m = 2 artanh(s), s = (m-1)/(m+1), |s| < 0.172: s^23/23 is below 2^-60 */
    double s = (m - 1) / (m + 1), square = s * s, series = 0;
    for (int k = 23; k >= 3; k -= 2) series = series * square + 1.0 / k;
    double e = exponent;
    return e * LN2_HIGH + (2 * s + (2 * s * (square * series) + e * LN2_LOW));
}

double portable_exp(double x) {
    if (x > 745) return HUGE_VAL;
    if (x < -745) return 0;
    double k = floor(x * INVERSE_LN2 + 0.5);
    double r = (x - k * LN2_HIGH) - k * LN2_LOW; /* |r| <= ln(2)/2; r^16/16! is below 2^-68 */
    double series = 1;
    for (int n = 16; n >= 1; n--) series = 1 + series * r / n;
    return ldexp(series, (int)k);
}

void portable_sine_cosine(double degrees, double *sine, double *cosine) {
    double quarter = floor(degrees / 90 + 0.5);
    double x = (degrees - 90 * quarter) * 0x1.1df46a2529d39p-6; /* pi/180; |x| <= pi/4: x^19/19! is below 2^-63 */
    double square = x * x, s = 1, c = 1;
    for (int n = 18; n >= 2; n -= 2) {
        c = 1 - c * square / (n * (n - 1));
        s = 1 - s * square / (n * (n + 1));
    }
    s *= x;
    int turn = (int)quarter & 3; /* two's complement: -1 is 3 */
    *sine = turn & 1 ? c : s;
    *cosine = turn & 1 ? s : c;
    if (turn >= 2) *sine = -*sine;
    if (turn == 1 || turn == 2) *cosine = -*cosine;
}
