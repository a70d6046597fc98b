/* Any bytes as a results folder: what stands before the first line "#" is summary.json, between it and the next one the
 * next file of NAMES; an empty part is a file that is not there. The folder's SVG takes the place of a picture.
 * What is read has ordered latencies, no more answers than requests, and lies on Earth. Then the scripts of its pictures
 * and its page are written, as `portolan report` does without gnuplot: in the scripts all texts are quoted, and the page
 * has no elements and no attributes but the report's own. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/report/report.h"
#include "analysis/report/run_folder.h"
#include "base/files.h"

static const char *const NAMES[] = {"summary.json",     "requests.csv", "calibration.csv", "places.csv",
                                    "sites.csv",        "samples.csv",  "sweep.json",      "statistics.csv",
                                    "plots/pareto.svg", "manifest.json"};
enum { NAME_COUNT = sizeof NAMES / sizeof *NAMES, SUMMARY = 0, MANIFEST = NAME_COUNT - 1, MOST_CELLS = 64 };
static char folder[64];

static void write_part(const char *name, const uint8_t *data, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    if (!size) return;
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) exit(1);
}

/* The summary, of the present version unless it says another one. */
static void write_summary(const uint8_t *data, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/summary.json", folder);
    FILE *f = fopen(path, "wb");
    if (!f) exit(1);
    bool is_map = size && *data == '{';
    if (is_map) fprintf(f, "{\"schema_version\": %u%s", schema_version(&RESULTS_SCHEMA), size > 1 ? ", " : "");
    if (fwrite(data + is_map, 1, size - is_map, f) != size - is_map || fclose(f) != 0) exit(1);
}

/* Bytes before the next line "#", or all. */
static size_t part(const uint8_t *data, size_t size) {
    if (size >= 2 && memcmp(data, "#\n", 2) == 0) return 0;
    const uint8_t *end = memmem(data, size, "\n#\n", 3);
    return end ? (size_t)(end - data) + 1 : size;
}

static void check(const run_folder *f) {
    for (size_t i = 0; i < f->policy_count; i++) {
        const policy_rows *r = &f->policies[i].rows;
        if (r->answered > r->requests || r->right > r->answered) abort();
        for (size_t k = 1; k < r->answered; k++)
            if (!(r->latencies[k - 1] <= r->latencies[k])) abort();
    }
    for (size_t e = 1; e < f->exit_count; e++)
        if (f->exits[e - 1].layer >= f->exits[e].layer) abort();
    for (size_t i = 0; i < f->places.count; i++)
        if (!(fabs(f->places.points[i].latitude) <= 90 && fabs(f->places.points[i].longitude) <= 360)) abort();
    for (size_t i = 0; i < f->places.site_count; i++)
        if (fleet_find_site(&f->places, f->places.points[f->places.sites[i]].name) == f->places.site_count) abort();
}

/* ---- The page ---- */

static bool is_known(const char *name, size_t length) {
    static const char *const ELEMENTS[] = {"!doctype", "a",       "b",      "body",  "button",  "caption",    "code",
                                           "dd",       "details", "div",    "dl",    "dt",      "figcaption", "figure",
                                           "h1",       "h2",      "h3",     "head",  "header",  "html",       "img",
                                           "li",       "main",    "meta",   "nav",   "p",       "pre",        "script",
                                           "section",  "span",    "strong", "style", "summary", "table",      "tbody",
                                           "td",       "th",      "thead",  "title", "tr",      "ul"};
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof *ELEMENTS; i++)
        if (strlen(ELEMENTS[i]) == length && strncmp(ELEMENTS[i], name, length) == 0) return true;
    return false;
}

/* Reads a tag from its "<"; returns where it ends. Attributes are quoted, and none runs anything. */
static const char *check_tag(const char *at) {
    const char *name = at + 1 + (at[1] == '/'), *c = name;
    while (isalnum((unsigned char)*c) || *c == '!') c++;
    if (!is_known(name, (size_t)(c - name))) abort();
    while (*c && *c != '>') {
        if (*c == '"') {
            c = strchr(c + 1, '"');
            if (!c) abort();
        } else if (*c == '<' || *c == '\'') {
            abort();
        } else if (strncmp(c, " on", 3) == 0 || strncmp(c, " style", 6) == 0) {
            abort();
        }
        c++;
    }
    return c;
}

