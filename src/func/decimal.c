/* Decimals: whole numbers of up to 38 digits that count in steps of 10 ** -scale.  The scale
 * belongs to the type, so it comes as an argument; where the result is a decimal, its scale is
 * the last one.  Parts of plans: the binder chooses them.
 *
 * What compares, groups or sorts decimals does so by their keys: texts whose bytes stand in the
 * decimals' order.  Sums go as four sums of ints, of 32 bits each. */
#include "func/func_internal.h"

#include <stdlib.h>

__extension__ typedef unsigned __int128 uint128;

#define DIGITS 38

static cf_int128 tens(int64_t scale) {
    cf_int128 x = 1;
    for (int64_t i = 0; i < scale && i < DIGITS; i++)
        x *= 10;
    return x;
}

static cf_int128 decimal_at(const cf_call *call, size_t index, size_t i) {
    cf_int128 x; /* arrays from files may lie anywhere */
    memcpy(&x, (const char *)call->args[index].data + i * STEP(call, index) * sizeof x,
           sizeof x);
    return x;
}

static int64_t int_at(const cf_call *call, size_t index, size_t i) {
    return ARG(call, index, int64_t)[i * STEP(call, index)];
}

static cf_status too_large(cf_call *call) {
    (void)cf_fail(call->err, CF_E_OVERFLOW, call->span,
                  "a decimal of more than %d digits would result", DIGITS);
    cf_error_hint(call->err, "`as float` computes with about 16 digits");
    return CF_E_OVERFLOW;
}

static bool fits(cf_int128 x) {
    const cf_int128 end = tens(DIGITS);
    return x < end && x > -end;
}

/* One row of a function with a decimal as result; false: it does not fit. */
typedef bool row_fn(const cf_call *call, size_t i, cf_int128 *out);

static cf_status each_row(cf_call *call, row_fn *row) {
    cf_int128 *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        out[i] = 0;
        const bool fine = row(call, i, &out[i]) && fits(out[i]);
        if (!fine && cf_row_valid(call, i)) return too_large(call);
        if (!fine) out[i] = 0;
    }
    return CF_OK;
}

