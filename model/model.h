/* What computes? A multi-exit BERT-family encoder, run as slices of layers; what a slice needs in FLOP, bytes
 * and memory; and safetensors files, which hold the weights. */
#ifndef PORTOLAN_MODEL_H
#define PORTOLAN_MODEL_H

#include <stdint.h>

#include "base/error.h"
#include "workloads/workloads.h"

/* ---- What a slice needs ---- */

/* An encoder of `layers` equal layers with an exit classifier after each. Sizes in elements. */
typedef struct model_shape {
    uint64_t layers;       /* L */
    uint64_t hidden;       /* h */
    uint64_t feed_forward; /* f */
    uint64_t classes;
    uint64_t vocabulary;
} model_shape;

/* FLOP of `layers` layers on a sequence of `tokens`: layers * (8 s h^2 + 4 s h f + 4 s^2 h). The terms are the four
 * attention projections, the two feed-forward products, and the scores and their weighted sum (a product of an m x k
 * and a k x n matrix counts 2 m k n). */
double model_layer_flops(const model_shape *m, uint64_t layers, uint64_t tokens);

/* FLOP of one exit classifier: 2 h^2 for the pooler and 2 h classes for the head. */
double model_exit_flops(const model_shape *m);

/* Bytes of fp32 weights of one layer: 4 (4 h^2 + 2 h f), biases and norms left out. */
double model_layer_bytes(const model_shape *m);

/* Bytes of fp32 weights that a device needs for the embedding table, layers 1..`layers` and their exits:
 * 4 (vocabulary h + layers (4 h^2 + 2 h f + h^2 + h classes)), biases and norms left out. */
double model_slice_bytes(const model_shape *m, uint64_t layers);

/* What crosses the network, in bytes; options of a scenario. */
typedef struct payload_sizes {
    uint64_t token;  /* of one token id */
    uint64_t hidden; /* of one element of a hidden state: 4, 2 or 1 */
    uint64_t answer; /* of an answer, whole */
} payload_sizes;

/* Bytes of a request sent as tokens, and as the hidden state of all its tokens. */
uint64_t payload_tokens(const payload_sizes *p, uint64_t tokens);
uint64_t payload_hidden(const payload_sizes *p, const model_shape *m, uint64_t tokens);

/* ---- safetensors files (safetensors.c) ---- */

typedef enum tensor_type { TENSOR_F32, TENSOR_F16, TENSOR_BF16 } tensor_type;

enum { TENSOR_MAX_RANK = 4 };

/* A tensor in row-major order. `data` is borrowed: from the mapped file when read, from the caller when written; it need
 * not be aligned. */
typedef struct tensor {
    const char *name;
    tensor_type type;
    uint32_t rank;
    uint64_t shape[TENSOR_MAX_RANK];
    uint64_t elements;
    const void *data;
} tensor;

typedef struct safetensors safetensors;

/* Maps a file and checks its whole header: length against the file's size, types, shapes against byte ranges, no overlap,
 * no gap, no duplicate name. NULL on failure. */
safetensors *safetensors_open(const char *path, portolan_error *err);
void safetensors_close(safetensors *file);

/* The tensor called `name`, or NULL. */
const tensor *safetensors_find(const safetensors *file, const char *name);

/* All tensors in the order of the file. */
const tensor *safetensors_all(const safetensors *file, size_t *count);

/* The path it was opened by, for messages. */
const char *safetensors_path(const safetensors *file);

/* Converts all elements to float into `out` [elements]; a rank-2 tensor [rows][columns] as [columns][rows] if `transpose`.
 * Refuses NaN and infinities, naming the tensor. Gives the mapped pages back to the system. */
bool tensor_read(const safetensors *file, const tensor *t, bool transpose, float *out, portolan_error *err);

/* Writes a file under a temporary name and renames it. `metadata` may be NULL or a list of key, value, ..., NULL. */
bool safetensors_write(const char *path, const tensor *tensors, size_t count, const char *const *metadata,
                       portolan_error *err);

/* IEEE half from float, to nearest even, and back; and the same for bfloat16. */
uint16_t half_from_float(float x);
float float_from_half(uint16_t bits);
uint16_t bfloat16_from_float(float x);
float float_from_bfloat16(uint16_t bits);

