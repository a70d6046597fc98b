/* Places: reading them, how far they are from each other, and a search for the nearest.
 *
 * A place is a point on the unit sphere. If c is the straight line between two such points, (c/2)^2 is the
 * haversine of the angle between them, so the smallest c^2 belongs to the smallest great-circle distance,
 * and there is no trouble at the poles or at 180 degrees. */
#include "places.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/csv.h"
#include "base/elementary.h"
#include "base/files.h"

/* Mean radius R1 of the Earth in metres (Moritz, "Geodetic Reference System 1980", J. Geodesy 74:128,
 * 2000). */
static const double EARTH_RADIUS = 6371008.7714;

static void to_sphere(const location *p, double at[3]) {
    double sine, cosine, east, north;
    portable_sine_cosine(p->latitude, &sine, &cosine);
    portable_sine_cosine(p->longitude, &east, &north);
    at[0] = cosine * north;
    at[1] = cosine * east;
    at[2] = sine;
}

static double chord_square(const double a[3], const double b[3]) {
    double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return x * x + y * y + z * z;
}

double location_distance(const location *a, const location *b) {
    double p[3], q[3];
    to_sphere(a, p);
    to_sphere(b, q);
    return 2 * EARTH_RADIUS * asin(fmin(1, sqrt(chord_square(p, q)) / 2));
}

/* ---- Reading ---- */

static bool append_place(location **places, uint64_t *count, size_t *room, location added, portolan_error *err) {
    if (!ARRAY_RESERVE(*places, *room, *count + 1, err)) return false;
    (*places)[(*count)++] = added;
    return true;
}

static bool read_places(csv_reader *r, uint64_t most, location **places, uint64_t *count, portolan_error *err) {
    size_t latitude, longitude, room = 0;
    csv_state state = CSV_END;
    location p;
    if (!csv_column(r, "latitude", &latitude, err) || !csv_column(r, "longitude", &longitude, err)) return false;
    while (*count < most && (state = csv_next(r, err)) == CSV_ROW)
        if (!csv_degrees(r, latitude, 90, &p.latitude, err) || !csv_degrees(r, longitude, 180, &p.longitude, err) ||
            !append_place(places, count, &room, p, err))
            return false;
    return state != CSV_FAILED &&
           (*count || error_input(err, r->mark, "has no row behind the header; a place a row is wanted"));
}

bool places_load(arena *memory, const char *path, uint64_t most, location **places, uint64_t *count,
                 portolan_error *err) {
    csv_reader r;
    location *read = NULL;
    *count = 0;
    if (!csv_open(&r, path, err)) return false;
    bool ok = read_places(&r, most, &read, count, err);
    csv_close(&r);
    *places = ok ? arena_alloc(memory, *count, sizeof **places) : NULL;
    if (*places)
        memcpy(*places, read, *count * sizeof **places);
    else if (ok)
        ok = error_memory(err, *count * sizeof **places);
    free(read);
    return ok;
}

static bool read_coordinate(const yaml_node *node, const char *what, double most, double *degrees,
                            portolan_error *err) {
    char why[256];
    if (!yaml_expect(node, YAML_SCALAR, what, err)) return false;
    if (!unit_parse(node->text, UNIT_PURE, degrees, why, sizeof why))
        return error_input(err, node->mark, "'%s': %s", what, why);
    return fabs(*degrees) <= most || error_input(err, node->mark, "'%s' is %.40s; degrees from -%g to %g are wanted",
                                                 what, node->text, most, most);
}

/* `place: [-37.81, 144.96]` */
static bool read_pair(arena *memory, const yaml_node *node, uint64_t count, const location **places,
                      portolan_error *err) {
    if (!yaml_expect(node, YAML_LIST, "'place'", err)) return false;
    if (node->count != 2)
        return error_input(err, node->mark, "'place' takes two numbers, [latitude, longitude], found %zu", node->count);
    if (count != 1)
        return error_input(err, node->mark, "'place' is for a count of 1, which is %llu here; write 'places: FILE.csv'",
                           (unsigned long long)count);
    location *p = arena_alloc(memory, 1, sizeof *p);
    *places = p;
    return p ? read_coordinate(node->items[0], "latitude", 90, &p->latitude, err) &&
                   read_coordinate(node->items[1], "longitude", 180, &p->longitude, err)
             : error_memory(err, sizeof *p);
}

/* A fault without a line, of a file that cannot be opened, is told where the file is named. */
static bool read_named(arena *memory, const yaml_node *node, uint64_t most, const location **places, uint64_t *rows,
                       portolan_error *err) {
    portolan_error inner = {0};
    location *read;
    const char *path = file_resolve(memory, node->mark.file, node->text, node->mark, err);
    if (!path) return false;
    if (places_load(memory, path, most, &read, rows, &inner)) {
        *places = read;
        return true;
    }
    if (inner.status == STATUS_WRONG_INPUT && !inner.line)
        return error_input(err, node->mark, "%s: %s", inner.file, inner.message);
    *err = inner;
    return false;
}

