/* How good a model is: roc, auc, confusion, accuracy.  Sorting, running sums and counting are
 * the plan's own; nothing here looks at rows. */

#include "lang/bind_internal.h"

#include "cutflow/result.h"

#include <math.h>
#include <string.h>

#define CLASSES_MAX 1000

static cf_id apply(cf_binder *b, const char *function, cf_id x, cf_id y) {
    return cf_plan_map_named(b->plan, function, (cf_id[]){x, y}, 2);
}

static cf_id float_of(cf_binder *b, cf_id x) {
    return cf_plan_cast(b->plan, x, CF_FLOAT64);
}

static cf_id window(cf_binder *b, cf_window kind, cf_id rows, cf_id x, cf_kind out, int64_t i1,
                    int64_t i2) {
    return cf_plan_value(b->plan, CF_V_WINDOW, out, rows, (cf_id[]){rows, x}, 2, (int64_t)kind,
                         i1, i2);
}

/* The rows that are judged: those where both are known; `is` true or false as 1 or 0. */
typedef struct {
    cf_id rows, is, score;
} judged;

static bool judged_rows(cf_verb_call *c, cf_val *rel, cf_val *y, cf_val *p, judged *j) {
    cf_binder *b = c->b;
    const cf_id truth = y->kind == CF_VAL_BASIC ? cf_val_number(b, y) : 0,
                score = p->kind == CF_VAL_BASIC ? cf_val_number(b, p) : 0;
    const cf_kind kind = truth == 0 ? CF_TEXT : cf_plan_node(b->plan, truth)->kind,
                  score_kind = score == 0 ? CF_TEXT : cf_plan_node(b->plan, score)->kind;
    if (kind != CF_BOOL || (score_kind != CF_FLOAT64 && score_kind != CF_INT64)) {
        cf_bind_fail(b, CF_E_TYPE, c->span,
                     "`%s` takes what is true (a bool) and a score (a number)", c->verb);
        cf_bind_hint(b, "`%s (label == 1) p[1]`", c->verb);
        return false;
    }
    const cf_id is = cf_verb_node_at(b, cf_plan_cast(b->plan, truth, CF_INT64), rel->rows),
                x = cf_verb_node_at(b, float_of(b, score), rel->rows);
    if (is == 0 || x == 0) return false;
    /* a comparison with itself leaves out null and nan */
    const cf_id known =
        apply(b, "and_bool", apply(b, "eq_int", is, is), apply(b, "eq_float", x, x));
    const cf_id rows = cf_plan_filter(b->plan, rel->rows, known, (cf_str){0});
    const cf_id by = cf_plan_index(b->plan, rows, 0);
    *j = (judged){rows, cf_plan_gather(b->plan, is, by), cf_plan_gather(b->plan, x, by)};
    return true;
}

/* Shares of false and true positives at each distinct score, from the highest down. */
typedef struct {
    cf_id rows, threshold, fpr, tpr;
} curve;

static curve curve_of(cf_binder *b, const judged *j) {
    const cf_id sorted = cf_plan_level(b->plan, CF_L_SORT, (cf_id[]){j->rows, j->score}, 2, 1);
    const cf_id by = cf_plan_index(b->plan, sorted, 0);
    const cf_id score = cf_plan_gather(b->plan, j->score, by),
                is = cf_plan_gather(b->plan, j->is, by);
    const cf_id not_is = apply(b, "sub_int", cf_plan_const_int(b->plan, 1), is);
    const cf_id hits = window(b, CF_W_SUM, sorted, is, CF_INT64, INT64_MIN, 0),
                misses = window(b, CF_W_SUM, sorted, not_is, CF_INT64, INT64_MIN, 0);
    const cf_id next = window(b, CF_W_LEAD, sorted, score, CF_FLOAT64, 1, 0);
    const cf_id same = apply(b, "eq_float", next, score); /* null for the last */
    const cf_id last_of_ties =
        apply(b, "coalesce_bool", cf_plan_map_named(b->plan, "not_bool", &same, 1),
              cf_plan_const_bool(b->plan, true));
    const cf_id rows = cf_plan_filter(b->plan, sorted, last_of_ties, (cf_str){0});
    const cf_id at = cf_plan_index(b->plan, rows, 0);
    const cf_id positives = float_of(b, cf_plan_reduce(b->plan, CF_R_SUM, j->rows, j->is));
    const cf_id all = float_of(b, cf_plan_reduce(b->plan, CF_R_COUNT, j->rows, 0));
    const cf_id negatives = apply(b, "sub_float", all, positives);
    return (curve){
        rows, cf_plan_gather(b->plan, score, at),
        apply(b, "div_float", float_of(b, cf_plan_gather(b->plan, misses, at)), negatives),
        apply(b, "div_float", float_of(b, cf_plan_gather(b->plan, hits, at)), positives)};
}

