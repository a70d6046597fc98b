/* A model answers the same whether it is executed live, once a sample, or replayed from the outcome table that it
 * made: the same bytes in requests.csv and summary.json, for every policy, kernel and number of processes. A hidden
 * state that is sent rounded changes answers, and those alike in live and once. */
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/cartography/cartography.h"
#include "base/files.h"
#include "sim/engine/outcome_source.h"
#include "simulate.h"

enum { WORDS = 96, SAMPLES = 150, HIDDEN = 32, LAYERS = 6 };

static const char SCENARIO[] = "name: execute\n"
                               "seed: 5\n"
                               "platform:\n"
                               "  phones: [{name: phone, count: 10, cell: cell, device: test-phone}]\n"
                               "  cells: [{name: cell, count: 2, link: test-cell, site: site}]\n"
                               "  sites: [{name: site, server: test-edge, backhaul: test-wire, region: cloud}]\n"
                               "  regions: [{name: cloud, server: test-cloud}]\n"
                               "workload:\n"
                               "  data: {task: tsv, file: texts.tsv, vocab: vocab.txt}\n"
                               "  arrivals: {process: poisson, fleet_rate: 10/s}\n"
                               "  order: shuffled\n"
                               "model: model.safetensors\n"
                               "split: {phone: 2, edge: 4, cloud: 6}\n"
                               "policies:\n"
                               "  - phone-only\n"
                               "  - edge-only\n"
                               "  - cloud-only\n"
                               "  - random\n"
                               "  - matched-random: {match: tokens}\n"
                               "  - confidence: {as: tokens, threshold: 0.75, escalate: tokens}\n"
                               "  - confidence: {as: hidden, threshold: 0.75, escalate: hidden}\n"
                               "  - confidence: {as: all-tokens, threshold: 0.85, exits: all, escalate: tokens}\n"
                               "  - confidence: {as: all-hidden, threshold: 0.85, exits: all, escalate: hidden}\n"
                               "  - entropy: {threshold: 0.5, exits: all, escalate: hidden}\n"
                               "  - patience: {patience: 2, exits: all, escalate: hidden}\n"
                               "  - oracle-cost\n"
                               "  - oracle-reward\n"
                               "  - cartography: {router: model.router.json}\n"
                               "run: {requests: 250, warmup: 10}\n"
                               "output: {requests: csv}\n";

static char scenario_path[SCRATCH_PATH], model_path[SCRATCH_PATH], table_path[SCRATCH_PATH];
static const token_wants WANTS = {.model_path = model_path, .lowercase = true, .most = 64, .vocabulary = WORDS + 4};

/* ---- A model and its texts ---- */

static void write_vocabulary(void) {
    char text[2048] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";
    for (unsigned i = 0; i < WORDS; i++) snprintf(text + strlen(text), sizeof text - strlen(text), "word%u\n", i);
    scratch_file("vocab.txt", "%s", text);
}

static void add_words(char *text, size_t size, uint64_t words, random_stream *r) {
    for (uint64_t k = 0; k < words; k++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%sword%u", k ? " " : "", (unsigned)random_below(r, WORDS));
    }
}

/* Pairs of texts of 1 to 20 words. */
static void write_texts(void) {
    static char text[SAMPLES * 400] = "text_a\ttext_b\tlabel\n";
    random_stream r = random_open(1, "texts", 0);
    for (unsigned i = 0; i < SAMPLES; i++) {
        add_words(text, sizeof text, 1 + random_below(&r, 20), &r);
        strcat(text, "\t");
        add_words(text, sizeof text, 1 + random_below(&r, 20), &r);
        strcat(text, random_below(&r, 2) ? "\t1\n" : "\t0\n");
    }
    scratch_file("texts.tsv", "%s", text);
}

