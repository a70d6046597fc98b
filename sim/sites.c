/* sites.csv: what the phones of each edge site asked, and who answered. */
#include <stdlib.h>

#include "base/csv.h"
#include "results.h"

typedef struct site_count {
    uint64_t phones, requests, answered[TIER_COUNT], failed;
} site_count;

void sites_write_header(FILE *out) {
    fputs("policy,site,phones,requests,answered_phone,answered_edge,answered_cloud,failed\n", out);
}

static void count_records(const scenario *s, const request_record *records, uint64_t count,
                          site_count *sites) {
    const platform *p = &s->platform;
    for (size_t i = 0; i < p->cell_count; i++)
        sites[p->cells[i].site].phones += p->cells[i].phones;
    for (uint64_t i = s->run.warmup; i < count; i++) {
        const request_record *r = &records[i];
        site_count *at = &sites[p->cells[p->phones[r->phone].cell].site];
        at->requests++;
        if (r->failure)
            at->failed++;
        else
            at->answered[r->tier]++;
    }
}

bool sites_write_rows(const scenario *s, const char *label, const request_record *records, uint64_t count,
                      FILE *out, portolan_error *err) {
    const platform *p = &s->platform;
    site_count *sites = calloc(p->site_count, sizeof *sites);
    if (!sites) return error_memory(err, p->site_count * sizeof *sites);
    count_records(s, records, count, sites);
    for (size_t i = 0; i < p->site_count; i++) {
        const site_count *c = &sites[i];
        const uint64_t row[] = {
            c->phones, c->requests, c->answered[TIER_PHONE], c->answered[TIER_EDGE], c->answered[TIER_CLOUD],
            c->failed};
        csv_put(out, label);
        putc(',', out);
        csv_put(out, p->sites[i].name);
        for (size_t k = 0; k < sizeof row / sizeof *row; k++)
            fprintf(out, ",%llu", (unsigned long long)row[k]);
        putc('\n', out);
    }
    free(sites);
    return true;
}
