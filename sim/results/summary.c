/* From records to the figures of summary.json. */
#include <math.h>
#include <stdlib.h>

#include "analysis/statistics/statistics.h"
#include "sim/engine/engine.h"

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
    sum->energy_phone_j += r->phone_joules;
    sum->energy_total_j += r->phone_joules + r->server_joules;
    sum->energy_active_phone_j += r->phone_joules;
    sum->energy_active_radio_j += r->radio_joules;
    sum->energy_active_server_j += r->server_joules;
    sum->price += r->usd;
    tokens[0] += r->tokens;
    if (r->bytes_up) tokens[1] += r->tokens;
    if (r->failure) {
        sum->failed++;
        return;
    }
    sum->answered++;
    sum->exit_mean += r->exit;
    sum->latency_mean_s += r->latency;
    double *const shares[TIER_COUNT] = {&sum->share_phone, &sum->share_edge, &sum->share_cloud};
    (*shares[r->tier])++;
    confusion_add(c, label, r->prediction);
    *cloud_right += outcome_source_reference(s, r->sample, TIER_CLOUD, s->depth[TIER_CLOUD]).prediction == label;
}

static bool percentiles(const request_record *records, uint64_t count, policy_summary *sum, portolan_error *err) {
    double *latencies = malloc((count + 1) * sizeof *latencies);
    size_t n = 0;
    if (!latencies) return error_memory(err, count * sizeof *latencies);
    for (uint64_t i = 0; i < count; i++)
        if (!records[i].failure) latencies[n++] = records[i].latency;
    sort_values(latencies, n);
    sum->latency_p50_s = percentile_nearest_rank(latencies, n, 50);
    sum->latency_p95_s = percentile_nearest_rank(latencies, n, 95);
    sum->latency_p99_s = percentile_nearest_rank(latencies, n, 99);
    free(latencies);
    return true;
}

/* Sums become means: over all counted requests, or over the answered ones. */
static void divide(policy_summary *sum) {
    double *over_requests[] = {&sum->cost,
                               &sum->bytes_up,
                               &sum->bytes_down,
                               &sum->energy_phone_j,
                               &sum->energy_total_j,
                               &sum->energy_active_phone_j,
                               &sum->energy_active_radio_j,
                               &sum->energy_active_server_j,
                               &sum->price};
    double *over_answers[] = {&sum->exit_mean, &sum->latency_mean_s, &sum->share_phone, &sum->share_edge,
                              &sum->share_cloud};
    for (size_t i = 0; i < sizeof over_requests / sizeof *over_requests; i++) *over_requests[i] /= sum->requests;
    for (size_t i = 0; i < sizeof over_answers / sizeof *over_answers; i++) *over_answers[i] /= sum->answered;
}

/* Mean waits, over the requests that had a core there; NaN where none had. */
static void average_waits(const request_record *records, uint64_t count, policy_summary *sum) {
    uint64_t there[TIER_COUNT] = {0};
    double waits[TIER_COUNT] = {0};
    double *const means[TIER_COUNT] = {&sum->wait_phone_s, &sum->wait_edge_s, &sum->wait_cloud_s};
    for (uint64_t i = 0; i < count; i++) {
        for (int k = 0; k < TIER_COUNT; k++) {
            if (isnan(records[i].wait[k])) continue;
            waits[k] += records[i].wait[k];
            there[k]++;
        }
    }
    for (int k = 0; k < TIER_COUNT; k++) *means[k] = waits[k] / (double)there[k];
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
    sum.energy_phone_j += tiers[TIER_PHONE].idle_watts * window;
    sum.energy_total_j += (tiers[TIER_PHONE].idle_watts + idle_servers) * window;
    sum.edge_utilization = totals->busy_seconds[TIER_EDGE] / (tiers[TIER_EDGE].cores * window);
    sum.cloud_utilization = totals->busy_seconds[TIER_CLOUD] / (tiers[TIER_CLOUD].cores * window);
    sum.edge_utilization_max = utilization_max(s, books, TIER_EDGE, window);
    sum.cloud_utilization_max = utilization_max(s, books, TIER_CLOUD, window);
    average_waits(records, count, &sum);
    divide(&sum);
    sum.cost_saving = 1 - sum.cost / scenario_tier_cost(s, TIER_CLOUD);
    *summary = sum;
    return percentiles(records, count, summary, err);
}
