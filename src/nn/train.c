#include "nn/step.h"
#include "nn/trees.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The loop over epochs: order, learning rate, validation, early stopping, progress. */

#define PROGRESS_NS 200000000

cf_train_options cf_train_options_default(void) {
    return (cf_train_options){.epochs = 10,
                              .batch = 128,
                              .optimiser = CF_NN_ADAM,
                              .lr = 0.001,
                              .beta1 = 0.9,
                              .beta2 = 0.999,
                              .epsilon = 1e-7,
                              .factor = 1.0,
                              .every = 1};
}

typedef struct {
    cf_model *m;
    const cf_dataset *train, *valid;
    const cf_train_options *options;
    cf_crew *crew;
    cf_stepper *stepper;
    uint32_t *order; /* [rows] */
    float *best;     /* weights of the best epoch; NULL without patience */
    double best_loss;
    uint32_t since_best;
    uint32_t number; /* epochs of this call */
    cf_error *err;

    int64_t epoch_begin_ns, last_progress_ns, begin_ns;
    uint64_t done; /* events of the epoch */
    cf_measures sums;
    double flop;
} run;

/* --- what can be asked for ------------------------------------------------------------------
 */

static cf_status wrong(cf_error *err, const char *what, double got, const char *must) {
    char text[32];
    cf_format_f64(text, got);
    return cf_fail(err, CF_E_RANGE, CF_NOWHERE, "%s is %s, must be %s", what, text, must);
}

static cf_status check_schedule(const cf_train_options *o, cf_error *err) {
    if (!(o->lr > 0.0) || !isfinite(o->lr)) return wrong(err, "lr", o->lr, "positive");
    switch (o->schedule) {
    case CF_NN_LR_CONSTANT: return CF_OK;
    case CF_NN_LR_STEP:
        if (o->every == 0) return wrong(err, "every", 0.0, "at least 1");
        /* fallthrough */
    case CF_NN_LR_EXPONENTIAL:
        if (!(o->factor > 0.0) || !isfinite(o->factor))
            return wrong(err, "factor", o->factor, "positive");
        return CF_OK;
    case CF_NN_LR_LIST:
        if (o->lr_count == 0)
            return wrong(err, "the number of learning rates", 0.0, "at least 1");
        for (size_t i = 0; i < o->lr_count; i++)
            if (!(o->lr_list[i] >= 0.0) || !isfinite(o->lr_list[i]))
                return wrong(err, "a learning rate", o->lr_list[i], "positive");
        return CF_OK;
    }
    return wrong(err, "the schedule", (double)o->schedule, "one of those there are");
}

static cf_status check_options(const cf_train_options *o, uint32_t classes, cf_error *err) {
    if (o->batch == 0) return wrong(err, "batch", 0.0, "at least 1");
    CF_TRY(check_schedule(o, err));
    if (o->optimiser != CF_NN_ADAM && o->optimiser != CF_NN_SGD)
        return wrong(err, "the optimiser", (double)o->optimiser, "adam or sgd");
    if (!(o->beta1 >= 0.0 && o->beta1 < 1.0)) return wrong(err, "beta1", o->beta1, "0 to 1");
    if (!(o->beta2 >= 0.0 && o->beta2 < 1.0)) return wrong(err, "beta2", o->beta2, "0 to 1");
    if (o->optimiser == CF_NN_ADAM && !(o->epsilon > 0.0))
        return wrong(err, "epsilon", o->epsilon, "positive");
    if (!(o->momentum >= 0.0 && o->momentum < 1.0))
        return wrong(err, "momentum", o->momentum, "0 to 1");
    for (uint32_t k = 0; o->class_weight != NULL && k < classes; k++)
        if (!(o->class_weight[k] >= 0.0) || !isfinite(o->class_weight[k]))
            return wrong(err, "a class weight", o->class_weight[k], "not negative");
    return CF_OK;
}

static cf_status check_set(const cf_model *m, const cf_dataset *d, const char *what,
                           cf_error *err) {
    CF_TRY(cf_graph_matches(&m->graph, d, err));
    if (cf_dataset_rows(d) == 0)
        return cf_fail(err, CF_E_VALUE, CF_NOWHERE, "the %s set has no rows", what);
    return CF_OK;
}

