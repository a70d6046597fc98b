/* The tokenizer: by hand on small texts, against kept results on nasty ones, and against a second
 * implementation (reference_tokenizer.py) on real ones. The last needs python3, and $PORTOLAN_DATA for
 * vocabulary and texts. */
#include <utf8proc.h>

#include "base/files.h"
#include "tests/support.h"
#include "workloads/workloads.h"

#define FILES PORTOLAN_SOURCE_DIR "/tests/workloads/"
#define TINY  FILES "tiny_vocabulary.txt"

enum { MOST = 20000 };

static uint32_t ids[MOST];
static uint8_t segments[MOST];

static tokenizer *load(const char *path, bool lowercase) {
    portolan_error err = {0};
    tokenizer *t = tokenizer_load(path, lowercase, &err);
    if (!t) fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    return t;
}

static file_bytes read_file(const char *path) {
    file_bytes bytes;
    portolan_error err = {0};
    if (!file_read(path, 1 << 30, &bytes, &err)) fail_msg("%s: %s", err.file, err.message);
    return bytes;
}

/* The tokens of the tiny vocabulary, whose file is cut up. */
static char *tiny[1000];
static file_bytes tiny_text;

static int read_tiny(void **state __attribute__((unused))) {
    tiny_text = read_file(TINY);
    char *rest = tiny_text.data;
    for (size_t i = 0; (tiny[i] = strsep(&rest, "\n")) && *tiny[i]; i++) {}
    return 0;
}

static int free_tiny(void **state __attribute__((unused))) {
    free(tiny_text.data);
    return 0;
}

/* The encoding as words: how many tokens are of segment 0, and the tokens. */
static const char *encoded(const tokenizer *t, const char *a, const char *b, uint32_t most) {
    static char line[1 << 16];
    uint32_t count = tokenizer_encode(t, a, b, most, ids, segments), first = 0;
    assert_in_range(count, b ? 3 : 2, most);
    while (first < count && !segments[first]) first++;
    for (uint32_t i = first; i < count; i++) assert_int_equal(segments[i], 1);
    int length = snprintf(line, sizeof line, "%u:", first);
    for (uint32_t i = 0; i < count; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, " %s", tiny[ids[i]]);
    return line;
}

/* ---- By hand ---- */

TEST(uncased) {
    tokenizer *t = load(TINY, true);
    assert_string_equal(encoded(t, "UNAFFABLE, caf\u00e9s!", NULL, 128), "9: [CLS] un ##aff ##able , cafe ##s ! [SEP]");
    assert_string_equal(encoded(t, "\u4e2d\u6587", NULL, 128), "4: [CLS] \u4e2d \u6587 [SEP]");
    assert_string_equal(encoded(t, "in[MASK]side [mask]", NULL, 128), "8: [CLS] in [MASK] side [ mask ] [SEP]");
    /* Hugging Face's lower case is taken of every character by itself: no final sigma */
    assert_string_equal(encoded(t, "\u039f\u0394\u039f\u03a3", NULL, 128),
                        "6: [CLS] \u03bf ##\u03b4 ##\u03bf ##\u03c3 [SEP]");
    assert_string_equal(encoded(t, "\u0130stanbul", NULL, 128), "3: [CLS] istanbul [SEP]");
    tokenizer_free(t);
}

TEST(cased) {
    tokenizer *t = load(TINY, false);
    assert_string_equal(encoded(t, "unaffable Caf\u00e9 Cafe\u0301", NULL, 128),
                        "7: [CLS] un ##aff ##able Caf\u00e9 Caf\u00e9 [SEP]");
    assert_string_equal(encoded(t, "[MA\x01SK]", NULL, 128), "3: [CLS] [MASK] [SEP]");
    assert_string_equal(encoded(t, "[MA\x01SK]s", NULL, 128), "6: [CLS] [ MASK ] s [SEP]");
    tokenizer_free(t);
}

