/* Specs, models and their files. */
#include "nn/graph.h"
#include "task.h"
#include "test.h"

#include <unistd.h>

static cf_arena *a;
static const cf_nn_input hlf = {"hlf", 14, false, 0}, seq = {"particles", 19, true, 801};

static uint64_t parameters(const cf_nn_spec *spec, const cf_nn_input *inputs, size_t count) {
    cf_model *m = NULL;
    cf_error err = {0};
    if (cf_model_new(spec, inputs, count, 3, 1, &m, &err) != CF_OK) {
        printf("%s\n", err.message);
        return 0;
    }
    const uint64_t n = cf_model_parameters(m);
    cf_model_release(m);
    return n;
}

static const cf_nn_spec *inclusive(const cf_nn_spec *branch) {
    const cf_nn_spec *both[] = {
        cf_nn_spec_dropout(a, branch, 0.2),
        cf_nn_spec_dropout(a, cf_nn_spec_input(a, 1), 0.2),
    };
    return cf_nn_spec_dense(a, cf_nn_spec_concat(a, both, 2), 25, CF_NN_RELU);
}

static const cf_nn_spec *transformer(void) {
    const cf_nn_spec *x = cf_nn_spec_attention(a, cf_nn_spec_input(a, 0), 8, 19);
    x = cf_nn_spec_dropout(a, cf_nn_spec_layer_norm(a, x, 1e-6), 0.2);
    x = cf_nn_spec_flatten(a, cf_nn_spec_dense(a, x, 20, CF_NN_RELU));
    return cf_nn_spec_dense(a, x, 10, CF_NN_RELU);
}

static void published_models_have_their_number_of_parameters(void) {
    const uint32_t units[] = {50, 20, 10};
    const cf_nn_input both[] = {seq, hlf};
    const cf_nn_recurrent keras = {.steps = CF_NN_STEPS_PADDED};
    const cf_nn_recurrent bigdl = {.reset_before = true, .hard_sigmoid = true};
    const cf_nn_spec *x = cf_nn_spec_input(a, 0);
    CHECK(parameters(cf_nn_spec_mlp(a, NULL, units, 3), &hlf, 1) == 2013);
    CHECK(parameters(cf_nn_spec_dropout(a, cf_nn_spec_gru(a, x, 50, keras), 0.2), &seq, 1) ==
          10803);
    CHECK(parameters(cf_nn_spec_gru(a, x, 50, bigdl), &seq, 1) == 10653);
    CHECK(parameters(inclusive(cf_nn_spec_gru(a, x, 50, keras)), both, 2) == 12353);
    CHECK(parameters(inclusive(cf_nn_spec_gru(a, x, 50, bigdl)), both, 2) == 12203);
    CHECK(parameters(inclusive(cf_nn_spec_lstm(a, x, 50, keras)), both, 2) == 15703);
    CHECK(parameters(inclusive(transformer()), both, 2) == 173378);
}

static void a_summary_shows_layers_and_shapes(void) {
    const cf_nn_input both[] = {seq, hlf};
    cf_model *m = NULL;
    cf_text text = {0};
    CHECK(cf_model_new(inclusive(transformer()), both, 2, 3, 1, &m, NULL) == CF_OK);
    cf_model_summary(m, &text);
    CHECK_STR(text.data, "layer                                  output   parameters\n"
                         "input particles                      801 x 19            0\n"
                         "attention 8 heads of 19              801 x 19       12,027\n"
                         "layer_norm                           801 x 19           38\n"
                         "dropout 0.2                          801 x 19            0\n"
                         "dense relu                           801 x 20          400\n"
                         "flatten                                 16020            0\n"
                         "dense_2 relu                               10      160,210\n"
                         "dropout_2 0.2                              10            0\n"
                         "input hlf                                  14            0\n"
                         "dropout_3 0.2                              14            0\n"
                         "concat                                     24            0\n"
                         "dense_3 relu                               25          625\n"
                         "dense_4 softmax                             3           78\n"
                         "total                                              173,378\n");
    cf_text_clear(&text);
    cf_model_release(m);
}

