/* The policy at work: it is asked where a request goes, and what becomes of it after an exit. Internal to sim/engine/;
 * needs nothing of SimGrid. */
#ifndef PORTOLAN_ENGINE_STEERING_H
#define PORTOLAN_ENGINE_STEERING_H

#include "request.h"

typedef struct steering {
    const scenario *s;
    const policy_setup *by;
    void *self; /* the policy, opened */
} steering;

/* Opens the policy; `shares` are for one that is told another's. */
bool steering_open(steering *p, const scenario *s, const policy_setup *by, const double *shares, portolan_error *err);
void steering_close(steering *p);

/* What the phone computes before the policy can say where the request goes first: v(x), and what it is compared with.
 * Nothing for a policy that needs none. */
service_work steering_router_work(const steering *p, const request *r);

/* Where a new attempt goes first. */
tier steering_route(const steering *p, attempt *a, double now);

/* What is executed next at tier `at`. By default the policy is asked at once, exit by exit, until it answers or escalates;
 * the outcomes are added to a->exits, and the slice is executed as a whole. A policy that needs load is asked when it can
 * know it: its slice ends at the next exit, with the verdict VERDICT_CONTINUE, and steering_ask is still to be called. */
slice steering_plan(const steering *p, attempt *a, tier at, double now);

/* The exit that ends the slice has been computed: adds its outcome and asks the policy, which may want to go on here. */
verdict steering_ask(const steering *p, attempt *a, tier at, double now);

#endif
