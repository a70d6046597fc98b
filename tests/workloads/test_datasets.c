/* Data sets: every official form in small, the generic forms, what is refused and where, and the real
 * files if $PORTOLAN_DATA is set. */
#include "tests/support.h"
#include "workloads/workloads.h"

static int task_number(const char *name) {
    for (int i = 0; DATASET_TASKS[i]; i++)
        if (strcmp(DATASET_TASKS[i], name) == 0) return i;
    fail_msg("no task %s", name);
    return -1;
}

static dataset parse_with(dataset_settings s, const char *name, const char *text) {
    dataset d;
    portolan_error err = {0};
    if (!dataset_parse(&d, &s, name, text, strlen(text), &err))
        fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
    return d;
}

static dataset parse(const char *task, const char *name, const char *text) {
    return parse_with((dataset_settings){.task = task_number(task)}, name, text);
}

static void assert_sample(const dataset *d, uint32_t i, const char *a, const char *b, uint32_t label) {
    assert_in_range(i, 0, d->samples - 1);
    assert_string_equal(d->text_a[i], a);
    if (b)
        assert_string_equal(d->text_b[i], b);
    else
        assert_null(d->text_b);
    assert_int_equal(d->labels[i], label);
}

static void assert_classes(const dataset *d, const char *const *names) {
    uint32_t count = 0;
    for (; names[count]; count++) assert_string_equal(d->class_names[count], names[count]);
    assert_int_equal(d->classes, count);
    assert_null(d->class_names[count]);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- Official files ---- */

TEST(sst2) {
    dataset d = parse("sst2", "dev.tsv", "sentence\tlabel\n\"quotes\" stay , \"as they are \t1\ndull \t0\n\t1\n");
    assert_int_equal(d.samples, 3);
    assert_sample(&d, 0, "\"quotes\" stay , \"as they are ", NULL, 1);
    assert_sample(&d, 1, "dull ", NULL, 0);
    assert_sample(&d, 2, "", NULL, 1);
    assert_classes(&d, NAMES("negative", "positive"));
    assert_int_equal(d.metric, METRIC_ACCURACY);
    assert_string_equal(d.task, "sst2");
    dataset_free(&d);
    assert_null(d.labels);
}

TEST(cola) {
    dataset d = parse("cola", "dev.tsv", "gj04\t1\t\tBirds sing.\ngj04\t0\t*\tSing birds the.\r\n");
    assert_int_equal(d.samples, 2);
    assert_sample(&d, 0, "Birds sing.", NULL, 1);
    assert_sample(&d, 1, "Sing birds the.", NULL, 0);
    assert_classes(&d, NAMES("unacceptable", "acceptable"));
    assert_int_equal(d.metric, METRIC_MATTHEWS);
    dataset_free(&d);
}

TEST(rte_and_qnli) {
    dataset d = parse("rte", "dev.tsv",
                      "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tnot_entailment\n1\tC\tD\tentailment");
    assert_sample(&d, 0, "A.", "B.", 1);
    assert_sample(&d, 1, "C", "D", 0);
    assert_classes(&d, NAMES("entailment", "not_entailment"));
    dataset_free(&d);
    d = parse("qnli", "dev.tsv", "index\tquestion\tsentence\tlabel\n0\tQ?\tS.\tentailment\n");
    assert_sample(&d, 0, "Q?", "S.", 0);
    assert_classes(&d, NAMES("entailment", "not_entailment"));
    dataset_free(&d);
}

TEST(mrpc) {
    static const char
        TEXT[] = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t12\t13\t\" One .\tTwo\r\n0\t1\t2\tx\ty\r\n";
    char with_bom[sizeof TEXT + 3] = "\xef\xbb\xbf";
    strcat(with_bom, TEXT);
    for (int bom = 0; bom < 2; bom++) {
        dataset d = parse("mrpc", "dev.tsv", bom ? with_bom : TEXT);
        assert_int_equal(d.samples, 2);
        assert_sample(&d, 0, "\" One .", "Two", 1);
        assert_sample(&d, 1, "x", "y", 0);
        assert_classes(&d, NAMES("not_equivalent", "equivalent"));
        assert_int_equal(d.metric, METRIC_F1);
        dataset_free(&d);
    }
}

TEST(mnli) {
    static const char
        TEXT[] = "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\t"
                 "sentence2_parse\tsentence1\tsentence2\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label\n"
                 "0\t1\t1n\tfiction\t( a )\t( b )\t(R a)\t(R b)\ta\tb\tn\tn\tn\tn\tn\tneutral\n"
                 "1\t1\t1c\tfiction\t( c )\t( d )\t(R c)\t(R d)\tc\td\tn\tn\te\te\tc\t-\n"
                 "2\t1\t1e\tslate\t( e )\t( f )\t(R e)\t(R f)\te\tf\te\te\te\te\te\tentailment\n"
                 "3\t1\t1c\tslate\t( g )\t( h )\t(R g)\t(R h)\tg\th\tc\tc\tc\tc\tc\tcontradiction\n";
    dataset d = parse("mnli", "dev_matched.tsv", TEXT);
    assert_int_equal(d.samples, 3); /* one has no gold label */
    assert_sample(&d, 0, "a", "b", 1);
    assert_sample(&d, 1, "e", "f", 0);
    assert_sample(&d, 2, "g", "h", 2);
    assert_classes(&d, NAMES("entailment", "neutral", "contradiction"));
    dataset_free(&d);
}

TEST(qqp) {
    static const char TEXT[] = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
                               "133273\t213221\t213222\tHow?\tWhy?\t0\n"
                               "7\t8\t9\tcut short by a line\n" /* as in the official training file */
                               "402555\t536040\t536041\tWho?\tWho is it?\t1\n";
    dataset d = parse("qqp", "train.tsv", TEXT);
    assert_int_equal(d.samples, 2);
    assert_sample(&d, 0, "How?", "Why?", 0);
    assert_sample(&d, 1, "Who?", "Who is it?", 1);
    assert_int_equal(d.metric, METRIC_F1);
    dataset_free(&d);
}

TEST(snli) {
    static const char
        TSV[] = "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\t"
                "sentence1\tsentence2\tcaptionID\tpairID\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\n"
                "neutral\t( p )\t( h )\t(R p)\t(R h)\tp\th\t1.jpg#4\t1.jpg#4r1n\tneutral\t\t\t\t\n"
                "-\t( p )\t( i )\t(R p)\t(R i)\tp\ti\t1.jpg#4\t1.jpg#4r1c\tneutral\tentailment\t\t\t\n";
    static const char
        LINES[] = "{\"annotator_labels\": [\"neutral\"], \"captionID\": \"1.jpg#4\", \"gold_label\": \"neutral\", "
                  "\"pairID\": \"1\", \"sentence1\": \"p\", \"sentence1_parse\": \"(R p)\", \"sentence2\": \"h\"}\n"
                  "{\"annotator_labels\": [], \"gold_label\": \"-\", \"sentence1\": \"p\", \"sentence2\": \"i\"}\r\n";
    for (int json = 0; json < 2; json++) {
        dataset d = json ? parse("snli", "snli_1.0_dev.jsonl", LINES) : parse("snli", "snli_1.0_dev.txt", TSV);
        assert_int_equal(d.samples, 1);
        assert_sample(&d, 0, "p", "h", 1);
        assert_classes(&d, NAMES("entailment", "neutral", "contradiction"));
        dataset_free(&d);
    }
}

/* ---- JSON ---- */

TEST(json_keeps_the_order_of_the_file) {
    dataset d = parse("mnli", "dev.json",
                      "{\"10\": {\"text_a\": \"caf\\u00e9\", \"text_b\": \"b\", \"label\": \"contradiction\"},\n"
                      " \"9\": {\"text_a\": \"c\", \"text_b\": \"\", \"label\": 0, \"note\": null},\n"
                      " \"z\": {\"label\": \"-\", \"text_a\": \"-\", \"text_b\": \"-\"},\n"
                      " \"a\": {\"label\": \"1\", \"text_a\": \"e\", \"text_b\": \"f\"}}\n");
    assert_int_equal(d.samples, 3);
    assert_sample(&d, 0, "caf\u00e9", "b", 2);
    assert_sample(&d, 1, "c", "", 0);
    assert_sample(&d, 2, "e", "f", 1);
    dataset_free(&d);
    d = parse("mrpc", "dev.json", "{\"0\": {\"text_a\": \"a\", \"text_b\": \"b\", \"label\": \"1\"}}");
    assert_sample(&d, 0, "a", "b", 1);
    dataset_free(&d);
}

/* ---- The generic forms ---- */

TEST(named_columns) {
    dataset_settings s = {.task = task_number("tsv"), .text_a = "body", .label = "stars"};
    dataset d = parse_with(s, "reviews.txt", "stars\tbody\ttext_b\n4\tgood\tx\n0\tbad\ty\n");
    assert_sample(&d, 0, "good", "x", 4); /* text_b is taken where there is one */
    assert_sample(&d, 1, "bad", "y", 0);
    assert_classes(&d, NAMES("0", "1", "2", "3", "4"));
    assert_int_equal(d.metric, METRIC_ACCURACY);
    dataset_free(&d);
    s.text_b = "stars";
    d = parse_with(s, "reviews.txt", "stars\tbody\n1\tgood\n0\tbad\n");
    assert_sample(&d, 0, "good", "1", 1);
    dataset_free(&d);
    d = parse("tsv", "x.tsv", "label\ttext_a\n1\ta\n1\tb\n"); /* at least two classes */
    assert_sample(&d, 1, "b", NULL, 1);
    assert_classes(&d, NAMES("0", "1"));
    dataset_free(&d);
}

TEST(words_are_numbered_in_their_order) {
    dataset d = parse("tsv", "x.tsv", "label\ttext_a\nspam\ta\nham\tb\nspam\tc\n3\td\n");
    assert_sample(&d, 0, "a", NULL, 2);
    assert_sample(&d, 1, "b", NULL, 1);
    assert_sample(&d, 2, "c", NULL, 2);
    assert_sample(&d, 3, "d", NULL, 0);
    assert_classes(&d, NAMES("3", "ham", "spam"));
    assert_string_equal(d.classes_from, "the labels, sorted");
    dataset_free(&d);
}

/* Which labels a mapping knows, and what they are by it: words, numbers where no name is one, one other case. */
TEST(labels_by_a_mapping) {
    static const struct {
        const char *task, *names[4], *label;
        int wanted; /* -1: refused */
    } CASES[] = {
        {"tsv", {"spam", "ham"}, "spam", 0},
        {"tsv", {"spam", "ham"}, "ham", 1},
        {"tsv", {"spam", "ham"}, "Ham", 1},
        {"tsv", {"spam", "ham"}, "1", 1},
        {"tsv", {"spam", "ham"}, "2", -1},
        {"tsv", {"spam", "ham"}, "-1", -1},
        {"tsv", {"spam", "ham"}, "eggs", -1},
        {"tsv", {"ham", "HAM"}, "HAM", 1},
        {"tsv", {"ham", "HAM"}, "Ham", -1},
        {"tsv", {"1", "2", "3"}, "3", 2},
        {"tsv", {"1", "2", "3"}, "0", -1},
        {"tsv", {"0", "1"}, "1", 1},
        {"tsv", {"0", "1"}, "yes", -1},
        {"sst2", {"POSITIVE", "NEGATIVE"}, "1", 0}, /* 1 is "positive" in SST-2 */
        {"sst2", {"POSITIVE", "NEGATIVE"}, "negative", 1},
        {"sst2", {"good", "bad"}, "1", 1},
        {"sst2", {"good", "bad"}, "positive", -1},
        {"sst2", {"positive", "neutral"}, "0", -1},
        {"rte", {"not_entailment", "entailment"}, "entailment", 1},
        {"mnli", {"contradiction", "neutral", "entailment"}, "contradiction", 0},
        {"mnli", {"entailment", "not_entailment"}, "neutral", -1},
        {"mnli", {"entailment", "not_entailment"}, "entailment", 0},
    };
    static const char *const HEADERS[] = {"tsv",  "text_a\tlabel\na\t",
                                          "sst2", "sentence\tlabel\na\t",
                                          "rte",  "sentence1\tsentence2\tlabel\na\tb\t",
                                          "mnli", "sentence1\tsentence2\tgold_label\na\tb\t"};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[200];
        dataset d;
        portolan_error err = {0};
        uint32_t count = 0;
        while (count < 4 && CASES[i].names[count]) count++;
        dataset_settings s = {.task = task_number(CASES[i].task), .classes = {CASES[i].names, count, "the model"}};
        size_t k = 0;
        while (strcmp(HEADERS[k], CASES[i].task) != 0) k += 2;
        snprintf(text, sizeof text, "%s%s\n", HEADERS[k + 1], CASES[i].label);
        bool ok = dataset_parse(&d, &s, "x.tsv", text, strlen(text), &err);
        if (ok != (CASES[i].wanted >= 0)) fail_msg("case %zu: %s", i, ok ? "was read" : err.message);
        if (ok) {
            assert_int_equal(d.labels[0], CASES[i].wanted);
            assert_int_equal(d.classes, count);
            assert_string_equal(d.class_names[d.labels[0]], CASES[i].names[CASES[i].wanted]);
        } else {
            assert_input_error(&err, 2, CASES[i].task[0] == 't' || CASES[i].task[0] == 's' ? 3 : 5, "unknown label");
            assert_non_null(strstr(err.message, "the model has "));
        }
        dataset_free(&d);
    }
}

