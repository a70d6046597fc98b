/* The columns of what is written and read back have the fingerprints of the newest versions of their
 * schemas. */
#include <stdlib.h>

#include "analysis/report/run_folder.h"
#include "sim/results/results.h"
#include "sim/sweep/store_tables.h"
#include "tests/support.h"

/* The columns must be those of the schema's newest version; `columns` is freed. */
static void check(const schema *s, char *columns, const char *where) {
    char found[FINGERPRINT_TEXT];
    assert_non_null(columns);
    fingerprint(columns, found);
    if (strcmp(found, schema_fingerprint(s)) != 0)
        fail_msg("The columns have changed since version %u. Append the line\n    \"%s\",\nto %s: what was written "
                 "before is then refused by its version",
                 schema_version(s), found, where);
    free(columns);
}

TEST(columns_of_results_have_a_version) {
    check(&RESULTS_SCHEMA, results_columns(), "RESULTS_HISTORY in analysis/report/run_folder.c");
}

TEST(columns_of_stores_have_a_version) {
    check(&STORE_SCHEMA, store_tables_sql(), "STORE_HISTORY in sim/sweep/store_tables.c");
}

TEST(other_versions_are_refused_by_number) {
    static const char *const HISTORY[] = {"", "a", "b", NULL};
    const schema s = {"do it again", HISTORY};
    char why[256];
    assert_int_equal(schema_version(&s), 3);
    assert_string_equal(schema_fingerprint(&s), "b");
    assert_true(schema_reads(&s, 3, why, sizeof why));
    assert_false(schema_reads(&s, 2, why, sizeof why));
    assert_string_equal(why, "was written with schema 2 by an older Portolan; this one reads schema 3: do it again");
    assert_false(schema_reads(&s, 4, why, sizeof why));
    assert_string_equal(why, "was written with schema 4 by a newer Portolan; this one reads schema 3: use that one");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_results_have_a_version),
        cmocka_unit_test(columns_of_stores_have_a_version),
        cmocka_unit_test(other_versions_are_refused_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
