/* Trees: grown by XGBoost where it is installed, applied and stored by us. */
#include "nn/trees.h"
#include "task.h"
#include "test.h"

#include <stdatomic.h>

static cf_arena *a;

static cf_model *tree_model(cf_nn_trees trees) {
    cf_model *m = NULL;
    cf_error err = {0};
    const cf_nn_spec *both[] = {cf_nn_spec_input(a, 0),
                                cf_nn_spec_pool(a, cf_nn_spec_input(a, 1), CF_NN_POOL_SUM)};
    const cf_nn_spec *spec = cf_nn_spec_trees(a, cf_nn_spec_concat(a, both, 2), trees);
    if (cf_model_new(spec, task_inputs, 2, TASK_CLASSES, 1, &m, &err) != CF_OK) {
        printf("%s\n", err.message);
        exit(1);
    }
    return m;
}

/* Two trees over ten columns: x[1] < 0.5 ? 2 : (x[3] < -1 ? 3 : 4) for class 0, 1 for class 2.
 */
static const float two_trees[] = {2, 0, 5,  2, 1, 1, 0.5f, 1, 2, -1, 2,  0, 0, 3, -1,
                                  3, 4, -1, 3, 0, 0, -1,   4, 0, 0,  -1, 1, 0, 0};

static void set_trees(cf_model *m, const float *block, size_t count) {
    CHECK(cf_model_resize(m, count, NULL) == CF_OK);
    memcpy(m->weights, block, count * sizeof *block);
}

static void a_tree_is_walked_to_its_leaf(void) {
    cf_model *m = tree_model(cf_nn_boosted_trees());
    const float x[4][6] = {{0, 0.4f, 0, 0, 0, 0},
                           {0, 0.5f, 0, -2, 0, 0},
                           {0, 0.6f, 0, -1, 0, 0},
                           {0, -9.0f, 0, -5, 0, 0}};
    const double want[] = {2.0, 3.0, 4.0, 2.0};
    const uint32_t lengths[4] = {0};
    float out[4 * TASK_CLASSES];
    const cf_nn_values values[] = {{x[0], NULL}, {x[0], lengths}};
    const cf_nn_block block = {4, values, NULL, NULL};
    CHECK(cf_model_predict(m, &block, out, NULL) == CF_OK); /* not grown: nothing is known */
    CHECK_NEAR((double)out[0], 1.0 / 3.0, 1e-6);
    set_trees(m, two_trees, CF_COUNT(two_trees));
    CHECK(cf_trees_valid(two_trees, CF_COUNT(two_trees), 10, 3));
    CHECK(cf_model_predict(m, &block, out, NULL) == CF_OK);
    for (size_t e = 0; e < 4; e++) {
        const double sum = exp(want[e]) + 1.0 + exp(1.0);
        CHECK_NEAR((double)out[e * 3], exp(want[e]) / sum, 1e-6);
        CHECK_NEAR((double)out[e * 3 + 1], 1.0 / sum, 1e-6);
        CHECK_NEAR((double)out[e * 3 + 2], exp(1.0) / sum, 1e-6);
    }
    cf_model_release(m);
}

/* Any change of the block is refused or harmless: files may hold anything. */
static void wrong_trees_are_refused(void) {
    static const float changes[] = {-2.0f, -1.0f, 0.0f, 0.5f,      1.0f,
                                    3.0f,  7.0f,  1e9f, (float)NAN};
    float block[CF_COUNT(two_trees)];
    size_t refused = 0;
    for (size_t i = 0; i < CF_COUNT(block); i++)
        for (size_t k = 0; k < CF_COUNT(changes); k++) {
            memcpy(block, two_trees, sizeof block);
            block[i] = changes[k];
            if (!cf_trees_valid(block, CF_COUNT(block), 10, 3)) {
                refused++;
                continue;
            }
            cf_model *m = tree_model(cf_nn_boosted_trees());
            const float x[6] = {0, 0.6f, 0, 0, 0, 0};
            const uint32_t length = 0;
            float out[TASK_CLASSES];
            const cf_nn_values values[] = {{x, NULL}, {x, &length}};
            set_trees(m, block, CF_COUNT(block));
            CHECK(cf_model_predict(m, &(cf_nn_block){1, values, NULL, NULL}, out, NULL) ==
                  CF_OK);
            cf_model_release(m);
        }
    CHECK(refused > 100);
    for (size_t n = 1; n < CF_COUNT(two_trees); n++)
        CHECK(!cf_trees_valid(two_trees, n, 10, 3));
    CHECK(!cf_trees_valid(two_trees, CF_COUNT(two_trees), 3, 3));  /* column 3 of 3 */
    CHECK(!cf_trees_valid(two_trees, CF_COUNT(two_trees), 10, 2)); /* class 2 of 2 */
}