static void check_page(const char *page) {
    size_t scripts = 0, styles = 0;
    for (const char *at = page; (at = strchr(at, '<'));) {
        bool is_script = strncmp(at, "<script>", 8) == 0, is_style = strncmp(at, "<style>", 7) == 0;
        scripts += is_script;
        styles += is_style;
        at = is_script ? strstr(at, "</script>") + 9 : is_style ? strstr(at, "</style>") + 8 : check_tag(at);
    }
    if (scripts != 1 || styles != 1) abort();
}

/* ---- Scripts of pictures ---- */

/* Outside of quotes and comments nothing begins a command of the system, nor in double quotes; every quote ends on its
 * line. */
static void check_script(const char *name) {
    char path[256];
    file_bytes script;
    portolan_error err = {0};
    snprintf(path, sizeof path, "%s/plots/%s.gp", folder, name);
    if (!file_read(path, 1 << 26, &script, &err)) abort();
    for (const char *c = script.data; *c; c++) {
        if (*c == '#' && (c[1] == ' ' || c[1] == '\n')) c = strchr(c, '\n');
        if (*c == '\'')
            for (c++; *c != '\''; c++)
                if (*c == '\n' || !*c) abort();
        if (*c == '"')
            for (c++; *c != '"'; c++)
                if (*c == '\n' || *c == '`' || !*c) abort();
        if (*c == '`' || strncmp(c, "system", 6) == 0) abort();
    }
    free(script.data);
    unlink(path);
    snprintf(path, sizeof path, "%s/plots/%s.tsv", folder, name);
    unlink(path);
}

static void write_report(const run_folder *f) {
    char plots[128], page[128];
    picture_list pictures;
    portolan_error err = {0};
    file_bytes bytes;
    snprintf(plots, sizeof plots, "%s/plots", folder);
    snprintf(page, sizeof page, "%s/report.html", folder);
    if (!(f->is_sweep ? sweep_plots_write : run_plots_write)(f, plots, &pictures, &err)) {
        if (!err.status || !err.message[0]) abort();
        return;
    }
    if (pictures.drawn) abort();
    report_request r = {f, f, &pictures};
    if (!report_write(&r, page, &err) || !file_read(page, 1 << 28, &bytes, &err)) abort();
    if (strlen(bytes.data) != bytes.length) abort();
    check_page(bytes.data);
    free(bytes.data);
    for (size_t i = 0; i < pictures.count; i++) check_script(pictures.items[i].name);
    picture_list_free(&pictures);
}

/* ---- The folder ---- */

static void remove_folder(void) {
    char command[256];
    if (!getenv("KEEP") && folder[0]) {
        snprintf(command, sizeof command, "/bin/rm -rf %s", folder);
        if (system(command) != 0) perror(command);
    }
}

static void make_folder(void) {
    char plots[128];
    snprintf(folder, sizeof folder, "fuzz-results-XXXXXX");
    if (!mkdtemp(folder)) exit(1);
    snprintf(plots, sizeof plots, "%s/plots", folder);
    if (mkdir(plots, 0777) != 0) exit(1);
    atexit(remove_folder);
    setenv("PATH", "/nowhere", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!folder[0]) make_folder();
    for (int i = 0; i < NAME_COUNT; i++) {
        size_t n = part(data, size);
        if (!i)
            write_summary(data, n);
        else if (i == MANIFEST && !n)
            write_part(NAMES[i], (const uint8_t *)"{}", 2);
        else
            write_part(NAMES[i], data, n);
        size_t skip = n + 2 < size ? n + 2 : size;
        data += skip;
        size -= skip;
    }
    run_folder f;
    portolan_error err = {0};
    if (run_folder_load(&f, folder, true, &err)) {
        check(&f);
        if (f.policy_count <= MOST_CELLS) write_report(&f);
    } else if (!err.status || !err.message[0] || f.policies) {
        abort(); /* a refusal says why and leaves nothing */
    }
    run_folder_free(&f);
    return 0;
}
