/* Outcome tables: both CSV forms, what is refused and where, and the synthetic table against its model. */
#include "tests/support.h"
#include "workloads/workloads.h"

static outcome_table parse(const char *text) {
    outcome_table t;
    portolan_error err = {0};
    if (!outcome_table_parse(&t, "test.csv", text, strlen(text), &err))
        fail_msg("%u:%u: %s", err.line, err.column, err.message);
    return t;
}

#define NAMED_HEADER "sample,label,tokens,exit1_p0,exit1_p1,exit1_p2,label_name\n"
#define LONG_HEADER  "Sample_ID,Exit,Confidence,Prediction,Label\n"

/* ---- The long form ---- */

static void assert_long(const char *text) {
    outcome_table t = parse(text);
    assert_int_equal(t.samples, 2);
    assert_int_equal(t.exits, 2);
    assert_int_equal(t.classes, 2);
    assert_int_equal(t.labels[0], 1);
    assert_int_equal(t.labels[1], 0);
    assert_near(outcome_confidence(&t, 0, 0), 0.5, 0);
    assert_near(outcome_confidence(&t, 0, 1), 0.6, 0);
    assert_near(outcome_confidence(&t, 1, 0), 0.7, 0);
    assert_near(outcome_confidence(&t, 1, 1), 1, 0);
    assert_int_equal(outcome_prediction(&t, 0, 0), 1);
    assert_int_equal(outcome_prediction(&t, 0, 1), 0);
    assert_int_equal(outcome_prediction(&t, 1, 1), 1);
    assert_null(outcome_probabilities(&t, 0, 0));
    assert_null(t.tokens);
    assert_null(t.v);
    outcome_table_free(&t);
    assert_null(t.labels);
}

TEST(long_form) {
    assert_long(LONG_HEADER "0,0,.5,1,1\n0,1,.6,0,1\n1,0,.7,0,0\n1,1,1,1,0\n");
    assert_long(LONG_HEADER "1,1,1,1,0\n0,0,.5,1,1\n1,0,.7,0,0\n0,1,.6,0,1\n");   /* any order */
    assert_long(LONG_HEADER "70,0,.7,0,0\n70,1,1,1,0\n9,0,.5,1,1\n9,1,.6,0,1\n"); /* any numbers */
    assert_long(LONG_HEADER "0,0,.5,1,1\n0,1,.6,0,1\n1,0,.7,0,0\n1,1,1,1,0");     /* no newline at the end */
    assert_long("Sample_ID,Exit,Confidence,Prediction,Label\r\n"
                "0,0,5e-1,1,1\r\n0,1,.6,0,1\r\n1,0,.7,0,0\r\n1,1,1,1,0\r\n");
    assert_long("\xef\xbb\xbf" LONG_HEADER "0,0,.5,1,1\n0,1,.6,0,1\n1,0,.7,0,0\n1,1,1,1,0\n");
}

TEST(classes_follow_from_labels_and_predictions) {
    outcome_table t = parse(LONG_HEADER "0,0,.5,4,1\n");
    assert_int_equal(t.classes, 5);
    outcome_table_free(&t);
    t = parse(LONG_HEADER "0,0,.5,0,999\n");
    assert_int_equal(t.classes, 1000);
    outcome_table_free(&t);
}

/* ---- The compact form ---- */

#define COMPACT_HEADER "sample,label,tokens,exit1_p0,exit1_p1,exit1_p2,exit2_p0,exit2_p1,exit2_p2"

static void assert_compact(const char *text, bool with_v) {
    outcome_table t = parse(text);
    assert_int_equal(t.samples, 2);
    assert_int_equal(t.exits, 2);
    assert_int_equal(t.classes, 3);
    assert_int_equal(t.labels[0], 2);
    assert_int_equal(t.tokens[0], 25);
    assert_int_equal(t.tokens[1], 1);
    assert_near(outcome_confidence(&t, 0, 0), 0.5, 0);
    assert_int_equal(outcome_prediction(&t, 0, 0), 1);
    assert_near(outcome_confidence(&t, 1, 0), 0.4, 0);
    assert_int_equal(outcome_prediction(&t, 1, 0), 0); /* the first of equals */
    assert_near(outcome_confidence(&t, 1, 1), 1, 0);
    assert_int_equal(outcome_prediction(&t, 1, 1), 2);
    assert_near(outcome_probabilities(&t, 0, 1)[2], 0.6, 0);
    assert_int_equal(t.v_size, with_v ? 2 : 0);
    if (with_v) {
        assert_near(t.v[0], -1.5, 0);
        assert_near(t.v[3], 1e3, 0);
    } else {
        assert_null(t.v);
    }
    outcome_table_free(&t);
}

