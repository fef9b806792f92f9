#include "prim/math.h"

/* SLEEF's deterministic family without fused multiply-add ("cinz"): the scalar, SSE2, AVX and
 * AVX-512 functions do the same operations, so their results are equal to the last bit; a unit
 * test checks that here.  The family with fused multiply-add is up to 1.7 times faster, but a
 * machine without the instruction could not join in.
 *
 * The functions are declared here with the compiler's own vector types: SLEEF's header shows
 * those of an instruction set only when the whole file is compiled for it. */

#include "prim/simd.h"

#include <math.h>
#include <string.h>

/* One function over an array, for vectors of `width` doubles: whole vectors, then the rest
 * padded. */
#define LOOP_1(name, fn, attribute, vector, width)                       \
    attribute static void name(double *out, const double *x, size_t n) { \
        size_t i = 0;                                                    \
        vector v;                                                        \
        for (; n - i >= (width); i += (width)) {                         \
            memcpy(&v, x + i, sizeof v);                                 \
            v = fn(v);                                                   \
            memcpy(out + i, &v, sizeof v);                               \
        }                                                                \
        if (i == n) return;                                              \
        memset(&v, 0, sizeof v);                                         \
        memcpy(&v, x + i, (n - i) * sizeof *x);                          \
        v = fn(v);                                                       \
        memcpy(out + i, &v, (n - i) * sizeof *x);                        \
    }

#define LOOP_2(name, fn, attribute, vector, width)                                        \
    attribute static void name(double *out, const double *a, const double *b, size_t n) { \
        size_t i = 0;                                                                     \
        vector v, w;                                                                      \
        for (; n - i >= (width); i += (width)) {                                          \
            memcpy(&v, a + i, sizeof v);                                                  \
            memcpy(&w, b + i, sizeof w);                                                  \
            v = fn(v, w);                                                                 \
            memcpy(out + i, &v, sizeof v);                                                \
        }                                                                                 \
        if (i == n) return;                                                               \
        memset(&v, 0, sizeof v);                                                          \
        memset(&w, 0, sizeof w);                                                          \
        memcpy(&v, a + i, (n - i) * sizeof *a);                                           \
        memcpy(&w, b + i, (n - i) * sizeof *b);                                           \
        v = fn(v, w);                                                                     \
        memcpy(out + i, &v, (n - i) * sizeof *a);                                         \
    }

