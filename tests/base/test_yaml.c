/* YAML trees: marks, what is refused and where, limits, and changes by path. */
#include "tests/support.h"

static void refused(const char *text, size_t length, unsigned line, unsigned column, const char *fragment) {
    yaml_document doc;
    portolan_error err = {0};
    if (yaml_parse(&doc, "test.yaml", text, length, &err)) fail_msg("accepted: %.60s", text);
    assert_input_error(&err, line, column, fragment);
    assert_string_equal(err.file, "test.yaml");
    assert_null(doc.root);
    assert_null(doc.memory.newest);
}

/* ---- Trees ---- */

static void assert_mark(const yaml_node *node, unsigned line, unsigned column) {
    assert_non_null(node);
    assert_int_equal(node->mark.line, line);
    assert_int_equal(node->mark.column, column);
}

TEST(nodes_carry_their_places) {
    yaml_document doc = document_of("# a comment\na: 1\nb:\n  - x\n  - {c: 'd e', f: [1, 2]}\n\xc3\xa9t\xc3\xa9: z\n");
    const yaml_node *root = doc.root, *b = yaml_find(root, "b"), *map = b->items[1];
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 3);
    assert_string_equal(root->mark.file, "test.yaml");
    assert_mark(root, 2, 1);
    assert_mark(yaml_find(root, "a"), 2, 4);
    assert_mark(root->items[2], 3, 1); /* the key b */
    assert_mark(b, 4, 3);
    assert_mark(b->items[0], 4, 5);
    assert_mark(map, 5, 5);
    assert_mark(yaml_find(map, "c"), 5, 9);
    assert_mark(yaml_find(map, "f")->items[1], 5, 23);
    assert_mark(yaml_find(root, "\xc3\xa9t\xc3\xa9"), 6, 6); /* columns count characters, not bytes */
    assert_true(yaml_find(root, "a")->plain);
    assert_false(yaml_find(map, "c")->plain);
    assert_string_equal(yaml_find(map, "c")->text, "d e");
    assert_null(yaml_find(root, "zz"));
    assert_null(yaml_find(b, "x"));
    assert_null(yaml_find(NULL, "x"));
    yaml_unload(&doc);
    assert_null(doc.root);
}

TEST(describes_nodes) {
    yaml_document doc = document_of("{a: [1, 2], b: {c: d}, e: word, f: }");
    char text[96];
    assert_string_equal(yaml_describe(yaml_find(doc.root, "a"), text, sizeof text), "a list of 2");
    assert_string_equal(yaml_describe(yaml_find(doc.root, "b"), text, sizeof text), "a map of 1 keys");
    assert_string_equal(yaml_describe(yaml_find(doc.root, "e"), text, sizeof text), "'word'");
    assert_string_equal(yaml_describe(yaml_find(doc.root, "f"), text, sizeof text), "nothing");
    yaml_unload(&doc);
}

TEST(aliases_stand_for_their_anchors) {
    yaml_document doc = document_of("a: &x {k: v}\nb: *x\nc: &x 2\nd: *x\n");
    assert_ptr_equal(yaml_find(doc.root, "a"), yaml_find(doc.root, "b"));
    assert_string_equal(yaml_find(doc.root, "d")->text, "2"); /* an anchor may be given anew */
    yaml_unload(&doc);
}

/* Two megabytes of them, each looked up among all above it, would take minutes. */
TEST(anchors_are_bounded) {
    yaml_document doc;
    portolan_error err = {0};
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);
    assert_non_null(f);
    fputs("anchors: [", f);
    for (int i = 0; i < YAML_MAX_ANCHORS; i++) fprintf(f, "&a%d x, ", i);
    fputs("]\naliases: [", f);
    for (int i = 0; i < 150000; i++) fprintf(f, "*a%d , ", i % 10);
    fputs("]\n", f);
    long whole = ftell(f);
    fputs("more: &more x\n", f);
    assert_int_equal(fclose(f), 0);
    assert_true(yaml_parse(&doc, "test.yaml", text, (size_t)whole, &err));
    yaml_unload(&doc);
    assert_false(yaml_parse(&doc, "test.yaml", text, length, &err));
    assert_input_error(&err, 3, 7, "more than 1000 anchors (&name); write the values out");
    free(text);
}

