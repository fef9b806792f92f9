/* A network computed slowly and plainly in double precision, one event at a time: what the fast
 * code is checked against. */
#ifndef CF_TEST_NAIVE_H
#define CF_TEST_NAIVE_H

#include "nn/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t rows, columns;
    double *v;
} matrix;

typedef struct {
    const cf_graph *graph;
    const double *weights;    /* the block, in double */
    const matrix *inputs;     /* of one event */
    matrix *values;           /* [layers] */
    const float *const *keep; /* [layers] dropout factors of the event, or NULL */
} naive;

static matrix new_matrix(size_t rows, size_t columns) {
    return (matrix){rows, columns, calloc(rows * columns + 1, sizeof(double))};
}

static const double *naive_weight(const naive *n, const cf_layer *l, uint32_t i) {
    return n->weights + cf_layer_weight(n->graph, l, i);
}

static const matrix *naive_from(const naive *n, const cf_layer *l, uint32_t i) {
    return &n->values[l->from[i]];
}

static double logistic(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static double naive_value(cf_nn_activation f, double x) {
    switch (f) {
    case CF_NN_RELU: return x > 0.0 ? x : 0.0;
    case CF_NN_TANH: return tanh(x);
    case CF_NN_SIGMOID: return logistic(x);
    case CF_NN_HARD_SIGMOID: return fmin(1.0, fmax(0.0, 0.2 * x + 0.5));
    case CF_NN_LINEAR:
    case CF_NN_SOFTMAX:
    case CF_NN_ACTIVATION_COUNT: break;
    }
    return x;
}

/* sum over i of x[i] w[i][j] (w has ld columns) */
static double naive_dot(const double *x, size_t n, const double *w, size_t ld, size_t j) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * w[i * ld + j];
    return sum;
}

static matrix naive_linear(const matrix *x, const double *kernel, const double *bias,
                           size_t columns) {
    matrix y = new_matrix(x->rows, columns);
    for (size_t r = 0; r < x->rows; r++)
        for (size_t j = 0; j < columns; j++)
            y.v[r * columns + j] =
                bias[j] + naive_dot(x->v + r * x->columns, x->columns, kernel, columns, j);
    return y;
}

static void naive_softmax(double *x, size_t n) {
    double most = x[0], sum = 0.0;
    for (size_t i = 1; i < n; i++)
        most = fmax(most, x[i]);
    for (size_t i = 0; i < n; i++)
        sum += x[i] = exp(x[i] - most);
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}

static bool naive_zero(const double *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0.0) return false;
    return true;
}

static void naive_gru_step(const naive *n, const cf_layer *l, const double *x, size_t in,
                           double *h) {
    const size_t u = l->width;
    const double *w = naive_weight(n, l, 0), *rec = naive_weight(n, l, 1);
    const double *b = naive_weight(n, l, 2), *c = l->spec->biases == 2 ? b + 3 * u : NULL;
    double *z = calloc(4 * u, sizeof *z), *r = z + u, *next = r + u, *rh = next + u;
    for (size_t j = 0; j < u; j++) {
        z[j] = naive_value(l->spec->gate, naive_dot(x, in, w, 3 * u, j) + b[j] +
                                              naive_dot(h, u, rec, 3 * u, j) +
                                              (c == NULL ? 0.0 : c[j]));
        r[j] = naive_value(l->spec->gate, naive_dot(x, in, w, 3 * u, u + j) + b[u + j] +
                                              naive_dot(h, u, rec, 3 * u, u + j) +
                                              (c == NULL ? 0.0 : c[u + j]));
        rh[j] = r[j] * h[j];
    }
    for (size_t j = 0; j < u; j++) {
        const size_t k = 2 * u + j;
        const double input = naive_dot(x, in, w, 3 * u, k) + b[k];
        const double g = l->spec->reset_after
                             ? tanh(input + r[j] * (naive_dot(h, u, rec, 3 * u, k) +
                                                    (c == NULL ? 0.0 : c[k])))
                             : tanh(input + naive_dot(rh, u, rec, 3 * u, k));
        next[j] = z[j] * h[j] + (1.0 - z[j]) * g;
    }
    memcpy(h, next, u * sizeof *h);
    free(z);
}

