/* Places: distances by hand, the nearest of three by three, and every fault of a file of places. */
#include "base/random.h"
#include "platforms/places.h"
#include "tests/support.h"

#define EARTH 6371008.7714 /* metres */

static void write_text(const char *name, const char *text) {
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static platform read(const char *text) {
    yaml_document doc = document_of(text);
    platform p;
    portolan_error err = {0};
    if (!platform_read(&p, doc.root, 1, &err)) fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    yaml_unload(&doc);
    return p;
}

#define REGION "regions: [{name: cloud, server: test-cloud}]\n"
#define SITE   "{name: edge, server: test-edge, backhaul: test-wire, region: cloud"
#define CELL   "{name: cell, link: test-cell, site: edge"
#define PHONE  "{device: test-phone, cell: cell"

/* ---- Distance ---- */

TEST(distances_by_hand) {
    location origin = {0, 0}, east = {0, 1}, north = {90, 0}, south = {-90, 17}, back = {0, 180};
    /* along the equator 1 degree is R pi / 180; from pole to pole R pi */
    assert_near(location_distance(&origin, &east), EARTH * 0.017453292519943295, 1e-12);
    assert_near(location_distance(&origin, &north), EARTH * 1.5707963267948966, 1e-12);
    assert_near(location_distance(&north, &south), EARTH * 3.1415926535897932, 1e-12);
    assert_near(location_distance(&origin, &back), EARTH * 3.1415926535897932, 1e-12);
    assert_true(location_distance(&east, &east) == 0);
    /* at 60 degrees north, 90 degrees apart: the haversine is cos(60)^2 sin(45)^2 = 1/4 x 1/2 = 1/8,
     * the distance 2 R asin(sqrt(1/8)) = 2 R x 0.361367123906708 */
    location a = {60, 10}, b = {60, 100};
    assert_near(location_distance(&a, &b), 2 * EARTH * 0.361367123906708, 1e-12);
    /* across 180 degrees: 2 degrees of the equator, not 358 */
    location fiji = {0, 179}, samoa = {0, -179};
    assert_near(location_distance(&fiji, &samoa), EARTH * 2 * 0.017453292519943295, 1e-12);
    /* a metre is still a metre: 1e-5 degrees of latitude */
    location here = {-37.81, 144.96}, there = {-37.81001, 144.96};
    assert_near(location_distance(&here, &there), EARTH * 1e-5 * 0.017453292519943295, 1e-8);
}

/* The haversine as it is written everywhere, against the chord. */
TEST(distances_as_the_haversine) {
    random_stream s = random_open(1, "places", 0);
    for (int i = 0; i < 1000; i++) {
        location a = {180 * random_uniform(&s) - 90, 360 * random_uniform(&s) - 180};
        location b = {180 * random_uniform(&s) - 90, 360 * random_uniform(&s) - 180};
        double to_radians = 0.017453292519943295, u = sin((a.latitude - b.latitude) / 2 * to_radians);
        double v = sin((a.longitude - b.longitude) / 2 * to_radians);
        double h = u * u + cos(a.latitude * to_radians) * cos(b.latitude * to_radians) * v * v;
        assert_near(location_distance(&a, &b), 2 * EARTH * asin(sqrt(h)), 1e-7); /* steep where h is near 1 */
    }
}

/* ---- The nearest ---- */

/* Against a look at each: many places, among them equal ones, near the pole and across 180 degrees. */
TEST(nearest_as_by_looking_at_each) {
    enum { PLACES = 200 };
    location places[PLACES];
    random_stream s = random_open(2, "places", 0);
    for (int i = 0; i < PLACES; i++)
        places[i] = i % 5 == 4 ? places[i - 3]
                               : (location){i < 50 ? 90 - random_uniform(&s) : 2 * random_uniform(&s) - 1,
                                            360 * random_uniform(&s) - 180};
    arena memory = {0};
    nearest n;
    portolan_error err = {0};
    assert_true(nearest_open(&n, &memory, places, PLACES, &err));
    assert_int_equal(n.count, 160);
    for (int k = 0; k < 2000; k++) {
        location from = {k % 2 ? 90 - random_uniform(&s) : 4 * random_uniform(&s) - 2, 360 * random_uniform(&s) - 180};
        double least = INFINITY;
        for (int i = 0; i < PLACES; i++) least = fmin(least, location_distance(&from, &places[i]));
        uint32_t found = n.members[n.spots[nearest_spot(&n, &from)].first];
        assert_near(location_distance(&from, &places[found]), least, 1e-9);
    }
    arena_free(&memory);
}

/* Sites on the equator at 0, 10 and 20 degrees east; cells at 1, 19 and 11 join the first, third and
 * second, which taken in turn they would not; phones at 12, 2, 18, and 2 again join cells 3, 1, 2, and 1. */
TEST(nearest_of_three_by_three) {
    write_text("sites.csv", "Latitude,Longitude\n0,0\n0,10\n0,20\n");
    write_text("cells.csv", "id,LATITUDE,LONGITUDE\na,0,1\nb,0,19\nc,0,11\n");
    write_text("phones.csv", "longitude,name,latitude\n12,\"x, y\",1\n2,z,-1\n18,,0\n");
    platform p = read("sites: [" SITE ", count: 3, places: sites.csv}]\n"
                      "cells: [" CELL ", count: 3, places: cells.csv}]\n"
                      "phones: [" PHONE ", count: 5, places: phones.csv}]\n" REGION);
    const uint32_t sites[] = {0, 2, 1}, cells[] = {2, 0, 1, 2, 0};
    for (int i = 0; i < 3; i++) assert_int_equal(p.cells[i].site, sites[i]);
    for (int i = 0; i < 5; i++) assert_int_equal(p.phones[i].cell, cells[i]);
    assert_int_equal(p.cells[0].phones, 2);
    assert_int_equal(p.cells[1].phones, 1);
    assert_true(platform_phone_place(&p, 4)->longitude == 2); /* the rows again */
    platform_free(&p);
}

/* A cell without places lies at its site: cells 1 and 3 at the first one, 2 and 4 at the second. Phones of
 * one place join the cells that lie there in turn. */
TEST(cells_lie_at_their_sites) {
    write_text("sites.csv", "latitude,longitude\n0,0\n0,10\n");
    write_text("phones.csv", "latitude,longitude\n1,9\n");
    platform p = read("sites: [" SITE ", count: 2, places: sites.csv}]\n"
                      "cells: [" CELL ", count: 4}]\n"
                      "phones: [" PHONE ", count: 3, places: phones.csv}]\n" REGION);
    const uint32_t cells[] = {1, 3, 1};
    for (int i = 0; i < 3; i++) assert_int_equal(p.phones[i].cell, cells[i]);
    assert_ptr_equal(p.cells[3].at, p.sites[1].at);
    platform_free(&p);
}

/* Places on one side alone change nothing: all are spread in turn. */
TEST(places_on_one_side_change_nothing) {
    write_text("phones.csv", "latitude,longitude\n0,0\n");
    platform p = read("sites: [" SITE "}]\ncells: [" CELL ", count: 2}]\n"
                      "phones: [" PHONE ", count: 4, places: phones.csv}]\n" REGION);
    for (uint32_t i = 0; i < 4; i++) assert_int_equal(p.phones[i].cell, i % 2);
    assert_true(platform_has_places(&p));
    platform_free(&p);
    p = read("sites: [" SITE ", place: [1, 2]}]\ncells: [" CELL ", count: 2}]\n"
             "phones: [" PHONE ", count: 4}]\n" REGION);
    for (uint32_t i = 0; i < 4; i++) assert_int_equal(p.phones[i].cell, i % 2);
    assert_null(platform_phone_place(&p, 0));
    platform_free(&p);
    p = read("sites: [" SITE "}]\ncells: [" CELL "}]\nphones: [" PHONE ", count: 4}]\n" REGION);
    assert_false(platform_has_places(&p));
    platform_free(&p);
}

/* ---- What is written ---- */

static char *places_of(const platform *p, uint64_t most) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    platform_write_places(p, most, out);
    fclose(out);
    return text;
}

