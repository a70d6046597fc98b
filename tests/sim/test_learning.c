/* Policies that see load or learn, by themselves: their decisions on a dozen samples against a course worked out by hand (the
 * numbers beside it), and where their choices must coincide. */
#include <float.h>
#include <math.h>

#include "base/random.h"
#include "sim/policies/policies.h"
#include "tests/support.h"

static const uint32_t DEPTH[TIER_COUNT] = {3, 6, 12};

/* ---- A policy with its options, opened ---- */

typedef struct opened_policy {
    const policy_type *type;
    policy_values *values;
    void *self;
    yaml_document options;
} opened_policy;

static opened_policy open_policy(const char *name, const char *options) {
    char text[256], why[POLICY_WHY];
    yaml_field fields[POLICY_MAX_FIELDS];
    portolan_error err = {0};
    snprintf(text, sizeof text, "{%s}", options);
    opened_policy p = {.type = policy_find(name), .options = document_of(text)};
    assert_non_null(p.type);
    p.values = calloc(1, sizeof *p.values + p.type->size);
    policy_fields(p.type, false, fields);
    if (!yaml_read(p.options.root, name, fields, p.values, &err)) fail_msg("%s", err.message);
    p.self = p.type->open ? p.type->open(p.values->options, &(policy_start){.shares = NULL}, why) : p.values->options;
    assert_non_null(p.self);
    return p;
}

static void close_policy(opened_policy *p) {
    if (p->type->close) p->type->close(p->self);
    free(p->values);
    yaml_unload(&p->options);
}

/* ---- Learning from confidences ---- */

/* Takes a sample, whose exits' confidences are [count] by layer (0: no exit), through the policy and tells it what became of
 * it: the layer at which it was answered. `agreed` is what the higher tier thinks of the phone's answer. */
static uint32_t play(opened_policy *p, const double *confidence, uint32_t count, bool agreed, uint64_t *note) {
    exit_outcome exits[16];
    *note = 0;
    observation seen = {.depth = DEPTH, .exits = exits, .note = note};
    assert_int_equal(p->type->route(p->self, &seen).to, TIER_PHONE);
    verdict v = {.kind = VERDICT_CONTINUE};
    bool every = policy_needs(p->type, p->values->options) & POLICY_NEEDS_EVERY_EXIT;
    for (uint32_t layer = 1; layer <= count && v.kind != VERDICT_ANSWER; layer++) {
        if (v.kind == VERDICT_SEND) seen.at = v.to;
        bool last = layer == DEPTH[seen.at];
        if (!last && (!every || confidence[layer - 1] == 0)) continue;
        exits[seen.exit_count] = (exit_outcome){.at = seen.at, .layer = layer, .confidence = confidence[layer - 1]};
        seen.exit_count++;
        v = p->type->after_exit(p->self, &seen);
    }
    assert_int_equal(v.kind, VERDICT_ANSWER);
    feedback f = {.exits = exits, .exit_count = seen.exit_count, .agreed = agreed, .note = *note};
    p->type->feedback(p->self, &f);
    return exits[seen.exit_count - 1].layer;
}

/* Thresholds 0, .5 and 1. Mean rewards and indices before sample 5, when 5 requests have ended: arm 0: 0 of 2, sqrt(ln 5 / 2) =
 * .8971; arm 1: 0 of 1, sqrt(ln 5) = 1.2686; arm 2: (.3 + .19) / 2 = .245 + .8971 = 1.1421. So arm 1 is played. */
TEST(adaee_learns_a_threshold) {
    static const struct {
        double phone, cloud;
        uint64_t arm;
        uint32_t answered;
    } TRACE[] = {
        {.60, .90, 0, 3},  {.90, .95, 1, 3}, {.40, .80, 2, 12}, {.70, .99, 2, 12}, {.95, .97, 0, 3}, {.30, .60, 1, 12},
        {.80, .70, 2, 12}, {.50, .90, 1, 3}, {.65, .85, 0, 3},  {.55, .95, 2, 12}, {.85, .90, 1, 3}, {.45, .75, 2, 12},
    };
    opened_policy p = open_policy("adaee", "arms: 3, overhead: 0.1, exploration: 1");
    for (size_t i = 0; i < sizeof TRACE / sizeof *TRACE; i++) {
        double confidence[12] = {[2] = TRACE[i].phone, [11] = TRACE[i].cloud};
        uint64_t note;
        assert_int_equal(play(&p, confidence, 12, false, &note), TRACE[i].answered);
        assert_int_equal(note, TRACE[i].arm);
    }
    close_policy(&p);
}

