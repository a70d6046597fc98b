/* A platform for people and for other programs: summary, SimGrid XML, Graphviz, places. */
#include <math.h>
#include <stdio.h>

#include "base/csv.h"
#include "service.h"

static const char *const MODEL_NAMES[] = {"CM02", "LV08"};

/* ---- Summary ---- */

typedef struct figure {
    char text[32];
} figure;

static figure show(double value, unit_family family) {
    figure f;
    unit_format(f.text, sizeof f.text, value, family);
    return f;
}

static void print_link(const net_link *l, FILE *out) {
    if (l->half_duplex)
        fprintf(out, "%s shared by both directions", show(l->up, UNIT_BANDWIDTH).text);
    else
        fprintf(out, "%s up, %s down", show(l->up, UNIT_BANDWIDTH).text, show(l->down, UNIT_BANDWIDTH).text);
    fprintf(out, ", %s one way", show(l->latency, UNIT_TIME).text);
}

static void print_device(const device *d, FILE *out) {
    fprintf(out, "%llu x %s, %s idle, %s busy, %s", (unsigned long long)d->cores, show(d->speed, UNIT_SPEED).text,
            show(d->idle_watts, UNIT_POWER).text, show(d->busy_watts, UNIT_POWER).text,
            show(d->memory_bytes, UNIT_SIZE).text);
    if (d->call_seconds > 0) fprintf(out, ", call %s", show(d->call_seconds, UNIT_TIME).text);
    if (d->memory_bandwidth > 0) fprintf(out, ", weights at %.4gGBps", d->memory_bandwidth * 1e-9);
    if (d->table) fprintf(out, ", table of %zu measurements", service_table_rows(d->table));
    if (d->usd_per_second > 0) fprintf(out, ", %.4gUSD/h", d->usd_per_second * 3600);
}

/* How far the phones of a group are from their cells, where both have places. */
static void print_distances(const platform *p, const phone_group *g, FILE *out) {
    double sum = 0, most = 0;
    if (!g->places) return;
    for (uint64_t i = g->first; i < g->first + g->count; i++) {
        const location *cell_at = p->cells[p->phones[i].cell].at;
        if (!cell_at) return;
        double metres = location_distance(platform_phone_place(p, i), cell_at);
        sum += metres;
        most = fmax(most, metres);
    }
    fprintf(out, "; %.0f m from their cells in the mean, %.0f m at most", sum / (double)g->count, most);
}

enum { SHOWN = 8 }; /* of each list; the rest is counted */

static void print_rest(size_t count, FILE *out) {
    if (count > SHOWN) fprintf(out, "  ... and %zu more\n", count - SHOWN);
}

void platform_print(const platform *p, FILE *out) {
    fprintf(out, "%s: %llu phones in %zu cells, %zu edge sites, %zu cloud regions\n", p->name,
            (unsigned long long)p->phone_count, p->cell_count, p->site_count, p->region_count);
    fprintf(out, "network model %s, crosstraffic %s, tcp_gamma %s\n", MODEL_NAMES[p->network.model],
            p->network.crosstraffic ? "yes" : "no", show(p->network.tcp_gamma, UNIT_SIZE).text);
    fputs("\nphones\n", out);
    for (size_t i = 0; i < p->group_count && i < SHOWN; i++) {
        const phone_group *g = &p->groups[i];
        double least = p->phones[g->first].speed, most = least;
        for (uint64_t k = g->first; k < g->first + g->count; k++) {
            if (p->phones[k].speed < least) least = p->phones[k].speed;
            if (p->phones[k].speed > most) most = p->phones[k].speed;
        }
        fprintf(out, "  %-16s %llu phones: ", g->name, (unsigned long long)g->count);
        print_device(&g->hardware, out);
        if (least < most)
            fprintf(out, "; drawn speeds %s to %s", show(least, UNIT_SPEED).text, show(most, UNIT_SPEED).text);
        print_distances(p, g, out);
        fputc('\n', out);
    }
    print_rest(p->group_count, out);
    fputs("\ncells\n", out);
    for (size_t i = 0; i < p->cell_count && i < SHOWN; i++) {
        const cell *c = &p->cells[i];
        fprintf(out, "  %-16s %llu phones at %s: ", c->name, (unsigned long long)c->phones, p->sites[c->site].name);
        print_link(&c->link, out);
        fputc('\n', out);
    }
    print_rest(p->cell_count, out);
    fputs("\nedge sites\n", out);
    for (size_t i = 0; i < p->site_count && i < SHOWN; i++) {
        const site *s = &p->sites[i];
        fprintf(out, "  %-16s ", s->name);
        print_device(&s->server, out);
        fprintf(out, "; to %s: ", p->regions[s->region].name);
        print_link(&s->uplink, out);
        fputc('\n', out);
    }
    print_rest(p->site_count, out);
    fputs("\ncloud regions\n", out);
    for (size_t i = 0; i < p->region_count && i < SHOWN; i++) {
        fprintf(out, "  %-16s ", p->regions[i].name);
        print_device(&p->regions[i].server, out);
        fputc('\n', out);
    }
    print_rest(p->region_count, out);
}

