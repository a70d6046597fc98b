/* Pictures by gnuplot: the common style, and how gnuplot is run. */
#include "plot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/program.h"
#include "base/signals.h"

enum { DATA, SCRIPT };

static const char *const FORMATS[] = {"svg", "pdf", "png"};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof *FORMATS };

/* What the names of pictures end with until they are whole. */
#define UNFINISHED ".unfinished"

/* Colours: Okabe and Ito, "Color Universal Design" (jfly.uni-koeln.de/color, 2008), in an order in which
 * neighbours differ in lightness too; those of the tiers: Paul Tol, "Colour schemes" (SRON/EPS/TN/09-002,
 * issue 3.2, 2021), high-contrast, made to be told apart in grey. A second round of the colours has other
 * dashes and points. */
static const char STYLE[] =
    "if (!exists('suffix')) suffix = ''\n"
    "\n"
    "do for [format in 'svg pdf png'] {\n"
    "reset # what the picture sets is not left to the next format\n"
    "set encoding utf8\n"
    "set datafile separator tab\n"
    "set datafile columnheaders\n"
    "set datafile commentschars ''\n"
    "set datafile missing NaN # a row that a filter leaves out does not break its line\n"
    "\n"
    "# Colours for the colour-blind; dashes, points and lightness for grey.\n"
    "ink = '#222222'; rule = '#d9d9d9'\n"
    "phone_color = '#ddaa33'; edge_color = '#bb5566'; cloud_color = '#004488'; other_color = '#bbbbbb'\n"
    "set linetype  1 lc rgb '#0072b2' dt solid           pt  7 lw 2 ps 0.6\n"
    "set linetype  2 lc rgb '#e69f00' dt (10,4)          pt  5 lw 2 ps 0.6\n"
    "set linetype  3 lc rgb '#000000' dt (3,3)           pt  8 lw 2 ps 0.7\n"
    "set linetype  4 lc rgb '#56b4e9' dt (12,3,3,3)      pt 13 lw 2 ps 0.7\n"
    "set linetype  5 lc rgb '#d55e00' dt (12,3,3,3,3,3)  pt  4 lw 2 ps 0.6\n"
    "set linetype  6 lc rgb '#009e73' dt (6,3)           pt 11 lw 2 ps 0.7\n"
    "set linetype  7 lc rgb '#cc79a7' dt (1,3)           pt  6 lw 2 ps 0.6\n"
    "set linetype  8 lc rgb '#888888' dt (16,4)          pt  9 lw 2 ps 0.7\n"
    "set linetype  9 lc rgb '#0072b2' dt (3,3)           pt  6 lw 2 ps 0.6\n"
    "set linetype 10 lc rgb '#e69f00' dt (12,3,3,3)      pt  4 lw 2 ps 0.6\n"
    "set linetype 11 lc rgb '#000000' dt (10,4)          pt  9 lw 2 ps 0.7\n"
    "set linetype 12 lc rgb '#56b4e9' dt solid           pt 12 lw 2 ps 0.7\n"
    "set linetype 13 lc rgb '#d55e00' dt (1,3)           pt  5 lw 2 ps 0.6\n"
    "set linetype 14 lc rgb '#009e73' dt (12,3,3,3,3,3)  pt 10 lw 2 ps 0.7\n"
    "set linetype 15 lc rgb '#cc79a7' dt (16,4)          pt  7 lw 2 ps 0.6\n"
    "set linetype 16 lc rgb '#888888' dt (6,3)           pt  8 lw 2 ps 0.7\n"
    "set linetype cycle 16\n"
    "set border 3 lc rgb ink lw 1\n"
    "set grid back lc rgb rule lt 1 dt solid lw 0.5\n"
    "set tics nomirror out scale 0.5 textcolor rgb ink\n"
    "set xtics offset 0,0.4\n"
    "set xlabel offset 0,0.9 textcolor rgb ink\n"
    "set ylabel offset 0.6,0 textcolor rgb ink\n"
    "set key outside bottom center horizontal Left reverse height 0.8 samplen 2.5 spacing 1.1 textcolor rgb "
    "ink\n"
    "set style fill solid 1.0 border rgb ink\n"
    "set boxwidth 0.75\n"
    "\n"
    "if (format eq 'svg') {\n"
    "    set terminal svg size 144*width,144*height dynamic font 'sans-serif,16' linewidth 1 noenhanced \\\n"
    "        background '#ffffff'\n"
    "}\n"
    "if (format eq 'pdf') {\n"
    "    set terminal pdfcairo size width,height font 'Sans,8' fontscale 0.75 \\\n" /* is 8 points at last */
    "        linewidth 1.2 pointscale 0.8 noenhanced\n"
    "}\n"
    "if (format eq 'png') {\n"
    "    set terminal pngcairo size 400*width,400*height font 'Sans,33' \\\n"
    "        linewidth 3.2 pointscale 4.2 noenhanced\n"
    "}\n"
    "set output name . '.' . format . suffix\n"
    "\n"
    "# ---- The picture ----\n";

static const char ENDING[] = "# ---------------------\n"
                             "\n"
                             "unset output\n"
                             "}\n";

static bool open_file(plot *p, int which, const char *ending, portolan_error *err) {
    char path[sizeof p->folder + sizeof p->name + 8];
    snprintf(path, sizeof path, "%s/%s.%s", p->folder, p->name, ending);
    return replacement_open(&p->files[which], path, err);
}

