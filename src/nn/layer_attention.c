#include "nn/pass.h"

#include <math.h>
#include <string.h>

/* Multi-head self-attention over the rows of each event:  per head
 *     P = softmax(Q K' / sqrt(key size)),  O = P V
 * P is [n][n] and 20 MB for 8 heads of 801 rows, so it is never kept: blocks of query rows are
 * worked off one after the other, and backward computes P again. */

#define QUERY_ROWS 64u

typedef struct {
    float *q, *k, *v, *o; /* [rows][heads * key_size] */
} projections;

typedef struct {
    const cf_layer *layer;
    size_t first, n; /* rows of the event */
    size_t key, ld;  /* key_size, heads * key_size */
    float scale;
    float *k_t, *v_t; /* [key][n]: transposed, of the head at hand; v_t: backward */
    float *p, *dp;    /* [QUERY_ROWS][n] */
} event_work;

enum { QUERY, KEY, VALUE, OUTPUT };

static bool make_work(cf_pass *p, const cf_layer *layer, event_work *w, bool back) {
    const uint32_t *starts = p->inputs[layer->input].starts;
    size_t most = 0;
    for (size_t e = 0; e < p->events; e++)
        most = starts[e + 1] - starts[e] > most ? starts[e + 1] - starts[e] : most;
    w->layer = layer;
    w->key = layer->spec->key_size;
    w->ld = w->key * layer->spec->heads;
    w->scale = 1.0f / sqrtf((float)w->key);
    w->k_t = cf_pass_floats(p, w->key, most);
    w->p = cf_pass_floats(p, QUERY_ROWS, most);
    if (!back) return !p->failed;
    w->v_t = cf_pass_floats(p, w->key, most);
    w->dp = cf_pass_floats(p, QUERY_ROWS, most);
    return !p->failed;
}

/* [m][n] = a [m][key] b' [key][n] */
static void times_transposed(cf_pass *p, const event_work *w, size_t m, const float *a,
                             const float *b_t, float *c) {
    cf_pass_gemm(p, &(cf_gemm){.m = m,
                               .n = w->n,
                               .k = w->key,
                               .a = a,
                               .row_stride = w->ld,
                               .column_stride = 1,
                               .b = b_t,
                               .ldb = w->n,
                               .c = c,
                               .ldc = w->n,
                               .mode = CF_GEMM_SET});
}

/* c [m][key] = a [m][n] b [n][key] */
static void times(cf_pass *p, const event_work *w, size_t m, const float *a, const float *b,
                  float *c) {
    cf_pass_gemm(p, &(cf_gemm){.m = m,
                               .n = w->key,
                               .k = w->n,
                               .a = a,
                               .row_stride = w->n,
                               .column_stride = 1,
                               .b = b,
                               .ldb = w->ld,
                               .c = c,
                               .ldc = w->ld,
                               .mode = CF_GEMM_SET});
}

/* c [n][key] += a' [n][m] b [m][key] */
static void add_transposed_times(cf_pass *p, const event_work *w, size_t m, const float *a,
                                 const float *b, float *c) {
    cf_pass_gemm(p, &(cf_gemm){.m = w->n,
                               .n = w->key,
                               .k = m,
                               .a = a,
                               .row_stride = 1,
                               .column_stride = w->n,
                               .b = b,
                               .ldb = w->ld,
                               .c = c,
                               .ldc = w->ld,
                               .mode = CF_GEMM_ADD});
}

static void scale_all(float *x, size_t n, float by) {
    for (size_t i = 0; i < n; i++)
        x[i] *= by;
}

static void probabilities(cf_pass *p, const event_work *w, size_t m, const float *q) {
    times_transposed(p, w, m, q, w->k_t, w->p);
    scale_all(w->p, m * w->n, w->scale);
    p->kernels->softmax(w->p, m, w->n);
}

static void head_forward(cf_pass *p, const event_work *w, const projections *at, size_t head) {
    const size_t begin = w->first * w->ld + head * w->key;
    cf_nn_transpose(w->k_t, at->k + begin, w->ld, w->n, w->key);
    for (size_t i = 0; i < w->n; i += QUERY_ROWS) {
        const size_t m = w->n - i < QUERY_ROWS ? w->n - i : QUERY_ROWS, row = begin + i * w->ld;
        probabilities(p, w, m, at->q + row);
        times(p, w, m, w->p, at->v + begin, at->o + row);
    }
}

