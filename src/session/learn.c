/* Learning for the binder: runs the plans of the rows, trains, and keeps every model for the
 * life of the session, found again by what it was made from. */

#include "session/learn.h"

#include "nn/nn.h"
#include "session/session_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- models ---- */

/* A model as a plan sees it. */
typedef struct {
    cf_predictor head;
    _Atomic int refs;
    cf_model *model;
} network;

struct cf_learned {  /* one model of the session */
    uint64_t key[2]; /* what it was made from; 0: a file */
    cf_arena *arena; /* of `trained` */
    cf_trained trained;
    network *network;
};

struct cf_learn_store {
    struct cf_learned **items;
    size_t count;
    struct {
        uint64_t key;
        double accuracy, loss, seconds;
    } * folds; /* of grids, so that an interrupted one goes on */
    size_t fold_count;
};

static cf_status network_predict(const cf_predictor *p, size_t rows,
                                 const cf_model_input *inputs, float *out, cf_error *err) {
    const network *n = (const network *)p;
    size_t count = 0;
    const cf_nn_input *want = cf_model_inputs(n->model, &count);
    cf_nn_values values[16];
    for (size_t i = 0; i < count; i++) {
        values[i] = (cf_nn_values){inputs[i].values, inputs[i].lengths};
        if (rows > 0 && inputs[i].width != want[i].width && inputs[i].width != 0)
            return cf_fail(err, CF_E_MODEL, CF_NOWHERE,
                           "input `%s` of the model has %u numbers in a row, and this has %u",
                           want[i].name, want[i].width, inputs[i].width);
    }
    const cf_nn_block block = {.rows = rows, .inputs = values};
    return cf_model_predict(n->model, &block, out, err);
}

static void network_retain(cf_predictor *p) {
    ((network *)p)->refs++;
}

static void network_release(cf_predictor *p) {
    network *n = (network *)p;
    if (--n->refs > 0) return;
    cf_model_release(n->model);
    free(n);
}

static const cf_predictor_class network_class = {network_predict, network_retain,
                                                 network_release};

static void learned_free(struct cf_learned *l) {
    if (l->network != NULL) network_release(&l->network->head);
    cf_arena_free(l->arena);
    free(l);
}

void cf_learn_clear(cf_session *s) {
    if (s->learned == NULL) return;
    for (size_t i = 0; i < s->learned->count; i++)
        learned_free(s->learned->items[i]);
    free(s->learned->items);
    free(s->learned->folds);
    free(s->learned);
}

static cf_status no_memory(cf_error *err) {
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for a model");
}

static void copy_history(struct cf_learned *l, const cf_model *m) {
    const cf_nn_epoch *epochs = NULL;
    const size_t count = cf_model_history(m, &epochs);
    double *columns[5];
    for (size_t k = 0; k < 5; k++)
        columns[k] = CF_NEWS(l->arena, double, count + 1);
    for (size_t i = 0; i < count; i++) {
        columns[0][i] = epochs[i].loss;
        columns[1][i] = epochs[i].accuracy;
        columns[2][i] = epochs[i].val_loss;
        columns[3][i] = epochs[i].val_accuracy;
        columns[4][i] = epochs[i].seconds;
    }
    l->trained.epochs = count;
    l->trained.loss = columns[0];
    l->trained.accuracy = columns[1];
    l->trained.val_loss = columns[2];
    l->trained.val_accuracy = columns[3];
    l->trained.seconds = columns[4];
}

static void copy_inputs(struct cf_learned *l, const cf_model *m, const cf_train_input *texts) {
    size_t count = 0;
    const cf_nn_input *inputs = cf_model_inputs(m, &count);
    cf_train_input *out = CF_NEWS(l->arena, cf_train_input, count + 1);
    for (size_t i = 0; i < count; i++) {
        /* a model from a file has the expressions as the names of its inputs */
        const char *text = texts != NULL ? texts[i].text : inputs[i].name;
        out[i] = (cf_train_input){.name = cf_str_dup(l->arena, cf_str_of(inputs[i].name)),
                                  .text = cf_str_dup(l->arena, cf_str_of(text)),
                                  .width = inputs[i].width,
                                  .sequence = inputs[i].ragged};
    }
    l->trained.inputs = out;
    l->trained.input_count = count;
}

static void copy_summary(struct cf_learned *l, const cf_model *m) {
    cf_text t = {0};
    cf_model_summary(m, &t);
    const size_t n = l->trained.epochs;
    if (n > 0)
        cf_text_addf(&t, "\nepoch %zu: loss %.4g, accuracy %.4g", n, l->trained.loss[n - 1],
                     l->trained.accuracy[n - 1]);
    if (n > 0 && !isnan(l->trained.val_loss[n - 1]))
        cf_text_addf(&t, "; validation: loss %.4g, accuracy %.4g", l->trained.val_loss[n - 1],
                     l->trained.val_accuracy[n - 1]);
    l->trained.summary = cf_str_dup(l->arena, (cf_str){t.data == NULL ? "" : t.data, t.size});
    cf_text_clear(&t);
}

