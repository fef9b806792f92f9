/* Shapes for learning: rows as arrays of numbers (matrix, pad, one_hot), and scaling that is
 * fitted to one relation and applied to others (fit_minmax, fit_zscore).  Nothing is new for
 * the plan: arrays are lists of a fixed number of items, fitted ranges are aggregates. */

#include "lang/bind_internal.h"

#include <string.h>

#define COLUMNS_MAX 10000 /* of a matrix; items of one_hot */
#define PAD_MAX     10000000

/* ---- arrays ---- */

cf_id cf_verb_position(cf_binder *b, cf_id rows) {
    const cf_id args[2] = {rows, 0};
    const cf_id number =
        cf_plan_value(b->plan, CF_V_WINDOW, CF_INT64, rows, args, 2, CF_W_ROW_NUMBER, 0, 0);
    return cf_plan_map_named(b->plan, "sub_int",
                             (cf_id[]){number, cf_plan_const_int(b->plan, 1)}, 2);
}

static bool const_count(cf_verb_call *c, size_t arg, int64_t min, int64_t max, int64_t *n) {
    cf_val *v = cf_verb_caller_arg(c, arg);
    if (v == NULL) return false;
    if (!cf_val_const_int(c->b, v, n)) {
        cf_bind_fail(c->b, CF_E_NOT_CONSTANT, c->args[arg].span,
                     "`%s` needs a whole number known beforehand", c->verb);
        return false;
    }
    if (*n >= min && *n <= max) return true;
    cf_bind_fail(c->b, CF_E_RANGE, c->args[arg].span,
                 "`%s` takes a number from %lld to %lld here", c->verb, (long long)min,
                 (long long)max);
    return false;
}

/* A number as float64; false: it is none. */
static bool float_node(cf_binder *b, cf_val *v, cf_id *node) {
    if (v->kind != CF_VAL_BASIC) return false;
    const cf_id wide = cf_val_number(b, v);
    const cf_kind kind = cf_plan_node(b->plan, wide)->kind;
    if (kind != CF_INT64 && kind != CF_FLOAT64 && kind != CF_BOOL && kind != CF_NULL)
        return false;
    *node = cf_plan_cast(b->plan, wide, CF_FLOAT64);
    return true;
}

static void *needs_number(cf_verb_call *c, cf_str column, cf_val *v) {
    cf_text type = {0};
    cf_val_type(c->b, v, &type);
    cf_bind_fail(c->b, CF_E_TYPE, c->span, "`%s` takes numbers, and `%.*s` is %s", c->verb,
                 CF_STR_ARGS(column), type.data);
    cf_text_clear(&type);
    return NULL;
}

static cf_val *verb_matrix(cf_verb_call *c) {
    cf_binder *b = c->b;
    double fill = 0;
    cf_arg *a = cf_verb_named(c, "fill");
    if (a != NULL) {
        cf_val *v = cf_bind_arg(b, a);
        if (v == NULL) return NULL;
        if (!cf_val_const_float(b, v, &fill))
            return cf_bind_fail(b, CF_E_NOT_CONSTANT, a->span, "`fill` is a number");
    }
    if (c->args[0].ast == NULL)
        return cf_bind_fail(b, CF_E_TYPE, c->span, "`matrix` needs columns");
    cf_val *row =
        cf_bind_tuple(b, cf_verb_items(c), cf_scope_row(b, c->args[0].scope, c->rel), NULL);
    if (row == NULL) return NULL;
    if (row->slot_count == 0 || row->slot_count > COLUMNS_MAX)
        return cf_bind_fail(b, CF_E_RANGE, c->args[0].span, "`matrix` takes 1 to %d columns",
                            COLUMNS_MAX);
    cf_val **items = CF_NEWS(b->arena, cf_val *, row->slot_count);
    for (size_t k = 0; k < row->slot_count; k++) {
        cf_val *v = cf_val_field(b, row, k);
        cf_id node = 0;
        if (v == NULL) return NULL;
        if (!float_node(b, v, &node)) return needs_number(c, row->slots[k].name, v);
        if ((node = cf_verb_node_at(b, node, c->rel->rows)) == 0) return NULL;
        const cf_id filled = cf_plan_map_named(
            b->plan, "filled_float32", (cf_id[]){node, cf_plan_const_float(b->plan, fill)}, 2);
        items[k] = cf_val_basic(b, filled);
    }
    cf_val *array = cf_val_array(b, c->rel->rows, items, row->slot_count);
    return array == NULL ? NULL : cf_verb_with_elem(b, c->rel, array);
}

