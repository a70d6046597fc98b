/* Representations, assignment and router.json, by hand. */
#include <unistd.h>

#include "analysis/cartography/router.h"
#include "base/files.h"
#include "tests/support.h"

/* ---- v(x) ---- */

/* Three tokens of width 2: norms 5, 13, 0; mean (8/3, 16/3); first (3, 4). */
static const float EMBEDDED[] = {3, 4, 5, 12, 0, 0};

static void check_v(int kind, uint32_t size, const double *wanted) {
    double v[8];
    represent(kind, EMBEDDED, 3, 2, size, v);
    for (uint32_t i = 0; i < size; i++) assert_within(v[i], wanted[i], 1e-12);
}

TEST(representations) {
    check_v(V_TOKEN_NORMS, 5, (const double[]){5, 13, 0, 0, 0});
    check_v(V_TOKEN_NORMS, 1, (const double[]){5});
    check_v(V_MEAN_TOKEN, 2, (const double[]){8.0 / 3, 16.0 / 3});
    check_v(V_CLS, 2, (const double[]){3, 4});
    assert_int_equal(representation_size(V_TOKEN_NORMS, 768, 128), 128);
    assert_int_equal(representation_size(V_MEAN_TOKEN, 768, 128), 768);
    assert_int_equal(representation_size(V_CLS, 768, 128), 768);
}

/* 2 x 10 x 4 + 6 x 2; with five prototypes a pool, 15 rows; with five clusters, 10. */
TEST(flops_of_routing) {
    router r = {.size = 2, .count = 1};
    assert_near(router_flops(&r, 10, 4), 92, 0);
    r.count = 5;
    assert_near(router_flops(&r, 10, 4), 80 + 15 * 2 * 2, 0);
    r.assignment = ASSIGN_MIXTURE;
    assert_near(router_flops(&r, 10, 4), 80 + 5 * 4 * 2, 0);
}

/* ---- Assignment ---- */

/* Means (0, 3), (4, 0), (-4, -4). */
static float rows[] = {0, 3, 4, 0, -4, -4};
static const router MEANS = {.size = 2,
                             .depth = {3, 6, 12},
                             .count = 1,
                             .stands = {1, 1, 1},
                             .rows = rows,
                             .embedding = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                             .thresholds = {0.5, 0.2},
                             .samples = {10, 20, 30}};

static void check_assignment(const router *r, double a, double b, pool_kind wanted, double margin) {
    double v[] = {a, b};
    assert_int_equal(router_assign(r, v), wanted);
    assert_within(router_margin(r, v), margin, 1e-12);
}

/* From (0, 0): 3, 4, sqrt 32: easy, by 1. (4, 3) is 4 from easy and 3 from medium. (-4, -1) is 4 sqrt 2 from easy and 3 from
 * hard. (2, 1.5) is 2.5 from easy and medium: the easier. */
TEST(nearest_by_l2) {
    check_assignment(&MEANS, 0, 0, POOL_EASY, 1);
    check_assignment(&MEANS, 4, 3, POOL_MEDIUM, -1);
    check_assignment(&MEANS, -4, -1, POOL_HARD, 3 - sqrt(32));
    check_assignment(&MEANS, 2, 1.5, POOL_EASY, 0);
}

/* Cosines of (3, 4) with the means: .8, .6 and -7 / (5 sqrt 2); of (4, 3): .6 and .8. The zero vector is 1 from all. */
TEST(nearest_by_cosine) {
    router r = MEANS;
    r.distance = DISTANCE_COSINE;
    check_assignment(&r, 3, 4, POOL_EASY, 0.2);
    check_assignment(&r, 4, 3, POOL_MEDIUM, -0.2);
    check_assignment(&r, -1, -1, POOL_HARD, -1 - sqrt(0.5));
    check_assignment(&r, 0, 0, POOL_EASY, 0);
}

TEST(dropped_pools_get_nothing) {
    router r = MEANS;
    r.stands[POOL_EASY] = 0;
    assert_int_equal(router_assign(&r, (double[]){0, 3}), POOL_MEDIUM);
    assert_true(isnan(router_margin(&r, (double[]){0, 3})));
    r = MEANS;
    r.stands[POOL_MEDIUM] = r.stands[POOL_HARD] = 0;
    assert_int_equal(router_assign(&r, (double[]){4, 0}), POOL_EASY);
    assert_true(isnan(router_margin(&r, (double[]){4, 0})));
}

/* Weights as above. For (1, 1): z = 3 + 0, 4 - 1, -8 + 10: sigmoids .952574, .952574, .880797; less .1, .2, 0: .852574,
 * .752574, .880797: hard. For (1, 2): z = 6, 3, -2: .997527 - .1, .952574 - .2, .119203: easy. */
