/* Asking the policy. */
#include "steering.h"

#include <math.h>

#include "answers.h"
#include "place.h"

bool steering_open(steering *p, const scenario *s, const policy_setup *by, const double *shares, portolan_error *err) {
    char why[POLICY_WHY] = "memory is short";
    *p = (steering){s, by, by->options};
    if (by->type->open) p->self = by->type->open(by->options, &(policy_start){shares}, why);
    return p->self || error_run(err, "the policy '%s' cannot be opened: %s", by->label, why);
}

void steering_close(steering *p) {
    if (p->self && p->by->type->close) p->by->type->close(p->self);
    p->self = NULL;
}

/* ---- What the policy sees ---- */

/* What an observation points to. */
typedef struct sight {
    double tier_cost[TIER_COUNT];
    tier_load load[TIER_COUNT];
} sight;

static double draw_uniform(void *stream) { return random_uniform(stream); }

/* A place knows of itself; of the others only what a message has brought, and none brings anything yet. */
static void see_load(const place *here, tier_load load[TIER_COUNT]) {
    for (int k = 0; k < TIER_COUNT; k++) load[k] = (tier_load){.age = INFINITY};
    load[here->at] = (tier_load){0, here->waiting, here->busy, here->cores};
}

/* Needs `what` to live as long as the observation. */
static observation observe(const steering *p, attempt *a, tier at, double now, sight *what) {
    request *r = a->request;
    for (int k = 0; k < TIER_COUNT; k++) what->tier_cost[k] = scenario_tier_cost(p->s, (tier)k);
    bool load = p->by->needs & POLICY_NEEDS_LOAD;
    if (load) see_load(a->place, what->load);
    return (observation){
        .now = now,
        .request = r->key,
        .phone = r->record.phone,
        .tokens = r->record.tokens,
        .depth = p->s->depth,
        .tier_cost = what->tier_cost,
        .at = at,
        .exits = a->exits,
        .exit_count = a->exit_count,
        .load = load ? what->load : NULL,
        .random = &r->random,
        .uniform = draw_uniform,
    };
}

/* ---- Where to go first ---- */

/* The work of one request alone; `layer_flops` and `other_flops` before its own factor. */
static service_work work_of(const request *r, uint32_t layers, double layer_flops, double other_flops) {
    return (service_work){.layers = layers,
                          .members = 1,
                          .tokens = r->record.tokens,
                          .flops = r->work * (layer_flops + other_flops),
                          .other_flops = r->work * other_flops,
                          .factor = r->work};
}

service_work steering_router_work(const steering *p, const request *r) {
    bool has_router = p->by->needs & POLICY_NEEDS_V;
    return work_of(r, 0, 0, has_router ? router_flops(p->by->map, r->record.tokens, p->s->shape.hidden) : 0);
}

tier steering_route(const steering *p, attempt *a, double now) {
    const request *r = a->request;
    const policy_type *type = p->by->type;
    sight what;
    observation seen = observe(p, a, TIER_PHONE, now, &what);
    a->routed = true;
    if (p->by->needs & POLICY_NEEDS_V) {
        seen.v = answer_representation(r, p->s, p->by->map);
        seen.v_size = p->by->map->size;
        if (!seen.v) return TIER_PHONE; /* the run ends with the answers' error */
    }
    if (type->route) return type->route(p->self, &seen);
    truth t = {.label = p->s->table.labels[r->record.sample]};
    for (int k = 0; k < TIER_COUNT; k++)
        t.last_exit[k] = answer_reference(p->s, r->record.sample, (tier)k, p->s->depth[k]);
    return type->route_knowing(p->self, &seen, &t);
}

/* ---- What to do after an exit ---- */

/* The next layer whose exit is to be evaluated here: the tier's last one, which has one, or, where every exit counts, the
 * one behind those seen so far. Beyond the tier's last: there is none. */
static uint32_t next_exit(const steering *p, const attempt *a, tier at) {
    uint32_t last = p->s->depth[at];
    if (!(p->by->needs & POLICY_NEEDS_EVERY_EXIT)) return last;
    uint32_t seen = a->exit_count ? a->exits[a->exit_count - 1].layer : 0;
    uint32_t layer = (seen > a->from ? seen : a->from) + 1;
    while (layer <= last && !p->s->table.exit_at[layer]) layer++;
    return layer;
}

/* Adds the outcome of the exit after `layer` and asks. The tier's last exit answers, if the policy wants to go on. */
static verdict ask_at(const steering *p, attempt *a, tier at, uint32_t layer, double now) {
    sight what;
    a->exits[a->exit_count] = answer_exit(a, at, p->s, layer);
    a->exit_count++;
    observation seen = observe(p, a, at, now, &what);
    verdict v = {.kind = VERDICT_ANSWER};
    if (p->by->type->after_exit) v = p->by->type->after_exit(p->self, &seen);
    if (v.kind == VERDICT_CONTINUE && layer == p->s->depth[at]) v.kind = VERDICT_ANSWER;
    return v;
}

static service_work slice_work(const steering *p, const request *r, uint32_t layers, uint32_t exits) {
    const model_shape *shape = &p->s->shape;
    return work_of(r, layers, model_layer_flops(shape, layers, r->record.tokens), exits * model_exit_flops(shape));
}

slice steering_plan(const steering *p, attempt *a, tier at, double now) {
    slice plan = {.verdict = {.kind = VERDICT_CONTINUE}};
    uint32_t last = p->s->depth[at], layer = next_exit(p, a, at), reached = last;
    for (; plan.verdict.kind == VERDICT_CONTINUE && layer <= last; layer = next_exit(p, a, at)) {
        reached = layer;
        plan.exits++;
        if (p->by->needs & POLICY_NEEDS_LOAD) break;
        plan.verdict = ask_at(p, a, at, layer, now);
    }
    if (!plan.exits) plan.verdict.kind = VERDICT_ANSWER; /* a lower tier has seen all that this one could */
    plan.work = slice_work(p, a->request, reached - a->from, plan.exits);
    return plan;
}

verdict steering_ask(const steering *p, attempt *a, tier at, double now) {
    a->from += a->slice.work.layers; /* the next slice, if there is one here, goes on behind it */
    return ask_at(p, a, at, a->from, now);
}
