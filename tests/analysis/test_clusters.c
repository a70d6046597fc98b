/* k-means and mixtures: the draws of k-means++ by their probabilities, clusters by hand, fixed points by their definitions. */
#include "analysis/cartography/clusters.h"
#include "tests/support.h"

/* ---- k-means ---- */

/* Points 0, 1 and 3, two centres and no step of Lloyd's that could hide them: with two centres among three points each point's
 * cluster settles at once. The first centre is each with 1/3. From 0 the squares are 1 and 9: the second is 1 with 1/10, 3 with
 * 9/10; from 1: 0 with 1/5, 3 with 4/5; from 3: 0 with 9/13, 1 with 4/13. Clusters {0, 1} {3} come of the pairs (0,3), (1,3),
 * (3,0), (3,1); {0} {1, 3} of (0,1) and (1,0), where 3 is nearer to 1: (1/10 + 1/5) / 3 = 1/10. But then the centres are 0 and
 * 2, and 1 is as near to either: it goes to the first, which is 0 in (0,1), and Lloyd ends at {0, 1} {3}; in (1,0) it stays. So
 * {0} {1, 3} remains with probability 1/15. Of 6,000 seeds 400 then, +- 4 sqrt(6000 / 15 x 14 / 15) = 77. */
TEST(seeds_are_drawn_by_square_distance) {
    static const double X[] = {0, 1, 3};
    double centres[2];
    uint32_t count, apart = 0;
    portolan_error err = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        random_stream s = random_open(seed, "test", 0);
        assert_true(kmeans(&(point_cloud){X, 3, 1}, 2, &s, centres, &count, &err));
        assert_int_equal(count, 2);
        double low = fmin(centres[0], centres[1]), high = fmax(centres[0], centres[1]);
        bool together = low == .5 && high == 3;
        assert_true(together || (low == 0 && high == 2));
        apart += !together;
    }
    assert_in_range(apart, 400 - 77, 400 + 77);
}

enum { POINTS = 400, SIZE = 3 };
static double points[POINTS][SIZE];

static void make_points(uint64_t seed) {
    random_stream s = random_open(seed, "points", 0);
    for (int i = 0; i < POINTS; i++)
        for (int d = 0; d < SIZE; d++) points[i][d] = random_normal(&s) + (d == 0 ? 2 * (i % 3) : 0);
}

/* At the end each centre is the mean of the points to which it is nearest. */
TEST(centres_are_means_of_their_points) {
    enum { K = 7 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        double centres[K][SIZE], sums[K][SIZE] = {{0}};
        uint32_t count, members[K] = {0};
        portolan_error err = {0};
        make_points(seed);
        random_stream s = random_open(seed, "test", 0), same = s;
        assert_true(kmeans(&(point_cloud){&points[0][0], POINTS, SIZE}, K, &s, &centres[0][0], &count, &err));
        assert_int_equal(count, K);
        for (int i = 0; i < POINTS; i++) {
            int best = 0;
            double least = INFINITY;
            for (int c = 0; c < K; c++) {
                double x = points[i][0] - centres[c][0], y = points[i][1] - centres[c][1],
                       z = points[i][2] - centres[c][2];
                if (x * x + y * y + z * z < least) least = x * x + y * y + z * z, best = c;
            }
            members[best]++;
            for (int d = 0; d < SIZE; d++) sums[best][d] += points[i][d];
        }
        for (int c = 0; c < K; c++)
            for (int d = 0; d < SIZE; d++) assert_within(centres[c][d], sums[c][d] / members[c], 1e-12);
        double again[K][SIZE];
        assert_true(kmeans(&(point_cloud){&points[0][0], POINTS, SIZE}, K, &same, &again[0][0], &count, &err));
        assert_memory_equal(again, centres, sizeof centres);
    }
}

TEST(no_more_centres_than_distinct_points) {
    static const double X[] = {1, 2, 1, 2, 1, 2, 5, 5};
    double centres[8];
    uint32_t count;
    portolan_error err = {0};
    random_stream s = random_open(1, "test", 0);
    assert_true(kmeans(&(point_cloud){X, 4, 2}, 4, &s, centres, &count, &err));
    assert_int_equal(count, 2);
    assert_true((centres[0] == 1 && centres[2] == 5) || (centres[0] == 5 && centres[2] == 1));
}

/* ---- Mixtures ---- */

/* Two far clumps, of which each point belongs to one: shares 3/4 and 1/4, means 1 and 1000, variances ((1)^2 + 0 + 1) / 3 =
 * 2/3, and of one point the floor, 1e-3 of the column's variance, 187,000.5 or so. */
