/* Asking the policy. */
#include "steering.h"

#include <math.h>
#include <stdlib.h>

#include "knowledge.h"
#include "outcome_source.h"

bool steering_open(steering *p, const scenario *s, const policy_setup *by, const double *shares, portolan_error *err) {
    *p = (steering){.s = s, .by = by, .shares = shares, .self_count = 1};
    for (int k = 0; k < TIER_COUNT; k++) p->tier_cost[k] = scenario_tier_cost(s, (tier)k);
    if (by->scope == SCOPE_PHONE) p->self_count = s->platform.phone_count;
    if (by->scope == SCOPE_CELL) p->self_count = s->platform.cell_count;
    p->selves = calloc(p->self_count, sizeof *p->selves);
    return p->selves || error_memory(err, p->self_count * sizeof *p->selves);
}

void steering_close(steering *p) {
    for (size_t i = 0; p->selves && i < p->self_count && p->by->type->close; i++)
        if (p->selves[i]) p->by->type->close(p->selves[i]);
    free(p->selves);
    p->selves = NULL;
}

/* What the policy calls where it cannot go on. */
static void fail_run(void *run, const char *why) {
    steering *p = run;
    if (!p->error.status) error_run(&p->error, "the policy '%s' has failed: %s", p->by->label, why);
}

/* The policy of the request's phone, opened now if it is the first to ask. NULL if that fails. */
static void *self_of(steering *p, const request *r) {
    size_t index = p->by->scope == SCOPE_FLEET  ? 0
                   : p->by->scope == SCOPE_CELL ? p->s->platform.phones[r->record.phone].cell
                                                : r->record.phone;
    if (p->selves[index] || p->error.status) return p->selves[index];
    char why[POLICY_WHY] = "memory is short";
    const policy_type *type = p->by->type;
    p->selves[index] = type->open ? type->open(p->by->options, &(policy_start){p->shares, fail_run, p}, why)
                                  : p->by->options;
    if (!p->selves[index]) error_run(&p->error, "the policy '%s' cannot be opened: %s", p->by->label, why);
    return p->selves[index];
}

/* ---- What the policy sees ---- */

/* What an observation points to. */
typedef struct sight {
    tier_load load[TIER_COUNT];
    device_state device;
} sight;

static double draw_uniform(void *stream) { return random_uniform(stream); }

/* The work of one request alone; `layer_flops` and `other_flops` before its own factor. */
static service_work work_of(const request *r, uint32_t layers, double layer_flops, double other_flops) {
    return (service_work){.layers = layers,
                          .members = 1,
                          .tokens = r->record.tokens,
                          .flops = r->work * (layer_flops + other_flops),
                          .other_flops = r->work * other_flops,
                          .factor = r->work};
}

static service_work slice_work(const steering *p, const request *r, uint32_t layers, uint32_t exits) {
    const model_shape *shape = &p->s->shape;
    return work_of(r, layers, model_layer_flops(shape, layers, r->record.tokens), exits * model_exit_flops(shape));
}

/* Load, as far as it is known, and what the request would take, which profiling tells of devices of that kind. */
static void see_load(const steering *p, const attempt *a, double now, tier_load load[TIER_COUNT]) {
    const request *r = a->request;
    knowledge_recall(p->known, a->place, r->record.phone, now, load);
    for (int k = 0; k < TIER_COUNT; k++) {
        service_work straight = slice_work(p, r, p->s->depth[k], 1);
        load[k].service = place_seconds(knowledge_place(p->known, r->record.phone, (tier)k), &straight);
    }
}

static device_state see_device(const steering *p, const request *r, double now) {
    const platform *all = &p->s->platform;
    const phone *asker = &all->phones[r->record.phone];
    const phone_group *own = &all->groups[asker->group];
    const net_link *shared = &all->cells[asker->cell].link;
    return (device_state){.rate_up = own->up > 0 ? fmin(own->up, shared->up) : shared->up,
                          .rate_down = own->down > 0 ? fmin(own->down, shared->down) : shared->down,
                          .battery = NAN,
                          .deadline = INFINITY,
                          .token_bytes = request_payload(r, p->s, false),
                          .hidden_bytes = request_payload(r, p->s, true),
                          .radio = knowledge_radio(p->known, r->record.phone, now),
                          .sites = 1};
}

/* Needs `what` to live as long as the observation. */
static observation observe(const steering *p, attempt *a, tier at, double now, sight *what) {
    request *r = a->request;
    bool load = p->by->needs & POLICY_NEEDS_LOAD;
    if (load) see_load(p, a, now, what->load);
    if (load) what->device = see_device(p, r, now);
    return (observation){
        .now = now,
        .request = r->key,
        .phone = r->record.phone,
        .tokens = r->record.tokens,
        .depth = p->s->depth,
        .tier_cost = p->tier_cost,
        .at = at,
        .exits = a->exits,
        .exit_count = a->exit_count,
        .load = load ? what->load : NULL,
        .device = load && at == TIER_PHONE ? &what->device : NULL,
        .note = &r->note,
        .random = &r->random,
        .uniform = draw_uniform,
    };
}

