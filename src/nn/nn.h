#ifndef CF_NN_NN_H
#define CF_NN_NN_H

/* Neural networks: what a model is made of (spec), what it learns from (dataset), the model
 * itself, training, prediction, files.  All numbers are float32; a matrix [a][b] lies row by
 * row.  Unless said otherwise a function may be called from any thread, but one object by one
 * thread at a time; what takes a `const cf_model *` may run on many threads at once.
 *
 * Training is a fixed function of (spec, data, options, seed): on one type of CPU the result is
 * the same to the last bit for every number of threads. */

#include "base/base.h"

/* --- spec: the layers of a network ---------------------------------------------------------
 *
 * A small immutable graph, made in an arena.  A layer names the layers that it takes its values
 * from; NULL stands for the model's first input.  Values are either one row an event, [width],
 * or, behind an input that is a list, a list of rows, [steps][width] with its own number of
 * steps for every event.  Dense, dropout, layer_norm, attention and add work on both or on
 * lists row by row; gru, lstm, flatten and pool make one row of a list. */

typedef struct cf_nn_spec cf_nn_spec;

/* CF_NN_KIND(NAME, name in JSON and summary) */
#define CF_NN_KINDS(CF_NN_KIND)          \
    CF_NN_KIND(INPUT, "input")           \
    CF_NN_KIND(DENSE, "dense")           \
    CF_NN_KIND(DROPOUT, "dropout")       \
    CF_NN_KIND(GRU, "gru")               \
    CF_NN_KIND(LSTM, "lstm")             \
    CF_NN_KIND(CONCAT, "concat")         \
    CF_NN_KIND(ADD, "add")               \
    CF_NN_KIND(LAYER_NORM, "layer_norm") \
    CF_NN_KIND(ATTENTION, "attention")   \
    CF_NN_KIND(FLATTEN, "flatten")       \
    CF_NN_KIND(POOL, "pool")             \
    CF_NN_KIND(TREES, "trees")

typedef enum {
#define CF_NN_KIND(NAME, text) CF_NN_##NAME,
    CF_NN_KINDS(CF_NN_KIND)
#undef CF_NN_KIND
        CF_NN_KIND_COUNT
} cf_nn_kind;

typedef enum {
    CF_NN_LINEAR,
    CF_NN_RELU,
    CF_NN_TANH,
    CF_NN_SIGMOID,
    CF_NN_HARD_SIGMOID, /* clip(0.2 a + 0.5, 0, 1); only as the gates' function of gru, lstm */
    CF_NN_SOFTMAX,      /* only in the last layer */
    CF_NN_ACTIVATION_COUNT
} cf_nn_activation;

/* Which rows of a list are steps of a recurrent layer. */
typedef enum {
    CF_NN_STEPS_ALL,    /* every row there is */
    CF_NN_STEPS_MASKED, /* a row whose values are all 0 leaves the state as it was */
    CF_NN_STEPS_PADDED, /* rows of 0 follow up to the input's steps_max, and are steps */
    CF_NN_STEPS_COUNT
} cf_nn_steps;

typedef enum { CF_NN_POOL_MEAN, CF_NN_POOL_SUM, CF_NN_POOL_MAX, CF_NN_POOL_COUNT } cf_nn_pool;

/* Names as in the language and in JSON: "relu"; "all", "masked", "padded"; "mean".  The _find
 * functions return false for a name they do not know. */
const char *cf_nn_kind_name(cf_nn_kind kind);
const char *cf_nn_activation_name(cf_nn_activation activation);
const char *cf_nn_steps_name(cf_nn_steps steps);
const char *cf_nn_pool_name(cf_nn_pool pool);
bool cf_nn_activation_find(cf_str name, cf_nn_activation *out);
bool cf_nn_steps_find(cf_str name, cf_nn_steps *out);
bool cf_nn_pool_find(cf_str name, cf_nn_pool *out);

