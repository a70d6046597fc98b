/* Files: reading, paths beside other files and under $PORTOLAN_DATA, SHA-256, result folders. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "tests/support.h"

static char folder[] = "files-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return chdir("..") == 0 && rmdir(folder) == 0 ? 0 : -1; /* fails if a test left anything behind */
}

static void write_file(const char *path, const char *text, size_t length) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

/* ---- Reading ---- */

TEST(reads_whole_files) {
    file_bytes bytes;
    portolan_error err = {0};
    write_file("data", "a\0b\nc", 5);
    assert_true(file_read("data", 5, &bytes, &err));
    assert_int_equal(bytes.length, 5);
    assert_memory_equal(bytes.data, "a\0b\nc", 6); /* and the NUL beyond */
    free(bytes.data);
    assert_false(file_read("data", 4, &bytes, &err));
    assert_input_error(&err, 1, 1, "has 5 bytes; at most 4 are read");
    assert_null(bytes.data);
    write_file("data", "", 0);
    assert_true(file_read("data", 0, &bytes, &err));
    assert_int_equal(bytes.length, 0);
    assert_string_equal(bytes.data, "");
    free(bytes.data);
    unlink("data");
}

TEST(says_why_it_cannot_read) {
    file_bytes bytes;
    portolan_error err = {0};
    assert_false(file_read("absent", 100, &bytes, &err));
    assert_input_error(&err, 0, 0, "cannot open: No such file");
    assert_string_equal(err.file, "absent");
    assert_false(file_read(".", 100, &bytes, &err));
    assert_input_error(&err, 0, 0, "is not a regular file");
    assert_false(file_read("/dev/zero", 100, &bytes, &err));
    assert_input_error(&err, 0, 0, "is not a regular file");
}

/* ---- Paths ---- */

TEST(resolves_paths) {
    static const struct {
        const char *beside, *path, *wanted;
    } CASES[] = {
        {"scenarios/a.yaml", "b.csv", "scenarios/b.csv"},
        {"scenarios/a.yaml", "../platforms/c.yaml", "scenarios/../platforms/c.yaml"},
        {"/abs/a.yaml", "b.csv", "/abs/b.csv"},
        {"/a.yaml", "b.csv", "/b.csv"},
        {"a.yaml", "b.csv", "b.csv"},
        {"scenarios/a.yaml", "/abs/b.csv", "/abs/b.csv"},
        {"scenarios/a.yaml", "$PORTOLAN_DATA/exits/b.csv", "/data/exits/b.csv"},
        {"scenarios/a.yaml", "$PORTOLAN_DATA", "/data"},
        {"scenarios/a.yaml", "$PORTOLAN_DATABASE/b.csv", "scenarios/$PORTOLAN_DATABASE/b.csv"},
        {"scenarios/a.yaml", "x/$PORTOLAN_DATA/b.csv", "scenarios/x/$PORTOLAN_DATA/b.csv"},
    };
    arena memory = {0};
    portolan_error err = {0};
    setenv("PORTOLAN_DATA", "/data", 1);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *found = file_resolve(&memory, CASES[i].beside, CASES[i].path, (text_mark){0}, &err);
        assert_non_null(found);
        assert_string_equal(found, CASES[i].wanted);
    }
    arena_free(&memory);
}

TEST(data_folder_must_be_set) {
    arena memory = {0};
    portolan_error err = {0};
    text_mark where = {"a.yaml", 4, 9};
    for (int empty = 0; empty < 2; empty++) {
        if (empty)
            setenv("PORTOLAN_DATA", "", 1);
        else
            unsetenv("PORTOLAN_DATA");
        err = (portolan_error){0};
        assert_null(file_resolve(&memory, "a.yaml", "$PORTOLAN_DATA/b.csv", where, &err));
        assert_input_error(&err, 4, 9, "needs the environment variable PORTOLAN_DATA, which is not set");
        assert_string_equal(file_resolve(&memory, "s/a.yaml", "b.csv", where, &err), "s/b.csv");
    }
    arena_free(&memory);
}

/* ---- Hashes: the vectors of FIPS 180-2 ---- */

static void assert_hash(const char *text, size_t length, const char *wanted) {
    char hex[FILE_HASH_TEXT];
    portolan_error err = {0};
    write_file("data", text, length);
    assert_true(file_hash("data", hex, &err));
    assert_string_equal(hex, wanted);
    unlink("data");
}

