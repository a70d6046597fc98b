/* Service times: the formula and the interpolation by hand, against an independent computation, and every fault of a table. */
#include "platforms/service.h"

#include "base/random.h"
#include "tests/support.h"

static void write_text(const char *name, const char *text) {
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

#define HEADER "hidden,feed_forward,layers,tokens,batch,seconds\n"

static const service_shape SMALL = {100, 400, 480000};

/* ---- The formula ---- */

TEST(formula_by_hand) {
    const device d = {.speed = 2e9, .call_seconds = 0.004, .memory_bandwidth = 1.2e9};
    service_work w = {.layers = 3, .members = 1, .tokens = 10, .flops = 8e6, .other_flops = 1e6, .factor = 1};
    /* 4 ms + 3 x 480,000 B / 1.2 GB/s (1.2 ms) + 8 MFLOP / 2 Gf (4 ms) */
    assert_near(service_seconds(&d, d.speed, &SMALL, &w), 0.0092, 1e-14);
    assert_near(service_call(&d, d.speed, &w), 0.004, 0);
    /* one of its kind that is half as fast needs twice as long for all three */
    assert_near(service_seconds(&d, 1e9, &SMALL, &w), 0.0184, 1e-14);
    assert_near(service_call(&d, 1e9, &w), 0.008, 1e-15);
    /* four members: call and weights once, FLOP four times */
    service_work batch = w;
    for (int i = 1; i < 4; i++) service_join(&batch, &w);
    assert_int_equal(batch.members, 4);
    assert_near(service_seconds(&d, d.speed, &SMALL, &batch), 0.004 + 0.0012 + 0.016, 1e-14);
    /* who goes on where it is pays no call again, unless it joins one who does */
    service_work further = w;
    further.goes_on = true;
    assert_near(service_seconds(&d, d.speed, &SMALL, &further), 0.0052, 1e-14);
    assert_near(service_call(&d, d.speed, &further), 0, 0);
    service_join(&further, &w);
    assert_near(service_call(&d, d.speed, &further), 0.004, 0);
    /* without layers there is no call of a model */
    w.layers = 0;
    assert_near(service_seconds(&d, d.speed, &SMALL, &w), 0.004, 0);
    assert_near(service_call(&d, d.speed, &w), 0, 0);
}

TEST(speed_alone_is_flops_over_speed) {
    random_stream s = random_open(1, "service", 0);
    for (int i = 0; i < 1000; i++) {
        const device d = {.speed = 1e12 * random_uniform(&s) + 1};
        double speed = i % 2 ? d.speed : 1e10 * random_uniform(&s) + 1;
        service_work w = {.layers = 3, .members = 1, .tokens = 7, .flops = 1e9 * random_uniform(&s), .factor = 1};
        double seconds = service_seconds(&d, speed, &SMALL, &w), plain = w.flops / speed;
        assert_memory_equal(&seconds, &plain, sizeof plain); /* the same bits */
    }
}

TEST(batches_join) {
    service_work batch = {.layers = 2, .members = 1, .tokens = 10, .flops = 5, .other_flops = 1, .factor = 1};
    const service_work more = {.layers = 3, .members = 3, .tokens = 30, .flops = 70, .other_flops = 6, .factor = 2};
    service_join(&batch, &more);
    assert_int_equal(batch.layers, 3);
    assert_int_equal(batch.members, 4);
    assert_near(batch.tokens, 25, 0);   /* (10 + 3 x 30) / 4 */
    assert_near(batch.factor, 1.75, 0); /* (1 + 3 x 2) / 4 */
    assert_near(batch.flops, 75, 0);
    assert_near(batch.other_flops, 7, 0);
}

/* ---- Tables ---- */

static const service_table *load(arena *memory, const char *text) {
    portolan_error err = {0};
    write_text("table.csv", text);
    const service_table *t = service_table_load(memory, "table.csv", &err);
    if (!t) fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    return t;
}

/* 2 numbers of layers x 2 of tokens x 2 batches, out of order, with a column that is left alone. */
static const char CUBE[] = "tokens,batch,layers,hidden,feed_forward,spread,seconds\n"
                           "8,1,1,100,400,0,1\n8,4,1,100,400,0,3\n16,1,1,100,400,0,2\n16,4,1,100,400,0,6\n"
                           "8,1,3,100,400,0,4\n16,4,3,100,400,0,20\n8,4,3,100,400,0,9\n16,1,3,100,400,0,7\n"
                           "9,9,9,200,400,0,0.5\n";

TEST(interpolation_by_hand) {
    arena memory = {0};
    const service_table *t = load(&memory, CUBE);
    assert_int_equal(service_table_rows(t), 9);
    assert_near(service_table_seconds(t, &SMALL, 1, 8, 1), 1, 0);
    assert_near(service_table_seconds(t, &SMALL, 3, 16, 4), 20, 0);
    assert_near(service_table_seconds(t, &SMALL, 2, 8, 1), 2.5, 1e-15);   /* half way from 1 to 4 */
    assert_near(service_table_seconds(t, &SMALL, 1, 10, 1), 1.25, 1e-15); /* a quarter of the way from 1 to 2 */
    /* batch 2 is a third of the way from 1 to 4: at 8 tokens 1 + 2/3, at 16 2 + 4/3; half way between them 2.5 */
    assert_near(service_table_seconds(t, &SMALL, 1, 12, 2), 2.5, 1e-15);
    /* at 3 layers 4 + 5/3 and 7 + 13/3, half way 8.5; 2 layers are half way from 2.5 to 8.5 */
    assert_near(service_table_seconds(t, &SMALL, 2, 12, 2), 5.5, 1e-15);
    const service_shape point = {200, 400, 0}, other = {100, 200, 0};
    assert_near(service_table_seconds(t, &point, 9, 9, 9), 0.5, 0);
    assert_true(isnan(service_table_seconds(t, &point, 9, 9, 8)));
    assert_true(isnan(service_table_seconds(t, &other, 1, 8, 1)));
    assert_true(isnan(service_table_seconds(t, &SMALL, 1, 7.9, 1)));
    assert_true(isnan(service_table_seconds(t, &SMALL, 1, 8, 5)));
    assert_true(isnan(service_table_seconds(t, &SMALL, 4, 8, 1)));
    arena_free(&memory);
}

/* Against interpolation one axis after the other, each by its own formula, on an uneven grid of random values. */
TEST(interpolation_axis_after_axis) {
    enum { L = 3, T = 4, B = 2 };
    static const double AXES[3][4] = {{1, 2, 7}, {4, 9, 10, 33}, {2, 5}};
    double values[L][T][B];
    char text[4096] = HEADER;
    random_stream s = random_open(7, "service", 0);
    for (int l = 0; l < L; l++)
        for (int k = 0; k < T; k++)
            for (int b = 0; b < B; b++) {
                values[l][k][b] = 0.001 + random_uniform(&s);
                size_t n = strlen(text);
                snprintf(text + n, sizeof text - n, "100,400,%g,%g,%g,%.17g\n", AXES[0][l], AXES[1][k], AXES[2][b],
                         values[l][k][b]);
            }
    arena memory = {0};
    const service_table *t = load(&memory, text);
    for (int i = 0; i < 2000; i++) {
        double x[3] = {1 + 6 * random_uniform(&s), 4 + 29 * random_uniform(&s), 2 + 3 * random_uniform(&s)};
        int l = x[0] >= 2, k = x[1] >= 10 ? 2 : x[1] >= 9;
        double lines[2][2], line[2];
        for (int p = 0; p < 2; p++)
            for (int q = 0; q < 2; q++) {
                double low = values[l + p][k + q][0], high = values[l + p][k + q][1];
                lines[p][q] = low + (high - low) * (x[2] - 2) / 3;
            }
        for (int p = 0; p < 2; p++)
            line[p] = lines[p][0] + (lines[p][1] - lines[p][0]) * (x[1] - AXES[1][k]) / (AXES[1][k + 1] - AXES[1][k]);
        double wanted = line[0] + (line[1] - line[0]) * (x[0] - AXES[0][l]) / (AXES[0][l + 1] - AXES[0][l]);
        assert_near(service_table_seconds(t, &SMALL, x[0], x[1], x[2]), wanted, 1e-12);
    }
    arena_free(&memory);
}

TEST(a_table_counts_where_it_reaches) {
    arena memory = {0};
    const device d = {.speed = 1e9, .call_seconds = 0.001, .table = load(&memory, CUBE)};
    service_work w = {.layers = 3, .members = 1, .tokens = 16, .flops = 5e9, .other_flops = 1e9, .factor = 2};
    /* 7 s for the layers, twice as much for such members, and 1 GFLOP besides */
    assert_near(service_seconds(&d, d.speed, &SMALL, &w), 15, 1e-15);
    assert_false(service_outside_table(&d, &SMALL, &w));
    assert_near(service_seconds(&d, 2e9, &SMALL, &w), 7.5, 1e-15); /* twice as fast in everything */
    w.goes_on = true; /* 7 s are those of a whole call, which is a millisecond of them */
    assert_near(service_seconds(&d, d.speed, &SMALL, &w), 14.998, 1e-15);
    w.goes_on = false;
    w.tokens = 17;
    assert_true(service_outside_table(&d, &SMALL, &w));
    assert_near(service_seconds(&d, d.speed, &SMALL, &w), 5.001, 1e-15);
    w.layers = 0; /* no call, and none of the table's business */
    assert_false(service_outside_table(&d, &SMALL, &w));
    assert_near(service_seconds(&d, d.speed, &SMALL, &w), 5, 1e-15);
    arena_free(&memory);
}

/* ---- Malformed tables ---- */

typedef struct fault {
    const char *text;
    unsigned line, column;
    const char *message;
} fault;

TEST(malformed_tables) {
    static const fault FAULTS[] = {
        {"", 0, 0, "a header line is missing"},
        {"hidden,feed_forward,layers,tokens,batch\n", 1, 1, "there is no column 'seconds'; there are: hidden"},
        {HEADER, 1, 0, "has no row behind the header"},
        {HEADER "100,400,1,8,1\n", 2, 0, "has 5 fields; the header has 6"},
        {HEADER "100,400,1,8,1,0.1\n100,400,1,,1,0.1\n", 3, 11, "'tokens' is ''; a whole number above 0"},
        {HEADER "100,400,1,8,1,x\n", 2, 15, "'seconds' is 'x'; a number or nothing is wanted"},
        {HEADER "100,400,1,8,1,\n", 2, 15, "'seconds' is ''; a number above 0"},
        {HEADER "100,400,1,8,1,0\n", 2, 15, "'seconds' is '0'; a number above 0"},
        {HEADER "100,400,1,8,1,-1\n", 2, 15, "'seconds' is '-1'"},
        {HEADER "100,400,1,8,1,nan\n", 2, 15, "'seconds' is 'nan'"},
        {HEADER "100,400,1,8,1,1e300\n", 2, 15, "'seconds' is '1e300'; a number above 0 and up to 1e+09"},
        {HEADER "0,400,1,8,1,1\n", 2, 1, "'hidden' is '0'"},
        {HEADER "100,400.5,1,8,1,1\n", 2, 5, "'feed_forward' is '400.5'; a whole number"},
        {HEADER "100,400,0,8,1,1\n", 2, 9, "'layers' is '0'"},
        {HEADER "100,400,1,8,1e10,1\n", 2, 13, "'batch' is '1e10'"},
        {HEADER "100,400,1,8,1,1\n100,400,1,9,1,1\n100,400,1,8,1,2\n", 4, 1, "measures the same as line 2"},
        {HEADER "100,400,1,8,1,1\n100,400,1,9,2,1\n", 0, 0, "has no row of 1 layers, 8 tokens and batch 2"},
        {HEADER "100,400,1,8,1,1\n100,400,1,9,1,1\n100,400,2,9,1,1\n", 0, 0,
         "has no row of 2 layers, 8 tokens and batch 1"},
        {HEADER "100,400,1,8,1,1\n100,400,2,8,1,1\n100,400,1,9,1,1\n", 0, 0,
         "has no row of 2 layers, 9 tokens and batch 1"},
        {HEADER "\"100,400,1,8,1,1\n", 2, 0, "quotes"},
    };
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        arena memory = {0};
        portolan_error err = {0};
        write_text("table.csv", FAULTS[i].text);
        if (service_table_load(&memory, "table.csv", &err)) fail_msg("taken: %s", FAULTS[i].text);
        assert_input_error(&err, FAULTS[i].line, FAULTS[i].column, FAULTS[i].message);
        arena_free(&memory);
    }
}

