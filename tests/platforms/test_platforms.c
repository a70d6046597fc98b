/* Platforms: presets, own devices and links, counts, spreading, drawn speeds, and the three written forms. */
#include "platforms/service.h"
#include "tests/support.h"

static platform read_seeded(const char *text, uint64_t seed) {
    yaml_document doc = document_of(text);
    platform p;
    portolan_error err = {0};
    if (!platform_read(&p, doc.root, seed, &err)) fail_msg("%u:%u: %s", err.line, err.column, err.message);
    yaml_unload(&doc); /* the platform must not need it any more */
    return p;
}

static platform read(const char *text) { return read_seeded(text, 1); }

/* One of each, from the presets with round numbers. */
#define REGIONS "regions: [{name: cloud, server: test-cloud}]\n"
#define SITES   "sites: [{name: edge, server: test-edge, backhaul: test-wire, region: cloud}]\n"
#define CELLS   "cells: [{name: cell, link: test-cell, site: edge}]\n"
#define PHONES  "phones: [{count: 1, device: test-phone, cell: cell}]\n"

/* ---- Presets ---- */

static const presets *load_presets(void) {
    portolan_error err = {0};
    const presets *known = presets_load(&err);
    if (!known) fail_msg("%s:%u: %s", err.file, err.line, err.message);
    return known;
}

TEST(device_presets_are_sane) {
    const presets *known = load_presets();
    assert_true(known->device_count > 10);
    for (size_t i = 0; i < known->device_count; i++) {
        const device_preset *p = &known->devices[i];
        const device *d = &p->hardware;
        assert_true(d->speed > 1e8 && d->speed < 1e15);
        assert_true(d->cores >= 1 && d->cores <= 1024);
        assert_true(d->idle_watts > 0 && d->busy_watts >= d->idle_watts && d->busy_watts < 2000);
        assert_true(d->memory_bytes >= 1e8 && d->memory_bytes <= 1e13);
        assert_true(d->usd_per_second >= 0 && d->usd_per_second < 100.0 / 3600);
        assert_true(strlen(p->source) > 20 && strlen(p->summary) > 10);
        assert_true(d->call_seconds >= 0 && d->call_seconds < 0.2 && !d->table);
        assert_true(d->memory_bandwidth == 0 || (d->memory_bandwidth > 1e9 && d->memory_bandwidth < 1e13));
        assert_true(strchr(p->name, '@') || (p->range && p->error)); /* the present ones say how far they go */
    }
}

/* Earlier figures by name: those of every preset that is not made up. */
TEST(earlier_presets_keep_their_figures) {
    platform p = read(
        "cells: [{name: cell, link: lte, site: edge}]\n"
        "sites: [{name: edge, server: {like: edge-xeon@0.1, price: 1USD/h}, backhaul: test-wire, region: cloud}]\n"
        "regions: [{name: cloud, server: cloud-gpu@0.1}]\nphones: [{count: 1, device: phone-midrange@0.1, cell: cell}]\n");
    assert_near(p.phones[0].speed, 13.1e9, 0);
    assert_near(p.sites[0].server.speed, 33e9, 0);
    assert_near(p.sites[0].server.call_seconds, 0, 0);
    assert_near(p.regions[0].server.speed, 18.2e12, 0);
    assert_near(p.regions[0].server.memory_bandwidth, 0, 0);
    platform_free(&p);
    const presets *known = load_presets();
    for (size_t i = 0; i < known->device_count; i++) {
        char name[64];
        size_t k = 0;
        snprintf(name, sizeof name, "%s@0.1", known->devices[i].name);
        if (strchr(known->devices[i].name, '@') || strncmp(name, "test-", 5) == 0) continue;
        while (k < known->device_count && strcmp(known->devices[k].name, name) != 0) k++;
        assert_true(k < known->device_count);
    }
}

/* The fits by hand: T4 at batch 8, 340 MB of weights in fp32 at 429 GB/s and 8 x 22.35 GFLOP at 21.7 Tf, 9.03 ms (measured 9.09);
 * the median encoder of HAT on a Raspberry Pi, 75.5 ms + 1.11 GFLOP at 8.4 Gf = 208 ms (measured 211). */
