#include "nn/nn.h"

#include <string.h>

/* Makers of layers and the names of everything. */

static const char *const kind_names[] = {
#define CF_NN_KIND(NAME, text) text,
    CF_NN_KINDS(CF_NN_KIND)
#undef CF_NN_KIND
};
static const char *const activation_names[] = {"linear",  "relu",         "tanh",
                                               "sigmoid", "hard_sigmoid", "softmax"};
static const char *const steps_names[] = {"all", "masked", "padded"};
static const char *const pool_names[] = {"mean", "sum", "max"};

const char *cf_nn_kind_name(cf_nn_kind kind) {
    return (size_t)kind < CF_COUNT(kind_names) ? kind_names[kind] : "?";
}

const char *cf_nn_activation_name(cf_nn_activation activation) {
    return (size_t)activation < CF_COUNT(activation_names) ? activation_names[activation] : "?";
}

const char *cf_nn_steps_name(cf_nn_steps steps) {
    return (size_t)steps < CF_COUNT(steps_names) ? steps_names[steps] : "?";
}

const char *cf_nn_pool_name(cf_nn_pool pool) {
    return (size_t)pool < CF_COUNT(pool_names) ? pool_names[pool] : "?";
}

static bool find(const char *const *names, size_t count, cf_str name, size_t *out) {
    for (size_t i = 0; i < count; i++)
        if (cf_str_is(name, names[i])) {
            *out = i;
            return true;
        }
    return false;
}

bool cf_nn_activation_find(cf_str name, cf_nn_activation *out) {
    size_t i = 0;
    if (!find(activation_names, CF_COUNT(activation_names), name, &i)) return false;
    *out = (cf_nn_activation)i;
    return true;
}

bool cf_nn_steps_find(cf_str name, cf_nn_steps *out) {
    size_t i = 0;
    if (!find(steps_names, CF_COUNT(steps_names), name, &i)) return false;
    *out = (cf_nn_steps)i;
    return true;
}

bool cf_nn_pool_find(cf_str name, cf_nn_pool *out) {
    size_t i = 0;
    if (!find(pool_names, CF_COUNT(pool_names), name, &i)) return false;
    *out = (cf_nn_pool)i;
    return true;
}

static cf_nn_spec *make(cf_arena *arena, cf_nn_kind kind, const cf_nn_spec *const *from,
                        uint32_t count) {
    cf_nn_spec *spec = CF_NEW(arena, cf_nn_spec);
    const cf_nn_spec **copy = CF_NEWS(arena, const cf_nn_spec *, count);
    for (uint32_t i = 0; i < count; i++)
        copy[i] = from[i];
    spec->kind = kind;
    spec->from = copy;
    spec->from_count = count;
    return spec;
}

const cf_nn_spec *cf_nn_spec_input(cf_arena *arena, uint32_t input) {
    cf_nn_spec *spec = make(arena, CF_NN_INPUT, NULL, 0);
    spec->input = input;
    return spec;
}

const cf_nn_spec *cf_nn_spec_dense(cf_arena *arena, const cf_nn_spec *from, uint32_t units,
                                   cf_nn_activation activation) {
    cf_nn_spec *spec = make(arena, CF_NN_DENSE, &from, 1);
    spec->units = units;
    spec->activation = activation;
    return spec;
}

const cf_nn_spec *cf_nn_spec_dropout(cf_arena *arena, const cf_nn_spec *from, double rate) {
    cf_nn_spec *spec = make(arena, CF_NN_DROPOUT, &from, 1);
    spec->rate = rate;
    return spec;
}

static cf_nn_spec *recurrent(cf_arena *arena, cf_nn_kind kind, const cf_nn_spec *from,
                             uint32_t units, cf_nn_recurrent form) {
    cf_nn_spec *spec = make(arena, kind, &from, 1);
    spec->units = units;
    spec->steps = form.steps;
    spec->gate = form.hard_sigmoid ? CF_NN_HARD_SIGMOID : CF_NN_SIGMOID;
    return spec;
}

const cf_nn_spec *cf_nn_spec_gru(cf_arena *arena, const cf_nn_spec *from, uint32_t units,
                                 cf_nn_recurrent form) {
    cf_nn_spec *spec = recurrent(arena, CF_NN_GRU, from, units, form);
    spec->reset_after = !form.reset_before;
    spec->biases = form.reset_before || form.one_bias ? 1 : 2;
    return spec;
}

const cf_nn_spec *cf_nn_spec_lstm(cf_arena *arena, const cf_nn_spec *from, uint32_t units,
                                  cf_nn_recurrent form) {
    return recurrent(arena, CF_NN_LSTM, from, units, form);
}

const cf_nn_spec *cf_nn_spec_concat(cf_arena *arena, const cf_nn_spec *const *from,
                                    uint32_t count) {
    return make(arena, CF_NN_CONCAT, from, count);
}

const cf_nn_spec *cf_nn_spec_add(cf_arena *arena, const cf_nn_spec *const *from,
                                 uint32_t count) {
    return make(arena, CF_NN_ADD, from, count);
}

const cf_nn_spec *cf_nn_spec_layer_norm(cf_arena *arena, const cf_nn_spec *from,
                                        double epsilon) {
    cf_nn_spec *spec = make(arena, CF_NN_LAYER_NORM, &from, 1);
    spec->epsilon = epsilon;
    return spec;
}

const cf_nn_spec *cf_nn_spec_attention(cf_arena *arena, const cf_nn_spec *from, uint32_t heads,
                                       uint32_t key_size) {
    cf_nn_spec *spec = make(arena, CF_NN_ATTENTION, &from, 1);
    spec->heads = heads;
    spec->key_size = key_size;
    return spec;
}

const cf_nn_spec *cf_nn_spec_flatten(cf_arena *arena, const cf_nn_spec *from) {
    return make(arena, CF_NN_FLATTEN, &from, 1);
}

const cf_nn_spec *cf_nn_spec_pool(cf_arena *arena, const cf_nn_spec *from, cf_nn_pool pool) {
    cf_nn_spec *spec = make(arena, CF_NN_POOL, &from, 1);
    spec->pool = pool;
    return spec;
}

cf_nn_trees cf_nn_boosted_trees(void) {
    return (cf_nn_trees){
        .rounds = 100, .depth = 6, .forest = 1, .eta = 0.3, .subsample = 1.0, .columns = 1.0};
}

cf_nn_trees cf_nn_random_forest(void) {
    return (cf_nn_trees){.rounds = 1,
                         .depth = 10,
                         .forest = 100,
                         .eta = 1.0,
                         .subsample = 0.632,
                         .columns = 0.5};
}

const cf_nn_spec *cf_nn_spec_trees(cf_arena *arena, const cf_nn_spec *from, cf_nn_trees trees) {
    cf_nn_spec *spec = make(arena, CF_NN_TREES, &from, 1);
    spec->rounds = trees.rounds;
    spec->depth = trees.depth;
    spec->forest = trees.forest;
    spec->eta = trees.eta;
    spec->subsample = trees.subsample;
    spec->columns = trees.columns;
    return spec;
}

const cf_nn_spec *cf_nn_spec_mlp(cf_arena *arena, const cf_nn_spec *from, const uint32_t *units,
                                 size_t count) {
    for (size_t i = 0; i < count; i++)
        from = cf_nn_spec_dense(arena, from, units[i], CF_NN_RELU);
    return from;
}
