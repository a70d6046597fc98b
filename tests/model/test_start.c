/* What training starts from: word vectors against hand-worked numbers, another model's weights, and files that do not fit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/training/files.h"

static const char VOCABULARY[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsea\nship\n##s\nport\n";

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static train_settings settings(uint64_t hidden) {
    train_settings s = {
        .init_scale = 0.1,
        .word_vectors = "vectors.txt",
        .vocabulary = "vocab.txt",
        .config = {.shape = {.layers = 2, .hidden = hidden, .feed_forward = 8, .classes = 2, .vocabulary = 9},
                   .heads = 1,
                   .positions = 8,
                   .norm_eps = 1e-12,
                   .exits = {true, true},
                   .lowercase = true}};
    write_file("vocab.txt", VOCABULARY);
    return s;
}

static real *initial(const train_settings *s, parameters *p) {
    portolan_error err = {0};
    assert_true(parameters_open(p, &s->config, &err));
    real *values = malloc(p->count * sizeof *values);
    assert_non_null(values);
    parameters_initialize(p, s->init_scale, 3, values);
    return values;
}

static real *copy_of(const parameters *p, const real *values) {
    real *copy = malloc(p->count * sizeof *copy);
    assert_non_null(copy);
    return memcpy(copy, values, p->count * sizeof *copy);
}

/* Numbers taken: 1 2 and -2 1 (sum of squares 10, over 4 numbers: deviation sqrt(2.5)); scaled to .1. "ships" is two tokens,
 * "gull" none of the vocabulary, the second "sea" comes too late. */
static void test_word_vectors(void **state) {
    (void)state;
    portolan_error err = {0};
    train_settings s = settings(4);
    parameters p;
    write_file("vectors.txt", "sea 1 2\nships 9 9\ngull 5 5\r\nPort -2 1\nsea 7 7\n\n");
    real *values = initial(&s, &p), *before = copy_of(&p, values);
    assert_true(train_start_words(&p, &s, values, &err));
    double factor = 0.1 / sqrt(2.5);
    for (int token = 0; token < 9; token++)
        for (int i = 0; i < 4; i++) {
            double expected = before[token * 4 + i];
            if (i < 2 && token == 5) expected = (i + 1) * factor;
            if (i < 2 && token == 8) expected = (i ? 1 : -2) * factor;
            assert_true(fabs(values[token * 4 + i] - expected) < 1e-7);
        }
    for (size_t i = 36; i < p.count; i++) assert_true(values[i] == before[i]);
    free(values);
    free(before);
    parameters_close(&p);
}

/* Vectors wider than the model lose their last columns. */
static void test_wide_vectors(void **state) {
    (void)state;
    portolan_error err = {0};
    train_settings s = settings(2);
    parameters p;
    write_file("vectors.txt", "sea 3 4 100 100\n");
    real *values = initial(&s, &p);
    assert_true(train_start_words(&p, &s, values, &err));
    assert_true(fabs(values[5 * 2] - 3 * 0.1 / sqrt(12.5)) < 1e-7);
    assert_true(fabs(values[5 * 2 + 1] - 4 * 0.1 / sqrt(12.5)) < 1e-7);
    free(values);
    parameters_close(&p);
}

static void test_malformed_vectors(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
        unsigned line;
    } CASES[] = {
        {"sea\n", "has no numbers after the word", 1},
        {"sea 1 2\nport 1\n", "has 1 numbers; the first line has 2", 2},
        {"sea 1 two\n", "has 'two' where a number must stand", 1},
        {"sea 1 nan\n", "has 'nan'", 1},
        {"sea 1 inf\n", "where a number must stand", 1},
        {"sea \n", "has 0 numbers", 1},
        {"gull 1 2\n", "holds no word of the vocabulary", 0},
        {"port 0 0\n", "holds no word of the vocabulary", 0},
        {"", "holds no word of the vocabulary", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        portolan_error err = {0};
        train_settings s = settings(4);
        parameters p;
        write_file("vectors.txt", CASES[i].text);
        real *values = initial(&s, &p);
        assert_false(train_start_words(&p, &s, values, &err));
        assert_int_equal(err.status, STATUS_WRONG_INPUT);
        assert_string_equal(err.file, "vectors.txt");
        assert_int_equal(err.line, CASES[i].line);
        if (!strstr(err.message, CASES[i].message)) fail_msg("'%s' lacks '%s'", err.message, CASES[i].message);
        free(values);
        parameters_close(&p);
    }
}

