/* The verbs that compare whole rows: append remove distinct group. */

#include "lang/bind_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- append, remove, distinct ---- */

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

/* By position, a column can come under the name of another. */
static void note_other_names(const cf_verb_call *c, const cf_val *x, const cf_val *y) {
    for (size_t k = 0; k < x->slot_count; k++) {
        if (cf_str_equal(x->slots[k].name, y->slots[k].name)) continue;
        cf_error w = {.status = CF_E_TYPE, .span = c->args[0].span};
        (void)snprintf(w.message, sizeof w.message,
                       "`append` goes by position: `%.*s` comes under `%.*s`",
                       CF_STR_ARGS(y->slots[k].name), CF_STR_ARGS(x->slots[k].name));
        cf_error_hint(&w, "`append by:name` matches the names; `append by:position` says that "
                          "this is meant");
        cf_diags_warn(c->b->diags, &w);
        return;
    }
}

static cf_val *verb_append(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *other = cf_verb_caller_arg(c, 0);
    if (other == NULL) return NULL;
    if (other->kind != CF_VAL_LIST)
        return cf_bind_fail(b, CF_E_NOT_A_LIST, c->args[0].span,
                            "`append` needs a relation or list");
    if (c->rel->level == CF_UNIT && other->level == CF_UNIT) other = cf_verb_unnested(c, other);
    bool by_name = false;
    cf_arg *by = cf_verb_named(c, "by");
    if (by != NULL) {
        const bool path = by->ast != NULL && by->ast->kind == CF_AST_PATH;
        by_name = path && cf_str_is(by->ast->as.path.names[0].text, "name");
        if (!by_name && !(path && cf_str_is(by->ast->as.path.names[0].text, "position")))
            return cf_bind_fail(b, CF_E_RANGE, by->span, "`by` is name or position");
    }
    cf_val *rel = c->rel;
    if (!cf_verb_same_owner(b, &rel, &other)) return NULL;
    const cf_id args[2] = {rel->rows, other->rows};
    const cf_id level = cf_plan_level(b->plan, CF_L_CONCAT, args, 2, 0);
    cf_val *elem = NULL;
    if (rel->elem->kind == CF_VAL_TUPLE || other->elem->kind == CF_VAL_TUPLE) {
        cf_val *x = cf_verb_tuple_rows(b, rel), *y = cf_verb_tuple_rows(b, other);
        if (!by_name) {
            if (x->slot_count != y->slot_count) {
                cf_bind_fail(b, CF_E_TYPE, c->args[0].span,
                             "`append` by position needs as many columns: %zu and %zu",
                             x->slot_count, y->slot_count);
                cf_bind_hint(b, "`append by:name` fills missing columns with null");
                return NULL;
            }
            if (by == NULL) note_other_names(c, x, y);
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
        cf_val *v = cf_val_field(b, row, at);
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
        const cf_kind kind = cf_val_kind_of(b, v);
        const bool decimal = kind == CF_DECIMAL || kind == CF_UINT64; /* see exact_keys */
        const cf_id node = cf_verb_node_at(b, decimal ? v->node : cf_val_number(b, v), rows);
        if (node == 0) return false;
        keys[(*count)++] = node;
    }
    return true;
}

/* Decimals of one scale as what tells them apart. */
static void exact_keys(cf_binder *b, cf_id *keys, size_t count) {
    for (size_t k = 0; k < count; k++)
        keys[k] = cf_val_key(b, cf_val_basic(b, keys[k]));
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
    if (!cf_verb_same_owner(b, &rel, &other)) return NULL;
    cf_val *l = cf_verb_tuple_rows(b, rel), *m = cf_verb_tuple_rows(b, other);
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
        args[2 + k] = cf_val_key(b, pair[0]);
        args[2 + count_l + k] = cf_val_key(b, pair[1]);
    }
    const cf_id mask = cf_plan_value(b->plan, CF_V_REMOVE, CF_BOOL, rel->rows, args,
                                     2 + 2 * count_l, by_name, 0, 0);
    return cf_verb_filter_by(b, rel, mask, (cf_str){0});
}

static cf_val *verb_distinct(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *row = cf_verb_tuple_rows(b, c->rel);
    if (c->count == 1) {
        row = cf_verb_row_arg(c, 0, c->rel);
        if (row == NULL) return NULL;
        if (row->kind == CF_VAL_FUNC) return cf_bind_unfinished(b, row, c->args[0].span);
        if (row->kind == CF_VAL_TUPLE && !cf_verb_columns(b, row)) return NULL;
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
    exact_keys(b, args + 1, count);
    const cf_id mask =
        cf_plan_value(b->plan, CF_V_DISTINCT, CF_BOOL, c->rel->rows, args, count + 1, 0, 0, 0);
    return cf_verb_filter_by(b, c->rel, mask, (cf_str){0});
}

/* ---- group ---- */

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
            keys = cf_bind_tuple(b, cf_verb_items(&part), scope, NULL);
    } else
        keys = cf_bind_tuple(b, cf_verb_items(c), scope, NULL);
    if (keys == NULL || !cf_verb_columns(b, keys)) return NULL;
    size_t *order = CF_NEWS(b->arena, size_t, keys->slot_count + 1);
    for (size_t k = 0; k < keys->slot_count; k++)
        order[k] = k;
    *nodes = CF_NEWS(b->arena, cf_id, KEYS_MAX);
    if (!flat_keys(b, keys, keys, *nodes, count, KEYS_MAX, order, keys->slot_count,
                   c->rel->rows))
        return NULL;
    exact_keys(b, *nodes, *count);
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
        cf_val *row = cf_verb_tuple_rows(b, inner);
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
        inner = cf_verb_with_elem(b, inner, both);
    }
    cf_val *out = cf_verb_flattened(b, inner, c->rel->level);
    out->name = c->rel->name;
    out->row_name = c->rel->row_name;
    out->aggregated = false;
    return out;
}

const cf_verb cf_verbs_rows[] = {
    {"append", verb_append, 1, 1, true, "by"},
    {"remove", verb_remove, 1, 1, true, NULL},
    {"distinct", verb_distinct, 0, 1, true, NULL},
    {"group", verb_group, 2, 2, true, NULL},
    {0},
};
