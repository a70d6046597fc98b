/* Malformed platforms: each text with the place and the words of the error it must give. */
#include "platforms/platforms.h"
#include "tests/support.h"

/* Good sections, one line each, to put around a bad one. */
#define P "phones: [{count: 2, device: test-phone, cell: cell}]\n"
#define C "cells: [{name: cell, link: test-cell, site: edge}]\n"
#define S "sites: [{name: edge, server: test-edge, backhaul: test-wire, region: cloud}]\n"
#define R "regions: [{name: cloud, server: test-cloud}]\n"

typedef struct malformed {
    const char *text;
    unsigned line, column;
    const char *fragment;
} malformed;

/* clang-format off */
static const malformed CASES[] = {
    /* the whole */
    {"[1, 2]", 1, 1, "a platform must be a map of keys, found a list of 2"},
    {"word", 1, 1, "a platform must be a map of keys, found 'word'"},
    {C S R, 1, 1, "a platform lacks the key 'phones': list of phone groups"},
    {P S R, 1, 1, "a platform lacks the key 'cells'"},
    {P C R, 1, 1, "a platform lacks the key 'sites'"},
    {P C S, 1, 1, "a platform lacks the key 'regions'"},
    {P C S R "fones: []\n",
     5, 1, "a platform has no key 'fones', did you mean 'phones'?; allowed are name, network"},
    {P C S R "name: two words\n", 5, 7, "'name' is 'two words'; a name has"},
    {P C S "regions: []\n", 4, 10, "'regions' is an empty list"},
    {"phones: {count: 2}\n" C S R, 1, 9, "phones must be a list, found a map of 1 keys"},
    {"phones:\n" C S R, 1, 8, "phones must be a list, found nothing"},
    {"phones: [7]\n" C S R, 1, 10, "a phone group must be a map of keys, found '7'"},
    {P C S R "devices: [a]\n", 5, 10, "devices must be a map of keys"},
    {P C S R "links: x\n", 5, 8, "links must be a map of keys"},
    /* the network */
    {"network: LV08\n" P C S R, 1, 10, "network must be a map of keys"},
    {"network: {model: LV8}\n" P C S R,
     1, 18, "'model' is 'LV8', did you mean 'LV08'?; allowed are CM02, LV08"},
    {"network: {tcp_gamma: 4}\n" P C S R, 1, 22, "without a unit; write a size"},
    {"network: {tcp_gamma: 0B}\n" P C S R, 1, 22, "must be above 0"},
    {"network: {crosstraffic: some}\n" P C S R, 1, 25, "write yes or no"},
    {"network: {latency: 1ms}\n" P C S R, 1, 11, "network has no key 'latency'"},
    {"network: {connection: off}\n" P C S R, 1, 23, "'connection', unless it is none, must be a map of keys, found 'off'"},
    {"network: {connection: {transport: sctp}}\n" P C S R, 1, 35, "'transport' is 'sctp', did you mean 'tcp'?"},
    {"network: {connection: {tsl: yes}}\n" P C S R, 1, 24, "a connection has no key 'tsl', did you mean 'tls'?"},
    {"network: {connection: {keep_alive: 60}}\n" P C S R, 1, 36, "without a unit"},
    {"network: {connection: {keep_alive: -1s}}\n" P C S R, 1, 36, "it must be at least 0"},
    {"network: {headers: some}\n" P C S R, 1, 20, "write yes or no"},
    /* phones */
    {"phones: [{device: test-phone, cell: cell}]\n" C S R, 1, 10, "a phone group lacks the key 'count'"},
    {"phones: [{count: 0, device: test-phone, cell: cell}]\n" C S R,
     1, 18, "'count' is 0; it must be at least 1"},
    {"phones: [{count: 1e8, device: test-phone, cell: cell}]\n" C S R, 1, 18, "at most 10000000"},
    {"phones: [{count: 1.5, device: test-phone, cell: cell}]\n" C S R, 1, 18, "must be a whole number"},
    {"phones: [{count: 2, device: test-fone, cell: cell}]\n" C S R, 1, 29,
     "there is no device 'test-fone', did you mean 'test-phone'?"},
    {"phones: [{count: 2, device: , cell: cell}]\n" C S R,
     1, 29, "there is no device ''; known are phone-flagship"},
    {"phones: [{count: 2, device: [a], cell: cell}]\n" C S R, 1, 29, "a device must be a single value"},
    {"phones: [{count: 2, device: test-phone, cell: sell}]\n" C S R, 1, 47,
     "there is no cell 'sell', did you mean 'cell'?; known are cell"},
    {"phones: [{count: 2, device: test-phone, cell: cell, speed: 0f}]\n" C S R, 1, 60, "must be above 0"},
    {"phones: [{count: 2, device: test-phone, cell: cell, speed: 5Gbps}]\n" C S R,
     1, 60, "is not one of a speed"},
    {"phones: [{count: 2, device: test-phone, cell: cell, speed: {normal: [5Gf]}}]\n" C S R,
     1, 69, "takes two values"},
    {"phones: [{count: 2, device: test-phone, cell: cell, up: -1Mbps}]\n" C S R, 1, 57, "must be above 0"},
    {"phones:\n"
     "  - {count: 9e6, device: test-phone, cell: cell}\n"
     "  - {count: 9e6, device: test-phone, cell: cell}\n" C S R,
     3, 5, "more than 10000000 phones in all"},
    /* cells */
    {P "cells: [{link: test-cell, site: edge}]\n" S R, 2, 9, "a cell lacks the key 'name'"},
    {P "cells: [{name: cell, link: lte-5, site: edge}]\n" S R,
     2, 28, "there is no link 'lte-5', did you mean 'lte'?"},
    {P "cells: [{name: cell, link: test-cell, site: edg}]\n" S R,
     2, 45, "there is no site 'edg', did you mean 'edge'?"},
    {P "cells: [{name: cell, link: test-cell, site: edge, count: 1000001}]\n" S R, 2, 58, "at most 1000000"},
    {P "cells:\n"
     "  - {name: cell, link: test-cell, site: edge}\n  - {name: cell, link: lte, site: edge}\n" S R, 4, 5,
     "the name 'cell' is used twice in this list"},
    {P "cells:\n"
     "  - {name: cell, count: 3, link: test-cell, site: edge}\n"
     "  - {name: cell-2, link: lte, site: edge}\n" S R,
     4, 5, "the names 'cell' and 'cell-2' clash"},
    {P "cells:\n"
     "  - {name: cell-3, link: lte, site: edge}\n"
     "  - {name: cell, count: 3, link: test-cell, site: edge}\n" S R,
     4, 5, "the names 'cell-3' and 'cell' clash"},
    {P "cells:\n  - {name: cell, count: 600000, link: lte, site: edge}\n"
       "  - {name: more, count: 600000, link: lte, site: edge}\n" S R, 4, 5, "more than 1000000 in all"},
    {P "cells: [{name: cell, link: {up: 1Mbps, down: 1Mbps}, site: edge}]\n" S R, 2, 28,
     "a link without 'like: PRESET' needs the key 'latency'"},
    {P "cells: [{name: cell, link: {up: 1Mbps, down: -1Mbps, latency: 1ms}, site: edge}]\n" S R, 2, 46,
     "'down' is -1Mbps; it must be above 0"},
    {P "cells: [{name: cell, link: {up: 1Mbps, down: 1Mbps, latency: -1ms}, site: edge}]\n" S R, 2, 62,
     "'latency' is -1ms; it must be at least 0"},
    {P "cells: [{name: cell, link: {up: 1Mf, down: 1Mbps, latency: 1ms}, site: edge}]\n" S R, 2, 33,
     "whose unit 'Mf' is not one of a bandwidth"},
    {P "cells: [{name: cell, link: {like: lte2}, site: edge}]\n" S R, 2, 35,
     "there is no link preset 'lte2', did you mean 'lte'?"},
    {P "cells: [{name: cell, link: {like: wifi-home, down: 1Mbps}, site: edge}]\n" S R, 2, 52,
     "a half-duplex link has one capacity for both directions"},
    {P "cells: [{name: cell, link: {like: lte, ups: 1Mbps}, site: edge}]\n" S R, 2, 40,
     "a link has no key 'ups', did you mean 'up'?"},
    {P "cells: [{name: cell, link: lte, site: edge, radio: real}]\n" S R, 2, 52,
     "'radio' is 'real', did you mean 'ideal'?; allowed are ideal, states"},
    {P "cells: [{name: cell, link: test-cell, site: edge, radio: states}]\n" S R, 2, 58,
     "'radio: states' needs a link with a 'radio'; this one has none"},
    {P "cells: [{name: cell, link: {like: lte, radio: ideal}, site: edge, radio: states}]\n" S R, 2, 74,
     "this one has none"},
    {P "cells: [{name: cell, link: {like: lte, radio: awake}, site: edge}]\n" S R, 2, 47,
     "'radio' of a link, unless it is ideal, must be a map of keys, found 'awake'"},
    {P "cells: [{name: cell, link: {like: lte, radio: {delay_up: {file: nowhere.csv}}}, site: edge}]\n" S R, 2, 65,
     "nowhere.csv"},
    {P "cells: [{name: cell, link: {like: lte, radio: {delay_up: {file: [a]}}}, site: edge}]\n" S R, 2, 65,
     "'file' must be a single value"},
    {P "cells: [{name: cell, link: {like: lte, radio: {delay_down: {gamma: [1ms, 2]}}}, site: edge}]\n" S R, 2, 60,
     "'delay_down' must be one value or one of"},
    {P "cells: [{name: cell, link: {like: lte, radio: {promote: 1s}}, site: edge}]\n" S R, 2, 48,
     "the radio of a link has no key 'promote', did you mean 'promotion'?"},
    {P "cells: [{name: cell, link: {like: lte, radio: {promotion: -1s}}, site: edge}]\n" S R, 2, 59,
     "'promotion' is -1s; it must be at least 0"},
    {P "cells: [{name: cell, link: {like: lte, radio: {long_drx: 2h}}, site: edge}]\n" S R, 2, 58, "at most 3600"},
    {P "cells: [{name: cell, link: {like: lte, radio: {active_power: 1J}}, site: edge}]\n" S R, 2, 62,
     "is not one of a power"},
    {P "cells: [{name: cell, link: {like: test-cell, radio: {promotion: 1s}}, site: edge}]\n" S R, 2, 53,
     "a link that is like none with a radio of states needs the key 'promotion_power'"},
    /* sites */
    {P C "sites: [{name: edge, server: test-edge, region: cloud}]\n" R,
     3, 9, "a site lacks the key 'backhaul'"},
    {P C "sites: [{name: edge, server: test-edge, backhaul: test-wire, region: sky}]\n" R, 3, 70,
     "there is no region 'sky'; known are cloud"},
    {P C "sites: [{name: edge, server: test-edge, backhaul: wifi-home, region: cloud}]\n" R, 3, 51,
     "a backhaul cannot be half duplex"},
    {P C "sites: [{name: edge, server: test-edge, servers: 0, backhaul: test-wire, region: cloud}]\n" R,
     3, 50, "it must be at least 1"},
    {P C "sites: [{name: edge, server: {like: test-edge, cores: 1e6}, servers: 1000, backhaul: test-wire, "
         "region: cloud}]\n" R, 3, 9,
     "1000 servers of 1000000 cores each; a queue may have at most 100000000 cores"},
    /* regions */
    {P C S "regions: [{name: cloud, server: test-cloud, wan: lan}]\n", 4, 50, "there is no link 'lan'"},
    {P C S "regions: [{name: cloud, server: test-cloud, wan: wifi-home}]\n",
     4, 50, "a wan cannot be half duplex"},
    {P C S "regions: [{name: cloud, server: test-cloud, queue: -1}]\n", 4, 52, "it must be at least 0"},
    {P C S "regions: [{name: cloud, server: test-cloud}, {name: cloud, server: test-edge}]\n",
     4, 46, "is used twice"},
    /* own devices and links */
    {"devices: {mine: test-phone}\n" P C S R, 1, 17, "a device must be a map of keys, found 'test-phone'"},
    {"devices: {mine: {speed: 1Gf, cores: 1, idle: 1W, busy: 2W}}\n" P C S R, 1, 17,
     "a device without 'like: PRESET' needs the key 'memory'"},
    {"devices: {mine: {like: test-phone, idle: 3W}}\n" P C S R, 1, 17,
     "a device that is busy (2W) cannot need less power than when idle (3W)"},
    {"devices: {mine: {like: test-phone, cores: 0}}\n" P C S R, 1, 43, "'cores' is 0; it must be at least 1"},
    {"devices: {mine: {like: test-phone, sped: 1Gf}}\n" P C S R,
     1, 36, "a device has no key 'sped', did you mean 'speed'?"},
    {"devices: {mine: {like: test-phone, memory: 0B}}\n" P C S R, 1, 44, "must be above 0"},
    {"devices: {mine: {like: test-phone, price: 3}}\n" P C S R, 1, 43, "without a unit; write a price"},
    {"devices: {mine: {like: [a]}}\n" P C S R, 1, 24, "like must be a single value"},
    {"devices:\n  a: {like: test-phone}\n  b: {like: a}\n" P C S R,
     3, 13, "there is no device preset 'a'; known are"},
    {"links:\n  a: {like: lte}\n  b: {like: a}\n" P C S R, 3, 13, "there is no link preset 'a'; known are"},
    {"links: {mine: lte}\n" P C S R, 1, 15, "a link must be a map of keys, found 'lte'"},
    {"links: {mine: {up: 1Mbps, latency: 1ms}}\n" P C S R, 1, 15, "needs the key 'down'"},
};
/* clang-format on */

