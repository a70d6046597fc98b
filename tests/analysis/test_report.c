/* The report of folders written here: what is in it, what is escaped, and what is refused. */
#include <unistd.h>

#include "analysis/fleet.h"
#include "analysis/html.h"
#include "analysis/report.h"
#include "tests/support.h"

static void write_file(const char *folder, const char *name, const char *text) {
    char path[256];
    portolan_error err = {0};
    assert_true(folder_make(folder, &err));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Three requests of policy a, one failed; two of policy "b,c". */
static const char SUMMARY[] =
    "{\"schema\": 1, \"scenario\": \"<script>alert(1)</script>\", \"policies\": [\n"
    "{\"name\": \"a\", \"policy\": \"random\", \"requests\": 3, \"accuracy\": 0.5, \"cost\": 1, "
    "\"energy_phone_j\": 2,\n"
    " \"energy_total_j\": 5, \"latency_p95_s\": 0.2, \"share_phone\": 1, \"share_edge\": 0, "
    "\"share_cloud\": 0},\n"
    "{\"name\": \"b,c\", \"policy\": \"oracle-cost\", \"requests\": 2, \"accuracy\": null, \"cost\": 2}]}";
static const char MANIFEST[] =
    "{\"seed\": 7, \"versions\": {\"portolan\": \"0.1\"}, \"inputs\": [{\"role\": \"scenario\", \"path\": "
    "\"a&b.yaml\", \"sha256\": \"00ff\"}], \"scenario\": {\"platform\": {\"name\": \"\\\"><img src=x>\", "
    "\"phones\": "
    "[{\"name\": \"p\", \"count\": 3, \"speed\": {\"exponential\": \"1Gf\"}}]}}}";
#define REQUESTS_HEADER \
    "policy,sample,latency_s,wait_phone_s,wait_edge_s,wait_cloud_s,compute_s,network_s,correct," \
    "energy_active_phone_j,energy_active_radio_j,energy_active_server_j\n"
static const char REQUESTS[] =
    REQUESTS_HEADER
    "a,4,0.2,0,,,0.1,0.1,1,1,0.25,0\n"
    "a,4,0.1,0,,,0.1,0,0,1,0.5,0\n"
    "a,5,9,,0,,0,0,,1,0,3\n"
    "\"b,c\",0,0.3,0.07,0.03,,0.1,0.1,1,0,0,0\n"
    "\"b,c\",1,0.5,,0.06,0.04,0.1,0.3,1,0,0,0\n";
static const char CALIBRATION[] = "exit,from,to,samples,confidence,accuracy\n"
                                  "3,0.90,0.95,20,0.92,0.95\n"
                                  "12,0.95,1.00,40,0.99,1\n";

static void write_run(const char *folder) {
    write_file(folder, "summary.json", SUMMARY);
    write_file(folder, "manifest.json", MANIFEST);
    write_file(folder, "requests.csv", REQUESTS);
    write_file(folder, "calibration.csv", CALIBRATION);
}

static run_folder load(const char *folder) {
    run_folder f;
    portolan_error err = {0};
    if (!run_folder_load(&f, folder, true, &err)) {
        error_print(&err, stderr);
        fail();
    }
    return f;
}

TEST(test_read_back) {
    write_run("read");
    run_folder f = load("read");
    assert_int_equal(f.policy_count, 2);
    const policy_rows *a = &f.policies[0].rows;
    assert_int_equal(a->requests, 3);
    assert_int_equal(a->answered, 2);
    assert_int_equal(a->samples, 2);
    assert_near(a->latencies[0], 0.1, 0); /* ascending */
    assert_near(a->compute, 0.1, 1e-12);
    assert_near(a->network, 0.05, 1e-12);
    assert_near(a->queue, 0, 0);
    assert_near(a->phone_joules, 1, 1e-12);
    assert_near(a->radio_joules, 0.25, 1e-12);
    assert_near(a->server_joules, 1, 1e-12); /* 3 J over 3 requests */
    assert_near(run_find(&f, "b,c")->rows.network, 0.2, 1e-12);
    assert_near(run_find(&f, "b,c")->rows.queue, 0.1, 1e-12); /* over all tiers */
    assert_true(isnan(run_metric(&f.policies[1], "accuracy")));
    assert_int_equal(f.exit_count, 2);
    assert_int_equal(f.exits[0].bins.samples[18], 20);
    assert_int_equal(f.exits[0].bins.right[18], 19);
    run_folder_free(&f);
}

/* Writes one damaged file into a copy of the run; reading must fail at that line with these words. */
static void refuse(const char *file, const char *text, unsigned line, unsigned column, const char *words) {
    run_folder f;
    portolan_error err = {0};
    write_run("refused");
    write_file("refused", file, text);
    assert_false(run_folder_load(&f, "refused", true, &err));
    assert_input_error(&err, line, column, words);
}

TEST(test_refused) {
    refuse("summary.json", "{\"scenario\": ", 1, 13, "not JSON");
    refuse("summary.json", "[]", 1, 1, "not an object");
    refuse("summary.json", "{\"scenario\": \"x\", \"policies\": []}", 1, 1, "no 'policies'");
    refuse("summary.json", "{\"scenario\": \"x\", \"policies\": [3]}", 1, 1, "policies[0]");
    refuse("manifest.json", "3", 1, 1, "not JSON");
    refuse("requests.csv", "", 0, 0, "header");
    refuse("requests.csv", "policy,sample\n", 1, 1, "no column 'wait_phone_s'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,2\n", 2, 0, "3 fields; the header has 12");
    refuse("requests.csv", REQUESTS_HEADER "z,1,2,0,,,0,0,1,0,0,0\n", 2, 0, "no policy 'z'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,inf,0,,,0,0,1,0,0,0\n", 2, 5, "'latency_s' is 'inf'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,1,-2,,,0,0,1,0,0,0\n", 2, 7, "'wait_phone_s' is '-2'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,1,0,,,,0,1,0,0,0\n", 2, 11, "'compute_s' is ''");
    refuse("requests.csv", REQUESTS_HEADER "a,-1,1,0,,,0,0,1,0,0,0\n", 2, 3, "'sample' is '-1'");
    refuse("requests.csv", REQUESTS_HEADER "\"a,1,1,0,,,0,0,1,0,0,0\n", 2, 0, "quotes");
    refuse("calibration.csv", "exit,from,to,samples,confidence,accuracy\n70,0,0.05,3,0,1\n", 2, 0,
           "not a bin");
    refuse("calibration.csv", "exit,from,to,samples,confidence,accuracy\n5,0,0.05,3,0,1\n3,0,0.05,3,0,1\n", 3,
           0, "exit 3 stands after exit 5");
}

/* ---- HTML ---- */

static char *page_of(void (*write)(FILE *out)) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    write(out);
    fclose(out);
    return text;
}

