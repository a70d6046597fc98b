/* Latencies: what a slice has to do, by hand; reading tables of any columns; and what of a model is measured. */
#include "model/latency/latency.h"

#include <unistd.h>

#include "tests/support.h"

static void write_text(const char *name, const char *text) {
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

TEST(figures_by_hand) {
    latency m = {.hidden = 100, .feed_forward = 400, .attention = 100, .layers = 2, .tokens = 10, .batch = 3};
    /* a layer: 8 x 10 x 1e4 + 4 x 10 x 100 x 400 + 4 x 100 x 100 = 2,440,000; 4 (4 x 1e4 + 2 x 4e4) = 480,000 bytes */
    assert_near(latency_flops(&m), 6 * 2440000, 0);
    assert_near(latency_weight_bytes(&m), 2 * 480000, 0);
    const model_shape shape = {.layers = 2, .hidden = 100, .feed_forward = 400};
    assert_near(latency_flops(&m), 3 * model_layer_flops(&shape, 2, 10), 0);
    assert_near(latency_weight_bytes(&m), 2 * model_layer_bytes(&shape), 0);
    m.attention = 50; /* 400,000 + 1,600,000 + 20,000; 4 (2e4 + 8e4) */
    assert_near(latency_flops(&m), 6 * 2020000, 0);
    assert_near(latency_weight_bytes(&m), 2 * 400000, 0);
}

/* ---- Reading ---- */

#define HEADER "hidden,feed_forward,layers,tokens,batch,seconds\n"

TEST(tables_of_our_columns) {
    latencies list;
    portolan_error err = {0};
    write_text("latencies.csv",
               "spread,seconds,batch,tokens,layers,feed_forward,hidden\n0.1,0.5,2,8,3,400,100\n,1,1,9,3,400.5,100\n");
    assert_true(latencies_load(&list, "latencies.csv", &(latency_columns){0}, &err));
    assert_int_equal(list.count, 2);
    const latency *m = list.items;
    assert_true(m->hidden == 100 && m->feed_forward == 400 && m->attention == 100 && m->layers == 3 && m->tokens == 8);
    assert_true(m->batch == 2 && m->seconds == 0.5 && m->spread == 0.1);
    assert_true(m[1].feed_forward == 400.5 && isnan(m[1].spread));
    latencies_free(&list);
}

TEST(tables_of_other_columns) {
    latencies list;
    portolan_error err = {0};
    write_text("latencies.csv", "dim,ffn,depth,ms,note\n512,2048,6,250,x\n");
    const latency_columns columns = {
        "hidden=dim,feed_forward=ffn,layers=depth,tokens=30,batch=1,seconds=ms,attention=256", "ms"};
    if (!latencies_load(&list, "latencies.csv", &columns, &err)) fail_msg("%s", err.message);
    const latency *m = list.items;
    assert_int_equal(list.count, 1);
    assert_true(m->hidden == 512 && m->feed_forward == 2048 && m->attention == 256 && m->layers == 6 &&
                m->tokens == 30);
    assert_near(m->seconds, 0.25, 1e-15);
    assert_true(m->batch == 1 && isnan(m->spread));
    latencies_free(&list);
}

typedef struct fault {
    const char *names, *unit, *text;
    unsigned line, column;
    const char *message;
} fault;

TEST(malformed_tables) {
    static const fault FAULTS[] = {
        {NULL, NULL, "", 0, 0, "a header line is missing"},
        {NULL, NULL, "hidden,feed_forward,layers,tokens,batch\n", 1, 1, "there is no column 'seconds'"},
        {NULL, NULL, HEADER, 1, 0, "has no row behind the header"},
        {NULL, NULL, HEADER "100,400,1,8,1\n", 2, 0, "has 5 fields; the header has 6"},
        {NULL, NULL, HEADER "100,400,1,8,1,0.1\n100,400,1,x,1,0.1\n", 3, 11, "'tokens' is 'x'; a number or nothing"},
        {NULL, NULL, HEADER "100,400,1,,1,0.1\n", 2, 11, "'tokens' is ''; a number above 0"},
        {NULL, NULL, HEADER "100,400,1,8,1,0\n", 2, 15, "'seconds' is '0'; a number above 0"},
        {NULL, NULL, HEADER "100,400,1,8,1,-1\n", 2, 15, "'seconds' is '-1'"},
        {NULL, NULL, HEADER "100,400,1,8,1,inf\n", 2, 15, "'seconds' is 'inf'"},
        {NULL, NULL, HEADER "100,400,1,8,1,1e300\n", 2, 15, "'seconds' is '1e300'"},
        {"hidden=width", NULL, HEADER "100,400,1,8,1,1\n", 1, 1, "there is no column 'width'"},
        {"attention=width", NULL, HEADER "100,400,1,8,1,1\n", 1, 1, "there is no column 'width'"},
        {"hidden", NULL, HEADER "100,400,1,8,1,1\n", 0, 0, "'hidden' has no '='"},
        {"hiden=a", NULL, HEADER "100,400,1,8,1,1\n", 0, 0,
         "'hiden' is nothing that a column can be; there are hidden"},
        {"hidden=", NULL, HEADER "100,400,1,8,1,1\n", 0, 0, "'hidden' is to be a column's name"},
        {"tokens=0", NULL, HEADER "100,400,1,8,1,1\n", 0, 0, "'tokens=0' is no number above 0"},
        {NULL, "h", HEADER "100,400,1,8,1,1\n", 0, 0, "the unit is 'h'; there are s, ms, us"},
    };
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        latencies list;
        portolan_error err = {0};
        write_text("latencies.csv", FAULTS[i].text);
        if (latencies_load(&list, "latencies.csv", &(latency_columns){FAULTS[i].names, FAULTS[i].unit}, &err))
            fail_msg("taken: %s", FAULTS[i].text);
        assert_input_error(&err, FAULTS[i].line, FAULTS[i].column, FAULTS[i].message);
        assert_null(list.items);
    }
}

