/* Any bytes as a trace in CSV: the counters that are read have a span of time, and averages that are numbers. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "analysis/report/utilization.h"
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const utilization *u) {
    if (!(u->begin >= 0 && u->begin <= u->end) || !isfinite(u->end)) abort();
    for (int k = 0; k < UTILIZATION_TIERS; k++)
        for (int b = 0; b < UTILIZATION_BINS; b++)
            if (!isfinite(u->percent[k][b]) || (!u->has[k] && u->percent[k][b] != 0)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    portolan_error err = {0};
    utilization u;
    char path[64];
    if (size > 1 << 16) return 0;
    int fd = memory_file(data, size, path);
    if (utilization_read(&u, path, &err))
        check(&u);
    else if (!err.status || !err.message[0])
        abort();
    close(fd);
    return 0;
}
