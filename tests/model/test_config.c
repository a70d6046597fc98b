/* Configurations and names: models as Hugging Face, DeeBERT, PABEE and ElasticBERT name them, and what is
 * wrong with them. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "model/model.h"
#include "tests/support.h"

static const char PATH[] = "model.safetensors";

/* ---- Models to be written ---- */

enum { HIDDEN = 8, FORWARD = 12, WORDS = 20, POSITIONS = 16, CLASSES = 3, LAYERS = 3, ROOM = 256 };

static const float ZEROS[1024];

/* A list of tensors, all of zeros. */
typedef struct draft {
    char names[ROOM][96];
    tensor tensors[ROOM];
    size_t count;
} draft;

static void add(draft *d, uint64_t rows, uint64_t columns, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add(draft *d, uint64_t rows, uint64_t columns, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(d->names[d->count], sizeof d->names[0], format, arguments);
    va_end(arguments);
    d->tensors[d->count] = (tensor){.name = d->names[d->count],
                                    .rank = columns ? 2 : 1,
                                    .shape = {rows, columns},
                                    .elements = rows * (columns ? columns : 1),
                                    .data = ZEROS};
    d->count++;
}

static void add_linear(draft *d, uint64_t outputs, uint64_t inputs, const char *stem) {
    add(d, outputs, inputs, "%s.weight", stem);
    add(d, outputs, 0, "%s.bias", stem);
}

static void add_norm(draft *d, const char *stem, bool old_names) {
    add(d, HIDDEN, 0, "%s.%s", stem, old_names ? "gamma" : "weight");
    add(d, HIDDEN, 0, "%s.%s", stem, old_names ? "beta" : "bias");
}

static void add_layer(draft *d, const char *prefix, unsigned layer, bool old_names) {
    static const char *const SQUARE[] = {"attention.self.query", "attention.self.key", "attention.self.value",
                                         "attention.output.dense"};
    char stem[96], base[48];
    snprintf(base, sizeof base, "%sencoder.layer.%u", prefix, layer);
    for (int i = 0; i < 4; i++) {
        snprintf(stem, sizeof stem, "%s.%s", base, SQUARE[i]);
        add_linear(d, HIDDEN, HIDDEN, stem);
    }
    snprintf(stem, sizeof stem, "%s.attention.output.LayerNorm", base);
    add_norm(d, stem, old_names);
    snprintf(stem, sizeof stem, "%s.intermediate.dense", base);
    add_linear(d, FORWARD, HIDDEN, stem);
    snprintf(stem, sizeof stem, "%s.output.dense", base);
    add_linear(d, HIDDEN, FORWARD, stem);
    snprintf(stem, sizeof stem, "%s.output.LayerNorm", base);
    add_norm(d, stem, old_names);
}

/* Embeddings and layers. */
static void add_body(draft *d, const char *prefix, bool old_names) {
    char stem[96];
    add(d, WORDS, HIDDEN, "%sembeddings.word_embeddings.weight", prefix);
    add(d, POSITIONS, HIDDEN, "%sembeddings.position_embeddings.weight", prefix);
    add(d, 2, HIDDEN, "%sembeddings.token_type_embeddings.weight", prefix);
    snprintf(stem, sizeof stem, "%sembeddings.LayerNorm", prefix);
    add_norm(d, stem, old_names);
    for (unsigned layer = 0; layer < LAYERS; layer++) add_layer(d, prefix, layer, old_names);
}

/* A linear layer for each of the layers; '#' in the stem stands for the number. */
static void add_numbered(draft *d, uint64_t outputs, const char *head, const char *tail) {
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        char stem[96];
        snprintf(stem, sizeof stem, "%s%u%s", head, layer, tail);
        add_linear(d, outputs, HIDDEN, stem);
    }
}

static void add_bert(draft *d) {
    add_body(d, "bert.", false);
    add_linear(d, HIDDEN, HIDDEN, "bert.pooler.dense");
    add_linear(d, CLASSES, HIDDEN, "classifier");
}

static void add_deebert(draft *d) {
    add_bert(d);
    add_numbered(d, HIDDEN, "bert.encoder.highway.", ".pooler.dense");
    add_numbered(d, CLASSES, "bert.encoder.highway.", ".classifier");
}

static void add_pabee(draft *d) {
    add_body(d, "bert.", false);
    add_linear(d, HIDDEN, HIDDEN, "bert.pooler.dense");
    add_numbered(d, CLASSES, "classifiers.", "");
}

