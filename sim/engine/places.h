/* The places of a platform, numbered in one order: its hosts (groups of phones, edge sites, cloud regions), then its
 * links (of cells, uplinks of sites), each way. Results and traces call them by the same names. Internal to sim/. */
#ifndef PORTOLAN_SIM_PLACES_H
#define PORTOLAN_SIM_PLACES_H

#include "platforms/platforms.h"
#include "sim/policies/policy.h"

typedef struct place_info {
    const char *kind, *name, *way; /* "cell", "lte-3", " up"; borrowed from the platform */
    bool is_link;
    tier at;              /* of a host */
    const device *device; /* of a host */
    double count;         /* of a host: devices of that kind, each with the device's cores */
    uint64_t first_phone; /* of a group */
    const net_link *link; /* of a link */
    double bandwidth; /* of a link, bytes a second; 0: the way back of a half-duplex one, whose way up carries both */
} place_info;

size_t place_host_count(const platform *p);
size_t place_count(const platform *p); /* links included */

/* The host that serves a phone's requests at a tier. */
size_t place_of_host(const platform *p, uint32_t phone, tier at);

/* The links that a message of a phone's request crosses, one or two. Returns how many. */
unsigned place_path(const platform *p, uint32_t phone, tier from, tier to, size_t path[2]);

/* Describes the place of that number. */
place_info place_describe(const platform *p, size_t number);

/* What it is called: "phones budget", "edge site roof", "cloud region eu", "cell lte-3 up", "uplink roof down". */
void place_name(const place_info *of, char *into, size_t size);

#endif
