// See world.h. What shares something with others (transfers, on links) is SimGrid's to compute; what shares nothing is a
// timer: an execution has its core to itself, so when it ends is known when it starts. (As SimGrid's executions they
// would cost twice as much, and at many thousands under way several times: SimGrid keeps what maestro starts in one list,
// and walks it whenever something ends.)
// Transfers belong to maestro, the only "actor" there is: SimGrid tells of their ends through on_completion, in its own
// loop, where new ones may be started. Two of its habits shape this file:
//   - it still uses an activity after having told of its end, so that one is kept until the next one ends;
//   - a cancelled activity is told of twice, at once (CANCELED) and when its action is swept (FAILED).
#include "world.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <simgrid/engine.h>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>
#include <simgrid/version.h>

extern "C" {
#include "base/error.h"
#include "base/signals.h"
#include "platforms/platforms.h"
}
#include "platforms/simgrid_world.h"

namespace s4u = simgrid::s4u;
using simgrid::kernel::timer::Timer;

struct activity {
    subject *about;       // nullptr: cancelled, nobody is told
    world_event end;      // if all goes well
    s4u::CommPtr message; // a transfer, and no timer
    Timer *timer;
    double at;              // when the timer goes off
    activity *next, **link; // the next of the same processor's or of the free ones; an execution: what points to it
};

struct world {
    simgrid_world hosts{};
    activity *free_activities = nullptr;
    s4u::CommPtr ended; // the last transfer, which SimGrid is not done with
    bool stopped = false;
};

namespace {

s4u::Host *host_of(door *d) { return reinterpret_cast<s4u::Host *>(d); }
door *door_at(s4u::Host *h) { return reinterpret_cast<door *>(h); }

activity *new_activity(world *w, subject *about, world_event end) {
    activity *a = w->free_activities;
    if (a)
        w->free_activities = a->next;
    else
        a = new activity{};
    a->about = about;
    a->end = end;
    a->next = nullptr;
    a->link = nullptr;
    return a;
}

void enlist(activity *a, processor *on) {
    a->next = on->running;
    a->link = &on->running;
    if (a->next) a->next->link = &a->next;
    on->running = a;
}

// An execution is no longer its processor's.
void delist(activity *a) {
    if (!a->link) return;
    *a->link = a->next;
    if (a->next) a->next->link = a->link;
    a->link = nullptr;
}

void recycle(world *w, activity *a) {
    delist(a);
    a->message = nullptr;
    a->timer = nullptr;
    a->next = w->free_activities;
    w->free_activities = a;
}

// The activity is free again before its subject is told, since that may well start the next one.
void tell(world *w, activity *a, world_event how) {
    subject *about = a->about;
    recycle(w, a);
    if (about && !w->stopped) about->on(about, how, s4u::Engine::get_clock());
}

void on_completion(world *w, const s4u::Activity &ended) {
    auto *a = ended.get_data<activity>();
    if (ended.get_state() == s4u::Activity::State::CANCELED) return;
    w->ended = a->message;
    tell(w, a, ended.get_state() == s4u::Activity::State::FINISHED ? a->end : WORLD_LOST);
}

// Timers of the same time go off in the order of SimGrid's heap: the same in every run, but not that in which they were set.
// An order of our own would cost every timer a second key; nothing but ties of constant arrivals hangs on it.
void set_timer(world *w, activity *a, double at, world_event end) {
    a->end = end;
    a->at = std::max(at, s4u::Engine::get_clock());
    a->timer = Timer::set(a->at, [w, a] { tell(w, a, a->end); });
}

// Runs what may throw, which here only means that memory is short.
template <class F> activity *guarded(F start) {
    try {
        return start();
    } catch (const std::exception &) {
        return nullptr;
    }
}

void init_simgrid(const network_settings *n) {
    char model[64], crosstraffic[64], gamma[64];
    std::snprintf(model, sizeof model, "--cfg=network/model:%s", n->model == NETWORK_LV08 ? "LV08" : "CM02");
    std::snprintf(crosstraffic, sizeof crosstraffic, "--cfg=network/crosstraffic:%d", n->crosstraffic);
    std::snprintf(gamma, sizeof gamma, "--cfg=network/TCP-gamma:%.17g", n->tcp_gamma);
    char name[] = "portolan", log[] = "--log=root.threshold:critical";
    char *argv[] = {name, model, crosstraffic, gamma, log, nullptr};
    int argc = sizeof argv / sizeof *argv - 1;
    simgrid_init(&argc, argv);
    signals_catch(); // SimGrid has an idea of its own of Ctrl-C
}

} // namespace

