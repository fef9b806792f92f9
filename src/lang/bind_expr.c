/* Expressions: literals, operators, tuples, lists, cases, texts with values in them. */

#include "lang/bind_internal.h"

#include <string.h>

cf_str cf_bind_source_text(cf_binder *b, cf_span span) {
    if (b->env->text == NULL) return (cf_str){"", 0};
    const cf_str all = b->env->text(b->env->user, span.source);
    if (span.end > all.size || span.begin > span.end) return (cf_str){"", 0};
    return (cf_str){all.data + span.begin, span.end - span.begin};
}

static void *type_fail(cf_binder *b, cf_span span, const char *what, cf_val **args,
                       size_t count) {
    for (size_t i = 0; i < count; i++)
        if (args[i]->kind == CF_VAL_FUNC) return cf_bind_unfinished(b, args[i], span);
    cf_text types = {0};
    for (size_t i = 0; i < count; i++) {
        cf_text_adds(&types, i == 0 ? "" : i + 1 == count ? " and " : ", ");
        cf_val_type(b, args[i], &types);
    }
    cf_bind_fail(b, CF_E_TYPE, span, "`%s` does not take %s", what,
                 types.data == NULL ? "nothing" : types.data);
    cf_bind_type_hint(b, what, args, count);
    cf_text_clear(&types);
    return NULL;
}

/* ---- functions of rows ---- */

/* The deepest of the levels, or 0 when they do not lie on one line of ancestors. */
static cf_id deepest_level(cf_binder *b, const cf_id *levels, size_t count) {
    cf_id deepest = CF_UNIT;
    for (size_t i = 0; i < count; i++)
        if (cf_plan_depth(b->plan, levels[i]) > cf_plan_depth(b->plan, deepest))
            deepest = levels[i];
    for (size_t i = 0; i < count; i++)
        if (!cf_plan_is_ancestor(b->plan, levels[i], deepest)) return 0;
    return deepest;
}

static cf_id deepest_of(cf_binder *b, cf_val **args, size_t count) {
    cf_id *levels = CF_NEWS(b->arena, cf_id, count + 1);
    for (size_t i = 0; i < count; i++)
        levels[i] = args[i]->level;
    return deepest_level(b, levels, count);
}

/* Lists take functions of single values element by element; all lists must be equally long. */
static cf_val *map_lists(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count,
                         cf_span span) {
    const cf_id owner = deepest_of(b, args, count);
    if (owner == 0) return cf_bind_mismatch(b);
    cf_plan_at(b->plan, span);
    cf_val **elems = CF_NEWS(b->arena, cf_val *, count);
    cf_val *first = NULL;
    for (size_t i = 0; i < count; i++) {
        elems[i] = args[i];
        if (args[i]->kind != CF_VAL_LIST) continue;
        cf_val *list = cf_val_broadcast(b, args[i], owner);
        cf_val *elem = cf_val_broadcast(b, list->elem, list->rows);
        if (first == NULL)
            first = list;
        else if (list->rows != first->rows) {
            if (elem->kind != CF_VAL_BASIC) return type_fail(b, span, f->name, args, count);
            const cf_id pair[2] = {first->rows, elem->node};
            elem = cf_val_basic(b, cf_plan_value(b->plan, CF_V_ALIGN, cf_val_kind_of(b, elem),
                                                 first->rows, pair, 2, 0, 0, 0));
        }
        elems[i] = elem;
    }
    cf_val *elem = cf_bind_map(b, f, elems, count, span);
    if (elem == NULL) return NULL;
    CF_ASSERT(first != NULL); /* who calls has seen a list */
    cf_val *out = cf_val_list(b, first->rows, cf_val_broadcast(b, elem, first->rows));
    out->name = first->name;
    return out;
}

cf_val *cf_bind_map(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count,
                    cf_span span) {
    cf_kind *kinds = CF_NEWS(b->arena, cf_kind, count + 1);
    cf_id *nodes = CF_NEWS(b->arena, cf_id, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (args[i]->kind == CF_VAL_LIST) return map_lists(b, f, args, count, span);
        if (args[i]->kind != CF_VAL_BASIC) return type_fail(b, span, f->name, args, count);
        kinds[i] = cf_kind_widened(cf_val_kind_of(b, args[i]));
    }
    if (deepest_of(b, args, count) == 0) return cf_bind_mismatch(b);
    cf_val *exact = cf_decimal_map(b, f, args, count, span);
    if (exact != NULL || b->err.status != CF_OK) return exact;
    cf_plan_at(b->plan, span);
    if ((exact = cf_uint64_map(b, f, args, count)) != NULL) return exact;
    const cf_func *func = cf_func_choose(f, kinds, count);
    if (func == NULL) return type_fail(b, span, f->name, args, count);
    cf_plan_at(b->plan, span);
    for (size_t i = 0; i < count; i++) {
        const size_t at = i < func->arg_count ? i : (size_t)func->arg_count - 1u;
        if (func->args[at] == CF_FLOAT64 && cf_val_kind_of(b, args[i]) == CF_UINT64) {
            nodes[i] = cf_plan_cast(b->plan, args[i]->node, CF_FLOAT64);
            continue;
        }
        nodes[i] = cf_plan_widen(b->plan, args[i]->node);
        if (func->args[at] != CF_NULL && kinds[i] != func->args[at]) {
            if (cf_func_cast(kinds[i], func->args[at]) == NULL)
                return type_fail(b, span, f->name, args, count);
            nodes[i] = cf_plan_cast(b->plan, nodes[i], func->args[at]);
        }
    }
    return cf_val_basic(b, cf_plan_map(b->plan, func, nodes, count));
}

