#include "exec/table.h"

#include "plan/decimal.h"

#include <stdlib.h>
#include <string.h>

/* --- which nodes --- */

size_t cf_table_node_count(const cf_out *rows) {
    size_t count = 3;
    for (uint32_t i = 0; i < rows->child_count; i++)
        count += cf_table_node_count(rows->children[i]);
    return count;
}

static void add_nodes(const cf_out *o, cf_id *nodes, size_t *count) {
    if (o->shape != CF_OUT_TUPLE) nodes[(*count)++] = o->node;
    if (o->valid != 0) nodes[(*count)++] = o->valid;
    for (uint32_t i = 0; i < o->child_count; i++)
        add_nodes(o->children[i], nodes, count);
}

void cf_table_nodes(const cf_out *rows, cf_id level, cf_id *nodes, size_t *count) {
    nodes[(*count)++] = level;
    add_nodes(rows, nodes, count);
}

/* --- types --- */

/* The field of the schema with that node number; *inside: a tuple round it may be null. */
static const cf_field *schema_field(const cf_type *type, int32_t node, bool *inside) {
    for (uint32_t i = 0; i < type->field_count; i++) {
        const cf_field *f = &type->fields[i];
        if (f->node == node) return f;
        const cf_field *found = schema_field(f->type, node, inside);
        if (found == NULL) continue;
        if (f->nullable && f->type->kind == CF_TUPLE) *inside = true;
        return found;
    }
    return NULL;
}

/* What is known of each node, by number. */
typedef struct {
    const cf_plan *plan;
    bool *nullable;
} nulls;

static bool any_arg_nullable(const nulls *k, const cf_node *n) {
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (k->nullable[n->args[i]]) return true;
    return false;
}

static bool reduce_nullable(cf_reduce kind) {
    return kind == CF_R_MIN || kind == CF_R_MAX || kind == CF_R_AVERAGE || kind == CF_R_STDDEV;
}

/* Does every row of that index lead somewhere? */
static bool index_total(const cf_plan *plan, cf_id id) {
    const cf_node *index = &plan->nodes[id];
    return index->op == CF_V_INDEX &&
           (index->i0 == CF_SLOT_PARENT || plan->nodes[index->args[0]].op != CF_L_EXPLODE);
}

static bool gather_nullable(const nulls *k, const cf_node *n) {
    return !index_total(k->plan, n->args[1]) || k->nullable[n->args[0]];
}

static bool load_nullable(const cf_plan *plan, const cf_node *n) {
    bool inside = false;
    const cf_field *f = schema_field(plan->sources[n->i0]->schema, (int32_t)n->i1, &inside);
    return f == NULL || f->nullable || inside;
}

/* Can this value be null in some row, for all that the plan says? */
static bool node_nullable(const nulls *k, const cf_node *n) {
    if (n->op < CF_NODE_VALUES) return false;
    switch (n->op) {
    case CF_V_CONST: return (n->flags & CF_NODE_NULL) != 0 || n->kind == CF_NULL;
    case CF_V_LOAD: return load_nullable(k->plan, n);
    case CF_V_VALID:
    case CF_V_INDEX:
    case CF_V_DISTINCT:
    case CF_V_REMOVE:
    case CF_V_BINCOUNT: return false;
    case CF_V_MAP: return !(n->func->flags & CF_STRICT) || any_arg_nullable(k, n);
    case CF_V_REDUCE: return reduce_nullable((cf_reduce)n->i0);
    case CF_V_GATHER: return gather_nullable(k, n);
    case CF_V_WINDOW:
        return n->i0 != CF_W_ROW_NUMBER && n->i0 != CF_W_RANK && n->i0 != CF_W_DENSE_RANK;
    default: return any_arg_nullable(k, n);
    }
}

static nulls nulls_of(const cf_plan *plan, cf_arena *arena) {
    const nulls k = {plan, CF_NEWS(arena, bool, plan->node_count + 1)};
    for (cf_id id = 1; id <= plan->node_count; id++)
        k.nullable[id] = node_nullable(&k, &plan->nodes[id]);
    return k;
}

/* The stored column that a value was taken from unchanged; NULL: computed. */
static const cf_type *stored_type(const cf_plan *plan, cf_id id) {
    const cf_node *n = &plan->nodes[id];
    bool inside;
    while (n->op == CF_V_GATHER || n->op == CF_V_BROADCAST || n->op == CF_V_CONCATV ||
           n->op == CF_V_ITEMSV)
        n = &plan->nodes[n->args[0]];
    if (n->op != CF_V_LOAD) return NULL;
    const cf_field *f = schema_field(plan->sources[n->i0]->schema, (int32_t)n->i1, &inside);
    return f == NULL ? NULL : f->type;
}

static const cf_type *out_type(const nulls *k, const cf_out *o, cf_arena *arena);

