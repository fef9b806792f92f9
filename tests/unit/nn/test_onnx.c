/* ONNX files: here only that they are messages of the right form; tests/py/test_onnx.py runs
 * this program with a folder's name, which it fills with models, inputs and our outputs, and
 * has onnxruntime compute the same. */
#include "nn/model.h"
#include "task.h"
#include "test.h"

#include <unistd.h>

static cf_arena *a;

typedef struct {
    const char *name;
    const cf_nn_spec *spec;
} example;

#define EXAMPLES 11u

static const cf_nn_spec *gru(cf_nn_recurrent form) {
    const cf_nn_spec *both[] = {cf_nn_spec_gru(a, cf_nn_spec_input(a, 1), 7, form),
                                cf_nn_spec_dropout(a, cf_nn_spec_input(a, 0), 0.2)};
    return cf_nn_spec_dense(a, cf_nn_spec_concat(a, both, 2), 5, CF_NN_RELU);
}

static const cf_nn_spec *after_dense(cf_nn_steps steps) {
    const cf_nn_spec *x = cf_nn_spec_dense(a, cf_nn_spec_input(a, 1), 6, CF_NN_TANH);
    return cf_nn_spec_lstm(a, x, 7, (cf_nn_recurrent){.steps = steps});
}

static const cf_nn_spec *pooled(cf_nn_pool pool) {
    const cf_nn_spec *x = cf_nn_spec_dense(a, cf_nn_spec_input(a, 1), 6, CF_NN_SIGMOID);
    return cf_nn_spec_pool(a, x, pool);
}

static const cf_nn_spec *transformer(void) {
    const cf_nn_spec *x = cf_nn_spec_input(a, 1);
    const cf_nn_spec *both[] = {x, cf_nn_spec_attention(a, x, 3, 5)};
    x = cf_nn_spec_layer_norm(a, cf_nn_spec_add(a, both, 2), 1e-3);
    return cf_nn_spec_flatten(a, cf_nn_spec_dense(a, x, 3, CF_NN_RELU));
}

static void make_examples(example out[EXAMPLES]) {
    const uint32_t units[] = {9, 8};
    size_t n = 0;
    out[n++] = (example){"mlp", cf_nn_spec_mlp(a, cf_nn_spec_input(a, 0), units, 2)};
    out[n++] = (example){"sigmoid", cf_nn_spec_dense(a, NULL, TASK_CLASSES, CF_NN_SIGMOID)};
    out[n++] = (example){"gru", gru((cf_nn_recurrent){0})};
    out[n++] = (example){"gru_padded", gru((cf_nn_recurrent){.steps = CF_NN_STEPS_PADDED})};
    out[n++] = (example){"gru_before",
                         gru((cf_nn_recurrent){.reset_before = true, .hard_sigmoid = true})};
    out[n++] = (example){"lstm", after_dense(CF_NN_STEPS_ALL)};
    out[n++] = (example){"lstm_padded", after_dense(CF_NN_STEPS_PADDED)};
    out[n++] = (example){"mean", pooled(CF_NN_POOL_MEAN)};
    out[n++] = (example){"sum", pooled(CF_NN_POOL_SUM)};
    out[n++] = (example){"max", pooled(CF_NN_POOL_MAX)};
    out[n++] = (example){"transformer", transformer()};
    CF_ASSERT(n == EXAMPLES);
}

/* A model whose every weight, biases too, is a number of its own. */
static cf_model *model_of(const cf_nn_spec *spec) {
    cf_model *m = NULL;
    cf_error err = {0};
    if (cf_model_new(spec, task_inputs, 2, TASK_CLASSES, 3, &m, &err) != CF_OK) {
        printf("%s\n", err.message);
        exit(1);
    }
    for (size_t i = 0; i < m->graph.parameters; i++)
        m->weights[i] += 0.2f * (float)cf_random_unit(8, i);
    return m;
}

/* --- form -----------------------------------------------------------------------------------
 */

typedef struct {
    const unsigned char *data;
    size_t size, at;
    bool bad;
} message;

static uint64_t varint(message *m) {
    uint64_t x = 0;
    for (unsigned shift = 0; shift < 64 && m->at < m->size; shift += 7) {
        const unsigned char byte = m->data[m->at++];
        x |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return x;
    }
    m->bad = true;
    return 0;
}

