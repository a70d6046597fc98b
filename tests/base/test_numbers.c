/* Numbers in texts: what is one, what is none, and where one ends. */
#include "base/numbers.h"

#include "tests/support.h"

TEST(numbers_are_read_whole) {
    static const struct {
        const char *text;
        double value;
    } GOOD[] = {{"0", 0},          {"-1.5", -1.5},
                {"+2", 2},         {".5", .5},
                {"5.", 5},         {"1e3", 1000},
                {"1E-2", .01},     {" 7 ", 7},
                {"1e-400", 0},     {"007", 7},
                {"-0.25e1", -2.5}, {"0e5", 0},
                {"4 ", 4},         {"1.7976931348623157e308", 1.7976931348623157e308}};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        double x = NAN;
        assert_true(number_parse(GOOD[i].text, &x));
        assert_true(x == GOOD[i].value);
    }
}

TEST(what_is_no_number) {
    static const char *const BAD[] = {"",    " ",    "-",   "+",   ".",     "x",   "1x",  "0x10", "0X1p3", "nan",
                                      "inf", "-inf", "1 2", "--1", "1e400", "\t1", "1\n", "1,5",  "1/2",   "-0x1"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        double x;
        if (number_parse(BAD[i], &x)) fail_msg("'%s' is read as %g", BAD[i], x);
    }
}

TEST(a_number_ends_where_something_else_begins) {
    double x;
    const char *text = "10ms";
    assert_ptr_equal(number_read(text, &x), text + 2);
    assert_true(x == 10);
    text = "1e"; /* no exponent follows */
    assert_ptr_equal(number_read(text, &x), text + 1);
    assert_null(number_read(" 1", &x));
    assert_null(number_read("ms", &x));
}

TEST(whole_numbers_are_digits) {
    uint64_t n;
    assert_true(whole_parse("0", &n) && n == 0);
    assert_true(whole_parse("0042", &n) && n == 42);
    assert_true(whole_parse("18446744073709551615", &n) && n == UINT64_MAX);
    assert_true(whole_parse("18446744073709551616", &n) && n == UINT64_MAX); /* too large for any bound */
    assert_true(whole_parse("99999999999999999999999999", &n) && n == UINT64_MAX);
    static const char *const BAD[] = {"", " 1", "1 ", "-1", "+1", "1.0", "1e3", "0x1", "x", "1,"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        if (whole_parse(BAD[i], &n)) fail_msg("'%s' is read as a whole number", BAD[i]);
    const char *text = "12,34";
    const char *end = whole_read(text, &n);
    assert_ptr_equal(end, text + 2);
    assert_int_equal(n, 12);
    assert_ptr_equal(whole_read(end + 1, &n), text + 5);
    assert_int_equal(n, 34);
    assert_null(whole_read(end, &n));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_whole),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(a_number_ends_where_something_else_begins),
        cmocka_unit_test(whole_numbers_are_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
