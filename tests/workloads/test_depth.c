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

/* Where button f, g, h or i leads, worked from the machine's cycles: f = (a d e)(b c), g = (a b d e c), h = (a d e c b),
 * i = (a b)(c e d). */
static char press(char state, char button) {
    static const char *const CYCLES[4][2] = {{"ade", "bc"}, {"abdec", ""}, {"adecb", ""}, {"ab", "ced"}};
    for (int k = 0; k < 2; k++) {
        const char *cycle = CYCLES[button - 'f'][k], *at = strchr(cycle, state);
        if (at) return at[1] ? at[1] : cycle[0];
    }
    fail_msg("no such state or button: %c %c", state, button);
    return 0;
}

/* Reads "c h g f" or "c h g f stop i h": the state at the end, how many presses count, and how many words there are. */
static void evaluate(const char *text, char *state, int *depth, int *words) {
    bool stopped = false;
    *state = text[0];
    *depth = 0;
    *words = 1;
    for (const char *c = strchr(text, ' '); c; c = strchr(c + 1, ' '), ++*words) {
        if (strncmp(c, " stop", 5) == 0) {
            assert_false(stopped);
            stopped = true;
        } else if (!stopped) {
            *state = press(*state, c[1]);
            ++*depth;
        }
    }
}

static void check_samples(bool flat) {
    dataset d = generate(flat, 0, 1);
    int count[11] = {0}, ends[11][5] = {{0}};
    for (uint32_t i = 0; i < d.samples; i++) {
        char state;
        int depth, words;
        evaluate(d.text_a[i], &state, &depth, &words);
        assert_int_equal(state - 'a', d.labels[i]);
        assert_int_equal(depth, d.depths[i]);
        assert_int_equal(words, flat ? 12 : depth + 1);
        count[depth]++;
        ends[depth][state - 'a']++;
    }
    for (int depth = 1; depth <= 10; depth++) {
        assert_int_equal(count[depth], SAMPLES / 10);
        /* four standard deviations of a fair die of five sides, thrown 400 times */
        for (int k = 0; k < 5; k++) assert_in_range(ends[depth][k], 80 - 32, 80 + 32);
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
}

/* A button leaves no state where it is, so each press changes the answer; and the four reach all 120 permutations, so that
 * no smaller group's rule does. */
static void test_the_machine(void **state) {
    (void)state;
    char found[120][6] = {"abcde"};
    int n = 1;
    for (char button = 'f'; button <= 'i'; button++)
        for (char from = 'a'; from <= 'e'; from++) assert_true(press(from, button) != from);
    for (int i = 0; i < n; i++)
        for (char button = 'f'; button <= 'i'; button++) {
            char next[6] = {0};
            int k = 0;
            for (int j = 0; j < 5; j++) next[j] = press(found[i][j], button);
            while (k < n && strcmp(found[k], next) != 0) k++;
            if (k == n) strcpy(found[n++], next);
        }
    assert_int_equal(n, 120);
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
        deep_common += found && dev.depths[i] > 8;
    }
    print_message("%u of %d dev texts are in the training set, %u of those deeper than 8\n", common, SAMPLES,
                  deep_common);
    assert_int_equal(deep_common, 0); /* there are 80 samples of depth 2, and 1,310,720 of depth 9 */
    free(sorted);
    dataset_free(&train);
    dataset_free(&again);
    dataset_free(&dev);
    dataset_free(&other);
}

static const token_wants WANTS = {.model_path = "nowhere/model.safetensors",
                                  .lowercase = true,
                                  .most = 100,
                                  .vocabulary = 100};

/* Through the reader of `data:`, with the vocabulary that comes with the task. */
static void test_tokens(void **state) {
    (void)state;
    static const char TEXT[] = "{task: depth, samples: 50, seed: 3, part: dev}";
    yaml_document doc;
    portolan_error err = {0};
    token_set set;
    const char *paths[2];
    assert_true(yaml_parse(&doc, "test", TEXT, strlen(TEXT), &err));
    assert_true(token_set_load(&set, doc.root, &WANTS, paths, &err));
    assert_null(paths[0]);
    assert_null(paths[1]);
    for (uint32_t i = 0; i < set.samples; i++) {
        assert_int_equal(set.lengths[i], 3 + set.depths[i]); /* [CLS] state presses [SEP] */
        for (uint32_t k = 0; k < set.lengths[i]; k++) assert_int_not_equal(set.ids[set.first[i] + k], 1); /* no [UNK] */
    }
    token_set_free(&set);
    yaml_unload(&doc);
    static const char WRONG[] = "{task: depth, file: x.tsv}";
    assert_true(yaml_parse(&doc, "test", WRONG, strlen(WRONG), &err));
    assert_false(token_set_load(&set, doc.root, &WANTS, paths, &err));
    assert_non_null(strstr(err.message, "is generated; remove 'file'"));
    yaml_unload(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),           cmocka_unit_test(test_depth_flat), cmocka_unit_test(test_the_machine),
        cmocka_unit_test(test_parts_and_seeds), cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
