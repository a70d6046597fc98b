/* Training dynamics and data maps: against NumPy's figures of a training run of ours, against hand-worked ones, and
 * against files that are broken in every way they can be. */
#include "analysis/cartography/cartography.h"
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support.h"

#define FIXTURE PORTOLAN_SOURCE_DIR "/tests/analysis/dynamics"

/* ---- Against NumPy (reference_cartography.py) ---- */

static uint32_t find(const data_map *m, const char *guid) {
    for (uint32_t i = 0; i < m->samples; i++)
        if (strcmp(m->guids[i], guid) == 0) return i;
    fail_msg("no sample %s", guid);
    return 0;
}

TEST(map_equals_numpy) {
    training_dynamics d;
    data_map m;
    portolan_error err = {0};
    char guid[32];
    double confidence, variability;
    unsigned correctness, rows = 0;
    assert_true(dynamics_load(&d, FIXTURE, 0, &err));
    assert_true(data_map_compute(&m, &d, &err));
    assert_int_equal(d.epochs, 6);
    assert_int_equal(m.samples, 20);
    FILE *expected = fopen(FIXTURE "/expected.csv", "r");
    assert_non_null(expected);
    assert_int_equal(fscanf(expected, "guid,confidence,variability,correctness\n"), 0);
    for (; fscanf(expected, "%31[^,],%lf,%lf,%u\n", guid, &confidence, &variability, &correctness) == 4; rows++) {
        uint32_t i = find(&m, guid);
        assert_within(m.confidence[i], confidence, 1e-12);
        assert_within(m.variability[i], variability, 1e-12);
        assert_int_equal(m.correctness[i], correctness);
    }
    assert_int_equal(rows, 20);
    fclose(expected);
    data_map_free(&m);
    dynamics_free(&d);
}

/* ---- By hand ---- */

static bool add(training_dynamics *d, const char *text, portolan_error *err) {
    return dynamics_add_epoch(d, "epoch.jsonl", text, strlen(text), err);
}

/* Logits (ln 3, 0) give 3/4 and 1/4, (0, 0) a half each. Sample a has gold 0 and p = 3/4, 1/2, 1/4: mean 1/2, variance
 * (1/16 + 0 + 1/16) / 3 = 1/24. It is predicted in epochs 0 and 1 (the first of equal logits counts), not in epoch 2. Sample
 * 7 has gold 1 and p = 1/2 throughout, and is never the first of equals. */
static const char *const EPOCHS[] = {
    "{\"guid\": \"a\", \"logits_epoch_0\": [1.0986122886681098, 0], \"gold\": 0}\n"
    "{\"guid\": 7, \"logits_epoch_0\": [5, 5], \"gold\": 1}\n",
    "{\"guid\": 7, \"logits_epoch_1\": [-1, -1], \"gold\": 1}\n\n"
    "{\"guid\": \"a\", \"logits_epoch_1\": [0, 0], \"gold\": 0}",
    "{\"guid\": \"a\", \"logits_epoch_2\": [0, 1.0986122886681098], \"gold\": 0}\r\n"
    "{\"guid\": \"7\", \"logits_epoch_2\": [0, 0], \"gold\": 1}\n",
};

static void check_hand_map(uint32_t epochs, double confidence, double variance, uint32_t correctness) {
    training_dynamics d;
    data_map m;
    portolan_error err = {0};
    assert_true(dynamics_open(&d, epochs, &err));
    for (uint32_t e = 0; e < epochs; e++) assert_true(add(&d, EPOCHS[e], &err));
    assert_true(data_map_compute(&m, &d, &err));
    assert_within(m.confidence[0], confidence, 1e-15);
    assert_within(m.variability[0], sqrt(variance), 1e-15);
    assert_int_equal(m.correctness[0], correctness);
    assert_near(m.confidence[1], 0.5, 0);
    assert_near(m.variability[1], 0, 0);
    assert_int_equal(m.correctness[1], 0);
    assert_string_equal(m.guids[1], "7");
    data_map_free(&m);
    dynamics_free(&d);
}

/* The first two epochs alone: p = 3/4, 1/2, mean 5/8, variance 1/64; the first alone: 3/4, 0. */
TEST(map_by_hand) {
    check_hand_map(3, 0.5, 1.0 / 24, 2);
    check_hand_map(2, 0.625, 1.0 / 64, 2);
    check_hand_map(1, 0.75, 0, 1);
}

