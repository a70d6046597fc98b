/* Runs the policies of a scenario: the platform is built once, then a child is forked for each policy, several at a time.
 * A child has its own copy of SimGrid's engine and writes its result into shared memory; the parent alone writes the
 * results folder, except that each child leaves its rows of the tables in files of its own. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "progress.h"
#include "results.h"

unsigned processors(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

typedef enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED } job_state;

typedef struct job {
    job_state state;
    pid_t pid;
} job;

typedef struct runner {
    const scenario *s;
    const simgrid_world *world;
    const result_folder *folder;
    policy_result *results; /* shared with the children */
    job *jobs;
    progress bar;
    bool interrupted;
    portolan_error *err;
} runner;

/* ---- In the child ---- */

/* Every policy meets the same samples, so the first one's are enough. */
static bool write_calibration(const runner *r, size_t index, const run_books *books, portolan_error *err) {
    if (index) return true;
    FILE *f = result_file_open(r->folder, "calibration.csv", err);
    bool ok = f && calibration_write(r->s, books->records, books->count, f, err);
    return result_file_close(f, "calibration.csv", err) && ok;
}

static bool write_tables(const runner *r, size_t index, const run_books *books, portolan_error *err) {
    uint64_t warmup = r->s->run.warmup;
    policy_run left = {r->s, r->s->policies[index].label, books->records + warmup, books->count - warmup, books};
    for (size_t i = 0; RESULT_TABLES[i]; i++)
        if (table_is_wanted(RESULT_TABLES[i], r->s) && !rows_write_part(RESULT_TABLES[i], &left, index, r->folder, err))
            return false;
    return true;
}

static bool run_policy(const runner *r, size_t index) {
    policy_result *result = &r->results[index];
    run_books books;
    if (!policy_simulate(r->s, r->world, index, r->folder, r->results, &books)) return false;
    bool ok = write_calibration(r, index, &books, &result->error) && write_tables(r, index, &books, &result->error);
    run_books_free(&books);
    result->done = ok;
    return ok;
}

/* ---- In the parent ---- */

static bool start_child(runner *r, size_t index) {
    pid_t pid = child_fork(r->err);
    if (pid == 0) _exit(run_policy(r, index) ? STATUS_OK : STATUS_FAILED);
    if (pid > 0) r->jobs[index] = (job){JOB_RUNNING, pid};
    return pid > 0;
}

static bool is_ready(const runner *r, size_t index) {
    int follows = r->s->policies[index].follows;
    return r->jobs[index].state == JOB_WAITING && (follows < 0 || r->jobs[follows].state == JOB_DONE);
}

static unsigned count_jobs(const runner *r, job_state state) {
    unsigned n = 0;
    for (size_t i = 0; i < r->s->policy_count; i++) n += r->jobs[i].state == state;
    return n;
}

static bool start_ready(runner *r, unsigned most) {
    for (size_t i = 0; i < r->s->policy_count; i++)
        if (is_ready(r, i) && count_jobs(r, JOB_RUNNING) < most && !start_child(r, i)) return false;
    return true;
}

static void reap(runner *r) {
    int status;
    for (size_t i = 0; i < r->s->policy_count; i++) {
        job *j = &r->jobs[i];
        if (j->state != JOB_RUNNING || waitpid(j->pid, &status, WNOHANG) != j->pid) continue;
        bool ok = WIFEXITED(status) && WEXITSTATUS(status) == STATUS_OK;
        j->state = ok ? JOB_DONE : JOB_FAILED;
        bool is_first = !r->err->status; /* the first failure is the one told */
        if (!ok && !r->interrupted && is_first) child_failed(r->s, i, &r->results[i], status, r->err);
    }
}

static void kill_children(runner *r) {
    for (size_t i = 0; i < r->s->policy_count; i++) {
        if (r->jobs[i].state != JOB_RUNNING) continue;
        kill(r->jobs[i].pid, SIGKILL);
        waitpid(r->jobs[i].pid, NULL, 0);
        r->jobs[i].state = JOB_FAILED;
    }
}

static void show_progress(runner *r) {
    uint64_t done = 0, each = r->s->run.requests ? r->s->run.requests + r->s->run.warmup : 0;
    for (size_t i = 0; i < r->s->policy_count; i++) done += r->results[i].progress;
    char things[64];
    snprintf(things, sizeof things, "requests (%u of %zu policies done)", count_jobs(r, JOB_DONE), r->s->policy_count);
    progress_show(&r->bar, things, done, each * r->s->policy_count);
}

/* Starts children as others end, until all have ended, one has failed, or a signal says to stop. */
static bool run_all(runner *r, unsigned most) {
    const struct timespec tick = {0, 100 * 1000 * 1000};
    sigset_t set = watched_signals(), before;
    sigprocmask(SIG_BLOCK, &set, &before);
    bool ok = start_ready(r, most);
    while (ok && !r->interrupted && count_jobs(r, JOB_RUNNING)) {
        int sig = sigtimedwait(&set, NULL, &tick);
        r->interrupted = sig == SIGINT || sig == SIGTERM;
        reap(r);
        ok = !r->err->status && (r->interrupted || start_ready(r, most));
        show_progress(r);
    }
    kill_children(r);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}

/* results/NAME, or the first of results/NAME-2, -3, ... that does not exist. */
static void default_folder(char *into, size_t size, const char *name) {
    struct stat st;
    snprintf(into, size, "results/%s", name);
    for (unsigned i = 2; stat(into, &st) == 0; i++) snprintf(into, size, "results/%s-%u", name, i);
}

static bool run_in_folder(const scenario *s, const run_options *options, result_folder *folder, run_report *report,
                          portolan_error *err) {
    double start = wall_clock();
    simgrid_world world;
    runner r = {.s = s, .world = &world, .folder = folder, .results = report->results, .err = err};
    r.jobs = calloc(s->policy_count, sizeof *r.jobs);
    if (!r.jobs) return error_memory(err, s->policy_count * sizeof *r.jobs);
    bool ok = engine_set_up(s, &world, err);
    report->load_seconds = wall_clock() - start;
    if (ok) {
        r.bar = progress_start(options->quiet);
        ok = run_all(&r, options->jobs ? options->jobs : processors());
        progress_end(&r.bar);
        simgrid_world_free(&world);
    }
    report->wall_seconds = wall_clock() - start;
    report->interrupted = r.interrupted;
    if (ok && r.interrupted && !count_jobs(&r, JOB_DONE))
        ok = error_run(err, "interrupted before any policy was finished; nothing was written");
    free(r.jobs);
    return ok && results_write(s, report, folder, err) && result_folder_commit(folder, err);
}

bool scenario_run(const scenario *s, const run_options *options, run_report *report, portolan_error *err) {
    *report = (run_report){.result_count = s->policy_count};
    if (!(report->results = results_map(s->policy_count, err))) return false;
    if (options->out)
        snprintf(report->folder, sizeof report->folder, "%s", options->out);
    else
        default_folder(report->folder, sizeof report->folder, s->name);
    result_folder folder;
    bool ok = result_folder_open(&folder, report->folder, err) && run_in_folder(s, options, &folder, report, err);
    result_folder_discard(&folder);
    if (!ok) run_report_free(report);
    return ok;
}

void run_report_free(run_report *report) {
    results_unmap(report->results, report->result_count);
    report->results = NULL;
}
