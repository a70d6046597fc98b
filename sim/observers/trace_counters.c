/* Counters of traces: gauges and sums of places and links, written as means over steps of simulated time. */
#include <math.h>

#include "trace_writer.h"

void gauge_add(gauge *g, const trace *t, double change, double now) {
    g->area += g->level * (now - fmax(g->since, t->step_start));
    g->level += change;
    g->since = now;
}

/* The integral over the step that ends now; the next one begins at 0. */
static double gauge_close(gauge *g, const trace *t, double now) {
    gauge_add(g, t, 0, now);
    double area = g->area;
    g->area = 0;
    return area;
}

/* Writes a mean, unless it is (to six decimals) what was written last. */
static void write_sample(trace *t, trace_sample s, int64_t *written) {
    int64_t rounded = llround(fmin(s.value * 1e6, 9e18));
    if (rounded == *written) return;
    *written = rounded;
    t->format->sample(t, &s);
}

static void close_place(trace *t, trace_place *p, double now, bool write) {
    double seconds = now - t->step_start;
    double busy = gauge_close(&p->busy, t, now), waiting = gauge_close(&p->waiting, t, now);
    double radios = gauge_close(&p->radio_watts, t, now);
    double core_watts = device_core_joules(p->device, 1);
    double values[] = {[COUNTER_QUEUE] = waiting / seconds,
                       [COUNTER_UTILIZATION] = 100 * busy / (p->cores * seconds),
                       [COUNTER_POWER] = p->idle_watts + (busy * core_watts + radios + p->joules) / seconds};
    p->joules = 0;
    for (counter c = COUNTER_QUEUE; write && c <= COUNTER_POWER; c++)
        write_sample(t, (trace_sample){c, p, NULL, t->step_start, now, values[c]}, &p->written[c]);
}

static void close_link(trace *t, trace_link *l, double now, bool write) {
    if (l->capacity <= 0) return;
    double load = 100 * l->bytes / (l->capacity * (now - t->step_start));
    l->bytes = 0;
    if (write) write_sample(t, (trace_sample){COUNTER_LOAD, NULL, l, t->step_start, now, load}, &l->written);
}

/* Steps begin where the window does; what lies before it is summed up and dropped. */
static void close_step(trace *t, double now) {
    bool write = t->step_start >= t->s->trace.from && now > t->step_start;
    for (size_t i = 0; i < t->place_count; i++) close_place(t, &t->places[i], now, write);
    for (size_t i = 0; i < t->link_count; i++) close_link(t, &t->links[i], now, write);
}

/* What rounding leaves of a step before the window's end is none. */
static double step_edge(const trace *t, uint64_t number) {
    const trace_settings *wanted = &t->s->trace;
    double edge = wanted->from + (double)number * wanted->step;
    return edge < wanted->to - 1e-6 * wanted->step ? edge : wanted->to;
}

static void open_step(trace *t) {
    t->step_start = step_edge(t, t->next_step++);
    t->step_end = step_edge(t, t->next_step);
    if (t->step_start < t->s->trace.to) return;
    t->counting = false;
    t->step_end = INFINITY;
}

/* Nothing has happened since the step before the present one ended, so all steps up to `now` are alike and
 * the sample of the first stands for all: skips to the one that holds `now`. */
static void skip_steps(trace *t, double now) {
    double steps = floor((now - t->s->trace.from) / t->s->trace.step);
    if ((uint64_t)steps > t->next_step) t->next_step = (uint64_t)steps - 1; /* one less: it may have been rounded up */
}

void trace_pass_steps(trace *t, double now) {
    for (unsigned closed = 0; now >= t->step_end; closed++) {
        close_step(t, t->step_end);
        if (closed == 1) skip_steps(t, now);
        open_step(t);
    }
}

void trace_end_steps(trace *t, double now) {
    trace_pass_steps(t, now);
    if (t->counting) close_step(t, now);
}
