#ifndef CF_NN_BATCH_H
#define CF_NN_BATCH_H

/* Events of a dataset (or of a caller's block) laid out as a pass wants them, and the measures
 * of an output: loss, right answers, gradient. */

#include "nn/dataset.h"
#include "nn/pass.h"

typedef struct {
    const float *targets; /* [events][classes] */
    const float *weights; /* [events] */
} cf_answers;

/* Copies events rows[0 .. p->events) into the pass's arena; false: no memory. */
bool cf_pass_gather(cf_pass *p, const cf_dataset *d, const uint32_t *rows, cf_answers *answers);
/* Events [first, first + p->events) of a block; values_at[input] is the first one's. */
bool cf_pass_point(cf_pass *p, const cf_nn_block *block, size_t first,
                   const float *const *values_at);

typedef struct {
    double loss, right, weight; /* sums over events: w loss, w right, w */
} cf_measures;

/* class_weight NULL: 1. */
void cf_pass_measure(const cf_pass *p, const cf_answers *answers, const double *class_weight,
                     cf_measures *sums);
/* Puts the gradient of (sum of w loss) * scale by the last layer's sums into its dy. */
bool cf_pass_loss_gradient(cf_pass *p, const cf_answers *answers, const double *class_weight,
                           double scale);

/* How events are cut, by a rule that does not know of threads: shards have gradients of their
 * own and run side by side; a shard goes through the network in pieces that fit a cache. */
typedef struct {
    size_t shard, piece; /* events, at most */
} cf_cut;
cf_cut cf_graph_cut(const cf_graph *g, const double *mean_steps, size_t batch);

/* Do the data fit the model's inputs?  CF_E_TYPE. */
cf_status cf_graph_matches(const cf_graph *g, const cf_dataset *d, cf_error *err);

#endif
