/* Arrays that grow: what is in them stays, by few moves; what cannot be had is told and leaves them as they were. */
#include "base/array.h"

#include "tests/support.h"

enum { ITEMS = 100000 };

TEST(items_are_kept_and_the_room_doubles) {
    portolan_error err = {0};
    uint64_t *numbers = NULL;
    size_t room = 0, grown = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        size_t before = room;
        assert_true(ARRAY_RESERVE(numbers, room, i + 1, &err));
        assert_true(room > i);
        assert_true(room == before || room >= 2 * before);
        grown += room != before;
        numbers[i] = i;
    }
    for (size_t i = 0; i < ITEMS; i++) assert_int_equal(numbers[i], i);
    assert_true(grown <= 14); /* 16, 32, ... 131072 */
    free(numbers);
}

TEST(as_many_as_wanted_at_once) {
    portolan_error err = {0};
    char *text = NULL;
    size_t room = 0;
    assert_true(ARRAY_RESERVE(text, room, 0, &err));
    assert_null(text);
    assert_true(ARRAY_RESERVE(text, room, 1000, &err));
    assert_int_equal(room, 1000);
    memset(text, 'x', room);
    const char *same = text;
    assert_true(ARRAY_RESERVE(text, room, 999, &err));
    assert_ptr_equal(text, same);
    assert_int_equal(room, 1000);
    free(text);
}

TEST(too_many_are_refused) {
    double *numbers = NULL;
    size_t room = 0;
    portolan_error err = {0};
    assert_true(ARRAY_RESERVE(numbers, room, 3, &err));
    numbers[2] = 0.5;
    size_t before = room, impossible[] = {SIZE_MAX, SIZE_MAX / sizeof *numbers + 1, SIZE_MAX / sizeof *numbers - 64};
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        err = (portolan_error){0};
        assert_false(ARRAY_RESERVE(numbers, room, impossible[i], &err));
        assert_int_equal(err.status, STATUS_FAILED);
        assert_non_null(strstr(err.message, "out of memory"));
        assert_int_equal(room, before);
        assert_true(numbers[2] == 0.5);
    }
    free(numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_kept_and_the_room_doubles),
        cmocka_unit_test(as_many_as_wanted_at_once),
        cmocka_unit_test(too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
