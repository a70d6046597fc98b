/* Reading a platform: YAML tables, and the replication of cells, sites and phones by count. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/numbers.h"
#include "definitions.h"
#include "keys.h"
#include "places.h"

/* ---- Names: kinds of cells, sites and regions ---- */

/* A named run of equal things in one of the platform's arrays. */
typedef struct kind {
    const char *name;
    uint64_t first, count;
    nearest near; /* where they lie, if that was asked */
} kind;

typedef struct kind_list {
    kind *kinds; /* of the platform's memory */
    size_t count;
} kind_list;

typedef struct reader {
    platform *p;
    definitions own;
    kind_list cells, sites, regions;
    size_t group_room, cell_room, site_room, region_room; /* what the platform's arrays have space for */
    uint64_t seed;
    portolan_error *err;
} reader;

static bool find_kind(reader *r, const yaml_node *map, const char *key, const kind_list *list, kind **found) {
    const yaml_node *node = yaml_find(map, key);
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->kinds[i].name, node->text) != 0) continue;
        *found = &list->kinds[i];
        return true;
    }
    enum { MOST = 64 };
    const char *names[MOST + 1];
    size_t n = 0;
    for (; n < list->count && n < MOST; n++) names[n] = list->kinds[n].name;
    return unknown_name(node, key, names, n, r->err);
}

/* A link between sites and regions, whose two directions are links of their own in the simulation. */
static bool read_wired_link(reader *r, const yaml_node *node, const char *what, net_link *l) {
    if (!link_read(&r->own, node, l, r->err)) return false;
    return !l->half_duplex ||
           error_input(r->err, node->mark, "a %s cannot be half duplex; only the link of a cell can", what);
}

static bool multiply_servers(reader *r, const yaml_node *map, device *d, uint64_t servers) {
    double n = (double)servers;
    if (d->cores > PLATFORM_MAX_CORES / servers)
        return error_input(r->err, map->mark, "%llu servers of %llu cores each; a queue may have at most %d cores",
                           (unsigned long long)servers, (unsigned long long)d->cores, PLATFORM_MAX_CORES);
    d->cores *= servers;
    d->idle_watts *= n;
    d->busy_watts *= n;
    d->usd_per_second *= n;
    return true;
}

/* ---- The sections ---- */

/* "lte" where there is one, "lte-17" where there are many. */
static const char *numbered(reader *r, const char *name, uint64_t i, uint64_t count) {
    char text[96];
    if (count == 1)
        snprintf(text, sizeof text, "%s", name);
    else
        snprintf(text, sizeof text, "%s-%llu", name, (unsigned long long)i + 1);
    const char *copy = arena_text(&r->p->memory, text, strlen(text));
    if (!copy) error_memory(r->err, sizeof text);
    return copy;
}

/* Whether `count` can be added to the `have` of a section. */
static bool check_total(reader *r, size_t have, uint64_t count, const yaml_node *at) {
    return count <= PLATFORM_MAX_CELLS - have ||
           error_input(r->err, at->mark, "more than %d in all", PLATFORM_MAX_CELLS);
}

/* Is `name` what number 1 .. count of a kind is called? */
static bool is_numbered(const char *name, const kind *k) {
    size_t length = strlen(k->name);
    if (k->count == 1 || strncmp(name, k->name, length) != 0 || name[length] != '-') return false;
    uint64_t number;
    return name[length + 1] != '0' && whole_parse(name + length + 1, &number) && number <= k->count;
}

/* Adds what stands `at` an entry of a list. */
static bool add_kind(reader *r, kind_list *list, const yaml_node *at, kind added) {
    const char *name = added.name;
    for (size_t i = 0; i < list->count; i++) {
        const kind *k = &list->kinds[i];
        if (strcmp(k->name, name) == 0)
            return error_input(r->err, at->mark, "the name '%s' is used twice in this list", name);
        if ((added.count == 1 && is_numbered(name, k)) || (k->count == 1 && is_numbered(k->name, &added)))
            return error_input(r->err, at->mark,
                               "the names '%s' and '%s' clash: the items of a list entry with a count "
                               "are numbered NAME-1, NAME-2, ...",
                               k->name, name);
    }
    list->kinds[list->count++] = added;
    return true;
}

