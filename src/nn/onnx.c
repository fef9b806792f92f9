#include "nn/file.h"
#include "nn/model.h"
#include "nn/protobuf.h"

#include <math.h>
#include <string.h>

/* A model as an ONNX file (operator set 17).  A list is [steps][events][width], the layout of
 * ONNX's recurrent operators, with the number of rows of each event beside it; what follows the
 * last row of an event must be 0.  Values of layer 3 are called "layer/3".
 *
 * Source: onnx.proto and Operators.md of github.com/onnx/onnx. */

#define OPSET      17
#define IR_VERSION 8

enum { TYPE_FLOAT = 1, TYPE_INT32 = 6, TYPE_INT64 = 7 }; /* TensorProto.DataType */

typedef struct {
    const cf_model *m;
    cf_arena *arena;
    cf_text nodes, initializers, inputs; /* repeated fields of the graph */
    const char **values;                 /* [layers] name of a layer's values */
    const char **masks;                  /* [inputs] 1 where a row is, else 0; made on demand */
} writer;

/* --- parts of a graph -----------------------------------------------------------------------
 */

static void tensor(writer *w, const char *name, const uint64_t *dims, size_t dim_count,
                   int type, const void *data, size_t size) {
    cf_text t = {0};
    for (size_t i = 0; i < dim_count; i++)
        cf_pb_int(&t, 1, dims[i]);
    cf_pb_int(&t, 2, (uint64_t)type);
    cf_pb_text(&t, 8, name);
    cf_pb_bytes(&t, 9, data, size);
    cf_pb_message(&w->initializers, 5, &t);
}

/* A new constant of floats, [rows][columns], or [columns] when rows is 0. */
static const char *floats(writer *w, const char *name, const float *x, uint64_t rows,
                          uint64_t columns) {
    const uint64_t dims[] = {rows, columns};
    const size_t count = (size_t)((rows == 0 ? 1 : rows) * columns);
    tensor(w, name, rows == 0 ? dims + 1 : dims, rows == 0 ? 1 : 2, TYPE_FLOAT, x,
           count * sizeof *x);
    return name;
}

static const char *ints(writer *w, const int64_t *x, size_t count) {
    cf_text name = {0};
    cf_text_adds(&name, "ints");
    for (size_t i = 0; i < count; i++)
        cf_text_addf(&name, "/%lld", (long long)x[i]);
    const char *own = cf_arena_printf(w->arena, "%s#%zu", name.data, w->initializers.size);
    const uint64_t dims[] = {count};
    cf_text_clear(&name);
    tensor(w, own, dims, 1, TYPE_INT64, x, count * sizeof *x);
    return own;
}

static const char *one_int(writer *w, int64_t x) {
    return ints(w, &x, 1);
}

/* A single number without dimensions. */
static const char *scalar(writer *w, int type, const void *x, size_t size) {
    const char *name = cf_arena_printf(w->arena, "scalar#%zu", w->initializers.size);
    tensor(w, name, NULL, 0, type, x, size);
    return name;
}

static const char *scalar_float(writer *w, float x) {
    return scalar(w, TYPE_FLOAT, &x, sizeof x);
}

static const char *scalar_int(writer *w, int64_t x) {
    return scalar(w, TYPE_INT64, &x, sizeof x);
}

/* Attributes: added to a text that node() takes. */
static void attribute_int(cf_text *out, const char *name, int64_t x) {
    cf_text a = {0};
    cf_pb_text(&a, 1, name);
    cf_pb_int(&a, 3, (uint64_t)x);
    cf_pb_int(&a, 20, 2);
    cf_pb_message(out, 5, &a);
}

static void attribute_float(cf_text *out, const char *name, float x) {
    cf_text a = {0};
    cf_pb_text(&a, 1, name);
    cf_pb_float(&a, 2, x);
    cf_pb_int(&a, 20, 1);
    cf_pb_message(out, 5, &a);
}

