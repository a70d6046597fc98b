/* CSV files: quotes, names of columns, places of faults, and what is no CSV file. */
#include <sys/resource.h>
#include <unistd.h>

#include "base/csv.h"
#include "tests/support.h"

#define FILE_NAME "test.csv"

static void write_text(const char *text) {
    FILE *f = fopen(FILE_NAME, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static csv_reader open_text(const char *text) {
    csv_reader r;
    portolan_error err = {0};
    write_text(text);
    if (!csv_open(&r, FILE_NAME, &err)) fail_msg("%s", err.message);
    return r;
}

TEST(fields_may_be_quoted) {
    portolan_error err = {0};
    csv_reader r = open_text("a,b\r\n\"x \"\"y\"\", z\",\n");
    double number;
    assert_int_equal(csv_next(&r, &err), CSV_ROW);
    assert_string_equal(r.fields[0], "x \"y\", z");
    assert_true(csv_number(&r, 1, &number, &err) && isnan(number));
    assert_int_equal(csv_next(&r, &err), CSV_END);
    csv_close(&r);
}

TEST(columns_are_found_in_any_case) {
    portolan_error err = {0};
    csv_reader r = open_text("\xEF\xBB\xBFName,LATITUDE\n");
    size_t column;
    assert_true(csv_column(&r, "name", &column, &err)); /* behind a byte order mark */
    assert_int_equal(column, 0);
    assert_true(csv_column(&r, "latitude", &column, &err));
    assert_int_equal(column, 1);
    assert_false(csv_column(&r, "longitude", &column, &err));
    assert_input_error(&err, 1, 1, "there is no column 'longitude'; there are: Name, LATITUDE");
    csv_close(&r);
}

TEST(a_fault_has_its_column) {
    portolan_error err = {0};
    csv_reader r = open_text("a,b,c\n\"p, q\",r,s\n");
    double number;
    assert_int_equal(csv_next(&r, &err), CSV_ROW);
    assert_false(csv_number(&r, 0, &number, &err));
    assert_input_error(&err, 2, 1, "'a' is 'p, q'; a number or nothing is wanted");
    assert_false(csv_number(&r, 2, &number, &err));
    assert_input_error(&err, 2, 10, "'c' is 's'");
    csv_close(&r);
}

static void refuse_row(const char *text, const char *fragment) {
    portolan_error err = {0};
    csv_reader r = open_text(text);
    assert_int_equal(csv_next(&r, &err), CSV_FAILED);
    assert_input_error(&err, 2, 0, fragment);
    csv_close(&r);
}

TEST(damaged_rows_are_refused) {
    refuse_row("a,b\n1\n", "has 1 field; the header has 2");
    refuse_row("a,b\n1,2,3\n", "has 3 fields; the header has 2");
    refuse_row("a,b\n\"1,2\n", "quotes that do not close");
}

static void refuse_file(const char *path, const char *fragment) {
    portolan_error err = {0};
    csv_reader r;
    assert_false(csv_open(&r, path, &err));
    assert_input_error(&err, 0, 0, fragment);
}

TEST(other_files_are_refused) {
    write_text("");
    refuse_file(FILE_NAME, "a header line is missing");
    refuse_file("none.csv", "cannot open: No such file");
    refuse_file(".", "is not a regular file");
    refuse_file("/dev/zero", "is not a regular file");
}

static void write_line(size_t length, off_t hole) {
    FILE *f = fopen(FILE_NAME, "w");
    assert_non_null(f);
    fputs("a,b\n", f);
    for (size_t i = 0; i < length; i++) fputc('x', f);
    assert_int_equal(fflush(f), 0);
    if (hole) assert_int_equal(ftruncate(fileno(f), hole), 0);
    assert_int_equal(fclose(f), 0);
}

/* Five gigabytes without the end of a line are not read. */
TEST(endless_lines_are_refused) {
    csv_reader r;
    portolan_error err = {0};
    write_line(CSV_MAX_LINE, 0);
    assert_true(csv_open(&r, FILE_NAME, &err));
    assert_int_equal(csv_next(&r, &err), CSV_FAILED);
    assert_input_error(&err, 2, 0, "is a line of more than 16777214 bytes; is it a CSV file?");
    csv_close(&r);
    write_line(2, (off_t)5 << 30);
    assert_true(csv_open(&r, FILE_NAME, &err));
    assert_int_equal(csv_next(&r, &err), CSV_FAILED);
    assert_input_error(&err, 2, 3, "is a NUL byte; a text is wanted");
    csv_close(&r);
    unlink(FILE_NAME);
}

/* The end of memory is not the end of the file. */
TEST(short_memory_is_an_error) {
#ifdef PORTOLAN_SANITIZE
    skip(); /* the sanitizers need all addresses */
#endif
    csv_reader r;
    portolan_error err = {0};
    struct rlimit before, now;
    size_t pages = 0;
    write_line(12 << 20, 0);
    assert_true(csv_open(&r, FILE_NAME, &err));
    FILE *size = fopen("/proc/self/statm", "r");
    assert_true(size && fscanf(size, "%zu", &pages) == 1);
    fclose(size);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    now = before;
    now.rlim_cur = pages * (size_t)sysconf(_SC_PAGESIZE) + (8 << 20);
    assert_int_equal(setrlimit(RLIMIT_AS, &now), 0);
    csv_state found = csv_next(&r, &err);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(found, CSV_FAILED);
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "out of memory"));
    csv_close(&r);
    unlink(FILE_NAME);
}

/* RFC 4180: quotes only where a comma, a quote or a line break stands, and quotes doubled. */
TEST(texts_are_quoted_where_they_must_be) {
    char *written;
    size_t size;
    static const char *const TEXTS[] = {"plain", "a,b", "say \"sea\"", "two\nlines", "", NULL};
    FILE *out = open_memstream(&written, &size);
    assert_non_null(out);
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        csv_put(out, TEXTS[i]);
        fputc('|', out);
    }
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, "plain|\"a,b\"|\"say \"\"sea\"\"\"|\"two\nlines\"|||");
    free(written);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_may_be_quoted),      cmocka_unit_test(columns_are_found_in_any_case),
        cmocka_unit_test(a_fault_has_its_column),    cmocka_unit_test(damaged_rows_are_refused),
        cmocka_unit_test(endless_lines_are_refused), cmocka_unit_test(short_memory_is_an_error),
        cmocka_unit_test(other_files_are_refused),   cmocka_unit_test(texts_are_quoted_where_they_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
