/* Folders, and those of results, which appear all at once. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

bool parents_make(const char *path, portolan_error *err) {
    char part[PATH_MAX];
    if (!path_format(part, sizeof part, err, "%s", path)) return false;
    for (char *slash = *part ? strchr(part + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) return error_write(err, part);
        *slash = '/';
    }
    return true;
}

/* A folder that is there already, as mkdir found out, is good; anything else of that name is not. */
static bool make(const char *path, int (*look)(const char *, struct stat *), portolan_error *err) {
    struct stat st;
    if (mkdir(path, 0777) == 0) return true;
    if (errno != EEXIST) return error_write(err, path);
    if (look(path, &st) != 0) return error_write(err, path);
    return S_ISDIR(st.st_mode) || error_usage(err, "%s: is %s, where a folder is wanted; remove it", path,
                                              S_ISLNK(st.st_mode) ? "a symbolic link" : "no folder");
}

bool folder_make(const char *path, portolan_error *err) {
    size_t length = strlen(path), most = sizeof((result_folder *)0)->final_path - 1;
    if (!length || length > most)
        return error_usage(err, "the name of a folder must have 1 to %zu characters; it has %zu", most, length);
    return parents_make(path, err) && make(path, stat, err);
}

bool subfolder_make(const char *path, portolan_error *err) { return make(path, lstat, err); }

/* Removes a folder of files; never what a symbolic link of its name leads to. */
static bool remove_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0) close(fd);
        return false;
    }
    for (struct dirent *entry; (entry = readdir(dir));) unlinkat(fd, entry->d_name, 0);
    closedir(dir);
    return rmdir(path) == 0;
}

/* Makes the temporary folder, with the lock held; with the permissions of the empty folder that it replaces, if any. */
static bool begin(result_folder *folder, portolan_error *err) {
    char *path = folder->path;
    struct stat there;
    bool existed = stat(folder->final_path, &there) == 0;
    /* rmdir succeeds on an empty folder only, so nothing of value is ever replaced */
    if (existed && rmdir(folder->final_path) != 0)
        return error_usage(err, "%s exists and is not an empty folder; remove it or give another --out",
                           folder->final_path);
    snprintf(path, sizeof folder->path, "%s.unfinished", folder->final_path);
    if (folder->lock.held) remove_folder(path);
    if (mkdir(path, existed ? 0700 : 0777) != 0) {
        bool is_there = errno == EEXIST;
        if (is_there) error_usage(err, "%s: was left by another run and cannot be removed; remove it", path);
        if (!is_there) error_write(err, path);
        path[0] = '\0';
        return false;
    }
    return !existed || chmod(path, there.st_mode & 0777) == 0 || error_write(err, path);
}

bool result_folder_open(result_folder *folder, const char *wanted, portolan_error *err) {
    *folder = (result_folder){0};
    size_t length = strlen(wanted);
    while (length > 1 && wanted[length - 1] == '/') length--;
    if (!length || length >= sizeof folder->final_path)
        return error_usage(err, "the name of the results folder must have 1 to %zu characters; it has %zu",
                           sizeof folder->final_path - 1, length);
    memcpy(folder->final_path, wanted, length);
    if (parents_make(folder->final_path, err) && lock_take(&folder->lock, folder->final_path, NULL, "writing", err) &&
        begin(folder, err))
        return true;
    result_folder_discard(folder);
    return false;
}

bool result_folder_commit(result_folder *folder, portolan_error *err) {
    if (rename(folder->path, folder->final_path) != 0) return error_write(err, folder->final_path);
    folder->path[0] = '\0';
    lock_release(&folder->lock);
    return true;
}

void result_folder_discard(result_folder *folder) {
    if (folder->path[0]) remove_folder(folder->path);
    folder->path[0] = '\0';
    lock_release(&folder->lock);
}

FILE *result_file_open(const result_folder *folder, const char *name, portolan_error *err) {
    char path[sizeof folder->path + 264];
    if (!path_format(path, sizeof path, err, "%s/%s", folder->path, name)) return NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file) return file;
    error_write(err, path);
    if (fd >= 0) close(fd);
    return NULL;
}

int stream_flush(FILE *file) {
    bool failed_before = ferror(file);
    errno = 0;
    if (fflush(file) == 0 && !failed_before) return memory_has_run_out() ? ENOMEM : 0;
    if (!errno && putc('\n', file) != EOF) fflush(file); /* the reason was lost; what is broken fails again */
    return errno ? errno : EIO;
}

bool result_file_close(FILE *file, const char *name, portolan_error *err) {
    if (!file) return false;
    errno = stream_flush(file);
    bool ok = errno == 0 && fsync(fileno(file)) == 0;
    if (!ok) error_write(err, name);
    if (fclose(file) != 0 && ok) ok = error_write(err, name);
    return ok;
}
