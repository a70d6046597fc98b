/* The report's tables. They are complete without JavaScript, which adds sorting, more columns and other
 * views; numbers for it stand in data-value. */
#include <math.h>
#include <string.h>

#include "html.h"
#include "sections.h"

enum { CELL = 64 };

void report_show(char *into, size_t size, const metric *m, double value) {
    if (!isfinite(value)) {
        snprintf(into, size, "-");
        return;
    }
    snprintf(into, size, "%.*f", m->digits, value * m->scale);
    if (into[0] == '-' && strspn(into, "-0.") == strlen(into)) memmove(into, into + 1, strlen(into));
}

/* The best value of a column, NaN where there is none or all are equal. */
static double best_value(const run_folder *f, const metric *m) {
    double best = NAN;
    bool differ = false;
    for (size_t i = 0; m->better != BETTER_NONE && i < f->policy_count; i++) {
        double x = run_metric(&f->policies[i], m->key);
        if (!isfinite(x)) continue;
        differ |= isfinite(best) && x != best;
        if (!isfinite(best) || (m->better == BETTER_LESS ? x < best : x > best)) best = x;
    }
    return differ ? best : NAN;
}

static void write_header(FILE *out) {
    fputs("<thead>\n<tr><th scope=\"col\" aria-sort=\"none\"><button type=\"button\">policy</button></th>\n", out);
    for (const metric *m = METRICS; m->key; m++) {
        html(out, "<th scope=\"col\" class=\"{}\" aria-sort=\"none\"><button type=\"button\" title=\"{}\">{}",
             m->flags & METRIC_MAIN ? "n" : "n extra", m->meaning, m->title);
        if (*m->shown_unit) html(out, " <span class=\"unit\">{}</span>", m->shown_unit);
        fputs("</button></th>\n", out);
    }
    fputs("</tr>\n</thead>\n<tbody>\n", out);
}

/* Half the width of a sweep's interval, as " ± 0.12"; nothing where there is none. */
static void show_interval(char *into, size_t size, const run_policy *p, const metric *m) {
    char key[96], half[CELL];
    snprintf(key, sizeof key, "%s_low", m->key);
    double low = run_metric(p, key);
    snprintf(key, sizeof key, "%s_high", m->key);
    double width = run_metric(p, key) - low;
    into[0] = '\0';
    if (!isfinite(width)) return;
    report_show(half, sizeof half, m, width / 2);
    snprintf(into, size, " \u00b1 %s", half);
}

static void write_cell(FILE *out, const metric *m, const run_policy *p, double best) {
    char shown[CELL], exact[CELL] = "", half[CELL + 8];
    double value = run_metric(p, m->key);
    report_show(shown, sizeof shown, m, value);
    show_interval(half, sizeof half, p, m);
    if (isfinite(value)) snprintf(exact, sizeof exact, "%.9g", value);
    html(out, "<td class=\"{}\" data-value=\"{}\">", m->flags & METRIC_MAIN ? "n" : "n extra", exact);
    if (value == best)
        html(out, "<strong>{}<span class=\"hidden\"> best</span></strong>", shown);
    else
        html_text(out, shown);
    html(out, *half ? "<span class=\"unit\">{}</span></td>" : "{}</td>", half);
}

static void write_glossary(FILE *out) {
    fputs("<details>\n<summary>What the columns mean</summary>\n<dl>\n", out);
    for (const metric *m = METRICS; m->key; m++)
        html(out, "<dt>{} <code>{}</code></dt><dd>{}</dd>\n", m->title, m->key, m->meaning);
    fputs("</dl>\n</details>\n", out);
}

/* Whose phones share what they learned, though nothing was sent for it. */
static void write_idealisations(FILE *out, const run_folder *f) {
    for (size_t i = 0; i < f->policy_count; i++) {
        const char *scope = json_string_value(json_object_get(f->policies[i].metrics, "scope"));
        if (scope && strcmp(scope, "phone") != 0)
            html(out,
                 "<p>The phones of a {} share what <code>{}</code> learns, without a message: an idealisation.</p>\n",
                 scope, f->policies[i].name);
    }
}

