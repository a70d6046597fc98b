/* Devices and links: the presets, which are YAML files built into the library, and a platform's own. Both are maps that the
 * same tables of keys read. */
#include "definitions.h"

#include <string.h>

#include "base/files.h"
#include "keys.h"
#include "service.h"
#include "times.h"

extern const char preset_devices[], preset_devices_0_1[], preset_links[]; /* platforms/presets/, embedded */

/* ---- Names ---- */

bool unknown_name(const yaml_node *node, const char *what, const char **names, size_t count, portolan_error *err) {
    names[count] = NULL;
    char allowed[512], hint[HINT_TEXT];
    list_words(allowed, sizeof allowed, names);
    return error_input(err, node->mark, "there is no %s '%.60s'%s; known are %s", what, node->text,
                       word_hint(hint, node->text, names), allowed);
}

/* The presets, once they have been read: constants of the process, like a table. */
static presets known;

/* What they live in. */
static struct {
    yaml_document devices, devices_0_1, links; /* the texts */
    arena memory;                              /* the arrays */
    bool is_whole;
} store;

/* Fails with the names of own definitions and presets; `name_of` gives preset number i. */
static bool unknown_definition(const yaml_node *node, const char *what, const yaml_node *own,
                               const char *(*name_of)(size_t), size_t preset_count, portolan_error *err) {
    enum { MOST = 256 };
    const char *names[MOST + 1];
    size_t n = 0;
    for (size_t i = 0; own && i < own->count && n < MOST / 2; i++) names[n++] = own->items[2 * i]->text;
    for (size_t i = 0; i < preset_count && n < MOST; i++) names[n++] = name_of(i);
    return unknown_name(node, what, names, n, err);
}

static const char *device_name(size_t i) { return known.devices[i].name; }
static const char *link_name(size_t i) { return known.links[i].name; }

/* `what` is wanted, for the message; `own` are definitions that would have been good too. */
static bool preset_device(const yaml_node *name, const char *what, const yaml_node *own, device *d,
                          portolan_error *err) {
    for (size_t i = 0; i < known.device_count; i++) {
        if (strcmp(known.devices[i].name, name->text) != 0) continue;
        *d = known.devices[i].hardware;
        return true;
    }
    return unknown_definition(name, what, own, device_name, known.device_count, err);
}

static bool preset_link(const yaml_node *name, const char *what, const yaml_node *own, net_link *l,
                        portolan_error *err) {
    for (size_t i = 0; i < known.link_count; i++) {
        if (strcmp(known.links[i].name, name->text) != 0) continue;
        *l = known.links[i].link;
        return true;
    }
    return unknown_definition(name, what, own, link_name, known.link_count, err);
}

/* ---- Maps ---- */

/* The key that a map without `like` must have, or NULL if all of `keys` are there. */
static const char *missing_key(const yaml_node *map, const char *const *keys) {
    for (; *keys; keys++)
        if (!yaml_find(map, *keys)) return *keys;
    return NULL;
}

/* The table's path counts from the file it stands in; a fault of the file without a line is told where it is named. */
static bool read_service_table(arena *memory, const yaml_node *node, device *d, portolan_error *err) {
    portolan_error inner = {0};
    const char *path = file_resolve(memory, node->mark.file, node->text, node->mark, err);
    if (!path) return false;
    d->table = service_table_load(memory, path, &inner);
    return d->table || error_within(err, node->mark, &inner);
}