TEST(fitted_presets_give_what_was_measured) {
    platform p = read(
        "cells: [{name: cell, link: lte, site: edge}]\n"
        "sites: [{name: edge, server: raspberry-pi-4, backhaul: test-wire, region: cloud}]\n"
        "regions: [{name: cloud, server: cloud-gpu-t4}]\nphones: [{count: 1, device: phone-midrange, cell: cell}]\n");
    const service_shape bert = {768, 3072, 4 * (4 * 768.0 * 768 + 2 * 768.0 * 3072)};
    service_work w = {.layers = 12, .members = 8, .tokens = 128, .flops = 8 * 22.35e9, .factor = 1};
    const device *t4 = &p.regions[0].server, *pi = &p.sites[0].server;
    assert_near(service_seconds(t4, t4->speed, &bert, &w), 9.09e-3, 0.01);
    w = (service_work){.layers = 6, .members = 1, .tokens = 30, .flops = 1.11e9, .factor = 1};
    assert_near(service_seconds(pi, pi->speed, &bert, &w), 0.211, 0.02);
    platform_free(&p);
}

TEST(link_presets_are_sane) {
    const presets *known = load_presets();
    assert_true(known->link_count > 10);
    for (size_t i = 0; i < known->link_count; i++) {
        const link_preset *p = &known->links[i];
        const net_link *l = &p->link;
        assert_true(l->up > 1e4 && l->up < 1e11 && l->down > 1e4 && l->down < 1e11);
        assert_true(l->latency > 0 && l->latency < 1);
        assert_true(!l->half_duplex || l->up == l->down);
        if (l->radio_up > 0) /* an LTE radio at 1 Mbps: some 14 uJ a byte */
            assert_true(l->radio_up > 1e-7 && l->radio_up < 2e-5 && l->radio_down > 1e-7 && l->radio_down < 5e-5);
        else
            assert_true(l->radio_down == 0 && !l->half_duplex);
        assert_true(strlen(p->source) > 20 && strlen(p->summary) > 10);
    }
}

/* Some figures by hand: 8e-9 (438.39 + 1288.04 / 5.5) and 8e-9 (51.97 + 1288.04 / 8.85) J a byte for LTE's radio. */
TEST(presets_say_what_their_files_say) {
    platform p = read(
        "cells: [{name: cell, link: lte, site: edge}]\n" SITES
        "regions: [{name: cloud, server: cloud-gpu-t4}]\nphones: [{count: 1, device: phone-flagship, cell: cell}]\n");
    assert_near(p.cells[0].link.radio_up, 8e-9 * (438.39 + 1288.04 / 5.5), 1e-20);
    assert_near(p.cells[0].link.radio_down, 8e-9 * (51.97 + 1288.04 / 8.85), 1e-20);
    assert_near(p.cells[0].link.up, 5.5e6 / 8, 0);
    assert_near(p.cells[0].link.latency, 0.0205, 0);
    assert_near(p.phones[0].speed, 65.5e9, 0);
    assert_near(p.regions[0].server.usd_per_second * 3600, 0.526, 1e-15);
    platform_free(&p);
}

/* A cell's radios are ideal unless it says `states`; a link's own states start from its preset's. By hand: a whole tail of
 * LTE costs 0.1 s 1.06 W + 0.02 s (1.06 + 0.62 / 20) W + 11.456 s (1.06 + 0.62 / 40) W = 12.4 J. */