/* The curve's area by trapezoids from (0, 0). */
static cf_id area_of(cf_binder *b, const curve *k) {
    const cf_id zero = cf_plan_const_float(b->plan, 0);
    const cf_id x0 = apply(b, "coalesce_float",
                           window(b, CF_W_LAG, k->rows, k->fpr, CF_FLOAT64, 1, 0), zero),
                y0 = apply(b, "coalesce_float",
                           window(b, CF_W_LAG, k->rows, k->tpr, CF_FLOAT64, 1, 0), zero);
    const cf_id slices = apply(b, "mul_float", apply(b, "sub_float", k->fpr, x0),
                               apply(b, "add_float", k->tpr, y0));
    return apply(b, "mul_float", cf_plan_reduce(b->plan, CF_R_SUM, k->rows, slices),
                 cf_plan_const_float(b->plan, 0.5));
}

static cf_val *verb_roc(cf_verb_call *c) {
    cf_binder *b = c->b;
    judged j;
    if (cf_verb_alias_error(c)) return NULL;
    cf_val *y = cf_verb_row_arg(c, 0, c->rel),
           *p = y == NULL ? NULL : cf_verb_row_arg(c, 1, c->rel);
    if (p == NULL || !judged_rows(c, c->rel, y, p, &j)) return NULL;
    if (c->rel->level != CF_UNIT)
        return cf_bind_fail(b, CF_E_AXIS, c->span, "`roc` is for whole relations");
    const curve k = curve_of(b, &j);
    const cf_id unit = CF_UNIT, first = cf_plan_level(b->plan, CF_L_ITEMS, &unit, 1, 1);
    const cf_id rows = cf_plan_level(b->plan, CF_L_CONCAT, (cf_id[]){first, k.rows}, 2, 0);
    const double start[3] = {INFINITY, 0, 0};
    const cf_id of[3] = {k.threshold, k.fpr, k.tpr};
    static const char *const names[3] = {"threshold", "fpr", "tpr"};
    cf_val *row = cf_val_tuple(b, rows, 3);
    for (size_t i = 0; i < 3; i++) {
        cf_val *parts[2] = {cf_val_basic(b, cf_plan_const_float(b->plan, start[i])),
                            cf_val_basic(b, of[i])};
        cf_val *v = cf_val_concat(b, rows, parts, 2, c->span);
        if (v == NULL) return NULL;
        cf_val_set(row, i, cf_str_of(names[i]), v);
    }
    cf_val *out = cf_val_list(b, rows, row);
    out->name = CF_STR("roc");
    out->shape = CF_NEW(b->arena, cf_shape);
    *out->shape = (cf_shape){.draw = CF_DRAW_LINE,
                             .label_x = "false positive rate",
                             .label_y = "true positive rate",
                             .draw_column_count = 2,
                             .draw_columns = {1, 2},
                             .caption_word = "auc",
                             .caption_nodes = {area_of(b, &k)}};
    return out;
}

static const cf_scope *rows_around(cf_verb_call *c) {
    const cf_scope *row = cf_scope_inner_row(c->scope);
    if (row == NULL)
        cf_bind_fail(c->b, CF_E_AXIS, c->span,
                     "`%s` needs the rows of a relation: in `aggregate`", c->verb);
    return row;
}

