/* Every policy on six samples, against courses worked out by hand; their books; and the checks of their
 * options. A small driver takes a request through attempt_route and attempt_plan as the simulation does, but
 * without time or network. */
#include "sim/engine/place.h"
#include "sim/engine/steering.h"
#include "tests/support.h"

/* Six samples, four exits, two classes; the phone holds 1 layer, the edge 2, the cloud 4.
 *
 *   sample  label  tokens   confidences of exits 1-4   predictions
 *   0       1      10       .8   .9   .95  .99         1 1 1 1
 *   1       0       5       .6   .75  .9   .95         0 0 0 0
 *   2       1      20       .7   .6   .6   .9          0 0 1 1
 *   3       1       8       .55  .8   .7   .6          0 1 1 1
 *   4       0       4       .9   .6   .7   .55         1 1 1 1
 *   5       0      16       .55  .55  .6   .7          1 0 0 0 */
static const char
    TABLE[] = "sample,label,tokens,exit1_p0,exit1_p1,exit2_p0,exit2_p1,exit3_p0,exit3_p1,exit4_p0,exit4_p1\n"
              "0,1,10,0.2,0.8,0.1,0.9,0.05,0.95,0.01,0.99\n"
              "1,0,5,0.6,0.4,0.75,0.25,0.9,0.1,0.95,0.05\n"
              "2,1,20,0.7,0.3,0.6,0.4,0.4,0.6,0.1,0.9\n"
              "3,1,8,0.55,0.45,0.2,0.8,0.3,0.7,0.4,0.6\n"
              "4,0,4,0.1,0.9,0.4,0.6,0.3,0.7,0.45,0.55\n"
              "5,0,16,0.45,0.55,0.55,0.45,0.6,0.4,0.7,0.3\n";
enum { SAMPLES = 6 };

/* One phone, one cell, one site; costs of 1, 10 and 100 so that a sum shows its terms:
 * K = 1, 10 + 2, 100 + 4. */
static phone the_phone;
static cell the_cell = {.link = {.radio_up = 1e-3, .radio_down = 1e-2}};
static scenario s;

static int open_scenario(void **state __attribute__((unused))) {
    portolan_error err = {0};
    s = (scenario){
        .seed = 7,
        .platform = {.phones = &the_phone, .cells = &the_cell, .phone_count = 1, .cell_count = 1},
        .shape = {.layers = 4, .hidden = 2, .feed_forward = 3, .classes = 2, .vocabulary = 1},
        .depth = {1, 2, 4},
        .execute = EXECUTE_REPLAY,
        .cost = {.layer = 1, .offload_edge = 10, .offload_cloud = 100, .charge_remote_compute = true},
        .payload = {.token = 2, .hidden = 4, .answer = 64},
    };
    return outcome_table_parse(&s.table, "table.csv", TABLE, sizeof TABLE - 1, &err) ? 0 : -1;
}

static int close_scenario(void **state __attribute__((unused))) {
    outcome_table_free(&s.table);
    return 0;
}

/* ---- A policy with its options ---- */

typedef struct made_policy {
    policy_setup *setup;
    policy_values *values; /* and its options */
    steering *steer;
    yaml_document options; /* the values borrow from it */
} made_policy;

/* Whether the options are good; they are written as YAML: "threshold: 0.8". */
static bool try_policy(made_policy *made, const char *name, const char *options, portolan_error *err) {
    char text[256];
    snprintf(text, sizeof text, "{%s}", options);
    const policy_type *type = policy_find(name);
    assert_non_null(type);
    *made = (made_policy){.setup = calloc(1, sizeof *made->setup),
                          .values = calloc(1, sizeof *made->values + type->size),
                          .steer = calloc(1, sizeof *made->steer),
                          .options = document_of(text)};
    *made->setup = (policy_setup){.type = type,
                                  .label = name,
                                  .options = made->values->options,
                                  .scope = type->feedback ? SCOPE_PHONE : SCOPE_FLEET};
    yaml_field fields[POLICY_MAX_FIELDS];
    policy_fields(type, false, fields);
    if (!yaml_read(made->options.root, name, fields, made->values, err)) return false;
    made->setup->needs = policy_needs(type, made->setup->options);
    char why[POLICY_WHY] = "";
    if (!steering_open(made->steer, &s, made->setup, NULL, err)) return false;
    return !type->check || type->check(made->setup->options, &made->setup->needs, why) ||
           error_input(err, made->options.root->mark, "%s", why);
}

static made_policy make_policy(const char *name, const char *options) {
    made_policy made;
    portolan_error err = {0};
    if (!try_policy(&made, name, options, &err)) {
        error_print(&err, stderr);
        fail();
    }
    return made;
}

static void drop_policy(made_policy *made) {
    steering_close(made->steer);
    free(made->steer);
    free(made->setup);
    free(made->values);
    yaml_unload(&made->options);
}

/* ---- The driver ---- */