/* ---- Configuration and names of weights (config.c) ---- */

typedef enum pooling { POOL_CLS, POOL_MEAN } pooling;

enum { MODEL_MAX_LAYERS = 64 };

/* What config.json says. */
typedef struct encoder_config {
    model_shape shape;
    uint64_t heads;     /* divides hidden */
    uint64_t positions; /* longest sequence */
    uint64_t segments;  /* rows of the segment (token type) table; 0: none */
    double norm_eps;
    bool pre_norm;   /* LayerNorm before attention and feed-forward, one more behind the last layer; else after both */
    int pooling;     /* what an exit looks at: the first token or the mean of all */
    bool has_pooler; /* a dense layer with tanh before the exit's classifier */
    bool exits[MODEL_MAX_LAYERS];   /* [layer - 1]: whether an exit stands after it */
    bool lowercase;                 /* for the tokenizer */
    const char *const *class_names; /* [classes], NULL at the end; NULL: classes have numbers only. Borrowed */
} encoder_config;

/* The weights of the model (tables, matrices, biases, norms); LAYER_* and EXIT_* are asked for with a layer, from 1. */
typedef enum model_weight {
    WEIGHT_TOKEN_TABLE,
    WEIGHT_POSITION_TABLE,
    WEIGHT_SEGMENT_TABLE,
    WEIGHT_EMBEDDING_NORM_SCALE,
    WEIGHT_EMBEDDING_NORM_SHIFT,
    LAYER_QUERY_WEIGHT,
    LAYER_QUERY_BIAS,
    LAYER_KEY_WEIGHT,
    LAYER_KEY_BIAS,
    LAYER_VALUE_WEIGHT,
    LAYER_VALUE_BIAS,
    LAYER_OUTPUT_WEIGHT,
    LAYER_OUTPUT_BIAS,
    LAYER_NORM1_SCALE,
    LAYER_NORM1_SHIFT,
    LAYER_UP_WEIGHT,
    LAYER_UP_BIAS,
    LAYER_DOWN_WEIGHT,
    LAYER_DOWN_BIAS,
    LAYER_NORM2_SCALE,
    LAYER_NORM2_SHIFT,
    WEIGHT_FINAL_NORM_SCALE,
    WEIGHT_FINAL_NORM_SHIFT, /* pre-norm models only */
    EXIT_POOLER_WEIGHT,
    EXIT_POOLER_BIAS,
    EXIT_CLASSIFIER_WEIGHT,
    EXIT_CLASSIFIER_BIAS,
    MODEL_WEIGHTS
} model_weight;

/* Reads the NAME.config.json or config.json beside NAME.safetensors and looks in the file for what the config does not say (which layers
 * have exits, poolers, classes). Checks that every weight is there with the right shape. Names of classes live in `memory`. */
bool encoder_config_load(encoder_config *c, arena *memory, const safetensors *file, portolan_error *err);

/* The tensor that holds a weight, by the names of Hugging Face BERT and of multi-exit models (DeeBERT's highways, PABEE's and
 * ElasticBERT's classifiers); NULL if the model has none. A shared pooler is found for every layer. Linear weights are
 * [outputs][inputs], as PyTorch keeps them. */
const tensor *model_tensor(const safetensors *file, model_weight weight, uint32_t layer);

/* The name under which Portolan itself writes a weight. */
void model_weight_name(model_weight weight, uint32_t layer, char *into, size_t size);

/* Shape of a weight under a configuration; returns the rank. */
uint32_t model_weight_shape(const encoder_config *c, model_weight weight, uint64_t shape[TENSOR_MAX_RANK]);

/* Writes config.json beside `path`. */
bool encoder_config_write(const encoder_config *c, const char *path, portolan_error *err);

/* Writes a model of random weights (normal, standard deviation `scale`; biases 0, norm scales 1), drawn from `seed`. */
bool model_write_random(const char *path, const encoder_config *c, double scale, uint64_t seed, portolan_error *err);

/* ---- The encoder (encoder.c) ---- */

typedef struct encoder encoder;