/* ---- Devices in a platform ---- */

#define PLATFORM                                                                                        \
    "phones: [{count: 4, device: mine, cell: cell, speed: {uniform: [1Gf, 3Gf]}}]\n"                    \
    "cells: [{name: cell, link: test-cell, site: edge}]\n"                                              \
    "sites: [{name: edge, server: {like: test-edge, call: 2ms}, backhaul: test-wire, region: cloud}]\n" \
    "regions: [{name: cloud, server: test-cloud}]\n"

TEST(devices_with_service_times) {
    write_text("table.csv", CUBE);
    yaml_document doc = document_of(
        PLATFORM "devices: {mine: {like: test-phone, call: 3ms, memory_bandwidth: 13GBps, table: table.csv}}\n");
    platform p;
    portolan_error err = {0};
    if (!platform_read(&p, doc.root, 1, &err)) fail_msg("%u:%u: %s", err.line, err.column, err.message);
    yaml_unload(&doc);
    const device *d = &p.groups[0].hardware, *edge = &p.sites[0].server, *cloud = &p.regions[0].server;
    assert_near(d->call_seconds, 0.003, 0);
    assert_near(d->memory_bandwidth, 13e9, 0);
    assert_int_equal(service_table_rows(d->table), 9);
    assert_near(edge->call_seconds, 0.002, 0);
    assert_near(edge->memory_bandwidth, 0, 0);
    assert_near(cloud->call_seconds, 0, 0);
    assert_null(cloud->table);
    platform_free(&p);
}