/* Opens a request, and gives its attempt. */
static attempt *open_request(request *r, uint32_t sample, uint64_t key) {
    arrival a = {.time = 0, .key = key, .phone = 0, .sample = sample};
    request_open(r, &s, key, &a);
    attempt_open(&r->first, r, NULL, 0);
    return &r->first;
}

static void send_up(attempt *a, tier *at, tier to, bool hidden, char **note) {
    uint64_t bytes = request_payload(a->request, &s, hidden);
    a->from = hidden ? a->exits[a->exit_count - 1].layer : 0;
    request_book_transfer(a->request, &s, *at, to, bytes);
    *at = to;
    *note += sprintf(*note, "%s %llu, ", hidden ? "hidden" : "tokens", (unsigned long long)bytes);
}

/* Takes a sample through a policy and writes its course:
 *   "phone 1/1, tokens 10, edge 2/1 = 2:0"  layers/exits at each tier, bytes sent up, exit:prediction. */
static void trace(const made_policy *p, uint32_t sample, char *course) {
    request r;
    attempt *a = open_request(&r, sample, sample);
    tier at = TIER_PHONE, to = steering_route(p->steer, a, 0);
    if (to != TIER_PHONE) send_up(a, &at, to, false, &course);
    for (;;) {
        slice done = steering_plan(p->steer, a, at, 0);
        course += sprintf(course, "%s %u/%u", TIER_NAMES[at], done.work.layers, done.exits);
        if (done.verdict.kind == VERDICT_ANSWER) break;
        assert_int_equal(done.verdict.kind, VERDICT_SEND);
        assert_true(done.verdict.to > at);
        course += sprintf(course, ", ");
        send_up(a, &at, done.verdict.to, done.verdict.hidden, &course);
    }
    request_answer(&r, a);
    assert_int_equal(r.record.tier, at);
    sprintf(course, " = %u:%u", r.record.exit, r.record.prediction);
}

static void assert_courses(const char *name, const char *options, const char *const wanted[SAMPLES]) {
    made_policy p = make_policy(name, options);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        char course[512];
        trace(&p, i, course);
        if (strcmp(course, wanted[i]) != 0) print_error("%s {%s}, sample %u:\n", name, options, i);
        assert_string_equal(course, wanted[i]);
    }
    drop_policy(&p);
}

/* ---- Fixed tiers ---- */

TEST(fixed_policies) {
    assert_courses("phone-only", "",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1 = 1:0",
                       "phone 1/1 = 1:0",
                       "phone 1/1 = 1:0",
                       "phone 1/1 = 1:1",
                       "phone 1/1 = 1:1",
                   });
    assert_courses("edge-only", "",
                   (const char *[]){
                       "tokens 20, edge 2/1 = 2:1",
                       "tokens 10, edge 2/1 = 2:0",
                       "tokens 40, edge 2/1 = 2:0",
                       "tokens 16, edge 2/1 = 2:1",
                       "tokens 8, edge 2/1 = 2:1",
                       "tokens 32, edge 2/1 = 2:0",
                   });
    assert_courses("cloud-only", "",
                   (const char *[]){
                       "tokens 20, cloud 4/1 = 4:1",
                       "tokens 10, cloud 4/1 = 4:0",
                       "tokens 40, cloud 4/1 = 4:1",
                       "tokens 16, cloud 4/1 = 4:1",
                       "tokens 8, cloud 4/1 = 4:1",
                       "tokens 32, cloud 4/1 = 4:0",
                   });
}

/* ---- Confidence ---- */

/* Samples 0 (exit 1) and 3 (exit 2) meet the threshold exactly. */
TEST(confidence_at_tiers_by_tokens) {
    assert_courses("confidence", "threshold: 0.8",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1, tokens 10, edge 2/1, tokens 10, cloud 4/1 = 4:0",
                       "phone 1/1, tokens 40, edge 2/1, tokens 40, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 16, edge 2/1 = 2:1",
                       "phone 1/1 = 1:1",
                       "phone 1/1, tokens 32, edge 2/1, tokens 32, cloud 4/1 = 4:0",
                   });
}

/* A hidden state is 4 bytes x width 2 x tokens; behind it the edge runs layer 2 alone, the cloud layers 3
 * and 4. */
TEST(confidence_at_tiers_by_hidden_state) {
    assert_courses("confidence", "threshold: 0.8, escalate: hidden",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1, hidden 40, edge 1/1, hidden 40, cloud 2/1 = 4:0",
                       "phone 1/1, hidden 160, edge 1/1, hidden 160, cloud 2/1 = 4:1",
                       "phone 1/1, hidden 64, edge 1/1 = 2:1",
                       "phone 1/1 = 1:1",
                       "phone 1/1, hidden 128, edge 1/1, hidden 128, cloud 2/1 = 4:0",
                   });
}

