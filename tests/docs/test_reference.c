/* docs/reference.md against the tables of keys: every key stands in its section, with its default and its meaning word for
 * word, and no section has a key that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/files.h"
#include "sim/scenario/training_setup.h"
#include "sim/sweep/sweep.h"
#include "sim/tuning/mapping.h"

static char *reference;

typedef struct section {
    const char *heading;
    const yaml_field *fields;
} section;

static const section SECTIONS[] = {
    {"\n## Scenario\n", SCENARIO_FIELDS},
    {"\n### Split\n", SPLIT_FIELDS},
    {"\n### Run\n", RUN_FIELDS},
    {"\n### Cost\n", COST_FIELDS},
    {"\n### Payload\n", PAYLOAD_FIELDS},
    {"\n### Output\n", OUTPUT_FIELDS},
    {"\n### Trace\n", TRACE_FIELDS},
    {"\n### Model\n", MODEL_FIELDS},
    {"\n### Synthetic\n", SYNTHETIC_FIELDS},
    {"\n## Workload\n", WORKLOAD_FIELDS},
    {"\n### Arrivals\n", ARRIVAL_FIELDS},
    {"\n### Data\n", DATASET_FIELDS},
    {"\n## Platform\n", PLATFORM_FIELDS},
    {"\n### Network\n", NETWORK_FIELDS},
    {"\n### Connection\n", CONNECTION_FIELDS},
    {"\n### Phone group\n", PHONE_GROUP_FIELDS},
    {"\n### Cell\n", CELL_FIELDS},
    {"\n### Site\n", SITE_FIELDS},
    {"\n### Region\n", REGION_FIELDS},
    {"\n### Device\n", DEVICE_FIELDS},
    {"\n### Link\n", LINK_FIELDS},
    {"\n### Radio\n", RADIO_FIELDS},
    {"\n## Training file\n", TRAIN_FIELDS},
    {"\n## Sweep\n", SWEEP_FIELDS},
    {"\n### Range\n", RANGE_FIELDS},
    {"\n### Statistics\n", STATISTICS_FIELDS},
    {"\n### Best\n", BEST_FIELDS},
    {"\n### Shape\n", TRAIN_MODEL_FIELDS},
    {"\n### Optimisation\n", TRAINING_FIELDS},
    {"\n## Map\n", MAP_FIELDS},
};

/* The line of the section that begins with the key, or NULL. */
static const char *line_of(const char *begin, const char *end, const char *key) {
    char wanted[96];
    snprintf(wanted, sizeof wanted, "\n| `%s` |", key);
    const char *line = strstr(begin, wanted);
    return line && line < end ? line + 1 : NULL;
}

static const char *end_of_section(const char *begin) {
    const char *end = strstr(begin + 2, "\n##");
    return end ? end : begin + strlen(begin);
}

/* Meanings in Markdown escape what would end a cell or begin a tag. */
static void assert_has_meaning(const char *line, const char *meaning, const char *key) {
    char text[2048];
    size_t n = 0;
    for (; *meaning && n < sizeof text - 8; meaning++) {
        if (*meaning == '|') text[n++] = '\\';
        if (*meaning == '<')
            n += (size_t)snprintf(text + n, 8, "&lt;");
        else
            text[n++] = *meaning;
    }
    text[n] = '\0';
    const char *found = strstr(line, text), *end = strchr(line, '\n');
    if (!found || !end || found > end) fail_msg("the meaning of '%s' is not: %s", key, text);
}

static void check_section(const char *heading, const yaml_field *fields) {
    const char *begin = strstr(reference, heading);
    if (!begin) fail_msg("there is no section%s", heading);
    const char *end = end_of_section(begin);
    size_t keys = 0, rows = 0;
    for (const yaml_field *f = fields; f->key; f++, keys++) {
        const char *line = line_of(begin, end, f->key);
        char fallback[96];
        if (!line) fail_msg("%s lacks the key '%s'", heading, f->key);
        assert_has_meaning(line, f->doc, f->key);
        snprintf(fallback, sizeof fallback, "| %s%s%s |", f->fallback ? "`" : "",
                 f->fallback   ? f->fallback
                 : f->required ? "required"
                               : "none",
                 f->fallback ? "`" : "");
        const char *found = strstr(line, fallback);
        if (!found || found > strchr(line, '\n'))
            fail_msg("the default of '%s' in%s is not %s", f->key, heading, fallback);
    }
    for (const char *row = begin; (row = strstr(row + 1, "\n| `")) && row < end;) rows++;
    if (rows != keys) fail_msg("%s has %zu rows for %zu keys", heading, rows, keys);
}

static void test_yaml_keys(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof SECTIONS / sizeof *SECTIONS; i++)
        check_section(SECTIONS[i].heading, SECTIONS[i].fields);
}

static void test_policy_options(void **state) {
    (void)state;
    for (size_t i = 0; POLICIES[i]; i++) {
        char heading[96];
        snprintf(heading, sizeof heading, "\n### %s\n", POLICIES[i]->name);
        yaml_field fields[POLICY_MAX_FIELDS];
        policy_fields(POLICIES[i], false, fields);
        check_section(heading, fields);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_yaml_keys), cmocka_unit_test(test_policy_options)};
    file_bytes bytes;
    portolan_error err = {0};
    if (!file_read(REFERENCE, 1 << 20, &bytes, &err)) {
        error_print(&err, stderr);
        return 1;
    }
    reference = bytes.data;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    free(reference);
    return status;
}
