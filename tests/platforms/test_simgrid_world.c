/* The platform inside SimGrid: routes of the built world, the same from the written XML, and transfers that
 * take as long as platform_transfer_time says. SimGrid allows one engine a process, so each of these runs in
 * a child. */
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platforms/platforms.h"
#include "platforms/simgrid_world.h"
#include "tests/support.h"

static const char TEXT[] = "phones:\n"
                           "  - {name: a, count: 2, device: test-phone, cell: lte, speed: {uniform: [1Gf, 2Gf]}}\n"
                           "  - {name: b, count: 1, device: {like: test-phone, cores: 4}, cell: wifi}\n"
                           "cells:\n"
                           "  - {name: lte, link: {up: 8Mbps, down: 16Mbps, latency: 10ms}, site: metro}\n"
                           "  - {name: wifi, link: {like: wifi-home, up: 80Mbps, latency: 2ms}, site: rural}\n"
                           "sites:\n"
                           "  - {name: metro, server: test-edge, servers: 3, backhaul: fast, region: cloud}\n"
                           "  - {name: rural, server: test-edge, backhaul: slow, region: cloud}\n"
                           "regions:\n"
                           "  - {name: cloud, server: test-cloud, wan: {up: 32Mbps, down: 800Mbps, latency: 30ms}}\n"
                           "links:\n"
                           "  fast: {up: 800Mbps, down: 80Mbps, latency: 3ms}\n"
                           "  slow: {up: 4Mbps, down: 2Mbps, latency: 5ms}\n";

static platform read_platform(void) {
    yaml_document doc = document_of(TEXT);
    platform p;
    portolan_error err = {0};
    if (!platform_read(&p, doc.root, 1, &err)) fail_msg("%s", err.message);
    yaml_unload(&doc);
    return p;
}

/* ---- Children: what they find is left in memory shared with the test ---- */

typedef void (*child_work)(const platform *p, const network_settings *n, void *shared);

static void start_simgrid(const network_settings *n) {
    char gamma[64], crosstraffic[64];
    snprintf(gamma, sizeof gamma, "--cfg=network/TCP-gamma:%.17g", n->tcp_gamma);
    snprintf(crosstraffic, sizeof crosstraffic, "--cfg=network/crosstraffic:%d", n->crosstraffic);
    char *argv[] = {"test",
                    n->model == NETWORK_LV08 ? "--cfg=network/model:LV08" : "--cfg=network/model:CM02",
                    gamma,
                    crosstraffic,
                    "--log=root.thresh:warning",
#ifdef PORTOLAN_SANITIZE
                    "--cfg=contexts/factory:thread", /* the sanitizers lose track of swapped stacks */
#endif
                    NULL};
    int argc = (int)(sizeof argv / sizeof *argv) - 1;
    simgrid_init(&argc, argv);
}

static void *share(size_t size) {
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    return shared;
}

static void in_child(child_work work, const platform *p, const network_settings *n, void *shared) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        start_simgrid(n);
        work(p, n, shared);
        fflush(NULL);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail_msg("the child ended with status %#x", (unsigned)status);
}

static simgrid_world build(const platform *p) {
    simgrid_world w;
    char why[256];
    if (simgrid_world_build(p, &w, why, sizeof why)) return w;
    fprintf(stderr, "%s\n", why);
    _exit(1);
}

/* ---- Routes ---- */

/* Who can reach whom, and what the way is made of; `up` is from the first to the second. */
typedef struct route {
    const char *from, *to;
    double latency, up, down; /* seconds, bytes per second */
} route;

static const route ROUTES[] = {
    {"phone:0", "edge:metro", 0.010, 1e6, 2e6},
    {"phone:1", "edge:metro", 0.010, 1e6, 2e6},
    {"phone:2", "edge:rural", 0.002, 1e7, 1e7},
    {"phone:0", "cloud-ingress:metro", 0.010 + 0.003 + 0.030, 1e6, 2e6},   /* the cell is the narrowest */
    {"phone:2", "cloud-ingress:rural", 0.002 + 0.005 + 0.030, 5e5, 2.5e5}, /* the backhaul is */
    {"edge:metro", "cloud-ingress:metro", 0.003 + 0.030, 4e6, 1e7},        /* up the WAN, down the backhaul */
    {"edge:rural", "cloud-ingress:rural", 0.005 + 0.030, 5e5, 2.5e5},
};
enum { ROUTE_COUNT = sizeof ROUTES / sizeof *ROUTES, HOST_COUNT = 3 + 2 * 2 + 1 };

static const char *const HOSTS[HOST_COUNT] = {
    "phone:0",    "phone:1", "phone:2", "edge:metro", "edge:rural", "cloud-ingress:metro", "cloud-ingress:rural",
    "cloud:cloud"};

