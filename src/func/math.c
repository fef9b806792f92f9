/* Mathematical functions.  All are also visible with the prefix `math.`. */
#include "prim/math.h"

#include "func/func_internal.h"

#include <math.h>

#define PI 3.14159265358979323846

static cf_status unary(cf_call *call, cf_math_1_fn *f) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    f(out, ARG(call, 0, double), call->n);
    return CF_OK;
}

static cf_status binary(cf_call *call, cf_math_2_fn *f) {
    double *out = cf_call_alloc(call);
    const double *x = out == NULL ? NULL : cf_call_doubles(call, 0);
    const double *y = x == NULL ? NULL : cf_call_doubles(call, 1);
    if (y == NULL) return CF_E_MEMORY;
    f(out, x, y, call->n);
    return CF_OK;
}

#define UNARY(name)                                \
    static cf_status name##_float(cf_call *call) { \
        return unary(call, cf_prim_##name);        \
    }
UNARY(sqrt)
UNARY(exp)
UNARY(log)
UNARY(log10)
UNARY(sin)
UNARY(cos)
UNARY(tan)
UNARY(asin)
UNARY(acos)
UNARY(atan)
UNARY(sinh)
UNARY(cosh)
UNARY(tanh)

static cf_status atan2_float(cf_call *call) {
    return binary(call, cf_prim_atan2);
}

static cf_status hypot_float(cf_call *call) {
    return binary(call, cf_prim_hypot);
}

/* pow e x: the exponent comes first. */
static void power(double *out, const double *exponent, const double *base, size_t n) {
    cf_prim_pow(out, base, exponent, n);
}

static cf_status power_float(cf_call *call) {
    return binary(call, power);
}

/* To the bases 2 and 10 there are functions that give 3.0 for 8 and 1000. */
static void logarithm(double *out, const double *base, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double below;
        cf_math_1_fn *own = base[i] == 2.0    ? cf_prim_log2
                            : base[i] == 10.0 ? cf_prim_log10
                                              : cf_prim_log;
        own(&out[i], &x[i], 1);
        if (own != cf_prim_log) continue;
        cf_prim_log(&below, &base[i], 1);
        out[i] /= below;
    }
}

static cf_status log_base_float(cf_call *call) {
    return binary(call, logarithm);
}

KERNEL_1(abs_float, double, double, fabs(a))
KERNEL_1(floor_float, double, double, floor(a))
KERNEL_1(ceil_float, double, double, ceil(a))
KERNEL_1(same_int, int64_t, int64_t, a)
KERNEL_1(sign_int, int64_t, int64_t, (int64_t)(a > 0) - (int64_t)(a < 0))
KERNEL_1(sign_float, double, double, a > 0 ? 1.0 : a < 0 ? -1.0 : a)
KERNEL_1(is_nan_float, double, uint8_t, a != a)
KERNEL_1(degrees_float, double, double, a *(180.0 / PI))
KERNEL_1(radians_float, double, double, a *(PI / 180.0))

static cf_status abs_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *x = ARG(call, 0, int64_t);
    bool bad = false;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = x[i] < 0 ? (int64_t)(0 - (uint64_t)x[i]) : x[i];
        bad |= x[i] == INT64_MIN;
    }
    if (!bad) return CF_OK;
    return cf_fail(call->err, CF_E_OVERFLOW, call->span,
                   "abs(%lld) does not fit into an integer of 64 bits", (long long)INT64_MIN);
}

/* ---- round n x ---- */

static double ten_to(int64_t n) {
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double power = 1;
    for (; n > 22; n -= 22)
        power *= 1e22;
    return power * tens[n];
}

static inline double away(double x) {
    const double whole = trunc(x);
    return whole + (fabs(x - whole) >= 0.5 ? copysign(1.0, x) : 0.0);
}

/* From 2^52 on there are no fractions to round; that also leaves nan and infinities alone. */
static inline double round_places(double x, double scale) {
    const double scaled = x * scale;
    return fabs(scaled) < 0x1p52 ? away(scaled) / scale : x;
}