static void check_json(const cf_nn_spec *spec) {
    cf_text first = {0}, second = {0};
    const cf_nn_spec *back = NULL;
    cf_error err = {0};
    cf_nn_spec_to_json(spec, &first);
    if (cf_nn_spec_from_json(a, (cf_str){first.data, first.size}, &back, &err) != CF_OK) {
        printf("%s in %s\n", err.message, first.data);
        cf_test_failures++;
    } else {
        cf_nn_spec_to_json(back, &second);
        CHECK_STR(second.data, first.data);
    }
    cf_text_clear(&first);
    cf_text_clear(&second);
}

static void specs_survive_json(void) {
    const cf_nn_recurrent form = {.reset_before = true, .steps = CF_NN_STEPS_MASKED};
    const cf_nn_spec *x = cf_nn_spec_input(a, 0);
    const cf_nn_spec *two[] = {cf_nn_spec_pool(a, x, CF_NN_POOL_MAX),
                               cf_nn_spec_lstm(a, x, 4, form)};
    check_json(inclusive(transformer()));
    check_json(inclusive(cf_nn_spec_gru(a, x, 50, form)));
    check_json(cf_nn_spec_dense(a, cf_nn_spec_add(a, two, 2), 3, CF_NN_SIGMOID));
    cf_text text = {0};
    cf_nn_spec_to_json(cf_nn_spec_dense(a, NULL, 50, CF_NN_RELU), &text);
    CHECK_STR(text.data,
              "{\"layers\": [{\"kind\": \"input\", \"input\": 0}, {\"kind\": \"dense\", "
              "\"from\": [0], \"units\": 50, \"activation\": \"relu\"}]}");
    cf_text_clear(&text);
}

static void refused_json(const char *json, const char *want) {
    const cf_nn_spec *spec = NULL;
    cf_error err = {0};
    CHECK(cf_nn_spec_from_json(a, cf_str_of(json), &spec, &err) == CF_E_FORMAT);
    if (strstr(err.message, want) == NULL) {
        printf("%s: `%s`, wanted `%s`\n", json, err.message, want);
        cf_test_failures++;
    }
}

static void wrong_json_is_refused(void) {
    refused_json("{", "not JSON");
    refused_json("{}", "`layers`");
    refused_json("{\"layers\": []}", "`layers`");
    refused_json("{\"layers\": [{\"kind\": \"magic\"}]}", "`kind`");
    refused_json("{\"layers\": [{\"kind\": \"flatten\", \"from\": [0]}]}", "`from`");
    refused_json("{\"layers\": [{\"kind\": \"input\", \"input\": -1}]}", "`input`");
    refused_json("{\"layers\": [{\"kind\": \"input\", \"input\": 0}, {\"kind\": \"dense\", "
                 "\"from\": [0], \"units\": 5, \"activation\": \"x\"}]}",
                 "`activation`");
}

static void refused(const cf_nn_spec *spec, const cf_nn_input *inputs, size_t count,
                    const char *want) {
    cf_error err = {0};
    CHECK(cf_nn_spec_check(spec, inputs, count, 3, &err) != CF_OK);
    CHECK_STR(err.message, want);
}