static cf_field out_field(const nulls *k, const cf_out *o, cf_arena *arena) {
    return (cf_field){
        .name = o->name == NULL ? "" : o->name,
        .type = out_type(k, o, arena),
        .nullable = o->shape == CF_OUT_VALUE ? k->nullable[o->node] : o->valid != 0,
        .hidden = o->hidden,
        .node = -1,
        .unit = o->unit,
        .doc = o->doc,
    };
}

static const cf_type *tuple_type(const nulls *k, const cf_out *o, cf_arena *arena) {
    cf_field *fields = CF_NEWS(arena, cf_field, o->child_count);
    for (uint32_t i = 0; i < o->child_count; i++)
        fields[i] = out_field(k, o->children[i], arena);
    return cf_type_tuple(arena, fields, o->child_count);
}

/* Of lists that were taken from a file unchanged: the length that all of them have, or 0. */
static uint32_t fixed_length(const cf_plan *plan, cf_id level) {
    const cf_node *n = &plan->nodes[level];
    bool inside;
    while (n->op == CF_L_REGATHER && index_total(plan, n->args[1]))
        n = &plan->nodes[n->args[0]];
    if (n->op != CF_L_LIST) return 0;
    const cf_field *f = schema_field(plan->sources[n->i0]->schema, (int32_t)n->i1, &inside);
    return f == NULL || f->nullable ? 0 : f->type->fixed_length;
}

static const cf_type *list_type(const nulls *k, const cf_out *o, cf_arena *arena) {
    cf_field *element = CF_NEW(arena, cf_field);
    *element = out_field(k, o->children[0], arena);
    element->name = "";
    cf_type *type = CF_NEW(arena, cf_type);
    *type = (cf_type){.kind = CF_LIST, .field_count = 1, .fields = element};
    type->fixed_length = fixed_length(k->plan, o->node);
    return type;
}

static const cf_type *out_type(const nulls *k, const cf_out *o, cf_arena *arena) {
    if (o->shape == CF_OUT_TUPLE) return tuple_type(k, o, arena);
    if (o->shape == CF_OUT_LIST) return list_type(k, o, arena);
    const cf_kind kind = k->plan->nodes[o->node].kind;
    if (kind == CF_DECIMAL) {
        const int scale = cf_decimal_scale(k->plan, o->node);
        cf_type *type = CF_NEW(arena, cf_type);
        *type = (cf_type){.kind = CF_DECIMAL, .scale = (uint8_t)(scale < 0 ? 0 : scale)};
        return type;
    }
    const cf_type *stored = stored_type(k->plan, o->node);
    return stored != NULL && stored->kind == kind ? stored : cf_type_of_kind(kind);
}

/* One value without a name stands in a table of one column. */
static bool needs_wrap(const cf_out *rows) {
    return rows->shape != CF_OUT_TUPLE || rows->valid != 0;
}

const cf_type *cf_table_type(const cf_plan *plan, const cf_out *rows, cf_arena *arena) {
    const nulls k = nulls_of(plan, arena);
    if (!needs_wrap(rows)) return tuple_type(&k, rows, arena);
    const cf_field field = out_field(&k, rows, arena);
    return cf_type_tuple(arena, &field, 1);
}

/* --- columns --- */

typedef struct {
    cf_eval *e;
    cf_id level;
    int64_t begin, end;
} range;

static cf_status no_column(cf_eval *e) {
    return cf_fail(e->err, CF_E_MEMORY, CF_NOWHERE, "not enough memory for the result");
}

static cf_status validity(const range *r, const cf_vec *v, uint8_t **out) {
    const size_t n = (size_t)(r->end - r->begin);
    *out = NULL;
    if (v->valid == NULL) return CF_OK;
    *out = malloc(n + 1);
    if (*out == NULL) return no_column(r->e);
    if (v->constant)
        memset(*out, v->valid[0], n);
    else
        memcpy(*out, v->valid + r->begin, n);
    return CF_OK;
}

static size_t row_of(const range *r, const cf_vec *v, int64_t i) {
    return v->constant ? 0 : (size_t)(r->begin + i);
}

static cf_column *text_column(const range *r, const cf_vec *v, const cf_type *type,
                              uint8_t *valid) {
    const int64_t n = r->end - r->begin;
    const cf_view *x = v->data;
    int64_t size = 0;
    for (int64_t i = 0; i < n; i++)
        size += (int64_t)x[row_of(r, v, i)].size;
    int64_t *offsets = malloc((size_t)(n + 1) * sizeof *offsets);
    char *bytes = malloc((size_t)size + 1);
    if (offsets == NULL || bytes == NULL) {
        free(offsets);
        free(bytes);
        free(valid);
        return NULL;
    }
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        const cf_view text = x[row_of(r, v, i)];
        offsets[i] = at;
        if (text.size > 0) memcpy(bytes + at, text.data, (size_t)text.size);
        at += (int64_t)text.size;
    }
    offsets[n] = at;
    return cf_column_new(type, n, valid, bytes, offsets, NULL, 0);
}

