/* What world? A YAML platform, checked and laid out as plain arrays: phones in cells, cells at edge sites, sites behind
 * a backhaul and a WAN to a cloud region. No SimGrid here; simgrid_world.h turns the arrays into SimGrid's hosts. */
#ifndef PORTOLAN_PLATFORMS_H
#define PORTOLAN_PLATFORMS_H

#include <stdint.h>

#include "base/random.h"
#include "base/yaml.h"

/* ---- Devices and links ---- */

/* Measured seconds; see platforms/service.h. */
typedef struct service_table service_table;

/* A device or a group of equal servers behind one queue. What it needs for a slice, platforms/service.h says. */
typedef struct device {
    double speed;               /* FLOP/s of one core */
    double call_seconds;        /* fixed cost of an execution */
    double memory_bandwidth;    /* bytes per second at which a core reads weights; 0: that costs nothing */
    const service_table *table; /* NULL: none. The platform's */
    uint64_t cores;
    double idle_watts, busy_watts;
    double memory_bytes;
    double usd_per_second;
} device;

/* What one core that is busy for so many seconds adds to the idle power: joules; for one second the watts. */
static inline double device_core_joules(const device *d, double seconds) {
    return seconds * (d->busy_watts - d->idle_watts) / (double)d->cores;
}

/* A part of the tail in which a connected radio waits for more: it ends after `seconds` without a message. */
typedef struct radio_stage {
    double seconds, watts;
    double cycle; /* it listens once in so many seconds; 0: always */
} radio_stage;

enum { RADIO_STAGES = 3 }; /* continuous reception, short DRX, long DRX */

/* A time that is drawn, again and again: from a distribution or, where there are any, from measured ones, each as likely. */
typedef struct drawn_time {
    distribution from;
    const double *measured; /* [count] */
    uint64_t count;
} drawn_time;

double drawn_time_draw(const drawn_time *d, random_stream *s);

/* A phone's radio as states: idle until a message promotes it, active while messages are under way, then in its tail,
 * stage by stage, and idle again. */
typedef struct radio_model {
    drawn_time promotion;
    double promotion_watts, active_watts;
    radio_stage tail[RADIO_STAGES];
    drawn_time delay_up, delay_down; /* that a message waits at an awake radio too */
    double up, down;                 /* joules per byte, beyond active_watts */
} radio_model;

typedef struct net_link {
    double up, down; /* bytes per second */
    double latency;  /* seconds, one way */
    bool half_duplex;
    double radio_up, radio_down; /* joules per byte at the phone, where its radio is ideal */
    const radio_model *radio;    /* NULL: ideal, always awake */
} net_link;

/* What a phone spends on each byte that it sends (`up`) or receives, in joules, beyond what its radio's states cost. */
double link_byte_joules(const net_link *cell_link, bool up);

/* ---- Presets: devices and links that come with Portolan (platforms/presets/), each figure with its source ---- */

typedef struct device_preset {
    const char *name, *summary, *source;
    const char *range, *error; /* what its figures were measured on, and how far off they are; NULL: not said */
    device hardware;
} device_preset;

typedef struct link_preset {
    const char *name, *summary, *source;
    net_link link;
} link_preset;

typedef struct presets {
    const device_preset *devices;
    const link_preset *links;
    size_t device_count, link_count;
} presets;

/* Reads them at the first call in a process, which keeps them to its end. NULL if memory is short. Not for threads. */
const presets *presets_load(portolan_error *err);

/* ---- Places ---- */

/* A place on Earth, in degrees. */
typedef struct location {
    double latitude, longitude; /* -90 .. 90, -180 .. 180 */
} location;

/* Great-circle distance in metres, by the haversine formula on a sphere of the Earth's mean radius. */
double location_distance(const location *a, const location *b);

/* ---- The checked platform ---- */

typedef struct phone_group {
    const char *name;
    uint64_t first, count; /* its phones in platform.phones */
    device hardware;
    distribution speed;
    double up, down;        /* bytes per second that one phone's own radio allows; 0: as the cell does */
    const location *places; /* [place_count]: phone k of the group lies at places[k % place_count] */
    uint64_t place_count;   /* 0: where they are is not known */
} phone_group;

typedef struct phone {
    double speed; /* FLOP/s of one core, drawn */
    uint32_t group, cell;
} phone;

typedef struct cell {
    const char *name;
    net_link link;
    uint32_t site;
    uint64_t phones;
    const location *at; /* its own, or its site's; NULL: not known */
} cell;