cf_val *cf_bind_map_named(cf_binder *b, const char *builtin, cf_val **args, size_t count,
                          cf_span span) {
    const cf_builtin *f = cf_builtin_find(cf_str_of(builtin));
    CF_ASSERT(f != NULL);
    return cf_bind_map(b, f, args, count, span);
}

cf_id cf_bind_condition(cf_binder *b, cf_val *v, cf_span span, const char *verb) {
    if (v->kind == CF_VAL_BASIC && cf_val_kind_of(b, v) == CF_BOOL) return v->node;
    if (v->kind == CF_VAL_BASIC && cf_val_kind_of(b, v) == CF_NULL)
        return cf_plan_const_null(b->plan, CF_BOOL);
    if (v->kind == CF_VAL_FUNC) {
        cf_bind_unfinished(b, v, span);
        return 0;
    }
    cf_text type = {0};
    cf_val_type(b, v, &type);
    if (v->kind == CF_VAL_LIST) {
        const cf_str text = cf_bind_source_text(b, span);
        cf_bind_fail(b, CF_E_LIST_CONDITION, span,
                     "`%s` needs a condition, but this is a list: one value a row of %.*s",
                     verb, v->name.size > 0 ? (int)v->name.size : 4,
                     v->name.size > 0 ? v->name.data : "it");
        if (text.size > 0 && text.size < 60 &&
            cf_kind_widened(cf_val_kind_of(b, v->elem)) == CF_BOOL)
            cf_bind_hint(b, "say which of them count: `%s any(%.*s)` or `%s all(%.*s)`", verb,
                         CF_STR_ARGS(text), verb, CF_STR_ARGS(text));
    } else
        cf_bind_fail(b, CF_E_TYPE, span, "`%s` needs a condition, and this is %s", verb,
                     type.data);
    cf_bind_label(b, "%s", type.data);
    cf_text_clear(&type);
    return 0;
}

/* ---- operators ---- */

static bool is_null_literal(const cf_ast *a) {
    return a->kind == CF_AST_NULL;
}

static cf_val *null_test(cf_binder *b, cf_val *v, bool negate, cf_span span) {
    (void)span;
    cf_id node = cf_val_is_null(b, v);
    if (negate) node = cf_plan_map_named(b->plan, "not_bool", &node, 1);
    return cf_val_basic(b, node);
}

static cf_val *bind_in_range(cf_binder *b, cf_val *x, cf_val *range, cf_span span) {
    cf_val *parts[2] = {NULL, NULL};
    if (range->low != NULL)
        parts[0] = cf_bind_map_named(b, ">=", (cf_val *[]){x, range->low}, 2, span);
    if (range->high != NULL)
        parts[1] = cf_bind_map_named(b, "<=", (cf_val *[]){x, range->high}, 2, span);
    if ((range->low != NULL && parts[0] == NULL) || (range->high != NULL && parts[1] == NULL))
        return NULL;
    if (parts[0] != NULL && parts[1] != NULL) return cf_bind_map_named(b, "&&", parts, 2, span);
    if (parts[0] != NULL || parts[1] != NULL) return parts[0] != NULL ? parts[0] : parts[1];
    return cf_val_basic(b, cf_plan_const_bool(b->plan, true));
}

/* x in ["a", "b"], all known beforehand: x == "a" || x == "b" */
static cf_val *bind_in_known(cf_binder *b, cf_val *x, cf_val *elem, cf_span span) {
    const cf_node *n = elem->kind == CF_VAL_BASIC ? cf_plan_node(b->plan, elem->node) : NULL;
    if (n == NULL || n->op != CF_V_ITEMSV || n->arg_count > 100) return NULL;
    cf_val *out = NULL;
    for (uint32_t i = 0; i < n->arg_count; i++) {
        if (cf_plan_node(b->plan, n->args[i])->op != CF_V_CONST) return NULL;
        cf_val *equal =
            cf_bind_map_named(b, "==", (cf_val *[]){x, cf_val_basic(b, n->args[i])}, 2, span);
        if (equal == NULL) return NULL;
        out =
            out == NULL ? equal : cf_bind_map_named(b, "||", (cf_val *[]){out, equal}, 2, span);
    }
    return out;
}

