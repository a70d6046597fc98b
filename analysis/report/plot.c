/* Pictures by gnuplot: the common style, and how gnuplot is run. */
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/program.h"
#include "base/signals.h"

/* What a picture's files end with: first those that are written here, then those that gnuplot draws. */
static const char *const ENDINGS[] = {"tsv", "gp", "svg", "pdf", "png"};
enum { DATA, SCRIPT, SVG, PDF, PNG, ENDING_COUNT, WRITTEN = SVG, SVG_LIMIT = 1 << 28 };

/* Inches: a character of the 8 point letters, at its widest; a line of them; room above the axes and right of them; the
 * line before a legend's text, as in style.gp. */
static const double CHARACTER = 0.072, LINE = 0.17, ABOVE = 0.1, BESIDE = 0.15, SAMPLE = 0.32;

/* The text around every picture's own, and the line of it where that stands. */
extern const char style_gp[];
static const char HERE[] = "# (picture)\n";

/* What can stand in a field of the data, and hence be found there. */
static char plain(char c) {
    if ((unsigned char)c < ' ' || c == 127) return ' ';
    return c == '"' ? '\'' : c;
}

void plot_field(FILE *data, const char *text) {
    for (const char *c = text; *c; c++) putc(plain(*c), data);
}

/* Single-quoted: nothing in it means anything to gnuplot but a quote, which is doubled. At the beginning gnuplot takes
 * even that for an empty text, so quotes there stand in double ones. */
static void quote(FILE *script, const char *text, bool is_format) {
    size_t quotes = 0;
    while (plain(text[quotes]) == '\'') quotes++;
    if (quotes) {
        putc('"', script);
        for (size_t i = 0; i < quotes; i++) putc('\'', script);
        fputs("\" . ", script);
    }
    putc('\'', script);
    for (const char *c = text + quotes; *c; c++) {
        if (plain(*c) == '\'' || (is_format && *c == '%')) putc(plain(*c), script);
        putc(plain(*c), script);
    }
    putc('\'', script);
}

void plot_text(FILE *script, const char *name, const char *text) {
    fprintf(script, "%s = ", name);
    quote(script, text, false);
    putc('\n', script);
}

void plot_texts(FILE *script, const char *name, const char *const *texts, size_t count) {
    fprintf(script, "array %s[%zu] = [", name, count);
    for (size_t i = 0; i < count; i++) {
        if (i) fputs(", ", script);
        quote(script, texts[i], false);
    }
    fputs("]\n", script);
}

void plot_tic_text(FILE *script, const char *name, size_t i, const char *text) {
    fprintf(script, "%s[%zu] = ", name, i);
    quote(script, text, true);
    putc('\n', script);
}

void plot_numbers(FILE *script, const char *name, const double *numbers, size_t count) {
    fprintf(script, "array %s[%zu] = [", name, count);
    for (size_t i = 0; i < count; i++) fprintf(script, "%s%.10g", i ? ", " : "", numbers[i]);
    fputs("]\n", script);
}

/* ---- The legend: gnuplot's own has other widths in every format, and lies over the data where they are large ---- */

static size_t characters(const char *text) {
    size_t n = 0;
    for (const char *c = text; *c; c++) n += ((unsigned char)*c & 0xC0) != 0x80;
    return n;
}

static double entry_width(const plot_frame *frame) {
    size_t longest = 0;
    for (size_t i = 0; i < frame->legend_count; i++) {
        size_t n = characters(frame->legend[i].text);
        if (n > longest) longest = n;
    }
    return SAMPLE + 0.15 + CHARACTER * (double)longest;
}

/* As many columns as fit; a picture is widened for an entry that is longer. */
static void measure_legend(plot *p, const plot_frame *frame) {
    if (!frame->legend_count) return;
    double one = entry_width(frame);
    p->width = fmax(p->width, one + 0.1);
    p->columns = (size_t)((p->width - 0.1) / one);
    if (p->columns > frame->legend_count) p->columns = frame->legend_count;
    p->rows = (frame->legend_count + p->columns - 1) / p->columns;
    p->legend = LINE * (double)p->rows + 0.06;
    p->height += p->legend;
}

