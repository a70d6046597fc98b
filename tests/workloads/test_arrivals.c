/* Arrivals: statistics of every process, permutations of samples, the same bytes for the same seed. */
#include "tests/support.h"
#include "workloads/workloads.h"

enum { PHONES = 7, SAMPLES = 13, DRAWS = 100000 };

static yaml_document open_document;

static workload read(const char *text) {
    workload w;
    portolan_error err = {0};
    yaml_unload(&open_document);
    open_document = document_of(text);
    if (!workload_read(&w, open_document.root, &err)) fail_msg("%s: %s", text, err.message);
    return w;
}

static int close_document(void **state) {
    (void)state;
    yaml_unload(&open_document);
    return 0;
}

static arrival_source open_source(const workload *w, uint64_t phones, uint32_t samples, uint64_t seed) {
    arrival_source a;
    portolan_error err = {0};
    assert_true(arrivals_open(&a, w, phones, samples, seed, &err));
    return a;
}

/* ---- Reading ---- */

TEST(workloads_are_read) {
    workload w = read("{name: w, arrivals: {rate: 30/min}, order: shuffled}");
    assert_string_equal(w.name, "w");
    assert_int_equal(w.process, ARRIVALS_POISSON);
    assert_int_equal(w.order, ORDER_SHUFFLED);
    assert_near(w.rate, 0.5, 0);
    assert_near(w.fleet_rate, 0, 0);
    w = read("arrivals: {process: constant, fleet_rate: 20/s}");
    assert_int_equal(w.process, ARRIVALS_CONSTANT);
    assert_int_equal(w.order, ORDER_SEQUENTIAL);
    assert_near(w.fleet_rate, 20, 0);
    w = read("arrivals: {process: closed, think: {exponential: 5s}}");
    assert_int_equal(w.process, ARRIVALS_CLOSED);
    assert_int_equal(w.think.kind, DIST_EXPONENTIAL);
    w = read("arrivals: {process: closed, think: 0s}");
    assert_near(w.think.a, 0, 0);
}

typedef struct refusal {
    const char *text;
    unsigned line, column;
    const char *fragment;
} refusal;

static const refusal BAD[] = {
    {"name: x", 1, 1, "a workload lacks the key 'arrivals'"},
    {"arrivals: 5/s", 1, 11, "arrivals must be a map of keys"},
    {"arrivals: {}", 1, 11, "process 'poisson' takes one of 'rate'"},
    {"arrivals: {rate: 1/s, fleet_rate: 1/s}", 1, 11, "process 'poisson' takes one of 'rate'"},
    {"arrivals: {rate: 1/s, think: 1s}", 1, 11, "and no 'think'"},
    {"arrivals: {process: closed}", 1, 11, "process 'closed' takes 'think'"},
    {"arrivals: {process: closed, rate: 1/s, think: 1s}", 1, 11, "and no rate"},
    {"arrivals: {rate: 0/s}", 1, 18, "must be above 0"},
    {"arrivals: {rate: 5}", 1, 18, "without a unit"},
    {"arrivals: {process: poison, rate: 1/s}", 1, 21, "did you mean 'poisson'"},
    {"arrivals: {rate: 1/s}\norder: shufled\n", 2, 8, "did you mean 'shuffled'"},
    {"arrivals: {rate: 1/s}\nordr: shuffled\n", 2, 1, "did you mean 'order'"},
    {"arrivals: {process: closed, think: -1s}", 1, 36, "at least 0"},
};

TEST(wrong_workloads_are_refused) {
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        workload w;
        portolan_error err = {0};
        yaml_document doc = document_of(BAD[i].text);
        if (workload_read(&w, doc.root, &err)) fail_msg("accepted: %s", BAD[i].text);
        assert_input_error(&err, BAD[i].line, BAD[i].column, BAD[i].fragment);
        yaml_unload(&doc);
    }
}

/* ---- Poisson ---- */

static void assert_poisson(const char *text, double rate) {
    workload w = read(text);
    arrival_source a = open_source(&w, PHONES, SAMPLES, 1);
    double last = 0, sum = 0, squares = 0, chi = 0, expected = (double)DRAWS / PHONES;
    unsigned of_phone[PHONES] = {0}, early = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        arrival next = arrivals_next(&a);
        double gap = next.time - last;
        assert_true(gap >= 0 && next.phone < PHONES && next.key == i);
        sum += gap;
        squares += gap * gap;
        early += gap * rate < log(2);
        of_phone[next.phone]++;
        last = next.time;
    }
    arrivals_close(&a);
    double mean = sum / DRAWS, cv = sqrt(squares / DRAWS - mean * mean) / mean;
    assert_near(mean * rate, 1, 5 / sqrt(DRAWS));
    assert_near(cv, 1, 5 / sqrt(DRAWS)); /* its variance is 1 / n */
    assert_within((double)early / DRAWS, 0.5, 5 * 0.5 / sqrt(DRAWS));
    for (int p = 0; p < PHONES; p++) chi += (of_phone[p] - expected) * (of_phone[p] - expected) / expected;
    assert_within(chi, PHONES - 1, 5 * sqrt(2.0 * (PHONES - 1)));
}

