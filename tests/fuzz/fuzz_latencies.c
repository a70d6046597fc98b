/* Any bytes as a list of columns, a line, and a CSV file of latencies: what is read is above 0, and can be fitted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/service/service.h"
#include "memory_file.h"

static void check(const latencies *list) {
    service_fit fit;
    portolan_error err = {0};
    for (size_t i = 0; i < list->count; i++) {
        const latency *m = &list->items[i];
        if (!(m->hidden > 0 && m->attention > 0 && m->layers > 0 && m->tokens > 0 && m->batch > 0 && m->seconds > 0))
            abort();
    }
    if (!service_fit_make(&fit, list->items, list->count, &err)) abort();
    for (int t = 0; t < SERVICE_TERMS; t++)
        if (!(fit.per[t] >= 0)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    latencies list;
    portolan_error err = {0};
    char path[64], names[256];
    if (size > 1 << 14) return 0;
    const uint8_t *end = memchr(data, '\n', size);
    size_t length = end ? (size_t)(end - data) : 0;
    if (!end || length >= sizeof names) return 0;
    memcpy(names, data, length);
    names[length] = '\0';
    int fd = memory_file(end + 1, size - length - 1, path);
    if (latencies_load(&list, path, &(latency_columns){names, "ms"}, &err))
        check(&list);
    else if (!err.status || !err.message[0])
        abort();
    latencies_free(&list);
    close(fd);
    return 0;
}
