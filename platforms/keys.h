/* What the maps of a platform file are read into. Internal to platforms/. */
#ifndef PORTOLAN_PLATFORM_KEYS_H
#define PORTOLAN_PLATFORM_KEYS_H

#include "platforms.h"

typedef struct platform_keys {
    const char *name;
    const yaml_node *network, *phones, *cells, *sites, *regions, *devices, *links;
} platform_keys;

typedef struct network_keys {
    network_settings settings;
    const yaml_node *connection;
} network_keys;

typedef struct group_keys {
    const char *name, *cell, *places;
    uint64_t count;
    const yaml_node *device;
    distribution speed;
    double up, down;
} group_keys;

enum { CELL_RADIO_IDEAL, CELL_RADIO_STATES };

typedef struct cell_keys {
    const char *name, *site, *places;
    uint64_t count;
    int radio;
    const yaml_node *link, *place;
} cell_keys;

typedef struct site_keys {
    const char *name, *region, *places;
    uint64_t count, servers, queue;
    const yaml_node *server, *backhaul, *place;
} site_keys;

typedef struct region_keys {
    const char *name;
    uint64_t count, servers, queue;
    const yaml_node *server, *wan;
} region_keys;

typedef struct device_keys {
    const char *like, *summary, *source, *range, *error, *table;
    device device;
} device_keys;

typedef struct radio_keys {
    radio_model model;
    const yaml_node *promotion, *delay_up, *delay_down;
} radio_keys;

typedef struct link_keys {
    const char *like, *summary, *source;
    const yaml_node *radio;
    net_link link;
} link_keys;

#endif
