/* Verbs whose results draw (hist, hist2d, line, ...), count (cutflow, describe) or choose rows
 * by chance (sample, shuffle, split). */

#include "lang/bind_internal.h"

#include "cutflow/result.h"

#include <math.h>
#include <string.h>

static cf_val *with_shape(cf_binder *b, cf_val *list, int draw) {
    cf_val *out = cf_val_copy(b, list);
    out->shape = CF_NEW(b->arena, cf_shape);
    out->shape->draw = draw;
    return out;
}

static const char *text_of(cf_binder *b, cf_span span) {
    return cf_str_dup(b->arena, cf_bind_source_text(b, span));
}

/* ---- histograms ---- */

/* What is filled: the values x, with all lists flattened, at one level; and the weight at that
 * level. */
typedef struct {
    cf_id level, x, y, weight;
} filled;

static cf_id float_node(cf_binder *b, cf_val *v, cf_id level, cf_span span, const char *what) {
    if (v->kind != CF_VAL_BASIC ||
        !(cf_kind_is_number(cf_val_kind_of(b, v)) || cf_val_kind_of(b, v) == CF_BOOL ||
          cf_val_kind_of(b, v) == CF_NULL)) {
        if (v->kind == CF_VAL_FUNC) {
            cf_bind_unfinished(b, v, span);
            return 0;
        }
        cf_text type = {0};
        cf_val_type(b, v, &type);
        cf_bind_fail(b, CF_E_TYPE, span, "%s must be numbers, and this is %s", what, type.data);
        cf_text_clear(&type);
        return 0;
    }
    if (!cf_plan_is_ancestor(b->plan, v->level, level)) {
        cf_bind_mismatch(b);
        return 0;
    }
    const cf_id own = cf_val_kind_of(b, v) == CF_UINT64 ? v->node : cf_val_number(b, v);
    const cf_id x = cf_plan_cast(b->plan, own, CF_FLOAT64);
    return cf_plan_broadcast(b->plan, x, level);
}

/* Steps into lists of the value until single values are reached; every list's rows become the
 * level. */
static cf_val *innermost(cf_binder *b, cf_val *v, cf_id *level) {
    while (v->kind == CF_VAL_LIST) {
        *level = v->rows;
        v = cf_val_broadcast(b, v->elem, v->rows);
    }
    if (v->kind == CF_VAL_TUPLE && v->slot_count == 1) return cf_val_field(b, v, 0);
    return v;
}

static bool fill_of(cf_verb_call *c, size_t values, filled *out) {
    cf_binder *b = c->b;
    *out = (filled){.level = c->rel->rows};
    cf_val *v[2] = {NULL, NULL};
    for (size_t i = 0; i < values; i++) {
        v[i] = c->count > i ? cf_verb_row_arg(c, i, c->rel)
                            : cf_val_broadcast(b, c->rel->elem, c->rel->rows);
        if (v[i] == NULL) return false;
        v[i] = innermost(b, v[i], &out->level);
        if (v[i] == NULL) return false;
    }
    if (!cf_plan_is_ancestor(b->plan, c->rel->rows,
                             out->level)) { /* a list of an outer row, the same for all rows */
        cf_bind_mismatch(b);
        return false;
    }
    const cf_span span = c->count > 0 ? c->args[0].span : c->span;
    cf_arg *weight = cf_verb_named(c, "weight");
    if (weight != NULL) {
        cf_val *w = cf_bind_expr(b, weight->ast, cf_scope_row(b, weight->scope, c->rel));
        if (w == NULL) return false;
        cf_id level = out->level;
        w = innermost(b, w, &level);
        if (w == NULL ||
            (out->weight = float_node(b, w, out->level, weight->span, "weights")) == 0)
            return false;
    }
    out->x = float_node(b, v[0], out->level, span, "the values of a histogram");
    if (out->x == 0) return false;
    if (values == 2)
        out->y = float_node(b, v[1], out->level, c->count > 1 ? c->args[1].span : span,
                            "the values of a histogram");
    return values == 1 || out->y != 0;
}

typedef struct {
    cf_id low, high, bins; /* FLOAT64, FLOAT64, INT64; at UNIT or the relation's owner */
    int64_t bin_count;
} axis;

static bool bin_number(cf_binder *b, cf_val *v, cf_span span, axis *a) {
    if (v == NULL) return false;
    if (!cf_val_const_int(b, v, &a->bin_count) || a->bin_count < 1 || a->bin_count > 10000000) {
        cf_bind_fail(b, CF_E_RANGE, span, "`bins` is a whole number from 1 to 10,000,000");
        return false;
    }
    a->bins = cf_plan_const_int(b->plan, a->bin_count);
    return true;
}

static bool axis_range(cf_binder *b, cf_val *r, cf_span span, axis *a) {
    if (r == NULL) return false;
    double low = 0, high = 0;
    if (r->kind != CF_VAL_RANGE || r->low == NULL || r->high == NULL ||
        !cf_val_const_float(b, r->low, &low) || !cf_val_const_float(b, r->high, &high)) {
        cf_bind_fail(b, CF_E_RANGE, span, "`range` is two numbers, like 0..200");
        return false;
    }
    if (!(low < high) || high - low > 1e300) {
        cf_bind_fail(b, CF_E_RANGE, span, "a histogram's range must go upwards");
        return false;
    }
    a->low = cf_plan_const_float(b->plan, low);
    a->high = cf_plan_const_float(b->plan, high);
    return true;
}

