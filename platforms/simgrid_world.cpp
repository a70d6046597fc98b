// Creates the platform's hosts and links in SimGrid: one Star zone, because the set-up of several zones costs
// zones x hosts. The only C++ of the project.
#include "simgrid_world.h"

#include <csignal>
#include <cstdio>
#include <exception>
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

// Sets what is crossed on the way out of `host` and on the way into it.
void connect(s4u::NetZone *zone, const s4u::Host *host, const s4u::Link *out, const s4u::Link *in) {
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, Links{s4u::LinkInRoute(out)}, false);
    zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, Links{s4u::LinkInRoute(in)}, false);
}

s4u::Host *make_host(s4u::NetZone *zone, const std::string &name, double speed, uint64_t cores) {
    return zone->create_host(name, speed)->set_core_count(static_cast<int>(cores))->seal();
}

void build_sites(const platform *p, simgrid_world *w, s4u::NetZone *zone) {
    for (size_t i = 0; i < p->region_count; i++)
        w->clouds[i] = make_host(zone, std::string("cloud:") + p->regions[i].name, p->regions[i].server.speed,
                                 p->regions[i].server.cores);
    for (size_t i = 0; i < p->site_count; i++) {
        const site &s = p->sites[i];
        w->edges[i] = make_host(zone, std::string("edge:") + s.name, s.server.speed, s.server.cores);
        w->ingresses[i] = make_host(zone, std::string("cloud-ingress:") + s.name, s.server.speed, 1);
        const std::string uplink = std::string("uplink:") + s.name;
        connect(zone, w->ingresses[i], make_link(zone, uplink + ":down", s.uplink.down, s.uplink.latency),
                make_link(zone, uplink + ":up", s.uplink.up, s.uplink.latency));
    }
}

void build_phones(const platform *p, simgrid_world *w, s4u::NetZone *zone) {
    std::vector<s4u::Link *> up(p->cell_count), down(p->cell_count);
    for (size_t i = 0; i < p->cell_count; i++) {
        const cell &c = p->cells[i];
        const std::string name = std::string("cell:") + c.name;
        up[i] = make_link(zone, name + ":up", c.link.up, c.link.latency);
        down[i] = c.link.half_duplex ? up[i] : make_link(zone, name + ":down", c.link.down, c.link.latency);
    }
    for (uint64_t i = 0; i < p->phone_count; i++) {
        const phone &ph = p->phones[i];
        w->phones[i] = make_host(zone, "phone:" + std::to_string(i), ph.speed, p->groups[ph.group].hardware.cores);
        connect(zone, w->phones[i], up[ph.cell], down[ph.cell]);
    }
}

} // namespace

bool simgrid_world_build(const platform *p, simgrid_world *w, char *why, unsigned long size) {
    try {
        w->phones = new sg_host_t[p->phone_count];
        w->edges = new sg_host_t[p->site_count];
        w->ingresses = new sg_host_t[p->site_count];
        w->clouds = new sg_host_t[p->region_count];
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
    signal(SIGABRT, [](int) { give_up("SimGrid gave up, for the reason above: out of memory, or a fault"); });
}

void simgrid_world_free(simgrid_world *w) {
    delete[] w->phones;
    delete[] w->edges;
    delete[] w->ingresses;
    delete[] w->clouds;
    *w = simgrid_world{};
}

void simgrid_limit_rate(sg_comm_t comm, double rate) { comm->set_rate(rate); }
