/* The pictures of a sweep: every line is in one, axes with units are numbers, and names from the folder stay names. */
#include <unistd.h>

#include "analysis/report/run_plots.h"
#include "analysis/report/sweep_grid.h"
#include "base/csv.h"
#include "tests/support.h"

static bool have_gnuplot(void) { return system("command -v gnuplot >/dev/null") == 0; }

static FILE *open_file(const char *folder, const char *name) {
    char path[256];
    portolan_error err = {0};
    assert_true(folder_make(folder, &err));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    return f;
}

static void write_plan(const char *folder, const char *axes, const char *rest) {
    FILE *f = open_file(folder, "sweep.json");
    fprintf(f, "{\"schema_version\": %u, \"sweep\": \"s\", \"seeds\": [1, 2], \"axes\": %s%s}",
            schema_version(&RESULTS_SCHEMA), axes, rest);
    assert_int_equal(fclose(f), 0);
}

static void put_cell(FILE *f, const char *x, const char *y, const char *policy, double mean) {
    static const char *const KEYS[] = {"accuracy", "cost"};
    for (int m = 0; m < 2; m++) {
        csv_put(f, x);
        putc(',', f);
        csv_put(f, y);
        putc(',', f);
        csv_put(f, policy);
        fprintf(f, ",%s,2,%g,0.01,%g,%g\n", KEYS[m], mean, mean - 0.01, mean + 0.01);
    }
}

typedef struct word_list {
    const char *const *texts;
    size_t count;
} word_list;

/* All combinations of values on two axes, for each policy. */
static void write_grid(const char *folder, word_list x, word_list y, word_list policies) {
    FILE *f = open_file(folder, "statistics.csv");
    fputs("a.x,b.y,policy,metric,seeds,mean,sd,low,high\n", f);
    for (size_t i = 0; i < x.count; i++)
        for (size_t k = 0; k < y.count; k++)
            for (size_t p = 0; p < policies.count; p++)
                put_cell(f, x.texts[i], y.texts[k], policies.texts[p], 0.5 + 0.01 * (double)(i + k + p));
    assert_int_equal(fclose(f), 0);
    write_plan(folder, "[{\"keys\": [\"a.x\"]}, {\"keys\": [\"b.y\"]}]", "");
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

/* `drawn`: with gnuplot, which takes its time. */
static picture_list draw(const char *folder, bool drawn) {
    char plots[128], *path = strdup(getenv("PATH"));
    run_folder f = load(folder);
    picture_list list;
    portolan_error err = {0};
    snprintf(plots, sizeof plots, "%s/plots", folder);
    if (!drawn) setenv("PATH", "/nowhere", 1);
    if (!sweep_plots_write(&f, plots, &list, &err)) {
        error_print(&err, stderr);
        fail();
    }
    setenv("PATH", path, 1);
    free(path);
    run_folder_free(&f);
    return list;
}

static const picture *find(const picture_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) return &list->items[i];
    fail_msg("there is no picture %s", name);
    return NULL;
}

/* How many lines the data of the pictures NAME... hold. */
static size_t count_lines(const char *folder, const picture_list *list, const char *name) {
    size_t lines = 0;
    for (size_t i = 0; i < list->count; i++) {
        char path[256];
        portolan_error err = {0};
        file_bytes bytes;
        if (strncmp(list->items[i].name, name, strlen(name)) != 0) continue;
        snprintf(path, sizeof path, "%s/plots/%s.tsv", folder, list->items[i].name);
        assert_true(file_read(path, 1 << 20, &bytes, &err));
        int most = 0, line;
        for (char *row = strchr(bytes.data, '\n'); row; row = strchr(row + 1, '\n'))
            if (sscanf(row, "\n%d\t", &line) == 1 && line > most) most = line;
        lines += (size_t)most;
        free(bytes.data);
    }
    return lines;
}

