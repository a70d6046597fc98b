/* Locks by fcntl, which network file systems know too, and which tell who holds them. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "signals.h"

bool lock_is_of(int descriptor, const char *path) {
    struct stat opened, named;
    return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

static bool refuse(int descriptor, const char *folder, const char *doing, portolan_error *err) {
    struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK && holder.l_pid > 0)
        return error_run(err, "%s: process %ld is %s in this folder; wait for it, or give another --out", folder,
                         (long)holder.l_pid, doing);
    return error_run(err, "%s: another process is %s in this folder; wait for it, or give another --out", folder,
                     doing);
}

/* One attempt; `*again` says that the file was removed by its last holder meanwhile. */
static bool attempt(folder_lock *lock, const char *folder, const char *doing, bool *again, portolan_error *err) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat st;
    *again = false;
    int fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0) return error_write(err, lock->path);
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!ok) error_usage(err, "%s: is not a regular file, so it cannot be a lock; remove it", lock->path);
    lock->held = ok && fcntl(fd, F_SETLK, &whole) == 0;
    if (ok && !lock->held && (errno == EACCES || errno == EAGAIN)) ok = refuse(fd, folder, doing, err);
    if (ok && !lock_is_of(fd, lock->path)) {
        *again = true;
        ok = false;
    }
    lock->descriptor = fd;
    lock->taken = ok;
    if (!ok) close(fd);
    return ok;
}

bool lock_take(folder_lock *lock, const char *folder, const char *name, const char *doing, portolan_error *err) {
    *lock = (folder_lock){.owner = (int)getpid()};
    if (!path_format(lock->path, sizeof lock->path, err, "%s%s%s.lock", folder, name ? "/" : "", name ? name : ""))
        return false;
    bool again = true, ok = false;
    while (again) ok = attempt(lock, folder, doing, &again, err);
    if (ok) leftover_add(lock->path);
    return ok;
}

void lock_release(folder_lock *lock) {
    if (!lock->taken) return;
    leftover_drop(lock->path);
    if (lock->owner == (int)getpid() && lock_is_of(lock->descriptor, lock->path)) unlink(lock->path);
    close(lock->descriptor);
    lock->taken = false;
}
