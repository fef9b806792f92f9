/* Lists: picking, pairing, exploding; reductions and window functions; `in` and `as` as stages.
 */

#include "lang/bind_internal.h"
#include "plan/decimal.h"

#include <string.h>

/* ---- lists ---- */

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
    if (cf_verb_alias_error(c)) return NULL;
    cf_val *v = cf_verb_row_arg(c, 0, c->rel);
    if (v == NULL) return NULL;
    if (v->kind != CF_VAL_BASIC)
        return cf_bind_fail(c->b, CF_E_TYPE, c->args[0].span, "`%s` needs a single value",
                            c->verb);
    const cf_id key = cf_verb_node_at(c->b, cf_val_key(c->b, v), c->rel->rows);
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
    if (!cf_verb_same_owner(b, &rel, &other)) return NULL;
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
    cf_val *row = cf_val_broadcast(b, cf_verb_tuple_rows(b, c->rel), rows);
    cf_val *out = cf_val_list(b, rows, cf_val_with(b, row, name, elem));
    out->name = c->rel->name;
    return cf_verb_flattened(b, out, c->rel->level);
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

/* ---- reductions and windows ---- */

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
    if (value->kind == CF_VAL_FUNC) return cf_bind_unfinished(b, value, span);
    if (value->kind != CF_VAL_BASIC || !reducible(kind, k)) {
        cf_text type = {0};
        cf_val_type(b, value, &type);
        cf_bind_fail(b, value->kind == CF_VAL_LIST ? CF_E_AXIS : CF_E_TYPE, span,
                     value->kind == CF_VAL_BASIC ? "`%s` needs %s, and this is %s"
                                                 : "`%s` of the rows needs %s, and this is %s",
                     f->name,
                     value->kind != CF_VAL_BASIC            ? "single values"
                     : kind == CF_R_CONCAT                  ? "texts"
                     : kind == CF_R_ANY || kind == CF_R_ALL ? "conditions"
                                                            : "numbers",
                     type.data);
        if (kind == CF_R_CONCAT && value->kind == CF_VAL_BASIC)
            cf_bind_hint(b, "make them texts first: `x as text`");
        else if (value->kind == CF_VAL_LIST)
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
    cf_val *whole = cf_uint64_reduce(b, kind, list, value);
    if (whole != NULL || b->mismatch) return whole;
    const bool exact = cf_val_kind_of(b, value) == CF_DECIMAL &&
                       (kind == CF_R_SUM || kind == CF_R_AVERAGE || kind == CF_R_MIN ||
                        kind == CF_R_MAX || kind == CF_R_COUNT_DISTINCT);
    const bool as_float =
        cf_val_kind_of(b, value) == CF_UINT64 && (kind == CF_R_AVERAGE || kind == CF_R_STDDEV);
    cf_id x = exact || kind == CF_R_COUNT ? value->node
              : as_float                  ? cf_plan_cast(b->plan, value->node, CF_FLOAT64)
                                          : cf_val_number(b, value);
    if (k == CF_NULL && (kind == CF_R_ANY || kind == CF_R_ALL))
        x = cf_plan_cast(b->plan, value->node, CF_BOOL);
    if (k == CF_NULL && kind == CF_R_CONCAT) x = cf_plan_cast(b->plan, value->node, CF_TEXT);
    const cf_id node = cf_verb_node_at(b, x, list->rows);
    if (exact && node != 0)
        return cf_val_basic(b, cf_plan_decimal_reduce(b->plan, kind, list->rows, node));
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
        const cf_id node = cf_verb_node_at(
            b, cf_val_kind_of(b, x) == CF_DECIMAL ? x->node : cf_val_number(b, x), rows);
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

const cf_verb cf_verbs_list[] = {
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
    {0},
};