/* Any machine. */
#define CF_MATH_1(name, u)                             \
    double Sleef_cinz_##name##d1_##u##purec(double x); \
    LOOP_1(name##_plain, Sleef_cinz_##name##d1_##u##purec, , double, 1)
#define CF_MATH_2(name, u)                                       \
    double Sleef_cinz_##name##d1_##u##purec(double x, double y); \
    LOOP_2(name##_plain, Sleef_cinz_##name##d1_##u##purec, , double, 1)
CF_MATHS_1(CF_MATH_1)
CF_MATHS_2(CF_MATH_2)
#undef CF_MATH_1
#undef CF_MATH_2

#if defined(__x86_64__) && defined(__GNUC__)

typedef double double2 __attribute__((vector_size(16)));
typedef double double4 __attribute__((vector_size(32)));
typedef double double8 __attribute__((vector_size(64)));

#define FOR_AVX    __attribute__((target("avx")))
#define FOR_AVX512 __attribute__((target("avx512f")))

#define CF_MATH_1(name, u)                                                  \
    double2 Sleef_cinz_##name##d2_##u##sse2(double2 x);                     \
    FOR_AVX double4 Sleef_cinz_##name##d4_##u##avx(double4 x);              \
    FOR_AVX512 double8 Sleef_cinz_##name##d8_##u##avx512fnofma(double8 x);  \
    LOOP_1(name##_sse2, Sleef_cinz_##name##d2_##u##sse2, , double2, 2)      \
    LOOP_1(name##_avx, Sleef_cinz_##name##d4_##u##avx, FOR_AVX, double4, 4) \
    LOOP_1(name##_avx512, Sleef_cinz_##name##d8_##u##avx512fnofma, FOR_AVX512, double8, 8)
#define CF_MATH_2(name, u)                                                            \
    double2 Sleef_cinz_##name##d2_##u##sse2(double2 x, double2 y);                    \
    FOR_AVX double4 Sleef_cinz_##name##d4_##u##avx(double4 x, double4 y);             \
    FOR_AVX512 double8 Sleef_cinz_##name##d8_##u##avx512fnofma(double8 x, double8 y); \
    LOOP_2(name##_sse2, Sleef_cinz_##name##d2_##u##sse2, , double2, 2)                \
    LOOP_2(name##_avx, Sleef_cinz_##name##d4_##u##avx, FOR_AVX, double4, 4)           \
    LOOP_2(name##_avx512, Sleef_cinz_##name##d8_##u##avx512fnofma, FOR_AVX512, double8, 8)
CF_MATHS_1(CF_MATH_1)
CF_MATHS_2(CF_MATH_2)
#undef CF_MATH_1
#undef CF_MATH_2

#define LOOPS(name) \
    { name##_plain, name##_sse2, name##_avx, name##_avx512 }

static cf_math_level best_level(void) {
    if (__builtin_cpu_supports("avx512f")) return CF_MATH_AVX512;
    return __builtin_cpu_supports("avx") ? CF_MATH_AVX : CF_MATH_SSE2;
}

#else

#define LOOPS(name) \
    { name##_plain, NULL, NULL, NULL }

static cf_math_level best_level(void) {
    return CF_MATH_PLAIN;
}

#endif

/* Near the largest double some of these functions give infinity a little too early.  That is
 * rare and looks like no other result, so it is mended afterwards, a value at a time. */
static double mend_sinh(double x) {
    const double root = Sleef_cinz_expd1_u10purec(fabs(x) * 0.5);
    return copysign(root * 0.5 * root, x);
}

static double mend_cosh(double x) {
    return fabs(mend_sinh(x));
}

static double mend_asinh(double x) {
    return copysign(Sleef_cinz_logd1_u10purec(fabs(x)) + 0.693147180559945309, x);
}

static double mend_log1p(double x) {
    return x > 0 ? Sleef_cinz_logd1_u10purec(x) : (double)-INFINITY;
}

#define MEND(name)                                                         \
    static void mend_all_##name(double *out, const double *x, size_t n) {  \
        for (size_t i = 0; i < n; i++)                                     \
            if (isinf(out[i]) && !isinf(x[i])) out[i] = mend_##name(x[i]); \
    }
MEND(sinh)
MEND(cosh)
MEND(asinh)
MEND(log1p)

#define CF_MATH_1(name, u) \
    static cf_math_1_fn *const name##_loops[CF_MATH_LEVELS] = LOOPS(name);
#define CF_MATH_2(name, u) \
    static cf_math_2_fn *const name##_loops[CF_MATH_LEVELS] = LOOPS(name);
CF_MATHS_1(CF_MATH_1)
CF_MATHS_2(CF_MATH_2)
#undef CF_MATH_1
#undef CF_MATH_2

#define PLAIN(name)                                               \
    void cf_prim_##name(double *out, const double *x, size_t n) { \
        name##_loops[best_level()](out, x, n);                    \
    }
PLAIN(sin)
PLAIN(cos)
PLAIN(tan)
PLAIN(asin)
PLAIN(acos)
PLAIN(atan)
PLAIN(tanh)
PLAIN(exp)
PLAIN(expm1)
PLAIN(log)
PLAIN(log2)
PLAIN(log10)

#define MENDED(name)                                              \
    void cf_prim_##name(double *out, const double *x, size_t n) { \
        name##_loops[best_level()](out, x, n);                    \
        mend_all_##name(out, x, n);                               \
    }
MENDED(sinh)
MENDED(cosh)
MENDED(asinh)
MENDED(log1p)

void cf_prim_atan2(double *out, const double *a, const double *b, size_t n) {
    atan2_loops[best_level()](out, a, b, n);
}

void cf_prim_hypot(double *out, const double *a, const double *b, size_t n) {
    hypot_loops[best_level()](out, a, b, n);
}

void cf_prim_pow(double *out, const double *a, const double *b, size_t n) {
    pow_loops[best_level()](out, a, b, n);
    for (size_t i = 0; i < n; i++)
        if (b[i] == 1.0) out[i] = a[i];
}

CF_SIMD void cf_prim_sqrt(double *out, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = sqrt(x[i]);
}

cf_math_1_fn *cf_math_1_at(const char *name, cf_math_level level) {
    if (level > best_level()) return NULL;
#define CF_MATH_1(fn, u) \
    if (strcmp(name, #fn) == 0) return fn##_loops[level];
    CF_MATHS_1(CF_MATH_1)
#undef CF_MATH_1
    return NULL;
}

cf_math_2_fn *cf_math_2_at(const char *name, cf_math_level level) {
    if (level > best_level()) return NULL;
#define CF_MATH_2(fn, u) \
    if (strcmp(name, #fn) == 0) return fn##_loops[level];
    CF_MATHS_2(CF_MATH_2)
#undef CF_MATH_2
    return NULL;
}