/* A router for the model: pools of the samples' mean embeddings by length, short ones easy. */
static void write_router(void) {
    portolan_error err = {0};
    token_set set;
    encoder *e = encoder_load(model_path, 0, &err);
    yaml_document doc = document_of("{task: tsv, file: texts.tsv, vocab: vocab.txt}");
    static double v[SAMPLES][HIDDEN], length[SAMPLES], none[SAMPLES];
    const char *paths[2];
    size_t bytes;
    router r = {.representation = V_MEAN_TOKEN, .size = HIDDEN, .count = 1, .depth = {2, 4, 6}};
    assert_non_null(e);
    doc.root->mark.file = scenario_path;
    for (size_t i = 0; i < 2 * doc.root->count; i++) doc.root->items[i]->mark.file = scenario_path;
    assert_true(token_set_load(&set, doc.root, &WANTS, paths, &err));
    assert_true(represent_set(e, &set, V_MEAN_TOKEN, HIDDEN, &v[0][0], &err) && router_allocate(&r, &err));
    for (uint32_t i = 0; i < SAMPLES; i++) {
        length[i] = -(double)set.lengths[i];
        none[i] = (double)(set.lengths[i] % 2);
    }
    fitting f = {SAMPLES, HIDDEN, length, none, &v[0][0], 1};
    assert_true(router_fit(&r, &f, -24, 0, &err));
    encoder_embedding_hash(e, r.embedding);
    assert_true(router_write(&r, NULL, scratch_path("model.router.json"), &bytes, &err));
    router_free(&r);
    token_set_free(&set);
    yaml_unload(&doc);
    encoder_free(e);
}

static int open_model(void **state) {
    encoder_config c = {
        .shape = {.layers = LAYERS, .hidden = HIDDEN, .feed_forward = 72, .classes = 2, .vocabulary = WORDS + 4},
        .heads = 2,
        .positions = 64,
        .segments = 2,
        .norm_eps = 1e-12,
        .has_pooler = true,
        .lowercase = true};
    portolan_error err = {0};
    for (uint32_t i = 0; i < LAYERS; i++) c.exits[i] = i != 2; /* the table leaves a layer out */
    if (scratch_open(state) != 0) return -1;
    snprintf(model_path, sizeof model_path, "%s", scratch_path("model.safetensors"));
    snprintf(table_path, sizeof table_path, "%s", scratch_path("table.csv"));
    snprintf(scenario_path, sizeof scenario_path, "%s", scratch_file("scenario.yaml", "%s", SCENARIO));
    write_vocabulary();
    write_texts();
    if (model_write_random(model_path, &c, 0.3, 1, &err)) {
        write_router();
        return 0;
    }
    error_print(&err, stderr);
    return -1;
}

/* The model's outcome table for the texts, by so many threads. */
static void write_table(unsigned threads) {
    portolan_error err = {0};
    token_set set;
    outcome_table t;
    const char *paths[2];
    scenario s;
    assert_true(scenario_load(&s, scenario_path, NULL, &err));
    assert_true(token_set_load(&set, s.workload.data, &WANTS, paths, &err));
    assert_int_equal(set.samples, SAMPLES);
    assert_true(encoder_outcomes(s.outcomes->model, &set, threads, NULL, &t, &err));
    t.v_size = HIDDEN;
    t.v = arena_alloc(&t.memory, SAMPLES * HIDDEN, sizeof *t.v);
    assert_true(represent_set(s.outcomes->model, &set, V_MEAN_TOKEN, HIDDEN, t.v, &err));
    FILE *f = fopen(table_path, "w");
    assert_non_null(f);
    outcome_table_write(&t, f);
    assert_int_equal(fclose(f), 0);
    outcome_table_free(&t);
    token_set_free(&set);
    scenario_free(&s);
}

/* ---- Runs ---- */

static size_t count(const char *const *list) {
    size_t n = 0;
    while (list[n]) n++;
    return n;
}

static bool run(const char *const *sets, const char *out, unsigned jobs, portolan_error *err) {
    scenario s;
    run_report report;
    run_options options = {.out = out, .jobs = jobs, .quiet = true};
    if (!scenario_load(&s, scenario_path, &(scenario_changes){.sets = (char *const *)sets, .set_count = count(sets)},
                       err))
        return false;
    bool ok = scenario_run(&s, &options, &report, err);
    if (ok) run_report_free(&report);
    scenario_free(&s);
    return ok;
}

/* Runs the scenario into a new folder of the scratch folder, in a process of its own. */
static void run_into(const char *name, const char *const *sets, unsigned jobs) {
    const char *out = scratch_path(name);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        portolan_error err = {0};
        bool ok = run(sets, out, jobs, &err);
        if (!ok) error_print(&err, stderr);
        _exit(ok ? 0 : 1);
    }
    simulation_finish(child);
}

static file_bytes read_result(const char *folder, const char *name) {
    char path[SCRATCH_PATH + 32];
    file_bytes bytes;
    portolan_error err = {0};
    snprintf(path, sizeof path, "%s/%s", scratch_path(folder), name);
    assert_true(file_read(path, 64 << 20, &bytes, &err));
    return bytes;
}

