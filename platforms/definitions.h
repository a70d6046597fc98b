/* Devices and links as a platform file writes them: by the name of a preset, by the name of one of the file's own
 * definitions, or as a map. Internal to platforms/. */
#ifndef PORTOLAN_PLATFORM_DEFINITIONS_H
#define PORTOLAN_PLATFORM_DEFINITIONS_H

#include "platforms.h"

/* A platform's own `devices` and `links`; NULL where it has none. The presets must have been loaded. */
typedef struct definitions {
    const yaml_node *devices, *links;
    arena *memory; /* where tables of devices and radios of links are kept */
} definitions;

/* Whether all of them can be read, used or not. */
bool definitions_check(const definitions *own, portolan_error *err);

bool device_read(const definitions *own, const yaml_node *node, device *d, portolan_error *err);
bool link_read(const definitions *own, const yaml_node *node, net_link *l, portolan_error *err);

/* The error for a name that is none of `names`, which has room for one more than `count`. Always returns false. */
bool unknown_name(const yaml_node *node, const char *what, const char **names, size_t count, portolan_error *err);

#endif