TEST(largest_probability_less_penalty) {
    router r = MEANS;
    r.assignment = ASSIGN_LOGISTIC;
    r.bias[1] = -1, r.bias[2] = 10;
    r.penalty[0] = 0.1, r.penalty[1] = 0.2;
    double a = 1 / (1 + exp(-3)) - 0.1, b = 1 / (1 + exp(-2)), c = 1 / (1 + exp(-6)) - 0.1, d = 1 / (1 + exp(-3)) - 0.2;
    check_assignment(&r, 1, 1, POOL_HARD, a - b);
    check_assignment(&r, 1, 2, POOL_EASY, c - d);
}

/* Two prototypes for easy, (0, 3) and (9, 0); one for the others, (4, 0) and (-4, -4); the fourth row of each pair is not in
 * use. (8, 0) is 1 from easy's second, 4 from medium; (0, 0) 3 from easy's first, 4 from medium. */
TEST(nearest_prototype) {
    router r = MEANS;
    r.count = 2;
    r.stands[POOL_EASY] = 2;
    r.rows = (float[]){0, 3, 9, 0, 4, 0, 8, 0, -4, -4, 8, 0};
    check_assignment(&r, 8, 0, POOL_EASY, 3);
    check_assignment(&r, 0, 0, POOL_EASY, 1);
    check_assignment(&r, 5, 0, POOL_MEDIUM, 1 - 4);
}

/* Clusters N(0, 1) and N(2, 4) of one number, of weights .25 and .75, in which the tiers gain (1, 1, 1) and (0, .5, 1). At
 * v = 1 the densities are e^-.5 = .606531 and e^-.125 / 2 = .441248, times the weights .151633 and .330936: shares .314219
 * and .685781. Gains: .314219; .314219 + .342890 = .657109; 1. Less .1, .2, .7: .214219, .457109, .3. */
TEST(largest_expected_gain_less_penalty) {
    router r = MEANS;
    double score[POOLS];
    r.assignment = ASSIGN_MIXTURE;
    r.size = 1, r.count = 2;
    r.rows = (float[]){0, 2, 1, 4, .25f, .75f, 1, 1, 1, 0, .5f, 1};
    r.penalty[0] = .1, r.penalty[1] = .2, r.penalty[2] = .7;
    router_score(&r, (double[]){1}, score);
    assert_within(score[POOL_EASY], .214219, 1e-6);
    assert_within(score[POOL_MEDIUM], .457109, 1e-6);
    assert_within(score[POOL_HARD], .3, 1e-6);
    check_assignment(&r, 1, 0, POOL_MEDIUM, score[POOL_EASY] - score[POOL_MEDIUM]);
}

/* ---- router.json ---- */

static void write_and_read(const router *r, router *back) {
    portolan_error err = {0};
    size_t bytes;
    file_bytes text;
    assert_true(router_write(r, NULL, "router.json", &bytes, &err));
    assert_true(file_read("router.json", 1 << 20, &text, &err));
    assert_int_equal(text.length, bytes);
    free(text.data);
    if (!router_load(back, "router.json", &err)) {
        error_print(&err, stderr);
        fail();
    }
    unlink("router.json");
}

TEST(written_is_read) {
    router r = MEANS, back;
    r.rows = (float[]){0.1f, 1e-30f, 3.4e38f, -0.333333343f, 0, 0};
    r.representation = V_MEAN_TOKEN;
    r.distance = DISTANCE_COSINE;
    r.method = METHOD_EXIT_POOLS;
    r.thresholds[1] = NAN;
    r.stands[POOL_HARD] = 0;
    write_and_read(&r, &back);
    assert_memory_equal(back.rows, r.rows, 6 * sizeof *rows);
    assert_int_equal(back.representation, V_MEAN_TOKEN);
    assert_int_equal(back.distance, DISTANCE_COSINE);
    assert_int_equal(back.method, METHOD_EXIT_POOLS);
    assert_int_equal(back.assignment, ASSIGN_NEAREST_MEAN);
    assert_memory_equal(back.depth, r.depth, sizeof r.depth);
    assert_memory_equal(back.stands, r.stands, sizeof r.stands);
    assert_int_equal(back.samples[1], 20);
    assert_string_equal(back.embedding, r.embedding);
    assert_near(back.thresholds[0], 0.5, 0);
    assert_true(isnan(back.thresholds[1]));
    router_free(&back);
}