TEST(places_are_written) {
    write_text("phones.csv", "latitude,longitude\n0.5,-0.25\n0,1\n");
    platform p = read("sites: [" SITE ", place: [0, -1.5]}]\ncells: [" CELL ", place: [1, 1]}]\n"
                      "phones: [{name: dark, count: 2, device: test-phone, cell: cell}, " PHONE
                      ", count: 4, places: phones.csv}]\n" REGION);
    char *all = places_of(&p, 100), *some = places_of(&p, 2);
    assert_string_equal(all, "kind,name,latitude,longitude,attached_to\nsite,edge,0,-1.5,cloud\ncell,cell,1,1,edge\n"
                             "phone,2,0.5,-0.25,cell\nphone,3,0,1,cell\nphone,4,0.5,-0.25,cell\nphone,5,0,1,cell\n");
    assert_string_equal(some, "kind,name,latitude,longitude,attached_to\nsite,edge,0,-1.5,cloud\ncell,cell,1,1,edge\n"
                              "phone,3,0,1,cell\nphone,5,0,1,cell\n"); /* every second one */
    free(all);
    free(some);
    platform_free(&p);
}

/* ---- Faults ---- */

typedef struct malformed {
    const char *csv;
    unsigned line, column;
    const char *fragment;
} malformed;