static cf_val *verb_auc(cf_verb_call *c) {
    judged j;
    const cf_scope *row = rows_around(c);
    if (row == NULL) return NULL;
    cf_val *y = cf_verb_caller_arg(c, 0), *p = y == NULL ? NULL : cf_verb_caller_arg(c, 1);
    if (p == NULL || !judged_rows(c, row->list, y, p, &j)) return NULL;
    const curve k = curve_of(c->b, &j);
    return cf_val_basic(c->b, area_of(c->b, &k));
}

static cf_id class_at(cf_verb_call *c, cf_val *v, cf_id rows) {
    cf_binder *b = c->b;
    const cf_id node = v->kind == CF_VAL_BASIC ? cf_val_number(b, v) : 0;
    const cf_kind kind = node == 0 ? CF_TEXT : cf_plan_node(b->plan, node)->kind;
    if (kind != CF_INT64 && kind != CF_BOOL) {
        cf_bind_fail(b, CF_E_TYPE, c->span, "`%s` takes two classes, ints from 0 (or bools)",
                     c->verb);
        return 0;
    }
    return cf_verb_node_at(b, cf_plan_cast(b->plan, node, CF_INT64), rows);
}

static cf_val *verb_accuracy(cf_verb_call *c) {
    cf_binder *b = c->b;
    const cf_scope *row = rows_around(c);
    if (row == NULL) return NULL;
    cf_val *y = cf_verb_caller_arg(c, 0), *p = y == NULL ? NULL : cf_verb_caller_arg(c, 1);
    if (p == NULL) return NULL;
    const cf_id truth = class_at(c, y, row->level), guess = class_at(c, p, row->level);
    if (truth == 0 || guess == 0) return NULL;
    return cf_val_basic(
        b, cf_plan_reduce(b->plan, CF_R_AVERAGE, row->level,
                          cf_plan_cast(b->plan, apply(b, "eq_int", truth, guess), CF_INT64)));
}

/* names:["qcd", "tt"]: the classes' names, constants; NULL: not given. */
static bool class_names(cf_verb_call *c, const cf_id **names, int64_t *count) {
    cf_arg *a = cf_verb_named(c, "names");
    if (a == NULL) return true;
    cf_val *v = cf_bind_arg(c->b, a);
    if (v == NULL) return false;
    const cf_node *n = v->kind == CF_VAL_LIST && v->elem->kind == CF_VAL_BASIC
                           ? cf_plan_node(c->b->plan, v->elem->node)
                           : NULL;
    if (n != NULL && n->op == CF_V_ITEMSV && n->kind == CF_TEXT &&
        n->arg_count <= CLASSES_MAX) {
        *names = n->args;
        *count = n->arg_count;
        return true;
    }
    cf_bind_fail(c->b, CF_E_TYPE, a->span, "`names` is a list of texts");
    return false;
}

/* The name of class k, at k's rows: looked up among the names' items. */
static cf_id name_of(cf_binder *b, const cf_id *names, int64_t count, cf_id k) {
    const cf_id rows = cf_plan_node(b->plan, k)->level, unit = CF_UNIT;
    const cf_id level = cf_plan_level(b->plan, CF_L_ITEMS, &unit, 1, count);
    const cf_id text =
        cf_plan_value(b->plan, CF_V_ITEMSV, CF_TEXT, level, names, (size_t)count, 0, 0, 0);
    cf_val *list = cf_val_broadcast(b, cf_val_list(b, level, cf_val_basic(b, text)), rows);
    const cf_id nth =
        cf_plan_value(b->plan, CF_V_NTH, CF_INDEX, rows, (cf_id[]){list->rows, k}, 2, 0, 0, 0);
    return cf_plan_gather(b->plan, cf_val_broadcast(b, list->elem, list->rows)->node, nth);
}

/* One more than the largest class. */
static cf_id class_count(cf_binder *b, cf_id rows, cf_id truth, cf_id guess) {
    const cf_id zero = cf_plan_const_int(b->plan, -1);
    const cf_id t = apply(b, "coalesce_int", cf_plan_reduce(b->plan, CF_R_MAX, rows, truth),
                          zero),
                p = apply(b, "coalesce_int", cf_plan_reduce(b->plan, CF_R_MAX, rows, guess),
                          zero);
    return cf_plan_map_named(b->plan, "class_count",
                             (cf_id[]){t, p, cf_plan_const_int(b->plan, CLASSES_MAX)}, 3);
}