TEST(loads_files) {
    yaml_document doc;
    portolan_error err = {0};
    FILE *f = fopen("yaml-test.yaml", "w");
    assert_non_null(f);
    fputs("a: 1\nb: [\n", f);
    fclose(f);
    assert_false(yaml_load(&doc, "yaml-test.yaml", &err));
    assert_input_error(&err, 3, 1, "not valid YAML");
    assert_string_equal(err.file, "yaml-test.yaml");
    remove("yaml-test.yaml");
    assert_false(yaml_load(&doc, "yaml-test.yaml", &err));
    assert_input_error(&err, 0, 0, "cannot open");
    assert_null(doc.root);
}

/* ---- What is refused ---- */

typedef struct refusal {
    const char *text;
    unsigned line, column;
    const char *fragment;
} refusal;

static const refusal BAD[] = {
    {"", 1, 1, "the file is empty"},
    {"\n\n# only a comment\n", 1, 1, "the file is empty"},
    {"---\n", 1, 1, "the file is empty"},
    {"---\n...\n", 1, 1, "the file is empty"},
    {"a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' stands twice; it was first at line 1"},
    {"{a: 1, 'a': 2}", 1, 8, "the key 'a' stands twice"},
    {"x:\n  - {b: 1, c: 2, b: 3}\n", 2, 18, "the key 'b' stands twice"},
    {"? [a]\n: b\n", 1, 3, "a key must be a word"},
    {"{{a: b}: c}", 1, 2, "a key must be a word"},
    {"a: *x\n", 1, 4, "the alias *x names no anchor above it"},
    {"a: *x\nb: &x 1\n", 1, 4, "names no anchor above it"},
    {"a: &x [1, *x]\n", 1, 11, "the alias *x stands inside the value it names"},
    {"a: &x {b: {c: *x}}\n", 1, 15, "stands inside the value it names"},
    {"a: !!int 3\n", 1, 4, "found the tag 'tag:yaml.org,2002:int'"},
    {"a: !mine {b: c}\n", 1, 4, "found the tag '!mine'"},
    {"!!map {b: c}\n", 1, 1, "tags are not used here"},
    {"a: !!seq [1]\n", 1, 4, "tags are not used here"},
    {"a: !!binary aGVsbG8=\n", 1, 4, "tags are not used here"},
    {"a: &x {b: 1}\nc:\n  <<: *x\n", 3, 3, "merge keys"},
    {"a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"},
    {"a: 1\n...\n---\nb: 2\n", 3, 1, "a second document begins here"},
    {"a: \"x\\0y\"\n", 1, 4, "contains a NUL byte"},
    {"a: [1, 2\nb: 3\n", 2, 2, "not valid YAML"},
    {"a: 'open\n", 2, 1, "not valid YAML: found unexpected end of stream"},
    {"a: b: c\n", 1, 5, "mapping values are not allowed"},
    {"a:\n\t- b\n", 2, 1, "not valid YAML"},
    {"a: b\n c: d\n", 2, 3, "not valid YAML"},
    {"a: %x\n", 1, 4, "not valid YAML"},
    {"a: @x\n", 1, 4, "not valid YAML"},
    {"a: \xff\n", 1, 4, "not YAML text: invalid leading UTF-8 octet"},
    {"a: 1\nb: x\xc3(\n", 2, 6, "not YAML text: invalid trailing UTF-8 octet"},
    {"a: \xc3\xa9\xff\n", 1, 5, "not YAML text"},
    {"a: \xed\xa0\x80\n", 1, 4, "not YAML text"}, /* a surrogate */
    {"a: \xc0\xaf\n", 1, 4, "not YAML text"},     /* overlong */
    {"a: 1\nb: \x01\n", 2, 4, "not YAML text: control characters are not allowed"},
    {"a: 1\nb: \x7f\n", 2, 4, "not YAML text: control characters are not allowed"},
    {"a: 1\n\xe2\x82", 2, 1, "not YAML text: incomplete UTF-8 octet sequence"},
};

TEST(wrong_texts_are_refused) {
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        refused(BAD[i].text, strlen(BAD[i].text), BAD[i].line, BAD[i].column, BAD[i].fragment);
    }
}

TEST(binary_is_refused) {
    static const char NUL_BYTE[] = "a: 1\nb: x\0y\n", ELF[] = "\x7f"
                                                              "ELF\x02\x01\x01\0\0\0";
    refused(NUL_BYTE, sizeof NUL_BYTE - 1, 2, 5, "not YAML text: control characters are not allowed");
    refused(ELF, sizeof ELF - 1, 1, 1, "not YAML text");
}

