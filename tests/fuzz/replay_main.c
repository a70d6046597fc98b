/* Runs a fuzz target over the files and folders given, where libFuzzer is not at hand. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs the target on one file; returns 1, or 0 if it cannot be read. The copy has exactly the file's size,
 * so that a sanitizer sees every byte read beyond it. */
static unsigned run_file(const char *path) {
    FILE *f = fopen(path, "rb");
    long size = -1;
    if (f && fseek(f, 0, SEEK_END) == 0) size = ftell(f);
    uint8_t *data = size < 0 ? NULL : malloc(size ? (size_t)size : 1);
    bool ok = data && fseek(f, 0, SEEK_SET) == 0 && fread(data, 1, (size_t)size, f) == (size_t)size;
    if (f) fclose(f);
    if (ok)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    else
        perror(path);
    free(data);
    return ok;
}

static unsigned run_path(const char *path) {
    struct stat st;
    DIR *dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    if (!dir) return run_file(path);
    unsigned runs = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char name[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        runs += run_file(name);
    }
    closedir(dir);
    return runs;
}

int main(int argc, char **argv) {
    unsigned runs = 0;
    for (int i = 1; i < argc; i++) runs += run_path(argv[i]);
    printf("%u inputs\n", runs);
    return runs ? 0 : 1; /* an empty or missing corpus is a mistake */
}
