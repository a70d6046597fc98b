// Creates the network's hosts and links in SimGrid: one Star zone, because the set-up of several zones costs
// zones x hosts.
#include "simgrid_world.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <map>
#include <new>
#include <simgrid/s4u.hpp>
#include <string>
#include <unistd.h>

extern "C" {
#include "base/error.h"
#include "platforms.h"
}

namespace s4u = simgrid::s4u;

namespace {

using Links = std::vector<s4u::LinkInRoute>;

s4u::Link *make_link(s4u::NetZone *zone, const std::string &name, double bandwidth, double latency) {
    return zone->create_link(name, bandwidth)->set_latency(latency)->seal();
}

Links route_of(std::initializer_list<const s4u::Link *> links) {
    Links route;
    for (const s4u::Link *link : links)
        if (link) route.emplace_back(link);
    return route;
}

// A host where messages leave by the links `out` and arrive by `in`.
s4u::Host *make_door(s4u::NetZone *zone, const std::string &name, const Links &out, const Links &in) {
    s4u::Host *door = zone->create_host(name, 1)->seal(); // nothing is computed there, so any speed will do
    if (!out.empty()) zone->add_route(door->get_netpoint(), nullptr, nullptr, nullptr, out, false);
    if (!in.empty()) zone->add_route(nullptr, door->get_netpoint(), nullptr, nullptr, in, false);
    return door;
}

void build_sites(const platform *p, simgrid_world *w, s4u::NetZone *zone) {
    for (size_t i = 0; i < p->site_count; i++) {
        const site &s = p->sites[i];
        w->edges[i] = make_door(zone, std::string("edge:") + s.name, {}, {});
        const std::string uplink = std::string("uplink:") + s.name;
        const s4u::Link *up = make_link(zone, uplink + ":up", s.uplink.up, s.uplink.latency);
        const s4u::Link *down = make_link(zone, uplink + ":down", s.uplink.down, s.uplink.latency);
        w->ingresses[i] = make_door(zone, std::string("cloud-ingress:") + s.name, route_of({down}), route_of({up}));
    }
}

// A cell's links, and the doors to them.
struct Air {
    std::string name;
    const s4u::Link *up, *down;
    s4u::Host *door = nullptr;                     // of phones whose radio has no rate of its own
    std::map<uint32_t, s4u::Host *> group_doors{}; // of the others, by group
};

Air make_air(const cell &c, s4u::NetZone *zone) {
    const std::string name = std::string("cell:") + c.name;
    const s4u::Link *up = make_link(zone, name + ":up", c.link.up, c.link.latency);
    const s4u::Link *down = c.link.half_duplex ? up : make_link(zone, name + ":down", c.link.down, c.link.latency);
    return {name, up, down};
}

// A link that each flow may fill alone: the bound that a phone's own radio sets. SimGrid takes the model's share of a
// link's bandwidth, which is not the radio's business. NULL for no bound.
s4u::Link *make_radio(s4u::NetZone *zone, const std::string &name, double rate, const network_settings &n) {
    if (rate <= 0) return nullptr;
    const double share = n.model == NETWORK_LV08 ? 0.97 : 1;
    return zone->create_link(name, rate / share)->set_sharing_policy(s4u::Link::SharingPolicy::FATPIPE)->seal();
}

s4u::Host *door_of(const platform *p, const phone &ph, Air &air, s4u::NetZone *zone) {
    const phone_group &g = p->groups[ph.group];
    const bool rated = g.up > 0 || g.down > 0;
    s4u::Host *&door = rated ? air.group_doors[ph.group] : air.door;
    if (door) return door;
    const std::string name = rated ? "group:" + std::to_string(ph.group) + "@" + air.name : air.name;
    const s4u::Link *up = make_radio(zone, name + ":radio-up", g.up, p->network);
    const s4u::Link *down = make_radio(zone, name + ":radio-down", g.down, p->network);
    return door = make_door(zone, name, route_of({up, air.up}), route_of({air.down, down}));
}

void build_phones(const platform *p, simgrid_world *w, s4u::NetZone *zone) {
    std::vector<Air> airs;
    for (size_t i = 0; i < p->cell_count; i++) airs.push_back(make_air(p->cells[i], zone));
    for (uint64_t i = 0; i < p->phone_count; i++)
        w->phones[i] = door_of(p, p->phones[i], airs[p->phones[i].cell], zone);
}

} // namespace

bool simgrid_world_build(const platform *p, simgrid_world *w, char *why, unsigned long size) {
    try {
        w->phones = new sg_host_t[p->phone_count];
        w->edges = new sg_host_t[p->site_count];
        w->ingresses = new sg_host_t[p->site_count];
        s4u::NetZone *zone = s4u::create_star_zone("portolan");
        build_sites(p, w, zone);
        build_phones(p, w, zone);
        zone->seal();
        return true;
    } catch (const std::exception &e) {
        snprintf(why, size, "SimGrid could not build the platform: %s", e.what());
        simgrid_world_free(w);
        return false;
    }
}

namespace {

portolan_error *told; // where the reason goes

[[noreturn]] void give_up(const char *why) {
    portolan_error own = {};
    error_run(told ? told : &own, "%s", why);
    if (!told) error_print(&own, stderr);
    _exit(STATUS_FAILED);
}

} // namespace

void simgrid_memory_guard(portolan_error *err) {
    told = err;
    std::set_new_handler([] { give_up("out of memory: SimGrid could not go on"); });
    // SimGrid aborts where it lacks memory that it asks C for, an actor's stack for one
    signal(SIGABRT, [](int) {
        give_up(
            "aborted: SimGrid gave up for the reason above, out of memory or a fault, or the policy called abort()");
    });
}

void simgrid_world_free(simgrid_world *w) {
    delete[] w->phones;
    delete[] w->edges;
    delete[] w->ingresses;
    *w = simgrid_world{};
}
