/* Pictures: their files, texts that stay texts, and what happens without gnuplot or with a script it refuses. */
#include "tests/support.h"

#include <dirent.h>
#include <math.h>
#include <unistd.h>

#include "analysis/report/plot.h"
#include "base/files.h"

static const char *const PICTURES[] = {"svg", "pdf", "png"};

static bool have_gnuplot(void) { return system("command -v gnuplot >/dev/null") == 0; }

static bool is_there(const char *folder, const char *name, const char *ending) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    return access(path, F_OK) == 0;
}

static file_bytes content(const char *folder, const char *name, const char *ending) {
    char path[256];
    file_bytes bytes;
    portolan_error err = {0};
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    if (!file_read(path, 1 << 26, &bytes, &err)) {
        error_print(&err, stderr);
        fail();
    }
    return bytes;
}

static bool contains(const char *folder, const char *name, const char *ending, const char *text) {
    file_bytes bytes = content(folder, name, ending);
    bool found = memmem(bytes.data, bytes.length, text, strlen(text)) != NULL;
    free(bytes.data);
    return found;
}

static unsigned count_unfinished(const char *folder) {
    unsigned n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) n += strstr(entry->d_name, "unfinished") != NULL;
    closedir(dir);
    return n;
}

/* A line of two points for each policy; `body` ends the script. */
static bool write_plot(const char *folder, const char *body, bool ok, bool *drawn, portolan_error *err) {
    const char *const policies[] = {"it's", "#1 `rm` \"a\tb\"", "x_{2}"};
    const plot_entry legend[] = {{policies[0], 1, NULL}, {policies[1], 2, NULL}, {policies[2], 3, NULL}};
    plot p;
    assert_true(plot_open(&p, &(plot_frame){folder, "lines", PLOT_COLUMN, PLOT_HEIGHT, legend, 3, NULL, {body}}, err));
    fputs("policy\tlatency_s\tshare\n", p.data);
    for (size_t i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) {
            plot_field(p.data, policies[i]);
            fprintf(p.data, "\t%d\t%zu\n", k, i);
        }
    plot_texts(p.script, "policies", policies, 3);
    ok = plot_close(&p, ok, NULL, err);
    *drawn = p.drawn;
    return ok;
}

static const char GOOD[] = "plot for [i=1:|policies|] data using 'latency_s':(strcol('policy') eq policies[i] ? "
                           "column('share') : NaN) with linespoints notitle\n";

TEST(test_five_files) {
    portolan_error err = {0};
    bool drawn;
    if (!have_gnuplot()) skip();
    assert_true(write_plot("five", GOOD, true, &drawn, &err));
    assert_true(drawn);
    assert_true(is_there("five", "lines", "tsv") && is_there("five", "lines", "gp"));
    for (int i = 0; i < 3; i++) assert_true(is_there("five", "lines", PICTURES[i]));
    assert_int_equal(count_unfinished("five"), 0);
    assert_true(contains("five", "lines", "tsv", "\n#1 `rm` 'a b'\t0\t1\n"));
    assert_true(contains("five", "lines", "pdf", "%PDF-"));
    assert_true(contains("five", "lines", "png", "PNG"));
}

TEST(test_texts_stay_texts) {
    portolan_error err = {0};
    bool drawn;
    if (!have_gnuplot()) skip();
    assert_true(write_plot("texts", GOOD, true, &drawn, &err));
    assert_true(contains("texts", "lines", "svg", ">it's<"));
    assert_true(contains("texts", "lines", "svg", ">#1 `rm` 'a b'<"));
    assert_true(contains("texts", "lines", "svg", ">x_{2}<"));
}

/* Each policy's two points are found by its name: as many line segments as policies. */
TEST(test_rows_are_found_by_header) {
    portolan_error err = {0};
    bool drawn;
    if (!have_gnuplot()) skip();
    assert_true(write_plot("rows", GOOD, true, &drawn, &err));
    file_bytes svg = content("rows", "lines", "svg");
    unsigned points = 0;
    for (char *at = svg.data; (at = strstr(at, "<use xlink:href='#gpPt")); at++)
        points += strstr(at, "transform='translate(") != NULL;
    free(svg.data);
    assert_true(points >= 6);
}