/* The session takes over the model. */
static cf_status keep_model(cf_session *s, const uint64_t key[2], cf_model *m,
                            const cf_train_input *texts, const cf_trained **out,
                            cf_error *err) {
    if (s->learned == NULL) s->learned = calloc(1, sizeof *s->learned);
    struct cf_learned *l = calloc(1, sizeof *l);
    network *n = calloc(1, sizeof *n);
    struct cf_learned **grown =
        s->learned == NULL
            ? NULL
            : realloc(s->learned->items, (s->learned->count + 1) * sizeof *grown);
    if (grown != NULL) s->learned->items = grown;
    if (l != NULL) l->arena = cf_arena_new(4096);
    if (grown == NULL || l == NULL || n == NULL || l->arena == NULL) {
        free(n);
        if (l != NULL) learned_free(l);
        cf_model_release(m);
        return no_memory(err);
    }
    *n = (network){.head = {.class = &network_class,
                            .id = cf_model_hash(m),
                            .outputs = cf_model_classes(m)},
                   .refs = 1,
                   .model = m};
    l->key[0] = key[0];
    l->key[1] = key[1];
    l->network = n;
    l->trained.predictor = &n->head;
    copy_history(l, m);
    copy_inputs(l, m, texts);
    copy_summary(l, m);
    n->head.input_count = (uint32_t)l->trained.input_count;
    s->learned->items[s->learned->count++] = l;
    *out = &l->trained;
    return CF_OK;
}

static const struct cf_learned *find_key(const cf_session *s, const uint64_t key[2]) {
    for (size_t i = 0; s->learned != NULL && i < s->learned->count; i++)
        if (s->learned->items[i]->key[0] == key[0] && s->learned->items[i]->key[1] == key[1])
            return s->learned->items[i];
    return NULL;
}

static cf_model *model_of(const cf_trained *t) {
    return ((network *)t->predictor)->model;
}

size_t cf_learn_models(const cf_session *s, cf_predictor **out, size_t max) {
    size_t n = 0;
    for (size_t i = 0; s->learned != NULL && i < s->learned->count && n < max; i++)
        out[n++] = &s->learned->items[i]->network->head;
    return n;
}

/* ---- what a training depends on ---- */

static uint64_t add_doubles(uint64_t h, const double *x, size_t count) {
    return cf_hash_bytes(x, count * sizeof *x, cf_hash_u64(count, h));
}

static uint64_t data_hash(const cf_train_data *d, uint64_t h) {
    h = cf_hash_u64(cf_plan_hash(d->rows), h);
    return d->valid == NULL ? h : cf_hash_u64(cf_plan_hash(d->valid), h);
}

static uint64_t job_hash(const cf_train_job *job, uint64_t h) {
    const cf_train_settings *s = &job->settings;
    const int64_t whole[] = {s->epochs,  s->batch, s->seed, s->patience,  s->every,
                             s->classes, s->steps, s->sgd,  s->keep_order};
    h = cf_hash_bytes(whole, sizeof whole, h);
    h = add_doubles(h, &s->momentum, 1);
    h = add_doubles(h, &s->decay, 1);
    h = add_doubles(h, s->rates, s->rate_count);
    h = add_doubles(h, s->class_weight, s->class_weight_count);
    if (job->net != NULL) h = cf_hash_bytes(job->net, strlen(job->net), h);
    if (job->start == NULL) return h;
    return cf_hash_u64(job->start->predictor->id, cf_hash_u64(job->start->epochs, h));
}

/* ---- rows into data sets ---- */

/* Rows go to one set, or, for k folds, to the training sets of all folds but one and to that
 * one's validation set. */
typedef struct {
    const cf_train_data *data;
    uint32_t classes;
    uint64_t memory;
    uint32_t steps; /* of sequences at most; 0: any number */
    cf_nn_input inputs[16];
    bool shaped; /* widths are known, sets are made */
    cf_dataset **sets;
    size_t set_count;
    size_t folds; /* 0: one set; else sets[f] trains fold f, sets[folds + f] validates it */
    uint64_t seed;
    int64_t rows;
} filling;

static cf_status bad_row(const filling *f, const char *name, int64_t row, const char *what,
                         cf_error *err) {
    return cf_fail(err, CF_E_VALUE, CF_NOWHERE, "row %lld of the rows to learn from: %s %s",
                   (long long)(f->rows + row + 1), name, what);
}