TEST(poisson_gaps_and_phones) {
    assert_poisson("arrivals: {rate: 2/s}", 2.0 * PHONES); /* a phone's rate times the phones */
    assert_poisson("arrivals: {fleet_rate: 3/s}", 3);
}

/* ---- Constant ---- */

TEST(constant_rate_spaces_each_phone) {
    workload w = read("arrivals: {process: constant, rate: 4/s}");
    arrival_source a = open_source(&w, PHONES, SAMPLES, 1);
    double last = 0, of_phone[PHONES] = {0}, first[PHONES] = {0};
    unsigned counts[PHONES] = {0};
    for (uint64_t i = 0; i < 100 * PHONES; i++) {
        arrival next = arrivals_next(&a);
        assert_true(next.time >= last && next.key == i && next.phone < PHONES);
        if (counts[next.phone]++)
            assert_within(next.time - of_phone[next.phone], 0.25, 1e-9);
        else
            first[next.phone] = next.time;
        of_phone[next.phone] = last = next.time;
    }
    for (int p = 0; p < PHONES; p++) {
        assert_int_equal(counts[p], 100);
        assert_true(first[p] >= 0 && first[p] < 0.25);
        for (int q = 0; q < p; q++) assert_true(first[p] != first[q]); /* each has a phase of its own */
    }
    arrivals_close(&a);
}

TEST(constant_phases_are_uniform) {
    enum { MANY = 20000 };
    workload w = read("arrivals: {process: constant, rate: 1/s}");
    arrival_source a = open_source(&w, MANY, SAMPLES, 1);
    double sum = 0;
    for (int i = 0; i < MANY; i++) sum += arrivals_next(&a).time;
    assert_within(sum / MANY, 0.5, 5 / sqrt(12.0 * MANY));
    arrivals_close(&a);
}

TEST(constant_fleet_rate_is_evenly_spaced) {
    workload w = read("arrivals: {process: constant, fleet_rate: 4/s}");
    arrival_source a = open_source(&w, PHONES, SAMPLES, 1);
    for (int i = 0; i < 100; i++) {
        arrival next = arrivals_next(&a);
        assert_near(next.time, 0.25 * (i + 1), 1e-12);
        assert_int_equal(next.phone, i % PHONES);
    }
    arrivals_close(&a);
}

/* ---- Samples ---- */

TEST(sequential_samples_come_in_order) {
    workload w = read("arrivals: {rate: 1/s}");
    arrival_source a = open_source(&w, PHONES, SAMPLES, 1);
    for (uint32_t i = 0; i < 5 * SAMPLES; i++) assert_int_equal(arrivals_next(&a).sample, i % SAMPLES);
    arrivals_close(&a);
}

TEST(shuffled_samples_are_a_permutation_each_pass) {
    workload w = read("{arrivals: {process: constant, rate: 1/s}, order: shuffled}");
    arrival_source a = open_source(&w, PHONES, SAMPLES, 1);
    uint32_t passes[4][SAMPLES];
    for (int pass = 0; pass < 4; pass++) {
        bool seen[SAMPLES] = {false};
        for (int i = 0; i < SAMPLES; i++) {
            uint32_t sample = passes[pass][i] = arrivals_next(&a).sample;
            assert_true(sample < SAMPLES && !seen[sample]);
            seen[sample] = true;
        }
        for (int other = 0; other < pass; other++)
            assert_memory_not_equal(passes[pass], passes[other], sizeof passes[pass]);
    }
    arrivals_close(&a);
}

/* ---- The same again ---- */

static bool same(arrival a, arrival b) {
    return a.time == b.time && a.key == b.key && a.phone == b.phone && a.sample == b.sample;
}

TEST(same_seed_same_arrivals) {
    static const char *const TEXTS[] = {
        "{arrivals: {rate: 1/s}, order: shuffled}",
        "{arrivals: {process: constant, rate: 1/s}, order: shuffled}",
    };
    for (size_t t = 0; t < sizeof TEXTS / sizeof *TEXTS; t++) {
        workload w = read(TEXTS[t]);
        arrival_source a = open_source(&w, PHONES, SAMPLES, 5), b = open_source(&w, PHONES, SAMPLES, 5),
                       c = open_source(&w, PHONES, SAMPLES, 6);
        unsigned different = 0;
        for (int i = 0; i < 100; i++) {
            arrival x = arrivals_next(&a);
            assert_true(same(x, arrivals_next(&b)));
            different += x.time != arrivals_next(&c).time;
        }
        assert_int_equal(different, 100);
        arrivals_close(&a);
        arrivals_close(&b);
        arrivals_close(&c);
    }
}

