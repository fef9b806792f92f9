#include "nn/kernels.h"

/* 16 floats a vector, 32 registers: tiles of 8 rows by 3 vectors. */

#ifdef CF_NN_X86
#pragma GCC target("avx2,fma,avx512f,avx512dq")
#include <immintrin.h>

typedef __m512 vf;
typedef int vi __attribute__((vector_size(64)));
typedef __mmask16 vmask;
#define LANES        16
#define TILE_ROWS    8
#define TILE_VECTORS 3

#define vset(x)              _mm512_set1_ps(x)
#define vload(p)             _mm512_loadu_ps(p)
#define vstore(p, x)         _mm512_storeu_ps(p, x)
#define vmask_of(n)          ((vmask)((1u << (n)) - 1u))
#define vload_some(p, m)     _mm512_maskz_loadu_ps(m, p)
#define vstore_some(p, m, x) _mm512_mask_storeu_ps(p, m, x)
#define vfma(a, b, c)        _mm512_fmadd_ps(a, b, c)
#define vmax(a, b)           _mm512_max_ps(a, b)
#define vmin(a, b)           _mm512_min_ps(a, b)
#define vsqrt(x)             _mm512_sqrt_ps(x)
#define vround(x)            _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
/* a < b ? x : y */
#define vless(a, b, x, y)    _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x)
#define KERNELS              cf_nn_kernels_avx512
#define KERNEL_NAME          "avx512"
#include "nn/kernels.tmpl.h"
#endif