static inline double round_tens(double x, double scale) {
    return fabs(x) < (double)INFINITY ? away(x / scale) * scale : x;
}

CF_SIMD static void round_loop(double *restrict out, const double *restrict x, double scale,
                               size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = round_places(x[i], scale);
}

static double round_one(double x, int64_t digits) {
    if (digits > 330) return x;
    if (digits < -330) return x - x; /* 0, but nan for what is no number */
    return digits >= 0 ? round_places(x, ten_to(digits)) : round_tens(x, ten_to(-digits));
}

static cf_status round_float(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const int64_t *digits = ARG(call, 0, int64_t);
    const double *x = ARG(call, 1, double);
    if (STEP(call, 0) == 0 && *digits >= 0 && *digits <= 300)
        round_loop(out, x, ten_to(*digits), call->n);
    else
        for (size_t i = 0; i < call->n; i++)
            out[i] = round_one(x[i * STEP(call, 1)], digits[i * STEP(call, 0)]);
    return CF_OK;
}

/* Of ints only negative places change anything. */
static bool round_int_one(int64_t x, int64_t digits, int64_t *out) {
    *out = digits >= 0 ? x : 0;
    if (digits >= 0 || digits < -19) return true;
    uint64_t unit = 1;
    for (int64_t i = 0; i < -digits; i++)
        unit *= 10;
    const uint64_t size = x < 0 ? 0 - (uint64_t)x : (uint64_t)x, rest = size % unit;
    uint64_t rounded = size - rest;
    if (rest >= unit - rest && __builtin_add_overflow(rounded, unit, &rounded)) return false;
    if (rounded > (uint64_t)INT64_MAX + (x < 0)) return false;
    *out = x < 0 ? (int64_t)(0 - rounded) : (int64_t)rounded;
    return true;
}

static cf_status round_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        const int64_t digits = ARG(call, 0, int64_t)[i * STEP(call, 0)],
                      x = ARG(call, 1, int64_t)[i * STEP(call, 1)];
        if (!round_int_one(x, digits, &out[i]) && cf_row_valid(call, i))
            return cf_fail(
                call->err, CF_E_OVERFLOW, call->span,
                "%lld rounded to %lld places does not fit into an integer of 64 bits",
                (long long)x, (long long)digits);
    }
    return CF_OK;
}

static cf_status pi(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        out[i] = PI;
    return CF_OK;
}

#define ONE(plan, fn) FN(plan, fn, PURE, FLOAT64, CF_FLOAT64)
#define TWO(plan, fn) FN(plan, fn, PURE, FLOAT64, CF_FLOAT64, CF_FLOAT64)

static const cf_func abs_functions[] = {FN("abs_int", abs_int, CF_STRICT, INT64, CF_INT64),
                                        ONE("abs_float", abs_float)};
static const cf_func floor_functions[] = {FN("floor_int", same_int, PURE, INT64, CF_INT64),
                                          ONE("floor_float", floor_float)};
static const cf_func ceil_functions[] = {FN("ceil_int", same_int, PURE, INT64, CF_INT64),
                                         ONE("ceil_float", ceil_float)};
static const cf_func round_functions[] = {
    FN("round_int", round_int, CF_STRICT, INT64, CF_INT64, CF_INT64),
    FN("round_float", round_float, PURE, FLOAT64, CF_INT64, CF_FLOAT64)};
static const cf_func sign_functions[] = {FN("sign_int", sign_int, PURE, INT64, CF_INT64),
                                         ONE("sign_float", sign_float)};