/* Layers 1 to 3. Before sample 3 each arm has one reward: .8417 = .9 - .1 (1/12 + 1/2), .8833 = .9 - .1 x 2/12, .795 = .82 -
 * .1 x 3/12; all get sqrt(ln 3) = 1.0481 more, so arm 2 is played. */
TEST(splitee_learns_a_split) {
    static const struct {
        double exits[3], cloud;
        uint64_t arm;
        uint32_t answered;
    } TRACE[] = {
        {{.50, .60, .70}, .90, 1, 12}, {{.85, .90, .95}, .99, 2, 2},  {{.40, .55, .82}, .90, 3, 3},
        {{.60, .70, .75}, .80, 2, 12}, {{.90, .92, .93}, .97, 1, 1},  {{.30, .50, .60}, .70, 3, 12},
        {{.55, .81, .85}, .90, 1, 12}, {{.70, .75, .79}, .88, 2, 12}, {{.80, .80, .90}, .95, 3, 3},
        {{.45, .50, .65}, .92, 1, 12}, {{.50, .85, .90}, .93, 2, 2},  {{.62, .71, .90}, .96, 3, 3},
    };
    opened_policy p = open_policy("splitee", "alpha: 0.8, exploration: 1, mu: 0.1, lambda: 1/12, offload: 6/12");
    for (size_t i = 0; i < sizeof TRACE / sizeof *TRACE; i++) {
        const double *e = TRACE[i].exits;
        double confidence[12] = {e[0], e[1], e[2], [11] = TRACE[i].cloud};
        uint64_t note;
        assert_int_equal(play(&p, confidence, 12, false, &note), TRACE[i].answered);
        assert_int_equal(note, TRACE[i].arm);
    }
    close_policy(&p);
}

/* Four bins, beta = .25, alpha = .1: it answers where the bound reaches .75. After sample 0 (asked, agreed) the bound of bin 3
 * is 1 - sqrt(.1 ln 1 / 1) = 1: sample 1 stays. Then 1 - sqrt(.1 ln 2) = .7367: sample 2 is asked; 1 - sqrt(.1 ln 3 / 2) =
 * .7656: sample 3 stays. Bin 2 begins anew with sample 4. */
TEST(hi_lcb_learns_whom_to_trust) {
    static const struct {
        double phone;
        bool agreed;
        uint32_t answered;
    } TRACE[] = {
        {.90, true, 12}, {.90, true, 3},   {.90, true, 12}, {.90, true, 3},   {.60, true, 12},
        {.95, true, 12}, {.60, false, 12}, {.80, true, 12}, {.30, false, 12}, {.90, true, 3},
        {.60, true, 12}, {.99, false, 3},  {.60, true, 12}, {.90, true, 12},  {.70, true, 12},
    };
    opened_policy p = open_policy("hi-lcb", "bins: 4, beta: 0.25, alpha: 0.1");
    for (size_t i = 0; i < sizeof TRACE / sizeof *TRACE; i++) {
        double confidence[12] = {[2] = TRACE[i].phone, [11] = .9};
        uint64_t note;
        assert_int_equal(play(&p, confidence, 12, TRACE[i].agreed, &note), TRACE[i].answered);
    }
    close_policy(&p);
}

/* What bin 1 has shown counts for bin 3, unless `monotone: no`: after six samples, of which five were asked about, the bound
 * of bin 1 is 1 - sqrt(.1 ln 6 / 5) = .8107, which is enough for a sample of bin 3 that nobody has asked about. */
TEST(bounds_of_lower_confidences_count) {
    static const double LOW[12] = {[2] = .3, [11] = .9}, HIGH[12] = {[2] = .9, [11] = .9};
    static const char *const OPTIONS[] = {"bins: 4, beta: 0.2, alpha: 0.1",
                                          "bins: 4, beta: 0.2, alpha: 0.1, monotone: no"};
    for (size_t i = 0; i < 2; i++) {
        opened_policy p = open_policy("hi-lcb", OPTIONS[i]);
        uint64_t note;
        for (int k = 0; k < 6; k++) play(&p, LOW, 12, true, &note);
        assert_int_equal(play(&p, HIGH, 12, true, &note), i == 0 ? 3 : 12);
        close_policy(&p);
    }
}

