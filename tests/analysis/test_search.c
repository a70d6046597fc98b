/* The search for thresholds against brute force, exit pools against their definition, evaluations by hand, and logistic
 * regression against the conditions of its optimum. */
#include "analysis/cartography/cartography.h"
#include "base/random.h"
#include "tests/support.h"

enum { FIT = 300, HELD = 90, SIZE = 5 };

/* ---- Made-up samples, whose v goes along with their place on the map ---- */

static double confidence[FIT], variability[FIT], v[FIT][SIZE];
static double held_v[HELD][SIZE], held_gain[HELD][POOLS];
static bool held_right[HELD][POOLS];
static fitting f = {FIT, SIZE, confidence, variability, &v[0][0], 1};
static evaluation_set held = {.samples = HELD,
                              .size = SIZE,
                              .v = &held_v[0][0],
                              .gain = held_gain,
                              .right = held_right};
static const prices PRICES = {.cost = {0.25, 0.75, 1.5}, .mu_cost = 0.1};

static void make_samples(bool exits) {
    random_stream s = random_open(11, "samples", exits);
    for (int i = 0; i < FIT; i++) {
        confidence[i] = random_uniform(&s);
        variability[i] = exits ? -random_uniform(&s) * confidence[i] : random_uniform(&s) / 2;
        for (int d = 0; d < SIZE; d++)
            v[i][d] = random_normal(&s) + (d == 0 ? 3 * confidence[i] : d == 1 ? 4 * variability[i] : 0);
    }
    for (int i = 0; i < HELD; i++) {
        double ease = random_uniform(&s);
        for (int d = 0; d < SIZE; d++) held_v[i][d] = random_normal(&s) + (d == 0 ? 3 * ease : 0);
        for (int k = 0; k < POOLS; k++) {
            held_right[i][k] = random_uniform(&s) < 0.4 + 0.4 * ease + 0.1 * k;
            held_gain[i][k] = held_right[i][k];
        }
    }
}

static router make_router(int method, int distance) {
    router r = {.method = method, .distance = distance, .size = SIZE, .count = 1};
    portolan_error err = {0};
    assert_true(router_allocate(&r, &err));
    return r;
}

static evaluation evaluate(const router *r) {
    uint8_t to[HELD];
    for (uint32_t i = 0; i < HELD; i++) to[i] = (uint8_t)router_assign(r, held_v[i]);
    return evaluation_of(&held, to, &PRICES);
}

static bool is_better(const search_settings *s, const evaluation *x, const evaluation *than) {
    if (s->objective == OBJECTIVE_REWARD) return x->reward > than->reward + 1e-12;
    return x->drop <= s->drop && x->saving > than->saving + 1e-12;
}

/* Every point of the surface is what a router fitted at its thresholds gives, and none beats the chosen one. */
static void compare_with_brute_force(int method, int distance, const search_settings *s) {
    router r = make_router(method, distance), one = make_router(method, distance);
    surface found;
    portolan_error err = {0};
    assert_true(router_search(&r, &f, &held, s, &found, &err));
    evaluation best = evaluate(&r);
    assert_true(found.count > 100);
    for (size_t i = 0; i < found.count; i++) {
        const surface_point *p = &found.points[i];
        assert_true(router_fit(&one, &f, p->thresholds[0], p->thresholds[1], &err));
        evaluation e = evaluate(&one);
        assert_memory_equal(&e, &p->gives, sizeof e);
        assert_false(is_better(s, &e, &best));
    }
    assert_memory_equal(&best, &found.points[found.chosen].gives, sizeof best);
    if (s->objective == OBJECTIVE_MAX_SAVING) assert_true(best.drop <= s->drop);
    surface_free(&found);
    router_free(&r);
    router_free(&one);
}

TEST(search_equals_brute_force) {
    search_settings reward = {.fixed = {NAN, NAN}, .prices = PRICES};
    search_settings saving = {.objective = OBJECTIVE_MAX_SAVING, .drop = 2, .fixed = {NAN, NAN}, .prices = PRICES};
    for (int method = METHOD_CARTOGRAPHY; method <= METHOD_EXIT_POOLS; method++) {
        make_samples(method == METHOD_EXIT_POOLS);
        for (int distance = DISTANCE_L2; distance <= DISTANCE_COSINE; distance++) {
            compare_with_brute_force(method, distance, &reward);
            compare_with_brute_force(method, distance, &saving);
        }
    }
}

