/* Values of the language over plan nodes: tuples that make their fields when asked, lists as
 * levels, and how both are carried from one level to another. */

#include "lang/bind_internal.h"

#include <string.h>

/* ---- making --------------------------------------------------------------------------------
 */

static cf_val *val_new(cf_binder *b, cf_val_kind kind, cf_id level) {
    cf_val *v = CF_NEW(b->arena, cf_val);
    v->kind = kind;
    v->level = level;
    return v;
}

cf_val *cf_val_basic(cf_binder *b, cf_id node) {
    cf_val *v = val_new(b, CF_VAL_BASIC, cf_plan_node(b->plan, node)->level);
    v->node = node;
    return v;
}

cf_val *cf_val_tuple(cf_binder *b, cf_id level, size_t slots) {
    cf_val *v = val_new(b, CF_VAL_TUPLE, level);
    v->slots = CF_NEWS(b->arena, cf_slot, slots == 0 ? 1 : slots);
    v->slot_count = slots;
    return v;
}

cf_val *cf_val_list(cf_binder *b, cf_id rows, cf_val *elem) {
    cf_val *v = val_new(b, CF_VAL_LIST, cf_plan_node(b->plan, rows)->level);
    v->rows = rows;
    v->elem = elem;
    return v;
}

cf_val *cf_val_copy(cf_binder *b, const cf_val *v) {
    cf_val *copy = CF_NEW(b->arena, cf_val);
    *copy = *v;
    return copy;
}

cf_kind cf_val_kind_of(const cf_binder *b, const cf_val *v) {
    switch (v->kind) {
    case CF_VAL_BASIC: return cf_plan_node(b->plan, v->node)->kind;
    case CF_VAL_TUPLE: return CF_TUPLE;
    case CF_VAL_LIST: return CF_LIST;
    case CF_VAL_FUNC:
    case CF_VAL_MODEL: return CF_FUNCTION;
    case CF_VAL_RANGE: return CF_FUNCTION;
    }
    return CF_NULL;
}

/* ---- tuples --------------------------------------------------------------------------------
 */

cf_val *cf_val_field(cf_binder *b, cf_val *tuple, size_t i) {
    cf_slot *slot = &tuple->slots[i];
    if (slot->value == NULL && slot->lazy != NULL)
        slot->value = slot->lazy->make(b, slot->lazy);
    return slot->value;
}

bool cf_val_find(const cf_val *tuple, cf_str name, size_t *i) {
    for (size_t k = 0; k < tuple->slot_count; k++)
        if (cf_str_equal(tuple->slots[k].name, name)) {
            *i = k;
            return true;
        }
    return false;
}

static bool same_nocase(cf_str a, const char *z) {
    if (a.size != strlen(z)) return false;
    for (size_t k = 0; k < a.size; k++) {
        char c = a.data[k];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c != z[k]) return false;
    }
    return true;
}

bool cf_val_find_nocase(const cf_val *tuple, const char *const *names, size_t *i) {
    for (; *names != NULL; names++)
        for (size_t k = 0; k < tuple->slot_count; k++)
            if (same_nocase(tuple->slots[k].name, *names)) {
                *i = k;
                return true;
            }
    return false;
}

void cf_val_set(cf_val *tuple, size_t i, cf_str name, cf_val *value) {
    tuple->slots[i] = (cf_slot){.name = name, .value = value};
}

cf_val *cf_val_with(cf_binder *b, const cf_val *tuple, cf_str name, cf_val *value) {
    size_t at = tuple->slot_count;
    const bool replaces = cf_val_find(tuple, name, &at);
    cf_val *out = cf_val_tuple(b, tuple->level, tuple->slot_count + (replaces ? 0 : 1));
    memcpy(out->slots, tuple->slots, tuple->slot_count * sizeof *out->slots);
    cf_val_set(out, at, name, value);
    out->valid = tuple->valid;
    return out;
}

/* ---- carrying a value to other rows ---- */

static bool index_may_miss(const cf_binder *b, cf_id index);

/* v, which stands for rows of `from` (itself there or at an ancestor), for the rows of `level`.
 * A value of a common ancestor needs no carrying, unless the index may point nowhere. */
