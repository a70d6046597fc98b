/* Where the phones, cells and sites of a run lie, and what the sites answered: places.csv and sites.csv. */
#ifndef PORTOLAN_ANALYSIS_FLEET_H
#define PORTOLAN_ANALYSIS_FLEET_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

typedef enum fleet_kind { FLEET_SITE, FLEET_CELL, FLEET_PHONE, FLEET_KINDS } fleet_kind;

extern const char *const FLEET_KIND_NAMES[]; /* "site", "cell", "phone", NULL */

typedef struct fleet_point {
    fleet_kind kind;
    const char *name, *attached_to;
    double latitude, longitude; /* degrees; east of 180 where the fleet lies on both sides of it */
} fleet_point;

typedef struct fleet {
    arena memory;        /* owns the names */
    fleet_point *points; /* in the order of places.csv; owned */
    size_t count, room;
    size_t *sites; /* [site_count] indices of points, by name; owned */
    size_t site_count;
    double *answered; /* [policy][site]: what the site's servers answered; NULL without sites.csv; owned */
    double west, east, south, north;
} fleet;

/* Reads both files of the results folder; `policies` are the labels to be found. Without places.csv the
 * fleet is empty. On failure it is left empty. */
bool fleet_load(fleet *f, const char *folder, const char *const *policies, size_t policy_count, portolan_error *err);
void fleet_free(fleet *f);

/* The site of that name: its index in f->sites; site_count if there is none. */
size_t fleet_find_site(const fleet *f, const char *name);

#endif