/* The next field; a message or bytes in *inner. */
static unsigned next_field(message *m, message *inner) {
    const uint64_t tag = varint(m);
    *inner = (message){0};
    if ((tag & 7) == 0) {
        (void)varint(m);
    } else if ((tag & 7) == 5) {
        m->at += 4;
    } else {
        const uint64_t size = varint(m);
        if ((tag & 7) != 2 || size > m->size - m->at) m->bad = true;
        *inner = (message){m->data + m->at, m->bad ? 0 : (size_t)size, 0, false};
        m->at += inner->size;
    }
    return (unsigned)(tag >> 3);
}

static unsigned count_fields(message m, unsigned field) {
    unsigned count = 0;
    while (m.at < m.size && !m.bad) {
        message inner;
        count += next_field(&m, &inner) == field;
    }
    CHECK(!m.bad && m.at == m.size);
    return count;
}

static void check_file(const char *path) {
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 20);
    CHECK(f != NULL);
    if (f == NULL) exit(1);
    message m = {bytes, fread(bytes, 1, 1 << 20, f), 0, false};
    (void)fclose(f);
    unsigned graphs = 0;
    while (m.at < m.size && !m.bad) {
        message inner;
        if (next_field(&m, &inner) != 7) continue;
        graphs++;
        CHECK(count_fields(inner, 1) >= 3);  /* nodes */
        CHECK(count_fields(inner, 5) >= 2);  /* weights */
        CHECK(count_fields(inner, 11) == 3); /* row, list, list_length */
        CHECK(count_fields(inner, 12) == 1);
    }
    CHECK(!m.bad && graphs == 1);
    free(bytes);
}

static void files_are_messages(void) {
    char path[] = "/tmp/cutflow-test-XXXXXX";
    example examples[EXAMPLES];
    const int file = mkstemp(path);
    CHECK(file >= 0);
    close(file);
    make_examples(examples);
    for (size_t i = 0; i < EXAMPLES; i++) {
        cf_model *m = model_of(examples[i].spec);
        CHECK(cf_model_save_onnx(m, path, NULL) == CF_OK);
        check_file(path);
        cf_model_release(m);
    }
    (void)unlink(path);
}

static void names_that_onnx_cannot_have_are_refused(void) {
    const cf_nn_input input = {"a.b", 3, false, 0};
    cf_model *m = NULL;
    cf_error err = {0};
    CHECK(cf_model_new(cf_nn_spec_input(a, 0), &input, 1, 2, 1, &m, NULL) == CF_OK);
    CHECK(cf_model_save_onnx(m, "/tmp/never.onnx", &err) == CF_E_UNSUPPORTED);
    CHECK(strstr(err.message, "a.b") != NULL);
    cf_model_release(m);
}

/* --- for the judge --------------------------------------------------------------------------
 */

static void write_file(const char *folder, const char *name, const void *data, size_t size) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, size, f) != size || fclose(f) != 0) exit(1);
}

static void write_examples(const char *folder) {
    enum { ROWS = 40 };
    char name[100], path[512];
    example examples[EXAMPLES];
    task_data t = task_make(ROWS, 21);
    const cf_nn_values values[] = {{t.row, NULL}, {t.list, t.lengths}};
    float out[ROWS * TASK_CLASSES];
    make_examples(examples);
    write_file(folder, "row.f32", t.row, (size_t)ROWS * 6 * sizeof *t.row);
    write_file(folder, "list.f32", t.list, t.list_rows * 4 * sizeof *t.list);
    write_file(folder, "length.u32", t.lengths, (size_t)ROWS * sizeof *t.lengths);
    for (size_t i = 0; i < EXAMPLES; i++) {
        cf_model *m = model_of(examples[i].spec);
        (void)snprintf(path, sizeof path, "%s/%s.onnx", folder, examples[i].name);
        (void)snprintf(name, sizeof name, "%s.out", examples[i].name);
        if (cf_model_save_onnx(m, path, NULL) != CF_OK ||
            cf_model_predict(m, &(cf_nn_block){ROWS, values, NULL, NULL}, out, NULL) != CF_OK)
            exit(1);
        write_file(folder, name, out, sizeof out);
        cf_model_release(m);
    }
    task_free(&t);
}

int main(int argc, char **argv) {
    a = cf_arena_new(1 << 14);
    if (argc > 1) {
        write_examples(argv[1]);
    } else {
        RUN(files_are_messages);
        RUN(names_that_onnx_cannot_have_are_refused);
    }
    cf_arena_free(a);
    return cf_test_failures != 0;
}