static void add_elasticbert(draft *d) {
    add_body(d, "elasticbert.", false);
    add_numbered(d, HIDDEN, "elasticbert.encoder.pooler.", ".dense");
    add_numbered(d, CLASSES, "classifiers.", "");
}

/* ---- Writing and loading ---- */

#define KEYS                                                                                        \
    "\"hidden_size\":8,\"num_hidden_layers\":3,\"num_attention_heads\":2,\"intermediate_size\":12," \
    "\"vocab_size\":20,\"max_position_embeddings\":16,\"type_vocab_size\":2"
static const char
    CONFIG[] = "{" KEYS ",\"hidden_act\":\"gelu\",\"layer_norm_eps\":1e-7,\"model_type\":\"bert\","
               "\"attention_probs_dropout_prob\":0.1,\"architectures\":[\"X\"],\"torch_dtype\":\"float32\"}";

static void write_text(const char *name, const char *text) {
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    file_own(name);
}

static void write_model(void (*build)(draft *d), const char *config) {
    draft *d = calloc(1, sizeof *d);
    portolan_error err = {0};
    build(d);
    assert_true(safetensors_write(PATH, d->tensors, d->count, NULL, &err));
    free(d);
    unlink("tokenizer_config.json");
    write_text("config.json", config);
}

static safetensors *open_model(void) {
    portolan_error err = {0};
    safetensors *file = safetensors_open(PATH, &err);
    if (!file) error_print(&err, stderr);
    assert_non_null(file);
    return file;
}

static arena names; /* of classes; freed at the end */

/* The model on disk is good. */
static encoder_config load_good(void) {
    portolan_error err = {0};
    encoder_config c;
    safetensors *file = open_model();
    if (!encoder_config_load(&c, &names, file, &err)) {
        error_print(&err, stderr);
        fail();
    }
    safetensors_close(file);
    return c;
}

/* The model on disk is refused; `where` is the file that is blamed, `line` 0 whatever line of it. */
static void expect_refusal(const char *where, unsigned line, const char *fragment) {
    portolan_error err = {0};
    encoder_config c;
    safetensors *file = open_model();
    assert_false(encoder_config_load(&c, &names, file, &err));
    safetensors_close(file);
    assert_string_equal(err.file, where);
    assert_input_error(&err, line ? line : err.line, err.column, fragment);
}

static void expect_refused_config(const char *config, const char *fragment) {
    write_model(add_bert, config);
    expect_refusal("config.json", 0, fragment);
}

static void assert_tensor(const safetensors *file, model_weight weight, uint32_t layer, const char *name) {
    const tensor *t = model_tensor(file, weight, layer);
    if (!name) {
        assert_null(t);
        return;
    }
    assert_non_null(t);
    assert_string_equal(t->name, name);
}

static void assert_exits(const encoder_config *c, const char *wanted) {
    for (unsigned i = 0; i < MODEL_MAX_LAYERS; i++) assert_int_equal(c->exits[i], i < LAYERS && wanted[i] == 'x');
}

/* ---- Kinds of models ---- */

TEST(a_hugging_face_classifier_has_one_exit) {
    write_model(add_bert, CONFIG);
    encoder_config c = load_good();
    assert_int_equal(c.shape.layers, LAYERS);
    assert_int_equal(c.shape.hidden, HIDDEN);
    assert_int_equal(c.shape.feed_forward, FORWARD);
    assert_int_equal(c.shape.classes, CLASSES);
    assert_int_equal(c.shape.vocabulary, WORDS);
    assert_int_equal(c.heads, 2);
    assert_int_equal(c.positions, POSITIONS);
    assert_int_equal(c.segments, 2);
    assert_true(c.norm_eps == 1e-7);
    assert_false(c.pre_norm);
    assert_int_equal(c.pooling, POOL_CLS);
    assert_true(c.has_pooler && c.lowercase);
    assert_exits(&c, "--x");
    safetensors *file = open_model();
    assert_tensor(file, WEIGHT_TOKEN_TABLE, 0, "bert.embeddings.word_embeddings.weight");
    assert_tensor(file, LAYER_KEY_BIAS, 2, "bert.encoder.layer.1.attention.self.key.bias");
    assert_tensor(file, LAYER_NORM1_SCALE, 1, "bert.encoder.layer.0.attention.output.LayerNorm.weight");
    assert_tensor(file, LAYER_NORM2_SHIFT, 3, "bert.encoder.layer.2.output.LayerNorm.bias");
    assert_tensor(file, LAYER_NORM2_SHIFT, 4, NULL);
    assert_tensor(file, WEIGHT_FINAL_NORM_SCALE, 0, NULL);
    assert_tensor(file, EXIT_CLASSIFIER_WEIGHT, 2, NULL);
    assert_tensor(file, EXIT_POOLER_WEIGHT, 2, NULL);
    assert_tensor(file, EXIT_CLASSIFIER_BIAS, 3, "classifier.bias");
    assert_tensor(file, EXIT_POOLER_BIAS, 3, "bert.pooler.dense.bias");
    safetensors_close(file);
}

