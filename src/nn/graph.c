#include "nn/graph.h"

#include <string.h>

/* From a spec to layers with shapes and weights. */

static const cf_nn_spec first_input = {.kind = CF_NN_INPUT};

/* --- order ----------------------------------------------------------------------------------
 */

static bool same_layer(const cf_nn_spec *a, const cf_nn_spec *b) {
    return a == b || (a->kind == CF_NN_INPUT && b->kind == CF_NN_INPUT && a->input == b->input);
}

/* The number of a spec's layer, which is added after those that it takes. */
static bool visit(cf_arena *arena, const cf_nn_spec *spec, uint32_t depth, cf_layer_order *o,
                  uint32_t *number) {
    if (spec == NULL) spec = &first_input;
    for (uint32_t i = 0; i < o->count; i++)
        if (same_layer(o->specs[i], spec)) {
            *number = i;
            return true;
        }
    if (depth >= CF_NN_LAYERS_MAX || spec->from_count > CF_NN_LAYERS_MAX) return false;
    uint32_t *from = CF_NEWS(arena, uint32_t, spec->from_count);
    for (uint32_t i = 0; i < spec->from_count; i++)
        if (!visit(arena, spec->from[i], depth + 1, o, &from[i])) return false;
    if (o->count == CF_NN_LAYERS_MAX) return false;
    *number = o->count++;
    o->specs[*number] = spec;
    o->from[*number] = from;
    return true;
}

bool cf_layer_order_of(cf_arena *arena, const cf_nn_spec *spec, cf_layer_order *out) {
    uint32_t last = 0;
    out->count = 0;
    return visit(arena, spec, 0, out, &last);
}

/* --- shapes ---------------------------------------------------------------------------------
 */

typedef struct {
    cf_arena *arena;
    cf_graph *graph;
    cf_layer *layers;
    cf_weight *weights;
    cf_error *err;
} maker;

#define WEIGHTS_MAX 10u /* of a layer */

static const cf_layer *source(const maker *mk, const cf_layer *l, uint32_t i) {
    return &mk->layers[l->from[i]];
}

static void weight(maker *mk, cf_layer *l, const char *name, uint32_t rows, uint32_t columns,
                   cf_init init) {
    cf_graph *g = mk->graph;
    mk->weights[g->weight_count++] = (cf_weight){.name = name,
                                                 .layer = (uint32_t)(l - mk->layers),
                                                 .rows = rows,
                                                 .columns = columns,
                                                 .at = g->parameters,
                                                 .init = init,
                                                 .fan_in = rows,
                                                 .fan_out = columns};
    l->weight_count++;
    g->parameters += (size_t)rows * columns;
}

static cf_status range(const maker *mk, const cf_layer *l, const char *what, double least,
                       double most, double got) {
    if (got >= least && got <= most) return CF_OK;
    char text[3][32];
    cf_format_f64(text[0], got);
    cf_format_f64(text[1], least);
    cf_format_f64(text[2], most);
    return cf_fail(mk->err, CF_E_RANGE, CF_NOWHERE, "layer %s: %s is %s, must be %s to %s",
                   l->name, what, text[0], text[1], text[2]);
}

static cf_status needs_list(const maker *mk, const cf_layer *l) {
    if (source(mk, l, 0)->list) return CF_OK;
    return cf_fail(mk->err, CF_E_TYPE, CF_NOWHERE,
                   "layer %s needs a list of rows for every event, %s has one row", l->name,
                   source(mk, l, 0)->name);
}

static cf_status needs_steps_max(const maker *mk, const cf_layer *l, const char *why) {
    const cf_nn_input *input = &mk->graph->inputs[source(mk, l, 0)->input];
    if (input->steps_max > 0) return CF_OK;
    cf_fail(mk->err, CF_E_TYPE, CF_NOWHERE,
            "layer %s %s, but the input %s has no largest number of rows", l->name, why,
            input->name);
    cf_error_hint(mk->err, "pad the list to a fixed number of rows");
    return CF_E_TYPE;
}

static cf_status shape_input(maker *mk, cf_layer *l) {
    const cf_graph *g = mk->graph;
    if (l->spec->input >= g->input_count)
        return cf_fail(mk->err, CF_E_RANGE, CF_NOWHERE, "input %u of a model with %u inputs",
                       l->spec->input, g->input_count);
    const cf_nn_input *input = &g->inputs[l->spec->input];
    l->input = l->spec->input;
    l->list = input->ragged;
    l->width = input->width;
    return CF_OK;
}