/* x in [1, 2]: compares with each; x in (a one-column relation): any of its rows. */
static cf_val *bind_in_list(cf_binder *b, cf_val *x, cf_val *list, cf_span span) {
    cf_val *elem = cf_val_broadcast(b, list->elem, list->rows);
    if (elem->kind == CF_VAL_TUPLE && elem->slot_count == 1) elem = cf_val_field(b, elem, 0);
    if (elem == NULL) return NULL;
    if (elem->kind != CF_VAL_BASIC) return type_fail(b, span, "in", (cf_val *[]){x, list}, 2);
    cf_val *known = x->kind == CF_VAL_BASIC ? bind_in_known(b, x, elem, span) : NULL;
    if (known != NULL || b->err.status != CF_OK) return known;
    cf_val *at = list;
    const cf_id deepest = deepest_of(b, (cf_val *[]){x, list}, 2);
    if (deepest == 0) return cf_bind_mismatch(b);
    if (deepest != list->level) { /* the list of the row around x */
        cf_val *plain = cf_val_copy(b, list);
        plain->elem = elem;
        at = cf_val_broadcast(b, plain, deepest);
        elem = cf_val_broadcast(b, at->elem, at->rows);
    }
    cf_val *equal = cf_bind_map_named(b, "==", (cf_val *[]){x, elem}, 2, span);
    if (equal == NULL) return NULL;
    const cf_id here = cf_plan_broadcast(b->plan, equal->node, at->rows);
    return cf_val_basic(b, cf_plan_reduce(b->plan, CF_R_ANY, at->rows, here));
}

/* x in a..b: both ends belong to it. */
cf_val *cf_bind_in_values(cf_binder *b, cf_val *x, cf_val *set, cf_span span) {
    if (set->kind == CF_VAL_RANGE) return bind_in_range(b, x, set, span);
    if (set->kind == CF_VAL_LIST) return bind_in_list(b, x, set, span);
    return cf_bind_fail(b, CF_E_TYPE, span,
                        "`in` needs a range, a list or a relation of one column");
}

static cf_val *coalesce(cf_binder *b, cf_val *x, cf_val *y, cf_span span) {
    cf_val *both[2] = {x, y};
    if (x->kind != CF_VAL_BASIC || y->kind != CF_VAL_BASIC)
        return type_fail(b, span, "??", both, 2);
    if (cf_val_unify_basic(b, both, 2, span) == NULL) return NULL;
    return cf_bind_map_named(b, "??", both, 2, span);
}

static cf_val *power(cf_binder *b, cf_val *x, cf_val *y, cf_span span) {
    int64_t n = 0;
    cf_val *both[2] = {x, y};
    const bool negative = cf_val_const_int(b, y, &n) && n < 0;
    if (negative && x->kind == CF_VAL_BASIC &&
        cf_kind_widened(cf_val_kind_of(b, x)) == CF_INT64)
        both[0] = cf_val_basic(b, cf_plan_cast(b->plan, cf_val_number(b, x), CF_FLOAT64));
    return cf_bind_map_named(b, "**", both, 2, span);
}

/* The right side of && || ?? is wanted only where the left does not decide. */
static cf_val *guarded_by(cf_binder *b, cf_op op, cf_val *x, cf_val *y) {
    if (x->kind != CF_VAL_BASIC || !cf_guard_needed(b, y)) return y;
    if (op == CF_OP_COALESCE) return cf_guard(b, y, cf_val_is_null(b, x));
    if ((op != CF_OP_AND && op != CF_OP_OR) || cf_val_kind_of(b, x) != CF_BOOL) return y;
    return cf_guard(b, y, cf_guard_unless(b, x->node, op == CF_OP_OR));
}

static cf_val *bind_binary(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    const cf_op op = ast->as.op.op;
    const cf_ast *l = ast->as.op.left, *r = ast->as.op.right;
    if ((op == CF_OP_EQ || op == CF_OP_NE) && (is_null_literal(l) || is_null_literal(r))) {
        cf_val *v = cf_bind_expr(b, is_null_literal(l) ? r : l, scope);
        return v == NULL ? NULL : null_test(b, v, op == CF_OP_NE, ast->span);
    }
    cf_val *x = cf_bind_expr(b, l, scope);
    if (x == NULL) return NULL;
    cf_val *y = cf_bind_expr(b, r, scope);
    if (y == NULL) return NULL;
    y = guarded_by(b, op, x, y);
    if (op == CF_OP_IN) return cf_bind_in_values(b, x, y, ast->span);
    if (op == CF_OP_COALESCE) return coalesce(b, x, y, ast->span);
    if (op == CF_OP_POW) return power(b, x, y, ast->span);
    if ((op == CF_OP_ADD || op == CF_OP_SUB) && x->kind == CF_VAL_TUPLE &&
        y->kind == CF_VAL_TUPLE)
        return cf_vector_add(b, x, y, op == CF_OP_SUB, ast->span);
    cf_val *both[2] = {x, y};
    return cf_bind_map_named(b, cf_op_text(op), both, 2, ast->span);
}

static cf_val *bind_unary(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    if (ast->as.op.op == CF_OP_SAME)
        return cf_bind_fail(b, CF_E_SYNTAX, ast->span,
                            "`==` in front of a name belongs into `join`");
    const cf_ast *right = ast->as.op.right;
    if (ast->as.op.op == CF_OP_NEG && right->kind == CF_AST_INT) {
        return cf_val_basic(
            b, cf_plan_const_int(b->plan, (int64_t)(0u - (uint64_t)right->as.integer)));
    }
    cf_val *v = cf_bind_expr(b, right, scope);
    if (v == NULL) return NULL;
    if (ast->as.op.op == CF_OP_PLUS) return v;
    return cf_bind_map_named(b, ast->as.op.op == CF_OP_NEG ? "neg" : "!", &v, 1, ast->span);
}

