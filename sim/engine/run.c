/* Runs the policies of a scenario: the platform is built once, then a child is forked for each policy, several at a time.
 * A child has its own copy of SimGrid's engine and writes its result into shared memory; the parent alone writes the
 * results folder, except that each child leaves its rows of the tables in files of its own. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/progress.h"
#include "places.h"
#include "processes.h"
#include "sim/observers/observers.h"
#include "sim/results/results.h"

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
    world *world;
    result_folder *folder;
    run_report *report; /* its arrays are shared with the children */
    job *jobs;
    progress bar;
    portolan_error *stopped; /* why not all policies were finished */
    bool interrupted;        /* by a signal, which ends all; one that fails ends alone */
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
    run_report *report = r->report;
    policy_result *result = &report->results[index];
    run_books books;
    if (!policy_simulate(r->s, r->world, index, r->folder, report->results, &books)) return false;
    result->overloaded = overloads_find(&r->s->platform, &books, &report->overloads[index * report->place_count]);
    bool ok = write_calibration(r, index, &books, &result->error) && write_tables(r, index, &books, &result->error);
    run_books_free(&books);
    result->done = ok;
    return ok;
}

/* ---- In the parent ---- */

static bool start_process(runner *r, size_t index) {
    pid_t pid = process_fork(r->stopped);
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
        if (is_ready(r, i) && count_jobs(r, JOB_RUNNING) < most && !start_process(r, i)) return false;
    return true;
}

static void interrupt(runner *r, int signal) {
    if (!r->interrupted) error_signal(r->stopped, signal, "");
    r->interrupted = true;
}

static void fail_policy(runner *r, size_t index, int status) {
    policy_result *result = &r->report->results[index];
    portolan_error why = {0};
    process_failed(r->s, index, result, status, &why);
    result->error = why;
    r->jobs[index].state = JOB_FAILED;
    if (!r->stopped->status) *r->stopped = why;
}

/* Takes note of a policy's end. */
static void end_policy(runner *r, size_t index, int status) {
    bool ok = process_finished(&r->report->results[index], status);
    r->jobs[index].state = ok ? JOB_DONE : JOB_FAILED;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        interrupt(r, SIGXCPU); /* the limit is the command's, whichever process meets it */
    else if (!ok)
        fail_policy(r, index, status);
}

static void reap(runner *r) {
    int status;
    for (size_t i = 0; i < r->s->policy_count; i++)
        if (r->jobs[i].state == JOB_RUNNING && waitpid(r->jobs[i].pid, &status, WNOHANG) == r->jobs[i].pid)
            end_policy(r, i, status);
}

static void kill_processes(runner *r) {
    for (size_t i = 0; i < r->s->policy_count; i++) {
        if (r->jobs[i].state != JOB_RUNNING) continue;
        kill(r->jobs[i].pid, SIGKILL);
        waitpid(r->jobs[i].pid, NULL, 0);
        r->jobs[i].state = JOB_FAILED;
    }
}

static void show_progress(runner *r) {
    uint64_t done = 0, each = r->s->run.requests ? r->s->run.requests + r->s->run.warmup : 0;
    for (size_t i = 0; i < r->s->policy_count; i++) done += r->report->results[i].progress;
    char things[64];
    snprintf(things, sizeof things, "requests (%u of %zu policies done)", count_jobs(r, JOB_DONE), r->s->policy_count);
    progress_show(&r->bar, things, done, each * r->s->policy_count);
}

/* Those that wait for the result of one that has none. */
static void fail_followers(runner *r) {
    for (size_t i = 0; i < r->s->policy_count; i++) {
        int follows = r->s->policies[i].follows;
        if (r->jobs[i].state == JOB_WAITING && follows >= 0 && r->jobs[follows].state == JOB_FAILED) {
            not_followed(r->s, i, &r->report->results[i].error);
            fail_policy(r, i, 0);
        }
    }
}

/* Starts children as others end, until all have ended or a signal says to stop. */
static void run_all(runner *r, const watch *signals, unsigned most) {
    bool ok = start_ready(r, most);
    while (ok && count_jobs(r, JOB_RUNNING)) {
        int signal = watch_wait(signals, 0.1);
        if (signal) interrupt(r, signal);
        reap(r);
        ok = !r->interrupted && start_ready(r, most);
        show_progress(r);
    }
    if (ok) fail_followers(r);
    kill_processes(r);
}

/* results/NAME, or the first of results/NAME-2, -3, ... that does not exist. */
static bool default_folder(char *into, size_t size, const char *name, portolan_error *err) {
    struct stat st;
    bool ok = path_format(into, size, err, "results/%s", name);
    for (unsigned i = 2; ok && stat(into, &st) == 0; i++) ok = path_format(into, size, err, "results/%s-%u", name, i);
    return ok;
}

static bool nothing_finished(const portolan_error *stopped, portolan_error *err) {
    *err = *stopped;
    if (err->status > STATUS_SIGNAL)
        error_signal(err, err->status - STATUS_SIGNAL, " before any policy was finished; nothing was written");
    return false;
}

/* Runs the policies, and writes what the folder is to hold: the finished ones, if not all. */
static bool fill_folder(runner *r, run_report *report, const run_options *options, portolan_error *err) {
    double start = wall_clock();
    watch signals;
    watch_begin(&signals);
    bool ok = result_folder_open(r->folder, report->folder, err);
    if (ok) {
        r->bar = progress_start(options->quiet);
        run_all(r, &signals, options->jobs ? options->jobs : processors());
        progress_end(&r->bar);
        report->wall_seconds = report->load_seconds + wall_clock() - start;
        ok = count_jobs(r, JOB_DONE) > 0
                 ? results_write(r->s, report, r->folder, err) && result_folder_commit(r->folder, err)
                 : nothing_finished(&report->stopped, err);
        result_folder_discard(r->folder);
    }
    watch_end(&signals);
    return ok;
}

static bool run_policies(const scenario *s, const run_options *options, run_report *report, portolan_error *err) {
    double start = wall_clock();
    result_folder folder = {0};
    runner r = {.s = s, .folder = &folder, .report = report, .stopped = &report->stopped};
    r.jobs = calloc(s->policy_count, sizeof *r.jobs);
    if (!r.jobs) return error_memory(err, s->policy_count * sizeof *r.jobs);
    world_memory_guard(NULL);
    r.world = world_open(&s->platform, err);
    bool ok = r.world != NULL;
    if (ok) {
        report->load_seconds = wall_clock() - start;
        ok = fill_folder(&r, report, options, err);
        world_free(r.world);
    }
    free(r.jobs);
    return ok;
}

bool scenario_run(const scenario *s, const run_options *options, run_report *report, portolan_error *err) {
    *report = (run_report){.result_count = s->policy_count, .place_count = place_count(&s->platform)};
    size_t room = sizeof report->folder;
    bool ok = (report->results = results_map(s->policy_count, err)) &&
              (report->overloads = overloads_map(s->policy_count * report->place_count, err));
    ok = ok && (options->out ? path_format(report->folder, room, err, "%s", options->out)
                             : default_folder(report->folder, room, s->name, err));
    ok = ok && run_policies(s, options, report, err);
    if (!ok) run_report_free(report);
    return ok;
}

void run_report_free(run_report *report) {
    results_unmap(report->results, report->result_count);
    overloads_unmap(report->overloads, report->result_count * report->place_count);
    report->results = NULL;
    report->overloads = NULL;
}