static cf_status shape_dense(maker *mk, cf_layer *l) {
    const cf_layer *from = source(mk, l, 0);
    CF_TRY(range(mk, l, "units", 1, 1 << 20, (double)l->spec->units));
    if (l->spec->activation >= CF_NN_SOFTMAX || l->spec->activation == CF_NN_HARD_SIGMOID) {
        const bool last = l - mk->layers == (ptrdiff_t)mk->graph->layer_count - 1;
        if (l->spec->activation != CF_NN_SOFTMAX || !last)
            return cf_fail(mk->err, CF_E_RANGE, CF_NOWHERE, "layer %s: %s is not possible here",
                           l->name, cf_nn_activation_name(l->spec->activation));
    }
    l->list = from->list;
    l->input = from->input;
    l->width = l->spec->units;
    weight(mk, l, "kernel", from->width, l->width, CF_INIT_GLOROT);
    weight(mk, l, "bias", 1, l->width, CF_INIT_ZERO);
    return CF_OK;
}

static void same_shape(const maker *mk, cf_layer *l) {
    const cf_layer *from = source(mk, l, 0);
    l->list = from->list;
    l->input = from->input;
    l->width = from->width;
}

static cf_status shape_dropout(maker *mk, cf_layer *l) {
    same_shape(mk, l);
    return range(mk, l, "the rate", 0.0, 0.999, l->spec->rate);
}

static cf_status check_recurrent(maker *mk, cf_layer *l) {
    CF_TRY(needs_list(mk, l));
    CF_TRY(range(mk, l, "units", 1, 2048, (double)l->spec->units));
    if (l->spec->steps >= CF_NN_STEPS_COUNT ||
        (l->spec->gate != CF_NN_SIGMOID && l->spec->gate != CF_NN_HARD_SIGMOID))
        return cf_fail(mk->err, CF_E_RANGE, CF_NOWHERE, "layer %s: no such form", l->name);
    if (l->spec->steps == CF_NN_STEPS_PADDED) CF_TRY(needs_steps_max(mk, l, "runs padded"));
    l->width = l->spec->units;
    return CF_OK;
}

static cf_status shape_gru(maker *mk, cf_layer *l) {
    CF_TRY(check_recurrent(mk, l));
    if (l->spec->biases < 1 || l->spec->biases > (l->spec->reset_after ? 2u : 1u))
        return cf_fail(mk->err, CF_E_RANGE, CF_NOWHERE, "layer %s: %u bias vectors", l->name,
                       l->spec->biases);
    weight(mk, l, "kernel", source(mk, l, 0)->width, 3 * l->width, CF_INIT_GLOROT);
    weight(mk, l, "recurrent_kernel", l->width, 3 * l->width, CF_INIT_ORTHOGONAL);
    weight(mk, l, "bias", l->spec->biases, 3 * l->width, CF_INIT_ZERO);
    return CF_OK;
}

static cf_status shape_lstm(maker *mk, cf_layer *l) {
    CF_TRY(check_recurrent(mk, l));
    weight(mk, l, "kernel", source(mk, l, 0)->width, 4 * l->width, CF_INIT_GLOROT);
    weight(mk, l, "recurrent_kernel", l->width, 4 * l->width, CF_INIT_ORTHOGONAL);
    weight(mk, l, "bias", 1, 4 * l->width, CF_INIT_FORGET);
    return CF_OK;
}

/* concat and add: all of them rows of events, or rows of the same lists */
static cf_status shape_merge(maker *mk, cf_layer *l) {
    if (l->from_count == 0)
        return cf_fail(mk->err, CF_E_RANGE, CF_NOWHERE, "layer %s has no inputs", l->name);
    same_shape(mk, l);
    uint64_t width = 0;
    for (uint32_t i = 0; i < l->from_count; i++) {
        const cf_layer *from = source(mk, l, i);
        if (from->list != l->list || (l->list && from->input != l->input))
            return cf_fail(mk->err, CF_E_TYPE, CF_NOWHERE,
                           "layer %s joins %s and %s, whose rows do not correspond", l->name,
                           source(mk, l, 0)->name, from->name);
        if (l->kind == CF_NN_ADD && from->width != l->width)
            return cf_fail(mk->err, CF_E_TYPE, CF_NOWHERE,
                           "layer %s adds rows of %u and of %u values", l->name, l->width,
                           from->width);
        width += from->width;
    }
    if (l->kind == CF_NN_ADD) return CF_OK;
    CF_TRY(range(mk, l, "the width", 1, CF_NN_WIDTH_MAX, (double)width));
    l->width = (uint32_t)width;
    return CF_OK;
}

