/* Reading files; SHA-256 is libmd's. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool at_file(portolan_error *err, const char *path, const char *doing) {
    return error_system(err, (text_mark){path, 0, 0}, doing);
}

bool path_format(char *into, size_t size, portolan_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(into, size, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < size) return true;
    return error_usage(err, "%.80s...: this path has %d characters; at most %zu are possible here", into, n, size - 1);
}

/* ---- Inputs ---- */

/* A file that was opened: which it is, and its state then, for when it is gone and its number given to another. */
typedef struct known_file {
    dev_t device;
    ino_t number;
    struct timespec written;
    bool own;
} known_file;

static void *known_files; /* a tree of tsearch(3), reachable to the end */

static int compare_files(const void *a, const void *b) {
    const known_file *x = a, *y = b;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static bool is_unchanged(const known_file *f, const struct stat *st) {
    return f->written.tv_sec == st->st_mtim.tv_sec && f->written.tv_nsec == st->st_mtim.tv_nsec;
}

static known_file *find_file(const struct stat *st) {
    known_file **kept = tfind(&(known_file){.device = st->st_dev, .number = st->st_ino}, &known_files, compare_files);
    return kept ? *kept : NULL;
}

static bool note_file(const struct stat *st, bool own) {
    known_file *known = find_file(st);
    if (!known) {
        if (!(known = malloc(sizeof *known))) return false;
        *known = (known_file){st->st_dev, st->st_ino, st->st_mtim, own};
        if (tsearch(known, &known_files, compare_files)) return true;
        free(known);
        return false;
    }
    known->own = own || (known->own && is_unchanged(known, st));
    known->written = st->st_mtim;
    return true;
}

bool file_is_input(const char *path) {
    struct stat st;
    const known_file *known = stat(path, &st) == 0 ? find_file(&st) : NULL;
    return known && !known->own && is_unchanged(known, &st);
}

void file_own(const char *path) {
    struct stat st;
    if (stat(path, &st) == 0) note_file(&st, true);
}

static const char *kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a named pipe";
    return S_ISSOCK(mode) ? "a socket" : "a device";
}

/* What there is to say against an open file, if anything. */
static bool accept_file(int fd, const char *path, const char *wanted, size_t *size, portolan_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return at_file(err, path, "examine");
    if (!S_ISREG(st.st_mode))
        return error_input(err, (text_mark){path, 0, 0}, "is not a regular file but %s; %s is wanted",
                           kind_of(st.st_mode), wanted);
    if (size) *size = (size_t)st.st_size;
    return note_file(&st, false) || error_memory(err, sizeof(known_file));
}

FILE *file_open(const char *path, const char *wanted, size_t *size, portolan_error *err) {
    int fd = open(path,
                  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* O_NONBLOCK: does not wait for a pipe's writer */
    if (fd < 0) {
        at_file(err, path, "open");
        return NULL;
    }
    FILE *file = accept_file(fd, path, wanted, size, err) ? fdopen(fd, "rb") : NULL;
    if (file) return file;
    if (!err->status) at_file(err, path, "open");
    close(fd);
    return NULL;
}

/* ---- Whole files ---- */

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
    size_t size;
    FILE *f = file_open(path, "a file with text", &size, err);
    if (!f) return false;
    bool ok = size <= limit ||
              error_input(err, (text_mark){path, 1, 1}, "has %zu bytes; at most %zu are read", size, limit);
    ok = ok && read_stream(f, size, bytes, path, err);
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
            error_input(err, where,
                        "'%.200s' needs the environment variable PORTOLAN_DATA, which is not set; point it "
                        "at the folder with the data sets",
                        path);
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

void text_digest(const char *text, size_t length, unsigned char digest[TEXT_DIGEST]) {
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)text, length);
    SHA256Final(digest, &context);
}

bool file_hash(const char *path, char hex[FILE_HASH_TEXT], portolan_error *err) {
    FILE *f = file_open(path, "a file", NULL, err);
    if (!f) return false;
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