/* Sample 1 ends at exit 3 (.9), so the cloud stops there; exits seen on a lower tier are not asked again. */
TEST(confidence_at_all_exits) {
    assert_courses("confidence", "threshold: 0.8, exits: all, escalate: hidden",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1, hidden 40, edge 1/1, hidden 40, cloud 1/1 = 3:0",
                       "phone 1/1, hidden 160, edge 1/1, hidden 160, cloud 2/2 = 4:1",
                       "phone 1/1, hidden 64, edge 1/1 = 2:1",
                       "phone 1/1 = 1:1",
                       "phone 1/1, hidden 128, edge 1/1, hidden 128, cloud 2/2 = 4:0",
                   });
    assert_courses("confidence", "threshold: 0.8, exits: all, escalate: tokens",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1, tokens 10, edge 2/1, tokens 10, cloud 3/1 = 3:0",
                       "phone 1/1, tokens 40, edge 2/1, tokens 40, cloud 4/2 = 4:1",
                       "phone 1/1, tokens 16, edge 2/1 = 2:1",
                       "phone 1/1 = 1:1",
                       "phone 1/1, tokens 32, edge 2/1, tokens 32, cloud 4/2 = 4:0",
                   });
}

/* A phone of two layers asks two exits before it escalates. */
TEST(all_exits_of_a_deeper_phone) {
    s.depth[TIER_PHONE] = 2;
    s.depth[TIER_EDGE] = 3;
    assert_courses("confidence", "threshold: 0.8, exits: all, escalate: hidden",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 2/2, hidden 40, edge 1/1 = 3:0",
                       "phone 2/2, hidden 160, edge 1/1, hidden 160, cloud 1/1 = 4:1",
                       "phone 2/2 = 2:1",
                       "phone 1/1 = 1:1",
                       "phone 2/2, hidden 128, edge 1/1, hidden 128, cloud 1/1 = 4:0",
                   });
    s.depth[TIER_PHONE] = 1;
    s.depth[TIER_EDGE] = 2;
}

/* A tier that holds no more layers than the one below it can add nothing, and is passed over. */
TEST(equal_tiers_are_passed_over) {
    s.depth[TIER_EDGE] = 1;
    assert_courses("confidence", "threshold: 0.85, escalate: hidden",
                   (const char *[]){
                       "phone 1/1, hidden 80, cloud 3/1 = 4:1",
                       "phone 1/1, hidden 40, cloud 3/1 = 4:0",
                       "phone 1/1, hidden 160, cloud 3/1 = 4:1",
                       "phone 1/1, hidden 64, cloud 3/1 = 4:1",
                       "phone 1/1 = 1:1",
                       "phone 1/1, hidden 128, cloud 3/1 = 4:0",
                   });
    s.depth[TIER_EDGE] = 2;
}

TEST(confidence_thresholds_at_the_ends) {
    const char *first[SAMPLES] = {
        "phone 1/1 = 1:1", "phone 1/1 = 1:0", "phone 1/1 = 1:0",
        "phone 1/1 = 1:0", "phone 1/1 = 1:1", "phone 1/1 = 1:1",
    };
    assert_courses("confidence", "threshold: 0", first);
    assert_courses("confidence", "threshold: 0.55", first); /* the least confidence of all exits 1 */
    assert_courses("confidence", "threshold: 1",
                   (const char *[]){
                       "phone 1/1, tokens 20, edge 2/1, tokens 20, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 10, edge 2/1, tokens 10, cloud 4/1 = 4:0",
                       "phone 1/1, tokens 40, edge 2/1, tokens 40, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 16, edge 2/1, tokens 16, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 8, edge 2/1, tokens 8, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 32, edge 2/1, tokens 32, cloud 4/1 = 4:0",
                   });
}

/* ---- Entropy ---- */

/* In nats: H(.8) = .5004, H(.9) = .3251, H(.75) = .5623, H(.6) = .6730, H(.7) = .6109, H(.55) = .6881.
 * At .6: */
TEST(entropy_courses) {
    const char *wanted[SAMPLES] = {
        "phone 1/1 = 1:1",
        "phone 1/1, tokens 10, edge 2/1 = 2:0",
        "phone 1/1, tokens 40, edge 2/1, tokens 40, cloud 4/1 = 4:1",
        "phone 1/1, tokens 16, edge 2/1 = 2:1",
        "phone 1/1 = 1:1",
        "phone 1/1, tokens 32, edge 2/1, tokens 32, cloud 4/1 = 4:0",
    };
    assert_courses("entropy", "threshold: 0.6", wanted);
    /* the same for two classes */
    assert_courses("entropy", "threshold: 0.6, entropy_from: confidence", wanted);
    assert_courses("entropy", "threshold: 0.6, exits: all, escalate: hidden",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1, hidden 40, edge 1/1 = 2:0",
                       "phone 1/1, hidden 160, edge 1/1, hidden 160, cloud 2/2 = 4:1",
                       "phone 1/1, hidden 64, edge 1/1 = 2:1",
                       "phone 1/1 = 1:1",
                       "phone 1/1, hidden 128, edge 1/1, hidden 128, cloud 2/2 = 4:0",
                   });
}

