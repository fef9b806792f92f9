#include "nn/recurrent.h"

#include <string.h>

#define BLOCK_ROWS 256u

/* --- order ----------------------------------------------------------------------------------
 */

static bool all_zero(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0.0f) return false;
    return true;
}

typedef struct {
    const cf_layer *layer, *from;
    const float *x; /* packed rows of the lists */
    const uint32_t *starts;
    uint32_t padded; /* steps of every sequence; 0: as long as it is */
} lists;

static bool is_step(const lists *in, uint32_t row) {
    return in->layer->spec->steps != CF_NN_STEPS_MASKED ||
           !all_zero(in->x + (size_t)row * in->from->width, in->from->width);
}

static uint32_t length_of(const lists *in, size_t event) {
    if (in->padded > 0) return in->padded;
    uint32_t count = 0;
    for (uint32_t row = in->starts[event]; row < in->starts[event + 1]; row++)
        count += is_step(in, row);
    return count;
}

/* Few sequences, and mostly sorted already. */
static void sort_by_length(uint32_t *order, const uint32_t *length, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at > 0 && length[order[at - 1]] < length[i]; at--)
            order[at] = order[at - 1];
        order[at] = (uint32_t)i;
    }
}

static bool place_steps(cf_pass *p, cf_sequences *s, const uint32_t *length) {
    s->steps = s->sequences == 0 ? 0 : length[s->order[0]];
    s->alive = cf_pass_bytes(p, s->steps + 1, sizeof *s->alive);
    s->offset = cf_pass_bytes(p, s->steps + 1, sizeof *s->offset);
    if (p->failed) return false;
    size_t alive = s->sequences, rows = 0;
    for (size_t t = 0; t < s->steps; t++) {
        while (length[s->order[alive - 1]] <= t)
            alive--;
        s->alive[t] = (uint32_t)alive;
        s->offset[t] = rows;
        rows += alive;
    }
    s->alive[s->steps] = 0;
    s->offset[s->steps] = rows;
    s->rows = rows;
    return true;
}

static void place_rows(const lists *in, cf_sequences *s) {
    for (size_t i = 0; i < s->sequences; i++) {
        const size_t event = s->order[i];
        size_t t = 0;
        for (uint32_t row = in->starts[event]; row < in->starts[event + 1]; row++)
            if (is_step(in, row)) s->source[s->offset[t++] + i] = row;
        for (; t < in->padded; t++)
            s->source[s->offset[t] + i] = CF_NO_ROW;
    }
}

static void copy_rows(const lists *in, const cf_sequences *s) {
    const size_t width = in->from->width;
    for (size_t i = 0; i < s->rows; i++) {
        float *to = s->x + i * width;
        if (s->source[i] == CF_NO_ROW)
            memset(to, 0, width * sizeof *to);
        else
            memcpy(to, in->x + s->source[i] * width, width * sizeof *to);
    }
}

bool cf_sequences_make(cf_pass *p, const cf_layer *layer, cf_sequences *out) {
    const cf_layer *from = cf_graph_from(p->graph, layer, 0);
    const lists in = {.layer = layer,
                      .from = from,
                      .x = cf_pass_from(p, layer, 0)->y,
                      .starts = p->inputs[from->input].starts,
                      .padded = layer->spec->steps == CF_NN_STEPS_PADDED
                                    ? p->graph->inputs[from->input].steps_max
                                    : 0};
    cf_sequences *s = out;
    s->sequences = p->events;
    s->order = cf_pass_bytes(p, p->events, sizeof *s->order);
    uint32_t *length = cf_pass_bytes(p, p->events, sizeof *length);
    if (p->failed) return false;
    for (size_t event = 0; event < p->events; event++)
        length[event] = length_of(&in, event);
    sort_by_length(s->order, length, p->events);
    if (!place_steps(p, s, length)) return false;
    s->source = cf_pass_bytes(p, s->rows, sizeof *s->source);
    s->x = cf_pass_floats(p, s->rows, from->width);
    if (p->failed) return false;
    place_rows(&in, s);
    copy_rows(&in, s);
    return true;
}

/* --- blocks of steps ------------------------------------------------------------------------
 */

size_t cf_steps_block_rows(const cf_sequences *s) {
    const size_t most = BLOCK_ROWS + s->sequences;
    return s->rows < most ? s->rows : most;
}

