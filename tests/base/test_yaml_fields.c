/* Tables of fields: every kind, bounds, defaults, distributions, and errors that point at the fault. */
#include <float.h>

#include "base/random.h"
#include "tests/support.h"

typedef struct everything {
    const char *text, *name;
    bool flag;
    uint64_t count, small;
    double time, share, positive;
    distribution speed, wait;
    int colour;
    const yaml_node *node;
} everything;

static const char *const COLOURS[] = {"red", "green", "blue", NULL};

static const yaml_field FIELDS[] = {
    {"text", FIELD_TEXT, offsetof(everything, text), .doc = "any text", .fallback = "none"},
    {"name", FIELD_NAME, offsetof(everything, name), .doc = "a name"},
    {"flag", FIELD_BOOL, offsetof(everything, flag), .doc = "yes or no", .fallback = "yes"},
    {"count", FIELD_COUNT, offsetof(everything, count), .doc = "how many", .required = true},
    {"small", FIELD_COUNT, offsetof(everything, small), .doc = "a few", .least = 1, .most = 10, .fallback = "3"},
    {"time", FIELD_QUANTITY, offsetof(everything, time), .doc = "how long", UNIT_TIME, .fallback = "5ms"},
    {"share", FIELD_QUANTITY, offsetof(everything, share), .doc = "a part", .least = -1, .most = 1},
    {"positive", FIELD_QUANTITY, offsetof(everything, positive), .doc = "above zero", .positive = true},
    {"speed", FIELD_DISTRIBUTION, offsetof(everything, speed), .doc = "how fast", UNIT_SPEED, .positive = true},
    {"wait", FIELD_DISTRIBUTION, offsetof(everything, wait), .doc = "how long", UNIT_TIME, .most = 100},
    {"colour", FIELD_CHOICE, offsetof(everything, colour), .doc = "which", .choices = COLOURS, .fallback = "green"},
    {"node", FIELD_NODE, offsetof(everything, node), .doc = "anything"},
    {0},
};

/* The document stays open, because texts are borrowed from it. */
static yaml_document open_document;

static int close_document(void **state) {
    (void)state;
    yaml_unload(&open_document);
    return 0;
}

static everything read_good(const char *text) {
    everything e = {.share = 0.5};
    portolan_error err = {0};
    yaml_unload(&open_document);
    open_document = document_of(text);
    if (!yaml_read(open_document.root, "a thing", FIELDS, &e, &err)) fail_msg("%s: %s", text, err.message);
    return e;
}

TEST(defaults_and_absent_members) {
    everything e = read_good("count: 7");
    assert_string_equal(e.text, "none");
    assert_null(e.name);
    assert_true(e.flag);
    assert_int_equal(e.count, 7);
    assert_int_equal(e.small, 3);
    assert_near(e.time, 0.005, 1e-15);
    assert_near(e.share, 0.5, 0); /* no default: as the caller set it */
    assert_int_equal(e.colour, 1);
    assert_null(e.node);
    everything d = {0};
    portolan_error err = {0};
    assert_true(yaml_defaults(FIELDS, &d, &err));
    assert_int_equal(d.small, 3);
    assert_int_equal(d.count, 0);
}

TEST(a_wrong_default_is_reported) {
    static const yaml_field WRONG[] = {
        {"time", FIELD_QUANTITY, offsetof(everything, time), .doc = "how long", UNIT_TIME, .fallback = "5"},
        {0},
    };
    everything e = {0};
    portolan_error err = {0};
    assert_false(yaml_defaults(WRONG, &e, &err));
    assert_string_equal(err.file, "(default)");
}

TEST(every_kind_reads) {
    everything e = read_good("{text: 'a b', name: x-1_y.z, flag: no, count: 1e6, small: 10, time: 2min, share: -1/4,\n"
                             " positive: 1e-300, colour: blue, node: [1, 2]}");
    assert_string_equal(e.text, "a b");
    assert_string_equal(e.name, "x-1_y.z");
    assert_false(e.flag);
    assert_int_equal(e.count, 1000000);
    assert_int_equal(e.small, 10);
    assert_near(e.time, 120, 0);
    assert_near(e.share, -0.25, 0);
    assert_near(e.positive, 1e-300, 0);
    assert_int_equal(e.colour, 2);
    assert_int_equal(e.node->count, 2);
    assert_int_equal(read_good("count: 9007199254740992").count, 9007199254740992);
    assert_int_equal(read_good("count: 0").count, 0);
}

