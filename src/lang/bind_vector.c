/* Four-vectors: tuples known by their field names, in any case: pt (or et, met), eta, phi, mass
 * (or m, or absent: 0); or px, py, pz, e.  Taken apart here into functions of single values, so
 * that the plan can share and hoist them. */

#include "lang/bind_internal.h"

#include <string.h>

static const char *const pt_names[] = {"pt", "et", "met", NULL};
static const char *const eta_names[] = {"eta", NULL};
static const char *const phi_names[] = {"phi", NULL};
static const char *const mass_names[] = {"mass", "m", NULL};
static const char *const px_names[] = {"px", NULL};
static const char *const py_names[] = {"py", NULL};
static const char *const pz_names[] = {"pz", NULL};
static const char *const e_names[] = {"e", "energy", NULL};

static bool has(const cf_val *v, const char *const *names) {
    size_t at = 0;
    return v->kind == CF_VAL_TUPLE && cf_val_find_nocase(v, names, &at);
}

static bool is_cartesian(const cf_val *v) {
    return has(v, px_names) && has(v, py_names);
}

bool cf_vector_is(const cf_val *v) {
    return is_cartesian(v) || (has(v, pt_names) && has(v, phi_names));
}

/* A component as a FLOAT64 node; 0 after an error. */
static cf_id component(cf_binder *b, cf_val *v, const char *const *names, cf_span span) {
    size_t at = 0;
    if (!cf_val_find_nocase(v, names, &at)) {
        cf_text type = {0};
        cf_val_type(b, v, &type);
        cf_bind_fail(b, CF_E_VECTOR, span, "a four-vector needs `%s`, which %s has not",
                     names[0], type.data);
        cf_bind_hint(b, "its fields are pt, eta, phi and mass (or m), or px, py, pz and e");
        cf_text_clear(&type);
        return 0;
    }
    cf_val *field = cf_val_field(b, v, at);
    if (field == NULL) return 0;
    if (field->kind != CF_VAL_BASIC || !cf_kind_is_number(cf_val_kind_of(b, field))) {
        cf_bind_fail(b, CF_E_VECTOR, span, "the field `%.*s` of a four-vector must be a number",
                     CF_STR_ARGS(v->slots[at].name));
        return 0;
    }
    return cf_plan_cast(b->plan, cf_val_number(b, field), CF_FLOAT64);
}

static cf_id map(cf_binder *b, const char *name, size_t count, const cf_id *args) {
    for (size_t i = 0; i < count; i++)
        if (args[i] == 0) return 0;
    return cf_plan_map_named(b->plan, name, args, count);
}

static cf_id get_pt(cf_binder *b, cf_val *v, cf_span s) {
    if (has(v, pt_names)) return component(b, v, pt_names, s);
    return map(b, "pt_of", 2,
               (cf_id[]){component(b, v, px_names, s), component(b, v, py_names, s)});
}

static cf_id get_phi(cf_binder *b, cf_val *v, cf_span s) {
    if (has(v, phi_names) || !is_cartesian(v)) return component(b, v, phi_names, s);
    return map(b, "phi_of", 2,
               (cf_id[]){component(b, v, px_names, s), component(b, v, py_names, s)});
}

static cf_id get_eta(cf_binder *b, cf_val *v, cf_span s) {
    if (has(v, eta_names) || !is_cartesian(v)) return component(b, v, eta_names, s);
    return map(b, "eta_of", 3,
               (cf_id[]){component(b, v, px_names, s), component(b, v, py_names, s),
                         component(b, v, pz_names, s)});
}

static cf_id get_mass_field(cf_binder *b, cf_val *v, cf_span s) {
    return has(v, mass_names) ? component(b, v, mass_names, s)
                              : cf_plan_const_float(b->plan, 0.0);
}

typedef struct {
    cf_id x, y, z, e;
} p4;

