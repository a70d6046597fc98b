/* Any bytes as a CSV file of measured times: what is read is drawn, and lies within an hour. */
#include <stdlib.h>
#include <unistd.h>

#include "memory_file.h"
#include "platforms/times.h"

static void check(const drawn_time *d) {
    random_stream s = random_open(1, "fuzz", 0);
    if (!d->count) abort();
    for (uint64_t i = 0; i < d->count; i++)
        if (!(d->measured[i] >= 0 && d->measured[i] <= 3600)) abort();
    double drawn = drawn_time_draw(d, &s);
    if (!(drawn >= 0 && drawn <= 3600)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena memory = {0};
    portolan_error err = {0};
    drawn_time d;
    char path[64];
    if (size > 1 << 16) return 0;
    int fd = memory_file(data, size, path);
    if (times_load(&memory, path, &d, &err))
        check(&d);
    else if (!err.status || !err.message[0])
        abort();
    arena_free(&memory);
    close(fd);
    return 0;
}