static const malformed FILES[] = {
    {"", 3, 0, "bad.csv: a header line is missing"},
    {"latitude,longitude\n", 1, 0, "has no row behind the header"},
    {"lat,longitude\n1,2\n", 1, 1, "there is no column 'latitude'; there are: lat, longitude"},
    {"latitude,lon\n1,2\n", 1, 1, "there is no column 'longitude'"},
    {"latitude,longitude\n1,2\nnorth,2\n", 3, 1, "'latitude' is 'north'; degrees from -90 to 90 are wanted"},
    {"latitude,longitude\n\n1,2\n\n1,\n", 5, 3, "'longitude' is ''; degrees from -180 to 180 are wanted"},
    {"latitude,longitude\n90.001,2\n", 2, 1, "'latitude' is '90.001'; degrees from -90 to 90 are wanted"},
    {"latitude,longitude\n1,-181\n", 2, 3, "'longitude' is '-181'; degrees from -180 to 180 are wanted"},
    {"latitude,longitude\nnan,1\n", 2, 1, "'latitude' is 'nan'"},
    {"latitude,longitude\n1\n", 2, 0, "has 1 field; the header has 2"},
    {"latitude,longitude\n1,\"2\n", 2, 0, "quotes that do not close"},
};

static void refuse(const char *text, unsigned line, unsigned column, const char *fragment) {
    yaml_document doc = document_of(text);
    platform p;
    portolan_error err = {0};
    assert_false(platform_read(&p, doc.root, 1, &err));
    assert_input_error(&err, line, column, fragment);
    yaml_unload(&doc);
}

#define FOUR(sites, cells, phones) \
    "sites:\n  - " SITE sites "}\ncells:\n  - " CELL cells "}\nphones:\n  - " PHONE phones "}\n" REGION

TEST(faults_of_files) {
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        const malformed *m = &FILES[i];
        write_text("bad.csv", m->csv);
        unsigned line = *m->csv ? m->line : 6, column = *m->csv ? m->column : 56;
        refuse(FOUR("", "", ", count: 3, places: bad.csv"), line, column, m->fragment);
    }
}

TEST(faults_of_entries) {
    write_text("two.csv", "latitude,longitude\n1,2\n3,4\n");
    refuse(FOUR(", count: 3, places: two.csv", "", ", count: 1"), 2, 91,
           "two.csv has 2 rows for a count of 3; add rows, or write 'count: 2'");
    refuse(FOUR("", ", count: 3, places: two.csv", ", count: 1"), 4, 65, "two.csv has 2 rows for a count of 3");
    refuse(FOUR(", count: 1, places: two.csv", "", ", count: 1"), 2, 91, "two.csv has more rows than the count of 1");
    refuse(FOUR("", "", ", count: 1, places: none.csv"), 6, 56, "none.csv: cannot open: No such file");
    refuse(FOUR("", "", ", count: 1, places: /dev/zero"), 6, 56, "is not a regular file");
    refuse(FOUR("", "", ", count: 1, places: [1, 2]"), 6, 56, "places must be a single value");
    refuse(FOUR(", count: 2, place: [1, 2]", "", ", count: 1"), 2, 90, "'place' is for a count of 1, which is 2 here");
    refuse(FOUR(", place: [1, 2], places: two.csv", "", ", count: 1"), 2, 80, "either 'place' or 'places'");
    refuse(FOUR(", place: [1]", "", ", count: 1"), 2, 80, "'place' takes two numbers, [latitude, longitude], found 1");
    refuse(FOUR(", place: 1", "", ", count: 1"), 2, 80, "'place' must be a list");
    refuse(FOUR(", place: [91, 2]", "", ", count: 1"), 2, 81, "'latitude' is 91; degrees from -90 to 90 are wanted");
    refuse(FOUR(", place: [9, x]", "", ", count: 1"), 2, 84, "'longitude'");
    unsetenv("PORTOLAN_DATA");
    refuse(FOUR("", "", ", count: 1, places: $PORTOLAN_DATA/x.csv"), 6, 56, "needs the environment variable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_by_hand),
        cmocka_unit_test(distances_as_the_haversine),
        cmocka_unit_test(nearest_as_by_looking_at_each),
        cmocka_unit_test(nearest_of_three_by_three),
        cmocka_unit_test(cells_lie_at_their_sites),
        cmocka_unit_test(places_on_one_side_change_nothing),
        cmocka_unit_test(places_are_written),
        cmocka_unit_test(faults_of_files),
        cmocka_unit_test(faults_of_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
