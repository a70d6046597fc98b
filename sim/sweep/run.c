/* Runs the points of a sweep on this machine. The parent reads a point's scenario, with all that is large
 * borrowed from the points before it, and forks a child that builds the platform and simulates the
 * policies; the last one itself, the others in children of its own, since SimGrid starts only once in a
 * process. What a child finds goes through shared memory to the parent, which alone writes the store.
 * Children die with their parents. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/progress.h"
#include "runner.h"
#include "sim/engine/engine.h"

/* A point under way. */
typedef struct slot {
    pid_t pid; /* 0: free */
    size_t point;
    scenario *s;
    policy_result *results; /* [SCENARIO_MAX_POLICIES], shared with the process; the last may hold the point's error */
    double started;
} slot;

typedef struct runner {
    const sweep *w;
    sweep_store *store; /* NULL: nothing is kept */
    const sweep_options *options;
    sweep_loader loader;
    slot *slots; /* [slot_count] */
    size_t slot_count;
    char host[256];
    size_t finished, failed, outside_table; /* points */
    double busy_seconds;                    /* of all points */
    progress bar;
    int interrupted; /* by this signal; 0: no */
} runner;

/* ---- In the child ---- */

static bool run_one(const scenario *s, world *w, size_t index, policy_result *results) {
    run_books books;
    results[index].done = policy_simulate(s, w, index, NULL, results, &books);
    run_books_free(&books);
    return results[index].done;
}

static bool run_in_process(const scenario *s, world *w, size_t index, policy_result *results) {
    int status = 0;
    portolan_error *err = &results[index].error;
    pid_t pid = process_fork(err);
    if (pid == 0) _exit(run_one(s, w, index, results) ? STATUS_OK : STATUS_FAILED);
    if (pid < 0) return false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    portolan_error why = {0};
    if (process_finished(&results[index], status)) return true;
    process_failed(s, index, &results[index], status, &why);
    *err = why;
    return false;
}

/* One that follows another needs that one's result. */
static bool may_run(const scenario *s, size_t index, policy_result *results) {
    int follows = s->policies[index].follows;
    return follows < 0 || results[follows].done || not_followed(s, index, &results[index].error);
}

/* Those that follow another policy come after all that do not. */
static size_t order_policies(const scenario *s, size_t order[SCENARIO_MAX_POLICIES]) {
    size_t n = 0;
    for (size_t i = 0; i < s->policy_count; i++)
        if (s->policies[i].follows < 0) order[n++] = i;
    for (size_t i = 0; i < s->policy_count; i++)
        if (s->policies[i].follows >= 0) order[n++] = i;
    return n;
}

static bool run_point(const scenario *s, policy_result *results) {
    size_t order[SCENARIO_MAX_POLICIES], n = order_policies(s, order);
    world_memory_guard(&results[0].error);
    world *w = world_open(&s->platform, &results[0].error);
    if (!w) return false;
    bool ok = true;
    for (size_t i = 0; i + 1 < n; i++)
        ok = may_run(s, order[i], results) && run_in_process(s, w, order[i], results) && ok;
    return may_run(s, order[n - 1], results) && run_one(s, w, order[n - 1], results) && ok;
}

/* ---- In the parent ---- */

static bool open_slots(runner *r, size_t count, portolan_error *err) {
    r->slots = calloc(count, sizeof *r->slots);
    if (!r->slots) return error_memory(err, count * sizeof *r->slots);
    for (; r->slot_count < count; r->slot_count++)
        if (!(r->slots[r->slot_count].results = results_map(SCENARIO_MAX_POLICIES, err))) return false;
    return true;
}

static void close_slots(runner *r) {
    for (size_t i = 0; i < r->slot_count; i++) results_unmap(r->slots[i].results, SCENARIO_MAX_POLICIES);
    free(r->slots);
}

static void free_slot(runner *r, slot *sl) {
    point_release(&r->loader, sl->s);
    sl->s = NULL;
    sl->pid = 0;
}

static size_t running(const runner *r) {
    size_t n = 0;
    for (size_t i = 0; i < r->slot_count; i++) n += r->slots[i].pid != 0;
    return n;
}

/* The point has failed, if there is a reason `why`. What others of its policies have found is kept. */
static bool record_point(runner *r, point_record *p, const portolan_error *why, portolan_error *err) {
    char text[sizeof why->file + sizeof why->message + 64];
    int n = 0;
    p->status = why->status ? POINT_FAILED : POINT_DONE;
    p->host = r->host;
    p->attempts = 1;
    if (*why->file) n = snprintf(text, sizeof text, "%s:%u:%u: ", why->file, why->line, why->column);
    snprintf(text + n, sizeof text - (size_t)n, "%s", why->message);
    if (why->status) p->error = text;
    r->failed += why->status != 0;
    r->finished++;
    return !r->store || store_record(r->store, p, err);
}

static bool record_results(runner *r, const slot *sl, double seconds, const portolan_error *why, portolan_error *err) {
    const scenario *s = sl->s;
    char hash[FILE_HASH_TEXT];
    point_record p = {.point = sl->point, .seconds = seconds};
    bool outside_table = false;
    for (size_t i = 0; i < s->policy_count; i++) {
        const policy_result *result = &sl->results[i];
        if (!result->done) continue;
        p.results[p.count++] = (point_result){i, s->policies[i].label, s->policies[i].type->name, result->summary};
        outside_table |= result->outside_table > 0;
    }
    r->outside_table += outside_table;
    if (r->store && p.count && !scenario_hash(s, hash, err)) return false;
    p.hash = p.count ? hash : NULL;
    return record_point(r, &p, why, err);
}