/* The same from JSON, where the place is the sample's. */
TEST(unknown_labels_in_json_have_a_place) {
    static const char *const NAMES_OF_TWO[] = {"entailment", "not_entailment", NULL};
    static const char TEXT[] = "{\n \"0\": {\"text_a\": \"a\", \"text_b\": \"b\", \"label\": \"entailment\"},\n"
                               " \"1\": {\"text_a\": \"a\", \"text_b\": \"b\", \"label\": \"neutral\"}}";
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.task = task_number("mnli"), .classes = {NAMES_OF_TWO, 2, "the model"}};
    assert_false(dataset_parse(&d, &s, "x.json", TEXT, sizeof TEXT - 1, &err));
    assert_input_error(&err, 3, 2, "unknown label 'neutral'; the model has entailment, not_entailment");
    assert_string_equal(err.file, "x.json");
}

/* A model that does not name its classes: numbers must be classes of it, and words as many as they. */
TEST(labels_of_a_model_without_names) {
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.task = task_number("tsv"), .classes = {NULL, 3, "the model"}};
    d = parse_with(s, "x.tsv", "text_a\tlabel\na\tz\nb\ty\nc\tx\n");
    assert_classes(&d, NAMES("x", "y", "z"));
    assert_int_equal(d.labels[0], 2);
    dataset_free(&d);
    static const char TWO[] = "text_a\tlabel\na\tz\nb\ty\n", FOUR[] = "text_a\tlabel\na\t1\nb\t3\n";
    assert_false(dataset_parse(&d, &s, "x.tsv", TWO, sizeof TWO - 1, &err));
    assert_input_error(&err, 2, 3, "the labels are 2 different words; the model has 3 classes and does not name them");
    assert_false(dataset_parse(&d, &s, "x.tsv", FOUR, sizeof FOUR - 1, &err));
    assert_input_error(&err, 3, 3, "the label 3 is out of range; the model's classes are 0 to 2");
}

