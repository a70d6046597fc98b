/* What a slice needs: FLOP, weights and payloads, worked out by hand. */
#include "model/model.h"
#include "tests/support.h"

/* BERT-base: h = 768, f = 3072, a vocabulary of 30,522 and two classes. */
static const model_shape BERT = {.layers = 12, .hidden = 768, .feed_forward = 3072, .classes = 2, .vocabulary = 30522};

/* A shape small enough to count on fingers. */
static const model_shape TINY = {.layers = 2, .hidden = 2, .feed_forward = 3, .classes = 5, .vocabulary = 7};

TEST(layers) {
    /* s = 25: 8 s h^2   = 8 * 25 * 589,824         = 117,964,800
     *         4 s h f   = 4 * 25 * 768 * 3,072     = 235,929,600
     *         4 s^2 h   = 4 * 625 * 768            =   1,920,000
     *         one layer                            = 355,814,400; three = 1,067,443,200 */
    assert_near(model_layer_flops(&BERT, 1, 25), 355814400, 0);
    assert_near(model_layer_flops(&BERT, 3, 25), 1067443200, 0);
    /* the yardstick of the presets, 128 tokens and all twelve layers: 22.35 GFLOP
     * 12 (8 * 128 * 589,824 + 4 * 128 * 2,359,296 + 4 * 16,384 * 768) = 12 * 1,862,270,976 */
    assert_near(model_layer_flops(&BERT, 12, 128), 22347251712, 0);
    /* s = 1: 8 * 4 + 4 * 2 * 3 + 4 * 2 = 64 */
    assert_near(model_layer_flops(&TINY, 1, 1), 64, 0);
    /* s = 3: 8 * 3 * 4 + 4 * 3 * 2 * 3 + 4 * 9 * 2 = 96 + 72 + 72 */
    assert_near(model_layer_flops(&TINY, 2, 3), 480, 0);
    assert_near(model_layer_flops(&TINY, 0, 3), 0, 0);
    assert_near(model_layer_flops(&TINY, 2, 0), 0, 0);
}

/* A layer is three kinds of matrix products: counted one by one, 2 m k n each. */
TEST(layers_by_their_products) {
    double s = 25, h = 768, f = 3072;
    double projections = 4 * (2 * s * h * h), feed_forward = 2 * s * h * f + 2 * s * f * h;
    double scores = 2 * s * h * s, weighted_sum = 2 * s * s * h;
    assert_near(model_layer_flops(&BERT, 1, 25), projections + feed_forward + scores + weighted_sum, 0);
}

TEST(exits) {
    /* 2 * 589,824 + 2 * 768 * 2 = 1,179,648 + 3,072 */
    assert_near(model_exit_flops(&BERT), 1182720, 0);
    /* 2 * 4 + 2 * 2 * 5 */
    assert_near(model_exit_flops(&TINY), 28, 0);
}

TEST(weights) {
    /* embedding                                       30,522 * 768 = 23,440,896
     * a layer: 4 * 589,824 + 2 * 2,359,296 + 589,824 + 1,536       =  7,669,248
     * 4 bytes * (23,440,896 + 3 * 7,669,248)                       = 185,794,560 */
    assert_near(model_slice_bytes(&BERT, 3), 185794560, 0);
    assert_near(model_slice_bytes(&BERT, 0), 93763584, 0);
    /* 4 (7 * 2 + 2 (4 * 4 + 2 * 2 * 3 + 4 + 2 * 5)) = 4 (14 + 84) */
    assert_near(model_slice_bytes(&TINY, 2), 392, 0);
}

TEST(payloads) {
    payload_sizes sizes = {.token = 2, .hidden = 4, .answer = 64};
    assert_int_equal(payload_tokens(&sizes, 25), 50);
    assert_int_equal(payload_hidden(&sizes, &BERT, 25), 76800); /* 25 * 768 * 4 */
    sizes.hidden = 1;
    assert_int_equal(payload_hidden(&sizes, &BERT, 25), 19200);
    assert_int_equal(payload_tokens(&sizes, 0), 0);
    assert_int_equal(payload_hidden(&sizes, &TINY, 3000000000), 6000000000); /* beyond 32 bits */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers),   cmocka_unit_test(layers_by_their_products),
        cmocka_unit_test(exits),    cmocka_unit_test(weights),
        cmocka_unit_test(payloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
