#include "nn/batch.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* --- from records to arrays -----------------------------------------------------------------
 */

typedef struct {
    float *values;
    uint32_t *starts;
} input_place;

/* Sizes first: the rows of all lists. */
static bool place_inputs(cf_pass *p, const cf_record *records, input_place *places) {
    const cf_graph *g = p->graph;
    for (size_t i = 0, list = 0; i < g->input_count; i++) {
        const cf_nn_input *in = &g->inputs[i];
        uint64_t rows = p->events;
        places[i].starts = NULL;
        if (in->ragged) {
            uint32_t *starts = cf_pass_bytes(p, p->events + 1, sizeof *starts);
            if (starts == NULL) return false;
            rows = 0;
            for (size_t e = 0; e < p->events; e++) {
                starts[e] = (uint32_t)rows;
                rows += cf_record_length(&records[e], list);
                if (rows >= UINT32_MAX) return false;
            }
            starts[p->events] = (uint32_t)rows;
            places[i].starts = starts;
            list++;
        }
        places[i].values = cf_pass_floats(p, (size_t)rows, in->width);
        if (places[i].values == NULL) return false;
    }
    return true;
}

static void copy_event(const cf_graph *g, const cf_record *r, size_t event,
                       const input_place *places) {
    const float *from = r->values;
    for (size_t i = 0; i < g->input_count; i++) {
        const size_t width = g->inputs[i].width;
        const uint32_t *starts = places[i].starts;
        const size_t row = starts == NULL ? event : starts[event];
        const size_t count = (starts == NULL ? 1 : starts[event + 1] - starts[event]) * width;
        CF_ASSERT(places[i].values != NULL);
        if (count > 0) memcpy(places[i].values + row * width, from, count * sizeof *from);
        from += count;
    }
}

#define AHEAD 16u /* records asked for before they are needed */

static cf_record *find_records(cf_pass *p, const cf_dataset *d, const uint32_t *rows) {
    cf_record *records = cf_pass_bytes(p, p->events, sizeof *records);
    for (size_t e = 0; records != NULL && e < p->events; e++) {
        if (e + AHEAD < p->events) cf_dataset_prefetch(d, rows[e + AHEAD]);
        records[e] = cf_dataset_record(d, rows[e]);
    }
    return records;
}

bool cf_pass_gather(cf_pass *p, const cf_dataset *d, const uint32_t *rows,
                    cf_answers *answers) {
    const cf_graph *g = p->graph;
    const size_t classes = g->classes;
    const cf_record *records = find_records(p, d, rows);
    input_place places[CF_NN_INPUTS_MAX] = {0};
    if (records == NULL || !place_inputs(p, records, places)) return false;
    cf_pass_input *inputs = cf_pass_bytes(p, g->input_count, sizeof *inputs);
    float *targets = cf_pass_floats(p, p->events, classes);
    float *weights = cf_pass_floats(p, p->events, 1);
    if (p->failed) return false;
    for (size_t e = 0; e < p->events; e++) {
        copy_event(g, &records[e], e, places);
        memcpy(targets + e * classes, records[e].targets, classes * sizeof *targets);
        weights[e] = records[e].weight;
    }
    for (size_t i = 0; i < g->input_count; i++)
        inputs[i] = (cf_pass_input){.starts = places[i].starts, .values = places[i].values};
    p->inputs = inputs;
    *answers = (cf_answers){targets, weights};
    return true;
}

bool cf_pass_point(cf_pass *p, const cf_nn_block *block, size_t first,
                   const float *const *values_at) {
    const cf_graph *g = p->graph;
    cf_pass_input *inputs = cf_pass_bytes(p, g->input_count, sizeof *inputs);
    if (inputs == NULL) return false;
    for (size_t i = 0; i < g->input_count; i++) {
        inputs[i] = (cf_pass_input){.values = values_at[i]};
        if (!g->inputs[i].ragged) continue;
        uint32_t *starts = cf_pass_bytes(p, p->events + 1, sizeof *starts);
        if (starts == NULL) return false;
        uint64_t rows = 0;
        for (size_t e = 0; e < p->events; e++) {
            starts[e] = (uint32_t)rows;
            rows += block->inputs[i].lengths[first + e];
            if (rows >= UINT32_MAX) return false;
        }
        starts[p->events] = (uint32_t)rows;
        inputs[i].starts = starts;
    }
    p->inputs = inputs;
    return true;
}

/* --- loss -----------------------------------------------------------------------------------
 */

static double event_weight(const cf_answers *a, const double *class_weight, size_t event,
                           size_t classes) {
    const double weight = (double)a->weights[event];
    if (class_weight == NULL) return weight;
    double factor = 0.0;
    for (size_t k = 0; k < classes; k++)
        factor += class_weight[k] * (double)a->targets[event * classes + k];
    return weight * factor;
}

/* -log(y) with y kept off 0; NaN stays NaN */
static double minus_log(float y) {
    return -log((double)(y < FLT_MIN ? FLT_MIN : y));
}

static double event_loss(bool softmax, const float *y, const float *t, size_t classes) {
    double loss = 0.0;
    for (size_t k = 0; k < classes; k++) {
        if (t[k] != 0.0f || isnan(y[k])) loss += (double)t[k] * minus_log(y[k]);
        if (!softmax && t[k] != 1.0f) loss += (1.0 - (double)t[k]) * minus_log(1.0f - y[k]);
    }
    return loss;
}