TEST(jsonl) {
    dataset_settings s = {.task = task_number("jsonl"), .text_a = "premise", .text_b = "claim", .label = "y"};
    dataset d = parse("jsonl", "x",
                      "{\"text_a\": \"tab\\tbreak\\n\", \"label\": 1}\n{\"label\": 0, \"text_a\": \"b\"}\n\n");
    assert_int_equal(d.samples, 2);
    assert_sample(&d, 0, "tab\tbreak\n", NULL, 1);
    assert_sample(&d, 1, "b", NULL, 0);
    dataset_free(&d);
    d = parse("jsonl", "x",
              "{\"text_a\": \"a\", \"text_b\": \"b\", \"label\": \"no\"}\n"
              "{\"label\": \"yes\", \"text_a\": \"c\", \"text_b\": \"d\"}");
    assert_sample(&d, 1, "c", "d", 1);
    assert_classes(&d, NAMES("no", "yes"));
    dataset_free(&d);
    d = parse_with(s, "x", "{\"premise\": \"a\", \"claim\": \"b\", \"y\": 2}");
    assert_sample(&d, 0, "a", "b", 2);
    dataset_free(&d);
}

/* ---- What is refused ---- */

static const struct {
    const char *task, *name, *text;
    unsigned line, column;
    const char *message;
} BAD[] = {
    {"sst2", "x.tsv", "", 1, 1, "the file is empty"},
    {"sst2", "x.tsv", "\xef\xbb\xbf\r\n\n", 1, 1, "the file is empty"},
    {"sst2", "x.tsv", "sentence\tlabel\n", 1, 1, "no samples: the file has no rows"},
    {"sst2", "x.tsv", "sentense\tlabel\na\t1\n", 1, 1,
     "there is no column 'sentence', did you mean 'sentense'?; there are: sentense, label"},
    {"sst2", "x.tsv", "sentence\tlabel\tlabel\na\t1\t1\n", 1, 1, "the column 'label' stands twice"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t1\nb\n", 3, 2, "the line has too few fields; there are 2 columns"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t1\n\nb\t1\n", 3, 1, "too few"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t1\t\n", 2, 5, "the line has too many fields"},
    {"sst2", "x.tsv", "sentence\tlabel\na\tpositiv\n", 2, 3, "unknown label 'positiv', did you mean 'positive'?"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t\n", 2, 3, "unknown label ''"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t2\n", 2, 3, "the label 2 is out of range; sst2 has 2 classes, 0 to 1"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t-1\n", 2, 3, "the label -1 is out of range"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t4294967296\n", 2, 3, "out of range"},
    {"sst2", "x.tsv", "sentence\tlabel\na\t-\n", 2, 3, "unknown label '-'"},
    {"sst2", "x.tsv", "sentence\tlabel\ngood\t1\ncaf\xe9\t1\n", 3, 4, "not UTF-8: found the byte 0xe9"},
    {"sst2", "x.tsv", "sentence\tlabel\ngood\t1\xc3\n", 2, 7, "not UTF-8: found the byte 0xc3"},
    {"cola", "x.tsv", "index\tsentence\n0\ta\n", 1, 15, "the line has too few fields; there are 4 columns"},
    {"cola", "x.tsv", "source\tlabel\tstar\tsentence\ngj\t1\t\ta\n", 1, 8, "unknown label 'label'"},
    {"rte", "x.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot entailment\n", 2, 7,
     "unknown label 'not entailment', did you mean 'not_entailment'?; rte has entailment, not_entailment"},
    {"rte", "x.tsv", "index\tsentence1\tlabel\n0\ta\tentailment\n", 1, 1, "there is no column 'sentence2'"},
    {"mnli", "x.tsv", "sentence1\tsentence2\tgold_label\na\tb\t-\n", 1, 1,
     "no samples: of 1 rows none has a gold label"},
    {"qqp", "x.tsv", "id\tquestion1\tquestion2\tis_duplicate\n0\ta\n1\tb\n", 1, 1, "of 2 rows none has"},
    {"tsv", "x.tsv", "text_a\tlabel\na\t1\nb\t-1\n", 3, 3, "the label -1 is out of range"},
    {"tsv", "x.tsv", "text_a\tlabel\na\t1\nb\t1000\n", 3, 3, "labels that are numbers are 0 to 999"},
    {"tsv", "x.tsv", "text_a\tlabel\na\tspam\nb\tspam\n", 2, 3, "all samples have the label 'spam'"},
    {"tsv", "x.tsv", "text_a\tlabel\na\t\n", 2, 3, "the label is empty"},
    {"tsv", "x.tsv", "text_a\tlabel\na\tb\xff\n", 2, 4, "not UTF-8"},
    {"tsv", "x.tsv", "text_a\tlabel\na\tb\x1b[1m\n", 2, 3, "no control characters"},
    {"tsv", "x.tsv", "text_a\tlabel\na\tb\xc2\x9b\n", 2, 3, "no control characters"},
    {"jsonl", "x", "{\"text_a\": \"a\", \"label\": 1}\n{\"text_a\": }\n", 2, 12, "not JSON: "},
    {"jsonl", "x", "{\"text_a\": \"a\", \"label\": 1}\n\n{}\n", 2, 1, "not JSON: "},
    {"jsonl", "x", "{\"text_a\": \"a\", \"label\": 1}\n[1]\n", 2, 1, "the line: found a list; an object is wanted"},
    {"jsonl", "x", "{\"text_a\": \"a\", \"lable\": 1}\n", 1, 1, "there is no key 'label', did you mean 'lable'?"},
    {"jsonl", "x", "{}", 1, 1, "there is no key 'text_a'; the object is empty"},
    {"jsonl", "x", "{\"text_a\": \"a\", \"text_b\": \"\", \"label\": 1}\n{\"text_a\": \"a\", \"label\": 1}", 2, 1,
     "there is no key 'text_b'"},
    {"jsonl", "x", "{\"text_a\": 1, \"label\": 1}\n", 1, 1, "text_a: found a number; a text is wanted"},
    {"jsonl", "x", "{\"text_a\": \"a\", \"label\": 1.5}\n", 1, 1, "label: found a number; a text or a whole number"},
    {"jsonl", "x", "{\"text_a\": \"a\", \"text_a\": \"b\", \"label\": 1}\n", 1, 24, "duplicate"},
    {"jsonl", "x", "{\"text_a\": \"a\xff\", \"label\": 1}\n", 1, 13, "not JSON: "},
    {"qnli", "x.json", "[1]", 1, 1, "the file: found a list; an object of samples is wanted"},
    {"qnli", "x.json", "{\"0\": {\"text_a\": \"a\"", 1, 20, "not JSON: "},
    {"qnli", "x.json", "{}", 1, 1, "no samples"},
    {"qnli", "x.json", "{\"0\": {\"text_a\": \"{\\\"\", \"text_b\": \"b\", \"label\": 0},\n  \"1\": 5}", 2, 3,
     "1: found a number; an object with text_a, text_b and label is wanted"},
    {"qnli", "x.json", "{\n \"0\": {\"text_a\": \"a\", \"text_b\": \"b\", \"label\": 0},\n \"1\": {\"text_a\": \"a\"}}",
     3, 2, "there is no key 'text_b', did you mean 'text_a'?"},
    {"qnli", "x.json", "{\n \"0\": {\n \"text_a\": \"a\", \"text_b\": \"b\", \"label\": \"entailed\"}}", 2, 2,
     "unknown label 'entailed', did you mean 'entailment'?"},
};

TEST(bad_files) {
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        dataset d;
        portolan_error err = {0};
        dataset_settings s = {.task = task_number(BAD[i].task)};
        if (dataset_parse(&d, &s, BAD[i].name, BAD[i].text, strlen(BAD[i].text), &err))
            fail_msg("was read: %s", BAD[i].text);
        assert_input_error(&err, BAD[i].line, BAD[i].column, BAD[i].message);
        assert_string_equal(err.file, BAD[i].name);
        assert_null(d.memory.newest);
        assert_null(d.text_a);
    }
}

