#include "nn/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_FLOATS 16384u /* of all gradients, for one task */

typedef struct {
    cf_arena *arena; /* one a worker */
} worker;

typedef struct {
    cf_measures sums;
    double flop;
    bool failed;
} shard_result;

struct cf_stepper {
    cf_model *m;
    const cf_train_options *options;
    const cf_dataset *train;
    const cf_nn_kernels *kernels;
    cf_crew *crew;
    cf_cut cut;
    uint64_t seed;
    bool lists;
    cf_arena **arenas; /* [crew] */
    float *gradients;  /* [shards][parameters] */
    size_t shard_count;
    shard_result *results; /* [shards] */
    bool *finite;          /* [blocks of parameters] */
    uint64_t *keys;        /* [batch] */
    uint32_t *place;       /* [batch]: place in the batch before sorting */
    uint32_t *sorted;      /* [batch] */
    /* the step at hand */
    const uint32_t *rows;
    size_t count, shards;
    float rates[4];
    uint64_t noise;
};

static bool cancelled(const _Atomic bool *flag) {
    return flag != NULL && atomic_load_explicit(flag, memory_order_relaxed);
}

static size_t fold_tasks(const cf_stepper *s) {
    return (s->m->graph.parameters + FOLD_FLOATS - 1) / FOLD_FLOATS;
}

void cf_stepper_free(cf_stepper *s) {
    if (s == NULL) return;
    for (unsigned i = 0; s->arenas != NULL && i < cf_crew_size(s->crew); i++)
        cf_arena_free(s->arenas[i]);
    free(s->arenas);
    free(s->gradients);
    free(s->results);
    free(s->finite);
    free(s->keys);
    free(s->place);
    free(s->sorted);
    free(s);
}

static bool allocate(cf_stepper *s, size_t batch) {
    s->arenas = calloc(cf_crew_size(s->crew), sizeof *s->arenas);
    s->gradients = calloc(s->shard_count * s->m->graph.parameters, sizeof *s->gradients);
    s->results = calloc(s->shard_count, sizeof *s->results);
    s->finite = calloc(fold_tasks(s), sizeof *s->finite);
    s->keys = calloc(batch, sizeof *s->keys);
    s->place = calloc(batch, sizeof *s->place);
    s->sorted = calloc(batch, sizeof *s->sorted);
    if (s->arenas == NULL || s->gradients == NULL || s->results == NULL || s->finite == NULL ||
        s->keys == NULL || s->place == NULL || s->sorted == NULL)
        return false;
    for (unsigned i = 0; i < cf_crew_size(s->crew); i++)
        if ((s->arenas[i] = cf_arena_new(1 << 20)) == NULL) return false;
    return true;
}

static void find_mean_steps(const cf_dataset *d, size_t inputs, double *mean) {
    for (size_t i = 0; i < inputs; i++)
        mean[i] = cf_dataset_mean_steps(d, i);
}

static bool has_lists(const cf_graph *g) {
    for (uint32_t i = 0; i < g->input_count; i++)
        if (g->inputs[i].ragged) return true;
    return false;
}

cf_status cf_stepper_new(cf_model *m, const cf_train_options *options, const cf_dataset *train,
                         cf_crew *crew, cf_stepper **out, cf_error *err) {
    double mean[CF_NN_INPUTS_MAX];
    const uint64_t rows = cf_dataset_rows(train);
    const size_t batch = options->batch < rows ? options->batch : (size_t)rows;
    cf_stepper *s = calloc(1, sizeof *s);
    *out = s;
    if (s == NULL) return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to train");
    find_mean_steps(train, m->graph.input_count, mean);
    *s = (cf_stepper){.m = m,
                      .options = options,
                      .train = train,
                      .kernels = cf_nn_kernels_best(),
                      .crew = crew,
                      .cut = cf_graph_cut(&m->graph, mean, batch),
                      .seed = cf_hash_u64(options->seed, 0x64726F70),
                      .lists = has_lists(&m->graph)};
    s->shard_count = (batch + s->cut.shard - 1) / s->cut.shard;
    if (allocate(s, batch)) return CF_OK;
    cf_stepper_free(s);
    *out = NULL;
    return cf_fail(err, CF_E_MEMORY, CF_NOWHERE,
                   "no memory for the gradients of %zu parameters in %zu parts",
                   m->graph.parameters, (batch + 7) / 8);
}

/* --- gradients of a shard -------------------------------------------------------------------
 */

/* One piece of events through the network and back. */
static bool run_piece(cf_stepper *s, cf_arena *arena, float *gradient, size_t first,
                      size_t events, shard_result *r) {
    cf_answers answers;
    cf_arena_reset(arena);
    cf_pass p = {.graph = &s->m->graph,
                 .kernels = s->kernels,
                 .arena = arena,
                 .weights = s->m->weights,
                 .gradient = gradient,
                 .events = events,
                 .training = true,
                 .noise = s->noise,
                 .place = s->place + first};
    if (!cf_pass_gather(&p, s->train, s->rows + first, &answers) || !cf_pass_forward(&p))
        return false;
    cf_pass_measure(&p, &answers, s->options->class_weight, &r->sums);
    if (!cf_pass_loss_gradient(&p, &answers, s->options->class_weight,
                               1.0 / (double)s->count) ||
        !cf_pass_backward(&p))
        return false;
    r->flop += p.flop;
    return true;
}