/* ---- texts ---- */

static cf_val *piece_text(cf_binder *b, const cf_piece *p, cf_scope *scope) {
    if (p->value == NULL) return cf_val_basic(b, cf_plan_const_text(b->plan, p->text));
    cf_val *v = cf_bind_expr(b, p->value, scope);
    if (v == NULL) return NULL;
    if (v->kind != CF_VAL_BASIC) return type_fail(b, p->value->span, "f\"..\"", &v, 1);
    if (cf_val_kind_of(b, v) == CF_UINT64 && p->format.size == 0)
        return cf_val_basic(b, cf_plan_cast(b->plan, v->node, CF_TEXT));
    cf_id node = cf_val_number(b, v);
    const cf_kind kind = cf_plan_node(b->plan, node)->kind;
    if (p->format.size > 0) {
        cf_id args[2] = {node, cf_plan_const_text(b->plan, p->format)};
        cf_plan_at(b->plan, p->value->span);
        if (kind == CF_INT64)
            return cf_val_basic(b, cf_plan_map_named(b->plan, "format_int", args, 2));
        if (kind == CF_TEXT && cf_func_find(CF_STR("format_text")) != NULL)
            return cf_val_basic(b, cf_plan_map_named(b->plan, "format_text", args, 2));
        if (kind != CF_FLOAT64)
            return cf_bind_fail(b, CF_E_TYPE, p->value->span,
                                "the format `%.*s` is for numbers", CF_STR_ARGS(p->format));
        return cf_val_basic(b, cf_plan_map_named(b->plan, "format_float", args, 2));
    }
    if (kind == CF_TEXT) return v;
    if (cf_val_kind_of(b, v) == CF_DECIMAL)
        return cf_val_basic(b, cf_plan_cast(b->plan, v->node, CF_TEXT));
    if (cf_func_cast(kind, CF_TEXT) == NULL)
        return type_fail(b, p->value->span, "f\"..\"", &v, 1);
    return cf_val_basic(b, cf_plan_cast(b->plan, node, CF_TEXT));
}

static cf_val *bind_fstring(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    const size_t n = ast->as.fstring.count;
    if (n == 0) return cf_val_basic(b, cf_plan_const_text(b->plan, CF_STR("")));
    cf_val **parts = CF_NEWS(b->arena, cf_val *, n);
    cf_id *nodes = CF_NEWS(b->arena, cf_id, n);
    for (size_t i = 0; i < n; i++) {
        parts[i] = piece_text(b, &ast->as.fstring.pieces[i], scope);
        if (parts[i] == NULL) return NULL;
        nodes[i] = parts[i]->node;
    }
    if (n == 1) return parts[0];
    if (deepest_of(b, parts, n) == 0) return cf_bind_mismatch(b);
    return cf_val_basic(b, cf_plan_map_named(b->plan, "text_concat", nodes, n));
}

/* ---- tuples, lists, cases, indexes ---- */

/* What an unnamed item is called: the last part of a path, else its source text. */
static cf_str item_name(cf_binder *b, const cf_ast *value) {
    if (value->kind == CF_AST_PATH && !value->as.path.star)
        return value->as.path.names[value->as.path.count - 1].text;
    if (value->kind == CF_AST_FIELD) return value->as.field.name.text;
    if (value->kind == CF_AST_PIPELINE && value->as.list.count == 1 && !value->parens)
        return item_name(b, value->as.list.items[0].value);
    return cf_bind_source_text(b, value->span);
}

/* The slot of the value a path leads to, for its unit, doc and table. */
static const cf_slot *path_slot(const cf_ast *value, const cf_scope *scope) {
    const cf_scope *row = cf_scope_inner_row(scope);
    size_t at = 0;
    if (value->kind != CF_AST_PATH || row == NULL || row->row->kind != CF_VAL_TUPLE)
        return NULL;
    const cf_name last = value->as.path.names[value->as.path.count - 1];
    return cf_val_find(row->row, last.text, &at) && value->as.path.count <= 2
               ? &row->row->slots[at]
               : NULL;
}

typedef struct {
    cf_slot *slots;
    size_t count, capacity;
} slots;

static void slots_put(cf_binder *b, slots *s, cf_slot slot) {
    for (size_t i = 0; i < s->count; i++)
        if (cf_str_equal(s->slots[i].name, slot.name) &&
            (slot.table.size == 0 || cf_str_equal(s->slots[i].table, slot.table))) {
            s->slots[i] = slot;
            return;
        }
    if (s->count == s->capacity) {
        const size_t capacity = s->capacity == 0 ? 16 : s->capacity * 2;
        cf_slot *grown = CF_NEWS(b->arena, cf_slot, capacity);
        if (s->count > 0) memcpy(grown, s->slots, s->count * sizeof *grown);
        s->slots = grown;
        s->capacity = capacity;
    }
    s->slots[s->count++] = slot;
}

