/* FLOP, weights and payloads of a slice, by formula. */
#include "model/model.h"

double model_layer_flops(const model_shape *m, uint64_t layers, uint64_t tokens) {
    double s = (double)tokens, h = (double)m->hidden, f = (double)m->feed_forward;
    return (double)layers * (8 * s * h * h + 4 * s * h * f + 4 * s * s * h);
}

double model_exit_flops(const model_shape *m) {
    double h = (double)m->hidden;
    return 2 * h * h + 2 * h * (double)m->classes;
}

double model_layer_bytes(const model_shape *m) {
    double h = (double)m->hidden, f = (double)m->feed_forward;
    return 4 * (4 * h * h + 2 * h * f);
}

double model_slice_bytes(const model_shape *m, uint64_t layers) {
    double h = (double)m->hidden, f = (double)m->feed_forward;
    double per_layer = 4 * h * h + 2 * h * f + h * h + h * (double)m->classes;
    return 4 * ((double)m->vocabulary * h + (double)layers * per_layer);
}

uint64_t payload_tokens(const payload_sizes *p, uint64_t tokens) { return p->token * tokens; }

uint64_t payload_hidden(const payload_sizes *p, const model_shape *m, uint64_t tokens) {
    return p->hidden * m->hidden * tokens;
}