/* ---- SimGrid XML ---- */

static void xml_host(const char *prefix, const char *name, double speed, const device *d, FILE *out) {
    fprintf(out,
            "    <host id=\"%s%s\" speed=\"%.17gf\" core=\"%llu\">"
            "<prop id=\"wattage_per_state\" value=\"%.9g:%.9g:%.9g\"/></host>\n",
            prefix, name, speed, (unsigned long long)d->cores, d->idle_watts, d->idle_watts + device_core_joules(d, 1),
            d->busy_watts);
}

static void xml_links(const char *prefix, const char *name, const net_link *l, FILE *out) {
    fprintf(out, "    <link id=\"%s%s:up\" bandwidth=\"%.17gBps\" latency=\"%.17gs\"/>\n", prefix, name, l->up,
            l->latency);
    if (!l->half_duplex)
        fprintf(out, "    <link id=\"%s%s:down\" bandwidth=\"%.17gBps\" latency=\"%.17gs\"/>\n", prefix, name, l->down,
                l->latency);
}

static void xml_no_link(const char *prefix, const char *name, FILE *out) {
    fprintf(out, "    <host_link id=\"%s%s\" up=\"nothing\" down=\"nothing\"/>\n", prefix, name);
}

void platform_write_xml(const platform *p, FILE *out) {
    fprintf(
        out,
        "<?xml version='1.0'?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
        "<!-- Written by Portolan. Phones reach their edge host over their cell, and the cloud over their\n"
        "     site's ingress host (cloud-ingress:SITE), whose executions run on the region's host. -->\n"
        "<platform version=\"4.1\">\n  <config>\n    <prop id=\"network/model\" value=\"%s\"/>\n"
        "    <prop id=\"network/crosstraffic\" value=\"%d\"/>\n    <prop id=\"network/TCP-gamma\" value=\"%.17g\"/>\n"
        "  </config>\n  <zone id=\"portolan\" routing=\"Cluster\">\n    <prop id=\"platform\" value=\"%s\"/>\n",
        MODEL_NAMES[p->network.model], p->network.crosstraffic, p->network.tcp_gamma, p->name);
    for (size_t i = 0; i < p->region_count; i++)
        xml_host("cloud:", p->regions[i].name, p->regions[i].server.speed, &p->regions[i].server, out);
    for (size_t i = 0; i < p->site_count; i++) {
        xml_host("edge:", p->sites[i].name, p->sites[i].server.speed, &p->sites[i].server, out);
        fprintf(out, "    <host id=\"cloud-ingress:%s\" speed=\"%.17gf\"/>\n", p->sites[i].name,
                p->sites[i].server.speed);
        xml_links("uplink:", p->sites[i].name, &p->sites[i].uplink, out);
    }
    for (size_t i = 0; i < p->cell_count; i++) xml_links("cell:", p->cells[i].name, &p->cells[i].link, out);
    for (uint64_t i = 0; i < p->phone_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%llu", (unsigned long long)i);
        xml_host("phone:", name, p->phones[i].speed, &p->groups[p->phones[i].group].hardware, out);
    }
    /* A host without a link of its own would be out of reach in a zone read from XML: this one adds nothing to a route. */
    fputs("    <link id=\"nothing\" bandwidth=\"1e18Bps\" latency=\"0s\" sharing_policy=\"FATPIPE\"/>\n", out);
    for (size_t i = 0; i < p->region_count; i++) xml_no_link("cloud:", p->regions[i].name, out);
    for (size_t i = 0; i < p->site_count; i++) xml_no_link("edge:", p->sites[i].name, out);
    for (size_t i = 0; i < p->site_count; i++) /* towards the ingress is up, out of it is down */
        fprintf(out, "    <host_link id=\"cloud-ingress:%s\" up=\"uplink:%s:down\" down=\"uplink:%s:up\"/>\n",
                p->sites[i].name, p->sites[i].name, p->sites[i].name);
    for (uint64_t i = 0; i < p->phone_count; i++) {
        const cell *c = &p->cells[p->phones[i].cell];
        fprintf(out, "    <host_link id=\"phone:%llu\" up=\"cell:%s:up\" down=\"cell:%s:%s\"/>\n",
                (unsigned long long)i, c->name, c->name, c->link.half_duplex ? "up" : "down");
    }
    fputs("  </zone>\n</platform>\n", out);
}

