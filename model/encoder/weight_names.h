/* Which weights a configuration asks for; shared by the files that read and write models. */
#ifndef PORTOLAN_WEIGHT_NAMES_H
#define PORTOLAN_WEIGHT_NAMES_H

#include "model/model.h"

/* Whether a model of this configuration has the weight (at `layer`, from 1, where the weight is one of a layer or
 * an exit). */
bool model_has_weight(const encoder_config *c, model_weight weight, uint32_t layer);

/* Whether every layer has such a weight. */
bool model_weight_is_layered(model_weight weight);

/* Checks that every weight is in the file with the right shape. */
bool model_check_weights(const encoder_config *c, const safetensors *file, portolan_error *err);

#endif