/* Whether a policy answers with this one exit of the phone. */
static bool answers_with(const char *name, const char *options, uint32_t classes, const double *probabilities,
                         double confidence) {
    made_policy p = make_policy(name, options);
    exit_outcome seen_exit = {.at = TIER_PHONE,
                              .layer = 1,
                              .confidence = confidence,
                              .classes = classes,
                              .probabilities = probabilities};
    observation seen = {.depth = s.depth, .at = TIER_PHONE, .exits = &seen_exit, .exit_count = 1};
    verdict v = p.setup->type->after_exit(p.setup->options, &seen);
    drop_policy(&p);
    return v.kind == VERDICT_ANSWER;
}

/* H(.8, .2) = -.8 ln .8 - .2 ln .2 = .8 * .2231435513 + .2 * 1.6094379124 = .5004024235;
 * H(1/2, 1/4, 1/4) = 1.5 ln 2 = 1.0397207708; H(1, 0) = 0 and H(1/2, 1/2) = ln 2 hold to the last bit. */
TEST(entropy_values) {
    static const double SURE[] = {1, 0}, EIGHTY[] = {0.2, 0.8}, EVEN[] = {0.5, 0.5}, THREE[] = {0.25, 0.5, 0.25};
    assert_true(answers_with("entropy", "threshold: 0.50040242354", 2, EIGHTY, 0.8));
    assert_false(answers_with("entropy", "threshold: 0.50040242353", 2, EIGHTY, 0.8));
    assert_true(answers_with("entropy", "threshold: 1.03972077085", 3, THREE, 0.5));
    assert_false(answers_with("entropy", "threshold: 1.03972077083", 3, THREE, 0.5));
    assert_true(answers_with("entropy", "threshold: 0", 2, SURE, 1));
    assert_true(answers_with("entropy", "threshold: 0.69314718055994530942", 2, EVEN, 0.5));
    assert_false(answers_with("entropy", "threshold: 0.6931471805599452", 2, EVEN, 0.5));
}

/* entropy_from: confidence takes c = .5 of three classes as (.5, .5): ln 2, not 1.5 ln 2; and needs no
 * probabilities. */
TEST(entropy_from_confidence) {
    assert_true(answers_with("entropy", "threshold: 0.6931471806, entropy_from: confidence", 3, NULL, 0.5));
    assert_false(answers_with("entropy", "threshold: 0.6931471805, entropy_from: confidence", 3, NULL, 0.5));
    assert_true(answers_with("entropy", "threshold: 0, entropy_from: confidence", 3, NULL, 1));
}

/* ---- Patience ---- */

/* Exits 1, 2 and 4 are asked; one repetition is enough. Sample 3 says 0 1 1: its repetition is that of the
 * last exit. */
TEST(patience_across_tiers) {
    assert_courses("patience", "patience: 1",
                   (const char *[]){
                       "phone 1/1, tokens 20, edge 2/1 = 2:1",
                       "phone 1/1, tokens 10, edge 2/1 = 2:0",
                       "phone 1/1, tokens 40, edge 2/1 = 2:0",
                       "phone 1/1, tokens 16, edge 2/1, tokens 16, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 8, edge 2/1 = 2:1",
                       "phone 1/1, tokens 32, edge 2/1, tokens 32, cloud 4/1 = 4:0",
                   });
}

/* Two repetitions: exits 1, 2 and 3 agree on samples 0, 1 and 4, counted across three tiers; on sample 2
 * (0 0 1 1) the count starts anew. */
TEST(patience_of_two) {
    assert_courses("patience", "patience: 2, exits: all, escalate: hidden",
                   (const char *[]){
                       "phone 1/1, hidden 80, edge 1/1, hidden 80, cloud 1/1 = 3:1",
                       "phone 1/1, hidden 40, edge 1/1, hidden 40, cloud 1/1 = 3:0",
                       "phone 1/1, hidden 160, edge 1/1, hidden 160, cloud 2/2 = 4:1",
                       "phone 1/1, hidden 64, edge 1/1, hidden 64, cloud 2/2 = 4:1",
                       "phone 1/1, hidden 32, edge 1/1, hidden 32, cloud 1/1 = 3:1",
                       "phone 1/1, hidden 128, edge 1/1, hidden 128, cloud 2/2 = 4:0",
                   });
}

/* More patience than there are exits: the last one answers. */
TEST(patience_runs_out) {
    assert_courses("patience", "patience: 9",
                   (const char *[]){
                       "phone 1/1, tokens 20, edge 2/1, tokens 20, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 10, edge 2/1, tokens 10, cloud 4/1 = 4:0",
                       "phone 1/1, tokens 40, edge 2/1, tokens 40, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 16, edge 2/1, tokens 16, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 8, edge 2/1, tokens 8, cloud 4/1 = 4:1",
                       "phone 1/1, tokens 32, edge 2/1, tokens 32, cloud 4/1 = 4:0",
                   });
}

/* ---- Oracles ---- */