static cf_val *spread_base(cf_binder *b, const cf_ast *path, cf_scope *scope) {
    cf_ast base = *path;
    base.as.path.star = false;
    return cf_bind_path(b, &base, scope);
}

/* `mu.*`: all fields; of the row itself without a copy of their values. `t.*` with t a joined
 * table: its columns. */
static bool put_spread(cf_binder *b, slots *s, const cf_ast *path, cf_scope *scope) {
    const cf_scope *row = cf_scope_inner_row(scope);
    if (path->as.path.count == 1 && row != NULL && row->row->kind == CF_VAL_TUPLE) {
        bool any = false;
        for (size_t k = 0; k < row->row->slot_count; k++)
            if (cf_str_equal(row->row->slots[k].table, path->as.path.names[0].text)) {
                slots_put(b, s, row->row->slots[k]);
                any = true;
            }
        if (any) return true;
    }
    cf_val *v = spread_base(b, path, scope);
    if (v == NULL) return false;
    if (v->kind != CF_VAL_TUPLE) {
        cf_bind_fail(b, CF_E_TYPE, path->span, "`.*` needs a tuple");
        return false;
    }
    for (size_t k = 0; k < v->slot_count; k++) {
        cf_val *field = cf_val_field(b, v, k);
        if (field == NULL) return false;
        cf_slot slot = v->slots[k];
        slot.value = field;
        slots_put(b, s, slot);
    }
    return true;
}

static bool made_before(const slots *s, size_t first, cf_str name) {
    for (size_t i = first; i < s->count; i++)
        if (cf_str_equal(s->slots[i].name, name)) return true;
    return false;
}

/* No two items have one name: the first would be lost. */
static bool say_once(cf_binder *b, cf_name *items, size_t i, cf_str name, cf_span at) {
    items[i] = (cf_name){.text = name, .span = at};
    for (size_t k = 0; k < i; k++) {
        if (items[k].text.data == NULL || !cf_str_equal(items[k].text, name)) continue;
        cf_bind_fail(b, CF_E_DUPLICATE, at, "`%.*s` is given twice here", CF_STR_ARGS(name));
        cf_error_because(&b->err, items[k].span, "the first one");
        cf_bind_hint(b, "give one of them another name: `name = ..`");
        return false;
    }
    return true;
}

/* The items of a tuple; with `onto`, later items see the earlier ones (derive, select), and the
 * result starts with its fields. */
cf_val *cf_bind_tuple(cf_binder *b, const cf_ast *ast, cf_scope *scope, cf_val *onto) {
    slots s = {0};
    cf_scope *here = scope;
    if (onto != NULL)
        for (size_t k = 0; k < onto->slot_count; k++)
            slots_put(b, &s, onto->slots[k]);
    const size_t first = s.count;
    const cf_scope *row = cf_scope_inner_row(scope);
    cf_val **values = CF_NEWS(b->arena, cf_val *, ast->as.list.count + 1);
    cf_name *items = CF_NEWS(b->arena, cf_name, ast->as.list.count + 1);
    size_t value_count = 0;
    for (size_t i = 0; i < ast->as.list.count; i++) {
        const cf_item *item = &ast->as.list.items[i];
        if (item->value->kind == CF_AST_PATH && item->value->as.path.star) {
            if (!put_spread(b, &s, item->value, here)) return NULL;
            continue;
        }
        cf_val *v = cf_bind_expr(b, item->value, here);
        if (v == NULL) return NULL;
        const bool named = item->name.text.data != NULL;
        cf_str name = named ? item->name.text : item_name(b, item->value);
        if (!named && made_before(&s, first, name))
            name = cf_bind_source_text(b, item->value->span); /* a.pt, b.pt: both stay */
        const cf_span at = named ? item->name.span : item->value->span;
        if (!say_once(b, items, i, name, at)) return NULL;
        cf_slot slot = {.name = name, .value = v, .span = item->value->span};
        const cf_slot *from = path_slot(item->value, here);
        if (from != NULL && from->value == v) {
            slot.unit = from->unit;
            slot.doc = from->doc;
            if (item->name.text.data == NULL || cf_str_equal(from->name, name))
                slot.table = from->table;
        }
        slots_put(b, &s, slot);
        values[value_count++] = v;
        /* Later items see this one. */
        if (item->name.text.data != NULL && row != NULL && row->row->kind == CF_VAL_TUPLE) {
            cf_scope *next = CF_NEW(b->arena, cf_scope);
            *next = here == scope ? *row : *here;
            if (here != scope || cf_scope_inner_row(scope) == scope) {
                next->row = cf_val_with(b, here == scope ? row->row : here->row, name, v);
                next->row->of = 0;
                here = next;
            }
        }
    }
    const cf_id level = deepest_of(b, values, value_count);
    if (level == 0) return cf_bind_mismatch(b);
    cf_val *out = CF_NEW(b->arena, cf_val);
    *out = (cf_val){.kind = CF_VAL_TUPLE,
                    .level = onto != NULL ? onto->level : level,
                    .slots = s.slots,
                    .slot_count = s.count};
    if (out->slots == NULL) out->slots = CF_NEWS(b->arena, cf_slot, 1);
    return out;
}

