/* The depth tasks: labels and depths against an evaluator of the text, balance, lengths, and that training, held-out and
 * development sets have nothing that counts in common. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/workloads.h"

enum { SAMPLES = 4000 };

static dataset generate(depth_task task, int part, uint64_t seed) {
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.samples = SAMPLES, .data_seed = seed, .part = part};
    assert_true(dataset_generate_depth(&d, &s, task, &err));
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

/* What a text says. */
typedef struct reading {
    char end;         /* the state in the end */
    int depth, words; /* presses that count; words */
    size_t counts;    /* bytes until `stop`, or all */
    bool stopped;
} reading;

/* Reads a name: a letter and a number below `names`. */
static const char *read_name(const char *at, char first, char last, int names) {
    char *end;
    assert_in_range(*at, first, last);
    assert_true(at[1] == '0' ? !(at[2] >= '0' && at[2] <= '9') : at[1] > '0' && at[1] <= '9');
    assert_true(strtol(at + 1, &end, 10) < names);
    return end;
}

/* Reads "c1 h30 g2 f11" or "c1 h30 g2 f11 stop i4 h0". */
static reading evaluate(const char *text) {
    reading r = {.end = text[0], .words = 1};
    const char *at = read_name(text, 'a', 'e', 16);
    r.counts = (size_t)(at - text);
    for (; *at; r.words++) {
        assert_int_equal(*at, ' ');
        if (strncmp(at, " stop", 5) == 0) {
            assert_false(r.stopped);
            r.stopped = true;
            at += 5;
            continue;
        }
        if (!r.stopped) {
            r.end = press(r.end, at[1]);
            r.depth++;
        }
        at = read_name(at + 1, 'f', 'i', 32);
        if (!r.stopped) r.counts = (size_t)(at - text);
    }
    return r;
}

/* All presses of a sample are at most 12 in depth-mixed, and as likely to be any number from its depth on. */
static void check_words(depth_task task, const reading *r) {
    assert_int_equal(r->stopped, task != DEPTH_LENGTH);
    if (task == DEPTH_MIXED)
        assert_in_range(r->words, r->depth + 2, 14);
    else
        assert_int_equal(r->words, task == DEPTH_FLAT ? 12 : r->depth + 1);
}

static void check_samples(depth_task task) {
    dataset d = generate(task, 0, 1);
    int count[11] = {0}, ends[11][5] = {{0}}, words[11][15] = {{0}};
    for (uint32_t i = 0; i < d.samples; i++) {
        reading r = evaluate(d.text_a[i]);
        assert_int_equal(r.end - 'a', d.labels[i]);
        assert_int_equal(r.depth, d.depths[i]);
        check_words(task, &r);
        count[r.depth]++;
        ends[r.depth][r.end - 'a']++;
        words[r.depth][r.words]++;
    }
    for (int depth = 1; depth <= 10; depth++) {
        assert_int_equal(count[depth], SAMPLES / 10);
        /* four standard deviations of a fair die of five sides, thrown 400 times */
        for (int k = 0; k < 5; k++) assert_in_range(ends[depth][k], 80 - 32, 80 + 32);
        /* and of one of n sides: sqrt(400 (1/n) (1 - 1/n)) < sqrt(400 / n) */
        int n = 13 - depth;
        for (int w = depth + 2; task == DEPTH_MIXED && w <= 14; w++)
            assert_true((words[depth][w] - 400 / n) * (words[depth][w] - 400 / n) <= 16 * 400 / n);
    }
    dataset_free(&d);
}

static void test_depth(void **state) {
    (void)state;
    check_samples(DEPTH_LENGTH);
}

/* All samples are equally long, so the token count says nothing of the depth: its AUC is .5. */
static void test_depth_flat(void **state) {
    (void)state;
    check_samples(DEPTH_FLAT);
}

static void test_depth_mixed(void **state) {
    (void)state;
    check_samples(DEPTH_MIXED);
}

/* Of a pair of samples of depths 1 to 4 and 5 to 10, how often the deeper is the longer, ties counting half. With n_d = 13 - d
 * equally likely lengths d .. 12, worked out pair by pair in fractions: 2117/2880. (An exit that is right of
 * depths 1 to 4 and else guesses one of five would tell less: some of the deep are right too.) */
