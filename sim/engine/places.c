/* See places.h. */
#include "places.h"

#include <stdio.h>

size_t place_host_count(const platform *p) { return p->group_count + p->site_count + p->region_count; }

size_t place_count(const platform *p) { return place_host_count(p) + 2 * (p->cell_count + p->site_count); }

size_t place_of_host(const platform *p, uint32_t phone_index, tier at) {
    const phone *of = &p->phones[phone_index];
    if (at == TIER_PHONE) return of->group;
    uint32_t site_index = p->cells[of->cell].site;
    return p->group_count + (at == TIER_EDGE ? site_index : p->site_count + p->sites[site_index].region);
}

unsigned place_path(const platform *p, uint32_t phone_index, tier from, tier to, size_t path[2]) {
    uint32_t cell_index = p->phones[phone_index].cell;
    const cell *air = &p->cells[cell_index];
    size_t links = place_host_count(p);
    bool down = to == TIER_PHONE;
    unsigned n = 0;
    if (from == TIER_PHONE || to == TIER_PHONE) path[n++] = links + 2 * cell_index + (down && !air->link.half_duplex);
    if (from == TIER_CLOUD || to == TIER_CLOUD) path[n++] = links + 2 * (p->cell_count + air->site) + down;
    return n;
}

static place_info host(const char *kind, const char *name, tier at, const device *d, uint64_t count) {
    return (place_info){.kind = kind, .name = name, .way = "", .at = at, .device = d, .count = (double)count};
}

static place_info link_of(const char *kind, const char *name, const net_link *l, bool down) {
    return (place_info){.kind = kind,
                        .name = name,
                        .way = l->half_duplex ? ""
                               : down         ? " down"
                                              : " up",
                        .is_link = true,
                        .link = l,
                        .bandwidth = !down            ? l->up
                                     : l->half_duplex ? 0
                                                      : l->down};
}

place_info place_describe(const platform *p, size_t number) {
    if (number < p->group_count) {
        const phone_group *g = &p->groups[number];
        place_info made = host("phones", g->name, TIER_PHONE, &g->hardware, g->count);
        made.first_phone = g->first;
        return made;
    }
    number -= p->group_count;
    if (number < p->site_count) return host("edge site", p->sites[number].name, TIER_EDGE, &p->sites[number].server, 1);
    number -= p->site_count;
    if (number < p->region_count)
        return host("cloud region", p->regions[number].name, TIER_CLOUD, &p->regions[number].server, 1);
    number -= p->region_count;
    size_t pair = number / 2;
    bool down = number % 2;
    if (pair < p->cell_count) return link_of("cell", p->cells[pair].name, &p->cells[pair].link, down);
    const site *s = &p->sites[pair - p->cell_count];
    return link_of("uplink", s->name, &s->uplink, down);
}

void place_name(const place_info *of, char *into, size_t size) {
    snprintf(into, size, "%s %s%s", of->kind, of->name, of->way);
}