TEST(hashes) {
    assert_hash("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    char *million = malloc(1000000);
    assert_non_null(million);
    memset(million, 'a', 1000000);
    assert_hash(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
    char hex[FILE_HASH_TEXT];
    portolan_error err = {0};
    assert_false(file_hash("absent", hex, &err));
    assert_input_error(&err, 0, 0, "cannot open");
    assert_false(file_hash(".", hex, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
}

/* ---- Result folders ---- */

static void write_result(const result_folder *out, const char *name) {
    portolan_error err = {0};
    FILE *f = result_file_open(out, name, &err);
    assert_non_null(f);
    fputs("hello\n", f);
    assert_true(result_file_close(f, name, &err));
}

TEST(results_appear_at_once) {
    result_folder out;
    portolan_error err = {0};
    assert_true(result_folder_open(&out, "deep/er/results", &err));
    assert_string_equal(out.final_path, "deep/er/results");
    write_result(&out, "summary.csv");
    assert_false(is_there("deep/er/results"));
    assert_true(is_there(out.path));
    char unfinished[sizeof out.path];
    snprintf(unfinished, sizeof unfinished, "%s", out.path);
    assert_true(result_folder_commit(&out, &err));
    assert_true(is_there("deep/er/results/summary.csv"));
    assert_false(is_there(unfinished));
    struct stat st;
    assert_int_equal(stat("deep/er/results", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    result_folder_discard(&out); /* harmless */
    assert_true(is_there("deep/er/results/summary.csv"));
    unlink("deep/er/results/summary.csv");
    assert_int_equal(rmdir("deep/er/results") | rmdir("deep/er") | rmdir("deep"), 0);
}

TEST(discarded_results_leave_nothing) {
    result_folder out;
    portolan_error err = {0};
    assert_true(result_folder_open(&out, "results", &err));
    write_result(&out, "summary.csv");
    write_result(&out, "requests.csv");
    char unfinished[sizeof out.path];
    snprintf(unfinished, sizeof unfinished, "%s", out.path);
    result_folder_discard(&out);
    assert_false(is_there(unfinished));
    assert_false(is_there("results"));
    result_folder_discard(&out);
}

TEST(nothing_is_overwritten) {
    result_folder out;
    portolan_error err = {0};
    assert_int_equal(mkdir("results", 0777), 0);
    write_file("results/old", "x", 1);
    assert_false(result_folder_open(&out, "results", &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_non_null(strstr(err.message, "exists and is not an empty folder"));
    assert_true(is_there("results/old"));
    unlink("results/old");
    rmdir("results");
    write_file("results", "x", 1);
    assert_false(result_folder_open(&out, "results", &err));
    assert_true(is_there("results"));
    unlink("results");
}

TEST(an_empty_folder_is_good) {
    result_folder out;
    portolan_error err = {0};
    assert_int_equal(mkdir("results", 0777), 0);
    assert_true(result_folder_open(&out, "results///", &err));
    assert_string_equal(out.final_path, "results");
    write_result(&out, "summary.csv");
    assert_true(result_folder_commit(&out, &err));
    assert_true(is_there("results/summary.csv"));
    unlink("results/summary.csv");
    rmdir("results");
}

TEST(bad_names_are_refused) {
    result_folder out;
    portolan_error err = {0};
    char name[2000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(result_folder_open(&out, "", &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_false(result_folder_open(&out, name, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    write_file("file", "x", 1);
    assert_false(result_folder_open(&out, "file/results", &err));
    assert_int_equal(err.status, STATUS_FAILED);
    result_folder_discard(&out);
    unlink("file");
}

/* Somebody else took the name while the run was under way: nothing of theirs is lost, ours stays. */
TEST(a_taken_name_fails_the_commit) {
    result_folder out;
    portolan_error err = {0};
    assert_true(result_folder_open(&out, "results", &err));
    write_result(&out, "ours");
    mkdir("results", 0777);
    write_file("results/theirs", "x", 1);
    assert_false(result_folder_commit(&out, &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_true(is_there("results/theirs"));
    result_folder_discard(&out);
    unlink("results/theirs");
    rmdir("results");
}

TEST(a_full_disk_is_noticed) {
    portolan_error err = {0};
    FILE *f = fopen("/dev/full", "w");
    if (!f) skip();
    fputs("few bytes, still in the buffer", f);
    assert_false(result_file_close(f, "summary.csv", &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "summary.csv: cannot write: No space left on device"));
    err = (portolan_error){0};
    f = fopen("/dev/full", "w");
    assert_non_null(f);
    for (int i = 0; i < 100000; i++)
        fputc('x', f); /* a write fails before the end */
    errno = 0;
    assert_false(result_file_close(f, "summary.csv", &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "summary.csv: cannot write: No space left on device"));
}

TEST(a_file_that_was_not_opened) {
    result_folder out = {.path = "absent"};
    portolan_error err = {0};
    FILE *f = result_file_open(&out, "x", &err);
    assert_null(f);
    assert_int_equal(err.status, STATUS_FAILED);
    assert_false(result_file_close(f, "x", &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_files),
        cmocka_unit_test(says_why_it_cannot_read),
        cmocka_unit_test(resolves_paths),
        cmocka_unit_test(data_folder_must_be_set),
        cmocka_unit_test(hashes),
        cmocka_unit_test(results_appear_at_once),
        cmocka_unit_test(discarded_results_leave_nothing),
        cmocka_unit_test(nothing_is_overwritten),
        cmocka_unit_test(an_empty_folder_is_good),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(a_taken_name_fails_the_commit),
        cmocka_unit_test(a_full_disk_is_noticed),
        cmocka_unit_test(a_file_that_was_not_opened),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
