#include "nn/kernels.h"

/* Any machine: the compiler's own vectors of four floats, multiplication and addition apart. */

#include <math.h>
#include <string.h>

typedef float vf __attribute__((vector_size(16)));
typedef int vi __attribute__((vector_size(16)));
typedef size_t vmask;
#define LANES        4
#define TILE_ROWS    4
#define TILE_VECTORS 2

static inline vf vset(float x) {
    return (vf){x, x, x, x};
}

static inline vf vload(const float *p) {
    vf x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline void vstore(float *p, vf x) {
    memcpy(p, &x, sizeof x);
}

static inline vf vload_some(const float *p, vmask count) {
    vf x = {0};
    memcpy(&x, p, count * sizeof *p);
    return x;
}

static inline void vstore_some(float *p, vmask count, vf x) {
    memcpy(p, &x, count * sizeof *p);
}

/* a < b ? x : y */
static inline vf vless(vf a, vf b, vf x, vf y) {
    const vi yes = a < b;
    return (vf)(((vi)x & yes) | ((vi)y & ~yes));
}

/* Of a NaN and a number the second one, as the processor's own. */
static inline vf vmax(vf a, vf b) {
    return vless(b, a, a, b);
}

static inline vf vmin(vf a, vf b) {
    return vless(a, b, a, b);
}

static inline vf vsqrt(vf x) {
    return (vf){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
}

/* To the nearest integer, for values below 2^22. */
static inline vf vround(vf x) {
    const vf shift = vset(12582912.0f);
    return (x + shift) - shift;
}

#define vmask_of(n)   ((vmask)(n))
#define vfma(a, b, c) ((a) * (b) + (c))
#define KERNELS       cf_nn_kernels_plain
#define KERNEL_NAME   "plain"
#include "nn/kernels.tmpl.h"