/* Right are: 0 all, 1 all, 2 the cloud, 3 edge and cloud, 4 none, 5 edge and cloud. */
TEST(oracle_cost) {
    assert_courses("oracle-cost", "",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1 = 1:0",
                       "tokens 40, cloud 4/1 = 4:1",
                       "tokens 16, edge 2/1 = 2:1",
                       "phone 1/1 = 1:1",
                       "tokens 32, edge 2/1 = 2:0",
                   });
    s.cost.offload_edge = 1000; /* now the cloud, at 104, is the cheaper of the two */
    assert_courses("oracle-cost", "",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1 = 1:0",
                       "tokens 40, cloud 4/1 = 4:1",
                       "tokens 16, cloud 4/1 = 4:1",
                       "phone 1/1 = 1:1",
                       "tokens 32, cloud 4/1 = 4:0",
                   });
    s.cost.offload_edge = 10;
}

/* K = 1, 12, 104. At mu_cost .005 the three tiers pay .005, .06 and .52:
 *   sample 2: right at the cloud only: -.005, -.06, .48; sample 3: -.005, .94, .48;
 *   sample 4: none: the phone pays least.
 * At .1 they pay .1, 1.2, 10.4: no answer is worth the edge. At 0 all that are right are equal: the lowest of
 * them. */
TEST(oracle_reward_for_right_answers) {
    const char *wanted[SAMPLES] = {
        "phone 1/1 = 1:1",           "phone 1/1 = 1:0", "tokens 40, cloud 4/1 = 4:1",
        "tokens 16, edge 2/1 = 2:1", "phone 1/1 = 1:1", "tokens 32, edge 2/1 = 2:0",
    };
    assert_courses("oracle-reward", "mu_cost: 0.005", wanted);
    assert_courses("oracle-reward", "mu_cost: 0", wanted);
    assert_courses("oracle-reward", "",
                   (const char *[]){
                       "phone 1/1 = 1:1",
                       "phone 1/1 = 1:0",
                       "phone 1/1 = 1:0",
                       "phone 1/1 = 1:0",
                       "phone 1/1 = 1:1",
                       "phone 1/1 = 1:1",
                   });
}

/* C is the label's probability at the tier's last exit, less .005, .06, .52:
 *   0: .795 .84 .47   1: .595 .69 .43   2: .295 .34 .38
 *   3: .445 .74 .08   4: .095 .34 -.07  5: .445 .49 .18 */
TEST(oracle_reward_by_the_labels_probability) {
    assert_courses("oracle-reward", "mu_cost: 0.005, gain: true_label",
                   (const char *[]){
                       "tokens 20, edge 2/1 = 2:1",
                       "tokens 10, edge 2/1 = 2:0",
                       "tokens 40, cloud 4/1 = 4:1",
                       "tokens 16, edge 2/1 = 2:1",
                       "tokens 8, edge 2/1 = 2:1",
                       "tokens 32, edge 2/1 = 2:0",
                   });
}

/* C is the confidence, right or wrong:
 *   0: .795 .84 .47   1: .595 .69 .43   2: .695 .54 .38
 *   3: .545 .74 .08   4: .895 .54 .03   5: .545 .49 .18 */
TEST(oracle_reward_by_confidence) {
    assert_courses("oracle-reward", "mu_cost: 0.005, gain: max_softmax",
                   (const char *[]){
                       "tokens 20, edge 2/1 = 2:1",
                       "tokens 10, edge 2/1 = 2:0",
                       "phone 1/1 = 1:0",
                       "tokens 16, edge 2/1 = 2:1",
                       "phone 1/1 = 1:1",
                       "phone 1/1 = 1:1",
                   });
}

/* Only oracles are handed the truth. */
TEST(labels_are_for_oracles_only) {
    for (size_t i = 0; POLICIES[i]; i++) {
        bool oracle = strncmp(POLICIES[i]->name, "oracle-", 7) == 0;
        assert_int_equal(POLICIES[i]->route_knowing != NULL, oracle);
        assert_int_equal(POLICIES[i]->route == NULL, oracle);
    }
}

/* ---- Random ---- */

enum { DRAWS = 100000 };

static tier route(const made_policy *p, uint64_t key) {
    request r;
    attempt *a = open_request(&r, (uint32_t)(key % SAMPLES), key);
    return steering_route(p->steer, a, 0);
}

/* The tier drawn for each of 1e5 requests is that of the request's own uniform number, the first of its
 * stream; and the frequencies are within 4 standard deviations, sqrt(p (1 - p) / n). */
static void assert_shares(const made_policy *p, const double shares[TIER_COUNT]) {
    double counts[TIER_COUNT] = {0};
    for (uint64_t key = 0; key < DRAWS; key++) {
        tier drawn = route(p, key);
        random_stream own = random_open(s.seed, "policy", key);
        double u = random_uniform(&own);
        tier wanted = u < shares[0] ? TIER_PHONE : u < shares[0] + shares[1] ? TIER_EDGE : TIER_CLOUD;
        assert_int_equal(drawn, wanted);
        counts[drawn]++;
    }
    for (int k = 0; k < TIER_COUNT; k++)
        assert_within(counts[k] / DRAWS, shares[k], 4 * sqrt(shares[k] * (1 - shares[k]) / DRAWS));
}