/* What does not concern a kind is 0. */
struct cf_nn_spec {
    cf_nn_kind kind;
    uint32_t input;              /* input: which of the model's inputs */
    uint32_t units;              /* dense, gru, lstm */
    cf_nn_activation activation; /* dense */
    cf_nn_activation gate;       /* gru, lstm: SIGMOID or HARD_SIGMOID */
    cf_nn_steps steps;           /* gru, lstm */
    bool reset_after;            /* gru: the reset gate acts after the recurrent product */
    uint32_t biases;             /* gru: bias vectors, 1 or (with reset_after) 2 */
    double rate;                 /* dropout: share of values set to 0 while training */
    double epsilon;              /* layer_norm: added to the variance */
    uint32_t heads, key_size;    /* attention: heads; size of keys, queries and values each */
    cf_nn_pool pool;             /* pool */
    uint32_t rounds, depth;      /* trees: rounds of boosting; levels of a tree */
    uint32_t forest;             /* trees: trees side by side for each class and round */
    double eta;                  /* trees: share of a round's values that is taken */
    double subsample, columns; /* trees: share of events for a tree, of columns for a tree (for
                                  a split, when there is a forest) */
    uint32_t from_count;
    const cf_nn_spec *const *from; /* an entry NULL: input 0 */
};

/* Makers; they never fail, cf_nn_spec_check finds what cannot be.
 *
 * gru, gate order z, r, h, s = gate function, kernel W [in][3u], recurrent U [u][3u]:
 *   reset_after (Keras):          z = s(xWz + bz + hUz + cz), r = s(xWr + br + hUr + cr),
 *                                 g = tanh(xWh + bh + r (hUh + ch)), h' = z h + (1 - z) g
 *   else (BigDL, Keras 1; c = 0): g = tanh(xWh + bh + (r h) Uh)
 * lstm, gate order i, f, c, o, one bias:
 *   c' = s(f) c + s(i) tanh(g), h' = s(o) tanh(c')
 * attention, over the rows of one event, K = key_size, Q K V with biases, output projected back
 * to the input's width with bias:  softmax(Q K^T / sqrt(K)) V  in each head.
 * layer_norm: (x - mean) / sqrt(variance + epsilon) * gamma + beta over the values of a row. */
const cf_nn_spec *cf_nn_spec_input(cf_arena *arena, uint32_t input);
const cf_nn_spec *cf_nn_spec_dense(cf_arena *arena, const cf_nn_spec *from, uint32_t units,
                                   cf_nn_activation activation);
const cf_nn_spec *cf_nn_spec_dropout(cf_arena *arena, const cf_nn_spec *from, double rate);
typedef struct {
    cf_nn_steps steps; /* default ALL */
    bool reset_before; /* gru: the old form */
    bool one_bias;     /* gru: one bias vector with reset-after too */
    bool hard_sigmoid; /* gates */
} cf_nn_recurrent;     /* zero-initialised: what Keras does on a list without padding */
const cf_nn_spec *cf_nn_spec_gru(cf_arena *arena, const cf_nn_spec *from, uint32_t units,
                                 cf_nn_recurrent form);
const cf_nn_spec *cf_nn_spec_lstm(cf_arena *arena, const cf_nn_spec *from, uint32_t units,
                                  cf_nn_recurrent form);
const cf_nn_spec *cf_nn_spec_concat(cf_arena *arena, const cf_nn_spec *const *from,
                                    uint32_t count);
const cf_nn_spec *cf_nn_spec_add(cf_arena *arena, const cf_nn_spec *const *from,
                                 uint32_t count);
const cf_nn_spec *cf_nn_spec_layer_norm(cf_arena *arena, const cf_nn_spec *from,
                                        double epsilon);
const cf_nn_spec *cf_nn_spec_attention(cf_arena *arena, const cf_nn_spec *from, uint32_t heads,
                                       uint32_t key_size);