TEST(compact_form) {
    assert_compact(COMPACT_HEADER "\n0,2,25,.2,.5,.3,.1,.3,.6\n1,0,1,.4,.4,.2,0,0,1\n", false);
    assert_compact(COMPACT_HEADER "\n0,2,25,.2,.5,.3,.1,.3,.6\n1,0,1,.4,.4,.2,0,0,1", false);
    assert_compact(COMPACT_HEADER "\r\n0,2,25,.2,.5,.3,.1,.3,.6\r\n1,0,1,.4,.4,.2,0,0,1\r\n", false);
    assert_compact("\xef\xbb\xbf" COMPACT_HEADER "\n0,2,25,.2,.5,.3,.1,.3,.6\n1,0,1,.4,.4,.2,0,0,1\n", false);
    assert_compact(COMPACT_HEADER ",v0,v1\n0,2,25,.2,.5,.3,.1,.3,.6,-1.5,0\n1,0,1,.4,.4,.2,0,0,1,0,1e3\n", true);
    /* a sum of 1.0004 is rounding, not a mistake */
    assert_compact(COMPACT_HEADER "\n0,2,25,.2,.5,.3004,.1,.3,.6\n1,0,1,.4,.4,.2,0,0,1\n", false);
}

/* A model may have exits after some layers only. */
TEST(exits_stand_after_their_layers) {
    outcome_table t = parse("sample,label,tokens,exit3_p0,exit3_p1,exit6_p0,exit6_p1\n0,1,5,.9,.1,.2,.8\n");
    assert_int_equal(t.exits, 2);
    assert_int_equal(t.layers, 6);
    assert_int_equal(t.exit_layer[0], 3);
    assert_int_equal(t.exit_layer[1], 6);
    for (int layer = 0; layer <= 6; layer++) assert_int_equal(t.exit_at[layer], layer == 3 ? 1 : layer == 6 ? 2 : 0);
    assert_near(outcome_confidence(&t, 0, 1), 0.8, 0);
    outcome_table_free(&t);
    t = parse(LONG_HEADER "0,0,.5,1,1\n0,1,.6,0,1\n"); /* long: exit e after layer e + 1 */
    assert_int_equal(t.layers, 2);
    assert_int_equal(t.exit_layer[0], 1);
    assert_int_equal(t.exit_at[2], 2);
    outcome_table_free(&t);
}

TEST(written_tables_read_back) {
    outcome_table t = parse(
        "sample,label,tokens,exit3_p0,exit3_p1,exit6_p0,exit6_p1,v0\n"
        "0,1,5,.1,.9,.3333333333333333,.6666666666666667,-1e-9\n1,0,7,1,0,.7,.3,123456789.123456789\n");
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    outcome_table_write(&t, f);
    fclose(f);
    outcome_table back = parse(text);
    assert_memory_equal(back.exit_layer, t.exit_layer, sizeof t.exit_layer);
    assert_memory_equal(back.labels, t.labels, 2 * sizeof *t.labels);
    assert_memory_equal(back.tokens, t.tokens, 2 * sizeof *t.tokens);
    assert_memory_equal(back.probabilities, t.probabilities, 8 * sizeof *t.probabilities);
    assert_memory_equal(back.v, t.v, 2 * sizeof *t.v);
    free(text);
    outcome_table_free(&t);
    outcome_table_free(&back);
}