static cf_val *carry(cf_binder *b, cf_val *v, cf_id from, cf_id index, cf_id level) {
    if (v->level != from && cf_plan_is_ancestor(b->plan, v->level, level) &&
        !index_may_miss(b, index))
        return v;
    return cf_val_gather(b, cf_val_broadcast(b, v, from), index, level);
}

static cf_val *make_gathered(cf_binder *b, const cf_lazy *lazy) {
    cf_val *field = cf_val_field(b, lazy->from, lazy->at);
    return field == NULL ? NULL : carry(b, field, lazy->from->level, lazy->index, lazy->level);
}

static cf_val *make_broadcast(cf_binder *b, const cf_lazy *lazy) {
    cf_val *field = cf_val_field(b, lazy->from, lazy->at);
    return field == NULL ? NULL : cf_val_broadcast(b, field, lazy->level);
}

static cf_val *tuple_lazily(cf_binder *b, cf_val *v, cf_id level, cf_id index,
                            cf_val *(*make)(cf_binder *, const cf_lazy *)) {
    cf_val *out = cf_val_tuple(b, level, v->slot_count);
    cf_lazy *lazies = CF_NEWS(b->arena, cf_lazy, v->slot_count + 1);
    for (size_t k = 0; k < v->slot_count; k++) {
        lazies[k] = (cf_lazy){.make = make, .from = v, .at = k, .index = index, .level = level};
        out->slots[k] = v->slots[k];
        out->slots[k].value = NULL;
        out->slots[k].lazy = &lazies[k];
    }
    return out;
}

/* Can the index be -1?  Levels with rows of their own always have a source row. */
static bool index_may_miss(const cf_binder *b, cf_id index) {
    const cf_node *n = cf_plan_node(b->plan, index);
    if (n->op == CF_V_PICK || n->op == CF_V_NTH) return true;
    if (n->op == CF_V_INDEX) return cf_plan_node(b->plan, n->level)->op == CF_L_EXPLODE;
    return n->op != CF_V_BROADCAST || index_may_miss(b, n->args[0]);
}

/* Is there a row behind the index?  `true` gathered by it is null where there is none. */
static cf_id index_present(cf_binder *b, cf_id index) {
    const cf_id there = cf_plan_gather(b->plan, cf_plan_const_bool(b->plan, true), index);
    const cf_builtin *is_null = cf_builtin_find(CF_STR("is_null"));
    const cf_kind kind = CF_BOOL;
    const cf_id missing = cf_plan_map(b->plan, cf_func_choose(is_null, &kind, 1), &there, 1);
    return cf_plan_map_named(b->plan, "not_bool", &missing, 1);
}

cf_val *cf_val_at_rows(cf_binder *b, cf_val *list, cf_id rows, unsigned slot) {
    cf_val *out = cf_val_copy(b, list);
    out->rows = rows;
    out->level = cf_plan_node(b->plan, rows)->level;
    out->elem = carry(b, list->elem, list->rows, cf_plan_index(b->plan, rows, slot), rows);
    if (out->elem->kind == CF_VAL_TUPLE) { /* perhaps other rows than before */
        out->elem = cf_val_copy(b, out->elem);
        out->elem->of = ++b->tags;
    }
    out->sort_keys = NULL;
    out->sort_key_count = 0;
    out->shape = NULL;
    out->carried = NULL;
    return out;
}

/* ---- arrays: lists with the same number of items in every row ---- */

bool cf_val_array_items(const cf_binder *b, const cf_val *list, const cf_id **items,
                        size_t *count) {
    if (list->kind != CF_VAL_LIST || list->elem->kind != CF_VAL_BASIC) return false;
    const cf_node *level = cf_plan_node(b->plan, list->rows),
                  *value = cf_plan_node(b->plan, list->elem->node);
    if (level->op != CF_L_ITEMS || value->op != CF_V_ITEMSV) return false;
    *items = value->args;
    *count = value->arg_count;
    return true;
}

