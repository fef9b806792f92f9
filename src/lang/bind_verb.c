/* The verbs that work row by row or by position: from select derive filter sort take aggregate
 * append remove distinct ..., on relations and on lists of tuples alike. */

#include "lang/bind_internal.h"

#include <string.h>

/* ---- helpers for all verbs
 * ----------------------------------------------------------------------------- */

cf_val *cf_verb_row_arg(cf_verb_call *c, size_t i, cf_val *rel) {
    cf_arg *a = &c->args[i];
    if (a->value != NULL) return a->value;
    return cf_bind_expr(c->b, a->ast, cf_scope_row(c->b, a->scope, rel));
}

cf_val *cf_verb_caller_arg(cf_verb_call *c, size_t i) {
    return cf_bind_arg(c->b, &c->args[i]);
}

cf_arg *cf_verb_named(cf_verb_call *c, const char *name) {
    for (size_t i = 0; i < c->named_count; i++)
        if (cf_str_is(c->named[i].name.text, name)) return &c->named[i];
    return NULL;
}

static cf_val *with_elem(cf_binder *b, const cf_val *rel, cf_val *elem) {
    cf_val *out = cf_val_copy(b, rel);
    out->elem = elem;
    out->shape = NULL;
    out->carried = NULL;
    out->sort_keys = rel->sort_keys;
    return out;
}

/* A value as a node at exactly the rows of rel; 0 (mismatch or error) if it cannot be. */
static cf_id node_at(cf_binder *b, cf_id node, cf_id rows) {
    const cf_id level = cf_plan_node(b->plan, node)->level;
    if (level == rows) return node;
    if (!cf_plan_is_ancestor(b->plan, level, rows)) {
        cf_bind_mismatch(b);
        return 0;
    }
    return cf_plan_broadcast(b->plan, node, rows);
}

cf_val *cf_verb_filter_by(cf_binder *b, cf_val *rel, cf_id mask, cf_str label) {
    const cf_id at = node_at(b, mask, rel->rows);
    if (at == 0) return NULL;
    cf_id level = 0;
    cf_val *base = rel;
    const cf_node_op op = cf_plan_node(b->plan, rel->rows)->op;
    if (op == CF_L_REGATHER &&
        rel->carried ==
            NULL) { /* columns were derived here: no radius join over the original list */
        const cf_id args[2] = {rel->rows, at};
        level = cf_plan_level(b->plan, CF_L_FILTER, args, 2, 0);
    } else
        level = cf_plan_filter(b->plan, rel->rows, at, label);
    if (cf_plan_node(b->plan, level)->op == CF_L_RADIUS) base = rel->carried;
    cf_val *out = cf_val_at_rows(b, base, level, 0);
    out->name = rel->name;
    out->row_name = rel->row_name;
    out->aggregated = rel->aggregated;
    out->cuts = rel->cuts;
    out->cut_start = rel->cut_start != NULL ? rel->cut_start : rel;
    if (label.size > 0) {
        cf_cut *cut = CF_NEW(b->arena, cf_cut);
        *cut = (cf_cut){.before = rel->cuts, .label = label, .list = out};
        out->cuts = cut;
    }
    /* The order of the rows is the same: what they were sorted by still holds. */
    out->sort_key_count = rel->sort_key_count;
    out->sort_keys = CF_NEWS(b->arena, cf_id, rel->sort_key_count + 1);
    for (size_t k = 0; k < rel->sort_key_count; k++)
        out->sort_keys[k] = base == rel ? cf_plan_gather(b->plan, rel->sort_keys[k],
                                                         cf_plan_index(b->plan, level, 0))
                                        : 0;
    if (base != rel) out->sort_key_count = 0;
    return out;
}

cf_val *cf_verb_take_rows(cf_binder *b, cf_val *rel, cf_id from, cf_id to, bool last) {
    const cf_id args[3] = {rel->rows, from, to};
    const cf_id level = cf_plan_level(b->plan, CF_L_SLICE, args, 3, last);
    return cf_val_at_rows(b, rel, level, 0);
}

static bool is_alias_only(cf_verb_call *c) {
    for (size_t i = 0; i < c->count; i++)
        if (c->args[i].assign) {
            cf_bind_fail(c->b, CF_E_ASSIGN, c->args[i].name.span,
                         "`%s` tests a condition, but `=` gives a name", c->verb);
            cf_bind_hint(c->b, "compare with `==`");
            return true;
        }
    return false;
}

/* ---- from
 * ----------------------------------------------------------------------------------------------
 */

/* All elements of a list that a relation's rows hold: `from events.Jet`. */
static cf_val *flattened(cf_binder *b, cf_val *list, cf_id owner) {
    const cf_id args[2] = {list->rows, owner};
    const cf_id level = cf_plan_level(b->plan, CF_L_FLAT, args, 2, 0);
    cf_val *out = cf_val_at_rows(b, list, level, 0);
    out->level = owner;
    out->cut_start = NULL;
    out->cuts = NULL;
    return out;
}

/* events.Jet, a list of lists, as a relation: all jets, end to end. */
static cf_val *without_nesting(cf_verb_call *c, cf_val *v) {
    while (v->elem->kind == CF_VAL_LIST)
        v = cf_val_broadcast(c->b, v->elem, v->rows);
    if (cf_plan_depth(c->b->plan, v->rows) > 1 && cf_scope_level(c->scope) == CF_UNIT)
        return flattened(c->b, v, CF_UNIT);
    return v;
}

static cf_val *verb_from(cf_verb_call *c) {
    cf_val *v = cf_verb_caller_arg(c, 0);
    if (v == NULL) return NULL;
    if (v->kind == CF_VAL_TUPLE) { /* a tuple is a relation of one row */
        const cf_id rows = cf_plan_level(c->b->plan, CF_L_ITEMS, &v->level, 1, 1);
        cf_val *elem = cf_val_concat(c->b, rows, &v, 1, c->span);
        if (elem == NULL) return NULL;
        v = cf_val_list(c->b, rows, elem);
    }
    if (v->kind != CF_VAL_LIST) {
        cf_text type = {0};
        cf_val_type(c->b, v, &type);
        cf_bind_fail(c->b, CF_E_NOT_A_LIST, c->args[0].span,
                     "`from` needs a relation, and this is %s", type.data);
        cf_text_clear(&type);
        return NULL;
    }
    v = cf_val_copy(c->b, without_nesting(c, v));
    if (v->elem->kind ==
        CF_VAL_BASIC) { /* a list of single values is a relation of one column */
        const cf_ast *a = c->args[0].ast;
        cf_str name = CF_STR("value");
        if (a != NULL && a->kind == CF_AST_PATH)
            name = a->as.path.names[a->as.path.count - 1].text;
        cf_val *row = cf_val_tuple(c->b, v->rows, 1);
        cf_val_set(row, 0, name, v->elem);
        v->elem = row;
    }
    if (c->args[0].name.text.data != NULL) v->row_name = v->name = c->args[0].name.text;
    return v;
}

/* ---- select, derive
 * --------------------------------------------------------------------------------------- */

