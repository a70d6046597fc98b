/* The loads of places, told by hand: which work counts, what overload is, and since when. */
#include "sim/engine/places.h"
#include "sim/observers/load.h"
#include "tests/support.h"

/* Two cells, a Wi-Fi one and one with 1000 B/s up and 2000 B/s down; an edge site with two cores, a region. */
static phone_group groups[] = {{.name = "people", .count = 2, .hardware = {.cores = 1}}};
static cell cells[] = {{.name = "lte", .link = {.up = 1000, .down = 2000}},
                       {.name = "wifi", .link = {.up = 100, .half_duplex = true}}};
static site sites[] = {{.name = "roof", .server = {.cores = 2}, .uplink = {.up = 500, .down = 500}}};
static region regions[] = {{.name = "eu", .server = {.cores = 1}}};
static phone phones[] = {{.cell = 0}, {.cell = 1}};
static scenario s = {.platform = {.group_count = 1,
                                  .cell_count = 2,
                                  .site_count = 1,
                                  .region_count = 1,
                                  .groups = groups,
                                  .cells = cells,
                                  .sites = sites,
                                  .regions = regions,
                                  .phone_count = 2,
                                  .phones = phones}};
enum { PEOPLE, ROOF, EU, LTE_UP, LTE_DOWN, WIFI, WIFI_DOWN, UPLINK_UP, UPLINK_DOWN, PLACES };

static run_books open_books(double window_start) {
    assert_int_equal(place_count(&s.platform), PLACES);
    run_books b = {.places = loads_open(&s.platform), .totals = {.window_start = window_start}};
    assert_non_null(b.places);
    return b;
}

/* A request arrives somewhere, which is all that matters, and computes at the site from `start` to `end`. */
static void arrive(run_books *b, double time) { b->totals.last_arrival = time; }

static place hosts[TIER_COUNT] = {{.at = TIER_PHONE}, {.at = TIER_EDGE}, {.at = TIER_CLOUD}};

/* An event of some request that has `entered` the site, and computes since `since`. */
static void tell(run_books *b, event_kind kind, double now, double entered, double since) {
    request r = {.first = {.request = &r,
                           .place = &hosts[TIER_EDGE],
                           .entered = entered,
                           .since = since,
                           .own_seconds = now - since}};
    load_add(b, &s, &(event){.kind = kind, .now = now, .attempt = &r.first});
}

static void compute(run_books *b, double entered, double start, double end) {
    tell(b, start > entered ? EVENT_QUEUED : EVENT_ENTERED, entered, entered, 0);
    if (start > entered) tell(b, EVENT_DEQUEUED, start, entered, 0);
    tell(b, EVENT_COMPUTED, end, entered, start);
}

static size_t find(const run_books *b, overload found[PLACES]) { return overloads_find(&s.platform, b, found); }

TEST(names) {
    static const char *const NAMES[PLACES] = {"phones people", "edge site roof", "cloud region eu",
                                              "cell lte up",   "cell lte down",  "cell wifi",
                                              "cell wifi",     "uplink roof up", "uplink roof down"};
    char name[64];
    for (size_t i = 0; i < PLACES; i++) {
        place_info here = place_describe(&s.platform, i);
        place_name(&here, name, sizeof name);
        assert_string_equal(name, NAMES[i]);
        assert_int_equal(here.is_link, i >= LTE_UP);
        assert_int_equal(here.is_link && here.bandwidth == 0, i == WIFI_DOWN);
    }
}

TEST(paths) {
    size_t path[2];
    assert_int_equal(place_path(&s.platform, 0, TIER_PHONE, TIER_EDGE, path), 1);
    assert_int_equal(path[0], LTE_UP);
    assert_int_equal(place_path(&s.platform, 0, TIER_CLOUD, TIER_PHONE, path), 2);
    assert_int_equal(path[0], LTE_DOWN);
    assert_int_equal(path[1], UPLINK_DOWN);
    assert_int_equal(place_path(&s.platform, 1, TIER_EDGE, TIER_PHONE, path), 1); /* half duplex: the same both ways */
    assert_int_equal(path[0], WIFI);
    assert_int_equal(place_path(&s.platform, 1, TIER_EDGE, TIER_CLOUD, path), 1);
    assert_int_equal(path[0], UPLINK_UP);
}

/* 100 requests of 3 s in 100 s on two cores: 300 core-seconds for a capacity of 200. They begin to wait at 5 s. */
static run_books overfull(double window_start) {
    run_books b = open_books(window_start);
    for (int i = 0; i <= 100; i++) {
        arrive(&b, i);
        tell(&b, i < 5 ? EVENT_ENTERED : EVENT_QUEUED, i, i, 0);
    }
    for (int i = 0; i <= 100; i++) tell(&b, EVENT_COMPUTED, 1.5 * i + 3, i, 1.5 * i);
    b.totals.window_end = 153;
    return b;
}

TEST(more_came_than_it_can_do) {
    overload found[PLACES];
    run_books b = overfull(0);
    assert_int_equal(find(&b, found), 1);
    assert_int_equal(found[0].place, ROOF);
    assert_near(found[0].utilization, 303.0 / 200, 1e-12); /* 101 requests, the last one at the very end */
    assert_near(found[0].since, 5, 0);
    assert_near(load_utilization(&b.places[ROOF], &b.totals), 303.0 / (2 * 153), 1e-12);
    run_books_free(&b);
}

