/* portolan list: the tables of policies, devices, links, workloads, traces, metrics and columns. */
#include <string.h>

#include "commands.h"
#include "sim/observers/observers.h"
#include "sim/results/results.h"

typedef struct list_arguments {
    common_options common;
    const char *what;
} list_arguments;

/* ---- Rows as JSON; the text form prints name, summary and the rest of the same rows ---- */

static json_t *fields_json(const yaml_field *fields) {
    json_t *options = json_array();
    for (; fields->key; fields++) {
        json_t *row = json_pack("{s:s, s:s}", "key", fields->key, "meaning", fields->doc);
        if (fields->fallback) json_put(&row, "default", json_string(fields->fallback));
        json_add(&options, row);
    }
    return options;
}

static json_t *policies_json(void) {
    json_t *rows = json_array();
    for (size_t i = 0; POLICIES[i]; i++) {
        yaml_field fields[POLICY_MAX_FIELDS];
        policy_fields(POLICIES[i], false, fields);
        json_add(&rows, json_pack("{s:s, s:s, s:s, s:o}", "name", POLICIES[i]->name, "summary", POLICIES[i]->summary,
                                  "source", POLICIES[i]->paper, "options", fields_json(fields)));
    }
    return rows;
}

static json_t *devices_json(void) {
    portolan_error ignored = {0};
    const presets *known = presets_load(&ignored);
    json_t *rows = known ? json_array() : NULL;
    for (size_t i = 0; rows && i < known->device_count; i++) {
        const device_preset *p = &known->devices[i];
        const device *d = &p->hardware;
        json_t *bandwidth = d->memory_bandwidth > 0 ? json_real(d->memory_bandwidth) : json_null();
        json_add(&rows,
                 json_pack("{s:s, s:s, s:f, s:f, s:o, s:I, s:f, s:f, s:f, s:f, s:s?, s:s?, s:s}", "name", p->name,
                           "summary", p->summary, "flops_per_second", d->speed, "call_s", d->call_seconds,
                           "memory_bytes_per_second", bandwidth, "cores", (json_int_t)d->cores, "idle_watts",
                           d->idle_watts, "busy_watts", d->busy_watts, "memory_bytes", d->memory_bytes, "usd_per_hour",
                           d->usd_per_second * 3600, "range", p->range, "error", p->error, "source", p->source));
    }
    return rows;
}

/* A wired link has no radio. */
static const char *link_use(const net_link *l) {
    return l->half_duplex ? "cell, half duplex" : l->radio_up > 0 ? "cell" : "wired";
}

/* The middle or mean of what a radio of states needs to wake up; NULL: it has none. */
static json_t *promotion_json(const radio_model *m) { return m ? json_real(m->promotion.from.a) : NULL; }

/* How long its tail is, or what that costs; NULL: it has none. */
static json_t *tail_json(const radio_model *m, bool joules) {
    double sum = 0;
    for (int i = 0; m && i < RADIO_STAGES; i++) sum += m->tail[i].seconds * (joules ? m->tail[i].watts : 1);
    return m ? json_real(sum) : NULL;
}

static json_t *links_json(void) {
    portolan_error ignored = {0};
    const presets *known = presets_load(&ignored);
    json_t *rows = known ? json_array() : NULL;
    for (size_t i = 0; rows && i < known->link_count; i++) {
        const link_preset *p = &known->links[i];
        const net_link *l = &p->link;
        json_add(&rows,
                 json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:o?, s:o?, s:o?, s:s}", "name", p->name,
                           "summary", p->summary, "use", link_use(l), "up_bps", l->up * 8, "down_bps", l->down * 8,
                           "latency_s", l->latency, "radio_up_j_per_byte", l->radio_up, "radio_down_j_per_byte",
                           l->radio_down, "radio_promotion_s", promotion_json(l->radio), "radio_tail_s",
                           tail_json(l->radio, false), "radio_tail_j", tail_json(l->radio, true), "source", p->source));
    }
    return rows;
}

static json_t *workloads_json(void) {
    json_t *rows = json_array();
    json_add(&rows, json_pack("{s:s, s:s, s:o}", "name", "arrivals", "summary",
                              "when requests arrive: the keys of a workload's 'arrivals'", "options",
                              fields_json(ARRIVAL_FIELDS)));
    json_add(&rows, json_pack("{s:s, s:s, s:o}", "name", "synthetic", "summary",
                              "the embedded outcome table: the keys of a scenario's 'model: {synthetic: ...}'",
                              "options", fields_json(SYNTHETIC_FIELDS)));
    json_add(&rows, json_pack("{s:s, s:s, s:s}", "name", "outcome table (long)", "summary",
                              "a CSV file of confidences, a row a sample and exit", "header",
                              "Sample_ID,Exit,Confidence,Prediction,Label"));
    json_add(&rows, json_pack("{s:s, s:s, s:s}", "name", "outcome table (compact)", "summary",
                              "a CSV file of class probabilities, a row a sample", "header",
                              "sample,label,tokens,exit1_p0,exit1_p1,...,exit2_p0,...[,v0,v1,...]"));
    return rows;
}