/* The last highway is never trained: the final classifier stands at the last layer. */
TEST(deebert_has_highways) {
    write_model(add_deebert, CONFIG);
    encoder_config c = load_good();
    assert_exits(&c, "xxx");
    assert_true(c.has_pooler);
    safetensors *file = open_model();
    assert_tensor(file, EXIT_POOLER_WEIGHT, 1, "bert.encoder.highway.0.pooler.dense.weight");
    assert_tensor(file, EXIT_CLASSIFIER_WEIGHT, 1, "bert.encoder.highway.0.classifier.weight");
    assert_tensor(file, EXIT_CLASSIFIER_BIAS, 2, "bert.encoder.highway.1.classifier.bias");
    assert_tensor(file, EXIT_CLASSIFIER_WEIGHT, 3, "classifier.weight");
    assert_tensor(file, EXIT_POOLER_BIAS, 3, "bert.pooler.dense.bias");
    safetensors_close(file);
}

TEST(pabee_shares_one_pooler) {
    write_model(add_pabee, CONFIG);
    encoder_config c = load_good();
    assert_exits(&c, "xxx");
    assert_true(c.has_pooler);
    safetensors *file = open_model();
    for (uint32_t layer = 1; layer <= LAYERS; layer++) {
        char name[32];
        snprintf(name, sizeof name, "classifiers.%u.weight", layer - 1);
        assert_tensor(file, EXIT_CLASSIFIER_WEIGHT, layer, name);
        assert_tensor(file, EXIT_POOLER_WEIGHT, layer, "bert.pooler.dense.weight");
    }
    safetensors_close(file);
}

TEST(elasticbert_has_a_pooler_for_each) {
    write_model(add_elasticbert, "{" KEYS ",\"model_type\":\"elasticbert\",\"num_output_layers\":3}");
    encoder_config c = load_good();
    assert_exits(&c, "xxx");
    assert_true(c.norm_eps == 1e-12);
    safetensors *file = open_model();
    assert_tensor(file, LAYER_UP_WEIGHT, 1, "elasticbert.encoder.layer.0.intermediate.dense.weight");
    assert_tensor(file, EXIT_POOLER_WEIGHT, 2, "elasticbert.encoder.pooler.1.dense.weight");
    assert_tensor(file, EXIT_CLASSIFIER_BIAS, 3, "classifiers.2.bias");
    safetensors_close(file);
    write_model(add_elasticbert, "{" KEYS ",\"num_output_layers\":2}");
    expect_refusal("config.json", 0, "'num_output_layers' is 2 of 3 layers; export classifiers.N with N counted from");
}

static void add_last_pooler(draft *d) {
    add_body(d, "elasticbert.", false);
    add_linear(d, HIDDEN, HIDDEN, "elasticbert.encoder.pooler.2.dense");
    add_linear(d, CLASSES, HIDDEN, "classifier");
}

TEST(a_final_classifier_may_have_a_numbered_pooler) {
    write_model(add_last_pooler, CONFIG);
    encoder_config c = load_good();
    assert_exits(&c, "--x");
    assert_true(c.has_pooler);
}

static void add_bare(draft *d) {
    add_body(d, "", true);
    add_numbered(d, CLASSES, "classifiers.", "");
}

TEST(names_may_lack_a_prefix_and_norms_be_old) {
    write_model(add_bare, CONFIG);
    encoder_config c = load_good();
    assert_false(c.has_pooler);
    safetensors *file = open_model();
    assert_tensor(file, LAYER_NORM1_SHIFT, 1, "encoder.layer.0.attention.output.LayerNorm.beta");
    assert_tensor(file, WEIGHT_EMBEDDING_NORM_SCALE, 0, "embeddings.LayerNorm.gamma");
    assert_tensor(file, EXIT_POOLER_WEIGHT, 1, NULL);
    safetensors_close(file);
}

