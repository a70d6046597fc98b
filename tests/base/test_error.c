/* Errors: statuses, printed form, suggestions for mistyped words, lists of allowed words. */
#include "base/text.h"
#include "tests/support.h"

TEST(statuses_and_places) {
    portolan_error err = {0};
    assert_false(error_input(&err, (text_mark){"a.yaml", 3, 7}, "found %d", 5));
    assert_input_error(&err, 3, 7, "found 5");
    assert_string_equal(err.file, "a.yaml");
    assert_false(error_usage(&err, "no scenario"));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_string_equal(err.file, "");
    assert_int_equal(err.line, 0);
    assert_false(error_run(&err, "disk full"));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_false(error_memory(&err, 12345));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "12345 bytes"));
}

TEST(long_texts_are_cut) {
    portolan_error err = {0};
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_input(&err, (text_mark){text, 1, 1}, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_int_equal(strlen(err.file), sizeof err.file - 1);
}

static void assert_prints(const portolan_error *err, const char *wanted) {
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    error_print(err, f);
    fclose(f);
    assert_string_equal(text, wanted);
    free(text);
}

TEST(printed_form) {
    portolan_error err = {0};
    error_input(&err, (text_mark){"a.yaml", 3, 7}, "bad");
    assert_prints(&err, "portolan: a.yaml:3:7: bad\n");
    error_input(&err, (text_mark){"a.yaml", 0, 0}, "cannot open");
    assert_prints(&err, "portolan: a.yaml: cannot open\n");
    error_usage(&err, "wrong option");
    assert_prints(&err, "portolan: wrong option\n");
}

/* A text from a file neither moves the cursor nor turns the line around, and stays legible. */
TEST(a_terminal_is_not_steered) {
    static const struct {
        const char *text, *wanted;
    } CASES[] = {
        {"caf\u00e9 \u4e2d \U0001f600", "caf\u00e9 \u4e2d \U0001f600"},
        {"\x1b[31mred\x07\x7f", "\\x1b[31mred\\x07\\x7f"},
        {"two\nlines\t\r", "two\\nlines\\t\\r"},
        {"\xc2\x9b"
         "2J \xc2\xa0",
         "\\u009b2J \xc2\xa0"},
        {"\u202egnp.exe \u2066 \u2028", "\\u202egnp.exe \\u2066 \\u2028"},
        {"\xff \xc3( \xed\xa0\x80 \xf5 \xe4\xb8", "\\xff \\xc3( \\xed\\xa0\\x80 \\xf5 \\xe4\\xb8"},
    };
    portolan_error err = {0};
    char line[256], into[256];
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        error_input(&err, (text_mark){CASES[i].text, 1, 1}, "%s", CASES[i].text);
        snprintf(line, sizeof line, "portolan: %s:1:1: %s\n", CASES[i].wanted, CASES[i].wanted);
        assert_prints(&err, line);
        assert_string_equal(text_printable(into, sizeof into, CASES[i].text), CASES[i].wanted);
    }
    assert_string_equal(text_printable(into, 6, "caf\u00e9 x"), "caf\u00e9");
    assert_string_equal(text_printable(into, 5, "caf\u00e9 x"), "caf"); /* no half characters */
    assert_string_equal(text_printable(into, 5, "ab\x1b"), "ab");
}

static const char *const KEYS[] = {"policies", "platform", "workload", "model", "seed", "run", "cost", NULL};

TEST(word_hint_names_the_nearest) {
    char hint[HINT_TEXT];
    assert_string_equal(word_hint(hint, "polices", KEYS), ", did you mean 'policies'?");
    assert_string_equal(word_hint(hint, "xyzzy", KEYS), "");
}

TEST(nearest_word_finds_slips) {
    assert_string_equal(nearest_word("polices", KEYS), "policies");   /* delete */
    assert_string_equal(nearest_word("platforms", KEYS), "platform"); /* insert */
    assert_string_equal(nearest_word("wurkload", KEYS), "workload");  /* replace */
    assert_string_equal(nearest_word("modle", KEYS), "model");        /* swap */
    assert_string_equal(nearest_word("sed", KEYS), "seed");
    assert_string_equal(nearest_word("run", KEYS), "run");
}

TEST(nearest_word_leaves_strangers_alone) {
    static const char *const NONE[] = {NULL}, *const SWAPPED[] = {"abcd", NULL}, *const SHORT[] = {"ba", NULL};
    assert_null(nearest_word("banana", KEYS));
    assert_null(nearest_word("xyz", KEYS));
    assert_null(nearest_word("run", NONE));
    assert_null(nearest_word("cdab", SWAPPED)); /* four edits of four letters */
    assert_string_equal(nearest_word("abdc", SWAPPED), "abcd");
    assert_string_equal(nearest_word("ab", SHORT), "ba"); /* a swap is one slip: near enough in two letters */
    assert_null(nearest_word("xy", SHORT));
}

TEST(nearest_word_takes_the_first_of_equals) {
    static const char *const WORDS[] = {"bat", "cat", "hat", NULL}, *const NEARER[] = {"boat", "bat", NULL};
    assert_string_equal(nearest_word("rat", WORDS), "bat");
    assert_string_equal(nearest_word("bats", NEARER), "bat");
}

TEST(nearest_word_survives_long_words) {
    char word[500];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    const char *const choices[] = {"b", word, NULL};
    assert_ptr_equal(nearest_word(word, choices), word);
    assert_null(nearest_word(word, KEYS));
}

TEST(list_words_is_cut) {
    char into[32];
    list_words(into, sizeof into, KEYS);
    assert_int_equal(strlen(into), sizeof into - 1);
    assert_string_equal(into + sizeof into - 4, "...");
    assert_int_equal(strncmp(into, "policies, platform, ", 20), 0);
    char wide[64];
    list_words(wide, sizeof wide, KEYS);
    assert_string_equal(wide, "policies, platform, workload, model, seed, run, cost");
    char exact[sizeof "policies"];
    static const char *const ONE[] = {"policies", NULL}, *const NONE[] = {NULL};
    list_words(exact, sizeof exact, ONE);
    assert_string_equal(exact, "policies");
    list_words(exact, sizeof exact, NONE);
    assert_string_equal(exact, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_and_places),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(printed_form),
        cmocka_unit_test(a_terminal_is_not_steered),
        cmocka_unit_test(word_hint_names_the_nearest),
        cmocka_unit_test(nearest_word_finds_slips),
        cmocka_unit_test(nearest_word_leaves_strangers_alone),
        cmocka_unit_test(nearest_word_takes_the_first_of_equals),
        cmocka_unit_test(nearest_word_survives_long_words),
        cmocka_unit_test(list_words_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
