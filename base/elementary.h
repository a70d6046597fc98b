/* log, exp, sine and cosine that give the same bits on every machine. libm's differ in the last place between processors
 * (it picks FMA variants at run time), which would change a drawn arrival time or whose neighbour a phone is, and with
 * it a whole run. */
#ifndef PORTOLAN_BASE_ELEMENTARY_H
#define PORTOLAN_BASE_ELEMENTARY_H

/* Natural logarithm of a finite x > 0; relative error below 1e-15 (absolute near x = 1). -HUGE_VAL at 0. */
double portable_log(double x);

/* e to the x; relative error below 1e-15 for |x| <= 700, 0 or HUGE_VAL beyond +-745. */
double portable_exp(double x);

/* Sine and cosine of an angle of at most 1e6 degrees, exact at multiples of 90; absolute error below 3e-16 up to 360
 * degrees. */
void portable_sine_cosine(double degrees, double *sine, double *cosine);

#endif