TEST(empty_texts) {
    tokenizer *t = load(TINY, true);
    static const char *const EMPTY[] = {"", " ", "\t\r\n", "\u00a0\u3000", "\x01\x02", "\xff\xfe", "\xc3", "\ufffd"};
    for (size_t i = 0; i < sizeof EMPTY / sizeof *EMPTY; i++) {
        assert_string_equal(encoded(t, EMPTY[i], NULL, 3), "2: [CLS] [SEP]");
        assert_string_equal(encoded(t, EMPTY[i], EMPTY[i], 5), "2: [CLS] [SEP] [SEP]");
        assert_string_equal(encoded(t, EMPTY[i], "all", 5), "2: [CLS] [SEP] all [SEP]");
        assert_string_equal(encoded(t, "all", EMPTY[i], 5), "3: [CLS] all [SEP] [SEP]");
    }
    tokenizer_free(t);
}

TEST(fewest_tokens) {
    tokenizer *t = load(TINY, true);
    assert_string_equal(encoded(t, "plain words", NULL, 3), "3: [CLS] plain [SEP]");
    assert_string_equal(encoded(t, "unaffable", NULL, 3), "3: [CLS] un [SEP]");
    assert_string_equal(encoded(t, "unaffabl\u20ac\u2603", NULL, 3), "3: [CLS] [UNK] [SEP]"); /* not its first piece */
    assert_string_equal(encoded(t, "plain words", "and text", 5), "3: [CLS] plain [SEP] and [SEP]");
    assert_string_equal(encoded(t, "plain words", "", 5), "4: [CLS] plain words [SEP] [SEP]");
    tokenizer_free(t);
}

/* Nothing is written, not even into memory that is not there. */
TEST(too_few_tokens) {
    tokenizer *t = load(TINY, true);
    for (uint32_t most = 0; most < 5; most++) {
        if (most < 3) assert_int_equal(tokenizer_encode(t, "plain words", NULL, most, NULL, NULL), 0);
        assert_int_equal(tokenizer_encode(t, "plain words", "and text", most, NULL, NULL), 0);
    }
    tokenizer_free(t);
}

/* Token after token from the longer text, from the second where they are equal; over all small lengths. */
TEST(pairs_are_cut_longest_first) {
    tokenizer *t = load(TINY, true);
    char a[64], b[64];
    for (uint32_t na = 0; na <= 12; na++)
        for (uint32_t nb = 0; nb <= 12; nb++)
            for (uint32_t most = 5; most <= 30; most++) {
                uint32_t wanted_a = na, wanted_b = nb;
                while (wanted_a + wanted_b + 3 > most) *(wanted_a > wanted_b ? &wanted_a : &wanted_b) -= 1;
                for (uint32_t i = 0; i < na; i++) memcpy(a + 2 * i, "a ", 2);
                for (uint32_t i = 0; i < nb; i++) memcpy(b + 2 * i, "b ", 2);
                a[2 * na] = b[2 * nb] = '\0';
                assert_int_equal(tokenizer_encode(t, a, b, most, ids, segments), wanted_a + wanted_b + 3);
                for (uint32_t i = 1; i <= wanted_a; i++) assert_string_equal(tiny[ids[i]], "a");
                for (uint32_t i = 0; i < wanted_b; i++) assert_string_equal(tiny[ids[wanted_a + 2 + i]], "b");
                assert_int_equal(segments[wanted_a + 1], 0);
                assert_int_equal(segments[wanted_a + 2], 1);
            }
    tokenizer_free(t);
}

TEST(long_texts) {
    enum { WORDS = 10000 };
    tokenizer *t = load(TINY, true);
    char *text = malloc(5 * WORDS + 1);
    for (size_t i = 0; i < WORDS; i++) memcpy(text + 5 * i, "cafe ", 6);
    assert_int_equal(tokenizer_encode(t, text, NULL, MOST, ids, segments), WORDS + 2);
    assert_string_equal(tiny[ids[WORDS]], "cafe");
    assert_int_equal(tokenizer_encode(t, text, NULL, 128, ids, segments), 128);
    assert_int_equal(tokenizer_encode(t, text, text, 128, ids, segments), 128);
    assert_int_equal(segments[64], 0); /* 125 tokens: 63 and 62, for the second loses the tie */
    assert_int_equal(segments[65], 1);
    memset(text, 'x', 5 * WORDS); /* one word */
    assert_string_equal(encoded(t, text, NULL, 128), "3: [CLS] [UNK] [SEP]");
    free(text);
    tokenizer_free(t);
}