TEST(nul_bytes) {
    static const char TEXT[] = "sentence\tlabel\na\0b\t1\n";
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.task = task_number("sst2")};
    assert_false(dataset_parse(&d, &s, "x.tsv", TEXT, sizeof TEXT - 1, &err));
    assert_input_error(&err, 2, 2, "NUL");
}

TEST(settings_that_do_not_fit) {
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.task = task_number("sst2"), .text_a = "sentence"};
    assert_false(dataset_parse(&d, &s, "x.tsv", "sentence\tlabel\na\t1\n", 19, &err));
    assert_input_error(&err, 1, 1, "the columns of sst2 are fixed");
    s = (dataset_settings){.task = task_number("qqp"), .max_tokens = 4};
    assert_false(dataset_parse(&d, &s, "x.tsv", "question1\tquestion2\tis_duplicate\na\tb\t1\n", 40, &err));
    assert_input_error(&err, 1, 1, "max_tokens is 4; a pair of texts needs at least 5");
    assert_false(dataset_load(&d, &s, "no-such-file", &err));
    assert_input_error(&err, 0, 0, "cannot open");
}

TEST(too_many_classes) {
    char *text = malloc(20000);
    size_t length = (size_t)sprintf(text, "text_a\tlabel\n");
    dataset d;
    portolan_error err = {0};
    dataset_settings s = {.task = task_number("tsv")};
    for (int i = 0; i < 1000; i++) length += (size_t)sprintf(text + length, "a\tclass%d\n", i);
    d = parse("tsv", "x.tsv", text);
    assert_int_equal(d.classes, 1000);
    assert_int_equal(d.labels[999], 999);
    dataset_free(&d);
    length += (size_t)sprintf(text + length, "a\tclass0\na\tclass1000\n");
    assert_false(dataset_parse(&d, &s, "x.tsv", text, length, &err));
    assert_input_error(&err, 1003, 3, "'class1000' is one label too many");
    free(text);
}