/* Zeros of a value's kind. */
static cf_val *zero_like(cf_binder *b, const cf_val *v) {
    const cf_kind kind = cf_val_kind_of(b, v);
    const cf_id zero = kind == CF_INT64 || kind == CF_BOOL ? cf_plan_const_int(b->plan, 0)
                                                           : cf_plan_const_float(b->plan, 0);
    return cf_val_basic(b, kind == CF_FLOAT32 ? cf_plan_map_named(b->plan, "filled_float32",
                                                                  (cf_id[]){zero, zero}, 2)
                                              : zero);
}

/* x in the rows of `rel`, zero in the rows after them. */
static cf_val *padded_value(cf_binder *b, cf_id level, cf_id rows, cf_val *x) {
    if (cf_val_kind_of(b, x) != CF_FLOAT32) x = cf_val_basic(b, cf_val_number(b, x));
    cf_val *parts[2] = {cf_val_broadcast(b, x, rows), zero_like(b, x)};
    return cf_val_concat(b, level, parts, 2, CF_NOWHERE);
}

static cf_val *not_a_matrix(cf_verb_call *c) {
    cf_bind_fail(c->b, CF_E_TYPE, c->span, "`pad` fills lists of numbers, or a matrix");
    cf_bind_hint(c->b, "`matrix {a, b}` makes rows of numbers out of columns");
    return NULL;
}

static cf_val *padded_tuple(cf_verb_call *c, cf_id level, cf_val *row) {
    cf_val *out = cf_val_tuple(c->b, level, row->slot_count);
    for (size_t k = 0; k < row->slot_count; k++) {
        cf_val *v = cf_val_field(c->b, row, k);
        cf_id number = 0;
        if (v == NULL) return NULL;
        if (!float_node(c->b, v, &number)) return needs_number(c, row->slots[k].name, v);
        cf_val_set(out, k, row->slots[k].name, padded_value(c->b, level, c->rel->rows, v));
    }
    return out;
}

/* pad n: the list, then rows of zeros: its concatenation with as many of n rows as are missing.
 */
static cf_val *verb_pad(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_val *rel = c->rel;
    const cf_id owner = rel->level;
    int64_t n = 0;
    if (!const_count(c, 0, 1, PAD_MAX, &n)) return NULL;
    const cf_id first_missing =
        cf_plan_map_named(b->plan, "pad_from",
                          (cf_id[]){cf_plan_reduce(b->plan, CF_R_COUNT, rel->rows, 0),
                                    cf_plan_const_int(b->plan, n)},
                          2);
    const cf_id zeros =
        cf_plan_level(b->plan, CF_L_SLICE,
                      (cf_id[]){cf_plan_level(b->plan, CF_L_ITEMS, &owner, 1, n), first_missing,
                                cf_plan_const_int(b->plan, 0)},
                      3, 0);
    const cf_id level = cf_plan_level(b->plan, CF_L_CONCAT, (cf_id[]){rel->rows, zeros}, 2, 0);
    cf_val *elem = cf_val_broadcast(b, rel->elem, rel->rows);
    const cf_id *items = NULL;
    size_t count = 0;
    if (elem->kind == CF_VAL_BASIC) {
        cf_id number = 0;
        if (!float_node(b, elem, &number)) return not_a_matrix(c);
        elem = padded_value(b, level, rel->rows, elem);
    } else if (elem->kind == CF_VAL_TUPLE) {
        elem = padded_tuple(c, level, elem);
    } else if (cf_val_array_items(b, elem, &items, &count)) {
        cf_val **columns = CF_NEWS(b->arena, cf_val *, count);
        for (size_t k = 0; k < count; k++)
            if ((columns[k] = padded_value(b, level, rel->rows, cf_val_basic(b, items[k]))) ==
                NULL)
                return NULL;
        elem = cf_val_array(b, level, columns, count);
    } else
        return not_a_matrix(c);
    if (elem == NULL) return NULL;
    cf_val *out = cf_val_list(b, level, elem);
    out->name = rel->name;
    return out;
}