/* A phone's messages leave by the host of its cell; only in the XML has it one of its own. */
static sg_host_t host_called(const char *name) {
    sg_host_t own = sg_host_by_name(name);
    if (own || strncmp(name, "phone:", 6) != 0) return own;
    return sg_host_by_name(strcmp(name, "phone:2") == 0 ? "cell:wifi" : "cell:lte");
}

typedef struct survey {
    size_t hosts;
    double speeds[HOST_COUNT];
    int cores[HOST_COUNT];
    double latency[ROUTE_COUNT][2], bandwidth[ROUTE_COUNT][2]; /* there, and back */
} survey;

static void take_survey(survey *s) {
    s->hosts = sg_host_count();
    for (int i = 0; i < ROUTE_COUNT; i++) {
        sg_host_t from = host_called(ROUTES[i].from), to = host_called(ROUTES[i].to);
        if (!from || !to) _exit(2);
        s->latency[i][0] = sg_host_get_route_latency(from, to);
        s->latency[i][1] = sg_host_get_route_latency(to, from);
        s->bandwidth[i][0] = sg_host_get_route_bandwidth(from, to);
        s->bandwidth[i][1] = sg_host_get_route_bandwidth(to, from);
    }
}

static void survey_world(const platform *p, const network_settings *n, void *shared) {
    (void)n;
    simgrid_world w = build(p);
    for (uint64_t i = 0; i < p->phone_count; i++)
        if (w.phones[i] != host_called(HOSTS[i])) _exit(3);
    for (size_t i = 0; i < p->site_count; i++)
        if (w.edges[i] != sg_host_by_name(HOSTS[3 + i]) || w.ingresses[i] != sg_host_by_name(HOSTS[5 + i])) _exit(4);
    take_survey(shared);
    simgrid_world_free(&w);
    if (w.phones) _exit(6);
}

TEST(routes_of_the_world) {
    platform p = read_platform();
    survey *s = share(sizeof *s);
    in_child(survey_world, &p, &p.network, s);
    assert_int_equal(s->hosts, 2 + 2 * 2); /* doors of two cells; two edges and the ways to the cloud */
    for (int i = 0; i < ROUTE_COUNT; i++) {
        for (int way = 0; way < 2; way++) assert_near(s->latency[i][way], ROUTES[i].latency, 1e-12);
        assert_near(s->bandwidth[i][0], ROUTES[i].up, 1e-12);
        assert_near(s->bandwidth[i][1], ROUTES[i].down, 1e-12);
    }
    munmap(s, sizeof *s);
    platform_free(&p);
}

/* ---- The written XML ---- */

static void survey_xml(const platform *p, const network_settings *n, void *shared) {
    (void)p;
    (void)n;
    simgrid_load_platform("world-test.xml");
    take_survey(shared);
    survey *s = shared;
    for (int i = 0; i < HOST_COUNT; i++) {
        sg_host_t host = sg_host_by_name(HOSTS[i]);
        if (!host) _exit(2);
        s->speeds[i] = sg_host_get_speed(host);
        s->cores[i] = sg_host_core_count(host);
    }
}

TEST(the_xml_is_the_same_world) {
    platform p = read_platform();
    survey *built = share(sizeof *built), *loaded = share(sizeof *loaded);
    FILE *f = fopen("world-test.xml", "w");
    assert_non_null(f);
    platform_write_xml(&p, f);
    fclose(f);
    in_child(survey_world, &p, &p.network, built);
    in_child(survey_xml, &p, &p.network, loaded);
    remove("world-test.xml");
    assert_int_equal(loaded->hosts, HOST_COUNT); /* those that compute have one each */
    for (int i = 0; i < 3; i++) assert_near(loaded->speeds[i], p.phones[i].speed, 0);
    assert_int_equal(loaded->cores[2], 4); /* phone 2 */
    assert_int_equal(loaded->cores[3], 3); /* three servers */
    assert_near(loaded->speeds[3], 10e9, 0);
    assert_near(loaded->speeds[7], 100e9, 0);
    for (int i = 0; i < ROUTE_COUNT; i++) {
        for (int way = 0; way < 2; way++) {
            assert_near(loaded->latency[i][way], built->latency[i][way], 0);
            assert_near(loaded->bandwidth[i][way], built->bandwidth[i][way], 0);
        }
    }
    munmap(built, sizeof *built);
    munmap(loaded, sizeof *loaded);
    platform_free(&p);
}

/* ---- Transfers ---- */

/* One transfer there and, if `both`, another of the same size back at the same time. */
typedef struct transfer {
    const char *from, *to;
    long bytes;
    bool both;
    double seconds; /* when the last of them was received */
} transfer;

