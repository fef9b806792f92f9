/* Operators of decimals that are exact.  What is not here computes with floats: the widened
 * value of a decimal is one. */

#include "lang/bind_internal.h"
#include "plan/decimal.h"

#include <string.h>

#define SCALE_MAX 38

static bool is_decimal(const cf_binder *b, const cf_val *v) {
    return v->kind == CF_VAL_BASIC && cf_val_kind_of(b, v) == CF_DECIMAL;
}

static bool is_uint64(const cf_binder *b, const cf_val *v) {
    return v->kind == CF_VAL_BASIC && cf_val_kind_of(b, v) == CF_UINT64;
}

static bool is_exact(const cf_binder *b, const cf_val *v) {
    return is_decimal(b, v) ||
           (v->kind == CF_VAL_BASIC && cf_kind_is_integer(cf_val_kind_of(b, v)));
}

static int scale_of(const cf_binder *b, const cf_val *v) {
    if (!is_decimal(b, v)) return 0;
    const int scale = cf_plan_decimal_scale(b->plan, v->node);
    return scale < 0 ? 0 : scale;
}

static cf_val *compare(cf_binder *b, const char *op, cf_val **args) {
    cf_id nodes[4];
    for (size_t i = 0; i < 2; i++) {
        const int scale = scale_of(b, args[i]);
        nodes[2 * i] = cf_plan_decimal_rescale(b->plan, args[i]->node, scale);
        nodes[2 * i + 1] = cf_plan_const_int(b->plan, scale);
    }
    const cf_id order = cf_plan_map_named(b->plan, "decimal_compare", nodes, 4);
    const cf_kind kinds[] = {CF_INT64, CF_INT64};
    const cf_func *f = cf_func_choose(cf_builtin_find(cf_str_of(op)), kinds, 2);
    const cf_id zero = cf_plan_const_int(b->plan, 0);
    return cf_val_basic(b, cf_plan_map(b->plan, f, (cf_id[]){order, zero}, 2));
}

static cf_val *add(cf_binder *b, const char *function, cf_val **args) {
    const int x = scale_of(b, args[0]), y = scale_of(b, args[1]), scale = x > y ? x : y;
    cf_id nodes[3] = {0, 0, cf_plan_const_int(b->plan, scale)};
    for (size_t i = 0; i < 2; i++)
        nodes[i] = cf_plan_decimal_rescale(b->plan, args[i]->node, scale);
    return cf_val_basic(b, cf_plan_map_named(b->plan, function, nodes, 3));
}

static cf_val *multiply(cf_binder *b, cf_val **args) {
    const int x = scale_of(b, args[0]), y = scale_of(b, args[1]);
    if (x + y > SCALE_MAX) return NULL;
    const cf_id nodes[] = {cf_plan_decimal_rescale(b->plan, args[0]->node, x),
                           cf_plan_decimal_rescale(b->plan, args[1]->node, y),
                           cf_plan_const_int(b->plan, x + y)};
    return cf_val_basic(b, cf_plan_map_named(b->plan, "decimal_mul", nodes, 3));
}

static cf_val *alone(cf_binder *b, const char *function, cf_val *v) {
    const cf_id nodes[] = {v->node, cf_plan_const_int(b->plan, scale_of(b, v))};
    return cf_val_basic(b, cf_plan_map_named(b->plan, function, nodes, 2));
}

/* The branches of `if` and both sides of `??`, as decimals of one scale. */
static cf_val *choice(cf_binder *b, const char *function, cf_val **args, size_t count,
                      size_t first, cf_span span) {
    cf_id nodes[3] = {args[0]->node, 0, 0};
    if (cf_val_unify_basic(b, args + first, count - first, span) == NULL) return NULL;
    if (!is_decimal(b, args[first])) return NULL;
    for (size_t i = first; i < count; i++)
        nodes[i] = args[i]->node;
    return cf_val_basic(b, cf_plan_map_named(b->plan, function, nodes, count));
}