/* ---- Kept results ---- */

/* Encodes every line of nasty.txt, bad UTF-8 included, as the golden file has it. */
static void assert_golden(const char *golden_path, bool lowercase) {
    tokenizer *t = load(TINY, lowercase);
    file_bytes texts = read_file(FILES "nasty.txt"), golden = read_file(golden_path);
    char *text_rest = texts.data, *golden_rest = golden.data, *text, *wanted;
    unsigned line = 1;
    for (; (text = strsep(&text_rest, "\n")) && text_rest; line++) {
        assert_non_null(wanted = strsep(&golden_rest, "\n"));
        const char *found = encoded(t, text, NULL, MOST);
        if (strcmp(found, wanted) != 0) fail_msg("line %u of nasty.txt:\nfound  %s\nwanted %s", line, found, wanted);
    }
    assert_true(line > 60);
    assert_string_equal(golden_rest, "");
    free(texts.data);
    free(golden.data);
    tokenizer_free(t);
}

TEST(nasty_texts) {
    assert_golden(FILES "nasty_uncased.golden", true);
    assert_golden(FILES "nasty_cased.golden", false);
}

/* ---- Vocabularies ---- */

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"

static tokenizer *load_text(const char *text, size_t length, portolan_error *err) {
    FILE *f = fopen("vocabulary.txt", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
    *err = (portolan_error){0};
    return tokenizer_load("vocabulary.txt", true, err);
}

TEST(vocabularies) {
    static const char *const GOOD[] = {SPECIALS, SPECIALS "a\n##b\n", SPECIALS "a\n##b", "\xef\xbb\xbf" SPECIALS "a\n",
                                       "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\n##b\r\n"};
    static const uint32_t COUNTS[] = {4, 6, 6, 5, 6};
    portolan_error err;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        tokenizer *t = load_text(GOOD[i], strlen(GOOD[i]), &err);
        assert_non_null(t);
        assert_int_equal(tokenizer_vocabulary(t), COUNTS[i]);
        assert_int_equal(tokenizer_encode(t, "ab [MASK]", NULL, 128, ids, segments), COUNTS[i] == 6 ? 5 + 2 : 6);
        tokenizer_free(t);
    }
    tokenizer_free(NULL);
}

TEST(bad_vocabularies) {
    static const struct {
        const char *text;
        unsigned line, column;
        const char *message;
    } BAD[] = {
        {"", 1, 1, "[PAD] is not among them"},
        {"[PAD]\n[UNK]\n[CLS]\n", 1, 1, "3 tokens, but [SEP] is not among them"},
        {"[PAD]\n[SEP]\n[CLS]\nthe\n", 1, 1, "[UNK] is not among them"},
        {SPECIALS "a\nb\na\n", 7, 1, "the token 'a' stands twice; it was first at line 5"},
        {SPECIALS "\na\n", 5, 1, "an empty line"},
        {SPECIALS "a\n\n", 6, 1, "an empty line"},
        {SPECIALS "\r\na\n", 5, 1, "an empty line"},
        {SPECIALS "caf\xe9\n", 5, 4, "not UTF-8: found the byte 0xe9"},
    };
    portolan_error err;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_null(load_text(BAD[i].text, strlen(BAD[i].text), &err));
        assert_input_error(&err, BAD[i].line, BAD[i].column, BAD[i].message);
    }
    assert_null(load_text(SPECIALS "a\0b\n", sizeof SPECIALS + 3, &err));
    assert_input_error(&err, 5, 2, "NUL");
    assert_null(tokenizer_load("no-such-file", true, &err));
    assert_input_error(&err, 0, 0, "cannot open");
}