/* ---- Keys ---- */

TEST(keys) {
    yaml_document doc = document_of("task: mrpc\nfile: dev.tsv\n");
    dataset_settings s;
    portolan_error err = {0};
    memset(&s, 0, sizeof s);
    assert_true(yaml_read(doc.root, "data", DATASET_FIELDS, &s, &err));
    assert_int_equal(s.task, task_number("mrpc"));
    assert_string_equal(s.file, "dev.tsv");
    assert_int_equal(s.max_tokens, 128);
    assert_null(s.vocab);
    assert_null(s.text_a);
    yaml_unload(&doc);
    doc = document_of("{task: tsv, file: f, vocab: v, max_tokens: 3, text_a: \"#1 String\", text_b: b, label: c}");
    assert_true(yaml_read(doc.root, "data", DATASET_FIELDS, &s, &err));
    assert_int_equal(s.max_tokens, 3);
    assert_string_equal(s.text_a, "#1 String");
    yaml_unload(&doc);
    doc = document_of("{task: sst, file: f}");
    assert_false(yaml_read(doc.root, "data", DATASET_FIELDS, &s, &err));
    assert_input_error(&err, 1, 8, "did you mean 'sst2'");
    yaml_unload(&doc);
    doc = document_of("{task: tsv, file: f, max_tokens: 2}");
    assert_false(yaml_read(doc.root, "data", DATASET_FIELDS, &s, &err));
    assert_input_error(&err, 1, 34, "");
    yaml_unload(&doc);
}