/* Names of classes are the last column; one whose class no sample has is not known. */
TEST(names_of_classes) {
    outcome_table t = parse(NAMED_HEADER
                            "0,2,5,.1,.8,.1,\"a, \"\"b\"\"\"\r\n1,0,7,1,0,0,good\n2,2,1,1,0,0,\"a, \"\"b\"\"\"\n");
    assert_string_equal(t.class_names[0], "good");
    assert_null(t.class_names[1]);
    assert_string_equal(t.class_names[2], "a, \"b\"");
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    outcome_table_write(&t, f);
    fclose(f);
    outcome_table back = parse(text);
    assert_string_equal(back.class_names[2], "a, \"b\"");
    free(text);
    outcome_table_free(&t);
    outcome_table_free(&back);
    t = parse("sample,label,tokens,exit1_p0,exit1_p1\n0,1,5,.1,.9\n");
    assert_null(t.class_names);
    outcome_table_free(&t);
}

/* ---- Other people's tables ---- */

/* Two samples, exits after layers 3 and 6: right, right; wrong, right. */
static void assert_right(const char *text, uint32_t first_layer, bool has_confidence) {
    outcome_table t = parse(text);
    assert_int_equal(t.samples, 2);
    assert_int_equal(t.exits, 2);
    assert_int_equal(t.exit_layer[0], first_layer);
    static const bool RIGHT[2][2] = {{true, true}, {false, true}};
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t e = 0; e < 2; e++) {
            assert_int_equal(outcome_prediction(&t, i, e) == t.labels[i], RIGHT[i][e]);
            assert_int_equal(isnan(outcome_confidence(&t, i, e)), !has_confidence);
        }
    assert_int_equal(t.lacks_confidence, !has_confidence);
    outcome_table_free(&t);
}

TEST(tables_of_others) {
    assert_right("exit3,exit6\n1,1\n0,1\n", 3, false); /* only what was right */
    assert_right("label,exit3_correct,exit6_correct,exit6_conf,exit3_conf\n1,1,1,.9,.8\n0,0,1,.7,.6\n", 3, true);
    assert_right("exit6_pred,exit3_pred,label\n4,4,4\n2,0,2\n", 3, false);
    assert_right("Sample_ID,Exit,Correct\n7,0,1\n7,1,1\n9,0,0\n9,1,1\n", 1, false);
    assert_right("Sample_ID,Exit,Correct\n7,1,1\n7,2,1\n9,1,0\n9,2,1\n", 1, false); /* exits from 1 */
    assert_right("Sample_ID,Exit,Confidence,Prediction,Label\n0,0,,1,1\n0,1,,1,1\n1,0,,1,0\n1,1,,0,0\n", 1, false);
    assert_right("exit0,exit1\n1,1\n0,1\n", 1, false); /* exits from 0 */
    /* an index without a name, columns that nobody asked for, quotes, blanks, blank lines */
    assert_right(",comment, \"exit3\" ,exit6,tokens,exit_code\n0,\"a, \"\"b\"\"\",1, 1 ,5,x\n\n1,c,\"0\",1,7,y\n  \n",
                 3, false);
}

/* Rows are put into the order of their numbers, with all that belongs to them. */
TEST(shuffled_rows) {
    static const char *const TABLES[] = {
        "sample,label,tokens,exit1_p0,exit1_p1,v0\n3,1,13,.3,.7,33\n1,0,11,.9,.1,31\n2,1,12,.2,.8,32\n",
        "v0,exit1_p1,tokens,exit1_p0,label,sample\n31,.1,11,.9,0,1\n32,.8,12,.2,1,2\n33,.7,13,.3,1,3\n",
    };
    for (int k = 0; k < 2; k++) {
        outcome_table t = parse(TABLES[k]);
        assert_int_equal(t.samples, 3);
        for (uint32_t i = 0; i < 3; i++) {
            assert_int_equal(t.tokens[i], 11 + i);
            assert_near(t.v[i], 31.0 + i, 0);
            assert_int_equal(t.labels[i], i > 0);
            assert_near(outcome_confidence(&t, i, 0), i == 0 ? .9 : .9 - .1 * i, 1e-15);
        }
        outcome_table_free(&t);
    }
}

