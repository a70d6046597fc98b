/* Any bytes as a CSV file of places: what is read lies on Earth, and each place is its own nearest. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory_file.h"
#include "platforms/places.h"

enum { MOST = 1000 };

static void check(const location *places, uint64_t count, arena *memory) {
    nearest n;
    portolan_error err = {0};
    if (!count || count > MOST || !nearest_open(&n, memory, places, count, &err)) abort();
    for (uint64_t i = 0; i < count; i++) {
        if (!(fabs(places[i].latitude) <= 90 && fabs(places[i].longitude) <= 180)) abort();
        const spot *s = &n.spots[nearest_spot(&n, &places[i])];
        if (!(location_distance(&places[n.members[s->first]], &places[i]) < 1e-6)) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    location *places;
    uint64_t count;
    arena memory = {0};
    portolan_error err = {0};
    char path[64];
    if (size > 1 << 16) return 0;
    int fd = memory_file(data, size, path);
    if (places_load(&memory, path, MOST, &places, &count, &err))
        check(places, count, &memory);
    else if (!err.status || !err.message[0])
        abort();
    arena_free(&memory);
    close(fd);
    return 0;
}