TEST(written_logistic_is_read) {
    router r = MEANS, back;
    r.assignment = ASSIGN_LOGISTIC;
    r.bias[0] = -1.25;
    r.penalty[2] = 0.75;
    write_and_read(&r, &back);
    assert_int_equal(back.assignment, ASSIGN_LOGISTIC);
    assert_near(back.bias[0], -1.25, 0);
    assert_near(back.penalty[2], 0.75, 0);
    router_free(&back);
}

TEST(written_prototypes_are_read) {
    router r = MEANS, back;
    r.count = 2;
    r.stands[POOL_MEDIUM] = 2;
    r.rows = (float[]){0.1f, 3, 0, 0, 4, 0, 8, 0.7f, -4, -4, 0, 0};
    write_and_read(&r, &back);
    assert_int_equal(back.count, 2);
    assert_memory_equal(back.stands, r.stands, sizeof r.stands);
    assert_memory_equal(back.rows, r.rows, 12 * sizeof *rows);
    router_free(&back);
}

/* A cluster of weight 0 is none, and is not written. */
TEST(written_mixture_is_read) {
    router r = MEANS, back;
    r.assignment = ASSIGN_MIXTURE;
    r.size = 1, r.count = 3;
    r.stands[POOL_EASY] = 0;
    r.penalty[1] = .5;
    r.rows = (float[]){0.1f, 5, 2, 1, 6, 4, .25f, 0, .75f, 1, 1, 1, 7, 7, 7, 0, .3f, 1};
    write_and_read(&r, &back);
    assert_int_equal(back.assignment, ASSIGN_MIXTURE);
    assert_int_equal(back.count, 2);
    assert_int_equal(back.stands[POOL_EASY], 0);
    assert_near(back.penalty[1], .5, 0);
    assert_memory_equal(back.rows, ((float[]){0.1f, 2, 1, 4, .25f, .75f, 1, 1, 1, 0, .3f, 1}), 12 * sizeof *rows);
    router_free(&back);
}

/* A good router in which one piece is replaced by another. */
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static const char GOOD[] =
    "{\"schema\":2,\"method\":\"cartography\",\"assignment\":\"nearest-mean\",\"representation\":\"token_norms\","
    "\"metric\":\"l2\",\"size\":2,\"split\":[3,6,12],\"embedding\":\"" HASH "\",\"thresholds\":[0.5,null],"
    "\"pools\":[{\"name\":\"easy\",\"samples\":4,\"means\":[[1,2]]},{\"name\":\"hard\",\"samples\":5,\"means\":[[3.5,-1],[0,1]]}]}";
static const char GOOD_MIXTURE[] =
    "{\"schema\":2,\"method\":\"cartography\",\"assignment\":\"mixture\",\"representation\":\"mean_token\","
    "\"metric\":\"l2\",\"size\":2,\"split\":[3,6,12],\"embedding\":\"" HASH "\",\"thresholds\":[null,null],"
    "\"pools\":[{\"name\":\"easy\",\"samples\":0,\"penalty\":0.1},{\"name\":\"hard\",\"samples\":0,\"penalty\":1}],"
    "\"clusters\":[{\"weight\":1,\"mean\":[3,4],\"variance\":[1,2],\"gains\":[0.5,0.6,0.7]}]}";

typedef struct change {
    const char *piece, *with, *message;
} change;

static const change CHANGES[] = {
    {"\"schema\":2", "\"schema\":1", "'schema' must be a whole number from 2 to 2"},
    {"\"schema\":2,", "", "'schema' must be"},
    {"cartography", "map", "'method' must be cartography, exit-pools"},
    {"nearest-mean", "furthest", "'assignment' must be nearest-mean, logistic, mixture"},
    {"nearest-mean", "logistic", "'bias' must be a number"},
    {"nearest-mean", "mixture", "'clusters' must be a list of 1 to 256"},
    {"token_norms", "tokens", "'representation' must be token_norms, mean_token, cls"},
    {"\"l2\"", "2", "'metric' must be l2, cosine"},
    {"\"size\":2", "\"size\":0", "'size' must be a whole number from 1"},
    {"\"size\":2", "\"size\":2.5", "'size' must be a whole number"},
    {"\"size\":2", "\"size\":3", "'means' must be a list of 1 to 256, each with as many numbers as 'size' says"},
    {"\"size\":2", "\"size\":99999999999", "'size' must be a whole number"},
    {"[3,6,12]", "[3,6]", "'split' must be"},
    {"[3,6,12]", "[6,3,12]", "'split' must be three numbers of layers, none below the one before"},
    {"[3,6,12]", "[0,6,12]", "'split' must be"},
    {"\"0123", "\"x123", "'embedding' must be 64 hexadecimal digits"},
    {"\"0123", "\"123", "'embedding' must be 64 hexadecimal digits"},
    {"[0.5,null]", "[0.5]", "'thresholds' must be"},
    {"[0.5,null]", "[0.5,\"x\"]", "'thresholds' must be"},
    {"\"hard\"", "\"easy\"", "'pools' must be a list of pools, each once"},
    {"\"hard\"", "\"harder\"", "'name' must be easy, medium, hard"},
    {"\"samples\":4", "\"samples\":-4", "'samples' must be"},
    {"[[1,2]]", "[[1,\"2\"]]", "'means' must be a list of 2 numbers"},
    {"[[1,2]]", "[[1,1e200]]", "'means' must be a list of 2 numbers"},
    {"[[1,2]]", "[[1,2],[3]]", "'means' must be a list of 1 to 256"},
    {"[[1,2]]", "[]", "'means' must be a list of 1 to 256"},
    {"[[1,2]]", "[1,2]", "'means' must be a list of 1 to 256"},
    {"\"means\":[[1,2]]", "\"weights\":[1,2]", "'means' must be a list"},
    {"\"pools\":[", "\"pools\":[],\"other\":[", "'pools' must be a list of one to three pools"},
};