TEST(radios_have_states_where_a_cell_says_so) {
    platform p = read(
        "cells:\n"
        "  - {name: cell, link: lte, site: edge}\n"
        "  - {name: b, link: lte, site: edge, radio: states}\n"
        "  - {name: c, link: {like: lte, radio: {long_drx: 1s, up: 7uJ/B}}, site: edge, radio: states}\n"
        "  - {name: d, link: mine, site: edge, radio: states}\n" SITES REGIONS PHONES
        "links: {mine: {up: 1Mbps, down: 1Mbps, latency: 1ms, radio_up: 3uJ/B, radio_down: 2uJ/B,\n"
        "  radio: {promotion: {uniform: [1s, 2s]}, promotion_power: 1W, active_power: 2W, continuous: 3s,\n"
        "          continuous_power: 4W}}}\n");
    assert_null(p.cells[0].link.radio);
    const radio_model *lte = p.cells[1].link.radio, *own = p.cells[2].link.radio, *mine = p.cells[3].link.radio;
    double joules = 0;
    for (int i = 0; i < RADIO_STAGES; i++) joules += lte->tail[i].seconds * lte->tail[i].watts;
    assert_near(joules, 0.1 * 1.06 + 0.02 * 1.091 + 11.456 * 1.0755, 1e-12);
    assert_near(link_byte_joules(&p.cells[1].link, true), 8e-9 * 438.39, 1e-12);
    assert_near(link_byte_joules(&p.cells[0].link, true), p.cells[0].link.radio_up, 0);
    assert_near(own->tail[2].seconds, 1, 0);
    assert_near(own->tail[2].cycle, 0.04, 0);
    assert_near(link_byte_joules(&p.cells[2].link, true), 7e-6, 1e-12);
    assert_near(mine->tail[0].watts, 4, 0);
    assert_near(mine->tail[1].seconds + mine->tail[2].seconds, 0, 0);
    assert_near(mine->promotion.from.b, 2, 0);
    assert_near(link_byte_joules(&p.cells[3].link, false), 2e-6, 1e-12);
    platform_free(&p);
}

/* Every preset can be named in a file and comes out as its table says. */
TEST(every_preset_can_be_used) {
    char text[1024];
    const presets *known = load_presets();
    for (size_t i = 0; i < known->device_count; i++) {
        const device_preset *d = &known->devices[i];
        snprintf(text, sizeof text,
                 CELLS SITES "regions: [{name: cloud, server: %s}]\nphones: [{count: 1, device: %s, cell: cell}]\n",
                 d->name, d->name);
        platform p = read(text);
        assert_near(p.phones[0].speed, d->hardware.speed, 0);
        assert_memory_equal(&p.regions[0].server, &d->hardware, sizeof d->hardware);
        platform_free(&p);
    }
    for (size_t i = 0; i < known->link_count; i++) {
        const link_preset *l = &known->links[i];
        snprintf(text, sizeof text, "cells: [{name: cell, link: %s, site: edge}]\n" SITES REGIONS PHONES, l->name);
        platform p = read(text);
        assert_near(p.cells[0].link.up, l->link.up, 0);
        assert_near(p.cells[0].link.down, l->link.down, 0);
        assert_near(p.cells[0].link.latency, l->link.latency, 0);
        assert_near(p.cells[0].link.radio_up, l->link.radio_up, 0);
        assert_int_equal(p.cells[0].link.half_duplex, l->link.half_duplex);
        platform_free(&p);
    }
}

/* ---- Counts and places ---- */

TEST(one_of_each) {
    platform p = read("name: tiny\n" PHONES CELLS SITES REGIONS);
    assert_string_equal(p.name, "tiny");
    assert_int_equal(p.phone_count, 1);
    assert_int_equal(p.group_count, 1);
    assert_string_equal(p.groups[0].name, "phones");
    assert_string_equal(p.cells[0].name, "cell"); /* no number where there is one */
    assert_string_equal(p.sites[0].name, "edge");
    assert_string_equal(p.regions[0].name, "cloud");
    assert_near(p.phones[0].speed, 1e9, 0);
    assert_near(p.sites[0].server.speed, 10e9, 0);
    assert_near(p.sites[0].server.usd_per_second, 1e-4, 1e-15);
    assert_int_equal(p.sites[0].queue, 1000000);
    assert_near(p.sites[0].uplink.up, 1e7, 0);
    assert_near(p.cells[0].link.radio_up, 1e-6, 0);
    assert_near(p.groups[0].up, 0, 0);
    assert_int_equal(p.network.model, NETWORK_CM02);
    assert_false(p.network.crosstraffic);
    assert_near(p.network.tcp_gamma, 4 << 20, 0);
    platform_free(&p);
    assert_null(p.memory.newest);
    assert_int_equal(p.phone_count, 0);
    platform_free(&p); /* harmless */
}