/* Does a value hold lists? */
static bool holds_list(cf_binder *b, cf_val *v) {
    if (v->kind == CF_VAL_LIST) return true;
    if (v->kind != CF_VAL_TUPLE) return false;
    for (size_t k = 0; k < v->slot_count; k++) {
        cf_val *field = cf_val_field(b, v, k);
        if (field != NULL && holds_list(b, field)) return true;
    }
    return false;
}

/* Elements that hold lists: one row for each, end to end. */
static cf_val *array_of_lists(cf_binder *b, cf_val **values, size_t n, cf_id owner,
                              cf_span span) {
    const cf_id one_args[2] = {owner, cf_plan_const_int(b->plan, 1)};
    const cf_id one = cf_plan_level(b->plan, CF_L_REPEAT, one_args, 2, 0);
    cf_id *args = CF_NEWS(b->arena, cf_id, n);
    for (size_t i = 0; i < n; i++) {
        args[i] = one;
        values[i] = cf_val_broadcast(b, values[i], one);
    }
    const cf_id rows = cf_plan_level(b->plan, CF_L_CONCAT, args, n, 0);
    cf_val *elem = cf_val_concat(b, rows, values, n, span);
    return elem == NULL ? NULL : cf_val_list(b, rows, elem);
}

static cf_val *bind_array(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    const size_t n = ast->as.list.count;
    cf_val **values = CF_NEWS(b->arena, cf_val *, n + 1);
    for (size_t i = 0; i < n; i++)
        if ((values[i] = cf_bind_expr(b, ast->as.list.items[i].value, scope)) == NULL)
            return NULL;
    const cf_id owner = deepest_of(b, values, n);
    if (owner == 0) return cf_bind_mismatch(b);
    for (size_t i = 0; i < n; i++)
        if (holds_list(b, values[i])) return array_of_lists(b, values, n, owner, ast->span);
    const cf_id rows = cf_plan_level(b->plan, CF_L_ITEMS, &owner, 1, (int64_t)n);
    if (n == 0) {
        cf_val *none = cf_val_basic(
            b, cf_plan_broadcast(b->plan, cf_plan_const_null(b->plan, CF_NULL), rows));
        return cf_val_list(b, rows, none);
    }
    cf_id of = values[0]->of;
    for (size_t i = 1; i < n; i++)
        if (values[i]->of != of) of = 0;
    cf_val *elem = cf_val_concat(b, rows, values, n, ast->span);
    if (elem == NULL) return NULL;
    elem->of = of;
    cf_val *out = cf_val_list(b, rows, elem);
    return out;
}

/* Arms and conditions see only the rows that come to them. */
static void guard_arms(cf_binder *b, cf_val **conds, cf_val **values, size_t n) {
    bool needed = false;
    for (size_t i = 0; i < n; i++)
        needed |= cf_guard_needed(b, values[i]) || (i > 0 && cf_guard_needed(b, conds[i]));
    cf_id rest = 0; /* rows that no arm before took */
    for (size_t i = 0; i < n && needed; i++) {
        if (rest != 0) conds[i] = cf_guard(b, conds[i], rest);
        const cf_id both[2] = {rest, conds[i]->node};
        const cf_id mine =
            rest == 0 ? conds[i]->node : cf_plan_map_named(b->plan, "and_bool", both, 2);
        values[i] = cf_guard(b, values[i], mine);
        const cf_id left[2] = {rest, cf_guard_unless(b, conds[i]->node, true)};
        rest = rest == 0 ? left[1] : cf_plan_map_named(b->plan, "and_bool", left, 2);
    }
}

static cf_val *bind_case(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    const size_t n = ast->as.list.count;
    cf_val **conds = CF_NEWS(b->arena, cf_val *, n + 1),
           **values = CF_NEWS(b->arena, cf_val *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const cf_item *arm = &ast->as.list.items[i];
        if ((conds[i] = cf_bind_expr(b, arm->cond, scope)) == NULL) return NULL;
        const cf_id node = cf_bind_condition(b, conds[i], arm->cond->span, "case");
        if (node == 0) return NULL;
        conds[i] = cf_val_basic(b, node);
        if ((values[i] = cf_bind_expr(b, arm->value, scope)) == NULL) return NULL;
    }
    if (deepest_of(b, conds, n) == 0) return cf_bind_mismatch(b);
    guard_arms(b, conds, values, n);
    values[n] = cf_val_basic(b, cf_plan_const_null(b->plan, CF_NULL));
    if (cf_val_unify_basic(b, values, n + 1, ast->span) == NULL) return NULL;
    cf_val *out = values[n];
    for (size_t i = n; i-- > 0;) {
        cf_val *three[3] = {conds[i], values[i], out};
        out = cf_bind_map_named(b, "if", three, 3, ast->span);
        if (out == NULL) return NULL;
    }
    return out;
}

