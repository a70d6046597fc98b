/* Models of random weights: of any size, for tests and for measuring speed, where no trained one is at hand.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "weight_names.h"

typedef enum filling { FILL_ZERO, FILL_ONE, FILL_NORMAL } filling;

static filling filling_of(model_weight weight) {
    switch (weight) {
    case WEIGHT_EMBEDDING_NORM_SCALE:
    case LAYER_NORM1_SCALE:
    case LAYER_NORM2_SCALE:
    case WEIGHT_FINAL_NORM_SCALE: return FILL_ONE;
    case WEIGHT_TOKEN_TABLE:
    case WEIGHT_POSITION_TABLE:
    case WEIGHT_SEGMENT_TABLE:
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
static void fill(float *data, uint64_t n, model_weight weight, uint32_t layer, double scale, uint64_t seed) {
    random_stream stream = random_open(seed, "weights", (uint64_t)layer << 8 | weight);
    filling how = filling_of(weight);
    for (uint64_t i = 0; i < n; i++)
        data[i] = how == FILL_NORMAL ? (float)(scale * random_normal(&stream)) : how == FILL_ONE ? 1.0f : 0.0f;
}

typedef struct model_draft {
    const encoder_config *config;
    double scale; /* standard deviation of the weights */
    uint64_t seed;
    arena memory; /* owns names and numbers of the tensors */
    tensor tensors[MODEL_WEIGHTS * MODEL_MAX_LAYERS];
    size_t count;
} model_draft;

static bool add_weight(model_draft *draft, model_weight weight, uint32_t layer, portolan_error *err) {
    char name[128];
    model_weight_name(weight, layer, name, sizeof name);
    tensor t = {.name = arena_text(&draft->memory, name, strlen(name)), .type = TENSOR_F32, .elements = 1};
    t.rank = model_weight_shape(draft->config, weight, t.shape);
    for (uint32_t i = 0; i < t.rank; i++) t.elements *= t.shape[i];
    float *data = arena_alloc(&draft->memory, t.elements, sizeof *data);
    if (!t.name || !data) return error_memory(err, t.elements * sizeof *data);
    fill(data, t.elements, weight, layer, draft->scale, draft->seed);
    t.data = data;
    draft->tensors[draft->count++] = t;
    return true;
}

static bool add_weights(model_draft *draft, portolan_error *err) {
    const encoder_config *c = draft->config;
    for (int weight = 0; weight < MODEL_WEIGHTS; weight++) {
        bool layered = model_weight_is_layered((model_weight)weight);
        for (uint32_t layer = layered; layer <= (layered ? c->shape.layers : 0); layer++)
            if (model_has_weight(c, (model_weight)weight, layer) &&
                !add_weight(draft, (model_weight)weight, layer, err))
                return false;
    }
    return true;
}

bool model_write_random(const char *path, const encoder_config *c, double scale, uint64_t seed, portolan_error *err) {
    static const char *const METADATA[] = {"format", "pt", NULL};
    model_draft *draft = calloc(1, sizeof *draft);
    if (!draft) return error_memory(err, sizeof *draft);
    draft->config = c;
    draft->scale = scale;
    draft->seed = seed;
    bool ok = add_weights(draft, err) && safetensors_write(path, draft->tensors, draft->count, METADATA, err) &&
              encoder_config_write(c, path, err);
    arena_free(&draft->memory);
    free(draft);
    return ok;
}
