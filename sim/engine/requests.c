/* A request's course through the policy, and its books. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "request.h"

const char *const FAILURE_NAMES[] = {"", "queue-full", "network", "server", NULL};

void request_open(request *r, const scenario *s, uint64_t number, const arrival *a) {
    r->next = NULL;
    r->number = number;
    r->key = a->key;
    r->work = arrival_work(&s->table, s->seed, a->key);
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
void attempt_open(attempt *a, request *of, place *at) {
    a->request = of;
    a->place = at;
    a->state = ATTEMPT_WAITS;
    a->doing = NULL;
    a->slice = (slice){0};
    a->routed = false;
    a->from = 0;
    a->hidden = NULL;
    a->probabilities = NULL;
    a->exit_count = 0;
}

void attempt_close(attempt *a) {
    answer_forget(a);
    free(a->probabilities);
    a->probabilities = NULL;
}

/* Needs the three tier costs to live as long as the observation. */
static observation observe(attempt *a, tier at, const scenario *s, const double *tier_cost, double now) {
    request *r = a->request;
    return (observation){
        .now = now,
        .request = r->key,
        .phone = r->record.phone,
        .tokens = r->record.tokens,
        .depth = s->depth,
        .tier_cost = tier_cost,
        .at = at,
        .exits = a->exits,
        .exit_count = a->exit_count,
        .random = &r->random,
    };
}

static void tier_costs(const scenario *s, double cost[TIER_COUNT]) {
    for (int k = 0; k < TIER_COUNT; k++) cost[k] = scenario_tier_cost(s, (tier)k);
}

double request_router_flops(const request *r, const scenario *s, const policy_type *type, const void *policy) {
    return type->router ? r->work * router_flops(type->router(policy), r->record.tokens, s->shape.hidden) : 0;
}

tier attempt_route(attempt *a, const scenario *s, const policy_type *type, void *policy, double now) {
    const request *r = a->request;
    double cost[TIER_COUNT];
    tier_costs(s, cost);
    observation seen = observe(a, TIER_PHONE, s, cost, now);
    a->routed = true;
    if (type->router) {
        const router *used = type->router(policy);
        seen.v = answer_representation(r, s, used);
        seen.v_size = used->size;
        if (!seen.v) return TIER_PHONE; /* the run ends with the answers' error */
    }
    if (type->route) return type->route(policy, &seen);
    truth t = {.label = s->table.labels[r->record.sample]};
    for (int k = 0; k < TIER_COUNT; k++) t.last_exit[k] = answer_reference(s, r->record.sample, (tier)k, s->depth[k]);
    return type->route_knowing(policy, &seen, &t);
}

static void see_exit(attempt *a, tier at, const scenario *s, uint32_t layer) {
    a->exits[a->exit_count] = answer_exit(a, at, s, layer);
    a->exit_count++;
}

/* The first layer whose exit is still to be evaluated here: the tier's last one, or, where every exit counts, the one
 * behind those seen so far. */
static uint32_t first_exit(const attempt *a, tier at, const scenario *s, const policy_type *type, const void *policy) {
    if (!type->every_exit || !type->every_exit(policy)) return s->depth[at];
    uint32_t seen = a->exit_count ? a->exits[a->exit_count - 1].layer : 0;
    return seen + 1 > a->from ? seen + 1 : a->from + 1;
}

slice attempt_plan(attempt *a, tier at, const scenario *s, const policy_type *type, void *policy, double now) {
    const request *r = a->request;
    slice plan = {.verdict = {.kind = VERDICT_CONTINUE}};
    double cost[TIER_COUNT];
    tier_costs(s, cost);
    uint32_t layer = first_exit(a, at, s, type, policy);
    for (; plan.verdict.kind == VERDICT_CONTINUE && layer <= s->depth[at]; layer++) {
        if (!s->table.exit_at[layer]) continue;
        see_exit(a, at, s, layer);
        plan.exits++;
        observation seen = observe(a, at, s, cost, now);
        plan.verdict = type->after_exit ? type->after_exit(policy, &seen) : (verdict){.kind = VERDICT_ANSWER};
    }
    if (plan.verdict.kind == VERDICT_CONTINUE) plan.verdict.kind = VERDICT_ANSWER;
    plan.layers = layer - 1 - a->from; /* the tier's last layer has an exit, so the last exit seen ends the slice */
    plan.flops = r->work * (model_layer_flops(&s->shape, plan.layers, r->record.tokens) +
                            plan.exits * model_exit_flops(&s->shape));
    return plan;
}

void request_book_slice(request *r, tier at, const scenario *s, const slice *done, const device *d, double seconds) {
    double joules = seconds * (d->busy_watts - d->idle_watts) / (double)d->cores;
    r->record.compute += seconds;
    r->record.usd += seconds * d->usd_per_second / (double)d->cores;
    if (at == TIER_PHONE || s->cost.charge_remote_compute) r->record.cost += s->cost.layer * done->layers;
    if (at == TIER_PHONE)
        r->record.phone_joules += joules;
    else
        r->record.server_joules += joules;
}

void request_book_transfer(request *r, const scenario *s, tier from, tier to, uint64_t bytes) {
    const platform *p = &s->platform;
    const net_link *radio = &p->cells[p->phones[r->record.phone].cell].link;
    double joules = to == TIER_PHONE     ? (double)bytes * radio->radio_down
                    : from == TIER_PHONE ? (double)bytes * radio->radio_up
                                         : 0;
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
    return hidden ? payload_hidden(&s->payload, &s->shape, r->record.tokens)
                  : payload_tokens(&s->payload, r->record.tokens);
}

void request_answer(request *r, const attempt *by) {
    const exit_outcome *last = &by->exits[by->exit_count - 1];
    r->record.tier = (uint8_t)last->tier;
    r->record.exit = (uint8_t)last->layer;
    r->record.prediction = (uint16_t)last->prediction;
}
