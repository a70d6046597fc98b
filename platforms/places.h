/* Where phones, cells and sites lie, and which lies nearest. Internal to platforms/. */
#ifndef PORTOLAN_PLACES_H
#define PORTOLAN_PLACES_H

#include "platforms.h"

/* A place with all that lie exactly there. */
typedef struct spot {
    double at[3];          /* on the unit sphere */
    uint32_t first, count; /* in nearest.members */
    uint32_t next;         /* whose turn it is, 0 .. count - 1 */
} spot;

/* The spots of a list of places, ready to be searched. */
typedef struct nearest {
    spot *spots; /* by at[2], the sine of the latitude */
    size_t count;
    uint32_t *members; /* indices of places */
} nearest;

/* Reads the columns latitude and longitude (in any case) of a CSV file, a place a row, into `memory`. A
 * file without a row, or with a coordinate that is missing or out of range, is an error; the first `most`
 * rows are read. */
bool places_load(arena *memory, const char *path, uint64_t most, location **places, uint64_t *count,
                 portolan_error *err);

/* The places of a list entry's members, from its `places` (one or more rows; those beyond `count` + 1, which says that
 * there are more, are not read), or from its `place`; none, NULL and 0, if the entry `map` has neither. */
bool places_read(arena *memory, const yaml_node *map, uint64_t count, const location **places, uint64_t *rows,
                 portolan_error *err);

/* The same where each of the members needs a place of its own: fewer or more rows are an error. */
bool places_read_each(arena *memory, const yaml_node *map, uint64_t count, const location **places,
                      portolan_error *err);

/* Makes the spots of `count` places, `memory` being their owner. */
bool nearest_open(nearest *n, arena *memory, const location *places, size_t count, portolan_error *err);

/* The spot nearest to a place; of several equally near to the last bit, that of the first place. */
uint32_t nearest_spot(const nearest *n, const location *from);

/* The index of one that lies at the spot: each in turn. */
uint32_t nearest_take(nearest *n, uint32_t spot_index);

#endif