TEST(malformed_platforms_are_refused) {
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        yaml_document doc = document_of(CASES[i].text);
        platform p;
        portolan_error err = {0};
        if (platform_read(&p, doc.root, 1, &err)) fail_msg("accepted:\n%s", CASES[i].text);
        assert_input_error(&err, CASES[i].line, CASES[i].column, CASES[i].fragment);
        assert_string_equal(err.file, "test.yaml");
        assert_null(p.memory.newest);
        yaml_unload(&doc);
    }
}

TEST(the_frame_itself_is_good) {
    static const char *const GOOD[] = {
        P C S R,
        P "cells:\n"
          "  - {name: cell, count: 3, link: lte, site: edge}\n"
          "  - {name: cell-4, link: lte, site: edge}\n" S R,
        P "cells:\n"
          "  - {name: cell, count: 3, link: lte, site: edge}\n"
          "  - {name: cell-02, link: lte, site: edge}\n" S R,
        P "cells:\n  - {name: cell, count: 3, link: lte, site: edge}\n"
          "  - {name: cell-2, count: 2, link: lte, site: edge}\n" S R, /* cell-2-1, cell-2-2 */
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        yaml_document doc = document_of(GOOD[i]);
        platform p;
        portolan_error err = {0};
        if (!platform_read(&p, doc.root, 1, &err)) fail_msg("%s", err.message);
        platform_free(&p);
        yaml_unload(&doc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_platforms_are_refused),
        cmocka_unit_test(the_frame_itself_is_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