/* Rows of 0 up to the input's steps_max, all rows behind each other. */
const cf_nn_spec *cf_nn_spec_flatten(cf_arena *arena, const cf_nn_spec *from);
/* Per column over the rows of an event; an event without rows gives 0. */
const cf_nn_spec *cf_nn_spec_pool(cf_arena *arena, const cf_nn_spec *from, cf_nn_pool pool);
/* Decision trees, grown by the XGBoost library (CF_E_UNSUPPORTED when training without it; all
 * else needs no library).  The last layer, before which no weights may be.  Training runs
 * `rounds` rounds, one epoch of the history each, and begins anew every time; of the options it
 * takes class_weight, seed, threads, cancel and progress.  An event's class is its largest
 * target. */
typedef struct {
    uint32_t rounds, depth, forest;
    double eta, subsample, columns;
} cf_nn_trees;
cf_nn_trees cf_nn_boosted_trees(void); /* 100 rounds, depth 6, eta 0.3, all rows and columns */
cf_nn_trees cf_nn_random_forest(void); /* 100 trees, depth 10, each on 63 % of the events and
                                          half of the columns at a split */
const cf_nn_spec *cf_nn_spec_trees(cf_arena *arena, const cf_nn_spec *from, cf_nn_trees trees);
/* mlp [50, 20, 10]: dense relu layers on each other; count 0 gives `from`. */
const cf_nn_spec *cf_nn_spec_mlp(cf_arena *arena, const cf_nn_spec *from, const uint32_t *units,
                                 size_t count);

/* {"layers": [{"kind": "input", "input": 0}, {"kind": "dense", "from": [0], "units": 50,
 * "activation": "relu"}, ...]}: a layer names earlier ones, the last is the output.  The text
 * of a spec is fixed (equal specs, equal bytes). */
void cf_nn_spec_to_json(const cf_nn_spec *spec, cf_text *out);
cf_status cf_nn_spec_from_json(cf_arena *arena, cf_str json, const cf_nn_spec **out,
                               cf_error *err);

/* --- inputs and data ------------------------------------------------------------------------
 */

typedef struct {
    const char *name;   /* for messages and files: "hlf" */
    uint32_t width;     /* values in a row */
    bool ragged;        /* a list of rows an event, not one */
    uint32_t steps_max; /* ragged: more rows are an error; needed (not 0) by padded and flatten;
                           0: any number.  Else 0 */
} cf_nn_input;

/* One input's values for a block of events: [rows][width]; ragged: rows of all events behind
 * each other, lengths[rows] rows each. */
typedef struct {
    const float *values;
    const uint32_t *lengths; /* ragged inputs; else NULL */
} cf_nn_values;

typedef struct {
    size_t rows;                /* events */
    const cf_nn_values *inputs; /* [number of inputs] */
    const float *targets;       /* [rows][classes], one-hot or shares; predict: NULL */
    const float *weights;       /* [rows] >= 0; NULL: 1 */
} cf_nn_block;

/* Is the spec possible with these inputs and this many classes?  Every error that cf_model_new
 * gives about them, CF_E_TYPE or CF_E_RANGE, naming the layer. */
cf_status cf_nn_spec_check(const cf_nn_spec *spec, const cf_nn_input *inputs,
                           size_t input_count, uint32_t classes, cf_error *err);

/* Events to learn from, in the order of appending.  They stay in memory up to a limit, beyond
 * it they lie in a temporary file without a name (in $TMPDIR or /tmp), which is mapped: the set
 * may be larger than memory.  Reference-counted; after sealing nothing changes any more. */
typedef struct cf_dataset cf_dataset;

cf_status cf_dataset_new(const cf_nn_input *inputs, size_t input_count, uint32_t classes,
                         uint64_t memory_limit_bytes, cf_dataset **out, cf_error *err);
/* Copies the block.  Values that are not finite, lists longer than steps_max and negative
 * weights are errors that name input and row (CF_E_VALUE). */
cf_status cf_dataset_append(cf_dataset *d, const cf_nn_block *block, cf_error *err);
/* Ends appending; only a sealed set can be used. */
cf_status cf_dataset_seal(cf_dataset *d, cf_error *err);
cf_dataset *cf_dataset_retain(cf_dataset *d);
void cf_dataset_release(cf_dataset *d); /* NULL is fine */
uint64_t cf_dataset_rows(const cf_dataset *d);
uint64_t cf_dataset_bytes(const cf_dataset *d);
bool cf_dataset_spilled(const cf_dataset *d);