static cf_val *verb_one_hot(cf_verb_call *c) {
    cf_binder *b = c->b;
    int64_t n = 0;
    if (!const_count(c, 0, 1, COLUMNS_MAX, &n)) return NULL;
    cf_val *k = c->count > 1 ? cf_verb_caller_arg(c, 1) : c->rel;
    if (k == NULL)
        return c->count > 1 ? NULL
                            : cf_bind_fail(b, CF_E_MISSING_ARGUMENT, c->span,
                                           "`one_hot` needs a number of classes and the class");
    if (cf_val_kind_of(b, k) != CF_INT64 && cf_kind_widened(cf_val_kind_of(b, k)) != CF_INT64)
        return cf_bind_fail(b, CF_E_TYPE, c->span, "`one_hot` needs an int, the class");
    const cf_id class = cf_val_number(b, k);
    cf_val **items = CF_NEWS(b->arena, cf_val *, n);
    for (int64_t i = 0; i < n; i++)
        items[i] =
            cf_val_basic(b, cf_plan_map_named(b->plan, "one_hot_item",
                                              (cf_id[]){class, cf_plan_const_int(b->plan, i),
                                                        cf_plan_const_int(b->plan, n)},
                                              3));
    return cf_val_array(b, k->level, items, (size_t)n);
}

/* ---- scaling ---- */

/* How a fitted function maps x: (x - shift) / scale, and `constant` where scale is 0. */
typedef struct {
    cf_id shift, scale; /* at UNIT; or, for lists of any length, at `positions` */
} fitted;

struct cf_scaler {
    const char *name;    /* of the verb */
    double constant;     /* of a column that has one value only */
    fitted *items;       /* [count]: of a number, or of the items of an array */
    size_t count;        /* 0: a single number, items[0] */
    cf_val *by_position; /* of lists whose length is not known beforehand: {shift, scale} a row;
                            or NULL */
};

static cf_id scaled(cf_binder *b, const struct cf_scaler *s, cf_id x, const fitted *f) {
    return cf_plan_map_named(
        b->plan, "rescale",
        (cf_id[]){x, f->shift, f->scale, cf_plan_const_float(b->plan, s->constant)}, 4);
}

static cf_val *scale_array(cf_binder *b, const struct cf_scaler *s, cf_val *list,
                           const cf_id *items, cf_span span) {
    cf_val **out = CF_NEWS(b->arena, cf_val *, s->count);
    for (size_t k = 0; k < s->count; k++) {
        cf_id x = 0;
        if (!float_node(b, cf_val_basic(b, items[k]), &x))
            return cf_bind_fail(b, CF_E_TYPE, span, "a scaling takes numbers");
        out[k] = cf_val_basic(b, scaled(b, s, x, &s->items[k]));
    }
    return cf_val_array(b, list->level, out, s->count);
}

/* Each element by its position, looked up among the positions that were fitted. */
static cf_val *scale_list(cf_binder *b, const struct cf_scaler *s, cf_val *list, cf_span span) {
    cf_val *elem = cf_val_broadcast(b, list->elem, list->rows);
    cf_id x = 0;
    if (!float_node(b, elem, &x))
        return cf_bind_fail(b, CF_E_TYPE, span, "a scaling takes numbers");
    cf_val *table = s->by_position;
    if (table == NULL) { /* an array's, used for a list of any length */
        cf_val **shift = CF_NEWS(b->arena, cf_val *, s->count),
               **scale = CF_NEWS(b->arena, cf_val *, s->count);
        for (size_t k = 0; k < s->count; k++) {
            shift[k] = cf_val_basic(b, s->items[k].shift);
            scale[k] = cf_val_basic(b, s->items[k].scale);
        }
        const cf_id unit = CF_UNIT,
                    rows = cf_plan_level(b->plan, CF_L_ITEMS, &unit, 1, (int64_t)s->count);
        cf_val *pair = cf_val_tuple(b, rows, 2);
        cf_val_set(pair, 0, CF_STR("shift"), cf_val_concat(b, rows, shift, s->count, span));
        cf_val_set(pair, 1, CF_STR("scale"), cf_val_concat(b, rows, scale, s->count, span));
        table = cf_val_list(b, rows, pair);
    }
    cf_val *there = cf_val_broadcast(b, table, list->rows);
    const cf_id nth =
        cf_plan_value(b->plan, CF_V_NTH, CF_INDEX, list->rows,
                      (cf_id[]){there->rows, cf_verb_position(b, list->rows)}, 2, 0, 0, 0);
    cf_val *row =
        cf_val_gather(b, cf_val_broadcast(b, there->elem, there->rows), nth, list->rows);
    const fitted f = {cf_val_field(b, row, 0)->node, cf_val_field(b, row, 1)->node};
    return cf_val_list(b, list->rows, cf_val_basic(b, scaled(b, s, x, &f)));
}

