/* The report's page, section by section. Style and behaviour are files of their own in report/. */
#include "report.h"

#include <string.h>

#include "base/replacement.h"
#include "html.h"
#include "sections.h"

/* From report/page.css and report/page.js, embedded by the build. */
extern const char page_css[], page_js[];

/* ---- What was run ---- */

/* "50000 requests for each of 5 policies" or "5 policies at settings, over 10 seeds". */
static void count_text(const run_folder *f, char *into, size_t size) {
    double requests = run_metric(&f->policies[0], "requests");
    if (f->is_sweep)
        snprintf(into, size, "A sweep: %zu pairs of policy and setting, over %zu seeds", f->policy_count,
                 json_array_size(json_object_get(f->summary, "seeds")));
    else
        snprintf(into, size, "%.0f request%s for each of %zu polic%s", requests, requests == 1 ? "" : "s",
                 f->policy_count, f->policy_count == 1 ? "y" : "ies");
}

/* What a browser may use, as a hash of its text. */
static void write_source(FILE *out, const char *directive, const char *text) {
    unsigned char digest[TEXT_DIGEST];
    text_digest(text, strlen(text), digest);
    fprintf(out, "; %s 'sha256-", directive);
    html_base64(out, digest, sizeof digest);
    putc('\'', out);
}

/* The page's own style and script, and pictures that stand in it; nothing else, from nowhere. */
static void write_policy(FILE *out) {
    fputs("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; base-uri 'none'; "
          "form-action 'none'",
          out);
    write_source(out, "style-src", page_css);
    write_source(out, "script-src", page_js);
    fputs("\">\n", out);
}

static void write_head(FILE *out, const report_request *r) {
    char counts[128];
    count_text(r->run, counts, sizeof counts);
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
    write_policy(out);
    html(out,
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}: Portolan report</title>\n",
         r->run->scenario);
    fprintf(out, "<style>%s</style>\n</head>\n<body>\n", page_css);
    html(out, "<header>\n<p class=\"kind\">Portolan report</p>\n<h1>{}</h1>\n<p>{}", r->run->scenario, counts);
    const char *platform = report_text(r->run->manifest, "scenario.platform.name");
    const char *workload = report_text(r->run->manifest, "scenario.workload.name");
    if (*platform) html(out, ", on the platform <b>{}</b>", platform);
    if (*workload) html(out, ", with the workload <b>{}</b>", workload);
    fputs(".</p>\n", out);
    if (json_is_true(json_object_get(r->run->summary, "interrupted")))
        fputs("<p class=\"note\">The run was interrupted: policies that were not finished are missing.</p>\n", out);
    fputs("<nav aria-label=\"Sections\"><a href=\"#table\">Table</a>", out);
    if (r->other) fputs(" <a href=\"#compare\">Comparison</a>", out);
    fputs(" <a href=\"#pictures\">Pictures</a>", out);
    if (!r->run->is_sweep) fputs(" <a href=\"#fleet\">Fleet</a>", out);
    html(out, " <a href=\"#again\">{}</a></nav>\n</header>\n<main>\n",
         r->run->is_sweep ? "What was varied" : "Run it again");
}

/* ---- Pictures ---- */

static void write_pictures(FILE *out, const report_request *r) {
    fputs("<section id=\"pictures\" aria-labelledby=\"pictures-h\">\n<h2 id=\"pictures-h\">Pictures</h2>\n", out);
    if (!r->pictures->drawn)
        fputs("<p class=\"note\">gnuplot was not found, so there are none. Their data and scripts are in the "
              "folder "
              "<code>plots</code>.</p>\n",
              out);
    if (r->pictures->left_out)
        fprintf(out,
                "<p class=\"note\">%zu lines of this sweep have no picture: there are too many. Their figures are in "
                "<code>statistics.csv</code>.</p>\n",
                r->pictures->left_out);
    report_write_pictures(out, r, false);
    if (!r->run->has_rows && !r->run->is_sweep)
        fputs("<p class=\"note\">There is no requests.csv in the folder (<code>output: {requests: csv}</code> "
              "writes it), so "
              "the pictures of latency and energy are left out.</p>\n",
              out);
    fputs("</section>\n", out);
}

/* ---- The page ---- */

static void write_page(FILE *out, const report_request *r) {
    write_head(out, r);
    report_write_overloaded(out, r);
    report_write_table(out, r);
    if (r->other) report_write_comparison(out, r);
    write_pictures(out, r);
    report_write_fleet(out, r);
    report_write_again(out, r);
    fprintf(out, "</main>\n<script>%s</script>\n</body>\n</html>\n", page_js);
}

bool report_write(const report_request *r, const char *path, portolan_error *err) {
    replacement file;
    if (!replacement_open(&file, path, err)) return false;
    write_page(file.stream, r);
    return replacement_finish(&file, true, err);
}