static const char *input_name(const filling *f, size_t i) {
    const char *text = f->data->inputs[i].text;
    return text[0] != 0 ? text : f->data->inputs[i].name;
}

static cf_status has_null(const filling *f, const cf_column *c, const char *name,
                          cf_error *err) {
    for (int64_t i = 0; c->valid != NULL && i < c->length; i++)
        if (c->valid[i] == 0) {
            const cf_status status = bad_row(f, name, 0, "has a null", err);
            cf_error_hint(err, "`x ?? 0` fills it, and `filter x != null` drops the row");
            return status;
        }
    return CF_OK;
}

/* Every list of a column has the same length: *width, 0 before the first is seen. */
static cf_status same_width(const filling *f, const cf_column *c, const char *name,
                            uint32_t *width, cf_error *err) {
    for (int64_t i = 0; i < c->length; i++) {
        const int64_t n = c->offsets[i + 1] - c->offsets[i];
        if (*width == 0 && n > 0 && n <= INT32_MAX) *width = (uint32_t)n;
        if (n != 0 && n == (int64_t)*width) continue;
        const cf_status status = cf_fail(
            err, CF_E_LENGTHS, CF_NOWHERE,
            "`%s` must have the same number of values in every row: one has %u, another "
            "%lld (about row %lld)",
            name, *width, (long long)n, (long long)(f->rows + i + 1));
        cf_error_hint(err, "a list of rows of its own length is `(Jet | matrix {pt, eta})`");
        return status;
    }
    return CF_OK;
}

/* The numbers at the bottom of a column, as float32; NULL: no memory. */
static float *floats_of(const cf_column *c) {
    while (c->child_count > 0)
        c = c->children[0];
    float *out = malloc(((size_t)c->length + 1) * sizeof *out);
    const double *x = c->values;
    for (int64_t i = 0; out != NULL && i < c->length; i++)
        out[i] = (float)x[i];
    return out;
}

static cf_status find_shapes(filling *f, const cf_table *rows, cf_error *err) {
    for (size_t i = 0; i < f->data->input_count; i++) {
        const cf_column *c = rows->children[i];
        cf_nn_input *in = &f->inputs[i];
        const char *name = input_name(f, i);
        in->name =
            f->data->inputs[i].text[0] != 0 ? f->data->inputs[i].text : f->data->inputs[i].name;
        in->ragged = f->data->inputs[i].sequence;
        if (in->width == 0) in->width = f->data->inputs[i].width;
        CF_TRY(has_null(f, c, name, err));
        if (in->ragged) {
            in->steps_max = f->steps;
            c = c->children[0];
            CF_TRY(has_null(f, c, name, err));
        }
        if (c->child_count > 0) CF_TRY(same_width(f, c, name, &in->width, err));
        const cf_column *leaf = c->child_count > 0 ? c->children[0] : c;
        CF_TRY(has_null(f, leaf, name, err));
    }
    return CF_OK;
}

static cf_status make_sets(filling *f, cf_error *err) {
    for (size_t i = 0; i < f->data->input_count; i++)
        if (f->inputs[i].width == 0)
            return cf_fail(err, CF_E_VALUE, CF_NOWHERE,
                           "`%s` is empty in every row, so its width is not known",
                           input_name(f, i));
    for (size_t k = 0; k < f->set_count; k++)
        CF_TRY(cf_dataset_new(f->inputs, f->data->input_count, f->classes,
                              f->memory / f->set_count, &f->sets[k], err));
    f->shaped = true;
    return CF_OK;
}

/* Targets [rows][classes]. */
static cf_status targets_of(const filling *f, const cf_table *rows, float **out,
                            cf_error *err) {
    const cf_column *y = rows->children[f->data->input_count];
    CF_TRY(has_null(f, y, "y", err));
    if (f->data->target == CF_TARGET_SHARES) {
        uint32_t width = f->classes;
        CF_TRY(same_width(f, y, "y", &width, err));
        *out = floats_of(y);
        return *out == NULL ? no_memory(err) : CF_OK;
    }
    *out = calloc((size_t)rows->length * f->classes + 1, sizeof **out);
    if (*out == NULL) return no_memory(err);
    for (int64_t i = 0; i < rows->length; i++) {
        const int64_t class = cf_column_int(y, i);
        if (class < 0 || class >= (int64_t)f->classes)
            return bad_row(f, "y", i, "is no class from 0 on", err);
        (*out)[i * (int64_t)f->classes + class] = 1;
    }
    return CF_OK;
}

