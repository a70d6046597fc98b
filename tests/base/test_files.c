/* Files: reading, paths beside other files and under $PORTOLAN_DATA, SHA-256, result folders. */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/files.h"
#include "base/json.h"
#include "base/replacement.h"
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

static bool is_there(const char *path) { return access(path, F_OK) == 0; }

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

/* A pipe without a writer would be waited for; a folder, a device or a pipe is none of what is wanted. */
TEST(every_reader_refuses_what_is_no_file) {
    static const char *const PATHS[] = {"pipe", ".", "/dev/zero"};
    static const char *const SAYS[] = {"but a named pipe; ", "but a folder; ", "but a device; "};
    assert_int_equal(mkfifo("pipe", 0666), 0);
    for (int i = 0; i < 3; i++) {
        file_bytes bytes;
        csv_reader rows;
        yaml_document doc;
        char hex[FILE_HASH_TEXT];
        for (int reader = 0; reader < 6; reader++) {
            portolan_error err = {0};
            bool ok = reader == 0   ? file_read(PATHS[i], 100, &bytes, &err)
                      : reader == 1 ? file_hash(PATHS[i], hex, &err)
                      : reader == 2 ? csv_open(&rows, PATHS[i], &err)
                      : reader == 3 ? json_read(PATHS[i], 100, &err) != NULL
                      : reader == 4 ? yaml_load(&doc, PATHS[i], &err)
                                    : file_open(PATHS[i], "a horse", NULL, &err) != NULL;
            assert_false(ok);
            assert_input_error(&err, 0, 0, SAYS[i]);
            assert_string_equal(err.file, PATHS[i]);
        }
    }
    unlink("pipe");
}

/* ---- Inputs ---- */

static void assert_refused(const char *path, const char *why) {
    replacement r;
    portolan_error err = {0};
    assert_false(replacement_open(&r, path, &err));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_non_null(strstr(err.message, why));
}

TEST(inputs_are_not_written_over) {
    file_bytes bytes;
    replacement r;
    portolan_error err = {0};
    write_file("data", "abc", 3);
    assert_int_equal(link("data", "same") | symlink("data", "link"), 0);
    assert_false(file_is_input("data"));
    assert_true(file_read("data", 5, &bytes, &err));
    free(bytes.data);
    assert_refused("data", "is one of the files that this command reads");
    assert_refused("./data", "is one of the files");
    assert_refused("same", "is one of the files");
    assert_refused("link", "is one of the files");
    unlink("data");
    unlink("same");
    unlink("link");
    write_file("data", "abc", 3); /* perhaps with the number of the old one */
    assert_true(replacement_open(&r, "data", &err));
    assert_true(replacement_finish(&r, true, &err));
    assert_true(file_read("data", 5, &bytes, &err)); /* our own, so that we may write it again */
    free(bytes.data);
    assert_true(replacement_open(&r, "data", &err));
    assert_true(replacement_finish(&r, false, &err) == false && is_there("data"));
    unlink("data");
}

/* ---- Replacements ---- */

TEST(planted_links_are_not_followed) {
    replacement r;
    result_folder out;
    portolan_error err = {0};
    write_file("treasure", "x", 1);
    assert_int_equal(symlink("treasure", "page.unfinished"), 0);
    assert_refused("page", "page.unfinished: is in the way, and was not left by Portolan; remove it");
    unlink("page.unfinished");
    assert_int_equal(symlink("treasure", "page"), 0);
    assert_true(replacement_open(&r, "page", &err));
    fputs("page\n", r.stream);
    assert_true(replacement_finish(&r, true, &err));
    struct stat st;
    assert_true(lstat("page", &st) == 0 && S_ISREG(st.st_mode));
    assert_int_equal(stat("treasure", &st), 0);
    assert_int_equal(st.st_size, 1);
    unlink("page");
    /* a folder of results, and a file in it */
    assert_int_equal(mkdir("chest", 0777) | symlink("chest", "results.unfinished"), 0);
    write_file("chest/gold", "x", 1);
    assert_false(result_folder_open(&out, "results", &err));
    assert_non_null(strstr(err.message, "results.unfinished: was left by another run and cannot be removed"));
    assert_true(is_there("chest/gold"));
    unlink("results.unfinished");
    err = (portolan_error){0};
    assert_true(result_folder_open(&out, "results", &err));
    assert_int_equal(symlink("../treasure", "results.unfinished/summary.csv"), 0);
    assert_null(result_file_open(&out, "summary.csv", &err));
    result_folder_discard(&out);
    /* a folder inside one that came from elsewhere */
    assert_int_equal(symlink("chest", "plots"), 0);
    err = (portolan_error){0};
    assert_false(subfolder_make("plots", &err));
    assert_non_null(strstr(err.message, "plots: is a symbolic link, where a folder is wanted"));
    assert_true(folder_make("plots", &err)); /* one that the user names may be a link */
    assert_true(subfolder_make("chest", &err));
    unlink("plots");
    unlink("chest/gold");
    rmdir("chest");
    unlink("treasure");
}