/* ---- Real files ---- */

TEST(real_files) {
    static const struct {
        const char *task, *file;
        uint32_t samples, classes;
        bool pairs;
    } SETS[] = {
        {"sst2", "glue/SST-2/train.tsv", 67349, 2, false},      {"sst2", "glue/SST-2/dev.tsv", 872, 2, false},
        {"cola", "glue/CoLA/train.tsv", 8551, 2, false},        {"cola", "glue/CoLA/dev.tsv", 1043, 2, false},
        {"rte", "glue/RTE/train.tsv", 2490, 2, true},           {"rte", "glue/RTE/dev.tsv", 277, 2, true},
        {"mrpc", "glue/MRPC/train.tsv", 3668, 2, true},         {"mrpc", "glue/MRPC/dev.tsv", 408, 2, true},
        {"qnli", "glue/QNLI/dev.tsv", 5463, 2, true},           {"mnli", "glue_subset/MNLI/dev.json", 1000, 3, true},
        {"mnli", "glue_subset/MNLI/train.json", 8999, 3, true}, {"qnli", "glue_subset/QNLI/dev.json", 1000, 2, true},
        {"qqp", "glue_subset/QQP/dev.json", 1000, 2, true},     {"qqp", "glue_subset/QQP/train.json", 8999, 2, true},
        {"snli", "glue_subset/SNLI/dev.json", 1000, 3, true},   {"snli", "glue_subset/SNLI/train.json", 8999, 3, true},
    };
    const char *data = getenv("PORTOLAN_DATA");
    if (!data || !*data) {
        print_message("skipped: PORTOLAN_DATA is not set; point it at the folder with glue/ and glue_subset/\n");
        skip();
    }
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++) {
        char path[2048];
        dataset d;
        portolan_error err = {0};
        dataset_settings s = {.task = task_number(SETS[i].task), .max_tokens = 128};
        snprintf(path, sizeof path, "%s/%s", data, SETS[i].file);
        if (!dataset_load(&d, &s, path, &err)) fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.message);
        assert_int_equal(d.samples, SETS[i].samples);
        assert_int_equal(d.classes, SETS[i].classes);
        assert_int_equal(d.text_b != NULL, SETS[i].pairs);
        uint32_t seen[3] = {0};
        for (uint32_t k = 0; k < d.samples; k++) {
            assert_in_range(d.labels[k], 0, d.classes - 1);
            seen[d.labels[k]]++;
        }
        for (uint32_t k = 0; k < d.classes; k++) assert_true(seen[k] > d.samples / 5);
        dataset_free(&d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sst2),
        cmocka_unit_test(cola),
        cmocka_unit_test(rte_and_qnli),
        cmocka_unit_test(mrpc),
        cmocka_unit_test(mnli),
        cmocka_unit_test(qqp),
        cmocka_unit_test(snli),
        cmocka_unit_test(json_keeps_the_order_of_the_file),
        cmocka_unit_test(named_columns),
        cmocka_unit_test(words_are_numbered_in_their_order),
        cmocka_unit_test(labels_by_a_mapping),
        cmocka_unit_test(unknown_labels_in_json_have_a_place),
        cmocka_unit_test(labels_of_a_model_without_names),
        cmocka_unit_test(jsonl),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(settings_that_do_not_fit),
        cmocka_unit_test(too_many_classes),
        cmocka_unit_test(keys),
        cmocka_unit_test(real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
