/* Training as a whole: it learns, it is the same on any number of threads and from any place
 * the data lie, it can be stopped and continued. */
#include "nn/batch.h"
#include "nn/model.h"
#include "task.h"
#include "test.h"

#include <stdatomic.h>

static task_data train_task, valid_task;
static cf_dataset *train_set, *valid_set;

static cf_train_options quick(uint32_t epochs) {
    cf_train_options o = cf_train_options_default();
    o.epochs = epochs;
    o.batch = 100;
    o.lr = 0.01;
    o.seed = 3;
    o.threads = 1;
    return o;
}

static uint64_t trained_hash(const cf_train_options *o, const cf_dataset *d) {
    cf_model *m = task_model(1);
    CHECK(cf_model_train(m, d, valid_set, o, NULL) == CF_OK);
    const uint64_t hash = cf_model_hash(m);
    cf_model_release(m);
    return hash;
}

static void a_model_learns(void) {
    cf_model *m = task_model(1);
    const cf_nn_epoch *history = NULL;
    double loss = 0.0, accuracy = 0.0;
    cf_train_options o = quick(15);
    CHECK(cf_model_train(m, train_set, valid_set, &o, NULL) == CF_OK);
    CHECK(cf_model_history(m, &history) == 15);
    CHECK(history[0].loss > 0.8);
    CHECK(history[14].val_accuracy > 0.85);
    CHECK(history[14].epoch == 15);
    CHECK(cf_model_evaluate(m, valid_set, 2, NULL, &loss, &accuracy, NULL) == CF_OK);
    CHECK_NEAR(loss, history[14].val_loss, 1e-12);
    CHECK_NEAR(accuracy, history[14].val_accuracy, 1e-12);
    cf_model_release(m);
}

static void sgd_with_momentum_learns(void) {
    cf_model *m = task_model(1);
    const cf_nn_epoch *history = NULL;
    cf_train_options o = quick(15);
    o.optimiser = CF_NN_SGD;
    o.momentum = 0.9;
    o.lr = 0.05;
    CHECK(cf_model_train(m, train_set, valid_set, &o, NULL) == CF_OK);
    CHECK(cf_model_history(m, &history) == 15);
    CHECK(history[14].val_accuracy > 0.85);
    cf_model_release(m);
}

static void threads_do_not_change_a_bit(void) {
    cf_train_options o = quick(2);
    o.batch = 1100; /* of several shards */
    const uint64_t one = trained_hash(&o, train_set);
    const unsigned threads[] = {2, 3, 7};
    for (size_t i = 0; i < CF_COUNT(threads); i++) {
        o.threads = threads[i];
        CHECK(trained_hash(&o, train_set) == one);
    }
    o.seed = 4;
    CHECK(trained_hash(&o, train_set) != one);
}

static void data_in_a_file_train_the_same(void) {
    const cf_train_options o = quick(2);
    cf_dataset *spilled = task_dataset(&train_task, 37, 20000);
    CHECK(spilled != NULL && cf_dataset_spilled(spilled) && !cf_dataset_spilled(train_set));
    CHECK(cf_dataset_rows(spilled) == train_task.rows);
    CHECK(cf_dataset_bytes(spilled) == cf_dataset_bytes(train_set));
    CHECK(trained_hash(&o, spilled) == trained_hash(&o, train_set));
    cf_dataset_release(spilled);
}

/* The gradient of all events in one pass. */
static float *whole_gradient(const cf_model *m, const cf_dataset *d) {
    cf_arena *arena = cf_arena_new(1 << 20);
    const size_t n = (size_t)cf_dataset_rows(d);
    uint32_t *rows = calloc(n, sizeof *rows);
    float *gradient = calloc(m->graph.parameters, sizeof *gradient);
    cf_answers answers;
    for (uint32_t i = 0; i < n; i++)
        rows[i] = i;
    cf_pass p = {.graph = &m->graph,
                 .kernels = cf_nn_kernels_best(),
                 .arena = arena,
                 .weights = m->weights,
                 .gradient = gradient,
                 .events = n,
                 .training = true,
                 .place = rows};
    CHECK(cf_pass_gather(&p, d, rows, &answers) && cf_pass_forward(&p));
    CHECK(cf_pass_loss_gradient(&p, &answers, NULL, 1.0 / (double)n) && cf_pass_backward(&p));
    free(rows);
    cf_arena_free(arena);
    return gradient;
}

