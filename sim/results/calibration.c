/* calibration.csv: how sure each exit was of the samples of a run, and how often it was right. */
#include <math.h>
#include <stdlib.h>

#include "analysis/statistics/statistics.h"
#include "results.h"
#include "sim/engine/engine.h"

const char CALIBRATION_HEADER[] = "exit,from,to,samples,confidence,accuracy\n";

/* Adds a sample's answers at every exit. */
static void add_sample(const scenario *s, uint32_t sample, reliability *exits) {
    for (uint32_t e = 0; e < s->table.exits; e++) {
        exit_outcome o = outcome_source_reference(s, sample, TIER_CLOUD, s->table.exit_layer[e]);
        if (!isnan(o.confidence)) reliability_add(&exits[e], o.confidence, o.prediction == s->table.labels[sample]);
    }
}

static void print_bins(FILE *out, uint32_t layer, const reliability *r) {
    for (int b = 0; b < RELIABILITY_BINS; b++) {
        double n = (double)r->samples[b];
        if (n > 0)
            fprintf(out, "%u,%.2f,%.2f,%.0f,%.9g,%.9g\n", layer, (double)b / RELIABILITY_BINS,
                    (double)(b + 1) / RELIABILITY_BINS, n, r->confidence[b] / n, (double)r->right[b] / n);
    }
}

bool calibration_write(const scenario *s, const request_record *records, uint64_t count, FILE *out,
                       portolan_error *err) {
    reliability *exits = calloc(s->table.exits, sizeof *exits);
    bool *seen = calloc(s->table.samples, sizeof *seen);
    if (exits && seen) {
        for (uint64_t i = s->run.warmup; i < count; i++) {
            if (!seen[records[i].sample]) add_sample(s, records[i].sample, exits);
            seen[records[i].sample] = true;
        }
        fputs(CALIBRATION_HEADER, out);
        for (uint32_t e = 0; e < s->table.exits; e++) print_bins(out, s->table.exit_layer[e], &exits[e]);
    }
    bool ok = exits && seen;
    free(exits);
    free(seen);
    return ok || error_memory(err, s->table.exits * sizeof *exits + s->table.samples);
}
