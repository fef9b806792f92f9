/* The networks of the DL trigger against values that Keras computed (tests/data/golden-nn):
 * outputs, gradients, ten steps of Adam. */
#include "nn/batch.h"
#include "nn/model.h"
#include "test.h"

#include <jansson.h>
#include <stdlib.h>

#define FOLDER "tests/data/golden-nn/"

typedef struct {
    json_t *index; /* name -> {dtype, shape, offset} */
    char *bytes;
    size_t size;
} arrays;

static bool load_arrays(const char *name, arrays *out) {
    char path[200];
    json_error_t err;
    (void)snprintf(path, sizeof path, FOLDER "%s.json", name);
    out->index = json_load_file(path, 0, &err);
    (void)snprintf(path, sizeof path, FOLDER "%s.bin", name);
    FILE *f = fopen(path, "rb");
    if (out->index == NULL || f == NULL) return false;
    out->bytes = calloc(1, 1 << 20);
    out->size = fread(out->bytes, 1, 1 << 20, f);
    (void)fclose(f);
    return true;
}

static void free_arrays(arrays *x) {
    json_decref(x->index);
    free(x->bytes);
}

/* A copy of an array as doubles; *count its length. */
static double *array(const arrays *x, const char *name, size_t *count) {
    const json_t *info = json_object_get(x->index, name);
    const char *type = json_string_value(json_object_get(info, "dtype"));
    const json_t *shape = json_object_get(info, "shape");
    const size_t offset = (size_t)json_integer_value(json_object_get(info, "offset"));
    *count = 1;
    CHECK(type != NULL);
    if (type == NULL) exit(1);
    for (size_t i = 0; i < json_array_size(shape); i++)
        *count *= (size_t)json_integer_value(json_array_get(shape, i));
    double *out = calloc(*count, sizeof *out);
    const size_t size = strcmp(type, "float64") == 0 ? 8 : 4;
    CHECK(offset + *count * size <= x->size);
    for (size_t i = 0; i < *count; i++) {
        const char *at = x->bytes + offset + i * size;
        float f;
        int32_t k;
        if (size == 8)
            memcpy(&out[i], at, 8);
        else if (strcmp(type, "float32") == 0)
            out[i] = (double)(memcpy(&f, at, 4), f);
        else
            out[i] = (double)(memcpy(&k, at, 4), k);
    }
    return out;
}

static float *floats(const arrays *x, const char *name) {
    size_t n = 0;
    double *wide = array(x, name, &n);
    float *out = calloc(n, sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)wide[i];
    free(wide);
    return out;
}

/* --- a case ---------------------------------------------------------------------------------
 */

typedef struct {
    const char *name;
    json_t *info;
    bool mlp, inclusive, full;
    size_t batches, batch, steps;
    cf_nn_input inputs[2];
    size_t input_count;
    float *values[2], *targets; /* all batches behind each other */
} golden;

static bool flag(const json_t *info, const char *key) {
    return json_is_true(json_object_get(info, key));
}

static const char *text(const json_t *info, const char *key) {
    const char *t = json_string_value(json_object_get(info, key));
    return t == NULL ? "" : t;
}

static void load_inputs(golden *g, const arrays *x) {
    g->batches = g->full ? 1 : 10;
    g->batch = g->mlp ? 32 : g->full ? 2 : 6;
    g->steps = g->full ? 801 : 24;
    const cf_nn_input seq = {"seq", 19, true, (uint32_t)g->steps}, hlf = {"hlf", 14, false, 0};
    g->inputs[0] = g->mlp ? hlf : seq;
    g->inputs[1] = hlf;
    g->input_count = g->inclusive ? 2 : 1;
    g->values[0] = floats(x, g->mlp ? "mlp_x" : g->full ? "full_x" : "seq_x");
    g->values[1] = floats(x, g->full ? "full_hlf" : "hlf_x");
    float *label = floats(x, g->mlp ? "mlp_label" : g->full ? "full_label" : "label");
    g->targets = calloc(g->batches * g->batch * 3, sizeof *g->targets);
    for (size_t i = 0; i < g->batches * g->batch; i++)
        g->targets[i * 3 + (size_t)label[i]] = 1.0f;
    free(label);
}