/* One step of plain descent over a batch of many shards and pieces moves by the whole batch's
 * gradient. */
static void a_step_takes_all_shards(void) {
    cf_arena *a = cf_arena_new(1 << 12);
    cf_model *m = NULL;
    const cf_nn_spec *both[] = {
        cf_nn_spec_gru(a, cf_nn_spec_input(a, 1), 9, (cf_nn_recurrent){0}),
        cf_nn_spec_input(a, 0)};
    cf_train_options o = quick(1);
    o.optimiser = CF_NN_SGD;
    o.batch = 5000;
    o.lr = 0.5;
    o.threads = 2;
    CHECK(cf_model_new(cf_nn_spec_concat(a, both, 2), task_inputs, 2, TASK_CLASSES, 1, &m,
                       NULL) == CF_OK);
    const size_t n = m->graph.parameters;
    float *gradient = whole_gradient(m, train_set), *before = malloc(n * sizeof *before);
    memcpy(before, m->weights, n * sizeof *before);
    CHECK(cf_model_train(m, train_set, NULL, &o, NULL) == CF_OK);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR((double)(m->weights[i] - before[i]), -0.5 * (double)gradient[i], 2e-6);
    free(before);
    free(gradient);
    cf_model_release(m);
    cf_arena_free(a);
}

static void check_same_history(const cf_model *a, const cf_model *b) {
    const cf_nn_epoch *x = NULL, *y = NULL;
    const size_t n = cf_model_history(a, &x);
    CHECK(cf_model_history(b, &y) == n);
    for (size_t i = 0; i < n; i++) {
        CHECK(x[i].epoch == y[i].epoch && x[i].loss == y[i].loss && x[i].lr == y[i].lr);
        CHECK(x[i].val_loss == y[i].val_loss);
    }
}

static void continuing_from_a_file_is_training_through(cf_nn_optimiser optimiser) {
    cf_train_options o = quick(4), half = quick(2);
    o.optimiser = half.optimiser = optimiser;
    o.momentum = half.momentum = 0.5;
    o.schedule = half.schedule = CF_NN_LR_EXPONENTIAL;
    o.factor = half.factor = 0.7;
    cf_model *through = task_model(1), *first = task_model(1), *again = NULL;
    CHECK(cf_model_train(through, train_set, valid_set, &o, NULL) == CF_OK);
    CHECK(cf_model_train(first, train_set, valid_set, &half, NULL) == CF_OK);
    cf_text bytes = {0};
    CHECK(cf_model_encode(first, &bytes, NULL) == CF_OK);
    CHECK(cf_model_decode((cf_str){bytes.data, bytes.size}, &again, NULL) == CF_OK);
    CHECK(cf_model_hash(first) == cf_model_hash(again));
    CHECK(cf_model_train(again, train_set, valid_set, &half, NULL) == CF_OK);
    CHECK(cf_model_hash(through) == cf_model_hash(again));
    check_same_history(through, again);
    cf_text_clear(&bytes);
    cf_model_release(through);
    cf_model_release(first);
    cf_model_release(again);
}

static void continuing_is_training_through(void) {
    continuing_from_a_file_is_training_through(CF_NN_ADAM);
    continuing_from_a_file_is_training_through(CF_NN_SGD);
}