/* ---- Measuring ---- */

static void count_calls(void *context, size_t done, size_t total) {
    size_t *last = context;
    assert_true(done == *last + 1 && done <= total);
    *last = done;
}

/* Which shapes, not how long they took. */
TEST(shapes_of_a_small_model) {
    encoder_config c = {.shape = {.layers = 4, .hidden = 16, .feed_forward = 32, .classes = 2, .vocabulary = 50},
                        .heads = 2,
                        .positions = 32,
                        .norm_eps = 1e-12};
    portolan_error err = {0};
    c.exits[3] = true;
    assert_true(model_write_random("latency.safetensors", &c, 0.1, 1, &err));
    encoder *e = encoder_load("latency.safetensors", 0, &err);
    assert_non_null(e);
    latencies list;
    size_t grid, calls = 0;
    const measuring what =
        {.most_tokens = 20, .most_batch = 3, .left_out = 10, .seed = 1, .progress = count_calls, .context = &calls};
    if (!latencies_measure(&list, e, &what, &grid, &err)) fail_msg("%s", err.message);
    /* layers 1, 2, 4; tokens 2, 3, 4, 6, 8, 12, 16, 20; batches 1, 2, 3 */
    assert_int_equal(grid, 3 * 8 * 3);
    assert_int_equal(list.count, grid + 10);
    assert_int_equal(calls, 3 * list.count);
    for (size_t i = 0; i < list.count; i++) {
        const latency *m = &list.items[i];
        assert_true(m->hidden == 16 && m->feed_forward == 32 && m->attention == 16 && m->seconds > 0 && m->spread >= 0);
        assert_true(m->layers <= 4 && m->tokens >= 2 && m->tokens <= 20 && m->batch <= 3);
        for (size_t k = 0; k < i; k++)
            assert_false(list.items[k].layers == m->layers && list.items[k].tokens == m->tokens &&
                         list.items[k].batch == m->batch);
    }
    latencies_free(&list);
    encoder_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_by_hand),         cmocka_unit_test(tables_of_our_columns),
        cmocka_unit_test(tables_of_other_columns), cmocka_unit_test(malformed_tables),
        cmocka_unit_test(shapes_of_a_small_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
