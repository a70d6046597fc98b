/* What `portolan map` leaves behind. Internal to sim/commands/. */
#ifndef PORTOLAN_MAP_FILES_H
#define PORTOLAN_MAP_FILES_H

#include "sim/tuning/tuning.h"

/* Writes map.csv into the folder: a point a sample and its pool. A METHOD_EXIT_POOLS map has other coordinates, and goes to
 * exit-map.csv; so do all files of that method. */
bool map_write_points(const data_map *map, int method, double alpha, double beta, const char *folder,
                      portolan_error *err);

/* Writes surface.csv, router.json (its size into `bytes`), map.json and map.md. */
bool map_write_findings(const mapping *m, const char *folder, size_t *bytes, portolan_error *err);

/* Everything found, as in map.json; a new reference. */
json_t *map_json(const mapping *m);

/* The page of what was found. `bytes`: the router's size. */
void map_print_page(const mapping *m, size_t bytes, FILE *out);

#endif
