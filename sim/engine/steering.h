/* The policy at work: it is asked where a request goes, and what becomes of it after an exit. Internal to sim/engine/;
 * needs nothing of SimGrid. */
#ifndef PORTOLAN_ENGINE_STEERING_H
#define PORTOLAN_ENGINE_STEERING_H

#include "engine.h"

typedef struct steering {
    const scenario *s;
    const policy_setup *by;
    double tier_cost[TIER_COUNT]; /* of sending a request straight there */
    const double *shares;         /* for a policy that is told another's; borrowed */
    const knowledge *known;       /* of others' load, for a policy that needs it */
    void **selves; /* [self_count] the policy as it was opened, for each phone or cell when it first asks, or for all */
    size_t self_count;
    portolan_error error; /* the policy's first failure, after which nothing it says counts; the run had better end */
} steering;

/* False if memory is short. */
bool steering_open(steering *p, const scenario *s, const policy_setup *by, const double *shares, portolan_error *err);
void steering_close(steering *p);

/* What the phone computes before the policy can say where the request goes first: v(x), and what it is compared with.
 * Nothing for a policy that needs none. */
service_work steering_router_work(const steering *p, const request *r);

/* Where a new attempt goes first. */
tier steering_route(steering *p, attempt *a, double now);

/* What is executed next at tier `at`. By default the policy is asked at once, exit by exit, until it answers or escalates;
 * the outcomes are added to a->exits, and the slice is executed as a whole. A policy that needs load is asked when it can
 * know it: its slice ends at the next exit, with the verdict VERDICT_CONTINUE, and steering_ask is still to be called. */
slice steering_plan(steering *p, attempt *a, tier at, double now);

/* The exit that ends the slice has been computed: adds its outcome and asks the policy, which may want to go on here. */
verdict steering_ask(steering *p, attempt *a, tier at, double now);

/* Tells the policy what became of a request, whose last attempt this is. */
void steering_feedback(steering *p, const attempt *a, double now);

#endif
