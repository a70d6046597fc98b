/* The kernels for any processor: vectors of four, weights' products by OpenBLAS. */
#define KERNELS      KERNELS_GENERIC
#define KERNELS_NAME "generic"
#define LANES        4
#define BLOCK_ROWS   1
#include "kernels_body.h"
