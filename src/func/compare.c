/* Comparisons.  With NaN every one is false but `!=`; texts compare by code point, which for
 * UTF-8 is by byte; a date meets a timestamp as its midnight. */
#include "func/func_internal.h"

static bool text_equal(cf_view a, cf_view b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static int text_order(cf_view a, cf_view b) {
    return cf_str_compare((cf_str){a.data, (size_t)a.size}, (cf_str){b.data, (size_t)b.size});
}

#define TEXT_KERNEL(name, expression)                                         \
    static cf_status name(cf_call *call) {                                    \
        uint8_t *out = cf_call_alloc(call);                                   \
        if (out == NULL) return CF_E_MEMORY;                                  \
        const cf_view *x = ARG(call, 0, cf_view), *y = ARG(call, 1, cf_view); \
        for (size_t i = 0; i < call->n; i++) {                                \
            const cf_view a = x[i * STEP(call, 0)], b = y[i * STEP(call, 1)]; \
            out[i] = (expression);                                            \
        }                                                                     \
        return CF_OK;                                                         \
    }

#define COMPARISON(name, op)                                \
    KERNEL_2(name##_int, int64_t, int64_t, uint8_t, a op b) \
    KERNEL_2(name##_float, double, double, uint8_t, a op b)

COMPARISON(eq, ==)
COMPARISON(ne, !=)
COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(gt, >)
COMPARISON(ge, >=)
KERNEL_2(eq_bool, uint8_t, uint8_t, uint8_t, a == b)
KERNEL_2(ne_bool, uint8_t, uint8_t, uint8_t, a != b)
TEXT_KERNEL(eq_text, text_equal(a, b))
TEXT_KERNEL(ne_text, !text_equal(a, b))
TEXT_KERNEL(lt_text, text_order(a, b) < 0)
TEXT_KERNEL(le_text, text_order(a, b) <= 0)
TEXT_KERNEL(gt_text, text_order(a, b) > 0)
TEXT_KERNEL(ge_text, text_order(a, b) >= 0)

#define ORDERED(name)                                                               \
    FN(#name "_int", name##_int, PURE, BOOL, CF_INT64, CF_INT64),                   \
        FN(#name "_float", name##_float, PURE, BOOL, CF_FLOAT64, CF_FLOAT64),       \
        FN(#name "_text", name##_text, PURE, BOOL, CF_TEXT, CF_TEXT),               \
        FN(#name "_date", name##_int, PURE, BOOL, CF_DATE, CF_DATE),                \
        FN(#name "_time", name##_int, PURE, BOOL, CF_TIME, CF_TIME),                \
        FN(#name "_timestamp", name##_int, PURE, BOOL, CF_TIMESTAMP, CF_TIMESTAMP), \
        FN(#name "_duration", name##_int, PURE, BOOL, CF_DURATION, CF_DURATION)

static const cf_func eq_functions[] = {ORDERED(eq),
                                       FN("eq_bool", eq_bool, PURE, BOOL, CF_BOOL, CF_BOOL)};
static const cf_func ne_functions[] = {ORDERED(ne),
                                       FN("ne_bool", ne_bool, PURE, BOOL, CF_BOOL, CF_BOOL)};
static const cf_func lt_functions[] = {ORDERED(lt)};
static const cf_func le_functions[] = {ORDERED(le)};
static const cf_func gt_functions[] = {ORDERED(gt)};
static const cf_func ge_functions[] = {ORDERED(ge)};

#define ORDER_DOC                                                                             \
    "Numbers compare as numbers (int with float as float), texts by code point, dates and "   \
    "times by\n"                                                                              \
    "time; a date meets a timestamp as its midnight.  With nan it is false.  Null if a or b " \
    "is.\n"                                                                                   \
    "60 < m < 120 means both."

static const cf_builtin builtins[] = {
    {"==", CF_BUILTIN_MAP, "a == b",
     "True if equal.  Null if a or b is, except that x == null asks whether x is null.  nan "
     "equals nothing,\n"
     "not even nan; -0.0 equals 0.0.  In `join` (==k) means this.k == that.k.",
     "from [{a = 1, b = \"x\"}]\nselect {c = a == 1.0, d = b == \"y\", e = a == null}",
     "c,d,e\ntrue,false,false\n", OVERLOADS(eq_functions), NULL, "!= in is_nan"},
    {"!=", CF_BUILTIN_MAP, "a != b",
     "True if not equal, also for nan.  Null if a or b is, except that x != null asks whether "
     "x has a value.",
     "from [{a = 1}]\nselect {c = a != 2, d = a != null}", "c,d\ntrue,true\n",
     OVERLOADS(ne_functions), NULL, "=="},
    {"<", CF_BUILTIN_MAP, "a < b", "True if a is smaller.\n" ORDER_DOC,
     "from [{a = 1}]\nselect {c = a < 2, d = 0 < a < 1}", "c,d\ntrue,false\n",
     OVERLOADS(lt_functions), NULL, "<= > >= in"},
    {"<=", CF_BUILTIN_MAP, "a <= b", "True if a is smaller or equal.\n" ORDER_DOC,
     "from [{a = 1}]\nselect {c = a <= 1}", "c\ntrue\n", OVERLOADS(le_functions), NULL,
     "< > >= in"},
    {">", CF_BUILTIN_MAP, "a > b", "True if a is larger.\n" ORDER_DOC,
     "from [{a = \"b\"}]\nselect {c = a > \"a\"}", "c\ntrue\n", OVERLOADS(gt_functions), NULL,
     "< <= >= in"},
    {">=", CF_BUILTIN_MAP, "a >= b", "True if a is larger or equal.\n" ORDER_DOC,
     "from [{a = 2}]\nselect {c = a >= 2.5}", "c\nfalse\n", OVERLOADS(ge_functions), NULL,
     "< <= > in"},
    {"in", CF_BUILTIN_VERB, "x in a..b, x in [a, b, c], x | in a..b",
     "True if x lies in the range (both ends belong to it; a missing end is open), or equals "
     "one of the\n"
     "values of a list or of a relation with one column.  Null if x is.",
     "from [{x = 1}, {x = 5}]\nselect {a = x in 2..5, b = x in [1, 7]}",
     "a,b\nfalse,true\ntrue,false\n", NO_OVERLOADS, NULL, "== any"},
};

const cf_family cf_family_compare = {"comparison", builtins, CF_COUNT(builtins)};
