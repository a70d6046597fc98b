/* What phones and sites know of the load of others: what messages have told them, and nothing else. Kept only for policies
 * that need it. Internal to sim/engine/. */
#ifndef PORTOLAN_ENGINE_KNOWLEDGE_H
#define PORTOLAN_ENGINE_KNOWLEDGE_H

#include "engine.h"

/* Opens it, and starts the reports that sites send to their cells by themselves, if the scenario has them. NULL if memory
 * is short, which ends the run. */
knowledge *knowledge_open(engine *e);
void knowledge_free(knowledge *k);

/* A place's load as it is now. */
load_report place_report(const place *here, double now);

/* An attempt's answer has arrived at the phone: it has brought the load of its sender, and passed the phone's site if it comes
 * from further up. */
void knowledge_hear(knowledge *k, const attempt *answer, double now);

/* Fills in what `here` knows when it decides on a request of the phone, but for `service`. */
void knowledge_recall(const knowledge *k, const place *here, uint32_t of_phone, double now, tier_load load[TIER_COUNT]);

/* The state of the phone's own radio; see access_radio. */
uint32_t knowledge_radio(const knowledge *k, uint32_t of_phone, double now);

/* The place that serves the phone's requests at a tier: what it is is known to all. */
const place *knowledge_place(const knowledge *k, uint32_t of_phone, tier at);

#endif