void report_write_table(FILE *out, const report_request *r) {
    double best[METRIC_COUNT];
    for (size_t k = 0; k < METRIC_COUNT; k++) best[k] = best_value(r->run, &METRICS[k]);
    fputs("<section id=\"table\" aria-labelledby=\"table-h\">\n<h2 id=\"table-h\">Policies</h2>\n"
          "<p class=\"tools\"><button type=\"button\" class=\"tool js\" data-more=\"metrics\" "
          "aria-pressed=\"false\" hidden>All columns</button></p>\n"
          "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"table-h\">\n"
          "<table class=\"sortable\" id=\"metrics\">\n",
          out);
    html(out,
         "<caption>A row a policy{}; the best of a column is bold. The buttons in the first row "
         "sort.</caption>\n",
         r->run->is_sweep ? " and setting: means over the seeds, and half the width of their intervals" : "");
    write_header(out);
    for (size_t i = 0; i < r->run->policy_count; i++) {
        const run_policy *p = &r->run->policies[i];
        html(out, "<tr><th scope=\"row\">{}</th>", p->name);
        for (size_t k = 0; k < METRIC_COUNT; k++) write_cell(out, &METRICS[k], p, best[k]);
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table>\n</div>\n", out);
    write_idealisations(out, r->run);
    write_glossary(out);
    fputs("</section>\n", out);
}

/* ---- Overload ---- */

static size_t count_overloaded(const run_folder *f) {
    size_t n = 0;
    for (size_t i = 0; i < f->policy_count; i++)
        n += json_array_size(json_object_get(f->policies[i].metrics, "overloaded"));
    return n;
}

static void write_overloaded(FILE *out, const run_policy *p) {
    const json_t *places = json_object_get(p->metrics, "overloaded");
    char percent[CELL], since[CELL];
    for (size_t i = 0; i < json_array_size(places); i++) {
        const json_t *place = json_array_get(places, i);
        snprintf(percent, sizeof percent, "%.0f", 100 * json_number_value(json_object_get(place, "utilization")));
        snprintf(since, sizeof since, "%.2f", json_number_value(json_object_get(place, "since_s")));
        html(out, "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
             p->name, report_text(place, "place"), percent, since);
    }
}

/* All places; a long list is folded. */
void report_write_overloaded(FILE *out, const report_request *r) {
    enum { SHORT = 12 };
    size_t count = count_overloaded(r->run);
    if (!count) return;
    fputs(
        "<section id=\"overloaded\" class=\"warning\" aria-labelledby=\"overloaded-h\">\n"
        "<h2 id=\"overloaded-h\">Overloaded places</h2>\n"
        "<p>To these places more work came than they can do, and what waits there grows. The latencies and failures of "
        "these policies depend on the length of the run: a longer one would show larger ones.</p>\n",
        out);
    fprintf(out, "<details%s>\n<summary>%zu place%s</summary>\n", count <= SHORT ? " open" : "", count,
            count == 1 ? "" : "s");
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"overloaded-h\">\n<table>\n<thead><tr>"
          "<th scope=\"col\">policy</th><th scope=\"col\">place</th><th scope=\"col\" class=\"n\">work that came <span "
          "class=\"unit\">% of capacity</span></th><th scope=\"col\" class=\"n\">since <span class=\"unit\">simulated "
          "s</span></th></tr></thead>\n<tbody>\n",
          out);
    for (size_t i = 0; i < r->run->policy_count; i++) write_overloaded(out, &r->run->policies[i]);
    fputs("</tbody>\n</table>\n</div>\n</details>\n</section>\n", out);
}

/* ---- Comparison ---- */

/* "better", "worse", "other" or "same", of a value of this run against the other's. What is shown equal is
 * the same. */