TEST(random_shares) {
    made_policy thirds = make_policy("random", ""), given = make_policy("random", "phone: 0.5, edge: 0.2, cloud: 0.3");
    assert_shares(&thirds, (double[]){1.0 / 3, 1.0 / 3, 1.0 / 3});
    assert_shares(&given, (double[]){0.5, 0.2, 0.3});
    drop_policy(&thirds);
    drop_policy(&given);
}

TEST(random_shares_at_the_ends) {
    made_policy stay = make_policy("random", "phone: 1, edge: 0, cloud: 0");
    made_policy leave = make_policy("random", "phone: 0, edge: 0, cloud: 1");
    for (uint64_t key = 0; key < 1000; key++) {
        assert_int_equal(route(&stay, key), TIER_PHONE);
        assert_int_equal(route(&leave, key), TIER_CLOUD);
    }
    drop_policy(&stay);
    drop_policy(&leave);
}

TEST(matched_random_takes_over_shares) {
    static const double SHARES[TIER_COUNT] = {0.61, 0.29, 0.10};
    made_policy p = make_policy("matched-random", "match: confidence");
    assert_string_equal(p.values->other, "confidence");
    p.steer->shares = SHARES;
    assert_shares(&p, SHARES);
    drop_policy(&p);
}

/* Common random numbers: with more share for the phone, whoever stayed on it stays. */
TEST(policies_share_a_requests_random_numbers) {
    made_policy few = make_policy("random", "phone: 0.3, edge: 0.3, cloud: 0.4");
    made_policy many = make_policy("matched-random", "match: x");
    many.steer->shares = (double[]){0.5, 0.3, 0.2};
    for (uint64_t key = 0; key < 10000; key++) assert_true(route(&many, key) <= route(&few, key));
    drop_policy(&few);
    drop_policy(&many);
}

/* ---- Options ---- */

static void assert_refused(const char *name, const char *options, unsigned column, const char *fragment) {
    made_policy p;
    portolan_error err = {0};
    assert_false(try_policy(&p, name, options, &err));
    assert_input_error(&err, 1, column, fragment);
    drop_policy(&p);
}

/* Columns count the opening brace. */
TEST(wrong_options) {
    assert_refused("random", "phone: 0.5, edge: 0.2", 1, "sum to 1.03333333");
    assert_refused("random", "phone: 0.5, edge: 0.2, cloud: 0.2", 1, "sum to 0.9;");
    assert_refused("random", "phone: -0.1, edge: 0.6, cloud: 0.5", 9, "at least 0");
    assert_refused("random", "phone: 1.1, edge: 0, cloud: 0", 9, "at most 1");
    assert_refused("confidence", "treshold: 0.8", 2, "did you mean 'threshold'");
    assert_refused("confidence", "threshold: 1.5", 13, "at most");
    assert_refused("confidence", "threshold: -0.1", 13, "at least 0");
    assert_refused("confidence", "threshold: high", 13, "'high'");
    assert_refused("confidence", "exits: some", 9, "allowed are tiers, all");
    assert_refused("confidence", "escalate: hiden", 12, "did you mean 'hidden'");
    assert_refused("entropy", "entropy_from: logits", 16, "allowed are probabilities, confidence");
    assert_refused("entropy", "threshold: -1", 13, "at least 0");
    assert_refused("patience", "patience: 0", 12, "at least 1");
    assert_refused("patience", "patience: 1.5", 12, "whole number");
    assert_refused("matched-random", "", 1, "lacks the key 'match'");
    assert_refused("oracle-reward", "gain: wrong", 8, "allowed are");
    assert_refused("phone-only", "threshold: 1", 2, "no key 'threshold'");
    assert_refused("cloud-only", "as: 'a b'", 6, "letters");
}

static unsigned needs_of(const char *name, const char *options) {
    made_policy p = make_policy(name, options);
    unsigned needs = p.setup->needs;
    drop_policy(&p);
    return needs;
}

TEST(who_needs_probabilities) {
    assert_int_equal(needs_of("entropy", ""), POLICY_NEEDS_PROBABILITIES);
    assert_int_equal(needs_of("entropy", "entropy_from: confidence"), POLICY_NEEDS_CONFIDENCE);
    assert_int_equal(needs_of("oracle-reward", "gain: true_label"), POLICY_NEEDS_PROBABILITIES);
    assert_int_equal(needs_of("oracle-reward", "gain: max_softmax"), POLICY_NEEDS_CONFIDENCE);
    assert_int_equal(needs_of("oracle-reward", ""), 0);
    assert_int_equal(needs_of("confidence", ""), POLICY_NEEDS_CONFIDENCE);
    assert_int_equal(needs_of("patience", ""), 0);
}

