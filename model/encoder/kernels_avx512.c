/* The kernels for processors with AVX-512: 32 registers of 16 floats hold 12 x 2 sums. */
#define KERNELS      KERNELS_AVX512
#define KERNELS_NAME "avx512"
#define LANES        16
#define BLOCK_ROWS   12
#include "kernels_body.h"
