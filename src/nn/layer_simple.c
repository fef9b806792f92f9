#include "nn/pass.h"

#include <math.h>
#include <string.h>

/* Layers that only move, add, drop or norm values. */

/* --- dropout: y = x keep / (1 - rate), keep 0 or 1 by a hash of step, layer, event and place -
 */

static void draw_row(float *keep, size_t n, double rate, uint64_t seed, uint64_t first) {
    const uint32_t limit = (uint32_t)(rate * 4294967296.0);
    const float scale = (float)(1.0 / (1.0 - rate));
    for (size_t i = 0; i < n; i += 2) {
        const uint64_t bits = cf_hash_u64(first + i / 2, seed);
        keep[i] = (uint32_t)bits >= limit ? scale : 0.0f;
        if (i + 1 < n) keep[i + 1] = (uint32_t)(bits >> 32) >= limit ? scale : 0.0f;
    }
}

/* Per event, so that it does not matter how a batch was cut. */
static void draw(const cf_pass *p, const cf_layer *layer, float *keep) {
    const uint32_t *starts = layer->list ? p->inputs[layer->input].starts : NULL;
    const uint64_t number = (uint64_t)(layer - p->graph->layers);
    for (size_t event = 0; event < p->events; event++) {
        const size_t first = starts == NULL ? event : starts[event];
        const size_t end = starts == NULL ? event + 1 : starts[event + 1];
        const uint64_t seed = cf_hash_u64((uint64_t)p->place[event] << 10 | number, p->noise);
        draw_row(keep + first * layer->width, (end - first) * layer->width, layer->spec->rate,
                 seed, 0);
    }
}

static void multiply(float *restrict out, const float *restrict a, const float *restrict b,
                     size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

static bool dropout_forward(cf_pass *p, const cf_layer *layer) {
    const cf_value *x = cf_pass_from(p, layer, 0);
    cf_value *v = cf_pass_value(p, layer);
    v->y = x->y;
    if (!p->training || layer->spec->rate <= 0.0) return true;
    float *keep = cf_pass_floats(p, v->rows, layer->width);
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (keep == NULL || v->y == NULL) return false;
    draw(p, layer, keep);
    multiply(v->y, x->y, keep, v->rows * layer->width);
    v->kept = keep;
    return true;
}

static bool dropout_backward(cf_pass *p, const cf_layer *layer) {
    const cf_value *v = cf_pass_value(p, layer);
    if (v->kept == NULL) return cf_pass_add_gradient(p, layer->from[0], v->dy);
    float *dx = cf_pass_floats(p, v->rows, layer->width);
    if (dx == NULL) return false;
    multiply(dx, v->dy, v->kept, v->rows * layer->width);
    return cf_pass_add_gradient(p, layer->from[0], dx);
}

const cf_layer_class cf_layer_dropout = {dropout_forward, dropout_backward};

/* --- concat, add ----------------------------------------------------------------------------
 */

static void copy_columns(float *to, size_t ld_to, const float *from, size_t ld_from,
                         size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++)
        memcpy(to + i * ld_to, from + i * ld_from, columns * sizeof *to);
}

static bool concat_forward(cf_pass *p, const cf_layer *layer) {
    cf_value *v = cf_pass_value(p, layer);
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (v->y == NULL) return false;
    float *to = v->y;
    for (uint32_t i = 0; i < layer->from_count; i++) {
        const uint32_t width = cf_graph_from(p->graph, layer, i)->width;
        copy_columns(to, layer->width, cf_pass_from(p, layer, i)->y, width, v->rows, width);
        to += width;
    }
    return true;
}

static bool concat_backward(cf_pass *p, const cf_layer *layer) {
    const cf_value *v = cf_pass_value(p, layer);
    const float *from = v->dy;
    for (uint32_t i = 0; i < layer->from_count; i++) {
        const cf_layer *to = cf_graph_from(p->graph, layer, i);
        if (to->learns) {
            float *part = cf_pass_floats(p, v->rows, to->width);
            if (part == NULL) return false;
            copy_columns(part, to->width, from, layer->width, v->rows, to->width);
            if (!cf_pass_add_gradient(p, layer->from[i], part)) return false;
        }
        from += to->width;
    }
    return true;
}

const cf_layer_class cf_layer_concat = {concat_forward, concat_backward};