static void run_shard(void *user, size_t task, unsigned number) {
    cf_stepper *s = user;
    const size_t parameters = s->m->graph.parameters;
    const size_t begin = task * s->cut.shard;
    const size_t end = begin + s->cut.shard < s->count ? begin + s->cut.shard : s->count;
    float *gradient = s->gradients + task * parameters;
    shard_result *r = &s->results[task];
    *r = (shard_result){0};
    if (cancelled(s->options->cancel)) return;
    memset(gradient, 0, parameters * sizeof *gradient);
    for (size_t i = begin; i < end && !r->failed && !cancelled(s->options->cancel);
         i += s->cut.piece) {
        const size_t events = end - i < s->cut.piece ? end - i : s->cut.piece;
        r->failed = !run_piece(s, s->arenas[number], gradient, i, events, r);
    }
}

/* --- folding and moving ---------------------------------------------------------------------
 */

static void fold(void *user, size_t task, unsigned number) {
    cf_stepper *s = user;
    const size_t parameters = s->m->graph.parameters, at = task * FOLD_FLOATS;
    const size_t count = parameters - at < FOLD_FLOATS ? parameters - at : FOLD_FLOATS;
    float *sum = s->gradients + at;
    (void)number;
    for (size_t shard = 1; shard < s->shards; shard++)
        s->kernels->add(sum, s->gradients + shard * parameters + at, count);
    float zero = 0.0f;
    for (size_t i = 0; i < count; i++)
        zero += sum[i] * 0.0f;
    s->finite[task] = zero == 0.0f;
}

/* v = momentum v - lr g; w += v.  rates: momentum, -, lr. */
static void sgd(float *restrict w, float *restrict v, const float *restrict g, size_t n,
                float momentum, float lr) {
    for (size_t i = 0; i < n; i++) {
        v[i] = momentum * v[i] - lr * g[i];
        w[i] += v[i];
    }
}

static void move(void *user, size_t task, unsigned number) {
    cf_stepper *s = user;
    cf_model *m = s->m;
    const size_t at = task * FOLD_FLOATS, left = m->graph.parameters - at;
    const size_t count = left < FOLD_FLOATS ? left : FOLD_FLOATS;
    (void)number;
    if (m->optimiser == CF_NN_ADAM)
        s->kernels->adam(m->weights + at, m->m + at, m->v + at, s->gradients + at, count,
                         s->rates);
    else
        sgd(m->weights + at, m->m + at, s->gradients + at, count, s->rates[0], s->rates[2]);
}

static void set_rates(cf_stepper *s, double lr) {
    const cf_train_options *o = s->options;
    if (s->m->optimiser == CF_NN_SGD) {
        s->rates[0] = (float)o->momentum;
        s->rates[2] = (float)lr;
        return;
    }
    const double t = (double)(s->m->steps + 1);
    s->rates[0] = (float)(1.0 - o->beta1);
    s->rates[1] = (float)(1.0 - o->beta2);
    s->rates[2] = (float)(lr * sqrt(1.0 - pow(o->beta2, t)) / (1.0 - pow(o->beta1, t)));
    s->rates[3] = (float)o->epsilon;
}

/* --- the step -------------------------------------------------------------------------------
 */

static int descending(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? 1 : x > y ? -1 : 0;
}

static uint64_t total_length(const cf_dataset *d, const cf_graph *g, uint32_t row) {
    const cf_record r = cf_dataset_record(d, row);
    uint64_t total = 0;
    for (size_t i = 0, list = 0; i < g->input_count; i++)
        if (g->inputs[i].ragged) total += cf_record_length(&r, list++);
    return total < UINT32_MAX ? total : UINT32_MAX;
}

/* Events of like length into one shard: fewer, fuller products. */
static void sort_batch(cf_stepper *s, uint32_t *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        s->place[i] = (uint32_t)i;
    s->rows = rows;
    if (!s->lists) return;
    for (size_t i = 0; i < count; i++)
        s->keys[i] =
            total_length(s->train, &s->m->graph, rows[i]) << 32 | (uint32_t)(UINT32_MAX - i);
    qsort(s->keys, count, sizeof *s->keys, descending);
    for (size_t i = 0; i < count; i++) {
        s->place[i] = UINT32_MAX - (uint32_t)s->keys[i];
        s->sorted[i] = rows[s->place[i]];
    }
    s->rows = s->sorted;
}

/* Sums over the shards, in their order. */
static bool add_results(const cf_stepper *s, cf_measures *sums, double *flop) {
    for (size_t i = 0; i < s->shards; i++) {
        const shard_result *r = &s->results[i];
        if (r->failed) return false;
        sums->loss += r->sums.loss;
        sums->right += r->sums.right;
        sums->weight += r->sums.weight;
        *flop += r->flop;
    }
    return true;
}

