/* Percentiles by nearest rank, and the measures of a classifier, against values worked out by hand. */
#include "analysis/analysis.h"
#include "tests/support.h"

/* ---- Percentiles ---- */

TEST(values_are_sorted) {
    double values[] = {3, -1, 2, 2, 1e9, 0};
    static const double WANTED[] = {-1, 0, 2, 2, 3, 1e9};
    sort_values(values, 6);
    for (size_t i = 0; i < 6; i++) assert_near(values[i], WANTED[i], 0);
    sort_values(values, 0);
}

/* The usual example: of n = 5, the rank of p = 5, 30, 40, 50, 100 is ceil(.25) = 1, ceil(1.5) = 2, ceil(2) =
 * 2, ceil(2.5) = 3 and 5. */
TEST(nearest_rank_of_five) {
    static const double SORTED[] = {15, 20, 35, 40, 50};
    assert_near(percentile_nearest_rank(SORTED, 5, 5), 15, 0);
    assert_near(percentile_nearest_rank(SORTED, 5, 30), 20, 0);
    assert_near(percentile_nearest_rank(SORTED, 5, 40), 20, 0);
    assert_near(percentile_nearest_rank(SORTED, 5, 40.001), 35, 0);
    assert_near(percentile_nearest_rank(SORTED, 5, 50), 35, 0);
    assert_near(percentile_nearest_rank(SORTED, 5, 100), 50, 0);
}

TEST(one_value_is_every_percentile) {
    static const double ONE[] = {7};
    static const double RANKS[] = {1e-9, 1, 50, 99.99, 100};
    for (size_t i = 0; i < sizeof RANKS / sizeof *RANKS; i++)
        assert_near(percentile_nearest_rank(ONE, 1, RANKS[i]), 7, 0);
}

TEST(no_value_has_no_percentile) { assert_true(isnan(percentile_nearest_rank(NULL, 0, 50))); }

/* By definition: the smallest value that at least p % of the values do not exceed. Integers, so that the
 * comparison is exact: 100 k >= p n. */
TEST(nearest_rank_follows_its_definition) {
    double sorted[300];
    for (size_t i = 0; i < 300; i++) sorted[i] = (double)i + 1;
    for (size_t n = 1; n <= 300; n++) {
        for (size_t p = 1; p <= 100; p++) {
            size_t k = 1;
            while (100 * k < p * n) k++;
            assert_near(percentile_nearest_rank(sorted, n, (double)p), (double)k, 0);
        }
    }
}

/* ---- The measures of a classifier ---- */

/* A confusion from `classes` rows of counts: a row a label, a column a prediction. */
static confusion confusion_of(uint32_t classes, const unsigned *counts) {
    confusion c;
    assert_true(confusion_open(&c, classes));
    for (uint32_t label = 0; label < classes; label++)
        for (uint32_t prediction = 0; prediction < classes; prediction++)
            for (unsigned n = counts[label * classes + prediction]; n > 0; n--) confusion_add(&c, label, prediction);
    return c;
}

static void assert_measures(uint32_t classes, const unsigned *counts, double accuracy, double f1, double mcc) {
    confusion c = confusion_of(classes, counts);
    assert_near(confusion_accuracy(&c), accuracy, 1e-14);
    assert_near(confusion_f1(&c), f1, 1e-14);
    assert_near(confusion_mcc(&c), mcc, 1e-14);
    confusion_close(&c);
}

/* TN 4, FP 1, FN 2, TP 3: accuracy 7/10; F1 = 2*3 / (2*3 + 1 + 2) = 2/3;
 * MCC = (3*4 - 1*2) / sqrt((3+1)(3+2)(4+1)(4+2)) = 10 / sqrt(600). */
TEST(two_classes) { assert_measures(2, (unsigned[]){4, 1, 2, 3}, 0.7, 2.0 / 3, 10 / sqrt(600)); }

/* The F1 of two classes is class 1's, not the mean: swapping the classes changes it.
 * TN 3, FP 2, FN 1, TP 4: F1 = 8 / (8 + 2 + 1) = 8/11; MCC is symmetric. */
TEST(two_classes_swapped) { assert_measures(2, (unsigned[]){3, 2, 1, 4}, 0.7, 8.0 / 11, 10 / sqrt(600)); }

