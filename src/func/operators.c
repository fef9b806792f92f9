/* Arithmetic: + - * / // % ** and the unary minus.  Integer results that do not fit are an
 * error, never a wrapped number; floats are IEEE. */
#include "func/func_internal.h"
#include "prim/math.h"

#include <math.h>

#define DAY INT64_C(86400000000) /* microseconds */

static cf_status overflow(cf_call *call, int64_t a, const char *op, int64_t b) {
    return cf_fail(call->err, CF_E_OVERFLOW, call->span,
                   "%lld %s %lld does not fit into an integer of 64 bits", (long long)a, op,
                   (long long)b);
}

/* The first counting row whose result overflows becomes the error; a null row never does. */
typedef bool overflows_fn(int64_t a, int64_t b);

static cf_status overflow_where(cf_call *call, overflows_fn *overflows, const char *op) {
    const int64_t *x = ARG(call, 0, int64_t), *y = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t a = x[i * STEP(call, 0)], b = y[i * STEP(call, 1)];
        if (cf_row_valid(call, i) && overflows(a, b)) return overflow(call, a, op, b);
    }
    return CF_OK;
}

/* Wrapped results first, in a loop without branches that also gathers the signs of overflow. */
#define CHECKED(name, builtin, op, wrapped, sign)                                             \
    static bool name##_overflows(int64_t a, int64_t b) {                                      \
        int64_t r;                                                                            \
        return builtin(a, b, &r);                                                             \
    }                                                                                         \
    CF_SIMD static bool name##_loop(int64_t *restrict out, const int64_t *restrict x,         \
                                    const int64_t *restrict y, size_t n) {                    \
        int64_t bad = 0;                                                                      \
        for (size_t i = 0; i < n; i++) {                                                      \
            const int64_t a = x[i], b = y[i], r = (int64_t)((uint64_t)a wrapped(uint64_t) b); \
            out[i] = r;                                                                       \
            bad |= (sign);                                                                    \
        }                                                                                     \
        return bad < 0;                                                                       \
    }                                                                                         \
    CF_SIMD static bool name##_loop_c(int64_t *restrict out, const int64_t *restrict x,       \
                                      int64_t b, size_t n) {                                  \
        int64_t bad = 0;                                                                      \
        for (size_t i = 0; i < n; i++) {                                                      \
            const int64_t a = x[i], r = (int64_t)((uint64_t)a wrapped(uint64_t) b);           \
            out[i] = r;                                                                       \
            bad |= (sign);                                                                    \
        }                                                                                     \
        return bad < 0;                                                                       \
    }                                                                                         \
    CF_SIMD static bool c_##name##_loop(int64_t *restrict out, int64_t a,                     \
                                        const int64_t *restrict y, size_t n) {                \
        int64_t bad = 0;                                                                      \
        for (size_t i = 0; i < n; i++) {                                                      \
            const int64_t b = y[i], r = (int64_t)((uint64_t)a wrapped(uint64_t) b);           \
            out[i] = r;                                                                       \
            bad |= (sign);                                                                    \
        }                                                                                     \
        return bad < 0;                                                                       \
    }                                                                                         \
    static cf_status name(cf_call *call) {                                                    \
        int64_t *out = cf_call_alloc(call);                                                   \
        if (out == NULL) return CF_E_MEMORY;                                                  \
        const int64_t *x = ARG(call, 0, int64_t), *y = ARG(call, 1, int64_t);                 \
        const bool bad = STEP(call, 1) == 0   ? name##_loop_c(out, x, *y, call->n)            \
                         : STEP(call, 0) == 0 ? c_##name##_loop(out, *x, y, call->n)          \
                                              : name##_loop(out, x, y, call->n);              \
        return bad ? overflow_where(call, name##_overflows, op) : CF_OK;                      \
    }

CHECKED(add_int, __builtin_add_overflow, "+", +, (a ^ r) & (b ^ r))
CHECKED(sub_int, __builtin_sub_overflow, "-", -, (a ^ b) & (a ^ r))

static bool mul_overflows(int64_t a, int64_t b) {
    int64_t r;
    return __builtin_mul_overflow(a, b, &r);
}

static cf_status mul_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *x = ARG(call, 0, int64_t), *y = ARG(call, 1, int64_t);
    const size_t dx = STEP(call, 0), dy = STEP(call, 1);
    bool bad = false;
    for (size_t i = 0; i < call->n; i++)
        bad |= __builtin_mul_overflow(x[i * dx], y[i * dy], &out[i]);
    return bad ? overflow_where(call, mul_overflows, "*") : CF_OK;
}