static bool get_p4(cf_binder *b, cf_val *v, p4 *out, cf_span s) {
    if (is_cartesian(v)) {
        out->x = component(b, v, px_names, s);
        out->y = component(b, v, py_names, s);
        out->z = component(b, v, pz_names, s);
        out->e = component(b, v, e_names, s);
    } else {
        const cf_id pt = get_pt(b, v, s), phi = pt == 0 ? 0 : get_phi(b, v, s),
                    eta = phi == 0 ? 0 : get_eta(b, v, s);
        const cf_id m = eta == 0 ? 0 : get_mass_field(b, v, s);
        if (m == 0) return false;
        out->x = map(b, "px_of", 2, (cf_id[]){pt, phi});
        out->y = map(b, "py_of", 2, (cf_id[]){pt, phi});
        out->z = map(b, "pz_of", 2, (cf_id[]){pt, eta});
        out->e = map(b, "e_of", 3, (cf_id[]){pt, eta, m});
    }
    return out->x != 0 && out->y != 0 && out->z != 0 && out->e != 0;
}

static bool one_line(cf_binder *b, cf_val *x, cf_val *y) {
    return cf_plan_is_ancestor(b->plan, x->level, y->level) ||
           cf_plan_is_ancestor(b->plan, y->level, x->level);
}

/* Null tuples give null components, so that whatever is made of them is null. */
static cf_val *p4_value(cf_binder *b, const p4 *p) {
    cf_val *parts[4] = {cf_val_basic(b, p->x), cf_val_basic(b, p->y), cf_val_basic(b, p->z),
                        cf_val_basic(b, p->e)};
    static const char *const names[4] = {"px", "py", "pz", "e"};
    cf_id level = CF_UNIT;
    for (size_t i = 0; i < 4; i++)
        if (cf_plan_depth(b->plan, parts[i]->level) > cf_plan_depth(b->plan, level))
            level = parts[i]->level;
    cf_val *out = cf_val_tuple(b, level, 4);
    for (size_t i = 0; i < 4; i++)
        cf_val_set(out, i, cf_str_of(names[i]), parts[i]);
    return out;
}

cf_val *cf_vector_add(cf_binder *b, cf_val *x, cf_val *y, bool subtract, cf_span span) {
    if (!one_line(b, x, y)) return cf_bind_mismatch(b);
    p4 p, q;
    cf_plan_at(b->plan, span);
    if (!get_p4(b, x, &p, span) || !get_p4(b, y, &q, span)) return NULL;
    const char *op = subtract ? "sub_float" : "add_float";
    const p4 sum = {map(b, op, 2, (cf_id[]){p.x, q.x}), map(b, op, 2, (cf_id[]){p.y, q.y}),
                    map(b, op, 2, (cf_id[]){p.z, q.z}), map(b, op, 2, (cf_id[]){p.e, q.e})};
    return p4_value(b, &sum);
}

/* One vector to one number. */
static cf_id accessor(cf_binder *b, const char *name, cf_val *v, cf_span s) {
    p4 p;
    if (strcmp(name, "pt") == 0) return get_pt(b, v, s);
    if (strcmp(name, "eta") == 0) return get_eta(b, v, s);
    if (strcmp(name, "phi") == 0) return get_phi(b, v, s);
    if (strcmp(name, "mass") == 0 || strcmp(name, "m") == 0) {
        if (!is_cartesian(v)) return get_pt(b, v, s) == 0 ? 0 : get_mass_field(b, v, s);
        return !get_p4(b, v, &p, s) ? 0 : map(b, "mass_of", 4, (cf_id[]){p.x, p.y, p.z, p.e});
    }
    if (!get_p4(b, v, &p, s)) return 0;
    if (strcmp(name, "energy") == 0) return p.e;
    return map(b, "rapidity_of", 2, (cf_id[]){p.z, p.e});
}

static cf_id pair_function(cf_binder *b, const char *name, cf_val *x, cf_val *y, cf_span s) {
    if (strcmp(name, "delta_phi") == 0)
        return map(b, "delta_phi_of", 2, (cf_id[]){get_phi(b, x, s), get_phi(b, y, s)});
    if (strcmp(name, "mt") == 0)
        return map(
            b, "mt_of", 4,
            (cf_id[]){get_pt(b, x, s), get_phi(b, x, s), get_pt(b, y, s), get_phi(b, y, s)});
    return map(
        b, "delta_r_of", 4,
        (cf_id[]){get_eta(b, x, s), get_phi(b, x, s), get_eta(b, y, s), get_phi(b, y, s)});
}

