/* Truth with null as "unknown", and the choice between values: && || ! ?? if is_null. */
#include "func/func_internal.h"

KERNEL_1(not_bool, uint8_t, uint8_t, a ^ 1u)

/* Values and validity as bytes, constants repeated: these loops are not worth forms of their
 * own. */
typedef struct {
    const uint8_t *value, *valid;
    size_t step;
} truth;

static truth truth_of(const cf_call *call, size_t index) {
    static const uint8_t one = 1;
    const cf_vec *v = &call->args[index];
    truth t = {v->data, v->valid, STEP(call, index)};
    if (v->valid == NULL) t.valid = &one;
    return t;
}

/* `decides`: the value that settles the result alone (false for &&, true for ||). */
static cf_status join_truth(cf_call *call, uint8_t decides) {
    uint8_t *out = cf_call_alloc(call);
    uint8_t *valid = out == NULL ? NULL : cf_call_alloc_valid(call);
    if (valid == NULL) return CF_E_MEMORY;
    const truth a = truth_of(call, 0), b = truth_of(call, 1);
    const size_t va = call->args[0].valid == NULL ? 0 : a.step,
                 vb = call->args[1].valid == NULL ? 0 : b.step;
    for (size_t i = 0; i < call->n; i++) {
        const unsigned x = a.value[i * a.step], y = b.value[i * b.step];
        const unsigned has_x = a.valid[i * va], has_y = b.valid[i * vb];
        const unsigned settled = (has_x & (x == decides)) | (has_y & (y == decides));
        valid[i] = (uint8_t)(settled | (has_x & has_y));
        out[i] = (uint8_t)(valid[i] & (decides ? settled : settled ^ 1u));
    }
    return CF_OK;
}

KERNEL_2(and_known, uint8_t, uint8_t, uint8_t, a &b)
KERNEL_2(or_known, uint8_t, uint8_t, uint8_t, a | b)

static bool no_nulls(const cf_call *call) {
    return call->args[0].valid == NULL && call->args[1].valid == NULL;
}

static cf_status and_bool(cf_call *call) {
    return no_nulls(call) ? and_known(call) : join_truth(call, 0);
}

static cf_status or_bool(cf_call *call) {
    return no_nulls(call) ? or_known(call) : join_truth(call, 1);
}

/* Where cond is true a, else b; by the size of a value. */
/* NOLINTBEGIN(bugprone-macro-parentheses): types do not stand in parentheses */
#define CHOICE(T)                                                                          \
    static void choose_##T(T *restrict out, const uint8_t *restrict cond, size_t dc,       \
                           const T *restrict a, size_t da, const T *restrict b, size_t db, \
                           size_t n) {                                                     \
        for (size_t i = 0; i < n; i++)                                                     \
            out[i] = cond[i * dc] ? a[i * da] : b[i * db];                                 \
    }
CHOICE(uint8_t)
CHOICE(uint64_t)
CHOICE(cf_view)
/* NOLINTEND(bugprone-macro-parentheses) */

static void choose(cf_call *call, void *out, const uint8_t *cond, size_t dc, size_t at) {
    const void *a = call->args[at].data, *b = call->args[at + 1].data;
    const size_t da = STEP(call, at), db = STEP(call, at + 1), n = call->n;
    switch (cf_kind_size(call->out->kind)) {
    case 1: choose_uint8_t(out, cond, dc, a, da, b, db, n); return;
    case 8: choose_uint64_t(out, cond, dc, a, da, b, db, n); return;
    default: choose_cf_view(out, cond, dc, a, da, b, db, n); return;
    }
}

/* The validity of the chosen values; leaves out->valid NULL when neither side has nulls. */
static cf_status choose_valid(cf_call *call, const uint8_t *cond, size_t dc, size_t at) {
    if (call->args[at].valid == NULL && call->args[at + 1].valid == NULL) return CF_OK;
    uint8_t *valid = cf_call_alloc_valid(call);
    if (valid == NULL) return CF_E_MEMORY;
    for (size_t i = 0; i < call->n; i++)
        valid[i] = cf_arg_valid(call, cond[i * dc] ? at : at + 1, i);
    return CF_OK;
}

/* A null condition has value 0, so it chooses b. */
static cf_status if_kernel(cf_call *call) {
    void *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const uint8_t *cond = ARG(call, 0, uint8_t);
    choose(call, out, cond, STEP(call, 0), 1);
    return choose_valid(call, cond, STEP(call, 0), 1);
}