TEST(booleans) {
    static const char *const YES[] = {"yes", "true", "on", "Yes", "TRUE"}, *const NO[] = {"no", "false", "off", "No"};
    char text[64];
    for (size_t i = 0; i < sizeof YES / sizeof *YES; i++) {
        snprintf(text, sizeof text, "{count: 1, flag: %s}", YES[i]);
        assert_true(read_good(text).flag);
    }
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++) {
        snprintf(text, sizeof text, "{count: 1, flag: %s}", NO[i]);
        assert_false(read_good(text).flag);
    }
}

TEST(distributions) {
    everything e = read_good("{count: 1, speed: 5Gf, wait: {uniform: [1s, 3min]}}");
    assert_int_equal(e.speed.kind, DIST_CONSTANT);
    assert_near(e.speed.a, 5e9, 0);
    assert_true(e.speed.least > 0);
    assert_near(e.speed.most, DBL_MAX, 0);
    assert_int_equal(e.wait.kind, DIST_UNIFORM);
    assert_near(e.wait.a, 1, 0);
    assert_near(e.wait.b, 180, 0);
    assert_near(e.wait.most, 100, 0); /* draws are clipped to the field's bounds */
    e = read_good("{count: 1, speed: {normal: [5Gf, 1Gf]}, wait: {exponential: 2s}}");
    assert_int_equal(e.speed.kind, DIST_NORMAL);
    assert_near(e.speed.b, 1e9, 0);
    assert_near(e.speed.least, 5e7, 1e-15); /* a positive quantity is cut at a hundredth of its centre */
    assert_int_equal(e.wait.kind, DIST_EXPONENTIAL);
    assert_near(e.wait.least, 0, 0);
    e = read_good("{count: 1, speed: {lognormal: [5Gf, 0.5]}}");
    assert_int_equal(e.speed.kind, DIST_LOGNORMAL);
    assert_near(e.speed.b, 0.5, 0); /* sigma of the logarithm: a pure number */
}

typedef struct refusal {
    const char *text;
    unsigned line, column;
    const char *fragment;
} refusal;