/* The same rows of every input from `begin` on, with the places found before. */
typedef struct {
    float *values[16], *targets, *weights;
    uint32_t *lengths[16];
    const int64_t *starts[16]; /* sequences: where each row's begin */
} block_arrays;

static void block_free(block_arrays *a, size_t inputs) {
    for (size_t i = 0; i < inputs; i++) {
        free(a->values[i]);
        free(a->lengths[i]);
    }
    free(a->targets);
    free(a->weights);
}

static cf_status block_make(const filling *f, const cf_table *rows, block_arrays *a,
                            cf_error *err) {
    for (size_t i = 0; i < f->data->input_count; i++) {
        const cf_column *c = rows->children[i];
        a->values[i] = floats_of(c);
        if (a->values[i] == NULL) return no_memory(err);
        if (!f->inputs[i].ragged) continue;
        a->lengths[i] = malloc(((size_t)rows->length + 1) * sizeof *a->lengths[i]);
        if (a->lengths[i] == NULL) return no_memory(err);
        a->starts[i] = c->offsets;
        for (int64_t k = 0; k < rows->length; k++)
            a->lengths[i][k] = (uint32_t)(c->offsets[k + 1] - c->offsets[k]);
    }
    CF_TRY(targets_of(f, rows, &a->targets, err));
    if (!f->data->weighted) return CF_OK;
    const cf_column *w = rows->children[f->data->input_count + 1];
    CF_TRY(has_null(f, w, "weight", err));
    a->weights = floats_of(w);
    return a->weights == NULL ? no_memory(err) : CF_OK;
}

static cf_status append(const filling *f, const block_arrays *a, cf_dataset *set, int64_t begin,
                        int64_t end, cf_error *err) {
    cf_nn_values values[16];
    for (size_t i = 0; i < f->data->input_count; i++) {
        const int64_t row = f->inputs[i].ragged ? a->starts[i][begin] - a->starts[i][0] : begin;
        values[i] =
            (cf_nn_values){.values = a->values[i] + row * (int64_t)f->inputs[i].width,
                           .lengths = f->inputs[i].ragged ? a->lengths[i] + begin : NULL};
    }
    const cf_nn_block block = {.rows = (size_t)(end - begin),
                               .inputs = values,
                               .targets = a->targets + begin * (int64_t)f->classes,
                               .weights = a->weights == NULL ? NULL : a->weights + begin};
    return cf_dataset_append(set, &block, err);
}

/* Of every `folds` rows in turn one goes to each fold, in an order drawn by hash. */
static size_t fold_of(const filling *f, uint64_t row) {
    const uint64_t first = row - row % f->folds, mine = cf_hash_u64(row, f->seed);
    size_t rank = 0;
    for (uint64_t other = first; other < first + f->folds; other++) {
        const uint64_t theirs = cf_hash_u64(other, f->seed);
        rank += theirs < mine || (theirs == mine && other < row);
    }
    return rank;
}

static cf_status append_folds(const filling *f, const block_arrays *a, int64_t rows,
                              cf_error *err) {
    for (int64_t i = 0; i < rows; i++) {
        const size_t fold = fold_of(f, (uint64_t)(f->rows + i));
        for (size_t k = 0; k < f->folds; k++)
            CF_TRY(append(f, a, f->sets[k == fold ? f->folds + k : k], i, i + 1, err));
    }
    return CF_OK;
}

static cf_status take_rows(void *user, const cf_table *rows, cf_error *err) {
    filling *f = user;
    block_arrays a = {0};
    if (rows->length == 0) return CF_OK;
    CF_TRY(find_shapes(f, rows, err));
    const cf_column *y = rows->children[f->data->input_count];
    if (f->classes == 0 && y->offsets != NULL)
        f->classes = (uint32_t)(y->offsets[1] - y->offsets[0]);
    if (!f->shaped) CF_TRY(make_sets(f, err));
    cf_status status = block_make(f, rows, &a, err);
    if (status == CF_OK)
        status = f->folds > 0 ? append_folds(f, &a, rows->length, err)
                              : append(f, &a, f->sets[0], 0, rows->length, err);
    f->rows += rows->length;
    block_free(&a, f->data->input_count);
    return status;
}

/* Runs the rows' plan into the sets and seals them. */
static cf_status fill(cf_session *s, cf_plan *plan, filling *f, cf_error *err) {
    plan->saves[0].to = take_rows;
    plan->saves[0].to_user = f;
    cf_exec_result done = {0};
    cf_status status = cf_run_exec(s->running, plan, &done, err);
    cf_exec_result_clear(&done);
    if (status == CF_OK && !f->shaped)
        status = cf_fail(err, CF_E_VALUE, CF_NOWHERE, "there are no rows to learn from");
    for (size_t k = 0; k < f->set_count && status == CF_OK; k++)
        status = cf_dataset_seal(f->sets[k], err);
    return status;
}