/* A pool's mean is the mean of its samples; an empty pool is dropped. */
TEST(means_of_pools) {
    static const double CONFIDENCE[] = {0.9, 0.9, 0.8, 0.1}, VARIABILITY[] = {0.1, 0.2, 0.4, 0.1};
    static const double V[] = {1, 10, 3, 20, 5, 5, 7, 7};
    fitting four = {4, 2, CONFIDENCE, VARIABILITY, V, 1};
    router r = {.size = 2, .count = 1};
    portolan_error err = {0};
    assert_true(router_allocate(&r, &err));
    assert_true(router_fit(&r, &four, 0.5, 0.2, &err));
    static const float WANTED[] = {2, 15, 5, 5, 7, 7};
    assert_memory_equal(r.rows, WANTED, sizeof WANTED);
    assert_int_equal(r.samples[POOL_EASY], 2);
    assert_true(router_fit(&r, &four, 0.05, 0.2, &err));
    assert_int_equal(r.stands[POOL_HARD], 0);
    assert_int_equal(r.samples[POOL_EASY], 3);
    router_free(&r);
}

/* Exit pools by their definition: the first exit whose confidence reaches t. Largest confidences up to the phone's exit .6,
 * up to the edge's .8; in the coordinates of the map, confidence .8 and variability -.6. */
TEST(exit_pools_by_definition) {
    assert_int_equal(pool_at(0.8, -0.6, 0.5, -0.5), POOL_EASY);
    assert_int_equal(pool_at(0.8, -0.6, 0.6, -0.6), POOL_EASY);
    assert_int_equal(pool_at(0.8, -0.6, 0.7, -0.7), POOL_MEDIUM);
    assert_int_equal(pool_at(0.8, -0.6, 0.8, -0.8), POOL_MEDIUM);
    assert_int_equal(pool_at(0.8, -0.6, 0.9, -0.9), POOL_HARD);
}

TEST(given_thresholds_are_kept) {
    make_samples(false);
    search_settings s = {.fixed = {0.5, 0.2}, .prices = PRICES};
    router r = make_router(METHOD_CARTOGRAPHY, DISTANCE_L2);
    surface found;
    portolan_error err = {0};
    assert_true(router_search(&r, &f, &held, &s, &found, &err));
    assert_int_equal(found.count, 1);
    assert_near(r.thresholds[0], 0.5, 0);
    assert_near(r.thresholds[1], 0.2, 0);
    surface_free(&found);
    evaluation_set none = {.size = SIZE};
    assert_true(router_search(&r, &f, &none, &s, &found, &err));
    surface_free(&found);
    s.fixed[1] = NAN;
    assert_false(router_search(&r, &f, &none, &s, &found, &err));
    assert_non_null(strstr(err.message, "no held-out samples"));
    router_free(&r);
}

/* The cloud is always right, the others never: nothing but the cloud keeps to a drop of half a point. */
TEST(cloud_alone_where_nothing_else_will_do) {
    make_samples(false);
    for (int i = 0; i < HELD; i++)
        for (int k = 0; k < POOLS; k++) held_right[i][k] = k == POOL_HARD;
    search_settings s = {.objective = OBJECTIVE_MAX_SAVING, .drop = 0.5, .fixed = {0, NAN}, .prices = PRICES};
    router r = make_router(METHOD_CARTOGRAPHY, DISTANCE_L2);
    surface found;
    portolan_error err = {0};
    assert_true(router_search(&r, &f, &held, &s, &found, &err));
    assert_false(found.satisfied);
    assert_false(r.stands[POOL_EASY] || r.stands[POOL_MEDIUM]);
    assert_int_equal(router_assign(&r, held_v[0]), POOL_HARD);
    surface_free(&found);
    router_free(&r);
}

/* ---- Evaluations ---- */

/* Four samples to phone, edge, cloud, cloud: right 1, 0, 1, 1 of them; the cloud would be right about 1, 1, 1, 1. Costs
 * (.25 + .75 + 1.5 + 1.5) / 4 = 1; saving 1/3; drop 25 points; reward (.9 + .4 + .8 + .7) / 4 - .1. */