bool cf_steps_forward(const cf_sequences *s, cf_steps_block *b) {
    b->begin = b->end;
    if (b->begin == s->steps) return false;
    while (b->end < s->steps && s->offset[b->end] - s->offset[b->begin] < BLOCK_ROWS)
        b->end++;
    b->row = s->offset[b->begin];
    b->rows = s->offset[b->end] - b->row;
    return true;
}

bool cf_steps_backward(const cf_sequences *s, cf_steps_block *b) {
    b->end = b->begin;
    if (b->end == 0) return false;
    while (b->begin > 0 && s->offset[b->end] - s->offset[b->begin] < BLOCK_ROWS)
        b->begin--;
    b->row = s->offset[b->begin];
    b->rows = s->offset[b->end] - b->row;
    return true;
}

/* --- events ---------------------------------------------------------------------------------
 */

void cf_sequences_to_events(const cf_sequences *s, float *y, const float *last, size_t width) {
    for (size_t i = 0; i < s->sequences; i++)
        memcpy(y + s->order[i] * width, last + i * width, width * sizeof *y);
}

void cf_sequences_of_events(const cf_sequences *s, float *last, const float *y, size_t width) {
    for (size_t i = 0; i < s->sequences; i++)
        memcpy(last + i * width, y + s->order[i] * width, width * sizeof *y);
}

/* --- the product with the input -------------------------------------------------------------
 */

void cf_input_product_forward(cf_pass *p, const cf_layer *layer, const cf_sequences *s,
                              const cf_steps_block *block, const float *bias, float *sums) {
    const cf_weight *w = &p->graph->weights[layer->first_weight];
    cf_pass_gemm(p, &(cf_gemm){.m = block->rows,
                               .n = w->columns,
                               .k = w->rows,
                               .a = s->x + block->row * w->rows,
                               .row_stride = w->rows,
                               .column_stride = 1,
                               .b = p->weights + w->at,
                               .ldb = w->columns,
                               .c = sums + block->row * w->columns,
                               .ldc = w->columns,
                               .mode = CF_GEMM_BIAS,
                               .bias = bias});
}

bool cf_input_product_begin(cf_pass *p, const cf_layer *layer, const cf_sequences *s,
                            cf_input_product *out) {
    const cf_weight *w = &p->graph->weights[layer->first_weight];
    *out = (cf_input_product){.layer = layer};
    if (!cf_graph_from(p->graph, layer, 0)->learns) return true;
    out->transposed = cf_pass_floats(p, w->columns, w->rows);
    out->dx = cf_pass_floats(p, s->rows, w->rows);
    if (p->failed) return false;
    cf_nn_transpose(out->transposed, p->weights + w->at, w->columns, w->rows, w->columns);
    return true;
}

void cf_input_product_back(cf_pass *p, const cf_input_product *in, const cf_sequences *s,
                           const cf_steps_block *block, const float *d) {
    const cf_weight *w = &p->graph->weights[in->layer->first_weight];
    cf_pass_gemm(p, &(cf_gemm){.m = w->rows,
                               .n = w->columns,
                               .k = block->rows,
                               .a = s->x + block->row * w->rows,
                               .row_stride = 1,
                               .column_stride = w->rows,
                               .b = d,
                               .ldb = w->columns,
                               .c = p->gradient + w->at,
                               .ldc = w->columns,
                               .mode = CF_GEMM_ADD});
    if (in->dx == NULL) return;
    cf_pass_gemm(p, &(cf_gemm){.m = block->rows,
                               .n = w->rows,
                               .k = w->columns,
                               .a = d,
                               .row_stride = w->columns,
                               .column_stride = 1,
                               .b = in->transposed,
                               .ldb = w->rows,
                               .c = in->dx + block->row * w->rows,
                               .ldc = w->rows,
                               .mode = CF_GEMM_SET});
}

bool cf_input_product_end(cf_pass *p, const cf_input_product *in, const cf_sequences *s) {
    if (in->dx == NULL) return true;
    const size_t width = p->graph->weights[in->layer->first_weight].rows;
    const size_t rows = cf_pass_from(p, in->layer, 0)->rows;
    float *packed = cf_pass_floats(p, rows, width);
    if (packed == NULL) return false;
    memset(packed, 0, rows * width * sizeof *packed); /* masked rows are no steps */
    for (size_t i = 0; i < s->rows; i++)
        if (s->source[i] != CF_NO_ROW)
            memcpy(packed + s->source[i] * width, in->dx + i * width, width * sizeof *packed);
    return cf_pass_add_gradient(p, in->layer->from[0], packed);
}