/* An edge site. Its backhaul and WAN carry the same flows in series, so they are one link: the narrower bandwidth, the
 * latencies added. */
typedef struct site {
    const char *name;
    device server;  /* all its servers as one: their cores behind one queue */
    uint64_t queue; /* most requests waiting; one more is refused */
    net_link uplink;
    uint32_t region;
    const location *at; /* NULL: not known */
} site;

typedef struct region {
    const char *name;
    device server;
    uint64_t queue;
} region;

typedef enum network_model { NETWORK_CM02, NETWORK_LV08 } network_model;

typedef enum transport { TRANSPORT_TCP, TRANSPORT_UDP } transport;

/* How phones and servers are connected. */
typedef struct connection_settings {
    bool set_up;   /* before the first message; false: all are open for ever */
    int transport; /* enum transport */
    bool tls;
    double keep_alive; /* seconds without a message after which one is closed */
} connection_settings;

/* How SimGrid computes transfers; see docs/platforms.md. */
typedef struct network_settings {
    int model; /* network_model */
    bool crosstraffic;
    double tcp_gamma; /* bytes: a flow's rate is at most tcp_gamma / (2 latency) */
    bool headers;     /* what is sent has those of its packets */
    connection_settings connection;
} network_settings;

typedef struct platform platform;
struct platform {
    arena memory; /* owns all texts, places and phones */
    const char *name;
    network_settings network;
    size_t group_count, cell_count, site_count, region_count;
    phone_group *groups; /* this and the next three: owned */
    cell *cells;
    site *sites;
    region *regions;
    uint64_t phone_count;
    phone *phones;
};

enum { PLATFORM_MAX_PHONES = 10000000, PLATFORM_MAX_CELLS = 1000000, PLATFORM_MAX_CORES = 100000000 };

/* Reads the platform from a map; texts are copied, so the document may be freed. Phone speeds are drawn from `seed`.
 * On failure `p` is left empty. */
bool platform_read(platform *p, const yaml_node *map, uint64_t seed, portolan_error *err);

/* Whether a map of devices by name, as a platform has one, can be read. */
bool devices_check(const yaml_node *map, portolan_error *err);

/* Loads the document at `path` and reads it. */
bool platform_load(platform *p, const char *path, uint64_t seed, portolan_error *err);

void platform_free(platform *p);

/* Seconds that `bytes` need on an otherwise idle path of `latency` and `bandwidth`, as the platform's network settings
 * compute it (SimGrid 3.32, network models CM02 and LV08): latency * latency_factor + bytes / (bandwidth_factor *
 * min(bandwidth, tcp_gamma / (2 latency))), the factors being 1 and 1, or 13.01 and 0.97. */
double platform_transfer_time(const network_settings *n, double latency, double bandwidth, double bytes);

/* Bytes that a message of `bytes` takes on the way: with the headers of its records, segments and frames, if they count. */
uint64_t platform_wire_bytes(const network_settings *n, uint64_t bytes);

/* Round trips before the first message: one for TCP, one for TLS 1.3 (a full handshake). */
unsigned connection_round_trips(const connection_settings *c);

/* Where a phone is; NULL: not known. */
const location *platform_phone_place(const platform *p, uint64_t phone);

/* Whether it is known where any phone, cell or site is. */
bool platform_has_places(const platform *p);

/* Writes all that has a place as CSV: kind,name,latitude,longitude,attached_to, a row a site (attached to its region), a
 * cell (to its site), a phone (its number; to its cell). Of more than `most_phones` phones with a place so many are
 * written, evenly taken. */
void platform_write_places(const platform *p, uint64_t most_phones, FILE *out);

/* A readable summary; SimGrid's XML (one zone, routes equal to the simulated ones); a graph for Graphviz. */
void platform_print(const platform *p, FILE *out);
void platform_write_xml(const platform *p, FILE *out);
void platform_write_dot(const platform *p, FILE *out);

/* Tables of YAML keys, for the reference and its test. */
extern const yaml_field PLATFORM_FIELDS[], NETWORK_FIELDS[], CONNECTION_FIELDS[], PHONE_GROUP_FIELDS[], CELL_FIELDS[],
    SITE_FIELDS[], REGION_FIELDS[], DEVICE_FIELDS[], LINK_FIELDS[], RADIO_FIELDS[];

#endif
