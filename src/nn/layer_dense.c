#include "nn/pass.h"

/* y = f(x W + b), row by row. */

static bool forward(cf_pass *p, const cf_layer *layer) {
    const cf_value *x = cf_pass_from(p, layer, 0);
    cf_value *v = cf_pass_value(p, layer);
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (v->y == NULL) return false;
    cf_pass_linear(p, layer, 0, x->y, v->rows, v->y);
    p->kernels->activate(layer->spec->activation, v->y, v->rows * layer->width);
    return true;
}

static bool backward(cf_pass *p, const cf_layer *layer) {
    cf_value *v = cf_pass_value(p, layer);
    const bool output = layer == cf_graph_output(p->graph); /* its dy is that of the sums */
    if (!output)
        p->kernels->activate_back(layer->spec->activation, v->dy, v->y, v->rows * layer->width);
    return cf_pass_linear_back(p, layer, 0, cf_pass_from(p, layer, 0)->y, v->rows, v->dy,
                               layer->width, layer->from[0]);
}

const cf_layer_class cf_layer_dense = {forward, backward};