static cf_status shape_layer_norm(maker *mk, cf_layer *l) {
    same_shape(mk, l);
    CF_TRY(range(mk, l, "epsilon", 1e-12, 1.0, l->spec->epsilon));
    weight(mk, l, "gamma", 1, l->width, CF_INIT_ONE);
    weight(mk, l, "beta", 1, l->width, CF_INIT_ZERO);
    return CF_OK;
}

static cf_status shape_attention(maker *mk, cf_layer *l) {
    CF_TRY(needs_list(mk, l));
    same_shape(mk, l);
    CF_TRY(range(mk, l, "heads", 1, 1024, (double)l->spec->heads));
    CF_TRY(range(mk, l, "key size", 1, 1 << 14, (double)l->spec->key_size));
    static const char *const names[][2] = {{"query_kernel", "query_bias"},
                                           {"key_kernel", "key_bias"},
                                           {"value_kernel", "value_bias"}};
    const uint32_t all = l->spec->heads * l->spec->key_size;
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        weight(mk, l, names[i][0], l->width, all, CF_INIT_GLOROT);
        weight(mk, l, names[i][1], 1, all, CF_INIT_ZERO);
    }
    weight(mk, l, "output_kernel", all, l->width, CF_INIT_GLOROT);
    weight(mk, l, "output_bias", 1, l->width, CF_INIT_ZERO);
    return CF_OK;
}

static cf_status shape_flatten(maker *mk, cf_layer *l) {
    same_shape(mk, l);
    if (!l->list) return CF_OK;
    CF_TRY(needs_steps_max(mk, l, "needs a fixed size"));
    const uint64_t width = (uint64_t)mk->graph->inputs[l->input].steps_max * l->width;
    CF_TRY(range(mk, l, "the width", 1, CF_NN_WIDTH_MAX, (double)width));
    l->width = (uint32_t)width;
    l->list = false;
    return CF_OK;
}

static cf_status shape_pool(maker *mk, cf_layer *l) {
    CF_TRY(needs_list(mk, l));
    if (l->spec->pool >= CF_NN_POOL_COUNT)
        return cf_fail(mk->err, CF_E_RANGE, CF_NOWHERE, "layer %s: no such pool", l->name);
    same_shape(mk, l);
    l->list = false;
    return CF_OK;
}

static cf_status shape_trees(maker *mk, cf_layer *l) {
    const cf_nn_spec *s = l->spec;
    const cf_layer *from = source(mk, l, 0);
    CF_TRY(range(mk, l, "rounds", 1, 100000, (double)s->rounds));
    CF_TRY(range(mk, l, "depth", 1, 30, (double)s->depth));
    CF_TRY(range(mk, l, "trees of the forest", 1, 100000, (double)s->forest));
    CF_TRY(range(mk, l, "eta", 1e-6, 1.0, s->eta));
    CF_TRY(range(mk, l, "subsample", 1e-6, 1.0, s->subsample));
    CF_TRY(range(mk, l, "columns", 1e-6, 1.0, s->columns));
    if (from->list || from->learns)
        return cf_fail(mk->err, CF_E_TYPE, CF_NOWHERE,
                       "layer %s takes one row for every event, from inputs alone", l->name);
    if (l - mk->layers != (ptrdiff_t)mk->graph->layer_count - 1 || mk->graph->classes < 2)
        return cf_fail(mk->err, CF_E_TYPE, CF_NOWHERE,
                       "layer %s must be the last one, for two classes or more", l->name);
    l->width = mk->graph->classes;
    return CF_OK;
}

