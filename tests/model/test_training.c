/* Whole training runs on a small made-up set: neither threads nor interruptions change a bit, dynamics and metrics have the
 * published form, the finished model answers as training said, and bad input is refused with the last checkpoint intact. */
#include <ftw.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sha2.h>

#include "base/files.h"
#include "model/model.h"

enum { SAMPLES = 60, LONGEST = 9, VOCABULARY = 12, EPOCHS = 3 };

/* A set whose label is whether token 5 is in the sample. */
typedef struct made_up {
    uint32_t lengths[SAMPLES], ids[SAMPLES * LONGEST], labels[SAMPLES], guids[SAMPLES];
    size_t first[SAMPLES];
    uint8_t segments[SAMPLES * LONGEST], depths[SAMPLES];
    token_set set;
} made_up;

static void make_set(made_up *m, uint64_t seed) {
    random_stream s = random_open(seed, "test", 0);
    size_t at = 0;
    memset(m, 0, sizeof *m);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        m->lengths[i] = 2 + (uint32_t)random_below(&s, LONGEST - 1);
        m->first[i] = at;
        m->depths[i] = (uint8_t)(1 + i % 3);
        m->guids[i] = i;
        for (uint32_t k = 0; k < m->lengths[i]; k++) {
            uint32_t id = k ? (uint32_t)random_below(&s, VOCABULARY) : 2;
            if (id == 5 && i % 2) id = 6;
            if (k == 1 && i % 2 == 0) id = 5;
            m->ids[at++] = id;
        }
        m->labels[i] = i % 2 == 0;
    }
    m->set = (token_set){.samples = SAMPLES,
                         .classes = 2,
                         .vocabulary = VOCABULARY,
                         .longest = LONGEST,
                         .lengths = m->lengths,
                         .first = m->first,
                         .ids = m->ids,
                         .segments = m->segments,
                         .labels = m->labels,
                         .depths = m->depths,
                         .guids = m->guids};
}

static train_settings settings(void) {
    return (train_settings){
        .seed = 4,
        .config = {.shape = {.layers = 2, .hidden = 16, .feed_forward = 32, .classes = 2, .vocabulary = VOCABULARY},
                   .heads = 2,
                   .positions = LONGEST,
                   .norm_eps = 1e-12,
                   .has_pooler = true,
                   .exits = {true, true},
                   .lowercase = true},
        .init_scale = 0.1,
        .epochs = EPOCHS,
        .exit_epochs = 1,
        .batch = 8,
        .shards = 3,
        .rate = 1e-2,
        .warmup = 0.1,
        .decay = 0.01,
        .clip = 1,
        .dropout = 0.1,
        .beta1 = 0.9,
        .beta2 = 0.99,
        .eps = 1e-8,
        .curriculum = 0.6,
        .record = {true, true}};
}

static const train_watch SILENT = {0};

static void train_into(const char *folder, const train_settings *s, const made_up *m, unsigned threads, bool resume) {
    portolan_error err = {0};
    mkdir(folder, 0777);
    if (!model_train(s, &(train_run){&m->set, &m->set, folder, threads, resume, &SILENT}, &err))
        fail_msg("%s", err.message);
}

static void hash_of(const char *folder, const char *name, char hex[FILE_HASH_TEXT]) {
    char path[512];
    portolan_error err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!file_hash(path, hex, &err)) fail_msg("%s: %s", path, err.message);
}

static void assert_same_results(const char *a, const char *b) {
    static const char *const FILES[] = {"model.safetensors", "metrics.csv", "config.json",
                                        "training_dynamics_exit_1/dynamics_epoch_0.jsonl",
                                        "training_dynamics_exit_2/dynamics_epoch_2.jsonl"};
    char x[FILE_HASH_TEXT], y[FILE_HASH_TEXT];
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        hash_of(a, FILES[i], x);
        hash_of(b, FILES[i], y);
        if (strcmp(x, y) != 0) fail_msg("%s differs between %s and %s", FILES[i], a, b);
    }
}

static made_up set_a;

static void test_threads_change_nothing(void **state) {
    (void)state;
    train_settings s = settings();
    train_into("one-thread", &s, &set_a, 1, false);
    train_into("three-threads", &s, &set_a, 3, false);
    assert_same_results("one-thread", "three-threads");
    s.seed = 5;
    char x[FILE_HASH_TEXT], y[FILE_HASH_TEXT];
    train_into("other-seed", &s, &set_a, 3, false);
    hash_of("one-thread", "model.safetensors", x);
    hash_of("other-seed", "model.safetensors", y);
    assert_string_not_equal(x, y);
}