static void test_what_length_says(void **state) {
    (void)state;
    dataset d = generate(DEPTH_MIXED, 0, 1);
    double easy[15] = {0}, hard[15] = {0}, above = 0, easies = 0, hards = 0;
    for (uint32_t i = 0; i < d.samples; i++) (d.depths[i] <= 4 ? easy : hard)[evaluate(d.text_a[i]).words]++;
    for (int a = 0; a < 15; a++) {
        easies += easy[a], hards += hard[a];
        for (int b = 0; b < 15; b++) above += easy[a] * hard[b] * (a < b ? 1 : a == b ? .5 : 0);
    }
    assert_true(fabs(above / easies / hards - 2117. / 2880) < .02);
    dataset_free(&d);
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

/* ---- What counts: the start and the presses before `stop` ---- */

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* What counts of each sample of a set, sorted; by the words of the texts, not by the groups that the set knows. */
typedef struct essence {
    char **texts;
    uint32_t samples;
} essence;

static essence essence_of(const dataset *d, const uint32_t *rows, uint32_t samples) {
    essence e = {malloc(samples * sizeof *e.texts), samples};
    assert_non_null(e.texts);
    for (uint32_t i = 0; i < samples; i++) {
        const char *text = d->text_a[rows ? rows[i] : i];
        e.texts[i] = strndup(text, evaluate(text).counts);
        assert_non_null(e.texts[i]);
    }
    qsort(e.texts, samples, sizeof *e.texts, by_text);
    return e;
}

static void free_essence(essence *e) {
    for (uint32_t i = 0; i < e->samples; i++) free(e->texts[i]);
    free(e->texts);
}

/* Prints how many samples of `a`, by depth, there are in `b` too; returns their sum. */
static uint32_t overlap(const char *name, const essence *a, const essence *b) {
    uint32_t found[11] = {0}, all = 0;
    for (uint32_t i = 0; i < a->samples; i++)
        if (bsearch(&a->texts[i], b->texts, b->samples, sizeof *b->texts, by_text))
            found[evaluate(a->texts[i]).depth]++;
    print_message("%s:", name);
    for (int depth = 1; depth <= 10; depth++) {
        print_message(" %u", found[depth]);
        all += found[depth];
    }
    print_message(" of depths 1 to 10 in common\n");
    return all;
}

static void test_seeds(void **state) {
    (void)state;
    dataset one = generate(DEPTH_MIXED, 0, 1), again = generate(DEPTH_MIXED, 0, 1), other = generate(DEPTH_MIXED, 0, 2);
    uint32_t same = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        assert_string_equal(one.text_a[i], again.text_a[i]);
        assert_int_equal(one.groups[i], again.groups[i]);
        same += strcmp(one.text_a[i], other.text_a[i]) == 0;
    }
    assert_true(same < SAMPLES / 100);
    dataset_free(&one);
    dataset_free(&again);
    dataset_free(&other);
}

/* Groups are by what counts, and nothing else: the first 64 bits of its SHA-256 (printf "d10 h21" | sha256sum). */
static void test_groups(void **state) {
    (void)state;
    dataset d = generate(DEPTH_MIXED, 0, 1);
    uint32_t met = 0;
    assert_string_equal(d.text_a[0], "d10 h21 stop g27 g12 i11");
    assert_true(d.groups[0] == 0x09dff8f7d31d966a);
    for (uint32_t i = 0; i < SAMPLES; i++) assert_int_equal(d.groups[i] % 2, 0);
    for (uint32_t i = 0; i < SAMPLES; i += 10) /* those of depth 1 */
        for (uint32_t k = 0; k < i; k += 10) {
            size_t counts = evaluate(d.text_a[i]).counts;
            bool same = evaluate(d.text_a[k]).counts == counts && strncmp(d.text_a[i], d.text_a[k], counts) == 0;
            assert_int_equal(d.groups[i] == d.groups[k], same);
            met += same;
        }
    assert_true(met > 0);
    print_message("%u pairs of 400 samples of depth 1 ask the same\n", met);
    dataset_free(&d);
}

static const token_wants WANTS = {.model_path = "nowhere/model.safetensors",
                                  .lowercase = true,
                                  .most = 100,
                                  .vocabulary = 1000,
                                  .seed = 7};

static token_set load(const char *data) {
    yaml_document doc;
    portolan_error err = {0};
    token_set set;
    const char *paths[2];
    assert_true(yaml_parse(&doc, "test", data, strlen(data), &err));
    assert_true(token_set_load(&set, doc.root, &WANTS, paths, &err));
    assert_null(paths[0]);
    assert_null(paths[1]);
    yaml_unload(&doc);
    return set;
}