static bool read_region(reader *r, const yaml_node *map) {
    region_keys keys = {0};
    device server;
    if (!yaml_read(map, "a region", REGION_FIELDS, &keys, r->err) ||
        !device_read(&r->own, keys.server, &server, r->err) || !multiply_servers(r, map, &server, keys.servers))
        return false;
    platform *p = r->p;
    if (!check_total(r, p->region_count, keys.count, map) ||
        !ARRAY_RESERVE(p->regions, r->region_room, p->region_count + keys.count, r->err))
        return false;
    for (uint64_t i = 0; i < keys.count; i++) {
        const char *name = numbered(r, keys.name, i, keys.count);
        if (!name) return false;
        p->regions[p->region_count++] = (region){.name = name, .server = server, .queue = keys.queue};
    }
    return add_kind(r, &r->regions, map,
                    (kind){.name = keys.name, .first = p->region_count - keys.count, .count = keys.count});
}

/* The WAN of the region that `site` uses; each kind of region has one. */
static bool add_wan(reader *r, const yaml_node *regions, const kind *k, net_link *uplink) {
    for (size_t i = 0; i < regions->count; i++) {
        if (strcmp(yaml_find(regions->items[i], "name")->text, k->name) != 0) continue;
        const yaml_node *wan_node = yaml_find(regions->items[i], "wan");
        net_link wan;
        if (!wan_node) return true;
        if (!read_wired_link(r, wan_node, "wan", &wan)) return false;
        uplink->latency += wan.latency;
        uplink->up = fmin(uplink->up, wan.up);
        uplink->down = fmin(uplink->down, wan.down);
    }
    return true;
}

static bool read_site(reader *r, const yaml_node *map, const yaml_node *regions) {
    site_keys keys = {0};
    device server;
    net_link uplink;
    kind *k;
    const location *places;
    if (!yaml_read(map, "a site", SITE_FIELDS, &keys, r->err) || !device_read(&r->own, keys.server, &server, r->err) ||
        !multiply_servers(r, map, &server, keys.servers) || !read_wired_link(r, keys.backhaul, "backhaul", &uplink) ||
        !find_kind(r, map, "region", &r->regions, &k) || !add_wan(r, regions, k, &uplink) ||
        !places_read_each(&r->p->memory, map, keys.count, &places, r->err))
        return false;
    platform *p = r->p;
    if (!check_total(r, p->site_count, keys.count, map) ||
        !ARRAY_RESERVE(p->sites, r->site_room, p->site_count + keys.count, r->err))
        return false;
    for (uint64_t i = 0; i < keys.count; i++) {
        const char *name = numbered(r, keys.name, i, keys.count);
        uint32_t region_index = (uint32_t)(k->first + i % k->count);
        if (!name) return false;
        p->sites[p->site_count++] = (site){.name = name,
                                           .server = server,
                                           .queue = keys.queue,
                                           .uplink = uplink,
                                           .region = region_index,
                                           .at = places ? &places[i] : NULL};
    }
    return add_kind(r, &r->sites, map,
                    (kind){.name = keys.name, .first = p->site_count - keys.count, .count = keys.count});
}

/* Makes the kind's places ready to be searched, `of(p, i)` being that of number i; once is enough. */
static bool chart(reader *r, kind *k, const location *(*of)(const platform *p, uint64_t i)) {
    if (k->near.count) return true;
    location *places = malloc(k->count * sizeof *places);
    if (!places) return error_memory(r->err, k->count * sizeof *places);
    for (uint64_t i = 0; i < k->count; i++) places[i] = *of(r->p, k->first + i);
    bool ok = nearest_open(&k->near, &r->p->memory, places, k->count, r->err);
    free(places);
    return ok;
}

static const location *site_place(const platform *p, uint64_t i) { return p->sites[i].at; }
static const location *cell_place(const platform *p, uint64_t i) { return p->cells[i].at; }

/* A cell whose phones' radios are to have states needs a link that knows them; where nothing is written, it may. */
static bool choose_radio(reader *r, const yaml_node *map, int chosen, net_link *link) {
    const yaml_node *written = yaml_find(map, "radio");
    if (chosen == CELL_RADIO_IDEAL) link->radio = NULL;
    return chosen == CELL_RADIO_IDEAL || link->radio || !written ||
           error_input(r->err, written->mark,
                       "'radio: states' needs a link with a 'radio'; this one has none: choose another link "
                       "('portolan list links'), give it a 'radio', or write 'radio: ideal'");
}

