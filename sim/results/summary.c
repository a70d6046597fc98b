/* From records to the figures of summary.json. */
#include <math.h>
#include <stdlib.h>

#include "analysis/analysis.h"
#include "sim/engine/answers.h"
#include "sim/engine/books.h"
#include "sim/engine/places.h"

#define AT(member) offsetof(policy_summary, member)

const metric METRICS[] = {
    {"requests", "", "counted requests, without the warm-up", AT(requests), BETTER_NONE},
    {"answered", "", "requests that got an answer", AT(answered), BETTER_MORE},
    {"failed", "", "requests that got none; answered + failed = requests", AT(failed), BETTER_LESS},
    {"accuracy", "", "share of answers that are right", AT(accuracy), BETTER_MORE},
    {"f1", "", "F1 of class 1 if there are two classes, else the mean over classes", AT(f1), BETTER_MORE},
    {"mcc", "", "Matthews correlation of answers and labels", AT(mcc), BETTER_MORE},
    {"drop", "points", "accuracy of cloud-only on the same answered samples minus accuracy", AT(drop), BETTER_LESS},
    {"exit_mean", "layers", "mean exit that answered, from 1", AT(exit_mean), BETTER_NONE},
    {"cost", "", "paper-style cost: lambda a layer executed, o a transfer up; mean per request", AT(cost), BETTER_LESS},
    {"cost_saving", "", "1 - cost / cost of cloud-only", AT(cost_saving), BETTER_MORE},
    {"latency_mean_s", "s", "mean time from arrival to the answer at the phone", AT(latency_mean), BETTER_LESS},
    {"latency_p50_s", "s", "median latency, nearest rank", AT(latency_p50), BETTER_LESS},
    {"latency_p95_s", "s", "95th percentile of latency", AT(latency_p95), BETTER_LESS},
    {"latency_p99_s", "s", "99th percentile of latency", AT(latency_p99), BETTER_LESS},
    {"energy_phone_j", "J", "energy of all phones per request, their idle power included", AT(energy_phone),
     BETTER_LESS},
    {"energy_total_j", "J", "energy of all phones, edge servers and clouds per request, idle power included",
     AT(energy_total), BETTER_LESS},
    {"energy_active_phone_j", "J", "what a request adds to the phones' energy: computing and radio", AT(active_phone),
     BETTER_LESS},
    {"energy_active_radio_j", "J", "the radio's part of it", AT(active_radio), BETTER_LESS},
    {"energy_active_server_j", "J", "what a request adds to the energy of edge servers and clouds", AT(active_server),
     BETTER_LESS},
    {"bytes_up", "B", "bytes sent up per request, each transfer counted", AT(bytes_up), BETTER_LESS},
    {"bytes_down", "B", "bytes sent down per request", AT(bytes_down), BETTER_LESS},
    {"share_phone", "", "share of answers given by phones", AT(shares[TIER_PHONE]), BETTER_NONE},
    {"share_edge", "", "share of answers given by edge servers", AT(shares[TIER_EDGE]), BETTER_NONE},
    {"share_cloud", "", "share of answers given by clouds", AT(shares[TIER_CLOUD]), BETTER_NONE},
    {"exposure", "", "share of tokens that left the phone as text or hidden state", AT(exposure), BETTER_LESS},
    {"edge_utilization", "", "busy core-seconds of edge servers over cores x time", AT(edge_utilization), BETTER_NONE},
    {"cloud_utilization", "", "busy core-seconds of clouds over cores x time", AT(cloud_utilization), BETTER_NONE},
    {"edge_utilization_max", "", "edge_utilization of the busiest edge site", AT(edge_utilization_max), BETTER_NONE},
    {"cloud_utilization_max", "", "cloud_utilization of the busiest cloud region", AT(cloud_utilization_max),
     BETTER_NONE},
    {"wait_phone_s", "s", "mean time that requests waited for a core of their phone", AT(wait[TIER_PHONE]),
     BETTER_LESS},
    {"wait_edge_s", "s", "mean time that those at an edge site waited for a core", AT(wait[TIER_EDGE]), BETTER_LESS},
    {"wait_cloud_s", "s", "mean time that those in the cloud waited for a core", AT(wait[TIER_CLOUD]), BETTER_LESS},
    {"price", "USD", "price of server time per request", AT(price), BETTER_LESS},
    {0},
};

/* Cores and idle power of a whole tier. */
typedef struct tier_totals {
    double cores, idle_watts;
} tier_totals;

static void add_device(tier_totals *t, const device *d, double count) {
    t->cores += count * (double)d->cores;
    t->idle_watts += count * d->idle_watts;
}

static void total_tiers(const platform *p, tier_totals totals[TIER_COUNT]) {
    for (int k = 0; k < TIER_COUNT; k++) totals[k] = (tier_totals){0};
    for (size_t i = 0; i < p->group_count; i++)
        add_device(&totals[TIER_PHONE], &p->groups[i].hardware, (double)p->groups[i].count);
    for (size_t i = 0; i < p->site_count; i++) add_device(&totals[TIER_EDGE], &p->sites[i].server, 1);
    for (size_t i = 0; i < p->region_count; i++) add_device(&totals[TIER_CLOUD], &p->regions[i].server, 1);
}