static void attribute_ints(cf_text *out, const char *name, const int64_t *x, size_t count) {
    cf_text a = {0};
    cf_pb_text(&a, 1, name);
    for (size_t i = 0; i < count; i++)
        cf_pb_int(&a, 8, (uint64_t)x[i]);
    cf_pb_int(&a, 20, 7);
    cf_pb_message(out, 5, &a);
}

static void attribute_texts(cf_text *out, const char *name, const char *const *x,
                            size_t count) {
    cf_text a = {0};
    cf_pb_text(&a, 1, name);
    for (size_t i = 0; i < count; i++)
        cf_pb_text(&a, 9, x[i]);
    cf_pb_int(&a, 20, 8);
    cf_pb_message(out, 5, &a);
}

/* op(inputs) -> output; an empty name is an input that is left out.  attributes may be NULL and
 * is freed. */
static const char *node_to(writer *w, const char *op, const char *const *inputs, size_t count,
                           cf_text *attributes, size_t skipped_outputs, const char *output) {
    cf_text n = {0};
    for (size_t i = 0; i < count; i++)
        cf_pb_text(&n, 1, inputs[i]);
    for (size_t i = 0; i < skipped_outputs; i++)
        cf_pb_text(&n, 2, "");
    cf_pb_text(&n, 2, output);
    cf_pb_text(&n, 3, output);
    cf_pb_text(&n, 4, op);
    if (attributes != NULL) {
        if (attributes->size > 0) cf_text_add(&n, attributes->data, attributes->size);
        cf_text_clear(attributes);
    }
    cf_pb_message(&w->nodes, 1, &n);
    return output;
}

static const char *fresh(writer *w, const char *op) {
    return cf_arena_printf(w->arena, "%s#%zu", op, w->nodes.size);
}

static const char *node1(writer *w, const char *op, const char *a, cf_text *attributes) {
    return node_to(w, op, &a, 1, attributes, 0, fresh(w, op));
}

static const char *node2(writer *w, const char *op, const char *a, const char *b) {
    const char *const in[] = {a, b};
    return node_to(w, op, in, 2, NULL, 0, fresh(w, op));
}

static const char *node3(writer *w, const char *op, const char *a, const char *b,
                         const char *c) {
    const char *const in[] = {a, b, c};
    return node_to(w, op, in, 3, NULL, 0, fresh(w, op));
}

static const char *transpose(writer *w, const char *x, const int64_t *order, size_t count) {
    cf_text attributes = {0};
    attribute_ints(&attributes, "perm", order, count);
    return node1(w, "Transpose", x, &attributes);
}

static const char *softmax(writer *w, const char *x) {
    cf_text attributes = {0};
    attribute_int(&attributes, "axis", -1);
    return node1(w, "Softmax", x, &attributes);
}

static const char *cast(writer *w, const char *x, int type) {
    cf_text attributes = {0};
    attribute_int(&attributes, "to", type);
    return node1(w, "Cast", x, &attributes);
}

/* --- weights --------------------------------------------------------------------------------
 */

static const float *weight_of(const writer *w, const cf_layer *l, uint32_t index) {
    return w->m->weights + cf_layer_weight(&w->m->graph, l, index);
}

static const char *weight(writer *w, const cf_layer *l, uint32_t index) {
    const cf_weight *info = &w->m->graph.weights[l->first_weight + index];
    return floats(w, cf_arena_printf(w->arena, "%s.%s", l->name, info->name),
                  weight_of(w, l, index), info->rows == 1 ? 0 : info->rows, info->columns);
}

/* x W + b for events and for lists alike. */
static const char *linear(writer *w, const cf_layer *l, uint32_t kernel, const char *x) {
    return node2(w, "Add", node2(w, "MatMul", x, weight(w, l, kernel)),
                 weight(w, l, kernel + 1));
}

static const char *from(const writer *w, const cf_layer *l, uint32_t index) {
    return w->values[l->from[index]];
}

/* --- lists ----------------------------------------------------------------------------------
 */

static const char *length_name(writer *w, uint32_t input) {
    return cf_arena_printf(w->arena, "%s_length", w->m->graph.inputs[input].name);
}