static const char SPREAD[] = "phones:\n"
                             "  - {name: a, count: 7, device: test-phone, cell: lte}\n"
                             "  - {name: b, count: 4, device: test-edge, cell: wifi, up: 8Mbps, down: 16Mbps}\n"
                             "cells:\n"
                             "  - {name: lte, count: 3, link: test-cell, site: metro}\n"
                             "  - {name: wifi, count: 2, link: wifi-home, site: rural}\n"
                             "sites:\n"
                             "  - {name: metro, count: 2, server: test-edge, servers: 3, queue: 5,\n"
                             "     backhaul: test-wire, region: far}\n"
                             "  - {name: rural, count: 3, server: test-edge, backhaul: test-wire, region: near}\n"
                             "regions:\n"
                             "  - {name: near, server: test-cloud, servers: 2}\n"
                             "  - {name: far, count: 2, server: test-cloud, queue: 0}\n";

TEST(things_are_spread_in_turn) {
    static const uint32_t CELL_OF[] = {0, 1, 2, 0, 1, 2, 0, 3, 4, 3, 4}, SITE_OF[] = {0, 1, 0, 2, 3},
                          REGION_OF[] = {1, 2, 0, 0, 0};
    static const uint64_t PHONES_IN[] = {3, 2, 2, 2, 2};
    platform p = read(SPREAD);
    assert_int_equal(p.phone_count, 11);
    assert_int_equal(p.cell_count, 5);
    assert_int_equal(p.site_count, 5);
    assert_int_equal(p.region_count, 3);
    for (size_t i = 0; i < p.phone_count; i++) {
        assert_int_equal(p.phones[i].cell, CELL_OF[i]);
        assert_int_equal(p.phones[i].group, i >= 7);
    }
    for (size_t i = 0; i < p.cell_count; i++) {
        assert_int_equal(p.cells[i].site, SITE_OF[i]);
        assert_int_equal(p.cells[i].phones, PHONES_IN[i]);
    }
    for (size_t i = 0; i < p.site_count; i++) assert_int_equal(p.sites[i].region, REGION_OF[i]);
    assert_string_equal(p.cells[2].name, "lte-3");
    assert_string_equal(p.cells[4].name, "wifi-2");
    assert_string_equal(p.sites[1].name, "metro-2");
    assert_string_equal(p.regions[0].name, "near");
    assert_string_equal(p.regions[2].name, "far-2");
    assert_int_equal(p.groups[1].first, 7);
    assert_int_equal(p.groups[1].count, 4);
    assert_near(p.groups[1].up, 1e6, 0);
    assert_near(p.groups[1].down, 2e6, 0);
    assert_int_equal(p.sites[0].queue, 5);
    assert_int_equal(p.regions[2].queue, 0);
    platform_free(&p);
}

/* Several servers are one queue with all their cores, power and price; memory is each server's own. */
TEST(servers_are_added_up) {
    platform p = read(SPREAD);
    assert_int_equal(p.sites[0].server.cores, 3);
    assert_near(p.sites[0].server.speed, 10e9, 0);
    assert_near(p.sites[0].server.idle_watts, 30, 0);
    assert_near(p.sites[0].server.busy_watts, 60, 0);
    assert_near(p.sites[0].server.usd_per_second, 3e-4, 1e-15);
    assert_near(p.sites[0].server.memory_bytes, 10e9, 0);
    assert_int_equal(p.regions[0].server.cores, 2);
    assert_int_equal(p.regions[1].server.cores, 1);
    platform_free(&p);
}

