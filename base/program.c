/* Running other programs with a pipe for what they say. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signals.h"

/* What the child does before it becomes the program: `sink` is its output and its error. Returns 0 or an
 * errno value. */
static int prepare(const program *p, int sink, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes) {
    sigset_t none;
    sigemptyset(&none);
    int failed = posix_spawnattr_setsigmask(attributes, &none);
    if (!failed) failed = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
    if (!failed && p->folder) failed = posix_spawn_file_actions_addchdir_np(actions, p->folder);
    if (!failed) failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed) failed = posix_spawn_file_actions_adddup2(actions, sink, STDOUT_FILENO);
    if (!failed) failed = posix_spawn_file_actions_adddup2(actions, sink, STDERR_FILENO);
    return failed;
}

static int start(const program *p, int sink, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    failed = posix_spawnattr_init(&attributes);
    if (!failed) {
        failed = prepare(p, sink, &actions, &attributes);
        char *const *environment = p->environment ? p->environment : environ;
        if (!failed) failed = posix_spawnp(pid, p->arguments[0], &actions, &attributes, p->arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* All there is, of which the beginning is kept: a program that nobody listens to would be stopped. */
static void listen_to_end(int from, char *words, size_t size) {
    char beyond[4096];
    size_t kept = 0;
    for (;;) {
        bool full = kept + 1 >= size;
        ssize_t n = read(from, full ? beyond : words + kept, full ? sizeof beyond : size - 1 - kept);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        if (!full) kept += (size_t)n;
    }
    words[kept] = '\0';
    for (size_t length = strlen(words); length && words[length - 1] == '\n';) words[--length] = '\0';
}

static bool cannot_run(const program *p, int why, portolan_error *err) {
    return error_run(err, "%.100s cannot be run: %s", p->arguments[0], strerror(why));
}

bool program_run(const program *p, char *words, size_t size, int *status, portolan_error *err) {
    int ends[2];
    pid_t pid, ended;
    words[0] = '\0';
    *status = PROGRAM_MISSING;
    if (pipe2(ends, O_CLOEXEC) != 0) return cannot_run(p, errno, err);
    int failed = start(p, ends[1], &pid);
    close(ends[1]);
    if (!failed) {
        helper_set(pid);
        listen_to_end(ends[0], words, size);
    }
    close(ends[0]);
    if (failed) return failed == ENOENT || cannot_run(p, failed, err);
    do ended = waitpid(pid, status, 0);
    while (ended < 0 && errno == EINTR);
    helper_set(0);
    return ended == pid || cannot_run(p, errno, err);
}

void words_on_one_line(char *words) {
    for (char *c = words; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127) *c = ' ';
}