static bool read_cell(reader *r, const yaml_node *map) {
    cell_keys keys = {0};
    net_link link;
    kind *k;
    const location *places;
    if (!yaml_read(map, "a cell", CELL_FIELDS, &keys, r->err) || !link_read(&r->own, keys.link, &link, r->err) ||
        !choose_radio(r, map, keys.radio, &link) || !find_kind(r, map, "site", &r->sites, &k) ||
        !places_read_each(&r->p->memory, map, keys.count, &places, r->err))
        return false;
    platform *p = r->p;
    bool join_nearest = places && site_place(p, k->first);
    if (join_nearest && !chart(r, k, site_place)) return false;
    if (!check_total(r, p->cell_count, keys.count, map) ||
        !ARRAY_RESERVE(p->cells, r->cell_room, p->cell_count + keys.count, r->err))
        return false;
    for (uint64_t i = 0; i < keys.count; i++) {
        const char *name = numbered(r, keys.name, i, keys.count);
        if (!name) return false;
        uint64_t number = join_nearest ? nearest_take(&k->near, nearest_spot(&k->near, &places[i])) : i % k->count;
        const site *s = &p->sites[k->first + number];
        p->cells[p->cell_count++] = (cell){.name = name,
                                           .link = link,
                                           .site = (uint32_t)(k->first + number),
                                           .at = places ? &places[i] : s->at};
    }
    return add_kind(r, &r->cells, map,
                    (kind){.name = keys.name, .first = p->cell_count - keys.count, .count = keys.count});
}

static bool read_group(reader *r, const yaml_node *map) {
    group_keys keys = {0};
    phone_group g = {0};
    kind *k;
    if (!yaml_read(map, "a phone group", PHONE_GROUP_FIELDS, &keys, r->err) ||
        !device_read(&r->own, keys.device, &g.hardware, r->err) || !find_kind(r, map, "cell", &r->cells, &k) ||
        !places_read(&r->p->memory, map, keys.count, &g.places, &g.place_count, r->err))
        return false;
    platform *p = r->p;
    if (keys.count > PLATFORM_MAX_PHONES - p->phone_count)
        return error_input(r->err, map->mark, "more than %d phones in all", PLATFORM_MAX_PHONES);
    if (!ARRAY_RESERVE(p->groups, r->group_room, p->group_count + 1, r->err)) return false;
    g.name = arena_text(&p->memory, keys.name, strlen(keys.name));
    if (!g.name) return error_memory(r->err, strlen(keys.name));
    g.first = p->phone_count;
    g.count = keys.count;
    g.up = keys.up;
    g.down = keys.down;
    g.speed = yaml_find(map, "speed")
                  ? keys.speed
                  : (distribution){.kind = DIST_CONSTANT, .a = g.hardware.speed, .most = g.hardware.speed};
    p->groups[p->group_count++] = g;
    p->phone_count += keys.count;
    return true;
}

/* For each of the group's places the spot of the nearest cells; NULL if group or cells have no places. */
static bool nearest_cells(reader *r, const phone_group *g, kind *k, uint32_t **spots) {
    *spots = NULL;
    if (!g->places || !cell_place(r->p, k->first)) return true;
    if (!chart(r, k, cell_place)) return false;
    *spots = malloc(g->place_count * sizeof **spots);
    if (!*spots) return error_memory(r->err, g->place_count * sizeof **spots);
    for (uint64_t i = 0; i < g->place_count; i++) (*spots)[i] = nearest_spot(&k->near, &g->places[i]);
    return true;
}

/* Has the phones of a group join their kind of cell, the nearest or each in turn, and draws their speeds. */
static bool place_group(reader *r, uint32_t number, kind *k) {
    platform *p = r->p;
    const phone_group *g = &p->groups[number];
    uint32_t *spots;
    if (!nearest_cells(r, g, k, &spots)) return false;
    for (uint64_t i = 0; i < g->count; i++) {
        uint64_t joined = spots ? nearest_take(&k->near, spots[i % g->place_count]) : i % k->count;
        uint32_t cell_index = (uint32_t)(k->first + joined);
        random_stream s = random_open(r->seed, "phone speed", g->first + i);
        p->phones[g->first + i] = (phone){.speed = distribution_draw(&g->speed, &s),
                                          .group = number,
                                          .cell = cell_index};
        p->cells[cell_index].phones++;
    }
    free(spots);
    return true;
}

static bool place_phones(reader *r, const yaml_node *groups) {
    platform *p = r->p;
    p->phones = arena_alloc(&p->memory, p->phone_count, sizeof(phone));
    if (!p->phones) return error_memory(r->err, p->phone_count * sizeof(phone));
    for (size_t g = 0; g < p->group_count; g++) {
        kind *k;
        if (!find_kind(r, groups->items[g], "cell", &r->cells, &k) || !place_group(r, (uint32_t)g, k)) return false;
    }
    return true;
}

static bool expect_items(const yaml_node *list, const char *what, portolan_error *err) {
    if (!yaml_expect(list, YAML_LIST, what, err)) return false;
    if (!list->count) return error_input(err, list->mark, "'%s' is an empty list; at least one is needed", what);
    return true;
}