static const char *const POLICIES[] = {"cloud-only", "phone-only", "confidence", "matched-random"};
static const char *const THRESHOLDS[] = {"0.5", "0.6", "0.7", "0.8", "0.9"};
static const char *const RATES[] = {"100kbps", "300kbps", "1Mbps", "10Mbps", "100Mbps"};

/* Four policies at five rates: twenty lines along the thresholds, and as many the other way. */
TEST(test_every_line_is_drawn) {
    write_grid("twenty", (word_list){THRESHOLDS, 5}, (word_list){RATES, 5}, (word_list){POLICIES, 4});
    picture_list list = draw("twenty", false);
    assert_int_equal(list.left_out, 0);
    assert_int_equal(count_lines("twenty", &list, "accuracy-by-x"), 20);
    assert_int_equal(count_lines("twenty", &list, "cost-by-y"), 20);
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "accuracy-by-x-%s", POLICIES[i]);
        find(&list, name);
    }
    picture_list_free(&list);
}

TEST(test_few_lines_share_a_picture) {
    write_grid("few", (word_list){THRESHOLDS, 5}, (word_list){RATES, 2}, (word_list){POLICIES, 4});
    picture_list list = draw("few", false);
    assert_int_equal(count_lines("few", &list, "accuracy-by-x"), 8);
    find(&list, "accuracy-by-x");
    picture_list_free(&list);
}

/* 17 policies and no second axis: two pictures, and none for each policy. */
TEST(test_many_policies) {
    static const char *const ONE[] = {"1"};
    char names[17][8];
    const char *policies[17];
    for (size_t i = 0; i < 17; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        policies[i] = names[i];
    }
    write_grid("policies", (word_list){THRESHOLDS, 3}, (word_list){ONE, 1}, (word_list){policies, 17});
    picture_list list = draw("policies", false);
    assert_int_equal(count_lines("policies", &list, "accuracy-by-x"), 17);
    find(&list, "accuracy-by-x");
    find(&list, "accuracy-by-x-2");
    picture_list_free(&list);
}

/* 400 lines are too many; it is said how many, in the picture, under it, and to the caller. */
TEST(test_left_out_is_said) {
    char names[400][8];
    const char *values[400];
    static const char *const ONE[] = {"only"};
    for (size_t i = 0; i < 400; i++) {
        snprintf(names[i], sizeof names[i], "v%zu", i);
        values[i] = names[i];
    }
    write_grid("left", (word_list){THRESHOLDS, 2}, (word_list){values, 400}, (word_list){ONE, 1});
    picture_list list = draw("left", false);
    assert_int_equal(count_lines("left", &list, "accuracy-by-x"), 12 * 16);
    assert_int_equal(list.left_out, 2 * (400 - 12 * 16)); /* of two metrics */
    const picture *last = find(&list, "accuracy-by-x-only-12");
    assert_non_null(strstr(last->note, "208 more lines are not drawn"));
    file_bytes script;
    portolan_error err = {0};
    assert_true(file_read("left/plots/accuracy-by-x-only-12.gp", 1 << 20, &script, &err));
    assert_non_null(strstr(script.data, "= '208 more lines are not drawn"));
    free(script.data);
    picture_list_free(&list);
}

/* 300 kbps is 0.3 of 1 Mbps; 100 kbps is the unit of the axis, as its first value is written. */
TEST(test_units) {
    write_grid("units", (word_list){THRESHOLDS, 2}, (word_list){RATES, 5}, (word_list){POLICIES, 1});
    run_folder f = load("units");
    sweep_grid g;
    portolan_error err = {0};
    assert_true(sweep_grid_read(&g, &f, &err));
    assert_int_equal(g.axis_count, 2);
    assert_string_equal(g.axes[1].name, "y");
    assert_string_equal(g.axes[1].unit, "kbps");
    static const double KBPS[] = {100, 300, 1000, 10000, 100000};
    for (size_t i = 0; i < 5; i++) assert_near(g.axes[1].numbers[i], KBPS[i], 1e-9);
    assert_string_equal(g.axes[0].unit, "");
    assert_near(g.axes[0].numbers[1], 0.6, 0);
    sweep_grid_free(&g);
    run_folder_free(&f);
    picture_list list = draw("units", true);
    if (have_gnuplot()) assert_non_null(strstr(find(&list, "accuracy-by-y")->svg.data, ">y / kbps<"));
    picture_list_free(&list);
}