TEST(many_groups_do_not_take_memory_squared) {
    enum { GROUPS = 6000 };
    char *text = malloc(GROUPS * 64 + 1024), *end = text;
    assert_non_null(text);
    end += sprintf(end, CELLS SITES REGIONS "phones:\n");
    for (int i = 0; i < GROUPS; i++) end += sprintf(end, "  - {count: 2, device: test-phone, cell: cell}\n");
    platform p = read(text);
    assert_int_equal(p.group_count, GROUPS);
    assert_int_equal(p.phone_count, 2 * GROUPS);
    for (uint64_t i = 0; i < p.phone_count; i++) assert_int_equal(p.phones[i].group, i / 2);
    for (size_t i = 0; i < GROUPS; i++) assert_int_equal(p.groups[i].first, 2 * i);
    platform_free(&p);
    free(text);
}

TEST(a_large_fleet) {
    platform p = read(CELLS SITES REGIONS "phones: [{count: 300000, device: test-phone, cell: cell}]\n");
    assert_int_equal(p.cells[0].phones, 300000);
    assert_near(p.phones[299999].speed, 1e9, 0);
    platform_free(&p);
}

/* ---- Own devices and links ---- */

TEST(own_devices) {
    platform p = read("devices:\n"
                      "  mine: {speed: 2Gf, cores: 4, idle: 1W, busy: 3W, memory: 2GB, price: 3.6USD/h}\n"
                      "  faster: {like: test-edge, speed: 20Gf}\n"
                      "  test-cloud: {like: test-phone, cores: 9}\n" /* an own one hides a preset */
                      "phones: [{count: 1, device: mine, cell: cell}]\n" CELLS
                      "sites: [{name: edge, server: faster, backhaul: test-wire, region: cloud}]\n" REGIONS);
    assert_near(p.phones[0].speed, 2e9, 0);
    assert_int_equal(p.groups[0].hardware.cores, 4);
    assert_near(p.groups[0].hardware.memory_bytes, 2e9, 0);
    assert_near(p.groups[0].hardware.usd_per_second, 1e-3, 1e-15);
    assert_near(p.sites[0].server.speed, 20e9, 0);
    assert_near(p.sites[0].server.idle_watts, 10, 0);
    assert_int_equal(p.regions[0].server.cores, 9);
    platform_free(&p);
    p = read("phones: [{count: 1, device: {like: test-phone, busy: 9W}, cell: cell}]\n" CELLS SITES REGIONS);
    assert_near(p.groups[0].hardware.busy_watts, 9, 0);
    assert_near(p.groups[0].hardware.speed, 1e9, 0);
    platform_free(&p);
}

/* Six cores add 9 - 3 W, one 1 W: 10 J in 10 s. */
TEST(a_busy_core_adds_its_share) {
    device d = {.cores = 6, .idle_watts = 3, .busy_watts = 9};
    assert_near(device_core_joules(&d, 1), 1, 0);
    assert_near(device_core_joules(&d, 10), 10, 0);
}

TEST(own_links) {
    platform p = read("links:\n"
                      "  air: {like: lte, up: 8Mbps}\n"
                      "  shared: {up: 80Mbps, latency: 1ms, half_duplex: yes}\n"
                      "  wire: {up: 8Mbps, down: 16Mbps, latency: 5ms}\n"
                      "cells: [{name: cell, link: air, site: edge}, {name: w, link: shared, site: edge}]\n"
                      "sites: [{name: edge, server: test-edge, backhaul: wire, region: cloud}]\n" REGIONS PHONES);
    assert_near(p.cells[0].link.up, 1e6, 0);
    assert_near(p.cells[0].link.down, 8.85e6 / 8, 0);
    assert_near(p.cells[0].link.latency, 0.0205, 0);
    assert_true(p.cells[0].link.radio_up > 0);
    assert_true(p.cells[1].link.half_duplex);
    assert_near(p.cells[1].link.down, 1e7, 0); /* one medium: down is up */
    assert_near(p.sites[0].uplink.down, 2e6, 0);
    platform_free(&p);
}