/* softmax(ln 3, 0) = (3/4, 1/4); softmax(1000, 1000 + ln 3) = (1/4, 3/4). */
TEST(logits) {
    outcome_table t = parse("label,exit1_logit0,exit1_logit1,exit2_logit0,exit2_logit1\n"
                            "0,1.0986122886681098,0,1000,1001.09861228866811\n");
    assert_near(outcome_probabilities(&t, 0, 0)[0], 0.75, 1e-15);
    assert_near(outcome_probabilities(&t, 0, 1)[1], 0.75, 1e-12);
    assert_int_equal(outcome_prediction(&t, 0, 1), 1);
    assert_null(t.tokens);
    assert_false(t.lacks_confidence);
    outcome_table_free(&t);
}

TEST(token_counts_of_a_long_table) {
    outcome_table t = parse("Sample_ID,Exit,Prediction,Label,tokens\n0,0,1,1,5\n1,0,1,1,6\n");
    assert_int_equal(t.tokens[1], 6);
    outcome_table_free(&t);
}

TEST(loads_files) {
    outcome_table t;
    portolan_error err = {0};
    FILE *f = fopen("outcomes-test.csv", "w");
    assert_non_null(f);
    fputs(LONG_HEADER "0,0,.5,1,1\n", f);
    fclose(f);
    assert_true(outcome_table_load(&t, "outcomes-test.csv", &err));
    assert_int_equal(t.samples, 1);
    outcome_table_free(&t);
    remove("outcomes-test.csv");
    assert_false(outcome_table_load(&t, "outcomes-test.csv", &err));
    assert_input_error(&err, 0, 0, "cannot open");
}

/* ---- What is refused ---- */

typedef struct refusal {
    const char *text;
    unsigned line, column;
    const char *fragment;
} refusal;

#define TWO_HEADER "sample,label,tokens,exit1_p0,exit1_p1\n"