/* --- models ---------------------------------------------------------------------------------
 */

typedef struct cf_model cf_model; /* reference-counted */

/* Checks the spec, adds dense(classes, softmax) when its last layer is not a softmax or sigmoid
 * of `classes` units, and draws the weights by a hash of seed, layer and position: Glorot
 * uniform kernels, orthogonal recurrent kernels, biases 0 (forget gate of an lstm: 1).
 * The spec is copied. */
cf_status cf_model_new(const cf_nn_spec *spec, const cf_nn_input *inputs, size_t input_count,
                       uint32_t classes, uint64_t seed, cf_model **out, cf_error *err);
/* A deep copy, to train on without changing the original. */
cf_status cf_model_clone(const cf_model *m, cf_model **out, cf_error *err);
cf_model *cf_model_retain(cf_model *m);
void cf_model_release(cf_model *m); /* NULL is fine */

const cf_nn_spec *cf_model_spec(const cf_model *m); /* with the added layer */
const cf_nn_input *cf_model_inputs(const cf_model *m, size_t *count);
uint32_t cf_model_classes(const cf_model *m);
uint64_t cf_model_parameters(const cf_model *m);
/* Fixed function of spec, inputs and weights (not of history or optimiser): for plans. */
uint64_t cf_model_hash(const cf_model *m);
/* A table as text: layer, output shape, parameters; then the total. */
void cf_model_summary(const cf_model *m, cf_text *out);

/* The weights by name ("gru.kernel", "dense_2.bias"), for tests, import and export.  Index from
 * 0; false beyond the last.  values is NULL or gets the place of [rows][columns] floats. */
typedef struct {
    const char *layer;      /* "gru", "dense_2": kind, numbered from the second of a kind on */
    const char *name;       /* "kernel" */
    uint32_t rows, columns; /* a vector has rows 1 */
} cf_model_weight;
bool cf_model_weight_at(const cf_model *m, size_t index, cf_model_weight *out,
                        const float **values);
/* Replaces them; count must be rows * columns. */
cf_status cf_model_weight_set(cf_model *m, size_t index, const float *values, size_t count,
                              cf_error *err);

typedef struct {
    uint32_t epoch;                /* from 1, over all calls of train */
    double loss, accuracy;         /* mean over the epoch's steps, weights as they changed */
    double val_loss, val_accuracy; /* NaN without a validation set */
    double lr;
    double seconds; /* for this epoch, validation included */
} cf_nn_epoch;

size_t cf_model_history(const cf_model *m, const cf_nn_epoch **out); /* borrowed */

/* --- training -------------------------------------------------------------------------------
 */

typedef enum { CF_NN_ADAM, CF_NN_SGD } cf_nn_optimiser;
typedef enum {
    CF_NN_LR_CONSTANT,
    CF_NN_LR_STEP,        /* lr * factor^floor(e / every), e = epochs done before, all calls */
    CF_NN_LR_EXPONENTIAL, /* lr * factor^e */
    CF_NN_LR_LIST,        /* list[e], the last one from then on */
} cf_nn_schedule;

/* What goes on, for a progress line.  Called on the thread that called train. */
typedef struct {
    uint32_t epoch, epochs; /* number within this call, from 1 */
    uint64_t done, rows;    /* events of this epoch */
    bool epoch_end;         /* `last` is valid; else at most every 200 ms */
    double loss, accuracy;  /* of the epoch so far */
    double events_per_s;    /* of the epoch so far */
    double gflop_per_s;     /* counted products, forward and backward */
    double seconds_left;    /* estimate for the whole call */
    cf_nn_epoch last;
} cf_nn_progress;