/*            predicted 0  1  2   labelled
 *   label 0            3  1  0   4
 *   label 1            1  2  2   5
 *   label 2            0  0  1   1
 *   predicted          4  3  3   10 in all, 6 right
 * F1 of each class, 2 right / (labelled + predicted): 6/8, 4/8, 2/4; mean 1.75/3 = 7/12. MCC: c s - sum p t =
 * 6*10 - (4*4 + 3*5 + 3*1) = 26; s^2 - sum p^2 = 100 - 34 = 66; s^2 - sum t^2 = 100 - 42 = 58. */
TEST(three_classes) {
    assert_measures(3, (unsigned[]){3, 1, 0, 1, 2, 2, 0, 0, 1}, 0.6, 7.0 / 12, 26 / sqrt(66.0 * 58));
}

TEST(all_right_and_all_wrong) {
    assert_measures(2, (unsigned[]){5, 0, 0, 5}, 1, 1, 1);
    assert_measures(2, (unsigned[]){0, 5, 5, 0}, 0, 0, -1);
    assert_measures(3, (unsigned[]){2, 0, 0, 0, 3, 0, 0, 0, 4}, 1, 1, 1);
}

/* Where one class is never predicted, or never labelled, the correlation's denominator is 0, and so is it. */
TEST(one_class_only) {
    assert_measures(2, (unsigned[]){6, 0, 4, 0}, 0.6, 0, 0);        /* always 0 */
    assert_measures(2, (unsigned[]){0, 6, 0, 4}, 0.4, 8.0 / 14, 0); /* always 1: 2*4 / (2*4 + 6) */
    assert_measures(2, (unsigned[]){5, 0, 0, 0}, 1, 0, 0);          /* class 1 does not occur at all */
}

/* A class that is neither labelled nor predicted counts as F1 0 in the mean: (1 + 1 + 0) / 3. */
TEST(absent_class_counts_in_the_mean) { assert_measures(3, (unsigned[]){2, 0, 0, 0, 2, 0, 0, 0, 0}, 1, 2.0 / 3, 1); }

TEST(no_answers_have_no_measures) {
    confusion c = confusion_of(2, (unsigned[]){0, 0, 0, 0});
    assert_true(isnan(confusion_accuracy(&c)));
    assert_true(isnan(confusion_f1(&c)));
    assert_true(isnan(confusion_mcc(&c)));
    confusion_close(&c);
    assert_null(c.counts);
}

/* ---- Area under the curve ---- */

/* Positives .9, .6, .4; negatives .6, .2. Of six pairs, .9 wins two, .6 wins one and ties one, .4 wins one: 4.5 / 6. */
TEST(area_by_hand) {
    static const double SCORES[] = {0.6, 0.9, 0.2, 0.4, 0.6};
    static const bool POSITIVE[] = {true, true, false, true, false};
    assert_near(area_under_curve(SCORES, POSITIVE, 5), 0.75, 1e-15);
}

TEST(area_at_the_ends) {
    static const double SCORES[] = {1, 2, 3, 4};
    assert_near(area_under_curve(SCORES, (bool[]){0, 0, 1, 1}, 4), 1, 0);
    assert_near(area_under_curve(SCORES, (bool[]){1, 1, 0, 0}, 4), 0, 0);
    assert_near(area_under_curve((double[]){5, 5, 5, 5}, (bool[]){1, 0, 1, 0}, 4), 0.5, 0);
    assert_true(isnan(area_under_curve(SCORES, (bool[]){1, 1, 1, 1}, 4)));
    assert_true(isnan(area_under_curve(NULL, NULL, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_sorted),
        cmocka_unit_test(nearest_rank_of_five),
        cmocka_unit_test(one_value_is_every_percentile),
        cmocka_unit_test(no_value_has_no_percentile),
        cmocka_unit_test(nearest_rank_follows_its_definition),
        cmocka_unit_test(two_classes),
        cmocka_unit_test(two_classes_swapped),
        cmocka_unit_test(three_classes),
        cmocka_unit_test(all_right_and_all_wrong),
        cmocka_unit_test(one_class_only),
        cmocka_unit_test(absent_class_counts_in_the_mean),
        cmocka_unit_test(no_answers_have_no_measures),
        cmocka_unit_test(area_by_hand),
        cmocka_unit_test(area_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
