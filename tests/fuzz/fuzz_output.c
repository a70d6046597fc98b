/* Any bytes as YAML and, if they are, as the `output` of a scenario: what is read lies within its bounds. */
#include <stdlib.h>

#include "sim/scenario/loader.h"

static void refused(const portolan_error *err) {
    if (!err->status || !err->message[0]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    yaml_document doc;
    portolan_error err = {0};
    if (size > 1 << 16) return 0;
    if (!yaml_parse(&doc, "fuzz.yaml", (const char *)data, size, &err)) {
        refused(&err);
        return 0;
    }
    scenario s = {0};
    scenario_loader loader = {.s = &s, .err = &err, .keys = {.output = doc.root}};
    const trace_settings *t = &s.trace;
    if (!scenario_read_output(&loader))
        refused(&err);
    else if (t->format && (t->every < 1 || !(t->from >= 0) || !(t->to > t->from) || !(t->step >= 1e-6)))
        abort();
    yaml_unload(&doc);
    return 0;
}
