/* Files and folders; SHA-256 is libmd's. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool at_file(portolan_error *err, const char *path, const char *doing) {
    return error_input(err, (text_mark){path, 0, 0}, "cannot %s: %s", doing, strerror(errno));
}

static bool read_stream(FILE *f, size_t size, file_bytes *bytes, const char *path, portolan_error *err) {
    bytes->data = malloc(size + 1);
    if (!bytes->data) return error_memory(err, size + 1);
    bytes->length = fread(bytes->data, 1, size, f);
    bytes->data[bytes->length] = '\0';
    if (!ferror(f)) return true;
    free(bytes->data);
    bytes->data = NULL;
    return at_file(err, path, "read");
}

bool file_read(const char *path, size_t limit, file_bytes *bytes, portolan_error *err) {
    *bytes = (file_bytes){0};
    FILE *f = fopen(path, "rb");
    if (!f) return at_file(err, path, "open");
    struct stat st;
    bool ok = fstat(fileno(f), &st) == 0 || at_file(err, path, "examine");
    if (ok && !S_ISREG(st.st_mode))
        ok = error_input(err, (text_mark){path, 0, 0}, "is not a regular file; a file with text is wanted");
    if (ok && (size_t)st.st_size > limit)
        ok = error_input(err, (text_mark){path, 1, 1}, "has %lld bytes; at most %zu are read", (long long)st.st_size,
                         limit);
    ok = ok && read_stream(f, (size_t)st.st_size, bytes, path, err);
    fclose(f);
    return ok;
}

const char *file_resolve(arena *memory, const char *beside, const char *path, text_mark where, portolan_error *err) {
    static const char DATA[] = "$PORTOLAN_DATA";
    const char *head = "", *slash = strrchr(beside, '/');
    size_t head_length = 0;
    if (strncmp(path, DATA, sizeof DATA - 1) == 0 && (path[sizeof DATA - 1] == '/' || !path[sizeof DATA - 1])) {
        head = getenv("PORTOLAN_DATA");
        if (!head || !*head) {
            error_input(err, where, "'%.200s' needs the environment variable PORTOLAN_DATA, which is not set; point it "
                        "at the folder with the data sets", path);
            return NULL;
        }
        head_length = strlen(head);
        path += sizeof DATA - 1;
    } else if (path[0] != '/' && slash) {
        head = beside;
        head_length = (size_t)(slash - beside) + 1;
    }
    char *joined = arena_alloc(memory, head_length + strlen(path) + 1, 1);
    if (!joined) {
        error_memory(err, head_length + strlen(path) + 1);
        return NULL;
    }
    memcpy(joined, head, head_length);
    memcpy(joined + head_length, path, strlen(path));
    return joined;
}

static void finish_hash(SHA2_CTX *context, char hex[FILE_HASH_TEXT]) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, context);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

void text_hash(const char *text, size_t length, char hex[FILE_HASH_TEXT]) {
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)text, length);
    finish_hash(&context, hex);
}

bool file_hash(const char *path, char hex[FILE_HASH_TEXT], portolan_error *err) {
    FILE *f = fopen(path, "rb");
    if (!f) return at_file(err, path, "open");
    SHA2_CTX context;
    SHA256Init(&context);
    unsigned char buffer[1 << 14];
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, f)) > 0) SHA256Update(&context, buffer, n);
    bool ok = !ferror(f) || at_file(err, path, "read");
    fclose(f);
    finish_hash(&context, hex);
    return ok;
}

static bool cannot_write(portolan_error *err, const char *path) {
    return error_run(err, "%s: cannot write: %s", path, strerror(errno));
}

bool parents_make(const char *path, portolan_error *err) {
    char part[1024];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0777) != 0 && errno != EEXIST) return cannot_write(err, part);
    }
    return true;
}

bool folder_make(const char *path, portolan_error *err) {
    if (!parents_make(path, err)) return false;
    return mkdir(path, 0777) == 0 || errno == EEXIST || cannot_write(err, path);
}

bool result_folder_open(result_folder *folder, const char *wanted, portolan_error *err) {
    *folder = (result_folder){0};
    size_t length = strlen(wanted);
    while (length > 1 && wanted[length - 1] == '/') length--;
    if (!length || length >= sizeof folder->final_path)
        return error_usage(err, "the name of the results folder must have 1 to %zu characters",
                           sizeof folder->final_path - 1);
    memcpy(folder->final_path, wanted, length);
    /* rmdir succeeds on an empty folder only, so nothing of value is ever replaced */
    if (access(folder->final_path, F_OK) == 0 && rmdir(folder->final_path) != 0)
        return error_usage(err, "%s exists and is not an empty folder; remove it or give another --out",
                           folder->final_path);
    if (!parents_make(folder->final_path, err)) return false;
    snprintf(folder->path, sizeof folder->path, "%s.unfinished-XXXXXX", folder->final_path);
    if (!mkdtemp(folder->path)) {
        cannot_write(err, folder->path);
        folder->path[0] = '\0';
        return false;
    }
    return chmod(folder->path, 0755) == 0 || cannot_write(err, folder->path);
}

bool result_folder_commit(result_folder *folder, portolan_error *err) {
    if (rename(folder->path, folder->final_path) != 0) return cannot_write(err, folder->final_path);
    folder->path[0] = '\0';
    return true;
}

void result_folder_discard(result_folder *folder) {
    if (!folder->path[0]) return;
    DIR *dir = opendir(folder->path);
    char name[sizeof folder->path + 264];
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(name, sizeof name, "%s/%s", folder->path, entry->d_name);
        unlink(name);
    }
    if (dir) closedir(dir);
    rmdir(folder->path);
    folder->path[0] = '\0';
}

FILE *result_file_open(const result_folder *folder, const char *name, portolan_error *err) {
    char path[sizeof folder->path + 264];
    snprintf(path, sizeof path, "%s/%.255s", folder->path, name);
    FILE *f = fopen(path, "w");
    if (!f) cannot_write(err, path);
    return f;
}

int stream_flush(FILE *file) {
    bool failed_before = ferror(file);
    errno = 0;
    if (fflush(file) == 0 && !failed_before) return 0;
    if (!errno && putc('\n', file) != EOF) fflush(file); /* the reason was lost; what is broken fails again */
    return errno ? errno : EIO;
}

bool result_file_close(FILE *file, const char *name, portolan_error *err) {
    if (!file) return false;
    errno = stream_flush(file);
    bool ok = errno == 0 && fsync(fileno(file)) == 0;
    if (!ok) cannot_write(err, name);
    if (fclose(file) != 0 && ok) ok = cannot_write(err, name);
    return ok;
}
