/* A folder of its own for a fuzz target that needs files beside one another. */
#ifndef PORTOLAN_TESTS_FUZZ_FOLDER_H
#define PORTOLAN_TESTS_FUZZ_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char fuzz_folder[64];

static int fuzz_remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where) {
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static void fuzz_remove_folder(void) { nftw(fuzz_folder, fuzz_remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

/* Makes it at the first call, and sees to its end. */
static inline void fuzz_folder_make(void) {
    if (fuzz_folder[0]) return;
    /* in memory if possible: files are synced when they are written */
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(fuzz_folder, sizeof fuzz_folder, "%s/portolan-fuzz-XXXXXX", root);
    if (!mkdtemp(fuzz_folder)) abort();
    atexit(fuzz_remove_folder);
}

/* Writes a file in it; `path`, if not NULL, gets its path. */
static inline void fuzz_file(const char *name, const void *bytes, size_t size, char path[128]) {
    char own[128];
    snprintf(own, sizeof own, "%s/%s", fuzz_folder, name);
    FILE *f = fopen(own, "wb");
    if (!f || (size && fwrite(bytes, 1, size, f) != size) || fclose(f) != 0) abort();
    if (path) snprintf(path, 128, "%s", own);
}

#endif
