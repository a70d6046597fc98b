/* The service time of a device, fitted to latencies: a call, the weights, the FLOP; how far the fit is off; and its picture. */
#ifndef PORTOLAN_ANALYSIS_SERVICE_H
#define PORTOLAN_ANALYSIS_SERVICE_H

#include "model/latency/latency.h"

typedef enum service_term { TERM_FLOPS, TERM_CALL, TERM_WEIGHTS, SERVICE_TERMS } service_term;

/* seconds = per[TERM_CALL] + per[TERM_WEIGHTS] x weight bytes + per[TERM_FLOPS] x FLOP */
typedef struct service_fit {
    double per[SERVICE_TERMS]; /* not negative; 0 where the best fit does without */
    double error;              /* root mean square of the relative errors over the rows of the fit */
} service_fit;

double service_fit_seconds(const service_fit *fit, const latency *m);

/* Least squares on the relative error, sum (fitted / measured - 1)^2. Of the eight subsets of the terms the best of those whose
 * coefficients are all above 0 (without one of them everything is off by 1), by LAPACK's dgelsy; of two that are equally good,
 * the one with fewer terms. Terms that the rows cannot tell apart are not both in it. */
bool service_fit_make(service_fit *fit, const latency *rows, size_t count, portolan_error *err);

/* The same over one subset, a bit a term: `fits` says whether it can be told from the rows, and is above 0 throughout. */
bool service_fit_terms(service_fit *fit, unsigned terms, const latency *rows, size_t count, bool *fits,
                       portolan_error *err);

/* Relative errors |fitted / measured - 1|, over `count` rows. NaN for none. */
typedef struct service_errors {
    size_t count;
    double median, mean, p90, most;
} service_errors;

/* Of fitted seconds, NaN where there are none (those rows do not count). False if memory is short. */
bool service_errors_of(service_errors *errors, const latency *rows, const double *fitted, size_t count,
                       portolan_error *err);

/* ---- The picture ---- */

/* Measured against fitted seconds: `fitted` [count] by the formula, `tabled` [count] by interpolation (NaN: outside), of which the
 * first `used` rows are those of the fit. Written as plot_close does into `folder`, under the name "fit". `drawn`: there was a
 * gnuplot. */
typedef struct service_picture {
    const latency *rows;
    const double *fitted, *tabled;
    size_t count, used;
} service_picture;

bool service_draw(const service_picture *what, const char *folder, bool *drawn, portolan_error *err);

#endif
