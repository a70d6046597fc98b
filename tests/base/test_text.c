/* How texts end. (What is printed safely, test_error.c tests.) */
#include "base/text.h"

#include "tests/support.h"

TEST(texts_end) {
    assert_true(text_ends_in("model.safetensors", ".safetensors"));
    assert_true(text_ends_in(".safetensors", ".safetensors"));
    assert_true(text_ends_in("x", ""));
    assert_true(text_ends_in("", ""));
    assert_false(text_ends_in("", "x"));
    assert_false(text_ends_in("safetensors", ".safetensors"));
    assert_false(text_ends_in("model.safetensors.json", ".safetensors"));
    assert_false(text_ends_in("model.SAFETENSORS", ".safetensors"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
