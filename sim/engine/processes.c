/* Forking children, and what they do: one policy each. */
#include "processes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/progress.h"
#include "engine.h"

void watch_begin(watch *w) {
    w->set = signals_caught();
    sigaddset(&w->set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &w->set, &w->before);
}

int watch_wait(const watch *w, double seconds) {
    double whole = floor(seconds);
    struct timespec most = {(time_t)whole, (long)(1e9 * (seconds - whole))};
    int signal = sigtimedwait(&w->set, NULL, &most);
    return signal_ends(signal) ? signal : 0;
}

void watch_end(const watch *w) { sigprocmask(SIG_SETMASK, &w->before, NULL); }

pid_t process_fork(portolan_error *err) {
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) error_run(err, "cannot start a process: %s", strerror(errno));
    if (pid != 0) return pid;
    signals_leave_to_parent();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(STATUS_FAILED);
    return 0;
}

static bool only_warmup(const scenario *s, uint64_t count, portolan_error *err) {
    return error_run(err,
                     "only %llu requests arrived, all of them in the warm-up of %llu; make 'duration' longer or "
                     "'warmup' smaller",
                     (unsigned long long)count, (unsigned long long)s->run.warmup);
}

bool policy_simulate(const scenario *s, world *w, size_t index, const result_folder *folder, policy_result *results,
                     run_books *books) {
    policy_result *result = &results[index];
    int follows = s->policies[index].follows;
    const policy_summary *match = follows < 0 ? NULL : &results[follows].summary;
    const double *shares = match ? (double[TIER_COUNT]){match->share_phone, match->share_edge, match->share_cloud}
                                 : NULL;
    double start = wall_clock();
    world_memory_guard(&result->error);
    *books = (run_books){0};
    if (!engine_run(&(observed_run){s, index, folder, result, books}, w, shares, &ENGINE_TABLES, &result->error))
        return false;
    result->wall_seconds = wall_clock() - start;
    for (uint64_t i = s->run.warmup; i < books->count; i++) result->failures[books->records[i].failure]++;
    bool ok = books->count > s->run.warmup ? summarize(s, books, &result->summary, &result->error)
                                           : only_warmup(s, books->count, &result->error);
    if (!ok) run_books_free(books);
    return ok;
}

/* A policy may have called exit(0). */
bool process_finished(const policy_result *result, int status) {
    return WIFEXITED(status) && WEXITSTATUS(status) == STATUS_OK && result->done;
}

bool process_failed(const scenario *s, size_t index, const policy_result *result, int status, portolan_error *err) {
    const char *label = s->policies[index].label;
    const portolan_error left = result->error; /* which may be *err */
    if (left.status) {
        *err = left;
        char quoted[128];
        snprintf(quoted, sizeof quoted, "'%.100s'", label);
        if (!strstr(left.message, quoted))
            snprintf(err->message, sizeof err->message, "policy '%s': %.*s", label, (int)sizeof left.message - 80,
                     left.message);
        return false;
    }
    if (WIFSIGNALED(status))
        return error_run(err, "the process of policy '%s' was killed by signal %d (%s)%s", label, WTERMSIG(status),
                         strsignal(WTERMSIG(status)), WTERMSIG(status) == SIGKILL ? "; was memory short?" : "");
    return error_run(err, "the process of policy '%s' ended before its run did, with status %d", label,
                     WEXITSTATUS(status));
}

bool not_followed(const scenario *s, size_t index, portolan_error *err) {
    return error_run(err, "policy '%s' was not run, since '%s', which it follows, has failed", s->policies[index].label,
                     s->policies[s->policies[index].follows].label);
}

static void *map_shared(size_t bytes, portolan_error *err) {
    void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED) return shared;
    error_memory(err, bytes);
    return NULL;
}

policy_result *results_map(size_t count, portolan_error *err) { return map_shared(count * sizeof(policy_result), err); }

void results_unmap(policy_result *results, size_t count) {
    if (results) munmap(results, count * sizeof *results);
}

overload *overloads_map(size_t count, portolan_error *err) { return map_shared(count * sizeof(overload), err); }

void overloads_unmap(overload *overloads, size_t count) {
    if (overloads) munmap(overloads, count * sizeof *overloads);
}