static const refusal BAD[] = {
    {"", 1, 1, "not an outcome table"},
    {"\n", 1, 1, "not an outcome table"},
    {"a,b,c\n1,2,3\n", 1, 1, "not an outcome table"},
    {"Sample_ID,Exit,Confidence,Prediction\n", 1, 1, "not an outcome table"},
    {"sample_id,exit,confidence,prediction,label\n", 1, 38, "the table has no rows"},
    {"Sample_ID,Exit,Confidence,Prediction,Label,More\n0,0,.5,1,1\n", 2, 11, "fewer fields"},
    {NAMED_HEADER "0,2,5,.1,.8,.1\n", 2, 15, "fewer fields"},
    {NAMED_HEADER "0,2,5,.1,.8,.1,a,\n", 2, 18, "more fields than the header"},
    {NAMED_HEADER "0,2,5,.1,.8,.1,\"a\n", 2, 16, "a quoted field ends with its quotes"},
    {NAMED_HEADER "0,2,5,.1,.8,.1,\"a\"b\n", 2, 16, "a quoted field ends with its quotes"},
    {NAMED_HEADER "0,2,5,.1,.8,.1,\xff\n", 2, 16, "a label's name is"},
    {NAMED_HEADER "0,2,5,.1,.8,.1,a\x1b[m\n", 2, 16, "a label's name is"},
    {NAMED_HEADER "0,2,5,.1,.8,.1,a\n1,2,5,.1,.8,.1,b\n", 3, 16, "label 2 is called 'b' here and 'a' before"},
    {NAMED_HEADER "0,2,5,.1,.8,.1,a\n1,0,5,.1,.8,.1,a\n", 3, 16, "labels 2 and 0 are both called 'a'"},
    {"sample,label,tokens,label_name,exit1_p0\n", 1, 1,
     "of its 1 exits with up to 1 classes 1 columns of probabilities are there, not 2"},
    {LONG_HEADER, 1, 38, "the table has no rows"},
    {LONG_HEADER "0,0,.5,1\n", 2, 9, "found ''; the line has fewer fields than the header"},
    {LONG_HEADER "0,0,.5,1,1,7\n", 2, 12, "found '7'; the line has more fields than the header"},
    {LONG_HEADER "0,0,.5,1,1,\n", 2, 12, "the line has more fields than the header"},
    {LONG_HEADER "0,0,.5,1,1,", 2, 12, "the line has more fields than the header"},
    {LONG_HEADER "x,0,.5,1,1\n", 2, 1, "found 'x'; a sample's number is a whole number from 0"},
    {LONG_HEADER "-1,0,.5,1,1\n", 2, 1, "found '-1'; a sample's number"},
    {LONG_HEADER "4294967295,0,.5,1,1\n", 2, 1, "a sample's number"},
    {LONG_HEADER "0,65,.5,1,1\n", 2, 3, "found '65'; an exit's number is a whole number from 0 or 1 to 64"},
    {LONG_HEADER "0,0,.5,1,1\n0,64,.5,1,1\n", 3, 11, "exits are numbered from 0 to 64; a table has at most 64"},
    {LONG_HEADER "0,.5,.5,1,1\n", 2, 3, "found 0.5; an exit's number is a whole number"},
    {LONG_HEADER "0,0,1.01,1,1\n", 2, 5, "found '1.01'; a confidence is a number from 0 to 1"},
    {LONG_HEADER "0,0,-.1,1,1\n", 2, 5, "a confidence is a number from 0 to 1"},
    {LONG_HEADER "0,0,nan,1,1\n", 2, 5, "found 'nan'; a confidence"},
    {LONG_HEADER "0,0,1/2,1,1\n", 2, 5, "found '1/2'; a confidence"},
    {LONG_HEADER "0,0,\".5,1,1\n", 2, 5, "a quoted field ends with its quotes"},
    {LONG_HEADER "0,0,.5,,1\n", 2, 8, "found ''; a class"},
    {LONG_HEADER "0,0,.5,1000,1\n", 2, 8, "found '1000'; a class is a whole number from 0 to 999"},
    {LONG_HEADER "0,0,.5,1,1000\n", 2, 10, "a class is a whole number from 0 to 999"},
    {LONG_HEADER "0,0,.5,1,1\n0,0,.6,1,1\n", 3, 1, "sample 0 exit 0 stands twice; it was first at line 2"},
    {LONG_HEADER "0,0,.5,1,1\n0,1,.6,1,1\n1,0,.5,1,1\n", 4, 1, "sample 1 lacks exit 1"},
    {LONG_HEADER "0,1,.5,1,1\n1,0,.6,1,1\n1,1,.5,1,1\n", 2, 1, "sample 0 lacks exit 0"},
    {LONG_HEADER "0,0,.5,1,1\n1,0,.6,1,1\n1,1,.5,1,1\n", 3, 1, "sample 0 lacks exit 1"},
    {LONG_HEADER "3,0,.5,1,1\n3,2,.6,1,1\n", 3, 1, "sample 3 lacks exit 1"},
    {LONG_HEADER "0,0,.5,1,1\n0,1,.6,1,0\n", 3, 1, "sample 0 has label 0 here and 1 at line 2"},
    {"sample,label,tokens\n0,0,1\n", 1, 1, "it has no columns of exits"},
    {"sample,label,tokens,exit1_p0\n0,0,1,1\n", 1, 1, "1 columns of probabilities are there, not 2"},
    {"sample,label,tokens,exit1_p1\n", 1, 1, "1 columns of probabilities are there, not 2"},
    {"sample,label,tokens,exit1_p0,exit1_p1,exit2_p0\n", 1, 1, "3 columns of probabilities are there, not 4"},
    {"sample,label,tokens,exit1_p0,exit1_logit1\n", 1, 1, "probabilities and logits, where one of them is wanted"},
    {"sample,label,tokens,exit1_p0,exit1_p1,exit1_p0\n", 1, 39,
     "found 'exit1_p0'; the table has such a column already"},
    {"sample,label,Label,exit1_p0,exit1_p1\n", 1, 14, "found 'Label'; the table has such a column already"},
    {"sample,label,exit0_p0,exit0_p1,exit64_p0,exit64_p1\n", 1, 1, "its exits are called 0 to 64"},
    {"sample,label,tokens,exit1_p0,exit1_p1,exit2_p0,exit2_p1,exit2_p2\n", 1, 1,
     "5 columns of probabilities are there, not 6"},
    {"exit1,label\n1,1\n0\n", 3, 2, "fewer fields"},
    {"exit1,exit2_correct,exit3_conf,label\n", 1, 1, "some exits lack what others have"},
    {"exit1_conf\n", 1, 1, "what exits predict is not in it"},
    {"exit1_pred\n", 1, 1, "what is right is not in it (label)"},
    {"exit1,exit\n", 1, 1, "a column Exit and columns of single exits"},
    {"exit,correct\n", 1, 1, "none that says whose row it is"},
    {"sample,label,tokens,exit64_p0,exit64_p1,exit65_p0,exit65_p1\n", 1, 41, "found 'exit65_p0'"},
    {"sample,label,tokens,exit1_p0,exit1_p1,v1\n", 1, 1, "of v0, v1, ... some are missing"},
    {"sample,label,tokens,exit1_p0,exit1_p1,v0,v2\n", 1, 1, "of v0, v1, ... some are missing"},
    {"sample,label,tokens,exit1_p0,exit1_p1,exit2_po\n", 1, 39, "found 'exit2_po'; columns of exits are called"},
    {"sample,label,tokens,v0\n", 1, 1, "it has no columns of exits"},
    {TWO_HEADER, 1, 30, "the table has no rows"},
    {TWO_HEADER "0,0,1,.5,.5\n0,0,1,.5,.5\n", 3, 1, "sample 0 stands twice; it was first at line 2"},
    {TWO_HEADER "0,2,1,.5,.5\n", 2, 1, "sample 0 has label 2; the table has probabilities of 2 classes"},
    {TWO_HEADER "0,0,0,.5,.5\n", 2, 5, "a sample has at least one token, found 0"},
    {TWO_HEADER "0,0,1000001,.5,.5\n", 2, 5, "a token count is a whole number"},
    {TWO_HEADER "0,0,1,.5,.4\n", 2, 10, "the probabilities of exit 1 sum to 0.9, not to 1"},
    {TWO_HEADER "0,0,1,.5,.502\n", 2, 10, "sum to 1.002, not to 1"},
    {TWO_HEADER "0,0,1,1.5,-.5\n", 2, 7, "found '1.5'; a probability is a number from 0 to 1"},
    {TWO_HEADER "0,0,1,.5\n", 2, 9, "fewer fields than the header"},
    {TWO_HEADER "0,0,1,.5,.5,.5\n", 2, 13, "found '.5'; the line has more fields than the header"},
    {TWO_HEADER "0,0,1,.5,.5,", 2, 13, "more fields than the header"},
    {"exit1,exit2\n1,2\n", 2, 3, "found '2'; whether an exit is right is 1 or 0"},
    {"sample,label,tokens,exit1_p0,exit1_p1,v0\n0,0,1,.5,.5,1e31\n", 2, 13, "found '1e31'; a representation's element"},
    {"sample,label,tokens,exit1_p0,exit1_p1,v0\n0,0,1,.5,.5,inf\n", 2, 13, "found 'inf'"},
};