/* Loads layers 1..`layers` (0: all) with the embeddings and their exits from a .safetensors file. NULL on failure. */
encoder *encoder_load(const char *path, uint32_t layers, portolan_error *err);
void encoder_free(encoder *e);
const encoder_config *encoder_settings(const encoder *e);

/* SHA-256, as 64 hexadecimal digits, of the weights that embeddings are made with: what is computed from embeddings holds
 * for models of the same hash. */
void encoder_embedding_hash(const encoder *e, char hex[FILE_HASH_TEXT]);

/* Sequences packed end to end without padding. */
typedef struct token_batch {
    uint32_t count;          /* sequences */
    uint32_t total;          /* tokens in all */
    const uint32_t *lengths; /* [count], each 1..positions */
    const uint32_t *ids;     /* [total], each below the vocabulary */
    const uint8_t *segments; /* [total], each below the segments; NULL: all 0 */
} token_batch;

/* What the model that was loaded from `path` (borrowed) wants of texts; its names of classes are the encoder's. */
token_wants encoder_wants(const encoder *e, const char *path);

/* One sample of a set, whose arrays are borrowed. */
token_batch token_set_batch(const token_set *set, uint32_t sample);

/* Scratch memory of one thread. A zeroed one is empty; it grows as needed. */
typedef struct encoder_scratch {
    void *memory;
    size_t bytes;
} encoder_scratch;

void encoder_scratch_free(encoder_scratch *scratch);

/* A batch on its way through the layers; all is borrowed. */
typedef struct encoder_pass {
    const token_batch *batch;
    float *hidden; /* [total][h] */
    encoder_scratch *scratch;
} encoder_pass;

/* Embeddings of a batch into hidden [total][h]: token + position + segment, then LayerNorm. */
bool encoder_embed(const encoder *e, const token_batch *batch, float *hidden, portolan_error *err);

/* Layers from+1 .. to over the hidden states, in place. A sequence's result does not depend, to the bit, on the other
 * sequences of the batch, nor on how layers are cut into slices (encoder_batches_freely says where that needs one sequence
 * at a time, which this function then sees to). */
bool encoder_run(const encoder *e, uint32_t from, uint32_t to, const encoder_pass *pass, portolan_error *err);

/* Logits [count][classes] of the exit after `layer` (from 1) for the hidden state after that layer. */
bool encoder_exit(const encoder *e, uint32_t layer, const encoder_pass *pass, float *logits, portolan_error *err);

/* Some samples of a set, by their numbers. */
typedef struct token_choice {
    const token_set *set;
    const uint32_t *samples; /* [count] */
    uint32_t count;
} token_choice;

/* What every exit of the loaded layers says to some samples, written into the table (made with outcome_table_allocate for the
 * exits of the model): runs them in batches of like lengths. */
bool encoder_fill_outcomes(const encoder *e, const token_choice *chosen, outcome_table *t, encoder_scratch *scratch,
                           portolan_error *err);

/* Called now and then with the samples done so far, one thread at a time. */
typedef struct outcome_watch {
    void (*progress)(void *context, uint32_t done, uint32_t total);
    void *context;
} outcome_watch;

/* The whole table of a token set, by `threads` threads; tokens and labels are copied. `watch` may be NULL. On failure `t` is
 * left empty. */
bool encoder_outcomes(const encoder *e, const token_set *set, unsigned threads, const outcome_watch *watch,
                      outcome_table *t, portolan_error *err);

/* An empty table for the model's exits and the set's samples, with labels and tokens. */
bool encoder_outcome_table(const encoder *e, const token_set *set, bool shared, outcome_table *t, portolan_error *err);

/* Rounds a hidden state of n elements in rows of `width` as it is when sent with so many bytes an element: 4 as it is,
 * 2 to IEEE half, 1 to 8 bits between plus and minus the largest magnitude of its row. */
void hidden_round(float *hidden, size_t n, size_t width, uint64_t bytes);

/* ---- Training (train.c) ---- */

typedef enum loss_kind {
    LOSS_JOINT,     /* all exits at once, exit i weighing i / sum i (DIMEE, PABEE) */
    LOSS_UNIFORM,   /* all exits at once, equally */
    LOSS_TWO_STAGE, /* first the backbone with its last exit, then, backbone frozen, the other exits (DeeBERT) */
} loss_kind;