static void impossible_specs_are_named(void) {
    const cf_nn_input both[] = {seq, hlf}, loose = {"jets", 4, true, 0};
    const cf_nn_spec *x = cf_nn_spec_input(a, 0), *y = cf_nn_spec_input(a, 1);
    const cf_nn_spec *mixed[] = {x, y};
    const cf_nn_recurrent padded = {.steps = CF_NN_STEPS_PADDED};
    refused(cf_nn_spec_dense(a, x, 0, CF_NN_RELU), &hlf, 1,
            "layer dense: units is 0.0, must be 1.0 to 1048576.0");
    refused(y, &hlf, 1, "input 1 of a model with 1 inputs");
    refused(cf_nn_spec_gru(a, y, 5, padded), both, 2,
            "layer gru needs a list of rows for every event, input has one row");
    refused(cf_nn_spec_gru(a, x, 5, padded), &loose, 1,
            "layer gru runs padded, but the input jets has no largest number of rows");
    refused(cf_nn_spec_concat(a, mixed, 2), both, 2,
            "layer concat joins input and input_2, whose rows do not correspond");
    refused(
        cf_nn_spec_dense(a, x, 5, CF_NN_RELU), &seq, 1,
        "the model ends with a row for every row of particles; one for every event is needed");
    refused(cf_nn_spec_dense(a, x, 4, CF_NN_SOFTMAX), &hlf, 1,
            "the last layer has 4 units, the targets have 3 classes");
    refused(cf_nn_spec_dropout(a, x, 1.5), &hlf, 1,
            "layer dropout: the rate is 1.5, must be 0.0 to 0.999");
    refused(cf_nn_spec_dense(a, cf_nn_spec_dense(a, x, 3, CF_NN_SOFTMAX), 3, CF_NN_RELU), &hlf,
            1, "layer dense: softmax is not possible here");
    for (int i = 0; i < 1200; i++)
        x = cf_nn_spec_dropout(a, x, 0.1);
    refused(x, &hlf, 1, "a model has at most 999 layers");
}

/* --- first weights --------------------------------------------------------------------------
 */

static void first_weights_are_those_of_keras(void) {
    cf_model *m = NULL, *other = NULL;
    cf_model_weight info;
    const float *w = NULL;
    const cf_nn_spec *spec = cf_nn_spec_lstm(a, NULL, 20, (cf_nn_recurrent){0});
    CHECK(cf_model_new(spec, &seq, 1, 3, 1, &m, NULL) == CF_OK);
    CHECK(cf_model_new(spec, &seq, 1, 3, 2, &other, NULL) == CF_OK);
    CHECK(cf_model_hash(m) != cf_model_hash(other));
    CHECK(cf_model_weight_at(m, 0, &info, &w));
    CHECK_STR(info.name, "kernel");
    double most = 0.0, sum = 0.0;
    for (size_t i = 0; i < 19 * 80; i++) {
        most = fmax(most, fabs((double)w[i]));
        sum += (double)w[i];
    }
    CHECK_NEAR(most, sqrt(6.0 / 99.0), 0.005); /* Glorot's limit is nearly reached */
    CHECK_NEAR(sum / (19 * 80), 0.0, 0.02);
    CHECK(cf_model_weight_at(m, 1, &info, &w));
    CHECK_STR(info.name, "recurrent_kernel");
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j < 20; j++) {
            double product = 0.0;
            for (size_t k = 0; k < 80; k++)
                product += (double)w[i * 80 + k] * (double)w[j * 80 + k];
            CHECK_NEAR(product, i == j ? 1.0 : 0.0, 1e-6);
        }
    CHECK(cf_model_weight_at(m, 2, &info, &w));
    for (size_t i = 0; i < 80; i++)
        CHECK(w[i] == (i / 20 == 1 ? 1.0f : 0.0f));
    CHECK(cf_model_weight_at(m, 4, &info, &w) && !cf_model_weight_at(m, 5, &info, &w));
    cf_model_release(m);
    cf_model_release(other);
}

/* --- files ----------------------------------------------------------------------------------
 */

