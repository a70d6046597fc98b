/* Signals. What the handler reads is fixed in size and place, since it may interrupt anything, allocation included. */
#include "signals.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct ending {
    int number;
    const char *name;
    bool parents; /* what it means for a child is its parent's to say */
} ending;

static const ending ENDINGS[] = {
    {SIGHUP, "SIGHUP", true},    {SIGINT, "SIGINT", true},   {SIGQUIT, "SIGQUIT", true},
    {SIGPIPE, "SIGPIPE", false}, {SIGTERM, "SIGTERM", true}, {SIGXCPU, "SIGXCPU", false},
};
enum { ENDING_COUNT = sizeof ENDINGS / sizeof *ENDINGS };

static bool caught[ENDING_COUNT], started;
static pthread_t main_thread;

enum { MOST_LEFTOVERS = 16, PATH_ROOM = 1400 };
static struct leftover {
    volatile sig_atomic_t used;
    char path[PATH_ROOM];
} leftovers[MOST_LEFTOVERS];
static volatile pid_t helper;

static const ending *find(int number) {
    for (size_t i = 0; i < ENDING_COUNT; i++)
        if (ENDINGS[i].number == number) return &ENDINGS[i];
    return NULL;
}

/* ---- The handler ---- */

static void say(const char *text) {
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written; /* there is nobody left to tell */
}

static void end_program(int number) {
    if (!pthread_equal(pthread_self(), main_thread)) { /* which may have blocked it, for good reason */
        int before = errno;
        pthread_kill(main_thread, number);
        errno = before;
        return;
    }
    if (helper > 0 && kill(helper, SIGKILL) == 0) waitpid(helper, NULL, 0);
    for (size_t i = 0; i < MOST_LEFTOVERS; i++)
        if (leftovers[i].used) unlink(leftovers[i].path);
    for (size_t i = 0; i < MOST_LEFTOVERS; i++)
        if (leftovers[i].used) rmdir(leftovers[i].path);
    if (number != SIGPIPE) { /* whoever closes a pipe has read enough, and wants no more words */
        say(isatty(STDERR_FILENO) == 1 ? "\r\033[Kportolan: interrupted by " : "portolan: interrupted by ");
        say(find(number)->name);
        say("\n");
    }
    _exit(STATUS_SIGNAL + number);
}

/* ---- */

sigset_t signals_caught(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ENDING_COUNT; i++)
        if (caught[i]) sigaddset(&set, ENDINGS[i].number);
    return set;
}

void signals_catch(void) {
    struct sigaction action, before;
    for (size_t i = 0; i < ENDING_COUNT && !started; i++)
        caught[i] = sigaction(ENDINGS[i].number, NULL, &before) == 0 && before.sa_handler != SIG_IGN;
    started = true;
    main_thread = pthread_self();
    action = (struct sigaction){.sa_handler = end_program, .sa_mask = signals_caught(), .sa_flags = SA_RESTART};
    for (size_t i = 0; i < ENDING_COUNT; i++)
        if (caught[i]) sigaction(ENDINGS[i].number, &action, NULL);
}

bool signal_ends(int signal) { return find(signal) != NULL; }

bool error_signal(portolan_error *err, int signal, const char *what) {
    assert(signal_ends(signal)); /* whoever waits for signals waits for these only */
    error_run(err, "interrupted by %s%s", find(signal)->name, what);
    err->status = STATUS_SIGNAL + signal;
    return false;
}

void signals_leave_to_parent(void) {
    sigset_t set = signals_caught();
    for (size_t i = 0; i < ENDING_COUNT; i++)
        if (caught[i]) signal(ENDINGS[i].number, ENDINGS[i].parents ? SIG_IGN : SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void leftover_add(const char *path) {
    for (size_t i = 0; i < MOST_LEFTOVERS && strlen(path) < PATH_ROOM; i++) {
        if (leftovers[i].used) continue;
        strcpy(leftovers[i].path, path);
        leftovers[i].used = 1;
        return;
    }
}

void leftover_drop(const char *path) {
    for (size_t i = 0; i < MOST_LEFTOVERS; i++)
        if (leftovers[i].used && strcmp(leftovers[i].path, path) == 0) leftovers[i].used = 0;
}

void helper_set(pid_t pid) { helper = pid; }