/* boost v w: v in a frame that moves with w's velocity. */
static cf_val *boosted(cf_binder *b, cf_val *x, cf_val *y, cf_span s) {
    p4 p, q;
    if (!get_p4(b, x, &p, s) || !get_p4(b, y, &q, s)) return NULL;
    static const char *const names[4] = {"boost_px", "boost_py", "boost_pz", "boost_e"};
    const cf_id args[8] = {p.x, p.y, p.z, p.e, q.x, q.y, q.z, q.e};
    cf_id out[4];
    for (size_t i = 0; i < 4; i++) {
        if (cf_func_find(cf_str_of(names[i])) == NULL)
            return cf_bind_fail(b, CF_E_NOT_YET, s, "`boost` does not work yet");
        out[i] = cf_plan_map_named(b->plan, names[i], args, 8);
    }
    return p4_value(b, &(p4){out[0], out[1], out[2], out[3]});
}

static cf_val *vector_of_lists(cf_binder *b, const cf_builtin *f, cf_val *list, cf_span span) {
    cf_val *elem = cf_val_broadcast(b, list->elem, list->rows);
    cf_val *v = cf_vector_call(b, f, &elem, 1, span);
    return v == NULL ? NULL : cf_val_list(b, list->rows, cf_val_broadcast(b, v, list->rows));
}

/* Is the tuple itself null?  Its functions are null then. */
static cf_id null_where_absent(cf_binder *b, cf_id node, cf_val *v) {
    if (v->valid == 0 || node == 0) return node;
    cf_val *args[3] = {cf_val_basic(b, v->valid), cf_val_basic(b, node),
                       cf_val_basic(b, cf_plan_const_null(b->plan, CF_FLOAT64))};
    cf_val *out = cf_bind_map_named(b, "if", args, 3, CF_NOWHERE);
    return out == NULL ? 0 : out->node;
}

cf_val *cf_vector_call(cf_binder *b, const cf_builtin *f, cf_val **args, size_t count,
                       cf_span span) {
    const bool pair = strcmp(f->name, "delta_r") == 0 || strcmp(f->name, "delta_phi") == 0 ||
                      strcmp(f->name, "mt") == 0 || strcmp(f->name, "boost") == 0;
    if (count != (pair ? 2u : 1u))
        return cf_bind_fail(
            b, count < (pair ? 2u : 1u) ? CF_E_MISSING_ARGUMENT : CF_E_TOO_MANY_ARGUMENTS, span,
            "`%s` takes %s", f->name, pair ? "two four-vectors" : "one four-vector");
    if (!pair && args[0]->kind == CF_VAL_LIST) return vector_of_lists(b, f, args[0], span);
    for (size_t i = 0; i < count; i++)
        if (args[i]->kind != CF_VAL_TUPLE) {
            cf_text type = {0};
            cf_val_type(b, args[i], &type);
            cf_bind_fail(b, CF_E_VECTOR, span, "`%s` needs a four-vector, and this is %s",
                         f->name, type.data);
            cf_bind_hint(b, "a tuple with pt, eta, phi and mass (or m), or px, py, pz and e");
            cf_text_clear(&type);
            return NULL;
        }
    if (count == 2 && !one_line(b, args[0], args[1])) return cf_bind_mismatch(b);
    cf_plan_at(b->plan, span);
    if (strcmp(f->name, "p4") == 0) {
        p4 p;
        return get_p4(b, args[0], &p, span) ? p4_value(b, &p) : NULL;
    }
    if (strcmp(f->name, "boost") == 0) return boosted(b, args[0], args[1], span);
    cf_id node = pair ? pair_function(b, f->name, args[0], args[1], span)
                      : accessor(b, f->name, args[0], span);
    for (size_t i = 0; i < count; i++)
        if (is_cartesian(args[i]) || pair)
            continue;
        else
            node = null_where_absent(b, node, args[i]);
    return node == 0 ? NULL : cf_val_basic(b, node);
}