static void naive_lstm_step(const naive *n, const cf_layer *l, const double *x, size_t in,
                            double *h, double *c) {
    const size_t u = l->width;
    const double *w = naive_weight(n, l, 0), *rec = naive_weight(n, l, 1);
    const double *b = naive_weight(n, l, 2);
    double *a = calloc(4 * u, sizeof *a);
    for (size_t j = 0; j < 4 * u; j++)
        a[j] = naive_dot(x, in, w, 4 * u, j) + naive_dot(h, u, rec, 4 * u, j) + b[j];
    for (size_t j = 0; j < u; j++) {
        c[j] = naive_value(l->spec->gate, a[u + j]) * c[j] +
               naive_value(l->spec->gate, a[j]) * tanh(a[2 * u + j]);
        h[j] = naive_value(l->spec->gate, a[3 * u + j]) * tanh(c[j]);
    }
    free(a);
}

static matrix naive_recurrent(const naive *n, const cf_layer *l) {
    const matrix *x = naive_from(n, l, 0);
    const cf_layer *from = cf_graph_from(n->graph, l, 0);
    const size_t steps = l->spec->steps == CF_NN_STEPS_PADDED
                             ? n->graph->inputs[from->input].steps_max
                             : x->rows;
    matrix h = new_matrix(1, l->width), c = new_matrix(1, l->width);
    double *row = calloc(x->columns, sizeof *row);
    for (size_t t = 0; t < steps; t++) {
        memset(row, 0, x->columns * sizeof *row);
        if (t < x->rows) memcpy(row, x->v + t * x->columns, x->columns * sizeof *row);
        if (l->spec->steps == CF_NN_STEPS_MASKED && naive_zero(row, x->columns)) continue;
        if (l->kind == CF_NN_GRU)
            naive_gru_step(n, l, row, x->columns, h.v);
        else
            naive_lstm_step(n, l, row, x->columns, h.v, c.v);
    }
    free(row);
    free(c.v);
    return h;
}

static matrix naive_attention(const naive *n, const cf_layer *l) {
    const matrix *x = naive_from(n, l, 0);
    const size_t key = l->spec->key_size, all = key * l->spec->heads;
    matrix part[3], o = new_matrix(x->rows, all);
    for (uint32_t i = 0; i < 3; i++)
        part[i] =
            naive_linear(x, naive_weight(n, l, 2 * i), naive_weight(n, l, 2 * i + 1), all);
    double *p = calloc(x->rows + 1, sizeof *p);
    for (size_t head = 0; head < l->spec->heads; head++)
        for (size_t a = 0; a < x->rows; a++) {
            for (size_t b = 0; b < x->rows; b++) {
                p[b] = 0.0;
                for (size_t i = 0; i < key; i++)
                    p[b] += part[0].v[a * all + head * key + i] *
                            part[1].v[b * all + head * key + i] / sqrt((double)key);
            }
            naive_softmax(p, x->rows);
            for (size_t b = 0; b < x->rows; b++)
                for (size_t i = 0; i < key; i++)
                    o.v[a * all + head * key + i] += p[b] * part[2].v[b * all + head * key + i];
        }
    const matrix y = naive_linear(&o, naive_weight(n, l, 6), naive_weight(n, l, 7), l->width);
    for (size_t i = 0; i < 3; i++)
        free(part[i].v);
    free(o.v);
    free(p);
    return y;
}

static matrix naive_norm(const naive *n, const cf_layer *l) {
    const matrix *x = naive_from(n, l, 0);
    const double *gamma = naive_weight(n, l, 0), *beta = naive_weight(n, l, 1);
    matrix y = new_matrix(x->rows, x->columns);
    for (size_t r = 0; r < x->rows; r++) {
        const double *from = x->v + r * x->columns;
        double mean = 0.0, variance = 0.0;
        for (size_t i = 0; i < x->columns; i++)
            mean += from[i] / (double)x->columns;
        for (size_t i = 0; i < x->columns; i++)
            variance += (from[i] - mean) * (from[i] - mean) / (double)x->columns;
        for (size_t i = 0; i < x->columns; i++)
            y.v[r * x->columns + i] =
                (from[i] - mean) / sqrt(variance + l->spec->epsilon) * gamma[i] + beta[i];
    }
    return y;
}