TEST(who_needs_what) {
    assert_int_equal(needs_of("confidence", "exits: all"), POLICY_NEEDS_EVERY_EXIT | POLICY_NEEDS_CONFIDENCE);
    assert_int_equal(needs_of("entropy", "exits: all"), POLICY_NEEDS_EVERY_EXIT | POLICY_NEEDS_PROBABILITIES);
    assert_int_equal(needs_of("patience", "exits: all"), POLICY_NEEDS_EVERY_EXIT);
    assert_int_equal(needs_of("cartography", "router: x"), POLICY_NEEDS_V);
    assert_int_equal(needs_of("exit-pools", "router: x"), POLICY_NEEDS_V);
    for (size_t i = 0; POLICIES[i]; i++) {
        bool has_map = policy_option_of(POLICIES[i], OPTION_MAP) != NULL;
        assert_int_equal((POLICIES[i]->needs & POLICY_NEEDS_V) != 0, has_map);
    }
}

TEST(policies_are_found_by_name) {
    for (size_t i = 0; POLICIES[i]; i++) {
        assert_ptr_equal(policy_find(POLICIES[i]->name), POLICIES[i]);
        assert_true(*POLICIES[i]->summary && *POLICIES[i]->paper);
        assert_int_equal(POLICIES[i]->abi, POLICY_ABI);
    }
    assert_null(policy_find("confidenc"));
    assert_null(policy_find(""));
}

/* ---- The books ---- */

/* With width 2 and feed-forward width 3, a layer on 20 tokens is 8*20*4 + 4*20*2*3 + 4*400*2 = 640 + 480 +
 * 3200 = 4320 FLOP and an exit 2*4 + 2*2*2 = 16. */
TEST(flops_of_slices) {
    made_policy p = make_policy("confidence", "threshold: 1, escalate: hidden, exits: all");
    request r;
    attempt *a = open_request(&r, 2, 2);
    assert_near(steering_plan(p.steer, a, TIER_PHONE, 0).work.flops, 4320 + 16, 0);
    a->from = 1;
    assert_near(steering_plan(p.steer, a, TIER_EDGE, 0).work.flops, 4320 + 16, 0);
    a->from = 2;
    assert_near(steering_plan(p.steer, a, TIER_CLOUD, 0).work.flops, 2 * 4320 + 2 * 16, 0);
    drop_policy(&p);
    made_policy cloud = make_policy("cloud-only", "");
    open_request(&r, 2, 2);
    assert_near(steering_plan(cloud.steer, a, TIER_CLOUD, 0).work.flops, 4 * 4320 + 16, 0);
    drop_policy(&cloud);
}

/* Exponential work is one factor a request, the same on every tier and for every policy. */
TEST(work_is_a_factor_of_the_request) {
    made_policy p = make_policy("phone-only", ""), q = make_policy("cloud-only", "");
    s.table.work = WORK_EXPONENTIAL;
    for (uint64_t key = 0; key < 10; key++) {
        double work = arrival_work(&s.table, s.seed, key);
        request r;
        attempt *a = open_request(&r, 2, key);
        assert_near(steering_plan(p.steer, a, TIER_PHONE, 0).work.flops, work * (4320 + 16), 1e-15);
        open_request(&r, 2, key);
        assert_near(steering_plan(q.steer, a, TIER_CLOUD, 0).work.flops, work * (4 * 4320 + 16), 1e-15);
    }
    s.table.work = WORK_CONSTANT;
    drop_policy(&p);
    drop_policy(&q);
}

/* A phone of 2 cores, 1 to 3 W: 1 W a core. An edge server of 4 cores, 10 to 50 W, 0.04 USD a second: 10 W
 * and 0.01 USD a core. A cloud of 1 core, 100 to 200 W, 0.2 USD a second. */
static const device PHONE = {.speed = 1, .cores = 2, .idle_watts = 1, .busy_watts = 3, .memory_bytes = 1},
                    EDGE = {.speed = 1,
                            .call_seconds = 0.5,
                            .cores = 4,
                            .idle_watts = 10,
                            .busy_watts = 50,
                            .memory_bytes = 1,
                            .usd_per_second = 0.04},
                    CLOUD = {.speed = 1,
                             .cores = 1,
                             .idle_watts = 100,
                             .busy_watts = 200,
                             .memory_bytes = 1,
                             .usd_per_second = 0.2};
static const place AT_PHONE = {.device = &PHONE, .speed = 1, .at = TIER_PHONE},
                   AT_EDGE = {.device = &EDGE, .speed = 2, .at = TIER_EDGE},
                   AT_CLOUD = {.device = &CLOUD, .speed = 1, .at = TIER_CLOUD};

