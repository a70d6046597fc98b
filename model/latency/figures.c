/* What a measured slice has to do. */
#include <stdlib.h>

#include "latency.h"

void latencies_free(latencies *list) {
    free(list->items);
    *list = (latencies){0};
}

double latency_flops(const latency *m) {
    double s = m->tokens, h = m->hidden, f = m->feed_forward, a = m->attention;
    return m->batch * m->layers * (8 * s * h * a + 4 * s * h * f + 4 * s * s * a);
}

double latency_weight_bytes(const latency *m) {
    return 4 * m->layers * (4 * m->hidden * m->attention + 2 * m->hidden * m->feed_forward);
}