/* Where entry `i` begins, in parts of the picture. */
static void place_entry(const plot *p, const plot_frame *frame, size_t i, double *x, double *y) {
    double one = fmin((p->width - 0.1) / (double)p->columns, 1.2 * entry_width(frame));
    double left = (p->width - one * (double)p->columns) / 2 + 0.05;
    *x = (left + one * (double)(i / p->rows)) / p->width;
    *y = (LINE * (double)(p->rows - i % p->rows) - 0.05) / p->height;
}

/* Entry by entry, as columns of a table would be: gnuplot has arrays only. */
static void write_legend(const plot *p, const plot_frame *frame) {
    FILE *out = p->script;
    size_t count = frame->legend_count;
    fprintf(out, "legend_count = %zu\n", count);
    if (!count) return;
    static const char *const NAMES[] = {"texts", "roles", "lines", "x", "y"};
    for (int k = 0; k < 5; k++) fprintf(out, "array legend_%s[%zu]\n", NAMES[k], count);
    for (size_t i = 0; i < count; i++) {
        const plot_entry *e = &frame->legend[i];
        double x, y;
        place_entry(p, frame, i, &x, &y);
        fprintf(out, "legend_x[%zu] = %.4f; legend_y[%zu] = %.4f; legend_lines[%zu] = %d; ", i + 1, x, i + 1, y, i + 1,
                e->line);
        if (e->role) fprintf(out, "legend_roles[%zu] = '%s'; ", i + 1, e->role);
        fprintf(out, "legend_texts[%zu] = ", i + 1);
        quote(out, e->text, false);
        putc('\n', out);
    }
}

/* ---- Axes ---- */

enum { MOST_TICS = 64, GOOD_TICS = 9, LABEL = 32 };

typedef struct tics {
    double at[MOST_TICS];
    size_t count;
} tics;

static double label_width(double x) {
    char text[LABEL];
    return CHARACTER * snprintf(text, sizeof text, "%.10g", x);
}

/* Inches from the axis's low end. */
static double place_of(const plot_axis *a, double x, double inches) {
    if (a->is_log) return inches * log(x / a->low) / log(a->high / a->low);
    return inches * (x - a->low) / (a->high - a->low);
}

/* Whether no two labels touch. */
static bool keep_apart(const tics *t, const plot_axis *a, double inches, bool upright) {
    for (size_t i = 1; i < t->count; i++) {
        double apart = place_of(a, t->at[i], inches) - place_of(a, t->at[i - 1], inches);
        double needed = upright ? LINE : (label_width(t->at[i]) + label_width(t->at[i - 1])) / 2 + CHARACTER;
        if (apart < needed) return false;
    }
    return true;
}

static bool is_within(const plot_axis *a, double x) {
    double slack = a->is_log ? 1e-9 * a->low : 1e-9 * (a->high - a->low);
    return x >= a->low - slack && x <= a->high + slack;
}

/* Multiples of a step. False if there are too many. */
static bool even_tics(tics *t, const plot_axis *a, double step) {
    t->count = 0;
    for (double k = ceil(a->low / step - 1e-9); is_within(a, k * step); k++) {
        if (t->count == GOOD_TICS) return false;
        t->at[t->count++] = k == 0 ? 0 : k * step;
    }
    return true;
}

/* `digits` (1: powers of ten; 3: 1, 2 and 5 times) of every `stride`th decade. */
static bool log_tics(tics *t, const plot_axis *a, int digits, int stride) {
    static const double DIGITS[] = {1, 2, 5};
    t->count = 0;
    for (int e = stride * (int)floor(log10(a->low) / stride); pow(10, e) <= a->high; e += stride)
        for (int d = 0; d < digits; d++) {
            double x = DIGITS[d] * pow(10, e);
            if (!is_within(a, x)) continue;
            if (t->count == MOST_TICS) return false;
            t->at[t->count++] = x;
        }
    return true;
}