/* Without a range: from the smallest to the largest finite value, rounded outward to a nice
 * step. */
static void default_range(cf_binder *b, const filled *f, cf_id x, cf_id owner, axis *a) {
    const cf_id flat_args[2] = {f->level, owner};
    cf_id level = f->level, value = x;
    if (cf_plan_node(b->plan, level)->level != owner) {
        level = cf_plan_level(b->plan, CF_L_FLAT, flat_args, 2, 0);
        value = cf_plan_gather(b->plan, x, cf_plan_index(b->plan, level, 0));
    }
    const cf_id inf = cf_plan_const_float(b->plan, (double)INFINITY),
                minus = cf_plan_const_float(b->plan, -(double)INFINITY);
    const cf_id below = cf_plan_map_named(b->plan, "lt_float", (cf_id[]){value, inf}, 2);
    const cf_id above = cf_plan_map_named(b->plan, "gt_float", (cf_id[]){value, minus}, 2);
    const cf_id finite = cf_plan_map_named(b->plan, "and_bool", (cf_id[]){below, above}, 2);
    const cf_id none = cf_plan_const_null(b->plan, CF_FLOAT64);
    const cf_kind kinds[3] = {CF_BOOL, CF_FLOAT64, CF_FLOAT64};
    const cf_id kept =
        cf_plan_map(b->plan, cf_func_choose(cf_builtin_find(CF_STR("if")), kinds, 3),
                    (cf_id[]){finite, value, none}, 3);
    const cf_id low = cf_plan_reduce(b->plan, CF_R_MIN, level, kept),
                high = cf_plan_reduce(b->plan, CF_R_MAX, level, kept);
    const cf_id args[3] = {low, high, a->bins};
    a->low = cf_plan_map_named(b->plan, "nice_low", args, 3);
    a->high = cf_plan_map_named(b->plan, "nice_high", args, 3);
}

