/* What the sections of the report share. */
#include "sections.h"

#include <string.h>

#include "html.h"

const char *report_text(const json_t *object, const char *path) {
    char key[64];
    for (const char *dot; object && (dot = strchr(path, '.')); path = dot + 1) {
        snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
        object = json_object_get(object, key);
    }
    const char *text = json_string_value(json_object_get(object, path));
    return text ? text : "";
}

/* As an image, which runs nothing and fetches nothing whatever stands in it. */
static void write_picture(FILE *out, const picture *p) {
    char size[64];
    html(out, "<figure class=\"{}\">\n<h3>{}</h3>\n<div class=\"card\">", p->wide ? "wide" : "column", p->title);
    snprintf(size, sizeof size, "width=\"%.0f\" height=\"%.0f\"", 144 * p->width, 144 * p->height);
    fprintf(out, "<img %s ", size);
    html(out, "alt=\"{}. {} The figures are in the table above and in {}.tsv.\" src=\"data:image/svg+xml;base64,",
         p->title, p->caption, p->name);
    html_base64(out, p->svg.data, p->svg.length);
    html(out, "\"></div>\n<figcaption>{} {} <span class=\"files\">", p->caption, p->note);
    html(out, "plots/{}.svg, .pdf, .png; data .tsv; script .gp</span></figcaption>\n</figure>\n", p->name);
}

void report_write_pictures(FILE *out, const report_request *r, bool of_fleet) {
    bool any = false;
    for (size_t i = 0; r->pictures->drawn && i < r->pictures->count; i++) {
        const picture *p = &r->pictures->items[i];
        if (p->fleet != of_fleet) continue;
        if (!any) fputs("<div class=\"pictures\">\n", out);
        any = true;
        write_picture(out, p);
    }
    if (any) fputs("</div>\n", out);
}