/* A request that failed teaches nothing, whatever it had seen. */
TEST(failures_teach_nothing) {
    static const char *const LEARNERS[] = {"adaee", "splitee", "hi-lcb"};
    for (size_t i = 0; i < 3; i++) {
        opened_policy p = open_policy(LEARNERS[i], ""), q = open_policy(LEARNERS[i], "");
        p.type->feedback(p.self, &(feedback){.failed = true, .note = 1});
        for (int k = 0; k < 10; k++) {
            double confidence[12] = {.5, .6, .4 + .06 * k, [11] = .9};
            uint64_t a, b;
            assert_int_equal(play(&p, confidence, 12, k % 2, &a), play(&q, confidence, 12, k % 2, &b));
            assert_int_equal(a, b);
        }
        close_policy(&p);
        close_policy(&q);
    }
}

/* ---- Regret ---- */

enum { SEEDS = 20, SHORT = 10000, LONG = 100000 };

/* One step of a made world: the confidences of the exits after layers 3 and 12 (and 1 and 2 for splitee). */
typedef void (*made_world)(random_stream *s, double confidence[12], bool *agreed);

/* What playing an arm (or asking, or not) is expected to lose against the best. */
typedef double (*made_loss)(uint64_t note, uint32_t answered, const double *confidence);

/* Regret after SHORT and after LONG requests. */
static void regret_of(const char *name, const char *options, made_world draw, made_loss loss, uint64_t seed,
                      double regret[2]) {
    opened_policy p = open_policy(name, options);
    random_stream s = random_open(seed, "made world", 0);
    double sum = 0;
    for (int t = 0; t < LONG; t++) {
        double confidence[12] = {0};
        bool agreed = false;
        uint64_t note;
        if (t == SHORT) regret[0] = sum;
        draw(&s, confidence, &agreed);
        uint32_t answered = play(&p, confidence, 12, agreed, &note);
        sum += loss(note, answered, confidence);
    }
    regret[1] = sum;
    close_policy(&p);
}

/* In the mean over the seeds, ten times the requests bring less than eight times the regret; a policy that does not learn has
 * ten. */
static void assert_sublinear(const char *name, const char *options, made_world draw, made_loss loss) {
    double sum[2] = {0, 0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double regret[2] = {0};
        regret_of(name, options, draw, loss, seed, regret);
        for (int i = 0; i < 2; i++) sum[i] += regret[i] / SEEDS;
    }
    print_message("%s: regret %g after %d, %g after %d\n", name, sum[0], SHORT, sum[1], LONG);
    assert_true(sum[0] > 0 && sum[1] < 8 * sum[0]);
}

/* The phone's confidence is .3 or .7, as likely; the cloud's .95. Sent up, they earn .65 and .25 less the overhead of .4: .25 and
 * -.15. Thresholds 0 and .25 (arms 0, 1) send nothing: 0; .5 (arm 2) sends the first kind: .125; .75 and 1 send both: .05. The best
 * leads by .075. */
static void two_kinds(random_stream *s, double confidence[12], bool *agreed) {
    confidence[2] = random_uniform(s) < 0.5 ? .3 : .7;
    confidence[11] = .95;
    *agreed = true;
}

static double adaee_loss(uint64_t note, uint32_t answered, const double *confidence) {
    (void)answered, (void)confidence;
    static const double EARNS[] = {0, 0, .125, .05, .05};
    return .125 - EARNS[note];
}

/* The phone's exits are sure of .65, .9 and .95, or .1 less, as likely; alpha = .5, so all answer. */
static void three_exits(random_stream *s, double confidence[12], bool *agreed) {
    double less = random_uniform(s) < 0.5 ? .1 : 0;
    confidence[0] = .65 - less;
    confidence[1] = .9 - less;
    confidence[2] = .95 - less;
    confidence[11] = .99;
    *agreed = true;
}

/* mu lambda = .1 a layer: .6 - .1 = .5, .85 - .2 = .65, .9 - .3 = .6. */
static double splitee_loss(uint64_t note, uint32_t answered, const double *confidence) {
    (void)answered, (void)confidence;
    static const double EARNS[] = {.5, .65, .6};
    return .65 - EARNS[note - 1];
}