static bool same_file(const char *a, const char *b, const char *name) {
    file_bytes x = read_result(a, name), y = read_result(b, name);
    bool same = x.length == y.length && memcmp(x.data, y.data, x.length) == 0;
    free(x.data);
    free(y.data);
    return same;
}

static void assert_same_results(const char *a, const char *b) {
    static const char *const FILES[] = {"requests.csv", "summary.json", "summary.csv"};
    for (size_t i = 0; i < 3; i++) {
        if (!same_file(a, b, FILES[i])) print_error("%s of %s and %s differ\n", FILES[i], a, b);
        assert_true(same_file(a, b, FILES[i]));
    }
}

static void check_modes(const char *kernels) {
    char live[32], once[32], once1[32], replay[32], table[SCRATCH_PATH + 16];
    setenv("PORTOLAN_KERNELS", kernels, 1);
    snprintf(live, sizeof live, "live-%s", kernels);
    snprintf(once, sizeof once, "once-%s", kernels);
    snprintf(once1, sizeof once1, "once1-%s", kernels);
    snprintf(replay, sizeof replay, "replay-%s", kernels);
    snprintf(table, sizeof table, "model=%s", table_path);
    write_table(2);
    run_into(live, (const char *[]){"execute=live", NULL}, 2);
    run_into(once, (const char *[]){"execute=once", NULL}, 4);
    run_into(once1, (const char *[]){"execute=once", NULL}, 1);
    run_into(replay, (const char *[]){"execute=replay", table, "hidden=32", "feed_forward=72", "vocabulary=100", NULL},
             2);
    assert_same_results(live, once);
    assert_same_results(live, once1);
    assert_same_results(live, replay);
    unsetenv("PORTOLAN_KERNELS");
}

/* The cascades must have something to decide, or the comparison says nothing. */
static void assert_all_exits_are_used(const char *folder) {
    char path[SCRATCH_PATH + 32];
    snprintf(path, sizeof path, "%s/summary.json", scratch_path(folder));
    json_t *summary = json_load_file(path, 0, NULL);
    assert_non_null(summary);
    static const char *const LABELS[] = {"tokens",  "hidden",   "all-tokens", "all-hidden",
                                         "entropy", "patience", "cartography"};
    for (size_t i = 0; i < sizeof LABELS / sizeof *LABELS; i++) {
        const json_t *p = policy_row(summary, LABELS[i]);
        assert_true(metric_of(p, "exit_mean") > 1.5 && metric_of(p, "exit_mean") < 5.5);
        assert_near(metric_of(p, "failed"), 0, 0);
    }
    json_decref(summary);
}

/* Where the processor lacks a table of kernels, the generic one is meant. */
TEST(live_once_and_replay_give_the_same_bytes) {
    check_modes("avx512");
    check_modes("avx2");
    check_modes("generic");
    assert_all_exits_are_used("live-generic");
}

/* ---- Rounded hidden states ---- */

/* Several cascades, so that some confidence lies between its rounded and its unrounded value for some threshold. */
static const char CASCADES[] = "policies=[{confidence: {as: c1, threshold: 0.60, escalate: hidden}}, "
                               "{confidence: {as: c2, threshold: 0.65, escalate: hidden}}, "
                               "{confidence: {as: c3, threshold: 0.70, exits: all, escalate: hidden}}, "
                               "{confidence: {as: c4, threshold: 0.75, exits: all, escalate: hidden}}, "
                               "{confidence: {as: c5, threshold: 0.80, escalate: hidden}}, "
                               "{confidence: {as: c6, threshold: 0.9, exits: all, escalate: hidden}}, "
                               "{confidence: {as: t, threshold: 0.75, escalate: tokens}}, patience, oracle-cost]";

TEST(rounded_runs_agree_in_live_and_once) {
    run_into("whole", (const char *[]){"execute=once", CASCADES, NULL}, 2);
    for (int bytes = 2; bytes >= 1; bytes--) {
        char live[32], once[32], payload[32];
        snprintf(live, sizeof live, "live%d", bytes);
        snprintf(once, sizeof once, "once%d", bytes);
        snprintf(payload, sizeof payload, "payload.hidden=%d", bytes);
        run_into(live, (const char *[]){"execute=live", CASCADES, "payload={}", payload, NULL}, 2);
        run_into(once, (const char *[]){"execute=once", CASCADES, "payload={}", payload, NULL}, 2);
        assert_same_results(live, once);
        assert_false(same_file(live, "whole", "requests.csv"));
    }
}