static void die_after(void *context, uint64_t step, uint64_t steps, double loss, double rate) {
    (void)steps, (void)loss, (void)rate;
    if (step == *(uint64_t *)context) raise(SIGKILL);
}

/* Killed at every step in turn, and resumed: the same bits in the end. */
static void test_kills_change_nothing(void **state) {
    (void)state;
    train_settings s = settings();
    portolan_error err = {0};
    uint64_t at = 1;
    mkdir("killed", 0777);
    for (int status = 1; status; at++) {
        pid_t child = fork();
        if (child == 0) {
            train_watch watch = {.context = &at, .step = die_after};
            _exit(model_train(&s, &(train_run){&set_a.set, &set_a.set, "killed", 2, at > 1, &watch}, &err) ? 0 : 9);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    }
    assert_true(at > EPOCHS); /* it was killed more than once */
    train_into("undisturbed", &s, &set_a, 1, false);
    assert_same_results("killed", "undisturbed");
}

static void test_other_settings_are_not_resumed(void **state) {
    (void)state;
    train_settings s = settings();
    portolan_error err = {0};
    s.rate *= 2;
    assert_false(model_train(&s, &(train_run){&set_a.set, &set_a.set, "undisturbed", 1, true, &SILENT}, &err));
    assert_non_null(strstr(err.message, "other settings"));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
}

static file_bytes checkpoint_of(const char *folder) {
    char path[512];
    file_bytes bytes;
    portolan_error err = {0};
    snprintf(path, sizeof path, "%s/checkpoint.bin", folder);
    if (!file_read(path, 64 << 20, &bytes, &err)) fail_msg("%s", err.message);
    return bytes;
}

/* Goes on from these bytes; the message, or NULL if that went well. */
static const char *resume_from(const char *data, size_t length) {
    static portolan_error err;
    train_settings s = settings();
    err = (portolan_error){0};
    mkdir("damaged", 0777);
    FILE *out = fopen("damaged/checkpoint.bin", "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, length, out), length);
    fclose(out);
    if (model_train(&s, &(train_run){&set_a.set, &set_a.set, "damaged", 1, true, &SILENT}, &err)) return NULL;
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_string_equal(err.file, "damaged/checkpoint.bin");
    return err.message;
}

static void assert_resume_says(const char *data, size_t length, const char *fragment) {
    const char *message = resume_from(data, length);
    if (!message || !strstr(message, fragment))
        fail_msg("wanted '%s', found '%s'", fragment, message ? message : "(it went on)");
}

/* A bit that has changed anywhere, a byte more or less: refused. */
static void test_damaged_checkpoints_are_refused(void **state) {
    (void)state;
    file_bytes whole = checkpoint_of("undisturbed");
    assert_null(resume_from(whole.data, whole.length));
    for (size_t at = 8; at < whole.length; at += at < 1200 ? 7 : 1009) {
        whole.data[at] ^= 0x10;
        assert_resume_says(whole.data, whole.length, "is damaged");
        whole.data[at] ^= 0x10;
    }
    for (size_t length = 0; length < whole.length; length += length < 1200 ? 111 : 9973)
        assert_resume_says(whole.data, length, "is damaged");
    assert_resume_says(whole.data, whole.length - 1, "is damaged");
    assert_resume_says(whole.data, whole.length + 1, "is damaged"); /* file_read has put a NUL there */
    whole.data[7] = '2';
    assert_resume_says(whole.data, whole.length,
                       "is a checkpoint of format 2; this version of Portolan reads format 3");
    whole.data[0] = 'X';
    assert_resume_says(whole.data, whole.length, "is not a checkpoint of training");
    free(whole.data);
    assert_int_equal(unlink("damaged/checkpoint.bin"), 0);
    assert_int_equal(mkfifo("damaged/checkpoint.bin", 0600), 0);
    portolan_error err = {0};
    train_settings s = settings();
    assert_false(model_train(&s, &(train_run){&set_a.set, &set_a.set, "damaged", 1, true, &SILENT}, &err));
    assert_non_null(strstr(err.message, "not a regular file"));
    assert_int_equal(unlink("damaged/checkpoint.bin"), 0);
}

/* With a checksum that is right, as of a program that went wrong. */
static void sign(file_bytes *bytes) {
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)bytes->data, bytes->length - SHA256_DIGEST_LENGTH);
    SHA256Final((uint8_t *)bytes->data + bytes->length - SHA256_DIGEST_LENGTH, &context);
}