/* [steps][events][1]: step < length. */
static const char *mask(writer *w, uint32_t input) {
    if (w->masks[input] != NULL) return w->masks[input];
    const char *shape = node1(w, "Shape", w->m->graph.inputs[input].name, NULL);
    const char *steps = node2(w, "Gather", shape, scalar_int(w, 0));
    const char *step = node3(w, "Range", scalar_int(w, 0), steps, scalar_int(w, 1));
    const char *length = cast(w, length_name(w, input), TYPE_INT64);
    const char *yes = node2(w, "Less", node2(w, "Unsqueeze", step, one_int(w, 1)),
                            node2(w, "Unsqueeze", length, one_int(w, 0)));
    w->masks[input] = node2(w, "Unsqueeze", cast(w, yes, TYPE_FLOAT), one_int(w, 2));
    return w->masks[input];
}

static const char *flatten(writer *w, const cf_layer *l) {
    static const int64_t order[] = {1, 0, 2};
    const cf_layer *x = cf_graph_from(&w->m->graph, l, 0);
    if (!x->list) return from(w, l, 0);
    const int64_t shape[] = {0, l->width};
    const char *zeroed = node2(w, "Mul", from(w, l, 0), mask(w, x->input));
    return node2(w, "Reshape", transpose(w, zeroed, order, 3), ints(w, shape, 2));
}

static const char *reduce(writer *w, const char *op, const char *x) {
    cf_text attributes = {0};
    const char *const sum_in[] = {x, strcmp(op, "ReduceSum") == 0 ? one_int(w, 0) : ""};
    const int64_t axis = 0;
    if (strcmp(op, "ReduceSum") != 0) attribute_ints(&attributes, "axes", &axis, 1);
    attribute_int(&attributes, "keepdims", 0);
    return node_to(w, op, sum_in, strcmp(op, "ReduceSum") == 0 ? 2 : 1, &attributes, 0,
                   fresh(w, op));
}

static const char *pool(writer *w, const cf_layer *l) {
    const uint32_t input = cf_graph_from(&w->m->graph, l, 0)->input;
    const char *rows = mask(w, input), *x = node2(w, "Mul", from(w, l, 0), rows);
    if (l->spec->pool == CF_NN_POOL_SUM) return reduce(w, "ReduceSum", x);
    const char *count = node2(w, "Unsqueeze", cast(w, length_name(w, input), TYPE_FLOAT),
                              one_int(w, 1)); /* [events][1] */
    const char *least_one = node2(w, "Max", count, scalar_float(w, 1.0f));
    if (l->spec->pool == CF_NN_POOL_MEAN)
        return node2(w, "Div", reduce(w, "ReduceSum", x), least_one);
    /* rows that are not there far below all others; no rows at all give 0 */
    const char *far =
        node2(w, "Mul", node2(w, "Sub", rows, scalar_float(w, 1.0f)), scalar_float(w, 1e30f));
    const char *most = reduce(w, "ReduceMax", node2(w, "Add", x, far));
    return node2(w, "Mul", most, node2(w, "Min", count, scalar_float(w, 1.0f)));
}

/* [events][steps][all] -> [events][heads][steps][key], or with the last two swapped */
static const char *split_heads(writer *w, const cf_layer *l, const char *x, bool swapped) {
    static const int64_t rows[] = {0, 2, 1, 3}, columns[] = {0, 2, 3, 1};
    const int64_t shape[] = {0, 0, l->spec->heads, l->spec->key_size};
    return transpose(w, node2(w, "Reshape", x, ints(w, shape, 4)), swapped ? columns : rows, 4);
}

