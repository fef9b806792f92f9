/* Functions that no user writes: what verbs become in plans. */
#include "func/func_internal.h"

#include <math.h>

/* ---- histograms ---- */

static inline double low_edge(double low, double width, double n, double k) {
    return low + k * width / n;
}

/* Bins are [low, high), numbered from 1; 0 is below, n + 1 above.  The division may be off by
 * one at an edge: the edges decide.  `v` is 0 for nan. */
static inline int64_t bin_of(double x, double low, double high, int64_t n) {
    const double bins = (double)n, width = high - low;
    if (x < low) return 0;
    if (!(x < high)) return n + 1;
    double k = floor((x - low) / width * bins);
    k = k > bins - 1 ? bins - 1 : k;
    if (x < low_edge(low, width, bins, k)) k -= 1;
    if (k + 1 < bins && x >= low_edge(low, width, bins, k + 1)) k += 1;
    return (int64_t)k + 1;
}

/* The same without branches, for fixed edges; good for fewer than 2^31 bins. */
CF_SIMD static void bin_loop(int64_t *restrict out, uint8_t *restrict valid,
                             const double *restrict x, double low, double high, double bins,
                             size_t n) {
    const double width = high - low;
    for (size_t i = 0; i < n; i++) {
        const double a = x[i];
        const double inside =
            a >= low ? (a < high ? a : low) : low; /* a safe stand-in for the rest */
        double k = floor((inside - low) / width * bins);
        k = k > bins - 1 ? bins - 1 : k;
        k -= inside < low_edge(low, width, bins, k) ? 1.0 : 0.0;
        k += k + 1 < bins && inside >= low_edge(low, width, bins, k + 1) ? 1.0 : 0.0;
        k += 1;
        k = a < low ? 0.0 : k;
        k = a >= high ? bins + 1 : k;
        const uint8_t is = valid[i] & (a == a);
        valid[i] = is;
        out[i] = (int32_t)(is ? k : 0.0);
    }
}

static cf_status hist_bin(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    uint8_t *valid = out == NULL ? NULL : cf_call_join_own(call);
    if (valid == NULL) return CF_E_MEMORY;
    const double *x = ARG(call, 0, double), *low = ARG(call, 1, double),
                 *high = ARG(call, 2, double);
    const int64_t *n = ARG(call, 3, int64_t);
    if (STEP(call, 0) == 1 && STEP(call, 1) + STEP(call, 2) + STEP(call, 3) == 0 && *n > 0 &&
        *n < INT32_MAX) {
        bin_loop(out, valid, x, *low, *high, (double)*n, call->n);
        return CF_OK;
    }
    for (size_t i = 0; i < call->n; i++) {
        const double a = x[i * STEP(call, 0)], l = low[i * STEP(call, 1)],
                     h = high[i * STEP(call, 2)];
        const int64_t bins = n[i * STEP(call, 3)];
        valid[i] &= !isnan(a) && l < h && bins > 0 && bins < INT64_C(1) << 52;
        out[i] = valid[i] ? bin_of(a, l, h, bins) : 0;
    }
    return CF_OK;
}

/* A number of the form {1, 2, 5} 10^e, kept as integers so that its multiples come out exact.
 */
typedef struct {
    double digit;
    int exponent;
} step;

static double power_of_ten(int e) {
    double p = 1;
    for (; e >= 22; e -= 22)
        p *= 1e22;
    for (; e > 0; e--)
        p *= 10;
    return p;
}

static double multiple(double k, step s) {
    if (s.exponent >= 0) return k * s.digit * power_of_ten(s.exponent);
    return k * s.digit / power_of_ten(-s.exponent);
}

/* The smallest such step that is at least `least`. */
static step nice_step(double least) {
    static const double digits[] = {1, 2, 5};
    for (int e = -290; e <= 308; e++)
        for (size_t i = 0; i < 3; i++) {
            const step s = {digits[i], e};
            if (multiple(1, s) >= least) return s;
        }
    return (step){1, 308};
}

/* The range of n bins that holds low..high, its ends rounded outward to a 1-2-5 step.  Since
 * bins do not hold their upper edge, a value there moves it one step up. */
static void nice_range(double low, double high, double n, double *from, double *to) {
    if (!(low <= high) || isinf(low) || isinf(high)) {
        *from = 0;
        *to = 1;
        return;
    }
    const double least = fmax(fmax(fabs(low), fabs(high)) * 0x1p-40,
                              1e-290); /* so that whole steps can be counted */
    const double width = fmax(high > low ? (high - low) / n : 1.0, least);
    const step s = nice_step(isinf(width) ? 1e307 : width);
    const double unit = multiple(1, s);
    double a = floor(low / unit), b = ceil(high / unit);
    while (multiple(a, s) > low)
        a -= 1;
    if (multiple(b, s) <= high) b += 1;
    *from = multiple(a, s);
    *to = multiple(b, s);
    if (!(*from < *to) || isinf(*to - *from)) { /* at the end of what floats can tell apart */
        *from = -0x1p1022;
        *to = 0x1p1022;
    }
}