cf_val *cf_val_array(cf_binder *b, cf_id level, cf_val **items, size_t count) {
    const cf_id rows = cf_plan_level(b->plan, CF_L_ITEMS, &level, 1, (int64_t)count);
    cf_val *elem = cf_val_concat(b, rows, items, count, CF_NOWHERE);
    return elem == NULL ? NULL : cf_val_list(b, rows, elem);
}

/* An array carried to other rows is an array again: its items are carried. */
static cf_val *array_regathered(cf_binder *b, cf_val *v, cf_id index) {
    const cf_id *items = NULL;
    size_t count = 0;
    if (v->valid != 0 || index_may_miss(b, index) || !cf_val_array_items(b, v, &items, &count))
        return NULL;
    cf_val **carried = CF_NEWS(b->arena, cf_val *, count);
    for (size_t k = 0; k < count; k++)
        carried[k] = cf_val_basic(b, cf_plan_node(b->plan, items[k])->level == CF_UNIT
                                         ? items[k]
                                         : cf_plan_gather(b->plan, items[k], index));
    cf_val *out = cf_val_array(b, cf_plan_node(b->plan, index)->level, carried, count);
    if (out != NULL) out->name = v->name;
    return out;
}

static cf_val *list_regathered(cf_binder *b, cf_val *v, cf_id index) {
    cf_val *array = array_regathered(b, v, index);
    if (array != NULL) return array;
    const cf_id args[2] = {v->rows, index};
    const cf_id rows = cf_plan_level(b->plan, CF_L_REGATHER, args, 2, 0);
    cf_val *out = cf_val_at_rows(b, v, rows, 0);
    if (out->elem->kind == CF_VAL_TUPLE) out->elem->of = v->elem->of;
    out->cuts = NULL;
    out->carried = v;
    return out;
}

cf_val *cf_val_gather(cf_binder *b, cf_val *v, cf_id index, cf_id level) {
    switch (v->kind) {
    case CF_VAL_BASIC: return cf_val_basic(b, cf_plan_gather(b->plan, v->node, index));
    case CF_VAL_TUPLE: {
        cf_val *out = tuple_lazily(b, v, level, index, make_gathered);
        out->of = v->of;
        if (v->valid != 0) out->valid = cf_plan_gather(b->plan, v->valid, index);
        if (index_may_miss(b, index)) {
            const cf_id there = index_present(b, index);
            const cf_id both[2] = {there, out->valid};
            out->valid =
                out->valid == 0 ? there : cf_plan_map_named(b->plan, "and_bool", both, 2);
        }
        return out;
    }
    case CF_VAL_LIST: {
        cf_val *out = list_regathered(b, v, index);
        out->valid = v->valid == 0 ? 0 : cf_plan_gather(b->plan, v->valid, index);
        return out;
    }
    case CF_VAL_FUNC:
    case CF_VAL_MODEL:
    case CF_VAL_RANGE: return v;
    }
    return v;
}

/* For each row of `level` the row of its ancestor `up`. */
static cf_id ancestor_index(cf_binder *b, cf_id level, cf_id up) {
    const cf_id parent = cf_plan_node(b->plan, level)->level;
    if (parent == up) return cf_plan_index(b->plan, level, CF_SLOT_PARENT);
    return cf_plan_broadcast(b->plan, ancestor_index(b, parent, up), level);
}

cf_val *cf_val_broadcast(cf_binder *b, cf_val *v, cf_id level) {
    if (v->level == level) return v;
    switch (v->kind) {
    case CF_VAL_BASIC: return cf_val_basic(b, cf_plan_broadcast(b->plan, v->node, level));
    case CF_VAL_TUPLE: {
        cf_val *out = tuple_lazily(b, v, level, 0, make_broadcast);
        out->of = v->of;
        out->valid = v->valid == 0 ? 0 : cf_plan_broadcast(b->plan, v->valid, level);
        return out;
    }
    case CF_VAL_LIST: {
        cf_val *out = list_regathered(b, v, ancestor_index(b, level, v->level));
        out->valid = v->valid == 0 ? 0 : cf_plan_broadcast(b->plan, v->valid, level);
        return out;
    }
    case CF_VAL_FUNC:
    case CF_VAL_MODEL:
    case CF_VAL_RANGE: return v;
    }
    return v;
}

