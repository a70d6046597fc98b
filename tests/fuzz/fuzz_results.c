/* Any bytes as a results folder: what stands before the first line "#" is summary.json, between it and the
 * next one requests.csv, then calibration.csv, places.csv, sites.csv. What is read has ordered latencies, no
 * more answers than requests, and lies on Earth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/run_folder.h"

static const char *const NAMES[] = {"summary.json", "requests.csv", "calibration.csv", "places.csv",
                                    "sites.csv",    "manifest.json"};
enum { NAME_COUNT = sizeof NAMES / sizeof *NAMES };
static char folder[64];

static void write_part(const char *name, const uint8_t *data, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) exit(1);
}

/* Bytes before the next line "#", or all. */
static size_t part(const uint8_t *data, size_t size) {
    const uint8_t *end = memmem(data, size, "\n#\n", 3);
    return end ? (size_t)(end - data) + 1 : size;
}

static void check(const run_folder *f) {
    for (size_t i = 0; i < f->policy_count; i++) {
        const policy_rows *r = &f->policies[i].rows;
        if (r->answered > r->requests || r->right > r->answered || r->samples > r->requests) abort();
        for (size_t k = 1; k < r->answered; k++)
            if (!(r->latencies[k - 1] <= r->latencies[k])) abort();
    }
    for (size_t e = 1; e < f->exit_count; e++)
        if (f->exits[e - 1].layer >= f->exits[e].layer) abort();
    for (size_t i = 0; i < f->places.count; i++)
        if (!(fabs(f->places.points[i].latitude) <= 90 && fabs(f->places.points[i].longitude) <= 360)) abort();
    for (size_t i = 0; i < f->places.site_count; i++)
        if (fleet_find_site(&f->places, f->places.points[f->places.sites[i]].name) == f->places.site_count) abort();
}

static void remove_folder(void) {
    char path[256];
    for (int i = 0; i < NAME_COUNT; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void make_folder(void) {
    snprintf(folder, sizeof folder, "fuzz-results-XXXXXX");
    if (!mkdtemp(folder)) exit(1);
    atexit(remove_folder);
    write_part(NAMES[NAME_COUNT - 1], (const uint8_t *)"{}", 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!folder[0]) make_folder();
    for (int i = 0; i < NAME_COUNT - 1; i++) {
        size_t n = part(data, size);
        write_part(NAMES[i], data, n);
        size_t skip = n + 2 < size ? n + 2 : size;
        data += skip;
        size -= skip;
    }
    run_folder f;
    portolan_error err = {0};
    if (run_folder_load(&f, folder, true, &err))
        check(&f);
    else if (!err.status || !err.message[0] || f.policies)
        abort(); /* a refusal says why and leaves nothing */
    run_folder_free(&f);
    return 0;
}
