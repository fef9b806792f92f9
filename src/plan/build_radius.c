#include "plan/build_internal.h"

/* `filter delta_r(this, p) < R` on a list that was carried to the rows of another one: all
 * pairs are never made, RADIUS looks into windows of sorted eta. */

typedef struct {
    cf_id delta_r, radius;
    int64_t compare; /* RADIUS's i0, bit 0 */
} near;

static bool overload_of(const cf_func *f, const char *builtin) {
    const cf_builtin *b = cf_builtin_find(cf_str_of(builtin));
    return b != NULL && f >= b->overloads && f < b->overloads + b->overload_count;
}

/* Is the mask `delta_r < R` or `R > delta_r` (or <=, >=), with one R for all rows? */
static bool is_near(const cf_plan_builder *b, cf_id mask, near *out) {
    const cf_node *n = cf_plan_node(b, mask);
    if (n->op != CF_V_MAP || n->arg_count != 2) return false;
    const bool lt = overload_of(n->func, "<"), le = overload_of(n->func, "<=");
    const bool gt = overload_of(n->func, ">"), ge = overload_of(n->func, ">=");
    if (!lt && !le && !gt && !ge) return false;
    *out = (near){n->args[lt || le ? 0 : 1], n->args[lt || le ? 1 : 0], le || ge};
    const cf_node *d = cf_plan_node(b, out->delta_r), *r = cf_plan_node(b, out->radius);
    return d->op == CF_V_MAP && cf_str_is(cf_str_of(d->func->name), "delta_r_of") &&
           r->level == CF_UNIT && r->kind == CF_FLOAT64;
}

/* The value at the list's rows, if it is one of the carried list; else 0. */
static cf_id at_list(const cf_plan_builder *b, cf_id value, cf_id index) {
    const cf_node *n = cf_plan_node(b, value);
    return n->op == CF_V_GATHER && n->args[1] == index ? n->args[0] : 0;
}

/* The value at the rows that the list was carried to, if it is one of theirs; else 0. */
static cf_id at_rows(cf_plan_builder *b, cf_id value, cf_id rows) {
    const cf_node *n = cf_plan_node(b, value);
    if (n->op == CF_V_BROADCAST) value = n->args[0];
    if (!cf_plan_is_ancestor(b, cf_plan_node(b, value)->level, rows)) return 0;
    return cf_plan_broadcast(b, value, rows);
}

cf_id cf_build_radius(cf_plan_builder *b, cf_id level, cf_id mask) {
    const cf_node *l = cf_plan_node(b, level);
    near found;
    if (l->op != CF_L_REGATHER || !is_near(b, mask, &found)) return 0;
    const cf_id index = cf_plan_index(b, level, 0);
    const cf_id *x = cf_plan_node(b, found.delta_r)->args;
    const unsigned first = at_list(b, x[0], index) != 0 ? 0 : 2; /* which pair is the list's */
    const cf_id eta_t = at_list(b, x[first], index), phi_t = at_list(b, x[first + 1], index);
    if (eta_t == 0 || phi_t == 0) return 0;
    const cf_id eta_l = at_rows(b, x[2 - first], l->level);
    const cf_id phi_l = at_rows(b, x[3 - first], l->level);
    if (eta_l == 0 || phi_l == 0) return 0;
    const cf_id args[] = {l->args[0], l->level, eta_l,        phi_l,
                          eta_t,      phi_t,    found.radius, l->args[1]};
    return cf_plan_level(b, CF_L_RADIUS, args, CF_COUNT(args),
                         found.compare | (first == 0 ? CF_RADIUS_LIST_FIRST : 0));
}