static const cf_func is_nan_functions[] = {FN("is_nan", is_nan_float, PURE, BOOL, CF_FLOAT64)};
static const cf_func pi_functions[] = {FN0("pi", pi, PURE, FLOAT64)};
static const cf_func log_functions[] = {TWO("log_base", log_base_float)};
static const cf_func pow_functions[] = {TWO("power", power_float)};
static const cf_func hypot_functions[] = {TWO("hypot", hypot_float)};
static const cf_func atan2_functions[] = {TWO("atan2", atan2_float)};
#define TABLE(name, fn) static const cf_func name##_functions[] = {ONE(#name, fn)};
TABLE(sqrt, sqrt_float)
TABLE(exp, exp_float)
TABLE(ln, log_float)
TABLE(log10, log10_float)
TABLE(sin, sin_float)
TABLE(cos, cos_float)
TABLE(tan, tan_float)
TABLE(asin, asin_float)
TABLE(acos, acos_float)
TABLE(atan, atan_float)
TABLE(sinh, sinh_float)
TABLE(cosh, cosh_float)
TABLE(tanh, tanh_float)
TABLE(degrees, degrees_float)
TABLE(radians, radians_float)

#define ROW(name, usage, doc, example, shows, related)                                        \
    {                                                                                         \
#name, CF_BUILTIN_MAP, usage, doc, example, shows, OVERLOADS(name##_functions), NULL, \
            related                                                                           \
    }
#define NOTE "  Null gives null, nan gives nan."