static bool read_device_map(const yaml_node *map, arena *memory, device_keys *keys, portolan_error *err) {
    static const char *const NEEDED[] = {"speed", "cores", "idle", "busy", "memory", NULL};
    *keys = (device_keys){0};
    const yaml_node *like = yaml_find(map, "like");
    if (like && (!yaml_expect(like, YAML_SCALAR, "like", err) ||
                 !preset_device(like, "device preset", NULL, &keys->device, err)))
        return false;
    if (!yaml_read(map, "a device", DEVICE_FIELDS, keys, err)) return false;
    const char *missing = like ? NULL : missing_key(map, NEEDED);
    if (missing) return error_input(err, map->mark, "a device without 'like: PRESET' needs the key '%s'", missing);
    if (keys->device.busy_watts < keys->device.idle_watts)
        return error_input(err, map->mark, "a device that is busy (%gW) cannot need less power than when idle (%gW)",
                           keys->device.busy_watts, keys->device.idle_watts);
    return !keys->table || read_service_table(memory, yaml_find(map, "table"), &keys->device, err);
}

static bool read_radio_times(arena *memory, radio_keys *keys, portolan_error *err) {
    radio_model *m = &keys->model;
    return (!keys->promotion || times_read(memory, keys->promotion, "promotion", &m->promotion, err)) &&
           (!keys->delay_up || times_read(memory, keys->delay_up, "delay_up", &m->delay_up, err)) &&
           (!keys->delay_down || times_read(memory, keys->delay_down, "delay_down", &m->delay_down, err));
}

/* The states of a link's radio, which start from those of the preset that the link is like, if it has any. */
static bool read_radio(const yaml_node *node, net_link *l, arena *memory, portolan_error *err) {
    static const char *const NEEDED[] = {"promotion",  "promotion_power",  "active_power",
                                         "continuous", "continuous_power", NULL};
    if (node->kind == YAML_SCALAR && strcmp(node->text, "ideal") == 0) {
        l->radio = NULL;
        return true;
    }
    if (!yaml_expect(node, YAML_MAP, "'radio' of a link, unless it is ideal,", err)) return false;
    radio_model *read = arena_alloc(memory, 1, sizeof *read);
    if (!read) return error_memory(err, sizeof *read);
    radio_keys keys = {.model = l->radio ? *l->radio : (radio_model){.up = l->radio_up, .down = l->radio_down}};
    if (!yaml_read(node, "the radio of a link", RADIO_FIELDS, &keys, err) || !read_radio_times(memory, &keys, err))
        return false;
    const char *missing = l->radio ? NULL : missing_key(node, NEEDED);
    *read = keys.model;
    l->radio = read;
    return !missing ||
           error_input(err, node->mark,
                       "the radio of a link that is like none with a radio of states needs the key '%s'", missing);
}

static bool read_link_map(const yaml_node *map, link_keys *keys, arena *memory, portolan_error *err) {
    static const char *const NEEDED[] = {"up", "latency", "down", NULL}, *const SHARED[] = {"up", "latency", NULL};
    *keys = (link_keys){0};
    const yaml_node *like = yaml_find(map, "like");
    if (like &&
        (!yaml_expect(like, YAML_SCALAR, "like", err) || !preset_link(like, "link preset", NULL, &keys->link, err)))
        return false;
    net_link *l = &keys->link;
    if (!yaml_read(map, "a link", LINK_FIELDS, keys, err)) return false;
    const char *missing = like ? NULL : missing_key(map, l->half_duplex ? SHARED : NEEDED);
    if (missing) return error_input(err, map->mark, "a link without 'like: PRESET' needs the key '%s'", missing);
    const yaml_node *down = yaml_find(map, "down");
    if (l->half_duplex && down && l->down != l->up)
        return error_input(err, down->mark,
                           "a half-duplex link has one capacity for both directions, 'up'; "
                           "remove 'down' or write 'half_duplex: no'");
    if (l->half_duplex) l->down = l->up;
    return !keys->radio || read_radio(keys->radio, l, memory, err);
}

/* ---- A device or link of a platform: a name, own ones first, or a map ---- */