TEST(devices_with_wrong_service_times) {
    static const fault FAULTS[] = {
        {PLATFORM "devices: {mine: {like: test-phone, call: 3}}\n", 5, 42, "found '3' without a unit; write a time"},
        {PLATFORM "devices: {mine: {like: test-phone, call: -3ms}}\n", 5, 42, "at least 0"},
        {PLATFORM "devices: {mine: {like: test-phone, memory_bandwidth: 0Bps}}\n", 5, 54, "must be above 0"},
        {PLATFORM "devices: {mine: {like: test-phone, memory_bandwidth: 13GB}}\n", 5, 54, "bandwidth"},
        {PLATFORM "devices: {mine: {like: test-phone, table: none.csv}}\n", 5, 43, "none.csv: cannot open"},
        {PLATFORM "devices: {mine: {like: test-phone, table: [a]}}\n", 5, 43, "table must be a single value"},
        {PLATFORM "devices: {mine: {like: test-phone, table: half.csv}}\n", 5, 43, "has no row of 1 layers, 8 tokens"},
    };
    write_text("half.csv", HEADER "100,400,1,8,1,1\n100,400,1,9,2,1\n");
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        yaml_document doc = document_of(FAULTS[i].text);
        platform p;
        portolan_error err = {0};
        if (platform_read(&p, doc.root, 1, &err)) fail_msg("taken: %s", FAULTS[i].text);
        assert_input_error(&err, FAULTS[i].line, FAULTS[i].column, FAULTS[i].message);
        yaml_unload(&doc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formula_by_hand),
        cmocka_unit_test(speed_alone_is_flops_over_speed),
        cmocka_unit_test(batches_join),
        cmocka_unit_test(interpolation_by_hand),
        cmocka_unit_test(interpolation_axis_after_axis),
        cmocka_unit_test(a_table_counts_where_it_reaches),
        cmocka_unit_test(malformed_tables),
        cmocka_unit_test(devices_with_service_times),
        cmocka_unit_test(devices_with_wrong_service_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
