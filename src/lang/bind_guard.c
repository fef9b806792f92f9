/* Guards: an arm of a `case`, and the right side of `&&`, `||` and `??`, may hold what fails in
 * rows that are not its own (`t as int`, `x * 2` beyond 64 bits).  Everything is computed for
 * whole columns, so such a function gets null in the rows that are not wanted: null in, null
 * out, and nothing fails.  Only functions of the value's own rows are guarded; what it takes
 * from other rows (an aggregate over the table) sees all of them as before. */

#include "lang/bind_internal.h"

/* A value that was looked at, and what it became. */
typedef struct {
    cf_id from, to;
} seen;

#define SEEN_MAX 512 /* beyond it a value stays as it is */

typedef struct {
    cf_binder *b;
    cf_id mask, level;
    size_t count;
    seen nodes[SEEN_MAX];
} guard;

static bool can_fail(const cf_node *n) {
    return n->op == CF_V_MAP && (n->func->flags & CF_TOTAL) == 0;
}

/* The argument, null where the mask is not true; 0: there is no such choice. */
static cf_id masked(guard *g, cf_id arg) {
    const cf_kind kind = cf_plan_node(g->b->plan, arg)->kind;
    const cf_kind kinds[3] = {CF_BOOL, kind, kind};
    const cf_func *choose = cf_func_choose(cf_builtin_find(CF_STR("if")), kinds, 3);
    if (choose == NULL || choose->result != kind || kind == CF_NULL) return 0;
    const cf_id three[3] = {g->mask, arg, cf_plan_const_null(g->b->plan, kind)};
    return cf_plan_map(g->b->plan, choose, three, 3);
}

/* Masks one argument, that of most rows: the others can stay. */
static void mask_one(guard *g, cf_id *args, size_t count) {
    size_t at = count;
    for (size_t i = count; i-- > 0;)
        if (at == count || cf_plan_node(g->b->plan, args[i])->level == g->level) at = i;
    const cf_id null_elsewhere = at == count ? 0 : masked(g, args[at]);
    if (null_elsewhere != 0) args[at] = null_elsewhere;
}

static cf_id guarded(guard *g, cf_id id) {
    cf_plan_builder *plan = g->b->plan;
    const cf_node n = *cf_plan_node(plan, id); /* a copy: the builder's may move */
    if (n.op != CF_V_MAP || n.level != g->level || n.arg_count == 0) return id;
    for (size_t i = 0; i < g->count; i++)
        if (g->nodes[i].from == id) return g->nodes[i].to;
    if (g->count == SEEN_MAX) return id;
    const size_t at = g->count++;
    g->nodes[at] = (seen){id, id};
    cf_id *args = CF_NEWS(g->b->arena, cf_id, n.arg_count);
    bool changed = can_fail(&n);
    for (uint32_t i = 0; i < n.arg_count; i++) {
        args[i] = guarded(g, n.args[i]);
        changed |= args[i] != n.args[i];
    }
    if (can_fail(&n)) mask_one(g, args, n.arg_count);
    if (changed) {
        cf_plan_at(plan, n.span);
        g->nodes[at].to = cf_plan_map(plan, n.func, args, n.arg_count);
    }
    return g->nodes[at].to;
}

static bool fails_somewhere(const cf_binder *b, cf_id id, cf_id level, size_t *budget) {
    const cf_node *n = cf_plan_node(b->plan, id);
    if (n->op != CF_V_MAP || n->level != level || *budget == 0) return false;
    --*budget;
    if (can_fail(n)) return true;
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (fails_somewhere(b, n->args[i], level, budget)) return true;
    return false;
}

bool cf_guard_needed(const cf_binder *b, const cf_val *v) {
    size_t budget = SEEN_MAX;
    return v->kind == CF_VAL_BASIC &&
           fails_somewhere(b, v->node, cf_plan_node(b->plan, v->node)->level, &budget);
}

cf_val *cf_guard(cf_binder *b, cf_val *v, cf_id mask) {
    if (!cf_guard_needed(b, v)) return v;
    const cf_id rows = cf_plan_node(b->plan, mask)->level;
    if (!cf_plan_is_ancestor(b->plan, rows, v->level)) return v;
    guard *g = CF_NEW(b->arena, guard);
    *g = (guard){.b = b, .mask = mask, .level = v->level};
    return cf_val_basic(b, guarded(g, v->node));
}

/* Is x not `value`?  Null is not. */
cf_id cf_guard_unless(cf_binder *b, cf_id x, bool value) {
    const cf_id known[2] = {x, cf_plan_const_bool(b->plan, !value)};
    const cf_kind kinds[2] = {CF_BOOL, CF_BOOL};
    const cf_func *either = cf_func_choose(cf_builtin_find(CF_STR("??")), kinds, 2);
    const cf_id sure = cf_plan_map(b->plan, either, known, 2);
    return value ? cf_plan_map_named(b->plan, "not_bool", &sure, 1) : sure;
}