/* ---- columns of a source ---- */

static cf_val *stored_value(cf_binder *b, const cf_field *f, uint32_t source, cf_id level);

static cf_val *make_stored(cf_binder *b, const cf_lazy *lazy) {
    return stored_value(b, lazy->stored, lazy->source, lazy->level);
}

static cf_val *stored_tuple(cf_binder *b, const cf_type *type, uint32_t source, cf_id level) {
    cf_val *out = cf_val_tuple(b, level, type->field_count);
    cf_lazy *lazies = CF_NEWS(b->arena, cf_lazy, type->field_count + 1);
    for (uint32_t k = 0; k < type->field_count; k++) {
        const cf_field *f = &type->fields[k];
        lazies[k] =
            (cf_lazy){.make = make_stored, .stored = f, .source = source, .level = level};
        out->slots[k] = (cf_slot){.name = cf_str_of(f->name),
                                  .hidden = f->hidden,
                                  .unit = f->unit,
                                  .doc = f->doc,
                                  .lazy = &lazies[k]};
    }
    return out;
}

static cf_val *stored_value(cf_binder *b, const cf_field *f, uint32_t source, cf_id level) {
    if (f->unreadable != NULL)
        return cf_bind_fail(b, CF_E_UNSUPPORTED, CF_NOWHERE, "column `%s` cannot be read: %s",
                            f->file_name != NULL ? f->file_name : f->name, f->unreadable);
    const cf_type *type = f->type;
    if (type->kind == CF_TUPLE) {
        cf_val *out = stored_tuple(b, type, source, level);
        if (f->nullable) out->valid = cf_plan_valid(b->plan, source, f->node, level);
        return out;
    }
    if (type->kind != CF_LIST)
        return cf_val_basic(b, cf_plan_load(b->plan, source, f->node, type->kind, level));
    const cf_id rows = cf_plan_list(b->plan, source, f->node, level);
    cf_val *elem = stored_value(b, &type->fields[0], source, rows);
    if (elem == NULL) return NULL;
    if (elem->kind == CF_VAL_TUPLE) elem->of = ++b->tags;
    cf_val *out = cf_val_list(b, rows, elem);
    out->name = cf_str_of(f->name);
    if (f->nullable) out->valid = cf_plan_valid(b->plan, source, f->node, level);
    return out;
}

cf_val *cf_val_of_table(cf_binder *b, cf_source *source, cf_str name) {
    const uint32_t number = cf_plan_add_source(b->plan, source);
    const cf_id rows = cf_plan_scan(b->plan, number, 0);
    cf_val *row = stored_tuple(b, source->schema, number, rows);
    row->of = ++b->tags;
    for (size_t k = 0; k < row->slot_count; k++)
        row->slots[k].table = name;
    cf_val *out = cf_val_list(b, rows, row);
    out->name = name;
    out->row_name = name;
    return out;
}

/* ---- nulls ---- */

cf_val *cf_val_null_like(cf_binder *b, const cf_val *v) {
    switch (v->kind) {
    case CF_VAL_BASIC:
        return cf_val_basic(b,
                            cf_plan_const_null(b->plan, cf_kind_widened(cf_val_kind_of(b, v))));
    case CF_VAL_TUPLE: {
        cf_val *out = cf_val_tuple(b, CF_UNIT, v->slot_count);
        for (size_t k = 0; k < v->slot_count; k++) {
            cf_val *field = cf_val_field(b, (cf_val *)(uintptr_t)v, k);
            cf_val_set(out, k, v->slots[k].name,
                       field == NULL ? NULL : cf_val_null_like(b, field));
        }
        out->valid = cf_plan_const_bool(b->plan, false);
        return out;
    }
    case CF_VAL_LIST: {
        const cf_id args[2] = {CF_UNIT, cf_plan_const_int(b->plan, 0)};
        const cf_id rows = cf_plan_level(b->plan, CF_L_REPEAT, args, 2, 0);
        cf_val *elem = cf_val_null_like(b, v->elem);
        if (elem == NULL) return NULL;
        cf_val *out = cf_val_list(b, rows, cf_val_broadcast(b, elem, rows));
        out->valid = cf_plan_const_bool(b->plan, false);
        return out;
    }
    case CF_VAL_FUNC:
    case CF_VAL_MODEL:
    case CF_VAL_RANGE: break;
    }
    return NULL;
}