/* ---- Graphviz ---- */

static void dot_edge_label(const net_link *l, FILE *out) {
    fprintf(out, " [label=\"%s / %s\\n%s\"];\n", show(l->up, UNIT_BANDWIDTH).text,
            show(l->half_duplex ? l->up : l->down, UNIT_BANDWIDTH).text, show(l->latency, UNIT_TIME).text);
}

void platform_write_dot(const platform *p, FILE *out) {
    fprintf(
        out,
        "graph \"%s\" {\n  graph [rankdir=BT, fontname=\"sans-serif\"];\n"
        "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=9];\n",
        p->name);
    for (size_t i = 0; i < p->region_count; i++)
        fprintf(out, "  \"cloud:%s\" [label=\"%s\\n%llu x %s\"];\n", p->regions[i].name, p->regions[i].name,
                (unsigned long long)p->regions[i].server.cores, show(p->regions[i].server.speed, UNIT_SPEED).text);
    for (size_t i = 0; i < p->site_count; i++) {
        const site *s = &p->sites[i];
        fprintf(out, "  \"edge:%s\" [label=\"%s\\n%llu x %s\"];\n  \"edge:%s\" -- \"cloud:%s\"", s->name, s->name,
                (unsigned long long)s->server.cores, show(s->server.speed, UNIT_SPEED).text, s->name,
                p->regions[s->region].name);
        dot_edge_label(&s->uplink, out);
    }
    for (size_t i = 0; i < p->cell_count; i++) {
        const cell *c = &p->cells[i];
        fprintf(out, "  \"cell:%s\" [shape=ellipse, label=\"%s\\n%llu phones\"];\n  \"cell:%s\" -- \"edge:%s\"",
                c->name, c->name, (unsigned long long)c->phones, c->name, p->sites[c->site].name);
        dot_edge_label(&c->link, out);
    }
    fputs("}\n", out);
}

/* ---- Places ---- */

static void write_place(const char *kind, const char *name, const location *at, const char *attached_to, FILE *out) {
    if (!at) return;
    fprintf(out, "%s,", kind);
    csv_put(out, name);
    fprintf(out, ",%.12g,%.12g,", at->latitude, at->longitude);
    csv_put(out, attached_to);
    fputc('\n', out);
}

/* Whether number k is one of `most` that are evenly taken of `count`: each time k * most / count gains a whole one. */
static bool is_taken(uint64_t k, uint64_t count, uint64_t most) {
    return count <= most || (k + 1) * most / count > k * most / count;
}

static void write_phone_places(const platform *p, uint64_t most, FILE *out) {
    uint64_t count = 0, k = 0;
    for (size_t g = 0; g < p->group_count; g++)
        if (p->groups[g].places) count += p->groups[g].count;
    for (uint64_t i = 0; i < p->phone_count; i++) {
        const location *at = platform_phone_place(p, i);
        if (!at || !is_taken(k++, count, most)) continue;
        char number[24];
        snprintf(number, sizeof number, "%llu", (unsigned long long)i);
        write_place("phone", number, at, p->cells[p->phones[i].cell].name, out);
    }
}

void platform_write_places(const platform *p, uint64_t most_phones, FILE *out) {
    fputs("kind,name,latitude,longitude,attached_to\n", out);
    for (size_t i = 0; i < p->site_count; i++)
        write_place("site", p->sites[i].name, p->sites[i].at, p->regions[p->sites[i].region].name, out);
    for (size_t i = 0; i < p->cell_count; i++)
        write_place("cell", p->cells[i].name, p->cells[i].at, p->sites[p->cells[i].site].name, out);
    write_phone_places(p, most_phones, out);
}
