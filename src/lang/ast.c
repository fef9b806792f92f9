#include "lang/ast.h"

/* The few functions that belong to the tree itself. */

const char *cf_op_text(cf_op op) {
    static const char *const texts[CF_OP_COUNT] = {
#define CF_OP(name, text, precedence) [CF_OP_##name] = (text),
        CF_OPS(CF_OP)
#undef CF_OP
            [CF_OP_NEG] = "-",
        [CF_OP_PLUS] = "+",
        [CF_OP_NOT] = "!",
        [CF_OP_SAME] = "==",
    };
    return (unsigned)op < CF_OP_COUNT ? texts[op] : "";
}

static bool same_place(cf_span a, cf_span b) {
    return a.source == b.source && a.begin == b.begin;
}

/* Keeps `list` in order of place.  An error without a place goes last. */
static void insert(cf_error *list, size_t *count, const cf_error *e) {
    if (*count == CF_DIAGS_MAX) return;
    size_t at = *count;
    for (size_t i = 0; i < *count; i++)
        if (e->span.source != 0 && same_place(list[i].span, e->span)) return;
    while (at > 0 && e->span.source != 0 && list[at - 1].span.begin > e->span.begin) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = *e;
    ++*count;
}

void cf_diags_add(cf_diags *d, const cf_error *e) {
    if (d != NULL) insert(d->errors, &d->count, e);
}

void cf_diags_warn(cf_diags *d, const cf_error *e) {
    if (d != NULL) insert(d->warnings, &d->warning_count, e);
}
