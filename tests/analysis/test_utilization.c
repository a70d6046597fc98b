/* Utilisation from a trace, against averages worked out by hand. */
#include "analysis/report/utilization.h"
#include "tests/support.h"

static void write_trace(const char *rows) {
    FILE *f = fopen("trace.csv", "w");
    assert_non_null(f);
    fprintf(f, "event,time_s,duration_s,request,place,value\n%s", rows);
    assert_int_equal(fclose(f), 0);
}

static double mean(const double *bins) {
    double sum = 0;
    for (int b = 0; b < UTILIZATION_BINS; b++) sum += bins[b];
    return sum / UTILIZATION_BINS;
}

/* From 0 to 4 s. Site a: 40 in the first second, then 80; site b: 20 for 3 s (its row at 1 s is left out,
 * since nothing changed), then 0. Mean of both: 30, 50, 50, 40. Phones begin at 2 s. */
TEST(test_steps) {
    utilization u;
    portolan_error err = {0};
    write_trace("utilization,0,1,,edge site a,40\n"
                "utilization,0,1,,edge site b,20\n"
                "computing,0.5,0.1,3,edge site a,\n"
                "utilization,1,1,,edge site a,80\n"
                "utilization,2,1,,phones p,10\n"
                "load,2,1,,edge site a,99\n"
                "utilization,3,1,,edge site b,0\n");
    assert_true(utilization_read(&u, "trace.csv", &err));
    assert_near(u.begin, 0, 0);
    assert_near(u.end, 4, 0);
    const double *edge = u.percent[1];
    assert_near(edge[0], 30, 1e-9);
    assert_near(edge[59], 30, 1e-9);
    assert_near(edge[60], 50, 1e-9);
    assert_near(edge[179], 50, 1e-9);
    assert_near(edge[180], 40, 1e-9);
    assert_near(mean(edge), 42.5, 1e-9);
    assert_near(mean(u.percent[0]), 5, 1e-9);
    assert_true(u.has[0] && u.has[1] && !u.has[2]);
}

/* A step within bins: 100 for 1 s of 3.5 s, so the bins' mean is 100 / 3.5 wherever their borders are. */
TEST(test_borders) {
    utilization u;
    portolan_error err = {0};
    write_trace("utilization,7,1,,cloud region c,100\nutilization,8,2.5,,cloud region c,0\n");
    assert_true(utilization_read(&u, "trace.csv", &err));
    assert_near(mean(u.percent[2]), 100 / 3.5, 1e-9);
}

TEST(test_nothing) {
    utilization u;
    portolan_error err = {0};
    write_trace("computing,0.5,0.1,3,edge site a,\n");
    assert_true(utilization_read(&u, "trace.csv", &err));
    assert_near(u.begin, u.end, 0);
    write_trace("utilization,0,1e-320,,edge site a,3\n"); /* too short for bins */
    assert_true(utilization_read(&u, "trace.csv", &err));
    assert_near(u.begin, u.end, 0);
}

TEST(test_refused) {
    utilization u;
    portolan_error err = {0};
    write_trace("utilization,0,1,,edge site a,high\n");
    assert_false(utilization_read(&u, "trace.csv", &err));
    assert_input_error(&err, 2, 30, "'value' is 'high'");
    write_trace("utilization,0,,,edge site a,3\n");
    assert_false(utilization_read(&u, "trace.csv", &err));
    assert_input_error(&err, 2, 0, "a counter has a time_s and a duration_s");
    static const char *const WRONG[] = {
        "utilization,-1,1,,edge site a,3\n",          "utilization,0,-1,,edge site a,3\n",
        "utilization,1e308,1.7e308,,edge site a,3\n", "utilization,0,1,,edge site a,-3\n",
        "utilization,0,1,,edge site a,101\n",         "utilization,0,1,,edge site a,\n"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        write_trace(WRONG[i]);
        assert_false(utilization_read(&u, "trace.csv", &err));
        assert_input_error(&err, 2, 0, "a value from 0 to 100");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
