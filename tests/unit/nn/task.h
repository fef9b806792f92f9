/* A small made-up task for training: events whose class depends on both a row and a list. */
#ifndef CF_TEST_TASK_H
#define CF_TEST_TASK_H

#include "nn/nn.h"

#include <stdlib.h>
#include <string.h>

#define TASK_CLASSES 3u
#define MAYBE_UNUSED __attribute__((unused)) /* not every test needs all of it */

static const cf_nn_input task_inputs[] = {{"row", 6, false, 0}, {"list", 4, true, 12}};

typedef struct {
    size_t rows;
    float *row, *list, *targets;
    uint32_t *lengths;
    size_t list_rows;
} task_data;

static float task_draw(uint64_t seed, uint64_t *state) {
    return (float)(2.0 * cf_random_unit(seed, (*state)++) - 1.0);
}

/* Sum of a row's values and of the list's first column, cut into three classes. */
static task_data task_make(size_t rows, uint64_t seed) {
    task_data t = {.rows = rows};
    uint64_t state = 0;
    t.row = calloc(rows * 6, sizeof *t.row);
    t.list = calloc(rows * 12 * 4, sizeof *t.list);
    t.targets = calloc(rows * TASK_CLASSES, sizeof *t.targets);
    t.lengths = calloc(rows, sizeof *t.lengths);
    for (size_t e = 0; e < rows; e++) {
        float score = 0.0f;
        for (size_t i = 0; i < 6; i++)
            score += t.row[e * 6 + i] = task_draw(seed, &state);
        t.lengths[e] = (uint32_t)(cf_hash_u64(e, seed) % 13);
        for (uint32_t k = 0; k < t.lengths[e]; k++, t.list_rows++)
            for (size_t i = 0; i < 4; i++) {
                const float x = task_draw(seed, &state);
                t.list[t.list_rows * 4 + i] = x;
                if (i == 0) score += x;
            }
        t.targets[e * TASK_CLASSES + (score < -0.7f ? 0 : score < 0.7f ? 1 : 2)] = 1.0f;
    }
    return t;
}

static void task_free(task_data *t) {
    free(t->row);
    free(t->list);
    free(t->targets);
    free(t->lengths);
}

/* Appended in blocks of `block` rows. */
MAYBE_UNUSED static cf_dataset *task_dataset(const task_data *t, size_t block, uint64_t limit) {
    cf_dataset *d = NULL;
    size_t at = 0;
    if (cf_dataset_new(task_inputs, 2, TASK_CLASSES, limit, &d, NULL) != CF_OK) return NULL;
    for (size_t first = 0; first < t->rows; first += block) {
        const size_t rows = t->rows - first < block ? t->rows - first : block;
        const cf_nn_values values[] = {{t->row + first * 6, NULL},
                                       {t->list + at * 4, t->lengths + first}};
        const cf_nn_block part = {rows, values, t->targets + first * TASK_CLASSES, NULL};
        if (cf_dataset_append(d, &part, NULL) != CF_OK) return NULL;
        for (size_t e = first; e < first + rows; e++)
            at += t->lengths[e];
    }
    return cf_dataset_seal(d, NULL) == CF_OK ? d : NULL;
}

/* gru over the list, next to the row, dropout, dense. */
MAYBE_UNUSED static cf_model *task_model(uint64_t seed) {
    cf_arena *a = cf_arena_new(1 << 12);
    cf_model *m = NULL;
    const cf_nn_spec *both[] = {
        cf_nn_spec_gru(a, cf_nn_spec_input(a, 1), 9, (cf_nn_recurrent){0}),
        cf_nn_spec_input(a, 0)};
    const cf_nn_spec *x = cf_nn_spec_dropout(a, cf_nn_spec_concat(a, both, 2), 0.1);
    x = cf_nn_spec_dense(a, x, 16, CF_NN_RELU);
    if (cf_model_new(x, task_inputs, 2, TASK_CLASSES, seed, &m, NULL) != CF_OK) m = NULL;
    cf_arena_free(a);
    return m;
}

#endif
