/* The results folder of a run. Internal to sim/. */
#ifndef PORTOLAN_RESULTS_H
#define PORTOLAN_RESULTS_H

#include <jansson.h>

#include "base/files.h"
#include "tables.h"

/* The document of summary.json; a new reference, NULL if memory is short. */
json_t *summary_json(const scenario *s, const run_report *report);

/* Leaves the rows of policy `index` of a table in a file of their own, for results_write. Called by its child. */
bool rows_write_part(const result_table *table, const policy_run *run, size_t index, const result_folder *folder,
                     portolan_error *err);

/* The columns of all its files, as a text of which RESULTS_SCHEMA has the fingerprint (free() it); NULL if memory is short. */
char *results_columns(void);

extern const char CALIBRATION_HEADER[];

/* Writes calibration.csv: a row an exit and bin of confidence, over the distinct samples of the counted
 * records. */
bool calibration_write(const scenario *s, const request_record *records, uint64_t count, FILE *out,
                       portolan_error *err);

/* Writes summary.json, summary.csv, manifest.json, places.csv where the platform has places and, from the children's
 * parts, the tables of tables.h. */
bool results_write(const scenario *s, const run_report *report, const result_folder *folder, portolan_error *err);

#endif