KERNEL_2(add_float, double, double, double, a + b)
KERNEL_2(sub_float, double, double, double, a - b)
KERNEL_2(mul_float, double, double, double, a *b)
KERNEL_2(div_float, double, double, double, a / b)
KERNEL_2(idiv_float, double, double, double, trunc(a / b))
KERNEL_2(mod_float, double, double, double, fmod(a, b))
KERNEL_1(neg_float, double, double, -a)
KERNEL_1(neg_wrapped, int64_t, int64_t, (int64_t)(0 - (uint64_t)a))

static cf_status neg_int(cf_call *call) {
    CF_TRY(neg_wrapped(call));
    const int64_t *x = ARG(call, 0, int64_t);
    bool bad = false;
    for (size_t i = 0; i < call->n; i++)
        bad |= x[i] == INT64_MIN;
    if (bad)
        return cf_fail(call->err, CF_E_OVERFLOW, call->span,
                       "-(%lld) does not fit into an integer of 64 bits", (long long)INT64_MIN);
    return CF_OK;
}

/* x // 0 and x % 0 are null. */
static cf_status idiv_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    uint8_t *valid = out == NULL ? NULL : cf_call_join_own(call);
    if (valid == NULL) return CF_E_MEMORY;
    const int64_t *x = ARG(call, 0, int64_t), *y = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t a = x[i * STEP(call, 0)], b = y[i * STEP(call, 1)];
        valid[i] &= b != 0;
        if (valid[i] && b == -1 && a == INT64_MIN) return overflow(call, a, "//", b);
        out[i] = valid[i] ? a / b : 0;
    }
    return CF_OK;
}

static cf_status mod_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    uint8_t *valid = out == NULL ? NULL : cf_call_join_own(call);
    if (valid == NULL) return CF_E_MEMORY;
    const int64_t *x = ARG(call, 0, int64_t), *y = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t a = x[i * STEP(call, 0)], b = y[i * STEP(call, 1)];
        valid[i] &= b != 0;
        out[i] = valid[i] && b != -1 ? a % b : 0;
    }
    return CF_OK;
}

/* By squaring; false: too large. */
static bool int_power(int64_t base, int64_t exponent, int64_t *out) {
    int64_t result = 1;
    for (;;) {
        if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return false;
        exponent >>= 1;
        if (exponent == 0) break;
        if (__builtin_mul_overflow(base, base, &base)) return false;
    }
    *out = result;
    return true;
}

static cf_status pow_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *x = ARG(call, 0, int64_t), *y = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t a = x[i * STEP(call, 0)], b = y[i * STEP(call, 1)];
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        if (b < 0) {
            (void)cf_fail(call->err, CF_E_VALUE, call->span, "%lld ** %lld is not an int",
                          (long long)a, (long long)b);
            cf_error_hint(call->err, "make the base a float: `(x as float) ** n`");
            return CF_E_VALUE;
        }
        if (!int_power(a, b, &out[i])) return overflow(call, a, "**", b);
    }
    return CF_OK;
}

/* A square is x * x exactly rounded, whether its exponent is written or read from a column. */
static cf_status pow_float(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    if (STEP(call, 1) == 0 && ARG(call, 1, double)[0] == 2.0) {
        const double *x = ARG(call, 0, double);
        for (size_t i = 0; i < call->n; i++)
            out[i] = x[i] * x[i];
        return CF_OK;
    }
    const double *x = cf_call_doubles(call, 0), *y = cf_call_doubles(call, 1);
    if (x == NULL || y == NULL) return CF_E_MEMORY;
    cf_prim_pow(out, x, y, call->n);
    return CF_OK;
}

/* Dates and times are numbers of days and microseconds, so most of it is integer arithmetic. */

static cf_status sub_date(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *x = ARG(call, 0, int64_t), *y = ARG(call, 1, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t a = x[i * STEP(call, 0)], b = y[i * STEP(call, 1)];
        int64_t days = 0;
        out[i] = 0;
        if (cf_row_valid(call, i) &&
            (__builtin_sub_overflow(a, b, &days) || __builtin_mul_overflow(days, DAY, &out[i])))
            return cf_fail(call->err, CF_E_OVERFLOW, call->span,
                           "these dates lie too far apart for a duration");
    }
    return CF_OK;
}