TEST(backhaul_and_wan_are_one_link) {
    platform p = read(PHONES CELLS
                      "sites:\n"
                      "  - name: edge\n"
                      "    server: test-edge\n"
                      "    backhaul: {up: 8Mbps, down: 80Mbps, latency: 3ms}\n"
                      "    region: cloud\n"
                      "  - {name: other, server: test-edge, backhaul: test-wire, region: bare}\n"
                      "regions:\n"
                      "  - {name: cloud, server: test-cloud, wan: {up: 16Mbps, down: 40Mbps, latency: 20ms}}\n"
                      "  - {name: bare, server: test-cloud}\n");
    assert_near(p.sites[0].uplink.up, 1e6, 0);   /* the backhaul is narrower */
    assert_near(p.sites[0].uplink.down, 5e6, 0); /* the WAN is */
    assert_near(p.sites[0].uplink.latency, 0.023, 1e-15);
    assert_near(p.sites[1].uplink.latency, 0.01, 0); /* no WAN: the backhaul alone */
    platform_free(&p);
}

/* ---- Drawn speeds ---- */

#define DRAWN \
    "phones: [{count: 20000, device: test-phone, cell: cell, speed: {normal: [5Gf, 1Gf]}}]\n" CELLS SITES REGIONS

TEST(drawn_speeds) {
    platform a = read_seeded(DRAWN, 1), b = read_seeded(DRAWN, 1), c = read_seeded(DRAWN, 2);
    double sum = 0, squares = 0;
    unsigned same = 0;
    for (uint64_t i = 0; i < a.phone_count; i++) {
        double x = a.phones[i].speed / 1e9;
        assert_true(x >= 0.05);
        assert_true(a.phones[i].speed == b.phones[i].speed);
        same += a.phones[i].speed == c.phones[i].speed;
        sum += x;
        squares += x * x;
    }
    double n = (double)a.phone_count, mean = sum / n;
    assert_int_equal(same, 0);
    assert_within(mean, 5, 5 / sqrt(n));
    assert_within(squares / n - mean * mean, 1, 5 * sqrt(2 / n));
    platform_free(&a);
    platform_free(&b);
    platform_free(&c);
}

/* A phone keeps its speed when others are added behind it. */
TEST(drawn_speeds_belong_to_the_phone) {
    platform a = read("phones: [{count: 5, device: test-phone, cell: cell, speed: {uniform: [1Gf, 2Gf]}}]\n" CELLS SITES
                          REGIONS),
             b = read("phones: [{count: 9, device: test-phone, cell: cell, speed: {uniform: [1Gf, 2Gf]}}]\n" CELLS SITES
                          REGIONS);
    for (int i = 0; i < 5; i++) assert_true(a.phones[i].speed == b.phones[i].speed);
    platform_free(&a);
    platform_free(&b);
}

/* ---- Network settings ---- */

/* By hand: a record of TLS adds 22 bytes (of at most 16,384), a segment of 1,448 or a datagram 70 and 46, DTLS 22 each. */
TEST(messages_have_headers) {
    static const struct {
        bool udp, tls;
        uint64_t bytes, wire;
    } CASES[] = {
        {false, true, 0, 92},       {false, true, 64, 156},      {false, true, 1426, 1518},
        {false, true, 1427, 1589},  {false, true, 38400, 40356}, /* 3 records, 38,466 bytes in 27 segments */
        {false, false, 1448, 1518}, {false, false, 1449, 1589},  {true, true, 1450, 1518},
        {true, true, 1451, 1587},   {true, false, 1472, 1518},   {true, false, 1473, 1565},
    };
    network_settings n = {.headers = false};
    assert_int_equal(platform_wire_bytes(&n, 38400), 38400);
    n.headers = true;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        n.connection.transport = CASES[i].udp ? TRANSPORT_UDP : TRANSPORT_TCP;
        n.connection.tls = CASES[i].tls;
        assert_int_equal(platform_wire_bytes(&n, CASES[i].bytes), CASES[i].wire);
        assert_int_equal(connection_round_trips(&n.connection), !CASES[i].udp + CASES[i].tls);
    }
}

