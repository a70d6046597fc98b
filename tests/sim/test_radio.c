/* A phone's radio against timelines worked out by hand.
 *
 *   promotion 0.5 s at 2 W; active 1 W; tail: continuous 0.1 s at 0.8 W, short DRX 0.4 s at 0.5 W in cycles of 0.1 s, long
 *   DRX 1.5 s at 0.25 W in cycles of 0.2 s; so the tail lasts 2 s and costs 0.08 + 0.2 + 0.375 = 0.655 J. */
#include "sim/engine/radio.h"

#include "tests/support.h"

static const radio_model MODEL = {
    .promotion_watts = 2,
    .active_watts = 1,
    .tail = {{0.1, 0.8, 0}, {0.4, 0.5, 0.1}, {1.5, 0.25, 0.2}},
};

/* A time that is what it is but for rounding. */
#define assert_time(a, b) assert_within(a, b, 1e-12)

static void expect(phone_radio *r, double now, const radio_span *wanted, size_t count) {
    radio_span found[RADIO_MOST_SPANS];
    assert_int_equal(radio_advance(&MODEL, r, now, found), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].state, wanted[i].state);
        assert_time(found[i].from, wanted[i].from);
        assert_time(found[i].to, wanted[i].to);
        assert_time(found[i].joules, wanted[i].joules);
    }
    assert_int_equal(radio_advance(&MODEL, r, now, found), 0); /* told once */
}

#define EXPECT(r, now, ...)                                     \
    do {                                                        \
        const radio_span wanted[] = {__VA_ARGS__};              \
        expect(r, now, wanted, sizeof wanted / sizeof *wanted); \
    } while (0)

/* Five requests: one before, one within and one after a tail, one during a promotion, two messages at once. */
TEST(five_requests) {
    phone_radio r = radio_open();

    /* 1, at 10 s: the radio is idle, and ready at 10.5; the message needs 0.1 s */
    EXPECT(&r, 10, {RADIO_IDLE, 0, 10, 0});
    assert_time(radio_begin(&MODEL, &r, 0.5, false, 10), 10.5);
    assert_int_equal(radio_state_at(&MODEL, &r, 10.25), RADIO_PROMOTING);
    EXPECT(&r, 10.6, {RADIO_PROMOTING, 10, 10.5, 1}, {RADIO_ACTIVE, 10.5, 10.6, 0.1});
    radio_end(&r, 10.6);

    /* 2, at 11.35, is a message down in long DRX, which began at 11.1 and listens at 11.1, 11.3, 11.5: it waits 0.15 s */
    EXPECT(&r, 11.35, {RADIO_CONTINUOUS, 10.6, 10.7, 0.08}, {RADIO_SHORT_DRX, 10.7, 11.1, 0.2},
           {RADIO_LONG_DRX, 11.1, 11.35, 0.0625});
    assert_time(radio_begin(&MODEL, &r, 0.5, true, 11.35), 11.5);
    EXPECT(&r, 11.6, {RADIO_ACTIVE, 11.35, 11.6, 0.25});
    radio_end(&r, 11.6);

    /* 3, at 20: the tail has ended at 13.6 */
    EXPECT(&r, 20, {RADIO_CONTINUOUS, 11.6, 11.7, 0.08}, {RADIO_SHORT_DRX, 11.7, 12.1, 0.2},
           {RADIO_LONG_DRX, 12.1, 13.6, 0.375}, {RADIO_IDLE, 13.6, 20, 0});
    assert_time(radio_begin(&MODEL, &r, 0.5, false, 20), 20.5);

    /* 4, at 20.2: the promotion of 3 is its own */
    EXPECT(&r, 20.2, {RADIO_PROMOTING, 20, 20.2, 0.4});
    assert_time(radio_begin(&MODEL, &r, 9, false, 20.2), 20.5);
    EXPECT(&r, 20.6, {RADIO_PROMOTING, 20.2, 20.5, 0.6}, {RADIO_ACTIVE, 20.5, 20.6, 0.1});
    radio_end(&r, 20.6);
    EXPECT(&r, 20.7, {RADIO_ACTIVE, 20.6, 20.7, 0.1}); /* 3 has arrived, 4 has not */
    radio_end(&r, 20.7);

    /* 5, at 20.75: two messages at once, which find it receiving and wait for nothing */
    EXPECT(&r, 20.75, {RADIO_CONTINUOUS, 20.7, 20.75, 0.04});
    assert_time(radio_begin(&MODEL, &r, 0.5, false, 20.75), 20.75);
    assert_time(radio_begin(&MODEL, &r, 0.5, true, 20.75), 20.75);
    EXPECT(&r, 20.8, {RADIO_ACTIVE, 20.75, 20.8, 0.05});
    radio_end(&r, 20.8);
    EXPECT(&r, 20.9, {RADIO_ACTIVE, 20.8, 20.9, 0.1});
    radio_end(&r, 20.9);
    EXPECT(&r, INFINITY, {RADIO_CONTINUOUS, 20.9, 21, 0.08}, {RADIO_SHORT_DRX, 21, 21.4, 0.2},
           {RADIO_LONG_DRX, 21.4, 22.9, 0.375});
    assert_int_equal(radio_state_at(&MODEL, &r, 22.95), RADIO_IDLE);
}

