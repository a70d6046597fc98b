/* samples.csv: how often each sample was asked about, and how often the answer was right. Requests for the same sample
 * are no independent observations of a policy, samples are: intervals come from here. */
#include <stdlib.h>

#include "tables.h"

typedef struct sample_row {
    const char *policy;
    uint64_t sample, requests, right;
} sample_row;

#define AT(member) offsetof(sample_row, member)

static const table_column COLUMNS[] = {
    {"policy", "the policy's label", COLUMN_TEXT, AT(policy)},
    {"sample", "row of the outcome table or data set, ascending", COLUMN_COUNT, AT(sample)},
    {"requests", "counted requests that asked about it, failed ones included; at least 1", COLUMN_COUNT, AT(requests)},
    {"right", "of them, those answered rightly; a failed one is not", COLUMN_COUNT, AT(right)},
    {0},
};

static void count_records(const policy_run *run, sample_row *rows) {
    for (uint64_t i = 0; i < run->count; i++) {
        const request_record *r = &run->records[i];
        rows[r->sample].requests++;
        rows[r->sample].right += !r->failure && r->prediction == run->s->table.labels[r->sample];
    }
}

static bool write_rows(const policy_run *run, FILE *out, portolan_error *err) {
    uint32_t samples = run->s->table.samples;
    sample_row *rows = calloc(samples, sizeof *rows);
    if (!rows) return error_memory(err, samples * sizeof *rows);
    count_records(run, rows);
    for (uint32_t i = 0; i < samples; i++) {
        rows[i].policy = run->label;
        rows[i].sample = i;
        if (rows[i].requests) table_write_row(&SAMPLES_TABLE, &rows[i], out);
    }
    free(rows);
    return true;
}

const result_table SAMPLES_TABLE = {"samples.csv", "a distinct sample of a policy's counted requests", COLUMNS, NULL,
                                    write_rows};
