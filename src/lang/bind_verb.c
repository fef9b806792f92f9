/* The verbs that work row by row or by position: from select derive filter sort take aggregate
 * collect, on relations and on lists of tuples alike; and what all verbs share. */

#include "lang/bind_internal.h"

#include <string.h>

/* ---- helpers for all verbs ---- */

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

cf_val *cf_verb_with_elem(cf_binder *b, const cf_val *rel, cf_val *elem) {
    cf_val *out = cf_val_copy(b, rel);
    out->elem = elem;
    out->shape = NULL;
    out->carried = NULL;
    out->sort_keys = rel->sort_keys;
    return out;
}

/* A value as a node at exactly the rows of rel; 0 (mismatch or error) if it cannot be. */
cf_id cf_verb_node_at(cf_binder *b, cf_id node, cf_id rows) {
    const cf_id level = cf_plan_node(b->plan, node)->level;
    if (level == rows) return node;
    if (!cf_plan_is_ancestor(b->plan, level, rows)) {
        cf_bind_mismatch(b);
        return 0;
    }
    return cf_plan_broadcast(b->plan, node, rows);
}

cf_val *cf_verb_filter_by(cf_binder *b, cf_val *rel, cf_id mask, cf_str label) {
    const cf_id at = cf_verb_node_at(b, mask, rel->rows);
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

bool cf_verb_alias_error(cf_verb_call *c) {
    for (size_t i = 0; i < c->count; i++)
        if (c->args[i].assign) {
            cf_bind_fail(c->b, CF_E_ASSIGN, c->args[i].name.span,
                         "`%s` tests a condition, but `=` gives a name", c->verb);
            cf_bind_hint(c->b, "compare with `==`");
            return true;
        }
    return false;
}

/* ---- from ---- */

/* All elements of a list that a relation's rows hold: `from events.Jet`. */
cf_val *cf_verb_flattened(cf_binder *b, cf_val *list, cf_id owner) {
    const cf_id args[2] = {list->rows, owner};
    const cf_id level = cf_plan_level(b->plan, CF_L_FLAT, args, 2, 0);
    cf_val *out = cf_val_at_rows(b, list, level, 0);
    out->level = owner;
    out->cut_start = NULL;
    out->cuts = NULL;
    return out;
}

/* events.Jet, a list of lists, as a relation: all jets, end to end. */
cf_val *cf_verb_unnested(cf_verb_call *c, cf_val *v) {
    while (v->elem->kind == CF_VAL_LIST)
        v = cf_val_broadcast(c->b, v->elem, v->rows);
    if (cf_plan_depth(c->b->plan, v->rows) > 1 && cf_scope_level(c->scope) == CF_UNIT)
        return cf_verb_flattened(c->b, v, CF_UNIT);
    return v;
}

/* `from "x.root"`: the function that reads such a file. */
static void hint_file(cf_verb_call *c, cf_val *v) {
    static const char *const readers[][2] = {
        {".root", "read_root"}, {".parquet", "read_parquet"}, {".csv", "read_csv"},
        {".tsv", "read_csv"},   {".json", "read_json"},       {".jsonl", "read_json"}};
    cf_str path = {0};
    if (!cf_val_const_text(c->b, v, &path) || path.size > 100) return;
    for (size_t i = 0; i < CF_COUNT(readers); i++) {
        const size_t n = strlen(readers[i][0]);
        if (path.size > n && memcmp(path.data + path.size - n, readers[i][0], n) == 0)
            cf_bind_hint(c->b, "write `from (%s \"%.*s\")`", readers[i][1], CF_STR_ARGS(path));
    }
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
    if (v->kind == CF_VAL_FUNC) return cf_bind_unfinished(c->b, v, c->args[0].span);
    if (v->kind != CF_VAL_LIST) {
        cf_text type = {0};
        cf_val_type(c->b, v, &type);
        cf_bind_fail(c->b, CF_E_NOT_A_LIST, c->args[0].span,
                     "`from` needs a relation, and this is %s", type.data);
        hint_file(c, v);
        cf_text_clear(&type);
        return NULL;
    }
    v = cf_val_copy(c->b, cf_verb_unnested(c, v));
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

/* ---- select, derive ---- */

/* The items of `select {a, b = e}`, `derive x = e`, `derive x`: always as a tuple tree. */
const cf_ast *cf_verb_items(cf_verb_call *c) {
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

cf_val *cf_verb_tuple_rows(cf_binder *b, cf_val *rel) {
    cf_val *row = cf_val_broadcast(b, rel->elem, rel->rows);
    if (row->kind == CF_VAL_TUPLE) return row;
    cf_val *out = cf_val_tuple(b, rel->rows, 1);
    cf_val_set(out, 0, CF_STR("value"), row);
    return out;
}

/* Functions, ranges and models are no values of a row. */
bool cf_verb_columns(cf_binder *b, const cf_val *tuple) {
    for (size_t k = 0; k < tuple->slot_count; k++) {
        const cf_slot *slot = &tuple->slots[k];
        if (slot->value == NULL || slot->span.source == 0) continue;
        if (slot->value->kind == CF_VAL_TUPLE && !cf_verb_columns(b, slot->value)) return false;
        if (slot->value->kind == CF_VAL_FUNC)
            return cf_bind_unfinished(b, slot->value, slot->span) != NULL;
        if (slot->value->kind == CF_VAL_RANGE || slot->value->kind == CF_VAL_MODEL)
            return cf_bind_fail(b, CF_E_TYPE, slot->span, "a %s is no column",
                                slot->value->kind == CF_VAL_RANGE ? "range" : "model") != NULL;
    }
    return true;
}

static cf_val *derived(cf_verb_call *c, bool keep) {
    cf_binder *b = c->b;
    cf_val *rel = c->rel;
    if (c->args[0].ast == NULL)
        return cf_bind_fail(b, CF_E_TYPE, c->span, "`%s` needs columns", c->verb);
    cf_val *row = cf_verb_tuple_rows(b, rel);
    if (rel->elem->kind != CF_VAL_TUPLE) rel = cf_verb_with_elem(b, rel, row);
    cf_scope *scope = cf_scope_row(b, c->args[0].scope, rel);
    cf_val *tuple = cf_bind_tuple(b, cf_verb_items(c), scope, keep ? row : NULL);
    if (tuple == NULL) return NULL;
    if (!cf_verb_columns(b, tuple)) return NULL;
    for (size_t k = 0; k < tuple->slot_count; k++) {
        cf_val *v = tuple->slots[k].value;
        if (v == NULL) continue;
        if (!cf_plan_is_ancestor(b->plan, v->level, rel->rows)) return cf_bind_mismatch(b);
    }
    tuple->level = rel->rows;
    tuple->of = ++b->tags;
    cf_val *out = cf_verb_with_elem(b, rel, tuple);
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
    cf_val *row = cf_verb_tuple_rows(c->b, c->rel);
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
    return cf_verb_with_elem(c->b, c->rel, out);
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
static bool looks_outside(const cf_verb_call *c, const cf_val *v, const cf_val *rel) {
    return rel->level != CF_UNIT && v->level != rel->rows && v->kind == CF_VAL_BASIC &&
           cf_plan_node(c->b->plan, v->node)->op != CF_V_CONST;
}

static void warn_outer(const cf_verb_call *c, const cf_val *rel, cf_span span) {
    const cf_str rows = rel->name.size > 0 ? rel->name : CF_STR("the list");
    cf_bind_warn(c->b, span, "`%s` looks at no field of %.*s here, only at the row around it",
                 c->verb, CF_STR_ARGS(rows));
}

/* ---- filter ---- */

/* *own: does a part of the condition look at the rows themselves? */
static cf_val *filter_ast(cf_verb_call *c, cf_val *rel, const cf_ast *ast, cf_str label,
                          bool *own) {
    const cf_ast *inner = ast;
    while (inner->kind == CF_AST_PIPELINE && inner->as.list.count == 1)
        inner = inner->as.list.items[0].value;
    if (inner->kind == CF_AST_BINARY &&
        inner->as.op.op == CF_OP_AND) { /* the second is computed for what the first leaves */
        cf_val *left = filter_ast(c, rel, inner->as.op.left, (cf_str){0}, own);
        return left == NULL ? NULL : filter_ast(c, left, inner->as.op.right, label, own);
    }
    cf_val *cond = cf_bind_expr(c->b, ast, cf_scope_row(c->b, c->args[0].scope, rel));
    if (cond == NULL) return NULL;
    *own |= !looks_outside(c, cond, rel);
    const cf_id mask = cf_bind_condition(c->b, cond, ast->span, "filter");
    cf_plan_at(c->b->plan, ast->span);
    return mask == 0 ? NULL : cf_verb_filter_by(c->b, rel, mask, label);
}

static cf_val *verb_filter(cf_verb_call *c) {
    if (cf_verb_alias_error(c)) return NULL;
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
    if (c->args[0].ast != NULL) {
        bool own = false;
        cf_val *out = filter_ast(c, c->rel, c->args[0].ast, label, &own);
        if (out != NULL && !own) warn_outer(c, c->rel, c->args[0].ast->span);
        return out;
    }
    const cf_id mask = cf_bind_condition(c->b, c->args[0].value, c->args[0].span, "filter");
    return mask == 0 ? NULL : cf_verb_filter_by(c->b, c->rel, mask, label);
}

/* ---- sort, take ---- */

static bool add_key(cf_verb_call *c, const cf_ast *ast, cf_id *keys, size_t *count,
                    int64_t *descending, bool *own) {
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
    if (v->kind == CF_VAL_FUNC) return cf_bind_unfinished(c->b, v, ast->span) != NULL;
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
    *own |= !looks_outside(c, v, c->rel);
    const cf_id node = cf_verb_node_at(c->b, cf_val_key(c->b, v), c->rel->rows);
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
    if (cf_verb_alias_error(c)) return NULL;
    if (c->args[0].ast == NULL)
        return cf_bind_fail(c->b, CF_E_TYPE, c->span, "`sort` needs a column");
    const cf_ast *a = c->args[0].ast;
    while (a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    cf_id keys[64];
    size_t count = 0;
    int64_t descending = 0;
    bool own = false;
    if (a->kind == CF_AST_TUPLE) {
        for (size_t i = 0; i < a->as.list.count; i++)
            if (!add_key(c, a->as.list.items[i].value, keys, &count, &descending, &own))
                return NULL;
    } else if (!add_key(c, a, keys, &count, &descending, &own))
        return NULL;
    if (count > 0 && !own) warn_outer(c, c->rel, a->span);
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
    if (cf_verb_alias_error(c)) return NULL;
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

/* ---- aggregate ---- */

static cf_val *not_aggregated(cf_verb_call *c, const cf_slot *slot) {
    cf_bind_fail(c->b, CF_E_AXIS, slot->span.source != 0 ? slot->span : c->span,
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
    cf_val *tuple = cf_bind_tuple(b, cf_verb_items(c), scope, NULL);
    if (tuple == NULL || !cf_verb_columns(b, tuple)) return NULL;
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

/* Two lists, both carried to the deeper of their owners. */
bool cf_verb_same_owner(cf_binder *b, cf_val **x, cf_val **y) {
    if ((*x)->level == (*y)->level) return true;
    if (cf_plan_is_ancestor(b->plan, (*x)->level, (*y)->level))
        *x = cf_val_broadcast(b, *x, (*y)->level);
    else if (cf_plan_is_ancestor(b->plan, (*y)->level, (*x)->level))
        *y = cf_val_broadcast(b, *y, (*x)->level);
    else
        cf_bind_mismatch(b);
    return !b->mismatch;
}

/* ---- the table ---- */

static const cf_verb verbs[] = {
    {"from", verb_from, 1, 1, false, NULL},
    {"select", verb_select, 1, 1, true, NULL},
    {"derive", verb_derive, 1, 1, true, NULL},
    {"filter", verb_filter, 1, 1, true, "name"},
    {"sort", verb_sort, 1, 1, true, NULL},
    {"take", verb_take, 1, 1, true, NULL},
    {"aggregate", verb_aggregate, 1, 1, true, NULL},
    {"collect", verb_collect, 1, 1, false, NULL},
    {0},
};

static const cf_verb *find_in(const cf_verb *table, cf_str name) {
    for (; table->name != NULL; table++)
        if (cf_str_is(name, table->name)) return table;
    return NULL;
}

const cf_verb *cf_verb_find(cf_str name) {
    const cf_verb *const tables[] = {
        verbs,          cf_verbs_rows, cf_verbs_list,  cf_verbs_draw,  cf_verbs_file,
        cf_verbs_learn, cf_verbs_net,  cf_verbs_train, cf_verbs_model, cf_verbs_judge};
    for (size_t i = 0; i < CF_COUNT(tables); i++) {
        const cf_verb *v = find_in(tables[i], name);
        if (v != NULL) return v;
    }
    return NULL;
}