#define EACH_ROW(name)                     \
    static cf_status name(cf_call *call) { \
        return each_row(call, name##_row); \
    }

/* ---- arithmetic ---- */

static bool from_int_row(const cf_call *call, size_t i, cf_int128 *out) {
    return !__builtin_mul_overflow((cf_int128)int_at(call, 0, i), tens(int_at(call, 1, i)),
                                   out);
}

static bool rescale_row(const cf_call *call, size_t i, cf_int128 *out) {
    const int64_t more = int_at(call, 2, i) - int_at(call, 1, i);
    return !__builtin_mul_overflow(decimal_at(call, 0, i), tens(more), out);
}

static bool add_row(const cf_call *call, size_t i, cf_int128 *out) {
    return !__builtin_add_overflow(decimal_at(call, 0, i), decimal_at(call, 1, i), out);
}

static bool sub_row(const cf_call *call, size_t i, cf_int128 *out) {
    return !__builtin_sub_overflow(decimal_at(call, 0, i), decimal_at(call, 1, i), out);
}

static bool mul_row(const cf_call *call, size_t i, cf_int128 *out) {
    return !__builtin_mul_overflow(decimal_at(call, 0, i), decimal_at(call, 1, i), out);
}

static bool neg_row(const cf_call *call, size_t i, cf_int128 *out) {
    return !__builtin_sub_overflow((cf_int128)0, decimal_at(call, 0, i), out);
}

static bool absolute_row(const cf_call *call, size_t i, cf_int128 *out) {
    *out = decimal_at(call, 0, i);
    return *out >= 0 || neg_row(call, i, out);
}

EACH_ROW(from_int)
EACH_ROW(rescale)
EACH_ROW(add)
EACH_ROW(sub)
EACH_ROW(mul)
EACH_ROW(neg)
EACH_ROW(absolute)

/* ---- order ---- */

/* -1, 0, 1: whole parts first, so that nothing overflows whatever the scales. */
static int64_t compared(cf_int128 x, int64_t x_scale, cf_int128 y, int64_t y_scale) {
    const cf_int128 a = tens(x_scale), b = tens(y_scale);
    cf_int128 left = x / a, right = y / b;
    if (left == right) {
        left = x % a * tens(y_scale - x_scale);
        right = y % b * tens(x_scale - y_scale);
    }
    return (left > right) - (left < right);
}

static cf_status compare(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        out[i] = compared(decimal_at(call, 0, i), int_at(call, 1, i), decimal_at(call, 2, i),
                          int_at(call, 3, i));
    return CF_OK;
}

#define KEY_BYTES 16

static cf_status key(cf_call *call) {
    cf_view *out = cf_call_alloc(call);
    char *bytes = out == NULL ? NULL : cf_call_text(call, call->n * KEY_BYTES);
    if (bytes == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++, bytes += KEY_BYTES) {
        uint128 x = (uint128)decimal_at(call, 0, i) + ((uint128)1 << 127);
        for (size_t k = KEY_BYTES; k-- > 0; x >>= 8)
            bytes[k] = (char)(unsigned char)(x & 0xFF);
        out[i] = (cf_view){bytes, KEY_BYTES};
    }
    return CF_OK;
}

static bool from_key_row(const cf_call *call, size_t i, cf_int128 *out) {
    const cf_view v = ARG(call, 0, cf_view)[i * STEP(call, 0)];
    uint128 x = 0;
    if (v.size != KEY_BYTES) return false; /* null */
    for (size_t k = 0; k < KEY_BYTES; k++)
        x = x << 8 | (unsigned char)v.data[k];
    *out = (cf_int128)(x - ((uint128)1 << 127));
    return true;
}
EACH_ROW(from_key)

/* ---- sums ---- */

#define BITS(name, expression)                                 \
    static cf_status name(cf_call *call) {                     \
        int64_t *out = cf_call_alloc(call);                    \
        if (out == NULL) return CF_E_MEMORY;                   \
        for (size_t i = 0; i < call->n; i++) {                 \
            const uint128 x = (uint128)decimal_at(call, 0, i); \
            out[i] = (int64_t)(expression);                    \
        }                                                      \
        return CF_OK;                                          \
    }
BITS(low, x &UINT32_MAX)
BITS(middle, x >> 32 & UINT32_MAX)
BITS(upper, x >> 64 & UINT32_MAX)
BITS(high, (cf_int128)x >> 96)

/* Arguments 0 to 3: the sums of the bits. */
static bool join_row(const cf_call *call, size_t i, cf_int128 *out) {
    const cf_int128 step = (cf_int128)1 << 32;
    *out = int_at(call, 3, i);
    for (size_t part = 3; part-- > 0;)
        if (__builtin_mul_overflow(*out, step, out) ||
            __builtin_add_overflow(*out, (cf_int128)int_at(call, part, i), out))
            return false;
    return true;
}
EACH_ROW(join)

/* ---- to other types ---- */

static size_t print(char out[64], cf_int128 x, int64_t scale) {
    char digits[64];
    size_t at = sizeof digits;
    uint128 rest = x < 0 ? -(uint128)x : (uint128)x;
    for (int64_t i = 0; rest != 0 || i <= scale; i++, rest /= 10) {
        if (i == scale && scale > 0) digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(rest % 10));
    }
    if (x < 0) digits[--at] = '-';
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

/* The nearest double. */
static double value_of(cf_int128 x, int64_t scale) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const cf_int128 exact = (cf_int128)1 << 53;
    if (scale >= 0 && scale <= 22 && x <= exact && x >= -exact)
        return (double)x / powers[scale]; /* one rounding */
    char text[64];
    text[print(text, x, scale < 0 ? 0 : scale > DIGITS ? DIGITS : scale)] = '\0';
    return strtod(text, NULL);
}

static cf_status scale_decimal(cf_call *call) {
    double *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        out[i] = value_of(decimal_at(call, 0, i), int_at(call, 1, i));
    return CF_OK;
}

static cf_status as_text(cf_call *call) {
    cf_view *out = cf_call_alloc(call);
    char *block = NULL;
    size_t left = 0;
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        char text[64];
        out[i] = (cf_view){NULL, 0};
        if (!cf_row_valid(call, i)) continue;
        const int64_t scale = int_at(call, 1, i);
        const size_t size =
            print(text, decimal_at(call, 0, i), scale > DIGITS ? DIGITS : scale);
        if (block == NULL || size > left) {
            left = (call->n - i) * size < 65536 ? (call->n - i) * size : 65536;
            block = cf_call_text(call, left);
            if (block == NULL) return CF_E_MEMORY;
        }
        memcpy(block, text, size);
        out[i] = (cf_view){block, size};
        block += size;
        left -= size;
    }
    return CF_OK;
}

