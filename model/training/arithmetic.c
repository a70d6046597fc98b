/* What decides the last bits of training on a machine: OpenBLAS picks its kernels, and the C library its functions, by the
 * processor. The kernels are told by their name; the functions, which have none, by what they give. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "files.h"
#include "model/encoder/encoder.h"

/* FNV-1a of the results of the functions that training calls. */
static uint64_t libm_print(void) {
    enum { POINTS = 2000 };
    uint64_t hash = 0xcbf29ce484222325;
    for (int i = 1; i <= POINTS; i++) {
        volatile double x = -8 + 8.0 * i / POINTS; /* volatile: to be computed here, not by the compiler */
        volatile float narrow = (float)x;
        double results[] = {exp(x), log(-x + 1e-3), erf(x), tanh(x), (double)expf(narrow)};
        unsigned char bytes[sizeof results];
        memcpy(bytes, results, sizeof bytes);
        for (size_t k = 0; k < sizeof bytes; k++) hash = (hash ^ bytes[k]) * 0x100000001b3;
    }
    return hash;
}

const char *training_arithmetic(void) {
    static char name[TRAIN_ARITHMETIC_BYTES];
    char version[32] = "";
    if (name[0] || !blas.config) return name;
    sscanf(blas.config(), "%*s %31s", version);
    snprintf(name, sizeof name, "OpenBLAS %.31s %.40s, libm %08x", version, blas.corename(),
             (unsigned)(libm_print() >> 32));
    return name;
}