static cf_val *bind_index(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    cf_val *list = cf_bind_expr(b, ast->as.index.base, scope);
    if (list == NULL) return NULL;
    if (list->kind != CF_VAL_LIST)
        return cf_bind_fail(b, CF_E_NOT_A_LIST, ast->as.index.base->span,
                            "only a list takes an index");
    cf_val *at = cf_bind_expr(b, ast->as.index.at, scope);
    if (at == NULL) return NULL;
    if (at->kind != CF_VAL_BASIC || cf_kind_widened(cf_val_kind_of(b, at)) != CF_INT64)
        return cf_bind_fail(b, CF_E_TYPE, ast->as.index.at->span,
                            "an index is an int, counted from 0");
    int64_t literal = 0;
    const bool from_end = cf_val_const_int(b, at, &literal) && literal < 0;
    const cf_id owner = deepest_of(b, (cf_val *[]){list, at}, 2);
    if (owner == 0) return cf_bind_mismatch(b);
    list = cf_val_broadcast(b, list, owner);
    const cf_id args[2] = {list->rows, cf_plan_widen(b->plan, at->node)};
    const cf_id nth =
        cf_plan_value(b->plan, CF_V_NTH, CF_INDEX, owner, args, 2, from_end, 0, 0);
    return cf_val_gather(b, cf_val_broadcast(b, list->elem, list->rows), nth, owner);
}

/* ---- casts ---- */

static bool kind_of_word(cf_str word, cf_kind *kind) {
    for (int k = CF_BOOL; k <= CF_DURATION; k++)
        if (cf_str_is(word, cf_kind_word((cf_kind)k))) {
            *kind = (cf_kind)k;
            return true;
        }
    return false;
}

static cf_val *cast_to(cf_binder *b, cf_val *v, cf_kind to, cf_span span) {
    if (v->kind == CF_VAL_LIST) {
        cf_val *elem = cast_to(b, cf_val_broadcast(b, v->elem, v->rows), to, span);
        return elem == NULL ? NULL : cf_val_list(b, v->rows, elem);
    }
    if (v->kind != CF_VAL_BASIC) return type_fail(b, span, "as", &v, 1);
    const bool exact =
        (cf_val_kind_of(b, v) == CF_DECIMAL && (to == CF_TEXT || to == CF_INT64)) ||
        (cf_val_kind_of(b, v) == CF_UINT64 && (to == CF_FLOAT64 || to == CF_TEXT));
    const cf_id wide = exact ? v->node : cf_val_number(b, v);
    const cf_kind from = cf_plan_node(b->plan, wide)->kind;
    if (from != to && !exact && cf_func_cast(from, to) == NULL)
        return cf_bind_fail(b, CF_E_TYPE, span, "%s cannot be turned into %s",
                            cf_kind_word(from), cf_kind_word(to));
    cf_plan_at(b->plan, span);
    return cf_val_basic(b, cf_plan_cast(b->plan, wide, to));
}

cf_val *cf_bind_cast(cf_binder *b, cf_val *v, cf_str word, cf_span span) {
    cf_kind to = CF_NULL;
    if (!kind_of_word(word, &to)) {
        cf_bind_fail(b, CF_E_TYPE, span,
                     "`as` takes int, float, bool, text, date, time, timestamp or duration");
        cf_bind_hint(b, "a name is given in front: `%.*s = ..`", CF_STR_ARGS(word));
        return NULL;
    }
    return cast_to(b, v, to, span);
}

static cf_val *bind_cast(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    cf_val *v = cf_bind_expr(b, ast->as.cast.value, scope);
    const cf_type_ast *type = ast->as.cast.type;
    return v == NULL ? NULL
                     : cf_bind_cast(b, v, type->kind == CF_TYPE_NAME ? type->name : CF_STR(""),
                                    ast->span);
}

/* ---- literals ---- */

static cf_val *bind_duration(cf_binder *b, const cf_ast *ast) {
    static const struct {
        const char *word;
        int64_t us;
    } units[] = {{"microsecond", 1},    {"millisecond", 1000}, {"second", 1000000},
                 {"minute", 60000000},  {"hour", 3600000000},  {"day", 86400000000},
                 {"week", 604800000000}};
    cf_str unit = ast->as.duration.unit;
    if (unit.size > 1 && unit.data[unit.size - 1] == 's') unit.size--;
    for (size_t i = 0; i < CF_COUNT(units); i++) {
        int64_t us = 0;
        if (!cf_str_is(unit, units[i].word)) continue;
        if (__builtin_mul_overflow(ast->as.duration.count, units[i].us, &us))
            return cf_bind_fail(b, CF_E_LITERAL, ast->span, "this duration is too long");
        return cf_val_basic(b, cf_plan_const_time(b->plan, CF_DURATION, us));
    }
    return cf_bind_fail(b, CF_E_NOT_YET, ast->span, "durations of %.*s come later",
                        CF_STR_ARGS(unit));
}

static cf_val *bind_parameter(cf_binder *b, const cf_ast *ast) {
    const char *text = b->env->param == NULL ? NULL : b->env->param(b->env->user, ast->as.text);
    if (text == NULL) {
        cf_bind_fail(b, CF_E_PARAMETER, ast->span, "parameter `%.*s` has no value",
                     CF_STR_ARGS(ast->as.text));
        cf_bind_hint(b, "give it on the command line: -p %.*s=value",
                     CF_STR_ARGS(ast->as.text));
        return NULL;
    }
    return cf_val_basic(
        b, cf_plan_const_text(b->plan, cf_str_of(cf_str_dup(b->arena, cf_str_of(text)))));
}

