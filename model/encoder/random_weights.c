/* Models of random weights: of any size, for tests and for measuring speed, where no trained one is at hand.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "weight_names.h"

typedef enum filling { FILL_ZERO, FILL_ONE, FILL_NORMAL } filling;

static filling part_filling(model_part part) {
    switch (part) {
    case PART_EMBEDDING_NORM_SCALE:
    case LAYER_NORM1_SCALE:
    case LAYER_NORM2_SCALE:
    case PART_FINAL_NORM_SCALE: return FILL_ONE;
    case PART_TOKEN_TABLE:
    case PART_POSITION_TABLE:
    case PART_SEGMENT_TABLE:
    case LAYER_QUERY_WEIGHT:
    case LAYER_KEY_WEIGHT:
    case LAYER_VALUE_WEIGHT:
    case LAYER_OUTPUT_WEIGHT:
    case LAYER_UP_WEIGHT:
    case LAYER_DOWN_WEIGHT:
    case EXIT_POOLER_WEIGHT:
    case EXIT_CLASSIFIER_WEIGHT: return FILL_NORMAL;
    default: return FILL_ZERO;
    }
}

/* Each tensor has its own stream, so that neither order nor the other tensors matter. */
static void fill(float *data, uint64_t n, model_part part, uint32_t layer, double scale, uint64_t seed) {
    random_stream stream = random_open(seed, "weights", (uint64_t)layer << 8 | part);
    filling how = part_filling(part);
    for (uint64_t i = 0; i < n; i++)
        data[i] = how == FILL_NORMAL ? (float)(scale * random_normal(&stream)) : how == FILL_ONE ? 1.0f : 0.0f;
}

typedef struct model_draft {
    arena memory;
    tensor tensors[MODEL_PARTS * MODEL_MAX_LAYERS];
    size_t count;
} model_draft;

static bool add_part(model_draft *draft, const encoder_config *c, model_part part, uint32_t layer, double scale,
                     uint64_t seed, portolan_error *err) {
    char name[128];
    model_part_name(part, layer, name, sizeof name);
    tensor t = {.name = arena_text(&draft->memory, name, strlen(name)), .type = TENSOR_F32, .elements = 1};
    t.rank = model_part_shape(c, part, t.shape);
    for (uint32_t i = 0; i < t.rank; i++) t.elements *= t.shape[i];
    float *data = arena_alloc(&draft->memory, t.elements, sizeof *data);
    if (!t.name || !data) return error_memory(err, t.elements * sizeof *data);
    fill(data, t.elements, part, layer, scale, seed);
    t.data = data;
    draft->tensors[draft->count++] = t;
    return true;
}

static bool add_parts(model_draft *draft, const encoder_config *c, double scale, uint64_t seed, portolan_error *err) {
    for (int part = 0; part < MODEL_PARTS; part++) {
        bool layered = model_part_is_layered((model_part)part);
        for (uint32_t layer = layered; layer <= (layered ? c->shape.layers : 0); layer++)
            if (model_has_part(c, (model_part)part, layer) &&
                !add_part(draft, c, (model_part)part, layer, scale, seed, err))
                return false;
    }
    return true;
}

bool model_write_random(const char *path, const encoder_config *c, double scale, uint64_t seed, portolan_error *err) {
    static const char *const METADATA[] = {"format", "pt", NULL};
    model_draft *draft = calloc(1, sizeof *draft);
    if (!draft) return error_memory(err, sizeof *draft);
    bool ok = add_parts(draft, c, scale, seed, err) &&
              safetensors_write(path, draft->tensors, draft->count, METADATA, err) &&
              encoder_config_write(c, path, err);
    arena_free(&draft->memory);
    free(draft);
    return ok;
}