static bool load_scenario(scenario *s, const char *mode, const char *payload, portolan_error *err) {
    char *sets[] = {(char *)mode, "payload={}", (char *)payload};
    return scenario_load(s, scenario_path, &(scenario_changes){.sets = sets, .set_count = 3}, err);
}

/* Asks exit 2 at the phone, sends the hidden state on to exit 4 and from there, again rounded, to exit 6. */
static void ask(const scenario *s, uint32_t sample, bool hidden, double p[3][2]) {
    request r;
    attempt *a = &r.first;
    request_open(&r, s, sample, &(arrival){.key = sample, .sample = sample});
    attempt_open(a, &r, NULL, 0);
    for (uint32_t k = 0; k < 3; k++) {
        a->exits[a->exit_count] = outcome_source_exit(a, (tier)k, s, 2 * (k + 1));
        memcpy(p[k], a->exits[a->exit_count].probabilities, sizeof p[k]);
        a->exit_count++;
        outcome_source_cut(a, s, hidden);
    }
    attempt_close(a);
}

/* The same by the encoder's own functions. */
static void expect(const scenario *s, uint32_t sample, uint64_t bytes, double p[3][2]) {
    const outcome_source *a = s->outcomes;
    float hidden[64 * HIDDEN], logits[2];
    uint32_t n = a->set.lengths[sample];
    token_batch batch = {1, n, &n, a->set.ids + a->set.first[sample], a->set.segments + a->set.first[sample]};
    encoder_scratch scratch = {0};
    portolan_error err = {0};
    assert_true(encoder_embed(a->model, &batch, hidden, &err));
    for (uint32_t k = 0; k < 3; k++) {
        assert_true(encoder_run(a->model, 2 * k, 2 * (k + 1), &(encoder_pass){&batch, hidden, &scratch}, &err));
        assert_true(encoder_exit(a->model, 2 * (k + 1), &(encoder_pass){&batch, hidden, &scratch}, logits, &err));
        softmax(logits, 2, p[k]);
        hidden_round(hidden, (size_t)n * HIDDEN, HIDDEN, bytes);
    }
    encoder_scratch_free(&scratch);
}

/* Confidences after 4, 2 and 1 bytes: the first exit's are the same, later ones differ, the more the fewer the
 * bytes. */
TEST(rounding_reaches_confidences) {
    double whole[SAMPLES][3][2], difference[5] = {0};
    for (int bytes = 4; bytes >= 1; bytes /= 2) {
        scenario live, once;
        portolan_error err = {0};
        char payload[32];
        snprintf(payload, sizeof payload, "payload.hidden=%d", bytes);
        assert_true(load_scenario(&live, "execute=live", payload, &err));
        assert_true(load_scenario(&once, "execute=once", payload, &err));
        for (uint32_t i = 0; i < SAMPLES; i++) {
            double a[3][2], b[3][2], wanted[3][2], by_tokens[3][2];
            ask(&live, i, true, a);
            ask(&once, i, true, b);
            expect(&live, i, (uint64_t)bytes, wanted);
            assert_memory_equal(a, wanted, sizeof a);
            assert_memory_equal(b, wanted, sizeof b);
            if (bytes == 4) memcpy(whole[i], wanted, sizeof wanted);
            ask(&live, i, false, by_tokens);
            assert_memory_equal(by_tokens, whole[i], sizeof by_tokens);
            ask(&once, i, false, by_tokens);
            assert_memory_equal(by_tokens, whole[i], sizeof by_tokens);
            assert_memory_equal(wanted[0], whole[i][0], sizeof wanted[0]);
            difference[bytes] = fmax(difference[bytes], fabs(wanted[2][0] - whole[i][2][0]));
        }
        scenario_free(&live);
        scenario_free(&once);
    }
    assert_true(difference[2] > 1e-5 && difference[2] < 0.05);
    assert_true(difference[1] > 5 * difference[2] && difference[1] < 0.5);
}

