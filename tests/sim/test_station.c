/* Stations: cores behind one first-in, first-out queue with a bound. */
#include "sim/request.h"
#include "tests/support.h"

/* Requests are large; the tests share a few. */
static request requests[8];

static void forget_requests(void) {
    memset(requests, 0, sizeof requests);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        for (int k = 0; k < TIER_COUNT; k++)
            requests[i].record.wait[k] = NAN;
}

/* Each tier has a wait of its own. */
TEST(waits_are_kept_by_tier) {
    forget_requests();
    station st = {.cores = 1, .limit = 10};
    requests[1].at = TIER_EDGE;
    assert_int_equal(station_enter(&st, &requests[0], 0), ENTERED_CORE);
    assert_int_equal(station_enter(&st, &requests[1], 1), ENTERED_QUEUE);
    assert_ptr_equal(station_next(&st, 5), &requests[1]);
    assert_near(requests[1].record.wait[TIER_EDGE], 4, 0);
    assert_true(isnan(requests[1].record.wait[TIER_PHONE]) && isnan(requests[1].record.wait[TIER_CLOUD]));
    assert_near(record_wait(&requests[1].record), 4, 0);
}

TEST(a_free_core_is_taken_at_once) {
    forget_requests();
    station st = {.cores = 2, .limit = 10};
    assert_int_equal(station_enter(&st, &requests[0], 1), ENTERED_CORE);
    assert_int_equal(station_enter(&st, &requests[1], 1), ENTERED_CORE);
    assert_int_equal(st.busy, 2);
    assert_int_equal(st.waiting, 0);
    assert_near(requests[0].record.wait[TIER_PHONE], 0, 0);
}

TEST(a_core_without_successor_becomes_free) {
    forget_requests();
    station st = {.cores = 1, .limit = 10};
    assert_int_equal(station_enter(&st, &requests[0], 0), ENTERED_CORE);
    assert_null(station_next(&st, 5));
    assert_int_equal(st.busy, 0);
    assert_int_equal(station_enter(&st, &requests[1], 6), ENTERED_CORE);
    assert_near(requests[1].record.wait[TIER_PHONE], 0, 0);
}

/* Three wait behind one core, from 1, 2 and 3 s on; they get it at 10, 11 and 12: 9 s each in the queue. */
TEST(first_in_first_out) {
    forget_requests();
    station st = {.cores = 1, .limit = 10};
    assert_int_equal(station_enter(&st, &requests[0], 0), ENTERED_CORE);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(station_enter(&st, &requests[i], i), ENTERED_QUEUE);
    assert_int_equal(st.waiting, 3);
    for (int i = 1; i <= 3; i++) {
        assert_ptr_equal(station_next(&st, 9 + i), &requests[i]);
        assert_int_equal(st.busy, 1); /* handed over, not freed */
        assert_near(requests[i].record.wait[TIER_PHONE], 9, 0);
    }
    assert_int_equal(st.waiting, 0);
    assert_null(station_next(&st, 13));
    assert_int_equal(st.busy, 0);
    assert_null(st.first);
    assert_null(st.last);
}

/* The queue is emptied and filled again: no link to an old request is left. */
TEST(the_queue_can_be_emptied_and_used_again) {
    forget_requests();
    station st = {.cores = 1, .limit = 10};
    for (int round = 0; round < 3; round++) {
        assert_int_equal(station_enter(&st, &requests[0], 0), ENTERED_CORE);
        assert_int_equal(station_enter(&st, &requests[1], 0), ENTERED_QUEUE);
        assert_ptr_equal(station_next(&st, 1), &requests[1]);
        assert_int_equal(station_enter(&st, &requests[2], 1), ENTERED_QUEUE);
        assert_ptr_equal(station_next(&st, 2), &requests[2]);
        assert_null(station_next(&st, 3));
    }
    assert_near(requests[1].record.wait[TIER_PHONE], 3, 0); /* 1 s a round: waits at several stations add up */
}

TEST(a_full_queue_refuses) {
    forget_requests();
    station st = {.cores = 1, .limit = 2};
    assert_int_equal(station_enter(&st, &requests[0], 0), ENTERED_CORE);
    assert_int_equal(station_enter(&st, &requests[1], 0), ENTERED_QUEUE);
    assert_int_equal(station_enter(&st, &requests[2], 0), ENTERED_QUEUE);
    assert_int_equal(station_enter(&st, &requests[3], 0), REFUSED);
    assert_int_equal(st.waiting, 2);
    assert_true(isnan(requests[3].record.wait[TIER_PHONE])); /* it was not there */
    assert_ptr_equal(station_next(&st, 1), &requests[1]);
    assert_int_equal(station_enter(&st, &requests[4], 1), ENTERED_QUEUE); /* there is room again */
    assert_ptr_equal(station_next(&st, 2), &requests[2]);
    assert_ptr_equal(station_next(&st, 3), &requests[4]); /* the refused one is not among them */
}

TEST(a_queue_of_length_zero_is_a_loss_system) {
    forget_requests();
    station st = {.cores = 2, .limit = 0};
    assert_int_equal(station_enter(&st, &requests[0], 0), ENTERED_CORE);
    assert_int_equal(station_enter(&st, &requests[1], 0), ENTERED_CORE);
    assert_int_equal(station_enter(&st, &requests[2], 0), REFUSED);
    assert_null(station_next(&st, 1));
    assert_int_equal(station_enter(&st, &requests[2], 1), ENTERED_CORE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_core_is_taken_at_once),
        cmocka_unit_test(a_core_without_successor_becomes_free),
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(waits_are_kept_by_tier),
        cmocka_unit_test(the_queue_can_be_emptied_and_used_again),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(a_queue_of_length_zero_is_a_loss_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