typedef cf_status shape_fn(maker *mk, cf_layer *l);
static shape_fn *const shapes[CF_NN_KIND_COUNT] = {
    [CF_NN_INPUT] = shape_input,         [CF_NN_DENSE] = shape_dense,
    [CF_NN_DROPOUT] = shape_dropout,     [CF_NN_GRU] = shape_gru,
    [CF_NN_LSTM] = shape_lstm,           [CF_NN_CONCAT] = shape_merge,
    [CF_NN_ADD] = shape_merge,           [CF_NN_LAYER_NORM] = shape_layer_norm,
    [CF_NN_ATTENTION] = shape_attention, [CF_NN_FLATTEN] = shape_flatten,
    [CF_NN_POOL] = shape_pool,           [CF_NN_TREES] = shape_trees,
};

/* "dense", "dense_2", ... */
static const char *layer_name(cf_arena *arena, const cf_layer_order *o, uint32_t number) {
    uint32_t same = 1;
    for (uint32_t i = 0; i < number; i++)
        same += o->specs[i]->kind == o->specs[number]->kind;
    const char *kind = cf_nn_kind_name(o->specs[number]->kind);
    return same == 1 ? kind : cf_arena_printf(arena, "%s_%u", kind, same);
}

static cf_status make_layer(maker *mk, const cf_layer_order *o, uint32_t number) {
    cf_layer *l = &mk->layers[number];
    const cf_nn_spec *spec = o->specs[number];
    *l = (cf_layer){.kind = spec->kind,
                    .spec = spec,
                    .name = layer_name(mk->arena, o, number),
                    .from_count = spec->from_count,
                    .from = o->from[number],
                    .first_weight = mk->graph->weight_count};
    CF_TRY(shapes[spec->kind](mk, l));
    l->learns = l->weight_count > 0;
    for (uint32_t i = 0; i < l->from_count; i++)
        l->learns = l->learns || source(mk, l, i)->learns;
    if (mk->graph->parameters > (size_t)1 << 28)
        return cf_fail(mk->err, CF_E_LIMIT, CF_NOWHERE,
                       "the model has more than 268 million parameters");
    return CF_OK;
}

static cf_status copy_inputs(cf_arena *arena, const cf_nn_input *inputs, size_t count,
                             uint32_t classes, cf_graph *g, cf_error *err) {
    if (count == 0 || count > CF_NN_INPUTS_MAX)
        return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "%zu inputs, possible are 1 to %u", count,
                       CF_NN_INPUTS_MAX);
    if (classes == 0 || classes > 1 << 16)
        return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "%u classes, possible are 1 to 65536",
                       classes);
    cf_nn_input *copy = CF_NEWS(arena, cf_nn_input, count);
    for (size_t i = 0; i < count; i++) {
        copy[i] = inputs[i];
        copy[i].name = cf_str_dup(arena, cf_str_of(inputs[i].name));
        if (inputs[i].width == 0 || inputs[i].width > CF_NN_WIDTH_MAX)
            return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "input %s has rows of %u values",
                           inputs[i].name, inputs[i].width);
    }
    g->inputs = copy;
    g->input_count = (uint32_t)count;
    g->classes = classes;
    return CF_OK;
}

/* A copy, from the last layer's number, of all specs in the order: the graph owns them. */
static const cf_nn_spec *copy_specs(cf_arena *arena, cf_layer_order *o) {
    cf_nn_spec *copies = CF_NEWS(arena, cf_nn_spec, o->count);
    for (uint32_t i = 0; i < o->count; i++) {
        copies[i] = *o->specs[i];
        const cf_nn_spec **from = CF_NEWS(arena, const cf_nn_spec *, copies[i].from_count);
        for (uint32_t j = 0; j < copies[i].from_count; j++)
            from[j] = &copies[o->from[i][j]];
        copies[i].from = from;
        o->specs[i] = &copies[i];
    }
    return &copies[o->count - 1];
}

static bool ends_in_classes(const cf_nn_spec *spec, uint32_t classes) {
    if (spec->kind == CF_NN_TREES) return true;
    return spec->kind == CF_NN_DENSE &&
           (spec->activation == CF_NN_SOFTMAX ||
            (spec->activation == CF_NN_SIGMOID && spec->units == classes));
}