cf_id cf_val_is_null(cf_binder *b, cf_val *v) {
    if (v->kind == CF_VAL_BASIC) {
        const cf_kind kind = cf_val_kind_of(b, v);
        const cf_func *f = cf_func_choose(cf_builtin_find(CF_STR("is_null")), &kind, 1);
        CF_ASSERT(f != NULL);
        const cf_id node = cf_plan_widen(b->plan, v->node);
        return cf_plan_map(b->plan, f, &node, 1);
    }
    if (v->valid == 0)
        return cf_plan_broadcast(b->plan, cf_plan_const_bool(b->plan, false), v->level);
    return cf_plan_map_named(b->plan, "not_bool", &v->valid, 1);
}

cf_id cf_val_number(cf_binder *b, cf_val *v) {
    /* a null without a type is an int that is null: there is nothing else to compute with */
    if (cf_val_kind_of(b, v) == CF_NULL) return cf_plan_cast(b->plan, v->node, CF_INT64);
    return cf_plan_widen(b->plan, v->node);
}

/* ---- constants ---- */

static const cf_node *const_node(const cf_binder *b, const cf_val *v) {
    if (v == NULL || v->kind != CF_VAL_BASIC) return NULL;
    const cf_node *n = cf_plan_node(b->plan, v->node);
    return n->op == CF_V_CONST && (n->flags & CF_NODE_NULL) == 0 ? n : NULL;
}

bool cf_val_const_int(const cf_binder *b, const cf_val *v, int64_t *x) {
    const cf_node *n = const_node(b, v);
    if (n == NULL || n->kind != CF_INT64) return false;
    *x = n->i0;
    return true;
}

bool cf_val_const_float(const cf_binder *b, const cf_val *v, double *x) {
    const cf_node *n = const_node(b, v);
    if (n == NULL || (n->kind != CF_INT64 && n->kind != CF_FLOAT64)) return false;
    *x = n->kind == CF_INT64 ? (double)n->i0 : n->f0;
    return true;
}

bool cf_val_const_text(const cf_binder *b, const cf_val *v, cf_str *x) {
    const cf_node *n = const_node(b, v);
    if (n == NULL || n->kind != CF_TEXT) return false;
    *x = n->text;
    return true;
}

/* ---- types and results ---- */

void cf_val_type(cf_binder *b, cf_val *v, cf_text *out) {
    switch (v->kind) {
    case CF_VAL_BASIC:
        cf_text_adds(out, cf_kind_word(cf_kind_widened(cf_val_kind_of(b, v))));
        return;
    case CF_VAL_LIST:
        cf_text_addc(out, '[');
        cf_val_type(b, v->elem, out);
        cf_text_addc(out, ']');
        return;
    case CF_VAL_TUPLE:
        cf_text_addc(out, '{');
        for (size_t k = 0; k < v->slot_count; k++) {
            if (v->slots[k].hidden) continue;
            if (k > 0) cf_text_adds(out, ", ");
            if (k >= 4 && v->slot_count > 5) {
                cf_text_adds(out, "...");
                break;
            }
            cf_text_add(out, v->slots[k].name.data, v->slots[k].name.size);
        }
        cf_text_addc(out, '}');
        return;
    case CF_VAL_FUNC: cf_text_adds(out, "func"); return;
    case CF_VAL_MODEL: cf_text_adds(out, "model"); return;
    case CF_VAL_RANGE: cf_text_adds(out, "range"); return;
    }
}

static cf_out *out_new(cf_binder *b, cf_out_shape shape, const char *name, uint32_t children) {
    cf_out *out = CF_NEW(b->arena, cf_out);
    out->shape = shape;
    out->name = name;
    out->child_count = children;
    out->children = children == 0 ? NULL : CF_NEWS(b->arena, cf_out *, children);
    return out;
}

