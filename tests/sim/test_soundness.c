/* What is looked at before a policy from outside is used: the table has a sound type, broken in one place at a time. */
#include "sim/policies/policies.h"
#include "tests/support.h"

typedef struct options {
    double number;
    uint64_t count;
    int choice;
} options;

static const char *const WORDS[] = {"one", "two", NULL};

static verdict route(void *self, const observation *seen) {
    (void)self, (void)seen;
    return policy_send(TIER_PHONE);
}

static verdict knowing(void *self, const observation *seen, const truth *t) {
    (void)t;
    return route(self, seen);
}

static void end(void *self) { (void)self; }

enum { MOST = POLICY_MAX_OPTIONS + 2 };
static policy_option table[MOST];
static policy_type type;

static void make_sound(void) {
    const policy_option sound[] = {
        {"number", OPTION_NUMBER, offsetof(options, number), .doc = "a", .fallback = "0.5", .most = 1},
        {"count", OPTION_COUNT, offsetof(options, count), .doc = "b", .required = true},
        {"choice", OPTION_CHOICE, offsetof(options, choice), .doc = "c", .fallback = "two", .choices = WORDS},
        {"other", OPTION_POLICY, 0, .doc = "d"},
    };
    memset(table, 0, sizeof table);
    memcpy(table, sound, sizeof sound);
    type = (policy_type){.abi = POLICY_ABI, .name = "sound", .options = table, .size = sizeof(options), .route = route};
}

static void expect(const char *reason) {
    char why[POLICY_WHY] = "";
    bool sound = policy_is_sound(&type, why);
    assert_int_equal(sound, !reason);
    if (reason && !strstr(why, reason)) fail_msg("'%s' is not told by '%s'", reason, why);
    make_sound();
}

#define BROKEN(reason, ...) \
    do {                    \
        __VA_ARGS__;        \
        expect(reason);     \
    } while (0)

TEST(a_sound_type_is_taken) {
    make_sound();
    expect(NULL);
    BROKEN(NULL, type.options = NULL);
    BROKEN(NULL, type.route = NULL; type.route_knowing = knowing);
    for (size_t i = 0; POLICIES[i]; i++) {
        type = *POLICIES[i];
        expect(NULL);
    }
}

TEST(a_type_is_broken) {
    char why[POLICY_WHY];
    make_sound();
    assert_false(policy_is_sound(NULL, why));
    BROKEN("version 7", type.abi = 7);
    BROKEN("no name", type.name = NULL);
    BROKEN("no name", type.name = "");
    BROKEN("no name", type.name = "a b");
    BROKEN("no name", type.name = "0123456789012345678901234567890123456789012345678901234567890123");
    BROKEN("bytes", type.size = SIZE_MAX);
    BROKEN("not known", type.needs = 1u << 31);
    BROKEN("one of `route`", type.route = NULL);
    BROKEN("one of `route`", type.route_knowing = knowing);
    BROKEN("`close`", type.close = end);
    BROKEN("v(x)", type.needs = POLICY_NEEDS_V);
}

TEST(an_option_is_broken) {
    make_sound();
    BROKEN("no key", table[0].name = "");
    BROKEN("no key", table[0].name = "two words");
    BROKEN("every policy has", table[0].name = "as");
    BROKEN("every policy has", table[0].name = "plugin");
    BROKEN("two options 'count'", table[0].name = "count");
    BROKEN("kind 99", table[0].kind = (option_kind)99);
    BROKEN("kind -1", table[0].kind = (option_kind)-1);
    BROKEN("doc", table[0].doc = NULL);
    BROKEN("offset 24", table[0].offset = sizeof(options));
    BROKEN("offset 4", table[0].offset = 4);
    BROKEN("no such member", table[0].offset = SIZE_MAX - 7);
    BROKEN("choices", table[2].choices = NULL);
    BROKEN("choices", table[2].choices = &WORDS[2]);
    BROKEN("default", table[2].fallback = "three");
    BROKEN("default", table[0].fallback = "2");
    BROKEN("default", table[0].fallback = "much");
    BROKEN("one at most", table[2].kind = OPTION_POLICY);
    BROKEN("lacks `file`", table[3].kind = OPTION_MAP);
}

/* One entry more than there may be, none of which ends the table. */
TEST(a_table_does_not_end) {
    static char names[MOST][8];
    make_sound();
    for (int i = 0; i < MOST; i++) {
        snprintf(names[i], sizeof names[i], "o%d", i);
        table[i] = (policy_option){names[i], OPTION_NUMBER, 0, .doc = "x"};
    }
    expect("no NULL name");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_type_is_taken),
        cmocka_unit_test(a_type_is_broken),
        cmocka_unit_test(an_option_is_broken),
        cmocka_unit_test(a_table_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
