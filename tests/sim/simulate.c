/* See simulate.h. */
#include "simulate.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/engine/engine.h"

/* ---- The scratch folder ---- */

static char folder[128];

int scratch_open(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/portolan-test-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static void remove_all(const char *path) {
    DIR *dir = opendir(path);
    char name[SCRATCH_PATH + 264];
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) != 0) remove_all(name);
    }
    if (dir) closedir(dir);
    rmdir(path);
}

int scratch_close(void **state) {
    (void)state;
    remove_all(folder);
    return 0;
}

/* The last few paths stay valid, so that a call can take more than one. */
const char *scratch_path(const char *name) {
    static char paths[8][SCRATCH_PATH];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, SCRATCH_PATH, "%s/%s", folder, name);
    return path;
}

const char *scratch_file(const char *name, const char *format, ...) {
    const char *path = scratch_path(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(f, format, arguments);
    va_end(arguments);
    assert_int_equal(fclose(f), 0);
    return path;
}

void *shared_alloc(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

void shared_free(void *memory, size_t bytes) { munmap(memory, bytes); }

/* ---- Pairs ---- */

static attempt *next_two(place *here) {
    attempt *first = FIFO.next(here);
    if (here->first) first->next = FIFO.next(here);
    return first;
}

static void enter_last(place *here, attempt *a) { FIFO.enter(here, a); }

static void leave_queue(place *here, attempt *a) { FIFO.leave(here, a); }

const discipline PAIRS = {"pairs", enter_last, next_two, leave_queue};

/* ---- Simulations ---- */

static size_t count_sets(const char *const *sets) {
    size_t n = 0;
    while (sets && sets[n]) n++;
    return n;
}

static bool load(scenario *s, const char *path, const char *const *sets, portolan_error *err) {
    return scenario_load(s, path, &(scenario_changes){.sets = (char *const *)sets, .set_count = count_sets(sets)}, err);
}

static bool simulate(const simulation_job *job, const engine_tables *tables, portolan_error *err) {
    scenario s;
    policy_result result = {0};
    run_books books = {0};
    const scenario_changes changes = {.sets = (char *const *)job->sets,
                                      .set_count = count_sets(job->sets),
                                      .policies = job->policies};
    world *w = scenario_load(&s, job->path, &changes, err) ? world_open(&s.platform, err) : NULL;
    result_folder made;
    observed_run run = {&s, job->policy, job->out ? &made : NULL, &result, &books};
    if (!w || (job->out && !result_folder_open(&made, job->out, err)) || !engine_run(&run, w, NULL, tables, err))
        return false;
    if (job->out && !result_folder_commit(&made, err)) return false;
    job->take(&(simulated){&s, books.records, books.count, books.totals, &books}, job->into);
    run_books_free(&books);
    world_free(w);
    return true;
}

pid_t simulation_start_with(const engine_tables *tables, const simulation_job *job) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) return child;
    portolan_error err = {0};
    bool ok = simulate(job, tables, &err);
    if (!ok) error_print(&err, stderr);
    _exit(ok ? 0 : 1);
}

pid_t simulation_start(const char *path, const char *const *sets, size_t policy, harvest take, void *into) {
    return simulation_start_with(
        &ENGINE_TABLES, &(simulation_job){.path = path, .sets = sets, .policy = policy, .take = take, .into = into});
}

void simulation_finish(pid_t child) {
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) print_error("the simulation's process ended with wait status %d\n", status);
    assert_int_equal(status, 0);
}

bool simulations_run(simulation_job *jobs, size_t count, unsigned at_once) {
    bool ok = true;
    size_t started = 0, ended = 0;
    while (ended < count) {
        if (started < count && started - ended < at_once) {
            simulation_job *j = &jobs[started++];
            j->child = simulation_start(j->path, j->sets, j->policy, j->take, j->into);
            continue;
        }
        int status = -1;
        if (wait(&status) < 0) return false;
        ok = ok && status == 0;
        ended++;
    }
    return ok;
}

/* ---- Whole runs ---- */

static bool run_all(const char *path, const char *const *sets, const char *out, portolan_error *err) {
    scenario s;
    run_report report;
    run_options options = {.out = out, .jobs = 2, .quiet = true};
    if (!load(&s, path, sets, err) || !scenario_run(&s, &options, &report, err)) return false;
    run_report_free(&report);
    scenario_free(&s);
    return true;
}

json_t *run_scenario(const char *path, const char *const *sets, const char *name) {
    fflush(NULL);
    const char *out = scratch_path(name);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        portolan_error err = {0};
        bool ok = run_all(path, sets, out, &err);
        if (!ok) error_print(&err, stderr);
        _exit(ok ? 0 : 1);
    }
    simulation_finish(child);
    char file[SCRATCH_PATH + 16];
    snprintf(file, sizeof file, "%s/summary.json", out);
    json_error_t json_err;
    json_t *summary = json_load_file(file, 0, &json_err);
    if (!summary) print_error("%s:%d: %s\n", file, json_err.line, json_err.text);
    assert_non_null(summary);
    return summary;
}

const json_t *policy_row(const json_t *summary, const char *label) {
    const json_t *row, *rows = json_object_get(summary, "policies");
    size_t i;
    json_array_foreach(rows, i, row) {
        if (strcmp(json_string_value(json_object_get(row, "name")), label) == 0) return row;
    }
    print_error("summary.json has no policy '%s'\n", label);
    fail();
    return NULL;
}

double metric_of(const json_t *row, const char *key) {
    const json_t *value = json_object_get(row, key);
    if (!value) print_error("no metric '%s'\n", key);
    assert_non_null(value);
    return json_is_null(value) ? NAN : json_number_value(value);
}