TEST(too_many_tokens) {
    FILE *f = fopen("vocabulary.txt", "wb");
    portolan_error err = {0};
    assert_non_null(f);
    fputs(SPECIALS, f);
    for (int i = 0; i < 1000000; i++) fprintf(f, "t%d\n", i);
    fclose(f);
    assert_null(tokenizer_load("vocabulary.txt", true, &err));
    assert_input_error(&err, 1000001, 1, "more than 1000000 tokens");
    remove("vocabulary.txt");
}

/* ---- Against the second implementation ---- */

static const char *data_folder(void) {
    const char *data = getenv("PORTOLAN_DATA");
    if (data && *data) return data;
    print_message("skipped: PORTOLAN_DATA is not set; point it at the folder with vocab/ and glue/\n");
    skip();
    return NULL;
}

static void need_python(void) {
    if (system("python3 -c 'import unicodedata' 2>/dev/null") == 0) return;
    print_message("skipped: there is no python3 for the second implementation\n");
    skip();
}

typedef struct text_list {
    uint32_t count;
    const char *const *a, *const *b; /* b: NULL for single texts */
} text_list;

/* Writes the texts to a file, has the reference encode them, and compares. */
static void compare(const char *vocabulary, bool lowercase, text_list texts, uint32_t most) {
    char command[4096], *line = NULL;
    size_t size = 0;
    tokenizer *t = load(vocabulary, lowercase);
    FILE *f = fopen("texts.txt", "wb");
    assert_non_null(f);
    for (uint32_t i = 0; i < texts.count; i++)
        fprintf(f, "%s%s%s\n", texts.a[i], texts.b ? "\t" : "", texts.b ? texts.b[i] : "");
    assert_int_equal(fclose(f), 0);
    snprintf(command, sizeof command, "python3 -B '%s' %s %s --most %u '%s' < texts.txt",
             FILES "reference_tokenizer.py", lowercase ? "" : "--cased", texts.b ? "--pairs" : "", most, vocabulary);
    f = popen(command, "r");
    assert_non_null(f);
    for (uint32_t i = 0; i < texts.count; i++) {
        uint32_t count = tokenizer_encode(t, texts.a[i], texts.b ? texts.b[i] : NULL, most, ids, segments), first = 0;
        assert_true(getline(&line, &size, f) > 0);
        char *at = line;
        while (first < count && !segments[first]) first++;
        bool same = strtoul(at, &at, 10) == first && *at++ == ':';
        for (uint32_t k = 0; k < count; k++) same = same && strtoul(at, &at, 10) == ids[k];
        if (!same || *at != '\n') fail_msg("text %u differs: %.500s", i, texts.a[i]);
    }
    assert_int_equal(getline(&line, &size, f), -1);
    assert_int_equal(pclose(f), 0);
    free(line);
    tokenizer_free(t);
}

TEST(nasty_texts_as_the_reference) {
    enum { LINES = 100 };
    const char *lines[LINES];
    char *text, vocabulary[2048];
    need_python();
    snprintf(vocabulary, sizeof vocabulary, "%s/vocab/bert-base-uncased-vocab.txt", data_folder());
    file_bytes texts = read_file(FILES "nasty.txt");
    char *rest = texts.data;
    text_list list = {.a = lines};
    while ((text = strsep(&rest, "\n")) && rest) lines[list.count++] = text;
    assert_true(list.count > 60 && list.count < LINES);
    for (int lowercase = 0; lowercase < 2; lowercase++) {
        compare(TINY, lowercase, list, 10);
        compare(vocabulary, lowercase, list, MOST);
    }
    free(texts.data);
}

static dataset load_task(const char *task, const char *file) {
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {0};
    char path[2048];
    while (strcmp(DATASET_TASKS[s.task], task) != 0) s.task++;
    snprintf(path, sizeof path, "%s/%s", data_folder(), file);
    if (!dataset_load(&d, &s, path, &err)) fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    return d;
}