/* The phone's confidence falls into one of five bins, where it is right with probability .1, .3, .5, .7, .9; asking costs .4, so the
 * best is to ask in the lower three (which lead by .5, .3, .1) and to answer in the upper two (by .1 and .3). */
static void five_bins(random_stream *s, double confidence[12], bool *agreed) {
    confidence[2] = random_uniform(s);
    confidence[11] = .99;
    *agreed = random_uniform(s) < .1 + .2 * floor(5 * confidence[2]);
}

static double lcb_loss(uint64_t note, uint32_t answered, const double *confidence) {
    (void)note;
    double wrong = .9 - .2 * floor(5 * confidence[2]), best = fmin(wrong, .4);
    return (answered == 12 ? .4 : wrong) - best;
}

TEST(regret_grows_slower_than_time) {
    assert_sublinear("adaee", "arms: 5, overhead: 0.4, exploration: 1", two_kinds, adaee_loss);
    assert_sublinear("splitee", "alpha: 0.5, mu: 0.1, lambda: 1, exploration: 1", three_exits, splitee_loss);
    assert_sublinear("hi-lcb", "bins: 5, beta: 0.4, alpha: 0.5", five_bins, lcb_loss);
    assert_sublinear("hi-lcb", "bins: 5, beta: 0.4, alpha: 0.5, monotone: no", five_bins, lcb_loss);
}

/* ---- Recovery ---- */

enum { STEP = 1000, STEPS = 60 };

/* From half-time on the cloud is less sure than it was, by .3: sent up, a sample of .3 earns -.05 and one of .7 -.4, so nothing
 * should be sent: arms earn 0, 0, -.025, -.225, -.225. */
static bool drifted;

static void two_kinds_drifting(random_stream *s, double confidence[12], bool *agreed) {
    two_kinds(s, confidence, agreed);
    if (drifted) confidence[11] = .65;
}

static double drifting_adaee_loss(uint64_t note, uint32_t answered, const double *confidence) {
    static const double LOSES[] = {0, 0, .025, .225, .225};
    return drifted ? LOSES[note] : adaee_loss(note, answered, confidence);
}

/* From half-time on the layers of the phone are worth less than the first alone: all are as sure as it was. */
static void three_exits_drifting(random_stream *s, double confidence[12], bool *agreed) {
    three_exits(s, confidence, agreed);
    if (drifted) confidence[1] = confidence[2] = confidence[0];
}

static double drifting_splitee_loss(uint64_t note, uint32_t answered, const double *confidence) {
    return drifted ? .1 * (double)(note - 1) : splitee_loss(note, answered, confidence);
}

/* From half-time on the phone is right one time in two, whatever it says: asking costs less than that always. */
static void five_bins_drifting(random_stream *s, double confidence[12], bool *agreed) {
    five_bins(s, confidence, agreed);
    if (drifted) *agreed = random_uniform(s) < .5;
}

static double drifting_lcb_loss(uint64_t note, uint32_t answered, const double *confidence) {
    return drifted ? (answered == 12 ? 0 : .1) : lcb_loss(note, answered, confidence);
}

/* Mean losses a request of each step, over the seeds. */
static void losses_through_a_drift(const char *name, const char *options, made_world draw, made_loss loss,
                                   double mean[STEPS]) {
    for (int k = 0; k < STEPS; k++) mean[k] = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        opened_policy p = open_policy(name, options);
        random_stream s = random_open(seed, "drifting world", 0);
        for (int t = 0; t < STEP * STEPS; t++) {
            double confidence[12] = {0};
            bool agreed = false;
            uint64_t note;
            drifted = t >= STEP * STEPS / 2;
            draw(&s, confidence, &agreed);
            uint32_t answered = play(&p, confidence, 12, agreed, &note);
            mean[t / STEP] += loss(note, answered, confidence) / (SEEDS * STEP);
        }
        close_policy(&p);
    }
}

static const struct {
    const char *name, *options;
    made_world draw;
    made_loss loss;
} LEARNERS[] = {
    {"adaee", "arms: 5, overhead: 0.4, exploration: 1", two_kinds_drifting, drifting_adaee_loss},
    {"splitee", "alpha: 0.5, mu: 0.1, lambda: 1, exploration: 1", three_exits_drifting, drifting_splitee_loss},
    {"hi-lcb", "bins: 5, beta: 0.4, alpha: 0.5", five_bins_drifting, drifting_lcb_loss},
};
enum { LEARNER_COUNT = sizeof LEARNERS / sizeof *LEARNERS };

