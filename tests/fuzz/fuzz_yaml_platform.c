/* Any bytes as YAML and, if they are a map, as a platform. A first line "#set PATH=VALUE" is applied before,
 * so that changes by path are searched too. Counts are cut: a good platform of ten million phones is no
 * finding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platforms/platforms.h"

static void refused(const portolan_error *err) {
    if (!err->status || !err->message[0]) abort();
}

static void cut_counts(yaml_node *node, int depth) {
    if (node->kind == YAML_SCALAR || depth > 8) return;
    size_t items = node->kind == YAML_MAP ? 2 * node->count : node->count;
    for (size_t i = 0; i < items; i++) {
        yaml_node *item = node->items[i];
        bool is_value = node->kind == YAML_MAP && i % 2;
        if (is_value && strcmp(node->items[i - 1]->text, "count") == 0 && item->kind == YAML_SCALAR &&
            strtod(item->text, NULL) > 100)
            item->text = "100";
        cut_counts(item, depth + 1);
    }
}

/* The "#set PATH=VALUE" line: false if the change is refused. */
static bool apply_change(yaml_document *doc, const char *text, size_t size, portolan_error *err) {
    char line[256] = "";
    const char *newline = memchr(text, '\n', size);
    size_t length = newline ? (size_t)(newline - text) : size;
    if (length < 5 || length >= sizeof line || memcmp(text, "#set ", 5) != 0) return true;
    memcpy(line, text + 5, length - 5);
    char *equals = strchr(line, '=');
    if (!equals) return true;
    *equals = '\0';
    return yaml_set(doc, line, equals + 1, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    yaml_document doc;
    platform p;
    portolan_error err = {0};
    if (size > 1 << 16) return 0;
    if (!yaml_parse(&doc, "fuzz.yaml", (const char *)data, size, &err)) {
        refused(&err);
        return 0;
    }
    if (!apply_change(&doc, (const char *)data, size, &err)) refused(&err);
    if (doc.root->weight < 5000) cut_counts(doc.root, 0);
    if (platform_read(&p, doc.root, 1, &err)) {
        static FILE *nowhere;
        if (!nowhere) nowhere = fopen("/dev/null", "w");
        platform_print(&p, nowhere);
        platform_write_xml(&p, nowhere);
        platform_write_dot(&p, nowhere);
        for (uint64_t i = 0; i < p.phone_count; i++)
            if (!(p.phones[i].speed > 0) || p.phones[i].cell >= p.cell_count) abort();
        for (size_t i = 0; i < p.cell_count; i++)
            if (p.cells[i].site >= p.site_count) abort();
        for (size_t i = 0; i < p.site_count; i++)
            if (p.sites[i].region >= p.region_count || !p.sites[i].server.cores) abort();
    } else {
        refused(&err);
    }
    platform_free(&p);
    yaml_unload(&doc);
    return 0;
}