static bool forward(cf_pass *p, const cf_layer *layer) {
    const float *x = cf_pass_from(p, layer, 0)->y;
    const uint32_t *starts = p->inputs[layer->input].starts;
    cf_value *v = cf_pass_value(p, layer);
    projections *at = cf_pass_bytes(p, 1, sizeof *at);
    event_work w = {0};
    if (at == NULL || !make_work(p, layer, &w, false)) return false;
    float **const parts[] = {&at->q, &at->k, &at->v, &at->o};
    for (size_t i = 0; i < CF_COUNT(parts); i++)
        *parts[i] = cf_pass_floats(p, v->rows, w.ld);
    v->y = cf_pass_floats(p, v->rows, layer->width);
    if (p->failed) return false;
    for (uint32_t i = 0; i < OUTPUT; i++)
        cf_pass_linear(p, layer, 2 * i, x, v->rows, *parts[i]);
    for (size_t event = 0; event < p->events; event++) {
        w.first = starts[event];
        w.n = starts[event + 1] - starts[event];
        for (size_t head = 0; head < layer->spec->heads; head++)
            head_forward(p, &w, at, head);
    }
    cf_pass_linear(p, layer, 2 * OUTPUT, at->o, v->rows, v->y);
    v->kept = at;
    return true;
}

/* dp becomes the gradient of Q K':  p (dp - sum(p dp)) scale */
static void softmax_back(const event_work *w, size_t m) {
    for (size_t i = 0; i < m; i++) {
        const float *restrict p = w->p + i * w->n;
        float *restrict dp = w->dp + i * w->n;
        float dot = 0.0f;
        for (size_t j = 0; j < w->n; j++)
            dot += p[j] * dp[j];
        for (size_t j = 0; j < w->n; j++)
            dp[j] = p[j] * (dp[j] - dot) * w->scale;
    }
}

static void head_backward(cf_pass *p, const event_work *w, const projections *at,
                          const projections *d, size_t head) {
    const size_t begin = w->first * w->ld + head * w->key;
    cf_nn_transpose(w->k_t, at->k + begin, w->ld, w->n, w->key);
    cf_nn_transpose(w->v_t, at->v + begin, w->ld, w->n, w->key);
    for (size_t i = 0; i < w->n; i += QUERY_ROWS) {
        const size_t m = w->n - i < QUERY_ROWS ? w->n - i : QUERY_ROWS, row = begin + i * w->ld;
        probabilities(p, w, m, at->q + row);
        times_transposed(p, w, m, d->o + row, w->v_t, w->dp);
        add_transposed_times(p, w, m, w->p, d->o + row, d->v + begin);
        softmax_back(w, m);
        times(p, w, m, w->dp, at->k + begin, d->q + row);
        add_transposed_times(p, w, m, w->dp, at->q + row, d->k + begin);
    }
}

/* The gradient of O: that of the output times the output kernel's transpose. */
static bool output_back(cf_pass *p, const cf_layer *layer, const projections *at, float *d_o) {
    const cf_value *v = cf_pass_value(p, layer);
    const cf_weight *w = &p->graph->weights[layer->first_weight + 2 * OUTPUT];
    float *transposed = cf_pass_floats(p, w->columns, w->rows);
    if (transposed == NULL) return false;
    cf_nn_transpose(transposed, p->weights + w->at, w->columns, w->rows, w->columns);
    cf_pass_gemm(p, &(cf_gemm){.m = v->rows,
                               .n = w->rows,
                               .k = w->columns,
                               .a = v->dy,
                               .row_stride = w->columns,
                               .column_stride = 1,
                               .b = transposed,
                               .ldb = w->rows,
                               .c = d_o,
                               .ldc = w->rows,
                               .mode = CF_GEMM_SET});
    cf_pass_linear_back(p, layer, 2 * OUTPUT, at->o, v->rows, v->dy, w->columns, CF_NO_LAYER);
    return true;
}

static bool backward(cf_pass *p, const cf_layer *layer) {
    const cf_value *v = cf_pass_value(p, layer);
    const float *x = cf_pass_from(p, layer, 0)->y;
    const uint32_t *starts = p->inputs[layer->input].starts;
    const projections *at = v->kept;
    projections d = {0};
    event_work w = {0};
    if (!make_work(p, layer, &w, true)) return false;
    float **const parts[] = {&d.q, &d.k, &d.v, &d.o};
    for (size_t i = 0; i < CF_COUNT(parts); i++) {
        *parts[i] = cf_pass_floats(p, v->rows, w.ld);
        if (*parts[i] == NULL) return false;
        memset(*parts[i], 0, v->rows * w.ld * sizeof(float));
    }
    if (!output_back(p, layer, at, d.o)) return false;
    for (size_t event = 0; event < p->events; event++) {
        w.first = starts[event];
        w.n = starts[event + 1] - starts[event];
        for (size_t head = 0; head < layer->spec->heads; head++)
            head_backward(p, &w, at, &d, head);
    }
    for (uint32_t i = 0; i < OUTPUT; i++)
        if (!cf_pass_linear_back(p, layer, 2 * i, x, v->rows, *parts[i], w.ld, layer->from[0]))
            return false;
    return true;
}

const cf_layer_class cf_layer_attention = {forward, backward};