static void a_clone_is_a_model_of_its_own(void) {
    const cf_train_options o = quick(1);
    cf_model *m = task_model(1), *copy = NULL;
    CHECK(cf_model_train(m, train_set, NULL, &o, NULL) == CF_OK);
    const uint64_t hash = cf_model_hash(m);
    CHECK(cf_model_clone(m, &copy, NULL) == CF_OK);
    CHECK(cf_model_hash(copy) == hash);
    CHECK(cf_model_train(copy, train_set, NULL, &o, NULL) == CF_OK);
    CHECK(cf_model_hash(m) == hash && cf_model_hash(copy) != hash);
    CHECK(cf_model_train(m, train_set, NULL, &o, NULL) == CF_OK);
    CHECK(cf_model_hash(m) == cf_model_hash(copy));
    cf_model_release(m);
    cf_model_release(copy);
}

/* --- stopping -------------------------------------------------------------------------------
 */

typedef struct {
    _Atomic bool cancel;
    unsigned calls, ends;
    cf_nn_progress last;
} watcher;

static void watch(void *user, const cf_nn_progress *p) {
    watcher *w = user;
    w->calls++;
    w->ends += p->epoch_end;
    w->last = *p;
    if (w->ends == 2) atomic_store(&w->cancel, true);
}

static void an_interrupt_leaves_a_model_that_works(void) {
    watcher w = {0};
    const cf_nn_epoch *history = NULL;
    double loss = 0.0, accuracy = 0.0;
    cf_error err = {0};
    cf_model *m = task_model(1);
    cf_train_options o = quick(1000);
    o.threads = 2;
    o.cancel = &w.cancel;
    o.progress = watch;
    o.user = &w;
    CHECK(cf_model_train(m, train_set, valid_set, &o, &err) == CF_E_CANCELLED);
    CHECK(err.status == CF_E_CANCELLED);
    CHECK(w.ends == 2);
    CHECK(w.last.epoch == 2 && w.last.epochs == 1000 && w.last.done == w.last.rows);
    CHECK(w.last.events_per_s > 0.0 && w.last.gflop_per_s > 0.0 && w.last.seconds_left > 0.0);
    CHECK(cf_model_history(m, &history) == 2);
    CHECK(cf_model_evaluate(m, valid_set, 1, NULL, &loss, &accuracy, NULL) == CF_OK);
    CHECK_NEAR(loss, history[1].val_loss, 1e-12); /* no half step was taken */
    atomic_store(&w.cancel, false);
    w.ends = 10;
    o.epochs = 1;
    CHECK(cf_model_train(m, train_set, valid_set, &o, NULL) == CF_OK);
    cf_model_release(m);
}

static void patience_ends_training_with_the_best_weights(void) {
    const cf_nn_epoch *history = NULL;
    double loss = 0.0, accuracy = 0.0, best = (double)INFINITY;
    cf_model *m = task_model(1);
    cf_train_options o = quick(200);
    o.lr = 0.05;
    o.patience = 3;
    CHECK(cf_model_train(m, train_set, valid_set, &o, NULL) == CF_OK);
    const size_t n = cf_model_history(m, &history);
    CHECK(n > 3 && n < 200);
    for (size_t i = 0; i < n; i++)
        best = fmin(best, history[i].val_loss);
    CHECK(history[n - 4].val_loss == best);
    CHECK(cf_model_evaluate(m, valid_set, 1, NULL, &loss, &accuracy, NULL) == CF_OK);
    CHECK_NEAR(loss, best, 1e-12);
    cf_model_release(m);
}

static void learning_rates_follow_their_schedule(void) {
    const double list[] = {0.01, 0.004};
    const double want[3][4] = {{0.01, 0.01, 0.005, 0.005},
                               {0.01, 0.005, 0.0025, 0.00125},
                               {0.01, 0.004, 0.004, 0.004}};
    const cf_nn_schedule schedules[] = {CF_NN_LR_STEP, CF_NN_LR_EXPONENTIAL, CF_NN_LR_LIST};
    for (size_t s = 0; s < 3; s++) {
        cf_model *m = task_model(1);
        const cf_nn_epoch *history = NULL;
        cf_train_options o = quick(4);
        o.schedule = schedules[s];
        o.factor = 0.5;
        o.every = 2;
        o.lr_list = list;
        o.lr_count = 2;
        CHECK(cf_model_train(m, valid_set, NULL, &o, NULL) == CF_OK);
        CHECK(cf_model_history(m, &history) == 4);
        for (size_t e = 0; e < 4; e++)
            CHECK_NEAR(history[e].lr, want[s][e], 1e-15);
        cf_model_release(m);
    }
}