static void add_pre_norm(draft *d) {
    add_pabee(d);
    add_norm(d, "bert.encoder.LayerNorm", false);
}

TEST(a_pre_norm_model_has_a_last_norm) {
    write_model(add_pre_norm, "{" KEYS ",\"portolan\":{\"pre_norm\":true,\"pooling\":\"mean\",\"exits\":[3,1]}}");
    encoder_config c = load_good();
    assert_true(c.pre_norm);
    assert_int_equal(c.pooling, POOL_MEAN);
    assert_exits(&c, "x-x");
    write_text("config.json", CONFIG);
    expect_refusal(PATH, 0,
                   "tensor 'bert.encoder.LayerNorm.weight', as only pre-norm models have; then config.json needs");
    write_model(add_pabee, "{" KEYS ",\"portolan\":{\"pre_norm\":true}}");
    expect_refusal(PATH, 0, "no tensor 'bert.encoder.LayerNorm.weight'");
}

/* ---- Options of ours ---- */

TEST(exits_and_pooler_can_be_chosen) {
    write_model(add_deebert, "{" KEYS ",\"portolan\":{\"exits\":[1,3],\"pooler\":false}}");
    encoder_config c = load_good();
    assert_exits(&c, "x-x");
    assert_false(c.has_pooler);
    write_text("config.json", "{" KEYS ",\"portolan\":{\"exits\":[2],\"pooler\":true}}");
    c = load_good();
    assert_exits(&c, "-x-");
    assert_true(c.has_pooler);
    write_model(add_bare, "{" KEYS ",\"portolan\":{\"pooler\":true}}");
    expect_refusal(PATH, 0, "has no pooler, but config.json says");
    write_model(add_bert, "{" KEYS ",\"portolan\":{\"exits\":[2,3]}}");
    expect_refusal(PATH, 0, "no classifier for the exit after layer 2");
}

TEST(wrong_options_of_ours_are_refused) {
    expect_refused_config("{" KEYS ",\"portolan\":7}", "'portolan' is 7; an object is wanted");
    expect_refused_config(
        "{" KEYS ",\"portolan\":{\"prenorm\":true}}",
        "\"portolan\" has no key 'prenorm', did you mean 'pre_norm'?; allowed: pre_norm, pooling, pooler");
    expect_refused_config("{" KEYS ",\"portolan\":{\"pre_norm\":1}}", "'pre_norm' is 1; true or false is wanted");
    expect_refused_config("{" KEYS ",\"portolan\":{\"pooling\":\"max\"}}", "'pooling' is \"max\"; allowed: cls, mean");
    expect_refused_config("{" KEYS ",\"portolan\":{\"exits\":3}}", "'exits' is 3; a list of layers is wanted");
    expect_refused_config("{" KEYS ",\"portolan\":{\"exits\":[]}}", "'exits' is []; a list of layers is wanted");
    expect_refused_config("{" KEYS ",\"portolan\":{\"exits\":[0]}}",
                          "'exits' is 0; each of its layers is a whole number from 1 to 3");
    expect_refused_config("{" KEYS ",\"portolan\":{\"exits\":[4]}}", "'exits' is 4; each");
    expect_refused_config("{" KEYS ",\"portolan\":{\"exits\":[3,3]}}",
                          "'exits' is 3; each of its layers is a whole number from 1 to 3, named once");
    expect_refused_config("{" KEYS ",\"portolan\":{\"exits\":[\"3\"]}}", "'exits' is \"3\"; each");
}

TEST(lower_case_comes_from_either_file) {
    write_model(add_bert, CONFIG);
    assert_true(load_good().lowercase);
    write_text("config.json", "{" KEYS ",\"do_lower_case\":false}");
    assert_false(load_good().lowercase);
    write_text("tokenizer_config.json", "{\"do_lower_case\":true,\"model_max_length\":512}");
    assert_true(load_good().lowercase);
    write_text("tokenizer_config.json", "{\"model_max_length\":512}");
    assert_false(load_good().lowercase);
    write_text("tokenizer_config.json", "{\"do_lower_case\":\"no\"}");
    expect_refusal("tokenizer_config.json", 0, "'do_lower_case' is \"no\"; true or false is wanted");
    write_text("tokenizer_config.json", "{\n\"do_lower_case\"");
    expect_refusal("tokenizer_config.json", 2, "is not JSON");
    unlink("tokenizer_config.json");
}

/* ---- Wrong configurations ---- */