TEST(evaluation_by_hand) {
    double gain[4][POOLS] = {{.9, 0, 0}, {0, .4, 0}, {0, 0, .8}, {0, 0, .7}};
    bool right[4][POOLS] = {{1, 1, 1}, {0, 0, 1}, {0, 0, 1}, {0, 1, 1}};
    evaluation_set j = {.samples = 4, .gain = gain, .right = right};
    evaluation found = evaluation_of(&j, (uint8_t[]){0, 1, 2, 2}, &PRICES);
    assert_within(found.accuracy, 0.75, 1e-15);
    assert_within(found.drop, 25, 1e-12);
    assert_within(found.cost, 1, 1e-15);
    assert_within(found.saving, 1.0 / 3, 1e-15);
    assert_within(found.reward, 0.6, 1e-15);
    assert_within(found.shares[POOL_HARD], 0.5, 0);
    assert_int_equal(evaluation_oracle(&j, 0, &PRICES), POOL_EASY);
    assert_int_equal(evaluation_oracle(&j, 1, &PRICES), POOL_HARD);
    assert_int_equal(evaluation_oracle(&j, 3, &PRICES), POOL_MEDIUM);
    right[1][POOL_HARD] = false;
    assert_int_equal(evaluation_oracle(&j, 1, &PRICES), POOL_EASY);
}

TEST(gains_by_hand) {
    static const double P[] = {0.2, 0.8};
    assert_near(exit_gain(GAIN_CORRECT, 1, 0.8, P, 1), 1, 0);
    assert_near(exit_gain(GAIN_CORRECT, 1, 0.8, P, 0), 0, 0);
    assert_near(exit_gain(GAIN_TRUE_LABEL, 1, 0.8, P, 0), 0.2, 0);
    assert_near(exit_gain(GAIN_MAX_SOFTMAX, 1, 0.8, P, 0), 0.8, 0);
}

/* ---- Logistic regression ---- */

/* At the optimum the gradient is zero: for each standardised column, sum (p - y) x + w = 0, and sum (p - y) = 0 for the
 * bias. The means, scales and probabilities are computed here. The objective is strictly convex, so there is one optimum. */
TEST(logistic_regression_is_optimal) {
    make_samples(false);
    double weights[SIZE], bias, residual[HELD], sum = 0;
    bool y[HELD];
    portolan_error err = {0};
    for (int i = 0; i < HELD; i++) y[i] = held_right[i][0];
    assert_true(logistic_fit(&(logistic_data){&held_v[0][0], y, HELD, SIZE, NULL}, weights, &bias, &err));
    for (int i = 0; i < HELD; i++) {
        double z = bias;
        for (int d = 0; d < SIZE; d++) z += weights[d] * held_v[i][d];
        residual[i] = 1 / (1 + exp(-z)) - y[i];
        sum += residual[i];
    }
    assert_within(sum, 0, 1e-6);
    for (int d = 0; d < SIZE; d++) {
        double mean = 0, variance = 0, gradient = 0;
        for (int i = 0; i < HELD; i++) mean += held_v[i][d] / HELD;
        for (int i = 0; i < HELD; i++) variance += (held_v[i][d] - mean) * (held_v[i][d] - mean) / HELD;
        for (int i = 0; i < HELD; i++) gradient += residual[i] * (held_v[i][d] - mean) / sqrt(variance);
        assert_within(gradient + weights[d] * sqrt(variance), 0, 1e-5);
    }
}

/* Cross-fitted estimates are those of a regression on the other folds. */
TEST(cross_fitting_leaves_the_fold_out) {
    make_samples(false);
    double weights[SIZE], bias, estimates[HELD];
    bool y[HELD], use[HELD];
    portolan_error err = {0};
    for (int i = 0; i < HELD; i++) y[i] = held_right[i][1];
    assert_true(logistic_cross_fit(&(logistic_data){&held_v[0][0], y, HELD, SIZE, NULL}, estimates, &err));
    for (int i = 0; i < HELD; i++) use[i] = i % 5 != 3;
    assert_true(logistic_fit(&(logistic_data){&held_v[0][0], y, HELD, SIZE, use}, weights, &bias, &err));
    assert_near(estimates[33], logistic_probability(weights, bias, held_v[33], SIZE), 0);
}

