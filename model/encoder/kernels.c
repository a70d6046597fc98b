/* Picks the kernels for this processor, and lays weights out for them. */
#include "kernels.h"

#include <stdlib.h>
#include <string.h>

const kernels *kernels_pick(void) {
    const char *wanted = getenv("PORTOLAN_KERNELS"); /* for tests and comparisons: avx512, avx2 or generic */
#if defined(__x86_64__)
    static const kernels *const TABLES[] = {&KERNELS_AVX512, &KERNELS_AVX2};
    const int usable[] = {__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"),
                          __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")};
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES; i++)
        if (usable[i] && (!wanted || strcmp(wanted, TABLES[i]->name) == 0)) return TABLES[i];
#endif
    (void)wanted;
    return &KERNELS_GENERIC;
}

size_t weights_size(const kernels *k, size_t K, size_t N) {
    size_t columns = k->panel ? (N + k->panel - 1) / k->panel * k->panel : N;
    return K * columns;
}

void weights_store(const kernels *k, float *w, size_t K, size_t N, size_t first, size_t columns, const float *part) {
    size_t panel = k->panel ? k->panel : N;
    for (size_t n = first, run; n < first + columns; n += run) { /* columns that lie in one panel */
        run = panel - n % panel < first + columns - n ? panel - n % panel : first + columns - n;
        float *at = w + n / panel * panel * K + n % panel;
        for (size_t row = 0; row < K; row++)
            memcpy(at + row * panel, part + row * columns + n - first, run * sizeof *w);
    }
}