/* Training, held-out and development sets of any seeds, as large as those that the zoo's model is made with. */
static void check_apart(depth_task task, uint64_t dev_seed) {
    enum { TRAIN = 60000, DEV = 5000 };
    static const char *const NAMES[] = {"depth", "depth-flat", "depth-mixed"};
    char text[100];
    portolan_error err = {0};
    token_set held;
    dataset train, dev;
    assert_true(dataset_generate_depth(&train, &(dataset_settings){.samples = TRAIN, .data_seed = 1}, task, &err));
    assert_true(dataset_generate_depth(&dev, &(dataset_settings){.samples = DEV, .data_seed = dev_seed, .part = 1},
                                       task, &err));
    snprintf(text, sizeof text, "{task: %s, samples: %d, seed: 1}", NAMES[task], TRAIN);
    token_set set = load(text);
    assert_true(token_set_hold_out(&set, .1, 1, &held, &err));
    assert_in_range(held.samples, TRAIN / 10 - 300, TRAIN / 10 + 300);
    essence sets[] = {essence_of(&train, set.guids, set.samples), essence_of(&train, held.guids, held.samples),
                      essence_of(&dev, NULL, DEV)};
    print_message("%s, development set of seed %d\n", NAMES[task], (int)dev_seed);
    assert_int_equal(overlap("held out and trained on", &sets[1], &sets[0]), 0);
    assert_int_equal(overlap("development and trained on", &sets[2], &sets[0]), 0);
    assert_int_equal(overlap("development and held out", &sets[2], &sets[1]), 0);
    for (int k = 0; k < 3; k++) free_essence(&sets[k]);
    token_set_free(&set);
    dataset_free(&train);
    dataset_free(&dev);
}

/* "c h g f", with no groups: as the words are single letters, so are the tokens. */
static void test_one_name(void **state) {
    (void)state;
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.samples = SAMPLES, .data_seed = 1, .names = DEPTH_NAMES_ONE};
    assert_true(dataset_generate_depth(&d, &s, DEPTH_FLAT, &err));
    assert_null(d.groups);
    for (uint32_t i = 0; i < d.samples; i++) {
        const char *text = d.text_a[i], *stop = strstr(text, " stop");
        char end = text[0];
        assert_non_null(stop);
        assert_int_equal(strlen(text), strlen("c h g f h g f h g f h stop"));
        assert_int_equal(stop - text, 1 + 2 * d.depths[i]);
        for (const char *at = text + 1; at < stop; at += 2) end = press(end, at[1]);
        assert_int_equal(end - 'a', d.labels[i]);
    }
    dataset_free(&d);
    token_set set = load("{task: depth, samples: 50, names: one}");
    assert_int_equal(set.vocabulary, 5 + 5 + 4 + 1);
    assert_string_equal(set.own_vocabulary, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\nh\ni\nstop\n");
    token_set_free(&set);
}

static void test_nothing_in_common(void **state) {
    (void)state;
    check_apart(DEPTH_LENGTH, 1);
    check_apart(DEPTH_FLAT, 1);
    check_apart(DEPTH_MIXED, 1);
    check_apart(DEPTH_MIXED, 2);
}

/* Through the reader of `data:`, with the vocabulary that comes with the tasks. */
static void test_tokens(void **state) {
    (void)state;
    token_set set = load("{task: depth, samples: 50, seed: 3, part: dev}");
    assert_int_equal(set.vocabulary, 5 + 5 * 16 + 4 * 32 + 1);
    for (uint32_t i = 0; i < set.samples; i++) {
        assert_int_equal(set.lengths[i], 3 + set.depths[i]); /* [CLS] state presses [SEP] */
        for (uint32_t k = 0; k < set.lengths[i]; k++) assert_int_not_equal(set.ids[set.first[i] + k], 1); /* no [UNK] */
    }
    token_set_free(&set);
}

static void test_no_file(void **state) {
    (void)state;
    static const char WRONG[] = "{task: depth, file: x.tsv}";
    yaml_document doc;
    portolan_error err = {0};
    token_set set;
    const char *paths[2];
    assert_true(yaml_parse(&doc, "test", WRONG, strlen(WRONG), &err));
    assert_false(token_set_load(&set, doc.root, &WANTS, paths, &err));
    assert_non_null(strstr(err.message, "is generated; remove 'file'"));
    yaml_unload(&doc);
}

/* Where data give no seed, that of whoever reads them counts. */
static void test_default_seed(void **state) {
    (void)state;
    token_set given = load("{task: depth-mixed, samples: 50, seed: 7}"),
              absent = load("{task: depth-mixed, samples: 50}"),
              other = load("{task: depth-mixed, samples: 50, seed: 1}");
    assert_memory_equal(given.groups, absent.groups, 50 * sizeof *given.groups);
    assert_memory_not_equal(given.groups, other.groups, 50 * sizeof *given.groups);
    token_set_free(&given);
    token_set_free(&absent);
    token_set_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),        cmocka_unit_test(test_depth_flat),
        cmocka_unit_test(test_depth_mixed),  cmocka_unit_test(test_what_length_says),
        cmocka_unit_test(test_the_machine),  cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_groups),       cmocka_unit_test(test_nothing_in_common),
        cmocka_unit_test(test_tokens),       cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_default_seed), cmocka_unit_test(test_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
