#include "nn/pass.h"

#include <string.h>

/* Runs the layers in order and in reverse order, and what they share. */

static const cf_layer_class *const classes[CF_NN_KIND_COUNT] = {
    [CF_NN_DENSE] = &cf_layer_dense,     [CF_NN_DROPOUT] = &cf_layer_dropout,
    [CF_NN_GRU] = &cf_layer_gru,         [CF_NN_LSTM] = &cf_layer_lstm,
    [CF_NN_CONCAT] = &cf_layer_concat,   [CF_NN_ADD] = &cf_layer_add,
    [CF_NN_LAYER_NORM] = &cf_layer_norm, [CF_NN_ATTENTION] = &cf_layer_attention,
    [CF_NN_FLATTEN] = &cf_layer_flatten, [CF_NN_POOL] = &cf_layer_pool,
    [CF_NN_TREES] = &cf_layer_trees,
};

void *cf_pass_bytes(cf_pass *p, size_t count, size_t size) {
    void *bytes =
        count > SIZE_MAX / 2 / size ? NULL : cf_arena_alloc(p->arena, count * size + 64, 64);
    if (bytes == NULL) p->failed = true;
    return bytes;
}

float *cf_pass_floats(cf_pass *p, size_t count, size_t width) {
    return cf_pass_bytes(p, count, width * sizeof(float));
}

void cf_pass_gemm(cf_pass *p, const cf_gemm *g) {
    if (g->m == 0 || g->n == 0) return;
    p->kernels->gemm(g);
    p->flop += 2.0 * (double)g->m * (double)g->n * (double)g->k;
}

float *cf_pass_gradient(cf_pass *p, uint32_t layer, bool *fresh) {
    cf_value *v = &p->values[layer];
    *fresh = v->dy == NULL;
    if (!p->graph->layers[layer].learns) return NULL;
    if (*fresh) v->dy = cf_pass_floats(p, v->rows, p->graph->layers[layer].width);
    return v->dy;
}

bool cf_pass_add_gradient(cf_pass *p, uint32_t layer, const float *x) {
    bool fresh = false;
    float *dy = cf_pass_gradient(p, layer, &fresh);
    if (dy == NULL) return !p->failed;
    const size_t count = p->values[layer].rows * p->graph->layers[layer].width;
    if (fresh)
        memcpy(dy, x, count * sizeof *dy);
    else
        p->kernels->add(dy, x, count);
    return true;
}

void cf_pass_linear(cf_pass *p, const cf_layer *layer, uint32_t kernel, const float *x,
                    size_t rows, float *y) {
    const cf_weight *w = &p->graph->weights[layer->first_weight + kernel];
    cf_pass_gemm(p, &(cf_gemm){.m = rows,
                               .n = w->columns,
                               .k = w->rows,
                               .a = x,
                               .row_stride = w->rows,
                               .column_stride = 1,
                               .b = p->weights + w->at,
                               .ldb = w->columns,
                               .c = y,
                               .ldc = w->columns,
                               .mode = CF_GEMM_BIAS,
                               .bias = cf_pass_weight(p, layer, kernel + 1)});
}

/* dx (+)= dy W': with W transposed first, since the kernels read B by rows. */
static bool input_gradient(cf_pass *p, const cf_weight *w, size_t rows, const float *dy,
                           size_t ld_dy, uint32_t into) {
    bool fresh = false;
    float *dx = cf_pass_gradient(p, into, &fresh);
    if (dx == NULL) return !p->failed;
    float *transposed = cf_pass_floats(p, w->columns, w->rows);
    if (transposed == NULL) return false;
    cf_nn_transpose(transposed, p->weights + w->at, w->columns, w->rows, w->columns);
    cf_pass_gemm(p, &(cf_gemm){.m = rows,
                               .n = w->rows,
                               .k = w->columns,
                               .a = dy,
                               .row_stride = ld_dy,
                               .column_stride = 1,
                               .b = transposed,
                               .ldb = w->rows,
                               .c = dx,
                               .ldc = w->rows,
                               .mode = fresh ? CF_GEMM_SET : CF_GEMM_ADD});
    return true;
}

bool cf_pass_linear_back(cf_pass *p, const cf_layer *layer, uint32_t kernel, const float *x,
                         size_t rows, const float *dy, size_t ld_dy, uint32_t into) {
    const cf_weight *w = &p->graph->weights[layer->first_weight + kernel];
    cf_pass_gemm(p, &(cf_gemm){.m = w->rows,
                               .n = w->columns,
                               .k = rows,
                               .a = x,
                               .row_stride = 1,
                               .column_stride = w->rows,
                               .b = dy,
                               .ldb = ld_dy,
                               .c = p->gradient + w->at,
                               .ldc = w->columns,
                               .mode = CF_GEMM_ADD});
    p->kernels->column_sums(cf_pass_weight_gradient(p, layer, kernel + 1), dy, ld_dy, rows,
                            w->columns);
    return into == CF_NO_LAYER || input_gradient(p, w, rows, dy, ld_dy, into);
}

/* --- the pass -------------------------------------------------------------------------------
 */

static size_t rows_of(const cf_pass *p, const cf_layer *l) {
    return l->list ? p->inputs[l->input].starts[p->events] : p->events;
}

bool cf_pass_forward(cf_pass *p) {
    const cf_graph *g = p->graph;
    p->values = cf_pass_bytes(p, g->layer_count, sizeof *p->values);
    if (p->values == NULL) return false;
    memset(p->values, 0, g->layer_count * sizeof *p->values);
    for (uint32_t i = 0; i < g->layer_count; i++) {
        const cf_layer *l = &g->layers[i];
        p->values[i].rows = rows_of(p, l);
        if (l->kind == CF_NN_INPUT) {
            /* never written to: inputs do not learn, and layers write to values of their own */
            p->values[i].y = (float *)(uintptr_t)p->inputs[l->input].values;
        } else if (!classes[l->kind]->forward(p, l)) {
            return false;
        }
    }
    const cf_layer *last = cf_graph_output(g);
    if (g->softmax)
        p->kernels->softmax(p->values[g->layer_count - 1].y, p->events, last->width);
    return true;
}

bool cf_pass_backward(cf_pass *p) {
    const cf_graph *g = p->graph;
    for (uint32_t i = g->layer_count; i-- > 0;) {
        const cf_layer *l = &g->layers[i];
        if (!l->learns || p->values[i].dy == NULL) continue;
        if (!classes[l->kind]->backward(p, l)) return false;
    }
    return true;
}