static bool add_forward(cf_pass *p, const cf_layer *layer) {
    cf_value *v = cf_pass_value(p, layer);
    const size_t count = v->rows * layer->width;
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (v->y == NULL) return false;
    memcpy(v->y, cf_pass_from(p, layer, 0)->y, count * sizeof *v->y);
    for (uint32_t i = 1; i < layer->from_count; i++)
        p->kernels->add(v->y, cf_pass_from(p, layer, i)->y, count);
    return true;
}

static bool add_backward(cf_pass *p, const cf_layer *layer) {
    for (uint32_t i = 0; i < layer->from_count; i++)
        if (!cf_pass_add_gradient(p, layer->from[i], cf_pass_value(p, layer)->dy)) return false;
    return true;
}

const cf_layer_class cf_layer_add = {add_forward, add_backward};

/* --- layer norm -----------------------------------------------------------------------------
 */

typedef struct {
    float *unit;  /* [rows][width]: (x - mean) / sd */
    float *scale; /* [rows]: 1 / sd */
} norm_kept;

static float norm_row(float *restrict unit, const float *restrict x, size_t n, double epsilon) {
    double mean = 0.0, square = 0.0;
    for (size_t i = 0; i < n; i++)
        mean += (double)x[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - mean;
        square += d * d;
    }
    const double scale = 1.0 / sqrt(square / (double)n + epsilon);
    for (size_t i = 0; i < n; i++)
        unit[i] = (float)(((double)x[i] - mean) * scale);
    return (float)scale;
}

static bool norm_forward(cf_pass *p, const cf_layer *layer) {
    const float *x = cf_pass_from(p, layer, 0)->y;
    const float *gamma = cf_pass_weight(p, layer, 0), *beta = cf_pass_weight(p, layer, 1);
    cf_value *v = cf_pass_value(p, layer);
    const size_t n = layer->width;
    norm_kept *kept = cf_pass_bytes(p, 1, sizeof *kept);
    if (kept == NULL) return false;
    kept->unit = cf_pass_floats(p, v->rows, n);
    kept->scale = cf_pass_floats(p, v->rows, 1);
    v->y = cf_pass_floats(p, v->rows, n);
    if (p->failed) return false;
    for (size_t row = 0; row < v->rows; row++) {
        float *unit = kept->unit + row * n, *y = v->y + row * n;
        kept->scale[row] = norm_row(unit, x + row * n, n, layer->spec->epsilon);
        for (size_t i = 0; i < n; i++)
            y[i] = unit[i] * gamma[i] + beta[i];
    }
    v->kept = kept;
    return true;
}

/* With u = (x - mean) / sd and d = dy gamma:  dx = (d - mean(d) - u mean(d u)) / sd */
static void norm_row_back(float *restrict dx, const float *restrict dy, const float *restrict u,
                          const float *restrict gamma, size_t n, float scale) {
    double sum = 0.0, along = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)dy[i] * (double)gamma[i];
        sum += d;
        along += d * (double)u[i];
    }
    const float mean = (float)(sum / (double)n), part = (float)(along / (double)n);
    for (size_t i = 0; i < n; i++)
        dx[i] = (dy[i] * gamma[i] - mean - u[i] * part) * scale;
}

static bool norm_backward(cf_pass *p, const cf_layer *layer) {
    const cf_value *v = cf_pass_value(p, layer);
    const norm_kept *kept = v->kept;
    const size_t n = layer->width, count = v->rows * n;
    float *dx = cf_pass_floats(p, v->rows, n);
    if (dx == NULL) return false;
    p->kernels->column_sums(cf_pass_weight_gradient(p, layer, 1), v->dy, n, v->rows, n);
    multiply(dx, v->dy, kept->unit, count);
    p->kernels->column_sums(cf_pass_weight_gradient(p, layer, 0), dx, n, v->rows, n);
    for (size_t row = 0; row < v->rows; row++)
        norm_row_back(dx + row * n, v->dy + row * n, kept->unit + row * n,
                      cf_pass_weight(p, layer, 0), n, kept->scale[row]);
    return cf_pass_add_gradient(p, layer->from[0], dx);
}

const cf_layer_class cf_layer_norm = {norm_forward, norm_backward};

/* --- flatten, pool: rows of a list to one row -----------------------------------------------
 */

static const uint32_t *list_starts(const cf_pass *p, const cf_layer *layer) {
    const cf_layer *from = cf_graph_from(p->graph, layer, 0);
    return from->list ? p->inputs[from->input].starts : NULL;
}