static cf_column *plain_column(const range *r, const cf_vec *v, const cf_type *type,
                               uint8_t *valid) {
    const size_t n = (size_t)(r->end - r->begin), size = cf_kind_size(v->kind);
    char *values = malloc(n * size + 1);
    if (values == NULL) {
        free(valid);
        return NULL;
    }
    if (v->constant)
        for (size_t i = 0; i < n; i++)
            memcpy(values + i * size, v->data, size);
    else if (n > 0)
        memcpy(values, (const char *)v->data + (size_t)r->begin * size, n * size);
    return cf_column_new(type, (int64_t)n, valid, values, NULL, NULL, 0);
}

static cf_status column_of(const range *r, const cf_type *type, const cf_out *o,
                           cf_column **out);

static cf_status value_column(const range *r, const cf_type *type, const cf_out *o,
                              cf_column **out) {
    cf_vec v;
    uint8_t *valid;
    CF_TRY(cf_eval_arg(r->e, o->node, r->level, &v));
    CF_TRY(validity(r, &v, &valid));
    *out = type->kind == CF_TEXT ? text_column(r, &v, type, valid)
                                 : plain_column(r, &v, type, valid);
    return *out == NULL ? no_column(r->e) : CF_OK;
}

static cf_status outer_validity(const range *r, const cf_out *o, uint8_t **valid) {
    *valid = NULL;
    if (o->valid == 0) return CF_OK;
    cf_vec v;
    CF_TRY(cf_eval_arg(r->e, o->valid, r->level, &v));
    const size_t n = (size_t)(r->end - r->begin);
    *valid = malloc(n + 1);
    if (*valid == NULL) return no_column(r->e);
    for (size_t i = 0; i < n; i++) {
        const size_t at = row_of(r, &v, (int64_t)i);
        (*valid)[i] = CF_VEC_DATA(v, uint8_t)[at] && (v.valid == NULL || v.valid[at]);
    }
    return CF_OK;
}

static cf_status list_column(const range *r, const cf_type *type, const cf_out *o,
                             cf_column **out) {
    const cf_rows *rows;
    uint8_t *valid;
    CF_TRY(cf_eval_rows(r->e, o->node, &rows));
    const int64_t n = r->end - r->begin;
    const range inner = {r->e, o->node, rows->offsets[r->begin], rows->offsets[r->end]};
    cf_column *child;
    CF_TRY(column_of(&inner, type->fields[0].type, o->children[0], &child));
    if (outer_validity(r, o, &valid) != CF_OK) {
        cf_column_release(child);
        return CF_E_MEMORY;
    }
    int64_t *offsets = malloc((size_t)(n + 1) * sizeof *offsets);
    for (int64_t i = 0; offsets != NULL && i <= n; i++)
        offsets[i] = rows->offsets[r->begin + i] - inner.begin;
    if (offsets == NULL) {
        free(valid);
        cf_column_release(child);
        return no_column(r->e);
    }
    *out = cf_column_new(type, n, valid, NULL, offsets, &child, 1);
    return *out == NULL ? no_column(r->e) : CF_OK;
}

static cf_status tuple_column(const range *r, const cf_type *type, const cf_out *o,
                              cf_column **out) {
    cf_column **children = calloc(o->child_count + 1, sizeof *children);
    if (children == NULL) return no_column(r->e);
    uint8_t *valid = NULL;
    cf_status status = outer_validity(r, o, &valid);
    for (uint32_t i = 0; i < o->child_count && status == CF_OK; i++)
        status = column_of(r, type->fields[i].type, o->children[i], &children[i]);
    if (status == CF_OK) {
        *out =
            cf_column_new(type, r->end - r->begin, valid, NULL, NULL, children, o->child_count);
        if (*out == NULL) status = no_column(r->e);
    } else {
        free(valid);
        for (uint32_t i = 0; i < o->child_count; i++)
            cf_column_release(children[i]);
    }
    free(children);
    return status;
}

static cf_status column_of(const range *r, const cf_type *type, const cf_out *o,
                           cf_column **out) {
    CF_TRY(cf_eval_check_stop(r->e));
    if (o->shape == CF_OUT_TUPLE) return tuple_column(r, type, o, out);
    if (o->shape == CF_OUT_LIST) return list_column(r, type, o, out);
    return value_column(r, type, o, out);
}

cf_status cf_table_make(cf_eval *e, const cf_type *type, cf_id level, const cf_out *rows,
                        int64_t begin, int64_t end, cf_table **out) {
    const range r = {e, level, begin, end};
    if (!needs_wrap(rows)) return tuple_column(&r, type, rows, out);
    cf_column *only;
    CF_TRY(column_of(&r, type->fields[0].type, rows, &only));
    *out = cf_column_new(type, end - begin, NULL, NULL, NULL, &only, 1);
    return *out == NULL ? no_column(e) : CF_OK;
}