cf_val *cf_decimal_map(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count,
                       cf_span span) {
    static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">="};
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= is_decimal(b, args[i]);
    if (!any) return NULL;
    cf_plan_at(b->plan, span);
    if (count == 1 && strcmp(f->name, "neg") == 0) return alone(b, "decimal_neg", args[0]);
    if (count == 1 && strcmp(f->name, "abs") == 0) return alone(b, "decimal_abs", args[0]);
    if (count == 3 && strcmp(f->name, "if") == 0)
        return cf_val_kind_of(b, args[0]) == CF_BOOL ? choice(b, "if_decimal", args, 3, 1, span)
                                                     : NULL;
    if (count != 2) return NULL;
    if (strcmp(f->name, "??") == 0) return choice(b, "coalesce_decimal", args, 2, 0, span);
    if (!is_exact(b, args[0]) || !is_exact(b, args[1])) return NULL;
    for (size_t i = 0; i < CF_COUNT(comparisons); i++)
        if (strcmp(f->name, comparisons[i]) == 0) return compare(b, f->name, args);
    if (strcmp(f->name, "+") == 0) return add(b, "decimal_add", args);
    if (strcmp(f->name, "-") == 0) return add(b, "decimal_sub", args);
    return strcmp(f->name, "*") == 0 ? multiply(b, args) : NULL;
}

bool cf_decimal_unify(cf_binder *b, cf_val **values, size_t count) {
    int scale = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const cf_kind kind = cf_val_kind_of(b, values[i]);
        if (values[i]->kind != CF_VAL_BASIC || (!is_exact(b, values[i]) && kind != CF_NULL))
            return false;
        any |= kind == CF_DECIMAL;
        const int own = scale_of(b, values[i]);
        if (own > scale) scale = own;
    }
    if (!any) return false;
    for (size_t i = 0; i < count; i++)
        values[i] =
            cf_val_basic(b, cf_val_kind_of(b, values[i]) == CF_NULL
                                ? cf_plan_const_null(b->plan, CF_DECIMAL)
                                : cf_plan_decimal_rescale(b->plan, values[i]->node, scale));
    return true;
}

cf_id cf_val_key(cf_binder *b, cf_val *v) {
    if (is_decimal(b, v)) return cf_plan_decimal_key(b->plan, v->node);
    if (is_uint64(b, v)) return cf_plan_map_named(b->plan, "uint64_key", &v->node, 1);
    return cf_val_number(b, v);
}

/* ---- unsigned integers of 64 bits: half of them fit into no int ---- */

/* The side of a comparison as a key: an unsigned one, or a constant that is not negative. */
static cf_id uint64_side(cf_binder *b, cf_val *v) {
    int64_t x = 0;
    if (is_uint64(b, v)) return cf_plan_map_named(b->plan, "uint64_key", &v->node, 1);
    if (!cf_val_const_int(b, v, &x) || x < 0) return 0;
    return cf_plan_const_int(b->plan, (int64_t)((uint64_t)x ^ ((uint64_t)1 << 63)));
}

cf_val *cf_uint64_map(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count) {
    static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">="};
    if (count != 2 || !(is_uint64(b, args[0]) || is_uint64(b, args[1]))) return NULL;
    for (size_t i = 0; i < CF_COUNT(comparisons); i++) {
        if (strcmp(f->name, comparisons[i]) != 0) continue;
        const cf_id sides[2] = {uint64_side(b, args[0]), uint64_side(b, args[1])};
        const cf_kind kinds[] = {CF_INT64, CF_INT64};
        if (sides[0] == 0 || sides[1] == 0) return NULL;
        return cf_val_basic(b, cf_plan_map(b->plan, cf_func_choose(f, kinds, 2), sides, 2));
    }
    return NULL;
}

cf_val *cf_uint64_reduce(cf_binder *b, cf_reduce kind, cf_val *list, cf_val *value) {
    if (!is_uint64(b, value) ||
        (kind != CF_R_MIN && kind != CF_R_MAX && kind != CF_R_COUNT_DISTINCT))
        return NULL;
    const cf_id key = cf_plan_map_named(b->plan, "uint64_key", &value->node, 1);
    const cf_id at = cf_verb_node_at(b, key, list->rows);
    if (at == 0) return NULL;
    const cf_id out = cf_plan_reduce(b->plan, kind, list->rows, at);
    if (kind == CF_R_COUNT_DISTINCT) return cf_val_basic(b, out);
    return cf_val_basic(b, cf_plan_map_named(b->plan, "uint64_of_key", &out, 1));
}
