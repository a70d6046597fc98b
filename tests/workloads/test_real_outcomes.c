/* A real outcome table, BERT-base with twelve exits on the SST-2 development set: its known accuracies, and
 * those of stopping at the first confident exit. Needs $PORTOLAN_DATA; skipped without it. */
#include "tests/support.h"
#include "workloads/workloads.h"

static outcome_table table;

TEST(sizes) {
    assert_int_equal(table.samples, 872);
    assert_int_equal(table.exits, 12);
    assert_int_equal(table.classes, 2);
}

/* Counts of right answers; as shares of 872: .509 .791 .818 .857 .870 .873 .880 .886 .891 .898 .906 .903 */
TEST(accuracies_by_exit) {
    static const unsigned WANTED[] = {444, 690, 713, 747, 759, 761, 767, 773, 777, 783, 790, 787};
    for (uint32_t e = 0; e < table.exits; e++) {
        unsigned right = 0;
        for (uint32_t i = 0; i < table.samples; i++) right += outcome_prediction(&table, i, e) == table.labels[i];
        assert_int_equal(right, WANTED[e]);
    }
}

TEST(some_exit_is_right) {
    unsigned right = 0;
    for (uint32_t i = 0; i < table.samples; i++) {
        bool any = false;
        for (uint32_t e = 0; e < table.exits; e++) any |= outcome_prediction(&table, i, e) == table.labels[i];
        right += any;
    }
    assert_int_equal(right, 848); /* .972 */
}

/* Stop at the first exit whose confidence reaches the threshold, at the last one in any case. */
TEST(stopping_at_the_first_confident_exit) {
    static const struct {
        double threshold;
        unsigned right;
        double mean_exit;
    } WANTED[] = {
        {.70, 756, 3.3},  /* accuracy .867 */
        {.80, 767, 4.7},  /* .880 */
        {.85, 772, 5.7},  /* .885 */
        {.90, 780, 7.0},  /* .894 */
        {.95, 784, 9.0},  /* .899 */
        {.99, 787, 11.4}, /* .903 */
    };
    for (size_t k = 0; k < sizeof WANTED / sizeof *WANTED; k++) {
        unsigned right = 0, exits = 0;
        for (uint32_t i = 0; i < table.samples; i++) {
            uint32_t e = 0;
            while (e + 1 < table.exits && outcome_confidence(&table, i, e) < WANTED[k].threshold) e++;
            right += outcome_prediction(&table, i, e) == table.labels[i];
            exits += e + 1;
        }
        assert_int_equal(right, WANTED[k].right);
        assert_within((double)exits / table.samples, WANTED[k].mean_exit, 0.05);
    }
}

int main(void) {
    enum { SKIPPED = 77 };
    const char *data = getenv("PORTOLAN_DATA");
    portolan_error err = {0};
    char path[2048];
    if (!data || !*data) {
        puts("skipped: PORTOLAN_DATA is not set; it must hold exits/sst2_dev_bert12exits_df.csv");
        return SKIPPED;
    }
    snprintf(path, sizeof path, "%s/exits/sst2_dev_bert12exits_df.csv", data);
    if (!outcome_table_load(&table, path, &err)) {
        error_print(&err, stderr);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(accuracies_by_exit),
        cmocka_unit_test(some_exit_is_right),
        cmocka_unit_test(stopping_at_the_first_confident_exit),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    outcome_table_free(&table);
    return failed;
}
