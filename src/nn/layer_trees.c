#include "nn/pass.h"
#include "nn/trees.h"

#include <math.h>
#include <string.h>

/* The sum of the trees' leaves for each class; training is not by gradients, so there is no way
 * back. */

static bool whole(float x, float least, float most) {
    return x >= least && x <= most && x == floorf(x);
}

static bool valid_node(const float *node, size_t number, size_t count, uint32_t features) {
    if (!isfinite(node[1])) return false;
    if (node[0] == -1.0f) return true;
    return whole(node[0], 0.0f, (float)features - 1.0f) &&
           whole(node[2], (float)number + 1.0f, (float)count - 1.0f) &&
           whole(node[3], (float)number + 1.0f, (float)count - 1.0f);
}

bool cf_trees_valid(const float *block, size_t count, uint32_t features, uint32_t classes) {
    if (count == 0) return true; /* not grown yet */
    if (!whole(block[0], 0.0f, 0x1p24f) || (count - 1) / 2 < (size_t)block[0]) return false;
    const size_t trees = (size_t)block[0];
    const float *nodes = block + 1 + 2 * trees;
    size_t left = count - 1 - 2 * trees;
    for (size_t t = 0; t < trees; t++) {
        const float *head = block + 1 + 2 * t;
        if (!whole(head[0], 0.0f, (float)classes - 1.0f) || !whole(head[1], 1.0f, 0x1p24f))
            return false;
        const size_t n = (size_t)head[1];
        if (n > left / CF_TREE_NODE) return false;
        for (size_t i = 0; i < n; i++)
            if (!valid_node(nodes + i * CF_TREE_NODE, i, n, features)) return false;
        nodes += n * CF_TREE_NODE;
        left -= n * CF_TREE_NODE;
    }
    return left == 0;
}

static float leaf_of(const float *nodes, const float *x) {
    const float *node = nodes;
    while (node[0] >= 0.0f)
        node =
            nodes + CF_TREE_NODE * (size_t)(x[(size_t)node[0]] < node[1] ? node[2] : node[3]);
    return node[1];
}

/* Tree by tree, so that a tree's nodes stay in the cache for all events. */
static bool forward(cf_pass *p, const cf_layer *layer) {
    const cf_value *x = cf_pass_from(p, layer, 0);
    const size_t width = cf_graph_from(p->graph, layer, 0)->width, classes = layer->width;
    cf_value *v = cf_pass_value(p, layer);
    v->y = cf_pass_floats(p, v->rows, classes);
    if (v->y == NULL) return false;
    memset(v->y, 0, v->rows * classes * sizeof *v->y);
    if (p->graph->parameters == 0) return true;
    const size_t trees = (size_t)p->weights[0];
    const float *head = p->weights + 1, *nodes = head + 2 * trees;
    for (size_t t = 0; t < trees; t++, head += 2) {
        float *sum = v->y + (size_t)head[0];
        for (size_t e = 0; e < v->rows; e++)
            sum[e * classes] += leaf_of(nodes, x->y + e * width);
        nodes += CF_TREE_NODE * (size_t)head[1];
    }
    return true;
}

static bool backward(cf_pass *p, const cf_layer *layer) {
    (void)p;
    (void)layer;
    return true;
}

const cf_layer_class cf_layer_trees = {forward, backward};
