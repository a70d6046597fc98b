/* What counters and events are called, in every format. */
#include "trace_writer.h"

const counter_name COUNTER_NAMES[COUNTER_COUNT] = {
    [COUNTER_QUEUE] = {"queue", "requests"},
    [COUNTER_UTILIZATION] = {"utilization", "%"},
    [COUNTER_POWER] = {"power", "W"},
    [COUNTER_LOAD] = {"load", "%"},
};

const char *trace_slice_title(char into[TRACE_NAME], const trace_event *e) {
    unsigned first = e->attempt->from + 1, last = e->attempt->from + e->plan->work.layers;
    if (!e->plan->work.layers)
        snprintf(into, TRACE_NAME, "router");
    else if (first < last)
        snprintf(into, TRACE_NAME, "layers %u-%u", first, last);
    else
        snprintf(into, TRACE_NAME, "layer %u", last);
    return into;
}

const char *trace_decision(const trace_event *e) {
    if (e->undone) return e->undone;
    if (!e->plan->work.layers) return "route";
    static const char *const DECISIONS[] =
        {[VERDICT_ANSWER] = "answer", [VERDICT_CONTINUE] = "continue", [VERDICT_SEND] = "escalate"};
    return DECISIONS[e->plan->verdict.kind];
}

void trace_title(char into[TRACE_NAME], const trace_event *e) {
    const char *at = TIER_NAMES[e->place->at], *to = TIER_NAMES[e->to];
    char layers[TRACE_NAME];
    switch (e->what) {
    case TRACE_REQUEST: snprintf(into, TRACE_NAME, "request"); break;
    case TRACE_ATTEMPT: snprintf(into, TRACE_NAME, "attempt %u", e->attempt->number + 1); break;
    case TRACE_QUEUED: snprintf(into, TRACE_NAME, "queued at %s", at); break;
    case TRACE_COMPUTE: snprintf(into, TRACE_NAME, "computing %.40s at %s", trace_slice_title(layers, e), at); break;
    case TRACE_CALL: snprintf(into, TRACE_NAME, "call at %s", at); break;
    case TRACE_PROMOTION: snprintf(into, TRACE_NAME, "waiting for the radio"); break;
    case TRACE_TURN: snprintf(into, TRACE_NAME, "waiting for a turn"); break;
    case TRACE_CONNECTION: snprintf(into, TRACE_NAME, "connecting to %s", to); break;
    case TRACE_SEND: snprintf(into, TRACE_NAME, e->to == TIER_PHONE ? "answer to %s" : "sending to %s", to); break;
    case TRACE_ROUTED: snprintf(into, TRACE_NAME, "routed to %s", to); break;
    case TRACE_ESCALATED: snprintf(into, TRACE_NAME, "escalated to %s", to); break;
    case TRACE_DONE: snprintf(into, TRACE_NAME, "%s", trace_outcome(e->r)); break;
    }
}