TEST(connections_are_read) {
    platform p = read(PHONES CELLS SITES REGIONS);
    const connection_settings *c = &p.network.connection;
    assert_false(c->set_up || p.network.headers);
    assert_true(c->transport == TRANSPORT_TCP && c->tls); /* of which headers would be */
    platform_free(&p);
    p = read("network: {headers: yes, connection: {}}\n" PHONES CELLS SITES REGIONS);
    assert_true(c->set_up && c->transport == TRANSPORT_TCP && c->tls && p.network.headers);
    assert_near(c->keep_alive, 60, 0);
    platform_free(&p);
    p = read("network: {connection: {transport: udp, tls: no, keep_alive: 2min}}\n" PHONES CELLS SITES REGIONS);
    assert_true(c->set_up && c->transport == TRANSPORT_UDP && !c->tls);
    assert_near(c->keep_alive, 120, 0);
    platform_free(&p);
}

TEST(network_settings_are_read) {
    platform p = read("network: {model: LV08, crosstraffic: yes, tcp_gamma: 64KiB}\n" PHONES CELLS SITES REGIONS);
    assert_int_equal(p.network.model, NETWORK_LV08);
    assert_true(p.network.crosstraffic);
    assert_near(p.network.tcp_gamma, 65536, 0);
    platform_free(&p);
}

TEST(transfer_times) {
    network_settings n = {.model = NETWORK_CM02, .tcp_gamma = 4 << 20};
    assert_near(platform_transfer_time(&n, 0.01, 1e6, 1000), 0.011, 1e-15);
    assert_near(platform_transfer_time(&n, 0.01, 1e6, 0), 0.01, 0);
    assert_near(platform_transfer_time(&n, 0, 1e6, 1000), 0.001, 1e-15); /* no latency, no bound */
    n.tcp_gamma = 1000;                                                  /* 1000 / (2 * 0.01) = 50,000 bytes a second */
    assert_near(platform_transfer_time(&n, 0.01, 1e6, 1000), 0.01 + 0.02, 1e-15);
}

/* ---- Written forms ---- */

/* noinline: gcc 12 takes what lies in the stream's memory for a place in this function's frame. */
__attribute__((noinline)) static char *written(void (*write)(const platform *, FILE *), const platform *p) {
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    write(p, f);
    fclose(f);
    return text;
}

static void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" is missing in:\n%s", part, text);
}

static unsigned occurrences(const char *text, const char *part) {
    unsigned n = 0;
    for (; (text = strstr(text, part)); text++) n++;
    return n;
}

TEST(summary) {
    platform p = read("name: spread\n" PHONES CELLS SITES REGIONS);
    char *text = written(platform_print, &p);
    assert_string_equal(text, "spread: 1 phones in 1 cells, 1 edge sites, 1 cloud regions\n"
                              "network model CM02, crosstraffic no, tcp_gamma 4.194MB\n"
                              "\nphones\n"
                              "  phones           1 phones: 1 x 1Gf, 1W idle, 2W busy, 1GB\n"
                              "\ncells\n"
                              "  cell             1 phones at edge: 8Mbps up, 8Mbps down, 10ms one way\n"
                              "\nedge sites\n"
                              "  edge             1 x 10Gf, 10W idle, 20W busy, 10GB, 0.36USD/h; to cloud: 80Mbps up, "
                              "80Mbps down, 10ms one way\n"
                              "\ncloud regions\n"
                              "  cloud            1 x 100Gf, 100W idle, 200W busy, 100GB, 3.6USD/h\n");
    free(text);
    platform_free(&p);
    p = read(CELLS SITES "regions: [{name: cloud, count: 20, server: test-cloud}]\n"
                         "phones: [{count: 9, device: test-phone, cell: cell, speed: {uniform: [1Gf, 2Gf]}}]\n");
    text = written(platform_print, &p);
    assert_contains(text, "  ... and 12 more\n");
    assert_contains(text, "; drawn speeds 1.");
    free(text);
    platform_free(&p);
}

TEST(xml) {
    platform p = read(SPREAD);
    char *text = written(platform_write_xml, &p);
    assert_int_equal(occurrences(text, "<host id=\"phone:"), 11);
    assert_int_equal(occurrences(text, "<host id="), 11 + 2 * 5 + 3);
    assert_int_equal(occurrences(text, "<host_link id="), 11 + 2 * 5 + 3);
    assert_int_equal(occurrences(text, "<link id="), 3 * 2 + 2 + 5 * 2 + 1); /* half-duplex cells have one link */
    assert_contains(text, "<host id=\"edge:metro-2\" speed=\"10000000000f\" core=\"3\">"
                          "<prop id=\"wattage_per_state\" value=\"30:40:60\"/>");
    assert_contains(text, "<host_link id=\"phone:7\" up=\"cell:wifi-1:up\" down=\"cell:wifi-1:up\"/>");
    free(text);
    platform_free(&p);
}

