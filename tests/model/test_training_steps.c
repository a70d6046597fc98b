/* Training steps in the double build against PyTorch's: the loss of ten full steps, and AdamW on made-up gradients. The golden
 * numbers are printed by reference_training.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "model/encoder/blas.h"
#include "model/training/training.h"

enum { SEQUENCES = 3, TOKENS = 12, LAYERS = 3, STEPS = 10 };

static const uint32_t LENGTHS[SEQUENCES] = {4, 7, 1}, LABELS[SEQUENCES] = {0, 2, 1};
static const uint32_t IDS[TOKENS] = {2, 5, 5, 3, 2, 10, 9, 1, 0, 7, 3, 4};
static const uint8_t SEGMENTS[TOKENS] = {0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0};
static const double SCALE = 0.3;

static const double LOSSES[STEPS] = {
#include "tests/model/golden/training_losses.inc"
};

static const double ADAMW[3][4] = {
#include "tests/model/golden/training_adamw.inc"
};

static encoder_config config(void) {
    return (encoder_config){
        .shape = {.layers = LAYERS, .hidden = 12, .feed_forward = 20, .classes = 3, .vocabulary = 11},
        .heads = 3,
        .positions = 8,
        .segments = 2,
        .norm_eps = 1e-12,
        .has_pooler = true,
        .exits = {true, false, true}};
}

static void test_ten_steps(void **state) {
    (void)state;
    encoder_config c = config();
    parameters p;
    portolan_error err = {0};
    training_room room = {0};
    assert_true(parameters_open(&p, &c, &err));
    real *all = calloc(4 * p.count, sizeof *all), *values = all, *gradients = all + p.count, *m = all + 2 * p.count;
    assert_non_null(all);
    parameters_initialize(&p, SCALE, 5, values);
    for (size_t i = 0; i < p.count; i++) values[i] = (float)values[i]; /* as in the file PyTorch read */
    training_batch batch = {.tokens = {SEQUENCES, TOKENS, LENGTHS, IDS, SEGMENTS},
                            .labels = LABELS,
                            .batch_sequences = SEQUENCES};
    exit_losses losses = {.weight = {0.25, 0, 0.75}}; /* 1 and 3 over 4 */
    dropout_settings dropout = {0};
    adamw_settings adamw = {1e-2, 0.9, 0.99, 1e-8, 0.1, 1, 0};
    for (int step = 0; step < STEPS; step++) {
        double each[MODEL_MAX_LAYERS] = {0};
        memset(gradients, 0, p.count * sizeof *gradients);
        assert_true(training_pass(&p, values, &(training_task){&batch, &losses, &dropout},
                                  &(training_results){gradients, NULL, each}, &room, &err));
        double loss = (0.25 * each[0] + 0.75 * each[2]) / SEQUENCES;
        if (fabs(loss / LOSSES[step] - 1) > 1e-7)
            fail_msg("step %d: loss %.12f, PyTorch's %.12f", step, loss, LOSSES[step]);
        adamw.step = (uint64_t)step + 1;
        adamw_step(&p, &adamw, &(adamw_state){values, m, m + p.count, gradients}, 0, p.count);
    }
    free(all);
    parameters_close(&p);
    training_room_free(&room);
}

static void test_adamw(void **state) {
    (void)state;
    parameter list = {.count = 4, .decays = true};
    parameters p = {.list = &list, .list_count = 1, .count = 4};
    real values[4] = {0.5, -0.25, 1, 2}, m[4] = {0}, v[4] = {0};
    const real base[4] = {0.1, -2, 1e-5, 0};
    adamw_settings s = {0.01, 0.9, 0.99, 1e-8, 0.1, 1, 0};
    for (int step = 0; step < 3; step++) {
        real gradients[4];
        for (int i = 0; i < 4; i++) gradients[i] = base[i] * (step + 1);
        const adamw_state at = {values, m, v, gradients};
        s.step = (uint64_t)step + 1;
        adamw_step(&p, &s, &at, 0, 2); /* in two parts, as threads share it */
        adamw_step(&p, &s, &at, 2, 4);
        for (int i = 0; i < 4; i++)
            if (fabs(values[i] - ADAMW[step][i]) > 1e-9)
                fail_msg("step %d: value %d is %.12f, PyTorch's %.12f", step, i, values[i], ADAMW[step][i]);
    }
}

static void test_clipping_scales_gradients(void **state) {
    (void)state;
    const real g[4] = {3, 0, 4, 0};
    assert_true(fabs(gradient_norm(g, 4) - 5) < 1e-12);
}

static int open_blas(void **state) {
    (void)state;
    portolan_error err = {0};
    return blas_open(1, &err) ? 0 : -1;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--model") == 0) { /* the model that reference_training.py reads */
        encoder_config c = config();
        portolan_error err = {0};
        char path[1024];
        mkdir(argv[2], 0777);
        snprintf(path, sizeof path, "%s/model.safetensors", argv[2]);
        return model_write_random(path, &c, SCALE, 5, &err) ? 0 : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_steps),
        cmocka_unit_test(test_adamw),
        cmocka_unit_test(test_clipping_scales_gradients),
    };
    return cmocka_run_group_tests(tests, open_blas, NULL);
}