static const char *verdict_of(const metric *m, double mine, double other) {
    char a[CELL], b[CELL];
    report_show(a, sizeof a, m, mine);
    report_show(b, sizeof b, m, other);
    if (strcmp(a, b) == 0) return "same";
    if (m->better == BETTER_NONE || !isfinite(mine) || !isfinite(other)) return "other";
    return (mine > other) == (m->better == BETTER_MORE) ? "better" : "worse";
}

/* A cell shows the difference; page.js puts one of the other two texts in its place when asked. */
static void write_difference(FILE *out, const metric *m, double mine, double other) {
    char here[CELL], there[CELL], size[CELL], difference[CELL + 1], exact[CELL] = "";
    const char *verdict = verdict_of(m, mine, other);
    report_show(here, sizeof here, m, mine);
    report_show(there, sizeof there, m, other);
    report_show(size, sizeof size, m, mine - other);
    bool same = strcmp(verdict, "same") == 0;
    snprintf(difference, sizeof difference, "%s%s", !same && mine > other ? "+" : "", same ? "0" : size);
    if (isfinite(mine - other)) snprintf(exact, sizeof exact, "%.9g", mine - other);
    html(out,
         "<td class=\"n {}{}\" data-value=\"{}\" data-difference=\"{}\" data-this=\"{}\" "
         "data-other=\"{}\"><span "
         "class=\"value\">{}</span>",
         verdict, m->flags & METRIC_MAIN ? "" : " extra", exact, difference, here, there, difference);
    if (strcmp(verdict, "better") == 0 || strcmp(verdict, "worse") == 0)
        html(out, "<span class=\"verdict\"> {}</span>", verdict);
    fputs("</td>", out);
}

static void write_differences(FILE *out, const report_request *r) {
    for (size_t i = 0; i < r->run->policy_count; i++) {
        const run_policy *p = &r->run->policies[i], *q = run_find(r->other, p->name);
        if (!q) continue;
        html(out, "<tr><th scope=\"row\">{}</th>", p->name);
        for (const metric *m = METRICS; m->key; m++)
            write_difference(out, m, run_metric(p, m->key), run_metric(q, m->key));
        fputs("</tr>\n", out);
    }
}

/* Names the policies that only one of the two runs has. */
static void write_alone(FILE *out, const run_folder *one, const run_folder *two, const char *where) {
    const char *separator = " ";
    bool any = false;
    for (size_t i = 0; i < one->policy_count; i++) {
        if (run_find(two, one->policies[i].name)) continue;
        if (!any) html(out, "<p>Only in {}:", where);
        html(out, "{}<code>{}</code>", separator, one->policies[i].name);
        separator = ", ";
        any = true;
    }
    if (any) fputs("</p>\n", out);
}

void report_write_comparison(FILE *out, const report_request *r) {
    html(out,
         "<section id=\"compare\" aria-labelledby=\"compare-h\">\n<h2 id=\"compare-h\">Compared with {}</h2>\n"
         "<p>This run (<code>{}</code>) minus the other (<code>{}</code>), policy by policy, for the same "
         "label in both.</p>\n"
         "<div class=\"tools js\" role=\"group\" aria-label=\"What the comparison shows\" hidden>"
         "<button type=\"button\" class=\"tool\" data-view=\"difference\" "
         "aria-pressed=\"true\">Difference</button>"
         "<button type=\"button\" class=\"tool\" data-view=\"this\" aria-pressed=\"false\">This run</button>"
         "<button type=\"button\" class=\"tool\" data-view=\"other\" aria-pressed=\"false\">The other</button>"
         "<button type=\"button\" class=\"tool\" data-more=\"comparison\" aria-pressed=\"false\">All "
         "columns</button></div>\n",
         r->other->scenario, r->run->path, r->other->path);
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"compare-h\">\n"
          "<table class=\"sortable\" id=\"comparison\">\n<caption>Differences of every metric, in its "
          "column's unit</caption>\n",
          out);
    write_header(out);
    write_differences(out, r);
    fputs("</tbody>\n</table>\n</div>\n", out);
    write_alone(out, r->run, r->other, "this run");
    write_alone(out, r->other, r->run, "the other");
    fputs("</section>\n", out);
}