static void choose_even(tics *t, const plot_axis *a, double inches, bool upright) {
    static const double STEPS[] = {1, 2, 5};
    double power = pow(10, floor(log10((a->high - a->low) / MOST_TICS)));
    for (int k = 0; k < 12; k++) {
        double step = STEPS[k % 3] * power * pow(10, k / 3);
        if (even_tics(t, a, step) && keep_apart(t, a, inches, upright)) return;
    }
    t->count = 0;
}

/* Two labels at least; a range within a decade may have no two round powers. */
static void choose_log(tics *t, const plot_axis *a, double inches, bool upright) {
    for (int digits = 3; digits > 0; digits -= 2)
        if (log_tics(t, a, digits, 1) && t->count > 1 && keep_apart(t, a, inches, upright)) return;
    for (int stride = 2; stride < 100; stride++)
        if (log_tics(t, a, 1, stride) && t->count > 1 && keep_apart(t, a, inches, upright)) return;
    choose_even(t, a, inches, upright);
}

/* The ends as given, but never the same. */
static plot_axis with_room(plot_axis a) {
    if (!isfinite(a.low) || !isfinite(a.high)) a = (plot_axis){0, 1, false};
    if (a.low < a.high) return a;
    double half = a.low == 0 ? 0.5 : 0.05 * fabs(a.low);
    return (plot_axis){a.low - half, a.low + half, a.is_log};
}

/* Writes range and tics; returns the width of the widest label. */
static double write_axis(FILE *script, const char *name, const plot_axis *axis, double inches) {
    plot_axis a = with_room(*axis);
    tics t;
    double widest = 0;
    (a.is_log ? choose_log : choose_even)(&t, &a, inches, *name != 'x');
    fprintf(script, "%s_low = %.10g; %s_high = %.10g; %s_log = %d; %s_count = %zu\n", name, a.low, name, a.high, name,
            a.is_log, name, t.count);
    char tics_name[32];
    snprintf(tics_name, sizeof tics_name, "%s_tics", name);
    if (t.count) plot_numbers(script, tics_name, t.at, t.count); /* gnuplot has no empty array */
    for (size_t i = 0; i < t.count; i++) widest = fmax(widest, label_width(t.at[i]));
    return widest;
}

void plot_tics(FILE *script, const char *name, const plot_axis *axis, double inches) {
    write_axis(script, name, axis, inches);
}

void plot_margins(const plot *p, double left, double right, double bottom, double top) {
    fprintf(p->script, "left = %.4f; right = %.4f; bottom = %.4f; top = %.4f\n", left / p->width, 1 - right / p->width,
            bottom / p->height, 1 - top / p->height);
}

void plot_axes(plot *p, const plot_axis *x, const plot_axis *y) {
    double bottom = p->legend + PLOT_BELOW;
    double top = ABOVE + p->title;
    double left = 0.32 + write_axis(p->script, "y", y, p->height - bottom - top);
    double digits = fmax(3, floor(log10(fmax(with_room(*x).high, 1))) + 1); /* half a label may stand over the end */
    double beside = fmax(BESIDE, CHARACTER * (digits + 1) / 2);
    write_axis(p->script, "x", x, p->width - left - beside);
    plot_margins(p, left, beside, bottom, top);
}

/* ---- Files: they are made in a fresh folder, which nobody else knows, and moved when they are whole ---- */

static void path_in(const plot *p, const char *folder, int ending, char *into, size_t size) {
    snprintf(into, size, "%s/%s.%s", folder, p->name, ENDINGS[ending]);
}

enum { PATH_SIZE = sizeof((plot *)0)->fresh + sizeof((plot *)0)->name + 8 };

static FILE *open_fresh(const plot *p, int ending, portolan_error *err) {
    char path[PATH_SIZE];
    path_in(p, p->fresh, ending, path, sizeof path);
    FILE *f = fopen(path, "wx");
    if (!f) error_run(err, "%s: cannot write: %s", path, strerror(errno));
    return f;
}

