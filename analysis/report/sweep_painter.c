/* What the pictures of a sweep share. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "sweep_painter.h"

const char *const SWEEP_DRAWN[] = {"accuracy", "cost", "latency_mean_s", "energy_phone_j", NULL};

void sweep_axis_title(const metric *m, char into[SWEEP_WORDS]) {
    snprintf(into, SWEEP_WORDS, "%s%s%s", m->title, *m->shown_unit ? " / " : "", m->shown_unit);
}

void sweep_title_words(const metric *m, char into[SWEEP_WORDS]) {
    snprintf(into, SWEEP_WORDS, "%s", m->title);
    into[0] = (char)toupper((unsigned char)into[0]);
}

sweep_value sweep_value_of(const run_policy *cell, const char *key, double scale) {
    char name[96];
    sweep_value v = {.mean = scale * run_metric(cell, key)};
    snprintf(name, sizeof name, "%s_low", key);
    v.low = scale * run_metric(cell, name);
    snprintf(name, sizeof name, "%s_high", key);
    v.high = scale * run_metric(cell, name);
    if (!isfinite(v.low)) v.low = v.mean;
    if (!isfinite(v.high)) v.high = v.mean;
    return v;
}

void sweep_put_values(FILE *data, const double *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            fprintf(data, "\t%.9g", values[i]);
        else
            fputs("\tNaN", data);
    putc('\n', data);
}

void sweep_widen(plot_axis *a, double x) {
    if (!isfinite(x)) return;
    a->low = fmin(a->low, x);
    a->high = fmax(a->high, x);
}

plot_axis sweep_with_rim(plot_axis a) {
    double rim = 0.05 * (a.high - a.low);
    if (a.is_log) return (plot_axis){a.low * pow(a.low / a.high, 0.04), a.high * pow(a.high / a.low, 0.04), true};
    return (plot_axis){a.low >= 0 ? fmax(0, a.low - rim) : a.low - rim, a.high + rim, false};
}

static bool is_taken(const picture_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) return true;
    return false;
}

void sweep_picture_name(const sweep_painter *p, char into[SWEEP_NAME], const char *format, ...) {
    enum { NUMBER = 12 };
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(into, SWEEP_NAME - NUMBER, format, arguments);
    va_end(arguments);
    for (char *c = into; *c; c++)
        if ((unsigned char)*c > 127 || !isalnum((unsigned char)*c)) *c = '-';
    size_t n = strlen(into);
    for (unsigned k = 2; is_taken(p->list, into); k++) snprintf(into + n, NUMBER, "-%u", k);
}