TEST(test_same_bytes_and_no_date) {
    portolan_error err = {0};
    bool drawn;
    if (!have_gnuplot()) skip();
    assert_true(write_plot("first", GOOD, true, &drawn, &err));
    sleep(1); /* a PDF's date would differ */
    setenv("TZ", "Asia/Kolkata", 1);
    assert_true(write_plot("second", GOOD, true, &drawn, &err));
    unsetenv("TZ");
    for (int i = 0; i < 3; i++) {
        file_bytes a = content("first", "lines", PICTURES[i]), b = content("second", "lines", PICTURES[i]);
        assert_int_equal(a.length, b.length);
        assert_memory_equal(a.data, b.data, a.length);
        free(a.data);
        free(b.data);
    }
}

TEST(test_script_draws_again) {
    portolan_error err = {0};
    bool drawn;
    if (!have_gnuplot()) skip();
    assert_true(write_plot("again", GOOD, true, &drawn, &err));
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "again/lines.%s", PICTURES[i]);
        unlink(path);
    }
    assert_int_equal(system("cd again && gnuplot lines.gp"), 0);
    for (int i = 0; i < 3; i++) assert_true(is_there("again", "lines", PICTURES[i]));
}

TEST(test_refused_script) {
    portolan_error err = {0};
    bool drawn;
    if (!have_gnuplot()) skip();
    assert_false(write_plot("refused", "plot no_such_function(x)\n", true, &drawn, &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "lines.gp"));
    assert_non_null(strstr(err.message, "undefined function"));
    assert_true(is_there("refused", "lines", "tsv") && is_there("refused", "lines", "gp"));
    assert_int_equal(count_unfinished("refused"), 0);
    assert_false(is_there("refused", "lines", "svg"));
}

/* Data and script are kept; a picture of other data is not. */
TEST(test_without_gnuplot) {
    portolan_error err = {0};
    bool drawn;
    char *path = strdup(getenv("PATH"));
    assert_true(folder_make("without", &err));
    FILE *old = fopen("without/lines.svg", "w");
    assert_non_null(old);
    fclose(old);
    setenv("PATH", "/nowhere", 1);
    assert_true(write_plot("without", GOOD, true, &drawn, &err));
    setenv("PATH", path, 1);
    free(path);
    assert_false(drawn);
    assert_true(is_there("without", "lines", "tsv") && is_there("without", "lines", "gp"));
    assert_false(is_there("without", "lines", "svg"));
}

TEST(test_failed_caller) {
    portolan_error err = {0};
    bool drawn;
    assert_false(write_plot("failed", GOOD, false, &drawn, &err));
    assert_false(is_there("failed", "lines", "tsv") || is_there("failed", "lines", "gp"));
    assert_int_equal(count_unfinished("failed"), 0);
}

