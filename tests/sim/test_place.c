/* Places: cores behind one first-in, first-out queue with a bound. */
#include "sim/disciplines/discipline.h"
#include "tests/support.h"

/* Requests are large; the tests share a few. */
enum { REQUESTS = 8 };
static request requests[REQUESTS];
static attempt *attempts[REQUESTS];

static place open_place(tier at, uint64_t cores, uint64_t limit) {
    memset(requests, 0, sizeof requests);
    for (size_t i = 0; i < REQUESTS; i++) {
        attempts[i] = &requests[i].first;
        attempts[i]->request = &requests[i];
        for (int k = 0; k < TIER_COUNT; k++) requests[i].record.wait[k] = NAN;
    }
    return (place){.discipline = &FIFO, .at = at, .cores = cores, .limit = limit};
}

/* Each tier has a wait of its own. */
TEST(waits_are_kept_by_tier) {
    place here = open_place(TIER_EDGE, 1, 10);
    assert_int_equal(place_enter(&here, attempts[0], 0), ENTERED_CORE);
    assert_int_equal(place_enter(&here, attempts[1], 1), ENTERED_QUEUE);
    assert_ptr_equal(place_next(&here, 5), attempts[1]);
    assert_near(requests[1].record.wait[TIER_EDGE], 4, 0);
    assert_true(isnan(requests[1].record.wait[TIER_PHONE]) && isnan(requests[1].record.wait[TIER_CLOUD]));
    assert_near(record_wait(&requests[1].record), 4, 0);
}

TEST(a_free_core_is_taken_at_once) {
    place here = open_place(TIER_PHONE, 2, 10);
    assert_int_equal(place_enter(&here, attempts[0], 1), ENTERED_CORE);
    assert_int_equal(place_enter(&here, attempts[1], 1), ENTERED_CORE);
    assert_int_equal(here.busy, 2);
    assert_int_equal(here.waiting, 0);
    assert_near(requests[0].record.wait[TIER_PHONE], 0, 0);
}

TEST(a_core_without_successor_becomes_free) {
    place here = open_place(TIER_PHONE, 1, 10);
    assert_int_equal(place_enter(&here, attempts[0], 0), ENTERED_CORE);
    assert_null(place_next(&here, 5));
    assert_int_equal(here.busy, 0);
    assert_int_equal(place_enter(&here, attempts[1], 6), ENTERED_CORE);
    assert_near(requests[1].record.wait[TIER_PHONE], 0, 0);
}

/* Three wait behind one core, from 1, 2 and 3 s on; they get it at 10, 11 and 12: 9 s each in the queue. */
TEST(first_in_first_out) {
    place here = open_place(TIER_PHONE, 1, 10);
    assert_int_equal(place_enter(&here, attempts[0], 0), ENTERED_CORE);
    for (int i = 1; i <= 3; i++) assert_int_equal(place_enter(&here, attempts[i], i), ENTERED_QUEUE);
    assert_int_equal(here.waiting, 3);
    for (int i = 1; i <= 3; i++) {
        assert_ptr_equal(place_next(&here, 9 + i), attempts[i]);
        assert_int_equal(here.busy, 1); /* handed over, not freed */
        assert_near(requests[i].record.wait[TIER_PHONE], 9, 0);
    }
    assert_int_equal(here.waiting, 0);
    assert_null(place_next(&here, 13));
    assert_int_equal(here.busy, 0);
    assert_null(here.first);
    assert_null(here.last);
}

/* The queue is emptied and filled again: no link to an old request is left. */
TEST(the_queue_can_be_emptied_and_used_again) {
    place here = open_place(TIER_PHONE, 1, 10);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(place_enter(&here, attempts[0], 0), ENTERED_CORE);
        assert_int_equal(place_enter(&here, attempts[1], 0), ENTERED_QUEUE);
        assert_ptr_equal(place_next(&here, 1), attempts[1]);
        assert_int_equal(place_enter(&here, attempts[2], 1), ENTERED_QUEUE);
        assert_ptr_equal(place_next(&here, 2), attempts[2]);
        assert_null(place_next(&here, 3));
    }
    assert_near(requests[1].record.wait[TIER_PHONE], 3, 0); /* 1 s a round: waits at several places add up */
}

TEST(a_full_queue_refuses) {
    place here = open_place(TIER_PHONE, 1, 2);
    assert_int_equal(place_enter(&here, attempts[0], 0), ENTERED_CORE);
    assert_int_equal(place_enter(&here, attempts[1], 0), ENTERED_QUEUE);
    assert_int_equal(place_enter(&here, attempts[2], 0), ENTERED_QUEUE);
    assert_int_equal(place_enter(&here, attempts[3], 0), REFUSED);
    assert_int_equal(here.waiting, 2);
    assert_true(isnan(requests[3].record.wait[TIER_PHONE])); /* it was not there */
    assert_ptr_equal(place_next(&here, 1), attempts[1]);
    assert_int_equal(place_enter(&here, attempts[4], 1), ENTERED_QUEUE); /* there is room again */
    assert_ptr_equal(place_next(&here, 2), attempts[2]);
    assert_ptr_equal(place_next(&here, 3), attempts[4]); /* the refused one is not among them */
}

TEST(a_queue_of_length_zero_is_a_loss_system) {
    place here = open_place(TIER_PHONE, 2, 0);
    assert_int_equal(place_enter(&here, attempts[0], 0), ENTERED_CORE);
    assert_int_equal(place_enter(&here, attempts[1], 0), ENTERED_CORE);
    assert_int_equal(place_enter(&here, attempts[2], 0), REFUSED);
    assert_null(place_next(&here, 1));
    assert_int_equal(place_enter(&here, attempts[2], 1), ENTERED_CORE);
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