TEST(missing_keys_are_named) {
    static const char *const REQUIRED[] = {"hidden_size",       "num_hidden_layers", "num_attention_heads",
                                           "intermediate_size", "vocab_size",        "max_position_embeddings"};
    for (size_t i = 0; i < sizeof REQUIRED / sizeof *REQUIRED; i++) {
        char config[sizeof CONFIG], wanted[80];
        memcpy(config, CONFIG, sizeof CONFIG);
        strstr(config, REQUIRED[i])[0] = 'X';
        snprintf(wanted, sizeof wanted, "has no '%s'", REQUIRED[i]);
        expect_refused_config(config, wanted);
    }
}

TEST(wrong_values_are_named) {
    static const char *const CASES[][2] = {
        {"\"hidden_size\":\"8\"", "'hidden_size' is \"8\"; a whole number from 1 to 65536 is wanted"},
        {"\"hidden_size\":8.0", "'hidden_size' is 8.0; a whole number"},
        {"\"hidden_size\":0", "'hidden_size' is 0; a whole number"},
        {"\"num_hidden_layers\":65", "'num_hidden_layers' is 65; a whole number from 1 to 64"},
        {"\"num_hidden_layers\":-1", "'num_hidden_layers' is -1"},
        {"\"num_attention_heads\":3", "'hidden_size' is 8 and 'num_attention_heads' is 3"},
        {"\"vocab_size\":1e9", "'vocab_size' is 1000000000.0; a whole number"},
        {"\"vocab_size\":[20]", "'vocab_size' is [20]"},
        {"\"layer_norm_eps\":0", "'layer_norm_eps' is 0; a number from 1e-20 to 0.1"},
        {"\"layer_norm_eps\":\"1e-12\"", "'layer_norm_eps' is \"1e-12\""},
        {"\"hidden_act\":\"relu\"", "'hidden_act' is \"relu\"; allowed: gelu (the exact one, with erf)"},
        {"\"hidden_act\":\"gelu_new\"", "'hidden_act' is \"gelu_new\"; allowed: gelu"},
        {"\"hidden_act\":7", "'hidden_act' is 7; allowed: gelu"},
        {"\"position_embedding_type\":\"relative_key\"",
         "'position_embedding_type' is \"relative_key\"; allowed: absolute"},
        {"\"model_type\":\"roberta\"", "'model_type' is \"roberta\"; allowed: bert, elasticbert"},
        {"\"is_decoder\":true", "'is_decoder' is true"},
        {"\"do_lower_case\":1", "'do_lower_case' is 1; true or false"},
        {"\"num_labels\":2", "names 2 classes (num_labels, id2label), but the classifiers have 3"},
        {"\"id2label\":{\"0\":\"no\",\"1\":\"yes\"}", "names 2 classes"},
        {"\"num_labels\":3,\"id2label\":{\"0\":\"no\",\"1\":\"yes\"}", "'num_labels' is 3, but 'id2label' names 2"},
        {"\"id2label\":[]", "'id2label' is []"},
        {"\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"3\":\"c\"}", "its keys are \"0\" to \"2\", one a class"},
        {"\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":7}", "'id2label' is 7; a class's name is a text"},
        {"\"id2label\":{\"0\":\"a\",\"1\":\"\",\"2\":\"c\"}", "'id2label' is \"\"; a class's name is a text"},
        {"\"id2label\":{\"0\":\"a\",\"1\":\"\\u001b[31m\",\"2\":\"c\"}", "without control characters"},
        {"\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"a\"}", "'id2label' is \"a\"; two classes have this name"},
        {"\"label2id\":{\"a\":0,\"b\":1,\"c\":3}", "'label2id' is 3; classes are 0 to 2"},
        {"\"label2id\":{\"a\":0,\"b\":1,\"c\":1}", "'label2id' is 1; two names have this class"},
        {"\"label2id\":{\"a\":0,\"b\":1}", "names 2 classes"},
        {"\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"},\"label2id\":{\"b\":0,\"a\":1,\"c\":2}",
         "it calls class 0 'b', but id2label 'a'"},
        {"\"num_hidden_layers\":2", "'num_hidden_layers' is 2, but the weights hold more layers"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char config[600];
        char key[40];
        snprintf(key, sizeof key, "%.*s", (int)(strchr(CASES[i][0], ':') - CASES[i][0]), CASES[i][0]);
        char keys[] = KEYS, *old = strstr(keys, key);
        if (old) old[1] = 'X'; /* the right value goes under another name */
        snprintf(config, sizeof config, "{%s,%s}", keys, CASES[i][0]);
        expect_refused_config(config, CASES[i][1]);
    }
}

