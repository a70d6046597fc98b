/* Any bytes as a CSV file of measured seconds: what is read gives finite seconds above 0 at its corners, none elsewhere. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory_file.h"
#include "platforms/service.h"

static void check(const service_table *t) {
    const service_shape shape = {100, 400, 480000};
    if (!service_table_rows(t)) abort();
    for (double tokens = 1; tokens < 40; tokens += 1.5) {
        double seconds = service_table_seconds(t, &shape, 2, tokens, 2);
        if (!isnan(seconds) && !(seconds > 0 && seconds <= 1e9)) abort();
    }
    if (!isnan(service_table_seconds(t, &shape, 2, 0.5, 2))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena memory = {0};
    portolan_error err = {0};
    char path[64];
    if (size > 1 << 16) return 0;
    int fd = memory_file(data, size, path);
    const service_table *t = service_table_load(&memory, path, &err);
    if (t)
        check(t);
    else if (!err.status || !err.message[0])
        abort();
    arena_free(&memory);
    close(fd);
    return 0;
}
