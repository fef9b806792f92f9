#include "plan/decimal.h"

#include "plan/build_internal.h"

typedef const cf_node *node_fn(const void *from, cf_id id);

typedef struct {
    const void *from;
    node_fn *node;
    cf_source *const *sources;
} place;

static const cf_node *node_in_plan(const void *from, cf_id id) {
    return &((const cf_plan *)from)->nodes[id];
}

static const cf_node *node_in_builder(const void *from, cf_id id) {
    return cf_plan_node(from, id);
}

static int stored_scale(const cf_type *type, int32_t node) {
    for (uint32_t i = 0; i < type->field_count; i++) {
        const cf_field *f = &type->fields[i];
        if (f->node == node) return f->type->scale;
        const int inner = stored_scale(f->type, node);
        if (inner >= 0) return inner;
    }
    return -1;
}

/* Of several values that stand in one column: whichever knows. */
static int scale_of(const place *p, cf_id id) {
    const cf_node *n = p->node(p->from, id);
    while (n->op == CF_V_GATHER || n->op == CF_V_BROADCAST)
        n = p->node(p->from, n->args[0]);
    if (n->kind != CF_DECIMAL || n->op == CF_V_CONST) return -1;
    if (n->op == CF_V_LOAD) return stored_scale(p->sources[n->i0]->schema, (int32_t)n->i1);
    if (n->op == CF_V_MAP && n->arg_count > 0) {
        const cf_node *last = p->node(p->from, n->args[n->arg_count - 1]);
        if (last->op == CF_V_CONST && last->kind == CF_INT64) return (int)last->i0;
    }
    for (uint32_t i = 0; i < n->arg_count; i++) {
        const int scale = n->args[i] == 0 ? -1 : scale_of(p, n->args[i]);
        if (scale >= 0) return scale;
    }
    return -1;
}

int cf_decimal_scale(const cf_plan *plan, cf_id id) {
    return scale_of(&(place){plan, node_in_plan, plan->sources}, id);
}

int cf_plan_decimal_scale(const cf_plan_builder *b, cf_id id) {
    return scale_of(&(place){b, node_in_builder, b->sources}, id);
}

/* ---- making ---- */

static int scale_or_zero(const cf_plan_builder *b, cf_id value) {
    const int scale = cf_plan_decimal_scale(b, value);
    return scale < 0 ? 0 : scale;
}

cf_id cf_plan_decimal_cast(cf_plan_builder *b, cf_id value, cf_kind to) {
    const cf_id args[] = {value, cf_plan_const_int(b, scale_or_zero(b, value))};
    const char *name = to == CF_TEXT    ? "decimal_text"
                       : to == CF_INT64 ? "decimal_int"
                                        : "scale_decimal";
    return cf_plan_map_named(b, name, args, 2);
}

cf_id cf_plan_decimal_rescale(cf_plan_builder *b, cf_id value, int scale) {
    const cf_id to = cf_plan_const_int(b, scale);
    if (cf_plan_node(b, value)->kind != CF_DECIMAL)
        return cf_plan_map_named(b, "decimal_of_int", (cf_id[]){cf_plan_widen(b, value), to},
                                 2);
    const int own = cf_plan_decimal_scale(b, value);
    if (own == scale || own < 0) return value;
    const cf_id args[] = {value, cf_plan_const_int(b, own), to};
    return cf_plan_map_named(b, "decimal_rescale", args, 3);
}

cf_id cf_plan_decimal_key(cf_plan_builder *b, cf_id value) {
    return cf_plan_map_named(b, "decimal_key", &value, 1);
}

static cf_id part_sum(cf_plan_builder *b, const char *part, cf_id level, cf_id value) {
    return cf_plan_reduce(b, CF_R_SUM, level, cf_plan_map_named(b, part, &value, 1));
}

cf_id cf_plan_decimal_reduce(cf_plan_builder *b, cf_reduce kind, cf_id level, cf_id value) {
    const cf_id scale = cf_plan_const_int(b, scale_or_zero(b, value));
    if (kind == CF_R_COUNT_DISTINCT || kind == CF_R_MIN || kind == CF_R_MAX) {
        const cf_id key = cf_plan_reduce(b, kind, level, cf_plan_decimal_key(b, value));
        if (kind == CF_R_COUNT_DISTINCT) return key;
        return cf_plan_map_named(b, "decimal_of_key", (cf_id[]){key, scale}, 2);
    }
    static const char *const parts[] = {"decimal_low", "decimal_middle", "decimal_upper",
                                        "decimal_high"};
    cf_id args[6];
    for (size_t i = 0; i < CF_COUNT(parts); i++)
        args[i] = part_sum(b, parts[i], level, value);
    args[4] = scale;
    if (kind == CF_R_SUM) return cf_plan_map_named(b, "decimal_join", args, 5);
    const cf_id any = cf_plan_map_named(b, parts[0], &value, 1);
    args[4] = cf_plan_reduce(b, CF_R_COUNT_VALID, level, any);
    args[5] = scale;
    return cf_plan_map_named(b, "decimal_average", args, 6);
}