TEST(a_mixture_by_hand) {
    static const double X[] = {0, 1, 2, 1000};
    float numbers[6];
    mixture m = {2, 1, numbers, numbers + 2, numbers + 4};
    portolan_error err = {0};
    random_stream s = random_open(1, "test", 0);
    double mean = 1003 / 4., floor = 0, shares[2];
    for (int i = 0; i < 4; i++) floor += 1e-3 * (X[i] - mean) * (X[i] - mean) / 4;
    assert_true(mixture_fit(&m, X, 4, &s, &err));
    int near = m.means[0] < 500 ? 0 : 1;
    assert_within((double)m.weights[near], .75, 1e-6);
    assert_within((double)m.weights[1 - near], .25, 1e-6);
    assert_within((double)m.means[near], 1, 1e-5);
    assert_within((double)m.means[1 - near], 1000, 1e-3);
    assert_within((double)m.variances[near] / floor, 1, 1e-5);
    assert_within((double)m.variances[1 - near] / floor, 1, 1e-5);
    double log_density = mixture_shares(&m, (double[]){1}, shares);
    assert_within(log_density, log(.75 / sqrt(2 * 3.14159265358979 * floor)), 1e-5);
    assert_within(shares[near], 1, 1e-9);
}

/* Wanted are more components than there are points: the others have no weight, and no share in anything. */
TEST(empty_components) {
    static const double X[] = {0, 0, 4, 4};
    float numbers[9];
    double shares[3];
    mixture m = {3, 1, numbers, numbers + 3, numbers + 6};
    portolan_error err = {0};
    random_stream s = random_open(1, "test", 0);
    assert_true(mixture_fit(&m, X, 4, &s, &err));
    assert_near(m.weights[2], 0, 0);
    assert_within((double)m.weights[0], .5, 1e-6);
    assert_true(isfinite(mixture_shares(&m, X, shares)));
    assert_near(shares[2], 0, 0);
    assert_true(isfinite(mixture_shares(&m, (double[]){1e6}, shares)));
}

/* At the end each component's weight, mean and variance are those of the points, weighed by its shares of them; here computed
 * plainly, with a logarithm a dimension. The fit stops when it gains less than 1e-6, so a little is left. */
TEST(a_mixture_is_a_fixed_point) {
    enum { K = 3 };
    float numbers[K * (2 * SIZE + 1)];
    double weight[K] = {0}, mean[K][SIZE] = {{0}}, variance[K][SIZE] = {{0}}, mine[POINTS][K];
    mixture m = {K, SIZE, numbers, numbers + K * SIZE, numbers + 2 * K * SIZE};
    portolan_error err = {0};
    make_points(3);
    random_stream s = random_open(3, "test", 0);
    assert_true(mixture_fit(&m, &points[0][0], POINTS, &s, &err));
    for (int i = 0; i < POINTS; i++) {
        double sum = 0, shares[K];
        for (int c = 0; c < K; c++) {
            mine[i][c] = (double)m.weights[c];
            for (int d = 0; d < SIZE; d++) {
                double v = (double)m.variances[c * SIZE + d], off = points[i][d] - (double)m.means[c * SIZE + d];
                mine[i][c] *= exp(-off * off / v / 2) / sqrt(2 * 3.14159265358979323846 * v);
            }
            sum += mine[i][c];
        }
        assert_within(mixture_shares(&m, points[i], shares), log(sum), 1e-9);
        for (int c = 0; c < K; c++) {
            mine[i][c] /= sum;
            assert_within(shares[c], mine[i][c], 1e-9);
            weight[c] += mine[i][c];
            for (int d = 0; d < SIZE; d++) mean[c][d] += mine[i][c] * points[i][d];
        }
    }
    for (int c = 0; c < K; c++) {
        assert_within((double)m.weights[c], weight[c] / POINTS, .01);
        for (int d = 0; d < SIZE; d++) {
            mean[c][d] /= weight[c];
            for (int i = 0; i < POINTS; i++)
                variance[c][d] += mine[i][c] * (points[i][d] - mean[c][d]) * (points[i][d] - mean[c][d]) / weight[c];
            assert_within((double)m.means[c * SIZE + d], mean[c][d], .03);
            assert_within((double)m.variances[c * SIZE + d], variance[c][d], .05);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_drawn_by_square_distance),
        cmocka_unit_test(centres_are_means_of_their_points),
        cmocka_unit_test(no_more_centres_than_distinct_points),
        cmocka_unit_test(a_mixture_by_hand),
        cmocka_unit_test(empty_components),
        cmocka_unit_test(a_mixture_is_a_fixed_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
