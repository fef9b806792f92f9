#include "nn/batch.h"
#include "nn/model.h"

#include <math.h>
#include <string.h>

/* Outputs for a block of events, piece by piece, on the caller's thread. */

static cf_status check_lengths(const cf_model *m, const cf_nn_block *block, double *mean,
                               cf_error *err) {
    for (uint32_t i = 0; i < m->graph.input_count; i++) {
        const cf_nn_input *in = &m->graph.inputs[i];
        uint64_t total = 0;
        for (size_t row = 0; in->ragged && row < block->rows; row++) {
            const uint32_t length = block->inputs[i].lengths[row];
            total += length;
            if (in->steps_max > 0 && length > in->steps_max)
                return cf_fail(err, CF_E_VALUE, CF_NOWHERE,
                               "input %s of row %zu has %u rows, the most is %u", in->name, row,
                               length, in->steps_max);
        }
        mean[i] = fmax(1.0, (double)total / (double)(block->rows + (block->rows == 0)));
    }
    return CF_OK;
}

/* Behind the events of a piece. */
static void advance(const cf_graph *g, const cf_nn_block *block, size_t first, size_t events,
                    const float **at) {
    for (uint32_t i = 0; i < g->input_count; i++) {
        size_t rows = events;
        if (g->inputs[i].ragged) {
            rows = 0;
            for (size_t e = first; e < first + events; e++)
                rows += block->inputs[i].lengths[e];
        }
        at[i] += rows * g->inputs[i].width;
    }
}

static bool predict_piece(const cf_model *m, cf_arena *arena, const cf_nn_block *block,
                          size_t first, size_t events, const float *const *at, float *out) {
    cf_pass p = {.graph = &m->graph,
                 .kernels = cf_nn_kernels_best(),
                 .arena = arena,
                 .weights = m->weights,
                 .events = events};
    if (!cf_pass_point(&p, block, first, at) || !cf_pass_forward(&p)) return false;
    memcpy(out, cf_pass_output(&p), events * m->graph.classes * sizeof *out);
    return true;
}

cf_status cf_model_predict(const cf_model *m, const cf_nn_block *block, float *out,
                           cf_error *err) {
    double mean[CF_NN_INPUTS_MAX];
    const float *at[CF_NN_INPUTS_MAX];
    CF_TRY(check_lengths(m, block, mean, err));
    const size_t piece = cf_graph_cut(&m->graph, mean, 1024).piece;
    cf_arena *arena = cf_arena_new(1 << 18);
    cf_status status = CF_OK;
    for (uint32_t i = 0; i < m->graph.input_count; i++)
        at[i] = block->inputs[i].values;
    for (size_t first = 0; status == CF_OK && first < block->rows; first += piece) {
        const size_t left = block->rows - first, events = left < piece ? left : piece;
        cf_arena_reset(arena);
        if (!predict_piece(m, arena, block, first, events, at, out + first * m->graph.classes))
            status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to apply a model");
        advance(&m->graph, block, first, events, at);
    }
    cf_arena_free(arena);
    return status;
}