static const refusal BAD[] = {
    {"text: x", 1, 1, "a thing lacks the key 'count': how many"},
    {"[1]", 1, 1, "a thing must be a map of keys, found a list of 1"},
    {"word", 1, 1, "a thing must be a map of keys, found 'word'"},
    {"count: 1\nsmal: 2\n", 2, 1, "a thing has no key 'smal', did you mean 'small'?; allowed are text, name"},
    {"count: 1\nxyzzyx: 2\n", 2, 1, "a thing has no key 'xyzzyx'; allowed are"},
    {"count: 1\nText: x\n", 2, 1, "did you mean 'text'?"},
    {"count: many", 1, 8, "'count' is 'many'; it must be a whole number like 1000 or 1e6"},
    {"count: 1.5", 1, 8, "'count' is 1.5; it must be a whole number"},
    {"count: 1e17", 1, 8, "which is too large"},
    {"count: -1", 1, 8, "'count' is -1; it must be at least 0"},
    {"count: [1]", 1, 8, "count must be a single value, found a list of 1"},
    {"count:", 1, 7, "'count' is ''; it must be a whole number"},
    {"{count: 1, small: 0}", 1, 19, "'small' is 0; it must be at least 1 and at most 10"},
    {"{count: 1, small: 11}", 1, 19, "at most 10"},
    {"{count: 1, time: 5}", 1, 18, "'time': found '5' without a unit; write a time like 5ms"},
    {"{count: 1, time: 5Gf}", 1, 18, "whose unit 'Gf' is not one of a time"},
    {"{count: 1, time: -5s}", 1, 18, "'time' is -5s; it must be at least 0 (in base units)"},
    {"{count: 1, time: nan}", 1, 18, "not a finite number"},
    {"{count: 1, time: {a: 5s}}", 1, 18, "time must be a single value, found a map of 1 keys"},
    {"{count: 1, share: 1.01}", 1, 19, "it must be at least -1 and at most 1"},
    {"{count: 1, share: -1.01}", 1, 19, "it must be at least -1 and at most 1"},
    {"{count: 1, positive: 0}", 1, 22, "'positive' is 0; it must be above 0"},
    {"{count: 1, flag: maybe}", 1, 18, "'flag' is 'maybe'; write yes or no"},
    {"{count: 1, flag: 1}", 1, 18, "write yes or no"},
    {"{count: 1, flag: }", 1, 18, "write yes or no"},
    {"{count: 1, colour: gren}", 1, 20, "'colour' is 'gren', did you mean 'green'?; allowed are red, green, blue"},
    {"{count: 1, colour: yellow}", 1, 20, "'colour' is 'yellow'; allowed are red, green, blue"},
    {"{count: 1, colour: Red}", 1, 20, ", did you mean 'red'?"},
    {"{count: 1, name: 'a b'}", 1, 18, "'name' is 'a b'; a name has 1 to 63 letters"},
    {"{count: 1, name: ''}", 1, 18, "a name has 1 to 63"},
    {"{count: 1, name: ..}", 1, 18, "begins with no dot"},
    {"{count: 1, name: .}", 1, 18, "begins with no dot"},
    {"{count: 1, name: a/b}", 1, 18, "a name has 1 to 63"},
    {"{count: 1, name: \xc3\xa9}", 1, 18, "a name has 1 to 63"},
    {"{count: 1, name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}", 1, 18, "1 to 63"},
    {"{count: 1, text: [x]}", 1, 18, "text must be a single value"},
    {"{count: 1, speed: {gamma: [1, 2]}}", 1, 19, "'speed' must be one value or one of {uniform"},
    {"{count: 1, speed: {}}", 1, 19, "must be one value or one of"},
    {"{count: 1, speed: {normal: [1f, 1f], uniform: [1f, 1f]}}", 1, 19, "must be one value or one of"},
    {"{count: 1, speed: [1f, 2f]}", 1, 19, "speed must be a single value"},
    {"{count: 1, speed: {normal: 1f}}", 1, 28, "normal must be a list"},
    {"{count: 1, speed: {normal: [1f]}}", 1, 28, "'normal' takes two values, found 1"},
    {"{count: 1, speed: {normal: [1f, 2]}}", 1, 33, "without a unit"},
    {"{count: 1, speed: {normal: [0f, 2f]}}", 1, 29, "it must be above 0"},
    {"{count: 1, speed: {lognormal: [1f, 1f]}}", 1, 36, "whose unit 'f'"},
    {"{count: 1, speed: {lognormal: [1f, -1]}}", 1, 36, "the second value of 'lognormal' is too small"},
    {"{count: 1, speed: {lognormal: [1f, 21]}}", 1, 36, "sigma is 21; at most 20 is allowed"},
    {"{count: 1, speed: {uniform: [2f, 1f]}}", 1, 34, "the second value of 'uniform' is too small"},
    {"{count: 1, speed: {exponential: [1f]}}", 1, 33, "speed must be a single value"},
    {"{count: 1, wait: 101s}", 1, 18, "at most 100"},
};

TEST(wrong_maps_are_refused) {
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        everything e = {0};
        portolan_error err = {0};
        yaml_document doc = document_of(BAD[i].text);
        if (yaml_read(doc.root, "a thing", FIELDS, &e, &err)) fail_msg("accepted: %s", BAD[i].text);
        assert_input_error(&err, BAD[i].line, BAD[i].column, BAD[i].fragment);
        yaml_unload(&doc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(defaults_and_absent_members, close_document),
        cmocka_unit_test(a_wrong_default_is_reported),
        cmocka_unit_test_teardown(every_kind_reads, close_document),
        cmocka_unit_test_teardown(booleans, close_document),
        cmocka_unit_test_teardown(distributions, close_document),
        cmocka_unit_test(wrong_maps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