static const char *attention(writer *w, const cf_layer *l) {
    static const int64_t swap[] = {1, 0, 2}, middle[] = {0, 2, 1, 3}, keys[] = {1, 2, 0};
    const int64_t all[] = {0, 0, (int64_t)l->spec->heads * l->spec->key_size};
    const char *x = transpose(w, from(w, l, 0), swap, 3);
    const char *q = split_heads(w, l, linear(w, l, 0, x), false);
    const char *k = split_heads(w, l, linear(w, l, 2, x), true);
    const char *v = split_heads(w, l, linear(w, l, 4, x), false);
    const char *scale = scalar_float(w, 1.0f / sqrtf((float)l->spec->key_size));
    const char *scores = node2(w, "Mul", node2(w, "MatMul", q, k), scale);
    /* [events][1][1][steps]: keys that are not there get nothing */
    const char *there = transpose(w, mask(w, l->input), keys, 3);
    const char *far =
        node2(w, "Mul", node2(w, "Sub", there, scalar_float(w, 1.0f)), scalar_float(w, 1e9f));
    const char *p =
        softmax(w, node2(w, "Add", scores, node2(w, "Unsqueeze", far, one_int(w, 1))));
    const char *o = transpose(w, node2(w, "MatMul", p, v), middle, 4);
    const char *joined = node2(w, "Reshape", o, ints(w, all, 3));
    return transpose(w, linear(w, l, 6, joined), swap, 3);
}

/* --- recurrent ------------------------------------------------------------------------------
 */

/* [rows][gates u] of ours -> [1][gates u][rows], the gates in ONNX's order. */
static const char *gate_matrix(writer *w, const cf_layer *l, uint32_t index, const char *name,
                               const uint32_t *order, size_t gates) {
    const size_t u = l->width;
    const size_t rows = w->m->graph.weights[l->first_weight + index].rows;
    const float *x = weight_of(w, l, index);
    float *out = CF_NEWS(w->arena, float, rows *gates *u);
    for (size_t g = 0; g < gates; g++)
        for (size_t j = 0; j < u; j++)
            for (size_t r = 0; r < rows; r++)
                out[(g * u + j) * rows + r] = x[r * gates * u + order[g] * u + j];
    const uint64_t dims[] = {1, gates * u, rows};
    tensor(w, name, dims, 3, TYPE_FLOAT, out, rows * gates * u * sizeof *out);
    return name;
}

/* [1][2 gates u]: biases with the input, then with h (0 where there is one vector). */
static const char *gate_bias(writer *w, const cf_layer *l, const char *name,
                             const uint32_t *order, size_t gates) {
    const size_t u = l->width;
    const float *x = weight_of(w, l, 2);
    float *out = CF_NEWS(w->arena, float, 2 * gates * u);
    for (size_t g = 0; g < gates; g++)
        for (size_t j = 0; j < u; j++) {
            out[g * u + j] = x[order[g] * u + j];
            if (l->spec->biases == 2) out[(gates + g) * u + j] = x[(gates + order[g]) * u + j];
        }
    const uint64_t dims[] = {1, 2 * gates * u};
    tensor(w, name, dims, 2, TYPE_FLOAT, out, 2 * gates * u * sizeof *out);
    return name;
}

static void recurrent_attributes(cf_text *out, const cf_layer *l) {
    static const char *const names[][3] = {{"Sigmoid", "Tanh", "Tanh"},
                                           {"HardSigmoid", "Tanh", "Tanh"}};
    attribute_int(out, "hidden_size", l->width);
    /* HardSigmoid's slope 0.2 and shift 0.5 are what ONNX takes by itself */
    attribute_texts(out, "activations", names[l->spec->gate == CF_NN_HARD_SIGMOID],
                    l->kind == CF_NN_GRU ? 2 : 3);
    if (l->kind == CF_NN_GRU) attribute_int(out, "linear_before_reset", l->spec->reset_after);
}

static const char *recurrent(writer *w, const cf_layer *l) {
    static const uint32_t zrh[] = {0, 1, 2}, iofc[] = {0, 3, 1, 2};
    const bool gru = l->kind == CF_NN_GRU;
    const uint32_t *order = gru ? zrh : iofc, input = cf_graph_from(&w->m->graph, l, 0)->input;
    const size_t gates = gru ? 3 : 4;
    const bool padded = l->spec->steps == CF_NN_STEPS_PADDED;
    cf_text attributes = {0};
    recurrent_attributes(&attributes, l);
    const char *const in[] = {
        padded ? node2(w, "Mul", from(w, l, 0), mask(w, input)) : from(w, l, 0),
        gate_matrix(w, l, 0, cf_arena_printf(w->arena, "%s.W", l->name), order, gates),
        gate_matrix(w, l, 1, cf_arena_printf(w->arena, "%s.R", l->name), order, gates),
        gate_bias(w, l, cf_arena_printf(w->arena, "%s.B", l->name), order, gates),
        padded ? "" : length_name(w, input)};
    const char *last = node_to(w, gru ? "GRU" : "LSTM", in, 5, &attributes, 1,
                               cf_arena_printf(w->arena, "%s.last", l->name));
    return node2(w, "Squeeze", last, one_int(w, 0));
}