static cf_status number_of_classes(cf_session *s, const cf_train_data *data, int64_t given,
                                   uint32_t *classes, cf_error *err) {
    *classes = (uint32_t)given;
    if (data->largest == NULL) return CF_OK;
    cf_exec_result done = {0};
    cf_status status = cf_run_exec(s->running, data->largest, &done, err);
    if (status == CF_OK) {
        const cf_column *c = done.rows->children[0];
        const int64_t largest = cf_column_is_null(c, 0) ? 0 : cf_column_int(c, 0);
        if (largest < 0 || largest >= 10000)
            status = cf_fail(err, CF_E_VALUE, CF_NOWHERE,
                             "`y` is a class from 0 to 9999, and the largest here is %lld",
                             (long long)largest);
        *classes = largest < 1 ? 2 : (uint32_t)largest + 1;
    }
    cf_exec_result_clear(&done);
    return status;
}

static uint64_t data_memory(const cf_session *s) {
    return s->options.memory > 0 ? s->options.memory / 2 : cf_memory_bytes() / 4;
}

/* ---- training ---- */

static cf_train_options train_options(cf_session *s, const cf_train_settings *set) {
    cf_train_options o = cf_train_options_default();
    o.epochs = (uint32_t)set->epochs;
    o.batch = (uint32_t)set->batch;
    o.seed = (uint64_t)set->seed;
    o.patience = (uint32_t)set->patience;
    o.threads = s->options.threads;
    o.cancel = &s->cancel;
    o.keep_order = set->keep_order;
    o.lr = set->rates[0];
    if (set->sgd) o.optimiser = CF_NN_SGD;
    o.momentum = set->momentum;
    if (set->rate_count > 1) {
        o.schedule = CF_NN_LR_LIST;
        o.lr_list = set->rates;
        o.lr_count = set->rate_count;
    } else if (set->decay > 0) {
        o.schedule = set->every > 1 ? CF_NN_LR_STEP : CF_NN_LR_EXPONENTIAL;
        o.factor = set->decay;
        o.every = (uint32_t)set->every;
    }
    if (set->class_weight_count > 0) o.class_weight = set->class_weight;
    return o;
}

/* What goes to the front end while a network learns: a line of numbers, and the curves. */
typedef struct {
    cf_run *run;
    cf_nn_epoch *epochs; /* of this training */
    size_t count;
} live;

static cf_table *curve_rows(const live *v) {
    cf_arena *arena = cf_arena_new(4096);
    if (arena == NULL) return NULL;
    static const char *const names[3] = {"epoch", "loss", "val_loss"};
    cf_field fields[3];
    for (size_t k = 0; k < 3; k++)
        fields[k] = (cf_field){.name = names[k],
                               .type = cf_type_of_kind(k == 0 ? CF_INT64 : CF_FLOAT64),
                               .nullable = k == 2,
                               .node = -1};
    cf_builder *b = cf_builder_new(cf_type_tuple(arena, fields, 3));
    bool fine = b != NULL;
    for (size_t i = 0; i < v->count && fine; i++) {
        const cf_nn_epoch *e = &v->epochs[i];
        fine = cf_builder_int(cf_builder_child(b, 0), e->epoch) &&
               cf_builder_float(cf_builder_child(b, 1), e->loss) &&
               (isnan(e->val_loss) ? cf_builder_null(cf_builder_child(b, 2))
                                   : cf_builder_float(cf_builder_child(b, 2), e->val_loss)) &&
               cf_builder_end_tuple(b);
    }
    cf_table *rows = fine ? cf_builder_finish(b) : NULL;
    if (!fine) cf_builder_free(b);
    cf_arena_free(arena);
    return rows;
}

static void show_curve(const live *v) {
    cf_result *result = cf_result_new(CF_RESULT_RELATION);
    if (result == NULL) return;
    result->rows = curve_rows(v);
    result->total = (int64_t)v->count;
    result->draw = CF_DRAW_LINE;
    result->draw_column_count = isnan(v->epochs[v->count - 1].val_loss) ? 2 : 3;
    result->draw_columns[1] = 1;
    result->draw_columns[2] = 2;
    if (result->rows != NULL) v->run->cb->partial(v->run->cb->user, result);
    cf_result_release(result);
}