typedef struct train_settings {
    uint64_t seed;
    encoder_config config;
    double init_scale;            /* standard deviation of initial matrices */
    const char *start;            /* a model whose weights are the initial ones; NULL: random */
    const char *word_vectors;     /* a file of initial token embeddings; NULL: none */
    const char *vocabulary;       /* the vocabulary's file, which word vectors need */
    uint64_t epochs, exit_epochs; /* exit_epochs: of the second stage of LOSS_TWO_STAGE */
    uint64_t batch;               /* sequences of a step */
    uint64_t shards; /* parts a batch is cut into; the sum over shards has a fixed order, so that the weights do
                                     not depend on the number of threads, which can be at most this */
    double rate, warmup,
        cooldown; /* largest learning rate; shares of the steps over which it grows linearly at first, and
                                      falls linearly to 0 at last */
    double decay, clip, dropout; /* clip: largest norm of the gradient; 0: none */
    double beta1, beta2, eps;
    int loss;          /* loss_kind */
    double curriculum; /* accuracy of the last exit on the deepest samples admitted, at which the next depth is
                                     admitted, for sets that know depths; 0: all are from the start */
    double holdout, label_noise;   /* shares of the training samples: left out of training; given a wrong label */
    bool record[MODEL_MAX_LAYERS]; /* [layer - 1]: exits whose training dynamics are recorded */
    bool half;                     /* store the finished model in half precision */
    bool accept_changed;           /* go on with a checkpoint of another arithmetic */
} train_settings;

enum { TRAIN_ARITHMETIC_BYTES = 124, TRAIN_ARITHMETICS = 8 };

/* With which arithmetic a run was trained from an epoch (from 0) on. */
typedef struct train_arithmetic {
    uint32_t from_epoch;
    char name[TRAIN_ARITHMETIC_BYTES];
} train_arithmetic;

/* Name of the arithmetic here, on which the last bits of training depend: OpenBLAS's version and kernels, and what the C
 * library's functions give. Empty before OpenBLAS is loaded, as model_train does. Not for several threads at once. */
const char *training_arithmetic(void);

/* Epochs of both stages. */
uint32_t train_epochs(const train_settings *s);

/* What one epoch gave at one exit. */
typedef struct epoch_metrics {
    uint32_t epoch, exit;                                      /* from 0; layer */
    double train_loss, train_accuracy, dev_loss, dev_accuracy; /* NaN without a dev set */
} epoch_metrics;

/* Calls by which training tells how far it is; members may be NULL. */
typedef struct train_watch {
    void *context;
    /* before the first step, when all that was to be read has been: a failure ends the run */
    bool (*begin)(void *context, const train_arithmetic *list, size_t count, portolan_error *err);
    void (*step)(void *context, uint64_t step, uint64_t steps, double loss, double rate);
    void (*epoch)(void *context, const epoch_metrics *rows, size_t count);
} train_watch;

/* On what, where and how a training run works; all is borrowed. */
typedef struct train_run {
    const token_set *train, *dev; /* dev may be NULL */
    const char *out;              /* a folder, which exists */
    unsigned threads;
    bool resume; /* go on from the checkpoint in the folder */
    const train_watch *watch;
} train_run;

/* Trains a model from random weights into the folder: after every epoch metrics.csv, training_dynamics/ and a checkpoint, at
 * the end model.safetensors and config.json. A run that is resumed ends in the same bits as an undisturbed one: so a
 * checkpoint that was written under another arithmetic is refused, unless s->accept_changed. */
bool model_train(const train_settings *s, const train_run *run, portolan_error *err);

/* Softmax of n logits, in double. */
void softmax(const float *logits, uint32_t n, double *probabilities);

/* Whether this processor's kernels give rows that do not depend on the batch. */
bool encoder_batches_freely(void);

/* Name of the kernels, on which the last bits of a result depend, for the manifest. */
const char *encoder_kernel(void);

/* Prepares for passes by `threads` threads at a time, each of which computes alone: to be called before the first pass. Fails
 * where memory is short. (Denormals, which make products 200 times slower, are flushed to zero within the encoder's
 * functions and left alone outside.) */
bool encoder_threads(unsigned threads, portolan_error *err);

#endif