static cf_status move_date(cf_call *call, size_t date, int64_t sign) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *d = ARG(call, date, int64_t), *by = ARG(call, 1 - date, int64_t);
    for (size_t i = 0; i < call->n; i++) {
        const int64_t us = by[i * STEP(call, 1 - date)];
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        if (us % DAY != 0) {
            (void)cf_fail(call->err, CF_E_VALUE, call->span,
                          "only whole days can be added to a date, and %lld microseconds are "
                          "no whole days",
                          (long long)us);
            cf_error_hint(call->err, "compute with timestamps: `(d as timestamp) + 3hours`");
            return CF_E_VALUE;
        }
        if (__builtin_add_overflow(d[i * STEP(call, date)], sign * (us / DAY), &out[i]))
            return cf_fail(call->err, CF_E_OVERFLOW, call->span, "this date lies too far away");
    }
    return CF_OK;
}

static cf_status add_date_duration(cf_call *call) {
    return move_date(call, 0, 1);
}

static cf_status add_duration_date(cf_call *call) {
    return move_date(call, 1, 1);
}

static cf_status sub_date_duration(cf_call *call) {
    return move_date(call, 0, -1);
}

static const cf_func add_functions[] = {
    FN("add_int", add_int, CF_STRICT, INT64, CF_INT64, CF_INT64),
    FN("add_float", add_float, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64),
    FN("add_duration", add_int, CF_STRICT, DURATION, CF_DURATION, CF_DURATION),
    FN("add_date_duration", add_date_duration, CF_STRICT, DATE, CF_DATE, CF_DURATION),
    FN("add_duration_date", add_duration_date, CF_STRICT, DATE, CF_DURATION, CF_DATE),
    FN("add_timestamp_duration", add_int, CF_STRICT, TIMESTAMP, CF_TIMESTAMP, CF_DURATION),
    FN("add_duration_timestamp", add_int, CF_STRICT, TIMESTAMP, CF_DURATION, CF_TIMESTAMP),
};
static const cf_func sub_functions[] = {
    FN("sub_int", sub_int, CF_STRICT, INT64, CF_INT64, CF_INT64),
    FN("sub_float", sub_float, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64),
    FN("sub_date", sub_date, CF_STRICT, DURATION, CF_DATE, CF_DATE),
    FN("sub_timestamp", sub_int, CF_STRICT, DURATION, CF_TIMESTAMP, CF_TIMESTAMP),
    FN("sub_time", sub_int, CF_STRICT, DURATION, CF_TIME, CF_TIME),
    FN("sub_duration", sub_int, CF_STRICT, DURATION, CF_DURATION, CF_DURATION),
    FN("sub_date_duration", sub_date_duration, CF_STRICT, DATE, CF_DATE, CF_DURATION),
    FN("sub_timestamp_duration", sub_int, CF_STRICT, TIMESTAMP, CF_TIMESTAMP, CF_DURATION),
    FN("neg_int", neg_int, CF_STRICT, INT64, CF_INT64),
    FN("neg_float", neg_float, PURE, FLOAT64, CF_FLOAT64),
    FN("neg_duration", neg_int, CF_STRICT, DURATION, CF_DURATION),
};
#define SUBTRACTIONS 8u /* of them; the rest negate */
static const cf_func mul_functions[] = {
    FN("mul_int", mul_int, CF_STRICT, INT64, CF_INT64, CF_INT64),
    FN("mul_float", mul_float, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64),
    FN("mul_duration_int", mul_int, CF_STRICT, DURATION, CF_DURATION, CF_INT64),
    FN("mul_int_duration", mul_int, CF_STRICT, DURATION, CF_INT64, CF_DURATION),
};
static const cf_func div_functions[] = {
    FN("div_float", div_float, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64),
};
static const cf_func idiv_functions[] = {
    FN("idiv_int", idiv_int, 0, INT64, CF_INT64, CF_INT64),
    FN("idiv_float", idiv_float, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64),
    FN("idiv_duration", idiv_int, 0, INT64, CF_DURATION, CF_DURATION),
};
static const cf_func mod_functions[] = {
    FN("mod_int", mod_int, CF_TOTAL, INT64, CF_INT64, CF_INT64),
    FN("mod_float", mod_float, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64),
};
static const cf_func pow_functions[] = {
    FN("pow_int", pow_int, CF_STRICT, INT64, CF_INT64, CF_INT64),
    FN("pow_float", pow_float, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64),
};

