/* See radio.h. */
#include "radio.h"

#include <math.h>

const char *const RADIO_STATE_NAMES[] = {"idle",           "promoting",     "active", "continuous-reception",
                                         "short-drx-tail", "long-drx-tail", NULL};

phone_radio radio_open(void) { return (phone_radio){.connected = -INFINITY, .quiet = -INFINITY}; }

radio_state radio_state_until(const radio_model *m, const phone_radio *r, double now, double *end) {
    *end = r->connected;
    if (now < r->connected) return RADIO_PROMOTING;
    *end = INFINITY;
    if (r->under_way) return RADIO_ACTIVE;
    *end = r->quiet;
    if (now < r->quiet) return RADIO_ACTIVE;
    for (int stage = 0; stage < RADIO_STAGES; stage++) {
        *end += m->tail[stage].seconds;
        if (now < *end) return (radio_state)(RADIO_CONTINUOUS + stage);
    }
    *end = INFINITY;
    return RADIO_IDLE;
}

radio_state radio_state_at(const radio_model *m, const phone_radio *r, double now) {
    double end;
    return radio_state_until(m, r, now, &end);
}

double radio_watts(const radio_model *m, radio_state state) {
    if (state == RADIO_IDLE) return 0;
    if (state == RADIO_PROMOTING) return m->promotion_watts;
    return state == RADIO_ACTIVE ? m->active_watts : m->tail[state - RADIO_CONTINUOUS].watts;
}

size_t radio_advance(const radio_model *m, phone_radio *r, double now, radio_span spans[RADIO_MOST_SPANS]) {
    size_t n = 0;
    while (r->told < now) {
        double end;
        radio_state state = radio_state_until(m, r, r->told, &end);
        if (state == RADIO_IDLE && now == INFINITY) break;
        end = fmin(end, now);
        spans[n++] = (radio_span){state, r->told, end, radio_watts(m, state) * (end - r->told)};
        r->told = end;
    }
    return n;
}

/* When a stage that began at `since` next listens. */
static double next_listening(const radio_stage *stage, double since, double now) {
    if (stage->cycle <= 0) return now;
    return fmax(now, since + ceil((now - since) / stage->cycle) * stage->cycle);
}

static double listens_at(const radio_model *m, const phone_radio *r, double now) {
    double since = r->quiet;
    for (int stage = 0; stage < RADIO_STAGES; stage++) {
        if (now < since + m->tail[stage].seconds) return next_listening(&m->tail[stage], since, now);
        since += m->tail[stage].seconds;
    }
    return now;
}

double radio_begin(const radio_model *m, phone_radio *r, double promotion, bool down, double now) {
    radio_state state = radio_state_at(m, r, now);
    double start = now;
    if (state == RADIO_IDLE) r->connected = now + promotion;
    if (state == RADIO_IDLE || state == RADIO_PROMOTING)
        start = r->connected;
    else if (down && !r->under_way)
        start = listens_at(m, r, now);
    r->under_way++;
    return start;
}

void radio_end(phone_radio *r, double now) {
    if (--r->under_way == 0) r->quiet = fmax(now, r->connected);
}