/* The rows of a list, if they are lists themselves; else NULL. */
static cf_val *rows_of_lists(cf_binder *b, cf_val *list) {
    if (list->kind != CF_VAL_LIST) return NULL;
    cf_val *elem = cf_val_broadcast(b, list->elem, list->rows);
    return elem->kind == CF_VAL_LIST ? elem : NULL;
}

/* The fitted function, called. */
cf_val *cf_scaler_call(cf_binder *b, const struct cf_scaler *s, cf_val *x, cf_span span) {
    const cf_id *items = NULL;
    size_t count = 0;
    cf_val *each = rows_of_lists(b, x);
    if (each != NULL) { /* a matrix: every row of it */
        cf_val *out = cf_scaler_call(b, s, each, span);
        return out == NULL ? NULL : cf_val_list(b, x->rows, out);
    }
    if (s->count == 0 && s->by_position == NULL) {
        if (x->kind == CF_VAL_LIST) {
            cf_id node = 0;
            cf_val *elem = cf_val_broadcast(b, x->elem, x->rows);
            if (!float_node(b, elem, &node))
                return cf_bind_fail(b, CF_E_TYPE, span, "a scaling takes numbers");
            return cf_val_list(b, x->rows, cf_val_basic(b, scaled(b, s, node, &s->items[0])));
        }
        cf_id node = 0;
        if (!float_node(b, x, &node))
            return cf_bind_fail(b, CF_E_TYPE, span, "this scaling was fitted to a number");
        return cf_val_basic(b, scaled(b, s, node, &s->items[0]));
    }
    if (x->kind != CF_VAL_LIST)
        return cf_bind_fail(b, CF_E_TYPE, span, "this scaling was fitted to a list of numbers");
    if (cf_val_array_items(b, x, &items, &count) && s->by_position == NULL) {
        if (count != s->count)
            return cf_bind_fail(b, CF_E_LENGTHS, span,
                                "this scaling was fitted to lists of %zu numbers, not %zu",
                                s->count, count);
        return scale_array(b, s, x, items, span);
    }
    return scale_list(b, s, x, span);
}

static fitted fit(cf_binder *b, bool minmax, cf_id rows, cf_id x) {
    if (minmax) {
        const cf_id low = cf_plan_reduce(b->plan, CF_R_MIN, rows, x),
                    high = cf_plan_reduce(b->plan, CF_R_MAX, rows, x);
        return (fitted){low, cf_plan_map_named(b->plan, "sub_float", (cf_id[]){high, low}, 2)};
    }
    return (fitted){
        cf_plan_reduce(b->plan, CF_R_AVERAGE, rows, x),
        cf_plan_map_named(b->plan, "population_sd",
                          (cf_id[]){cf_plan_reduce(b->plan, CF_R_STDDEV, rows, x),
                                    cf_plan_reduce(b->plan, CF_R_COUNT_VALID, rows, x)},
                          2)};
}

/* The items of arrays, one in each of `rows`. */
static bool fit_items(cf_binder *b, struct cf_scaler *s, bool minmax, cf_id rows,
                      const cf_id *items, bool flatten) {
    const cf_id flat =
        flatten ? cf_plan_level(b->plan, CF_L_FLAT, (cf_id[]){rows, CF_UNIT}, 2, 0) : rows;
    s->items = CF_NEWS(b->arena, fitted, s->count);
    for (size_t k = 0; k < s->count; k++) {
        cf_id x = 0;
        if (!float_node(b, cf_val_basic(b, items[k]), &x)) return false;
        if ((x = cf_verb_node_at(b, x, rows)) == 0) return false;
        if (flatten) x = cf_plan_gather(b->plan, x, cf_plan_index(b->plan, flat, 0));
        s->items[k] = fit(b, minmax, flat, x);
    }
    return true;
}

