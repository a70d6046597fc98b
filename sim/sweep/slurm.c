/* Runs the points of a sweep as a Slurm job array. Each task runs a chunk of points into a store of its
 * own, in a folder that all nodes see; the parent waits, and merges those stores into the sweep's as the
 * tasks end. The job's number is kept in the store: a parent that comes later finds the job again, and what
 * it has done. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/numbers.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/replacement.h"
#include "runner.h"
#include "sim/engine/engine.h"

enum { USUAL_TASKS = 64, POLL_SECONDS = 2, JOB_ROOM = 16 };

/* What a job in Slurm is called in the store. */
#define JOB_NOTE "slurm job"

typedef struct array {
    const sweep *w;
    sweep_store *store;
    const sweep_options *options;
    char folder[1100]; /* OUT/slurm */
    char job[JOB_ROOM];
    size_t tasks;
    bool *merged; /* [tasks] */
} array;

/* ---- What is submitted ---- */

/* A control character would break the script's line, or hide in it. */
static bool check_value(const char *what, const char *text, portolan_error *err) {
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return error_usage(err, "%s holds the control character \\x%02x, which has no place in a Slurm script",
                               what, (unsigned char)*c);
    return true;
}

/* Writes a text as one word for the shell. */
static bool put_word(FILE *out, const char *what, const char *text, portolan_error *err) {
    if (!check_value(what, text, err)) return false;
    fputs(" '", out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
    return true;
}

/* Where a task writes what it says: a quoted path for sbatch, to which a percent sign means something and
 * which knows no way to write a quote or a backslash. */
static bool put_log_path(FILE *out, const char *folder, portolan_error *err) {
    if (!check_value("--out", folder, err)) return false;
    if (strpbrk(folder, "\"\\"))
        return error_usage(err, "--out is '%.600s'; for Slurm it can hold no quotation mark and no backslash", folder);
    fputs("#SBATCH --output=\"", out);
    for (; *folder; folder++) fputs(*folder == '%' ? "%%" : (const char[]){*folder, '\0'}, out);
    fputs("/slurm/task-%a.log\"\n", out);
    return true;
}

static bool put_options(FILE *out, const sweep_options *o, portolan_error *err) {
    for (size_t i = 0; i < o->sbatch_count; i++) {
        if (!check_value("--sbatch", o->sbatch[i], err)) return false;
        fprintf(out, "#SBATCH %s\n", o->sbatch[i]);
    }
    return true;
}

static size_t chunk_of(const sweep_options *o, size_t count) {
    size_t tasks = o->jobs ? 4ul * o->jobs : USUAL_TASKS;
    if (tasks > SLURM_MOST_TASKS) tasks = SLURM_MOST_TASKS;
    size_t chunk = o->chunk ? o->chunk : (count + tasks - 1) / tasks,
           least = (count + SLURM_MOST_TASKS - 1) / SLURM_MOST_TASKS;
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
    char command[PATH_ROOM], file[PATH_ROOM], folder[PATH_ROOM];
    size_t tasks = (count + chunk_of(o, count) - 1) / chunk_of(o, count);
    if (!absolute("/proc/self/exe", command, err) || !absolute(w->path, file, err)) return false;
    if (!absolute(out, folder, err)) return false;
    fprintf(to, "#!/bin/sh\n#SBATCH --job-name=%s\n#SBATCH --array=0-%zu", w->name, tasks - 1);
    if (o->jobs) fprintf(to, "%%%u", o->jobs);
    fputs("\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=1\n", to);
    if (!put_log_path(to, folder, err) || !put_options(to, o, err)) return false;
    fputs("exec", to);
    if (!put_word(to, "the path of portolan", command, err)) return false;
    fputs(" sweep", to);
    if (!put_word(to, "the sweep's path", file, err)) return false;
    fputs(" --quiet --jobs 1 --task \"$SLURM_ARRAY_TASK_ID\" --out", to);
    if (!put_word(to, "--out", folder, err)) return false;
    for (size_t i = 0; i < w->set_count; i++) {
        fputs(" --set", to);
        if (!put_word(to, "--set", w->sets[i], err)) return false;
    }
    fputc('\n', to);
    return true;
}

/* slurm/points: the size of a chunk, then the points, a line each. */
static bool write_points(const array *a, const point_list *list, portolan_error *err) {
    char path[sizeof a->folder + 16];
    replacement r;
    snprintf(path, sizeof path, "%s/points", a->folder);
    if (!replacement_open(&r, path, err)) return false;
    fprintf(r.stream, "%zu\n", chunk_of(a->options, list->count));
    for (size_t i = 0; i < list->count; i++) fprintf(r.stream, "%zu\n", list->points[i]);
    return replacement_finish(&r, true, err);
}

static bool write_script(const array *a, size_t count, portolan_error *err) {
    char path[sizeof a->folder + 16];
    replacement r;
    snprintf(path, sizeof path, "%s/array.sh", a->folder);
    if (!replacement_open(&r, path, err)) return false;
    return replacement_finish(&r, sweep_slurm_script(a->w, a->store->folder, count, a->options, r.stream, err), err);
}

/* ---- Talking to Slurm ---- */

/* Takes a job's number as Slurm writes it, and nothing that could mean something else to squeue. */
static bool take_job(array *a, const char *text) {
    size_t digits = strspn(text, "0123456789");
    bool good = digits && digits < sizeof a->job && !text[digits];
    if (good) memcpy(a->job, text, digits + 1);
    return good;
}

static bool submit(array *a, portolan_error *err) {
    char script[PATH_ROOM + 32], folder[PATH_ROOM], answer[512];
    int status;
    if (!absolute(a->folder, folder, err)) return false; /* which begins with no dash */
    snprintf(script, sizeof script, "%s/array.sh", folder);
    char *const arguments[] = {"sbatch", "--parsable", script, NULL};
    program sbatch = {.arguments = arguments};
    if (!program_run(&sbatch, answer, sizeof answer, &status, err)) return false;
    words_on_one_line(answer);
    if (status != 0)
        return error_run(err, "sbatch has not taken the job: %.300s",
                         status == PROGRAM_MISSING ? "is Slurm installed?" : answer);
    answer[strcspn(answer, ";")] = '\0'; /* with several clusters: "number;cluster" */
    if (!take_job(a, answer)) return error_run(err, "sbatch gave no job number: %.300s", answer);
    return store_note(a->store, JOB_NOTE, a->job, err);
}

size_t sweep_active_tasks(const char *answer, bool active[SLURM_MOST_TASKS]) {
    size_t count = 0;
    for (const char *line = answer; *line; count++) {
        size_t length = strcspn(line, "\n");
        uint64_t task;
        if (whole_read(line, &task) == line + length && task < SLURM_MOST_TASKS) active[task] = true;
        line += length + (line[length] == '\n');
    }
    return count;
}

/* Marks the tasks that are still waiting or running. False where Slurm does not answer. */
static bool find_active(const array *a, bool *active, size_t *count) {
    enum { MOST = 1 << 16 };
    char *const arguments[] = {"squeue", "-h", "-r", "-j", (char *)a->job, "-o", "%K", NULL};
    program squeue = {.arguments = arguments};
    char *answer = malloc(MOST);
    int status = PROGRAM_MISSING;
    portolan_error ignored; /* asked again in a moment */
    bool answered = answer && program_run(&squeue, answer, MOST, &status, &ignored);
    bool gone = answered && strstr(answer, "Invalid job id"); /* ended long ago */
    *count = answered && status == 0 ? sweep_active_tasks(answer, active) : 0;
    free(answer);
    return gone || (answered && status == 0);
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
    if (!store_merge(a->store, a->w, folder, err)) return false;
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
    for (size_t i = 0; i < sweep_points(a->w); i++) n += a->store->status[i] != POINT_WAITING;
    return n;
}

/* Waits until no task is left, merging on the way. */
static bool wait_for_job(array *a, int *interrupted, portolan_error *err) {
    watch signals;
    watch_begin(&signals);
    sigdelset(&signals.set, SIGCHLD); /* whenever squeue ends */
    progress bar = progress_start(a->options->quiet);
    bool active[SLURM_MOST_TASKS], ok = true;
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

static bool open_array(array *a, const sweep *w, sweep_store *t, const sweep_options *o, portolan_error *err) {
    *a = (array){.w = w, .store = t, .options = o, .tasks = SLURM_MOST_TASKS};
    snprintf(a->folder, sizeof a->folder, "%s/slurm", t->folder);
    a->merged = calloc(SLURM_MOST_TASKS, sizeof *a->merged);
    return a->merged ? subfolder_make(a->folder, err) : error_memory(err, SLURM_MOST_TASKS);
}

/* A job of an earlier parent: its tasks are waited for, and what they have left is merged. */
static bool collect_earlier(array *a, int *interrupted, portolan_error *err) {
    char note[256];
    if (!store_recall(a->store, JOB_NOTE, note, sizeof note, err)) return false;
    if (!*note) return true;
    if (!take_job(a, note))
        return error_run(err,
                         "%s: table notes, '" JOB_NOTE "' is '%.100s', which is no job number of Slurm; the store is "
                         "damaged: move it away and start anew",
                         a->store->path, note);
    return wait_for_job(a, interrupted, err) && (*interrupted || store_note(a->store, JOB_NOTE, "", err));
}

static bool run_array(array *a, int *interrupted, portolan_error *err) {
    point_list missing;
    bool ok = store_missing(a->store, a->w, &missing, err);
    size_t count = missing.count;
    if (ok && count) {
        memset(a->merged, 0, SLURM_MOST_TASKS * sizeof *a->merged);
        ok = write_points(a, &missing, err) && write_script(a, count, err) && submit(a, err);
        if (ok && !a->options->quiet) fprintf(stderr, "Slurm job %s: %zu points\n", a->job, count);
        ok = ok && wait_for_job(a, interrupted, err) && (*interrupted || store_note(a->store, JOB_NOTE, "", err));
    }
    free(missing.points);
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
        fprintf(stderr, "portolan: job %s goes on in Slurm; --resume collects it, `scancel %s` ends it\n", a.job,
                a.job);
    free(a.merged);
    *became = (sweep_progress){.interrupted = interrupted, .seconds = wall_clock() - start};
    store_count(t, w, became);
    return ok;
}

/* ---- A task ---- */

/* The next line of slurm/points: a whole number of at most `most`. */
static bool read_line(const char **rest, unsigned long long most, size_t *number) {
    uint64_t n;
    const char *end = whole_read(*rest, &n);
    if (!end || n > most || *end != '\n') return false;
    *rest = end + 1;
    *number = (size_t)n;
    return true;
}

bool sweep_parse_points(const char *text, const char *path, size_t points, size_t task, point_list *chunk,
                        portolan_error *err) {
    size_t each, point, line = 2;
    chunk->count = 0;
    if (!read_line(&text, SWEEP_MAX_POINTS, &each) || !each)
        return error_input(err, (text_mark){path, 1, 1}, "a number of points is wanted, from 1 to %d",
                           SWEEP_MAX_POINTS);
    for (; *text; line++) {
        if (line - 2 >= points || !read_line(&text, points - 1, &point))
            return error_input(err, (text_mark){path, (unsigned)line, 1},
                               "the number of a point is wanted, from 0 to %zu, each once", points - 1);
        if ((line - 2) / each == task) chunk->points[chunk->count++] = point;
    }
    return true;
}

/* The chunk of a task. */
static bool read_chunk(const sweep *w, const char *folder, size_t task, point_list *chunk, portolan_error *err) {
    char path[1200];
    file_bytes bytes;
    snprintf(path, sizeof path, "%s/slurm/points", folder);
    if (!file_read(path, 64 << 20, &bytes, err)) return false;
    chunk->points = malloc((sweep_points(w) + 1) * sizeof *chunk->points);
    bool ok = chunk->points || error_memory(err, sweep_points(w) * sizeof *chunk->points);
    ok = ok && sweep_parse_points(bytes.data, path, sweep_points(w), task, chunk, err);
    free(bytes.data);
    return ok;
}

/* Those of the chunk that the task has not done yet, should Slurm have started it again. */
static void drop_done(const sweep_store *t, point_list *chunk) {
    size_t kept = 0;
    for (size_t i = 0; i < chunk->count; i++)
        if (t->status[chunk->points[i]] != POINT_DONE) chunk->points[kept++] = chunk->points[i];
    chunk->count = kept;
}

bool sweep_run_task(const sweep *w, const char *folder, size_t task, const sweep_options *o, sweep_progress *became,
                    portolan_error *err) {
    char part[1200];
    point_list chunk = {0};
    sweep_store t;
    snprintf(part, sizeof part, "%s/slurm/part-%zu", folder, task);
    bool ok = read_chunk(w, folder, task, &chunk, err) && store_open(&t, part, err);
    if (ok) {
        ok = t.has_plan ? store_resume(&t, w, false, err) : store_plan(&t, w, err);
        if (ok) drop_done(&t, &chunk);
        ok = ok && sweep_run_local(w, &t, &chunk, o, became, err);
        store_close(&t);
    }
    free(chunk.points);
    return ok;
}