/* Moves the fresh files from `first` on to where they belong. */
static bool publish(const plot *p, int first, int end, portolan_error *err) {
    char from[PATH_SIZE], to[PATH_SIZE];
    for (int i = first; i < end; i++) {
        path_in(p, p->fresh, i, from, sizeof from);
        path_in(p, p->folder, i, to, sizeof to);
        if (rename(from, to) != 0) return error_run(err, "%s: cannot write: %s", to, strerror(errno));
    }
    return true;
}

/* Of the files, then of the folder. */
static void each_fresh(const plot *p, void (*act)(const char *path)) {
    char path[PATH_SIZE];
    for (int i = 0; i < ENDING_COUNT; i++) {
        path_in(p, p->fresh, i, path, sizeof path);
        act(path);
    }
    act(p->fresh);
}

static void remove_path(const char *path) {
    if (unlink(path) != 0) rmdir(path);
}

static void remove_fresh(const plot *p) {
    each_fresh(p, remove_path);
    each_fresh(p, leftover_drop);
}

/* Names of pictures stand in scripts as they are. */
static bool is_name(const char *name) {
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0';
}

static bool make_fresh(plot *p, const char *folder, const char *name, portolan_error *err) {
    if (strlen(folder) >= sizeof p->folder || strlen(name) >= sizeof p->name)
        return error_usage(err, "%.200s: the name of the folder for pictures must have at most %zu characters", folder,
                           sizeof p->folder - 1);
    if (!is_name(name)) return error_run(err, "'%.60s' is no name for a picture", name);
    snprintf(p->folder, sizeof p->folder, "%s", folder);
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->fresh, sizeof p->fresh, "%s/%s.unfinished-XXXXXX", folder, name);
    return folder_make(folder, err) &&
           (mkdtemp(p->fresh) != NULL || error_run(err, "%s: cannot write: %s", p->fresh, strerror(errno)));
}

bool plot_open(plot *p, const plot_frame *frame, portolan_error *err) {
    const char *name = frame->name;
    *p = (plot){.width = frame->width, .height = frame->height};
    memcpy(p->look, frame->look, sizeof p->look);
    if (!make_fresh(p, frame->folder, name, err)) return false;
    each_fresh(p, leftover_add);
    p->data = open_fresh(p, DATA, err);
    p->script = p->data ? open_fresh(p, SCRIPT, err) : NULL;
    if (!p->script) {
        if (p->data) fclose(p->data);
        remove_fresh(p);
        return false;
    }
    measure_legend(p, frame);
    if (frame->title) p->height += p->title = LINE;
    fprintf(p->script, "# Draws %s.svg, .pdf and .png from %s.tsv, in this folder: gnuplot %s.gp\n", name, name, name);
    fprintf(p->script, "name = '%s'; data = '%s.tsv'\nwidth = %g; height = %g # inches\n", name, name, p->width,
            p->height);
    write_legend(p, frame);
    if (frame->title) plot_text(p->script, "title", frame->title);
    if (frame->title) fprintf(p->script, "title_y = %.4f\n", 1 - (0.05 + LINE / 2) / p->height);
    return true;
}

/* What the picture's variables are for. */
static void write_commands(const plot *p) {
    const char *here = strstr(style_gp, HERE);
    fprintf(p->script, "\n%.*s", (int)(here - style_gp), style_gp);
    for (size_t i = 0; i < sizeof p->look / sizeof *p->look && p->look[i]; i++) fputs(p->look[i], p->script);
    fputs(here + strlen(HERE), p->script);
}

/* ---- Running gnuplot ---- */

/* The environment with the clock on Greenwich time: dates in a PDF then have one length. Free the result, not
 * what it points to. */
static char **environment(void) {
    static char greenwich[] = "TZ=UTC0";
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **copy = calloc(n + 2, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++)
        if (strncmp(environ[i], "TZ=", 3) != 0) copy[kept++] = environ[i];
    if (copy) copy[kept] = greenwich;
    return copy;
}