bool places_read(arena *memory, const yaml_node *map, uint64_t count, const location **places, uint64_t *rows,
                 portolan_error *err) {
    const yaml_node *file = yaml_find(map, "places"), *pair = yaml_find(map, "place");
    *places = NULL;
    *rows = pair ? 1 : 0;
    if (file && pair) return error_input(err, pair->mark, "takes either 'place' or 'places', not both");
    if (pair) return read_pair(memory, pair, count, places, err);
    return !file || read_named(memory, file, count + 1, places, rows, err);
}

bool places_read_each(arena *memory, const yaml_node *map, uint64_t count, const location **places,
                      portolan_error *err) {
    uint64_t rows;
    if (!places_read(memory, map, count, places, &rows, err)) return false;
    if (rows > count)
        return error_input(err, yaml_find(map, "places")->mark,
                           "%.400s has more rows than the count of %llu; raise 'count', or take rows away",
                           yaml_find(map, "places")->text, (unsigned long long)count);
    return !*places || rows == count ||
           error_input(err, yaml_find(map, "places")->mark,
                       "%.400s has %llu rows for a count of %llu; add rows, or write 'count: %llu'",
                       yaml_find(map, "places")->text, (unsigned long long)rows, (unsigned long long)count,
                       (unsigned long long)rows);
}

/* ---- The nearest ---- */

/* A place on the sphere and its index, to be sorted. */
typedef struct point {
    double at[3];
    uint32_t index;
} point;

static int compare_points(const void *a, const void *b) {
    const point *p = a, *q = b;
    for (int i = 2; i >= 0; i--)
        if (p->at[i] != q->at[i]) return p->at[i] < q->at[i] ? -1 : 1;
    return p->index < q->index ? -1 : 1;
}

/* Equal neighbours among the sorted points become one spot. */
static void gather(nearest *n, const point *points, size_t count) {
    for (size_t i = 0; i < count; i++) {
        spot *last = n->count ? &n->spots[n->count - 1] : NULL;
        n->members[i] = points[i].index;
        if (last && chord_square(last->at, points[i].at) == 0) {
            last->count++;
            continue;
        }
        n->spots[n->count++] = (spot){{points[i].at[0], points[i].at[1], points[i].at[2]}, (uint32_t)i, 1, 0};
    }
}

bool nearest_open(nearest *n, arena *memory, const location *places, size_t count, portolan_error *err) {
    point *points = malloc(count * sizeof *points);
    *n = (nearest){.spots = arena_alloc(memory, count, sizeof *n->spots),
                   .members = arena_alloc(memory, count, sizeof *n->members)};
    bool ok = (points && n->spots && n->members) || error_memory(err, count * sizeof *points);
    for (size_t i = 0; ok && i < count; i++) {
        to_sphere(&places[i], points[i].at);
        points[i].index = (uint32_t)i;
    }
    if (ok) {
        qsort(points, count, sizeof *points, compare_points);
        gather(n, points, count);
    }
    free(points);
    return ok;
}

/* The first spot whose at[2] is `z` or more. */
static size_t first_from(const nearest *n, double z) {
    size_t low = 0, high = n->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (n->spots[middle].at[2] < z)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct best_spot {
    uint32_t index;
    double distance; /* c^2 */
} best_spot;

/* Looks at spot number i; false if neither it nor any beyond it can be nearer than the best. */
static bool look(const nearest *n, size_t i, const double at[3], best_spot *best) {
    const spot *s = &n->spots[i];
    double z = s->at[2] - at[2], distance = chord_square(s->at, at);
    if (z * z > best->distance) return false;
    if (distance < best->distance ||
        (distance == best->distance && n->members[s->first] < n->members[n->spots[best->index].first]))
        *best = (best_spot){(uint32_t)i, distance};
    return true;
}

/* From the latitude of the place to the south and to the north, until the latitude alone is too far away. */
uint32_t nearest_spot(const nearest *n, const location *from) {
    double at[3];
    best_spot best = {0, INFINITY};
    to_sphere(from, at);
    size_t middle = first_from(n, at[2]);
    for (size_t i = middle; i < n->count && look(n, i, at, &best);) i++;
    for (size_t i = middle; i > 0 && look(n, i - 1, at, &best);) i--;
    return best.index;
}

uint32_t nearest_take(nearest *n, uint32_t spot_index) {
    spot *s = &n->spots[spot_index];
    uint32_t taken = n->members[s->first + s->next];
    s->next = (s->next + 1) % s->count;
    return taken;
}