/* Half away from zero. */
static cf_status as_int(cf_call *call) {
    int64_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        const cf_int128 x = decimal_at(call, 0, i), unit = tens(int_at(call, 1, i));
        const cf_int128 rest = x % unit, part = rest < 0 ? -rest : rest;
        const cf_int128 whole = x / unit + (part >= unit - part ? (x < 0 ? -1 : 1) : 0);
        out[i] = (int64_t)whole;
        if (out[i] != whole && cf_row_valid(call, i))
            return cf_fail(call->err, CF_E_VALUE, call->span,
                           "a decimal does not fit into an int");
    }
    return CF_OK;
}

/* Arguments: the sums of the bits, the count, the scale. */
static cf_status average(cf_call *call) {
    double *out = cf_call_alloc(call);
    uint8_t *valid = out == NULL ? NULL : cf_call_alloc_valid(call);
    if (valid == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++) {
        cf_int128 sum = 0;
        const int64_t count = int_at(call, 4, i);
        valid[i] = count > 0;
        out[i] = 0;
        if (count <= 0) continue;
        if (!join_row(call, i, &sum)) return too_large(call);
        out[i] = value_of(sum, int_at(call, 5, i)) / (double)count;
    }
    return CF_OK;
}

#define DECIMAL_AND_INT CF_DECIMAL, CF_INT64
static const cf_func functions[] = {
    FN("scale_decimal", scale_decimal, PURE, FLOAT64, DECIMAL_AND_INT),
    FN("decimal_of_int", from_int, CF_STRICT, DECIMAL, CF_INT64, CF_INT64),
    FN("decimal_rescale", rescale, CF_STRICT, DECIMAL, DECIMAL_AND_INT, CF_INT64),
    FN("decimal_add", add, CF_STRICT, DECIMAL, CF_DECIMAL, DECIMAL_AND_INT),
    FN("decimal_sub", sub, CF_STRICT, DECIMAL, CF_DECIMAL, DECIMAL_AND_INT),
    FN("decimal_mul", mul, CF_STRICT, DECIMAL, CF_DECIMAL, DECIMAL_AND_INT),
    FN("decimal_neg", neg, PURE, DECIMAL, DECIMAL_AND_INT),
    FN("decimal_abs", absolute, PURE, DECIMAL, DECIMAL_AND_INT),
    FN("decimal_compare", compare, PURE, INT64, DECIMAL_AND_INT, DECIMAL_AND_INT),
    FN("decimal_key", key, PURE, TEXT, CF_DECIMAL),
    FN("decimal_of_key", from_key, CF_STRICT, DECIMAL, CF_TEXT, CF_INT64),
    FN("decimal_low", low, PURE, INT64, CF_DECIMAL),
    FN("decimal_middle", middle, PURE, INT64, CF_DECIMAL),
    FN("decimal_upper", upper, PURE, INT64, CF_DECIMAL),
    FN("decimal_high", high, PURE, INT64, CF_DECIMAL),
    FN("decimal_join", join, CF_STRICT, DECIMAL, CF_INT64, CF_INT64, CF_INT64, CF_INT64,
       CF_INT64),
    FN("decimal_average", average, 0, FLOAT64, CF_INT64, CF_INT64, CF_INT64, CF_INT64, CF_INT64,
       CF_INT64),
    FN("decimal_text", as_text, PURE, TEXT, DECIMAL_AND_INT),
    FN("decimal_int", as_int, CF_STRICT, INT64, DECIMAL_AND_INT),
};

static const cf_builtin builtins[] = {
    {"scale_decimal", CF_BUILTIN_MAP, "scale_decimal x n",
     "A decimal's value: x divided by 10 ** n.", "from [{x = 1}]", NULL, OVERLOADS(functions),
     NULL, "as"},
};

const cf_family cf_family_decimal = {"decimals", builtins, CF_COUNT(builtins)};
