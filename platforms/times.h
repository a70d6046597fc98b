/* Times that are drawn: read from a platform file, or from a CSV file of measured ones. Internal to platforms/. */
#ifndef PORTOLAN_TIMES_H
#define PORTOLAN_TIMES_H

#include "platforms.h"

/* Reads the column `seconds` of a CSV file, from 0 to an hour each, into `memory`. A file without a row is an error. */
bool times_load(arena *memory, const char *path, drawn_time *d, portolan_error *err);

/* Reads the value of `key`: a time, a distribution of times, or {file: FILE.csv}. */
bool times_read(arena *memory, const yaml_node *value, const char *key, drawn_time *d, portolan_error *err);

#endif
