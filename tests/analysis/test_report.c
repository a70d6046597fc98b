/* The report of folders written here: what is in it, what is escaped, and what is refused. */
#include <unistd.h>

#include "analysis/report/fleet.h"
#include "analysis/report/html.h"
#include "analysis/report/report.h"
#include "tests/support.h"

static bool have_gnuplot(void) { return system("command -v gnuplot >/dev/null") == 0; }

/* NOW in the text becomes the present version of a results folder. */
static void write_file(const char *folder, const char *name, const char *text) {
    char path[256];
    portolan_error err = {0};
    assert_true(folder_make(folder, &err));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    const char *now = strstr(text, "NOW");
    if (now)
        fprintf(f, "%.*s%u%s", (int)(now - text), text, schema_version(&RESULTS_SCHEMA), now + 3);
    else
        fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* Three requests of policy a, one failed; two of policy "b,c". */
static const char
    SUMMARY[] = "{\"schema_version\": NOW, \"scenario\": \"<script>alert(1)</script>\", \"policies\": [\n"
                "{\"name\": \"a\", \"policy\": \"random\", \"requests\": 3, \"accuracy\": 0.5, \"cost\": 1, "
                "\"energy_phone_j\": 2,\n"
                " \"energy_total_j\": 5, \"latency_p95_s\": 0.2, \"share_phone\": 1, \"share_edge\": 0, "
                "\"share_cloud\": 0},\n"
                "{\"name\": \"b,c\", \"policy\": \"oracle-cost\", \"requests\": 2, \"accuracy\": null, \"cost\": 2}]}";
static const char
    MANIFEST[] = "{\"seed\": 7, \"versions\": {\"portolan\": \"0.1\"}, \"inputs\": [{\"role\": \"scenario\", \"path\": "
                 "\"a&b.yaml\", \"sha256\": \"00ff\"}], \"scenario\": {\"platform\": {\"name\": \"\\\"><img src=x>\", "
                 "\"phones\": "
                 "[{\"name\": \"p\", \"count\": 3, \"speed\": {\"exponential\": \"1Gf\"}}]}}}";
#define REQUESTS_HEADER                                                                                 \
    "policy,sample,latency_s,wait_phone_s,wait_edge_s,wait_cloud_s,compute_s,call_s,network_s,correct," \
    "energy_active_phone_j,energy_active_radio_j,energy_active_server_j,promotion_s,connection_s,energy_active_tail_j\n"
static const char REQUESTS[] = REQUESTS_HEADER "a,4,0.2,0,,,0.1,0.02,0.1,1,1,0.25,0,0.04,0.02,0.125\n"
                                               "a,4,0.1,0,,,0.1,0,0,0,1,0.5,0,0,0,0\n"
                                               "a,5,9,,0,,0,0,0,,1,0,3,0,0,0\n"
                                               "\"b,c\",0,0.3,0.07,0.03,,0.1,0,0.1,1,0,0,0,0,0,0\n"
                                               "\"b,c\",1,0.5,,0.06,0.04,0.1,0,0.3,1,0,0,0,0,0,0\n";
static const char SAMPLES[] = "policy,sample,requests,right\na,4,2,1\na,5,1,0\n\"b,c\",0,1,1\n\"b,c\",1,1,1\n";
static const char CALIBRATION[] = "exit,from,to,samples,confidence,accuracy\n"
                                  "3,0.90,0.95,20,0.92,0.95\n"
                                  "12,0.95,1.00,40,0.99,1\n";

static void write_run(const char *folder) {
    write_file(folder, "summary.json", SUMMARY);
    write_file(folder, "manifest.json", MANIFEST);
    write_file(folder, "requests.csv", REQUESTS);
    write_file(folder, "samples.csv", SAMPLES);
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
    assert_near(f.policies[0].samples, 2, 0);
    assert_near(a->latencies[0], 0.1, 0); /* ascending */
    assert_near(a->compute, 0.09, 1e-12); /* without */
    assert_near(a->call, 0.01, 1e-12);    /* calls */
    assert_near(a->promotion, 0.02, 1e-12);
    assert_near(a->connection, 0.01, 1e-12);
    assert_near(a->network, 0.02, 1e-12); /* without the two */
    assert_near(a->queue, 0, 0);
    assert_near(a->phone_joules, 1, 1e-12);
    assert_near(a->radio_joules, 0.25, 1e-12);
    assert_near(a->tail_joules, 0.125 / 3, 1e-12);
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
    refuse("summary.json", "{\"schema_version\": NOW, \"scenario\": \"x\", \"policies\": []}", 1, 1, "no 'policies'");
    refuse("summary.json", "{\"schema_version\": NOW, \"scenario\": \"x\", \"policies\": [3]}", 1, 1, "policies[0]");
    refuse("summary.json", "{\"scenario\": \"x\", \"policies\": []}", 1, 1, "has no 'schema_version'");
    refuse("summary.json", "{\"schema_version\": \"NOW\", \"scenario\": \"x\"}", 1, 1, "has no 'schema_version'");
    refuse("summary.json", "{\"schema\": 1, \"scenario\": \"x\", \"policies\": [{}]}", 1, 1,
           "was written with schema 1 by an older Portolan; this one reads schema ");
    refuse("summary.json", "{\"schema_version\": 1000, \"policies\": []}", 1, 1,
           "was written with schema 1000 by a newer Portolan");
    refuse("manifest.json", "3", 1, 1, "not JSON");
    refuse("requests.csv", "", 0, 0, "header");
    refuse("requests.csv", "policy,sample\n", 1, 1, "no column 'wait_phone_s'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,2\n", 2, 0, "3 fields; the header has 16");
    refuse("requests.csv", REQUESTS_HEADER "z,1,2,0,,,0,0,0,1,0,0,0,0,0,0\n", 2, 0, "no policy 'z'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,inf,0,,,0,0,0,1,0,0,0,0,0,0\n", 2, 5, "'latency_s' is 'inf'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,1,-2,,,0,0,0,1,0,0,0,0,0,0\n", 2, 7, "'wait_phone_s' is '-2'");
    refuse("requests.csv", REQUESTS_HEADER "a,1,1,0,,,,0,0,1,0,0,0,0,0,0\n", 2, 11, "'compute_s' is ''");
    refuse("requests.csv", REQUESTS_HEADER "\"a,1,1,0,,,0,0,0,1,0,0,0,0,0,0\n", 2, 0, "quotes");
#define SAMPLES_HEADER "policy,sample,requests,right\n"
    refuse("samples.csv", "policy,sample,right\n", 1, 1, "no column 'requests'");
    refuse("samples.csv", SAMPLES_HEADER "z,1,2,0\n", 2, 0, "no policy 'z'");
    refuse("samples.csv", SAMPLES_HEADER "a,1,2.5,0\n", 2, 5, "'requests' is '2.5'; a count is wanted");
    refuse("samples.csv", SAMPLES_HEADER "a,-1,2,0\n", 2, 3, "'sample' is '-1'; a count is wanted");
    refuse("samples.csv", SAMPLES_HEADER "a,1,2,3\n", 2, 7, "'right' is 3 of 2 requests");
    refuse("samples.csv", SAMPLES_HEADER "a,1,2,0\na,1,1,0\n", 3, 3, "sample 1 stands after sample 1");
    refuse("samples.csv", SAMPLES_HEADER "a,1,3,0\n\"b,c\",1,2,0\na,2,1,0\n", 4, 0, "do not stand together");
    refuse("samples.csv", SAMPLES_HEADER "a,1,2,0\n\"b,c\",1,2,0\n", 0, 0,
           "has 2 requests of policy 'a', and summary.json 3: they are not of one run");
    refuse("samples.csv", SAMPLES_HEADER "a,1,3,0\n", 0, 0, "has 0 requests of policy 'b,c', and summary.json 2");
    write_file("refused", "samples.csv", SAMPLES);
    refuse("calibration.csv", "exit,from,to,samples,confidence,accuracy\n70,0,0.05,3,0,1\n", 2, 0, "not a bin");
    refuse("calibration.csv", "exit,from,to,samples,confidence,accuracy\n5,0,0.05,3,0,1\n3,0,0.05,3,0,1\n", 3, 0,
           "exit 3 stands after exit 5");
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

static void write_texts(FILE *out) { html(out, "<p title=\"{}\">{}</p>{}", "\"'", "<b>&\001", NULL); }

TEST(test_escapes) {
    char *text = page_of(write_texts);
    assert_string_equal(text, "<p title=\"&quot;&#39;\">&lt;b&gt;&amp; </p>");
    free(text);
}

/* The examples of RFC 4648. */
static void write_base64(FILE *out) {
    for (size_t n = 0; n <= 6; n++) {
        html_base64(out, "foobar", n);
        putc(' ', out);
    }
}

TEST(test_base64) {
    char *text = page_of(write_base64);
    assert_string_equal(text, " Zg== Zm8= Zm9v Zm9vYg== Zm9vYmE= Zm9vYmFy ");
    free(text);
}

static char *report_of(const char *folder, const char *other) {
    char plots[64], page[64];
    run_folder f = load(folder), g = load(other);
    picture_list pictures;
    portolan_error err = {0};
    file_bytes bytes;
    snprintf(plots, sizeof plots, "%s/plots", folder);
    snprintf(page, sizeof page, "%s/report.html", folder);
    report_request r = {&f, &g, &pictures};
    if (!run_plots_write(&f, plots, &pictures, &err) || !report_write(&r, page, &err) ||
        !file_read(page, 1 << 26, &bytes, &err)) {
        error_print(&err, stderr);
        fail();
    }
    picture_list_free(&pictures);
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
        "{\"schema_version\": NOW, \"scenario\": \"o\", \"policies\": [{\"name\": \"a\", \"policy\": \"random\", \"requests\": 3, "
        "\"accuracy\": 0.25, \"cost\": 0.5}, {\"name\": \"d\", \"policy\": \"random\"}]}");
    unlink("page-other/requests.csv");
    unlink("page-other/samples.csv");
    char *page = report_of("page", "page-other");
    assert_contains(page, "<title>&lt;script&gt;alert(1)&lt;/script&gt;: Portolan report</title>");
    assert_null(strstr(page, "<script>alert"));
    assert_null(strstr(page, "<img src=x"));
    assert_contains(page, "a&amp;b.yaml");
    assert_contains(page, "title=\"share of answers that are right\"");
    /* cells: 50 % of a, nothing of b,c; the lower cost is the best */
    assert_contains(page, "data-value=\"0.5\">50.00</td>");
    assert_contains(page, "data-value=\"\">-</td>");
    assert_contains(page, "data-value=\"1\"><strong>1.000<span class=\"hidden\"> best</span></strong></td>");
    /* a's accuracy went up by 25 points, its cost too */
    assert_contains(page, "<td class=\"n better\" data-value=\"0.25\" data-difference=\"+25.00\" data-this=\"50.00\" "
                          "data-other=\"25.00\">");
    assert_contains(page, "<td class=\"n worse\" data-value=\"0.5\" data-difference=\"+0.500\"");
    assert_contains(page, "<td class=\"n same extra\" data-value=\"0\" data-difference=\"0\"");
    assert_contains(page, "Only in this run: <code>b,c</code>");
    assert_contains(page, "Only in the other: <code>d</code>");
    assert_null(strstr(page, "://")); /* nothing of the network */
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
    assert_null(strstr(page, "<img"));
    free(page);
}

/* A sweep of one key, two values, one policy each; the second value has no interval. */
static void write_sweep(const char *folder) {
    write_file(folder, "sweep.json",
               "{\"schema_version\": NOW, \"sweep\": \"<b>load\", \"seeds\": [1, 2], \"axes\": [{\"keys\": "
               "[\"policies.confidence.threshold\"]}]}");
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

/* The pictures are drawn from the tables; a picture that lies in the folder does not reach the page. */
TEST(test_sweep_page) {
    write_sweep("sweep-page");
    write_file("sweep-page/plots", "accuracy-by-threshold.svg", "<svg onload='alert(7)'/>");
    write_file("sweep-page/plots", "planted.svg", "<svg onload='alert(8)'/>");
    run_folder f = load("sweep-page");
    picture_list pictures;
    portolan_error err = {0};
    file_bytes page;
    assert_true(sweep_plots_write(&f, "sweep-page/plots", &pictures, &err));
    report_request r = {&f, NULL, &pictures};
    assert_true(report_write(&r, "sweep-page/report.html", &err));
    assert_true(file_read("sweep-page/report.html", 1 << 20, &page, &err));
    assert_contains(page.data, "A sweep: 2 pairs of policy and setting, over 2 seeds");
    assert_contains(page.data, "90.00<span class=\"unit\"> \u00b1 2.00</span></td>");
    assert_contains(page.data, "<h1>&lt;b&gt;load</h1>");
    assert_null(strstr(page.data, "<svg"));
    assert_null(strstr(page.data, "planted"));
    if (have_gnuplot()) assert_contains(page.data, "<h3>Accuracy by threshold</h3>");
    if (have_gnuplot()) assert_null(memmem(pictures.items[0].svg.data, pictures.items[0].svg.length, "alert", 5));
    free(page.data);
    picture_list_free(&pictures);
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
    for (size_t i = 0; i < 5; i++) assert_int_equal(is_on_front(x, y, 5, i), on[i]);
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

/* ---- Overloaded places ---- */

static const char OVERLOADED
    [] = "{\"schema_version\": NOW, \"scenario\": \"o\", \"policies\": [{\"name\": \"a\", \"policy\": \"random\", "
         "\"overloaded\": %s}, "
         "{\"name\": \"b\", \"policy\": \"random\"}]}";

static void write_overloaded(const char *folder, const char *places) {
    char summary[1024];
    snprintf(summary, sizeof summary, OVERLOADED, places);
    write_file(folder, "summary.json", summary);
    write_file(folder, "manifest.json", "{}");
}

TEST(test_overloaded) {
    write_overloaded("over", "[{\"place\": \"edge site <4>\", \"utilization\": 1.634, \"since_s\": 0.345}]");
    char *page = report_of("over", "over");
    assert_contains(page, "<section id=\"overloaded\" class=\"warning\"");
    assert_contains(page, "depend on the length of the run");
    assert_contains(page, "<th scope=\"row\">a</th><td>edge site &lt;4&gt;</td><td class=\"n\">163</td><td "
                          "class=\"n\">0.34</td>");
    free(page);
    write_overloaded("over", "[]");
    page = report_of("over", "over");
    assert_null(strstr(page, "id=\"overloaded\""));
    free(page);
}

static void refuse_overloaded(const char *places, const char *words) {
    run_folder f;
    portolan_error err = {0};
    write_overloaded("not-over", places);
    assert_false(run_folder_load(&f, "not-over", true, &err));
    assert_input_error(&err, 1, 1, words);
}

TEST(test_overloaded_refused) {
    refuse_overloaded("3", "'overloaded' of policy 'a' is no list");
    refuse_overloaded("[3]", "overloaded[0] of policy 'a' lacks 'place'");
    refuse_overloaded("[{\"place\": \"x\", \"utilization\": \"much\", \"since_s\": 1}]", "lacks");
}

/* ---- The policy of the page ---- */

/* The hash of what stands between two marks, as the page must allow it. */
static void check_allowed(const char *page, const char *directive, const char *begin, const char *end) {
    char *text, *from = strstr(page, begin), *to = from ? strstr(from, end) : NULL;
    size_t size;
    unsigned char digest[TEXT_DIGEST];
    assert_non_null(to);
    from += strlen(begin);
    text_digest(from, (size_t)(to - from), digest);
    FILE *out = open_memstream(&text, &size);
    fprintf(out, "%s 'sha256-", directive);
    html_base64(out, digest, sizeof digest);
    putc('\'', out);
    fclose(out);
    assert_contains(page, text);
    free(text);
}

TEST(test_strict_policy) {
    write_run("strict");
    char *page = report_of("strict", "strict");
    assert_contains(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                          "base-uri 'none'; form-action 'none'; style-src 'sha256-");
    assert_null(strstr(page, "unsafe"));
    check_allowed(page, "style-src", "<style>", "</style>");
    check_allowed(page, "script-src", "<script>", "</script>");
    assert_null(strstr(page, " style=\"")); /* it would not be allowed */
    free(page);
}

/* ---- What pictures must not do ---- */

typedef struct svg_text {
    double x, y;
    char anchor[16], text[64];
} svg_text;

/* The texts of a picture of gnuplot's, and where they stand; returns how many. */
static size_t read_svg(const char *path, svg_text *texts, size_t room) {
    file_bytes svg;
    portolan_error err = {0};
    size_t n = 0;
    assert_true(file_read(path, 1 << 26, &svg, &err));
    for (char *at = svg.data; n < room && (at = strstr(at, "<g transform=\"translate(")); at++) {
        svg_text *t = &texts[n];
        char *text = strstr(at, "<text>"), *anchor = strstr(at, "text-anchor=\""), *next = strstr(at + 1, "<g ");
        if (!text || !anchor || (next && (text > next || anchor > next))) continue;
        assert_int_equal(sscanf(at, "<g transform=\"translate(%lf,%lf)", &t->x, &t->y), 2);
        sscanf(anchor, "text-anchor=\"%15[a-z]", t->anchor);
        n += sscanf(text, "<text>%63[^<]", t->text) == 1;
    }
    free(svg.data);
    return n;
}

/* Twelve policies, one of whose names is long, and one so slow that its latency has seven digits of milliseconds. */
static void write_many(const char *folder) {
    char summary[8192];
    int n = snprintf(summary, sizeof summary, "{\"schema_version\": NOW, \"scenario\": \"many\", \"policies\": [");
    for (int i = 0; i < 12; i++)
        n += snprintf(summary + n, sizeof summary - (size_t)n,
                      "%s{\"name\": \"%s%d\", \"policy\": \"random\", \"requests\": 9, \"answered\": 9, "
                      "\"accuracy\": 0.%d, \"cost\": %d, \"latency_p95_s\": %d}",
                      i ? ", " : "", i ? "policy-" : "rather-long-name-", i, 30 + 5 * i, i + 1, i ? 100 * i : 1500);
    snprintf(summary + n, sizeof summary - (size_t)n, "]}");
    write_file(folder, "summary.json", summary);
    write_file(folder, "manifest.json", "{}");
}

/* The legend stands below the axis: every entry's text is lower than the labels of the x axis. */
static void check_legend(const char *path) {
    svg_text texts[100];
    size_t n = read_svg(path, texts, 100), entries = 0;
    double lowest = 0;
    for (size_t i = 0; i < n; i++)
        if (strspn(texts[i].text, " 0123456789.") == strlen(texts[i].text)) lowest = fmax(lowest, texts[i].y);
    assert_true(lowest > 0);
    for (size_t i = 0; i < n; i++) {
        bool is_entry = strstr(texts[i].text, "policy-") || strstr(texts[i].text, "name-");
        if (is_entry && texts[i].y < lowest) fail_msg("%s: '%s' lies over the data", path, texts[i].text);
        entries += is_entry;
    }
    assert_int_equal(entries, 12);
}

/* No two labels beside each other, nor above each other, touch: a digit is at most 10.2 pixels wide, a line 16 high. */
static void check_labels(const char *path) {
    svg_text texts[100];
    size_t n = read_svg(path, texts, 100), numbers = 0;
    for (size_t i = 0; i < n; i++) {
        if (strspn(texts[i].text, " 0123456789.") != strlen(texts[i].text)) continue;
        numbers++;
        for (size_t k = 0; k < i; k++) {
            const svg_text *a = &texts[i], *b = &texts[k];
            if (strspn(b->text, " 0123456789.") != strlen(b->text) || strcmp(a->anchor, b->anchor) != 0) continue;
            double wide = 10.2 * (double)(strlen(a->text) + strlen(b->text)) / 2;
            if (fabs(a->y - b->y) < 1 && fabs(a->x - b->x) < wide) fail_msg("%s: %s%s", path, b->text, a->text);
            if (fabs(a->x - b->x) < 1 && fabs(a->y - b->y) < 16) fail_msg("%s: %s over %s", path, b->text, a->text);
        }
    }
    assert_true(numbers > 4);
}

TEST(test_legend_and_labels) {
    if (!have_gnuplot()) skip();
    write_many("many");
    free(report_of("many", "many"));
    check_legend("many/plots/accuracy-cost.svg");
    check_legend("many/plots/accuracy-p95.svg");
    check_labels("many/plots/accuracy-cost.svg");
    check_labels("many/plots/accuracy-p95.svg");
}

/* Four fifths of 10 samples, asked 1,000 times: Wilson's interval for 8 of 10 is 0.490 to 0.943. */
TEST(test_intervals_are_over_samples) {
    char samples[512] = SAMPLES_HEADER;
    write_file(
        "tenfold", "summary.json",
        "{\"schema_version\": NOW, \"scenario\": \"tenfold\", \"policies\": [{\"name\": \"a\", \"policy\": \"random\", "
        "\"requests\": 1000, \"answered\": 1000, \"accuracy\": 0.8, \"cost\": 1}]}");
    write_file("tenfold", "manifest.json", "{}");
    for (int i = 0; i < 10; i++)
        snprintf(samples + strlen(samples), sizeof samples - strlen(samples), "a,%d,100,%d\n", i, i < 8 ? 100 : 0);
    write_file("tenfold", "samples.csv", samples);
    free(report_of("tenfold", "tenfold"));
    file_bytes rows;
    portolan_error err = {0};
    assert_true(file_read("tenfold/plots/accuracy-cost.tsv", 10000, &rows, &err));
    double low, high;
    assert_int_equal(sscanf(strchr(rows.data, '\n'), "\na\t1\t1\t1\t0.8\t%lf\t%lf", &low, &high), 2);
    assert_near(low, 0.490, 0.0005);
    assert_near(high, 0.943, 0.0005);
    free(rows.data);
    unlink("tenfold/samples.csv");
    char *page = report_of("tenfold", "tenfold");
    assert_contains(page, "There is no samples.csv in the folder, so accuracies have no intervals.");
    free(page);
    assert_true(file_read("tenfold/plots/accuracy-cost.tsv", 10000, &rows, &err));
    assert_contains(rows.data, "a\t1\t1\t1\t0.8\t-\t-\t1\n");
    free(rows.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_fleet_refused),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_overloaded),
        cmocka_unit_test(test_overloaded_refused),
        cmocka_unit_test(test_strict_policy),
        cmocka_unit_test(test_legend_and_labels),
        cmocka_unit_test(test_intervals_are_over_samples),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_no_rows_no_gnuplot),
        cmocka_unit_test(test_front),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_sweep_page),
        cmocka_unit_test(test_sweep_refused),
        cmocka_unit_test(test_fleet_around_the_earth),
        cmocka_unit_test(test_fleet_map),
        cmocka_unit_test(test_no_fleet_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
