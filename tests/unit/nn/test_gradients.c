/* Every layer's gradient against finite differences of a naive computation in double precision,
 * for every set of instructions that this machine has, whole and in pieces. */
#include "naive.h"
#include "nn/batch.h"
#include "nn/model.h"
#include "test.h"

#define EVENTS  7u
#define CLASSES 3u

/* Two inputs: a list of 5 values a row, up to 9 rows (none, too, and rows of 0), and one row of
 * 4 values. */
static const cf_nn_input inputs[] = {{"seq", 5, true, 9}, {"flat", 4, false, 0}};
static const uint32_t lengths[EVENTS] = {4, 9, 0, 1, 6, 6, 3};

typedef struct {
    float seq[EVENTS * 9 * 5], flat[EVENTS * 4], targets[EVENTS * CLASSES], weights[EVENTS];
} sample;

static double draw(uint64_t *state) {
    return 2.0 * cf_random_unit(77, (*state)++) - 1.0;
}

static void make_sample(sample *s) {
    uint64_t state = 1;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < CF_COUNT(s->seq); i++)
        s->seq[i] = (float)draw(&state);
    memset(s->seq + 2 * 5, 0, 5 * sizeof(float));  /* in the middle of the first list */
    memset(s->seq + 12 * 5, 0, 5 * sizeof(float)); /* the last of the second */
    for (size_t i = 0; i < CF_COUNT(s->flat); i++)
        s->flat[i] = (float)draw(&state);
    for (size_t e = 0; e < EVENTS; e++) {
        s->targets[e * CLASSES + e % CLASSES] = 1.0f;
        s->weights[e] = 0.5f + 0.25f * (float)e;
    }
}

static cf_dataset *make_dataset(const sample *s) {
    cf_dataset *d = NULL;
    const cf_nn_values values[] = {{s->seq, lengths}, {s->flat, NULL}};
    const cf_nn_block block = {EVENTS, values, s->targets, s->weights};
    CHECK(cf_dataset_new(inputs, 2, CLASSES, 1 << 20, &d, NULL) == CF_OK);
    CHECK(cf_dataset_append(d, &block, NULL) == CF_OK);
    CHECK(cf_dataset_seal(d, NULL) == CF_OK);
    return d;
}

/* Factors that dropout layers drew, layer by layer, as [events][width]. */
static float *drawn[8];

static void copy_drawn(const cf_pass *p, size_t first) {
    for (uint32_t i = 0; i < p->graph->layer_count && i < CF_COUNT(drawn); i++) {
        const cf_layer *l = &p->graph->layers[i];
        if (l->kind != CF_NN_DROPOUT) continue;
        if (drawn[i] == NULL) drawn[i] = calloc((size_t)EVENTS * l->width, sizeof(float));
        memcpy(drawn[i] + first * l->width, p->values[i].kept,
               p->events * l->width * sizeof(float));
    }
}

/* The gradient by the code under test, `piece` events at once. */
static void fast_gradient(const cf_model *m, const cf_dataset *d, const cf_nn_kernels *kernels,
                          size_t piece, float *gradient, double *loss) {
    cf_arena *arena = cf_arena_new(1 << 16);
    cf_measures sums = {0};
    for (uint32_t first = 0; first < EVENTS; first += (uint32_t)piece) {
        uint32_t rows[EVENTS];
        cf_answers answers;
        const size_t events = EVENTS - first < piece ? EVENTS - first : piece;
        for (uint32_t i = 0; i < events; i++)
            rows[i] = first + i;
        cf_pass p = {.graph = &m->graph,
                     .kernels = kernels,
                     .arena = arena,
                     .weights = m->weights,
                     .gradient = gradient,
                     .events = events,
                     .training = true,
                     .place = rows};
        CHECK(cf_pass_gather(&p, d, rows, &answers) && cf_pass_forward(&p));
        copy_drawn(&p, first);
        cf_pass_measure(&p, &answers, NULL, &sums);
        CHECK(cf_pass_loss_gradient(&p, &answers, NULL, 1.0 / EVENTS) && cf_pass_backward(&p));
        cf_arena_reset(arena);
    }
    *loss = sums.loss / EVENTS;
    cf_arena_free(arena);
}