TEST(only_the_given_bytes_are_read) {
    yaml_document doc;
    portolan_error err = {0};
    static const char TEXT[] = {'a', ':', ' ', '1', '2'}; /* no NUL behind it */
    assert_true(yaml_parse(&doc, "test.yaml", TEXT, 4, &err));
    assert_string_equal(yaml_find(doc.root, "a")->text, "1");
    yaml_unload(&doc);
}

/* ---- Limits ---- */

static char *repeat(const char *head, const char *part, size_t times, const char *tail) {
    char *text = malloc(strlen(head) + times * strlen(part) + strlen(tail) + 1), *end = text;
    assert_non_null(text);
    end = stpcpy(end, head);
    for (size_t i = 0; i < times; i++) end = stpcpy(end, part);
    strcpy(end, tail);
    return text;
}

TEST(depth_is_bounded) {
    char *text = repeat("", "[", YAML_MAX_DEPTH + 1, "");
    refused(text, strlen(text), 1, YAML_MAX_DEPTH + 1, "nested deeper than 32 levels");
    free(text);
    char nested[2 * YAML_MAX_DEPTH + 1] = {0};
    memset(nested, '[', YAML_MAX_DEPTH);
    memset(nested + YAML_MAX_DEPTH, ']', YAML_MAX_DEPTH);
    yaml_document doc = document_of(nested);
    yaml_unload(&doc);
    text = repeat("", "[", 1000000, "");
    refused(text, strlen(text), 1, YAML_MAX_DEPTH + 1, "nested deeper");
    free(text);
}

TEST(alias_bombs_are_refused) {
    static const char BOMB[] = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
                               "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                               "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
                               "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
                               "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
                               "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n";
    refused(BOMB, sizeof BOMB - 1, 6, 8, "with its aliases expanded the file has more than 200000 values");
}

TEST(values_are_bounded) {
    char *text = repeat("[", "1,", YAML_MAX_NODES, "]");
    refused(text, strlen(text), 1, 2 * YAML_MAX_NODES, "more than 200000 values");
    free(text);
    text = repeat("[", "1,", YAML_MAX_NODES - 1, "]");
    yaml_document doc = document_of(text);
    assert_int_equal(doc.root->count, YAML_MAX_NODES - 1);
    yaml_unload(&doc);
    free(text);
}

TEST(keys_are_bounded) {
    char *text = malloc((YAML_MAX_KEYS + 1) * 16), *end = text;
    assert_non_null(text);
    for (int i = 0; i <= YAML_MAX_KEYS; i++) end += sprintf(end, "k%d: 1\n", i);
    refused(text, (size_t)(end - text), YAML_MAX_KEYS + 1, 1, "more than 4096 keys");
    free(text);
}

/* ---- Changes by path ---- */

static void set(yaml_document *doc, const char *path, const char *value) {
    portolan_error err = {0};
    if (!yaml_set(doc, path, value, &err)) fail_msg("%s=%s: %s", path, value, err.message);
}

/* The node at a path of map keys and list indices, as "a/0/b". */
static const yaml_node *at(const yaml_document *doc, const char *path) {
    const yaml_node *node = doc->root;
    char copy[128], *rest = copy;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *word; node && (word = strsep(&rest, "/"));) {
        if (node->kind == YAML_LIST) {
            size_t index = strtoul(word, NULL, 10);
            node = index < node->count ? node->items[index] : NULL;
        } else {
            node = yaml_find(node, word);
        }
    }
    return node;
}

static void assert_text(const yaml_document *doc, const char *path, const char *wanted) {
    const yaml_node *node = at(doc, path);
    if (!node || node->kind != YAML_SCALAR) fail_msg("nothing at %s", path);
    assert_string_equal(node->text, wanted);
}

TEST(set_in_maps) {
    yaml_document doc = document_of("seed: 1\nrun: {requests: 10}\nempty:\n");
    set(&doc, "seed", "2");
    set(&doc, "run.requests", "20");
    set(&doc, "run.warmup", "5");
    set(&doc, "a.b.c", "deep");
    set(&doc, "empty.x", "y");
    set(&doc, "cost", "{layer: 1/12, list: [1, 2]}");
    assert_text(&doc, "seed", "2");
    assert_text(&doc, "run/requests", "20");
    assert_text(&doc, "run/warmup", "5");
    assert_text(&doc, "a/b/c", "deep");
    assert_text(&doc, "empty/x", "y");
    assert_text(&doc, "cost/list/1", "2");
    assert_int_equal(at(&doc, "run")->count, 2);
    assert_string_equal(at(&doc, "seed")->mark.file, "--set seed"); /* so that errors point at the option */
    yaml_unload(&doc);
}