static bool read_sections(reader *r, const platform_keys *keys) {
    portolan_error *err = r->err;
    if (!expect_items(keys->phones, "phones", err) || !expect_items(keys->cells, "cells", err) ||
        !expect_items(keys->sites, "sites", err) || !expect_items(keys->regions, "regions", err) ||
        (keys->devices && !yaml_expect(keys->devices, YAML_MAP, "devices", err)) ||
        (keys->links && !yaml_expect(keys->links, YAML_MAP, "links", err)) || !definitions_check(&r->own, err))
        return false;
    size_t kinds = keys->cells->count + keys->sites->count + keys->regions->count;
    r->cells.kinds = arena_alloc(&r->p->memory, kinds, sizeof(kind));
    if (!r->cells.kinds) return error_memory(err, kinds * sizeof(kind));
    r->sites.kinds = r->cells.kinds + keys->cells->count;
    r->regions.kinds = r->sites.kinds + keys->sites->count;
    for (size_t i = 0; i < keys->regions->count; i++)
        if (!read_region(r, keys->regions->items[i])) return false;
    for (size_t i = 0; i < keys->sites->count; i++)
        if (!read_site(r, keys->sites->items[i], keys->regions)) return false;
    for (size_t i = 0; i < keys->cells->count; i++)
        if (!read_cell(r, keys->cells->items[i])) return false;
    for (size_t i = 0; i < keys->phones->count; i++)
        if (!read_group(r, keys->phones->items[i])) return false;
    return place_phones(r, keys->phones);
}

static bool is_word(const yaml_node *node, const char *word) {
    return node->kind == YAML_SCALAR && strcmp(node->text, word) == 0;
}

static bool read_network(const yaml_node *map, network_settings *n, portolan_error *err) {
    network_keys keys = {0};
    if (!(map ? yaml_read(map, "network", NETWORK_FIELDS, &keys, err) : yaml_defaults(NETWORK_FIELDS, &keys, err)))
        return false;
    *n = keys.settings;
    const yaml_node *written = map ? yaml_find(map, "connection") : NULL;
    n->connection.set_up = written && !is_word(written, "none");
    if (!n->connection.set_up) return yaml_defaults(CONNECTION_FIELDS, &n->connection, err);
    return yaml_expect(written, YAML_MAP, "'connection', unless it is none,", err) &&
           yaml_read(written, "a connection", CONNECTION_FIELDS, &n->connection, err);
}

bool platform_read(platform *p, const yaml_node *map, uint64_t seed, portolan_error *err) {
    *p = (platform){0};
    platform_keys keys = {0};
    bool ok = presets_load(err) && yaml_read(map, "a platform", PLATFORM_FIELDS, &keys, err);
    ok = ok && read_network(keys.network, &p->network, err);
    if (ok && !(p->name = arena_text(&p->memory, keys.name, strlen(keys.name)))) ok = error_memory(err, 64);
    reader r = {.p = p, .own = {keys.devices, keys.links, &p->memory}, .seed = seed, .err = err};
    ok = ok && read_sections(&r, &keys);
    if (!ok) platform_free(p);
    return ok;
}

bool devices_check(const yaml_node *map, portolan_error *err) {
    arena memory = {0};
    const definitions own = {.devices = map, .memory = &memory};
    bool ok = presets_load(err) && yaml_expect(map, YAML_MAP, "devices", err) && definitions_check(&own, err);
    arena_free(&memory);
    return ok;
}

bool platform_load(platform *p, const char *path, uint64_t seed, portolan_error *err) {
    yaml_document doc;
    *p = (platform){0};
    if (!yaml_load(&doc, path, err)) return false;
    bool ok = platform_read(p, doc.root, seed, err);
    yaml_unload(&doc);
    return ok;
}

void platform_free(platform *p) {
    free(p->groups);
    free(p->cells);
    free(p->sites);
    free(p->regions);
    arena_free(&p->memory);
    *p = (platform){0};
}

const location *platform_phone_place(const platform *p, uint64_t number) {
    const phone_group *g = &p->groups[p->phones[number].group];
    return g->places ? &g->places[(number - g->first) % g->place_count] : NULL;
}

bool platform_has_places(const platform *p) {
    for (size_t i = 0; i < p->group_count; i++)
        if (p->groups[i].places) return true;
    for (size_t i = 0; i < p->cell_count; i++)
        if (p->cells[i].at) return true;
    for (size_t i = 0; i < p->site_count; i++)
        if (p->sites[i].at) return true;
    return false;
}