static cf_status coalesce(cf_call *call) {
    static const uint8_t one = 1;
    void *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const uint8_t *has = call->args[0].valid;
    const size_t step = has == NULL ? 0 : STEP(call, 0);
    if (has == NULL) has = &one;
    choose(call, out, has, step, 0);
    return call->args[1].valid == NULL ? CF_OK : choose_valid(call, has, step, 0);
}

static cf_status is_null(cf_call *call) {
    uint8_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_vec *v = &call->args[0];
    if (v->kind == CF_NULL)
        memset(out, 1, call->n);
    else if (v->valid == NULL)
        memset(out, 0, call->n);
    else
        for (size_t i = 0; i < call->n; i++)
            out[i] = v->valid[i] ^ 1u;
    return CF_OK;
}

static const cf_func and_functions[] = {
    FN("and_bool", and_bool, CF_TOTAL, BOOL, CF_BOOL, CF_BOOL)};
static const cf_func or_functions[] = {
    FN("or_bool", or_bool, CF_TOTAL, BOOL, CF_BOOL, CF_BOOL)};
static const cf_func not_functions[] = {FN("not_bool", not_bool, PURE, BOOL, CF_BOOL)};
static const cf_func is_null_functions[] = {FN("is_null", is_null, CF_TOTAL, BOOL, CF_NULL)};

#define EACH_KIND(FOR)                                                              \
    FOR(BOOL, "bool"), FOR(INT64, "int"), FOR(FLOAT64, "float"), FOR(TEXT, "text"), \
        FOR(DATE, "date"), FOR(TIME, "time"), FOR(TIMESTAMP, "timestamp"),          \
        FOR(DURATION, "duration"), FOR(DECIMAL, "decimal")
#define COALESCE(kind, word) \
    FN("coalesce_" word, coalesce, CF_TOTAL, kind, CF_##kind, CF_##kind)
#define IF(kind, word) FN("if_" word, if_kernel, CF_TOTAL, kind, CF_BOOL, CF_##kind, CF_##kind)
static const cf_func coalesce_functions[] = {EACH_KIND(COALESCE)};
static const cf_func if_functions[] = {EACH_KIND(IF)};

static const cf_builtin builtins[] = {
    {"&&", CF_BUILTIN_MAP, "a && b",
     "True if both are.  Null means unknown: false && null is false, true && null is null.  "
     "Binds tighter\n"
     "than ||, looser than comparisons.",
     "from [{x = 3}]\nselect {a = x > 1 && x < 3, b = x > 1 && x < 4}", "a,b\nfalse,true\n",
     OVERLOADS(and_functions), NULL, "|| ! all"},
    {"||", CF_BUILTIN_MAP, "a || b",
     "True if one of them is.  Null means unknown: true || null is true, false || null is "
     "null.",
     "from [{x = 3}]\nselect {a = x < 1 || x > 2}", "a\ntrue\n", OVERLOADS(or_functions), NULL,
     "&& ! any"},
    {"!", CF_BUILTIN_MAP, "!a", "Not: true for false, false for true; null stays null.",
     "from [{x = 3}]\nselect {a = !(x > 2)}", "a\nfalse\n", OVERLOADS(not_functions), NULL,
     "&& ||"},
    {"??", CF_BUILTIN_MAP, "a ?? b",
     "a, or b where a is null.  Both have one type (int meets float as float).  Binds looser "
     "than\n"
     "comparisons: a ?? 0 > 5 is a ?? (0 > 5).  nan is a value, not null.",
     "from [{x = null}, {x = 2}]\nselect {a = x ?? 0}", "a\n0\n2\n",
     OVERLOADS(coalesce_functions), NULL, "case =="},
    {"if", CF_BUILTIN_MAP, "if cond a b",
     "a where cond is true, else b (also where cond is null).  a and b have one type.  For "
     "more than two\n"
     "cases see `case`.",
     "from [{x = 1}, {x = 5}]\nselect {a = if (x > 2) \"big\" \"small\"}", NULL,
     OVERLOADS(if_functions), NULL, "case ??"},
    {"is_null", CF_BUILTIN_MAP, "is_null x",
     "True where x is null; the same as x == null.  Never null itself.",
     "from [{x = null}, {x = 2}]\nselect {a = is_null x}", NULL, OVERLOADS(is_null_functions),
     NULL, "== ??"},
};

const cf_family cf_family_logic = {"logic", builtins, CF_COUNT(builtins)};