/* A column without variance, separable classes, and one class alone: finite weights all the same. */
TEST(logistic_regression_on_degenerate_data) {
    static const double X[] = {1, 5, 2, 5, 3, 5, 4, 5};
    double weights[2], bias;
    portolan_error err = {0};
    assert_true(logistic_fit(&(logistic_data){X, (bool[]){0, 0, 1, 1}, 4, 2, NULL}, weights, &bias, &err));
    assert_true(isfinite(weights[0]) && isfinite(bias) && weights[0] > 0);
    assert_near(weights[1], 0, 0);
    assert_within(logistic_probability(weights, bias, (double[]){2.5, 5}, 2), 0.5, 1e-6);
    assert_true(logistic_fit(&(logistic_data){X, (bool[]){1, 1, 1, 1}, 4, 2, NULL}, weights, &bias, &err));
    assert_true(isfinite(bias) && logistic_probability(weights, bias, X, 2) > 0.99);
}

/* With prices to choose from, the chosen one saves most within the drop, and the router assigns as its weights say. */
TEST(logistic_router) {
    make_samples(false);
    search_settings s = {.objective = OBJECTIVE_MAX_SAVING, .drop = 3, .fixed = {NAN, NAN}, .prices = PRICES};
    router r = make_router(METHOD_CARTOGRAPHY, DISTANCE_L2);
    r.assignment = ASSIGN_LOGISTIC;
    surface found;
    uint8_t to[HELD];
    portolan_error err = {0};
    double value[HELD][POOLS];
    assert_true(router_fit_logistic(&r, &held, value, &err));
    assert_true(router_search_price(&r, &held, value, &s, &found, &err));
    router_assign_values(&r, value, HELD, to);
    const surface_point *best = &found.points[found.chosen];
    for (size_t i = 0; i < found.count; i++)
        assert_false(found.points[i].gives.drop <= 3 && found.points[i].gives.saving > best->gives.saving);
    for (int k = 0; k < POOLS; k++) assert_near(r.penalty[k], best->thresholds[0] * PRICES.cost[k], 0);
    evaluation again = evaluation_of(&held, to, &PRICES);
    assert_memory_equal(&again, &best->gives, sizeof again);
    surface_free(&found);
    router_free(&r);
}

/* ---- Several prototypes ---- */

/* Every point of the surface is what its router gives, as above, with 12 x 11 candidates at most. */
TEST(search_with_prototypes) {
    search_settings s = {.objective = OBJECTIVE_MAX_SAVING, .drop = 2, .fixed = {NAN, NAN}, .prices = PRICES};
    for (int distance = DISTANCE_L2; distance <= DISTANCE_COSINE; distance++) {
        make_samples(false);
        router r = {.distance = distance, .size = SIZE, .count = 3}, one = r;
        surface found;
        portolan_error err = {0};
        assert_true(router_allocate(&r, &err) && router_allocate(&one, &err));
        assert_true(router_search(&r, &f, &held, &s, &found, &err));
        assert_in_range(found.count, 100, 12 * 11 + 1);
        evaluation best = evaluate(&r);
        for (size_t i = 0; i < found.count; i++) {
            const surface_point *p = &found.points[i];
            assert_true(router_fit(&one, &f, p->thresholds[0], p->thresholds[1], &err));
            evaluation e = evaluate(&one);
            assert_memory_equal(&e, &p->gives, sizeof e);
            assert_false(is_better(&s, &e, &best));
        }
        assert_memory_equal(&best, &found.points[found.chosen].gives, sizeof best);
        surface_free(&found);
        router_free(&r);
        router_free(&one);
    }
}

/* Two clumps in each pool, four samples each: their means, in either order. One sample alone stands for itself. */
TEST(prototypes_of_pools) {
    enum { N = 17 };
    double c[N], b[N], x[N];
    for (int i = 0; i < N; i++) {
        c[i] = i < 8 ? .9 : .8, b[i] = i < 8 ? .1 : .4;
        x[i] = (i < 8 ? 0 : 1000) + (i % 2 ? 100 : 0) + i / 2 % 4; /* 0 to 3, 100 to 103, ... */
    }
    c[16] = .1, x[16] = 7;
    fitting some = {N, 1, c, b, x, 5};
    router r = {.size = 1, .count = 2};
    portolan_error err = {0};
    assert_true(router_allocate(&r, &err));
    assert_true(router_fit(&r, &some, .5, .2, &err));
    assert_int_equal(r.stands[POOL_EASY], 2);
    assert_int_equal(r.stands[POOL_MEDIUM], 2);
    assert_int_equal(r.stands[POOL_HARD], 1);
    for (int k = POOL_EASY; k <= POOL_MEDIUM; k++) {
        float low = *router_row(&r, k, 0), high = *router_row(&r, k, 1);
        assert_near(fminf(low, high), 1000 * k + 1.5, 0);
        assert_near(fmaxf(low, high), 1000 * k + 101.5, 0);
    }
    assert_near(*router_row(&r, POOL_HARD, 0), 7, 0);
    router_free(&r);
}