static matrix matrix_of(const float *from, size_t rows, size_t columns) {
    matrix m = new_matrix(rows, columns);
    for (size_t i = 0; i < rows * columns; i++)
        m.v[i] = (double)from[i];
    return m;
}

static double slow_loss(const cf_graph *g, const double *weights, const sample *s) {
    double total = 0.0;
    for (size_t e = 0, row = 0; e < EVENTS; row += lengths[e++]) {
        double target[CLASSES];
        matrix in[] = {matrix_of(s->seq + row * 5, lengths[e], 5),
                       matrix_of(s->flat + e * 4, 1, 4)};
        for (size_t k = 0; k < CLASSES; k++)
            target[k] = (double)s->targets[e * CLASSES + k];
        const float *keep[CF_COUNT(drawn)] = {0};
        for (size_t i = 0; i < CF_COUNT(drawn); i++)
            if (drawn[i] != NULL) keep[i] = drawn[i] + e * g->layers[i].width;
        total += (double)s->weights[e] * naive_loss(g, weights, in, target, keep);
        free(in[0].v);
        free(in[1].v);
    }
    return total / EVENTS;
}

static double slope(const cf_graph *g, double *weights, size_t i, const sample *s) {
    const double kept = weights[i], h = 1e-5;
    weights[i] = kept + h;
    const double up = slow_loss(g, weights, s);
    weights[i] = kept - h;
    const double down = slow_loss(g, weights, s);
    weights[i] = kept;
    return (up - down) / (2.0 * h);
}

#define SAMPLED 20u /* derivatives of each weight */

static void check_weight(const cf_model *m, const cf_weight *w, double *weights,
                         const sample *s, const float *gradient, const char *kernels) {
    const size_t count = (size_t)w->rows * w->columns, step = count / SAMPLED + 1;
    for (size_t i = 0; i < count; i += step) {
        const double want = slope(&m->graph, weights, w->at + i, s);
        const double got = (double)gradient[w->at + i];
        if (fabs(got - want) <= 2e-5 * fmax(1.0, fabs(want))) continue;
        printf("%s: %s.%s[%zu]: gradient is %.9g, wanted %.9g\n", kernels,
               m->graph.layers[w->layer].name, w->name, i, got, want);
        cf_test_failures++;
        return;
    }
}

static void check_model(const cf_nn_spec *spec) {
    sample *s = calloc(1, sizeof *s);
    cf_model *m = NULL;
    cf_error err = {0};
    make_sample(s);
    if (cf_model_new(spec, inputs, 2, CLASSES, 5, &m, &err) != CF_OK) {
        printf("%s\n", err.message);
        cf_test_failures++;
        free(s);
        return;
    }
    const size_t n = m->graph.parameters;
    double *weights = calloc(n, sizeof *weights), loss = 0.0;
    float *gradient = calloc(n, sizeof *gradient);
    uint64_t state = 4711;
    for (size_t i = 0; i < n; i++) { /* biases, too, shall matter */
        m->weights[i] += 0.2f * (float)draw(&state);
        weights[i] = (double)m->weights[i];
    }
    cf_dataset *d = make_dataset(s);
    const cf_nn_kernels *kernels;
    for (size_t k = 0; (kernels = cf_nn_kernels_at(k)) != NULL; k++) {
        const size_t piece = k == 0 ? 3 : EVENTS;
        memset(gradient, 0, n * sizeof *gradient);
        fast_gradient(m, d, kernels, piece, gradient, &loss);
        CHECK_NEAR(loss, slow_loss(&m->graph, weights, s), 3e-6);
        for (uint32_t w = 0; w < m->graph.weight_count; w++)
            check_weight(m, &m->graph.weights[w], weights, s, gradient, kernels->name);
    }
    for (size_t i = 0; i < CF_COUNT(drawn); i++) {
        free(drawn[i]);
        drawn[i] = NULL;
    }
    cf_dataset_release(d);
    cf_model_release(m);
    free(gradient);
    free(weights);
    free(s);
}

