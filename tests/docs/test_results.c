/* docs/results.md against the tables of the results: every column of every file and every metric stands there, in its
 * order, columns with their meaning word for word. */
#include "base/files.h"
#include "sim/results/tables.h"
#include "tests/support.h"

static char *manual;

/* The rows of the section's first table, behind its two lines of heading; their end in *end. */
static const char *table_of(const char *heading, const char **end) {
    const char *section = strstr(manual, heading), *ruler = section ? strstr(section, "\n|---") : NULL;
    if (!ruler) fail_msg("there is no section with a table%s", heading);
    const char *begin = strchr(ruler + 1, '\n') + 1;
    for (*end = begin; **end == '|';) *end = strchr(*end, '\n') + 1;
    return begin;
}

/* The next row of a table begins so; returns what comes behind it. */
static const char *expect(const char *row, const char *end, const char *wanted, const char *heading) {
    if (row >= end || strncmp(row, wanted, strlen(wanted)) != 0)
        fail_msg("the table of%s should go on with: %s\nnot with: %.*s", heading, wanted, (int)strcspn(row, "\n"), row);
    return strchr(row, '\n') + 1;
}

TEST(every_column_is_explained) {
    char heading[64], wanted[1024];
    for (size_t i = 0; RESULT_TABLES[i]; i++) {
        snprintf(heading, sizeof heading, "\n## %s\n", RESULT_TABLES[i]->file);
        const char *end, *row = table_of(heading, &end);
        for (const table_column *c = RESULT_TABLES[i]->columns; c->name; c++) {
            snprintf(wanted, sizeof wanted, "| `%s` | %s |\n", c->name, c->meaning);
            row = expect(row, end, wanted, heading);
        }
        assert_ptr_equal(row, end); /* and no column that is none */
    }
}

TEST(every_metric_is_explained) {
    char wanted[256];
    const char *end, *row = table_of("\n## Metrics\n", &end);
    for (const metric *m = METRICS; m->key; m++) {
        snprintf(wanted, sizeof wanted, "| `%s` | %s%s| ", m->key, m->unit, *m->unit ? " " : "");
        row = expect(row, end, wanted, "\n## Metrics\n");
    }
    assert_ptr_equal(row, end);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_column_is_explained),
                                       cmocka_unit_test(every_metric_is_explained)};
    file_bytes bytes;
    portolan_error err = {0};
    if (!file_read(PORTOLAN_SOURCE_DIR "/docs/results.md", 1 << 20, &bytes, &err)) {
        error_print(&err, stderr);
        return 1;
    }
    manual = bytes.data;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    free(manual);
    return status;
}
