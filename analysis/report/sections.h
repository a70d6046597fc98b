/* The report's sections. Internal to this folder. */
#ifndef PORTOLAN_ANALYSIS_SECTIONS_H
#define PORTOLAN_ANALYSIS_SECTIONS_H

#include "report.h"

/* The text at a dotted path of objects ("scenario.platform.name"), or "". */
const char *report_text(const json_t *object, const char *path);

/* A metric's value as tables show it; "-" for NaN. Negative zero loses its sign. */
void report_show(char *into, size_t size, const metric *m, double value);

/* tables.c: all policies and metrics, and how they differ from the other run. */
void report_write_table(FILE *out, const report_request *r);
void report_write_comparison(FILE *out, const report_request *r);

/* A box that names the places to which more work came than they can do; nothing where there are none. */
void report_write_overloaded(FILE *out, const report_request *r);

/* The pictures of the fleet, or the others. */
void report_write_pictures(FILE *out, const report_request *r, bool of_fleet);

/* description.c: the platform's groups with the map, and what is needed to repeat the run. */
void report_write_fleet(FILE *out, const report_request *r);
void report_write_again(FILE *out, const report_request *r);

#endif