/* Runs gnuplot to its end; `there` says whether there is a gnuplot. */
static bool run_gnuplot(const plot *p, bool *there, portolan_error *err) {
    char script[sizeof p->name + 8], words[800];
    int status;
    snprintf(script, sizeof script, "%s.gp", p->name);
    /* -d: not the user's own settings, which would change the picture */
    char *const arguments[] = {"gnuplot", "-d", script, NULL};
    char **env = environment();
    if (!env) return error_memory(err, sizeof *env);
    program gnuplot = {.arguments = arguments, .folder = p->fresh, .environment = env};
    bool ok = program_run(&gnuplot, words, sizeof words, &status, err);
    free(env);
    *there = status != PROGRAM_MISSING;
    if (!ok || !*there || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) return ok;
    if (WIFSIGNALED(status))
        return error_run(err, "gnuplot was killed by signal %d (%s) while it drew %s.gp", WTERMSIG(status),
                         strsignal(WTERMSIG(status)), p->name);
    words_on_one_line(words);
    return error_run(err, "gnuplot cannot draw %.100s.gp: %s", p->name, words[0] ? words : "it gives no reason");
}

/* cairo writes the time into a PDF; the same bytes are wanted from the same data. */
static bool strip_date(const char *path, portolan_error *err) {
    static const char KEY[] = "/CreationDate (D:";
    enum { LIMIT = 1 << 30, DIGITS = 14 };
    file_bytes bytes;
    if (!file_read(path, LIMIT, &bytes, err)) return false;
    char *found = memmem(bytes.data, bytes.length, KEY, sizeof KEY - 1);
    long at = found ? found - bytes.data + (long)sizeof KEY - 1 : -1;
    bool fits = found && (size_t)at + DIGITS <= bytes.length;
    free(bytes.data);
    if (!fits) return true;
    FILE *f = fopen(path, "r+b");
    if (!f) return error_run(err, "%s: cannot write: %s", path, strerror(errno));
    bool ok = fseek(f, at, SEEK_SET) == 0 && fputs("19700101000000", f) >= 0;
    return result_file_close(f, path, err) && (ok || error_run(err, "%s: cannot write", path));
}

/* Draws in the fresh folder. */
static bool draw(plot *p, file_bytes *svg, portolan_error *err) {
    char path[PATH_SIZE];
    bool ok = run_gnuplot(p, &p->drawn, err);
    p->drawn = p->drawn && ok;
    if (!p->drawn) return ok;
    path_in(p, p->fresh, PDF, path, sizeof path);
    if (!strip_date(path, err)) return false;
    path_in(p, p->fresh, SVG, path, sizeof path);
    return !svg || file_read(path, SVG_LIMIT, svg, err);
}

static bool close_written(plot *p, portolan_error *err) {
    bool data = result_file_close(p->data, "the data of a picture", err);
    bool script = result_file_close(p->script, "the script of a picture", err);
    p->data = p->script = NULL;
    return data && script;
}

/* Without gnuplot, pictures of other data are not left beside the new ones. */
static void remove_old(const plot *p) {
    char path[PATH_SIZE];
    for (int i = WRITTEN; i < ENDING_COUNT; i++) {
        path_in(p, p->folder, i, path, sizeof path);
        unlink(path);
    }
}

bool plot_close(plot *p, bool ok, file_bytes *svg, portolan_error *err) {
    portolan_error none;
    if (svg) *svg = (file_bytes){0};
    p->drawn = false;
    if (ok) write_commands(p);
    bool written = close_written(p, ok ? err : &none) && ok;
    ok = written && draw(p, svg, err);
    if (written && !ok) publish(p, DATA, WRITTEN, &none); /* to be looked at */
    if (ok) ok = publish(p, DATA, p->drawn ? ENDING_COUNT : WRITTEN, err);
    if (ok && !p->drawn) remove_old(p);
    remove_fresh(p);
    if (!ok && svg) free(svg->data);
    if (!ok && svg) *svg = (file_bytes){0};
    return ok;
}
