#ifndef CF_NN_PASS_H
#define CF_NN_PASS_H

/* One pass of some events through a graph: values forward, gradients back.  A pass runs on one
 * thread; everything that it makes lies in its arena.
 *
 * Lists are packed: the rows of all events behind each other, starts[event] the first one's
 * number. */

#include "nn/graph.h"
#include "nn/kernels.h"

typedef struct {
    size_t rows; /* events, or rows of all lists */
    float *y;    /* [rows][width] */
    float *dy;   /* gradient of the loss; NULL until somebody has added to it */
    void *kept;  /* the layer's own, from forward for backward */
} cf_value;

typedef struct {
    const uint32_t *starts; /* [events + 1]; NULL: one row an event */
    const float *values;
} cf_pass_input;

typedef struct {
    const cf_graph *graph;
    const cf_nn_kernels *kernels;
    cf_arena *arena;
    const float *weights; /* the block */
    float *gradient;      /* same layout, added to; NULL: forward only */
    size_t events;
    const cf_pass_input *inputs;
    bool training;  /* dropout acts */
    uint64_t noise; /* hash of seed and step */
    const uint32_t
        *place;       /* [events]: place in the batch, so that how it was cut is not seen */
    cf_value *values; /* [layers] */
    bool failed;      /* memory ran out */
    double flop;      /* counted products */
} cf_pass;

/* Makes values[], all layers.  The output is softmax'ed (or sigmoid'ed).  false: no memory. */
bool cf_pass_forward(cf_pass *p);
/* From the gradient by the sums of the last layer (before its function), which lies in dy of
 * the last value. */
bool cf_pass_backward(cf_pass *p);

static inline const float *cf_pass_output(const cf_pass *p) {
    return p->values[p->graph->layer_count - 1].y;
}

/* --- for layers --- */

/* [count][width] floats, not set; NULL and p->failed when memory ran out. */
float *cf_pass_floats(cf_pass *p, size_t count, size_t width);
void *cf_pass_bytes(cf_pass *p, size_t count, size_t size);
void cf_pass_gemm(cf_pass *p, const cf_gemm *g);

/* The gradient of a layer's values as a place to add to; *fresh: it holds nothing yet and must
 * be set.  NULL: not wanted (nothing before it learns), or no memory. */
float *cf_pass_gradient(cf_pass *p, uint32_t layer, bool *fresh);
/* dy of `layer` += or = x [rows][width of layer] */
bool cf_pass_add_gradient(cf_pass *p, uint32_t layer, const float *x);

/* y = x W + b over `rows` rows, and back: dW += x' dy, db += sums of dy, dx += dy W' (`into` is
 * the layer of x, or none).  kernel: which of the layer's weights W is; b is the next. */
#define CF_NO_LAYER UINT32_MAX
void cf_pass_linear(cf_pass *p, const cf_layer *layer, uint32_t kernel, const float *x,
                    size_t rows, float *y);
bool cf_pass_linear_back(cf_pass *p, const cf_layer *layer, uint32_t kernel, const float *x,
                         size_t rows, const float *dy, size_t ld_dy, uint32_t into);

static inline const float *cf_pass_weight(const cf_pass *p, const cf_layer *layer,
                                          uint32_t index) {
    return p->weights + cf_layer_weight(p->graph, layer, index);
}

static inline float *cf_pass_weight_gradient(const cf_pass *p, const cf_layer *layer,
                                             uint32_t index) {
    return p->gradient + cf_layer_weight(p->graph, layer, index);
}

static inline cf_value *cf_pass_from(const cf_pass *p, const cf_layer *layer, uint32_t index) {
    return &p->values[layer->from[index]];
}

static inline cf_value *cf_pass_value(const cf_pass *p, const cf_layer *layer) {
    return &p->values[layer - p->graph->layers];
}

typedef struct {
    bool (*forward)(cf_pass *p, const cf_layer *layer);
    bool (*backward)(cf_pass *p, const cf_layer *layer);
} cf_layer_class;

extern const cf_layer_class cf_layer_dense, cf_layer_dropout, cf_layer_concat, cf_layer_add,
    cf_layer_norm, cf_layer_flatten, cf_layer_pool, cf_layer_gru, cf_layer_lstm,
    cf_layer_attention, cf_layer_trees;

#endif
