/* Any bytes as training dynamics (epochs one after the other, cut at NULs) and as a published map: what is read is
 * complete and in range. */
#include <stdlib.h>
#include <string.h>

#include "analysis/cartography/cartography.h"

static void check_map(const data_map *m) {
    if (!m->samples) abort();
    for (uint32_t i = 0; i < m->samples; i++)
        if (!m->guids[i] || !(m->confidence[i] >= 0 && m->confidence[i] <= 1) ||
            !(m->variability[i] >= 0 && m->variability[i] <= 0.5001) || m->correctness[i] > m->epochs)
            abort();
}

static void try_dynamics(const char *text, size_t size) {
    enum { EPOCHS = 3 };
    training_dynamics d;
    portolan_error err = {0};
    bool ok = dynamics_open(&d, EPOCHS, &err);
    while (ok && d.epochs < EPOCHS && size) {
        const char *stop = memchr(text, '\0', size);
        size_t length = stop ? (size_t)(stop - text) : size;
        ok = dynamics_add_epoch(&d, "fuzz.jsonl", text, length, &err);
        text += stop ? length + 1 : length;
        size -= stop ? length + 1 : length;
    }
    if (ok != !err.status) abort();
    data_map m;
    if (ok && d.epochs && data_map_compute(&m, &d, &err)) {
        check_map(&m);
        data_map_free(&m);
    }
    dynamics_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    data_map m;
    portolan_error err = {0};
    if (data_map_parse(&m, "fuzz.jsonl", (const char *)data, size, &err))
        check_map(&m);
    else if (!err.status || !err.message[0] || m.guids)
        abort(); /* a refusal says why and leaves nothing */
    data_map_free(&m);
    try_dynamics((const char *)data, size);
    return 0;
}