static void progress_line(const cf_nn_progress *p, char *note, size_t room) {
    const double loss = p->epoch_end ? p->last.loss : p->loss,
                 accuracy = p->epoch_end ? p->last.accuracy : p->accuracy;
    char valid[64] = "";
    if (p->epoch_end && !isnan(p->last.val_loss))
        (void)snprintf(valid, sizeof valid, "  valid %.4f %.4f", p->last.val_loss,
                       p->last.val_accuracy);
    (void)snprintf(note, room,
                   "epoch %u/%u  loss %.4f  accuracy %.4f%s  %.0f events/s  %.1f Gflop/s",
                   p->epoch, p->epochs, loss, accuracy, valid, p->events_per_s, p->gflop_per_s);
}

static void on_epoch(void *user, const cf_nn_progress *p) {
    live *v = user;
    cf_run *r = v->run;
    char note[200];
    progress_line(p, note, sizeof note);
    const cf_progress_report report = {.rows_done =
                                           (int64_t)((p->epoch - 1) * p->rows + p->done),
                                       .rows_total = (int64_t)(p->epochs * p->rows),
                                       .seconds = (double)(cf_clock_ns() - r->start_ns) / 1e9,
                                       .eta_seconds = p->seconds_left,
                                       .step = p->epoch - 1,
                                       .steps = p->epochs,
                                       .note = note};
    if (r->cb->progress != NULL) r->cb->progress(r->cb->user, &report);
    if (!p->epoch_end) return;
    cf_nn_epoch *grown = realloc(v->epochs, (v->count + 1) * sizeof *grown);
    if (grown == NULL) return; /* the curve stands still, the training goes on */
    v->epochs = grown;
    v->epochs[v->count++] = p->last;
    if (r->cb->partial != NULL) show_curve(v);
}

static cf_status new_model(const cf_train_job *job, const filling *f, cf_model **model,
                           cf_error *err) {
    if (job->net == NULL) return cf_model_clone(model_of(job->start), model, err);
    cf_arena *arena = cf_arena_new(4096);
    if (arena == NULL) return no_memory(err);
    const cf_nn_spec *spec = NULL;
    cf_status status = cf_nn_spec_from_json(arena, cf_str_of(job->net), &spec, err);
    if (status == CF_OK)
        status = cf_model_new(spec, f->inputs, f->data->input_count, f->classes,
                              (uint64_t)job->settings.seed, model, err);
    cf_arena_free(arena);
    return status;
}

/* Interrupted, the model keeps what it learned, and the statement ends as interrupted after
 * all. */
static cf_status trained_or_stopped(cf_session *s, cf_status status, const cf_model *m,
                                    cf_error *err) {
    if (status != CF_E_CANCELLED) return status;
    const cf_nn_epoch *epochs = NULL;
    if (cf_model_history(m, &epochs) == 0) return status;
    s->stopped_training = true;
    *err = (cf_error){0};
    return CF_OK;
}

static cf_status train(void *user, const cf_train_data *data, const cf_train_job *job,
                       const cf_trained **model, cf_error *err) {
    cf_session *s = user;
    const uint64_t key[2] = {data_hash(data, job_hash(job, 1)),
                             data_hash(data, job_hash(job, 2))};
    const struct cf_learned *known = find_key(s, key);
    if (known != NULL) {
        *model = &known->trained;
        return CF_OK;
    }
    cf_dataset *sets[2] = {NULL, NULL};
    cf_model *m = NULL;
    filling rows = {.data = data,
                    .memory = data_memory(s),
                    .steps = (uint32_t)job->settings.steps,
                    .sets = &sets[0],
                    .set_count = 1};
    cf_status status = number_of_classes(s, data, job->settings.classes, &rows.classes, err);
    if (status == CF_OK) status = fill(s, data->rows, &rows, err);
    if (status == CF_OK && data->valid != NULL) {
        filling valid = rows;
        valid.sets = &sets[1];
        valid.rows = 0;
        valid.shaped = false;
        status = fill(s, data->valid, &valid, err);
    }
    if (status == CF_OK) status = new_model(job, &rows, &m, err);
    if (status == CF_OK) {
        cf_train_options options = train_options(s, &job->settings);
        live view = {.run = s->running};
        options.progress = on_epoch;
        options.user = &view;
        pthread_mutex_unlock(&s->names); /* others may look at them while it learns */
        status =
            cf_model_train(m, sets[0], data->valid != NULL ? sets[1] : NULL, &options, err);
        pthread_mutex_lock(&s->names);
        free(view.epochs);
        status = trained_or_stopped(s, status, m, err);
    }
    cf_dataset_release(sets[0]);
    cf_dataset_release(sets[1]);
    if (status == CF_OK) {
        const uint64_t none[2] = {0, 0};
        return keep_model(s, s->stopped_training ? none : key, m, data->inputs, model, err);
    }
    cf_model_release(m);
    return status;
}

/* ---- grids ---- */