/* --- layers ---------------------------------------------------------------------------------
 */

static const char *dense(writer *w, const cf_layer *l) {
    const char *x = linear(w, l, 0, from(w, l, 0));
    switch (l->spec->activation) {
    case CF_NN_RELU: return node1(w, "Relu", x, NULL);
    case CF_NN_TANH: return node1(w, "Tanh", x, NULL);
    case CF_NN_SIGMOID: return node1(w, "Sigmoid", x, NULL);
    case CF_NN_SOFTMAX: return softmax(w, x);
    case CF_NN_HARD_SIGMOID:
    case CF_NN_LINEAR:
    case CF_NN_ACTIVATION_COUNT: break;
    }
    return x;
}

static const char *concat(writer *w, const cf_layer *l) {
    cf_text attributes = {0};
    const char **in = CF_NEWS(w->arena, const char *, l->from_count);
    for (uint32_t i = 0; i < l->from_count; i++)
        in[i] = from(w, l, i);
    attribute_int(&attributes, "axis", -1);
    return node_to(w, "Concat", in, l->from_count, &attributes, 0, fresh(w, "Concat"));
}

static const char *add(writer *w, const cf_layer *l) {
    const char *sum = from(w, l, 0);
    for (uint32_t i = 1; i < l->from_count; i++)
        sum = node2(w, "Add", sum, from(w, l, i));
    return sum;
}

static const char *layer_norm(writer *w, const cf_layer *l) {
    cf_text attributes = {0};
    const char *const in[] = {from(w, l, 0), weight(w, l, 0), weight(w, l, 1)};
    attribute_int(&attributes, "axis", -1);
    attribute_float(&attributes, "epsilon", (float)l->spec->epsilon);
    return node_to(w, "LayerNormalization", in, 3, &attributes, 0, fresh(w, "LayerNorm"));
}

static const char *layer(writer *w, const cf_layer *l) {
    switch (l->kind) {
    case CF_NN_INPUT: return w->m->graph.inputs[l->input].name;
    case CF_NN_DENSE: return dense(w, l);
    case CF_NN_DROPOUT: return from(w, l, 0);
    case CF_NN_GRU:
    case CF_NN_LSTM: return recurrent(w, l);
    case CF_NN_CONCAT: return concat(w, l);
    case CF_NN_ADD: return add(w, l);
    case CF_NN_LAYER_NORM: return layer_norm(w, l);
    case CF_NN_ATTENTION: return attention(w, l);
    case CF_NN_FLATTEN: return flatten(w, l);
    case CF_NN_POOL: return pool(w, l);
    case CF_NN_TREES: break; /* refused before */
    case CF_NN_KIND_COUNT: break;
    }
    return "";
}

/* --- the file -------------------------------------------------------------------------------
 */

/* A dimension is a number, or a name when the number is 0. */
static void add_dim(cf_text *shape, uint64_t value, const char *name) {
    cf_text dim = {0};
    if (value > 0)
        cf_pb_int(&dim, 1, value);
    else
        cf_pb_text(&dim, 2, name);
    cf_pb_message(shape, 1, &dim);
}

static void value_info(cf_text *out, unsigned field, const char *name, int type,
                       cf_text *shape) {
    cf_text tensor_type = {0}, type_proto = {0}, info = {0};
    cf_pb_int(&tensor_type, 1, (uint64_t)type);
    cf_pb_message(&tensor_type, 2, shape);
    cf_pb_message(&type_proto, 1, &tensor_type);
    cf_pb_text(&info, 1, name);
    cf_pb_message(&info, 2, &type_proto);
    cf_pb_message(out, field, &info);
}