/* By either key, unless what it says is only Hugging Face's placeholder. */
TEST(names_of_classes) {
    static const char *const BY_ID = "{" KEYS ",\"id2label\":{\"0\":\"c\",\"1\":\"b\",\"2\":\"a\"}%s}";
    static const char *const EXTRA[] = {"", ",\"label2id\":{\"c\":0,\"b\":1,\"a\":2}",
                                        ",\"label2id\":{\"LABEL_0\":0,\"LABEL_1\":1,\"LABEL_2\":2}"};
    for (size_t i = 0; i < sizeof EXTRA / sizeof *EXTRA; i++) {
        char config[600];
        snprintf(config, sizeof config, BY_ID, EXTRA[i]);
        write_model(add_bert, config);
        encoder_config c = load_good();
        assert_string_equal(c.class_names[0], "c");
        assert_string_equal(c.class_names[2], "a");
        assert_null(c.class_names[3]);
    }
    write_model(add_bert, "{" KEYS ",\"id2label\":{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\",\"2\":\"LABEL_2\"},"
                          "\"label2id\":{\"x\":2,\"y\":0,\"z\":1}}");
    assert_string_equal(load_good().class_names[0], "y");
    write_model(add_bert, "{" KEYS ",\"id2label\":{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\",\"2\":\"LABEL_2\"}}");
    assert_null(load_good().class_names);
    write_model(add_bert, "{" KEYS ",\"label2id\":{\"0\":0,\"1\":1,\"2\":2}}");
    assert_null(load_good().class_names);
}

TEST(null_is_as_good_as_absent) {
    write_model(add_bert, "{" KEYS ",\"layer_norm_eps\":null,\"num_labels\":null,\"id2label\":null}");
    assert_true(load_good().norm_eps == 1e-12);
}

TEST(a_config_that_is_none_is_refused) {
    write_model(add_bert, "");
    expect_refusal("config.json", 1, "is not JSON");
    write_text("config.json", "{\n" KEYS ",\n\"hidden_size\":9}");
    expect_refusal("config.json", 3, "duplicate object key");
    write_text("config.json", "[1]");
    expect_refusal("config.json", 1, "is not a JSON object");
    write_text("config.json", "{\"hidden_size\":8");
    expect_refusal("config.json", 1, "is not JSON");
    unlink("config.json");
    expect_refusal("config.json", 0, "No such file");
    mkdir("config.json", 0755);
    expect_refusal("config.json", 0, "is not a regular file");
    rmdir("config.json");
}

/* ---- Wrong weights ---- */

/* One model each, with one tensor missing, and with one tensor of another shape. */
TEST(every_missing_or_misshapen_part_is_named) {
    draft *good = calloc(1, sizeof *good);
    add_pabee(good);
    write_text("config.json", CONFIG);
    for (size_t i = 0; i < good->count; i++) {
        draft *bad = malloc(sizeof *bad);
        char wanted[160];
        portolan_error err = {0};
        memcpy(bad, good, sizeof *bad);
        bad->tensors[i].name = "other";
        assert_true(safetensors_write(PATH, bad->tensors, bad->count, NULL, &err));
        const char *name = good->tensors[i].name;
        bool classifier = strncmp(name, "classifiers", 11) == 0, weight = strstr(name, ".weight") != NULL;
        snprintf(wanted, sizeof wanted, "no tensor '%s'", name);
        if (strncmp(name, "bert.pooler.dense.weight", 24) == 0 || (classifier && weight)) {
            load_good(); /* a model without poolers, or with one exit less */
        } else {
            expect_refusal(PATH, 0, wanted);
        }
        bad->tensors[i].name = name;
        bad->tensors[i].shape[bad->tensors[i].rank - 1]++;
        bad->tensors[i].elements += bad->tensors[i].rank == 2 ? bad->tensors[i].shape[0] : 1;
        assert_true(safetensors_write(PATH, bad->tensors, bad->count, NULL, &err));
        snprintf(wanted, sizeof wanted, "tensor '%s' has shape [", name);
        expect_refusal(PATH, 0, wanted);
        free(bad);
    }
    free(good);
}