static const cf_builtin builtins[] = {
    {"+", CF_BUILTIN_MAP, "a + b",
     "Sum of two numbers: int if both are, else float.  An int that does not fit into 64 bits "
     "is an error.\n"
     "Also: date + days, timestamp + duration, duration + duration, and the sum of two "
     "four-vectors\n"
     "(see p4), which is {px, py, pz, e}.  Null if a or b is.",
     "from [{a = 1, b = 2.5}]\nselect {c = a + b, d = a + 1}", "c,d\n3.5,2\n",
     OVERLOADS(add_functions), NULL, "- sum p4"},
    {"-", CF_BUILTIN_MAP, "a - b",
     "Difference of two numbers: int if both are, else float.  The difference of two dates, "
     "times or\n"
     "timestamps is a duration; date - days and timestamp - duration go back in time.  -a "
     "negates.\n"
     "At the head of an argument write (-a), or -a without a blank after the sign.  Null if a "
     "or b is.",
     "from [{a = 1, b = 2.5}]\nselect {c = a - b, d = -a}", "c,d\n-1.5,-1\n", sub_functions,
     SUBTRACTIONS, NULL, "+ neg"},
    {"*", CF_BUILTIN_MAP, "a * b",
     "Product of two numbers: int if both are, else float.  An int that does not fit into 64 "
     "bits is an\n"
     "error.  A duration may be multiplied by an int.  Null if a or b is.",
     "from [{a = 3}]\nselect {b = a * 4, c = a * 0.5}", "b,c\n12,1.5\n",
     OVERLOADS(mul_functions), NULL, "/ **"},
    {"/", CF_BUILTIN_MAP, "a / b",
     "Quotient, always a float: 7 / 2 is 3.5.  As IEEE has it, x / 0 is inf or -inf and 0 / 0 "
     "is nan.\n"
     "Null if a or b is.",
     "from [{a = 7, b = 2}]\nselect {c = a / b, d = a / 0}", "c,d\n3.5,inf\n",
     OVERLOADS(div_functions), NULL, "// %"},
    {"//", CF_BUILTIN_MAP, "a // b",
     "Quotient without its fraction, cut off towards zero: -7 // 2 is -3.  Of ints an int, and "
     "null when b\n"
     "is 0; of floats a float.  duration // duration is an int.  Null if a or b is.",
     "from [{a = 7, b = -2}]\nselect {c = a // b, d = a // 0}", "c,d\n-3,\n",
     OVERLOADS(idiv_functions), NULL, "/ %"},
    {"%", CF_BUILTIN_MAP, "a % b",
     "Remainder of a // b; it has the sign of a.  Of ints an int, and null when b is 0; of "
     "floats a float,\n"
     "and nan when b is 0.  Null if a or b is.",
     "from [{a = 7, b = -2}]\nselect {c = a % b, d = b % a}", "c,d\n1,-2\n",
     OVERLOADS(mod_functions), NULL, "//"},
    {"**", CF_BUILTIN_MAP, "a ** b",
     "a to the power b.  Of two ints an int (one that does not fit into 64 bits is an error); "
     "with a\n"
     "written negative exponent, or a float on either side, a float.  0 ** 0 is 1.  Binds from "
     "the right:\n"
     "2 ** 3 ** 2 is 2 ** 9; and -a ** 2 is (-a) ** 2.  Null if a or b is.",
     "from [{a = 2}]\nselect {b = a ** 10, c = a ** 0.5}", "b,c\n1024,1.4142135623730951\n",
     OVERLOADS(pow_functions), NULL, "pow exp sqrt"},
    {"neg", CF_BUILTIN_MAP, "-a",
     "The negated number or duration.  -x of the smallest int does not exist and is an error.  "
     "Null stays null.",
     "from [{a = 2.5}]\nselect {b = -a}", "b\n-2.5\n", sub_functions + SUBTRACTIONS,
     CF_COUNT(sub_functions) - SUBTRACTIONS, NULL, "- abs"},
};

const cf_family cf_family_operators = {"arithmetic", builtins, CF_COUNT(builtins)};
