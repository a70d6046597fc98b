/* Files that appear whole or not at all. */
#include "replacement.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "signals.h"

bool replacement_possible(const char *path, portolan_error *err) {
    struct stat there;
    size_t length = strlen(path), most = sizeof((replacement *)0)->path - 1;
    if (!length || length > most)
        return error_usage(err, "the name of a file to write must have 1 to %zu characters; it has %zu", most, length);
    if (stat(path, &there) != 0) return true;
    if (!S_ISREG(there.st_mode)) /* a folder, or a device, which would be gone */
        return error_usage(err, "%s: is not a regular file, so it cannot be replaced; name another", path);
    return !file_is_input(path) ||
           error_usage(err, "%s: is one of the files that this command reads, so it is not written over; name another",
                       path);
}

/* Removes the temporary file that a killed process left; one that is still written is an error. */
static bool remove_leftover(const replacement *r, portolan_error *err) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat st;
    int fd = open(r->temporary, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return true; /* it was finished just now */
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!ok) error_usage(err, "%s: is in the way, and was not left by Portolan; remove it", r->temporary);
    if (ok && fcntl(fd, F_SETLK, &whole) != 0)
        ok = errno == EACCES || errno == EAGAIN
                 ? error_run(err, "%s: another process is writing this file; wait for it, or name another", r->path)
                 : error_usage(err, "%s: was left by a killed process, or another is writing it; remove it if none is",
                               r->temporary);
    if (ok && lock_is_of(fd, r->temporary)) unlink(r->temporary);
    if (fd >= 0) close(fd);
    return ok;
}

/* Makes the temporary file, which is ours as long as we hold its lock; -1 on failure. */
static int make_temporary(const replacement *r, portolan_error *err) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (;;) {
        int fd = open(r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST) {
            error_write(err, r->path);
            return -1;
        }
        if (fd < 0 && !remove_leftover(r, err)) return -1;
        if (fd < 0) continue;
        bool taken = fcntl(fd, F_SETLK, &whole) != 0 && (errno == EACCES || errno == EAGAIN);
        if (!taken && lock_is_of(fd, r->temporary)) return fd;
        close(fd); /* another took it for a leftover before the lock was there */
    }
}

bool replacement_open(replacement *r, const char *path, portolan_error *err) {
    *r = (replacement){0};
    struct stat there;
    if (!replacement_possible(path, err) || !parents_make(path, err)) return false;
    snprintf(r->path, sizeof r->path, "%s", path);
    snprintf(r->temporary, sizeof r->temporary, "%s.unfinished", path);
    int fd = make_temporary(r, err);
    if (fd < 0) return false;
    /* what takes a file's place is readable for no more people than it was */
    bool ok = stat(path, &there) != 0 || fchmod(fd, there.st_mode & 0777) == 0;
    r->stream = ok ? fdopen(fd, "wb") : NULL;
    if (r->stream) {
        leftover_add(r->temporary);
        return true;
    }
    error_write(err, path);
    unlink(r->temporary);
    close(fd);
    return false;
}

bool replacement_finish(replacement *r, bool ok, portolan_error *err) {
    assert(r->stream); /* opened, and not finished before */
    portolan_error ignored = {0}, *told = ok ? err : &ignored;
    errno = stream_flush(r->stream);
    ok = errno == 0 && fsync(fileno(r->stream)) == 0 && ok;
    if (!ok) error_write(told, r->path);
    if (ok && rename(r->temporary, r->path) != 0) ok = error_write(err, r->path);
    if (!ok) unlink(r->temporary);
    leftover_drop(r->temporary);
    if (fclose(r->stream) != 0 && ok) ok = error_write(err, r->path); /* last, for it ends the lock */
    if (ok) file_own(r->path);
    r->stream = NULL;
    return ok;
}

bool replacement_write(const char *path, const void *bytes, size_t length, portolan_error *err) {
    replacement r;
    if (!replacement_open(&r, path, err)) return false;
    fwrite(bytes, 1, length, r.stream); /* whether that went well, the stream knows */
    return replacement_finish(&r, true, err);
}