static void write_texts(FILE *out) {
    html(out, "<p title=\"{}\">{}</p>{}", "\"'", "<b>&\001", NULL);
}

TEST(test_escapes) {
    char *text = page_of(write_texts);
    assert_string_equal(text, "<p title=\"&quot;&#39;\">&lt;b&gt;&amp; </p>");
    free(text);
}

static void write_svg(FILE *out) {
    assert_true(html_svg(
        out, "<?xml?>\n<svg viewBox=\"0\"><g id='a'/><use xlink:href='#a'/><g style=\"url(#a)\"/></svg>",
        "pic", "a <b>"));
}

TEST(test_svg_ids) {
    char *text = page_of(write_svg);
    assert_string_equal(text,
                        "<svg role=\"img\" aria-label=\"a &lt;b&gt;\" viewBox=\"0\"><g id='pic-a'/><use "
                        "xlink:href='#pic-a'/><g style=\"url(#pic-a)\"/></svg>");
    free(text);
    assert_false(html_svg(stderr, "no picture", "pic", NULL));
}

static const report_column COLUMNS[] = {{"accuracy", "accuracy", "%", "share <of> answers", 100, 2, 1, true},
                                        {"cost", "cost", "", "mean", 1, 3, -1, true},
                                        {"requests", "requests", "", "how many", 1, 0, 0, false}};

static char *report_of(const char *folder, const char *other) {
    char plots[64], page[64];
    run_folder f = load(folder), g = load(other);
    picture_list pictures;
    portolan_error err = {0};
    file_bytes bytes;
    snprintf(plots, sizeof plots, "%s/plots", folder);
    snprintf(page, sizeof page, "%s/report.html", folder);
    report_request r = {&f, &g, &pictures, plots, COLUMNS, 3};
    if (!run_plots_write(&f, plots, &pictures, &err) || !report_write(&r, page, &err) ||
        !file_read(page, 1 << 26, &bytes, &err)) {
        error_print(&err, stderr);
        fail();
    }
    run_folder_free(&f);
    run_folder_free(&g);
    return bytes.data;
}

static void assert_contains(const char *page, const char *text) {
    if (!strstr(page, text)) fail_msg("the page lacks: %s", text);
}

