/* Any bytes as a scenario, whole: platform, workload, policies, run, cost and output in one file, which is all of the disk
 * that is touched unless the bytes name another file. What is accepted lies within its bounds. Counts are cut: a good
 * scenario of ten million phones is no finding. */
#include <ctype.h>
#include <string.h>

#include "memory_file.h"
#include "sim/sim.h"

/* The text with digits taken from long numbers, so that counts stay small whatever stands around them; lengths stay. */
static char *cut_numbers(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (!text) abort();
    memcpy(text, data, size);
    unsigned digits = 0;
    for (size_t i = 0; i < size; i++) {
        digits = isdigit(data[i]) ? digits + 1 : 0;
        bool is_exponent = i + 1 < size && tolower(data[i]) == 'e' && i && isdigit(data[i - 1]) && isdigit(data[i + 1]);
        if (digits > 4 || is_exponent) text[i] = ' ';
    }
    text[size] = '\0';
    return text;
}

static void check(const scenario *s) {
    if (!s->name || !s->policy_count || s->policy_count > SCENARIO_MAX_POLICIES || !s->platform.phone_count) abort();
    if ((s->run.requests > 0) == (s->run.duration > 0)) abort();
    for (size_t i = 0; i < s->policy_count; i++) {
        const policy_setup *p = &s->policies[i];
        if (!p->type || !p->label || !*p->label) abort();
        if (p->follows >= (int)s->policy_count || p->follows == (int)i) abort();
        for (size_t k = 0; k < i; k++)
            if (strcmp(p->label, s->policies[k].label) == 0) abort();
    }
    for (int t = 0; t < TIER_COUNT; t++)
        if (!s->depth[t] || (t && s->depth[t] < s->depth[t - 1])) abort();
    if (!s->outcomes && (s->table.samples < 1 || s->table.exits < 1)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    portolan_error err = {0};
    scenario s;
    if (size > 1 << 16) return 0;
    char *text = cut_numbers(data, size);
    int file = memory_file(text, size, path);
    free(text);
    if (scenario_load(&s, path, NULL, &err)) {
        check(&s);
        scenario_free(&s);
    } else if (!err.status || !err.message[0]) {
        abort();
    }
    close(file);
    return 0;
}