/* Without any value (null) the range is 0..1. */
static cf_status nice(cf_call *call, bool upper) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        double low = ARG(call, 0, double)[i * STEP(call, 0)],
               high = ARG(call, 1, double)[i * STEP(call, 1)];
        const int64_t n = ARG(call, 2, int64_t)[i * STEP(call, 2)];
        if (!cf_arg_valid(call, 0, i) || !cf_arg_valid(call, 1, i)) low = (double)NAN;
        double from, to;
        nice_range(low, high, n > 0 ? (double)n : 1.0, &from, &to);
        out[i] = upper ? to : from;
    }
    return CF_OK;
}

static cf_status nice_low(cf_call *call) {
    return nice(call, false);
}

static cf_status nice_high(cf_call *call) {
    return nice(call, true);
}

/* ---- randomness: a hash of seed and row ---- */

static cf_status random_unit(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *seed = ARG(call, 0, int64_t), *row = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++)
        out[i] =
            cf_random_unit((uint64_t)seed[i * STEP(call, 0)], (uint64_t)row[i * STEP(call, 1)]);
    return CF_OK;
}

/* What a histogram's mean adds up. */
CF_SIMD static void inside_loop(double *restrict out, const double *restrict x, double low,
                                double high, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] >= low && x[i] < high ? x[i] : 0;
}

static cf_status hist_inside(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const double *x = ARG(call, 0, double), *low = ARG(call, 1, double),
                 *high = ARG(call, 2, double);
    if (STEP(call, 0) == 1 && STEP(call, 1) == 0 && STEP(call, 2) == 0)
        inside_loop(out, x, *low, *high, call->n);
    else
        for (size_t i = 0; i < call->n; i++)
            inside_loop(out + i, x + i * STEP(call, 0), low[i * STEP(call, 1)],
                        high[i * STEP(call, 2)], 1);
    return CF_OK;
}

/* ---- unsigned integers as ints of the same order ---- */

#define SIGN_BIT ((uint64_t)1 << 63)
KERNEL_1(uint64_key, uint64_t, int64_t, (int64_t)(a ^ SIGN_BIT))
KERNEL_1(uint64_of_key, int64_t, uint64_t, (uint64_t)a ^ SIGN_BIT)

static const cf_func key_functions[] = {
    FN("uint64_key", uint64_key, PURE, INT64, CF_UINT64),
    FN("uint64_of_key", uint64_of_key, PURE, UINT64, CF_INT64),
};
static const cf_func hist_functions[] = {
    FN("hist_bin", hist_bin, CF_TOTAL, INT64, CF_FLOAT64, CF_FLOAT64, CF_FLOAT64, CF_INT64),
    FN("nice_low", nice_low, CF_TOTAL, FLOAT64, CF_FLOAT64, CF_FLOAT64, CF_INT64),
    FN("nice_high", nice_high, CF_TOTAL, FLOAT64, CF_FLOAT64, CF_FLOAT64, CF_INT64),
    FN("hist_inside", hist_inside, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64, CF_FLOAT64),
};
static const cf_func random_functions[] = {
    FN("random", random_unit, PURE, FLOAT64, CF_INT64, CF_INT64)};

static const cf_builtin builtins[] = {
    {"hist_bin", CF_BUILTIN_MAP, "hist_bin x low high n",
     "Which of the n bins between low and high x lies in: 1 to n, 0 below, n + 1 above; null "
     "for nan.",
     "from [{x = 0.5}]\nselect {b = hist_bin x 0.0 1.0 10}", NULL, hist_functions, 1, NULL,
     "hist"},
    {"nice_low", CF_BUILTIN_MAP, "nice_low low high n",
     "The lower end of a histogram of n bins for values from low to high.",
     "from [{x = 0.5}]\nselect {b = nice_low x 3.2 10}", NULL, hist_functions + 1, 1, NULL,
     "hist"},
    {"nice_high", CF_BUILTIN_MAP, "nice_high low high n",
     "The upper end of a histogram of n bins for values from low to high.",
     "from [{x = 0.5}]\nselect {b = nice_high x 3.2 10}", NULL, hist_functions + 2, 1, NULL,
     "hist"},
    {"hist_inside", CF_BUILTIN_MAP, "hist_inside x low high",
     "x if it lies from low to below high, else 0.", NULL, NULL, hist_functions + 3, 1, NULL,
     "hist"},
    {"uint64_key", CF_BUILTIN_MAP, "uint64_key x",
     "An unsigned integer of 64 bits as an int, in the same order.", NULL, NULL, key_functions,
     1, NULL, "uint64_of_key"},
    {"uint64_of_key", CF_BUILTIN_MAP, "uint64_of_key k", "What uint64_key came from.", NULL,
     NULL, key_functions + 1, 1, NULL, "uint64_key"},
    {"random", CF_BUILTIN_MAP, "random seed row",
     "A number from 0 to 1 (1 not included) that depends on the two ints only: the same on "
     "every machine.",
     "from [{row = 1}]\nselect {r = random 42 row}", NULL, OVERLOADS(random_functions), NULL,
     "shuffle sample split"},
};

const cf_family cf_family_parts = {"parts of plans", builtins, CF_COUNT(builtins)};