static cf_val *verb_confusion(cf_verb_call *c) {
    cf_binder *b = c->b;
    const cf_id *names = NULL;
    int64_t known = 0;
    if (cf_verb_alias_error(c) || !class_names(c, &names, &known)) return NULL;
    if (c->rel->level != CF_UNIT)
        return cf_bind_fail(b, CF_E_AXIS, c->span, "`confusion` is for whole relations");
    cf_val *y = cf_verb_row_arg(c, 0, c->rel),
           *p = y == NULL ? NULL : cf_verb_row_arg(c, 1, c->rel);
    if (p == NULL) return NULL;
    const cf_id truth = class_at(c, y, c->rel->rows),
                guess = truth == 0 ? 0 : class_at(c, p, c->rel->rows);
    if (guess == 0) return NULL;
    const cf_id k = names != NULL ? cf_plan_const_int(b->plan, known)
                                  : class_count(b, c->rel->rows, truth, guess);
    const cf_id rows = cf_plan_level(b->plan, CF_L_REPEAT,
                                     (cf_id[]){CF_UNIT, apply(b, "mul_int", k, k)}, 2, 0);
    const cf_id bin = apply(b, "add_int", apply(b, "mul_int", truth, k), guess);
    const cf_id count = cf_plan_value(b->plan, CF_V_BINCOUNT, CF_INT64, rows,
                                      (cf_id[]){c->rel->rows, bin, 0}, 3, 0, 0, 0);
    const cf_id place = cf_verb_position(b, rows);
    const cf_id i = apply(b, "idiv_int", place, k), j = apply(b, "mod_int", place, k);
    const cf_id group = cf_plan_level(b->plan, CF_L_GROUP, (cf_id[]){rows, i}, 2, 0);
    const cf_id members = cf_plan_level(b->plan, CF_L_MEMBERS, &group, 1, 0);
    const cf_id there = cf_plan_gather(b->plan, count, cf_plan_index(b->plan, members, 0));
    const cf_id sum =
        cf_plan_broadcast(b->plan, cf_plan_reduce(b->plan, CF_R_SUM, members, there), members);
    const cf_id order[2] = {cf_plan_gather(b->plan, i, cf_plan_index(b->plan, members, 0)),
                            cf_plan_gather(b->plan, j, cf_plan_index(b->plan, members, 0))};
    const cf_id flat = cf_plan_level(b->plan, CF_L_FLAT, (cf_id[]){members, CF_UNIT}, 2, 0);
    const cf_id by = cf_plan_index(b->plan, flat, 0);
    const cf_id share = apply(b, "div_float", float_of(b, there), float_of(b, sum));
    cf_id columns[4] = {cf_plan_gather(b->plan, order[0], by),
                        cf_plan_gather(b->plan, order[1], by),
                        cf_plan_gather(b->plan, there, by), cf_plan_gather(b->plan, share, by)};
    for (size_t x = 0; x < 2 && names != NULL; x++)
        columns[x] = name_of(b, names, known, columns[x]);
    static const char *const words[4] = {"true", "predicted", "count", "share"};
    cf_val *row = cf_val_tuple(b, flat, 4);
    for (size_t x = 0; x < 4; x++)
        cf_val_set(row, x, cf_str_of(words[x]), cf_val_basic(b, columns[x]));
    cf_val *out = cf_val_list(b, flat, row);
    out->name = CF_STR("confusion");
    out->shape = CF_NEW(b->arena, cf_shape);
    *out->shape = (cf_shape){.draw = CF_DRAW_HEATMAP,
                             .label_x = "predicted",
                             .label_y = "true",
                             .draw_column_count = 3,
                             .draw_columns = {1, 0, 3}};
    return out;
}

const cf_verb cf_verbs_judge[] = {
    {"roc", verb_roc, 2, 2, true, NULL},
    {"confusion", verb_confusion, 2, 2, true, "names"},
    {"auc", verb_auc, 2, 2, false, NULL},
    {"accuracy", verb_accuracy, 2, 2, false, NULL},
    {0},
};
