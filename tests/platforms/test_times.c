/* Files of measured times: what is drawn from them, and what is refused. */
#include "platforms/times.h"

#include "tests/fuzz/memory_file.h"
#include "tests/support.h"

static bool load(const char *text, arena *memory, drawn_time *d, portolan_error *err) {
    char path[64];
    int fd = memory_file(text, strlen(text), path);
    bool ok = times_load(memory, path, d, err);
    close(fd);
    return ok;
}

/* Each row is as likely as another: of 30,000 draws from four rows of which two are equal a half are that one, give or take
 * five deviations of sqrt(30000 / 4) = 87. */
TEST(rows_are_drawn_alike) {
    arena memory = {0};
    portolan_error err = {0};
    drawn_time d;
    assert_true(load("when,seconds\na,0.5\nb,0\nc,0.5\nd,3600\n", &memory, &d, &err));
    assert_int_equal(d.count, 4);
    unsigned seen[3] = {0};
    random_stream s = random_open(1, "times", 0);
    for (int i = 0; i < 30000; i++) {
        double x = drawn_time_draw(&d, &s);
        assert_true(x == 0.5 || x == 0 || x == 3600);
        seen[x == 0.5 ? 0 : x == 0 ? 1 : 2]++;
    }
    assert_within(seen[0], 15000, 435);
    assert_within(seen[1], 7500, 435);
    arena_free(&memory);
}

TEST(malformed_files_are_refused) {
    static const struct {
        const char *text;
        unsigned line, column;
        const char *fragment;
    } CASES[] = {
        {"", 0, 0, "a header line is missing"},
        {"second\n1\n", 1, 1, "seconds"},
        {"seconds\n", 1, 0, "has no row behind the header"},
        {"seconds\n0.1\n-0.1\n", 3, 1, "'seconds' is '-0.1'; a number from 0 to 3600 is wanted"},
        {"a,seconds\n1,3601\n", 2, 3, "from 0 to 3600"},
        {"a,seconds\n1,fast\n", 2, 3, "fast"},
        {"a,seconds\n1,nan\n", 2, 3, "nan"},
        {"a,seconds\n1\n", 2, 0, "has 1 field; the header has 2"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        arena memory = {0};
        portolan_error err = {0};
        drawn_time d;
        assert_false(load(CASES[i].text, &memory, &d, &err));
        assert_input_error(&err, CASES[i].line, CASES[i].column, CASES[i].fragment);
        arena_free(&memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_drawn_alike),
                                       cmocka_unit_test(malformed_files_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