/* Trains a model for no time worth the name, and leaves it in `folder`. */
static void train_model(const char *folder, train_settings *s) {
    static const uint32_t LENGTHS[] = {3, 3}, IDS[] = {2, 5, 3, 2, 6, 3}, LABELS[] = {0, 1}, GUIDS[] = {0, 1};
    static const size_t FIRST[] = {0, 3};
    static const uint8_t SEGMENTS[6] = {0};
    portolan_error err = {0};
    train_watch silent = {0};
    token_set set = {.samples = 2,
                     .classes = 2,
                     .vocabulary = 9,
                     .longest = 3,
                     .lengths = (uint32_t *)LENGTHS,
                     .first = (size_t *)FIRST,
                     .ids = (uint32_t *)IDS,
                     .segments = (uint8_t *)SEGMENTS,
                     .labels = (uint32_t *)LABELS,
                     .guids = (uint32_t *)GUIDS};
    s->epochs = s->batch = s->shards = 1;
    s->rate = 1e-3;
    s->beta1 = 0.9, s->beta2 = 0.999, s->eps = 1e-8;
    mkdir(folder, 0777);
    if (!model_train(s, &(train_run){&set, NULL, folder, 1, false, &silent}, &err)) fail_msg("%s", err.message);
}

/* All parts come over but those that may differ: here the classifiers, of 3 classes instead of 2. */
static void test_start_from_a_model(void **state) {
    (void)state;
    portolan_error err = {0};
    train_settings s = settings(4);
    parameters p;
    s.word_vectors = NULL;
    train_model("first", &s);
    safetensors *file = safetensors_open("first/model.safetensors", &err);
    assert_non_null(file);
    s.config.shape.classes = 3;
    real *values = initial(&s, &p), *before = copy_of(&p, values);
    assert_true(train_start_from(&p, "first/model.safetensors", values, &err));
    for (size_t i = 0; i < p.list_count; i++) {
        const parameter *n = &p.list[i];
        real trained[256];
        bool classifier = n->weight == EXIT_CLASSIFIER_WEIGHT || n->weight == EXIT_CLASSIFIER_BIAS;
        assert_true(n->count <= 256);
        if (!classifier) assert_true(tensor_read(file, model_tensor(file, n->weight, n->layer), false, trained, &err));
        for (size_t k = 0; k < n->count; k++)
            assert_true(values[n->offset + k] == (classifier ? before[n->offset + k] : trained[k]));
    }
    safetensors_close(file);
    free(values);
    free(before);
    parameters_close(&p);
}

static void test_start_of_another_width(void **state) {
    (void)state;
    portolan_error err = {0};
    train_settings s = settings(6);
    parameters p;
    real *values = initial(&s, &p);
    assert_false(train_start_from(&p, "first/model.safetensors", values, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_non_null(strstr(err.message, "in another shape"));
    free(values);
    parameters_close(&p);
}

/* NAME.config.json goes before config.json, so that models can share a folder. */
static void test_config_of_its_own(void **state) {
    (void)state;
    portolan_error err = {0};
    assert_int_equal(rename("first/config.json", "first/model.config.json"), 0);
    write_file("first/config.json", "{\"hidden_size\": 12}");
    encoder *e = encoder_load("first/model.safetensors", 0, &err);
    if (!e) fail_msg("%s", err.message);
    assert_int_equal(encoder_settings(e)->shape.hidden, 4);
    encoder_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_vectors),           cmocka_unit_test(test_wide_vectors),
        cmocka_unit_test(test_malformed_vectors),      cmocka_unit_test(test_start_from_a_model),
        cmocka_unit_test(test_start_of_another_width), cmocka_unit_test(test_config_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