TEST(test_long_names) {
    portolan_error err = {0};
    plot p;
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(plot_open(&p, &(plot_frame){.folder = "long", .name = name}, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
}

TEST(test_names_are_no_scripts) {
    static const char *const NAMES[] = {"", "../up", "a b", "it's", "x\nsystem('touch y')"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        portolan_error err = {0};
        plot p;
        assert_false(plot_open(&p, &(plot_frame){.folder = "names", .name = NAMES[i]}, &err));
        assert_non_null(strstr(err.message, "is no name for a picture"));
    }
}

/* What lies in the folder already is neither followed nor taken for the new picture. */
TEST(test_planted_files) {
    portolan_error err = {0};
    bool drawn;
    if (!have_gnuplot()) skip();
    assert_true(folder_make("planted", &err));
    FILE *outside = fopen("outside", "w");
    assert_non_null(outside);
    fputs("mine", outside);
    fclose(outside);
    for (int i = 0; i < 3; i++) {
        char path[64], unfinished[96];
        snprintf(path, sizeof path, "planted/lines.%s", PICTURES[i]);
        snprintf(unfinished, sizeof unfinished, "%s.unfinished", path);
        unlink(path);
        unlink(unfinished);
        assert_int_equal(symlink("../outside", path), 0);
        assert_int_equal(symlink("../outside", unfinished), 0);
    }
    assert_true(write_plot("planted", GOOD, true, &drawn, &err));
    file_bytes kept;
    assert_true(file_read("outside", 100, &kept, &err));
    assert_string_equal(kept.data, "mine");
    free(kept.data);
    assert_true(contains("planted", "lines", "svg", "<svg"));
}

TEST(test_svg_is_the_new_one) {
    portolan_error err = {0};
    file_bytes svg;
    plot p;
    if (!have_gnuplot()) skip();
    assert_true(plot_open(&p, &(plot_frame){"new", "x", 3, 2, NULL, 0, "<b>&", {"plot sin(x)\n"}}, &err));
    assert_true(plot_close(&p, true, &svg, &err));
    assert_true(p.drawn);
    assert_non_null(strstr(svg.data, "&lt;b>&amp;"));
    free(svg.data);
}

/* ---- Tics ---- */

/* The tics in "array x_tics[3] = [1, 2, 5]" of what plot_tics writes; returns how many. */
static size_t tics_of(const char *name, plot_axis axis, double inches, double at[64]) {
    char *text;
    size_t size, n = 0;
    FILE *out = open_memstream(&text, &size);
    plot_tics(out, name, &axis, inches);
    fclose(out);
    char *list = strstr(text, "] = [");
    assert_non_null(list);
    for (char *c = list + strlen("] = ["), *end; n < 64; c = end + 1) {
        at[n] = strtod(c, &end);
        if (end == c) break;
        n++;
        if (*end != ',') break;
    }
    free(text);
    return n;
}

static double place(plot_axis a, double x) {
    return a.is_log ? log(x / a.low) / log(a.high / a.low) : (x - a.low) / (a.high - a.low);
}

/* Labels are 8 point letters: a digit of the widest fonts in use is 0.0707 inches wide, a line 0.155 high. */
static void check_tics(plot_axis a, double inches) {
    double at[64];
    char text[64];
    size_t n = tics_of("x", a, inches, at);
    assert_true(n >= 2 && n <= 16);
    for (size_t i = 0; i + 1 < n; i++) {
        double wide = 0.0707 *
                      (snprintf(text, sizeof text, "%.10g", at[i]) + snprintf(text, sizeof text, "%.10g", at[i + 1])) /
                      2;
        assert_true(inches * (place(a, at[i + 1]) - place(a, at[i])) > wide);
    }
    n = tics_of("y", a, inches, at);
    assert_true(n >= 2);
    for (size_t i = 0; i + 1 < n; i++) assert_true(inches * (place(a, at[i + 1]) - place(a, at[i])) > 0.155);
}

TEST(test_labels_do_not_touch) {
    static const plot_axis AXES[] = {
        {0, 1, false},       {0, 250000, false}, {0, 1234567890, false}, {62.3, 99.9, false},  {-10, 90, false},
        {0, 1e-5, false},    {0.5, 0.98, false}, {1, 1000, true},        {5, 600, true},       {1e-3, 1e7, true},
        {100, 100000, true}, {150, 190, true},   {1, 1e30, true},        {0.02, 0.3334, true}, {99.1, 99.2, false},
    };
    for (size_t i = 0; i < sizeof AXES / sizeof *AXES; i++)
        for (double inches = 1.5; inches < 7; inches += 0.5) check_tics(AXES[i], inches);
}

/* 0, 0.2 ... 1 on 2.7 inches: 0.54 inches apart for labels of at most 0.22; 0.1 apart would be ten labels and more. */
TEST(test_round_tics) {
    double at[64];
    assert_int_equal(tics_of("x", (plot_axis){0, 1, false}, 2.7, at), 6);
    assert_near(at[1], 0.2, 1e-12);
    assert_int_equal(tics_of("x", (plot_axis){5, 600, true}, 2.7, at), 7); /* 5 10 20 50 100 200 500 */
    assert_int_equal(tics_of("x", (plot_axis){7, 7, false}, 2.7, at) > 1, true);
    assert_int_equal(tics_of("x", (plot_axis){INFINITY, -INFINITY, false}, 2.7, at) > 1, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five_files),
        cmocka_unit_test(test_texts_stay_texts),
        cmocka_unit_test(test_rows_are_found_by_header),
        cmocka_unit_test(test_same_bytes_and_no_date),
        cmocka_unit_test(test_script_draws_again),
        cmocka_unit_test(test_refused_script),
        cmocka_unit_test(test_without_gnuplot),
        cmocka_unit_test(test_failed_caller),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_names_are_no_scripts),
        cmocka_unit_test(test_planted_files),
        cmocka_unit_test(test_svg_is_the_new_one),
        cmocka_unit_test(test_labels_do_not_touch),
        cmocka_unit_test(test_round_tics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