world *world_open(const platform *p, portolan_error *err) {
    try {
        auto w = std::make_unique<world>();
        char why[512];
        init_simgrid(&p->network);
        if (!simgrid_world_build(p, &w->hosts, why, sizeof why)) {
            error_run(err, "%s", why);
            return nullptr;
        }
        s4u::Activity::on_completion_cb([made = w.get()](const s4u::Activity &work) { on_completion(made, work); });
        return w.release();
    } catch (const std::exception &e) {
        error_run(err, "SimGrid could not be started: %s", e.what());
        return nullptr;
    }
}

void world_memory_guard(portolan_error *err) { simgrid_memory_guard(err); }

void world_free(world *w) {
    if (!w) return;
    while (activity *a = w->free_activities) {
        w->free_activities = a->next;
        delete a;
    }
    simgrid_world_free(&w->hosts);
    delete w;
}

door *world_phone_door(const world *w, uint64_t index) { return door_at(w->hosts.phones[index]); }
door *world_edge_door(const world *w, uint64_t index) { return door_at(w->hosts.edges[index]); }
door *world_cloud_door(const world *w, uint64_t index) { return door_at(w->hosts.ingresses[index]); }

activity *world_compute(world *w, processor *on, double seconds, subject *about) {
    return guarded([=] {
        activity *a = new_activity(w, about, WORLD_COMPUTED);
        set_timer(w, a, s4u::Engine::get_clock() + seconds / on->pace, WORLD_COMPUTED);
        enlist(a, on);
        return a;
    });
}

activity *world_send(world *w, door *from, door *to, uint64_t bytes, subject *about) {
    return guarded([=] {
        activity *a = new_activity(w, about, WORLD_ARRIVED);
        a->message = s4u::Comm::sendto_init();
        a->message->set_data(a);
        a->message->set_payload_size(bytes)->set_source(host_of(from))->set_destination(host_of(to));
        // The hosts known, SimGrid has started it, unless it has 0 bytes.
        if (a->message->get_state() != s4u::Activity::State::STARTED) a->message->start();
        return a;
    });
}

activity *world_timer(world *w, double at, subject *about) {
    return guarded([=] {
        activity *a = new_activity(w, about, WORLD_TIMER);
        set_timer(w, a, at, WORLD_TIMER);
        return a;
    });
}

bool world_fail(world *w, processor *which) {
    while (activity *a = which->running) {
        delist(a);
        a->timer->remove();
        if (!guarded([=] {
                set_timer(w, a, 0, WORLD_LOST);
                return a;
            }))
            return false;
    }
    return true;
}

bool world_pace(world *w, processor *which, double pace) {
    const double now = s4u::Engine::get_clock();
    for (activity *a = which->running; a; a = a->next) {
        const double left = (a->at - now) * (which->pace / pace);
        a->timer->remove();
        if (!guarded([=] {
                set_timer(w, a, now + left, WORLD_COMPUTED);
                return a;
            }))
            return false;
    }
    which->pace = pace;
    return true;
}

bool world_link_set(world *w, const char *name, double bytes_per_second, double latency) {
    (void)w; // links are SimGrid's, which there is one of
    try {
        s4u::Link *link = s4u::Link::by_name_or_null(name);
        if (!link) return false;
        link->set_bandwidth(bytes_per_second)->set_latency(latency);
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

void world_retell(activity *a, subject *about) { a->about = about; }

void world_cancel(world *w, activity *a) {
    if (!a) return;
    a->about = nullptr;
    if (a->timer) {
        a->timer->remove();
        recycle(w, a);
        return;
    }
    a->message->cancel(); // on_completion recycles it
}

bool world_run(world *w, portolan_error *err) {
    try {
        s4u::Engine::get_instance()->run();
        w->ended = nullptr;
        return true;
    } catch (const std::exception &e) {
        return error_run(err, "SimGrid stopped: %s", e.what());
    }
}

void world_stop(world *w) { w->stopped = true; }

double world_now(void) { return s4u::Engine::get_clock(); }

void world_version(int *major, int *minor, int *patch) { sg_version_get(major, minor, patch); }
