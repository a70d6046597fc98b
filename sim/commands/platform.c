/* portolan platform: shows a platform, or converts it. */
#include <string.h>

#include "base/json.h"
#include "base/replacement.h"
#include "commands.h"
#include "platforms/service.h"

enum { KEY_XML = 0x200, KEY_DOT, KEY_PLACES };

typedef struct platform_arguments {
    common_options common;
    const char *path;
    void (*write)(const platform *p, FILE *out);
    const char *places; /* file for them; NULL: not asked for */
} platform_arguments;

static const struct argp_option OPTIONS[] = {
    {"xml", KEY_XML, 0, 0, "Write SimGrid XML", 0},
    {"dot", KEY_DOT, 0, 0, "Write a graph for Graphviz", 0},
    {"places", KEY_PLACES, "CSV", 0,
     "Write where phones, cells and sites lie, and what each is attached to, into a file; "
     "- is standard output",
     0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    platform_arguments *a = state->input;
    switch (key) {
    case KEY_XML: a->write = platform_write_xml; return 0;
    case KEY_DOT: a->write = platform_write_dot; return 0;
    case KEY_PLACES: a->places = argument; return 0;
    case ARGP_KEY_ARG:
        if (a->path) argp_error(state, "one platform at a time; '%s' is one too many", argument);
        a->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a platform file is needed"); return 0;
    default: return common_parse(key, argument, state);
    }
}

static const struct argp PLATFORM_ARGP = {
    OPTIONS,     parse, "FILE.yaml", "Checks and shows a platform, or converts it to SimGrid XML, Graphviz or places.",
    COMMON_ARGP, NULL,  NULL};

static json_t *device_json(const char *name, const device *d) {
    json_t *row = json_pack("{s:s, s:f, s:f, s:o, s:I}", "name", name, "flops_per_second", d->speed, "call_s",
                            d->call_seconds, "memory_bytes_per_second",
                            d->memory_bandwidth > 0 ? json_real(d->memory_bandwidth) : json_null(), "table_rows",
                            (json_int_t)(d->table ? service_table_rows(d->table) : 0));
    json_t *rest = json_pack("{s:I, s:f, s:f, s:f, s:f}", "cores", (json_int_t)d->cores, "idle_watts", d->idle_watts,
                             "busy_watts", d->busy_watts, "memory_bytes", d->memory_bytes, "usd_per_hour",
                             d->usd_per_second * 3600);
    json_object_update(row, rest);
    json_decref(rest);
    return row;
}

static json_t *link_json(const net_link *l) {
    return json_pack("{s:f, s:f, s:f, s:b}", "up_bytes_per_second", l->up, "down_bytes_per_second", l->down,
                     "latency_s", l->latency, "half_duplex", l->half_duplex);
}

static json_t *platform_json(const platform *p) {
    json_t *groups = json_array(), *cells = json_array(), *sites = json_array(), *regions = json_array();
    for (size_t i = 0; i < p->group_count; i++) {
        json_t *row = device_json(p->groups[i].name, &p->groups[i].hardware);
        json_put(&row, "count", json_integer((json_int_t)p->groups[i].count));
        json_add(&groups, row);
    }
    for (size_t i = 0; i < p->cell_count; i++)
        json_add(&cells,
                 json_pack("{s:s, s:s, s:I, s:o}", "name", p->cells[i].name, "site", p->sites[p->cells[i].site].name,
                           "phones", (json_int_t)p->cells[i].phones, "link", link_json(&p->cells[i].link)));
    for (size_t i = 0; i < p->site_count; i++)
        json_add(&sites,
                 json_pack("{s:s, s:s, s:o, s:o}", "name", p->sites[i].name, "region",
                           p->regions[p->sites[i].region].name, "server", device_json("server", &p->sites[i].server),
                           "uplink", link_json(&p->sites[i].uplink)));
    for (size_t i = 0; i < p->region_count; i++)
        json_add(&regions, device_json(p->regions[i].name, &p->regions[i].server));
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "name", p->name, "phones", (json_int_t)p->phone_count, "groups",
                     groups, "cells", cells, "sites", sites, "regions", regions);
}

static bool write_places(const platform *p, const char *platform_path, const char *path, portolan_error *err) {
    if (!platform_has_places(p))
        return error_input(err, (text_mark){platform_path, 0, 0},
                           "nothing in it has a place; write 'places: FILE.csv' at phones, cells or sites");
    if (strcmp(path, "-") == 0) {
        platform_write_places(p, p->phone_count, stdout);
        return true;
    }
    replacement file;
    if (!replacement_open(&file, path, err)) return false;
    platform_write_places(p, p->phone_count, file.stream);
    return replacement_finish(&file, true, err);
}

int command_platform(int argc, char **argv) {
    platform_arguments a = {.write = platform_print};
    parse_arguments(&PLATFORM_ARGP, argc, argv, &a);
    portolan_error err = {0};
    platform p;
    if (a.places && (a.common.json || a.write != platform_print)) {
        error_usage(&err, "--places writes one thing, --json, --xml and --dot another; ask for one of them");
        return fail(&err);
    }
    if (!platform_load(&p, a.path, 1, &err)) return fail(&err);
    int status = STATUS_OK;
    if (a.places)
        status = write_places(&p, a.path, a.places, &err) ? STATUS_OK : fail(&err);
    else if (a.common.json)
        status = print_json(platform_json(&p));
    else if (!a.common.quiet)
        a.write(&p, stdout);
    platform_free(&p);
    return status;
}
