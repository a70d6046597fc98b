/* k-means with the seeding of k-means++. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clusters.h"

enum { MOST_ITERATIONS = 100 };

static const double *point(const point_cloud *cloud, uint32_t i) { return cloud->x + (size_t)i * cloud->size; }

static double square_distance(const double *a, const double *b, uint32_t size) {
    double sum = 0;
    for (uint32_t d = 0; d < size; d++) sum += (a[d] - b[d]) * (a[d] - b[d]);
    return sum;
}

/* Draws a point with probability in proportion to distance[i]; their sum is `total`, above 0. */
static uint32_t draw_far(const double *distance, uint32_t n, double total, random_stream *s) {
    double left = random_uniform(s) * total;
    uint32_t last = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (distance[i] <= 0) continue;
        last = i;
        if ((left -= distance[i]) < 0) break;
    }
    return last;
}

/* The first centre is any point; each next one a point drawn by its squared distance to the nearest centre so far. */
static uint32_t seed_centres(const point_cloud *cloud, uint32_t wanted, random_stream *s, double *centres,
                             double *distance) {
    uint32_t n = cloud->n, size = cloud->size;
    uint32_t chosen = (uint32_t)random_below(s, n), count = 0;
    for (uint32_t i = 0; i < n; i++) distance[i] = INFINITY;
    for (;;) {
        double total = 0,
               *centre = memcpy(centres + (size_t)count++ * size, point(cloud, chosen), size * sizeof *centre);
        for (uint32_t i = 0; i < n; i++) {
            distance[i] = fmin(distance[i], square_distance(point(cloud, i), centre, size));
            total += distance[i];
        }
        if (count == wanted || !(total > 0)) return count;
        chosen = draw_far(distance, n, total, s);
    }
}

/* Gives each point to its nearest centre; returns whether any of them moved. */
static bool assign(const point_cloud *cloud, const double *centres, uint32_t count, uint32_t *to) {
    uint32_t size = cloud->size;
    bool moved = false;
    for (uint32_t i = 0; i < cloud->n; i++) {
        double least = INFINITY;
        uint32_t best = 0;
        for (uint32_t c = 0; c < count; c++) {
            double distance = square_distance(point(cloud, i), centres + (size_t)c * size, size);
            if (distance < least) {
                least = distance;
                best = c;
            }
        }
        moved = moved || to[i] != best;
        to[i] = best;
    }
    return moved;
}

/* Moves each centre to the mean of its points; one without points stays where it is. */
static void move_centres(const point_cloud *cloud, double *centres, uint32_t count, const uint32_t *to,
                         uint32_t *members) {
    uint32_t size = cloud->size;
    memset(members, 0, count * sizeof *members);
    for (uint32_t i = 0; i < cloud->n; i++) {
        double *centre = centres + (size_t)to[i] * size;
        if (!members[to[i]]++) memset(centre, 0, size * sizeof *centre);
        for (uint32_t d = 0; d < size; d++) centre[d] += point(cloud, i)[d];
    }
    for (uint32_t c = 0; c < count; c++)
        for (uint32_t d = 0; members[c] && d < size; d++) centres[(size_t)c * size + d] /= members[c];
}

bool kmeans(const point_cloud *cloud, uint32_t wanted, random_stream *s, double *centres, uint32_t *count,
            portolan_error *err) {
    uint32_t n = cloud->n;
    double *distance = malloc(n * sizeof *distance);
    uint32_t *to = malloc(n * sizeof *to), *members = malloc(wanted * sizeof *members);
    bool ok = (distance && to && members) || error_memory(err, n * sizeof *distance);
    if (ok) {
        *count = seed_centres(cloud, wanted, s, centres, distance);
        for (uint32_t i = 0; i < n; i++) to[i] = UINT32_MAX;
        for (int k = 0; k < MOST_ITERATIONS && assign(cloud, centres, *count, to); k++)
            move_centres(cloud, centres, *count, to, members);
    }
    free(distance);
    free(to);
    free(members);
    return ok;
}