/* Writes "page" and "results" until it is killed or told by a byte. */
static pid_t start_writer(int ready, int wait) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid) return pid;
    replacement r;
    result_folder out;
    portolan_error err = {0};
    char byte = 0;
    if (!replacement_open(&r, "page", &err) || !result_folder_open(&out, "results", &err)) _exit(1);
    FILE *f = result_file_open(&out, "rows", &err);
    if (!f || fputs("half", f) < 0 || fflush(f) != 0 || write(ready, &byte, 1) != 1) _exit(1);
    _exit(read(wait, &byte, 1) != 0);
}

TEST(a_second_writer_is_told_and_leftovers_go) {
    int ready[2], wait[2];
    char byte, name[80];
    replacement r;
    result_folder out;
    portolan_error err = {0};
    assert_int_equal(pipe(ready) | pipe(wait), 0);
    pid_t pid = start_writer(ready[1], wait[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_false(replacement_open(&r, "page", &err));
    assert_int_equal(err.status, STATUS_FAILED);
    assert_non_null(strstr(err.message, "page: another process is writing this file; wait for it"));
    assert_false(result_folder_open(&out, "results", &err));
    snprintf(name, sizeof name, "results: process %ld is writing in this folder; wait for it", (long)pid);
    assert_non_null(strstr(err.message, name));
    assert_true(is_there("results.unfinished/rows") && is_there("page.unfinished"));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(is_there("results.unfinished/rows") && is_there("page.unfinished"));
    err = (portolan_error){0};
    assert_true(replacement_open(&r, "page", &err));
    assert_false(replacement_finish(&r, false, &err));
    assert_true(result_folder_open(&out, "results", &err));
    assert_false(is_there("results.unfinished/rows"));
    result_folder_discard(&out);
    assert_false(is_there("page.unfinished") || is_there("results.unfinished") || is_there("results.lock"));
    for (int i = 0; i < 2; i++) close(ready[i]), close(wait[i]);
}

TEST(permissions_follow_the_umask_and_what_was_there) {
    result_folder out;
    replacement r;
    portolan_error err = {0};
    struct stat st;
    mode_t before = umask(0027);
    assert_true(result_folder_open(&out, "results", &err));
    assert_int_equal(stat(out.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    write_file("results.unfinished/x", "", 0);
    assert_true(result_folder_commit(&out, &err));
    unlink("results/x");
    assert_int_equal(chmod("results", 0700), 0); /* empty, and stricter than the umask */
    assert_true(result_folder_open(&out, "results", &err));
    assert_true(result_folder_commit(&out, &err));
    assert_int_equal(stat("results", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    rmdir("results");
    write_file("page", "secret", 6);
    assert_int_equal(chmod("page", 0600), 0);
    assert_true(replacement_open(&r, "page", &err));
    assert_int_equal(stat("page.unfinished", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(replacement_finish(&r, true, &err));
    unlink("page");
    umask(before);
}

TEST(bytes_at_hand_are_written_whole) {
    static const char BYTES[] = "a\0b\n";
    portolan_error err = {0};
    file_bytes bytes;
    assert_true(replacement_write("hand", BYTES, sizeof BYTES - 1, &err));
    assert_true(file_read("hand", 100, &bytes, &err));
    assert_int_equal(bytes.length, sizeof BYTES - 1);
    assert_memory_equal(bytes.data, BYTES, sizeof BYTES - 1);
    free(bytes.data);
    assert_false(replacement_write("hand/nested", BYTES, 1, &err));
    unlink("hand");
}

TEST(paths_are_never_cut) {
    char into[16], name[1200];
    portolan_error err = {0};
    assert_true(path_format(into, sizeof into, &err, "%s/%d", "a/b", 123456789));
    assert_false(path_format(into, sizeof into, &err, "%s/%d", "a/bcd", 1234567890));
    assert_int_equal(err.status, STATUS_WRONG_INPUT);
    assert_non_null(strstr(err.message, "this path has 16 characters; at most 15 are possible here"));
    for (size_t i = 0; i < sizeof name; i++) name[i] = i % 100 == 50 ? '/' : 'x';
    name[1024] = '\0';
    assert_refused(name, "must have 1 to 1023 characters; it has 1024");
    /* a message says the whole of a long path, and of a longer one the end */
    name[1024] = 'x';
    name[1090] = '\0';
    error_input(&err, (text_mark){name, 1, 1}, "%s", name);
    assert_string_equal(err.file, name);
    assert_string_equal(err.message, name);
    name[1090] = 'x';
    name[sizeof name - 1] = '\0';
    error_input(&err, (text_mark){name, 1, 1}, "x");
    assert_int_equal(strlen(err.file), sizeof err.file - 1);
    assert_memory_equal(err.file, "...", 3);
    assert_string_equal(err.file + 3, name + strlen(name) - (sizeof err.file - 4));
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
    for (int i = 0; i < 100000; i++) fputc('x', f); /* a write fails before the end */
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
        cmocka_unit_test(every_reader_refuses_what_is_no_file),
        cmocka_unit_test(inputs_are_not_written_over),
        cmocka_unit_test(planted_links_are_not_followed),
        cmocka_unit_test(a_second_writer_is_told_and_leftovers_go),
        cmocka_unit_test(permissions_follow_the_umask_and_what_was_there),
        cmocka_unit_test(bytes_at_hand_are_written_whole),
        cmocka_unit_test(paths_are_never_cut),
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
