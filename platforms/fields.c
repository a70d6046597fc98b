/* The YAML keys of a platform: one table a map. */
#include "keys.h"

const yaml_field PLATFORM_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(platform_keys, name), .doc = "name of the platform", .fallback = "platform"},
    {"network", FIELD_NODE, offsetof(platform_keys, network),
     .doc = "how transfers are computed: model, crosstraffic, ..."},
    {"phones", FIELD_NODE, offsetof(platform_keys, phones), .doc = "list of phone groups", .required = true},
    {"cells", FIELD_NODE, offsetof(platform_keys, cells), .doc = "list of cells (Wi-Fi or cellular)", .required = true},
    {"sites", FIELD_NODE, offsetof(platform_keys, sites), .doc = "list of edge sites", .required = true},
    {"regions", FIELD_NODE, offsetof(platform_keys, regions), .doc = "list of cloud regions", .required = true},
    {"devices", FIELD_NODE, offsetof(platform_keys, devices), .doc = "own devices by name, usable like presets"},
    {"links", FIELD_NODE, offsetof(platform_keys, links), .doc = "own links by name, usable like presets"},
    {0},
};

static const char *const NETWORK_MODELS[] = {"CM02", "LV08", NULL};

const yaml_field NETWORK_FIELDS[] = {
    {"model", FIELD_CHOICE, offsetof(network_keys, settings.model),
     .doc =
         "SimGrid's network model: CM02 (latency and bandwidth as written) or LV08 (TCP: latency x 13.01, bandwidth x 0.97)",
     .fallback = "CM02", .choices = NETWORK_MODELS},
    {"crosstraffic", FIELD_BOOL, offsetof(network_keys, settings.crosstraffic),
     .doc = "a transfer also loads the way back with 5 % of its rate (TCP's acknowledgements)", .fallback = "no"},
    {"tcp_gamma", FIELD_QUANTITY, offsetof(network_keys, settings.tcp_gamma),
     .doc = "largest TCP window; bounds every flow at tcp_gamma / (2 latency)", UNIT_SIZE, .fallback = "4MiB",
     .positive = true},
    {"headers", FIELD_BOOL, offsetof(network_keys, settings.headers),
     .doc = "messages have the headers of link frames, IP, TCP or UDP, and TLS records", .fallback = "no"},
    {"connection", FIELD_NODE, offsetof(network_keys, connection),
     .doc = "how a phone's connections to its servers are set up, a map; none: they are open for ever"},
    {0},
};

static const char *const TRANSPORTS[] = {"tcp", "udp", NULL};

const yaml_field CONNECTION_FIELDS[] = {
    {"transport", FIELD_CHOICE, offsetof(connection_settings, transport),
     .doc = "tcp: a round trip before the first message; udp: none", .fallback = "tcp", .choices = TRANSPORTS},
    {"tls", FIELD_BOOL, offsetof(connection_settings, tls),
     .doc = "a handshake of TLS 1.3, or of DTLS 1.3 or QUIC: one round trip more", .fallback = "yes"},
    {"keep_alive", FIELD_QUANTITY, offsetof(connection_settings, keep_alive),
     .doc = "how long a connection without messages stays open", UNIT_TIME, .fallback = "60s"},
    {0},
};

const yaml_field PHONE_GROUP_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(group_keys, name), .doc = "name of the group", .fallback = "phones"},
    {"count", FIELD_COUNT, offsetof(group_keys, count), .doc = "how many phones", .required = true, .least = 1,
     .most = PLATFORM_MAX_PHONES},
    {"device", FIELD_NODE, offsetof(group_keys, device),
     .doc = "a device preset, an own device, or a map of device keys", .required = true},
    {"cell", FIELD_NAME, offsetof(group_keys, cell), .doc = "the cells its phones are spread over, in turn",
     .required = true},
    {"speed", FIELD_DISTRIBUTION, offsetof(group_keys, speed),
     .doc =
         "speed of each phone, drawn once a phone; default: the device's; call, memory_bandwidth and table change in proportion",
     UNIT_SPEED, .positive = true},
    {"up", FIELD_QUANTITY, offsetof(group_keys, up), .doc = "bound of one phone's own rate up; default: the cell's",
     UNIT_BANDWIDTH, .positive = true},
    {"down", FIELD_QUANTITY, offsetof(group_keys, down),
     .doc = "bound of one phone's own rate down; default: the cell's", UNIT_BANDWIDTH, .positive = true},
    {"places", FIELD_TEXT, offsetof(group_keys, places),
     .doc =
         "CSV with the columns latitude and longitude, a row a phone, from the first again where there are more phones; "
         "they join the nearest cell if cells have places too"},
    {0},
};

static const char *const CELL_RADIOS[] = {"ideal", "states", NULL};

#define PLACE_DOC "[latitude, longitude] in degrees, for a count of 1"