TEST(first_epochs_only) {
    training_dynamics d;
    portolan_error err = {0};
    assert_true(dynamics_load(&d, FIXTURE, 2, &err));
    assert_int_equal(d.epochs, 2);
    dynamics_free(&d);
    assert_false(dynamics_load(&d, FIXTURE, 7, &err));
    assert_non_null(strstr(err.message, "has the dynamics of 6 epochs, not of 7"));
    err = (portolan_error){0};
    assert_false(dynamics_load(&d, PORTOLAN_SOURCE_DIR "/tests", 0, &err));
    assert_non_null(strstr(err.message, "has no dynamics_epoch_0.jsonl"));
}

/* Both bounds belong to easy. */
TEST(pools_by_hand) {
    assert_int_equal(pool_at(0.5, 0.2, 0.5, 0.2), POOL_EASY);
    assert_int_equal(pool_at(0.5, 0.2000001, 0.5, 0.2), POOL_MEDIUM);
    assert_int_equal(pool_at(0.4999999, 0.1, 0.5, 0.2), POOL_HARD);
    assert_int_equal(pool_at(0.4999999, 0.4, 0.5, 0.2), POOL_HARD);
    assert_int_equal(pool_at(1, 0, 1.01, 0.5), POOL_HARD);
    assert_int_equal(pool_at(0, 0, 0, -0.01), POOL_MEDIUM);
}

/* ---- Broken dynamics ---- */

typedef struct broken {
    const char *first, *second; /* second NULL: the first is the broken one */
    unsigned line, column;
    const char *message;
} broken;

#define GOOD "{\"guid\": 1, \"logits_epoch_0\": [0, 1], \"gold\": 0}\n"

static const broken BROKEN[] = {
    {"", NULL, 0, 0, "holds no samples"},
    {"\n\n", NULL, 0, 0, "holds no samples"},
    {"[1]\n", NULL, 1, 1, "must be a JSON object"},
    {GOOD "{\"guid\": 2,", NULL, 2, 11, ""},
    {"{\"logits_epoch_0\": [0, 1], \"gold\": 0}", NULL, 1, 1, "'guid' must be"},
    {"{\"guid\": 1.5, \"logits_epoch_0\": [0, 1], \"gold\": 0}", NULL, 1, 1, "'guid' must be"},
    {"{\"guid\": 1, \"logits_epoch_1\": [0, 1], \"gold\": 0}", NULL, 1, 1, "'logits_epoch_0' must be a list"},
    {"{\"guid\": 1, \"logits_epoch_0\": [0], \"gold\": 0}", NULL, 1, 1, "two or more"},
    {GOOD "{\"guid\": 2, \"logits_epoch_0\": [0, 1, 2], \"gold\": 0}", NULL, 2, 1, "as many in every line"},
    {"{\"guid\": 1, \"logits_epoch_0\": [0, \"x\"], \"gold\": 0}", NULL, 1, 1, "logit 1 is not a number"},
    {"{\"guid\": 1, \"logits_epoch_0\": [0, 1]}", NULL, 1, 1, "'gold' must be a number from 0 to 1"},
    {"{\"guid\": 1, \"logits_epoch_0\": [0, 1], \"gold\": 2}", NULL, 1, 1, "'gold' must be a number from 0 to 1"},
    {"{\"guid\": 1, \"logits_epoch_0\": [0, 1], \"gold\": 0.5}", NULL, 1, 1, "a class is a whole number"},
    {GOOD GOOD, NULL, 0, 0, "stands twice"},
    {GOOD, "{\"guid\": 2, \"logits_epoch_1\": [0, 1], \"gold\": 0}", 1, 1, "not in the first epoch's file"},
    {GOOD, "{\"guid\": 1, \"logits_epoch_1\": [0, 1], \"gold\": 1}", 1, 1, "and 0 in an earlier epoch"},
    {GOOD,
     "{\"guid\": 1, \"logits_epoch_1\": [0, 1], \"gold\": 0}\n{\"guid\": 1, \"logits_epoch_1\": [0, 1], \"gold\": 0}",
     2, 1, "stands twice"},
    {GOOD, "\n", 0, 0, "has 0 samples, the first epoch's file has 1"},
};

TEST(broken_dynamics_are_refused) {
    for (size_t i = 0; i < sizeof BROKEN / sizeof *BROKEN; i++) {
        const broken *b = &BROKEN[i];
        training_dynamics d;
        portolan_error err = {0};
        assert_true(dynamics_open(&d, 2, &err));
        assert_int_equal(add(&d, b->first, &err), b->second != NULL);
        if (b->second) assert_false(add(&d, b->second, &err));
        assert_input_error(&err, b->line, b->column, b->message);
        dynamics_free(&d);
    }
}

