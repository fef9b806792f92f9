#ifndef CF_PRIM_MATH_H
#define CF_PRIM_MATH_H

/* Mathematical functions over arrays of doubles: within about one unit in the last place, right
 * for NaN, infinities, subnormals and huge arguments, and **the same bits on every machine**,
 * whatever vector instructions it has.  `out` does not overlap an input. */

#include <stdbool.h>
#include <stddef.h>

/* CF_MATH_1(name, accuracy as SLEEF names it) */
/* clang-format off */
#define CF_MATHS_1(CF_MATH_1)                                                               \
    CF_MATH_1(sin, u10)                                                                     \
    CF_MATH_1(cos, u10) CF_MATH_1(tan, u10) CF_MATH_1(asin, u10) CF_MATH_1(acos, u10)       \
        CF_MATH_1(atan, u10) CF_MATH_1(sinh, u10) CF_MATH_1(cosh, u10) CF_MATH_1(tanh, u10) \
            CF_MATH_1(asinh, u10) CF_MATH_1(exp, u10) CF_MATH_1(expm1, u10)                 \
                CF_MATH_1(log, u10) CF_MATH_1(log2, u10) CF_MATH_1(log10, u10)              \
                    CF_MATH_1(log1p, u10)
/* clang-format on */

/* clang-format off */
#define CF_MATHS_2(CF_MATH_2) CF_MATH_2(atan2, u10) CF_MATH_2(pow, u10) CF_MATH_2(hypot, u05)
/* clang-format on */

typedef void cf_math_1_fn(double *out, const double *x, size_t n);
typedef void cf_math_2_fn(double *out, const double *a, const double *b, size_t n);

/* cf_prim_sin(out, x, n), ...; atan2(y, x), pow(base, exponent), hypot(x, y) */
#define CF_MATH_1(name, u) cf_math_1_fn cf_prim_##name;
CF_MATHS_1(CF_MATH_1)
#undef CF_MATH_1
#define CF_MATH_2(name, u) cf_math_2_fn cf_prim_##name;
CF_MATHS_2(CF_MATH_2)
#undef CF_MATH_2

cf_math_1_fn cf_prim_sqrt; /* correctly rounded, as the machine's own is */

/* For tests: the same functions for one set of instructions; NULL when this machine lacks it.
 */
typedef enum {
    CF_MATH_PLAIN,
    CF_MATH_SSE2,
    CF_MATH_AVX,
    CF_MATH_AVX512,
    CF_MATH_LEVELS
} cf_math_level;
cf_math_1_fn *cf_math_1_at(const char *name, cf_math_level level);
cf_math_2_fn *cf_math_2_at(const char *name, cf_math_level level);

#endif
