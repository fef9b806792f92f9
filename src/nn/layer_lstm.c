#include "nn/recurrent.h"

#include <string.h>

/* Long short-term memory; equations in nn.h. */

typedef struct {
    cf_sequences s;
    float *gates;             /* [rows][4u]: i f g o */
    float *before, *c_before; /* [rows][u]: h and c before the step */
    float *last, *c_last;     /* [sequences][u] */
} lstm;

static bool make(cf_pass *p, const cf_layer *layer, lstm *m) {
    const size_t u = layer->width;
    if (!cf_sequences_make(p, layer, &m->s)) return false;
    m->gates = cf_pass_floats(p, m->s.rows, 4 * u);
    m->before = cf_pass_floats(p, m->s.rows, u);
    m->c_before = cf_pass_floats(p, m->s.rows, u);
    m->last = cf_pass_floats(p, m->s.sequences, u);
    m->c_last = cf_pass_floats(p, m->s.sequences, u);
    if (p->failed) return false;
    memset(m->last, 0, m->s.sequences * u * sizeof *m->last);
    if (m->s.steps == 0) return true;
    memset(m->before, 0, m->s.alive[0] * u * sizeof *m->before);
    memset(m->c_before, 0, m->s.alive[0] * u * sizeof *m->c_before);
    return true;
}

static cf_cell cell_at(const cf_layer *layer, const lstm *m, size_t t) {
    const size_t u = layer->width, at = m->s.offset[t];
    return (cf_cell){.rows = m->s.alive[t],
                     .units = u,
                     .hard = layer->spec->gate == CF_NN_HARD_SIGMOID,
                     .gates = m->gates + at * 4 * u,
                     .before = m->before + at * u,
                     .c_before = m->c_before + at * u};
}

/* h and c go to where the next step reads them, or to the last ones of a sequence. */
static void call_split(const lstm *m, cf_cell cell, size_t t, void (*fn)(const cf_cell *)) {
    const size_t u = cell.units, next = m->s.alive[t + 1], all = cell.rows;
    cell.h = m->before + m->s.offset[t + 1] * u;
    cell.c = m->c_before + m->s.offset[t + 1] * u;
    cell.rows = next;
    if (next > 0) fn(&cell);
    if (next == all) return;
    cell.h = m->last + next * u;
    cell.c = m->c_last + next * u;
    cell.rows = all - next;
    cell.gates += next * 4 * u;
    cell.c_before += next * u;
    fn(&cell);
}

static void step(cf_pass *p, const cf_layer *layer, const lstm *m, size_t t) {
    const cf_cell cell = cell_at(layer, m, t);
    const size_t u = cell.units;
    cf_pass_gemm(p, &(cf_gemm){.m = cell.rows,
                               .n = 4 * u,
                               .k = u,
                               .a = cell.before,
                               .row_stride = u,
                               .column_stride = 1,
                               .b = cf_pass_weight(p, layer, 1),
                               .ldb = 4 * u,
                               .c = cell.gates,
                               .ldc = 4 * u,
                               .mode = CF_GEMM_ADD});
    call_split(m, cell, t, p->kernels->lstm);
}

static bool forward(cf_pass *p, const cf_layer *layer) {
    cf_value *v = cf_pass_value(p, layer);
    lstm *m = cf_pass_bytes(p, 1, sizeof *m);
    if (m == NULL || !make(p, layer, m)) return false;
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (v->y == NULL) return false;
    for (cf_steps_block b = {0}; cf_steps_forward(&m->s, &b);) {
        cf_input_product_forward(p, layer, &m->s, &b, cf_pass_weight(p, layer, 2), m->gates);
        for (size_t t = b.begin; t < b.end; t++)
            step(p, layer, m, t);
    }
    cf_sequences_to_events(&m->s, v->y, m->last, layer->width);
    v->kept = m;
    return true;
}

typedef struct {
    const cf_layer *layer;
    const lstm *m;
    const float *transposed; /* U', [4u][u] */
    float *dh, *dc;          /* [sequences][u] */
    cf_input_product input;
} back;

/* dh has the gradient of the output for sequences that end at t, else the step after's. */
static void step_back(cf_pass *p, const back *b, size_t t) {
    const size_t u = b->layer->width;
    cf_cell cell = cell_at(b->layer, b->m, t);
    cell.dh = b->dh;
    cell.dc = b->dc;
    p->kernels->lstm_back(&cell);
    cf_pass_gemm(p, &(cf_gemm){.m = cell.rows,
                               .n = u,
                               .k = 4 * u,
                               .a = cell.gates,
                               .row_stride = 4 * u,
                               .column_stride = 1,
                               .b = b->transposed,
                               .ldb = u,
                               .c = b->dh,
                               .ldc = u,
                               .mode = CF_GEMM_SET});
}

static void block_gradients(cf_pass *p, const back *b, const cf_steps_block *block) {
    const size_t u = b->layer->width;
    const float *d = b->m->gates + block->row * 4 * u;
    p->kernels->column_sums(cf_pass_weight_gradient(p, b->layer, 2), d, 4 * u, block->rows,
                            4 * u);
    cf_input_product_back(p, &b->input, &b->m->s, block, d);
    cf_pass_gemm(p, &(cf_gemm){.m = u,
                               .n = 4 * u,
                               .k = block->rows,
                               .a = b->m->before + block->row * u,
                               .row_stride = 1,
                               .column_stride = u,
                               .b = d,
                               .ldb = 4 * u,
                               .c = cf_pass_weight_gradient(p, b->layer, 1),
                               .ldc = 4 * u,
                               .mode = CF_GEMM_ADD});
}

static bool backward(cf_pass *p, const cf_layer *layer) {
    const cf_value *v = cf_pass_value(p, layer);
    const lstm *m = v->kept;
    const size_t u = layer->width;
    float *transposed = cf_pass_floats(p, 4 * u, u);
    back b = {.layer = layer,
              .m = m,
              .transposed = transposed,
              .dh = cf_pass_floats(p, m->s.sequences, u),
              .dc = cf_pass_floats(p, m->s.sequences, u)};
    if (p->failed || !cf_input_product_begin(p, layer, &m->s, &b.input)) return false;
    cf_nn_transpose(transposed, cf_pass_weight(p, layer, 1), 4 * u, u, 4 * u);
    cf_sequences_of_events(&m->s, b.dh, v->dy, u);
    memset(b.dc, 0, m->s.sequences * u * sizeof *b.dc);
    for (cf_steps_block block = {.begin = m->s.steps}; cf_steps_backward(&m->s, &block);) {
        for (size_t t = block.end; t-- > block.begin;)
            step_back(p, &b, t);
        block_gradients(p, &b, &block);
    }
    return cf_input_product_end(p, &b.input, &m->s);
}

const cf_layer_class cf_layer_lstm = {forward, backward};