typedef struct {
    cf_session *s;
    const cf_train_data *data;
    const cf_grid_request *request;
    filling *rows;
    uint64_t data_key;
    cf_grid_score *fold_scores; /* [jobs][folds] */
    bool *done;
} grid_run;

static cf_status grid_task(void *user, uint64_t task, unsigned worker, void **state,
                           cf_error *err) {
    grid_run *g = user;
    (void)worker;
    *state = NULL;
    if (g->done[task]) return CF_OK;
    const size_t folds = (size_t)g->request->folds, fold = (size_t)task % folds;
    const cf_train_job *job = &g->request->jobs[(size_t)task / folds];
    cf_train_options options = train_options(g->s, &job->settings);
    options.threads = 1;
    cf_model *m = NULL;
    cf_grid_score *score = &g->fold_scores[task];
    const int64_t start = cf_clock_ns();
    cf_status status = new_model(job, g->rows, &m, err);
    if (status == CF_OK) status = cf_model_train(m, g->rows->sets[fold], NULL, &options, err);
    if (status == CF_OK)
        status = cf_model_evaluate(m, g->rows->sets[folds + fold], 1, &g->s->cancel,
                                   &score->loss, &score->accuracy, err);
    score->seconds = (double)(cf_clock_ns() - start) / 1e9;
    if (status == CF_OK) g->done[task] = true;
    cf_model_release(m);
    return status;
}

static uint64_t fold_key(const grid_run *g, size_t task) {
    const size_t folds = (size_t)g->request->folds;
    return job_hash(&g->request->jobs[task / folds],
                    cf_hash_u64(task % folds, cf_hash_u64(folds, g->data_key)));
}

/* Folds that an interrupted grid had finished. */
static void grid_recall(grid_run *g, size_t tasks) {
    const struct cf_learn_store *store = g->s->learned;
    for (size_t t = 0; store != NULL && t < tasks; t++)
        for (size_t i = 0; i < store->fold_count && !g->done[t]; i++)
            if (store->folds[i].key == fold_key(g, t)) {
                g->fold_scores[t] = (cf_grid_score){.accuracy = store->folds[i].accuracy,
                                                    .loss = store->folds[i].loss,
                                                    .seconds = store->folds[i].seconds};
                g->done[t] = true;
            }
}

static void grid_remember(grid_run *g, size_t tasks) {
    if (g->s->learned == NULL) g->s->learned = calloc(1, sizeof *g->s->learned);
    struct cf_learn_store *store = g->s->learned;
    if (store == NULL) return;
    void *grown = realloc(store->folds, (store->fold_count + tasks) * sizeof *store->folds);
    if (grown == NULL) return;
    store->folds = grown;
    for (size_t t = 0; t < tasks; t++) {
        if (!g->done[t]) continue;
        store->folds[store->fold_count].key = fold_key(g, t);
        store->folds[store->fold_count].accuracy = g->fold_scores[t].accuracy;
        store->folds[store->fold_count].loss = g->fold_scores[t].loss;
        store->folds[store->fold_count].seconds = g->fold_scores[t].seconds;
        store->fold_count++;
    }
}

static void grid_progress(const grid_run *g, size_t finished, size_t tasks) {
    const cf_run *r = g->s->running;
    if (r == NULL || r->cb->progress == NULL) return;
    char note[80];
    (void)snprintf(note, sizeof note, "%zu of %zu fits", finished, tasks);
    const double seconds = (double)(cf_clock_ns() - r->start_ns) / 1e9;
    const cf_progress_report report = {
        .rows_done = (int64_t)finished,
        .rows_total = (int64_t)tasks,
        .seconds = seconds,
        .eta_seconds =
            finished > 0 ? seconds * (double)(tasks - finished) / (double)finished : -1,
        .steps = 1,
        .note = note};
    r->cb->progress(r->cb->user, &report);
}

/* Each fit is a task of its own on the engine. */
static cf_status run_grid_tasks(grid_run *g, size_t tasks, cf_error *err) {
    cf_engine *engine = g->s->engine;
    cf_job *job = NULL;
    CF_TRY(engine->class->open(engine, grid_task, g, NULL, &job, err));
    cf_status status = CF_OK;
    for (size_t t = 0; t < tasks && status == CF_OK; t++)
        status = engine->class->submit(job, t, err);
    for (size_t finished = 0; finished < tasks && status == CF_OK;) {
        cf_task_result result;
        if (g->s->cancel) status = cf_fail(err, CF_E_CANCELLED, CF_NOWHERE, "interrupted");
        if (status == CF_OK && engine->class->wait(job, 100, &result)) {
            finished++;
            status = result.status;
            if (status != CF_OK) *err = result.err;
        }
        grid_progress(g, finished, tasks);
    }
    if (status != CF_OK) {
        engine->class->cancel(job);
        (void)engine->class->drain(job);
    }
    engine->class->close(job);
    return status;
}