static transfer *under_way;

/* The actors' one argument is the name of their mailbox. */
static void send_bytes(int argc, char **argv) {
    (void)argc;
    sg_mailbox_put(sg_mailbox_by_name(argv[1]), under_way, under_way->bytes);
}

static void receive_bytes(int argc, char **argv) {
    (void)argc;
    sg_mailbox_get(sg_mailbox_by_name(argv[1]));
    under_way->seconds = simgrid_get_clock();
}

static void start_transfer(const char *from, const char *to, const char *mailbox) {
    char name[] = "actor", box[16], *argv[] = {name, box, NULL};
    snprintf(box, sizeof box, "%s", mailbox);
    sg_actor_create("sender", host_called(from), send_bytes, 2, argv);
    sg_actor_create("receiver", host_called(to), receive_bytes, 2, argv);
}

static void make_transfer(const platform *p, const network_settings *n, void *shared) {
    (void)n;
    simgrid_world w = build(p);
    under_way = shared;
    start_transfer(under_way->from, under_way->to, "there");
    if (under_way->both) start_transfer(under_way->to, under_way->from, "back");
    simgrid_run();
    simgrid_world_free(&w);
}

/* The time one transfer takes in SimGrid is the one platform_transfer_time gives. */
static void assert_transfer(const platform *p, const network_settings *n, const route *r, bool back, long bytes) {
    transfer *t = share(sizeof *t);
    *t = (transfer){back ? r->to : r->from, back ? r->from : r->to, bytes, false, -1};
    in_child(make_transfer, p, n, t);
    double wanted = platform_transfer_time(n, r->latency, back ? r->down : r->up, (double)bytes);
    if (fabs(t->seconds - wanted) > 1e-9 * wanted)
        fail_msg("%ld bytes from %s to %s, model %d, tcp_gamma %g: SimGrid %.12g s, wanted %.12g s", bytes, t->from,
                 t->to, n->model, n->tcp_gamma, t->seconds, wanted);
    munmap(t, sizeof *t);
}

static void assert_transfers(network_settings n) {
    static const long SIZES[] = {1, 50, 76800, 10000000};
    static const int USED[] = {0, 2, 4, 5}; /* of ROUTES */
    platform p = read_platform();
    for (size_t i = 0; i < sizeof USED / sizeof *USED; i++)
        for (size_t k = 0; k < sizeof SIZES / sizeof *SIZES; k++)
            assert_transfer(&p, &n, &ROUTES[USED[i]], (i + k) % 2, SIZES[k]);
    platform_free(&p);
}

/* A tcp_gamma of 4 MiB leaves every route its bandwidth: even at LV08's 13.01-fold latency of 43 ms it
 * allows 3.7 MB/s, more than the narrowest link there. 20,000 bytes bound a route of 10 ms to 1 MB/s, longer
 * ones to less. */
TEST(transfers_under_cm02) { assert_transfers((network_settings){.model = NETWORK_CM02, .tcp_gamma = 4194304}); }
TEST(transfers_under_cm02_bounded_by_tcp) {
    assert_transfers((network_settings){.model = NETWORK_CM02, .tcp_gamma = 20000});
}
TEST(transfers_under_lv08) { assert_transfers((network_settings){.model = NETWORK_LV08, .tcp_gamma = 4194304}); }
TEST(transfers_under_lv08_bounded_by_tcp) {
    assert_transfers((network_settings){.model = NETWORK_LV08, .tcp_gamma = 20000});
}

static double both_ways(const platform *p, const char *from, const char *to, long bytes) {
    transfer *t = share(sizeof *t);
    *t = (transfer){from, to, bytes, true, -1};
    in_child(make_transfer, p, &p->network, t);
    double seconds = t->seconds;
    munmap(t, sizeof *t);
    return seconds;
}

TEST(half_duplex_cells_share_one_medium) {
    platform p = read_platform();
    /* Wi-Fi: 2 MB over 10 MB/s, whatever their directions, and 2 ms */
    assert_near(both_ways(&p, "phone:2", "edge:rural", 1000000), 0.202, 1e-9);
    /* LTE: up 1 MB at 1 MB/s, down in half that time; neither hinders the other */
    assert_near(both_ways(&p, "phone:0", "edge:metro", 1000000), 1.01, 1e-9);
    platform_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_of_the_world),
        cmocka_unit_test(the_xml_is_the_same_world),
        cmocka_unit_test(transfers_under_cm02),
        cmocka_unit_test(transfers_under_cm02_bounded_by_tcp),
        cmocka_unit_test(transfers_under_lv08),
        cmocka_unit_test(transfers_under_lv08_bounded_by_tcp),
        cmocka_unit_test(half_duplex_cells_share_one_medium),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