static void a_loss_that_explodes_is_an_error(void) {
    cf_error err = {0};
    cf_model *m = task_model(1);
    cf_train_options o = quick(50);
    o.optimiser = CF_NN_SGD;
    o.lr = 1e30;
    CHECK(cf_model_train(m, train_set, NULL, &o, &err) == CF_E_VALUE);
    CHECK(strstr(err.message, "not finite") != NULL &&
          strstr(err.hint, "learning rate") != NULL);
    cf_model_release(m);
}

/* A weight of 2 for one class is that class twice; of 0, an event that is not there. */
static void class_weights_multiply(void) {
    const double weight[] = {2.0, 1.0, 0.0};
    cf_model *a = task_model(1), *b = task_model(1);
    cf_train_options o = quick(1);
    o.keep_order = true;
    o.class_weight = weight;
    CHECK(cf_model_train(a, train_set, NULL, &o, NULL) == CF_OK);
    float *weights = calloc(train_task.rows, sizeof *weights);
    for (size_t e = 0; e < train_task.rows; e++)
        for (size_t k = 0; k < TASK_CLASSES; k++)
            weights[e] += (float)weight[k] * train_task.targets[e * TASK_CLASSES + k];
    const cf_nn_values values[] = {{train_task.row, NULL},
                                   {train_task.list, train_task.lengths}};
    const cf_nn_block block = {train_task.rows, values, train_task.targets, weights};
    cf_dataset *d = NULL;
    CHECK(cf_dataset_new(task_inputs, 2, TASK_CLASSES, 1 << 24, &d, NULL) == CF_OK);
    CHECK(cf_dataset_append(d, &block, NULL) == CF_OK && cf_dataset_seal(d, NULL) == CF_OK);
    o.class_weight = NULL;
    CHECK(cf_model_train(b, d, NULL, &o, NULL) == CF_OK);
    CHECK(cf_model_hash(a) == cf_model_hash(b));
    cf_dataset_release(d);
    free(weights);
    cf_model_release(a);
    cf_model_release(b);
}

/* --- what is refused ------------------------------------------------------------------------
 */

static void wrong_options_are_named(void) {
    cf_model *m = task_model(1);
    cf_error err = {0};
    cf_train_options o = quick(1);
    o.batch = 0;
    CHECK(cf_model_train(m, train_set, NULL, &o, &err) == CF_E_RANGE);
    CHECK_STR(err.message, "batch is 0.0, must be at least 1");
    err = (cf_error){0};
    o = quick(1);
    o.lr = -1.0;
    CHECK(cf_model_train(m, train_set, NULL, &o, &err) == CF_E_RANGE);
    CHECK_STR(err.message, "lr is -1.0, must be positive");
    cf_model_release(m);
}

static void wrong_data_are_named(void) {
    cf_error err = {0};
    cf_dataset *d = NULL;
    float row[12] = {0}, list[4 * 13] = {0}, targets[6] = {1, 0, 0, 0, 1, 0};
    float weights[] = {1.0f, -1.0f};
    uint32_t lengths[] = {1, 0};
    const cf_nn_values values[] = {{row, NULL}, {list, lengths}};
    cf_nn_block block = {2, values, targets, NULL};
    CHECK(cf_dataset_new(task_inputs, 2, 3, 1 << 20, &d, NULL) == CF_OK);
    row[7] = (float)NAN;
    CHECK(cf_dataset_append(d, &block, &err) == CF_E_VALUE);
    CHECK_STR(err.message, "input row of row 1 holds a value that is not finite");
    err = (cf_error){0};
    row[7] = 0.0f;
    lengths[0] = 13;
    CHECK(cf_dataset_append(d, &block, &err) == CF_E_VALUE);
    CHECK_STR(err.message, "input list of row 1 has 13 rows, the most is 12");
    err = (cf_error){0};
    lengths[0] = 1;
    block.weights = weights;
    CHECK(cf_dataset_append(d, &block, &err) == CF_E_VALUE);
    CHECK_STR(err.message, "the weight of row 2 is -1");
    cf_dataset_release(d);
}