bool device_read(const definitions *own, const yaml_node *node, device *d, portolan_error *err) {
    if (node->kind != YAML_MAP) {
        if (!yaml_expect(node, YAML_SCALAR, "a device", err)) return false;
        const yaml_node *named = yaml_find(own->devices, node->text);
        if (!named) return preset_device(node, "device", own->devices, d, err);
        node = named;
    }
    device_keys keys;
    if (!yaml_expect(node, YAML_MAP, "a device", err) || !read_device_map(node, own->memory, &keys, err)) return false;
    *d = keys.device;
    return true;
}

bool link_read(const definitions *own, const yaml_node *node, net_link *l, portolan_error *err) {
    if (node->kind != YAML_MAP) {
        if (!yaml_expect(node, YAML_SCALAR, "a link", err)) return false;
        const yaml_node *named = yaml_find(own->links, node->text);
        if (!named) return preset_link(node, "link", own->links, l, err);
        node = named;
    }
    link_keys keys;
    if (!yaml_expect(node, YAML_MAP, "a link", err) || !read_link_map(node, &keys, own->memory, err)) return false;
    *l = keys.link;
    return true;
}

bool definitions_check(const definitions *own, portolan_error *err) {
    device d;
    net_link l;
    for (size_t i = 0; own->devices && i < own->devices->count; i++)
        if (!device_read(own, own->devices->items[2 * i], &d, err)) return false;
    for (size_t i = 0; own->links && i < own->links->count; i++)
        if (!link_read(own, own->links->items[2 * i], &l, err)) return false;
    return true;
}

/* ---- Presets ---- */

/* The map of definitions in an embedded file. */
static const yaml_node *open_presets(yaml_document *doc, const char *name, const char *text, portolan_error *err) {
    return yaml_parse(doc, name, text, strlen(text), err) ? doc->root->items[1] : NULL;
}

/* Each is known as soon as it has been read, so that the next may be like it. */
static bool add_devices(const yaml_node *map, device_preset *devices, portolan_error *err) {
    device_keys keys;
    for (size_t i = 0; i < map->count; i++) {
        if (!read_device_map(map->items[2 * i + 1], &store.memory, &keys, err)) return false;
        devices[known.device_count++] = (device_preset){
            map->items[2 * i]->text, keys.summary, keys.source, keys.range, keys.error, keys.device};
    }
    return true;
}

static bool read_device_presets(portolan_error *err) {
    const yaml_node *map = open_presets(&store.devices, "presets/devices.yaml", preset_devices, err), *old = NULL;
    if (map) old = open_presets(&store.devices_0_1, "presets/devices-0.1.yaml", preset_devices_0_1, err);
    if (!old) return false;
    device_preset *devices = arena_alloc(&store.memory, map->count + old->count, sizeof *devices);
    if (!devices) return error_memory(err, (map->count + old->count) * sizeof *devices);
    known.devices = devices;
    return add_devices(map, devices, err) && add_devices(old, devices, err);
}

static bool read_link_presets(portolan_error *err) {
    link_preset *links;
    link_keys keys;
    const yaml_node *map = open_presets(&store.links, "presets/links.yaml", preset_links, err);
    if (!map) return false;
    known.links = links = arena_alloc(&store.memory, map->count, sizeof *links);
    if (!links) return error_memory(err, map->count * sizeof *links);
    for (size_t i = 0; i < map->count; i++) {
        if (!read_link_map(map->items[2 * i + 1], &keys, &store.memory, err)) return false;
        links[i] = (link_preset){.name = map->items[2 * i]->text,
                                 .summary = keys.summary,
                                 .source = keys.source,
                                 .link = keys.link};
        known.link_count++;
    }
    return true;
}

const presets *presets_load(portolan_error *err) {
    if (store.is_whole) return &known;
    store.is_whole = read_device_presets(err) && read_link_presets(err);
    if (store.is_whole) return &known;
    known = (presets){0};
    yaml_unload(&store.devices);
    yaml_unload(&store.devices_0_1);
    yaml_unload(&store.links);
    arena_free(&store.memory);
    return NULL;
}