TEST(a_misshapen_part_says_what_is_wanted) {
    write_model(add_bert,
                "{\"hidden_size\":8,\"num_hidden_layers\":3,\"num_attention_heads\":2,\"intermediate_size\":16,"
                "\"vocab_size\":20,\"max_position_embeddings\":16}");
    expect_refusal(PATH, 0,
                   "tensor 'bert.encoder.layer.0.intermediate.dense.weight' has shape [12, 8]; [16, 8] is wanted "
                   "(intermediate_size, hidden_size)");
}

static void add_no_exit(draft *d) { add_body(d, "bert.", false); }

static void add_regression(draft *d) {
    add_body(d, "bert.", false);
    add_linear(d, 1, HIDDEN, "classifier");
}

static void add_mixed_poolers(draft *d) {
    add_body(d, "bert.", false);
    add_numbered(d, CLASSES, "bert.encoder.highway.", ".classifier");
    add_linear(d, HIDDEN, HIDDEN, "bert.encoder.highway.1.pooler.dense");
}

TEST(models_without_usable_exits_are_refused) {
    write_model(add_no_exit, CONFIG);
    expect_refusal(PATH, 0, "has no exit: neither 'classifier.weight' nor 'classifiers.N.weight'");
    write_model(add_regression, CONFIG);
    expect_refusal(PATH, 0, "tensor 'classifier.weight' has 1 rows; a classifier [classes, hidden_size] of 2 to 1000");
    write_model(add_mixed_poolers, CONFIG);
    expect_refusal(PATH, 0,
                   "no tensor 'bert.encoder.highway.0.pooler.dense.weight', nor one under another known name; "
                   "other exits have a pooler");
}

/* ---- Random models ---- */

static encoder_config small_config(void) {
    encoder_config c = {.shape = {.layers = 4, .hidden = 16, .feed_forward = 32, .classes = 5, .vocabulary = 50},
                        .heads = 4,
                        .positions = 24,
                        .segments = 2,
                        .norm_eps = 1e-12,
                        .has_pooler = true,
                        .lowercase = true};
    for (int i = 0; i < 4; i++) c.exits[i] = true;
    return c;
}

static void check_random(const encoder_config *c) {
    portolan_error err = {0};
    assert_true(model_write_random(PATH, c, 0.02, 7, &err));
    encoder_config read = load_good();
    assert_memory_equal(&read.shape, &c->shape, sizeof read.shape);
    assert_memory_equal(read.exits, c->exits, sizeof read.exits);
    assert_true(read.heads == c->heads && read.positions == c->positions && read.segments == c->segments);
    assert_true(read.norm_eps == c->norm_eps && read.pre_norm == c->pre_norm && read.pooling == c->pooling);
    assert_true(read.has_pooler == c->has_pooler && read.lowercase == c->lowercase);
    assert_true(!read.class_names == !c->class_names);
    for (uint64_t i = 0; c->class_names && i < c->shape.classes; i++)
        assert_string_equal(read.class_names[i], c->class_names[i]);
}

TEST(random_models_of_any_kind_are_read_back) {
    encoder_config c = small_config();
    unlink("tokenizer_config.json");
    check_random(&c);
    c.pre_norm = true;
    check_random(&c);
    c.class_names = (const char *const[]){"e", "d", "with, \"quotes\"", "b", "\u00e4", NULL};
    check_random(&c);
    c.pooling = POOL_MEAN;
    c.has_pooler = false;
    c.lowercase = false;
    check_random(&c);
    c.exits[0] = c.exits[2] = false;
    c.segments = 0;
    c.norm_eps = 1e-5;
    check_random(&c);
}

static float *read_weight(const safetensors *file, model_weight weight, uint32_t layer, uint64_t *n) {
    portolan_error err = {0};
    const tensor *t = model_tensor(file, weight, layer);
    assert_non_null(t);
    float *data = malloc(t->elements * sizeof *data);
    assert_true(tensor_read(file, t, false, data, &err));
    *n = t->elements;
    return data;
}