static bool start_point(runner *r, slot *sl, size_t point, portolan_error *err) {
    portolan_error why = {0};
    sl->started = wall_clock();
    sl->point = point;
    if (!(sl->s = point_load(&r->loader, point, &why)))
        return record_point(r, &(point_record){.point = point}, &why, err);
    memset(sl->results, 0, sl->s->policy_count * sizeof *sl->results);
    pid_t pid = process_fork(err);
    if (pid == 0) _exit(run_point(sl->s, sl->results) ? STATUS_OK : STATUS_FAILED);
    if (pid > 0)
        sl->pid = pid;
    else
        free_slot(r, sl);
    return pid > 0;
}

/* Of the first policy that was not finished: its error, or how the point's process ended. None if all were. */
static void point_error(const slot *sl, int status, portolan_error *why) {
    for (size_t i = 0; i < sl->s->policy_count; i++)
        if (!sl->results[i].done && !why->status) process_failed(sl->s, i, &sl->results[i], status, why);
}

static bool end_point(runner *r, slot *sl, int status, portolan_error *err) {
    portolan_error why = {0};
    double seconds = wall_clock() - sl->started;
    r->busy_seconds += seconds;
    point_error(sl, status, &why);
    bool ok = record_results(r, sl, seconds, &why, err);
    free_slot(r, sl);
    return ok;
}

static bool reap(runner *r, portolan_error *err) {
    int status;
    bool ok = true;
    for (size_t i = 0; ok && i < r->slot_count; i++)
        if (r->slots[i].pid && waitpid(r->slots[i].pid, &status, WNOHANG) == r->slots[i].pid)
            ok = end_point(r, &r->slots[i], status, err);
    return ok;
}

static void kill_points(runner *r) {
    for (size_t i = 0; i < r->slot_count; i++) {
        if (!r->slots[i].pid) continue;
        kill(r->slots[i].pid, SIGKILL);
        waitpid(r->slots[i].pid, NULL, 0);
        free_slot(r, &r->slots[i]);
    }
}

static bool stopped(const runner *r) { return r->interrupted || (r->options->fail_fast && r->failed); }

static bool start_points(runner *r, const point_list *list, size_t *next, portolan_error *err) {
    bool ok = true;
    for (size_t i = 0; ok && i < r->slot_count; i++)
        while (ok && !r->slots[i].pid && *next < list->count && !stopped(r))
            ok = start_point(r, &r->slots[i], list->points[(*next)++], err);
    return ok;
}

static void show(runner *r, size_t count) {
    char things[48] = "points";
    if (r->failed) snprintf(things, sizeof things, "points (%zu failed)", r->failed);
    progress_show(&r->bar, things, r->finished, count);
}

static bool run_points(runner *r, const point_list *list, portolan_error *err) {
    watch signals;
    size_t next = 0;
    watch_begin(&signals);
    bool ok = start_points(r, list, &next, err);
    while (ok && !stopped(r) && running(r)) {
        r->interrupted = watch_wait(&signals, 0.1);
        ok = reap(r, err) && start_points(r, list, &next, err);
        show(r, list->count);
    }
    kill_points(r);
    watch_end(&signals);
    return ok;
}

static bool run_with(runner *r, const point_list *list, portolan_error *err) {
    unsigned jobs = r->options->jobs ? r->options->jobs : processors();
    gethostname(r->host, sizeof r->host - 1);
    r->loader.w = r->w;
    r->bar = progress_start(r->options->quiet);
    bool ok = open_slots(r, jobs < list->count ? jobs : list->count + !list->count, err) && run_points(r, list, err);
    progress_end(&r->bar);
    close_slots(r);
    sweep_loader_free(&r->loader);
    return ok;
}

void store_count(const sweep_store *t, const sweep *w, sweep_progress *p) {
    for (size_t i = 0; i < sweep_points(w); i++) {
        p->done += t->status[i] == POINT_DONE;
        p->failed += t->status[i] == POINT_FAILED;
        p->waiting += t->status[i] == POINT_WAITING;
    }
}

bool sweep_run_local(const sweep *w, sweep_store *t, const point_list *list, const sweep_options *o,
                     sweep_progress *became, portolan_error *err) {
    runner r = {.w = w, .store = t, .options = o};
    double start = wall_clock();
    bool ok = run_with(&r, list, err);
    *became = (sweep_progress){.outside_table = r.outside_table,
                               .interrupted = r.interrupted,
                               .seconds = wall_clock() - start};
    store_count(t, w, became);
    return ok;
}

bool store_missing(const sweep_store *t, const sweep *w, point_list *list, portolan_error *err) {
    *list = (point_list){malloc((sweep_points(w) + 1) * sizeof *list->points), 0};
    if (!list->points) return error_memory(err, sweep_points(w) * sizeof *list->points);
    for (size_t i = 0; i < sweep_points(w); i++)
        if (t->status[i] != POINT_DONE) list->points[list->count++] = i;
    return true;
}

/* A few settings spread over the plan, until there are enough or they have taken long enough. */
bool sweep_estimate(const sweep *w, double *seconds_per_point, size_t *tried, portolan_error *err) {
    enum { MOST = 5 };
    const double enough = 5;
    sweep_options o = {.jobs = 1, .quiet = true};
    runner r = {.w = w, .options = &o};
    size_t points = sweep_points(w), most = points < MOST ? points : MOST;
    bool ok = true;
    *tried = 0;
    for (; ok && *tried < most && r.busy_seconds < enough && !r.interrupted; (*tried)++) {
        size_t point = *tried * (points - 1) / (most > 1 ? most - 1 : 1);
        r.slots = NULL;
        r.slot_count = 0;
        ok = run_with(&r, &(point_list){&point, 1}, err);
    }
    *seconds_per_point = r.busy_seconds / (double)*tried;
    return ok && (!r.interrupted || error_signal(err, r.interrupted, ""));
}
