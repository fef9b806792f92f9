#ifndef CF_FUNC_INTERNAL_H
#define CF_FUNC_INTERNAL_H

/* What the families share: the tables' entries, and the loops' frame.
 *
 * The driver (func.c) never hands a loop only constants, and never zero rows: with only
 * constants it asks for one row, as an array, and repeats it.  For a STRICT function it joins
 * the arguments' validity first, so that out->valid says which rows count, and clears the null
 * places afterwards. */

#include "func/func.h"
#include "prim/simd.h"

#include <string.h>

/* FN(plan name, function, flags, result, argument kinds...) */
#define FN(name, fn, flags, result, ...)                                                    \
    {                                                                                       \
        name, fn, CF_##result, flags, sizeof((cf_kind[]){__VA_ARGS__}) / sizeof(cf_kind), { \
            __VA_ARGS__                                                                     \
        }                                                                                   \
    }
#define FN0(name, fn, flags, result)       \
    {                                      \
        name, fn, CF_##result, flags, 0, { \
            CF_NULL                        \
        }                                  \
    }
#define OVERLOADS(table) (table), CF_COUNT(table)
#define NO_OVERLOADS     NULL, 0
#define PURE             (CF_STRICT | CF_TOTAL)

/* Parts of plans that no user writes; found by name, not listed.  Each file's table. */
extern const cf_family cf_family_operators, cf_family_compare, cf_family_logic, cf_family_cast,
    cf_family_decimal, cf_family_math, cf_family_text, cf_family_format, cf_family_date,
    cf_family_regex, cf_family_vector, cf_family_parts, cf_family_aggregates, cf_family_windows,
    cf_family_verbs, cf_family_models, cf_family_learn, cf_family_files, cf_family_statements,
    cf_family_commands;

#define ARG(call, index, type) ((const type *)(call)->args[index].data)
#define STEP(call, index) \
    ((size_t) !(call)->args[index].constant) /* 0: one value for all rows */

/* Is argument `index` valid in row i? */
static inline bool cf_arg_valid(const cf_call *call, size_t index, size_t i) {
    const cf_vec *v = &call->args[index];
    return v->valid == NULL || v->valid[v->constant ? 0 : i] != 0;
}

/* Does row i count?  (In STRICT functions, or after cf_call_join.) */
static inline bool cf_row_valid(const cf_call *call, size_t i) {
    return call->out->valid == NULL || call->out->valid[i] != 0;
}

/* out->valid: where all arguments are valid.  NULL when all are everywhere.  May borrow. */
cf_status cf_call_join(cf_call *call);
/* As cf_call_join, but always an array of the call's own, to be lowered further. */
uint8_t *cf_call_join_own(cf_call *call);
/* Zeroes the output where it is null. */
void cf_call_clear_nulls(cf_call *call);
/* Room for texts; NULL after cf_fail(MEMORY). */
char *cf_call_text(cf_call *call, size_t bytes);
/* Argument `index` as an array of n doubles, repeated if it is a constant; NULL after failing.
 */
const double *cf_call_doubles(cf_call *call, size_t index);

#define CF_NO_MEMORY(call) cf_fail((call)->err, CF_E_MEMORY, (call)->span, "not enough memory")

/* NOLINTBEGIN(bugprone-macro-parentheses): types do not stand in parentheses */

/* An elementwise loop of one or two arguments: `expression` over a (and b) gives the result.
 * The forms with a constant operand keep it in a register. */
#define KERNEL_1(name, A, R, expression)                                              \
    CF_SIMD static void name##_loop(R *restrict out, const A *restrict x, size_t n) { \
        for (size_t i = 0; i < n; i++) {                                              \
            const A a = x[i];                                                         \
            out[i] = (expression);                                                    \
        }                                                                             \
    }                                                                                 \
    static cf_status name(cf_call *call) {                                            \
        R *out = cf_call_alloc(call);                                                 \
        if (out == NULL) return CF_E_MEMORY;                                          \
        name##_loop(out, call->args[0].data, call->n);                                \
        return CF_OK;                                                                 \
    }

#define KERNEL_2(name, A, B, R, expression)                                                  \
    CF_SIMD static void name##_vv(R *restrict out, const A *restrict x, const B *restrict y, \
                                  size_t n) {                                                \
        for (size_t i = 0; i < n; i++) {                                                     \
            const A a = x[i];                                                                \
            const B b = y[i];                                                                \
            out[i] = (expression);                                                           \
        }                                                                                    \
    }                                                                                        \
    CF_SIMD static void name##_vc(R *restrict out, const A *restrict x, B b, size_t n) {     \
        for (size_t i = 0; i < n; i++) {                                                     \
            const A a = x[i];                                                                \
            out[i] = (expression);                                                           \
        }                                                                                    \
    }                                                                                        \
    CF_SIMD static void name##_cv(R *restrict out, A a, const B *restrict y, size_t n) {     \
        for (size_t i = 0; i < n; i++) {                                                     \
            const B b = y[i];                                                                \
            out[i] = (expression);                                                           \
        }                                                                                    \
    }                                                                                        \
    static cf_status name(cf_call *call) {                                                   \
        R *out = cf_call_alloc(call);                                                        \
        if (out == NULL) return CF_E_MEMORY;                                                 \
        const A *x = call->args[0].data;                                                     \
        const B *y = call->args[1].data;                                                     \
        if (call->args[1].constant)                                                          \
            name##_vc(out, x, *y, call->n);                                                  \
        else if (call->args[0].constant)                                                     \
            name##_cv(out, *x, y, call->n);                                                  \
        else                                                                                 \
            name##_vv(out, x, y, call->n);                                                   \
        return CF_OK;                                                                        \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

#endif