/* bins:{nx, ny} range:{a..b, c..d}: item i of a tuple, or the value itself. */
static const cf_ast *part_of(const cf_arg *arg, size_t i, size_t parts) {
    const cf_ast *a = arg->ast;
    while (a != NULL && a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    if (parts > 1 && a != NULL && a->kind == CF_AST_TUPLE)
        return i < a->as.list.count ? a->as.list.items[i].value : NULL;
    return a;
}

static bool axis_of(cf_verb_call *c, const filled *f, cf_id x, size_t i, size_t axes, axis *a) {
    cf_binder *b = c->b;
    cf_arg *bins = cf_verb_named(c, "bins"), *range = cf_verb_named(c, "range");
    a->bin_count = axes == 1 ? 50 : 25;
    if (bins != NULL) {
        const cf_ast *part = part_of(bins, i, axes);
        if (part == NULL)
            return cf_bind_fail(b, CF_E_RANGE, bins->span, "`bins` is {nx, ny}") != NULL;
        if (!bin_number(b, cf_bind_expr(b, part, bins->scope), bins->span, a)) return false;
    } else
        a->bins = cf_plan_const_int(b->plan, a->bin_count);
    if (range == NULL) {
        default_range(b, f, x, c->rel->level, a);
        return true;
    }
    const cf_ast *part = part_of(range, i, axes);
    if (part == NULL)
        return cf_bind_fail(b, CF_E_RANGE, range->span, "`range` is {a..b, c..d}") != NULL;
    return axis_range(b, cf_bind_expr(b, part, range->scope), range->span, a);
}

/* Edges of the rows: row k (0 underflow, 1..n bins, n+1 overflow); null outside. */
static void edges(cf_binder *b, cf_id k, const axis *a, cf_id *low, cf_id *high) {
    const cf_id zero = cf_plan_const_int(b->plan, 0), one = cf_plan_const_int(b->plan, 1);
    const cf_id n = cf_plan_cast(b->plan, a->bins, CF_FLOAT64);
    const cf_id width = cf_plan_map_named(b->plan, "sub_float", (cf_id[]){a->high, a->low}, 2);
    const cf_id none = cf_plan_const_null(b->plan, CF_FLOAT64);
    const cf_kind kinds[3] = {CF_BOOL, CF_FLOAT64, CF_FLOAT64};
    const cf_func *choose = cf_func_choose(cf_builtin_find(CF_STR("if")), kinds, 3);
    for (int upper = 0; upper < 2; upper++) {
        const cf_id j = upper ? k : cf_plan_map_named(b->plan, "sub_int", (cf_id[]){k, one}, 2);
        const cf_id jf = cf_plan_cast(b->plan, j, CF_FLOAT64);
        const cf_id step = cf_plan_map_named(
            b->plan, "div_float",
            (cf_id[]){cf_plan_map_named(b->plan, "mul_float", (cf_id[]){jf, width}, 2), n}, 2);
        const cf_id edge = cf_plan_map_named(b->plan, "add_float", (cf_id[]){a->low, step}, 2);
        const cf_id inside =
            upper ? cf_plan_map_named(b->plan, "le_int", (cf_id[]){k, a->bins}, 2)
                  : cf_plan_map_named(b->plan, "gt_int", (cf_id[]){k, zero}, 2);
        *(upper ? high : low) = cf_plan_map(b->plan, choose, (cf_id[]){inside, edge, none}, 3);
    }
}

static cf_id bin_of(cf_binder *b, cf_id x, const axis *a) {
    return cf_plan_map_named(b->plan, "hist_bin", (cf_id[]){x, a->low, a->high, a->bins}, 4);
}

static cf_id bin_counts(cf_binder *b, const filled *f, cf_id bin, cf_id weight, cf_id rows) {
    const cf_id args[3] = {f->level, cf_plan_broadcast(b->plan, bin, f->level), weight};
    return cf_plan_value(b->plan, CF_V_BINCOUNT, weight == 0 ? CF_INT64 : CF_FLOAT64, rows,
                         args, 3, 0, 0, 0);
}

/* count and error of every row; the error is the root of the sum of squared weights. */
static void counts(cf_binder *b, const filled *f, cf_id bin, cf_id rows, cf_id *count,
                   cf_id *error) {
    *count = bin_counts(b, f, bin, f->weight, rows);
    cf_id squares = *count;
    if (f->weight != 0)
        squares = bin_counts(
            b, f, bin,
            cf_plan_map_named(b->plan, "mul_float", (cf_id[]){f->weight, f->weight}, 2), rows);
    const cf_id as_float = cf_plan_cast(b->plan, squares, CF_FLOAT64);
    *error = cf_plan_map(
        b->plan, cf_func_choose(cf_builtin_find(CF_STR("sqrt")), (cf_kind[]){CF_FLOAT64}, 1),
        &as_float, 1);
}

/* The sum of the values from low to high, times their weights: what the mean is made of. */
static cf_id moment_inside(cf_binder *b, cf_id level, cf_id x, cf_id weight, const axis *a) {
    cf_id moment = cf_plan_map_named(b->plan, "hist_inside", (cf_id[]){x, a->low, a->high}, 3);
    if (weight != 0)
        moment = cf_plan_map_named(b->plan, "mul_float", (cf_id[]){moment, weight}, 2);
    return cf_plan_reduce(b->plan, CF_R_SUM, level, moment);
}

/* `a`: the axis of a histogram of one dimension; or NULL. */
static void hist_captions(cf_verb_call *c, const filled *f, const axis *a, cf_shape *shape) {
    cf_binder *b = c->b;
    shape->label_x = c->count > 0 ? text_of(b, c->args[0].span) : "value";
    shape->label_y = c->count > 1     ? text_of(b, c->args[1].span)
                     : f->weight != 0 ? "sum of weights"
                                      : "entries";
    if (c->rel->level != CF_UNIT) return;
    cf_id level = f->level, x = f->x, weight = f->weight;
    if (cf_plan_node(b->plan, level)->level != CF_UNIT) {
        const cf_id args[2] = {level, CF_UNIT};
        level = cf_plan_level(b->plan, CF_L_FLAT, args, 2, 0);
        x = cf_plan_gather(b->plan, x, cf_plan_index(b->plan, level, 0));
        if (weight != 0)
            weight = cf_plan_gather(b->plan, weight, cf_plan_index(b->plan, level, 0));
    }
    shape->caption_nodes[0] = cf_plan_reduce(b->plan, CF_R_COUNT_VALID, level, x);
    shape->caption_nodes[1] = cf_plan_reduce(b->plan, CF_R_COUNT_NAN, level, x);
    shape->caption_nodes[2] = cf_plan_reduce(b->plan, CF_R_COUNT, level, 0);
    if (a != NULL) shape->caption_nodes[3] = moment_inside(b, level, x, weight, a);
}

static cf_val *verb_hist(cf_verb_call *c) {
    cf_binder *b = c->b;
    filled f;
    axis a;
    if (!fill_of(c, 1, &f) || !axis_of(c, &f, f.x, 0, 1, &a)) return NULL;
    const cf_id args[2] = {c->rel->level, cf_plan_const_int(b->plan, a.bin_count + 2)};
    const cf_id rows = cf_plan_level(b->plan, CF_L_REPEAT, args, 2, 0);
    cf_id low = 0, high = 0, count = 0, error = 0;
    edges(b, cf_verb_position(b, rows), &a, &low, &high);
    counts(b, &f, bin_of(b, f.x, &a), rows, &count, &error);
    cf_val *elem = cf_val_tuple(b, rows, 4);
    cf_val_set(elem, 0, CF_STR("low"), cf_val_basic(b, low));
    cf_val_set(elem, 1, CF_STR("high"), cf_val_basic(b, high));
    cf_val_set(elem, 2, CF_STR("count"), cf_val_basic(b, count));
    cf_val_set(elem, 3, CF_STR("error"), cf_val_basic(b, error));
    cf_val *out = with_shape(b, cf_val_list(b, rows, elem), CF_DRAW_HIST);
    out->name = CF_STR("hist");
    out->aggregated = true;
    hist_captions(c, &f, &a, out->shape);
    return out;
}

static cf_val *verb_hist2d(cf_verb_call *c) {
    cf_binder *b = c->b;
    filled f;
    axis ax, ay;
    if (!fill_of(c, 2, &f) || !axis_of(c, &f, f.x, 0, 2, &ax) ||
        !axis_of(c, &f, f.y, 1, 2, &ay))
        return NULL;
    const int64_t ny = ay.bin_count + 2;
    if ((ax.bin_count + 2) * ny > 100000000)
        return cf_bind_fail(b, CF_E_RANGE, c->span, "these are too many bins");
    const cf_id args[2] = {c->rel->level, cf_plan_const_int(b->plan, (ax.bin_count + 2) * ny)};
    const cf_id rows = cf_plan_level(b->plan, CF_L_REPEAT, args, 2, 0);
    const cf_id stride = cf_plan_const_int(b->plan, ny);
    const cf_id x_bin = bin_of(b, f.x, &ax), y_bin = bin_of(b, f.y, &ay);
    const cf_id bin = cf_plan_map_named(
        b->plan, "add_int",
        (cf_id[]){cf_plan_map_named(b->plan, "mul_int", (cf_id[]){x_bin, stride}, 2), y_bin},
        2);
    const cf_id k = cf_verb_position(b, rows);
    cf_id low[2], high[2], count = 0, error = 0;
    edges(b, cf_plan_map_named(b->plan, "idiv_int", (cf_id[]){k, stride}, 2), &ax, &low[0],
          &high[0]);
    edges(b, cf_plan_map_named(b->plan, "mod_int", (cf_id[]){k, stride}, 2), &ay, &low[1],
          &high[1]);
    counts(b, &f, bin, rows, &count, &error);
    static const char *const names[6] = {"x_low",  "x_high", "y_low",
                                         "y_high", "count",  "error"};
    const cf_id nodes[6] = {low[0], high[0], low[1], high[1], count, error};
    cf_val *elem = cf_val_tuple(b, rows, 6);
    for (size_t i = 0; i < 6; i++)
        cf_val_set(elem, i, cf_str_of(names[i]), cf_val_basic(b, nodes[i]));
    cf_val *out = with_shape(b, cf_val_list(b, rows, elem), CF_DRAW_HIST2D);
    out->name = CF_STR("hist2d");
    out->aggregated = true;
    hist_captions(c, &f, NULL, out->shape);
    return out;
}

/* ---- line, scatter, bar, heatmap: the input with a drawing ---- */

/* The column that is drawn; a value like `MET.pt` becomes one, named by its text. */
static bool column_of(cf_verb_call *c, const cf_ast *a, cf_val **rel, size_t *at) {
    cf_binder *b = c->b;
    const bool tuple = (*rel)->elem->kind == CF_VAL_TUPLE;
    if (tuple && a->kind == CF_AST_PATH && a->as.path.count == 1 &&
        cf_val_find((*rel)->elem, a->as.path.names[0].text, at))
        return true;
    cf_val *v = cf_bind_expr(b, a, cf_scope_row(b, c->scope, c->rel));
    if (v == NULL) return false;
    if (v->kind == CF_VAL_FUNC) return cf_bind_unfinished(b, v, a->span) != NULL;
    if (v->kind != CF_VAL_BASIC || !tuple) {
        cf_text type = {0};
        cf_val_type(b, v, &type);
        cf_bind_fail(b, CF_E_TYPE, a->span, "`%s` draws one value a row, and this is %s",
                     c->verb, type.data);
        cf_text_clear(&type);
        return false;
    }
    if (!cf_plan_is_ancestor(b->plan, v->level, (*rel)->rows)) {
        cf_bind_mismatch(b);
        return false;
    }
    const cf_str name = cf_str_of(text_of(b, a->span));
    if (!cf_val_find((*rel)->elem, name, at))
        *rel = cf_verb_with_elem(b, *rel, cf_val_with(b, (*rel)->elem, name, v));
    return cf_val_find((*rel)->elem, name, at);
}

static bool draw_column(cf_verb_call *c, const cf_ast *a, cf_val **rel, cf_shape *shape) {
    cf_binder *b = c->b;
    while (a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
        a = a->as.list.items[0].value;
    size_t at = 0;
    if (!column_of(c, a, rel, &at)) return false;
    if (shape->draw_column_count == CF_COUNT(shape->draw_columns)) {
        cf_bind_fail(b, CF_E_LIMIT, a->span, "`%s` draws at most 7 columns", c->verb);
        return false;
    }
    uint32_t shown = 0;
    for (size_t k = 0; k < at; k++)
        shown += !(*rel)->elem->slots[k].hidden;
    shape->draw_columns[shape->draw_column_count++] = shown;
    return true;
}

static cf_val *drawn(cf_verb_call *c, int draw) {
    cf_val *rel = c->rel;
    cf_shape *shape = with_shape(c->b, rel, draw)->shape;
    for (size_t i = 0; i < c->count; i++) {
        const cf_ast *a = c->args[i].ast;
        while (a != NULL && a->kind == CF_AST_PIPELINE && a->as.list.count == 1)
            a = a->as.list.items[0].value;
        if (a == NULL)
            return cf_bind_fail(c->b, CF_E_TYPE, c->args[i].span, "`%s` draws columns by name",
                                c->verb);
        if (a->kind == CF_AST_TUPLE) {
            for (size_t k = 0; k < a->as.list.count; k++)
                if (!draw_column(c, a->as.list.items[k].value, &rel, shape)) return NULL;
        } else if (!draw_column(c, a, &rel, shape))
            return NULL;
    }
    shape->label_x = c->count > 0 ? text_of(c->b, c->args[0].span) : "";
    shape->label_y = c->count > 1 ? text_of(c->b, c->args[1].span) : "";
    cf_val *out = cf_val_copy(c->b, rel);
    out->shape = shape;
    return out;
}

static cf_val *verb_line(cf_verb_call *c) {
    return drawn(c, CF_DRAW_LINE);
}
static cf_val *verb_scatter(cf_verb_call *c) {
    return drawn(c, CF_DRAW_SCATTER);
}
static cf_val *verb_bar(cf_verb_call *c) {
    return drawn(c, CF_DRAW_BAR);
}
static cf_val *verb_heatmap(cf_verb_call *c) {
    return drawn(c, CF_DRAW_HEATMAP);
}

/* ---- tables of reductions: cutflow and describe ---- */

/* One row for each entry: columns of nodes at UNIT (or the owner), as an ITEMS level. */
static cf_val *items_column(cf_binder *b, cf_id rows, cf_id *nodes, size_t count) {
    cf_val **values = CF_NEWS(b->arena, cf_val *, count + 1);
    for (size_t i = 0; i < count; i++)
        values[i] = cf_val_basic(b, nodes[i]);
    return cf_val_concat(b, rows, values, count, CF_NOWHERE);
}

static cf_id ratio(cf_binder *b, cf_id x, cf_id y) {
    return cf_plan_map_named(
        b->plan, "div_float",
        (cf_id[]){cf_plan_cast(b->plan, x, CF_FLOAT64), cf_plan_cast(b->plan, y, CF_FLOAT64)},
        2);
}

/* The cuts of a relation, first to last; and the relation that they cut. */
static const cf_cut **cuts_in_order(cf_binder *b, const cf_val *rel, size_t *count,
                                    cf_val **start) {
    *count = 0;
    for (const cf_cut *cut = rel->cuts; cut != NULL; cut = cut->before)
        ++*count;
    const cf_cut **cuts = CF_NEWS(b->arena, const cf_cut *, *count + 1);
    size_t at = *count;
    for (const cf_cut *cut = rel->cuts; cut != NULL; cut = cut->before)
        cuts[--at] = cut;
    *start = rel->cut_start != NULL && *count > 0 ? rel->cut_start : (cf_val *)(uintptr_t)rel;
    return cuts;
}

/* The table of a cut flow over the rows of `owner` (UNIT, or one row for each label). */
static cf_val *cutflow_table(cf_binder *b, cf_id owner, const cf_cut **cuts, cf_id *passed,
                             size_t count) {
    cf_id *names = CF_NEWS(b->arena, cf_id, count + 1);
    cf_id *share = CF_NEWS(b->arena, cf_id, count + 1),
          *total = CF_NEWS(b->arena, cf_id, count + 1);
    for (size_t i = 0; i <= count; i++) {
        names[i] = cf_plan_const_text(b->plan, i == 0 ? CF_STR("all") : cuts[i - 1]->label);
        share[i] = ratio(b, passed[i], passed[i == 0 ? 0 : i - 1]);
        total[i] = ratio(b, passed[i], passed[0]);
    }
    const cf_id rows = cf_plan_level(b->plan, CF_L_ITEMS, &owner, 1, (int64_t)count + 1);
    cf_val *elem = cf_val_tuple(b, rows, 4);
    cf_val_set(elem, 0, CF_STR("cut"), items_column(b, rows, names, count + 1));
    cf_val_set(elem, 1, CF_STR("passed"), items_column(b, rows, passed, count + 1));
    cf_val_set(elem, 2, CF_STR("share"), items_column(b, rows, share, count + 1));
    cf_val_set(elem, 3, CF_STR("total_share"), items_column(b, rows, total, count + 1));
    return cf_val_list(b, rows, elem);
}

/* The label of each row of a relation, as a node at its rows. */
static cf_id label_at(cf_verb_call *c, cf_arg *by, cf_val *rel) {
    cf_val *v = cf_bind_expr(c->b, by->ast, cf_scope_row(c->b, by->scope, rel));
    if (v == NULL) return 0;
    if (v->kind != CF_VAL_BASIC) {
        cf_bind_fail(c->b, CF_E_TYPE, by->span, "`by` needs a single value");
        return 0;
    }
    return cf_plan_broadcast(c->b->plan, cf_val_number(c->b, v), rel->rows);
}

/* One row for each label: {label, count}. */
static cf_val *counts_by(cf_verb_call *c, cf_arg *by, cf_val *rel) {
    cf_binder *b = c->b;
    const cf_id args[2] = {rel->rows, label_at(c, by, rel)};
    if (args[1] == 0) return NULL;
    const cf_id groups = cf_plan_level(b->plan, CF_L_GROUP, args, 2, 0);
    const cf_id members = cf_plan_level(b->plan, CF_L_MEMBERS, &groups, 1, 0);
    cf_val *row = cf_val_tuple(b, groups, 2);
    cf_val_set(
        row, 0, CF_STR("label"),
        cf_val_basic(b, cf_plan_gather(b->plan, args[1], cf_plan_index(b->plan, groups, 0))));
    cf_val_set(row, 1, CF_STR("count"),
               cf_val_basic(b, cf_plan_reduce(b->plan, CF_R_COUNT, members, 0)));
    return cf_val_list(b, groups, row);
}

/* How many of `some` have the label of each row of `all`: its counts looked up by label. */
static cf_id looked_up(cf_binder *b, cf_val *all, cf_val *some) {
    cf_val *there = cf_val_broadcast(b, some, all->rows);
    cf_val *row = cf_val_broadcast(b, there->elem, there->rows);
    cf_val *pair[2] = {cf_val_field(b, row, 0),
                       cf_val_broadcast(b, cf_val_field(b, all->elem, 0), there->rows)};
    cf_val *same = cf_bind_map_named(b, "==", pair, 2, CF_NOWHERE);
    if (same == NULL) return 0;
    cf_val *match = cf_verb_filter_by(b, there, same->node, (cf_str){0});
    return cf_plan_reduce(b->plan, CF_R_SUM, match->rows,
                          cf_val_field(b, match->elem, 1)->node);
}

static cf_val *cutflow_by(cf_verb_call *c, cf_arg *by, const cf_cut **cuts, size_t count,
                          cf_val *start) {
    cf_binder *b = c->b;
    cf_val *all = counts_by(c, by, start);
    if (all == NULL) return NULL;
    cf_id *passed = CF_NEWS(b->arena, cf_id, count + 1);
    passed[0] = cf_val_field(b, all->elem, 1)->node;
    for (size_t i = 0; i < count; i++) {
        cf_val *some = counts_by(c, by, cuts[i]->list);
        if (some == NULL || (passed[i + 1] = looked_up(b, all, some)) == 0) return NULL;
    }
    cf_val *table = cutflow_table(b, all->rows, cuts, passed, count);
    cf_val *label = cf_val_broadcast(b, cf_val_field(b, all->elem, 0), table->rows);
    cf_val *row = cf_val_tuple(b, table->rows, 5);
    const cf_ast *a = by->ast;
    cf_val_set(row, 0,
               a->kind == CF_AST_PATH ? a->as.path.names[a->as.path.count - 1].text
                                      : CF_STR("by"),
               label);
    memcpy(row->slots + 1, table->elem->slots, 4 * sizeof *row->slots);
    const cf_id flat[2] = {table->rows, CF_UNIT};
    const cf_id rows = cf_plan_level(b->plan, CF_L_FLAT, flat, 2, 0);
    table->elem = row;
    cf_val *out = cf_val_at_rows(b, table, rows, 0);
    out->level = CF_UNIT;
    return out;
}

static cf_val *verb_cutflow(cf_verb_call *c) {
    cf_binder *b = c->b;
    size_t count = 0;
    cf_val *start = NULL;
    if (c->rel->level != CF_UNIT)
        return cf_bind_fail(b, CF_E_AXIS, c->span,
                            "`cutflow` is for whole relations, not for lists inside rows");
    const cf_cut **cuts = cuts_in_order(b, c->rel, &count, &start);
    cf_arg *by = cf_verb_named(c, "by");
    cf_val *table = NULL;
    if (by != NULL)
        table = cutflow_by(c, by, cuts, count, start);
    else {
        cf_id *passed = CF_NEWS(b->arena, cf_id, count + 1);
        for (size_t i = 0; i <= count; i++)
            passed[i] = cf_plan_reduce(b->plan, CF_R_COUNT,
                                       i == 0 ? start->rows : cuts[i - 1]->list->rows, 0);
        table = cutflow_table(b, CF_UNIT, cuts, passed, count);
    }
    if (table == NULL) return NULL;
    cf_val *out = with_shape(b, table, CF_DRAW_CUTFLOW);
    out->name = CF_STR("cutflow");
    out->row_name = (cf_str){0};
    out->cuts = NULL;
    return out;
}

typedef struct {
    cf_binder *b;
    cf_id *columns[10];
    size_t count, capacity;
} describe_rows;

static void describe_add(describe_rows *d, const char *name, cf_id level, cf_id node) {
    cf_binder *b = d->b;
    if (d->count == d->capacity) {
        const size_t capacity = d->capacity == 0 ? 64 : d->capacity * 2;
        for (size_t k = 0; k < 10; k++) {
            cf_id *grown = CF_NEWS(b->arena, cf_id, capacity);
            if (d->count > 0) memcpy(grown, d->columns[k], d->count * sizeof *grown);
            d->columns[k] = grown;
        }
        d->capacity = capacity;
    }
    const cf_kind kind = cf_plan_node(b->plan, node)->kind;
    const cf_id wide = cf_plan_widen(b->plan, node);
    const cf_kind w = cf_plan_node(b->plan, wide)->kind;
    const bool number = w == CF_INT64 || w == CF_FLOAT64 || w == CF_BOOL;
    const cf_id none = cf_plan_const_null(b->plan, CF_FLOAT64);
    const cf_id rows = cf_plan_reduce(b->plan, CF_R_COUNT, level, 0);
    const cf_id valid = cf_plan_reduce(b->plan, CF_R_COUNT_VALID, level, wide);
    const cf_id x =
        w == CF_INT64 || w == CF_BOOL ? cf_plan_cast(b->plan, wide, CF_INT64) : wide;
    const size_t i = d->count++;
    d->columns[0][i] = cf_plan_const_text(b->plan, cf_str_of(name));
    d->columns[1][i] = cf_plan_const_text(b->plan, cf_str_of(cf_kind_word(kind)));
    d->columns[2][i] = rows;
    d->columns[3][i] = cf_plan_map_named(b->plan, "sub_int", (cf_id[]){rows, valid}, 2);
    d->columns[4][i] = w == CF_FLOAT64 ? cf_plan_reduce(b->plan, CF_R_COUNT_NAN, level, wide)
                                       : cf_plan_const_int(b->plan, 0);
    d->columns[5][i] =
        number ? cf_plan_cast(b->plan, cf_plan_reduce(b->plan, CF_R_MIN, level, x), CF_FLOAT64)
               : none;
    d->columns[6][i] =
        number ? cf_plan_cast(b->plan, cf_plan_reduce(b->plan, CF_R_MAX, level, x), CF_FLOAT64)
               : none;
    d->columns[7][i] = number ? cf_plan_reduce(b->plan, CF_R_AVERAGE, level, x) : none;
    d->columns[8][i] = number ? cf_plan_reduce(b->plan, CF_R_STDDEV, level, x) : none;
    d->columns[9][i] =
        number ? cf_plan_reduce(b->plan, CF_R_SUM, level, cf_plan_cast(b->plan, x, CF_FLOAT64))
               : none;
}

/* Every single value in it, at its level made flat over the whole relation. */
static bool describe_value(describe_rows *d, cf_val *v, const char *name, cf_id level,
                           cf_id owner) {
    cf_binder *b = d->b;
    if (v == NULL) return false;
    if (v->kind == CF_VAL_LIST)
        return describe_value(d, cf_val_broadcast(b, v->elem, v->rows), name, v->rows, owner);
    if (v->kind == CF_VAL_TUPLE) {
        for (size_t k = 0; k < v->slot_count; k++) {
            if (v->slots[k].hidden) continue;
            cf_val *field = cf_val_field(b, v, k);
            if (field == NULL && b->err.status == CF_E_UNSUPPORTED) {
                b->err = (cf_error){0};
                continue;
            }
            const char *path = name[0] == 0 ? cf_str_dup(b->arena, v->slots[k].name)
                                            : cf_arena_printf(b->arena, "%s.%.*s", name,
                                                              CF_STR_ARGS(v->slots[k].name));
            if (!describe_value(d, field, path, level, owner)) return false;
        }
        return true;
    }
    if (v->kind != CF_VAL_BASIC) return true;
    cf_id node = cf_plan_broadcast(b->plan, v->node, level);
    if (cf_plan_node(b->plan, level)->level != owner) {
        const cf_id args[2] = {level, owner};
        level = cf_plan_level(b->plan, CF_L_FLAT, args, 2, 0);
        node = cf_plan_gather(b->plan, node, cf_plan_index(b->plan, level, 0));
    }
    describe_add(d, name, level, node);
    return true;
}

static cf_val *verb_describe(cf_verb_call *c) {
    cf_binder *b = c->b;
    describe_rows d = {.b = b};
    if (c->rel->level != CF_UNIT)
        return cf_bind_fail(b, CF_E_AXIS, c->span,
                            "`describe` is for whole relations, not for lists inside rows");
    if (!describe_value(&d, cf_val_broadcast(b, c->rel->elem, c->rel->rows), "", c->rel->rows,
                        c->rel->level))
        return NULL;
    const cf_id owner = CF_UNIT;
    const cf_id rows = cf_plan_level(b->plan, CF_L_ITEMS, &owner, 1, (int64_t)d.count);
    static const char *const names[10] = {"column", "type", "count", "nulls",  "nan",
                                          "min",    "max",  "mean",  "stddev", "sum"};
    cf_val *elem = cf_val_tuple(b, rows, 10);
    for (size_t k = 0; k < 10; k++) {
        cf_val *v =
            d.count == 0
                ? cf_val_basic(
                      b, cf_plan_broadcast(b->plan, cf_plan_const_null(b->plan, CF_NULL), rows))
                : items_column(b, rows, d.columns[k], d.count);
        if (v == NULL) return NULL;
        cf_val_set(elem, k, cf_str_of(names[k]), v);
    }
    cf_val *out = cf_val_list(b, rows, elem);
    out->name = CF_STR("describe");
    return out;
}

/* ---- chance ---- */

static bool seed_of(cf_verb_call *c, cf_id *seed) {
    cf_arg *a = cf_verb_named(c, "seed");
    int64_t n = 0;
    if (a != NULL) {
        cf_val *v = cf_bind_arg(c->b, a);
        if (v == NULL) return false;
        if (!cf_val_const_int(c->b, v, &n)) {
            cf_bind_fail(c->b, CF_E_NOT_CONSTANT, a->span, "`seed` is a whole number");
            return false;
        }
    }
    *seed = cf_plan_const_int(c->b->plan, n);
    return true;
}

/* A number in [0, 1) for each row: a hash of the seed and the row's position in the relation.
 */
static cf_id random_of(cf_verb_call *c, cf_id seed) {
    return cf_plan_map_named(c->b->plan, "random",
                             (cf_id[]){seed, cf_verb_position(c->b, c->rel->rows)}, 2);
}

static cf_val *sorted(cf_verb_call *c, cf_val *rel, cf_id key) {
    const cf_id args[2] = {rel->rows, key};
    return cf_val_at_rows(c->b, rel, cf_plan_level(c->b->plan, CF_L_SORT, args, 2, 0), 0);
}

static cf_val *verb_shuffle(cf_verb_call *c) {
    cf_id seed = 0;
    return seed_of(c, &seed) ? sorted(c, c->rel, random_of(c, seed)) : NULL;
}

static bool share_arg(cf_verb_call *c, double *share) {
    cf_val *v = cf_verb_caller_arg(c, 0);
    if (v == NULL) return false;
    if (!cf_val_const_float(c->b, v, share)) {
        cf_bind_fail(c->b, CF_E_NOT_CONSTANT, c->args[0].span,
                     "`%s` needs a number known beforehand", c->verb);
        return false;
    }
    return true;
}

static cf_val *verb_split(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_id seed = 0;
    double share = 0;
    if (!seed_of(c, &seed) || !share_arg(c, &share)) return NULL;
    if (!(share >= 0 && share <= 1))
        return cf_bind_fail(b, CF_E_RANGE, c->args[0].span,
                            "`split` takes a share from 0 to 1");
    const cf_id in_train = cf_plan_map_named(
        b->plan, "lt_float", (cf_id[]){random_of(c, seed), cf_plan_const_float(b->plan, share)},
        2);
    const cf_id in_test = cf_plan_map_named(b->plan, "not_bool", &in_train, 1);
    cf_val *train = cf_verb_filter_by(b, c->rel, in_train, (cf_str){0}),
           *test = cf_verb_filter_by(b, c->rel, in_test, (cf_str){0});
    if (train == NULL || test == NULL) return NULL;
    cf_val *out = cf_val_tuple(b, c->rel->level, 2);
    cf_val_set(out, 0, CF_STR("train"), train);
    cf_val_set(out, 1, CF_STR("test"), test);
    return out;
}

/* sample 0.1: each row with that chance; sample 100: so many rows, in their order. */
static cf_val *verb_sample(cf_verb_call *c) {
    cf_binder *b = c->b;
    cf_id seed = 0;
    double share = 0;
    int64_t n = 0;
    if (!seed_of(c, &seed) || !share_arg(c, &share)) return NULL;
    const cf_id chance = random_of(c, seed);
    if (cf_val_const_int(b, cf_verb_caller_arg(c, 0), &n)) {
        if (n < 0)
            return cf_bind_fail(b, CF_E_RANGE, c->args[0].span,
                                "`sample` takes a share from 0 to 1 or a number of rows");
        const cf_id position = cf_verb_position(b, c->rel->rows);
        cf_val *shuffled = sorted(c, c->rel, chance);
        const cf_id position_there =
            cf_plan_gather(b->plan, position, cf_plan_index(b->plan, shuffled->rows, 0));
        cf_val *taken = cf_verb_take_rows(b, shuffled, cf_plan_const_int(b->plan, 1),
                                          cf_plan_const_int(b->plan, n == 0 ? -1 : n), false);
        return sorted(
            c, taken,
            cf_plan_gather(b->plan, position_there, cf_plan_index(b->plan, taken->rows, 0)));
    }
    if (!(share >= 0 && share <= 1))
        return cf_bind_fail(b, CF_E_RANGE, c->args[0].span,
                            "`sample` takes a share from 0 to 1 or a number of rows");
    const cf_id in = cf_plan_map_named(
        b->plan, "lt_float", (cf_id[]){chance, cf_plan_const_float(b->plan, share)}, 2);
    return cf_verb_filter_by(b, c->rel, in, (cf_str){0});
}

const cf_verb cf_verbs_draw[] = {
    {"hist", verb_hist, 0, 1, true, "bins range weight"},
    {"hist2d", verb_hist2d, 2, 2, true, "bins range weight"},
    {"line", verb_line, 1, 2, true, NULL},
    {"scatter", verb_scatter, 2, 2, true, NULL},
    {"bar", verb_bar, 1, 2, true, NULL},
    {"heatmap", verb_heatmap, 2, 3, true, NULL},
    {"cutflow", verb_cutflow, 0, 0, true, "by"},
    {"describe", verb_describe, 0, 0, true, NULL},
    {"shuffle", verb_shuffle, 0, 0, true, "seed"},
    {"split", verb_split, 1, 1, true, "seed"},
    {"sample", verb_sample, 1, 1, true, "seed"},
    {0},
};
