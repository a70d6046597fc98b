/* A request's books. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "outcome_source.h"
#include "place.h"

const char *const FAILURE_NAMES[] = {"", "queue-full", "network", "server", NULL};

void request_open(request *r, const scenario *s, uint64_t number, const arrival *a) {
    r->next = NULL;
    r->attempts = NULL;
    r->tried = 0;
    r->number = number;
    r->key = a->key;
    r->work = arrival_work(&s->table, s->seed, a->key);
    r->note = 0;
    r->random = random_open(s->seed, "policy", a->key);
    r->record = (request_record){
        .arrival = a->time,
        .wait = {NAN, NAN, NAN},
        .phone = a->phone,
        .sample = a->sample,
        .tokens = s->table.tokens[a->sample],
    };
}

/* Its exits, of which there is much room, are left as they are. */
void attempt_open(attempt *a, request *of, place *at, double now) {
    a->request = of;
    a->sibling = of->attempts;
    of->attempts = a;
    a->number = of->tried++;
    a->place = at;
    a->state = ATTEMPT_WAITS;
    a->failure = FAILURE_NONE;
    a->began = now;
    a->doing = NULL;
    a->slice = (slice){0};
    a->routed = false;
    a->from = 0;
    a->hidden = NULL;
    a->probabilities = NULL;
    a->exit_count = 0;
}

void attempt_end(attempt *a, double now) {
    attempt **link = &a->request->attempts;
    while (*link != a) link = &(*link)->sibling;
    *link = a->sibling;
    a->request->record.under_way += now - a->began;
}

void attempt_close(attempt *a) {
    outcome_source_forget(a);
    free(a->probabilities);
    a->probabilities = NULL;
}

void request_book_slice(request *r, const place *at, const scenario *s, const slice *done, double seconds, double own) {
    const device *d = at->device;
    double joules = device_core_joules(d, own);
    r->record.compute += seconds;
    r->record.call += fmin(seconds, service_call(d, at->speed, &done->work));
    r->record.usd += own * d->usd_per_second / (double)d->cores;
    if (at->at == TIER_PHONE || s->cost.charge_remote_compute) r->record.cost += s->cost.layer * done->work.layers;
    if (at->at == TIER_PHONE)
        r->record.phone_joules += joules;
    else
        r->record.server_joules += joules;
}

void request_book_transfer(request *r, const scenario *s, tier from, tier to, uint64_t bytes) {
    const platform *p = &s->platform;
    const net_link *air = &p->cells[p->phones[r->record.phone].cell].link;
    bool by_radio = from == TIER_PHONE || to == TIER_PHONE;
    double joules = by_radio ? (double)bytes * link_byte_joules(air, from == TIER_PHONE) : 0;
    if (to == TIER_PHONE) {
        r->record.bytes_down += bytes;
    } else {
        r->record.bytes_up += bytes;
        r->record.cost += to == TIER_EDGE ? s->cost.offload_edge : s->cost.offload_cloud;
    }
    r->record.phone_joules += joules;
    r->record.radio_joules += joules;
}

uint64_t request_payload(const request *r, const scenario *s, bool hidden) {
    return platform_wire_bytes(&s->platform.network, hidden ? payload_hidden(&s->payload, &s->shape, r->record.tokens)
                                                            : payload_tokens(&s->payload, r->record.tokens));
}

void request_answer(request *r, const attempt *by) {
    const exit_outcome *last = &by->exits[by->exit_count - 1];
    r->record.tier = (uint8_t)last->at;
    r->record.exit = (uint8_t)last->layer;
    r->record.prediction = (uint16_t)last->prediction;
}
