/* Sweeps without simulating: which models are borrowed, and what the statistics make of results that are
 * made up. */
#include "sim/sweep/statistics.h"
#include "simulate.h"

static const char *scenario_with(const char *name, const char *model) {
    return scratch_file(name,
                        "platform: %s/platforms/one-phone.yaml\n"
                        "workload: {arrivals: {rate: 1/s}}\n"
                        "model: %s\nhidden: 64\n"
                        "policies: [cloud-only, confidence, oracle-cost]\nrun: {requests: 10}\n",
                        PORTOLAN_SOURCE_DIR, model);
}

static void open_sweep(sweep *w, const char *text) {
    portolan_error err = {0};
    if (!sweep_load(w, scratch_file("sweep.yaml", "%s", text), NULL, 0, &err)) fail_msg("%s", err.message);
}

/* Loads points 0 and `other`, and says whether the second one borrows the model of the first. */
static bool borrows(const char *text, size_t other) {
    sweep w;
    open_sweep(&w, text);
    sweep_loader loader = {.w = &w};
    portolan_error err = {0};
    scenario *a = point_load(&loader, 0, &err), *b = point_load(&loader, other, &err);
    if (!a || !b) fail_msg("%s", err.message);
    bool shared = b->borrows;
    assert_false(a->borrows);
    assert_true(shared == (a->table.labels == b->table.labels));
    point_release(&loader, a);
    point_release(&loader, b);
    sweep_loader_free(&loader);
    sweep_free(&w);
    return shared;
}

TEST(models_are_borrowed_where_nothing_of_them_changes) {
    scenario_with("drawn.yaml", "{synthetic: {samples: 50}}");
    assert_true(borrows("scenario: drawn.yaml\naxes: {policies.confidence.threshold: [0.6, 0.8]}\n", 1));
    assert_true(borrows("scenario: drawn.yaml\naxes: {workload.arrivals.rate: [1/s, 2/s]}\n", 1));
    assert_false(borrows("scenario: drawn.yaml\naxes: {model.synthetic.samples: [50, 60]}\n", 1));
    assert_false(borrows("scenario: drawn.yaml\naxes: {tokens: [20, 21]}\n", 1));
    assert_false(borrows("scenario: drawn.yaml\nseeds: 2\n", 1)); /* the table is drawn from the seed */
}

/* A table of a file is the same for all seeds, unless token counts are drawn for it. */
TEST(tables_of_files_are_borrowed_across_seeds) {
    scratch_file("table.csv", "sample,label,tokens,exit1_p0,exit1_p1,exit2_p0,exit2_p1\n0,1,9,0.4,0.6,0.1,0.9\n");
    scenario_with("read.yaml", "table.csv\nsplit: {phone: 1, edge: 2}");
    assert_true(borrows("scenario: read.yaml\nseeds: 2\n", 1));
    assert_false(borrows("scenario: read.yaml\naxes: {hidden: [64, 128]}\n", 1));
}

TEST(more_models_than_lenders) {
    scenario_with("drawn.yaml", "{synthetic: {samples: 50}}");
    sweep w;
    open_sweep(&w, "scenario: drawn.yaml\nseeds: 30\n");
    sweep_loader loader = {.w = &w};
    portolan_error err = {0};
    scenario *out[30];
    for (size_t i = 0; i < 30; i++) assert_non_null(out[i] = point_load(&loader, i, &err));
    for (size_t i = 0; i < 30; i++) point_release(&loader, out[i]);
    for (size_t i = 0; i < 60; i++) {
        scenario *s = point_load(&loader, i % 30, &err);
        assert_int_equal(s->seed, i % 30 + 1);
        point_release(&loader, s);
    }
    sweep_loader_free(&loader);
    sweep_free(&w);
}

/* ---- Statistics ---- */

/* Cost and accuracy of the two policies by setting and seed, the drop in points; the oracle's are better
 * than any. */
static const struct {
    double cost, accuracy, drop;
} MADE_UP[2][3][3] = {
    /* cloud-only                 confidence             oracle-cost */
    {{{1.5, 0.95, 0}, {0.4, 0.80, 15}, {0.1, 1, -5}},
     {{1.5, 0.94, 0}, {0.5, 0.81, 13}, {0.1, 1, -6}},
     {{1.5, 0.96, 0}, {0.6, 0.82, 14}, {0.1, 1, -4}}},
    {{{1.5, 0.95, 0}, {0.45, 0.80, 15}, {0.1, 1, -5}},
     {{1.5, 0.94, 0}, {0.55, 0.83, 11}, {0.1, 1, -6}},
     {{1.5, 0.96, 0}, {0.65, 0.83, 13}, {0.1, 1, -4}}},
};