static void add_inputs(writer *w) {
    for (uint32_t i = 0; i < w->m->graph.input_count; i++) {
        const cf_nn_input *in = &w->m->graph.inputs[i];
        cf_text shape = {0}, length = {0};
        if (in->ragged) add_dim(&shape, 0, cf_arena_printf(w->arena, "%s_steps", in->name));
        add_dim(&shape, 0, "events");
        add_dim(&shape, in->width, NULL);
        value_info(&w->inputs, 11, in->name, TYPE_FLOAT, &shape);
        if (!in->ragged) continue;
        add_dim(&length, 0, "events");
        value_info(&w->inputs, 11, length_name(w, i), TYPE_INT32, &length);
    }
}

static void add_graph(writer *w, cf_text *out) {
    const cf_graph *g = &w->m->graph;
    cf_text shape = {0}, graph = {0};
    for (uint32_t i = 0; i < g->layer_count; i++)
        w->values[i] = layer(w, &g->layers[i]);
    const char *last = w->values[g->layer_count - 1];
    (void)node_to(w, "Identity", &last, 1, NULL, 0, "probabilities");
    add_inputs(w);
    cf_text_add(&graph, w->nodes.data, w->nodes.size);
    cf_pb_text(&graph, 2, "cutflow");
    if (w->initializers.size > 0)
        cf_text_add(&graph, w->initializers.data, w->initializers.size);
    cf_text_add(&graph, w->inputs.data, w->inputs.size);
    add_dim(&shape, 0, "events");
    add_dim(&shape, g->classes, NULL);
    value_info(&graph, 12, "probabilities", TYPE_FLOAT, &shape);
    if (w->nodes.failed || w->initializers.failed || w->inputs.failed) graph.failed = true;
    cf_pb_message(out, 7, &graph);
}

static cf_status encode(const cf_model *m, cf_text *out, cf_error *err) {
    cf_text opset = {0};
    writer w = {.m = m, .arena = cf_arena_new(1 << 16)};
    w.values = CF_NEWS(w.arena, const char *, m->graph.layer_count);
    w.masks = CF_NEWS(w.arena, const char *, m->graph.input_count);
    cf_pb_int(out, 1, IR_VERSION);
    cf_pb_text(out, 2, "cutflow");
    cf_pb_text(out, 3, CF_VERSION);
    add_graph(&w, out);
    cf_pb_text(&opset, 1, "");
    cf_pb_int(&opset, 2, OPSET);
    cf_pb_message(out, 8, &opset);
    cf_text_clear(&w.nodes);
    cf_text_clear(&w.initializers);
    cf_text_clear(&w.inputs);
    cf_arena_free(w.arena);
    if (!out->failed) return CF_OK;
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to write an ONNX file");
}

static cf_status check_layers(const cf_graph *g, cf_error *err) {
    if (cf_graph_output(g)->kind != CF_NN_TREES) return CF_OK;
    return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE, "trees cannot be written as ONNX yet");
}

/* Names of ours have a # or a dot; those of inputs should not be the same. */
static cf_status check_names(const cf_graph *g, cf_error *err) {
    for (uint32_t i = 0; i < g->input_count; i++)
        if (strcspn(g->inputs[i].name, "#.") != strlen(g->inputs[i].name) ||
            strcmp(g->inputs[i].name, "probabilities") == 0)
            return cf_fail(err, CF_E_UNSUPPORTED, CF_NOWHERE,
                           "an ONNX file cannot have an input called %s here",
                           g->inputs[i].name);
    return CF_OK;
}

cf_status cf_model_save_onnx(const cf_model *m, const char *path, cf_error *err) {
    cf_text bytes = {0};
    CF_TRY(check_names(&m->graph, err));
    CF_TRY(check_layers(&m->graph, err));
    cf_status status = encode(m, &bytes, err);
    if (status == CF_OK) status = cf_file_replace(&bytes, path, err);
    cf_text_clear(&bytes);
    return status;
}