/* --- growing --------------------------------------------------------------------------------
 */

static cf_dataset *train_set, *valid_set;
static task_data valid_task;

static void check_grown(cf_nn_trees trees, double least) {
    cf_model *m = tree_model(trees), *back = NULL, *copy = NULL;
    const cf_nn_epoch *history = NULL;
    cf_error err = {0};
    double loss = 0.0, accuracy = 0.0;
    cf_train_options o = cf_train_options_default();
    o.threads = 2;
    const cf_status status = cf_model_train(m, train_set, valid_set, &o, &err);
    if (status == CF_E_UNSUPPORTED) {
        printf("skipped: %s\n", err.message);
        exit(cf_test_failures == 0 ? 77 : 1);
    }
    CHECK(status == CF_OK);
    if (status != CF_OK) printf("%s\n", err.message);
    CHECK(cf_model_history(m, &history) == trees.rounds);
    CHECK(cf_model_evaluate(m, valid_set, 1, NULL, &loss, &accuracy, NULL) == CF_OK);
    /* our walk through the trees gives what the library measured */
    CHECK_NEAR(loss, history[trees.rounds - 1].val_loss, 2e-5);
    CHECK_NEAR(accuracy, history[trees.rounds - 1].val_accuracy, 1e-6);
    CHECK(accuracy > least);
    cf_text bytes = {0};
    CHECK(cf_model_encode(m, &bytes, NULL) == CF_OK);
    CHECK(cf_model_decode((cf_str){bytes.data, bytes.size}, &back, NULL) == CF_OK);
    CHECK(cf_model_clone(m, &copy, NULL) == CF_OK);
    CHECK(cf_model_hash(back) == cf_model_hash(m) && cf_model_hash(copy) == cf_model_hash(m));
    o.threads = 1;
    CHECK(cf_model_train(copy, train_set, NULL, &o, NULL) == CF_OK);
    CHECK(cf_model_hash(copy) == cf_model_hash(m)); /* again, on another number of threads */
    cf_text_clear(&bytes);
    cf_model_release(m);
    cf_model_release(back);
    cf_model_release(copy);
}

static void boosted_trees_learn(void) {
    cf_nn_trees trees = cf_nn_boosted_trees();
    trees.rounds = 30;
    check_grown(trees, 0.75);
}

static void a_random_forest_learns(void) {
    check_grown(cf_nn_random_forest(), 0.7);
}

typedef struct {
    _Atomic bool cancel;
    uint32_t rounds;
} watcher;

static void watch(void *user, const cf_nn_progress *p) {
    watcher *w = user;
    w->rounds = p->epoch;
    if (p->epoch == 3) atomic_store(&w->cancel, true);
}

static void an_interrupt_keeps_the_trees_there_are(void) {
    watcher w = {0};
    double loss = 0.0, accuracy = 0.0;
    const cf_nn_epoch *history = NULL;
    cf_model *m = tree_model(cf_nn_boosted_trees());
    cf_train_options o = cf_train_options_default();
    o.cancel = &w.cancel;
    o.progress = watch;
    o.user = &w;
    CHECK(cf_model_train(m, train_set, valid_set, &o, NULL) == CF_E_CANCELLED);
    CHECK(w.rounds == 3 && cf_model_history(m, &history) == 3);
    CHECK(cf_model_evaluate(m, valid_set, 1, NULL, &loss, &accuracy, NULL) == CF_OK);
    CHECK_NEAR(loss, history[2].val_loss, 2e-5);
    cf_model_release(m);
}

int main(void) {
    a = cf_arena_new(1 << 14);
    task_data train_task = task_make(2000, 11);
    valid_task = task_make(500, 12);
    train_set = task_dataset(&train_task, 1000, 1 << 24);
    valid_set = task_dataset(&valid_task, 100, 1 << 24);
    RUN(a_tree_is_walked_to_its_leaf);
    RUN(wrong_trees_are_refused);
    RUN(boosted_trees_learn);
    RUN(a_random_forest_learns);
    RUN(an_interrupt_keeps_the_trees_there_are);
    cf_dataset_release(train_set);
    cf_dataset_release(valid_set);
    task_free(&train_task);
    task_free(&valid_task);
    cf_arena_free(a);
    return cf_test_failures != 0;
}
