/* The depth task: labels and depths against an evaluator of the text, balance, lengths, and train and dev apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/workloads.h"

enum { SAMPLES = 4000 };

static dataset generate(bool flat, int part, uint64_t seed) {
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.samples = SAMPLES, .data_seed = seed, .part = part};
    assert_true(dataset_generate_depth(&d, &s, flat, &err));
    return d;
}

/* Reads "d ? a = true b not a ..." from the end: follows the name asked about, to a constant. */
static void evaluate(const char *text, int *value, int *depth, int *statements) {
    char target[8], name[8], op[8], source[8], asked[8];
    int read, at = 0, flips = 0;
    char assigned[26][2][8] = {{{0}}};
    assert_int_equal(sscanf(text, "%7s ? %n", asked, &at), 1);
    *statements = 0;
    for (; sscanf(text + at, "%7s %7s %7s%n", name, op, source, &read) == 3; at += read, ++*statements) {
        assert_int_equal(strlen(name), 1);
        strcpy(assigned[name[0] - 'a'][0], op);
        strcpy(assigned[name[0] - 'a'][1], source);
    }
    assert_int_equal(text[at], '\0');
    strcpy(target, asked);
    for (*depth = 0; strlen(target) == 1; ++*depth) {
        const char *rule = assigned[target[0] - 'a'][0];
        assert_true(strcmp(rule, "=") == 0 || strcmp(rule, "not") == 0);
        flips += strcmp(rule, "not") == 0;
        strcpy(target, assigned[target[0] - 'a'][1]);
    }
    assert_true(strcmp(target, "true") == 0 || strcmp(target, "false") == 0);
    *value = (strcmp(target, "true") == 0) != (flips % 2);
}

static void check_samples(bool flat) {
    dataset d = generate(flat, 0, 1);
    int deepest = flat ? 8 : 10, count[11] = {0}, right[11] = {0};
    for (uint32_t i = 0; i < d.samples; i++) {
        int value, depth, statements;
        evaluate(d.text_a[i], &value, &depth, &statements);
        assert_int_equal(value, d.labels[i]);
        assert_int_equal(depth, d.depths[i]);
        assert_int_equal(statements, flat ? 10 : depth + 3);
        count[depth]++;
        right[depth] += value;
    }
    for (int depth = 1; depth <= deepest; depth++) {
        assert_int_equal(count[depth], SAMPLES / deepest);
        /* four standard deviations of a fair coin */
        double share = (double)right[depth] / count[depth];
        assert_true(share > 0.5 - 2 / 20.0 && share < 0.5 + 2 / 20.0);
    }
    dataset_free(&d);
}

static void test_depth(void **state) {
    (void)state;
    check_samples(false);
}

/* All samples are equally long, so the token count says nothing of the depth: its AUC is .5. */
static void test_depth_flat(void **state) {
    (void)state;
    check_samples(true);
    dataset d = generate(true, 0, 1);
    size_t words[2] = {0};
    for (uint32_t i = 0; i < d.samples; i++) {
        size_t n = 1;
        for (const char *c = d.text_a[i]; *c; c++) n += *c == ' ';
        if (i == 0) words[0] = n;
        assert_int_equal(n, words[0]);
    }
    dataset_free(&d);
}

/* The number of `not`s, which is all that counting could give, does not tell the label. */
static void test_counting_does_not_help(void **state) {
    (void)state;
    dataset d = generate(false, 0, 1);
    uint32_t agree = 0, deep = 0;
    for (uint32_t i = 0; i < d.samples; i++) {
        int nots = 0;
        if (d.depths[i] < 3) continue;
        for (const char *c = d.text_a[i]; (c = strstr(c, " not ")); c++) nots++;
        agree += (uint32_t)(nots % 2) == d.labels[i];
        deep++;
    }
    double share = (double)agree / deep;
    assert_true(share > 0.45 && share < 0.55);
    dataset_free(&d);
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void test_parts_and_seeds(void **state) {
    (void)state;
    dataset train = generate(false, 0, 1), again = generate(false, 0, 1), dev = generate(false, 1, 1),
            other = generate(false, 0, 2);
    uint32_t same_seed = 0, common = 0, deep_common = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        assert_string_equal(train.text_a[i], again.text_a[i]);
        same_seed += strcmp(train.text_a[i], other.text_a[i]) == 0;
    }
    assert_true(same_seed < SAMPLES / 100);
    const char **sorted = malloc(SAMPLES * sizeof *sorted);
    assert_non_null(sorted);
    memcpy(sorted, train.text_a, SAMPLES * sizeof *sorted);
    qsort(sorted, SAMPLES, sizeof *sorted, by_text);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        bool found = bsearch(&dev.text_a[i], sorted, SAMPLES, sizeof *sorted, by_text) != NULL;
        common += found;
        deep_common += found && dev.depths[i] > 3;
    }
    print_message("%u of %d dev texts are in the training set, %u of those deeper than 3\n", common, SAMPLES, deep_common);
    assert_int_equal(deep_common, 0); /* there are few programs of 4 statements, and no end of longer ones */
    free(sorted);
    dataset_free(&train);
    dataset_free(&again);
    dataset_free(&dev);
    dataset_free(&other);
}

/* Through the reader of `data:`, with the vocabulary that comes with the task. */
static void test_tokens(void **state) {
    (void)state;
    static const char TEXT[] = "{task: depth, samples: 50, seed: 3, part: dev}";
    yaml_document doc;
    portolan_error err = {0};
    token_set set;
    const char *paths[2];
    assert_true(yaml_parse(&doc, "test", TEXT, strlen(TEXT), &err));
    assert_true(token_set_load(&set, doc.root, "nowhere/model.safetensors", true, 100, 100, paths, &err));
    assert_null(paths[0]);
    assert_null(paths[1]);
    for (uint32_t i = 0; i < set.samples; i++) {
        assert_int_equal(set.lengths[i], 2 + 2 + 3 * (set.depths[i] + 3)); /* [CLS] d ? statements [SEP] */
        for (uint32_t k = 0; k < set.lengths[i]; k++) assert_int_not_equal(set.ids[set.first[i] + k], 1); /* no [UNK] */
    }
    token_set_free(&set);
    yaml_unload(&doc);
    static const char WRONG[] = "{task: depth, file: x.tsv}";
    assert_true(yaml_parse(&doc, "test", WRONG, strlen(WRONG), &err));
    assert_false(token_set_load(&set, doc.root, "m", true, 100, 100, paths, &err));
    assert_non_null(strstr(err.message, "is generated; remove 'file'"));
    yaml_unload(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_depth_flat),
        cmocka_unit_test(test_counting_does_not_help),
        cmocka_unit_test(test_parts_and_seeds),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