const yaml_field CELL_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(cell_keys, name), .doc = "name of this kind of cell", .required = true},
    {"count", FIELD_COUNT, offsetof(cell_keys, count), .doc = "how many such cells", .fallback = "1", .least = 1,
     .most = PLATFORM_MAX_CELLS},
    {"link", FIELD_NODE, offsetof(cell_keys, link), .doc = "a link preset, an own link, or a map of link keys",
     .required = true},
    {"radio", FIELD_CHOICE, offsetof(cell_keys, radio),
     .doc = "states: phones' radios sleep and wake as the link's `radio` says; ideal: they are always awake",
     .fallback = "ideal", .choices = CELL_RADIOS},
    {"site", FIELD_NAME, offsetof(cell_keys, site), .doc = "the edge sites the cells are attached to, in turn",
     .required = true},
    {"places", FIELD_TEXT, offsetof(cell_keys, places),
     .doc =
         "CSV with the columns latitude and longitude, a row a cell; they join the nearest site if sites have places "
         "too; default: a cell lies at its site"},
    {"place", FIELD_NODE, offsetof(cell_keys, place), .doc = PLACE_DOC},
    {0},
};

#define QUEUE_DOC "most requests waiting for a core; one more is refused and counts as failed"

const yaml_field SITE_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(site_keys, name), .doc = "name of this kind of site", .required = true},
    {"count", FIELD_COUNT, offsetof(site_keys, count), .doc = "how many such sites", .fallback = "1", .least = 1,
     .most = PLATFORM_MAX_CELLS},
    {"server", FIELD_NODE, offsetof(site_keys, server),
     .doc = "the edge server: a device preset, an own device, or a map", .required = true},
    {"servers", FIELD_COUNT, offsetof(site_keys, servers), .doc = "servers behind the site's one queue",
     .fallback = "1", .least = 1, .most = 100000},
    {"queue", FIELD_COUNT, offsetof(site_keys, queue), QUEUE_DOC, .fallback = "1e6", .most = 1e9},
    {"backhaul", FIELD_NODE, offsetof(site_keys, backhaul), .doc = "link from the site to its region's network",
     .required = true},
    {"region", FIELD_NAME, offsetof(site_keys, region), .doc = "the cloud regions the sites use, in turn",
     .required = true},
    {"places", FIELD_TEXT, offsetof(site_keys, places),
     .doc = "CSV with the columns latitude and longitude, a row a site"},
    {"place", FIELD_NODE, offsetof(site_keys, place), .doc = PLACE_DOC},
    {0},
};

const yaml_field REGION_FIELDS[] = {
    {"name", FIELD_NAME, offsetof(region_keys, name), .doc = "name of this kind of region", .required = true},
    {"count", FIELD_COUNT, offsetof(region_keys, count), .doc = "how many such regions", .fallback = "1", .least = 1,
     .most = 10000},
    {"server", FIELD_NODE, offsetof(region_keys, server),
     .doc = "the cloud server: a device preset, an own device, or a map", .required = true},
    {"servers", FIELD_COUNT, offsetof(region_keys, servers), .doc = "servers behind the region's one queue",
     .fallback = "1", .least = 1, .most = 100000},
    {"queue", FIELD_COUNT, offsetof(region_keys, queue), QUEUE_DOC, .fallback = "1e6", .most = 1e9},
    {"wan", FIELD_NODE, offsetof(region_keys, wan),
     .doc = "link between each site's backhaul and the region; every site has its own share of this size"},
    {0},
};

const yaml_field DEVICE_FIELDS[] = {
    {"like", FIELD_TEXT, offsetof(device_keys, like), .doc = "the preset that gives what is not written here"},
    {"summary", FIELD_TEXT, offsetof(device_keys, summary), .doc = "what it is, in a few words"},
    {"source", FIELD_TEXT, offsetof(device_keys, source), .doc = "where its figures come from"},
    {"range", FIELD_TEXT, offsetof(device_keys, range),
     .doc = "what they were measured on; beyond it they are extrapolated"},
    {"error", FIELD_TEXT, offsetof(device_keys, error), .doc = "by how much its seconds are off"},
    {"speed", FIELD_QUANTITY, offsetof(device_keys, device.speed),
     .doc = "sustained FLOP/s of one core on this kind of work", UNIT_SPEED, .positive = true},
    {"call", FIELD_QUANTITY, offsetof(device_keys, device.call_seconds),
     .doc = "fixed cost of executing a slice, once a batch", UNIT_TIME},
    {"memory_bandwidth", FIELD_QUANTITY, offsetof(device_keys, device.memory_bandwidth),
     .doc = "at which a core reads a layer's weights, once a batch; default: that costs nothing", UNIT_BANDWIDTH,
     .positive = true},
    {"table", FIELD_TEXT, offsetof(device_keys, table),
     .doc = "CSV of measured seconds, which count instead of call, memory_bandwidth and speed for the shapes it holds"},
    {"cores", FIELD_COUNT, offsetof(device_keys, device.cores), .doc = "requests computed at the same time", .least = 1,
     .most = 1e6},
    {"idle", FIELD_QUANTITY, offsetof(device_keys, device.idle_watts),
     .doc = "power of the whole device, nothing running", UNIT_POWER},
    {"busy", FIELD_QUANTITY, offsetof(device_keys, device.busy_watts),
     .doc = "power of the whole device, all cores running", UNIT_POWER},
    {"memory", FIELD_QUANTITY, offsetof(device_keys, device.memory_bytes), .doc = "memory that the model may use",
     UNIT_SIZE, .positive = true},
    {"price", FIELD_QUANTITY, offsetof(device_keys, device.usd_per_second), .doc = "price of the whole device",
     UNIT_PRICE},
    {0},
};