/* The items of `select {a, b = e}`, `derive x = e`, `derive x`: always as a tuple tree. */
static const cf_ast *items_of(cf_verb_call *c) {
    cf_arg *a = &c->args[0];
    const cf_ast *body = a->ast;
    while (body != NULL && body->kind == CF_AST_PIPELINE && body->as.list.count == 1)
        body = body->as.list.items[0].value;
    if (!a->assign && body != NULL && body->kind == CF_AST_TUPLE) return body;
    cf_ast *tuple = CF_NEW(c->b->arena, cf_ast);
    tuple->kind = CF_AST_TUPLE;
    tuple->span = a->span;
    tuple->as.list.items = CF_NEW(c->b->arena, cf_item);
    tuple->as.list.items[0].value = (cf_ast *)(uintptr_t)a->ast;
    if (a->assign) tuple->as.list.items[0].name = a->name;
    tuple->as.list.count = 1;
    return tuple;
}

static cf_val *tuple_rows(cf_binder *b, cf_val *rel) {
    cf_val *row = cf_val_broadcast(b, rel->elem, rel->rows);
    if (row->kind == CF_VAL_TUPLE) return row;
    cf_val *out = cf_val_tuple(b, rel->rows, 1);
    cf_val_set(out, 0, CF_STR("value"), row);
    return out;
}

static cf_val *derived(cf_verb_call *c, bool keep) {
    cf_binder *b = c->b;
    cf_val *rel = c->rel;
    if (c->args[0].ast == NULL)
        return cf_bind_fail(b, CF_E_TYPE, c->span, "`%s` needs columns", c->verb);
    cf_val *row = tuple_rows(b, rel);
    if (rel->elem->kind != CF_VAL_TUPLE) rel = with_elem(b, rel, row);
    cf_scope *scope = cf_scope_row(b, c->args[0].scope, rel);
    cf_val *tuple = cf_bind_tuple(b, items_of(c), scope, keep ? row : NULL);
    if (tuple == NULL) return NULL;
    for (size_t k = 0; k < tuple->slot_count; k++) {
        cf_val *v = tuple->slots[k].value;
        if (v == NULL || v->kind == CF_VAL_FUNC) continue;
        if (v->kind == CF_VAL_RANGE)
            return cf_bind_fail(b, CF_E_TYPE, c->span, "a range is no column");
        if (!cf_plan_is_ancestor(b->plan, v->level, rel->rows)) return cf_bind_mismatch(b);
    }
    tuple->level = rel->rows;
    tuple->of = ++b->tags;
    cf_val *out = with_elem(b, rel, tuple);
    return out;
}

static cf_val *verb_derive(cf_verb_call *c) {
    return derived(c, true);
}

static bool dropped(const cf_ast *list, const cf_slot *slot) {
    for (size_t i = 0; i < list->as.list.count; i++) {
        const cf_ast *v = list->as.list.items[i].value;
        if (v->kind == CF_AST_PATH &&
            cf_str_equal(v->as.path.names[v->as.path.count - 1].text, slot->name) &&
            (v->as.path.count == 1 || cf_str_equal(v->as.path.names[0].text, slot->table)))
            return true;
    }
    return false;
}

/* select !{a, b}: all but these */
static cf_val *select_exclude(cf_verb_call *c, const cf_ast * not ) {
    const cf_ast *list = not ->as.op.right;
    cf_val *row = tuple_rows(c->b, c->rel);
    if (list->kind == CF_AST_PATH) {
        cf_ast *tuple = CF_NEW(c->b->arena, cf_ast);
        *tuple = (cf_ast){.kind = CF_AST_TUPLE, .span = list->span};
        tuple->as.list.items = CF_NEW(c->b->arena, cf_item);
        tuple->as.list.items[0].value = (cf_ast *)(uintptr_t)list;
        tuple->as.list.count = 1;
        list = tuple;
    }
    if (list->kind != CF_AST_TUPLE)
        return cf_bind_fail(c->b, CF_E_SYNTAX, not ->span,
                            "`select !` takes columns: `select !{a, b}`");
    for (size_t i = 0; i < list->as.list.count; i++) /* unknown ones are errors */
        if (cf_bind_expr(c->b, list->as.list.items[i].value,
                         cf_scope_row(c->b, c->args[0].scope, c->rel)) == NULL)
            return NULL;
    cf_val *out = cf_val_tuple(c->b, row->level, row->slot_count);
    size_t n = 0;
    for (size_t k = 0; k < row->slot_count; k++)
        if (!dropped(list, &row->slots[k])) out->slots[n++] = row->slots[k];
    out->slot_count = n;
    out->valid = row->valid;
    return with_elem(c->b, c->rel, out);
}