static cf_status check_kinds(const cf_layer_order *o, cf_error *err) {
    for (uint32_t i = 0; i < o->count; i++) {
        const cf_nn_spec *s = o->specs[i];
        const bool merge = s->kind == CF_NN_CONCAT || s->kind == CF_NN_ADD;
        if ((size_t)s->kind >= CF_NN_KIND_COUNT ||
            (!merge && s->from_count != (s->kind == CF_NN_INPUT ? 0 : 1)))
            return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "layer %u is no layer", i);
    }
    return CF_OK;
}

static cf_status order_layers(cf_arena *arena, const cf_nn_spec *spec, uint32_t classes,
                              cf_layer_order *o, cf_error *err) {
    if (!cf_layer_order_of(arena, spec, o))
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "a model has at most %u layers",
                       CF_NN_LAYERS_MAX - 1);
    CF_TRY(check_kinds(o, err));
    const cf_nn_spec *last = copy_specs(arena, o);
    if (ends_in_classes(last, classes)) return CF_OK;
    if (o->count == CF_NN_LAYERS_MAX)
        return cf_fail(err, CF_E_LIMIT, CF_NOWHERE, "a model has at most %u layers",
                       CF_NN_LAYERS_MAX - 1);
    uint32_t *from = CF_NEW(arena, uint32_t);
    *from = o->count - 1;
    o->specs[o->count] = cf_nn_spec_dense(arena, last, classes, CF_NN_SOFTMAX);
    o->from[o->count++] = from;
    return CF_OK;
}

cf_status cf_graph_make(cf_arena *arena, const cf_nn_spec *spec, const cf_nn_input *inputs,
                        size_t input_count, uint32_t classes, cf_graph *out, cf_error *err) {
    *out = (cf_graph){0};
    CF_TRY(copy_inputs(arena, inputs, input_count, classes, out, err));
    cf_layer_order *o = CF_NEW(arena, cf_layer_order);
    CF_TRY(order_layers(arena, spec, classes, o, err));
    maker mk = {.arena = arena,
                .graph = out,
                .layers = CF_NEWS(arena, cf_layer, o->count),
                .weights = CF_NEWS(arena, cf_weight, (size_t)o->count * WEIGHTS_MAX),
                .err = err};
    out->layers = mk.layers;
    out->weights = mk.weights;
    out->layer_count = o->count;
    for (uint32_t i = 0; i < o->count; i++)
        CF_TRY(make_layer(&mk, o, i));
    const cf_layer *last = cf_graph_output(out);
    CF_ASSERT(out->layers != NULL && out->inputs != NULL);
    if (last->list)
        return cf_fail(err, CF_E_TYPE, CF_NOWHERE,
                       "the model ends with a row for every row of %s; one for every event is "
                       "needed",
                       out->inputs[last->input].name);
    if (last->width != classes)
        return cf_fail(err, CF_E_TYPE, CF_NOWHERE,
                       "the last layer has %u units, the targets have %u classes", last->width,
                       classes);
    out->softmax = last->kind == CF_NN_TREES || last->spec->activation == CF_NN_SOFTMAX;
    return CF_OK;
}

cf_status cf_nn_spec_check(const cf_nn_spec *spec, const cf_nn_input *inputs,
                           size_t input_count, uint32_t classes, cf_error *err) {
    cf_arena *arena = cf_arena_new(1 << 14);
    cf_graph graph;
    const cf_status status =
        cf_graph_make(arena, spec, inputs, input_count, classes, &graph, err);
    cf_arena_free(arena);
    return status;
}

double cf_graph_flop(const cf_graph *g, const double *mean_steps) {
    double total = 0.0;
    for (uint32_t i = 0; i < g->layer_count; i++) {
        const cf_layer *l = &g->layers[i];
        double weights = 0.0;
        for (uint32_t k = 0; k < l->weight_count; k++) {
            const cf_weight *w = &g->weights[l->first_weight + k];
            weights += (double)w->rows * (double)w->columns;
        }
        const bool many = l->from_count > 0 && cf_graph_from(g, l, 0)->list;
        const double steps =
            many && l->kind != CF_NN_FLATTEN ? mean_steps[cf_graph_from(g, l, 0)->input] : 1.0;
        total += 2.0 * weights * steps;
        if (l->kind == CF_NN_ATTENTION)
            total += 4.0 * steps * steps * (double)l->spec->heads * (double)l->spec->key_size;
    }
    return total;
}