/* The warm-up ends at 50 s: 51 requests of 3 s in 50 s. Waiting is older than the window, and is told from its beginning. */
TEST(the_warm_up_does_not_count) {
    overload found[PLACES];
    run_books b = overfull(50);
    assert_int_equal(find(&b, found), 1);
    assert_near(found[0].utilization, 153.0 / 100, 1e-12);
    assert_near(found[0].since, 50, 0);
    run_books_free(&b);
}

/* What enters after the last arrival is no load: 100 requests of 1 s in 100 s, then 1,000 more from elsewhere. */
TEST(what_comes_after_the_last_arrival_does_not_count) {
    overload found[PLACES];
    run_books b = open_books(0);
    for (int i = 0; i <= 100; i++) {
        arrive(&b, i);
        compute(&b, i, i, i + 1);
    }
    for (int i = 0; i < 1000; i++) compute(&b, 100.5, 101 + i, 102 + i);
    b.totals.window_end = 1101;
    assert_int_equal(find(&b, found), 0);
    assert_near(b.places[ROOF].came.work, 101, 1e-12);
    /* another arrival, and they were before the last one: 1101 core-seconds for 2 x 101 */
    arrive(&b, 101);
    assert_int_equal(find(&b, found), 1);
    assert_near(found[0].utilization, 1101.0 / 202, 1e-12);
    assert_near(found[0].since, 100.5, 0);
    run_books_free(&b);
}

/* 101 requests of 1.5 s in 100 s fit into two cores; 100 refused ones with as much work do not. */
TEST(refused_work_counts_as_if_it_were_like_the_rest) {
    overload found[PLACES];
    run_books b = open_books(0);
    for (int i = 0; i <= 100; i++) {
        arrive(&b, i);
        compute(&b, i, i, i + 1.5);
    }
    b.totals.window_end = 101.5;
    assert_int_equal(find(&b, found), 0);
    for (int i = 0; i < 100; i++) tell(&b, EVENT_REFUSED, 7, 7, 0);
    assert_int_equal(find(&b, found), 1);
    assert_near(found[0].utilization, 201 * 1.5 / 200, 1e-12);
    assert_near(found[0].since, 7, 0);
    assert_int_equal(b.places[ROOF].arrivals, 201);
    assert_int_equal(b.places[ROOF].failed, 100);
    run_books_free(&b);
}

/* A burst of a few requests, a run of one, or none: nothing to be said. */
TEST(few_requests_say_nothing) {
    overload found[PLACES];
    run_books b = open_books(INFINITY);
    assert_int_equal(find(&b, found), 0);
    run_books_free(&b);
    for (int n = 1; n <= 29; n++) {
        b = open_books(0);
        arrive(&b, 0);
        for (int i = 0; i < n; i++) compute(&b, 0, i / 2, i / 2 + 1);
        assert_int_equal(find(&b, found), 0);
        run_books_free(&b);
    }
}

/* 2 % more than fits, in pieces of one second: within what chance does to 100 requests, and not to 100,000. */
TEST(chance_is_allowed_for) {
    overload found[PLACES];
    for (int n = 100; n <= 100000; n *= 1000) {
        run_books b = open_books(0);
        for (int i = 1; i <= n; i++) {
            arrive(&b, i / 2.04);
            compute(&b, i / 2.04, i / 2.0, i / 2.0 + 1);
        }
        assert_int_equal(find(&b, found), n > 100);
        run_books_free(&b);
    }
}

/* 1000 B every 0.5 s fill the cell's way down (2000 B/s), and are twice what the uplink carries (500 B/s x 2 s). */
TEST(links) {
    overload found[PLACES];
    run_books b = open_books(0);
    request r = {.first = {.request = &r,
                           .state = ATTEMPT_TRAVELS,
                           .place = &hosts[TIER_PHONE],
                           .sender = &hosts[TIER_CLOUD],
                           .sent = 1000}};
    for (int i = 1; i <= 1000; i++) {
        arrive(&b, 0.5 * i);
        load_add(&b, &s, &(event){.kind = EVENT_SENDING, .now = 0.5 * i, .attempt = &r.first});
    }
    for (int i = 1; i <= 1000; i++)
        load_add(&b, &s, &(event){.kind = i > 3 ? EVENT_ARRIVED : EVENT_LOST, .now = 1000, .attempt = &r.first});
    b.totals.window_end = 1000;
    assert_int_equal(find(&b, found), 1);
    assert_int_equal(found[0].place, UPLINK_DOWN);
    assert_near(found[0].utilization, 1000 * 2 / 500.0, 1e-12);
    assert_near(load_utilization(&b.places[LTE_DOWN], &b.totals), 0.5, 1e-12);
    assert_int_equal(b.places[LTE_DOWN].arrivals, 1000);
    assert_int_equal(b.places[LTE_DOWN].failed, 3);
    assert_int_equal(b.places[UPLINK_DOWN].waiting, 0);
    run_books_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(paths),
        cmocka_unit_test(more_came_than_it_can_do),
        cmocka_unit_test(the_warm_up_does_not_count),
        cmocka_unit_test(what_comes_after_the_last_arrival_does_not_count),
        cmocka_unit_test(refused_work_counts_as_if_it_were_like_the_rest),
        cmocka_unit_test(few_requests_say_nothing),
        cmocka_unit_test(chance_is_allowed_for),
        cmocka_unit_test(links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