/* ---- What it may say ---- */

static bool nonsense(steering *p, const attempt *a, const char *what) {
    return error_run(&p->error, "the policy '%s' has decided what it may not, on request %llu: %s", p->by->label,
                     (unsigned long long)a->request->key, what);
}

static bool may_send(steering *p, const attempt *a, tier at, verdict v, bool first) {
    if ((unsigned)v.to >= TIER_COUNT) return nonsense(p, a, "there is no such tier");
    if (v.site) return nonsense(p, a, "a phone reaches one site only, whose number is 0");
    if (v.deadline != 0) return nonsense(p, a, "requests have no deadlines yet, so theirs is 0");
    if (first) return !v.hidden || nonsense(p, a, "a new request has no hidden state to send");
    return v.to > at || nonsense(p, a, "after an exit a request goes to a higher tier");
}

/* The verdict if it may be, else one that does no harm until the run ends. */
static verdict allowed(steering *p, const attempt *a, tier at, verdict v, bool first) {
    bool ok = v.kind == VERDICT_SEND ? may_send(p, a, at, v, first)
              : first                ? nonsense(p, a, "a new request can only be sent to a tier")
                                     : v.kind == VERDICT_ANSWER || v.kind == VERDICT_CONTINUE ||
                            nonsense(p, a, "there is no such kind of verdict");
    return ok ? v : first ? policy_send(TIER_PHONE) : (verdict){.kind = VERDICT_ANSWER};
}

/* ---- Where to go first ---- */

service_work steering_router_work(const steering *p, const request *r) {
    bool has_router = p->by->needs & POLICY_NEEDS_V;
    return work_of(r, 0, 0, has_router ? router_flops(p->by->map, r->record.tokens, p->s->shape.hidden) : 0);
}

/* Oracles are shown the truth. */
static verdict ask_oracle(const steering *p, void *self, const request *r, const observation *seen) {
    truth t = {.label = p->s->table.labels[r->record.sample]};
    for (int k = 0; k < TIER_COUNT; k++)
        t.last_exit[k] = outcome_source_reference(p->s, r->record.sample, (tier)k, p->s->depth[k]);
    return p->by->type->route_knowing(self, seen, &t);
}

tier steering_route(steering *p, attempt *a, double now) {
    const request *r = a->request;
    const policy_type *type = p->by->type;
    void *self = self_of(p, r);
    sight what;
    observation seen = observe(p, a, TIER_PHONE, now, &what);
    a->routed = true;
    if (p->by->needs & POLICY_NEEDS_V) {
        seen.v = outcome_source_representation(r, p->s, p->by->map);
        seen.v_size = p->by->map->size;
        if (!seen.v) return TIER_PHONE; /* the run ends with the answers' error */
    }
    if (!self) return TIER_PHONE;
    verdict v = type->route ? type->route(self, &seen) : ask_oracle(p, self, r, &seen);
    return allowed(p, a, TIER_PHONE, v, true).to;
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
static verdict ask_at(steering *p, attempt *a, tier at, uint32_t layer, double now) {
    sight what;
    a->exits[a->exit_count] = outcome_source_exit(a, at, p->s, layer);
    a->exit_count++;
    observation seen = observe(p, a, at, now, &what);
    verdict v = {.kind = VERDICT_ANSWER};
    void *self = self_of(p, a->request);
    if (self && p->by->type->after_exit) v = allowed(p, a, at, p->by->type->after_exit(self, &seen), false);
    if (v.kind == VERDICT_CONTINUE && layer == p->s->depth[at]) v.kind = VERDICT_ANSWER;
    return v;
}

slice steering_plan(steering *p, attempt *a, tier at, double now) {
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

verdict steering_ask(steering *p, attempt *a, tier at, double now) {
    return ask_at(p, a, at, a->from + a->slice.work.layers, now);
}

/* ---- What became of it ---- */

/* Whether the answer is that of the newest exit of a lower tier. */
static bool agrees_with_below(const attempt *a) {
    const exit_outcome *answer = &a->exits[a->exit_count - 1], *below = answer;
    while (below > a->exits && below->at == answer->at) below--;
    return below->at < answer->at && below->prediction == answer->prediction;
}

void steering_feedback(steering *p, const attempt *a, double now) {
    const request *r = a->request;
    void *self = p->by->needs & POLICY_NEEDS_FEEDBACK ? self_of(p, r) : NULL;
    if (!self) return;
    bool failed = r->record.failure != FAILURE_NONE;
    feedback f = {.now = now,
                  .request = r->key,
                  .phone = r->record.phone,
                  .tokens = r->record.tokens,
                  .failed = failed,
                  .latency = r->record.latency,
                  .joules = r->record.phone_joules,
                  .cost = r->record.cost,
                  .exits = a->exits,
                  .exit_count = a->exit_count,
                  .agreed = !failed && agrees_with_below(a),
                  .note = r->note};
    p->by->type->feedback(self, &f);
}
