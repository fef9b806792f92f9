#ifndef CF_NN_KERNELS_H
#define CF_NN_KERNELS_H

/* The inner loops of networks, written once (kernels.tmpl.h) and compiled for several sets of
 * vector instructions; the best one of this machine is chosen at the first use.  Matrices are
 * small here (a batch's shard times 3 to a few hundred columns), where a library's call costs
 * more than the product: see tests/bench/nn_bench.c for the comparison with OpenBLAS.
 *
 * Results depend on the set of instructions (fused multiply-add, width of a vector's sums), not
 * on threads. */

#include "nn/nn.h"

/* What the product does with what is in C. */
typedef enum {
    CF_GEMM_SET,  /* C = A B */
    CF_GEMM_BIAS, /* C = A B + bias, which has n values for every row */
    CF_GEMM_ADD   /* C += A B */
} cf_gemm_mode;

/* A is [m][k] with any strides (so a transposed matrix is A, too): element (i, p) lies at
 * a[i * row_stride + p * column_stride].  B is [k][n], row p at b + p * ldb; C is [m][n]. */
typedef struct {
    size_t m, n, k;
    const float *a;
    size_t row_stride, column_stride;
    const float *b;
    size_t ldb;
    float *c;
    size_t ldc;
    cf_gemm_mode mode;
    const float *bias;
} cf_gemm;

/* One time step of a recurrent layer for `rows` sequences of `units`; formulas: nn.h.  Arrays
 * are [rows][units] unless said otherwise; `before` is of the step before. */
typedef struct {
    size_t rows, units;
    bool hard;           /* hard sigmoid */
    float *gates;        /* gru [rows][3 units]: z r g; lstm [rows][4 units]: i f g o.  Forward:
                            sums in (gru reset-after: of the input alone), values out;
                            backward: values in, gradients of these sums out */
    float *sums;         /* gru reset-after [rows][3 units]: forward the sums of h in; backward
                            their gradients out */
    float *reset;        /* gru reset-after: the h part of `sums`, kept for backward;
                            reset-before: r h out; backward: its gradient in */
    const float *before; /* h */
    const float *c_before; /* lstm */
    float *h, *c;          /* forward: out (c: lstm) */
    float *dh, *dc; /* backward: gradients of h and c in; out the direct share for the step
                       before (lstm: of c alone) */
} cf_cell;

typedef struct {
    const char *name; /* "avx512" */
    void (*gemm)(const cf_gemm *p);
    /* x = f(x); softmax is apart */
    void (*activate)(cf_nn_activation f, float *x, size_t n);
    /* dy *= f', from the values y = f(x) */
    void (*activate_back)(cf_nn_activation f, float *dy, const float *y, size_t n);
    /* softmax over every row of [rows][columns], in place */
    void (*softmax)(float *x, size_t rows, size_t columns);
    /* sums[columns] += sum over the rows, which are ldx apart */
    void (*column_sums)(float *sums, const float *x, size_t ldx, size_t rows, size_t columns);
    void (*gru_after)(const cf_cell *cell);
    void (*gru_after_back)(const cf_cell *cell);
    /* reset-before takes two steps each way, a product lies between: gates z, r and r h; then g
     * and h.  Back: dz, dg; then (reset = gradient of r h) dr and the rest of dh */
    void (*gru_before_1)(const cf_cell *cell);
    void (*gru_before_2)(const cf_cell *cell);
    void (*gru_before_back_1)(const cf_cell *cell);
    void (*gru_before_back_2)(const cf_cell *cell);
    void (*lstm)(const cf_cell *cell);
    void (*lstm_back)(const cf_cell *cell);
    /* m += (g - m)(1 - b1), v += (g g - v)(1 - b2), w -= lr m / (sqrt(v) + eps) */
    void (*adam)(float *w, float *m, float *v, const float *g, size_t n, const float rates[4]);
    void (*add)(float *sum, const float *x, size_t n); /* sum += x */
} cf_nn_kernels;

/* adam's rates: 1 - b1, 1 - b2, lr, eps */

const cf_nn_kernels *cf_nn_kernels_best(void);
/* For tests: index from 0 on, NULL beyond the sets that this machine has. */
const cf_nn_kernels *cf_nn_kernels_at(size_t index);

extern const cf_nn_kernels cf_nn_kernels_plain;
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CF_NN_X86 1
extern const cf_nn_kernels cf_nn_kernels_avx2, cf_nn_kernels_avx512;
#endif

/* to [columns][rows] from [rows][columns], whose rows are ld apart */
void cf_nn_transpose(float *restrict to, const float *restrict from, size_t ld, size_t rows,
                     size_t columns);

#endif
