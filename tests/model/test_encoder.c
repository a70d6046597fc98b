/* The encoder against logits of PyTorch (golden/, by reference_encoder.py), and what it promises of bits: they depend
 * neither on the batch, nor on how layers are cut into slices, nor on threads, nor on where buffers lie.
 *
 *     model_encoder             the small models
 *     model_encoder --slow      the one of BERT-base's shape
 *     model_encoder --models D  writes all models into D, for reference_encoder.py */
#include "models.h"

#include "base/random.h"

/* ---- Golden logits ---- */

enum { GOLDEN_MAX_INPUTS = 32, GOLDEN_MAX_TOKENS = 1024, GOLDEN_MAX_LOGITS = 2048 };

typedef struct golden {
    uint32_t count, total, lengths[GOLDEN_MAX_INPUTS], ids[GOLDEN_MAX_TOKENS];
    uint8_t segments[GOLDEN_MAX_TOKENS];
    size_t logit_count;
    double logits[GOLDEN_MAX_LOGITS]; /* [input][exit][classes] */
} golden;

/* The numbers of a line after its first word, which the caller has seen. */
static const char *next_number(const char *at, double *value) {
    char *end;
    *value = strtod(at, &end);
    return end == at ? NULL : end;
}

static void golden_line(golden *g, const char *line) {
    double value = 0;
    const char *at = strchr(line, ' ');
    assert_non_null(at);
    if (strncmp(line, "tokens ", 7) == 0) {
        assert_true(g->count < GOLDEN_MAX_INPUTS && next_number(at, &value));
        g->lengths[g->count++] = (uint32_t)value;
        g->total += (uint32_t)value;
        assert_true(g->total <= GOLDEN_MAX_TOKENS);
    } else if (strncmp(line, "ids ", 4) == 0 || strncmp(line, "segments ", 9) == 0) {
        for (uint32_t i = g->total - g->lengths[g->count - 1]; (at = next_number(at, &value)) != NULL; i++) {
            assert_true(i < g->total);
            if (*line == 'i')
                g->ids[i] = (uint32_t)value;
            else
                g->segments[i] = (uint8_t)value;
        }
    } else {
        assert_int_equal(strncmp(line, "exit ", 5), 0);
        for (at = next_number(at, &value); at && (at = next_number(at, &value)) != NULL;) {
            assert_true(g->logit_count < GOLDEN_MAX_LOGITS);
            g->logits[g->logit_count++] = value;
        }
    }
}

static golden *golden_read(const char *name) {
    char path[512], line[8192];
    snprintf(path, sizeof path, "%s/tests/model/golden/%s.txt", PORTOLAN_SOURCE_DIR, name);
    FILE *f = fopen(path, "r");
    golden *g = calloc(1, sizeof *g);
    if (!f) print_error("cannot read %s\n", path);
    assert_true(f && g);
    while (fgets(line, sizeof line, f))
        if (*line != '#') golden_line(g, line);
    fclose(f);
    return g;
}

/* The largest difference of any logit when the inputs are run as this batch; `first` is the first input's number. */
static double worst_of(encoder *e, const golden *g, const token_batch *batch, uint32_t first) {
    const encoder_config *c = encoder_settings(e);
    size_t h = c->shape.hidden, classes = c->shape.classes, exit = 0, exits = g->logit_count / (g->count * classes);
    float *hidden = malloc(batch->total * h * sizeof *hidden),
          *logits = malloc(batch->count * classes * sizeof *logits);
    encoder_scratch scratch = {0};
    portolan_error err = {0};
    double worst = 0;
    assert_true(encoder_embed(e, batch, hidden, &err));
    for (uint32_t layer = 1; layer <= c->shape.layers; layer++) {
        assert_true(encoder_run(e, layer - 1, layer, &(encoder_pass){batch, hidden, &scratch}, &err));
        if (!c->exits[layer - 1]) continue;
        assert_true(encoder_exit(e, layer, &(encoder_pass){batch, hidden, &scratch}, logits, &err));
        for (size_t i = 0; i < batch->count * classes; i++) {
            double wanted = g->logits[((first + i / classes) * exits + exit) * classes + i % classes];
            worst = fmax(worst, fabs(logits[i] - wanted));
        }
        exit++;
    }
    assert_int_equal(exit, exits);
    encoder_scratch_free(&scratch);
    free(hidden);
    free(logits);
    return worst;
}