static cf_arena *a;

static void dense_layers_with_every_function(void) {
    const cf_nn_spec *x = cf_nn_spec_input(a, 1);
    x = cf_nn_spec_dense(a, x, 21, CF_NN_TANH);
    x = cf_nn_spec_dense(a, x, 17, CF_NN_RELU);
    x = cf_nn_spec_dense(a, x, 33, CF_NN_SIGMOID);
    check_model(cf_nn_spec_dense(a, x, 50, CF_NN_LINEAR));
}

static void sigmoid_outputs(void) {
    check_model(cf_nn_spec_dense(a, cf_nn_spec_input(a, 1), CLASSES, CF_NN_SIGMOID));
}

static void wide_layers(void) {
    const uint32_t units[] = {300, 70};
    check_model(cf_nn_spec_mlp(a, cf_nn_spec_input(a, 1), units, 2));
}

/* Twice, the second one on values that learn, so that gradients of inputs are seen. */
static void recurrent(bool lstm, cf_nn_recurrent form) {
    const cf_nn_spec *x = cf_nn_spec_input(a, 0);
    check_model(lstm ? cf_nn_spec_lstm(a, x, 12, form) : cf_nn_spec_gru(a, x, 12, form));
    x = cf_nn_spec_dense(a, x, 18, CF_NN_TANH);
    check_model(lstm ? cf_nn_spec_lstm(a, x, 19, form) : cf_nn_spec_gru(a, x, 19, form));
}

static void gru_reset_after(void) {
    for (int steps = 0; steps < CF_NN_STEPS_COUNT; steps++)
        recurrent(false, (cf_nn_recurrent){.steps = (cf_nn_steps)steps});
}

static void gru_reset_after_with_one_bias(void) {
    recurrent(false, (cf_nn_recurrent){.one_bias = true});
}

static void gru_reset_before(void) {
    for (int steps = 0; steps < CF_NN_STEPS_COUNT; steps++)
        recurrent(false, (cf_nn_recurrent){.reset_before = true, .steps = (cf_nn_steps)steps});
}

static void gru_with_hard_sigmoid(void) {
    recurrent(false, (cf_nn_recurrent){.hard_sigmoid = true});
    recurrent(false, (cf_nn_recurrent){.hard_sigmoid = true, .reset_before = true});
}

static void lstm(void) {
    for (int steps = 0; steps < CF_NN_STEPS_COUNT; steps++)
        recurrent(true, (cf_nn_recurrent){.steps = (cf_nn_steps)steps});
    recurrent(true, (cf_nn_recurrent){.hard_sigmoid = true});
}

static void concat_of_a_list_and_a_row(void) {
    const cf_nn_spec *both[] = {
        cf_nn_spec_gru(a, cf_nn_spec_input(a, 0), 8, (cf_nn_recurrent){0}),
        cf_nn_spec_dense(a, cf_nn_spec_input(a, 1), 6, CF_NN_TANH), cf_nn_spec_input(a, 1)};
    check_model(cf_nn_spec_dense(a, cf_nn_spec_concat(a, both, 3), 9, CF_NN_RELU));
}

static void layer_norm_of_lists(void) {
    const cf_nn_spec *x = cf_nn_spec_dense(a, cf_nn_spec_input(a, 0), 7, CF_NN_TANH);
    x = cf_nn_spec_layer_norm(a, x, 1e-3);
    check_model(cf_nn_spec_flatten(a, cf_nn_spec_dense(a, x, 6, CF_NN_TANH)));
}

