/* The operator ~=. */
#include "func/func_internal.h"
#include "func/pattern.h"

static cf_status bad_pattern(cf_call *call, cf_view v, const char *why, size_t at) {
    return cf_fail(call->err, CF_E_VALUE, call->span,
                   "the pattern \"%.*s\" cannot be read: %s (at character %zu)",
                   v.size > 80 ? 80 : (int)v.size, v.size == 0 ? "" : v.data, why,
                   cf_utf8_count(v.data, at) + 1);
}

static bool same(cf_view a, cf_view b) {
    return a.size == b.size &&
           (a.data == b.data || a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* A pattern is compiled when it differs from the row before: once, as they are written. */
static cf_status regex(cf_call *call) {
    uint8_t *out = cf_call_alloc(call);
    if (out == NULL) return CF_E_MEMORY;
    const cf_pattern *pattern = NULL;
    cf_search *search = NULL;
    cf_view last = {NULL, 0};
    cf_arena *own = cf_arena_new(16384);
    if (own == NULL) return CF_NO_MEMORY(call);
    cf_status status = CF_OK;
    for (size_t i = 0; i < call->n && status == CF_OK; i++) {
        out[i] = 0;
        if (!cf_row_valid(call, i)) continue;
        const cf_view p = ARG(call, 1, cf_view)[i * STEP(call, 1)],
                      v = ARG(call, 0, cf_view)[i * STEP(call, 0)];
        if (pattern == NULL || !same(p, last)) {
            const char *why = NULL;
            size_t at = 0;
            cf_arena_reset(own);
            pattern = cf_pattern_compile(
                own, (cf_str){p.size == 0 ? "" : p.data, (size_t)p.size}, &why, &at);
            search = pattern == NULL ? NULL : cf_search_make(own, pattern);
            last = p;
            if (pattern == NULL)
                status = bad_pattern(call, p, why, at);
            else if (search == NULL)
                status = CF_NO_MEMORY(call);
        }
        if (status == CF_OK)
            out[i] = cf_pattern_found(pattern, search, (cf_str){v.data, (size_t)v.size});
    }
    cf_arena_free(own);
    return status;
}

static const cf_func functions[] = {FN("regex", regex, CF_STRICT, BOOL, CF_TEXT, CF_TEXT)};

static const cf_builtin builtins[] = {
    {"~=", CF_BUILTIN_MAP, "text ~= pattern",
     "True if the regular expression matches somewhere in the text; ^ and $ tie it to the "
     "ends.\n"
     "  .  any character but a line end     [a-z] [^,]  one of, none of     a|b  either\n"
     "  * + ? {2,5}  times                  (..)  group                     \\d \\w \\s \\b  "
     "digit, letter a-z or\n"
     "  digit or _, blank, word boundary (\\D \\W \\S \\B: not)               (?i) in front: "
     "case does not matter\n"
     "Write patterns as r\"..\" so that backslashes stay.  Time is proportional to the text "
     "whatever the\n"
     "pattern; there are no back references.  Null if one of them is.",
     "from [{t = \"Love Bites\"}, {t = \"Glove\"}]\nselect {b = t ~= \"^Love .*s$\"}",
     "b\ntrue\nfalse\n", OVERLOADS(functions), NULL, "text.contains text.starts_with"},
};

const cf_family cf_family_regex = {"patterns", builtins, CF_COUNT(builtins)};