TEST(malformed_tables_are_refused) {
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        outcome_table t;
        portolan_error err = {0};
        size_t length = strlen(BAD[i].text);
        char *copy = malloc(length + 1); /* no NUL at the end: reading on would be seen by the sanitizer */
        assert_non_null(copy);
        memcpy(copy, BAD[i].text, length);
        char *tight = realloc(copy, length ? length : 1);
        if (outcome_table_parse(&t, "test.csv", tight, length, &err)) fail_msg("accepted: %s", BAD[i].text);
        free(tight);
        assert_input_error(&err, BAD[i].line, BAD[i].column, BAD[i].fragment);
        assert_string_equal(err.file, "test.csv");
        assert_null(t.labels);
        assert_null(t.memory.newest);
    }
}

TEST(headers_are_bounded) {
    char *text = malloc(2 << 20), *end = text;
    outcome_table t;
    portolan_error err = {0};
    assert_non_null(text);
    end += sprintf(end, "sample,label,tokens");
    for (int c = 0; c <= OUTCOME_MAX_CLASSES; c++) end += sprintf(end, ",exit1_p%d", c);
    end += sprintf(end, "\n0,0,1,1\n");
    assert_false(outcome_table_parse(&t, "test.csv", text, (size_t)(end - text), &err));
    assert_int_equal(err.line, 1);
    assert_non_null(strstr(err.message, "found 'exit1_p1000'"));
    end = text + sprintf(text, "sample,label,tokens");
    for (int e = 1; e <= OUTCOME_MAX_EXITS; e++) end += sprintf(end, ",exit%d_p0,exit%d_p1", e, e);
    end += sprintf(end, "\n0,0,1");
    for (int e = 1; e <= OUTCOME_MAX_EXITS; e++) end += sprintf(end, ",1,0");
    if (!outcome_table_parse(&t, "test.csv", text, (size_t)(end - text), &err)) fail_msg("%s", err.message);
    assert_int_equal(t.exits, OUTCOME_MAX_EXITS);
    outcome_table_free(&t);
    free(text);
}

