/* What the encoder lends to its neighbours, training and analysis: matrix products, its kernels, and the names of a model's
 * weights. What users call is in model.h. */
#ifndef PORTOLAN_ENCODER_H
#define PORTOLAN_ENCODER_H

#include "blas.h"
#include "kernels.h"
#include "weight_names.h"

#endif