static void record(sweep_store *t, const sweep *w, const scenario *s, size_t point) {
    point_record p = {.point = point, .status = POINT_DONE, .host = "here", .attempts = 1, .count = 3};
    portolan_error err = {0};
    for (size_t i = 0; i < 3; i++) {
        policy_summary summary = {.cost = MADE_UP[setting_of(w, point)][seed_of(w, point)][i].cost,
                                  .accuracy = MADE_UP[setting_of(w, point)][seed_of(w, point)][i].accuracy,
                                  .drop = MADE_UP[setting_of(w, point)][seed_of(w, point)][i].drop};
        p.results[i] = (point_result){i, s->policies[i].label, s->policies[i].type->name, summary};
    }
    if (!store_record(t, &p, &err)) fail_msg("%s", err.message);
}

static const sweep_cell *cell_of(const sweep_statistics *st, size_t setting, const char *policy) {
    for (size_t i = 0; i < st->cell_count; i++)
        if (st->cells[i].setting == setting && strcmp(st->cells[i].policy, policy) == 0) return &st->cells[i];
    fail_msg("no cell of %s at %zu", policy, setting);
    return NULL;
}

/* By the means, cloud-only (1.5, 95 %) and confidence at both settings (0.5, 81 %; 0.55, 82 %) are on the
 * front. Setting 1 costs 0.05 more with every seed, so setting 0 is surely cheaper; its accuracy is higher
 * by 0, 2 and 1 points: mean 1, interval 1 +- 4.30265 / sqrt(3) = 1 +- 2.48, which holds 0. The drop is 14
 * and 13 points in the mean; only cloud-only keeps a bound of 14 with its whole interval. */
static void check_statistics(const sweep_statistics *st) {
    const sweep_cell *cloud = cell_of(st, 0, "cloud-only"), *first = cell_of(st, 0, "confidence");
    const sweep_cell *second = cell_of(st, 1, "confidence");
    size_t cost = metric_index(metric_named("cost"));
    const double half = 4.30265272991 / sqrt(3);
    assert_int_equal(st->cell_count, 6);
    assert_int_equal(cell_of(st, 1, "cloud-only")->same_as, cloud - st->cells);
    assert_int_equal(first->same_as, first - st->cells);
    assert_int_equal(cloud->front, FRONT_SURE);
    assert_int_equal(first->front, FRONT_SURE);
    assert_int_equal(second->front, FRONT_ON);
    assert_int_equal(cell_of(st, 0, "oracle-cost")->front, FRONT_OFF);
    assert_near(first->metrics[cost].mean, 0.5, 1e-15);
    assert_near(first->metrics[cost].high, 0.5 + 0.1 * half, 1e-9);
    assert_near(first->differences[cost].mean, -1, 1e-15);
    assert_near(first->differences[cost].low, -1 - 0.1 * half, 1e-9);
    assert_int_equal(cloud->differences[cost].n, 0);
    assert_ptr_equal(st->best, first);
    assert_ptr_equal(st->best_sure, cloud);
}

TEST(front_differences_and_best) {
    scenario_with("drawn.yaml", "{synthetic: {samples: 50}}");
    sweep w;
    sweep_store t;
    sweep_statistics st;
    portolan_error err = {0};
    open_sweep(&w, "scenario: drawn.yaml\naxes: {policies.confidence.threshold: [0.6, 0.8]}\nseeds: 3\n"
                   "best: {minimise: cost, subject_to: {drop: 14}}\n");
    sweep_loader loader = {.w = &w};
    scenario *s = point_load(&loader, 0, &err);
    assert_true(s && store_open(&t, scratch_path("store"), &err) && store_plan(&t, &w, &err));
    for (size_t point = 0; point < sweep_points(&w); point++) record(&t, &w, s, point);
    if (!sweep_statistics_read(&st, &w, &t, &err)) fail_msg("%s", err.message);
    check_statistics(&st);
    sweep_statistics_free(&st);
    store_close(&t);
    point_release(&loader, s);
    sweep_loader_free(&loader);
    sweep_free(&w);
}

TEST(no_results_no_cells) {
    scenario_with("drawn.yaml", "{synthetic: {samples: 50}}");
    sweep w;
    sweep_store t;
    sweep_statistics st;
    portolan_error err = {0};
    open_sweep(&w, "scenario: drawn.yaml\nseeds: 2\nbest: {minimise: cost}\n");
    assert_true(store_open(&t, scratch_path("none"), &err) && store_plan(&t, &w, &err));
    for (size_t point = 0; point < sweep_points(&w); point++) {
        point_record p = {.point = point, .status = POINT_FAILED, .error = "it broke", .attempts = 1};
        assert_true(store_record(&t, &p, &err));
    }
    if (!sweep_statistics_read(&st, &w, &t, &err)) fail_msg("%s", err.message);
    assert_int_equal(st.cell_count, 0);
    assert_null(st.best);
    sweep_statistics_free(&st);
    store_close(&t);
    sweep_free(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_borrowed_where_nothing_of_them_changes),
        cmocka_unit_test(tables_of_files_are_borrowed_across_seeds),
        cmocka_unit_test(more_models_than_lenders),
        cmocka_unit_test(front_differences_and_best),
        cmocka_unit_test(no_results_no_cells),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