/* The order of samples must not depend on when they are asked for, nor the times on the order of samples. */
TEST(times_and_samples_have_streams_of_their_own) {
    workload poisson = read("{arrivals: {rate: 1/s}, order: shuffled}"), constant = poisson, sequential = poisson;
    constant.process = ARRIVALS_CONSTANT;
    sequential.order = ORDER_SEQUENTIAL;
    arrival_source a = open_source(&poisson, PHONES, SAMPLES, 5), b = open_source(&constant, PHONES, SAMPLES, 5),
                   c = open_source(&sequential, PHONES, SAMPLES, 5);
    for (int i = 0; i < 100; i++) {
        arrival x = arrivals_next(&a), y = arrivals_next(&c);
        assert_int_equal(x.sample, arrivals_next(&b).sample);
        assert_true(x.time == y.time && x.phone == y.phone);
    }
    arrivals_close(&a);
    arrivals_close(&b);
    arrivals_close(&c);
}

/* ---- Closed loop ---- */

TEST(closed_requests_depend_on_phone_and_turn_alone) {
    workload w = read("{arrivals: {process: closed, think: {exponential: 5s}}, order: shuffled}");
    double sum = 0;
    unsigned counts[SAMPLES] = {0}, turns = 2000;
    for (uint32_t turn = 0; turn < turns; turn++) {
        for (uint32_t phone = 0; phone < PHONES; phone++) {
            arrival x = arrivals_closed(&w, PHONES, SAMPLES, 5, phone, turn);
            assert_true(same(x, arrivals_closed(&w, PHONES, SAMPLES, 5, phone, turn)));
            assert_int_equal(x.phone, phone);
            assert_true(x.key == ((uint64_t)phone << 32 | turn) && x.time >= 0 && x.sample < SAMPLES);
            sum += x.time;
            counts[x.sample]++;
        }
    }
    double n = (double)turns * PHONES, chi = 0;
    assert_within(sum / n, 5, 5 * 5 / sqrt(n));
    for (int s = 0; s < SAMPLES; s++) chi += (counts[s] - n / SAMPLES) * (counts[s] - n / SAMPLES) / (n / SAMPLES);
    assert_within(chi, SAMPLES - 1, 5 * sqrt(2.0 * (SAMPLES - 1)));
    assert_true(arrivals_closed(&w, PHONES, SAMPLES, 6, 1, 1).time !=
                arrivals_closed(&w, PHONES, SAMPLES, 5, 1, 1).time);
}

TEST(closed_sequential_samples_cover_the_table) {
    workload w = read("arrivals: {process: closed, think: 1s}");
    unsigned counts[SAMPLES] = {0};
    for (uint32_t turn = 0; turn < SAMPLES; turn++)
        for (uint32_t phone = 0; phone < PHONES; phone++)
            counts[arrivals_closed(&w, PHONES, SAMPLES, 5, phone, turn).sample]++;
    for (int s = 0; s < SAMPLES; s++) assert_int_equal(counts[s], PHONES);
    assert_int_equal(arrivals_closed(&w, PHONES, SAMPLES, 5, 3, 2).sample, (3 + 2 * PHONES) % SAMPLES);
    assert_near(arrivals_closed(&w, PHONES, SAMPLES, 5, 3, 2).time, 1, 0);
}

/* ---- Work ---- */

TEST(work_factors) {
    outcome_table constant = {.work = WORK_CONSTANT}, exponential = {.work = WORK_EXPONENTIAL};
    double sum = 0, squares = 0;
    for (uint64_t key = 0; key < DRAWS; key++) {
        double x = arrival_work(&exponential, 3, key);
        assert_true(x >= 0 && x == arrival_work(&exponential, 3, key));
        assert_true(arrival_work(&constant, 3, key) == 1);
        sum += x;
        squares += x * x;
    }
    double mean = sum / DRAWS;
    assert_within(mean, 1, 5 / sqrt(DRAWS));
    assert_within(squares / DRAWS - mean * mean, 1, 5 * sqrt(8.0 / DRAWS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(workloads_are_read, close_document),
        cmocka_unit_test(wrong_workloads_are_refused),
        cmocka_unit_test_teardown(poisson_gaps_and_phones, close_document),
        cmocka_unit_test_teardown(constant_rate_spaces_each_phone, close_document),
        cmocka_unit_test_teardown(constant_phases_are_uniform, close_document),
        cmocka_unit_test_teardown(constant_fleet_rate_is_evenly_spaced, close_document),
        cmocka_unit_test_teardown(sequential_samples_come_in_order, close_document),
        cmocka_unit_test_teardown(shuffled_samples_are_a_permutation_each_pass, close_document),
        cmocka_unit_test_teardown(same_seed_same_arrivals, close_document),
        cmocka_unit_test_teardown(times_and_samples_have_streams_of_their_own, close_document),
        cmocka_unit_test_teardown(closed_requests_depend_on_phone_and_turn_alone, close_document),
        cmocka_unit_test_teardown(closed_sequential_samples_cover_the_table, close_document),
        cmocka_unit_test(work_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