static void data_of_another_form_are_refused(void) {
    cf_error err = {0};
    cf_dataset *d = NULL;
    cf_model *m = task_model(1);
    const cf_train_options o = quick(1);
    CHECK(cf_dataset_new(task_inputs, 1, 3, 1 << 20, &d, NULL) == CF_OK);
    CHECK(cf_dataset_seal(d, NULL) == CF_OK);
    CHECK(cf_model_train(m, d, NULL, &o, &err) == CF_E_TYPE);
    CHECK_STR(err.message, "the model has 2 inputs, the data 1");
    cf_dataset_release(d);
    err = (cf_error){0};
    CHECK(cf_dataset_new(task_inputs, 2, 3, 1 << 20, &d, NULL) == CF_OK);
    CHECK(cf_dataset_seal(d, NULL) == CF_OK);
    CHECK(cf_model_train(m, d, NULL, &o, &err) == CF_E_VALUE);
    CHECK_STR(err.message, "the training set has no rows");
    cf_dataset_release(d);
    cf_model_release(m);
}

/* --- prediction -----------------------------------------------------------------------------
 */

static void predictions_do_not_depend_on_the_block(void) {
    const cf_train_options o = quick(1);
    cf_model *m = task_model(1);
    CHECK(cf_model_train(m, train_set, NULL, &o, NULL) == CF_OK);
    const size_t n = valid_task.rows;
    float *whole = calloc(n * TASK_CLASSES, sizeof *whole), one[TASK_CLASSES];
    const cf_nn_values values[] = {{valid_task.row, NULL},
                                   {valid_task.list, valid_task.lengths}};
    CHECK(cf_model_predict(m, &(cf_nn_block){n, values, NULL, NULL}, whole, NULL) == CF_OK);
    for (size_t e = 0, at = 0; e < n; at += valid_task.lengths[e++]) {
        const cf_nn_values single[] = {{valid_task.row + e * 6, NULL},
                                       {valid_task.list + at * 4, valid_task.lengths + e}};
        const float *w = whole + e * TASK_CLASSES;
        CHECK(cf_model_predict(m, &(cf_nn_block){1, single, NULL, NULL}, one, NULL) == CF_OK);
        CHECK(memcmp(one, w, sizeof one) == 0);
        CHECK_NEAR((double)(w[0] + w[1] + w[2]), 1.0, 1e-6);
    }
    free(whole);
    cf_model_release(m);
}

int main(void) {
    train_task = task_make(2030, 11);
    valid_task = task_make(515, 12);
    train_set = task_dataset(&train_task, 1000, 1 << 24);
    valid_set = task_dataset(&valid_task, 100, 1 << 24);
    CHECK(train_set != NULL && valid_set != NULL);
    RUN(a_model_learns);
    RUN(sgd_with_momentum_learns);
    RUN(threads_do_not_change_a_bit);
    RUN(a_step_takes_all_shards);
    RUN(data_in_a_file_train_the_same);
    RUN(continuing_is_training_through);
    RUN(a_clone_is_a_model_of_its_own);
    RUN(an_interrupt_leaves_a_model_that_works);
    RUN(patience_ends_training_with_the_best_weights);
    RUN(learning_rates_follow_their_schedule);
    RUN(a_loss_that_explodes_is_an_error);
    RUN(class_weights_multiply);
    RUN(wrong_options_are_named);
    RUN(wrong_data_are_named);
    RUN(data_of_another_form_are_refused);
    RUN(predictions_do_not_depend_on_the_block);
    cf_dataset_release(train_set);
    cf_dataset_release(valid_set);
    task_free(&train_task);
    task_free(&valid_task);
    return cf_test_failures != 0;
}
