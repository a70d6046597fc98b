/* The results folder of a run. Internal to sim/. */
#ifndef PORTOLAN_RESULTS_H
#define PORTOLAN_RESULTS_H

#include <jansson.h>

#include "base/files.h"
#include "sim.h"

/* The document of summary.json; a new reference, NULL if memory is short. */
json_t *summary_json(const scenario *s, const run_report *report);

/* Name of the file in which the child of policy `index` leaves its rows of `table` (requests.csv, sites.csv). */
void rows_part_name(char *into, size_t size, const char *table, size_t index);

/* Writes the rows of calibration.csv: a row an exit and bin of confidence, over the distinct samples of the counted
 * records. */
bool calibration_write(const scenario *s, const request_record *records, uint64_t count, FILE *out,
                       portolan_error *err);

/* The header of sites.csv, and a policy's rows, a site each, from the counted records. Both files about places are
 * written where the platform has any. */
void sites_write_header(FILE *out);
bool sites_write_rows(const scenario *s, const char *label, const request_record *records, uint64_t count, FILE *out,
                      portolan_error *err);

/* Writes summary.json, summary.csv, manifest.json, places.csv and, from the children's parts, requests.csv and
 * sites.csv. */
bool results_write(const scenario *s, const run_report *report, const result_folder *folder, portolan_error *err);

#endif
