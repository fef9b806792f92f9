#include "nn/recurrent.h"

#include <string.h>

/* The gated recurrent unit in both forms; equations in nn.h. */

typedef struct {
    cf_sequences s;
    float *gates;  /* [rows][3u] */
    float *reset;  /* [rows][u] */
    float *before; /* [rows][u]: h before the step */
    float *last;   /* [sequences][u]: h after the last one */
} gru;

static bool make(cf_pass *p, const cf_layer *layer, gru *g) {
    const size_t u = layer->width;
    if (!cf_sequences_make(p, layer, &g->s)) return false;
    g->gates = cf_pass_floats(p, g->s.rows, 3 * u);
    g->reset = cf_pass_floats(p, g->s.rows, u);
    g->before = cf_pass_floats(p, g->s.rows, u);
    g->last = cf_pass_floats(p, g->s.sequences, u);
    if (p->failed) return false;
    memset(g->last, 0, g->s.sequences * u * sizeof *g->last);
    if (g->s.steps > 0) memset(g->before, 0, g->s.alive[0] * u * sizeof *g->before);
    return true;
}

/* The bias of the input product: with two vectors and reset-after, z and r take both. */
static const float *input_bias(cf_pass *p, const cf_layer *layer) {
    const size_t u = layer->width;
    const float *bias = cf_pass_weight(p, layer, 2);
    if (layer->spec->biases == 1) return bias;
    float *sum = cf_pass_floats(p, 3, u);
    if (sum == NULL) return NULL;
    memcpy(sum, bias, 3 * u * sizeof *sum);
    p->kernels->add(sum, bias + 3 * u, 2 * u);
    return sum;
}

/* The bias of the recurrent product, [3u]. */
static const float *recurrent_bias(cf_pass *p, const cf_layer *layer) {
    const size_t u = layer->width;
    float *bias = cf_pass_floats(p, 3, u);
    if (bias == NULL) return NULL;
    memset(bias, 0, 3 * u * sizeof *bias);
    if (layer->spec->biases == 2)
        memcpy(bias + 2 * u, cf_pass_weight(p, layer, 2) + 5 * u, u * sizeof *bias);
    return bias;
}

static cf_cell cell_at(const cf_layer *layer, const gru *g, size_t t) {
    const size_t u = layer->width, at = g->s.offset[t];
    return (cf_cell){.rows = g->s.alive[t],
                     .units = u,
                     .hard = layer->spec->gate == CF_NN_HARD_SIGMOID,
                     .gates = g->gates + at * 3 * u,
                     .reset = g->reset + at * u,
                     .before = g->before + at * u};
}

/* h goes to where the next step reads it; of sequences that end here, to their last h. */
static void call_split(const gru *g, cf_cell cell, size_t t, void (*fn)(const cf_cell *)) {
    const size_t u = cell.units, next = g->s.alive[t + 1], all = cell.rows;
    cell.h = g->before + g->s.offset[t + 1] * u;
    cell.rows = next;
    if (next > 0) fn(&cell);
    if (next == all) return;
    cell.h = g->last + next * u;
    cell.rows = all - next;
    cell.gates += next * 3 * u;
    cell.reset += next * u;
    cell.before += next * u;
    if (cell.sums != NULL) cell.sums += next * 3 * u;
    fn(&cell);
}

static cf_gemm product(const cf_layer *layer, size_t rows, const float *a, const float *b) {
    const size_t u = layer->width;
    return (cf_gemm){.m = rows,
                     .k = u,
                     .a = a,
                     .row_stride = u,
                     .column_stride = 1,
                     .b = b,
                     .ldb = 3 * u,
                     .ldc = 3 * u};
}

static void step_after(cf_pass *p, const cf_layer *layer, const gru *g, size_t t,
                       const float *bias, float *sums) {
    cf_cell cell = cell_at(layer, g, t);
    cf_gemm h_u = product(layer, cell.rows, cell.before, cf_pass_weight(p, layer, 1));
    h_u.n = 3 * cell.units;
    h_u.c = sums;
    h_u.mode = CF_GEMM_BIAS;
    h_u.bias = bias;
    cf_pass_gemm(p, &h_u);
    cell.sums = sums;
    call_split(g, cell, t, p->kernels->gru_after);
}

static void step_before(cf_pass *p, const cf_layer *layer, const gru *g, size_t t) {
    const cf_cell cell = cell_at(layer, g, t);
    const float *recurrent = cf_pass_weight(p, layer, 1);
    cf_gemm zr = product(layer, cell.rows, cell.before, recurrent);
    zr.n = 2 * cell.units;
    zr.c = cell.gates;
    zr.mode = CF_GEMM_ADD;
    cf_pass_gemm(p, &zr);
    p->kernels->gru_before_1(&cell);
    cf_gemm rh = product(layer, cell.rows, cell.reset, recurrent + 2 * cell.units);
    rh.n = cell.units;
    rh.c = cell.gates + 2 * cell.units;
    rh.mode = CF_GEMM_ADD;
    cf_pass_gemm(p, &rh);
    call_split(g, cell, t, p->kernels->gru_before_2);
}

static bool forward(cf_pass *p, const cf_layer *layer) {
    cf_value *v = cf_pass_value(p, layer);
    gru *g = cf_pass_bytes(p, 1, sizeof *g);
    if (g == NULL || !make(p, layer, g)) return false;
    const float *in_bias = input_bias(p, layer), *h_bias = recurrent_bias(p, layer);
    float *sums = cf_pass_floats(p, g->s.sequences, 3 * (size_t)layer->width);
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (p->failed) return false;
    for (cf_steps_block b = {0}; cf_steps_forward(&g->s, &b);) {
        cf_input_product_forward(p, layer, &g->s, &b, in_bias, g->gates);
        for (size_t t = b.begin; t < b.end; t++) {
            if (layer->spec->reset_after)
                step_after(p, layer, g, t, h_bias, sums);
            else
                step_before(p, layer, g, t);
        }
    }
    cf_sequences_to_events(&g->s, v->y, g->last, layer->width);
    v->kept = g;
    return true;
}