/* A router of another embedding layer. */
TEST(a_router_belongs_to_its_model) {
    encoder_config c = {
        .shape = {.layers = LAYERS, .hidden = HIDDEN, .feed_forward = 72, .classes = 2, .vocabulary = WORDS + 4},
        .heads = 2,
        .positions = 64,
        .segments = 2,
        .norm_eps = 1e-12,
        .has_pooler = true,
        .lowercase = true};
    for (uint32_t i = 0; i < LAYERS; i++) c.exits[i] = i != 2;
    portolan_error err = {0};
    char other[SCRATCH_PATH], set[SCRATCH_PATH + 16];
    snprintf(other, sizeof other, "%s", scratch_path("other/model.safetensors"));
    snprintf(set, sizeof set, "model=%s", other);
    assert_true(model_write_random(other, &c, 0.3, 2, &err));
    char *sets[] = {set};
    scenario s;
    assert_false(scenario_load(&s, scenario_path, &(scenario_changes){.sets = sets, .set_count = 1}, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_non_null(strstr(err.message, "made for another model"));
}

TEST(replay_refuses_rounding) {
    char table[SCRATCH_PATH + 16];
    write_table(1);
    snprintf(table, sizeof table, "model=%s", table_path);
    for (int bytes = 1; bytes <= 3; bytes++) {
        char payload[32];
        scenario s;
        portolan_error err = {0};
        snprintf(payload, sizeof payload, "payload.hidden=%d", bytes);
        char *sets[] = {"execute=replay", table, "hidden=32", "payload={}", payload};
        assert_false(scenario_load(&s, scenario_path, &(scenario_changes){.sets = sets, .set_count = 5}, &err));
        assert_int_equal(err.status, STATUS_WRONG_INPUT);
        assert_non_null(
            strstr(err.message, bytes == 3 ? "4, 2 and 1 are allowed" : "'execute: replay' cannot show that"));
    }
}

/* ---- A process that dies ---- */

/* A larger model, so that a batch takes long enough to die in. */
static void load_slow_model(scenario *s) {
    encoder_config c = {
        .shape = {.layers = 12, .hidden = 128, .feed_forward = 512, .classes = 2, .vocabulary = WORDS + 4},
        .heads = 2,
        .positions = 64,
        .segments = 2,
        .norm_eps = 1e-12,
        .has_pooler = true,
        .lowercase = true};
    portolan_error err = {0};
    char path[SCRATCH_PATH], set[SCRATCH_PATH + 16];
    for (uint32_t i = 0; i < 12; i++) c.exits[i] = true;
    snprintf(path, sizeof path, "%s", scratch_path("slow/model.safetensors"));
    snprintf(set, sizeof set, "model=%s", path);
    assert_true(model_write_random(path, &c, 0.3, 1, &err));
    char *sets[] = {set, "execute=once", "split.cloud=12", "policies=[cloud-only]"};
    if (!scenario_load(s, scenario_path, &(scenario_changes){.sets = sets, .set_count = 4}, &err))
        fail_msg("%s", err.message);
}

/* Asks about every sample in a child, which is killed after `after` microseconds of computing (0: never), or if it
 * sleeps for a minute. */
static pid_t start_asking(const scenario *s, int after) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child != 0) return child;
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_value.tv_usec = after}, NULL);
    alarm(60);
    for (uint32_t i = 0; i < SAMPLES; i++) outcome_source_reference(s, i, TIER_CLOUD, 12);
    _exit(s->outcomes->error.status);
}

static int status_of(pid_t child) {
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The next one that asks for rows of the dead computes them: all are as they would be. */
TEST(rows_of_a_dead_process_are_computed_by_another) {
    scenario s, alone;
    load_slow_model(&s);
    load_slow_model(&alone);
    int died = status_of(start_asking(&s, 20 * 1000));
    if (!WIFSIGNALED(died) || WTERMSIG(died) != SIGVTALRM) fail_msg("it ended with the wait status %d", died);
    assert_int_equal(status_of(start_asking(&s, 0)), 0);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        exit_outcome a = outcome_source_reference(&s, i, TIER_CLOUD, 12),
                     b = outcome_source_reference(&alone, i, TIER_CLOUD, 12);
        assert_memory_equal(a.probabilities, b.probabilities, 2 * sizeof *a.probabilities);
    }
    scenario_free(&s);
    scenario_free(&alone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_once_and_replay_give_the_same_bytes),
        cmocka_unit_test(rounded_runs_agree_in_live_and_once),
        cmocka_unit_test(rounding_reaches_confidences),
        cmocka_unit_test(a_router_belongs_to_its_model),
        cmocka_unit_test(replay_refuses_rounding),
        cmocka_unit_test(rows_of_a_dead_process_are_computed_by_another),
    };
    return cmocka_run_group_tests(tests, open_model, scratch_close);
}
