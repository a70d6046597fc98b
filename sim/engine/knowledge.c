/* The newest report that each phone, cell and site has heard, and the reports of sites to their cells. */
#include "knowledge.h"

#include <math.h>
#include <stdlib.h>

#include "state.h"

enum { REPORT_BYTES = 32, OTHERS = TIER_COUNT - 1 };

/* What a phone has heard of the edge and of the cloud. */
typedef struct phone_knowledge {
    load_report last[OTHERS];
    double round_trip[OTHERS];
} phone_knowledge;

/* A site's reports to one of its cells. */
typedef struct reporter {
    subject timer, message;
    knowledge *of;
    load_report sent;  /* is under way */
    load_report heard; /* by all phones of the cell */
    place *way[2];
    uint32_t phone; /* any of the cell */
    bool under_way;
} reporter;

struct knowledge {
    engine *e;
    phone_knowledge *phones; /* [phone_count] */
    load_report *sites;      /* [site_count] of the cloud, from answers that have passed */
    reporter *cells;         /* [cell_count] */
};

static const load_report NOTHING = {.at = -INFINITY};

load_report place_report(const place *here, double now) {
    load_report r = {now, 0, (uint32_t)here->waiting, (uint32_t)here->busy, (uint32_t)here->cores};
    double mean = here->served ? here->served_seconds / (double)here->served : 0;
    if (here->busy >= here->cores) r.wait = (float)((double)(here->waiting + 1) * mean / (double)here->cores);
    return r;
}

/* ---- Hearing ---- */

void knowledge_hear(knowledge *k, const attempt *answer, double now) {
    const request *r = answer->request;
    tier from = answer->sender->at;
    phone_knowledge *known = &k->phones[r->record.phone];
    known->last[from - 1] = answer->told;
    known->round_trip[from - 1] = now - answer->left - answer->stayed;
    if (from == TIER_CLOUD) k->sites[engine_place_for(k->e, r->record.phone, TIER_EDGE)->index] = answer->told;
}

static void set(tier_load *into, const load_report *r, double now) {
    into->age = now - r->at;
    into->waiting = r->waiting;
    into->busy = r->busy;
    into->cores = r->cores;
    into->wait = isinf(into->age) ? NAN : (double)r->wait;
}

void knowledge_recall(const knowledge *k, const place *here, uint32_t of_phone, double now,
                      tier_load load[TIER_COUNT]) {
    load_report own = place_report(here, now);
    for (int i = 0; i < TIER_COUNT; i++) {
        set(&load[i], &NOTHING, now);
        load[i].round_trip = NAN;
    }
    set(&load[here->at], &own, now);
    if (here->at == TIER_EDGE) set(&load[TIER_CLOUD], &k->sites[here->index], now);
    if (here->at != TIER_PHONE) return;
    const phone_knowledge *known = &k->phones[of_phone];
    const reporter *told = &k->cells[engine_scenario(k->e)->platform.phones[of_phone].cell];
    for (int i = 0; i < OTHERS; i++) {
        bool told_to_all = i + 1 == TIER_EDGE && told->heard.at > known->last[i].at;
        set(&load[i + 1], told_to_all ? &told->heard : &known->last[i], now);
        load[i + 1].round_trip = known->round_trip[i];
    }
}

const place *knowledge_place(const knowledge *k, uint32_t of_phone, tier at) {
    return engine_place_for(k->e, of_phone, at);
}

uint32_t knowledge_radio(const knowledge *k, uint32_t of_phone, double now) {
    return access_radio(k->e, of_phone, now);
}

/* ---- Reports of sites to their cells ---- */

static void report_ends(subject *self, world_event how, double now) {
    (void)now;
    reporter *r = (reporter *)((char *)self - offsetof(reporter, message));
    r->under_way = false;
    if (how == WORLD_ARRIVED) r->heard = r->sent;
}

/* One that is still on its way is not overtaken, and a site that is down sends nothing. */
static void report(subject *self, world_event how, double now) {
    (void)how;
    reporter *r = (reporter *)self;
    engine *e = r->of->e;
    if (!r->under_way && !r->way[0]->down) {
        r->sent = place_report(r->way[0], now);
        r->under_way = engine_send(e, r->phone, r->way, REPORT_BYTES, &r->message) != NULL;
    }
    engine_timer(e, now + engine_scenario(e)->run.load_report, &r->timer);
}

/* Cells without phones hear nothing. */
static void start_reports(knowledge *k) {
    const scenario *s = engine_scenario(k->e);
    for (uint64_t i = 0; i < s->platform.phone_count; i++) {
        reporter *r = &k->cells[s->platform.phones[i].cell];
        if (r->of) continue;
        *r = (reporter){
            .timer = {report},
            .message = {report_ends},
            .of = k,
            .heard = NOTHING,
            .way = {engine_place_for(k->e, (uint32_t)i, TIER_EDGE), engine_place(k->e, TIER_PHONE, (uint32_t)i)},
            .phone = (uint32_t)i};
        if (s->run.load_report > 0) engine_timer(k->e, s->run.load_report, &r->timer);
    }
}

/* ---- Opening ---- */

knowledge *knowledge_open(engine *e) {
    const platform *p = &engine_scenario(e)->platform;
    knowledge *k = calloc(1, sizeof *k);
    if (!k) return NULL;
    k->e = e;
    k->phones = malloc(p->phone_count * sizeof *k->phones);
    k->sites = malloc(p->site_count * sizeof *k->sites);
    k->cells = calloc(p->cell_count, sizeof *k->cells);
    if (!k->phones || !k->sites || !k->cells) {
        knowledge_free(k);
        return NULL;
    }
    for (uint64_t i = 0; i < p->phone_count; i++) k->phones[i] = (phone_knowledge){{NOTHING, NOTHING}, {NAN, NAN}};
    for (uint64_t i = 0; i < p->site_count; i++) k->sites[i] = NOTHING;
    start_reports(k);
    return k;
}

void knowledge_free(knowledge *k) {
    if (!k) return;
    free(k->phones);
    free(k->sites);
    free(k->cells);
    free(k);
}