static json_t *traces_json(void) {
    json_t *rows = json_array();
    const trace_format *f;
    for (size_t i = 0; (f = trace_format_at(i)); i++)
        json_add(&rows, json_pack("{s:s, s:s, s:s}", "name", f->name, "summary", f->use, "extension", f->extension));
    return rows;
}

static json_t *metrics_json(void) {
    json_t *rows = json_array();
    for (const metric *m = METRICS; m->key; m++)
        json_add(&rows, json_pack("{s:s, s:s, s:s}", "name", m->key, "unit", m->unit, "summary", m->meaning));
    return rows;
}

static json_t *table_columns_json(const result_table *t) {
    json_t *columns = json_array();
    for (const table_column *c = t->columns; c->name; c++)
        json_add(&columns, json_pack("{s:s, s:s}", "key", c->name, "meaning", c->meaning));
    return columns;
}

static json_t *columns_json(void) {
    json_t *rows = json_array();
    char summary[128];
    for (size_t i = 0; RESULT_TABLES[i]; i++) {
        const result_table *t = RESULT_TABLES[i];
        snprintf(summary, sizeof summary, "a row stands for %s", t->rows);
        json_add(&rows,
                 json_pack("{s:s, s:s, s:o}", "name", t->file, "summary", summary, "columns", table_columns_json(t)));
    }
    return rows;
}

typedef struct listing {
    const char *name;
    json_t *(*rows)(void); /* NULL if memory is short */
} listing;

static const listing LISTINGS[] = {
    {"policies", policies_json}, {"devices", devices_json}, {"links", links_json},     {"workloads", workloads_json},
    {"traces", traces_json},     {"metrics", metrics_json}, {"columns", columns_json}, {NULL, NULL},
};

/* ---- Text ---- */

static void print_value(const char *key, const json_t *value) {
    if (json_is_array(value)) {
        size_t i;
        json_t *option;
        json_array_foreach(value, i, option) {
            const char *fallback = json_string_value(json_object_get(option, "default"));
            printf("      %-22s %s%s%s%s\n", json_string_value(json_object_get(option, "key")),
                   json_string_value(json_object_get(option, "meaning")), fallback ? " (default " : "",
                   fallback ? fallback : "", fallback ? ")" : "");
        }
    } else if (json_is_string(value)) {
        if (*json_string_value(value)) printf("    %s: %s\n", key, json_string_value(value));
    } else if (!json_is_null(value)) {
        printf("    %s: %.9g\n", key, json_number_value(value));
    }
}

static void print_rows(const json_t *rows) {
    size_t i;
    json_t *row, *value;
    const char *key;
    json_array_foreach(rows, i, row) {
        printf("  %-22s %s\n", json_string_value(json_object_get(row, "name")),
               json_string_value(json_object_get(row, "summary")));
        json_object_foreach(row, key, value) {
            if (strcmp(key, "name") != 0 && strcmp(key, "summary") != 0) print_value(key, value);
        }
    }
}

static error_t parse(int key, char *argument, struct argp_state *state) {
    list_arguments *a = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (a->what) argp_error(state, "one list at a time; '%s' is one too many", argument);
        a->what = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "name one of policies, devices, links, workloads, traces, metrics, columns");
        return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp LIST_ARGP = {NULL,
                                      parse,
                                      "policies|devices|links|workloads|traces|metrics|columns",
                                      "Lists what can be named in a scenario, and what comes out.",
                                      COMMON_ARGP,
                                      NULL,
                                      NULL};

int command_list(int argc, char **argv) {
    list_arguments a = {0};
    parse_arguments(&LIST_ARGP, argc, argv, &a);
    const char *names[sizeof LISTINGS / sizeof *LISTINGS] = {0};
    portolan_error err = {0};
    for (size_t i = 0; LISTINGS[i].name; i++) {
        names[i] = LISTINGS[i].name;
        if (strcmp(a.what, LISTINGS[i].name) != 0) continue;
        json_t *rows = LISTINGS[i].rows();
        if (!rows) {
            error_memory(&err, 0);
            return fail(&err);
        }
        if (a.common.json) return print_json(rows);
        if (!a.common.quiet) print_rows(rows);
        json_decref(rows);
        return STATUS_OK;
    }
    char allowed[128], hint[HINT_TEXT];
    list_words(allowed, sizeof allowed, names);
    error_usage(&err, "there is no list '%.60s'%s; there are %s", a.what, word_hint(hint, a.what, names), allowed);
    return fail(&err);
}