static cf_out *out_tuple(cf_binder *b, cf_val *v, const char *name) {
    cf_out *out = out_new(b, CF_OUT_TUPLE, name, (uint32_t)v->slot_count);
    out->valid = v->valid;
    uint32_t n = 0;
    for (size_t k = 0; k < v->slot_count; k++) {
        cf_slot *slot = &v->slots[k];
        if (slot->hidden) continue;
        cf_val *field = cf_val_field(b, v, k);
        if (field == NULL) {
            if (b->err.status != CF_E_UNSUPPORTED) return NULL;
            b->err = (cf_error){0}; /* a column of the file that cannot be read is left out */
            continue;
        }
        if (field->kind == CF_VAL_FUNC || field->kind == CF_VAL_RANGE ||
            field->kind == CF_VAL_MODEL)
            continue;
        cf_out *child = cf_val_out(b, cf_val_broadcast(b, field, v->level),
                                   cf_str_dup(b->arena, slot->name));
        if (child == NULL) return NULL;
        child->unit = slot->unit;
        child->doc = slot->doc;
        out->children[n++] = child;
    }
    out->child_count = n;
    return out;
}

cf_out *cf_val_out(cf_binder *b, cf_val *v, const char *name) {
    switch (v->kind) {
    case CF_VAL_BASIC: {
        cf_out *out = out_new(b, CF_OUT_VALUE, name, 0);
        out->node = v->node;
        return out;
    }
    case CF_VAL_TUPLE: return out_tuple(b, v, name);
    case CF_VAL_LIST: {
        cf_out *out = out_new(b, CF_OUT_LIST, name, 1);
        out->node = v->rows;
        out->valid = v->valid;
        out->children[0] = cf_val_out(b, cf_val_broadcast(b, v->elem, v->rows), "");
        return out->children[0] == NULL ? NULL : out;
    }
    case CF_VAL_FUNC:
    case CF_VAL_MODEL:
    case CF_VAL_RANGE: break;
    }
    return cf_bind_fail(b, CF_E_TYPE, CF_NOWHERE, "a %s cannot be shown",
                        v->kind == CF_VAL_FUNC    ? "function"
                        : v->kind == CF_VAL_MODEL ? "model"
                                                  : "range");
}

/* ---- rows of several lists end to end ---- */

/* int with float is float; equal kinds stay, null takes any. */
static bool common_kind(cf_kind a, cf_kind c, cf_kind *out) {
    if (a == c)
        *out = a;
    else if (a == CF_NULL)
        *out = c;
    else if (c == CF_NULL)
        *out = a;
    else {
        a = cf_kind_widened(a);
        c = cf_kind_widened(c);
        if (a == c)
            *out = a;
        else if ((a == CF_INT64 && c == CF_FLOAT64) || (a == CF_FLOAT64 && c == CF_INT64))
            *out = CF_FLOAT64;
        else if ((a == CF_DATE && c == CF_TIMESTAMP) || (a == CF_TIMESTAMP && c == CF_DATE))
            *out = CF_TIMESTAMP;
        else
            return false;
    }
    return true;
}

