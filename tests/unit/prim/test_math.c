/* The functions of prim/math.h: equal bits on every instruction set of this machine, close to
 * the C library's long double functions, right at the edges. */
#include "base/base.h"
#include "prim/math.h"
#include "test.h"

#include <float.h>
#include <stdlib.h>

#define NaN  ((double)NAN)
#define Inf  ((double)INFINITY)
#define MANY 4099 /* no multiple of any vector's width */

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static const double edges[] = {0.0,
                               -0.0,
                               1.0,
                               -1.0,
                               Inf,
                               -Inf,
                               NaN,
                               DBL_MIN,
                               -DBL_MIN,
                               0x1p-1074,
                               -0x1p-1074,
                               DBL_MAX,
                               -DBL_MAX,
                               1e22,
                               -1e22,
                               709.78,
                               709.79,
                               -745.13,
                               -745.14,
                               -708.5,
                               710.4,
                               -710.4,
                               0.5,
                               2.0,
                               10.0,
                               1e-300,
                               1e300,
                               3.141592653589793,
                               1.5707963267948966,
                               1e15,
                               3e-8};

/* Edges, then any bit pattern, then values of every size a user meets. */
static void fill(double *x, uint64_t seed) {
    for (size_t i = 0; i < MANY; i++) {
        const uint64_t h = cf_hash_u64(i, seed);
        const double unit = cf_random_unit(seed, i);
        x[i] = i < CF_COUNT(edges) ? edges[(i * (seed | 1)) % CF_COUNT(edges)]
               : i % 3 == 0        ? double_of(h)
               : i % 3 == 1        ? (unit - 0.5) * 20.0
                                   : (unit - 0.5) * 2.0;
    }
}

static size_t different(const double *a, const double *b) {
    size_t count = 0;
    for (size_t i = 0; i < MANY; i++)
        count += bits_of(a[i]) != bits_of(b[i]) && !(isnan(a[i]) && isnan(b[i]));
    return count;
}

static double x[MANY], y[MANY], want[MANY], got[MANY];

static void check_levels_1(const char *name) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        fill(x, seed);
        cf_math_1_at(name, CF_MATH_PLAIN)(want, x, MANY);
        for (int level = CF_MATH_SSE2; level < CF_MATH_LEVELS; level++) {
            cf_math_1_fn *f = cf_math_1_at(name, (cf_math_level)level);
            if (f == NULL) continue;
            f(got, x, MANY);
            const size_t bad = different(want, got);
            if (bad > 0) printf("%s at level %d: %zu differ\n", name, level, bad);
            CHECK(bad == 0);
        }
    }
}

static void check_levels_2(const char *name) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        fill(x, seed);
        fill(y, seed + 100);
        cf_math_2_at(name, CF_MATH_PLAIN)(want, x, y, MANY);
        for (int level = CF_MATH_SSE2; level < CF_MATH_LEVELS; level++) {
            cf_math_2_fn *f = cf_math_2_at(name, (cf_math_level)level);
            if (f == NULL) continue;
            f(got, x, y, MANY);
            const size_t bad = different(want, got);
            if (bad > 0) printf("%s at level %d: %zu differ\n", name, level, bad);
            CHECK(bad == 0);
        }
    }
}

static void every_instruction_set_gives_the_same_bits(void) {
#define CF_MATH_1(name, u) check_levels_1(#name);
    CF_MATHS_1(CF_MATH_1)
#undef CF_MATH_1
#define CF_MATH_2(name, u) check_levels_2(#name);
    CF_MATHS_2(CF_MATH_2)
#undef CF_MATH_2
}

/* Distance from the true value in units of the result's last place. */
static double ulps(double value, long double truth) {
    const double rounded = (double)truth;
    if (isnan(value) || isnan(rounded)) return isnan(value) && isnan(rounded) ? 0 : Inf;
    if (isinf(value) || isinf(rounded)) return bits_of(value) == bits_of(rounded) ? 0 : Inf;
    int exponent;
    (void)frexp(rounded, &exponent);
    if (exponent < -1021) exponent = -1021;
    return (double)(fabsl((long double)value - truth) / ldexpl(1.0L, exponent - 53));
}

#define LIMIT 1.3
typedef long double long_1(long double);
typedef long double long_2(long double, long double);

static void check_accuracy_1(const char *name, cf_math_1_fn *f, long_1 *truth) {
    double worst = 0, where = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        fill(x, seed);
        f(got, x, MANY);
        for (size_t i = 0; i < MANY; i++) {
            const double off = ulps(got[i], truth((long double)x[i]));
            if (off > worst) where = x[i];
            worst = fmax(worst, off);
        }
    }
    if (worst > LIMIT) printf("%s(%.17g): %g units off\n", name, where, worst);
    CHECK(worst <= LIMIT);
}

static void check_accuracy_2(const char *name, cf_math_2_fn *f, long_2 *truth) {
    double worst = 0;
    size_t at = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        fill(x, seed);
        fill(y, seed + 100);
        f(got, x, y, MANY);
        for (size_t i = 0; i < MANY; i++) {
            const double off = ulps(got[i], truth((long double)x[i], (long double)y[i]));
            if (off > worst) at = i;
            worst = fmax(worst, off);
        }
    }
    if (worst > LIMIT) printf("%s(%.17g, %.17g): %g units off\n", name, x[at], y[at], worst);
    CHECK(worst <= LIMIT);
}

static void results_are_within_about_one_unit_of_the_true_value(void) {
#define CF_MATH_1(name, u) check_accuracy_1(#name, cf_prim_##name, name##l);
    CF_MATHS_1(CF_MATH_1)
#undef CF_MATH_1
#define CF_MATH_2(name, u) check_accuracy_2(#name, cf_prim_##name, name##l);
    CF_MATHS_2(CF_MATH_2)
#undef CF_MATH_2
}

static void a_result_does_not_depend_on_its_place_or_the_arrays_length(void) {
    fill(x, 7);
    cf_prim_sin(want, x, MANY);
    for (size_t from = 0; from < 19; from++)
        for (size_t n = 0; n < 19; n++) {
            double out[20];
            out[n] = 42.0;
            cf_prim_sin(out, x + 100 + from, n);
            CHECK(memcmp(out, want + 100 + from, n * sizeof *out) == 0);
            CHECK(bits_of(out[n]) == bits_of(42.0));
        }
}

static void signs_of_zero_are_kept(void) {
    const double zero[2] = {0.0, -0.0};
    double out[2];
    cf_math_1_fn *const odd[] = {cf_prim_sin,  cf_prim_tan,  cf_prim_asin, cf_prim_atan,
                                 cf_prim_sinh, cf_prim_tanh, cf_prim_asinh};
    for (size_t i = 0; i < CF_COUNT(odd); i++) {
        odd[i](out, zero, 2);
        CHECK(!signbit(out[0]));
        CHECK(signbit(out[1]) != 0);
    }
}

int main(void) {
    RUN(every_instruction_set_gives_the_same_bits);
    RUN(results_are_within_about_one_unit_of_the_true_value);
    RUN(a_result_does_not_depend_on_its_place_or_the_arrays_length);
    RUN(signs_of_zero_are_kept);
    return cf_test_failures != 0;
}
