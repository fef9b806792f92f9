/* Weights out of files that Keras wrote (tests/data/keras): the model gives Keras' outputs. */
#include "nn/model.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#define FOLDER "tests/data/keras/"
#define EVENTS 8u
#define STEPS  12u

static const cf_nn_input inputs[] = {{"list", 4, true, STEPS}, {"row", 6, false, 0}};
static cf_arena *a;

static const cf_nn_spec *inclusive(const cf_nn_spec *branch) {
    const cf_nn_spec *both[] = {branch, cf_nn_spec_dropout(a, cf_nn_spec_input(a, 1), 0.2)};
    return cf_nn_spec_dense(a, cf_nn_spec_concat(a, both, 2), 5, CF_NN_RELU);
}

static const cf_nn_spec *gru(bool before) {
    return inclusive(cf_nn_spec_gru(a, cf_nn_spec_input(a, 0), 7,
                                    (cf_nn_recurrent){.reset_before = before}));
}

static const cf_nn_spec *lstm(void) {
    return inclusive(cf_nn_spec_lstm(a, cf_nn_spec_input(a, 0), 7, (cf_nn_recurrent){0}));
}

static const cf_nn_spec *transformer(void) {
    const cf_nn_spec *x = cf_nn_spec_attention(a, cf_nn_spec_input(a, 0), 3, 5);
    x = cf_nn_spec_layer_norm(a, x, 1e-3);
    return inclusive(cf_nn_spec_flatten(a, cf_nn_spec_dense(a, x, 3, CF_NN_RELU)));
}

static const cf_nn_spec *mlp(void) {
    const uint32_t units[] = {9, 8};
    return cf_nn_spec_mlp(a, cf_nn_spec_input(a, 1), units, 2);
}

static void read_floats(const char *name, float *to, size_t count) {
    char path[200];
    (void)snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL || fread(to, sizeof *to, count, f) != count) {
        printf("cannot read %s: run it from the repository's root\n", path);
        exit(1);
    }
    (void)fclose(f);
}

static cf_model *model_of(const cf_nn_spec *spec) {
    cf_model *m = NULL;
    CHECK(cf_model_new(spec, inputs, 2, 3, 1, &m, NULL) == CF_OK);
    return m;
}

static void check_outputs(const char *file, const cf_model *m) {
    char name[100];
    float list[EVENTS * STEPS * 4], row[EVENTS * 6], want[EVENTS * 3], got[EVENTS * 3];
    uint32_t lengths[EVENTS];
    for (size_t i = 0; i < EVENTS; i++)
        lengths[i] = STEPS;
    (void)snprintf(name, sizeof name, "%.*s.want", (int)strcspn(file, "."), file);
    read_floats("lists.f32", list, EVENTS * STEPS * 4);
    read_floats("row.f32", row, EVENTS * 6);
    read_floats(name, want, EVENTS * 3);
    const cf_nn_values values[] = {{list, lengths}, {row, NULL}};
    CHECK(cf_model_predict(m, &(cf_nn_block){EVENTS, values, NULL, NULL}, got, NULL) == CF_OK);
    for (size_t i = 0; i < EVENTS * 3; i++)
        CHECK_NEAR((double)got[i], (double)want[i], 1e-5);
}

static void check_import(const char *file, const cf_nn_spec *spec) {
    char path[200];
    cf_error err = {0};
    cf_model *m = model_of(spec);
    (void)snprintf(path, sizeof path, FOLDER "%s", file);
    const cf_status status = cf_model_import_keras(m, path, &err);
    if (status == CF_E_UNSUPPORTED) {
        printf("skipped: %s\n", err.message);
        exit(77);
    }
    if (status != CF_OK) {
        printf("%s: %s\n", file, err.message);
        cf_test_failures++;
    } else {
        check_outputs(file, m);
    }
    cf_model_release(m);
}

static void every_form_of_file_gives_the_outputs_of_keras(void) {
    check_import("mlp.keras", mlp());
    check_import("gru.h5", gru(false));
    check_import("gru.keras", gru(false));
    check_import("gru.weights.h5", gru(false));
    check_import("gru_before.weights.h5", gru(true));
    check_import("lstm.h5", lstm());
    check_import("transformer.h5", transformer());
    check_import("transformer.keras", transformer());
}

static void refused(const char *path, const cf_nn_spec *spec, cf_status status,
                    const char *want) {
    cf_error err = {0};
    cf_model *m = model_of(spec);
    const uint64_t hash = cf_model_hash(m);
    CHECK(cf_model_import_keras(m, path, &err) == status);
    if (strstr(err.message, want) == NULL) {
        printf("`%s`, wanted `%s`\n", err.message, want);
        cf_test_failures++;
    }
    CHECK(cf_model_hash(m) == hash); /* untouched */
    cf_model_release(m);
}

static void other_models_are_refused(void) {
    refused(FOLDER "gru.h5", lstm(), CF_E_MISMATCH, "the shapes of lstm");
    refused(FOLDER "gru.h5", gru(true), CF_E_MISMATCH, "the shapes of gru");
    refused(FOLDER "gru.weights.h5", mlp(), CF_E_MISMATCH, "the shapes of dense");
    refused(FOLDER "nothing.h5", mlp(), CF_E_OPEN, "nothing.h5");
    refused(FOLDER "make.py", mlp(), CF_E_FORMAT, "is not an HDF5 file");
    const cf_nn_spec *deeper = cf_nn_spec_dense(a, mlp(), 3, CF_NN_RELU);
    refused(FOLDER "mlp.keras", deeper, CF_E_MISMATCH, "the shapes of dense_");
}

/* A cut archive must give an error, whatever is missing. */
static void cut_archives_are_refused(void) {
    static unsigned char bytes[1 << 16];
    char path[] = "/tmp/cutflow-test-XXXXXX";
    FILE *f = fopen(FOLDER "mlp.keras", "rb");
    const size_t size = f == NULL ? 0 : fread(bytes, 1, sizeof bytes, f);
    if (f != NULL) (void)fclose(f);
    const int file = mkstemp(path);
    CHECK(size > 1000 && file >= 0);
    cf_model *m = model_of(mlp());
    for (size_t cut = 4; cut < size; cut += 997) {
        cf_error err = {0};
        CHECK(ftruncate(file, 0) == 0 && pwrite(file, bytes, cut, 0) == (ssize_t)cut);
        CHECK(cf_model_import_keras(m, path, &err) != CF_OK);
    }
    for (size_t at = 0; at < 300; at++) { /* the directory at the end */
        unsigned char *byte = &bytes[size - 1 - at];
        *byte ^= 0x41;
        CHECK(ftruncate(file, 0) == 0 && pwrite(file, bytes, size, 0) == (ssize_t)size);
        (void)cf_model_import_keras(m, path, NULL);
        *byte ^= 0x41;
    }
    cf_model_release(m);
    close(file);
    (void)unlink(path);
}

int main(void) {
    a = cf_arena_new(1 << 14);
    RUN(every_form_of_file_gives_the_outputs_of_keras);
    RUN(other_models_are_refused);
    RUN(cut_archives_are_refused);
    cf_arena_free(a);
    return cf_test_failures != 0;
}
