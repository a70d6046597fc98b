/* What is due comes in the order of time, and of what is due at once the first added comes first: against a search through
 * all that is there. */
#include <string.h>

#include "base/random.h"
#include "sim/observers/agenda.h"
#include "tests/support.h"

enum { MOST = 300, TURNS = 20000 };

/* Items by their order of being added. */
typedef struct expected {
    double at;
    bool there;
} expected;

/* The one that is due first, or -1. */
static long first_of(const expected *all, size_t count) {
    long first = -1;
    for (size_t i = 0; i < count; i++)
        if (all[i].there && (first < 0 || all[i].at < all[first].at)) first = (long)i;
    return first;
}

TEST(the_order_of_time) {
    static expected all[TURNS];
    agenda a = {0};
    agenda_item taken;
    portolan_error err = {0};
    random_stream r = random_open(1, "agenda", 0);
    size_t added = 0, there = 0, taken_together = 0;
    double before = -1;
    for (int turn = 0; turn < TURNS; turn++) {
        bool full = there == MOST;
        if (!full && random_uniform(&r) < 0.55) {
            all[added] = (expected){(double)random_below(&r, 50), true}; /* many at the same time */
            assert_true(agenda_add(&a, (agenda_item){.at = all[added].at, .about = &all[added]}, &err));
            added++;
            there++;
            before = -1;
            continue;
        }
        double until = (double)random_below(&r, 50);
        long wanted = first_of(all, added);
        bool due = wanted >= 0 && all[wanted].at <= until;
        assert_int_equal(agenda_take(&a, until, &taken), due);
        if (!due) continue;
        assert_ptr_equal(taken.about, &all[wanted]);
        taken_together += taken.at == before;
        before = taken.at;
        all[wanted].there = false;
        there--;
    }
    assert_true(taken_together > 100);
    agenda_free(&a);
    assert_false(agenda_take(&a, 1e9, &taken));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_order_of_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
