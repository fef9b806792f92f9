#ifndef CF_NN_MODEL_H
#define CF_NN_MODEL_H

/* What a model holds; for training, prediction and files. */

#include "nn/graph.h"

#include <stdatomic.h>

struct cf_model {
    atomic_uint references;
    cf_arena *arena;
    cf_graph graph;
    const cf_nn_spec *spec;
    float *weights; /* [parameters] */
    /* the optimiser: NULL before the first training; adam: m, v; sgd: velocity in m */
    float *m, *v;
    cf_nn_optimiser optimiser;
    uint64_t steps;
    uint32_t epochs;
    cf_nn_epoch *history; /* [epochs] */
};

/* Without weights being drawn (they are 0). */
cf_status cf_model_blank(const cf_nn_spec *spec, const cf_nn_input *inputs, size_t input_count,
                         uint32_t classes, cf_model **out, cf_error *err);
/* Allocates m and v, 0, when the optimiser has changed or there is none yet. */
cf_status cf_model_need_optimiser(cf_model *m, cf_nn_optimiser optimiser, cf_error *err);
/* Another number of weights, 0: for trees. */
cf_status cf_model_resize(cf_model *m, size_t parameters, cf_error *err);
cf_status cf_model_add_epoch(cf_model *m, const cf_nn_epoch *epoch, cf_error *err);

#endif
