/* Numbers of traces against printf's, quoting, a buffer that overflows again and again, a disk that is full; slots
 * against a search from the first. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "sim/observers/slots.h"
#include "sim/observers/trace_text.h"
#include "tests/support.h"

static trace_text out;
static char *written;
static size_t written_size;

static void text_open(void) {
    out.file = open_memstream(&written, &written_size);
    out.used = 0;
    out.failed = false;
    assert_non_null(out.file);
}

static int open_text(void **state) {
    (void)state;
    text_open();
    return 0;
}

static int close_text(void **state) {
    (void)state;
    fclose(out.file);
    free(written);
    return 0;
}

static void assert_written(const char *wanted) {
    text_flush(&out);
    assert_int_equal(fclose(out.file), 0);
    assert_string_equal(written, wanted);
    free(written);
    text_open();
}

/* printf's "%.*f", without zeros at the end and without "-0". */
static void print_fixed(char *into, size_t size, double x, int decimals) {
    snprintf(into, size, "%.*f", decimals, x);
    if (strchr(into, '.')) {
        char *end = into + strlen(into);
        while (end[-1] == '0') *--end = '\0';
        if (end[-1] == '.') end[-1] = '\0';
    }
    if (strcmp(into, "-0") == 0) snprintf(into, size, "0");
}

static void test_fixed_by_hand(void **state) {
    (void)state;
    static const struct {
        double x;
        unsigned decimals;
        const char *text;
    } CASES[] = {{0, 3, "0"},           {-0.0, 3, "0"},         {1, 0, "1"},
                 {2.5, 0, "3"},         {-2.5, 0, "-3"},        {100, 3, "100"},
                 {0.1, 9, "0.1"},       {0.0004, 3, "0"},       {-0.0004, 3, "0"},
                 {0.0005, 3, "0.001"},  {12.3450, 3, "12.345"}, {1e9, 9, "1000000000"},
                 {999.9996, 3, "1000"}, {1e12, 9, "1e+12"},     {-7.25, 2, "-7.25"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        text_fixed(&out, CASES[i].x, CASES[i].decimals);
        assert_written(CASES[i].text);
    }
}

/* But for ties, and digits that a double does not hold any more. */
static void test_fixed_against_printf(void **state) {
    (void)state;
    random_stream r = random_open(1, "fixed", 0);
    char wanted[64];
    for (int i = 0; i < 20000; i++) {
        int decimals = (int)random_below(&r, 10);
        double x = (random_uniform(&r) - 0.5) * pow(10, (double)random_below(&r, 9));
        double scaled = fabs(x) * pow(10, decimals);
        if (scaled > 1e15 || fabs(scaled - floor(scaled) - 0.5) < 1e-3) continue;
        print_fixed(wanted, sizeof wanted, x, decimals);
        text_fixed(&out, x, (unsigned)decimals);
        assert_written(wanted);
    }
}

static void test_whole_numbers(void **state) {
    (void)state;
    text_unsigned(&out, 0);
    text_put(&out, " ");
    text_unsigned(&out, UINT64_MAX);
    text_put(&out, " ");
    text_signed(&out, INT64_MIN);
    text_put(&out, " ");
    text_hexadecimal(&out, 0xdeadbeef00);
    assert_written("0 18446744073709551615 -9223372036854775808 deadbeef00");
}

static void test_quotes(void **state) {
    (void)state;
    text_quoted(&out, "a\"b\\c\n\x1f", '\\');
    assert_written("\"a\\\"b\\\\c\\u000a\\u001f\"");
    text_quoted(&out, "a\"b\\c", '"');
    assert_written("\"a\"\"b\\c\"");
}

static void test_more_than_the_buffer(void **state) {
    (void)state;
    enum { NUMBERS = 200000 };
    text_open();
    for (uint64_t i = 0; i < NUMBERS; i++) {
        text_unsigned(&out, i);
        text_put(&out, "\n");
    }
    text_flush(&out);
    fclose(out.file);
    char *at = written;
    for (uint64_t i = 0; i < NUMBERS; i++, at++) assert_int_equal(strtoull(at, &at, 10), i);
    assert_ptr_equal(at, written + written_size);
    free(written);
}

static void test_full_disk(void **state) {
    (void)state;
    out.file = fopen("/dev/full", "w");
    if (!out.file) skip();
    setvbuf(out.file, NULL, _IONBF, 0);
    out.used = 0;
    out.failed = false;
    text_put(&out, "lost");
    assert_false(out.failed);
    text_flush(&out);
    assert_true(out.failed);
    fclose(out.file);
}

static void test_lanes(void **state) {
    (void)state;
    enum { SLOTS = 1000, TURNS = 100000 };
    bool taken[SLOTS] = {false}, seen[SLOTS] = {false};
    slots l = {0};
    random_stream r = random_open(1, "slots", 0);
    for (int i = 0; i < TURNS; i++) {
        /* waves: mostly taking, then mostly giving back */
        uint32_t slot = (uint32_t)random_below(&r, SLOTS), lowest = 0;
        bool take = random_uniform(&r) < (i / 3000 % 2 ? 0.35 : 0.65), is_new;
        while (lowest < SLOTS && taken[lowest]) lowest++;
        if (take && lowest < SLOTS) {
            assert_true(slot_take(&l, &slot, &is_new));
            assert_int_equal(slot, lowest);
            assert_int_equal(is_new, !seen[slot]);
            taken[slot] = seen[slot] = true;
        } else if (taken[slot]) {
            slot_give(&l, slot);
            taken[slot] = false;
        }
    }
    assert_true(seen[64] && l.known > 64);
    slots_free(&l);
}

#define WITH_TEXT(test) cmocka_unit_test_setup_teardown(test, open_text, close_text)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TEXT(test_fixed_by_hand), WITH_TEXT(test_fixed_against_printf),        WITH_TEXT(test_whole_numbers),
        WITH_TEXT(test_quotes),        cmocka_unit_test(test_more_than_the_buffer), cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