static void compare_model(const test_model *m) {
    golden *g = golden_read(m->name);
    for (unsigned table = 0; table < KERNEL_TABLES; table++) {
        if (!kernels_choose(table)) continue;
        encoder *e = test_model_load(m, 0);
        token_batch all = {g->count, g->total, g->lengths, g->ids, g->segments};
        double worst = worst_of(e, g, &all, 0);
        for (uint32_t i = 0, at = 0; i < g->count; at += g->lengths[i++]) {
            token_batch one = {1, g->lengths[i], g->lengths + i, g->ids + at, g->segments + at};
            worst = fmax(worst, worst_of(e, g, &one, i));
        }
        print_message("%-14s %-8s largest difference of a logit %.2g\n", m->name, kernels_pick()->name, worst);
        assert_true(worst < 2e-5);
        encoder_free(e);
    }
    free(g);
}

static void compare_models(bool slow) {
    for (const test_model *m = TEST_MODELS; m->name; m++)
        if (m->slow == slow) compare_model(m);
}

TEST(small_models_agree_with_the_reference) { compare_models(false); }
TEST(bert_base_agrees_with_the_reference) { compare_models(true); }

/* ---- Random batches ---- */

enum { MOST_SEQUENCES = 24, MOST_TOKENS = MOST_SEQUENCES * 128 };

typedef struct sequences {
    uint32_t count, total, lengths[MOST_SEQUENCES], ids[MOST_TOKENS];
    uint8_t segments[MOST_TOKENS];
} sequences;

static void add_sequence(sequences *s, random_stream *r, const encoder_config *c, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        s->ids[s->total] = (uint32_t)random_below(r, c->shape.vocabulary);
        s->segments[s->total++] = c->segments > 1 && i >= length / 2;
    }
    s->lengths[s->count++] = length;
}

/* Mostly short ones, some as long as can be; more than one group of the encoder's together. */
static void draw_sequences(sequences *s, random_stream *r, const encoder_config *c, uint32_t count) {
    *s = (sequences){0};
    while (s->count < count) add_sequence(s, r, c, 1 + (uint32_t)random_below(r, random_below(r, 4) ? 24 : 128));
}

static token_batch batch_of(const sequences *s) {
    return (token_batch){s->count, s->total, s->lengths, s->ids, s->segments};
}

/* `bytes` of memory at the address `shift` bytes after a cache line. */
static void *shifted(void **memory, size_t bytes, size_t shift) {
    *memory = aligned_alloc(64, (bytes + shift + 127) / 64 * 64);
    assert_non_null(*memory);
    return (char *)*memory + shift;
}

/* Hidden states after the last layer and the logits of all exits [layer][count][classes], to be freed. */
typedef struct passed {
    void *memory[2];
    float *hidden, *logits;
} passed;

static passed pass(encoder *e, const token_batch *batch, const uint32_t *cuts, size_t shift) {
    const encoder_config *c = encoder_settings(e);
    size_t row = batch->count * c->shape.classes, bytes = c->shape.layers * row * sizeof(float);
    passed p;
    encoder_scratch scratch = {0};
    portolan_error err = {0};
    p.hidden = shifted(&p.memory[0], batch->total * c->shape.hidden * sizeof(float), shift);
    p.logits = shifted(&p.memory[1], bytes, shift);
    memset(p.logits, 0, bytes);
    assert_true(encoder_embed(e, batch, p.hidden, &err));
    for (uint32_t from = 0; from < c->shape.layers; from = *cuts++) {
        assert_true(encoder_run(e, from, *cuts, &(encoder_pass){batch, p.hidden, &scratch}, &err));
        assert_true(
            encoder_exit(e, *cuts, &(encoder_pass){batch, p.hidden, &scratch}, p.logits + (*cuts - 1) * row, &err));
    }
    encoder_scratch_free(&scratch);
    return p;
}

static void passed_free(passed *p) {
    free(p->memory[0]);
    free(p->memory[1]);
}