static const change MIXTURE_CHANGES[] = {
    {"\"weight\":1", "\"weight\":0", "'weight' must be above 0 and at most 1"},
    {"\"weight\":1", "\"weight\":1.5", "'weight' must be above 0 and at most 1"},
    {"\"weight\":1", "\"weight\":1e-60", "'weight' must be above 0 and at most 1"},
    {"\"weight\":1,", "", "'weight' must be a number"},
    {"[3,4]", "[3]", "'clusters' must be a list of 1 to 256, each with as many numbers as 'size' says"},
    {"[3,4]", "[3,true]", "'mean' must be a list of 2 numbers"},
    {"[1,2]", "[1]", "'variance' must be a list of 2 numbers"},
    {"[1,2]", "[1,0]", "'variance' must be a list of numbers above 0"},
    {"[1,2]", "[1,-1]", "'variance' must be a list of numbers above 0"},
    {"[0.5,0.6,0.7]", "[0.5,0.6]", "'gains' must be a list of 3 numbers"},
    {"[0.5,0.6,0.7]", "[0.5,0.6,null]", "'gains' must be a list of 3 numbers"},
    {"\"penalty\":0.1", "\"price\":0.1", "'penalty' must be a number"},
    {"\"clusters\":[", "\"clusters\":[],\"other\":[", "'clusters' must be a list of 1 to 256"},
};

static void check_refused(const char *good, const change *changes, size_t count) {
    router r;
    portolan_error err = {0};
    char text[1024];
    assert_true(router_parse(&r, "r.json", good, strlen(good), &err));
    assert_int_equal(r.stands[POOL_MEDIUM], 0);
    router_free(&r);
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(good, changes[i].piece);
        assert_non_null(at);
        sprintf(text, "%.*s%s%s", (int)(at - good), good, changes[i].with, at + strlen(changes[i].piece));
        err = (portolan_error){0};
        assert_false(router_parse(&r, "r.json", text, strlen(text), &err));
        assert_input_error(&err, 0, 0, changes[i].message);
        assert_null(r.rows);
    }
}

TEST(broken_routers_are_refused) {
    check_refused(GOOD, CHANGES, sizeof CHANGES / sizeof *CHANGES);
    check_refused(GOOD_MIXTURE, MIXTURE_CHANGES, sizeof MIXTURE_CHANGES / sizeof *MIXTURE_CHANGES);
}

TEST(what_is_no_json_is_refused) {
    router r;
    portolan_error err = {0};
    assert_false(router_parse(&r, "r.json", "{\n \"schema\": }", 13, &err));
    assert_int_equal(err.line, 2);
    assert_non_null(strstr(err.message, "not JSON"));
    err = (portolan_error){0};
    assert_false(router_parse(&r, "r.json", "[1]", 3, &err));
    assert_input_error(&err, 0, 0, "'schema' must be");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(representations),
        cmocka_unit_test(flops_of_routing),
        cmocka_unit_test(nearest_by_l2),
        cmocka_unit_test(nearest_by_cosine),
        cmocka_unit_test(dropped_pools_get_nothing),
        cmocka_unit_test(largest_probability_less_penalty),
        cmocka_unit_test(nearest_prototype),
        cmocka_unit_test(largest_expected_gain_less_penalty),
        cmocka_unit_test(written_is_read),
        cmocka_unit_test(written_logistic_is_read),
        cmocka_unit_test(written_prototypes_are_read),
        cmocka_unit_test(written_mixture_is_read),
        cmocka_unit_test(broken_routers_are_refused),
        cmocka_unit_test(what_is_no_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