static const char POLICIES[] = "policies:\n"
                               "  - cloud-only\n"
                               "  - {confidence: {threshold: 0.8, as: strict}}\n"
                               "  - {entropy: {threshold: 0.1}}\n"
                               "  - patience:\n"
                               "  - {confidence: {threshold: 0.6, as: loose}}\n"
                               "cells:\n"
                               "  - {name: lte, count: 3}\n"
                               "  - {name: wifi, count: 4}\n";

TEST(set_in_lists_by_index_name_and_label) {
    yaml_document doc = document_of(POLICIES);
    set(&doc, "policies.1.threshold", "0.9");
    assert_text(&doc, "policies/1/confidence/threshold", "0.9");
    set(&doc, "policies.confidence.threshold", "0.91"); /* the first of the name */
    assert_text(&doc, "policies/1/confidence/threshold", "0.91");
    set(&doc, "policies.loose.threshold", "0.61");
    assert_text(&doc, "policies/4/confidence/threshold", "0.61");
    assert_text(&doc, "policies/1/confidence/threshold", "0.91");
    set(&doc, "policies.entropy.threshold", "0.2");
    assert_text(&doc, "policies/2/entropy/threshold", "0.2");
    set(&doc, "policies.cloud-only.as", "cloud"); /* a bare word becomes a map of one key */
    assert_text(&doc, "policies/0/cloud-only/as", "cloud");
    set(&doc, "policies.patience.patience", "3");
    assert_text(&doc, "policies/3/patience/patience", "3");
    set(&doc, "policies.3", "random");
    assert_text(&doc, "policies/3", "random");
    set(&doc, "cells.wifi.count", "5");
    assert_text(&doc, "cells/1/count", "5");
    set(&doc, "cells.0.name", "umts");
    assert_text(&doc, "cells/0/name", "umts");
    assert_int_equal(at(&doc, "policies")->count, 5);
    yaml_unload(&doc);
}

TEST(set_into_an_item_of_one_plain_key) {
    yaml_document doc = document_of("regions: [{name: r}]\n");
    set(&doc, "regions.r.count", "2");
    assert_text(&doc, "regions/0/name", "r");
    assert_text(&doc, "regions/0/count", "2");
    yaml_unload(&doc);
}

static void assert_set_fails(const char *path, const char *value, const char *fragment) {
    yaml_document doc = document_of(POLICIES);
    portolan_error err = {0};
    if (yaml_set(&doc, path, value, &err)) fail_msg("%s=%s was accepted", path, value);
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    if (!strstr(err.message, fragment)) fail_msg("\"%s\" lacks \"%s\"", err.message, fragment);
    yaml_unload(&doc);
}

TEST(a_scalar_has_no_keys_to_set) {
    yaml_document doc = document_of("name: a\ncells: [{name: lte, link: lte-macro}]\n");
    portolan_error err = {0};
    assert_false(yaml_set(&doc, "cells.lte.link.up", "5Mbps", &err));
    assert_input_error(&err, 1, 1,
                       "cells.lte.link.up: 'lte-macro' at test.yaml:2 has no keys; if it is a preset, put "
                       "{like: lte-macro, up: 5Mbps} in its place");
    err = (portolan_error){0};
    assert_false(yaml_set(&doc, "cells.lte.link.up.x", "1", &err));
    assert_input_error(&err, 1, 1, "put {like: lte-macro, up: ...} in its place");
    yaml_unload(&doc);
}

TEST(set_says_what_is_wrong) {
    assert_set_fails("policies.9.threshold", "1", "'9' is no item of the list at test.yaml:2");
    assert_set_fails("policies.nonesuch.threshold", "1", "'nonesuch' is no item of the list");
    assert_set_fails("policies.confidence.threshold.deeper", "1", "'0.8' at test.yaml:3 has no keys");
    assert_set_fails("", "1", "--set wants key=value");
    assert_set_fails("seed", "[1", "not valid YAML");
    assert_set_fails("seed", "{a: 1, a: 2}", "stands twice");
    assert_set_fails("seed", "!!int 1", "tags are not used");
    assert_set_fails("seed", "*x", "names no anchor");
    assert_set_fails("seed", "\xff", "not YAML text");
}