static void write_epoch(unsigned epoch) {
    char path[64];
    snprintf(path, sizeof path, "epochs/dynamics_epoch_%u.jsonl", epoch);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "{\"guid\": 1, \"logits_epoch_%u\": [0, 1], \"gold\": 0}\n", epoch);
    fclose(f);
}

/* Whichever file of the folder is missing; those that only look like epochs do not count. */
TEST(every_epoch_must_be_there) {
    enum { MANY = 4 };
    training_dynamics d;
    portolan_error err = {0};
    char path[64];
    mkdir("epochs", 0777);
    for (unsigned epoch = 0; epoch < MANY; epoch++) write_epoch(epoch);
    FILE *f = fopen("epochs/dynamics_epoch_09.jsonl", "w");
    assert_non_null(f);
    fclose(f);
    assert_true(dynamics_load(&d, "epochs", 0, &err));
    assert_int_equal(d.epochs, MANY);
    dynamics_free(&d);
    for (unsigned epoch = 0; epoch < MANY - 1; epoch++) {
        snprintf(path, sizeof path, "epochs/dynamics_epoch_%u.jsonl", epoch);
        assert_int_equal(unlink(path), 0);
        for (uint32_t wanted = 0; wanted < MANY; wanted++) {
            assert_false(dynamics_load(&d, "epochs", wanted, &err));
            assert_int_equal(err.status, STATUS_WRONG_INPUT);
            assert_non_null(strstr(err.message, path));
            assert_non_null(strstr(err.message, "is missing, but the dynamics go on to epoch 3"));
        }
        write_epoch(epoch);
    }
    assert_false(dynamics_load(&d, "epochs", MANY + 1, &err));
    assert_non_null(strstr(err.message, "has the dynamics of 4 epochs, not of 5"));
    assert_false(dynamics_load(&d, "no-epochs", 0, &err));
    assert_non_null(strstr(err.message, "no-epochs: cannot be opened"));
}

/* ---- Published maps ---- */

TEST(published_map) {
    static const char
        TEXT[] = "{\"guid\":17715,\"index\":0,\"confidence\":0.25,\"variability\":0.125,\"correctness\":3}\n"
                 "{\"index\":1,\"confidence\":1,\"variability\":0,\"correctness\":5}\n";
    data_map m;
    portolan_error err = {0};
    assert_true(data_map_parse(&m, "map.jsonl", TEXT, sizeof TEXT - 1, &err));
    assert_int_equal(m.samples, 2);
    assert_int_equal(m.epochs, 5);
    assert_string_equal(m.guids[0], "17715");
    assert_string_equal(m.guids[1], "1");
    assert_near(m.confidence[0], 0.25, 0);
    assert_near(m.variability[0], 0.125, 0);
    assert_int_equal(m.correctness[0], 3);
    data_map_free(&m);
}

TEST(broken_maps_are_refused) {
    static const broken MAPS[] = {
        {"", NULL, 0, 0, "holds no samples"},
        {"{\"confidence\":1,\"variability\":0,\"correctness\":5}", NULL, 1, 1, "'guid' must be"},
        {"{\"guid\":1,\"confidence\":1.5,\"variability\":0,\"correctness\":5}", NULL, 1, 1, "'confidence' must be"},
        {"{\"guid\":1,\"confidence\":1,\"variability\":0.6,\"correctness\":5}", NULL, 1, 1, "'variability' must be"},
        {"{\"guid\":1,\"confidence\":1,\"variability\":0}", NULL, 1, 1, "'correctness' must be"},
        {"{\"guid\":1,\"confidence\":1,\"variability\":0,\"correctness\":0.4}", NULL, 1, 1, "number of epochs"},
        {"{\"guid\":1,\"guid\":1}", NULL, 1, 16, "duplicate"},
    };
    for (size_t i = 0; i < sizeof MAPS / sizeof *MAPS; i++) {
        data_map m;
        portolan_error err = {0};
        assert_false(data_map_parse(&m, "map.jsonl", MAPS[i].first, strlen(MAPS[i].first), &err));
        assert_input_error(&err, MAPS[i].line, MAPS[i].column, MAPS[i].message);
        assert_null(m.guids);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_equals_numpy),
        cmocka_unit_test(map_by_hand),
        cmocka_unit_test(first_epochs_only),
        cmocka_unit_test(pools_by_hand),
        cmocka_unit_test(broken_dynamics_are_refused),
        cmocka_unit_test(every_epoch_must_be_there),
        cmocka_unit_test(published_map),
        cmocka_unit_test(broken_maps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
