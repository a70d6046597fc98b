/* The columns that a results folder is made of, from the tables that write it. */
#include <stdlib.h>

#include "results.h"
#include "sim/sweep/sweep.h"

static void put_columns(FILE *out) {
    const platform nowhere = {0};
    fputs("summary.json\n", out);
    for (const metric *m = METRICS; m->key; m++) fprintf(out, "%s/%s\n", m->key, m->unit);
    for (size_t i = 0; RESULT_TABLES[i]; i++) {
        fprintf(out, "%s\n", RESULT_TABLES[i]->file);
        table_write_header(RESULT_TABLES[i], out);
    }
    fprintf(out, "calibration.csv\n%splaces.csv\n", CALIBRATION_HEADER);
    platform_write_places(&nowhere, 0, out);
    fprintf(out, "statistics.csv\n%s", STATISTICS_HEADER);
}

char *results_columns(void) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    put_columns(out);
    bool ok = !ferror(out);
    if (fclose(out) == 0 && ok) return text;
    free(text);
    return NULL;
}
