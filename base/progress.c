/* The progress bar, with rate and time left. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 24 };

double wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

progress progress_start(bool quiet) {
    double now = wall_clock();
    return (progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO) == 1, .started = now, .shown = now};
}

static void print_time_left(double seconds) {
    if (seconds >= 3600)
        fprintf(stderr, ", %.0f h %02d min left", seconds / 3600, (int)(seconds / 60) % 60);
    else
        fprintf(stderr, ", %d:%02d left", (int)(seconds / 60), (int)seconds % 60);
}

static void print_bar(double share) {
    fputc('[', stderr);
    for (int i = 0; i < BAR_WIDTH; i++) fputc(i < share * BAR_WIDTH ? '#' : '.', stderr);
    fprintf(stderr, "] %3.0f %%  ", 100 * share);
}

void progress_show(progress *p, const char *things, uint64_t done, uint64_t total) {
    const double every = p->terminal ? 0.2 : 10;
    double now = wall_clock(), seconds = now - p->started;
    if (p->quiet || now - p->shown < every) return;
    p->shown = now;
    p->drawn = true;
    double rate = (double)done / seconds;
    if (p->terminal) fputc('\r', stderr);
    if (p->terminal && total) print_bar((double)done / (double)total);
    fprintf(stderr, "%llu %s, %.0f/s", (unsigned long long)done, things, rate);
    if (total && rate > 0) print_time_left((double)(total - done) / rate);
    fputs(p->terminal ? "\033[K" : "\n", stderr);
    fflush(stderr);
}

void progress_end(progress *p) {
    if (p->drawn && p->terminal) fputs("\r\033[K", stderr);
    fflush(stderr);
}
