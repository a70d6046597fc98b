/* Which parts a configuration asks for; shared by the files that read and write models. */
#ifndef PORTOLAN_MODEL_PARTS_H
#define PORTOLAN_MODEL_PARTS_H

#include "model/model.h"

/* Whether a model of this configuration has the part (at `layer`, from 1, where the part is one of a layer or
 * an exit). */
bool model_has_part(const encoder_config *c, model_part part, uint32_t layer);

/* Whether every layer has such a part. */
bool model_part_is_layered(model_part part);

/* Checks that every part is in the file with the right shape. */
bool model_check_parts(const encoder_config *c, const safetensors *file, portolan_error *err);

#endif
