#include "nn/kernels.h"

/* Which set of kernels this machine runs. */

static const cf_nn_kernels *const sets[] = {
#ifdef CF_NN_X86
    &cf_nn_kernels_avx512,
    &cf_nn_kernels_avx2,
#endif
    &cf_nn_kernels_plain,
};

static bool runs_here(const cf_nn_kernels *set) {
#ifdef CF_NN_X86
    if (set == &cf_nn_kernels_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("fma");
    if (set == &cf_nn_kernels_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return set == &cf_nn_kernels_plain;
}

const cf_nn_kernels *cf_nn_kernels_at(size_t index) {
    for (size_t i = 0; i < CF_COUNT(sets); i++)
        if (runs_here(sets[i]) && index-- == 0) return sets[i];
    return NULL;
}

const cf_nn_kernels *cf_nn_kernels_best(void) {
    return cf_nn_kernels_at(0);
}

/* In squares of 16 by 16, whose lines stay in the cache. */
void cf_nn_transpose(float *restrict to, const float *restrict from, size_t ld, size_t rows,
                     size_t columns) {
    enum { SIDE = 16 };
    for (size_t i0 = 0; i0 < rows; i0 += SIDE) {
        const size_t i1 = i0 + SIDE < rows ? i0 + SIDE : rows;
        for (size_t j0 = 0; j0 < columns; j0 += SIDE) {
            const size_t j1 = j0 + SIDE < columns ? j0 + SIDE : columns;
            for (size_t j = j0; j < j1; j++)
                for (size_t i = i0; i < i1; i++)
                    to[j * rows + i] = from[i * ld + j];
        }
    }
}
