/* A phone's radio: what state it is in, when a message can go, and what that costs. States follow from the times at which
 * messages begin and end, so a radio is only looked at then: it has no timers. Pure: no engine, no SimGrid.
 *
 *   idle --message--> promoting -> active --last message ends--> continuous -> short DRX -> long DRX -> idle
 *                                    ^------------- message ----------'----------'------------'
 *
 * Internal to sim/. */
#ifndef PORTOLAN_RADIO_H
#define PORTOLAN_RADIO_H

#include "platforms/platforms.h"

typedef enum radio_state {
    RADIO_IDLE,
    RADIO_PROMOTING,
    RADIO_ACTIVE,
    RADIO_CONTINUOUS, /* the stages of the tail, in the order of radio_model.tail */
    RADIO_SHORT_DRX,
    RADIO_LONG_DRX,
    RADIO_STATES
} radio_state;

extern const char *const RADIO_STATE_NAMES[]; /* "idle", "promoting", ..., NULL */

typedef struct phone_radio {
    double connected;   /* end of the last promotion */
    double quiet;       /* when it last had no message any more */
    double told;        /* its spans are known until then */
    uint32_t under_way; /* messages */
} phone_radio;

/* A time in one state. */
typedef struct radio_span {
    radio_state state;
    double from, to;
    double joules; /* beyond those of an idle radio, which are the device's, and without those of bytes */
} radio_span;

enum { RADIO_MOST_SPANS = RADIO_STATES };

/* A radio that is idle, at time 0. */
phone_radio radio_open(void);

radio_state radio_state_at(const radio_model *m, const phone_radio *r, double now);

/* The same, and when the state ends by itself; INFINITY: it does not. */
radio_state radio_state_until(const radio_model *m, const phone_radio *r, double now, double *end);

/* What a state takes, beyond what an idle radio does. */
double radio_watts(const radio_model *m, radio_state state);

/* Fills `spans` with what it went through since it was last asked, each with a length above 0, in order, and returns how many
 * they are. `now` may be INFINITY if no message is under way: then all ends with the tail. To be called before a message
 * begins; what it was between messages is not known for ever. */
size_t radio_advance(const radio_model *m, phone_radio *r, double now, radio_span spans[RADIO_MOST_SPANS]);

/* A message wants to go: when it can. An idle radio needs `promotion` seconds; one that is promoting is waited for; one that
 * listens now and then has a message down (`down`) wait until it does. */
double radio_begin(const radio_model *m, phone_radio *r, double promotion, bool down, double now);

/* A message has arrived, or is lost. */
void radio_end(phone_radio *r, double now);

#endif