static const cf_nn_spec *make_spec(cf_arena *a, const golden *g) {
    const uint32_t mlp[] = {50, 20, 10};
    const cf_nn_spec *x = cf_nn_spec_input(a, 0);
    if (g->mlp) return cf_nn_spec_mlp(a, x, mlp, 3);
    const cf_nn_recurrent form = {.steps = strcmp(text(g->info, "form"), "masked") == 0
                                               ? CF_NN_STEPS_MASKED
                                               : CF_NN_STEPS_PADDED,
                                  .reset_before = !flag(g->info, "after"),
                                  .hard_sigmoid = strstr(g->name, "hard") != NULL};
    const uint32_t units = (uint32_t)json_integer_value(json_object_get(g->info, "units"));
    x = strcmp(text(g->info, "cell"), "lstm") == 0 ? cf_nn_spec_lstm(a, x, units, form)
                                                   : cf_nn_spec_gru(a, x, units, form);
    if (!g->inclusive) return x;
    const cf_nn_spec *both[] = {x, cf_nn_spec_input(a, 1)};
    return cf_nn_spec_dense(a, cf_nn_spec_concat(a, both, 2), 25, CF_NN_RELU);
}

static cf_nn_block block_of(const golden *g, size_t batch, cf_nn_values values[2],
                            const uint32_t *lengths) {
    const size_t first = batch * g->batch;
    values[0].values = g->values[0] + first * (g->mlp ? 14 : g->steps * 19);
    values[0].lengths = g->mlp ? NULL : lengths;
    values[1].values = g->values[1] + first * 14;
    values[1].lengths = NULL;
    return (cf_nn_block){g->batch, values, g->targets + first * 3, NULL};
}

static cf_dataset *dataset_of(const golden *g, size_t batch) {
    uint32_t lengths[32];
    cf_nn_values values[2];
    cf_dataset *d = NULL;
    for (size_t i = 0; i < 32; i++)
        lengths[i] = (uint32_t)g->steps;
    const cf_nn_block block = block_of(g, batch, values, lengths);
    CHECK(cf_dataset_new(g->inputs, g->input_count, 3, 1 << 24, &d, NULL) == CF_OK);
    CHECK(cf_dataset_append(d, &block, NULL) == CF_OK);
    CHECK(cf_dataset_seal(d, NULL) == CF_OK);
    return d;
}

/* --- comparing ------------------------------------------------------------------------------
 */

/* "w0.rnn.kernel" of the index-th weight: the file names layers rnn, dense1, ..., out; ours
 * come in the same order. */
static void golden_name(const golden *g, const char *what, size_t index, char out[100]) {
    const char *key = "?";
    const json_t *value;
    size_t i = 0;
    json_t *weights = json_object_get(g->info, "weights");
    json_object_foreach(weights, key, value) {
        if (i++ == index) break;
    }
    (void)value;
    (void)snprintf(out, 100, "%s.%s", what, key);
}

static void set_weights(const golden *g, const arrays *x, cf_model *m) {
    char name[100];
    CHECK(json_object_size(json_object_get(g->info, "weights")) == m->graph.weight_count);
    CHECK((uint64_t)json_integer_value(json_object_get(g->info, "parameters")) ==
          cf_model_parameters(m));
    for (size_t i = 0; i < m->graph.weight_count; i++) {
        size_t n = 0;
        golden_name(g, "w0", i, name);
        free(array(x, name, &n));
        float *w = floats(x, name);
        CHECK(cf_model_weight_set(m, i, w, n, NULL) == CF_OK);
        free(w);
    }
}

static void check_weights(const golden *g, const arrays *x, const cf_model *m, const char *what,
                          const float *block, double tolerance) {
    char name[100];
    for (size_t i = 0; i < m->graph.weight_count; i++) {
        size_t n = 0;
        double worst = 0.0;
        golden_name(g, what, i, name);
        double *want = array(x, name, &n);
        for (size_t k = 0; k < n; k++)
            worst = fmax(worst, fabs((double)block[m->graph.weights[i].at + k] - want[k]));
        if (!(worst <= tolerance)) {
            printf("%s: %s is wrong by %g\n", g->name, name, worst);
            cf_test_failures++;
        }
        free(want);
    }
}

static void check_outputs(const golden *g, const arrays *x, const cf_model *m, const char *what,
                          double tolerance) {
    uint32_t lengths[32];
    float got[32 * 3];
    cf_nn_values values[2];
    size_t n = 0;
    double *want = array(x, what, &n);
    for (size_t i = 0; i < 32; i++)
        lengths[i] = (uint32_t)g->steps;
    const cf_nn_block block = block_of(g, 0, values, lengths);
    CHECK(n == g->batch * 3);
    CHECK(cf_model_predict(m, &block, got, NULL) == CF_OK);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR((double)got[i], want[i], tolerance);
    free(want);
}

