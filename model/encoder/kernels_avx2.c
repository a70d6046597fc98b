/* The kernels for processors with AVX2 and FMA: 16 registers of 8 floats hold 6 x 2 sums. */
#define KERNELS      KERNELS_AVX2
#define KERNELS_NAME "avx2"
#define LANES        8
#define BLOCK_ROWS   6
#include "kernels_body.h"