static const cf_builtin builtins[] = {
    ROW(abs, "abs x", "Size without sign; an int stays an int." NOTE,
        "from [{x = -2.5}, {x = 3.0}]\nselect {y = abs x}", "y\n2.5\n3.0\n", "sign"),
    ROW(floor, "floor x",
        "Largest whole number not above x.  A float stays a float (2.0), an int stays as it "
        "is.\nNull gives null, nan gives nan.",
        "from [{x = -2.5}, {x = 2.5}]\nselect {y = floor x}", "y\n-3.0\n2.0\n",
        "ceil round as"),
    ROW(ceil, "ceil x",
        "Smallest whole number not below x.  A float stays a float, an int stays as it "
        "is." NOTE,
        "from [{x = -2.5}, {x = 2.5}]\nselect {y = ceil x}", "y\n-2.0\n3.0\n",
        "floor round as"),
    ROW(round, "round n x",
        "x rounded to n places after the point, half away from zero; n = -2 rounds to "
        "hundreds.  A float\n"
        "stays a float, an int stays an int.  What is rounded is the number as it is stored: "
        "1.005 is\n"
        "slightly less than it looks." NOTE,
        "from [{x = 2.345}]\nselect {a = round 1 x, b = (x | round 0)}", "a,b\n2.3,2.0\n",
        "floor ceil as"),
    ROW(sqrt, "sqrt x", "Square root; nan for x < 0." NOTE,
        "from [{x = 2.0}]\nselect {y = sqrt x}", "y\n1.4142135623730951\n", "pow hypot **"),
    ROW(exp, "exp x", "e to the power x; inf above 709.78." NOTE,
        "from [{x = 1.0}]\nselect {y = (exp x | round 6)}", "y\n2.718282\n", "ln pow"),
    ROW(ln, "ln x", "Logarithm to the base e; -inf for 0, nan for x < 0." NOTE,
        "from [{x = 2.0}]\nselect {y = (ln x | round 6)}", "y\n0.693147\n", "log log10 exp"),
    ROW(log, "log b x",
        "Logarithm of x to the base b.  Bases 2 and 10 are as exact as ln." NOTE,
        "from [{x = 8.0}]\nselect {y = log 2 x}", "y\n3.0\n", "ln log10"),
    ROW(log10, "log10 x", "Logarithm to the base 10; -inf for 0, nan for x < 0." NOTE,
        "from [{x = 1000.0}]\nselect {y = log10 x}", "y\n3.0\n", "ln log"),
    ROW(pow, "pow e x",
        "x to the power e (the exponent comes first), always a float; nan for x < 0 unless e "
        "is whole.\n0 ** 0 is 1." NOTE,
        "from [{x = 2.0}]\nselect {y = pow 3 x}", "y\n8.0\n", "** exp sqrt"),
    ROW(pi, "pi", "3.14159..., the half circumference of a circle of radius 1.",
        "from [{r = 1.0}]\nselect {y = (2 * pi * r | round 4)}", "y\n6.2832\n",
        "degrees radians"),
    ROW(sin, "sin x", "Sine of an angle in radians, exact for angles of any size." NOTE,
        "from [{x = 0.5}]\nselect {y = (sin x | round 6)}", "y\n0.479426\n",
        "cos tan asin radians"),
    ROW(cos, "cos x", "Cosine of an angle in radians, exact for angles of any size." NOTE,
        "from [{x = 0.5}]\nselect {y = (cos x | round 6)}", "y\n0.877583\n",
        "sin tan acos radians"),
    ROW(tan, "tan x", "Tangent of an angle in radians." NOTE,
        "from [{x = 0.5}]\nselect {y = (tan x | round 6)}", "y\n0.546302\n", "sin cos atan"),
    ROW(asin, "asin x", "The angle from -pi/2 to pi/2 whose sine is x; nan outside -1..1." NOTE,
        "from [{x = 0.5}]\nselect {y = (asin x | round 6)}", "y\n0.523599\n", "sin acos"),
    ROW(acos, "acos x", "The angle from 0 to pi whose cosine is x; nan outside -1..1." NOTE,
        "from [{x = 0.5}]\nselect {y = (acos x | round 6)}", "y\n1.047198\n", "cos asin"),
    ROW(atan, "atan x", "The angle from -pi/2 to pi/2 whose tangent is x." NOTE,
        "from [{x = 1.0}]\nselect {y = (atan x | round 6)}", "y\n0.785398\n", "tan atan2"),
    ROW(atan2, "atan2 y x",
        "The angle from -pi to pi of the point (x, y), counted from the x axis; y comes "
        "first." NOTE,
        "from [{x = -1.0, y = 1.0}]\nselect {a = (atan2 y x | round 6)}", "a\n2.356194\n",
        "atan phi"),
    ROW(sinh, "sinh x", "Hyperbolic sine; pt * sinh(eta) is the momentum along the beam." NOTE,
        "from [{x = 1.0}]\nselect {y = (sinh x | round 6)}", "y\n1.175201\n", "cosh tanh p4"),
    ROW(cosh, "cosh x", "Hyperbolic cosine; pt * cosh(eta) is the momentum." NOTE,
        "from [{x = 1.0}]\nselect {y = (cosh x | round 6)}", "y\n1.543081\n", "sinh tanh p4"),
    ROW(tanh, "tanh x", "Hyperbolic tangent, from -1 to 1." NOTE,
        "from [{x = 1.0}]\nselect {y = (tanh x | round 6)}", "y\n0.761594\n", "sinh cosh"),
    ROW(degrees, "degrees x", "Radians as degrees." NOTE,
        "from [{x = 0.5}]\nselect {y = (degrees x | round 5)}", "y\n28.64789\n", "radians pi"),
    ROW(radians, "radians x", "Degrees as radians." NOTE,
        "from [{x = 180.0}]\nselect {y = (radians x | round 5)}", "y\n3.14159\n", "degrees pi"),
    ROW(sign, "sign x", "-1, 0 or 1; int of an int, float of a float." NOTE,
        "from [{x = -13}, {x = 0}]\nselect {y = sign x}", "y\n-1\n0\n", "abs"),
    ROW(hypot, "hypot x y",
        "sqrt(x ** 2 + y ** 2), also where the squares would be too large or too small." NOTE,
        "from [{x = 3.0, y = 4.0}]\nselect {r = hypot x y}", "r\n5.0\n", "sqrt pt"),
    ROW(is_nan, "is_nan x",
        "True where x is nan (not a number).  Comparing with == never finds nan.  Null gives "
        "null: nan is\na value, null is none.",
        "from [{x = 0.0}, {x = 1.0}]\nselect {y = is_nan (x / 0)}", "y\ntrue\nfalse\n",
        "== ??"),
};

const cf_family cf_family_math = {"math", builtins, CF_COUNT(builtins)};
