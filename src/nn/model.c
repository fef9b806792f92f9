#include "nn/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Models: making, first weights, copies, summary. */

cf_status cf_model_blank(const cf_nn_spec *spec, const cf_nn_input *inputs, size_t input_count,
                         uint32_t classes, cf_model **out, cf_error *err) {
    *out = NULL;
    cf_model *m = calloc(1, sizeof *m);
    if (m == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for a model");
    atomic_init(&m->references, 1);
    m->arena = cf_arena_new(1 << 13);
    cf_status status =
        cf_graph_make(m->arena, spec, inputs, input_count, classes, &m->graph, err);
    if (status == CF_OK) {
        m->spec = cf_graph_output(&m->graph)->spec;
        m->weights = calloc(m->graph.parameters + 1, sizeof *m->weights); /* trees: none yet */
        if (m->weights == NULL)
            status = cf_fail(err, CF_E_MEMORY, CF_NOWHERE,
                             "no memory for a model of %zu parameters", m->graph.parameters);
    }
    if (status != CF_OK) {
        cf_model_release(m);
        return status;
    }
    *out = m;
    return CF_OK;
}

cf_model *cf_model_retain(cf_model *m) {
    atomic_fetch_add(&m->references, 1);
    return m;
}

void cf_model_release(cf_model *m) {
    if (m == NULL || atomic_fetch_sub(&m->references, 1) != 1) return;
    free(m->weights);
    free(m->m);
    free(m->v);
    free(m->history);
    cf_arena_free(m->arena);
    free(m);
}

/* --- first weights --------------------------------------------------------------------------
 */

static void glorot(float *w, const cf_weight *info, uint64_t seed) {
    const double limit = sqrt(6.0 / ((double)info->fan_in + (double)info->fan_out));
    for (size_t i = 0; i < (size_t)info->rows * info->columns; i++)
        w[i] = (float)((2.0 * cf_random_unit(seed, i) - 1.0) * limit);
}

static double normal(uint64_t seed, uint64_t i) {
    const double a = 1.0 - cf_random_unit(seed, 2 * i), b = cf_random_unit(seed, 2 * i + 1);
    return sqrt(-2.0 * log(a)) * cos(6.283185307179586 * b);
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Rows of normal numbers, made orthogonal to those above (twice, which takes away what rounding
 * left) and of length 1. */
static void orthogonal_row(double *all, size_t row, size_t n) {
    double *x = all + row * n;
    for (int again = 0; again < 2; again++)
        for (size_t k = 0; k < row; k++) {
            const double along = dot(x, all + k * n, n);
            for (size_t i = 0; i < n; i++)
                x[i] -= along * all[k * n + i];
        }
    const double scale = 1.0 / sqrt(dot(x, x, n));
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
}

static bool orthogonal(float *w, const cf_weight *info, uint64_t seed) {
    const size_t n = info->columns, count = n * info->rows;
    double *all = calloc(count, sizeof *all);
    if (all == NULL) return false;
    for (size_t i = 0; i < count; i++)
        all[i] = normal(seed, i);
    for (size_t row = 0; row < info->rows; row++)
        orthogonal_row(all, row, n);
    for (size_t i = 0; i < count; i++)
        w[i] = (float)all[i];
    free(all);
    return true;
}

static void set_all(float *w, size_t n, float value) {
    for (size_t i = 0; i < n; i++)
        w[i] = value;
}

static bool first_weights(cf_model *m, uint64_t seed) {
    for (uint32_t i = 0; i < m->graph.weight_count; i++) {
        const cf_weight *info = &m->graph.weights[i];
        float *w = m->weights + info->at;
        const uint64_t own = cf_hash_u64(i, cf_hash_u64(seed, 0x6E6E));
        switch (info->init) {
        case CF_INIT_ZERO: break;
        case CF_INIT_ONE: set_all(w, info->columns, 1.0f); break;
        case CF_INIT_GLOROT: glorot(w, info, own); break;
        case CF_INIT_ORTHOGONAL:
            if (!orthogonal(w, info, own)) return false;
            break;
        case CF_INIT_FORGET: set_all(w + info->columns / 4, info->columns / 4, 1.0f); break;
        }
    }
    return true;
}

cf_status cf_model_new(const cf_nn_spec *spec, const cf_nn_input *inputs, size_t input_count,
                       uint32_t classes, uint64_t seed, cf_model **out, cf_error *err) {
    CF_TRY(cf_model_blank(spec, inputs, input_count, classes, out, err));
    CF_ASSERT(*out != NULL);
    if (first_weights(*out, seed)) return CF_OK;
    cf_model_release(*out);
    *out = NULL;
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for a model's first weights");
}

/* --- optimiser, history, copies -------------------------------------------------------------
 */

cf_status cf_model_need_optimiser(cf_model *m, cf_nn_optimiser optimiser, cf_error *err) {
    if (m->m != NULL && m->optimiser == optimiser) return CF_OK;
    float *first = calloc(m->graph.parameters, sizeof *first);
    float *second = calloc(m->graph.parameters, sizeof *second);
    if (first == NULL || second == NULL) {
        free(first);
        free(second);
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to train %zu parameters",
                       m->graph.parameters);
    }
    free(m->m);
    free(m->v);
    m->m = first;
    m->v = second;
    m->steps = 0;
    m->optimiser = optimiser;
    return CF_OK;
}

cf_status cf_model_resize(cf_model *m, size_t parameters, cf_error *err) {
    if (parameters == m->graph.parameters) return CF_OK;
    float *weights = calloc(parameters + 1, sizeof *weights);
    if (weights == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for a model of %zu parameters",
                       parameters);
    free(m->weights);
    m->weights = weights;
    m->graph.parameters = parameters;
    return CF_OK;
}

cf_status cf_model_add_epoch(cf_model *m, const cf_nn_epoch *epoch, cf_error *err) {
    cf_nn_epoch *history = realloc(m->history, ((size_t)m->epochs + 1) * sizeof *history);
    if (history == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for history");
    m->history = history;
    m->history[m->epochs++] = *epoch;
    return CF_OK;
}

static cf_status copy_state(const cf_model *m, cf_model *to, cf_error *err) {
    const size_t bytes = m->graph.parameters * sizeof *m->weights;
    CF_TRY(cf_model_resize(to, m->graph.parameters, err));
    memcpy(to->weights, m->weights, bytes);
    if (m->m != NULL) {
        CF_TRY(cf_model_need_optimiser(to, m->optimiser, err));
        memcpy(to->m, m->m, bytes);
        memcpy(to->v, m->v, bytes);
        to->steps = m->steps;
    }
    for (uint32_t i = 0; i < m->epochs; i++)
        CF_TRY(cf_model_add_epoch(to, &m->history[i], err));
    return CF_OK;
}

cf_status cf_model_clone(const cf_model *m, cf_model **out, cf_error *err) {
    const cf_graph *g = &m->graph;
    CF_TRY(cf_model_blank(m->spec, g->inputs, g->input_count, g->classes, out, err));
    CF_ASSERT(*out != NULL);
    const cf_status status = copy_state(m, *out, err);
    if (status != CF_OK) {
        cf_model_release(*out);
        *out = NULL;
    }
    return status;
}

/* --- asking ---------------------------------------------------------------------------------
 */

const cf_nn_spec *cf_model_spec(const cf_model *m) {
    return m->spec;
}

const cf_nn_input *cf_model_inputs(const cf_model *m, size_t *count) {
    *count = m->graph.input_count;
    return m->graph.inputs;
}

uint32_t cf_model_classes(const cf_model *m) {
    return m->graph.classes;
}

uint64_t cf_model_parameters(const cf_model *m) {
    return m->graph.parameters;
}

size_t cf_model_history(const cf_model *m, const cf_nn_epoch **out) {
    *out = m->history;
    return m->epochs;
}

uint64_t cf_model_hash(const cf_model *m) {
    const cf_graph *g = &m->graph;
    cf_text text = {0};
    cf_nn_spec_to_json(m->spec, &text);
    for (uint32_t i = 0; i < g->input_count; i++)
        cf_text_addf(&text, " %s %u %d %u", g->inputs[i].name, g->inputs[i].width,
                     g->inputs[i].ragged, g->inputs[i].steps_max);
    const uint64_t what = cf_hash_bytes(text.data, text.size, g->classes);
    cf_text_clear(&text);
    return cf_hash_bytes(m->weights, g->parameters * sizeof *m->weights, what);
}

bool cf_model_weight_at(const cf_model *m, size_t index, cf_model_weight *out,
                        const float **values) {
    if (index >= m->graph.weight_count) return false;
    const cf_weight *w = &m->graph.weights[index];
    *out = (cf_model_weight){.layer = m->graph.layers[w->layer].name,
                             .name = w->name,
                             .rows = w->rows,
                             .columns = w->columns};
    if (values != NULL) *values = m->weights + w->at;
    return true;
}

cf_status cf_model_weight_set(cf_model *m, size_t index, const float *values, size_t count,
                              cf_error *err) {
    if (index >= m->graph.weight_count)
        return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "the model has %u weights, not %zu",
                       m->graph.weight_count, index + 1);
    const cf_weight *w = &m->graph.weights[index];
    if (count != (size_t)w->rows * w->columns)
        return cf_fail(err, CF_E_LENGTHS, CF_NOWHERE, "%s.%s has %u x %u values, not %zu",
                       m->graph.layers[w->layer].name, w->name, w->rows, w->columns, count);
    memcpy(m->weights + w->at, values, count * sizeof *values);
    return CF_OK;
}

/* --- summary --------------------------------------------------------------------------------
 */

/* 12,353 */
static void count_text(char out[32], uint64_t n) {
    char digits[32];
    const int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = 0;
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

static void describe(char *out, size_t size, const cf_graph *g, const cf_layer *l) {
    const cf_nn_spec *s = l->spec;
    char number[32];
    switch (l->kind) {
    case CF_NN_INPUT: (void)snprintf(out, size, "input %s", g->inputs[s->input].name); break;
    case CF_NN_DENSE:
        (void)snprintf(out, size, "%s %s", l->name, cf_nn_activation_name(s->activation));
        break;
    case CF_NN_GRU:
    case CF_NN_LSTM:
        (void)snprintf(out, size, "%s%s%s%s", l->name,
                       s->kind == CF_NN_LSTM || s->reset_after ? "" : " reset-before",
                       s->gate == CF_NN_HARD_SIGMOID ? " hard-sigmoid" : "",
                       s->steps == CF_NN_STEPS_MASKED   ? " masked"
                       : s->steps == CF_NN_STEPS_PADDED ? " padded"
                                                        : "");
        break;
    case CF_NN_DROPOUT:
        cf_format_f64(number, s->rate);
        (void)snprintf(out, size, "%s %s", l->name, number);
        break;
    case CF_NN_ATTENTION:
        (void)snprintf(out, size, "%s %u heads of %u", l->name, s->heads, s->key_size);
        break;
    case CF_NN_POOL:
        (void)snprintf(out, size, "%s %s", l->name, cf_nn_pool_name(s->pool));
        break;
    case CF_NN_TREES:
        (void)snprintf(out, size, "%u %s of depth %u", s->rounds * s->forest,
                       s->forest > 1 ? "trees in a forest" : "rounds of trees", s->depth);
        break;
    case CF_NN_CONCAT:
    case CF_NN_ADD:
    case CF_NN_LAYER_NORM:
    case CF_NN_FLATTEN:
    case CF_NN_KIND_COUNT: (void)snprintf(out, size, "%s", l->name); break;
    }
}

static void shape_text(char *out, size_t size, const cf_graph *g, const cf_layer *l) {
    if (!l->list)
        (void)snprintf(out, size, "%u", l->width);
    else if (g->inputs[l->input].steps_max > 0)
        (void)snprintf(out, size, "%u x %u", g->inputs[l->input].steps_max, l->width);
    else
        (void)snprintf(out, size, "n x %u", l->width);
}

static uint64_t layer_parameters(const cf_graph *g, const cf_layer *l) {
    uint64_t count = l->kind == CF_NN_TREES ? g->parameters : 0;
    for (uint32_t i = 0; i < l->weight_count; i++) {
        const cf_weight *w = &g->weights[l->first_weight + i];
        count += (uint64_t)w->rows * w->columns;
    }
    return count;
}

void cf_model_summary(const cf_model *m, cf_text *out) {
    const cf_graph *g = &m->graph;
    char what[160], shape[48], count[32];
    cf_text_addf(out, "%-32s %12s %12s\n", "layer", "output", "parameters");
    for (uint32_t i = 0; i < g->layer_count; i++) {
        const cf_layer *l = &g->layers[i];
        describe(what, sizeof what, g, l);
        shape_text(shape, sizeof shape, g, l);
        count_text(count, layer_parameters(g, l));
        cf_text_addf(out, "%-32s %12s %12s\n", what, shape, count);
    }
    count_text(count, g->parameters);
    cf_text_addf(out, "%-32s %12s %12s\n", "total", "", count);
}