const yaml_field LINK_FIELDS[] = {
    {"like", FIELD_NAME, offsetof(link_keys, like), .doc = "the preset that gives what is not written here"},
    {"summary", FIELD_TEXT, offsetof(link_keys, summary), .doc = "what it is, in a few words"},
    {"source", FIELD_TEXT, offsetof(link_keys, source), .doc = "where its figures come from"},
    {"up", FIELD_QUANTITY, offsetof(link_keys, link.up),
     .doc = "capacity towards the cloud, shared by all that use the link", UNIT_BANDWIDTH, .positive = true},
    {"down", FIELD_QUANTITY, offsetof(link_keys, link.down), .doc = "capacity towards the phones", UNIT_BANDWIDTH,
     .positive = true},
    {"latency", FIELD_QUANTITY, offsetof(link_keys, link.latency), .doc = "one-way latency", UNIT_TIME},
    {"half_duplex", FIELD_BOOL, offsetof(link_keys, link.half_duplex),
     .doc = "both directions share one medium of capacity `up` (Wi-Fi)"},
    {"radio_up", FIELD_QUANTITY, offsetof(link_keys, link.radio_up), .doc = "a phone's energy per byte sent",
     UNIT_ENERGY_PER_BYTE},
    {"radio_down", FIELD_QUANTITY, offsetof(link_keys, link.radio_down), .doc = "a phone's energy per byte received",
     UNIT_ENERGY_PER_BYTE},
    {"radio", FIELD_NODE, offsetof(link_keys, radio), .doc = "the states of a phone's radio, a map; or ideal"},
    {0},
};

#define STAGE(name, index, doc_seconds, doc_cycle)                                                                 \
    {name,      FIELD_QUANTITY, offsetof(radio_keys, model.tail[index].seconds), .doc = doc_seconds,               \
     UNIT_TIME, .most = 3600},                                                                                     \
        {name "_power", FIELD_QUANTITY, offsetof(radio_keys, model.tail[index].watts), .doc = "mean power in it",  \
         UNIT_POWER},                                                                                              \
    {                                                                                                              \
        name "_cycle", FIELD_QUANTITY, offsetof(radio_keys, model.tail[index].cycle), .doc = doc_cycle, UNIT_TIME, \
                                                                                      .most = 3600                 \
    }
#define CYCLE_DOC "a message down waits for its next multiple since the stage began; default: it waits for nothing"

const yaml_field RADIO_FIELDS[] = {
    {"promotion", FIELD_NODE, offsetof(radio_keys, promotion),
     .doc = "from idle until a message can go, drawn for each promotion"},
    {"promotion_power", FIELD_QUANTITY, offsetof(radio_keys, model.promotion_watts),
     .doc = "power of the radio meanwhile", UNIT_POWER},
    {"active_power", FIELD_QUANTITY, offsetof(radio_keys, model.active_watts),
     .doc = "power while messages are under way, their bytes' own energy apart", UNIT_POWER},
    STAGE("continuous", 0, "the tail's first stage: the radio receives all the time", CYCLE_DOC),
    STAGE("short_drx", 1, "the second stage: it listens now and then (3G: FACH)", CYCLE_DOC),
    STAGE("long_drx", 2, "the third stage: more seldom; behind it, the radio is idle", CYCLE_DOC),
    {"delay_up", FIELD_NODE, offsetof(radio_keys, delay_up),
     .doc = "what a message up needs beyond the link's latency (scheduling), drawn for each; default: nothing"},
    {"delay_down", FIELD_NODE, offsetof(radio_keys, delay_down), .doc = "the same for a message down"},
    {"up", FIELD_QUANTITY, offsetof(radio_keys, model.up),
     .doc = "energy per byte sent, beyond active_power; default: the link's radio_up", UNIT_ENERGY_PER_BYTE},
    {"down", FIELD_QUANTITY, offsetof(radio_keys, model.down),
     .doc = "energy per byte received, beyond active_power; default: the link's radio_down", UNIT_ENERGY_PER_BYTE},
    {0},
};