static void a_file_gives_the_model_back(void) {
    char path[] = "/tmp/cutflow-test-XXXXXX";
    cf_model *m = task_model(7), *back = NULL;
    size_t count = 0;
    const int file = mkstemp(path);
    CHECK(file >= 0);
    close(file);
    CHECK(cf_model_save(m, path, NULL) == CF_OK);
    CHECK(cf_model_load(path, &back, NULL) == CF_OK);
    CHECK(cf_model_hash(m) == cf_model_hash(back));
    const cf_nn_input *in = cf_model_inputs(back, &count);
    CHECK(count == 2 && strcmp(in[1].name, "list") == 0 && in[1].ragged &&
          in[1].steps_max == 12);
    cf_text x = {0}, y = {0};
    cf_model_summary(m, &x);
    cf_model_summary(back, &y);
    CHECK_STR(x.data, y.data);
    cf_text_clear(&x);
    cf_text_clear(&y);
    cf_model_release(m);
    cf_model_release(back);
    (void)unlink(path);
    cf_error err = {0};
    CHECK(cf_model_load(path, &back, &err) == CF_E_OPEN && back == NULL);
    CHECK(strstr(err.message, path) != NULL);
    err = (cf_error){0};
    m = task_model(7);
    CHECK(cf_model_save(m, "/nowhere/at/all.cfm", &err) == CF_E_WRITE);
    cf_model_release(m);
}

static void seal_again(cf_text *t) {
    const uint64_t hash = cf_hash_bytes(t->data, t->size - 8, UINT64_C(0x63666D31));
    for (size_t i = 0; i < 8; i++)
        t->data[t->size - 8 + i] = (char)(hash >> (8 * i) & 0xFF);
}

static bool decodes(const cf_text *t, size_t size) {
    cf_model *m = NULL;
    cf_error err = {0};
    /* a copy of just this size, so that reading on is seen */
    char *bytes = malloc(size + (size == 0));
    memcpy(bytes, t->data, size);
    const cf_status status = cf_model_decode((cf_str){bytes, size}, &m, &err);
    CHECK((status == CF_OK) == (m != NULL) && status == err.status);
    cf_model_release(m);
    free(bytes);
    return status == CF_OK;
}

static void damaged_files_are_errors(void) {
    const task_data task = task_make(50, 1);
    cf_dataset *d = task_dataset(&task, 50, 1 << 20);
    cf_model *m = task_model(7);
    cf_train_options o = cf_train_options_default();
    cf_text text = {0};
    o.epochs = 1;
    CHECK(cf_model_train(m, d, NULL, &o, NULL) == CF_OK);
    CHECK(cf_model_encode(m, &text, NULL) == CF_OK);
    CHECK(decodes(&text, text.size));
    for (size_t size = 0; size < text.size; size += size < 64 ? 1 : 611)
        CHECK(!decodes(&text, size));
    for (size_t at = 0; at < text.size; at += 97) {
        text.data[at] ^= 16;
        CHECK(!decodes(&text, text.size));
        text.data[at] ^= 16;
    }
    /* With a right checksum: anything may happen but a crash, and most of it is seen. */
    size_t good = 0;
    const size_t header = 16 + (unsigned char)text.data[8] + 256u * (unsigned char)text.data[9];
    CHECK(header > 500 && text.data[header - 1] == '}');
    for (size_t at = 8; at < header; at++)
        for (int bit = 0; bit < 8; bit += 3) {
            text.data[at] ^= (char)(1 << bit);
            seal_again(&text);
            good += decodes(&text, text.size);
            text.data[at] ^= (char)(1 << bit);
        }
    CHECK(good < header); /* of three changes of each byte: digits of the history, names */
    cf_text_clear(&text);
    cf_model_release(m);
    cf_dataset_release(d);
    task_data copy = task;
    task_free(&copy);
}

int main(void) {
    a = cf_arena_new(1 << 16);
    RUN(published_models_have_their_number_of_parameters);
    RUN(a_summary_shows_layers_and_shapes);
    RUN(specs_survive_json);
    RUN(wrong_json_is_refused);
    RUN(impossible_specs_are_named);
    RUN(first_weights_are_those_of_keras);
    RUN(a_file_gives_the_model_back);
    RUN(damaged_files_are_errors);
    cf_arena_free(a);
    return cf_test_failures != 0;
}