static void pools(void) {
    for (int pool = 0; pool < CF_NN_POOL_COUNT; pool++) {
        const cf_nn_spec *x = cf_nn_spec_dense(a, cf_nn_spec_input(a, 0), 11, CF_NN_TANH);
        check_model(cf_nn_spec_pool(a, x, (cf_nn_pool)pool));
    }
}

static void attention_with_a_residual(void) {
    const cf_nn_spec *x = cf_nn_spec_dense(a, cf_nn_spec_input(a, 0), 6, CF_NN_TANH);
    const cf_nn_spec *both[] = {x, cf_nn_spec_attention(a, x, 3, 4)};
    x = cf_nn_spec_layer_norm(a, cf_nn_spec_add(a, both, 2), 1e-2);
    check_model(cf_nn_spec_pool(a, x, CF_NN_POOL_MEAN));
}

static void dropout_of_rows(void) {
    const cf_nn_spec *x = cf_nn_spec_dropout(a, cf_nn_spec_input(a, 1), 0.25);
    x = cf_nn_spec_dropout(a, cf_nn_spec_dense(a, x, 30, CF_NN_TANH), 0.4);
    check_model(cf_nn_spec_dense(a, x, 9, CF_NN_TANH));
}

/* 30 % of the values are 0, the others larger; nothing is dropped in prediction; another step
 * draws others. */
static void dropout_drops_its_share(void) {
    const size_t width = 20000;
    const cf_nn_input wide = {"wide", (uint32_t)width, false, 0};
    const cf_nn_spec *x = cf_nn_spec_dropout(a, cf_nn_spec_input(a, 0), 0.3);
    cf_model *m = NULL;
    float *ones = calloc(width, sizeof *ones);
    const uint32_t place = 5;
    for (size_t i = 0; i < width; i++)
        ones[i] = 1.0f;
    CHECK(cf_model_new(x, &wide, 1, 2, 1, &m, NULL) == CF_OK);
    float first = 0.0f;
    for (int round = 0; round < 3; round++) { /* two steps, then prediction */
        cf_arena *arena = cf_arena_new(1 << 16);
        const cf_pass_input in = {NULL, ones};
        cf_pass p = {.graph = &m->graph,
                     .kernels = cf_nn_kernels_best(),
                     .arena = arena,
                     .weights = m->weights,
                     .events = 1,
                     .inputs = &in,
                     .training = round < 2,
                     .noise = (uint64_t)round,
                     .place = &place};
        CHECK(cf_pass_forward(&p));
        size_t zeros = 0;
        float mark = 0.0f;
        for (size_t i = 0; i < width; i++) {
            const float y = p.values[1].y[i];
            zeros += y == 0.0f;
            if (y == 0.0f && i < 24) mark += (float)(1 << i);
            CHECK(y == 0.0f || fabsf(y - (round < 2 ? 1.0f / 0.7f : 1.0f)) < 1e-6f);
        }
        CHECK_NEAR((double)zeros / (double)width, round < 2 ? 0.3 : 0.0, 0.012);
        if (round == 0) first = mark;
        CHECK(round == 0 || mark != first);
        cf_arena_free(arena);
    }
    cf_model_release(m);
    free(ones);
}

int main(void) {
    a = cf_arena_new(1 << 16);
    RUN(dense_layers_with_every_function);
    RUN(sigmoid_outputs);
    RUN(wide_layers);
    RUN(gru_reset_after);
    RUN(gru_reset_after_with_one_bias);
    RUN(gru_reset_before);
    RUN(gru_with_hard_sigmoid);
    RUN(lstm);
    RUN(concat_of_a_list_and_a_row);
    RUN(layer_norm_of_lists);
    RUN(pools);
    RUN(attention_with_a_residual);
    RUN(dropout_of_rows);
    RUN(dropout_drops_its_share);
    cf_arena_free(a);
    return cf_test_failures != 0;
}