TEST(test_page) {
    write_run("page");
    write_run("page-other");
    write_file(
        "page-other", "summary.json",
        "{\"scenario\": \"o\", \"policies\": [{\"name\": \"a\", \"policy\": \"random\", \"requests\": 3, "
        "\"accuracy\": 0.25, \"cost\": 0.5}, {\"name\": \"d\", \"policy\": \"random\"}]}");
    unlink("page-other/requests.csv");
    char *page = report_of("page", "page-other");
    assert_contains(page, "<title>&lt;script&gt;alert(1)&lt;/script&gt;: Portolan report</title>");
    assert_null(strstr(page, "<script>alert"));
    assert_null(strstr(page, "<img"));
    assert_contains(page, "a&amp;b.yaml");
    assert_contains(page, "title=\"share &lt;of&gt; answers\"");
    /* cells: 50 % of a, nothing of b,c; the lower cost is the best */
    assert_contains(page, "data-value=\"0.5\">50.00</td>");
    assert_contains(page, "data-value=\"\">-</td>");
    assert_contains(page, "data-value=\"1\"><strong>1.000<span class=\"hidden\"> best</span></strong></td>");
    /* a's accuracy went up by 25 points, its cost too */
    assert_contains(
        page, "<td class=\"n better\" data-value=\"0.25\" data-difference=\"+25.00\" data-this=\"50.00\" "
              "data-other=\"25.00\">");
    assert_contains(page, "<td class=\"n worse\" data-value=\"0.5\" data-difference=\"+0.500\"");
    assert_contains(page, "<td class=\"n same extra\" data-value=\"0\" data-difference=\"0\"");
    assert_contains(page, "Only in this run: <code>b,c</code>");
    assert_contains(page, "Only in the other: <code>d</code>");
    /* nothing of the network: no address but the names of XML's vocabularies */
    for (const char *at = page; (at = strstr(at, "://")); at++)
        assert_true(strncmp(at, "://www.w3.org/", 14) == 0);
    free(page);
}

TEST(test_same_bytes) {
    write_run("same");
    char *first = report_of("same", "same"), *second = report_of("same", "same");
    assert_string_equal(first, second);
    free(first);
    free(second);
}

TEST(test_no_rows_no_gnuplot) {
    write_run("bare");
    unlink("bare/requests.csv");
    unlink("bare/calibration.csv");
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    char *page = report_of("bare", "bare");
    setenv("PATH", path, 1);
    free(path);
    assert_contains(page, "gnuplot was not found");
    assert_contains(page, "There is no requests.csv");
    assert_null(strstr(page, "<svg"));
    free(page);
}

/* A sweep of one key, two values, one policy each; the second value has no interval. */
static void write_sweep(const char *folder) {
    write_file(folder, "sweep.json",
               "{\"sweep\": \"load\", \"seeds\": [1, 2], \"axes\": [{\"keys\": [\"<b>\"]}]}");
    write_file(folder, "statistics.csv",
               "policies.confidence.threshold,policy,metric,seeds,mean,sd,low,high\n"
               "0.8,confidence,accuracy,2,0.9,0.01,0.88,0.92\n"
               "0.8,confidence,cost,2,1,0,1,1\n"
               "0.9,confidence,accuracy,2,0.95,,,\n"
               "0.9,confidence,cost,2,,,,\n");
}

TEST(test_sweep) {
    write_sweep("sweep");
    run_folder f = load("sweep");
    assert_true(f.is_sweep);
    assert_int_equal(f.policy_count, 2);
    assert_string_equal(f.policies[0].name, "confidence, threshold=0.8");
    assert_near(run_metric(&f.policies[0], "accuracy"), 0.9, 0);
    assert_near(run_metric(&f.policies[0], "accuracy_high"), 0.92, 0);
    assert_near(run_metric(&f.policies[1], "accuracy"), 0.95, 0);
    assert_true(isnan(run_metric(&f.policies[1], "accuracy_low")));
    assert_true(isnan(run_metric(&f.policies[1], "cost")));
    run_folder_free(&f);
}

TEST(test_sweep_page) {
    write_sweep("sweep-page");
    write_file("sweep-page/plots", "accuracy-by-threshold.svg", "<svg><g id='x'/></svg>");
    run_folder f = load("sweep-page");
    arena memory = {0};
    picture_list pictures;
    portolan_error err = {0};
    file_bytes page;
    assert_true(pictures_find("sweep-page/plots", &memory, &pictures, &err));
    report_request r = {&f, NULL, &pictures, "sweep-page/plots", COLUMNS, 3};
    assert_true(report_write(&r, "sweep-page/report.html", &err));
    assert_true(file_read("sweep-page/report.html", 1 << 20, &page, &err));
    assert_contains(page.data, "A sweep: 2 pairs of policy and setting, over 2 seeds");
    assert_contains(page.data, "90.00<span class=\"unit\"> \u00b1 2.00</span></td>");
    assert_contains(page.data, "<h3>Accuracy by threshold</h3>");
    assert_contains(page.data, "id='accuracy-by-threshold-x'");
    assert_contains(page.data, "&lt;b&gt;");
    free(page.data);
    arena_free(&memory);
    run_folder_free(&f);
}

