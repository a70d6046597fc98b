/* JSON from YAML trees, and its printed form. */
#include <unistd.h>

#include "base/json.h"
#include "tests/support.h"

static char *print(const json_t *value) {
    char *text = NULL;
    size_t length = 0;
    portolan_error err = {0};
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    assert_true(json_print(value, f, &err));
    fclose(f);
    return text;
}

static void assert_json(const char *yaml, const char *wanted) {
    yaml_document doc = document_of(yaml);
    json_t *value = json_from_yaml(doc.root);
    assert_non_null(value);
    char *text = print(value);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(value);
    yaml_unload(&doc);
}

TEST(scalars) {
    assert_json("[1, -2, 1.5, 1e3, 1e22, 0.1, 9007199254740993]",
                "[\n  1,\n  -2,\n  1.5,\n  1000,\n  1e22,\n  0.10000000000000001,\n  9007199254740992.0\n]\n");
    assert_json("[yes, no, true, false, '']", "[\n  true,\n  false,\n  true,\n  false,\n  \"\"\n]\n");
    assert_json("[10Mbps, 1/12, 0x10, nan, 1e400, .]",
                "[\n  \"10Mbps\",\n  \"1/12\",\n  \"0x10\",\n  \"nan\",\n  \"1e400\",\n  \".\"\n]\n");
    assert_json("a:\n", "{\n  \"a\": null\n}\n");
}

TEST(quoted_scalars_stay_texts) { assert_json("['1', \"yes\", '1.5']", "[\n  \"1\",\n  \"yes\",\n  \"1.5\"\n]\n"); }

TEST(maps_keep_their_order) {
    assert_json("{z: 1, a: [], m: {}, b: {y: 2}}",
                "{\n  \"z\": 1,\n  \"a\": [],\n  \"m\": {},\n  \"b\": {\n    \"y\": 2\n  }\n}\n");
    assert_json("{a: &x [1], b: *x}", "{\n  \"a\": [\n    1\n  ],\n  \"b\": [\n    1\n  ]\n}\n");
}

TEST(special_characters_are_escaped) {
    assert_json("a: \"q\\\" b\\\\ n\\n t\\t e\\u00e9 \\u0001\"\n",
                "{\n  \"a\": \"q\\\" b\\\\ n\\n t\\t e\xc3\xa9 \\u0001\"\n}\n");
}

static char *printed(json_t *value) {
    char *text = NULL;
    size_t length;
    portolan_error err = {0};
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    assert_true(json_print(value, f, &err));
    fclose(f);
    json_decref(value);
    return text;
}

/* A path is bytes; what is no UTF-8 in it is shown, not dropped with all around it. */
TEST(texts_that_are_no_utf8_stay) {
    char *text = printed(json_pack("[o, o]", json_text("caf\xe9/\u00e9"), json_text("plain")));
    assert_string_equal(text, "[\n  \"caf\\\\xe9/\u00e9\",\n  \"plain\"\n]\n");
    free(text);
}

TEST(control_characters_are_escaped) {
    char *text = printed(json_pack("{s:s}", "a\x1b",
                                   "\x7f \xc2\x9b"
                                   "2J \u00e9 \xc2\xa0"));
    assert_string_equal(text, "{\n  \"a\\u001B\": \"\\u007F \\u009B2J \u00e9 \xc2\xa0\"\n}\n");
    json_t *back = json_loads(text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(back, "a\x1b")), "\x7f \xc2\x9b"
                                                                           "2J \u00e9 \xc2\xa0");
    json_decref(back);
    free(text);
}

/* A row that could not be made takes the whole with it, so that nobody reads a list without it. */
TEST(what_cannot_be_made_is_not_left_out) {
    portolan_error err = {0};
    json_t *list = json_array(), *object = json_object();
    json_add(&list, json_integer(1));
    json_put(&object, "a", json_integer(1));
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(json_object_size(object), 1);
    json_add(&list, json_pack("{s:s}", "path", "caf\xe9"));
    json_put(&object, "b", NULL);
    assert_null(list);
    assert_null(object);
    json_add(&list, json_integer(2));
    assert_null(list);
    assert_false(json_print(list, stdout, &err));
}

TEST(written_files_end_well) {
    char path[] = "json-XXXXXX";
    portolan_error err = {0};
    result_folder folder = {0};
    assert_non_null(mkdtemp(path));
    snprintf(folder.path, sizeof folder.path, "%s", path);
    json_t *value = json_pack("{s:i}", "a", 1);
    assert_true(json_write(value, &folder, "x.json", &err));
    char name[64];
    snprintf(name, sizeof name, "%s/x.json", path);
    file_bytes bytes;
    assert_true(file_read(name, 100, &bytes, &err));
    assert_string_equal(bytes.data, "{\n  \"a\": 1\n}\n");
    free(bytes.data);
    result_folder_discard(&folder);
    snprintf(folder.path, sizeof folder.path, "absent");
    assert_false(json_write(value, &folder, "x.json", &err));
    assert_int_equal(err.status, STATUS_FAILED);
    json_decref(value);
}

TEST(numbers_that_are_none_are_null) {
    char *text = printed(json_pack("[o, o, o]", json_number(0.5), json_number(NAN), json_number(-INFINITY)));
    assert_string_equal(text, "[\n  0.5,\n  null,\n  null\n]\n");
    free(text);
}

TEST(replaced_files_are_whole) {
    portolan_error err = {0};
    file_bytes bytes;
    size_t length = 0;
    json_t *value = json_pack("{s:f}", "a", 0.1);
    assert_true(json_replace(value, JSON_COMPACT | JSON_REAL_PRECISION(9), "replaced.json", &length, &err));
    assert_true(file_read("replaced.json", 100, &bytes, &err));
    assert_string_equal(bytes.data, "{\"a\":0.1}\n");
    assert_int_equal(length, bytes.length);
    free(bytes.data);
    file_own("replaced.json"); /* read, and written again */
    assert_false(json_replace(NULL, 0, "replaced.json", NULL, &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "out of memory"));
    assert_true(file_read("replaced.json", 100, &bytes, &err)); /* as it was */
    assert_string_equal(bytes.data, "{\"a\":0.1}\n");
    free(bytes.data);
    json_decref(value);
}

TEST(failures_are_reported) {
    portolan_error err = {0};
    json_t *value = json_array();
    assert_false(json_print(NULL, stdout, &err));
    assert_int_equal(err.status, STATUS_FAILED);
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        err = (portolan_error){0};
        json_print(value, full, &err);
        assert_false(result_file_close(full, "full", &err));
        assert_string_equal(err.message, "full: cannot write: No space left on device");
    }
    json_decref(value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(quoted_scalars_stay_texts),
        cmocka_unit_test(maps_keep_their_order),
        cmocka_unit_test(special_characters_are_escaped),
        cmocka_unit_test(texts_that_are_no_utf8_stay),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(what_cannot_be_made_is_not_left_out),
        cmocka_unit_test(written_files_end_well),
        cmocka_unit_test(numbers_that_are_none_are_null),
        cmocka_unit_test(replaced_files_are_whole),
        cmocka_unit_test(failures_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
