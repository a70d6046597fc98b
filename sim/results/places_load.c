/* places_load.csv: how busy each place was, and how long requests waited there. */
#include <math.h>
#include <stdlib.h>

#include "analysis/statistics/statistics.h"
#include "sim/observers/observers.h"
#include "tables.h"

typedef struct load_row {
    const char *policy, *tier, *place;
    uint64_t arrivals, failed;
    double utilization, wait_mean, wait_p95;
} load_row;

#define AT(member) offsetof(load_row, member)

static const table_column COLUMNS[] = {
    {"policy", "the policy's label", COLUMN_TEXT, AT(policy)},
    {"tier", "of the place: phone, edge, cloud, or link", COLUMN_TEXT, AT(tier)},
    {"place",
     "a group of phones, an edge site, a cloud region; a cell or a site's uplink, each way (one row if half duplex)",
     COLUMN_TEXT, AT(place)},
    {"arrivals", "counted requests that asked for a core there, refused ones included; of a link, their messages",
     COLUMN_COUNT, AT(arrivals)},
    {"utilization", "busy core-seconds in the window / (cores x window); of a link, bytes sent / what it can carry",
     COLUMN_NUMBER, AT(utilization)},
    {"wait_mean_s", "mean wait for a core of the counted requests that were there; empty for a link", COLUMN_NUMBER,
     AT(wait_mean)},
    {"wait_p95_s", "95th percentile of the same, nearest rank", COLUMN_NUMBER, AT(wait_p95)},
    {"failed",
     "of the arrivals, those that failed there: refused by a full queue, or lost with the server; of a link, messages lost",
     COLUMN_COUNT, AT(failed)},
    {0},
};

/* The waits of counted requests at the hosts of a tier, host by host. */
typedef struct wait_lists {
    double *waits;
    size_t *ends; /* [hosts]: list i ends there, and the next begins */
} wait_lists;

static size_t host_number(const policy_run *run, const request_record *r, tier at) {
    return place_of_host(&run->s->platform, r->phone, at);
}

/* A counting sort by host. */
static bool collect_waits(const policy_run *run, tier at, wait_lists *lists, portolan_error *err) {
    size_t hosts = place_host_count(&run->s->platform), n = 0;
    lists->ends = calloc(hosts, sizeof *lists->ends);
    for (uint64_t i = 0; lists->ends && i < run->count; i++)
        if (!isnan(run->records[i].wait[at])) lists->ends[host_number(run, &run->records[i], at)]++;
    for (size_t i = 0; lists->ends && i < hosts; i++) {
        n += lists->ends[i];
        lists->ends[i] = n - lists->ends[i];
    }
    lists->waits = malloc((n + 1) * sizeof *lists->waits);
    if (!lists->ends || !lists->waits) return error_memory(err, n * sizeof *lists->waits);
    for (uint64_t i = 0; i < run->count; i++) {
        const request_record *r = &run->records[i];
        if (!isnan(r->wait[at])) lists->waits[lists->ends[host_number(run, r, at)]++] = r->wait[at];
    }
    return true;
}

static void summarize_waits(const wait_lists *lists, size_t host, load_row *row) {
    size_t begin = host ? lists->ends[host - 1] : 0, n = lists->ends[host] - begin;
    double *waits = lists->waits + begin, sum = 0;
    for (size_t i = 0; i < n; i++) sum += waits[i];
    sort_values(waits, n);
    row->wait_mean = sum / (double)n;
    row->wait_p95 = percentile_nearest_rank(waits, n, 95);
}

static void write_place(const policy_run *run, size_t number, const wait_lists *lists, FILE *out) {
    char name[1024];
    const place_load *l = &run->books->places[number];
    place_info here = place_describe(&run->s->platform, number);
    if (here.is_link && here.bandwidth == 0) return; /* the way back of a half-duplex cell */
    place_name(&here, name, sizeof name);
    load_row row = {.policy = run->label,
                    .tier = here.is_link ? "link" : TIER_NAMES[here.at],
                    .place = name,
                    .arrivals = l->arrivals,
                    .failed = l->failed,
                    .utilization = load_utilization(l, &run->books->totals),
                    .wait_mean = NAN,
                    .wait_p95 = NAN};
    if (lists) summarize_waits(lists, number, &row);
    table_write_row(&PLACES_LOAD_TABLE, &row, out);
}

/* The hosts of a tier. */
static bool write_tier(const policy_run *run, tier at, FILE *out, portolan_error *err) {
    wait_lists lists = {0};
    bool ok = collect_waits(run, at, &lists, err);
    for (size_t i = 0; ok && i < place_host_count(&run->s->platform); i++)
        if (place_describe(&run->s->platform, i).at == at) write_place(run, i, &lists, out);
    free(lists.waits);
    free(lists.ends);
    return ok;
}

static bool write_rows(const policy_run *run, FILE *out, portolan_error *err) {
    for (int k = 0; k < TIER_COUNT; k++)
        if (!write_tier(run, (tier)k, out, err)) return false;
    for (size_t i = place_host_count(&run->s->platform); i < place_count(&run->s->platform); i++)
        write_place(run, i, NULL, out);
    return true;
}

const result_table PLACES_LOAD_TABLE = {"places_load.csv", "a place under a policy", COLUMNS, NULL, write_rows};