/* ---- The synthetic table ---- */

static synthetic_settings default_settings(void) {
    synthetic_settings s = {0};
    portolan_error err = {0};
    assert_true(yaml_defaults(SYNTHETIC_FIELDS, &s, &err));
    return s;
}

static outcome_table synthesize(const synthetic_settings *s, uint64_t seed) {
    outcome_table t;
    portolan_error err = {0};
    assert_true(outcome_table_synthesize(&t, s, seed, &err));
    return t;
}

static double accuracy(const outcome_table *t, uint32_t exit) {
    unsigned right = 0;
    for (uint32_t i = 0; i < t->samples; i++) right += outcome_prediction(t, i, exit) == t->labels[i];
    return (double)right / t->samples;
}

static double phi(double x) { return 0.5 * erfc(-x / sqrt(2)); }

/* margin = a_e - d + eps / 2 with d, eps ~ N(0, 1) is above 0 with probability Phi(a_e / sqrt(1.25)). */
TEST(synthetic_accuracies_follow_the_model) {
    static const double ABILITIES[][2] = {{0.4, 1.8}, {-1, 1}, {0, 0}};
    for (size_t k = 0; k < sizeof ABILITIES / sizeof *ABILITIES; k++) {
        synthetic_settings s = default_settings();
        s.samples = 40000;
        s.ability_first = ABILITIES[k][0];
        s.ability_last = ABILITIES[k][1];
        outcome_table t = synthesize(&s, 1 + k);
        assert_int_equal(t.exits, 12);
        for (uint32_t e = 0; e < t.exits; e++) {
            double ability = s.ability_first + (s.ability_last - s.ability_first) * log(e + 1) / log(12);
            double wanted = phi(ability / sqrt(1.25));
            assert_within(accuracy(&t, e), wanted, 4 * sqrt(wanted * (1 - wanted) / t.samples));
        }
        outcome_table_free(&t);
    }
}

TEST(synthetic_tables_are_consistent) {
    synthetic_settings s = default_settings();
    outcome_table t = synthesize(&s, 1);
    unsigned ones = 0, agree = 0;
    for (uint32_t i = 0; i < t.samples; i++) {
        ones += t.labels[i];
        agree += outcome_prediction(&t, i, 0) == outcome_prediction(&t, i, 1);
        for (uint32_t e = 0; e < t.exits; e++) {
            const double *p = outcome_probabilities(&t, i, e);
            assert_within(p[0] + p[1], 1, 1e-12);
            assert_near(outcome_confidence(&t, i, e), fmax(p[0], p[1]), 0);
            assert_int_equal(outcome_prediction(&t, i, e), p[1] > p[0]);
        }
    }
    assert_within((double)ones / t.samples, 0.5, 5 * 0.5 / sqrt(t.samples));
    assert_true(agree > 0.8 * t.samples); /* the noise of neighbouring exits is correlated */
    outcome_table_free(&t);
}