/* What a phone sends goes at once in any stage; what it is sent waits for the stage's cycle. */
TEST(only_messages_down_wait_for_a_cycle) {
    static const struct {
        double at, down;
    } CASES[] = {{1.05, 1.05}, {1.1, 1.1}, {1.11, 1.2}, {1.25, 1.3}, {1.5, 1.5}, {1.51, 1.7}, {2.95, 3.1}, {3.1, 3.6}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        for (int down = 0; down < 2; down++) {
            radio_span ignored[RADIO_MOST_SPANS];
            phone_radio r = radio_open();
            radio_begin(&MODEL, &r, 0.5, false, 0.4);
            radio_end(&r, 1); /* quiet from 1 s: short DRX at 1.1, long at 1.5, idle at 3 */
            radio_advance(&MODEL, &r, CASES[i].at, ignored);
            double start = radio_begin(&MODEL, &r, 0.5, down, CASES[i].at);
            assert_within(start, down || CASES[i].at > 3 ? CASES[i].down : CASES[i].at, 1e-9);
        }
}

/* A message that is lost while the radio is promoting leaves it promoting, and a tail behind it. */
TEST(a_promotion_is_not_broken_off) {
    phone_radio r = radio_open();
    EXPECT(&r, 1, {RADIO_IDLE, 0, 1, 0});
    radio_begin(&MODEL, &r, 0.5, false, 1);
    EXPECT(&r, 1.2, {RADIO_PROMOTING, 1, 1.2, 0.4});
    radio_end(&r, 1.2);
    assert_time(radio_begin(&MODEL, &r, 0.5, false, 1.3), 1.5);
    radio_end(&r, 1.4);
    EXPECT(&r, INFINITY, {RADIO_PROMOTING, 1.2, 1.5, 0.6}, {RADIO_CONTINUOUS, 1.5, 1.6, 0.08},
           {RADIO_SHORT_DRX, 1.6, 2, 0.2}, {RADIO_LONG_DRX, 2, 3.5, 0.375});
}

/* A radio without a tail, and promoted in no time, costs what its messages do. */
TEST(stages_may_be_missing) {
    static const radio_model BARE = {.active_watts = 3};
    radio_span found[RADIO_MOST_SPANS];
    phone_radio r = radio_open();
    radio_advance(&BARE, &r, 1, found);
    assert_time(radio_begin(&BARE, &r, 0, true, 1), 1);
    assert_int_equal(radio_advance(&BARE, &r, 2, found), 1);
    assert_time(found[0].joules, 3);
    radio_end(&r, 2);
    assert_int_equal(radio_advance(&BARE, &r, INFINITY, found), 0);
}

TEST(every_state_has_a_name) {
    for (int i = 0; i < RADIO_STATES; i++) assert_non_null(RADIO_STATE_NAMES[i]);
    assert_null(RADIO_STATE_NAMES[RADIO_STATES]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_requests),
        cmocka_unit_test(only_messages_down_wait_for_a_cycle),
        cmocka_unit_test(a_promotion_is_not_broken_off),
        cmocka_unit_test(stages_may_be_missing),
        cmocka_unit_test(every_state_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