static void check_gradient(const golden *g, const arrays *x, const cf_model *m,
                           const cf_nn_kernels *kernels) {
    cf_dataset *d = dataset_of(g, 0);
    cf_arena *arena = cf_arena_new(1 << 16);
    float *gradient = calloc(m->graph.parameters, sizeof *gradient);
    uint32_t rows[32];
    cf_answers answers;
    for (uint32_t i = 0; i < 32; i++)
        rows[i] = i;
    cf_pass p = {.graph = &m->graph,
                 .kernels = kernels,
                 .arena = arena,
                 .weights = m->weights,
                 .gradient = gradient,
                 .events = g->batch,
                 .training = true,
                 .place = rows};
    CHECK(cf_pass_gather(&p, d, rows, &answers) && cf_pass_forward(&p));
    CHECK(cf_pass_loss_gradient(&p, &answers, NULL, 1.0 / (double)g->batch));
    CHECK(cf_pass_backward(&p));
    check_weights(g, x, m, "g0", gradient, 1e-5);
    free(gradient);
    cf_arena_free(arena);
    cf_dataset_release(d);
}

/* One epoch of one step for every batch. */
static void check_ten_steps(const golden *g, const arrays *x, cf_model *m) {
    size_t n = 0;
    double *losses = array(x, "losses_exact", &n);
    cf_train_options options = cf_train_options_default();
    options.epochs = 1;
    options.batch = 32;
    options.threads = 2;
    for (size_t step = 0; step < 10; step++) {
        const cf_nn_epoch *history = NULL;
        cf_dataset *d = dataset_of(g, step % g->batches);
        CHECK(cf_model_train(m, d, NULL, &options, NULL) == CF_OK);
        cf_dataset_release(d);
        CHECK(cf_model_history(m, &history) == step + 1);
        CHECK_NEAR(history[step].loss, losses[step], 1e-5);
    }
    free(losses);
    check_weights(g, x, m, "wx", m->weights, 1e-4);
    check_weights(g, x, m, "wt", m->weights, 1e-4);
    check_outputs(g, x, m, "yt", 1e-4);
}

static void check_case(const char *name, json_t *info, const arrays *in) {
    arrays x = {0};
    cf_model *m = NULL;
    cf_error err = {0};
    golden g = {.name = name, .info = info, .full = flag(info, "full")};
    g.mlp = strcmp(text(info, "kind"), "mlp") == 0;
    g.inclusive = strcmp(text(info, "kind"), "incl") == 0;
    const int before = cf_test_failures;
    CHECK(load_arrays(name, &x));
    load_inputs(&g, in);
    cf_arena *a = cf_arena_new(1 << 12);
    if (cf_model_new(make_spec(a, &g), g.inputs, g.input_count, 3, 1, &m, &err) != CF_OK) {
        printf("%s: %s\n", name, err.message);
        exit(1);
    }
    set_weights(&g, &x, m);
    check_outputs(&g, &x, m, "y0", 1e-5);
    const cf_nn_kernels *kernels;
    for (size_t k = 0; (kernels = cf_nn_kernels_at(k)) != NULL; k++)
        check_gradient(&g, &x, m, kernels);
    check_ten_steps(&g, &x, m);
    printf("%s %s\n", cf_test_failures == before ? "ok  " : "FAIL", name);
    cf_model_release(m);
    cf_arena_free(a);
    free_arrays(&x);
    free(g.values[0]);
    free(g.values[1]);
    free(g.targets);
}

int main(void) {
    json_error_t err;
    arrays in = {0};
    const char *name = NULL;
    json_t *info = NULL, *manifest = json_load_file(FOLDER "manifest.json", 0, &err);
    if (manifest == NULL || !load_arrays("inputs", &in)) {
        printf("cannot read " FOLDER ": run it from the repository's root\n");
        return 1;
    }
    json_t *cases = json_object_get(manifest, "cases");
    CHECK(json_object_size(cases) == 14);
    json_object_foreach(cases, name, info) check_case(name, info, &in);
    free_arrays(&in);
    json_decref(manifest);
    return cf_test_failures != 0;
}
