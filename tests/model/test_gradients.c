/* Gradients of the training pass against central finite differences, in the double build, for every tensor of small models
 * of every kind: post-norm and pre-norm, first token and mean, with and without pooler, with segments and without. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/encoder/blas.h"
#include "model/training/training.h"

enum { SEQUENCES = 3, TOKENS = 4 + 7 + 1, VOCABULARY = 11, CLASSES = 3, LAYERS = 3, PROBES = 12 };

static const uint32_t LENGTHS[SEQUENCES] = {4, 7, 1}, LABELS[SEQUENCES] = {0, 2, 1};
static const uint32_t IDS[TOKENS] = {2, 5, 5, 3, 2, 10, 9, 1, 0, 7, 3, 4};
static const uint8_t SEGMENTS[TOKENS] = {0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0};

static encoder_config small_config(void) {
    return (encoder_config){
        .shape = {.layers = LAYERS, .hidden = 12, .feed_forward = 20, .classes = CLASSES, .vocabulary = VOCABULARY},
        .heads = 3,
        .positions = 8,
        .segments = 2,
        .norm_eps = 1e-12,
        .has_pooler = true,
        .exits = {true, false, true}};
}

typedef struct fixture {
    parameters p;
    real *values, *gradients;
    training_batch batch;
    exit_losses losses;
    dropout_settings dropout;
    training_room room;
} fixture;

static double loss_of(fixture *f, real *gradients) {
    double each[MODEL_MAX_LAYERS] = {0}, sum = 0;
    portolan_error err = {0};
    assert_true(training_pass(&f->p, f->values, &(training_task){&f->batch, &f->losses, &f->dropout},
                              &(training_results){gradients, NULL, each}, &f->room, &err));
    for (int i = 0; i < LAYERS; i++) sum += f->losses.weight[i] * each[i] / SEQUENCES;
    return sum;
}

static void open_fixture(fixture *f, const encoder_config *c, double dropout) {
    portolan_error err = {0};
    *f = (fixture){.batch = {.tokens = {SEQUENCES, TOKENS, LENGTHS, IDS, SEGMENTS},
                             .labels = LABELS,
                             .batch_sequences = SEQUENCES},
                   .losses = {.weight = {0.25, 0, 0.75}},
                   .dropout = {.rate = dropout, .seed = 3, .step = 5}};
    if (!c->segments) f->batch.tokens.segments = NULL;
    assert_true(parameters_open(&f->p, c, &err));
    f->values = calloc(f->p.count, sizeof *f->values);
    f->gradients = calloc(f->p.count, sizeof *f->gradients);
    assert_non_null(f->values);
    assert_non_null(f->gradients);
    parameters_initialize(&f->p, 0.4, 7, f->values);
    /* biases and norms away from 0 and 1, so that nothing cancels by chance */
    random_stream s = random_open(11, "test", 0);
    for (size_t i = 0; i < f->p.count; i++) f->values[i] += 0.1 * random_normal(&s);
}

static void close_fixture(fixture *f) {
    parameters_close(&f->p);
    free(f->values);
    free(f->gradients);
    training_room_free(&f->room);
}

static double loss_with(fixture *f, size_t at, real x) {
    real kept = f->values[at];
    f->values[at] = x;
    double loss = loss_of(f, NULL);
    f->values[at] = kept;
    return loss;
}

/* Five-point central difference: error of order step^4, noise of 1e-16 / step. The biases of keys have gradient 0, since
 * softmax does not change when all scores move together, and are what needs so large a step. */
static double difference(fixture *f, size_t at) {
    const double step = 2e-3;
    real x = f->values[at];
    double near = loss_with(f, at, x + step) - loss_with(f, at, x - step);
    double far = loss_with(f, at, x + 2 * step) - loss_with(f, at, x - 2 * step);
    return (8 * near - far) / (12 * step);
}

/* |gradient - difference| relative to the tensor's largest gradient. */
static double tensor_error(fixture *f, const parameter *n, random_stream *s) {
    double largest = 1e-6, worst = 0;
    for (size_t k = 0; k < n->count; k++) largest = fmax(largest, fabs(f->gradients[n->offset + k]));
    for (int probe = 0; probe < PROBES; probe++) {
        size_t at = n->offset + random_below(s, n->count);
        worst = fmax(worst, fabs(difference(f, at) - f->gradients[at]) / largest);
    }
    return worst;
}

static void check(const encoder_config *c, double dropout, bool frozen) {
    fixture f;
    open_fixture(&f, c, dropout);
    f.losses.frozen_backbone = frozen;
    loss_of(&f, f.gradients);
    random_stream s = random_open(13, "test", 0);
    double worst = 0;
    size_t nonzero = 0;
    for (size_t i = frozen ? f.p.backbone : 0; i < f.p.list_count; i++) {
        double error = tensor_error(&f, &f.p.list[i], &s);
        if (error > worst) worst = error;
        if (error >= 1e-6) print_message("weight %d of layer %u: %g\n", f.p.list[i].weight, f.p.list[i].layer, error);
        for (size_t k = 0; k < f.p.list[i].count; k++) nonzero += f.gradients[f.p.list[i].offset + k] != 0;
    }
    print_message("largest relative error %.2g, %zu of %zu gradients not zero\n", worst, nonzero, f.p.count);
    assert_true(worst < 1e-6);
    assert_true(frozen || nonzero > f.p.count / 2);
    for (size_t i = 0; frozen && i < f.p.backbone; i++)
        for (size_t k = 0; k < f.p.list[i].count; k++) assert_true(f.gradients[f.p.list[i].offset + k] == 0);
    close_fixture(&f);
}

static void test_post_norm(void **state) {
    (void)state;
    encoder_config c = small_config();
    check(&c, 0, false);
}

static void test_pre_norm_mean(void **state) {
    (void)state;
    encoder_config c = small_config();
    c.pre_norm = true;
    c.pooling = POOL_MEAN;
    check(&c, 0, false);
}

static void test_pre_norm_cls_without_pooler_or_segments(void **state) {
    (void)state;
    encoder_config c = small_config();
    c.pre_norm = true;
    c.has_pooler = false;
    c.segments = 0;
    check(&c, 0, false);
}

/* With dropout the masks are the same in every pass of the same step, so differences still hold. */
static void test_dropout(void **state) {
    (void)state;
    encoder_config c = small_config();
    check(&c, 0.25, false);
    c.pooling = POOL_MEAN;
    c.pre_norm = true;
    check(&c, 0.25, false);
}

static void test_frozen_backbone(void **state) {
    (void)state;
    encoder_config c = small_config();
    check(&c, 0, true);
    c.pre_norm = true;
    check(&c, 0, true);
}

static int open_blas(void **state) {
    (void)state;
    portolan_error err = {0};
    return blas_open(1, &err) ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post_norm),
        cmocka_unit_test(test_pre_norm_mean),
        cmocka_unit_test(test_pre_norm_cls_without_pooler_or_segments),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_frozen_backbone),
    };
    return cmocka_run_group_tests(tests, open_blas, NULL);
}