/* A name may hold "--", which must not stand in an XML comment. */
TEST(xml_comments_stay_comments) {
    platform p = read("name: a--b\n" PHONES CELLS SITES REGIONS);
    char *text = written(platform_write_xml, &p), *begin = strstr(text, "<!-- "), *end = strstr(begin, "-->");
    assert_contains(text, "a--b");
    *end = '\0';
    assert_null(strstr(begin + 4, "--"));
    free(text);
    platform_free(&p);
}

TEST(dot) {
    platform p = read(SPREAD);
    char *text = written(platform_write_dot, &p);
    assert_int_equal(occurrences(text, " -- "), 5 + 5);
    assert_contains(text, "  \"cell:lte-1\" -- \"edge:metro-1\" [label=\"8Mbps / 8Mbps\\n10ms\"];\n");
    assert_contains(text, "  \"edge:rural-3\" -- \"cloud:near\"");
    free(text);
    platform_free(&p);
}

TEST(loads_files) {
    platform p;
    portolan_error err = {0};
    FILE *f = fopen("platform-test.yaml", "w");
    assert_non_null(f);
    fputs("name: filed\n" PHONES CELLS SITES REGIONS, f);
    fclose(f);
    assert_true(platform_load(&p, "platform-test.yaml", 1, &err));
    assert_string_equal(p.name, "filed");
    platform_free(&p);
    remove("platform-test.yaml");
    assert_false(platform_load(&p, "platform-test.yaml", 1, &err));
    assert_input_error(&err, 0, 0, "cannot open");
}

TEST(shipped_platforms_are_good) {
    static const char *const FILES[] = {"campus-5g", "city-lte", "factory-wifi", "home-wifi", "one-phone", "rural-3g"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[1024];
        platform p;
        portolan_error err = {0};
        snprintf(path, sizeof path, PORTOLAN_SOURCE_DIR "/platforms/%s.yaml", FILES[i]);
        if (!platform_load(&p, path, 1, &err)) fail_msg("%s:%u:%u: %s", path, err.line, err.column, err.message);
        assert_string_equal(p.name, FILES[i]);
        assert_true(p.phone_count > 0);
        platform_free(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_presets_are_sane),
        cmocka_unit_test(earlier_presets_keep_their_figures),
        cmocka_unit_test(fitted_presets_give_what_was_measured),
        cmocka_unit_test(link_presets_are_sane),
        cmocka_unit_test(presets_say_what_their_files_say),
        cmocka_unit_test(radios_have_states_where_a_cell_says_so),
        cmocka_unit_test(every_preset_can_be_used),
        cmocka_unit_test(one_of_each),
        cmocka_unit_test(things_are_spread_in_turn),
        cmocka_unit_test(servers_are_added_up),
        cmocka_unit_test(many_groups_do_not_take_memory_squared),
        cmocka_unit_test(a_large_fleet),
        cmocka_unit_test(own_devices),
        cmocka_unit_test(a_busy_core_adds_its_share),
        cmocka_unit_test(own_links),
        cmocka_unit_test(backhaul_and_wan_are_one_link),
        cmocka_unit_test(drawn_speeds),
        cmocka_unit_test(drawn_speeds_belong_to_the_phone),
        cmocka_unit_test(messages_have_headers),
        cmocka_unit_test(connections_are_read),
        cmocka_unit_test(network_settings_are_read),
        cmocka_unit_test(transfer_times),
        cmocka_unit_test(summary),
        cmocka_unit_test(xml),
        cmocka_unit_test(xml_comments_stay_comments),
        cmocka_unit_test(dot),
        cmocka_unit_test(loads_files),
        cmocka_unit_test(shipped_platforms_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