/* Adds one record; `cloud_right` counts the answered samples on which the cloud's exit is right. */
static void add_record(const scenario *s, const request_record *r, policy_summary *sum, confusion *c,
                       uint64_t *cloud_right, double tokens[2]) {
    uint32_t label = s->table.labels[r->sample];
    sum->cost += r->cost;
    sum->bytes_up += (double)r->bytes_up;
    sum->bytes_down += (double)r->bytes_down;
    sum->energy_phone += r->phone_joules;
    sum->energy_total += r->phone_joules + r->server_joules;
    sum->active_phone += r->phone_joules;
    sum->active_radio += r->radio_joules;
    sum->active_server += r->server_joules;
    sum->price += r->usd;
    tokens[0] += r->tokens;
    if (r->bytes_up) tokens[1] += r->tokens;
    if (r->failure) {
        sum->failed++;
        return;
    }
    sum->answered++;
    sum->exit_mean += r->exit;
    sum->latency_mean += r->latency;
    sum->shares[r->tier]++;
    confusion_add(c, label, r->prediction);
    *cloud_right += answer_reference(s, r->sample, TIER_CLOUD, s->depth[TIER_CLOUD]).prediction == label;
}

static bool percentiles(const request_record *records, uint64_t count, policy_summary *sum, portolan_error *err) {
    double *latencies = malloc((count + 1) * sizeof *latencies);
    size_t n = 0;
    if (!latencies) return error_memory(err, count * sizeof *latencies);
    for (uint64_t i = 0; i < count; i++)
        if (!records[i].failure) latencies[n++] = records[i].latency;
    sort_values(latencies, n);
    sum->latency_p50 = percentile_nearest_rank(latencies, n, 50);
    sum->latency_p95 = percentile_nearest_rank(latencies, n, 95);
    sum->latency_p99 = percentile_nearest_rank(latencies, n, 99);
    free(latencies);
    return true;
}

/* Sums become means: over all counted requests, or over the answered ones. */
static void divide(policy_summary *sum) {
    double *over_requests[] = {&sum->cost,         &sum->bytes_up,      &sum->bytes_down,
                               &sum->energy_phone, &sum->energy_total,  &sum->active_phone,
                               &sum->active_radio, &sum->active_server, &sum->price};
    double *over_answers[] = {&sum->exit_mean, &sum->latency_mean, &sum->shares[TIER_PHONE], &sum->shares[TIER_EDGE],
                              &sum->shares[TIER_CLOUD]};
    for (size_t i = 0; i < sizeof over_requests / sizeof *over_requests; i++) *over_requests[i] /= sum->requests;
    for (size_t i = 0; i < sizeof over_answers / sizeof *over_answers; i++) *over_answers[i] /= sum->answered;
}

/* Mean waits, over the requests that had a core there; NaN where none had. */
static void average_waits(const request_record *records, uint64_t count, double mean[TIER_COUNT]) {
    uint64_t there[TIER_COUNT] = {0};
    for (uint64_t i = 0; i < count; i++) {
        for (int k = 0; k < TIER_COUNT; k++) {
            if (isnan(records[i].wait[k])) continue;
            mean[k] += records[i].wait[k];
            there[k]++;
        }
    }
    for (int k = 0; k < TIER_COUNT; k++) mean[k] /= (double)there[k];
}

/* Of the busiest server of a tier. */
static double utilization_max(const scenario *s, const run_books *books, tier at, double window) {
    double most = 0;
    for (size_t i = 0; i < place_host_count(&s->platform); i++) {
        const place_load *l = &books->places[i];
        if (place_describe(&s->platform, i).at == at) most = fmax(most, l->busy / l->servers);
    }
    return most / window;
}

bool summarize(const scenario *s, const run_books *books, policy_summary *summary, portolan_error *err) {
    const run_totals *totals = &books->totals;
    const request_record *records = books->records;
    uint64_t count = books->count;
    policy_summary sum = {0};
    confusion c;
    tier_totals tiers[TIER_COUNT];
    uint64_t cloud_right = 0, skipped = count < s->run.warmup ? count : s->run.warmup;
    double tokens[2] = {0}; /* all, and those that left the phone */
    records += skipped;
    count -= skipped;
    if (!confusion_open(&c, s->table.classes)) return error_memory(err, 8ul * s->table.classes * s->table.classes);
    for (uint64_t i = 0; i < count; i++) add_record(s, &records[i], &sum, &c, &cloud_right, tokens);
    sum.requests = (double)count;
    sum.accuracy = confusion_accuracy(&c);
    sum.f1 = confusion_f1(&c);
    sum.mcc = confusion_mcc(&c);
    confusion_close(&c);
    sum.drop = 100 * ((double)cloud_right / sum.answered - sum.accuracy);
    sum.exposure = tokens[1] / tokens[0];
    double window = count ? totals->window_end - totals->window_start : NAN;
    total_tiers(&s->platform, tiers);
    double idle_servers = tiers[TIER_EDGE].idle_watts + tiers[TIER_CLOUD].idle_watts;
    sum.energy_phone += tiers[TIER_PHONE].idle_watts * window;
    sum.energy_total += (tiers[TIER_PHONE].idle_watts + idle_servers) * window;
    sum.edge_utilization = totals->busy_seconds[TIER_EDGE] / (tiers[TIER_EDGE].cores * window);
    sum.cloud_utilization = totals->busy_seconds[TIER_CLOUD] / (tiers[TIER_CLOUD].cores * window);
    sum.edge_utilization_max = utilization_max(s, books, TIER_EDGE, window);
    sum.cloud_utilization_max = utilization_max(s, books, TIER_CLOUD, window);
    average_waits(records, count, sum.wait);
    divide(&sum);
    sum.cost_saving = 1 - sum.cost / scenario_tier_cost(s, TIER_CLOUD);
    *summary = sum;
    return percentiles(records, count, summary, err);
}
