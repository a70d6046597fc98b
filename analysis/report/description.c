/* The report's last sections: on what was run, and how to run it again. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "html.h"
#include "sections.h"

/* ---- The fleet ---- */

/* A value of the resolved scenario as text: a scalar as it is, a map or list as JSON. */
static void write_value(FILE *out, const json_t *value) {
    if (json_is_string(value)) {
        html_text(out, json_string_value(value));
        return;
    }
    char *text = json_dump_text(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
    html_text(out, text);
    free(text);
}

/* A group of the platform: its name and number, and its other keys. */
static void write_group(FILE *out, const char *what, const json_t *group) {
    const json_t *count = json_object_get(group, "count");
    html(out, "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">", report_text(group, "name"), what);
    if (count)
        write_value(out, count);
    else
        putc('1', out);
    fputs("</td><td>", out);
    const char *key, *separator = "";
    json_t *value;
    json_object_foreach((json_t *)group, key, value) {
        if (strcmp(key, "name") == 0 || strcmp(key, "count") == 0) continue;
        html(out, "{}{} ", separator, key);
        write_value(out, value);
        separator = ", ";
    }
    fputs("</td></tr>\n", out);
}

void report_write_fleet(FILE *out, const report_request *r) {
    static const struct {
        const char *key, *what;
    } GROUPS[] = {{"phones", "phones"}, {"cells", "cells"}, {"sites", "edge sites"}, {"regions", "cloud regions"}};
    const json_t *scenario = json_object_get(r->run->manifest, "scenario");
    const json_t *platform = json_object_get(scenario, "platform");
    if (!platform) return; /* a sweep, whose axes may change it */
    html(out, "<section id=\"fleet\" aria-labelledby=\"fleet-h\">\n<h2 id=\"fleet-h\">Fleet: {}</h2>\n",
         report_text(platform, "name"));
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
          "aria-labelledby=\"fleet-h\">\n<table>\n<thead><tr>"
          "<th scope=\"col\">group</th><th scope=\"col\">what</th><th scope=\"col\" class=\"n\">how many</th>"
          "<th scope=\"col\">with</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t g = 0; g < sizeof GROUPS / sizeof *GROUPS; g++) {
        const json_t *groups = json_object_get(platform, GROUPS[g].key);
        for (size_t i = 0; i < json_array_size(groups); i++)
            write_group(out, GROUPS[g].what, json_array_get(groups, i));
    }
    fputs("</tbody>\n</table>\n</div>\n", out);
    report_write_pictures(out, r, true);
    fputs("</section>\n", out);
}

/* ---- How to run it again ---- */

static void write_inputs(FILE *out, const json_t *inputs) {
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
          "aria-label=\"Inputs\">\n<table>\n<caption>What was read</caption>\n"
          "<thead><tr><th scope=\"col\">role</th><th scope=\"col\">path</th><th "
          "scope=\"col\">SHA-256</th></tr></thead>\n"
          "<tbody>\n",
          out);
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const json_t *input = json_array_get(inputs, i);
        html(out, "<tr><th scope=\"row\">{}</th><td>{}</td><td><code class=\"hash\">{}</code></td></tr>\n",
             report_text(input, "role"), report_text(input, "path"), report_text(input, "sha256"));
    }
    fputs("</tbody>\n</table>\n</div>\n", out);
}

static void write_scenario(FILE *out, const json_t *scenario) {
    char *text = json_dump_text(scenario, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    html(out,
         "<details>\n<summary>The whole scenario, as it was run</summary>\n<pre "
         "tabindex=\"0\">{}</pre>\n</details>\n",
         text ? text : "");
    free(text);
}

/* A sweep: what was varied. Its points are run again by the sweep's own file. */
static void write_axes(FILE *out, const json_t *sweep) {
    static const char *const KEYS[] = {"axes", "seeds", "points", "best"};
    fputs("<section id=\"again\" aria-labelledby=\"again-h\">\n<h2 id=\"again-h\">What was varied</h2>\n<dl>\n", out);
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        const json_t *value = json_object_get(sweep, KEYS[i]);
        if (!value || json_is_null(value)) continue;
        html(out, "<dt>{}</dt><dd><code>", KEYS[i]);
        write_value(out, value);
        fputs("</code></dd>\n", out);
    }
    fputs("</dl>\n<p>Every point's scenario is the sweep's file with these values; the same file gives the "
          "same "
          "points.csv and statistics.csv.</p>\n</section>\n",
          out);
}

void report_write_again(FILE *out, const report_request *r) {
    if (r->run->is_sweep) {
        write_axes(out, r->run->summary);
        return;
    }
    const json_t *m = r->run->manifest;
    char seed[32];
    snprintf(seed, sizeof seed, "%lld", (long long)json_integer_value(json_object_get(m, "seed")));
    fputs("<section id=\"again\" aria-labelledby=\"again-h\">\n<h2 id=\"again-h\">Run it again</h2>\n"
          "<p>In this folder, with the same inputs and Portolan, this gives the same bytes in every result but "
          "<code>manifest.json</code>:</p>\n"
          "<pre tabindex=\"0\">jq .scenario manifest.json &gt; again.yaml\nportolan run again.yaml --out "
          "again\n"
          "cmp again/summary.json summary.json</pre>\n",
          out);
    html(out, "<p>Seed {}; Portolan {}, SimGrid {}", seed, report_text(m, "versions.portolan"),
         report_text(m, "versions.simgrid"));
    const char *kernels = report_text(m, "kernels");
    if (*kernels) html(out, ", kernels {}", kernels);
    fputs(".</p>\n", out);
    write_inputs(out, json_object_get(m, "inputs"));
    write_scenario(out, json_object_get(m, "scenario"));
    fputs("</section>\n", out);
}