/* A node of another document is copied with all below it, and keeps its place for later messages. */
TEST(put_copies_a_node_and_keeps_its_mark) {
    yaml_document doc = document_of(POLICIES), other = document_of("x: 1\nvalue: {list: [1, 2], deep: {y: z}}\n");
    portolan_error err = {0};
    assert_true(yaml_put(&doc, "policies.loose.extra", yaml_find(other.root, "value"), &err));
    const yaml_node *put = at(&doc, "policies/4/confidence/extra");
    assert_int_equal(put->mark.line, 2);
    assert_int_equal(put->mark.column, 8);
    yaml_unload(&other);
    assert_text(&doc, "policies/4/confidence/extra/list/1", "2");
    assert_text(&doc, "policies/4/confidence/extra/deep/y", "z");
    yaml_unload(&doc);
}

TEST(put_tells_of_faults_at_the_value) {
    yaml_document doc = document_of(POLICIES), other = document_of("x: 1\ny: 2\n");
    portolan_error err = {0};
    assert_false(yaml_put(&doc, "policies.nobody.threshold", yaml_find(other.root, "y"), &err));
    assert_input_error(&err, 2, 4, "policies.nobody.threshold: 'nobody' is no item of the list");
    yaml_unload(&doc);
    yaml_unload(&other);
}

TEST(set_through_an_alias_leaves_the_anchor_alone) {
    yaml_document doc = document_of("a: &x {k: {deep: 1}}\nb: *x\n"
                                    "c: &y [{confidence: {threshold: 1}}, bare, {patience: }]\nd: *y\n"
                                    "e: [&z {confidence: {threshold: 1}}, *z]\n");
    set(&doc, "b.k.deep", "2");
    set(&doc, "b.new", "3");
    assert_text(&doc, "a/k/deep", "1");
    assert_text(&doc, "b/k/deep", "2");
    assert_null(at(&doc, "a/new"));
    set(&doc, "d.0.threshold", "2");
    set(&doc, "d.bare.as", "x");
    set(&doc, "d.patience.n", "3");
    assert_text(&doc, "c/0/confidence/threshold", "1");
    assert_text(&doc, "d/0/confidence/threshold", "2");
    assert_text(&doc, "c/1", "bare");
    assert_text(&doc, "d/1/bare/as", "x");
    assert_text(&doc, "c/2/patience", "");
    assert_text(&doc, "d/2/patience/n", "3");
    set(&doc, "e.1.threshold", "2");
    assert_text(&doc, "e/0/confidence/threshold", "1");
    assert_text(&doc, "e/1/confidence/threshold", "2");
    yaml_unload(&doc);
}

TEST(keys_can_be_removed) {
    yaml_document doc = document_of("{a: 1, b: 2, c: 3}");
    yaml_remove(doc.root, "b");
    yaml_remove(doc.root, "nonesuch");
    assert_int_equal(doc.root->count, 2);
    assert_text(&doc, "a", "1");
    assert_text(&doc, "c", "3");
    yaml_remove(doc.root, "c");
    yaml_remove(doc.root, "a");
    assert_int_equal(doc.root->count, 0);
    yaml_unload(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_carry_their_places),
        cmocka_unit_test(describes_nodes),
        cmocka_unit_test(aliases_stand_for_their_anchors),
        cmocka_unit_test(anchors_are_bounded),
        cmocka_unit_test(loads_files),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(binary_is_refused),
        cmocka_unit_test(only_the_given_bytes_are_read),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(alias_bombs_are_refused),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(keys_are_bounded),
        cmocka_unit_test(set_in_maps),
        cmocka_unit_test(set_in_lists_by_index_name_and_label),
        cmocka_unit_test(set_into_an_item_of_one_plain_key),
        cmocka_unit_test(a_scalar_has_no_keys_to_set),
        cmocka_unit_test(set_says_what_is_wrong),
        cmocka_unit_test(put_copies_a_node_and_keeps_its_mark),
        cmocka_unit_test(put_tells_of_faults_at_the_value),
        cmocka_unit_test(set_through_an_alias_leaves_the_anchor_alone),
        cmocka_unit_test(keys_can_be_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