/* They lose more behind the drift than before it, and less again in the end; means over all time forget slowly. */
TEST(drifts_are_noticed) {
    for (int i = 0; i < LEARNER_COUNT; i++) {
        double mean[STEPS];
        losses_through_a_drift(LEARNERS[i].name, LEARNERS[i].options, LEARNERS[i].draw, LEARNERS[i].loss, mean);
        assert_true(mean[STEPS / 2] > 2 * mean[STEPS / 2 - 1]);
        assert_true(mean[STEPS - 1] < mean[STEPS / 2]);
    }
}

/* sim_learning drift: the same as a table, for a picture. */
static int print_drift(void) {
    double mean[LEARNER_COUNT][STEPS];
    for (int i = 0; i < LEARNER_COUNT; i++)
        losses_through_a_drift(LEARNERS[i].name, LEARNERS[i].options, LEARNERS[i].draw, LEARNERS[i].loss, mean[i]);
    printf("requests");
    for (int i = 0; i < LEARNER_COUNT; i++) printf("\t%s", LEARNERS[i].name);
    for (int k = 0; k < STEPS; k++) {
        printf("\n%d", (k + 1) * STEP);
        for (int i = 0; i < LEARNER_COUNT; i++) printf("\t%.6f", mean[i][k]);
    }
    puts("");
    return 0;
}

/* ---- Load ---- */

typedef struct tier_view {
    double wait, service, round_trip;
} tier_view;

static tier first_tier(const opened_policy *p, const tier_view view[TIER_COUNT], const device_state *device) {
    tier_load load[TIER_COUNT];
    uint64_t note = 0;
    for (int k = 0; k < TIER_COUNT; k++)
        load[k] = (tier_load){.wait = view[k].wait, .service = view[k].service, .round_trip = view[k].round_trip};
    observation seen = {.depth = DEPTH, .load = load, .device = device, .note = &note};
    return p->type->route(p->self, &seen).to;
}

/* Sums in milliseconds; NAN is not known and counts 0. */
TEST(edge_queue_takes_the_least_delay) {
    static const struct {
        tier_view view[TIER_COUNT];
        tier to, of_servers;
    } TRACE[] = {
        {{{0, 60, NAN}, {NAN, 20, NAN}, {NAN, 4, NAN}}, TIER_CLOUD, TIER_CLOUD}, /* 60, 20, 4 */
        {{{0, 60, NAN}, {NAN, 20, NAN}, {0, 4, 80}}, TIER_EDGE, TIER_EDGE},      /* 60, 20, 84 */
        {{{0, 60, NAN}, {0, 20, 45}, {0, 4, 80}}, TIER_PHONE, TIER_EDGE},        /* 60, 65, 84 */
        {{{60, 60, NAN}, {0, 20, 45}, {0, 4, 80}}, TIER_EDGE, TIER_EDGE},        /* 120, 65, 84 */
        {{{60, 60, NAN}, {20, 20, 45}, {0, 4, 80}}, TIER_CLOUD, TIER_CLOUD},     /* 120, 85, 84 */
        {{{60, 60, NAN}, {19, 20, 45}, {0, 4, 80}}, TIER_EDGE, TIER_EDGE},       /* 120, 84, 84: ties go down */
        {{{24, 60, NAN}, {19, 20, 45}, {0, 4, 80}}, TIER_PHONE, TIER_EDGE},      /* 84, 84, 84 */
        {{{25, 60, NAN}, {100, 20, 45}, {30, 4, 80}}, TIER_PHONE, TIER_CLOUD},   /* 85, 165, 114 */
        {{{90, 60, NAN}, {100, 20, 45}, {30, 4, 80}}, TIER_CLOUD, TIER_CLOUD},   /* 150, 165, 114 */
        {{{90, 60, NAN}, {10, 20, 45}, {30, 4, NAN}}, TIER_CLOUD, TIER_CLOUD},   /* 150, 75, 34 */
    };
    opened_policy all = open_policy("edge-queue", ""), servers = open_policy("edge-queue", "tiers: servers");
    for (size_t i = 0; i < sizeof TRACE / sizeof *TRACE; i++) {
        assert_int_equal(first_tier(&all, TRACE[i].view, NULL), TRACE[i].to);
        assert_int_equal(first_tier(&servers, TRACE[i].view, NULL), TRACE[i].of_servers);
    }
    close_policy(&all);
    close_policy(&servers);
}

