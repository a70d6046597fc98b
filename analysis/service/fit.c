/* Fitting service times. */
#include <math.h>
#include <stdlib.h>

#include "analysis/statistics/statistics.h"
#include "model/encoder/encoder.h"
#include "service.h"

double service_fit_seconds(const service_fit *fit, const latency *m) {
    return fit->per[TERM_CALL] + fit->per[TERM_WEIGHTS] * latency_weight_bytes(m) +
           fit->per[TERM_FLOPS] * latency_flops(m);
}

static double term_of(service_term term, const latency *m) {
    return term == TERM_CALL ? 1 : term == TERM_WEIGHTS ? latency_weight_bytes(m) : latency_flops(m);
}

static double error_of(const service_fit *fit, const latency *rows, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double off = service_fit_seconds(fit, &rows[i]) / rows[i].seconds - 1;
        sum += off * off;
    }
    return sqrt(sum / (double)count);
}

/* The columns of the terms over the seconds, by columns, each scaled to at most 1 so that their rank can be told. */
static void fill_columns(double *a, double scale[SERVICE_TERMS], const service_term *terms, size_t n,
                         const latency *rows, size_t count) {
    for (size_t k = 0; k < n; k++) {
        double *column = a + k * count;
        scale[k] = 0;
        for (size_t i = 0; i < count; i++) {
            column[i] = term_of(terms[k], &rows[i]) / rows[i].seconds;
            scale[k] = fmax(scale[k], column[i]);
        }
        for (size_t i = 0; i < count; i++) column[i] /= scale[k];
    }
}

/* Solves a x = 1 in the sense of least squares; `rank` of a. x takes the first n places of `ones`. */
static bool solve(double *a, double *ones, size_t count, size_t n, int *rank, portolan_error *err) {
    enum { WORK = 4096 };
    static const double SMALLEST = 1e-7; /* condition beyond which terms cannot be told apart: timings are no finer */
    double work[WORK];
    int rows = (int)count, columns = (int)n, one = 1, pivot[SERVICE_TERMS] = {0}, length = WORK, info;
    blas.dgelsy(&rows, &columns, &one, a, &rows, ones, &rows, pivot, &SMALLEST, rank, work, &length, &info);
    return info == 0 || error_run(err, "LAPACK's dgelsy refused its argument %d", -info);
}

static size_t list_terms(unsigned terms, service_term list[SERVICE_TERMS]) {
    size_t n = 0;
    for (int t = 0; t < SERVICE_TERMS; t++)
        if (terms >> t & 1) list[n++] = (service_term)t;
    return n;
}

bool service_fit_terms(service_fit *fit, unsigned terms, const latency *rows, size_t count, bool *fits,
                       portolan_error *err) {
    service_term list[SERVICE_TERMS];
    double scale[SERVICE_TERMS];
    size_t n = list_terms(terms, list);
    int rank = 0;
    *fit = (service_fit){{0}, 1};
    *fits = n <= count;
    if (!n || !*fits) return true;
    if (!blas_open(1, err)) return false;
    if (!blas.dgelsy) return error_run(err, "this OpenBLAS has no LAPACK (dgelsy), which the fit needs");
    double *a = malloc(n * count * sizeof *a), *ones = malloc(count * sizeof *ones);
    bool ok = (a && ones) || error_memory(err, (n + 1) * count * sizeof *a);
    if (ok) {
        fill_columns(a, scale, list, n, rows, count);
        for (size_t i = 0; i < count; i++) ones[i] = 1;
        ok = solve(a, ones, count, n, &rank, err);
    }
    *fits = ok && rank == (int)n;
    for (size_t k = 0; *fits && k < n; k++) {
        fit->per[list[k]] = ones[k] / scale[k];
        if (!(ones[k] > 0)) *fits = false;
    }
    if (*fits) fit->error = error_of(fit, rows, count);
    free(a);
    free(ones);
    return ok;
}

bool service_fit_make(service_fit *fit, const latency *rows, size_t count, portolan_error *err) {
    /* fewer terms first, a bit each; and FLOP before the others, which a device must have */
    static const unsigned SUBSETS[] = {0, 1, 2, 4, 1 | 2, 1 | 4, 2 | 4, 1 | 2 | 4};
    static const double BETTER = 1e-9;
    *fit = (service_fit){{0}, 1};
    if (count > 1u << 24) return error_run(err, "%zu latencies are too many to be fitted", count);
    for (size_t i = 0; i < sizeof SUBSETS / sizeof *SUBSETS; i++) {
        service_fit other;
        bool fits;
        if (!service_fit_terms(&other, SUBSETS[i], rows, count, &fits, err)) return false;
        if (fits && other.error < fit->error - BETTER) *fit = other;
    }
    return true;
}

bool service_errors_of(service_errors *errors, const latency *rows, const double *fitted, size_t count,
                       portolan_error *err) {
    double *off = malloc((count ? count : 1) * sizeof *off), sum = 0;
    size_t n = 0;
    if (!off) return error_memory(err, count * sizeof *off);
    for (size_t i = 0; i < count; i++) {
        if (isnan(fitted[i])) continue;
        off[n] = fabs(fitted[i] / rows[i].seconds - 1);
        sum += off[n++];
    }
    sort_values(off, n);
    *errors = (service_errors){n, percentile_nearest_rank(off, n, 50), n ? sum / (double)n : NAN,
                               percentile_nearest_rank(off, n, 90), percentile_nearest_rank(off, n, 100)};
    free(off);
    return true;
}