static size_t largest(const float *x, size_t n) {
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

static bool is_right(const float *y, const float *t, size_t classes) {
    if (classes == 1) return (y[0] >= 0.5f) == (t[0] >= 0.5f);
    return largest(y, classes) == largest(t, classes);
}

void cf_pass_measure(const cf_pass *p, const cf_answers *answers, const double *class_weight,
                     cf_measures *sums) {
    const size_t classes = p->graph->classes;
    const float *y = cf_pass_output(p);
    for (size_t e = 0; e < p->events; e++) {
        const double weight = event_weight(answers, class_weight, e, classes);
        const float *ye = y + e * classes, *te = answers->targets + e * classes;
        sums->loss += weight * event_loss(p->graph->softmax, ye, te, classes);
        sums->right += is_right(ye, te, classes) ? weight : 0.0;
        sums->weight += weight;
    }
}

/* Softmax with cross-entropy: y sum(t) - t; sigmoid with binary cross-entropy: y - t. */
bool cf_pass_loss_gradient(cf_pass *p, const cf_answers *answers, const double *class_weight,
                           double scale) {
    const size_t classes = p->graph->classes;
    bool fresh = false;
    float *dy = cf_pass_gradient(p, p->graph->layer_count - 1, &fresh);
    if (dy == NULL) return false;
    const float *y = cf_pass_output(p);
    for (size_t e = 0; e < p->events; e++) {
        const float weight = (float)(event_weight(answers, class_weight, e, classes) * scale);
        const float *ye = y + e * classes, *te = answers->targets + e * classes;
        float total = p->graph->softmax ? 0.0f : 1.0f;
        for (size_t k = 0; p->graph->softmax && k < classes; k++)
            total += te[k];
        for (size_t k = 0; k < classes; k++)
            dy[e * classes + k] = (ye[k] * total - te[k]) * weight;
    }
    return true;
}

/* --- cutting --------------------------------------------------------------------------------
 */

#define SHARD_FLOP  1.5e6 /* forward and backward: less is not worth another thread */
#define SHARD_LEAST 8u
#define SHARDS_MOST 16u
#define PIECE_BYTES 3e5
#define LARGE_BLOCK 65536u /* parameters */

/* Values and gradients that one event leaves behind, roughly. */
static double event_bytes(const cf_graph *g, const double *mean_steps) {
    double floats = 0.0;
    for (uint32_t i = 0; i < g->layer_count; i++) {
        const cf_layer *l = &g->layers[i];
        floats += 2.0 * (double)l->width * (l->list ? mean_steps[l->input] : 1.0);
        if (l->kind == CF_NN_GRU || l->kind == CF_NN_LSTM)
            floats += 6.0 * (double)l->width * mean_steps[cf_graph_from(g, l, 0)->input];
    }
    return floats * sizeof(float);
}

static size_t up_to_eight(double x) {
    return x < SHARD_LEAST ? SHARD_LEAST : ((size_t)x + 7) / 8 * 8;
}

/* A large block of parameters is written for every shard and read for every piece: that must be
 * little beside the products. */
static double least_for_parameters(const cf_graph *g, double flop) {
    return g->parameters < LARGE_BLOCK ? 0.0 : 768.0 * (double)g->parameters / flop;
}

cf_cut cf_graph_cut(const cf_graph *g, const double *mean_steps, size_t batch) {
    const double flop = 3.0 * cf_graph_flop(g, mean_steps);
    const double least_rows = fmax(SHARD_FLOP / flop, least_for_parameters(g, flop));
    const size_t least = up_to_eight(fmin(least_rows, 1e6));
    const size_t most = batch < least ? 1 : batch / least;
    const size_t shards = most < SHARDS_MOST ? most : SHARDS_MOST;
    const double bytes = fmax(PIECE_BYTES, (double)(g->parameters * sizeof(float)));
    const size_t shard = (batch + shards - 1) / shards;
    return (cf_cut){.shard = up_to_eight((double)shard),
                    .piece = up_to_eight(fmin(bytes / event_bytes(g, mean_steps), 256.0))};
}

cf_status cf_graph_matches(const cf_graph *g, const cf_dataset *d, cf_error *err) {
    size_t count = 0;
    const cf_nn_input *inputs = cf_dataset_inputs(d, &count);
    if (count != g->input_count)
        return cf_fail(err, CF_E_TYPE, CF_NOWHERE, "the model has %u inputs, the data %zu",
                       g->input_count, count);
    if (cf_dataset_classes(d) != g->classes)
        return cf_fail(err, CF_E_TYPE, CF_NOWHERE, "the model has %u classes, the data %u",
                       g->classes, cf_dataset_classes(d));
    for (size_t i = 0; i < count; i++) {
        const cf_nn_input *want = &g->inputs[i], *got = &inputs[i];
        if (want->width != got->width || want->ragged != got->ragged ||
            (want->steps_max > 0 && (got->steps_max == 0 || got->steps_max > want->steps_max)))
            return cf_fail(err, CF_E_TYPE, CF_NOWHERE,
                           "input %s of the data is not of the model's form", got->name);
    }
    return CF_OK;
}
