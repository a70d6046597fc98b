/* Whether the promise of `portolan tune` is kept: many held-out sets are drawn from a table of samples, a policy is tuned on each,
 * and its true drop is that on other samples of the table. By default on an embedded table, small enough for a test;
 *
 *     sim_promise TABLE.csv SETS SIZE    on a table of one's own: SETS sets of SIZE samples of its first nine tenths, judged on the rest
 *
 * prints how often the drop was exceeded (wanted: at most 5 %, give or take three standard errors), how often anything but
 * cloud-only was promised, and what the bound costs: the saving of the best threshold that keeps the drop on the other samples,
 * less that of the promised one. */
#include <stdlib.h>

#include "base/numbers.h"
#include "sim/engine/engine.h"
#include "sim/tuning/tune.h"
#include "tests/support.h"

enum { LAYERS = 12 };

typedef struct trial_counts {
    unsigned sets, exceeded, promised;
    double saving, best_saving;
} trial_counts;

static phone the_phone;
static phone_group the_group;
static cell the_cell;
static site the_site;
static region the_region;

/* A scenario of one policy, that has no platform to speak of. */
static scenario scenario_around(policy_setup *policy, uint32_t layers) {
    return (scenario){
        .seed = 1,
        .platform = {.phones = &the_phone,
                     .groups = &the_group,
                     .cells = &the_cell,
                     .sites = &the_site,
                     .regions = &the_region,
                     .phone_count = 1,
                     .cell_count = 1,
                     .site_count = 1,
                     .region_count = 1},
        .shape = {.layers = layers, .hidden = 2, .feed_forward = 3, .classes = 2, .vocabulary = 1},
        .depth = {layers / 4, layers / 2, layers},
        .execute = EXECUTE_REPLAY,
        .cost = {.layer = 1.0 / layers, .offload_edge = 0.25, .offload_cloud = 0.5, .charge_remote_compute = true},
        .policies = policy,
        .policy_count = 1,
    };
}

/* The samples [count] of a table, as a table that borrows whatever needs no copying. */
static outcome_table pick(const outcome_table *from, const uint32_t *samples, uint32_t count) {
    outcome_table t = *from;
    t.samples = count;
    t.labels = malloc(count * sizeof *t.labels);
    t.tokens = malloc(count * sizeof *t.tokens);
    t.confidences = malloc((size_t)count * t.exits * sizeof *t.confidences);
    t.predictions = malloc((size_t)count * t.exits * sizeof *t.predictions);
    t.probabilities = NULL;
    for (uint32_t i = 0; i < count; i++) {
        t.labels[i] = from->labels[samples[i]];
        t.tokens[i] = from->tokens ? from->tokens[samples[i]] : 10;
        for (uint32_t e = 0; e < t.exits; e++) {
            t.confidences[(size_t)i * t.exits + e] = outcome_confidence(from, samples[i], e);
            t.predictions[(size_t)i * t.exits + e] = outcome_prediction(from, samples[i], e);
        }
    }
    return t;
}

static void drop_picked(outcome_table *t) {
    free(t->labels);
    free(t->tokens);
    free(t->confidences);
    free(t->predictions);
}

static tuned_policy tune_on(scenario *s, double drop) {
    tuning t;
    portolan_error err = {0};
    progress quiet = progress_start(true);
    tune_settings wanted = {.drop = drop, .confidence = 0.95};
    if (!tuning_make(&t, s, &wanted, &quiet, &err)) fail_msg("%s", err.message);
    tuned_policy chosen = t.policies[0];
    tuning_free(&t);
    return chosen;
}

/* Drop in points, and saving, of the policy as it is set now. */
static double judge(const scenario *s, double *saving) {
    uint32_t n = s->table.samples;
    replayed *played = malloc(n * sizeof *played);
    bool *cloud = malloc(n);
    portolan_error err = {0};
    double drop = 0, cost = 0;
    assert_true(policy_replay(s, s->policies, NULL, played, &err) && cloud_replay(s, cloud, &err));
    for (uint32_t i = 0; i < n; i++) {
        drop += (double)cloud[i] - (double)played[i].right;
        cost += played[i].cost;
    }
    *saving = 1 - cost / n / scenario_tier_cost(s, TIER_CLOUD);
    free(played);
    free(cloud);
    return 100 * drop / n;
}

