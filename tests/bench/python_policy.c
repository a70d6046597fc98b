/* What the interface to Python costs a call of `route`, with a policy that returns a constant and looks at nothing, and with one
 * that looks at what is given: medians over batches of 1,000 calls.
 *   cmake --build BUILD --target bench-python */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/policies/policy.h"

enum { BATCH = 1000, BATCHES = 301, V = 300 };

static const char CONSTANT[] = "class Policy:\n"
                               "    def __init__(self, options): pass\n"
                               "    def route(self, seen): return 'phone'\n";
static const char
    LOOKING[] = "class Policy:\n"
                "    def __init__(self, options): pass\n"
                "    def route(self, seen): return 'phone' if seen.v[0] > 0 and seen.tokens else 'cloud'\n";

/* As the plug-in has its options: file, map, rest. */
typedef struct python_options {
    const policy_file *file;
    const void *map;
    const char *rest;
} python_options;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fail(void *run, const char *why) {
    (void)run;
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static double uniform(void *random) {
    (void)random;
    return 0.5;
}

static void measure(const policy_type *type, const char *name, const char *text) {
    static double v[V] = {1};
    const uint32_t depth[TIER_COUNT] = {3, 6, 12};
    const double cost[TIER_COUNT] = {0.25, 0.75, 1.5};
    const policy_file file = {"bench.py", text, strlen(text)};
    const python_options options = {&file, NULL, "{}"};
    const policy_start start = {.fail = fail};
    char why[POLICY_WHY] = "";
    uint64_t note = 0;
    double seconds[BATCHES];
    observation seen =
        {.tokens = 20, .v = v, .v_size = V, .depth = depth, .tier_cost = cost, .note = &note, .uniform = uniform};
    void *self = type->open(&options, &start, why);
    if (!self) fail(NULL, why);
    for (int i = 0; i < BATCHES; i++) {
        double begin = now();
        for (int k = 0; k < BATCH; k++) type->route(self, &seen);
        seconds[i] = (now() - begin) / BATCH;
    }
    type->close(self);
    qsort(seconds, BATCHES, sizeof *seconds, by_size);
    printf("%-28s %7.3f us a call (median; %.3f to %.3f)\n", name, 1e6 * seconds[BATCHES / 2], 1e6 * seconds[0],
           1e6 * seconds[BATCHES - 1]);
}

/* The class is kept for a process, so each policy is measured in a run of its own. */
int main(int argc, char **argv) {
    void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
    const policy_type *(*give)(void) = NULL;
    if (library) *(void **)&give = dlsym(library, "portolan_policy");
    if (!give) {
        fprintf(stderr, "usage: python_policy PORTOLAN_PYTHON.so constant|looking\n");
        return 2;
    }
    bool looks = strcmp(argv[2], "looking") == 0;
    measure(give(), looks ? "v, one number of it, tokens" : "a constant", looks ? LOOKING : CONSTANT);
    return 0;
}
