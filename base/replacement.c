/* Files that appear whole or not at all. */
#include "replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "signals.h"

static bool cannot_write(portolan_error *err, const char *path) {
    return error_run(err, "%s: cannot write: %s", path, strerror(errno));
}

bool replacement_open(replacement *r, const char *path, portolan_error *err) {
    *r = (replacement){0};
    size_t length = strlen(path);
    if (!length || length >= sizeof r->path)
        return error_usage(err, "the name of a file to write must have 1 to %zu characters",
                           sizeof r->path - 1);
    memcpy(r->path, path, length);
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) /* a folder, or a device, which would be gone */
        return error_usage(err, "%.900s: is not a regular file, so it cannot be replaced; name another", path);
    if (!parents_make(path, err)) return false;
    int fd = -1;
    /* a crashed process may have left a file of this name behind */
    for (unsigned attempt = 0; fd < 0 && attempt < 1000; attempt++) {
        snprintf(r->temporary, sizeof r->temporary, "%s.unfinished-%ld-%u", r->path, (long)getpid(), attempt);
        fd = open(r->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST) break;
    }
    if (fd < 0) return cannot_write(err, path);
    r->stream = fdopen(fd, "wb");
    if (r->stream) {
        leftover_add(r->temporary);
        return true;
    }
    cannot_write(err, path);
    close(fd);
    unlink(r->temporary);
    return false;
}

bool replacement_finish(replacement *r, bool ok, portolan_error *err) {
    portolan_error ignored = {0};
    ok = result_file_close(r->stream, r->path, ok ? err : &ignored) && ok;
    r->stream = NULL;
    if (ok && rename(r->temporary, r->path) != 0) ok = cannot_write(err, r->path);
    if (!ok) unlink(r->temporary);
    leftover_drop(r->temporary);
    return ok;
}