TEST(sharpness_moves_confidence_not_answers) {
    synthetic_settings s = default_settings(), sharp = s;
    s.samples = sharp.samples = 1000;
    sharp.sharpness = 10;
    outcome_table t = synthesize(&s, 1), u = synthesize(&sharp, 1);
    for (uint32_t i = 0; i < t.samples; i++) {
        for (uint32_t e = 0; e < t.exits; e++) {
            assert_int_equal(outcome_prediction(&t, i, e), outcome_prediction(&u, i, e));
            assert_true(outcome_confidence(&u, i, e) >= outcome_confidence(&t, i, e));
        }
    }
    outcome_table_free(&t);
    outcome_table_free(&u);
}

TEST(same_seed_same_table) {
    synthetic_settings s = default_settings();
    s.samples = 500;
    outcome_table a = synthesize(&s, 9), b = synthesize(&s, 9), c = synthesize(&s, 10);
    size_t cells = (size_t)a.samples * a.exits;
    assert_memory_equal(a.labels, b.labels, a.samples * sizeof *a.labels);
    assert_memory_equal(a.confidences, b.confidences, cells * sizeof *a.confidences);
    assert_memory_equal(a.predictions, b.predictions, cells * sizeof *a.predictions);
    assert_memory_equal(a.probabilities, b.probabilities, 2 * cells * sizeof *a.probabilities);
    assert_memory_not_equal(a.confidences, c.confidences, cells * sizeof *a.confidences);
    /* a longer table begins with the shorter one */
    s.samples = 700;
    outcome_table longer = synthesize(&s, 9);
    assert_memory_equal(a.confidences, longer.confidences, cells * sizeof *a.confidences);
    outcome_table_free(&a);
    outcome_table_free(&b);
    outcome_table_free(&c);
    outcome_table_free(&longer);
}

TEST(a_single_layer) {
    synthetic_settings s = default_settings();
    s.layers = 1;
    outcome_table t = synthesize(&s, 1);
    double wanted = phi(s.ability_last / sqrt(1.25));
    assert_int_equal(t.exits, 1);
    assert_within(accuracy(&t, 0), wanted, 4 * sqrt(wanted * (1 - wanted) / t.samples));
    outcome_table_free(&t);
}

TEST(token_counts) {
    synthetic_settings s = default_settings();
    portolan_error err = {0};
    outcome_table t = synthesize(&s, 1), u = synthesize(&s, 1);
    distribution d = {DIST_NORMAL, 25, 20, 0, 1e6}, fraction = {DIST_CONSTANT, 2.6, 0, 0, 1e6};
    assert_null(t.tokens);
    assert_true(outcome_table_draw_tokens(&t, &d, 4, &err) && outcome_table_draw_tokens(&u, &d, 4, &err));
    assert_memory_equal(t.tokens, u.tokens, t.samples * sizeof *t.tokens);
    double sum = 0;
    unsigned least = 1000;
    for (uint32_t i = 0; i < t.samples; i++) {
        sum += t.tokens[i];
        if (t.tokens[i] < least) least = t.tokens[i];
    }
    assert_int_equal(least, 1);                /* a draw below is one token */
    assert_within(sum / t.samples, 26.5, 1.5); /* the cut left tail lifts the mean a little above 25 */
    assert_true(outcome_table_draw_tokens(&t, &fraction, 4, &err));
    assert_int_equal(t.tokens[0], 3);
    outcome_table_free(&t);
    outcome_table_free(&u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_form),
        cmocka_unit_test(classes_follow_from_labels_and_predictions),
        cmocka_unit_test(compact_form),
        cmocka_unit_test(exits_stand_after_their_layers),
        cmocka_unit_test(written_tables_read_back),
        cmocka_unit_test(names_of_classes),
        cmocka_unit_test(tables_of_others),
        cmocka_unit_test(shuffled_rows),
        cmocka_unit_test(logits),
        cmocka_unit_test(token_counts_of_a_long_table),
        cmocka_unit_test(loads_files),
        cmocka_unit_test(malformed_tables_are_refused),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(synthetic_accuracies_follow_the_model),
        cmocka_unit_test(synthetic_tables_are_consistent),
        cmocka_unit_test(sharpness_moves_confidence_not_answers),
        cmocka_unit_test(same_seed_same_table),
        cmocka_unit_test(a_single_layer),
        cmocka_unit_test(token_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