cf_val *cf_val_unify_basic(cf_binder *b, cf_val **values, size_t count, cf_span span) {
    cf_kind kind = CF_NULL;
    if (cf_decimal_unify(b, values, count)) return values[0];
    for (size_t i = 0; i < count; i++) {
        const cf_kind mine = cf_val_kind_of(b, values[i]);
        if (values[i]->kind != CF_VAL_BASIC || !common_kind(kind, mine, &kind)) {
            cf_text a = {0}, c = {0};
            cf_val_type(b, values[0], &a);
            cf_val_type(b, values[i], &c);
            cf_bind_fail(b, CF_E_TYPE, span, "%s and %s do not go together", a.data, c.data);
            cf_text_clear(&a);
            cf_text_clear(&c);
            return NULL;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (cf_val_kind_of(b, values[i]) != kind)
            values[i] = cf_val_basic(
                b, cf_plan_cast(b->plan, cf_plan_widen(b->plan, values[i]->node), kind));
    return values[0];
}

static cf_val *make_concat(cf_binder *b, const cf_lazy *lazy) {
    cf_val **values = CF_NEWS(b->arena, cf_val *, lazy->part_count);
    cf_val *seen = NULL;
    for (size_t i = 0; i < lazy->part_count; i++) {
        if (lazy->parts[i] == NULL) continue;
        values[i] = cf_val_field(b, lazy->parts[i], lazy->part_at[i]);
        if (values[i] == NULL) return NULL;
        if (seen == NULL) seen = values[i];
    }
    for (size_t i = 0; i < lazy->part_count; i++)
        if (values[i] == NULL) {
            values[i] = cf_val_null_like(b, seen);
            if (values[i] == NULL)
                return cf_bind_fail(
                    b, CF_E_TYPE, CF_NOWHERE,
                    "a list cannot be filled with null where a column is missing");
        }
    return cf_val_concat(b, lazy->level, values, lazy->part_count, CF_NOWHERE);
}

static bool slot_there(const cf_val *tuple, size_t at) {
    return tuple->slots[at].value != NULL || tuple->slots[at].lazy != NULL;
}

/* Which of the values are there, end to end; 0: all of them. */
static cf_id concat_valid(cf_binder *b, cf_id level, cf_val **parts, size_t count) {
    const cf_node to = *cf_plan_node(b->plan, level);
    bool nullable = false;
    for (size_t i = 0; i < count; i++)
        nullable |= parts[i]->valid != 0;
    if (!nullable) return 0;
    cf_id *valid = CF_NEWS(b->arena, cf_id, count);
    for (size_t i = 0; i < count; i++) {
        valid[i] = parts[i]->valid != 0 ? parts[i]->valid : cf_plan_const_bool(b->plan, true);
        if (to.op != CF_L_ITEMS)
            valid[i] = cf_plan_broadcast(b->plan, valid[i],
                                         to.args[to.op == CF_L_CONCATL ? i + 1 : i]);
        else if (parts[i]->valid == 0)
            valid[i] = cf_plan_broadcast(b->plan, valid[i], parts[i]->level);
    }
    return cf_plan_value(b->plan, to.op == CF_L_ITEMS ? CF_V_ITEMSV : CF_V_CONCATV, CF_BOOL,
                         level, valid, count, 0, 0, 0);
}

/* The fields of all, by name: those of the first, then those that it lacks. */
static cf_val *all_fields(cf_binder *b, cf_val **parts, size_t count) {
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most += parts[i]->slot_count;
    cf_val *all = cf_val_tuple(b, parts[0]->level, most);
    all->slot_count = parts[0]->slot_count;
    memcpy(all->slots, parts[0]->slots, all->slot_count * sizeof *all->slots);
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < parts[i]->slot_count; k++) {
            size_t at = 0;
            if (!cf_val_find(all, parts[i]->slots[k].name, &at))
                all->slots[all->slot_count++] = parts[i]->slots[k];
        }
    return all;
}

/* Tuples end to end; a field that one of them lacks is null there. */
static cf_val *concat_tuples(cf_binder *b, cf_id level, cf_val **parts, size_t count) {
    cf_val *first = all_fields(b, parts, count);
    cf_val *out = cf_val_tuple(b, level, first->slot_count);
    out->of = ++b->tags;
    for (size_t k = 0; k < first->slot_count; k++) {
        cf_lazy *lazy = CF_NEW(b->arena, cf_lazy);
        *lazy = (cf_lazy){.make = make_concat, .level = level, .part_count = count};
        lazy->parts = CF_NEWS(b->arena, cf_val *, count);
        lazy->part_at = CF_NEWS(b->arena, size_t, count);
        for (size_t i = 0; i < count; i++)
            if (cf_val_find(parts[i], first->slots[k].name, &lazy->part_at[i]) &&
                slot_there(parts[i], lazy->part_at[i]))
                lazy->parts[i] = parts[i];
        out->slots[k] = first->slots[k];
        out->slots[k].value = NULL;
        out->slots[k].lazy = lazy;
    }
    out->valid = concat_valid(b, level, parts, count);
    return out;
}

/* Arrays of equal size stay arrays. */
static cf_val *concat_arrays(cf_binder *b, cf_id level, cf_val **values, size_t count,
                             cf_span span) {
    const cf_id **items = CF_NEWS(b->arena, const cf_id *, count);
    size_t size = 0, same = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i]->valid != 0 || !cf_val_array_items(b, values[i], &items[i], &same) ||
            (i > 0 && same != size))
            return NULL;
        else
            size = same;
    cf_val **out = CF_NEWS(b->arena, cf_val *, size + 1);
    for (size_t k = 0; k < size; k++) {
        cf_val **parts = CF_NEWS(b->arena, cf_val *, count);
        for (size_t i = 0; i < count; i++)
            parts[i] = cf_val_basic(b, items[i][k]);
        if ((out[k] = cf_val_concat(b, level, parts, count, span)) == NULL) return NULL;
    }
    cf_val *array = cf_val_array(b, level, out, size);
    if (array != NULL) array->name = values[0]->name;
    return array;
}