/* --- backward -------------------------------------------------------------------------------
 */

typedef struct {
    const cf_layer *layer;
    const gru *g;
    const float *transposed; /* U', [3u][u] */
    float *dh;               /* [sequences][u] */
    float *sums;             /* of a block: reset-after [rows][3u] gradients of the recurrent
                                sums; reset-before [rows][u], gradient of r h */
    cf_input_product input;
} back;

/* dh += d [.., k] * the rows of U' from `row` on */
static void add_dh(cf_pass *p, const back *b, size_t rows, const float *d, size_t k,
                   size_t row) {
    const size_t u = b->layer->width;
    cf_pass_gemm(p, &(cf_gemm){.m = rows,
                               .n = u,
                               .k = k,
                               .a = d,
                               .row_stride = 3 * u,
                               .column_stride = 1,
                               .b = b->transposed + row * u,
                               .ldb = u,
                               .c = b->dh,
                               .ldc = u,
                               .mode = CF_GEMM_ADD});
}

static void step_after_back(cf_pass *p, const back *b, size_t t, size_t block_row) {
    const size_t u = b->layer->width;
    cf_cell cell = cell_at(b->layer, b->g, t);
    cell.dh = b->dh;
    cell.sums = b->sums + (b->g->s.offset[t] - block_row) * 3 * u;
    p->kernels->gru_after_back(&cell);
    add_dh(p, b, cell.rows, cell.sums, 3 * u, 0);
}

static void step_before_back(cf_pass *p, const back *b, size_t t) {
    const size_t u = b->layer->width;
    cf_cell cell = cell_at(b->layer, b->g, t);
    cell.dh = b->dh;
    p->kernels->gru_before_back_1(&cell);
    cf_pass_gemm(p, &(cf_gemm){.m = cell.rows,
                               .n = u,
                               .k = u,
                               .a = cell.gates + 2 * u,
                               .row_stride = 3 * u,
                               .column_stride = 1,
                               .b = b->transposed + 2 * u * u,
                               .ldb = u,
                               .c = b->sums,
                               .ldc = u,
                               .mode = CF_GEMM_SET});
    cell.reset = b->sums;
    p->kernels->gru_before_back_2(&cell);
    add_dh(p, b, cell.rows, cell.gates, 2 * u, 0);
}

/* dU[:, first .. first + n) += a' d */
static void recurrent_gradient(cf_pass *p, const back *b, const cf_steps_block *block,
                               const float *a, const float *d, size_t first, size_t n) {
    const size_t u = b->layer->width;
    cf_pass_gemm(p, &(cf_gemm){.m = u,
                               .n = n,
                               .k = block->rows,
                               .a = a + block->row * u,
                               .row_stride = 1,
                               .column_stride = u,
                               .b = d,
                               .ldb = 3 * u,
                               .c = cf_pass_weight_gradient(p, b->layer, 1) + first,
                               .ldc = 3 * u,
                               .mode = CF_GEMM_ADD});
}

static void block_gradients(cf_pass *p, const back *b, const cf_steps_block *block) {
    const size_t u = b->layer->width;
    const gru *g = b->g;
    const float *d = g->gates + block->row * 3 * u;
    float *bias = cf_pass_weight_gradient(p, b->layer, 2);
    p->kernels->column_sums(bias, d, 3 * u, block->rows, 3 * u);
    cf_input_product_back(p, &b->input, &g->s, block, d);
    if (!b->layer->spec->reset_after) {
        recurrent_gradient(p, b, block, g->before, d, 0, 2 * u);
        recurrent_gradient(p, b, block, g->reset, d + 2 * u, 2 * u, u);
        return;
    }
    recurrent_gradient(p, b, block, g->before, b->sums, 0, 3 * u);
    if (b->layer->spec->biases == 2)
        p->kernels->column_sums(bias + 3 * u, b->sums, 3 * u, block->rows, 3 * u);
}

static bool backward(cf_pass *p, const cf_layer *layer) {
    const cf_value *v = cf_pass_value(p, layer);
    const gru *g = v->kept;
    const size_t u = layer->width;
    const bool after = layer->spec->reset_after;
    float *transposed = cf_pass_floats(p, 3 * u, u);
    back b = {
        .layer = layer,
        .g = g,
        .transposed = transposed,
        .dh = cf_pass_floats(p, g->s.sequences, u),
        .sums = cf_pass_floats(p, after ? cf_steps_block_rows(&g->s) : g->s.sequences, 3 * u)};
    if (p->failed || !cf_input_product_begin(p, layer, &g->s, &b.input)) return false;
    cf_nn_transpose(transposed, cf_pass_weight(p, layer, 1), 3 * u, u, 3 * u);
    cf_sequences_of_events(&g->s, b.dh, v->dy, u);
    for (cf_steps_block block = {.begin = g->s.steps}; cf_steps_backward(&g->s, &block);) {
        for (size_t t = block.end; t-- > block.begin;) {
            if (after)
                step_after_back(p, &b, t, block.row);
            else
                step_before_back(p, &b, t);
        }
        block_gradients(p, &b, &block);
    }
    return cf_input_product_end(p, &b.input, &g->s);
}

const cf_layer_class cf_layer_gru = {forward, backward};