/* ---- A mixture ---- */

/* Fitting samples about 0 and 100; of the 25 held-out samples at 0 the phone is right about 16, of the 25 at 100 about 2; the
 * edge about 20 and 20, the cloud about all. Clusters are so far apart that shares are 0 or 1. The mean of all is counted once
 * more in each: (16 + .36) / 26 and (2 + .36) / 26 for the phone, (20 + .8) / 26 for the edge. */
TEST(gains_of_clusters) {
    enum { N = 50 };
    double x[200], v_held[N], gain[N][POOLS], value[N][POOLS];
    bool right[N][POOLS];
    portolan_error err = {0};
    for (int i = 0; i < 200; i++) x[i] = (i % 2 ? 100 : 0) + .01 * (i / 2);
    for (int i = 0; i < N; i++) {
        bool far = i >= 25;
        v_held[i] = far ? 100.5 : .5;
        right[i][0] = i % 25 < (far ? 2 : 16), right[i][1] = i % 25 < 20, right[i][2] = true;
        for (int k = 0; k < POOLS; k++) gain[i][k] = right[i][k];
    }
    fitting some = {200, 1, NULL, NULL, x, 1};
    evaluation_set on = {.samples = N, .size = 1, .v = v_held, .gain = gain, .right = right};
    router r = {.assignment = ASSIGN_MIXTURE, .size = 1, .count = 2};
    assert_true(router_allocate(&r, &err));
    assert_true(router_fit_mixture(&r, &some, &on, value, &err));
    mixture m = router_mixture(&r);
    const float *near = router_gains(&r) + (m.means[0] < 50 ? 0 : POOLS),
                *far = router_gains(&r) + (m.means[0] < 50 ? POOLS : 0);
    assert_within((double)near[0], 16.36 / 26, 1e-6);
    assert_within((double)far[0], 2.36 / 26, 1e-6);
    assert_within((double)near[1], 20.8 / 26, 1e-6);
    assert_within((double)near[2], 1, 1e-6);
    /* Fold 0 holds 0, 5, 10, 15, 20 of each 25: 4 of the 16 and 1 of the 2. Of the 40 others 13 are right. */
    assert_within(value[10][0], (12 + 13. / 40) / 21, 1e-12);
    assert_within(value[35][0], (1 + 13. / 40) / 21, 1e-12);
    search_settings s = {.objective = OBJECTIVE_REWARD, .prices = PRICES};
    surface found;
    assert_true(router_search_price(&r, &on, value, &s, &found, &err));
    assert_int_equal(found.count, 1);
    assert_near(r.penalty[2], .1 * 1.5, 0);
    /* near: .629 - .025, .8 - .075, 1 - .15; far: .09, .725, .85 */
    assert_int_equal(router_assign(&r, &v_held[0]), POOL_HARD);
    surface_free(&found);
    router_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_equals_brute_force),
        cmocka_unit_test(means_of_pools),
        cmocka_unit_test(exit_pools_by_definition),
        cmocka_unit_test(given_thresholds_are_kept),
        cmocka_unit_test(cloud_alone_where_nothing_else_will_do),
        cmocka_unit_test(evaluation_by_hand),
        cmocka_unit_test(gains_by_hand),
        cmocka_unit_test(logistic_regression_is_optimal),
        cmocka_unit_test(cross_fitting_leaves_the_fold_out),
        cmocka_unit_test(logistic_regression_on_degenerate_data),
        cmocka_unit_test(logistic_router),
        cmocka_unit_test(search_with_prototypes),
        cmocka_unit_test(prototypes_of_pools),
        cmocka_unit_test(gains_of_clusters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