typedef struct {
    uint32_t epochs; /* to run now */
    uint32_t batch;
    cf_nn_optimiser optimiser;
    double lr;
    double beta1, beta2, epsilon; /* adam: w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(v) + eps) */
    double momentum;              /* sgd: v = momentum v - lr g; w += v */
    cf_nn_schedule schedule;
    double factor;
    uint32_t every;
    const double *lr_list;
    size_t lr_count;
    uint32_t patience; /* epochs without a better val_loss (without a validation set: loss)
                          until training stops and the best weights return; 0: never */
    const double *class_weight; /* [classes], multiplies the weight of an event by
                                   the share-weighted value of its target; NULL: 1 */
    bool keep_order;            /* no shuffling */
    uint64_t seed;              /* shuffling and dropout */
    unsigned threads;           /* 0: one a core; the result does not depend on it */
    const _Atomic bool *cancel; /* NULL: never */
    void (*progress)(void *user, const cf_nn_progress *progress); /* NULL: none */
    void *user;
} cf_train_options;

/* 10 epochs, batch 128, Adam with lr 0.001, betas 0.9 and 0.999, epsilon 1e-7; threads 0. */
cf_train_options cf_train_options_default(void);

/* Trains on, from where the model is: two calls of 2 epochs with one seed are one of 4.  Loss:
 * categorical cross-entropy of the softmax (sigmoid: binary cross-entropy summed over the
 * outputs), times the event's weight, mean over the events of a step.
 * The sets are sealed; valid may be NULL.
 * CF_E_CANCELLED: stopped after a step, the model holds what was learned until then and the
 * history the whole epochs; CF_E_VALUE: the loss is not finite any more (the model then has the
 * weights from before the step); CF_E_TYPE: the data are not of the model's inputs. */
cf_status cf_model_train(cf_model *m, const cf_dataset *train, const cf_dataset *valid,
                         const cf_train_options *options, cf_error *err);

/* Mean loss and share of right answers (largest output = largest target), by event weight. */
cf_status cf_model_evaluate(const cf_model *m, const cf_dataset *data, unsigned threads,
                            const _Atomic bool *cancel, double *loss, double *accuracy,
                            cf_error *err);

/* out [rows][classes]: probabilities.  Many threads may call it at once. */
cf_status cf_model_predict(const cf_model *m, const cf_nn_block *block, float *out,
                           cf_error *err);

/* --- files ----------------------------------------------------------------------------------
 *
 * ".cfm": "CFMODEL1", length of a JSON header (u64 little-endian), the header (spec, inputs,
 * classes, history, optimiser, sizes), float32 little-endian: parameters and optimiser state;
 * a 64-bit hash of all before.  Written under a temporary name and renamed. */
cf_status cf_model_save(const cf_model *m, const char *path, cf_error *err);
cf_status cf_model_load(const char *path, cf_model **out, cf_error *err);
/* The same bytes in memory. */
cf_status cf_model_encode(const cf_model *m, cf_text *out, cf_error *err);
cf_status cf_model_decode(cf_str bytes, cf_model **out, cf_error *err);

/* ONNX file for other programs (operator set 17): an input by its name, [events][width]; a list
 * becomes [steps][events][width] with 0 behind an event's last row, and "<name>_length"
 * [events], int32.  Lists for layers that run padded or flatten have steps_max steps; for
 * layers that run masked, rows of 0 inside a list are left out by the caller.  Output:
 * "probabilities" [events][classes].  CF_E_UNSUPPORTED: an input has a name that ONNX cannot
 * have. */
cf_status cf_model_save_onnx(const cf_model *m, const char *path, cf_error *err);
/* Weights from a Keras file (.keras, .weights.h5, or a model in .h5) into a model of the same
 * layers.  A layer takes the next one of the file, in the order in which Keras made them, whose
 * weights have its names and shapes.  The optimiser's state is not read.  CF_E_MISMATCH names a
 * layer without a partner; CF_E_UNSUPPORTED: no HDF5 library on this machine; CF_E_FORMAT. */
cf_status cf_model_import_keras(cf_model *m, const char *path, cf_error *err);

#endif