/* values[i] lives at the i-th source of the CONCAT (or CONCATL) level `level`, or, for ITEMS,
 * at its owner. */
cf_val *cf_val_concat(cf_binder *b, cf_id level, cf_val **values, size_t count, cf_span span) {
    const cf_node to = *cf_plan_node(b->plan, level);
    const bool items = to.op == CF_L_ITEMS;
    if (values[0]->kind == CF_VAL_TUPLE) {
        for (size_t i = 1; i < count; i++)
            if (values[i]->kind != CF_VAL_TUPLE)
                return cf_bind_fail(b, CF_E_TYPE, span,
                                    "a tuple and a single value do not go together");
        return concat_tuples(b, level, values, count);
    }
    if (values[0]->kind == CF_VAL_LIST) {
        cf_val *array = items ? NULL : concat_arrays(b, level, values, count, span);
        if (array != NULL) return array;
        cf_id *args = CF_NEWS(b->arena, cf_id, count + 1);
        cf_val **elems = CF_NEWS(b->arena, cf_val *, count);
        args[0] = level;
        for (size_t i = 0; i < count; i++) {
            if (values[i]->kind != CF_VAL_LIST || items)
                return cf_bind_fail(b, CF_E_TYPE, span,
                                    "lists of lists cannot be put together here");
            const cf_id source = to.args[to.op == CF_L_CONCATL ? i + 1 : i];
            values[i] = cf_val_broadcast(b, values[i], source);
            args[i + 1] = values[i]->rows;
            elems[i] = cf_val_broadcast(b, values[i]->elem, values[i]->rows);
        }
        const cf_id rows = cf_plan_level(b->plan, CF_L_CONCATL, args, count + 1, 0);
        cf_val *elem = cf_val_concat(b, rows, elems, count, span);
        if (elem == NULL) return NULL;
        cf_val *out = cf_val_list(b, rows, elem);
        out->name = values[0]->name;
        out->valid = concat_valid(b, level, values, count);
        return out;
    }
    if (cf_val_unify_basic(b, values, count, span) == NULL) return NULL;
    cf_id *nodes = CF_NEWS(b->arena, cf_id, count);
    for (size_t i = 0; i < count; i++) {
        nodes[i] = values[i]->node;
        /* ITEMS: values at UNIT or the owner; CONCAT: a constant must be made a column of its
         * source */
        const cf_id source = items ? to.args[0] : to.args[to.op == CF_L_CONCATL ? i + 1 : i];
        if (!items)
            nodes[i] = cf_plan_broadcast(b->plan, nodes[i], source);
        else if (values[i]->level != source && values[i]->level != CF_UNIT)
            nodes[i] = cf_plan_broadcast(b->plan, nodes[i], source);
    }
    const cf_kind kind = cf_val_kind_of(b, values[0]);
    return cf_val_basic(b, cf_plan_value(b->plan, items ? CF_V_ITEMSV : CF_V_CONCATV, kind,
                                         level, nodes, count, 0, 0, 0));
}