/* --- order and rate -------------------------------------------------------------------------
 */

/* Every order is as likely as any other: position i takes one of the rows not yet taken. */
static void shuffle(uint32_t *order, uint64_t n, uint64_t seed) {
    for (uint64_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (uint64_t i = n; i > 1; i--) {
        __extension__ const unsigned __int128 wide =
            (unsigned __int128)cf_hash_u64(i, seed) * i;
        const uint64_t j = (uint64_t)(wide >> 64);
        const uint32_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void make_order(run *r) {
    const uint64_t n = cf_dataset_rows(r->train);
    if (r->options->keep_order) {
        for (uint64_t i = 0; i < n; i++)
            r->order[i] = (uint32_t)i;
        return;
    }
    shuffle(r->order, n, cf_hash_u64(r->m->epochs, cf_hash_u64(r->options->seed, 0x65706F63)));
}

static double rate(const cf_train_options *o, uint32_t epochs_before) {
    switch (o->schedule) {
    case CF_NN_LR_CONSTANT: break;
    case CF_NN_LR_STEP: {
        const uint32_t times = epochs_before / o->every;
        return o->lr * pow(o->factor, (double)times);
    }
    case CF_NN_LR_EXPONENTIAL: return o->lr * pow(o->factor, (double)epochs_before);
    case CF_NN_LR_LIST:
        return o->lr_list[epochs_before < o->lr_count ? epochs_before : o->lr_count - 1];
    }
    return o->lr;
}

/* --- progress -------------------------------------------------------------------------------
 */

static double mean_of(double sum, double count) {
    return count > 0.0 ? sum / count : 0.0;
}

static void report(run *r, const cf_nn_epoch *ended) {
    const cf_train_options *o = r->options;
    const int64_t now = cf_clock_ns();
    if (o->progress == NULL) return;
    if (ended == NULL && now - r->last_progress_ns < PROGRESS_NS) return;
    const uint64_t rows = cf_dataset_rows(r->train);
    const double seconds = (double)(now - r->epoch_begin_ns) * 1e-9;
    const uint64_t all = rows * o->epochs, done = rows * r->number + r->done;
    const double spent = (double)(now - r->begin_ns) * 1e-9;
    cf_nn_progress p = {.epoch = r->number + 1,
                        .epochs = o->epochs,
                        .done = r->done,
                        .rows = rows,
                        .epoch_end = ended != NULL,
                        .loss = mean_of(r->sums.loss, (double)r->done),
                        .accuracy = mean_of(r->sums.right, r->sums.weight),
                        .events_per_s = mean_of((double)r->done, seconds),
                        .gflop_per_s = mean_of(r->flop * 1e-9, seconds),
                        .seconds_left =
                            done == 0 ? 0.0 : spent / (double)done * (double)(all - done)};
    if (ended != NULL) p.last = *ended;
    r->last_progress_ns = now;
    o->progress(o->user, &p);
}

/* --- one epoch ------------------------------------------------------------------------------
 */

static cf_status run_steps(run *r, double lr) {
    const uint64_t rows = cf_dataset_rows(r->train);
    while (r->done < rows) {
        const uint64_t left = rows - r->done;
        const size_t count = left < r->options->batch ? (size_t)left : r->options->batch;
        CF_TRY(cf_stepper_step(r->stepper, r->order + r->done, count, lr, &r->sums, &r->flop,
                               r->err));
        r->done += count;
        report(r, NULL);
    }
    return CF_OK;
}

static cf_status validate(run *r, cf_nn_epoch *epoch) {
    cf_measures sums = {0};
    epoch->val_loss = epoch->val_accuracy = (double)NAN;
    if (r->valid == NULL) return CF_OK;
    CF_TRY(cf_measure_set(r->m, r->valid, r->crew, r->options->cancel, &sums, r->err));
    epoch->val_loss = mean_of(sums.loss, sums.weight);
    epoch->val_accuracy = mean_of(sums.right, sums.weight);
    return CF_OK;
}

/* false: enough epochs without a better one */
static bool keep_best(run *r, const cf_nn_epoch *epoch) {
    const double loss = r->valid == NULL ? epoch->loss : epoch->val_loss;
    if (r->best == NULL) return true;
    if (loss < r->best_loss) {
        r->best_loss = loss;
        r->since_best = 0;
        memcpy(r->best, r->m->weights, r->m->graph.parameters * sizeof *r->best);
        return true;
    }
    return ++r->since_best < r->options->patience;
}

static cf_status run_epoch(run *r, bool *goes_on) {
    const double lr = rate(r->options, r->m->epochs);
    r->epoch_begin_ns = cf_clock_ns();
    r->done = 0;
    r->sums = (cf_measures){0};
    r->flop = 0.0;
    make_order(r);
    CF_TRY(run_steps(r, lr));
    cf_nn_epoch epoch = {.epoch = r->m->epochs + 1,
                         .loss = mean_of(r->sums.loss, (double)r->done),
                         .accuracy = mean_of(r->sums.right, r->sums.weight),
                         .lr = lr};
    CF_TRY(validate(r, &epoch));
    epoch.seconds = (double)(cf_clock_ns() - r->epoch_begin_ns) * 1e-9;
    CF_TRY(cf_model_add_epoch(r->m, &epoch, r->err));
    *goes_on = keep_best(r, &epoch);
    report(r, &epoch);
    return CF_OK;
}

/* --- the call -------------------------------------------------------------------------------
 */

static cf_status prepare(run *r) {
    const size_t parameters = r->m->graph.parameters;
    CF_TRY(cf_model_need_optimiser(r->m, r->options->optimiser, r->err));
    r->crew = cf_crew_new(r->options->threads);
    r->order = calloc((size_t)cf_dataset_rows(r->train), sizeof *r->order);
    if (r->options->patience > 0) r->best = calloc(parameters, sizeof *r->best);
    if (r->crew == NULL || r->order == NULL || (r->options->patience > 0 && r->best == NULL))
        return cf_fail(r->err, CF_E_MEMORY, CF_NOWHERE, "no memory to train on %llu events",
                       (unsigned long long)cf_dataset_rows(r->train));
    r->best_loss = (double)INFINITY;
    return cf_stepper_new(r->m, r->options, r->train, r->crew, &r->stepper, r->err);
}

static cf_status run_epochs(run *r) {
    bool goes_on = true;
    r->begin_ns = cf_clock_ns();
    r->last_progress_ns = r->begin_ns;
    for (r->number = 0; goes_on && r->number < r->options->epochs; r->number++)
        CF_TRY(run_epoch(r, &goes_on));
    if (r->best != NULL && r->since_best > 0)
        memcpy(r->m->weights, r->best, r->m->graph.parameters * sizeof *r->best);
    return CF_OK;
}

cf_status cf_model_train(cf_model *m, const cf_dataset *train, const cf_dataset *valid,
                         const cf_train_options *options, cf_error *err) {
    CF_TRY(check_options(options, m->graph.classes, err));
    CF_TRY(check_set(m, train, "training", err));
    if (valid != NULL) CF_TRY(check_set(m, valid, "validation", err));
    if (cf_graph_is_trees(&m->graph)) return cf_trees_train(m, train, valid, options, err);
    run r = {.m = m, .train = train, .valid = valid, .options = options, .err = err};
    cf_status status = prepare(&r);
    if (status == CF_OK) status = run_epochs(&r);
    cf_stepper_free(r.stepper);
    cf_crew_free(r.crew);
    free(r.order);
    free(r.best);
    return status;
}

cf_status cf_model_evaluate(const cf_model *m, const cf_dataset *data, unsigned threads,
                            const _Atomic bool *cancel, double *loss, double *accuracy,
                            cf_error *err) {
    cf_measures sums = {0};
    CF_TRY(check_set(m, data, "evaluation", err));
    cf_crew *crew = cf_crew_new(threads);
    if (crew == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to evaluate a model");
    const cf_status status = cf_measure_set(m, data, crew, cancel, &sums, err);
    cf_crew_free(crew);
    *loss = mean_of(sums.loss, sums.weight);
    *accuracy = mean_of(sums.right, sums.weight);
    return status;
}