static bool flatten_forward(cf_pass *p, const cf_layer *layer) {
    const uint32_t *starts = list_starts(p, layer);
    const cf_value *x = cf_pass_from(p, layer, 0);
    const size_t width = cf_graph_from(p->graph, layer, 0)->width;
    cf_value *v = cf_pass_value(p, layer);
    v->y = x->y;
    if (starts == NULL) return true;
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (v->y == NULL) return false;
    for (size_t event = 0; event < v->rows; event++) {
        float *to = v->y + event * layer->width;
        const size_t count = (starts[event + 1] - starts[event]) * width;
        CF_ASSERT(count <= layer->width);
        memcpy(to, x->y + starts[event] * width, count * sizeof *to);
        memset(to + count, 0, (layer->width - count) * sizeof *to);
    }
    return true;
}

static bool flatten_backward(cf_pass *p, const cf_layer *layer) {
    const uint32_t *starts = list_starts(p, layer);
    const cf_value *v = cf_pass_value(p, layer);
    const size_t width = cf_graph_from(p->graph, layer, 0)->width;
    if (starts == NULL) return cf_pass_add_gradient(p, layer->from[0], v->dy);
    float *dx = cf_pass_floats(p, starts[p->events], width);
    if (dx == NULL) return false;
    for (size_t event = 0; event < v->rows; event++)
        memcpy(dx + starts[event] * width, v->dy + event * layer->width,
               (starts[event + 1] - starts[event]) * width * sizeof *dx);
    return cf_pass_add_gradient(p, layer->from[0], dx);
}

const cf_layer_class cf_layer_flatten = {flatten_forward, flatten_backward};

/* One event's rows, n > 0 of them; at[column]: the row that has the largest value. */
static void pool_rows(cf_nn_pool pool, float *y, uint32_t *at, const float *x, size_t n,
                      size_t width) {
    memcpy(y, x, width * sizeof *y);
    memset(at, 0, width * sizeof *at);
    for (size_t row = 1; row < n; row++)
        for (size_t i = 0; i < width; i++) {
            const float value = x[row * width + i];
            if (pool != CF_NN_POOL_MAX)
                y[i] += value;
            else if (value > y[i]) {
                y[i] = value;
                at[i] = (uint32_t)row;
            }
        }
    for (size_t i = 0; pool == CF_NN_POOL_MEAN && i < width; i++)
        y[i] /= (float)n;
}

static bool pool_forward(cf_pass *p, const cf_layer *layer) {
    const uint32_t *starts = list_starts(p, layer);
    const float *x = cf_pass_from(p, layer, 0)->y;
    cf_value *v = cf_pass_value(p, layer);
    const size_t width = layer->width;
    v->y = cf_pass_floats(p, v->rows, width);
    uint32_t *at = cf_pass_bytes(p, v->rows, width * sizeof *at);
    if (p->failed) return false;
    for (size_t event = 0; event < v->rows; event++) {
        const size_t n = starts[event + 1] - starts[event];
        if (n == 0)
            memset(v->y + event * width, 0, width * sizeof *v->y);
        else
            pool_rows(layer->spec->pool, v->y + event * width, at + event * width,
                      x + starts[event] * width, n, width);
    }
    v->kept = at;
    return true;
}

static void pool_rows_back(cf_nn_pool pool, float *dx, const float *dy, const uint32_t *at,
                           size_t n, size_t width) {
    const float scale = pool == CF_NN_POOL_MEAN ? 1.0f / (float)n : 1.0f;
    for (size_t row = 0; row < n; row++)
        for (size_t i = 0; i < width; i++)
            dx[row * width + i] = pool == CF_NN_POOL_MAX && at[i] != row ? 0.0f : dy[i] * scale;
}

static bool pool_backward(cf_pass *p, const cf_layer *layer) {
    const uint32_t *starts = list_starts(p, layer);
    const cf_value *v = cf_pass_value(p, layer);
    const uint32_t *at = v->kept;
    const size_t width = layer->width;
    float *dx = cf_pass_floats(p, starts[p->events], width);
    if (dx == NULL) return false;
    for (size_t event = 0; event < v->rows; event++)
        pool_rows_back(layer->spec->pool, dx + starts[event] * width, v->dy + event * width,
                       at + event * width, starts[event + 1] - starts[event], width);
    return cf_pass_add_gradient(p, layer->from[0], dx);
}

const cf_layer_class cf_layer_pool = {pool_forward, pool_backward};
