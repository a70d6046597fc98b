/* How rows of results are printed: numbers as %.9g prints them, what is undefined as nothing, texts quoted where they
 * must be. */
#include "sim/results/tables.h"
#include "tests/support.h"

typedef struct row {
    const char *text;
    uint64_t count;
    double number;
} row;

static const table_column COLUMNS[] = {
    {"text", "", COLUMN_TEXT, offsetof(row, text)},
    {"count", "", COLUMN_COUNT, offsetof(row, count)},
    {"number", "", COLUMN_NUMBER, offsetof(row, number)},
    {0},
};
static const result_table TABLE = {"t.csv", "", COLUMNS, NULL, NULL};

static void assert_row(row r, const char *wanted) {
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    table_write_row(&TABLE, &r, f);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, wanted);
    free(text);
}

TEST(rows) {
    assert_row((row){"a", 0, 0}, "a,0,0\n");
    assert_row((row){"a,b", UINT64_MAX, NAN}, "\"a,b\",18446744073709551615,\n");
    assert_row((row){NULL, 10, INFINITY}, ",10,inf\n");
}

TEST(numbers_are_those_of_printf) {
    static const double NUMBERS[] = {0,         -0.0, 1,          -5,     0.1,   1.5,    7e8,
                                     999999999, 1e9,  1234567890, 1e-300, 1e300, 0x1p62, -INFINITY};
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, ",3,%.9g\n", NUMBERS[i]);
        assert_row((row){NULL, 3, NUMBERS[i]}, wanted);
    }
}

TEST(header) {
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    table_write_header(&TABLE, f);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, "text,count,number\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows), cmocka_unit_test(numbers_are_those_of_printf),
                                       cmocka_unit_test(header)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