static void test_wrong_numbers_in_checkpoints_are_refused(void **state) {
    (void)state;
    enum { EPOCH = 8, DEPTH = 16, ARITHMETICS = 20, METRICS = 32, FIRST_NAME = 76 };
    static const struct {
        size_t at;
        uint32_t value;
        const char *message;
    } CASES[] = {
        {EPOCH, 0, "its epochs and its metrics do not agree"}, /* more rows to come than there is room for */
        {EPOCH, UINT32_MAX, "its epochs and its metrics do not agree"},
        {METRICS, 0, "its epochs and its metrics do not agree"},
        {DEPTH, 0, "a depth that the data has not"},
        {DEPTH, 4, "a depth that the data has not"},
        {ARITHMETICS, 0, "with which arithmetic"},
        {ARITHMETICS, 9, "with which arithmetic"},
        {FIRST_NAME, 0x1b1b1b1b, "with which arithmetic"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        file_bytes bytes = checkpoint_of("undisturbed");
        memcpy(bytes.data + CASES[i].at, &CASES[i].value, sizeof CASES[i].value);
        sign(&bytes);
        assert_resume_says(bytes.data, bytes.length, CASES[i].message);
        free(bytes.data);
    }
    file_bytes bytes = checkpoint_of("undisturbed");
    float bad = NAN;
    size_t weights = 72 + TRAIN_ARITHMETICS * sizeof(train_arithmetic);
    memcpy(bytes.data + weights + 5 * sizeof bad, &bad, sizeof bad);
    sign(&bytes);
    assert_resume_says(
        bytes.data, bytes.length,
        "holds a weight of 'bert.embeddings.word_embeddings.weight' that is no finite number: element 5 of 192");
    free(bytes.data);
}

static bool note_arithmetic(void *context, const train_arithmetic *list, size_t count, portolan_error *err) {
    (void)err;
    train_arithmetic *noted = context;
    assert_in_range(count, 1, 2);
    memcpy(noted, list, count * sizeof *list);
    return true;
}

/* Written under another arithmetic: refused, or gone on with and noted. */
static void test_another_arithmetic_is_refused_or_noted(void **state) {
    (void)state;
    train_arithmetic noted[2] = {{0}};
    train_watch watch = {.context = noted, .begin = note_arithmetic};
    portolan_error err = {0};
    train_settings s = settings();
    file_bytes bytes = checkpoint_of("undisturbed");
    memcpy(bytes.data + 76, "Abacus", 7);
    sign(&bytes);
    mkdir("abacus", 0777);
    FILE *out = fopen("abacus/checkpoint.bin", "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.data, 1, bytes.length, out), bytes.length);
    fclose(out);
    free(bytes.data);
    assert_false(model_train(&s, &(train_run){&set_a.set, &set_a.set, "abacus", 1, true, &watch}, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_non_null(strstr(err.message, "was trained with 'Abacus'; here it is 'OpenBLAS"));
    s.accept_changed = true;
    assert_true(model_train(&s, &(train_run){&set_a.set, &set_a.set, "abacus", 1, true, &watch}, &err));
    assert_string_equal(noted[0].name, "Abacus");
    assert_string_equal(noted[1].name, training_arithmetic());
    assert_int_equal(noted[1].from_epoch, EPOCHS);
}

/* The dynamics are the logits of the weights after the epoch; the last epoch's are those of the finished model. */
static void test_dynamics_are_the_models(void **state) {
    (void)state;
    portolan_error err = {0};
    outcome_table t;
    encoder *e = encoder_load("one-thread/model.safetensors", 0, &err);
    if (!e) fail_msg("%s", err.message);
    assert_true(encoder_outcomes(e, &set_a.set, 1, NULL, &t, &err));
    FILE *in = fopen("one-thread/training_dynamics_exit_1/dynamics_epoch_2.jsonl", "r");
    assert_non_null(in);
    char line[512];
    for (uint32_t i = 0; i < SAMPLES; i++) {
        assert_non_null(fgets(line, sizeof line, in));
        json_t *row = json_loads(line, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(row, "guid")), i);
        assert_int_equal(json_integer_value(json_object_get(row, "gold")), set_a.labels[i]);
        json_t *logits = json_object_get(row, "logits_epoch_2");
        assert_int_equal(json_array_size(logits), 2);
        double difference = json_number_value(json_array_get(logits, 1)) - json_number_value(json_array_get(logits, 0));
        double p = 1 / (1 + exp(-difference));
        if (fabs(p - outcome_probabilities(&t, i, 0)[1]) > 1e-5)
            fail_msg("sample %u: %.9g in the dynamics, %.9g by the model", i, p, outcome_probabilities(&t, i, 0)[1]);
        json_decref(row);
    }
    assert_null(fgets(line, sizeof line, in));
    fclose(in);
    outcome_table_free(&t);
    encoder_free(e);
}

static double last_accuracy(const char *folder, int exit) {
    char path[512], line[256];
    double found = -1;
    snprintf(path, sizeof path, "%s/metrics.csv", folder);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in)) {
        int epoch, layer;
        double a, b, c, dev;
        if (sscanf(line, "%d,%d,%lf,%lf,%lf,%lf", &epoch, &layer, &a, &b, &c, &dev) == 6 && layer == exit) found = dev;
    }
    fclose(in);
    return found;
}

static void test_it_learns(void **state) {
    (void)state;
    train_settings s = settings();
    s.epochs = 25;
    s.dropout = 0;
    s.curriculum = 0;
    static const int KINDS[] = {LOSS_JOINT, LOSS_UNIFORM, LOSS_TWO_STAGE};
    static const char *const FOLDERS[] = {"joint", "uniform", "two-stage"};
    for (int i = 0; i < 3; i++) {
        s.loss = KINDS[i];
        s.exit_epochs = 10;
        train_into(FOLDERS[i], &s, &set_a, 2, false);
        print_message("%s: exit 1 %.3f, exit 2 %.3f\n", FOLDERS[i], last_accuracy(FOLDERS[i], 1),
                      last_accuracy(FOLDERS[i], 2));
        assert_true(last_accuracy(FOLDERS[i], 1) > 0.9);
        assert_true(last_accuracy(FOLDERS[i], 2) > 0.9);
    }
}

static void test_bad_data_is_refused(void **state) {
    (void)state;
    train_settings s = settings();
    made_up bad;
    portolan_error err = {0};
    mkdir("bad", 0777);
    make_set(&bad, 1);
    bad.labels[7] = 2;
    assert_false(model_train(&s, &(train_run){&bad.set, NULL, "bad", 1, false, &SILENT}, &err));
    assert_non_null(strstr(err.message, "sample 7 has label 2"));
    for (uint32_t i = 0; i < SAMPLES; i++) bad.labels[i] = 0;
    assert_false(model_train(&s, &(train_run){&bad.set, NULL, "bad", 1, false, &SILENT}, &err));
    assert_non_null(strstr(err.message, "no training sample has class 1"));
}

static void test_a_loss_that_is_not_finite_ends_the_run(void **state) {
    (void)state;
    train_settings s = settings();
    portolan_error err = {0};
    s.rate = 1e30;
    s.clip = 0;
    mkdir("diverged", 0777);
    assert_false(model_train(&s, &(train_run){&set_a.set, NULL, "diverged", 1, false, &SILENT}, &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "not finite"));
}

/* A file that cannot grow beyond a limit stands for a full disk. */
static void test_a_full_disk_leaves_the_last_checkpoint(void **state) {
    (void)state;
    train_settings s = settings();
    char before[FILE_HASH_TEXT], after[FILE_HASH_TEXT];
    s.epochs = 2;
    train_into("full", &s, &set_a, 1, false);
    hash_of("full", "checkpoint.bin", before);
    assert_int_equal(unlink("full/model.safetensors"), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {20000, 20000};
        portolan_error err = {0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        bool ok = model_train(&s, &(train_run){&set_a.set, &set_a.set, "full", 1, false, &SILENT},
                              &err); /* anew, over the old one */
        _exit(!ok && err.status == STATUS_FAILED && strstr(err.message, "checkpoint.bin") ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    hash_of("full", "checkpoint.bin", after);
    assert_string_equal(before, after);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where) {
    (void)st, (void)kind, (void)where;
    return remove(path);
}

/* 60 samples, a quarter held out: 15 of them, in order, each sample in exactly one of the two with its own row number. */
static void test_hold_out(void **state) {
    (void)state;
    portolan_error err = {0};
    made_up m;
    token_set held;
    bool seen[SAMPLES] = {false};
    make_set(&m, 1);
    token_set whole = m.set;
    size_t first[SAMPLES];
    memcpy(first, m.first, sizeof first);
    assert_true(token_set_hold_out(&m.set, 0.25, 9, &held, &err));
    assert_int_equal(held.samples, SAMPLES / 4);
    assert_int_equal(m.set.samples, SAMPLES - SAMPLES / 4);
    const token_set *sets[] = {&m.set, &held};
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < sets[k]->samples; i++) {
            uint32_t row = sets[k]->guids[i];
            assert_true(row < whole.samples && !seen[row]);
            assert_true(i == 0 || sets[k]->guids[i - 1] < row);
            assert_int_equal(sets[k]->first[i], first[row]);
            assert_int_equal(sets[k]->depths[i], 1 + row % 3);
            seen[row] = true;
        }
    arena_free(&m.set.memory);
}

/* No sample is of depth 2: the curriculum goes from 1 to 3. */
static void test_a_curriculum_with_a_gap(void **state) {
    (void)state;
    train_settings s = settings();
    made_up gap;
    make_set(&gap, 1);
    for (uint32_t i = 0; i < SAMPLES; i++) gap.depths[i] = i % 4 < 2 ? 1 : 3;
    s.curriculum = 1e-9; /* any right answer admits the next depth */
    train_into("gap", &s, &gap, 1, false);
}

/* Groups of three samples, 20 rows apart: 20 of them, 5 held out, each whole. */
static void test_hold_out_of_groups(void **state) {
    (void)state;
    portolan_error err = {0};
    made_up m;
    token_set held;
    uint64_t groups[SAMPLES];
    bool out[SAMPLES / 3] = {false};
    make_set(&m, 1);
    for (uint32_t i = 0; i < SAMPLES; i++) groups[i] = i % (SAMPLES / 3) + 1000;
    m.set.groups = groups;
    assert_true(token_set_hold_out(&m.set, 0.25, 9, &held, &err));
    assert_int_equal(held.samples, 15);
    assert_int_equal(m.set.samples, SAMPLES - 15);
    for (uint32_t i = 0; i < held.samples; i++) out[held.groups[i] - 1000] = true;
    for (uint32_t i = 0; i < m.set.samples; i++) {
        assert_false(out[m.set.groups[i] - 1000]);
        assert_int_equal(m.set.groups[i], m.set.guids[i] % (SAMPLES / 3) + 1000);
    }
    arena_free(&m.set.memory);
}

/* Never all, never none. */
static void test_hold_out_leaves_some(void **state) {
    (void)state;
    portolan_error err = {0};
    made_up m;
    token_set held;
    make_set(&m, 1);
    assert_true(token_set_hold_out(&m.set, 1, 9, &held, &err));
    assert_int_equal(m.set.samples, 1);
    arena_free(&m.set.memory);
    make_set(&m, 1);
    assert_true(token_set_hold_out(&m.set, 1e-9, 9, &held, &err));
    assert_int_equal(held.samples, 1);
    arena_free(&m.set.memory);
}

/* Of 60 samples of two classes about a third get the other label, the same ones for the same seed. */
static void test_label_noise(void **state) {
    (void)state;
    made_up noisy, again;
    make_set(&noisy, 1);
    make_set(&again, 1);
    uint32_t changed = token_set_mislabel(&noisy.set, 0.33, 5), differ = 0;
    assert_int_equal(token_set_mislabel(&again.set, 0.33, 5), changed);
    assert_in_range(changed, 8, 33);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        differ += noisy.labels[i] != (i % 2 == 0);
        assert_true(noisy.labels[i] < 2);
        assert_int_equal(noisy.labels[i], again.labels[i]);
    }
    assert_int_equal(differ, changed);
}

int main(void) {
    /* what an earlier run of this test left would be resumed */
    nftw("runs", remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir("runs", 0777) != 0 || chdir("runs") != 0) return 1;
    make_set(&set_a, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_kills_change_nothing),
        cmocka_unit_test(test_other_settings_are_not_resumed),
        cmocka_unit_test(test_damaged_checkpoints_are_refused),
        cmocka_unit_test(test_wrong_numbers_in_checkpoints_are_refused),
        cmocka_unit_test(test_another_arithmetic_is_refused_or_noted),
        cmocka_unit_test(test_dynamics_are_the_models),
        cmocka_unit_test(test_it_learns),
        cmocka_unit_test(test_hold_out),
        cmocka_unit_test(test_hold_out_of_groups),
        cmocka_unit_test(test_label_noise),
        cmocka_unit_test(test_hold_out_leaves_some),
        cmocka_unit_test(test_bad_data_is_refused),
        cmocka_unit_test(test_a_curriculum_with_a_gap),
        cmocka_unit_test(test_a_loss_that_is_not_finite_ends_the_run),
        cmocka_unit_test(test_a_full_disk_leaves_the_last_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
