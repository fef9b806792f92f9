#include "nn/kernels.h"

/* 8 floats a vector, 16 registers: tiles of 6 rows by 2 vectors. */

#ifdef CF_NN_X86
#pragma GCC target("avx2,fma")
#include <immintrin.h>

typedef __m256 vf;
typedef int vi __attribute__((vector_size(32)));
typedef __m256i vmask;
#define LANES        8
#define TILE_ROWS    6
#define TILE_VECTORS 2

#define vset(x)      _mm256_set1_ps(x)
#define vload(p)     _mm256_loadu_ps(p)
#define vstore(p, x) _mm256_storeu_ps(p, x)
#define vmask_of(n) \
    _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define vload_some(p, m)     _mm256_maskload_ps(p, m)
#define vstore_some(p, m, x) _mm256_maskstore_ps(p, m, x)
#define vfma(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define vmax(a, b)           _mm256_max_ps(a, b)
#define vmin(a, b)           _mm256_min_ps(a, b)
#define vsqrt(x)             _mm256_sqrt_ps(x)
#define vround(x)            _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define vless(a, b, x, y)    _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ))
#define KERNELS              cf_nn_kernels_avx2
#define KERNEL_NAME          "avx2"
#include "nn/kernels.tmpl.h"
#endif
