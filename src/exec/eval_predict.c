/* PREDICT: a model's outputs for each row of a level.  Inputs come as the plan's arrays and go
 * to the model as float32, a block of rows at a time. */

#include "exec/eval.h"

#include <string.h>

/* Rows that the model sees at once: its work arrays stay small, and Ctrl-C is heard. */
#define BLOCK_ROWS 256

/* One input, for all rows of the chunk. */
typedef struct {
    const double *values;
    const int32_t *rows;  /* [n + 1] where each event's rows begin; NULL: one row an event */
    const int32_t *items; /* where each row's values begin, all alike; NULL: one value a row */
    uint32_t width;
} source;

/* All rows of a level must own the same number of values. */
static cf_status width_of(cf_eval *e, const cf_node *n, const int32_t *offsets, uint32_t lists,
                          uint32_t *width) {
    *width = lists > 0 ? (uint32_t)(offsets[1] - offsets[0]) : 0;
    for (uint32_t i = 0; i < lists; i++)
        if ((uint32_t)(offsets[i + 1] - offsets[i]) != *width)
            return cf_fail(
                e->err, CF_E_LENGTHS, n->span,
                "the model needs the same number of values in every row, and one has "
                "%u, another %d",
                *width, (int)(offsets[i + 1] - offsets[i]));
    return CF_OK;
}

static cf_status source_of(cf_eval *e, const cf_node *n, cf_id value, source *s) {
    cf_vec v;
    const cf_id level = cf_eval_node(e, value)->level, rows = cf_eval_node(e, n->level)->level;
    CF_TRY(cf_eval_array(e, value, level, &v));
    for (uint32_t i = 0; v.valid != NULL && i < v.n; i++)
        if (v.valid[i] == 0) {
            const cf_status status =
                cf_fail(e->err, CF_E_VALUE, n->span, "a value for the model is null");
            cf_error_hint(e->err, "`x ?? 0` fills it");
            return status;
        }
    *s = (source){.values = v.data, .width = 1};
    if (level == rows) return CF_OK;
    const cf_rows *inner, *outer;
    uint32_t lists;
    const cf_id above = cf_eval_node(e, level)->level;
    CF_TRY(cf_eval_rows(e, level, &inner));
    s->items = inner->offsets;
    CF_TRY(cf_eval_lists(e, level, &lists));
    CF_TRY(width_of(e, n, inner->offsets, lists, &s->width));
    if (above == rows) return CF_OK;
    CF_TRY(cf_eval_rows(e, above, &outer));
    s->rows = outer->offsets;
    return CF_OK;
}

/* Events begin .. end of a source as the model wants them. */
static cf_status block_of(cf_eval *e, const source *s, uint32_t begin, uint32_t end,
                          cf_model_input *out) {
    const uint32_t first = s->rows == NULL ? begin : (uint32_t)s->rows[begin],
                   last = s->rows == NULL ? end : (uint32_t)s->rows[end];
    const size_t from = s->items == NULL ? first : (size_t)s->items[first],
                 count = (size_t)(last - first) * s->width;
    float *values = CF_EVAL_NEWS(e, float, count + 1);
    uint32_t *lengths = s->rows == NULL ? NULL : CF_EVAL_NEWS(e, uint32_t, end - begin + 1);
    if (values == NULL || (s->rows != NULL && lengths == NULL)) return CF_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)s->values[from + i];
    for (uint32_t i = begin; s->rows != NULL && i < end; i++)
        lengths[i - begin] = (uint32_t)(s->rows[i + 1] - s->rows[i]);
    *out = (cf_model_input){.values = values, .lengths = lengths, .width = s->width};
    return CF_OK;
}

cf_status cf_eval_predict(cf_eval *e, cf_id id, cf_vec *out) {
    const cf_node *n = cf_eval_node(e, id);
    if (e->plan->models == NULL)
        return cf_fail(e->err, CF_E_MODEL, n->span, "the plan came without its models");
    const cf_predictor *model = e->plan->models[n->i0];
    const uint32_t outputs = model->outputs, rows = outputs == 0 ? 0 : out->n / outputs;
    if (model->input_count != n->arg_count || (size_t)rows * outputs != out->n)
        return cf_fail(e->err, CF_E_MODEL, n->span, "the model takes %u inputs and got %u",
                       model->input_count, n->arg_count);
    source *sources = CF_EVAL_NEWS(e, source, n->arg_count);
    cf_model_input *inputs = CF_EVAL_NEWS(e, cf_model_input, n->arg_count);
    double *result = CF_EVAL_NEWS(e, double, out->n + 1);
    float *block = CF_EVAL_NEWS(e, float, (size_t)BLOCK_ROWS *outputs);
    if (sources == NULL || inputs == NULL || result == NULL || block == NULL)
        return CF_E_MEMORY;
    for (uint32_t i = 0; i < n->arg_count; i++)
        CF_TRY(source_of(e, n, n->args[i], &sources[i]));
    for (uint32_t begin = 0; begin < rows; begin += BLOCK_ROWS) {
        const uint32_t end = rows - begin < BLOCK_ROWS ? rows : begin + BLOCK_ROWS;
        CF_TRY(cf_eval_check_stop(e));
        for (uint32_t i = 0; i < n->arg_count; i++)
            CF_TRY(block_of(e, &sources[i], begin, end, &inputs[i]));
        CF_TRY(model->class->predict(model, end - begin, inputs, block, e->err));
        for (size_t k = 0; k < (size_t)(end - begin) * outputs; k++)
            result[(size_t)begin * outputs + k] = (double)block[k];
    }
    out->data = result;
    return CF_OK;
}