TEST(random_weights_are_normal_and_depend_on_the_seed_alone) {
    encoder_config c = small_config();
    portolan_error err = {0};
    uint64_t n, n2;
    c.shape.vocabulary = 2000;
    assert_true(model_write_random(PATH, &c, 0.5, 7, &err));
    safetensors *file = open_model();
    float *table = read_weight(file, WEIGHT_TOKEN_TABLE, 0, &n), *query = read_weight(file, LAYER_QUERY_WEIGHT, 2, &n2);
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += table[i];
        squares += (double)table[i] * table[i];
    }
    assert_within(sum / (double)n, 0, 0.01); /* 32000 draws: the mean's deviation is 0.0028 */
    assert_within(sqrt(squares / (double)n), 0.5, 0.01);
    float *scale = read_weight(file, LAYER_NORM1_SCALE, 1, &n), *shift = read_weight(file, LAYER_UP_BIAS, 4, &n);
    for (int i = 0; i < 16; i++) assert_true(scale[i] == 1 && shift[i] == 0);
    float *key = read_weight(file, LAYER_KEY_WEIGHT, 2, &n), *other = read_weight(file, LAYER_QUERY_WEIGHT, 3, &n);
    assert_memory_not_equal(query, key, n * sizeof *key);
    assert_memory_not_equal(query, other, n * sizeof *key);
    safetensors_close(file);

    c = small_config(); /* the same weights in another model */
    c.has_pooler = false;
    assert_true(model_write_random(PATH, &c, 0.5, 7, &err));
    file = open_model();
    float *again = read_weight(file, LAYER_QUERY_WEIGHT, 2, &n);
    assert_memory_equal(again, query, n * sizeof *query);
    safetensors_close(file);
    assert_true(model_write_random(PATH, &c, 0.5, 8, &err));
    file = open_model();
    float *reseeded = read_weight(file, LAYER_QUERY_WEIGHT, 2, &n);
    assert_memory_not_equal(reseeded, query, n * sizeof *query);
    safetensors_close(file);
    float *all[] = {table, query, scale, shift, key, other, again, reseeded};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

TEST(names_and_shapes_of_parts) {
    encoder_config c = small_config();
    uint64_t shape[TENSOR_MAX_RANK];
    char name[128];
    assert_int_equal(model_weight_shape(&c, LAYER_UP_WEIGHT, shape), 2);
    assert_int_equal(shape[0], 32);
    assert_int_equal(shape[1], 16);
    assert_int_equal(model_weight_shape(&c, EXIT_CLASSIFIER_BIAS, shape), 1);
    assert_int_equal(shape[0], 5);
    model_weight_name(LAYER_UP_WEIGHT, 12, name, sizeof name);
    assert_string_equal(name, "bert.encoder.layer.11.intermediate.dense.weight");
    model_weight_name(WEIGHT_FINAL_NORM_SHIFT, 0, name, sizeof name);
    assert_string_equal(name, "bert.encoder.LayerNorm.bias");
    model_weight_name(EXIT_POOLER_BIAS, 1, name, sizeof name);
    assert_string_equal(name, "bert.encoder.highway.0.pooler.dense.bias");
}

TEST(a_config_that_cannot_be_written_is_an_error) {
    encoder_config c = small_config();
    portolan_error err = {0};
    assert_false(encoder_config_write(&c, "/dev/null/m.safetensors", &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "/dev/null/config.json: cannot write"));
    err = (portolan_error){0};
    assert_false(model_write_random("/dev/null/m.safetensors", &c, 0.02, 1, &err));
    assert_int_equal(err.status, STATUS_FAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hugging_face_classifier_has_one_exit),
        cmocka_unit_test(deebert_has_highways),
        cmocka_unit_test(pabee_shares_one_pooler),
        cmocka_unit_test(elasticbert_has_a_pooler_for_each),
        cmocka_unit_test(a_final_classifier_may_have_a_numbered_pooler),
        cmocka_unit_test(names_may_lack_a_prefix_and_norms_be_old),
        cmocka_unit_test(a_pre_norm_model_has_a_last_norm),
        cmocka_unit_test(exits_and_pooler_can_be_chosen),
        cmocka_unit_test(wrong_options_of_ours_are_refused),
        cmocka_unit_test(lower_case_comes_from_either_file),
        cmocka_unit_test(missing_keys_are_named),
        cmocka_unit_test(wrong_values_are_named),
        cmocka_unit_test(names_of_classes),
        cmocka_unit_test(null_is_as_good_as_absent),
        cmocka_unit_test(a_config_that_is_none_is_refused),
        cmocka_unit_test(every_missing_or_misshapen_part_is_named),
        cmocka_unit_test(a_misshapen_part_says_what_is_wanted),
        cmocka_unit_test(models_without_usable_exits_are_refused),
        cmocka_unit_test(random_models_of_any_kind_are_read_back),
        cmocka_unit_test(random_weights_are_normal_and_depend_on_the_seed_alone),
        cmocka_unit_test(names_and_shapes_of_parts),
        cmocka_unit_test(a_config_that_cannot_be_written_is_an_error),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&names);
    return failed;
}
