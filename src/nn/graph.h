#ifndef CF_NN_GRAPH_H
#define CF_NN_GRAPH_H

/* A spec that was checked against its inputs: layers in the order of computation, every one
 * with its shape, and every weight with its place in the one block of parameters. */

#include "nn/nn.h"

typedef enum {
    CF_INIT_ZERO,
    CF_INIT_ONE,
    CF_INIT_GLOROT,
    CF_INIT_ORTHOGONAL,
    CF_INIT_FORGET
} cf_init;

typedef struct {
    const char *name;
    uint32_t layer, rows, columns;
    size_t at; /* first float in the block */
    cf_init init;
    uint32_t fan_in, fan_out; /* for Glorot's limit */
} cf_weight;

typedef struct {
    cf_nn_kind kind;
    const cf_nn_spec *spec;
    const char *name;
    uint32_t from_count;
    const uint32_t *from; /* earlier layers */
    bool list;            /* rows of a list, else one row an event */
    uint32_t input;       /* list: whose rows; kind INPUT: which */
    uint32_t width;
    uint32_t first_weight, weight_count;
    bool learns; /* weights here or before: it needs a gradient */
} cf_layer;

typedef struct {
    const cf_nn_input *inputs;
    uint32_t input_count, classes;
    const cf_layer *layers; /* the last one is the output */
    uint32_t layer_count;
    const cf_weight *weights;
    uint32_t weight_count;
    size_t parameters;
    bool softmax; /* the output's function; else sigmoid */
} cf_graph;

#define CF_NN_LAYERS_MAX 1000u
#define CF_NN_WIDTH_MAX  (1u << 24)
#define CF_NN_INPUTS_MAX 64u

/* Copies spec and inputs into the arena. */
cf_status cf_graph_make(cf_arena *arena, const cf_nn_spec *spec, const cf_nn_input *inputs,
                        size_t input_count, uint32_t classes, cf_graph *out, cf_error *err);

static inline const cf_layer *cf_graph_from(const cf_graph *g, const cf_layer *layer,
                                            uint32_t index) {
    return &g->layers[layer->from[index]];
}

static inline const cf_layer *cf_graph_output(const cf_graph *g) {
    return &g->layers[g->layer_count - 1];
}

/* Where the index-th weight of a layer begins in the block. */
static inline size_t cf_layer_weight(const cf_graph *g, const cf_layer *layer, uint32_t index) {
    return g->weights[layer->first_weight + index].at;
}

/* The layers of a spec in order, each once; inputs are one layer each.  from[i] has the numbers
 * of the layers that layer i takes.  `*out_count` 0: more than CF_NN_LAYERS_MAX layers. */
typedef struct {
    const cf_nn_spec *specs[CF_NN_LAYERS_MAX];
    uint32_t *from[CF_NN_LAYERS_MAX];
    uint32_t count;
} cf_layer_order;
bool cf_layer_order_of(cf_arena *arena, const cf_nn_spec *spec, cf_layer_order *out);

/* An estimate of the products of one event forward, in flop; mean_steps[input]. */
double cf_graph_flop(const cf_graph *g, const double *mean_steps);

#endif