TEST(real_texts_as_the_reference) {
    static const char *const SETS[][2] = {
        {"sst2", "glue/SST-2/dev.tsv"},
        {"cola", "glue/CoLA/dev.tsv"},
        {"rte", "glue/RTE/dev.tsv"},
        {"mrpc", "glue/MRPC/dev.tsv"},
    };
    char vocabulary[2048];
    snprintf(vocabulary, sizeof vocabulary, "%s/vocab/bert-base-uncased-vocab.txt", data_folder());
    need_python();
    print_message("utf8proc's Unicode is %s, Python's ", utf8proc_unicode_version());
    fflush(stdout);
    assert_int_equal(system("python3 -c 'import unicodedata; print(unicodedata.unidata_version)'"), 0);
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++) {
        dataset d = load_task(SETS[i][0], SETS[i][1]);
        text_list list = {d.samples, d.text_a, d.text_b};
        compare(vocabulary, true, list, MOST);
        compare(vocabulary, false, list, 32);
        dataset_free(&d);
    }
    remove("texts.txt");
}

/* ---- Lengths of real texts ---- */

static int by_value(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Adds the lengths of a data set's texts to `lengths`; returns how many there are now. */
static uint32_t add_lengths(const tokenizer *t, const char *task, const char *file, uint32_t *lengths, uint32_t count) {
    dataset d = load_task(task, file);
    for (uint32_t k = 0; k < d.samples; k++)
        lengths[count++] = tokenizer_encode(t, d.text_a[k], d.text_b ? d.text_b[k] : NULL, MOST, ids, segments);
    dataset_free(&d);
    return count;
}

/* Means and 95th percentiles (nearest rank), [CLS] and [SEP] included. */
TEST(lengths_of_real_texts) {
    static const struct {
        const char *task, *files[2];
        double mean;
        uint32_t p95;
    } WANTED[] = {
        {"sst2", {"glue/SST-2/train.tsv"}, 13.3, 33},
        {"sst2", {"glue/SST-2/dev.tsv"}, 25.2, 44},
        {"cola", {"glue/CoLA/dev.tsv"}, 11.7, 21},
        {"rte", {"glue/RTE/dev.tsv"}, 68.3, 157},
        {"mrpc", {"glue/MRPC/dev.tsv"}, 53.2, 74},
        {"qnli", {"glue/QNLI/dev.tsv"}, 51.1, 87},
        {"mnli", {"glue_subset/MNLI/train.json", "glue_subset/MNLI/dev.json"}, 40.2, 73},
        {"qqp", {"glue_subset/QQP/train.json", "glue_subset/QQP/dev.json"}, 30.7, 55},
    };
    static uint32_t lengths[100000];
    char vocabulary[2048];
    snprintf(vocabulary, sizeof vocabulary, "%s/vocab/bert-base-uncased-vocab.txt", data_folder());
    tokenizer *t = load(vocabulary, true);
    assert_int_equal(tokenizer_vocabulary(t), 30522);
    for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++) {
        uint32_t count = 0;
        double sum = 0;
        for (int k = 0; k < 2 && WANTED[i].files[k]; k++)
            count = add_lengths(t, WANTED[i].task, WANTED[i].files[k], lengths, count);
        for (uint32_t k = 0; k < count; k++) sum += lengths[k];
        qsort(lengths, count, sizeof *lengths, by_value);
        assert_within(sum / count, WANTED[i].mean, 0.05);
        assert_int_equal(lengths[(count * 95 + 99) / 100 - 1], WANTED[i].p95);
    }
    tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uncased),
        cmocka_unit_test(cased),
        cmocka_unit_test(empty_texts),
        cmocka_unit_test(fewest_tokens),
        cmocka_unit_test(too_few_tokens),
        cmocka_unit_test(pairs_are_cut_longest_first),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(nasty_texts),
        cmocka_unit_test(vocabularies),
        cmocka_unit_test(bad_vocabularies),
        cmocka_unit_test(too_many_tokens),
        cmocka_unit_test(nasty_texts_as_the_reference),
        cmocka_unit_test(real_texts_as_the_reference),
        cmocka_unit_test(lengths_of_real_texts),
    };
    return cmocka_run_group_tests(tests, read_tiny, free_tiny);
}