/* The largest saving within the drop on the samples that judge: what a bound that knew them would choose. */
static double best_saving(scenario *s, double drop) {
    double best = 0;
    for (int i = 0; i <= 1000; i++) {
        double saving;
        *(double *)((char *)s->policies->options + s->policies->type->options[2].offset) = 1.0001 - i / 1000.0;
        if (judge(s, &saving) <= drop && saving > best) best = saving;
    }
    return best;
}

static trial_counts run_trials(const outcome_table *all, unsigned sets, uint32_t size, double drop) {
    uint32_t pool = all->samples / 10 * 9, others = all->samples - pool;
    uint32_t *drawn = malloc((size + others) * sizeof *drawn);
    policy_values *values = calloc(1, sizeof *values + 64);
    policy_setup policy = {.type = policy_find("confidence"),
                           .label = "confidence",
                           .options = values->options,
                           .scope = SCOPE_FLEET,
                           .follows = -1};
    scenario s = scenario_around(&policy, all->layers);
    for (uint32_t i = 0; i < others; i++) drawn[i] = pool + i;
    outcome_table judges = pick(all, drawn, others);
    trial_counts n = {.sets = sets};
    s.table = judges;
    n.best_saving = best_saving(&s, drop);
    for (unsigned k = 0; k < sets; k++) {
        random_stream stream = random_open(11, "held-out sets", k);
        for (uint32_t i = 0; i < size; i++) drawn[i] = (uint32_t)random_below(&stream, pool);
        outcome_table held = pick(all, drawn, size);
        s.table = held;
        s.seed = k;
        tuned_policy chosen = tune_on(&s, drop);
        s.table = judges;
        double saving = 0;
        bool promised = chosen.promised && chosen.saving > 0;
        n.promised += promised;
        n.exceeded += promised && judge(&s, &saving) > drop;
        n.saving += promised ? saving / sets : 0;
        drop_picked(&held);
    }
    drop_picked(&judges);
    free(values);
    free(drawn);
    return n;
}

static void print_counts(const trial_counts *n, uint32_t size, double drop) {
    print_message(
        "%u sets of %u: drop of %g points exceeded in %.1f %%, something promised in %.1f %%, saving %.1f %% (%.1f %% "
        "could be saved)\n",
        n->sets, size, drop, 100.0 * n->exceeded / n->sets, 100.0 * n->promised / n->sets, 100 * n->saving,
        100 * n->best_saving);
}

static const uint32_t EXIT_LAYERS[] = {3, 6, 12};

/* Drawn so that the phone's exit is right on 80 %, the edge's on 92, the cloud's on 97, and surer where it is right. */
static outcome_table made_table(uint32_t samples) {
    outcome_table t;
    portolan_error err = {0};
    assert_true(outcome_table_allocate(&t, &(outcome_shape){samples, 2, 3, EXIT_LAYERS, false, false}, &err));
    static const double RIGHT[] = {0.8, 0.92, 0.97};
    random_stream s = random_open(5, "promise", 0);
    for (uint32_t i = 0; i < samples; i++) {
        t.labels[i] = (uint32_t)random_below(&s, 2);
        for (uint32_t e = 0; e < 3; e++) {
            bool right = random_uniform(&s) < RIGHT[e];
            double u = random_uniform(&s);
            t.predictions[3 * i + e] = (uint16_t)(right ? t.labels[i] : 1 - t.labels[i]);
            t.confidences[3 * i + e] = 0.5 + 0.5 * (right ? sqrt(u) : u * u);
        }
    }
    return t;
}

/* 100 sets of 2,000 samples, 3 points: 5 % are 5 sets, with a standard error of 2.2. */
TEST(the_promise_is_kept) {
    outcome_table t = made_table(100000);
    trial_counts n = run_trials(&t, 100, 2000, 3);
    print_counts(&n, 2000, 3);
    assert_true(n.exceeded <= 11);
    assert_true(n.promised >= 90);
    assert_true(n.saving > 0.3 * n.best_saving); /* a bound for whatever distribution is wide: 2.45 standard errors */
    outcome_table_free(&t);
}

static int try_table(char **argv) {
    outcome_table t;
    portolan_error err = {0};
    double sets = 0, size = 0;
    if (!number_parse(argv[2], &sets) || !number_parse(argv[3], &size) || !(sets >= 1) || !(size >= 1)) return 2;
    if (!outcome_table_load(&t, argv[1], &err)) {
        error_print(&err, stderr);
        return 2;
    }
    trial_counts n = run_trials(&t, (unsigned)sets, (uint32_t)size, 0.5);
    print_counts(&n, (uint32_t)size, 0.5);
    outcome_table_free(&t);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_promise_is_kept)};
    return argc == 4 ? try_table(argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