static cf_val *bind_range(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    cf_val *out = CF_NEW(b->arena, cf_val);
    *out = (cf_val){.kind = CF_VAL_RANGE, .level = CF_UNIT};
    if (ast->as.range.low != NULL &&
        (out->low = cf_bind_expr(b, ast->as.range.low, scope)) == NULL)
        return NULL;
    if (ast->as.range.high != NULL &&
        (out->high = cf_bind_expr(b, ast->as.range.high, scope)) == NULL)
        return NULL;
    return out;
}

static cf_val *bind_lambda(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    cf_val *f = CF_NEW(b->arena, cf_val);
    *f = (cf_val){.kind = CF_VAL_FUNC,
                  .level = CF_UNIT,
                  .lambda = ast,
                  .scope = scope,
                  .home = cf_scope_home(scope)};
    return f;
}

static cf_val *bind_field(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    cf_val *base = cf_bind_expr(b, ast->as.field.base, scope);
    return base == NULL ? NULL : cf_bind_member(b, base, ast->as.field.name);
}

/* `sort -pt` is a call unless the head is a column in scope. */
static cf_val *bind_either(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    const cf_ast *head = ast->as.either.call->as.call.callee;
    const cf_str name = head->as.path.names[0].text;
    if (head->as.path.count == 1 &&
        (cf_verb_find(name) != NULL || cf_builtin_find(name) != NULL)) {
        const cf_scope *row = cf_scope_inner_row(scope);
        size_t at = 0;
        if (row == NULL || row->row->kind != CF_VAL_TUPLE || !cf_val_find(row->row, name, &at))
            return cf_bind_expr(b, ast->as.either.call, scope);
    }
    return cf_bind_expr(b, ast->as.either.value, scope);
}

static cf_val *bind_kind(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    switch (ast->kind) {
    case CF_AST_NULL: return cf_val_basic(b, cf_plan_const_null(b->plan, CF_NULL));
    case CF_AST_BOOL: return cf_val_basic(b, cf_plan_const_bool(b->plan, ast->as.boolean));
    case CF_AST_INT: return cf_val_basic(b, cf_plan_const_int(b->plan, ast->as.integer));
    case CF_AST_FLOAT: return cf_val_basic(b, cf_plan_const_float(b->plan, ast->as.number));
    case CF_AST_TEXT: return cf_val_basic(b, cf_plan_const_text(b->plan, ast->as.text));
    case CF_AST_FSTRING: return bind_fstring(b, ast, scope);
    case CF_AST_DATE:
        return cf_val_basic(b, cf_plan_const_time(b->plan, CF_DATE, ast->as.integer));
    case CF_AST_TIME:
        return cf_val_basic(b, cf_plan_const_time(b->plan, CF_TIME, ast->as.integer));
    case CF_AST_TIMESTAMP:
        return cf_val_basic(b, cf_plan_const_time(b->plan, CF_TIMESTAMP, ast->as.integer));
    case CF_AST_DURATION: return bind_duration(b, ast);
    case CF_AST_PARAM: return bind_parameter(b, ast);
    case CF_AST_PATH: return cf_bind_path(b, ast, scope);
    case CF_AST_FIELD: return bind_field(b, ast, scope);
    case CF_AST_INDEX: return bind_index(b, ast, scope);
    case CF_AST_UNARY: return bind_unary(b, ast, scope);
    case CF_AST_BINARY: return bind_binary(b, ast, scope);
    case CF_AST_CAST: return bind_cast(b, ast, scope);
    case CF_AST_RANGE: return bind_range(b, ast, scope);
    case CF_AST_TUPLE: return cf_bind_tuple(b, ast, scope, NULL);
    case CF_AST_ARRAY: return bind_array(b, ast, scope);
    case CF_AST_CASE: return bind_case(b, ast, scope);
    case CF_AST_CALL: return cf_bind_stage(b, ast, NULL, scope);
    case CF_AST_PIPELINE: return cf_bind_pipe(b, ast, scope);
    case CF_AST_LAMBDA: return bind_lambda(b, ast, scope);
    case CF_AST_EITHER: return bind_either(b, ast, scope);
    }
    return NULL;
}

cf_val *cf_bind_expr(cf_binder *b, const cf_ast *ast, cf_scope *scope) {
    if (++b->depth > CF_BIND_DEPTH) {
        b->depth--;
        return cf_bind_fail(b, CF_E_LIMIT, ast->span,
                            "this is nested too deeply, or a function calls itself");
    }
    cf_val *v = bind_kind(b, ast, scope);
    b->depth--;
    if (v == NULL && !b->mismatch && b->err.status != CF_OK && b->err.span.source == 0)
        b->err.span = ast->span;
    return v;
}

cf_val *cf_bind_arg(cf_binder *b, cf_arg *arg) {
    if (arg->value == NULL) arg->value = cf_bind_expr(b, arg->ast, arg->scope);
    return arg->value;
}
