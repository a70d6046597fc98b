/* sites.csv: what the phones of each edge site asked, and who answered. */
#include <stdlib.h>

#include "tables.h"

typedef struct site_row {
    const char *policy, *site;
    uint64_t phones, requests, answered[TIER_COUNT], failed;
} site_row;

#define AT(member) offsetof(site_row, member)

static const table_column COLUMNS[] = {
    {"policy", "the policy's label", COLUMN_TEXT, AT(policy)},
    {"site", "name of the edge site", COLUMN_TEXT, AT(site)},
    {"phones", "phones in its cells", COLUMN_COUNT, AT(phones)},
    {"requests", "of these phones", COLUMN_COUNT, AT(requests)},
    {"answered_phone", "of them, answered by the phone itself", COLUMN_COUNT, AT(answered[TIER_PHONE])},
    {"answered_edge", "answered by the site's servers", COLUMN_COUNT, AT(answered[TIER_EDGE])},
    {"answered_cloud", "answered by the cloud", COLUMN_COUNT, AT(answered[TIER_CLOUD])},
    {"failed", "the others", COLUMN_COUNT, AT(failed)},
    {0},
};

static void count_records(const policy_run *run, site_row *sites) {
    const platform *p = &run->s->platform;
    for (size_t i = 0; i < p->cell_count; i++) sites[p->cells[i].site].phones += p->cells[i].phones;
    for (uint64_t i = 0; i < run->count; i++) {
        const request_record *r = &run->records[i];
        site_row *at = &sites[p->cells[p->phones[r->phone].cell].site];
        at->requests++;
        if (r->failure)
            at->failed++;
        else
            at->answered[r->tier]++;
    }
}

static bool write_rows(const policy_run *run, FILE *out, portolan_error *err) {
    const platform *p = &run->s->platform;
    site_row *sites = calloc(p->site_count, sizeof *sites);
    if (!sites) return error_memory(err, p->site_count * sizeof *sites);
    count_records(run, sites);
    for (size_t i = 0; i < p->site_count; i++) {
        sites[i].policy = run->label;
        sites[i].site = p->sites[i].name;
        table_write_row(&SITES_TABLE, &sites[i], out);
    }
    free(sites);
    return true;
}

static bool is_wanted(const scenario *s) { return platform_has_places(&s->platform); }

const result_table SITES_TABLE = {"sites.csv", "an edge site under a policy", COLUMNS, is_wanted, write_rows};