static bool gradient_finite(const cf_stepper *s) {
    for (size_t i = 0; i < fold_tasks(s); i++)
        if (!s->finite[i]) return false;
    return true;
}

cf_status cf_stepper_step(cf_stepper *s, uint32_t *rows, size_t count, double lr,
                          cf_measures *sums, double *flop, cf_error *err) {
    cf_measures step = {0};
    s->count = count;
    s->shards = (count + s->cut.shard - 1) / s->cut.shard;
    s->noise = cf_hash_u64(s->m->steps, s->seed);
    sort_batch(s, rows, count);
    cf_crew_run(s->crew, run_shard, s, s->shards);
    if (cancelled(s->options->cancel))
        return cf_fail(err, CF_E_CANCELLED, CF_NOWHERE, "training was interrupted");
    if (!add_results(s, &step, flop))
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory for a step of training");
    cf_crew_run(s->crew, fold, s, fold_tasks(s));
    if (!isfinite(step.loss) || !gradient_finite(s)) {
        cf_fail(err, CF_E_VALUE, CF_NOWHERE, "the loss is not finite any more after %llu steps",
                (unsigned long long)s->m->steps);
        cf_error_hint(err, "use a smaller learning rate, or scale the inputs");
        return CF_E_VALUE;
    }
    set_rates(s, lr);
    cf_crew_run(s->crew, move, s, fold_tasks(s));
    s->m->steps++;
    sums->loss += step.loss;
    sums->right += step.right;
    sums->weight += step.weight;
    return CF_OK;
}

/* --- measuring a set ------------------------------------------------------------------------
 */

#define ROUND_TASKS 64u

typedef struct {
    const cf_model *m;
    const cf_dataset *data;
    const cf_nn_kernels *kernels;
    cf_arena **arenas;
    size_t piece;
    uint64_t first;
    shard_result results[ROUND_TASKS];
    const _Atomic bool *cancel;
} measuring;

static void measure_piece(void *user, size_t task, unsigned number) {
    measuring *w = user;
    shard_result *r = &w->results[task];
    const uint64_t begin = w->first + task * w->piece, left = cf_dataset_rows(w->data) - begin;
    const size_t events = left < w->piece ? (size_t)left : w->piece;
    uint32_t rows[256];
    cf_answers answers;
    *r = (shard_result){0};
    if (cancelled(w->cancel)) return;
    for (size_t i = 0; i < events; i++)
        rows[i] = (uint32_t)(begin + i);
    cf_arena_reset(w->arenas[number]);
    cf_pass p = {.graph = &w->m->graph,
                 .kernels = w->kernels,
                 .arena = w->arenas[number],
                 .weights = w->m->weights,
                 .events = events};
    r->failed = !cf_pass_gather(&p, w->data, rows, &answers) || !cf_pass_forward(&p);
    if (!r->failed) cf_pass_measure(&p, &answers, NULL, &r->sums);
}

static cf_status measure_round(measuring *w, cf_crew *crew, cf_measures *sums, cf_error *err) {
    const uint64_t left = cf_dataset_rows(w->data) - w->first;
    const uint64_t tasks = (left + w->piece - 1) / w->piece;
    const size_t count = tasks < ROUND_TASKS ? (size_t)tasks : ROUND_TASKS;
    cf_crew_run(crew, measure_piece, w, count);
    if (cancelled(w->cancel))
        return cf_fail(err, CF_E_CANCELLED, CF_NOWHERE, "training was interrupted");
    for (size_t i = 0; i < count; i++) {
        if (w->results[i].failed)
            return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to evaluate a model");
        sums->loss += w->results[i].sums.loss;
        sums->right += w->results[i].sums.right;
        sums->weight += w->results[i].sums.weight;
    }
    w->first += (uint64_t)count * w->piece;
    return CF_OK;
}

cf_status cf_measure_set(const cf_model *m, const cf_dataset *d, cf_crew *crew,
                         const _Atomic bool *cancel, cf_measures *sums, cf_error *err) {
    double mean[CF_NN_INPUTS_MAX];
    cf_status status = CF_OK;
    measuring w = {.m = m, .data = d, .kernels = cf_nn_kernels_best(), .cancel = cancel};
    w.arenas = calloc(cf_crew_size(crew), sizeof *w.arenas);
    if (w.arenas == NULL)
        return cf_fail(err, CF_E_MEMORY, CF_NOWHERE, "no memory to evaluate a model");
    for (unsigned i = 0; i < cf_crew_size(crew); i++)
        w.arenas[i] = cf_arena_new(1 << 20);
    find_mean_steps(d, m->graph.input_count, mean);
    w.piece = cf_graph_cut(&m->graph, mean, 1024).piece;
    while (status == CF_OK && w.first < cf_dataset_rows(d))
        status = measure_round(&w, crew, sums, err);
    for (unsigned i = 0; i < cf_crew_size(crew); i++)
        cf_arena_free(w.arenas[i]);
    free(w.arenas);
    return status;
}