/* Sample 2 (20 tokens) climbs twice; 2 s on the phone, 3 at the edge, 5 in the cloud. */
static request_record climb(bool hidden) {
    char options[64];
    snprintf(options, sizeof options, "threshold: 0.8, escalate: %s", hidden ? "hidden" : "tokens");
    made_policy p = make_policy("confidence", options);
    request r;
    attempt *a = open_request(&r, 2, 2);
    char notes[256], *note = notes;
    tier at = TIER_PHONE;
    slice done = steering_plan(p.steer, a, at, 0);
    request_book_slice(&r, &AT_PHONE, &s, &done, 2, 2);
    send_up(a, &at, done.verdict.to, done.verdict.hidden, &note);
    done = steering_plan(p.steer, a, at, 0);
    request_book_slice(&r, &AT_EDGE, &s, &done, 3, 3);
    send_up(a, &at, done.verdict.to, done.verdict.hidden, &note);
    done = steering_plan(p.steer, a, at, 0);
    request_book_slice(&r, &AT_CLOUD, &s, &done, 5, 5);
    request_answer(&r, a);
    request_book_transfer(&r, &s, at, TIER_PHONE, s.payload.answer);
    drop_policy(&p);
    return r.record;
}

/* Cost 1 + (10 + 2) + (100 + 4) = 117. 2 x 40 bytes up, of which the phone's radio sent 40 at 1 mJ; 64 down
 * at 10 mJ: phone 2 s x 1 W + .04 + .64 = 2.68 J. Servers 3 x 10 + 5 x 100 = 530 J; 3 x .01 + 5 x .2 = 1.03
 * USD. */
TEST(books_of_a_climb_by_tokens) {
    request_record r = climb(false);
    assert_near(r.cost, 117, 1e-15);
    assert_near(r.compute, 10, 1e-15);
    assert_near(r.call, 0.25, 1e-15); /* at the edge, where one of twice the speed needs half of 0.5 s */
    assert_int_equal(r.bytes_up, 80);
    assert_int_equal(r.bytes_down, 64);
    assert_near(r.phone_joules, 2.68, 1e-15);
    assert_near(r.server_joules, 530, 1e-15);
    assert_near(r.usd, 1.03, 1e-15);
    assert_int_equal(r.tier, TIER_CLOUD);
    assert_int_equal(r.exit, 4);
    assert_int_equal(r.prediction, 1);
}

/* Only new layers are paid: 1 + (10 + 1) + (100 + 2) = 114. Hidden states of 160 bytes: .16 J to send one. */
TEST(books_of_a_climb_by_hidden_state) {
    request_record r = climb(true);
    assert_near(r.cost, 114, 1e-15);
    assert_int_equal(r.bytes_up, 320);
    assert_near(r.phone_joules, 2 + 0.16 + 0.64, 1e-15);
}

/* Layers off the phone are free: 1 + 10 + 100. */
TEST(remote_compute_may_be_free) {
    s.cost.charge_remote_compute = false;
    assert_near(climb(false).cost, 111, 1e-15);
    assert_near(climb(true).cost, 111, 1e-15);
    assert_near(scenario_tier_cost(&s, TIER_PHONE), 1, 0);
    assert_near(scenario_tier_cost(&s, TIER_EDGE), 10, 0);
    assert_near(scenario_tier_cost(&s, TIER_CLOUD), 100, 0);
    s.cost.charge_remote_compute = true;
    assert_near(scenario_tier_cost(&s, TIER_PHONE), 1, 0);
    assert_near(scenario_tier_cost(&s, TIER_EDGE), 12, 0);
    assert_near(scenario_tier_cost(&s, TIER_CLOUD), 104, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_policies),
        cmocka_unit_test(confidence_at_tiers_by_tokens),
        cmocka_unit_test(confidence_at_tiers_by_hidden_state),
        cmocka_unit_test(confidence_at_all_exits),
        cmocka_unit_test(all_exits_of_a_deeper_phone),
        cmocka_unit_test(equal_tiers_are_passed_over),
        cmocka_unit_test(confidence_thresholds_at_the_ends),
        cmocka_unit_test(entropy_courses),
        cmocka_unit_test(entropy_values),
        cmocka_unit_test(entropy_from_confidence),
        cmocka_unit_test(patience_across_tiers),
        cmocka_unit_test(patience_of_two),
        cmocka_unit_test(patience_runs_out),
        cmocka_unit_test(oracle_cost),
        cmocka_unit_test(oracle_reward_for_right_answers),
        cmocka_unit_test(oracle_reward_by_the_labels_probability),
        cmocka_unit_test(oracle_reward_by_confidence),
        cmocka_unit_test(labels_are_for_oracles_only),
        cmocka_unit_test(random_shares),
        cmocka_unit_test(random_shares_at_the_ends),
        cmocka_unit_test(matched_random_takes_over_shares),
        cmocka_unit_test(policies_share_a_requests_random_numbers),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(who_needs_probabilities),
        cmocka_unit_test(who_needs_what),
        cmocka_unit_test(policies_are_found_by_name),
        cmocka_unit_test(flops_of_slices),
        cmocka_unit_test(work_is_a_factor_of_the_request),
        cmocka_unit_test(books_of_a_climb_by_tokens),
        cmocka_unit_test(books_of_a_climb_by_hidden_state),
        cmocka_unit_test(remote_compute_may_be_free),
    };
    return cmocka_run_group_tests(tests, open_scenario, close_scenario);
}