static cf_status grid_fits(grid_run *g, size_t tasks, cf_error *err) {
    pthread_mutex_unlock(&g->s->names); /* others may look at them while it learns */
    const cf_status status = run_grid_tasks(g, tasks, err);
    pthread_mutex_lock(&g->s->names);
    return status;
}

static void grid_means(const grid_run *g, cf_grid_score *scores) {
    const size_t folds = (size_t)g->request->folds;
    for (size_t j = 0; j < g->request->count; j++) {
        const cf_grid_score *of = &g->fold_scores[j * folds];
        cf_grid_score mean = {0};
        for (size_t k = 0; k < folds; k++) {
            mean.accuracy += of[k].accuracy / (double)folds;
            mean.loss += of[k].loss / (double)folds;
            mean.seconds += of[k].seconds;
        }
        for (size_t k = 0; k < folds; k++)
            mean.accuracy_sd += (of[k].accuracy - mean.accuracy) *
                                (of[k].accuracy - mean.accuracy) / (double)(folds - 1);
        mean.accuracy_sd = sqrt(mean.accuracy_sd);
        scores[j] = mean;
    }
}

static cf_status grid(void *user, const cf_train_data *data, const cf_grid_request *request,
                      cf_grid_score *scores, cf_error *err) {
    cf_session *s = user;
    const size_t folds = (size_t)request->folds, tasks = request->count * folds;
    cf_dataset **sets = calloc(2 * folds, sizeof *sets);
    grid_run g = {.s = s,
                  .data = data,
                  .request = request,
                  .data_key = data_hash(data, 3),
                  .fold_scores = calloc(tasks, sizeof *g.fold_scores),
                  .done = calloc(tasks, sizeof *g.done)};
    filling rows = {.data = data,
                    .memory = data_memory(s),
                    .steps = (uint32_t)request->jobs[0].settings.steps,
                    .sets = sets,
                    .set_count = 2 * folds,
                    .folds = folds,
                    .seed = (uint64_t)request->seed};
    g.rows = &rows;
    cf_status status =
        sets == NULL || g.fold_scores == NULL || g.done == NULL
            ? no_memory(err)
            : number_of_classes(s, data, request->jobs[0].settings.classes, &rows.classes, err);
    if (status == CF_OK) status = fill(s, data->rows, &rows, err);
    if (status == CF_OK) {
        grid_recall(&g, tasks);
        status = grid_fits(&g, tasks, err);
        grid_remember(&g, tasks);
    }
    if (status == CF_OK) grid_means(&g, scores);
    for (size_t k = 0; sets != NULL && k < 2 * folds; k++)
        cf_dataset_release(sets[k]);
    free(sets);
    free(g.fold_scores);
    free(g.done);
    return status;
}

/* ---- files ---- */

static bool ends_with(const char *s, const char *end) {
    const size_t a = strlen(s), b = strlen(end);
    return a >= b && strcmp(s + a - b, end) == 0;
}

static cf_status load(void *user, const char *path, const cf_trained **model, cf_error *err) {
    cf_model *m = NULL;
    const uint64_t none[2] = {0, 0};
    CF_TRY(cf_model_load(path, &m, err));
    return keep_model(user, none, m, NULL, model, err);
}

static cf_status weights(void *user, const cf_trained *of, const char *path,
                         const cf_trained **model, cf_error *err) {
    cf_model *m = NULL;
    const uint64_t none[2] = {0, 0};
    CF_TRY(cf_model_clone(model_of(of), &m, err));
    const cf_status status = cf_model_import_keras(m, path, err);
    if (status == CF_OK) return keep_model(user, none, m, of->inputs, model, err);
    cf_model_release(m);
    return status;
}

static cf_status save(void *user, const cf_trained *model, const char *path, cf_error *err) {
    const cf_session *s = user;
    if (s->options.safe)
        return cf_fail(err, CF_E_SAVE, CF_NOWHERE, "no files are written in a safe session");
    if (ends_with(path, ".onnx")) return cf_model_save_onnx(model_of(model), path, err);
    if (ends_with(path, ".cfm")) return cf_model_save(model_of(model), path, err);
    const cf_status status = cf_fail(err, CF_E_SAVE, CF_NOWHERE,
                                     "a model is saved as .cfm or .onnx, not as %s", path);
    return status;
}

void cf_learn_init(cf_session *s) {
    s->learner = (cf_learner){.user = s,
                              .train = train,
                              .grid = grid,
                              .load = load,
                              .weights = weights,
                              .save = save};
    s->env.learner = &s->learner;
}
