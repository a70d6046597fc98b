/* Runs the points of a sweep as a Slurm job array. Each task runs a chunk of points into a store of its
 * own, in a folder that all nodes see; the parent waits, and merges those stores into the sweep's as the
 * tasks end. The job's number is kept in the store: a parent that comes later finds the job again, and what
 * it has done. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/replacement.h"
#include "children.h"
#include "progress.h"
#include "sweep.h"

enum { MOST_TASKS = 1000 /* Slurm's default MaxArraySize is 1001 */, USUAL_TASKS = 64, POLL_SECONDS = 2 };

typedef struct array {
    const sweep *w;
    sweep_store *store;
    const sweep_options *options;
    char folder[1100]; /* OUT/slurm */
    char job[32];
    size_t tasks;
    bool *merged; /* [tasks] */
} array;

/* ---- What is submitted ---- */

/* Writes a text as one word for the shell. */
static void put_word(FILE *out, const char *text) {
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

static size_t chunk_of(const sweep_options *o, size_t count) {
    size_t tasks = o->jobs ? 4ul * o->jobs : USUAL_TASKS;
    if (tasks > MOST_TASKS) tasks = MOST_TASKS;
    size_t chunk = o->chunk ? o->chunk : (count + tasks - 1) / tasks,
           least = (count + MOST_TASKS - 1) / MOST_TASKS;
    return chunk < least ? least : chunk ? chunk : 1;
}

enum { PATH_ROOM = 1100 };

/* The path from the root, of a file that need not be there yet. */
static bool absolute(const char *path, char into[PATH_ROOM], portolan_error *err) {
    char *real = realpath(path, NULL), here[PATH_ROOM];
    int n = PATH_ROOM;
    if (real || path[0] == '/')
        n = snprintf(into, PATH_ROOM, "%s", real ? real : path);
    else if (getcwd(here, sizeof here))
        n = snprintf(into, PATH_ROOM, "%s/%s", here, path);
    free(real);
    return n < PATH_ROOM || error_run(err, "%s: its absolute path is too long or cannot be found", path);
}

bool sweep_slurm_script(const sweep *w, const char *out, size_t count, const sweep_options *o, FILE *to,
                        portolan_error *err) {
    char program[PATH_ROOM], file[PATH_ROOM], folder[PATH_ROOM];
    size_t tasks = (count + chunk_of(o, count) - 1) / chunk_of(o, count);
    if (!absolute("/proc/self/exe", program, err) || !absolute(w->path, file, err)) return false;
    if (!absolute(out, folder, err)) return false;
    fprintf(to, "#!/bin/sh\n#SBATCH --job-name=%s\n#SBATCH --array=0-%zu", w->name, tasks - 1);
    if (o->jobs) fprintf(to, "%%%u", o->jobs);
    fprintf(to,
            "\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=1\n#SBATCH --output=\"%s/slurm/task-%%a.log\"\n",
            folder);
    for (size_t i = 0; i < o->sbatch_count; i++)
        fprintf(to, "#SBATCH %s\n", o->sbatch[i]);
    fputs("exec ", to);
    put_word(to, program);
    fputs(" sweep ", to);
    put_word(to, file);
    fputs(" --quiet --jobs 1 --task \"$SLURM_ARRAY_TASK_ID\" --out ", to);
    put_word(to, folder);
    for (size_t i = 0; i < w->set_count; i++) {
        fputs(" --set ", to);
        put_word(to, w->sets[i]);
    }
    fputc('\n', to);
    return true;
}

/* slurm/points: the size of a chunk, then the points, a line each. */
static bool write_points(const array *a, const size_t *points, size_t count, portolan_error *err) {
    char path[sizeof a->folder + 16];
    replacement r;
    snprintf(path, sizeof path, "%s/points", a->folder);
    if (!replacement_open(&r, path, err)) return false;
    fprintf(r.stream, "%zu\n", chunk_of(a->options, count));
    for (size_t i = 0; i < count; i++)
        fprintf(r.stream, "%zu\n", points[i]);
    return replacement_finish(&r, true, err);
}

static bool write_script(const array *a, size_t count, portolan_error *err) {
    char path[sizeof a->folder + 16];
    replacement r;
    snprintf(path, sizeof path, "%s/array.sh", a->folder);
    if (!replacement_open(&r, path, err)) return false;
    return replacement_finish(
        &r, sweep_slurm_script(a->w, a->store->folder, count, a->options, r.stream, err), err);
}

/* ---- Talking to Slurm ---- */

/* Runs a command, keeps the beginning of what it says, and gives its exit status; -1 if it cannot be run.
 * */
static int ask(const char *command, char *into, size_t size) {
    FILE *f = popen(command, "r");
    size_t n = f ? fread(into, 1, size - 1, f) : 0;
    into[n] = '\0';
    while (f && fgetc(f) != EOF)
        continue;
    int status = f ? pclose(f) : -1;
    while (n && into[n - 1] == '\n')
        into[--n] = '\0';
    return status;
}

static bool submit(array *a, portolan_error *err) {
    char command[4096], answer[512], *text = NULL;
    size_t size;
    FILE *words = open_memstream(&text, &size);
    if (!words) return error_memory(err, sizeof command);
    put_word(words, a->folder);
    fclose(words);
    snprintf(command, sizeof command, "sbatch --parsable %.2000s/array.sh 2>&1", text);
    free(text);
    if (ask(command, answer, sizeof answer) != 0)
        return error_run(err, "sbatch has not taken the job: %.300s",
                         *answer ? answer : "is Slurm installed?");
    answer[strcspn(answer, ";")] = '\0'; /* with several clusters: "number;cluster" */
    if (!*answer || strspn(answer, "0123456789") != strlen(answer))
        return error_run(err, "sbatch gave no job number: %.300s", answer);
    snprintf(a->job, sizeof a->job, "%.31s", answer);
    return store_note(a->store, "slurm job", a->job, err);
}

/* Marks the tasks that are still waiting or running. False where Slurm does not answer. */
static bool find_active(const array *a, bool *active, size_t *count) {
    enum { MOST = 1 << 16 };
    char command[128], *answer = malloc(MOST);
    snprintf(command, sizeof command, "squeue -h -r -j %s -o %%K 2>&1", a->job);
    int status = answer ? ask(command, answer, MOST) : -1;
    bool gone = answer && strstr(answer, "Invalid job id"); /* ended long ago */
    *count = 0;
    for (char *line = answer; status == 0 && line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t task = strtoull(line, NULL, 10);
        if (task < a->tasks) active[task] = true;
        (*count)++;
    }
    free(answer);
    return status == 0 || gone;
}

/* ---- Merging ---- */

static void remove_part(const char *folder) {
    static const char *const NAMES[] = {"sweep.sqlite", "sweep.sqlite-wal", "sweep.sqlite-shm", "sweep.lock"};
    char path[1200];
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* Takes over what a task that has ended has left, if anything. */
static bool merge_part(array *a, size_t task, portolan_error *err) {
    char folder[sizeof a->folder + 32], path[sizeof folder + 16];
    snprintf(folder, sizeof folder, "%s/part-%zu", a->folder, task);
    snprintf(path, sizeof path, "%s/sweep.sqlite", folder);
    a->merged[task] = true;
    if (access(path, F_OK) != 0) return true;
    if (!store_merge(a->store, a->w, path, err)) return false;
    remove_part(folder);
    return true;
}

static bool merge_ended(array *a, const bool *active, portolan_error *err) {
    bool ok = true;
    for (size_t i = 0; ok && i < a->tasks; i++)
        if (!active[i] && !a->merged[i]) ok = merge_part(a, i, err);
    return ok;
}

static size_t count_done(const array *a) {
    size_t n = 0;
    for (size_t i = 0; i < sweep_points(a->w); i++)
        n += a->store->status[i] != POINT_WAITING;
    return n;
}

/* Waits until no task is left, merging on the way. */
static bool wait_for_job(array *a, int *interrupted, portolan_error *err) {
    watch signals;
    watch_begin(&signals);
    sigdelset(&signals.set, SIGCHLD); /* whenever squeue ends */
    progress bar = progress_start(a->options->quiet);
    bool active[MOST_TASKS], ok = true;
    for (size_t left = 1, at_start = count_done(a); ok && left && !*interrupted;) {
        *interrupted = watch_wait(&signals, POLL_SECONDS);
        memset(active, 0, sizeof active);
        if (*interrupted || !find_active(a, active, &left)) continue; /* Slurm may be restarting */
        ok = merge_ended(a, active, err);
        progress_show(&bar, "points", count_done(a) - at_start, sweep_points(a->w) - at_start);
    }
    progress_end(&bar);
    watch_end(&signals);
    return ok;
}

/* ---- The parent ---- */

static bool open_array(array *a, const sweep *w, sweep_store *t, const sweep_options *o,
                       portolan_error *err) {
    *a = (array){.w = w, .store = t, .options = o, .tasks = MOST_TASKS};
    snprintf(a->folder, sizeof a->folder, "%s/slurm", t->folder);
    a->merged = calloc(MOST_TASKS, sizeof *a->merged);
    return a->merged ? subfolder_make(a->folder, err) : error_memory(err, MOST_TASKS);
}

/* A job of an earlier parent: its tasks are waited for, and what they have left is merged. */
static bool collect_earlier(array *a, int *interrupted, portolan_error *err) {
    if (!store_recall(a->store, "slurm job", a->job, sizeof a->job, err)) return false;
    if (!*a->job) return true;
    return wait_for_job(a, interrupted, err) && (*interrupted || store_note(a->store, "slurm job", "", err));
}

static bool run_array(array *a, int *interrupted, portolan_error *err) {
    size_t count, *points = store_missing(a->store, a->w, &count, err);
    bool ok = points != NULL;
    if (ok && count) {
        memset(a->merged, 0, MOST_TASKS * sizeof *a->merged);
        ok = write_points(a, points, count, err) && write_script(a, count, err) && submit(a, err);
        if (ok && !a->options->quiet) fprintf(stderr, "Slurm job %s: %zu points\n", a->job, count);
        ok = ok && wait_for_job(a, interrupted, err) &&
             (*interrupted || store_note(a->store, "slurm job", "", err));
    }
    free(points);
    return ok;
}

bool sweep_run_slurm(const sweep *w, sweep_store *t, const sweep_options *o, sweep_progress *became,
                     portolan_error *err) {
    array a;
    int interrupted = 0;
    double start = wall_clock();
    bool ok = open_array(&a, w, t, o, err) && collect_earlier(&a, &interrupted, err) &&
              (interrupted || run_array(&a, &interrupted, err));
    if (ok && interrupted)
        fprintf(stderr, "portolan: job %s goes on in Slurm; --resume collects it, `scancel %s` ends it\n",
                a.job, a.job);
    free(a.merged);
    *became = (sweep_progress){.interrupted = interrupted, .seconds = wall_clock() - start};
    store_count(t, w, became);
    return ok;
}

/* ---- A task ---- */

/* The chunk of a task; free() it. NULL with an error. */
static size_t *read_chunk(const sweep *w, const char *folder, size_t task, size_t *count,
                          portolan_error *err) {
    char path[1200];
    file_bytes bytes;
    snprintf(path, sizeof path, "%s/slurm/points", folder);
    if (!file_read(path, 64 << 20, &bytes, err)) return NULL;
    char *rest;
    size_t chunk = strtoull(bytes.data, &rest, 10);
    size_t *points = chunk && chunk <= SWEEP_MAX_POINTS ? malloc(chunk * sizeof *points) : NULL;
    *count = 0;
    for (size_t line = 0; points; line++) {
        char *end;
        size_t point = strtoull(rest, &end, 10);
        if (end == rest || line / chunk > task) break;
        if (line / chunk == task && point < sweep_points(w)) points[(*count)++] = point;
        rest = end;
    }
    free(bytes.data);
    if (!points) error_run(err, "%s: no list of points", path);
    return points;
}

/* Those of the chunk that the task has not done yet, should Slurm have started it again. */
static void drop_done(const sweep_store *t, size_t *points, size_t *count) {
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (t->status[points[i]] != POINT_DONE) points[kept++] = points[i];
    *count = kept;
}

bool sweep_run_task(const sweep *w, const char *folder, size_t task, const sweep_options *o,
                    sweep_progress *became, portolan_error *err) {
    char part[1200];
    size_t count, *points = read_chunk(w, folder, task, &count, err);
    sweep_store t;
    if (!points) return false;
    snprintf(part, sizeof part, "%s/slurm/part-%zu", folder, task);
    bool ok = store_open(&t, part, err);
    if (ok) {
        ok = t.has_plan ? store_resume(&t, w, false, err) : store_plan(&t, w, err);
        if (ok) drop_done(&t, points, &count);
        ok = ok && sweep_run_local(w, &t, points, count, o, became, err);
        store_close(&t);
    }
    free(points);
    return ok;
}