static matrix naive_pool(const naive *n, const cf_layer *l) {
    const matrix *x = naive_from(n, l, 0);
    matrix y = new_matrix(1, l->width);
    for (size_t j = 0; j < l->width; j++)
        for (size_t r = 0; r < x->rows; r++) {
            const double value = x->v[r * l->width + j];
            if (l->spec->pool == CF_NN_POOL_MAX)
                y.v[j] = r == 0 ? value : fmax(y.v[j], value);
            else
                y.v[j] += l->spec->pool == CF_NN_POOL_MEAN ? value / (double)x->rows : value;
        }
    return y;
}

/* concat, add, flatten, dropout */
static matrix naive_merge(const naive *n, const cf_layer *l) {
    const size_t rows = l->list ? naive_from(n, l, 0)->rows : 1;
    matrix y = new_matrix(rows, l->width);
    for (size_t r = 0; r < rows; r++)
        for (uint32_t i = 0, at = 0; i < l->from_count; i++) {
            const matrix *x = naive_from(n, l, i);
            const size_t columns = l->kind == CF_NN_FLATTEN ? x->rows * x->columns : x->columns;
            for (size_t j = 0; j < columns; j++)
                y.v[r * l->width + at + j] += x->v[r * columns + j];
            if (l->kind == CF_NN_CONCAT) at += (uint32_t)columns;
        }
    return y;
}

static matrix naive_layer(const naive *n, const cf_layer *l) {
    const size_t number = (size_t)(l - n->graph->layers);
    matrix y = {0};
    switch (l->kind) {
    case CF_NN_INPUT:
        y = new_matrix(n->inputs[l->input].rows, l->width);
        if (y.rows > 0) memcpy(y.v, n->inputs[l->input].v, y.rows * y.columns * sizeof *y.v);
        return y;
    case CF_NN_DENSE:
        y = naive_linear(naive_from(n, l, 0), naive_weight(n, l, 0), naive_weight(n, l, 1),
                         l->width);
        for (size_t i = 0; i < y.rows * y.columns; i++)
            y.v[i] = naive_value(l->spec->activation, y.v[i]);
        if (l->spec->activation == CF_NN_SOFTMAX) naive_softmax(y.v, y.columns);
        return y;
    case CF_NN_GRU:
    case CF_NN_LSTM: return naive_recurrent(n, l);
    case CF_NN_ATTENTION: return naive_attention(n, l);
    case CF_NN_LAYER_NORM: return naive_norm(n, l);
    case CF_NN_POOL: return naive_pool(n, l);
    case CF_NN_DROPOUT:
    case CF_NN_CONCAT:
    case CF_NN_ADD:
    case CF_NN_FLATTEN:
    case CF_NN_TREES:
    case CF_NN_KIND_COUNT: break;
    }
    y = naive_merge(n, l);
    if (l->kind == CF_NN_DROPOUT && n->keep != NULL && n->keep[number] != NULL)
        for (size_t i = 0; i < y.rows * y.columns; i++)
            y.v[i] *= (double)n->keep[number][i];
    return y;
}

/* Loss of one event; keep NULL: no dropout. */
static double naive_loss(const cf_graph *g, const double *weights, const matrix *inputs,
                         const double *target, const float *const *keep) {
    naive n = {.graph = g, .weights = weights, .inputs = inputs, .keep = keep};
    n.values = calloc(g->layer_count, sizeof *n.values);
    for (uint32_t i = 0; i < g->layer_count; i++)
        n.values[i] = naive_layer(&n, &g->layers[i]);
    const double *out = n.values[g->layer_count - 1].v;
    double loss = 0.0;
    for (uint32_t k = 0; k < g->classes; k++) {
        loss -= target[k] * log(out[k]);
        if (!g->softmax) loss -= (1.0 - target[k]) * log(1.0 - out[k]);
    }
    for (uint32_t i = 0; i < g->layer_count; i++)
        free(n.values[i].v);
    free(n.values);
    return loss;
}

#endif