static void check_unit(const char *first, const char *second, const char *unit, double ratio) {
    const char *values[] = {first, second};
    write_grid("mixed", (word_list){values, 2}, (word_list){RATES, 1}, (word_list){POLICIES, 1});
    run_folder f = load("mixed");
    sweep_grid g;
    portolan_error err = {0};
    assert_true(sweep_grid_read(&g, &f, &err));
    assert_string_equal(g.axes[0].unit, unit);
    if (isnan(ratio))
        assert_null(g.axes[0].numbers);
    else
        assert_near(g.axes[0].numbers[1] / g.axes[0].numbers[0], ratio, 1e-9);
    sweep_grid_free(&g);
    run_folder_free(&f);
}

TEST(test_kinds_of_numbers) {
    check_unit("1/12", "1/3", "", 4);
    check_unit("10ms", "1s", "ms", 100);
    check_unit("64kiB", "1MiB", "kiB", 16);
    check_unit("1ms", "1Mbps", "", NAN); /* of two kinds */
    check_unit("1", "1s", "", NAN);
    check_unit("a.yaml", "b.yaml", "", NAN);
}

/* Labels that a shell, gnuplot or a page would run, or take for formats. */
TEST(test_names_stay_names) {
    static const char *const EVIL[] = {"`touch touched`", "';system('touch touched')#'",
                                       "%s{/Bold <script>x</script>}"};
    if (!have_gnuplot()) skip();
    write_grid("evil", (word_list){EVIL, 3}, (word_list){THRESHOLDS, 2}, (word_list){EVIL, 3});
    picture_list list = draw("evil", true);
    assert_int_equal(count_lines("evil", &list, "accuracy-by-y"), 9);
    assert_int_not_equal(access("touched", F_OK), 0);
    assert_int_not_equal(access("evil/plots/touched", F_OK), 0);
    const char *svg = find(&list, "accuracy-by-y")->svg.data,
               *map = find(&list, "accuracy-map--touch-touched-")->svg.data;
    assert_non_null(strstr(svg, ">`touch touched`, x=';system('touch touched')#'<"));
    assert_non_null(strstr(svg, ">%s{/Bold &lt;script>x&lt;/script>}, x=`touch touched`<"));
    assert_non_null(strstr(map, ">%s{/Bold &lt;script>x&lt;/script>}<"));
    picture_list_free(&list);
}

/* Two labels that would give one name for files. */
TEST(test_names_differ) {
    static const char *const ALIKE[] = {"a.b", "a-b", "a/b"};
    char values[6][8];
    const char *pointers[6];
    for (size_t i = 0; i < 6; i++) {
        snprintf(values[i], sizeof values[i], "%zu.yaml", i);
        pointers[i] = values[i];
    }
    write_grid("alike", (word_list){pointers, 6}, (word_list){THRESHOLDS, 5}, (word_list){ALIKE, 3});
    picture_list list = draw("alike", false);
    assert_int_equal(count_lines("alike", &list, "accuracy-by-y"), 18);
    for (size_t i = 0; i < list.count; i++)
        for (size_t k = 0; k < i; k++) assert_string_not_equal(list.items[i].name, list.items[k].name);
    find(&list, "accuracy-by-y-a-b-2");
    picture_list_free(&list);
}