bool plot_open(plot *p, const char *folder, const char *name, double width, double height,
               portolan_error *err) {
    *p = (plot){0};
    if (strlen(folder) >= sizeof p->folder || strlen(name) >= sizeof p->name)
        return error_usage(err,
                           "%.200s: the name of the folder for pictures must have at most %zu characters",
                           folder, sizeof p->folder - 1);
    snprintf(p->folder, sizeof p->folder, "%s", folder);
    snprintf(p->name, sizeof p->name, "%s", name);
    if (!open_file(p, DATA, "tsv", err)) return false;
    if (!open_file(p, SCRIPT, "gp", err)) {
        replacement_finish(&p->files[DATA], false, err);
        return false;
    }
    p->data = p->files[DATA].stream;
    p->script = p->files[SCRIPT].stream;
    fprintf(p->script, "# Draws %s.svg, .pdf and .png from %s.tsv, in this folder: gnuplot %s.gp\n", name,
            name, name);
    fprintf(p->script, "name = '%s'; data = '%s.tsv'\nwidth = %g; height = %g # inches\n", name, name, width,
            height);
    fputs(STYLE, p->script);
    return true;
}

/* What can stand in a field of the data, and hence be found there. */
static char plain(char c) {
    if ((unsigned char)c < ' ' || c == 127) return ' ';
    return c == '"' ? '\'' : c;
}

void plot_field(FILE *data, const char *text) {
    for (const char *c = text; *c; c++)
        putc(plain(*c), data);
}

/* Single-quoted: nothing in it means anything to gnuplot but a quote, which is doubled. */
static void quote(FILE *script, const char *text) {
    putc('\'', script);
    for (const char *c = text; *c; c++) {
        if (plain(*c) == '\'') putc('\'', script);
        putc(plain(*c), script);
    }
    putc('\'', script);
}

void plot_texts(FILE *script, const char *name, const char *const *texts, size_t count) {
    fprintf(script, "array %s[%zu] = [", name, count);
    for (size_t i = 0; i < count; i++) {
        if (i) fputs(", ", script);
        quote(script, texts[i]);
    }
    fputs("]\n", script);
}

/* ---- Running gnuplot ---- */

static void picture_path(const plot *p, int format, const char *suffix, char *into, size_t size) {
    snprintf(into, size, "%s/%s.%s%s", p->folder, p->name, FORMATS[format], suffix);
}

static void each_picture(const plot *p, const char *suffix, void (*act)(const char *path)) {
    char path[sizeof p->folder + sizeof p->name + 32];
    for (int f = 0; f < FORMAT_COUNT; f++) {
        picture_path(p, f, suffix, path, sizeof path);
        act(path);
    }
}

static void remove_picture(const char *path) { unlink(path); }

/* The environment with the clock on Greenwich time: dates in a PDF then have one length. Free the result, not
 * what it points to. */
static char **environment(void) {
    static char greenwich[] = "TZ=UTC0";
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
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
    char *const arguments[] = {"gnuplot", "-d", "-e", "suffix = '" UNFINISHED "'", script, NULL};
    char **env = environment();
    if (!env) return error_memory(err, sizeof *env);
    program gnuplot = {.arguments = arguments, .folder = p->folder, .environment = env};
    bool ok = program_run(&gnuplot, words, sizeof words, &status, err);
    free(env);
    *there = status != PROGRAM_MISSING;
    if (!ok || !*there || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) return ok;
    if (WIFSIGNALED(status))
        return error_run(err, "gnuplot was killed by signal %d (%s) while it drew %s.gp", WTERMSIG(status),
                         strsignal(WTERMSIG(status)), p->name);
    words_on_one_line(words);
    return error_run(err, "gnuplot cannot draw %.100s.gp: %s", p->name,
                     words[0] ? words : "it gives no reason");
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

static bool rename_pictures(const plot *p, portolan_error *err) {
    char from[sizeof p->folder + sizeof p->name + 32], to[sizeof from];
    for (int f = 0; f < FORMAT_COUNT; f++) {
        picture_path(p, f, UNFINISHED, from, sizeof from);
        picture_path(p, f, "", to, sizeof to);
        if (strcmp(FORMATS[f], "pdf") == 0 && !strip_date(from, err)) return false;
        if (rename(from, to) != 0) return error_run(err, "%s: cannot write: %s", to, strerror(errno));
    }
    return true;
}

static bool draw(const plot *p, bool *drawn, portolan_error *err) {
    each_picture(p, UNFINISHED, remove_picture); /* gnuplot would follow a link of that name */
    each_picture(p, UNFINISHED, leftover_add);
    bool ok = run_gnuplot(p, drawn, err);
    if (ok && *drawn) ok = rename_pictures(p, err);
    if (!ok) each_picture(p, UNFINISHED, remove_picture);
    each_picture(p, UNFINISHED, leftover_drop);
    if (ok && !*drawn) each_picture(p, "", remove_picture);
    return ok;
}

bool plot_close(plot *p, bool ok, bool *drawn, portolan_error *err) {
    *drawn = false;
    if (ok) fputs(ENDING, p->script);
    bool data = replacement_finish(&p->files[DATA], ok, err);
    bool script = replacement_finish(&p->files[SCRIPT], data, err);
    p->data = p->script = NULL;
    return data && script && draw(p, drawn, err);
}