/* Where neurosurgeon cuts: 0, or the layers that the phone computes. */
static uint32_t cut_of(const opened_policy *p, const uint32_t depth[TIER_COUNT], const tier_load load[TIER_COUNT],
                       const device_state *device) {
    uint64_t note = 0;
    exit_outcome exits[16];
    observation seen = {.depth = depth, .load = load, .device = device, .note = &note, .exits = exits};
    if (p->type->route(p->self, &seen).to != TIER_PHONE) return 0;
    for (uint32_t layer = 1;; layer++) {
        exits[layer - 1] = (exit_outcome){.at = TIER_PHONE, .layer = layer};
        seen.exit_count = layer;
        verdict v = p->type->after_exit(p->self, &seen);
        if (v.kind == VERDICT_CONTINUE) continue;
        assert_true(v.kind == VERDICT_ANSWER || (v.to == TIER_CLOUD && v.hidden));
        return layer;
    }
}

/* A sample of 25 tokens of BERT-base: 50 bytes, or 76,800 of hidden state; a layer takes 10 ms on the phone. In the cloud it
 * takes 20 ms (an old cloud), or 1 ms. Waits and round trips 0.
 *
 *   old cloud: 0 costs 50/B + 240 ms; 3 costs 30 + 76800/B + 180: 0 while (76800 - 50) / B > 30 ms: B < 2.558 MB/s.
 *   fast one: a layer on the phone never pays. */
TEST(neurosurgeon_cuts_at_the_ends) {
    opened_policy p = open_policy("neurosurgeon", "");
    const uint32_t WHOLE[TIER_COUNT] = {12, 12, 12};
    device_state device = {.token_bytes = 50, .hidden_bytes = 76800};
    for (double rate = 1e3; rate < 1e12; rate *= 1.7) {
        device.rate_up = rate;
        tier_load load[TIER_COUNT] = {{.service = .03, .round_trip = NAN},
                                      {.service = NAN},
                                      {.service = .24, .round_trip = NAN}};
        assert_int_equal(cut_of(&p, DEPTH, load, &device), rate < 2.5583e6 ? 0 : 3);
        load[TIER_CLOUD].service = .012;
        assert_int_equal(cut_of(&p, DEPTH, load, &device), 0);
        load[TIER_PHONE]
            .service = .12; /* the whole model on the phone: 120 ms; the cloud 12 ms and a round trip of 100 */
        load[TIER_CLOUD].round_trip = .1;
        assert_int_equal(cut_of(&p, WHOLE, load, &device), 50 / rate + .112 <= .12 ? 0 : 12);
    }
    close_policy(&p);
}

/* Waits count: at 10 MB/s cutting at 3 saves 22.3 ms of 240, but not if the phone's queue takes longer than that. */
TEST(neurosurgeon_sees_queues) {
    opened_policy p = open_policy("neurosurgeon", "");
    device_state device = {.token_bytes = 50, .hidden_bytes = 76800, .rate_up = 10e6};
    for (int wait = 0; wait < 50; wait += 4) {
        tier_load load[TIER_COUNT] = {{.service = .03, .wait = wait * 1e-3},
                                      {.service = NAN},
                                      {.service = .24, .wait = .5}};
        assert_int_equal(cut_of(&p, DEPTH, load, &device), wait * 1e-3 < .03 - 76750 / 10e6 ? 3 : 0);
    }
    close_policy(&p);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adaee_learns_a_threshold),
        cmocka_unit_test(splitee_learns_a_split),
        cmocka_unit_test(hi_lcb_learns_whom_to_trust),
        cmocka_unit_test(bounds_of_lower_confidences_count),
        cmocka_unit_test(failures_teach_nothing),
        cmocka_unit_test(regret_grows_slower_than_time),
        cmocka_unit_test(drifts_are_noticed),
        cmocka_unit_test(edge_queue_takes_the_least_delay),
        cmocka_unit_test(neurosurgeon_cuts_at_the_ends),
        cmocka_unit_test(neurosurgeon_sees_queues),
    };
    if (argc == 2 && strcmp(argv[1], "drift") == 0) return print_drift();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
