/* The output of a scenario: which files are written, and what of a trace. */
#include <math.h>

#include <string.h>

#include "loader.h"
#include "sim/observers/observers.h"

static const char *const REQUEST_OUTPUTS[] = {"csv", "none", NULL};

typedef struct output_keys {
    int requests;
    const yaml_node *trace;
} output_keys;

typedef struct trace_keys {
    const char *format;
    uint64_t every;
    const yaml_node *window;
    double step;
} trace_keys;

const yaml_field OUTPUT_FIELDS[] = {
    {"requests", FIELD_CHOICE, offsetof(output_keys, requests), .doc = "csv: requests.csv, a row a request; or none",
     .fallback = "csv", .choices = REQUEST_OUTPUTS},
    {"trace", FIELD_NODE, offsetof(output_keys, trace),
     .doc = "none, or the format of a trace file for each policy; or a map of trace keys"},
    {0},
};

const yaml_field TRACE_FIELDS[] = {
    {"format", FIELD_TEXT, offsetof(trace_keys, format), .doc = "a format that 'portolan list traces' shows, or none",
     .required = true},
    {"every", FIELD_COUNT, offsetof(trace_keys, every),
     .doc = "the lives of every n-th request are written; counters count all requests", .fallback = "1", .least = 1,
     .most = 1e9},
    {"window", FIELD_NODE, offsetof(trace_keys, window),
     .doc = "[from, to]: lives of requests that arrive between the two, and counters of that time; default: all"},
    {"step", FIELD_QUANTITY, offsetof(trace_keys, step), .doc = "counters are means over steps of this simulated time",
     UNIT_TIME, .fallback = "1s", .least = 1e-6},
    {0},
};

static bool read_time(const yaml_node *node, double *seconds, portolan_error *err) {
    char why[256];
    if (!yaml_expect(node, YAML_SCALAR, "an end of 'window'", err)) return false;
    if (!unit_parse(node->text, UNIT_TIME, seconds, why, sizeof why))
        return error_input(err, node->mark, "'window': %s", why);
    return *seconds >= 0 || error_input(err, node->mark, "'window' has %s; a time must be at least 0", node->text);
}

static bool read_window(const yaml_node *node, trace_settings *t, portolan_error *err) {
    if (!yaml_expect(node, YAML_LIST, "'window'", err)) return false;
    if (node->count != 2)
        return error_input(err, node->mark, "'window' takes two times, like [60s, 70s], found %zu", node->count);
    if (!read_time(node->items[0], &t->from, err) || !read_time(node->items[1], &t->to, err)) return false;
    return t->to > t->from ||
           error_input(err, node->items[1]->mark, "'window' ends at %s, which is not after its beginning, %s",
                       node->items[1]->text, node->items[0]->text);
}

/* The format of that name; NULL for "none". */
static bool read_format(const yaml_node *node, const char *name, const trace_format **format, portolan_error *err) {
    enum { MOST = 32 };
    const char *names[MOST + 2] = {"none"};
    for (size_t i = 0; i < MOST && (*format = trace_format_at(i)); i++) {
        names[i + 1] = (*format)->name;
        if (strcmp(name, (*format)->name) == 0) return true;
    }
    *format = NULL;
    if (strcmp(name, names[0]) == 0) return true;
    char allowed[256], hint[HINT_TEXT];
    list_words(allowed, sizeof allowed, names);
    const yaml_node *at = node->kind == YAML_MAP ? yaml_find(node, "format") : node;
    return error_input(err, at->mark, "'format' is '%.60s'%s; allowed are %s", name, word_hint(hint, name, names),
                       allowed);
}

/* A map of keys; a single word is the format, the rest left to its defaults. */
static bool read_trace(const yaml_node *node, trace_settings *t, portolan_error *err) {
    const yaml_node name = {.kind = YAML_SCALAR, .mark = node->mark, .text = "format"};
    const yaml_node *pair[] = {&name, node};
    const yaml_node short_form = {.kind = YAML_MAP, .mark = node->mark, .count = 1, .items = (yaml_node **)pair};
    trace_keys keys = {0};
    if (!yaml_read(node->kind == YAML_SCALAR ? &short_form : node, "trace", TRACE_FIELDS, &keys, err)) return false;
    const trace_format *format = NULL;
    if (!read_format(node, keys.format, &format, err)) return false;
    *t = (trace_settings){.format = format, .every = keys.every, .to = INFINITY, .step = keys.step};
    return !keys.window || read_window(keys.window, t, err);
}

bool scenario_read_output(scenario_loader *l) {
    scenario *s = l->s;
    output_keys keys = {0};
    bool ok = l->keys.output ? yaml_read(l->keys.output, "output", OUTPUT_FIELDS, &keys, l->err)
                             : yaml_defaults(OUTPUT_FIELDS, &keys, l->err);
    s->write_requests = keys.requests == 0;
    return ok && (!keys.trace || read_trace(keys.trace, &s->trace, l->err));
}