static const uint32_t EACH_LAYER[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

TEST(slices_equal_one_call) {
    static const uint32_t WHOLE[] = {12}, SLICES[] = {3, 6, 12};
    const test_model *m = test_model_named("12x128");
    for (unsigned table = 0; table < KERNEL_TABLES; table++) {
        if (!kernels_choose(table)) continue;
        encoder *e = test_model_load(m, 0);
        random_stream r = random_open(1, "slices", table);
        static sequences s;
        draw_sequences(&s, &r, encoder_settings(e), 12);
        token_batch batch = batch_of(&s);
        passed whole = pass(e, &batch, WHOLE, 0), slices = pass(e, &batch, SLICES, 0),
               each = pass(e, &batch, EACH_LAYER, 0);
        size_t bytes = s.total * m->hidden * sizeof(float), row = s.count * m->classes;
        assert_memory_equal(whole.hidden, slices.hidden, bytes);
        assert_memory_equal(whole.hidden, each.hidden, bytes);
        assert_memory_equal(whole.logits + 11 * row, slices.logits + 11 * row, row * sizeof(float));
        assert_memory_equal(each.logits + 2 * row, slices.logits + 2 * row, row * sizeof(float));
        passed_free(&whole);
        passed_free(&slices);
        passed_free(&each);
        encoder_free(e);
    }
}

/* Each sequence of the batch alone, at another alignment, against what it got among the others. */
static void check_batch(encoder *e, const sequences *s, random_stream *r) {
    const encoder_config *c = encoder_settings(e);
    size_t h = c->shape.hidden, classes = c->shape.classes;
    token_batch batch = batch_of(s);
    passed together = pass(e, &batch, EACH_LAYER, 4 * random_below(r, 16));
    for (uint32_t i = 0, at = 0; i < s->count; at += s->lengths[i++]) {
        uint32_t n = s->lengths[i];
        void *memory[2];
        size_t shift = random_below(r, 16);
        uint32_t *ids = shifted(&memory[0], n * sizeof *ids, 4 * shift);
        uint8_t *segments = shifted(&memory[1], n, shift);
        memcpy(ids, s->ids + at, n * sizeof *ids);
        memcpy(segments, s->segments + at, n);
        token_batch one = {1, n, &n, ids, segments};
        passed alone = pass(e, &one, EACH_LAYER, 4 * shift);
        assert_memory_equal(alone.hidden, together.hidden + at * h, n * h * sizeof(float));
        for (size_t layer = 0; layer < c->shape.layers; layer++)
            assert_memory_equal(alone.logits + layer * classes, together.logits + (layer * s->count + i) * classes,
                                classes * sizeof(float));
        passed_free(&alone);
        free(memory[0]);
        free(memory[1]);
    }
    passed_free(&together);
}

/* The same sequences in another order, and fewer of them. */
static void shuffle_sequences(const sequences *s, sequences *into, random_stream *r) {
    uint32_t order[MOST_SEQUENCES], starts[MOST_SEQUENCES], keep = 1 + (uint32_t)random_below(r, s->count);
    for (uint32_t i = 0, at = 0; i < s->count; at += s->lengths[i++]) order[i] = i, starts[i] = at;
    random_shuffle(r, order, s->count);
    *into = (sequences){0};
    for (uint32_t k = 0; k < keep; k++) {
        uint32_t i = order[k], n = s->lengths[i];
        memcpy(into->ids + into->total, s->ids + starts[i], n * sizeof *s->ids);
        memcpy(into->segments + into->total, s->segments + starts[i], n);
        into->lengths[into->count++] = n;
        into->total += n;
    }
}

static void check_random_batches(const char *name, unsigned table, unsigned trials) {
    encoder *e = test_model_load(test_model_named(name), 0);
    random_stream r = random_open(2, "batches", table);
    static sequences s, other;
    for (unsigned trial = 0; trial < trials; trial++) {
        draw_sequences(&s, &r, encoder_settings(e), 1 + (uint32_t)random_below(&r, MOST_SEQUENCES));
        check_batch(e, &s, &r);
        shuffle_sequences(&s, &other, &r);
        check_batch(e, &other, &r);
    }
    encoder_free(e);
}

TEST(bits_do_not_depend_on_the_batch) {
    for (unsigned table = 0; table < KERNEL_TABLES; table++) {
        if (!kernels_choose(table)) continue;
        check_random_batches("odd", table, 30);
        check_random_batches("odder", table, 30);
        check_random_batches("pre-norm-mean", table, 15);
        check_random_batches("12x128", table, 4);
    }
}

/* Wide rows: sums over 768 and 3072 products. */
TEST(bits_of_bert_base_do_not_depend_on_the_batch) {
    for (unsigned table = 0; table < KERNEL_TABLES; table++)
        if (kernels_choose(table)) check_random_batches("bert-base", table, 1);
}

/* ---- Outcome tables ---- */

/* A token set that borrows the sequences. */
static token_set set_of(sequences *s, size_t *first, uint32_t *labels) {
    for (uint32_t i = 0, at = 0; i < s->count; at += s->lengths[i++]) first[i] = at;
    return (token_set){.samples = s->count,
                       .classes = 2,
                       .longest = 128,
                       .lengths = s->lengths,
                       .first = first,
                       .ids = s->ids,
                       .segments = s->segments,
                       .labels = labels};
}

static void note_progress(void *context, uint32_t done, uint32_t total) {
    uint32_t *last = context;
    assert_true(done > *last && done <= total);
    *last = done;
}

static void assert_same_table(const outcome_table *a, const outcome_table *b) {
    size_t n = (size_t)a->samples * a->exits;
    assert_int_equal(a->exits, b->exits);
    assert_memory_equal(a->probabilities, b->probabilities, n * a->classes * sizeof *a->probabilities);
    assert_memory_equal(a->confidences, b->confidences, n * sizeof *a->confidences);
    assert_memory_equal(a->predictions, b->predictions, n * sizeof *a->predictions);
}

/* By one thread, by two, and sample by sample in the reverse order. */
TEST(outcomes_do_not_depend_on_threads_and_batches) {
    static sequences s;
    static size_t first[MOST_SEQUENCES];
    static uint32_t labels[MOST_SEQUENCES];
    for (unsigned table = 0; table < KERNEL_TABLES; table++) {
        if (!kernels_choose(table)) continue;
        encoder *e = test_model_load(test_model_named("few-exits"), 0);
        random_stream r = random_open(3, "outcomes", 0);
        draw_sequences(&s, &r, encoder_settings(e), MOST_SEQUENCES);
        for (uint32_t i = 0; i < s.count; i++) labels[i] = i % 2;
        token_set set = set_of(&s, first, labels);
        outcome_table one, two, single;
        encoder_scratch scratch = {0};
        portolan_error err = {0};
        uint32_t last = 0;
        assert_true(encoder_outcomes(e, &set, 1, NULL, &one, &err));
        assert_true(encoder_outcomes(e, &set, 2, &(outcome_watch){note_progress, &last}, &two, &err));
        assert_int_equal(last, s.count);
        assert_true(encoder_outcome_table(e, &set, true, &single, &err));
        for (uint32_t i = s.count; i-- > 0;)
            assert_true(encoder_fill_outcomes(e, &(token_choice){&set, &i, 1}, &single, &scratch, &err));
        assert_same_table(&one, &two);
        assert_same_table(&one, &single);
        assert_int_equal(one.exits, 3);
        assert_int_equal(one.exit_layer[1], 6);
        assert_memory_equal(one.labels, labels, s.count * sizeof *labels);
        assert_memory_equal(one.tokens, s.lengths, s.count * sizeof *s.lengths);
        for (size_t i = 0; i < (size_t)one.samples * one.exits; i++)
            assert_near(one.probabilities[2 * i] + one.probabilities[2 * i + 1], 1, 1e-15);
        outcome_table_free(&one);
        outcome_table_free(&two);
        outcome_table_free(&single);
        encoder_scratch_free(&scratch);
        encoder_free(e);
    }
}

/* ---- Errors ---- */

static void assert_refused(bool ok, portolan_error *err, const char *fragment) {
    assert_false(ok);
    if (!strstr(err->message, fragment)) print_error("wanted \"%s\"\nfound \"%s\"\n", fragment, err->message);
    assert_non_null(strstr(err->message, fragment));
    *err = (portolan_error){0};
}

TEST(wrong_inputs_are_refused) {
    unsetenv("PORTOLAN_KERNELS");
    encoder *e = test_model_load(test_model_named("few-exits"), 6); /* 48 wide, 77 words, 128 positions, 2 segments */
    uint32_t ids[200] = {0}, length = 4, lengths[] = {2, 0};
    uint8_t segments[200] = {0};
    float hidden[200 * 48], logits[4];
    encoder_scratch scratch = {0};
    portolan_error err = {0};
    token_batch batch = {1, 4, &length, ids, segments};
    assert_true(encoder_embed(e, &batch, hidden, &err));
    assert_true(encoder_run(e, 0, 6, &(encoder_pass){&batch, hidden, &scratch}, &err));
    assert_true(encoder_exit(e, 3, &(encoder_pass){&batch, hidden, &scratch}, logits, &err));
    assert_refused(encoder_run(e, 5, 7, &(encoder_pass){&batch, hidden, &scratch}, &err), &err,
                   "layers 6 to 7 were asked for; 6 are loaded");
    assert_refused(encoder_run(e, 4, 3, &(encoder_pass){&batch, hidden, &scratch}, &err), &err, "layers 5 to 3");
    assert_refused(encoder_exit(e, 0, &(encoder_pass){&batch, hidden, &scratch}, logits, &err), &err,
                   "no exit after layer 0");
    assert_refused(encoder_exit(e, 2, &(encoder_pass){&batch, hidden, &scratch}, logits, &err), &err,
                   "no exit after layer 2");
    assert_refused(encoder_exit(e, 12, &(encoder_pass){&batch, hidden, &scratch}, logits, &err), &err,
                   "no exit after layer 12");
    ids[2] = 77;
    assert_refused(encoder_embed(e, &batch, hidden, &err), &err, "token 77");
    ids[2] = 76;
    segments[3] = 2;
    assert_refused(encoder_embed(e, &batch, hidden, &err), &err, "segment 2");
    segments[3] = 1;
    assert_true(encoder_embed(e, &batch, hidden, &err));
    length = batch.total = 129;
    assert_refused(encoder_embed(e, &batch, hidden, &err), &err, "a sequence of 129 tokens");
    assert_refused(encoder_run(e, 0, 1, &(encoder_pass){&batch, hidden, &scratch}, &err), &err,
                   "a sequence of 129 tokens");
    token_batch uneven = {2, 2, lengths, ids, segments};
    assert_refused(encoder_run(e, 0, 1, &(encoder_pass){&uneven, hidden, &scratch}, &err), &err,
                   "a sequence of 0 tokens");
    length = 3;
    batch.total = 4;
    assert_refused(encoder_run(e, 0, 1, &(encoder_pass){&batch, hidden, &scratch}, &err), &err,
                   "4 tokens whose lengths sum to 3");
    encoder_scratch_free(&scratch);
    encoder_free(e);
}

TEST(more_layers_than_there_are_is_an_error) {
    char folder[] = "encoder-test-XXXXXX", path[64];
    portolan_error err = {0};
    const test_model *m = test_model_named("odd");
    assert_non_null(mkdtemp(folder));
    assert_true(test_model_write(m, folder, &err));
    snprintf(path, sizeof path, "%s/odd/model.safetensors", folder);
    assert_refused(encoder_load(path, 4, &err) != NULL, &err, "has 3 layers, 4 were asked for");
    remove(path);
    snprintf(path, sizeof path, "%s/odd/config.json", folder);
    remove(path);
    snprintf(path, sizeof path, "%s/odd", folder);
    remove(path);
    remove(folder);
}

/* An empty batch is no work, not an error. */
TEST(an_empty_batch_is_fine) {
    encoder *e = test_model_load(test_model_named("odd"), 0);
    token_batch none = {0};
    encoder_scratch scratch = {0};
    portolan_error err = {0};
    float nothing[1];
    assert_true(encoder_embed(e, &none, nothing, &err));
    assert_true(encoder_run(e, 0, 3, &(encoder_pass){&none, nothing, &scratch}, &err));
    assert_true(encoder_exit(e, 3, &(encoder_pass){&none, nothing, &scratch}, nothing, &err));
    encoder_scratch_free(&scratch);
    encoder_free(e);
}

static int write_models(const char *folder) {
    portolan_error err = {0};
    for (const test_model *m = TEST_MODELS; m->name; m++) {
        if (test_model_write(m, folder, &err)) continue;
        error_print(&err, stderr);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_models_agree_with_the_reference),
        cmocka_unit_test(slices_equal_one_call),
        cmocka_unit_test(bits_do_not_depend_on_the_batch),
        cmocka_unit_test(outcomes_do_not_depend_on_threads_and_batches),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(more_layers_than_there_are_is_an_error),
        cmocka_unit_test(an_empty_batch_is_fine),
    };
    const struct CMUnitTest slow_tests[] = {
        cmocka_unit_test(bert_base_agrees_with_the_reference),
        cmocka_unit_test(bits_of_bert_base_do_not_depend_on_the_batch),
    };
    if (argc == 3 && strcmp(argv[1], "--models") == 0) return write_models(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--slow") == 0)
        return cmocka_run_group_tests(slow_tests, models_open, models_close);
    return cmocka_run_group_tests(tests, models_open, models_close);
}