static cf_val *verb_select(cf_verb_call *c) {
    const cf_ast *a = c->args[0].ast;
    while (a != NULL && a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    if (a != NULL && a->kind == CF_AST_UNARY && a->as.op.op == CF_OP_NOT &&
        !c->args[0].assign &&
        (a->as.op.right->kind == CF_AST_TUPLE || a->as.op.right->kind == CF_AST_PATH))
        return select_exclude(c, a);
    return derived(c, false);
}

/* A misspelt field can fall through to a column of the row around: say so. */
static void warn_outer(cf_verb_call *c, const cf_val *v, const cf_val *rel, cf_span span) {
    if (rel->level == CF_UNIT || v->level == rel->rows || v->kind != CF_VAL_BASIC) return;
    if (cf_plan_node(c->b->plan, v->node)->op == CF_V_CONST) return;
    const cf_str rows = rel->name.size > 0 ? rel->name : CF_STR("the list");
    cf_bind_warn(c->b, span, "`%s` looks at no field of %.*s here, only at the row around it",
                 c->verb, CF_STR_ARGS(rows));
}

/* ---- filter
 * -------------------------------------------------------------------------------------------------
 */

static cf_val *filter_ast(cf_verb_call *c, cf_val *rel, const cf_ast *ast, cf_str label) {
    const cf_ast *inner = ast;
    while (inner->kind == CF_AST_PIPELINE && inner->as.list.count == 1)
        inner = inner->as.list.items[0].value;
    if (inner->kind == CF_AST_BINARY &&
        inner->as.op.op == CF_OP_AND) { /* the second is computed for what the first leaves */
        cf_val *left = filter_ast(c, rel, inner->as.op.left, (cf_str){0});
        return left == NULL ? NULL : filter_ast(c, left, inner->as.op.right, label);
    }
    cf_val *cond = cf_bind_expr(c->b, ast, cf_scope_row(c->b, c->args[0].scope, rel));
    if (cond == NULL) return NULL;
    warn_outer(c, cond, rel, ast->span);
    const cf_id mask = cf_bind_condition(c->b, cond, ast->span, "filter");
    cf_plan_at(c->b->plan, ast->span);
    return mask == 0 ? NULL : cf_verb_filter_by(c->b, rel, mask, label);
}

static cf_val *verb_filter(cf_verb_call *c) {
    if (is_alias_only(c)) return NULL;
    cf_str label =
        c->args[0].ast == NULL ? CF_STR("filter") : cf_bind_source_text(c->b, c->args[0].span);
    cf_arg *name = cf_verb_named(c, "name");
    if (name != NULL) {
        cf_val *v = cf_bind_arg(c->b, name);
        if (v == NULL) return NULL;
        if (!cf_val_const_text(c->b, v, &label))
            return cf_bind_fail(c->b, CF_E_TYPE, name->span, "a filter's name is a text");
    }
    if (label.size == 0) label = CF_STR("filter");
    if (c->args[0].ast != NULL) return filter_ast(c, c->rel, c->args[0].ast, label);
    const cf_id mask = cf_bind_condition(c->b, c->args[0].value, c->args[0].span, "filter");
    return mask == 0 ? NULL : cf_verb_filter_by(c->b, c->rel, mask, label);
}

/* ---- sort, take
 * ------------------------------------------------------------------------------------------------
 */

static bool add_key(cf_verb_call *c, const cf_ast *ast, cf_id *keys, size_t *count,
                    int64_t *descending) {
    bool down = false;
    while (ast->kind == CF_AST_PIPELINE && ast->as.list.count == 1)
        ast = ast->as.list.items[0].value;
    if (ast->kind == CF_AST_UNARY &&
        (ast->as.op.op == CF_OP_NEG || ast->as.op.op == CF_OP_PLUS)) {
        down = ast->as.op.op == CF_OP_NEG;
        ast = ast->as.op.right;
    }
    cf_val *v = cf_bind_expr(c->b, ast, cf_scope_row(c->b, c->args[0].scope, c->rel));
    if (v == NULL) return false;
    if (v->kind != CF_VAL_BASIC) {
        cf_text type = {0};
        cf_val_type(c->b, v, &type);
        cf_bind_fail(c->b, CF_E_TYPE, ast->span, "`sort` needs single values, and this is %s",
                     type.data);
        cf_text_clear(&type);
        return false;
    }
    if (*count == 60) {
        cf_bind_fail(c->b, CF_E_LIMIT, ast->span, "`sort` takes at most 60 keys");
        return false;
    }
    warn_outer(c, v, c->rel, ast->span);
    const cf_id node = node_at(c->b, cf_val_number(c->b, v), c->rel->rows);
    if (node == 0) return false;
    if (down) *descending |= (int64_t)1 << *count;
    keys[(*count)++] = node;
    return true;
}

static cf_val *sorted_by(cf_binder *b, cf_val *rel, const cf_id *keys, size_t count,
                         int64_t descending) {
    cf_id *args = CF_NEWS(b->arena, cf_id, count + 1);
    args[0] = rel->rows;
    memcpy(args + 1, keys, count * sizeof *keys);
    const cf_id level = cf_plan_level(b->plan, CF_L_SORT, args, count + 1, descending);
    cf_val *out = cf_val_at_rows(b, rel, level, 0);
    out->sort_keys = CF_NEWS(b->arena, cf_id, count + 1);
    out->sort_key_count = count;
    for (size_t k = 0; k < count; k++)
        out->sort_keys[k] = cf_plan_gather(b->plan, keys[k], cf_plan_index(b->plan, level, 0));
    return out;
}

static cf_val *verb_sort(cf_verb_call *c) {
    if (is_alias_only(c)) return NULL;
    if (c->args[0].ast == NULL)
        return cf_bind_fail(c->b, CF_E_TYPE, c->span, "`sort` needs a column");
    const cf_ast *a = c->args[0].ast;
    while (a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    cf_id keys[64];
    size_t count = 0;
    int64_t descending = 0;
    if (a->kind == CF_AST_TUPLE) {
        for (size_t i = 0; i < a->as.list.count; i++)
            if (!add_key(c, a->as.list.items[i].value, keys, &count, &descending)) return NULL;
    } else if (!add_key(c, a, keys, &count, &descending))
        return NULL;
    return count == 0 ? c->rel : sorted_by(c->b, c->rel, keys, count, descending);
}

/* A whole number of the caller's row, as a node at the list's owner or above; 0: failed. */
static cf_id count_arg(cf_verb_call *c, cf_val *v, cf_span span) {
    if (v->kind != CF_VAL_BASIC || cf_kind_widened(cf_val_kind_of(c->b, v)) != CF_INT64) {
        cf_text type = {0};
        cf_val_type(c->b, v, &type);
        cf_bind_fail(c->b, CF_E_TYPE, span, "`%s` needs a whole number, and this is %s",
                     c->verb, type.data);
        cf_text_clear(&type);
        return 0;
    }
    if (!cf_plan_is_ancestor(c->b->plan, v->level, c->rel->level)) {
        cf_bind_mismatch(c->b);
        return 0;
    }
    return v->level == CF_UNIT
               ? cf_val_number(c->b, v)
               : cf_plan_broadcast(c->b->plan, cf_val_number(c->b, v), c->rel->level);
}

static cf_val *verb_take(cf_verb_call *c) {
    cf_binder *b = c->b;
    if (is_alias_only(c)) return NULL;
    cf_val *v = cf_verb_caller_arg(c, 0);
    if (v == NULL) return NULL;
    const cf_id zero = cf_plan_const_int(b->plan, 0);
    int64_t n = 0;
    if (v->kind == CF_VAL_RANGE) {
        const cf_id from = v->low == NULL ? zero : count_arg(c, v->low, c->args[0].span);
        const cf_id to =
            from == 0 || v->high == NULL ? zero : count_arg(c, v->high, c->args[0].span);
        if (from == 0 || to == 0) return NULL;
        if (v->low != NULL && cf_val_const_int(b, v->low, &n) && n < 1)
            return cf_bind_fail(b, CF_E_RANGE, c->args[0].span, "rows count from 1");
        if (v->high != NULL && cf_val_const_int(b, v->high, &n) && n < 1)
            return cf_verb_take_rows(b, c->rel, cf_plan_const_int(b->plan, 1),
                                     cf_plan_const_int(b->plan, -1), false);
        return cf_verb_take_rows(b, c->rel, from, to, false);
    }
    if (cf_val_const_int(b, v, &n) && n <= 0) {
        if (n == 0)
            return cf_verb_take_rows(b, c->rel, cf_plan_const_int(b->plan, 1),
                                     cf_plan_const_int(b->plan, -1), false);
        return cf_verb_take_rows(
            b, c->rel, zero, cf_plan_const_int(b->plan, n == INT64_MIN ? INT64_MAX : -n), true);
    }
    const cf_id to = count_arg(c, v, c->args[0].span);
    return to == 0 ? NULL
                   : cf_verb_take_rows(b, c->rel, cf_plan_const_int(b->plan, 1), to, false);
}

/* ---- aggregate
 * ------------------------------------------------------------------------------------------------------
 */

static cf_val *not_aggregated(cf_verb_call *c, const cf_slot *slot) {
    cf_bind_fail(c->b, CF_E_AXIS, c->span,
                 "`aggregate` gives one row, but `%.*s` has a value for every row",
                 CF_STR_ARGS(slot->name));
    cf_bind_hint(c->b, "say how they become one: `sum ..`, `average ..`, `min ..`, or `collect "
                       "this` for a list");
    return NULL;
}

static cf_val *verb_aggregate(cf_verb_call *c) {
    cf_binder *b = c->b;
    if (c->args[0].ast == NULL)
        return cf_bind_fail(b, CF_E_TYPE, c->span, "`aggregate` needs columns");
    cf_scope *scope = cf_scope_row(b, c->args[0].scope, c->rel);
    scope->aggregate = true;
    cf_val *tuple = cf_bind_tuple(b, items_of(c), scope, NULL);
    if (tuple == NULL) return NULL;
    const cf_id owner = c->rel->level;
    for (size_t k = 0; k < tuple->slot_count; k++)
        if (!cf_plan_is_ancestor(b->plan, tuple->slots[k].value->level, owner))
            return not_aggregated(c, &tuple->slots[k]);
    tuple->level = owner;
    const cf_id args[2] = {owner, cf_plan_const_int(b->plan, 1)};
    const cf_id rows = cf_plan_level(b->plan, CF_L_REPEAT, args, 2, 0);
    cf_val *elem = cf_val_broadcast(b, tuple, rows);
    elem->of = 0;
    cf_val *out = cf_val_list(b, rows, elem);
    out->name = c->rel->name;
    out->aggregated = true;
    return out;
}

/* collect this: the rows as a list. */
static cf_val *verb_collect(cf_verb_call *c) {
    cf_binder *b = c->b;
    const cf_scope *row = cf_scope_inner_row(c->scope);
    if (row == NULL)
        return cf_bind_fail(b, CF_E_AXIS, c->span, "`collect` belongs into `aggregate`");
    cf_val *v = cf_verb_caller_arg(c, 0);
    if (v == NULL) return NULL;
    if (!cf_plan_is_ancestor(b->plan, v->level, row->level)) return cf_bind_mismatch(b);
    cf_val *out = cf_val_list(b, row->level, cf_val_broadcast(b, v, row->level));
    out->name = row->list->name;
    return out;
}

/* ---- append, remove, distinct
 * ------------------------------------------------------------------------------------------ */

static cf_val *slot_value(cf_binder *b, cf_val *tuple, size_t k) {
    return k < tuple->slot_count ? cf_val_field(b, tuple, k) : NULL;
}

/* Rows of `other` with the columns in the places (position) that the first has them, under its
 * names. */
static cf_val *renamed(cf_binder *b, cf_val *other, const cf_val *like) {
    cf_val *out = cf_val_tuple(b, other->level, other->slot_count);
    memcpy(out->slots, other->slots, other->slot_count * sizeof *out->slots);
    for (size_t k = 0; k < out->slot_count; k++)
        out->slots[k].name = like->slots[k].name;
    out->valid = other->valid;
    return out;
}

/* The columns of both, by name: those that the first lacks come after its own. */
static cf_val *union_of_names(cf_binder *b, cf_val *x, cf_val *y) {
    cf_val *all = cf_val_tuple(b, x->level, x->slot_count + y->slot_count);
    memcpy(all->slots, x->slots, x->slot_count * sizeof *all->slots);
    all->slot_count = x->slot_count;
    for (size_t k = 0; k < y->slot_count; k++) {
        size_t at = 0;
        if (!cf_val_find(all, y->slots[k].name, &at))
            all->slots[all->slot_count++] = y->slots[k];
    }
    return all;
}

/* The element of two lists end to end, with the columns of `names`; where one lacks a column:
 * null. */
static cf_val *concat_rows(cf_binder *b, cf_id level, cf_val *x, cf_val *y,
                           const cf_val *names) {
    cf_val *rows[2] = {x, y}, *padded[2];
    for (size_t i = 0; i < 2; i++) {
        padded[i] = cf_val_tuple(b, rows[i]->level, names->slot_count);
        padded[i]->valid = rows[i]->valid;
        for (size_t k = 0; k < names->slot_count; k++) {
            size_t at = 0;
            padded[i]->slots[k] = names->slots[k];
            padded[i]->slots[k].value = NULL;
            padded[i]->slots[k].lazy = NULL;
            if (cf_val_find(rows[i], names->slots[k].name, &at))
                padded[i]->slots[k] = rows[i]->slots[at];
        }
    }
    return cf_val_concat(b, level, padded, 2, CF_NOWHERE);
}

static cf_val *verb_append(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *other = cf_verb_caller_arg(c, 0);
    if (other == NULL) return NULL;
    if (other->kind != CF_VAL_LIST)
        return cf_bind_fail(b, CF_E_NOT_A_LIST, c->args[0].span,
                            "`append` needs a relation or list");
    if (c->rel->level == CF_UNIT && other->level == CF_UNIT) other = without_nesting(c, other);
    bool by_name = false;
    cf_arg *by = cf_verb_named(c, "by");
    if (by != NULL) {
        const bool path = by->ast != NULL && by->ast->kind == CF_AST_PATH;
        by_name = path && cf_str_is(by->ast->as.path.names[0].text, "name");
        if (!by_name && !(path && cf_str_is(by->ast->as.path.names[0].text, "position")))
            return cf_bind_fail(b, CF_E_RANGE, by->span, "`by` is name or position");
    }
    cf_val *rel = c->rel;
    if (rel->level != other->level) { /* both to the deeper owner */
        if (cf_plan_is_ancestor(b->plan, rel->level, other->level))
            rel = cf_val_broadcast(b, rel, other->level);
        else if (cf_plan_is_ancestor(b->plan, other->level, rel->level))
            other = cf_val_broadcast(b, other, rel->level);
        else
            return cf_bind_mismatch(b);
    }
    const cf_id args[2] = {rel->rows, other->rows};
    const cf_id level = cf_plan_level(b->plan, CF_L_CONCAT, args, 2, 0);
    cf_val *elem = NULL;
    if (rel->elem->kind == CF_VAL_TUPLE || other->elem->kind == CF_VAL_TUPLE) {
        cf_val *x = tuple_rows(b, rel), *y = tuple_rows(b, other);
        if (!by_name) {
            if (x->slot_count != y->slot_count) {
                cf_bind_fail(b, CF_E_TYPE, c->args[0].span,
                             "`append` by position needs as many columns: %zu and %zu",
                             x->slot_count, y->slot_count);
                cf_bind_hint(b, "`append by:name` fills missing columns with null");
                return NULL;
            }
            y = renamed(b, y, x);
        }
        elem = concat_rows(b, level, x, y, by_name ? union_of_names(b, x, y) : x);
    } else {
        cf_val *both[2] = {cf_val_broadcast(b, rel->elem, rel->rows),
                           cf_val_broadcast(b, other->elem, other->rows)};
        elem = cf_val_concat(b, level, both, 2, c->span);
    }
    if (elem == NULL) return NULL;
    cf_val *out = cf_val_list(b, level, elem);
    out->name = rel->name;
    out->row_name = rel->row_name;
    out->aggregated = rel->aggregated;
    return out;
}

/* The basic columns of a row, those already in use first (they are read anyway), floats before
 * others. */
static size_t key_columns(cf_binder *b, cf_val *row, size_t *order) {
    size_t n = 0;
    for (int pass = 0; pass < 3; pass++)
        for (size_t k = 0; k < row->slot_count; k++) {
            const bool used = row->slots[k].value != NULL;
            const bool number = used && row->slots[k].value->kind == CF_VAL_BASIC &&
                                cf_kind_is_float(cf_val_kind_of(b, row->slots[k].value));
            if ((used ? (number ? 0 : 1) : 2) == pass) order[n++] = k;
        }
    return n;
}

static bool flat_keys(cf_binder *b, cf_val *row, cf_val *like, cf_id *keys, size_t *count,
                      size_t max, const size_t *order, size_t order_count, cf_id rows) {
    for (size_t i = 0; i < order_count; i++) {
        size_t at = order[i];
        if (row != like && !cf_val_find(row, like->slots[order[i]].name, &at)) continue;
        cf_val *v = slot_value(b, row, at);
        if (v == NULL) return false;
        if (v->kind == CF_VAL_TUPLE) {
            size_t *all = CF_NEWS(b->arena, size_t, v->slot_count + 1);
            for (size_t k = 0; k < v->slot_count; k++)
                all[k] = k;
            if (!flat_keys(b, v, v, keys, count, max, all, v->slot_count, rows)) return false;
            continue;
        }
        if (v->kind != CF_VAL_BASIC) continue; /* rows are told apart by their single values */
        if (*count == max) return true;
        const cf_id node = node_at(b, cf_val_number(b, v), rows);
        if (node == 0) return false;
        keys[(*count)++] = node;
    }
    return true;
}

#define KEYS_MAX 4096

static cf_val *verb_remove(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *other = cf_verb_caller_arg(c, 0);
    if (other == NULL) return NULL;
    if (other->kind != CF_VAL_LIST)
        return cf_bind_fail(b, CF_E_NOT_A_LIST, c->args[0].span,
                            "`remove` needs a relation or list");
    cf_val *rel = c->rel;
    if (rel->level != other->level) {
        if (cf_plan_is_ancestor(b->plan, other->level, rel->level))
            other = cf_val_broadcast(b, other, rel->level);
        else if (cf_plan_is_ancestor(b->plan, rel->level, other->level))
            rel = cf_val_broadcast(b, rel, other->level);
        else
            return cf_bind_mismatch(b);
    }
    cf_val *l = tuple_rows(b, rel), *m = tuple_rows(b, other);
    if (l->slot_count != m->slot_count)
        return cf_bind_fail(b, CF_E_TYPE, c->args[0].span,
                            "`remove` needs rows of the same columns: %zu and %zu",
                            l->slot_count, m->slot_count);
    size_t *order = CF_NEWS(b->arena, size_t, l->slot_count + 1);
    const size_t n = key_columns(b, l, order);
    cf_id *keys_l = CF_NEWS(b->arena, cf_id, KEYS_MAX),
          *keys_m = CF_NEWS(b->arena, cf_id, KEYS_MAX);
    size_t count_l = 0, count_m = 0;
    const bool by_name = rel->elem->of != 0 && rel->elem->of == other->elem->of;
    if (!flat_keys(b, l, l, keys_l, &count_l, KEYS_MAX, order, n, rel->rows) ||
        !flat_keys(b, m, by_name ? l : m, keys_m, &count_m, KEYS_MAX, order, n, other->rows))
        return NULL;
    if (count_l != count_m || count_l == 0)
        return cf_bind_fail(b, CF_E_TYPE, c->args[0].span,
                            "`remove` needs rows of the same columns");
    cf_id *args = CF_NEWS(b->arena, cf_id, 2 + 2 * count_l);
    args[0] = rel->rows;
    args[1] = other->rows;
    for (size_t k = 0; k < count_l; k++) {
        cf_val *pair[2] = {cf_val_basic(b, keys_l[k]), cf_val_basic(b, keys_m[k])};
        if (cf_val_unify_basic(b, pair, 2, c->span) == NULL) return NULL;
        args[2 + k] = pair[0]->node;
        args[2 + count_l + k] = pair[1]->node;
    }
    const cf_id mask = cf_plan_value(b->plan, CF_V_REMOVE, CF_BOOL, rel->rows, args,
                                     2 + 2 * count_l, by_name, 0, 0);
    return cf_verb_filter_by(b, rel, mask, (cf_str){0});
}

static cf_val *verb_distinct(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *row = tuple_rows(b, c->rel);
    if (c->count == 1) {
        row = cf_verb_row_arg(c, 0, c->rel);
        if (row == NULL) return NULL;
        if (row->kind != CF_VAL_TUPLE) {
            cf_val *one = cf_val_tuple(b, c->rel->rows, 1);
            cf_val_set(one, 0, CF_STR("key"), row);
            row = one;
        }
    }
    size_t *order = CF_NEWS(b->arena, size_t, row->slot_count + 1);
    for (size_t k = 0; k < row->slot_count; k++)
        order[k] = k;
    cf_id *args = CF_NEWS(b->arena, cf_id, KEYS_MAX + 1);
    size_t count = 0;
    args[0] = c->rel->rows;
    if (!flat_keys(b, row, row, args + 1, &count, KEYS_MAX, order, row->slot_count,
                   c->rel->rows))
        return NULL;
    const cf_id mask =
        cf_plan_value(b->plan, CF_V_DISTINCT, CF_BOOL, c->rel->rows, args, count + 1, 0, 0, 0);
    return cf_verb_filter_by(b, c->rel, mask, (cf_str){0});
}

/* ---- group
 * ----------------------------------------------------------------------------------------------------------------
 */

static cf_val *group_keys(cf_verb_call *c, cf_id **nodes, size_t *count) {
    cf_binder *b = c->b;
    const cf_ast *a = c->args[0].ast;
    cf_scope *scope = cf_scope_row(b, c->args[0].scope, c->rel);
    cf_val *keys = NULL;
    while (a != NULL && a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    if (a != NULL && (a->kind == CF_AST_TUPLE || (a->kind == CF_AST_PATH && a->as.path.star) ||
                      c->args[0].assign)) {
        cf_verb_call part = *c;
        if (a->kind == CF_AST_TUPLE && !c->args[0].assign)
            keys = cf_bind_tuple(b, a, scope, NULL);
        else
            keys = cf_bind_tuple(b, items_of(&part), scope, NULL);
    } else
        keys = cf_bind_tuple(b, items_of(c), scope, NULL);
    if (keys == NULL) return NULL;
    size_t *order = CF_NEWS(b->arena, size_t, keys->slot_count + 1);
    for (size_t k = 0; k < keys->slot_count; k++)
        order[k] = k;
    *nodes = CF_NEWS(b->arena, cf_id, KEYS_MAX);
    if (!flat_keys(b, keys, keys, *nodes, count, KEYS_MAX, order, keys->slot_count,
                   c->rel->rows))
        return NULL;
    keys->level = c->rel->rows;
    return keys;
}

/* Every part goes through the pipeline; what comes out is put end to end. */
static cf_val *verb_group(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_id *nodes = NULL;
    size_t count = 0;
    cf_val *keys = group_keys(c, &nodes, &count);
    if (keys == NULL) return NULL;
    cf_id *args = CF_NEWS(b->arena, cf_id, count + 1);
    args[0] = c->rel->rows;
    memcpy(args + 1, nodes, count * sizeof *nodes);
    const cf_id groups = cf_plan_level(b->plan, CF_L_GROUP, args, count + 1, 0);
    const cf_id members = cf_plan_level(b->plan, CF_L_MEMBERS, &groups, 1, 0);
    cf_val *part = cf_val_at_rows(b, c->rel, members, 0);
    part->aggregated = false;
    part->cuts = NULL;
    part->level = groups;
    cf_val *key_list = cf_val_copy(b, c->rel);
    key_list->elem = keys;
    cf_val *group_rows = cf_val_at_rows(b, key_list, groups, 0);
    cf_val *key_row = group_rows->elem;
    cf_arg pipeline = c->args[1];
    pipeline.scope = cf_scope_row(b, pipeline.scope, group_rows);
    pipeline.scope->name = (cf_str){0};
    cf_val *inner = cf_bind_apply(b, &pipeline, part);
    if (inner == NULL) return NULL;
    if (inner->kind != CF_VAL_LIST || !cf_plan_is_ancestor(b->plan, groups, inner->level))
        return cf_bind_fail(b, CF_E_TYPE, c->args[1].span,
                            "the pipeline of `group` must give rows");
    if (inner->aggregated) { /* the keys in front */
        cf_val *row = tuple_rows(b, inner);
        cf_val *at = cf_val_broadcast(b, key_row, inner->rows);
        cf_val *both = cf_val_tuple(b, inner->rows, keys->slot_count + row->slot_count);
        size_t n = 0;
        for (size_t k = 0; k < keys->slot_count; k++) {
            size_t there = 0;
            if (cf_val_find(row, keys->slots[k].name, &there)) continue;
            both->slots[n++] = at->slots[k];
        }
        memcpy(both->slots + n, row->slots, row->slot_count * sizeof *row->slots);
        both->slot_count = n + row->slot_count;
        inner = with_elem(b, inner, both);
    }
    cf_val *out = flattened(b, inner, c->rel->level);
    out->name = c->rel->name;
    out->row_name = c->rel->row_name;
    out->aggregated = false;
    return out;
}

/* ---- lists
 * ------------------------------------------------------------------------------------------------------------------
 */

static cf_val *picked(cf_verb_call *c, cf_pick kind, cf_id key) {
    cf_binder *b = c->b;
    const cf_id index = cf_plan_pick(b->plan, kind, c->rel->rows, key);
    return cf_val_gather(b, cf_val_broadcast(b, c->rel->elem, c->rel->rows), index,
                         c->rel->level);
}

static cf_val *window_call(cf_verb_call *c, cf_window kind, bool wants_n);

static cf_val *verb_first(cf_verb_call *c) {
    if (c->rel == NULL || c->count > 0) return window_call(c, CF_W_FIRST, false);
    return c->rel->kind == CF_VAL_LIST ? picked(c, CF_PICK_FIRST, 0)
                                       : window_call(c, CF_W_FIRST, false);
}

static cf_val *verb_last(cf_verb_call *c) {
    if (c->rel == NULL || c->count > 0) return window_call(c, CF_W_LAST, false);
    return c->rel->kind == CF_VAL_LIST ? picked(c, CF_PICK_LAST, 0)
                                       : window_call(c, CF_W_LAST, false);
}

static cf_val *by_key(cf_verb_call *c, cf_pick kind) {
    if (is_alias_only(c)) return NULL;
    cf_val *v = cf_verb_row_arg(c, 0, c->rel);
    if (v == NULL) return NULL;
    if (v->kind != CF_VAL_BASIC)
        return cf_bind_fail(c->b, CF_E_TYPE, c->args[0].span, "`%s` needs a single value",
                            c->verb);
    const cf_id key = node_at(c->b, cf_val_number(c->b, v), c->rel->rows);
    return key == 0 ? NULL : picked(c, kind, key);
}

static cf_val *verb_min_by(cf_verb_call *c) {
    return by_key(c, CF_PICK_MIN_BY);
}

static cf_val *verb_max_by(cf_verb_call *c) {
    return by_key(c, CF_PICK_MAX_BY);
}

static const char *const letters[] = {"a", "b", "c", "d", "e", "f"};

/* Names from `pairs {l1, l2}`. */
static bool combination_names(cf_verb_call *c, size_t arg, size_t k, cf_str *names) {
    for (size_t i = 0; i < k; i++)
        names[i] = cf_str_of(letters[i]);
    if (c->count <= arg) return true;
    const cf_ast *a = c->args[arg].ast;
    while (a != NULL && a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    if (a == NULL || a->kind != CF_AST_TUPLE || a->as.list.count != k) {
        cf_bind_fail(c->b, CF_E_RANGE, c->args[arg].span,
                     "`%s` takes %zu names: `%s {l1, l2%s}`", c->verb, k, c->verb,
                     k > 2 ? ", .." : "");
        return false;
    }
    for (size_t i = 0; i < k; i++) {
        const cf_ast *v = a->as.list.items[i].value;
        if (v->kind != CF_AST_PATH || v->as.path.count != 1) {
            cf_bind_fail(c->b, CF_E_RANGE, v->span, "a name is needed here");
            return false;
        }
        names[i] = v->as.path.names[0].text;
    }
    return true;
}

static cf_val *combinations(cf_verb_call *c, size_t k, size_t names_arg) {
    cf_binder *b = c->b;
    cf_str names[6];
    if (!combination_names(c, names_arg, k, names)) return NULL;
    const cf_id level = cf_plan_level(b->plan, CF_L_COMBINE, &c->rel->rows, 1, (int64_t)k);
    cf_val *elem = cf_val_tuple(b, level, k);
    for (size_t i = 0; i < k; i++)
        cf_val_set(elem, i, names[i],
                   cf_val_gather(b, cf_val_broadcast(b, c->rel->elem, c->rel->rows),
                                 cf_plan_index(b->plan, level, (unsigned)i), level));
    cf_val *out = cf_val_list(b, level, elem);
    out->name = cf_str_of(k == 2 ? "pairs" : k == 3 ? "triplets" : "combinations");
    return out;
}

static cf_val *verb_pairs(cf_verb_call *c) {
    return combinations(c, 2, 0);
}

static cf_val *verb_triplets(cf_verb_call *c) {
    return combinations(c, 3, 0);
}

static cf_val *verb_combine(cf_verb_call *c) {
    cf_val *v = cf_verb_caller_arg(c, 0);
    int64_t k = 0;
    if (v == NULL) return NULL;
    if (!cf_val_const_int(c->b, v, &k) || k < 2 || k > 4)
        return cf_bind_fail(c->b, CF_E_RANGE, c->args[0].span, "`combine` takes 2, 3 or 4");
    return combinations(c, (size_t)k, 1);
}

static cf_val *verb_cross(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *other = cf_verb_caller_arg(c, 0), *rel = c->rel;
    cf_str names[6];
    if (other == NULL || !combination_names(c, 1, 2, names)) return NULL;
    if (other->kind != CF_VAL_LIST)
        return cf_bind_fail(b, CF_E_NOT_A_LIST, c->args[0].span, "`cross` needs a second list");
    if (rel->level != other->level) {
        if (cf_plan_is_ancestor(b->plan, other->level, rel->level))
            other = cf_val_broadcast(b, other, rel->level);
        else if (cf_plan_is_ancestor(b->plan, rel->level, other->level))
            rel = cf_val_broadcast(b, rel, other->level);
        else
            return cf_bind_mismatch(b);
    }
    const cf_id args[2] = {rel->rows, other->rows};
    const cf_id level = cf_plan_level(b->plan, CF_L_CROSS, args, 2, 0);
    cf_val *elem = cf_val_tuple(b, level, 2);
    cf_val_set(elem, 0, names[0],
               cf_val_gather(b, cf_val_broadcast(b, rel->elem, rel->rows),
                             cf_plan_index(b->plan, level, 0), level));
    cf_val_set(elem, 1, names[1],
               cf_val_gather(b, cf_val_broadcast(b, other->elem, other->rows),
                             cf_plan_index(b->plan, level, 1), level));
    cf_val *out = cf_val_list(b, level, elem);
    out->name = CF_STR("pairs");
    return out;
}

/* explode Jet: a row for each jet, with the event's columns and the jet as column `Jet`. */
static cf_val *verb_explode(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *list = cf_verb_row_arg(c, 0, c->rel);
    if (list == NULL) return NULL;
    if (list->kind != CF_VAL_LIST)
        return cf_bind_fail(b, CF_E_NOT_A_LIST, c->args[0].span,
                            "`explode` needs a list column");
    if (!cf_plan_is_ancestor(b->plan, list->level, c->rel->rows)) return cf_bind_mismatch(b);
    list = cf_val_broadcast(b, list, c->rel->rows);
    cf_arg *side = cf_verb_named(c, "side");
    const bool left = side != NULL && side->ast != NULL && side->ast->kind == CF_AST_PATH &&
                      cf_str_is(side->ast->as.path.names[0].text, "left");
    if (side != NULL && !left)
        return cf_bind_fail(b, CF_E_RANGE, side->span,
                            "`side` is left (rows without elements stay)");
    cf_id rows = list->rows;
    cf_val *elem = cf_val_broadcast(b, list->elem, rows);
    if (left) {
        rows = cf_plan_level(b->plan, CF_L_EXPLODE, &list->rows, 1, 0);
        elem = cf_val_gather(b, elem, cf_plan_index(b->plan, rows, 0), rows);
    }
    const cf_ast *a = c->args[0].ast;
    cf_str name = list->name.size > 0 ? list->name : CF_STR("item");
    if (a != NULL && a->kind == CF_AST_PATH) name = a->as.path.names[a->as.path.count - 1].text;
    cf_val *row = cf_val_broadcast(b, tuple_rows(b, c->rel), rows);
    cf_val *out = cf_val_list(b, rows, cf_val_with(b, row, name, elem));
    out->name = c->rel->name;
    return flattened(b, out, c->rel->level);
}

/* zip {pt = jet_pt, eta = jet_eta}: one list of tuples out of lists of equal length. */
static cf_val *verb_zip(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *t = cf_verb_caller_arg(c, 0);
    if (t == NULL) return NULL;
    if (t->kind != CF_VAL_TUPLE || t->slot_count == 0)
        return cf_bind_fail(b, CF_E_TYPE, c->span,
                            "`zip` takes a tuple of lists: `zip {pt = jet_pt, eta = jet_eta}`");
    cf_val *first = NULL;
    cf_val *elem = NULL;
    for (size_t k = 0; k < t->slot_count; k++) {
        cf_val *list = cf_val_field(b, t, k);
        if (list == NULL) return NULL;
        if (list->kind != CF_VAL_LIST)
            return cf_bind_fail(b, CF_E_NOT_A_LIST, c->span, "`%.*s` is no list",
                                CF_STR_ARGS(t->slots[k].name));
        list = cf_val_broadcast(b, list, t->level);
        cf_val *x = cf_val_broadcast(b, list->elem, list->rows);
        if (first == NULL) {
            first = list;
            elem = cf_val_tuple(b, list->rows, t->slot_count);
        } else if (list->rows != first->rows) {
            if (x->kind != CF_VAL_BASIC)
                return cf_bind_fail(b, CF_E_TYPE, c->span,
                                    "`zip` takes lists of single values");
            const cf_id pair[2] = {first->rows, x->node};
            x = cf_val_basic(b, cf_plan_value(b->plan, CF_V_ALIGN, cf_val_kind_of(b, x),
                                              first->rows, pair, 2, 0, 0, 0));
        }
        cf_val_set(elem, k, t->slots[k].name, x);
    }
    return cf_val_list(b, first->rows, elem);
}

/* ---- reductions and windows
 * ---------------------------------------------------------------------------------------------------
 */

static bool reduction_of(const char *name, cf_reduce *kind) {
#define CF_REDUCE(id, word)        \
    if (strcmp(name, word) == 0) { \
        *kind = CF_R_##id;         \
        return true;               \
    }
    CF_REDUCES(CF_REDUCE)
#undef CF_REDUCE
    return false;
}

static bool reducible(cf_reduce kind, cf_kind k) {
    switch (kind) {
    case CF_R_COUNT:
    case CF_R_COUNT_VALID:
    case CF_R_COUNT_DISTINCT: return true;
    case CF_R_SUM:
    case CF_R_AVERAGE:
        return k == CF_INT64 || k == CF_FLOAT64 || k == CF_BOOL || k == CF_NULL ||
               (kind == CF_R_SUM && k == CF_DURATION);
    case CF_R_STDDEV: return k == CF_INT64 || k == CF_FLOAT64 || k == CF_NULL;
    case CF_R_COUNT_NAN: return k == CF_FLOAT64;
    case CF_R_MIN:
    case CF_R_MAX: return true;
    case CF_R_ANY:
    case CF_R_ALL: return k == CF_BOOL || k == CF_NULL;
    case CF_R_CONCAT: return k == CF_TEXT || k == CF_NULL;
    case CF_REDUCE_COUNT: break;
    }
    return false;
}

cf_val *cf_bind_reduce(cf_binder *b, const cf_builtin *f, cf_val *list, cf_val *value,
                       cf_span span) {
    cf_reduce kind = CF_R_COUNT;
    if (!reduction_of(f->name, &kind))
        return cf_bind_fail(b, CF_E_NOT_YET, span, "`%s` does not work yet", f->name);
    cf_plan_at(b->plan, span);
    if (value->kind == CF_VAL_TUPLE && kind == CF_R_COUNT)
        return cf_val_basic(b, cf_plan_reduce(b->plan, kind, list->rows, 0));
    if (value->kind == CF_VAL_TUPLE && value->slot_count == 1)
        value = cf_val_field(b, value, 0);
    if (value == NULL) return NULL;
    if (value->kind == CF_VAL_LIST && kind == CF_R_COUNT)
        return cf_val_basic(b, cf_plan_reduce(b->plan, kind, list->rows, 0));
    const cf_kind k = cf_kind_widened(cf_val_kind_of(b, value));
    if (value->kind != CF_VAL_BASIC || !reducible(kind, k)) {
        cf_text type = {0};
        cf_val_type(b, value, &type);
        cf_bind_fail(b, value->kind == CF_VAL_LIST ? CF_E_AXIS : CF_E_TYPE, span,
                     "`%s` of the rows needs single values, and this is %s", f->name,
                     type.data);
        if (value->kind == CF_VAL_LIST)
            cf_bind_hint(b, "reduce the lists first: `%s (%s ..)`", f->name, f->name);
        else if (value->kind == CF_VAL_TUPLE)
            cf_bind_hint(b, "name the column: `%s this.x`", f->name);
        cf_text_clear(&type);
        return NULL;
    }
    if (!cf_plan_is_ancestor(b->plan, value->level, list->rows)) {
        if (cf_plan_is_ancestor(b->plan, list->rows, value->level))
            return cf_bind_fail(b, CF_E_AXIS, span, "`%s` gets values of deeper rows here",
                                f->name);
        return cf_bind_mismatch(b);
    }
    if (value->level != list->rows && cf_plan_node(b->plan, value->node)->op != CF_V_CONST &&
        kind != CF_R_COUNT) {
        cf_bind_fail(b, CF_E_AXIS, span, "`%s` gets a value that is the same for all rows here",
                     f->name);
        cf_bind_hint(b, "name a column of %.*s", list->name.size > 0 ? (int)list->name.size : 9,
                     list->name.size > 0 ? list->name.data : "these rows");
        return NULL;
    }
    const cf_id node = node_at(b, cf_val_number(b, value), list->rows);
    return node == 0 ? NULL
                     : cf_val_basic(b, cf_plan_reduce(b->plan, kind, list->rows,
                                                      kind == CF_R_COUNT ? 0 : node));
}

/* row_number, lag n x, rank x, first x, ...: over the rows of the pipeline that this stands in.
 */
static cf_val *window_call(cf_verb_call *c, cf_window kind, bool wants_n) {
    cf_binder *b = c->b;
    const cf_scope *row = cf_scope_inner_row(c->scope);
    if (row == NULL)
        return cf_bind_fail(b, CF_E_AXIS, c->span, "`%s` needs the rows of a relation",
                            c->verb);
    int64_t n = 0;
    size_t at = 0;
    if (wants_n) {
        cf_val *v = cf_verb_caller_arg(c, at++);
        if (v == NULL) return NULL;
        if (!cf_val_const_int(b, v, &n))
            return cf_bind_fail(b, CF_E_NOT_CONSTANT, c->args[0].span,
                                "`%s` needs a number known beforehand", c->verb);
    }
    cf_val *x = at < c->count ? cf_verb_caller_arg(c, at) : c->rel != NULL ? c->rel : row->row;
    if (x == NULL) return NULL;
    const cf_id rows = row->level;
    const cf_val *list = row->list;
    const bool ranks = kind == CF_W_RANK || kind == CF_W_DENSE_RANK;
    if (ranks && list->sort_key_count == 0) {
        cf_bind_fail(b, CF_E_MISSING_ARGUMENT, c->span, "`%s` needs sorted rows", c->verb);
        cf_bind_hint(b, "put a `sort` before it");
        return NULL;
    }
    cf_id *args = CF_NEWS(b->arena, cf_id, 2 + list->sort_key_count);
    size_t count = 0;
    args[count++] = rows;
    cf_kind out = CF_INT64;
    if (!ranks && kind != CF_W_ROW_NUMBER) {
        if (x->kind != CF_VAL_BASIC)
            return cf_bind_fail(b, CF_E_TYPE, c->span, "`%s` needs a single value", c->verb);
        const cf_id node = node_at(b, cf_val_number(b, x), rows);
        if (node == 0) return NULL;
        out = cf_plan_node(b->plan, node)->kind;
        args[count++] = node;
    } else
        args[count++] = 0;
    if (ranks || kind == CF_W_LAST)
        for (size_t k = 0; k < list->sort_key_count; k++)
            args[count++] = list->sort_keys[k];
    return cf_val_basic(
        b, cf_plan_value(b->plan, CF_V_WINDOW, out, rows, args, count, (int64_t)kind, n, 0));
}

static cf_val *verb_row_number(cf_verb_call *c) {
    return window_call(c, CF_W_ROW_NUMBER, false);
}
static cf_val *verb_lag(cf_verb_call *c) {
    return window_call(c, CF_W_LAG, true);
}
static cf_val *verb_lead(cf_verb_call *c) {
    return window_call(c, CF_W_LEAD, true);
}
static cf_val *verb_rank(cf_verb_call *c) {
    return window_call(c, CF_W_RANK, false);
}
static cf_val *verb_rank_dense(cf_verb_call *c) {
    return window_call(c, CF_W_DENSE_RANK, false);
}

/* x | in 1..5 */
static cf_val *verb_in(cf_verb_call *c) {
    cf_val *set = cf_verb_caller_arg(c, 0);
    cf_val *x = c->rel != NULL ? c->rel : c->count > 1 ? cf_verb_caller_arg(c, 1) : NULL;
    if (set == NULL || (x == NULL && c->count > 1)) return NULL;
    if (x == NULL)
        return cf_bind_fail(c->b, CF_E_MISSING_ARGUMENT, c->span,
                            "`in` needs a value: `x | in 1..5` or `x in 1..5`");

    return cf_bind_in_values(c->b, x, set, c->span);
}

/* x | as int */
static cf_val *verb_as(cf_verb_call *c) {
    const cf_ast *a = c->args[0].ast;
    cf_val *x = c->rel != NULL ? c->rel : c->count > 1 ? cf_verb_caller_arg(c, 1) : NULL;
    if (x == NULL && c->count > 1) return NULL;
    if (x == NULL)
        return cf_bind_fail(c->b, CF_E_MISSING_ARGUMENT, c->span,
                            "`as` needs a value: `x as int` or `x | as int`");
    const bool word = a != NULL && a->kind == CF_AST_PATH && a->as.path.count == 1;
    return cf_bind_cast(c->b, x, word ? a->as.path.names[0].text : CF_STR(""), c->span);
}

/* ---- the table
 * ----------------------------------------------------------------------------------------------------------------
 */

static const cf_verb verbs[] = {
    {"from", verb_from, 1, 1, false, NULL},
    {"select", verb_select, 1, 1, true, NULL},
    {"derive", verb_derive, 1, 1, true, NULL},
    {"filter", verb_filter, 1, 1, true, "name"},
    {"sort", verb_sort, 1, 1, true, NULL},
    {"take", verb_take, 1, 1, true, NULL},
    {"aggregate", verb_aggregate, 1, 1, true, NULL},
    {"collect", verb_collect, 1, 1, false, NULL},
    {"append", verb_append, 1, 1, true, "by"},
    {"remove", verb_remove, 1, 1, true, NULL},
    {"distinct", verb_distinct, 0, 1, true, NULL},
    {"group", verb_group, 2, 2, true, NULL},
    {"first", verb_first, 0, 1, false, NULL},
    {"last", verb_last, 0, 1, false, NULL},
    {"min_by", verb_min_by, 1, 1, true, NULL},
    {"max_by", verb_max_by, 1, 1, true, NULL},
    {"pairs", verb_pairs, 0, 1, true, NULL},
    {"triplets", verb_triplets, 0, 1, true, NULL},
    {"combine", verb_combine, 1, 2, true, NULL},
    {"cross", verb_cross, 1, 2, true, NULL},
    {"explode", verb_explode, 1, 1, true, "side"},
    {"zip", verb_zip, 1, 1, false, NULL},
    {"row_number", verb_row_number, 0, 1, false, NULL},
    {"lag", verb_lag, 1, 2, false, NULL},
    {"lead", verb_lead, 1, 2, false, NULL},
    {"rank", verb_rank, 0, 1, false, NULL},
    {"rank_dense", verb_rank_dense, 0, 1, false, NULL},
    {"in", verb_in, 1, 2, false, NULL},
    {"as", verb_as, 1, 2, false, NULL},
};

static const cf_verb *find_in(const cf_verb *table, cf_str name) {
    for (; table->name != NULL; table++)
        if (cf_str_is(name, table->name)) return table;
    return NULL;
}

const cf_verb *cf_verb_find(cf_str name) {
    for (size_t i = 0; i < CF_COUNT(verbs); i++)
        if (cf_str_is(name, verbs[i].name)) return &verbs[i];
    const cf_verb *v = find_in(cf_verbs_draw, name);
    return v != NULL ? v : find_in(cf_verbs_file, name);
}
