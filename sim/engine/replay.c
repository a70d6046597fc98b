/* A policy without time: what it makes of each sample, when nothing waits and nothing is on its way. */
#include "replay.h"

#include "steering.h"

typedef struct player {
    const scenario *s;
    steering policy;
    place at[TIER_COUNT]; /* of phone 0 */
} player;

static void find_places(player *p) {
    const platform *all = &p->s->platform;
    const site *edge = &all->sites[all->cells[all->phones[0].cell].site];
    const device *hardware[TIER_COUNT] = {&all->groups[all->phones[0].group].hardware, &edge->server,
                                          &all->regions[edge->region].server};
    for (int k = 0; k < TIER_COUNT; k++)
        p->at[k] = (place){.at = (tier)k, .device = hardware[k], .speed = hardware[k]->speed};
}

/* A transfer up; from here on the attempt is there. */
static void send_up(player *p, attempt *a, tier to, bool hidden) {
    request *r = a->request;
    tier from = a->place->at;
    outcome_source_cut(a, p->s, hidden);
    request_book_transfer(r, p->s, from, to, request_payload(r, p->s, hidden));
    a->place = &p->at[to];
}

static void play(player *p, uint32_t sample, replayed *out) {
    request r;
    arrival asked = {.key = sample, .sample = sample};
    request_open(&r, p->s, sample, &asked);
    attempt *a = &r.first;
    attempt_open(a, &r, &p->at[TIER_PHONE], 0);
    tier to = steering_route(&p->policy, a, 0);
    if (to != TIER_PHONE) send_up(p, a, to, false);
    for (;;) {
        a->slice = steering_plan(&p->policy, a, a->place->at, 0);
        request_book_slice(&r, a->place, p->s, &a->slice, 0, 0);
        if (a->slice.verdict.kind != VERDICT_SEND) break;
        send_up(p, a, a->slice.verdict.to, a->slice.verdict.hidden);
    }
    request_answer(&r, a);
    *out = (replayed){.cost = r.record.cost,
                      .tier = r.record.tier,
                      .exit = r.record.exit,
                      .right = r.record.prediction == p->s->table.labels[sample]};
    attempt_close(a);
}

bool policy_can_replay(const policy_setup *by) { return !(by->needs & POLICY_NEEDS_LOAD) && !by->type->feedback; }

bool policy_replay(const scenario *s, const policy_setup *by, const double *shares, replayed *into,
                   portolan_error *err) {
    player p = {.s = s};
    if (!policy_can_replay(by))
        return error_run(err, "'%s' acts through load or learns, so it cannot be replayed without time", by->label);
    if (!steering_open(&p.policy, s, by, shares, err)) return false;
    find_places(&p);
    const portolan_error *failed = &p.policy.error, *computed = s->outcomes ? &s->outcomes->error : failed;
    for (uint32_t i = 0; i < s->table.samples && !failed->status && !computed->status; i++) play(&p, i, &into[i]);
    if (failed->status || computed->status) *err = failed->status ? *failed : *computed;
    bool ok = !failed->status && !computed->status;
    steering_close(&p.policy);
    return ok;
}

bool cloud_replay(const scenario *s, bool *right, portolan_error *err) {
    for (uint32_t i = 0; i < s->table.samples; i++)
        right[i] = outcome_source_reference(s, i, TIER_CLOUD, s->depth[TIER_CLOUD]).prediction == s->table.labels[i];
    if (s->outcomes && s->outcomes->error.status) *err = s->outcomes->error;
    return !err->status;
}
