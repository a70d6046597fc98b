/* The platform's network as SimGrid's hosts and links. SimGrid 3.32's C API cannot create them, hence one small file in C++. */
#ifndef PORTOLAN_SIMGRID_WORLD_H
#define PORTOLAN_SIMGRID_WORLD_H

#include <simgrid/forward.h>

#ifdef __cplusplus
extern "C" {
#else
#include <stdbool.h>
#endif

/* The hosts where messages leave and arrive; nothing is computed on them. A phone's is its cell's (or that of the phones of
 * its group there, where the group's radio has a rate of its own), so that it may change cells; a cloud region is reached
 * through the ingress host of the site at the other end, so that each site has its own link to it. */
typedef struct simgrid_world {
    sg_host_t *phones;    /* [platform.phone_count] */
    sg_host_t *edges;     /* [platform.site_count] */
    sg_host_t *ingresses; /* [platform.site_count] */
} simgrid_world;

struct platform;
struct portolan_error;

/* Builds hosts and links in one Star zone (set-up linear in their number) and seals it. Call it once a process, after
 * simgrid_init. Returns false and writes into `why` if SimGrid refuses. The arrays are owned by the world. */
bool simgrid_world_build(const struct platform *p, simgrid_world *w, char *why, unsigned long size);

/* From here on, memory that runs out in C++ ends the process with status 1: SimGrid does not let it pass.
 * The reason goes to *err, in memory that outlives the process; with NULL, to standard error. */
void simgrid_memory_guard(struct portolan_error *err);

/* Frees the arrays; the hosts stay with SimGrid until the process ends. */
void simgrid_world_free(simgrid_world *w);

#ifdef __cplusplus
}
#endif

#endif