/* Keys that were walked together are one axis; values that the first key does not tell apart are told by both. */
TEST(test_zip) {
    FILE *f = open_file("zip", "statistics.csv");
    fputs("a.x,b.y,policy,metric,seeds,mean,sd,low,high\n", f);
    put_cell(f, "1", "1", "p", 0.5);
    put_cell(f, "1", "2", "p", 0.6);
    put_cell(f, "2", "2", "p", 0.7);
    assert_int_equal(fclose(f), 0);
    write_plan("zip", "[{\"keys\": [\"a.x\", \"b.y\"]}]", "");
    run_folder folder = load("zip");
    sweep_grid g;
    char text[64];
    portolan_error err = {0};
    assert_true(sweep_grid_read(&g, &folder, &err));
    assert_int_equal(g.axes[0].count, 3);
    assert_false(g.axes[0].first_tells);
    assert_string_equal(sweep_grid_value(&g, 0, 1, text, sizeof text), "1, 2");
    sweep_grid_free(&g);
    run_folder_free(&folder);
}

static void refuse(const char *axes, const char *words) {
    run_folder f;
    sweep_grid g;
    portolan_error err = {0};
    write_grid("refused", (word_list){THRESHOLDS, 2}, (word_list){RATES, 2}, (word_list){POLICIES, 1});
    write_plan("refused", axes, "");
    f = load("refused");
    assert_false(sweep_grid_read(&g, &f, &err));
    assert_input_error(&err, 0, 0, words);
    run_folder_free(&f);
}

TEST(test_refused) {
    refuse("[{\"keys\": [\"c.z\"]}]", "axes[0] has a key that is no column of statistics.csv");
    refuse("[{\"keys\": [\"a.x\"]}, {\"keys\": []}]", "axes[1] has no 'keys'");
    refuse("[3]", "axes[0] has no 'keys'");
    refuse("[{\"keys\": [3]}]", "axes[0] has a key");
}

/* A metric that is called as a cell's own texts are does not take their place. */
TEST(test_metrics_are_no_names) {
    FILE *f = open_file("names", "statistics.csv");
    fputs(
        "a.x,policy,metric,seeds,mean,sd,low,high\n1,p,name,2,1,0,1,1\n1,p,parameters,2,1,0,1,1\n1,p,policy,2,1,0,1,1\n",
        f);
    assert_int_equal(fclose(f), 0);
    write_plan("names", "[{\"keys\": [\"a.x\"]}]", "");
    run_folder folder = load("names");
    assert_string_equal(folder.policies[0].name, "p, x=1");
    assert_string_equal(run_parameter(&folder, 0, 0), "1");
    assert_near(run_metric(&folder.policies[0], "name"), 1, 0);
    run_folder_free(&folder);
}

TEST(test_front) {
    write_grid("front", (word_list){THRESHOLDS, 2}, (word_list){RATES, 2}, (word_list){POLICIES, 2});
    write_plan(
        "front", "[{\"keys\": [\"a.x\"]}, {\"keys\": [\"b.y\"]}]",
        ", \"pareto\": {\"metrics\": [\"cost\", \"accuracy\"], \"front\": [{\"policy\": \"cloud-only\", \"sure\": true, "
        "\"parameters\": {\"a.x\": \"0.6\", \"b.y\": \"100kbps\"}}]}");
    picture_list list = draw("front", false);
    find(&list, "pareto");
    file_bytes rows;
    portolan_error err = {0};
    assert_true(file_read("front/plots/pareto.tsv", 10000, &rows, &err));
    assert_non_null(strstr(rows.data, "\n0\tfront\t0.51\t0.51\t"));
    assert_non_null(strstr(rows.data, "\n1\tcloud-only, x=0.6, y=100kbps\t0.51\t0.51\t0.5\t0.52\t0.5\t0.52\t1\n"));
    assert_non_null(strstr(rows.data, "\n2\tphone-only, x=0.6, y=100kbps\t0.52\t0.52\t0.51\t0.53\t0.51\t0.53\t0\n"));
    free(rows.data);
    picture_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_line_is_drawn),
        cmocka_unit_test(test_few_lines_share_a_picture),
        cmocka_unit_test(test_many_policies),
        cmocka_unit_test(test_left_out_is_said),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_kinds_of_numbers),
        cmocka_unit_test(test_names_stay_names),
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_zip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_metrics_are_no_names),
        cmocka_unit_test(test_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