TEST(test_sweep_refused) {
    run_folder f;
    portolan_error err = {0};
    write_sweep("sweep-bad");
    write_file("sweep-bad", "statistics.csv", "policy,metric\n");
    assert_false(run_folder_load(&f, "sweep-bad", true, &err));
    assert_input_error(&err, 1, 1, "no column 'mean'");
    err = (portolan_error){0};
    write_file("sweep-bad", "statistics.csv", "policy,metric,mean,low,high\n");
    assert_false(run_folder_load(&f, "sweep-bad", true, &err));
    assert_input_error(&err, 0, 0, "no point of the sweep is done yet");
}

/* Worked by eye: (1, .5) and (2, .9) are on the front; (2, .8) and (3, .9) are beaten; NaN never is on it. */
TEST(test_front) {
    const double x[] = {1, 2, 2, 3, NAN}, y[] = {.5, .9, .8, .9, 1};
    const bool on[] = {true, true, false, false, false};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(is_on_front(x, y, 5, i), on[i]);
}

static const char PLACES[] = "kind,name,latitude,longitude,attached_to\nsite,edge,-37.81,144.96,cloud\n"
                             "phone,0,-37.82,144.97,cell\n";

TEST(test_fleet_map) {
    write_run("mapped");
    write_file("mapped", "places.csv", PLACES);
    write_file("mapped", "sites.csv", "policy,site,answered_edge\na,edge,2\n\"b,c\",edge,1\n");
    char *page = report_of("mapped", "mapped"), *map = strstr(page, "<h3>Where the fleet is</h3>");
    assert_non_null(map);
    assert_true(map > strstr(page, "<section id=\"fleet\""));
    assert_int_equal(access("mapped/plots/fleet-map.pdf", F_OK), 0);
    free(page);
    unlink("mapped/sites.csv"); /* equal discs */
    page = report_of("mapped", "mapped");
    assert_contains(page, "<h3>Where the fleet is</h3>");
    free(page);
}

static void check_extent(const char *sites, double west, double east) {
    static const char *const POLICIES[] = {"a"};
    char text[512];
    fleet f;
    portolan_error err = {0};
    snprintf(text, sizeof text, "kind,name,latitude,longitude,attached_to\n%s", sites);
    write_file("around", "places.csv", text);
    assert_true(fleet_load(&f, "around", POLICIES, 1, &err));
    assert_near(f.west, west, 1e-12);
    assert_near(f.east, east, 1e-12);
    fleet_free(&f);
}

/* Fiji lies on both sides of 180 degrees, the Earth all around. */
TEST(test_fleet_around_the_earth) {
    check_extent("site,suva,-18.1,178.4,c\nsite,taveuni,-16.9,-179.9,c\n", 178.4, 180.1);
    check_extent("site,a,0,-170,c\nsite,b,0,-50,c\nsite,d,0,70,c\nsite,e,0,175,c\n", -170, 175);
    check_extent("site,a,0,-60,c\nsite,b,0,60,c\n", -60, 60);
}

TEST(test_no_fleet_map) {
    write_run("unmapped");
    char *page = report_of("unmapped", "unmapped");
    assert_null(strstr(page, "Where the fleet is"));
    assert_int_not_equal(access("unmapped/plots/fleet-map.tsv", F_OK), 0);
    free(page);
}

TEST(test_fleet_refused) {
    refuse("places.csv", "", 0, 0, "header");
    refuse("places.csv", "kind,name,latitude,longitude\n", 1, 1, "no column 'attached_to'");
    refuse("places.csv", "kind,name,latitude,longitude,attached_to\ntree,1,2,3,x\n", 2, 1, "'kind' is 'tree'");
    refuse("places.csv", "kind,name,latitude,longitude,attached_to\nsite,1,2,181,x\n", 2, 10, "'longitude' is '181'");
    refuse("places.csv", "kind,name,latitude,longitude,attached_to\nsite,1,,1,x\n", 2, 8, "'latitude' is ''");
    write_file("refused", "places.csv", PLACES);
    refuse("sites.csv", "policy,site,answered_edge\nz,edge,1\n", 2, 0, "no policy 'z'");
    refuse("sites.csv", "policy,site,answered_edge\na,edge,-1\n", 2, 8, "'answered_edge' is '-1'; a count is wanted");
    refuse("sites.csv", "policy,site\n", 1, 1, "no column 'answered_edge'");
    unlink("refused/places.csv");
    unlink("refused/sites.csv");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_back),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_escapes),    cmocka_unit_test(test_fleet_refused),
        cmocka_unit_test(test_svg_ids),    cmocka_unit_test(test_page),
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_no_rows_no_gnuplot),
        cmocka_unit_test(test_front),      cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_sweep_page), cmocka_unit_test(test_sweep_refused),
        cmocka_unit_test(test_fleet_around_the_earth),
        cmocka_unit_test(test_fleet_map),  cmocka_unit_test(test_no_fleet_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
