#ifndef CF_NN_TREES_H
#define CF_NN_TREES_H

/* Decision trees as a layer.  They are grown by XGBoost, whose library is loaded when it is
 * first needed, and from then on are our own: numbers in the model's block of weights, so that
 * prediction and files need no library.
 *
 *     [number of trees] [class, number of nodes] for each tree, then all nodes:
 *     [feature, threshold, child if value < threshold, other child], children as numbers within
 *     the tree, larger than the node's own; a leaf has feature -1 and its value as threshold */

#include "nn/model.h"

#define CF_TREE_NODE 4u /* floats of a node */

/* Is the block of `count` floats what is said above? */
bool cf_trees_valid(const float *block, size_t count, uint32_t features, uint32_t classes);

/* Grows the trees of a model whose last layer they are. */
cf_status cf_trees_train(cf_model *m, const cf_dataset *train, const cf_dataset *valid,
                         const cf_train_options *options, cf_error *err);

/* From the library's JSON form; *out is the caller's to free. */
cf_status cf_trees_from_json(cf_str json, uint32_t classes, float **out, size_t *out_count,
                             cf_error *err);

static inline bool cf_graph_is_trees(const cf_graph *g) {
    return cf_graph_output(g)->kind == CF_NN_TREES;
}

#endif