/* Lists of any length: elements of the same position belong together. */
static cf_val *fit_positions(cf_binder *b, bool minmax, cf_val *list, cf_id x) {
    const cf_id position = cf_verb_position(b, list->rows);
    const cf_id flat = cf_plan_level(b->plan, CF_L_FLAT, (cf_id[]){list->rows, CF_UNIT}, 2, 0);
    const cf_id index = cf_plan_index(b->plan, flat, 0);
    const cf_id key = cf_plan_gather(b->plan, position, index);
    const cf_id groups = cf_plan_level(b->plan, CF_L_GROUP, (cf_id[]){flat, key}, 2, 0);
    const cf_id members = cf_plan_level(b->plan, CF_L_MEMBERS, &groups, 1, 0);
    const fitted f = fit(b, minmax, members,
                         cf_plan_gather(b->plan, cf_plan_gather(b->plan, x, index),
                                        cf_plan_index(b->plan, members, 0)));
    const cf_id place = cf_plan_gather(b->plan, key, cf_plan_index(b->plan, groups, 0));
    const cf_id sorted = cf_plan_level(b->plan, CF_L_SORT, (cf_id[]){groups, place}, 2, 0);
    const cf_id by = cf_plan_index(b->plan, sorted, 0);
    cf_val *row = cf_val_tuple(b, sorted, 2);
    cf_val_set(row, 0, CF_STR("shift"), cf_val_basic(b, cf_plan_gather(b->plan, f.shift, by)));
    cf_val_set(row, 1, CF_STR("scale"), cf_val_basic(b, cf_plan_gather(b->plan, f.scale, by)));
    return cf_val_list(b, sorted, row);
}

static cf_val *fit_verb(cf_verb_call *c, bool minmax) {
    cf_binder *b = c->b;
    struct cf_scaler *s = CF_NEW(b->arena, struct cf_scaler);
    *s = (struct cf_scaler){.name = c->verb, .constant = minmax ? 0.5 : 0};
    if (c->rel->level != CF_UNIT)
        return cf_bind_fail(b, CF_E_AXIS, c->span,
                            "`%s` fits whole relations, not lists inside rows", c->verb);
    if (cf_verb_alias_error(c)) return NULL;
    cf_val *v = cf_verb_row_arg(c, 0, c->rel);
    const cf_id rows = c->rel->rows, *items = NULL;
    cf_id x = 0;
    if (v == NULL) return NULL;
    if (v->kind == CF_VAL_LIST && v->level != rows) v = cf_val_broadcast(b, v, rows);
    cf_val *matrix = rows_of_lists(b, v), *list = matrix == NULL ? v : matrix;
    if (cf_val_array_items(b, list, &items, &s->count)) {
        if (!fit_items(b, s, minmax, matrix == NULL ? rows : v->rows, items, matrix != NULL))
            return needs_number(c, CF_STR("the list"), v);
    } else if (list->kind == CF_VAL_LIST) {
        if (!float_node(b, cf_val_broadcast(b, list->elem, list->rows), &x))
            return needs_number(c, CF_STR("the list"), v);
        s->by_position = fit_positions(b, minmax, list, x);
    } else {
        if (!float_node(b, v, &x)) return needs_number(c, CF_STR("this"), v);
        if ((x = cf_verb_node_at(b, x, rows)) == 0) return NULL;
        s->items = CF_NEW(b->arena, fitted);
        s->items[0] = fit(b, minmax, rows, x);
    }
    cf_val *f = CF_NEW(b->arena, cf_val);
    *f = (cf_val){
        .kind = CF_VAL_FUNC, .level = CF_UNIT, .scaler = s, .func_name = cf_str_of(c->verb)};
    return f;
}

static cf_val *verb_fit_minmax(cf_verb_call *c) {
    return fit_verb(c, true);
}

static cf_val *verb_fit_zscore(cf_verb_call *c) {
    return fit_verb(c, false);
}

const cf_verb cf_verbs_learn[] = {
    {"matrix", verb_matrix, 1, 1, true, "fill"},
    {"pad", verb_pad, 1, 1, true, NULL},
    {"one_hot", verb_one_hot, 1, 2, false, NULL},
    {"fit_minmax", verb_fit_minmax, 1, 1, true, NULL},
    {"fit_zscore", verb_fit_zscore, 1, 1, true, NULL},
    {0},
};
